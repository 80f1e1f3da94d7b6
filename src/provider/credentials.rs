//! Credentials: secrets are read here, from where the manifests say, only when a provider is opened and only by the commands that
//! need them. They are learnt by the redactor at once, so that no message can leak them.

use std::{io::Read, process::Stdio, time::Duration};

use camino::Utf8PathBuf;
use secrecy::SecretString;

use crate::{
    component::{Unknown, UnknownReason},
    http::{Redactor, SANDBOX_WORD},
    manifest::SecretRef,
};

/// What a credential is for: some organizations give a plan only reading rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To read.
    Plan,
    /// To write.
    Apply,
}

/// Reads secrets.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// What relative paths are relative to.
    folder: Utf8PathBuf,
    redactor: Redactor,
    source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Where the manifests say.
    Manifests { allow_commands: bool },
    /// Nowhere: the sandbox takes anything, and no real credential may reach it.
    Sandbox,
}

/// Why a secret could not be read. Never holds any part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The environment variable is not set.
    #[error("{0} is not set")]
    NotSet(SecretRef),
    /// There is something, but it is empty.
    #[error("{0} is empty")]
    Empty(SecretRef),
    /// It is not text.
    #[error("{0} gives something that is not UTF-8 text")]
    NotText(SecretRef),
    /// It is far larger than any secret.
    #[error("{0} gives more than 64 KiB")]
    TooLarge(SecretRef),
    /// The file cannot be read.
    #[error("{reference} cannot be read: {message}")]
    Unreadable {
        /// Where the secret should be.
        reference: SecretRef,
        /// What the system says.
        message: String,
    },
    /// Programs may not be run.
    #[error("{0} may not be run: the policy does not allow it")]
    CommandNotAllowed(SecretRef),
    /// The program failed.
    #[error("{reference} failed: {message}")]
    CommandFailed {
        /// The program.
        reference: SecretRef,
        /// How it ended.
        message: String,
    },
}

impl SecretError {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::NotSet(_) | Self::Empty(_) => "set it before running concord, in CI from the secret store".to_owned(),
            Self::Unreadable { .. } | Self::NotText(_) | Self::TooLarge(_) => {
                "check the path, the permissions and that the file holds the secret alone".to_owned()
            }
            Self::CommandNotAllowed(_) => {
                "say `allowSecretCommands: true` in the tenant's or the project's policy, after a review of the command"
                    .to_owned()
            }
            Self::CommandFailed { .. } => "run the command by hand to see why".to_owned(),
        }
    }
}

/// The longest secret that is read: a private key is a few kilobytes.
const MAX_SECRET_BYTES: usize = 64 * 1024;
/// How long a program may take to print a secret.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

impl Credentials {
    /// Reads secrets from where the manifests say.
    pub fn from_manifests(folder: Utf8PathBuf, allow_commands: bool, redactor: Redactor) -> Self {
        Self { folder, redactor, source: Source::Manifests { allow_commands } }
    }

    /// Reads nothing: for the sandbox.
    pub fn for_sandbox(folder: Utf8PathBuf, redactor: Redactor) -> Self {
        Self { folder, redactor, source: Source::Sandbox }
    }

    /// Whether no real credential is ever read.
    pub fn is_sandbox(&self) -> bool {
        self.source == Source::Sandbox
    }

