//! Custom schemas. A PUT replaces a schema; a PATCH replaces what its body has, and the list of fields is one thing. Values of a field that
//! is gone are gone with it.

use serde_json::{Map, Value, json};

use crate::sandbox::ids;
use crate::sandbox::message::Answer;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::customer::Customer;
use super::refusal::Refusal;
use super::{Outcome, body_of, users};

const TYPES: [&str; 7] = ["BOOL", "DATE", "DOUBLE", "EMAIL", "INT64", "PHONE", "STRING"];
const ACCESS: [&str; 2] = ["ADMINS_AND_SELF", "ALL_DOMAIN_USERS"];
/// Properties of a field that cannot change while the field is there.
const FIXED: [&str; 2] = ["fieldType", "multiValued"];

fn table(customer: &Customer) -> String {
    customer.table("schemas")
}

/// A schema by ID or name.
pub(super) fn find(documents: &Transaction<'_>, customer: &Customer, key: &str) -> Option<Value> {
    let table = table(customer);
    let by_name = || documents.list(&table).map(|(_, it)| it).find(|it| it["schemaName"] == key).cloned();
    documents.get(&table, key).cloned().or_else(by_name)
}

pub(super) fn all(documents: &Transaction<'_>, customer: &Customer) -> Vec<Value> {
    documents.list(&table(customer)).map(|(_, it)| it.clone()).collect()
}

/// The fields of a schema.
pub(super) fn fields(schema: &Value) -> impl Iterator<Item = &Value> {
    schema["fields"].as_array().into_iter().flatten()
}

pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// A schema with everything that Google adds, out of a body that is good.
fn checked(body: &Value, id: &str, before: Option<&Value>) -> Result<Value, Refusal> {
    let name = text(body, "schemaName");
    if name.is_empty() {
        return Err(Refusal::required("schemaName"));
    }
    if !is_name(name) {
        return Err(Refusal::invalid("Invalid Input: schemaName"));
    }
    let display = text(body, "displayName");
    let given = body["fields"].as_array().filter(|fields| !fields.is_empty());
    let given = given.ok_or_else(|| Refusal::required("fields"))?;
    let mut made: Vec<Value> = Vec::new();
    for field in given {
        let (field_name, kind) = (text(field, "fieldName"), text(field, "fieldType"));
        if field_name.is_empty() || kind.is_empty() {
            return Err(Refusal::required("fieldName, fieldType"));
        }
        let access = field["readAccessType"].as_str().unwrap_or("ALL_DOMAIN_USERS");
        let is_known = |given: &str, known: &[&str]| known.contains(&given);
        let is_flag = |key: &str| field[key].is_null() || field[key].is_boolean();
        if !is_name(field_name)
            || !is_known(kind, &TYPES)
            || !is_known(access, &ACCESS)
            || !is_flag("multiValued")
            || !is_flag("indexed")
            || made.iter().any(|it| text(it, "fieldName").eq_ignore_ascii_case(field_name))
        {
            return Err(Refusal::invalid(format!("Invalid Input: fields.{field_name}")));
        }
        let old = before.into_iter().flat_map(fields).find(|it| text(it, "fieldName") == field_name);
        let mut entry = json!({
            "kind": "admin#directory#schema#fieldspec", "etag": etag(), "fieldName": field_name, "fieldType": kind,
            "fieldId": old.map_or_else(|| json!(ids::alphanumeric(24)), |old| old["fieldId"].clone()),
            "displayName": field["displayName"].as_str().unwrap_or(field_name), "readAccessType": access,
            "multiValued": field["multiValued"] == true,
        });
        if field["indexed"] == false {
            entry["indexed"] = false.into();
        }
        if field["numericIndexingSpec"].is_object() {
            entry["numericIndexingSpec"] = field["numericIndexingSpec"].clone();
        }
        if let Some(old) = old.filter(|old| FIXED.iter().any(|key| old[*key] != entry[*key])) {
            return Err(Refusal::invalid(format!(
                "Invalid Input: {} cannot be changed",
                text(old, "fieldName")
            )));
        }
        made.push(entry);
    }
    Ok(json!({
        "kind": "admin#directory#schema", "etag": etag(), "schemaId": id, "schemaName": name,
        "displayName": if display.is_empty() { name } else { display }, "fields": made,
    }))
}

fn etag() -> String {
    format!("\"{}\"", ids::alphanumeric(27))
}

/// Makes a schema, for requests and seeds.
pub(super) fn add(
    documents: &mut Transaction<'_>,
    customer: &Customer,
    body: &Value,
) -> Result<Value, Refusal> {
    let taken = all(documents, customer)
        .iter()
        .any(|it| text(it, "schemaName").eq_ignore_ascii_case(text(body, "schemaName")));
    let schema = checked(body, &format!("{}==", ids::alphanumeric(22)), None)?;
    if taken {
        return Err(Refusal::duplicate());
    }
    documents.put(&table(customer), text(&schema, "schemaId"), schema.clone());
    Ok(schema)
}

