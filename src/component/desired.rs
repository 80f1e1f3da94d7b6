//! `Component`: a remote object that should exist.

use std::{collections::BTreeMap, fmt};

use super::{Address, AppliedNote, Digest, Field, Marker, Requirement, Rule, Step, Value, WriteChannel};
use crate::{diagnostics::Location, manifest::Lifecycle};

/// One vendor tenant: what one provider instance reads and writes, for instance `auth0:nss.us.auth0.com`. Two of the
/// project's tenants on one vendor tenant share a realm, and so one observation and one merged write of shared objects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Realm {
    /// The provider: `auth0`, `twilio-flex`.
    pub provider: &'static str,
    /// The vendor tenant, account or organization.
    pub tenant: String,
}

impl Realm {
    /// A vendor tenant of a provider.
    pub fn new(provider: &'static str, tenant: impl Into<String>) -> Self {
        Self { provider, tenant: tenant.into() }
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.provider, self.tenant)
    }
}

/// Why a component exists: guards and plans treat changes by membership apart from changes by manifest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Class {
    /// An object that a manifest describes.
    #[default]
    Object,
    /// One person's part in an enablement.
    Membership,
}

/// A remote object that should exist.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// What it is called here.
    pub address: Address,
    /// What it was called before (`metadata.formerly`).
    pub formerly: Option<Address>,
    /// The vendor tenant that it is in.
    pub realm: Realm,
    /// What it is for a person: "Auth0 application `Twilio Flex - NSS`".
    pub title: String,
    /// What identifies it to the vendor's people where no marker does: an application's name, an e-mail address.
    pub natural_key: String,
    /// Whether an object with the natural key and no marker may be taken over.
    pub adopt: bool,
    /// What it should be like.
    pub fields: Vec<Field>,
    /// The components that must be complete before this one is touched, beside those that its values come from.
    pub needs: Vec<Address>,
    /// What has to hold before it is touched at all.
    pub requires: Vec<Requirement>,
    /// How changes to it are to be handled.
    pub lifecycle: Lifecycle,
    /// Where the manifests ask for it.
    pub origin: Location,
    /// The manual step that makes it, where no API does.
    pub step: Option<Step>,
    /// What an earlier attestation says that the step produced, so that a provider knows what to probe (a connection's ID).
    pub attested_outputs: BTreeMap<String, String>,
    /// Why it exists.
    pub class: Class,
    /// The ownership marker that it carries.
    pub marker: Marker,
}

impl Component {
    /// A component with nothing but what every one has; fields, needs and the rest are set by its provider.
    pub fn new(
        marker: Marker,
        realm: Realm,
        title: impl Into<String>,
        natural_key: impl Into<String>,
        origin: Location,
    ) -> Self {
        Self {
            address: marker.address.clone(),
            formerly: None,
            realm,
            title: title.into(),
            natural_key: natural_key.into(),
            adopt: false,
            fields: Vec::new(),
            needs: Vec::new(),
            requires: Vec::new(),
            lifecycle: Lifecycle::default(),
            origin,
            step: None,
            attested_outputs: BTreeMap::new(),
            class: Class::Object,
            marker,
        }
    }

    /// What to note beside the marker once the values are applied: a digest of the fields that are written by API.
    pub fn applied_note(&self) -> AppliedNote {
        AppliedNote {
            digest: self.digest_of(|field| Some(&field.value)),
            on_removal: self.lifecycle.on_removal,
            prevent_destroy: self.lifecycle.prevent_destroy,
        }
    }

    /// The digest, as notes have it, of some values of the fields that are written by API; what is not set counts as null.
    pub fn digest_of<'a>(&'a self, value: impl Fn(&'a Field) -> Option<&'a Value>) -> String {
        let values: serde_json::Map<_, _> = self
            .fields
            .iter()
            .filter(|field| field.capability.write() == WriteChannel::Api && field.rule != Rule::WriteOnly)
            .map(|field| {
                let value = value(field).unwrap_or(&Value::Null);
                (field.path.clone(), field.rule.normalise(value).to_canonical_json())
            })
            .collect();
        Digest::of(&values.into()).short().to_owned()
    }

    /// The field at a path.
    pub fn field(&self, path: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.path == path)
    }
}
