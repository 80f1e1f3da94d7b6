//! A self-service profile of the Console, in its stages, and its people. The wording of the steps is in `steps`.

use std::collections::BTreeSet;

use super::{
    super::organization::{self, lower_removed, lower_roles, lower_user},
    codes, console_realm,
    domain::DOMAIN_VERIFICATION,
    organization_realm, organization_sid, review,
    steps::{self, Test},
};
use crate::{
    component::{Address, Capability, Component, Condition, Field, Realm, Requirement, Rule, Step, Value},
    diagnostics::Finding,
    manifest::{
        Kind, Resource,
        email_domain::EmailDomainSpec,
        identity_provider::Vendor,
        user_enablement::{Provisioning, Stage, UserEnablementSpec},
    },
    provider::{
        AccountsOfRealm, IdentityProviderSide, LowerError, Member, PeopleSource, PopulationQuery,
        ProfileContext, Review, ServiceProvider, ServiceProviderSide, announcement,
    },
    yaml::path,
};

/// Component types.
pub(super) const PROFILE: &str = "console.profile";
pub(super) const LABEL: &str = "console.label";
pub(super) const TRUST: &str = "console.trust";
pub(super) const TEST: &str = "console.test";
pub(super) const ENFORCEMENT: &str = "console.enforcement";
pub(super) const EXCEPTIONS: &str = "console.exceptions";
pub(super) const SWITCHES: &str = "console.switches";

/// The Console's self-service SSO.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConsoleProduct;

/// The entity ID of a connection: `urn:console:<connection ID>` (Twilio, "Configuring Okta with Twilio SSO").
pub fn entity_id(connection: &str) -> String {
    let id = connection.strip_prefix("urn:console:").unwrap_or(connection);
    format!("urn:console:{id}")
}

/// What the Console's page asks for as the identity provider.
fn kind_of_identity_provider(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Okta => "Okta",
        Vendor::Auth0 | Vendor::Salesforce | Vendor::Google | Vendor::Saml => "Other (SAML 2.0)",
    }
}

fn known_entity_id(context: &ProfileContext<'_>) -> Option<String> {
    let spec = &context.profile.spec;
    spec.service_provider.entity_id.clone().or_else(|| spec.connection.as_deref().map(entity_id))
}

fn known_acs_url(context: &ProfileContext<'_>) -> Option<String> {
    context.profile.spec.service_provider.acs_url.as_ref().map(ToString::to_string)
}

/// The entity ID, which names the profile in every later step.
fn entity(context: &ProfileContext<'_>) -> Value {
    known_entity_id(context)
        .map_or_else(|| Value::output_of(&context.address(PROFILE), steps::ENTITY_ID), Value::Text)
}

/// The domains that are enforced at the present stage: those that the profile names, once an enablement of it says `enforced`.
pub(super) fn enforced_domains<'a>(context: &ProfileContext<'a>) -> Vec<&'a Resource<EmailDomainSpec>> {
    let is_enforced =
        context.enablements.iter().any(|enablement| enablement.spec.rollout.stage == Stage::Enforced);
    if !is_enforced {
        return Vec::new();
    }
    let named = &context.profile.spec.enforcement.domains;
    context.email_domains.iter().copied().filter(|domain| named.contains(domain.name())).collect()
}

/// Whether an address is in one of the domains.
pub(super) fn is_in(domains: &[&Resource<EmailDomainSpec>], email: &str) -> bool {
    let domain = email.rsplit_once('@').map(|(_, domain)| domain);
    domain.is_some_and(|domain| domains.iter().any(|it| it.spec.domain.eq_ignore_ascii_case(domain)))
}

/// Who of the profile need not use it, whatever is enforced: its exceptions, and every break-glass administrator.
pub(super) fn exempt(context: &ProfileContext<'_>) -> BTreeSet<String> {
    let break_glass = context.enablements.iter().flat_map(|enablement| &enablement.spec.break_glass);
    let exceptions = &context.profile.spec.enforcement.exceptions;
    exceptions.iter().chain(break_glass).map(|email| email.trim().to_lowercase()).collect()
}

fn verification(domain: &Resource<EmailDomainSpec>) -> Address {
    Address::new(domain.tenant.clone(), Kind::EmailDomain, domain.name().clone(), DOMAIN_VERIFICATION)
}

