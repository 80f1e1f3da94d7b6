//! `concord init`.

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};
use ring::rand::{SecureRandom, SystemRandom};

use super::{Exit, common, error::CliError};
use crate::{
    manifest::{identity_provider::Vendor, sso_profile::Product},
    ui::Ui,
};

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

/// What a project can begin with. The legacy SSO of Flex is not among them: it has ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum InitProduct {
    /// The Twilio Console, self-service SSO.
    Console,
    /// The Twilio Console, the older SSO that support sets up.
    ConsoleLegacy,
    /// Twilio Flex.
    #[default]
    Flex,
    /// SendGrid.
    Sendgrid,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum InitVendor {
    /// Auth0.
    #[default]
    Auth0,
    /// Okta.
    Okta,
    /// Salesforce.
    Salesforce,
    /// Google Workspace.
    Google,
    /// Any other SAML 2.0 identity provider, by its metadata.
    Saml,
}

impl InitProduct {
    /// The manifests' file, and its template.
    fn template(self) -> (&'static str, &'static str) {
        match self {
            Self::Console => ("console.yaml", include_str!("init/console.yaml")),
            Self::ConsoleLegacy => ("console.yaml", include_str!("init/console-legacy.yaml")),
            Self::Flex => ("flex.yaml", include_str!("init/flex.yaml")),
            Self::Sendgrid => ("sendgrid.yaml", include_str!("init/sendgrid.yaml")),
        }
    }

    /// The word of the command line and of manifests.
    fn product(self) -> Product {
        match self {
            Self::Console => Product::Console,
            Self::ConsoleLegacy => Product::ConsoleLegacy,
            Self::Flex => Product::Flex,
            Self::Sendgrid => Product::Sendgrid,
        }
    }
}

impl InitVendor {
    /// The resource's name, the template, and a file that its manifest refers to.
    fn template(self) -> (&'static str, &'static str, Option<(&'static str, &'static str)>) {
        match self {
            Self::Auth0 => ("auth0", include_str!("init/auth0.yaml"), None),
            Self::Okta => ("okta", include_str!("init/okta.yaml"), None),
            Self::Salesforce => ("salesforce", include_str!("init/salesforce.yaml"), None),
            Self::Google => (
                "google",
                include_str!("init/google.yaml"),
                Some((
                    "GoogleIDPMetadata.xml",
                    include_str!("../../examples/google-flex/GoogleIDPMetadata.xml"),
                )),
            ),
            Self::Saml => ("idp", include_str!("init/saml.yaml"), None),
        }
    }

    /// The name that people know it by, short enough for a profile's name.
    fn title(self) -> &'static str {
        match self {
            Self::Auth0 => Vendor::Auth0.title(),
            Self::Okta => Vendor::Okta.title(),
            Self::Salesforce => Vendor::Salesforce.title(),
            Self::Google => Vendor::Google.title(),
            Self::Saml => "SAML",
        }
    }

    /// Who is meant: where there is no directory to read, the manifests name everybody.
    fn select(self) -> &'static str {
        match self {
            Self::Saml => "{users: [test@TENANT.example.com, ann@TENANT.example.com]}",
            Self::Auth0 | Self::Okta | Self::Salesforce | Self::Google => {
                "{emailDomains: [TENANT.example.com]}"
            }
        }
    }
}

pub(super) fn run(args: &InitArgs, ui: &Ui) -> Result<Exit, CliError> {
    let folder = &args.folder;
    if args.product == InitProduct::Console && matches!(args.idp, InitVendor::Auth0 | InitVendor::Google) {
        return Err(CliError::usage(
            format!(
                "the Twilio Console wants response and assertion signed, and {} signs one of them only",
                args.idp.title()
            ),
            "`concord explain one-signature` says more; begin with `--idp okta`, or another identity provider that signs both",
        ));
    }
    if let Some(manifest) = manifest_in(folder)? {
        return Err(CliError::failure(format!("{folder} holds YAML already: {manifest} exists")).help(
            "a project has a folder of its own, in which every YAML file is a manifest; nothing was written",
        ));
    }
    std::fs::create_dir_all(folder).map_err(|error| CliError::file(folder, &error))?;
    let files = files(args);
    for (name, text) in &files {
        common::write(&folder.join(name), text)?;
    }
    ignore_state(folder)?;
    let names: Vec<_> = files.iter().map(|(name, _)| *name).collect();
    ui.result(&format!("wrote {} to {folder}\n", names.join(", ")));
    ui.status(&format!(
        "Put your own values where the comments say so, then run: concord validate {folder}\nOr look first how it goes, without any \
         account: concord apply {folder} --sandbox --yes --simulate-operator"
    ));
    Ok(Exit::Success)
}

/// A project's files: each side has a template of its own, in sections that are joined here.
fn files(args: &InitArgs) -> Vec<(&'static str, String)> {
    let (manifests, product) = args.product.template();
    let (idp_name, idp, further) = args.idp.template();
    let agreement = format!(
        "# The agreement between {} and {} for one customer environment.\napiVersion: concord/v1\nkind: Tenant\nmetadata: {{name: \
         TENANT}}\nspec:\n{}{}---\n{}{}",
        args.product.product().title(),
        args.idp.title(),
        section(product, "tenant"),
        section(idp, "tenant"),
        section(idp, "provider"),
        section(product, "profile"),
    )
    .replace("APPLICATION", section(idp, "application"))
    .replace("IDP_TITLE", args.idp.title())
    .replace("IDP_NAME", idp_name)
    .replace("SELECT", args.idp.select());
    let seed = format!(
        "# What the embedded sandbox (`--sandbox`) holds before the first apply. No manifest, and nothing of it reaches a real system.\n{}{}",
        section(idp, "seed"),
        section(product, "seed"),
    );
    let fill = |text: &str| text.replace("TENANT", args.tenant.as_str()).replace("PROJECT_ID", &project_id());
    let mut files = vec![
        ("concord.yaml", fill(include_str!("init/concord.yaml"))),
        (manifests, fill(&agreement)),
        ("sandbox.yaml", fill(&seed)),
    ];
    files.extend(further.map(|(name, text)| (name, text.to_owned())));
    files
}

/// A section of a template: the lines after `#: NAME`, up to the next such line. Nothing where the template has none.
fn section<'a>(template: &'a str, name: &str) -> &'a str {
    let head = format!("#: {name}\n");
    let Some(start) = template.find(&head).map(|at| at + head.len()) else { return "" };
    let rest = &template[start..];
    rest.find("#: ").map_or(rest, |end| &rest[..end])
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
