//! What can be done to a field: how it is written, and how it is read. The two are independent of each other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WriteChannel {
    /// By a vendor's API.
    Api,
    /// By a person, following a runbook.
    Manual,
    /// Not at all.
    None,
}

/// How a field is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadChannel {
    /// By a vendor's API.
    Api,
    /// By watching how the other side behaves (a redirect, a DNS answer).
    Probe,
    /// Not at all; a person states it, bound to a digest of the values.
    Attestation,
    /// Not at all.
    None,
}

/// The pairs of channels that occur, by the names that plans show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Capability {
    /// Written and read by API.
    Managed,
    /// Read by API or probe, written by nobody here.
    Observed,
    /// Entered by a person, read by a probe.
    Probed,
    /// Entered by a person, who attests it.
    Attested,
    /// Follows by a formula.
    Derived,
}

impl Capability {
    /// How it is written.
    pub fn write(self) -> WriteChannel {
        match self {
            Self::Managed => WriteChannel::Api,
            Self::Probed | Self::Attested => WriteChannel::Manual,
            Self::Observed | Self::Derived => WriteChannel::None,
        }
    }

    /// How it is read.
    pub fn read(self) -> ReadChannel {
        match self {
            Self::Managed | Self::Observed => ReadChannel::Api,
            Self::Probed => ReadChannel::Probe,
            Self::Attested => ReadChannel::Attestation,
            Self::Derived => ReadChannel::None,
        }
    }

    /// The word that plans show.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::Observed => "observed",
            Self::Probed => "probed",
            Self::Attested => "attested",
            Self::Derived => "derived",
        }
    }
}
