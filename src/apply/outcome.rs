//! `Outcome`: what came of every part of a plan.

use std::collections::BTreeMap;

use super::attestations::RecordError;
use crate::{
    component::{Address, Unknown},
    plan::order::Node,
    provider::WriteError,
};

/// What came of every part of a plan.
#[derive(Debug, Default)]
pub struct Outcome {
    /// By part of the plan.
    pub results: BTreeMap<Node, Result>,
}

/// What came of one part.
#[derive(Debug)]
pub enum Result {
    /// It was done.
    Done(Effect),
    /// It waits for a manual step; the addresses of the open steps, its own for a step.
    Waiting(Vec<Address>),
    /// It failed.
    Failed(ApplyError),
    /// It was not begun, because this one failed.
    Upstream(Address),
    /// It was not begun, because the run was stopped.
    Stopped,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The object was made.
    Created,
    /// The object was changed.
    Updated,
    /// The object was taken over.
    Adopted,
    /// The object was deleted.
    Deleted,
    /// The marker was removed.
    Forgotten,
    /// There was nothing left to do.
    Unchanged,
    /// A person did it, and a statement was recorded.
    Attested,
}

impl Effect {
    /// The word that people and machines see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Adopted => "adopted",
            Self::Deleted => "deleted",
            Self::Forgotten => "forgotten",
            Self::Unchanged => "unchanged",
            Self::Attested => "attested",
        }
    }
}

/// Why a part failed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The write failed.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The answer to a write was lost, and the object cannot be looked up.
    #[error("the answer was lost, and whether the change was made cannot be seen: {}", .0.message)]
    Lost(Unknown),
    /// The answer was lost several times in a row.
    #[error("the answer was lost {0} times in a row")]
    LostRepeatedly(usize),
    /// The object went away between plan and apply.
    #[error("the object is no longer there")]
    Gone,
    /// Another component did not give the value that is needed.
    #[error("{from} did not give its {output}")]
    OutputMissing {
        /// The component.
        from: Address,
        /// The output.
        output: String,
    },
    /// The step was carried out, and a probe sees other values than the plan's.
    #[error("the step was carried out, but {path} is {seen} and should be {wanted}")]
    Contradicted {
        /// The field.
        path: String,
        /// What the probe sees.
        seen: String,
        /// What it should be.
        wanted: String,
    },
    /// Something was to be removed, and it is still there.
    #[error("{title}: {outputs} is still there")]
    StillThere {
        /// What was to be done.
        title: String,
        /// What the step had made.
        outputs: String,
    },
    /// The step's output cannot be what it is said to be.
    #[error("`{given}` cannot be the {title}")]
    BadOutput {
        /// What it should be.
        title: String,
        /// What was given.
        given: String,
    },
    /// The step was said to be done, and a probe finds nothing.
    #[error("{title}: there is no {given}")]
    NothingThere {
        /// What should be there.
        title: String,
        /// What it was said to be known by.
        given: String,
    },
    /// The step produces something that nobody gave.
    #[error("the {title} is not given")]
    NoOutput {
        /// The output's name.
        name: String,
        /// What it is.
        title: String,
    },
    /// Whoever carries out steps failed.
    #[error("{0}")]
    Operator(#[from] super::operator::OperatorError),
    /// The statement could not be written.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl ApplyError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Write(WriteError::Http(error)) => {
                miette::Diagnostic::help(error).map(|help| help.to_string())
            }
            Self::Write(WriteError::Refused { help, .. }) => help.clone(),
            Self::StillThere { .. } => {
                Some("remove it on the page that the runbook names, then attest".to_owned())
            }
            Self::Write(WriteError::Conflict { .. }) | Self::Gone => {
                Some("plan again to see what changed".to_owned())
            }
            Self::Write(WriteError::NotReady { .. }) | Self::Lost(_) | Self::LostRepeatedly(_) => {
                Some("run apply again: it goes on where this run stopped, and makes nothing twice".to_owned())
            }
            Self::Write(WriteError::NoCredential { .. }) => {
                Some("the Tenant document says which credential apply uses".to_owned())
            }
            Self::Contradicted { .. } => {
                Some("correct the value on the page, then run apply again".to_owned())
            }
            Self::NothingThere { .. } => Some(
                "read the value from the page once more, and see that it was saved in this account"
                    .to_owned(),
            ),
            Self::NoOutput { name, .. } => {
                Some(format!("the step produces it: read it from the page, and say `--output {name}=...`"))
            }
            Self::OutputMissing { .. } | Self::BadOutput { .. } | Self::Operator(_) | Self::Record(_) => None,
        }
    }
}

impl Outcome {
    /// How many parts were done.
    pub fn done(&self) -> usize {
        self.count(|result| matches!(result, Result::Done(effect) if *effect != Effect::Unchanged))
    }

    /// How many parts failed.
    pub fn failed(&self) -> usize {
        self.count(|result| matches!(result, Result::Failed(_)))
    }

    /// How many parts wait for a manual step, or are one that waits.
    pub fn waiting(&self) -> usize {
        self.count(|result| matches!(result, Result::Waiting(_)))
    }

    /// How many parts were not begun.
    pub fn not_started(&self) -> usize {
        self.count(|result| matches!(result, Result::Upstream(_) | Result::Stopped))
    }

    fn count(&self, is: impl Fn(&Result) -> bool) -> usize {
        self.results.values().filter(|result| is(result)).count()
    }
}
