//! The part of the seed for identity providers without an API: `saml.providers.HOST`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::sandbox::certificate;
use crate::sandbox::error::SandboxError;
use crate::sandbox::store::Transaction;

use super::provider::{PROVIDERS, Provider, User};

/// `saml:` in `sandbox.yaml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Seed {
    #[serde(default)]
    providers: BTreeMap<String, Seeded>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Seeded {
    entity_id: String,
    metadata_path: Option<String>,
    sso_path: Option<String>,
    #[serde(default)]
    others: usize,
    valid_days: Option<i64>,
    #[serde(default)]
    want_authn_requests_signed: bool,
    #[serde(default)]
    users: Vec<User>,
}

impl Seed {
    /// Makes the identity providers.
    pub(crate) fn apply(&self, documents: &mut Transaction<'_>, now: Timestamp) -> Result<(), SandboxError> {
        for (host, seeded) in &self.providers {
            let host = host.to_ascii_lowercase();
            let provider = Provider {
                entity_id: seeded.entity_id.clone(),
                metadata_path: seeded.metadata_path.clone().unwrap_or_else(|| "/metadata".to_owned()),
                sso_path: seeded.sso_path.clone().unwrap_or_else(|| "/sso".to_owned()),
                certificates: vec![certificate::make(&host, now)?],
                others: seeded.others,
                valid_days: seeded.valid_days,
                want_authn_requests_signed: seeded.want_authn_requests_signed,
                users: seeded.users.clone(),
            };
            if provider.metadata_path == provider.sso_path {
                return Err(SandboxError::Seed {
                    object: format!("saml.providers.{host}"),
                    reason: "the metadata and the sign-in have one path".to_owned(),
                });
            }
            documents.write(PROVIDERS, &host, &provider);
        }
        Ok(())
    }
}
