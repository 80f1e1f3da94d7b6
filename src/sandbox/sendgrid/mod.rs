//! SendGrid: the SSO API (integrations, certificates, SSO teammates), the teammates API as far as SSO teammates need it, and the page
//! in its app where somebody tests a sign-in.
//!
//! `api.sendgrid.com` and `api.eu.sendgrid.com` have accounts of their own. Which one is meant is the API key's: the account that lists
//! it, else the first of the region without keys; where a region has no account at all, one is made on first use, empty.
//!
//! Written from the specifications `tsg_sso_v3` and `tsg_teammates_v3` (sendgrid-oai dbe0e0d), including what looks like slips: new
//! integrations and certificates answer 200 and new SSO teammates 201; the answer to a new integration has neither its ID nor its URLs,
//! that to a read one only the audience URL; a certificate answers `intergration_id` and not whether it is enabled; a deleted certificate
//! answers 200 with what it was; errors are a bare array in the SSO API and `{errors: [...]}` in the teammates API. Not documented,
//! and chosen: the headers of the rate limit, that a malformed URL is refused, that every teammate gets `2fa_required`.
//!
//! # The app
//!
//! | request (host `app.sendgrid.com`) | does | answer |
//! | --- | --- | --- |
//! | `GET /settings/sso` | lists the integrations of all accounts | 200 `{integrations: [...]}` |
//! | `POST /settings/sso/ID/test` `{user: E-MAIL}` | simulates a sign-in | 200 `{result: success or failure, user, error?: {reason, message}}` |
//!
//! Reasons: `integration_disabled`, `idp_not_reachable`, what the identity provider says (`user_not_assigned`, ...),
//! `response_not_signed`, `certificate_mismatch`, `certificate_expired`, `issuer_mismatch`, `audience_mismatch`, `recipient_mismatch`,
//! `destination_mismatch`, `teammate_not_found`, `teammate_not_sso`.

mod account;
mod certificates;
mod integrations;
mod refusal;
mod seed;
mod sign_in;
mod teammates;

use axum::http::Method;

use self::account::{Account, EU, GLOBAL};
use self::refusal::Refusal;
use super::message::Answer;
use super::rate::Standing;
use super::store::Transaction;
use super::vendor::{Call, Vendor};

pub(crate) use self::seed::Seed;

/// Where people work with SendGrid.
const APP: &str = "app.sendgrid.com";

/// The vendor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SendGrid;

/// A resource's answer.
type Outcome = Result<Answer, Refusal>;

impl Vendor for SendGrid {
    fn serves(&self, host: &str, _documents: &Transaction<'_>) -> bool {
        [GLOBAL, EU, APP].contains(&host)
    }

    fn answer(&self, call: &mut Call<'_, '_>) -> Answer {
        if call.request.host == APP {
            return sign_in::page(call).unwrap_or_else(|refusal| refusal.answer());
        }
        let is_sso = !call.request.path.starts_with("/v3/teammates");
        let wire = |refusal: Refusal| if is_sso { refusal.answer() } else { refusal.answer_in_object() };
        let account = match account::of(call) {
            Ok(account) => account,
            Err(refusal) => return wire(refusal),
        };
        let standing = call.memory.rates.count(&account.table("rate"), account.rate_limit, call.now);
        let answer = if standing.allowed {
            route(call, &account).unwrap_or_else(wire)
        } else {
            wire(Refusal::too_many())
        };
        with_headers(answer, standing)
    }

    fn too_many(&self, reset: i64) -> Answer {
        let standing = Standing { allowed: false, limit: 600, remaining: 0, reset };
        with_headers(Refusal::too_many().answer(), standing)
    }
}

fn with_headers(answer: Answer, standing: Standing) -> Answer {
    answer
        .with("x-ratelimit-limit", standing.limit.to_string())
        .with("x-ratelimit-remaining", standing.remaining.to_string())
        .with("x-ratelimit-reset", standing.reset.to_string())
}

fn route(call: &mut Call<'_, '_>, account: &Account) -> Outcome {
    let request = call.request;
    let route = request.route();
    match (&request.method, route.as_slice()) {
        (&Method::GET, ["v3", "sso", "integrations"]) => Ok(integrations::list(call, account)),
        (&Method::POST, ["v3", "sso", "integrations"]) => integrations::create(call, account),
        (&Method::GET, ["v3", "sso", "integrations", id]) => integrations::read(call, account, id),
        (&Method::PATCH, ["v3", "sso", "integrations", id]) => integrations::update(call, account, id),
        (&Method::DELETE, ["v3", "sso", "integrations", id]) => integrations::delete(call, account, id),
        (&Method::GET, ["v3", "sso", "integrations", id, "certificates"]) => {
            certificates::list(call, account, id)
        }
        (&Method::POST, ["v3", "sso", "certificates"]) => certificates::create(call, account),
        (&Method::GET, ["v3", "sso", "certificates", id]) => certificates::read(call, account, id),
        (&Method::PATCH, ["v3", "sso", "certificates", id]) => certificates::update(call, account, id),
        (&Method::DELETE, ["v3", "sso", "certificates", id]) => certificates::delete(call, account, id),
        (&Method::POST, ["v3", "sso", "teammates"]) => teammates::create(call, account),
        (&Method::PATCH, ["v3", "sso", "teammates", name]) => teammates::update(call, account, name),
        (&Method::GET, ["v3", "teammates"]) => teammates::list(call, account),
        (&Method::GET, ["v3", "teammates", name]) => teammates::read(call, account, name),
        (&Method::DELETE, ["v3", "teammates", name]) => teammates::delete(call, account, name),
        (&Method::GET, ["v3", "teammates", name, "subuser_access"]) => {
            teammates::subuser_access(call, account, name)
        }
        (_, ["v3", "sso", "integrations" | "certificates" | "teammates", ..] | ["v3", "teammates", ..]) => {
            Err(Refusal::method())
        }
        _ => Err(Refusal::no_such_path()),
    }
}
