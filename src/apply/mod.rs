//! Applying: an approved plan is carried out along its graph, with bounded concurrency, and told as events.
//!
//! # Guarantees
//! It can be killed at any point: every object carries its marker from its first write on, so the next plan shows what is left and
//! nothing is made twice. A write whose answer was lost is looked up before it is tried again.
//!
//! | file | owns |
//! | --- | --- |
//! | `executor` | the walk along the graph |
//! | `change` | one change by API |
//! | `step` | one manual step |
//! | `operator` | who carries out manual steps |
//! | `attestations` | where statements are kept |
//! | `verify` | whether the agreement really holds |
//! | `event`, `outcome` | what is told while it runs, and at the end |

mod attestations;
mod change;
mod event;
mod executor;
mod operator;
mod outcome;
mod step;
mod verify;

pub use attestations::{AttestationFolder, RecordError, Said, attestation_name, statement};
pub use event::{EVENTS_FORMAT_VERSION, Event};
pub use executor::{Executor, Stop};
pub use operator::{Nobody, Operator, OperatorError, Performed, StepTask, StepValue};
pub use outcome::{ApplyError, Effect, Outcome, Result as NodeResult};
pub use step::{Carried, Desk};
pub use verify::{Check, Verdict, Verification, verify};
