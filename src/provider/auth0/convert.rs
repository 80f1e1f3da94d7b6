//! Remote objects as observations: values by field path in their normal form, with Auth0's defaults put in, and what an object gives to
//! others. Pure.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use url::Url;

use super::{
    action,
    attributes::names_value,
    client::{metadata_url, sso_url},
    lower::{TRIGGER, default_issuer, field},
    wire::{Action, Client, Object, SigningKey, User, metadata},
};
use crate::{
    component::{AppliedNote, Capability, Component, Observed, Ownership, Value, WriteChannel},
    provider::pins::plain_fingerprint,
    saml::{Certificate, CertificateError},
};

/// Keys of a client that the server alone decides, or that are no settings.
const NO_SETTINGS: &[&str] =
    &["tenant", "global", "client_id", "is_first_party", "callback_url_template", "cross_origin_auth"];
/// Keys of a client that Concord writes as a whole.
const OWNED: &[&str] = &["name", "app_type", "callbacks", "allowed_logout_urls"];
/// Keys of the SAML addon that Concord writes.
pub(super) const OWNED_SAMLP: &[&str] = &[
    "audience",
    "recipient",
    "destination",
    "mappings",
    "nameIdentifierFormat",
    "nameIdentifierProbes",
    "signResponse",
    "signatureAlgorithm",
    "digestAlgorithm",
    "issuer",
    "lifetimeInSeconds",
    "createUpnClaim",
    "passthroughClaimsWithNoMapping",
    "mapUnknownClaimsAsIs",
    "mapIdentities",
    "binding",
];

/// What a realm is called where values are made of it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The tenant's host.
    pub(super) domain: String,
    /// `https://<domain>`.
    pub(super) public: Url,
    /// The client that Concord itself authenticates as.
    pub(super) own_client: String,
}

/// Whether somebody else owns the object, so that it is compared and never written.
pub(super) fn is_external(component: &Component) -> bool {
    component.fields.iter().all(|field| field.capability.write() != WriteChannel::Api)
}

/// The text of a field, if the component has it.
pub(super) fn text_of<'a>(component: &'a Component, path: &str) -> Option<&'a str> {
    component.field(path)?.value.as_text()
}

/// An application. `component` says what is wanted of it; an orphan has none.
pub(super) fn client(client: &Client, component: Option<&Component>, place: &Place) -> Observed {
    let mut fields = client_fields(client);
    if let Some(component) = component.filter(|component| is_external(component)) {
        accept_more(&mut fields, component);
    }
    let connection = component.and_then(|component| text_of(component, field::CONNECTION));
    let issuer = match fields.get(&format!("{}issuer", field::SAMLP)) {
        Some(Value::Text(issuer)) => issuer.clone(),
        _ => default_issuer(&place.domain),
    };
    let outputs = BTreeMap::from([
        ("clientId".to_owned(), Value::text(&client.id)),
        ("ssoUrl".to_owned(), Value::text(sso_url(&place.public, &client.id, connection))),
        ("metadataUrl".to_owned(), Value::text(metadata_url(&place.public, &client.id))),
        ("issuer".to_owned(), Value::text(issuer)),
    ]);
    Observed {
        id: client.id.clone(),
        fields,
        outputs,
        ownership: Ownership::Ours,
        applied: client.metadata(metadata::APPLIED).and_then(AppliedNote::parse),
        kept: kept(client),
        is_own_identity: client.id == place.own_client,
        removal: None,
    }
}

fn client_fields(client: &Client) -> BTreeMap<String, Value> {
    let list = |key: &str| match client.settings.get(key) {
        Some(json @ Json::Array(_)) => Value::from_json(json),
        _ => Value::List(Vec::new()),
    };
    let mut fields = BTreeMap::from([
        ("name".to_owned(), Value::text(&client.name)),
        ("app_type".to_owned(), client.settings.get("app_type").map_or(Value::Null, Value::from_json)),
        ("callbacks".to_owned(), list("callbacks")),
        ("allowed_logout_urls".to_owned(), list("allowed_logout_urls")),
    ]);
    let samlp = client.samlp();
    fields.extend(OWNED_SAMLP.iter().map(|key| {
        let value = samlp.map_or(Value::Null, |samlp| samlp_value(samlp, key));
        (format!("{}{key}", field::SAMLP), value)
    }));
    fields
}

