//! Lowering: a profile with a generic identity provider becomes what is observed of its metadata and what its administrator does.

use std::collections::BTreeMap;

use url::Url;

use super::{
    codes, realm,
    steps::{self, Application, People},
};
use crate::{
    component::{Address, Capability, Component, Field, Marker, Realm, Rule, Step, Value},
    diagnostics::Finding,
    manifest::{
        Kind, Resource,
        attribute_map::{AttributeMapSpec, NameIdFormat, Source},
        identity_provider::{IdentityProviderSpec, MetadataSource, Vendor},
        sso_profile::{DigestAlgorithm, Management, SignatureAlgorithm},
        user_enablement::{Removal, Stage, UserEnablementSpec},
    },
    provider::{
        IdentityProvider, IdentityProviderSide, LowerError, Member, ProfileContext, ServiceProviderSide,
        pins::Pins,
    },
    yaml::path,
};

/// The component types.
pub(super) mod kind {
    pub(in super::super) const METADATA: &str = "saml.metadata";
    pub(in super::super) const TRUST: &str = "saml.trust";
    pub(in super::super) const APPLICATION: &str = "saml.application";
    pub(in super::super) const PEOPLE: &str = "saml.people";
}

/// Field paths that more than one file names.
pub(super) mod field {
    /// Shown as context: which identity provider is meant, by an address of it.
    pub(in super::super) const PLACE: &str = "identityProvider";
    /// Shown as context: what the application is called.
    pub(in super::super) const APPLICATION: &str = "application";
    /// Shown as context: where the metadata are.
    pub(in super::super) const URL: &str = "url";
    /// Shown as context: the entity that is chosen.
    pub(in super::super) const ENTITY: &str = "entityId";
    pub(in super::super) const FINGERPRINTS: &str = "fingerprints";
    pub(in super::super) const IS_CURRENT: &str = "isCurrent";
    pub(in super::super) const WANTS_SIGNED: &str = "wantsSignedRequests";
    pub(in super::super) const CERTIFICATES: &str = "certificates";
}

/// A generic identity provider's half of a profile.
#[derive(Debug, Clone, Copy, Default)]
pub struct SamlVendor;

/// Where metadata are read from, if at a URL.
fn metadata_url(provider: &IdentityProviderSpec) -> Option<&Url> {
    match &provider.trust.metadata {
        Some(MetadataSource::Url(url)) => Some(url),
        Some(MetadataSource::File(_)) | None => None,
    }
}

/// The address of one of the identity provider's own components.
fn of_provider(provider: &Resource<IdentityProviderSpec>, component: &str) -> Address {
    Address::new(provider.tenant.clone(), Kind::IdentityProvider, provider.name().clone(), component)
}

impl IdentityProvider for SamlVendor {
    fn offer(&self, context: &ProfileContext<'_>) -> IdentityProviderSide {
        let provider = context.identity_provider;
        let trust = &provider.spec.trust;
        let pins = Pins::of(provider, &codes::CERTIFICATE, &mut Vec::new());
        let gates = match context.profile.spec.application.management {
            Management::Managed => vec![context.address(kind::APPLICATION)],
            Management::External => Vec::new(),
        };
        if metadata_url(&provider.spec).is_none() {
            return IdentityProviderSide {
                issuer: trust.issuer.clone().into(),
                sso_url: trust.sso_url.as_ref().map(ToString::to_string).into(),
                certificates: pins.certificates().unwrap_or(Value::Null),
                gates,
            };
        }
        let metadata = of_provider(provider, kind::METADATA);
        let certificates = if pins.is_empty() {
            Value::output_of(&of_provider(provider, kind::TRUST), field::CERTIFICATES)
        } else {
            // Of fingerprints alone the certificates come from the metadata, and only those that are pinned.
            pins.certificates().unwrap_or_else(|| Value::output_of(&metadata, field::CERTIFICATES))
        };
        let issuer = trust.entity_id.clone().map(Value::Text);
        IdentityProviderSide {
            issuer: issuer.unwrap_or_else(|| Value::output_of(&metadata, "issuer")),
            sso_url: Value::output_of(&metadata, "ssoUrl"),
            certificates,
            gates,
        }
    }

