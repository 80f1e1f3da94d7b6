//! The `UserEnablement` kind: who signs in through a profile, and with which roles.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Name, policy::Percent};

/// Who signs in through a profile: pilot first, then waves, then everybody, then enforcement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserEnablementSpec {
    /// The profile, by name.
    pub profile: Name,
    /// Who is meant in the end.
    #[serde(default)]
    pub select: Selection,
    /// Whom of them not, by e-mail address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// How far the roll-out has come.
    #[serde(default)]
    pub rollout: Rollout,
    /// Administrators who never sign in through the identity provider, by e-mail address, so that a broken profile locks
    /// nobody out for good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub break_glass: Vec<String>,
    /// Which roles they have.
    #[serde(default)]
    pub roles: Roles,
    /// Further values that the identity provider keeps for each user, for attributes of the map (`team`).
    #[serde(default)]
    pub attributes: UserAttributes,
    /// Whether users are made beforehand. Flex makes them just in time, at the first sign-in, which is the default because a second
    /// identity is billed twice. The Console and SendGrid never do: there, by default, only people who have an account are enabled,
    /// and `managed` makes accounts for the identity provider's people.
    #[serde(default)]
    pub provisioning: Provisioning,
    /// What happens to people who are no longer selected.
    #[serde(default)]
    pub removal: Removal,
    /// Okta: whether assignments that Concord did not make are left (`additive`) or removed (`exclusive`).
    #[serde(default)]
    pub assignments: Assignments,
    /// Take over values that somebody set by hand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopt: bool,
    /// People to remove, by e-mail address: the tombstones for users that carry no ownership marker.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
    /// What the people concerned are told; `{profile}`, `{product}`, `{url}` and `{stage}` are filled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announcement: Option<String>,
}

/// Who is meant: everybody whom one of these selects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Selection {
    /// Everybody with an address in these domains.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub email_domains: Vec<String>,
    /// These people, by e-mail address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// Console: these people, by Twilio user SID.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(regex(pattern = r"^US[0-9a-f]{32}$")))]
    pub user_sids: Vec<String>,
    /// Console: everybody who has a role in these accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(regex(pattern = r"^AC[0-9a-fA-F]{32}$")))]
    pub accounts: Vec<String>,
    /// Members of these groups in the identity provider.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

impl Selection {
    /// Whether nobody is selected.
    pub fn is_empty(&self) -> bool {
        let Self { email_domains, users, user_sids, accounts, groups } = self;
        email_domains.is_empty()
            && users.is_empty()
            && user_sids.is_empty()
            && accounts.is_empty()
            && groups.is_empty()
    }
}

/// How far the roll-out has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rollout {
    /// The stage.
    #[serde(default)]
    pub stage: Stage,
    /// The first people, by e-mail address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pilot: Vec<String>,
    /// The waves, each added to those before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waves: Vec<Wave>,
    /// At stage `waves`: how many of the waves are enabled. Default all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave: Option<u32>,
}

/// The stages of a roll-out, in order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// Only the pilot's people.
    #[default]
    Pilot,
    /// The pilot and the waves so far.
    Waves,
    /// Everybody who is selected.
    All,
    /// Everybody who is selected, and they can sign in in no other way (Console only).
    Enforced,
}

impl Stage {
    /// The word that manifests use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pilot => "pilot",
            Self::Waves => "waves",
            Self::All => "all",
            Self::Enforced => "enforced",
        }
    }
}

/// One wave: the people whom one of these selects, within the whole selection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wave {
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// This share of everybody who is selected, always the same people (chosen by a hash of their address).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<Percent>,
    /// Members of these groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// These people, by e-mail address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
}

/// Which roles people have. Flex: `agent`, `supervisor`, `admin` and Flex Insights' `wfo.*`. SendGrid, with `provisioning: managed`:
/// `admin`, one persona (`accountant`, `developer`, `marketer`, `observer`), scopes (`mail.send`), or subusers alone (`admin@12345`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Roles {
    /// The roles of everybody whom no override names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default: Vec<Role>,
    /// Other roles for some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<RoleOverride>,
}

/// A role: a name, or for the Console and SendGrid a name with its scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(inline, extend("pattern" = r"^[^\s,@]([^,@]*[^\s,@])?(@[^\s,@]([^,@]*[^\s,@])?)?$"))]
pub struct Role(String);

/// The text is not a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a role is a name, or a name and a scope joined by `@` (`Billing Manager@AC...`), without surrounding spaces"
)]
pub struct InvalidRole;

impl Role {
    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The role's name.
    pub fn name(&self) -> &str {
        self.0.split_once('@').map_or(self.0.as_str(), |(name, _)| name)
    }

    /// Console: the account (`AC...`) that the role is for; without it, the organization.
    pub fn scope(&self) -> Option<&str> {
        self.0.split_once('@').map(|(_, scope)| scope)
    }
}

impl TryFrom<String> for Role {
    type Error = InvalidRole;

    fn try_from(text: String) -> Result<Self, InvalidRole> {
        let is_clean = |part: &str| !part.is_empty() && part.trim() == part && !part.contains(',');
        let valid = match text.split_once('@') {
            Some((name, scope)) => is_clean(name) && is_clean(scope) && !scope.contains('@'),
            None => is_clean(&text),
        };
        if valid { Ok(Self(text)) } else { Err(InvalidRole) }
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.0
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Other roles for one person or one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleOverride {
    /// The person, by e-mail address. Either this or `group`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The group in the identity provider. Either this or `user`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The roles.
    pub roles: Vec<Role>,
}

/// Further values that the identity provider keeps for each user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserAttributes {
    /// The values of everybody.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub default: BTreeMap<String, String>,
    /// Other values for some, key by key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<AttributeOverride>,
}

/// Other values for one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttributeOverride {
    /// The person, by e-mail address.
    pub user: String,
    /// The values.
    pub set: BTreeMap<String, String>,
}

/// When users are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Provisioning {
    /// By the product itself, at the first sign-in (Flex), or by somebody else (Console, SendGrid).
    #[default]
    JustInTime,
    /// By Concord, beforehand.
    Managed,
}

/// What happens to people who are no longer selected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Removal {
    /// They are reported, and nothing is changed.
    #[default]
    Report,
    /// What enabled them in the identity provider is taken away: they can no longer sign in.
    Disable,
    /// As `disable`, and the Flex user is deprovisioned, which deletes the Worker.
    Deprovision,
}

/// Okta: what happens to assignments that Concord did not make.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Assignments {
    /// They are left.
    #[default]
    Additive,
    /// They are removed.
    Exclusive,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_a_name_and_perhaps_a_scope() {
        let role = Role::try_from("Billing Manager@AC00000000000000000000000000000001".to_owned()).unwrap();
        assert_eq!(role.name(), "Billing Manager");
        assert_eq!(role.scope(), Some("AC00000000000000000000000000000001"));
        assert_eq!(Role::try_from("agent".to_owned()).unwrap().scope(), None);
        for bad in ["", " agent", "agent,admin", "agent@", "@AC", "a@b@c"] {
            assert!(Role::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
