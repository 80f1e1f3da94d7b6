//! Where statements about manual steps are kept: one file a step below a folder, written so that a reviewer can read it.

use std::{collections::BTreeMap, io::Write};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use crate::{
    component::{Address, Digest, Environment, Field, Step},
    manifest::{
        Envelope, Kind, Lifecycle, Metadata, Name, OnRemoval,
        attestation::{AttestationSpec, AttestationState},
        envelope::ApiVersion,
    },
    yaml,
};

/// A folder of attestations: `attestations/` of the project, or beside the sandbox's state.
#[derive(Debug, Clone)]
pub struct AttestationFolder {
    folder: Utf8PathBuf,
}

/// A statement could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file system refused.
    #[error("{path} cannot be written: {source}")]
    Io {
        /// The file or folder.
        path: Utf8PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The statement has no form as YAML.
    #[error(transparent)]
    Emit(#[from] yaml::EmitError),
}

impl AttestationFolder {
    /// A folder; it is made when the first statement is written.
    pub fn new(folder: impl Into<Utf8PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder.
    pub fn path(&self) -> &Utf8Path {
        &self.folder
    }

    /// Writes a statement in place of an earlier one about the same step. The file appears whole or not at all.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn record(&self, statement: &Envelope<AttestationSpec>) -> Result<Utf8PathBuf, RecordError> {
        let folder = match &statement.metadata.tenant {
            Some(tenant) => self.folder.join(tenant.as_str()),
            None => self.folder.clone(),
        };
        let path = folder.join(format!("{}.yaml", statement.metadata.name));
        let text = yaml::to_string(statement)?;
        let io = |source| RecordError::Io { path: path.clone(), source };
        std::fs::create_dir_all(&folder).map_err(io)?;
        let mut file = tempfile::NamedTempFile::new_in(&folder).map_err(io)?;
        file.write_all(text.as_bytes()).map_err(io)?;
        file.as_file().sync_all().map_err(io)?;
        file.persist(&path).map_err(|error| io(error.error))?;
        Ok(path)
    }
}

/// What a person says about a step.
#[derive(Debug, Clone)]
pub struct Said {
    /// That it was done, or that what it made was removed.
    pub state: AttestationState,
    /// Who did it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What proves it.
    pub evidence: Option<String>,
    /// What it produced.
    pub outputs: BTreeMap<String, String>,
    /// What becomes of it when its manifest is removed.
    pub on_removal: OnRemoval,
}

/// A statement about a step, as a document. `inputs` are the component's values, all known; none for a removal.
pub fn statement(
    address: &Address,
    step: &Step,
    inputs: &[Field],
    digest: &Digest,
    environment: &Environment,
    said: Said,
) -> Envelope<AttestationSpec> {
    let Said { state, by, at, evidence, outputs, on_removal } = said;
    Envelope {
        api_version: ApiVersion::V1,
        kind: Kind::Attestation,
        metadata: Metadata {
            name: attestation_name(address),
            tenant: Some(address.tenant.clone()),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            formerly: None,
        },
        spec: AttestationSpec {
            step: address.within_tenant(),
            step_version: step.version,
            state,
            digest: digest.to_string(),
            environment: environment.to_string(),
            inputs: inputs
                .iter()
                .map(|field| (field.path.clone(), field.rule.normalise(&field.value).to_canonical_json()))
                .collect(),
            outputs,
            on_removal,
            by,
            at,
            evidence,
        },
        lifecycle: Lifecycle::default(),
    }
}

/// The resource name of a step's attestation: readable, a DNS label, and different for different steps.
pub fn attestation_name(address: &Address) -> Name {
    let readable: String = format!("{}-{}", address.name, address.component)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let digest = Digest::of(&address.within_tenant().into());
    let readable = readable[..readable.len().min(50)].trim_matches('-');
    let name = format!("{readable}-{}", digest.short());
    name.parse().expect("letters, digits and hyphens, at most 63, ending with a digit of the digest")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_labels_and_differ() {
        let long = format!("nss/SsoProfile/{}/flex.trust", "a".repeat(63));
        let one: Address = long.parse().unwrap();
        let other = one.sibling("flex.test");
        assert_ne!(attestation_name(&one), attestation_name(&other));
        let odd: Address = "nss/UserEnablement/a/flex.user:Ünï@example.com".parse().unwrap();
        assert!(attestation_name(&odd).as_str().starts_with("a-flex-user"));
    }
}
