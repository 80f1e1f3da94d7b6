//! Twilio's identifiers: two letters that say what it is, and 32 characters.

use super::{Context, Rule, maps::scalar};
use crate::{
    diagnostics::{Code, Finding, Findings, Location, Severity, visible},
    manifest::{
        Resource,
        sso_profile::{Product, SsoProfileSpec},
        tenant::{OAuthClient, TenantSpec, TenantState},
    },
    yaml::path,
};

pub(super) const RULE: Rule = Rule { codes: &[&SID_FORM, &FLEX_FLOW_SID, &FLEX_INSTANCE_MISSING], check };

static SID_FORM: Code = Code {
    id: "sid-form",
    severity: Severity::Error,
    title: "an identifier of Twilio has another form",
    explanation: "Twilio's identifiers (SIDs) are two letters and 32 characters: `AC` account, `OR` organization, `GO` Flex instance, \
        `SK` API key, `US` user, `JQ` Flex SSO profile, `UI` legacy Console identity provider, `OQ` OAuth app. The 32 are \
        hexadecimal digits (letters and digits for `OQ`), for `OR`, `US` and `JQ` in lower case. Anything else is refused by \
        the API with an error that does not say which of the values is meant.\n\n\
        Copy the SID from the Twilio Console.\n\nSource: Twilio's OpenAPI specifications.",
};

static FLEX_FLOW_SID: Code = Code {
    id: "flex-flow-sid",
    severity: Severity::Error,
    title: "a Flex Flow stands where the Flex instance belongs",
    explanation: "`FO...` identifies a Flex Flow, which routes messages to Flex. Some guides call it the Flex instance; the instance \
        is `GO...`, and there is one in an account.\n\n\
        Write the `flex_instance_sid` that `GET https://flex-api.twilio.com/v1/Configuration` answers.\n\n\
        Source: Twilio's OpenAPI specification of Flex.",
};

static FLEX_INSTANCE_MISSING: Code = Code {
    id: "flex-instance-missing",
    severity: Severity::Warning,
    title: "a tenant with a Flex profile does not name its Flex instance",
    explanation: "A Flex profile belongs to one Flex instance. With `flexInstance` the manifests say which, so that a wrong account \
        SID can be told from the right one before somebody else's users are changed.\n\n\
        Write the `flex_instance_sid` (`GO...`) that `GET https://flex-api.twilio.com/v1/Configuration` answers.\n\n\
        Source: Twilio's OpenAPI specification of Flex.",
};

/// Which characters follow the two letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Digits {
    /// Hexadecimal, either case.
    Hex,
    /// Hexadecimal, lower case.
    LowerHex,
    /// Letters and digits.
    Alphanumeric,
}

/// A kind of SID.
#[derive(Debug, Clone, Copy)]
struct Form {
    prefix: &'static str,
    title: &'static str,
    digits: Digits,
}

const ACCOUNT: Form = Form { prefix: "AC", title: "account", digits: Digits::Hex };
const API_KEY: Form = Form { prefix: "SK", title: "API key", digits: Digits::Hex };
const INSTANCE: Form = Form { prefix: "GO", title: "Flex instance", digits: Digits::Hex };
const ORGANIZATION: Form = Form { prefix: "OR", title: "organization", digits: Digits::LowerHex };
const USER: Form = Form { prefix: "US", title: "user", digits: Digits::LowerHex };
const OAUTH_APP: Form = Form { prefix: "OQ", title: "OAuth app", digits: Digits::Alphanumeric };
const FLEX_PROFILE: Form = Form { prefix: "JQ", title: "Flex SSO profile", digits: Digits::LowerHex };
const LEGACY_PROVIDER: Form =
    Form { prefix: "UI", title: "legacy Console identity provider", digits: Digits::Hex };

/// What other letters stand for, so that a mix-up can be named.
const KINDS: [(&str, &str); 14] = [
    ("AC", "an account"),
    ("OR", "an organization"),
    ("GO", "a Flex instance"),
    ("FO", "a Flex Flow"),
    ("FU", "a Flex user"),
    ("QO", "a Flex team"),
    ("SK", "an API key"),
    ("US", "a user"),
    ("JQ", "a Flex SSO profile"),
    ("UI", "a legacy Console identity provider"),
    ("OQ", "an OAuth app"),
    ("WS", "a TaskRouter workspace"),
    ("WK", "a TaskRouter worker"),
    ("IX", "a role"),
];

