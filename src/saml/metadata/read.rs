//! Metadata from XML.
//!
//! Tolerant where vendors differ (encodings, foreign roles and bindings, several X.509 data), strict where a mistake would change trust
//! (certificates, `validUntil`, entity IDs).

use jiff::{SignedDuration, Span, Timestamp};
use roxmltree::Node;

use super::super::certificate::Certificate;
use super::super::names::{Identifier, KnownUri, ns};
use super::super::xml::{self, Limits, XmlError};
use super::{
    AssertionConsumerService, AttributeDeclaration, Endpoint, Entity, IdpDescriptor, Metadata, MetadataError,
    Organization, RequestedAttribute, SpDescriptor,
};

impl Metadata {
    /// Reads an `EntityDescriptor`, or an `EntitiesDescriptor` however nested.
    ///
    /// # Errors
    /// XML over the limits, with a DTD, not well-formed, or not metadata; certificates that cannot be read; no entity.
    pub fn parse(text: &str) -> Result<Self, MetadataError> {
        let document = xml::parse(text, Limits::METADATA)?;
        let root = document.root_element();
        let signed = xml::child(root, ns::XMLDSIG, "Signature").is_some();
        let mut entities = Vec::new();
        if xml::is(root, ns::METADATA, "EntityDescriptor")
            || xml::is(root, ns::METADATA, "EntitiesDescriptor")
        {
            // Not recursive: how deep groups nest is the sender's choice.
            let mut pending = vec![(root, None)];
            while let Some((node, outer)) = pending.pop() {
                let until = earliest(outer, xml::instant(node, "validUntil")?);
                if xml::is(node, ns::METADATA, "EntityDescriptor") {
                    entities.push(entity(node, until)?);
                } else {
                    let members = node.children().rev().filter(|child| {
                        xml::is(*child, ns::METADATA, "EntityDescriptor")
                            || xml::is(*child, ns::METADATA, "EntitiesDescriptor")
                    });
                    pending.extend(members.map(|member| (member, until)));
                }
            }
        } else if root.tag_name().name().eq_ignore_ascii_case("html") {
            return Err(XmlError::WebPage.into());
        } else {
            return Err(XmlError::WrongRoot {
                expected: "md:EntityDescriptor",
                found: root.tag_name().name().to_owned(),
                at: xml::at(root),
            }
            .into());
        }
        if entities.is_empty() { Err(MetadataError::NoEntity) } else { Ok(Self { entities, signed }) }
    }

    /// Reads bytes as they were downloaded; see [`xml::decode`] for the encodings.
    ///
    /// # Errors
    /// As [`Metadata::parse`], and bytes that are not text.
    pub fn parse_bytes(bytes: &[u8]) -> Result<Self, MetadataError> {
        Self::parse(&xml::decode(bytes, Limits::METADATA)?)
    }
}

fn entity(node: Node<'_, '_>, valid_until: Option<Timestamp>) -> Result<Entity, MetadataError> {
    let entity_id = xml::required(node, "entityID")?.to_owned();
    let idp = role(node, "IDPSSODescriptor").map(idp).transpose()?;
    let sp = role(node, "SPSSODescriptor").map(|node| sp(node, &entity_id)).transpose()?;
    Ok(Entity {
        valid_until,
        cache_duration: cache_duration(node)?,
        idp,
        sp,
        organization: xml::child(node, ns::METADATA, "Organization").map(organization),
        entity_id,
    })
}

/// The first role descriptor that speaks SAML 2.0. The attribute is required; where it is missing nonetheless, SAML 2.0 is meant.
fn role<'a, 'i: 'a>(node: Node<'a, 'i>, name: &'static str) -> Option<Node<'a, 'i>> {
    xml::children(node, ns::METADATA, name).find(|role| {
        role.attribute("protocolSupportEnumeration").is_none_or(|protocols| {
            protocols.split(xml::is_xml_space).any(|protocol| protocol == ns::PROTOCOL)
        })
    })
}

