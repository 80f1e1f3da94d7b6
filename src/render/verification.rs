//! A verification, for people and for programs.

use serde_json::json;

use super::{
    Style,
    ink::{Ink, Tone},
    pseudonym, to_pretty,
};
use crate::{
    apply::{Check, Verdict, Verification},
    diagnostics::visible,
};

/// For a terminal.
pub fn text(verification: &Verification, style: &Style) -> String {
    let mut ink = Ink::new(style.color, style.width);
    ink.line(0, [(Tone::Strong, "Verification")]);
    for check in &verification.checks {
        let (word, tone) = match check.verdict {
            Verdict::Passed => ("ok     ", Tone::Good),
            Verdict::Warning => ("watch  ", Tone::Warn),
            Verdict::Unknown => ("unknown", Tone::Warn),
            Verdict::Failed => ("FAILED ", Tone::Bad),
        };
        ink.line(2, [(tone, word), (Tone::Plain, " "), (Tone::Plain, visible(&check.subject).as_ref())]);
        let message = sentence(check, &verification.project, style.show_users);
        ink.prose(10, (Tone::Plain, ""), Tone::Dim, &message);
        if let Some(help) = &check.help {
            ink.prose(10, (Tone::Info, "help: "), Tone::Plain, &visible(help));
        }
    }
    ink.gap();
    ink.line(0, [(Tone::Strong, closing(verification).as_str())]);
    ink.finish()
}

/// One sentence that a script can match.
fn closing(verification: &Verification) -> String {
    let (passed, warnings) = (verification.count(Verdict::Passed), verification.count(Verdict::Warning));
    let (unknown, failed) = (verification.count(Verdict::Unknown), verification.count(Verdict::Failed));
    if passed + unknown + failed == 0 {
        "Nothing to verify: no profile in the manifests.".to_owned()
    } else if failed == 0 && unknown == 0 {
        format!("Verified: {passed} passed, {warnings} to watch.")
    } else {
        format!("Not verified: {failed} failed, {unknown} unknown, {warnings} to watch, {passed} passed.")
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
