//! `concord sandbox`.

use std::net::SocketAddr;

use camino::Utf8PathBuf;
use clap::{Args, Subcommand};

use super::{
    Exit,
    common::{self, ProjectArgs},
    error::CliError,
};
use crate::{
    render,
    sandbox::{Faults, Sandbox, SandboxError, SandboxOptions},
    ui::Ui,
};

/// Play Twilio and the identity providers on this machine: serve them over HTTP, show what they hold, or start anew.
#[derive(Debug, Args)]
pub(super) struct SandboxCommand {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Serve the sandbox until interrupted. Commands with `--sandbox` on the same state talk to it meanwhile.
    Serve {
        #[command(flatten)]
        project: ProjectArgs,
        /// Where to listen: a loopback address. Default: a free port of 127.0.0.1.
        #[arg(long, value_name = "ADDR")]
        listen: Option<SocketAddr>,
        /// Where the state is kept. Default: `.concord/sandbox` in the project.
        #[arg(long, value_name = "PATH")]
        state: Option<Utf8PathBuf>,
        /// Faults to inject: refusals, delays, dropped connections, rate limits.
        #[arg(long, value_name = "FILE")]
        faults: Option<Utf8PathBuf>,
    },
    /// Show what the sandbox holds, as JSON.
    Show {
        #[command(flatten)]
        state: StateArgs,
    },
    /// Throw the sandbox's state away; the next one has another id and is seeded again.
    Reset {
        #[command(flatten)]
        state: StateArgs,
    },
}

#[derive(Debug, Args)]
struct StateArgs {
    #[command(flatten)]
    project: ProjectArgs,
    /// Where the state is kept. Default: `.concord/sandbox` in the project.
    #[arg(long, value_name = "PATH")]
    state: Option<Utf8PathBuf>,
}

impl StateArgs {
    fn folder(&self) -> Utf8PathBuf {
        common::state_folder(&self.project.folder, self.state.as_ref())
    }
}

pub(super) async fn run(command: SandboxCommand, ui: &Ui) -> Result<Exit, CliError> {
    match command.command {
        Action::Serve { project, listen, state, faults } => {
            let faults = faults.as_deref().map(Faults::from_file).transpose()?;
            let running = Sandbox::start(SandboxOptions {
                state_dir: common::state_folder(&project.folder, state.as_ref()),
                seed: common::seed_file(&project.folder),
                listen,
                faults,
                record: common::record_file(),
            })
            .await?;
            let url = running.base_url();
            ui.result(&format!("sandbox {} at {url}\n", running.id()));
            ui.status(&format!(
                "A vendor's host is the first path segment, for instance {url}console.twilio.com/. Interrupt to stop."
            ));
            wait_for_end().await;
            running.shutdown().await;
            Ok(Exit::Success)
        }
        Action::Show { state } => {
            let shown = match Sandbox::show(&state.folder()) {
                Err(SandboxError::Locked { holder: Some(holder), .. }) => {
                    return Err(CliError::failure(format!("the sandbox is being served at {holder}"))
                        .help(format!("ask it: curl {holder}state")));
                }
                shown => shown?,
            };
            ui.result(&render::to_pretty(&shown));
            Ok(Exit::Success)
        }
        Action::Reset { state } => {
            let folder = state.folder();
            Sandbox::reset(&folder)?;
            let attestations = folder.join("attestations");
            if attestations.is_dir() {
                std::fs::remove_dir_all(&attestations)
                    .map_err(|error| CliError::file(&attestations, &error))?;
            }
            ui.status(&format!("{folder} is empty; the next sandbox is seeded anew"));
            Ok(Exit::Success)
        }
    }
}

/// Until an interrupt, or a request to terminate where the system has one.
async fn wait_for_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Where no signal can be awaited, the process runs until it is ended.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
