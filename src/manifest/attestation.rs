//! The `Attestation` kind: a person's statement that a step that no API reaches was done.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::envelope::OnRemoval;

/// A person's statement that a manual step was done, bound to the very values by a digest. `concord attest` writes it;
/// it is reviewed and kept in git.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttestationSpec {
    /// The step: kind, name and component, for instance `SsoProfile/flex/flex.trust`.
    pub step: String,
    /// The version of the step's definition.
    pub step_version: u32,
    /// `done`, or `removed` once the object was removed by hand.
    #[serde(default)]
    pub state: AttestationState,
    /// SHA-256 (64 hexadecimal digits) over the step, its version, the account or organization, the environment and the
    /// inputs, as canonical JSON (RFC 8785).
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub digest: String,
    /// Where it was done: `live`, or a sandbox's id.
    pub environment: String,
    /// The values that were entered, so that a later plan can show which of them changed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Value>,
    /// What the step produced, for instance the connection ID that the Console showed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
    /// What becomes of what the step made when its manifest is removed: `forget` asks nobody to remove it.
    #[serde(default, skip_serializing_if = "is_delete")]
    pub on_removal: OnRemoval,
    /// Who did it.
    pub by: String,
    /// When (RFC 3339).
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// What proves it: a ticket number, a link to a screenshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

fn is_delete(on_removal: &OnRemoval) -> bool {
    *on_removal == OnRemoval::Delete
}

/// What an attestation states.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AttestationState {
    /// The step was done with these values.
    #[default]
    Done,
    /// What the step had made was removed by hand.
    Removed,
}
