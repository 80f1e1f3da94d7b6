//! Manifests to components. Owns what a Flex profile consists of and what it offers to the identity provider; the wording of its steps
//! is in `steps`.

use std::collections::BTreeSet;

use url::Url;

use super::{
    DEFAULT_REGION, PROVIDER, check, codes,
    configuration::instance,
    open,
    steps::{self, Test},
    users,
};
use crate::{
    component::{Capability, Component, Field, Realm, Rule, Step, Value},
    diagnostics::Finding,
    manifest::{
        Resource,
        attribute_map::{Attribute, AttributeMapSpec},
        identity_provider::Vendor,
        tenant::Twilio,
        user_enablement::{Provisioning, UserEnablementSpec},
    },
    provider::{
        IdentityProviderSide, LowerError, Member, ProfileContext, ServiceProvider, ServiceProviderSide,
    },
    yaml::path,
};

/// Component types.
pub(super) const TRUST: &str = "flex.trust";
pub(super) const LABEL: &str = "flex.label";
pub(super) const URLS: &str = "flex.urls";
pub(super) const TEST: &str = "flex.test";
pub(super) const INSTANCE: &str = "flex.instance";
pub(super) const USER: &str = "flex.user";

/// The roles that the Flex Users API takes (`docs/flex/developer/user-management/flex-users-api`).
pub(super) const ROLES: [&str; 3] = ["agent", "supervisor", "admin"];

/// Flex with enhanced SSO.
#[derive(Debug, Clone, Copy, Default)]
pub struct FlexProduct;

/// The entity ID of a connection: `urn:flex:JQ...` (`docs/flex/admin-guide/setup/sso-configuration`).
pub fn entity_id(connection: &str) -> String {
    format!("urn:flex:{connection}")
}

/// The ACS URL of a connection, whose host has the region in it (same page).
pub fn acs_url(connection: &str, region: &str) -> String {
    format!("https://login.flex.{region}.twilio.com/login/callback?connection={connection}")
}

/// Whether a text can be a connection: `JQ` and 32 hexadecimal digits.
pub fn is_connection(text: &str) -> bool {
    text.strip_prefix("JQ")
        .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The login link of an instance, by its runtime domain (`dancing-owl-1234.twil.io`); `None` where that has another form.
pub fn login_url(runtime_domain: &str) -> Option<String> {
    let label = runtime_domain.split('.').next().filter(|label| !label.is_empty())?;
    let is_plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    is_plain.then(|| format!("https://flex.twilio.com/{label}"))
}

/// A URL as people write it: without the slash that is its whole path.
pub(super) fn shown(url: &Url) -> String {
    let text = url.as_str();
    if url.path() == "/" && url.query().is_none() && url.fragment().is_none() {
        text.strip_suffix('/').unwrap_or(text).to_owned()
    } else {
        text.to_owned()
    }
}

pub(super) fn twilio<'a>(context: &ProfileContext<'a>) -> Option<&'a Twilio> {
    context.tenant.spec.twilio.as_ref()
}

pub(super) fn region<'a>(context: &ProfileContext<'a>) -> &'a str {
    twilio(context).and_then(|twilio| twilio.region.as_deref()).unwrap_or(DEFAULT_REGION)
}

/// What the manifests say that the entity ID is, before anything is read.
fn expected_entity_id(context: &ProfileContext<'_>) -> Option<String> {
    let spec = &context.profile.spec;
    spec.service_provider.entity_id.clone().or_else(|| spec.connection.as_deref().map(entity_id))
}

/// What the manifests say that the ACS URL is, before anything is read.
fn expected_acs_url(context: &ProfileContext<'_>) -> Option<String> {
    let spec = &context.profile.spec;
    let stated = spec.service_provider.acs_url.as_ref().map(ToString::to_string);
    stated.or_else(|| spec.connection.as_deref().map(|connection| acs_url(connection, region(context))))
}

