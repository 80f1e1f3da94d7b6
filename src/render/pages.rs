//! Small pages: an explained code, the list of codes, what `validate` says when all is well.

use unicode_width::UnicodeWidthStr;

use crate::{
    apply::Outcome,
    diagnostics::{Code, Counts, Severity, visible, visible_block},
    manifest::{Manifests, user_enablement::Stage},
};

/// One sentence about an apply, in a form that scripts can match.
pub(super) fn closing_counts(outcome: &Outcome) -> String {
    format!(
        "Applied: {} done, {} failed, {} waiting for manual steps, {} not begun.",
        outcome.done(),
        outcome.failed(),
        outcome.waiting(),
        outcome.not_started(),
    )
}

/// A code explained.
pub fn explanation(code: &Code, width: usize) -> String {
    let severity = match code.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "advice",
    };
    wrapped(&format!("{} ({severity}): {}\n\n{}\n", code.id, code.title, code.explanation), width)
}

/// What the people of one enablement are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// The enablement's address.
    pub enablement: String,
    /// The profile's friendly name.
    pub profile: String,
    /// How far the roll-out has come.
    pub stage: Stage,
    /// The text, as it may be sent.
    pub text: String,
}

/// Announcements, one after another: a line that says for whom, then the text on lines of its own, unwrapped, so that it can be pasted.
pub fn announcements(all: &[Announcement]) -> String {
    let mut out = String::new();
    for Announcement { enablement, profile, stage, text } in all {
        let gap = if out.is_empty() { "" } else { "\n" };
        out.push_str(&format!(
            "{gap}# {}: stage {} of `{}`\n\n{}\n",
            visible(enablement),
            stage.as_str(),
            visible(profile),
            visible_block(text.trim_end())
        ));
    }
    if out.is_empty() {
        out.push_str("No enablement says who is concerned.\n");
    }
    out
}

/// A guard explained.
pub fn guard_explanation(name: &str, watches: &str, width: usize) -> String {
    let text = format!(
        "{name} (guard): refuses a plan that {watches}\n\nA guard ends `apply` with exit code 4 before anything is written. Read what \
         the refusal names; if all of it is meant, `--allow {name}` overrides this guard for one run.\n"
    );
    wrapped(&text, width)
}

/// Text with lines that are no wider than this, unless a single word is. Line breaks and indents stay.
fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        let mut at = 0;
        for word in line.split_whitespace() {
            let columns = word.width();
            if at == 0 {
                out.push_str(&indent);
                at = indent.len();
            } else if at + 1 + columns > width {
                out.push('\n');
                out.push_str(&indent);
                at = indent.len();
            } else {
                out.push(' ');
                at += 1;
            }
            out.push_str(word);
            at += columns;
        }
        out.push('\n');
    }
    out
}

/// Every code, a line each.
pub fn code_list(codes: &[&Code], guards: &[(&str, &str)]) -> String {
    let width = codes.iter().map(|code| code.id.len()).chain(guards.iter().map(|(name, _)| name.len())).max();
    let width = width.unwrap_or(0);
    let mut out = String::new();
    for code in codes {
        out.push_str(&format!("{:<width$}  {}\n", code.id, code.title));
    }
    out.push_str("\nGuards, overridden with `apply --allow NAME`:\n");
    for (name, watches) in guards {
        out.push_str(&format!("{name:<width$}  {watches}\n"));
    }
    out
}

/// What `validate` says when the manifests can be used.
pub fn validated(manifests: &Manifests, counts: Counts) -> String {
    let kinds = [
        (manifests.tenants.len(), "tenant"),
        (manifests.identity_providers.len(), "identity provider"),
        (manifests.sso_profiles.len(), "SSO profile"),
        (manifests.attribute_maps.len() + manifests.shared_attribute_maps.len(), "attribute map"),
        (manifests.vanity_domains.len(), "vanity domain"),
        (manifests.email_domains.len(), "e-mail domain"),
        (manifests.user_enablements.len(), "user enablement"),
        (manifests.attestations.len(), "attestation"),
    ];
    let present: Vec<_> = kinds
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| super::counted(*count, noun))
        .collect();
    let found = match (counts.warnings, counts.advice) {
        (0, 0) => "nothing to complain about".to_owned(),
        (warnings, 0) => super::counted(warnings, "warning"),
        (0, advice) => format!("{advice} of advice"),
        (warnings, advice) => format!("{}, {advice} of advice", super::counted(warnings, "warning")),
    };
    format!("Valid: {}; {found}.\n", present.join(", "))
}
