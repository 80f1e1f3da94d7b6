//! How the organization is opened: from the `twilio` block of the manifests to a reader or a writer, with the OAuth app that reads or
//! the one that writes.

use super::{OrganizationConfig, PROVIDER};
use crate::{
    component::{Realm, Unknown, UnknownReason},
    http::Http,
    manifest::tenant::Twilio,
    provider::{
        SharedMutate, SharedObserve, WriteError,
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
    let config = config(block, credentials, Purpose::Plan).await?;
    super::reader(http, &config).map_err(|error| Unknown::unusable(&error))
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
