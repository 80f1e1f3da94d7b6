//! Reading XML with limits and positions; writing it is in `write`.
//!
//! Owns what every SAML document shares: decoding bytes, refusing DTDs, bounds on size and nodes, errors with line and column,
//! text of an element, dates. It knows no SAML element.

mod write;

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use roxmltree::{Document, Node, ParsingOptions};

pub(super) use write::Writer;

/// A place in a text, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl From<roxmltree::TextPos> for Position {
    fn from(pos: roxmltree::TextPos) -> Self {
        Self { line: pos.row, column: pos.col }
    }
}

/// How much XML is read. Hostile input is cheap to refuse and dear to build a tree from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of text.
    pub bytes: usize,
    /// Most nodes: elements, texts, comments.
    pub nodes: u32,
    /// Most namespace declarations. Each nested one makes the parser copy those around it, so memory grows with the square.
    pub namespaces: usize,
}

/// Most attributes of one element; the parser compares each with all before it.
const MAX_ATTRIBUTES: usize = 10_000;

impl Limits {
    /// For metadata: 8 MiB and 200,000 nodes, room for several hundred entities.
    pub const METADATA: Self = Self { bytes: 8 << 20, nodes: 200_000, namespaces: 5_000 };
    /// For a request or response: 1 MiB and 20,000 nodes.
    pub const MESSAGE: Self = Self { bytes: 1 << 20, nodes: 20_000, namespaces: 1_000 };
}

/// Why a text is not the XML that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum XmlError {
    /// Nothing but white space.
    #[error("there is no XML: the text is empty")]
    Empty,
    /// Over [`Limits::bytes`].
    #[error("the XML has {actual} bytes, more than the {limit} that are read")]
    TooLarge {
        /// Bytes allowed.
        limit: usize,
        /// Bytes found.
        actual: usize,
    },
    /// Over [`Limits::nodes`], [`Limits::namespaces`], or another limit of the parser.
    #[error("the XML has more elements, attributes or namespaces than are read")]
    TooManyNodes,
    /// Bytes that are not UTF-8 and do not declare ISO-8859-1.
    #[error("the XML is not UTF-8 text (first wrong byte at offset {offset})")]
    #[diagnostic(help("save the file as UTF-8"))]
    NotUtf8 {
        /// Offset of the first wrong byte, from 0.
        offset: usize,
    },
    /// A document type declaration, which SAML forbids and which opens the door to entity attacks.
    #[error("the XML has a document type declaration (DTD), which SAML does not use ({at})")]
    #[diagnostic(help("remove the <!DOCTYPE ...> part; a vendor's metadata never needs it"))]
    Dtd {
        /// Where it starts.
        at: Position,
    },
    /// A web page, usually a login page that answered instead of the metadata.
    #[error("this is a web page (HTML), not a SAML document")]
    #[diagnostic(help(
        "the address probably asks for a login first; download the XML with a browser that is signed in"
    ))]
    WebPage,
    /// Not well-formed.
    #[error("the XML is not well-formed ({at}): {reason}")]
    Syntax {
        /// Where the parser stopped.
        at: Position,
        /// What it expected.
        reason: String,
    },
    /// Another document than the one expected.
    #[error("expected <{expected}>, found <{found}> ({at})")]
    WrongRoot {
        /// The element or elements that would have been right.
        expected: &'static str,
        /// The element that is there.
        found: String,
        /// Where it starts.
        at: Position,
    },
    /// An attribute that has to be there is not, or is empty.
    #[error("<{element}> has no `{attribute}` ({at})")]
    MissingAttribute {
        /// The element.
        element: String,
        /// The attribute.
        attribute: &'static str,
        /// Where the element starts.
        at: Position,
    },
    /// An element that has to be there is not.
    #[error("<{parent}> has no <{element}> ({at})")]
    MissingElement {
        /// The element around it.
        parent: String,
        /// The element that is missing.
        element: &'static str,
        /// Where the parent starts.
        at: Position,
    },
    /// A value that cannot be read as what it should be.
    #[error("`{value}` is not a valid {what} ({at})")]
    BadValue {
        /// What it should be: `date and time`.
        what: &'static str,
        /// What it is, cut after 80 characters.
        value: String,
        /// Where its element starts.
        at: Position,
    },
}

