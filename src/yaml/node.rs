//! A document as a tree that remembers where each part was written. Owns the tree and walking it; how text becomes a
//! tree is `parse`'s business, how a tree becomes a typed value is `decode`'s.

use crate::diagnostics::Span;

use super::path::{Path, Segment};

/// A part of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it was written. Empty for a value that was left out (`key:`). Where an alias stands for it, the alias; the
    /// parts inside keep the places where they were written.
    pub span: Span,
    /// What it is.
    pub kind: NodeKind,
    /// How a scalar that is no text was written: `0123`, `1.10`, `True`, `~`.
    pub raw: Option<Box<str>>,
}

/// What a node is, after the YAML 1.2 core schema.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// `null`, `~`, or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction or an exponent, or a whole number that is too great for [`NodeKind::Int`].
    Float(f64),
    /// A text.
    String(String),
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping, in the order in which it was written, without duplicate keys.
    Mapping(Vec<Entry>),
}

/// A key of a mapping, and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key was written, quotes included.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The text of a scalar that may serve as a string: strings, and numbers as they were written. Not `true`, `false`
    /// and `null`, because a person who writes those means them.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::String(text) => Some(text),
            NodeKind::Int(_) | NodeKind::Float(_) => self.raw.as_deref(),
            _ => None,
        }
    }

    /// The elements of a list.
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::Sequence(nodes) => Some(nodes),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub fn as_mapping(&self) -> Option<&[Entry]> {
        match &self.kind {
            NodeKind::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entry of a mapping with this key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.as_mapping()?.iter().find(|entry| entry.key == key)
    }

    /// The node at a path, if there is one.
    pub fn get(&self, path: &Path) -> Option<&Node> {
        let (node, _, rest) = self.walk(path);
        rest.is_empty().then_some(node)
    }

    /// Where the value at a path was written, or else the nearest part above it that exists. A value that was left out
    /// (`key:`) is shown by its key.
    pub fn locate(&self, path: &Path) -> Span {
        let (node, entry, _) = self.walk(path);
        match entry {
            Some(entry) if node.span.is_empty() => entry.key_span,
            _ => node.span,
        }
    }

    /// Where the key at a path was written, or else the nearest key above it; the document where there is none. For an
    /// element of a list, the element.
    pub fn locate_key(&self, path: &Path) -> Span {
        let (node, entry, _) = self.walk(path);
        entry.map_or(node.span, |entry| entry.key_span)
    }

    /// The deepest node on a path, the entry that holds it (none for the root and for elements of lists), and the steps
    /// that could not be taken.
    fn walk<'a, 'p>(&'a self, path: &'p Path) -> (&'a Node, Option<&'a Entry>, &'p [Segment]) {
        let (mut node, mut holder) = (self, None);
        let segments = path.segments();
        for (at, segment) in segments.iter().enumerate() {
            let (next, entry) = match (segment, &node.kind) {
                (Segment::Key(key), _) => {
                    let entry = node.entry(key);
                    (entry.map(|entry| &entry.value), entry)
                }
                (Segment::Index(index), NodeKind::Sequence(nodes)) => (nodes.get(*index), None),
                (Segment::Index(_), _) => (None, None),
            };
            let Some(next) = next else { return (node, holder, &segments[at..]) };
            (node, holder) = (next, entry);
        }
        (node, holder, &[])
    }

    /// What the tree would cost if it were copied.
    pub(super) fn measure(&self) -> Size {
        let own = Size { nodes: 1, depth: 0, bytes: 0 };
        match &self.kind {
            NodeKind::String(text) => Size { bytes: text.len(), ..own },
            NodeKind::Sequence(nodes) => nodes.iter().map(Node::measure).fold(own.nested(), Size::and),
            NodeKind::Mapping(entries) => entries
                .iter()
                .map(|entry| {
                    let value = entry.value.measure();
                    Size { bytes: value.bytes + entry.key.len(), ..value }
                })
                .fold(own.nested(), Size::and),
            _ => Size { bytes: self.raw.as_deref().map_or(0, str::len), ..own },
        }
    }
}

/// What a tree costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    /// Nodes, the root included.
    pub(super) nodes: usize,
    /// Collections inside one another; 0 for a scalar.
    pub(super) depth: usize,
    /// Bytes of text.
    pub(super) bytes: usize,
}

impl Size {
    fn nested(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    fn and(self, child: Self) -> Self {
        Self {
            nodes: self.nodes + child.nodes,
            depth: self.depth.max(child.depth + 1),
            bytes: self.bytes + child.bytes,
        }
    }
}
