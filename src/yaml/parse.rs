//! Text to trees. Owns what Concord's YAML is beyond the grammar: the limits, unique text keys, tags of the core schema
//! only, aliases and no merge keys. Never panics, whatever the text.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostics::{Code, Finding, Findings, SourceFile, Span};

use super::codes::{YAML_DUPLICATE_KEY, YAML_KEY, YAML_LIMIT, YAML_MERGE_KEY, YAML_SYNTAX, YAML_TAG};
use super::events::{Collection, Event, Events, Style, Tag};
use super::node::{Entry, Node, NodeKind, Size};
use super::{Limits, read, scalar};

/// Reads every document of a text: one root each, in order; documents that hold nothing are left out.
///
/// What is wrong goes to `findings`. A document that breaks the grammar is left out, and reading goes on at the next
/// `---`; a document with a duplicate key, a tag, a merge key or a key that is no text is returned without that part, so
/// that the rest of it can be checked. Reading ends where a limit for the whole file is reached.
pub fn parse(source: &Arc<SourceFile>, limits: &Limits, findings: &mut Findings) -> Vec<Node> {
    let text = source.text();
    if text.len() > limits.bytes {
        findings.push(read::too_large(Arc::clone(source), limits));
        return Vec::new();
    }
    let mut events = Events::new(text, limits);
    let mut roots = Vec::new();
    let mut documents = 0;
    let mut builder = Builder::new(source, limits, findings);
    let before = builder.findings.len();
    while let Some(event) = events.next() {
        if builder.findings.len() - before >= limits.findings {
            let message =
                format!("the file has {} problems already, the rest of it is not read", limits.findings);
            builder.findings.push(Finding::new(&YAML_LIMIT, message).at(source.at(0..0), ""));
            break;
        }
        let (event, span) = match event {
            Ok(event) => event,
            Err(failure) => {
                let code = if failure.limit { &YAML_LIMIT } else { &YAML_SYNTAX };
                let finding = Finding::new(code, failure.message).at(source.at(failure.span), "");
                builder.findings.push(match failure.help {
                    Some(help) => finding.help(help),
                    None => finding,
                });
                builder.abandon();
                if events.skip_document() {
                    continue;
                }
                break;
            }
        };
        match event {
            Event::DocumentStart => {
                documents += 1;
                if documents > limits.documents {
                    let message = format!("the file has more than {} documents", limits.documents);
                    builder.report(&YAML_LIMIT, message, span, "one too many", "split the file");
                    break;
                }
            }
            Event::DocumentEnd => roots.extend(builder.finish()),
            event => match builder.take(event, span) {
                Ok(()) => {}
                Err(Stop::Document) => {
                    builder.abandon();
                    if !events.skip_document() {
                        break;
                    }
                }
                Err(Stop::File) => break,
            },
        }
    }
    roots
}

/// Why reading stops.
enum Stop {
    /// The document cannot be used; the next one can.
    Document,
    /// The file has used up what it may.
    File,
}

/// Puts together one document after another.
struct Builder<'a> {
    source: &'a Arc<SourceFile>,
    limits: &'a Limits,
    findings: &'a mut Findings,
    /// The collections that are open, outermost first.
    open: Vec<Open>,
    root: Option<Node>,
    /// What the anchors of this document stand for, and how large that is.
    anchors: HashMap<usize, (Node, Size)>,
    nodes: usize,
    aliases: usize,
    /// Bytes of text that anchors and aliases have copied.
    copied: usize,
}

/// A collection that has begun and not ended.
struct Open {
    children: Children,
    span: Span,
    flow: bool,
    anchor: Option<usize>,
}

enum Children {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, seen: HashMap<String, Span>, key: Option<Key> },
}

/// A key whose value comes next.
enum Key {
    Taken(String, Span),
    /// The merge key was refused. The fields of its value count as written, so that they are not missed as well.
    Merged,
    /// The value is read and dropped.
    Refused,
}

impl<'a> Builder<'a> {
    fn new(source: &'a Arc<SourceFile>, limits: &'a Limits, findings: &'a mut Findings) -> Self {
        Self {
            source,
            limits,
            findings,
            open: Vec::new(),
            root: None,
            anchors: HashMap::new(),
            nodes: 0,
            aliases: 0,
            copied: 0,
        }
    }

    /// Forgets the current document. What it has cost stays counted.
    fn abandon(&mut self) {
        self.open.clear();
        self.anchors.clear();
        self.root = None;
    }

    /// The root of the document that has ended; none where it holds nothing.
    fn finish(&mut self) -> Option<Node> {
        let root = self.root.take();
        self.abandon();
        root.filter(|root| !(root.kind == NodeKind::Null && root.span.is_empty()))
    }

    fn report(
        &mut self,
        code: &'static Code,
        message: impl Into<String>,
        span: Span,
        label: &str,
        help: &str,
    ) {
        self.findings.push(Finding::new(code, message).at(self.source.at(span), label).help(help));
    }

