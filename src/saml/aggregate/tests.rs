//! Aggregates that are made while they are read: no test holds one in memory.

use std::io::Read;

use super::*;
use crate::saml::Metadata;

/// A document of any size, written as it is read.
struct Stream<I> {
    parts: I,
    pending: Vec<u8>,
    read: u64,
}

impl<I: Iterator<Item = String>> Read for Stream<I> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.pending.is_empty() {
            match self.parts.next() {
                Some(part) => self.pending = part.into_bytes(),
                None => return Ok(0),
            }
        }
        let count = into.len().min(self.pending.len());
        into[..count].copy_from_slice(&self.pending[..count]);
        self.pending.drain(..count);
        self.read += count as u64;
        Ok(count)
    }
}

fn stream(parts: impl IntoIterator<Item = String>) -> Stream<impl Iterator<Item = String>> {
    Stream { parts: parts.into_iter(), pending: Vec::new(), read: 0 }
}

const CERTIFICATE: &str = include_str!("../testdata/rsa2048.pem");

fn base64() -> String {
    CERTIFICATE.lines().filter(|line| !line.starts_with("-----")).collect()
}

fn id(n: usize) -> String {
    format!("https://idp{n}.example.org/metadata")
}

/// An identity provider of about 10 KiB, with the prefixes that the groups around it declare.
fn entity(n: usize) -> String {
    format!(
        "<md:EntityDescriptor entityID=\"{id}\"><md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <md:Extensions><!-- {padding} --></md:Extensions><md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\
         {certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://idp{n}.example.org/sso?a=1&amp;b=2\"/>\
         </md:IDPSSODescriptor></md:EntityDescriptor>\n",
        id = id(n),
        padding = "x".repeat(9_000),
        certificate = base64(),
    )
}

const OPENING: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
    validUntil=\"2030-01-01T00:00:00Z\"><md:EntitiesDescriptor xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Name='inner'>\n";
const CLOSING: &str = "</md:EntitiesDescriptor></md:EntitiesDescriptor>\n";

fn aggregate(count: usize) -> impl Iterator<Item = String> {
    std::iter::once(OPENING.to_owned()).chain((0..count).map(entity)).chain([CLOSING.to_owned()])
}

fn refused(parts: impl IntoIterator<Item = String>, wanted: Option<&str>) -> AggregateError {
    piece(&mut stream(parts), wanted).unwrap_err()
}

#[test]
fn one_of_five_thousand_entities_is_cut_out_with_what_stands_around_it() {
    let mut source = stream(aggregate(5_000));
    let piece = piece(&mut source, Some(&id(4_711))).unwrap();
    assert!(source.read > 50_000_000, "{} bytes", source.read);
    assert!(piece.len() < 20_000, "{} bytes", piece.len());
    let metadata = Metadata::parse_bytes(&piece).unwrap();
    let (entity, idp) = metadata.select_idp(Some(&id(4_711))).unwrap();
    assert_eq!(entity.valid_until.unwrap().to_string(), "2030-01-01T00:00:00Z");
    assert_eq!(idp.signing_certificates.len(), 1);
    assert_eq!(idp.single_sign_on[0].location, "https://idp4711.example.org/sso?a=1&b=2");
}

#[test]
fn a_small_document_stays_as_it_is() {
    let text = aggregate(3).collect::<String>();
    assert_eq!(piece(&mut text.as_bytes(), Some("whatever")).unwrap(), text.as_bytes());
}

#[test]
fn an_entity_that_is_missing_or_not_named_is_asked_for_with_near_ones() {
    let wrong = refused(aggregate(300), Some("https://idp77.example.org/Metadata"));
    let AggregateError::Select(SelectError::NotFound { entities, .. }) = &wrong else { panic!("{wrong}") };
    assert_eq!(entities.ids().next(), Some(&*id(77)));
    assert_eq!(entities.count(), 300);
    let several = refused(aggregate(300), None);
    assert!(
        matches!(&several, AggregateError::Select(SelectError::Several { entities }) if entities.count() == 300)
    );
    let twice = aggregate(299).map(|part| part.replace("idp7.", "idp8."));
    let twins = refused(twice, Some(&id(8)));
    assert!(
        matches!(&twins, AggregateError::Select(SelectError::Several { entities }) if entities.count() == 2)
    );
    let sps = aggregate(300).map(|part| part.replace("IDPSSODescriptor", "SPSSODescriptor"));
    let none = refused(sps, None);
    assert!(matches!(none, AggregateError::Select(SelectError::NoIdentityProvider { .. })), "{none}");
}

