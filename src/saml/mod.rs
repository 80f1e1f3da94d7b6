//! SAML 2.0 as Concord needs it: names, certificates, metadata, requests and responses.
//!
//! Everything here is pure: text in, typed values out, and back. No vendor, no network, no clock, no printing. Signatures
//! are reported, not verified: what is shown as signed still has to be proven by whoever trusts it.
//!
//! | question | file |
//! | --- | --- |
//! | what a URN means and how the language spells it | [`names`] |
//! | what a certificate says | [`certificate`] |
//! | what an IdP or SP publishes about itself | [`metadata`] |
//! | how one entity is found among thousands | [`aggregate`] |
//! | what a service provider asked for | [`authn_request`] |
//! | what an identity provider answered | [`response`] |
//! | how messages travel (base64, DEFLATE) | [`binding`] |
//! | how XML is read with limits, and written escaped | [`xml`] |

// A test that unwraps a `None` fails, which is what it is for.

pub mod aggregate;
pub mod authn_request;
pub mod binding;
pub mod certificate;
pub mod metadata;
pub mod names;
pub mod response;
pub mod xml;

pub use aggregate::AggregateError;
pub use authn_request::{AuthnRequest, SignaturePresence};
pub use binding::MessageError;
pub use certificate::{Certificate, CertificateError, PublicKey, SelfSignature, Validity};
pub use metadata::{
    AssertionConsumerService, AttributeDeclaration, Endpoint, Entity, IdpDescriptor, Metadata, MetadataError,
    Nearest, Organization, RequestedAttribute, SelectError, SpDescriptor, write_idp_metadata,
    write_sp_metadata,
};
pub use names::{
    AttributeNameFormat, AuthnContextClass, Binding, ConfirmationMethod, DigestAlgorithm, Identifier,
    KnownUri, NameIdFormat, SignatureAlgorithm, StatusCode, UnknownName,
};
pub use response::{
    Assertion, Attribute, AuthnStatement, Conditions, NameId, Response, SignatureInfo, Status, Subject,
    SubjectConfirmation,
};
pub use xml::{Position, XmlError};
