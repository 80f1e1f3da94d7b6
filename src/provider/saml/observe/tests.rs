//! What is said of metadata, and of which certificates are trusted.

use super::*;
use crate::{
    component::{Address, Capability, Field, Marker, Rule},
    diagnostics::{Location, SourceFile, Span},
    saml::Binding,
};

const ONE: &str = include_str!("../../../saml/testdata/rsa2048.pem");
const OTHER: &str = include_str!("../../../saml/testdata/rsa-issued.pem");

fn certificate(pem: &str) -> Certificate {
    Certificate::from_pem(pem).unwrap()
}

fn component(kind: &str) -> Component {
    let address: Address = format!("nss/IdentityProvider/idp/{kind}").parse().unwrap();
    let origin = Location { source: SourceFile::new("test.yaml", String::new()), span: Span::default() };
    let marker = Marker { project: "p".to_owned(), address };
    Component::new(marker, Realm::new("saml", "nss/idp"), "", "", origin)
}

fn entity(certificates: &[&str]) -> Entity {
    Entity {
        entity_id: "urn:idp".to_owned(),
        sign_on: (Binding::HttpRedirect, "https://idp/sso".to_owned()),
        certificates: certificates.iter().map(|pem| certificate(pem)).collect(),
        valid_until: None,
        wants_signed_requests: false,
    }
}

fn observed(observation: Observation) -> Observed {
    match observation {
        Observation::Present(observed) => *observed,
        other => panic!("{other:?}"),
    }
}

fn confirmed(text: &str) -> Component {
    let mut component = component(kind::TRUST);
    component.attested_outputs.insert(FINGERPRINTS.to_owned(), text.to_owned());
    component
}

#[test]
fn only_pinned_certificates_are_passed_on_where_some_are_pinned() {
    let mut pinned = component(kind::METADATA);
    let pins = Value::texts([plain(&certificate(ONE))]);
    pinned.fields.push(Field::new(field::FINGERPRINTS, pins, Capability::Observed).by(Rule::Set));
    let now = Timestamp::UNIX_EPOCH;
    let seen = observed(metadata(&pinned, &entity(&[ONE, OTHER]), now));
    assert_eq!(seen.outputs[field::CERTIFICATES], list(&[certificate(ONE)]));
    assert_eq!(seen.fields[field::FINGERPRINTS].as_list().unwrap().len(), 2, "both are seen");
    let replaced = observed(metadata(&pinned, &entity(&[OTHER]), now));
    assert!(!replaced.outputs.contains_key(field::CERTIFICATES));
    let free = observed(metadata(&component(kind::METADATA), &entity(&[ONE, OTHER]), now));
    assert_eq!(free.outputs[field::CERTIFICATES].as_list().unwrap().len(), 2);
}

#[test]
fn metadata_end() {
    let until = |seconds: i64| {
        let entity = Entity { valid_until: Some(Timestamp::from_second(seconds).unwrap()), ..entity(&[ONE]) };
        let now = Timestamp::from_second(100).unwrap();
        observed(metadata(&component(kind::METADATA), &entity, now)).fields[field::IS_CURRENT].clone()
    };
    assert_eq!((until(101), until(100)), (true.into(), false.into()));
}

#[test]
fn a_certificate_is_trusted_once_its_fingerprint_was_noted() {
    assert!(matches!(trust(&component(kind::TRUST), &entity(&[ONE])), Observation::Absent));
    let one = certificate(ONE);
    for noted in
        [one.sha256_fingerprint().to_owned(), plain(&one), format!("x, {}\n", one.sha256_fingerprint())]
    {
        let seen = observed(trust(&confirmed(&noted), &entity(&[ONE, OTHER])));
        assert_eq!(seen.fields[field::CERTIFICATES], list(&[certificate(ONE)]), "{noted}");
        assert_eq!(seen.outputs[field::CERTIFICATES], list(&[certificate(ONE)]));
    }
}

#[test]
fn a_certificate_that_was_replaced_is_shown_by_its_fingerprint_and_nothing_is_passed_on() {
    let one = certificate(ONE);
    let seen = observed(trust(&confirmed(one.sha256_fingerprint()), &entity(&[OTHER])));
    let shown = seen.fields[field::CERTIFICATES].as_list().unwrap()[0].as_text().unwrap().to_owned();
    assert!(shown.contains(one.sha256_fingerprint()), "{shown}");
    assert!(seen.outputs.is_empty());
}
