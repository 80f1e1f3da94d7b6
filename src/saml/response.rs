//! Response: what an identity provider answers (saml-core-2.0 sections 2 and 3.3).
//!
//! Owns reading it for people: who, for whom, until when, with which attributes, and what of it carries a signature. It does not verify
//! signatures and does not decide whether a service provider would accept it; a value from here is evidence, never proof.

use std::collections::HashMap;

use jiff::Timestamp;
use roxmltree::Node;
use serde::Serialize;

use super::binding::{self, Expect, MessageError};
use super::certificate::Certificate;
use super::names::{
    AttributeNameFormat, AuthnContextClass, ConfirmationMethod, DigestAlgorithm, Identifier, NameIdFormat,
    SignatureAlgorithm, StatusCode, ns,
};
use super::xml::{self, Limits, XmlError};

/// A SAML response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// `ID`.
    pub id: String,
    /// Entity ID of the identity provider.
    pub issuer: Option<String>,
    /// Where it is sent; has to be the ACS URL.
    pub destination: Option<String>,
    /// `ID` of the request; none when the IdP started.
    pub in_response_to: Option<String>,
    /// When it was made.
    pub issue_instant: Timestamp,
    /// How it went.
    pub status: Status,
    /// Assertions that are readable.
    pub assertions: Vec<Assertion>,
    /// How many assertions are encrypted. Twilio accepts none.
    pub encrypted_assertions: usize,
    /// The signature over the whole response.
    pub signature: Option<SignatureInfo>,
}

/// How a request went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Top-level code.
    pub code: Identifier<StatusCode>,
    /// Second-level code.
    pub sub_code: Option<Identifier<StatusCode>>,
    /// Free text of the identity provider.
    pub message: Option<String>,
}

/// What an identity provider asserts about somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Assertion {
    /// `ID`.
    pub id: String,
    /// Entity ID of the identity provider.
    pub issuer: Option<String>,
    /// When it was made.
    pub issue_instant: Timestamp,
    /// About whom.
    pub subject: Option<Subject>,
    /// When and for whom it holds.
    pub conditions: Option<Conditions>,
    /// How and when the user logged in.
    pub authn_statements: Vec<AuthnStatement>,
    /// Attributes of all statements, in order; a name may come twice.
    pub attributes: Vec<Attribute>,
    /// How many attributes are encrypted.
    pub encrypted_attributes: usize,
    /// The signature over this assertion.
    pub signature: Option<SignatureInfo>,
}

/// About whom an assertion is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// The name, where it is readable.
    pub name_id: Option<NameId>,
    /// Whether the name is encrypted.
    pub encrypted: bool,
    /// Who may present the assertion, where and until when.
    pub confirmations: Vec<SubjectConfirmation>,
}

/// A name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NameId {
    /// The text exactly as sent, white space included.
    pub value: String,
    /// Its format.
    pub format: Option<Identifier<NameIdFormat>>,
    /// `NameQualifier`.
    pub name_qualifier: Option<String>,
    /// `SPNameQualifier`.
    pub sp_name_qualifier: Option<String>,
}

/// Who may present an assertion, where and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SubjectConfirmation {
    /// How the presenter proves to be the subject.
    pub method: Identifier<ConfirmationMethod>,
    /// Where it may be presented; has to be the ACS URL.
    pub recipient: Option<String>,
    /// From when on.
    pub not_before: Option<Timestamp>,
    /// Until just before when.
    pub not_on_or_after: Option<Timestamp>,
    /// `ID` of the request.
    pub in_response_to: Option<String>,
}

/// When and for whom an assertion holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conditions {
    /// From when on.
    pub not_before: Option<Timestamp>,
    /// Until just before when.
    pub not_on_or_after: Option<Timestamp>,
    /// The audience has to be in each of these lists (saml-core-2.0 section 2.5.1.4).
    pub audience_restrictions: Vec<Vec<String>>,
}

impl Conditions {
    /// Whether an entity ID is an audience: in every restriction. Without a restriction everybody is.
    pub fn admits(&self, entity_id: &str) -> bool {
        self.audience_restrictions
            .iter()
            .all(|audiences| audiences.iter().any(|audience| audience == entity_id))
    }
}

