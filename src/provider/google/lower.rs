//! Lowering: a profile with everything that it refers to becomes a custom schema, people's values in it, and the steps that make the custom
//! SAML app.
//!
//! # Who may sign in
//! The app is on for whole groups, organizational units or everyone; who of them gets into Flex is decided by the values: without `roles`
//! Flex refuses, and only people whom an enablement enables at its present stage have them.

use std::collections::BTreeSet;

use super::{
    attributes::{self, Statement, display_name, is_name},
    codes, open,
    steps::{self, Wizard},
    trust::Trust,
};
use crate::{
    component::{Address, Capability, Class, Component, Field, Realm, Rule, Step, Value},
    diagnostics::Finding,
    manifest::{
        Kind, Resource,
        sso_profile::{DigestAlgorithm, GoogleApplication, Management, SignatureAlgorithm},
        tenant::Google,
        user_enablement::UserEnablementSpec,
    },
    provider::{
        IdentityProvider, IdentityProviderSide, LowerError, Member, ProfileContext, ServiceProviderSide,
    },
    yaml::path,
};

/// The component types.
pub(super) mod kind {
    pub(in super::super) const IDP: &str = "google.idp";
    pub(in super::super) const SCHEMA: &str = "google.schema";
    pub(in super::super) const APP: &str = "google.app";
    pub(in super::super) const DETAILS: &str = "google.details";
    pub(in super::super) const MAPPING: &str = "google.mapping";
    pub(in super::super) const ACCESS: &str = "google.access";
    pub(in super::super) const USER: &str = "google.user";
}

/// Field paths that more than one file names.
pub(super) mod field {
    pub(in super::super) const DISPLAY_NAME: &str = "displayName";
    /// A field of a schema: `fields.Roles.fieldType`.
    pub(in super::super) const FIELDS: &str = "fields.";
    /// A person's value: `customSchemas.Flex_Details.Roles`.
    pub(in super::super) const VALUES: &str = "customSchemas.";
    /// Which of a person's values are Concord's, so that one that is no longer wanted goes.
    pub(in super::super) const KEYS: &str = "concord.keys";
    /// Shown as context: the schema of a person's values, by name.
    pub(in super::super) const SCHEMA: &str = "schema";
    /// Shown as context: which user.
    pub(in super::super) const USER_ID: &str = "id";
}

/// Who may see people's values: "Visible to user and admin" of the Admin console. Flex gets them in the assertion.
pub(super) const READ_ACCESS: &str = "ADMINS_AND_SELF";

/// Google's half of a profile.
#[derive(Debug, Clone, Copy, Default)]
pub struct GoogleVendor;

impl IdentityProvider for GoogleVendor {
    fn offer(&self, context: &ProfileContext<'_>) -> IdentityProviderSide {
        let trust = Trust::of(context.identity_provider, block(context), &mut Vec::new());
        let mut types = vec![kind::IDP];
        if has_schema(context) {
            types.push(kind::SCHEMA);
        }
        if context.profile.spec.application.management == Management::Managed {
            types.extend([kind::APP, kind::DETAILS, kind::MAPPING, kind::ACCESS]);
        }
        IdentityProviderSide {
            issuer: trust.issuer,
            sso_url: trust.sso_url,
            certificates: trust.certificates,
            gates: types
                .into_iter()
                .filter(|it| *it != kind::MAPPING || has_mapping(context))
                .map(|it| gate(context, it))
                .collect(),
        }
    }

    /// What the manifests say of Google comes from a file, and is compared with Google's own page before Twilio is told to trust it.
    fn before_trust(&self, context: &ProfileContext<'_>) -> Vec<Address> {
        vec![gate(context, kind::IDP)]
    }

