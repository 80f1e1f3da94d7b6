//! Metadata as vendors publish it, and back and forth.

use proptest::prelude::*;

use super::super::names::KnownUri as _;
use super::*;

const CERTIFICATE: &str = include_str!("../testdata/rsa2048.pem");
const ISSUED: &str = include_str!("../testdata/rsa-issued.pem");

fn certificate() -> Certificate {
    Certificate::from_pem(CERTIFICATE).unwrap()
}

/// Metadata shaped like Okta's: http entity ID, wrapped base64, ISO-8859-1 declared or not.
fn okta(declaration: &str) -> String {
    let body: String =
        CERTIFICATE.lines().filter(|line| !line.starts_with('-')).map(|line| format!("{line}\n")).collect();
    format!(
        r#"{declaration}<md:EntityDescriptor entityID="http://www.okta.com/exk1" xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">
<md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>{body}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>
<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://example.okta.com/app/twilio/exk1/sso/saml"/>
<md:SingleSignOnService Binding="urn:mace:shibboleth:1.0:profiles:AuthnRequest" Location="https://example.okta.com/shib"/>
</md:IDPSSODescriptor></md:EntityDescriptor>"#
    )
}

fn minimal(entity_id: &str, role: &str) -> String {
    format!(
        r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id}"><{role} protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/></EntityDescriptor>"#
    )
}

fn group(attributes: &str, inner: &str) -> String {
    format!(
        r#"<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" {attributes}>{inner}</EntitiesDescriptor>"#
    )
}

#[test]
fn vendor_metadata_is_read_whatever_it_declares() {
    for declaration in [
        "",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
        "\u{feff}<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\r\n",
    ] {
        let metadata = Metadata::parse_bytes(okta(declaration).as_bytes()).unwrap();
        let (entity, idp) = metadata.select_idp(None).unwrap();
        assert_eq!(entity.entity_id, "http://www.okta.com/exk1");
        assert_eq!(idp.signing_certificates, [certificate()]);
        assert!(idp.encryption_certificates.is_empty());
        assert_eq!(
            idp.sso_location(Binding::HttpPost),
            Some("https://example.okta.com/app/twilio/exk1/sso/saml")
        );
        assert_eq!(idp.sso_location(Binding::HttpRedirect), None);
        assert_eq!(idp.name_id_formats, [NameIdFormat::EmailAddress]);
        assert!(
            matches!(&idp.single_sign_on[1].binding, Identifier::Other(uri) if uri.starts_with("urn:mace"))
        );
    }
}

#[test]
fn a_key_without_use_serves_both_and_repeats_once() {
    let text = okta("").replace(" use=\"signing\"", "");
    let key = &text[text.find("<md:KeyDescriptor").unwrap()..text.find("<md:NameIDFormat").unwrap()];
    let twice = text.replace(key, &key.repeat(2));
    let metadata = Metadata::parse(&twice).unwrap();
    let (_, idp) = metadata.select_idp(None).unwrap();
    assert_eq!(idp.signing_certificates, [certificate()]);
    assert_eq!(idp.encryption_certificates, [certificate()]);
}

#[test]
fn a_chain_does_not_widen_trust_and_pem_inside_is_read() {
    let chain = okta("").replace(
        "</ds:X509Certificate>",
        &format!(
            "</ds:X509Certificate><ds:X509Certificate>{}</ds:X509Certificate>",
            Certificate::from_pem(ISSUED).unwrap().to_base64()
        ),
    );
    let metadata = Metadata::parse(&chain).unwrap();
    assert_eq!(metadata.select_idp(None).unwrap().1.signing_certificates, [certificate()]);
    let with_dashes = okta("")
        .replace("<ds:X509Certificate>", "<ds:X509Certificate>-----BEGIN CERTIFICATE-----\n")
        .replace("</ds:X509Certificate>", "-----END CERTIFICATE-----</ds:X509Certificate>");
    assert_eq!(Metadata::parse(&with_dashes).unwrap(), Metadata::parse(&okta("")).unwrap());
}

