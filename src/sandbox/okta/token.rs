//! Who asks: an API token, or an access token of a service app. The signature of an assertion is not verified, because the sandbox does
//! not know the app's public key; everything else about it is.

use axum::http::Method;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sandbox::ids;
use crate::sandbox::message::Answer;
use crate::sandbox::vendor::Call;

use super::organization::{Settings, table};
use super::refusal::Refusal;

const LIFETIME_SECONDS: i64 = 3_600;

#[derive(Debug, Serialize, Deserialize)]
struct Token {
    scopes: Vec<String>,
    expires_at: i64,
}

/// What the request may do.
#[derive(Debug)]
pub(super) enum Grant {
    /// Everything.
    Token,
    /// What the scopes say.
    Scopes(Vec<String>),
}

impl Grant {
    /// Refuses what no scope covers.
    pub(super) fn require(&self, method: &Method, resource: &str) -> Result<(), Refusal> {
        let Self::Scopes(scopes) = self else { return Ok(()) };
        let has = |right: &str| scopes.iter().any(|scope| *scope == format!("okta.{resource}.{right}"));
        let is_covered = has("manage") || (*method == Method::GET && has("read"));
        if is_covered { Ok(()) } else { Err(Refusal::forbidden()) }
    }
}

/// What the request's credentials allow.
pub(super) fn grant(call: &Call<'_, '_>, settings: &Settings) -> Result<Grant, Refusal> {
    let header = call.request.header("authorization").unwrap_or_default();
    let (scheme, secret) = header.split_once(' ').unwrap_or_default();
    let secret = secret.trim();
    match scheme {
        "SSWS"
            if !secret.is_empty()
                && (settings.tokens.is_empty() || settings.tokens.iter().any(|it| it == secret)) =>
        {
            Ok(Grant::Token)
        }
        "Bearer" => {
            let token = call.documents.read::<Token>(&table(&call.request.host, "tokens"), &key_of(secret));
            match token {
                Some(token) if token.expires_at > call.now.as_second() => Ok(Grant::Scopes(token.scopes)),
                _ => Err(Refusal::token()),
            }
        }
        _ => Err(Refusal::token()),
    }
}

/// Tokens are kept by their digest, so that the state never holds one.
fn key_of(token: &str) -> String {
    ids::hex(ring::digest::digest(&ring::digest::SHA256, token.as_bytes()).as_ref())
}

/// `POST /oauth2/v1/token`, the client credentials grant with a private-key JWT.
pub(super) fn issue(call: &mut Call<'_, '_>) -> Answer {
    let refuse = |status: u16, error: &str, description: &str| {
        Answer::json(status, &json!({"error": error, "error_description": description}))
    };
    let fields = call.request.form();
    let field = |name: &str| {
        fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    if field("grant_type") != "client_credentials" {
        return refuse(
            400,
            "unsupported_grant_type",
            "The authorization grant type is not supported by the authorization server.",
        );
    }
    if field("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
        return refuse(401, "invalid_client", "The client_assertion_type is missing or not supported.");
    }
    let audience = format!("https://{}/oauth2/v1/token", call.request.host);
    if let Err(reason) = check_assertion(field("client_assertion"), &audience, call.now.as_second()) {
        return refuse(401, "invalid_client", reason);
    }
    let scopes: Vec<String> = field("scope").split_whitespace().map(str::to_owned).collect();
    if scopes.is_empty() {
        return refuse(400, "invalid_scope", "The scope is missing.");
    }
    let secret = format!("{}.{}.{}", ids::alphanumeric(36), ids::alphanumeric(120), ids::alphanumeric(86));
    let token = Token { scopes: scopes.clone(), expires_at: call.now.as_second() + LIFETIME_SECONDS };
    call.documents.write(&table(&call.request.host, "tokens"), &key_of(&secret), &token);
    let body = json!({
        "token_type": "Bearer", "expires_in": LIFETIME_SECONDS, "access_token": secret, "scope": scopes.join(" "),
    });
    Answer::json(200, &body).with("cache-control", "no-store")
}

fn check_assertion(assertion: &str, audience: &str, now: i64) -> Result<(), &'static str> {
    let parts: Vec<&str> = assertion.split('.').collect();
    let read =
        |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let [header, claims, signature] = parts[..] else { return Err("The client_assertion is no JWT.") };
    let (Some(header), Some(claims)) = (read(header), read(claims)) else {
        return Err("The client_assertion is no JWT.");
    };
    if header["alg"] != "RS256" || URL_SAFE_NO_PAD.decode(signature).map_or(0, |it| it.len()) < 256 {
        return Err("The client_assertion signature is invalid.");
    }
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    if text("iss").is_empty() || text("iss") != text("sub") {
        return Err("'iss' and 'sub' must both be the client_id.");
    }
    if text("aud") != audience {
        return Err("The audience claim for client_assertion must be the endpoint invoked for the request.");
    }
    match claims["exp"].as_i64() {
        Some(end) if end <= now => Err("The client_assertion token is expired."),
        Some(end) if end > now + 3_600 => {
            Err("The client_assertion token has an expiration too far into the future.")
        }
        Some(_) => Ok(()),
        None => Err("The client_assertion has no 'exp'."),
    }
}
