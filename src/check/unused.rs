//! Tenants and identity providers that nothing uses.

use super::{Context, Rule};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity},
    manifest::{Manifests, Name, tenant::TenantState},
};

pub(super) const RULE: Rule = Rule { codes: &[&UNUSED_RESOURCE], check };

const UNUSED_RESOURCE: Code = Code {
    id: "unused-resource",
    severity: Severity::Advice,
    title: "nothing uses a tenant or an identity provider",
    explanation: "An `IdentityProvider` is used by the profiles that name it, a `Tenant` by the resources that belong to it. One that nothing \
        uses is a leftover, or the name in the profile is another one.\n\nRemove it, or name it where it belongs. To retire a tenant that \
        still owns objects, write `state: absent` first: what it owns is then planned for deletion.\n\nSource: Concord's language.",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    let manifests = context.manifests;
    for provider in manifests.identity_providers.values() {
        let is_used = manifests.sso_profiles.values().any(|profile| {
            profile.tenant == provider.tenant && profile.spec.identity_provider == *provider.name()
        });
        if !is_used {
            findings.push(
                Finding::new(
                    &UNUSED_RESOURCE,
                    format!("no profile uses identity provider `{}`", provider.name()),
                )
                .at(provider.origin(), "unused")
                .help(format!("remove it, or write `identityProvider: {}` in a profile", provider.name())),
            );
        }
    }
    for tenant in manifests.tenants.values() {
        // A tenant that is being retired has nothing of its own left on purpose.
        if tenant.spec.state == TenantState::Present && !has_resources(manifests, tenant.name()) {
            findings.push(
                Finding::new(&UNUSED_RESOURCE, format!("nothing belongs to tenant `{}`", tenant.name()))
                    .at(tenant.origin(), "unused")
                    .help("remove it, or write `state: absent` where it still owns objects"),
            );
        }
    }
}

fn has_resources(manifests: &Manifests, tenant: &Name) -> bool {
    let Manifests {
        project: _,
        tenants: _,
        identity_providers,
        sso_profiles,
        attribute_maps,
        shared_attribute_maps: _,
        vanity_domains,
        email_domains,
        user_enablements,
        attestations,
    } = manifests;
    identity_providers.keys().any(|(its, _)| its == tenant)
        || sso_profiles.keys().any(|(its, _)| its == tenant)
        || attribute_maps.keys().any(|(its, _)| its == tenant)
        || vanity_domains.keys().any(|(its, _)| its == tenant)
        || email_domains.keys().any(|(its, _)| its == tenant)
        || user_enablements.keys().any(|(its, _)| its == tenant)
        || attestations.keys().any(|(its, _)| its == tenant)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{BASE, append};

    #[test]
    fn what_nothing_uses_is_named() {
        append("kind: IdentityProvider\nmetadata: {name: okta}\nspec: {vendor: okta}").finds(&[(
            "unused-resource",
            "metadata: {name: okta}",
            "okta",
        )]);
    }

    #[test]
    fn a_tenant_without_resources_is_named_unless_it_is_being_retired() {
        let mut project = append("kind: Tenant\nmetadata: {name: old}\nspec: {}");
        for name in ["auth0-nss", "flex-agents", "flex", "nss-agents"] {
            project = project.edit(
                &format!("metadata: {{name: {name}}}"),
                &format!("metadata: {{name: {name}, tenant: nss}}"),
            );
        }
        project = project.edit(
            "kind: VanityDomain\nmetadata: {name: nss}",
            "kind: VanityDomain\nmetadata: {name: nss, tenant: nss}",
        );
        let line = BASE.lines().count() + 4;
        assert_eq!(project.codes(), [("unused-resource", line)]);
        project.edit("spec: {}", "spec: {state: absent}").finds_nothing();
    }
}
