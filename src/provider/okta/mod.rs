//! Okta as an identity provider: one SAML application a profile, generic or from the catalogue, and the assignments that enable
//! people and groups.
//!
//! | question | file |
//! | --- | --- |
//! | which components a profile needs | `lower` |
//! | what the application asserts, and the expression for roles | `attributes` |
//! | which key an application signs with | `signing_key` |
//! | what the management API sends and takes | `wire` |
//! | how it is called | `client` |
//! | how a service app authenticates | `assertion` |
//! | how a remote object becomes an observation | `convert` |
//! | who is there | `population` |
//! | what exists | `observe` |
//! | how it is changed | `write` |
//!
//! # Caveats
//! Okta keeps nothing of its own for a person in a SAML application without a custom schema, so roles follow groups, by one expression.
//! Assignments carry no marker: an additive enablement never takes one away, an exclusive one takes away every direct one that nobody
//! asks for. What people get through a group is left alone.

mod assertion;
mod attributes;
mod client;
mod codes;
mod convert;
mod lower;
mod observe;
pub mod open;
mod population;
mod signing_key;
mod wire;
mod write;

pub use client::{OktaAuth, OktaConfig, public_url};
pub use codes::CODES;
pub use lower::OktaVendor;
pub use observe::{reader, writer};

pub use super::assertion::{PrivateKey, PrivateKeyError};

/// The provider's name in realms.
pub const PROVIDER: &str = "okta";
