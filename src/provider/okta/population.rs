//! Who is in the organization. Owns the search expressions, in pieces that fit into a URL, and the confirmation of what the search
//! index does not have yet.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;

use super::{
    client::Api,
    wire::{Group, User},
};
use crate::{
    http::HttpError,
    provider::{Person, Population, PopulationQuery},
};

/// Addresses or domains in one query: keeps the URL well under 8 kB.
const TERMS: usize = 25;
/// People whom search did not find and who are asked for one by one.
const CONFIRMED_AT_MOST: usize = 100;

/// Why people could not be listed.
#[derive(Debug, thiserror::Error)]
pub(super) enum PopulationError {
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The manifests name a group that is not there.
    #[error("there is no group named {0:?}")]
    NoGroup(String),
    /// The manifests name a group that is there more than once.
    #[error("there are several groups named {0:?}")]
    SeveralGroups(String),
}

/// A group with the addresses of everybody in it, as it was listed.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) emails: BTreeSet<String>,
}

/// The groups of a query by name.
pub(super) type Groups = BTreeMap<String, Listed>;

/// The users whom a query selects, each once, with the groups of the query that they are in; and these groups.
pub(super) async fn list(
    api: &Api,
    query: &PopulationQuery,
) -> Result<(Population, Groups), PopulationError> {
    let domain_of = |email: &str| email.rsplit_once('@').map(|(_, domain)| domain.to_owned());
    // `co` is all that search has for the end of an address: what it finds too much is left out below.
    let domains: Vec<String> = query
        .domains
        .iter()
        .map(|domain| format!("profile.email co {}", quoted(&format!("@{domain}"))))
        .collect();
    let emails: Vec<String> = query
        .emails
        .iter()
        .filter(|email| domain_of(email).is_none_or(|domain| !query.domains.contains(&domain)))
        .map(|email| format!("profile.email eq {}", quoted(email)))
        .collect();
    let texts: Vec<String> =
        domains.chunks(TERMS).chain(emails.chunks(TERMS)).map(|terms| terms.join(" or ")).collect();
    let (found, groups) = tokio::join!(
        try_join_all(texts.iter().map(|text| api.search_users(text))),
        try_join_all(query.groups.iter().map(|name| members(api, name))),
    );
    let is_asked_for = |user: &User| {
        user.email().is_some_and(|email| {
            query.emails.contains(&email)
                || domain_of(&email).is_some_and(|domain| query.domains.contains(&domain))
        })
    };
    let mut users: BTreeMap<String, User> =
        found?.into_iter().flatten().filter(is_asked_for).map(|user| (user.id.clone(), user)).collect();

    // Whoever was made a moment ago is not in the index yet.
    let known: BTreeSet<String> = users.values().filter_map(User::email).collect();
    let missing: Vec<&String> =
        query.emails.iter().filter(|email| !known.contains(*email)).take(CONFIRMED_AT_MOST).collect();
    let filters: Vec<String> =
        missing.iter().map(|email| format!("profile.email eq {}", quoted(email))).collect();
    let confirmed = try_join_all(filters.iter().map(|filter| api.filter_users(filter))).await?;
    users.extend(confirmed.into_iter().flatten().filter(is_asked_for).map(|user| (user.id.clone(), user)));

    let mut groups_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut listed = Groups::new();
    for (name, (id, members)) in query.groups.iter().zip(groups?) {
        let emails = members.iter().filter_map(User::email).collect();
        listed.insert(name.clone(), Listed { id, emails });
        for user in members {
            groups_of.entry(user.id.clone()).or_default().insert(name.clone());
            users.insert(user.id.clone(), user);
        }
    }
    Ok((population(users.into_values(), groups_of), listed))
}

async fn members(api: &Api, name: &str) -> Result<(String, Vec<User>), PopulationError> {
    let group = group(api, name).await?;
    let members = api.group_members(&group.id).await?;
    Ok((group.id, members))
}

/// A group with everybody in it, read now.
pub(super) async fn listed(api: &Api, name: &str) -> Result<Listed, PopulationError> {
    let (id, members) = members(api, name).await?;
    Ok(Listed { id, emails: members.iter().filter_map(User::email).collect() })
}

