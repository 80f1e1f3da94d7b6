//! Flex's trusted URLs and default redirect: what Flex accepts, and that the two agree.

use url::{Host, Url};

use super::{Context, Rule, maps::scalar};
use crate::{
    diagnostics::{Code, Edit, Finding, Findings, Fix, Severity},
    manifest::{
        Manifests, Resource,
        identity_provider::Vendor,
        sso_profile::{Product, SsoProfileSpec},
    },
    yaml::path,
};

pub(super) const RULE: Rule = Rule {
    codes: &[
        &TRUSTED_URL_WILDCARD,
        &TRUSTED_URL_SCHEME,
        &TRUSTED_URL_FORM,
        &DEFAULT_REDIRECT_MISSING,
        &DEFAULT_REDIRECT_SCHEME,
        &DEFAULT_REDIRECT_UNTRUSTED,
    ],
    check,
};

static TRUSTED_URL_WILDCARD: Code = Code {
    id: "trusted-url-wildcard",
    severity: Severity::Error,
    title: "a trusted URL has a wildcard",
    explanation: "Flex's enhanced SSO compares trusted URLs as they are; `https://*.example.com` is refused. The older Flex SSO took \
        wildcards, so there it is a warning: the profile cannot be migrated as it is.\n\n\
        List each URL.\n\nSource: Twilio Flex, SSO configuration, trusted URLs; SSO migration guide.",
};

static TRUSTED_URL_SCHEME: Code = Code {
    id: "trusted-url-scheme",
    severity: Severity::Error,
    title: "a trusted URL is neither https nor http://localhost",
    explanation: "Flex sends the person, with what proves the sign-in, to a trusted URL. Plain `http` would let anybody on the way \
        read it, so it is for `http://localhost` on a developer's machine only.\n\n\
        Write `https://`, or `http://localhost:3000` for development.\n\nSource: Twilio Flex, SSO configuration, trusted URLs.",
};

static TRUSTED_URL_FORM: Code = Code {
    id: "trusted-url-form",
    severity: Severity::Error,
    title: "a trusted URL is not a plain absolute URL",
    explanation: "A trusted URL is scheme, host, perhaps a port and a path: `https://example.com/flex`. A query, a fragment, a user \
        name, spaces or a missing scheme never match the address that Flex is opened at (error 70251, Bad SSO Settings).\n\n\
        Write the URL as the browser's address bar shows it, up to the path.\n\n\
        Source: Twilio Flex, SSO configuration, trusted URLs; Twilio error 70251; RFC 3986 section 4.3.",
};

static DEFAULT_REDIRECT_MISSING: Code = Code {
    id: "default-redirect-missing",
    severity: Severity::Error,
    title: "the profile has no default redirect URL",
    explanation: "A sign-in that begins at the identity provider, from its start page, ends at the default redirect URL. A \
        self-hosted Flex needs it beside its trusted URLs, so where those are given it is an error. Otherwise it is advice: \
        without it people can only begin at Flex. For Google, whose Flex guide begins at Google, it is a warning.\n\n\
        Write `urls: {defaultRedirect: ...}` with the URL that people open Flex at.\n\n\
        Source: Twilio Flex, SSO configuration; self-hosted Flex with SSO.",
};

static DEFAULT_REDIRECT_SCHEME: Code = Code {
    id: "default-redirect-scheme",
    severity: Severity::Error,
    title: "the default redirect is neither https nor http://localhost",
    explanation: "The person is sent to the default redirect URL with what proves the sign-in, so it has to be `https`, or \
        `http://localhost` on a developer's machine.\n\nWrite `https://`.\n\n\
        Source: Twilio Flex, SSO configuration; Twilio error 70251.",
};

