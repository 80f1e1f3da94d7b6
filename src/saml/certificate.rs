//! X.509 certificates: what they say, for comparing and for people.
//!
//! Owns [`Certificate`] and its texts. Reading PEM is in `pem`, names are in `name`, keys in `key`. It judges nothing: whether a certificate is
//! too old or too weak is a rule elsewhere. No chain is built: SAML trusts the key that the partner published, and IdP
//! certificates are self-signed (saml-metadata IOP profile, section 2.6).

mod error;
mod key;
mod name;
mod pem;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::digest;
use serde::{Serialize, Serializer};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::error::X509Error;
use x509_parser::prelude::{FromDer, X509Certificate};

pub use error::CertificateError;
pub use key::PublicKey;
use key::public_key;

/// Most bytes of one certificate in DER. Real ones have one or two thousand.
pub const MAX_DER_BYTES: usize = 64 << 10;

/// Whether a certificate was signed with its own key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SelfSignature {
    /// Subject is issuer, and the signature is right.
    Verified,
    /// Subject is issuer, but the signature is wrong.
    Wrong,
    /// Subject is issuer, but the algorithm, or the key size with it, is not supported here (P-521, RSA under 2048 bits with SHA-256).
    Unsupported,
    /// Subject is not issuer.
    No,
}

/// Where a moment lies in a certificate's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Validity {
    /// Before `not_before`.
    NotYet,
    /// Between both, ends included (RFC 5280 section 4.1.2.5).
    Valid,
    /// After `not_after`.
    Expired,
}

#[derive(Debug)]
struct Facts {
    der: Vec<u8>,
    subject: String,
    issuer: String,
    serial: String,
    not_before: Timestamp,
    not_after: Timestamp,
    sha256: String,
    key: PublicKey,
    signature_algorithm: String,
    self_signature: SelfSignature,
}

/// An X.509 certificate, read once; a clone is cheap.
///
/// Equal, ordered and hashed by its DER bytes, which is how SAML partners pin it. `Debug` shows a summary, `Serialize` the same as an
/// object, neither shows base64.
#[derive(Clone)]
pub struct Certificate(Arc<Facts>);

