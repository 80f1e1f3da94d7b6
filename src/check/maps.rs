//! What rules about attribute maps share: which profiles use a map, and how a corrected text is written. It finds nothing itself.

use std::collections::BTreeMap;

use crate::{
    manifest::{
        Manifests, Resource,
        attribute_map::{Attribute, AttributeMapSpec},
        identity_provider::Vendor,
        sso_profile::SsoProfileSpec,
    },
    yaml::{Path, path},
};

/// A map and the profiles that use it.
pub(super) struct Use<'a> {
    /// The map.
    pub(super) map: &'a Resource<AttributeMapSpec>,
    /// The profiles, by tenant and name.
    pub(super) profiles: Vec<&'a Resource<SsoProfileSpec>>,
}

/// Every map with the profiles that use it; an unused one has none.
pub(super) fn uses(manifests: &Manifests) -> Vec<Use<'_>> {
    let maps = manifests.attribute_maps.values().chain(manifests.shared_attribute_maps.values());
    maps.map(|map| {
        let is_meant = |profile: &&Resource<SsoProfileSpec>| {
            manifests.attribute_map_of(profile).is_some_and(|meant| std::ptr::eq(meant, map))
        };
        Use { map, profiles: manifests.sso_profiles.values().filter(is_meant).collect() }
    })
    .collect()
}

/// Every map that a Flex profile uses, with those profiles only.
pub(super) fn flex_uses(manifests: &Manifests) -> Vec<Use<'_>> {
    let mut uses = uses(manifests);
    for one in &mut uses {
        one.profiles.retain(|profile| profile.spec.product.is_flex());
    }
    uses.retain(|one| !one.profiles.is_empty());
    uses
}

impl<'a> Use<'a> {
    /// The vendors of the profiles' identity providers, each with the first profile that has it.
    pub(super) fn vendors(&self, manifests: &Manifests) -> BTreeMap<Vendor, &'a Resource<SsoProfileSpec>> {
        let mut vendors = BTreeMap::new();
        for profile in &self.profiles {
            if let Some(provider) = manifests.identity_provider_of(profile) {
                vendors.entry(provider.spec.vendor).or_insert(*profile);
            }
        }
        vendors
    }

    /// Whether expressions stand in for the source at every vendor that counts.
    pub(super) fn is_overridden(
        &self,
        manifests: &Manifests,
        expressions: &BTreeMap<Vendor, String>,
    ) -> bool {
        let vendors = self.vendors(manifests);
        !vendors.is_empty() && vendors.keys().all(|vendor| expressions.contains_key(vendor))
    }

    /// The attributes with the path of each.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (Path, &'a Attribute)> + use<'a> {
        let attributes = self.map.spec.attributes.iter().enumerate();
        attributes.map(|(at, attribute)| (path!["spec", "attributes", at], attribute))
    }
}

/// Where the name that is asserted was written.
pub(super) fn name_path(attribute: &Attribute, path: &Path) -> Path {
    path.join(if attribute.saml_name.is_some() { "samlName" } else { "name" })
}

/// A text as a YAML scalar that means the same in block and in flow style.
pub(super) fn scalar(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._:/@-".contains(c))
        && !text.ends_with(':')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&text.to_ascii_lowercase().as_str());
    // JSON's strings are YAML's double-quoted scalars (YAML 1.2.2 section 1.3).
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_is_quoted_where_plain_text_would_mean_something_else() {
        for plain in ["roles", "skill.int", "https://a.example/b", "user.email"] {
            assert_eq!(scalar(plain), plain);
        }
        for (text, quoted) in [("true", "\"true\""), ("12", "\"12\""), ("", "\"\""), ("a, b", "\"a, b\"")] {
            assert_eq!(scalar(text), quoted);
        }
    }
}
