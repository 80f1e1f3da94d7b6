//! A tenant: its settings, where its documents are, and making one on first use.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::sandbox::error::SandboxError;
use crate::sandbox::ids;
use crate::sandbox::rate::Limit;
use crate::sandbox::store::Transaction;

use super::{clients, keys};

/// Table of the tenants' settings, by domain.
pub(crate) const TENANTS: &str = "auth0/tenants";
/// The database connection that every tenant begins with.
pub(crate) const DEFAULT_CONNECTION: &str = "Username-Password-Authentication";

/// When a write becomes visible to search: after so many further requests to the tenant, or after so much time, whichever
/// comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SearchLag {
    #[serde(default = "SearchLag::default_requests")]
    pub(crate) requests: u64,
    #[serde(default = "SearchLag::default_milliseconds")]
    pub(crate) milliseconds: u64,
}

impl SearchLag {
    fn default_requests() -> u64 {
        2
    }

    fn default_milliseconds() -> u64 {
        300
    }
}

impl Default for SearchLag {
    fn default() -> Self {
        Self { requests: Self::default_requests(), milliseconds: Self::default_milliseconds() }
    }
}

/// Credentials that may ask for a Management API token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ApiClient {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    #[serde(default)]
    pub(crate) scopes: Option<Vec<String>>,
}

/// Settings of a tenant.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
    pub(crate) search_lag: SearchLag,
    pub(crate) rate_limit: Limit,
    pub(crate) action_build_ms: u64,
    pub(crate) api_clients: Vec<ApiClient>,
}

/// How long an Action is built by default, in milliseconds.
pub(crate) const ACTION_BUILD_MS: u64 = 100;

/// The table of one kind of documents of a tenant.
pub(crate) fn table(tenant: &str, kind: &str) -> String {
    format!("auth0/{tenant}/{kind}")
}

/// The tenant's settings; a tenant that is not known yet is made.
pub(crate) fn ensure(
    documents: &mut Transaction<'_>,
    tenant: &str,
    now: Timestamp,
) -> Result<Settings, SandboxError> {
    if let Some(settings) = documents.read(TENANTS, tenant) {
        return Ok(settings);
    }
    let settings = Settings { action_build_ms: ACTION_BUILD_MS, ..Settings::default() };
    create(documents, tenant, &settings, now)?;
    add_connection(documents, tenant, DEFAULT_CONNECTION, "auth0");
    Ok(settings)
}

/// Makes a tenant with its certificates and the global client that every tenant has, without connections.
pub(crate) fn create(
    documents: &mut Transaction<'_>,
    tenant: &str,
    settings: &Settings,
    now: Timestamp,
) -> Result<(), SandboxError> {
    documents.write(TENANTS, tenant, settings);
    keys::create(documents, tenant, now)?;
    clients::create_global(documents, tenant);
    Ok(())
}

/// Adds a connection.
pub(crate) fn add_connection(documents: &mut Transaction<'_>, tenant: &str, name: &str, strategy: &str) {
    let id = format!("con_{}", ids::alphanumeric(16));
    let connection = json!({
        "id": id, "name": name, "strategy": strategy, "options": {}, "enabled_clients": [],
        "is_domain_connection": false, "realms": [name],
    });
    documents.put(&table(tenant, "connections"), name, connection);
}
