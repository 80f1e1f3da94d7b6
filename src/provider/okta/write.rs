//! Changes in an organization. A change of an application begins by reading it again: what is sent is the whole application as it was
//! read, with only Concord's part changed, because an update replaces everything; and what somebody else changed since the plan is a
//! conflict. How keys are made and used is in `key`.

mod key;

use async_trait::async_trait;
use serde_json::{Value as Json, json};

use super::{
    attributes,
    convert::{self, is_setting, keys_of, text_of},
    lower::{field, kind},
    observe::Organization,
    population,
    wire::{ANSWER_ONLY, App, Notes, SIGNING_ANSWER_ONLY},
};
use crate::{
    component::{
        Address, AppliedNote, Component, Field, Marker, Observed, Ownership, Realm, Value, WriteChannel,
    },
    plan::Permit,
    provider::{
        Mutate, Write, WriteError, Written,
        owned::{check_unchanged, conflict},
    },
};

#[async_trait]
impl Mutate for Organization {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    async fn write(&self, _permit: &Permit, write: Write<'_>) -> Result<Written, WriteError> {
        match write {
            Write::Create { component, note } => self.put(component, note, None).await,
            Write::Update { component, observed, changed, note } => {
                self.put(component, note, Some((observed, changed))).await
            }
            Write::Delete { address, observed } => self.remove(address, &observed.id, false).await,
            Write::Forget { address, observed } => self.remove(address, &observed.id, true).await,
        }
    }
}

/// What was planned on, and what differs.
type Planned<'a> = (&'a Observed, &'a [String]);

fn refused(what: &str, message: impl Into<String>, help: &str) -> WriteError {
    WriteError::Refused { what: what.to_owned(), message: message.into(), help: Some(help.to_owned()) }
}

fn written(observed: Observed) -> Written {
    Written::Present(Box::new(Observed { ownership: Ownership::Ours, ..observed }))
}

impl Organization {
    async fn put(
        &self,
        component: &Component,
        note: &AppliedNote,
        planned: Option<Planned<'_>>,
    ) -> Result<Written, WriteError> {
        match component.address.component_type() {
            kind::APP => {
                let _writing = self.writing.lock().await;
                self.put_app(component, note, planned).await
            }
            kind::KEY => {
                let _writing = self.writing.lock().await;
                self.put_key(component).await
            }
            kind::SIGNING => {
                let _writing = self.writing.lock().await;
                self.put_signing(component, planned.map(|(observed, _)| observed)).await
            }
            kind::USER => {
                let (app, user) = (self.app_of(component)?, text_of(component, field::USER_ID));
                let user = user.ok_or_else(|| conflict(&component.title))?;
                let user = self.api.assign_user(app, user).await?;
                Ok(written(convert::assignment(app, &user.id)))
            }
            kind::GROUP => {
                let app = self.app_of(component)?;
                let group = population::group(&self.api, &component.natural_key).await;
                let group = group.map_err(|error| match error {
                    population::PopulationError::Http(error) => error.into(),
                    other => {
                        refused(&component.title, other.to_string(), "name one group as it is called in Okta")
                    }
                })?;
                self.api.assign_group(app, &group.id).await?;
                Ok(written(convert::assignment(app, &group.id)))
            }
            other => Err(not_written(&component.address, other)),
        }
    }

