//! An organization: its settings, and where its documents are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sandbox::rate::Limit;
use crate::sandbox::store::Transaction;

/// Table of the organizations' settings, by host.
pub(super) const ORGANIZATIONS: &str = "okta/organizations";

/// Settings of an organization.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Settings {
    pub(super) rate_limit: Limit,
    /// The API tokens that are right; with none, any is.
    pub(super) tokens: Vec<String>,
    /// The applications of the integration catalogue that the organization can add.
    #[serde(default)]
    pub(super) catalogue: BTreeMap<String, CatalogueApp>,
    /// For how many days the certificate of an application's first key is valid; ten years without it.
    #[serde(default)]
    pub(super) first_key_days: Option<u32>,
}

/// An application of the integration catalogue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct CatalogueApp {
    /// The properties of `settings.app` that have to be set.
    #[serde(default)]
    pub(super) settings: Vec<String>,
    /// Where it sends assertions, which each application of it can override.
    pub(super) acs_url: String,
    /// Whom it addresses.
    pub(super) audience: String,
}

/// The table of one kind of documents of an organization.
pub(super) fn table(organization: &str, kind: &str) -> String {
    format!("okta/{organization}/{kind}")
}

/// The organization's settings; one that is not known yet is made.
pub(super) fn ensure(documents: &mut Transaction<'_>, organization: &str) -> Settings {
    documents.read(ORGANIZATIONS, organization).unwrap_or_else(|| {
        let settings = Settings::default();
        documents.write(ORGANIZATIONS, organization, &settings);
        settings
    })
}
