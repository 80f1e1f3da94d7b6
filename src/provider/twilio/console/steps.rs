//! The wording of the manual steps of a self-service profile (Twilio, `docs/iam/single-sign-on` and its pages on Okta, other SAML 2.0
//! identity providers, testing and enforcing). What is entered comes from the components' fields, so that it is covered by the
//! attestation.

use std::collections::BTreeSet;

use crate::{
    component::{Instruction, Step, StepOutput},
    manifest::identity_provider::Vendor,
};

/// Where profiles are kept.
const PLACE: &str = "Twilio Console > Admin > Single sign-on";
/// Where each user's switch is.
const USERS: &str = "Twilio Console > Admin > Users";

/// Raised when a step's inputs change their meaning.
const VERSION: u32 = 1;

/// What making a profile gives.
pub(super) const ENTITY_ID: &str = "entityId";
pub(super) const ACS_URL: &str = "acsUrl";

fn step(organization: &str, instructions: Vec<Instruction>) -> Step {
    Step { instructions, ..Step::new(VERSION, PLACE, organization) }
}

/// Making the profile, so far without trust in anybody.
pub(super) fn profile(organization: &str, name: &str, entity_id: Option<&str>, asks_for_acs: bool) -> Step {
    let mut instructions = vec![Instruction::say(match entity_id {
        Some(entity_id) => {
            format!(
                "In organization `{organization}`, open the SSO profile whose entity ID is `{entity_id}`."
            )
        }
        None => format!(
            "In organization `{organization}`, open the SSO profile that is meant for `{name}`; if there is none, create a new one and call it so."
        ),
    })];
    instructions.push(Instruction::enter("Identity provider", "identityProvider"));
    let mut outputs = Vec::new();
    let mut note = |label: &str, output: &str, title: &str, required: bool| {
        if required {
            instructions.push(Instruction::note(label, output));
        }
        outputs.push(StepOutput { name: output.to_owned(), title: title.to_owned(), sid: None, required });
    };
    note(
        "the entity ID that the page shows, which begins with urn:console:",
        ENTITY_ID,
        "entity ID of the Console",
        entity_id.is_none(),
    );
    note(
        "the assertion consumer service URL (ACS, Single sign-on URL of the service provider)",
        ACS_URL,
        "assertion consumer service URL",
        asks_for_acs,
    );
    instructions.push(Instruction::say(
        "Leave the page open or save as a draft: issuer, sign-on URL and certificate follow in a later step, once the application exists.",
    ));
    Step {
        outputs,
        removal: vec![
            Instruction::say(
                "See first that no domain is enforced through it, and nobody's SSO is switched on.",
            ),
            Instruction::say(format!("Delete the SSO profile `{name}`.")),
        ],
        ..step(organization, instructions)
    }
}

/// Giving the profile its name.
pub(super) fn label(organization: &str) -> Step {
    step(
        organization,
        vec![
            Instruction::say(
                "Open the SSO profile. If you have just made it, its name is entered: compare and confirm.",
            ),
            Instruction::enter("Friendly name", "friendlyName"),
            Instruction::say("Save if you changed it."),
        ],
    )
}

/// Entering whom the profile trusts.
pub(super) fn trust(organization: &str, certificates: usize) -> Step {
    let mut instructions = vec![
        Instruction::enter("Open the SSO profile whose entity ID is:", "profile"),
        Instruction::say("Choose `Enter Details Manually`."),
        Instruction::enter("Issuer", "issuer"),
        Instruction::enter("Single sign-on URL", "ssoUrl"),
        Instruction::say(
            "Paste the certificate as its whole PEM text, with the BEGIN and END lines and all their dashes.",
        ),
    ];
    if certificates > 1 {
        instructions.push(Instruction::say(super::super::SEVERAL_CERTIFICATES));
    }
    instructions.push(Instruction::enter("X.509 signing certificate", "certificates"));
    instructions.push(Instruction::say("Save."));
    step(organization, instructions)
}

/// What a test sign-in is described by.
pub(super) struct Test<'a> {
    pub(super) organization: &'a str,
    pub(super) vendor: Vendor,
    pub(super) has_test_user: bool,
}

