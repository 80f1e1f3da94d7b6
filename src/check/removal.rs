//! People who are to go.

use super::{
    Context, Rule,
    people::{self, List},
};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity},
    manifest::{
        Resource,
        identity_provider::Vendor,
        user_enablement::{Removal, UserEnablementSpec},
    },
    yaml::path,
};

pub(super) const RULE: Rule = Rule { codes: &[&SELECTED_AND_REMOVED, &REMOVAL_UNDONE], check };

const SELECTED_AND_REMOVED: Code = Code {
    id: "selected-and-removed",
    severity: Severity::Error,
    title: "somebody is to be enabled and removed",
    explanation: "`remove` names people who are to go: their Twilio user is deleted or deactivated. The same person is selected, in the pilot, in a \
        wave or has an override, so the next plan would enable them again. A domain that includes the person is reported too, unless \
        `exclude` takes them out.\n\nRemove the address from one of both places, or add it to `exclude`.\n\nSource: Concord's language.",
};

const REMOVAL_UNDONE: Code = Code {
    id: "removal-undone",
    severity: Severity::Warning,
    title: "people who are deprovisioned can come back by themselves",
    explanation: "`removal: deprovision` deletes the Flex user and its Worker. Flex makes users at their first sign-in, and for Google and other \
        SAML identity providers Concord cannot take the application away from a person: whoever still has it there is made again at the next \
        sign-in.\n\nTake the person out of the application in the identity provider first (the runbook has the step), or write \
        `removal: report`.\n\nSource: Twilio, \"Flex SSO configuration\" (just-in-time users); Google has no public API for SAML apps.",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for enablement in context.manifests.user_enablements.values() {
        contradictions(enablement, findings);
    }
    for profile in context.manifests.sso_profiles.values() {
        let Some(provider) = context.manifests.identity_provider_of(profile) else { continue };
        let vendor = provider.spec.vendor;
        if !profile.spec.product.is_flex() || !matches!(vendor, Vendor::Google | Vendor::Saml) {
            continue;
        }
        for enablement in context.manifests.enablements_of(profile) {
            if enablement.spec.removal != Removal::Deprovision {
                continue;
            }
            findings.push(
                Finding::new(
                    &REMOVAL_UNDONE,
                    format!(
                        "Concord cannot take people out of the application in `{}`, so they can come back",
                        provider.name()
                    ),
                )
                .at(enablement.at(&path!["spec", "removal"]), "undone by the next sign-in")
                .related(provider.at(&path!["spec", "vendor"]), "people are assigned by hand there")
                .help("take people out in the identity provider first, or write `removal: report`"),
            );
        }
    }
}

fn contradictions(enablement: &Resource<UserEnablementSpec>, findings: &mut Findings) {
    let mentions = people::mentions(enablement);
    let named = |list: fn(List) -> bool, identity: &str| {
        mentions.iter().find(|other| list(other.list) && other.identity() == identity)
    };
    for removed in mentions.iter().filter(|mention| mention.list == List::Removed) {
        let identity = removed.identity();
        let wanted = named(
            |list| {
                matches!(
                    list,
                    List::Selected
                        | List::Pilot
                        | List::Wave(_)
                        | List::Role
                        | List::Attribute
                        | List::BreakGlass
                )
            },
            &identity,
        );
        let is_excluded = named(|list| list == List::Excluded, &identity).is_some();
        let (place, label) = if let Some(wanted) = wanted {
            (enablement.at(&wanted.path), format!("named in {}", wanted.list.title()))
        } else if !is_excluded && people::is_selected(&enablement.spec.select, removed.address) == Some(true)
        {
            (enablement.at(&path!["spec", "select", "emailDomains"]), "selected by domain".to_owned())
        } else {
            continue;
        };
        findings.push(
            Finding::new(
                &SELECTED_AND_REMOVED,
                format!("`{}` is to be removed, and enabled too", removed.address),
            )
            .at(enablement.at(&removed.path), "to be removed")
            .related(place, label)
            .help(format!(
                "add `exclude: [{}]` and name the person nowhere else, or take the address out of `remove`",
                removed.address
            )),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::edit;

    #[test]
    fn nobody_is_enabled_and_removed() {
        let with = |lines: &str| {
            edit("  breakGlass: [root@connie.one]\n", &format!("  breakGlass: [root@connie.one]\n{lines}"))
        };
        with("  remove: [old@connie.one]\n").finds(&[("selected-and-removed", "remove:", "old@connie.one")]);
        with("  remove: [Test@connie.one]\n").finds(&[(
            "selected-and-removed",
            "remove:",
            "Test@connie.one",
        )]);
        with("  remove: [old@connie.one]\n  exclude: [old@connie.one]\n").finds_nothing();
        with("  remove: [old@example.com]\n").finds_nothing();
    }

    #[test]
    fn a_removal_lasts_only_where_the_identity_provider_is_written() {
        let deprovision = edit(
            "  breakGlass: [root@connie.one]\n",
            "  breakGlass: [root@connie.one]\n  removal: deprovision\n",
        );
        deprovision.finds_nothing();
        deprovision
            .edit(
                "spec: {vendor: auth0}",
                "spec: {vendor: saml, trust: {metadata: {url: https://idp.example/metadata}}}",
            )
            .edit(", connection: Username-Password-Authentication", "")
            .edit("    - {name: team, from: user.appMetadata.flex.team}\n", "")
            .finds(&[("removal-undone", "removal:", "deprovision")]);
    }
}
