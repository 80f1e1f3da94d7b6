//! Metadata: what identity providers and service providers publish about themselves (saml-metadata-2.0).
//!
//! Owns the types and the choice among several entities. Reading is in `read`, writing in `write`. A metadata signature is
//! noticed, not verified: trust comes from where the file was fetched, or from pinned certificates.

mod nearest;
mod read;
mod write;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::certificate::{Certificate, CertificateError};
use super::names::{AttributeNameFormat, Binding, Identifier, NameIdFormat};
use super::xml::{Position, XmlError};

pub use nearest::Nearest;
pub use write::{write_idp_metadata, write_sp_metadata};

/// Why metadata cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum MetadataError {
    /// The XML is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Xml(#[from] XmlError),
    /// A key is not a certificate.
    #[error("a certificate in the metadata cannot be read ({at}): {source}")]
    Certificate {
        /// Where its element starts.
        at: Position,
        /// Why.
        source: CertificateError,
    },
    /// An `EntitiesDescriptor` without any entity.
    #[error("the metadata describes no entity")]
    NoEntity,
}

/// Why no single entity can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum SelectError {
    /// No entity has the role that is needed.
    #[error("the metadata describes no identity provider, only {entities}")]
    #[diagnostic(help("this looks like a service provider's metadata; download the identity provider's"))]
    NoIdentityProvider {
        /// Entity IDs that are there.
        entities: Nearest,
    },
    /// There are several and none was named, or several have the name.
    #[error("the metadata describes {} entities: {entities}", .entities.count())]
    #[diagnostic(help("name the entity ID that is meant"))]
    Several {
        /// Entity IDs to choose from.
        entities: Nearest,
    },
    /// The one that was named is not there.
    #[error("the metadata does not describe `{wanted}`; it has {entities}")]
    #[diagnostic(help("entity IDs are compared exactly: scheme, case and a final slash count"))]
    NotFound {
        /// The entity ID that was asked for.
        wanted: String,
        /// Entity IDs that are there.
        entities: Nearest,
    },
}

/// All entities of a metadata file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// At least one, in the order of the file, nested groups flattened.
    pub entities: Vec<Entity>,
    /// Whether the file as a whole carries a signature. It has not been verified.
    pub signed: bool,
}

/// One `EntityDescriptor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entity {
    /// The entity ID, exactly as published.
    pub entity_id: String,
    /// When this description ends; the earliest of its own and of the groups around it.
    pub valid_until: Option<Timestamp>,
    /// How long a copy may be kept. Months count 30 days and years 365: it is a hint for caches.
    pub cache_duration: Option<SignedDuration>,
    /// Its role as identity provider for SAML 2.0.
    pub idp: Option<IdpDescriptor>,
    /// Its role as service provider for SAML 2.0.
    pub sp: Option<SpDescriptor>,
    /// Who runs it.
    pub organization: Option<Organization>,
}

/// Who runs an entity, in English where there are several languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// `OrganizationName`.
    pub name: String,
    /// `OrganizationDisplayName`.
    pub display_name: String,
    /// `OrganizationURL`.
    pub url: String,
}

/// An `IDPSSODescriptor`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IdpDescriptor {
    /// Certificates of keys for signing (`use="signing"`, or no use), without repetitions, in order.
    pub signing_certificates: Vec<Certificate>,
    /// Certificates of keys for encryption (`use="encryption"`, or no use).
    pub encryption_certificates: Vec<Certificate>,
    /// Where requests go.
    pub single_sign_on: Vec<Endpoint>,
    /// Where logout goes.
    pub single_logout: Vec<Endpoint>,
    /// NameID formats it can send.
    pub name_id_formats: Vec<Identifier<NameIdFormat>>,
    /// Whether it wants requests to be signed. Twilio signs on request only.
    pub want_authn_requests_signed: bool,
    /// Attributes that it says it can send.
    pub attributes: Vec<AttributeDeclaration>,
}

impl IdpDescriptor {
    /// The SSO URL for a binding, exactly as published.
    pub fn sso_location(&self, binding: Binding) -> Option<&str> {
        self.single_sign_on
            .iter()
            .find(|endpoint| endpoint.binding == binding)
            .map(|endpoint| &*endpoint.location)
    }
}

impl IdpDescriptor {
    /// Where Twilio's products send people to sign in: they send their requests in a redirect's query (HTTP-Redirect), and most
    /// identity providers take that at the address for HTTP-POST as well, which is the second choice. Of several addresses for one
    /// binding the first counts.
    pub fn sign_on(&self) -> Option<(Binding, &str)> {
        [Binding::HttpRedirect, Binding::HttpPost]
            .into_iter()
            .find_map(|binding| Some((binding, self.sso_location(binding)?)))
    }
}

