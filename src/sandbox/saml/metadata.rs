//! The metadata that an identity provider publishes (saml-metadata-2.0), written by hand here so that they are not made by what reads them.

use std::fmt::Write as _;

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

use crate::sandbox::{certificate, ids};

use super::provider::Provider;

const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const SOAP: &str = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP";

/// All of it: the identity provider alone, or among others.
pub(super) fn write(host: &str, provider: &Provider, now: Timestamp) -> String {
    let until = provider.valid_days.map_or_else(String::new, |days| {
        let until = now.to_zoned(TimeZone::UTC).saturating_add(days.clamp(-30_000, 30_000).days());
        format!(" validUntil=\"{}\"", ids::seconds(until.timestamp()))
    });
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let namespaces =
        "xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";
    if provider.others == 0 {
        xml.push_str(&entity(host, provider, &provider.entity_id, &format!(" {namespaces}{until}")));
        return xml;
    }
    // Writing into a text does not fail.
    let _ = writeln!(xml, "<md:EntitiesDescriptor {namespaces}{until}>");
    for other in 0..provider.others {
        xml.push_str(&entity(host, provider, &format!("{}/other-{other}", provider.entity_id), ""));
    }
    xml.push_str(&entity(host, provider, &provider.entity_id, ""));
    xml.push_str("</md:EntitiesDescriptor>\n");
    xml
}

fn entity(host: &str, provider: &Provider, entity_id: &str, attributes: &str) -> String {
    let keys: String = provider
        .certificates
        .iter()
        .filter_map(|pem| certificate::read(pem).ok())
        .map(|read| {
            format!(
                "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>\
                 </ds:KeyInfo></md:KeyDescriptor>\n",
                read.base64()
            )
        })
        .collect();
    let location = format!("https://{host}{}", escape(&provider.sso_path));
    let services: String = [POST, REDIRECT, SOAP]
        .map(|binding| format!("<md:SingleSignOnService Binding=\"{binding}\" Location=\"{location}\"/>\n"))
        .concat();
    format!(
        "<md:EntityDescriptor entityID=\"{}\"{attributes}><md:IDPSSODescriptor WantAuthnRequestsSigned=\"{}\" \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\n{keys}\
         <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>\n{services}\
         </md:IDPSSODescriptor></md:EntityDescriptor>\n",
        escape(entity_id),
        provider.want_authn_requests_signed,
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
