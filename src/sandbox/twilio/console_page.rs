//! The console's HTML. Owns only how it looks; every value is escaped.

use serde_json::Value;

use crate::sandbox::message::{Answer, Request};

use super::account::Account;
use super::profile::Profile;
use super::refusal::Refusal;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#121c2d}\
    table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #ccd;vertical-align:top}\
    label{display:block;margin-top:.8rem;font-weight:600}input[type=text],input[type=url],input[type=email],textarea{width:100%;\
    box-sizing:border-box;font:inherit;padding:.4rem}textarea{font-family:monospace;font-size:14px}button{margin:.8rem .4rem 0 0;\
    font:inherit;padding:.4rem .9rem}code{word-break:break-all}.bad{color:#a00}.good{color:#060}form.inline{display:inline}";

/// Escapes text for element content and attribute values, in HTML and XML.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

pub(super) fn html(status: u16, title: &str, body: &str) -> Answer {
    let text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head><body>\n\
         <p><small>Concord sandbox, in place of the Twilio Console</small></p>\n<h1>{title}</h1>\n{body}\n</body></html>\n",
        title = escape(title),
    );
    Answer::text(status, "text/html; charset=utf-8", text)
        .with("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")
        .with("cache-control", "no-store")
}

/// The accounts and the organizations.
pub(crate) fn accounts(request: &Request, accounts: &[Account], organizations: &[Value]) -> Answer {
    let rows: String = accounts
        .iter()
        .map(|a| {
            let (prefix, sid) = (escape(&request.prefix), escape(&a.sid));
            let name = escape(&a.friendly_name);
            format!(
                "<tr><td>{name}</td><td><a href=\"{prefix}/account/{sid}/flex/sso\">{sid}</a></td></tr>\n"
            )
        })
        .collect();
    let links: String = organizations
        .iter()
        .map(|organization| {
            let text = |key: &str| escape(organization[key].as_str().unwrap_or_default());
            let (prefix, sid, name) = (escape(&request.prefix), text("sid"), text("friendlyName"));
            format!("<li><a href=\"{prefix}/organization/{sid}\">{name} ({sid})</a></li>\n")
        })
        .collect();
    let body = format!(
        "<table><tr><th>Account</th><th>SID</th></tr>\n{rows}</table>\n<form method=\"post\" action=\"{}/\">\
         <label>Account SID <input type=\"text\" name=\"account\" required pattern=\"AC[0-9a-fA-F]{{32}}\"></label>\
         <button>Open</button></form>\n<h2>Organizations</h2>\n<ul>{links}</ul>",
        escape(&request.prefix),
    );
    html(200, "Accounts", &body)
}

/// The profiles of an account and the form for a new one.
pub(crate) fn profiles(request: &Request, account: &Account, profiles: &[Profile]) -> Answer {
    let path = format!("{}/account/{}/flex/sso", request.prefix, account.sid);
    let path = escape(&path);
    let rows: String = profiles
        .iter()
        .map(|p| {
            format!(
                "<tr><td><a href=\"{path}/{sid}\">{name}</a></td><td><code>{sid}</code></td><td>{state}</td></tr>\n",
                sid = escape(&p.sid),
                name = escape(&p.friendly_name),
                state = if p.active { "active" } else { "inactive" },
            )
        })
        .collect();
    let body = format!(
        "<p>Flex, Users and access, SSO. Account <code>{sid}</code>, instance <code>{instance}</code>.</p>\n\
         <table><tr><th>Friendly name</th><th>Connection</th><th></th></tr>\n{rows}</table>\n<h2>New SSO profile</h2>\n\
         <form method=\"post\" action=\"{path}\">{fields}<button>Create</button></form>",
        sid = escape(&account.sid),
        instance = escape(&account.flex_instance),
        fields = fields(None),
    );
    html(200, "Single sign-on", &body)
}