/// The one group of a name.
pub(super) async fn group(api: &Api, name: &str) -> Result<Group, PopulationError> {
    let mut found = api.search_groups(&format!("profile.name eq {}", quoted(name))).await?;
    found.retain(|group| group.name() == name);
    match (found.pop(), found.is_empty()) {
        (Some(group), true) => Ok(group),
        (None, _) => Err(PopulationError::NoGroup(name.to_owned())),
        (Some(_), false) => Err(PopulationError::SeveralGroups(name.to_owned())),
    }
}

/// The population that the users make. Accounts that are deactivated do not make an address ambiguous.
fn population(
    users: impl IntoIterator<Item = User>,
    mut groups_of: BTreeMap<String, BTreeSet<String>>,
) -> Population {
    let mut by_email: BTreeMap<String, Vec<User>> = BTreeMap::new();
    for user in users {
        if let Some(email) = user.email() {
            by_email.entry(email).or_default().push(user);
        }
    }
    let mut population = Population::default();
    for (email, mut accounts) in by_email {
        if accounts.iter().any(User::is_active) {
            accounts.retain(User::is_active);
        }
        accounts.sort_by(|one, other| one.id.cmp(&other.id));
        if let [only] = &accounts[..] {
            let person = Person {
                id: only.id.clone(),
                aliases: only.other_addresses(&email),
                email: email.clone(),
                name: only.name(),
                is_active: only.is_active(),
                groups: groups_of.remove(&only.id).unwrap_or_default(),
                ..Person::default()
            };
            population.people.insert(email, person);
        } else {
            population.ambiguous.insert(email, accounts.into_iter().map(|user| user.id).collect());
        }
    }
    population
}

/// A text in quotation marks, as the filter syntax wants it (RFC 7644 section 3.4.2.2: a JSON string).
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(id: &str, email: &str, status: &str) -> User {
        serde_json::from_value(json!({"id": id, "status": status, "profile": {"email": email, "firstName": "Ann", "lastName": "Lee"}}))
            .unwrap()
    }

    #[test]
    fn a_deactivated_account_makes_no_address_ambiguous() {
        let users = [
            user("1", "Ann@connie.one", "ACTIVE"),
            user("2", "ann@connie.one", "DEPROVISIONED"),
            user("3", "joe@connie.one", "ACTIVE"),
            user("4", "joe@connie.one", "ACTIVE"),
            user("5", "sue@connie.one", "SUSPENDED"),
            user("6", "new@connie.one", "PASSWORD_EXPIRED"),
        ];
        let groups = BTreeMap::from([("1".to_owned(), BTreeSet::from(["Agents".to_owned()]))]);
        let population = population(users, groups);
        let ann = &population.people["ann@connie.one"];
        assert_eq!((ann.id.as_str(), ann.name.as_deref(), ann.is_active), ("1", Some("Ann Lee"), true));
        assert!(ann.groups.contains("Agents"));
        assert_eq!(population.ambiguous["joe@connie.one"], ["3", "4"]);
        assert!(!population.people["sue@connie.one"].is_active);
        assert!(population.people["new@connie.one"].is_active);
    }

    #[test]
    fn login_and_second_address_are_aliases() {
        let ann: User = serde_json::from_value(json!({
            "id": "1", "status": "ACTIVE",
            "profile": {"email": "ann@connie.one", "login": "A.Lee@connie.one", "secondEmail": "annie@connie.one"},
        }))
        .unwrap();
        let joe: User = serde_json::from_value(json!({
            "id": "2", "status": "ACTIVE",
            "profile": {"email": "joe@connie.one", "login": "joe", "secondEmail": null},
        }))
        .unwrap();
        let population = population([ann, joe], BTreeMap::new());
        let aliases: Vec<&String> = population.people["ann@connie.one"].aliases.iter().collect();
        assert_eq!(aliases, ["a.lee@connie.one", "annie@connie.one"]);
        assert!(population.people["joe@connie.one"].aliases.is_empty());
    }

    #[test]
    fn texts_are_quoted() {
        assert_eq!(quoted("a\"b\\c"), "\"a\\\"b\\\\c\"");
    }
}
