//! AuthnRequest: what a service provider asks an identity provider (saml-core-2.0 section 3.4).
//!
//! A request tells more about a service provider than its console does: its entity ID, its ACS URL, the address of the IdP that it stores, and
//! whether it signs. Owns reading and writing of the request; signatures are noticed, never made or verified.

use jiff::Timestamp;
use roxmltree::Node;
use serde::Serialize;
use url::Url;

use super::binding::{self, Expect, MessageError};
use super::names::{Binding, Identifier, NameIdFormat, SignatureAlgorithm, ns};
use super::xml::{self, Limits, Writer, XmlError};

/// Whether and where a request is signed. Says nothing about whether the signature is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SignaturePresence {
    /// Not signed.
    None,
    /// In the query of the HTTP-Redirect binding (`Signature`).
    Query {
        /// `SigAlg`, which has to be there but need not.
        #[serde(rename = "sigAlg")]
        sig_alg: Option<Identifier<SignatureAlgorithm>>,
    },
    /// Inside the XML.
    Embedded {
        /// The `SignatureMethod`.
        #[serde(rename = "sigAlg")]
        sig_alg: Option<Identifier<SignatureAlgorithm>>,
    },
}

/// A request to authenticate somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthnRequest {
    /// `ID`, an XML name that the response repeats.
    pub id: String,
    /// Entity ID of the service provider.
    pub issuer: Option<String>,
    /// Where the request is sent: the IdP's SSO URL as the service provider has it.
    pub destination: Option<String>,
    /// Where the response shall go (`AssertionConsumerServiceURL`).
    pub acs_url: Option<String>,
    /// Index of an ACS in the service provider's metadata, in place of a URL.
    pub acs_index: Option<u16>,
    /// Binding of the response.
    pub protocol_binding: Option<Identifier<Binding>>,
    /// `NameIDPolicy/@Format`.
    pub name_id_format: Option<Identifier<NameIdFormat>>,
    /// `NameIDPolicy/@AllowCreate`.
    pub allow_create: Option<bool>,
    /// When it was made.
    pub issue_instant: Timestamp,
    /// Asks for a fresh login.
    pub force_authn: bool,
    /// Forbids the IdP to show anything.
    pub is_passive: bool,
    /// Whether and where it is signed.
    pub signature: SignaturePresence,
    /// `RelayState`, which travels beside the request and must come back with the response.
    pub relay_state: Option<String>,
}

impl AuthnRequest {
    /// Reads a request from the URL of the HTTP-Redirect binding.
    ///
    /// # Errors
    /// No or several `SAMLRequest`, another encoding than DEFLATE, too much data, or XML that is not an AuthnRequest of SAML 2.0.
    pub fn from_redirect_url(url: &Url) -> Result<Self, MessageError> {
        let message = binding::parameter(url, "SAMLRequest")?
            .ok_or(MessageError::MissingParameter { name: "SAMLRequest" })?;
        if let Some(encoding) = binding::parameter(url, "SAMLEncoding")?
            && encoding != DEFLATE
        {
            return Err(MessageError::UnknownEncoding { given: encoding.chars().take(80).collect() });
        }
        let mut request = Self::from_xml(&binding::decode(&message, Expect::Deflated)?)?;
        request.relay_state = binding::parameter(url, "RelayState")?;
        if binding::parameter(url, "Signature")?.is_some() {
            let sig_alg = binding::parameter(url, "SigAlg")?;
            request.signature =
                SignaturePresence::Query { sig_alg: sig_alg.as_deref().map(Identifier::from_uri) };
        }
        Ok(request)
    }

    /// Reads a request from the form values of the HTTP-POST binding.
    ///
    /// # Errors
    /// Not base64, too much data, or XML that is not an AuthnRequest of SAML 2.0.
    pub fn from_post(saml_request: &str, relay_state: Option<&str>) -> Result<Self, MessageError> {
        let mut request = Self::from_xml(&binding::decode(saml_request, Expect::Plain)?)?;
        request.relay_state = relay_state.map(str::to_owned);
        Ok(request)
    }

    /// Reads a request from its XML; `relay_state` stays empty.
    ///
    /// # Errors
    /// XML that is not an AuthnRequest of SAML 2.0.
    pub fn from_xml(text: &str) -> Result<Self, MessageError> {
        let document = xml::parse(text, Limits::MESSAGE)?;
        let root = document.root_element();
        if !xml::is(root, ns::PROTOCOL, "AuthnRequest") {
            return Err(XmlError::WrongRoot {
                expected: "samlp:AuthnRequest",
                found: root.tag_name().name().to_owned(),
                at: xml::at(root),
            }
            .into());
        }
        binding::check_version(root)?;
        let policy = xml::child(root, ns::PROTOCOL, "NameIDPolicy");
        let allow_create = policy.map(|policy| xml::boolean(policy, "AllowCreate")).transpose()?.flatten();
        Ok(Self {
            id: xml::required(root, "ID")?.to_owned(),
            issuer: xml::child(root, ns::ASSERTION, "Issuer")
                .map(xml::token_of)
                .filter(|issuer| !issuer.is_empty()),
            destination: xml::attribute(root, "Destination").map(str::to_owned),
            acs_url: xml::attribute(root, "AssertionConsumerServiceURL").map(str::to_owned),
            acs_index: xml::unsigned_short(root, "AssertionConsumerServiceIndex")?,
            protocol_binding: xml::attribute(root, "ProtocolBinding").map(Identifier::from_uri),
            name_id_format: policy
                .and_then(|policy| xml::attribute(policy, "Format"))
                .map(Identifier::from_uri),
            allow_create,
            issue_instant: xml::required_instant(root, "IssueInstant")?,
            force_authn: xml::boolean(root, "ForceAuthn")?.unwrap_or(false),
            is_passive: xml::boolean(root, "IsPassive")?.unwrap_or(false),
            signature: embedded_signature(root),
            relay_state: None,
        })
    }

