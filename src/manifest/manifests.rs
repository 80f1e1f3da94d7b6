//! `Manifests`: every resource of a project by kind, tenant and name. Owns how documents become resources and how a
//! resource is found; what references mean is in [`super::references`].

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::de::DeserializeOwned;

use super::{
    Kind, Name,
    attestation::AttestationSpec,
    attribute_map::AttributeMapSpec,
    codes,
    email_domain::EmailDomainSpec,
    identity_provider::IdentityProviderSpec,
    project::ProjectSpec,
    references,
    resource::{Document, Envelope, Resource},
    sso_profile::SsoProfileSpec,
    tenant::TenantSpec,
    user_enablement::UserEnablementSpec,
    vanity_domain::VanityDomainSpec,
};
use crate::{
    diagnostics::{Finding, Findings, Location, suggest},
    yaml::{self, path},
};

/// Tenant and name.
pub type Key = (Name, Name);

/// Resources of one kind.
pub type Resources<T> = BTreeMap<Key, Resource<T>>;

/// Every resource of a project.
#[derive(Debug)]
pub struct Manifests {
    /// The project.
    pub project: Resource<ProjectSpec>,
    /// The tenants.
    pub tenants: BTreeMap<Name, Resource<TenantSpec>>,
    /// The identity providers.
    pub identity_providers: Resources<IdentityProviderSpec>,
    /// The SSO profiles.
    pub sso_profiles: Resources<SsoProfileSpec>,
    /// The attribute maps that belong to a tenant.
    pub attribute_maps: Resources<AttributeMapSpec>,
    /// The attribute maps that serve every tenant.
    pub shared_attribute_maps: BTreeMap<Name, Resource<AttributeMapSpec>>,
    /// The vanity domains.
    pub vanity_domains: Resources<VanityDomainSpec>,
    /// The e-mail domains.
    pub email_domains: Resources<EmailDomainSpec>,
    /// The user enablements.
    pub user_enablements: Resources<UserEnablementSpec>,
    /// The attestations.
    pub attestations: Resources<AttestationSpec>,
}

impl Manifests {
    /// The attribute map that a resource of a tenant means by a name: the tenant's own, or one that serves every tenant.
    pub fn attribute_map(&self, tenant: &Name, name: &Name) -> Option<&Resource<AttributeMapSpec>> {
        self.attribute_maps
            .get(&(tenant.clone(), name.clone()))
            .or_else(|| self.shared_attribute_maps.get(name))
    }

    /// The identity provider that a profile means.
    pub fn identity_provider_of(
        &self,
        profile: &Resource<SsoProfileSpec>,
    ) -> Option<&Resource<IdentityProviderSpec>> {
        self.identity_providers.get(&(profile.tenant.clone(), profile.spec.identity_provider.clone()))
    }

    /// The attribute map that a profile means.
    pub fn attribute_map_of(
        &self,
        profile: &Resource<SsoProfileSpec>,
    ) -> Option<&Resource<AttributeMapSpec>> {
        self.attribute_map(&profile.tenant, profile.spec.attribute_map.as_ref()?)
    }

    /// The enablements of a profile.
    pub fn enablements_of<'a>(
        &'a self,
        profile: &'a Resource<SsoProfileSpec>,
    ) -> impl Iterator<Item = &'a Resource<UserEnablementSpec>> {
        self.user_enablements.values().filter(move |enablement| {
            enablement.tenant == profile.tenant && enablement.spec.profile == *profile.name()
        })
    }

    /// The vanity domains that lead to a profile.
    pub fn vanity_domains_of<'a>(
        &'a self,
        profile: &'a Resource<SsoProfileSpec>,
    ) -> impl Iterator<Item = &'a Resource<VanityDomainSpec>> {
        self.vanity_domains
            .values()
            .filter(move |domain| domain.tenant == profile.tenant && domain.spec.profile == *profile.name())
    }

    /// The policy that holds in a tenant: its own, and the project's where it says nothing.
    pub fn policy(&self, tenant: &Resource<TenantSpec>) -> super::policy::Policy {
        tenant.spec.policy.or(&self.project.spec.policy)
    }

    /// Reads documents into resources and follows their references. Everything wrong is found at once; there are manifests
    /// exactly if there was no error.
    pub fn from_documents(documents: Vec<Arc<Document>>, findings: &mut Findings) -> Option<Self> {
        let mut found = Findings::new();
        let mut loader = Loader::default();
        // Tenants first: which tenant a resource belongs to may depend on how many there are.
        let kinds: Vec<(Kind, Arc<Document>)> = documents
            .into_iter()
            .filter_map(|document| match kind_of(&document, &mut found) {
                Some(kind) => Some((kind, document)),
                None => {
                    loader.is_tenant_unclear = true;
                    loader.declared.of_unknown_kind.extend(name_of(&document));
                    None
                }
            })
            .collect();
        for (kind, document) in kinds.iter().filter(|(kind, _)| !kind.is_tenanted()) {
            loader.read(*kind, document, &mut found);
        }
        for (kind, document) in kinds.iter().filter(|(kind, _)| kind.is_tenanted()) {
            loader.read(*kind, document, &mut found);
        }
        let manifests = loader.finish(&mut found);
        if let Some(manifests) = &manifests {
            references::check(manifests, &loader.declared, &mut found);
        }
        let failed = found.has_errors();
        findings.extend(found.into_vec());
        if failed { None } else { manifests }
    }
}

