//! `concord explain`.

use clap::Args;

use super::{Exit, error::CliError};
use crate::{
    check,
    diagnostics::{Code, suggest},
    manifest,
    plan::GUARDS,
    provider::registry,
    resolve,
    ui::Ui,
    yaml,
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
    let codes = all_codes();
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
