//! What is seen of a generic identity provider: its metadata, read once, and which of their certificates a person confirmed. The rest
//! cannot be seen, so nothing is said of it.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::{
    fetch::{self, Entity, FetchError},
    lower::{field, kind},
    steps::FINGERPRINTS,
};
use crate::{
    component::{Component, Observation, Observed, Realm, Snapshot, Unknown, UnknownReason, Value},
    http::Http,
    provider::{Observe, Population, PopulationQuery, Scope, pins::plain_fingerprint},
    saml::Certificate,
};

struct Reader {
    http: Http,
    realm: Realm,
}

/// A provider that reads an identity provider's public metadata. Sends nothing yet.
pub fn reader(http: &Http, realm: Realm) -> Arc<dyn Observe> {
    Arc::new(Reader { http: http.clone(), realm })
}

#[async_trait]
impl Observe for Reader {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    async fn population(&self, _query: &PopulationQuery) -> Result<Population, Unknown> {
        Ok(Population::default())
    }

    async fn observe(&self, components: &[&Component], _scope: &Scope) -> Snapshot {
        let mut read = None;
        if let Some(metadata) = components.iter().find(|it| it.address.component_type() == kind::METADATA) {
            read = Some(self.metadata(metadata).await);
        }
        let mut snapshot = Snapshot::default();
        for component in components {
            let observation = match (component.address.component_type(), &read) {
                (kind::METADATA, Some(Ok(entity))) => metadata(component, entity, Timestamp::now()),
                (kind::TRUST, Some(Ok(entity))) => trust(component, entity),
                (kind::METADATA | kind::TRUST, Some(Err(unknown))) => Observation::Unknown(unknown.clone()),
                // What is only attested is neither there nor not there.
                _ => Observation::Present(Box::default()),
            };
            snapshot.components.insert(component.address.clone(), observation);
        }
        snapshot
    }
}

impl Reader {
    async fn metadata(&self, component: &Component) -> Result<Entity, Unknown> {
        let text = |path: &str| component.field(path).and_then(|field| field.value.as_text());
        let url = text(field::URL).and_then(|url| Url::parse(url).ok()).ok_or_else(|| Unknown {
            reason: UnknownReason::Unexpected,
            message: "the metadata have no address".to_owned(),
            help: None,
        })?;
        fetch::entity(&self.http, &url, text(field::ENTITY)).await.map_err(|error| unknown(&url, &error))
    }
}

fn unknown(url: &Url, error: &FetchError) -> Unknown {
    let reason = match error {
        FetchError::Http(error) if error.is_unreachable() || error.is_retryable() => {
            UnknownReason::Unreachable
        }
        FetchError::Status { status, .. } if status.is_server_error() => UnknownReason::Unreachable,
        _ => UnknownReason::Unexpected,
    };
    let mut bare = url.clone();
    bare.set_query(None);
    Unknown { reason, message: format!("cannot use the metadata at {bare}: {error}"), help: error.help() }
}

fn list(certificates: &[Certificate]) -> Value {
    Value::List(certificates.iter().cloned().map(Value::Certificate).collect())
}

fn plain(certificate: &Certificate) -> String {
    plain_fingerprint(certificate.sha256_fingerprint())
}

/// What the metadata publish. Of certificates, what is passed on are the pinned ones, where some are pinned.
fn metadata(component: &Component, entity: &Entity, now: Timestamp) -> Observation {
    let Entity { entity_id, sign_on, certificates, valid_until, wants_signed_requests } = entity;
    let pins: Option<Vec<&str>> = component
        .field(field::FINGERPRINTS)
        .and_then(|field| field.value.as_list())
        .map(|pins| pins.iter().filter_map(Value::as_text).collect());
    let passed_on: Vec<Certificate> = certificates
        .iter()
        .filter(|certificate| pins.as_ref().is_none_or(|pins| pins.contains(&plain(certificate).as_str())))
        .cloned()
        .collect();
    let mut observed = Observed { id: entity_id.clone(), ..Observed::default() };
    observed.fields = BTreeMap::from([
        (field::FINGERPRINTS.to_owned(), Value::texts(certificates.iter().map(plain))),
        (field::IS_CURRENT.to_owned(), valid_until.is_none_or(|until| now < until).into()),
        (field::WANTS_SIGNED.to_owned(), (*wants_signed_requests).into()),
    ]);
    observed.outputs = BTreeMap::from([
        ("issuer".to_owned(), Value::text(entity_id)),
        ("ssoUrl".to_owned(), Value::text(&sign_on.1)),
    ]);
    if !passed_on.is_empty() {
        observed.outputs.insert(field::CERTIFICATES.to_owned(), list(&passed_on));
    }
    Observation::Present(Box::new(observed))
}

/// Which certificates are trusted: those whose fingerprints a person noted. One that is published no more is shown by its fingerprint.
fn trust(component: &Component, entity: &Entity) -> Observation {
    let Some(noted) = component.attested_outputs.get(FINGERPRINTS) else { return Observation::Absent };
    let confirmed = fingerprints(noted);
    let is_confirmed = |certificate: &&Certificate| confirmed.contains(&plain(certificate));
    let trusted: Vec<Certificate> = entity.certificates.iter().filter(is_confirmed).cloned().collect();
    let published: Vec<String> = entity.certificates.iter().map(plain).collect();
    let seen = trusted.iter().cloned().map(Value::Certificate);
    let gone = confirmed
        .iter()
        .filter(|digits| !published.contains(digits))
        .map(|digits| Value::Text(format!("SHA-256 {}, no longer published", with_colons(digits))));
    let mut observed = Observed::default();
    // A certificate that ended and is published no more changes nothing as long as one that was confirmed is left.
    let shown: Vec<Value> = if trusted.is_empty() { gone.collect() } else { seen.collect() };
    observed.fields.insert(field::CERTIFICATES.to_owned(), Value::List(shown));
    observed.fields.insert("issuer".to_owned(), Value::text(&entity.entity_id));
    if !trusted.is_empty() {
        observed.outputs.insert(field::CERTIFICATES.to_owned(), list(&trusted));
    }
    Observation::Present(Box::new(observed))
}

/// The fingerprints in what a person wrote: hexadecimal digits, colons in them or not, several with anything between.
fn fingerprints(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_ascii_hexdigit() && c != ':')
        .map(plain_fingerprint)
        .filter(|digits| !digits.is_empty())
        .collect()
}

fn with_colons(digits: &str) -> String {
    let bytes: Vec<&str> =
        digits.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok()).collect();
    bytes.join(":").to_ascii_uppercase()
}

#[cfg(test)]
mod tests;
