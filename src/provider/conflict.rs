//! What a write looks at before it changes anything: whose the object is, and whether somebody changed since the plan what it is about to
//! change.

use super::WriteError;
use crate::component::{Address, Component, Marker, Observed, Value};

/// That an object is not what the plan saw.
pub(super) fn conflict(what: impl Into<String>) -> WriteError {
    WriteError::Conflict { what: what.into() }
}

/// Refuses where a value that is about to change is neither what the plan saw nor already what is wanted.
///
/// # Errors
/// [`WriteError::Conflict`].
pub(crate) fn check_unchanged(
    component: &Component,
    planned: &Observed,
    now: &Observed,
    changed: &[String],
) -> Result<(), WriteError> {
    let nothing = Value::Null;
    let differs = component.fields.iter().filter(|it| changed.contains(&it.path)).any(|it| {
        let at = |observed: &Observed| observed.fields.get(&it.path).unwrap_or(&nothing).clone();
        let seen = at(now);
        !it.rule.is_same(&seen, &at(planned)) && !it.rule.is_same(&seen, &it.value)
    });
    if differs { Err(conflict(&component.title)) } else { Ok(()) }
}

/// Whether a marker that stands on an object lets this component write to it: its own, its former one, or none.
pub(crate) fn may_write(component: &Component, marker: Option<&str>) -> bool {
    let of = |address: &Address| {
        Marker { project: component.marker.project.clone(), address: address.clone() }.to_string()
    };
    marker.is_none_or(|marker| {
        marker == component.marker.to_string()
            || component.formerly.as_ref().is_some_and(|it| of(it) == marker)
    })
}