/// The names of resources whose documents were seen, whether or not they could be decoded: a reference to a broken document is
/// no second error.
#[derive(Debug, Default)]
pub(super) struct Declared {
    names: BTreeMap<(Kind, Option<Name>, Name), Location>,
    /// Names in documents whose kind is missing or unknown: each may be what a reference means.
    of_unknown_kind: BTreeSet<Name>,
}

impl Declared {
    pub(super) fn contains(&self, kind: Kind, tenant: &Name, name: &Name) -> bool {
        self.names.contains_key(&(kind, Some(tenant.clone()), name.clone()))
            || self.names.contains_key(&(kind, None, name.clone()))
            || self.of_unknown_kind.contains(name)
    }

    pub(super) fn has_tenant(&self, tenant: &Name) -> bool {
        self.contains(Kind::Tenant, tenant, tenant)
    }

    pub(super) fn names_of(&self, kind: Kind, tenant: &Name) -> Vec<&str> {
        self.names
            .keys()
            .filter(|(its_kind, its_tenant, _)| {
                *its_kind == kind && its_tenant.as_ref().is_none_or(|its_tenant| its_tenant == tenant)
            })
            .map(|(_, _, name)| name.as_str())
            .collect()
    }

    pub(super) fn tenants_with(&self, kind: Kind, name: &Name) -> Vec<&Name> {
        self.names
            .keys()
            .filter(|(its_kind, _, its_name)| *its_kind == kind && its_name == name)
            .filter_map(|(_, tenant, _)| tenant.as_ref())
            .collect()
    }
}

#[derive(Default)]
struct Loader {
    declared: Declared,
    tenant_names: Vec<Name>,
    /// A document may be a tenant whose name is not known: nothing can be said about who is missing.
    is_tenant_unclear: bool,
    is_lack_of_tenants_said: bool,
    project: Option<Resource<ProjectSpec>>,
    project_was_seen: Option<Location>,
    tenants: BTreeMap<Name, Resource<TenantSpec>>,
    identity_providers: Resources<IdentityProviderSpec>,
    sso_profiles: Resources<SsoProfileSpec>,
    attribute_maps: Resources<AttributeMapSpec>,
    shared_attribute_maps: BTreeMap<Name, Resource<AttributeMapSpec>>,
    vanity_domains: Resources<VanityDomainSpec>,
    email_domains: Resources<EmailDomainSpec>,
    user_enablements: Resources<UserEnablementSpec>,
    attestations: Resources<AttestationSpec>,
}

