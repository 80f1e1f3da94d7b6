//! Base URLs and metadata URLs: that what travels there cannot be read or changed on the way.

use std::net::IpAddr;

use url::{Host, Url};

use super::{Context, Rule, edits, redact};
use crate::{
    diagnostics::{Code, Finding, Findings, Location, Severity},
    manifest::{
        Document,
        identity_provider::{IdentityProviderSpec, MetadataSource},
        tenant::TenantSpec,
    },
    yaml::{Path, path},
};

pub(super) const RULE: Rule = Rule { codes: &[&INSECURE_URL], check };

const INSECURE_URL: Code = Code {
    id: "insecure-url",
    severity: Severity::Error,
    title: "a URL without TLS, or with a user in it, would be used",
    explanation: "Credentials go to an `endpoint`, and metadata decide which certificate is trusted. Over plain `http` everybody on the way can read \
        the one and replace the other. Plain `http` is allowed for a loopback address only (`localhost`, `127.0.0.1`, `[::1]`), for \
        tests. A user's name before the host is no way to give credentials, and makes hosts look like others (`https://okta.com@evil.example`).\n\nWrite `https://`, and nothing before the host.\n\nSource: RFC 6749 section 10.3 and RFC 6750 section 5.3 (tokens need TLS); SAML 2.0 metadata, \
        section 4.",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for tenant in context.manifests.tenants.values() {
        for (path, url) in of_tenant(&tenant.spec) {
            judge(&tenant.document, &path, url, findings);
        }
    }
    for provider in context.manifests.identity_providers.values() {
        for (path, url) in of_identity_provider(&provider.spec) {
            judge(&provider.document, &path, url, findings);
        }
    }
}

fn of_tenant(spec: &TenantSpec) -> Vec<(Path, &Url)> {
    let twilio = spec.twilio.as_ref().and_then(|twilio| twilio.endpoint.as_ref());
    let at = |key: &str| path!["spec", "twilio", "endpoint", key];
    let vendor = |key: &str| path!["spec", key, "endpoint"];
    [
        (at("flexApi"), twilio.and_then(|endpoints| endpoints.flex_api.as_ref())),
        (at("services"), twilio.and_then(|endpoints| endpoints.services.as_ref())),
        (at("iam"), twilio.and_then(|endpoints| endpoints.iam.as_ref())),
        (at("oauth"), twilio.and_then(|endpoints| endpoints.oauth.as_ref())),
        (vendor("sendgrid"), spec.sendgrid.as_ref().and_then(|block| block.endpoint.as_ref())),
        (vendor("okta"), spec.okta.as_ref().and_then(|block| block.endpoint.as_ref())),
        (vendor("auth0"), spec.auth0.as_ref().and_then(|block| block.endpoint.as_ref())),
        (vendor("google"), spec.google.as_ref().and_then(|block| block.endpoint.as_ref())),
        (
            path!["spec", "google", "tokenEndpoint"],
            spec.google.as_ref().and_then(|block| block.token_endpoint.as_ref()),
        ),
        (vendor("salesforce"), spec.salesforce.as_ref().and_then(|block| block.endpoint.as_ref())),
    ]
    .into_iter()
    .filter_map(|(path, url)| Some((path, url?)))
    .collect()
}

fn of_identity_provider(spec: &IdentityProviderSpec) -> Vec<(Path, &Url)> {
    let metadata = match &spec.trust.metadata {
        Some(MetadataSource::Url(url)) => Some(url),
        _ => None,
    };
    let vendor = |key: &str| path!["spec", key, "endpoint"];
    [
        (path!["spec", "trust", "metadata", "url"], metadata),
        (path!["spec", "trust", "ssoUrl"], spec.trust.sso_url.as_ref()),
        (vendor("okta"), spec.okta.as_ref().and_then(|block| block.endpoint.as_ref())),
        (vendor("auth0"), spec.auth0.as_ref().and_then(|block| block.endpoint.as_ref())),
        (vendor("google"), spec.google.as_ref().and_then(|block| block.endpoint.as_ref())),
        (
            path!["spec", "google", "tokenEndpoint"],
            spec.google.as_ref().and_then(|block| block.token_endpoint.as_ref()),
        ),
        (vendor("salesforce"), spec.salesforce.as_ref().and_then(|block| block.endpoint.as_ref())),
    ]
    .into_iter()
    .filter_map(|(path, url)| Some((path, url?)))
    .collect()
}

fn judge(document: &Document, path: &Path, url: &Url, findings: &mut Findings) {
    // A URL with a password in it is said by the rule about secrets, which covers it.
    if redact::literals(document).iter().any(|literal| literal.path == *path) {
        return;
    }
    let location: Location = document.at(path);
    if !url.username().is_empty() {
        findings.push(
            Finding::new(&INSECURE_URL, format!("`{path}` has a user's name in it, which nobody reads"))
                .at(location, "more than host and path")
                .help("remove the name and the `@`; credentials are references to secrets beside the URL"),
        );
        return;
    }
    if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)) {
        return;
    }
    let finding = Finding::new(&INSECURE_URL, format!("`{path}` would be reached without TLS"))
        .at(location.clone(), format!("`{}`, and no loopback address", url.scheme()))
        .help("write `https://`; plain `http` is for a loopback address only");
    let written = location.text();
    findings.push(match written.strip_prefix("http://") {
        Some(rest) => finding.with_fix(edits::replacement(&location, &format!("https://{rest}"))),
        None => finding,
    });
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::edit;

    #[test]
    fn credentials_need_tls() {
        let endpoint = |url: &str| edit("clientId: abc,", &format!("clientId: abc, endpoint: '{url}',"));
        for good in
            ["https://auth0.example", "http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"]
        {
            endpoint(good).finds_nothing();
        }
        endpoint("http://auth0.example").finds(&[("insecure-url", "auth0:", "'http://auth0.example'")]);
        endpoint("http://127.0.0.1.example").finds(&[(
            "insecure-url",
            "auth0:",
            "'http://127.0.0.1.example'",
        )]);
        edit("clientId: abc,", "clientId: abc, endpoint: http://auth0.example,")
            .finds(&[("insecure-url", "auth0:", "http://auth0.example")])
            .is_mended();
    }

    #[test]
    fn credentials_do_not_stand_in_urls() {
        edit("clientId: abc,", "clientId: abc, endpoint: https://root:hunter22@auth0.example,").finds(&[(
            "secret-literal",
            "auth0:",
            "***********************************",
        )]);
    }

    #[test]
    fn a_user_in_front_of_the_host_is_refused() {
        edit("clientId: abc,", "clientId: abc, endpoint: https://acme.auth0.com@evil.example,").finds(&[(
            "insecure-url",
            "auth0:",
            "https://acme.auth0.com@evil.example",
        )]);
    }

    #[test]
    fn metadata_decide_what_is_trusted() {
        edit(
            "spec: {vendor: auth0}",
            "spec: {vendor: auth0, trust: {metadata: {url: http://nss.us.auth0.com/samlp/metadata/a}}}",
        )
        .finds(&[("insecure-url", "spec: {vendor", "http://nss.us.auth0.com/samlp/metadata/a")]);
    }
}
