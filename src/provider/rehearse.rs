//! Rehearsal: a vendor is asked what it would say to the planned changes, and makes none of them.

use std::sync::Arc;

use async_trait::async_trait;

use crate::component::{Address, Component, Observed, Realm, Unknown};

/// Asks one realm what it would say to changes.
#[async_trait]
pub trait Rehearse: Send + Sync {
    /// The vendor tenant that it asks.
    fn realm(&self) -> &Realm;

    /// What the vendor says to these changes together. What it has no rehearsal for (a person's assignment) is left out.
    ///
    /// # Errors
    /// Why it could not be asked, or gave no answer.
    async fn rehearse(&self, changes: &[Rehearsal<'_>]) -> Result<Vec<Objection>, Unknown>;
}

/// One change that would be made. Values that are not known yet have their seed.
#[derive(Debug, Clone)]
pub enum Rehearsal<'a> {
    /// It would be made.
    Create(&'a Component),
    /// It would be changed.
    Update {
        /// What it should be.
        component: &'a Component,
        /// What it is.
        observed: &'a Observed,
        /// The paths of the fields that differ.
        changed: &'a [String],
    },
    /// It would be deleted.
    Delete {
        /// Its address.
        address: &'a Address,
        /// What it is.
        observed: &'a Observed,
    },
}

/// What a vendor says to a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// The component; `None` where it is about all of it.
    pub address: Option<Address>,
    /// The path of the component's field, where that can be told.
    pub field: Option<String>,
    /// In the vendor's words.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Whether the change would be made all the same.
    pub is_warning: bool,
}

/// A provider that rehearses, shared between tasks.
pub type SharedRehearse = Arc<dyn Rehearse>;
