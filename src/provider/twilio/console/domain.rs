//! An organization's e-mail domain (Twilio, `docs/iam/organizations/domains`): added in the Console, which shows a token; proven by a TXT
//! record or a file; verified. Only the TXT record can be seen from outside, and it is probed.

use std::collections::BTreeSet;

use super::{codes, console_realm, organization_sid};
use crate::{
    component::{
        Address, Capability, Component, Field, Instruction, Marker, Realm, Rule, Step, StepOutput, Value,
    },
    diagnostics::Finding,
    dns::{Dns, DnsError},
    manifest::{
        Kind, Resource,
        email_domain::{EmailDomainSpec, SignUp, VerificationMethod},
        tenant::TenantSpec,
    },
    provider::LowerError,
    yaml::path,
};

/// Component types.
pub(super) const DOMAIN: &str = "console.domain";
pub(super) const DOMAIN_PROOF: &str = "console.domain-proof";
pub(super) const DOMAIN_VERIFICATION: &str = "console.domain-verification";
pub(super) const DOMAIN_POLICY: &str = "console.domain-policy";

/// The output of adding a domain.
const TOKEN: &str = "token";

/// Where domains are kept.
const PLACE: &str = "Twilio Console > Admin > Domains";
/// Raised when a step's inputs change their meaning.
const VERSION: u32 = 1;

/// What the TXT record says before the token.
pub(super) const PREFIX: &str = "twilio-domain-verification=";

/// Where the TXT record belongs.
pub(super) fn record_name(domain: &str) -> String {
    format!("_twilio.{domain}")
}

/// The domain that a TXT record proves, by the record's name.
pub(super) fn domain_of(record: &str) -> Option<&str> {
    record.strip_prefix("_twilio.")
}

/// One e-mail domain as components.
///
/// # Errors
/// The tenant has no organization.
pub fn lower_email_domain(
    project: &str,
    tenant: &Resource<TenantSpec>,
    domain: &Resource<EmailDomainSpec>,
) -> Result<Vec<Component>, LowerError> {
    let (Some(realm), Some(organization)) = (console_realm(tenant), organization_sid(tenant)) else {
        let finding = Finding::new(
            &codes::ORGANIZATION_MISSING,
            format!(
                "e-mail domain `{}` needs the Twilio organization of tenant `{}`",
                domain.name(),
                domain.tenant
            ),
        )
        .at(tenant.at(&path!["spec", "twilio"]), "no `organization` here")
        .related(domain.origin(), "needed for this")
        .help("add `organization: {sid: OR...}` under `twilio`");
        return Err(LowerError(vec![finding]));
    };
    let lowering = Lowering { project, domain, organization, realm };
    Ok(vec![lowering.domain(), lowering.proof(), lowering.verification(), lowering.policy()])
}

struct Lowering<'a> {
    project: &'a str,
    domain: &'a Resource<EmailDomainSpec>,
    organization: &'a str,
    realm: Realm,
}

