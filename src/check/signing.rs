//! What the identity provider signs, and with which algorithms.

use super::{Context, Rule, edits};
use crate::{
    diagnostics::{Code, Finding, Findings, Location, Severity},
    manifest::{
        Document, Resource,
        identity_provider::{IdentityProviderSpec, Vendor},
        sso_profile::{DigestAlgorithm, Product, SignatureAlgorithm, Signing, SsoProfileSpec},
    },
    yaml::{Path, path},
};

pub(super) const RULE: Rule =
    Rule { codes: &[&UNSIGNED_RESPONSE, &UNSIGNED_ASSERTION, &ONE_SIGNATURE, &SHA1_SIGNING], check };

const UNSIGNED_RESPONSE: Code = Code {
    id: "unsigned-response",
    severity: Severity::Error,
    title: "the SAML response is not signed",
    explanation: "Twilio Console and Flex refuse a response that is not signed (`message of SAML response is not signed`). \
        Auth0 leaves the response unsigned unless it is told otherwise (`signResponse` is false by default), so Concord \
        asks every identity provider to sign it.\n\nRemove `signing.response: false`, or write `true`. The field may stand in \
        the profile or in the identity provider's `defaults`. For SendGrid this is a warning, because SendGrid does not \
        document what it refuses.\n\nSource: Twilio, \"Configuring SSO\" for Console and Flex; Auth0, \"SAML \
        configuration: customise assertions\".",
};

const UNSIGNED_ASSERTION: Code = Code {
    id: "unsigned-assertion",
    severity: Severity::Error,
    title: "the SAML assertion is not signed",
    explanation: "Twilio Console's self-service SSO wants both the response and the assertion in it to be signed. Flex and the \
        legacy Console need a signed response only.\n\nRemove `signing.assertion: false`, or write `true`.\n\nSource: Twilio, \
        \"Configuring SSO with other SAML 2.0 identity providers\".",
};

const ONE_SIGNATURE: Code = Code {
    id: "one-signature",
    severity: Severity::Error,
    title: "the identity provider signs either the response or the assertion, and the product wants both",
    explanation: "Twilio Console's self-service SSO wants both the response and the assertion in it to be signed. Auth0's SAML addon \
        (`signResponse`) and a custom SAML app of Google (`Signed response`) sign one of them and not the other, so the test of the \
        connection would fail.\n\nUse another identity provider for the Console (Okta, Salesforce, or a generic SAML 2.0 one that signs \
        both), for instance one in front of it. The legacy Console SSO and Flex need a signed response only.\n\nSource: Twilio, \
        \"Configuring SSO with other SAML 2.0 identity providers\"; Auth0, \"Customize SAML assertions\"; Google, \"Set up your own \
        custom SAML app\".",
};

const SHA1_SIGNING: Code = Code {
    id: "sha1-signing",
    severity: Severity::Error,
    title: "signatures are made with SHA-1",
    explanation: "SHA-1 is broken: two documents with the same digest can be made, so a signature with it proves little. Twilio \
        expects SHA-256. Auth0's own defaults are `rsa-sha1` and `sha1`; Concord replaces them, unless the manifests bring \
        them back.\n\nRemove `signing.algorithm` and `signing.digest`, or write `rsa-sha256` and `sha256`.\n\nSource: NIST \
        SP 800-131A; Twilio, \"Flex SSO configuration\".",
};

/// A signing block, and where it stands.
struct Place<'a> {
    signing: &'a Signing,
    document: &'a Document,
    base: Path,
}

impl Place<'_> {
    fn at(&self, key: &str) -> Location {
        self.document.at(&self.base.join(key))
    }
}

fn check(context: &Context<'_>, findings: &mut Findings) {
    for profile in context.manifests.sso_profiles.values() {
        let provider = context.manifests.identity_provider_of(profile);
        let places = places(profile, provider);
        if let Some(place) = decides(&places, |signing| signing.response)
            && place.signing.response == Some(false)
        {
            unsigned(profile, place, "response", &UNSIGNED_RESPONSE, findings);
        }
        if profile.spec.product == Product::Console
            && let Some(place) = decides(&places, |signing| signing.assertion)
            && place.signing.assertion == Some(false)
        {
            unsigned(profile, place, "assertion", &UNSIGNED_ASSERTION, findings);
        }
        if profile.spec.product == Product::Console
            && let Some(provider) = provider
            && matches!(provider.spec.vendor, Vendor::Auth0 | Vendor::Google)
        {
            findings.push(one_signature(profile, provider));
        }
        if let Some(place) = decides(&places, |signing| signing.algorithm)
            && place.signing.algorithm == Some(SignatureAlgorithm::RsaSha1)
        {
            sha1(place, "algorithm", "rsa-sha1", "rsa-sha256", findings);
        }
        if let Some(place) = decides(&places, |signing| signing.digest)
            && place.signing.digest == Some(DigestAlgorithm::Sha1)
        {
            sha1(place, "digest", "sha1", "sha256", findings);
        }
    }
}

fn one_signature(profile: &Resource<SsoProfileSpec>, provider: &Resource<IdentityProviderSpec>) -> Finding {
    let (product, vendor) = (profile.spec.product.title(), provider.spec.vendor.title());
    Finding::new(
        &ONE_SIGNATURE,
        format!("{product} wants response and assertion signed, and {vendor} signs one of them only"),
    )
    .at(profile.at(&path!["spec", "identityProvider"]), "cannot sign both")
    .related(provider.at(&path!["spec", "vendor"]), "this vendor")
    .help("use an identity provider that signs both")
}

