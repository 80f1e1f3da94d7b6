//! Lowering: a profile with everything that it refers to becomes the Salesforce components that serve it.
//!
//! Certificate and identity-provider settings belong to the organization and so to the `IdentityProvider`; the application belongs to the
//! profile. In an edition whose Metadata API does not serve SAML applications all of them become steps for a person (`manual`).
//!
//! Not owned, and so kept as they are found: logout, sessions, OAuth and other plugins, logos, whatever a later version adds.

mod manual;
mod names;
mod people;

pub(super) use manual::removal_step;
pub(super) use names::{developer_name, is_developer_name};

use super::{
    PROVIDER,
    client::{DEFAULT_API_VERSION, metadata_url},
    codes,
    formulas::{self, Asserted},
};
use crate::{
    component::{Address, Capability, Component, Field, Realm, Rule, Value},
    diagnostics::Finding,
    manifest::{
        Kind, OnRemoval, Resource,
        sso_profile::{
            DigestAlgorithm, KeySize, Management, SalesforceApplication, SalesforceApplicationKind,
            SignatureAlgorithm,
        },
        tenant::{Salesforce, SalesforceEdition},
        user_enablement::{Removal, UserAttributes, UserEnablementSpec},
    },
    plan::Outputs,
    provider::{
        IdentityProvider, IdentityProviderSide, LowerError, Member, ProfileContext, ServiceProviderSide,
        pins::Pins,
    },
    yaml::path,
};

/// The component types.
pub(super) mod kind {
    pub(in super::super) const CERTIFICATE: &str = "salesforce.certificate";
    pub(in super::super) const IDENTITY_PROVIDER: &str = "salesforce.identity-provider";
    pub(in super::super) const APP: &str = "salesforce.app";
    pub(in super::super) const USER: &str = "salesforce.user";
    pub(in super::super) const TEST_USER: &str = "salesforce.test-user";
    /// Several people's access, by hand.
    pub(in super::super) const PEOPLE: &str = "salesforce.people";
}

/// Field paths that more than one file names.
pub(super) mod field {
    pub(in super::super) const NAME: &str = "name";
    pub(in super::super) const KEY_SIZE: &str = "keySize";
    pub(in super::super) use crate::provider::pins::FINGERPRINTS;
    pub(in super::super) const CERTIFICATE_NAME: &str = "certificateName";
    pub(in super::super) const ENABLED: &str = "enableIdentityProvider";
    /// What begins with this is in the policies of an External Client App.
    pub(in super::super) const POLICIES: &str = "policies.";
    /// What begins with this is in its SAML policies.
    pub(in super::super) const SAML: &str = "samlPolicies.";
    /// Shown as context: the API name.
    pub(in super::super) const API_NAME: &str = "apiName";
    /// Shown as context: whether it is a Connected App.
    pub(in super::super) const APP_KIND: &str = "kind";
    /// A person's permission set.
    pub(in super::super) const PERMISSION_SET: &str = "permissionSet";
    /// Whether a person's profile is one of the application's.
    pub(in super::super) const HAS_ACCESS: &str = "hasAccess";
    /// Shown as context: the profiles that give access.
    pub(in super::super) const PROFILES: &str = "profiles";
    pub(in super::super) const USER_ID: &str = "userId";
    /// The people of a step that is for several.
    pub(in super::super) const EMAILS: &str = "emails";
    /// Of a test user: whether there is an active user of this address.
    pub(in super::super) const EXISTS: &str = "exists";
}

/// The certificate where the manifest names none.
pub(super) const DEFAULT_CERTIFICATE: &str = "Concord_SAML";

/// Salesforce requires an ACS URL and an entity ID from the beginning. As long as Twilio's are not known these stand there: a host that can
/// never exist (RFC 2606 section 2), so that no assertion can reach anybody, and an audience that nobody is.
pub(super) const SEED_URL: &str = "https://concord.invalid/pending";
const SEED_ENTITY: &str = "urn:concord:pending";

/// Salesforce's half of a profile.
#[derive(Debug, Clone, Copy, Default)]
pub struct SalesforceVendor;

