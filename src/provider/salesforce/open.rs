//! From the credentials block of the manifests to a client.

use super::{SalesforceAuth, SalesforceConfig, client::DEFAULT_API_VERSION, lower, observe};
use crate::{
    component::{Realm, Unknown, UnknownReason},
    http::Http,
    manifest::{SecretRef, tenant::Salesforce},
    provider::{
        SharedMutate, SharedObserve, SharedRehearse, WriteError, assertion::PrivateKey,
        credentials::Credentials,
    },
};

/// The organization of a block.
pub fn realm(block: &Salesforce) -> Realm {
    lower::realm(&block.domain)
}

/// Whether the block says what to ask with.
pub fn has_credentials(block: &Salesforce) -> bool {
    block.client_id.is_some()
        && (block.client_secret.is_some() || (block.private_key.is_some() && block.username.is_some()))
}

/// A provider that reads.
///
/// # Errors
/// Why the organization cannot be read.
pub async fn reader(
    block: &Salesforce,
    http: &Http,
    credentials: &Credentials,
) -> Result<SharedObserve, Unknown> {
    let config = config(block, credentials).await?;
    observe::reader(http, &config).map_err(|error| Unknown::unusable(&error))
}

/// A provider that writes.
///
/// # Errors
/// There is no credential to write with, or the organization's address cannot be used.
pub async fn writer(
    block: &Salesforce,
    http: &Http,
    credentials: &Credentials,
) -> Result<SharedMutate, WriteError> {
    let config = config(block, credentials)
        .await
        .map_err(|unknown| WriteError::no_credential(realm(block), unknown))?;
    Ok(observe::writer(http, &config)?)
}

/// A provider that asks what the organization would say to changes.
///
/// # Errors
/// Why it cannot be asked.
pub async fn rehearser(
    block: &Salesforce,
    http: &Http,
    credentials: &Credentials,
) -> Result<SharedRehearse, Unknown> {
    let config = config(block, credentials).await?;
    observe::rehearser(http, &config).map_err(|error| Unknown::unusable(&error))
}

/// In the sandbox the client credentials grant stands for either way: there is no private key to sign with.
async fn config(block: &Salesforce, credentials: &Credentials) -> Result<SalesforceConfig, Unknown> {
    let Salesforce {
        domain,
        edition,
        api_version,
        client_id,
        client_secret,
        username,
        private_key,
        is_sandbox,
        endpoint,
    } = block;
    let auth = match (client_id, client_secret, private_key, username) {
        // Steps for people need no credential.
        (None, ..) if !lower::has_api(*edition) => None,
        (Some(id), None, Some(key), Some(username)) if !credentials.is_sandbox() => {
            let (client_id, secret) = credentials.pair(Some((id, key)), "").await?;
            let key = PrivateKey::from_pem(&secret).map_err(|error| Unknown {
                reason: UnknownReason::NoCredential,
                message: format!("{key} cannot be used: {error}"),
                help: Some("give the key as PKCS#8 PEM: `openssl pkcs8 -topk8 -nocrypt`".to_owned()),
            })?;
            Some(SalesforceAuth::JwtBearer {
                client_id,
                key,
                username: username.clone(),
                is_sandbox: *is_sandbox,
            })
        }
        (id, secret, key, _) => {
            let given: Option<(&str, &SecretRef)> = match id {
                // In the sandbox no secret is read, whichever it would be.
                Some(id) if credentials.is_sandbox() => {
                    secret.as_ref().or(key.as_ref()).map(|it| (id.as_str(), it))
                }
                Some(id) => secret.as_ref().map(|it| (id.as_str(), it)),
                None => None,
            };
            let missing = "the Tenant's `salesforce` block names neither `clientId` with `clientSecret` nor `clientId`, `username` and \
                           `privateKey`";
            let (client_id, client_secret) = credentials.pair(given, missing).await?;
            Some(SalesforceAuth::ClientCredentials { client_id, client_secret })
        }
    };
    Ok(SalesforceConfig {
        domain: domain.clone(),
        endpoint: endpoint.clone(),
        api_version: api_version.clone().unwrap_or_else(|| DEFAULT_API_VERSION.to_owned()),
        auth,
    })
}
