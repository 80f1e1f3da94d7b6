//! `SecretRef`: where a secret is to be found. Manifests never hold a secret, only such a reference; reading it is the
//! work of `provider::credentials`, and only for the commands that need it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A reference to a secret. Exactly one of the three forms.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum SecretRef {
    /// The name of an environment variable.
    Env(String),
    /// The path of a file whose content, without the final newline, is the secret. Relative paths are relative to the
    /// project's folder.
    File(String),
    /// A program and its arguments, run without a shell; the secret is what it prints, without the final newline. Needs
    /// `allowSecretCommands` in the tenant's or the project's policy.
    Command(#[schemars(length(min = 1))] Vec<String>),
}

impl std::fmt::Display for SecretRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {path}"),
            Self::Command(words) => write!(f, "the command {}", words.join(" ")),
        }
    }
}
