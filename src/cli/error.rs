//! `CliError`: everything that ends a command, with its exit and what a person can do. All conversions are here.

use camino::Utf8PathBuf;

use super::Exit;
use crate::{
    apply::RecordError,
    diagnostics::{Findings, human, suggest, visible_block},
    flow::FlowError,
    http::HttpError,
    manifest::Name,
    plan::{
        guard::Refusal,
        saved::{SavedPlanError, StalePlan},
    },
    sandbox::SandboxError,
    ui::Ui,
};

/// Why a command ended without doing what it was asked.
#[derive(Debug)]
pub(super) enum CliError {
    /// Something is wrong in the manifests.
    Findings(Findings),
    /// Something went wrong.
    Failure {
        /// What happened.
        message: String,
        /// What can be done.
        help: Option<String>,
    },
    /// The command line asks for something that there is not.
    Usage {
        /// What is wrong.
        message: String,
        /// What can be done.
        help: Option<String>,
    },
    /// A safety policy refused.
    Refused(Vec<Refusal>),
}

impl CliError {
    pub(super) fn failure(message: impl Into<String>) -> Self {
        Self::Failure { message: message.into(), help: None }
    }

    pub(super) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: Some(help.into()) }
    }

    #[must_use]
    pub(super) fn help(self, text: impl Into<String>) -> Self {
        match self {
            Self::Failure { message, .. } => Self::Failure { message, help: Some(text.into()) },
            Self::Usage { message, .. } => Self::Usage { message, help: Some(text.into()) },
            other => other,
        }
    }

    /// It is about this file.
    #[must_use]
    pub(super) fn about(self, path: &camino::Utf8Path) -> Self {
        match self {
            Self::Failure { message, help } => Self::Failure { message: format!("{path}: {message}"), help },
            other => other,
        }
    }

    /// A file that cannot be written or read.
    pub(super) fn file(path: &camino::Utf8Path, error: &std::io::Error) -> Self {
        Self::failure(format!("{path}: {error}"))
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Findings(_) | Self::Failure { .. } => Exit::Error,
            Self::Usage { .. } => Exit::Usage,
            Self::Refused(_) => Exit::Refused,
        }
    }

    /// Says on stderr why the command ended.
    pub(super) fn show(&self, ui: &Ui) {
        let say = |message: &str, help: Option<&str>| {
            let message = visible_block(message);
            match help {
                Some(help) => ui.error(&format!("{message}\n  help: {}", visible_block(help))),
                None => ui.error(&message),
            }
        };
        match self {
            Self::Findings(findings) => {
                ui.report(&human::render(
                    findings,
                    &super::common::human_options(ui, ui.is_status_colored()),
                ));
            }
            Self::Failure { message, help } | Self::Usage { message, help } => say(message, help.as_deref()),
            Self::Refused(refusals) => {
                for refusal in refusals {
                    say(&format!("refused by `{}`: {}", refusal.guard, refusal.message), Some(&refusal.help));
                }
            }
        }
    }
}

impl From<FlowError> for CliError {
    fn from(error: FlowError) -> Self {
        let message = error.to_string();
        match error {
            FlowError::Findings(findings) => Self::Findings(findings),
            FlowError::NoTenant { name, known } => {
                let all = format!("the project has {}", names(&known));
                let near = suggest(name.as_str(), known.iter().map(Name::as_str));
                Self::usage(message, near.map_or(all, |near| format!("did you mean `{near}`?")))
            }
            FlowError::NoTarget(_) => {
                Self::usage(message, "a target is an address from a plan, or its beginning: tenant/Kind/name")
            }
            FlowError::Cycle(cycle) => {
                Self::Failure { help: miette::Diagnostic::help(&cycle).map(|help| help.to_string()), message }
            }
        }
    }
}

fn names(names: &[Name]) -> String {
    if names.is_empty() {
        return "no Tenant".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The message of an error with those of its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl From<SandboxError> for CliError {
    fn from(error: SandboxError) -> Self {
        Self::failure(chain(&error))
    }
}

impl From<HttpError> for CliError {
    fn from(error: HttpError) -> Self {
        Self::Failure {
            message: error.to_string(),
            help: miette::Diagnostic::help(&error).map(|help| help.to_string()),
        }
    }
}

impl From<RecordError> for CliError {
    fn from(error: RecordError) -> Self {
        Self::failure(error.to_string())
    }
}

impl From<SavedPlanError> for CliError {
    fn from(error: SavedPlanError) -> Self {
        Self::Failure {
            message: error.to_string(),
            help: miette::Diagnostic::help(&error).map(|it| it.to_string()),
        }
    }
}

impl From<StalePlan> for CliError {
    fn from(error: StalePlan) -> Self {
        Self::Failure {
            message: error.to_string(),
            help: miette::Diagnostic::help(&error).map(|it| it.to_string()),
        }
    }
}

/// Reads a text file that the command line names.
pub(super) fn read_text(path: &Utf8PathBuf) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|error| CliError::file(path, &error))
}