static DEFAULT_REDIRECT_UNTRUSTED: Code = Code {
    id: "default-redirect-untrusted",
    severity: Severity::Warning,
    title: "the default redirect is at none of the trusted URLs",
    explanation: "Flex sends people to trusted URLs only. A default redirect on another host is probably a typing error or left \
        over from an older address; the sign-in then ends in an error page. `https://flex.twilio.com` is always trusted, and \
        Salesforce's own sign-in URL is what its guide uses.\n\n\
        Add its origin to `trusted:`, or use one of those.\n\nSource: Twilio Flex, self-hosted Flex with SSO.",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for profile in context.manifests.sso_profiles.values().filter(|profile| profile.spec.product.is_flex()) {
        for (at, text) in profile.spec.urls.trusted.iter().enumerate() {
            findings.extend(check_trusted(profile, at, text));
        }
        match &profile.spec.urls.default_redirect {
            Some(redirect) => check_redirect(context.manifests, profile, redirect, findings),
            None => findings.push(missing_redirect(context.manifests, profile)),
        }
    }
}

/// Whether Flex takes the URL's scheme.
fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && url.host_str() == Some("localhost"))
}

fn check_trusted(profile: &Resource<SsoProfileSpec>, at: usize, text: &str) -> Option<Finding> {
    let location = profile.at(&path!["spec", "urls", "trusted", at]);
    if text.contains('*') {
        let is_legacy = profile.spec.product == Product::FlexLegacy;
        return Some(
            Finding::new(&TRUSTED_URL_WILDCARD, format!("the trusted URL `{text}` has a wildcard"))
                .severity(if is_legacy { Severity::Warning } else { Severity::Error })
                .at(location, "wildcards are not supported")
                .help("list each URL, for instance `https://flex.example.com`"),
        );
    }
    let malformed = |label: &str| {
        Finding::new(
            &TRUSTED_URL_FORM,
            format!("the trusted URL `{}` is not a plain absolute URL", text.escape_debug()),
        )
        .at(location.clone(), label)
    };
    let bare = text.trim();
    let url = match Url::parse(bare) {
        // `example.com:443` reads as a URL of scheme `example.com`.
        Ok(url) if url.has_host() => url,
        _ => {
            let better = format!("https://{}", bare.trim_start_matches('/'));
            let is_host = |url: &Url| matches!(url.host(), Some(Host::Domain(host)) if host.contains('.'));
            let meant = !bare.contains("://") && Url::parse(&better).is_ok_and(|url| is_host(&url));
            return Some(match meant {
                true => malformed("no scheme").help(format!("write `{better}`")).fix(
                    "add the scheme",
                    location.clone(),
                    scalar(&better),
                ),
                false => malformed("not a URL")
                    .help("write an absolute URL, for instance `https://flex.example.com`"),
            });
        }
    };
    if !is_safe(&url) {
        let is_loopback = match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            _ => false,
        };
        let finding = Finding::new(&TRUSTED_URL_SCHEME, format!("Flex does not trust `{text}`"))
            .at(location.clone(), "neither https nor http://localhost");
        let mut better = url.clone();
        let is_written = url.scheme() == "http"
            && if is_loopback {
                better.set_host(Some("localhost")).is_ok()
            } else {
                better.set_scheme("https").is_ok()
            };
        let better = plain(&better);
        return Some(if is_written {
            finding.help(format!("write `{better}`")).fix(
                format!("write `{better}`"),
                location,
                scalar(&better),
            )
        } else {
            finding.help("write a URL that begins with `https://`")
        });
    }
    let label = if url.fragment().is_some() {
        "has a fragment"
    } else if url.query().is_some() {
        "has a query"
    } else if !url.username().is_empty() || url.password().is_some() {
        "has a user name"
    } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        "has a space"
    } else {
        return None;
    };
    let better = plain(&url);
    Some(malformed(label).help(format!("write `{better}`")).fix(
        format!("write `{better}`"),
        location,
        scalar(&better),
    ))
}

/// The URL without what a trusted URL cannot have, and without the slash of an empty path.
fn plain(url: &Url) -> String {
    let mut text = url.origin().ascii_serialization();
    if url.path() != "/" {
        text.push_str(url.path());
    }
    text
}

