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
pub(crate) fn make_for(common_name: &str, years: i64, now: Timestamp) -> Result<String, SandboxError> {
    make_until(common_name, now, now.saturating_add((years * 365 * 24).hours()).unwrap_or(now))
}

/// As [`make`], valid until the day of `until`.
pub(crate) fn make_until(
    common_name: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<String, SandboxError> {
    let failed = |_| SandboxError::Crypto { what: "a signing certificate" };
    let key = KeyPair::from_pem_and_sign_algo(TEST_KEY, &PKCS_RSA_SHA256).map_err(failed)?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = name;
    // rcgen takes dates only.
    let date = |at: Timestamp| {
        let at = at.to_zoned(TimeZone::UTC);
        let number = |part: i8| u8::try_from(part).unwrap_or(1);
        date_time_ymd(i32::from(at.year()), number(at.month()), number(at.day()))
    };
    parameters.not_before = date(now.saturating_sub(24.hours()).unwrap_or(now));
    parameters.not_after = date(until);
    let mut serial = ids::hex32().into_bytes();
    serial.truncate(16);
    parameters.serial_number = Some(SerialNumber::from(serial));
    let certificate = parameters.self_signed(&key).map_err(failed)?;
    Ok(to_pem(certificate.der()))
}

/// Makes a server's certificate with these DNS names, that ends in `days` (negative: it has ended). PEM with LF. rcgen takes dates only, so
/// it ends at midnight (UTC) of that day.
pub(crate) fn for_hosts(names: &[String], days: i64, now: Timestamp) -> Result<String, SandboxError> {
    let failed = |_| SandboxError::Crypto { what: "a server's certificate" };
    let key = KeyPair::from_pem_and_sign_algo(TEST_KEY, &PKCS_RSA_SHA256).map_err(failed)?;
    let mut parameters = CertificateParams::new(names.to_vec()).map_err(failed)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, names.first().map(String::as_str).unwrap_or_default());
    parameters.distinguished_name = subject;
    let date = |days: i64| {
        let day = now.to_zoned(TimeZone::UTC).saturating_add(days.clamp(-30_000, 30_000).days());
        let part = |number: i8| u8::try_from(number).unwrap_or(1);
        date_time_ymd(i32::from(day.year()), part(day.month()), part(day.day()))
    };
    parameters.not_before = date(days.min(0) - 90);
    parameters.not_after = date(days);
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

/// Reads several certificates in PEM, one below the other; at least one.
pub(crate) fn read_all(pem: &str) -> Result<Vec<Read>, String> {
    const END: &str = "-----END CERTIFICATE-----";
    if pem.trim().is_empty() {
        return read(pem).map(|one| vec![one]);
    }
    pem.trim().split_inclusive(END).map(read).collect()
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
    fn several_certificates_are_read_one_by_one() {
        let now = "2026-11-22T12:00:00Z".parse::<Timestamp>().unwrap();
        let day = |text: &str| text.parse::<Timestamp>().unwrap();
        let one = make_until("one", now, day("2026-12-22T00:00:00Z")).unwrap();
        let two = make("two", now).unwrap();
        let both = read_all(&format!("{one}\n{two}")).unwrap();
        assert_eq!(both, [read(&one).unwrap(), read(&two).unwrap()]);
        assert_eq!(both[0].not_after, day("2026-12-22T00:00:00Z").as_second());
        assert!(read_all(&format!("{one}rubbish")).is_err());
        assert!(read_all("").is_err());
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        assert!(super::read("").is_err());
        assert!(super::read("MIIB").unwrap_err().contains("dashes"));
        assert!(super::read("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----").is_err());
    }
}
