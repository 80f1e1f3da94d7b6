//! Any SAML 2.0 identity provider, by its metadata (`vendor: saml`): Keycloak, Entra ID, Shibboleth, SimpleSAMLphp. It has no API, so it
//! is read in public and written by its administrator.
//!
//! | component | of | what it is |
//! | --- | --- | --- |
//! | `saml.metadata` | the IdentityProvider | observed: what the metadata at the URL publish |
//! | `saml.trust` | the IdentityProvider | manual: that the certificates are the identity provider's own; checked by its output |
//! | `saml.application` | the profile | manual, attested: what the administrator enters for the service provider |
//! | `saml.people` | the enablement | manual, attested: who may sign in, with which roles |
//!
//! # Trust
//! - Metadata in a **file** are reviewed with the project: their values stand in the manifests before they come here
//!   (`flow::embed_metadata`).
//! - Metadata at a **URL** with certificates **pinned** in the manifests: the pinned ones are passed on, whatever the metadata publish;
//!   another certificate there is drift, and a reason to change the pins.
//! - Metadata at a **URL** without pins: a certificate is passed on once a person has confirmed its fingerprint, which they had by another
//!   way than the metadata (`saml.trust`). One that was never confirmed is a step for a person, with the old and the new one.
//!
//! Signatures of metadata are not verified: there is no key for them in the manifests.
//!
//! # Bindings
//! Twilio's products send their requests in a redirect's query, so the address for HTTP-Redirect is taken, and the one for HTTP-POST
//! where there is no other.

mod codes;
mod fetch;
mod lower;
mod observe;
mod steps;

pub use codes::CODES;
pub use fetch::{Entity, FetchError, entity};
pub use lower::SamlVendor;
pub use observe::reader;
pub use steps::removal_step;

use crate::{
    component::Realm,
    manifest::{Resource, identity_provider::IdentityProviderSpec},
};

/// The provider's name in realms.
pub const PROVIDER: &str = "saml";

/// The realm of an identity provider: it is nobody's tenant, so it is called as the manifests call it.
pub fn realm(provider: &Resource<IdentityProviderSpec>) -> Realm {
    Realm::new(PROVIDER, format!("{}/{}", provider.tenant, provider.name()))
}
