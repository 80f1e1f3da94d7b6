//! What the rounds of decoding have learnt: which parts to leave out, which fields to make up, and what is therefore no
//! news.

use std::collections::{HashMap, HashSet};

use crate::diagnostics::suggest;

use super::error::{Error, NodeId, Problem, Target};

/// Lies over a tree while it is decoded again.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    left_out: HashSet<Target>,
    made_up: HashMap<NodeId, Vec<&'static str>>,
    /// Parts in which something was left out or made up.
    touched: HashSet<Target>,
    /// Fields that are missing because an error about them was told already.
    explained: HashSet<(NodeId, String)>,
}

impl Overlay {
    pub(super) fn leaves_out(&self, target: impl Into<Target>) -> bool {
        self.left_out.contains(&target.into())
    }

    /// The fields to add to a mapping.
    pub(super) fn made_up(&self, mapping: NodeId) -> &[&'static str] {
        self.made_up.get(&mapping).map_or(&[], Vec::as_slice)
    }

    /// Whether an error says something new, rather than follow from what was left out or made up.
    pub(super) fn is_news(&self, error: &Error) -> bool {
        let touched = || error.at().is_some_and(|at| self.touched.contains(&at.target));
        match error.problem() {
            Problem::MadeUp => false,
            Problem::UnknownField { .. } | Problem::UnknownVariant { .. } | Problem::Repeated(_) => true,
            Problem::MissingField(field) => !error
                .mapping()
                .is_some_and(|mapping| self.explained.contains(&(mapping, (*field).to_owned()))),
            Problem::Invalid(_) | Problem::WrongType(_) | Problem::Secret(_) => !touched(),
        }
    }

    /// Takes an error into account. False where that brings nothing new, so that another round would end the same way.
    pub(super) fn learn(&mut self, error: &Error) -> bool {
        self.touched.extend(error.above());
        if let (Problem::MissingField(field), Some(mapping)) = (error.problem(), error.mapping()) {
            let fields = self.made_up.entry(mapping).or_default();
            if !fields.contains(field) {
                fields.push(field);
                return true;
            }
        }
        let Some(at) = error.at() else { return false };
        if let Some((mapping, key)) = &at.holder {
            self.explained.insert((*mapping, key.clone()));
            if let Problem::UnknownField { field, expected } = error.problem()
                && let Some(meant) = suggest(field, expected.iter().copied())
            {
                self.explained.insert((*mapping, meant.to_owned()));
            }
        }
        self.left_out.insert(at.target)
    }
}
