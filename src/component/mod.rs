//! Components: the remote objects that should exist, or do exist, in terms that every vendor shares. What can be compared,
//! what can be written and read, what is known only later. No vendor, no I/O, no manifest semantics.

mod address;
mod capability;
mod codes;
mod desired;
mod field;
mod observed;
mod requirement;
mod step;
mod value;

pub use address::{Address, InvalidAddress};
pub use capability::{Capability, ReadChannel, WriteChannel};
pub use codes::CODES;
pub use desired::{Class, Component, Realm};
pub use field::{Field, Rule};
pub use observed::{
    AccountRemoval, AppliedNote, Marker, Observation, Observed, Orphan, Ownership, Snapshot, Unknown,
    UnknownReason,
};
pub use requirement::{Condition, Requirement};
pub use step::{Digest, Environment, Instruction, Step, StepOutput, step_digest};
pub use value::{Reference, Value};
