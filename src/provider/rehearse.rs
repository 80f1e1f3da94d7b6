//! Rehearsal: a vendor is asked what it would say to the planned changes, and makes none of them.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    component::{Address, Component, Observed, Realm, Unknown},
    diagnostics::{Code, Severity},
};

/// The vendor would refuse a change.
pub const REHEARSAL: Code = Code {
    id: "rehearsal",
    severity: Severity::Error,
    title: "the vendor would refuse the change",
    explanation: "`plan --rehearse` has the vendor itself check the planned changes, without making them (Salesforce: a deploy with \
        `checkOnly`). It refuses this one, in its own words, and apply would fail at it; the place is what in the manifests asks for \
        it. Values that are known only after another change are checked as the placeholders that are written first.\n\nMend what the \
        vendor names, then plan again.",
};

/// The vendor remarks on a change.
pub const REHEARSAL_WARNING: Code = Code {
    id: "rehearsal-warning",
    severity: Severity::Warning,
    title: "the vendor has something to say to the change",
    explanation: "`plan --rehearse` has the vendor itself check the planned changes, without making them. It would take this one and warns \
        about it, in its own words.",
};

/// The codes of rehearsals.
pub const CODES: &[&Code] = &[&REHEARSAL, &REHEARSAL_WARNING];

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
