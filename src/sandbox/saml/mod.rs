//! Identity providers without an API: public metadata, a sign-in address, and a page in place of each one's administration, for people and
//! programs alike (JSON). Each is a seeded host; there are no others.
//!
//! | request (at the identity provider's host) | does | JSON answer |
//! | --- | --- | --- |
//! | `GET metadataPath` | the metadata | 200, XML |
//! | `GET` or `POST ssoPath` | a sign-in page, at which nobody can sign in | 200, HTML |
//! | `GET /admin` | everything | 200 `{entityId, fingerprints, applications, people, users}` |
//! | `PUT /admin/applications` `APPLICATION` | makes or replaces one, by its name | 200 `APPLICATION` |
//! | `DELETE /admin/applications` `{name}` | removes it with its people | 204, or 404 |
//! | `PUT /admin/people` `{application, list, people: {E-MAIL: {roles, ...}}}` | replaces one list | 200 |
//! | `DELETE /admin/people` `{application, list}` | removes it | 204, or 404 |
//! | `POST /admin/keys` `{publish: new \| both}` | a new signing key: published alone and used, or announced beside the old | 200 `{fingerprints}` |
//! | `PUT /admin/settings` `{entityId?, ssoPath?, wantAuthnRequestsSigned?, validDays?}` | changes what the metadata say | 200 |
//!
//! `APPLICATION`: `{name, entityId, acsUrl, nameIdFormat, nameId, signResponse, signAssertion, signatureAlgorithm, digestAlgorithm,
//! logoutUrls?, attributes: {NAME: SOURCE}}`. A source is a text in quotes, `enablement.roles` (the roles in the person's list), another
//! value of that list, or an attribute of the user, with or without `user.` before it.
//!
//! It refuses with 400: an application without an entity ID or with an ACS URL that is not https, one whose entity ID another has, an
//! unknown NameID format, and people who do not exist.

mod application;
mod login;
mod metadata;
mod provider;
mod seed;

use axum::http::Method;
use serde_json::{Value, json};

use self::application::{APPLICATIONS, Application, Lists};
use self::provider::{PROVIDERS, Provider, key_of};
use super::certificate;
use super::login::{Assertion, Refused, SignIn};
use super::message::{Answer, Request};
use super::store::Transaction;
use super::vendor::{Call, Vendor};

pub(crate) use self::seed::Seed;

/// Identity providers without an API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Saml;

/// A refused request: its status, and what is wrong.
type Refusal = (u16, String);
/// A resource's answer.
type Outcome = Result<Answer, Refusal>;

impl Vendor for Saml {
    fn serves(&self, host: &str, documents: &Transaction<'_>) -> bool {
        documents.get(PROVIDERS, host).is_some()
    }

    fn answer(&self, call: &mut Call<'_, '_>) -> Answer {
        route(call).unwrap_or_else(|(status, message)| {
            Answer::json(status, &json!({"error": "refused", "message": message}))
        })
    }

    fn too_many(&self, _reset: i64) -> Answer {
        Answer::text(429, "text/plain", "too many requests\n")
    }

    fn sign_in(&self, documents: &mut Transaction<'_>, attempt: &SignIn<'_>) -> Result<Assertion, Refused> {
        login::respond(documents, attempt)
    }
}

fn route(call: &mut Call<'_, '_>) -> Outcome {
    let request = call.request;
    let host = request.host.clone();
    let provider: Provider =
        call.documents.read(PROVIDERS, &host).ok_or_else(|| (404, format!("there is no {host}")))?;
    if request.path == provider.metadata_path && request.method == Method::GET {
        let xml = metadata::write(&host, &provider, call.now);
        return Ok(Answer::text(200, "application/samlmetadata+xml; charset=utf-8", xml));
    }
    if request.path == provider.sso_path {
        let page = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sign in</title></head><body>\
            <h1>Sign in</h1><p>This is the sandbox's identity provider. Logins are tested on the console page.</p></body></html>\n";
        return Ok(Answer::text(200, "text/html; charset=utf-8", page));
    }
    match (&request.method, request.route().as_slice()) {
        (&Method::GET, ["admin"]) => Ok(everything(call, &host, &provider)),
        (&Method::PUT, ["admin", "applications"]) => {
            let application: Application = body(request)?;
            application.save(call.documents, &host)?;
            Ok(Answer::json(200, &json!(application)))
        }
        (&Method::DELETE, ["admin", "applications"]) => {
            let name = text(request, "name")?;
            application::remove(call.documents, &host, &name)?;
            Ok(Answer::no_content())
        }
        (&Method::PUT, ["admin", "people"]) => {
            let input: application::People = body(request)?;
            input.save(call.documents, &host, &provider)?;
            Ok(Answer::json(200, &json!({"list": input.list, "count": input.people.len()})))
        }
        (&Method::DELETE, ["admin", "people"]) => {
            let (name, list) = (text(request, "application")?, text(request, "list")?);
            application::remove_list(call.documents, &host, &name, &list)?;
            Ok(Answer::no_content())
        }
        (&Method::POST, ["admin", "keys"]) => rotate(call, &host, provider),
        (&Method::PUT, ["admin", "settings"]) => {
            let changed = provider.changed(body(request)?)?;
            call.documents.write(PROVIDERS, &host, &changed);
            Ok(Answer::json(200, &json!({"entityId": changed.entity_id})))
        }
        _ => Err((404, format!("there is nothing at {}", request.path))),
    }
}

fn body<T: serde::de::DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    let body: Value = request.json().map_err(|_| (400, "the body is not JSON".to_owned()))?;
    serde_path_to_error::deserialize(body).map_err(|error| (400, error.to_string()))
}

fn text(request: &Request, name: &str) -> Result<String, Refusal> {
    let body: Value = body(request)?;
    let text = body.get(name).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| (400, format!("the field {name} is required")))
}

fn everything(call: &Call<'_, '_>, host: &str, provider: &Provider) -> Answer {
    let mut applications = Vec::new();
    let mut people = serde_json::Map::new();
    for name in application::names(call.documents, host) {
        let key = key_of(host, &name);
        applications.extend(call.documents.get(APPLICATIONS, &key).cloned());
        let lists: Lists = call.documents.read(application::PEOPLE, &key).unwrap_or_default();
        people.insert(name, json!(lists));
    }
    let users: Vec<&str> = provider.users.iter().map(|user| user.email.as_str()).collect();
    let body = json!({
        "entityId": provider.entity_id, "fingerprints": provider.fingerprints(), "applications": applications,
        "people": people, "users": users,
    });
    Answer::json(200, &body)
}

fn rotate(call: &mut Call<'_, '_>, host: &str, mut provider: Provider) -> Outcome {
    let made = certificate::make(host, call.now).map_err(|error| (500, error.to_string()))?;
    match text(call.request, "publish")?.as_str() {
        "new" => provider.certificates = vec![made],
        // The first signs.
        "both" => provider.certificates.push(made),
        other => return Err((400, format!("publish is new or both, not {other}"))),
    }
    call.documents.write(PROVIDERS, host, &provider);
    Ok(Answer::json(200, &json!({"fingerprints": provider.fingerprints()})))
}
