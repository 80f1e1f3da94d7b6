//! Stable codes: what `concord explain` shows, what SARIF calls a rule. Owns the shape of a code; each room declares its
//! own codes beside the rules that use them.

use std::fmt;

use super::Severity;

/// The kind of a finding, with everything that is known about it before one is found.
///
/// Declared as a constant in the room that finds it, and listed there in `pub const CODES: &[&Code]`.
#[derive(Debug)]
pub struct Code {
    /// A kebab-case slug that never changes its meaning, such as `unknown-field`.
    pub id: &'static str,
    /// How grave such a finding is unless it says otherwise.
    pub severity: Severity,
    /// One line without a full stop.
    pub title: &'static str,
    /// Markdown: what it means, why it matters, how to mend it, and the source of the rule.
    pub explanation: &'static str,
}

/// Codes are the same when their ids are.
impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Code {}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}