    fn app_of<'a>(&self, component: &'a Component) -> Result<&'a str, WriteError> {
        text_of(component, field::APP).ok_or_else(|| conflict(&component.title))
    }

    async fn put_app(
        &self,
        component: &Component,
        note: &AppliedNote,
        planned: Option<Planned<'_>>,
    ) -> Result<Written, WriteError> {
        let id = match planned {
            None => self.api.create_app(&creation(component, note)).await?.id,
            Some((planned, changed)) => {
                let app = self.api.app(&planned.id).await?.ok_or_else(|| conflict(&component.title))?;
                if !may_write(component, app.notes().marker.as_deref()) {
                    return Err(conflict(&component.title));
                }
                let trust = self.trust(&app).await?;
                let now = convert::app(&app, Some(component), &trust, &self.domain, self.own_id.as_deref());
                check_unchanged(component, planned, &now, changed)?;
                if changed.iter().any(|path| path == "name") {
                    return Err(refused(
                        &component.title,
                        "it is another application of the catalogue, and Okta cannot change which one",
                        "give the new one another `application.name`, so that it is made beside this one",
                    ));
                }
                let mut notes = owned_notes(&app.notes(), component, note);
                notes.idp = trust.idp.map(|idp| (idp.issuer, idp.sso_url)).or(notes.idp);
                self.api.replace_app(&app.id, &replacement(&app, component, changed, &notes)).await?;
                if changed.iter().any(|path| path == field::STATUS) {
                    self.api.activate(&app.id).await?;
                }
                app.id
            }
        };
        let app = self.api.app(&id).await?.ok_or_else(|| conflict(&component.title))?;
        Ok(written(self.describe(&app, Some(component)).await?))
    }

    async fn remove(&self, address: &Address, id: &str, keeps_object: bool) -> Result<Written, WriteError> {
        match address.component_type() {
            kind::APP => {
                let _writing = self.writing.lock().await;
                self.remove_app(address, id, keeps_object).await
            }
            // An assignment carries no marker, so there is nothing to forget.
            kind::USER | kind::GROUP if keeps_object => Ok(Written::Gone),
            kind::USER => {
                let (app, user) = id.split_once('/').ok_or_else(|| conflict(address.to_string()))?;
                // What a group gives meanwhile is left to the group.
                if self.api.app_user(app, user).await?.is_some_and(|it| it.is_direct()) {
                    self.api.unassign_user(app, user).await?;
                }
                Ok(Written::Gone)
            }
            kind::GROUP => {
                let (app, group) = id.split_once('/').ok_or_else(|| conflict(address.to_string()))?;
                self.api.unassign_group(app, group).await?;
                Ok(Written::Gone)
            }
            other => Err(not_written(address, other)),
        }
    }

    async fn remove_app(
        &self,
        address: &Address,
        id: &str,
        keeps_object: bool,
    ) -> Result<Written, WriteError> {
        let Some(app) = self.api.app(id).await? else { return Ok(Written::Gone) };
        let notes = app.notes();
        let is_marked =
            notes.marker.as_deref().and_then(Marker::parse).is_some_and(|it| it.address == *address);
        if !is_marked {
            return Err(conflict(format!("Okta application `{}`", app.label())));
        }
        if keeps_object {
            let mut body = sendable(&app);
            set_notes(&mut body, &notes.others_only());
            self.api.replace_app(id, &body).await?;
        } else {
            // Okta deletes inactive applications only.
            if app.is_active() {
                self.api.deactivate(id).await?;
            }
            self.api.delete_app(id).await?;
        }
        Ok(Written::Gone)
    }
}

fn not_written(address: &Address, component_type: &str) -> WriteError {
    WriteError::Refused {
        what: address.to_string(),
        message: format!("Concord does not write components of type {component_type}"),
        help: None,
    }
}

/// The fields that are sent, with the value to send: the seed where a new object cannot have its value yet.
fn values(component: &Component, is_new: bool) -> impl Iterator<Item = (&Field, Value)> {
    component
        .fields
        .iter()
        .filter(|it| {
            it.capability.write() == WriteChannel::Api && it.path != field::STATUS && is_setting(&it.path)
        })
        .filter_map(move |it| match (it.value.is_pending(), is_new) {
            (false, _) => Some((it, it.value.clone())),
            (true, true) => Some((it, it.seed.clone()?)),
            (true, false) => None,
        })
}

