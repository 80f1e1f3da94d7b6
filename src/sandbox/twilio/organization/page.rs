//! The HTML of an organization's pages. Owns only how it looks; every value is escaped.

use serde_json::Value;

use crate::sandbox::message::{Answer, Request};
use crate::sandbox::twilio::console_page::{escape, html};

use super::document::Organization;
use super::sso::Profile;
use super::users::User;

/// Where the organization's pages are.
pub(super) fn path(request: &Request, organization: &Organization) -> String {
    format!("{}/organization/{}", request.prefix, organization.sid)
}

fn title(organization: &Organization, what: &str) -> String {
    format!("{}: {what}", organization.friendly_name)
}

pub(super) fn organization(request: &Request, organization: &Organization) -> Answer {
    let path = escape(&path(request, organization));
    let body = format!(
        "<p><code>{sid}</code></p><ul><li><a href=\"{path}/domains\">Domains</a></li><li><a href=\"{path}/sso\">Single sign-on</a></li>\
         <li><a href=\"{path}/users\">Users</a></li></ul>",
        sid = escape(&organization.sid),
    );
    html(200, &organization.friendly_name, &body)
}

pub(super) fn domains(request: &Request, organization: &Organization, domains: &[Value]) -> Answer {
    let path = escape(&path(request, organization));
    let rows: String = domains
        .iter()
        .map(|domain| {
            let text = |pointer: &str| {
                escape(domain.pointer(pointer).and_then(Value::as_str).unwrap_or_default())
            };
            let at = format!("{path}/domains/{}", text("/sid"));
            format!(
                "<tr><td>{name}<br><small>{status}</small></td><td><code>{host}</code> TXT <code>{value}</code><br>or <code>{file}</code></td>\
                 <td><form method=\"post\" action=\"{at}/verify\"><select name=\"method\"><option>dns<option>https</select>\
                 <button>Verify</button></form><form method=\"post\" action=\"{at}\"><select name=\"signUp\"><option selected>{sign_up}\
                 <option>Invitation only<option>Automatic membership<option>No membership</select><button>Save</button></form>\
                 <form method=\"post\" action=\"{at}/delete\"><button>Delete</button></form></td></tr>\n",
                name = text("/name"),
                status = text("/status"),
                host = text("/txtRecord/host"),
                value = text("/txtRecord/value"),
                file = text("/httpsFile/path"),
                sign_up = text("/signUp"),
            )
        })
        .collect();
    let body = format!(
        "<table><tr><th>Domain</th><th>Proof</th><th></th></tr>\n{rows}</table>\n<form method=\"post\" action=\"{path}/domains\">\
         <label>Domain <input type=\"text\" name=\"name\" required></label><button>Add</button></form>"
    );
    html(200, &title(organization, "domains"), &body)
}

/// The fields of a profile's form.
fn form(action: &str, profile: Option<&Profile>, button: &str) -> String {
    let value = |text: Option<&str>| escape(text.unwrap_or_default());
    let kind = profile.map(|profile| profile.identity_provider.as_str());
    let options: String = ["Okta", "Azure", "Other (SAML 2.0)"]
        .iter()
        .map(|option| {
            let selected = if kind == Some(*option) { " selected" } else { "" };
            format!("<option{selected}>{option}")
        })
        .collect();
    format!(
        "<form method=\"post\" action=\"{action}\"><label>Friendly name <input type=\"text\" name=\"friendlyName\" value=\"{name}\" required>\
         </label><label>Identity provider <select name=\"identityProvider\">{options}</select></label>\
         <label>Issuer <input type=\"text\" name=\"issuer\" value=\"{issuer}\"></label>\
         <label>Single sign-on URL <input type=\"url\" name=\"ssoUrl\" value=\"{sso_url}\"></label>\
         <label>X.509 signing certificate <textarea name=\"certificate\" rows=\"8\">{certificate}</textarea></label>\
         <button>{button}</button></form>",
        name = value(profile.map(|it| it.friendly_name.as_str())),
        issuer = value(profile.and_then(|it| it.issuer.as_deref())),
        sso_url = value(profile.and_then(|it| it.sso_url.as_deref())),
        certificate = value(profile.and_then(|it| it.certificate.as_deref())),
    )
}

