//! Auth0 as an identity provider: one SAML application a profile, a generated post-login Action where attributes cannot be mapped,
//! and the `app_metadata` that enables people.
//!
//! | question | file |
//! | --- | --- |
//! | which components a profile needs | `lower` |
//! | which attributes are mapped and which an Action sets | `attributes` |
//! | what the Action's code looks like | `action` |
//! | what the Management API sends and takes | `wire` |
//! | how it is called | `client` |
//! | how a remote object becomes an observation | `convert` |
//! | who is there | `population` |
//! | what exists | `observe` |
//! | how it is changed | `write` |
//!
//! # Caveats
//! Auth0 signs either the response or the assertion, never both. User search lags behind writes by seconds and ends at 1,000 results;
//! what decides a change is therefore read once more by id.

mod action;
mod attributes;
mod client;
mod codes;
mod convert;
#[cfg(test)]
mod fake;
mod lower;
mod observe;
pub mod open;
mod population;
mod wire;
mod write;

pub use client::{Auth0Config, MetadataUnavailable, metadata, public_url};
pub use codes::CODES;
pub use lower::Auth0Vendor;
pub use observe::{reader, writer};

/// The provider's name in realms.
pub const PROVIDER: &str = "auth0";
