//! Ownership rules that every vendor with markers shares: which remote object is a component's, what its marker lets a change do, and
//! what counts as a change by somebody else in between. Pure.

use crate::{
    component::{Address, AppliedNote, Component, Marker, Observed, Ownership, Value},
    provider::{Write, WriteError},
};

/// Which object is a component's: by its marker, by its former marker, by its natural key.
pub(crate) fn claim<'a, T>(
    objects: &'a [T],
    component: &Component,
    marker_of: impl Fn(&T) -> Option<String>,
    id_of: impl Fn(&T) -> String,
    is_named: impl Fn(&T) -> bool,
) -> Option<(&'a T, Ownership)> {
    let several = |found: &[&T]| Ownership::Ambiguous(found.iter().map(|it| id_of(it)).collect());
    let marked = |address: &Address| -> Vec<&T> {
        let marker = Marker { project: component.marker.project.clone(), address: address.clone() };
        let marker = marker.to_string();
        objects.iter().filter(|it| marker_of(it).as_deref() == Some(marker.as_str())).collect()
    };
    let owners = std::iter::once((&component.address, Ownership::Ours))
        .chain(component.formerly.as_ref().map(|former| (former, Ownership::Renamed(former.clone()))));
    for (address, ownership) in owners {
        let found = marked(address);
        if let Some(first) = found.first() {
            return Some((first, if found.len() == 1 { ownership } else { several(&found) }));
        }
    }
    let named: Vec<&T> = objects.iter().filter(|it| is_named(it)).collect();
    let unmarked: Vec<&T> = named.iter().copied().filter(|it| marker_of(it).is_none()).collect();
    match unmarked[..] {
        [] => {
            let first = named.first()?;
            Some((first, Ownership::Foreign(marker_of(first).unwrap_or_default())))
        }
        [first, _, ..] if component.adopt => Some((first, several(&unmarked))),
        [first, ..] => Some((first, Ownership::Unmarked)),
    }
}

/// A conflict about an object.
pub(crate) fn conflict(what: impl Into<String>) -> WriteError {
    WriteError::Conflict { what: what.into() }
}

/// Refuses where a value that is about to change is neither what the plan saw nor already what is wanted.
pub(crate) fn check_unchanged(
    component: &Component,
    planned: &Observed,
    now: &Observed,
    changed: &[String],
) -> Result<(), WriteError> {
    let differs = component.fields.iter().filter(|it| changed.contains(&it.path)).any(|it| {
        let at = |observed: &Observed| observed.fields.get(&it.path).cloned().unwrap_or(Value::Null);
        let seen = at(now);
        !it.rule.is_same(&seen, &at(planned)) && !it.rule.is_same(&seen, &it.value)
    });
    if differs { Err(conflict(&component.title)) } else { Ok(()) }
}

/// Whether a marker that stands on an object lets this component write to it: its own, its former one, or the one that the plan saw
/// and takes over. Without a marker an object is nobody's: it is taken over only where the plan saw it so and the manifest adopts it.
/// A marker that was there when the plan was made, and is gone, was removed by somebody, who meant it.
pub(crate) fn may_write(component: &Component, planned: &Observed, marker: Option<&str>) -> bool {
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
pub(crate) fn is_its_own(component: &Component, marker: &str) -> bool {
    marker == component.marker.to_string() || is_marked_as(component, component.formerly.as_ref(), marker)
}

fn is_marked_as(component: &Component, address: Option<&Address>, marker: &str) -> bool {
    let project = component.marker.project.clone();
    address.is_some_and(|address| Marker { project, address: address.clone() }.to_string() == marker)
}

/// The parts of a change that carry a component.
pub(crate) struct Change<'a> {
    /// What it should be.
    pub(crate) component: &'a Component,
    /// What to note beside the marker.
    pub(crate) note: &'a AppliedNote,
    /// What was planned on, and what differs; nothing for what is made anew.
    pub(crate) planned: Option<(&'a Observed, &'a [String])>,
}

impl<'a> Change<'a> {
    /// A change, or the removal that a write is instead.
    pub(crate) fn of(write: &Write<'a>) -> Result<Self, Removal<'a>> {
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
pub(crate) struct Removal<'a> {
    /// Whose.
    pub(crate) address: &'a Address,
    /// What the plan saw.
    pub(crate) observed: &'a Observed,
    /// Whether only the marker goes.
    pub(crate) keeps_object: bool,
}

/// What an object's marker says of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
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
    pub(crate) fn standing(&self, marker: Option<&str>, what: &str) -> Result<Standing, WriteError> {
        match marker.map(Marker::parse) {
            None => Ok(Standing::LetGo),
            Some(Some(marker)) if marker.address == *self.address => Ok(Standing::Ours),
            Some(_) => Err(conflict(what)),
        }
    }
}
