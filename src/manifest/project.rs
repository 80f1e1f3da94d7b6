//! The `Project` kind.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::policy::Policy;

/// The project: one per folder, in `concord.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProjectSpec {
    /// A random id (8 to 40 lower-case letters, digits and hyphens) that is part of every ownership marker. It tells the
    /// objects of this project from those of another one in the same vendor tenant, so it never changes; `concord init`
    /// makes one.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9-]{6,38}[a-z0-9]$"))]
    pub id: String,
    /// The default policy for every tenant.
    #[serde(default)]
    pub policy: Policy,
}