/// A group's `validUntil` bounds everything in it (saml-metadata-2.0 section 2.3.1).
fn earliest(outer: Option<Timestamp>, own: Option<Timestamp>) -> Option<Timestamp> {
    match (outer, own) {
        (Some(outer), Some(own)) => Some(outer.min(own)),
        (one, other) => one.or(other),
    }
}

fn cache_duration(node: Node<'_, '_>) -> Result<Option<SignedDuration>, XmlError> {
    let Some(value) = xml::attribute(node, "cacheDuration") else { return Ok(None) };
    value
        .parse::<Span>()
        .ok()
        .and_then(seconds_of)
        .map(Some)
        .ok_or_else(|| xml::bad_value(node, "duration", value))
}

fn seconds_of(span: Span) -> Option<SignedDuration> {
    let days = i64::from(span.get_years()) * 365
        + i64::from(span.get_months()) * 30
        + i64::from(span.get_weeks()) * 7
        + i64::from(span.get_days());
    let seconds = days
        .checked_mul(86_400)?
        .checked_add(i64::from(span.get_hours()) * 3600)?
        .checked_add(span.get_minutes().checked_mul(60)?)?
        .checked_add(span.get_seconds())?;
    let fraction = SignedDuration::from_millis(span.get_milliseconds())
        .checked_add(SignedDuration::from_micros(span.get_microseconds()))?
        .checked_add(SignedDuration::from_nanos(span.get_nanoseconds()))?;
    SignedDuration::from_secs(seconds).checked_add(fraction)
}

fn organization(node: Node<'_, '_>) -> Organization {
    let text = |name: &'static str| {
        let english = xml::children(node, ns::METADATA, name).find(|text| {
            text.attribute((ns::XML, "lang")).is_some_and(|lang| lang == "en" || lang.starts_with("en-"))
        });
        english.or_else(|| xml::child(node, ns::METADATA, name)).map(xml::token_of).unwrap_or_default()
    };
    Organization {
        name: text("OrganizationName"),
        display_name: text("OrganizationDisplayName"),
        url: text("OrganizationURL"),
    }
}

fn idp(node: Node<'_, '_>) -> Result<IdpDescriptor, MetadataError> {
    let (signing_certificates, encryption_certificates) = certificates(node)?;
    Ok(IdpDescriptor {
        signing_certificates,
        encryption_certificates,
        single_sign_on: endpoints(node, "SingleSignOnService")?,
        single_logout: endpoints(node, "SingleLogoutService")?,
        name_id_formats: name_id_formats(node),
        want_authn_requests_signed: xml::boolean(node, "WantAuthnRequestsSigned")?.unwrap_or(false),
        attributes: xml::children(node, ns::ASSERTION, "Attribute")
            .map(|attribute| {
                Ok(AttributeDeclaration {
                    name: xml::required(attribute, "Name")?.to_owned(),
                    name_format: xml::attribute(attribute, "NameFormat").map(Identifier::from_uri),
                    friendly_name: xml::attribute(attribute, "FriendlyName").map(str::to_owned),
                })
            })
            .collect::<Result<_, XmlError>>()?,
    })
}

