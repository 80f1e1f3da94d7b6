//! Auth0: the Management API v2, the token endpoint and the public SAML addresses of any number of tenants. A tenant is a host,
//! `X.auth0.com` or a seeded domain; one that is not seeded is made on first use, empty.
//!
//! Written from the specification of 2026-06-25 and from what recorded traffic shows beside it. Owns routing, authentication
//! order and the headers of every answer; each resource is a file.

mod actions;
mod bindings;
mod clients;
mod keys;
mod login;
mod paging;
mod query;
mod refusal;
mod search;
mod seed;
mod shape;
mod tenant;
mod token;
mod users;

use axum::http::Method;
use serde_json::Value;

use self::refusal::Refusal;
use self::tenant::{Settings, TENANTS};
use super::ids;
use super::login::{Assertion, Refused, SignIn};
use super::message::{Answer, BodyError, Request};
use super::rate::Standing;
use super::store::Transaction;
use super::vendor::{Call, Vendor};

pub(crate) use self::search::Memory;
pub(crate) use self::seed::Seed;

/// The vendor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Auth0;

/// A resource's answer.
pub(crate) type Outcome = Result<Answer, Refusal>;

impl Vendor for Auth0 {
    fn serves(&self, host: &str, documents: &Transaction<'_>) -> bool {
        host.ends_with(".auth0.com") || documents.get(TENANTS, host).is_some()
    }

    fn answer(&self, call: &mut Call<'_, '_>) -> Answer {
        let settings = match tenant::ensure(call.documents, &call.request.host, call.now) {
            Ok(settings) => settings,
            Err(error) => return Answer::text(500, "text/plain", format!("{error}\n")),
        };
        let standing = call.memory.rates.count(&call.request.host, settings.rate_limit, call.now);
        if !standing.allowed {
            return with_headers(too_many(), standing);
        }
        call.memory.auth0.count_request(&call.request.host);
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
    Refusal::new(429, "too_many_requests", "Global limit has been reached").answer()
}

fn with_headers(answer: Answer, standing: Standing) -> Answer {
    answer
        .with("x-ratelimit-limit", standing.limit.to_string())
        .with("x-ratelimit-remaining", standing.remaining.to_string())
        .with("x-ratelimit-reset", standing.reset.to_string())
        .with("x-auth0-requestid", &ids::hex32()[..20])
}

fn route(call: &mut Call<'_, '_>, settings: &Settings) -> Outcome {
    let request = call.request;
    let route = request.route();
    match (&request.method, route.as_slice()) {
        (&Method::POST, ["oauth", "token"]) => return Ok(token::issue(call, settings)),
        (&Method::GET, ["samlp", "metadata", client]) => return keys::metadata(call, client),
        (&Method::GET | &Method::POST, ["samlp", client]) => return keys::login_page(call, client),
        _ => {}
    }
    let ["api", "v2", resource @ ..] = route.as_slice() else { return Err(Refusal::no_such_path()) };
    let grant = token::grant(call)?;
    match (&request.method, resource) {
        (&Method::GET, ["clients"]) => clients::list(call, &grant),
        (&Method::POST, ["clients"]) => clients::create(call, &grant),
        (&Method::GET, ["clients", id]) => clients::read(call, &grant, id),
        (&Method::PATCH, ["clients", id]) => clients::update(call, &grant, id),
        (&Method::DELETE, ["clients", id]) => clients::delete(call, &grant, id),
        (&Method::GET, ["actions", "actions"]) => actions::list(call, &grant),
        (&Method::POST, ["actions", "actions"]) => actions::create(call, &grant, settings),
        (&Method::GET, ["actions", "actions", id]) => actions::read(call, &grant, id),
        (&Method::PATCH, ["actions", "actions", id]) => actions::update(call, &grant, id, settings),
        (&Method::DELETE, ["actions", "actions", id]) => actions::delete(call, &grant, id),
        (&Method::POST, ["actions", "actions", id, "deploy"]) => actions::deploy(call, &grant, id),
        (&Method::GET, ["actions", "actions", id, "versions"]) => actions::versions(call, &grant, id),
        (&Method::GET, ["actions", "triggers", trigger, "bindings"]) => bindings::list(call, &grant, trigger),
        (&Method::PATCH, ["actions", "triggers", trigger, "bindings"]) => {
            bindings::replace(call, &grant, trigger)
        }
        (&Method::GET, ["users"]) => users::search(call, &grant, settings),
        (&Method::POST, ["users"]) => users::create(call, &grant),
        (&Method::GET, ["users-by-email"]) => users::by_email(call, &grant),
        (&Method::GET, ["users", id]) => users::read(call, &grant, id),
        (&Method::PATCH, ["users", id]) => users::update(call, &grant, id),
        (&Method::DELETE, ["users", id]) => users::delete(call, &grant, id),
        (&Method::GET, ["keys", "signing"]) => keys::list(call, &grant),
        (&Method::POST, ["keys", "signing", "rotate"]) => keys::rotate(call, &grant),
        (&Method::GET, ["connections"]) => clients::connections(call, &grant),
        _ => Err(Refusal::no_such_path()),
    }
}

/// The request's JSON body.
fn body_of(request: &Request) -> Result<Value, Refusal> {
    request.json().map_err(|error| match error {
        BodyError::ContentType(kind) => {
            Refusal::new(415, "unsupported_media_type", format!("Unsupported Media Type: {kind}"))
        }
        BodyError::Json(detail) => {
            Refusal::new(400, "invalid_body", format!("Invalid request payload JSON format: {detail}"))
        }
    })
}
