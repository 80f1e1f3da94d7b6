//! The NameID that the Console knows people by.

use super::{Context, Rule, edits};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity},
    manifest::{
        Resource,
        attribute_map::{AttributeMapSpec, NameIdFormat, Source},
        identity_provider::Vendor,
        sso_profile::{Product, SsoProfileSpec},
    },
    yaml::path,
};

pub(super) const RULE: Rule = Rule { codes: &[&CONSOLE_NAME_ID, &TICKET_EMAIL_ATTRIBUTE], check };

const CONSOLE_NAME_ID: Code = Code {
    id: "console-name-id",
    severity: Severity::Error,
    title: "the NameID is not the e-mail address, by which the Console knows people",
    explanation: "Twilio Console matches the NameID with the user's e-mail address. Its format has to be \
        `urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress`, and its value the address. The legacy Console can be told of an \
        attribute that holds the address instead: `ticket.emailAttribute`.\n\nWrite `nameId: {format: emailAddress, from: \
        user.email}` in the attribute map.\n\nSource: Twilio, \"Configuring SSO with other SAML 2.0 identity providers\" and \
        \"Legacy Twilio Console SSO\".",
};

const TICKET_EMAIL_ATTRIBUTE: Code = Code {
    id: "ticket-email-attribute",
    severity: Severity::Error,
    title: "the attribute that the ticket names is not sent",
    explanation: "`ticket.emailAttribute` tells Twilio's support in which attribute of the assertion the e-mail address is. The \
        attribute map has to send an attribute of exactly this name.\n\nAdd it to the map, or correct the name.\n\nSource: \
        Twilio, \"Legacy Twilio Console SSO\".",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for profile in context.manifests.sso_profiles.values() {
        let Some(map) = context.manifests.attribute_map_of(profile) else { continue };
        let vendor = context.manifests.identity_provider_of(profile).map(|provider| provider.spec.vendor);
        match profile.spec.product {
            Product::Console => name_id(profile, map, vendor, "", findings),
            Product::ConsoleLegacy => {
                match profile.spec.ticket.as_ref().and_then(|ticket| ticket.email_attribute.as_ref()) {
                    None => {
                        let other = ", or name the attribute that holds the address in the profile's `ticket.emailAttribute`";
                        name_id(profile, map, vendor, other, findings);
                    }
                    Some(name) => sent(profile, map, name, findings),
                }
            }
            _ => {}
        }
    }
}

fn name_id(
    profile: &Resource<SsoProfileSpec>,
    map: &Resource<AttributeMapSpec>,
    vendor: Option<Vendor>,
    other: &str,
    findings: &mut Findings,
) {
    let name_id = &map.spec.name_id;
    let reference = profile.at(&path!["spec", "attributeMap"]);
    let product = profile.spec.product.title();
    if name_id.format != NameIdFormat::EmailAddress {
        let location = map.at(&path!["spec", "nameId", "format"]);
        findings.push(
            Finding::new(&CONSOLE_NAME_ID, format!("{product} wants a NameID of the format `emailAddress`"))
                .at(location.clone(), "another format")
                .related(reference.clone(), "used here")
                .help(format!("write `format: emailAddress`{other}"))
                .with_fix(edits::replacement(&location, "emailAddress")),
        );
    }
    // What a vendor's own expression gives cannot be known here.
    let is_overridden = vendor.is_some_and(|vendor| name_id.expressions.contains_key(&vendor));
    if name_id.from != Source::Email && !is_overridden {
        let location = map.at(&path!["spec", "nameId", "from"]);
        findings.push(
            Finding::new(
                &CONSOLE_NAME_ID,
                format!("{product} knows people by the e-mail address in the NameID"),
            )
            .at(location.clone(), "not the e-mail address")
            .related(reference, "used here")
            .help(format!("write `from: user.email`{other}"))
            .with_fix(edits::replacement(&location, "user.email")),
        );
    }
}

fn sent(
    profile: &Resource<SsoProfileSpec>,
    map: &Resource<AttributeMapSpec>,
    name: &str,
    findings: &mut Findings,
) {
    if map.spec.attributes.iter().any(|attribute| attribute.saml_name() == name) {
        return;
    }
    let names: Vec<&str> = map.spec.attributes.iter().map(|attribute| attribute.saml_name()).collect();
    let names = if names.is_empty() { "none".to_owned() } else { format!("`{}`", names.join("`, `")) };
    findings.push(
        Finding::new(
            &TICKET_EMAIL_ATTRIBUTE,
            format!("attribute map `{}` sends no attribute named `{name}`", map.name()),
        )
        .at(profile.at(&path!["spec", "ticket", "emailAttribute"]), "not sent")
        .related(map.at(&path!["spec", "attributes"]), "the attributes that are sent")
        .help(format!("the map sends {names}; add `{{name: {name}, from: user.email, required: true}}`")),
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Project, append};

    const LEGACY: &str = "kind: SsoProfile\nmetadata: {name: console}\nspec:\n  product: console-legacy\n  friendlyName: Console\n  \
        identityProvider: auth0-nss\n  application: {connection: x}\n  attributeMap: console\n---\nkind: AttributeMap\nmetadata: \
        {name: console}\nspec:\n  nameId: {format: unspecified, from: user.name}\n  attributes: [{name: mail, from: user.email}]";

    fn legacy() -> Project {
        append(LEGACY)
    }

    fn mine(project: &Project) -> Vec<(&'static str, String)> {
        let mine = ["console-name-id", "ticket-email-attribute"];
        project
            .findings()
            .iter()
            .filter(|finding| mine.contains(&finding.code.id))
            .map(|finding| (finding.code.id, finding.location().unwrap().text().to_owned()))
            .collect()
    }

    #[test]
    fn the_console_knows_people_by_their_address() {
        let expected =
            [("console-name-id", "unspecified".to_owned()), ("console-name-id", "user.name".to_owned())];
        assert_eq!(mine(&legacy()), expected);
        assert_eq!(mine(&legacy().edit("product: console-legacy", "product: console")), expected);
        assert_eq!(mine(&legacy().edit("product: console-legacy", "product: sendgrid")), []);
    }

    #[test]
    fn the_ticket_may_name_another_attribute() {
        let with = |name: &str| {
            legacy().edit(
                "  attributeMap: console\n",
                &format!("  attributeMap: console\n  ticket: {{emailAttribute: {name}}}\n"),
            )
        };
        assert_eq!(mine(&with("mail")), []);
        assert_eq!(mine(&with("email")), [("ticket-email-attribute", "email".to_owned())]);
    }

    #[test]
    fn an_expression_of_the_vendor_is_believed() {
        let project = legacy().edit(
            "{format: unspecified, from: user.name}",
            "{format: emailAddress, from: user.name, expressions: {auth0: user.email}}",
        );
        assert_eq!(mine(&project), []);
    }
}