/// How many characters follow the two letters.
const LENGTH: usize = 32;

fn check(context: &Context<'_>, findings: &mut Findings) {
    for tenant in context.manifests.tenants.values() {
        check_tenant(context, tenant, findings);
    }
    for profile in context.manifests.sso_profiles.values() {
        findings.extend(check_connection(profile));
    }
    for enablement in context.manifests.user_enablements.values() {
        let select = &enablement.spec.select;
        let accounts = select.accounts.iter().enumerate().map(|(at, sid)| ("accounts", at, sid, ACCOUNT));
        let users = select.user_sids.iter().enumerate().map(|(at, sid)| ("userSids", at, sid, USER));
        for (field, at, sid, form) in accounts.chain(users) {
            findings.extend(look(sid, form, enablement.at(&path!["spec", "select", field, at])));
        }
    }
}

fn check_tenant(context: &Context<'_>, tenant: &Resource<TenantSpec>, findings: &mut Findings) {
    let place = path!["spec", "twilio"];
    let flex_profile = context
        .manifests
        .sso_profiles
        .values()
        .find(|profile| profile.tenant == tenant.tenant && profile.spec.product.is_flex());
    let twilio = tenant.spec.twilio.as_ref();
    let instance = twilio.and_then(|twilio| twilio.flex_instance.as_deref());
    match (instance, flex_profile) {
        (None, Some(profile)) if tenant.spec.state == TenantState::Present => findings.push(
            Finding::new(
                &FLEX_INSTANCE_MISSING,
                format!("the tenant `{}` does not name its Flex instance", tenant.name()),
            )
            .at(tenant.key_at(&place), "add `flexInstance: GO...` here")
            .related(profile.at(&path!["spec", "product"]), "this profile belongs to Flex")
            .help("the SID is `flex_instance_sid` in https://flex-api.twilio.com/v1/Configuration"),
        ),
        (Some(sid), _) if sid.get(..2).is_some_and(|letters| letters.eq_ignore_ascii_case("FO")) => findings
            .push(
                Finding::new(
                    &FLEX_FLOW_SID,
                    format!("`{}` is a Flex Flow, not a Flex instance", visible(sid)),
                )
                .at(tenant.at(&place.join("flexInstance")), "an instance's SID begins with `GO`")
                .help(
                    "write the `flex_instance_sid` (`GO...`) of https://flex-api.twilio.com/v1/Configuration",
                ),
            ),
        (Some(sid), _) => findings.extend(look(sid, INSTANCE, tenant.at(&place.join("flexInstance")))),
        _ => {}
    }
    let Some(twilio) = twilio else { return };
    if let Some(account) = &twilio.account {
        let place = place.join("account");
        findings.extend(look(&account.sid, ACCOUNT, tenant.at(&place.join("sid"))));
        for (field, key) in [("apiKey", &account.api_key), ("apply", &account.apply)] {
            if let Some(key) = key {
                findings.extend(look(&key.sid, API_KEY, tenant.at(&place.join(field).join("sid"))));
            }
        }
    }
    if let Some(organization) = &twilio.organization {
        let place = place.join("organization");
        findings.extend(look(&organization.sid, ORGANIZATION, tenant.at(&place.join("sid"))));
        let clients: [(&str, &Option<OAuthClient>); 2] =
            [("oauthClient", &organization.oauth_client), ("apply", &organization.apply)];
        for (field, client) in clients {
            if let Some(client) = client {
                findings.extend(look(
                    &client.client_id,
                    OAUTH_APP,
                    tenant.at(&place.join(field).join("clientId")),
                ));
            }
        }
    }
}

