//! The command line: one file a command, with its arguments and one function that joins stages of the library. No logic of its
//! own lives here.

mod apply;
mod attest;
mod common;
mod completions;
mod error;
mod exit;
mod explain;
mod init;
mod operator;
mod output;
mod plan;
mod runbook;
mod sandbox;
mod schema;
mod validate;
mod verify;

use std::sync::Arc;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

pub use exit::Exit;

use crate::ui::{Color, Ui};

/// SSO configuration as code for Twilio.
///
/// Manifests in git describe SSO profiles, identity providers, attribute maps and who may sign in. `plan` reads Twilio and the
/// identity provider and shows what differs; `apply` reconciles both sides in a safe order; what no API reaches becomes an
/// exact runbook for a person.
#[derive(Debug, Parser)]
#[command(name = "concord", version, max_term_width = 100, after_help = EXITS)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXITS: &str = "Begin with: concord init sso, then concord plan sso --sandbox, which needs no account anywhere.\n\n\
                     Exit codes: 0 done or nothing to do; 1 error; 2 changes pending (--detailed-exitcode); \
                     3 waiting for manual steps; 4 refused by a safety policy; 5 partly applied; 6 verification failed; \
                     64 wrong usage.";

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
struct Global {
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: When,
    /// Say nothing on stderr but warnings and errors.
    #[arg(long, short, global = true)]
    quiet: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum When {
    /// On a terminal, unless `NO_COLOR` says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl From<When> for Color {
    fn from(when: When) -> Self {
        match when {
            When::Auto => Self::Auto,
            When::Always => Self::Always,
            When::Never => Self::Never,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::InitArgs),
    Validate(validate::ValidateArgs),
    Plan(plan::PlanArgs),
    Apply(apply::ApplyArgs),
    Runbook(runbook::RunbookArgs),
    Attest(attest::AttestArgs),
    Verify(verify::VerifyArgs),
    Output(output::OutputArgs),
    Explain(explain::ExplainArgs),
    Schema(schema::SchemaArgs),
    Sandbox(sandbox::SandboxCommand),
    Completions(completions::CompletionsArgs),
}

/// Runs the command line of this process.
pub fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let ui = Ui::new(Color::Auto, false);
            let text = error.render();
            // Help and version are answers; everything else is wrong usage.
            if error.use_stderr() {
                ui.report(&if ui.is_status_colored() { text.ansi().to_string() } else { text.to_string() });
                return Exit::Usage;
            }
            ui.result(&if ui.is_result_colored() { text.ansi().to_string() } else { text.to_string() });
            return Exit::Success;
        }
    };
    let ui = Arc::new(Ui::new(cli.global.color.into(), cli.global.quiet));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            ui.error(&format!("cannot start: {error}"));
            return Exit::Error;
        }
    };
    let exit = match runtime.block_on(run(cli.command, &ui)) {
        Ok(exit) => exit,
        Err(error) => {
            error.show(&ui);
            error.exit()
        }
    };
    match ui.finish() {
        Ok(()) => exit,
        Err(error) => {
            ui.error(&format!("the output could not be written: {error}"));
            exit.and(Exit::Error)
        }
    }
}

async fn run(command: Command, ui: &Arc<Ui>) -> Result<Exit, error::CliError> {
    match command {
        Command::Init(args) => init::run(&args, ui),
        Command::Validate(args) => validate::run(&args, ui),
        Command::Plan(args) => plan::run(args, ui).await,
        Command::Apply(args) => apply::run(args, ui).await,
        Command::Runbook(args) => runbook::run(args, ui).await,
        Command::Attest(args) => attest::run(args, ui).await,
        Command::Verify(args) => verify::run(args, ui).await,
        Command::Output(args) => output::run(args, ui).await,
        Command::Explain(args) => explain::run(&args, ui),
        Command::Schema(args) => schema::run(&args, ui),
        Command::Sandbox(command) => sandbox::run(command, ui).await,
        Command::Completions(args) => completions::run(&args, &mut Cli::command(), ui),
    }
}
