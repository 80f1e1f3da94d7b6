//! Twilio Flex with enhanced SSO (`product: flex`).
//!
//! Twilio publishes no API that writes a Flex SSO profile, and only two reads: the list of an account's connections, and the redirect
//! that starts a login, whose AuthnRequest tells entity ID, ACS URL and the identity provider's SSO URL. So a profile is a few
//! manual steps, closed by attestation and checked by probe; Flex users alone are managed.
//!
//! | file | owns |
//! | --- | --- |
//! | `lower` | manifests to components, and what Flex offers to the identity provider |
//! | `legacy` | the older SSO (`product: flex-legacy`): its migration |
//! | `steps` | the wording of the manual steps |
//! | `probe` | the two unauthenticated reads of the services host |
//! | `observe` | which connection is whose, and what is known of each component |
//! | `configuration` | the Flex instance |
//! | `check` | what manifests ask for and Flex cannot do |
//! | `users` | Flex users: listing, provisioning, deprovisioning |
//! | `codes` | the codes of `check` |
//!
//! # Caveats
//! The services host's answers are documented in part only (`docs/flex/admin-guide/setup/sso-configuration/self-hosted-sso` and the
//! Flex SDK). What is not understood is unknown, never guessed.

mod check;
mod codes;
mod configuration;
mod legacy;
mod lower;
mod observe;
pub mod open;
mod probe;
mod steps;
mod users;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use secrecy::SecretString;

pub use codes::CODES;
pub use configuration::{Configuration, configuration, instance};
pub use legacy::{FlexLegacyProduct, legacy_acs_url, legacy_entity_id};
pub use lower::{FlexProduct, acs_url, entity_id, is_connection, login_url};
pub use probe::{Authorization, Connection, Lead, Services};
pub use steps::removal_step;
pub use users::{FlexUser, list_users, no_api_key};

use crate::{
    component::{Realm, Unknown},
    http::{Auth, CommonShape, ErrorShape, Http, HttpError, Origin, OriginConfig, RateLimitPolicy},
    manifest::{
        sso_profile::Product,
        tenant::{DEFAULT_REGION, TwilioEndpoints},
    },
    provider::{Mutate, Observe},
};

/// The provider's name in realms and plans.
pub const PROVIDER: &str = "twilio-flex";

/// The component of a profile that gives its connection and its client ID to others.
pub fn connection_component(product: Product) -> &'static str {
    if product == Product::FlexLegacy { legacy::MIGRATION } else { lower::TRUST }
}

/// What the provider needs to know of a tenant.
#[derive(Debug, Clone)]
pub struct FlexConfig {
    /// The account, `AC` and 32 hexadecimal digits.
    pub account_sid: String,
    /// The Flex instance, `GO` and 32 hexadecimal digits; Flex users cannot be seen without it.
    pub flex_instance: Option<String>,
    /// The region, part of the login host: `us1`.
    pub region: String,
    /// Base URLs instead of Twilio's own.
    pub endpoints: TwilioEndpoints,
    /// API key SID and secret, or why there is none: what needs them is unknown for that reason.
    pub api_key: Result<(String, SecretString), Unknown>,
}

impl FlexConfig {
    /// The account as a realm.
    pub fn realm(&self) -> Realm {
        Realm::new(PROVIDER, &self.account_sid)
    }
}

/// Opens an account for reading.
///
/// # Errors
/// An endpoint that is not https, or not a usable base URL.
pub fn reader(http: &Http, config: &FlexConfig) -> Result<Arc<dyn Observe>, HttpError> {
    Ok(Arc::new(observe::Reader::new(http, config)?))
}

/// Opens an account for writing, with the API key that writes.
///
/// # Errors
/// An endpoint that is not https, or not a usable base URL.
pub fn writer(http: &Http, config: &FlexConfig) -> Result<Arc<dyn Mutate>, HttpError> {
    Ok(Arc::new(users::Writer::new(http, config)?))
}

/// Twilio names each request in a header of its own; the rest is the common shape.
static ERRORS: CommonShape = CommonShape { request_id: &["twilio-request-id", "x-request-id"] };

/// The Flex API, authenticated; without an API key, why there is none.
fn flex_api(http: &Http, config: &FlexConfig) -> Result<Result<Origin, Unknown>, HttpError> {
    let (user, secret) = match &config.api_key {
        Ok(key) => key,
        Err(unknown) => return Ok(Err(unknown.clone())),
    };
    let base = config.endpoints.flex_api.clone().unwrap_or_else(|| base_url("https://flex-api.twilio.com"));
    let origin = http.origin(OriginConfig {
        base,
        auth: Auth::Basic { user: user.clone(), secret: secret.clone() },
        limits: RateLimitPolicy::RETRY_AFTER,
        errors: &ERRORS as &dyn ErrorShape,
        concurrency: 4,
        vendor: "Twilio Flex",
    })?;
    Ok(Ok(origin))
}

fn base_url(text: &'static str) -> url::Url {
    url::Url::parse(text).expect("a constant URL")
}
