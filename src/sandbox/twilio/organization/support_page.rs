//! The HTML of the support desk. Owns only how it looks; every value is escaped.

use serde_json::Value;

use crate::sandbox::message::{Answer, Request};
use crate::sandbox::twilio::console_page::{escape, html};
use crate::sandbox::twilio::refusal::Refusal;

use super::document::Organization;
use super::support::Ticket;

/// What support says no to.
pub(super) fn refusal(refusal: &Refusal) -> Answer {
    html(refusal.status, "Twilio Support", &format!("<p class=\"bad\">{}</p>", escape(&refusal.message)))
}

/// The customers.
pub(super) fn customers(request: &Request, organizations: &[Organization]) -> Answer {
    let rows: String = organizations
        .iter()
        .map(|it| {
            let (prefix, sid) = (escape(&request.prefix), escape(&it.sid));
            format!("<li><a href=\"{prefix}/{sid}\">{} ({sid})</a></li>\n", escape(&it.friendly_name))
        })
        .collect();
    html(200, "Twilio Support", &format!("<ul>{rows}</ul>"))
}

/// A form: the kind of ticket, its heading, and its fields, each with a label.
type Form = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// The forms of a ticket: its kind, its title, and its fields, each with its label; those with a star take one item a line.
const FORMS: [Form; 5] = [
    (
        "setUp",
        "Set up, or change",
        &[
            ("provider", "Token consumer URL, if it is set up"),
            ("issuer", "Entity ID of the identity provider"),
            ("ssoUrl", "SSO service URL"),
            ("certificate*", "Public X.509 certificate"),
            ("logoutRedirect", "Redirect URL after logout"),
            ("nameIdFormat", "NameID format"),
            ("emailAttribute", "Attribute that holds the e-mail address"),
            ("edition", "Twilio edition"),
            ("contacts*", "Whom to answer"),
        ],
    ),
    ("testUsers", "Test users", &[("provider", "Token consumer URL"), ("users*", "Test users")]),
    (
        "users",
        "Users",
        &[
            ("provider", "Token consumer URL"),
            ("emailDomains*", "E-mail domains"),
            ("userSids*", "User SIDs"),
            ("accounts*", "Accounts"),
            ("never*", "Never these"),
            ("users*", "Users"),
        ],
    ),
    ("disable", "Disable users", &[("users*", "Users")]),
    ("removal", "Remove", &[("provider", "IdentityProviderSid")]),
];

/// The set-ups and tickets of a customer, and the forms of new tickets.
pub(super) fn desk(
    request: &Request,
    organization: &Organization,
    providers: &[Value],
    tickets: &[Ticket],
) -> Answer {
    let path = format!("{}/{}", escape(&request.prefix), escape(&organization.sid));
    let providers: String = providers
        .iter()
        .map(|provider| {
            let text = |pointer: &str| {
                escape(provider.pointer(pointer).and_then(Value::as_str).unwrap_or_default())
            };
            let people = provider["people"].as_object().into_iter().flatten();
            let people: String = people
                .map(|(email, it)| format!("{} ({})<br>", escape(email), escape(it.as_str().unwrap_or_default())))
                .collect();
            format!(
                "<tr><td><code>{sid}</code><br>{issuer}</td><td><code>{entity}</code><br><code>{acs}</code></td><td>{people}</td><td>{test}\
                 <form method=\"post\" action=\"{path}/test\"><input type=\"hidden\" name=\"provider\" value=\"{sid}\"><input type=\"email\" \
                 name=\"user\" required><button>Test</button></form></td></tr>\n",
                sid = text("/sid"),
                issuer = text("/issuer"),
                entity = text("/entityId"),
                acs = text("/acsUrl"),
                test = text("/lastTest/result"),
            )
        })
        .collect();
    let tickets: String = tickets
        .iter()
        .map(|ticket| {
            let agree = if ticket.status == "review" {
                format!(
                    "<form method=\"post\" action=\"{path}/tickets/{}/agree\"><textarea name=\"users\" rows=\"4\">{}</textarea><button>Agree\
                     </button></form>",
                    ticket.number,
                    escape(&ticket.users.join("\n")),
                )
            } else {
                escape(&ticket.users.join(", "))
            };
            format!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{agree}</td></tr>\n",
                ticket.number,
                escape(&ticket.kind),
                escape(&ticket.status),
            )
        })
        .collect();
    let forms: String = FORMS
        .iter()
        .map(|(kind, title, fields)| {
            let fields: String = fields
                .iter()
                .map(|(name, label)| match name.strip_suffix('*') {
                    Some(name) => format!("<label>{label} <textarea name=\"{name}\" rows=\"3\"></textarea></label>"),
                    None => format!("<label>{label} <input type=\"text\" name=\"{name}\"></label>"),
                })
                .collect();
            format!(
                "<h2>{title}</h2><form method=\"post\" action=\"{path}/tickets\"><input type=\"hidden\" name=\"kind\" value=\"{kind}\">{fields}\
                 <button>Send</button></form>\n"
            )
        })
        .collect();
    let body = format!(
        "<table><tr><th>Set-up</th><th>Entity ID, token consumer URL</th><th>Users</th><th>Test</th></tr>\n{providers}</table>\n\
         <table><tr><th>Ticket</th><th>About</th><th>Status</th><th>Users</th></tr>\n{tickets}</table>\n{forms}"
    );
    html(200, &format!("Twilio Support: {}", organization.friendly_name), &body)
}
