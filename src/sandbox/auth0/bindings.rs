//! Which Actions run at a trigger, in which order. A PATCH replaces the whole list and gives every binding a new id.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sandbox::ids;
use crate::sandbox::message::Answer;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::actions::{self, Action, TRIGGERS};
use super::paging::only;
use super::refusal::Refusal;
use super::shape::{self, Rule};
use super::tenant::table;
use super::token::Grant;
use super::{Outcome, body_of};

const FIELDS: &[(&str, Rule)] = &[(
    "bindings",
    Rule::List(&Rule::Closed(&[
        (
            "ref",
            Rule::Open(&[
                ("type", Rule::OneOf(&["binding_id", "action_id", "action_name"])),
                ("value", Rule::Text),
            ]),
        ),
        ("display_name", Rule::Text),
        ("secrets", Rule::List(&Rule::Open(&[]))),
    ])),
)];

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Binding {
    id: String,
    trigger_id: String,
    display_name: String,
    action_id: String,
    created_at: String,
    updated_at: String,
}

fn bindings_of(documents: &Transaction<'_>, tenant: &str, trigger: &str) -> Vec<Binding> {
    documents.read(&table(tenant, "bindings"), trigger).unwrap_or_default()
}

/// The Actions that run at the trigger, in order.
pub(crate) fn bound(
    documents: &mut Transaction<'_>,
    tenant: &str,
    trigger: &str,
    now: Timestamp,
) -> Vec<Action> {
    bindings_of(documents, tenant, trigger)
        .into_iter()
        .filter_map(|binding| actions::load(documents, tenant, &binding.action_id, now))
        .collect()
}

/// Whether any trigger runs the Action.
pub(crate) fn is_bound(documents: &Transaction<'_>, tenant: &str, action: &str) -> bool {
    TRIGGERS.iter().any(|t| bindings_of(documents, tenant, t).iter().any(|b| b.action_id == action))
}

/// Takes the Action out of every trigger.
pub(crate) fn unbind(documents: &mut Transaction<'_>, tenant: &str, action: &str) {
    for trigger in TRIGGERS {
        let mut bindings = bindings_of(documents, tenant, trigger);
        let before = bindings.len();
        bindings.retain(|b| b.action_id != action);
        if bindings.len() != before {
            documents.write(&table(tenant, "bindings"), trigger, &bindings);
        }
    }
}

fn views(documents: &mut Transaction<'_>, tenant: &str, bindings: &[Binding], now: Timestamp) -> Vec<Value> {
    let mut views = Vec::new();
    for binding in bindings {
        let Some(action) = actions::load(documents, tenant, &binding.action_id, now) else { continue };
        views.push(json!({
            "id": binding.id, "trigger_id": binding.trigger_id, "display_name": binding.display_name,
            "action": action.view(), "created_at": binding.created_at, "updated_at": binding.updated_at,
        }));
    }
    views
}

fn known_trigger(trigger: &str) -> Result<(), Refusal> {
    if TRIGGERS.contains(&trigger) {
        return Ok(());
    }
    Err(Refusal::new(404, "inexistent_trigger", "The trigger does not exist."))
}

pub(crate) fn list(call: &mut Call<'_, '_>, grant: &Grant, trigger: &str) -> Outcome {
    grant.require(&["read:actions"])?;
    only(call.request, &["page", "per_page"])?;
    known_trigger(trigger)?;
    let tenant = &call.request.host;
    let bindings = bindings_of(call.documents, tenant, trigger);
    let views = views(call.documents, tenant, &bindings, call.now);
    actions::envelope(call.request, "bindings", views)
}

pub(crate) fn replace(call: &mut Call<'_, '_>, grant: &Grant, trigger: &str) -> Outcome {
    grant.require(&["update:actions"])?;
    known_trigger(trigger)?;
    let body = body_of(call.request)?;
    let tenant = &call.request.host;
    let bindings = write(call.documents, tenant, trigger, &body, call.now)?;
    let views = views(call.documents, tenant, &bindings, call.now);
    Ok(Answer::json(200, &json!({"bindings": views})))
}

/// Replaces the list, from a request body or a seed.
pub(crate) fn set(
    documents: &mut Transaction<'_>,
    tenant: &str,
    trigger: &str,
    body: &Value,
    now: Timestamp,
) -> Result<(), Refusal> {
    known_trigger(trigger)?;
    write(documents, tenant, trigger, body, now).map(drop)
}

fn write(
    documents: &mut Transaction<'_>,
    tenant: &str,
    trigger: &str,
    body: &Value,
    now: Timestamp,
) -> Result<Vec<Binding>, Refusal> {
    let given = shape::body(body, FIELDS, &[])?;
    let items = given.get("bindings").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let before = bindings_of(documents, tenant, trigger);
    let all = actions::load_all(documents, tenant, now);
    let mut bindings: Vec<Binding> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let Some(reference) = item.get("ref") else {
            return Err(Refusal::body(format!(
                "'Missing required property: ref' on property bindings[{at}]"
            )));
        };
        let part = |name: &str| reference.get(name).and_then(Value::as_str).unwrap_or_default();
        let value = part("value");
        let action = match part("type") {
            "action_id" => all.iter().find(|a| a.id == value),
            "action_name" => all.iter().find(|a| a.name == value),
            _ => before.iter().find(|b| b.id == value).and_then(|b| all.iter().find(|a| a.id == b.action_id)),
        };
        let refuse = |status, what: &str| {
            Refusal::new(status, "invalid_binding", format!("bindings[{at}]: the action {value} {what}."))
        };
        let action = action.ok_or_else(|| refuse(404, "does not exist"))?;
        if !action.supports(trigger) {
            return Err(refuse(400, &format!("does not support the trigger {trigger}")));
        }
        if action.deployed_code().is_none() {
            return Err(refuse(400, "must be deployed before it can be bound"));
        }
        if bindings.iter().any(|b| b.action_id == action.id) {
            return Err(refuse(400, "is bound more than once"));
        }
        let at = ids::millis(now);
        let display_name = item.get("display_name").and_then(Value::as_str).unwrap_or(&action.name);
        bindings.push(Binding {
            id: ids::uuid(),
            trigger_id: trigger.to_owned(),
            display_name: display_name.to_owned(),
            action_id: action.id.clone(),
            created_at: at.clone(),
            updated_at: at,
        });
    }
    documents.write(&table(tenant, "bindings"), trigger, &bindings);
    Ok(bindings)
}
