//! Text to documents, and back: YAML 1.2 read strictly, with the place of everything.
//!
//! ```text
//! bytes ──read──> SourceFile ──parse──> Node (one a document) ──decode──> T
//!                                            findings, all at once
//! ```
//!
//! | file | owns |
//! | --- | --- |
//! | `read` | bytes to text: size and encoding |
//! | `events` | the only file that knows the YAML parser |
//! | `parse` | events to a tree: limits, duplicate keys, tags, aliases |
//! | `scalar` | what a plain scalar means (core schema) |
//! | `node`, `path` | the tree, and the way to a part of it |
//! | `decode` | tree to a typed value, through serde |
//! | `codes` | what can be wrong |
//! | `emit` | a value as YAML text |
//!
//! **Scalars.** Plain scalars follow the YAML 1.2 core schema, so `no`, `on`, `12:30` and `2024-01-01` are texts. Where a
//! text is wanted, a bare number is taken as it was written (`0123` stays `0123`, `1.10` stays `1.10`), because only one
//! text can be meant; `true`, `false` and `null` are refused there, because a person who writes those rarely means the
//! word. Where a number or a truth value is wanted, a text is refused.

pub mod codes;
mod decode;
mod emit;
mod events;
mod limits;
mod node;
mod parse;
mod path;
mod read;
mod scalar;

pub use crate::yaml_path as path;
pub use codes::CODES;
pub use decode::{decode, decode_at};
pub use emit::{EmitError, to_string};
pub use limits::Limits;
pub use node::{Entry, Node, NodeKind};
pub use parse::parse;
pub use path::{Path, Segment};
pub use read::read;
