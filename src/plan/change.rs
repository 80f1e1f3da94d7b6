//! `Plan` and `Change`: what is to be done, why, and what it would look like. Pure data; how it is found out is
//! [`super::diff`]'s and [`super::order`]'s business, how it looks is `render`'s.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::order::Graph;
use crate::{
    component::{
        Address, Capability, Class, Component, Digest, Environment, Observed, Realm, Reference, Rule, Step,
        Unknown, Value,
    },
    diagnostics::Location,
    manifest::{Name, policy::Policy},
};

/// Everything that would change, and everything that the decision depends on.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The project's id.
    pub project: String,
    /// Where the changes would be made.
    pub environment: Environment,
    /// The changes, ordered by address.
    pub changes: Vec<Change>,
    /// In which order they can be made.
    pub graph: Graph,
    /// How many components were compared and are as they should be.
    pub unchanged: usize,
    /// What could not be seen. The plan is complete if there is nothing here.
    pub gaps: Vec<Gap>,
    /// What a person should know beside the changes.
    pub warnings: Vec<Warning>,
    /// The policy in each tenant.
    pub policies: BTreeMap<Name, Policy>,
    /// How many components of each sort are owned and exist, for the guards that count shares.
    pub owned: BTreeMap<Group, usize>,
    /// What each component gives to others, as far as it is known.
    pub outputs: Outputs,
    /// Every component that should exist, changed or not, with its values as far as they are known.
    pub desired: BTreeMap<Address, Arc<Component>>,
}

/// What components give to others.
pub type Outputs = BTreeMap<Address, BTreeMap<String, Value>>;

/// Components that guards count together: per tenant, vendor tenant, component type and class.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// The tenant.
    pub tenant: Name,
    /// The vendor tenant.
    pub realm: Realm,
    /// The component type.
    pub component_type: String,
    /// Whether these are people.
    pub is_membership: bool,
}

/// Something that could not be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The component, or `None` where a whole listing failed.
    pub address: Option<Address>,
    /// The vendor tenant.
    pub realm: Realm,
    /// Why.
    pub unknown: Unknown,
}

/// Something that a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// A stable code that `concord explain` knows.
    pub code: &'static str,
    /// One sentence. People are named in it by `{}` in the order of `people`, so that a renderer can use pseudonyms.
    pub message: String,
    /// The e-mail addresses that the message is about.
    pub people: Vec<String>,
    /// Where in the manifests.
    pub location: Option<Location>,
    /// What to do.
    pub help: Option<String>,
}

/// What would be done to a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Made by API.
    Create,
    /// Changed by API.
    Update,
    /// Deleted by API.
    Delete,
    /// Taken over: marked, and changed where it differs.
    Adopt,
    /// A person has to do something.
    Manual,
    /// Nothing can be done, because of something else.
    Blocked,
    /// Differs, and nobody here can change it.
    Drift,
}

impl Action {
    /// The word that plans show.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Adopt => "adopt",
            Self::Manual => "manual",
            Self::Blocked => "blocked",
            Self::Drift => "drift",
        }
    }

    /// Whether it is carried out through an API.
    pub fn is_api(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Delete | Self::Adopt)
    }
}

/// Why a change is planned. For people; nothing decides by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It does not exist yet.
    Missing,
    /// The manifests changed since they were last applied.
    ManifestChanged,
    /// The manifests changed since they were last applied, and the object does not have what was applied then either.
    BothChanged,
    /// Somebody changed the object since it was last applied.
    ChangedElsewhere,
    /// It differs, and it is not recorded what was last applied.
    Differs,
    /// It was made before all of its values were known.
    Incomplete,
    /// Only what should happen when its manifest is gone changed.
    LifecycleChanged,
    /// The resource has a new name.
    Renamed(Address),
    /// It exists unmarked, and the manifest says `adopt`.
    Adopted,
    /// No manifest asks for it any more.
    NotInManifests,
    /// No manifest asks for it any more; the object stays, without the marker.
    Forgotten,
    /// The step was never attested.
    NotAttested,
    /// The step was attested with other values.
    AttestationOutdated {
        /// Who attested it.
        by: String,
        /// When.
        at: String,
    },
    /// The step was attested, and a probe sees something else.
    ProbeContradicts,
    /// Only some output that the step gives is missing: it has to be written down.
    OutputMissing(String),
    /// It waits for a value or a component that is not settled.
    WaitsFor(Vec<Address>),
    /// It could not be seen.
    Unknown(Unknown),
    /// Something that it depends on is blocked.
    Upstream(Address),
    /// An object with its natural key exists, and nobody marked it.
    Unadopted,
    /// An object with its natural key belongs to somebody else.
    Foreign(String),
    /// Several objects carry its marker.
    Ambiguous(Vec<String>),
    /// It differs from what is wanted, and only somebody else can change it.
    Observed,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("does not exist yet"),
            Self::ManifestChanged => f.write_str("you changed the manifests"),
            Self::BothChanged => {
                f.write_str("you changed the manifests, and the object is no longer as it was applied")
            }
            Self::ChangedElsewhere => f.write_str("somebody else changed it since the last apply"),
            Self::Differs => f.write_str("differs from the manifests"),
            Self::Incomplete => f.write_str("was made before all of its values were known"),
            Self::LifecycleChanged => f.write_str("its lifecycle changed"),
            Self::Renamed(former) => write!(f, "renamed from {former}"),
            Self::Adopted => f.write_str("exists unmarked, the manifest says `adopt: true`"),
            Self::NotInManifests => f.write_str("no manifest asks for it any more"),
            Self::Forgotten => {
                f.write_str("no manifest asks for it any more; the object stays, only the marker goes")
            }
            Self::NotAttested => f.write_str("not done yet"),
            Self::AttestationOutdated { by, at } => {
                write!(f, "attested by {by} on {at} with other values")
            }
            Self::ProbeContradicts => {
                f.write_str("attested, but a probe sees other values; the probe counts")
            }
            Self::OutputMissing(output) => write!(f, "{output} is not known yet"),
            Self::WaitsFor(addresses) => {
                f.write_str("waits for ")?;
                for (at, address) in addresses.iter().enumerate() {
                    write!(f, "{}{address}", if at == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::Unknown(unknown) => write!(f, "could not be seen: {}", unknown.message),
            Self::Upstream(address) => write!(f, "depends on {address}, which is blocked"),
            Self::Unadopted => f.write_str("an object of this name exists and is not marked as Concord's"),
            Self::Foreign(marker) => write!(f, "an object of this name belongs to somebody else ({marker})"),
            Self::Ambiguous(ids) => write!(f, "several objects carry its marker: {}", ids.join(", ")),
            Self::Observed => f.write_str("differs, and Concord does not write it"),
        }
    }
}

