//! References between resources: that each names something that exists, and that former names are free.

use std::collections::BTreeMap;

use super::{
    Kind, Name, codes,
    manifests::{Declared, Manifests},
    resource::Resource,
};
use crate::{
    diagnostics::{Finding, Findings, suggest},
    yaml::{Path, path},
};

pub(super) fn check(manifests: &Manifests, declared: &Declared, findings: &mut Findings) {
    let mut checker = Checker { declared, findings };
    for profile in manifests.sso_profiles.values() {
        let spec = &profile.spec;
        checker.reference(
            profile,
            Kind::IdentityProvider,
            &spec.identity_provider,
            &path!["spec", "identityProvider"],
        );
        if let Some(map) = &spec.attribute_map {
            checker.reference(profile, Kind::AttributeMap, map, &path!["spec", "attributeMap"]);
        }
        for (at, domain) in spec.enforcement.domains.iter().enumerate() {
            let path = path!["spec", "enforcement", "domains", at];
            checker.reference(profile, Kind::EmailDomain, domain, &path);
        }
    }
    for domain in manifests.vanity_domains.values() {
        checker.reference(domain, Kind::SsoProfile, &domain.spec.profile, &path!["spec", "profile"]);
    }
    for enablement in manifests.user_enablements.values() {
        checker.reference(enablement, Kind::SsoProfile, &enablement.spec.profile, &path!["spec", "profile"]);
    }
    let Manifests {
        project: _,
        tenants,
        identity_providers,
        sso_profiles,
        attribute_maps,
        shared_attribute_maps,
        vanity_domains,
        email_domains,
        user_enablements,
        attestations,
    } = manifests;
    checker.former_names(tenants.values());
    checker.former_names(identity_providers.values());
    checker.former_names(sso_profiles.values());
    checker.former_names(attribute_maps.values());
    checker.former_names(shared_attribute_maps.values());
    checker.former_names(vanity_domains.values());
    checker.former_names(email_domains.values());
    checker.former_names(user_enablements.values());
    checker.former_names(attestations.values());
}

struct Checker<'a> {
    declared: &'a Declared,
    findings: &'a mut Findings,
}

impl Checker<'_> {
    fn reference<T>(&mut self, from: &Resource<T>, kind: Kind, name: &Name, path: &Path) {
        // That there is no such tenant was said already.
        if self.declared.contains(kind, &from.tenant, name) || !self.declared.has_tenant(&from.tenant) {
            return;
        }
        let location = from.at(path);
        let finding = Finding::new(
            &codes::UNKNOWN_REFERENCE,
            format!("there is no {kind} named `{name}` in tenant `{}`", from.tenant),
        )
        .at(location.clone(), "not found");
        let elsewhere = self.declared.tenants_with(kind, name);
        let known = self.declared.names_of(kind, &from.tenant);
        let finding = if let Some(near) = suggest(name.as_str(), known.iter().copied()) {
            finding.help(format!("did you mean `{near}`?")).fix(
                format!("change the reference to `{near}`"),
                location,
                near,
            )
        } else if !elsewhere.is_empty() {
            finding.help(format!(
                "tenant `{}` has one, but references stay inside a tenant",
                elsewhere.iter().map(|tenant| tenant.as_str()).collect::<Vec<_>>().join("`, `")
            ))
        } else {
            finding.help(list_names("the tenant has", &known))
        };
        self.findings.push(finding);
    }

    fn former_names<'a, T: 'a>(&mut self, resources: impl Iterator<Item = &'a Resource<T>>) {
        let mut claimed: BTreeMap<(&Name, &Name), &Resource<T>> = BTreeMap::new();
        for resource in resources {
            let Some(former) = &resource.metadata.formerly else { continue };
            let path = path!["metadata", "formerly"];
            let here = resource.at(&path);
            if former == resource.name() {
                self.findings.push(
                    Finding::new(&codes::FORMERLY_SELF, format!("`{former}` is the present name"))
                        .at(here, "same as `name`")
                        .help("remove `formerly`"),
                );
            } else if self.declared.contains(resource.kind, &resource.tenant, former) {
                self.findings.push(
                    Finding::new(
                        &codes::FORMERLY_EXISTS,
                        format!("{} `{former}` still exists", resource.kind),
                    )
                    .at(here, "both would claim the same objects")
                    .help("remove the other resource, or remove `formerly`"),
                );
            } else if let Some(first) = claimed.insert((&resource.tenant, former), resource) {
                self.findings.push(
                    Finding::new(
                        &codes::FORMERLY_TWICE,
                        format!("{} `{}` was formerly `{former}` too", resource.kind, first.name()),
                    )
                    .at(here, "claimed again here")
                    .related(first.at(&path), "first claimed here")
                    .help("only one resource can be the renamed one"),
                );
            }
        }
    }
}

/// "the tenant has `a`, `b` and `c`", or that it has none.
pub(super) fn list_names<N: AsRef<str>>(what: &str, names: &[N]) -> String {
    match names {
        [] => format!("{what} none"),
        [only] => format!("{what} `{}`", only.as_ref()),
        [others @ .., last] => {
            let others: Vec<_> = others.iter().map(AsRef::as_ref).collect();
            format!("{what} `{}` and `{}`", others.join("`, `"), last.as_ref())
        }
    }
}
