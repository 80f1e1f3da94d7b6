//! Words that every format shares: what an action is called and marked with, the closing sentence, the next command.

use super::{Style, ink::Tone};
use crate::{
    component::Environment,
    plan::{Action, Plan, Refusal, guard::STATE_GUARDS},
};

/// The actions in the order in which legends list them.
pub(super) const ACTIONS: [Action; 7] = [
    Action::Create,
    Action::Update,
    Action::Delete,
    Action::Adopt,
    Action::Manual,
    Action::Drift,
    Action::Blocked,
];

/// The sign in front of a change.
pub(super) fn symbol(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update => "~",
        Action::Delete => "-",
        Action::Adopt => ">",
        Action::Manual => "?",
        Action::Drift => "!",
        Action::Blocked => "x",
    }
}

/// What the sign means.
pub(super) fn meaning(action: Action) -> &'static str {
    match action {
        Action::Manual => "manual step",
        other => other.as_str(),
    }
}

pub(super) fn tone(action: Action) -> Tone {
    match action {
        Action::Create => Tone::Good,
        Action::Update | Action::Drift => Tone::Warn,
        Action::Delete | Action::Blocked => Tone::Bad,
        Action::Adopt | Action::Manual => Tone::Info,
    }
}

/// "1 step", "2 steps".
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// How many components were compared: those that are as they should be and those of which something is to be said.
pub(super) fn compared(plan: &Plan) -> usize {
    // A component that only drifted counts as unchanged.
    let changing =
        plan.changes.iter().filter(|change| change.desired.is_some() && change.action != Action::Drift);
    plan.unchanged + changing.count()
}

/// Whether nothing is asked for and nothing was found, so that nothing can be said to be as it should be.
fn is_empty(plan: &Plan) -> bool {
    plan.is_settled() && plan.is_complete() && plan.changes.is_empty() && compared(plan) == 0
}

/// The one sentence that every plan ends with, in a form that scripts can match:
/// `Plan: 3 to create, 1 to update, 0 to delete, 2 manual steps, 1 drifted; 14 unchanged.`, with `N to adopt` and `N blocked`
/// in between where there are any, or `Nothing to do: 17 components compared, all as they should be.` Where something could not be
/// seen, both say so at their end, and the second begins with `Incomplete`. Where no profile asks for anything:
/// `Nothing to do: no profile in the manifests to compare.`
pub fn closing(plan: &Plan) -> String {
    let summary = plan.summary();
    let unseen = match plan.gaps.len() {
        0 => String::new(),
        count => format!("; {count} could not be seen"),
    };
    if is_empty(plan) {
        return "Nothing to do: no profile in the manifests to compare.".to_owned();
    }
    if plan.is_settled() {
        let state = match summary.drift {
            0 => "all as they should be".to_owned(),
            count => format!("{count} drifted where Concord does not write"),
        };
        // What could not be seen may well be something to do.
        let word = if plan.is_complete() { "Nothing to do" } else { "Incomplete" };
        return format!("{word}: {} compared, {state}{unseen}.", counted(compared(plan), "component"));
    }
    let adopt = if summary.adopt > 0 { format!(", {} to adopt", summary.adopt) } else { String::new() };
    let blocked = if summary.blocked > 0 { format!(", {} blocked", summary.blocked) } else { String::new() };
    format!(
        "Plan: {} to create, {} to update, {} to delete{adopt}, {}{blocked}, {} drifted; {} unchanged{unseen}.",
        summary.create,
        summary.update,
        summary.delete,
        counted(summary.manual, "manual step"),
        summary.drift,
        summary.unchanged,
    )
}

/// What to do next: a few words, and a command that can be pasted.
pub(super) fn next(plan: &Plan, refusals: &[Refusal], style: &Style) -> (String, String) {
    let command = |name: &str, flags: &str| command(plan, style, name, flags);
    if let Some(fixed) = refusals.iter().find(|refusal| !refusal.can_be_allowed) {
        return (format!("Once `{}` is settled", fixed.guard), command("plan", ""));
    }
    // A way around a guard that watches over people's access is named in its help, and never ready to paste.
    if refusals.iter().any(|refusal| STATE_GUARDS.contains(&refusal.guard)) {
        return ("Once the above is settled".to_owned(), command("plan", ""));
    }
    if !refusals.is_empty() {
        let mut guards: Vec<_> = refusals.iter().map(|refusal| refusal.guard).collect();
        guards.sort_unstable();
        guards.dedup();
        let flags: Vec<_> = guards.iter().map(|guard| format!("--allow {guard}")).collect();
        return ("If all of this is meant".to_owned(), command("apply", &flags.join(" ")));
    }
    if plan.has_api_changes() {
        return match plan.is_complete() {
            true => ("Next".to_owned(), command("apply", "")),
            false => (
                "Next, if what could not be seen does not matter".to_owned(),
                command("apply", "--allow-incomplete"),
            ),
        };
    }
    if plan.has_manual_steps() {
        return ("Next".to_owned(), command("runbook", ""));
    }
    if !plan.is_settled() || !plan.is_complete() {
        return ("Once the above is settled".to_owned(), command("plan", ""));
    }
    ("Next, to prove that it works".to_owned(), command("verify", ""))
}

/// A command with what this project needs at its end.
pub(super) fn command(plan: &Plan, style: &Style, name: &str, flags: &str) -> String {
    let mut words = vec!["concord", name];
    words.extend([flags, style.arguments.as_str()].into_iter().filter(|part| !part.is_empty()));
    if matches!(plan.environment, Environment::Sandbox(_)) && !style.arguments.contains("--sandbox") {
        words.push("--sandbox");
    }
    words.join(" ")
}
