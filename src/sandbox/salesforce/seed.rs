//! Salesforce's part of the seed: `salesforce.organizations.HOST`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::metadata::{self, type_of};
use super::organization::{Client, Edition, ORGANIZATIONS, Settings, ensure_named, record_id, table};
use super::tree::Tree;
use crate::sandbox::error::SandboxError;
use crate::sandbox::rate::Limit;
use crate::sandbox::store::Transaction;

/// `salesforce:` in `sandbox.yaml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Seed {
    #[serde(default)]
    organizations: BTreeMap<String, Organization>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Organization {
    #[serde(default)]
    edition: Edition,
    #[serde(default)]
    profiles: Vec<String>,
    #[serde(default)]
    permission_sets: Vec<PermissionSet>,
    #[serde(default)]
    users: Vec<User>,
    #[serde(default)]
    generate_users: Option<Generate>,
    /// Metadata components by type: `{type, fullName, metadata}`, as a deploy would make them.
    #[serde(default)]
    components: Vec<Component>,
    #[serde(default)]
    clients: Vec<Client>,
    #[serde(default)]
    allow_connected_app_creation: bool,
    #[serde(default)]
    access_as_ids: bool,
    #[serde(default)]
    deploy_ms: Option<i64>,
    #[serde(default)]
    page_size: Option<usize>,
    #[serde(default)]
    rate_limit: Limit,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PermissionSet {
    name: String,
    #[serde(default)]
    custom_permissions: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct User {
    email: String,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    first_name: String,
    last_name: String,
    #[serde(default)]
    profile: Option<String>,
    #[serde(default)]
    permission_sets: Vec<String>,
    #[serde(default = "yes")]
    is_active: bool,
    /// Further fields: `Department`, `Team__c`.
    #[serde(default)]
    fields: Map<String, Value>,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Generate {
    count: usize,
    domain: String,
    #[serde(default)]
    profile: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Component {
    r#type: String,
    full_name: String,
    metadata: Value,
}

impl Seed {
    /// Makes the organizations.
    pub(crate) fn apply(&self, documents: &mut Transaction<'_>, now: Timestamp) -> Result<(), SandboxError> {
        self.organizations
            .iter()
            .try_for_each(|(host, organization)| organization.apply(documents, host, now))
    }
}

impl Organization {
    fn apply(&self, documents: &mut Transaction<'_>, host: &str, now: Timestamp) -> Result<(), SandboxError> {
        let wrong = |what: &str, reason: String| SandboxError::Seed {
            object: format!("salesforce.organizations.{host}.{what}"),
            reason,
        };
        let defaults = Settings::default();
        let settings = Settings {
            edition: self.edition,
            rate_limit: self.rate_limit,
            clients: self.clients.clone(),
            allow_connected_app_creation: self.allow_connected_app_creation,
            access_as_ids: self.access_as_ids,
            deploy_ms: self.deploy_ms.unwrap_or(defaults.deploy_ms),
            page_size: self.page_size.unwrap_or(defaults.page_size).clamp(1, 2_000),
            ..defaults
        };
        documents.write(ORGANIZATIONS, host, &settings);
        for name in ["System Administrator", "Standard User"]
            .into_iter()
            .chain(self.profiles.iter().map(String::as_str))
        {
            ensure_named(documents, host, "Profile", name);
        }
        for set in &self.permission_sets {
            let id = ensure_named(documents, host, "PermissionSet", &set.name);
            let record = json!({"Id": id, "Name": set.name, "Label": set.name.replace('_', " "), "CustomPermissions": set.custom_permissions});
            documents.put(&table(host, "PermissionSet"), &id, record);
        }
        for user in &self.users {
            user.apply(documents, host);
        }
        if let Some(Generate { count, domain, profile }) = &self.generate_users {
            for at in 1..=*count {
                let user = User {
                    email: format!("user{at:05}@{domain}"),
                    username: None,
                    first_name: "User".to_owned(),
                    last_name: format!("{at:05}"),
                    profile: profile.clone(),
                    permission_sets: Vec::new(),
                    is_active: true,
                    fields: Map::new(),
                };
                user.apply(documents, host);
            }
        }
        for component in &self.components {
            let kind = type_of(&component.r#type)
                .ok_or_else(|| wrong("components", format!("no type {}", component.r#type)))?;
            let tree =
                Tree::from_json(kind.name, &component.metadata).pop().unwrap_or_else(|| Tree::new(kind.name));
            metadata::check_form(kind, &tree)
                .and_then(|()| metadata::save(documents, host, kind, &component.full_name, &tree, now))
                .map_err(|problem| {
                    wrong("components", format!("{}: {}", component.full_name, problem.message))
                })?;
        }
        Ok(())
    }
}

impl User {
    fn apply(&self, documents: &mut Transaction<'_>, host: &str) {
        let id = record_id("005");
        let profile =
            ensure_named(documents, host, "Profile", self.profile.as_deref().unwrap_or("Standard User"));
        let alias: String = self.email.chars().take_while(char::is_ascii_alphanumeric).take(8).collect();
        let mut record = json!({
            "Id": id, "Username": self.username.as_ref().unwrap_or(&self.email), "Email": self.email,
            "FirstName": self.first_name, "LastName": self.last_name, "Alias": alias,
            "Name": format!("{} {}", self.first_name, self.last_name).trim(), "ProfileId": profile, "IsActive": self.is_active,
        });
        if let Value::Object(fields) = &mut record {
            fields.extend(self.fields.clone());
        }
        documents.put(&table(host, "User"), &id, record);
        for set in &self.permission_sets {
            let set = ensure_named(documents, host, "PermissionSet", set);
            let assignment = record_id("0Pa");
            let record = json!({"Id": assignment, "AssigneeId": id, "PermissionSetId": set});
            documents.put(&table(host, "PermissionSetAssignment"), &assignment, record);
        }
    }
}