/// Whether a marker that stands on an object lets this component write to it: its own, its former one, or none.
fn may_write(component: &Component, marker: Option<&str>) -> bool {
    let of = |address: &Address| {
        Marker { project: component.marker.project.clone(), address: address.clone() }.to_string()
    };
    marker.is_none_or(|marker| {
        marker == component.marker.to_string()
            || component.formerly.as_ref().is_some_and(|it| of(it) == marker)
    })
}

fn owned_notes(before: &Notes, component: &Component, note: &AppliedNote) -> Notes {
    Notes { marker: Some(component.marker.to_string()), applied: Some(note.to_string()), ..before.clone() }
}

/// The body that makes an application.
fn creation(component: &Component, note: &AppliedNote) -> Json {
    let mut body = json!({});
    for (field, value) in values(component, true) {
        set(&mut body, &keys_of(&field.path), value.to_json());
    }
    set_notes(&mut body, &owned_notes(&Notes::default(), component, note).to_text());
    complete(&mut body);
    body
}

/// The body that replaces one.
fn replacement(app: &App, component: &Component, changed: &[String], notes: &Notes) -> Json {
    let mut body = sendable(app);
    for (field, value) in values(component, false).filter(|(field, _)| changed.contains(&field.path)) {
        let json = if field.path == field::STATEMENTS { statements(app, &value) } else { value.to_json() };
        set(&mut body, &keys_of(&field.path), json);
    }
    set_notes(&mut body, &notes.to_text());
    complete(&mut body);
    body
}

/// The statements that are wanted, each as it was read where it is there already, with whatever else Okta keeps in it.
fn statements(app: &App, wanted: &Value) -> Json {
    let read = app.raw.pointer("/settings/signOn/attributeStatements").and_then(Json::as_array);
    let read = read.map(Vec::as_slice).unwrap_or_default();
    let one = |wanted: &Value| {
        let found = read.iter().find(|it| attributes::normal(it) == *wanted);
        found.map_or_else(|| wanted.to_json(), without_nulls)
    };
    wanted.as_list().unwrap_or_default().iter().map(one).collect()
}

/// An application as it was read, without what is only ever answered. Nulls stand for nothing in an answer, and so does leaving out
/// in an update, which replaces everything; the specification takes no nulls.
fn sendable(app: &App) -> Json {
    let mut body = without_nulls(&app.raw);
    if let Json::Object(entries) = &mut body {
        entries.retain(|key, _| !ANSWER_ONLY.contains(&key.as_str()));
    }
    if let Some(Json::Object(signing)) = body.pointer_mut("/credentials/signing") {
        signing.retain(|key, _| !SIGNING_ANSWER_ONLY.contains(&key.as_str()));
    }
    body
}

fn without_nulls(json: &Json) -> Json {
    match json {
        Json::Object(entries) => entries
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), without_nulls(value)))
            .collect(),
        Json::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// Puts in what the specification requires of a generic application's sign-on settings and Okta does not always answer.
fn complete(body: &mut Json) {
    if let Some(Json::Object(sign_on)) = body.pointer_mut("/settings/signOn")
        && sign_on.contains_key("ssoAcsUrl")
    {
        for key in ["allowMultipleAcsEndpoints", "requestCompressed"] {
            sign_on.entry(key).or_insert(false.into());
        }
    }
}

fn set_notes(body: &mut Json, text: &str) {
    let value = if text.is_empty() { Json::Null } else { text.into() };
    set(body, &["settings", "notes", "admin"], value);
}

/// Sets a value at a path of keys; null removes it.
fn set(at: &mut Json, keys: &[&str], value: Json) {
    let Some((first, rest)) = keys.split_first() else { return };
    if !at.is_object() {
        *at = json!({});
    }
    let Json::Object(entries) = at else { return };
    match (rest.is_empty(), value) {
        (true, Json::Null) => drop(entries.remove(*first)),
        (true, value) => drop(entries.insert((*first).to_owned(), value)),
        (false, value) => set(entries.entry((*first).to_owned()).or_insert_with(|| json!({})), rest, value),
    }
}

#[cfg(test)]
mod tests;
