//! The Console's older SSO (Twilio, "Legacy Twilio Console SSO"): there is no page for it either. Everything goes by support ticket, so each
//! step is a complete ticket, and Twilio's answers are attested: its entity ID and token consumer URL then flow into the identity
//! provider's application.

use std::collections::BTreeSet;

use super::{
    codes, console_realm,
    lower::{exempt, no_organization, test_user},
    open, organization_realm,
};
use crate::{
    component::{Address, Capability, Component, Field, Instruction, Realm, Rule, Step, StepOutput, Value},
    diagnostics::Finding,
    manifest::{
        Kind, Resource,
        attestation::AttestationSpec,
        sso_profile::Ticket,
        tenant::TenantSpec,
        user_enablement::{Stage, UserEnablementSpec},
    },
    provider::{
        IdentityProviderSide, LowerError, Member, PeopleSource, ProfileContext, ServiceProvider,
        ServiceProviderSide, announcement,
    },
    yaml::path,
};

/// Component types.
const SETUP: &str = "console-legacy.setup";
const TEST_USERS: &str = "console-legacy.test-users";
const TEST: &str = "console-legacy.test";
const PEOPLE: &str = "console-legacy.people";

/// What Twilio's answer to the first ticket gives.
const ENTITY_ID: &str = "entityId";
const ACS_URL: &str = "acsUrl";

/// Where tickets are written.
const SUPPORT: &str = "Twilio Support, a ticket (Console > Help > Support tickets)";
/// The page's address.
const SUPPORT_URL: &str = "https://console.twilio.com/us1/support-tickets";
/// Raised when a step's inputs change their meaning.
const VERSION: u32 = 1;

/// The NameID format that the legacy Console matches people by, unless an attribute was agreed on (Twilio, "Legacy Twilio Console
/// SSO").
const NAME_ID_FORMAT: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

/// The Console's SSO by support ticket.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConsoleLegacyProduct;

impl ServiceProvider for ConsoleLegacyProduct {
    fn offer(&self, context: &ProfileContext<'_>) -> ServiceProviderSide {
        let spec = &context.profile.spec;
        let stated = &spec.service_provider;
        let setup = context.address(SETUP);
        let or_answer = |known: Option<String>, output: &str| {
            known.map_or_else(|| Value::output_of(&setup, output), Value::Text)
        };
        let logout = spec.ticket.as_ref().and_then(|ticket| ticket.logout_redirect.as_ref());
        ServiceProviderSide {
            entity_id: or_answer(stated.entity_id.clone(), ENTITY_ID),
            acs_url: or_answer(stated.acs_url.as_ref().map(ToString::to_string), ACS_URL),
            callback_urls: stated.callback_urls.iter().map(|url| Value::text(url.as_str())).collect(),
            logout_urls: stated
                .logout_urls
                .iter()
                .chain(logout)
                .map(|url| Value::text(url.as_str()))
                .collect(),
            start_url: None,
            gates: vec![context.address(TEST)],
        }
    }

    fn lower(
        &self,
        context: &ProfileContext<'_>,
        identity_provider: &IdentityProviderSide,
    ) -> Result<Vec<Component>, LowerError> {
        let (Some(realm), Some(scope)) =
            (console_realm(context.tenant), context.tenant.spec.twilio.as_ref().and_then(open::scope))
        else {
            return Err(LowerError(vec![no_organization(context)]));
        };
        if test_user(context).is_none() {
            let finding = Finding::new(
                &codes::TEST_USERS_MISSING,
                format!("the ticket of `{}` has to name test users", context.profile.name()),
            )
            .at(context.profile.at(&path!["spec"]), "no `testUsers` here")
            .help(
                "add `testUsers: [ADDRESS]`: people who sign in to the Console today, by their login address",
            );
            return Err(LowerError(vec![finding]));
        }
        let profile = Profile { context, side: identity_provider, scope, realm };
        Ok(vec![profile.setup(), profile.test_users(), profile.test()])
    }

    fn realm(&self, context: &ProfileContext<'_>) -> Option<Realm> {
        // Without an OAuth app the organization's users cannot be listed: then the identity provider's people are all that is known.
        let organization = context.tenant.spec.twilio.as_ref()?.organization.as_ref()?;
        organization.oauth_client.as_ref()?;
        organization_realm(context.tenant)
    }

    fn lists_accounts(&self) -> bool {
        true
    }

    fn people(&self, _enablement: &UserEnablementSpec) -> PeopleSource {
        PeopleSource::Product
    }