/// Signing in once, as the first person.
pub(super) fn test(test: &Test<'_>) -> Step {
    let idp = test.vendor.title();
    let mut instructions = vec![
        Instruction::enter("Open the SSO profile whose entity ID is:", "profile"),
        Instruction::say("Press `Test SSO connection`, and choose the verified domain of the test user."),
        Instruction::say(
            "The test user is a managed user of that domain, is assigned to the application, is not yourself, and is under no other profile.",
        ),
    ];
    if test.has_test_user {
        instructions.push(Instruction::enter("Sign in, in a private browser window, as:", "testUser"));
    } else {
        instructions.push(Instruction::say(
            "Sign in, in a private browser window, as a person who may use the application.",
        ));
    }
    instructions.push(Instruction::say(format!(
        "Expect this: the browser goes to {idp}, asks for the sign-in there, comes back to the Twilio Console without an error, and the page \
         says that the test succeeded."
    )));
    instructions.push(Instruction::say(format!(
        "If it fails, do not confirm, and run `concord verify`. `message of SAML response is not signed`: {idp} has to sign response and \
         assertion. An invalid response is often an encrypted one: switch encryption off. An audience mismatch: the entity ID in {idp}. A missing \
         RelayState: leave its default empty in {idp}. A page of {idp} that does not exist: the sign-on URL or the issuer. Not assigned: assign \
         the test user to the application."
    )));
    step(test.organization, instructions)
}

/// Making everybody of the domains use the profile.
pub(super) fn enforcement(organization: &str, exempt: &BTreeSet<String>, announcements: &[String]) -> Step {
    let mut instructions = vec![Instruction::say(
        "Tell the people concerned first: Twilio sends no mail. Sessions that are open stay open. For instance:",
    )];
    instructions.extend(announcements.iter().map(Instruction::say));
    instructions.extend([
        Instruction::say(format!(
            "Do this as an administrator who need not use SSO ({}): whoever enforces is not enforced, and can take it back.",
            list(exempt)
        )),
        Instruction::enter("Open the SSO profile whose entity ID is:", "profile"),
        Instruction::enter("Enforce it for the domains:", "domains"),
        Instruction::say(
            "Twilio switches SSO on for every managed user of these domains, within some minutes, and for whoever joins later.",
        ),
        Instruction::say("Go on at once with the people who need not use it, where the plan has such a step."),
    ]);
    Step {
        removal: vec![
            Instruction::say("Open the SSO profile and end its enforcement for these domains."),
            Instruction::say(
                "At Admin > Users, see that people whose SSO is still `Enabled` and who should sign in with a password are switched to `Disabled`.",
            ),
        ],
        is_withdrawal: true,
        ..step(organization, instructions)
    }
}

/// Letting some people of enforced domains sign in without it.
pub(super) fn exceptions(organization: &str) -> Step {
    Step {
        place: USERS.to_owned(),
        removal: vec![Instruction::say("Switch these people's SSO to `Enabled`, if they are to use it now.")],
        is_withdrawal: true,
        ..step(
            organization,
            vec![
                Instruction::enter("Open each of these users and switch SSO to `Disabled`:", "disabled"),
                Instruction::say("All other users of the enforced domains stay `Enabled`."),
                Instruction::say(
                    "See that each of them can sign in with password and second factor, now, in a private window.",
                ),
            ],
        )
    }
}

/// Switching SSO on for people one by one.
pub(super) fn switches(organization: &str, count: usize, announcement: &str) -> Step {
    Step {
        place: USERS.to_owned(),
        removal: vec![Instruction::say(
            "Switch these people's SSO to `Disabled`: they sign in with their password again.",
        )],
        is_withdrawal: true,
        ..step(
            organization,
            vec![
                Instruction::say("Tell the people concerned first, for instance:"),
                Instruction::say(announcement),
                Instruction::enter(
                    match count {
                        1 => "Open this user and switch SSO to `Enabled`:".to_owned(),
                        _ => format!("Open each of these {count} users and switch SSO to `Enabled`:"),
                    },
                    "enabled",
                ),
                Instruction::enter("They belong to the SSO profile whose entity ID is:", "profile"),
                Instruction::say(
                    "Whoever was in this list before and is not any more: switch SSO to `Disabled`, or they cannot sign in at all.",
                ),
            ],
        )
    }
}

fn list(people: &BTreeSet<String>) -> String {
    if people.is_empty() {
        return "the manifests name nobody".to_owned();
    }
    people.iter().cloned().collect::<Vec<_>>().join(", ")
}
