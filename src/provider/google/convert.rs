//! Remote objects as observations: values by field path in their normal form, with Google's defaults put in. Pure.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{
    lower::field,
    wire::{MARK_FIELD, Object, Schema, User, field_name, values_of},
};
use crate::component::{AppliedNote, Component, Observed, Value};

/// The properties of a schema's field that Concord writes.
pub(super) const OWNED: [&str; 4] = ["displayName", "fieldType", "multiValued", "readAccessType"];

/// The text of a component's field, if it has it.
pub(super) fn text_of<'a>(component: &'a Component, path: &str) -> Option<&'a str> {
    component.field(path)?.value.as_text()
}

/// A schema. `component` says what is wanted of it; an orphan has none.
pub(super) fn schema(schema: &Schema, component: Option<&Component>) -> Observed {
    let mut fields = BTreeMap::from([(field::DISPLAY_NAME.to_owned(), Value::text(schema.display_name()))]);
    let mut kept = 0;
    for it in schema.fields() {
        let name = field_name(it);
        let prefix = format!("{}{name}.", field::FIELDS);
        let is_ours = component.is_some_and(|it| it.fields.iter().any(|it| it.path.starts_with(&prefix)));
        if !is_ours {
            kept += usize::from(name != MARK_FIELD);
            continue;
        }
        fields.extend(OWNED.map(|key| (format!("{prefix}{key}"), property(it, key))));
    }
    let mark = schema.mark();
    Observed {
        id: schema.id().to_owned(),
        fields,
        outputs: BTreeMap::from([("schemaName".to_owned(), Value::text(schema.name()))]),
        applied: mark.and_then(|mark| AppliedNote::parse(&mark.applied)),
        kept,
        ..Observed::default()
    }
}

/// A property of a field, or what Google does without it.
fn property(field: &Object, key: &str) -> Value {
    match (key, field.get(key)) {
        (_, Some(json)) if !json.is_null() => Value::from_json(json),
        ("displayName", _) => Value::text(field_name(field)),
        ("multiValued", _) => false.into(),
        ("readAccessType", _) => "ALL_DOMAIN_USERS".into(),
        _ => Value::Null,
    }
}

/// A user's values in a schema.
pub(super) fn user(user: &User, schema: &str) -> Observed {
    let mark = user.mark(schema).unwrap_or_default();
    let values = user.values(schema);
    let own = |key: &str| key == MARK_FIELD || mark.keys.iter().any(|it| it == key);
    let mut fields: BTreeMap<String, Value> = values
        .into_iter()
        .flatten()
        .filter(|(key, json)| *key != MARK_FIELD && !json.is_null())
        .map(|(key, json)| (value_path(schema, key), Value::from_json(&values_of(json))))
        .collect();
    fields.insert(field::KEYS.to_owned(), Value::texts(mark.keys.clone()));
    Observed {
        id: user.id.clone(),
        fields,
        outputs: BTreeMap::from([("schemaName".to_owned(), Value::text(schema))]),
        applied: AppliedNote::parse(&mark.applied),
        kept: values.into_iter().flatten().filter(|(key, json)| !own(key) && !json.is_null()).count(),
        ..Observed::default()
    }
}

/// The path of a person's value.
pub(super) fn value_path(schema: &str, key: &str) -> String {
    format!("{}{schema}.{key}", field::VALUES)
}

/// The custom field of a path, if it is one of a person's values in the schema.
pub(super) fn key_of<'a>(path: &'a str, schema: &str) -> Option<&'a str> {
    path.strip_prefix(field::VALUES)?.strip_prefix(schema)?.strip_prefix('.')
}

/// Whether a person's values say nothing: no key with anything in it.
pub(super) fn is_empty(values: Option<&Object>) -> bool {
    values.is_none_or(|values| values.values().all(Json::is_null))
}
