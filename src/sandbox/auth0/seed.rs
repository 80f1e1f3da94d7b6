//! Auth0's part of the seed: `auth0.tenants.DOMAIN`.

use std::collections::{BTreeMap, HashSet};

use jiff::{Timestamp, ToSpan as _};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::sandbox::error::SandboxError;
use crate::sandbox::rate::Limit;
use crate::sandbox::store::Transaction;

use super::refusal::Refusal;
use super::tenant::{self, ACTION_BUILD_MS, ApiClient, DEFAULT_CONNECTION, SearchLag, Settings, table};
use super::{actions, bindings, clients, users};

/// `auth0:` in `sandbox.yaml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Seed {
    #[serde(default)]
    tenants: BTreeMap<String, Tenant>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Tenant {
    #[serde(default)]
    connections: Option<Vec<Connection>>,
    #[serde(default)]
    users: Vec<User>,
    #[serde(default)]
    generate_users: Option<GenerateUsers>,
    #[serde(default)]
    clients: Vec<Value>,
    #[serde(default)]
    actions: Vec<Action>,
    #[serde(default)]
    bindings: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    api_clients: Vec<ApiClient>,
    #[serde(default)]
    search_lag: SearchLag,
    #[serde(default)]
    rate_limit: Limit,
    #[serde(default)]
    action_build_ms: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Connection {
    name: String,
    #[serde(default = "database")]
    strategy: String,
}

fn database() -> String {
    "auth0".into()
}

/// Field names are Auth0's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    email: String,
    #[serde(default)]
    user_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    given_name: Option<String>,
    #[serde(default)]
    family_name: Option<String>,
    #[serde(default)]
    email_verified: Option<bool>,
    #[serde(default)]
    blocked: Option<bool>,
    #[serde(default)]
    app_metadata: Option<Map<String, Value>>,
    #[serde(default)]
    user_metadata: Option<Map<String, Value>>,
    #[serde(default)]
    connection: Option<String>,
    #[serde(default)]
    created_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct GenerateUsers {
    count: u32,
    domain: String,
    #[serde(default = "user_prefix")]
    prefix: String,
    #[serde(default)]
    connection: Option<String>,
    #[serde(default)]
    app_metadata: Option<Map<String, Value>>,
    /// Milliseconds between two users' `created_at`; 0 makes them all the same.
    #[serde(default = "one_second")]
    created_at_step_ms: u64,
}

fn user_prefix() -> String {
    "user".into()
}

fn one_second() -> u64 {
    1_000
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Action {
    name: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default = "post_login")]
    trigger: String,
    #[serde(default = "yes")]
    deployed: bool,
}

fn post_login() -> String {
    "post-login".into()
}

fn yes() -> bool {
    true
}

impl Seed {
    /// Makes the tenants.
    pub(crate) fn apply(&self, documents: &mut Transaction<'_>, now: Timestamp) -> Result<(), SandboxError> {
        self.tenants.iter().try_for_each(|(domain, tenant)| tenant.apply(documents, domain, now))
    }
}