/// Turns bytes into text: UTF-8 with or without a byte order mark, or ISO-8859-1 where the declaration says so.
///
/// Okta declares ISO-8859-1 and sends ASCII or UTF-8, so bytes that are valid UTF-8 are read as UTF-8 whatever they declare.
pub fn decode(bytes: &[u8], limits: Limits) -> Result<Cow<'_, str>, XmlError> {
    if bytes.len() > limits.bytes {
        return Err(XmlError::TooLarge { limit: limits.bytes, actual: bytes.len() });
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(_) if declares_latin1(bytes) => {
            Ok(Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()))
        }
        Err(error) => Err(XmlError::NotUtf8 { offset: error.valid_up_to() }),
    }
}

fn declares_latin1(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(b"<?xml") else { return false };
    let end = rest.windows(2).position(|pair| pair == b"?>").unwrap_or(0);
    let declaration = String::from_utf8_lossy(&rest[..end]).to_ascii_lowercase();
    declaration.contains("iso-8859-1") || declaration.contains("latin1")
}

/// Parses a document within limits; refuses DTDs. A byte order mark and white space before the XML are skipped.
///
/// Positions in errors count from the start of the XML, after what was skipped.
pub fn parse(text: &str, limits: Limits) -> Result<Document<'_>, XmlError> {
    if text.len() > limits.bytes {
        return Err(XmlError::TooLarge { limit: limits.bytes, actual: text.len() });
    }
    let text = text.trim_start_matches(|c: char| c == '\u{feff}' || is_xml_space(c));
    if text.is_empty() {
        return Err(XmlError::Empty);
    }
    if text.matches("xmlns").count() > limits.namespaces || most_equal_signs(text) > MAX_ATTRIBUTES {
        return Err(XmlError::TooManyNodes);
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: limits.nodes, entity_resolver: None };
    Document::parse_with_options(text, options).map_err(|error| explain(text, &error))
}

/// An upper bound for the attributes of one element: equal signs up to the next `<`, which no attribute can hold.
fn most_equal_signs(text: &str) -> usize {
    text.split('<').map(|tag| tag.bytes().filter(|byte| *byte == b'=').count()).max().unwrap_or(0)
}

fn explain(text: &str, error: &roxmltree::Error) -> XmlError {
    // HTML is seldom well-formed XML, so it is recognised by how it opens, not by its tree.
    let opening = text.chars().take(15).collect::<String>().to_ascii_lowercase();
    if opening.starts_with("<!doctype html") || opening.starts_with("<html") {
        return XmlError::WebPage;
    }
    match error {
        roxmltree::Error::DtdDetected => {
            XmlError::Dtd { at: position_of(text, text.find("<!DOCTYPE").unwrap_or(0)) }
        }
        roxmltree::Error::NodesLimitReached
        | roxmltree::Error::AttributesLimitReached
        | roxmltree::Error::NamespacesLimitReached => XmlError::TooManyNodes,
        other => XmlError::Syntax { at: other.pos().into(), reason: other.to_string() },
    }
}

fn position_of(text: &str, offset: usize) -> Position {
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Position {
        line: count(before.matches('\n').count() + 1),
        column: count(before[line_start..].chars().count() + 1),
    }
}

/// Where an element starts.
pub(super) fn at(node: Node<'_, '_>) -> Position {
    node.document().text_pos_at(node.range().start).into()
}

/// Whether an element has this namespace and local name.
pub(super) fn is(node: Node<'_, '_>, namespace: &str, name: &str) -> bool {
    node.is_element() && node.tag_name().namespace() == Some(namespace) && node.tag_name().name() == name
}

