//! `concord runbook`.

use std::sync::Arc;

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

use super::{
    Exit,
    common::{self, NarrowArgs, ProjectArgs, SandboxArgs},
    error::CliError,
};
use crate::{render, ui::Ui};

/// Print the open manual steps, in order, with every value to enter.
#[derive(Debug, Args)]
pub(super) struct RunbookArgs {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    narrow: NarrowArgs,
    #[command(flatten)]
    sandbox: SandboxArgs,
    /// How to write it to stdout.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Also write it as JSON to a file, for `concord attest --from FILE`.
    #[arg(long, value_name = "FILE")]
    out: Option<Utf8PathBuf>,
}

/// The forms of a runbook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For tickets.
    Markdown,
    /// For programs; its schema is `schemas/runbook.json`.
    Json,
}

pub(super) async fn run(args: RunbookArgs, ui: &Arc<Ui>) -> Result<Exit, CliError> {
    let opened = common::open(&args.project, &args.sandbox, ui).await?;
    let plan = common::make_plan(&opened, &args.narrow.options(), ui).await?;
    let style =
        render::Style { arguments: common::arguments(&args.project, &args.sandbox), ..common::style(ui) };
    let document = render::runbook::runbook(&plan, &style);
    ui.result(&match args.format {
        Format::Text => render::runbook::text(&document, &style),
        Format::Markdown => render::runbook::markdown(&document),
        Format::Json => render::runbook::json(&document),
    });
    if let Some(path) = &args.out {
        common::write(path, &render::runbook::json(&document))?;
    }
    if let Some(url) = &opened.served_sandbox {
        ui.status(&format!("The sandbox plays the Console at {url}console.twilio.com/"));
    } else if args.sandbox.sandbox {
        let state = match &args.sandbox.sandbox_state {
            Some(state) => format!(" --state {state}"),
            None => String::new(),
        };
        ui.status(&format!(
            "To do the steps in the sandbox's Console by hand, run `concord sandbox serve {}{state}`, which prints its address.",
            args.project.folder
        ));
    }
    Ok(if plan.is_complete() { Exit::Success } else { Exit::Error })
}
