//! Lowering: a profile with everything that it refers to becomes the Auth0 objects that serve it.
//!
//! Not owned, and so kept as they are found: `typedAttributes` and `includeAttributeNameFormat` (both are on by default, which is
//! what Twilio reads, and neither is in the published schema), `logout` (Twilio documents no single logout), and
//! `authnContextClassRef`.

mod keys;
mod member;

use url::Url;

use self::{keys::keys, member::user};
use super::{
    PROVIDER,
    action::{self, Recipe},
    attributes::{self, Statement},
    codes,
};
use crate::{
    component::{Address, Capability, Component, Field, Marker, Realm, Rule, Value},
    diagnostics::Finding,
    manifest::{
        Kind, Resource,
        sso_profile::{DEFAULT_LIFETIME_HOURS, DigestAlgorithm, Management, SignatureAlgorithm, Signing},
        tenant::Auth0,
        user_enablement::UserEnablementSpec,
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
    pub(in super::super) const KEYS: &str = "auth0.keys";
    pub(in super::super) const CLIENT: &str = "auth0.client";
    pub(in super::super) const ACTION: &str = "auth0.action";
    pub(in super::super) const BINDING: &str = "auth0.binding";
    pub(in super::super) const USER: &str = "auth0.user";
}

/// Field paths that more than one file names.
pub(super) mod field {
    /// Shown as context: which application, where the manifest says so by ID.
    pub(in super::super) const CLIENT_ID: &str = "client_id";
    /// Shown as context: the connection that people sign in with.
    pub(in super::super) const CONNECTION: &str = "connection";
    /// Shown as context: which user.
    pub(in super::super) const USER_ID: &str = "user_id";
    pub(in super::super) const FINGERPRINTS: &str = "fingerprints";
    pub(in super::super) const SAMLP: &str = "addons.samlp.";
    pub(in super::super) const FLEX: &str = "app_metadata.flex.";
    /// Which keys of `flex` are Concord's, so that one that is no longer wanted goes.
    pub(in super::super) const KEYS: &str = "app_metadata.concord.keys";
    pub(in super::super) const CODE: &str = "code";
    pub(in super::super) const DEPLOYED: &str = "deployed";
}

/// The trigger that the Action runs at.
pub(super) const TRIGGER: &str = "post-login";
/// The Node runtime of the Action.
pub(super) const RUNTIME: &str = "node22";
/// The SAML binding by which responses travel.
const HTTP_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// Auth0's half of a profile.
#[derive(Debug, Clone, Copy, Default)]
pub struct Auth0Vendor;

impl IdentityProvider for Auth0Vendor {
    fn offer(&self, context: &ProfileContext<'_>) -> IdentityProviderSide {
        let Some(tenant) = Tenant::of(context) else {
            // `lower` says what is missing.
            return IdentityProviderSide {
                issuer: Value::Null,
                sso_url: Value::Null,
                certificates: Value::Null,
                gates: Vec::new(),
            };
        };
        let client = context.address(kind::CLIENT);
        let pins = Pins::of(context.identity_provider, &codes::CERTIFICATE, &mut Vec::new());
        let certificates =
            pins.certificates().unwrap_or_else(|| Value::output_of(&keys_address(context), "certificates"));
        let mut gates = vec![client.clone()];
        if context.profile.spec.application.management == Management::Managed
            && !attributes::translate(context.attribute_map, &mut Vec::new()).settings.is_empty()
        {
            gates.extend([context.address(kind::ACTION), context.address(kind::BINDING)]);
        }
        IdentityProviderSide {
            issuer: tenant.issuer(context).into(),
            sso_url: Value::output_of(&client, "ssoUrl"),
            certificates,
            gates,
        }
    }

    fn lower(
        &self,
        context: &ProfileContext<'_>,
        service_provider: &ServiceProviderSide,
    ) -> Result<Vec<Component>, LowerError> {
        let profile = context.profile;
        let Some(tenant) = Tenant::of(context) else {
            return Err(LowerError(vec![
                Finding::new(
                    &codes::TENANT_MISSING,
                    format!(
                        "identity provider `{}` does not say which Auth0 tenant it is",
                        context.identity_provider.name()
                    ),
                )
                .at(profile.at(&path!["spec", "identityProvider"]), "an Auth0 identity provider")
                .related(context.identity_provider.origin(), "has no `auth0` block, and its tenant has none")
                .help("add `auth0: {domain: ...}` to the IdentityProvider, or to the Tenant"),
            ]));
        };
        let mut findings = Vec::new();
        let statement = attributes::translate(context.attribute_map, &mut findings);
        let pins = Pins::of(context.identity_provider, &codes::CERTIFICATE, &mut findings);
        let signing = SigningChoice::of(context, &mut findings);
        let name = application_name(context);
        if name.is_empty() || name.contains(['<', '>']) {
            findings.push(
                Finding::new(&codes::NAME, format!("Auth0 refuses `{name}` as the name of an application"))
                    .at(profile.at(&path!["spec", "application", "name"]), "not accepted by Auth0")
                    .help("leave out `<` and `>`"),
            );
        }
        for enablement in context.enablements.iter().filter(|it| !it.spec.select.groups.is_empty()) {
            findings.push(
                Finding::new(&codes::GROUPS, "Auth0 has no groups to select people by")
                    .at(enablement.at(&path!["spec", "select", "groups"]), "no such thing in Auth0")
                    .help("select by `emailDomains` or `users`"),
            );
        }
        if !findings.is_empty() {
            return Err(LowerError(findings));
        }

        let lowering = Lowering { context, tenant: &tenant, service_provider, statement, signing, name };
        let mut components = vec![keys(context, &tenant, &pins), lowering.client()];
        let is_managed = profile.spec.application.management == Management::Managed;
        if is_managed && !lowering.statement.settings.is_empty() {
            components.push(lowering.action());
            components.push(lowering.binding());
        }
        Ok(components)
    }

    fn lower_member(
        &self,
        context: &ProfileContext<'_>,
        enablement: &Resource<UserEnablementSpec>,
        member: &Member<'_>,
    ) -> Vec<Component> {
        Tenant::of(context)
            .and_then(|tenant| user(context, &tenant, enablement, member))
            .into_iter()
            .collect()
    }

    fn metadata_url(&self, context: &ProfileContext<'_>, outputs: &Outputs) -> Option<Url> {
        let published: Url =
            outputs.get(&context.address(kind::CLIENT))?.get("metadataUrl")?.as_text()?.parse().ok()?;
        let block = context.identity_provider.spec.auth0.as_ref().or(context.tenant.spec.auth0.as_ref())?;
        // Where the tenant is reached by another address, its metadata are too.
        let Some(mut endpoint) = block.endpoint.clone() else { return Some(published) };
        let path = format!("{}{}", endpoint.path().trim_end_matches('/'), published.path());
        endpoint.set_path(&path);
        Some(endpoint)
    }

    fn population_realm(&self, context: &ProfileContext<'_>) -> Option<Realm> {
        Some(Tenant::of(context)?.realm())
    }
}

/// The Auth0 tenant that serves a profile.
struct Tenant {
    domain: String,
}

impl Tenant {
    fn of(context: &ProfileContext<'_>) -> Option<Self> {
        let block: &Auth0 =
            context.identity_provider.spec.auth0.as_ref().or(context.tenant.spec.auth0.as_ref())?;
        Some(Self { domain: block.domain.to_ascii_lowercase() })
    }

    fn realm(&self) -> Realm {
        Realm::new(PROVIDER, self.domain.clone())
    }

    /// What Auth0 asserts as issuer by default.
    fn default_issuer(&self) -> String {
        default_issuer(&self.domain)
    }

    /// The issuer that the manifests pin, or Auth0's default.
    fn issuer(&self, context: &ProfileContext<'_>) -> String {
        context.identity_provider.spec.trust.issuer.clone().unwrap_or_else(|| self.default_issuer())
    }
}

/// What Auth0 asserts as issuer unless the addon says otherwise.
pub(super) fn default_issuer(domain: &str) -> String {
    format!("urn:{domain}")
}

fn keys_address(context: &ProfileContext<'_>) -> Address {
    let provider = context.identity_provider;
    Address::new(provider.tenant.clone(), Kind::IdentityProvider, provider.name().clone(), kind::KEYS)
}

/// The application's name: the manifest's, or one made of product and profile.
fn application_name(context: &ProfileContext<'_>) -> String {
    let spec = &context.profile.spec;
    spec.application
        .name
        .clone()
        .unwrap_or_else(|| format!("{} - {}", spec.product.title(), context.profile.name()))
}

/// What is signed, and how, after profile, identity provider and default.
struct SigningChoice {
    signs_response: bool,
    algorithm: SignatureAlgorithm,
    digest: DigestAlgorithm,
}

impl SigningChoice {
    fn of(context: &ProfileContext<'_>, findings: &mut Vec<Finding>) -> Self {
        let own: &Signing = &context.profile.spec.signing;
        let defaults = &context.identity_provider.spec.defaults.signing;
        let response = own.response.or(defaults.response).unwrap_or(true);
        let assertion = own.assertion.or(defaults.assertion);
        if assertion == Some(response) {
            let message = if response {
                "Auth0 signs either the response or the assertion, not both"
            } else {
                "Auth0 always signs either the response or the assertion"
            };
            findings.push(
                Finding::new(&codes::SIGNING, message)
                    .at(context.profile.at(&path!["spec", "signing"]), "asked for here or in the defaults")
                    .help("say `response: true` and leave `assertion` out: Twilio wants signed responses"),
            );
        }
        Self {
            signs_response: response,
            algorithm: own.algorithm.or(defaults.algorithm).unwrap_or_default(),
            digest: own.digest.or(defaults.digest).unwrap_or_default(),
        }
    }

    fn algorithm(&self) -> &'static str {
        match self.algorithm {
            SignatureAlgorithm::RsaSha256 => "rsa-sha256",
            SignatureAlgorithm::RsaSha1 => "rsa-sha1",
        }
    }

    fn digest(&self) -> &'static str {
        match self.digest {
            DigestAlgorithm::Sha256 => "sha256",
            DigestAlgorithm::Sha1 => "sha1",
        }
    }
}

