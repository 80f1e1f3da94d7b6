//! Lowering: a profile with everything that it refers to becomes the Okta objects that serve it.
//!
//! Not owned, and so kept as they are found: relay state, inline hooks, encryption, logout, visibility, further ACS endpoints, the
//! authentication policy.
//!
//! # Groups
//! At the stage `all` a selected group is assigned itself, by one call, where the enablement leaves nobody out (`exclude`, `remove`):
//! a group's assignment cannot. Otherwise, and before that stage, its members are assigned one by one. A break-glass administrator
//! in a group that would be assigned blocks its assignment.

use std::collections::BTreeSet;

use url::Url;

use super::{
    PROVIDER,
    attributes::{self, Statements},
    client::public_url,
    codes,
    signing_key::Wish,
};
use crate::{
    component::{Address, Capability, Class, Component, Field, Realm, Rule, Value},
    diagnostics::Finding,
    manifest::{
        Kind, Resource,
        attribute_map::NameIdFormat,
        sso_profile::{self as manifest, DigestAlgorithm, Management, OinApplication, SignatureAlgorithm},
        tenant::Okta,
        user_enablement::{Assignments, Removal, Stage, UserEnablementSpec},
    },
    plan::Outputs,
    provider::{
        IdentityProvider, IdentityProviderSide, LowerError, Member, ProfileContext, Rotation,
        ServiceProviderSide, pins::Pins,
    },
    yaml::path,
};

/// The component types.
pub(super) mod kind {
    pub(in super::super) const APP: &str = "okta.app";
    pub(in super::super) const USER: &str = "okta.user";
    pub(in super::super) const GROUP: &str = "okta.group";
    /// A key of the application, by its name in the manifests: `okta.key:NAME`.
    pub(in super::super) const KEY: &str = "okta.key";
    /// Which key the application signs with.
    pub(in super::super) const SIGNING: &str = "okta.signing";
}

/// Field paths that more than one file names.
pub(super) mod field {
    pub(in super::super) const STATUS: &str = "status";
    pub(in super::super) const SIGN_ON: &str = "settings.signOn.";
    pub(in super::super) const STATEMENTS: &str = "settings.signOn.attributeStatements";
    /// How an application names its users.
    pub(in super::super) const USER_NAME: &str = "credentials.userNameTemplate.";
    /// Settings of a catalogue application.
    pub(in super::super) const APP_SETTINGS: &str = "settings.app.";
    pub(in super::super) use crate::provider::pins::FINGERPRINTS;
    pub(in super::super) const ISSUER: &str = "issuer";
    /// The application of an assignment.
    pub(in super::super) const APP: &str = "app";
    pub(in super::super) const ASSIGNED: &str = "assigned";
    /// Shown as context: which application, where the manifest says so by ID.
    pub(in super::super) const ID: &str = "id";
    /// Shown as context: which user.
    pub(in super::super) const USER_ID: &str = "user_id";
    /// Shown as context: the break-glass administrators, who must not be in a group that is assigned.
    pub(in super::super) const BREAK_GLASS: &str = "breakGlass";
    /// Shown as context: that direct assignments of others go, and who must not have one in any case.
    pub(in super::super) const EXCLUSIVE: &str = "assignments.exclusive";
    /// Shown as context: whose direct assignment goes although those of others stay, because the manifests name them.
    pub(in super::super) const REMOVED: &str = "assignments.removed";
}

/// Okta requires an ACS URL and an audience from the beginning. As long as Twilio's are not known these stand there: a host that can
/// never exist (RFC 2606 section 2), so that no assertion can reach anybody, and an audience that nobody is.
pub(super) const SEED_URL: &str = "https://concord.invalid/pending";
const SEED_AUDIENCE: &str = "urn:concord:pending";

/// Okta's half of a profile.
#[derive(Debug, Clone, Copy, Default)]
pub struct OktaVendor;

impl IdentityProvider for OktaVendor {
    fn offer(&self, context: &ProfileContext<'_>) -> IdentityProviderSide {
        let app = context.address(kind::APP);
        let pins = Pins::of(context.identity_provider, &codes::CERTIFICATE, &mut Vec::new());
        let wish = Wish::of(context);
        let made = || match &wish {
            Some(wish) => wish.certificates(context),
            None => Value::output_of(&app, "certificates"),
        };
        IdentityProviderSide {
            issuer: Value::output_of(&app, "issuer"),
            sso_url: Value::output_of(&app, "ssoUrl"),
            certificates: pins.certificates().unwrap_or_else(made),
            gates: wish.iter().map(|_| context.address(kind::SIGNING)).chain([app.clone()]).collect(),
        }
    }

