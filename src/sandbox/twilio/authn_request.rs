//! The AuthnRequest that Flex sends, in the HTTP-Redirect binding (SAML 2.0 Bindings, section 3.4): deflated, Base64, in the query. It is
//! not signed.

use std::io::Write as _;

use base64::Engine as _;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use jiff::Timestamp;
use url::Url;

use crate::sandbox::ids;

use super::console_page::escape;
use super::profile::Profile;

/// The identity provider's address with `SAMLRequest` and `RelayState`; what the stored URL's query has stays.
pub(crate) fn redirect(profile: &Profile, relay_state: &str, now: Timestamp) -> Option<String> {
    let mut url = Url::parse(&profile.sso_url).ok()?;
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(xml(profile, now).as_bytes()).ok()?;
    let deflated = encoder.finish().ok()?;
    let request = base64::engine::general_purpose::STANDARD.encode(deflated);
    url.query_pairs_mut().append_pair("SAMLRequest", &request).append_pair("RelayState", relay_state);
    Some(url.into())
}

fn xml(profile: &Profile, now: Timestamp) -> String {
    format!(
        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_{id}\" Version=\"2.0\" \
         IssueInstant=\"{instant}\" Destination=\"{destination}\" \
         ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         AssertionConsumerServiceURL=\"{acs}\">\
         <saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{issuer}</saml:Issuer>\
         <samlp:NameIDPolicy Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\" AllowCreate=\"true\"/>\
         </samlp:AuthnRequest>",
        id = ids::hex32(),
        instant = ids::millis(now),
        destination = escape(&profile.sso_url),
        acs = escape(&profile.acs_url()),
        issuer = escape(&profile.entity_id()),
    )
}
