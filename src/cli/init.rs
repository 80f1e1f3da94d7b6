//! `concord init`.

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};
use ring::rand::{SecureRandom, SystemRandom};

use super::{Exit, common, error::CliError};
use crate::ui::Ui;

/// Write a first project: the agreement between one Twilio product and one identity provider, to fill in and validate.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The folder; made where it does not exist.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: Utf8PathBuf,
    /// The Twilio product.
    #[arg(long, value_enum, default_value_t, value_name = "PRODUCT")]
    product: InitProduct,
    /// The identity provider.
    #[arg(long, value_enum, default_value_t, value_name = "VENDOR")]
    idp: InitVendor,
    /// The tenant's name.
    #[arg(long, default_value = "acme", value_name = "NAME")]
    tenant: crate::manifest::Name,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum InitProduct {
    /// Twilio Flex.
    #[default]
    Flex,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum InitVendor {
    /// Auth0.
    #[default]
    Auth0,
}

pub(super) fn run(args: &InitArgs, ui: &Ui) -> Result<Exit, CliError> {
    let folder = &args.folder;
    let (InitProduct::Flex, InitVendor::Auth0) = (args.product, args.idp);
    let tenant = args.tenant.as_str();
    let fill = |text: &str| text.replace("TENANT", tenant).replace("PROJECT_ID", &project_id());
    let files = [
        ("concord.yaml", fill(include_str!("init/concord.yaml"))),
        ("flex.yaml", fill(include_str!("init/flex-auth0.yaml"))),
        ("sandbox.yaml", fill(include_str!("init/sandbox.yaml"))),
    ];
    if let Some(manifest) = manifest_in(folder)? {
        return Err(CliError::failure(format!("{folder} holds YAML already: {manifest} exists")).help(
            "a project has a folder of its own, in which every YAML file is a manifest; nothing was written",
        ));
    }
    std::fs::create_dir_all(folder).map_err(|error| CliError::file(folder, &error))?;
    for (name, text) in &files {
        common::write(&folder.join(name), text)?;
    }
    ignore_state(folder)?;
    ui.result(&format!("wrote {} to {folder}\n", files.map(|(name, _)| name).join(", ")));
    ui.status(&format!(
        "Put your own values where the comments say so, then run: concord validate {folder}\nOr look first how it goes, without any \
         account: concord apply {folder} --sandbox --yes --simulate-operator"
    ));
    Ok(Exit::Success)
}

/// The first YAML file that a folder holds.
fn manifest_in(folder: &Utf8Path) -> Result<Option<String>, CliError> {
    if !folder.exists() {
        return Ok(None);
    }
    let entries = folder.read_dir_utf8().map_err(|error| CliError::file(folder, &error))?;
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_owned()));
    Ok(names
        .filter(|name| !name.starts_with('.') && (name.ends_with(".yaml") || name.ends_with(".yml")))
        .min())
}

/// Keeps the sandbox's state out of git.
fn ignore_state(folder: &Utf8Path) -> Result<(), CliError> {
    const STATE: &str = ".concord/";
    let path = folder.join(".gitignore");
    let mut text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(CliError::file(&path, &error)),
    };
    if text.lines().any(|line| line.trim() == STATE) {
        return Ok(());
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    common::write(&path, &format!("{text}{STATE}\n"))
}

/// A random project id: 12 characters of a 32-letter alphabet, 60 bits.
fn project_id() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0u8; 12];
    SystemRandom::new().fill(&mut bytes).expect("the system gives random bytes");
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}
