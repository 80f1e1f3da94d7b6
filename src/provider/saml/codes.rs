//! What manifests ask of a generic identity provider and cannot get.

use crate::diagnostics::{Code, Severity};

pub(super) const TRUST: Code = Code {
    id: "saml-trust",
    severity: Severity::Error,
    title: "nothing usable says how the identity provider is trusted",
    explanation: "A SAML identity provider without an API is known by its metadata, at a URL or in a file, or by `issuer`, `ssoUrl` and \
                  `certificates` together. A file that was read and lacks one of these leaves it to the manifests.\n\nGive \
                  `trust.metadata`, or what is missing.",
};

pub(super) const CERTIFICATE: Code = Code {
    id: "saml-certificate",
    severity: Severity::Error,
    title: "a pinned certificate cannot be read",
    explanation: "`trust.certificates` pins what is trusted. Each is a whole certificate in PEM, a file, or a SHA-256 fingerprint of 64 \
                  hexadecimal digits.\n\nSource: RFC 7468.",
};

/// The codes of this room.
pub const CODES: &[&Code] = &[&TRUST, &CERTIFICATE];