#[test]
fn the_only_identity_provider_among_service_providers_needs_no_name() {
    let parts = aggregate(300)
        .enumerate()
        .map(|(at, part)| if at == 200 { part } else { part.replace("IDPSSODescriptor", "SPSSODescriptor") });
    let piece = piece(&mut stream(parts), None).unwrap();
    assert_eq!(Metadata::parse_bytes(&piece).unwrap().select_idp(None).unwrap().0.entity_id, id(199));
}

#[test]
fn what_is_hostile_or_broken_is_refused_wherever_it_stands() {
    let after = |tail: &str| {
        let tail = tail.to_owned();
        std::iter::once(OPENING.to_owned()).chain((0..200).map(entity)).chain([tail])
    };
    let wanted = id(5);
    let refuse = |tail: &str| refused(after(tail), Some(&wanted));
    let cut = refuse("");
    assert!(
        matches!(&cut, AggregateError::Truncated { element, .. } if element == "md:EntitiesDescriptor"),
        "{cut}"
    );
    for tail in ["<md:EntityDescriptor entityID=\"urn:x", "<md:Entity", "<!-- never closed"] {
        let cut = refuse(tail);
        assert!(matches!(cut, AggregateError::Truncated { .. }), "{tail}: {cut}");
    }
    let crossed = refuse("<md:a></md:b>");
    assert!(matches!(crossed, AggregateError::Xml(XmlError::Syntax { .. })), "{crossed}");
    let deep = refuse(&"<md:a>".repeat(MAX_DEPTH));
    assert!(matches!(deep, AggregateError::TooDeep { .. }), "{deep}");
    for huge in ["<md:a b=\"", "<!--", "<md:a>", "<"] {
        let tail = format!("{huge}{}", "y".repeat(MAX_PART + (128 << 10)));
        let huge = refuse(&tail);
        assert!(matches!(huge, AggregateError::PartTooLarge { .. }), "{huge}");
    }
    let large = refuse(&format!(
        "<md:EntityDescriptor entityID=\"urn:large\">{}",
        format!("<md:a>{}</md:a>", "z".repeat(500_000)).repeat(10)
    ));
    assert_eq!(large, AggregateError::EntityTooLarge { entity_id: "urn:large".to_owned() });
    let endless = refuse(&format!("<md:EntityDescriptor entityID=\"{}\"/>", "u".repeat(2_000)));
    assert!(matches!(endless, AggregateError::Xml(XmlError::BadValue { .. })), "{endless}");
    let nameless = refuse("<md:EntityDescriptor/>");
    assert!(matches!(nameless, AggregateError::Xml(XmlError::MissingAttribute { .. })), "{nameless}");
    let second = refuse(&format!("{CLOSING}<md:EntitiesDescriptor xmlns:md=\"urn:x\"/>"));
    assert!(matches!(second, AggregateError::Xml(XmlError::Syntax { .. })), "{second}");
    let text = refuse(&format!("{CLOSING} and more"));
    assert!(matches!(text, AggregateError::Xml(XmlError::Syntax { .. })), "{text}");

    let dtd = aggregate(200).map(|part| part.replace("?>\n", "?>\n<!DOCTYPE md [<!ENTITY a \"b\">]>"));
    let dtd = refused(dtd, Some(&wanted));
    assert!(matches!(dtd, AggregateError::Xml(XmlError::Dtd { at: Position { line: 2, .. } })), "{dtd}");
    let page = std::iter::once("<html><body>".to_owned()).chain((0..200).map(|_| "x".repeat(10_000)));
    assert_eq!(refused(page, None), AggregateError::Xml(XmlError::WebPage));
    let other = std::iter::once("<feed>".to_owned()).chain((0..200).map(|_| "x".repeat(10_000)));
    assert!(matches!(refused(other, None), AggregateError::Xml(XmlError::WrongRoot { .. })));
}

#[test]
fn an_entity_reference_in_the_piece_is_left_to_the_strict_reader() {
    let parts = aggregate(200)
        .map(|part| part.replace("idp7.example.org/sso?a=1&amp;", "idp7.example.org/sso?a=1&evil;"));
    let piece = piece(&mut stream(parts), Some(&id(7))).unwrap();
    assert!(Metadata::parse_bytes(&piece).is_err());
}

#[test]
fn a_source_that_fails_says_why() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _into: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the line is cut"))
        }
    }
    let mut source = stream(aggregate(200)).chain(Broken);
    // What was made is read first, then the line is cut before the end.
    let error = piece(&mut source, Some(&id(7)));
    assert!(matches!(error, Err(AggregateError::Read { reason }) if reason == "the line is cut"));
}
