//! Okta: the management API, the token endpoint and the public SAML addresses of any number of organizations. An organization is a
//! host, `X.okta.com` or `X.oktapreview.com`, or a seeded one; one that is not seeded is made on first use, empty.
//!
//! Written from the specification 2026.06.3 and from what recorded traffic shows beside it: nulls where the specification has texts,
//! 200 for what is made, a setting that no specification names. Owns routing, authentication order and the headers of every answer;
//! each resource is a file.

mod apps;
mod assignments;
mod directory;
mod expression;
mod keys;
mod login;
mod organization;
mod paging;
mod refusal;
mod seed;
mod token;
mod validation;

use axum::http::Method;
use serde_json::Value;

use self::organization::{ORGANIZATIONS, Settings};
use self::refusal::Refusal;
use super::ids;
use super::login::{Assertion, Refused, SignIn};
use super::message::{Answer, Request};
use super::rate::Standing;
use super::store::Transaction;
use super::vendor::{Call, Vendor};

pub(crate) use self::seed::Seed;

/// The vendor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Okta;

/// A resource's answer.
type Outcome = Result<Answer, Refusal>;

impl Vendor for Okta {
    fn serves(&self, host: &str, documents: &Transaction<'_>) -> bool {
        let is_organization =
            |suffix: &str| host.strip_suffix(suffix).is_some_and(|name| !name.is_empty() && name != "www");
        is_organization(".okta.com")
            || is_organization(".oktapreview.com")
            || documents.get(ORGANIZATIONS, host).is_some()
    }

    fn answer(&self, call: &mut Call<'_, '_>) -> Answer {
        let settings = organization::ensure(call.documents, &call.request.host);
        let standing = call.memory.rates.count(&call.request.host, settings.rate_limit, call.now);
        if !standing.allowed {
            return with_headers(too_many(), standing);
        }
        let answer = route(call, &settings).unwrap_or_else(|refusal| refusal.answer());
        with_headers(answer, standing)
    }

    fn too_many(&self, reset: i64) -> Answer {
        with_headers(too_many(), Standing { allowed: false, limit: 10, remaining: 0, reset })
    }

    fn sign_in(&self, documents: &mut Transaction<'_>, attempt: &SignIn<'_>) -> Result<Assertion, Refused> {
        login::respond(documents, attempt)
    }
}

fn too_many() -> Answer {
    Refusal::new(429, "E0000047", "API call exceeded rate limit due to too many requests.").answer()
}

fn with_headers(answer: Answer, standing: Standing) -> Answer {
    answer
        .with("x-rate-limit-limit", standing.limit.to_string())
        .with("x-rate-limit-remaining", standing.remaining.to_string())
        .with("x-rate-limit-reset", standing.reset.to_string())
        .with("x-okta-request-id", ids::alphanumeric(24))
}

fn route(call: &mut Call<'_, '_>, settings: &Settings) -> Outcome {
    let request = call.request;
    let route = request.route();
    match (&request.method, route.as_slice()) {
        (&Method::POST, ["oauth2", "v1", "token"]) => return Ok(token::issue(call)),
        (&Method::GET, ["app", key, "sso", "saml", "metadata"]) => return keys::public_metadata(call, key),
        (&Method::GET | &Method::POST, ["app", _, key, "sso", "saml"]) => return keys::login_page(call, key),
        _ => {}
    }
    let ["api", "v1", resource @ ..] = route.as_slice() else { return Err(Refusal::no_such_path()) };
    let grant = token::grant(call, settings)?;
    grant.require(&request.method, resource.first().copied().unwrap_or_default())?;
    match (&request.method, resource) {
        (&Method::GET, ["apps"]) => apps::list(call),
        (&Method::POST, ["apps"]) => apps::create(call),
        (&Method::GET, ["apps", id]) => apps::read(call, id),
        (&Method::PUT, ["apps", id]) => apps::replace(call, id),
        (&Method::DELETE, ["apps", id]) => apps::delete(call, id),
        (&Method::POST, ["apps", id, "lifecycle", "activate"]) => apps::set_status(call, id, "ACTIVE"),
        (&Method::POST, ["apps", id, "lifecycle", "deactivate"]) => apps::set_status(call, id, "INACTIVE"),
        (&Method::GET, ["apps", id, "credentials", "keys"]) => keys::list(call, id),
        (&Method::POST, ["apps", id, "credentials", "keys", "generate"]) => keys::generate(call, id),
        (&Method::GET, ["apps", id, "credentials", "keys", kid]) => keys::read(call, id, kid),
        (&Method::GET, ["apps", id, "sso", "saml", "metadata"]) => keys::metadata(call, id),
        (&Method::GET, ["apps", id, "users"]) => assignments::users(call, id),
        (&Method::POST, ["apps", id, "users"]) => assignments::assign_user(call, id),
        (&Method::GET, ["apps", id, "users", user]) => assignments::user(call, id, user),
        (&Method::POST, ["apps", id, "users", user]) => assignments::update_user(call, id, user),
        (&Method::DELETE, ["apps", id, "users", user]) => assignments::unassign_user(call, id, user),
        (&Method::GET, ["apps", id, "groups"]) => assignments::groups(call, id),
        (&Method::GET, ["apps", id, "groups", group]) => assignments::group(call, id, group),
        (&Method::PUT, ["apps", id, "groups", group]) => assignments::assign_group(call, id, group),
        (&Method::DELETE, ["apps", id, "groups", group]) => assignments::unassign_group(call, id, group),
        (&Method::GET, ["users"]) => directory::users(call),
        (&Method::GET, ["users", id]) => directory::user(call, id),
        (&Method::GET, ["groups"]) => directory::groups(call),
        (&Method::GET, ["groups", id]) => directory::group(call, id),
        (&Method::GET, ["groups", id, "users"]) => directory::members(call, id),
        // There is no PUT for an application's users.
        (_, ["apps" | "users" | "groups", ..]) => Err(Refusal::method()),
        _ => Err(Refusal::no_such_path()),
    }
}

/// The request's JSON body.
fn body_of(request: &Request) -> Result<Value, Refusal> {
    request.json().map_err(|_| Refusal::new(400, "E0000003", "The request body was not well-formed."))
}
