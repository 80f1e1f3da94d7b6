//! What an application has to look like to be taken: the properties that Okta requires of a SAML application, by what the specification
//! says and what clients of the real service send.

use serde_json::Value;
use url::Url;

use super::organization::CatalogueApp;
use super::refusal::Refusal;

const FORMATS: [&str; 5] = [
    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:x509SubjectName",
];
const NAMESPACES: [&str; 3] = [
    "urn:oasis:names:tc:SAML:2.0:attrname-format:basic",
    "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
    "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified",
];
const CONTEXTS: [&str; 7] = [
    "urn:federation:authentication:windows",
    "oasis:names:tc:SAML:2.0:ac:classes:Kerberos",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
];
const FILTERS: [&str; 4] = ["STARTS_WITH", "EQUALS", "CONTAINS", "REGEX"];

/// What can be set of a catalogue application's sign-on settings and has to be a URL.
const OVERRIDES: [&str; 3] = ["ssoAcsUrlOverride", "recipientOverride", "destinationOverride"];

/// Refuses an application that lacks something, with everything that is wrong. A catalogue application brings its own sign-on settings:
/// it takes overrides of them (`OINSaml20ApplicationSettingsSignOn`), and wants its own properties.
pub(super) fn check(app: &Value, catalogue: Option<&CatalogueApp>) -> Result<(), Refusal> {
    let text = |value: &Value| value.as_str().unwrap_or_default().trim().to_owned();
    let mut causes = Vec::new();
    let blank = |name: &str| format!("{name}: The field cannot be left blank");
    match text(&app["label"]).chars().count() {
        0 => causes.push(blank("label")),
        length if length > 100 => causes.push("label: must be at most 100 characters long".to_owned()),
        _ => {}
    }
    if app["signOnMode"] != "SAML_2_0" {
        causes.push("signOnMode: the sandbox plays SAML_2_0 applications only".to_owned());
    }
    if !causes.is_empty() {
        return Err(Refusal::validation("label", causes));
    }
    let sign_on = &app["settings"]["signOn"];
    if let Some(entry) = catalogue {
        let missing =
            entry.settings.iter().filter(|name| text(&app["settings"]["app"][name.as_str()]).is_empty());
        causes.extend(missing.map(|name| blank(name)));
        if !causes.is_empty() {
            return Err(Refusal::validation("settings.app", causes));
        }
        for name in OVERRIDES.into_iter().filter(|name| !text(&sign_on[*name]).is_empty()) {
            if Url::parse(&text(&sign_on[name])).is_err() {
                causes.push(format!("{name}: must be a URL"));
            }
        }
    } else {
        if !app["settings"].is_object() {
            return Err(Refusal::validation("settings", vec![blank("settings")]));
        }
        if !sign_on.is_object() {
            return Err(Refusal::validation("settings.signOn", vec![blank("signOn")]));
        }
        for name in ["ssoAcsUrl", "recipient", "destination"] {
            match Url::parse(&text(&sign_on[name])) {
                Ok(url) if matches!(url.scheme(), "http" | "https") => {}
                _ if text(&sign_on[name]).is_empty() => causes.push(blank(name)),
                _ => causes.push(format!("{name}: must be a URL")),
            }
        }
        for name in ["audience", "subjectNameIdTemplate"] {
            if text(&sign_on[name]).is_empty() {
                causes.push(blank(name));
            }
        }
        let choices: [(&str, &[&str]); 4] = [
            ("subjectNameIdFormat", &FORMATS),
            ("authnContextClassRef", &CONTEXTS),
            ("signatureAlgorithm", &["RSA_SHA1", "RSA_SHA256"]),
            ("digestAlgorithm", &["SHA1", "SHA256"]),
        ];
        for (name, known) in choices {
            if !known.contains(&text(&sign_on[name]).as_str()) {
                causes.push(format!("{name}: must be one of {}", known.join(", ")));
            }
        }
        for name in ["assertionSigned", "responseSigned", "honorForceAuthn"] {
            if !sign_on[name].is_boolean() {
                causes.push(blank(name));
            }
        }
        if sign_on["assertionSigned"] == false && sign_on["responseSigned"] == false {
            causes.push("assertionSigned: the assertion or the response must be signed".to_owned());
        }
    }
    statements(sign_on, &mut causes);
    if causes.is_empty() { Ok(()) } else { Err(Refusal::validation("settings.signOn", causes)) }
}

fn statements(sign_on: &Value, causes: &mut Vec<String>) {
    for (at, statement) in sign_on["attributeStatements"].as_array().into_iter().flatten().enumerate() {
        let text = |name: &str| statement[name].as_str().unwrap_or_default();
        let mut wrong = |what: &str| causes.push(format!("attributeStatements[{at}]: {what}"));
        if text("name").is_empty() {
            wrong("name cannot be left blank");
        }
        if !statement["namespace"].is_null() && !NAMESPACES.contains(&text("namespace")) {
            wrong("namespace is not known");
        }
        match text("type") {
            "EXPRESSION" => {
                let values = statement["values"].as_array().map(Vec::as_slice).unwrap_or_default();
                if values.is_empty() || values.iter().any(|it| it.as_str().is_none_or(str::is_empty)) {
                    wrong("values cannot be left blank");
                }
            }
            "GROUP" if FILTERS.contains(&text("filterType")) && !text("filterValue").is_empty() => {}
            "GROUP" => wrong("filterType and filterValue are needed"),
            _ => wrong("type must be EXPRESSION or GROUP"),
        }
    }
}
