//! Roles as manifests name them, and as Twilio has them: `Role Name` for the organization, `Role Name@AC...` for an account; in the
//! component always with the scope. Owns the vocabulary, and which roles make an administrator.

use std::collections::{BTreeMap, BTreeSet};

use super::wire::{Assignment, Role as WireRole};
use crate::{
    component::{Component, Value},
    manifest::{
        Resource,
        user_enablement::{Role, UserEnablementSpec},
    },
};

/// A role in a scope: what one role assignment gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// The role's name, or its SID (`IX...`).
    pub role: String,
    /// The organization (`OR...`) or an account (`AC...`).
    pub scope: String,
}

impl Grant {
    /// A manifest's role, in the organization where it names no account.
    pub fn of(role: &Role, organization: &str) -> Self {
        Self { role: role.name().to_owned(), scope: role.scope().unwrap_or(organization).to_owned() }
    }

    /// Reads the component's text back. A role's name holds no `@`.
    pub fn parse(text: &str) -> Option<Self> {
        let (role, scope) = text.split_once('@')?;
        Some(Self { role: role.to_owned(), scope: scope.to_owned() })
    }
}

impl std::fmt::Display for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.role, self.scope)
    }
}

/// The grants that are managed at all: those that the manifests name for anybody. What lies outside is left alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vocabulary(pub BTreeSet<Grant>);

impl Vocabulary {
    /// Everything that these enablements name, as defaults or overrides.
    pub fn of<'a>(
        enablements: impl IntoIterator<Item = &'a Resource<UserEnablementSpec>>,
        organization: &str,
    ) -> Self {
        let roles = enablements.into_iter().flat_map(|enablement| {
            let roles = &enablement.spec.roles;
            roles.default.iter().chain(roles.overrides.iter().flat_map(|it| &it.roles))
        });
        Self(roles.map(|role| Grant::of(role, organization)).collect())
    }

    /// The grants in a component's field of texts; what is no grant is left out.
    pub fn in_field(component: &Component, path: &str) -> Self {
        let field = component.field(path).and_then(|field| field.value.as_list()).unwrap_or_default();
        Self(field.iter().filter_map(Value::as_text).filter_map(Grant::parse).collect())
    }

    /// Whether it names nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The scopes that it names.
    pub fn scopes(&self) -> BTreeSet<&str> {
        self.0.iter().map(|grant| grant.scope.as_str()).collect()
    }

    /// As a field's value.
    pub fn to_value(&self) -> Value {
        Value::texts(self.0.iter().map(ToString::to_string))
    }
}

/// The roles that Twilio has, by SID.
#[derive(Debug, Clone, Default)]
pub(super) struct Catalogue {
    names: BTreeMap<String, String>,
}

impl Catalogue {
    pub(super) fn new(roles: Vec<WireRole>) -> Self {
        let named = |role: WireRole| {
            let name = role.friendly_name.unwrap_or_else(|| role.sid.clone());
            (role.sid, name)
        };
        Self { names: roles.into_iter().map(named).collect() }
    }

    /// The SID of a role that a manifest names: by its name, upper and lower case apart, or by its SID.
    pub(super) fn sid<'a>(&'a self, role: &'a str) -> Option<&'a str> {
        if let Some((sid, _)) = self.names.get_key_value(role) {
            return Some(sid);
        }
        let exact = self.names.iter().find(|(_, name)| name.as_str() == role);
        let found = exact.or_else(|| self.names.iter().find(|(_, name)| name.eq_ignore_ascii_case(role)));
        found.map(|(sid, _)| sid.as_str())
    }

    /// The names, for a person who misspelt one.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.values().map(String::as_str)
    }

    /// Whether an assignment makes its identity the organization's owner.
    pub(super) fn is_owner(&self, assignment: &Assignment, organization: &str) -> bool {
        assignment.scope == organization && self.plain_name(&assignment.role_sid) == "owner"
    }

    /// Whether an assignment makes its identity an administrator of the whole organization.
    pub(super) fn is_administrator(&self, assignment: &Assignment, organization: &str) -> bool {
        let name = self.plain_name(&assignment.role_sid);
        assignment.scope == organization && matches!(name.as_str(), "owner" | "administrator" | "admin")
    }

    /// A role's name without `Organization` and without case. Twilio documents no other sign of what a role is: only its name tells an
    /// administrator of everything from one of billing.
    fn plain_name(&self, sid: &str) -> String {
        let name = self.names.get(sid).map(|name| name.to_lowercase()).unwrap_or_default();
        let name = name.trim();
        name.strip_prefix("organization").or(name.strip_prefix("org ")).unwrap_or(name).trim().to_owned()
    }
}

/// Whether a manifest's role is the one of the organization's owner, which no API gives.
pub(super) fn is_ownership(grant: &Grant) -> bool {
    grant.scope.starts_with("OR")
        && matches!(grant.role.to_lowercase().as_str(), "owner" | "organization owner" | "org owner")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OR: &str = "OR00000000000000000000000000000001";
    const AC: &str = "AC00000000000000000000000000000001";

    fn catalogue() -> Catalogue {
        let role =
            |sid: &str, name: &str| WireRole { sid: sid.to_owned(), friendly_name: Some(name.to_owned()) };
        Catalogue::new(vec![
            role("IX1", "Organization Owner"),
            role("IX2", "Organization Administrator"),
            role("IX3", "Billing Administrator"),
            role("IX4", "Developer"),
        ])
    }

    fn assignment(role: &str, scope: &str) -> Assignment {
        Assignment {
            sid: "IY1".into(),
            role_sid: role.into(),
            scope: scope.into(),
            identity: "US1".into(),
            resource_id: None,
        }
    }

    #[test]
    fn a_grant_reads_back_and_has_a_scope_always() {
        let grant = Grant::of(&Role::try_from("Billing Manager".to_owned()).unwrap(), OR);
        assert_eq!(grant.to_string(), format!("Billing Manager@{OR}"));
        assert_eq!(Grant::parse(&grant.to_string()), Some(grant));
        let scoped = Role::try_from(format!("Developer@{AC}")).unwrap();
        assert_eq!(Grant::of(&scoped, OR).scope, AC);
    }

    #[test]
    fn a_role_is_found_by_name_and_by_sid() {
        let catalogue = catalogue();
        for role in ["Developer", "developer", "IX4"] {
            assert_eq!(catalogue.sid(role), Some("IX4"), "{role}");
        }
        assert_eq!(catalogue.sid("Develop"), None);
    }

    #[test]
    fn administrators_are_those_of_the_whole_organization() {
        let catalogue = catalogue();
        let is_one = |role, scope| catalogue.is_administrator(&assignment(role, scope), OR);
        assert!(is_one("IX1", OR) && is_one("IX2", OR));
        assert!(!is_one("IX3", OR) && !is_one("IX2", AC) && !is_one("IX9", OR));
        assert!(catalogue.is_owner(&assignment("IX1", OR), OR));
        assert!(!catalogue.is_owner(&assignment("IX2", OR), OR));
    }
}
