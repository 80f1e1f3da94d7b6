//! Certificates that end soon: said by every plan, because nobody notices before people can no longer sign in.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    manifest::Manifests,
    plan::{Plan, Warning, guard::certificates_in},
    resolve,
};

/// A warning for each certificate that a component of the plan gives to others and that ends within the policy's days.
pub(super) fn warnings(plan: &Plan, manifests: &Manifests, now: Timestamp) -> Vec<Warning> {
    let mut seen = BTreeSet::new();
    let mut warnings = Vec::new();
    for (address, outputs) in &plan.outputs {
        let Some(tenant) = manifests.tenants.get(&address.tenant) else { continue };
        let warn_days = manifests.policy(tenant).certificate_warn_days();
        for certificate in outputs.values().flat_map(certificates_in) {
            let left = certificate.days_left(now);
            if left >= warn_days || !seen.insert(certificate.sha256_fingerprint().to_owned()) {
                continue;
            }
            let component = plan.desired.get(address);
            let title = component.map_or_else(|| address.to_string(), |component| component.title.clone());
            let ends = certificate.not_after().strftime("%Y-%m-%d");
            let when =
                if left < 0 { format!("ended on {ends}") } else { format!("ends in {left} days, on {ends}") };
            warnings.push(Warning {
                code: resolve::CERTIFICATE_ENDS.id,
                message: format!(
                    "the certificate that {title} signs with {when} ({}, {})",
                    certificate.subject(),
                    certificate.sha256_fingerprint()
                )
                .replace("{}", "{ }"),
                people: Vec::new(),
                location: component.map(|component| component.origin.clone()),
                help: Some(format!(
                    "`concord explain {}` says how it is renewed",
                    resolve::CERTIFICATE_ENDS.id
                )),
            });
        }
    }
    warnings
}
