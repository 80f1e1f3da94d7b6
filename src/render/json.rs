//! A plan for scripts. The shape, its version and its schema are [`crate::plan::saved`]'s.

use crate::plan::{Plan, Refusal, saved};

/// The plan as indented JSON with a final newline. Unlike the forms for people it names everybody by e-mail address, because
/// `apply --plan` needs the addresses.
pub fn plan(plan: &Plan, refusals: &[Refusal]) -> String {
    let mut text = serde_json::to_string_pretty(&saved::document(plan, refusals))
        .expect("a document of texts, numbers and lists has a JSON form");
    text.push('\n');
    text
}
