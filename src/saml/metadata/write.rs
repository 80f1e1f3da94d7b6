//! Metadata to XML, in the order that the schema wants (saml-schema-metadata-2.0.xsd).
//!
//! Written for other products to read: declared UTF-8, one role each, unsigned. Every value is escaped; control characters, which XML
//! cannot hold, become U+FFFD.

use jiff::SignedDuration;

use super::super::certificate::Certificate;
use super::super::names::{Identifier, KnownUri, ns};
use super::super::xml::Writer;
use super::{Endpoint, Entity, IdpDescriptor, Organization, SpDescriptor};

/// The metadata of an identity provider. Its role as service provider, if it has one, is left out.
pub fn write_idp_metadata(entity: &Entity) -> String {
    let valid_until = entity.valid_until.map(|until| until.to_string());
    let cache_duration = entity.cache_duration.map(duration);
    let mut writer = Writer::document();
    writer.open(
        "md:EntityDescriptor",
        &[
            ("xmlns:md", Some(ns::METADATA)),
            ("entityID", Some(&entity.entity_id)),
            ("validUntil", valid_until.as_deref()),
            ("cacheDuration", cache_duration.as_deref()),
        ],
    );
    if let Some(idp) = &entity.idp {
        idp_role(&mut writer, idp);
    }
    if let Some(organization) = &entity.organization {
        write_organization(&mut writer, organization);
    }
    writer.finish()
}

/// The metadata of a service provider.
pub fn write_sp_metadata(sp: &SpDescriptor) -> String {
    let mut writer = Writer::document();
    writer
        .open("md:EntityDescriptor", &[("xmlns:md", Some(ns::METADATA)), ("entityID", Some(&sp.entity_id))]);
    writer.open(
        "md:SPSSODescriptor",
        &[
            ("AuthnRequestsSigned", Some(boolean(sp.authn_requests_signed))),
            ("WantAssertionsSigned", Some(boolean(sp.want_assertions_signed))),
            ("protocolSupportEnumeration", Some(ns::PROTOCOL)),
        ],
    );
    keys(&mut writer, &sp.signing_certificates, &sp.encryption_certificates);
    endpoints(&mut writer, "md:SingleLogoutService", &sp.single_logout);
    name_id_formats(&mut writer, &sp.name_id_formats);
    for acs in &sp.assertion_consumer_services {
        let index = acs.index.to_string();
        writer.empty(
            "md:AssertionConsumerService",
            &[
                ("Binding", Some(acs.binding.uri())),
                ("Location", Some(&acs.location)),
                ("index", Some(&index)),
                ("isDefault", acs.is_default.map(boolean)),
            ],
        );
    }
    // The schema allows the service only with at least one attribute, and then wants a name.
    if !sp.requested_attributes.is_empty() {
        writer.open("md:AttributeConsumingService", &[("index", Some("0"))]);
        let name = sp.service_name.as_deref().unwrap_or(&sp.entity_id);
        writer.text("md:ServiceName", &[("xml:lang", Some("en"))], name);
        for attribute in &sp.requested_attributes {
            writer.empty(
                "md:RequestedAttribute",
                &[
                    ("Name", Some(&attribute.name)),
                    ("NameFormat", attribute.name_format.as_ref().map(Identifier::uri)),
                    ("FriendlyName", attribute.friendly_name.as_deref()),
                    ("isRequired", Some(boolean(attribute.required))),
                ],
            );
        }
    }
    writer.finish()
}

fn idp_role(writer: &mut Writer, idp: &IdpDescriptor) {
    writer.open(
        "md:IDPSSODescriptor",
        &[
            ("WantAuthnRequestsSigned", Some(boolean(idp.want_authn_requests_signed))),
            ("protocolSupportEnumeration", Some(ns::PROTOCOL)),
        ],
    );
    keys(writer, &idp.signing_certificates, &idp.encryption_certificates);
    endpoints(writer, "md:SingleLogoutService", &idp.single_logout);
    name_id_formats(writer, &idp.name_id_formats);
    endpoints(writer, "md:SingleSignOnService", &idp.single_sign_on);
    for attribute in &idp.attributes {
        writer.empty(
            "saml:Attribute",
            &[
                ("xmlns:saml", Some(ns::ASSERTION)),
                ("Name", Some(&attribute.name)),
                ("NameFormat", attribute.name_format.as_ref().map(Identifier::uri)),
                ("FriendlyName", attribute.friendly_name.as_deref()),
            ],
        );
    }
    writer.close();
}

fn write_organization(writer: &mut Writer, organization: &Organization) {
    let english = [("xml:lang", Some("en"))];
    writer
        .open("md:Organization", &[])
        .text("md:OrganizationName", &english, &organization.name)
        .text("md:OrganizationDisplayName", &english, &organization.display_name)
        .text("md:OrganizationURL", &english, &organization.url)
        .close();
}

fn keys(writer: &mut Writer, signing: &[Certificate], encryption: &[Certificate]) {
    let signing = signing.iter().map(|certificate| ("signing", certificate));
    let encryption = encryption.iter().map(|certificate| ("encryption", certificate));
    for (purpose, certificate) in signing.chain(encryption) {
        writer
            .open("md:KeyDescriptor", &[("use", Some(purpose))])
            .open("ds:KeyInfo", &[("xmlns:ds", Some(ns::XMLDSIG))])
            .open("ds:X509Data", &[])
            .text("ds:X509Certificate", &[], &certificate.to_base64())
            .close()
            .close()
            .close();
    }
}

fn endpoints(writer: &mut Writer, name: &'static str, endpoints: &[Endpoint]) {
    for endpoint in endpoints {
        writer.empty(
            name,
            &[
                ("Binding", Some(endpoint.binding.uri())),
                ("Location", Some(&endpoint.location)),
                ("ResponseLocation", endpoint.response_location.as_deref()),
            ],
        );
    }
}

fn name_id_formats<T: KnownUri>(writer: &mut Writer, formats: &[Identifier<T>]) {
    for format in formats {
        writer.text("md:NameIDFormat", &[], format.uri());
    }
}

fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// `xs:duration` in seconds, which every reader understands: `PT3600S`.
fn duration(duration: SignedDuration) -> String {
    let sign = if duration.is_negative() { "-" } else { "" };
    let length = duration.unsigned_abs();
    match length.subsec_nanos() {
        0 => format!("{sign}PT{}S", length.as_secs()),
        nanos => format!("{sign}PT{}.{nanos:09}S", length.as_secs()),
    }
}