    fn lower(
        &self,
        context: &ProfileContext<'_>,
        service_provider: &ServiceProviderSide,
    ) -> Result<Vec<Component>, LowerError> {
        let profile = context.profile;
        let Some(organization) = Organization::of(context) else {
            return Err(LowerError(vec![
                Finding::new(
                    &codes::ORGANIZATION_MISSING,
                    format!(
                        "identity provider `{}` does not say which Okta organization it is",
                        context.identity_provider.name()
                    ),
                )
                .at(profile.at(&path!["spec", "identityProvider"]), "an Okta identity provider")
                .related(context.identity_provider.origin(), "has no `okta` block, and its tenant has none")
                .help("add `okta: {domain: ...}` to the IdentityProvider, or to the Tenant"),
            ]));
        };
        let mut findings = Vec::new();
        let statements = attributes::translate(context, &mut findings);
        let pins = Pins::of(context.identity_provider, &codes::CERTIFICATE, &mut findings);
        let signing = Signing::of(context, &mut findings);
        let wish = Wish::of(context);
        if let Some(wish) = &wish {
            wish.check(context, &mut findings);
        }
        for enablement in context.enablements {
            check_enablement(enablement, &mut findings);
        }
        if !findings.is_empty() {
            return Err(LowerError(findings));
        }
        let lowering =
            Lowering { context, organization: &organization, service_provider, statements, signing, pins };
        let mut components = vec![lowering.app()];
        components.extend(wish.iter().flat_map(|wish| wish.lower(context, &organization.realm())));
        if profile.spec.application.management == Management::Managed {
            for enablement in context.enablements {
                components.extend(
                    whole_groups(&enablement.spec).iter().map(|name| lowering.group(enablement, name)),
                );
            }
        }
        Ok(components)
    }

    fn lower_member(
        &self,
        context: &ProfileContext<'_>,
        enablement: &Resource<UserEnablementSpec>,
        member: &Member<'_>,
    ) -> Vec<Component> {
        let Some(organization) = Organization::of(context) else { return Vec::new() };
        let is_by_group = member.stage != Stage::Pilot
            && whole_groups(&enablement.spec).iter().any(|group| member.person.groups.contains(group));
        if is_by_group || context.profile.spec.application.management == Management::External {
            return Vec::new();
        }
        vec![user(context, &organization, enablement, member)]
    }

    fn rotation(&self, context: &ProfileContext<'_>) -> Option<Rotation> {
        Some(Wish::of(context)?.rotation(context))
    }

    fn metadata_url(&self, context: &ProfileContext<'_>, outputs: &Outputs) -> Option<Url> {
        outputs.get(&context.address(kind::APP))?.get("metadataUrl")?.as_text()?.parse().ok()
    }

    fn population_realm(&self, context: &ProfileContext<'_>) -> Option<Realm> {
        Some(Organization::of(context)?.realm())
    }
}

fn check_enablement(enablement: &Resource<UserEnablementSpec>, findings: &mut Vec<Finding>) {
    let spec = &enablement.spec;
    if !spec.attributes.default.is_empty() || !spec.attributes.overrides.is_empty() {
        findings.push(
            Finding::new(&codes::USER_ATTRIBUTES, "Okta has no place for values of single users")
                .at(enablement.at(&path!["spec", "attributes"]), "kept nowhere")
                .help("read a profile attribute in the attribute map: `expressions: {okta: user.team}`"),
        );
    }
    if spec.removal != Removal::Report && spec.assignments == Assignments::Additive {
        findings.push(
            Finding::new(
                &codes::REMOVAL,
                "Okta's assignments carry no marker, so leavers cannot be told apart",
            )
            .at(enablement.at(&path!["spec", "removal"]), "nobody could say whose assignment it is")
            .help("say `assignments: exclusive`, or leave `removal` out"),
        );
    }
}

/// The groups that are assigned themselves.
fn whole_groups(spec: &UserEnablementSpec) -> &[String] {
    let leaves_nobody_out = spec.exclude.is_empty() && spec.remove.is_empty();
    if spec.rollout.stage >= Stage::All && leaves_nobody_out { &spec.select.groups } else { &[] }
}

/// The Okta organization that serves a profile.
struct Organization {
    domain: String,
}

impl Organization {
    fn of(context: &ProfileContext<'_>) -> Option<Self> {
        let block: &Okta =
            context.identity_provider.spec.okta.as_ref().or(context.tenant.spec.okta.as_ref())?;
        Some(Self { domain: block.domain.to_ascii_lowercase() })
    }

