//! `concord attest`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use camino::Utf8PathBuf;
use clap::Args;
use jiff::Timestamp;

use super::{
    Exit,
    common::{self, ProjectArgs, SandboxArgs},
    error::{CliError, read_text},
};
use crate::{
    apply::{AttestationFolder, Desk, Operator, OperatorError, Performed, StepTask},
    component::Address,
    flow::PlanOptions,
    plan::{Action, Change, guard},
    render::runbook::{RunbookDocument, StepKind},
    ui::Ui,
};

/// Record that manual steps were done, bound to the very values that were entered. What can be probed is probed first.
#[derive(Debug, Args)]
pub(super) struct AttestArgs {
    #[command(flatten)]
    project: ProjectArgs,
    /// The step, as the runbook names it: `nss/SsoProfile/flex/flex.trust`, or without the tenant where the project has one. Can be
    /// given several times. Default: every open step that is ready.
    #[arg(long = "step", value_name = "ADDRESS")]
    steps: Vec<String>,
    /// What a step produced, for instance `connection=JQ...`. Can be given several times.
    #[arg(long = "output", value_name = "NAME=VALUE", value_parser = output)]
    outputs: Vec<(String, String)>,
    /// Who did it. Default: git's `user.email`.
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// What proves it: a ticket number, a link.
    #[arg(long, value_name = "TEXT")]
    evidence: Option<String>,
    /// The steps removed what an earlier one had made.
    #[arg(long)]
    removed: bool,
    /// Record a step that a guard refuses, by the guard's name. Can be given several times.
    #[arg(long, value_name = "GUARD", value_parser = super::apply::guard_name)]
    allow: Vec<String>,
    /// Work offline, from a runbook that `concord runbook --out` wrote: its values are what was entered.
    #[arg(long, value_name = "FILE", conflicts_with = "sandbox")]
    from: Option<Utf8PathBuf>,
    #[command(flatten)]
    sandbox: SandboxArgs,
}

fn output(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("expected NAME=VALUE, for instance connection=JQ...".to_owned()),
    }
}

/// A person who has done the step already.
struct AlreadyDone {
    by: String,
    evidence: Option<String>,
    outputs: BTreeMap<String, String>,
}

