//! `concord explain`.

use clap::Args;

use super::{Exit, error::CliError};
use crate::{
    check, component,
    diagnostics::{Code, Severity, suggest},
    manifest,
    plan::GUARDS,
    provider::registry,
    resolve,
    ui::Ui,
    yaml,
};

/// The guard that no flag overrides, so that it is not among [`GUARDS`].
static OWNERSHIP: Code = Code {
    id: "ownership",
    severity: Severity::Error,
    title: "an object that Concord would change is not, or not clearly, its own",
    explanation: "An object of the name or key that a manifest asks for exists, and it carries no marker of Concord, the marker of another \
                  project, or a marker that several objects carry. Concord refuses to touch what is not its own: `apply` ends with exit \
                  code 4 before anything is written, and `--allow` does not override that.\n\nAn unmarked object that is the one you mean: \
                  say `adopt: true` in the manifest. Another project's: choose another name, or remove the resource from that project \
                  first. Copies with the same marker: somebody duplicated the object; remove the marker from the copies.",
};

/// Explain a code that a finding, a warning or a refusal shows.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The code, for instance `unknown-field`; without it, all codes are listed.
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// Every code that something can be found with, ordered by its id.
pub(super) fn all_codes() -> Vec<&'static Code> {
    let mut codes: Vec<&'static Code> = yaml::CODES
        .iter()
        .chain(manifest::CODES)
        .chain(resolve::CODES)
        .copied()
        .chain(check::codes())
        .chain(registry::codes())
        .collect();
    codes.sort_by_key(|code| code.id);
    codes.dedup_by_key(|code| code.id);
    codes
}

pub(super) fn run(args: &ExplainArgs, ui: &Ui) -> Result<Exit, CliError> {
    let mut codes = all_codes();
    codes.extend(component::CODES.iter().copied().chain([&OWNERSHIP]));
    codes.sort_by_key(|code| code.id);
    let Some(wanted) = &args.code else {
        ui.result(&crate::render::code_list(&codes, GUARDS));
        return Ok(Exit::Success);
    };
    if let Some(code) = codes.iter().find(|code| code.id == wanted) {
        ui.result(&crate::render::explanation(code, ui.width()));
        return Ok(Exit::Success);
    }
    if let Some((name, watches)) = GUARDS.iter().find(|(name, _)| name == wanted) {
        ui.result(&crate::render::guard_explanation(name, watches, ui.width()));
        return Ok(Exit::Success);
    }
    let known = codes.iter().map(|code| code.id).chain(GUARDS.iter().map(|(name, _)| *name));
    let help = match suggest(wanted, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`concord explain` lists all codes".to_owned(),
    };
    Err(CliError::usage(format!("there is no code `{wanted}`"), help))
}
