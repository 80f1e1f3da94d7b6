//! Remote objects as observations: values by field path in their normal form, and what an object gives to others. Pure.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{
    attributes,
    lower::{field, metadata_url},
    wire::{ANSWER_ONLY, App, Notes},
};
use crate::{
    component::{AppliedNote, Capability, Component, Observed, Ownership, Value, WriteChannel},
    provider::pins::plain_fingerprint,
    saml::Certificate,
};

/// What the identity provider's metadata say of one application.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Idp {
    /// The entity ID, which Okta asserts as issuer; the application's own setting shows only a template.
    pub(super) issuer: String,
    pub(super) sso_url: String,
}

/// What was read about an application beside itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Trust {
    pub(super) idp: Option<Idp>,
    /// The certificates of the key that signs.
    pub(super) certificates: Vec<Certificate>,
}

/// Whether somebody else owns the object, so that it is compared and never written.
pub(super) fn is_external(component: &Component) -> bool {
    component.fields.iter().all(|field| field.capability.write() != WriteChannel::Api)
}

/// The text of a field, if the component has it.
pub(super) fn text_of<'a>(component: &'a Component, path: &str) -> Option<&'a str> {
    component.field(path)?.value.as_text()
}

/// Whether a path is one of the application's own settings, as Okta has them.
pub(super) fn is_setting(path: &str) -> bool {
    ![field::FINGERPRINTS, field::ISSUER, field::ID, field::EXCLUSIVE, field::REMOVED].contains(&path)
}

/// The keys that lead to a setting. What follows `settings.app.` is one key, whatever is in it.
pub(super) fn keys_of(path: &str) -> Vec<&str> {
    let outer = [
        (field::SIGN_ON, ["settings", "signOn"]),
        (field::APP_SETTINGS, ["settings", "app"]),
        (field::USER_NAME, ["credentials", "userNameTemplate"]),
    ];
    for (prefix, [first, second]) in outer {
        if let Some(key) = path.strip_prefix(prefix) {
            return vec![first, second, key];
        }
    }
    vec![path]
}

/// An application. `component` says what is wanted of it; an orphan has none.
pub(super) fn app(
    app: &App,
    component: Option<&Component>,
    trust: &Trust,
    domain: &str,
    own_id: Option<&str>,
) -> Observed {
    let notes = app.notes();
    let mut fields = BTreeMap::new();
    for wanted in component.iter().flat_map(|component| &component.fields).filter(|it| is_setting(&it.path)) {
        let seen = keys_of(&wanted.path).into_iter().try_fold(&app.raw, |at, key| at.get(key));
        let value = match seen {
            Some(Json::Array(items)) if wanted.path == field::STATEMENTS => {
                Value::List(items.iter().map(attributes::normal).collect())
            }
            _ if wanted.path == field::STATEMENTS => Value::List(Vec::new()),
            Some(json) => Value::from_json(json),
            None => Value::Null,
        };
        fields.insert(wanted.path.clone(), value);
    }
    let mut outputs = BTreeMap::from([("id".to_owned(), Value::text(&app.id))]);
    if let Some(Idp { issuer, sso_url }) = &trust.idp {
        outputs.insert("issuer".to_owned(), Value::text(issuer));
        outputs.insert("ssoUrl".to_owned(), Value::text(sso_url));
        if let Some(url) = metadata_url(domain, issuer) {
            outputs.insert("metadataUrl".to_owned(), Value::text(url));
        }
        fields.insert(field::ISSUER.to_owned(), Value::text(issuer));
    }
    let fingerprint = |it: &Certificate| Value::text(plain_fingerprint(it.sha256_fingerprint()));
    let pins = component.and_then(|it| it.field(field::FINGERPRINTS)).map(|field| &field.value);
    let is_pinned =
        |it: &Certificate| pins.and_then(Value::as_list).is_none_or(|pins| pins.contains(&fingerprint(it)));
    if !trust.certificates.is_empty() {
        // Pins may name more certificates than the one in use (the next one, during a rotation): only a foreign one is drift.
        let seen = match pins {
            Some(pins) if trust.certificates.iter().all(is_pinned) => pins.clone(),
            _ => Value::List(trust.certificates.iter().map(fingerprint).collect()),
        };
        fields.insert(field::FINGERPRINTS.to_owned(), seen);
    }
    let trusted: Vec<Value> =
        trust.certificates.iter().filter(|it| is_pinned(it)).cloned().map(Value::Certificate).collect();
    if !trusted.is_empty() {
        outputs.insert("certificates".to_owned(), Value::List(trusted));
    }
    if let Some(component) = component.filter(|component| is_external(component)) {
        accept_more(&mut fields, component);
    }
    Observed {
        id: app.id.clone(),
        fields,
        outputs,
        ownership: Ownership::Ours,
        applied: notes.applied.as_deref().and_then(AppliedNote::parse),
        kept: kept(app, component, &notes),
        is_own_identity: own_id == Some(app.id.as_str()),
        removal: None,
    }
}

/// Of an application that somebody else owns, Twilio needs that certain statements are among others, not that they are alone.
fn accept_more(fields: &mut BTreeMap<String, Value>, component: &Component) {
    for wanted in component.fields.iter().filter(|field| field.capability == Capability::Observed) {
        let Some(seen) = fields.get_mut(&wanted.path) else { continue };
        if let (Value::List(wanted_items), Value::List(items)) = (&wanted.value, &*seen)
            && wanted_items.iter().all(|item| items.contains(item))
        {
            *seen = wanted.value.clone();
        }
    }
}

/// How many settings of the application are not Concord's and stay as they are.
fn kept(app: &App, component: Option<&Component>, notes: &Notes) -> usize {
    let owned = |path: &str| component.is_some_and(|component| component.field(path).is_some());
    let count = |object: Option<&Json>, prefix: &str, others: &[&str]| {
        object.and_then(Json::as_object).map_or(0, |object| {
            object
                .iter()
                .filter(|(key, value)| {
                    !is_empty(value) && !others.contains(&key.as_str()) && !owned(&format!("{prefix}{key}"))
                })
                .count()
        })
    };
    let settings = app.raw.get("settings");
    let inner = |key: &str| settings.and_then(|settings| settings.get(key));
    let mut no_settings = vec!["id", "name", "status", "signOnMode", "settings"];
    no_settings.extend(ANSWER_ONLY);
    count(Some(&app.raw), "", &no_settings)
        + count(settings, "settings.", &["signOn", "app", "notes"])
        + count(inner("signOn"), field::SIGN_ON, &[])
        + count(inner("app"), field::APP_SETTINGS, &[])
        + count(inner("notes"), "settings.notes.", &["admin"])
        + usize::from(notes.others.iter().any(|line| !line.trim().is_empty()))
}

/// Whether a value says nothing: null, or nothing but nulls and empty lists inside.
fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(items) => items.iter().all(is_empty),
        Json::Object(entries) => entries.values().all(is_empty),
        _ => false,
    }
}

/// An assignment of a person or a group. Its ID is made of the application's and theirs.
pub(super) fn assignment(app: &str, assigned: &str) -> Observed {
    Observed {
        id: format!("{app}/{assigned}"),
        fields: BTreeMap::from([
            (field::APP.to_owned(), Value::text(app)),
            (field::ASSIGNED.to_owned(), true.into()),
        ]),
        ..Observed::default()
    }
}
