//! Roles, and who has them where. A role assignment is made and deleted, never changed. The list of roles is Twilio's; its names are
//! documented in part only, so a seed can add more.

use axum::http::Method;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sandbox::ids;
use crate::sandbox::message::{Answer, BodyError};
use crate::sandbox::store::Transaction;
use crate::sandbox::twilio::account::is_sid;
use crate::sandbox::vendor::Call;

use super::document::{self, Organization, derived_sid};
use super::refusal::Refusal;
use super::token::authorize;
use super::users;

/// The role of the owner; there is one, and it is not assigned.
pub(super) const OWNER: &str = "Organization Owner";
/// The role of an administrator of everything.
pub(super) const ADMINISTRATOR: &str = "Organization Administrator";

/// Roles that every organization has: name, product group, level.
const BUILT_IN: [(&str, &str, &str); 8] = [
    (OWNER, "organization", "ORGANIZATION"),
    (ADMINISTRATOR, "organization", "ORGANIZATION"),
    ("Organization Billing Manager", "organization", "ORGANIZATION"),
    ("Organization Member", "organization", "ORGANIZATION"),
    ("Account Administrator", "account", "ACCOUNT"),
    ("Developer", "account", "ACCOUNT"),
    ("Billing Manager", "account", "ACCOUNT"),
    ("Support", "account", "ACCOUNT"),
];

const LIST: &str = "twilio/iam/role-assignments/list";
const MOST_PER_USER: usize = 50;

/// A role as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Role {
    pub(super) sid: String,
    pub(super) friendly_name: String,
    product_group: String,
    lowest_level: Vec<String>,
}

/// A role assignment as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Assignment {
    pub(super) sid: String,
    pub(super) role_sid: String,
    pub(super) scope: String,
    pub(super) identity: String,
    created: String,
}

impl Role {
    pub(super) fn new(name: &str, group: &str, level: &str) -> Self {
        Self {
            sid: derived_sid("IX", &format!("role {name}")),
            friendly_name: name.to_owned(),
            product_group: group.to_owned(),
            lowest_level: vec![level.to_owned()],
        }
    }

    fn view(&self) -> Value {
        json!({
            "sid": self.sid, "friendly_name": self.friendly_name, "external_description": null,
            "product_group": self.product_group, "lowest_level": self.lowest_level,
            "role_product_group": {"product_group": self.product_group, "friendly_name": self.product_group},
            "policy": {"allow": [], "deny": null, "format": 1}, "resource_types": null,
            "date_created": "2024-01-01T00:00:00Z", "date_updated": "2024-01-01T00:00:00Z",
        })
    }
}

impl Assignment {
    fn view(&self) -> Value {
        json!({
            "sid": self.sid, "role_sid": self.role_sid, "scope": self.scope, "identity": self.identity,
            "resource_type": null, "resource_id": null,
        })
    }
}

fn roles_table(organization: &str) -> String {
    document::table(organization, "roles")
}

fn assignments_table(organization: &str) -> String {
    document::table(organization, "role-assignments")
}

/// The roles that can be assigned: Twilio's, then the seed's.
pub(super) fn all(documents: &Transaction<'_>, organization: &str) -> Vec<Role> {
    let built_in = BUILT_IN.iter().map(|(name, group, level)| Role::new(name, group, level));
    built_in.chain(documents.read_list(&roles_table(organization))).collect()
}

pub(super) fn save_role(documents: &mut Transaction<'_>, organization: &str, role: &Role) {
    documents.write(&roles_table(organization), &role.sid, role);
}

/// The role assignments of an organization, oldest first.
pub(super) fn assignments(documents: &Transaction<'_>, organization: &str) -> Vec<Assignment> {
    let mut all: Vec<Assignment> = documents.read_list(&assignments_table(organization));
    all.sort_by(|one, other| (&one.created, &one.sid).cmp(&(&other.created, &other.sid)));
    all
}

