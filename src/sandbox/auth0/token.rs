//! `POST /oauth/token` with client credentials, and what a token allows.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sandbox::ids;
use crate::sandbox::message::{Answer, Request};
use crate::sandbox::vendor::Call;

use super::refusal::Refusal;
use super::tenant::{Settings, table};

const LIFETIME_SECONDS: i64 = 86_400;

/// What a client without declared scopes is granted: everything that this sandbox knows.
const ALL_SCOPES: &[&str] = &[
    "read:clients",
    "create:clients",
    "update:clients",
    "delete:clients",
    "read:client_keys",
    "read:actions",
    "create:actions",
    "update:actions",
    "delete:actions",
    "read:users",
    "create:users",
    "update:users",
    "delete:users",
    "read:users_app_metadata",
    "update:users_app_metadata",
    "create:users_app_metadata",
    "delete:users_app_metadata",
    "read:signing_keys",
    "create:signing_keys",
    "update:signing_keys",
    "read:connections",
];

#[derive(Debug, Serialize, Deserialize)]
struct Token {
    client_id: String,
    scopes: Vec<String>,
    expires_at: i64,
}

/// What the bearer may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    scopes: Vec<String>,
}

impl Grant {
    /// Refuses unless one of the scopes was granted.
    pub(crate) fn require(&self, any_of: &[&str]) -> Result<(), Refusal> {
        if any_of.iter().any(|scope| self.has(scope)) { Ok(()) } else { Err(Refusal::scope(any_of)) }
    }

    /// Whether the scope was granted.
    pub(crate) fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s == scope)
    }
}

fn oauth_error(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "error_description": description}))
}

/// Issues a token for the Management API.
pub(crate) fn issue(call: &mut Call<'_, '_>, settings: &Settings) -> Answer {
    let fields = match parameters(call.request) {
        Ok(fields) => fields,
        Err(answer) => return answer,
    };
    let field =
        |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).unwrap_or_default();
    let basic = call.request.basic();
    let (id, secret) = match &basic {
        Some((id, secret)) if field("client_id").is_empty() => (id.as_str(), secret.as_str()),
        _ => (field("client_id"), field("client_secret")),
    };
    match field("grant_type") {
        "client_credentials" => {}
        "" => return oauth_error(403, "invalid_request", "Missing required parameter: grant_type"),
        other => {
            let description = format!("Unsupported grant type: {other}");
            return oauth_error(403, "unsupported_grant_type", &description);
        }
    }
    if id.is_empty() || secret.is_empty() {
        return oauth_error(401, "access_denied", "Unauthorized");
    }
    let scopes = if settings.api_clients.is_empty() {
        None
    } else {
        match settings.api_clients.iter().find(|c| c.client_id == id && c.client_secret == secret) {
            Some(client) => client.scopes.clone(),
            None => return oauth_error(401, "access_denied", "Unauthorized"),
        }
    };
    let tenant = &call.request.host;
    let audience = field("audience");
    if audience.is_empty() {
        let description = "No audience parameter was provided, and no default audience has been configured";
        return oauth_error(403, "access_denied", description);
    }
    if audience != format!("https://{tenant}/api/v2/") {
        let description = format!("Service not enabled within domain: {audience}");
        return oauth_error(403, "access_denied", &description);
    }
    let scopes = scopes.unwrap_or_else(|| ALL_SCOPES.iter().map(|s| (*s).to_owned()).collect());
    let secret = format!("{}.{}.{}", ids::alphanumeric(36), ids::alphanumeric(120), ids::alphanumeric(86));
    let expires_at = call.now.as_second() + LIFETIME_SECONDS;
    let body = json!({
        "access_token": secret, "scope": scopes.join(" "), "expires_in": LIFETIME_SECONDS, "token_type": "Bearer",
    });
    let token = Token { client_id: id.to_owned(), scopes, expires_at };
    let table = table(tenant, "tokens");
    call.documents.write(&table, &key_of(&secret), &token);
    Answer::json(200, &body).with("cache-control", "no-store")
}

fn parameters(request: &Request) -> Result<Vec<(String, String)>, Answer> {
    if request.content_type() == "application/x-www-form-urlencoded" {
        return Ok(request.form());
    }
    match request.json() {
        Ok(Value::Object(map)) => {
            Ok(map.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect())
        }
        _ => Err(oauth_error(400, "invalid_request", "the request body is neither JSON nor a form")),
    }
}

/// Tokens are kept by their digest, so that the state never holds one.
fn key_of(token: &str) -> String {
    ids::hex(ring::digest::digest(&ring::digest::SHA256, token.as_bytes()).as_ref())
}

/// What the request's bearer token allows.
pub(crate) fn grant(call: &Call<'_, '_>) -> Result<Grant, Refusal> {
    let Some(bearer) = call.request.bearer() else {
        return Err(Refusal::unauthorized("Missing authentication"));
    };
    let token = call.documents.read::<Token>(&table(&call.request.host, "tokens"), &key_of(bearer));
    match token {
        Some(token) if token.expires_at > call.now.as_second() => Ok(Grant { scopes: token.scopes }),
        Some(_) => Err(Refusal::unauthorized("Expired token received for JSON Web Token validation")),
        None => Err(Refusal::unauthorized("Invalid token")),
    }
}
