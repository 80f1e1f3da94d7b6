//! `Operator`: who carries out manual steps. A person at a terminal, a simulated one at the sandbox's console, or nobody.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::component::{Address, Digest, Instruction, Step, Value};

/// A step with every value known.
#[derive(Debug, Clone)]
pub struct StepTask {
    /// The component that it makes or changes.
    pub address: Address,
    /// What it is for a person.
    pub title: String,
    /// The step.
    pub step: Step,
    /// Whether what was made is to be removed.
    pub is_removal: bool,
    /// Every value of the component by field path.
    pub values: BTreeMap<String, StepValue>,
    /// What is already known of its outputs, and of those of the resource's other components: a connection that exists.
    pub known_outputs: BTreeMap<String, String>,
    /// The values of the resource's other steps at the same place: a new object's form is filled in as a whole.
    pub form: BTreeMap<String, Value>,
    /// What an attestation is bound to.
    pub digest: Digest,
}

/// A value to enter.
#[derive(Debug, Clone, PartialEq)]
pub struct StepValue {
    /// The value.
    pub value: Value,
    /// Whether it differs from what is known to be there.
    pub is_changed: bool,
}

impl StepTask {
    /// What to do: the step's instructions, or those that remove what it made.
    pub fn instructions(&self) -> &[Instruction] {
        if self.is_removal { &self.step.removal } else { &self.step.instructions }
    }
}

/// What came of asking for a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Performed {
    /// It was done.
    Done {
        /// Who did it.
        by: String,
        /// What proves it.
        evidence: Option<String>,
        /// What it produced.
        outputs: BTreeMap<String, String>,
    },
    /// It will be done later.
    Later,
}

/// Why nobody could be asked, or the simulated person failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OperatorError {
    /// What happened.
    pub message: String,
}

/// Who carries out manual steps.
#[async_trait]
pub trait Operator: Send + Sync {
    /// Carries out a step, or says that it waits. Must be safe to ask again for a step that was carried out without being
    /// attested: the run may have been killed in between.
    ///
    /// # Errors
    /// The step could not be carried out.
    async fn perform(&self, task: &StepTask) -> Result<Performed, OperatorError>;
}

/// Nobody is there: every step waits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

#[async_trait]
impl Operator for Nobody {
    async fn perform(&self, _task: &StepTask) -> Result<Performed, OperatorError> {
        Ok(Performed::Later)
    }
}
