//! A verification, for people and for programs.

use serde_json::json;

use super::{Style, pseudonym, to_pretty};
use crate::{
    apply::{Check, Verdict, Verification},
    diagnostics::visible,
};

/// For a terminal.
pub fn text(verification: &Verification, style: &Style) -> String {
    let mut out = String::from("Verification\n");
    for check in &verification.checks {
        let (symbol, color) = match check.verdict {
            Verdict::Passed => ("ok", anstyle::AnsiColor::Green),
            Verdict::Warning => ("warn", anstyle::AnsiColor::Yellow),
            Verdict::Unknown => ("unknown", anstyle::AnsiColor::Yellow),
            Verdict::Failed => ("FAILED", anstyle::AnsiColor::Red),
        };
        let symbol = format!("{symbol:<7}");
        let symbol = if style.color {
            let color = color.on_default();
            format!("{color}{symbol}{color:#}")
        } else {
            symbol
        };
        out.push_str(&format!("  {symbol} {}\n", visible(&check.subject)));
        let message = sentence(check, &verification.project, style.show_users);
        for line in super::wrap(&message, style.width.max(40) - 10) {
            out.push_str(&format!("          {line}\n"));
        }
        if let Some(help) = &check.help {
            for line in super::wrap(&format!("help: {help}"), style.width.max(40) - 10) {
                out.push_str(&format!("          {line}\n"));
            }
        }
    }
    out.push('\n');
    out.push_str(&closing(verification));
    out
}

/// One sentence that a script can match.
fn closing(verification: &Verification) -> String {
    let (passed, warnings) = (verification.count(Verdict::Passed), verification.count(Verdict::Warning));
    let (unknown, failed) = (verification.count(Verdict::Unknown), verification.count(Verdict::Failed));
    if failed == 0 && unknown == 0 {
        format!("Verified: {passed} passed, {warnings} to watch.\n")
    } else {
        format!("Not verified: {failed} failed, {unknown} unknown, {warnings} to watch, {passed} passed.\n")
    }
}

fn sentence(check: &Check, project: &str, show_users: bool) -> String {
    let mut text = check.message.clone();
    for person in &check.people {
        let name = if show_users { visible(person).into_owned() } else { pseudonym(project, person) };
        text = text.replacen("{}", &name, 1);
    }
    visible(&text).into_owned()
}

/// For programs.
pub fn json(verification: &Verification) -> String {
    let checks: Vec<_> = verification
        .checks
        .iter()
        .map(|check| {
            json!({
                "subject": check.subject,
                "verdict": match check.verdict {
                    Verdict::Passed => "passed",
                    Verdict::Warning => "warning",
                    Verdict::Unknown => "unknown",
                    Verdict::Failed => "failed",
                },
                "message": sentence(check, &verification.project, true),
                "help": check.help,
            })
        })
        .collect();
    to_pretty(&json!({"formatVersion": 1, "checks": checks}))
}
