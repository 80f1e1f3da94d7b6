//! Flex's older SSO (`product: flex-legacy`), which ended on 2026-03-31: all that is left to plan is its migration to the enhanced kind
//! (Twilio, `docs/flex/admin-guide/setup/sso-configuration/migration-guide`).
//!
//! The order is Twilio's: migrate in the Console, which makes a profile with an ID of its own (`JQ...`); give the identity provider's
//! application the new entity ID and ACS URL, which follow from that ID; only then add `oauth` to a self-hosted `appConfig.js`; test.
//! The legacy settings are kept for 30 days to switch back. From the migration on, the profile can be probed like any other.
//!
//! Until the migration is noted, the new values are pending, so an application that exists keeps the legacy ones. The legacy ACS URLs
//! stay among its further callback URLs, so that switching back works.

use super::{
    configuration::instance,
    lower::{
        FlexProduct, Profile, account_missing, acs_url, asserted, entity_id, region, shown, test_user, twilio,
    },
    open,
    steps::{self, Test},
};
use crate::{
    component::{Capability, Component, Field, Instruction, Realm, Rule, Step, StepOutput, Value},
    manifest::{Resource, user_enablement::UserEnablementSpec},
    provider::{
        IdentityProviderSide, LowerError, Member, ProfileContext, ServiceProvider, ServiceProviderSide,
    },
    yaml::path,
};

/// Component types.
pub(super) const MIGRATION: &str = "flex-legacy.migration";
pub(super) const APP_CONFIG: &str = "flex-legacy.app-config";
pub(super) const TEST: &str = "flex-legacy.test";

/// The legacy entity ID of an account, of both generations (same page, and Twilio's older one).
pub fn legacy_entity_id(account_sid: &str) -> String {
    format!("https://iam.twilio.com/v1/Accounts/{account_sid}/saml2/metadata")
}

/// The legacy ACS URL of an account; an older generation is `https://preview.twilio.com/iam/Accounts/AC.../saml2`, which a manifest
/// states under `serviceProvider`.
pub fn legacy_acs_url(account_sid: &str) -> String {
    format!("https://iam.twilio.com/v1/Accounts/{account_sid}/saml2")
}

/// Flex's older SSO, on its way to the enhanced one.
#[derive(Debug, Clone, Copy, Default)]
pub struct FlexLegacyProduct;

/// What the identity provider's application has before the migration: entity ID and ACS URL.
fn before(context: &ProfileContext<'_>) -> Option<(String, String)> {
    let account = &twilio(context)?.account.as_ref()?.sid;
    let stated = &context.profile.spec.service_provider;
    Some((
        stated.entity_id.clone().unwrap_or_else(|| legacy_entity_id(account)),
        stated.acs_url.as_ref().map_or_else(|| legacy_acs_url(account), ToString::to_string),
    ))
}

impl ServiceProvider for FlexLegacyProduct {
    fn offer(&self, context: &ProfileContext<'_>) -> ServiceProviderSide {
        let migration = context.address(MIGRATION);
        let connection = context.profile.spec.connection.as_deref();
        let mut side = FlexProduct.offer(context);
        side.entity_id = connection
            .map_or_else(|| Value::output_of(&migration, "entityId"), |id| Value::Text(entity_id(id)));
        side.acs_url = connection.map_or_else(
            || Value::output_of(&migration, "acsUrl"),
            |id| Value::Text(acs_url(id, region(context))),
        );
        if let Some((_, legacy)) = before(context) {
            let legacy = Value::Text(legacy);
            if !side.callback_urls.contains(&legacy) {
                side.callback_urls.push(legacy);
            }
        }
        side.gates = vec![context.address(TEST)];
        side
    }

    fn lower(
        &self,
        context: &ProfileContext<'_>,
        identity_provider: &IdentityProviderSide,
    ) -> Result<Vec<Component>, LowerError> {
        let mut findings = Vec::new();
        super::check::check(context, &mut findings);
        let account = twilio(context).and_then(|twilio| twilio.account.as_ref());
        let (Some(account), Some(before)) = (account, before(context)) else {
            findings.push(account_missing(context));
            return Err(LowerError(findings));
        };
        if !findings.is_empty() {
            return Err(LowerError(findings));
        }
        let realm = Realm::new(super::PROVIDER, &account.sid);
        let profile = Profile { context, side: identity_provider, account_sid: &account.sid, realm };
        let hosts = self_hosted(context);
        let mut components = vec![migration(&profile, &before)];
        if !hosts.is_empty() {
            components.push(app_config(&profile, &hosts));
        }
        components.push(test(&profile, &before, !hosts.is_empty()));
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
        FlexProduct.lower_member(context, enablement, member)
    }

