//! Writing what enables a person: Concord's keys of `app_metadata.flex`, and the mark beside it. Auth0 merges `app_metadata` at its first
//! level only, so `flex` is sent whole, with everybody else's keys as they were read.

use serde_json::{Value as Json, json};

use super::{
    super::{
        convert,
        lower::field,
        observe::{Tenant, enabled},
        wire::{Object, User},
    },
    Change, Standing, check_unchanged, conflict, is_its_own, may_write, values, written,
};
use crate::{
    component::{AppliedNote, Component, Observation, Ownership},
    provider::{Write, WriteError, Written},
};

impl Tenant {
    pub(super) async fn write_user(&self, write: &Write<'_>) -> Result<Written, WriteError> {
        let change = match Change::of(write) {
            Ok(change) => change,
            Err(removal) => {
                let id = &removal.observed.id;
                let Some(user) = self.api.user(id).await? else { return Ok(Written::Gone) };
                let mark = user.mark();
                let marker = mark.as_ref().map(|mark| mark.marker.as_str());
                match removal.standing(marker, &format!("Auth0 user {id}"))? {
                    Standing::LetGo => {}
                    Standing::Ours => {
                        let app_metadata =
                            if removal.keeps_object { json!({"concord": null}) } else { withdrawal(&user) };
                        self.api.update_user(id, &json!({"app_metadata": app_metadata})).await?;
                    }
                }
                return Ok(Written::Gone);
            }
        };
        let component = change.component;
        let user = match change.planned {
            Some((planned, _)) => self.api.user(&planned.id).await?,
            None => self.find(component).await?,
        };
        let gone = || conflict(&component.title);
        let user = user.ok_or_else(gone)?;
        let mark = user.mark();
        let marker = mark.as_ref().map(|mark| mark.marker.as_str());
        if user.address().as_deref() != Some(component.natural_key.as_str()) {
            return Err(gone());
        }
        match change.planned {
            Some((planned, _)) if !may_write(component, planned, marker) => return Err(gone()),
            None if marker.is_some_and(|marker| !is_its_own(component, marker)) => return Err(gone()),
            Some((planned, changed)) => {
                // The list of keys follows the values.
                let values: Vec<String> =
                    changed.iter().filter(|path| *path != field::KEYS).cloned().collect();
                check_unchanged(component, planned, &convert::user(&user), &values)?;
            }
            // Somebody set values by hand after the plan had seen none.
            None => match enabled(&user, component) {
                Observation::Present(now) if now.ownership == Ownership::Unmarked && !component.adopt => {
                    return Err(gone());
                }
                _ => {}
            },
        }
        let body = json!({"app_metadata": enablement(&user, component, change.note)});
        // The answer is the user as it is now: no third call for each of thousands of people.
        let user = self.api.update_user(&user.user_id, &body).await?;
        Ok(written(convert::user(&user)))
    }

    /// The person's account, by the ID that the population gave, or by address.
    async fn find(&self, component: &Component) -> Result<Option<User>, WriteError> {
        if let Some(id) = convert::text_of(component, field::USER_ID) {
            return Ok(self.api.user(id).await?);
        }
        let mut users = self.api.users_by_email(&component.natural_key).await?;
        Ok(if users.len() == 1 { users.pop() } else { None })
    }
}

/// What `app_metadata` gets so that the person is enabled.
pub(super) fn enablement(user: &User, component: &Component, note: &AppliedNote) -> Json {
    let mut flex = user.flex().cloned().unwrap_or_default();
    for key in user.mark().unwrap_or_default().keys {
        flex.remove(&key);
    }
    let mut keys = Vec::new();
    for (field, value) in values(component, true) {
        if let Some(key) = field.path.strip_prefix(field::FLEX) {
            flex.insert(key.to_owned(), value.to_json());
            keys.push(key.to_owned());
        }
    }
    keys.sort();
    json!({
        "flex": flex,
        "concord": {"marker": component.marker.to_string(), "applied": note.to_string(), "keys": keys},
    })
}

/// What `app_metadata` gets so that nothing of Concord's is left; null removes a key of the first level.
pub(super) fn withdrawal(user: &User) -> Json {
    let Some(flex) = user.flex() else { return json!({"concord": null}) };
    let ours = user.mark().unwrap_or_default().keys;
    let flex: Object = flex
        .iter()
        .filter(|(key, _)| !ours.contains(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let flex = if flex.is_empty() { Json::Null } else { flex.into() };
    json!({"flex": flex, "concord": null})
}
