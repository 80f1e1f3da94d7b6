//! The records as a page for people. Owns only how it looks; every value is escaped.

use url::Url;

use crate::sandbox::message::{Answer, Request};

use super::zone::{Kind, Refusal};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}\
    table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #ccd}\
    td{word-break:break-all}label{display:block;margin-top:.6rem}input,select{font:inherit;padding:.3rem}";

fn escape(text: &str) -> String {
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
         <body>\n<p><small>Concord sandbox, in place of the domain name system</small></p>\n<h1>{title}</h1>\n{body}\n\
         </body></html>\n"
    );
    Answer::text(status, "text/html; charset=utf-8", text)
        .with("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")
        .with("cache-control", "no-store")
}

/// Every record with a button that removes it, and the form for a new one.
pub(super) fn records(request: &Request, records: &[(String, Kind, String)]) -> Answer {
    let prefix = escape(&request.prefix);
    let rows: String = records
        .iter()
        .map(|(name, kind, data)| {
            let (name, kind, data) = (escape(name), kind.as_str(), escape(data));
            format!(
                "<tr><td>{name}</td><td>{kind}</td><td>{data}</td><td><form method=\"post\" action=\"{prefix}/records/delete\">\
                 <input type=\"hidden\" name=\"name\" value=\"{name}\"><input type=\"hidden\" name=\"type\" value=\"{kind}\">\
                 <input type=\"hidden\" name=\"data\" value=\"{data}\"><button>Remove</button></form></td></tr>\n"
            )
        })
        .collect();
    let body = format!(
        "<table><tr><th>Name</th><th>Type</th><th>Content</th><th></th></tr>\n{rows}</table>\n<h2>New record</h2>\n\
         <form method=\"post\" action=\"{prefix}/records\"><label>Name <input name=\"name\" required></label>\
         <label>Type <select name=\"type\"><option>TXT<option>CNAME<option>A<option>AAAA</select></label>\
         <label>Content <input name=\"data\" required></label><button>Add</button></form>"
    );
    html(200, "DNS records", &body)
}

pub(super) fn refusal(refusal: &Refusal) -> Answer {
    html(refusal.status, "Refused", &format!("<p>{}</p>", escape(&refusal.message)))
}

/// Back to the list after a form.
pub(super) fn back(request: &Request) -> Answer {
    Answer::redirect(303, &format!("{}/", request.prefix))
}

/// A page of another site can send a form to loopback; its Origin gives it away.
pub(super) fn check_origin(request: &Request) -> Result<(), Refusal> {
    let Some(origin) = request.header("origin") else { return Ok(()) };
    let host = Url::parse(origin).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    if ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str()) || host == request.host {
        return Ok(());
    }
    Err(Refusal { status: 403, message: format!("forms from {origin} are not accepted") })
}
