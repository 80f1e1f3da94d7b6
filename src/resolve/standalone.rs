//! Resources that stand beside the profiles: an organization's e-mail domains, and the hostnames that lead to a profile.

use super::Agreement;
use crate::{
    component::Component,
    diagnostics::Findings,
    manifest::{Manifests, tenant::TenantState},
    provider::registry,
};

/// Lowers the resources of the tenants that should exist. What cannot be expressed is a finding.
pub fn standalone(
    manifests: &Manifests,
    agreements: &[Agreement<'_>],
    findings: &mut Findings,
) -> Vec<Component> {
    let mut components = Vec::new();
    let mut take = |lowered: Result<Vec<Component>, crate::provider::LowerError>| match lowered {
        Ok(lowered) => components.extend(lowered),
        Err(error) => findings.extend(error.0),
    };
    for domain in manifests.email_domains.values() {
        let tenant = manifests.tenants.get(&domain.tenant);
        if let Some(tenant) = tenant.filter(|tenant| tenant.spec.state == TenantState::Present) {
            take(registry::email_domain(&manifests.project.spec.id, tenant, domain));
        }
    }
    for agreement in agreements {
        let Some(context) = agreement.context() else { continue };
        let policy = manifests.policy(context.tenant);
        for domain in context.vanity_domains {
            take(registry::vanity_domain(&context, &policy, domain));
        }
    }
    components
}
