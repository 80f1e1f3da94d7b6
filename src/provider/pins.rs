//! The certificates that the manifests pin, for every identity provider whose certificates are compared with them.

use crate::{
    component::{Capability, Field, Rule, Value},
    diagnostics::{Code, Finding, Location},
    manifest::{
        Resource,
        identity_provider::{CertificateRef, IdentityProviderSpec},
    },
    saml::Certificate,
    yaml::path,
};

/// The path of the field that compares fingerprints.
pub(super) const FINGERPRINTS: &str = "fingerprints";

/// The certificates that the manifests pin.
#[derive(Debug)]
pub(super) struct Pins {
    /// SHA-256 fingerprints, lower-case hexadecimal digits.
    fingerprints: Vec<String>,
    known: Vec<Certificate>,
    origin: Location,
}

impl Pins {
    /// Reads the pins of an identity provider; what cannot be read is found as `code`, the vendor's own.
    pub(super) fn of(
        provider: &Resource<IdentityProviderSpec>,
        code: &'static Code,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let origin = provider.at(&path!["spec", "trust", "certificates"]);
        let mut pins = Self { fingerprints: Vec::new(), known: Vec::new(), origin };
        for (at, reference) in provider.spec.trust.certificates.iter().enumerate() {
            let read = match reference {
                CertificateRef::Pem(text) => Certificate::from_pem(text)
                    .map(|certificate| {
                        let fingerprint = plain_fingerprint(certificate.sha256_fingerprint());
                        pins.known.push(certificate);
                        fingerprint
                    })
                    .map_err(|error| format!("the pinned certificate cannot be read: {error}")),
                CertificateRef::Fingerprint(text) => Some(plain_fingerprint(text))
                    .filter(|digits| {
                        digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
                    })
                    .ok_or_else(|| "the pinned fingerprint is no SHA-256 fingerprint".to_owned()),
                // `flow::embed_certificates` puts the file's text in its place before it comes here.
                CertificateRef::File(file) => Err(format!("the certificate file {file} was not read")),
            };
            match read {
                Ok(fingerprint) => pins.fingerprints.push(fingerprint),
                Err(message) => findings.push(
                    Finding::new(code, message)
                        .at(provider.at(&path!["spec", "trust", "certificates", at]), "")
                        .help(
                            "give the whole PEM text with its dashes, or the SHA-256 fingerprint of 64 hexadecimal digits",
                        ),
                ),
            }
        }
        pins.fingerprints.sort();
        pins.fingerprints.dedup();
        pins
    }

    /// The pinned certificates themselves, if each is given as a whole.
    pub(super) fn certificates(&self) -> Option<Value> {
        let is_complete = !self.known.is_empty() && self.known.len() >= self.fingerprints.len();
        is_complete.then(|| Value::List(self.known.iter().cloned().map(Value::Certificate).collect()))
    }

    /// What is to be compared with the identity provider's own certificates.
    pub(super) fn field(&self) -> Option<Field> {
        (!self.fingerprints.is_empty()).then(|| {
            Field::new(FINGERPRINTS, Value::texts(self.fingerprints.clone()), Capability::Observed)
                .by(Rule::Set)
                .from(self.origin.clone())
        })
    }
}

/// A fingerprint as lower-case digits without separators.
pub(super) fn plain_fingerprint(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ':' | ' ')).collect::<String>().to_ascii_lowercase()
}
