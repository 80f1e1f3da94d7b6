//! `Target`: narrowing a plan to some components and all that they depend on.

use std::{collections::BTreeSet, str::FromStr};

use crate::component::{Address, Component};

/// An address, or the beginning of one at a `/` or `:` (`nss/SsoProfile/flex`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(String);

/// The text is not the beginning of an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an address or its beginning, for instance nss/SsoProfile/flex or nss/SsoProfile/flex/auth0.client"
)]
pub struct InvalidTarget;

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        let text = text.trim_end_matches('/');
        let is_plain = !text.is_empty() && !text.starts_with('/') && !text.chars().any(char::is_control);
        if is_plain { Ok(Self(text.to_owned())) } else { Err(InvalidTarget) }
    }
}

impl Target {
    /// Whether the target means this address.
    pub fn matches(&self, address: &Address) -> bool {
        let address = address.to_string();
        address
            .strip_prefix(&self.0)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest.starts_with(':'))
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The components that the targets mean, with all that those depend on; all of them where there is no target.
pub(super) fn narrow(components: Vec<Component>, targets: &[Target]) -> Vec<Component> {
    if targets.is_empty() {
        return components;
    }
    let mut wanted: BTreeSet<Address> = components
        .iter()
        .map(|component| component.address.clone())
        .filter(|address| targets.iter().any(|target| target.matches(address)))
        .collect();
    loop {
        let before = wanted.len();
        for component in &components {
            if wanted.contains(&component.address) {
                wanted.extend(component.needs.iter().cloned());
                for field in &component.fields {
                    wanted
                        .extend(field.value.references().into_iter().map(|reference| reference.from.clone()));
                }
            }
        }
        if wanted.len() == before {
            break;
        }
    }
    components.into_iter().filter(|component| wanted.contains(&component.address)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_means_whole_parts_of_an_address() {
        let address: Address = "nss/SsoProfile/flex/auth0.client".parse().unwrap();
        for target in ["nss", "nss/SsoProfile", "nss/SsoProfile/flex/", "nss/SsoProfile/flex/auth0.client"] {
            assert!(target.parse::<Target>().unwrap().matches(&address), "{target}");
        }
        for target in ["ns", "nss/SsoProfile/fle", "nss/SsoProfile/flex/auth0.client:a"] {
            assert!(!target.parse::<Target>().unwrap().matches(&address), "{target}");
        }
        assert_eq!("".parse::<Target>(), Err(InvalidTarget));
    }
}
