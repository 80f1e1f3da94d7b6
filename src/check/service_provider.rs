//! A profile's `serviceProvider` overrides: their schemes, addresses of an older generation, and that they agree with the connection.

use url::Url;

use super::{Context, Rule, maps::scalar};
use crate::{
    diagnostics::{Code, Finding, Findings, Location, Severity},
    manifest::{
        Manifests, Resource,
        sso_profile::{Product, SsoProfileSpec},
        tenant::DEFAULT_REGION,
    },
    yaml::{Path, path},
};

pub(super) const RULE: Rule =
    Rule { codes: &[&SERVICE_PROVIDER_URL, &FLEX_OLDER_URL, &CONNECTION_CONTRADICTION], check };

static SERVICE_PROVIDER_URL: Code = Code {
    id: "service-provider-url",
    severity: Severity::Error,
    title: "a URL of the service provider is not https",
    explanation: "The identity provider has the browser post the signed assertion to the ACS and callback URLs. Over plain `http` \
        anybody on the way can read it and sign in with it, and Twilio serves none of its own over `http`. Callback and logout \
        URLs of a developer's machine (`http://localhost`) are allowed.\n\n\
        Write `https://`.\n\nSource: SAML 2.0 bindings section 3.5.5.2.",
};

static FLEX_OLDER_URL: Code = Code {
    id: "flex-older-url",
    severity: Severity::Warning,
    title: "an address of an older generation on an enhanced Flex profile",
    explanation: "Twilio has had several generations of Flex SSO addresses: `preview.twilio.com/iam/...`, \
        `iam.twilio.com/v1/Accounts/AC.../saml2`, and in some guides `iam.twilio.com/v2/saml2/authenticate/FO...`, which no \
        specification of Twilio knows. `product: flex` is enhanced SSO: its entity ID is `urn:flex:<JQ...>` and its ACS URL \
        `https://login.flex.<region>.twilio.com/login/callback?connection=<JQ...>`, which is what Concord uses when \
        `serviceProvider` says nothing. A response that is posted to an older address does not arrive.\n\n\
        Leave the override out, or keep it if your Console really shows it. A profile that still runs on the older SSO is \
        `product: flex-legacy`.\n\nSource: Twilio Flex, SSO configuration and SSO migration guide.",
};

static CONNECTION_CONTRADICTION: Code = Code {
    id: "connection-contradiction",
    severity: Severity::Error,
    title: "the service provider's values belong to another connection",
    explanation: "Entity ID (`urn:flex:<connection>`, `urn:console:<connection>`) and Flex's ACS URL (`...?connection=<connection>`) \
        contain the connection's ID. Where the profile's `connection` or these overrides name different ones, the assertion's \
        audience or recipient is wrong and Twilio refuses it.\n\n\
        Leave the overrides out: with the connection known, both follow by the formula.\n\n\
        Source: Twilio Flex, SSO configuration; Twilio Console, single sign-on.",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for profile in context.manifests.sso_profiles.values() {
        let place = path!["spec", "serviceProvider"];
        let service = &profile.spec.service_provider;
        let acs = service.acs_url.iter().map(|url| (place.join("acsUrl"), url, false));
        let callbacks = service.callback_urls.iter().enumerate();
        let callbacks = callbacks.map(|(at, url)| (place.join("callbackUrls").join(at), url, true));
        let logouts = service.logout_urls.iter().enumerate();
        let logouts = logouts.map(|(at, url)| (place.join("logoutUrls").join(at), url, true));
        for (path, url, may_be_local) in acs.clone().chain(callbacks.clone()).chain(logouts) {
            findings.extend(check_scheme(profile, &path, url, may_be_local));
        }
        if profile.spec.product == Product::Flex {
            let entity_id = service.entity_id.iter().map(|id| (place.join("entityId"), id.as_str()));
            let urls = acs.chain(callbacks).map(|(path, url, _)| (path, url.as_str()));
            for (path, text) in entity_id.chain(urls).filter(|(_, text)| is_older(text)) {
                findings.push(older(context.manifests, profile, &path, text));
            }
        }
        check_connection(profile, findings);
    }
}

fn check_scheme(
    profile: &Resource<SsoProfileSpec>,
    path: &Path,
    url: &Url,
    may_be_local: bool,
) -> Option<Finding> {
    let is_local = url.scheme() == "http" && url.host_str() == Some("localhost");
    if url.scheme() == "https" || (may_be_local && is_local) {
        return None;
    }
    let location = profile.at(path);
    let finding = Finding::new(&SERVICE_PROVIDER_URL, format!("`{url}` is not https"))
        .at(location.clone(), "assertions would travel without encryption");
    let mut better = url.clone();
    Some(if url.scheme() == "http" && better.set_scheme("https").is_ok() {
        finding.help(format!("write `{better}`")).fix(
            format!("write `{better}`"),
            location,
            scalar(better.as_str()),
        )
    } else {
        finding.help("write a URL that begins with `https://`")
    })
}

/// Whether this is an address of the generations before enhanced SSO.
fn is_older(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    match url.host_str() {
        Some("iam.twilio.com") => url.path().contains("/saml2"),
        Some("preview.twilio.com") => url.path().starts_with("/iam/"),
        _ => false,
    }
}

