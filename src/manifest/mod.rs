//! The language: one file a kind, names, references, secrets and schemas. No I/O happens here.

pub mod attestation;
pub mod attribute_map;
mod codes;
pub mod email_domain;
pub mod envelope;
pub mod identity_provider;
mod manifests;
mod name;
pub mod policy;
pub mod project;
mod references;
mod resource;
pub mod schema;
mod secret;
pub mod sso_profile;
pub mod tenant;
pub mod user_enablement;
pub mod vanity_domain;

pub use codes::CODES;
pub use envelope::{Kind, Lifecycle, Metadata, OnRemoval};
pub use manifests::{Key, Manifests, Resources};
pub use name::{InvalidName, Name};
pub use resource::{Document, Envelope, Resource};
pub use secret::SecretRef;