impl Loader {
    fn read(&mut self, kind: Kind, document: &Arc<Document>, findings: &mut Findings) {
        let Some(tenant) = self.declare(kind, document, findings) else { return };
        match kind {
            Kind::Project => {
                if let Some(resource) = decode::<ProjectSpec>(kind, tenant, document, findings) {
                    check_project_id(&resource, findings);
                    self.project = Some(resource);
                }
            }
            Kind::Tenant => {
                if let Some(resource) = decode(kind, tenant, document, findings) {
                    self.tenants.insert(resource.tenant.clone(), resource);
                }
            }
            Kind::AttributeMap => {
                let is_shared = tenant.is_none();
                if let Some(resource) = decode(kind, tenant, document, findings) {
                    if is_shared {
                        self.shared_attribute_maps.insert(resource.metadata.name.clone(), resource);
                    } else {
                        insert(&mut self.attribute_maps, resource);
                    }
                }
            }
            Kind::IdentityProvider => {
                keep(&mut self.identity_providers, decode(kind, tenant, document, findings));
            }
            Kind::SsoProfile => keep(&mut self.sso_profiles, decode(kind, tenant, document, findings)),
            Kind::VanityDomain => keep(&mut self.vanity_domains, decode(kind, tenant, document, findings)),
            Kind::EmailDomain => keep(&mut self.email_domains, decode(kind, tenant, document, findings)),
            Kind::UserEnablement => {
                keep(&mut self.user_enablements, decode(kind, tenant, document, findings))
            }
            Kind::Attestation => keep(&mut self.attestations, decode(kind, tenant, document, findings)),
        }
    }

    /// Notes the document's name and finds its tenant. The outer `None`: the document cannot be placed, which was reported
    /// (or decoding will report it); the inner one: it belongs to no single tenant.
    fn declare(
        &mut self,
        kind: Kind,
        document: &Arc<Document>,
        findings: &mut Findings,
    ) -> Option<Option<Name>> {
        let name_path = path!["metadata", "name"];
        let tenant_path = path!["metadata", "tenant"];
        let text_at = |path| document.root.get(path).and_then(yaml::Node::text);
        let name = name_of(document);
        let given: Option<Name> = text_at(&tenant_path).and_then(|text| text.parse().ok());

        if !kind.is_tenanted() && text_at(&tenant_path).is_some() {
            findings.push(
                Finding::new(&codes::TENANT_UNEXPECTED, format!("a {kind} belongs to no tenant"))
                    .at(document.key_at(&tenant_path), "remove this"),
            );
        }
        if kind == Kind::Project {
            let here = document.at(&path!["kind"]);
            if let Some(first) = &self.project_was_seen {
                findings.push(
                    Finding::new(&codes::PROJECT_TWICE, "there is a second Project document")
                        .at(here, "this is the second")
                        .related(first.clone(), "this is the first")
                        .help("keep one; a project is one folder with one Project document"),
                );
                return None;
            }
            self.project_was_seen = Some(here);
        }
        let Some(name) = name else {
            self.is_tenant_unclear |= kind == Kind::Tenant;
            // Decoding says what is wrong with the name.
            return Some(given.or_else(|| self.tenant_names.first().cloned()));
        };
        let tenant = match kind {
            Kind::Project => None,
            Kind::Tenant => {
                self.tenant_names.push(name.clone());
                Some(name.clone())
            }
            _ => match (given, self.tenant_names.as_slice()) {
                (Some(given), known) => {
                    if !known.contains(&given) && !self.is_tenant_unclear {
                        let near = suggest(given.as_str(), known.iter().map(Name::as_str));
                        let finding = Finding::new(
                            &codes::UNKNOWN_REFERENCE,
                            format!("there is no Tenant named `{given}`"),
                        )
                        .at(document.at(&tenant_path), "not found");
                        findings.push(match near {
                            Some(near) => finding.help(format!("did you mean `{near}`?")),
                            None => finding.help(references::list_names("the project has", known)),
                        });
                    }
                    Some(given)
                }
                (None, [only]) => Some(only.clone()),
                (None, _) if kind == Kind::AttributeMap => None,
                (None, _) if self.is_tenant_unclear => None,
                (None, []) => {
                    if !std::mem::replace(&mut self.is_lack_of_tenants_said, true) {
                        findings.push(
                            Finding::new(
                                &codes::TENANT_MISSING,
                                "there is no Tenant document in this folder",
                            )
                            .at(document.at(&path!["kind"]), "every one belongs to a tenant")
                            .help("write a document with `kind: Tenant`; `concord init` shows one"),
                        );
                    }
                    None
                }
                (None, known) => {
                    findings.push(
                        Finding::new(
                            &codes::TENANT_MISSING,
                            format!("{kind} `{name}` does not say which tenant it belongs to"),
                        )
                        .at(document.key_at(&path!["metadata"]), "add `tenant:` here")
                        .help(references::list_names("the project has", known)),
                    );
                    None
                }
            },
        };
        let here = document.at(&name_path);
        let key = (kind, tenant.clone(), name.clone());
        if let Some(first) = self.declared.names.get(&key) {
            let place = match &tenant {
                Some(tenant) if kind.is_tenanted() => format!(" in tenant `{tenant}`"),
                _ => String::new(),
            };
            findings.push(
                Finding::new(
                    &codes::DUPLICATE_RESOURCE,
                    format!("{kind} `{name}` is described twice{place}"),
                )
                .at(here, "described again here")
                .related(first.clone(), "first described here")
                .help("rename one of them, or remove it"),
            );
        } else {
            self.declared.names.insert(key, here);
        }
        Some(tenant)
    }