    fn lower(
        &self,
        context: &ProfileContext<'_>,
        service_provider: &ServiceProviderSide,
    ) -> Result<Vec<Component>, LowerError> {
        let profile = context.profile;
        let Some(block) = block(context) else {
            return Err(LowerError(vec![
                Finding::new(
                    &codes::CUSTOMER_MISSING,
                    format!(
                        "identity provider `{}` does not say which Google Workspace customer it is",
                        context.identity_provider.name()
                    ),
                )
                .at(profile.at(&path!["spec", "identityProvider"]), "a Google identity provider")
                .related(context.identity_provider.origin(), "has no `google` block, and its tenant has none")
                .help("add `google: {serviceAccount: ..., privateKey: ..., subject: ...}` to the IdentityProvider, or to the Tenant"),
            ]));
        };
        let mut findings = Vec::new();
        let schema = schema_name(context);
        if !is_name(&schema) {
            findings.push(
                Finding::new(&codes::SCHEMA, format!("`{schema}` cannot be the name of a custom schema"))
                    .at(profile.at(&path!["spec", "application", "google", "schema"]), "not a name")
                    .help("write letters, digits and underscores: `Flex_Details`"),
            );
        }
        let statement = attributes::translate(context, &schema, &mut findings);
        let trust = Trust::of(context.identity_provider, Some(block), &mut findings);
        let signs_response = signing(context, &mut findings);
        if profile.spec.session.lifetime_hours.is_some() {
            findings.push(
                Finding::new(&codes::SESSION, "a SAML app of Google has no session lifetime")
                    .at(
                        profile.at(&path!["spec", "session", "lifetimeHours"]),
                        "Google's own session control decides",
                    )
                    .help("leave it out, and set the session length in the Admin console"),
            );
        }
        if !findings.is_empty() {
            return Err(LowerError(findings));
        }
        let lowering = Lowering {
            context,
            realm: open::realm(block),
            service_provider,
            statement,
            schema,
            signs_response,
        };
        let mut components = vec![lowering.idp(&trust)];
        components.extend(lowering.schema());
        if profile.spec.application.management == Management::Managed {
            components.extend([lowering.app(), lowering.details(), lowering.access()]);
            components.extend(lowering.mapping());
        }
        Ok(components)
    }

    fn lower_member(
        &self,
        context: &ProfileContext<'_>,
        enablement: &Resource<UserEnablementSpec>,
        member: &Member<'_>,
    ) -> Vec<Component> {
        let Some(block) = block(context) else { return Vec::new() };
        user(context, &open::realm(block), enablement, member).into_iter().collect()
    }

    fn population_realm(&self, context: &ProfileContext<'_>) -> Option<Realm> {
        Some(open::realm(block(context)?))
    }
}

/// The block that says which customer serves a profile.
fn block<'a>(context: &ProfileContext<'a>) -> Option<&'a Google> {
    context.identity_provider.spec.google.as_ref().or(context.tenant.spec.google.as_ref())
}

fn settings<'a>(context: &ProfileContext<'a>) -> Option<&'a GoogleApplication> {
    context.profile.spec.application.google.as_ref()
}

fn schema_name(context: &ProfileContext<'_>) -> String {
    let default = if context.profile.spec.product.is_flex() { "Flex_Details" } else { "Twilio_Details" };
    settings(context).and_then(|it| it.schema.clone()).unwrap_or_else(|| default.to_owned())
}

fn translated(context: &ProfileContext<'_>) -> Statement {
    attributes::translate(context, &schema_name(context), &mut Vec::new())
}

fn has_schema(context: &ProfileContext<'_>) -> bool {
    !translated(context).fields.is_empty()
}

fn has_mapping(context: &ProfileContext<'_>) -> bool {
    let statement = translated(context);
    !statement.rows.is_empty() || statement.groups.is_some()
}

/// The address of a component of a profile; the identity provider's own is shared by its profiles.
fn gate(context: &ProfileContext<'_>, component_type: &str) -> Address {
    if component_type != kind::IDP {
        return context.address(component_type);
    }
    let provider = context.identity_provider;
    Address::new(provider.tenant.clone(), Kind::IdentityProvider, provider.name().clone(), kind::IDP)
}

