//! How a SendGrid account is opened: from the `sendgrid` block of the manifests to a reader or a writer.

use url::Url;

use super::{PROVIDER, SendGridConfig};
use crate::{
    component::{Realm, Unknown},
    http::Http,
    manifest::{
        Resource, SecretRef,
        tenant::{SendGrid, SendGridRegion, TenantSpec},
    },
    provider::{
        SharedMutate, SharedObserve, WriteError,
        credentials::{Credentials, Purpose},
    },
};

/// The account as a realm. SendGrid's API has no name for an account but the key, so where the key comes from stands for it: two tenants
/// that refer to one key share the account.
pub fn realm(block: &SendGrid) -> Realm {
    let base = base(block);
    let key = match &block.api_key {
        SecretRef::Env(name) => name.clone(),
        SecretRef::File(path) => path.clone(),
        SecretRef::Command(words) => words.join(" "),
    };
    Realm::new(PROVIDER, format!("{}/{key}", base.host_str().unwrap_or_default()))
}

/// Whether the block says what to read with: it always does.
pub fn has_credentials(_block: &SendGrid) -> bool {
    true
}

/// Opens an account for reading.
///
/// # Errors
/// Why it cannot be read: nothing in it is known then.
pub async fn reader(
    tenant: &Resource<TenantSpec>,
    block: &SendGrid,
    http: &Http,
    credentials: &Credentials,
) -> Result<SharedObserve, Unknown> {
    let config = config(tenant, block, credentials, Purpose::Plan).await?;
    super::reader(http, &config).map_err(|error| Unknown::unusable(&error))
}

/// Opens an account for writing.
///
/// # Errors
/// There is no credential to write with, or its address cannot be used.
pub async fn writer(
    tenant: &Resource<TenantSpec>,
    block: &SendGrid,
    http: &Http,
    credentials: &Credentials,
) -> Result<SharedMutate, WriteError> {
    let config = config(tenant, block, credentials, Purpose::Apply)
        .await
        .map_err(|unknown| WriteError::no_credential(realm(block), unknown))?;
    Ok(super::writer(http, &config)?)
}

async fn config(
    tenant: &Resource<TenantSpec>,
    block: &SendGrid,
    credentials: &Credentials,
    purpose: Purpose,
) -> Result<SendGridConfig, Unknown> {
    let key = block.apply.as_ref().filter(|_| purpose == Purpose::Apply).unwrap_or(&block.api_key);
    let (_, api_key) =
        credentials.pair(Some(("key", key)), "the Tenant's `sendgrid` block names no `apiKey`").await?;
    Ok(SendGridConfig {
        realm: realm(block),
        base: base(block),
        api_key,
        tenant: tenant.metadata.name.clone(),
        remove: block.remove.clone(),
    })
}

/// The base URL: the endpoint, or the region's own.
fn base(block: &SendGrid) -> Url {
    let region = match block.region {
        SendGridRegion::Global => "https://api.sendgrid.com",
        SendGridRegion::Eu => "https://api.eu.sendgrid.com",
    };
    block.endpoint.clone().unwrap_or_else(|| Url::parse(region).expect("a constant that is a URL"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn region_and_key_tell_accounts_apart() {
        let of = |block: serde_json::Value| realm(&serde_json::from_value(block).unwrap()).to_string();
        assert_eq!(of(json!({"apiKey": {"env": "KEY"}})), "sendgrid:api.sendgrid.com/KEY");
        assert_eq!(of(json!({"apiKey": {"env": "KEY"}, "region": "eu"})), "sendgrid:api.eu.sendgrid.com/KEY");
        let endpoint = json!({"apiKey": {"file": "key"}, "endpoint": "http://127.0.0.1:4010"});
        assert_eq!(of(endpoint), "sendgrid:127.0.0.1/key");
    }
}