    fn lower_leaver(
        &self,
        context: &ProfileContext<'_>,
        enablement: &Resource<UserEnablementSpec>,
        email: &str,
    ) -> Option<Component> {
        FlexProduct.lower_leaver(context, enablement, email)
    }
}

/// The addresses of Flex that are one's own: each has an `appConfig.js`.
fn self_hosted(context: &ProfileContext<'_>) -> Vec<String> {
    let spec = &context.profile.spec;
    let own = context.vanity_domains.iter().map(|it| format!("https://{}", it.spec.hostname));
    let named = spec.urls.default_redirect.as_ref().map(shown).into_iter().chain(spec.urls.trusted.clone());
    let mut hosts: Vec<String> = Vec::new();
    for url in own.chain(named) {
        let is_twilio = url::Url::parse(&url)
            .is_ok_and(|url| url.host_str().is_some_and(|host| host.ends_with("twilio.com")));
        if !is_twilio && !hosts.iter().any(|host| Rule::Url.is_same(&Value::text(host), &Value::text(&url))) {
            hosts.push(url);
        }
    }
    hosts
}

/// The values to switch back to.
fn former(profile: &Profile<'_>, (entity_id, acs_url): &(String, String)) -> Vec<Field> {
    let at = |key: &str| profile.context.profile.at(&path!["spec", "serviceProvider", key]);
    vec![
        Field::new("legacyEntityId", entity_id.as_str(), Capability::Attested).from(at("entityId")),
        Field::new("legacyAcsUrl", acs_url.as_str(), Capability::Attested).from(at("acsUrl")),
    ]
}

fn migration(profile: &Profile<'_>, before: &(String, String)) -> Component {
    let resource = profile.context.profile;
    let spec = &resource.spec;
    let mut fields = former(profile, before);
    fields.push(
        Field::new("friendlyName", spec.friendly_name.as_str(), Capability::Attested)
            .from(resource.at(&path!["spec", "friendlyName"])),
    );
    fields.extend(profile.trusted(Capability::Probed));
    fields.push(Field::new("active", true, Capability::Probed));
    fields.extend(profile.url_fields());
    if let Some(connection) = &spec.connection {
        fields.push(
            Field::new("connection", connection.as_str(), Capability::Derived)
                .from(resource.at(&path!["spec", "connection"])),
        );
    }
    let mut instructions = vec![
        Instruction::say(
            "Choose a time at which nobody works: from the migration until the identity provider has the new values nobody can sign in. \
             Somebody who administers Flex has to be signed in to the Console by another way.",
        ),
        Instruction::say(
            "Flex UI has to be 2.7 or newer. A self-hosted Flex UI does not get `oauth` in its `appConfig.js` yet: with it, sign-in fails \
             until the migration is done.",
        ),
        Instruction::say(
            "In the identity provider's application, compare the values of today; switching back needs exactly these.",
        ),
        Instruction::enter("Entity ID (legacy)", "legacyEntityId"),
        Instruction::enter("ACS URL (legacy)", "legacyAcsUrl"),
        Instruction::say(
            "Open the SSO page of the account and begin the migration to the enhanced SSO that it offers. Compare the form with these values.",
        ),
        Instruction::enter("Friendly Name", "friendlyName"),
        Instruction::enter("X.509 Certificate", "certificates"),
        Instruction::enter("Identity Provider Issuer", "issuer"),
        Instruction::enter("Single Sign-On URL", "ssoUrl"),
    ];
    for (label, path) in [("Default Redirect URL", "defaultRedirect"), ("Trusted URLs", "trusted")] {
        if fields.iter().any(|it| it.path == path) {
            instructions.push(Instruction::enter(label, path));
        }
    }
    instructions.extend([
        Instruction::enter("Login using popup", "loginPopup"),
        Instruction::say("Save, and see that the profile is active."),
        Instruction::note("JQ and 32 digits, the end of the new Entity ID (urn:flex:JQ...)", "connection"),
        Instruction::say("Note today's date: for 30 days from now the page offers to switch back."),
    ]);
    let step = Step {
        outputs: vec![StepOutput {
            name: "connection".to_owned(),
            title: "connection ID of the migrated SSO profile".to_owned(),
            sid: Some(("JQ", 32)),
            required: true,
        }],
        ..steps::step(profile.account_sid, instructions)
    };
    profile.component(MIGRATION, "migration to enhanced SSO", fields, step)
}

