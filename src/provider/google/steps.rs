//! The wording of the manual steps. A custom SAML app can be made and changed in the Admin console only; labels are those of its pages
//! (Google Workspace Admin Help, "Set up your own custom SAML app").
//!
//! A new app is one wizard, so the step that makes it tells to go through all of it; the steps for details, attributes and user access are
//! then confirmations, and stand alone when only they change.

use crate::{
    component::{Address, Instruction, Realm, Step, StepOutput},
    manifest::{Resource, attestation::AttestationSpec, tenant::TenantSpec},
};

/// Where apps are.
const APPS: &str = "Google Admin console > Apps > Web and mobile apps";
/// Where the identity provider's details are.
const DETAILS: &str = "Google Admin console > Security > Authentication > SSO with SAML applications";
/// The Admin console.
const URL: &str = "https://admin.google.com/";

/// Raised when a step's inputs change their meaning.
const VERSION: u32 = 1;

fn step(place: &str, customer: &str, instructions: Vec<Instruction>) -> Step {
    Step { url: Some(URL.to_owned()), instructions, ..Step::new(VERSION, place, customer) }
}

/// Seeing that what the manifests say of Google's identity provider is what Google shows.
pub(super) fn idp(customer: &str) -> Step {
    step(
        DETAILS,
        customer,
        vec![
            Instruction::say(
                "Compare what the page shows with these values: the certificate by its SHA-256 fingerprint.",
            ),
            Instruction::enter("The SSO URL is:", "idpSsoUrl"),
            Instruction::enter("The entity ID is:", "idpEntityId"),
            Instruction::enter("The certificate is:", "idpCertificates"),
            Instruction::say(
                "Do not confirm if one differs: download the metadata (`Download metadata`), put the file in place of the one that the \
                 manifests name, and plan again.",
            ),
        ],
    )
}

/// What the wizard is filled in with, beside the values of the step itself.
pub(super) struct Wizard<'a> {
    pub(super) name: &'a str,
    pub(super) description: Option<&'a str>,
    pub(super) logo: Option<&'a str>,
    pub(super) rows: Vec<String>,
    pub(super) groups: Option<String>,
    pub(super) has_start_url: bool,
}

/// Making the app, and changing what Twilio's side of it is.
pub(super) fn app(customer: &str, wizard: &Wizard<'_>) -> Step {
    let Wizard { name, description, logo, rows, groups, has_start_url } = wizard;
    let mut instructions = vec![Instruction::say(format!(
        "Open the app `{name}`, section `Service provider details`. If there is none, choose `Add app` > `Add custom SAML app` and go \
         through the whole wizard."
    ))];
    instructions.push(Instruction::say(format!(
        "`App details`: name `{name}`{}{}.",
        description.map(|text| format!(", description `{text}`")).unwrap_or_default(),
        logo.map(|file| format!(", icon from {file}")).unwrap_or_default(),
    )));
    instructions.push(Instruction::say(
        "`Google Identity Provider details`: nothing to enter. SSO URL, Entity ID and certificate are those that Twilio was told.",
    ));
    instructions.push(Instruction::say("`Service provider details`:"));
    instructions.push(Instruction::enter("ACS URL", "acsUrl"));
    instructions.push(Instruction::enter("Entity ID", "entityId"));
    if *has_start_url {
        instructions.push(Instruction::enter("Start URL", "startUrl"));
    }
    instructions.push(Instruction::enter("Signed response", "signedResponse"));
    instructions.push(Instruction::enter("Name ID format", "nameIdFormat"));
    instructions.push(Instruction::enter("Name ID", "nameId"));
    if !rows.is_empty() {
        instructions.push(Instruction::say(format!(
            "`Attributes` (Google directory attribute -> app attribute, in exact case): {}",
            rows.join("; ")
        )));
    }
    if let Some(groups) = groups {
        instructions.push(Instruction::say(format!("`Group membership`: {groups}")));
    }
    instructions.push(Instruction::say("Finish, or save."));
    instructions.push(Instruction::Note {
        label: "the digits after `spid=` in the address that `Test SAML login` opens".to_owned(),
        output: "spid".to_owned(),
    });
    Step {
        outputs: vec![StepOutput {
            name: "spid".to_owned(),
            title: "service provider ID of the app".to_owned(),
            sid: None,
            required: false,
        }],
        removal: removal(&format!("`{name}`")),
        ..step(APPS, customer, instructions)
    }
}

