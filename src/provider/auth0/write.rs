//! Changes in a tenant. Every change of an object that exists begins by reading it again: what is sent is what was read, with only
//! Concord's part changed, and what somebody else changed since the plan is a conflict.

mod action;
mod client;
mod flow;
mod user;

use async_trait::async_trait;
use serde_json::Value as Json;

use super::{lower::kind, observe::Tenant};
use crate::{
    component::{
        Address, AppliedNote, Component, Field, Marker, Observed, Ownership, Realm, Value, WriteChannel,
    },
    plan::Permit,
    provider::{
        Mutate, Write, WriteError, Written,
        owned::{check_unchanged, conflict},
    },
};

#[async_trait]
impl Mutate for Tenant {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    async fn write(&self, _permit: &Permit, write: Write<'_>) -> Result<Written, WriteError> {
        self.carry_out(write).await
    }
}

impl Tenant {
    async fn carry_out(&self, write: Write<'_>) -> Result<Written, WriteError> {
        let address = match &write {
            Write::Create { component, .. } | Write::Update { component, .. } => &component.address,
            Write::Delete { address, .. } | Write::Forget { address, .. } => address,
        };
        match address.component_type() {
            kind::CLIENT => self.write_client(&write).await,
            kind::ACTION => self.write_action(&write).await,
            kind::BINDING => self.write_binding(&write).await,
            kind::USER => self.write_user(&write).await,
            other => Err(WriteError::Refused {
                what: address.to_string(),
                message: format!("Concord does not write components of type {other}"),
                help: None,
            }),
        }
    }
}

fn written(observed: Observed) -> Written {
    Written::Present(Box::new(Observed { ownership: Ownership::Ours, ..observed }))
}

/// The fields that are written, with the value to write: the seed where a new object cannot have its value yet. What is pending
/// on an object that exists stays as it is.
fn values(component: &Component, is_new: bool) -> impl Iterator<Item = (&Field, Value)> {
    component.fields.iter().filter(|it| it.capability.write() == WriteChannel::Api).filter_map(move |it| {
        if !it.value.is_pending() {
            Some((it, it.value.clone()))
        } else if is_new {
            Some((it, it.seed.clone()?))
        } else {
            None
        }
    })
}

/// What should be, among the paths that differ.
fn is_changed(changed: &[String], path: &str) -> bool {
    changed.iter().any(|it| it == path)
}

/// Whether a marker that stands on an object lets this component write to it: its own, its former one, or the one that the plan saw
/// and takes over. Without a marker an object is nobody's: it is taken over only where the plan saw it so and the manifest adopts it.
/// A marker that was there when the plan was made, and is gone, was removed by somebody, who meant it.
fn may_write(component: &Component, planned: &Observed, marker: Option<&str>) -> bool {
    let taken_over = match &planned.ownership {
        Ownership::Renamed(address) => Some(address),
        _ => None,
    };
    match marker {
        None => component.adopt && planned.ownership == Ownership::Unmarked,
        Some(marker) => is_its_own(component, marker) || is_marked_as(component, taken_over, marker),
    }
}

/// Whether a marker is the component's own, or its former one.
fn is_its_own(component: &Component, marker: &str) -> bool {
    marker == component.marker.to_string() || is_marked_as(component, component.formerly.as_ref(), marker)
}

fn is_marked_as(component: &Component, address: Option<&Address>, marker: &str) -> bool {
    let project = component.marker.project.clone();
    address.is_some_and(|address| Marker { project, address: address.clone() }.to_string() == marker)
}

/// The parts of a change that carry a component.
struct Change<'a> {
    component: &'a Component,
    note: &'a AppliedNote,
    /// What was planned on, and what differs; nothing for what is made anew.
    planned: Option<(&'a Observed, &'a [String])>,
}

impl<'a> Change<'a> {
    fn of(write: &Write<'a>) -> Result<Self, Removal<'a>> {
        match write {
            Write::Create { component, note } => Ok(Self { component, note, planned: None }),
            Write::Update { component, observed, changed, note } => {
                Ok(Self { component, note, planned: Some((observed, changed)) })
            }
            Write::Delete { address, observed } => Err(Removal { address, observed, keeps_object: false }),
            Write::Forget { address, observed } => Err(Removal { address, observed, keeps_object: true }),
        }
    }
}

/// The parts of a change that ends Concord's ownership.
struct Removal<'a> {
    address: &'a Address,
    observed: &'a Observed,
    /// Whether only the marker goes.
    keeps_object: bool,
}

/// What an object's marker says of a removal.
enum Standing {
    /// It is the component's: the removal is still to be made.
    Ours,
    /// There is none: the removal was made before, its answer was lost, or somebody took the marker away. Nothing of ours is left.
    LetGo,
}

impl Removal<'_> {
    /// How an object stands that is to go, by its marker, whatever the project: the plan saw the project's.
    ///
    /// # Errors
    /// A conflict where it carries somebody else's marker.
    fn standing(&self, marker: Option<&str>, what: &str) -> Result<Standing, WriteError> {
        match marker.map(Marker::parse) {
            None => Ok(Standing::LetGo),
            Some(Some(marker)) if marker.address == *self.address => Ok(Standing::Ours),
            Some(_) => Err(conflict(what)),
        }
    }
}

/// A JSON object out of pairs.
fn object<const N: usize>(pairs: [(&str, Json); N]) -> super::wire::Object {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests;