/// How much can go wrong for people who sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Risk {
    /// Nobody notices.
    Low,
    /// Sign-in changes for some, or something is made that people will use.
    Medium,
    /// Somebody may no longer be able to sign in.
    High,
}

impl Risk {
    /// The word that plans show.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// One component's change.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The component.
    pub address: Address,
    /// Where it is.
    pub realm: Realm,
    /// What it is for a person.
    pub title: String,
    /// Why it exists.
    pub class: Class,
    /// What would be done.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// How much can go wrong.
    pub risk: Risk,
    /// The fields that would change.
    pub fields: Vec<FieldChange>,
    /// How many settings of the object Concord does not manage and keeps.
    pub kept: usize,
    /// Where the manifests ask for it; `None` for deletions.
    pub source: Option<Location>,
    /// Manual steps that have to be done before this change can be made.
    pub waits_for: Vec<Address>,
    /// What it should be; `None` for deletions.
    pub desired: Option<Arc<Component>>,
    /// What it is; `None` where it does not exist.
    pub observed: Option<Arc<Observed>>,
    /// The step that removes what an earlier one made; only where no manifest asks for it any more.
    pub removal: Option<Step>,
    /// The digest that an attestation of the step needs; `None` while an input is pending and for what is no step.
    pub digest: Option<Digest>,
}

/// One field's change.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// The field's path.
    pub path: String,
    /// How it is written and read.
    pub capability: Capability,
    /// How it is compared.
    pub rule: Rule,
    /// What it is; `None` where that is not known.
    pub before: Option<Value>,
    /// What it should be; pending where that is not known yet.
    pub after: Value,
}

impl FieldChange {
    /// The outputs that the new value waits for.
    pub fn pending(&self) -> Vec<&Reference> {
        self.after.references()
    }
}

/// How many changes there are of each sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Objects that would be made.
    pub create: usize,
    /// Objects that would be changed.
    pub update: usize,
    /// Objects that would be deleted.
    pub delete: usize,
    /// Objects that would be taken over.
    pub adopt: usize,
    /// Steps for a person.
    pub manual: usize,
    /// Objects that nothing can be done about because of something else.
    pub blocked: usize,
    /// Objects that differ and that Concord does not write.
    pub drift: usize,
    /// Components that are as they should be.
    pub unchanged: usize,
}

impl Plan {
    /// How many changes there are of each sort.
    pub fn summary(&self) -> Summary {
        let count = |action| self.changes.iter().filter(|change| change.action == action).count();
        Summary {
            create: count(Action::Create),
            update: count(Action::Update),
            delete: count(Action::Delete),
            adopt: count(Action::Adopt),
            manual: count(Action::Manual),
            blocked: count(Action::Blocked),
            drift: count(Action::Drift),
            unchanged: self.unchanged,
        }
    }

    /// Whether everything could be seen.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }

    /// Whether an API change is planned that does not wait for a manual step.
    pub fn has_api_changes(&self) -> bool {
        self.changes.iter().any(|change| change.action.is_api() && change.waits_for.is_empty())
    }

    /// Whether a person has to do something, or something waits for that.
    pub fn has_manual_steps(&self) -> bool {
        self.changes.iter().any(|change| {
            change.action == Action::Manual || (change.action.is_api() && !change.waits_for.is_empty())
        })
    }

    /// Whether there is nothing to do: no change, by API or by hand. Drift that Concord does not write is nothing to do here.
    pub fn is_settled(&self) -> bool {
        !self
            .changes
            .iter()
            .any(|change| change.action.is_api() || matches!(change.action, Action::Manual | Action::Blocked))
    }

    /// The other components of a component's resource in the same vendor tenant.
    pub fn siblings<'a>(&'a self, component: &'a Component) -> impl Iterator<Item = &'a Arc<Component>> {
        self.desired.values().filter(move |other| {
            other.address != component.address
                && other.realm == component.realm
                && other.address.tenant == component.address.tenant
                && other.address.kind == component.address.kind
                && other.address.name == component.address.name
        })
    }

    /// Of steps that something waits for, those that no other one of them waits for itself: the rest goes without saying.
    pub fn nearest<'a>(&self, waits: impl IntoIterator<Item = &'a Address>) -> Vec<&'a Address> {
        let waits: Vec<&Address> = waits.into_iter().collect();
        let implied: BTreeSet<&Address> = waits
            .iter()
            .filter_map(|address| self.change(address))
            .flat_map(|change| &change.waits_for)
            .collect();
        waits.into_iter().filter(|address| !implied.contains(*address)).collect()
    }

    /// The change of a component, drift apart.
    pub fn change(&self, address: &Address) -> Option<&Change> {
        self.changes.iter().find(|change| change.address == *address && change.action != Action::Drift)
    }
}