fn fields(profile: Option<&Profile>) -> String {
    let value = |get: fn(&Profile) -> String| escape(&profile.map(get).unwrap_or_default());
    let checked = |on: bool| if on { " checked" } else { "" };
    format!(
        "<label>Friendly name <input type=\"text\" name=\"friendlyName\" required value=\"{name}\"></label>\n\
         <label>X.509 certificate, with its dashes <textarea name=\"certificate\" rows=\"8\" required>{certificate}</textarea></label>\n\
         <label>Identity provider issuer <input type=\"text\" name=\"issuer\" required value=\"{issuer}\"></label>\n\
         <label>Single sign-on URL <input type=\"url\" name=\"ssoUrl\" required value=\"{sso}\"></label>\n\
         <label>Default redirect URL <input type=\"url\" name=\"defaultRedirectUrl\" value=\"{redirect}\"></label>\n\
         <label>Trusted URLs, one a line <textarea name=\"trustedUrls\" rows=\"3\">{trusted}</textarea></label>\n\
         <label><input type=\"checkbox\" name=\"loginUsingPopup\"{popup}> Login using popup</label>\n\
         <label><input type=\"checkbox\" name=\"active\"{active}> Active</label>\n\
         <input type=\"hidden\" name=\"page\" value=\"1\">\n",
        name = value(|p| p.friendly_name.clone()),
        certificate = value(|p| p.certificate.clone()),
        issuer = value(|p| p.issuer.clone()),
        sso = value(|p| p.sso_url.clone()),
        redirect = value(|p| p.default_redirect_url.clone().unwrap_or_default()),
        trusted = value(|p| p.trusted_urls.join("\n")),
        popup = checked(profile.is_some_and(|p| p.login_using_popup)),
        active = checked(profile.is_none_or(|p| p.active)),
    )
}

/// One profile: the values for the identity provider, the form, the test.
pub(crate) fn profile(request: &Request, account: &Account, profile: &Profile) -> Answer {
    let list = format!("{}/account/{}/flex/sso", request.prefix, account.sid);
    let (list, sid) = (escape(&list), escape(&profile.sid));
    let last = match &profile.last_test {
        None => "<p>Not tested yet.</p>".to_owned(),
        Some(test) => match &test.error {
            None => {
                let name_id = escape(test.name_id.as_deref().unwrap_or_default());
                format!(
                    "<p class=\"good\">Last test, {}: {} signed in as {name_id}.</p>",
                    escape(&test.at),
                    escape(&test.user)
                )
            }
            Some(error) => {
                let code = error.code.map(|code| format!("{code} ")).unwrap_or_default();
                format!(
                    "<p class=\"bad\">Last test, {}: {} could not sign in: {code}{}.</p>",
                    escape(&test.at),
                    escape(&test.user),
                    escape(&error.message),
                )
            }
        },
    };
    let switch = if profile.active { "deactivate" } else { "activate" };
    let body = format!(
        "<p><a href=\"{list}\">All profiles</a></p>\n<table>\
         <tr><th>Connection</th><td><code>{sid}</code></td></tr>\
         <tr><th>Entity ID</th><td><code>{entity}</code></td></tr>\
         <tr><th>ACS URL</th><td><code>{acs}</code></td></tr></table>\n\
         <h2>Test login</h2>\n{last}\n<form method=\"post\" action=\"{list}/{sid}/test\">\
         <label>User <input type=\"email\" name=\"user\" required></label><button>Test</button></form>\n\
         <h2>Settings</h2>\n<form method=\"post\" action=\"{list}/{sid}\">{fields}<button>Save</button></form>\n\
         <form class=\"inline\" method=\"post\" action=\"{list}/{sid}/{switch}\"><button>{switch}</button></form>\
         <form class=\"inline\" method=\"post\" action=\"{list}/{sid}/delete\"><button>delete</button></form>",
        entity = escape(&profile.entity_id()),
        acs = escape(&profile.acs_url()),
        fields = fields(Some(profile)),
    );
    html(200, &profile.friendly_name, &body)
}

/// What was refused, in words.
pub(crate) fn refusal(request: &Request, refusal: &Refusal) -> Answer {
    let body = format!(
        "<p class=\"bad\">{code}: {message}</p>\n<p><a href=\"{path}\">Back</a></p>",
        code = refusal.code,
        message = escape(&refusal.message),
        path = escape(&format!("{}{}", request.prefix, request.path)),
    );
    html(refusal.status, "That did not work", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_text() {
        assert_eq!(escape("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    }
}
