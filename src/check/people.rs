//! Who is named where in a user enablement. Owns the list of places; what is wrong with them is for the rules.

use crate::{
    manifest::{
        Resource,
        user_enablement::{Selection, UserEnablementSpec},
    },
    yaml::{Path, path},
};

/// Which list names somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum List {
    /// `select.users`
    Selected,
    /// `exclude`
    Excluded,
    /// `rollout.pilot`
    Pilot,
    /// `rollout.waves[].users`, of the wave with this index from 0
    Wave(usize),
    /// `breakGlass`
    BreakGlass,
    /// `roles.overrides[].user`
    Role,
    /// `attributes.overrides[].user`
    Attribute,
    /// `remove`
    Removed,
}

impl List {
    /// The field, as people know it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Selected => "the selection",
            Self::Excluded => "`exclude`",
            Self::Pilot => "the pilot",
            Self::Wave(_) => "a wave",
            Self::BreakGlass => "`breakGlass`",
            Self::Role => "a role override",
            Self::Attribute => "an attribute override",
            Self::Removed => "`remove`",
        }
    }
}

/// Somebody who is named.
#[derive(Debug, Clone)]
pub(super) struct Mention<'a> {
    /// Where.
    pub(super) list: List,
    /// The place.
    pub(super) path: Path,
    /// The address as it was written.
    pub(super) address: &'a str,
}

impl Mention<'_> {
    /// What tells people apart.
    pub(super) fn identity(&self) -> String {
        identity(self.address)
    }
}

/// What tells people apart: the address in lower case.
pub(super) fn identity(address: &str) -> String {
    address.to_lowercase()
}

/// Everybody whom an enablement names.
pub(super) fn mentions(enablement: &Resource<UserEnablementSpec>) -> Vec<Mention<'_>> {
    let spec = &enablement.spec;
    let mut found = Vec::new();
    let lists: Vec<(List, Path, &[String])> = [
        (List::Selected, path!["spec", "select", "users"], spec.select.users.as_slice()),
        (List::Excluded, path!["spec", "exclude"], spec.exclude.as_slice()),
        (List::Pilot, path!["spec", "rollout", "pilot"], spec.rollout.pilot.as_slice()),
    ]
    .into_iter()
    .chain(spec.rollout.waves.iter().enumerate().map(|(index, wave)| {
        (List::Wave(index), path!["spec", "rollout", "waves", index, "users"], wave.users.as_slice())
    }))
    .chain([
        (List::BreakGlass, path!["spec", "breakGlass"], spec.break_glass.as_slice()),
        (List::Removed, path!["spec", "remove"], spec.remove.as_slice()),
    ])
    .collect();
    for (list, at, addresses) in lists {
        found.extend(addresses.iter().enumerate().map(|(index, address)| Mention {
            list,
            path: at.join(index),
            address,
        }));
    }
    for (index, over) in spec.roles.overrides.iter().enumerate() {
        if let Some(user) = &over.user {
            let path = path!["spec", "roles", "overrides", index, "user"];
            found.push(Mention { list: List::Role, path, address: user });
        }
    }
    for (index, over) in spec.attributes.overrides.iter().enumerate() {
        let path = path!["spec", "attributes", "overrides", index, "user"];
        found.push(Mention { list: List::Attribute, path, address: &over.user });
    }
    found
}

/// Whether somebody is selected; `None` where that cannot be known offline, because groups, accounts or user SIDs select too.
pub(super) fn is_selected(selection: &Selection, address: &str) -> Option<bool> {
    let identity = identity(address);
    let domain = identity.rsplit_once('@').map(|(_, domain)| domain);
    let by_name = selection.users.iter().any(|user| self::identity(user) == identity);
    let by_domain = selection.email_domains.iter().any(|its| domain == Some(its.to_lowercase().as_str()));
    if by_name || by_domain {
        return Some(true);
    }
    let unknown =
        !(selection.groups.is_empty() && selection.accounts.is_empty() && selection.user_sids.is_empty());
    if unknown { None } else { Some(false) }
}