pub(super) fn list(call: &mut Call<'_, '_>, customer: &Customer) -> Outcome {
    let table = table(customer);
    let ids: Vec<String> = call.documents.list(&table).map(|(id, _)| id.clone()).collect();
    let seen: Vec<Value> = ids
        .into_iter()
        .filter_map(|id| {
            let now = call.documents.get(&table, &id).cloned();
            call.memory.google.seen(&table, &id, now)
        })
        .collect();
    let mut body = json!({"kind": "admin#directory#schemas", "etag": "\"list\""});
    if !seen.is_empty() {
        body["schemas"] = seen.into();
    }
    Ok(Answer::json(200, &body))
}

pub(super) fn create(call: &mut Call<'_, '_>, customer: &Customer) -> Outcome {
    let schema = add(call.documents, customer, &body_of(call.request)?)?;
    call.memory.google.changed(customer, &table(customer), text(&schema, "schemaId"), None);
    Ok(Answer::json(200, &schema))
}

fn load(call: &Call<'_, '_>, customer: &Customer, key: &str) -> Result<Value, Refusal> {
    find(call.documents, customer, key).ok_or_else(|| Refusal::not_found("schemaKey"))
}

pub(super) fn read(call: &mut Call<'_, '_>, customer: &Customer, key: &str) -> Outcome {
    let schema = load(call, customer, key)?;
    let seen = call.memory.google.seen(&table(customer), text(&schema, "schemaId"), Some(schema.clone()));
    Ok(Answer::json(200, &seen.ok_or_else(|| Refusal::not_found("schemaKey"))?))
}

pub(super) fn replace(call: &mut Call<'_, '_>, customer: &Customer, key: &str) -> Outcome {
    let before = load(call, customer, key)?;
    let mut body = body_of(call.request)?;
    if body["schemaName"].is_null() {
        body["schemaName"] = before["schemaName"].clone();
    }
    change(call, customer, &before, &body)
}

pub(super) fn patch(call: &mut Call<'_, '_>, customer: &Customer, key: &str) -> Outcome {
    let before = load(call, customer, key)?;
    let mut merged = before.as_object().cloned().unwrap_or_default();
    if let Value::Object(given) = body_of(call.request)? {
        merged.extend(given);
    }
    change(call, customer, &before, &Value::Object(merged))
}

fn change(call: &mut Call<'_, '_>, customer: &Customer, before: &Value, body: &Value) -> Outcome {
    if body["schemaName"] != before["schemaName"] {
        return Err(Refusal::invalid("Invalid Input: schemaName cannot be changed"));
    }
    let id = text(before, "schemaId");
    let after = checked(body, id, Some(before))?;
    let names: Vec<&str> = fields(&after).map(|it| text(it, "fieldName")).collect();
    let gone: Vec<&str> =
        fields(before).map(|it| text(it, "fieldName")).filter(|name| !names.contains(name)).collect();
    let schema = text(before, "schemaName");
    users::forget_values(call.documents, customer, schema, |name| gone.contains(&name));
    call.documents.put(&table(customer), id, after.clone());
    call.memory.google.changed(customer, &table(customer), id, Some(before.clone()));
    Ok(Answer::json(200, &after))
}

pub(super) fn delete(call: &mut Call<'_, '_>, customer: &Customer, key: &str) -> Outcome {
    let schema = load(call, customer, key)?;
    users::forget_values(call.documents, customer, text(&schema, "schemaName"), |_| true);
    call.documents.remove(&table(customer), text(&schema, "schemaId"));
    Ok(Answer::no_content())
}

/// Refuses values that the schemas do not have, or not so.
pub(super) fn check_values(
    documents: &Transaction<'_>,
    customer: &Customer,
    given: &Map<String, Value>,
) -> Result<(), Refusal> {
    for (name, values) in given {
        let wrong = |what: &str| Refusal::invalid(format!("Invalid Input: custom_schema.{name}{what}"));
        let Some(schema) = find(documents, customer, name).filter(|it| it["schemaName"] == name.as_str())
        else {
            return Err(wrong(""));
        };
        let values = match values {
            Value::Null => continue,
            Value::Object(values) => values,
            _ => return Err(wrong("")),
        };
        for (key, value) in values {
            let field = fields(&schema).find(|it| text(it, "fieldName") == key);
            let field = field.ok_or_else(|| wrong(&format!(".{key}")))?;
            let is_good = match value {
                Value::Null => true,
                Value::Array(items) if field["multiValued"] == true => {
                    items.iter().all(|item| item.is_object() && fits(field, &item["value"]))
                }
                value => field["multiValued"] != true && fits(field, value),
            };
            if !is_good {
                return Err(wrong(&format!(".{key}")));
            }
        }
    }
    Ok(())
}

fn fits(field: &Value, value: &Value) -> bool {
    match text(field, "fieldType") {
        "BOOL" => value.is_boolean(),
        "DOUBLE" => value.is_number(),
        "INT64" => value.is_i64() || value.as_str().is_some_and(|it| it.parse::<i64>().is_ok()),
        _ => value.is_string(),
    }
}