impl IdentityProvider for SalesforceVendor {
    fn offer(&self, context: &ProfileContext<'_>) -> IdentityProviderSide {
        let pins = Pins::of(context.identity_provider, &codes::CERTIFICATE, &mut Vec::new());
        let Some(organization) = Organization::of(context) else {
            let app = context.address(kind::APP);
            return IdentityProviderSide {
                issuer: Value::output_of(&app, "issuer"),
                sso_url: Value::output_of(&app, "ssoUrl"),
                certificates: Value::output_of(&app, "certificates"),
                gates: vec![app],
            };
        };
        // The certificate itself says what it is as soon as it is made; without the API only the published metadata do.
        let giver = match organization.has_api {
            true => organization.certificate_address(context),
            false => organization.settings_address(context),
        };
        let mut gates = vec![context.address(kind::APP)];
        if context.profile.spec.application.management == Management::Managed {
            gates.insert(0, organization.settings_address(context));
        }
        gates.extend(people::testers(context).map(|email| people::tester_address(context, &email)));
        IdentityProviderSide {
            issuer: Value::text(organization.issuer(context)),
            sso_url: Value::text(organization.sso_url(context)),
            certificates: pins.certificates().unwrap_or_else(|| Value::output_of(&giver, "certificates")),
            gates,
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
                        "identity provider `{}` does not say which Salesforce organization it is",
                        context.identity_provider.name()
                    ),
                )
                .at(profile.at(&path!["spec", "identityProvider"]), "a Salesforce identity provider")
                .related(
                    context.identity_provider.origin(),
                    "has no `salesforce` block, and its tenant has none",
                )
                .help("add `salesforce: {domain: ...}` to the IdentityProvider, or to the Tenant"),
            ]));
        };
        let mut findings = Vec::new();
        let asserted = formulas::translate(context, &mut findings);
        let pins = Pins::of(context.identity_provider, &codes::CERTIFICATE, &mut findings);
        let algorithm = signing_algorithm(context, &mut findings);
        let app = App::of(context, &mut findings);
        check(context, &organization, &mut findings);
        for enablement in context.enablements {
            check_enablement(enablement, &mut findings);
        }
        if !findings.is_empty() {
            return Err(LowerError(findings));
        }
        let lowering = Lowering {
            context,
            organization: &organization,
            service_provider,
            asserted,
            algorithm,
            app,
            pins,
        };
        let mut components = lowering.components();
        components
            .extend(people::testers(context).map(|email| people::tester(context, &organization, &email)));
        Ok(components)
    }

    fn lower_member(
        &self,
        context: &ProfileContext<'_>,
        enablement: &Resource<UserEnablementSpec>,
        member: &Member<'_>,
    ) -> Vec<Component> {
        let Some(organization) = Organization::of(context) else { return Vec::new() };
        if context.profile.spec.application.management == Management::External {
            return Vec::new();
        }
        people::member(context, &organization, enablement, member).into_iter().collect()
    }

    fn lower_members(
        &self,
        context: &ProfileContext<'_>,
        enablement: &Resource<UserEnablementSpec>,
        members: &[Member<'_>],
    ) -> Vec<Component> {
        let Some(organization) = Organization::of(context) else { return Vec::new() };
        if organization.has_directory || context.profile.spec.application.management == Management::External {
            return members
                .iter()
                .flat_map(|member| self.lower_member(context, enablement, member))
                .collect();
        }
        people::list(context, &organization, enablement, members).into_iter().collect()
    }

    fn metadata_url(&self, context: &ProfileContext<'_>, outputs: &Outputs) -> Option<url::Url> {
        let organization = Organization::of(context)?;
        let is_there = outputs.contains_key(&organization.settings_address(context))
            || outputs.contains_key(&context.address(kind::APP));
        metadata_url(&organization.domain).filter(|_| is_there)
    }

    fn population_realm(&self, context: &ProfileContext<'_>) -> Option<Realm> {
        let organization = Organization::of(context)?;
        organization.has_directory.then(|| organization.realm())
    }
}

fn check_enablement(enablement: &Resource<UserEnablementSpec>, findings: &mut Vec<Finding>) {
    let spec = &enablement.spec;
    if spec.attributes != UserAttributes::default() {
        findings.push(
            Finding::new(&codes::USER_ATTRIBUTES, "Salesforce has no place for attributes of single users")
                .at(enablement.at(&path!["spec", "attributes"]), "cannot be kept there")
                .help("read a field of the user instead: `expressions: {salesforce: '$User.Division'}`"),
        );
    }
    if spec.removal != Removal::Report {
        findings.push(
            Finding::new(&codes::REMOVAL, "nobody can say whose a person's access in Salesforce is")
                .at(enablement.at(&path!["spec", "removal"]), "cannot be told apart")
                .help("leave it out: whoever is no longer selected is reported"),
        );
    }
}

