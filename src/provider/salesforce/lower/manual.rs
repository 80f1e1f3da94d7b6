//! The same components as steps for a person, for editions whose Metadata API does not serve SAML applications. What is entered comes
//! from the components' fields, so that it is covered by the attestation. Labels are those of Salesforce's Setup pages.
//!
//! Whether the identity provider is on, and with which certificate it signs, can be seen in its published metadata.

use super::{Lowering, field, kind};
use crate::{
    component::{Capability, Component, Field, Instruction, Rule, Step, Value},
    manifest::{attestation::AttestationSpec, sso_profile::KeySize},
};

/// Raised when a step's inputs change their meaning.
const VERSION: u32 = 1;

fn step(domain: &str, place: &str, page: &str, instructions: Vec<Instruction>) -> Step {
    Step {
        url: Some(format!("https://{domain}/lightning/setup/{page}/home")),
        instructions,
        ..Step::new(VERSION, format!("Salesforce Setup > {place}"), domain)
    }
}

/// Certificate, identity provider, application; each needs those before it.
pub(super) fn components(lowering: &Lowering<'_>) -> Vec<Component> {
    let certificate = certificate(lowering);
    let mut identity_provider = identity_provider(lowering);
    identity_provider.needs = vec![certificate.address.clone()];
    let mut application = application(lowering);
    application.needs = vec![identity_provider.address.clone()];
    vec![certificate, identity_provider, application]
}

fn certificate(lowering: &Lowering<'_>) -> Component {
    let Lowering { app, organization, .. } = lowering;
    let mut component = lowering.certificate();
    let size = u32::from(app.key_size.unwrap_or(KeySize::Bits2048));
    component.fields = vec![
        Field::new("label", app.certificate.replace('_', " "), Capability::Attested),
        Field::new(field::NAME, app.certificate.as_str(), Capability::Attested),
        Field::new(field::KEY_SIZE, i64::from(size), Capability::Attested),
    ];
    component.step = Some(step(
        &organization.domain,
        "Security > Certificate and Key Management",
        "CertificatesAndKeysManagement",
        vec![
            Instruction::say(
                "If a certificate of this unique name is there already, compare and confirm. Otherwise choose Create Self-Signed Certificate.",
            ),
            Instruction::enter("Label", "label"),
            Instruction::enter("Unique Name", field::NAME),
            Instruction::enter("Key Size", field::KEY_SIZE),
            Instruction::say("Switch `Exportable Private Key` off. Save."),
            Instruction::say(format!(
                "The certificate ends after {}: put the date into your calendar.",
                if size == 4096 { "two years" } else { "one year" }
            )),
        ],
    ));
    component
}

fn identity_provider(lowering: &Lowering<'_>) -> Component {
    let Lowering { organization, .. } = lowering;
    let mut component = lowering.identity_provider();
    for field in &mut component.fields {
        // The published metadata tell that it is on, and not by which name the certificate goes.
        field.capability =
            if field.path == field::ENABLED { Capability::Probed } else { Capability::Attested };
    }
    component.fields.extend(lowering.pins.field());
    component.step = Some(step(
        &organization.domain,
        "Identity > Identity Provider",
        "IdpPage",
        vec![
            Instruction::say(
                "If it is not enabled, choose Enable Identity Provider; otherwise Edit. Other service providers of the organization are signed for \
                 with the same certificate: tell their administrators before you change it.",
            ),
            Instruction::enter("Certificate", field::CERTIFICATE_NAME),
            Instruction::say("Save."),
        ],
    ));
    component
}

