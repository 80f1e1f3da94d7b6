//! How plans look: pure functions from a plan to a text, a format a file. Nothing here prints, reads a clock or asks the
//! environment; whatever a picture depends on comes in as a [`Style`].
//!
//! | file | owns |
//! | --- | --- |
//! | [`text`] | a plan for a terminal, and its one-line-per-change form |
//! | [`markdown`] | a plan for a pull-request comment |
//! | [`json`] | a plan for scripts |
//! | [`runbook`] | manual steps with their values, as text, Markdown and JSON |
//! | `field` | one field's change as lines, the same for text and Markdown |
//! | [`outcome`] | what came of an apply |
//! | [`verification`] | what was verified |
//! | `pages` | explained codes, and other small pages |
//! | `people` | memberships in numbers; who is shown, and under which pseudonym |
//! | `words` | the closing sentence, counts, the next command |
//! | `ink` | colour, indentation and wrapping for terminals |
//!
//! # Guarantees
//! Every text that comes from outside (manifests, vendors) is made visible before it is drawn, so that it cannot repaint a terminal or
//! break out of Markdown. Certificates are shown decoded; a value that is only ever written is never shown.

mod field;
mod ink;
pub mod json;
pub mod markdown;
pub mod outcome;
mod pages;
mod people;
pub mod runbook;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
pub mod verification;
mod words;

use jiff::Timestamp;

pub use pages::{Announcement, announcements, code_list, explanation, guard_explanation, validated};
pub use people::pseudonym;
pub use words::{closing, counted};

use pages::closing_counts;

/// Everything that a picture depends on beside what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub color: bool,
    /// Columns; at least 40 are used.
    pub width: usize,
    /// Characters beyond ASCII where they help.
    pub unicode: bool,
    /// People by their e-mail address rather than by a pseudonym, and by name where they would only be counted.
    pub show_users: bool,
    /// One line per change.
    pub compact: bool,
    /// The moment by which certificates' remaining days are counted.
    pub now: Timestamp,
    /// What stands at the end of a command so that it can be pasted: the project's folder and flags. Without a leading space.
    pub arguments: String,
    /// Whether the plan is carried out right away, so that there is no next command to suggest.
    pub goes_on: bool,
}

/// A serialisable value as indented JSON with a final newline.
pub fn to_pretty<T: serde::Serialize + ?Sized>(value: &T) -> String {
    let mut text =
        serde_json::to_string_pretty(value).expect("documents here have texts as keys and no foreign types");
    text.push('\n');
    text
}