impl Certificate {
    /// Reads DER.
    ///
    /// # Errors
    /// Truncated or trailing data, a key or request in its place, or anything else that is not an X.509 certificate (RFC 5280).
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        pem::check_outline(der)?;
        let parsed = match X509Certificate::from_der(der) {
            Ok(([], parsed)) => parsed,
            Ok((rest, _)) => return Err(CertificateError::TrailingData { bytes: rest.len() }),
            Err(error) => {
                return Err(if X509CertificationRequest::from_der(der).is_ok() {
                    CertificateError::CertificateRequest { line: None }
                } else {
                    CertificateError::NotACertificate { reason: X509Error::from(error).to_string() }
                });
            }
        };
        let time = |seconds: i64| {
            Timestamp::from_second(seconds).map_err(|_| CertificateError::NotACertificate {
                reason: "its validity is outside of the calendar".to_owned(),
            })
        };
        Ok(Self(Arc::new(Facts {
            subject: name::rfc4514(parsed.subject()),
            issuer: name::rfc4514(parsed.issuer()),
            serial: serial(parsed.raw_serial()),
            not_before: time(parsed.validity().not_before.timestamp())?,
            not_after: time(parsed.validity().not_after.timestamp())?,
            sha256: hex(digest::digest(&digest::SHA256, der).as_ref()),
            key: public_key(parsed.public_key()),
            signature_algorithm: name::signature_algorithm(
                &parsed.signature_algorithm.algorithm.to_id_string(),
            ),
            self_signature: self_signature(&parsed),
            der: der.to_vec(),
        })))
    }

    /// Reads the one certificate in a PEM text (RFC 7468). White space and text around it are allowed.
    ///
    /// # Errors
    /// Says what was pasted instead: a key, a request, base64 without its dashes, several certificates.
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        let mut all = Self::from_pem_bundle(text)?;
        match (all.pop(), all.len()) {
            (Some(only), 0) => Ok(only),
            (_, others) => Err(CertificateError::Several { count: others + 1 }),
        }
    }

    /// Reads all certificates in a PEM text, in its order; at least one.
    ///
    /// # Errors
    /// As [`Certificate::from_pem`]; one wrong block refuses the whole bundle.
    pub fn from_pem_bundle(text: &str) -> Result<Vec<Self>, CertificateError> {
        pem::blocks(text)?
            .iter()
            .map(|block| {
                Self::from_der(&block.der).map_err(|error| match error {
                    CertificateError::PrivateKey { .. } => {
                        CertificateError::PrivateKey { line: Some(block.line) }
                    }
                    CertificateError::CertificateRequest { .. } => {
                        CertificateError::CertificateRequest { line: Some(block.line) }
                    }
                    other => other,
                })
            })
            .collect()
    }

    /// Reads base64 of DER without dashes, as XML metadata and many consoles carry it. White space is ignored, padding may be missing.
    ///
    /// # Errors
    /// As [`Certificate::from_der`].
    pub fn from_base64(text: &str) -> Result<Self, CertificateError> {
        if text.trim().is_empty() {
            return Err(CertificateError::Empty);
        }
        Self::from_der(&pem::base64(text).ok_or(CertificateError::Base64 { line: None })?)
    }

    /// The bytes.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// PEM with lines of 64 characters and a final newline (RFC 7468 section 5.1).
    pub fn to_pem(&self) -> String {
        let body = STANDARD.encode(self.der());
        let mut out = String::with_capacity(body.len() + body.len() / 64 + 60);
        out.push_str("-----BEGIN CERTIFICATE-----\n");
        let mut rest = body.as_str();
        while !rest.is_empty() {
            // Base64 is ASCII, so every index is a boundary.
            let (line, after) = rest.split_at(rest.len().min(64));
            out.push_str(line);
            out.push('\n');
            rest = after;
        }
        out.push_str("-----END CERTIFICATE-----\n");
        out
    }

    /// Base64 of the DER on one line, as XML and JSON Web Keys (`x5c`) carry it.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.der())
    }

    /// The subject as RFC 4514 writes it (last part first): `CN=dev-123,O=Okta,C=US`. Control characters are escaped.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// The issuer, written as the subject is.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// Serial number: upper-case hexadecimal with colons, without the sign byte.
    pub fn serial(&self) -> &str {
        &self.0.serial
    }

    /// Start of validity.
    pub fn not_before(&self) -> Timestamp {
        self.0.not_before
    }

    /// End of validity.
    pub fn not_after(&self) -> Timestamp {
        self.0.not_after
    }

    /// SHA-256 of the DER: upper-case hexadecimal with colons, as Okta, OpenSSL and browsers show it.
    pub fn sha256_fingerprint(&self) -> &str {
        &self.0.sha256
    }

    /// SHA-1 of the DER, only to be held beside a console that still shows it (Auth0's thumbprint). Nothing is ever compared by it.
    pub fn sha1_fingerprint(&self) -> String {
        hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, self.der()).as_ref())
    }

    /// Kind and size of the key.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.key
    }

    /// How it was signed: `sha256WithRSAEncryption`, `ecdsa-with-SHA256`, or the dotted OID.
    pub fn signature_algorithm(&self) -> &str {
        &self.0.signature_algorithm
    }

    /// Whether it was signed with its own key; the signature is checked, not only the names.
    pub fn self_signature(&self) -> SelfSignature {
        self.0.self_signature
    }

    /// Whether it was signed with its own key, and the signature could be checked.
    pub fn is_self_signed(&self) -> bool {
        self.self_signature() == SelfSignature::Verified
    }

    /// Whole days from `now` to the end of validity, rounded down: 0 on the last day, negative once it expired.
    pub fn days_left(&self, now: Timestamp) -> i64 {
        (self.not_after().as_second() - now.as_second()).div_euclid(86_400)
    }

    /// Where `now` lies in its validity.
    pub fn validity(&self, now: Timestamp) -> Validity {
        if now < self.not_before() {
            Validity::NotYet
        } else if now.as_second() <= self.not_after().as_second() {
            Validity::Valid
        } else {
            Validity::Expired
        }
    }

    /// One line for people. With a clock it tells the days left; plans, which have none, pass `None`.
    pub fn summary_line(&self, now: impl Into<Option<Timestamp>>) -> String {
        format!(
            "{}, serial {}, {}, {}, SHA-256 {}",
            self.subject_or_none(),
            self.serial(),
            self.validity_text(now.into()),
            self.public_key(),
            self.sha256_fingerprint(),
        )
    }

    /// Several aligned lines for people, without a final newline.
    pub fn summary(&self, now: impl Into<Option<Timestamp>>) -> String {
        let issuer = match self.self_signature() {
            SelfSignature::Verified => "itself (self-signed)".to_owned(),
            SelfSignature::Wrong => format!("{} (self-signature is wrong)", self.issuer()),
            SelfSignature::Unsupported => format!("{} (self-signature not checked)", self.issuer()),
            SelfSignature::No => self.issuer().to_owned(),
        };
        format!(
            "subject  {}\nissuer   {issuer}\nserial   {}\nvalid    {}\nkey      {}, signed {}\nSHA-256  {}",
            self.subject_or_none(),
            self.serial(),
            self.validity_text(now.into()),
            self.public_key(),
            self.signature_algorithm(),
            self.sha256_fingerprint(),
        )
    }

    fn subject_or_none(&self) -> &str {
        if self.subject().is_empty() { "(no subject)" } else { self.subject() }
    }

    fn validity_text(&self, now: Option<Timestamp>) -> String {
        let day = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
        let span = format!("{} to {}", day(self.not_before()), day(self.not_after()));
        let Some(now) = now else { return span };
        match (self.validity(now), self.days_left(now)) {
            (Validity::NotYet, _) => format!("{span} (not valid yet)"),
            (Validity::Expired, days) => format!("{span} (expired {} ago)", count_days(-days)),
            (Validity::Valid, 0) => format!("{span} (expires within a day)"),
            (Validity::Valid, days) => format!("{span} ({} left)", count_days(days)),
        }
    }
}

