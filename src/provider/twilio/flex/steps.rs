//! The wording of the manual steps. Labels are those of the Console's page (Twilio, `docs/flex/admin-guide/setup/sso-configuration`);
//! what is entered comes from the components' fields, so that it is covered by the attestation.
//!
//! A new profile is one form, so the step that makes it tells to fill in all of it; the steps for name and URLs are then confirmations,
//! and stand alone when only they change.

use super::PROVIDER;
use super::lower::{entity_id, shown};
use crate::{
    component::{Address, Instruction, Realm, Step, StepOutput},
    manifest::{
        Resource, attestation::AttestationSpec, identity_provider::Vendor, sso_profile::SsoProfileSpec,
        tenant::TenantSpec,
    },
};

/// Where the profile is kept.
const PLACE: &str = "Twilio Console > Flex > Users and access > SSO";
/// The page's address, as Twilio's documentation links it.
const PAGE: &str = "https://console.twilio.com/us1/develop/flex/users-and-access/single-sign-on";

/// Raised when a step's inputs change their meaning.
const VERSION: u32 = 1;

pub(super) fn step(account_sid: &str, instructions: Vec<Instruction>) -> Step {
    Step { url: Some(PAGE.to_owned()), instructions, ..Step::new(VERSION, PLACE, account_sid) }
}

/// Making the profile, and changing whom it trusts. `can_probe` says whether the SSO URL will be seen afterwards.
pub(super) fn trust(
    account_sid: &str,
    profile: &SsoProfileSpec,
    certificates: usize,
    can_probe: bool,
) -> Step {
    let SsoProfileSpec { friendly_name, connection, urls, login_popup, .. } = profile;
    let mut instructions = vec![match connection {
        Some(connection) => Instruction::say(format!(
            "In account `{account_sid}`, open the SSO profile whose Entity ID is `{}`.",
            entity_id(connection)
        )),
        None => Instruction::say(format!(
            "In account `{account_sid}`, open the SSO profile that is meant for `{friendly_name}`; if there is none, make a new one and \
             fill in the whole form."
        )),
    }];
    instructions.push(Instruction::say(format!("`Friendly Name`: {friendly_name}")));
    instructions.push(Instruction::say(
        "Paste the certificate as its whole PEM text, with the BEGIN and END lines and all their dashes.",
    ));
    if certificates > 1 {
        instructions.push(Instruction::say(super::super::SEVERAL_CERTIFICATES));
    }
    instructions.push(Instruction::enter("X.509 Certificate", "certificates"));
    instructions.push(Instruction::enter("Identity Provider Issuer", "issuer"));
    instructions.push(Instruction::enter("Single Sign-On URL", "ssoUrl"));
    if let Some(url) = &urls.default_redirect {
        instructions.push(Instruction::say(format!("`Default Redirect URL`: {}", shown(url))));
    }
    if !urls.trusted.is_empty() {
        instructions.push(Instruction::say(format!("`Trusted URLs`: {}", urls.trusted.join(", "))));
    }
    instructions
        .push(Instruction::say(format!("`Login using popup`: {}", if *login_popup { "on" } else { "off" })));
    instructions.push(Instruction::say("Save, and see that the profile is active."));
    if !can_probe {
        instructions.push(Instruction::say(
            "Compare the Single Sign-On URL once more: Concord cannot see it, because the manifest gives no https URL under `urls` to begin \
             a sign-in with.",
        ));
    }
    instructions.push(Instruction::note("JQ and 32 digits, the end of the Entity ID (urn:flex:JQ...) that the page shows for the identity provider", "connection"));
    Step {
        outputs: vec![StepOutput {
            name: "connection".to_owned(),
            title: "connection ID of the SSO profile".to_owned(),
            sid: Some(("JQ", 32)),
            required: true,
        }],
        removal: removal(&match connection {
            Some(connection) => format!("whose Entity ID is `{}`", entity_id(connection)),
            None => format!("`{friendly_name}`"),
        }),
        ..step(account_sid, instructions)
    }
}

/// Giving the profile its name.
pub(super) fn label(account_sid: &str) -> Step {
    step(
        account_sid,
        vec![
            Instruction::say(
                "Open the SSO profile. If you have just made it, its name is entered: compare and confirm.",
            ),
            Instruction::enter("Friendly Name", "friendlyName"),
            Instruction::say("Save if you changed it."),
        ],
    )
}

