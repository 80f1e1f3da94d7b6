//! Salesforce as an identity provider: an organization's certificate and its switch as an identity provider, and for each profile an External
//! Client App with its SAML policies, or a Connected App that exists.
//!
//! | question | file |
//! | --- | --- |
//! | which components a profile needs | `lower` |
//! | what the application asserts, as formulas | `formulas` |
//! | which element a field is in, and back | `convert` |
//! | components as trees of elements | `xml` |
//! | listing and reading by SOAP | `soap` |
//! | the zip of a deploy | `package` |
//! | sending a deploy and waiting for its end | `deploy` |
//! | how the APIs are called | `client` |
//! | who is there | `population` |
//! | what exists | `observe` |
//! | how it is changed, and rehearsed | `write` |
//! | from the manifests' block to a client | `open` |
//!
//! # Guarantees
//! Whatever is written at one time is one deploy: all of it is saved or none.
//!
//! # Caveats
//! A certificate and the settings have no place for a marker and serve the whole organization, so they are never deleted; settings that are on
//! with another certificate are not taken over without `adopt`. Assignments of permission sets carry no marker either: an enablement
//! only adds them. Salesforce documents the lists of profiles and permission sets in an External Client App as IDs, and organizations
//! answer names: both are read, names are written.

mod client;
mod codes;
mod convert;
mod deploy;
mod formulas;
mod lower;
mod observe;
pub mod open;
mod package;
mod population;
mod soap;
mod write;
mod xml;

pub use client::{DEFAULT_API_VERSION, SalesforceAuth, SalesforceConfig, public_url};
pub use codes::CODES;
pub use lower::SalesforceVendor;

use crate::{
    component::{Address, Step},
    manifest::{Resource, attestation::AttestationSpec, tenant::TenantSpec},
};

/// The provider's name in realms.
pub const PROVIDER: &str = "salesforce";

/// The step that removes what an attested step had made, in an edition whose Metadata API does not serve SAML applications.
pub fn removal_step(
    address: &Address,
    attestation: &AttestationSpec,
    tenant: &Resource<TenantSpec>,
) -> Option<(crate::component::Realm, Step)> {
    let block = tenant.spec.salesforce.as_ref()?;
    let step =
        lower::removal_step(address.component_type(), attestation, &block.domain.to_ascii_lowercase())?;
    Some((open::realm(block), step))
}
