//! Who is in the organization, by SOQL queries in pieces that fit into a URL. A `group` of the manifests is a profile by its name, or a
//! permission set by its API name.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde::Deserialize;

use super::client::{Api, literal, literals};
use crate::{
    http::HttpError,
    provider::{Person, Population, PopulationQuery},
};

const FIELDS: &str = "Id, Username, Email, Name, IsActive, Profile.Name";

/// Why people could not be listed.
#[derive(Debug, thiserror::Error)]
pub(super) enum PopulationError {
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The manifests name something that is not there.
    #[error("there is no profile and no permission set named {0:?}")]
    NoGroup(String),
}

/// A user. A deactivated one keeps everything.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct User {
    pub(super) id: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    pub(super) is_active: Option<bool>,
    #[serde(default)]
    profile: Option<Named>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Assignment {
    pub(super) id: String,
    #[serde(default)]
    assignee_id: Option<String>,
    #[serde(default)]
    assignee: Option<User>,
    #[serde(default)]
    permission_set: Option<Named>,
}

impl User {
    pub(super) fn email(&self) -> Option<String> {
        self.email.as_ref().map(|email| email.trim().to_lowercase()).filter(|email| !email.is_empty())
    }

    pub(super) fn profile(&self) -> Option<&str> {
        self.profile.as_ref()?.name.as_deref()
    }

    pub(super) fn is_active(&self) -> bool {
        self.is_active == Some(true)
    }
}

/// The people whom a query selects, each once, with the groups of the query that they are in, and everybody's profile by user ID.
pub(super) async fn list(
    api: &Api,
    query: &PopulationQuery,
) -> Result<(Population, BTreeMap<String, String>), PopulationError> {
    let domain_of = |email: &str| email.rsplit_once('@').map(|(_, domain)| domain.to_owned());
    let mut conditions: Vec<String> = query
        .domains
        .iter()
        .map(|domain| format!("Email LIKE '%@{}'", like(literal(domain).trim_matches('\''))))
        .collect();
    let emails = query
        .emails
        .iter()
        .filter(|email| domain_of(email).is_none_or(|domain| !query.domains.contains(&domain)))
        .map(String::as_str);
    conditions.extend(literals(emails).into_iter().map(|list| format!("Email IN ({list})")));
    let groups: Vec<&str> = query.groups.iter().map(String::as_str).collect();
    conditions
        .extend(literals(groups.iter().copied()).into_iter().map(|list| format!("Profile.Name IN ({list})")));
    // Conditions of one query together stay below the length of a URL: most are one text of a few thousand characters, or short.
    let queries: Vec<String> = joined(&conditions)
        .into_iter()
        .map(|condition| format!("SELECT {FIELDS} FROM User WHERE {condition}"))
        .collect();
    let users = async {
        let pages = try_join_all(queries.iter().map(|soql| api.query::<User>(soql))).await?;
        Ok::<_, PopulationError>(pages.into_iter().flatten().collect::<Vec<User>>())
    };
    let (users, assigned, ()) =
        tokio::try_join!(users, async { Ok(by_permission_set(api, &groups).await?) }, exist(api, &groups))?;
    let mut found: BTreeMap<String, User> = users.into_iter().map(|user| (user.id.clone(), user)).collect();
    let mut groups_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for assignment in assigned {
        let (Some(user), Some(set)) = (assignment.assignee, assignment.permission_set.and_then(|it| it.name))
        else {
            continue;
        };
        groups_of.entry(user.id.clone()).or_default().insert(set);
        found.entry(user.id.clone()).or_insert(user);
    }
    let mut profiles = BTreeMap::new();
    for user in found.values() {
        if let Some(profile) = user.profile() {
            profiles.insert(user.id.clone(), profile.to_owned());
            if query.groups.contains(profile) {
                groups_of.entry(user.id.clone()).or_default().insert(profile.to_owned());
            }
        }
    }
    Ok((population(found.into_values(), groups_of), profiles))
}

/// Conditions joined by OR, in pieces.
fn joined(conditions: &[String]) -> Vec<String> {
    const MOST: usize = 6_000;
    let mut pieces: Vec<String> = Vec::new();
    for condition in conditions {
        match pieces.last_mut() {
            Some(piece) if piece.len() + condition.len() < MOST => {
                piece.push_str(" OR ");
                piece.push_str(condition);
            }
            _ => pieces.push(condition.clone()),
        }
    }
    pieces
}

/// The inside of a literal as that of a pattern, where `_` and `%` stand for something else.
fn like(text: &str) -> String {
    text.replace('_', "\\_").replace('%', "\\%")
}

async fn by_permission_set(api: &Api, names: &[&str]) -> Result<Vec<Assignment>, HttpError> {
    let lists = literals(names.iter().copied());
    let queries: Vec<String> = lists
        .iter()
        .map(|list| {
            format!(
                "SELECT Id, AssigneeId, Assignee.Id, Assignee.Username, Assignee.Email, Assignee.Name, Assignee.IsActive, \
                 Assignee.Profile.Name, PermissionSet.Name FROM PermissionSetAssignment WHERE PermissionSet.Name IN ({list})"
            )
        })
        .collect();
    let pages = try_join_all(queries.iter().map(|soql| api.query(soql))).await?;
    Ok(pages.into_iter().flatten().collect())
}

