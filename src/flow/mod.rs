//! The flow: load, check, resolve, observe, plan. Each stage has its own type and none reaches back; here they are joined, for the
//! commands to call.

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