/// Child elements of this name.
pub(super) fn children<'a, 'i: 'a>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| is(*child, namespace, name))
}

/// The first child element of this name.
pub(super) fn child<'a, 'i: 'a>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> Option<Node<'a, 'i>> {
    children(node, namespace, name).next()
}

/// All text inside an element, without comments.
///
/// Not the first text node only: a comment inside a NameID would cut the name short, which is how
/// `admin@example.com<!---->.evil.com` once became somebody else (CVE-2017-11427 and its siblings).
pub(super) fn text_of(node: Node<'_, '_>) -> String {
    node.descendants().filter(|inner| inner.is_text()).filter_map(|inner| inner.text()).collect()
}

/// Text of an element whose XML type collapses white space (URIs, dates).
pub(super) fn token_of(node: Node<'_, '_>) -> String {
    text_of(node).trim_matches(is_xml_space).to_owned()
}

/// A non-empty attribute, without the white space around it.
pub(super) fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attribute(name).map(|value| value.trim_matches(is_xml_space)).filter(|value| !value.is_empty())
}

/// An attribute that has to be there.
pub(super) fn required<'a>(node: Node<'a, '_>, name: &'static str) -> Result<&'a str, XmlError> {
    attribute(node, name).ok_or_else(|| XmlError::MissingAttribute {
        element: node.tag_name().name().to_owned(),
        attribute: name,
        at: at(node),
    })
}

/// An `xs:boolean` attribute: `true`, `false`, `1`, `0`.
pub(super) fn boolean(node: Node<'_, '_>, name: &str) -> Result<Option<bool>, XmlError> {
    match attribute(node, name) {
        None => Ok(None),
        Some("true" | "1") => Ok(Some(true)),
        Some("false" | "0") => Ok(Some(false)),
        Some(other) => Err(bad_value(node, "boolean", other)),
    }
}

/// An `xs:unsignedShort` attribute.
pub(super) fn unsigned_short(node: Node<'_, '_>, name: &str) -> Result<Option<u16>, XmlError> {
    attribute(node, name)
        .map(|value| value.parse().map_err(|_| bad_value(node, "number from 0 to 65535", value)))
        .transpose()
}

/// An `xs:dateTime` attribute. Without a zone it is UTC, which is what saml-core-2.0 section 1.3.3 asks for.
pub(super) fn instant(node: Node<'_, '_>, name: &str) -> Result<Option<Timestamp>, XmlError> {
    let Some(value) = attribute(node, name) else { return Ok(None) };
    value
        .parse::<Timestamp>()
        .ok()
        .or_else(|| {
            value.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
        })
        .map(Some)
        .ok_or_else(|| bad_value(node, "date and time", value))
}

/// An `xs:dateTime` attribute that has to be there.
pub(super) fn required_instant(node: Node<'_, '_>, name: &'static str) -> Result<Timestamp, XmlError> {
    required(node, name)?;
    instant(node, name)?.ok_or_else(|| XmlError::MissingAttribute {
        element: node.tag_name().name().to_owned(),
        attribute: name,
        at: at(node),
    })
}

pub(super) fn bad_value(node: Node<'_, '_>, what: &'static str, value: &str) -> XmlError {
    XmlError::BadValue { what, value: value.chars().take(80).collect(), at: at(node) }
}

