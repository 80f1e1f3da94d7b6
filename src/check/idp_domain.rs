//! The hosts of identity providers' tenants: that they are hosts, and the tenant's own.

use super::{Context, Rule, edits};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity},
    manifest::{
        Document,
        tenant::{Auth0, Okta, Salesforce},
    },
    yaml::{Path, path},
};

pub(super) const RULE: Rule =
    Rule { codes: &[&IDENTITY_PROVIDER_DOMAIN, &AUTH0_CUSTOM_DOMAIN, &OKTA_ADMIN_DOMAIN], check };

const IDENTITY_PROVIDER_DOMAIN: Code = Code {
    id: "identity-provider-domain",
    severity: Severity::Error,
    title: "an identity provider's domain is not a bare host name",
    explanation: "`domain` is the host of the identity provider's tenant, and nothing else: no `https://`, no path, no port, in \
        lower case. Addresses and issuers are made out of it, and SAML compares those letter by letter.\n\nWrite \
        `nss.us.auth0.com`, `acme.okta.com` or `acme.my.salesforce.com`. For a test double, use `endpoint`.\n\nSource: SAML \
        2.0 core section 8.3.6 (entity identifiers); the vendors' API references.",
};

const AUTH0_CUSTOM_DOMAIN: Code = Code {
    id: "auth0-custom-domain",
    severity: Severity::Warning,
    title: "the Auth0 domain is not the tenant's own",
    explanation: "The Management API's audience is always the tenant's own host (`<tenant>.<region>.auth0.com`), even where \
        people sign in through a custom domain. A token for the custom domain is refused.\n\nWrite the tenant's own host, \
        which Auth0 shows under Settings; or give `endpoint`, where the host is a double of Auth0.\n\nSource: Auth0, \
        \"Management API access tokens\" and \"Custom domains\".",
};

const OKTA_ADMIN_DOMAIN: Code = Code {
    id: "okta-admin-domain",
    severity: Severity::Error,
    title: "the Okta domain is that of the admin console",
    explanation: "The admin console stands at `<org>-admin.okta.com`, and its address is the one that administrators have at \
        hand. The API, the issuer and the sign-on URL belong to `<org>.okta.com`.\n\nRemove `-admin`.\n\nSource: Okta, \"Find \
        your Okta domain\".",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for tenant in context.manifests.tenants.values() {
        let spec = &tenant.spec;
        let blocks = Blocks {
            okta: spec.okta.as_ref(),
            auth0: spec.auth0.as_ref(),
            salesforce: spec.salesforce.as_ref(),
        };
        blocks.check(&tenant.document, findings);
    }
    for provider in context.manifests.identity_providers.values() {
        let spec = &provider.spec;
        let blocks = Blocks {
            okta: spec.okta.as_ref(),
            auth0: spec.auth0.as_ref(),
            salesforce: spec.salesforce.as_ref(),
        };
        blocks.check(&provider.document, findings);
    }
}

struct Blocks<'a> {
    okta: Option<&'a Okta>,
    auth0: Option<&'a Auth0>,
    salesforce: Option<&'a Salesforce>,
}

impl Blocks<'_> {
    fn check(&self, document: &Document, findings: &mut Findings) {
        if let Some(okta) = self.okta {
            let path = path!["spec", "okta", "domain"];
            if is_host(document, &path, &okta.domain, "acme.okta.com", findings) {
                admin_host(document, &path, &okta.domain, findings);
            }
        }
        if let Some(auth0) = self.auth0 {
            let path = path!["spec", "auth0", "domain"];
            let is_host = is_host(document, &path, &auth0.domain, "acme.us.auth0.com", findings);
            if is_host && auth0.endpoint.is_none() && !auth0.domain.ends_with(".auth0.com") {
                findings.push(
                    Finding::new(&AUTH0_CUSTOM_DOMAIN, format!("`{}` is no tenant of Auth0", auth0.domain))
                        .at(document.at(&path), "a custom domain?")
                        .help(
                            "write the tenant's own host, for instance `acme.us.auth0.com`: the Management API takes tokens for \
                             no other",
                        ),
                );
            }
        }
        if let Some(salesforce) = self.salesforce {
            let path = path!["spec", "salesforce", "domain"];
            is_host(document, &path, &salesforce.domain, "acme.my.salesforce.com", findings);
        }
    }
}