/// What is checked of the block and the profile beside what is translated.
fn check(context: &ProfileContext<'_>, organization: &Organization, findings: &mut Vec<Finding>) {
    let profile = context.profile;
    if let Some(hours) = profile.spec.session.lifetime_hours {
        findings.push(
            Finding::new(&codes::SESSION, format!("Salesforce cannot make a sign-in last {hours} hours"))
                .at(profile.at(&path!["spec", "session", "lifetimeHours"]), "no setting of an application")
                .help("leave it out"),
        );
    }
    let minimum = (63, 0);
    if version(&organization.api_version).is_none_or(|version| version < minimum) {
        let place = context.identity_provider.spec.salesforce.as_ref().map_or_else(
            || context.tenant.at(&path!["spec", "salesforce", "apiVersion"]),
            |_| context.identity_provider.at(&path!["spec", "salesforce", "apiVersion"]),
        );
        findings.push(
            Finding::new(
                &codes::API_VERSION,
                format!(
                    "`{}` is no version of the Metadata API that knows these applications",
                    organization.api_version
                ),
            )
            .at(place, "63.0 or later is needed")
            .help("leave it out for 63.0"),
        );
    }
}

/// `63.0` as numbers.
fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    let is_plain =
        |part: &str| !part.is_empty() && part.len() < 4 && part.bytes().all(|b| b.is_ascii_digit());
    (is_plain(major) && is_plain(minor)).then_some(())?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The one algorithm for signature and digest, after profile, identity provider and default.
