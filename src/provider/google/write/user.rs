//! Writing a person's values in the schema: Concord's keys and the mark. What the request does not name stays as it is; null deletes.

use serde_json::Value as Json;

use super::{
    super::{
        convert::{self, key_of, text_of},
        lower::field,
        observe::{Customer, enabled},
        wire::{MARK_FIELD, Mark, Object, User, sent},
    },
    owned, shows, until_settled, written,
};
use crate::{
    component::{AppliedNote, Component, Observation, Observed, Ownership},
    provider::{
        Write, WriteError, Written,
        owned::{Change, Removal, Standing, check_unchanged, conflict, is_its_own, may_write},
    },
};

impl Customer {
    pub(super) async fn write_user(&self, write: &Write<'_>) -> Result<Written, WriteError> {
        let change = match Change::of(write) {
            Ok(change) => change,
            Err(removal) => return self.remove_user(&removal).await,
        };
        let component = change.component;
        let gone = || conflict(&component.title);
        let schema = text_of(component, field::SCHEMA).ok_or_else(gone)?.to_owned();
        let schemas = std::slice::from_ref(&schema);
        let id = match change.planned {
            Some((planned, _)) => planned.id.as_str(),
            None => text_of(component, field::USER_ID).unwrap_or(&component.natural_key),
        };
        let user = self.api.user(id, schemas).await?.ok_or_else(gone)?;
        if user.address().as_deref() != Some(component.natural_key.as_str()) {
            return Err(gone());
        }
        let marker = user.mark(&schema).map(|mark| mark.marker);
        match change.planned {
            Some((planned, _)) if !may_write(component, planned, marker.as_deref()) => return Err(gone()),
            None if marker.as_deref().is_some_and(|marker| !is_its_own(component, marker)) => {
                return Err(gone());
            }
            Some((planned, changed)) => {
                // The list of keys follows the values.
                let values: Vec<String> =
                    changed.iter().filter(|path| *path != field::KEYS).cloned().collect();
                check_unchanged(component, planned, &convert::user(&user, &schema), &values)?;
            }
            // Somebody set values by hand after the plan had seen none.
            None => match enabled(&user, component) {
                Observation::Present(now) if now.ownership == Ownership::Unmarked && !component.adopt => {
                    return Err(gone());
                }
                _ => {}
            },
        }
        let mark = mark(component, &schema, change.note);
        self.api.set_values(&user.id, &schema, &values(&user, component, &schema, &mark)).await?;
        let settled = until_settled(
            &component.title,
            || self.api.user(&user.id, schemas),
            |it| it.as_ref().is_some_and(|it| is_written(it, component, &schema, &mark)),
        )
        .await?;
        Ok(written(settled.map_or_else(Observed::default, |user| convert::user(&user, &schema))))
    }

    async fn remove_user(&self, removal: &Removal<'_>) -> Result<Written, WriteError> {
        let id = &removal.observed.id;
        let schema =
            removal.observed.outputs.get("schemaName").and_then(|it| it.as_text()).unwrap_or_default();
        let schemas = [schema.to_owned()];
        let Some(user) = self.api.user(id, &schemas).await? else { return Ok(Written::Gone) };
        let mark = user.mark(schema);
        let marker = mark.as_ref().map(|mark| mark.marker.as_str());
        if removal.standing(marker, &format!("Google user {id}"))? == Standing::LetGo {
            return Ok(Written::Gone);
        }
        let mut keys = vec![MARK_FIELD.to_owned()];
        if !removal.keeps_object {
            keys.extend(mark.unwrap_or_default().keys);
        }
        let nothing: Object = keys.into_iter().map(|key| (key, Json::Null)).collect();
        match self.api.set_values(id, schema, &nothing).await {
            Ok(_) => {}
            // The schema was deleted in between, and the values with it.
            Err(error) => {
                if self.api.schema(schema).await?.is_some() {
                    return Err(error.into());
                }
                return Ok(Written::Gone);
            }
        }
        until_settled(
            &format!("Google user {id}"),
            || self.api.user(id, &schemas),
            |it| it.as_ref().is_none_or(|it| it.mark(schema).is_none()),
        )
        .await?;
        Ok(Written::Gone)
    }
}

fn is_written(user: &User, component: &Component, schema: &str, mark: &Mark) -> bool {
    user.mark(schema).as_ref() == Some(mark) && shows(component, &convert::user(user, schema))
}

pub(super) fn mark(component: &Component, schema: &str, note: &AppliedNote) -> Mark {
    let mut keys: Vec<String> =
        owned(component).filter_map(|it| key_of(&it.path, schema)).map(str::to_owned).collect();
    keys.sort();
    Mark { marker: component.marker.to_string(), applied: note.to_string(), keys }
}

/// What the schema gets so that the person is enabled: the values, the mark, and null for what was Concord's and is no longer wanted.
pub(super) fn values(user: &User, component: &Component, schema: &str, mark: &Mark) -> Object {
    let before = user.mark(schema).unwrap_or_default().keys;
    let mut values: Object = before.into_iter().map(|key| (key, Json::Null)).collect();
    for it in owned(component) {
        if let Some(key) = key_of(&it.path, schema) {
            values.insert(key.to_owned(), sent(&it.value.to_json()));
        }
    }
    values.insert(MARK_FIELD.to_owned(), mark.to_string().into());
    values
}
