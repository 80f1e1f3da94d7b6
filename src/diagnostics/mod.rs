//! What is wrong, where, and what to do about it: one [`Finding`] for every stage, and the forms in which findings leave
//! the program.
//!
//! | file | owns |
//! | --- | --- |
//! | `source` | text with a name, and places in it |
//! | `code` | the stable codes, with their explanations |
//! | `finding` | one finding, its labels and its fix |
//! | `collection` | all findings of a run, in order |
//! | `human`, `excerpt` | the picture with underlined source; the only file that knows miette is `human` |
//! | `json`, `sarif`, `github` | the forms for machines |
//! | `escape` | making control characters of foreign text visible |
//! | `suggest` | "did you mean" |
//!
//! Renderers are pure: they return text or a serialisable value, and somebody else prints it. Each room of the program
//! declares its own `CODES`; this room declares none, because it finds nothing itself.

mod code;
mod collection;
mod escape;
mod excerpt;
mod finding;
pub mod github;
pub mod human;
pub mod json;
pub mod sarif;
mod source;
mod suggest;

pub use code::Code;
pub use collection::{Counts, Findings};
pub use escape::{visible, visible_block};
pub use finding::{Edit, Finding, Fix, Label, Severity};
pub use source::{Location, SourceFile, Span};
pub use suggest::suggest;
