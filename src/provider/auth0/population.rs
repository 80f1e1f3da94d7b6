//! Who is in the tenant. Auth0's user search ends at 1,000 results and lags behind writes; this file owns reading past the first and
//! the confirmation of what the second hides.
//!
//! # Flow
//! A query is sorted by creation time and read in windows of at most 1,000; the next window begins with the last one's creation time,
//! and users that come twice count once. A thousand users of one and the same millisecond are told apart by the beginning of their
//! address.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;

use super::{
    client::{Api, only_user_fields},
    wire::{User, UsersPage},
};
use crate::{
    http::{HttpError, NumberedPage, Request, Response, pages_by_number},
    provider::{Person, Population, PopulationQuery},
};

/// Users a page, the most that search gives.
const PER_PAGE: u64 = 100;
/// Where search ends.
const REACH: usize = 1_000;
/// Pages until there.
const PAGES: usize = 10;
/// Addresses or domains in one query: keeps the URL well under 8 kB.
const TERMS: usize = 50;
/// People that search did not find and that are asked for one by one.
pub(super) const CONFIRMED_AT_MOST: usize = 100;
/// How many characters of an address are tried to tell users of one millisecond apart.
const DEPTH: usize = 3;
/// What an address's beginning is tried with; whatever else it begins with is asked for together.
const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz0123456789";

/// Users that carry a marker of Concord, whosever it is.
pub(super) const MARKED: &str = "_exists_:app_metadata.concord";

/// Why the users could not be listed completely.
#[derive(Debug, thiserror::Error)]
pub(super) enum SearchError {
    #[error(transparent)]
    Http(#[from] HttpError),
    /// More users than search can tell apart.
    #[error(
        "Auth0's user search cannot list them all: more than {REACH} users were created at {created_at} and their \
         addresses begin alike"
    )]
    Inseparable { created_at: String },
    /// The results are not in the order that was asked for, so that reading on would miss some.
    #[error("Auth0's user search did not sort its results by creation time")]
    Unsorted,
}

/// The users whom a population query selects, each once, by ID.
pub(super) async fn users(api: &Api, query: &PopulationQuery) -> Result<BTreeMap<String, User>, SearchError> {
    let texts = texts_of(query);
    let found = try_join_all(texts.iter().map(|text| search(api, text))).await?;
    let mut users: BTreeMap<String, User> = found.into_iter().flatten().collect();

    // Whoever was made a moment ago is not in the index yet.
    let known: BTreeSet<String> = users.values().filter_map(User::address).collect();
    let missing: Vec<&String> =
        query.emails.iter().filter(|email| !known.contains(*email)).take(CONFIRMED_AT_MOST).collect();
    let confirmed = try_join_all(missing.iter().map(|email| api.users_by_email(email))).await?;
    users.extend(confirmed.into_iter().flatten().map(|user| (user.user_id.clone(), user)));
    Ok(users)
}

/// The population that the users make.
pub(super) fn population<'a>(users: impl IntoIterator<Item = &'a User>) -> Population {
    let mut by_email: BTreeMap<String, Vec<&User>> = BTreeMap::new();
    for user in users {
        if let Some(email) = user.address() {
            by_email.entry(email).or_default().push(user);
        }
    }
    let mut population = Population::default();
    for (email, mut accounts) in by_email {
        accounts.sort_by(|one, other| one.user_id.cmp(&other.user_id));
        if let [only] = accounts[..] {
            population.people.insert(email.clone(), person(only, email));
        } else {
            let ids = accounts.into_iter().map(|user| user.user_id.clone()).collect();
            population.ambiguous.insert(email, ids);
        }
    }
    population
}

fn person(user: &User, email: String) -> Person {
    Person {
        id: user.user_id.clone(),
        email,
        name: user.name.clone().filter(|name| !name.is_empty()),
        is_active: !user.blocked,
        groups: BTreeSet::new(),
        ..Person::default()
    }
}

