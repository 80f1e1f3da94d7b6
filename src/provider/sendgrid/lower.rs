//! Manifests to components. Owns what a SendGrid profile consists of and what it offers to the identity provider.
//!
//! | component | fields | comes after |
//! | --- | --- | --- |
//! | `sendgrid.integration` | name, sign-in and sign-out URL, entity ID | the application exists, perhaps with seeds |
//! | `sendgrid.certificates` | the certificates that are trusted | the application is complete |
//! | `sendgrid.switch` | `enabled`, `completed_integration` | the certificates, the application, the pilot's people in it |
//! | `sendgrid.teammates` | nothing that is written: who is to be removed, whose absence is to be reported | |
//! | `sendgrid.teammate:EMAIL` | names and access of an SSO teammate, with `provisioning: managed` | the switch |

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use super::{
    access::{self, Access},
    codes, open,
};
use crate::{
    component::{Address, Capability, Class, Component, Field, Realm, Rule, Value},
    diagnostics::Finding,
    manifest::{
        Kind, Resource,
        tenant::SendGrid,
        user_enablement::{Provisioning, Removal, Role, Stage, UserEnablementSpec},
    },
    plan::Warning,
    provider::{
        AccountsOfRealm, IdentityProviderSide, LowerError, Member, PeopleSource, Population, ProfileContext,
        Review, ServiceProvider, ServiceProviderSide,
    },
    yaml::{Path, path},
};

/// The component types.
pub(super) mod kind {
    pub(in super::super) const INTEGRATION: &str = "sendgrid.integration";
    pub(in super::super) const CERTIFICATES: &str = "sendgrid.certificates";
    pub(in super::super) const SWITCH: &str = "sendgrid.switch";
    pub(in super::super) const TEAMMATES: &str = "sendgrid.teammates";
    pub(in super::super) const TEAMMATE: &str = "sendgrid.teammate";
}

/// Field paths that more than one file names. Those of integrations and teammates are the API's own names.
pub(super) mod field {
    pub(in super::super) const NAME: &str = "name";
    pub(in super::super) const SIGNIN_URL: &str = "signin_url";
    pub(in super::super) const SIGNOUT_URL: &str = "signout_url";
    pub(in super::super) const ENTITY_ID: &str = "entity_id";
    pub(in super::super) const ENABLED: &str = "enabled";
    pub(in super::super) const COMPLETED: &str = "completed_integration";
    /// Shown as context: which integration, where the manifest says so by ID.
    pub(in super::super) const ID: &str = "id";
    /// Shown as context: that nothing but the application of this profile has its sign-in URL.
    pub(in super::super) const OWN_APPLICATION: &str = "ownApplication";
    /// The integration of a certificate or a switch, by ID.
    pub(in super::super) const INTEGRATION: &str = "integration_id";
    pub(in super::super) const CERTIFICATES: &str = "certificates";
    pub(in super::super) const EMAIL: &str = "email";
    pub(in super::super) const FIRST_NAME: &str = "first_name";
    pub(in super::super) const LAST_NAME: &str = "last_name";
    pub(in super::super) const IS_ADMIN: &str = "is_admin";
    pub(in super::super) const PERSONA: &str = "persona";
    pub(in super::super) const SCOPES: &str = "scopes";
    pub(in super::super) const SUBUSER_ACCESS: &str = "subuser_access";
    /// Shown as context: addresses to delete.
    pub(in super::super) const REMOVE: &str = "remove";
    /// Shown as context: addresses that are never deleted.
    pub(in super::super) const BREAK_GLASS: &str = "breakGlass";
    /// Shown as context: whose teammates are reported when nothing selects them any more, by enablement.
    pub(in super::super) const LEAVERS: &str = "leavers";
}

/// SendGrid as a product.
#[derive(Debug, Clone, Copy, Default)]
pub struct SendGridProduct;

impl ServiceProvider for SendGridProduct {
    fn offer(&self, context: &ProfileContext<'_>) -> ServiceProviderSide {
        let spec = &context.profile.spec;
        let integration = context.address(kind::INTEGRATION);
        let stated = |text: Option<String>, output: &str| {
            text.map_or_else(|| Value::output_of(&integration, output), Value::Text)
        };
        let urls = |urls: &[Url]| urls.iter().map(|url| Value::text(url.as_str())).collect::<Vec<_>>();
        let mut logout_urls: Vec<Value> =
            spec.urls.sign_out.iter().map(|url| Value::text(url.as_str())).collect();
        logout_urls.extend(urls(&spec.service_provider.logout_urls));
        ServiceProviderSide {
            entity_id: stated(spec.service_provider.entity_id.clone(), "entityId"),
            acs_url: stated(spec.service_provider.acs_url.as_ref().map(ToString::to_string), "acsUrl"),
            callback_urls: urls(&spec.service_provider.callback_urls),
            logout_urls,
            start_url: spec.urls.default_redirect.as_ref().map(|url| Value::text(url.as_str())),
            gates: vec![context.address(kind::SWITCH)],
        }
    }

