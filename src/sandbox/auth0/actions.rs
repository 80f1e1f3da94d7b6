//! Actions: code that runs at login. It is kept and built here, never run.
//!
//! A change makes the Action `pending` again, and it is `built` some time later; only then can it be deployed. Each deployment makes
//! a version, and the version is what a binding runs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sandbox::ids;
use crate::sandbox::message::{Answer, Request};
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::paging::{Page, flag, only};
use super::refusal::Refusal;
use super::shape::{self, Rule};
use super::tenant::{Settings, table};
use super::token::Grant;
use super::{Outcome, bindings, body_of};

pub(crate) const TRIGGERS: &[&str] = &[
    "post-login",
    "credentials-exchange",
    "pre-user-registration",
    "post-user-registration",
    "post-change-password",
    "send-phone-message",
    "custom-phone-provider",
    "custom-email-provider",
    "password-reset-post-challenge",
    "custom-token-exchange",
    "event-stream",
    "password-hash-migration",
    "login-post-identifier",
    "signup-post-identifier",
];

const FIELDS: &[(&str, Rule)] = &[
    ("name", Rule::Sized(1, 255)),
    (
        "supported_triggers",
        Rule::List(&Rule::Closed(&[
            ("id", Rule::OneOf(TRIGGERS)),
            ("version", Rule::Text),
            ("status", Rule::Text),
            ("runtimes", Rule::List(&Rule::Text)),
            ("default_runtime", Rule::Text),
            ("compatible_triggers", Rule::List(&Rule::Open(&[]))),
            ("binding_policy", Rule::OneOf(&["trigger-bound", "entity-bound"])),
        ])),
    ),
    ("code", Rule::Text),
    (
        "dependencies",
        Rule::List(&Rule::Closed(&[
            ("name", Rule::Text),
            ("version", Rule::Text),
            ("registry_url", Rule::Text),
        ])),
    ),
    ("runtime", Rule::OneOf(&["node12", "node16", "node18", "node18-actions", "node22"])),
    ("secrets", Rule::List(&Rule::Open(&[("name", Rule::Text), ("value", Rule::Text)]))),
    ("modules", Rule::List(&Rule::Open(&[]))),
];

/// An Action as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Action {
    pub(crate) id: String,
    pub(crate) name: String,
    supported_triggers: Value,
    code: String,
    dependencies: Value,
    runtime: String,
    /// Names and times; a value is never answered, so it is not kept either.
    secrets: Vec<Secret>,
    created_at: String,
    updated_at: String,
    /// When the build ends, in milliseconds since 1970. `None` once it has ended.
    builds_until: Option<i64>,
    deploy_when_built: bool,
    all_changes_deployed: bool,
    versions: Vec<Version>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Secret {
    name: String,
    updated_at: String,
}

/// What was deployed once.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Version {
    id: String,
    action_id: String,
    code: String,
    dependencies: Value,
    runtime: String,
    secrets: Vec<Secret>,
    status: String,
    number: u64,
    deployed: bool,
    built_at: String,
    created_at: String,
    updated_at: String,
    supported_triggers: Value,
}

impl Action {
    /// The code that runs, where a version is deployed.
    pub(crate) fn deployed_code(&self) -> Option<&str> {
        self.versions.iter().find(|v| v.deployed).map(|v| v.code.as_str())
    }

    /// Whether it may be bound to the trigger.
    pub(crate) fn supports(&self, trigger: &str) -> bool {
        let triggers = self.supported_triggers.as_array().map(Vec::as_slice).unwrap_or_default();
        triggers.iter().any(|t| t.get("id").and_then(Value::as_str) == Some(trigger))
    }

    fn settle(&mut self, now: Timestamp) -> bool {
        match self.builds_until {
            Some(until) if until <= now.as_millisecond() => {
                self.builds_until = None;
                if std::mem::take(&mut self.deploy_when_built) {
                    self.deploy(now);
                }
                true
            }
            _ => false,
        }
    }