    /// One ticket for all of an enablement, once the test has succeeded; the pilot's people are in the ticket for test users.
    fn lower_members(
        &self,
        context: &ProfileContext<'_>,
        enablement: &Resource<UserEnablementSpec>,
        members: &[Member<'_>],
    ) -> Vec<Component> {
        people(context, enablement, members).into_iter().collect()
    }
}

fn say(text: impl Into<String>) -> Instruction {
    Instruction::say(text)
}

fn ticket(scope: &str, subject: &str, body: Vec<Instruction>) -> Step {
    let mut instructions = vec![say(format!("Write a ticket. Subject: {subject} ({scope})"))];
    instructions.extend(body);
    Step {
        url: Some(SUPPORT_URL.to_owned()),
        instructions,
        is_withdrawal: false,
        ..Step::new(VERSION, SUPPORT, scope)
    }
}

/// The addresses of people as testers: the profile's test users and the pilots of its enablements.
fn testers(context: &ProfileContext<'_>) -> BTreeSet<String> {
    let pilots = context.enablements.iter().flat_map(|enablement| &enablement.spec.rollout.pilot);
    let exempt = exempt(context);
    context
        .profile
        .spec
        .test_users
        .iter()
        .chain(pilots)
        .map(|email| email.trim().to_lowercase())
        .filter(|email| !exempt.contains(email))
        .collect()
}

/// Which set-up a ticket is about: a customer can have several.
fn set_up_of(context: &ProfileContext<'_>) -> Field {
    Field::new(ACS_URL, ConsoleLegacyProduct.offer(context).acs_url, Capability::Attested).by(Rule::Url)
}

struct Profile<'a> {
    context: &'a ProfileContext<'a>,
    side: &'a IdentityProviderSide,
    scope: &'a str,
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
                format!("legacy Console SSO `{name}`: {what}"),
                name,
                profile.origin(),
            )
        }
    }

    fn trusted(&self) -> Vec<Field> {
        let here = self.context.profile.at(&path!["spec", "identityProvider"]);
        let IdentityProviderSide { issuer, sso_url, certificates, gates: _ } = self.side;
        vec![
            Field::new("issuer", issuer.clone(), Capability::Attested).from(here.clone()),
            Field::new("ssoUrl", sso_url.clone(), Capability::Attested).by(Rule::Url).from(here.clone()),
            Field::new("certificates", certificates.clone(), Capability::Attested).by(Rule::Set).from(here),
        ]
    }

    /// Who is asked for, matched by what.
    fn matching(&self) -> Field {
        let agreed = self.context.profile.spec.ticket.as_ref().and_then(|it| it.email_attribute.as_deref());
        match agreed {
            Some(attribute) => Field::new("emailAttribute", attribute, Capability::Attested)
                .from(self.context.profile.at(&path!["spec", "ticket", "emailAttribute"])),
            None => Field::new("nameIdFormat", NAME_ID_FORMAT, Capability::Attested),
        }
    }

    fn setup(&self) -> Component {
        let profile = self.context.profile;
        let spec = &profile.spec;
        let mut fields = self.trusted();
        let matching = self.matching();
        let Ticket { edition, logout_redirect, email_attribute: _, contacts } =
            spec.ticket.clone().unwrap_or_default();
        let mut body = vec![
            say("Please set up SAML 2.0 single sign-on to the Twilio Console for us, with these values."),
            Instruction::enter("Entity ID of the identity provider (Connection ID, External Key)", "issuer"),
            Instruction::enter("SSO service URL, publicly reachable, by GET or POST", "ssoUrl"),
            Instruction::enter("Public X.509 certificate, PEM", "certificates"),
        ];
        if let Some(url) = &logout_redirect {
            fields.push(
                Field::new("logoutRedirect", url.as_str(), Capability::Attested)
                    .by(Rule::Url)
                    .from(profile.at(&path!["spec", "ticket", "logoutRedirect"])),
            );
            body.push(Instruction::enter("Redirect URL after logout (POST)", "logoutRedirect"));
        }
        body.push(if matching.path == "emailAttribute" {
            Instruction::enter(
                "People are matched by the assertion attribute that holds the e-mail address:",
                "emailAttribute",
            )
        } else {
            Instruction::enter(
                "People are matched by the NameID, whose value is the e-mail address and whose format is:",
                "nameIdFormat",
            )
        });
        fields.push(matching);
        body.push(say("Responses are signed. Please tell us your entity ID and token consumer URL."));
        if let Some(edition) = &edition {
            fields.push(
                Field::new("edition", edition.as_str(), Capability::Attested)
                    .from(profile.at(&path!["spec", "ticket", "edition"])),
            );
            body.push(Instruction::enter("Twilio edition", "edition"));
        }
        if !contacts.is_empty() {
            body.push(say(format!("Please answer: {}", contacts.join(", "))));
        }
        body.push(say("Send it, and wait for Twilio's answer."));
        body.push(Instruction::note("Twilio's entity ID", ENTITY_ID));
        body.push(Instruction::note("Twilio's token consumer URL (it ends with UI and 32 digits)", ACS_URL));
        let output = |name: &str, title: &str, required: bool| StepOutput {
            name: name.to_owned(),
            title: title.to_owned(),
            sid: None,
            required,
        };
        let step = Step {
            outputs: vec![
                output(ENTITY_ID, "Twilio's entity ID", spec.service_provider.entity_id.is_none()),
                output(ACS_URL, "Twilio's token consumer URL", spec.service_provider.acs_url.is_none()),
            ],
            ..ticket(self.scope, "SAML single sign-on to the Twilio Console", body)
        };
        self.component(SETUP, "set-up ticket", fields, step)
    }

    fn test_users(&self) -> Component {
        let fields = vec![
            set_up_of(self.context),
            Field::new("users", Value::texts(testers(self.context)), Capability::Attested)
                .by(Rule::Set)
                .from(self.context.profile.at(&path!["spec", "testUsers"])),
        ];
        let body = vec![
            say("Please enable single sign-on for these test users, by their login addresses."),
            Instruction::enter("Our set-up, by your token consumer URL", ACS_URL),
            Instruction::enter("Test users", "users"),
            say(
                "Whoever was in this list before and is not any more: please disable single sign-on for them.",
            ),
            say("Send it, in the same ticket, and wait until Twilio says that they are enabled."),
        ];
        let step = ticket(self.scope, "test users for SAML single sign-on", body);
        let mut needs = vec![self.context.address(SETUP)];
        needs.extend(self.side.gates.iter().cloned());
        Component { needs, ..self.component(TEST_USERS, "ticket for test users", fields, step) }
    }

    fn test(&self) -> Component {
        let context = self.context;
        let mut fields = self.trusted();
        let user = test_user(context).unwrap_or_default();
        fields.push(Field::new("testUser", user, Capability::Attested).by(Rule::IgnoreCase));
        fields.push(set_up_of(context));
        let vendor = context.identity_provider.spec.vendor.title();
        let instructions = vec![
            say(
                "Together with Twilio Support: open a private browser window and the Twilio Console's login page.",
            ),
            Instruction::enter("Sign in as:", "testUser"),
            say(format!(
                "Expect this: the browser goes to {vendor}, asks for the sign-in there, and comes back to the Console without an error."
            )),
            say(
                "If it fails, do not confirm. Run `concord verify`, and tell support the time of the attempt. Frequent causes: the response is not \
                 signed, the NameID is not the login address, the address is an alias that the identity provider does not send.",
            ),
        ];
        let step = Step {
            instructions,
            url: Some("https://www.twilio.com/login".to_owned()),
            ..Step::new(VERSION, "the Twilio Console, signing in as a test user", self.scope)
        };
        let mut needs = vec![context.address(SETUP), context.address(TEST_USERS)];
        needs.extend(self.side.gates.iter().cloned());
        Component { needs, ..self.component(TEST, "test sign-in", fields, step) }
    }
}

