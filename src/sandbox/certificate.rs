//! Certificates of the identity providers that the sandbox plays, all made from one public test key. Owns making them; reading a
//! certificate that a person pasted is here too, because the console page refuses what is not one.

use base64::Engine as _;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, SerialNumber, date_time_ymd,
};
use ring::digest;

use super::error::SandboxError;
use super::ids;

/// The public test key, see `keys/README.md`.
const TEST_KEY: &str = include_str!("keys/sandbox-test-only.pk8.pem");

/// Makes a self-signed RSA-2048 SHA-256 certificate with this common name, valid from yesterday for about ten years. PEM with LF.
pub(crate) fn make(common_name: &str, now: Timestamp) -> Result<String, SandboxError> {
    make_for(common_name, 10, now)
}

/// The same, valid for another number of years.
pub(crate) fn make_for(common_name: &str, years: i16, now: Timestamp) -> Result<String, SandboxError> {
    let failed = |_| SandboxError::Crypto { what: "a signing certificate" };
    let key = KeyPair::from_pem_and_sign_algo(TEST_KEY, &PKCS_RSA_SHA256).map_err(failed)?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = name;
    let start = now.to_zoned(TimeZone::UTC).saturating_sub(1.day());
    // rcgen takes dates only; the 29th of February does not exist in every year.
    let date = |years: i16| {
        let month = u8::try_from(start.month()).unwrap_or(1);
        let day = u8::try_from(start.day()).unwrap_or(1).min(28);
        date_time_ymd(i32::from(start.year() + years), month, day)
    };
    parameters.not_before = date(0);
    parameters.not_after = date(years);
    let mut serial = ids::hex32().into_bytes();
    serial.truncate(16);
    parameters.serial_number = Some(SerialNumber::from(serial));
    let certificate = parameters.self_signed(&key).map_err(failed)?;
    Ok(to_pem(certificate.der()))
}

fn to_pem(der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

/// A certificate as read from PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    /// The DER bytes.
    pub(crate) der: Vec<u8>,
    /// The end of its validity, in seconds since 1970.
    pub(crate) not_after: i64,
    /// The start of its validity, in seconds since 1970.
    pub(crate) not_before: i64,
}

impl Read {
    /// SHA-1 of the DER in upper-case hexadecimal, which Auth0 calls thumbprint. For display, never for trust.
    pub(crate) fn thumbprint(&self) -> String {
        ids::hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.der).as_ref()).to_ascii_uppercase()
    }

    /// SHA-256 of the DER in lower-case hexadecimal.
    pub(crate) fn sha256(&self) -> String {
        ids::hex(digest::digest(&digest::SHA256, &self.der).as_ref())
    }

    /// The DER in Base64 on one line, as metadata carries it.
    pub(crate) fn base64(&self) -> String {
        base64::engine::general_purpose::STANDARD.encode(&self.der)
    }
}

/// Reads one certificate in PEM with its dashes. The error says what is wrong, for a person.
pub(crate) fn read(pem: &str) -> Result<Read, String> {
    let pem = pem.trim();
    if pem.is_empty() {
        return Err("the certificate is missing".into());
    }
    if !pem.starts_with("-----BEGIN CERTIFICATE-----") || !pem.ends_with("-----END CERTIFICATE-----") {
        return Err("the certificate must be PEM text, including all dashes".into());
    }
    let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes())
        .map_err(|_| "the certificate is not valid PEM".to_owned())?;
    let certificate = block.parse_x509().map_err(|_| "the PEM text holds no X.509 certificate".to_owned())?;
    let validity = certificate.validity();
    let (not_before, not_after) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    Ok(Read { not_before, not_after, der: block.contents })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_certificate_reads_back() {
        let now = "2024-02-29T12:00:00Z".parse::<Timestamp>().unwrap();
        let pem = make("nss.us.auth0.com", now).unwrap();
        let read = super::read(&pem).unwrap();
        assert!(read.not_before < now.as_second());
        assert!(read.not_after > now.as_second() + 9 * 365 * 86_400);
        let (_, parsed) = x509_parser::parse_x509_certificate(&read.der).unwrap();
        assert_eq!(parsed.subject().to_string(), "CN=nss.us.auth0.com");
        parsed.verify_signature(None).unwrap();
        assert_ne!(make("nss.us.auth0.com", now).unwrap(), pem, "each has a serial number of its own");
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        assert!(super::read("").is_err());
        assert!(super::read("MIIB").unwrap_err().contains("dashes"));
        assert!(super::read("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----").is_err());
    }
}