/// Refuses a name that is neither a profile nor a permission set: an empty list of people would look like nobody being in it.
async fn exist(api: &Api, names: &[&str]) -> Result<(), PopulationError> {
    if names.is_empty() {
        return Ok(());
    }
    let (profiles, sets) =
        tokio::try_join!(named(api, "Profile", names), named(api, "PermissionSet", names))?;
    let is_known = |name: &&&str| !profiles.values().chain(sets.values()).any(|known| known == **name);
    match names.iter().find(is_known) {
        Some(name) => Err(PopulationError::NoGroup((*name).to_owned())),
        None => Ok(()),
    }
}

/// Those of a type that have one of these names: names by ID.
async fn named(api: &Api, kind: &str, names: &[&str]) -> Result<BTreeMap<String, String>, HttpError> {
    let lists = literals(names.iter().copied());
    let queries: Vec<String> =
        lists.iter().map(|list| format!("SELECT Id, Name FROM {kind} WHERE Name IN ({list})")).collect();
    let pages = try_join_all(queries.iter().map(|soql| api.query::<Named>(soql))).await?;
    Ok(pages.into_iter().flatten().filter_map(|it| Some((it.id?, it.name?))).collect())
}

/// Names of profiles and permission sets by the first 15 characters of their IDs.
pub(super) async fn names_of(api: &Api, ids: &[String]) -> Result<BTreeMap<String, String>, HttpError> {
    let mut names = BTreeMap::new();
    for (kind, prefix) in [("Profile", "00e"), ("PermissionSet", "0PS")] {
        let of_kind = ids.iter().map(String::as_str).filter(|id| id.starts_with(prefix));
        for list in literals(of_kind) {
            let soql = format!("SELECT Id, Name FROM {kind} WHERE Id IN ({list})");
            let found: Vec<Named> = api.query(&soql).await?;
            let short = |id: String| id.chars().take(15).collect::<String>();
            names.extend(found.into_iter().filter_map(|it| Some((short(it.id?), it.name?))));
        }
    }
    Ok(names)
}

/// Users by e-mail address or by ID, whatever the population was.
pub(super) async fn users_of(
    api: &Api,
    field: &str,
    values: &BTreeSet<String>,
) -> Result<Vec<User>, HttpError> {
    let lists = literals(values.iter().map(String::as_str));
    let queries: Vec<String> =
        lists.iter().map(|list| format!("SELECT {FIELDS} FROM User WHERE {field} IN ({list})")).collect();
    let pages = try_join_all(queries.iter().map(|soql| api.query(soql))).await?;
    Ok(pages.into_iter().flatten().collect())
}

/// Who has some permission sets: assignment IDs by permission set and user ID.
pub(super) async fn assignments(
    api: &Api,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<(String, String), String>, HttpError> {
    let mut all = BTreeMap::new();
    for list in literals(names.iter().map(String::as_str)) {
        let soql = format!(
            "SELECT Id, AssigneeId, PermissionSet.Name FROM PermissionSetAssignment WHERE PermissionSet.Name IN ({list})"
        );
        let found: Vec<Assignment> = api.query(&soql).await?;
        all.extend(
            found.into_iter().filter_map(|it| Some(((it.permission_set?.name?, it.assignee_id?), it.id))),
        );
    }
    Ok(all)
}

/// The ID of a permission set.
pub(super) async fn permission_set_id(api: &Api, name: &str) -> Result<Option<String>, HttpError> {
    let found = named(api, "PermissionSet", &[name]).await?;
    Ok(found.into_iter().find(|(_, known)| known == name).map(|(id, _)| id))
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
                email: email.clone(),
                name: only.name.clone(),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(id: &str, email: &str, is_active: bool) -> User {
        serde_json::from_value(
            json!({"attributes": {"type": "User"}, "Id": id, "Email": email, "IsActive": is_active,
            "Name": "Ann Lee", "Profile": {"attributes": {}, "Name": "Flex Agent"}, "Future": null}),
        )
        .unwrap()
    }

    #[test]
    fn several_active_users_of_one_address_are_ambiguous() {
        let users = [
            user("1", "Ann@connie.one", true),
            user("2", "ann@connie.one", false),
            user("3", "joe@connie.one", true),
            user("4", "joe@connie.one", true),
            user("5", "sue@connie.one", false),
        ];
        let population = population(users, BTreeMap::new());
        assert_eq!(population.people["ann@connie.one"].id, "1");
        assert_eq!(population.ambiguous["joe@connie.one"], ["3", "4"]);
        assert!(!population.people["sue@connie.one"].is_active);
    }

    #[test]
    fn hostile_records_are_read() {
        let user: User = serde_json::from_value(json!({"Id": "1", "Email": null, "Profile": null})).unwrap();
        assert_eq!((user.email(), user.profile(), user.is_active()), (None, None, false));
        assert_eq!(like("a_b%.one"), "a\\_b\\%.one");
    }

    #[test]
    fn conditions_stay_below_the_length_of_a_url() {
        let conditions: Vec<String> =
            (0..10).map(|at| format!("Email IN ('{}{at}')", "x".repeat(2_000))).collect();
        assert!(joined(&conditions).iter().all(|piece| piece.len() < 8_100));
        assert_eq!(joined(&conditions).iter().map(|it| it.matches("Email IN").count()).sum::<usize>(), 10);
    }
}
