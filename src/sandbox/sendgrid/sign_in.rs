//! The app's page about SSO, and a simulated sign-in: the identity provider's half comes through the vendor seam, the checks of SendGrid
//! are here.

use axum::http::Method;
use serde_json::{Value, json};
use url::Url;

use crate::sandbox::certificate;
use crate::sandbox::login::{Assertion, Refused, SignIn};
use crate::sandbox::message::Answer;
use crate::sandbox::vendor::{self, Call};

use super::account::{self, Account};
use super::integrations::{self, Integration};
use super::refusal::Refusal;
use super::{Outcome, certificates, teammates};

/// Answers a request to the app.
pub(super) fn page(call: &mut Call<'_, '_>) -> Outcome {
    let request = call.request;
    match (&request.method, request.route().as_slice()) {
        (&Method::GET, ["settings", "sso"]) => Ok(list(call)),
        (&Method::POST, ["settings", "sso", id, "test"]) => test(call, id),
        _ => Err(Refusal::no_such_path()),
    }
}

fn list(call: &Call<'_, '_>) -> Answer {
    let accounts = account::all(call.documents);
    let integrations: Vec<Value> = accounts
        .iter()
        .flat_map(|account| integrations::all(call.documents, account))
        .map(|it| json!({"id": it.id, "name": it.name, "enabled": it.enabled}))
        .collect();
    Answer::json(200, &json!({"integrations": integrations}))
}

fn test(call: &mut Call<'_, '_>, id: &str) -> Outcome {
    let body = call.request.json().map_err(|_| Refusal::body())?;
    let user = body["user"].as_str().ok_or_else(|| Refusal::field("user", "user is required"))?;
    let accounts = account::all(call.documents);
    let found = accounts
        .iter()
        .find_map(|account| Some((account, integrations::find(call.documents, account, id).ok()?)));
    let (account, integration) = found.ok_or_else(|| Refusal::not_found("integration"))?;
    let result = match attempt(call, account, &integration, user) {
        Ok(()) => json!({"result": "success", "user": user}),
        Err(Refused { reason, message }) => {
            json!({"result": "failure", "user": user, "error": {"reason": reason, "message": message}})
        }
    };
    Ok(Answer::json(200, &result))
}

fn attempt(
    call: &mut Call<'_, '_>,
    account: &Account,
    integration: &Integration,
    user: &str,
) -> Result<(), Refused> {
    if !integration.enabled {
        return Err(Refused::new("integration_disabled", "the integration is switched off"));
    }
    let sso_url = Url::parse(&integration.signin_url)
        .map_err(|_| Refused::new("idp_not_reachable", "the sign-in URL is malformed"))?;
    let url = integration.url();
    let attempt = SignIn { sso_url: &sso_url, entity_id: &url, acs_url: &url, email: user, now: call.now };
    let host = sso_url.host_str().unwrap_or_default();
    let assertion = match vendor::of_host(host, call.documents) {
        Some(vendor) => vendor.sign_in(call.documents, &attempt)?,
        None => return Err(Refused::new("idp_not_reachable", format!("{host} does not exist"))),
    };
    check_certificate(call, account, integration, &assertion)?;
    let same = |reason, what: &str, found: &str, wanted: &str| {
        if found == wanted {
            return Ok(());
        }
        Err(Refused::new(reason, format!("the {what} of the response is {found}, expected {wanted}")))
    };
    same("issuer_mismatch", "issuer", &assertion.issuer, &integration.entity_id)?;
    same("audience_mismatch", "audience", &assertion.audience, &url)?;
    same("recipient_mismatch", "recipient", &assertion.recipient, &url)?;
    same("destination_mismatch", "destination", &assertion.destination, &url)?;
    match teammates::find(call.documents, account, &assertion.name_id) {
        Ok(teammate) if teammate.is_sso => Ok(()),
        Ok(_) => {
            let message = format!("{} signs in with a password", assertion.name_id);
            Err(Refused::new("teammate_not_sso", message))
        }
        Err(_) => {
            let message = format!("{} is no teammate of the account", assertion.name_id);
            Err(Refused::new("teammate_not_found", message))
        }
    }
}

fn check_certificate(
    call: &Call<'_, '_>,
    account: &Account,
    integration: &Integration,
    assertion: &Assertion,
) -> Result<(), Refused> {
    if !assertion.response_signed {
        return Err(Refused::new("response_not_signed", "the response is not signed"));
    }
    let signing = certificate::read(&assertion.certificate).ok();
    let trusted = certificates::of(call.documents, account, &integration.id).into_iter().find(|it| {
        let stored = certificate::read(&it.public_certificate).ok();
        it.enabled && stored.is_some() && stored.map(|it| it.der) == signing.as_ref().map(|it| it.der.clone())
    });
    match trusted {
        None => Err(Refused::new(
            "certificate_mismatch",
            "no enabled certificate of the integration is the one that signs the response",
        )),
        Some(it) if it.not_after < call.now.as_second() => {
            Err(Refused::new("certificate_expired", "the certificate of the integration has expired"))
        }
        Some(_) => Ok(()),
    }
}
