//! How long a sign-in lasts.

use super::{Context, Rule, edits};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity},
    manifest::sso_profile::DEFAULT_LIFETIME_HOURS,
    yaml::path,
};

pub(super) const RULE: Rule = Rule { codes: &[&SESSION_LIFETIME], check };

const SESSION_LIFETIME: Code = Code {
    id: "session-lifetime",
    severity: Severity::Warning,
    title: "a sign-in lasts too short or too long",
    explanation: "The assertion may end a session (`SessionNotOnOrAfter`). Flex's own tokens live for one hour, so a session of \
        one hour or less ends while people work, again and again: that is an error. Sessions from 8 to 12 hours cover a shift \
        and end before the next one; Twilio recommends 8 to 10.\n\nWrite `session: {lifetimeHours: 10}`, which is also the \
        default.\n\nSource: Twilio, \"Flex SSO configuration\" (SessionNotOnOrAfter, token lifetime 3600 s).",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for profile in context.manifests.sso_profiles.values() {
        let Some(hours) = profile.spec.session.lifetime_hours else { continue };
        let location = profile.at(&path!["spec", "session", "lifetimeHours"]);
        let is_flex = profile.spec.product.is_flex();
        let (severity, message, label) = match hours {
            0 | 1 if is_flex => (
                Severity::Error,
                "Flex needs sessions of more than one hour: its own tokens live that long",
                "not longer than a token of Flex",
            ),
            0..8 => (
                Severity::Warning,
                "people will be signed out in the middle of a shift",
                "shorter than 8 hours",
            ),
            8..=12 => continue,
            _ => (
                Severity::Warning,
                "a session outlives the shift, and whoever finds the browser open is signed in",
                "longer than 12 hours",
            ),
        };
        findings.push(
            Finding::new(&SESSION_LIFETIME, message)
                .severity(severity)
                .at(location.clone(), label)
                .help(format!("write 8 to 12 hours; {DEFAULT_LIFETIME_HOURS} is the default"))
                .with_fix(edits::replacement(&location, &DEFAULT_LIFETIME_HOURS.to_string())),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::edit;
    use crate::{
        diagnostics::Severity,
        manifest::sso_profile::{DEFAULT_LIFETIME_HOURS, Session},
    };

    /// Constant texts cannot name a constant, so this holds them together.
    #[test]
    fn texts_tell_the_default_that_holds() {
        let example =
            format!("`session: {{lifetimeHours: {DEFAULT_LIFETIME_HOURS}}}`, which is also the default");
        let explained = super::SESSION_LIFETIME.explanation.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(explained.contains(&example), "{explained}");
        let schema = schemars::schema_for!(Session).to_value().to_string();
        assert!(schema.contains(&format!("Default {DEFAULT_LIFETIME_HOURS}.")), "{schema}");
    }

    #[test]
    fn a_session_covers_a_shift() {
        for (hours, expected) in [
            ("1", Some(Severity::Error)),
            ("2", Some(Severity::Warning)),
            ("7", Some(Severity::Warning)),
            ("8", None),
            ("12", None),
            ("13", Some(Severity::Warning)),
        ] {
            let line = format!("  testUsers: [test@connie.one]\n  session: {{lifetimeHours: {hours}}}\n");
            let project = edit("  testUsers: [test@connie.one]\n", &line);
            match expected {
                None => project.finds_nothing(),
                Some(severity) => {
                    project.finds(&[("session-lifetime", "session:", hours)]).is_mended();
                    assert_eq!(project.findings()[0].severity, severity, "{hours}");
                }
            }
        }
    }
}
