//! Text that has a name, and places in it. Owns positions; knows nothing about YAML or about findings.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use camino::{Utf8Path, Utf8PathBuf};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// A text as it was read, under the name by which the person knows it.
///
/// Shared as `Arc<SourceFile>`: every [`Location`] holds on to its source, so that a finding can be shown long after the
/// stage that read the file is over.
pub struct SourceFile {
    path: Utf8PathBuf,
    text: String,
    /// Byte offset of the first byte of each line; made when a position is first asked for.
    lines: OnceLock<Vec<usize>>,
}

impl SourceFile {
    /// Names a text. `path` is what is shown: relative to the project, with forward slashes.
    pub fn new(path: impl Into<Utf8PathBuf>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into(), lines: OnceLock::new() })
    }

    /// The path as it is shown to a person.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset, both counted from 1, the column in characters. Offsets past the end, or inside
    /// a character, are moved back to the nearest character.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let offset = floor_char_boundary(&self.text, offset);
        let starts = self.line_starts();
        let line = starts.partition_point(|start| *start <= offset);
        let start = starts[line - 1];
        (line, self.text[start..offset].chars().count() + 1)
    }

    /// Byte offset of the first byte of every line; never empty, always starts with 0.
    pub(super) fn line_starts(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            std::iter::once(0).chain(self.text.match_indices('\n').map(|(at, _)| at + 1)).collect()
        })
    }

    /// The text of a line (from 0) without its line break, and the offset at which it starts.
    pub(super) fn line(&self, index: usize) -> (usize, &str) {
        let starts = self.line_starts();
        let start = starts.get(index).copied().unwrap_or(self.text.len());
        let end = starts.get(index + 1).copied().unwrap_or(self.text.len());
        let line = &self.text[start..end];
        let line = line.strip_suffix('\n').unwrap_or(line);
        (start, line.strip_suffix('\r').unwrap_or(line))
    }

    /// A copy in which the text of these spans is covered by asterisks, at the same lines and columns: findings are shown with
    /// the lines around them, and a secret must not be shown.
    #[must_use]
    pub fn covered(self: &Arc<Self>, spans: impl IntoIterator<Item = Span>) -> Arc<Self> {
        let mut bytes = self.text.as_bytes().to_vec();
        for span in spans {
            for byte in bytes.get_mut(span.start..span.end).unwrap_or_default() {
                if !byte.is_ascii_whitespace() {
                    *byte = b'*';
                }
            }
        }
        Self::new(self.path.clone(), String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A place in this text.
    pub fn at(self: &Arc<Self>, span: impl Into<Span>) -> Location {
        Location { source: Arc::clone(self), span: span.into() }
    }
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceFile").field("path", &self.path).field("bytes", &self.text.len()).finish()
    }
}

/// A half-open range of byte offsets into a source. Empty where the place lies between two characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// A span from `start` to `end`; an end before the start gives an empty span.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Whether the span covers no text.
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

/// A place in a source. Cheap to clone; serialised as `{file, line, column}`, lines and columns counted from 1 and the
/// column in characters.
#[derive(Clone)]
pub struct Location {
    /// The text.
    pub source: Arc<SourceFile>,
    /// The part of it that is meant.
    pub span: Span,
}

impl Location {
    /// The path as it is shown to a person.
    pub fn file(&self) -> &Utf8Path {
        self.source.path()
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.source.position(self.span.start).0
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> usize {
        self.source.position(self.span.start).1
    }

    /// Line and column after the last character of the span, both from 1.
    pub fn end(&self) -> (usize, usize) {
        self.source.position(self.span.end.max(self.span.start))
    }

    /// The text that the span covers; empty where the span does not fit the text.
    pub fn text(&self) -> &str {
        self.source.text().get(self.span.start..self.span.end).unwrap_or_default()
    }

    /// What findings are ordered by: file, then place.
    pub(super) fn order(&self) -> (&Utf8Path, Span) {
        (self.source.path(), self.span)
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// `file:line:column`, which editors and terminals turn into a link.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.source.position(self.span.start);
        write!(f, "{}:{line}:{column}", self.source.path())
    }
}

/// Two locations are equal when file and span are; the text of the file is not compared.
impl PartialEq for Location {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Location {}

impl Serialize for Location {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (line, column) = self.source.position(self.span.start);
        let mut out = serializer.serialize_struct("Location", 3)?;
        out.serialize_field("file", self.source.path().as_str())?;
        out.serialize_field("line", &line)?;
        out.serialize_field("column", &column)?;
        out.end()
    }
}

/// The greatest character boundary that is not after `offset`.
pub(super) fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_survive_wild_offsets() {
        let source = SourceFile::new("a.yaml", "é: x\r\nname: y\n");
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(1), (1, 1), "inside é");
        assert_eq!(source.position(2), (1, 2));
        assert_eq!(source.position(7), (2, 1));
        assert_eq!(source.position(usize::MAX), (3, 1));
        assert_eq!(source.line(0), (0, "é: x"));
        assert_eq!(source.line(2), (15, ""));
    }

    #[test]
    fn a_location_is_serialised_for_people() {
        let source = SourceFile::new("dir/a.yaml", "a: 1\nbb: 2\n");
        let location = source.at(9..10);
        assert_eq!(
            serde_json::to_value(&location).unwrap(),
            serde_json::json!({"file": "dir/a.yaml", "line": 2, "column": 5})
        );
        assert_eq!(location.to_string(), "dir/a.yaml:2:5");
        assert_eq!((location.text(), location.end()), ("2", (2, 6)));
    }
}