fn check_connection(profile: &Resource<SsoProfileSpec>) -> Option<Finding> {
    let text = profile.spec.connection.as_deref()?;
    let location = profile.at(&path!["spec", "connection"]);
    let (form, urn) = match profile.spec.product {
        Product::Flex => (Some(FLEX_PROFILE), "urn:flex:"),
        Product::ConsoleLegacy => (Some(LEGACY_PROVIDER), ""),
        Product::Console => (None, "urn:console:"),
        // The older Flex SSO has no connection, SendGrid's has no such form.
        Product::FlexLegacy | Product::Sendgrid => return None,
    };
    if let Some(id) = text.strip_prefix(urn).filter(|id| !urn.is_empty() && !id.is_empty()) {
        return Some(
            Finding::new(&SID_FORM, format!("`{}` is the entity ID, not the connection's ID", visible(text)))
                .at(location.clone(), format!("the ID is what follows `{urn}`"))
                .help(format!("write `{}`", visible(id)))
                .fix(format!("remove `{urn}`"), location, scalar(id)),
        );
    }
    match form {
        Some(form) => look(text, form, location),
        // The form of a Console connection's ID is not documented, but it is none of the SIDs that have a meaning elsewhere.
        None => {
            let kind = named_kind(text).filter(|_| text.len() == 2 + LENGTH)?;
            Some(
                Finding::new(
                    &SID_FORM,
                    format!("`{}` is {kind}, not a connection of the Console", visible(text)),
                )
                .at(location, "not a connection of the Console")
                .help("write the connection ID that the Console shows, what follows `urn:console:`"),
            )
        }
    }
}

/// What the first two letters stand for.
fn named_kind(text: &str) -> Option<&'static str> {
    let letters = text.get(..2)?;
    KINDS.iter().find(|(prefix, _)| *prefix == letters).map(|(_, kind)| *kind)
}