/// The ticket that enables everybody: how they are selected, and the list that the manifests come to, which Twilio's has to equal.
fn people(
    context: &ProfileContext<'_>,
    enablement: &Resource<UserEnablementSpec>,
    members: &[Member<'_>],
) -> Option<Component> {
    if enablement.spec.rollout.stage == Stage::Pilot {
        return None;
    }
    let twilio = context.tenant.spec.twilio.as_ref()?;
    let testers = testers(context);
    let users: BTreeSet<&str> = members
        .iter()
        .map(|member| member.person.email.as_str())
        .filter(|email| !testers.contains(*email))
        .collect();
    if users.is_empty() {
        return None;
    }
    let select = &enablement.spec.select;
    let here = |key: &str| enablement.at(&path!["spec", "select", key]);
    let mut fields = vec![set_up_of(context)];
    let mut body = vec![
        say(
            "Please enable single sign-on for the users of this selection, and send us the list of who they are.",
        ),
        Instruction::enter("Our set-up, by your token consumer URL", ACS_URL),
    ];
    let is_all = enablement.spec.rollout.stage >= Stage::All;
    for (key, label, items) in [
        ("emailDomains", "Everybody with an address in these e-mail domains:", &select.email_domains),
        ("userSids", "These users, by SID:", &select.user_sids),
        ("accounts", "The users of these accounts:", &select.accounts),
    ] {
        if is_all && !items.is_empty() {
            let items = Value::texts(items.iter().map(String::as_str));
            fields.push(Field::new(key, items, Capability::Attested).by(Rule::Set).from(here(key)));
            body.push(Instruction::enter(label, key));
        }
    }
    let never = exempt(context);
    if is_all && !never.is_empty() {
        let items = Value::texts(never.iter().map(String::as_str));
        fields.push(Field::new("never", items, Capability::Attested).by(Rule::Set));
        body.push(Instruction::enter("Never these: they keep signing in with a password:", "never"));
    }
    let count = users.len();
    fields.push(
        Field::new("users", Value::texts(users), Capability::Attested).by(Rule::Set).from(here("users")),
    );
    body.push(Instruction::enter(format!("By our own records these are the users ({count}):"), "users"));
    body.extend([
        say("Whoever was in this list before and is not any more: please disable single sign-on for them."),
        say("Send it. Twilio answers with a list: review it against the one above before you agree."),
        say(
            "Somebody in Twilio's list and not in ours: the identity provider does not know the address, or only as an alias, and the person could \
             not sign in any more. The warnings of this runbook name them with the reason. Have them taken off the list, or mend the address.",
        ),
        say("Then tell the people concerned, for instance:"),
        say(announcement(context, enablement)),
        say("Agree with Twilio on the day from which it is enforced, and confirm here once they are enabled."),
    ]);
    let address =
        Address::new(enablement.tenant.clone(), Kind::UserEnablement, enablement.name().clone(), PEOPLE);
    let step = ticket(open::scope(twilio)?, "users for SAML single sign-on", body);
    Some(Component {
        formerly: enablement.metadata.formerly.clone().map(|name| address.renamed(name)),
        fields,
        needs: vec![context.address(TEST)],
        lifecycle: enablement.lifecycle.clone(),
        step: Some(step),
        ..Component::new(
            context.marker(&address),
            console_realm(context.tenant)?,
            format!("legacy Console SSO: ticket for the users of `{}`", enablement.name()),
            enablement.name().as_str(),
            enablement.origin(),
        )
    })
}

/// What ends the legacy SSO, or takes people off it.
pub(super) fn removal_step(
    component_type: &str,
    attestation: &AttestationSpec,
    tenant: &Resource<TenantSpec>,
) -> Option<(Realm, Step)> {
    let scope = open::scope(tenant.spec.twilio.as_ref()?)?;
    let (instructions, is_withdrawal) = match component_type {
        SETUP => {
            let acs_url = attestation.outputs.get(ACS_URL).map(String::as_str).unwrap_or_default();
            let provider = identity_provider_sid(acs_url);
            (
                vec![
                    say(
                        "If people move to the self-service SSO: see first that the new profile was tested (`concord plan` shows its test as done), and \
                         that its domains are not enforced yet.",
                    ),
                    say(
                        "Write a ticket. Subject: please remove our legacy SAML single sign-on to the Twilio Console",
                    ),
                    say(match provider {
                        Some(sid) => {
                            format!("IdentityProviderSid: `{sid}` (from the token consumer URL {acs_url})")
                        }
                        None => format!(
                            "Token consumer URL: {acs_url}; the IdentityProviderSid is in it, UI and 32 digits"
                        ),
                    }),
                    say(
                        "When Twilio says that it is done, enforce the new profile: write `stage: enforced` in its enablement.",
                    ),
                ],
                false,
            )
        }
        PEOPLE | TEST_USERS => {
            let users = attestation.inputs.get("users").and_then(serde_json::Value::as_array);
            let users: Vec<&str> =
                users.into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
            (
                vec![
                    say("Write a ticket. Subject: please disable SAML single sign-on for users"),
                    say(format!("Users: {}", users.join(", "))),
                    say(
                        "Send it, and confirm once Twilio says that they sign in with their passwords again.",
                    ),
                ],
                true,
            )
        }
        _ => return None,
    };
    let step = Step {
        removal: instructions,
        url: Some(SUPPORT_URL.to_owned()),
        is_withdrawal,
        ..Step::new(VERSION, SUPPORT, scope)
    };
    Some((console_realm(tenant)?, step))
}

/// The `UI` SID in a legacy token consumer URL.
fn identity_provider_sid(url: &str) -> Option<&str> {
    url.split(['/', '?', '=', '&']).find(|part| {
        part.len() == 34 && part.starts_with("UI") && part[2..].bytes().all(|b| b.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::identity_provider_sid;

    #[test]
    fn the_identity_providers_sid_is_found_in_its_url() {
        let sid = "UI00000000000000000000000000000001";
        assert_eq!(identity_provider_sid(&format!("https://www.twilio.com/sso/{sid}/acs")), Some(sid));
        assert_eq!(identity_provider_sid(&format!("https://www.twilio.com/acs?id={sid}")), Some(sid));
        assert_eq!(identity_provider_sid("https://www.twilio.com/sso/UIé/acs"), None);
        assert_eq!(identity_provider_sid(""), None);
    }
}