impl ServiceProvider for FlexProduct {
    fn offer(&self, context: &ProfileContext<'_>) -> ServiceProviderSide {
        let spec = &context.profile.spec;
        let trust = context.address(TRUST);
        let or_output = |known: Option<String>, output: &str| {
            known.map_or_else(|| Value::output_of(&trust, output), Value::Text)
        };
        let default_redirect = spec.urls.default_redirect.as_ref().map(shown);
        let mut logout: Vec<String> = vec!["https://flex.twilio.com".to_owned()];
        logout.extend(default_redirect.clone());
        logout.extend(spec.urls.trusted.iter().filter(|url| is_https(url)).cloned());
        logout.extend(context.vanity_domains.iter().map(|it| format!("https://{}", it.spec.hostname)));
        logout.extend(spec.service_provider.logout_urls.iter().map(shown));
        let mut seen = BTreeSet::new();
        logout.retain(|url| seen.insert(Rule::Url.normalise(&Value::text(url))));
        ServiceProviderSide {
            entity_id: or_output(expected_entity_id(context), "entityId"),
            acs_url: or_output(expected_acs_url(context), "acsUrl"),
            callback_urls: spec
                .service_provider
                .callback_urls
                .iter()
                .map(|url| Value::text(shown(url)))
                .collect(),
            logout_urls: logout.into_iter().map(Value::Text).collect(),
            start_url: default_redirect.map(Value::Text),
            gates: vec![context.address(TEST)],
        }
    }

    fn lower(
        &self,
        context: &ProfileContext<'_>,
        identity_provider: &IdentityProviderSide,
    ) -> Result<Vec<Component>, LowerError> {
        let mut findings = Vec::new();
        check::check(context, &mut findings);
        let Some(account) = twilio(context).and_then(|twilio| twilio.account.as_ref()) else {
            findings.push(account_missing(context));
            return Err(LowerError(findings));
        };
        if !findings.is_empty() {
            return Err(LowerError(findings));
        }
        let profile = Profile {
            context,
            side: identity_provider,
            account_sid: &account.sid,
            realm: Realm::new(PROVIDER, &account.sid),
        };
        let urls = profile.urls();
        let can_probe = !redirects(&urls).is_empty();
        let mut components = vec![profile.trust(can_probe), profile.label(), urls, profile.test()];
        components.extend(instance(context.project, context.tenant));
        Ok(components)
    }

    fn realm(&self, context: &ProfileContext<'_>) -> Option<Realm> {
        open::realm(twilio(context)?)
    }

    fn lower_member(
        &self,
        context: &ProfileContext<'_>,
        enablement: &Resource<UserEnablementSpec>,
        member: &Member<'_>,
    ) -> Vec<Component> {
        let account = twilio(context).and_then(|twilio| twilio.account.as_ref());
        let (Provisioning::Managed, Some(account)) = (enablement.spec.provisioning, account) else {
            return Vec::new();
        };
        vec![users::lower(context, enablement, member, &account.sid)]
    }

    fn lower_leaver(
        &self,
        context: &ProfileContext<'_>,
        enablement: &Resource<UserEnablementSpec>,
        email: &str,
    ) -> Option<Component> {
        let account = twilio(context)?.account.as_ref()?;
        Some(users::leaver(context, enablement, email, &account.sid))
    }
}

/// The tenant of a Flex profile names no account.
pub(super) fn account_missing(context: &ProfileContext<'_>) -> Finding {
    Finding::new(
        &codes::ACCOUNT_MISSING,
        format!(
            "Flex profile `{}` needs the Twilio account of tenant `{}`",
            context.profile.name(),
            context.profile.tenant
        ),
    )
    .at(context.tenant.at(&path!["spec", "twilio"]), "no `account` here")
    .related(context.profile.at(&path!["spec", "product"]), "needed for this")
    .help("add `account: {sid: AC...}` under `twilio`")
}

/// One profile that is being lowered.
pub(super) struct Profile<'a> {
    pub(super) context: &'a ProfileContext<'a>,
    pub(super) side: &'a IdentityProviderSide,
    pub(super) account_sid: &'a str,
    pub(super) realm: Realm,
}

