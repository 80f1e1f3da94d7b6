//! The token endpoint: an assertion of a service account for an administrator (RFC 7523). The sandbox's service accounts all have the public
//! test key, so signatures are verified.

use axum::http::Method;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sandbox::ids;
use crate::sandbox::message::Answer;
use crate::sandbox::vendor::Call;

use super::refusal::Refusal;
use super::{customer, users};

const TEST_KEY: &str = include_str!("../keys/sandbox-test-only.pk8.pem");
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";
const LIFETIME_SECONDS: i64 = 3_600;
const TOKENS: &str = "google/tokens";
const SCOPE: &str = "https://www.googleapis.com/auth/";

#[derive(Debug, Serialize, Deserialize)]
struct Token {
    customer: String,
    subject: String,
    scopes: Vec<String>,
    expires_at: i64,
}

/// What the request may do.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) customer: String,
    pub(super) is_administrator: bool,
    scopes: Vec<String>,
}

impl Grant {
    /// Refuses what no scope covers.
    pub(super) fn require(&self, method: &Method, resource: &[&str]) -> Result<(), Refusal> {
        let names: &[&str] = match resource {
            ["customer", _, "schemas", ..] => &["admin.directory.userschema"],
            ["users", ..] => &["admin.directory.user"],
            ["groups", _, "members", ..] => &["admin.directory.group.member", "admin.directory.group"],
            ["groups", ..] => &["admin.directory.group"],
            _ => return Ok(()),
        };
        let is_read = *method == Method::GET;
        let has = |scope: String| self.scopes.contains(&scope);
        let is_covered = names
            .iter()
            .any(|name| has(format!("{SCOPE}{name}")) || (is_read && has(format!("{SCOPE}{name}.readonly"))));
        if is_covered { Ok(()) } else { Err(Refusal::scopes()) }
    }
}

/// What the request's credentials allow.
pub(super) fn grant(call: &Call<'_, '_>) -> Result<Grant, Refusal> {
    let token =
        call.request.bearer().and_then(|secret| call.documents.read::<Token>(TOKENS, &key_of(secret)));
    let token = token.filter(|token| token.expires_at > call.now.as_second()).ok_or_else(Refusal::token)?;
    let customer = customer::read(call.documents, &token.customer).ok_or_else(Refusal::not_authorized)?;
    let user = users::find(call.documents, &customer, &token.subject);
    Ok(Grant {
        is_administrator: user.is_some_and(|user| user["isAdmin"] == true && user["suspended"] != true),
        customer: token.customer,
        scopes: token.scopes,
    })
}

/// Tokens are kept by their digest, so that the state never holds one.
fn key_of(token: &str) -> String {
    ids::hex(ring::digest::digest(&ring::digest::SHA256, token.as_bytes()).as_ref())
}

fn refuse(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "error_description": description}))
}

/// `POST /token`.
pub(super) fn issue(call: &mut Call<'_, '_>) -> Answer {
    let fields = call.request.form();
    let field = |name: &str| {
        fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    if field("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
        return refuse(
            400,
            "unsupported_grant_type",
            "Invalid grant_type: must be urn:ietf:params:oauth:grant-type:jwt-bearer",
        );
    }
    let claims = match claims(field("assertion"), call.now.as_second()) {
        Ok(claims) => claims,
        Err(reason) => return refuse(400, "invalid_grant", reason),
    };
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    let scopes: Vec<String> = text("scope").split_whitespace().map(str::to_owned).collect();
    if scopes.is_empty() || !scopes.iter().all(|scope| scope.starts_with(SCOPE)) {
        return refuse(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.");
    }
    let customer = match customer::of_subject(call.documents, text("sub"), call.now) {
        Ok(Some(customer)) => customer,
        Ok(None) => return refuse(400, "invalid_grant", "Invalid email or User ID"),
        Err(_) => return refuse(500, "internal_failure", "the sandbox could not make a customer"),
    };
    if users::find(call.documents, &customer, text("sub")).is_none() {
        return refuse(400, "invalid_grant", "Invalid email or User ID");
    }
    let account = customer.service_accounts.iter().find(|it| it.email == text("iss"));
    let is_delegated = |scope: &String| {
        account.is_some_and(|it| {
            it.scopes.iter().any(|given| given == scope || format!("{SCOPE}{given}") == *scope)
        })
    };
    if !customer.service_accounts.is_empty() && !scopes.iter().all(is_delegated) {
        return refuse(
            401,
            "unauthorized_client",
            "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.",
        );
    }
    let secret = format!("ya29.c.{}", ids::alphanumeric(180));
    let token = Token {
        customer: customer.id,
        subject: text("sub").to_lowercase(),
        scopes,
        expires_at: call.now.as_second() + LIFETIME_SECONDS,
    };
    call.documents.write(TOKENS, &key_of(&secret), &token);
    let body = json!({"access_token": secret, "expires_in": LIFETIME_SECONDS - 1, "token_type": "Bearer"});
    Answer::json(200, &body).with("cache-control", "no-store")
}

/// The claims of an assertion that is good.
fn claims(assertion: &str, now: i64) -> Result<Value, &'static str> {
    let parts: Vec<&str> = assertion.split('.').collect();
    let read =
        |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let [header, claims, signature] = parts[..] else { return Err("Invalid JWT: Failed to decode.") };
    let signed = format!("{header}.{claims}");
    let (Some(header), Some(claims)) = (read(header), read(claims)) else {
        return Err("Invalid JWT: Failed to decode.");
    };
    if header["alg"] != "RS256" || !is_signed(&signed, signature) {
        return Err("Invalid JWT Signature.");
    }
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    if !text("iss").ends_with(".gserviceaccount.com") {
        return Err("Invalid grant: account not found");
    }
    if text("aud") != AUDIENCE {
        return Err("Invalid JWT: the audience is not the token endpoint.");
    }
    let timeframe = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp \
                     values in the JWT claim.";
    match (claims["iat"].as_i64(), claims["exp"].as_i64()) {
        (Some(from), Some(to)) if from <= now + 300 && to > now && to <= now + 3_600 + 300 => Ok(claims),
        _ => Err(timeframe),
    }
}

fn is_signed(signed: &str, signature: &str) -> bool {
    let verify = || {
        let (_, block) = x509_parser::pem::parse_x509_pem(TEST_KEY.as_bytes()).ok()?;
        let key = RsaKeyPair::from_pkcs8(&block.contents).ok()?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref());
        public.verify(signed.as_bytes(), &signature).ok()
    };
    verify().is_some()
}
