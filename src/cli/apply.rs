//! `concord apply`.

use std::{
    collections::BTreeSet,
    fs::File,
    io::Write,
    sync::{Arc, Mutex},
};

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::{
    Exit,
    common::{self, NarrowArgs, Opened, ProjectArgs, SandboxArgs},
    error::{CliError, read_text},
    operator::TerminalOperator,
    plan::LookArgs,
    verify,
};
use crate::{
    apply::{Event, Executor, Nobody, Operator, Outcome, Stop},
    plan::{ApprovedPlan, GUARDS, Plan, guard, saved::PlanDocument},
    render,
    sandbox::SimulatedOperator,
    ui::Ui,
};

/// Reconcile both sides: show the plan, ask, carry it out, verify.
#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    narrow: NarrowArgs,
    #[command(flatten)]
    sandbox: SandboxArgs,
    /// Have a simulated person carry out the manual steps on the sandbox's console pages and attest them beside its state.
    #[arg(long, requires = "sandbox")]
    simulate_operator: bool,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    /// Apply a plan that was saved with `plan --out`; refused if anything changed since.
    #[arg(long, value_name = "FILE")]
    plan: Option<Utf8PathBuf>,
    /// Apply only if the plan made now has this digest: the `digest` of the JSON plan that a reviewer saw.
    #[arg(long, value_name = "DIGEST")]
    expect_digest: Option<String>,
    /// Override a guard by the name that a refusal shows (`concord explain` lists them). Can be given several times.
    #[arg(long, value_name = "GUARD", value_parser = guard_name)]
    allow: Vec<String>,
    /// Apply what could be seen, even if something could not.
    #[arg(long)]
    allow_incomplete: bool,
    /// Stream what happens as JSON lines to a file.
    #[arg(long, value_name = "FILE")]
    events: Option<Utf8PathBuf>,
    /// How to write the outcome to stdout.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Do not verify afterwards.
    #[arg(long)]
    no_verify: bool,
    #[command(flatten)]
    look: LookArgs,
}

/// The forms of an outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

pub(super) fn guard_name(text: &str) -> Result<String, String> {
    if GUARDS.iter().any(|(name, _)| *name == text) {
        return Ok(text.to_owned());
    }
    let names: Vec<_> = GUARDS.iter().map(|(name, _)| *name).collect();
    Err(format!("there is no such guard; the guards are {}", names.join(", ")))
}

pub(super) async fn run(args: ApplyArgs, ui: &Arc<Ui>) -> Result<Exit, CliError> {
    if args.format == Format::Json && !args.yes {
        return Err(CliError::usage(
            "with `--format json` nobody sees the plan before it is applied",
            "plan first, then apply with `--yes`, and `--plan FILE` or `--expect-digest` for what was seen",
        ));
    }
    let saved = args.plan.as_ref().map(saved_plan).transpose()?;
    let mut opened = common::open(&args.project, &args.sandbox, ui).await?;
    let options = args.narrow.options();
    let plan = common::make_plan(&opened, &options, ui).await?;
    check_digest(&args, saved.as_ref(), &plan)?;
    let style = render::Style {
        show_users: args.look.show_users,
        compact: args.look.compact,
        arguments: common::arguments(&args.project, &args.sandbox),
        ..common::style(ui)
    };
    let is_text = args.format == Format::Text;
    if plan.is_settled() && plan.is_complete() {
        if is_text {
            ui.result(&render::text::plan(&plan, &[], &style));
        } else {
            ui.result(&render::outcome::json(&plan, &Outcome::default(), &|text| text.to_owned()));
        }
        return finish(&args, &mut opened, &plan, Exit::Success, ui).await;
    }
    let now = Timestamp::now();
    if is_text {
        let style = render::Style { goes_on: plan.is_complete() || args.allow_incomplete, ..style.clone() };
        ui.result(&render::text::plan(&plan, &guard::review(&plan, now), &style));
    }
    if !plan.is_complete() && !args.allow_incomplete {
        return Err(CliError::failure("the plan is incomplete, so nothing was applied")
            .help("mend what could not be seen, or apply the rest with `--allow-incomplete`"));
    }
    let allowed: BTreeSet<String> = args.allow.iter().cloned().collect();
    let approved =
        guard::approve(plan, &allowed, now).map_err(|(_, refusals)| CliError::Refused(refusals))?;
    let has_work = approved.plan().has_api_changes() || approved.plan().has_manual_steps();
    if has_work && !args.yes {
        match ui.confirm("Apply this plan?") {
            Some(true) => {}
            Some(false) => {
                ui.status("Nothing was applied.");
                return Ok(Exit::Success);
            }
            None => {
                return Err(CliError::failure("there is no terminal to ask for consent")
                    .help("read the plan, then apply with `--yes`"));
            }
        }
    }
    let outcome = execute(&args, &opened, &approved, ui).await?;
    let plan = approved.plan();
    ui.result(&match args.format {
        Format::Text => {
            render::outcome::text(plan, &outcome, &style, &|it| opened.session.http.redactor().redact(it))
        }
        Format::Json => {
            render::outcome::json(plan, &outcome, &|it| opened.session.http.redactor().redact(it))
        }
    });
    let exit = exit_of(&outcome);
    finish(&args, &mut opened, plan, exit, ui).await
}

