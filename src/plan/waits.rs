//! What cannot be done yet: because something that it depends on is blocked, or because a manual step comes first.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    change::{Action, Change, Reason},
    order::{Graph, Node, Phase},
};
use crate::component::Address;

/// Blocks what depends on something that is blocked.
pub(super) fn block(changes: &mut [Change]) {
    let mut blocked: BTreeSet<Address> = changes
        .iter()
        .filter(|change| change.action == Action::Blocked)
        .map(|change| change.address.clone())
        .collect();
    loop {
        let mut grew = false;
        for change in changes.iter_mut() {
            if !(change.action.is_api() || change.action == Action::Manual) {
                continue;
            }
            let Some(desired) = &change.desired else { continue };
            let upstream =
                desired
                    .needs
                    .iter()
                    .chain(desired.fields.iter().flat_map(|field| {
                        field.value.references().into_iter().map(|reference| &reference.from)
                    }))
                    .find(|address| blocked.contains(address));
            if let Some(upstream) = upstream {
                change.reason = Reason::Upstream(upstream.clone());
                change.action = Action::Blocked;
                blocked.insert(change.address.clone());
                grew = true;
            }
        }
        if !grew {
            return;
        }
    }
}

/// Says of every change on which manual steps it waits. A change that can begin now (an application with seeds) waits for nothing;
/// one that only has pending values left waits.
pub(super) fn wait(changes: &mut [Change], graph: &Graph) {
    let mut steps_before: BTreeMap<Node, BTreeSet<usize>> = BTreeMap::new();
    for node in graph.levels().into_iter().flatten() {
        let mut steps = BTreeSet::new();
        for before in &graph.before[&node] {
            if changes[before.change].action == Action::Manual {
                steps.insert(before.change);
            }
            steps.extend(steps_before.get(before).into_iter().flatten().copied());
        }
        steps_before.insert(node, steps);
    }
    let addresses: Vec<Address> = changes.iter().map(|change| change.address.clone()).collect();
    for (node, steps) in steps_before {
        let change = &mut changes[node.change];
        let has_work_now = change.action != Action::Update
            || change.fields.iter().any(|field| !field.after.is_pending())
            || matches!(change.reason, Reason::Renamed(_) | Reason::LifecycleChanged);
        let is_split = graph.before.contains_key(&Node { change: node.change, phase: Phase::Begin });
        let decides = match node.phase {
            Phase::Begin => has_work_now,
            // The completion decides only where the beginning has nothing to do.
            Phase::Complete => !is_split || !has_work_now,
        };
        if decides {
            change.waits_for = steps.into_iter().map(|index| addresses[index].clone()).collect();
        }
    }
}
