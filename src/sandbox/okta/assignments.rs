//! Who is assigned to an application: people directly, groups, and people through groups. Only direct assignments are stored; those
//! through groups follow from the groups' members.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::sandbox::ids;
use crate::sandbox::message::Answer;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::organization::table;
use super::paging::{Limits, page};
use super::refusal::Refusal;
use super::{Outcome, apps, body_of, directory};

const USERS: Limits = Limits { least: 1, default: 50, most: 500 };
const GROUPS: Limits = Limits { least: 20, default: 20, most: 200 };

fn users_table(organization: &str, app: &str) -> String {
    table(organization, &format!("apps/{app}/users"))
}

fn groups_table(organization: &str, app: &str) -> String {
    table(organization, &format!("apps/{app}/groups"))
}

/// Somebody's assignment: nothing, one through a group, or a direct one with what it holds.
fn of_user<'a>(
    documents: &'a Transaction<'_>,
    organization: &str,
    app: &str,
    user: &str,
) -> Option<Option<&'a Value>> {
    if let Some(direct) = documents.get(&users_table(organization, app), user) {
        return Some(Some(direct));
    }
    let groups = table(organization, "groups");
    let mut assigned = documents.list(&groups_table(organization, app));
    let is_member = |group: &Value| directory::member_ids(group).any(|id| id == user);
    assigned.any(|(group, _)| documents.get(&groups, group).is_some_and(is_member)).then_some(None)
}

/// Everybody who is assigned, by user ID; with the assignment where it is a direct one.
fn everybody<'a>(
    documents: &'a Transaction<'_>,
    organization: &str,
    app: &str,
) -> BTreeMap<&'a str, Option<&'a Value>> {
    let mut all = BTreeMap::new();
    let groups = table(organization, "groups");
    for (group, _) in documents.list(&groups_table(organization, app)) {
        let Some(group) = documents.get(&groups, group) else { continue };
        all.extend(directory::member_ids(group).map(|user| (user, None)));
    }
    let direct = documents.list(&users_table(organization, app));
    all.extend(direct.map(|(user, assignment)| (user.as_str(), Some(assignment))));
    all
}

/// The wire form of somebody's assignment. Through a group it has nothing of its own.
fn view(
    documents: &Transaction<'_>,
    organization: &str,
    user: &str,
    direct: Option<&Value>,
    is_expanded: bool,
) -> Value {
    let person = documents.get(&table(organization, "users"), user);
    let login = person.map(|it| it["profile"]["login"].clone());
    let scope = if direct.is_some() { "USER" } else { "GROUP" };
    let assignment = direct.unwrap_or(&Value::Null);
    let profile = if assignment["profile"].is_object() { assignment["profile"].clone() } else { json!({}) };
    let mut view = json!({
        "id": user, "externalId": null, "created": assignment["created"], "lastUpdated": assignment["created"], "scope": scope,
        "status": "ACTIVE", "statusChanged": assignment["created"], "passwordChanged": null, "syncState": "DISABLED",
        "credentials": {"userName": login.unwrap_or_default()}, "profile": profile,
    });
    if is_expanded {
        view["_embedded"] = json!({"user": person});
    }
    view
}

/// Whether somebody may use the application.
pub(super) fn is_assigned(documents: &Transaction<'_>, organization: &str, app: &str, user: &str) -> bool {
    of_user(documents, organization, app, user).is_some()
}

/// Forgets all assignments of an application.
pub(super) fn forget(documents: &mut Transaction<'_>, organization: &str, app: &str) {
    for table in [users_table(organization, app), groups_table(organization, app)] {
        let keys: Vec<String> = documents.list(&table).map(|(key, _)| key.clone()).collect();
        for key in keys {
            documents.remove(&table, &key);
        }
    }
}

pub(super) fn users(call: &mut Call<'_, '_>, app: &str) -> Outcome {
    apps::find(call.documents, &call.request.host, app)?;
    let (documents, organization) = (&*call.documents, &call.request.host);
    let is_expanded = call.request.parameter("expand") == Some("user");
    let all = everybody(documents, organization, app);
    page(
        call.request,
        USERS,
        all,
        |_| true,
        |user, direct| view(documents, organization, user, direct, is_expanded),
    )
}

