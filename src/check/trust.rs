//! Where issuer, sign-on URL and certificates come from: that it is said once, and fits the vendor.

use super::{Context, Rule, edits};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity},
    manifest::{
        Resource,
        identity_provider::{CertificateRef, IdentityProviderSpec, MetadataSource, Vendor},
        sso_profile::Management,
    },
    yaml::{Path, path},
};

pub(super) const RULE: Rule = Rule { codes: &[&TRUST_MISSING, &TRUST_WITHOUT_EFFECT, &TRUST_SHARED], check };

const TRUST_MISSING: Code = Code {
    id: "trust-missing",
    severity: Severity::Error,
    title: "nothing says how the identity provider is trusted",
    explanation: "Twilio has to be told the identity provider's issuer, sign-on URL and signing certificate. Okta, Auth0 and \
        Salesforce are asked for them; a SAML identity provider of any other make has no API, so they come from its metadata, or are \
        written down.\n\nWrite `trust: {metadata: {url: ...}}` or `{file: ...}`, or `issuer`, `ssoUrl` and `certificates` together. A \
        fingerprint alone is not enough without metadata: Twilio wants the certificate itself. For Google the metadata are a file that an \
        administrator downloads; without it this is a warning.\n\nSource: SAML 2.0 metadata; Twilio, fields of an SSO profile.",
};

const TRUST_WITHOUT_EFFECT: Code = Code {
    id: "trust-without-effect",
    severity: Severity::Warning,
    title: "part of the trust block has no effect",
    explanation: "`issuer` and `ssoUrl` are for identity providers without metadata; beside `metadata` nobody reads them. `entityId` \
        chooses among the entities of metadata; without `metadata` there is nothing to choose from.\n\nRemove what is not read.\n\nSource: \
        Concord's language (`trust`).",
};

const TRUST_SHARED: Code = Code {
    id: "trust-shared",
    severity: Severity::Warning,
    title: "several applications share metadata that describe one of them",
    explanation: "Okta and Auth0 publish metadata for each application: the sign-on URL in them (and Okta's issuer and certificate) is that \
        of one application. Several profiles use this identity provider, so for all but one of them the metadata are wrong and the \
        sign-in ends at the wrong application.\n\nRemove `trust.metadata`, and Concord asks the vendor for each application's own; or \
        describe an identity provider for each.\n\nSource: Okta, \"SAML metadata\" (`/app/<id>/sso/saml/metadata`); Auth0, \"SAML \
        identity provider metadata\" (`/samlp/metadata/<client id>`).",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for provider in context.manifests.identity_providers.values() {
        let trust = &provider.spec.trust;
        if trust.metadata.is_some() {
            for (given, key) in [(trust.issuer.is_some(), "issuer"), (trust.sso_url.is_some(), "ssoUrl")] {
                if given {
                    idle(
                        provider,
                        path!["spec", "trust", key],
                        format!("`{key}` is not read beside `metadata`"),
                        findings,
                    );
                }
            }
        } else if trust.entity_id.is_some() {
            let why =
                "`entityId` chooses among metadata, and there are none; the issuer is written as `issuer`";
            idle(provider, path!["spec", "trust", "entityId"], why.to_owned(), findings);
        }
        missing(provider, findings);
        shared(context, provider, findings);
    }
}

fn idle(provider: &Resource<IdentityProviderSpec>, path: Path, why: String, findings: &mut Findings) {
    let finding = Finding::new(&TRUST_WITHOUT_EFFECT, why)
        .at(provider.key_at(&path), "has no effect")
        .help("remove it");
    findings.push(match edits::removal(&provider.document, &path) {
        Some(fix) => finding.with_fix(fix),
        None => finding,
    });
}

