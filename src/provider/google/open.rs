//! The credentials block of the manifests becomes a client: which customer it is, and as whom it is read and written.

use super::{PROVIDER, client::GoogleConfig, observe::Customer};
use crate::{
    component::{Realm, Unknown},
    http::Http,
    manifest::tenant::{Google, GoogleServiceAccount},
    provider::{
        SharedMutate, SharedObserve, WriteError,
        assertion::private_key,
        credentials::{Credentials, Purpose},
    },
};

/// The customer of whoever asks.
const MY_CUSTOMER: &str = "my_customer";

/// The customer: by its ID, or by the domain of the administrator where the manifests leave the ID out.
pub fn realm(block: &Google) -> Realm {
    match block.customer.as_deref().filter(|it| *it != MY_CUSTOMER) {
        Some(customer) => Realm::new(PROVIDER, customer),
        None => {
            let domain = block.subject.rsplit_once('@').map_or(block.subject.as_str(), |(_, domain)| domain);
            Realm::new(PROVIDER, domain.to_ascii_lowercase())
        }
    }
}

/// Whether the block says what to read with: it cannot be written without.
pub fn has_credentials(_block: &Google) -> bool {
    true
}

/// A provider that reads a customer. Sends nothing yet.
///
/// # Errors
/// There is no private key, or it cannot be used.
pub async fn reader(
    block: &Google,
    http: &Http,
    credentials: &Credentials,
) -> Result<SharedObserve, Unknown> {
    let config = config(block, credentials, Purpose::Plan).await?;
    let customer = Customer::new(http, realm(block), &config).map_err(|error| Unknown::unusable(&error))?;
    Ok(std::sync::Arc::new(customer))
}

/// A provider that writes to a customer. Sends nothing yet.
///
/// # Errors
/// As [`reader`].
pub async fn writer(
    block: &Google,
    http: &Http,
    credentials: &Credentials,
) -> Result<SharedMutate, WriteError> {
    let realm = realm(block);
    let config = config(block, credentials, Purpose::Apply)
        .await
        .map_err(|unknown| WriteError::no_credential(realm.clone(), unknown))?;
    Ok(std::sync::Arc::new(Customer::new(http, realm, &config)?))
}

async fn config(
    block: &Google,
    credentials: &Credentials,
    purpose: Purpose,
) -> Result<GoogleConfig, Unknown> {
    let writing = block.apply.as_ref().filter(|_| purpose == Purpose::Apply);
    let GoogleServiceAccount { service_account, private_key: reference, subject } =
        writing.cloned().unwrap_or_else(|| GoogleServiceAccount {
            service_account: block.service_account.clone(),
            private_key: block.private_key.clone(),
            subject: block.subject.clone(),
        });
    let pair = Some((service_account.as_str(), &reference));
    let (service_account, key) =
        private_key(credentials, pair, "the `google` block names no `privateKey`").await?;
    Ok(GoogleConfig {
        customer: block.customer.clone().unwrap_or_else(|| MY_CUSTOMER.to_owned()),
        service_account,
        subject,
        key,
        writes: purpose == Purpose::Apply,
        endpoint: block.endpoint.clone(),
        token_endpoint: block.token_endpoint.clone(),
    })
}