    fn realm(&self) -> Realm {
        Realm::new(PROVIDER, self.domain.clone())
    }
}

/// The address of an application's public metadata, by its issuer.
pub(super) fn metadata_url(domain: &str, issuer: &str) -> Option<Url> {
    let key = issuer.rsplit('/').next().filter(|key| !key.is_empty())?;
    let mut url = public_url(domain).ok()?;
    url.path_segments_mut().ok()?.pop_if_empty().extend(["app", key, "sso", "saml", "metadata"]);
    Some(url)
}

/// What is signed, and how, after profile, identity provider and default.
struct Signing {
    response: bool,
    assertion: bool,
    algorithm: &'static str,
    digest: &'static str,
}

impl Signing {
    fn of(context: &ProfileContext<'_>, findings: &mut Vec<Finding>) -> Self {
        let own = &context.profile.spec.signing;
        let defaults = &context.identity_provider.spec.defaults.signing;
        if context.profile.spec.application.oin.is_some() && *own != manifest::Signing::default() {
            findings.push(
                Finding::new(
                    &codes::SIGNING,
                    "an application of the catalogue decides itself what is signed, and how",
                )
                .at(context.profile.at(&path!["spec", "signing"]), "cannot be entered there")
                .help("remove `signing`, or `application.oin` to have a generic application"),
            );
        }
        let response = own.response.or(defaults.response).unwrap_or(true);
        let assertion = own.assertion.or(defaults.assertion).unwrap_or(true);
        if !response && !assertion {
            findings.push(
                Finding::new(&codes::SIGNING, "Okta always signs the response, the assertion, or both")
                    .at(
                        context.profile.at(&path!["spec", "signing"]),
                        "neither, asked for here or in the defaults",
                    )
                    .help("leave `signing` out: Twilio wants both signed"),
            );
        }
        Self {
            response,
            assertion,
            algorithm: match own.algorithm.or(defaults.algorithm).unwrap_or_default() {
                SignatureAlgorithm::RsaSha256 => "RSA_SHA256",
                SignatureAlgorithm::RsaSha1 => "RSA_SHA1",
            },
            digest: match own.digest.or(defaults.digest).unwrap_or_default() {
                DigestAlgorithm::Sha256 => "SHA256",
                DigestAlgorithm::Sha1 => "SHA1",
            },
        }
    }
}

struct Lowering<'a> {
    context: &'a ProfileContext<'a>,
    organization: &'a Organization,
    service_provider: &'a ServiceProviderSide,
    statements: Statements,
    signing: Signing,
    pins: Pins,
}

