//! `concord completions`.

use clap::{Args, Command};
use clap_complete::Shell;

use super::{Exit, error::CliError};
use crate::ui::Ui;

/// Print the completions for a shell, for instance: source <(concord completions bash).
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, command: &mut Command, ui: &Ui) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "concord", &mut script);
    ui.result(&String::from_utf8_lossy(&script));
    Ok(Exit::Success)
}