    fn lower(
        &self,
        context: &ProfileContext<'_>,
        identity_provider: &IdentityProviderSide,
    ) -> Result<Vec<Component>, LowerError> {
        let profile = context.profile;
        let mut findings = Vec::new();
        let realm = realm(context);
        if realm.is_none() {
            findings.push(
                Finding::new(
                    &codes::ACCOUNT_MISSING,
                    format!("tenant `{}` does not say which SendGrid account it has", profile.tenant),
                )
                .at(profile.at(&path!["spec", "product"]), "a profile of SendGrid")
                .related(context.tenant.origin(), "has no `sendgrid` block")
                .help("add `sendgrid: {apiKey: {env: SENDGRID_API_KEY}}` to the Tenant"),
            );
        }
        let sign_out = profile.spec.urls.sign_out.as_ref();
        if sign_out.is_none() {
            findings.push(
                Finding::new(
                    &codes::SIGN_OUT_URL,
                    format!(
                        "SendGrid profile `{}` says nothing of where people go after the sign-out",
                        profile.name()
                    ),
                )
                .at(profile.key_at(&path!["spec", "product"]), "SendGrid requires it")
                .help("add `urls: {signOut: https://...}`: the dashboard of the identity provider is usual"),
            );
        }
        for enablement in context.enablements.iter().filter(|it| is_managed(&it.spec)) {
            check_roles(enablement, &mut findings);
        }
        let (Some(realm), Some(sign_out), true) = (realm, sign_out, findings.is_empty()) else {
            return Err(LowerError(findings));
        };
        let lowering = Lowering { context, realm: &realm, identity_provider };
        let mut components = vec![lowering.integration(sign_out), lowering.certificates(), lowering.switch()];
        components.extend(lowering.teammates());
        Ok(components)
    }

    fn realm(&self, context: &ProfileContext<'_>) -> Option<Realm> {
        realm(context)
    }

    fn lists_accounts(&self) -> bool {
        true
    }

    /// SendGrid makes nobody at the first sign-in: unless Concord makes the teammates, only who is one can be enabled.
    fn people(&self, enablement: &UserEnablementSpec) -> PeopleSource {
        if is_managed(enablement) { PeopleSource::IdentityProvider } else { PeopleSource::Product }
    }

    fn review(&self, realm: &AccountsOfRealm<'_>) -> Review {
        let mut review = Review::default();
        let Some(accounts) = realm.accounts else { return review };
        for enablement in realm.contexts.iter().flat_map(|context| context.enablements) {
            review.warnings.extend(without_password(enablement, accounts));
            review.warnings.extend(unreadable_personas(enablement));
        }
        review
    }

    fn lower_member(
        &self,
        context: &ProfileContext<'_>,
        enablement: &Resource<UserEnablementSpec>,
        member: &Member<'_>,
    ) -> Vec<Component> {
        let Some(realm) = realm(context).filter(|_| is_managed(&enablement.spec)) else { return Vec::new() };
        // Roles that do not go together are refused before.
        let Ok(access) = Access::of(&member.roles) else { return Vec::new() };
        vec![teammate(context, realm, enablement, member, &access)]
    }
}

fn block<'a>(context: &ProfileContext<'a>) -> Option<&'a SendGrid> {
    context.tenant.spec.sendgrid.as_ref()
}

fn realm(context: &ProfileContext<'_>) -> Option<Realm> {
    Some(open::realm(block(context)?))
}

/// Whether Concord makes the teammates of an enablement.
pub(super) fn is_managed(spec: &UserEnablementSpec) -> bool {
    spec.provisioning == Provisioning::Managed
}

fn check_roles(enablement: &Resource<UserEnablementSpec>, findings: &mut Vec<Finding>) {
    let roles = &enablement.spec.roles;
    let mut check = |given: &[Role], path: Path| {
        if let Err(why) = Access::of(given) {
            findings.push(
                Finding::new(&codes::ROLES, format!("SendGrid does not take these roles: {why}"))
                    .at(enablement.at(&path), "what a teammate may do")
                    .help("give `admin`, one persona, scopes, or `admin@SUBUSER`; `concord explain sendgrid-roles`"),
            );
        }
    };
    check(&roles.default, path!["spec", "roles", "default"]);
    for (at, other) in roles.overrides.iter().enumerate() {
        check(&other.roles, path!["spec", "roles", "overrides", at, "roles"]);
    }
}

