//! Planning: what has to change, in which order, and whether it may. Pure: no I/O, no clock, no environment, no vendor.
//!
//! | file | owns |
//! | --- | --- |
//! | [`diff`] | one component against what was observed |
//! | [`attest`] | manual steps against attestations |
//! | `assemble` | observations and attestations put together into a plan |
//! | `removal` | what no manifest asks for any more |
//! | `waits` | what is blocked, and what waits for a manual step |
//! | [`order`] | the graph of changes |
//! | [`guard`] | whether a plan may be applied, and the only way to a [`Permit`] |
//! | [`saved`] | a plan as JSON, and its digest |

mod assemble;
pub mod attest;
mod change;
pub mod diff;
pub mod guard;
pub mod order;
mod removal;
pub mod saved;
#[cfg(test)]
mod tests;
mod waits;

pub use assemble::{PlanInput, assemble};
pub(crate) use assemble::{is_noted_otherwise, resolve_fields};
pub use change::{Action, Change, FieldChange, Gap, Group, Outputs, Plan, Reason, Risk, Summary, Warning};
pub use guard::{ApprovedPlan, GUARDS, Permit, Refusal};
