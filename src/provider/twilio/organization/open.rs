//! How the `twilio.organization` block of a Tenant becomes a provider: which OAuth app, read from where.

use std::sync::Arc;

use super::{OrganizationConfig, PROVIDER};
use crate::{
    component::{Realm, Unknown, UnknownReason},
    http::Http,
    manifest::tenant::{Twilio, TwilioOrganization},
    provider::{
        SharedMutate, SharedObserve, WriteError,
        credentials::{Credentials, Purpose},
    },
};

/// The organization as a realm.
pub fn realm(organization: &TwilioOrganization) -> Realm {
    super::realm(&organization.sid)
}

/// Opens the tenant's organization for reading.
///
/// # Errors
/// There is no organization or no usable credential, or its address cannot be used: nothing in it is known then.
pub async fn reader(
    twilio: &Twilio,
    http: &Http,
    credentials: &Credentials,
) -> Result<SharedObserve, Unknown> {
    let config = config(twilio, credentials, Purpose::Plan).await?;
    let reader = super::reader(http, &config).map_err(|error| Unknown {
        reason: UnknownReason::Unexpected,
        message: error.to_string(),
        help: miette::Diagnostic::help(&error).map(|help| help.to_string()),
    })?;
    Ok(Arc::clone(&reader))
}

/// Opens the tenant's organization for writing, by `apply` where it names an OAuth app of its own.
///
/// # Errors
/// There is no credential to write with, or the address cannot be used.
pub async fn writer(
    twilio: &Twilio,
    http: &Http,
    credentials: &Credentials,
) -> Result<SharedMutate, WriteError> {
    let config = config(twilio, credentials, Purpose::Apply).await.map_err(|unknown| {
        let sid = twilio.organization.as_ref().map(|organization| organization.sid.as_str());
        WriteError::NoCredential {
            realm: Realm::new(PROVIDER, sid.unwrap_or_default()),
            message: unknown.message,
        }
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