impl Lowering<'_> {
    fn address(&self, component: &str) -> Address {
        Address::new(self.domain.tenant.clone(), Kind::EmailDomain, self.domain.name().clone(), component)
    }

    fn name(&self) -> String {
        self.domain.spec.domain.trim().to_lowercase()
    }

    fn token(&self) -> Value {
        match &self.domain.spec.verification.token {
            Some(token) => Value::text(token),
            None => Value::output_of(&self.address(DOMAIN), TOKEN),
        }
    }

    fn component(&self, component_type: &str, what: &str, fields: Vec<Field>, step: Step) -> Component {
        let address = self.address(component_type);
        let name = self.name();
        Component {
            formerly: self.domain.metadata.formerly.clone().map(|former| address.renamed(former)),
            fields,
            lifecycle: self.domain.lifecycle.clone(),
            step: Some(step),
            ..Component::new(
                Marker { project: self.project.to_owned(), address: address.clone() },
                self.realm.clone(),
                format!("e-mail domain {name}: {what}"),
                name,
                self.domain.origin(),
            )
        }
    }

    fn named(&self) -> Field {
        Field::new("domain", self.name(), Capability::Attested)
            .by(Rule::IgnoreCase)
            .from(self.domain.at(&path!["spec", "domain"]))
    }

    fn step(&self, instructions: Vec<Instruction>) -> Step {
        Step { instructions, ..Step::new(VERSION, PLACE, self.organization) }
    }

    fn domain(&self) -> Component {
        let method = self.domain.spec.verification.method;
        let instructions = vec![
            Instruction::say(format!("In organization `{}`, open the domain, or add it.", self.organization)),
            Instruction::enter("Domain", "domain"),
            Instruction::say(match method {
                VerificationMethod::Dns => "Choose verification by DNS TXT record.",
                VerificationMethod::Https => "Choose verification by HTTPS file.",
            }),
            Instruction::note(
                "the 32 hexadecimal digits of the token, behind `twilio-domain-verification=`",
                TOKEN,
            ),
        ];
        let step = Step {
            outputs: vec![StepOutput {
                name: TOKEN.to_owned(),
                title: "verification token of the domain".to_owned(),
                sid: Some(("", 32)),
                required: self.domain.spec.verification.token.is_none(),
            }],
            removal: vec![
                Instruction::say(
                    "See first that no SSO profile is enforced for the domain, and that no managed user has an address in it.",
                ),
                Instruction::say(format!("Delete the domain `{}` from the organization.", self.name())),
            ],
            ..self.step(instructions)
        };
        self.component(DOMAIN, "added to the organization", vec![self.named()], step)
    }

    /// The record, or the file. A probe finds the record at either of the two places where Twilio looks for it.
    fn proof(&self) -> Component {
        let name = self.name();
        let here = self.domain.at(&path!["spec", "verification"]);
        let needs = vec![self.address(DOMAIN)];
        match self.domain.spec.verification.method {
            VerificationMethod::Dns => {
                let record = record_name(&name);
                let token = self.token();
                let shown =
                    token.as_text().map_or_else(|| "the token of the step before".to_owned(), str::to_owned);
                let instructions = vec![
                    Instruction::say(format!(
                        "In the DNS zone of {name}, create this record. In zone-file form: `{record}. 3600 IN TXT \"{PREFIX}{shown}\"`"
                    )),
                    Instruction::enter("Type", "recordType"),
                    Instruction::enter("Host", "host"),
                    Instruction::enter("Value: twilio-domain-verification= and the token", "token"),
                    Instruction::say(
                        "TTL 3600. It can take up to 72 hours until everybody sees it. Leave it there for good: Twilio looks again every 24 \
                         hours, and 30 days after it is gone the domain is removed from the organization.",
                    ),
                ];
                let step = Step {
                    place: format!("the DNS zone of {name}"),
                    removal: vec![Instruction::say(format!("Remove the TXT record at `{record}`."))],
                    ..self.step(instructions)
                };
                let fields = vec![
                    Field::new("recordType", "TXT", Capability::Derived),
                    Field::new("host", record, Capability::Derived),
                    Field::new("token", token, Capability::Probed).from(here),
                ];
                Component { needs, ..self.component(DOMAIN_PROOF, "proof by DNS", fields, step) }
            }
            VerificationMethod::Https => {
                let instructions = vec![
                    Instruction::say(format!(
                        "Download the verification file that the Console offers for {name}, and serve it over HTTPS from the web root of {name}, \
                         under the name that it has."
                    )),
                    Instruction::enter("It contains the token:", "token"),
                    Instruction::say(
                        "Leave it there for good: Twilio looks again every 24 hours, and 30 days after it is gone the domain is removed from the \
                         organization.",
                    ),
                ];
                let step = Step {
                    place: format!("the web server of {name}"),
                    removal: vec![Instruction::say(format!(
                        "Remove the verification file from the web root of {name}."
                    ))],
                    ..self.step(instructions)
                };
                // The domain is kept with what is attested, so that the removal can name it.
                let fields =
                    vec![self.named(), Field::new("token", self.token(), Capability::Attested).from(here)];
                Component { needs, ..self.component(DOMAIN_PROOF, "proof by HTTPS file", fields, step) }
            }
        }
    }

    fn verification(&self) -> Component {
        let instructions = vec![
            Instruction::enter("Open the domain:", "domain"),
            Instruction::say("Press `Verify`, and see that its status becomes `Verified`."),
            Instruction::say(
                "If Twilio does not find the proof yet, wait: a DNS record can take up to 72 hours. A domain that another organization has \
                 verified cannot be verified again.",
            ),
        ];
        let component =
            self.component(DOMAIN_VERIFICATION, "verified", vec![self.named()], self.step(instructions));
        Component { needs: vec![self.address(DOMAIN_PROOF)], ..component }
    }

    fn policy(&self) -> Component {
        let sign_up = match self.domain.spec.sign_up {
            SignUp::InvitationOnly => "Invitation only",
            SignUp::AutoJoin => "Automatic membership",
            SignUp::NoMembership => "No membership",
        };
        let fields = vec![
            Field::new("signUp", sign_up, Capability::Attested)
                .from(self.domain.at(&path!["spec", "signUp"])),
        ];
        let instructions = vec![
            Instruction::say(format!("Open the domain `{}`.", self.name())),
            Instruction::enter("What people with an address in it may do:", "signUp"),
            Instruction::say("Save if you changed it."),
        ];
        let component = self.component(DOMAIN_POLICY, "sign-up policy", fields, self.step(instructions));
        Component { needs: vec![self.address(DOMAIN_VERIFICATION)], ..component }
    }
}

/// The token that DNS shows for a domain: at `_twilio`, or at the apex, where it is often found too. `wanted` is preferred where there
/// are several. `None` where nobody could be asked.
///
/// `Some(None)` is an answer without a token: then the probe contradicts whatever was attested.
pub(super) async fn proof_of(dns: &Dns, domain: &str, wanted: Option<&str>) -> Option<Option<String>> {
    let record = record_name(domain);
    let (below, apex) = tokio::join!(dns.txt(&record), dns.txt(domain));
    let mut tokens = BTreeSet::new();
    let mut is_unseen = false;
    for answer in [below, apex] {
        match answer {
            Ok(texts) => tokens
                .extend(texts.iter().filter_map(|text| text.trim().strip_prefix(PREFIX)).map(str::to_owned)),
            Err(error) => is_unseen |= !DnsError::is_absent(&error),
        }
    }
    match wanted.filter(|wanted| tokens.contains(*wanted)) {
        Some(wanted) => Some(Some(wanted.to_owned())),
        // Another token, or none, may stand where nobody answered.
        None if is_unseen => None,
        None => Some(tokens.pop_first()),
    }
}