pub(super) fn profiles(request: &Request, organization: &Organization, profiles: &[Profile]) -> Answer {
    let path = format!("{}/sso", escape(&path(request, organization)));
    let rows: String = profiles
        .iter()
        .map(|profile| {
            format!(
                "<tr><td><a href=\"{path}/{id}\">{name}</a></td><td><code>{entity}</code></td><td>{domains}</td></tr>\n",
                id = escape(&profile.id),
                name = escape(&profile.friendly_name),
                entity = escape(&profile.entity_id()),
                domains = escape(&profile.enforced_domains.join(", ")),
            )
        })
        .collect();
    let body = format!(
        "<table><tr><th>Profile</th><th>Entity ID</th><th>Enforced for</th></tr>\n{rows}</table>\n<h2>New profile</h2>{form}",
        form = form(&path, None, "Create"),
    );
    html(200, &title(organization, "single sign-on"), &body)
}

pub(super) fn profile(request: &Request, organization: &Organization, profile: &Profile) -> Answer {
    let path = format!("{}/sso/{}", escape(&path(request, organization)), escape(&profile.id));
    let test = match &profile.last_test {
        None => "<p>Not tested.</p>".to_owned(),
        Some(test) => match &test.error {
            None => format!("<p class=\"good\">{} signed in.</p>", escape(&test.user)),
            Some(error) => format!(
                "<p class=\"bad\">{} could not sign in: {} ({})</p>",
                escape(&test.user),
                escape(&error.message),
                escape(&error.reason),
            ),
        },
    };
    let body = format!(
        "<table><tr><th>Entity ID</th><td><code>{entity}</code></td></tr><tr><th>ACS URL</th><td><code>{acs}</code></td></tr></table>\n\
         {form}<h2>Test SSO connection</h2>{test}<form method=\"post\" action=\"{path}/test\"><label>User <input type=\"email\" name=\"user\" \
         required></label><button>Test</button></form><h2>Enforcement</h2><form method=\"post\" action=\"{path}/enforcement\">\
         <label>Domains, one a line <textarea name=\"domains\" rows=\"4\">{domains}</textarea></label><button>Enforce</button></form>\
         <form method=\"post\" action=\"{path}/delete\"><button>Delete</button></form>",
        entity = escape(&profile.entity_id()),
        acs = escape(&profile.acs_url()),
        form = form(&path, Some(profile), "Save"),
        domains = escape(&profile.enforced_domains.join("\n")),
    );
    html(200, &profile.friendly_name, &body)
}

/// More users than a page shows; programs get all.
const SHOWN: usize = 200;

pub(super) fn users(request: &Request, organization: &Organization, users: &[User]) -> Answer {
    let path = escape(&path(request, organization));
    let rows: String = users
        .iter()
        .take(SHOWN)
        .map(|user| {
            let (sso, other) = match user.sso_profile {
                Some(_) => ("Enabled", "Disabled"),
                None => ("Disabled", "Enabled"),
            };
            format!(
                "<tr><td>{email}</td><td>{active}</td><td>{sso}</td><td><form class=\"inline\" method=\"post\" action=\"{path}/users/{sid}\">\
                 <input type=\"hidden\" name=\"sso\" value=\"{other}\"><button>{other}</button></form></td></tr>\n",
                email = escape(&user.email()),
                active = if user.is_active() { "active" } else { "inactive" },
                sid = escape(&user.sid),
            )
        })
        .collect();
    let more = users.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!("<p>And {more} more.</p>") } else { String::new() };
    let body =
        format!("<table><tr><th>User</th><th>State</th><th>SSO</th><th></th></tr>\n{rows}</table>{rest}");
    html(200, &title(organization, "users"), &body)
}
