//! What several commands share: the arguments that name a project and a sandbox, and opening them.

use std::{sync::Arc, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use jiff::Timestamp;
use url::Url;

use super::error::CliError;
use crate::{
    apply::AttestationFolder,
    check,
    component::Environment,
    diagnostics::{Finding, Findings, human},
    flow::{self, PlanOptions, Project, Session, Target},
    http::{Http, HttpOptions, Routing, Wait, WaitReason},
    manifest::{Name, Resource, tenant::TenantSpec},
    plan::Plan,
    provider::credentials::Credentials,
    render::Style,
    resolve,
    sandbox::{RunningSandbox, Sandbox, SandboxError, SandboxOptions},
    ui::Ui,
};

/// Which project.
#[derive(Debug, Args)]
pub(super) struct ProjectArgs {
    /// The project's folder.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(super) folder: Utf8PathBuf,
}

/// Which part of the project.
#[derive(Debug, Args)]
pub(super) struct NarrowArgs {
    /// Only this tenant.
    #[arg(long, value_name = "NAME")]
    pub(super) tenant: Option<Name>,
    /// Only this address of a plan (`nss/SsoProfile/flex/auth0.client`, or `nss/SsoProfile/flex` for all below it), with
    /// everything that it depends on. Can be given several times.
    #[arg(long = "target", value_name = "ADDRESS")]
    pub(super) targets: Vec<Target>,
}

impl NarrowArgs {
    pub(super) fn options(&self) -> PlanOptions {
        PlanOptions { tenant: self.tenant.clone(), targets: self.targets.clone() }
    }
}

/// Whether to talk to the embedded sandbox.
#[derive(Debug, Args)]
pub(super) struct SandboxArgs {
    /// Talk to the embedded sandbox, which plays Twilio and the identity providers on this machine. No credential is read.
    #[arg(long)]
    pub(super) sandbox: bool,
    /// Where the sandbox keeps its state. Default: `.concord/sandbox` in the project.
    #[arg(long, value_name = "PATH", requires = "sandbox")]
    pub(super) sandbox_state: Option<Utf8PathBuf>,
}

/// Where the sandbox of a project keeps its state.
pub(super) fn state_folder(folder: &Utf8Path, given: Option<&Utf8PathBuf>) -> Utf8PathBuf {
    given.cloned().unwrap_or_else(|| folder.join(".concord/sandbox"))
}

/// Where the sandbox of a project finds its seed.
pub(super) fn seed_file(folder: &Utf8Path) -> Option<Utf8PathBuf> {
    Some(folder.join("sandbox.yaml")).filter(|path| path.is_file())
}

/// A project with everything that is needed to look at it.
pub(super) struct Opened {
    pub(super) session: Session,
    /// Where statements about manual steps are kept.
    pub(super) attestations: AttestationFolder,
    /// Where those of all projects of a sandbox are.
    attestations_base: Option<Utf8PathBuf>,
    /// The sandbox that this process runs; it ends with it.
    _sandbox: Option<RunningSandbox>,
    /// The base URL of a sandbox that another process serves, and that is there when this one has ended.
    pub(super) served_sandbox: Option<Url>,
}

/// Loads and checks a project and opens the connections. Warnings of the offline rules are shown in short; errors end it.
pub(super) async fn open(
    project: &ProjectArgs,
    sandbox: &SandboxArgs,
    ui: &Arc<Ui>,
) -> Result<Opened, CliError> {
    let folder = &project.folder;
    if !folder.is_dir() {
        return Err(CliError::usage(
            format!("{folder} is no folder"),
            "name the project's folder, `.` by default",
        ));
    }
    let state = state_folder(folder, sandbox.sandbox_state.as_ref());
    let sandbox_attestations = state.join("attestations");
    let mut findings = Findings::new();
    let loaded = flow::load(folder, sandbox.sandbox.then_some(sandbox_attestations.as_path()), &mut findings);
    let loaded = check_project(loaded, &mut findings);
    let findings = findings.sorted();
    let Some(loaded) = loaded else { return Err(CliError::Findings(findings)) };
    let counts = findings.counts();
    if counts.warnings > 0 {
        ui.warn(&format!(
            "{} in the manifests; `concord validate {folder}` shows {}",
            crate::render::counted(counts.warnings, "warning"),
            if counts.warnings == 1 { "it" } else { "them" },
        ));
    }

    let allow_commands = loaded
        .manifests
        .tenants
        .values()
        .any(|tenant: &Resource<TenantSpec>| loaded.manifests.policy(tenant).allow_secret_commands());
    if sandbox.sandbox {
        let (running, base, id) = connect_sandbox(folder, state).await?;
        let http = Http::new(http_options(Routing::Sandbox { base: base.clone() }, ui))?;
        let credentials = Credentials::for_sandbox(folder.clone(), http.redactor().clone());
        let id_of_project = loaded.manifests.project.spec.id.clone();
        let session = Session { project: loaded, environment: Environment::Sandbox(id), http, credentials };
        return Ok(Opened {
            session,
            attestations: AttestationFolder::new(sandbox_attestations.join(&id_of_project)),
            attestations_base: Some(sandbox_attestations),
            served_sandbox: running.is_none().then_some(base),
            _sandbox: running,
        });
    }
    let http = Http::new(http_options(Routing::Direct, ui))?;
    let credentials = Credentials::from_manifests(folder.clone(), allow_commands, http.redactor().clone());
    let session = Session { project: loaded, environment: Environment::Live, http, credentials };
    Ok(Opened {
        session,
        attestations: AttestationFolder::new(folder.join("attestations")),
        attestations_base: None,
        _sandbox: None,
        served_sandbox: None,
    })
}

/// Loads the project again: attestations were written meanwhile.
pub(super) fn reload(opened: &mut Opened) -> Result<(), CliError> {
    let mut findings = Findings::new();
    let base = opened.attestations_base.as_deref();
    match flow::load(&opened.session.project.folder, base, &mut findings) {
        Some(mut project) => {
            let files = flow::read_referenced_files(&project.folder, &project.manifests);
            flow::embed_certificates(&mut project.manifests, &files);
            flow::embed_metadata(&mut project.manifests, &files);
            opened.session.project = project;
            Ok(())
        }
        None => Err(CliError::Findings(findings.sorted())),
    }
}

/// Runs the offline rules on a project that could be loaded, and lowers it, which finds what a provider cannot express; `None`
/// where there is an error. That a product or vendor has no provider yet is no error of the manifests: planning says so.
pub(super) fn check_project(project: Option<Project>, findings: &mut Findings) -> Option<Project> {
    let mut project = project?;
    let files = flow::read_referenced_files(&project.folder, &project.manifests);
    check::run(&check::Context::new(&project.manifests, &files, Timestamp::now()), findings);
    flow::embed_certificates(&mut project.manifests, &files);
    flow::embed_metadata(&mut project.manifests, &files);
    let mut lowered = Findings::new();
    resolve::agreements(&project.manifests, &mut lowered);
    // What a rule has found at a place, it says better than the lowering, which only sees that it cannot go on.
    let is_said = |new: &Finding| {
        findings.iter().filter(|old| old.severity <= new.severity).any(|old| {
            old.location().zip(new.location()).is_some_and(|(old, new)| {
                let overlap = old.span.start < new.span.end && new.span.start < old.span.end;
                old.file() == new.file() && old.line() == new.line() && overlap
            })
        })
    };
    let new: Vec<_> = lowered.into_iter().filter(|it| !is_said(it)).collect();
    findings.extend(new);
    if findings.has_errors() { None } else { Some(project) }
}

/// The sandbox of a state: one of this process's own, or the one that another process serves from the same state.
async fn connect_sandbox(
    folder: &Utf8Path,
    state_dir: Utf8PathBuf,
) -> Result<(Option<RunningSandbox>, Url, String), CliError> {
    let options = SandboxOptions {
        state_dir: state_dir.clone(),
        seed: seed_file(folder),
        record: record_file(),
        ..SandboxOptions::default()
    };
    match Sandbox::start(options).await {
        Ok(running) => {
            let (url, id) = (running.base_url(), running.id());
            Ok((Some(running), url, id))
        }
        Err(SandboxError::Locked { path, holder: Some(holder) }) => {
            let url = Url::parse(&holder)
                .map_err(|_| CliError::failure(format!("{path} is in use by {holder}, which is no URL")))?;
            let http = Http::new(HttpOptions {
                routing: Routing::Sandbox { base: url.clone() },
                ..HttpOptions::default()
            })?;
            let id = crate::sandbox::id_of(&http).await?;
            Ok((None, url, id))
        }
        Err(error) => Err(error.into()),
    }
}

/// Where the sandbox appends what it is asked, for contract checks against the vendors' specifications: a file of this process in
/// the folder that `CONCORD_SANDBOX_RECORD` names.
pub(super) fn record_file() -> Option<Utf8PathBuf> {
    let folder = Utf8PathBuf::from(std::env::var("CONCORD_SANDBOX_RECORD").ok()?);
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join(format!("{}.jsonl", std::process::id())))
}

