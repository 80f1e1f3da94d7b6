//! Flex Configuration: one document of an account. Object-valued properties are replaced whole; there is no optimistic locking.

use serde_json::{Map, Value, json};

use crate::sandbox::ids;
use crate::sandbox::message::Answer;
use crate::sandbox::vendor::Call;

use super::account::{self, Account};
use super::refusal::Refusal;
use super::{Outcome, json_body};

/// Properties that a POST may set.
const WRITABLE: &[&str] = &[
    "attributes",
    "taskrouter_target_workflow_sid",
    "taskrouter_target_taskqueue_sid",
    "taskrouter_taskqueues",
    "taskrouter_skills",
    "taskrouter_worker_channels",
    "taskrouter_worker_attributes",
    "taskrouter_offline_activity_sid",
    "messaging_service_instance_sid",
    "chat_service_instance_sid",
    "ui_language",
    "ui_attributes",
    "ui_dependencies",
    "ui_version",
    "call_recording_enabled",
    "call_recording_webhook_url",
    "crm_enabled",
    "crm_type",
    "crm_callback_url",
    "crm_fallback_url",
    "crm_attributes",
    "public_attributes",
    "plugin_service_enabled",
    "plugin_service_attributes",
    "integrations",
    "outbound_call_flows",
    "serverless_service_sids",
    "queue_stats_configuration",
    "notifications",
    "markdown",
    "flex_insights_hr",
    "flex_insights_drilldown",
    "channel_configs",
    "debugger_integration",
    "flex_ui_status_report",
    "agent_conv_end_methods",
    "citrix_voice_vdi",
    "offline_config",
];

fn view(account: &Account) -> Value {
    let mut view: Map<String, Value> =
        WRITABLE.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    view.insert("ui_version".into(), json!("~2.8.0"));
    view.extend(account.configuration.clone());
    let fixed = json!({
        "account_sid": account.sid, "date_created": account.created_at, "date_updated": account.updated_at,
        "status": "ok", "taskrouter_workspace_sid": account.workspace, "runtime_domain": account.runtime_domain,
        "flex_instance_sid": account.flex_instance, "flex_service_instance_sid": null, "service_version": null,
        "url": "https://flex-api.twilio.com/v1/Configuration", "flex_url": null,
    });
    if let Value::Object(fixed) = fixed {
        view.extend(fixed);
    }
    Value::Object(view)
}

pub(crate) fn read(call: &mut Call<'_, '_>) -> Outcome {
    let account = account::authenticate(call, None)?;
    Ok(Answer::json(200, &view(&account)))
}

/// What is visible without credentials. Seen in public test fixtures, not documented.
pub(crate) fn public(call: &mut Call<'_, '_>) -> Outcome {
    let Some(sid) = call.request.parameter("AccountSid") else {
        return Err(Refusal::parameter("The parameter AccountSid is required"));
    };
    let account = account::ensure(call.documents, sid, call.now)?;
    let public = account.configuration.get("public_attributes").cloned().unwrap_or_default();
    let url = format!("https://flex-api.twilio.com/v1/Configuration/Public?AccountSid={sid}");
    let item = json!({"url": url, "runtime_domain": account.runtime_domain, "public_attributes": public});
    Ok(Answer::json(200, &json!({"configurations": [item], "meta": {"key": "configurations"}})))
}

pub(crate) fn update(call: &mut Call<'_, '_>) -> Outcome {
    let body = json_body(call.request)?;
    let Value::Object(given) = body else { return Err(Refusal::flex("the body must be a JSON object")) };
    let named = given.get("account_sid").and_then(Value::as_str).map(str::to_owned);
    let mut account = account::authenticate(call, named.as_deref())?;
    let Some(named) = named else { return Err(Refusal::flex("account_sid is required")) };
    if named != account.sid {
        return Err(Refusal::new(403, 45003, format!("The credentials are not those of {named}")));
    }
    for (name, value) in given {
        if name == "account_sid" {
            continue;
        }
        if !WRITABLE.contains(&name.as_str()) {
            let message = format!("You are not allowed to modify property for [{name}]");
            return Err(Refusal::flex(message));
        }
        account.configuration.insert(name, value);
    }
    account.updated_at = ids::seconds(call.now);
    account.save(call.documents);
    Ok(Answer::json(200, &view(&account)))
}