fn count_days(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

fn serial(raw: &[u8]) -> String {
    match raw {
        [0, rest @ ..] if !rest.is_empty() => hex(rest),
        other => hex(other),
    }
}

fn self_signature(parsed: &X509Certificate<'_>) -> SelfSignature {
    if parsed.subject().as_raw() != parsed.issuer().as_raw() {
        return SelfSignature::No;
    }
    let small_rsa = matches!(public_key(parsed.public_key()), PublicKey::Rsa { bits } if bits < 2048);
    match parsed.verify_signature(None) {
        Ok(()) => SelfSignature::Verified,
        Err(X509Error::SignatureUnsupportedAlgorithm) => SelfSignature::Unsupported,
        // The library refuses small RSA keys with the same error as a wrong signature.
        Err(_) if small_rsa => SelfSignature::Unsupported,
        Err(_) => SelfSignature::Wrong,
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Certificate {}

impl PartialOrd for Certificate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Certificate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.der().cmp(other.der())
    }
}

impl Hash for Certificate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.der().hash(state);
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.summary_line(None))
    }
}

impl Serialize for Certificate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Summary<'a> {
            subject: &'a str,
            issuer: &'a str,
            serial: &'a str,
            not_before: Timestamp,
            not_after: Timestamp,
            sha256: &'a str,
            key: String,
            signature_algorithm: &'a str,
            self_signature: SelfSignature,
        }
        Summary {
            subject: self.subject(),
            issuer: self.issuer(),
            serial: self.serial(),
            not_before: self.not_before(),
            not_after: self.not_after(),
            sha256: self.sha256_fingerprint(),
            key: self.public_key().to_string(),
            signature_algorithm: self.signature_algorithm(),
            self_signature: self.self_signature(),
        }
        .serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
