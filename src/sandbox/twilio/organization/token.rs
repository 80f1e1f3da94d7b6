//! OAuth apps: the token endpoint (RFC 6749 section 4.4), and what a token lets its bearer do. Errors follow `twilio_oauth_v2.yaml`: 400 in
//! Twilio's common form.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::sandbox::ids;
use crate::sandbox::message::Answer;
use crate::sandbox::vendor::Call;

use super::document::{self, OAuthClient, Organization};
use super::refusal::Refusal;

const TOKENS: &str = "twilio/oauth-tokens";
const LIFETIME_SECONDS: i64 = 3_600;

/// What a token stands for; the token itself is not kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Grant {
    pub(super) organization: String,
    client_id: String,
    expires_at: i64,
}

/// Issues a token.
pub(super) fn issue(call: &mut Call<'_, '_>) -> Answer {
    let refuse = |message: &str| Refusal::new(400, 20001, message).iam();
    if call.request.content_type() != "application/x-www-form-urlencoded" {
        return refuse("Content-Type must be application/x-www-form-urlencoded");
    }
    let form = call.request.form();
    let field = |name: &str| form.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value.as_str());
    match field("grant_type") {
        "client_credentials" => {}
        "" => return refuse("invalid_request: grant_type is required"),
        other => return refuse(&format!("unsupported_grant_type: {other}")),
    }
    let (client_id, secret) = (field("client_id"), field("client_secret"));
    let organization = match organization_of(call, client_id, secret) {
        Ok(organization) => organization,
        Err(message) => return refuse(&message),
    };
    let now = call.now.as_second();
    let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let claims = json!({
        "iss": "https://oauth.twilio.com", "sub": format!("urn:tw:oauth:{client_id}"), "aud": "https://iam.twilio.com",
        "act": {"sub": format!("urn:tw:organization:{organization}")}, "iat": now, "exp": now + LIFETIME_SECONDS,
        "jti": ids::uuid(), "urn:tw:rgn": "us1",
    });
    let head = json!({"alg": "RS256", "typ": "JWT", "kid": "sandbox"});
    let token = format!("{}.{}.{}", part(head), part(claims), ids::alphanumeric(86));
    let grant = Grant { organization, client_id: client_id.to_owned(), expires_at: now + LIFETIME_SECONDS };
    call.documents.write(TOKENS, &key_of(&token), &grant);
    let body = json!({
        "access_token": token, "token_type": "Bearer", "expires_in": LIFETIME_SECONDS, "refresh_token": null, "id_token": null,
    });
    Answer::json(200, &body).with("cache-control", "no-store")
}

/// The organization of an OAuth app: the one whose seed declares it, else the only one, if it declares none.
fn organization_of(call: &Call<'_, '_>, client_id: &str, secret: &str) -> Result<String, String> {
    if client_id.is_empty() || secret.is_empty() {
        return Err("invalid_client: client_id and client_secret are required".into());
    }
    let organizations = document::all(call.documents);
    for organization in &organizations {
        let Some(client) = client_of(organization, client_id) else { continue };
        return match &client.client_secret {
            Some(expected) if expected != secret => {
                Err("invalid_client: client authentication failed".into())
            }
            _ => Ok(organization.sid.clone()),
        };
    }
    match organizations.as_slice() {
        [only] if only.oauth_clients.is_empty() => Ok(only.sid.clone()),
        [] => {
            Err("invalid_client: the sandbox has no organization; seed one under twilio.organizations".into())
        }
        _ => Err("invalid_client: no organization has this OAuth app".into()),
    }
}

fn client_of<'a>(organization: &'a Organization, client_id: &str) -> Option<&'a OAuthClient> {
    organization.oauth_clients.iter().find(|client| client.client_id == client_id)
}

fn key_of(token: &str) -> String {
    ids::hex(digest::digest(&digest::SHA256, token.as_bytes()).as_ref())
}

/// What the request's token stands for, as long as it is good.
pub(super) fn of_request(call: &Call<'_, '_>) -> Option<Grant> {
    let grant: Grant = call.documents.read(TOKENS, &key_of(call.request.bearer()?))?;
    (grant.expires_at > call.now.as_second()).then_some(grant)
}

/// The organization of the request's token, whose OAuth app must have the permission.
pub(super) fn authorize(call: &Call<'_, '_>, permission: &str) -> Result<Organization, Refusal> {
    let grant = of_request(call).ok_or_else(Refusal::unauthenticated)?;
    let organization =
        document::find(call.documents, &grant.organization).ok_or_else(Refusal::unauthenticated)?;
    // What is granted is looked up now: an administrator may have changed it since the token was issued.
    let permissions =
        client_of(&organization, &grant.client_id).and_then(|client| client.permissions.as_ref());
    match permissions {
        Some(permissions) if !permissions.iter().any(|it| it == permission) => {
            Err(Refusal::missing(permission))
        }
        _ => Ok(organization),
    }
}