/// A setting of the SAML addon, or what Auth0 does without it (customize-saml-assertions in Auth0's documentation).
fn samlp_value(samlp: &Object, key: &str) -> Value {
    match (key, samlp.get(key)) {
        ("mappings", Some(Json::Object(mappings))) => Value::Map(
            mappings
                .iter()
                .map(|(field, names)| {
                    let names: Option<Vec<String>> = match names {
                        Json::String(name) => Some(vec![name.clone()]),
                        Json::Array(names) => {
                            names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
                        }
                        _ => None,
                    };
                    let value = names.as_deref().map_or(Value::Null, names_value);
                    (field.clone(), value)
                })
                .collect(),
        ),
        (_, Some(json)) if !json.is_null() => Value::from_json(json),
        ("signatureAlgorithm", _) => "rsa-sha1".into(),
        ("digestAlgorithm", _) => "sha1".into(),
        ("signResponse" | "mapUnknownClaimsAsIs", _) => false.into(),
        ("createUpnClaim" | "passthroughClaimsWithNoMapping" | "mapIdentities", _) => true.into(),
        ("lifetimeInSeconds", _) => 3600.into(),
        ("nameIdentifierFormat", _) => "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified".into(),
        ("binding", _) => "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST".into(),
        _ => Value::Null,
    }
}

/// Of an application that somebody else owns, Twilio needs that certain values are among others, not that they are alone; and an
/// audience or recipient that is not set follows the request.
fn accept_more(fields: &mut BTreeMap<String, Value>, component: &Component) {
    for wanted in component.fields.iter().filter(|field| field.capability == Capability::Observed) {
        let Some(seen) = fields.get_mut(&wanted.path) else { continue };
        let is_enough = match (&wanted.value, &*seen) {
            (Value::List(_), Value::List(_)) if wanted.path.ends_with("Probes") => false,
            (Value::List(wanted_items), Value::List(items)) => {
                wanted_items.iter().all(|item| items.contains(item))
            }
            (Value::Map(wanted_entries), Value::Map(entries)) => {
                wanted_entries.iter().all(|(key, value)| entries.get(key) == Some(value))
            }
            (_, Value::Null) => ["audience", "recipient", "destination"]
                .iter()
                .any(|key| wanted.path.strip_prefix(field::SAMLP) == Some(*key)),
            _ => false,
        };
        if is_enough {
            *seen = wanted.value.clone();
        }
    }
}

/// How many settings of the application are not Concord's and stay as they are.
fn kept(client: &Client) -> usize {
    let count = |object: Option<&Json>, owned: &[&str]| {
        object.and_then(Json::as_object).map_or(0, |object| {
            object.iter().filter(|(key, value)| !owned.contains(&key.as_str()) && !value.is_null()).count()
        })
    };
    let addons = client.settings.get("addons");
    client
        .settings
        .iter()
        .filter(|(key, value)| {
            let key = key.as_str();
            !value.is_null()
                && !NO_SETTINGS.contains(&key)
                && !OWNED.contains(&key)
                && !["addons", "client_metadata"].contains(&key)
        })
        .count()
        + count(addons, &["samlp"])
        + count(addons.and_then(|addons| addons.get("samlp")), OWNED_SAMLP)
        + count(
            client.settings.get("client_metadata"),
            &[metadata::MARKER, metadata::APPLIED, metadata::FORMER],
        )
}