/// Break-glass administrators who could not sign in without the identity provider.
fn without_password(enablement: &Resource<UserEnablementSpec>, accounts: &Population) -> Option<Warning> {
    let can = |email: &&String| accounts.people.get(*email).is_some_and(|person| person.is_administrator);
    let all = lower_case(&enablement.spec.break_glass);
    let people: Vec<String> = all.iter().filter(|email| !can(email)).cloned().collect();
    let names = vec!["{}"; people.len()].join(", ");
    let is = if people.len() == 1 { "is no administrator" } else { "are no administrators" };
    (!people.is_empty()).then(|| Warning {
        code: codes::BREAK_GLASS.id,
        message: format!("{names} {is} with a password in SendGrid, and could not help when sign-in breaks"),
        people,
        location: Some(enablement.at(&path!["spec", "breakGlass"])),
        help: Some("invite an administrator with a password, or name the account's owner".to_owned()),
    })
}

fn unreadable_personas(enablement: &Resource<UserEnablementSpec>) -> Option<Warning> {
    let roles = &enablement.spec.roles;
    let has_persona = std::iter::once(&roles.default)
        .chain(roles.overrides.iter().map(|it| &it.roles))
        .any(|roles| matches!(Access::of(roles), Ok(Access::Persona(_))));
    (has_persona && is_managed(&enablement.spec)).then(|| Warning {
        code: codes::PERSONA.id,
        message: format!(
            "SendGrid does not tell personas, so those of `{}` are not compared",
            enablement.name()
        ),
        people: Vec::new(),
        location: Some(enablement.at(&path!["spec", "roles"])),
        help: Some("name scopes instead, for instance `mail.send`, to have them compared".to_owned()),
    })
}

fn lower_case(emails: &[String]) -> BTreeSet<String> {
    emails.iter().map(|email| email.trim().to_lowercase()).collect()
}

struct Lowering<'a> {
    context: &'a ProfileContext<'a>,
    realm: &'a Realm,
    identity_provider: &'a IdentityProviderSide,
}

impl Lowering<'_> {
    fn component(&self, component_type: &str, title: String) -> Component {
        let context = self.context;
        let profile = context.profile;
        let mut component = Component::new(
            context.marker(&context.address(component_type)),
            self.realm.clone(),
            title,
            profile.spec.friendly_name.as_str(),
            profile.origin(),
        );
        component.formerly = context.former_address(component_type);
        component.lifecycle = profile.lifecycle.clone();
        component
    }

    fn integration(&self, sign_out: &Url) -> Component {
        let profile = self.context.profile;
        let name = profile.spec.friendly_name.as_str();
        let mut component = self.component(kind::INTEGRATION, format!("SendGrid integration `{name}`"));
        component.adopt = profile.spec.application.adopt;
        let at = |path| Some(profile.at(&path));
        let idp = at(path!["spec", "identityProvider"]);
        component.fields = vec![
            Field::managed(field::NAME, name).from(at(path!["spec", "friendlyName"])),
            Field::managed(field::SIGNIN_URL, self.identity_provider.sso_url.clone())
                .by(Rule::Url)
                .from(idp.clone()),
            Field::managed(field::SIGNOUT_URL, sign_out.as_str())
                .by(Rule::Url)
                .from(at(path!["spec", "urls", "signOut"])),
            Field::managed(field::ENTITY_ID, self.identity_provider.issuer.clone()).from(idp),
        ];
        if let Some(id) = &profile.spec.connection {
            component.fields.push(
                Field::new(field::ID, id.as_str(), Capability::Derived).from(at(path!["spec", "connection"])),
            );
        }
        let is_own = self.identity_provider.sso_url.references().iter().any(|reference| {
            let Address { kind, name, tenant, .. } = &reference.from;
            *kind == Kind::SsoProfile && name == profile.name() && *tenant == profile.tenant
        });
        if is_own {
            component.fields.push(Field::new(field::OWN_APPLICATION, true, Capability::Derived));
        }
        component
    }

    /// What belongs to the integration: named by its ID, touched only once it is as it should be.
    fn part(&self, component_type: &str, title: String) -> Component {
        let integration = self.context.address(kind::INTEGRATION);
        let mut component = self.component(component_type, title);
        component.fields =
            vec![Field::managed(field::INTEGRATION, Value::output_of(&integration, "connection"))];
        component.needs = std::iter::once(integration).chain(self.identity_provider.gates.clone()).collect();
        component
    }

    fn certificates(&self) -> Component {
        let name = &self.context.profile.spec.friendly_name;
        let mut component =
            self.part(kind::CERTIFICATES, format!("certificates of SendGrid integration `{name}`"));
        let trust = self.context.identity_provider.at(&path!["spec", "trust"]);
        component.fields.push(
            Field::managed(field::CERTIFICATES, self.identity_provider.certificates.clone())
                .by(Rule::Set)
                .from(trust),
        );
        component
    }

    fn switch(&self) -> Component {
        let profile = self.context.profile;
        let name = &profile.spec.friendly_name;
        let mut component = self.part(kind::SWITCH, format!("switch of SendGrid integration `{name}`"));
        component.needs.push(self.context.address(kind::CERTIFICATES));
        let enabled = profile.spec.enabled.unwrap_or(true);
        component.fields.extend([
            Field::managed(field::ENABLED, enabled).from(profile.at(&path!["spec", "enabled"])),
            Field::managed(field::COMPLETED, true),
        ]);
        component
    }

    /// Who is to be removed and whose leaving is to be reported: read by the observation, written by nobody.
    fn teammates(&self) -> Option<Component> {
        let enablements = self.context.enablements;
        let all = |list: fn(&UserEnablementSpec) -> &[String]| -> BTreeSet<String> {
            enablements.iter().flat_map(|it| lower_case(list(&it.spec))).collect()
        };
        let (remove, never) = (all(|spec| &spec.remove), all(|spec| &spec.break_glass));
        // Before everybody is enabled, nobody has left.
        let reports = |spec: &UserEnablementSpec| {
            is_managed(spec) && spec.removal == Removal::Report && spec.rollout.stage >= Stage::All
        };
        let leavers: BTreeMap<String, Value> = enablements
            .iter()
            .filter(|it| reports(&it.spec))
            .map(|it| (it.name().to_string(), Value::texts(lower_case(&it.spec.select.email_domains))))
            .collect();
        if remove.is_empty() && leavers.is_empty() {
            return None;
        }
        let mut component = self.component(kind::TEAMMATES, "SendGrid teammates".to_owned());
        component.fields = vec![
            Field::new(field::REMOVE, Value::texts(remove), Capability::Derived),
            Field::new(field::BREAK_GLASS, Value::texts(never), Capability::Derived),
            Field::new(field::LEAVERS, Value::Map(leavers), Capability::Derived),
        ];
        Some(component)
    }
}

