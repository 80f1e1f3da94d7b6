//! `Agreement`: one profile with both its sides lowered into components.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use crate::{
    component::{Address, Component, Field, Instruction, Realm},
    diagnostics::Findings,
    manifest::{
        Manifests, Resource, email_domain::EmailDomainSpec, sso_profile::SsoProfileSpec, tenant::TenantState,
        user_enablement::UserEnablementSpec, vanity_domain::VanityDomainSpec,
    },
    provider::{
        IdentityProvider, IdentityProviderSide, ProfileContext, Rotation, ServiceProvider,
        ServiceProviderSide, registry,
    },
};

/// The path at which every product's components have the identity provider's certificates.
const CERTIFICATES: &str = "certificates";

/// One profile with both its sides.
pub struct Agreement<'a> {
    profile: &'a Resource<SsoProfileSpec>,
    manifests: &'a Manifests,
    enablements: Vec<&'a Resource<UserEnablementSpec>>,
    vanity_domains: Vec<&'a Resource<VanityDomainSpec>>,
    email_domains: Vec<&'a Resource<EmailDomainSpec>>,
    service_provider: &'static dyn ServiceProvider,
    identity_provider: &'static dyn IdentityProvider,
    /// What the service provider's side offers.
    pub service_provider_side: ServiceProviderSide,
    /// What the identity provider's side offers.
    pub identity_provider_side: IdentityProviderSide,
    /// The components of both sides.
    pub components: Vec<Component>,
    /// Where the identity provider's components are: they are read first, because the product's side is looked for by what they
    /// show.
    pub identity_provider_realms: BTreeSet<Realm>,
}

impl<'a> Agreement<'a> {
    /// The profile.
    pub fn profile(&self) -> &'a Resource<SsoProfileSpec> {
        self.profile
    }

    /// The enablements of the profile.
    pub fn enablements(&self) -> &[&'a Resource<UserEnablementSpec>] {
        &self.enablements
    }

    /// The service provider's lowering.
    pub fn service_provider(&self) -> &'static dyn ServiceProvider {
        self.service_provider
    }

    /// The identity provider's lowering.
    pub fn identity_provider(&self) -> &'static dyn IdentityProvider {
        self.identity_provider
    }

    /// The profile with everything that it refers to; `None` only where a reference is broken, which loading refuses.
    pub fn context(&self) -> Option<ProfileContext<'_>> {
        context(self.manifests, self.profile, &self.enablements, &self.vanity_domains, &self.email_domains)
    }
}

/// Lowers every profile of the tenants that should exist. What a side cannot express is a finding; such a profile is left out.
pub fn agreements<'a>(manifests: &'a Manifests, findings: &mut Findings) -> Vec<Agreement<'a>> {
    let mut agreements = Vec::new();
    for profile in manifests.sso_profiles.values() {
        let is_present = manifests
            .tenants
            .get(&profile.tenant)
            .is_some_and(|tenant| tenant.spec.state == TenantState::Present);
        if is_present && let Some(agreement) = agreement(manifests, profile, findings) {
            agreements.push(agreement);
        }
    }
    agreements
}