    /// The request as XML, unsigned whatever [`AuthnRequest::signature`] says.
    pub fn to_xml(&self) -> String {
        let index = self.acs_index.map(|index| index.to_string());
        let instant = self.issue_instant.to_string();
        let yes = |flag: bool| flag.then_some("true");
        let mut writer = Writer::message();
        writer.open(
            "samlp:AuthnRequest",
            &[
                ("xmlns:samlp", Some(ns::PROTOCOL)),
                ("xmlns:saml", Some(ns::ASSERTION)),
                ("ID", Some(&self.id)),
                ("Version", Some("2.0")),
                ("IssueInstant", Some(&instant)),
                ("Destination", self.destination.as_deref()),
                ("ForceAuthn", yes(self.force_authn)),
                ("IsPassive", yes(self.is_passive)),
                ("AssertionConsumerServiceIndex", index.as_deref()),
                ("AssertionConsumerServiceURL", self.acs_url.as_deref()),
                ("ProtocolBinding", self.protocol_binding.as_ref().map(Identifier::uri)),
            ],
        );
        if let Some(issuer) = &self.issuer {
            writer.text("saml:Issuer", &[], issuer);
        }
        if self.name_id_format.is_some() || self.allow_create.is_some() {
            writer.empty(
                "samlp:NameIDPolicy",
                &[
                    ("Format", self.name_id_format.as_ref().map(Identifier::uri)),
                    ("AllowCreate", self.allow_create.map(|allow| if allow { "true" } else { "false" })),
                ],
            );
        }
        writer.finish()
    }

    /// The URL that sends this request by the HTTP-Redirect binding, unsigned. What `sso_url` has in its query stays, except for SAML's
    /// own parameters.
    pub fn encode_redirect(&self, sso_url: &Url) -> Url {
        const OURS: [&str; 5] = ["SAMLRequest", "RelayState", "SAMLEncoding", "SigAlg", "Signature"];
        let kept: Vec<(String, String)> = sso_url
            .query_pairs()
            .filter(|(key, _)| !OURS.contains(&key.as_ref()))
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .collect();
        let mut url = sso_url.clone();
        url.set_query(None);
        let mut query = url.query_pairs_mut();
        query.extend_pairs(kept).append_pair("SAMLRequest", &binding::encode_deflated(&self.to_xml()));
        if let Some(relay_state) = &self.relay_state {
            query.append_pair("RelayState", relay_state);
        }
        drop(query);
        url
    }

    /// The `SAMLRequest` form value of the HTTP-POST binding, unsigned.
    pub fn encode_post(&self) -> String {
        binding::encode_plain(&self.to_xml())
    }
}

/// The only value of `SAMLEncoding` (saml-bindings-2.0 section 3.4.4.1).
const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";

