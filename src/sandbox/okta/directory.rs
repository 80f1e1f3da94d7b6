//! Users and groups: reading only, because nobody here changes them.

use serde_json::{Value, json};

use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::Outcome;
use super::organization::table;
use super::paging::{Limits, page};
use super::refusal::Refusal;

const LIMITS: Limits = Limits { least: 1, default: 200, most: 200 };
const GROUPS: Limits = Limits { least: 1, default: 10_000, most: 10_000 };
/// Properties of users that can be searched here.
const USER_PROPERTIES: [&str; 6] =
    ["id", "status", "profile.email", "profile.login", "profile.firstName", "profile.lastName"];
const GROUP_PROPERTIES: [&str; 3] = ["id", "type", "profile.name"];

/// One comparison of a search or filter expression.
struct Term {
    /// As a JSON pointer.
    pointer: String,
    operator: String,
    /// In lower case.
    value: String,
}

impl Term {
    /// Whether an object matches; values are compared without case.
    fn matches(&self, object: &Value) -> bool {
        let found = object.pointer(&self.pointer).and_then(Value::as_str).unwrap_or_default().to_lowercase();
        match self.operator.as_str() {
            "eq" => found == self.value,
            "sw" => found.starts_with(&self.value),
            _ => found.contains(&self.value),
        }
    }
}

/// Reads `property operator "value"`, several joined by `or`. `co` is for names and addresses of users only, as documented.
fn parse(text: &str, properties: &[&str], operators: &[&str]) -> Result<Vec<Term>, Refusal> {
    let invalid = || Refusal::new(400, "E0000031", "Invalid search criteria.");
    let mut rest = text.trim();
    let mut terms = Vec::new();
    loop {
        let (property, after) = rest.split_once(' ').ok_or_else(invalid)?;
        let (operator, after) = after.trim_start().split_once(' ').ok_or_else(invalid)?;
        let mut stream = serde_json::Deserializer::from_str(after).into_iter::<String>();
        let value = stream.next().and_then(Result::ok).ok_or_else(invalid)?;
        let takes_contains = property.starts_with("profile.") && property != "profile.name";
        if !properties.contains(&property)
            || !operators.contains(&operator)
            || (operator == "co" && !takes_contains)
        {
            return Err(invalid());
        }
        rest = after[stream.byte_offset()..].trim_start();
        terms.push(Term {
            pointer: format!("/{}", property.replace('.', "/")),
            operator: operator.to_owned(),
            value: value.to_lowercase(),
        });
        match rest.split_once(' ') {
            None if rest.is_empty() => return Ok(terms),
            Some(("or", more)) => rest = more.trim_start(),
            _ => return Err(invalid()),
        }
    }
}

pub(super) fn users(call: &mut Call<'_, '_>) -> Outcome {
    let request = call.request;
    let terms = match (request.parameter("search"), request.parameter("filter")) {
        (Some(search), _) => Some(parse(search, &USER_PROPERTIES, &["eq", "sw", "co"])?),
        (None, Some(filter)) => Some(parse(filter, &USER_PROPERTIES, &["eq"])?),
        (None, None) => None,
    };
    let matches = |user: &&Value| match &terms {
        Some(terms) => terms.iter().any(|term| term.matches(user)),
        // Without an expression those who are deactivated are left out.
        None => user["status"] != "DEPROVISIONED",
    };
    let users = call.documents.list(&table(&request.host, "users"));
    page(request, LIMITS, users, matches, |_, user| user.clone())
}

/// A user by ID or login.
pub(super) fn find_user(documents: &Transaction<'_>, organization: &str, id: &str) -> Result<Value, Refusal> {
    let users = table(organization, "users");
    let by_login =
        || documents.list(&users).map(|(_, user)| user).find(|user| user["profile"]["login"] == id);
    let found = documents.get(&users, id).or_else(by_login).cloned();
    found.ok_or_else(|| Refusal::not_found(id, "User"))
}

pub(super) fn user(call: &mut Call<'_, '_>, id: &str) -> Outcome {
    let user = find_user(call.documents, &call.request.host, id)?;
    Ok(crate::sandbox::message::Answer::json(200, &user))
}