/// The query in search syntax, in pieces that fit into a URL.
fn texts_of(query: &PopulationQuery) -> Vec<String> {
    let in_domains =
        |email: &str| email.rsplit_once('@').is_some_and(|(_, domain)| query.domains.contains(domain));
    let domains: Vec<String> =
        query.domains.iter().map(|domain| format!("email.domain:{}", quoted(domain))).collect();
    let emails: Vec<String> = query
        .emails
        .iter()
        .filter(|email| !in_domains(email))
        .map(|email| format!("email:{}", quoted(email)))
        .collect();
    domains.chunks(TERMS).chain(emails.chunks(TERMS)).map(|terms| terms.join(" OR ")).collect()
}

/// A text in quotation marks, as Lucene's query syntax wants it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// All users that match a query, by ID.
pub(super) async fn search(api: &Api, query: &str) -> Result<BTreeMap<String, User>, SearchError> {
    let mut users = BTreeMap::new();
    // The lower bound of the window's creation times, with its bracket, and the time alone.
    let mut from: Option<(char, String)> = None;
    loop {
        let text = match &from {
            None => query.to_owned(),
            Some((bracket, time)) => format!("({query}) AND created_at:{bracket}{time} TO *]"),
        };
        let window = window(api, &text).await?;
        let is_last = window.len() < REACH;
        let times = (created_at(window.first()), created_at(window.last()));
        users.extend(window.into_iter().map(|user| (user.user_id.clone(), user)));
        if is_last {
            return Ok(users);
        }
        let (Some(first), Some(last)) = times else { return Err(SearchError::Unsorted) };
        if last < first || from.as_ref().is_some_and(|(_, time)| last < *time) {
            return Err(SearchError::Unsorted);
        }
        from = Some(if first == last {
            let moment = format!("({query}) AND created_at:[{last} TO {last}]");
            users.extend(separate(api, &moment, &last).await?);
            ('{', last)
        } else {
            ('[', last)
        });
    }
}

fn created_at(user: Option<&User>) -> Option<String> {
    user?.created_at.clone()
}

/// Users who cannot be told apart by creation time, by the beginning of their address.
async fn separate(api: &Api, query: &str, created_at: &str) -> Result<BTreeMap<String, User>, SearchError> {
    let inseparable = || SearchError::Inseparable { created_at: created_at.to_owned() };
    let mut users = BTreeMap::new();
    let mut prefixes = vec![String::new()];
    while let Some(prefix) = prefixes.pop() {
        let longer: Vec<String> = ALPHABET.chars().map(|c| format!("{prefix}{c}")).collect();
        let mut others = format!("({query})");
        if !prefix.is_empty() {
            others.push_str(&format!(" AND email:{prefix}*"));
        }
        for longer in &longer {
            others.push_str(&format!(" AND NOT email:{longer}*"));
        }
        let rest = window(api, &others).await?;
        if rest.len() >= REACH {
            return Err(inseparable());
        }
        users.extend(rest.into_iter().map(|user| (user.user_id.clone(), user)));
        for longer in longer {
            let found = window(api, &format!("({query}) AND email:{longer}*")).await?;
            if found.len() < REACH {
                users.extend(found.into_iter().map(|user| (user.user_id.clone(), user)));
            } else if longer.len() < DEPTH {
                prefixes.push(longer);
            } else {
                return Err(inseparable());
            }
        }
    }
    Ok(users)
}

/// At most [`REACH`] users, by creation time.
async fn window(api: &Api, query: &str) -> Result<Vec<User>, HttpError> {
    let request = |page| {
        only_user_fields(Request::get(["users"]))
            .query("search_engine", "v3")
            .query("q", query)
            .query("sort", "created_at:1")
            .query("include_totals", true)
            .query("per_page", PER_PAGE)
            .query("page", page)
    };
    pages_by_number(api.origin(), PAGES, request, |response: &Response| {
        let page: UsersPage = response.json()?;
        let end = page.start.saturating_add(page.users.len() as u64);
        let last = page.users.is_empty() || end >= page.total || end >= REACH as u64;
        Ok(NumberedPage { items: page.users, last })
    })
    .await
}

#[cfg(test)]
mod tests;