/// Giving the profile its URLs. `fields` are those that the component has.
pub(super) fn urls(account_sid: &str, has_default: bool, has_trusted: bool) -> Step {
    let mut instructions = vec![Instruction::say(
        "Open the SSO profile. If you have just made it, its URLs are entered: compare and confirm.",
    )];
    if has_default {
        instructions.push(Instruction::enter("Default Redirect URL", "defaultRedirect"));
    }
    if has_trusted {
        instructions.push(Instruction::say("One entry for each URL, without wildcards."));
        instructions.push(Instruction::enter("Trusted URLs", "trusted"));
    }
    instructions.push(Instruction::enter("Login using popup", "loginPopup"));
    instructions.push(Instruction::say("Save if you changed anything."));
    step(account_sid, instructions)
}

/// What a test sign-in is described by.
pub(super) struct Test<'a> {
    pub(super) account_sid: &'a str,
    pub(super) vendor: Vendor,
    /// Addresses of one's own that lead to Flex.
    pub(super) entrances: Vec<String>,
    pub(super) has_test_user: bool,
    pub(super) asserts_team: bool,
    pub(super) opens_popup: bool,
}

/// Signing in once, as the first person.
pub(super) fn test(test: &Test<'_>) -> Step {
    let login_link = "the profile's login link (`https://flex.twilio.com/` and the first part of the runtime domain; the SSO page shows it)";
    let mut instructions =
        vec![Instruction::say("Open a private browser window, so that no earlier sign-in is used again.")];
    instructions.push(match test.entrances.as_slice() {
        [] => Instruction::say(format!("Open {login_link}.")),
        entrances => Instruction::say(format!(
            "Open {}. Afterwards do the same, in a new private window, with {login_link}.",
            entrances.join(", then ")
        )),
    });
    if test.opens_popup {
        instructions.push(Instruction::say("Allow the pop-up window that opens for the sign-in."));
    }
    instructions.push(if test.has_test_user {
        Instruction::enter("Sign in as:", "testUser")
    } else {
        Instruction::say("Sign in as a person who may use the application.")
    });
    instructions.push(Instruction::say(format!(
        "Expect this: the browser goes to {} and asks for the sign-in there, comes back without an error, and Flex opens with the \
         person's full name and the features of their roles{}.",
        test.vendor.title(),
        if test.asserts_team { ", and shows their own team" } else { "" }
    )));
    instructions.push(Instruction::say(format!(
        "If it fails, do not confirm. Run `concord verify`, which compares both sides and looks at the sign-in's request and certificates. \
         If {idp} refuses, its logs say why. If Twilio refuses what {idp} sent, repeat the sign-in with a SAML tracer (a browser \
         extension) and compare the issuer, the audience, the NameID and the attributes of the response with the manifests.",
        idp = test.vendor.title()
    )));
    Step {
        place: "Twilio Flex, signing in as a test user".to_owned(),
        url: test.entrances.first().cloned(),
        ..step(test.account_sid, instructions)
    }
}

fn removal(which: &str) -> Vec<Instruction> {
    vec![
        Instruction::say(
            "See first that nobody signs in through it any more: with it, they lose their way into Flex.",
        ),
        Instruction::say(format!("Delete the SSO profile {which}.")),
    ]
}

/// The step that removes what an attested step had made and no manifest asks for any more; `None` where nothing remains of it.
///
/// A profile's name and URLs go with the profile, and a test leaves nothing behind.
pub fn removal_step(
    address: &Address,
    attestation: &AttestationSpec,
    tenant: &Resource<TenantSpec>,
) -> Option<(Realm, Step)> {
    let account = &tenant.spec.twilio.as_ref()?.account.as_ref()?.sid;
    Some((Realm::new(PROVIDER, account), removal_in(address, attestation, account)?))
}

/// The same, in an account.
pub(super) fn removal_in(
    address: &Address,
    attestation: &AttestationSpec,
    account_sid: &str,
) -> Option<Step> {
    if address.component_type() != super::lower::TRUST {
        return None;
    }
    let input = |name: &str| attestation.inputs.get(name).and_then(serde_json::Value::as_str);
    let which = match (attestation.outputs.get("connection"), input("issuer")) {
        (Some(connection), _) => format!("{connection} (its Entity ID is `{}`)", entity_id(connection)),
        (None, Some(issuer)) => format!("with the Identity Provider Issuer `{issuer}`"),
        (None, None) => format!("that was made for `{}`", address.name),
    };
    let mut instructions = vec![Instruction::say(format!("Open account `{account_sid}`."))];
    instructions.extend(removal(&which));
    Some(Step { removal: instructions, ..step(account_sid, Vec::new()) })
}