    fn deploy(&mut self, now: Timestamp) -> &Version {
        let at = ids::millis(now);
        for version in &mut self.versions {
            version.deployed = false;
        }
        let number = self.versions.iter().map(|v| v.number).max().unwrap_or_default() + 1;
        self.all_changes_deployed = true;
        let version = Version {
            id: ids::uuid(),
            action_id: self.id.clone(),
            code: self.code.clone(),
            dependencies: self.dependencies.clone(),
            runtime: self.runtime.clone(),
            secrets: self.secrets.clone(),
            status: "built".into(),
            number,
            deployed: true,
            built_at: at.clone(),
            created_at: at.clone(),
            updated_at: at,
            supported_triggers: self.supported_triggers.clone(),
        };
        self.versions.insert(0, version);
        &self.versions[0]
    }

    /// What a binding shows of it.
    pub(crate) fn view(&self) -> Value {
        let status = if self.builds_until.is_some() { "pending" } else { "built" };
        let mut view = json!({
            "id": self.id, "name": self.name, "supported_triggers": self.supported_triggers, "code": self.code,
            "dependencies": self.dependencies, "runtime": self.runtime, "secrets": self.secrets, "status": status,
            "created_at": self.created_at, "updated_at": self.updated_at,
            "all_changes_deployed": self.all_changes_deployed,
        });
        if let Value::Object(map) = &mut view
            && let Some(version) = self.versions.iter().find(|v| v.deployed)
        {
            // Both are answered by the real API, although only the first is documented.
            map.insert("deployed_version".into(), json!(version));
            map.insert("current_version".into(), json!(version));
        }
        view
    }

    fn version_view(&self, version: &Version) -> Value {
        let mut view = json!(version);
        if let Value::Object(map) = &mut view {
            map.insert(
                "action".into(),
                json!({
                    "id": self.id, "name": self.name, "supported_triggers": self.supported_triggers,
                    "all_changes_deployed": self.all_changes_deployed,
                    "created_at": self.created_at, "updated_at": self.updated_at,
                }),
            );
        }
        view
    }
}

/// The Action, with a build that has ended taken into account.
pub(crate) fn load(
    documents: &mut Transaction<'_>,
    tenant: &str,
    id: &str,
    now: Timestamp,
) -> Option<Action> {
    let table = table(tenant, "actions");
    let mut action: Action = documents.read(&table, id)?;
    if action.settle(now) {
        documents.write(&table, id, &action);
    }
    Some(action)
}

/// All Actions, as [`load`].
pub(crate) fn load_all(documents: &mut Transaction<'_>, tenant: &str, now: Timestamp) -> Vec<Action> {
    let ids: Vec<String> = documents.list(&table(tenant, "actions")).map(|(id, _)| id.clone()).collect();
    ids.into_iter().filter_map(|id| load(documents, tenant, &id, now)).collect()
}

fn missing() -> Refusal {
    Refusal::new(404, "inexistent_action", "That action does not exist.")
}

fn name_is_free(
    documents: &Transaction<'_>,
    tenant: &str,
    name: &str,
    own: Option<&str>,
) -> Result<(), Refusal> {
    let taken = documents.list(&table(tenant, "actions")).any(|(id, action)| {
        Some(id.as_str()) != own && action.get("name").and_then(Value::as_str) == Some(name)
    });
    if taken {
        return Err(Refusal::new(409, "action_conflict", "An action with that name already exists."));
    }
    Ok(())
}