/// How and when the user logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthnStatement {
    /// When the user logged in at the IdP.
    pub authn_instant: Option<Timestamp>,
    /// Session at the IdP.
    pub session_index: Option<String>,
    /// When the session at the service provider has to end. Flex wants it absent, or well over an hour away.
    pub session_not_on_or_after: Option<Timestamp>,
    /// How the user logged in.
    pub context_class: Option<Identifier<AuthnContextClass>>,
}

/// One attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// Its name; compared exactly.
    pub name: String,
    /// How the name is to be read.
    pub name_format: Option<Identifier<AttributeNameFormat>>,
    /// A name for people.
    pub friendly_name: Option<String>,
    /// Its values, exactly as sent. An empty list and a list of one empty value are different things.
    pub values: Vec<String>,
}

/// A signature that is there. It has not been verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignatureInfo {
    /// How it was made.
    pub signature_algorithm: Option<Identifier<SignatureAlgorithm>>,
    /// What the signed content was hashed with.
    pub digest_algorithm: Option<Identifier<DigestAlgorithm>>,
    /// Canonicalization method of the `SignedInfo`.
    pub canonicalization: Option<String>,
    /// Whether it has exactly one reference, and that is the ID of the element around it, which no other element has.
    pub covers_parent: bool,
    /// The certificate it brings along. Whoever forges a response brings one too, so it proves nothing.
    pub certificate: Option<Certificate>,
}

impl Response {
    /// Reads XML, the base64 of the form value, or the whole form body (`SAMLResponse=...`), whichever was pasted.
    ///
    /// # Errors
    /// As the more exact readers below.
    pub fn parse(text: &str) -> Result<Self, MessageError> {
        let trimmed = text.trim_start_matches(|c: char| c == '\u{feff}' || xml::is_xml_space(c));
        if trimmed.starts_with('<') {
            return Self::from_xml(trimmed);
        }
        let mut pairs = url::form_urlencoded::parse(trimmed.trim_end().as_bytes())
            .filter(|(key, _)| key == "SAMLResponse")
            .map(|(_, value)| value);
        match (pairs.next(), pairs.next()) {
            (Some(_), Some(_)) => Err(MessageError::RepeatedParameter { name: "SAMLResponse" }),
            (Some(value), None) if !value.is_empty() => Self::from_base64(&value),
            _ => Self::from_base64(trimmed),
        }
    }

    /// Reads the form value of the HTTP-POST binding.
    ///
    /// # Errors
    /// Not base64, too much data, or XML that is not a Response of SAML 2.0.
    pub fn from_base64(value: &str) -> Result<Self, MessageError> {
        Self::from_xml(&binding::decode(value, Expect::Plain)?)
    }

    /// Reads XML.
    ///
    /// # Errors
    /// XML that is not a Response of SAML 2.0, or lacks what saml-core-2.0 requires of it.
    pub fn from_xml(text: &str) -> Result<Self, MessageError> {
        let document = xml::parse(text, Limits::MESSAGE)?;
        let root = document.root_element();
        if !xml::is(root, ns::PROTOCOL, "Response") {
            return Err(XmlError::WrongRoot {
                expected: "samlp:Response",
                found: root.tag_name().name().to_owned(),
                at: xml::at(root),
            }
            .into());
        }
        binding::check_version(root)?;
        let ids = Ids::of(root);
        Ok(Self {
            id: xml::required(root, "ID")?.to_owned(),
            issuer: issuer(root),
            destination: owned(root, "Destination"),
            in_response_to: owned(root, "InResponseTo"),
            issue_instant: xml::required_instant(root, "IssueInstant")?,
            status: status(root)?,
            assertions: xml::children(root, ns::ASSERTION, "Assertion")
                .map(|node| assertion(node, &ids))
                .collect::<Result<_, _>>()?,
            encrypted_assertions: xml::children(root, ns::ASSERTION, "EncryptedAssertion").count(),
            signature: signature(root, &ids),
        })
    }
}