impl Profile<'_> {
    pub(super) fn component(
        &self,
        component_type: &'static str,
        what: &str,
        fields: Vec<Field>,
        step: Step,
    ) -> Component {
        let profile = self.context.profile;
        let address = self.context.address(component_type);
        let name = &profile.spec.friendly_name;
        Component {
            formerly: self.context.former_address(component_type),
            fields,
            lifecycle: profile.lifecycle.clone(),
            step: Some(step),
            ..Component::new(
                self.context.marker(&address),
                self.realm.clone(),
                format!("Flex SSO profile `{name}`: {what}"),
                name,
                profile.origin(),
            )
        }
    }

    /// What the identity provider gives: its issuer, SSO URL and certificates.
    pub(super) fn trusted(&self, sso_url: Capability) -> Vec<Field> {
        let here = self.context.profile.at(&path!["spec", "identityProvider"]);
        let IdentityProviderSide { issuer, sso_url: url, certificates, gates: _ } = self.side;
        vec![
            Field::new("issuer", issuer.clone(), Capability::Attested).from(here.clone()),
            Field::new("ssoUrl", url.clone(), sso_url).by(Rule::Url).from(here.clone()),
            Field::new("certificates", certificates.clone(), Capability::Attested).by(Rule::Set).from(here),
        ]
    }

    fn trust(&self, can_probe: bool) -> Component {
        let profile = self.context.profile;
        let mut fields = self.trusted(Capability::Probed);
        fields.push(Field::new("active", true, Capability::Probed));
        if let Some(connection) = &profile.spec.connection {
            // What was attested of one connection says nothing about another.
            fields.push(
                Field::new("connection", connection.as_str(), Capability::Derived)
                    .from(profile.at(&path!["spec", "connection"])),
            );
        }
        if let Some(entity_id) = expected_entity_id(self.context) {
            fields.push(Field::new("entityId", entity_id, Capability::Observed).from(profile.at(&path![
                "spec",
                "serviceProvider",
                "entityId"
            ])));
        }
        if let Some(acs_url) = expected_acs_url(self.context) {
            fields.push(
                Field::new("acsUrl", acs_url, Capability::Observed).by(Rule::Url).from(profile.at(&path![
                    "spec",
                    "serviceProvider",
                    "acsUrl"
                ])),
            );
        }
        let certificates = self.side.certificates.as_list().map_or(1, <[_]>::len);
        let step = steps::trust(self.account_sid, &profile.spec, certificates, can_probe);
        self.component(TRUST, "trust in the identity provider", fields, step)
    }

    fn label(&self) -> Component {
        let profile = self.context.profile;
        let field = Field::new("friendlyName", profile.spec.friendly_name.as_str(), Capability::Attested)
            .from(profile.at(&path!["spec", "friendlyName"]));
        let component = self.component(LABEL, "name", vec![field], steps::label(self.account_sid));
        Component { needs: vec![self.context.address(TRUST)], ..component }
    }

    /// Where sign-ins may end.
    pub(super) fn url_fields(&self) -> Vec<Field> {
        let profile = self.context.profile;
        let urls = &profile.spec.urls;
        let mut fields = Vec::new();
        if let Some(url) = &urls.default_redirect {
            fields.push(
                Field::new("defaultRedirect", shown(url), Capability::Attested)
                    .by(Rule::Url)
                    .from(profile.at(&path!["spec", "urls", "defaultRedirect"])),
            );
        }
        if !urls.trusted.is_empty() {
            fields.push(
                Field::new(
                    "trusted",
                    Value::texts(urls.trusted.iter().map(String::as_str)),
                    Capability::Attested,
                )
                .by(Rule::UrlSet)
                .from(profile.at(&path!["spec", "urls", "trusted"])),
            );
        }
        fields.push(
            Field::new("loginPopup", profile.spec.login_popup, Capability::Attested)
                .from(profile.at(&path!["spec", "loginPopup"])),
        );
        fields
    }

    fn urls(&self) -> Component {
        let profile = self.context.profile;
        let urls = &profile.spec.urls;
        let fields = self.url_fields();
        let step = steps::urls(self.account_sid, urls.default_redirect.is_some(), !urls.trusted.is_empty());
        let mut component = self.component(URLS, "URLs", fields, step);
        component.needs = vec![self.context.address(TRUST)];
        if !redirects(&component).is_empty() {
            // The probe of the connection begins with one of these URLs: Twilio refuses one that it does not trust.
            component.fields.push(
                Field::new("acceptsRedirect", true, Capability::Observed)
                    .from(profile.at(&path!["spec", "urls", "trusted"])),
            );
        }
        component
    }

    fn test(&self) -> Component {
        let context = self.context;
        let spec = &context.profile.spec;
        let vendor = context.identity_provider.spec.vendor;
        let attributes = context.attribute_map.map(|map| &map.spec);
        let mut fields = self.trusted(Capability::Attested);
        let connection = match &spec.connection {
            Some(connection) => Value::text(connection),
            None => Value::output_of(&context.address(TRUST), "connection"),
        };
        fields.push(Field::new("connection", connection, Capability::Attested));
        if let Some(map) = attributes {
            fields.push(
                Field::new("attributes", Value::texts(asserted(map, vendor)), Capability::Attested)
                    .by(Rule::Set)
                    .from(context.profile.at(&path!["spec", "attributeMap"])),
            );
        }
        let test_user = test_user(context);
        if let Some(user) = &test_user {
            fields.push(Field::new("testUser", user.as_str(), Capability::Attested).by(Rule::IgnoreCase));
        }
        let mut entrances: Vec<String> =
            context.vanity_domains.iter().map(|it| format!("https://{}", it.spec.hostname)).collect();
        if entrances.is_empty() {
            entrances.extend(spec.urls.default_redirect.as_ref().map(shown));
        }
        let step = steps::test(&Test {
            account_sid: self.account_sid,
            vendor,
            entrances,
            has_test_user: test_user.is_some(),
            asserts_team: attributes
                .is_some_and(|map| map.attributes.iter().any(|it| it.saml_name().starts_with("team"))),
            opens_popup: spec.login_popup,
        });
        let mut needs = vec![context.address(TRUST), context.address(URLS)];
        needs.extend(self.side.gates.iter().cloned());
        Component { needs, ..self.component(TEST, "test sign-in", fields, step) }
    }
}