#[test]
fn a_broken_certificate_has_a_place() {
    let text = okta("").replace("<ds:X509Certificate>", "<ds:X509Certificate>*");
    assert_eq!(
        Metadata::parse(&text),
        Err(MetadataError::Certificate {
            at: Position { line: 3, column: 104 },
            source: CertificateError::Base64 { line: None }
        })
    );
}

#[test]
fn groups_are_flattened_and_bound_what_is_in_them() {
    let inner = group(
        "validUntil='2026-06-01T00:00:00Z'",
        &minimal("urn:a", "IDPSSODescriptor")
            .replace("entityID", "validUntil='2027-01-01T00:00:00Z' cacheDuration='P1DT1H' entityID"),
    );
    let text = group("validUntil='2028-01-01T00:00:00Z'", &(inner + &minimal("urn:b", "SPSSODescriptor")));
    let metadata = Metadata::parse(&text).unwrap();
    let a = metadata.select(Some("urn:a")).unwrap();
    assert_eq!(a.valid_until.unwrap().to_string(), "2026-06-01T00:00:00Z");
    assert_eq!(a.cache_duration, Some(SignedDuration::from_hours(25)));
    assert_eq!(metadata.entities[1].valid_until.unwrap().to_string(), "2028-01-01T00:00:00Z");
    // The only identity provider is chosen although there are two entities.
    assert_eq!(metadata.select_idp(None).unwrap().0.entity_id, "urn:a");
}

#[test]
fn deep_groups_are_read_in_linear_time() {
    let depth = 20_000;
    let xml = group(
        "",
        &("<EntitiesDescriptor>".repeat(depth)
            + &minimal("urn:a", "IDPSSODescriptor")
            + &"</EntitiesDescriptor>".repeat(depth)),
    );
    assert_eq!(Metadata::parse(&xml).unwrap().entities.len(), 1);
}

#[test]
fn the_choice_is_never_guessed() {
    let text = group("", &(minimal("urn:a", "IDPSSODescriptor") + &minimal("urn:b", "IDPSSODescriptor")));
    let metadata = Metadata::parse(&text).unwrap();
    let both = ["urn:a", "urn:b"];
    assert_eq!(
        metadata.select(None),
        Err(SelectError::Several { entities: Nearest::of(None, both.iter().copied()) })
    );
    assert_eq!(metadata.select(Some("urn:b")).unwrap().entity_id, "urn:b");
    assert_eq!(
        metadata.select(Some("urn:A")),
        Err(SelectError::NotFound {
            wanted: "urn:A".to_owned(),
            entities: Nearest::of(Some("urn:A"), both.iter().copied())
        })
    );
    let twins = group("", &minimal("urn:a", "IDPSSODescriptor").repeat(2));
    assert!(matches!(
        Metadata::parse(&twins).unwrap().select(Some("urn:a")),
        Err(SelectError::Several { .. })
    ));
    let sp = Metadata::parse(&minimal("urn:sp", "SPSSODescriptor")).unwrap();
    assert_eq!(
        sp.select_idp(None),
        Err(SelectError::NoIdentityProvider { entities: Nearest::of(None, ["urn:sp"]) })
    );
}

#[test]
fn roles_of_other_protocols_are_passed_over() {
    let text = minimal("urn:a", "IDPSSODescriptor").replace("SAML:2.0:protocol", "SAML:1.1:protocol");
    assert_eq!(Metadata::parse(&text).unwrap().entities[0].idp, None);
}