fn agreement<'a>(
    manifests: &'a Manifests,
    profile: &'a Resource<SsoProfileSpec>,
    findings: &mut Findings,
) -> Option<Agreement<'a>> {
    let enablements: Vec<_> = manifests.enablements_of(profile).collect();
    let vanity_domains: Vec<_> = manifests.vanity_domains_of(profile).collect();
    let email_domains: Vec<_> =
        manifests.email_domains.values().filter(|domain| domain.tenant == profile.tenant).collect();
    let context = context(manifests, profile, &enablements, &vanity_domains, &email_domains)?;
    let service_provider = registry::service_provider(profile.spec.product);
    let identity_provider = registry::identity_provider(context.identity_provider.spec.vendor);
    let service_provider_side = service_provider.offer(&context);
    let identity_provider_side = identity_provider.offer(&context);
    let on_product = service_provider.lower(&context, &identity_provider_side);
    let on_idp = identity_provider.lower(&context, &service_provider_side);
    let (mut components, on_idp) = match (on_product, on_idp) {
        (Ok(on_product), Ok(on_idp)) => (on_product, on_idp),
        (on_product, on_idp) => {
            let errors = on_product.err().into_iter().chain(on_idp.err());
            findings.extend(errors.flat_map(|error| error.0));
            return None;
        }
    };
    let compared = identity_provider.before_trust(&context);
    let entered =
        |component: &&mut Component| component.step.is_some() && component.field(CERTIFICATES).is_some();
    for component in components.iter_mut().filter(entered) {
        component.needs.extend(compared.iter().cloned());
    }
    let identity_provider_realms = on_idp.iter().map(|component| component.realm.clone()).collect();
    components.extend(on_idp);
    if let Some(rotation) = identity_provider.rotation(&context) {
        trust_before_use(&mut components, &rotation, &service_provider_side, &identity_provider_side);
    }
    Some(Agreement {
        profile,
        manifests,
        enablements,
        vanity_domains,
        email_domains,
        service_provider,
        identity_provider,
        service_provider_side,
        identity_provider_side,
        components,
        identity_provider_realms,
    })
}

/// Puts the use of a new signing key behind everything by which the service provider trusts it. The test of the connection is not among
/// that: it comes after the key is used.
fn trust_before_use(
    components: &mut [Component],
    rotation: &Rotation,
    service_provider: &ServiceProviderSide,
    identity_provider: &IdentityProviderSide,
) {
    let offered = identity_provider.certificates.references();
    let sources: BTreeSet<&Address> = offered.into_iter().map(|reference| &reference.from).collect();
    let trusts = |component: &Component| {
        let takes = |field: &Field| field.value.references().iter().any(|it| sources.contains(&it.from));
        !rotation.after_trust.contains(&component.address)
            && !service_provider.gates.contains(&component.address)
            && component.fields.iter().any(takes)
    };
    let trusting: Vec<Address> =
        components.iter().filter(|it| trusts(it)).map(|it| it.address.clone()).collect();
    for component in components {
        if rotation.after_trust.contains(&component.address) {
            component.needs.extend(trusting.iter().cloned());
        } else if trusting.contains(&component.address)
            && let Some(step) = &mut component.step
        {
            // Before the first thing to enter: whoever enters it has read it.
            let first = step.instructions.iter().position(|it| matches!(it, Instruction::Enter { .. }));
            let at = first.unwrap_or(step.instructions.len());
            step.instructions.splice(at..at, rotation.instructions.iter().cloned());
        }
    }
}

fn context<'a>(
    manifests: &'a Manifests,
    profile: &'a Resource<SsoProfileSpec>,
    enablements: &'a [&'a Resource<UserEnablementSpec>],
    vanity_domains: &'a [&'a Resource<VanityDomainSpec>],
    email_domains: &'a [&'a Resource<EmailDomainSpec>],
) -> Option<ProfileContext<'a>> {
    Some(ProfileContext {
        project: &manifests.project.spec.id,
        tenant: manifests.tenants.get(&profile.tenant)?,
        profile,
        identity_provider: manifests.identity_provider_of(profile)?,
        attribute_map: manifests.attribute_map_of(profile),
        enablements,
        vanity_domains,
        email_domains,
    })
}

/// All components of several agreements; a component that several profiles share (an identity provider's keys) once.
pub(crate) fn merge(components: impl IntoIterator<Item = Component>) -> Vec<Component> {
    let mut merged: BTreeMap<Address, Component> = BTreeMap::new();
    for component in components {
        match merged.entry(component.address.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(component);
            }
            Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                for need in component.needs {
                    if !known.needs.contains(&need) {
                        known.needs.push(need);
                    }
                }
            }
        }
    }
    merged.into_values().collect()
}