/// What the assertion has to say, one line each: the NameID and every attribute, with its source in this vendor's terms where the map
/// gives them.
pub(super) fn asserted(map: &AttributeMapSpec, vendor: Vendor) -> Vec<String> {
    let name_id =
        map.name_id.expressions.get(&vendor).cloned().unwrap_or_else(|| map.name_id.from.to_string());
    let mut lines = vec![format!("NameID ({}) from {name_id}", map.name_id.format.urn())];
    lines.extend(map.attributes.iter().map(|attribute| {
        let Attribute { name: _, saml_name: _, from, value, required: _, values: _, expressions } = attribute;
        let source = match (expressions.get(&vendor), from, value) {
            (Some(expression), _, _) => expression.clone(),
            (None, Some(from), _) => from.to_string(),
            (None, None, Some(value)) => format!("the value {value:?}"),
            (None, None, None) => "nothing".to_owned(),
        };
        format!("{} from {source}", attribute.saml_name())
    }));
    lines
}

/// Who tests the connection: the profile's first test user, else the first of a pilot.
pub(super) fn test_user(context: &ProfileContext<'_>) -> Option<String> {
    let pilots = context.enablements.iter().flat_map(|enablement| &enablement.spec.rollout.pilot);
    context.profile.spec.test_users.iter().chain(pilots).next().map(|email| email.to_lowercase())
}

/// The URLs that a sign-in can be begun with to probe a connection: trusted https URLs in their order, then the default redirect.
pub(super) fn redirects(urls: &Component) -> Vec<String> {
    let trusted = urls.field("trusted").and_then(|field| field.value.as_list()).unwrap_or_default();
    let default = urls.field("defaultRedirect").map(|field| &field.value);
    let mut seen = BTreeSet::new();
    trusted
        .iter()
        .chain(default)
        .filter_map(Value::as_text)
        .filter(|text| is_https(text) && seen.insert(Rule::Url.normalise(&Value::text(*text))))
        .map(str::to_owned)
        .collect()
}

fn is_https(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.scheme() == "https")
}
