//! The `EmailDomain` kind: an e-mail domain of a Twilio organization.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An e-mail domain of a Twilio organization. Twilio re-checks the proof every 24 hours; when it is gone, the domain is
/// removed after 30 days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailDomainSpec {
    /// The domain, for instance `connie.one`. Public mail providers' domains are refused by Twilio.
    pub domain: String,
    /// How its ownership is proven.
    #[serde(default)]
    pub verification: Verification,
    /// What people with an address in it may do.
    #[serde(default)]
    pub sign_up: SignUp,
}

/// How the ownership of a domain is proven.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Verification {
    /// By which method.
    #[serde(default)]
    pub method: VerificationMethod,
    /// The token that the Twilio Console shows, 32 hexadecimal digits; known once the domain was added there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9a-f]{32}$"))]
    pub token: Option<String>,
}

/// Twilio's methods to verify a domain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum VerificationMethod {
    /// A TXT record at `_twilio.<domain>`.
    #[default]
    Dns,
    /// A file at the web root.
    Https,
}

/// What people with an address in the domain may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SignUp {
    /// They join when they are invited.
    #[default]
    InvitationOnly,
    /// They join when they sign up.
    AutoJoin,
    /// They do not join.
    NoMembership,
}