fn signing_algorithm(context: &ProfileContext<'_>, findings: &mut Vec<Finding>) -> &'static str {
    let own = &context.profile.spec.signing;
    let defaults = &context.identity_provider.spec.defaults.signing;
    let mut refuse = |message: &str| {
        findings.push(
            Finding::new(&codes::SIGNING, message)
                .at(context.profile.at(&path!["spec", "signing"]), "asked for here or in the defaults")
                .help("leave `signing` out: both are signed, with SHA-256"),
        );
    };
    if own.response.or(defaults.response) == Some(false)
        || own.assertion.or(defaults.assertion) == Some(false)
    {
        refuse("Salesforce always signs both, the response and the assertion");
    }
    let algorithm = own.algorithm.or(defaults.algorithm);
    let digest = own.digest.or(defaults.digest);
    let signature = match algorithm.unwrap_or_default() {
        SignatureAlgorithm::RsaSha256 => "SHA256",
        SignatureAlgorithm::RsaSha1 => "SHA1",
    };
    let digest = match digest {
        None => signature,
        Some(DigestAlgorithm::Sha256) => "SHA256",
        Some(DigestAlgorithm::Sha1) => "SHA1",
    };
    if digest != signature {
        refuse("Salesforce takes one algorithm for the signature and its digest");
    }
    signature
}

/// A Salesforce organization.
pub(super) struct Organization {
    /// The My Domain host, lower case.
    domain: String,
    api_version: String,
    /// Whether its Metadata API serves SAML applications.
    has_api: bool,
    /// Whether its users can be listed.
    has_directory: bool,
}

impl Organization {
    fn of(context: &ProfileContext<'_>) -> Option<Self> {
        let block: &Salesforce =
            context.identity_provider.spec.salesforce.as_ref().or(context.tenant.spec.salesforce.as_ref())?;
        let has_api = has_api(block.edition);
        Some(Self {
            domain: block.domain.to_ascii_lowercase(),
            api_version: block.api_version.clone().unwrap_or_else(|| DEFAULT_API_VERSION.to_owned()),
            has_api,
            has_directory: has_api || block.client_id.is_some(),
        })
    }

    fn realm(&self) -> Realm {
        realm(&self.domain)
    }

    /// My Domain, unless the manifest says otherwise (an Experience Cloud site).
    fn issuer(&self, context: &ProfileContext<'_>) -> String {
        let stated = context.identity_provider.spec.trust.issuer.clone();
        stated.unwrap_or_else(|| format!("https://{}", self.domain))
    }

    /// Flex sends its request by redirect (SAML bindings section 3.4).
    fn sso_url(&self, context: &ProfileContext<'_>) -> String {
        let stated = context.identity_provider.spec.trust.sso_url.as_ref().map(ToString::to_string);
        stated.unwrap_or_else(|| format!("https://{}/idp/endpoint/HttpRedirect", self.domain))
    }

    fn of_organization(context: &ProfileContext<'_>, component: &str) -> Address {
        Address::new(
            context.profile.tenant.clone(),
            Kind::IdentityProvider,
            context.identity_provider.metadata.name.clone(),
            component,
        )
    }

    fn certificate_address(&self, context: &ProfileContext<'_>) -> Address {
        let name = certificate_name(settings(context).as_ref());
        Self::of_organization(context, &format!("{}:{name}", kind::CERTIFICATE))
    }

    fn settings_address(&self, context: &ProfileContext<'_>) -> Address {
        Self::of_organization(context, kind::IDENTITY_PROVIDER)
    }
}

/// The realm of a My Domain.
pub(super) fn realm(domain: &str) -> Realm {
    Realm::new(PROVIDER, domain.to_ascii_lowercase())
}

/// Whether an edition's Metadata API serves External Client Apps with SAML.
pub(super) fn has_api(edition: SalesforceEdition) -> bool {
    match edition {
        SalesforceEdition::Unlimited | SalesforceEdition::Performance | SalesforceEdition::Developer => true,
        SalesforceEdition::Enterprise | SalesforceEdition::Professional => false,
    }
}

fn settings(context: &ProfileContext<'_>) -> Option<SalesforceApplication> {
    context.profile.spec.application.salesforce.clone()
}

fn certificate_name(settings: Option<&SalesforceApplication>) -> String {
    settings.and_then(|it| it.certificate.clone()).unwrap_or_else(|| DEFAULT_CERTIFICATE.to_owned())
}

/// The application as the manifest describes it.
pub(super) struct App {
    label: String,
    api_name: String,
    is_connected: bool,
    management: Management,
    contact_email: String,
    profiles: Vec<String>,
    permission_sets: Vec<String>,
    certificate: String,
    key_size: Option<KeySize>,
}

impl App {
    fn of(context: &ProfileContext<'_>, findings: &mut Vec<Finding>) -> Self {
        let profile = context.profile;
        let application = &profile.spec.application;
        let settings = settings(context).unwrap_or_default();
        let label = application
            .name
            .clone()
            .unwrap_or_else(|| format!("{} - {}", profile.spec.product.title(), profile.name()));
        let api_name = application.id.clone().unwrap_or_else(|| developer_name(&label));
        let place = |key: &str| profile.at(&path!["spec", "application", "salesforce", key]);
        if !is_developer_name(&api_name) || label.chars().count() > 80 {
            findings.push(
                Finding::new(&codes::NAME, format!("`{label}` cannot become an API name in Salesforce"))
                    .at(profile.at(&path!["spec", "application", "name"]), "gives no API name")
                    .help("give a name with letters or digits, of 80 characters at most"),
            );
        }
        let certificate = certificate_name(Some(&settings));
        if !is_developer_name(&certificate) {
            findings.push(
                Finding::new(&codes::NAME, format!("`{certificate}` is no unique name of a certificate"))
                    .at(place("certificate"), "not letters, digits and single underscores")
                    .help("give the unique name that Setup shows, such as `Concord_SAML`"),
            );
        }
        for (key, names) in [("profiles", &settings.profiles), ("permissionSets", &settings.permission_sets)]
        {
            for (at, name) in names.iter().enumerate() {
                if name.contains(',') || name.trim() != name || name.is_empty() {
                    findings.push(
                        Finding::new(
                            &codes::ACCESS_NAME,
                            format!("`{name}` cannot stand in a list of Salesforce"),
                        )
                        .at(
                            profile.at(&path!["spec", "application", "salesforce", key, at]),
                            "has a comma or surrounding spaces",
                        )
                        .help("rename it in Salesforce"),
                    );
                }
            }
        }
        if application.management == Management::Managed {
            if settings.contact_email.is_none() {
                findings.push(
                    Finding::new(
                        &codes::CONTACT,
                        "Salesforce requires a contact e-mail address for an application",
                    )
                    .at(profile.at(&path!["spec", "application"]), "no `salesforce.contactEmail`")
                    .help("add `salesforce: {contactEmail: it@example.com}` to the application"),
                );
            }
            if settings.profiles.is_empty() && settings.permission_sets.is_empty() {
                findings.push(
                    Finding::new(
                        &codes::ACCESS,
                        "without a profile or a permission set nobody may use the application",
                    )
                    .at(profile.at(&path!["spec", "application"]), "neither `profiles` nor `permissionSets`")
                    .help("add `salesforce: {permissionSets: [Flex_Users]}` to the application"),
                );
            }
        }
        Self {
            label,
            api_name,
            is_connected: settings.kind == SalesforceApplicationKind::ConnectedApp,
            management: application.management,
            contact_email: settings.contact_email.clone().unwrap_or_default(),
            profiles: settings.profiles.clone(),
            permission_sets: settings.permission_sets.clone(),
            certificate,
            key_size: settings.certificate_key_size,
        }
    }
}

struct Lowering<'a> {
    context: &'a ProfileContext<'a>,
    organization: &'a Organization,
    service_provider: &'a ServiceProviderSide,
    asserted: Asserted,
    algorithm: &'static str,
    app: App,
    pins: Pins,
}

