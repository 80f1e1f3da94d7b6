//! Metadata of any size, read as a stream: federations publish aggregates of thousands of entities (tens of megabytes), of which one
//! is meant. Owns finding that one and cutting it out; what it says is read by [`Metadata`](super::Metadata), strictly, from the piece.
//!
//! # Flow
//! [`piece`] takes bytes as they come. What is small ([`WHOLE`]) is given back as it is. Of more, only the entity that is asked for is
//! kept, inside the groups around it as they were opened: namespaces, `validUntil` and `cacheDuration` stay in force.
//!
//! # Guarantees
//! - Memory is bounded whatever is sent: one tag or text ([`MAX_PART`]), one entity ([`MAX_ENTITY`]) twice, [`MAX_DEPTH`] open
//!   elements and a handful of names for messages.
//! - The document is read to its end: a truncated one, a DTD, or elements that do not match are refused wherever they stand.
//!
//! # Caveats
//! Attributes and entity references of entities that are not asked for are not looked at. Signatures over the aggregate are dropped with
//! the rest of it: trust comes from where it was fetched, or from pinned certificates.

use std::io::{BufRead, BufReader, Cursor, Read};

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::{NsReader, Writer, XmlVersion};

use super::metadata::{Nearest, SelectError};
use super::names::ns;
use super::xml::{Position, XmlError};

/// Up to this many bytes a document is given to the strict reader as it is: 1 MiB.
pub const WHOLE: usize = 1 << 20;
/// Longest single tag, text or comment, in bytes: 1 MiB. Logos stand in texts.
pub const MAX_PART: usize = 1 << 20;
/// Longest single entity, in bytes: 4 MiB.
pub const MAX_ENTITY: usize = 4 << 20;
/// Most elements inside each other. Metadata need about a dozen.
pub const MAX_DEPTH: usize = 100;
/// Longest document, in bytes: 256 MiB. The largest federations publish a third of it.
pub const MAX_DOCUMENT: u64 = 256 << 20;
/// Longest entity ID, in characters (saml-metadata-2.0 section 2.2.1).
const MAX_ENTITY_ID: usize = 1024;

/// Why no entity can be cut out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum AggregateError {
    /// The XML is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Xml(#[from] XmlError),
    /// No single entity is meant.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Select(#[from] SelectError),
    /// The bytes stopped coming.
    #[error("the metadata cannot be read to their end: {reason}")]
    Read {
        /// What the system or the transport says.
        reason: String,
    },
    /// It ends inside an element.
    #[error("the metadata end too early ({at}): <{element}> is not closed")]
    #[diagnostic(help("they were cut off on the way; read or download them again"))]
    Truncated {
        /// The innermost element that is open.
        element: String,
        /// Where it ends.
        at: Position,
    },
    /// Elements stand too deep inside each other.
    #[error("the metadata have more than {MAX_DEPTH} elements inside each other ({at})")]
    TooDeep {
        /// Where the limit is passed.
        at: Position,
    },
    /// One tag, text or comment is too long.
    #[error("one tag or text of the metadata is longer than {MAX_PART} bytes ({at})")]
    PartTooLarge {
        /// Where the limit is passed.
        at: Position,
    },
    /// The entity is too large.
    #[error("the entity `{entity_id}` is longer than {MAX_ENTITY} bytes")]
    EntityTooLarge {
        /// Its entity ID.
        entity_id: String,
    },
    /// The document is too large.
    #[error("the metadata are longer than {} MiB", MAX_DOCUMENT >> 20)]
    TooLarge,
}

/// Reads metadata and gives back a document that has the identity provider with this entity ID; without one, the only one there is.
///
/// # Errors
/// See [`AggregateError`]. Of small documents nothing is judged here: the strict reader does.
pub fn piece(source: &mut dyn Read, wanted: Option<&str>) -> Result<Vec<u8>, AggregateError> {
    let mut head = Vec::new();
    let mut first = source.take(WHOLE as u64 + 1);
    first.read_to_end(&mut head).map_err(|error| AggregateError::Read { reason: error.to_string() })?;
    if head.len() <= WHOLE {
        return Ok(head);
    }
    let whole = BufReader::with_capacity(64 << 10, Cursor::new(head).chain(source));
    Extraction::new(whole, wanted).run()
}

/// The entity that is being kept.
struct Capture {
    entity_id: String,
    /// The depth of its element.
    depth: usize,
    is_idp: bool,
    kept: Writer<Vec<u8>>,
}

struct Extraction<'w, R> {
    reader: NsReader<Bounded<R>>,
    wanted: Option<&'w str>,
    /// The names of the open elements.
    open: Vec<String>,
    /// The opening tags of the groups around the place, and their names.
    groups: Vec<(String, String)>,
    /// The XML declaration.
    declaration: String,
    has_root: bool,
    capture: Option<Capture>,
    found: Option<Vec<u8>>,
    /// Identity providers that could be meant.
    matching: Nearest,
    /// All identity providers.
    providers: Nearest,
    /// All entities.
    entities: Nearest,
}

