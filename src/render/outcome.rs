//! What came of an apply: a line for each event while it runs, and the closing report.

use serde_json::json;

use super::{Style, closing_counts, pseudonym, to_pretty, words};
use crate::{
    apply::{Event, NodeResult, Outcome},
    component::{Address, Class},
    diagnostics::visible,
    plan::Plan,
};

/// An event as one line for a terminal; `None` for what needs no line.
pub fn line(plan: &Plan, event: &Event, show_users: bool) -> Option<String> {
    let name = |address: &str| shown(plan, address, show_users);
    Some(match event {
        Event::ApplyStarted { .. } | Event::ApplyFinished { .. } | Event::Started { .. } => return None,
        Event::Done { address, effect, outputs, .. } => {
            let outputs: Vec<_> =
                outputs.iter().map(|(name, value)| format!("{name}={}", visible(value))).collect();
            let outputs =
                if outputs.is_empty() { String::new() } else { format!(" ({})", outputs.join(", ")) };
            format!("{effect:<9} {}{outputs}", name(address))
        }
        Event::Waiting { address, message } => format!("waits     {}: {}", name(address), visible(message)),
        Event::Failed { address, message, .. } => {
            format!("FAILED    {}: {}", name(address), visible(message))
        }
        Event::NotStarted { address, message } => {
            format!("not begun {}: {}", name(address), visible(message))
        }
    })
}

/// An address as a person may see it: people by pseudonym unless asked for.
fn shown(plan: &Plan, address: &str, show_users: bool) -> String {
    let is_person = address.parse::<Address>().is_ok_and(|address| {
        plan.desired.get(&address).map(|component| component.class).or_else(|| {
            plan.changes.iter().find(|change| change.address == address).map(|change| change.class)
        }) == Some(Class::Membership)
    });
    match address.rsplit_once(':') {
        Some((front, email)) if is_person && !show_users => {
            format!("{}:{}", visible(front), pseudonym(&plan.project, email))
        }
        _ => visible(address).into_owned(),
    }
}

/// The closing report for a terminal: what failed with the way out, what waits, what was not begun, and one sentence.
/// `redact` hides secrets in what vendors say.
pub fn text(plan: &Plan, outcome: &Outcome, style: &Style, redact: &dyn Fn(&str) -> String) -> String {
    let mut out = String::new();
    let name = |index: usize| shown(plan, &plan.changes[index].address.to_string(), style.show_users);
    let mut section = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            out.push_str(&format!("\n{title}\n"));
            for line in lines {
                out.push_str(&format!("  {line}\n"));
            }
        }
    };
    let mut failed = Vec::new();
    let mut steps = Vec::new();
    let mut waiting = 0;
    let mut not_begun = Vec::new();
    for (node, result) in &outcome.results {
        match result {
            NodeResult::Failed(error) => {
                failed.push(format!("{}: {}", name(node.change), visible(&redact(&error.to_string()))));
                if let Some(help) = error.help() {
                    failed.push(format!("  help: {}", visible(&redact(&help))));
                }
            }
            NodeResult::Waiting(addresses) if addresses.contains(&plan.changes[node.change].address) => {
                steps.push(name(node.change));
            }
            NodeResult::Waiting(_) => waiting += 1,
            NodeResult::Upstream(cause) => not_begun.push(format!(
                "{}: {} was not done",
                name(node.change),
                shown(plan, &cause.to_string(), style.show_users)
            )),
            NodeResult::Stopped => not_begun.push(format!("{}: stopped", name(node.change))),
            NodeResult::Done(_) => {}
        }
    }
    section("Failed", failed);
    section("Manual steps for a person", steps.clone());
    not_begun.truncate(20);
    section("Not begun", not_begun);
    if waiting > 0 {
        out.push_str(&format!(
            "\n{} after the manual steps.\n",
            if waiting == 1 { "1 change comes".to_owned() } else { format!("{waiting} changes come") }
        ));
    }
    out.push('\n');
    out.push_str(&closing_counts(outcome));
    out.push('\n');
    if !steps.is_empty() {
        out.push_str(&format!("Next: {}\n", words::command(plan, style, "runbook", "")));
    } else if outcome.failed() + outcome.not_started() > 0 {
        out.push_str(&format!("Next, safe to run again: {}\n", words::command(plan, style, "apply", "")));
    }
    out
}

/// The outcome for programs. `redact` hides secrets in what vendors say.
pub fn json(plan: &Plan, outcome: &Outcome, redact: &dyn Fn(&str) -> String) -> String {
    let results: Vec<_> = outcome
        .results
        .iter()
        .map(|(node, result)| {
            let change = &plan.changes[node.change];
            let (state, detail) = match result {
                NodeResult::Done(effect) => ("done", Some(effect.as_str().to_owned())),
                NodeResult::Waiting(_) => ("waiting", None),
                NodeResult::Failed(error) => ("failed", Some(redact(&error.to_string()))),
                NodeResult::Upstream(cause) => ("notStarted", Some(cause.to_string())),
                NodeResult::Stopped => ("notStarted", None),
            };
            json!({
                "address": change.address.to_string(),
                "action": change.action.as_str(),
                "state": state,
                "detail": detail,
            })
        })
        .collect();
    to_pretty(&json!({
        "formatVersion": 1,
        "environment": plan.environment.to_string(),
        "summary": {
            "done": outcome.done(),
            "failed": outcome.failed(),
            "waiting": outcome.waiting(),
            "notStarted": outcome.not_started(),
        },
        "results": results,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        apply::ApplyError,
        plan::order::{Node, Phase},
        provider::WriteError,
        render::testing::{PlanBuilder, plain},
    };

    #[test]
    fn a_vendors_echo_of_a_secret_is_not_repeated() {
        let plan = PlanBuilder::new().create("nss/SsoProfile/flex/auth0.client", |it| it).build();
        let error = ApplyError::Write(WriteError::Refused {
            what: "the application".to_owned(),
            message: "`s3cr3t-value` is not allowed".to_owned(),
            help: Some("do not send s3cr3t-value".to_owned()),
        });
        let node = Node { change: 0, phase: Phase::Begin };
        let outcome = Outcome { results: [(node, NodeResult::Failed(error))].into() };
        let redact = |text: &str| text.replace("s3cr3t-value", "[redacted]");
        let text = text(&plan, &outcome, &plain(), &redact);
        assert!(text.contains("`[redacted]` is not allowed"), "{text}");
        assert!(text.contains("help: do not send [redacted]"), "{text}");
        assert!(!text.contains("s3cr3t"), "{text}");
        let json = json(&plan, &outcome, &redact);
        assert!(json.contains("`[redacted]` is not allowed") && !json.contains("s3cr3t"), "{json}");
    }
}