/// How often each ID occurs: a signature over an ID that two elements share says nothing (signature wrapping).
struct Ids<'a>(HashMap<&'a str, usize>);

impl<'a> Ids<'a> {
    fn of(root: Node<'a, '_>) -> Self {
        let mut counts = HashMap::new();
        for node in root.descendants() {
            for attribute in node.attributes() {
                if attribute.namespace().is_none() && matches!(attribute.name(), "ID" | "Id" | "id") {
                    *counts.entry(attribute.value()).or_insert(0) += 1;
                }
            }
        }
        Self(counts)
    }

    fn is_unique(&self, id: &str) -> bool {
        self.0.get(id) == Some(&1)
    }
}

fn owned(node: Node<'_, '_>, name: &str) -> Option<String> {
    xml::attribute(node, name).map(str::to_owned)
}

fn issuer(node: Node<'_, '_>) -> Option<String> {
    xml::child(node, ns::ASSERTION, "Issuer").map(xml::token_of).filter(|issuer| !issuer.is_empty())
}

fn status(root: Node<'_, '_>) -> Result<Status, XmlError> {
    let missing = |parent: Node<'_, '_>, element| XmlError::MissingElement {
        parent: parent.tag_name().name().to_owned(),
        element,
        at: xml::at(parent),
    };
    let status = xml::child(root, ns::PROTOCOL, "Status").ok_or_else(|| missing(root, "Status"))?;
    let code = xml::child(status, ns::PROTOCOL, "StatusCode").ok_or_else(|| missing(status, "StatusCode"))?;
    Ok(Status {
        code: Identifier::from_uri(xml::required(code, "Value")?),
        sub_code: xml::child(code, ns::PROTOCOL, "StatusCode")
            .and_then(|inner| xml::attribute(inner, "Value"))
            .map(Identifier::from_uri),
        message: xml::child(status, ns::PROTOCOL, "StatusMessage")
            .map(xml::token_of)
            .filter(|message| !message.is_empty()),
    })
}

fn assertion(node: Node<'_, '_>, ids: &Ids<'_>) -> Result<Assertion, XmlError> {
    let statements = || xml::children(node, ns::ASSERTION, "AttributeStatement");
    Ok(Assertion {
        id: xml::required(node, "ID")?.to_owned(),
        issuer: issuer(node),
        issue_instant: xml::required_instant(node, "IssueInstant")?,
        subject: xml::child(node, ns::ASSERTION, "Subject").map(subject).transpose()?,
        conditions: xml::child(node, ns::ASSERTION, "Conditions").map(conditions).transpose()?,
        authn_statements: xml::children(node, ns::ASSERTION, "AuthnStatement")
            .map(authn_statement)
            .collect::<Result<_, _>>()?,
        attributes: statements()
            .flat_map(|statement| xml::children(statement, ns::ASSERTION, "Attribute"))
            .map(attribute)
            .collect::<Result<_, _>>()?,
        encrypted_attributes: statements()
            .flat_map(|statement| xml::children(statement, ns::ASSERTION, "EncryptedAttribute"))
            .count(),
        signature: signature(node, ids),
    })
}

fn subject(node: Node<'_, '_>) -> Result<Subject, XmlError> {
    Ok(Subject {
        name_id: xml::child(node, ns::ASSERTION, "NameID").map(|name| NameId {
            value: xml::text_of(name),
            format: xml::attribute(name, "Format").map(Identifier::from_uri),
            name_qualifier: owned(name, "NameQualifier"),
            sp_name_qualifier: owned(name, "SPNameQualifier"),
        }),
        encrypted: xml::child(node, ns::ASSERTION, "EncryptedID").is_some(),
        confirmations: xml::children(node, ns::ASSERTION, "SubjectConfirmation")
            .map(|confirmation| {
                let data = xml::child(confirmation, ns::ASSERTION, "SubjectConfirmationData");
                let time = |name| data.map(|data| xml::instant(data, name)).transpose().map(Option::flatten);
                Ok(SubjectConfirmation {
                    method: Identifier::from_uri(xml::required(confirmation, "Method")?),
                    recipient: data.and_then(|data| owned(data, "Recipient")),
                    not_before: time("NotBefore")?,
                    not_on_or_after: time("NotOnOrAfter")?,
                    in_response_to: data.and_then(|data| owned(data, "InResponseTo")),
                })
            })
            .collect::<Result<_, XmlError>>()?,
    })
}

