//! How an account is opened: from the `twilio` block of the manifests to a reader or a writer.

use super::{DEFAULT_REGION, FlexConfig, PROVIDER, no_api_key};
use crate::{
    component::{Realm, Unknown, UnknownReason},
    http::Http,
    manifest::{
        SecretRef,
        tenant::{Twilio, TwilioApiKey},
    },
    provider::{
        SharedMutate, SharedObserve, WriteError,
        credentials::{Credentials, Purpose},
    },
};

/// The account as a realm, by its SID; `None` where the block names none.
pub fn realm(block: &Twilio) -> Option<Realm> {
    Some(Realm::new(PROVIDER, &block.account.as_ref()?.sid))
}

/// Whether the block says what to read with.
pub fn has_credentials(block: &Twilio) -> bool {
    block.account.as_ref().is_some_and(|account| account.api_key.is_some())
}

/// Opens an account for reading.
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

/// Opens an account for writing.
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

/// The Flex provider reads the profile without a credential, so a missing one is its own business: it says of what it cannot read why.
async fn config(twilio: &Twilio, credentials: &Credentials, purpose: Purpose) -> Result<FlexConfig, Unknown> {
    let account = twilio.account.as_ref().ok_or_else(|| Unknown {
        reason: UnknownReason::NoCredential,
        message: "the Tenant's `twilio` block names no account".to_owned(),
        help: None,
    })?;
    let writing = account.apply.as_ref().filter(|_| purpose == Purpose::Apply);
    let key: Option<(&str, &SecretRef)> =
        writing.or(account.api_key.as_ref()).map(|TwilioApiKey { sid, secret }| (sid.as_str(), secret));
    let api_key = match key {
        None if !credentials.is_sandbox() => Err(no_api_key()),
        key => credentials.pair(key, "the Tenant's `twilio.account` block names no `apiKey`").await,
    };
    Ok(FlexConfig {
        account_sid: account.sid.clone(),
        flex_instance: twilio.flex_instance.clone(),
        region: twilio.region.clone().unwrap_or_else(|| DEFAULT_REGION.to_owned()),
        endpoints: twilio.endpoint.clone().unwrap_or_default(),
        api_key,
    })
}