impl Lowering<'_> {
    fn components(&self) -> Vec<Component> {
        if self.app.management == Management::External {
            return vec![self.application()];
        }
        if self.organization.has_api {
            vec![self.certificate(), self.identity_provider(), self.application()]
        } else {
            manual::components(self)
        }
    }

    fn component(&self, address: &Address, title: String, natural_key: &str) -> Component {
        let profile = self.context.profile;
        let mut component = Component::new(
            self.context.marker(address),
            self.organization.realm(),
            title,
            natural_key,
            profile.origin(),
        );
        component.lifecycle = profile.lifecycle.clone();
        component
    }

    /// The key pair and certificate that the organization signs with. Salesforce makes them; it has no place for a marker and is never
    /// deleted, since other applications may be signed for with it.
    fn certificate(&self) -> Component {
        let app = &self.app;
        let address = self.organization.certificate_address(self.context);
        let title = format!("Salesforce certificate `{}`", app.certificate);
        let mut component = self.component(&address, title, &app.certificate);
        let at = |key: &str| Some(self.context.profile.at(&path!["spec", "application", "salesforce", key]));
        component.fields.push(Field::managed(field::NAME, app.certificate.as_str()).from(at("certificate")));
        if let Some(size) = app.key_size {
            component.fields.push(
                Field::managed(field::KEY_SIZE, i64::from(u32::from(size))).from(at("certificateKeySize")),
            );
        }
        component.fields.extend(self.pins.field());
        component
    }

    /// The switch of the whole organization, and the certificate behind it.
    fn identity_provider(&self) -> Component {
        let address = self.organization.settings_address(self.context);
        let title = format!("Salesforce as an identity provider ({})", self.organization.domain);
        let mut component = self.component(&address, title, super::package::SETTINGS);
        component.adopt = self.context.profile.spec.application.adopt;
        component.fields = vec![
            Field::managed(field::ENABLED, true),
            Field::managed(field::CERTIFICATE_NAME, self.app.certificate.as_str())
                .from(self.context.profile.at(&path!["spec", "application", "salesforce", "certificate"])),
        ];
        component
    }

    fn application(&self) -> Component {
        let (context, app) = (self.context, &self.app);
        let what = if app.is_connected { "Connected App" } else { "External Client App" };
        let title = format!("Salesforce {what} `{}`", app.label);
        let mut component = self.component(&context.address(kind::APP), title, &app.api_name);
        component.formerly = context.former_address(kind::APP);
        component.adopt = context.profile.spec.application.adopt;
        if app.is_connected {
            // It was not made here and could not be made again.
            component.lifecycle.on_removal = OnRemoval::Forget;
        }
        let capability = match app.management {
            Management::Managed => Capability::Managed,
            Management::External => Capability::Observed,
        };
        component.fields = self.app_fields(capability);
        component.fields.extend([
            Field::new(field::API_NAME, app.api_name.as_str(), Capability::Derived),
            Field::new(
                field::APP_KIND,
                if app.is_connected { "connectedApp" } else { "externalClientApp" },
                Capability::Derived,
            ),
        ]);
        if app.management == Management::External {
            component.fields.extend(self.pins.field());
        }
        component
    }

    /// The settings of the application, each at its path in Salesforce's own words. The two kinds have the same settings by other names.
    fn app_fields(&self, capability: Capability) -> Vec<Field> {
        let (context, app, side) = (self.context, &self.app, self.service_provider);
        let profile = context.profile;
        let in_map = |path| context.attribute_map.map(|map| map.at(&path));
        let own = |key: &str| Some(profile.at(&path!["spec", "application", "salesforce", key]));
        let (policies, saml) = match app.is_connected {
            true => ("", "samlConfig."),
            false => (field::POLICIES, field::SAML),
        };
        let name = |eca: &'static str, connected: &'static str| match app.is_connected {
            true => connected.to_owned(),
            false => format!("{}{eca}", field::SAML),
        };
        let pending = |path: String, value: &Value, seed: &str, place: &str| {
            let made = Field::new(path, value.clone(), capability).from(profile.at(&path![
                "spec",
                "serviceProvider",
                place
            ]));
            if value.is_pending() && capability == Capability::Managed { made.seeded(seed) } else { made }
        };
        let asserted = &self.asserted;
        let mut fields = Vec::new();
        if app.management == Management::Managed {
            fields.push(Field::new("label", app.label.as_str(), capability).from(profile.at(&path![
                "spec",
                "application",
                "name"
            ])));
            fields.push(
                Field::new("contactEmail", app.contact_email.as_str(), capability).from(own("contactEmail")),
            );
        }
        if !app.is_connected {
            fields.extend([
                // SAML is for applications of this organization alone.
                Field::new("distributionState", "Local", capability),
                Field::new(format!("{policies}isEnabled"), true, capability),
                Field::new(format!("{policies}isSamlPluginEnabled"), true, capability),
            ]);
        }
        if let Some(start_url) = &side.start_url {
            if !app.is_connected {
                fields.push(Field::new(format!("{policies}startPage"), "Custom", capability));
            }
            fields.push(
                Field::new(format!("{policies}startUrl"), start_url.clone(), capability)
                    .by(Rule::Url)
                    .from(profile.at(&path!["spec", "urls", "defaultRedirect"])),
            );
        }
        fields.extend([
            // SAML compares both as text (saml-profiles-2.0 section 4.1.4.2), so no URL rule here.
            pending(format!("{saml}acsUrl"), &side.acs_url, SEED_URL, "acsUrl"),
            pending(format!("{saml}entityUrl"), &side.entity_id, SEED_ENTITY, "entityId"),
            Field::new(format!("{saml}issuer"), self.organization.issuer(context), capability)
                .from(context.identity_provider.at(&path!["spec", "trust", "issuer"])),
            Field::new(
                name("nameIdFormat", "samlConfig.samlNameIdFormat"),
                asserted.subject.format,
                capability,
            )
            .from(in_map(path!["spec", "nameId", "format"])),
            Field::new(
                name("subjectType", "samlConfig.samlSubjectType"),
                asserted.subject.kind.as_str(),
                capability,
            )
            .from(in_map(path!["spec", "nameId", "from"])),
            Field::new(
                name("subjectCustomAttribute", "samlConfig.samlSubjectCustomAttr"),
                Value::from(asserted.subject.field.clone()),
                capability,
            )
            .from(in_map(path!["spec", "nameId", "from"])),
            Field::new(
                name("signingAlgorithmType", "samlConfig.samlSigningAlgoType"),
                self.algorithm,
                capability,
            )
            .from(profile.at(&path!["spec", "signing"])),
            // Twilio signs no requests: with a certificate here Salesforce would refuse them all.
            Field::new(format!("{saml}certificate"), Value::Null, capability),
            // Twilio decrypts nothing.
            Field::new(format!("{saml}encryptionCertificate"), Value::Null, capability),
            Field::new(
                name("customAttributes", "attributes"),
                Value::List(asserted.attributes.clone()),
                capability,
            )
            .by(Rule::Set)
            .from(in_map(path!["spec", "attributes"])),
            Field::new(name("commaSeparatedProfile", "profileName"), Value::texts(&app.profiles), capability)
                .by(Rule::Set)
                .from(own("profiles")),
            Field::new(
                name("commaSeparatedPermissionSet", "permissionSetName"),
                Value::texts(&app.permission_sets),
                capability,
            )
            .by(Rule::Set)
            .from(own("permissionSets")),
        ]);
        fields
    }
}

#[cfg(test)]
pub(super) mod tests;