#[test]
fn what_is_not_metadata_is_said() {
    assert_eq!(Metadata::parse("<html><body/></html>"), Err(XmlError::WebPage.into()));
    assert!(matches!(Metadata::parse("<!DOCTYPE a><a/>"), Err(MetadataError::Xml(XmlError::Dtd { .. }))));
    assert!(matches!(
        Metadata::parse("<feed/>"),
        Err(MetadataError::Xml(XmlError::WrongRoot { expected: "md:EntityDescriptor", .. }))
    ));
    assert_eq!(Metadata::parse(&group("", "")), Err(MetadataError::NoEntity));
    assert!(matches!(
        Metadata::parse(&minimal("", "IDPSSODescriptor")),
        Err(MetadataError::Xml(XmlError::MissingAttribute { attribute: "entityID", .. }))
    ));
    let soon = minimal("urn:a", "IDPSSODescriptor").replace("entityID", "validUntil='soon' entityID");
    assert!(matches!(Metadata::parse(&soon), Err(MetadataError::Xml(XmlError::BadValue { .. }))));
}

#[test]
fn the_default_acs_follows_the_specification() {
    let acs = |index, is_default| AssertionConsumerService {
        index,
        binding: Binding::HttpPost.into(),
        location: format!("https://sp.example/{index}"),
        is_default,
    };
    let of = |list: &[AssertionConsumerService]| {
        let sp = SpDescriptor { assertion_consumer_services: list.to_vec(), ..SpDescriptor::default() };
        sp.default_acs().map(|acs| acs.index)
    };
    assert_eq!(of(&[acs(0, None), acs(1, Some(true))]), Some(1));
    assert_eq!(of(&[acs(0, Some(false)), acs(1, None)]), Some(1));
    assert_eq!(of(&[acs(0, Some(false))]), Some(0));
    assert_eq!(of(&[]), None);
}

