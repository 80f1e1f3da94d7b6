//! Resolving: references are followed and manifests lowered into components. Two passes: the profiles, from the manifests alone;
//! then the people, once a population was read. Pure; which vendor lowers what is [`crate::provider::registry`]'s table.

mod agreement;
mod codes;
mod enablement;
mod members;
mod standalone;

pub(crate) use agreement::merge;
pub use agreement::{Agreement, agreements};
pub use codes::{CERTIFICATE_ENDS, CODES};
pub use enablement::{Enabled, Expansion, expand, population_query};
pub(crate) use members::enabled_twice;
pub use members::{Membership, People, identity_query, members};
pub use standalone::standalone;
