//! The flow: load, check, resolve, observe, plan. Each stage has its own type and none reaches back; here they are joined, for the
//! commands to call.
//!
//! | file | owns |
//! | --- | --- |
//! | `load`, `files` | a project's folder, and the files that its manifests refer to |
//! | `session` | the stages in their order |
//! | `target` | which part of a plan is asked for |
//! | `people` | the people of both sides, listed once for a plan |
//! | `leavers` | people who are to go from a product |
//! | `horizon` | certificates that end soon |
//! | `rehearsal` | what vendors would say to the plan |

mod files;
mod horizon;
mod leavers;
mod load;
mod people;
mod rehearsal;
mod session;
mod target;

pub use files::{embed_certificates, embed_metadata, read_referenced_files};
pub use load::{Project, load};
pub use rehearsal::Rehearsed;
pub use session::{FlowError, PlanOptions, Session};
pub use target::Target;
