//! The `AttributeMap` kind: which attributes a product gets, and from where in the identity provider each comes.

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{identity_provider::Vendor, schema};

/// Which attributes a product gets, and from where in the identity provider each comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttributeMapSpec {
    /// The assertion's NameID.
    pub name_id: NameId,
    /// The assertion's attributes.
    #[serde(default)]
    pub attributes: Vec<Attribute>,
}

/// The assertion's NameID (SAML 2.0 core section 2.2.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NameId {
    /// Its format.
    pub format: NameIdFormat,
    /// Where it comes from.
    pub from: Source,
    /// A vendor's own expression instead of what `from` becomes there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("propertyNames" = schema::enum_of::<Vendor>()))]
    pub expressions: BTreeMap<Vendor, String>,
}

/// NameID formats (SAML 2.0 core section 8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NameIdFormat {
    /// `urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress`
    EmailAddress,
    /// `urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified`
    Unspecified,
    /// `urn:oasis:names:tc:SAML:2.0:nameid-format:persistent`
    Persistent,
    /// `urn:oasis:names:tc:SAML:2.0:nameid-format:transient`
    Transient,
}

impl NameIdFormat {
    /// The URN.
    pub fn urn(self) -> &'static str {
        match self {
            Self::EmailAddress => "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            Self::Unspecified => "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
            Self::Persistent => "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            Self::Transient => "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
        }
    }
}

/// One attribute of the assertion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attribute {
    /// The attribute's name as the product wants it, in exact case. Flex reads a type after the last dot:
    /// `skill_level.int`.
    pub name: String,
    /// The name in the assertion, where the product's side maps names. Flex does not: it takes names as they come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saml_name: Option<String>,
    /// Where the value comes from. Either this or `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Source>,
    /// The value itself, the same for everybody. Either this or `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Whether a sign-in without it is to fail.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// The values that it may have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// A vendor's own expression instead of what `from` becomes there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("propertyNames" = schema::enum_of::<Vendor>()))]
    pub expressions: BTreeMap<Vendor, String>,
}

impl Attribute {
    /// The name in the assertion.
    pub fn saml_name(&self) -> &str {
        self.saml_name.as_deref().unwrap_or(&self.name)
    }
}

/// What a [`Source`] looks like, for editors.
const SOURCE_PATTERN: &str = r"^(user\.(email|name|firstName|lastName|department|groups|appMetadata(\.[A-Za-z0-9_-]+)+)|enablement\.roles)$";

/// Where a value comes from, in one vocabulary for every identity provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(inline, extend("pattern" = SOURCE_PATTERN))]
pub enum Source {
    /// `user.email`
    Email,
    /// `user.name`, the full name
    Name,
    /// `user.firstName`
    FirstName,
    /// `user.lastName`
    LastName,
    /// `user.department`
    Department,
    /// `user.groups`
    Groups,
    /// `user.appMetadata.<path>`: Auth0's `app_metadata`, keys joined with dots
    AppMetadata(Vec<String>),
    /// `enablement.roles`: the roles that user enablements give
    EnablementRoles,
}

/// The text is not a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSource {
    /// No source has this name.
    #[error(
        "unknown source; there are user.email, user.name, user.firstName, user.lastName, user.department, user.groups, \
         user.appMetadata.<path> and enablement.roles, or a literal `value:`"
    )]
    Unknown,
    /// `user.appMetadata` without a path, or with an empty or unusual key in it.
    #[error(
        "user.appMetadata needs a path of keys (letters, digits, `_` and `-`), for instance user.appMetadata.flex.team"
    )]
    Path,
}

impl TryFrom<String> for Source {
    type Error = InvalidSource;

    fn try_from(text: String) -> Result<Self, InvalidSource> {
        match text.as_str() {
            "user.email" => return Ok(Self::Email),
            "user.name" => return Ok(Self::Name),
            "user.firstName" => return Ok(Self::FirstName),
            "user.lastName" => return Ok(Self::LastName),
            "user.department" => return Ok(Self::Department),
            "user.groups" => return Ok(Self::Groups),
            "enablement.roles" => return Ok(Self::EnablementRoles),
            "user.appMetadata" => return Err(InvalidSource::Path),
            _ => {}
        }
        let path = text.strip_prefix("user.appMetadata.").ok_or(InvalidSource::Unknown)?;
        let keys: Vec<String> = path.split('.').map(str::to_owned).collect();
        let plain = |key: &String| {
            !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        };
        if keys.iter().all(plain) { Ok(Self::AppMetadata(keys)) } else { Err(InvalidSource::Path) }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Email => f.write_str("user.email"),
            Self::Name => f.write_str("user.name"),
            Self::FirstName => f.write_str("user.firstName"),
            Self::LastName => f.write_str("user.lastName"),
            Self::Department => f.write_str("user.department"),
            Self::Groups => f.write_str("user.groups"),
            Self::AppMetadata(path) => write!(f, "user.appMetadata.{}", path.join(".")),
            Self::EnablementRoles => f.write_str("enablement.roles"),
        }
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_reads_back_as_it_is_written() {
        for text in [
            "user.email",
            "user.name",
            "user.firstName",
            "user.lastName",
            "user.department",
            "user.groups",
            "user.appMetadata.flex.team",
            "enablement.roles",
        ] {
            assert_eq!(Source::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        assert_eq!(Source::try_from("user.mail".to_owned()), Err(InvalidSource::Unknown));
        assert_eq!(Source::try_from("user.appMetadata".to_owned()), Err(InvalidSource::Path));
        assert_eq!(Source::try_from("user.appMetadata.a..b".to_owned()), Err(InvalidSource::Path));
        assert_eq!(Source::try_from("user.appMetadata.a\"]b".to_owned()), Err(InvalidSource::Path));
    }
}
