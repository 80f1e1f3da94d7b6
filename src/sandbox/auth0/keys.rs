//! Signing certificates of a tenant and the public SAML addresses that show them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sandbox::certificate;
use crate::sandbox::error::SandboxError;
use crate::sandbox::ids;
use crate::sandbox::message::Answer;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::Outcome;
use super::refusal::Refusal;
use super::tenant::table;
use super::token::Grant;

/// Which part a certificate plays in the rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    Current,
    Next,
    Previous,
}

/// A signing certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SigningKey {
    kid: String,
    /// PEM.
    pub(crate) cert: String,
    part: Part,
    since: String,
    until: Option<String>,
}

/// Makes the current and the next certificate of a new tenant.
pub(crate) fn create(
    documents: &mut Transaction<'_>,
    tenant: &str,
    now: Timestamp,
) -> Result<(), SandboxError> {
    for part in [Part::Current, Part::Next] {
        add(documents, tenant, part, now)?;
    }
    Ok(())
}

fn add(
    documents: &mut Transaction<'_>,
    tenant: &str,
    part: Part,
    now: Timestamp,
) -> Result<SigningKey, SandboxError> {
    let cert = certificate::make(tenant, now)?;
    let key = SigningKey { kid: ids::alphanumeric(21), cert, part, since: ids::millis(now), until: None };
    documents.write(&table(tenant, "signing-certificates"), &key.kid, &key);
    Ok(key)
}

fn all(documents: &Transaction<'_>, tenant: &str) -> Vec<SigningKey> {
    documents.read_list(&table(tenant, "signing-certificates"))
}

/// The certificate that the tenant signs with now.
pub(crate) fn current(documents: &Transaction<'_>, tenant: &str) -> Option<SigningKey> {
    all(documents, tenant).into_iter().find(|key| key.part == Part::Current)
}

fn view(key: &SigningKey) -> Value {
    let thumbprint = certificate::read(&key.cert).map(|read| read.thumbprint()).unwrap_or_default();
    let pairs: Vec<&str> = (0..thumbprint.len() / 2).map(|at| &thumbprint[at * 2..at * 2 + 2]).collect();
    let mut view = json!({
        "kid": key.kid, "cert": key.cert.replace('\n', "\r\n"), "fingerprint": pairs.join(":"), "thumbprint": thumbprint,
        "revoked": false,
    });
    if let Value::Object(map) = &mut view {
        match key.part {
            Part::Current => {
                map.insert("current".into(), json!(true));
                map.insert("current_since".into(), json!(key.since));
            }
            Part::Next => {
                map.insert("next".into(), json!(true));
            }
            Part::Previous => {
                map.insert("previous".into(), json!(true));
                map.insert("current_since".into(), json!(key.since));
                map.insert("current_until".into(), json!(key.until));
            }
        }
    }
    view
}

pub(crate) fn list(call: &mut Call<'_, '_>, grant: &Grant) -> Outcome {
    grant.require(&["read:signing_keys"])?;
    let mut keys = all(call.documents, &call.request.host);
    keys.sort_by_key(|key| match key.part {
        Part::Current => 0,
        Part::Next => 1,
        Part::Previous => 2,
    });
    Ok(Answer::json(200, &keys.iter().map(view).collect()))
}

/// The next certificate becomes the current one, and a new next one is made.
pub(crate) fn rotate(call: &mut Call<'_, '_>, grant: &Grant) -> Outcome {
    // Both scopes are needed here.
    grant.require(&["create:signing_keys"])?;
    grant.require(&["update:signing_keys"])?;
    let tenant = &call.request.host;
    let table = table(tenant, "signing-certificates");
    let now = ids::millis(call.now);
    for mut key in all(call.documents, tenant) {
        match key.part {
            Part::Previous => {
                call.documents.remove(&table, &key.kid);
                continue;
            }
            Part::Current => {
                key.part = Part::Previous;
                key.until = Some(now.clone());
            }
            Part::Next => {
                key.part = Part::Current;
                key.since.clone_from(&now);
            }
        }
        call.documents.write(&table, &key.kid, &key);
    }
    let next = add(call.documents, tenant, Part::Next, call.now)
        .map_err(|_| Refusal::new(500, "internal_error", "the sandbox could not make a certificate"))?;
    Ok(Answer::json(201, &json!({"cert": next.cert.replace('\n', "\r\n"), "kid": next.kid})))
}

/// The client, where it exists and has the SAML addon.
fn saml_client(call: &Call<'_, '_>, id: &str) -> Result<(), Answer> {
    let client = call.documents.get(&table(&call.request.host, "clients"), id);
    let Some(client) = client else {
        return Err(Answer::text(404, "text/plain; charset=utf-8", "Not Found. Unknown client."));
    };
    match client.get("addons").and_then(|a| a.get("samlp")) {
        Some(_) => Ok(()),
        None => {
            let message = "Not Found. SAML2 is not enabled for this client.";
            Err(Answer::text(404, "text/plain; charset=utf-8", message))
        }
    }
}

/// Identity provider metadata (SAML 2.0 Metadata, section 2.4.3). Public.
pub(crate) fn metadata(call: &mut Call<'_, '_>, client: &str) -> Outcome {
    if let Err(answer) = saml_client(call, client) {
        return Ok(answer);
    }
    let tenant = &call.request.host;
    let certificate = current(call.documents, tenant)
        .and_then(|key| certificate::read(&key.cert).ok())
        .map(|read| read.base64())
        .unwrap_or_default();
    let location = format!("https://{tenant}/samlp/{client}");
    let xml = format!(
        r#"<EntityDescriptor entityID="urn:{tenant}" xmlns="urn:oasis:names:tc:SAML:2.0:metadata">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor use="signing">
      <KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">
        <X509Data>
          <X509Certificate>{certificate}</X509Certificate>
        </X509Data>
      </KeyInfo>
    </KeyDescriptor>
    <SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{location}/logout"/>
    <SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{location}/logout"/>
    <NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</NameIDFormat>
    <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat>
    <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</NameIDFormat>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{location}"/>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{location}"/>
  </IDPSSODescriptor>
</EntityDescriptor>
"#
    );
    Ok(Answer::text(200, "application/xml; charset=utf-8", xml))
}

/// The login page that a SAML request leads to. Nobody can sign in at it.
pub(crate) fn login_page(call: &mut Call<'_, '_>, client: &str) -> Outcome {
    if let Err(answer) = saml_client(call, client) {
        return Ok(answer);
    }
    let page = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Log in</title></head>\n\
        <body><h1>Log in</h1><p>This is the sandbox's identity provider. Logins are tested on the console page.</p></body></html>\n";
    Ok(Answer::text(200, "text/html; charset=utf-8", page))
}
