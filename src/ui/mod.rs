//! The only place that prints: the two streams, colour, width, prompts and progress.
//!
//! Results go to stdout, everything else to stderr. What the streams are (a terminal or not, coloured or not, how wide) is decided once,
//! when the [`Ui`] is made; renderers are told, and draw nothing themselves.
//!
//! # Guarantees
//! Printing never panics: a reader that went away (`concord plan | head`) ends the output quietly, and any other failure is kept for
//! [`Ui::finish`]. There is no prompt without a terminal on both sides. Texts are printed as they come; whoever makes them has made
//! foreign text visible.

mod memory;
mod progress;
mod prompt;

use std::{
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError},
};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use indicatif::MultiProgress;

pub use memory::Memory;
pub use progress::Progress;

/// Whether to use colour, as `--color` says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The least and the most columns that are drawn for; the least also where there is no terminal.
pub const WIDTH: std::ops::RangeInclusive<usize> = 80..=120;

/// Where a program's output goes and its questions are answered. Shared by reference between tasks.
pub struct Ui {
    out: Stream,
    err: Stream,
    input: Mutex<Box<dyn io::BufRead + Send>>,
    /// Whether somebody is there to answer.
    is_interactive: bool,
    /// Whether progress can be redrawn in place.
    has_bars: bool,
    quiet: bool,
    width: usize,
    is_unicode: bool,
    bars: MultiProgress,
    failure: Arc<Mutex<Option<io::Error>>>,
}

/// One of the two streams.
struct Stream {
    to: Mutex<Box<dyn Write + Send>>,
    is_colored: bool,
    is_terminal: bool,
}

impl Ui {
    /// The process's own streams. `quiet` leaves out notes, status and progress; warnings and results stay.
    pub fn new(color: Color, quiet: bool) -> Self {
        let choice = |auto: ColorChoice| match color {
            Color::Auto => auto,
            Color::Always => ColorChoice::AlwaysAnsi,
            Color::Never => ColorChoice::Never,
        };
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let out_choice = choice(AutoStream::choice(&stdout));
        let err_choice = choice(AutoStream::choice(&stderr));
        let is_terminal = (stdout.is_terminal(), stderr.is_terminal());
        Self {
            out: Stream {
                is_colored: out_choice != ColorChoice::Never,
                is_terminal: is_terminal.0,
                to: Mutex::new(Box::new(AutoStream::new(stdout, out_choice))),
            },
            err: Stream {
                is_colored: err_choice != ColorChoice::Never,
                is_terminal: is_terminal.1,
                to: Mutex::new(Box::new(AutoStream::new(stderr, err_choice))),
            },
            input: Mutex::new(Box::new(io::BufReader::new(io::stdin()))),
            is_interactive: io::stdin().is_terminal() && is_terminal.1,
            has_bars: is_terminal.1 && !quiet,
            quiet,
            width: columns(terminal_size::terminal_size().map(|(width, _)| width.0)),
            is_unicode: is_unicode(|name| std::env::var(name).ok()),
            bars: MultiProgress::new(),
            failure: Arc::default(),
        }
    }

    /// Columns to draw for, within [`WIDTH`].
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether results may have colour.
    pub fn is_result_colored(&self) -> bool {
        self.out.is_colored
    }

    /// Whether what goes to stderr may have colour.
    pub fn is_status_colored(&self) -> bool {
        self.err.is_colored
    }

    /// Whether results are read by a person at a terminal.
    pub fn is_result_terminal(&self) -> bool {
        self.out.is_terminal
    }

    /// Whether characters beyond ASCII can be shown, going by the locale.
    pub fn is_unicode(&self) -> bool {
        self.is_unicode
    }

    /// Whether somebody is there to answer a question.
    pub fn is_interactive(&self) -> bool {
        self.is_interactive
    }

    /// Prints a result to stdout, as it is. A missing final newline is added.
    pub fn result(&self, text: &str) {
        if !text.is_empty() {
            self.bars.suspend(|| self.write(&self.out, text));
        }
    }

    /// Says on stderr what is good to know.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.labelled("note", AnsiColor::Cyan, text);
        }
    }

    /// Warns on stderr; also when quiet.
    pub fn warn(&self, text: &str) {
        self.labelled("warning", AnsiColor::Yellow, text);
    }

    /// Says on stderr what went wrong; also when quiet.
    pub fn error(&self, text: &str) {
        self.labelled("error", AnsiColor::Red, text);
    }

    /// Prints drawn text (findings, for instance) to stderr, as it is; also when quiet.
    pub fn report(&self, text: &str) {
        if !text.is_empty() {
            self.bars.suspend(|| self.write(&self.err, text));
        }
    }

    /// Says on stderr what is being done.
    pub fn status(&self, text: &str) {
        if !self.quiet {
            let text = self.paint(&self.err, Style::new().dimmed(), text);
            self.report(&text);
        }
    }

    /// The first failure to print, other than a reader that went away: a full disk under `> FILE`.
    ///
    /// # Errors
    /// That failure.
    pub fn finish(&self) -> io::Result<()> {
        self.flush(&self.out);
        self.flush(&self.err);
        lock(&self.failure).take().map_or(Ok(()), Err)
    }

    fn labelled(&self, label: &str, color: AnsiColor, text: &str) {
        let label = self.paint(&self.err, color.on_default().bold(), &format!("{label}:"));
        self.report(&format!("{label} {text}"));
    }

    fn paint(&self, stream: &Stream, style: Style, text: &str) -> String {
        if stream.is_colored {
            format!("{}{text}{}", style.render(), style.render_reset())
        } else {
            text.to_owned()
        }
    }

    fn write(&self, stream: &Stream, text: &str) {
        let newline = if text.ends_with('\n') { "" } else { "\n" };
        self.write_raw(stream, &format!("{text}{newline}"));
    }

    fn write_raw(&self, stream: &Stream, text: &str) {
        let result = {
            let mut to = lock(&stream.to);
            to.write_all(text.as_bytes()).and_then(|()| to.flush())
        };
        self.keep(result);
    }

    fn flush(&self, stream: &Stream) {
        let result = lock(&stream.to).flush();
        self.keep(result);
    }

    fn keep(&self, result: io::Result<()>) {
        if let Err(error) = result
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            lock(&self.failure).get_or_insert(error);
        }
    }
}

impl std::fmt::Debug for Ui {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ui").field("width", &self.width).field("quiet", &self.quiet).finish_non_exhaustive()
    }
}

/// A panic elsewhere while something was printed leaves nothing behind that would be wrong to go on with.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn columns(terminal: Option<u16>) -> usize {
    terminal.map_or(*WIDTH.start(), |columns| usize::from(columns).clamp(*WIDTH.start(), *WIDTH.end()))
}

/// Whether the locale's character set is UTF-8, by the first of POSIX's three variables that is set; UTF-8 where none is.
fn is_unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| variable(name).filter(|it| !it.is_empty()));
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests;