fn check_triggers(body: &Value) -> Result<(), Refusal> {
    let Some(triggers) = body.get("supported_triggers").and_then(Value::as_array) else { return Ok(()) };
    if triggers.is_empty() {
        let detail = "'Array is too short (0), minimum 1' on property supported_triggers";
        return Err(Refusal::body(detail));
    }
    for (at, trigger) in triggers.iter().enumerate() {
        let Some(id) = trigger.get("id").and_then(Value::as_str) else {
            return Err(Refusal::body(format!(
                "'Missing required property: id' on property supported_triggers[{at}]"
            )));
        };
        let version = trigger.get("version").and_then(Value::as_str);
        if id == "post-login" && version.is_some_and(|v| v != "v3") {
            let message = format!("The trigger post-login has no version {}.", version.unwrap_or_default());
            return Err(Refusal::new(400, "invalid_body", message));
        }
    }
    Ok(())
}

fn secrets(body: &Value, now: Timestamp) -> Vec<Secret> {
    let given = body.get("secrets").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    given
        .iter()
        .filter_map(|s| s.get("name")?.as_str())
        .map(|name| Secret { name: name.to_owned(), updated_at: ids::millis(now) })
        .collect()
}

/// Makes an Action from a request body or a seed.
pub(crate) fn insert(
    documents: &mut Transaction<'_>,
    tenant: &str,
    body: &Value,
    build_ms: u64,
    now: Timestamp,
) -> Result<Action, Refusal> {
    let mut rules = FIELDS.to_vec();
    rules.push(("deploy", Rule::Flag));
    let given = shape::body(body, &rules, &["name", "supported_triggers"])?;
    check_triggers(body)?;
    let name = given.get("name").and_then(Value::as_str).unwrap_or_default();
    name_is_free(documents, tenant, name, None)?;
    let text =
        |name: &str, default: &str| given.get(name).and_then(Value::as_str).unwrap_or(default).to_owned();
    let at = ids::millis(now);
    let mut action = Action {
        id: ids::uuid(),
        name: name.to_owned(),
        supported_triggers: given.get("supported_triggers").cloned().unwrap_or_default(),
        code: text("code", "module.exports = () => {}"),
        dependencies: given.get("dependencies").cloned().unwrap_or_else(|| json!([])),
        runtime: text("runtime", "node22"),
        secrets: secrets(body, now),
        created_at: at.clone(),
        updated_at: at,
        builds_until: Some(until(now, build_ms)),
        deploy_when_built: given.get("deploy").and_then(Value::as_bool).unwrap_or_default(),
        all_changes_deployed: false,
        versions: Vec::new(),
    };
    if build_ms == 0 {
        action.settle(now);
    }
    documents.write(&table(tenant, "actions"), &action.id, &action);
    Ok(action)
}

fn until(now: Timestamp, build_ms: u64) -> i64 {
    now.as_millisecond().saturating_add(i64::try_from(build_ms).unwrap_or(i64::MAX))
}

pub(crate) fn list(call: &mut Call<'_, '_>, grant: &Grant) -> Outcome {
    grant.require(&["read:actions"])?;
    let request = call.request;
    only(request, &["triggerId", "actionName", "deployed", "page", "per_page", "installed"])?;
    let deployed = flag(request, "deployed")?;
    let items = load_all(call.documents, &request.host, call.now)
        .into_iter()
        .filter(|a| request.parameter("triggerId").is_none_or(|trigger| a.supports(trigger)))
        .filter(|a| request.parameter("actionName").is_none_or(|name| a.name == name))
        .filter(|a| deployed.is_none_or(|want| a.deployed_code().is_some() == want))
        .map(|a| a.view())
        .collect();
    envelope(request, "actions", items)
}

/// `{total, page, per_page, NAME: [...]}`, which Actions use instead of the other resources' totals.
pub(crate) fn envelope(request: &Request, name: &str, items: Vec<Value>) -> Outcome {
    let page = Page::of(request, 20)?;
    let mut body = json!({"total": items.len(), "page": page.number, "per_page": page.size});
    if let Value::Object(map) = &mut body {
        map.insert(name.into(), Value::Array(page.cut(items)));
    }
    Ok(Answer::json(200, &body))
}

