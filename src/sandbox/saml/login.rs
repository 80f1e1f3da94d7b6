//! The identity provider's half of a test login: what it would send about a user.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::sandbox::login::{Assertion, Refused, SignIn};
use crate::sandbox::store::Transaction;

use super::application::{APPLICATIONS, Application, Lists, PEOPLE, Values, names};
use super::provider::{PROVIDERS, Provider, User, key_of};

/// Answers the service provider's request as the identity provider behind its sign-on URL would.
pub(super) fn respond(documents: &Transaction<'_>, attempt: &SignIn<'_>) -> Result<Assertion, Refused> {
    let host = attempt.sso_url.host_str().unwrap_or_default();
    let provider: Option<Provider> = documents.read(PROVIDERS, host);
    let provider =
        provider.filter(|provider| provider.sso_path == attempt.sso_url.path()).ok_or_else(|| {
            let message = format!("the identity provider answered 404 at {}", attempt.sso_url);
            Refused::new("idp_not_found", message)
        })?;
    let application = names(documents, host)
        .iter()
        .filter_map(|name| documents.read::<Application>(APPLICATIONS, &key_of(host, name)))
        .find(|application| application.entity_id == attempt.entity_id);
    let application = application.ok_or_else(|| {
        let message = format!("{host} knows no service provider {}", attempt.entity_id);
        Refused::new("connection_not_found", message)
    })?;
    if application.acs_url != attempt.acs_url {
        let message = format!("the application posts to {}, not to {}", application.acs_url, attempt.acs_url);
        return Err(Refused::new("callback_mismatch", message));
    }
    let user = provider.user(attempt.email).ok_or_else(|| {
        Refused::new("user_not_found", format!("{} does not exist in {host}", attempt.email))
    })?;
    if !user.active {
        return Err(Refused::new("user_blocked", format!("{} is not active", attempt.email)));
    }
    let lists: Lists = documents.read(PEOPLE, &key_of(host, &application.name)).unwrap_or_default();
    let email = user.email.to_lowercase();
    let values = lists.values().find_map(|people| people.get(&email)).ok_or_else(|| {
        Refused::new("user_not_assigned", format!("{} may not use {}", attempt.email, application.name))
    })?;
    let attributes: BTreeMap<String, Vec<String>> = application
        .attributes
        .iter()
        .map(|(name, source)| (name.clone(), evaluate(source, user, values)))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    Ok(Assertion {
        issuer: provider.entity_id.clone(),
        certificate: provider.certificates.first().cloned().unwrap_or_default(),
        audience: application.entity_id.clone(),
        recipient: application.acs_url.clone(),
        destination: application.acs_url.clone(),
        response_signed: application.sign_response,
        assertion_signed: application.sign_assertion,
        encrypted: false,
        returns_relay_state: true,
        name_id_format: application.name_id_format.clone(),
        name_id: evaluate(&application.name_id, user, values).into_iter().next().unwrap_or_default(),
        attributes,
    })
}

/// What a source gives of a user; nothing where it has nothing.
fn evaluate(source: &str, user: &User, values: &Values) -> Vec<String> {
    if let Some(literal) = source.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return vec![literal.to_owned()];
    }
    if source == "enablement.roles" {
        return texts(values.get("roles"));
    }
    let key = source.strip_prefix("user.").unwrap_or(source);
    let own = |key: &str| user.attributes.get(key).filter(|value| !value.is_empty()).cloned();
    match key {
        "email" => vec![user.email.clone()],
        "name" => {
            let parts: Vec<String> = ["firstName", "lastName"].into_iter().filter_map(own).collect();
            own("name").or_else(|| (!parts.is_empty()).then(|| parts.join(" "))).into_iter().collect()
        }
        key => match texts(values.get(key)) {
            listed if !listed.is_empty() => listed,
            _ => own(key).into_iter().collect(),
        },
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
