//! SendGrid as a product: SSO integrations, their certificates and SSO teammates, all by API.
//!
//! | question | file |
//! | --- | --- |
//! | which components a profile needs, and in which order | `lower` |
//! | what roles mean | `access` |
//! | what the API sends | `wire` |
//! | how it is called | `client` |
//! | whose an integration is | `claim` |
//! | how a remote object becomes an observation | `convert` |
//! | what exists | `observe` |
//! | how it is changed | `write` |
//! | how the account is opened | `open` |
//!
//! # Order
//! The identity provider's application is made with seeds, the integration switched off with the application's real values, the
//! application completed with the integration's audience and URL, the certificates added, the integration switched on. The switch is a
//! component of its own, so that nothing switches it on before.
//!
//! # Ownership
//! Nothing here has a place for a marker, and a name that carried one would be what people see. An integration is known by what it is
//! for:
//! - one that the profile pins by its ID (`connection`) is ours, whatever it is called;
//! - one that has our name and leads to our application (sign-in URL or issuer) is ours: that is what we made, and what a second run or a
//!   look after a lost answer finds;
//! - one that leads to our application by both and has another name is ours too where that sign-in URL is the profile's own application's
//!   and nobody else's, so that a new `friendlyName` is a change and no second integration;
//! - one that only has our name is somebody else's until the profile says `connection: ID` or `application: {adopt: true}`.
//!
//! Certificates belong to their integration: all of them are as the manifests say. An integration goes by a tombstone, `sendgrid:
//! {remove: [ID or name]}` in the Tenant, never because its manifest is gone. SSO teammates are known by their address, are deleted by
//! `remove` in an enablement only, and are reported when nothing selects them any more. The owner, break-glass administrators
//! and teammates with a password are never written.
//!
//! # Cost
//! One call for all integrations, one for the certificates of each integration of ours, one for 500 teammates; scopes and subusers are not
//! in a list, so they cost one call for each teammate whose role is scopes, or subusers.
//!
//! # Caveats
//! Whether a certificate is switched on is written and, by the documentation, not answered: where it is answered it counts. A persona
//! cannot be read, see `sendgrid-persona`.

mod access;
mod claim;
mod client;
mod codes;
mod convert;
mod lower;
mod observe;
pub mod open;
mod wire;
mod write;

use secrecy::SecretString;
use url::Url;

pub use codes::CODES;
pub use lower::SendGridProduct;
pub use observe::{reader, writer};

use crate::{component::Realm, manifest::Name};

/// The provider's name in realms.
pub const PROVIDER: &str = "sendgrid";

/// How to reach an account, and what to remove from it.
#[derive(Debug, Clone)]
pub struct SendGridConfig {
    /// The account.
    pub realm: Realm,
    /// The API's base URL.
    pub base: Url,
    /// The key, sent as a bearer token.
    pub api_key: SecretString,
    /// The tenant that the account is described in.
    pub tenant: Name,
    /// Integrations to delete, by ID or name.
    pub remove: Vec<String>,
}
