//! What somebody changed between plan and apply.

use super::WriteError;
use crate::component::{Component, Observed, Value};

/// That an object is not what the plan saw.
pub(super) fn conflict(what: impl Into<String>) -> WriteError {
    WriteError::Conflict { what: what.into() }
}

/// Refuses where a value that is about to change is neither what the plan saw nor already what is wanted.
pub(super) fn check_unchanged(
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
