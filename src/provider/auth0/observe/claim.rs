//! Which remote object is a component's, and whose it is. Pure.

use super::super::{
    action as code, convert,
    lower::{field, kind},
    wire::{Action, User},
};
use super::present;
use crate::component::{
    Address, Component, Marker, Observation, Ownership, Unknown, UnknownReason, WriteChannel,
};
use crate::provider::owned::claim;

/// The Action that a binding's parent is.
pub(super) fn action_of<'a>(actions: &'a [Action], binding: &Component) -> Option<&'a Action> {
    let markers = action_markers(binding);
    actions
        .iter()
        .find(|action| code::header(&action.code).marker.is_some_and(|marker| markers.contains(&marker)))
}

/// The markers that the Action of a binding may carry.
pub(in super::super) fn action_markers(binding: &Component) -> Vec<String> {
    let marker_of = |address: &Address| {
        Marker { project: binding.marker.project.clone(), address: address.sibling(kind::ACTION) }.to_string()
    };
    std::iter::once(&binding.address).chain(&binding.formerly).map(marker_of).collect()
}

pub(super) fn claim_action<'a>(
    actions: &'a [Action],
    component: &Component,
) -> Option<(&'a Action, Ownership)> {
    let marker_of = |action: &Action| code::header(&action.code).marker;
    let is_named = |action: &Action| action.name == component.natural_key;
    claim(actions, component, marker_of, |action| action.id.clone(), is_named)
}

/// The one account that a person's component is about.
pub(super) fn pick<'a>(accounts: &[&'a User], component: &Component) -> Result<&'a User, Observation> {
    match accounts {
        [] => Err(nobody(component)),
        [only] => Ok(only),
        several => {
            let marker = component.marker.to_string();
            let mut marked =
                several.iter().filter(|user| user.mark().is_some_and(|mark| mark.marker == marker));
            match (marked.next(), marked.next()) {
                (Some(user), None) => Ok(user),
                _ => Err(Observation::Unknown(Unknown {
                    reason: UnknownReason::Unexpected,
                    message: format!(
                        "{} accounts of {} have the address {}",
                        several.len(),
                        component.realm,
                        component.natural_key
                    ),
                    help: Some(
                        "link or remove the other accounts: nobody can say which one is meant".to_owned(),
                    ),
                })),
            }
        }
    }
}

pub(super) fn nobody(component: &Component) -> Observation {
    Observation::Unknown(Unknown {
        reason: UnknownReason::Unexpected,
        message: format!("{} has no user {}", component.realm, component.natural_key),
        help: Some("users of an identity provider are never made by Concord: make the user there".to_owned()),
    })
}

/// Whether a person is enabled. Somebody who exists without any value of ours is simply not enabled yet.
pub(in super::super) fn enabled(user: &User, component: &Component) -> Observation {
    let observed = convert::user(user);
    let ownership = match user.mark() {
        Some(mark) if mark.marker == component.marker.to_string() => Ownership::Ours,
        Some(mark) => {
            // A person who moves from one enablement of the tenant to another stays enabled all the while.
            let ours = Marker::parse(&mark.marker).filter(|marker| {
                marker.project == component.marker.project
                    && marker.address.tenant == component.address.tenant
                    && marker.address.kind == component.address.kind
            });
            ours.map_or(Ownership::Foreign(mark.marker), |marker| Ownership::Renamed(marker.address))
        }
        None => {
            let flex = user.app_metadata.get("flex");
            let is_something_else = flex.is_some_and(|flex| !flex.is_object() && !flex.is_null());
            let has_a_value = component
                .fields
                .iter()
                .any(|it| it.path.starts_with(field::FLEX) && observed.fields.contains_key(&it.path));
            if !is_something_else && !has_a_value {
                return Observation::Absent;
            }
            Ownership::Unmarked
        }
    };
    present(observed, ownership)
}

/// Whether an observation needs no change.
pub(super) fn is_settled(component: &Component, observation: &Observation) -> bool {
    let Observation::Present(observed) = observation else { return false };
    observed.ownership == Ownership::Ours
        && component.fields.iter().all(|it| {
            it.capability.write() != WriteChannel::Api
                || observed.fields.get(&it.path).is_some_and(|seen| it.rule.is_same(&it.value, seen))
        })
}
