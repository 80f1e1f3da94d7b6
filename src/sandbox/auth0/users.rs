//! Users: search that lags and ends at 1,000, and reads and writes that do neither.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::sandbox::ids;
use crate::sandbox::message::Answer;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::paging::{Page, choose_fields, only};
use super::refusal::Refusal;
use super::shape::{self, Rule};
use super::tenant::{Settings, table};
use super::token::Grant;
use super::{Outcome, body_of, query};

/// Search reaches so many results and no more.
const SEARCH_REACH: usize = 1_000;

/// Names that app_metadata must not use, because they shadow properties of the profile.
const RESERVED: &[&str] = &[
    "__tenant",
    "_id",
    "blocked",
    "clientID",
    "created_at",
    "email_verified",
    "email",
    "globalClientID",
    "global_client_id",
    "identities",
    "lastIP",
    "lastLogin",
    "loginsCount",
    "metadata",
    "multifactor_last_modified",
    "multifactor",
    "updated_at",
    "user_id",
];

static COMMON: &[(&str, Rule)] = &[
    ("email", Rule::Email),
    ("phone_number", Rule::Text),
    ("user_metadata", Rule::Open(&[])),
    ("blocked", Rule::Flag),
    ("email_verified", Rule::Flag),
    ("phone_verified", Rule::Flag),
    ("app_metadata", Rule::Open(&[])),
    ("given_name", Rule::Sized(1, 150)),
    ("family_name", Rule::Sized(1, 150)),
    ("name", Rule::Sized(1, 300)),
    ("nickname", Rule::Sized(1, 300)),
    ("picture", Rule::Text),
    ("connection", Rule::Sized(1, 1_000)),
    ("password", Rule::Sized(1, 1_000)),
    ("verify_email", Rule::Flag),
    ("username", Rule::Sized(1, 128)),
];

fn update_rules() -> Vec<(&'static str, Rule)> {
    const NULLABLE: [&str; 8] =
        ["email", "phone_number", "given_name", "family_name", "name", "nickname", "picture", "username"];
    let mut rules: Vec<(&str, Rule)> = COMMON
        .iter()
        .map(|(name, rule)| (*name, if NULLABLE.contains(name) { Rule::OrNull(rule) } else { *rule }))
        .collect();
    rules.push(("client_id", Rule::Sized(1, 1_000)));
    rules.push(("verify_phone_number", Rule::Flag));
    rules
}

fn missing() -> Refusal {
    Refusal::new(404, "inexistent_user", "The user does not exist.")
}

fn check_app_metadata(given: &Map<String, Value>) -> Result<(), Refusal> {
    let Some(metadata) = given.get("app_metadata").and_then(Value::as_object) else { return Ok(()) };
    match metadata.keys().find(|key| RESERVED.contains(&key.as_str())) {
        Some(key) => {
            let message = format!("app_metadata must not contain the reserved property {key}.");
            Err(Refusal::new(400, "invalid_body", message))
        }
        None => Ok(()),
    }
}

/// Makes a user from a request body (which needs a password for a database connection) or a seed.
pub(crate) fn insert(
    documents: &mut Transaction<'_>,
    tenant: &str,
    body: &Value,
    created: Timestamp,
    seeded: bool,
) -> Result<Value, Refusal> {
    let mut rules = COMMON.to_vec();
    rules.push(("user_id", Rule::Sized(0, 255)));
    let given = shape::body(body, &rules, &["connection"])?;
    check_app_metadata(given)?;
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    let connection = text("connection").unwrap_or_default();
    let strategy = documents
        .get(&table(tenant, "connections"), connection)
        .and_then(|c| c.get("strategy"))
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| Refusal::new(400, "invalid_body", "The connection does not exist."))?;
    if strategy == "auth0" && !seeded {
        for name in ["email", "password"] {
            if !given.contains_key(name) {
                return Err(Refusal::body(format!("'Missing required property: {name}'")));
            }
        }
    }
    let local = text("user_id").map_or_else(|| ids::object_id(created), str::to_owned);
    let user_id = match strategy.as_str() {
        "auth0" | "google-oauth2" => format!("{strategy}|{local}"),
        other => format!("{other}|{connection}|{local}"),
    };
    let email = text("email").map(str::to_lowercase);
    let at = ids::millis(created);
    let mut user = Map::new();
    for (name, value) in given {
        if !matches!(name.as_str(), "connection" | "password" | "verify_email" | "user_id")
            && !value.is_null()
        {
            user.insert(name.clone(), value.clone());
        }
    }
    let nickname = email.as_deref().and_then(|e| e.split('@').next()).unwrap_or(&local).to_owned();
    if let Some(email) = &email {
        user.insert("email".into(), json!(email));
    }
    user.entry("email_verified").or_insert(json!(false));
    user.entry("name").or_insert_with(|| json!(email.as_deref().unwrap_or(&local)));
    user.entry("nickname").or_insert_with(|| json!(nickname));
    user.insert("user_id".into(), json!(user_id));
    user.insert("created_at".into(), json!(at));
    user.insert("updated_at".into(), json!(at));
    user.insert(
        "identities".into(),
        json!([{"connection": connection, "user_id": local, "provider": strategy, "isSocial": false}]),
    );
    let table = table(tenant, "users");
    // A seed of thousands is checked by its own reader, not user by user against all others.
    let taken = documents.get(&table, &user_id).is_some()
        || (!seeded
            && email.is_some()
            && documents.list(&table).any(|(_, other)| {
                other.get("email").and_then(Value::as_str) == email.as_deref()
                    && in_connection(other, connection)
            }));
    if taken {
        return Err(Refusal::new(409, "auth0_idp_error", "The user already exists."));
    }
    let user = Value::Object(user);
    documents.put(&table, &user_id, user.clone());
    Ok(user)
}

