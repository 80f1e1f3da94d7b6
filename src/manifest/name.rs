//! `Name`: how a resource is called inside its project. It owns the syntax of names and nothing else.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A DNS label (RFC 1123 section 2.1): lower-case letters, digits and hyphens, 1 to 63 characters, beginning and ending
/// with a letter or digit. Names are part of addresses and of the ownership markers on remote objects, so they are kept
/// to what every vendor's text fields store unchanged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(inline, extend("pattern" = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength" = 63))]
pub struct Name(String);

/// Why a text is not a [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// The text is empty.
    #[error("a name must not be empty")]
    Empty,
    /// The text is longer than 63 characters.
    #[error("a name has at most 63 characters, this one has {0}")]
    TooLong(usize),
    /// The text has a character that a DNS label does not have.
    #[error("a name has lower-case letters, digits and hyphens only, not {0:?}")]
    Character(char),
    /// The text begins or ends with a hyphen.
    #[error("a name begins and ends with a letter or a digit")]
    Edge,
}

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        if text.is_empty() {
            return Err(InvalidName::Empty);
        }
        if let Some(bad) = text.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-'))
        {
            return Err(InvalidName::Character(bad));
        }
        if text.len() > 63 {
            return Err(InvalidName::TooLong(text.len()));
        }
        if text.starts_with('-') || text.ends_with('-') {
            return Err(InvalidName::Edge);
        }
        Ok(Self(text))
    }
}

impl std::str::FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::try_from(text.to_owned())
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_dns_label() {
        for good in ["a", "flex", "nss-agents", "0", &"a".repeat(63)] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        assert_eq!("".parse::<Name>(), Err(InvalidName::Empty));
        assert_eq!("Flex".parse::<Name>(), Err(InvalidName::Character('F')));
        assert_eq!("a/b".parse::<Name>(), Err(InvalidName::Character('/')));
        assert_eq!("-a".parse::<Name>(), Err(InvalidName::Edge));
        assert_eq!("a".repeat(64).parse::<Name>(), Err(InvalidName::TooLong(64)));
    }
}