/// Whether the response is signed, rather than the assertion.
fn signing(context: &ProfileContext<'_>, findings: &mut Vec<Finding>) -> bool {
    let own = &context.profile.spec.signing;
    let defaults = &context.identity_provider.spec.defaults.signing;
    let response = own.response.or(defaults.response).unwrap_or(true);
    let assertion = own.assertion.or(defaults.assertion);
    let place = context.profile.at(&path!["spec", "signing"]);
    if assertion == Some(response) {
        let message = if response {
            "Google signs either the response or the assertion, by one setting"
        } else {
            "Google always signs either the response or the assertion"
        };
        findings.push(
            Finding::new(&codes::SIGNING, message)
                .at(place.clone(), "asked for here or in the defaults")
                .help("say `response: true` and leave `assertion` out: Twilio wants signed responses"),
        );
    }
    let algorithm = own.algorithm.or(defaults.algorithm).unwrap_or_default();
    let digest = own.digest.or(defaults.digest).unwrap_or_default();
    if algorithm == SignatureAlgorithm::RsaSha1 || digest == DigestAlgorithm::Sha1 {
        findings.push(
            Finding::new(&codes::SIGNING, "Google signs with SHA-256 only")
                .at(place, "SHA-1, asked for here or in the defaults")
                .help("leave `algorithm` and `digest` out"),
        );
    }
    response
}

struct Lowering<'a> {
    context: &'a ProfileContext<'a>,
    realm: Realm,
    service_provider: &'a ServiceProviderSide,
    statement: Statement,
    schema: String,
    signs_response: bool,
}

