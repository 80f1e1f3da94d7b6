//! The seam of a test login: what a played service provider asks a played identity provider, and what it gets. Nothing is signed; the
//! certificate that would have signed stands for the signature.

use std::collections::BTreeMap;

use jiff::Timestamp;
use url::Url;

/// A user's attempt to sign in at a service provider.
#[derive(Clone, Debug)]
pub(crate) struct SignIn<'a> {
    /// Where the service provider sends the user: the single sign-on URL that it has stored.
    pub(crate) sso_url: &'a Url,
    /// The service provider's entity ID, which is the issuer of its request.
    pub(crate) entity_id: &'a str,
    /// Where the service provider wants the response.
    pub(crate) acs_url: &'a str,
    /// The user's e-mail address.
    pub(crate) email: &'a str,
    /// The time of the attempt.
    pub(crate) now: Timestamp,
}

/// What the identity provider would send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assertion {
    /// The Issuer.
    pub(crate) issuer: String,
    /// The certificate, in PEM, whose key signs.
    pub(crate) certificate: String,
    /// The Audience.
    pub(crate) audience: String,
    /// The Recipient of the subject confirmation.
    pub(crate) recipient: String,
    /// The Destination of the response.
    pub(crate) destination: String,
    /// Whether the response itself is signed, and not the assertion alone.
    pub(crate) response_signed: bool,
    /// Whether the assertion itself is signed.
    pub(crate) assertion_signed: bool,
    /// Whether the assertion is encrypted.
    pub(crate) encrypted: bool,
    /// Whether the response brings the service provider's RelayState back.
    pub(crate) returns_relay_state: bool,
    /// The NameID.
    pub(crate) name_id: String,
    /// The NameID's format.
    pub(crate) name_id_format: String,
    /// The attributes with their values.
    pub(crate) attributes: BTreeMap<String, Vec<String>>,
}

/// Why there is no usable response, on either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// A stable word for programs, for example `audience_mismatch`.
    pub(crate) reason: &'static str,
    /// What happened, for people.
    pub(crate) message: String,
}

impl Refused {
    pub(crate) fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}