impl Lowering<'_> {
    fn app(&self) -> Component {
        let context = self.context;
        let profile = context.profile;
        let application = &profile.spec.application;
        let label = application
            .name
            .clone()
            .unwrap_or_else(|| format!("{} - {}", profile.spec.product.title(), profile.name()));
        let mut component = Component::new(
            context.marker(&context.address(kind::APP)),
            self.organization.realm(),
            format!("Okta application `{label}`"),
            label.clone(),
            profile.origin(),
        );
        component.formerly = context.former_address(kind::APP);
        component.lifecycle = profile.lifecycle.clone();
        component.adopt = application.adopt;
        let capability = match application.management {
            Management::Managed => Capability::Managed,
            Management::External => Capability::Observed,
        };
        let at = |path| Some(profile.at(&path));
        if application.management == Management::Managed {
            component.fields.push(Field::managed("label", label).from(at(path![
                "spec",
                "application",
                "name"
            ])));
        }
        component.fields.extend([
            Field::new("signOnMode", "SAML_2_0", capability),
            Field::new(field::STATUS, "ACTIVE", capability),
        ]);
        component.fields.extend(match &application.oin {
            Some(oin) => self.catalogue_fields(oin, capability),
            None => self.generic_fields(capability),
        });
        if !self.statements.attributes.is_empty() || application.oin.is_none() {
            component.fields.push(
                Field::new(field::STATEMENTS, Value::List(self.statements.attributes.clone()), capability)
                    .by(Rule::Set)
                    .from(context.attribute_map.map(|map| map.at(&path!["spec", "attributes"]))),
            );
        }
        component.fields.extend(self.pins.field());
        if let Some(issuer) = &context.identity_provider.spec.trust.issuer {
            component.fields.push(
                Field::new(field::ISSUER, issuer.as_str(), Capability::Observed)
                    .from(context.identity_provider.at(&path!["spec", "trust", "issuer"])),
            );
        }
        if let Some(id) = &application.id {
            component.fields.push(Field::new(field::ID, id.as_str(), Capability::Derived));
        }
        let is_exclusive = context.enablements.iter().any(|it| it.spec.assignments == Assignments::Exclusive);
        if is_exclusive && application.management == Management::Managed {
            let never: BTreeSet<String> = context
                .enablements
                .iter()
                .flat_map(|it| it.spec.exclude.iter().chain(&it.spec.break_glass).chain(&it.spec.remove))
                .map(|email| email.trim().to_lowercase())
                .collect();
            component.fields.push(Field::new(field::EXCLUSIVE, Value::texts(never), Capability::Derived));
        } else if application.management == Management::Managed {
            let removed = context.enablements.iter().flat_map(|it| &it.spec.remove);
            let removed: BTreeSet<String> = removed.map(|email| email.trim().to_lowercase()).collect();
            if !removed.is_empty() {
                component.fields.push(Field::new(field::REMOVED, Value::texts(removed), Capability::Derived));
            }
        }
        component
    }

    /// An application of the catalogue: what it wants is in its own settings. It knows where to send assertions, so the service
    /// provider's values are entered only where the manifest states others. Its NameID is the application's user name.
    fn catalogue_fields(&self, oin: &OinApplication, capability: Capability) -> Vec<Field> {
        let profile = self.context.profile;
        let at = |path| Some(profile.at(&path));
        let mut fields = vec![Field::new("name", oin.name.as_str(), capability).from(at(path![
            "spec",
            "application",
            "oin",
            "name"
        ]))];
        fields.extend(oin.settings.iter().map(|(key, value)| {
            Field::new(format!("{}{key}", field::APP_SETTINGS), Value::from_json(value), capability)
                .from(at(path!["spec", "application", "oin", "settings", key]))
        }));
        let stated = &profile.spec.service_provider;
        let overriding = [
            (stated.acs_url.is_some(), "ssoAcsUrlOverride", &self.service_provider.acs_url, "acsUrl"),
            (stated.acs_url.is_some(), "recipientOverride", &self.service_provider.acs_url, "acsUrl"),
            (stated.acs_url.is_some(), "destinationOverride", &self.service_provider.acs_url, "acsUrl"),
            (stated.entity_id.is_some(), "audienceOverride", &self.service_provider.entity_id, "entityId"),
        ];
        fields.extend(overriding.into_iter().filter(|(is_stated, ..)| *is_stated).map(
            |(_, key, value, place)| {
                Field::new(format!("{}{key}", field::SIGN_ON), value.clone(), capability).from(at(path![
                    "spec",
                    "serviceProvider",
                    place
                ]))
            },
        ));
        fields.extend(self.lifetime(capability));
        if let (Some((_, template)), Some(map)) = (&self.statements.name_id, self.context.attribute_map) {
            let (template, kind) = user_name_template(template);
            let place = map.at(&path!["spec", "nameId", "from"]);
            fields.extend([
                Field::new(format!("{}template", field::USER_NAME), template, capability).from(place.clone()),
                Field::new(format!("{}type", field::USER_NAME), kind, capability).from(place),
            ]);
        }
        fields
    }

    fn lifetime(&self, capability: Capability) -> Option<Field> {
        let profile = self.context.profile;
        let hours = profile.spec.session.lifetime_hours?;
        let path = format!("{}samlAssertionLifetimeSeconds", field::SIGN_ON);
        Some(Field::new(path, i64::from(hours) * 3600, capability).from(profile.at(&path![
            "spec",
            "session",
            "lifetimeHours"
        ])))
    }

    fn generic_fields(&self, capability: Capability) -> Vec<Field> {
        let profile = self.context.profile;
        let map = self.context.attribute_map;
        let in_map = |path| map.map(|map| map.at(&path));
        let sign_on =
            |key: &str, value: Value| Field::new(format!("{}{key}", field::SIGN_ON), value, capability);
        let pending = |key: &str, value: &Value, seed: &str, place: &str| {
            let made = sign_on(key, value.clone()).from(profile.at(&path!["spec", "serviceProvider", place]));
            if value.is_pending() && capability == Capability::Managed { made.seeded(seed) } else { made }
        };
        let side = self.service_provider;
        let signing = Some(profile.at(&path!["spec", "signing"]));
        let mut fields = vec![
            // SAML compares all of them as text (saml-profiles-2.0 section 4.1.4.2), so no URL rule here.
            pending("ssoAcsUrl", &side.acs_url, SEED_URL, "acsUrl"),
            pending("recipient", &side.acs_url, SEED_URL, "acsUrl"),
            pending("destination", &side.acs_url, SEED_URL, "acsUrl"),
            pending("audience", &side.entity_id, SEED_AUDIENCE, "entityId"),
            sign_on("responseSigned", self.signing.response.into()).from(signing.clone()),
            sign_on("assertionSigned", self.signing.assertion.into()).from(signing.clone()),
            sign_on("signatureAlgorithm", self.signing.algorithm.into()).from(signing.clone()),
            sign_on("digestAlgorithm", self.signing.digest.into()).from(signing),
        ];
        // Without a map the application's own user name is all that is known, and Okta wants both.
        let otherwise = (NameIdFormat::Unspecified, "${user.userName}".to_owned());
        let (format, template) = self.statements.name_id.as_ref().unwrap_or(&otherwise);
        fields.extend([
            sign_on("subjectNameIdFormat", format.urn().into())
                .from(in_map(path!["spec", "nameId", "format"])),
            sign_on("subjectNameIdTemplate", template.as_str().into())
                .from(in_map(path!["spec", "nameId", "from"])),
        ]);
        if capability == Capability::Managed {
            fields.extend([
                sign_on(
                    "authnContextClassRef",
                    "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".into(),
                ),
                sign_on("honorForceAuthn", true.into()),
            ]);
        }
        fields.extend(self.lifetime(capability));
        fields
    }

    /// The assignment of a whole group.
    fn group(&self, enablement: &Resource<UserEnablementSpec>, name: &str) -> Component {
        let context = self.context;
        let place = enablement.at(&path!["spec", "select", "groups"]);
        let mut component = Component::new(
            context.marker(&assignment(enablement, kind::GROUP, name)),
            self.organization.realm(),
            format!("Okta assignment of group `{name}`"),
            name,
            place.clone(),
        );
        component.fields = assigned(context);
        for field in &mut component.fields {
            field.origin = Some(place.clone());
        }
        let never: BTreeSet<String> = context
            .enablements
            .iter()
            .flat_map(|it| &it.spec.break_glass)
            .map(|email| email.trim().to_lowercase())
            .collect();
        if !never.is_empty() {
            component.fields.push(Field::new(field::BREAK_GLASS, Value::texts(never), Capability::Derived));
        }
        component.needs =
            std::iter::once(context.address(kind::APP)).chain(self.service_provider.gates.clone()).collect();
        component.lifecycle = enablement.lifecycle.clone();
        component
    }
}

