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
}

impl PopulationQuery {
    /// Whether nobody is asked for.
    pub fn is_empty(&self) -> bool {
        self.domains.is_empty() && self.emails.is_empty() && self.groups.is_empty()
    }

    /// Whoever one of the two selects.
    pub fn merge(&mut self, other: Self) {
        self.domains.extend(other.domains);
        self.emails.extend(other.emails);
        self.groups.extend(other.groups);
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

/// A person in an identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}