pub(super) fn user(call: &mut Call<'_, '_>, app: &str, user: &str) -> Outcome {
    apps::find(call.documents, &call.request.host, app)?;
    let organization = &call.request.host;
    of_user(call.documents, organization, app, user)
        .map(|direct| Answer::json(200, &view(call.documents, organization, user, direct, false)))
        .ok_or_else(|| Refusal::not_found(user, "AppUser"))
}

pub(super) fn assign_user(call: &mut Call<'_, '_>, app: &str) -> Outcome {
    let body = body_of(call.request)?;
    let organization = &call.request.host;
    apps::find(call.documents, organization, app)?;
    let Some(user) = body["id"].as_str().filter(|id| !id.is_empty()) else {
        return Err(Refusal::validation("id", vec!["id: The field cannot be left blank".to_owned()]));
    };
    if !matches!(body["scope"].as_str().unwrap_or("USER"), "USER" | "GROUP") {
        return Err(Refusal::validation("scope", vec!["scope: must be USER or GROUP".to_owned()]));
    }
    directory::find_user(call.documents, organization, user)?;
    let table = users_table(organization, app);
    let known = call.documents.get(&table, user).cloned().unwrap_or_default();
    let created =
        if known["created"].is_string() { known["created"].clone() } else { ids::millis(call.now).into() };
    let profile =
        if body["profile"].is_object() { body["profile"].clone() } else { known["profile"].clone() };
    call.documents.put(&table, user, json!({"created": created, "profile": profile}));
    self::user(call, app, user)
}

pub(super) fn update_user(call: &mut Call<'_, '_>, app: &str, user: &str) -> Outcome {
    let body = body_of(call.request)?;
    let table = users_table(&call.request.host, app);
    apps::find(call.documents, &call.request.host, app)?;
    let mut known =
        call.documents.get(&table, user).cloned().ok_or_else(|| Refusal::not_found(user, "AppUser"))?;
    if body["profile"].is_object() {
        known["profile"] = body["profile"].clone();
    }
    call.documents.put(&table, user, known);
    self::user(call, app, user)
}

pub(super) fn unassign_user(call: &mut Call<'_, '_>, app: &str, user: &str) -> Outcome {
    let organization = &call.request.host;
    apps::find(call.documents, organization, app)?;
    if call.documents.remove(&users_table(organization, app), user).is_some() {
        return Ok(Answer::no_content());
    }
    if is_assigned(call.documents, organization, app, user) {
        return Err(Refusal::validation("scope", vec!["the user is assigned through a group".to_owned()]));
    }
    Err(Refusal::not_found(user, "AppUser"))
}

fn group_view(id: &str, assignment: &Value) -> Value {
    json!({"id": id, "lastUpdated": assignment["lastUpdated"], "priority": assignment["priority"], "profile": assignment["profile"]})
}

pub(super) fn groups(call: &mut Call<'_, '_>, app: &str) -> Outcome {
    apps::find(call.documents, &call.request.host, app)?;
    let all = call.documents.list(&groups_table(&call.request.host, app));
    page(call.request, GROUPS, all, |_| true, group_view)
}

pub(super) fn group(call: &mut Call<'_, '_>, app: &str, group: &str) -> Outcome {
    let found = call.documents.get(&groups_table(&call.request.host, app), group);
    found
        .map(|it| Answer::json(200, &group_view(group, it)))
        .ok_or_else(|| Refusal::not_found(group, "GroupAssignment"))
}

pub(super) fn assign_group(call: &mut Call<'_, '_>, app: &str, group: &str) -> Outcome {
    let body = if call.request.body.is_empty() { json!({}) } else { body_of(call.request)? };
    let organization = &call.request.host;
    apps::find(call.documents, organization, app)?;
    directory::find_group(call.documents, organization, group)?;
    let table = groups_table(organization, app);
    let next = call.documents.list(&table).count();
    let profile = if body["profile"].is_object() { body["profile"].clone() } else { json!({}) };
    let priority = body["priority"].as_u64().unwrap_or(next as u64);
    let assignment = json!({"lastUpdated": ids::millis(call.now), "priority": priority, "profile": profile});
    call.documents.put(&table, group, assignment.clone());
    Ok(Answer::json(200, &group_view(group, &assignment)))
}

pub(super) fn unassign_group(call: &mut Call<'_, '_>, app: &str, group: &str) -> Outcome {
    apps::find(call.documents, &call.request.host, app)?;
    let gone = call.documents.remove(&groups_table(&call.request.host, app), group);
    gone.map(|_| Answer::no_content()).ok_or_else(|| Refusal::not_found(group, "GroupAssignment"))
}