fn conditions(node: Node<'_, '_>) -> Result<Conditions, XmlError> {
    Ok(Conditions {
        not_before: xml::instant(node, "NotBefore")?,
        not_on_or_after: xml::instant(node, "NotOnOrAfter")?,
        audience_restrictions: xml::children(node, ns::ASSERTION, "AudienceRestriction")
            .map(|restriction| {
                xml::children(restriction, ns::ASSERTION, "Audience").map(xml::token_of).collect()
            })
            .collect(),
    })
}

fn authn_statement(node: Node<'_, '_>) -> Result<AuthnStatement, XmlError> {
    Ok(AuthnStatement {
        authn_instant: xml::instant(node, "AuthnInstant")?,
        session_index: owned(node, "SessionIndex"),
        session_not_on_or_after: xml::instant(node, "SessionNotOnOrAfter")?,
        context_class: xml::child(node, ns::ASSERTION, "AuthnContext")
            .and_then(|context| xml::child(context, ns::ASSERTION, "AuthnContextClassRef"))
            .map(|class| Identifier::from_uri(&xml::token_of(class))),
    })
}

fn attribute(node: Node<'_, '_>) -> Result<Attribute, XmlError> {
    // The name is not trimmed beyond what `required` does to find it empty: Flex compares names exactly, so a space in one must show.
    xml::required(node, "Name")?;
    Ok(Attribute {
        name: node.attribute("Name").unwrap_or_default().to_owned(),
        name_format: xml::attribute(node, "NameFormat").map(Identifier::from_uri),
        friendly_name: owned(node, "FriendlyName"),
        values: xml::children(node, ns::ASSERTION, "AttributeValue").map(xml::text_of).collect(),
    })
}