impl Tenant {
    fn apply(
        &self,
        documents: &mut Transaction<'_>,
        domain: &str,
        now: Timestamp,
    ) -> Result<(), SandboxError> {
        let place = |what: String| format!("auth0.tenants.{domain}.{what}");
        let refused = |what: String| {
            move |refusal: Refusal| SandboxError::Seed { object: what, reason: refusal.message().to_owned() }
        };
        if domain.is_empty() || domain != domain.to_ascii_lowercase() || domain.contains(['/', ':', ' ']) {
            let reason = "a tenant is named by its domain in lower case, without scheme or port".to_owned();
            return Err(SandboxError::Seed { object: format!("auth0.tenants.{domain}"), reason });
        }
        let settings = Settings {
            search_lag: self.search_lag,
            rate_limit: self.rate_limit,
            action_build_ms: self.action_build_ms.unwrap_or(ACTION_BUILD_MS),
            api_clients: self.api_clients.clone(),
        };
        tenant::create(documents, domain, &settings, now)?;
        match &self.connections {
            None => tenant::add_connection(documents, domain, DEFAULT_CONNECTION, "auth0"),
            Some(connections) => connections
                .iter()
                .for_each(|c| tenant::add_connection(documents, domain, &c.name, &c.strategy)),
        }
        let default_connection = documents
            .get(&table(domain, "connections"), DEFAULT_CONNECTION)
            .map(|_| DEFAULT_CONNECTION.to_owned())
            .or_else(|| self.connections.as_ref().and_then(|all| Some(all.first()?.name.clone())))
            .unwrap_or_else(|| DEFAULT_CONNECTION.to_owned());
        // Seeded users are older than everything that happens in the sandbox, a second apart.
        let total = i64::from(self.generate_users.as_ref().map_or(0, |g| g.count)) + self.users.len() as i64;
        let mut created = now.saturating_sub((30 * 24).hours()).unwrap_or(now);
        created = created.saturating_sub(total.seconds()).unwrap_or(created);
        let mut seen = HashSet::new();
        for (at, user) in self.users.iter().enumerate() {
            if !seen.insert((user.email.to_lowercase(), user.connection.as_deref())) {
                let reason = format!("{} is there twice", user.email);
                return Err(SandboxError::Seed { object: place(format!("users[{at}].email")), reason });
            }
            let body = user.body(&default_connection);
            let time = user.created_at.unwrap_or(created);
            users::insert(documents, domain, &body, time, true)
                .map_err(refused(place(format!("users[{at}]"))))?;
            created = created.saturating_add(1.second()).unwrap_or(created);
        }
        if let Some(generate) = &self.generate_users {
            generate
                .apply(documents, domain, &default_connection, created)
                .map_err(refused(place("generateUsers".into())))?;
        }
        for (at, client) in self.clients.iter().enumerate() {
            clients::insert(documents, domain, client).map_err(refused(place(format!("clients[{at}]"))))?;
        }
        for (at, action) in self.actions.iter().enumerate() {
            let mut body = json!({
                "name": action.name, "deploy": action.deployed,
                "supported_triggers": [{"id": action.trigger, "version": if action.trigger == "post-login" { "v3" } else { "v2" }}],
            });
            if let (Some(code), Value::Object(map)) = (&action.code, &mut body) {
                map.insert("code".into(), json!(code));
            }
            actions::insert(documents, domain, &body, 0, now)
                .map_err(refused(place(format!("actions[{at}]"))))?;
        }
        for (trigger, names) in &self.bindings {
            let references: Vec<Value> =
                names.iter().map(|name| json!({"ref": {"type": "action_name", "value": name}})).collect();
            bindings::set(documents, domain, trigger, &json!({"bindings": references}), now)
                .map_err(refused(place(format!("bindings.{trigger}"))))?;
        }
        Ok(())
    }
}

impl User {
    fn body(&self, default_connection: &str) -> Value {
        let mut body = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        };
        put("email", Some(json!(self.email)));
        put("connection", Some(json!(self.connection.as_deref().unwrap_or(default_connection))));
        put("user_id", self.user_id.as_ref().map(|v| json!(v)));
        put("name", self.name.as_ref().map(|v| json!(v)));
        put("given_name", self.given_name.as_ref().map(|v| json!(v)));
        put("family_name", self.family_name.as_ref().map(|v| json!(v)));
        put("email_verified", self.email_verified.map(|v| json!(v)));
        put("blocked", self.blocked.map(|v| json!(v)));
        put("app_metadata", self.app_metadata.as_ref().map(|v| json!(v)));
        put("user_metadata", self.user_metadata.as_ref().map(|v| json!(v)));
        Value::Object(body)
    }
}

impl GenerateUsers {
    fn apply(
        &self,
        documents: &mut Transaction<'_>,
        domain: &str,
        default_connection: &str,
        mut created: Timestamp,
    ) -> Result<(), Refusal> {
        let step = i64::try_from(self.created_at_step_ms).unwrap_or(i64::MAX);
        for number in 1..=self.count {
            let prefix = &self.prefix;
            let user = User {
                email: format!("{prefix}{number:05}@{}", self.domain),
                user_id: None,
                name: Some(format!("User {number:05}")),
                given_name: Some("User".into()),
                family_name: Some(format!("{number:05}")),
                email_verified: Some(true),
                blocked: None,
                app_metadata: self.app_metadata.clone(),
                user_metadata: None,
                connection: self.connection.clone(),
                created_at: None,
            };
            users::insert(documents, domain, &user.body(default_connection), created, true)?;
            created = created.saturating_add(step.milliseconds()).unwrap_or(created);
        }
        Ok(())
    }
}
