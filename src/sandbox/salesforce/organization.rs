//! An organization: its settings, its people, and where its documents are.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sandbox::ids;
use crate::sandbox::rate::Limit;
use crate::sandbox::store::Transaction;

/// Table of the organizations' settings, by host.
pub(super) const ORGANIZATIONS: &str = "salesforce/organizations";

/// Settings of an organization.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Settings {
    /// `00D...`
    pub(super) id: String,
    pub(super) edition: Edition,
    pub(super) rate_limit: Limit,
    /// The consumer keys and secrets that are right; with none, any are.
    pub(super) clients: Vec<Client>,
    /// Whether Salesforce Support has allowed making Connected Apps.
    pub(super) allow_connected_app_creation: bool,
    /// Whether lists of profiles and permission sets are answered as IDs.
    pub(super) access_as_ids: bool,
    pub(super) deploy_ms: i64,
    /// Records in a page of a query; the real service gives up to 2,000.
    pub(super) page_size: usize,
}

/// Editions, as far as their APIs differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Edition {
    #[default]
    Unlimited,
    Performance,
    Developer,
    /// Has the APIs, and no SAML for External Client Apps.
    Enterprise,
    /// Has no APIs.
    Professional,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Client {
    pub(super) client_id: String,
    pub(super) client_secret: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            id: record_id("00D"),
            edition: Edition::default(),
            rate_limit: Limit::default(),
            clients: Vec::new(),
            allow_connected_app_creation: false,
            access_as_ids: false,
            deploy_ms: 100,
            page_size: 2_000,
        }
    }
}

/// The table of one kind of documents of an organization.
pub(super) fn table(organization: &str, kind: &str) -> String {
    format!("salesforce/{organization}/{kind}")
}

/// The organization's settings; one that is not known yet is made, with the profiles that every organization has.
pub(super) fn ensure(documents: &mut Transaction<'_>, organization: &str) -> Settings {
    documents.read(ORGANIZATIONS, organization).unwrap_or_else(|| {
        let settings = Settings::default();
        documents.write(ORGANIZATIONS, organization, &settings);
        for name in ["System Administrator", "Standard User"] {
            ensure_named(documents, organization, "Profile", name);
        }
        settings
    })
}

/// A new record ID: the object's prefix and 15 characters.
pub(super) fn record_id(prefix: &str) -> String {
    format!("{prefix}{}", ids::alphanumeric(15))
}

/// The record of an object (`Profile`, `PermissionSet`) with this name.
pub(super) fn named(
    documents: &Transaction<'_>,
    organization: &str,
    object: &str,
    name: &str,
) -> Option<Value> {
    let records = documents.list(&table(organization, object)).map(|(_, record)| record);
    records.into_iter().find(|record| same(record["Name"].as_str(), name)).cloned()
}

fn same(one: Option<&str>, other: &str) -> bool {
    one.is_some_and(|one| one.eq_ignore_ascii_case(other))
}

/// The ID of a profile or permission set of this name, made where it is not there.
pub(super) fn ensure_named(
    documents: &mut Transaction<'_>,
    organization: &str,
    object: &str,
    name: &str,
) -> String {
    if let Some(known) = named(documents, organization, object, name) {
        return known["Id"].as_str().unwrap_or_default().to_owned();
    }
    let id = record_id(if object == "Profile" { "00e" } else { "0PS" });
    let record = serde_json::json!({"Id": id, "Name": name, "Label": name.replace('_', " ")});
    documents.put(&table(organization, object), &id, record);
    id
}

/// The user of an e-mail address.
pub(super) fn user_of(documents: &Transaction<'_>, organization: &str, email: &str) -> Option<Value> {
    let users = documents.list(&table(organization, "User")).map(|(_, user)| user);
    // A deactivated user keeps the address.
    let mut found: Vec<&Value> = users.filter(|user| same(user["Email"].as_str(), email)).collect();
    found.sort_by_key(|user| user["IsActive"] != true);
    found.first().copied().cloned()
}

/// The names of the permission sets that a user has.
pub(super) fn permission_sets_of(documents: &Transaction<'_>, organization: &str, user: &str) -> Vec<Value> {
    documents
        .list(&table(organization, "PermissionSetAssignment"))
        .filter(|(_, it)| it["AssigneeId"] == user)
        .filter_map(|(_, it)| {
            documents.get(&table(organization, "PermissionSet"), it["PermissionSetId"].as_str()?)
        })
        .cloned()
        .collect()
}