fn missing(provider: &Resource<IdentityProviderSpec>, findings: &mut Findings) {
    let spec = &provider.spec;
    let severity = match spec.vendor {
        Vendor::Saml => Severity::Error,
        Vendor::Google => Severity::Warning,
        Vendor::Okta | Vendor::Auth0 | Vendor::Salesforce => return,
    };
    if spec.trust.metadata.is_some() {
        return;
    }
    let has_certificate =
        spec.trust.certificates.iter().any(|pin| !matches!(pin, CertificateRef::Fingerprint(_)));
    let lacking: Vec<&str> = [
        (spec.trust.issuer.is_none(), "issuer"),
        (spec.trust.sso_url.is_none(), "ssoUrl"),
        (!has_certificate, "certificates"),
    ]
    .into_iter()
    .filter_map(|(lacks, field)| lacks.then_some(field))
    .collect();
    if lacking.is_empty() {
        return;
    }
    let path = path!["spec", "trust"];
    let location = if provider.document.root.get(&path).is_some() {
        provider.key_at(&path)
    } else {
        provider.at(&path!["spec", "vendor"])
    };
    let fields = lacking.join("`, `");
    findings.push(
        Finding::new(
            &TRUST_MISSING,
            format!("there are no metadata of identity provider `{}`, and no `{fields}`", provider.name()),
        )
        .severity(severity)
        .at(location, "what does Twilio trust?")
        .help(format!("add `trust: {{metadata: {{file: idp-metadata.xml}}}}` or `{{url: ...}}`; or give `trust` its `{fields}`")),
    );
}

fn shared(context: &Context<'_>, provider: &Resource<IdentityProviderSpec>, findings: &mut Findings) {
    let Some(source) = &provider.spec.trust.metadata else { return };
    if !matches!(provider.spec.vendor, Vendor::Okta | Vendor::Auth0) {
        return;
    }
    let profiles: Vec<_> = context
        .manifests
        .sso_profiles
        .values()
        .filter(|profile| {
            profile.tenant == provider.tenant && profile.spec.identity_provider == *provider.name()
        })
        // One application that is managed elsewhere may serve several profiles.
        .filter(|profile| profile.spec.application.management == Management::Managed)
        .collect();
    if profiles.len() < 2 {
        return;
    }
    let key = match source {
        MetadataSource::Url(_) => "url",
        MetadataSource::File(_) => "file",
    };
    let mut finding = Finding::new(
        &TRUST_SHARED,
        format!(
            "{} profiles share metadata, which {} has for each application",
            profiles.len(),
            provider.spec.vendor.title()
        ),
    )
    .at(provider.at(&path!["spec", "trust", "metadata", key]), "the metadata of one application")
    .help("remove `trust.metadata`, and each application is asked for its own");
    for profile in profiles {
        finding = finding.related(profile.at(&path!["spec", "identityProvider"]), "used here");
    }
    findings.push(finding);
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Project, edit};

    fn provider(spec: &str) -> Project {
        edit("spec: {vendor: auth0}\n", &format!("spec:\n{spec}"))
    }

    fn saml(trust: &str) -> Project {
        provider(&format!("  vendor: saml\n{trust}"))
            .edit(", connection: Username-Password-Authentication", "")
            .edit("    - {name: team, from: user.appMetadata.flex.team}\n", "")
    }

    #[test]
    fn a_provider_without_api_needs_metadata_or_all_values() {
        saml("").finds(&[("trust-missing", "vendor: saml", "saml")]);
        saml("  trust: {metadata: {url: https://idp.example/metadata}}\n").finds_nothing();
        saml("  trust: {issuer: x, ssoUrl: https://idp.example/sso, certificates: [{file: idp.pem}]}\n")
            .finds_nothing();
        let fingerprint = "ab".repeat(32);
        saml(&format!("  trust: {{issuer: x, ssoUrl: https://idp.example/sso, certificates: [{{fingerprint: {fingerprint}}}]}}\n"))
            .finds(&[("trust-missing", "trust:", "trust")]);
    }

    #[test]
    fn what_metadata_say_is_not_said_again() {
        provider("  vendor: auth0\n  trust:\n    metadata: {url: https://nss.us.auth0.com/samlp/metadata/abc}\n    issuer: urn:nss\n")
            .finds(&[("trust-without-effect", "issuer:", "issuer")])
            .is_mended();
        provider("  vendor: auth0\n  trust: {entityId: urn:nss}\n").finds(&[(
            "trust-without-effect",
            "trust:",
            "entityId",
        )]);
    }

    #[test]
    fn metadata_of_one_application_do_not_serve_two() {
        let one = provider(
            "  vendor: auth0\n  trust: {metadata: {url: https://nss.us.auth0.com/samlp/metadata/abc}}\n",
        );
        one.finds_nothing();
        let two = one.append(
            "kind: SsoProfile\nmetadata: {name: other}\nspec:\n  product: console-legacy\n  friendlyName: Other\n  identityProvider: \
             auth0-nss\n  application: {connection: x}\n  attributeMap: flex-agents",
        );
        let codes = two.codes();
        assert!(codes.contains(&("trust-shared", 23)), "{codes:?}");
    }
}