/// Whether a user has a role of this name in the whole organization.
pub(super) fn has(documents: &Transaction<'_>, organization: &str, user: &str, name: &str) -> bool {
    let role = Role::new(name, "", "").sid;
    documents
        .list(&assignments_table(organization))
        .any(|(_, it)| it["identity"] == user && it["role_sid"] == role && it["scope"] == organization)
}

/// Routes below `/v2/Organizations`.
pub(super) fn answer(call: &mut Call<'_, '_>, rest: &[&str]) -> Result<Answer, Refusal> {
    let method = call.request.method.clone();
    match (&method, rest) {
        (&Method::GET, ["Roles"]) => {
            let organization = authorize(call, LIST)?;
            let search = call.request.parameter("Search").unwrap_or_default().to_lowercase();
            let roles = all(call.documents, &organization.sid);
            let found = roles.iter().filter(|role| role.friendly_name.to_lowercase().contains(&search));
            page(call, "roles", 1000, found.map(Role::view).collect())
        }
        (&Method::GET, ["RoleAssignments"]) => list(call),
        (&Method::POST, ["RoleAssignments"]) => create(call),
        (&Method::DELETE, ["RoleAssignments", sid]) => delete(call, sid),
        _ => {
            authorize(call, LIST)?;
            Err(Refusal::not_found(&call.request.path))
        }
    }
}

fn list(call: &mut Call<'_, '_>) -> Result<Answer, Refusal> {
    let organization = authorize(call, LIST)?;
    let request = call.request;
    // The filters take SIDs, not resource names.
    for name in ["Identity", "Scope"] {
        let is_wrong = |value: &str| !["US", "OR", "AC"].iter().any(|prefix| is_sid(value, prefix));
        if let Some(value) = request.parameter(name).filter(|value| is_wrong(value)) {
            return Err(Refusal::new(400, 20001, format!("{name} is no SID: {value:?}")));
        }
    }
    let matches = |name: &str, value: &str| request.parameter(name).is_none_or(|wanted| wanted == value);
    let all = assignments(call.documents, &organization.sid);
    let found = all.iter().filter(|it| matches("Identity", &it.identity) && matches("Scope", &it.scope));
    page(call, "content", 100, found.map(Assignment::view).collect())
}

fn create(call: &mut Call<'_, '_>) -> Result<Answer, Refusal> {
    let organization = authorize(call, "twilio/iam/role-assignments/create")?;
    let wrong = |message: String| Refusal::new(400, 20001, message);
    let body = call.request.json().map_err(|error| match error {
        BodyError::ContentType(kind) => wrong(format!("Content-Type must be application/json, not {kind:?}")),
        BodyError::Json(why) => wrong(format!("the body is no JSON: {why}")),
    })?;
    let text = |key: &str| {
        let value = body[key].as_str().filter(|value| !value.is_empty());
        value.ok_or_else(|| wrong(format!("{key} is required")))
    };
    let assignment = assign(
        call.documents,
        &organization,
        text("role_sid")?,
        text("scope")?,
        text("identity")?,
        call.now,
    )?;
    Ok(Answer::json(201, &assignment.view()))
}

/// Makes a role assignment by request.
pub(super) fn assign(
    documents: &mut Transaction<'_>,
    organization: &Organization,
    role_sid: &str,
    scope: &str,
    identity: &str,
    now: Timestamp,
) -> Result<Assignment, Refusal> {
    let wrong = |message: String| Refusal::new(400, 20001, message);
    let role = all(documents, &organization.sid).into_iter().find(|role| role.sid == role_sid);
    let role = role.ok_or_else(|| wrong(format!("{role_sid} is no role of the organization")))?;
    if role.friendly_name == OWNER {
        return Err(Refusal::new(403, 20003, "The Organization Owner role cannot be assigned"));
    }
    let level = if scope == organization.sid {
        "ORGANIZATION"
    } else if organization.accounts.iter().any(|account| account == scope) {
        "ACCOUNT"
    } else {
        return Err(Refusal::new(400, 25200, "The scope must be the organization or a managed account"));
    };
    if !role.lowest_level.iter().any(|it| it == level) {
        return Err(wrong(format!(
            "The role {} cannot be assigned in the scope {scope}",
            role.friendly_name
        )));
    }
    if users::find(documents, &organization.sid, identity).is_none() {
        return Err(wrong(format!("{identity} is no managed user of the organization")));
    }
    let all = assignments(documents, &organization.sid);
    let own: Vec<&Assignment> = all.iter().filter(|it| it.identity == identity).collect();
    if own.iter().any(|it| it.role_sid == role_sid && it.scope == scope) {
        return Err(Refusal::new(409, 20409, "The role assignment exists already"));
    }
    if own.len() >= MOST_PER_USER {
        return Err(wrong(format!("A user can have {MOST_PER_USER} built-in roles")));
    }
    Ok(store(documents, organization, role_sid, scope, identity, now))
}