/// The address of a person's teammate in an enablement.
fn teammate_address(enablement: &Resource<UserEnablementSpec>, email: &str) -> Address {
    Address::new(
        enablement.tenant.clone(),
        Kind::UserEnablement,
        enablement.name().clone(),
        format!("{}:{email}", kind::TEAMMATE),
    )
}

fn teammate(
    context: &ProfileContext<'_>,
    realm: Realm,
    enablement: &Resource<UserEnablementSpec>,
    member: &Member<'_>,
    access: &Access,
) -> Component {
    let email = member.person.email.to_lowercase();
    let address = teammate_address(enablement, &email);
    let mut component = Component::new(
        context.marker(&address),
        realm,
        format!("SendGrid teammate {email}"),
        email.as_str(),
        member.origin.clone(),
    );
    component.formerly = enablement.metadata.formerly.clone().map(|former| address.renamed(former));
    component.class = Class::Membership;
    component.lifecycle = enablement.lifecycle.clone();
    // An account takes SSO teammates once it has an integration that is switched on.
    component.needs = member.needs.clone();
    let switch = context.address(kind::SWITCH);
    if !component.needs.contains(&switch) {
        component.needs.push(switch);
    }
    let ((first, last), rule) = match member.person.name.as_deref().and_then(names) {
        Some(names) => (names, Rule::Exact),
        // SendGrid requires both; what nobody knows is not compared.
        None => ((email.split('@').next().unwrap_or(&email), "-"), Rule::WriteOnly),
    };
    component.fields = vec![
        Field::managed(field::EMAIL, email.as_str()).by(Rule::IgnoreCase),
        Field::managed(field::FIRST_NAME, first).by(rule),
        Field::managed(field::LAST_NAME, last).by(rule),
        Field::managed(field::IS_ADMIN, *access == Access::Admin),
    ];
    component.fields.extend(match access {
        Access::Admin => None,
        Access::Persona(persona) => Some(Field::managed(field::PERSONA, *persona).by(Rule::WriteOnly)),
        Access::Scopes(scopes) => {
            Some(Field::managed(field::SCOPES, Value::texts(scopes.iter().map(String::as_str))).by(Rule::Set))
        }
        Access::Subusers(subusers) => {
            let subusers = subusers
                .iter()
                .map(|(id, scopes)| access::subuser(*id, scopes.iter().map(String::as_str)))
                .collect();
            Some(Field::managed(field::SUBUSER_ACCESS, Value::List(subusers)).by(Rule::Set))
        }
    });
    for field in &mut component.fields {
        field.origin = Some(member.origin.clone());
    }
    component
}

/// A name as SendGrid wants it: the last word apart. A single word is the first name.
fn names(name: &str) -> Option<(&str, &str)> {
    let name = name.trim();
    match name.rsplit_once(char::is_whitespace) {
        Some((first, last)) => Some((first.trim_end(), last)),
        None if name.is_empty() => None,
        None => Some((name, "-")),
    }
}

#[cfg(test)]
pub(super) mod tests;
