//! The tenant's signing keys, and the certificates that the manifests pin.

use super::{Tenant, codes, field, keys_address};
use crate::{
    component::{Capability, Component, Field, Rule, Value},
    diagnostics::{Finding, Location},
    manifest::{
        Resource,
        identity_provider::{CertificateRef, IdentityProviderSpec},
    },
    provider::ProfileContext,
    saml::Certificate,
    yaml::path,
};

/// The certificates that the manifests pin.
pub(super) struct Pins {
    /// SHA-256 fingerprints, lower-case hexadecimal digits.
    fingerprints: Vec<String>,
    known: Vec<Certificate>,
    origin: Location,
}

impl Pins {
    pub(super) fn of(provider: &Resource<IdentityProviderSpec>, findings: &mut Vec<Finding>) -> Self {
        let mut pins = Self {
            fingerprints: Vec::new(),
            known: Vec::new(),
            origin: provider.at(&path!["spec", "trust", "certificates"]),
        };
        for (at, reference) in provider.spec.trust.certificates.iter().enumerate() {
            let place = provider.at(&path!["spec", "trust", "certificates", at]);
            let mut refuse = |message: String| {
                findings.push(Finding::new(&codes::CERTIFICATE, message).at(place.clone(), "").help(
                    "give the whole PEM text with its dashes, or the SHA-256 fingerprint of 64 hexadecimal digits",
                ));
            };
            match reference {
                CertificateRef::Pem(text) => match Certificate::from_pem(text) {
                    Ok(certificate) => {
                        pins.fingerprints.push(plain_fingerprint(certificate.sha256_fingerprint()));
                        pins.known.push(certificate);
                    }
                    Err(error) => refuse(format!("the pinned certificate cannot be read: {error}")),
                },
                CertificateRef::Fingerprint(text) => {
                    let digits = plain_fingerprint(text);
                    if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                        pins.fingerprints.push(digits);
                    } else {
                        refuse("the pinned fingerprint is no SHA-256 fingerprint".to_owned());
                    }
                }
                // `flow::embed_certificates` puts the file's text in its place before it comes here.
                CertificateRef::File(file) => refuse(format!("the certificate file {file} was not read")),
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
}

/// A fingerprint as lower-case digits without separators.
pub(in super::super) fn plain_fingerprint(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ':' | ' ')).collect::<String>().to_ascii_lowercase()
}

/// The tenant's signing keys: nothing to write, something to know.
pub(super) fn keys(context: &ProfileContext<'_>, tenant: &Tenant, pins: &Pins) -> Component {
    let provider = context.identity_provider;
    let mut component = Component::new(
        context.marker(&keys_address(context)),
        tenant.realm(),
        format!("signing keys of Auth0 tenant {}", tenant.domain),
        tenant.domain.clone(),
        provider.origin(),
    );
    if !pins.fingerprints.is_empty() {
        component.fields.push(
            Field::new(field::FINGERPRINTS, Value::texts(pins.fingerprints.clone()), Capability::Observed)
                .by(Rule::Set)
                .from(pins.origin.clone()),
        );
    }
    component
}