/// Stores a role assignment, unchecked: for the owner's own.
pub(super) fn store(
    documents: &mut Transaction<'_>,
    organization: &Organization,
    role_sid: &str,
    scope: &str,
    identity: &str,
    now: Timestamp,
) -> Assignment {
    let assignment = Assignment {
        sid: format!("IY{}", ids::hex32()),
        role_sid: role_sid.to_owned(),
        scope: scope.to_owned(),
        identity: identity.to_owned(),
        created: ids::millis(now),
    };
    documents.write(&assignments_table(&organization.sid), &assignment.sid, &assignment);
    assignment
}

fn delete(call: &mut Call<'_, '_>, sid: &str) -> Result<Answer, Refusal> {
    let organization = authorize(call, "twilio/iam/role-assignments/delete")?;
    let table = assignments_table(&organization.sid);
    let found: Option<Assignment> = call.documents.read(&table, sid);
    let found = found.ok_or_else(|| Refusal::not_found(&call.request.path))?;
    if found.role_sid == Role::new(OWNER, "", "").sid {
        return Err(Refusal::new(403, 20003, "The Organization Owner role cannot be removed"));
    }
    call.documents.remove(&table, sid);
    Ok(Answer::no_content())
}

/// One page in Twilio's envelope. The token of a page says where it begins.
fn page(call: &Call<'_, '_>, key: &str, most: usize, items: Vec<Value>) -> Result<Answer, Refusal> {
    let request = call.request;
    let wrong = |message: String| Refusal::new(400, 20001, message);
    let size = match request.parameter("PageSize") {
        None => 50,
        Some(text) => match text.parse::<usize>() {
            Ok(size) if (1..=most).contains(&size) => size,
            _ => return Err(wrong(format!("PageSize must be from 1 to {most}, not {text:?}"))),
        },
    };
    let start = match request.parameter("PageToken") {
        None => 0,
        Some(token) => token
            .strip_prefix("PT")
            .and_then(|digits| usize::from_str_radix(digits, 16).ok())
            .filter(|start| *start <= items.len())
            .ok_or_else(|| wrong("PageToken is not one that was given".to_owned()))?,
    };
    let end = items.len().min(start + size);
    let link = |start: Option<usize>| {
        let mut url = url::form_urlencoded::Serializer::new(String::new());
        let others = request
            .query
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "PageSize" | "PageToken" | "Page"));
        url.extend_pairs(others);
        url.append_pair("PageSize", &size.to_string());
        if let Some(start) = start {
            url.append_pair("Page", &(start / size).to_string());
            url.append_pair("PageToken", &format!("PT{start:x}"));
        }
        format!("https://iam.twilio.com{}?{}", request.path, url.finish())
    };
    let next = (end < items.len()).then(|| link(Some(end)));
    let previous = (start > 0).then(|| link(Some(start.saturating_sub(size))));
    let meta = json!({
        "page": start / size, "page_size": size, "key": key, "first_page_url": link(None), "previous_page_url": previous,
        "next_page_url": next, "url": link((start > 0).then_some(start)),
    });
    Ok(Answer::json(200, &json!({key: items[start..end], "meta": meta})))
}