impl ServiceProvider for ConsoleProduct {
    fn offer(&self, context: &ProfileContext<'_>) -> ServiceProviderSide {
        let spec = &context.profile.spec;
        ServiceProviderSide {
            entity_id: entity(context),
            acs_url: known_acs_url(context)
                .map_or_else(|| Value::output_of(&context.address(PROFILE), steps::ACS_URL), Value::Text),
            callback_urls: spec
                .service_provider
                .callback_urls
                .iter()
                .map(|url| Value::text(url.as_str()))
                .collect(),
            logout_urls: spec
                .service_provider
                .logout_urls
                .iter()
                .map(|url| Value::text(url.as_str()))
                .collect(),
            // An identity provider that sends a RelayState of its own breaks the sign-in: Twilio's has to come back.
            start_url: None,
            gates: vec![context.address(TEST)],
        }
    }

    fn lower(
        &self,
        context: &ProfileContext<'_>,
        identity_provider: &IdentityProviderSide,
    ) -> Result<Vec<Component>, LowerError> {
        let (Some(realm), Some(_)) = (console_realm(context.tenant), organization_sid(context.tenant)) else {
            return Err(LowerError(vec![no_organization(context)]));
        };
        let findings = enforcement_findings(context);
        if !findings.is_empty() {
            return Err(LowerError(findings));
        }
        let profile = Profile {
            context,
            side: identity_provider,
            organization: organization_sid(context.tenant).unwrap_or_default(),
            realm,
        };
        let mut components = vec![profile.profile(), profile.label(), profile.trust(), profile.test()];
        let domains = enforced_domains(context);
        if !domains.is_empty() {
            components.push(profile.enforcement(&domains));
            components.extend(profile.exceptions(&domains));
        }
        for enablement in context.enablements {
            let removed = enablement.spec.remove.iter().enumerate().filter_map(|(at, email)| {
                lower_removed(context, enablement, email, &enablement.at(&path!["spec", "remove", at]))
            });
            components.extend(removed);
        }
        Ok(components)
    }

    /// Without an OAuth app the organization's users cannot be listed: where nothing needs them, the identity provider's people are
    /// all that is asked for.
    fn realm(&self, context: &ProfileContext<'_>) -> Option<Realm> {
        let organization = context.tenant.spec.twilio.as_ref()?.organization.as_ref()?;
        if organization.oauth_client.is_none() && !needs_accounts(context) {
            return None;
        }
        organization_realm(context.tenant)
    }

    fn lists_accounts(&self) -> bool {
        true
    }

    fn accounts_query(&self, context: &ProfileContext<'_>) -> PopulationQuery {
        PopulationQuery {
            domains: enforced_domains(context)
                .iter()
                .map(|domain| domain.spec.domain.to_lowercase())
                .collect(),
            emails: exempt(context),
            ..PopulationQuery::default()
        }
    }

    /// The Console makes no accounts at sign-in: people are the organization's, unless Concord makes them.
    fn people(&self, enablement: &UserEnablementSpec) -> PeopleSource {
        match enablement.provisioning {
            Provisioning::JustInTime => PeopleSource::Product,
            Provisioning::Managed => PeopleSource::IdentityProvider,
        }
    }

