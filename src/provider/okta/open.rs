//! How an Okta organization is opened: from the `okta` block of the manifests to a reader or a writer.

use super::{OktaAuth, OktaConfig, PROVIDER, PrivateKey};
use crate::{
    component::{Realm, Unknown, UnknownReason},
    http::Http,
    manifest::tenant::{Okta, OktaCredentials, OktaServiceApp},
    provider::{
        SharedMutate, SharedObserve, WriteError,
        credentials::{Credentials, Purpose},
    },
};

/// The organization as a realm, by its domain.
pub fn realm(block: &Okta) -> Realm {
    Realm::new(PROVIDER, block.domain.to_ascii_lowercase())
}

/// Whether the block says what to read with.
pub fn has_credentials(block: &Okta) -> bool {
    block.token.is_some() || block.service_app.is_some()
}

/// Opens an organization for reading.
///
/// # Errors
/// Why it cannot be read: nothing in it is known then.
pub async fn reader(block: &Okta, http: &Http, credentials: &Credentials) -> Result<SharedObserve, Unknown> {
    let config = config(block, credentials, Purpose::Plan).await?;
    super::reader(http, &config).map_err(|error| Unknown::unusable(&error))
}

/// Opens an organization for writing.
///
/// # Errors
/// There is no credential to write with, or its address cannot be used.
pub async fn writer(
    block: &Okta,
    http: &Http,
    credentials: &Credentials,
) -> Result<SharedMutate, WriteError> {
    let config = config(block, credentials, Purpose::Apply)
        .await
        .map_err(|unknown| WriteError::no_credential(realm(block), unknown))?;
    Ok(super::writer(http, &config)?)
}

/// In the sandbox a token stands for either way to authenticate: there is no private key to sign with.
async fn config(block: &Okta, credentials: &Credentials, purpose: Purpose) -> Result<OktaConfig, Unknown> {
    let app = |app: &OktaServiceApp| OktaCredentials::ServiceApp(app.clone());
    let reading =
        block.token.clone().map(OktaCredentials::Token).or_else(|| block.service_app.as_ref().map(app));
    let given = block.apply.clone().filter(|_| purpose == Purpose::Apply).or(reading);
    let missing = "the Tenant's `okta` block names neither `token` nor `serviceApp`";
    let auth = match &given {
        Some(OktaCredentials::ServiceApp(app)) if !credentials.is_sandbox() => {
            let pair = Some((app.client_id.as_str(), &app.private_key));
            let (client_id, secret) = credentials.pair(pair, missing).await?;
            let key = PrivateKey::from_pem(&secret).map_err(|error| Unknown {
                reason: UnknownReason::NoCredential,
                message: format!("{} cannot be used: {error}", app.private_key),
                help: Some(
                    "give the service app's key as PKCS#8 PEM: `openssl pkcs8 -topk8 -nocrypt`".to_owned(),
                ),
            })?;
            let writes = purpose == Purpose::Apply;
            OktaAuth::ServiceApp { client_id, key, key_id: app.key_id.clone(), writes }
        }
        Some(
            OktaCredentials::Token(token)
            | OktaCredentials::ServiceApp(OktaServiceApp { private_key: token, .. }),
        ) => OktaAuth::Token(credentials.pair(Some(("token", token)), missing).await?.1),
        None => OktaAuth::Token(credentials.pair(None, missing).await?.1),
    };
    Ok(OktaConfig { domain: block.domain.clone(), endpoint: block.endpoint.clone(), auth })
}
