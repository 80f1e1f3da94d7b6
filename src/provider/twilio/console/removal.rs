//! What is to be done about what steps had made, once no manifest asks for it any more.

use super::{
    console_realm,
    domain::{DOMAIN, DOMAIN_PROOF, PREFIX, domain_of},
    legacy, lower, organization_sid,
};
use crate::{
    component::{Address, Instruction, Realm, Step},
    manifest::{Resource, attestation::AttestationSpec, tenant::TenantSpec},
};

/// How a proof is removed: the record by its name and value, or the file by the domain and what it contains.
fn proof(host: Option<&str>, domain: Option<&str>, token: Option<&str>) -> String {
    let token = token.unwrap_or("the domain's token");
    match (host, domain) {
        (Some(host), _) => {
            let domain = domain.or_else(|| domain_of(host)).unwrap_or(host);
            format!(
                "In the DNS zone of {domain}, remove the TXT record at `{host}` whose value is `{PREFIX}{token}`."
            )
        }
        (None, Some(domain)) => {
            format!("From the web root of {domain}, remove the verification file that contains `{token}`.")
        }
        (None, None) => {
            format!("Remove the verification file that contains `{token}` from the domain's web root.")
        }
    }
}

/// The step that removes what an attested step had made; `None` where nothing remains of it, or it goes with something else.
pub fn removal_step(
    address: &Address,
    attestation: &AttestationSpec,
    tenant: &Resource<TenantSpec>,
) -> Option<(Realm, Step)> {
    let text = |name: &str| attestation.inputs.get(name).and_then(serde_json::Value::as_str);
    let list = |name: &str| {
        let items = attestation.inputs.get(name).and_then(serde_json::Value::as_array);
        items.map(|items| items.iter().filter_map(serde_json::Value::as_str).collect::<Vec<_>>().join(", "))
    };
    let organization = organization_sid(tenant);
    let (place, instructions, is_withdrawal) = match address.component_type() {
        lower::PROFILE => {
            let entity = attestation.outputs.get("entityId").map(String::as_str).or_else(|| text("entityId"));
            (
                "Twilio Console > Admin > Single sign-on",
                vec![
                    "See first that no domain is enforced through it and nobody's SSO is switched on: with it, they lose their way in."
                        .to_owned(),
                    format!(
                        "Delete the SSO profile whose entity ID is `{}`.",
                        entity.unwrap_or("the one that was made for it")
                    ),
                ],
                false,
            )
        }
        lower::ENFORCEMENT => (
            "Twilio Console > Admin > Single sign-on",
            vec![
                format!("Open the SSO profile `{}`.", text("profile").unwrap_or("that enforces")),
                format!("End the enforcement for {}.", list("domains").unwrap_or_else(|| "its domains".to_owned())),
                "At Admin > Users, switch SSO to `Disabled` for whoever is to sign in with a password again; whoever stays `Enabled` still has to \
                 use it."
                    .to_owned(),
            ],
            true,
        ),
        lower::SWITCHES => (
            "Twilio Console > Admin > Users",
            vec![format!(
                "Switch SSO to `Disabled`, unless a domain that is enforced needs it, for: {}",
                list("enabled").unwrap_or_default()
            )],
            true,
        ),
        DOMAIN => (
            "Twilio Console > Admin > Domains",
            vec![
                "See first that no SSO profile is enforced for the domain, and that no managed user has an address in it.".to_owned(),
                format!("Delete the domain `{}` from the organization.", text("domain").unwrap_or_default()),
            ],
            false,
        ),
        DOMAIN_PROOF => (
            "the domain's DNS zone or web server",
            vec!["See first that the domain is deleted from the organization.".to_owned(), proof(text("host"), text("domain"), text("token"))],
            true,
        ),
        other => return legacy::removal_step(other, attestation, tenant),
    };
    let removal = instructions.into_iter().map(Instruction::say).collect();
    let step = Step { removal, is_withdrawal, ..Step::new(1, place, organization?) };
    Some((console_realm(tenant)?, step))
}
