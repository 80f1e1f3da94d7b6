//! Google Workspace as an identity provider: a custom schema with people's values in it, by the Directory API; and the custom SAML app,
//! for which there is no API, as attested steps.
//!
//! | question | file |
//! | --- | --- |
//! | which components a profile needs | `lower` |
//! | what the app asserts, and which values people need for it | `attributes` |
//! | the wording of the manual steps | `steps` |
//! | whom Twilio is to trust | `trust` |
//! | what the Directory API sends and takes | `wire` |
//! | how it is called | `client` |
//! | with which credentials | `open` |
//! | how a remote object becomes an observation | `convert` |
//! | who is there | `population` |
//! | what exists | `observe` |
//! | how it is changed | `write` |
//!
//! # Guarantees
//! Of a person's profile only the custom fields that the attribute map reads are written, and Concord's own mark; other fields of the
//! schema, and other schemas, stay as they are. A field of the schema is never deleted as long as the schema stays, because its values
//! would go with it.
//!
//! # Caveats
//! Google documents that its search may be up to 36 hours behind (Directory API, "Search for users"), so nobody is searched for: the
//! customer's users are listed, 500 a page, once for everything. Lists may be a moment behind a write, too: what looks as if it had to
//! change is read once more by itself.

mod attributes;
mod client;
mod codes;
mod convert;
mod lower;
mod observe;
pub mod open;
mod population;
mod steps;
mod trust;
mod wire;
mod write;

pub use codes::CODES;
pub use lower::GoogleVendor;
pub use steps::removal_step;

/// The provider's name in realms.
pub const PROVIDER: &str = "google";
