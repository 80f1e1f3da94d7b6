//! Who is in the customer: the users, and the members of the groups that are asked for.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;

use super::{
    client::Api,
    wire::{GroupMember, User},
};
use crate::{
    http::HttpError,
    provider::{Person, Population, PopulationQuery},
};

/// Why people could not be listed.
#[derive(Debug, thiserror::Error)]
pub(super) enum PopulationError {
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The manifests name a group that is not there.
    #[error("there is no group {0:?}")]
    NoGroup(String),
}

/// Which groups members are in, by the member's ID and by address: a list of members does not always have both.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Memberships(BTreeMap<String, BTreeSet<String>>);

impl Memberships {
    /// Reads the members of groups, all at once.
    pub(super) async fn read(api: &Api, groups: &BTreeSet<String>) -> Result<Self, PopulationError> {
        let lists = try_join_all(groups.iter().map(|group| api.members(group))).await?;
        let mut memberships = Self::default();
        for (group, members) in groups.iter().zip(lists) {
            let members = members.ok_or_else(|| PopulationError::NoGroup(group.clone()))?;
            for GroupMember { id, email } in members {
                for key in [id, email.map(|email| email.to_lowercase())].into_iter().flatten() {
                    memberships.0.entry(key).or_default().insert(group.clone());
                }
            }
        }
        Ok(memberships)
    }

    fn of(&self, user: &User, email: &str) -> BTreeSet<String> {
        [user.id.as_str(), email].iter().filter_map(|key| self.0.get(*key)).flatten().cloned().collect()
    }
}

/// Those of the users whom a query selects. A primary address is unique in Google, so nobody is ambiguous.
pub(super) fn select<'a>(
    users: impl IntoIterator<Item = &'a User>,
    query: &PopulationQuery,
    memberships: &Memberships,
) -> Population {
    let mut population = Population::default();
    for user in users {
        let Some(email) = user.address() else { continue };
        let groups = memberships.of(user, &email);
        let is_selected = query.emails.contains(&email)
            || email.rsplit_once('@').is_some_and(|(_, domain)| query.domains.contains(domain))
            || !groups.is_empty();
        if is_selected {
            let person = Person {
                id: user.id.clone(),
                email: email.clone(),
                name: user.name(),
                is_active: user.is_active(),
                groups,
                aliases: user.aliases(),
                ..Person::default()
            };
            population.people.insert(email, person);
        }
    }
    population
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn domains_addresses_and_groups_select_and_who_is_suspended_is_inactive() {
        let user = |id: &str, email: &str, suspended: bool| -> User {
            serde_json::from_value(json!({
                "id": id, "primaryEmail": email, "suspended": suspended, "name": {"fullName": "Ann Lee"},
                "aliases": ["alias@connie.one"],
            }))
            .unwrap()
        };
        let users = [
            user("1", "Ann@Connie.One", false),
            user("2", "joe@connie.one", true),
            user("3", "sue@other.org", false),
            user("4", "kim@other.org", false),
            user("5", "out@other.org", false),
        ];
        let mut memberships = Memberships::default();
        memberships.0.insert("4".to_owned(), ["agents@other.org".to_owned()].into());
        let query = PopulationQuery {
            domains: ["connie.one".to_owned()].into(),
            emails: ["sue@other.org".to_owned(), "alias@connie.one".to_owned()].into(),
            ..PopulationQuery::default()
        };
        let population = select(&users, &query, &memberships);
        let found: Vec<(&str, bool)> =
            population.people.iter().map(|(email, it)| (email.as_str(), it.is_active)).collect();
        assert_eq!(
            found,
            [
                ("ann@connie.one", true),
                ("joe@connie.one", false),
                ("kim@other.org", true),
                ("sue@other.org", true)
            ],
            "an alias is nobody's primary address"
        );
        assert!(population.people["kim@other.org"].groups.contains("agents@other.org"));
    }
}