fn signature(parent: Node<'_, '_>, ids: &Ids<'_>) -> Option<SignatureInfo> {
    let node = xml::child(parent, ns::XMLDSIG, "Signature")?;
    let info = xml::child(node, ns::XMLDSIG, "SignedInfo");
    let algorithm = |name: &'static str| {
        info.and_then(|info| xml::child(info, ns::XMLDSIG, name))
            .and_then(|method| xml::attribute(method, "Algorithm"))
    };
    let references: Vec<Node<'_, '_>> =
        info.into_iter().flat_map(|info| xml::children(info, ns::XMLDSIG, "Reference")).collect();
    let covers_parent = match references.as_slice() {
        [only] => parent.attribute("ID").is_some_and(|id| {
            only.attribute("URI").and_then(|uri| uri.strip_prefix('#')) == Some(id) && ids.is_unique(id)
        }),
        _ => false,
    };
    Some(SignatureInfo {
        signature_algorithm: algorithm("SignatureMethod").map(Identifier::from_uri),
        digest_algorithm: references
            .first()
            .and_then(|reference| xml::child(*reference, ns::XMLDSIG, "DigestMethod"))
            .and_then(|method| xml::attribute(method, "Algorithm"))
            .map(Identifier::from_uri),
        canonicalization: algorithm("CanonicalizationMethod").map(str::to_owned),
        covers_parent,
        certificate: xml::child(node, ns::XMLDSIG, "KeyInfo")
            .and_then(|key| xml::child(key, ns::XMLDSIG, "X509Data"))
            .and_then(|data| xml::child(data, ns::XMLDSIG, "X509Certificate"))
            .and_then(|text| Certificate::from_base64(&xml::text_of(text)).ok()),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RESPONSE: &str = include_str!("testdata/response.xml");

    #[test]
    fn a_whole_response_is_read() {
        let response = Response::parse(RESPONSE).unwrap();
        assert_eq!(response.status.code, StatusCode::Success);
        assert_eq!(response.encrypted_assertions, 0);
        let [assertion] = response.assertions.as_slice() else { panic!("one assertion") };
        let name = assertion.subject.as_ref().unwrap().name_id.as_ref().unwrap();
        assert_eq!(name.value, "agent@example.com");
        assert_eq!(name.format, Some(NameIdFormat::EmailAddress.into()));
        let conditions = assertion.conditions.as_ref().unwrap();
        assert!(conditions.admits("urn:flex:JQ00000000000000000000000000000001"));
        assert!(!conditions.admits("urn:flex:JQ00000000000000000000000000000002"));
        let roles = assertion.attributes.iter().find(|attribute| attribute.name == "roles").unwrap();
        assert_eq!(roles.values, ["agent", "supervisor"]);
        let signature = response.signature.as_ref().unwrap();
        assert!(signature.covers_parent);
        assert_eq!(signature.signature_algorithm, Some(SignatureAlgorithm::RsaSha256.into()));
        assert!(assertion.signature.is_none());
        insta::assert_json_snapshot!(response);
    }

    #[test]
    fn every_form_that_people_paste_is_read() {
        let expected = Response::from_xml(RESPONSE).unwrap();
        let value = binding::encode_plain(RESPONSE);
        let body: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("RelayState", "x")
            .append_pair("SAMLResponse", &value)
            .finish();
        for text in [format!("\u{feff}\n{RESPONSE}"), value.clone(), format!("{value}\n"), body] {
            assert_eq!(Response::parse(&text).as_ref(), Ok(&expected));
        }
    }

    #[test]
    fn a_refusal_carries_its_reason() {
        let text = r#"<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="r" Version="2.0"
            IssueInstant="2026-01-01T00:00:00Z"><p:Status>
            <p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder">
              <p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:NoPassive"/></p:StatusCode>
            <p:StatusMessage> not assigned </p:StatusMessage></p:Status></p:Response>"#;
        let response = Response::from_xml(text).unwrap();
        assert_eq!(
            response.status,
            Status {
                code: StatusCode::Responder.into(),
                sub_code: Some(StatusCode::NoPassive.into()),
                message: Some("not assigned".to_owned()),
            }
        );
        assert!(response.assertions.is_empty());
    }

    #[test]
    fn a_comment_does_not_change_who_it_is_about() {
        let text = RESPONSE.replace(
            "agent@example.com</saml:NameID>",
            "agent@example.com<!-- -->.evil.example</saml:NameID>",
        );
        let response = Response::from_xml(&text).unwrap();
        let subject = response.assertions[0].subject.as_ref().unwrap();
        assert_eq!(subject.name_id.as_ref().unwrap().value, "agent@example.com.evil.example");
    }

    #[test]
    fn a_signature_over_something_else_covers_nothing() {
        let elsewhere = RESPONSE.replace("URI=\"#_response\"", "URI=\"#_assertion\"");
        assert!(!Response::from_xml(&elsewhere).unwrap().signature.unwrap().covers_parent);
        let twins = RESPONSE.replace("ID=\"_assertion\"", "ID=\"_response\"");
        assert!(!Response::from_xml(&twins).unwrap().signature.unwrap().covers_parent);
    }

    #[test]
    fn other_documents_are_refused_by_name() {
        assert!(matches!(
            Response::parse("<saml:Assertion xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion'/>"),
            Err(MessageError::Xml(XmlError::WrongRoot { expected: "samlp:Response", .. }))
        ));
        assert_eq!(Response::parse("what is this?"), Err(MessageError::Base64));
        let no_status = RESPONSE.replace("samlp:Status>", "samlp:State>");
        assert!(matches!(
            Response::from_xml(&no_status),
            Err(MessageError::Xml(XmlError::MissingElement { element: "Status", .. }))
        ));
    }

    proptest! {
        #[test]
        fn damaged_responses_never_panic(cut in any::<prop::sample::Index>(), insert in "[<>&;\"'a-z/ !\\-\\[\\]]{0,6}", drop in 0..8_usize) {
            let at = cut.index(RESPONSE.len());
            let end = (at + drop).min(RESPONSE.len());
            let text = format!("{}{insert}{}", &RESPONSE[..at], &RESPONSE[end..]);
            let _ = Response::parse(&text);
        }
    }
}