/// Giving the app its name, description and logo.
pub(super) fn details(customer: &str, has_description: bool, has_logo: bool) -> Step {
    let mut instructions = vec![
        Instruction::say(
            "Open the app, `Edit details`. If you have just made it, they are entered: compare and confirm.",
        ),
        Instruction::enter("App name", "name"),
    ];
    if has_description {
        instructions.push(Instruction::enter("Description", "description"));
    }
    if has_logo {
        instructions.push(Instruction::say("Upload the icon: PNG or GIF, best 256 pixels square."));
        instructions.push(Instruction::enter("App icon", "logo"));
    }
    instructions.push(Instruction::say("Save if you changed anything."));
    step(APPS, customer, instructions)
}

/// Mapping the attributes.
pub(super) fn mapping(customer: &str, has_groups: bool) -> Step {
    let mut instructions = vec![
        Instruction::say(
            "Open the app, section `SAML attribute mapping`. If you have just made it, the rows are entered: compare and confirm.",
        ),
        Instruction::say(
            "One row each, with `Add mapping`: the Google directory attribute by category and name, then the app attribute in exact case. \
             Remove rows that are not here: what Flex does not need is not sent.",
        ),
        Instruction::enter("Attributes", "attributes"),
    ];
    if has_groups {
        instructions.push(Instruction::enter("Group membership: Google groups", "groups"));
        instructions.push(Instruction::enter("Group membership: app attribute", "groupsAttribute"));
    }
    instructions.push(Instruction::say("Save if you changed anything."));
    step(APPS, customer, instructions)
}

/// Switching the app on, for whom it is meant.
pub(super) fn access(customer: &str) -> Step {
    step(
        APPS,
        customer,
        vec![
            Instruction::say("Open the app, section `User access`. A new app is off for everyone."),
            Instruction::enter("Service status ON for", "onFor"),
            Instruction::say(
                "Leave it off for everybody else, and save. Google says that a change can take up to 24 hours; mostly it takes minutes.",
            ),
        ],
    )
}

fn removal(which: &str) -> Vec<Instruction> {
    vec![
        Instruction::say(
            "See first that nobody signs in through it any more: with it, they lose their way into Twilio.",
        ),
        Instruction::say(format!("In {APPS}, open the app {which} and choose `Delete app`.")),
    ]
}

/// The step that removes what an attested step had made and no manifest asks for any more; `None` where nothing remains of it: details,
/// attributes and access go with the app.
pub fn removal_step(
    address: &Address,
    attestation: &AttestationSpec,
    tenant: &Resource<TenantSpec>,
) -> Option<(Realm, Step)> {
    if address.component_type() != super::lower::kind::APP {
        return None;
    }
    let input = |name: &str| attestation.inputs.get(name).and_then(serde_json::Value::as_str);
    let which = match (attestation.outputs.get("spid"), input("acsUrl")) {
        (Some(spid), _) => format!("with the service provider ID {spid}"),
        (None, Some(url)) => format!("with the ACS URL `{url}`"),
        (None, None) => format!("that was made for `{}`", address.name),
    };
    // The identity provider's own block may be gone with it; the tenant's tells the customer where it has one.
    let realm = tenant
        .spec
        .google
        .as_ref()
        .map_or_else(|| Realm::new(super::PROVIDER, tenant.name().as_str()), super::open::realm);
    let step = Step { removal: removal(&which), ..step(APPS, &realm.tenant, Vec::new()) };
    Some((realm, step))
}
