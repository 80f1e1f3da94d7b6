//! Events: what happens while a plan is carried out. Terminal, JSON lines and summaries are consumers; nothing else is printed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::plan::Action;

/// The version of the events' form; raised when a consumer could misread them.
pub const EVENTS_FORMAT_VERSION: u32 = 1;

/// Something that happened. One JSON object a line in `--events FILE`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// The first event.
    ApplyStarted {
        /// The version of this form.
        format_version: u32,
        /// Where changes are made: `live` or `sandbox:<id>`.
        environment: String,
        /// The digest of the plan.
        digest: String,
        /// How many changes and steps there are.
        changes: usize,
    },
    /// A change or a step began.
    Started {
        /// The component.
        address: String,
        /// What is done.
        action: Action,
        /// What it is for a person.
        title: String,
        /// Whether only a part is done now, and the rest once pending values are known.
        is_part: bool,
    },
    /// A change or a step was done.
    Done {
        /// The component.
        address: String,
        /// What was done.
        action: Action,
        /// What came of it: `created`, `updated`, `unchanged`...
        effect: &'static str,
        /// What a step produced.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        outputs: BTreeMap<String, String>,
    },
    /// A manual step waits for a person, or a change waits for such a step.
    Waiting {
        /// The component.
        address: String,
        /// What it waits for.
        message: String,
    },
    /// A change or a step failed.
    Failed {
        /// The component.
        address: String,
        /// Why.
        message: String,
        /// What to do.
        #[serde(skip_serializing_if = "Option::is_none")]
        help: Option<String>,
    },
    /// A change was not begun.
    NotStarted {
        /// The component.
        address: String,
        /// Why not.
        message: String,
    },
    /// The last event.
    ApplyFinished {
        /// Changes and steps that were done.
        done: usize,
        /// Changes and steps that failed.
        failed: usize,
        /// Steps that wait for a person, and changes that wait for such steps.
        waiting: usize,
        /// Changes that were not begun because something failed or the run was stopped.
        not_started: usize,
    },
}
