//! PEM and the outline of DER, with errors that say what was pasted instead.
//!
//! Owns the text form (RFC 7468, the lax variant: indentation, CRLF and text between the blocks are fine). What the bytes mean is not
//! decided here, except for recognising a private key early.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{CertificateError, MAX_DER_BYTES};

/// Most bytes of a bundle in PEM.
const MAX_PEM_BYTES: usize = 1 << 20;

/// Padding may be missing, and stray bits in the last character do no harm to DER, which carries its own length.
const LAX: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Base64 with white space anywhere.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    LAX.decode(compact).ok()
}

/// One `CERTIFICATE` block.
pub(super) struct Block {
    /// Line of its BEGIN, from 1.
    pub(super) line: usize,
    pub(super) der: Vec<u8>,
}

enum Marker<'a> {
    Begin(&'a str),
    End(&'a str),
}

/// `-----BEGIN LABEL-----`, alone on its line apart from white space.
fn marker(line: &str) -> Option<Marker<'_>> {
    let inner = line.trim().strip_prefix("-----")?.strip_suffix("-----")?;
    if let Some(label) = inner.strip_prefix("BEGIN ") {
        Some(Marker::Begin(label.trim()))
    } else {
        inner.strip_prefix("END ").map(|label| Marker::End(label.trim()))
    }
}

/// All certificate blocks, at least one.
pub(super) fn blocks(text: &str) -> Result<Vec<Block>, CertificateError> {
    if text.len() > MAX_PEM_BYTES {
        return Err(CertificateError::TooLarge { limit: MAX_PEM_BYTES, actual: text.len() });
    }
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Err(CertificateError::Empty);
    }
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        match (marker(line), &mut open) {
            (Some(Marker::Begin(label)), None) => {
                expect_certificate(label, number)?;
                open = Some((number, String::new()));
            }
            (Some(Marker::Begin(label)), Some((begin, _))) => {
                expect_certificate(label, number)?;
                return Err(CertificateError::NoEnd { line: *begin });
            }
            (Some(Marker::End(label)), Some((begin, body))) => {
                expect_certificate(label, number)?;
                let der = base64(body).ok_or(CertificateError::Base64 { line: Some(*begin) })?;
                blocks.push(Block { line: *begin, der });
                open = None;
            }
            (None, Some((_, body))) => body.push_str(line),
            // Text between blocks: OpenSSL's bag attributes, comments.
            (Some(Marker::End(_)) | None, None) => {}
        }
    }
    if let Some((line, _)) = open {
        return Err(CertificateError::NoEnd { line });
    }
    if blocks.is_empty() { Err(what_instead(text)) } else { Ok(blocks) }
}

fn expect_certificate(label: &str, line: usize) -> Result<(), CertificateError> {
    match label {
        // RFC 7468 section 5.1 lets readers accept the second.
        "CERTIFICATE" | "X509 CERTIFICATE" => Ok(()),
        label if label.contains("PRIVATE") => Err(CertificateError::PrivateKey { line: Some(line) }),
        label if label.ends_with("CERTIFICATE REQUEST") => {
            Err(CertificateError::CertificateRequest { line: Some(line) })
        }
        // A label is echoed only if it can be one.
        label
            if label.len() <= 40
                && label
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b" #".contains(&b)) =>
        {
            Err(CertificateError::OtherPem { label: label.to_owned(), line })
        }
        _ => Err(CertificateError::NoPem),
    }
}

/// There was no block: what is it then?
fn what_instead(text: &str) -> CertificateError {
    // A key whose dashes were damaged is still a key.
    if text.contains("PRIVATE KEY") {
        return CertificateError::PrivateKey { line: None };
    }
    match base64(text).as_deref().map(check_outline) {
        Some(Err(CertificateError::PrivateKey { line })) => CertificateError::PrivateKey { line },
        Some(Ok(()) | Err(CertificateError::Truncated { .. } | CertificateError::TrailingData { .. })) => {
            CertificateError::NoDashes
        }
        _ => CertificateError::NoPem,
    }
}

/// Checks the outer SEQUENCE: its length against what is there, and whether it opens like a private key.
pub(super) fn check_outline(der: &[u8]) -> Result<(), CertificateError> {
    if der.is_empty() {
        return Err(CertificateError::Empty);
    }
    if der.len() > MAX_DER_BYTES {
        return Err(CertificateError::TooLarge { limit: MAX_DER_BYTES, actual: der.len() });
    }
    let Some((header, length)) = sequence(der) else {
        return Err(CertificateError::NotACertificate { reason: "it does not begin like DER".to_owned() });
    };
    // PKCS #1, PKCS #8 and SEC 1 keys open with a version number, an encrypted PKCS #8 key with an algorithm that is not followed by
    // a SEQUENCE; a certificate opens with a SEQUENCE (RFC 5280 section 4.1).
    if der.get(header) == Some(&0x02) || is_encrypted_key(&der[header..]) {
        return Err(CertificateError::PrivateKey { line: None });
    }
    let expected = header.saturating_add(length);
    match der.len() {
        actual if actual < expected => Err(CertificateError::Truncated { expected, actual }),
        actual if actual > expected => Err(CertificateError::TrailingData { bytes: actual - expected }),
        _ => Ok(()),
    }
}

/// PKCS #8 EncryptedPrivateKeyInfo (RFC 5958 section 3): an algorithm whose OID is one of PKCS #5 or PKCS #12.
fn is_encrypted_key(inside: &[u8]) -> bool {
    const PKCS5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05];
    const PKCS12_PBE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c];
    let Some((header, _)) = sequence(inside) else { return false };
    match &inside[header..] {
        [0x06, _, oid @ ..] => oid.starts_with(PKCS5) || oid.starts_with(PKCS12_PBE),
        _ => false,
    }
}

/// Header length and content length of a DER SEQUENCE. `None` if it is none.
fn sequence(der: &[u8]) -> Option<(usize, usize)> {
    match der {
        [0x30, length, ..] if *length < 0x80 => Some((2, usize::from(*length))),
        [0x30, 0x81, length, ..] => Some((3, usize::from(*length))),
        [0x30, 0x82, high, low, ..] => Some((4, usize::from(u16::from_be_bytes([*high, *low])))),
        [0x30, 0x83, a, b, c, ..] => Some((5, usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).ok()?)),
        _ => None,
    }
}