/// The wire form of a group, without the members that are stored with it.
fn group_view(group: &Value) -> Value {
    let mut view = group.clone();
    if let Value::Object(entries) = &mut view {
        entries.remove("members");
    }
    view
}

pub(super) fn groups(call: &mut Call<'_, '_>) -> Outcome {
    let request = call.request;
    let terms = match request.parameter("search") {
        Some(search) => Some(parse(search, &GROUP_PROPERTIES, &["eq", "sw"])?),
        None => None,
    };
    let starts = request.parameter("q").map(str::to_lowercase);
    let matches = |group: &&Value| {
        let name = group["profile"]["name"].as_str().unwrap_or_default().to_lowercase();
        terms.as_ref().is_none_or(|terms| terms.iter().any(|term| term.matches(group)))
            && starts.as_ref().is_none_or(|starts| name.starts_with(starts))
    };
    let groups = call.documents.list(&table(&request.host, "groups"));
    page(request, GROUPS, groups, matches, |_, group| group_view(group))
}

pub(super) fn find_group(
    documents: &Transaction<'_>,
    organization: &str,
    id: &str,
) -> Result<Value, Refusal> {
    let found = documents.get(&table(organization, "groups"), id).cloned();
    found.ok_or_else(|| Refusal::not_found(id, "UserGroup"))
}

pub(super) fn group(call: &mut Call<'_, '_>, id: &str) -> Outcome {
    let group = find_group(call.documents, &call.request.host, id)?;
    Ok(crate::sandbox::message::Answer::json(200, &group_view(&group)))
}

/// The IDs of a group's members.
pub(super) fn member_ids(group: &Value) -> impl Iterator<Item = &str> {
    group["members"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

pub(super) fn members(call: &mut Call<'_, '_>, id: &str) -> Outcome {
    let group = find_group(call.documents, &call.request.host, id)?;
    let users = table(&call.request.host, "users");
    let mut found: Vec<(&str, &Value)> =
        member_ids(&group).filter_map(|id| Some((id, call.documents.get(&users, id)?))).collect();
    found.sort_by_key(|(id, _)| *id);
    page(call.request, LIMITS, found, |_| true, |_, user| user.clone())
}

/// The names of the groups that a user is in.
pub(super) fn groups_of(documents: &Transaction<'_>, organization: &str, user: &str) -> Vec<String> {
    documents
        .list(&table(organization, "groups"))
        .filter(|(_, group)| member_ids(group).any(|id| id == user))
        .filter_map(|(_, group)| group["profile"]["name"].as_str().map(str::to_owned))
        .collect()
}

/// A user as Okta answers it.
pub(super) fn new_user(id: &str, status: &str, profile: Value, at: &str) -> Value {
    json!({
        "id": id, "status": status, "created": at, "activated": null, "statusChanged": null, "lastLogin": null,
        "lastUpdated": at, "passwordChanged": null, "type": {"id": "oty1"}, "profile": profile,
        "credentials": {"provider": {"type": "OKTA", "name": "OKTA"}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_those_that_okta_documents() {
        let ann = json!({"status": "ACTIVE", "profile": {"email": "Ann@connie.one"}});
        let matches = |text: &str| {
            parse(text, &USER_PROPERTIES, &["eq", "sw", "co"])
                .map(|terms| terms.iter().any(|it| it.matches(&ann)))
        };
        assert_eq!(matches(r#"profile.email eq "ann@connie.one""#), Ok(true));
        assert_eq!(matches(r#"profile.email eq "or \"x\"" or profile.email co "@connie.one""#), Ok(true));
        assert_eq!(matches(r#"status sw "IN""#), Ok(false));
        for wrong in [
            "",
            "profile.email",
            r#"profile.email ew "x""#,
            r#"status co "A""#,
            r#"profile.x eq "a""#,
            r#"status eq "a" and"#,
        ] {
            assert!(matches(wrong).is_err(), "{wrong}");
        }
    }
}
