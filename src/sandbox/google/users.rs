//! Users: listing, reading, and changing what a body names. A custom field that a body leaves out stays, null deletes it.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::sandbox::ids;
use crate::sandbox::message::{Answer, Request};
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::customer::Customer;
use super::refusal::Refusal;
use super::schemas::{self, text};
use super::{Outcome, body_of, page, page_size};

/// What a body may change of a user, beside the values.
const WRITABLE: [&str; 5] = ["name", "suspended", "archived", "orgUnitPath", "organizations"];

fn table(customer: &Customer) -> String {
    customer.table("users")
}

/// A user to be made.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct New {
    pub(super) email: String,
    pub(super) given_name: String,
    pub(super) family_name: String,
    pub(super) suspended: bool,
    pub(super) is_admin: bool,
    pub(super) aliases: Vec<String>,
    pub(super) org_unit_path: Option<String>,
    pub(super) department: Option<String>,
    pub(super) custom_schemas: Map<String, Value>,
}

impl New {
    pub(super) fn administrator(email: &str) -> Self {
        Self {
            email: email.to_owned(),
            given_name: "Super".into(),
            family_name: "Admin".into(),
            is_admin: true,
            ..Self::default()
        }
    }
}

/// Makes a user.
pub(super) fn add(documents: &mut Transaction<'_>, customer: &Customer, new: &New, now: Timestamp) -> String {
    // 21 digits, as Google's IDs have.
    let id: String = ids::hex32().bytes().take(21).map(|b| char::from(b'0' + b % 10)).collect();
    let mut user = json!({
        "kind": "admin#directory#user", "id": id, "etag": etag(), "primaryEmail": new.email.to_lowercase(),
        "name": {
            "givenName": new.given_name, "familyName": new.family_name,
            "fullName": format!("{} {}", new.given_name, new.family_name).trim(),
        },
        "isAdmin": new.is_admin, "isDelegatedAdmin": false, "suspended": new.suspended, "archived": false,
        "creationTime": ids::millis(now), "agreedToTerms": true, "customerId": customer.id,
        "orgUnitPath": new.org_unit_path.as_deref().unwrap_or("/"), "isMailboxSetup": true,
        "emails": [{"address": new.email.to_lowercase(), "primary": true}],
    });
    if !new.aliases.is_empty() {
        user["aliases"] = new.aliases.iter().map(|it| it.to_lowercase()).collect();
    }
    if let Some(department) = &new.department {
        user["organizations"] = json!([{"department": department, "primary": true, "customType": ""}]);
    }
    if !new.custom_schemas.is_empty() {
        user["customSchemas"] = Value::Object(new.custom_schemas.clone());
    }
    documents.put(&table(customer), &id, user);
    id
}

fn etag() -> String {
    format!("\"{}\"", ids::alphanumeric(43))
}

/// A user by ID, primary address or alias.
pub(super) fn find(documents: &Transaction<'_>, customer: &Customer, key: &str) -> Option<Value> {
    let table = table(customer);
    if let Some(user) = documents.get(&table, key) {
        return Some(user.clone());
    }
    let key = key.to_lowercase();
    let is_it = |user: &&Value| {
        user["primaryEmail"] == key.as_str()
            || user["aliases"].as_array().is_some_and(|aliases| aliases.iter().any(|it| *it == key.as_str()))
    };
    documents.list(&table).map(|(_, user)| user).find(is_it).cloned()
}

/// Which custom fields an answer has.
enum Projection {
    Basic,
    Custom(Vec<String>),
    Full,
}

impl Projection {
    fn of(request: &Request) -> Result<Self, Refusal> {
        let mask = request.parameter("customFieldMask");
        match request.parameter("projection").unwrap_or("basic") {
            "basic" if mask.is_none() => Ok(Self::Basic),
            "full" if mask.is_none() => Ok(Self::Full),
            "custom" => match mask.filter(|mask| !mask.is_empty()) {
                Some(mask) => Ok(Self::Custom(mask.split(',').map(str::to_owned).collect())),
                None => Err(Refusal::invalid("Invalid Input: customFieldMask")),
            },
            _ => Err(Refusal::invalid("Invalid Input: projection")),
        }
    }

    fn view(&self, mut user: Value) -> Value {
        let Some(entries) = user.as_object_mut() else { return user };
        match (self, entries.get_mut("customSchemas").and_then(Value::as_object_mut)) {
            (Self::Full, _) | (_, None) => {}
            (Self::Custom(mask), Some(schemas)) => {
                schemas.retain(|name, _| mask.contains(name));
                if schemas.is_empty() {
                    entries.remove("customSchemas");
                }
            }
            (Self::Basic, Some(_)) => {
                entries.remove("customSchemas");
            }
        }
        user
    }
}

/// Whether a user matches a search: one clause is all that the sandbox knows.
fn matcher(query: &str) -> Result<impl Fn(&Value) -> bool, Refusal> {
    let invalid = || Refusal::invalid("Invalid Input: query");
    let (field, value) = query.trim().split_once(['=', ':']).ok_or_else(invalid)?;
    let value = value.trim().trim_matches('\'').to_lowercase();
    let field = match field.trim() {
        "email" => "primaryEmail",
        "isSuspended" => "suspended",
        "orgUnitPath" => "orgUnitPath",
        _ => return Err(invalid()),
    };
    Ok(move |user: &Value| match &user[field] {
        Value::String(text) => match value.strip_suffix('*') {
            Some(prefix) => text.to_lowercase().starts_with(prefix),
            None => text.to_lowercase() == value,
        },
        other => other.to_string() == value,
    })
}