/// An address for a binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// How messages travel there.
    pub binding: Identifier<Binding>,
    /// The address, exactly as published: SAML compares destinations as text.
    pub location: String,
    /// Where answers go, if elsewhere.
    pub response_location: Option<String>,
}

/// An attribute that an IdP says it can send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AttributeDeclaration {
    /// Its name.
    pub name: String,
    /// How the name is to be read.
    pub name_format: Option<Identifier<AttributeNameFormat>>,
    /// A name for people.
    pub friendly_name: Option<String>,
}

/// An `SPSSODescriptor`, with the entity ID it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SpDescriptor {
    /// The service provider's entity ID.
    pub entity_id: String,
    /// Where responses go; the schema wants at least one.
    pub assertion_consumer_services: Vec<AssertionConsumerService>,
    /// Where logout goes.
    pub single_logout: Vec<Endpoint>,
    /// NameID formats it accepts.
    pub name_id_formats: Vec<Identifier<NameIdFormat>>,
    /// Whether it wants assertions to be signed.
    pub want_assertions_signed: bool,
    /// Whether it signs its requests.
    pub authn_requests_signed: bool,
    /// Certificates of its keys for signing.
    pub signing_certificates: Vec<Certificate>,
    /// Certificates of its keys for encryption.
    pub encryption_certificates: Vec<Certificate>,
    /// Name of the service that the attributes are for.
    pub service_name: Option<String>,
    /// Attributes that it asks for.
    pub requested_attributes: Vec<RequestedAttribute>,
}

impl SpDescriptor {
    /// The ACS that is used when a request names none: the default, else the first that is not marked otherwise, else the
    /// first (saml-metadata-2.0 section 2.2.3).
    pub fn default_acs(&self) -> Option<&AssertionConsumerService> {
        let all = &self.assertion_consumer_services;
        all.iter()
            .find(|acs| acs.is_default == Some(true))
            .or_else(|| all.iter().find(|acs| acs.is_default.is_none()))
            .or_else(|| all.first())
    }
}

/// Where responses go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AssertionConsumerService {
    /// Number by which a request may name it.
    pub index: u16,
    /// How responses travel there.
    pub binding: Identifier<Binding>,
    /// The address, exactly as published.
    pub location: String,
    /// Whether it is the default; saying nothing is not the same as `false`.
    pub is_default: Option<bool>,
}

/// An attribute that a service provider asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestedAttribute {
    /// Its name.
    pub name: String,
    /// How the name is to be read.
    pub name_format: Option<Identifier<AttributeNameFormat>>,
    /// A name for people.
    pub friendly_name: Option<String>,
    /// Whether it has to be sent.
    pub required: bool,
}

impl Metadata {
    /// Chooses an entity: the one with this entity ID, or without one, the only one there is.
    ///
    /// # Errors
    /// [`SelectError::NotFound`], or [`SelectError::Several`] where the choice is not clear, repeated entity IDs included.
    pub fn select(&self, entity_id: Option<&str>) -> Result<&Entity, SelectError> {
        choose(self.entities.iter().collect(), entity_id)
    }

    /// Chooses among the identity providers only: metadata of both roles is common (ADFS, Salesforce).
    ///
    /// # Errors
    /// As [`Metadata::select`], and [`SelectError::NoIdentityProvider`].
    pub fn select_idp(&self, entity_id: Option<&str>) -> Result<(&Entity, &IdpDescriptor), SelectError> {
        let candidates: Vec<&Entity> = self.entities.iter().filter(|entity| entity.idp.is_some()).collect();
        let none = || SelectError::NoIdentityProvider { entities: ids(self.entities.iter(), entity_id) };
        if candidates.is_empty() {
            return Err(none());
        }
        let entity = choose(candidates, entity_id)?;
        entity.idp.as_ref().map(|idp| (entity, idp)).ok_or_else(none)
    }
}

fn choose<'a>(candidates: Vec<&'a Entity>, wanted: Option<&str>) -> Result<&'a Entity, SelectError> {
    let matching: Vec<&Entity> = match wanted {
        Some(wanted) => candidates.iter().copied().filter(|entity| entity.entity_id == wanted).collect(),
        None => candidates.clone(),
    };
    match (matching.as_slice(), wanted) {
        ([only], _) => Ok(only),
        ([], Some(wanted)) => {
            let entities = ids(candidates.iter().copied(), Some(wanted));
            Err(SelectError::NotFound { wanted: wanted.to_owned(), entities })
        }
        (several, _) => Err(SelectError::Several { entities: ids(several.iter().copied(), wanted) }),
    }
}

fn ids<'a>(entities: impl Iterator<Item = &'a Entity>, wanted: Option<&str>) -> Nearest {
    let mut ids = Nearest::to(wanted);
    entities.for_each(|entity| ids.offer(&entity.entity_id));
    ids
}

#[cfg(test)]
mod tests;