/// Whether the user has an identity in the connection.
pub(crate) fn in_connection(user: &Value, connection: &str) -> bool {
    let identities = user.get("identities").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    identities.iter().any(|i| i.get("connection").and_then(Value::as_str) == Some(connection))
}

pub(crate) fn search(call: &mut Call<'_, '_>, grant: &Grant, settings: &Settings) -> Outcome {
    grant.require(&["read:users"])?;
    let request = call.request;
    only(
        request,
        &[
            "page",
            "per_page",
            "include_totals",
            "sort",
            "connection",
            "fields",
            "include_fields",
            "q",
            "search_engine",
            "primary_order",
        ],
    )?;
    let page = Page::of(request, 50)?;
    if page.start() >= SEARCH_REACH && page.size > 0 {
        let message = "You can only page through the first 1000 records. See \
                       https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation";
        return Err(Refusal::new(400, "invalid_paging", message));
    }
    if request.parameter("search_engine").is_some_and(|engine| engine != "v3") {
        return Err(Refusal::query("'No enum match' on property search_engine"));
    }
    let filter = request.parameter("q").filter(|q| !q.trim().is_empty()).map(query::parse).transpose();
    let filter = filter.map_err(|why| {
        Refusal::new(400, "invalid_query_string", format!("Failed to parse query: {}", why.0))
    })?;
    let connection = request.parameter("connection");
    let wanted = |user: &Value| {
        filter.as_ref().is_none_or(|q| q.matches(user)) && connection.is_none_or(|c| in_connection(user, c))
    };
    let outdated = call.memory.auth0.outdated(&request.host, settings.search_lag, call.now);
    let current = call.documents.list(&table(&request.host, "users"));
    let mut found: Vec<&Value> = current
        .filter(|(id, _)| !outdated.contains_key(*id))
        .map(|(_, user)| user)
        .chain(outdated.values().flatten())
        .filter(|user| wanted(user))
        .collect();
    match request.parameter("sort") {
        Some(sort) => {
            let (field, descending) = parse_sort(sort)?;
            found.sort_by(|a, b| {
                let order = compare(a.get(field), b.get(field));
                let order = if descending { order.reverse() } else { order };
                order.then_with(|| compare(a.get("user_id"), b.get("user_id")))
            });
        }
        None => found.sort_by(|a, b| compare(a.get("user_id"), b.get("user_id"))),
    }
    let total = found.len();
    let mut items: Vec<Value> =
        found.into_iter().take(SEARCH_REACH).skip(page.start()).take(page.size).cloned().collect();
    choose_fields(request, &mut items)?;
    if !page.totals {
        return Ok(Answer::json(200, &Value::Array(items)));
    }
    let body = json!({
        "start": page.start(), "limit": page.size, "length": items.len(), "total": total, "users": items,
    });
    Ok(Answer::json(200, &body))
}

fn parse_sort(sort: &str) -> Result<(&str, bool), Refusal> {
    match sort.rsplit_once(':') {
        Some((field, "1")) if !field.is_empty() => Ok((field, false)),
        Some((field, "-1")) if !field.is_empty() => Ok((field, true)),
        _ => Err(Refusal::query(
            "'String does not match pattern ^(([a-zA-Z0-9_\\.]+))\\:(1|-1)$' on property sort",
        )),
    }
}

fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::String(a)), Some(Value::String(b))) => a.cmp(b),
        (Some(Value::Number(a)), Some(Value::Number(b))) => {
            a.as_f64().unwrap_or_default().total_cmp(&b.as_f64().unwrap_or_default())
        }
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        _ => Ordering::Equal,
    }
}

pub(crate) fn by_email(call: &mut Call<'_, '_>, grant: &Grant) -> Outcome {
    grant.require(&["read:users"])?;
    let request = call.request;
    only(request, &["fields", "include_fields", "email"])?;
    let Some(email) = request.parameter("email") else {
        return Err(Refusal::query("'Missing required property: email'"));
    };
    // E-mail addresses are stored in lower case and compared as they are.
    let mut items: Vec<Value> = call
        .documents
        .list(&table(&request.host, "users"))
        .map(|(_, user)| user)
        .filter(|user| user.get("email").and_then(Value::as_str) == Some(email))
        .cloned()
        .collect();
    choose_fields(request, &mut items)?;
    Ok(Answer::json(200, &Value::Array(items)))
}

pub(crate) fn create(call: &mut Call<'_, '_>, grant: &Grant) -> Outcome {
    grant.require(&["create:users"])?;
    let body = body_of(call.request)?;
    let tenant = &call.request.host;
    let created = call.memory.auth0.creation_time(call.now);
    let user = insert(call.documents, tenant, &body, created, false)?;
    let id = user.get("user_id").and_then(Value::as_str).unwrap_or_default();
    call.memory.auth0.written(tenant, id, None, call.now);
    Ok(Answer::json(201, &user))
}

pub(crate) fn read(call: &mut Call<'_, '_>, grant: &Grant, id: &str) -> Outcome {
    grant.require(&["read:users"])?;
    only(call.request, &["fields", "include_fields"])?;
    let user = call.documents.get(&table(&call.request.host, "users"), id).cloned().ok_or_else(missing)?;
    let mut items = [user];
    choose_fields(call.request, &mut items)?;
    let [user] = items;
    Ok(Answer::json(200, &user))
}

pub(crate) fn update(call: &mut Call<'_, '_>, grant: &Grant, id: &str) -> Outcome {
    let body = body_of(call.request)?;
    let only_metadata =
        body.as_object().is_some_and(|m| !m.is_empty() && m.keys().all(|k| k == "app_metadata"));
    if only_metadata {
        grant.require(&["update:users", "update:users_app_metadata"])?;
    } else {
        grant.require(&["update:users"])?;
    }
    let given = shape::body(&body, &update_rules(), &[])?;
    check_app_metadata(given)?;
    let tenant = &call.request.host;
    let table = table(tenant, "users");
    let before = call.documents.get(&table, id).cloned().ok_or_else(missing)?;
    let mut user = before.as_object().cloned().unwrap_or_default();
    for (name, value) in given {
        match (name.as_str(), value) {
            ("connection" | "password" | "verify_email" | "verify_phone_number" | "client_id", _) => {}
            ("app_metadata" | "user_metadata", Value::Object(value)) => {
                merge_metadata(&mut user, name, value)
            }
            ("email", Value::String(email)) => {
                user.insert("email".into(), json!(email.to_lowercase()));
            }
            (_, Value::Null) => {
                user.remove(name);
            }
            (_, value) => {
                user.insert(name.clone(), value.clone());
            }
        }
    }
    user.insert("updated_at".into(), json!(ids::millis(call.now)));
    let user = Value::Object(user);
    call.documents.put(&table, id, user.clone());
    call.memory.auth0.written(tenant, id, Some(before), call.now);
    Ok(Answer::json(200, &user))
}

/// Merges at the first level; null removes a key, and an empty object removes all of them.
fn merge_metadata(user: &mut Map<String, Value>, name: &str, value: &Map<String, Value>) {
    if value.is_empty() {
        user.insert(name.to_owned(), json!({}));
        return;
    }
    let mut metadata = user.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    for (key, inner) in value {
        if inner.is_null() {
            metadata.remove(key);
        } else {
            metadata.insert(key.clone(), inner.clone());
        }
    }
    user.insert(name.to_owned(), Value::Object(metadata));
}

pub(crate) fn delete(call: &mut Call<'_, '_>, grant: &Grant, id: &str) -> Outcome {
    grant.require(&["delete:users"])?;
    let tenant = &call.request.host;
    if let Some(before) = call.documents.remove(&table(tenant, "users"), id) {
        call.memory.auth0.written(tenant, id, Some(before), call.now);
    }
    Ok(Answer::no_content())
}
