//! The Admin console's HTML. Owns only how it looks; every value is escaped.

use crate::sandbox::message::{Answer, Request};

use super::apps::App;
use super::console::list_path;
use super::customer::Customer;
use super::refusal::Refusal;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}\
    table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #ccd}\
    label{display:block;margin-top:.8rem;font-weight:600}input[type=text],textarea{width:100%;box-sizing:border-box;font:inherit;\
    padding:.4rem}button{margin:.8rem .4rem 0 0;font:inherit;padding:.4rem .9rem}code,pre{word-break:break-all;white-space:pre-wrap}";

/// Escapes text for element content and attribute values, in HTML and XML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn html(status: u16, title: &str, body: &str) -> Answer {
    let title = escape(title);
    let text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head>\
         <body>\n<p><small>Concord sandbox, in place of Google's Admin console</small></p>\n<h1>{title}</h1>\n{body}\n</body></html>\n"
    );
    Answer::text(status, "text/html; charset=utf-8", text)
        .with("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")
        .with("cache-control", "no-store")
}

pub(super) fn refusal(refusal: &Refusal) -> Answer {
    html(refusal.status, "Refused", &format!("<p>{}</p>", escape(&refusal.message)))
}

pub(super) fn customers(request: &Request, customers: &[Customer]) -> Answer {
    let rows: String = customers
        .iter()
        .map(|it| {
            let base = escape(&format!("{}/customer/{}", request.prefix, it.id));
            format!(
                "<tr><td>{}</td><td>{}</td><td><a href=\"{base}/apps\">Web and mobile apps</a>, \
                 <a href=\"{base}/idp\">SSO with SAML applications</a></td></tr>\n",
                escape(&it.id),
                escape(&it.domains.join(", ")),
            )
        })
        .collect();
    html(
        200,
        "Customers",
        &format!("<table><tr><th>Customer</th><th>Domains</th><th></th></tr>\n{rows}</table>"),
    )
}

pub(super) fn idp(request: &Request, customer: &Customer, sha256: &str) -> Answer {
    let body = format!(
        "<table><tr><th>SSO URL</th><td><code>{}</code></td></tr><tr><th>Entity ID</th><td><code>{}</code></td></tr>\
         <tr><th>SHA-256 fingerprint</th><td><code>{}</code></td></tr></table>\n<pre>{}</pre>\n\
         <p><a href=\"{}/customer/{}/idp/metadata\">Download metadata</a></p>",
        escape(&customer.sso_url()),
        escape(&customer.entity_id()),
        escape(sha256),
        escape(&customer.certificate),
        escape(&request.prefix),
        escape(&customer.id),
    );
    html(200, "SSO with SAML applications", &body)
}

pub(super) fn apps(request: &Request, customer: &Customer, apps: &[App]) -> Answer {
    let path = escape(&list_path(request, customer));
    let rows: String = apps
        .iter()
        .map(|it| {
            let access =
                if it.on_for.is_empty() { "OFF for everyone".to_owned() } else { it.on_for.join(", ") };
            let (spid, name, access) = (escape(&it.spid), escape(&it.name), escape(&access));
            format!(
                "<tr><td><a href=\"{path}/{spid}\">{name}</a></td><td>{spid}</td><td>{access}</td></tr>\n"
            )
        })
        .collect();
    let body = format!(
        "<table><tr><th>App</th><th>Service provider ID</th><th>User access</th></tr>\n{rows}</table>\n\
         <h2>Add custom SAML app</h2>\n<form method=\"post\" action=\"{path}\">{}<button>Finish</button></form>",
        fields(&App {
            name_id_format: "EMAIL".into(),
            name_id: "Basic Information > Primary email".into(),
            ..App::default()
        })
    );
    html(200, "Web and mobile apps", &body)
}

pub(super) fn app(request: &Request, customer: &Customer, app: &App) -> Answer {
    let path = escape(&format!("{}/{}", list_path(request, customer), app.spid));
    let body = format!(
        "<p>Service provider ID <code>{}</code></p>\n<form method=\"post\" action=\"{path}\">{}<button>Save</button></form>\n\
         <form method=\"post\" action=\"{path}/test\"><label>Test SAML login as <input type=\"text\" name=\"user\"></label>\
         <button>Test</button></form>\n<form method=\"post\" action=\"{path}/delete\"><button>Delete app</button></form>",
        escape(&app.spid),
        fields(app),
    );
    html(200, &app.name, &body)
}

fn fields(app: &App) -> String {
    let line = |label: &str, name: &str, value: &str| {
        format!("<label>{label} <input type=\"text\" name=\"{name}\" value=\"{}\"></label>\n", escape(value))
    };
    let lines = |label: &str, name: &str, items: &[String]| {
        format!(
            "<label>{label}, one a line <textarea name=\"{name}\" rows=\"{}\">{}</textarea></label>\n",
            items.len() + 1,
            escape(&items.join("\n"))
        )
    };
    [
        "<input type=\"hidden\" name=\"page\" value=\"app\">\n".to_owned(),
        line("App name", "name", &app.name),
        line("Description", "description", &app.description),
        line("App icon", "logo", &app.logo),
        line("ACS URL", "acsUrl", &app.acs_url),
        line("Entity ID", "entityId", &app.entity_id),
        line("Start URL", "startUrl", &app.start_url),
        format!(
            "<label><input type=\"checkbox\" name=\"signedResponse\" value=\"true\"{}> Signed response</label>\n",
            if app.signed_response { " checked" } else { "" }
        ),
        line("Name ID format", "nameIdFormat", &app.name_id_format),
        line("Name ID", "nameId", &app.name_id),
        lines("Attributes (Category &gt; Attribute -&gt; app attribute)", "attributes", &app.attributes),
        lines("Group membership: Google groups", "groups", &app.groups),
        line("Group membership: app attribute", "groupsAttribute", &app.groups_attribute),
        lines("Service status ON for (everyone, group X, organizational unit /X)", "onFor", &app.on_for),
    ]
    .concat()
}
