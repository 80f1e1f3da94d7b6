//! What Google would put into a SAML response for a user: the identity provider's half of a test login, begun at the service provider
//! (`/o/saml2/idp`) or at Google (`/o/saml2/initsso`).

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::Value;

use crate::sandbox::login::{Assertion, Refused, SignIn};
use crate::sandbox::message::Answer;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::apps::{self, App, DIRECTORY};
use super::customer::{self, Customer};
use super::schemas::{self, text};
use super::{groups, users};

/// The page that a sign-in leads to. Nobody can sign in at it.
pub(super) fn page(call: &Call<'_, '_>, method: &Method, page: &str) -> Answer {
    let idp = call.request.parameter("idpid").and_then(|id| customer::of_idp(call.documents, id));
    let is_page = matches!(page, "idp" | "initsso") && (*method == Method::GET || *method == Method::POST);
    if idp.is_none() || !is_page {
        return Answer::text(
            404,
            "text/html; charset=utf-8",
            "<!DOCTYPE html>\n<title>Error 404</title><h1>404. That's an error.</h1>\n",
        );
    }
    let body = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sign in</title></head>\n\
        <body><h1>Sign in</h1><p>This is the sandbox's identity provider. Logins are tested on the console pages.</p></body></html>\n";
    Answer::text(200, "text/html; charset=utf-8", body)
}

/// Answers a sign-in as the customer behind the address would.
pub(super) fn respond(documents: &Transaction<'_>, attempt: &SignIn<'_>) -> Result<Assertion, Refused> {
    let parameter = |name: &str| {
        attempt.sso_url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let customer = parameter("idpid").and_then(|id| customer::of_idp(documents, &id));
    let customer = customer.ok_or_else(|| {
        let message = format!("the identity provider answered 404 at {}", attempt.sso_url);
        Refused::new("idp_not_found", message)
    })?;
    let apps = apps::all(documents, &customer);
    let app = match attempt.sso_url.path() {
        "/o/saml2/idp" => apps.into_iter().find(|app| app.entity_id == attempt.entity_id),
        "/o/saml2/initsso" => {
            parameter("spid").and_then(|spid| apps.into_iter().find(|app| app.spid == spid))
        }
        _ => None,
    };
    let app = app.ok_or_else(|| {
        let message =
            format!("403 app_not_configured: Google has no app with the entity ID {}", attempt.entity_id);
        Refused::new("idp_not_found", message)
    })?;
    let is_sp_initiated = attempt.sso_url.path() == "/o/saml2/idp";
    if is_sp_initiated && app.acs_url != attempt.acs_url {
        let message = format!("the app posts to {}, not to {}", app.acs_url, attempt.acs_url);
        return Err(Refused::new("callback_mismatch", message));
    }
    assertion(documents, &customer, &app, attempt.email)
}

/// What an app asserts of a person.
pub(super) fn assertion(
    documents: &Transaction<'_>,
    customer: &Customer,
    app: &App,
    email: &str,
) -> Result<Assertion, Refused> {
    let email = email.to_lowercase();
    let user = users::find(documents, customer, &email).ok_or_else(|| {
        Refused::new("user_not_found", format!("{email} does not exist in {}", customer.id))
    })?;
    if user["suspended"] == true || user["archived"] == true {
        return Err(Refused::new("user_blocked", format!("{email} is suspended")));
    }
    let email = text(&user, "primaryEmail");
    let groups = groups::of_person(documents, customer, email);
    if !is_on(app, &user, &groups) {
        let message = format!("403 app_not_enabled_for_user: the app is off for {email}");
        return Err(Refused::new("user_not_assigned", message));
    }
    let mut attributes = BTreeMap::new();
    for (google, name) in app.attributes.iter().filter_map(|text| apps::row(text)) {
        let values = values_of(documents, customer, &user, google);
        if !values.is_empty() {
            attributes.insert(name.to_owned(), values);
        }
    }
    let is_named =
        |(address, name): &&(String, String)| app.groups.iter().any(|it| it == address || it == name);
    let member_of: Vec<String> = groups.iter().filter(is_named).map(|(_, name)| name.clone()).collect();
    if !member_of.is_empty() {
        attributes.insert(app.groups_attribute.clone(), member_of);
    }
    Ok(Assertion {
        issuer: customer.entity_id(),
        certificate: customer.certificate.clone(),
        audience: app.entity_id.clone(),
        recipient: app.acs_url.clone(),
        destination: app.acs_url.clone(),
        response_signed: app.signed_response,
        // Google signs the whole response or the assertion in it (Google, "Set up your own custom SAML app").
        assertion_signed: !app.signed_response,
        encrypted: false,
        returns_relay_state: true,
        name_id_format: app.name_id_format.clone(),
        name_id: values_of(documents, customer, &user, &app.name_id).into_iter().next().unwrap_or_default(),
        attributes,
    })
}

fn is_on(app: &App, user: &Value, groups: &[(String, String)]) -> bool {
    let unit = text(user, "orgUnitPath");
    app.on_for.iter().any(|whom| match whom.split_once(' ') {
        None => whom == "everyone",
        Some(("group", group)) => groups.iter().any(|(address, name)| address == group || name == group),
        Some(_) => whom.strip_prefix("organizational unit ").is_some_and(|path| {
            unit == path || unit.starts_with(&format!("{}/", path.trim_end_matches('/')))
        }),
    })
}

/// The values of an attribute that the console offers.
fn values_of(documents: &Transaction<'_>, customer: &Customer, user: &Value, google: &str) -> Vec<String> {
    let found = match DIRECTORY.iter().find(|(name, _)| *name == google) {
        Some((_, pointer)) => user.pointer(pointer).cloned(),
        None => google.split_once(" > ").and_then(|(category, attribute)| {
            let schemas = schemas::all(documents, customer);
            let schema = schemas.iter().find(|it| text(it, "displayName") == category)?;
            let field = schemas::fields(schema).find(|it| text(it, "displayName") == attribute)?;
            user["customSchemas"].get(text(schema, "schemaName"))?.get(text(field, "fieldName")).cloned()
        }),
    };
    let one = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match found {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.iter().map(|item| one(&item["value"])).collect(),
        Some(value) => vec![one(&value)],
    }
}
