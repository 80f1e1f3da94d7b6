//! The Twilio organization: its managed users by SCIM 2.0, and their roles by IAM v2. The Console product stands on it.
//!
//! | question | file |
//! | --- | --- |
//! | how credentials of a Tenant become a provider | `open` |
//! | what SCIM and IAM send and take | `wire` |
//! | how they are called | `client` |
//! | what a refusal means, and where to grant what is missing | `failure` |
//! | which roles there are, and how they are named in manifests | `roles` |
//! | what is read once, in bulk | `listing` |
//! | who is there | `population` |
//! | which components a person becomes | `lower` |
//! | what exists | `observe` |
//! | how it is changed | `write` |
//!
//! # Guarantees
//! - Users are read by one call, roles by one page, role assignments by the pages of those scopes alone that manifests name.
//! - Nobody is deleted: who is to go is deactivated. The owner, and whoever the manifests keep as a break-glass administrator, are never
//!   changed.
//! - Of a person's roles only those within the vocabulary are compared and changed: the pairs of role and scope that the manifests
//!   name.
//! - Credentials go to the two hosts of the organization's APIs alone: the token of the next page is taken out of its link, and the
//!   link is not followed.
//!
//! # Caveats
//! Neither users nor role assignments have a place for an ownership marker. A user is known by the e-mail address, and a user who exists
//! already is simply that user. SCIM tells neither who is the owner (that is a role) nor who is suspended (Twilio refuses the change).

mod client;
mod failure;
mod listing;
mod lower;
mod observe;
pub mod open;
mod population;
mod roles;
mod wire;
mod write;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use secrecy::SecretString;

pub use client::Api;
pub use lower::{lower_removed, lower_roles, lower_user};
pub use roles::{Grant, Vocabulary};

use crate::{
    component::Realm,
    http::{Http, HttpError},
    manifest::tenant::TwilioEndpoints,
    provider::{Mutate, Observe},
};

/// The provider's name in realms and plans.
pub const PROVIDER: &str = "twilio-organization";

/// Where a person grants an OAuth app what it may do.
pub const GRANT_PLACE: &str =
    "Twilio Console > Admin > Organization settings > Organization API access > the OAuth app";

/// The types of the components that this provider reads and writes by API.
pub mod kind {
    /// A managed user; the key is the e-mail address.
    pub const USER: &str = "organization.user";
    /// One person's roles, as far as the manifests name them; the key is the e-mail address.
    pub const ROLES: &str = "organization.roles";
}

/// The paths of the components' fields.
pub mod field {
    /// The user name, which is the primary e-mail address.
    pub const USER_NAME: &str = "userName";
    /// The full name.
    pub const DISPLAY_NAME: &str = "displayName";
    /// The first name.
    pub const GIVEN_NAME: &str = "givenName";
    /// The last name.
    pub const FAMILY_NAME: &str = "familyName";
    /// Whether the person can sign in.
    pub const ACTIVE: &str = "active";
    /// The role assignments within the vocabulary, each `Role Name@scope`.
    pub const ROLES: &str = "roles";
    /// The role assignments that the manifests name at all, for anybody; it is not compared.
    pub const VOCABULARY: &str = "vocabulary";
}

/// The name of the output that gives a person's user SID, of both component types.
pub const USER_SID: &str = "userSid";

/// What the provider needs to know of a tenant.
#[derive(Debug, Clone)]
pub struct OrganizationConfig {
    /// The organization, `OR` and 32 hexadecimal digits.
    pub sid: String,
    /// Base URLs instead of Twilio's own.
    pub endpoints: TwilioEndpoints,
    /// The OAuth app's client ID.
    pub client_id: String,
    /// The OAuth app's client secret.
    pub client_secret: SecretString,
}

impl OrganizationConfig {
    /// The organization as a realm.
    pub fn realm(&self) -> Realm {
        realm(&self.sid)
    }
}

/// An organization as a realm.
pub fn realm(sid: &str) -> Realm {
    Realm::new(PROVIDER, sid)
}

/// Opens an organization for reading. Sends nothing yet.
///
/// # Errors
/// An endpoint that is not https, or not a usable base URL.
pub fn reader(http: &Http, config: &OrganizationConfig) -> Result<Arc<dyn Observe>, HttpError> {
    Ok(Arc::new(observe::Reader::new(http, config)?))
}

/// Opens an organization for writing, with the OAuth app that writes. Sends nothing yet.
///
/// # Errors
/// An endpoint that is not https, or not a usable base URL.
pub fn writer(http: &Http, config: &OrganizationConfig) -> Result<Arc<dyn Mutate>, HttpError> {
    Ok(Arc::new(write::Writer::new(http, config)?))
}
