//! The people of a realm: what enablements are expanded from, and what the other side is checked against.

use std::collections::{BTreeMap, BTreeSet};

/// Whom to list: everybody whom one of these selects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PopulationQuery {
    /// Everybody with an address in these domains (lower case).
    pub domains: BTreeSet<String>,
    /// These people (lower case).
    pub emails: BTreeSet<String>,
    /// Members of these groups.
    pub groups: BTreeSet<String>,
    /// These people, by the vendor's ID (Twilio: `US...`). Asked of products only.
    pub ids: BTreeSet<String>,
    /// Everybody who has a role in these accounts (`AC...`). Asked of products only.
    pub accounts: BTreeSet<String>,
}

impl PopulationQuery {
    /// Whether nobody is asked for.
    pub fn is_empty(&self) -> bool {
        let Self { domains, emails, groups, ids, accounts } = self;
        [domains, emails, groups, ids, accounts].iter().all(|set| set.is_empty())
    }

    /// Whoever one of the two selects.
    pub fn merge(&mut self, other: Self) {
        self.domains.extend(other.domains);
        self.emails.extend(other.emails);
        self.groups.extend(other.groups);
        self.ids.extend(other.ids);
        self.accounts.extend(other.accounts);
    }
}

/// The people that a realm has, by lower-cased e-mail address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Population {
    /// The people.
    pub people: BTreeMap<String, Person>,
    /// E-mail addresses that several accounts have, with the accounts' IDs: nobody can say which one is meant.
    pub ambiguous: BTreeMap<String, Vec<String>>,
}

impl Population {
    /// The people of a realm that has no directory to read: exactly those whom a query names, as far as anybody can tell.
    pub fn named(query: &PopulationQuery) -> Self {
        let person = |email: &String| Person {
            id: email.clone(),
            email: email.clone(),
            is_active: true,
            ..Person::default()
        };
        Self {
            people: query.emails.iter().map(|email| (email.clone(), person(email))).collect(),
            ambiguous: BTreeMap::new(),
        }
    }
}

/// A person in an identity provider, or an account in a product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// The vendor's ID.
    pub id: String,
    /// The e-mail address, lower case.
    pub email: String,
    /// The full name, if the vendor has one.
    pub name: Option<String>,
    /// Whether the person can sign in.
    pub is_active: bool,
    /// The groups that the person is in, as far as the query asked for groups.
    pub groups: BTreeSet<String>,
    /// Further addresses under which the person is known there, lower case: an alias, another login name.
    pub aliases: BTreeSet<String>,
    /// The accounts (`AC...`) in which the person has a role.
    pub accounts: BTreeSet<String>,
    /// Whether the person may administer all of the realm: an organization's owner or administrator.
    pub is_administrator: bool,
}