    fn take(&mut self, event: Event, span: Span) -> Result<(), Stop> {
        match event {
            Event::Scalar { text, style, anchor, tag } => {
                self.count(1, span)?;
                let node = self.scalar(text, style, tag.as_ref(), span);
                self.define(anchor, &node)?;
                let merge = style == Style::Plain && tag.is_none() && node.text() == Some("<<");
                self.attach(node, if merge { Role::Merge } else { Role::Written });
            }
            Event::Start { kind, flow, anchor, tag } => {
                self.count(1, span)?;
                if self.open.len() >= self.limits.depth {
                    self.too_deep(span);
                    return Err(Stop::Document);
                }
                self.check_collection_tag(kind, tag.as_ref());
                let children = match kind {
                    Collection::Sequence => Children::Sequence(Vec::new()),
                    Collection::Mapping => {
                        Children::Mapping { entries: Vec::new(), seen: HashMap::new(), key: None }
                    }
                };
                self.open.push(Open { children, span, flow, anchor });
            }
            Event::End => {
                // The parser pairs starts and ends.
                let Some(open) = self.open.pop() else { return Err(Stop::Document) };
                let end = if open.flow { span.end.max(open.span.end) } else { open.span.end };
                let kind = match open.children {
                    Children::Sequence(nodes) => NodeKind::Sequence(nodes),
                    Children::Mapping { entries, .. } => NodeKind::Mapping(entries),
                };
                let node = Node { span: Span::new(open.span.start, end), kind, raw: None };
                self.define(open.anchor, &node)?;
                self.attach(node, Role::Written);
            }
            Event::Alias { anchor, name } => {
                let node = self.expand(anchor, &name, span)?;
                self.attach(node, Role::Alias);
            }
            Event::DocumentStart | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn scalar(&mut self, text: String, style: Style, tag: Option<&Tag>, span: Span) -> Node {
        let span = if style == Style::Block { self.trimmed(span) } else { span };
        let core = tag.and_then(|tag| tag.core.as_deref());
        let resolved = match (core, style) {
            (Some("str"), _) => NodeKind::String(text.clone()),
            (Some(_), _) | (None, Style::Plain) => scalar::resolve(&text),
            (None, _) => NodeKind::String(text.clone()),
        };
        let fits = match core {
            Some("null") => matches!(resolved, NodeKind::Null),
            Some("bool") => matches!(resolved, NodeKind::Bool(_)),
            Some("int") => matches!(resolved, NodeKind::Int(_)),
            Some("float") => matches!(resolved, NodeKind::Float(_) | NodeKind::Int(_)),
            Some("str") => true,
            Some(_) => false,
            None => tag.is_none(),
        };
        if let Some(tag) = tag.filter(|_| !fits) {
            self.refuse_tag(tag);
        }
        let raw = match resolved {
            NodeKind::String(_) => None,
            _ if text.is_empty() => None,
            _ => Some(text.into_boxed_str()),
        };
        Node { span, kind: resolved, raw }
    }

    /// A span without the white space at its end: block scalars reach to the start of what follows.
    fn trimmed(&self, span: Span) -> Span {
        let text = self.source.text().get(span.start..span.end).unwrap_or_default();
        Span::new(span.start, span.start + text.trim_end().len())
    }

    fn check_collection_tag(&mut self, kind: Collection, tag: Option<&Tag>) {
        let fitting = match kind {
            Collection::Sequence => "seq",
            Collection::Mapping => "map",
        };
        if let Some(tag) = tag.filter(|tag| tag.core.as_deref() != Some(fitting)) {
            self.refuse_tag(tag);
        }
    }

    fn refuse_tag(&mut self, tag: &Tag) {
        let message = match &tag.core {
            Some(_) => format!("the tag `{}` does not fit its value", tag.written),
            None => format!("the tag `{}` is not allowed", tag.written),
        };
        let span = tag.span;
        self.report(&YAML_TAG, message, span, "", "leave the tag out");
    }

    /// Keeps what an anchor stands for. The copy counts like an alias, because anchors may be nested.
    fn define(&mut self, anchor: Option<usize>, node: &Node) -> Result<(), Stop> {
        let Some(anchor) = anchor else { return Ok(()) };
        let size = node.measure();
        self.copy(size, node.span)?;
        self.anchors.insert(anchor, (node.clone(), size));
        Ok(())
    }

    /// What an alias stands for. An alias that stands for nothing is reported, and read as null.
    fn expand(&mut self, anchor: Option<usize>, name: &str, span: Span) -> Result<Node, Stop> {
        self.aliases += 1;
        if self.aliases > self.limits.aliases {
            let message = format!("the file has more than {} aliases", self.limits.aliases);
            self.report(&YAML_LIMIT, message, span, "one too many", "write the values out");
            return Err(Stop::File);
        }
        let found = anchor.and_then(|anchor| self.anchors.get(&anchor));
        let Some(size) = found.map(|(_, size)| *size) else {
            let (message, help) = match anchor {
                Some(_) => {
                    (format!("the alias `*{name}` stands inside its own anchor"), "write the value out")
                }
                None => (
                    format!("the alias `*{name}` has no anchor before it in this document"),
                    "define it with `&name` before its first use; a text that starts with `*` needs quotes",
                ),
            };
            self.report(&YAML_SYNTAX, message, span, "", help);
            self.count(1, span)?;
            return Ok(Node { span, kind: NodeKind::Null, raw: None });
        };
        if self.open.len() + size.depth > self.limits.depth {
            self.too_deep(span);
            return Err(Stop::Document);
        }
        self.copy(size, span)?;
        let node = anchor.and_then(|anchor| self.anchors.get(&anchor)).map(|(node, _)| node.clone());
        let (kind, raw) = node.map_or((NodeKind::Null, None), |node| (node.kind, node.raw));
        Ok(Node { span, kind, raw })
    }

    fn copy(&mut self, size: Size, span: Span) -> Result<(), Stop> {
        self.count(size.nodes, span)?;
        self.copied = self.copied.saturating_add(size.bytes);
        if self.copied > self.limits.bytes {
            let message = format!("anchors and aliases repeat more than {} bytes of text", self.limits.bytes);
            self.report(&YAML_LIMIT, message, span, "too much from here on", "write fewer aliases");
            return Err(Stop::File);
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, span: Span) -> Result<(), Stop> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > self.limits.nodes {
            let (message, help) = match self.aliases {
                0 => (
                    format!("the file has more than {} values", self.limits.nodes),
                    "split it: a project is a folder, and its files are read together",
                ),
                _ => (
                    format!(
                        "the file has more than {} values, those repeated by aliases included",
                        self.limits.nodes
                    ),
                    "write fewer aliases, or split the file",
                ),
            };
            self.report(&YAML_LIMIT, message, span, "one too many", help);
            return Err(Stop::File);
        }
        Ok(())
    }

    fn too_deep(&mut self, span: Span) {
        let message = format!("the document is nested more than {} levels deep", self.limits.depth);
        self.report(&YAML_LIMIT, message, span, "one level too deep", "flatten it");
    }

    /// Puts a node where it belongs: the root, an element, a key or a value.
    fn attach(&mut self, node: Node, role: Role) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        if !open.flow {
            open.span.end = open.span.end.max(node.span.end);
        }
        match &mut open.children {
            Children::Sequence(nodes) => nodes.push(node),
            Children::Mapping { entries, key, .. } => match key.take() {
                Some(Key::Taken(key, key_span)) => entries.push(Entry { key, key_span, value: node }),
                Some(Key::Merged) => {
                    let fields = match node.kind {
                        NodeKind::Mapping(fields) => fields,
                        _ => Vec::new(),
                    };
                    for field in fields {
                        if !entries.iter().any(|entry| entry.key == field.key) {
                            entries.push(field);
                        }
                    }
                }
                Some(Key::Refused) => {}
                None => self.attach_key(node, role),
            },
        }
    }

    fn attach_key(&mut self, node: Node, role: Role) {
        let span = node.span;
        let next = match (node.kind, role) {
            (_, Role::Merge) => {
                let help = "write the fields out, or repeat a whole value with an alias";
                self.report(&YAML_MERGE_KEY, "merge keys (`<<`) are not supported", span, "", help);
                Key::Merged
            }
            (NodeKind::String(key), Role::Written) => match self.first_use(&key, span) {
                None => Key::Taken(key, span),
                Some(first) => {
                    let finding =
                        Finding::new(&YAML_DUPLICATE_KEY, format!("the key `{key}` is written twice"))
                            .at(self.source.at(span), "written again")
                            .related(self.source.at(first), "first written here")
                            .help("keep one of the two");
                    self.findings.push(finding);
                    Key::Refused
                }
            },
            (kind, role) => {
                let (what, help) = match (kind, role) {
                    (_, Role::Alias) => ("an alias", "write the key out"),
                    (NodeKind::Sequence(_), _) => ("a list", "write a text as the key"),
                    (NodeKind::Mapping(_), _) => ("a mapping", "write a text as the key"),
                    (NodeKind::Null, _) => ("null", "put the key in quotes if the text is meant"),
                    (NodeKind::Bool(_), _) => ("a truth value", "put the key in quotes if the text is meant"),
                    (_, _) => ("a number", "put the key in quotes if the text is meant"),
                };
                let message = format!("a key must be a text, and this is {what}");
                self.report(&YAML_KEY, message, span, "", help);
                Key::Refused
            }
        };
        if let Some(Open { children: Children::Mapping { key, .. }, .. }) = self.open.last_mut() {
            *key = Some(next);
        }
    }

    /// Where the innermost mapping has this key already; if nowhere, it has it now.
    fn first_use(&mut self, key: &str, span: Span) -> Option<Span> {
        let Some(Open { children: Children::Mapping { seen, .. }, .. }) = self.open.last_mut() else {
            return None;
        };
        let first = seen.get(key).copied();
        if first.is_none() {
            seen.insert(key.to_owned(), span);
        }
        first
    }
}

/// How a node came to be where it stands, which matters for keys.
#[derive(Clone, Copy)]
enum Role {
    Written,
    Alias,
    /// A plain `<<`.
    Merge,
}

#[cfg(test)]
mod tests;
