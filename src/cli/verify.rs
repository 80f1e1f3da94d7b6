//! `concord verify`.

use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::{
    Exit,
    common::{self, NarrowArgs, Opened, ProjectArgs, SandboxArgs},
    error::CliError,
};
use crate::{
    apply::{Verdict, Verification},
    flow::PlanOptions,
    render,
    ui::Ui,
};

/// Prove that the agreement works: both sides as the manifests say, metadata, sign-on request, certificates, people.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    narrow: NarrowArgs,
    #[command(flatten)]
    sandbox: SandboxArgs,
    /// How to write the result to stdout.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Show people by their e-mail address.
    #[arg(long)]
    show_users: bool,
}

/// The forms of a verification.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

pub(super) async fn run(args: VerifyArgs, ui: &Arc<Ui>) -> Result<Exit, CliError> {
    let opened = common::open(&args.project, &args.sandbox, ui).await?;
    let verification = make(&opened, &args.narrow.options(), ui).await?;
    let style = render::Style { show_users: args.show_users, ..common::style(ui) };
    ui.result(&match args.format {
        Format::Text => render::verification::text(&verification, &style),
        Format::Json => render::verification::json(&verification),
    });
    Ok(exit_of(&verification))
}

/// Verifies, telling on stderr what is being done.
pub(super) async fn make(opened: &Opened, options: &PlanOptions, ui: &Ui) -> Result<Verification, CliError> {
    let progress = ui.progress("Verifying", None);
    Ok(crate::apply::verify(&opened.session, options, &|doing| progress.step(doing)).await?)
}

/// How a verification ends a command.
pub(super) fn exit_of(verification: &Verification) -> Exit {
    let mut exit = Exit::Success;
    if verification.count(Verdict::Failed) > 0 {
        exit = exit.and(Exit::Unverified);
    }
    if verification.count(Verdict::Unknown) > 0 {
        exit = exit.and(Exit::Error);
    }
    exit
}
