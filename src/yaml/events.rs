//! The YAML parser at work. The only file that knows `granit-parser`: it turns that crate's events, spans and errors into
//! ours, and the grammar's complaints into plain words.

use granit_parser::{
    ErrorKind, Event as Raw, Parser, ScalarStyle, ScanError, StrInput, StructureStyle, Tag as RawTag,
};

use crate::diagnostics::Span;

use super::Limits;

/// A step of the parser.
#[derive(Debug)]
pub(super) enum Event {
    /// A document begins.
    DocumentStart,
    /// A document ends.
    DocumentEnd,
    /// A scalar.
    Scalar { text: String, style: Style, anchor: Option<usize>, tag: Option<Tag> },
    /// A list or mapping begins.
    Start { kind: Collection, flow: bool, anchor: Option<usize>, tag: Option<Tag> },
    /// The innermost list or mapping ends.
    End,
    /// `*name`: the anchor that it stands for, if that was defined before.
    Alias { anchor: Option<usize>, name: String },
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// As a block, after `|` or `>`.
    Block,
}

/// Which collection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collection {
    Sequence,
    Mapping,
}

/// A tag on a node.
#[derive(Debug)]
pub(super) struct Tag {
    /// The name within the core schema (`str`, `int`, ...); `None` for every other tag.
    pub(super) core: Option<String>,
    /// As it was written.
    pub(super) written: String,
    /// Where it was written.
    pub(super) span: Span,
}

/// Why a document cannot be read any further.
#[derive(Debug)]
pub(super) struct Failure {
    /// Where the parser stopped.
    pub(super) span: Span,
    /// What is wrong.
    pub(super) message: String,
    /// What to do.
    pub(super) help: Option<&'static str>,
    /// Whether a limit was exceeded, rather than the grammar broken.
    pub(super) limit: bool,
}

/// The events of a text.
pub(super) struct Events<'a> {
    text: &'a str,
    parser: Parser<'a, StrInput<'a>>,
}

impl<'a> Events<'a> {
    pub(super) fn new(text: &'a str, limits: &Limits) -> Self {
        // Our own count of levels comes first and knows where it stopped; this one bounds what the scanner may queue.
        let nesting = limits.depth.saturating_add(8);
        let options = granit_parser::options! {
            emit_comments: false,
            emit_unresolved_aliases: true,
            flow_nesting_limit: nesting,
            block_nesting_limit: nesting,
        };
        Self { text, parser: Parser::new_from_str_with_options(text, options) }
    }

    /// The next event; `None` at the end of the text, or after a failure.
    pub(super) fn next(&mut self) -> Option<Result<(Event, Span), Failure>> {
        loop {
            let (raw, span) = match self.parser.next_event()? {
                Ok(event) => event,
                Err(error) => return Some(Err(failure(self.text, &error))),
            };
            let at = convert_span(&span);
            let tag = |tag: Option<_>| tag.map(|tag| convert_tag(tag, &span, at));
            let event = match raw {
                Raw::DocumentStart(..) => Event::DocumentStart,
                Raw::DocumentEnd => Event::DocumentEnd,
                Raw::Scalar(text, style, id, raw_tag) => Event::Scalar {
                    text: text.into_owned(),
                    style: convert_style(style),
                    anchor: anchor(id),
                    tag: tag(raw_tag.as_deref()),
                },
                Raw::SequenceStart(style, id, raw_tag) => Event::Start {
                    kind: Collection::Sequence,
                    flow: style == StructureStyle::Flow,
                    anchor: anchor(id),
                    tag: tag(raw_tag.as_deref()),
                },
                Raw::MappingStart(style, id, raw_tag) => Event::Start {
                    kind: Collection::Mapping,
                    flow: style == StructureStyle::Flow,
                    anchor: anchor(id),
                    tag: tag(raw_tag.as_deref()),
                },
                Raw::SequenceEnd | Raw::MappingEnd => Event::End,
                Raw::Alias(id) => {
                    let written = self.text.get(at.start..at.end).unwrap_or_default();
                    let name = written.strip_prefix('*').unwrap_or(written).to_owned();
                    Event::Alias { anchor: anchor(id), name }
                }
                Raw::UnresolvedAlias(name) => Event::Alias { anchor: None, name: name.into_owned() },
                // Start and end of the stream, and kinds that the options switch off.
                _ => continue,
            };
            return Some(Ok((event, at)));
        }
    }

