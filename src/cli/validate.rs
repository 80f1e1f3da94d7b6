//! `concord validate`.

use camino::{Utf8Component, Utf8PathBuf};
use clap::{Args, ValueEnum};

use super::{
    Exit,
    common::{self, ProjectArgs},
    error::CliError,
    explain,
};
use crate::{
    diagnostics::{Findings, github, human, json, sarif},
    flow,
    ui::Ui,
};

/// Read the manifests and apply the offline rules; nothing is connected to.
#[derive(Debug, Args)]
pub(super) struct ValidateArgs {
    #[command(flatten)]
    project: ProjectArgs,
    /// How to write what was found.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Fail on warnings too.
    #[arg(long)]
    strict: bool,
    /// The project's folder as the repository has it, for annotations. Default: DIR, if it is relative.
    #[arg(long, value_name = "PATH")]
    base: Option<Utf8PathBuf>,
}

/// The forms of findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, with the source underlined.
    #[default]
    Human,
    /// For programs.
    Json,
    /// For code-scanning services (SARIF 2.1.0).
    Sarif,
    /// For GitHub Actions: annotations on the lines of a pull request.
    Github,
}

pub(super) fn run(args: &ValidateArgs, ui: &Ui) -> Result<Exit, CliError> {
    let folder = &args.project.folder;
    if !folder.is_dir() {
        return Err(CliError::usage(
            format!("{folder} is no folder"),
            "name the project's folder, `.` by default",
        ));
    }
    let mut findings = Findings::new();
    let project = flow::load(folder, None, &mut findings);
    let project = common::check_project(project, &mut findings);
    let findings = findings.sorted();
    let counts = findings.counts();
    let base = match &args.base {
        Some(base) => base.clone(),
        // As the repository writes it: without `./` and a slash at the end.
        None if folder.is_relative() => {
            folder.components().filter(|part| *part != Utf8Component::CurDir).collect()
        }
        None => Utf8PathBuf::new(),
    };
    match args.format {
        Format::Human => {
            if !findings.is_empty() {
                ui.result(&human::render(&findings, &common::human_options(ui, ui.is_result_colored())));
            }
            if let Some(project) = &project {
                ui.result(&crate::render::validated(&project.manifests, counts));
            }
        }
        Format::Json => ui.result(&crate::render::to_pretty(&json::report(&findings))),
        Format::Sarif => {
            let codes = explain::all_codes();
            ui.result(&crate::render::to_pretty(&sarif::log(&findings, &codes, &base)));
        }
        Format::Github => ui.result(&github::render(&findings, &base)),
    }
    let failed = findings.has_errors() || (args.strict && counts.warnings > 0);
    Ok(if failed { Exit::Error } else { Exit::Success })
}
