//! Groups and their members: reading only, because nobody here changes them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::sandbox::message::Answer;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::customer::Customer;
use super::refusal::Refusal;
use super::schemas::text;
use super::{Outcome, page, page_size, users};

fn table(customer: &Customer) -> String {
    customer.table("groups")
}

/// Makes a group.
pub(super) fn add(
    documents: &mut Transaction<'_>,
    customer: &Customer,
    email: &str,
    name: &str,
    members: &[String],
) {
    let id = crate::sandbox::ids::alphanumeric(15).to_lowercase();
    let members: Vec<String> = members.iter().map(|it| it.to_lowercase()).collect();
    let group = json!({
        "kind": "admin#directory#group", "id": id, "etag": "\"group\"", "email": email.to_lowercase(), "name": name,
        "directMembersCount": members.len().to_string(), "description": "", "adminCreated": true, "members": members,
    });
    documents.put(&table(customer), &id, group);
}

/// A group by ID, address or name.
fn find(documents: &Transaction<'_>, customer: &Customer, key: &str, by_name: bool) -> Option<Value> {
    let table = table(customer);
    let lower = key.to_lowercase();
    let is_it = |it: &&Value| it["email"] == lower.as_str() || (by_name && it["name"] == key);
    documents.get(&table, key).or_else(|| documents.list(&table).map(|(_, it)| it).find(is_it)).cloned()
}

/// Whether there is a group that the Admin console would offer under this text.
pub(super) fn exists(documents: &Transaction<'_>, customer: &Customer, key: &str) -> bool {
    find(documents, customer, key, true).is_some()
}

fn view(mut group: Value) -> Value {
    if let Some(entries) = group.as_object_mut() {
        entries.remove("members");
    }
    group
}

pub(super) fn list(call: &mut Call<'_, '_>, customer: &Customer) -> Outcome {
    let request = call.request;
    let Some(id) = request.parameter("customer") else {
        return Err(Refusal::new(400, "badRequest", "Bad Request"));
    };
    customer.is_meant_by(id)?;
    let items = call.documents.list(&table(customer));
    let mut items: Vec<(String, Value)> =
        items.map(|(_, it)| (text(it, "email").to_owned(), view(it.clone()))).collect();
    items.sort_by(|(one, _), (other, _)| one.cmp(other));
    page(request, "admin#directory#groups", "groups", page_size(request, 200, 200)?, items)
}

pub(super) fn read(call: &mut Call<'_, '_>, customer: &Customer, key: &str) -> Outcome {
    let group = find(call.documents, customer, key, false).ok_or_else(|| Refusal::not_found("groupKey"))?;
    Ok(Answer::json(200, &view(group)))
}

/// The addresses of a group's members; of groups in it, and theirs, too where `derived`.
fn addresses(
    documents: &Transaction<'_>,
    customer: &Customer,
    group: &Value,
    derived: bool,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![group.clone()];
    while let Some(group) = open.pop() {
        for member in group["members"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if found.insert(member.to_owned())
                && derived
                && let Some(inner) = find(documents, customer, member, false)
            {
                open.push(inner);
            }
        }
    }
    found
}

pub(super) fn members(call: &mut Call<'_, '_>, customer: &Customer, key: &str) -> Outcome {
    let request = call.request;
    let group = find(call.documents, customer, key, false).ok_or_else(|| Refusal::not_found("groupKey"))?;
    let derived = request.parameter("includeDerivedMembership") == Some("true");
    let items = addresses(call.documents, customer, &group, derived)
        .into_iter()
        .map(|email| {
            let user = users::find(call.documents, customer, &email);
            let inner = || find(call.documents, customer, &email, false);
            let (id, kind) = match (&user, inner()) {
                (Some(user), _) => (user["id"].clone(), "USER"),
                (None, Some(group)) => (group["id"].clone(), "GROUP"),
                (None, None) => (json!(format!("external-{email}")), "USER"),
            };
            let status = if user.is_some_and(|user| user["suspended"] == true) { "SUSPENDED" } else { "ACTIVE" };
            let member = json!({
                "kind": "admin#directory#member", "etag": "\"member\"", "id": id, "email": email, "role": "MEMBER",
                "type": kind, "status": status,
            });
            (email, member)
        })
        .collect();
    page(request, "admin#directory#members", "members", page_size(request, 200, 200)?, items)
}

/// The names and addresses of the groups that a person is in, directly or through another.
pub(super) fn of_person(
    documents: &Transaction<'_>,
    customer: &Customer,
    email: &str,
) -> Vec<(String, String)> {
    documents
        .list(&table(customer))
        .filter(|(_, group)| addresses(documents, customer, group, true).contains(email))
        .map(|(_, group)| (text(group, "email").to_owned(), text(group, "name").to_owned()))
        .collect()
}