fn sp(node: Node<'_, '_>, entity_id: &str) -> Result<SpDescriptor, MetadataError> {
    let (signing_certificates, encryption_certificates) = certificates(node)?;
    let service = xml::child(node, ns::METADATA, "AttributeConsumingService");
    Ok(SpDescriptor {
        entity_id: entity_id.to_owned(),
        assertion_consumer_services: xml::children(node, ns::METADATA, "AssertionConsumerService")
            .map(|acs| {
                xml::required(acs, "index")?;
                Ok(AssertionConsumerService {
                    index: xml::unsigned_short(acs, "index")?.unwrap_or_default(),
                    binding: identifier(acs, "Binding")?,
                    location: xml::required(acs, "Location")?.to_owned(),
                    is_default: xml::boolean(acs, "isDefault")?,
                })
            })
            .collect::<Result<_, XmlError>>()?,
        single_logout: endpoints(node, "SingleLogoutService")?,
        name_id_formats: name_id_formats(node),
        want_assertions_signed: xml::boolean(node, "WantAssertionsSigned")?.unwrap_or(false),
        authn_requests_signed: xml::boolean(node, "AuthnRequestsSigned")?.unwrap_or(false),
        signing_certificates,
        encryption_certificates,
        service_name: service
            .and_then(|service| xml::child(service, ns::METADATA, "ServiceName"))
            .map(xml::token_of)
            .filter(|name| !name.is_empty()),
        requested_attributes: service
            .into_iter()
            .flat_map(|service| xml::children(service, ns::METADATA, "RequestedAttribute"))
            .map(|attribute| {
                Ok(RequestedAttribute {
                    name: xml::required(attribute, "Name")?.to_owned(),
                    name_format: xml::attribute(attribute, "NameFormat").map(Identifier::from_uri),
                    friendly_name: xml::attribute(attribute, "FriendlyName").map(str::to_owned),
                    required: xml::boolean(attribute, "isRequired")?.unwrap_or(false),
                })
            })
            .collect::<Result<_, XmlError>>()?,
    })
}

fn identifier<T: KnownUri>(node: Node<'_, '_>, name: &'static str) -> Result<Identifier<T>, XmlError> {
    xml::required(node, name).map(Identifier::from_uri)
}

fn endpoints(node: Node<'_, '_>, name: &'static str) -> Result<Vec<Endpoint>, XmlError> {
    xml::children(node, ns::METADATA, name)
        .map(|endpoint| {
            Ok(Endpoint {
                binding: identifier(endpoint, "Binding")?,
                location: xml::required(endpoint, "Location")?.to_owned(),
                response_location: xml::attribute(endpoint, "ResponseLocation").map(str::to_owned),
            })
        })
        .collect()
}

fn name_id_formats<T: KnownUri>(node: Node<'_, '_>) -> Vec<Identifier<T>> {
    xml::children(node, ns::METADATA, "NameIDFormat")
        .map(|format| Identifier::from_uri(&xml::token_of(format)))
        .collect()
}

/// Certificates for signing and for encryption.
///
/// Of each `X509Data` only the first certificate counts: it holds the key, the rest is its chain, and trusting a chain's authority as a
/// signing key would trust everything that it ever issued.
fn certificates(node: Node<'_, '_>) -> Result<(Vec<Certificate>, Vec<Certificate>), MetadataError> {
    let mut signing = Vec::new();
    let mut encryption = Vec::new();
    for key in xml::children(node, ns::METADATA, "KeyDescriptor") {
        let purpose = xml::attribute(key, "use");
        let first_ones = xml::children(key, ns::XMLDSIG, "KeyInfo")
            .flat_map(|info| xml::children(info, ns::XMLDSIG, "X509Data"))
            .filter_map(|data| xml::child(data, ns::XMLDSIG, "X509Certificate"));
        for element in first_ones {
            let text = xml::text_of(element);
            // Some products put the whole PEM file into the element.
            let read =
                if text.contains("-----BEGIN") { Certificate::from_pem } else { Certificate::from_base64 };
            let certificate =
                read(&text).map_err(|source| MetadataError::Certificate { at: xml::at(element), source })?;
            match purpose {
                Some("signing") => add(&mut signing, certificate),
                Some("encryption") => add(&mut encryption, certificate),
                None => {
                    add(&mut signing, certificate.clone());
                    add(&mut encryption, certificate);
                }
                Some(other) => {
                    return Err(xml::bad_value(key, "key use (signing or encryption)", other).into());
                }
            }
        }
    }
    Ok((signing, encryption))
}

fn add(list: &mut Vec<Certificate>, certificate: Certificate) {
    if !list.contains(&certificate) {
        list.push(certificate);
    }
}
