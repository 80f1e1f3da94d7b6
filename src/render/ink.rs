//! Colour, indentation and wrapping for terminals. Owns what a tone looks like and how wide a text is; knows no plan. Texts that
//! come in here are already safe to look at.

use anstyle::{AnsiColor, Style as Ansi};
use unicode_width::UnicodeWidthStr;

/// What a piece of text means; the colour follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Nothing in particular.
    Plain,
    /// Context: reasons, places, what stays.
    Dim,
    /// A heading.
    Strong,
    /// Something new.
    Good,
    /// Something that changes, or wants attention.
    Warn,
    /// Something that goes, or that stands in the way.
    Bad,
    /// Something for a person to do.
    Info,
}

impl Tone {
    fn ansi(self) -> Ansi {
        let color = |color: AnsiColor| color.on_default();
        match self {
            Self::Plain => Ansi::new(),
            Self::Dim => Ansi::new().dimmed(),
            Self::Strong => Ansi::new().bold(),
            Self::Good => color(AnsiColor::Green),
            Self::Warn => color(AnsiColor::Yellow),
            Self::Bad => color(AnsiColor::Red),
            Self::Info => color(AnsiColor::Cyan),
        }
    }
}

/// The longest lead that the lines of a paragraph stand behind.
const LEAD: usize = 6;

/// Columns that a text takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// A page that is being written.
#[derive(Debug)]
pub(super) struct Ink {
    out: String,
    color: bool,
    columns: usize,
}

impl Ink {
    pub(super) fn new(color: bool, columns: usize) -> Self {
        Self { out: String::new(), color, columns: columns.max(40) }
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    /// An empty line, unless the page begins here or has one already.
    pub(super) fn gap(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// One line, which is never broken: what may be copied from it stays whole.
    pub(super) fn line<'a>(&mut self, indent: usize, spans: impl IntoIterator<Item = (Tone, &'a str)>) {
        let start = self.out.len();
        self.out.push_str(&" ".repeat(indent));
        for (tone, text) in spans {
            self.paint(tone, text);
        }
        let end = self.out[start..].trim_end_matches(' ').len();
        self.out.truncate(start + end);
        self.out.push('\n');
    }

    /// A paragraph, broken between words. Its first line begins with `lead` at `indent`; the others stand under its text, or a little
    /// inside where the lead is long.
    pub(super) fn prose(&mut self, indent: usize, lead: (Tone, &str), tone: Tone, text: &str) {
        let lead_width = width(lead.1);
        let hang = indent + if lead_width <= LEAD { lead_width } else { 2 };
        let room = |used: usize| self.columns.saturating_sub(used).max(20);
        let mut lines = fill(text, room(indent + lead_width), room(hang)).into_iter();
        let first = lines.next().unwrap_or_default();
        self.line(indent, [lead, (tone, first.as_str())]);
        for line in lines {
            self.line(hang, [(tone, line.as_str())]);
        }
    }

    fn paint(&mut self, tone: Tone, text: &str) {
        if !self.color || tone == Tone::Plain || text.is_empty() {
            self.out.push_str(text);
            return;
        }
        let ansi = tone.ansi();
        self.out.push_str(&format!("{}{text}{}", ansi.render(), ansi.render_reset()));
    }
}

/// Breaks a text between words into lines of at most `room` columns, `first` for the first; a longer word has a line of its own.
/// Line breaks stay.
fn fill(text: &str, first: usize, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            let room = if lines.is_empty() { first } else { room };
            if !line.is_empty() && width(&line) + 1 + width(word) > room {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(fill("日本 日本 日本", 9, 9), ["日本 日本", "日本"]);
        assert_eq!(fill("a verylongword b", 4, 4), ["a", "verylongword", "b"]);
        assert_eq!(fill("", 10, 10), [""]);
    }

    proptest! {
        #[test]
        fn filling_loses_no_word_and_keeps_to_the_room(words in prop::collection::vec("[a-zé]{1,10}", 0..30), room in 10usize..40) {
            let lines = fill(&words.join(" "), room, room);
            prop_assert!(lines.iter().all(|line| width(line) <= room));
            prop_assert_eq!(lines.join(" ").split_whitespace().map(str::to_owned).collect::<Vec<_>>(), words);
        }
    }
}
