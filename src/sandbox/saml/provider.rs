//! An identity provider: what it publishes, and who is in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sandbox::certificate;

use super::Refusal;

/// Table of the identity providers, by host.
pub(super) const PROVIDERS: &str = "saml/providers";

/// The key of something of an identity provider's.
pub(super) fn key_of(host: &str, name: &str) -> String {
    format!("{host}/{name}")
}

/// An identity provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Provider {
    pub(super) entity_id: String,
    pub(super) metadata_path: String,
    pub(super) sso_path: String,
    /// The certificates that it publishes, in PEM; the first signs.
    pub(super) certificates: Vec<String>,
    /// Further entities in its metadata.
    pub(super) others: usize,
    /// How many days the metadata hold.
    pub(super) valid_days: Option<i64>,
    pub(super) want_authn_requests_signed: bool,
    pub(super) users: Vec<User>,
}

/// A user.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct User {
    pub(super) email: String,
    #[serde(default = "yes")]
    pub(super) active: bool,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

/// What may be changed by hand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Settings {
    entity_id: Option<String>,
    sso_path: Option<String>,
    want_authn_requests_signed: Option<bool>,
    valid_days: Option<i64>,
}

impl Provider {
    pub(super) fn user(&self, email: &str) -> Option<&User> {
        self.users.iter().find(|user| user.email.eq_ignore_ascii_case(email))
    }

    /// SHA-256 of what it publishes.
    pub(super) fn fingerprints(&self) -> Vec<String> {
        let read = self.certificates.iter().filter_map(|pem| certificate::read(pem).ok());
        read.map(|read| read.sha256()).collect()
    }

    pub(super) fn changed(mut self, settings: Settings) -> Result<Self, Refusal> {
        let Settings { entity_id, sso_path, want_authn_requests_signed, valid_days } = settings;
        if let Some(path) = sso_path {
            if !path.starts_with('/') || path == self.metadata_path {
                return Err((400, format!("{path} is no path for the sign-in")));
            }
            self.sso_path = path;
        }
        self.entity_id = entity_id.unwrap_or(self.entity_id);
        self.want_authn_requests_signed =
            want_authn_requests_signed.unwrap_or(self.want_authn_requests_signed);
        self.valid_days = valid_days.or(self.valid_days);
        Ok(self)
    }
}
