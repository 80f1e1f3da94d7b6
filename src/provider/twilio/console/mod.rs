//! Single sign-on to the Twilio Console: self-service SSO of an organization (`product: console`), and the older one that is set up by
//! support ticket (`product: console-legacy`).
//!
//! Twilio publishes no API for either, nor for an organization's e-mail domains and for who has to use SSO: all of it is a person's
//! work, attested, except that the proof of a domain can be looked up in DNS. The people and their roles are the organization's
//! ([`super::organization`]), by API.
//!
//! | file | owns |
//! | --- | --- |
//! | `lower` | a self-service profile in its stages: made, trust entered, tested, enforced, exceptions; and its people |
//! | `steps` | the wording of these steps |
//! | `domain` | an e-mail domain: added, proven, verified |
//! | `observe` | the little that can be seen: the proof of a domain |
//! | `open` | how it is opened, without any credential |
//! | `review` | who would be locked out |
//! | `legacy` | the profile by support ticket, and its steps |
//! | `removal` | what is to be done once manifests are gone |
//! | `codes` | what manifests ask for and the Console cannot do |
//!
//! # Guarantees
//! The order is Twilio's: domains verified, people there, profile made, identity provider set up, trust entered, tested; only then is
//! anybody made to use it. Enforcement requires a test that was attested before, an administrator who needs no SSO, and that nobody of
//! the enforced domains is left out of the enablements.

mod codes;
mod domain;
mod legacy;
mod lower;
mod observe;
pub mod open;
mod removal;
mod review;
mod steps;

pub use codes::CODES;
pub use domain::lower_email_domain;
pub use legacy::ConsoleLegacyProduct;
pub use lower::{ConsoleProduct, entity_id};
pub use removal::removal_step;

use crate::{
    component::Realm,
    manifest::{Resource, tenant::TenantSpec},
};

use super::organization;

/// The provider's name in realms and plans.
pub const PROVIDER: &str = "twilio-console";

/// The tenant's Console, as a realm: what people make there by hand.
fn console_realm(tenant: &Resource<TenantSpec>) -> Option<Realm> {
    open::realm(tenant.spec.twilio.as_ref()?)
}

/// The tenant's organization, as a realm: its users and roles.
fn organization_realm(tenant: &Resource<TenantSpec>) -> Option<Realm> {
    Some(organization::realm(organization_sid(tenant)?))
}

/// The tenant's organization, `OR` and 32 hexadecimal digits.
fn organization_sid(tenant: &Resource<TenantSpec>) -> Option<&str> {
    Some(tenant.spec.twilio.as_ref()?.organization.as_ref()?.sid.as_str())
}
