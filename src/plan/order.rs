//! In which order changes can be made: a graph out of references and explicit needs. Cycles are real (the application wants a URL
//! that exists only once the profile does, which wants the application's): a component with seed values is split into making it
//! and completing it, which breaks the cycle.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Action, Change};
use crate::component::{Address, Class};

/// One thing to do: an index into the plan's changes, and which part of that change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// The change's index.
    pub change: usize,
    /// The part.
    pub phase: Phase,
}

/// The parts of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Make the object with seeds, or write what is known.
    Begin,
    /// Write what was pending. A change without seeds has only this part.
    Complete,
}

/// What has to be done before what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    /// Each node with the nodes that have to be done before it.
    pub before: BTreeMap<Node, BTreeSet<Node>>,
}

/// Components wait for each other, and none of them has a seed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("these components wait for each other: {}", join(.0))]
#[diagnostic(
    code(dependency_cycle),
    help("this is a defect of the provider that describes them; please report it with the manifests")
)]
pub struct CycleError(pub Vec<Address>);

fn join(addresses: &[Address]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" -> ")
}

impl Graph {
    /// The graph of a plan's changes.
    ///
    /// # Errors
    /// A cycle that no seed breaks.
    pub fn of(changes: &[Change]) -> Result<Self, CycleError> {
        let active: Vec<usize> = (0..changes.len())
            .filter(|index| changes[*index].action.is_api() || changes[*index].action == Action::Manual)
            .collect();
        // An address can stand twice: an object that moves to another vendor tenant is made there and deleted here. What
        // depends on it means the one that should exist.
        let at: BTreeMap<&Address, usize> = active
            .iter()
            .filter(|index| changes[**index].desired.is_some())
            .map(|index| (&changes[*index].address, *index))
            .collect();
        let split: BTreeSet<usize> =
            active.iter().copied().filter(|index| is_split(&changes[*index])).collect();
        let first = |index: usize| Node {
            change: index,
            phase: if split.contains(&index) { Phase::Begin } else { Phase::Complete },
        };
        let complete = |index: usize| Node { change: index, phase: Phase::Complete };

        let mut graph = Self::default();
        for &index in &active {
            let change = &changes[index];
            let mut begin = BTreeSet::new();
            let mut end = BTreeSet::new();
            if let Some(desired) = &change.desired {
                for need in &desired.needs {
                    if let Some(&other) = at.get(need) {
                        begin.insert(complete(other));
                    }
                }
                for field in &desired.fields {
                    for reference in field.value.references() {
                        let Some(&other) = at.get(&reference.from) else { continue };
                        if field.seed.is_some() {
                            end.insert(first(other))
                        } else {
                            begin.insert(first(other))
                        };
                    }
                }
            } else {
                // An object that moves to another vendor tenant is there before it goes here.
                begin.extend(at.get(&change.address).copied().map(complete));
                // What gives people their freedom back goes before what they sign in with.
                if change.removal.as_ref().is_some_and(|step| !step.is_withdrawal) {
                    let frees = |other: &&usize| {
                        let removal = &changes[**other];
                        removal.removal.as_ref().is_some_and(|step| step.is_withdrawal)
                            && removal.address.tenant == change.address.tenant
                            && removal.realm == change.realm
                    };
                    begin.extend(active.iter().filter(frees).copied().map(complete));
                }
                // What a person removes at the service provider goes first: until then it leads to what is deleted here.
                // Whoever loses access waits for nothing.
                if change.action.is_api() && change.class == Class::Object {
                    let is_removal_of_its_resource = |other: &&usize| {
                        let removal = &changes[**other];
                        removal.removal.is_some()
                            && removal.address.tenant == change.address.tenant
                            && removal.address.kind == change.address.kind
                            && removal.address.name == change.address.name
                    };
                    begin.extend(active.iter().filter(is_removal_of_its_resource).copied().map(complete));
                }
            }
            if split.contains(&index) {
                end.insert(first(index));
                graph.before.insert(first(index), begin);
                graph.before.insert(complete(index), end);
            } else {
                begin.extend(end);
                graph.before.insert(complete(index), begin);
            }
        }
        graph.check(changes)?;
        Ok(graph)
    }

    /// The nodes in an order in which each comes after those before it; nodes of one level could be done at once.
    pub fn levels(&self) -> Vec<Vec<Node>> {
        let mut done: BTreeSet<Node> = BTreeSet::new();
        let mut left: BTreeMap<Node, usize> =
            self.before.iter().map(|(node, before)| (*node, before.len())).collect();
        let mut after: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
        for (node, before) in &self.before {
            for other in before {
                after.entry(*other).or_default().push(*node);
            }
        }
        let mut levels = Vec::new();
        let mut level: Vec<Node> =
            left.iter().filter(|(_, count)| **count == 0).map(|(node, _)| *node).collect();
        while !level.is_empty() {
            let mut next = Vec::new();
            for node in &level {
                done.insert(*node);
                for other in after.get(node).into_iter().flatten() {
                    if let Some(count) = left.get_mut(other) {
                        *count -= 1;
                        if *count == 0 {
                            next.push(*other);
                        }
                    }
                }
            }
            next.sort();
            levels.push(std::mem::replace(&mut level, next));
        }
        levels
    }

    fn check(&self, changes: &[Change]) -> Result<(), CycleError> {
        let reached: BTreeSet<Node> = self.levels().into_iter().flatten().collect();
        let Some(start) = self.before.keys().find(|node| !reached.contains(node)) else { return Ok(()) };
        // Walk backwards among what is left until a node repeats: that is the cycle.
        let mut path = vec![*start];
        loop {
            let here = path[path.len() - 1];
            let Some(next) = self.before[&here].iter().find(|node| !reached.contains(node)).copied() else {
                break;
            };
            if let Some(at) = path.iter().position(|node| *node == next) {
                path.drain(..at);
                path.push(next);
                break;
            }
            path.push(next);
        }
        path.reverse();
        Err(CycleError(path.into_iter().map(|node| changes[node.change].address.clone()).collect()))
    }
}

/// Whether a change is made in two parts: some of its values are pending and have a seed.
fn is_split(change: &Change) -> bool {
    change.action.is_api()
        && change.desired.as_ref().is_some_and(|desired| {
            desired.fields.iter().any(|field| field.seed.is_some() && field.value.is_pending())
        })
}
