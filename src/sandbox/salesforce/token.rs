//! Who asks: an access token, got by client credentials or by a signed assertion. The signature of an assertion is not verified, because the
//! sandbox does not know the app's certificate; everything else about it is.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::organization::{Settings, table};
use crate::sandbox::ids;
use crate::sandbox::message::Answer;
use crate::sandbox::vendor::Call;

/// An assertion is good for three minutes; five is what the service takes with the clocks' difference.
const ASSERTION_SECONDS: i64 = 300;

/// Tokens are kept by their digest, so that the state never holds one.
fn key_of(token: &str) -> String {
    ids::hex(ring::digest::digest(&ring::digest::SHA256, token.as_bytes()).as_ref())
}

/// Whether a session ID or bearer token is right.
pub(super) fn is_valid(call: &Call<'_, '_>, token: &str) -> bool {
    !token.is_empty() && call.documents.get(&table(&call.request.host, "tokens"), &key_of(token)).is_some()
}

/// `POST /services/oauth2/token`.
pub(super) fn issue(call: &mut Call<'_, '_>, settings: &Settings) -> Answer {
    let refuse = |error: &str, description: &str| {
        Answer::json(400, &json!({"error": error, "error_description": description}))
    };
    let fields = call.request.form();
    let field = |name: &str| {
        fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    match field("grant_type") {
        "client_credentials" => {
            let (id, secret) = (field("client_id"), field("client_secret"));
            if id.is_empty()
                || (!settings.clients.is_empty() && !settings.clients.iter().any(|it| it.client_id == id))
            {
                return refuse("invalid_client_id", "client identifier invalid");
            }
            let is_right =
                |it: &super::organization::Client| it.client_id == id && it.client_secret == secret;
            if secret.is_empty() || (!settings.clients.is_empty() && !settings.clients.iter().any(is_right)) {
                return refuse("invalid_client", "invalid client credentials");
            }
        }
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
            if let Err(reason) = check_assertion(field("assertion"), call.now.as_second()) {
                return refuse("invalid_grant", reason);
            }
        }
        _ => return refuse("unsupported_grant_type", "grant type not supported"),
    }
    let organization = &call.request.host;
    let secret = format!("{}!{}", settings.id, ids::alphanumeric(96));
    call.documents.put(
        &table(organization, "tokens"),
        &key_of(&secret),
        json!({"issuedAt": ids::millis(call.now)}),
    );
    // There is no `expires_in`: a session lasts as long as it is used.
    let body = json!({
        "access_token": secret, "scope": "api", "instance_url": format!("https://{organization}"),
        "id": format!("https://login.salesforce.com/id/{}/{}", settings.id, "005000000000001AAA"), "token_type": "Bearer",
    });
    Answer::json(200, &body).with("cache-control", "no-store")
}

fn check_assertion(assertion: &str, now: i64) -> Result<(), &'static str> {
    let parts: Vec<&str> = assertion.split('.').collect();
    let read =
        |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let [header, claims, signature] = parts[..] else { return Err("invalid assertion") };
    let (Some(header), Some(claims)) = (read(header), read(claims)) else { return Err("invalid assertion") };
    if header["alg"] != "RS256" || URL_SAFE_NO_PAD.decode(signature).map_or(0, |it| it.len()) < 256 {
        return Err("invalid assertion");
    }
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    if text("iss").is_empty() {
        return Err("invalid client id");
    }
    if !text("sub").contains('@') {
        return Err("user hasn't approved this consumer");
    }
    if !["https://login.salesforce.com", "https://test.salesforce.com"].contains(&text("aud")) {
        return Err("audience is invalid");
    }
    match claims["exp"].as_i64() {
        Some(end) if end <= now || end > now + ASSERTION_SECONDS => Err("expired authorization code"),
        Some(_) => Ok(()),
        None => Err("invalid assertion"),
    }
}