fn http_options(routing: Routing, ui: &Arc<Ui>) -> HttpOptions {
    let ui = Arc::clone(ui);
    HttpOptions {
        routing,
        on_wait: Some(Arc::new(move |wait: Wait| {
            if wait.duration >= Duration::from_secs(1) {
                let reason = match wait.reason {
                    WaitReason::RateLimit => "for the rate limit".to_owned(),
                    WaitReason::Retry { attempt } => format!("before attempt {}", attempt + 1),
                    WaitReason::Work { total: 0, .. } => "until it has begun".to_owned(),
                    WaitReason::Work { done, total } => format!("until it is done ({done} of {total})"),
                };
                ui.status(&format!("{}: waiting {} s {reason}", wait.host, wait.duration.as_secs()));
            }
        })),
        ..HttpOptions::default()
    }
}

/// Plans, telling on stderr what is being done.
pub(super) async fn make_plan(opened: &Opened, options: &PlanOptions, ui: &Ui) -> Result<Plan, CliError> {
    let progress = ui.progress("Planning", None);
    Ok(opened.session.plan(options, &|doing| progress.step(doing)).await?)
}

/// How findings look here.
pub(super) fn human_options(ui: &Ui, color: bool) -> human::Options {
    human::Options { width: ui.width(), color, unicode: ui.is_unicode(), ..human::Options::default() }
}

/// How plans look here.
pub(super) fn style(ui: &Ui) -> Style {
    Style {
        color: ui.is_result_colored(),
        width: ui.width(),
        unicode: ui.is_unicode(),
        show_users: false,
        compact: false,
        now: Timestamp::now(),
        arguments: String::new(),
        goes_on: false,
    }
}

/// What follows `concord apply` and its like in a command that is suggested: the same project, the same sandbox.
pub(super) fn arguments(project: &ProjectArgs, sandbox: &SandboxArgs) -> String {
    let mut words = Vec::new();
    if project.folder != "." {
        words.push(project.folder.to_string());
    }
    if sandbox.sandbox {
        words.push("--sandbox".to_owned());
    }
    if let Some(state) = &sandbox.sandbox_state {
        words.push(format!("--sandbox-state {state}"));
    }
    words.join(" ")
}

/// Writes a file that the command line asks for.
pub(super) fn write(path: &Utf8Path, text: &str) -> Result<(), CliError> {
    std::fs::write(path, text).map_err(|error| CliError::file(path, &error))
}