impl<'w, R: BufRead> Extraction<'w, R> {
    fn new(source: R, wanted: Option<&'w str>) -> Self {
        let mut reader = NsReader::from_reader(Bounded::new(source));
        let config = reader.config_mut();
        config.check_end_names = true;
        config.check_comments = true;
        config.allow_unmatched_ends = false;
        config.expand_empty_elements = true;
        Self {
            reader,
            wanted,
            open: Vec::new(),
            groups: Vec::new(),
            declaration: String::new(),
            has_root: false,
            capture: None,
            found: None,
            matching: Nearest::to(wanted),
            providers: Nearest::to(wanted),
            entities: Nearest::to(wanted),
        }
    }

    fn run(mut self) -> Result<Vec<u8>, AggregateError> {
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            self.reader.get_mut().next_part();
            let (is_metadata, event) = match self.reader.read_resolved_event_into(&mut buffer) {
                Ok((resolved, event)) => {
                    (matches!(resolved, ResolveResult::Bound(Namespace(uri)) if uri == ns::METADATA), event)
                }
                Err(error) => return Err(self.explain(&error)),
            };
            if matches!(event, Event::Eof) {
                return self.finish();
            }
            self.take(is_metadata, event)?;
            // A single huge part must not stay allocated for the rest of the document.
            if buffer.capacity() > 2 * WHOLE {
                buffer = Vec::new();
            }
        }
    }

    fn take(&mut self, is_metadata: bool, event: Event<'_>) -> Result<(), AggregateError> {
        let at = self.reader.get_ref().at();
        match &event {
            Event::DocType(_) => return Err(XmlError::Dtd { at }.into()),
            Event::Decl(declaration) => {
                self.declaration = format!("<?{}?>", &**declaration);
                return Ok(());
            }
            Event::Start(tag) => self.opened(is_metadata, tag, at)?,
            Event::Text(text) if self.open.is_empty() && !text.trim().is_empty() => {
                return Err(
                    XmlError::Syntax { at, reason: "text stands outside of the root".to_owned() }.into()
                );
            }
            _ => {}
        }
        if let Some(capture) = &mut self.capture {
            let is_end = matches!(event, Event::End(_));
            // Writing into memory does not fail.
            let _ = capture.kept.write_event(event.borrow());
            if capture.kept.get_ref().len() > MAX_ENTITY {
                return Err(AggregateError::EntityTooLarge { entity_id: capture.entity_id.clone() });
            }
            if is_end && self.open.len() == capture.depth {
                self.captured();
            }
        }
        if matches!(event, Event::End(_)) {
            if self.groups.len() == self.open.len() {
                self.groups.pop();
            }
            self.open.pop();
        }
        Ok(())
    }

    fn opened(
        &mut self,
        is_metadata: bool,
        tag: &BytesStart<'_>,
        at: Position,
    ) -> Result<(), AggregateError> {
        let (qualified, local) = (tag.name(), tag.local_name());
        let (qualified, local): (&str, &str) = (qualified.as_ref(), local.as_ref());
        if self.open.is_empty() {
            self.root(is_metadata, local, at)?;
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(AggregateError::TooDeep { at });
        }
        // Only groups may stand around an entity.
        let is_in_groups = self.open.len() == self.groups.len();
        self.open.push(qualified.chars().take(80).collect());
        if let Some(capture) = &mut self.capture {
            capture.is_idp |=
                is_metadata && local == "IDPSSODescriptor" && self.open.len() == capture.depth + 1;
            return Ok(());
        }
        match local {
            "EntitiesDescriptor" if is_metadata && is_in_groups => {
                self.groups.push((format!("<{}>", &**tag), qualified.to_owned()));
            }
            "EntityDescriptor" if is_metadata && is_in_groups => {
                let entity_id = entity_id(tag, at)?;
                self.entities.offer(&entity_id);
                // Others are watched too: whether it is an identity provider shows only inside.
                let mut kept = Vec::new();
                kept.extend_from_slice(self.declaration.as_bytes());
                for (opening, _) in &self.groups {
                    kept.extend_from_slice(opening.as_bytes());
                }
                self.capture = Some(Capture {
                    entity_id,
                    depth: self.open.len(),
                    is_idp: false,
                    kept: Writer::new(kept),
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn root(&mut self, is_metadata: bool, local: &str, at: Position) -> Result<(), AggregateError> {
        if self.has_root {
            let reason = "there is a second root element".to_owned();
            return Err(XmlError::Syntax { at, reason }.into());
        }
        self.has_root = true;
        if is_metadata && matches!(local, "EntityDescriptor" | "EntitiesDescriptor") {
            return Ok(());
        }
        if local.eq_ignore_ascii_case("html") {
            return Err(XmlError::WebPage.into());
        }
        let found = local.chars().take(80).collect();
        Err(XmlError::WrongRoot { expected: "md:EntityDescriptor", found, at }.into())
    }

    /// An entity is complete.
    fn captured(&mut self) {
        let Some(capture) = self.capture.take() else { return };
        if !capture.is_idp {
            return;
        }
        self.providers.offer(&capture.entity_id);
        if self.wanted.is_some_and(|wanted| wanted != capture.entity_id) {
            return;
        }
        self.matching.offer(&capture.entity_id);
        if self.found.is_none() {
            let mut document = capture.kept.into_inner();
            for (_, name) in self.groups.iter().rev() {
                document.extend_from_slice(format!("</{name}>").as_bytes());
            }
            self.found = Some(document);
        }
    }

    fn finish(self) -> Result<Vec<u8>, AggregateError> {
        let at = self.reader.get_ref().at();
        if let Some(element) = self.open.last() {
            return Err(AggregateError::Truncated { element: element.clone(), at });
        }
        if !self.has_root {
            return Err(XmlError::Empty.into());
        }
        if self.matching.count() > 1 {
            return Err(SelectError::Several { entities: self.matching }.into());
        }
        match (self.found, self.wanted) {
            (Some(found), _) => Ok(found),
            (None, Some(wanted)) if self.providers.count() > 0 => {
                Err(SelectError::NotFound { wanted: wanted.to_owned(), entities: self.providers }.into())
            }
            (None, _) => Err(SelectError::NoIdentityProvider { entities: self.entities }.into()),
        }
    }

    fn explain(&self, error: &quick_xml::Error) -> AggregateError {
        use quick_xml::errors::{IllFormedError, SyntaxError};
        let source = self.reader.get_ref();
        let at = source.at();
        match (source.stopped, error) {
            (Some(Stop::Part), _) => AggregateError::PartTooLarge { at },
            (Some(Stop::Document), _) => AggregateError::TooLarge,
            (None, quick_xml::Error::Io(reason)) => AggregateError::Read { reason: reason.to_string() },
            (None, quick_xml::Error::Encoding(_)) => {
                XmlError::NotUtf8 { offset: usize::try_from(source.read).unwrap_or(usize::MAX) }.into()
            }
            (
                None,
                quick_xml::Error::Syntax(
                    SyntaxError::UnclosedTag
                    | SyntaxError::UnclosedComment
                    | SyntaxError::UnclosedCData
                    | SyntaxError::UnclosedPI
                    | SyntaxError::UnclosedXmlDecl
                    | SyntaxError::UnclosedSingleQuotedAttributeValue
                    | SyntaxError::UnclosedDoubleQuotedAttributeValue,
                ),
            )
            | (None, quick_xml::Error::IllFormed(IllFormedError::MissingEndTag(_))) => {
                let element = self.open.last().cloned().unwrap_or_default();
                AggregateError::Truncated { element, at }
            }
            (None, other) => {
                XmlError::Syntax { at, reason: other.to_string().chars().take(200).collect() }.into()
            }
        }
    }
}

fn entity_id(tag: &BytesStart<'_>, at: Position) -> Result<String, AggregateError> {
    let missing =
        || XmlError::MissingAttribute { element: "EntityDescriptor".to_owned(), attribute: "entityID", at };
    let wrong = |reason: String| XmlError::Syntax { at, reason };
    let mut found = None;
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| wrong(error.to_string()))?;
        if attribute.key.as_ref() == "entityID" {
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| wrong(error.to_string()))?;
            found = Some(value.trim_matches(super::xml::is_xml_space).to_owned());
        }
    }
    let id = found.filter(|id| !id.is_empty()).ok_or_else(missing)?;
    if id.chars().count() > MAX_ENTITY_ID {
        let value = id.chars().take(80).collect();
        return Err(XmlError::BadValue { what: "entity ID of 1024 characters at most", value, at }.into());
    }
    Ok(id)
}

/// What a source was stopped for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Part,
    Document,
}

