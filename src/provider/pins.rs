//! The certificates that manifests pin (`trust.certificates`): read once for every vendor.

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
#[derive(Debug, Clone)]
pub struct Pins {
    /// SHA-256 fingerprints, lower-case hexadecimal digits, sorted.
    pub fingerprints: Vec<String>,
    /// The certificates that are given as a whole, in their order.
    pub known: Vec<Certificate>,
    /// Where they are pinned.
    pub origin: Location,
}

impl Pins {
    /// Reads the pins; what is none is a finding with this code.
    pub fn of(
        provider: &Resource<IdentityProviderSpec>,
        code: &'static Code,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let origin = provider.at(&path!["spec", "trust", "certificates"]);
        let mut pins = Self { fingerprints: Vec::new(), known: Vec::new(), origin };
        for (at, reference) in provider.spec.trust.certificates.iter().enumerate() {
            let read = match reference {
                CertificateRef::Pem(text) => Certificate::from_pem(text)
                    .map_err(|error| format!("the pinned certificate cannot be read: {error}"))
                    .map(|certificate| {
                        let digits = plain_fingerprint(certificate.sha256_fingerprint());
                        pins.known.push(certificate);
                        digits
                    }),
                CertificateRef::Fingerprint(text) => Some(plain_fingerprint(text))
                    .filter(|digits| is_fingerprint(digits))
                    .ok_or_else(|| "the pinned fingerprint is no SHA-256 fingerprint".to_owned()),
                // `flow::embed_certificates` puts the file's text in its place before it comes here.
                CertificateRef::File(file) => Err(format!("the certificate file {file} was not read")),
            };
            match read {
                Ok(digits) => pins.fingerprints.push(digits),
                Err(message) => findings.push(
                    Finding::new(code, message)
                        .at(provider.at(&path!["spec", "trust", "certificates", at]), "")
                        .help("give the whole PEM text with its dashes, or the SHA-256 fingerprint of 64 hexadecimal digits"),
                ),
            }
        }
        pins.fingerprints.sort();
        pins.fingerprints.dedup();
        pins
    }

    /// Whether nothing is pinned.
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }

    /// The pinned certificates themselves, if each is given as a whole.
    pub fn certificates(&self) -> Option<Value> {
        let is_complete = !self.known.is_empty() && self.known.len() >= self.fingerprints.len();
        is_complete.then(|| Value::List(self.known.iter().cloned().map(Value::Certificate).collect()))
    }

    /// What is to be compared with the certificates in use.
    pub fn field(&self) -> Option<Field> {
        (!self.fingerprints.is_empty()).then(|| {
            Field::new(FINGERPRINTS, Value::texts(self.fingerprints.clone()), Capability::Observed)
                .by(Rule::Set)
                .from(self.origin.clone())
        })
    }
}

/// What is seen of certificates in use, beside what is pinned. Pins may name more than the one in use (the next one, during a rotation):
/// only a foreign one is drift.
pub fn seen(in_use: &[Certificate], pinned: Option<&Value>) -> Value {
    let fingerprints: Vec<Value> =
        in_use.iter().map(|it| Value::text(plain_fingerprint(it.sha256_fingerprint()))).collect();
    match pinned {
        Some(pinned) if fingerprints.iter().all(|it| pinned.as_list().unwrap_or_default().contains(it)) => {
            pinned.clone()
        }
        _ => Value::List(fingerprints),
    }
}

/// A fingerprint as lower-case digits without separators.
pub fn plain_fingerprint(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ':' | ' ')).collect::<String>().to_ascii_lowercase()
}

/// Whether digits are those of a SHA-256.
pub fn is_fingerprint(digits: &str) -> bool {
    digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}
