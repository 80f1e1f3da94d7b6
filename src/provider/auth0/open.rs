//! How an Auth0 tenant is opened: from the `auth0` block of the manifests to a reader or a writer.

use super::{Auth0Config, PROVIDER};
use crate::{
    component::{Realm, Unknown},
    http::Http,
    manifest::tenant::{Auth0, OAuthClient},
    provider::{
        SharedMutate, SharedObserve, WriteError,
        credentials::{Credentials, Purpose},
    },
};

/// The tenant as a realm, by its domain.
pub fn realm(block: &Auth0) -> Realm {
    Realm::new(PROVIDER, &block.domain)
}

/// Whether the block says what to read with.
pub fn has_credentials(block: &Auth0) -> bool {
    block.client_id.is_some() && block.client_secret.is_some()
}

/// Opens a tenant for reading.
///
/// # Errors
/// Why it cannot be read: nothing in it is known then.
pub async fn reader(block: &Auth0, http: &Http, credentials: &Credentials) -> Result<SharedObserve, Unknown> {
    let config = config(block, credentials, Purpose::Plan).await?;
    super::reader(http, &config).map_err(|error| Unknown::unusable(&error))
}

/// Opens a tenant for writing.
///
/// # Errors
/// There is no credential to write with, or its address cannot be used.
pub async fn writer(
    block: &Auth0,
    http: &Http,
    credentials: &Credentials,
) -> Result<SharedMutate, WriteError> {
    let config = config(block, credentials, Purpose::Apply)
        .await
        .map_err(|unknown| WriteError::no_credential(realm(block), unknown))?;
    Ok(super::writer(http, &config)?)
}

async fn config(block: &Auth0, credentials: &Credentials, purpose: Purpose) -> Result<Auth0Config, Unknown> {
    let reading =
        block.client_id.as_ref().zip(block.client_secret.as_ref()).map(|(client_id, client_secret)| {
            OAuthClient { client_id: client_id.clone(), client_secret: client_secret.clone() }
        });
    let writing = block.apply.clone().filter(|_| purpose == Purpose::Apply);
    let client = writing.or(reading);
    let (client_id, client_secret) = credentials
        .pair(
            client.as_ref().map(|client| (client.client_id.as_str(), &client.client_secret)),
            "the Tenant's `auth0` block names no `clientId` and `clientSecret`",
        )
        .await?;
    Ok(Auth0Config {
        domain: block.domain.clone(),
        endpoint: block.endpoint.clone(),
        client_id,
        client_secret,
    })
}