/// A source that counts: no more than a part at a time, no more than a document in all. It knows where it is.
struct Bounded<R> {
    inner: R,
    part: usize,
    read: u64,
    line: u32,
    column: u32,
    stopped: Option<Stop>,
}

impl<R> Bounded<R> {
    fn new(inner: R) -> Self {
        Self { inner, part: 0, read: 0, line: 1, column: 1, stopped: None }
    }

    fn next_part(&mut self) {
        self.part = 0;
    }

    /// Where the next byte stands; columns count bytes here.
    fn at(&self) -> Position {
        Position { line: self.line, column: self.column }
    }
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(into.len());
        into[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.part > MAX_PART {
            self.stopped = Some(Stop::Part);
        } else if self.read > MAX_DOCUMENT {
            self.stopped = Some(Stop::Document);
        }
        if self.stopped.is_some() {
            return Err(std::io::Error::other("a limit is passed"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // What was given out is still buffered, so this reads nothing.
        if let Ok(available) = self.inner.fill_buf() {
            let consumed = &available[..count.min(available.len())];
            let lines = consumed.iter().filter(|byte| **byte == b'\n').count();
            let tail = consumed.iter().rev().take_while(|byte| **byte != b'\n').count();
            let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            if lines > 0 {
                self.line = self.line.saturating_add(small(lines));
                self.column = 1;
            }
            self.column = self.column.saturating_add(small(tail));
        }
        self.part += count;
        self.read += count as u64;
        self.inner.consume(count);
    }
}

#[cfg(test)]
mod tests;