pub(super) fn list(call: &mut Call<'_, '_>, customer: &Customer) -> Outcome {
    let request = call.request;
    let domain = match (request.parameter("customer"), request.parameter("domain")) {
        (Some(id), None) => {
            customer.is_meant_by(id)?;
            None
        }
        (None, Some(domain)) if customer.domains.iter().any(|it| it.eq_ignore_ascii_case(domain)) => {
            Some(format!("@{}", domain.to_lowercase()))
        }
        (None, Some(_)) => return Err(Refusal::not_found("domain")),
        _ => return Err(Refusal::new(400, "badRequest", "Bad Request")),
    };
    let size = page_size(request, 100, 500)?;
    let projection = Projection::of(request)?;
    let matches = request.parameter("query").map(matcher).transpose()?;
    let table = table(customer);
    let found: Vec<String> = call
        .documents
        .list(&table)
        .filter(|(_, user)| {
            domain.as_ref().is_none_or(|domain| text(user, "primaryEmail").ends_with(domain))
                && matches.as_ref().is_none_or(|matches| matches(user))
        })
        .map(|(id, _)| id.clone())
        .collect();
    let mut items: Vec<(String, Value)> = found
        .into_iter()
        .filter_map(|id| {
            let now = call.documents.get(&table, &id).cloned();
            let user = call.memory.google.seen(&table, &id, now)?;
            Some((text(&user, "primaryEmail").to_owned(), projection.view(user)))
        })
        .collect();
    items.sort_by(|(one, _), (other, _)| one.cmp(other));
    page(request, "admin#directory#users", "users", size, items)
}

fn load(call: &Call<'_, '_>, customer: &Customer, key: &str) -> Result<Value, Refusal> {
    // An address of another domain is another customer's.
    let is_foreign = key.contains('@') && !customer.has_domain_of(&key.to_lowercase());
    find(call.documents, customer, key)
        .ok_or_else(|| if is_foreign { Refusal::not_authorized() } else { Refusal::not_found("userKey") })
}

pub(super) fn read(call: &mut Call<'_, '_>, customer: &Customer, key: &str) -> Outcome {
    let projection = Projection::of(call.request)?;
    let user = load(call, customer, key)?;
    let seen = call.memory.google.seen(&table(customer), text(&user, "id"), Some(user.clone()));
    Ok(Answer::json(200, &projection.view(seen.unwrap_or(user))))
}

pub(super) fn patch(call: &mut Call<'_, '_>, customer: &Customer, key: &str) -> Outcome {
    let before = load(call, customer, key)?;
    let body = body_of(call.request)?;
    let mut user = before.clone();
    for key in WRITABLE.iter().filter(|key| !body[**key].is_null()) {
        user[*key] = body[*key].clone();
    }
    if let Some(given) = body.get("customSchemas") {
        let Value::Object(given) = given else {
            return Err(Refusal::invalid("Invalid Input: customSchemas"));
        };
        schemas::check_values(call.documents, customer, given)?;
        let mut all = user["customSchemas"].as_object().cloned().unwrap_or_default();
        for (schema, values) in given {
            merge(&mut all, schema, values);
        }
        user["customSchemas"] = Value::Object(all);
    }
    clean(&mut user);
    user["etag"] = etag().into();
    let id = text(&user, "id").to_owned();
    call.documents.put(&table(customer), &id, user.clone());
    call.memory.google.changed(customer, &table(customer), &id, Some(before));
    Ok(Answer::json(200, &user))
}

fn merge(all: &mut Map<String, Value>, schema: &str, given: &Value) {
    let Value::Object(given) = given else {
        all.remove(schema);
        return;
    };
    let mut values = all.get(schema).and_then(Value::as_object).cloned().unwrap_or_default();
    for (key, value) in given {
        let items = value.as_array().map(|items| items.iter().map(typed).collect());
        match items.unwrap_or_else(|| value.clone()) {
            Value::Null => {
                values.remove(key);
            }
            value => {
                values.insert(key.clone(), value);
            }
        }
    }
    all.insert(schema.to_owned(), Value::Object(values));
}

/// A value among several, with the type that Google adds.
fn typed(item: &Value) -> Value {
    let mut item = item.clone();
    if item["type"].is_null() {
        item["type"] = "work".into();
    }
    item
}

/// Takes away what is empty: Google shows no schema without values.
fn clean(user: &mut Value) {
    let Some(entries) = user.as_object_mut() else { return };
    if let Some(Value::Object(all)) = entries.get_mut("customSchemas") {
        all.retain(|_, values| values.as_object().is_some_and(|values| !values.is_empty()));
        if all.is_empty() {
            entries.remove("customSchemas");
        }
    }
}

/// Takes away everybody's values of some fields of a schema.
pub(super) fn forget_values(
    documents: &mut Transaction<'_>,
    customer: &Customer,
    schema: &str,
    is_gone: impl Fn(&str) -> bool,
) {
    let table = table(customer);
    let pointer = |user: &Value| user["customSchemas"].get(schema).is_some();
    let concerned: Vec<(String, Value)> = documents
        .list(&table)
        .filter(|(_, user)| pointer(user))
        .map(|(id, user)| (id.clone(), user.clone()))
        .collect();
    for (id, mut user) in concerned {
        if let Some(values) = user["customSchemas"][schema].as_object_mut() {
            values.retain(|key, _| !is_gone(key));
        }
        clean(&mut user);
        documents.put(&table, &id, user);
    }
}
