//! Twilio: the Flex API, what Flex's login uses without credentials, organizations, and a page in place of the Console. An account that is not
//! seeded is made on first use.
//!
//! Twilio publishes no API for SSO profiles, so there is none here: they are made on the console page. Owns routing by host; each
//! resource is a file.

mod account;
mod authn_request;
mod configuration;
mod console;
mod console_page;
mod flex_users;
mod legacy;
mod organization;
mod profile;
mod refusal;
mod seed;
mod services;
mod test_login;

use axum::http::Method;
use serde_json::{Value, json};

use self::account::{ACCOUNTS, Account};
use self::refusal::Refusal;
use super::ids;
use super::message::{Answer, BodyError, Request};
use super::rate::Limit;
use super::store::Transaction;
use super::vendor::{Call, Vendor};

pub(crate) use self::seed::Seed;

/// The vendor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Twilio;

/// A resource's answer.
type Outcome = Result<Answer, Refusal>;

const HOSTS: [&str; 5] = [
    "services.twilio.com",
    "login.flex.us1.twilio.com",
    "flex-api.twilio.com",
    "console.twilio.com",
    "api.twilio.com",
];

/// The connection and the OAuth client of an account's Flex, if exactly one of its SSO profiles is active: what a deployment of a
/// self-hosted Flex UI would ask for.
pub(crate) fn active_connection(documents: &Transaction<'_>, account: &str) -> Option<(String, String)> {
    let mut active = profile::of_account(documents, account).into_iter().filter(|profile| profile.active);
    match (active.next(), active.next()) {
        (Some(profile), None) => Some((profile.sid, profile.client_id)),
        _ => None,
    }
}

impl Vendor for Twilio {
    fn serves(&self, host: &str, _documents: &Transaction<'_>) -> bool {
        HOSTS.contains(&host) || organization::HOSTS.contains(&host)
    }

    fn answer(&self, call: &mut Call<'_, '_>) -> Answer {
        let (key, limit) = organization::limit_of_token(call).unwrap_or_else(|| {
            let user = call.request.basic().map(|(user, _)| user);
            (user.unwrap_or_else(|| call.request.host.clone()), limit_of(call))
        });
        let standing = call.memory.rates.count(&key, limit, call.now);
        if !standing.allowed {
            return if organization::HOSTS.contains(&call.request.host.as_str()) {
                with_headers(organization::too_many(call.request))
            } else {
                self.too_many(standing.reset)
            };
        }
        with_headers(route(call).unwrap_or_else(|refusal| refusal.answer()))
    }

    fn too_many(&self, _reset: i64) -> Answer {
        with_headers(Refusal::new(429, 20429, "Too Many Requests").answer())
    }
}

/// The limit of the account whose SID signs the request; other requests have the default one.
fn limit_of(call: &Call<'_, '_>) -> Limit {
    let user = call.request.basic().map(|(user, _)| user);
    let account = user.and_then(|user| {
        call.documents.read::<Account>(ACCOUNTS, &user).or_else(|| {
            account::all(call.documents).into_iter().find(|a| a.api_keys.iter().any(|k| k.sid == user))
        })
    });
    account.map(|account| account.rate_limit).unwrap_or_default()
}

fn with_headers(answer: Answer) -> Answer {
    answer.with("twilio-request-id", format!("RQ{}", ids::hex32())).with("twilio-concurrent-requests", "1")
}

fn route(call: &mut Call<'_, '_>) -> Outcome {
    let request = call.request;
    let route = request.route();
    let segments = route.as_slice();
    match (request.host.as_str(), &request.method) {
        ("console.twilio.com", _) => Ok(console::answer(call)),
        ("services.twilio.com", &Method::GET) => match segments {
            ["v1", "Flex", "Authentication", "Config"] => services::config(call),
            ["v1", "Flex", "Authorize"] => services::authorize(call),
            _ => Err(Refusal::not_found(&request.path)),
        },
        ("login.flex.us1.twilio.com", &Method::GET) => match segments {
            ["authorize"] => services::login(call),
            _ => Err(Refusal::not_found(&request.path)),
        },
        (host, _) if organization::HOSTS.contains(&host) => Ok(organization::answer(call)),
        ("api.twilio.com", &Method::GET) => accounts_api(call, segments),
        ("flex-api.twilio.com", method) => flex_api(call, method, segments),
        _ => Err(Refusal::not_found(&request.path)),
    }
}

fn flex_api(call: &mut Call<'_, '_>, method: &Method, segments: &[&str]) -> Outcome {
    match (method, segments) {
        (&Method::GET, ["v1", "Configuration"]) => configuration::read(call),
        (&Method::POST, ["v1", "Configuration"]) => configuration::update(call),
        (&Method::GET, ["v1", "Configuration", "Public"]) => configuration::public(call),
        (&Method::GET, ["v1", "Instances", instance, "Users"]) => flex_users::list(call, instance),
        (&Method::GET, ["v2", "Instances", instance, "Users", sid]) => {
            flex_users::v2_read(call, instance, sid)
        }
        (&Method::POST, ["v2", "Instances", instance, "Users", sid]) => {
            flex_users::v2_update(call, instance, sid)
        }
        (&Method::GET, ["v4", "Instances", instance, "Users"]) => flex_users::by_name(call, instance),
        (&Method::POST, ["v4", "Instances", instance, "Users", "Provision"]) => {
            flex_users::create(call, instance)
        }
        (&Method::POST, ["v4", "Instances", instance, "Users", "Deprovision"]) => {
            flex_users::deprovision(call, instance)
        }
        (&Method::GET, ["v4", "Instances", instance, "Users", sid]) => flex_users::read(call, instance, sid),
        _ => {
            account::authenticate(call, None)?;
            Err(Refusal::not_found(&call.request.path))
        }
    }
}

/// The account that the credentials belong to.
fn accounts_api(call: &mut Call<'_, '_>, segments: &[&str]) -> Outcome {
    let view = |account: &Account| {
        json!({
            "sid": account.sid, "friendly_name": account.friendly_name, "status": "active", "type": "Full",
            "owner_account_sid": account.sid, "date_created": account.created_at, "date_updated": account.updated_at,
            "uri": format!("/2010-04-01/Accounts/{}.json", account.sid),
        })
    };
    match segments {
        ["2010-04-01", "Accounts.json"] => {
            let account = account::authenticate(call, None)?;
            let body = json!({
                "accounts": [view(&account)], "page": 0, "page_size": 50, "start": 0, "end": 0,
                "first_page_uri": "/2010-04-01/Accounts.json?PageSize=50&Page=0", "next_page_uri": null,
                "previous_page_uri": null, "uri": "/2010-04-01/Accounts.json?PageSize=50&Page=0",
            });
            Ok(Answer::json(200, &body))
        }
        ["2010-04-01", "Accounts", file] => {
            let sid = file.strip_suffix(".json").unwrap_or(file);
            let account = account::authenticate(call, account::is_sid(sid, "AC").then_some(sid))?;
            if account.sid != sid {
                return Err(Refusal::not_found(&call.request.path));
            }
            Ok(Answer::json(200, &view(&account)))
        }
        _ => Err(Refusal::not_found(&call.request.path)),
    }
}

/// The request's JSON body, in Flex's words where there is none.
fn json_body(request: &Request) -> Result<Value, Refusal> {
    request.json().map_err(|error| match error {
        BodyError::ContentType(kind) => {
            Refusal::new(415, 45004, format!("Content-Type must be application/json, not {kind:?}"))
        }
        BodyError::Json(detail) => Refusal::flex(format!("Invalid JSON: {detail}")),
    })
}
