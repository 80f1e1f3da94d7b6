//! Writing a custom schema: Concord's fields in it and its mark. An update replaces the whole schema, so it is sent as it was read, with only
//! Concord's part changed.

use serde_json::{Value as Json, json};

use super::{
    super::{
        convert::{self, OWNED},
        lower::{READ_ACCESS, field},
        observe::Customer,
        wire::{MARK_FIELD, Mark, Object, Schema, field_name},
    },
    owned, shows, until_settled, written,
};
use crate::{
    component::{AppliedNote, Component},
    provider::{
        Write, WriteError, Written,
        owned::{Change, Removal, Standing, check_unchanged, conflict, is_its_own, may_write},
    },
};

/// What Google decides by itself, or refuses to be told.
const ANSWER_ONLY: [&str; 2] = ["etag", "kind"];

impl Customer {
    pub(super) async fn write_schema(&self, write: &Write<'_>) -> Result<Written, WriteError> {
        let change = match Change::of(write) {
            Ok(change) => change,
            Err(removal) => return self.remove_schema(&removal).await,
        };
        let component = change.component;
        let read = match change.planned {
            None => match self.api.create_schema(&creation(component, change.note)).await {
                Ok(_) => None,
                // The name is in use: by ourselves, where an earlier answer was lost, or by somebody who was quicker.
                Err(error) if error.is_conflict() => {
                    let schema = self.api.schema(&component.natural_key).await?;
                    let schema = schema.ok_or_else(|| conflict(&component.title))?;
                    let is_own = schema.mark().is_some_and(|mark| is_its_own(component, &mark.marker));
                    if !is_own {
                        return Err(conflict(&component.title));
                    }
                    Some(schema)
                }
                Err(error) => return Err(error.into()),
            },
            Some((planned, changed)) => {
                let schema = self.api.schema(&planned.id).await?.ok_or_else(|| conflict(&component.title))?;
                let marker = schema.mark().map(|mark| mark.marker);
                if !may_write(component, planned, marker.as_deref()) {
                    return Err(conflict(&component.title));
                }
                check_unchanged(component, planned, &convert::schema(&schema, Some(component)), changed)?;
                check_possible(component, &schema, changed)?;
                Some(schema)
            }
        };
        if let Some(schema) = read {
            self.api.replace_schema(schema.id(), &replacement(&schema, component, change.note)).await?;
        }
        let settled = until_settled(
            &component.title,
            || self.api.schema(&component.natural_key),
            |it| it.as_ref().is_some_and(|it| is_written(it, component, change.note)),
        )
        .await?;
        let schema = settled.ok_or_else(|| conflict(&component.title))?;
        Ok(written(convert::schema(&schema, Some(component))))
    }

    async fn remove_schema(&self, removal: &Removal<'_>) -> Result<Written, WriteError> {
        let id = &removal.observed.id;
        let Some(schema) = self.api.schema(id).await? else { return Ok(Written::Gone) };
        let marker = schema.mark().map(|mark| mark.marker);
        match removal.standing(marker.as_deref(), &format!("Google custom schema `{}`", schema.name()))? {
            Standing::LetGo => {}
            Standing::Ours if removal.keeps_object => {
                let mut body = sendable(&schema);
                if let Some(Json::Array(fields)) = body.get_mut("fields") {
                    fields.retain(|it| it.as_object().is_none_or(|it| field_name(it) != MARK_FIELD));
                }
                self.api.replace_schema(id, &body).await?;
            }
            Standing::Ours => self.api.delete_schema(id).await?,
        }
        Ok(Written::Gone)
    }
}

/// Refuses what Google does not change: the type of a field, whether it has several values, and the schema's name.
fn check_possible(component: &Component, schema: &Schema, changed: &[String]) -> Result<(), WriteError> {
    let refused = |message: String, help: &str| {
        Err(WriteError::Refused { what: component.title.clone(), message, help: Some(help.to_owned()) })
    };
    if schema.name() != component.natural_key {
        return refused(
            format!("it is called `{}`, and Google does not rename schemas", schema.name()),
            "leave `application.google.schema` as it was, or remove the profile's schema first: its values go with it",
        );
    }
    let fixed = changed.iter().find_map(|path| {
        let (name, key) = path.strip_prefix(field::FIELDS)?.rsplit_once('.')?;
        (matches!(key, "fieldType" | "multiValued") && schema.field(name).is_some()).then_some(name)
    });
    match fixed {
        Some(name) => refused(
            format!(
                "the field `{name}` is there with another type or number of values, which Google does not change"
            ),
            "delete the field in the Admin console, with everybody's values in it, or name another one: `expressions: {google: ...}`",
        ),
        None => Ok(()),
    }
}

fn is_written(schema: &Schema, component: &Component, note: &AppliedNote) -> bool {
    schema.mark() == Some(mark(component, note))
        && shows(component, &convert::schema(schema, Some(component)))
}

fn mark(component: &Component, note: &AppliedNote) -> Mark {
    Mark { marker: component.marker.to_string(), applied: note.to_string(), keys: Vec::new() }
}

/// The body that makes a schema.
pub(super) fn creation(component: &Component, note: &AppliedNote) -> Json {
    let mut body = Object::new();
    body.insert("schemaName".to_owned(), component.natural_key.as_str().into());
    fill(&mut body, component, note);
    body.into()
}

/// The body that replaces one.
pub(super) fn replacement(schema: &Schema, component: &Component, note: &AppliedNote) -> Object {
    let mut body = sendable(schema);
    fill(&mut body, component, note);
    body
}

/// A schema as it was read, without what is only ever answered.
fn sendable(schema: &Schema) -> Object {
    let mut body = schema.0.clone();
    body.retain(|key, value| !ANSWER_ONLY.contains(&key.as_str()) && !value.is_null());
    if let Some(Json::Array(fields)) = body.get_mut("fields") {
        for field in fields.iter_mut().filter_map(Json::as_object_mut) {
            field.retain(|key, value| !ANSWER_ONLY.contains(&key.as_str()) && !value.is_null());
        }
    }
    body
}

/// Puts Concord's values in, and the mark.
fn fill(body: &mut Object, component: &Component, note: &AppliedNote) {
    for field in owned(component) {
        let value = field.value.to_json();
        if field.path == field::DISPLAY_NAME {
            body.insert(field::DISPLAY_NAME.to_owned(), value);
        } else if let Some((name, key)) =
            field.path.strip_prefix(field::FIELDS).and_then(|path| path.rsplit_once('.'))
            && OWNED.contains(&key)
        {
            field_of(body, name).insert(key.to_owned(), value);
        }
    }
    let text = mark(component, note).to_string();
    let own = field_of(body, MARK_FIELD);
    own.insert("displayName".to_owned(), text.into());
    for (key, value) in [
        ("fieldType", json!("STRING")),
        ("multiValued", json!(false)),
        ("readAccessType", json!(READ_ACCESS)),
    ] {
        own.insert(key.to_owned(), value);
    }
}

/// The field of a name, which is added where it is missing.
fn field_of<'a>(body: &'a mut Object, name: &str) -> &'a mut Object {
    let fields = body.entry("fields").or_insert_with(|| json!([]));
    if !fields.is_array() {
        *fields = json!([]);
    }
    let Json::Array(fields) = fields else { unreachable!("it was made an array above") };
    let at = fields.iter().position(|it| it.as_object().is_some_and(|it| field_name(it) == name));
    let at = at.unwrap_or_else(|| {
        fields.push(json!({"fieldName": name}));
        fields.len() - 1
    });
    fields[at].as_object_mut().expect("a field that was found by its name, or made, is an object")
}