/// The places that may say how a profile is signed, the stronger first.
fn places<'a>(
    profile: &'a Resource<SsoProfileSpec>,
    provider: Option<&'a Resource<IdentityProviderSpec>>,
) -> Vec<Place<'a>> {
    let own =
        Place { signing: &profile.spec.signing, document: &profile.document, base: path!["spec", "signing"] };
    let default = provider.map(|provider| Place {
        signing: &provider.spec.defaults.signing,
        document: &provider.document,
        base: path!["spec", "defaults", "signing"],
    });
    [Some(own), default].into_iter().flatten().collect()
}

/// The place that decides a field: the first that says anything about it.
fn decides<'p, 'a, T>(
    places: &'p [Place<'a>],
    field: impl Fn(&Signing) -> Option<T>,
) -> Option<&'p Place<'a>> {
    places.iter().find(|place| field(place.signing).is_some())
}

fn unsigned(
    profile: &Resource<SsoProfileSpec>,
    place: &Place<'_>,
    field: &str,
    code: &'static Code,
    findings: &mut Findings,
) {
    let product = profile.spec.product;
    let location = place.at(field);
    let documented = product != Product::Sendgrid;
    let message = if documented {
        format!("{} refuses a sign-in whose {field} is not signed", product.title())
    } else {
        format!("{} is given an unsigned {field}, which anybody could have written", product.title())
    };
    let finding = Finding::new(code, message)
        .at(location.clone(), format!("the {field} would not be signed"))
        .help(format!("write `{field}: true`, or leave it out"))
        .with_fix(edits::replacement(&location, "true"));
    findings.push(if documented { finding } else { finding.severity(Severity::Warning) });
}

fn sha1(place: &Place<'_>, field: &str, old: &str, new: &str, findings: &mut Findings) {
    let location = place.at(field);
    findings.push(
        Finding::new(&SHA1_SIGNING, format!("`{old}` is broken, and Twilio expects SHA-256"))
            .at(location.clone(), "SHA-1")
            .help(format!("write `{field}: {new}`, or leave it out"))
            .with_fix(edits::replacement(&location, new)),
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::{append, edit};
    use crate::diagnostics::Severity;

    const BEFORE: &str = "  attributeMap: flex-agents\n";

    #[test]
    fn an_unsigned_response_is_refused() {
        let project = edit(BEFORE, "  attributeMap: flex-agents\n  signing: {response: false}\n");
        project.finds(&[("unsigned-response", "signing: {response", "false")]).is_mended();
        assert_eq!(project.findings()[0].severity, Severity::Error);
    }

    #[test]
    fn a_default_of_the_identity_provider_counts_unless_the_profile_overrides_it() {
        let default = edit(
            "spec: {vendor: auth0}",
            "spec: {vendor: auth0, defaults: {signing: {response: false, digest: sha1}}}",
        );
        default
            .finds(&[
                ("unsigned-response", "spec: {vendor: auth0", "false"),
                ("sha1-signing", "spec: {vendor: auth0", "sha1"),
            ])
            .is_mended();
        default
            .edit(BEFORE, "  attributeMap: flex-agents\n  signing: {response: true, digest: sha256}\n")
            .finds_nothing();
    }

    /// Findings of this rule for a profile of another product.
    fn other(product: &str, signing: &str) -> Vec<(&'static str, Severity, String)> {
        append(&format!(
            "kind: SsoProfile\nmetadata: {{name: other}}\nspec:\n  product: {product}\n  friendlyName: Other\n  \
             identityProvider: auth0-nss\n  signing: {signing}"
        ))
        .findings()
        .into_iter()
        .filter(|finding| finding.code.id.starts_with("unsigned-"))
        .map(|finding| {
            let text = finding.location().map(|location| location.text().to_owned());
            (finding.code.id, finding.severity, text.unwrap_or_default())
        })
        .collect()
    }

    #[test]
    fn only_the_console_needs_a_signed_assertion() {
        edit(BEFORE, "  attributeMap: flex-agents\n  signing: {assertion: false}\n").finds_nothing();
        assert_eq!(other("console-legacy", "{assertion: false}"), []);
        let expected = ("unsigned-assertion", Severity::Error, "false".to_owned());
        assert_eq!(other("console", "{assertion: false, response: true}"), [expected]);
    }

    #[test]
    fn the_console_needs_a_vendor_that_signs_both() {
        let with = |product: &str, vendor: &str| {
            let found: Vec<_> = append(&format!(
                "kind: IdentityProvider\nmetadata: {{name: other-idp}}\nspec: {{vendor: {vendor}}}\n---\nkind: SsoProfile\nmetadata: {{name: other}}\nspec: {{product: {product}, friendlyName: Other, identityProvider: other-idp}}"
            ))
            .findings()
            .into_iter()
            .filter(|finding| finding.code.id == "one-signature")
            .map(|finding| finding.location().map(|it| it.text().to_owned()).unwrap_or_default())
            .collect();
            found
        };
        assert_eq!(with("console", "auth0"), ["other-idp"]);
        assert_eq!(with("console", "google"), ["other-idp"]);
        assert!(with("console", "okta").is_empty());
        assert!(with("console", "salesforce").is_empty());
        assert!(with("console-legacy", "google").is_empty());
        assert!(with("flex", "auth0").is_empty());
    }

    #[test]
    fn what_sendgrid_refuses_is_not_documented() {
        let expected = ("unsigned-response", Severity::Warning, "false".to_owned());
        assert_eq!(other("sendgrid", "{response: false}"), [expected]);
    }

    #[test]
    fn sha1_is_refused() {
        edit(BEFORE, "  attributeMap: flex-agents\n  signing: {algorithm: rsa-sha1, digest: sha1}\n")
            .finds(&[("sha1-signing", "signing:", "rsa-sha1"), ("sha1-signing", "signing:", "sha1")])
            .is_mended();
    }
}