struct Lowering<'a> {
    context: &'a ProfileContext<'a>,
    tenant: &'a Tenant,
    service_provider: &'a ServiceProviderSide,
    statement: Statement,
    signing: SigningChoice,
    name: String,
}

impl Lowering<'_> {
    fn component(&self, component_type: &str, title: String, natural_key: String) -> Component {
        let context = self.context;
        let mut component = Component::new(
            context.marker(&context.address(component_type)),
            self.tenant.realm(),
            title,
            natural_key,
            context.profile.origin(),
        );
        component.formerly = context.former_address(component_type);
        component.lifecycle = context.profile.lifecycle.clone();
        component.adopt = context.profile.spec.application.adopt;
        component
    }

    fn client(&self) -> Component {
        let application = &self.context.profile.spec.application;
        let mut component =
            self.component(kind::CLIENT, format!("Auth0 application `{}`", self.name), self.name.clone());
        component.fields = match application.management {
            Management::Managed => self.managed_fields(),
            Management::External => self.external_fields(),
        };
        let connection = application.connection.as_ref().or(self
            .context
            .identity_provider
            .spec
            .defaults
            .connection
            .as_ref());
        for (path, value) in [(field::CONNECTION, connection), (field::CLIENT_ID, application.id.as_ref())] {
            if let Some(value) = value {
                component.fields.push(Field::new(path, value.as_str(), Capability::Derived));
            }
        }
        component
    }

    fn managed_fields(&self) -> Vec<Field> {
        let at = |path| Some(self.context.profile.at(&path));
        let mut fields = vec![
            Field::managed("name", self.name.as_str()).from(at(path!["spec", "application", "name"])),
            Field::managed("app_type", "regular_web"),
        ];
        fields.extend(self.address_fields(Capability::Managed));
        fields.extend(self.statement_fields(Capability::Managed));
        let samlp = |key: &str, value: Value| Field::managed(format!("{}{key}", field::SAMLP), value);
        let issuer = self.tenant.issuer(self.context);
        fields.extend([
            samlp("issuer", if issuer == self.tenant.default_issuer() { Value::Null } else { issuer.into() })
                .from(Some(self.context.identity_provider.at(&path!["spec", "trust", "issuer"]))),
            self.lifetime(Capability::Managed),
            // Only what the attribute map names is asserted.
            samlp("createUpnClaim", false.into()),
            samlp("passthroughClaimsWithNoMapping", false.into()),
            samlp("mapUnknownClaimsAsIs", false.into()),
            samlp("mapIdentities", false.into()),
            samlp("binding", HTTP_POST.into()),
        ]);
        fields
    }

    /// What Twilio needs of an application that somebody else owns; everything else there is its owner's choice.
    fn external_fields(&self) -> Vec<Field> {
        let mut fields = self.address_fields(Capability::Observed);
        fields.extend(self.statement_fields(Capability::Observed));
        if self.context.profile.spec.session.lifetime_hours.is_some() {
            fields.push(self.lifetime(Capability::Observed));
        }
        fields
    }

    fn lifetime(&self, capability: Capability) -> Field {
        let session = &self.context.profile.spec.session;
        let seconds = i64::from(session.lifetime_hours.unwrap_or(DEFAULT_LIFETIME_HOURS)) * 3600;
        Field::new(format!("{}lifetimeInSeconds", field::SAMLP), seconds, capability)
            .from(Some(self.context.profile.at(&path!["spec", "session", "lifetimeHours"])))
    }

    /// Where responses and people may go: what depends on the service provider's side.
    fn address_fields(&self, capability: Capability) -> Vec<Field> {
        let at = |path| Some(self.context.profile.at(&path));
        let side = self.service_provider;
        let callbacks: Vec<Value> =
            std::iter::once(&side.acs_url).chain(&side.callback_urls).cloned().collect();
        let samlp = |key: &str, value: &Value| {
            seeded(
                Field::new(format!("{}{key}", field::SAMLP), value.clone(), capability),
                Value::Null,
                capability,
            )
        };
        vec![
            seeded_list(
                Field::new("callbacks", Value::List(callbacks), capability).by(Rule::FirstThenSet),
                capability,
            )
            .from(at(path!["spec", "serviceProvider", "callbackUrls"])),
            seeded_list(
                Field::new("allowed_logout_urls", Value::List(side.logout_urls.clone()), capability)
                    .by(Rule::UrlSet),
                capability,
            )
            .from(at(path!["spec", "serviceProvider", "logoutUrls"])),
            samlp("audience", &side.entity_id).from(at(path!["spec", "serviceProvider", "entityId"])),
            // SAML compares both as text (saml-profiles-2.0 section 4.1.4.2), so no URL rule here.
            samlp("recipient", &side.acs_url).from(at(path!["spec", "serviceProvider", "acsUrl"])),
            samlp("destination", &side.acs_url).from(at(path!["spec", "serviceProvider", "acsUrl"])),
        ]
    }

    /// What is asserted, and how it is signed.
    fn statement_fields(&self, capability: Capability) -> Vec<Field> {
        let profile = self.context.profile;
        let map = self.context.attribute_map;
        let in_map = |path| map.map(|map| map.at(&path));
        let signing = Some(profile.at(&path!["spec", "signing"]));
        let samlp = |key: &str, value: Value| Field::new(format!("{}{key}", field::SAMLP), value, capability);
        vec![
            samlp("mappings", self.statement.mappings_value()).from(in_map(path!["spec", "attributes"])),
            samlp("nameIdentifierFormat", self.statement.name_id_format.urn().into())
                .from(in_map(path!["spec", "nameId", "format"])),
            samlp("nameIdentifierProbes", Value::texts(self.statement.name_id_probes.clone()))
                .from(in_map(path!["spec", "nameId", "from"])),
            samlp("signResponse", self.signing.signs_response.into()).from(signing.clone()),
            samlp("signatureAlgorithm", self.signing.algorithm().into()).from(signing.clone()),
            samlp("digestAlgorithm", self.signing.digest().into()).from(signing),
        ]
    }

    fn action_name(&self) -> String {
        let context = self.context;
        format!(
            "Concord {} {} attributes {}",
            context.profile.tenant,
            context.profile.name(),
            context.project
        )
    }

    fn action(&self) -> Component {
        let context = self.context;
        let name = self.action_name();
        let mut component = self.component(kind::ACTION, format!("Auth0 Action `{name}`"), name.clone());
        let marker_of =
            |address: Address| Marker { project: context.project.to_owned(), address }.to_string();
        let clients = std::iter::once(context.address(kind::CLIENT))
            .chain(context.former_address(kind::CLIENT))
            .map(marker_of)
            .collect();
        let code = action::generate(&Recipe {
            marker: &component.marker,
            clients,
            application: context.profile.spec.product.title(),
            settings: &self.statement.settings,
        });
        let map = context.attribute_map.map(|map| map.at(&path!["spec", "attributes"]));
        component.fields = vec![
            Field::managed("name", name),
            Field::managed(field::CODE, code).by(Rule::Text).from(map),
            Field::managed("runtime", RUNTIME),
            Field::managed("trigger", TRIGGER),
            Field::managed(field::DEPLOYED, true),
        ];
        // It does not wait for the application, which may wait for a person: it runs only for what carries the application's marker,
        // and an attribute that moves from the addon to the Action is set by both for a moment rather than by none.
        component
    }

    fn binding(&self) -> Component {
        let name = self.action_name();
        let mut component = self.component(
            kind::BINDING,
            format!("place of Action `{name}` in Auth0's {TRIGGER} flow"),
            name,
        );
        component.fields = vec![Field::managed("bound", true)];
        component.needs = vec![self.context.address(kind::ACTION)];
        component
    }
}

/// A field that may be written with a seed as long as its value is pending. Nobody writes what is only observed.
fn seeded(field: Field, seed: Value, capability: Capability) -> Field {
    if field.value.is_pending() && capability == Capability::Managed { field.seeded(seed) } else { field }
}

/// A list whose pending items are left out as long as they are pending.
fn seeded_list(field: Field, capability: Capability) -> Field {
    let known = field.value.as_list().unwrap_or_default().iter().filter(|item| !item.is_pending()).cloned();
    let seed = Value::List(known.collect());
    seeded(field, seed, capability)
}

#[cfg(test)]
pub(super) mod tests;
