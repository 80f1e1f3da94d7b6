//! Which remote object is a component's, and whose it is, where objects carry a marker. Pure.

use crate::component::{Component, Marker, Ownership};

/// Which object is a component's: by its marker, by its former marker, by its natural key.
pub(super) fn claim<'a, T>(
    objects: &'a [T],
    component: &Component,
    marker_of: impl Fn(&T) -> Option<String>,
    id_of: impl Fn(&T) -> &str,
    is_named: impl Fn(&T) -> bool,
) -> Option<(&'a T, Ownership)> {
    let several = |found: &[&T]| Ownership::Ambiguous(found.iter().map(|it| id_of(it).to_owned()).collect());
    let marked = |marker: &str| -> Vec<&T> {
        objects.iter().filter(|it| marker_of(it).as_deref() == Some(marker)).collect()
    };
    let found = marked(&component.marker.to_string());
    if let Some(first) = found.first() {
        return Some((first, if found.len() == 1 { Ownership::Ours } else { several(&found) }));
    }
    if let Some(former) = &component.formerly {
        let marker = Marker { project: component.marker.project.clone(), address: former.clone() };
        let found = marked(&marker.to_string());
        if let Some(first) = found.first() {
            let ownership =
                if found.len() == 1 { Ownership::Renamed(former.clone()) } else { several(&found) };
            return Some((first, ownership));
        }
    }
    let named: Vec<&T> = objects.iter().filter(|it| is_named(it)).collect();
    let unmarked: Vec<&T> = named.iter().copied().filter(|it| marker_of(it).is_none()).collect();
    match unmarked[..] {
        [only] => Some((only, Ownership::Unmarked)),
        [first, _, ..] if component.adopt => Some((first, several(&unmarked))),
        [first, ..] => Some((first, Ownership::Unmarked)),
        [] => {
            let first = named.first()?;
            Some((first, Ownership::Foreign(marker_of(first).unwrap_or_default())))
        }
    }
}
