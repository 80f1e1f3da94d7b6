//! What can go wrong while a tree is decoded, typed and with its place. Owns the error; telling it to a person is
//! `report`'s business.

use std::fmt;

use serde::de::{self, Unexpected};

use crate::diagnostics::Span;
use crate::yaml::node::{Entry, Node};
use crate::yaml::path::{Path, Segment};

/// Identity of a node, by its address: trees are borrowed for as long as they are decoded, so nothing moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct NodeId(usize);

impl From<&Node> for NodeId {
    fn from(node: &Node) -> Self {
        Self(std::ptr::from_ref(node).addr())
    }
}

/// A part that can be left out: an entry of a mapping, or an element of a list (or the root).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Target {
    Entry(usize),
    Element(NodeId),
}

impl From<&Entry> for Target {
    fn from(entry: &Entry) -> Self {
        Self::Entry(std::ptr::from_ref(entry).addr())
    }
}

impl From<&Node> for Target {
    fn from(node: &Node) -> Self {
        Self::Element(NodeId::from(node))
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Problem {
    UnknownField {
        field: String,
        expected: &'static [&'static str],
    },
    MissingField(&'static str),
    UnknownVariant {
        variant: String,
        expected: &'static [&'static str],
    },
    WrongType(Expected),
    /// Something else stands in the place of a reference to a secret, of which these are the forms.
    Secret(&'static [&'static str]),
    /// A value of the right type that its type refuses, in that type's own words.
    Invalid(String),
    /// One field under two names.
    Repeated(&'static str),
    /// Something made up was refused: never told to anybody.
    MadeUp,
}

/// What a type wants to see.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expected {
    Bool,
    Integer {
        min: i128,
        max: i128,
    },
    Number,
    Character,
    Text,
    List,
    ListOf(usize),
    Mapping(&'static [&'static str]),
    OneOf(&'static [&'static str]),
    Nothing,
    /// A value for this variant, rather than the variant's bare name.
    ValueOf(String),
    /// In the words of a type that looks for itself.
    Other(String),
}

/// The place of an error.
#[derive(Debug, Clone)]
pub(super) struct At {
    pub(super) target: Target,
    pub(super) span: Span,
    /// The key of the entry, where it is one.
    pub(super) key_span: Option<Span>,
    /// Whether the key is wrong rather than the value.
    pub(super) is_key: bool,
    /// The mapping that holds the entry, and the entry's key.
    pub(super) holder: Option<(NodeId, String)>,
}

/// An error with its place, which is filled in on the way up.
#[derive(Debug)]
pub(super) struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    problem: Problem,
    at: Option<At>,
    /// A place inside of `at` that shows it better.
    focus: Option<Span>,
    /// The mapping that lacks a field.
    mapping: Option<NodeId>,
    /// Steps from the place to the root.
    steps: Vec<Segment>,
    /// The place, and everything that it lies in.
    above: Vec<Target>,
}

impl Error {
    pub(super) fn new(problem: Problem) -> Self {
        Self(Box::new(Inner {
            problem,
            at: None,
            focus: None,
            mapping: None,
            steps: Vec::new(),
            above: Vec::new(),
        }))
    }

    pub(super) fn wrong_type(expected: Expected) -> Self {
        Self::new(Problem::WrongType(expected))
    }

    pub(super) fn problem(&self) -> &Problem {
        &self.0.problem
    }

    pub(super) fn at(&self) -> Option<&At> {
        self.0.at.as_ref()
    }

    /// The mapping that lacks a field.
    pub(super) fn mapping(&self) -> Option<NodeId> {
        self.0.mapping
    }

    /// The span to underline.
    pub(super) fn focus(&self) -> Option<Span> {
        self.0.focus
    }

    /// The place, and everything that it lies in.
    pub(super) fn above(&self) -> &[Target] {
        &self.0.above
    }

    /// The path from the root of what was decoded to the place.
    pub(super) fn path(&self) -> Path {
        self.0.steps.iter().rev().cloned().collect()
    }

    /// It happened in the value of this entry.
    pub(super) fn in_value(self, holder: &Node, entry: &Entry) -> Self {
        self.in_entry(holder, entry, false)
    }

    /// It happened in the key of this entry.
    pub(super) fn in_key(self, holder: &Node, entry: &Entry) -> Self {
        self.in_entry(holder, entry, true)
    }

    fn in_entry(mut self, holder: &Node, entry: &Entry, is_key: bool) -> Self {
        let target = Target::from(entry);
        self.0.at.get_or_insert_with(|| At {
            target,
            span: if is_key { entry.key_span } else { entry.value.span },
            key_span: Some(entry.key_span),
            is_key,
            holder: Some((NodeId::from(holder), entry.key.clone())),
        });
        self.0.above.push(target);
        self.0.steps.push(Segment::from(&entry.key));
        self
    }

    /// It happened in this element of a list.
    pub(super) fn in_element(mut self, index: usize, node: &Node) -> Self {
        self = self.at_root(node);
        self.0.steps.push(Segment::from(index));
        self
    }

    /// It happened in this node, which has no key.
    pub(super) fn at_root(mut self, node: &Node) -> Self {
        let target = Target::from(node);
        self.0.at.get_or_insert(At { target, span: node.span, key_span: None, is_key: false, holder: None });
        self.0.above.push(target);
        self
    }

    /// It happened in this mapping as a whole; `last` is the entry that was read last.
    pub(super) fn in_mapping(mut self, mapping: &Node, last: Option<&Entry>) -> Self {
        if self.0.at.is_some() || self.0.mapping.is_some() {
            return self;
        }
        match (&self.0.problem, last) {
            (Problem::Repeated(_), Some(last)) => self.in_key(mapping, last),
            _ => {
                self.0.mapping = Some(NodeId::from(mapping));
                self
            }
        }
    }

    /// This is where to look, unless a place is known already.
    pub(super) fn looking_at(mut self, span: Span) -> Self {
        if self.0.at.is_none() {
            self.0.focus.get_or_insert(span);
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.problem)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Problem::Invalid(message.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::wrong_type(Expected::Other(expected.to_string()))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(Problem::Invalid(format!("expected {expected}")))
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        Self::new(Problem::Invalid(format!("it has {length} elements, expected {expected}")))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Problem::UnknownVariant { variant: variant.to_owned(), expected })
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Problem::UnknownField { field: field.to_owned(), expected })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Problem::MissingField(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(Problem::Repeated(field))
    }
}
