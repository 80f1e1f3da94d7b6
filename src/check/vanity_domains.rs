//! Vanity domains: that the hostname is one, that it leads to Flex, and that Flex trusts it.

use url::Url;

use super::{Context, Rule, maps::scalar};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity},
    manifest::{Kind, Resource, vanity_domain::VanityDomainSpec},
    yaml::path,
};

pub(super) const RULE: Rule = Rule { codes: &[&VANITY_HOSTNAME, &VANITY_PRODUCT, &VANITY_UNTRUSTED], check };

static VANITY_HOSTNAME: Code = Code {
    id: "vanity-hostname",
    severity: Severity::Error,
    title: "a vanity domain's hostname is not a hostname of one's own",
    explanation: "`hostname` is a full DNS name that you own, such as `nss.connie.team`: lower case, without scheme, port, path or \
        wildcard. Names under `twilio.com` are Twilio's; the domain that Twilio gives a Flex instance is not a vanity domain.\n\n\
        Write the name alone; URLs belong in the profile's `urls:`.\n\nSource: RFC 1123 section 2.1.",
};

static VANITY_PRODUCT: Code = Code {
    id: "vanity-product",
    severity: Severity::Error,
    title: "a vanity domain leads to a profile that is not Flex's",
    explanation: "A vanity domain serves a self-hosted Flex UI. The Twilio Console and SendGrid are only served from their own \
        hosts.\n\nName a Flex profile in `profile:`, or remove the document.\n\n\
        Source: Twilio Flex, self-hosted Flex with SSO.",
};

static VANITY_UNTRUSTED: Code = Code {
    id: "vanity-untrusted",
    severity: Severity::Warning,
    title: "Flex does not trust the vanity domain",
    explanation: "Flex served from a host of one's own can only be signed in to when the profile's trusted URLs have that host: \
        otherwise the sign-in ends in an error, or in a redirect loop.\n\n\
        Add `https://<hostname>` to the profile's `urls.trusted`.\n\n\
        Source: Twilio Flex, self-hosted Flex with SSO (trusted URLs and default redirect URL are required).",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for domain in context.manifests.vanity_domains.values() {
        let hostname = &domain.spec.hostname;
        let is_good = match wrong(hostname) {
            None => true,
            Some(label) => {
                findings.push(malformed(domain, label));
                false
            }
        };
        let Some(profile) =
            context.manifests.sso_profiles.get(&(domain.tenant.clone(), domain.spec.profile.clone()))
        else {
            continue;
        };
        if !profile.spec.product.is_flex() {
            findings.push(
                Finding::new(
                    &VANITY_PRODUCT,
                    format!(
                        "a vanity domain serves Flex, and `{}` is a profile of the {}",
                        profile.name(),
                        profile.spec.product.title()
                    ),
                )
                .at(domain.at(&path!["spec", "profile"]), "not a Flex profile")
                .related(profile.at(&path!["spec", "product"]), "the profile's product")
                .help(format!("name a Flex profile, or remove this {}", Kind::VanityDomain)),
            );
            continue;
        }
        let is_trusted =
            profile.spec.urls.trusted.iter().filter_map(|text| Url::parse(text).ok()).any(|url| {
                url.scheme() == "https"
                    && url.host_str().is_some_and(|host| host.eq_ignore_ascii_case(hostname))
            });
        if is_good && !is_trusted {
            findings.push(
                Finding::new(
                    &VANITY_UNTRUSTED,
                    format!("the profile `{}` does not trust `{hostname}`", profile.name()),
                )
                .at(domain.at(&path!["spec", "hostname"]), "not among the profile's trusted URLs")
                .related(profile.key_at(&path!["spec", "urls", "trusted"]), "the profile")
                .help(format!("add `https://{hostname}` to the profile's `urls.trusted`")),
            );
        }
    }
}

/// What is wrong with a hostname.
fn wrong(name: &str) -> Option<&'static str> {
    if name.contains("://") {
        return Some("this is a URL");
    }
    if name.contains('/') {
        return Some("has a path");
    }
    if name.contains(':') {
        return Some("has a port");
    }
    if name.contains('*') {
        return Some("has a wildcard");
    }
    if name.ends_with('.') {
        return Some("ends with a dot");
    }
    if name.chars().any(|c| c.is_ascii_uppercase()) {
        return Some("has upper-case letters");
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let labels: Vec<&str> = name.split('.').collect();
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    if name.len() > 253 || !labels.iter().all(|label| is_label(label)) {
        return Some("not a DNS name");
    }
    match labels.as_slice() {
        [_] => Some("not a full DNS name"),
        [.., last] if is_number(last) => Some("an address, not a name"),
        [.., "twilio", "com"] => Some("this is Twilio's own"),
        _ => None,
    }
}

fn malformed(domain: &Resource<VanityDomainSpec>, label: &str) -> Finding {
    let hostname = &domain.spec.hostname;
    let location = domain.at(&path!["spec", "hostname"]);
    let finding = Finding::new(
        &VANITY_HOSTNAME,
        format!("`{}` is no hostname of a vanity domain", hostname.escape_debug()),
    )
    .at(location.clone(), label);
    let bare = hostname.trim();
    let url = if bare.contains("://") { Url::parse(bare) } else { Url::parse(&format!("https://{bare}")) };
    let host =
        url.ok().and_then(|url| url.host_str().map(|host| host.trim_end_matches('.').to_ascii_lowercase()));
    match host.filter(|host| wrong(host).is_none()) {
        Some(host) => {
            finding.help(format!("write `{host}`")).fix(format!("write `{host}`"), location, scalar(&host))
        }
        None => finding.help("write a full DNS name that you own, for instance `flex.example.com`"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{append, edit};
    use super::wrong;

    #[test]
    fn a_hostname_is_a_name_alone() {
        for bad in [
            "https://nss.connie.team",
            "nss.connie.team/flex",
            "nss.connie.team:443",
            "NSS.connie.team",
            "nss.connie.team.",
        ] {
            edit("hostname: nss.connie.team", &format!("hostname: {bad}"))
                .finds(&[("vanity-hostname", "hostname:", bad)])
                .is_mended();
        }
        for bad in [
            "'*.connie.team'",
            "nss",
            "nss.flex.twilio.com",
            "10.0.0.1",
            "-a.connie.team",
            "a_b.connie.team",
            "''",
        ] {
            edit("hostname: nss.connie.team", &format!("hostname: {bad}")).finds(&[(
                "vanity-hostname",
                "hostname:",
                bad,
            )]);
        }
        assert_eq!(wrong("mytwilio.com"), None);
        assert_eq!(wrong("xn--bcher-kva.example"), None);
    }

    #[test]
    fn a_vanity_domain_leads_to_flex() {
        let found = append(
            "kind: SsoProfile\nmetadata: {name: console}\nspec: {product: console, friendlyName: Console, \
             identityProvider: auth0-nss}",
        )
        .edit("  profile: flex\n  dns:", "  profile: console\n  dns:")
        .findings();
        let finding = found.iter().find(|finding| finding.code.id == "vanity-product").unwrap();
        assert_eq!(finding.location().unwrap().text(), "console");
    }

    #[test]
    fn flex_trusts_the_vanity_domain() {
        edit("hostname: nss.connie.team", "hostname: other.connie.team").finds(&[(
            "vanity-untrusted",
            "hostname:",
            "other.connie.team",
        )]);
        edit("trusted: [https://nss.connie.team]", "trusted: [https://nss.connie.team/flex]").finds_nothing();
    }
}