/// The plan in a file that `plan --out` wrote.
fn saved_plan(path: &Utf8PathBuf) -> Result<PlanDocument, CliError> {
    PlanDocument::from_json(&read_text(path)?).map_err(|error| CliError::from(error).about(path))
}

/// A plan that somebody saw must be the plan that is applied.
fn check_digest(args: &ApplyArgs, saved: Option<&PlanDocument>, plan: &Plan) -> Result<(), CliError> {
    if let Some(saved) = saved {
        saved.check_against(plan)?;
    }
    if let Some(expected) = &args.expect_digest {
        let digest = plan.digest();
        if !expected.eq_ignore_ascii_case(digest.as_str()) {
            return Err(CliError::failure(format!(
                "the plan made now has the digest {digest}, not {expected}"
            ))
            .help("something changed since the plan was reviewed; review it again"));
        }
    }
    Ok(())
}

async fn execute(
    args: &ApplyArgs,
    opened: &Opened,
    approved: &ApprovedPlan,
    ui: &Arc<Ui>,
) -> Result<Outcome, CliError> {
    let file = match &args.events {
        Some(path) => Some(Mutex::new(File::create(path).map_err(|error| CliError::file(path, &error))?)),
        None => None,
    };
    let total = approved.plan().graph.before.len();
    let progress = ui.progress("Applying", Some(total as u64));
    let show_users = args.look.show_users;
    let failure: Mutex<Option<std::io::Error>> = Mutex::new(None);
    let emit = |event: Event| {
        if let Some(file) = &file {
            let line = serde_json::to_string(&event).unwrap_or_default();
            // A full disk must not stop the apply half-way; it is reported at the end.
            if let (Ok(mut file), Ok(mut failure)) = (file.lock(), failure.lock())
                && let Err(error) = writeln!(file, "{line}")
            {
                failure.get_or_insert(error);
            }
        }
        if let Some(line) = render::outcome::line(approved.plan(), &event, show_users) {
            progress.step(&line);
        }
    };
    let operator: Box<dyn Operator> = if args.simulate_operator {
        Box::new(SimulatedOperator::new(opened.session.http.clone()))
    } else if ui.is_interactive() && !args.yes {
        Box::new(TerminalOperator::new(Arc::clone(ui)))
    } else {
        Box::new(Nobody)
    };
    let stop = Arc::new(Stop::default());
    tokio::spawn(stop_on_interrupt(Arc::clone(&stop), Arc::clone(ui)));
    let executor =
        Executor::new(&opened.session, approved, operator.as_ref(), &opened.attestations, &emit, &stop);
    let outcome = executor.run().await;
    let failed = failure.lock().ok().and_then(|mut failure| failure.take());
    if let (Some(error), Some(path)) = (failed, &args.events) {
        ui.warn(&format!("{path} is not complete: {error}"));
    }
    Ok(outcome)
}

/// The first interrupt lets what runs finish; the second ends the process, which is safe too: the next apply goes on from there.
#[allow(clippy::exit)] // whoever interrupts twice does not wait for anything to unwind
async fn stop_on_interrupt(stop: Arc<Stop>, ui: Arc<Ui>) {
    if tokio::signal::ctrl_c().await.is_ok() {
        ui.warn("stopping: what runs is finished, nothing more is begun; interrupt again to end at once");
        stop.request();
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        std::process::exit(i32::from(Exit::Partly.code()));
    }
}

fn exit_of(outcome: &Outcome) -> Exit {
    let mut exit = Exit::Success;
    if outcome.failed() > 0 || outcome.not_started() > 0 {
        exit = exit.and(if outcome.done() > 0 { Exit::Partly } else { Exit::Error });
    }
    if outcome.waiting() > 0 {
        exit = exit.and(Exit::Waiting);
    }
    exit
}

async fn finish(
    args: &ApplyArgs,
    opened: &mut Opened,
    plan: &Plan,
    exit: Exit,
    ui: &Arc<Ui>,
) -> Result<Exit, CliError> {
    if !plan.is_complete() {
        let unseen = render::counted(plan.gaps.len(), "place");
        ui.warn(&format!(
            "{unseen} could not be seen; what is there was left alone, and nothing was verified"
        ));
        return Ok(exit);
    }
    if args.no_verify || exit != Exit::Success {
        return Ok(exit);
    }
    common::reload(opened)?;
    let verification = verify::make(opened, &args.narrow.options(), ui).await?;
    let style = render::Style { show_users: args.look.show_users, ..common::style(ui) };
    if args.format == Format::Text {
        ui.result(&render::verification::text(&verification, &style));
    }
    Ok(exit.and(verify::exit_of(&verification)))
}
