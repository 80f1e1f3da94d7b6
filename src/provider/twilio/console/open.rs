//! How an organization's Console is opened: nothing is needed but its name.

use super::{
    PROVIDER,
    observe::{Reader, Writer},
};
use crate::{
    component::{Realm, Unknown},
    http::Http,
    manifest::tenant::Twilio,
    provider::{SharedMutate, SharedObserve, WriteError, credentials::Credentials},
};

/// The Console as a realm: by the organization, or where the block names none, by the account.
pub fn realm(block: &Twilio) -> Option<Realm> {
    Some(Realm::new(PROVIDER, scope(block)?))
}

/// The SID in which manual steps are carried out: the organization's, else the account's.
pub(super) fn scope(block: &Twilio) -> Option<&str> {
    let organization = block.organization.as_ref().map(|organization| organization.sid.as_str());
    organization.or_else(|| block.account.as_ref().map(|account| account.sid.as_str()))
}

/// Opens the Console for looking. Needs no credential.
///
/// # Errors
/// The block names neither organization nor account.
pub async fn reader(
    block: &Twilio,
    http: &Http,
    _credentials: &Credentials,
) -> Result<SharedObserve, Unknown> {
    Ok(Reader::open(realm(block).unwrap_or_else(|| Realm::new(PROVIDER, "")), http))
}

/// Opens the Console for writing, which nobody can: it refuses everything.
///
/// # Errors
/// None.
pub async fn writer(
    block: &Twilio,
    _http: &Http,
    _credentials: &Credentials,
) -> Result<SharedMutate, WriteError> {
    Ok(Writer::open(realm(block).unwrap_or_else(|| Realm::new(PROVIDER, ""))))
}
