//! `Address`: what a component is called in plans, events, markers and attestations.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

use crate::manifest::{Kind, Name};

/// `tenant/Kind/name/component`, for instance `nss/SsoProfile/flex/auth0.client`. The component part begins with the
/// component's type; where a resource has several components of one type, a key follows after a colon
/// (`auth0.user:ann@example.com`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The tenant.
    pub tenant: Name,
    /// The resource's kind.
    pub kind: Kind,
    /// The resource's name.
    pub name: Name,
    /// The component's type, and its key where there are several.
    pub component: String,
}

/// The text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an address of the form tenant/Kind/name/component, for instance nss/SsoProfile/flex/auth0.client"
)]
pub struct InvalidAddress;

impl Address {
    /// The address of a component of a resource.
    pub fn new(tenant: Name, kind: Kind, name: Name, component: impl Into<String>) -> Self {
        Self { tenant, kind, name, component: component.into() }
    }

    /// Another component of the same resource.
    pub fn sibling(&self, component: impl Into<String>) -> Self {
        Self { component: component.into(), ..self.clone() }
    }

    /// The same component of a resource with another name.
    pub fn renamed(&self, name: Name) -> Self {
        Self { name, ..self.clone() }
    }

    /// The component's type: the component part up to its key.
    pub fn component_type(&self) -> &str {
        self.component.split_once(':').map_or(self.component.as_str(), |(kind, _)| kind)
    }

    /// The address without its tenant, as attestations name steps.
    pub fn within_tenant(&self) -> String {
        format!("{}/{}/{}", self.kind, self.name, self.component)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.tenant, self.kind, self.name, self.component)
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let mut parts = text.splitn(4, '/');
        let mut next = || parts.next().ok_or(InvalidAddress);
        let (tenant, kind, name, component) = (next()?, next()?, next()?, next()?);
        if component.is_empty() || component.chars().any(char::is_control) {
            return Err(InvalidAddress);
        }
        Ok(Self {
            tenant: tenant.parse().map_err(|_| InvalidAddress)?,
            kind: kind.parse().map_err(|()| InvalidAddress)?,
            name: name.parse().map_err(|_| InvalidAddress)?,
            component: component.to_owned(),
        })
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_is_written() {
        for text in ["nss/SsoProfile/flex/auth0.client", "nss/UserEnablement/a/auth0.user:ann/b@example.com"]
        {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "nss",
            "nss/SsoProfile/flex",
            "nss/Nothing/flex/a",
            "nss/SsoProfile/flex/",
            "N/SsoProfile/x/y",
        ] {
            assert_eq!(bad.parse::<Address>(), Err(InvalidAddress), "{bad}");
        }
    }

    #[test]
    fn the_type_is_the_component_without_its_key() {
        let address: Address = "nss/UserEnablement/a/auth0.user:ann@example.com".parse().unwrap();
        assert_eq!(address.component_type(), "auth0.user");
        assert_eq!(address.sibling("x").component_type(), "x");
    }
}
