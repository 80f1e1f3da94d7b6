//! How SAML messages travel: base64 in forms, DEFLATE and base64 in URLs (saml-bindings-2.0 sections 3.4 and 3.5).
//!
//! Owns the encodings and their limits, and the error that requests and responses share. Knows nothing of what a message says.

use std::io::{Read, Write};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use url::Url;

use super::xml::{self, Limits, XmlError};

/// Why a message cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum MessageError {
    /// The URL or form does not carry the parameter.
    #[error("there is no `{name}` parameter")]
    MissingParameter {
        /// `SAMLRequest` or `SAMLResponse`.
        name: &'static str,
    },
    /// The parameter is there more than once, so that two readers could see two messages.
    #[error("the `{name}` parameter is there more than once")]
    RepeatedParameter {
        /// Its name.
        name: &'static str,
    },
    /// `SAMLEncoding` names another encoding than DEFLATE.
    #[error("the message is encoded as `{given}`; only DEFLATE is known")]
    UnknownEncoding {
        /// The encoding's URI, cut after 80 characters.
        given: String,
    },
    /// Not base64.
    #[error("the message is not base64")]
    #[diagnostic(help("copy the whole value of the parameter, without quotes"))]
    Base64,
    /// Base64, but neither XML nor DEFLATE inside.
    #[error("the message cannot be decompressed (DEFLATE)")]
    #[diagnostic(help("the value may be cut off, or encrypted"))]
    Inflate,
    /// Decompresses to more than is read: a compression bomb, or no SAML message.
    #[error("the message decompresses to more than {limit} bytes")]
    TooLarge {
        /// Bytes allowed.
        limit: usize,
    },
    /// The XML is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Xml(#[from] XmlError),
    /// Another version of SAML.
    #[error("this is SAML {found}, not 2.0")]
    Version {
        /// What `Version` says, cut after 80 characters.
        found: String,
    },
}

/// Which form comes first when bytes could be either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    /// The HTTP-Redirect binding: compressed.
    Deflated,
    /// The HTTP-POST binding: plain.
    Plain,
}

const LAX: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Base64, then DEFLATE or not, then text. The form that is not expected is accepted too: some senders mix them up, and this is a reader for
/// people who want to know what was sent.
pub(super) fn decode(value: &str, expect: Expect) -> Result<String, MessageError> {
    let value = value.trim_matches(['\r', '\n', '\t']);
    // A space is a plus sign that a sender forgot to percent-encode, even at the end, where every XML text of 3n bytes has one (the
    // last six bits of `>` are `+`). Or it was pasted along.
    let as_sent = decode_exactly(value, expect);
    if as_sent.is_err() && value.trim() != value { decode_exactly(value.trim(), expect) } else { as_sent }
}

fn decode_exactly(value: &str, expect: Expect) -> Result<String, MessageError> {
    let compact: String = value
        .chars()
        .filter(|c| !matches!(c, '\r' | '\n' | '\t'))
        .map(|c| if c == ' ' { '+' } else { c })
        .collect();
    // Base64 grows by a third; an XML text that is too large need not be decoded first.
    if compact.len() / 4 * 3 > Limits::MESSAGE.bytes {
        return Err(MessageError::TooLarge { limit: Limits::MESSAGE.bytes });
    }
    let bytes = LAX.decode(compact).map_err(|_| MessageError::Base64)?;
    let plain = match expect {
        Expect::Plain if looks_like_xml(&bytes) => bytes,
        _ => match inflate(&bytes, Limits::MESSAGE.bytes) {
            Err(MessageError::Inflate) if looks_like_xml(&bytes) => bytes,
            inflated => inflated?,
        },
    };
    Ok(xml::decode(&plain, Limits::MESSAGE)?.into_owned())
}

fn looks_like_xml(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.trim_ascii_start().starts_with(b"<")
}

/// Decompresses raw DEFLATE (RFC 1951), and stops at a limit.
fn inflate(bytes: &[u8], limit: usize) -> Result<Vec<u8>, MessageError> {
    let mut out = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    DeflateDecoder::new(bytes).take(most).read_to_end(&mut out).map_err(|_| MessageError::Inflate)?;
    match out.len() {
        0 => Err(MessageError::Inflate),
        length if length > limit => Err(MessageError::TooLarge { limit }),
        _ => Ok(out),
    }
}

/// Compresses and encodes for a URL's query.
pub(super) fn encode_deflated(xml: &str) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let deflated = encoder.write_all(xml.as_bytes()).and_then(|()| encoder.finish());
    STANDARD.encode(deflated.expect("writing to memory does not fail"))
}

/// Encodes for a form.
pub(super) fn encode_plain(xml: &str) -> String {
    STANDARD.encode(xml)
}

/// The one value of a query parameter.
pub(super) fn parameter(url: &Url, name: &'static str) -> Result<Option<String>, MessageError> {
    let mut values = url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(MessageError::RepeatedParameter { name }),
        (value, None) => Ok(value),
    }
}

/// Refuses other versions than 2.0 (saml-core-2.0 section 4).
pub(super) fn check_version(root: roxmltree::Node<'_, '_>) -> Result<(), MessageError> {
    match xml::required(root, "Version")? {
        "2.0" => Ok(()),
        other => Err(MessageError::Version { found: other.chars().take(80).collect() }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bomb_is_defused() {
        let bomb = encode_deflated(&"a".repeat(Limits::MESSAGE.bytes + 1));
        assert!(bomb.len() < 10_000);
        assert_eq!(
            decode(&bomb, Expect::Deflated),
            Err(MessageError::TooLarge { limit: Limits::MESSAGE.bytes })
        );
    }

    #[test]
    fn either_form_is_read_from_either_binding() {
        let xml = "<a>text</a>";
        for expect in [Expect::Deflated, Expect::Plain] {
            assert_eq!(decode(&encode_plain(xml), expect).unwrap(), xml);
            assert_eq!(decode(&encode_deflated(xml), expect).unwrap(), xml);
        }
    }

    #[test]
    fn a_plus_that_became_a_space_is_put_back_even_at_the_end() {
        let value = encode_plain("<aaaa>");
        assert!(value.ends_with('+'), "{value}");
        assert_eq!(decode(&value.replace('+', " "), Expect::Plain).unwrap(), "<aaaa>");
        assert_eq!(decode(&format!("  {} \n", encode_plain("<a/>")), Expect::Plain).unwrap(), "<a/>");
    }

    #[test]
    fn damage_is_told_apart() {
        assert_eq!(decode("%%%", Expect::Plain), Err(MessageError::Base64));
        assert_eq!(decode("AAAA", Expect::Deflated), Err(MessageError::Inflate));
        assert_eq!(decode("", Expect::Deflated), Err(MessageError::Inflate));
    }

    proptest! {
        #[test]
        fn encodings_are_inverse(xml in "<[a-z\u{e9}+/ ]{0,200}") {
            prop_assert_eq!(&decode(&encode_plain(&xml), Expect::Plain).unwrap(), &xml);
            prop_assert_eq!(&decode(&encode_deflated(&xml), Expect::Deflated).unwrap(), &xml);
            // Pluses that became spaces on the way are put back.
            prop_assert_eq!(&decode(&encode_deflated(&xml).replace('+', " "), Expect::Deflated).unwrap(), &xml);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = decode(&STANDARD.encode(bytes), Expect::Deflated);
        }
    }
}