/// An Action.
pub(super) fn action(action: &Action) -> Observed {
    let header = action::header(&action.code);
    let trigger = action.supported_triggers.first().map_or(Value::Null, |trigger| Value::text(&trigger.id));
    Observed {
        id: action.id.clone(),
        fields: BTreeMap::from([
            ("name".to_owned(), Value::text(&action.name)),
            (field::CODE.to_owned(), Value::text(action::without_note(&action.code))),
            ("runtime".to_owned(), Value::text(&action.runtime)),
            ("trigger".to_owned(), trigger),
            (field::DEPLOYED.to_owned(), action.is_deployed().into()),
        ]),
        outputs: BTreeMap::from([("actionId".to_owned(), Value::text(&action.id))]),
        ownership: Ownership::Ours,
        applied: header.applied,
        kept: action.dependencies.len() + action.secrets.len() + action.modules.len(),
        is_own_identity: false,
        removal: None,
    }
}

/// The Action's place in the flow. Its ID is the Action's: those of bindings change with every change of the list.
pub(super) fn binding(action_id: &str) -> Observed {
    Observed {
        id: action_id.to_owned(),
        fields: BTreeMap::from([("bound".to_owned(), true.into())]),
        outputs: BTreeMap::from([("trigger".to_owned(), TRIGGER.into())]),
        ..Observed::default()
    }
}

/// A user, as far as an enablement is concerned.
pub(super) fn user(user: &User) -> Observed {
    let mark = user.mark().unwrap_or_default();
    let mut fields: BTreeMap<String, Value> = user
        .flex()
        .into_iter()
        .flatten()
        .map(|(key, value)| (format!("{}{key}", field::FLEX), Value::from_json(value)))
        .collect();
    let kept = user.flex().map_or(0, |flex| flex.keys().filter(|key| !mark.keys.contains(key)).count());
    fields.insert(field::KEYS.to_owned(), Value::texts(mark.keys.clone()));
    Observed {
        id: user.user_id.clone(),
        fields,
        outputs: BTreeMap::from([("userId".to_owned(), Value::text(&user.user_id))]),
        ownership: Ownership::Ours,
        applied: mark.applied.as_deref().and_then(AppliedNote::parse),
        kept,
        is_own_identity: false,
        removal: None,
    }
}

/// The signing keys. Only a certificate that the manifests accept is passed on.
///
/// # Errors
/// A certificate that cannot be read.
pub(super) fn keys(
    keys: &[SigningKey],
    component: &Component,
    place: &Place,
) -> Result<Observed, CertificateError> {
    let certificates = |wanted: fn(&SigningKey) -> bool| {
        keys.iter()
            .filter(|key| wanted(key) && !key.revoked)
            .map(|key| Certificate::from_pem(&key.cert))
            .collect::<Result<Vec<_>, _>>()
    };
    let current = certificates(|key| key.current)?;
    let next = certificates(|key| key.next)?;
    let pins = component.field(field::FINGERPRINTS).map(|field| &field.value);
    let fingerprint = |it: &Certificate| Value::text(plain_fingerprint(it.sha256_fingerprint()));
    let is_pinned =
        |it: &Certificate| pins.and_then(Value::as_list).is_none_or(|pins| pins.contains(&fingerprint(it)));
    let list = |certificates: Vec<Certificate>| {
        Value::List(certificates.into_iter().map(Value::Certificate).collect())
    };
    let mut observed = Observed { id: place.domain.clone(), ..Observed::default() };
    // Pins may name more certificates than the one in use (the next one, during a rotation): only a foreign one is drift.
    let fingerprints = if current.iter().all(is_pinned) {
        pins.cloned().unwrap_or_else(|| Value::List(current.iter().map(fingerprint).collect()))
    } else {
        Value::List(current.iter().map(fingerprint).collect())
    };
    observed.fields.insert(field::FINGERPRINTS.to_owned(), fingerprints);
    observed.outputs.insert("issuer".to_owned(), Value::text(default_issuer(&place.domain)));
    observed.outputs.insert("nextCertificates".to_owned(), list(next));
    let trusted: Vec<Certificate> = current.into_iter().filter(|it| is_pinned(it)).collect();
    if !trusted.is_empty() {
        observed.outputs.insert("certificates".to_owned(), list(trusted));
    }
    Ok(observed)
}

#[cfg(test)]
mod tests;