    fn finish(&mut self, findings: &mut Findings) -> Option<Manifests> {
        if self.project_was_seen.is_none() {
            findings.push(
                Finding::new(&codes::PROJECT_MISSING, "there is no Project document in this folder")
                    .help("is this the project's folder? `concord init` writes a first project"),
            );
        }
        Some(Manifests {
            project: self.project.take()?,
            tenants: std::mem::take(&mut self.tenants),
            identity_providers: std::mem::take(&mut self.identity_providers),
            sso_profiles: std::mem::take(&mut self.sso_profiles),
            attribute_maps: std::mem::take(&mut self.attribute_maps),
            shared_attribute_maps: std::mem::take(&mut self.shared_attribute_maps),
            vanity_domains: std::mem::take(&mut self.vanity_domains),
            email_domains: std::mem::take(&mut self.email_domains),
            user_enablements: std::mem::take(&mut self.user_enablements),
            attestations: std::mem::take(&mut self.attestations),
        })
    }
}

fn name_of(document: &Document) -> Option<Name> {
    document.root.get(&path!["metadata", "name"]).and_then(yaml::Node::text)?.parse().ok()
}

fn kind_of(document: &Document, findings: &mut Findings) -> Option<Kind> {
    let path = path!["kind"];
    let Some(node) = document.root.get(&path) else {
        findings.push(
            Finding::new(&codes::UNKNOWN_KIND, "the document has no `kind`")
                .at(document.at(&path), "what does this describe?")
                .help(kinds_help()),
        );
        return None;
    };
    let text = node.text().unwrap_or_default();
    if let Ok(kind) = text.parse() {
        return Some(kind);
    }
    let near = suggest(text, Kind::ALL.iter().map(|kind| kind.as_str()));
    let finding = Finding::new(&codes::UNKNOWN_KIND, format!("there is no kind `{text}`"));
    findings.push(match near {
        Some(near) => {
            let location = document.at(&path);
            finding.at(location.clone(), "unknown kind").help(format!("did you mean `{near}`?")).fix(
                format!("change the kind to `{near}`"),
                location,
                near,
            )
        }
        None => finding.at(document.at(&path), "unknown kind").help(kinds_help()),
    });
    None
}

fn kinds_help() -> String {
    let kinds: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    format!("the kinds are {}", kinds.join(", "))
}

fn decode<T: DeserializeOwned>(
    kind: Kind,
    tenant: Option<Name>,
    document: &Arc<Document>,
    findings: &mut Findings,
) -> Option<Resource<T>> {
    let envelope: Envelope<T> = yaml::decode(&document.root, &document.source, findings)?;
    Some(Resource {
        kind,
        tenant: tenant.unwrap_or_else(|| envelope.metadata.name.clone()),
        metadata: envelope.metadata,
        lifecycle: envelope.lifecycle,
        spec: envelope.spec,
        document: Arc::clone(document),
    })
}

fn check_project_id(project: &Resource<ProjectSpec>, findings: &mut Findings) {
    let id = &project.spec.id;
    let is_edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_valid = (8..=40).contains(&id.len())
        && id.chars().all(|c| is_edge(c) || c == '-')
        && id.starts_with(is_edge)
        && id.ends_with(is_edge);
    if !is_valid {
        findings.push(
            Finding::new(&codes::PROJECT_ID, format!("`{id}` is no project id"))
                .at(project.at(&path!["spec", "id"]), "8 to 40 lower-case letters, digits and hyphens")
                .help("choose one at random, once; it must never change afterwards"),
        );
    }
}

fn keep<T>(resources: &mut Resources<T>, resource: Option<Resource<T>>) {
    if let Some(resource) = resource {
        insert(resources, resource);
    }
}

fn insert<T>(resources: &mut Resources<T>, resource: Resource<T>) {
    resources.insert((resource.tenant.clone(), resource.metadata.name.clone()), resource);
}