impl Lowering<'_> {
    fn name(&self) -> String {
        let spec = &self.context.profile.spec;
        spec.application
            .name
            .clone()
            .unwrap_or_else(|| format!("{} - {}", spec.product.title(), self.context.profile.name()))
    }

    fn step(&self, component_type: &str, what: &str, fields: Vec<Field>, step: Step) -> Component {
        let profile = self.context.profile;
        let name = self.name();
        Component {
            formerly: self.context.former_address(component_type),
            fields,
            lifecycle: profile.lifecycle.clone(),
            step: Some(step),
            ..Component::new(
                self.context.marker(&self.context.address(component_type)),
                self.realm.clone(),
                format!("Google SAML app `{name}`: {what}"),
                name,
                profile.origin(),
            )
        }
    }

    /// Google's side of the trust: nothing to make, something to compare.
    fn idp(&self, trust: &Trust) -> Component {
        let provider = self.context.identity_provider;
        let attested = |path: &str, value: &Value| {
            Field::new(path, value.clone(), Capability::Attested).from(trust.origin.clone())
        };
        Component {
            fields: vec![
                attested("idpEntityId", &trust.issuer),
                attested("idpSsoUrl", &trust.sso_url).by(Rule::Url),
                attested("idpCertificates", &trust.certificates).by(Rule::Set),
            ],
            step: Some(steps::idp(&self.realm.tenant)),
            ..Component::new(
                self.context.marker(&gate(self.context, kind::IDP)),
                self.realm.clone(),
                format!("Google as identity provider `{}`", provider.name()),
                provider.name().as_str(),
                provider.origin(),
            )
        }
    }

    /// The custom schema, where anything is kept in it.
    fn schema(&self) -> Option<Component> {
        if self.statement.fields.is_empty() {
            return None;
        }
        let profile = self.context.profile;
        let title = display_name(&self.schema);
        let place = profile.at(&path!["spec", "application", "google", "schema"]);
        let mut component = Component::new(
            self.context.marker(&self.context.address(kind::SCHEMA)),
            self.realm.clone(),
            format!("Google custom attributes `{title}`"),
            self.schema.clone(),
            profile.origin(),
        );
        component.formerly = self.context.former_address(kind::SCHEMA);
        component.lifecycle = profile.lifecycle.clone();
        component.adopt = profile.spec.application.adopt;
        component.fields.push(Field::managed(field::DISPLAY_NAME, title).from(place.clone()));
        component
            .fields
            .push(Field::new(field::SCHEMA, self.schema.as_str(), Capability::Derived).from(place));
        for it in &self.statement.fields {
            let managed = |key: &str, value: Value| {
                Field::managed(format!("{}{}.{key}", field::FIELDS, it.name), value).from(it.origin.clone())
            };
            component.fields.extend([
                managed("displayName", it.display_name().into()),
                managed("fieldType", "STRING".into()),
                managed("multiValued", it.is_multi_valued().into()),
                managed("readAccessType", READ_ACCESS.into()),
            ]);
        }
        Some(component)
    }

    /// The app with Twilio's side in it.
    fn app(&self) -> Component {
        let profile = self.context.profile;
        let side = self.service_provider;
        let attested = |path: &str, value: Value| Field::new(path, value, Capability::Attested);
        let at = |path| Some(profile.at(&path));
        let in_map = |path| self.context.attribute_map.map(|map| map.at(&path));
        let mut fields = vec![
            // SAML compares both as text (saml-profiles-2.0 section 4.1.4.2), so no URL rule here.
            attested("acsUrl", side.acs_url.clone()).from(at(path!["spec", "serviceProvider", "acsUrl"])),
            attested("entityId", side.entity_id.clone()).from(at(path![
                "spec",
                "serviceProvider",
                "entityId"
            ])),
        ];
        if let Some(url) = &side.start_url {
            fields.push(attested("startUrl", url.clone()).by(Rule::Url).from(at(path![
                "spec",
                "urls",
                "defaultRedirect"
            ])));
        }
        fields.extend([
            attested("signedResponse", self.signs_response.into()).from(at(path!["spec", "signing"])),
            attested("nameIdFormat", self.statement.name_id_format.into())
                .from(in_map(path!["spec", "nameId", "format"])),
            attested("nameId", self.statement.name_id.as_str().into())
                .from(in_map(path!["spec", "nameId", "from"])),
        ]);
        let settings = settings(self.context);
        let name = self.name();
        let step = steps::app(
            &self.realm.tenant,
            &Wizard {
                name: &name,
                description: settings.and_then(|it| it.description.as_deref()),
                logo: settings.and_then(|it| it.logo.as_deref()),
                rows: self.statement.rows.iter().map(attributes::Row::text).collect(),
                groups: self
                    .statement
                    .groups
                    .as_ref()
                    .map(|(groups, name)| format!("{} -> {name}", groups.join(", "))),
                has_start_url: side.start_url.is_some(),
            },
        );
        let mut needs = vec![gate(self.context, kind::IDP)];
        // The wizard offers custom attributes only once they exist.
        needs.extend((!self.statement.fields.is_empty()).then(|| self.context.address(kind::SCHEMA)));
        Component { needs, ..self.step(kind::APP, "service provider", fields, step) }
    }

    fn details(&self) -> Component {
        let profile = self.context.profile;
        let settings = settings(self.context);
        let (description, logo) =
            settings.map_or((None, None), |it| (it.description.as_deref(), it.logo.as_deref()));
        let mut fields =
            vec![Field::new("name", self.name(), Capability::Attested).from(profile.at(&path![
                "spec",
                "application",
                "name"
            ]))];
        for (path, value) in [("description", description), ("logo", logo)] {
            if let Some(value) = value {
                fields.push(Field::new(path, value, Capability::Attested).from(profile.at(&path![
                    "spec",
                    "application",
                    "google",
                    path
                ])));
            }
        }
        let step = steps::details(&self.realm.tenant, description.is_some(), logo.is_some());
        let component = self.step(kind::DETAILS, "details", fields, step);
        Component { needs: vec![self.context.address(kind::APP)], ..component }
    }

    fn mapping(&self) -> Option<Component> {
        let place = self.context.attribute_map.map(|map| map.at(&path!["spec", "attributes"]));
        let mut fields = Vec::new();
        if !self.statement.rows.is_empty() {
            let rows = Value::texts(self.statement.rows.iter().map(attributes::Row::text));
            fields
                .push(Field::new("attributes", rows, Capability::Attested).by(Rule::Set).from(place.clone()));
        }
        if let Some((groups, name)) = &self.statement.groups {
            fields.extend([
                Field::new("groups", Value::texts(groups.clone()), Capability::Attested)
                    .by(Rule::Set)
                    .from(place.clone()),
                Field::new("groupsAttribute", name.as_str(), Capability::Attested).from(place),
            ]);
        }
        if fields.is_empty() {
            return None;
        }
        let step = steps::mapping(&self.realm.tenant, self.statement.groups.is_some());
        let component = self.step(kind::MAPPING, "attribute mapping", fields, step);
        Some(Component { needs: vec![self.context.address(kind::APP)], ..component })
    }

    fn access(&self) -> Component {
        let profile = self.context.profile;
        let stated = settings(self.context).and_then(|it| it.access.clone());
        let selected = || -> BTreeSet<String> {
            self.context.enablements.iter().flat_map(|it| it.spec.select.groups.iter().cloned()).collect()
        };
        let mut whom: Vec<String> = match stated {
            Some(access) => access
                .organizational_units
                .into_iter()
                .map(|unit| format!("organizational unit {unit}"))
                .chain(access.groups.into_iter().map(|group| format!("group {group}")))
                .collect(),
            None => selected().into_iter().map(|group| format!("group {group}")).collect(),
        };
        if whom.is_empty() {
            whom.push("everyone".to_owned());
        }
        let fields = vec![
            Field::new("onFor", Value::texts(whom), Capability::Attested)
                .by(Rule::Set)
                .from(profile.at(&path!["spec", "application", "google", "access"])),
        ];
        let component = self.step(kind::ACCESS, "user access", fields, steps::access(&self.realm.tenant));
        // Nobody is let in before the app says the right things about people.
        let mut needs = vec![self.context.address(kind::APP)];
        needs.extend(has_mapping(self.context).then(|| self.context.address(kind::MAPPING)));
        Component { needs, ..component }
    }
}