/// The connection: pinned, or what the migration gave.
fn connection(profile: &Profile<'_>) -> Field {
    let context = profile.context;
    let value = match &context.profile.spec.connection {
        Some(connection) => Value::text(connection),
        None => Value::output_of(&context.address(MIGRATION), "connection"),
    };
    Field::new("connection", value, Capability::Attested)
}

fn app_config(profile: &Profile<'_>, hosts: &[String]) -> Component {
    let fields = vec![
        connection(profile),
        Field::new("redirectUrls", Value::texts(hosts.iter().map(String::as_str)), Capability::Attested)
            .by(Rule::UrlSet)
            .from(profile.context.profile.at(&path!["spec", "urls"])),
    ];
    let account = profile.account_sid;
    let instructions = vec![
        Instruction::say(
            "After the migration, and not before: in the `appConfig.js` of each self-hosted Flex UI, add `oauth: {connection, clientId, redirectUrl}`.",
        ),
        Instruction::enter("connection", "connection"),
        Instruction::say(format!(
            "`clientId`: the `client_id` beside this connection in what https://services.twilio.com/v1/Flex/Authentication/Config?AccountSid={account} answers"
        )),
        Instruction::enter("redirectUrl, each in its own file", "redirectUrls"),
        Instruction::say(
            "Deploy it, and see that a browser gets the new file. A `VanityDomain` has Concord look at it in every plan.",
        ),
    ];
    let step = Step {
        place: "the self-hosted Flex UI, `appConfig.js`".to_owned(),
        url: None,
        ..steps::step(account, instructions)
    };
    let needs = vec![profile.context.address(MIGRATION)];
    Component { needs, ..profile.component(APP_CONFIG, "`oauth` in appConfig.js", fields, step) }
}

fn test(profile: &Profile<'_>, before: &(String, String), has_app_config: bool) -> Component {
    let context = profile.context;
    let mut fields = profile.trusted(Capability::Attested);
    fields.push(connection(profile));
    fields.extend(former(profile, before));
    let map = context.attribute_map.map(|map| &map.spec);
    let vendor = context.identity_provider.spec.vendor;
    if let Some(map) = map {
        fields.push(
            Field::new("attributes", Value::texts(asserted(map, vendor)), Capability::Attested)
                .by(Rule::Set)
                .from(context.profile.at(&path!["spec", "attributeMap"])),
        );
    }
    let tester = test_user(context);
    if let Some(user) = &tester {
        fields.push(Field::new("testUser", user.as_str(), Capability::Attested).by(Rule::IgnoreCase));
    }
    let mut step = steps::test(&Test {
        account_sid: profile.account_sid,
        vendor,
        entrances: self_hosted(context),
        has_test_user: tester.is_some(),
        asserts_team: map
            .is_some_and(|map| map.attributes.iter().any(|it| it.saml_name().starts_with("team"))),
        opens_popup: context.profile.spec.login_popup,
    });
    step.instructions.extend([
        Instruction::say(
            "If it cannot be made to work, switch back: within 30 days of the migration the SSO page offers it. Take `oauth` out of \
             `appConfig.js` first, then switch back, then give the identity provider's application the legacy values again.",
        ),
        Instruction::enter("Entity ID (legacy)", "legacyEntityId"),
        Instruction::enter("ACS URL (legacy)", "legacyAcsUrl"),
        Instruction::say(
            "If it works, confirm; then write `product: flex` and `connection: JQ...` in the profile, and take legacy values out of `serviceProvider`.",
        ),
    ]);
    let mut needs = vec![context.address(MIGRATION)];
    if has_app_config {
        needs.push(context.address(APP_CONFIG));
    }
    needs.extend(profile.side.gates.iter().cloned());
    Component { needs, ..profile.component(TEST, "test sign-in", fields, step) }
}
