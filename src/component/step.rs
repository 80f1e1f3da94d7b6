//! `Step`: what a person does where no API reaches, and the digest that binds an attestation to the very values.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Component;
use crate::manifest::Name;

/// A manual step: it makes or changes one component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The version of this step's definition; raised when its inputs change their meaning, so that old attestations end.
    pub version: u32,
    /// Where it is done: `Twilio Console > Flex > Users and access > SSO`.
    pub place: String,
    /// The page's address, where one is known.
    pub url: Option<String>,
    /// The account or organization SID that it is done in; part of the digest.
    pub scope: String,
    /// What to do, in order.
    pub instructions: Vec<Instruction>,
    /// What to write down while doing it.
    pub outputs: Vec<StepOutput>,
    /// What to do to remove what the step made; empty where nothing remains.
    pub removal: Vec<Instruction>,
    /// Whether its removal gives freedom back and deletes nothing (enforcement that ends), so that it is no deletion to the guards.
    pub is_withdrawal: bool,
}

impl Step {
    /// A step at a place, with nothing but what every one has; instructions and the rest are set by its provider.
    pub fn new(version: u32, place: impl Into<String>, scope: impl Into<String>) -> Self {
        Self {
            version,
            place: place.into(),
            url: None,
            scope: scope.into(),
            instructions: Vec::new(),
            outputs: Vec::new(),
            removal: Vec::new(),
            is_withdrawal: false,
        }
    }
}

/// One line of a runbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// Something to do.
    Do(String),
    /// A field to fill in: its label on the page, and the path of the component's field that has the value.
    Enter {
        /// The label on the page.
        label: String,
        /// The path of the component's field.
        field: String,
    },
    /// Something to write down: its label on the page, and the output's name.
    Note {
        /// The label on the page.
        label: String,
        /// The output's name.
        output: String,
    },
}

impl Instruction {
    /// Something to do.
    pub fn say(text: impl Into<String>) -> Self {
        Self::Do(text.into())
    }

    /// A field to fill in. A label with a colon at its end is a sentence of its own (`Open the domain:`), and not a label on the page.
    pub fn enter(label: impl Into<String>, field: impl Into<String>) -> Self {
        Self::Enter { label: label.into(), field: field.into() }
    }

    /// Something to write down.
    pub fn note(label: impl Into<String>, output: impl Into<String>) -> Self {
        Self::Note { label: label.into(), output: output.into() }
    }
}

/// Something that a step produces and that a person writes down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepOutput {
    /// Its name: `connection`.
    pub name: String,
    /// What it is: `connection ID of the SSO profile`.
    pub title: String,
    /// What it looks like: a prefix and the number of hexadecimal digits behind it (`JQ`, 32), where that is known.
    pub sid: Option<(&'static str, usize)>,
    /// Whether the step is not done without it.
    pub required: bool,
}

impl StepOutput {
    /// Whether a text can be this output.
    pub fn accepts(&self, text: &str) -> bool {
        match self.sid {
            Some((prefix, digits)) => text.strip_prefix(prefix).is_some_and(|rest| {
                rest.len() == digits && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
            }),
            None => !text.trim().is_empty() && !text.chars().any(char::is_control),
        }
    }
}

/// Where steps are carried out: attestations of one place say nothing about another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Environment {
    /// The vendors themselves.
    Live,
    /// A sandbox, by its id.
    Sandbox(String),
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live => f.write_str("live"),
            Self::Sandbox(id) => write!(f, "sandbox:{id}"),
        }
    }
}

/// The SHA-256 that binds an attestation to a step's values, as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of a JSON value in its canonical form (RFC 8785 for the values that occur here: no floating-point numbers).
    pub fn of(json: &serde_json::Value) -> Self {
        // serde_json's map is ordered by key and its output has no white space, which is the canonical form for objects,
        // texts and whole numbers.
        let digest = ring::digest::digest(&ring::digest::SHA256, json.to_string().as_bytes());
        Self(digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// All 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 digits: enough to tell values apart on an object's marker or in a message.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The digest of a component's step under a resource name (the present one or a former one); `None` while an input is pending,
/// since a step with unknown inputs cannot be attested.
pub fn step_digest(component: &Component, name: &Name, environment: &Environment) -> Option<Digest> {
    let step = component.step.as_ref()?;
    let mut inputs = serde_json::Map::new();
    for field in &component.fields {
        if field.value.is_pending() {
            return None;
        }
        inputs.insert(field.path.clone(), field.rule.normalise(&field.value).to_canonical_json());
    }
    Some(Digest::of(&json!({
        "step": component.address.renamed(name.clone()).within_tenant(),
        "version": step.version,
        "scope": step.scope,
        "environment": environment.to_string(),
        "inputs": inputs,
    })))
}