    fn lower(
        &self,
        context: &ProfileContext<'_>,
        service_provider: &ServiceProviderSide,
    ) -> Result<Vec<Component>, LowerError> {
        let provider = context.identity_provider;
        let mut findings = Vec::new();
        let pins = Pins::of(provider, &codes::CERTIFICATE, &mut findings);
        let mut components = Vec::new();
        match metadata_url(&provider.spec) {
            Some(url) => {
                components.push(metadata(context, url, &pins));
                if pins.is_empty() {
                    components.push(trust(context, url));
                }
            }
            None => {
                let side = self.offer(context);
                let lacking: Vec<&str> = [
                    ("issuer", &side.issuer),
                    ("ssoUrl", &side.sso_url),
                    ("certificates", &side.certificates),
                ]
                .into_iter()
                .filter_map(|(name, value)| (*value == Value::Null).then_some(name))
                .collect();
                if !lacking.is_empty() && findings.is_empty() {
                    findings.push(
                        Finding::new(
                            &codes::TRUST,
                            format!(
                                "identity provider `{}` gives no `{}`",
                                provider.name(),
                                lacking.join("`, `")
                            ),
                        )
                        .at(provider.at(&path!["spec", "trust"]), "not enough to trust it by")
                        .help("give `trust.metadata`, or the values"),
                    );
                }
            }
        }
        if !findings.is_empty() {
            return Err(LowerError(findings));
        }
        if context.profile.spec.application.management == Management::Managed {
            components.push(application(context, service_provider));
        }
        Ok(components)
    }

    fn lower_member(
        &self,
        _context: &ProfileContext<'_>,
        _enablement: &Resource<UserEnablementSpec>,
        _member: &Member<'_>,
    ) -> Vec<Component> {
        // A person alone is nothing here: lists are lowered as a whole.
        Vec::new()
    }

