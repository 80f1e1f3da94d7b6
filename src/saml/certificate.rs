//! X.509 certificates: what they say, for comparing and for people.
//!
//! Owns [`Certificate`] and its texts. Reading PEM is in [`pem`], names are in [`name`]. It judges nothing: whether a certificate is
//! too old or too weak is a rule elsewhere. No chain is built: SAML trusts the key that the partner published, and IdP
//! certificates are self-signed (saml-metadata IOP profile, section 2.6).

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
use x509_parser::public_key::PublicKey as ParsedKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// Most bytes of one certificate in DER. Real ones have one or two thousand.
pub const MAX_DER_BYTES: usize = 64 << 10;

/// Why something is not a certificate. No variant carries any of the content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum CertificateError {
    /// Nothing but white space.
    #[error("there is no certificate: the text is empty")]
    Empty,
    /// A private key where the public certificate belongs.
    #[error("this holds a private key, not only a certificate{}", on_line(*.line))]
    #[diagnostic(help(
        "a private key must never leave the identity provider. Take it out of this file and out of the history, \
         replace the key pair, and put in the text that starts with -----BEGIN CERTIFICATE-----"
    ))]
    PrivateKey {
        /// Line of the BEGIN, from 1; none for DER.
        line: Option<usize>,
    },
    /// A certificate signing request.
    #[error("this is a certificate signing request (CSR), not a certificate{}", on_line(*.line))]
    #[diagnostic(help(
        "use the certificate that came back for the request, or the one the identity provider shows"
    ))]
    CertificateRequest {
        /// Line of the BEGIN, from 1; none for DER.
        line: Option<usize>,
    },
    /// PEM of another kind: a bare public key, PKCS #7, a revocation list.
    #[error("this is PEM, but of kind `{label}`, not `CERTIFICATE` (line {line})")]
    #[diagnostic(help("export the certificate as X.509 PEM (Base-64)"))]
    OtherPem {
        /// The label of the BEGIN line.
        label: String,
        /// Its line, from 1.
        line: usize,
    },
    /// Base64 without BEGIN and END lines.
    #[error(
        "this looks like a certificate without its -----BEGIN CERTIFICATE----- and -----END CERTIFICATE----- lines"
    )]
    #[diagnostic(help("paste the whole file, including all dashes"))]
    NoDashes,
    /// No PEM at all.
    #[error("there is no -----BEGIN CERTIFICATE----- line")]
    #[diagnostic(help("export the certificate as X.509 PEM (Base-64) and paste the whole file"))]
    NoPem,
    /// A BEGIN line without its END line.
    #[error("the certificate that begins on line {line} has no -----END CERTIFICATE----- line")]
    #[diagnostic(help("the end was cut off; paste the whole file, including all dashes"))]
    NoEnd {
        /// Line of the BEGIN, from 1.
        line: usize,
    },
    /// Something between the BEGIN and END lines that is not base64.
    #[error("the text of the certificate is not base64{}", on_line(*.line))]
    Base64 {
        /// Line of the BEGIN, from 1; none where there was none.
        line: Option<usize>,
    },
    /// More than one certificate where one was asked for.
    #[error("there are {count} certificates where one is expected")]
    Several {
        /// How many.
        count: usize,
    },
    /// DER that ends before its own length says.
    #[error("the certificate is cut off: {expected} bytes announced, {actual} there")]
    Truncated {
        /// Bytes that its header announces.
        expected: usize,
        /// Bytes that are there.
        actual: usize,
    },
    /// Bytes after the certificate.
    #[error("there are {bytes} more bytes after the certificate")]
    TrailingData {
        /// How many.
        bytes: usize,
    },
    /// Larger than [`MAX_DER_BYTES`], or than a bundle may be.
    #[error("{actual} bytes are too many for a certificate (at most {limit})")]
    TooLarge {
        /// Bytes allowed.
        limit: usize,
        /// Bytes found.
        actual: usize,
    },
    /// DER, but not an X.509 certificate.
    #[error("this is not an X.509 certificate: {reason}")]
    NotACertificate {
        /// The part that could not be read.
        reason: String,
    },
}

fn on_line(line: Option<usize>) -> String {
    line.map(|line| format!(" (line {line})")).unwrap_or_default()
}

/// The public key of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PublicKey {
    /// RSA with the size of its modulus.
    Rsa {
        /// Bits of the modulus, without leading zeros.
        bits: usize,
    },
    /// An elliptic curve.
    Ec {
        /// The curve's usual name (`P-256`), or its dotted OID.
        curve: String,
        /// Bits of a coordinate.
        bits: usize,
    },
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// Any other algorithm, by its dotted OID.
    Other {
        /// The algorithm's OID.
        oid: String,
    },
}

impl PublicKey {
    /// `RSA`, `EC`, `Ed25519`, or the OID.
    pub fn kind(&self) -> &str {
        match self {
            Self::Rsa { .. } => "RSA",
            Self::Ec { .. } => "EC",
            Self::Ed25519 => "Ed25519",
            Self::Other { oid } => oid,
        }
    }

    /// Size in bits, where it is known.
    pub fn bits(&self) -> Option<usize> {
        match self {
            Self::Rsa { bits } | Self::Ec { bits, .. } => Some(*bits),
            Self::Ed25519 => Some(256),
            Self::Other { .. } => None,
        }
    }
}

/// `RSA 2048 bits`, `EC P-256`, `Ed25519`.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits} bits"),
            Self::Ec { curve, .. } => write!(f, "EC {curve}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Other { oid } => write!(f, "key algorithm {oid}"),
        }
    }
}

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

fn public_key(info: &SubjectPublicKeyInfo<'_>) -> PublicKey {
    let oid = info.algorithm.algorithm.to_id_string();
    match info.parsed() {
        Ok(ParsedKey::RSA(rsa)) => PublicKey::Rsa { bits: significant_bits(rsa.modulus) },
        Ok(ParsedKey::EC(point)) => {
            let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
            let (curve, bits) = match curve.map(|curve| curve.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => ("P-256".to_owned(), 256),
                Some("1.3.132.0.34") => ("P-384".to_owned(), 384),
                Some("1.3.132.0.35") => ("P-521".to_owned(), 521),
                Some("1.3.132.0.10") => ("secp256k1".to_owned(), 256),
                Some(other) => (other.to_owned(), point.key_size()),
                None => ("with explicit parameters".to_owned(), point.key_size()),
            };
            PublicKey::Ec { curve, bits }
        }
        _ if oid == "1.3.101.112" => PublicKey::Ed25519,
        _ => PublicKey::Other { oid },
    }
}

fn significant_bits(modulus: &[u8]) -> usize {
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    modulus.get(zeros).map_or(0, |top| (modulus.len() - zeros) * 8 - top.leading_zeros() as usize)
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