#[async_trait]
impl Operator for AlreadyDone {
    async fn perform(&self, task: &StepTask) -> Result<Performed, OperatorError> {
        let outputs = self
            .outputs
            .iter()
            .filter(|(name, _)| task.step.outputs.iter().any(|output| output.name == **name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Ok(Performed::Done { by: self.by.clone(), evidence: self.evidence.clone(), outputs })
    }
}

pub(super) async fn run(args: AttestArgs, ui: &Arc<Ui>) -> Result<Exit, CliError> {
    let by = match &args.by {
        Some(by) => by.clone(),
        None => git_email().await.ok_or_else(|| {
            CliError::usage(
                "nobody is named who did it",
                "say `--by you@example.com`, or set git's user.email",
            )
        })?,
    };
    if let Some(path) = &args.from {
        return offline(&args, path, &by, ui);
    }
    let opened = common::open(&args.project, &args.sandbox, ui).await?;
    let plan = common::make_plan(&opened, &PlanOptions::default(), ui).await?;
    let is_asked =
        |change: &Change| args.steps.is_empty() || args.steps.iter().any(|it| names(it, &change.address));
    let is_open =
        |change: &&Change| change.action == Action::Manual && change.removal.is_some() == args.removed;
    if let Some(unknown) =
        args.steps.iter().find(|step| !plan.changes.iter().filter(is_open).any(|it| names(step, &it.address)))
    {
        return Err(CliError::failure(format!("{unknown} is no open step"))
            .help("`concord runbook` lists the open steps; `--removed` is for steps that remove something"));
    }
    // Whoever did it anyway has to say so: the record would silence the guard from then on.
    let mut refusals = guard::review(&plan, jiff::Timestamp::now());
    refusals.retain(|it| {
        guard::STATE_GUARDS.contains(&it.guard) && !args.allow.iter().any(|allowed| allowed == it.guard)
    });
    let is_refused = |change: &Change| refusals.iter().any(|it| it.addresses.contains(&change.address));
    if plan.changes.iter().filter(is_open).any(|it| !args.steps.is_empty() && is_asked(it) && is_refused(it))
    {
        return Err(CliError::Refused(refusals));
    }
    let is_asked = |change: &Change| is_asked(change) && !is_refused(change);
    let asked = plan.changes.iter().filter(is_open).filter(|change| is_asked(change));
    let asked_steps = asked.filter_map(|change| change.desired.as_ref()?.step.as_ref());
    check_outputs(
        &args.outputs,
        asked_steps.flat_map(|step| &step.outputs).map(|output| output.name.as_str()),
    )?;
    let operator =
        AlreadyDone { by, evidence: args.evidence.clone(), outputs: args.outputs.iter().cloned().collect() };
    let desk = Desk {
        session: &opened.session,
        plan: &plan,
        operator: &operator,
        attestations: &opened.attestations,
    };
    // In the order in which the steps follow each other: what one produces, the next may need.
    let mut outputs = plan.outputs.clone();
    let mut recorded = BTreeSet::new();
    let mut left = Vec::new();
    for node in plan.graph.levels().into_iter().flatten() {
        let change = &plan.changes[node.change];
        if !is_open(&change) || !is_asked(change) {
            continue;
        }
        let before = plan.graph.before[&node].iter().map(|before| &plan.changes[before.change]);
        let waits_for: Vec<_> =
            before.map(|it| it.address.clone()).filter(|address| !recorded.contains(address)).collect();
        if !waits_for.is_empty() {
            left.push((change, waits_for));
            continue;
        }
        match desk.carry_out(change, &outputs).await {
            Ok(carried) => {
                outputs.entry(change.address.clone()).or_default().extend(carried.values);
                recorded.insert(change.address.clone());
                ui.result(&format!("attested {}", change.address));
            }
            Err(error) => {
                let failure = CliError::failure(format!("{}: {error}", change.address));
                return Err(match error.help() {
                    Some(help) => failure.help(help),
                    None => failure,
                });
            }
        }
    }
    for (change, waits_for) in &left {
        let waits_for: Vec<_> = waits_for.iter().map(ToString::to_string).collect();
        ui.warn(&format!("{} is not ready: it comes after {}", change.address, waits_for.join(", ")));
    }
    if recorded.is_empty() {
        return Err(CliError::failure("no step was attested")
            .help("`concord apply` makes what the steps wait for; `concord runbook` shows how they stand"));
    }
    finish(&opened.attestations, recorded.len(), args.sandbox.sandbox, ui);
    Ok(if left.is_empty() || args.steps.is_empty() { Exit::Success } else { Exit::Waiting })
}

/// Whether a step's name on the command line means an address: whole, or without the tenant.
fn names(step: &str, address: &Address) -> bool {
    step == address.to_string() || step == address.within_tenant()
}

/// Refuses an output that none of the steps has: a misspelt one would be lost in silence.
fn check_outputs<'a>(
    given: &[(String, String)],
    known: impl Iterator<Item = &'a str>,
) -> Result<(), CliError> {
    let known: BTreeSet<&str> = known.collect();
    let Some((unknown, _)) = given.iter().find(|(name, _)| !known.contains(name.as_str())) else {
        return Ok(());
    };
    let help = if known.is_empty() {
        "the open steps that are meant have no outputs".to_owned()
    } else {
        let names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
        format!("the open steps that are meant have {}", names.join(", "))
    };
    Err(CliError::usage(format!("no step has an output `{unknown}`"), help))
}

/// Records from a runbook file alone: whoever did the steps need not reach any system.
fn offline(args: &AttestArgs, path: &Utf8PathBuf, by: &str, ui: &Ui) -> Result<Exit, CliError> {
    let document = RunbookDocument::from_json(&read_text(path)?).map_err(|error| {
        CliError::failure(format!("{path}: {error}")).help("`concord runbook --out FILE` writes one")
    })?;
    let outputs: BTreeMap<String, String> = args.outputs.iter().cloned().collect();
    let attestations = AttestationFolder::new(args.project.folder.join("attestations"));
    let mut meant = Vec::new();
    for step in document.steps.iter().filter(|step| (step.kind == StepKind::Remove) == args.removed) {
        let Ok(address) = step.address.parse::<Address>() else {
            return Err(CliError::failure(format!("{path}: `{}` is no address", step.address)));
        };
        meant.push((step, address));
    }
    if let Some(unknown) =
        args.steps.iter().find(|step| !meant.iter().any(|(_, address)| names(step, address)))
    {
        return Err(CliError::failure(format!("{path}: {unknown} is none of its steps"))
            .help("nothing was written; `--removed` is for steps that remove something"));
    }
    meant.retain(|(_, address)| args.steps.is_empty() || args.steps.iter().any(|it| names(it, address)));
    check_outputs(
        &args.outputs,
        meant.iter().flat_map(|(step, _)| &step.outputs).map(|output| output.name.as_str()),
    )?;
    let mut recorded = 0;
    for (step, address) in meant {
        let statement = step
            .statement(&address, &document.environment, &outputs, by, args.evidence.clone(), now())
            .map_err(|error| CliError::failure(format!("{address}: {error}")))?;
        let Some(statement) = statement else {
            ui.warn(&format!(
                "{address} is not ready: a value of it was not known when the runbook was written"
            ));
            continue;
        };
        attestations.record(&statement)?;
        recorded += 1;
        ui.result(&format!("attested {address}"));
    }
    if recorded == 0 {
        return Err(
            CliError::failure("no step was attested").help("the runbook has no such step that is ready")
        );
    }
    finish(&attestations, recorded, false, ui);
    Ok(Exit::Success)
}

fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default()
}

/// Says where the statements are. Those about a sandbox stay beside it, out of git.
fn finish(attestations: &AttestationFolder, recorded: usize, is_sandbox: bool, ui: &Ui) {
    let next = match is_sandbox {
        true => "run `concord apply --sandbox` again",
        false => "commit what was written, then run `concord apply` again",
    };
    ui.status(&format!(
        "{} in {}; {next}",
        crate::render::counted(recorded, "attestation"),
        attestations.path()
    ));
}

/// Whom git says that this is.
async fn git_email() -> Option<String> {
    let output = tokio::process::Command::new("git").args(["config", "user.email"]).output().await.ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
