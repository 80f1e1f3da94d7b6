//! `concord plan`.

use std::sync::Arc;

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

use super::{
    Exit,
    common::{self, NarrowArgs, ProjectArgs, SandboxArgs},
    error::CliError,
};
use crate::{
    plan::{Plan, guard},
    render,
    ui::Ui,
};

/// Show what would change on both sides, without changing anything.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    narrow: NarrowArgs,
    #[command(flatten)]
    sandbox: SandboxArgs,
    /// How to write the plan to stdout.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Save the plan, for `apply --plan FILE`.
    #[arg(long, value_name = "FILE")]
    out: Option<Utf8PathBuf>,
    /// Also write the plan as JSON to a file.
    #[arg(long, value_name = "FILE")]
    json: Option<Utf8PathBuf>,
    /// Also write the plan as Markdown to a file, for a comment on a pull request.
    #[arg(long, value_name = "FILE")]
    markdown: Option<Utf8PathBuf>,
    /// Exit with 2 where changes can be applied, with 3 where only manual steps are open, with 0 where there is neither.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Do not fail where something could not be seen.
    #[arg(long)]
    allow_incomplete: bool,
    /// Have the vendors that can (Salesforce) check the planned changes without making them; what they would refuse is an error.
    #[arg(long)]
    rehearse: bool,
    #[command(flatten)]
    look: LookArgs,
}

/// How plans look.
#[derive(Debug, Args)]
pub(super) struct LookArgs {
    /// Show people by their e-mail address, each by each, also in Markdown.
    #[arg(long)]
    pub(super) show_users: bool,
    /// One line per change.
    #[arg(long)]
    pub(super) compact: bool,
}

/// The forms of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs; its schema is `schemas/plan.json`.
    Json,
    /// For pull requests.
    Markdown,
}

pub(super) async fn run(args: PlanArgs, ui: &Arc<Ui>) -> Result<Exit, CliError> {
    let opened = common::open(&args.project, &args.sandbox, ui).await?;
    let mut plan = common::make_plan(&opened, &args.narrow.options(), ui).await?;
    let rehearsal = if args.rehearse { rehearse(&opened, &mut plan, ui).await } else { Exit::Success };
    let refusals = guard::review(&plan, jiff::Timestamp::now());
    let style = render::Style {
        show_users: args.look.show_users,
        compact: args.look.compact,
        arguments: arguments(&args),
        ..common::style(ui)
    };
    ui.result(&match args.format {
        Format::Text => render::text::plan(&plan, &refusals, &style),
        Format::Json => render::json::plan(&plan, &refusals),
        Format::Markdown => render::markdown::plan(&plan, &refusals, &style),
    });
    for path in args.json.iter().chain(&args.out) {
        common::write(path, &render::json::plan(&plan, &refusals))?;
    }
    if let Some(path) = &args.markdown {
        common::write(path, &render::markdown::plan(&plan, &refusals, &style))?;
    }
    let mut exit = rehearsal;
    if !plan.is_complete() && !args.allow_incomplete {
        exit = exit.and(Exit::Error);
    }
    if !refusals.is_empty() {
        exit = exit.and(Exit::Refused);
    }
    if args.detailed_exitcode {
        exit = exit.and(pending(&plan));
    }
    Ok(exit)
}

/// What the vendors say to the plan is put among what a person should know; what they would refuse fails the command.
async fn rehearse(opened: &common::Opened, plan: &mut Plan, ui: &Ui) -> Exit {
    let rehearsed = {
        let progress = ui.progress("Rehearsing", None);
        progress.step("asking the vendors to check the changes");
        opened.session.rehearse(plan).await
    };
    plan.warnings.extend(rehearsed.warnings);
    let mut exit = Exit::Success;
    for (realm, unknown) in &rehearsed.unasked {
        ui.warn(&format!("{realm} could not be asked: {}", unknown.message));
        exit = exit.and(Exit::Error);
    }
    if rehearsed.asked.is_empty() && rehearsed.unasked.is_empty() {
        ui.warn("nothing was rehearsed: no planned change is at a vendor that can check one");
    }
    for realm in &rehearsed.asked {
        ui.status(&format!("{realm} checked the changes without making them"));
    }
    if rehearsed.refused > 0 { exit.and(Exit::Error) } else { exit }
}

fn pending(plan: &Plan) -> Exit {
    if plan.has_api_changes() {
        Exit::Pending
    } else if plan.has_manual_steps() {
        Exit::Waiting
    } else {
        Exit::Success
    }
}

/// What follows `concord apply` in the command that the plan suggests.
fn arguments(args: &PlanArgs) -> String {
    let mut words = vec![common::arguments(&args.project, &args.sandbox)];
    words.retain(|words| !words.is_empty());
    if let Some(tenant) = &args.narrow.tenant {
        words.push(format!("--tenant {tenant}"));
    }
    words.extend(args.narrow.targets.iter().map(|target| format!("--target {target}")));
    words.join(" ")
}
