//! How the organization is opened: from the `twilio` block of the manifests to a reader or a writer, with the OAuth app that reads or
//! the one that writes.

use std::sync::Arc;

use async_trait::async_trait;

use super::{OrganizationConfig, PROVIDER};
use crate::{
    component::{Component, Realm, Snapshot, Unknown, UnknownReason},
    http::Http,
    manifest::tenant::Twilio,
    provider::{
        Observe, Population, PopulationQuery, Scope, SharedMutate, SharedObserve, WriteError,
        credentials::{Credentials, Purpose},
    },
};

/// The organization as a realm, by its SID; `None` where the block names none.
pub fn realm(block: &Twilio) -> Option<Realm> {
    Some(Realm::new(PROVIDER, &block.organization.as_ref()?.sid))
}

/// Whether the block says what to read with.
pub fn has_credentials(block: &Twilio) -> bool {
    block.organization.as_ref().is_some_and(|organization| organization.oauth_client.is_some())
}

/// Opens the tenant's organization for reading.
///
/// # Errors
/// Why it cannot be read: nothing in it is known then.
pub async fn reader(
    block: &Twilio,
    http: &Http,
    credentials: &Credentials,
) -> Result<SharedObserve, Unknown> {
    match config(block, credentials, Purpose::Plan).await {
        Ok(config) => super::reader(http, &config).map_err(|error| Unknown::unusable(&error)),
        // Many organizations are named for their Console alone, which has no API: then nothing is missed.
        Err(unknown) => match realm(block) {
            Some(realm) if !has_credentials(block) => Ok(Arc::new(Closed { realm, unknown })),
            _ => Err(unknown),
        },
    }
}

/// An organization that the manifests name no OAuth app for. Nothing in it carries an ownership marker, so a plan that asks for nothing
/// of it is complete.
#[derive(Debug)]
struct Closed {
    realm: Realm,
    unknown: Unknown,
}

#[async_trait]
impl Observe for Closed {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    async fn population(&self, _query: &PopulationQuery) -> Result<Population, Unknown> {
        Err(self.unknown.clone())
    }

    async fn observe(&self, components: &[&Component], _scope: &Scope) -> Snapshot {
        if components.is_empty() {
            return Snapshot::default();
        }
        Snapshot::unknown(components.iter().map(|component| &component.address), &self.unknown)
    }
}

/// Opens the tenant's organization for writing, by `apply` where it names an OAuth app of its own.
///
/// # Errors
/// There is no credential to write with, or its address cannot be used.
pub async fn writer(
    block: &Twilio,
    http: &Http,
    credentials: &Credentials,
) -> Result<SharedMutate, WriteError> {
    let config = config(block, credentials, Purpose::Apply).await.map_err(|unknown| {
        WriteError::no_credential(realm(block).unwrap_or_else(|| Realm::new(PROVIDER, "")), unknown)
    })?;
    Ok(super::writer(http, &config)?)
}

async fn config(
    twilio: &Twilio,
    credentials: &Credentials,
    purpose: Purpose,
) -> Result<OrganizationConfig, Unknown> {
    let organization = twilio.organization.as_ref().ok_or_else(|| Unknown {
        reason: UnknownReason::NoCredential,
        message: "the Tenant's `twilio` block names no organization".to_owned(),
        help: Some("add `organization: {sid: OR..., oauthClient: {...}}` under `twilio`".to_owned()),
    })?;
    let writing = organization.apply.as_ref().filter(|_| purpose == Purpose::Apply);
    let client = writing.or(organization.oauth_client.as_ref());
    let (client_id, client_secret) = credentials
        .pair(
            client.map(|client| (client.client_id.as_str(), &client.client_secret)),
            "the Tenant's `twilio.organization` block names no `oauthClient`",
        )
        .await?;
    Ok(OrganizationConfig {
        sid: organization.sid.clone(),
        endpoints: twilio.endpoint.clone().unwrap_or_default(),
        client_id,
        client_secret,
    })
}
