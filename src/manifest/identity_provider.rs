//! The `IdentityProvider` kind.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    sso_profile::Signing,
    tenant::{Auth0, Google, Okta, Salesforce},
};

/// One identity provider: whose product it is, how its signing certificate comes to be trusted, and defaults for the
/// applications in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdentityProviderSpec {
    /// Whose product it is.
    pub vendor: Vendor,
    /// Where its issuer, sign-on URL and signing certificates come from.
    #[serde(default)]
    pub trust: Trust,
    /// What applications in it have unless the profile says otherwise.
    #[serde(default)]
    pub defaults: ApplicationDefaults,
    /// The Okta organization, where it is not the tenant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub okta: Option<Okta>,
    /// The Auth0 tenant, where it is not the tenant's: several can stand side by side for one Flex instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth0: Option<Auth0>,
    /// The Google Workspace customer, where it is not the tenant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub google: Option<Google>,
    /// The Salesforce organization, where it is not the tenant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salesforce: Option<Salesforce>,
}

/// Identity-provider products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Vendor {
    /// Okta Workforce Identity.
    Okta,
    /// Auth0 by Okta.
    Auth0,
    /// Salesforce as an identity provider.
    Salesforce,
    /// Google Workspace.
    Google,
    /// Any other SAML 2.0 identity provider, by its metadata.
    Saml,
}

impl Vendor {
    /// The word that manifests use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Okta => "okta",
            Self::Auth0 => "auth0",
            Self::Salesforce => "salesforce",
            Self::Google => "google",
            Self::Saml => "saml",
        }
    }

    /// The name that people know.
    pub fn title(self) -> &'static str {
        match self {
            Self::Okta => "Okta",
            Self::Auth0 => "Auth0",
            Self::Salesforce => "Salesforce",
            Self::Google => "Google",
            Self::Saml => "SAML 2.0 identity provider",
        }
    }
}

impl std::fmt::Display for Vendor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the identity provider's signing certificate comes to be trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trust {
    /// The metadata to believe. Left out, vendors that have an API are asked for the application's own metadata; the vendor
    /// `saml` needs it, or pinned values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<MetadataSource>,
    /// The entity to take where the metadata describe several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<String>,
    /// The issuer (entity ID), where there are no metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The single sign-on URL, where there are no metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sso_url: Option<Url>,
    /// The certificates that are trusted. Where metadata are read too, these pin them: a certificate in the metadata that is
    /// not pinned here is reported and not passed on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<CertificateRef>,
}

/// Where SAML metadata come from. Exactly one of the two forms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum MetadataSource {
    /// A URL, read without credentials.
    Url(Url),
    /// A file, relative to the project's folder.
    File(String),
}

/// A certificate. Exactly one of the three forms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum CertificateRef {
    /// The certificate as PEM text, with its dashes (RFC 7468).
    Pem(String),
    /// A PEM or DER file, relative to the project's folder.
    File(String),
    /// The SHA-256 fingerprint of the certificate, 64 hexadecimal digits, colons allowed.
    Fingerprint(String),
}

/// What applications in an identity provider have unless the profile says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApplicationDefaults {
    /// What is signed, and how.
    #[serde(default)]
    pub signing: Signing,
    /// Auth0: the connection that people sign in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
}