pub(crate) fn create(call: &mut Call<'_, '_>, grant: &Grant, settings: &Settings) -> Outcome {
    grant.require(&["create:actions"])?;
    let body = body_of(call.request)?;
    let action = insert(call.documents, &call.request.host, &body, settings.action_build_ms, call.now)?;
    Ok(Answer::json(201, &action.view()))
}

pub(crate) fn read(call: &mut Call<'_, '_>, grant: &Grant, id: &str) -> Outcome {
    grant.require(&["read:actions"])?;
    let action = load(call.documents, &call.request.host, id, call.now).ok_or_else(missing)?;
    Ok(Answer::json(200, &action.view()))
}

pub(crate) fn update(call: &mut Call<'_, '_>, grant: &Grant, id: &str, settings: &Settings) -> Outcome {
    grant.require(&["update:actions"])?;
    let body = body_of(call.request)?;
    let given = shape::body(&body, FIELDS, &[])?;
    check_triggers(&body)?;
    let tenant = &call.request.host;
    let mut action = load(call.documents, tenant, id, call.now).ok_or_else(missing)?;
    let text = |name: &str| given.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(name) = text("name") {
        name_is_free(call.documents, tenant, &name, Some(id))?;
        action.name = name;
    }
    if let Some(code) = text("code") {
        action.code = code;
    }
    if let Some(runtime) = text("runtime") {
        action.runtime = runtime;
    }
    if let Some(triggers) = given.get("supported_triggers") {
        action.supported_triggers = triggers.clone();
    }
    if let Some(dependencies) = given.get("dependencies") {
        action.dependencies = dependencies.clone();
    }
    if given.contains_key("secrets") {
        action.secrets = secrets(&body, call.now);
    }
    action.updated_at = ids::millis(call.now);
    action.all_changes_deployed = false;
    action.deploy_when_built = false;
    action.builds_until = Some(until(call.now, settings.action_build_ms));
    if settings.action_build_ms == 0 {
        action.settle(call.now);
    }
    call.documents.write(&table(tenant, "actions"), id, &action);
    Ok(Answer::json(200, &action.view()))
}

pub(crate) fn delete(call: &mut Call<'_, '_>, grant: &Grant, id: &str) -> Outcome {
    grant.require(&["delete:actions"])?;
    let tenant = &call.request.host;
    let force = flag(call.request, "force")?.unwrap_or_default();
    load(call.documents, tenant, id, call.now).ok_or_else(missing)?;
    if bindings::is_bound(call.documents, tenant, id) {
        if !force {
            let message =
                "Cannot delete an action that is bound to a trigger; remove its bindings or use force.";
            return Err(Refusal::new(400, "action_bound", message));
        }
        bindings::unbind(call.documents, tenant, id);
    }
    call.documents.remove(&table(tenant, "actions"), id);
    Ok(Answer::no_content())
}

/// Deploys the current draft. The specification says 202; the real API answers 200.
pub(crate) fn deploy(call: &mut Call<'_, '_>, grant: &Grant, id: &str) -> Outcome {
    grant.require(&["create:actions"])?;
    let tenant = &call.request.host;
    let mut action = load(call.documents, tenant, id, call.now).ok_or_else(missing)?;
    if action.builds_until.is_some() {
        let message = "The action must be in the 'built' state before it can be deployed.";
        return Err(Refusal::new(400, "action_not_built", message));
    }
    let version = action.deploy(call.now).clone();
    call.documents.write(&table(tenant, "actions"), id, &action);
    Ok(Answer::json(200, &action.version_view(&version)))
}

pub(crate) fn versions(call: &mut Call<'_, '_>, grant: &Grant, id: &str) -> Outcome {
    grant.require(&["read:actions"])?;
    let action = load(call.documents, &call.request.host, id, call.now).ok_or_else(missing)?;
    let items = action.versions.iter().map(|version| action.version_view(version)).collect();
    envelope(call.request, "versions", items)
}
