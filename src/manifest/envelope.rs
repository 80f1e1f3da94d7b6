//! What every document has in common: version, kind, metadata and lifecycle.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Name;

/// The version of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApiVersion {
    /// The first version.
    #[serde(rename = "concord/v1")]
    V1,
}

/// The kinds of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Kind {
    /// The project: its id and the default policy.
    Project,
    /// One customer environment with its credentials.
    Tenant,
    /// One identity provider.
    IdentityProvider,
    /// One SSO profile of a Twilio product.
    SsoProfile,
    /// Which attributes are asserted, and from where.
    AttributeMap,
    /// A hostname that serves Flex.
    VanityDomain,
    /// An e-mail domain of a Twilio organization.
    EmailDomain,
    /// Who signs in through a profile.
    UserEnablement,
    /// A person's statement that a manual step was done.
    Attestation,
}

impl Kind {
    /// All kinds, in the order in which documentation lists them.
    pub const ALL: [Self; 9] = [
        Self::Project,
        Self::Tenant,
        Self::IdentityProvider,
        Self::SsoProfile,
        Self::AttributeMap,
        Self::VanityDomain,
        Self::EmailDomain,
        Self::UserEnablement,
        Self::Attestation,
    ];

    /// The kind as it stands in manifests and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Project => "Project",
            Self::Tenant => "Tenant",
            Self::IdentityProvider => "IdentityProvider",
            Self::SsoProfile => "SsoProfile",
            Self::AttributeMap => "AttributeMap",
            Self::VanityDomain => "VanityDomain",
            Self::EmailDomain => "EmailDomain",
            Self::UserEnablement => "UserEnablement",
            Self::Attestation => "Attestation",
        }
    }

    /// Whether resources of this kind belong to a tenant.
    pub fn is_tenanted(self) -> bool {
        !matches!(self, Self::Project | Self::Tenant)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// What identifies a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    /// The name, unique among the resources of this kind in this tenant.
    pub name: Name,
    /// The tenant that the resource belongs to. May be left out where the project has one tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Name>,
    /// Free labels, for people and their tools.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Free annotations, for people and their tools.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The name that the resource had before. Makes a rename a rename: ownership markers are rewritten, nothing is created
    /// anew, and attestations under the former name count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formerly: Option<Name>,
}

/// How changes to what a resource describes are to be handled.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lifecycle {
    /// Refuse every plan that would delete or replace an object of this resource.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_destroy: bool,
    /// Fields that are left as they are found, by the path that plans show, for instance `auth0.client/app_type`. A trailing
    /// `*` matches any ending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// What becomes of the remote objects when the resource is removed from the manifests.
    #[serde(default)]
    pub on_removal: OnRemoval,
}

/// What becomes of remote objects whose resource is removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnRemoval {
    /// They are deleted.
    #[default]
    Delete,
    /// They stay, without the ownership marker.
    Forget,
}
