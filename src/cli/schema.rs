//! `concord schema`.

use camino::Utf8PathBuf;
use clap::Args;
use serde_json::Value;

use super::{Exit, common, error::CliError};
use crate::{
    apply::Event,
    diagnostics::json,
    manifest::{Kind, schema},
    plan::saved,
    render,
    ui::Ui,
};

/// Print the JSON Schema of the manifests, of one kind or of an output; or write all of them to a folder.
#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// A kind (`SsoProfile`), or one of `plan`, `events`, `findings`, `runbook`. Default: any manifest document.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Write every schema to this folder, a file each.
    #[arg(long, value_name = "DIR", conflicts_with = "name")]
    all: Option<Utf8PathBuf>,
}

/// Every schema with the name of its file.
pub(super) fn all() -> Vec<(String, Value)> {
    let mut schemas = vec![("manifest".to_owned(), schema::of_file())];
    schemas.extend(Kind::ALL.iter().map(|kind| (kind.to_string(), schema::of_kind(*kind))));
    schemas.push(("plan".to_owned(), saved::schema()));
    schemas.push(("events".to_owned(), schemars::schema_for!(Event).to_value()));
    schemas.push(("findings".to_owned(), schemars::schema_for!(json::Report).to_value()));
    schemas.push(("runbook".to_owned(), render::runbook::schema()));
    schemas
}

pub(super) fn run(args: &SchemaArgs, ui: &Ui) -> Result<Exit, CliError> {
    let schemas = all();
    if let Some(folder) = &args.all {
        std::fs::create_dir_all(folder).map_err(|error| CliError::file(folder, &error))?;
        for (name, schema) in &schemas {
            common::write(&folder.join(format!("{name}.json")), &render::to_pretty(schema))?;
        }
        ui.status(&format!("wrote {} schemas to {folder}", schemas.len()));
        return Ok(Exit::Success);
    }
    let wanted = args.name.as_deref().unwrap_or("manifest");
    match schemas.iter().find(|(name, _)| name == wanted) {
        Some((_, schema)) => {
            ui.result(&render::to_pretty(schema));
            Ok(Exit::Success)
        }
        None => {
            let names: Vec<_> = schemas.iter().map(|(name, _)| name.as_str()).collect();
            Err(CliError::usage(
                format!("there is no schema `{wanted}`"),
                format!("the schemas are {}", names.join(", ")),
            ))
        }
    }
}
