//! The lines of a source that surround some places, ready to be drawn: hidden characters made visible, long lines cut,
//! places moved accordingly. Owns that mapping; the drawing is `human`'s.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::escape::{escaped, is_hidden};
use super::source::{SourceFile, Span};

/// Lines above and below a place that are shown with it.
pub(super) const CONTEXT: usize = 1;
/// A longer line is cut, in characters.
const LONGEST_LINE: usize = 240;
/// Characters kept before the place where a line is cut at the front.
const LEAD: usize = 60;

/// A text of as many lines as needed, where only the lines near the places are filled in, so that line numbers hold.
pub(super) struct Excerpt {
    source: Arc<SourceFile>,
    text: String,
    /// Offset in `text` of each line's first byte.
    starts: Vec<usize>,
    /// Where each place lies in `text`, in the order in which they were asked for.
    pub(super) places: Vec<Range<usize>>,
    /// The true column (from 0, in characters) of a place, by its offset in `text`.
    columns: BTreeMap<usize, usize>,
}

impl Excerpt {
    /// Prepares the lines around the places. A place of several lines is clipped to its first.
    pub(super) fn new(source: &Arc<SourceFile>, spans: &[Span]) -> Self {
        let mut wanted: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut ends = Vec::with_capacity(spans.len());
        for (index, span) in spans.iter().enumerate() {
            let (line, column) = source.position(span.start);
            ends.push((line - 1, column - 1));
            for near in (line - 1).saturating_sub(CONTEXT)..=(line - 1 + CONTEXT) {
                wanted.entry(near).or_default();
            }
            wanted.entry(line - 1).or_default().push(index);
        }
        let last_line = source.line_starts().len() - 1;
        let mut excerpt = Self {
            source: Arc::clone(source),
            text: String::new(),
            starts: Vec::new(),
            places: vec![0..0; spans.len()],
            columns: BTreeMap::new(),
        };
        for line in 0..=wanted.keys().last().copied().unwrap_or(0).min(last_line) {
            if line > 0 {
                excerpt.text.push('\n');
            }
            excerpt.starts.push(excerpt.text.len());
            if let Some(places) = wanted.get(&line) {
                excerpt.add_line(line, places, spans, &ends);
            }
        }
        excerpt
    }

    fn add_line(&mut self, line: usize, places: &[usize], spans: &[Span], ends: &[(usize, usize)]) {
        let source = Arc::clone(&self.source);
        let (start, text) = source.line(line);
        let first = places.iter().map(|place| ends[*place].1).min().unwrap_or(0);
        let window = window(text.chars().count(), first);
        // Where each character of the line went, with one more for the end of the line.
        let mut moved = Vec::with_capacity(text.len().min(LONGEST_LINE) + 2);
        if window.start > 0 {
            self.text.push('…');
        }
        let window_start = self.text.len();
        for (column, (offset, c)) in text.char_indices().enumerate() {
            if !window.contains(&column) {
                continue;
            }
            moved.push((start + offset, self.text.len()));
            match c {
                '\t' => self.text.push(' '),
                c if is_hidden(c) => self.text.push_str(&escaped(c)),
                c => self.text.push(c),
            }
        }
        let window_end = self.text.len();
        if text.chars().count() > window.end {
            self.text.push('…');
        }
        let locate = |offset: usize| {
            let next = moved.partition_point(|(original, _)| *original < offset);
            moved.get(next).map_or(window_end, |(_, at)| *at)
        };
        for place in places {
            let span = spans[*place];
            let from = locate(span.start).max(window_start);
            self.places[*place] = from..locate(span.end).max(from);
            self.columns.insert(from, ends[*place].1);
        }
    }

    /// The index of the line that holds an offset of the excerpt's text.
    fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// The text from the line `before` lines above the place to the one `after` below: the range in the excerpt's text,
    /// the first line's number from 0, the column from 0 at which the range starts, and the number of lines.
    /// With no lines around it, the range starts at the place itself.
    pub(super) fn window(
        &self,
        place: Range<usize>,
        before: usize,
        after: usize,
    ) -> (Range<usize>, usize, usize, usize) {
        let line = self.line_of(place.start);
        let first = line.saturating_sub(before);
        let last = (self.line_of(place.end) + after).min(self.starts.len().saturating_sub(1));
        let end = self.starts.get(last + 1).copied().unwrap_or(self.text.len());
        if before == 0 && after == 0 {
            let column = self.columns.get(&place.start).copied().unwrap_or(0);
            return (place.start..end.max(place.start), line, column, 1);
        }
        (self.starts[first]..end, first, 0, last + 1 - first)
    }

    /// The bytes of a range of the excerpt's text.
    pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.text.as_bytes().get(range).unwrap_or_default()
    }

    /// The source that it shows.
    pub(super) fn source(&self) -> &SourceFile {
        &self.source
    }
}

/// Which characters of a line are shown, where the first place is at character `first`.
fn window(length: usize, first: usize) -> Range<usize> {
    if length <= LONGEST_LINE {
        return 0..length;
    }
    let start = if first < LONGEST_LINE / 2 { 0 } else { first - LEAD };
    start..(start + LONGEST_LINE).min(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn places_follow_their_characters() {
        let source = SourceFile::new("a", "x\na\u{1b}b: \tvalue\ny\nz");
        let excerpt = Excerpt::new(&source, &[Span::new(8, 13), Span::new(3, 4)]);
        assert_eq!(excerpt.text, "x\na\\u{1b}b:  value\ny");
        assert_eq!(&excerpt.text[excerpt.places[0].clone()], "value");
        assert_eq!(&excerpt.text[excerpt.places[1].clone()], "\\u{1b}");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let source = SourceFile::new("a", format!("{}here{}", "a".repeat(5000), "b".repeat(5000)));
        let excerpt = Excerpt::new(&source, &[Span::new(5000, 5004)]);
        assert_eq!(excerpt.text.chars().count(), LONGEST_LINE + 2);
        assert_eq!(&excerpt.text[excerpt.places[0].clone()], "here");
        assert_eq!(excerpt.window(excerpt.places[0].clone(), 0, 0).2, 5000, "the true column");
    }

    proptest! {
        #[test]
        fn any_place_lies_on_character_boundaries(text in any::<String>(), a in 0usize..80, b in 0usize..80) {
            let source = SourceFile::new("a", text);
            let excerpt = Excerpt::new(&source, &[Span::new(a, b), Span::new(b, a)]);
            for place in &excerpt.places {
                prop_assert!(excerpt.text.get(place.clone()).is_some());
                let (range, ..) = excerpt.window(place.clone(), CONTEXT, CONTEXT);
                prop_assert!(range.start <= place.start && place.end <= range.end);
            }
        }
    }
}
