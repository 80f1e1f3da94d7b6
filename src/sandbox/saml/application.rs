//! Service providers that an identity provider knows, and the people who may sign in to each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::sandbox::store::Transaction;

use super::Refusal;
use super::provider::{Provider, key_of};

/// Table of the applications, by host and name.
pub(super) const APPLICATIONS: &str = "saml/applications";
/// Table of the people of the applications, by host and name.
pub(super) const PEOPLE: &str = "saml/people";

/// An application, as its page takes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Application {
    pub(super) name: String,
    pub(super) entity_id: String,
    pub(super) acs_url: String,
    pub(super) name_id_format: String,
    pub(super) name_id: String,
    pub(super) sign_response: bool,
    pub(super) sign_assertion: bool,
    pub(super) signature_algorithm: String,
    pub(super) digest_algorithm: String,
    #[serde(default)]
    pub(super) logout_urls: Vec<String>,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
}

/// The values of a person in a list: `roles`, and others by key.
pub(super) type Values = BTreeMap<String, Value>;
/// The lists of an application, each with its people by lower-cased address.
pub(super) type Lists = BTreeMap<String, BTreeMap<String, Values>>;

/// One list, as its page takes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct People {
    pub(super) application: String,
    pub(super) list: String,
    pub(super) people: BTreeMap<String, Values>,
}

/// The names of an identity provider's applications.
pub(super) fn names(documents: &Transaction<'_>, host: &str) -> Vec<String> {
    let prefix = key_of(host, "");
    let keys = documents.list(APPLICATIONS).map(|(key, _)| key);
    keys.filter_map(|key| key.strip_prefix(&prefix)).map(str::to_owned).collect()
}

impl Application {
    /// Keeps it, if it is in order.
    pub(super) fn save(&self, documents: &mut Transaction<'_>, host: &str) -> Result<(), Refusal> {
        let wrong = |message: String| Err((400, message));
        if self.name.trim().is_empty() || self.entity_id.trim().is_empty() {
            return wrong("an application has a name and the service provider's entity ID".to_owned());
        }
        if !Url::parse(&self.acs_url).is_ok_and(|url| url.scheme() == "https") {
            return wrong(format!("{} is no https URL to post responses to", self.acs_url));
        }
        let formats =
            ["urn:oasis:names:tc:SAML:1.1:nameid-format:", "urn:oasis:names:tc:SAML:2.0:nameid-format:"];
        if !formats.iter().any(|prefix| self.name_id_format.starts_with(prefix)) {
            return wrong(format!("{} is no NameID format", self.name_id_format));
        }
        if !["RSA-SHA256", "RSA-SHA1"].contains(&self.signature_algorithm.as_str()) {
            return wrong(format!("{} is no signature algorithm", self.signature_algorithm));
        }
        for other in names(documents, host).iter().filter(|other| **other != self.name) {
            let other: Option<Self> = documents.read(APPLICATIONS, &key_of(host, other));
            if let Some(other) = other.filter(|other| other.entity_id == self.entity_id) {
                return wrong(format!("{} has the entity ID {} already", other.name, self.entity_id));
            }
        }
        documents.write(APPLICATIONS, &key_of(host, &self.name), self);
        Ok(())
    }
}

pub(super) fn remove(documents: &mut Transaction<'_>, host: &str, name: &str) -> Result<(), Refusal> {
    let key = key_of(host, name);
    documents.remove(PEOPLE, &key);
    documents
        .remove(APPLICATIONS, &key)
        .map(|_| ())
        .ok_or_else(|| (404, format!("there is no application {name}")))
}

impl People {
    /// Replaces the list.
    pub(super) fn save(
        &self,
        documents: &mut Transaction<'_>,
        host: &str,
        provider: &Provider,
    ) -> Result<(), Refusal> {
        let key = key_of(host, &self.application);
        if documents.get(APPLICATIONS, &key).is_none() {
            return Err((404, format!("there is no application {}", self.application)));
        }
        if let Some(unknown) = self.people.keys().find(|email| provider.user(email).is_none()) {
            return Err((400, format!("{unknown} is no user here")));
        }
        let mut lists: Lists = documents.read(PEOPLE, &key).unwrap_or_default();
        let people = self.people.iter().map(|(email, values)| (email.to_lowercase(), values.clone()));
        lists.insert(self.list.clone(), people.collect());
        documents.write(PEOPLE, &key, &lists);
        Ok(())
    }
}

pub(super) fn remove_list(
    documents: &mut Transaction<'_>,
    host: &str,
    name: &str,
    list: &str,
) -> Result<(), Refusal> {
    let key = key_of(host, name);
    let mut lists: Lists = documents.read(PEOPLE, &key).unwrap_or_default();
    lists.remove(list).ok_or_else(|| (404, format!("there is no list {list}")))?;
    documents.write(PEOPLE, &key, &lists);
    Ok(())
}
