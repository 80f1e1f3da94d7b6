//! What is to be known about Google and Flex together.

use super::{Context, Rule};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity},
    manifest::identity_provider::Vendor,
    yaml::path,
};

pub(super) const RULE: Rule = Rule { codes: &[&GOOGLE_FLEX_INITIATION], check };

const GOOGLE_FLEX_INITIATION: Code = Code {
    id: "google-flex-initiation",
    severity: Severity::Warning,
    title: "Twilio's pages contradict each other about where a sign-in with Google begins",
    explanation: "Twilio's older guide for Google (\"Flex SSO with Google\") says that only a sign-in that begins at Google works; the FAQ of \
        its present page (\"Flex SSO configuration\") says that one which begins at the identity provider works for every vendor except \
        Google Workspace. One of the two is out of date, and Concord cannot tell which.\n\nPrepare both, by `urls: {defaultRedirect: ...}`, \
        which also becomes the app's Start URL: then this is only advice. Try both with the test user, and tell people the one that works: the \
        login link of Flex, or the app in Google's app launcher.\n\nSource: Twilio, \"Flex SSO configuration\", frequently asked questions, and \
        \"Flex SSO with Google\".",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for profile in context.manifests.sso_profiles.values() {
        let provider = context.manifests.identity_provider_of(profile);
        if !profile.spec.product.is_flex() || provider.is_none_or(|it| it.spec.vendor != Vendor::Google) {
            continue;
        }
        let is_prepared = profile.spec.urls.default_redirect.is_some();
        findings.push(
            Finding::new(
                &GOOGLE_FLEX_INITIATION,
                "Twilio's pages contradict each other about whether a sign-in to Flex begins at Google or at Flex",
            )
            .severity(if is_prepared { Severity::Advice } else { Severity::Warning })
            .at(profile.at(&path!["spec", "identityProvider"]), "Google Workspace")
            .help(if is_prepared {
                "try both with the test user, and tell people the one that works"
            } else {
                "prepare both: `urls: {defaultRedirect: https://flex.twilio.com/<runtime domain>}`"
            }),
        );
    }
}