fn check_redirect(
    manifests: &Manifests,
    profile: &Resource<SsoProfileSpec>,
    redirect: &Url,
    findings: &mut Findings,
) {
    let location = profile.at(&path!["spec", "urls", "defaultRedirect"]);
    if !is_safe(redirect) {
        let finding = Finding::new(
            &DEFAULT_REDIRECT_SCHEME,
            format!("people would be sent to `{redirect}` without encryption"),
        )
        .at(location.clone(), "neither https nor http://localhost");
        let mut better = redirect.clone();
        let is_written = redirect.scheme() == "http" && better.set_scheme("https").is_ok();
        findings.push(if is_written {
            let better = better.as_str();
            finding.help(format!("write `{better}`")).fix(
                format!("write `{better}`"),
                location,
                scalar(better),
            )
        } else {
            finding.help("write a URL that begins with `https://`")
        });
        return;
    }
    let trusted: Vec<Url> =
        profile.spec.urls.trusted.iter().filter_map(|text| Url::parse(text).ok()).collect();
    let vanity: Vec<&str> =
        manifests.vanity_domains_of(profile).map(|domain| domain.spec.hostname.as_str()).collect();
    let host = redirect.host_str().unwrap_or_default();
    let is_salesforce = manifests
        .identity_provider_of(profile)
        .is_some_and(|provider| provider.spec.vendor == Vendor::Salesforce)
        && host.ends_with(".salesforce.com");
    let is_known = trusted.iter().any(|url| url.origin() == redirect.origin())
        || vanity.iter().any(|name| name.eq_ignore_ascii_case(host))
        || host == "flex.twilio.com"
        || is_salesforce;
    // A trusted URL that has to be rewritten may well be meant for it.
    let is_unsure = trusted.len() < profile.spec.urls.trusted.len()
        || profile.spec.urls.trusted.iter().any(|text| text.contains('*'));
    if is_known || is_unsure || (trusted.is_empty() && vanity.is_empty()) {
        return;
    }
    let origin = redirect.origin().ascii_serialization();
    let finding =
        Finding::new(&DEFAULT_REDIRECT_UNTRUSTED, format!("`{origin}` is not among the trusted URLs"))
            .at(location, "people are sent here")
            .help(format!("add `{origin}` to `trusted:`, or correct the default redirect"));
    findings.push(if trusted.is_empty() {
        finding
    } else {
        finding.related(profile.key_at(&path!["spec", "urls", "trusted"]), "the trusted URLs")
    });
}

fn missing_redirect(manifests: &Manifests, profile: &Resource<SsoProfileSpec>) -> Finding {
    let message = format!("the profile `{}` has no default redirect URL", profile.name());
    let urls = &profile.spec.urls;
    if let Some(first) = urls.trusted.first() {
        let finding = Finding::new(&DEFAULT_REDIRECT_MISSING, message).at(
            profile.key_at(&path!["spec", "urls", "trusted"]),
            "these need a default redirect beside them",
        );
        let is_good = Url::parse(first).is_ok_and(|url| is_safe(&url));
        return if is_good {
            finding.help(format!("add `defaultRedirect: {first}`")).with_fix(insert_redirect(profile, first))
        } else {
            finding.help("add `defaultRedirect:` with the URL that people open Flex at")
        };
    }
    let is_google = manifests
        .identity_provider_of(profile)
        .is_some_and(|provider| provider.spec.vendor == Vendor::Google);
    let vanity = manifests.vanity_domains_of(profile).next().map(|domain| domain.spec.hostname.as_str());
    Finding::new(&DEFAULT_REDIRECT_MISSING, message)
        .severity(if is_google { Severity::Warning } else { Severity::Advice })
        .at(
            profile.at(&path!["spec", "product"]),
            "a sign-in that begins at the identity provider has no end",
        )
        .help(match vanity {
            Some(vanity) => format!("add `urls: {{defaultRedirect: https://{vanity}}}`"),
            None => "add `urls: {defaultRedirect: https://flex.twilio.com/<runtime domain>}`".to_owned(),
        })
}

