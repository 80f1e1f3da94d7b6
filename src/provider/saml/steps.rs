//! The wording of the manual steps. No identity provider's labels are used: what is told is what SAML calls it.

use crate::{
    component::{Address, Instruction, Realm, Step, StepOutput},
    manifest::{Resource, attestation::AttestationSpec, tenant::TenantSpec},
};

use super::lower::kind;

/// Raised when a step's inputs change their meaning.
const VERSION: u32 = 1;

/// What a person notes when they confirm certificates.
pub(super) const FINGERPRINTS: &str = "fingerprints";

fn say(text: impl Into<String>) -> Instruction {
    Instruction::Do(text.into())
}

fn enter(label: &str, field: &str) -> Instruction {
    Instruction::Enter { label: label.to_owned(), field: field.to_owned() }
}

fn step(scope: &str, place: String, instructions: Vec<Instruction>) -> Step {
    Step {
        version: VERSION,
        place,
        url: None,
        scope: scope.to_owned(),
        instructions,
        outputs: Vec::new(),
        removal: Vec::new(),
        is_withdrawal: false,
    }
}

/// Confirming that the certificates in the metadata are the identity provider's own.
pub(super) fn trust(scope: &str, metadata_url: &str) -> Step {
    let instructions = vec![
        say(format!(
            "The metadata at {metadata_url} publish the certificates below. Whoever can change that page, or what answers there, could sign \
             in as anybody: so they are trusted only once a person has compared them.",
        )),
        enter("The issuer (entity ID) is:", "issuer"),
        enter("The metadata publish these certificates now:", "certificates"),
        say(
            "Ask the identity provider's administrator for the SHA-256 fingerprints of the certificates that it signs with, by another way \
             than the metadata: in person, by telephone, or on an administration page behind a sign-in. `openssl x509 -in FILE -noout \
             -fingerprint -sha256` prints one.",
        ),
        say(
            "If they are not the same, confirm nothing: find out who changed what. If a certificate was replaced, ask when the old one ends, \
             and test a sign-in afterwards.",
        ),
        Instruction::Note {
            label: "SHA-256 fingerprints as the administrator says them, 64 hexadecimal digits each; several with a space between"
                .to_owned(),
            output: FINGERPRINTS.to_owned(),
        },
    ];
    Step {
        outputs: vec![StepOutput {
            name: FINGERPRINTS.to_owned(),
            title: "SHA-256 fingerprints that the identity provider's administrator confirmed".to_owned(),
            sid: None,
            required: true,
        }],
        ..step(scope, "with the identity provider's administrator".to_owned(), instructions)
    }
}

/// What the step about the application depends on.
pub(super) struct Application<'a> {
    pub(super) scope: &'a str,
    pub(super) provider: &'a str,
    pub(super) tenant: &'a str,
    pub(super) profile: &'a str,
    pub(super) name: &'a str,
    pub(super) product: &'a str,
    /// Attribute names, each with the path of its field.
    pub(super) attributes: Vec<(String, String)>,
    pub(super) has_logout: bool,
}

/// Making the service provider known to the identity provider.
pub(super) fn application(application: &Application<'_>) -> Step {
    let Application { scope, provider, tenant, profile, name, product, attributes, has_logout } = application;
    let mut instructions = vec![
        say(format!(
            "In identity provider `{provider}`, open the SAML 2.0 application `{name}` for {product}; if there is none, make one. Identity \
             providers also call it service provider, relying party, enterprise application or client.",
        )),
        say(format!(
            "If it can import a service provider's metadata: `concord output --tenant {tenant} --profile {profile} --format sp-metadata` \
             writes them. Compare the values all the same.",
        )),
        enter("Entity ID of the service provider (audience, client ID, identifier)", "entityId"),
        enter(
            "Assertion consumer service URL (reply URL), binding HTTP-POST; also recipient and destination",
            "acsUrl",
        ),
        enter("NameID format", "nameIdFormat"),
        enter("NameID value", "nameId"),
        enter("Sign the response", "signResponse"),
        enter("Sign the assertion", "signAssertion"),
        enter("Signature algorithm", "signatureAlgorithm"),
        enter("Digest algorithm", "digestAlgorithm"),
        say("Do not encrypt assertions, and do not ask for signed requests: Twilio does neither by default."),
    ];
    if *has_logout {
        instructions
            .push(enter("URLs that people may be sent to after logout, if it has such a list", "logoutUrls"));
    }
    if !attributes.is_empty() {
        instructions.push(say(
            "Attributes, each by its exact name (case counts) with the name format `unspecified` or `basic`, and these values. \
             `enablement.roles` stands for the roles of the person in the list that is a step of its own, as several values or joined by \
             commas; a word in quotes is the value itself.",
        ));
        instructions
            .extend(attributes.iter().map(|(name, field)| enter(&format!("Attribute {name}"), field)));
    }
    instructions.push(say("Save, and see that the application is active. People are a step of their own."));
    Step {
        removal: vec![
            say("See first that nobody signs in through it any more."),
            say(format!("In identity provider `{provider}`, delete the SAML 2.0 application `{name}`.")),
        ],
        ..step(scope, format!("administration of identity provider `{provider}`"), instructions)
    }
}

/// What the step about people depends on.
pub(super) struct People<'a> {
    pub(super) scope: &'a str,
    pub(super) provider: &'a str,
    pub(super) name: &'a str,
    pub(super) is_pilot: bool,
    pub(super) removes: bool,
}

/// Letting people sign in, with their roles.
pub(super) fn people(people: &People<'_>) -> Step {
    let People { scope, provider, name, is_pilot, removes } = people;
    let mut instructions = vec![
        say(format!(
            "In identity provider `{provider}`, let {} sign in to `{name}`, and give each the roles and values that stand beside the address. \
             Nobody who is missing there is made: tell those who asked for them.",
            if *is_pilot { "these people of the pilot" } else { "these people" }
        )),
        enter("People, with their roles and values", "people"),
    ];
    instructions.push(say(if *removes {
        "Take the application away from everybody else who had it by this list before."
    } else {
        "Leave everybody else as they are."
    }));
    Step {
        removal: vec![say(format!(
            "In identity provider `{provider}`, take `{name}` away from the people of this list, unless another list has them."
        ))],
        ..step(scope, format!("administration of identity provider `{provider}`, people"), instructions)
    }
}

/// The step that removes what an attested step had made and no manifest asks for any more; `None` where nothing remains of it.
pub fn removal_step(
    address: &Address,
    attestation: &AttestationSpec,
    tenant: &Resource<TenantSpec>,
) -> Option<(Realm, Step)> {
    let entity_id = attestation.inputs.get("entityId").and_then(serde_json::Value::as_str);
    let removal = match address.component_type() {
        kind::APPLICATION => vec![
            say("See first that nobody signs in through it any more."),
            say(match entity_id {
                Some(id) => format!(
                    "In the identity provider, delete the SAML 2.0 application whose service provider has the entity ID `{id}`."
                ),
                None => format!(
                    "In the identity provider, delete the SAML 2.0 application of `{}`.",
                    address.name
                ),
            }),
        ],
        kind::PEOPLE => vec![say(format!(
            "In the identity provider, take the application away from the people of `{}`, unless another list has them.",
            address.name
        ))],
        _ => return None,
    };
    let place = "administration of the identity provider".to_owned();
    // The identity provider's document may be gone too, so the tenant stands for it.
    let scope = tenant.name().to_string();
    Some((Realm::new(super::PROVIDER, &scope), Step { removal, ..step(&scope, place, Vec::new()) }))
}
