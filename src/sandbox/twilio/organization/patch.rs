//! A SCIM PATCH (RFC 7644 section 3.5.2): operations on the writable attributes. Unknown paths are ignored; an operation that is wrong
//! undoes all of them.

use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::users::WRITABLE;

const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// The attributes after a PATCH. They are checked by whoever stores them.
pub(super) fn apply(
    mut attributes: Map<String, Value>,
    body: &Map<String, Value>,
) -> Result<Map<String, Value>, Refusal> {
    let syntax = |message: &str| Refusal::scim_of(20001, "invalidSyntax", message);
    let has_schema =
        body.get("schemas").and_then(Value::as_array).is_some_and(|schemas| schemas.contains(&json!(SCHEMA)));
    if !has_schema {
        return Err(syntax("schemas must name PatchOp"));
    }
    let operations = body.get("Operations").and_then(Value::as_array).filter(|it| !it.is_empty());
    for operation in
        operations.ok_or_else(|| syntax("Operations must be a list with at least one operation"))?
    {
        let op = operation["op"].as_str().unwrap_or_default().to_ascii_lowercase();
        if !matches!(op.as_str(), "add" | "replace" | "remove") {
            return Err(syntax("op must be add, replace or remove"));
        }
        let value = operation.get("value").filter(|value| !value.is_null());
        match (op.as_str(), operation["path"].as_str(), value) {
            ("remove", Some(path), _) => set(&mut attributes, path, None),
            ("remove", None, _) => return Err(syntax("remove needs a path")),
            (_, _, None) => return Err(syntax("add and replace need a value")),
            (_, Some(path), Some(value)) => set(&mut attributes, path, Some(value)),
            // Without a path the value has the attributes.
            (_, None, Some(Value::Object(values))) => {
                values.iter().for_each(|(path, value)| set(&mut attributes, path, Some(value)));
            }
            (_, None, Some(_)) => return Err(syntax("without a path the value must be an object")),
        }
    }
    Ok(attributes)
}

fn set(attributes: &mut Map<String, Value>, path: &str, value: Option<&Value>) {
    match path {
        "name.givenName" | "name.familyName" => {
            let part = path.trim_start_matches("name.");
            let name = attributes.entry("name").or_insert_with(|| json!({}));
            if let (Value::Object(name), Some(value)) = (&mut *name, value) {
                name.insert(part.to_owned(), value.clone());
            } else if let Value::Object(name) = name {
                name.remove(part);
            }
        }
        // Sub-attributes that are not given stay (RFC 7644 section 3.5.2.3).
        "name" => match (value, attributes.get_mut("name")) {
            (Some(Value::Object(given)), Some(Value::Object(name))) => name.extend(given.clone()),
            (Some(value), _) => drop(attributes.insert("name".into(), value.clone())),
            (None, _) => drop(attributes.remove("name")),
        },
        path if path.starts_with("emails[") && path.ends_with("].value") => {
            let is_primary = path.contains("primary eq true");
            let emails = attributes.get_mut("emails").and_then(Value::as_array_mut);
            for email in emails.into_iter().flatten().filter(|email| is_primary && email["primary"] == true) {
                email["value"] = value.cloned().unwrap_or_default();
            }
        }
        path if WRITABLE.contains(&path) => match value {
            Some(value) => drop(attributes.insert(path.to_owned(), value.clone())),
            None => drop(attributes.remove(path)),
        },
        _ => {}
    }
}
