//! Writing an application.

use serde_json::Value as Json;

use super::{
    super::{
        convert,
        lower::field,
        observe::Tenant,
        wire::{Client, Object, metadata},
    },
    Change, Standing, check_unchanged, conflict, is_changed, may_write, object, values, written,
};
use crate::{
    component::{AppliedNote, Component, Value},
    provider::{Write, WriteError, Written},
};

/// Auth0 keeps so many entries of `client_metadata`.
const MAX_METADATA: usize = 10;

impl Tenant {
    pub(super) async fn write_client(&self, write: &Write<'_>) -> Result<Written, WriteError> {
        let change = match Change::of(write) {
            Ok(change) => change,
            Err(removal) => {
                let id = &removal.observed.id;
                let Some(client) = self.api.client(id).await? else { return Ok(Written::Gone) };
                let marker = client.metadata(metadata::MARKER);
                match removal.standing(marker, &format!("Auth0 application {id}"))? {
                    Standing::LetGo => {}
                    Standing::Ours if removal.keeps_object => {
                        let body = object([("client_metadata", let_go(marker).into())]);
                        self.api.update_client(id, &body.into()).await?;
                    }
                    Standing::Ours => self.api.delete_client(id).await?,
                }
                return Ok(Written::Gone);
            }
        };
        let component = change.component;
        let id = match change.planned {
            None => self.api.create_client(&creation(component, change.note).into()).await?.id,
            Some((planned, changed)) => {
                let Some(client) = self.api.client(&planned.id).await? else {
                    return Err(conflict(&component.title));
                };
                if !may_write(component, planned, client.metadata(metadata::MARKER)) {
                    return Err(conflict(&component.title));
                }
                let now = convert::client(&client, Some(component), &self.place);
                check_unchanged(component, planned, &now, changed)?;
                let body = update(&client, component, changed, change.note)?;
                self.api.update_client(&client.id, &body.into()).await?;
                client.id
            }
        };
        match self.api.client(&id).await? {
            Some(client) => Ok(written(convert::client(&client, Some(component), &self.place))),
            None => Err(conflict(&component.title)),
        }
    }
}

/// The marker goes; its text stays under another name, by which the application's Action goes on to know it.
fn let_go(marker: Option<&str>) -> Object {
    object([
        (metadata::MARKER, Json::Null),
        (metadata::APPLIED, Json::Null),
        (metadata::FORMER, marker.map_or(Json::Null, Json::from)),
    ])
}

fn ownership(component: &Component, note: &AppliedNote) -> Object {
    object([
        (metadata::MARKER, component.marker.to_string().into()),
        (metadata::APPLIED, note.to_string().into()),
    ])
}

/// The body that makes an application.
pub(super) fn creation(component: &Component, note: &AppliedNote) -> Object {
    let mut body = Object::new();
    let mut samlp = Object::new();
    for (field, value) in values(component, true) {
        put(&mut body, &mut samlp, &field.path, &value);
    }
    body.insert("addons".to_owned(), object([("samlp", samlp.into())]).into());
    body.insert("client_metadata".to_owned(), ownership(component, note).into());
    body
}

/// The body that changes one. Addons are sent as they were read, with Concord's keys of `samlp` replaced, because an addon that is
/// sent replaces the one that was there.
pub(super) fn update(
    client: &Client,
    component: &Component,
    changed: &[String],
    note: &AppliedNote,
) -> Result<Object, WriteError> {
    let mut body = Object::new();
    let mut samlp = client.samlp().cloned().unwrap_or_default();
    let mut changes_addon = false;
    for (field, value) in values(component, false).filter(|(field, _)| is_changed(changed, &field.path)) {
        changes_addon |= field.path.starts_with(field::SAMLP);
        put(&mut body, &mut samlp, &field.path, &value);
    }
    if changes_addon {
        let read = client.settings.get("addons").and_then(Json::as_object).cloned().unwrap_or_default();
        let mut addons: Object = read.into_iter().filter(|(_, value)| !value.is_null()).collect();
        addons.insert("samlp".to_owned(), samlp.into());
        body.insert("addons".to_owned(), addons.into());
    }
    let mut entries = ownership(component, note);
    let existing = client.settings.get("client_metadata").and_then(Json::as_object);
    if existing.is_some_and(|it| it.contains_key(metadata::FORMER)) {
        entries.insert(metadata::FORMER.to_owned(), Json::Null);
    }
    let others = existing.map_or(0, |it| it.keys().filter(|key| !entries.contains_key(*key)).count());
    if others + 2 > MAX_METADATA {
        return Err(WriteError::Refused {
            what: component.title.clone(),
            message: format!("its metadata has {others} entries, and Auth0 takes {MAX_METADATA}"),
            help: Some("remove entries that nobody needs: Concord needs room for two".to_owned()),
        });
    }
    body.insert("client_metadata".to_owned(), entries.into());
    Ok(body)
}

fn put(body: &mut Object, samlp: &mut Object, path: &str, value: &Value) {
    match (path.strip_prefix(field::SAMLP), value) {
        (Some(key), Value::Null) => drop(samlp.remove(key)),
        (Some(key), value) => drop(samlp.insert(key.to_owned(), value.to_json())),
        (None, value) => drop(body.insert(path.to_owned(), value.to_json())),
    }
}