/// What is wrong with a SID, if anything is.
fn look(text: &str, form: Form, location: Location) -> Option<Finding> {
    let Form { prefix, title, digits } = form;
    let is_digit = |c: char| match digits {
        Digits::Hex => c.is_ascii_hexdigit(),
        Digits::LowerHex => c.is_ascii_digit() || ('a'..='f').contains(&c),
        Digits::Alphanumeric => c.is_ascii_alphanumeric(),
    };
    let is_good = |text: &str| {
        text.strip_prefix(prefix)
            .is_some_and(|rest| rest.chars().count() == LENGTH && rest.chars().all(is_digit))
    };
    if is_good(text) {
        return None;
    }
    let characters = match digits {
        Digits::Hex => "hexadecimal digits",
        Digits::LowerHex => "lower-case hexadecimal digits",
        Digits::Alphanumeric => "letters and digits",
    };
    let finding = Finding::new(&SID_FORM, format!("`{}` is no SID of a Twilio {title}", visible(text)));
    // What only case or spaces at the ends are wrong with can be mended without knowing the SID.
    let trimmed = text.trim();
    let rest = trimmed.get(2..).unwrap_or_default();
    let exact = format!("{prefix}{rest}");
    let lower = format!("{prefix}{}", rest.to_ascii_lowercase());
    let is_of_kind = trimmed.get(..2).is_some_and(|letters| letters.eq_ignore_ascii_case(prefix));
    if let Some(better) = [exact, lower].into_iter().find(|better| is_of_kind && is_good(better)) {
        let label = if trimmed == text { "the case is wrong" } else { "has a space at an end" };
        return Some(finding.at(location.clone(), label).help(format!("write `{better}`")).fix(
            format!("write `{better}`"),
            location,
            scalar(&better),
        ));
    }
    let label = match text.strip_prefix(prefix) {
        None => match named_kind(text) {
            Some(kind) => format!("this is the SID of {kind}"),
            None => format!("does not begin with `{prefix}`"),
        },
        Some(rest) => match rest.chars().find(|c| !is_digit(*c)) {
            Some(bad) => format!("`{}` is not one of the {characters}", visible(&bad.to_string())),
            None => format!("has {} characters after `{prefix}`", rest.chars().count()),
        },
    };
    Some(
        finding
            .at(location, label)
            .help(format!("write `{prefix}` and {LENGTH} {characters}, as the Twilio Console shows them")),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Project, append, edit};
    use super::*;
    use crate::diagnostics::SourceFile;

    fn label(text: &str, form: Form) -> Option<String> {
        let location = SourceFile::new("a.yaml", text).at(0..text.len());
        look(text, form, location).and_then(|finding| Some(finding.primary?.text))
    }

    #[test]
    fn what_is_wrong_is_said() {
        let zeros = "0".repeat(31);
        assert_eq!(label(&format!("AC{zeros}F"), ACCOUNT), None);
        assert_eq!(label(&format!("OQ{zeros}z"), OAUTH_APP), None);
        for (text, form, wanted) in [
            (format!("OR{zeros}F"), ORGANIZATION, "the case is wrong"),
            (format!("ac{zeros}1"), ACCOUNT, "the case is wrong"),
            (format!("AC{zeros}1 "), ACCOUNT, "has a space at an end"),
            (format!("AC{zeros}"), ACCOUNT, "has 31 characters after `AC`"),
            (format!("AC{zeros}g"), ACCOUNT, "`g` is not one of the hexadecimal digits"),
            (format!("SK{zeros}1"), ACCOUNT, "this is the SID of an API key"),
            ("é".to_owned(), ACCOUNT, "does not begin with `AC`"),
            (String::new(), ACCOUNT, "does not begin with `AC`"),
        ] {
            assert_eq!(label(&text, form).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn the_tenants_sids_are_looked_at() {
        edit("AC00000000000000000000000000000001", "AC0001").finds(&[("sid-form", "sid:", "AC0001")]);
        edit("sid: SK0", "sid: sk0")
            .finds(&[("sid-form", "apiKey:", "sk00000000000000000000000000000001")])
            .is_mended();
        edit("GO00000000000000000000000000000001", "GO1").finds(&[("sid-form", "flexInstance:", "GO1")]);
        let organization =
            "    organization: {sid: OR1, oauthClient: {clientId: abc, clientSecret: {env: X}}}\n  auth0: {";
        edit("  auth0: {", organization)
            .finds(&[("sid-form", "organization:", "OR1"), ("sid-form", "organization:", "abc")]);
    }

    #[test]
    fn a_flow_is_no_instance() {
        edit("flexInstance: GO", "flexInstance: FO").finds(&[(
            "flex-flow-sid",
            "flexInstance:",
            "FO00000000000000000000000000000001",
        )]);
    }

    #[test]
    fn a_flex_tenant_names_its_instance() {
        edit("    flexInstance: GO00000000000000000000000000000001\n", "").finds(&[(
            "flex-instance-missing",
            "twilio:",
            "twilio",
        )]);
    }

    fn connection(text: &str) -> Project {
        edit("  testUsers:", &format!("  connection: {text}\n  testUsers:"))
    }

    #[test]
    fn connections_have_the_form_of_their_product() {
        let id = "JQ0000000000000000000000000000000a";
        connection(id).finds_nothing();
        let upper = "JQ0000000000000000000000000000000A";
        connection(upper).finds(&[("sid-form", "connection:", upper)]).is_mended();
        let urn = format!("urn:flex:{id}");
        connection(&urn).finds(&[("sid-form", "connection:", &urn)]).is_mended();
        let found = append(&format!(
            "kind: SsoProfile\nmetadata: {{name: console}}\nspec: {{product: console, friendlyName: Console, \
             identityProvider: auth0-nss, connection: {id}}}\n---\nkind: SsoProfile\nmetadata: {{name: legacy}}\nspec: \
             {{product: console-legacy, friendlyName: Legacy, identityProvider: auth0-nss, connection: UI1}}"
        ))
        .findings();
        let found: Vec<&str> = found
            .iter()
            .filter(|finding| finding.code.id == "sid-form")
            .filter_map(|finding| Some(finding.location()?.text()))
            .collect();
        assert_eq!(found, [id, "UI1"]);
    }

    #[test]
    fn selections_name_sids() {
        let select = "select: {emailDomains: [connie.one], userSids: [US1], accounts: [AC1]}";
        let found = edit("select: {emailDomains: [connie.one]}", select).findings();
        let found: Vec<&str> = found
            .iter()
            .filter(|finding| finding.code.id == "sid-form")
            .filter_map(|finding| Some(finding.location()?.text()))
            .collect();
        assert_eq!(found, ["US1", "AC1"]);
    }
}
