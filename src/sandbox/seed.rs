//! What a new sandbox starts with. Owns reading the file and applying it once; each vendor owns its own part of the format.

use camino::Utf8Path;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::SandboxError;
use super::store::Transaction;
use super::{auth0, dns, google, okta, salesforce, saml, sendgrid, twilio, web};

/// `sandbox.yaml`, described at the head of the module.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Seed {
    #[serde(default)]
    auth0: auth0::Seed,
    #[serde(default)]
    dns: dns::Seed,
    #[serde(default)]
    google: google::Seed,
    #[serde(default)]
    okta: okta::Seed,
    #[serde(default)]
    salesforce: salesforce::Seed,
    #[serde(default)]
    sendgrid: sendgrid::Seed,
    #[serde(default)]
    saml: saml::Seed,
    #[serde(default)]
    twilio: twilio::Seed,
    #[serde(default)]
    web: web::Seed,
}

impl Seed {
    /// Reads the file. A file that holds only comments is an empty seed.
    pub(crate) fn from_file(path: &Utf8Path) -> Result<Self, SandboxError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SandboxError::Io { path: path.to_owned(), source })?;
        Ok(decode_yaml::<Option<Self>>(&text, path)?.unwrap_or_default())
    }

    /// Puts everything into a new state.
    pub(crate) fn apply(&self, documents: &mut Transaction<'_>, now: Timestamp) -> Result<(), SandboxError> {
        self.auth0.apply(documents, now)?;
        self.dns.apply(documents)?;
        self.google.apply(documents, now)?;
        self.okta.apply(documents, now)?;
        self.salesforce.apply(documents, now)?;
        self.sendgrid.apply(documents, now)?;
        self.saml.apply(documents, now)?;
        self.web.apply(documents, now)?;
        self.twilio.apply(documents, now)
    }
}

/// Decodes YAML and names the field that is wrong.
pub(super) fn decode_yaml<T: DeserializeOwned>(text: &str, path: &Utf8Path) -> Result<T, SandboxError> {
    let deserializer = serde_yaml::Deserializer::from_str(text);
    serde_path_to_error::deserialize(deserializer).map_err(|error| SandboxError::File {
        path: path.to_owned(),
        field: error.path().to_string(),
        reason: error.into_inner().to_string(),
    })
}
