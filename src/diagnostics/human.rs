//! Findings for a person at a terminal: the source underlined, what to do below it. The only file that knows miette.
//!
//! Every text that comes from outside is made visible first, so that no manifest can repaint a terminal.

use std::error::Error;
use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use super::excerpt::{CONTEXT, Excerpt};
use super::{Finding, Findings, Label, Severity, visible, visible_block};

/// How findings are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Columns; at least 40 are used.
    pub width: usize,
    /// ANSI colours.
    pub color: bool,
    /// Box drawing characters rather than ASCII.
    pub unicode: bool,
    /// Findings shown in full; what comes after is counted. Errors are never crowded out by warnings.
    pub limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { width: 80, color: false, unicode: true, limit: 20 }
    }
}

/// Draws the findings in the order of [`Findings::sorted`], with a closing line that counts them. Empty where there are
/// none.
pub fn render(findings: &Findings, options: &Options) -> String {
    let findings = findings.clone().sorted();
    let handler = handler(options);
    let mut out = String::new();
    let errors = findings.counts().errors;
    let (mut errors_left, mut others_left) = (options.limit, options.limit.saturating_sub(errors));
    let mut left_out = 0;
    for finding in &findings {
        let left = if finding.severity == Severity::Error { &mut errors_left } else { &mut others_left };
        if *left == 0 {
            left_out += 1;
            continue;
        }
        *left -= 1;
        out.push_str(&draw(&handler, finding));
        out.push('\n');
    }
    if left_out > 0 {
        out.push_str(&format!("... and {left_out} more\n\n"));
    }
    if let Some(first) = findings.iter().next() {
        out.push_str(&summary(&findings));
        out.push_str(&format!("\nWhat a code means: concord explain {}\n", first.code));
    }
    out
}

/// Draws one finding.
pub fn render_one(finding: &Finding, options: &Options) -> String {
    draw(&handler(options), finding)
}

/// "2 errors, 1 warning".
fn summary(findings: &Findings) -> String {
    let counts = findings.counts();
    let part = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    [
        part(counts.errors, "error", "errors"),
        part(counts.warnings, "warning", "warnings"),
        part(counts.advice, "hint", "hints"),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(", ")
}

fn handler(options: &Options) -> GraphicalReportHandler {
    let theme = GraphicalTheme {
        characters: if options.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() },
        styles: if options.color { ThemeStyles::ansi() } else { ThemeStyles::none() },
    };
    GraphicalReportHandler::new_themed(theme)
        .with_width(options.width.max(40))
        .with_context_lines(CONTEXT)
        .with_links(false)
        .with_show_related_as_nested(true)
        .without_syntax_highlighting()
}

fn draw(handler: &GraphicalReportHandler, finding: &Finding) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail; miette's own failures mean a place outside of the excerpt, and then the message
    // alone is still worth having.
    if handler.render_report(&mut out, &Shown::new(finding)).is_err() {
        out = format!("{}\n\n  {}\n", finding.code, visible(&finding.message));
    }
    // An underline without a text leaves spaces at the end of a line.
    let lines: Vec<&str> = out.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// A finding as miette wants it.
#[derive(Debug)]
struct Shown {
    code: Option<&'static str>,
    severity: Severity,
    message: String,
    help: Option<String>,
    source: Option<Source>,
    labels: Vec<LabeledSpan>,
    /// Places in other files, as notes of their own.
    others: Vec<Shown>,
}

impl Shown {
    fn new(finding: &Finding) -> Self {
        let file = finding.location().map(|location| location.source.path());
        let (same, other): (Vec<&Label>, Vec<&Label>) =
            finding.related.iter().partition(|label| Some(label.location.source.path()) == file);
        let places: Vec<&Label> = finding.primary.iter().chain(same).collect();
        let (source, labels) = snippet(&places);
        Self {
            code: Some(finding.code.id),
            severity: finding.severity,
            message: visible_block(&finding.message).into_owned(),
            help: help(finding),
            source,
            labels,
            others: other.into_iter().map(Self::note).collect(),
        }
    }

    fn note(label: &Label) -> Self {
        let place = Label { location: label.location.clone(), text: String::new() };
        let (source, labels) = snippet(&[&place]);
        let message = visible_block(&label.text).into_owned();
        Self {
            code: None,
            severity: Severity::Advice,
            message,
            help: None,
            source,
            labels,
            others: Vec::new(),
        }
    }
}

/// What to do; a fix says its own where the help does not.
fn help(finding: &Finding) -> Option<String> {
    let help = finding.help.as_deref().or(finding.fix.as_ref().map(|fix| fix.description.as_str()))?;
    Some(visible_block(help).into_owned())
}

/// The excerpt and the underlines for places in one file, of which the first is the primary one.
fn snippet(places: &[&Label]) -> (Option<Source>, Vec<LabeledSpan>) {
    let Some(first) = places.first() else { return (None, Vec::new()) };
    let spans: Vec<_> = places.iter().map(|label| label.location.span).collect();
    let excerpt = Excerpt::new(&first.location.source, &spans);
    let labels = places
        .iter()
        .zip(&excerpt.places)
        .enumerate()
        .map(|(index, (label, place))| {
            let text = (!label.text.is_empty()).then(|| visible(&label.text).into_owned());
            let span = SourceSpan::from((place.start, place.len()));
            if index == 0 {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        })
        .collect();
    (Some(Source(excerpt)), labels)
}

/// An excerpt as miette reads it.
struct Source(Excerpt);

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.source().fmt(f)
    }
}

impl SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let place = span.offset()..span.offset() + span.len();
        let (range, line, column, count) = self.0.window(place, before, after);
        let name = visible(self.0.source().path().as_str()).into_owned();
        let span = SourceSpan::from((range.start, range.len()));
        Ok(Box::new(MietteSpanContents::new_named(name, self.0.bytes(range), span, line, column, count)))
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Shown {}

impl Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.map(|code| Box::new(code) as _)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Advice => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty()).then(|| Box::new(self.labels.iter().cloned()) as _)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        (!self.others.is_empty())
            .then(|| Box::new(self.others.iter().map(|other| other as &dyn Diagnostic)) as _)
    }
}

#[cfg(test)]
mod tests;