/// The template of an application's user names that gives what a NameID's template gives, and its type.
fn user_name_template(name_id: &str) -> (String, &'static str) {
    let built_in = |property: &str| matches!(property, "email" | "login");
    match name_id.strip_prefix("${user.").and_then(|rest| rest.strip_suffix('}')) {
        Some(property) if built_in(property) => (format!("${{source.{property}}}"), "BUILT_IN"),
        _ => (name_id.to_owned(), "CUSTOM"),
    }
}

fn assignment(enablement: &Resource<UserEnablementSpec>, component_type: &str, key: &str) -> Address {
    Address::new(
        enablement.tenant.clone(),
        Kind::UserEnablement,
        enablement.name().clone(),
        format!("{component_type}:{key}"),
    )
}

fn assigned(context: &ProfileContext<'_>) -> Vec<Field> {
    vec![
        Field::managed(field::APP, Value::output_of(&context.address(kind::APP), "id")),
        Field::managed(field::ASSIGNED, true),
    ]
}

/// The direct assignment of one person. It has no place for a marker: that the person has one is all that there is.
fn user(
    context: &ProfileContext<'_>,
    organization: &Organization,
    enablement: &Resource<UserEnablementSpec>,
    member: &Member<'_>,
) -> Component {
    let email = member.person.email.to_lowercase();
    let mut component = Component::new(
        context.marker(&assignment(enablement, kind::USER, &email)),
        organization.realm(),
        format!("Okta assignment of {email}"),
        email,
        member.origin.clone(),
    );
    component.class = Class::Membership;
    component.needs = member.needs.clone();
    component.fields = assigned(context);
    for field in &mut component.fields {
        field.origin = Some(member.origin.clone());
    }
    component.fields.push(Field::new(field::USER_ID, member.person.id.as_str(), Capability::Derived));
    component.lifecycle = enablement.lifecycle.clone();
    component
}

#[cfg(test)]
pub(super) mod tests;
