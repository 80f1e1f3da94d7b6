//! What Flex's own login uses without credentials: the list of connections, and the way to the identity provider.

use serde_json::{Value, json};
use url::Url;

use crate::sandbox::ids;
use crate::sandbox::message::Answer;
use crate::sandbox::vendor::Call;

use super::Outcome;
use super::account::{self, Account, is_sid};
use super::authn_request;
use super::profile::{self, Profile};
use super::refusal::Refusal;

/// The public list of connections of an account, an instance, a runtime domain or one profile.
pub(crate) fn config(call: &mut Call<'_, '_>) -> Outcome {
    let request = call.request;
    let path = &request.path;
    let known = ["AccountSid", "FlexInstanceSid", "RuntimeDomain", "SSOProfileSid", "AppType"];
    if let Some((name, _)) = request.query.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        return Err(Refusal::parameter(format!("Unknown parameter {name}")));
    }
    if let Some(kind) = request.parameter("AppType")
        && !["SinglePageApp", "MobileApp"].contains(&kind)
    {
        return Err(Refusal::parameter(format!("Invalid AppType {kind:?}")));
    }
    if let Some(sid) = request.parameter("SSOProfileSid") {
        let (account, profile) =
            profile::find(call.documents, sid).ok_or_else(|| Refusal::not_found(path))?;
        return Ok(Answer::json(200, &json!({"config_list": [entry(&account, &profile)]})));
    }
    let account = if let Some(sid) = request.parameter("AccountSid") {
        Some(account::ensure(call.documents, sid, call.now)?)
    } else if let Some(instance) = request.parameter("FlexInstanceSid") {
        account::all(call.documents).into_iter().find(|a| a.flex_instance == instance)
    } else if let Some(domain) = request.parameter("RuntimeDomain") {
        account::all(call.documents).into_iter().find(|a| a.runtime_domain == domain)
    } else {
        return Err(Refusal::parameter(
            "One of AccountSid, FlexInstanceSid, RuntimeDomain, SSOProfileSid is required",
        ));
    };
    let account = account.ok_or_else(|| Refusal::not_found(path))?;
    let profiles = profile::of_account(call.documents, &account.sid);
    let list: Vec<Value> = profiles.iter().map(|profile| entry(&account, profile)).collect();
    Ok(Answer::json(200, &json!({"config_list": list})))
}

fn entry(account: &Account, profile: &Profile) -> Value {
    json!({
        "account_sid": account.sid, "instance_sid": account.flex_instance, "connection_name": profile.sid,
        "client_id": profile.client_id, "active": profile.active, "app_type": "SinglePageApp",
        "sso_profile_sid": profile.sid,
    })
}

/// The start of a login: to the login host, where the redirect URL is trusted.
pub(crate) fn authorize(call: &mut Call<'_, '_>) -> Outcome {
    let request = call.request;
    let required = |name: &str| {
        let value = request.parameter(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| Refusal::parameter(format!("The parameter {name} is required")))
    };
    let challenge = required("codeChallenge")?;
    let nonce = required("nonce")?;
    let redirect = required("redirectUrl")?;
    let sid = required("ssoProfileSid")?;
    // RFC 7636, section 4.2: Base64url of SHA-256 has 43 characters.
    if challenge.len() != 43
        || !challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    {
        return Err(Refusal::parameter("codeChallenge must be the Base64url form of a SHA-256 digest"));
    }
    if !is_sid(sid, "JQ") {
        return Err(Refusal::parameter(format!("{sid:?} is not an SSO profile SID")));
    }
    let (account, profile) =
        profile::find(call.documents, sid).ok_or_else(|| Refusal::not_found(&request.path))?;
    if !profile.active {
        return Err(Refusal::parameter(format!("The SSO profile {sid} is not active")));
    }
    let trusted = Url::parse(redirect).is_ok_and(|url| profile.trusts(&url, &account.runtime_domain));
    if !trusted {
        return Err(Refusal::parameter(format!("redirectUrl {redirect:?} is not a trusted URL")));
    }
    let mut url = Url::parse("https://login.flex.us1.twilio.com/authorize").expect("a constant URL");
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &profile.client_id)
        .append_pair("connection", &profile.sid)
        .append_pair("redirect_uri", "https://services.twilio.com/v1/Flex/Authentication/Callback")
        .append_pair("code_challenge", challenge)
        .append_pair("code_challenge_method", "S256")
        .append_pair("nonce", nonce)
        .append_pair("state", &ids::hex32());
    Ok(Answer::redirect(302, url.as_str()))
}

/// The login host: on to the identity provider with a SAML request.
pub(crate) fn login(call: &mut Call<'_, '_>) -> Outcome {
    let request = call.request;
    let Some(sid) = request.parameter("connection") else {
        return Err(Refusal::parameter("The parameter connection is required"));
    };
    let (_, profile) = profile::find(call.documents, sid).ok_or_else(|| Refusal::not_found(&request.path))?;
    if request.parameter("client_id") != Some(&profile.client_id) {
        return Err(Refusal::parameter("client_id is not the client of this connection"));
    }
    if !profile.active {
        return Err(Refusal::parameter(format!("The SSO profile {sid} is not active")));
    }
    let relay_state = request.parameter("state").map_or_else(ids::hex32, str::to_owned);
    match authn_request::redirect(&profile, &relay_state, call.now) {
        Some(location) => Ok(Answer::redirect(302, &location)),
        None => Err(Refusal::settings("ssoUrl", "malformed single sign-on URL")),
    }
}