#[test]
fn service_provider_metadata_as_people_get_it() {
    let sp = SpDescriptor {
        entity_id: "urn:flex:JQ00000000000000000000000000000001".to_owned(),
        assertion_consumer_services: vec![AssertionConsumerService {
            index: 0,
            binding: Binding::HttpPost.into(),
            location: "https://login.flex.us1.twilio.com/login/callback?connection=JQ1&a=b".to_owned(),
            is_default: Some(true),
        }],
        name_id_formats: vec![NameIdFormat::EmailAddress.into()],
        want_assertions_signed: true,
        requested_attributes: vec![RequestedAttribute {
            name: "roles".to_owned(),
            name_format: Some(AttributeNameFormat::Unspecified.into()),
            friendly_name: None,
            required: true,
        }],
        service_name: Some("Twilio Flex".to_owned()),
        ..SpDescriptor::default()
    };
    insta::assert_snapshot!(write_sp_metadata(&sp), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:flex:JQ00000000000000000000000000000001">
      <md:SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
        <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>
        <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://login.flex.us1.twilio.com/login/callback?connection=JQ1&amp;a=b" index="0" isDefault="true"/>
        <md:AttributeConsumingService index="0">
          <md:ServiceName xml:lang="en">Twilio Flex</md:ServiceName>
          <md:RequestedAttribute Name="roles" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified" isRequired="true"/>
        </md:AttributeConsumingService>
      </md:SPSSODescriptor>
    </md:EntityDescriptor>
    "#);
}

fn word() -> impl Strategy<Value = String> {
    "[a-z&<>\"'\u{e9}:/]([a-z &<>\"'\u{e9}:/?=]{0,16}[a-z&<>])?"
}

fn endpoint() -> impl Strategy<Value = Endpoint> {
    let binding = prop_oneof![
        prop::sample::select(Binding::ALL).prop_map(Identifier::Known),
        word().prop_map(|uri| Identifier::from_uri(&uri)),
    ];
    (binding, word(), prop::option::of(word())).prop_map(|(binding, location, response_location)| Endpoint {
        binding,
        location,
        response_location,
    })
}

fn keys() -> impl Strategy<Value = Vec<Certificate>> {
    let both = vec![certificate(), Certificate::from_pem(ISSUED).unwrap()];
    prop::sample::subsequence(both, 0..=2)
}

fn formats() -> impl Strategy<Value = Vec<Identifier<NameIdFormat>>> {
    prop::collection::vec(prop::sample::select(NameIdFormat::ALL).prop_map(Identifier::Known), 0..3)
}

fn named() -> impl Strategy<Value = (String, Option<Identifier<AttributeNameFormat>>, Option<String>)> {
    let format = prop::sample::select(AttributeNameFormat::ALL).prop_map(Identifier::Known);
    (word(), prop::option::of(format), prop::option::of(word()))
}

prop_compose! {
    fn entities()(
        entity_id in word(),
        until in prop::option::of(0..4_000_000_000_i64),
        cache in prop::option::of((0..1_000_000_i64, 0..1_000_000_000_i32)),
        signing in keys(),
        encryption in keys(),
        single_sign_on in prop::collection::vec(endpoint(), 0..3),
        single_logout in prop::collection::vec(endpoint(), 0..3),
        name_id_formats in formats(),
        want_authn_requests_signed in any::<bool>(),
        attributes in prop::collection::vec(named(), 0..3),
        organization in prop::option::of(prop::array::uniform3(word())),
    ) -> Entity {
        Entity {
            entity_id,
            valid_until: until.map(|seconds| Timestamp::from_second(seconds).unwrap()),
            cache_duration: cache.map(|(seconds, nanos)| SignedDuration::new(seconds, nanos)),
            idp: Some(IdpDescriptor {
                signing_certificates: signing,
                encryption_certificates: encryption,
                single_sign_on,
                single_logout,
                name_id_formats,
                want_authn_requests_signed,
                attributes: attributes
                    .into_iter()
                    .map(|(name, name_format, friendly_name)| AttributeDeclaration { name, name_format, friendly_name })
                    .collect(),
            }),
            sp: None,
            organization: organization.map(|[name, display_name, url]| Organization { name, display_name, url }),
        }
    }
}

prop_compose! {
    fn service_providers()(
        entity_id in word(),
        acs in prop::collection::vec((any::<u16>(), endpoint(), any::<Option<bool>>()), 0..3),
        single_logout in prop::collection::vec(endpoint(), 0..3),
        name_id_formats in formats(),
        flags in any::<(bool, bool)>(),
        signing in keys(),
        encryption in keys(),
        service_name in word(),
        attributes in prop::collection::vec((named(), any::<bool>()), 0..3),
    ) -> SpDescriptor {
        SpDescriptor {
            entity_id,
            assertion_consumer_services: acs
                .into_iter()
                .map(|(index, endpoint, is_default)| AssertionConsumerService {
                    index,
                    binding: endpoint.binding,
                    location: endpoint.location,
                    is_default,
                })
                .collect(),
            single_logout,
            name_id_formats,
            want_assertions_signed: flags.0,
            authn_requests_signed: flags.1,
            signing_certificates: signing,
            encryption_certificates: encryption,
            service_name: (!attributes.is_empty()).then_some(service_name),
            requested_attributes: attributes
                .into_iter()
                .map(|((name, name_format, friendly_name), required)| RequestedAttribute {
                    name,
                    name_format,
                    friendly_name,
                    required,
                })
                .collect(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn idp_metadata_round_trips(entity in entities()) {
        let metadata = Metadata::parse(&write_idp_metadata(&entity)).unwrap();
        prop_assert_eq!(metadata.entities, vec![entity]);
    }

    #[test]
    fn sp_metadata_round_trips(sp in service_providers()) {
        let metadata = Metadata::parse(&write_sp_metadata(&sp)).unwrap();
        prop_assert_eq!(metadata.select(None).unwrap().sp.as_ref(), Some(&sp));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Metadata::parse_bytes(&bytes);
    }

    #[test]
    fn damaged_metadata_never_panics(cut in any::<prop::sample::Index>(), insert in "[<>&;\"'a-z0-9/ !\\-=]{0,6}", drop in 0..8_usize) {
        let text = group("validUntil='2026-06-01T00:00:00Z' cacheDuration='P1Y2M3DT4H5M6.7S'", &okta(""));
        let at = cut.index(text.len());
        let end = (at + drop).min(text.len());
        let _ = Metadata::parse(&format!("{}{insert}{}", &text[..at], &text[end..]));
    }
}
