//! Salesforce: the token endpoint, the Metadata API (reads by SOAP, deploys by REST), queries, assignments of permission sets, the public
//! SAML addresses and a few pages of Setup, of any number of organizations. An organization is a My Domain host,
//! `X.my.salesforce.com`, or a seeded one; one that is not seeded is made on first use, with two profiles and nobody.
//!
//! Written from the Metadata API's and REST API's documentation and the published types. Owns routing and the order of authentication;
//! each resource is a file.

mod archive;
mod deploy;
mod formula;
mod idp;
mod metadata;
mod organization;
mod query;
mod records;
mod refusal;
mod seed;
mod setup;
mod soap;
mod token;
mod tree;

use axum::http::Method;

use self::organization::{Edition, ORGANIZATIONS, Settings};
use self::refusal::Refusal;
use super::login::{Assertion, Refused, SignIn};
use super::message::Answer;
use super::store::Transaction;
use super::vendor::{Call, Vendor};

pub(crate) use self::seed::Seed;

/// The vendor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Salesforce;

/// A resource's answer.
type Outcome = Result<Answer, Refusal>;

impl Vendor for Salesforce {
    fn serves(&self, host: &str, documents: &Transaction<'_>) -> bool {
        host.strip_suffix(".my.salesforce.com").is_some_and(|name| !name.is_empty())
            || documents.get(ORGANIZATIONS, host).is_some()
    }

    fn answer(&self, call: &mut Call<'_, '_>) -> Answer {
        let settings = organization::ensure(call.documents, &call.request.host);
        let standing = call.memory.rates.count(&call.request.host, settings.rate_limit, call.now);
        if !standing.allowed {
            return too_many();
        }
        deploy::carry_out_due(call, &settings);
        route(call, &settings).unwrap_or_else(|refusal| refusal.answer())
    }

    fn too_many(&self, _reset: i64) -> Answer {
        too_many()
    }

    fn sign_in(&self, documents: &mut Transaction<'_>, attempt: &SignIn<'_>) -> Result<Assertion, Refused> {
        idp::respond(documents, attempt)
    }
}

/// Salesforce says 403 and names no time: its limit is one of a day.
fn too_many() -> Answer {
    Refusal::new(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.").answer()
}

fn route(call: &mut Call<'_, '_>, settings: &Settings) -> Outcome {
    let request = call.request;
    let route = request.route();
    match (&request.method, route.as_slice()) {
        (&Method::POST, ["services", "oauth2", "token"]) => return Ok(token::issue(call, settings)),
        (&Method::POST, ["services", "Soap", "m", version]) => {
            check_version(version)?;
            return Ok(soap::answer(call, settings));
        }
        (&Method::GET, [".well-known", "samlidp.xml"]) => return idp::published(call),
        (&Method::GET | &Method::POST, ["idp", "endpoint", "HttpRedirect" | "HttpPost"]) => {
            return idp::login_page(call);
        }
        (_, ["lightning", "setup", page, "home"]) => return setup::answer(call, settings, page),
        _ => {}
    }
    let ["services", "data", version, resource @ ..] = route.as_slice() else {
        return Err(Refusal::not_found());
    };
    check_version(version.strip_prefix('v').ok_or_else(Refusal::not_found)?)?;
    if settings.edition == Edition::Professional {
        return Err(Refusal::no_api());
    }
    if !token::is_valid(call, request.bearer().unwrap_or_default()) {
        return Err(Refusal::session());
    }
    match (&request.method, resource) {
        (&Method::GET, ["query"]) => query::run(call, settings),
        (&Method::GET, ["query", locator]) => query::more(call, settings, locator),
        (&Method::POST, ["composite", "sobjects"]) => records::create(call),
        (&Method::DELETE, ["sobjects", "PermissionSetAssignment", id]) => records::delete(call, id),
        (&Method::POST, ["metadata", "deployRequest"]) => deploy::create(call),
        (&Method::GET, ["metadata", "deployRequest", id]) => deploy::read(call, settings, id),
        (_, ["query" | "metadata" | "composite" | "sobjects", ..]) => Err(Refusal::method()),
        _ => Err(Refusal::not_found()),
    }
}

/// `63.0`; the sandbox plays the versions from the first with SAML for external client apps on.
fn check_version(text: &str) -> Result<(), Refusal> {
    let number: Option<f32> = text.parse().ok();
    match number {
        Some(number) if (63.0..200.0).contains(&number) && text.contains('.') => Ok(()),
        _ => Err(Refusal::not_found()),
    }
}
