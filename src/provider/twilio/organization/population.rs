//! Who is in the organization: its managed users, with what their roles say of them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    listing::Listing,
    wire::{Assignment, User},
};
use crate::{
    component::Unknown,
    provider::{Person, Population, PopulationQuery},
};

/// Whoever the query selects: by domain, address, user SID, or a role in one of the accounts. An organization has no groups, so
/// those select nobody. The accounts of a person are those of the query in which the person has a role.
pub(super) async fn population(
    listing: &Listing,
    organization: &str,
    query: &PopulationQuery,
) -> Result<Population, Unknown> {
    let people = people(listing, organization, &query.accounts).await?;
    let is_selected = |person: &Person| {
        let domain = person.email.rsplit_once('@').map(|(_, domain)| domain);
        domain.is_some_and(|domain| query.domains.contains(domain))
            || query.emails.contains(&person.email)
            || query.ids.contains(&person.id)
            || !person.accounts.is_empty()
    };
    let mut population = Population::default();
    for person in people.into_iter().filter(is_selected) {
        if let Some(ids) = population.ambiguous.get_mut(&person.email) {
            ids.push(person.id);
        } else if let Some(other) = population.people.remove(&person.email) {
            population.ambiguous.insert(person.email, vec![other.id, person.id]);
        } else {
            population.people.insert(person.email.clone(), person);
        }
    }
    Ok(population)
}

/// Everybody in the organization, with the accounts of `accounts` in which they have a role.
pub(super) async fn people(
    listing: &Listing,
    organization: &str,
    accounts: &BTreeSet<String>,
) -> Result<Vec<Person>, Unknown> {
    let scopes: BTreeSet<&str> = accounts.iter().map(String::as_str).chain([organization]).collect();
    let (users, catalogue, assignments) =
        tokio::try_join!(listing.users(), listing.catalogue(), listing.assignments(&scopes))?;
    let mut by_identity: BTreeMap<&str, Vec<&Assignment>> = BTreeMap::new();
    for assignment in assignments.iter().flat_map(|list| list.iter()) {
        by_identity.entry(&assignment.identity).or_default().push(assignment);
    }
    let person = |user: &User| {
        let assignments = by_identity.get(user.id()).map(Vec::as_slice).unwrap_or_default();
        let email = user.email()?;
        Some(Person {
            id: user.id().to_owned(),
            // Twilio wants both to be the same; where they are not, the person is known by either.
            aliases: user
                .primary_email()
                .map(str::to_lowercase)
                .filter(|it| *it != email)
                .into_iter()
                .collect(),
            email,
            name: user.full_name(),
            is_active: user.is_active(),
            accounts: assignments
                .iter()
                .map(|assignment| &assignment.scope)
                .filter(|scope| accounts.contains(*scope))
                .cloned()
                .collect(),
            is_administrator: assignments
                .iter()
                .any(|assignment| catalogue.is_administrator(assignment, organization)),
            ..Person::default()
        })
    };
    Ok(users.iter().filter_map(person).collect())
}