/// Writes the default redirect before the trusted URLs, in the style of the mapping that holds both.
fn insert_redirect(profile: &Resource<SsoProfileSpec>, url: &str) -> Fix {
    let mut location = profile.key_at(&path!["spec", "urls", "trusted"]);
    location.span.end = location.span.start;
    let is_flow = profile.at(&path!["spec", "urls"]).text().starts_with('{');
    let end = if is_flow { ", ".to_owned() } else { format!("\n{}", " ".repeat(location.column() - 1)) };
    let replacement = format!("defaultRedirect: {}{end}", scalar(url));
    Fix {
        description: format!("use `{url}` as the default redirect"),
        edits: vec![Edit { location, replacement }],
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Project, edit};
    use crate::diagnostics::Severity;

    const URLS: &str = "urls: {defaultRedirect: https://nss.connie.team, trusted: [https://nss.connie.team]}";

    fn trusted(urls: &str) -> Project {
        edit("trusted: [https://nss.connie.team]", &format!("trusted: [https://nss.connie.team, {urls}]"))
    }

    #[test]
    fn wildcards_are_refused() {
        trusted("'https://*.connie.team'").finds(&[(
            "trusted-url-wildcard",
            "urls:",
            "'https://*.connie.team'",
        )]);
    }

    #[test]
    fn trusted_urls_are_https_or_localhost() {
        trusted("http://localhost:3000, https://connie.team/flex").finds_nothing();
        trusted("http://connie.team")
            .finds(&[("trusted-url-scheme", "urls:", "http://connie.team")])
            .is_mended();
        trusted("http://127.0.0.1:3000")
            .finds(&[("trusted-url-scheme", "urls:", "http://127.0.0.1:3000")])
            .is_mended();
        trusted("ftp://connie.team").finds(&[("trusted-url-scheme", "urls:", "ftp://connie.team")]);
        trusted("http://localhost.evil.example").finds(&[(
            "trusted-url-scheme",
            "urls:",
            "http://localhost.evil.example",
        )]);
    }

    #[test]
    fn trusted_urls_are_plain() {
        for bad in [
            "'https://connie.team/#x'",
            "'https://connie.team?x=1'",
            "'https://me@connie.team'",
            "' https://connie.team'",
        ] {
            trusted(bad).finds(&[("trusted-url-form", "urls:", bad)]).is_mended();
        }
        for bad in ["connie.team", "'connie.team:8443'", "'//connie.team'"] {
            trusted(bad).finds(&[("trusted-url-form", "urls:", bad)]).is_mended();
        }
        trusted("'https://'").finds(&[("trusted-url-form", "urls:", "'https://'")]);
        trusted("''").finds(&[("trusted-url-form", "urls:", "''")]);
    }

    #[test]
    fn trusted_urls_need_a_default_redirect() {
        let flow = edit("defaultRedirect: https://nss.connie.team, ", "");
        flow.finds(&[("default-redirect-missing", "urls:", "trusted")]).is_mended();
        assert_eq!(flow.findings()[0].severity, Severity::Error);
        edit(URLS, "urls:\n    trusted:\n      - https://nss.connie.team")
            .finds(&[("default-redirect-missing", "trusted:", "trusted")])
            .is_mended();
        let neither = edit(&format!("  {URLS}\n"), "");
        let finding = neither.findings();
        let finding = finding.iter().find(|finding| finding.code.id == "default-redirect-missing").unwrap();
        assert_eq!((finding.severity, finding.location().unwrap().text()), (Severity::Advice, "flex"));
    }

    #[test]
    fn the_default_redirect_is_https() {
        edit("defaultRedirect: https", "defaultRedirect: http").finds(&[(
            "default-redirect-scheme",
            "urls:",
            "http://nss.connie.team",
        )]);
    }

    #[test]
    fn the_default_redirect_is_trusted() {
        let redirect =
            |url: &str| edit("defaultRedirect: https://nss.connie.team", &format!("defaultRedirect: {url}"));
        redirect("https://nss.conie.team").finds(&[(
            "default-redirect-untrusted",
            "urls:",
            "https://nss.conie.team",
        )]);
        redirect("https://nss.connie.team/agent-desktop").finds_nothing();
        redirect("https://flex.twilio.com/dancing-owl-1234").finds_nothing();
        redirect("https://flex.twilio.com.evil.example").finds(&[(
            "default-redirect-untrusted",
            "urls:",
            "https://flex.twilio.com.evil.example",
        )]);
    }
}