fn older(manifests: &Manifests, profile: &Resource<SsoProfileSpec>, path: &Path, text: &str) -> Finding {
    let connection = profile.spec.connection.as_deref().unwrap_or("<JQ...>");
    let tenant = manifests.tenants.get(&profile.tenant).and_then(|tenant| tenant.spec.twilio.as_ref());
    let region = tenant.and_then(|twilio| twilio.region.as_deref()).unwrap_or(DEFAULT_REGION);
    let formula = if *path == path!["spec", "serviceProvider", "entityId"] {
        format!("the entity ID of enhanced SSO is `urn:flex:{connection}`")
    } else {
        format!(
            "the ACS URL of enhanced SSO is `https://login.flex.{region}.twilio.com/login/callback?connection={connection}`"
        )
    };
    Finding::new(&FLEX_OLDER_URL, format!("`{text}` is an address of an older Flex SSO"))
        .at(profile.at(path), "not an address of enhanced SSO")
        .related(profile.at(&path!["spec", "product"]), "enhanced SSO")
        .help(format!(
            "leave it out: {formula}, which is the default; keep it only if the Twilio Console shows it"
        ))
}

fn check_connection(profile: &Resource<SsoProfileSpec>, findings: &mut Findings) {
    let service = &profile.spec.service_provider;
    let prefix = match profile.spec.product {
        Product::Flex => "urn:flex:",
        Product::Console => "urn:console:",
        _ => return,
    };
    let mut named: Vec<(String, Location)> = Vec::new();
    if let Some(pin) = &profile.spec.connection {
        let id = pin.strip_prefix(prefix).unwrap_or(pin);
        named.push((id.to_owned(), profile.at(&path!["spec", "connection"])));
    }
    if let Some(id) = service.entity_id.as_deref().and_then(|id| id.strip_prefix(prefix)) {
        named.push((id.to_owned(), profile.at(&path!["spec", "serviceProvider", "entityId"])));
    }
    if let Some(url) = service.acs_url.as_ref().filter(|_| profile.spec.product == Product::Flex)
        && let Some((_, id)) = url.query_pairs().find(|(key, _)| key == "connection")
    {
        named.push((id.into_owned(), profile.at(&path!["spec", "serviceProvider", "acsUrl"])));
    }
    let Some(((first, here), others)) = named.split_first() else { return };
    for (other, location) in others.iter().filter(|(other, _)| other != first) {
        findings.push(
            Finding::new(
                &CONNECTION_CONTRADICTION,
                format!("this is the connection `{other}`, not `{first}`"),
            )
            .at(location.clone(), format!("belongs to `{other}`"))
            .related(here.clone(), format!("belongs to `{first}`"))
            .help(format!("remove the override: with the connection `{first}` it follows by the formula")),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Project, edit};

    const JQ: &str = "JQ00000000000000000000000000000001";
    const OTHER: &str = "JQ00000000000000000000000000000002";

    fn with(fields: &str) -> Project {
        edit("  testUsers:", &format!("  {fields}\n  testUsers:"))
    }

    #[test]
    fn assertions_travel_encrypted() {
        with("serviceProvider: {acsUrl: http://login.example.com/acs}")
            .finds(&[("service-provider-url", "serviceProvider:", "http://login.example.com/acs")])
            .is_mended();
        with("serviceProvider: {acsUrl: http://localhost/acs}").finds(&[(
            "service-provider-url",
            "serviceProvider:",
            "http://localhost/acs",
        )]);
        with("serviceProvider: {callbackUrls: [http://localhost:3000/callback], logoutUrls: [https://connie.team]}")
            .finds_nothing();
        with("serviceProvider: {logoutUrls: [https://connie.team, http://connie.team]}").finds(&[(
            "service-provider-url",
            "serviceProvider:",
            "http://connie.team",
        )]);
    }

    #[test]
    fn older_addresses_are_noticed() {
        let old = "https://iam.twilio.com/v2/saml2/authenticate/FO00000000000000000000000000000001";
        with(&format!("serviceProvider: {{callbackUrls: [{old}]}}")).finds(&[(
            "flex-older-url",
            "serviceProvider:",
            old,
        )]);
        for old in [
            "https://iam.twilio.com/v1/Accounts/AC00000000000000000000000000000001/saml2",
            "https://preview.twilio.com/iam/Accounts/AC00000000000000000000000000000001/saml2",
        ] {
            with(&format!("serviceProvider: {{acsUrl: {old}}}")).finds(&[(
                "flex-older-url",
                "serviceProvider:",
                old,
            )]);
            with(&format!("serviceProvider: {{entityId: {old}}}")).finds(&[(
                "flex-older-url",
                "serviceProvider:",
                old,
            )]);
        }
        let legacy = "https://preview.twilio.com/iam/Accounts/AC00000000000000000000000000000001/saml2";
        let codes = with(&format!("serviceProvider: {{acsUrl: {legacy}}}"))
            .edit("product: flex", "product: flex-legacy")
            .codes();
        assert!(codes.iter().all(|(code, _)| *code != "flex-older-url"), "{codes:?}");
    }

    #[test]
    fn overrides_agree_with_the_connection() {
        let acs = |id: &str| format!("https://login.flex.us1.twilio.com/login/callback?connection={id}");
        with(&format!(
            "connection: {JQ}\n  serviceProvider: {{entityId: urn:flex:{JQ}, acsUrl: '{}'}}",
            acs(JQ)
        ))
        .finds_nothing();
        with(&format!("connection: {JQ}\n  serviceProvider: {{entityId: 'urn:flex:{OTHER}'}}")).finds(&[(
            "connection-contradiction",
            "serviceProvider:",
            &format!("'urn:flex:{OTHER}'"),
        )]);
        with(&format!("serviceProvider: {{entityId: 'urn:flex:{JQ}', acsUrl: '{}'}}", acs(OTHER)))
            .finds(&[("connection-contradiction", "serviceProvider:", &format!("'{}'", acs(OTHER)))]);
    }
}