/// XML white space; narrower than Unicode's.
pub(super) fn is_xml_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse_small(text: &str) -> Result<Document<'_>, XmlError> {
        parse(text, Limits { bytes: 1000, nodes: 10, namespaces: 4 })
    }

    #[test]
    fn a_dtd_is_refused_with_its_place() {
        let text = "<?xml version=\"1.0\"?>\n  <!DOCTYPE md [<!ENTITY a \"b\">]><md>&a;</md>";
        let error = parse_small(text).unwrap_err();
        assert_eq!(error, XmlError::Dtd { at: Position { line: 2, column: 3 } });
    }

    #[test]
    fn a_login_page_is_recognised() {
        for page in ["<!DOCTYPE html><html><body><br></body>", "<HTML lang=en>", "\u{feff}\n<!doctype html>"]
        {
            assert_eq!(parse_small(page).unwrap_err(), XmlError::WebPage, "{page}");
        }
    }

    #[test]
    fn limits_hold() {
        assert_eq!(
            parse_small(&" ".repeat(1001)).unwrap_err(),
            XmlError::TooLarge { limit: 1000, actual: 1001 }
        );
        assert_eq!(
            parse_small(&format!("<a>{}</a>", "<b/>".repeat(20))).unwrap_err(),
            XmlError::TooManyNodes
        );
        assert_eq!(parse_small(" \n").unwrap_err(), XmlError::Empty);
        let declarations: String = (0..5).map(|n| format!(" xmlns:n{n}='urn:{n}'")).collect();
        assert_eq!(parse_small(&format!("<a{declarations}/>")).unwrap_err(), XmlError::TooManyNodes);
        let attributes: String = (0..=MAX_ATTRIBUTES).map(|n| format!(" a{n}='>'")).collect();
        assert_eq!(parse(&format!("<a{attributes}/>"), Limits::MESSAGE).unwrap_err(), XmlError::TooManyNodes);
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let depth = 60_000;
        let text = "<a>".repeat(depth) + &"</a>".repeat(depth);
        let document = parse(&text, Limits::METADATA).unwrap();
        assert_eq!(document.descendants().filter(Node::is_element).count(), depth);
    }

    #[test]
    fn syntax_errors_have_a_place() {
        let error = parse_small("<a>\n  <b></a>").unwrap_err();
        assert!(matches!(error, XmlError::Syntax { at: Position { line: 2, .. }, .. }), "{error:?}");
    }

    #[test]
    fn latin1_is_read_when_declared_and_utf8_wins_when_it_is_valid() {
        let declared = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>caf\xe9</a>";
        let text = decode(declared, Limits::MESSAGE).unwrap();
        assert_eq!(text_of(parse_small(&text).unwrap().root()), "caf\u{e9}");
        let utf8 = "<?xml version='1.0' encoding='ISO-8859-1'?><a>caf\u{e9}</a>";
        let text = decode(utf8.as_bytes(), Limits::MESSAGE).unwrap();
        assert_eq!(text_of(parse_small(&text).unwrap().root()), "caf\u{e9}");
        assert_eq!(decode(b"<a>\xe9</a>", Limits::MESSAGE), Err(XmlError::NotUtf8 { offset: 3 }));
    }

    #[test]
    fn a_comment_does_not_cut_a_text_short() {
        let document = parse_small("<a>admin@example.com<!-- -->.evil.com</a>").unwrap();
        assert_eq!(text_of(document.root_element()), "admin@example.com.evil.com");
    }

    #[test]
    fn dates_are_utc_when_they_name_no_zone() {
        let read = |value: &str| {
            let text = format!("<a t='{value}'/>");
            instant(parse_small(&text).unwrap().root_element(), "t").map(|t| t.map(|t| t.to_string()))
        };
        assert_eq!(read("2026-01-02T03:04:05Z").unwrap().unwrap(), "2026-01-02T03:04:05Z");
        assert_eq!(read("2026-01-02T03:04:05.123").unwrap().unwrap(), "2026-01-02T03:04:05.123Z");
        assert_eq!(read("2026-01-02T03:04:05+01:00").unwrap().unwrap(), "2026-01-02T02:04:05Z");
        assert!(matches!(read("soon"), Err(XmlError::BadValue { what: "date and time", .. })));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "[<>a&;!\\[\\]\"'=/ ?\\-xDOCTYPE\n\u{feff}\u{e9}]{0,80}") {
            let _ = parse_small(&text);
        }
    }
}
