//! Providers: one folder a vendor, with its types as the wire has them, its client, the lowering of manifests into components and
//! the conversion of remote objects back. Nothing outside a vendor's folder knows the vendor, except the one table in
//! [`registry`].
//!
//! What several vendors need stands beside their folders:
//!
//! | file | owns |
//! | --- | --- |
//! | `lower` | what both sides of a profile offer each other, the two traits, and what people are told |
//! | `population` | people, and which of them are asked for |
//! | `owned` | ownership by markers, and what somebody else changed in between |
//! | `pins` | the certificates that manifests pin |
//! | [`credentials`] | from a reference to a secret |
//! | [`assertion`] | private-key JWTs (RFC 7523) |
//! | `rehearse` | asking a vendor what it would say to a plan |
//! | `VENDOR/open` | from the manifests' block to a reader or a writer |
//!
//! # Flow
//! [`registry`] opens one provider per realm (vendor tenant) that the manifests name. Lowering ([`ServiceProvider`],
//! [`IdentityProvider`]) turns manifests into components; [`Observe`] says what exists; [`Mutate`] changes it.
//!
//! # Guarantees
//! Planning only ever holds an [`Observe`]. A [`Mutate`] is opened for, and asks for, a [`Permit`](crate::plan::Permit), which
//! only an approved plan gives.
//!
//! # Assumptions
//! One observation serves a whole plan: a provider lists in bulk, once, and answers from what it read.

pub mod assertion;
pub mod auth0;
pub mod credentials;
pub mod google;
mod lower;
pub mod okta;
mod owned;
mod pins;
mod population;
pub mod registry;
mod rehearse;
pub mod salesforce;
pub mod saml;
pub mod sendgrid;
pub mod twilio;
pub mod web;

use std::sync::Arc;

use async_trait::async_trait;

pub use lower::{
    AccountsOfRealm, IdentityProvider, IdentityProviderSide, LowerError, Member, PeopleSource,
    ProfileContext, Review, Rotation, ServiceProvider, ServiceProviderSide, announcement,
};
pub(crate) use pins::plain_fingerprint;
pub use population::{Person, Population, PopulationQuery};
pub use rehearse::{Objection, REHEARSAL, REHEARSAL_WARNING, Rehearsal, Rehearse, SharedRehearse};

use crate::{
    component::{Address, AppliedNote, Component, Observed, Realm, Snapshot, Unknown},
    http::HttpError,
    manifest::Name,
    plan::{Permit, Warning},
};

/// Reads one realm.
#[async_trait]
pub trait Observe: Send + Sync {
    /// The vendor tenant that it reads.
    fn realm(&self) -> &Realm;

    /// The people of the realm whom the query selects. Reads in bulk: the number of calls grows with pages, not with people.
    ///
    /// # Errors
    /// Why they could not be listed completely.
    async fn population(&self, query: &PopulationQuery) -> Result<Population, Unknown>;

    /// The accounts that a product has, to be checked against the identity provider's people; `None` for what is no product.
    ///
    /// # Errors
    /// Why they could not be listed.
    async fn accounts(&self) -> Result<Option<Vec<Person>>, Unknown> {
        Ok(None)
    }

    /// What exists of these components, and which objects carry a marker in `scope` without being asked for.
    ///
    /// Never fails as a whole: what could not be seen is unknown in the snapshot.
    async fn observe(&self, components: &[&Component], scope: &Scope) -> Snapshot;

    /// What a person should know of what was seen (a certificate that ends soon), none by default. Sends nothing.
    fn warnings(
        &self,
        _components: &[&Component],
        _snapshot: &Snapshot,
        _now: jiff::Timestamp,
    ) -> Vec<Warning> {
        Vec::new()
    }
}

/// Whose orphans to look for: those of a project, in the tenants whose documents were loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The project's id.
    pub project: String,
    /// The tenants.
    pub tenants: Vec<Name>,
}

/// Changes one realm.
#[async_trait]
pub trait Mutate: Send + Sync {
    /// The vendor tenant that it changes.
    fn realm(&self) -> &Realm;

    /// Carries out one change and reads the object again.
    ///
    /// Idempotent in this sense: after an error whose answer was lost, observing and planning again finds out whether the change
    /// was made, and nothing is created twice.
    ///
    /// # Errors
    /// What the vendor refused, or that the answer was lost.
    async fn write(&self, permit: &Permit, write: Write<'_>) -> Result<Written, WriteError>;
}

/// One change of one component, with every value known.
#[derive(Debug, Clone)]
pub enum Write<'a> {
    /// Make it.
    Create {
        /// What it should be; fields that are still pending have their seed.
        component: &'a Component,
        /// What to note beside the marker.
        note: &'a AppliedNote,
    },
    /// Change it (also to adopt it, and to rewrite its marker after a rename).
    Update {
        /// What it should be.
        component: &'a Component,
        /// What it was when the plan was made.
        observed: &'a Observed,
        /// The paths of the fields that differ.
        changed: &'a [String],
        /// What to note beside the marker.
        note: &'a AppliedNote,
    },
    /// Delete it.
    Delete {
        /// Its address.
        address: &'a Address,
        /// What it was when the plan was made.
        observed: &'a Observed,
    },
    /// Remove the marker and leave the object.
    Forget {
        /// Its address.
        address: &'a Address,
        /// What it was when the plan was made.
        observed: &'a Observed,
    },
}

/// The result of a write.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// The object as it is now.
    Present(Box<Observed>),
    /// The object is gone, or no longer ours.
    Gone,
}

/// Why a write did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The request failed; [`HttpError::AnswerLost`] among the reasons.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The object changed between plan and apply.
    #[error("{what} was changed by somebody else since the plan was made")]
    Conflict {
        /// The object.
        what: String,
    },
    /// The vendor took the request and reports that it could not carry it out (an Action that does not build).
    #[error("{what}: {message}")]
    Refused {
        /// The object.
        what: String,
        /// What the vendor says.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// The vendor did not finish in time; running apply again goes on.
    #[error("{what} was not ready after {seconds} seconds")]
    NotReady {
        /// The object.
        what: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// There is no credential to write with.
    #[error("no credential to write to {realm}: {message}")]
    NoCredential {
        /// The vendor tenant.
        realm: Realm,
        /// What is missing.
        message: String,
    },
}

impl WriteError {
    /// Nothing can be written to a realm, for the reason that it cannot be opened.
    pub fn no_credential(realm: Realm, unknown: Unknown) -> Self {
        Self::NoCredential { realm, message: unknown.message }
    }
}

/// A provider that reads, shared between tasks.
pub type SharedObserve = Arc<dyn Observe>;
/// A provider that writes, shared between tasks.
pub type SharedMutate = Arc<dyn Mutate>;
