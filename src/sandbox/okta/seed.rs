//! Okta's part of the seed: `okta.organizations.HOST`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::sandbox::error::SandboxError;
use crate::sandbox::ids;
use crate::sandbox::rate::Limit;
use crate::sandbox::store::Transaction;

use super::organization::{CatalogueApp, ORGANIZATIONS, Settings, table};
use super::{apps, directory};

/// `okta:` in `sandbox.yaml`.
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
    users: Vec<User>,
    #[serde(default)]
    groups: Vec<Group>,
    #[serde(default)]
    apps: Vec<Value>,
    #[serde(default)]
    tokens: Vec<String>,
    #[serde(default)]
    rate_limit: Limit,
    #[serde(default)]
    generate_users: Option<GenerateUsers>,
    #[serde(default)]
    catalogue: BTreeMap<String, CatalogueApp>,
    #[serde(default)]
    first_key_days: Option<u32>,
}

/// People made by the dozen: `user00001@DOMAIN`, `User 00001`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct GenerateUsers {
    count: u32,
    domain: String,
}

impl GenerateUsers {
    fn apply(&self, documents: &mut Transaction<'_>, host: &str, at: &str) {
        for number in 1..=self.count {
            let id = format!("00u{}", ids::alphanumeric(17));
            let email = format!("user{number:05}@{}", self.domain);
            let profile = json!({
                "email": email, "login": email, "firstName": "User", "lastName": format!("{number:05}"),
                "mobilePhone": null, "secondEmail": null,
            });
            documents.put(&table(host, "users"), &id, directory::new_user(&id, "ACTIVE", profile, at));
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct User {
    email: String,
    #[serde(default)]
    login: Option<String>,
    first_name: String,
    last_name: String,
    #[serde(default)]
    status: Option<String>,
    /// Further profile attributes: `displayName`, `department`, custom ones.
    #[serde(default)]
    profile: Map<String, Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Group {
    name: String,
    /// E-mail addresses of users.
    #[serde(default)]
    members: Vec<String>,
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
            object: format!("okta.organizations.{host}.{what}"),
            reason,
        };
        let settings = Settings {
            rate_limit: self.rate_limit,
            tokens: self.tokens.clone(),
            catalogue: self.catalogue.clone(),
            first_key_days: self.first_key_days,
        };
        documents.write(ORGANIZATIONS, host, &settings);
        let at = ids::millis(now);
        if let Some(generate) = &self.generate_users {
            generate.apply(documents, host, &at);
        }
        let mut by_email = BTreeMap::new();
        for user in &self.users {
            let id = format!("00u{}", ids::alphanumeric(17));
            let mut profile = json!({
                "email": user.email, "login": user.login.as_ref().unwrap_or(&user.email), "firstName": user.first_name,
                "lastName": user.last_name, "mobilePhone": null, "secondEmail": null,
            });
            if let Value::Object(entries) = &mut profile {
                entries.extend(user.profile.clone());
            }
            let status = user.status.as_deref().unwrap_or("ACTIVE");
            documents.put(&table(host, "users"), &id, directory::new_user(&id, status, profile, &at));
            by_email.insert(user.email.to_lowercase(), id);
        }
        for group in &self.groups {
            let members = group
                .members
                .iter()
                .map(|email| {
                    let id = by_email.get(&email.to_lowercase());
                    id.ok_or_else(|| wrong("groups", format!("{} is no user of the organization", email)))
                })
                .collect::<Result<Vec<_>, _>>()?;
            let id = format!("00g{}", ids::alphanumeric(17));
            let document = json!({
                "id": id, "created": at, "lastUpdated": at, "lastMembershipUpdated": at, "objectClass": ["okta:user_group"],
                "type": "OKTA_GROUP", "profile": {"name": group.name, "description": null}, "members": members,
            });
            documents.put(&table(host, "groups"), &id, document);
        }
        for app in &self.apps {
            apps::add(documents, host, app, true, now).map_err(|refusal| wrong("apps", refusal.message()))?;
        }
        Ok(())
    }
}