    fn lower_members(
        &self,
        context: &ProfileContext<'_>,
        enablement: &Resource<UserEnablementSpec>,
        members: &[Member<'_>],
    ) -> Vec<Component> {
        let mut components = Vec::new();
        for member in members {
            if enablement.spec.provisioning == Provisioning::Managed
                && let Some(mut user) = lower_user(context, enablement, member)
            {
                // Twilio refuses managed users of a domain that is not verified (25017).
                let of_domain =
                    context.email_domains.iter().copied().filter(|it| is_in(&[it], &member.person.email));
                user.needs.extend(of_domain.map(verification));
                components.push(user);
            }
            if let Some(mut roles) = lower_roles(context, enablement, member) {
                if enablement.spec.provisioning != Provisioning::Managed {
                    roles.needs.retain(|need| need.component_type() != organization::kind::USER);
                }
                components.push(roles);
            }
        }
        components.extend(switches(context, enablement, members));
        components
    }

    fn review(&self, realm: &AccountsOfRealm<'_>) -> Review {
        review::review(realm)
    }
}

/// Whether the profile cannot be planned without the organization's users: they are managed, or selected by what only Twilio knows,
/// or somebody could be locked out.
fn needs_accounts(context: &ProfileContext<'_>) -> bool {
    let by_accounts = context.enablements.iter().any(|enablement| {
        let UserEnablementSpec { select, roles, provisioning, remove, .. } = &enablement.spec;
        *provisioning == Provisioning::Managed
            || !(select.user_sids.is_empty() && select.accounts.is_empty() && remove.is_empty())
            || !(roles.default.is_empty() && roles.overrides.is_empty())
    });
    by_accounts || !enforced_domains(context).is_empty()
}

pub(super) fn no_organization(context: &ProfileContext<'_>) -> Finding {
    Finding::new(
        &codes::ORGANIZATION_MISSING,
        format!(
            "Console profile `{}` needs the Twilio organization of tenant `{}`",
            context.profile.name(),
            context.profile.tenant
        ),
    )
    .at(context.tenant.at(&path!["spec", "twilio"]), "no `organization` here")
    .related(context.profile.at(&path!["spec", "product"]), "needed for this")
    .help("add `organization: {sid: OR...}` under `twilio`")
}

fn enforcement_findings(context: &ProfileContext<'_>) -> Vec<Finding> {
    if !context.profile.spec.enforcement.domains.is_empty() {
        return Vec::new();
    }
    let enforced =
        context.enablements.iter().filter(|enablement| enablement.spec.rollout.stage == Stage::Enforced);
    enforced
        .map(|enablement| {
            Finding::new(
                &codes::ENFORCEMENT_WITHOUT_DOMAIN,
                format!(
                    "`{}` is to be enforced, and `{}` names no domain",
                    enablement.name(),
                    context.profile.name()
                ),
            )
            .at(enablement.at(&path!["spec", "rollout", "stage"]), "needs a domain to enforce")
            .related(context.profile.at(&path!["spec"]), "no `enforcement.domains` here")
            .help("add `enforcement: {domains: [NAME]}` to the profile, or write `stage: all`")
        })
        .collect()
}

/// The switch of each person who is not made to use SSO by domain: one step for all of an enablement, since it is one list in the
/// Console.
fn switches(
    context: &ProfileContext<'_>,
    enablement: &Resource<UserEnablementSpec>,
    members: &[Member<'_>],
) -> Option<Component> {
    let enforced = enforced_domains(context);
    let exempt = exempt(context);
    let people: BTreeSet<&str> = members
        .iter()
        .map(|member| member.person.email.as_str())
        .filter(|email| !is_in(&enforced, email) && !exempt.contains(*email))
        .collect();
    if people.is_empty() {
        return None;
    }
    let address =
        Address::new(enablement.tenant.clone(), Kind::UserEnablement, enablement.name().clone(), SWITCHES);
    let here = enablement.key_at(&path!["spec", "select"]);
    let count = people.len();
    let fields = vec![
        Field::new("profile", entity(context), Capability::Attested),
        Field::new("enabled", Value::texts(people), Capability::Attested).by(Rule::Set).from(here),
    ];
    let text = announcement(context, enablement);
    let step = steps::switches(organization_sid(context.tenant)?, count, &text);
    Some(Component {
        formerly: enablement.metadata.formerly.clone().map(|name| address.renamed(name)),
        fields,
        needs: vec![context.address(TEST)],
        lifecycle: enablement.lifecycle.clone(),
        step: Some(step),
        ..Component::new(
            context.marker(&address),
            console_realm(context.tenant)?,
            format!("Console SSO switches of `{}`", enablement.name()),
            enablement.name().as_str(),
            enablement.origin(),
        )
    })
}

/// One profile that is being lowered.
struct Profile<'a> {
    context: &'a ProfileContext<'a>,
    side: &'a IdentityProviderSide,
    organization: &'a str,
    realm: Realm,
}

impl Profile<'_> {
    fn component(
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
                format!("Console SSO profile `{name}`: {what}"),
                name,
                profile.origin(),
            )
        }
    }

    fn profile(&self) -> Component {
        let context = self.context;
        let spec = &context.profile.spec;
        let kind = kind_of_identity_provider(context.identity_provider.spec.vendor);
        let mut fields = vec![
            Field::new("identityProvider", kind, Capability::Attested)
                .from(context.profile.at(&path!["spec", "identityProvider"])),
        ];
        if let Some(id) = known_entity_id(context) {
            // What was attested of one connection says nothing about another.
            fields.push(Field::new("entityId", id, Capability::Derived));
        }
        let step = steps::profile(
            self.organization,
            &spec.friendly_name,
            known_entity_id(context).as_deref(),
            known_acs_url(context).is_none(),
        );
        let needs = context.email_domains.iter().copied().map(verification).collect();
        Component { needs, ..self.component(PROFILE, "the profile itself", fields, step) }
    }

    fn label(&self) -> Component {
        let profile = self.context.profile;
        let field = Field::new("friendlyName", profile.spec.friendly_name.as_str(), Capability::Attested)
            .from(profile.at(&path!["spec", "friendlyName"]));
        let component = self.component(LABEL, "name", vec![field], steps::label(self.organization));
        Component { needs: vec![self.context.address(PROFILE)], ..component }
    }

    /// What the identity provider gives: its issuer, SSO URL and certificates.
    fn trusted(&self) -> Vec<Field> {
        let here = self.context.profile.at(&path!["spec", "identityProvider"]);
        let IdentityProviderSide { issuer, sso_url, certificates, gates: _ } = self.side;
        vec![
            Field::new("profile", entity(self.context), Capability::Attested),
            Field::new("issuer", issuer.clone(), Capability::Attested).from(here.clone()),
            Field::new("ssoUrl", sso_url.clone(), Capability::Attested).by(Rule::Url).from(here.clone()),
            Field::new("certificates", certificates.clone(), Capability::Attested).by(Rule::Set).from(here),
        ]
    }

    fn trust(&self) -> Component {
        let certificates = self.side.certificates.as_list().map_or(1, <[_]>::len);
        let step = steps::trust(self.organization, certificates);
        let component = self.component(TRUST, "trust in the identity provider", self.trusted(), step);
        Component { needs: vec![self.context.address(PROFILE)], ..component }
    }

    fn test(&self) -> Component {
        let context = self.context;
        let mut fields = self.trusted();
        let test_user = test_user(context);
        if let Some(user) = &test_user {
            fields.push(Field::new("testUser", user.as_str(), Capability::Attested).by(Rule::IgnoreCase));
        }
        let step = steps::test(&Test {
            organization: self.organization,
            vendor: context.identity_provider.spec.vendor,
            has_test_user: test_user.is_some(),
        });
        let mut needs = vec![context.address(TRUST)];
        needs.extend(context.email_domains.iter().copied().map(verification));
        needs.extend(self.side.gates.iter().cloned());
        Component { needs, ..self.component(TEST, "test sign-in", fields, step) }
    }

    fn enforcement(&self, domains: &[&Resource<EmailDomainSpec>]) -> Component {
        let context = self.context;
        let names = domains.iter().map(|domain| domain.spec.domain.to_lowercase());
        let fields = vec![
            Field::new("profile", entity(context), Capability::Attested),
            Field::new("domains", Value::texts(names), Capability::Attested)
                .by(Rule::Set)
                .from(context.profile.at(&path!["spec", "enforcement", "domains"])),
        ];
        let texts: Vec<String> =
            context.enablements.iter().map(|enablement| announcement(context, enablement)).collect();
        let step = steps::enforcement(self.organization, &exempt(context), &texts);
        let mut needs = vec![context.address(TEST)];
        needs.extend(domains.iter().copied().map(verification));
        let requires = vec![Requirement {
            guard: "untested",
            holds: Condition::Complete(context.address(TEST)),
            message: "the test of the connection has not succeeded with the present values".to_owned(),
            help: "apply with an earlier stage first (`stage: pilot`), carry out the test, then enforce"
                .to_owned(),
        }];
        Component { needs, requires, ..self.component(ENFORCEMENT, "enforcement", fields, step) }
    }

    fn exceptions(&self, domains: &[&Resource<EmailDomainSpec>]) -> Option<Component> {
        let context = self.context;
        let people: Vec<String> = exempt(context).into_iter().filter(|email| is_in(domains, email)).collect();
        if people.is_empty() {
            return None;
        }
        let fields = vec![
            Field::new("disabled", Value::texts(people), Capability::Attested)
                .by(Rule::Set)
                .from(context.profile.at(&path!["spec", "enforcement"])),
        ];
        let component = self.component(
            EXCEPTIONS,
            "people who need not use it",
            fields,
            steps::exceptions(self.organization),
        );
        Some(Component { needs: vec![context.address(ENFORCEMENT)], ..component })
    }
}

/// Who tests the connection: the profile's first test user, else the first of a pilot.
pub(super) fn test_user(context: &ProfileContext<'_>) -> Option<String> {
    let pilots = context.enablements.iter().flat_map(|enablement| &enablement.spec.rollout.pilot);
    context.profile.spec.test_users.iter().chain(pilots).next().map(|email| email.to_lowercase())
}
