//! `concord init`.

use camino::Utf8PathBuf;
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
        (".gitignore", ".concord/\n".to_owned()),
    ];
    if let Some((name, _)) = files.iter().find(|(name, _)| folder.join(name).exists()) {
        return Err(CliError::failure(format!("{} exists", folder.join(name)))
            .help("name an empty folder; nothing was written"));
    }
    std::fs::create_dir_all(folder).map_err(|error| CliError::file(folder, &error))?;
    for (name, text) in &files {
        common::write(&folder.join(name), text)?;
    }
    ui.result(&format!("wrote {} to {folder}\n", files.map(|(name, _)| name).join(", ")));
    ui.status(&format!("Put your own values where the comments say so, then run: concord validate {folder}"));
    Ok(Exit::Success)
}

/// A random project id: 12 characters of a 32-letter alphabet, 60 bits.
fn project_id() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0u8; 12];
    SystemRandom::new().fill(&mut bytes).expect("the system gives random bytes");
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}