    fn lower_members(
        &self,
        context: &ProfileContext<'_>,
        enablement: &Resource<UserEnablementSpec>,
        members: &[Member<'_>],
    ) -> Vec<Component> {
        if context.profile.spec.application.management == Management::External {
            return Vec::new();
        }
        // Two lists: the pilot's people test the connection, and everybody else comes after the test.
        [true, false]
            .into_iter()
            .filter_map(|is_pilot| list(context, enablement, members, is_pilot))
            .collect()
    }

    fn population_realm(&self, _context: &ProfileContext<'_>) -> Option<Realm> {
        // There is no directory that could be read: people are those whom the manifests name.
        None
    }
}

/// A component of the identity provider itself, shared by all profiles that use it.
fn provider_component(context: &ProfileContext<'_>, component: &'static str, title: String) -> Component {
    let provider = context.identity_provider;
    let marker = Marker { project: context.project.to_owned(), address: of_provider(provider, component) };
    let former = provider.metadata.formerly.clone();
    Component {
        formerly: former.map(|former| marker.address.renamed(former)),
        lifecycle: provider.lifecycle.clone(),
        ..Component::new(marker, realm(provider), title, provider.name().to_string(), provider.origin())
    }
}

fn metadata(context: &ProfileContext<'_>, url: &Url, pins: &Pins) -> Component {
    let provider = context.identity_provider;
    let trust = &provider.spec.trust;
    let title = format!("SAML metadata of `{}`", provider.name());
    let mut component = provider_component(context, kind::METADATA, title);
    let at = |key: &str| provider.at(&path!["spec", "trust", key]);
    component.fields.push(Field::new(field::URL, url.as_str(), Capability::Derived).from(at("metadata")));
    if let Some(entity_id) = &trust.entity_id {
        component
            .fields
            .push(Field::new(field::ENTITY, entity_id.as_str(), Capability::Derived).from(at("entityId")));
    }
    if !pins.is_empty() {
        component.fields.push(
            Field::new(field::FINGERPRINTS, Value::texts(pins.fingerprints.clone()), Capability::Observed)
                .by(Rule::Set)
                .from(pins.origin.clone()),
        );
    }
    component.fields.extend([
        Field::new(field::IS_CURRENT, true, Capability::Observed).from(at("metadata")),
        Field::new(field::WANTS_SIGNED, false, Capability::Observed).from(at("metadata")),
    ]);
    component
}

fn trust(context: &ProfileContext<'_>, url: &Url) -> Component {
    let provider = context.identity_provider;
    let mut bare = url.clone();
    bare.set_query(None);
    let title = format!("Trust in the certificates of `{}`", provider.name());
    let metadata = of_provider(provider, kind::METADATA);
    let here = provider.at(&path!["spec", "trust"]);
    let mut component = provider_component(context, kind::TRUST, title);
    component.fields = vec![
        place_of(provider),
        Field::new("issuer", Value::output_of(&metadata, "issuer"), Capability::Probed).from(here.clone()),
        Field::new(field::CERTIFICATES, Value::output_of(&metadata, field::CERTIFICATES), Capability::Probed)
            .by(Rule::Set)
            .from(here),
    ];
    component.step = Some(steps::trust(&component.realm.tenant, bare.as_str()));
    component
}

/// Which identity provider a step is carried out in: a step that was done in one says nothing about another.
fn place_of(provider: &Resource<IdentityProviderSpec>) -> Field {
    let trust = &provider.spec.trust;
    let url = metadata_url(&provider.spec).or(trust.sso_url.as_ref()).map(|url| {
        let mut bare = url.clone();
        bare.set_query(None);
        bare.to_string()
    });
    Field::new(field::PLACE, url, Capability::Derived).from(provider.at(&path!["spec", "trust"]))
}

/// What a profile's application is called in the identity provider.
fn application_name(context: &ProfileContext<'_>) -> String {
    let profile = context.profile;
    let given = profile.spec.application.name.clone();
    given.unwrap_or_else(|| format!("{} - {}", profile.spec.product.title(), profile.name()))
}

fn application(context: &ProfileContext<'_>, side: &ServiceProviderSide) -> Component {
    let (profile, provider) = (context.profile, context.identity_provider);
    let name = application_name(context);
    let own = &profile.spec.signing;
    let defaults = &provider.spec.defaults.signing;
    let attested = |path: &str, value: Value| Field::new(path, value, Capability::Attested);
    let at = |path| Some(profile.at(&path));
    let signing = at(path!["spec", "signing"]);
    let mut fields = vec![
        place_of(provider),
        Field::new(field::APPLICATION, name.as_str(), Capability::Derived).from(at(path![
            "spec",
            "application",
            "name"
        ])),
        attested("entityId", side.entity_id.clone()).from(at(path!["spec", "serviceProvider", "entityId"])),
        attested("acsUrl", side.acs_url.clone()).from(at(path!["spec", "serviceProvider", "acsUrl"])),
        attested("signResponse", own.response.or(defaults.response).unwrap_or(true).into())
            .from(signing.clone()),
        attested("signAssertion", own.assertion.or(defaults.assertion).unwrap_or(true).into())
            .from(signing.clone()),
        attested(
            "signatureAlgorithm",
            match own.algorithm.or(defaults.algorithm).unwrap_or_default() {
                SignatureAlgorithm::RsaSha256 => "RSA-SHA256",
                SignatureAlgorithm::RsaSha1 => "RSA-SHA1",
            }
            .into(),
        )
        .from(signing.clone()),
        attested(
            "digestAlgorithm",
            match own.digest.or(defaults.digest).unwrap_or_default() {
                DigestAlgorithm::Sha256 => "SHA256",
                DigestAlgorithm::Sha1 => "SHA1",
            }
            .into(),
        )
        .from(signing),
    ];
    if !side.logout_urls.is_empty() {
        fields.push(attested("logoutUrls", Value::List(side.logout_urls.clone())).by(Rule::UrlSet));
    }
    let attributes = asserted(context.attribute_map, &mut fields);
    let address = context.address(kind::APPLICATION);
    let realm = realm(provider);
    let step = steps::application(&Application {
        scope: &realm.tenant,
        provider: provider.name().as_str(),
        tenant: profile.tenant.as_str(),
        profile: profile.name().as_str(),
        name: &name,
        product: profile.spec.product.title(),
        attributes,
        has_logout: !side.logout_urls.is_empty(),
    });
    Component {
        formerly: context.former_address(kind::APPLICATION),
        fields,
        lifecycle: profile.lifecycle.clone(),
        step: Some(step),
        ..Component::new(
            context.marker(&address),
            realm,
            format!("SAML application `{name}` in `{}`", provider.name()),
            name,
            profile.origin(),
        )
    }
}

/// The NameID and the attributes as fields; each attribute's name with its field's path.
fn asserted(map: Option<&Resource<AttributeMapSpec>>, fields: &mut Vec<Field>) -> Vec<(String, String)> {
    let attested = |path: String, value: String| Field::new(path, value, Capability::Attested);
    let Some(map) = map else {
        // Without a map only the NameID is known: Twilio's products know people by their e-mail address.
        fields.extend([
            attested("nameIdFormat".to_owned(), NameIdFormat::EmailAddress.urn().to_owned()),
            attested("nameId".to_owned(), Source::Email.to_string()),
        ]);
        return Vec::new();
    };
    let name_id = &map.spec.name_id;
    let value = name_id.expressions.get(&Vendor::Saml).cloned().unwrap_or_else(|| name_id.from.to_string());
    fields.extend([
        attested("nameIdFormat".to_owned(), name_id.format.urn().to_owned())
            .from(map.at(&path!["spec", "nameId", "format"])),
        attested("nameId".to_owned(), value).from(map.at(&path!["spec", "nameId", "from"])),
    ]);
    let mut attributes = Vec::new();
    for (index, attribute) in map.spec.attributes.iter().enumerate() {
        let source = match (attribute.expressions.get(&Vendor::Saml), &attribute.from, &attribute.value) {
            (Some(expression), _, _) => expression.clone(),
            (None, Some(from), _) => from.to_string(),
            (None, None, Some(value)) => format!("\"{value}\""),
            (None, None, None) => continue,
        };
        let path = format!("attributes.{}", attribute.saml_name());
        fields.push(attested(path.clone(), source).from(map.at(&path!["spec", "attributes", index])));
        attributes.push((attribute.saml_name().to_owned(), path));
    }
    attributes
}

/// One list of people; nothing where there is nobody.
fn list(
    context: &ProfileContext<'_>,
    enablement: &Resource<UserEnablementSpec>,
    members: &[Member<'_>],
    is_pilot: bool,
) -> Option<Component> {
    let meant: Vec<&Member<'_>> =
        members.iter().filter(|member| (member.stage == Stage::Pilot) == is_pilot).collect();
    let first = meant.first()?;
    let mut people = BTreeMap::new();
    let mut needs: Vec<Address> = Vec::new();
    for member in &meant {
        let mut values: BTreeMap<String, Value> =
            member.attributes.iter().map(|(key, value)| (key.clone(), Value::text(value))).collect();
        values.insert("roles".to_owned(), Value::texts(member.roles.iter().map(|role| role.as_str())));
        people.insert(member.person.email.to_lowercase(), Value::Map(values));
        needs.extend(member.needs.iter().filter(|need| !needs.contains(need)).cloned().collect::<Vec<_>>());
    }
    let provider = context.identity_provider;
    let realm = realm(provider);
    let address = Address::new(
        enablement.tenant.clone(),
        Kind::UserEnablement,
        enablement.name().clone(),
        if is_pilot { format!("{}:pilot", kind::PEOPLE) } else { kind::PEOPLE.to_owned() },
    );
    let name = application_name(context);
    let step: Step = steps::people(&People {
        scope: &realm.tenant,
        provider: provider.name().as_str(),
        name: &name,
        is_pilot,
        removes: enablement.spec.removal != Removal::Report,
    });
    let former = enablement.metadata.formerly.clone();
    let count = meant.len();
    Some(Component {
        formerly: former.map(|former| address.renamed(former)),
        fields: vec![
            place_of(provider),
            Field::new(field::APPLICATION, name.as_str(), Capability::Derived),
            Field::new("people", Value::Map(people), Capability::Attested).from(first.origin.clone()),
        ],
        needs,
        lifecycle: enablement.lifecycle.clone(),
        step: Some(step),
        ..Component::new(
            context.marker(&address),
            realm,
            format!(
                "{} of `{}` who may sign in through `{}`",
                match (count, is_pilot) {
                    (1, true) => "1 person of the pilot".to_owned(),
                    (1, false) => "1 person".to_owned(),
                    (count, true) => format!("{count} people of the pilot"),
                    (count, false) => format!("{count} people"),
                },
                enablement.name(),
                provider.name()
            ),
            name,
            enablement.origin(),
        )
    })
}

#[cfg(test)]
mod tests;
