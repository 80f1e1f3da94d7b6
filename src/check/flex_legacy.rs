//! Flex's older SSO, which has ended.

use jiff::Timestamp;

use super::{Context, Rule};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity},
    manifest::sso_profile::Product,
    yaml::path,
};

pub(super) const RULE: Rule = Rule { codes: &[&FLEX_LEGACY_ENDED], check };

const FLEX_LEGACY_ENDED: Code = Code {
    id: "flex-legacy-ended",
    severity: Severity::Warning,
    title: "Flex's legacy SSO ended on 2026-03-31",
    explanation: "Flex SSO that was set up before 2024-01-29, or for Flex UI 2.4 and older, is the legacy kind. It had to be \
        migrated to the enhanced kind before 2026-03-31: since then sign-in through it is not to be relied on.\n\nWith `product: \
        flex-legacy`, Concord plans the migration: in the Twilio Console it gives the profile an ID of its own (`JQ...`), and with it \
        a new entity ID (`urn:flex:JQ...`) and a new assertion consumer URL, which the identity provider's application gets; the \
        legacy values are kept for 30 days to switch back. `oauth` is added to a self-hosted `appConfig.js` only \
        afterwards. Once it is tested, change the profile's product to `flex`.\n\nSource: Twilio, \"Flex SSO configuration: migration guide\".",
};

/// 2026-03-31T00:00:00Z.
const END: i64 = 1_774_915_200;

fn check(context: &Context<'_>, findings: &mut Findings) {
    for profile in context.manifests.sso_profiles.values() {
        if profile.spec.product != Product::FlexLegacy {
            continue;
        }
        findings.push(
            Finding::new(&FLEX_LEGACY_ENDED, when(context.now))
                .at(profile.at(&path!["spec", "product"]), "legacy SSO")
                .help(
                    "`concord runbook` has the steps of the migration; once it is tested, write `product: flex` and its `connection: \
                     JQ...`",
                ),
        );
    }
}

fn when(now: Timestamp) -> String {
    let left = END - now.as_second();
    if left <= 0 {
        return "Flex's legacy SSO ended on 2026-03-31: it has to be migrated".to_owned();
    }
    // The day that has begun counts as one that is left.
    let days = (left + 86_399) / 86_400;
    let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
    format!("Flex's legacy SSO ends on 2026-03-31, in {days}: it has to be migrated")
}

#[cfg(test)]
mod tests {
    use super::super::testing::edit;
    use super::END;
    use crate::diagnostics::Severity;

    #[test]
    fn legacy_sso_is_warned_about_and_dated() {
        assert_eq!(jiff::Timestamp::from_second(END).unwrap().to_string(), "2026-03-31T00:00:00Z");
        let project = edit("product: flex\n", "product: flex-legacy\n");
        for (now, part) in [
            ("2026-03-30T23:00:00Z", "in 1 day"),
            ("2026-01-01T00:00:00Z", "in 89 days"),
            ("2026-03-31T00:00:00Z", "ended"),
        ] {
            let findings = project.clone().at(now).findings();
            let finding = findings.iter().find(|finding| finding.code.id == "flex-legacy-ended").unwrap();
            assert_eq!(finding.severity, Severity::Warning, "{now}");
            assert!(finding.message.contains(part), "{}", finding.message);
            assert_eq!(finding.location().unwrap().text(), "flex-legacy");
        }
    }
}