    /// An identifier and its secret. In the sandbox the identifier is kept, so that the manifests' own identity is known, and the
    /// secret is a word that means nothing.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub async fn pair(
        &self,
        pair: Option<(&str, &SecretRef)>,
        missing: &str,
    ) -> Result<(String, SecretString), Unknown> {
        let unknown = |message: String, help: Option<String>| Unknown {
            reason: UnknownReason::NoCredential,
            message,
            help,
        };
        if self.is_sandbox() {
            let id = pair.map_or("sandbox", |(id, _)| id).to_owned();
            return Ok((id, SecretString::from(SANDBOX_WORD)));
        }
        let Some((id, reference)) = pair else {
            return Err(unknown(missing.to_owned(), Some("add them, the secret by reference".to_owned())));
        };
        let secret =
            self.read(reference).await.map_err(|error| unknown(error.to_string(), Some(error.help())))?;
        Ok((id.to_owned(), secret))
    }

    /// Reads one secret.
    ///
    /// # Errors
    /// See [`SecretError`].
    pub async fn read(&self, reference: &SecretRef) -> Result<SecretString, SecretError> {
        let bytes = match reference {
            SecretRef::Env(name) => match std::env::var(name) {
                Ok(text) => text.into_bytes(),
                Err(std::env::VarError::NotPresent) => return Err(SecretError::NotSet(reference.clone())),
                Err(std::env::VarError::NotUnicode(_)) => {
                    return Err(SecretError::NotText(reference.clone()));
                }
            },
            SecretRef::File(path) => self.read_file(path, reference)?,
            SecretRef::Command(words) => self.run(words, reference).await?,
        };
        if bytes.len() > MAX_SECRET_BYTES {
            return Err(SecretError::TooLarge(reference.clone()));
        }
        let text = String::from_utf8(bytes).map_err(|_| SecretError::NotText(reference.clone()))?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err(SecretError::Empty(reference.clone()));
        }
        let secret = SecretString::from(text.to_owned());
        self.redactor.learn(&secret);
        Ok(secret)
    }

    fn read_file(&self, path: &str, reference: &SecretRef) -> Result<Vec<u8>, SecretError> {
        let unreadable = |error: std::io::Error| SecretError::Unreadable {
            reference: reference.clone(),
            message: error.to_string(),
        };
        let file = std::fs::File::open(self.folder.join(path)).map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(MAX_SECRET_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        Ok(bytes)
    }

    async fn run(&self, words: &[String], reference: &SecretRef) -> Result<Vec<u8>, SecretError> {
        if self.source != (Source::Manifests { allow_commands: true }) {
            return Err(SecretError::CommandNotAllowed(reference.clone()));
        }
        let failed = |message: String| SecretError::CommandFailed { reference: reference.clone(), message };
        let (program, arguments) =
            words.split_first().ok_or_else(|| failed("no program is named".to_owned()))?;
        // What the program writes to stderr may hold anything, so it is neither shown nor kept.
        let run = tokio::process::Command::new(program)
            .args(arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(COMMAND_TIMEOUT, run)
            .await
            .map_err(|_| failed(format!("no answer after {} seconds", COMMAND_TIMEOUT.as_secs())))?
            .map_err(|error| failed(error.to_string()))?;
        if output.status.success() { Ok(output.stdout) } else { Err(failed(output.status.to_string())) }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn credentials(allow_commands: bool) -> (tempfile::TempDir, Credentials) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().to_path_buf()).unwrap();
        (folder, Credentials::from_manifests(path, allow_commands, Redactor::default()))
    }

    #[tokio::test]
    async fn a_file_gives_the_secret_without_its_final_newline() {
        let (folder, credentials) = credentials(false);
        std::fs::write(folder.path().join("key"), "c4n4ry secret\n").unwrap();
        let secret = credentials.read(&SecretRef::File("key".to_owned())).await.unwrap();
        assert_eq!(secret.expose_secret(), "c4n4ry secret");
        assert!(!credentials.redactor.redact("it is c4n4ry secret, really").contains("c4n4ry"));
        std::fs::write(folder.path().join("key"), "\n").unwrap();
        assert!(matches!(
            credentials.read(&SecretRef::File("key".to_owned())).await,
            Err(SecretError::Empty(_))
        ));
    }

    #[tokio::test]
    async fn a_program_runs_only_where_the_policy_allows_it() {
        let command = SecretRef::Command(vec!["printf".to_owned(), "c4n4ry".to_owned()]);
        let (_folder, refused) = credentials(false);
        assert!(matches!(refused.read(&command).await, Err(SecretError::CommandNotAllowed(_))));
        let (_folder, allowed) = credentials(true);
        assert_eq!(allowed.read(&command).await.unwrap().expose_secret(), "c4n4ry");
        let failing = SecretRef::Command(vec!["false".to_owned()]);
        assert!(matches!(allowed.read(&failing).await, Err(SecretError::CommandFailed { .. })));
    }

    #[tokio::test]
    async fn the_sandbox_reads_nothing() {
        let folder = Utf8PathBuf::from("/nonexistent");
        let credentials = Credentials::for_sandbox(folder, Redactor::default());
        let reference = SecretRef::File("key".to_owned());
        let (id, secret) = credentials.pair(Some(("abc", &reference)), "none").await.unwrap();
        assert_eq!((id.as_str(), secret.expose_secret()), ("abc", "sandbox"));
    }
}