/// Says what is wrong with a host; whether nothing is.
fn is_host(document: &Document, path: &Path, domain: &str, example: &str, findings: &mut Findings) -> bool {
    if host(domain).as_deref() == Some(domain) {
        return true;
    }
    let location = document.at(path);
    let finding = Finding::new(&IDENTITY_PROVIDER_DOMAIN, format!("`{domain}` is not a bare host name"))
        .at(location.clone(), "only the host, in lower case");
    findings.push(match host(domain) {
        Some(host) => finding.help(format!("write `{host}`")).with_fix(edits::replacement(&location, &host)),
        None => finding.help(format!("write the host of your tenant there, for instance `{example}`")),
    });
    false
}

/// The host in a text that may be a URL: lower case, without scheme, path, port and final dot.
fn host(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let end = text.find(['/', '?', '#']).unwrap_or(text.len());
    let host = text[..end].rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    super::domains::is_domain(&host).then_some(host)
}

fn admin_host(document: &Document, path: &Path, domain: &str, findings: &mut Findings) {
    let Some((organization, rest)) = domain.split_once('.') else { return };
    let Some(plain) = organization.strip_suffix("-admin") else { return };
    if !["okta.com", "oktapreview.com", "okta-emea.com", "okta-gov.com"].contains(&rest) {
        return;
    }
    let location = document.at(path);
    let wanted = format!("{plain}.{rest}");
    findings.push(
        Finding::new(&OKTA_ADMIN_DOMAIN, format!("`{domain}` is the admin console, not the organization"))
            .at(location.clone(), "remove `-admin`")
            .help(format!("write `{wanted}`"))
            .with_fix(edits::replacement(&location, &wanted)),
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::edit;
    use super::host;

    #[test]
    fn a_domain_is_a_bare_host() {
        edit("domain: nss.us.auth0.com", "domain: https://NSS.us.auth0.com/")
            .finds(&[("identity-provider-domain", "auth0: {domain", "https://NSS.us.auth0.com/")])
            .is_mended();
        let nonsense = edit("domain: nss.us.auth0.com", "domain: our tenant");
        nonsense.finds(&[("identity-provider-domain", "auth0: {domain", "our tenant")]);
        assert!(nonsense.findings()[0].fix.is_none());
    }

    #[test]
    fn the_management_api_knows_no_custom_domain() {
        edit("domain: nss.us.auth0.com", "domain: login.connie.one").finds(&[(
            "auth0-custom-domain",
            "auth0: {domain",
            "login.connie.one",
        )]);
        edit("domain: nss.us.auth0.com", "domain: login.connie.one, endpoint: https://auth0.test.connie.one")
            .finds_nothing();
    }

    #[test]
    fn the_admin_console_is_not_the_organization() {
        edit(
            "spec: {vendor: auth0}",
            "spec: {vendor: auth0, okta: {domain: acme-admin.okta.com, token: {env: T}}}",
        )
        .finds(&[
            ("field-without-effect", "spec: {vendor", "okta"),
            ("okta-admin-domain", "spec: {vendor", "acme-admin.okta.com"),
        ]);
    }

    #[test]
    fn hosts_are_found_in_urls() {
        assert_eq!(host("https://user@Acme.okta.com:443/app?x").as_deref(), Some("acme.okta.com"));
        assert_eq!(host("acme.okta.com.").as_deref(), Some("acme.okta.com"));
        assert_eq!(host("https://"), None);
        assert_eq!(host("acme"), None);
    }
}