fn application(lowering: &Lowering<'_>) -> Component {
    let Lowering { app, organization, context, service_provider, asserted, .. } = lowering;
    let mut component = lowering.application();
    let mut fields = lowering.app_fields(Capability::Attested);
    fields.retain(|it| !it.path.starts_with(field::POLICIES) && it.path != "distributionState");
    let mut named: Vec<Field> = Vec::new();
    for mut it in fields {
        let key = it.path.rsplit('.').next().unwrap_or_default().to_owned();
        it.path = manual_path(&key).to_owned();
        it.value = match (it.path.as_str(), it.value) {
            ("customAttributes", value) => lines(&value),
            ("verifyRequestSignatures" | "encryptResponse", Value::Null) => false.into(),
            (_, value) => value,
        };
        it.seed = None;
        // What is not set has no line on the page.
        if !matches!(&it.value, Value::Null) && it.value.as_list().is_none_or(|items| !items.is_empty()) {
            named.push(it);
        }
    }
    named.insert(0, Field::new(field::API_NAME, app.api_name.as_str(), Capability::Attested));
    if let Some(start_url) = &service_provider.start_url
        && !named.iter().any(|it| it.path == "startUrl")
    {
        named.push(Field::new("startUrl", start_url.clone(), Capability::Attested).by(Rule::Url));
    }
    named.push(Field::new(field::CERTIFICATE_NAME, app.certificate.as_str(), Capability::Attested));
    component.fields = named;
    let has = |path: &str| component.fields.iter().any(|it| it.path == path);
    let mut instructions = vec![
        Instruction::say(format!(
            "Open the Connected App with the API name `{}`. Since Spring '26 a new one can be made only after Salesforce Support has allowed it \
             for the organization, and this edition is not among those that Salesforce lists for SAML in External Client Apps: without one, open \
             a case with Salesforce Support first.",
            app.api_name
        )),
        Instruction::enter("Connected App Name", "label"),
        Instruction::enter("API Name", field::API_NAME),
        Instruction::enter("Contact Email", "contactEmail"),
    ];
    if has("startUrl") {
        instructions.push(Instruction::enter("Start URL", "startUrl"));
    }
    instructions.extend([
        Instruction::say("Under Web App Settings, switch `Enable SAML` on."),
        Instruction::enter("Entity Id", "entityUrl"),
        Instruction::enter("ACS URL", "acsUrl"),
        Instruction::enter("Subject Type", "subjectType"),
    ]);
    if asserted.subject.field.is_some() {
        instructions.push(Instruction::enter("Subject Custom Attribute", "subjectCustomAttribute"));
    }
    instructions.extend([
        Instruction::say("`Name ID Format` shows URNs: choose the one that ends in the word below."),
        Instruction::enter("Name ID Format", "nameIdFormat"),
        Instruction::enter("Issuer", "issuer"),
        Instruction::enter("IdP Certificate", field::CERTIFICATE_NAME),
        Instruction::enter("Signing Algorithm for SAML Messages", "signingAlgorithm"),
        Instruction::enter("Verify Request Signatures", "verifyRequestSignatures"),
        Instruction::enter("Encrypt SAML Response", "encryptResponse"),
        Instruction::say("Save."),
    ]);
    if has("customAttributes") {
        instructions.push(Instruction::say(
            "On the app's page, under Custom Attributes, make exactly these; the keys in exact case.",
        ));
        instructions.push(Instruction::enter("Custom Attributes", "customAttributes"));
    }
    instructions.push(Instruction::say("Choose Manage; under Profiles and Permission Sets, see that exactly these are listed. Without one nobody can sign in."));
    if has("profiles") {
        instructions.push(Instruction::enter("Manage Profiles", "profiles"));
    }
    if has("permissionSets") {
        instructions.push(Instruction::enter("Manage Permission Sets", "permissionSets"));
    }
    let mut made = step(&organization.domain, "Apps > App Manager", "NavigationMenus", instructions);
    made.removal = removal(&app.api_name);
    component.step = Some(made);
    component.formerly = context.former_address(kind::APP);
    component
}

fn removal(api_name: &str) -> Vec<Instruction> {
    vec![
        Instruction::say("See first that nobody signs in through it any more."),
        Instruction::say(format!(
            "In the App Manager, delete the Connected App `{api_name}`, or only take its profiles and permission sets away: it cannot be made \
             again without Salesforce Support."
        )),
    ]
}

/// One name for a setting, whatever the two kinds of applications call it.
fn manual_path(key: &str) -> &str {
    match key {
        "attributes" => "customAttributes",
        "profileName" | "commaSeparatedProfile" => field::PROFILES,
        "permissionSetName" | "commaSeparatedPermissionSet" => "permissionSets",
        "samlNameIdFormat" => "nameIdFormat",
        "samlSubjectType" => "subjectType",
        "samlSubjectCustomAttr" => "subjectCustomAttribute",
        "samlSigningAlgoType" | "signingAlgorithmType" => "signingAlgorithm",
        "certificate" => "verifyRequestSignatures",
        "encryptionCertificate" => "encryptResponse",
        other => other,
    }
}

/// Attributes as lines: key and formula.
fn lines(attributes: &Value) -> Value {
    let of = |entry: &Value| match entry {
        Value::Map(entries) => {
            let text = |key: &str| entries.get(key).and_then(Value::as_text).unwrap_or_default();
            Value::text(format!("{} = {}", text("key"), text("formula")))
        }
        other => other.clone(),
    };
    Value::List(attributes.as_list().unwrap_or_default().iter().map(of).collect())
}

/// The step that removes what an attested step had made and no manifest asks for any more. Certificate and identity provider stay: other
/// applications may need them.
pub(in super::super) fn removal_step(
    component_type: &str,
    attestation: &AttestationSpec,
    domain: &str,
) -> Option<Step> {
    if component_type != kind::APP {
        return None;
    }
    let api_name = attestation.inputs.get(field::API_NAME).and_then(serde_json::Value::as_str)?;
    let mut step = step(domain, "Apps > App Manager", "NavigationMenus", Vec::new());
    step.removal = removal(api_name);
    Some(step)
}
