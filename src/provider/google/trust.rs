//! Whom Twilio is to trust: issuer, SSO URL and certificates of Google's identity provider. No API gives them, so they come from the
//! manifests: written down, or read out of the metadata file before the lowering, which does no I/O.

use url::Url;

use super::codes;
use crate::{
    component::Value,
    diagnostics::{Finding, Location},
    manifest::{
        Resource,
        identity_provider::{CertificateRef, IdentityProviderSpec},
        tenant::Google,
    },
    saml::Certificate,
    yaml::path,
};

/// What the manifests say of Google's identity provider.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trust {
    pub(super) issuer: Value,
    pub(super) sso_url: Value,
    /// A list of [`Value::Certificate`], or null.
    pub(super) certificates: Value,
    /// Where the manifests say it.
    pub(super) origin: Location,
}

/// The entity ID of an identity provider in Google.
pub(super) fn entity_id(idp_id: &str) -> String {
    format!("https://accounts.google.com/o/saml2?idpid={idp_id}")
}

/// The single sign-on URL of an identity provider in Google.
pub(super) fn sso_url(idp_id: &str) -> String {
    format!("https://accounts.google.com/o/saml2/idp?idpid={idp_id}")
}

impl Trust {
    /// Reads what there is; `findings` gets what is missing or cannot be read.
    pub(super) fn of(
        provider: &Resource<IdentityProviderSpec>,
        block: Option<&Google>,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let trust = &provider.spec.trust;
        let idp_id = block.and_then(|block| block.idp_id.as_deref());
        let issuer = trust.issuer.clone().or_else(|| idp_id.map(entity_id));
        let url = trust.sso_url.as_ref().map(Url::to_string).or_else(|| idp_id.map(sso_url));
        let mut certificates = Vec::new();
        for (at, reference) in trust.certificates.iter().enumerate() {
            let place = provider.at(&path!["spec", "trust", "certificates", at]);
            let read = match reference {
                CertificateRef::Pem(text) => Certificate::from_pem(text).map_err(|error| error.to_string()),
                // The file's text was put in its place before it comes here, if it could be read.
                CertificateRef::File(file) => Err(format!("the file {file} was not read")),
                // It pins nothing that could be compared: there is no other source of certificates.
                CertificateRef::Fingerprint(_) => continue,
            };
            match read {
                Ok(certificate) => certificates.push(Value::Certificate(certificate)),
                Err(why) => findings.push(
                    Finding::new(
                        &codes::CERTIFICATE,
                        format!("the pinned certificate cannot be read: {why}"),
                    )
                    .at(place, "")
                    .help("give the whole PEM text with its dashes, as the Admin console's download has it"),
                ),
            }
        }
        let origin = if provider.document.root.get(&path!["spec", "trust"]).is_some() {
            provider.at(&path!["spec", "trust"])
        } else {
            provider.at(&path!["spec", "vendor"])
        };
        let lacking: Vec<&str> = [
            (issuer.is_none(), "issuer"),
            (url.is_none(), "ssoUrl"),
            (certificates.is_empty(), "certificates"),
        ]
        .into_iter()
        .filter_map(|(lacks, key)| lacks.then_some(key))
        .collect();
        if !lacking.is_empty() && findings.iter().all(|it| it.code.id != codes::CERTIFICATE.id) {
            findings.push(
                Finding::new(
                    &codes::TRUST,
                    format!(
                        "Google has no API that gives its `{}`, and identity provider `{}` does not say either",
                        lacking.join("`, `"),
                        provider.name()
                    ),
                )
                .at(origin.clone(), "what does Twilio trust?")
                .help(
                    "download the IdP metadata in the Admin console (Security > Authentication > SSO with SAML applications) and write \
                     `trust: {metadata: {file: GoogleIDPMetadata.xml}}`",
                ),
            );
        }
        Self {
            issuer: issuer.map_or(Value::Null, Value::Text),
            sso_url: url.map_or(Value::Null, Value::Text),
            certificates: if certificates.is_empty() { Value::Null } else { Value::List(certificates) },
            origin,
        }
    }
}