/// One person's values: only those that the attribute map reads.
fn user(
    context: &ProfileContext<'_>,
    realm: &Realm,
    enablement: &Resource<UserEnablementSpec>,
    member: &Member<'_>,
) -> Option<Component> {
    let schema = schema_name(context);
    let email = member.person.email.to_lowercase();
    let address = Address::new(
        enablement.tenant.clone(),
        Kind::UserEnablement,
        enablement.name().clone(),
        format!("{}:{email}", kind::USER),
    );
    let statement = translated(context);
    let values: Vec<(&str, Value, bool)> = statement
        .fields
        .iter()
        .filter_map(|it| Some((it.name.as_str(), it.value(member)?, it.is_multi_valued())))
        .collect();
    if values.is_empty() {
        return None;
    }
    let keys = Value::texts(values.iter().map(|(name, ..)| *name));
    let mut fields: Vec<Field> = values
        .into_iter()
        .map(|(name, value, is_multi)| {
            let made = Field::managed(format!("{}{schema}.{name}", field::VALUES), value);
            if is_multi { made.by(Rule::Set) } else { made }
        })
        .collect();
    fields.push(Field::managed(field::KEYS, keys).by(Rule::Set));
    fields.extend([
        Field::new(field::SCHEMA, schema.as_str(), Capability::Derived),
        Field::new(field::USER_ID, member.person.id.as_str(), Capability::Derived),
    ]);
    for field in &mut fields {
        field.origin = Some(member.origin.clone());
    }
    let marker = context.marker(&address);
    let mut component =
        Component::new(marker, realm.clone(), format!("Google user {email}"), email, member.origin.clone());
    component.formerly = enablement.metadata.formerly.clone().map(|former| component.address.renamed(former));
    component.class = Class::Membership;
    component.adopt = enablement.spec.adopt;
    component.needs = member.needs.clone();
    component.fields = fields;
    component.lifecycle = enablement.lifecycle.clone();
    Some(component)
}

#[cfg(test)]
pub(super) mod tests;
