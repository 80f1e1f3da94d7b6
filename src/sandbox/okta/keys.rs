//! Signing keys of an application, and its SAML metadata by key.

use base64::Engine as _;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::sandbox::certificate;
use crate::sandbox::ids;
use crate::sandbox::message::Answer;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::organization::table;
use super::refusal::Refusal;
use super::{Outcome, apps};

fn keys_table(organization: &str, app: &str) -> String {
    table(organization, &format!("apps/{app}/keys"))
}

/// How long the certificate of a key is valid.
#[derive(Clone, Copy, Debug)]
pub(super) enum Validity {
    Years(i64),
    Days(i64),
}

impl Validity {
    fn end(self, now: Timestamp) -> Timestamp {
        let days = match self {
            Self::Years(years) => years * 365,
            Self::Days(days) => days,
        };
        now.checked_add((days * 24).hours()).unwrap_or(now)
    }
}

/// Makes a key and gives its ID.
pub(super) fn create(
    documents: &mut Transaction<'_>,
    organization: &str,
    app: &str,
    validity: Validity,
    now: Timestamp,
) -> Result<String, Refusal> {
    let failed = || Refusal::new(500, "E0000009", "Internal Server Error");
    let expires = validity.end(now);
    let pem = certificate::make_until(organization, now, expires).map_err(|_| failed())?;
    let read = certificate::read(&pem).map_err(|_| failed())?;
    let digest = ring::digest::digest(&ring::digest::SHA256, &read.der);
    let thumbprint = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest);
    let kid = ids::alphanumeric(43);
    let key = json!({
        "kty": "RSA", "use": "sig", "e": "AQAB", "kid": kid, "created": ids::millis(now), "lastUpdated": ids::millis(now),
        "expiresAt": ids::millis(expires), "x5c": [read.base64()], "x5t#S256": thumbprint,
    });
    documents.put(&keys_table(organization, app), &kid, key);
    Ok(kid)
}

pub(super) fn exists(documents: &Transaction<'_>, organization: &str, app: &str, kid: &str) -> bool {
    documents.get(&keys_table(organization, app), kid).is_some()
}

/// Forgets the keys of an application.
pub(super) fn forget(documents: &mut Transaction<'_>, organization: &str, app: &str) {
    let table = keys_table(organization, app);
    let kids: Vec<String> = documents.list(&table).map(|(kid, _)| kid.clone()).collect();
    for kid in kids {
        documents.remove(&table, &kid);
    }
}

pub(super) fn list(call: &mut Call<'_, '_>, app: &str) -> Outcome {
    apps::find(call.documents, &call.request.host, app)?;
    let keys =
        call.documents.list(&keys_table(&call.request.host, app)).map(|(_, key)| key.clone()).collect();
    Ok(Answer::json(200, &Value::Array(keys)))
}

pub(super) fn read(call: &mut Call<'_, '_>, app: &str, kid: &str) -> Outcome {
    apps::find(call.documents, &call.request.host, app)?;
    let key = call.documents.get(&keys_table(&call.request.host, app), kid);
    key.map(|key| Answer::json(200, key)).ok_or_else(|| Refusal::not_found(kid, "JsonWebKey"))
}

pub(super) fn generate(call: &mut Call<'_, '_>, app: &str) -> Outcome {
    let organization = &call.request.host;
    apps::find(call.documents, organization, app)?;
    let years = call.request.parameter("validityYears").and_then(|text| text.parse::<i64>().ok());
    let Some(years) = years.filter(|years| (2..=10).contains(years)) else {
        let cause = "validityYears: must be between 2 and 10".to_owned();
        return Err(Refusal::validation("validityYears", vec![cause]));
    };
    let kid = create(call.documents, organization, app, Validity::Years(years), call.now)?;
    let key = call.documents.get(&keys_table(organization, app), &kid).cloned().unwrap_or_default();
    Ok(Answer::json(201, &key))
}

/// The Base64 of the certificate that an application signs with, or of another of its keys.
fn certificate_of(
    documents: &Transaction<'_>,
    organization: &str,
    app: &Value,
    kid: Option<&str>,
) -> Option<String> {
    let kid = kid.or_else(|| app["credentials"]["signing"]["kid"].as_str())?;
    let key = documents.get(&keys_table(organization, app["id"].as_str()?), kid)?;
    key["x5c"][0].as_str().map(str::to_owned)
}

/// The certificate that an application signs with, in PEM.
pub(super) fn current_pem(documents: &Transaction<'_>, organization: &str, app: &Value) -> Option<String> {
    let text = certificate_of(documents, organization, app, None)?;
    Some(format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"))
}

/// The issuer of an application; `http`, as the real one.
pub(super) fn issuer(app: &Value) -> String {
    format!("http://www.okta.com/{}", apps::external_key(app))
}

fn metadata_of(call: &Call<'_, '_>, app: &Value, kid: Option<&str>) -> Outcome {
    let organization = &call.request.host;
    let id = app["id"].as_str().unwrap_or_default();
    // An application that is not active has no metadata.
    let certificate =
        certificate_of(call.documents, organization, app, kid).filter(|_| app["status"] == "ACTIVE");
    let certificate = certificate.ok_or_else(|| Refusal::not_found(id, "AppInstance"))?;
    let (issuer, name, key) =
        (issuer(app), app["name"].as_str().unwrap_or_default(), apps::external_key(app));
    let location = format!("https://{organization}/app/{name}/{key}/sso/saml");
    let xml = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><md:EntityDescriptor entityID="{issuer}" xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"><md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat><md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{location}"/><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{location}"/></md:IDPSSODescriptor></md:EntityDescriptor>"#
    );
    Ok(Answer::text(200, "application/xml;charset=ISO-8859-1", xml))
}

/// The management API's metadata; the key is required.
pub(super) fn metadata(call: &mut Call<'_, '_>, app: &str) -> Outcome {
    let app = apps::find(call.documents, &call.request.host, app)?;
    let Some(kid) = call.request.parameter("kid") else {
        return Err(Refusal::validation("kid", vec!["kid: The field cannot be left blank".to_owned()]));
    };
    metadata_of(call, &app, Some(kid))
}

/// The metadata that anybody may read, of the key that signs.
pub(super) fn public_metadata(call: &mut Call<'_, '_>, key: &str) -> Outcome {
    let app = apps::by_external_key(call.documents, &call.request.host, key);
    metadata_of(call, &app.ok_or_else(|| Refusal::not_found(key, "AppInstance"))?, None)
}

/// The login page that a SAML request leads to. Nobody can sign in at it.
pub(super) fn login_page(call: &mut Call<'_, '_>, key: &str) -> Outcome {
    let app = apps::by_external_key(call.documents, &call.request.host, key);
    app.filter(|app| app["status"] == "ACTIVE").ok_or_else(|| Refusal::not_found(key, "AppInstance"))?;
    let page = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sign In</title></head>\n\
        <body><h1>Sign In</h1><p>This is the sandbox's identity provider. Logins are tested on the console page.</p></body></html>\n";
    Ok(Answer::text(200, "text/html; charset=utf-8", page))
}
