//! `concord schema`.

use camino::Utf8PathBuf;
use clap::Args;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

use super::{Exit, common, error::CliError};
use crate::{
    apply::Event,
    diagnostics::{json, suggest},
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
    schemas.push(("events".to_owned(), written::<Event>()));
    schemas.push(("findings".to_owned(), written::<json::Report>()));
    schemas.push(("runbook".to_owned(), render::runbook::schema()));
    schemas
}

/// The schema of what is only ever written: fields that may be left out are optional.
fn written<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>().to_value()
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
            let all = format!("the schemas are {}", names.join(", "));
            let help = match suggest(wanted, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`? {all}"),
                None => all,
            };
            Err(CliError::usage(format!("there is no schema `{wanted}`"), help))
        }
    }
}