    /// Gives up the current document, and says whether there is another one.
    pub(super) fn skip_document(&mut self) -> bool {
        self.parser.proceed_next_document().unwrap_or(false)
    }
}

/// The parser numbers anchors from 1; 0 is none.
fn anchor(id: usize) -> Option<usize> {
    (id != 0).then_some(id)
}

fn convert_span(span: &granit_parser::Span) -> Span {
    span.byte_range().map(Span::from).unwrap_or_default()
}

fn convert_tag(tag: &RawTag, span: &granit_parser::Span, node: Span) -> Tag {
    Tag {
        core: tag.core_suffix().map(str::to_owned),
        written: tag.original(),
        span: span.tag_span().map_or(node, |span| convert_span(&span)),
    }
}

fn convert_style(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}

fn failure(text: &str, error: &ScanError) -> Failure {
    let start = error.marker().byte_offset().unwrap_or_default().min(text.len());
    let next = text.get(start..).and_then(|rest| rest.chars().next()).filter(|c| !matches!(c, '\n' | '\r'));
    let span = Span::new(start, start + next.map_or(0, char::len_utf8));
    let (message, help) = explain(error.kind());
    // The grammar stumbles over what follows the tab.
    let is_tab = matches!(
        error.kind(),
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation
    );
    let span = match text.get(..start).is_some_and(|before| before.ends_with('\t')) && is_tab {
        true => Span::new(start - 1, start),
        false => span,
    };
    let limit = matches!(error.kind(), ErrorKind::RecursionLimitExceeded);
    Failure { span, message, help, limit }
}

/// The grammar's complaint in plain words, and what usually mends it.
fn explain(kind: &ErrorKind) -> (String, Option<&'static str>) {
    const INDENT: &str = "check the indentation: fields of one mapping start in the same column";
    const QUOTE: &str = "put the value in quotes if it is a text";
    let (message, help) = match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart => ("a tab is used for indentation", "indent with spaces"),
        ErrorKind::UnclosedQuotedScalar => ("a quote is not closed", "add the closing quote"),
        ErrorKind::UnclosedFlowCollection { open } => {
            return (format!("`{open}` is not closed"), Some("add the closing bracket"));
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return (format!("`{open}` is closed by `{close}`"), Some("brackets close in pairs"));
        }
        ErrorKind::UnexpectedEofFlowSequence | ErrorKind::ExpectedFlowSequenceSeparator => {
            ("a list lacks `,` or `]` here", "separate the elements with commas, and close the bracket")
        }
        ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::ExpectedFlowMappingSeparator => {
            ("a mapping lacks `,` or `}` here", "separate the fields with commas, and close the brace")
        }
        ErrorKind::MisplacedFlowCollectionEnd => ("a bracket is closed that was not opened", QUOTE),
        ErrorKind::MappingValueNotAllowed
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::MappingKeyNotAllowed => (
            "a field is not expected here",
            "check the indentation, and put a text with `: ` in it in quotes",
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("a `:` is missing after a key", "write `key: value`, with a space after the colon")
        }
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::InvalidIndentation => ("this line does not fit what stands above it", INDENT),
        ErrorKind::InvalidQuotedScalarIndent => (
            "the text in quotes that begins above is not closed before this line",
            "close the quote where the text ends; a text that goes on is indented",
        ),
        ErrorKind::InvalidBlockScalarIndent | ErrorKind::InvalidFlowScalarIndent => {
            ("this line of a text is not indented enough", INDENT)
        }
        ErrorKind::UnexpectedCharacter { character } => {
            return (format!("`{}` cannot start a value", character.escape_debug()), Some(QUOTE));
        }
        ErrorKind::UnknownQuotedScalarEscape => (
            "this escape sequence does not exist",
            "in double quotes write `\\\\` for a backslash, or use single quotes",
        ),
        ErrorKind::RecursionLimitExceeded => ("the document is too deeply nested", "flatten it"),
        other => return (other.to_string(), None),
    };
    (message.to_owned(), Some(help))
}
