//! The web's part of the seed: `web.hosts.HOST`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::sandbox::error::SandboxError;
use crate::sandbox::store::Transaction;

use super::{HOSTS, Host, Wanted};

/// `web:` in `sandbox.yaml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Seed {
    #[serde(default)]
    hosts: BTreeMap<String, Seeded>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Seeded {
    certificate: Option<Wanted>,
    #[serde(default)]
    pages: BTreeMap<String, String>,
    account: Option<String>,
}

impl Seed {
    /// Makes the hosts.
    pub(crate) fn apply(&self, documents: &mut Transaction<'_>, now: Timestamp) -> Result<(), SandboxError> {
        for (name, seeded) in &self.hosts {
            let name = name.to_ascii_lowercase();
            let mut host =
                Host { pages: seeded.pages.clone(), account: seeded.account.clone(), ..Host::default() };
            if let Some(wanted) = &seeded.certificate {
                host.renew(wanted, now).map_err(|reason| SandboxError::Seed {
                    object: format!("web.hosts.{name}.certificate"),
                    reason,
                })?;
            }
            documents.write(HOSTS, &name, &host);
        }
        Ok(())
    }
}