fn embedded_signature(root: Node<'_, '_>) -> SignaturePresence {
    match xml::child(root, ns::XMLDSIG, "Signature") {
        None => SignaturePresence::None,
        Some(signature) => SignaturePresence::Embedded {
            sig_alg: xml::child(signature, ns::XMLDSIG, "SignedInfo")
                .and_then(|info| xml::child(info, ns::XMLDSIG, "SignatureMethod"))
                .and_then(|method| xml::attribute(method, "Algorithm"))
                .map(Identifier::from_uri),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::names::KnownUri as _;
    use super::*;

    const FLEX: &str = r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_f3"
        Version="2.0" IssueInstant="2026-03-01T10:00:00Z" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
        Destination="https://idp.example/sso"
        AssertionConsumerServiceURL="https://login.flex.us1.twilio.com/login/callback?connection=JQ00000000000000000000000000000001">
        <saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">urn:flex:JQ00000000000000000000000000000001</saml:Issuer>
      </samlp:AuthnRequest>"#;

    #[test]
    fn a_flex_request_tells_what_flex_stores() {
        let request = AuthnRequest::from_xml(FLEX).unwrap();
        assert_eq!(request.issuer.as_deref(), Some("urn:flex:JQ00000000000000000000000000000001"));
        assert_eq!(request.destination.as_deref(), Some("https://idp.example/sso"));
        assert_eq!(request.protocol_binding, Some(Binding::HttpPost.into()));
        assert_eq!(request.name_id_format, None);
        assert_eq!(request.signature, SignaturePresence::None);
        assert!(!request.force_authn);
    }

    #[test]
    fn signatures_are_noticed_where_they_are() {
        let request = AuthnRequest::from_xml(FLEX).unwrap();
        let mut url = request.encode_redirect(&Url::parse("https://idp.example/sso?tenant=a").unwrap());
        url.query_pairs_mut()
            .append_pair("SigAlg", SignatureAlgorithm::RsaSha256.uri())
            .append_pair("Signature", "AAAA");
        assert_eq!(
            AuthnRequest::from_redirect_url(&url).unwrap().signature,
            SignaturePresence::Query { sig_alg: Some(SignatureAlgorithm::RsaSha256.into()) }
        );
        let embedded = FLEX.replace(
            "</saml:Issuer>",
            r#"</saml:Issuer><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>
               <SignatureMethod Algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1"/></SignedInfo></Signature>"#,
        );
        assert_eq!(
            AuthnRequest::from_post(&binding::encode_plain(&embedded), Some("state")).unwrap().signature,
            SignaturePresence::Embedded { sig_alg: Some(SignatureAlgorithm::RsaSha1.into()) }
        );
    }

    #[test]
    fn the_query_of_the_sso_url_is_kept_and_ours_is_replaced() {
        let request = AuthnRequest::from_xml(FLEX).unwrap();
        let sso =
            Url::parse("https://idp.example/samlp/c?connection=Username+Password&RelayState=old").unwrap();
        let url = request.encode_redirect(&sso);
        let keys: Vec<String> = url.query_pairs().map(|(key, _)| key.into_owned()).collect();
        assert_eq!(keys, ["connection", "SAMLRequest"]);
        assert_eq!(url.query_pairs().next().unwrap().1, "Username Password");
    }

    #[test]
    fn other_things_are_refused_by_name() {
        let url = |text: &str| Url::parse(text).unwrap();
        assert_eq!(
            AuthnRequest::from_redirect_url(&url("https://idp.example/login")),
            Err(MessageError::MissingParameter { name: "SAMLRequest" })
        );
        assert_eq!(
            AuthnRequest::from_redirect_url(&url("https://idp.example/?SAMLRequest=a&SAMLRequest=b")),
            Err(MessageError::RepeatedParameter { name: "SAMLRequest" })
        );
        assert!(matches!(
            AuthnRequest::from_redirect_url(&url("https://idp.example/?SAMLRequest=a&SAMLEncoding=gzip")),
            Err(MessageError::UnknownEncoding { .. })
        ));
        assert_eq!(
            AuthnRequest::from_xml(&FLEX.replace("\"2.0\"", "\"1.1\"")),
            Err(MessageError::Version { found: "1.1".to_owned() })
        );
        assert!(matches!(
            AuthnRequest::from_xml("<Response/>"),
            Err(MessageError::Xml(XmlError::WrongRoot { expected: "samlp:AuthnRequest", .. }))
        ));
        assert!(matches!(
            AuthnRequest::from_xml(&FLEX.replace("IssueInstant", "Issued")),
            Err(MessageError::Xml(XmlError::MissingAttribute { attribute: "IssueInstant", .. }))
        ));
    }

    fn word() -> impl Strategy<Value = String> {
        // Every kind of character that has to be escaped somewhere, but no white space at the ends, which XML drops.
        "[a-z&<>\"'%+=#\u{e9}\u{1f600}]([a-z /?&<>\"'%+=#\u{e9}]{0,20}[a-z&<>])?"
    }

    prop_compose! {
        fn requests()(
            id in "_[a-f0-9]{8,32}",
            texts in prop::array::uniform4(prop::option::of(word())),
            acs_index in prop::option::of(any::<u16>()),
            binding in prop::option::of(prop::sample::select(Binding::ALL)),
            format in prop::option::of(prop_oneof![
                prop::sample::select(NameIdFormat::ALL).prop_map(Identifier::Known),
                word().prop_map(|uri| Identifier::from_uri(&uri)),
            ]),
            allow_create in prop::option::of(any::<bool>()),
            seconds in 0..4_000_000_000_i64,
            flags in any::<(bool, bool)>(),
        ) -> AuthnRequest {
            let [issuer, destination, acs_url, relay_state] = texts;
            AuthnRequest {
                id, issuer, destination, acs_url, acs_index,
                protocol_binding: binding.map(Identifier::Known),
                name_id_format: format,
                allow_create,
                issue_instant: Timestamp::from_second(seconds).unwrap(),
                force_authn: flags.0,
                is_passive: flags.1,
                signature: SignaturePresence::None,
                relay_state,
            }
        }
    }

    proptest! {
        #[test]
        fn requests_round_trip(request in requests()) {
            let sso = Url::parse("https://idp.example/sso?keep=1").unwrap();
            let redirected = AuthnRequest::from_redirect_url(&request.encode_redirect(&sso)).unwrap();
            prop_assert_eq!(&redirected, &request);
            let posted = AuthnRequest::from_post(&request.encode_post(), request.relay_state.as_deref()).unwrap();
            prop_assert_eq!(&posted, &request);
        }
    }
}
