//! A [`Ui`] whose streams are kept in memory, for tests.

use std::{
    io::{self, Cursor, Write},
    sync::{Arc, Mutex},
};

use indicatif::MultiProgress;

use super::{Stream, Ui, lock};

/// What was printed to a [`Ui`] in memory.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    out: Arc<Mutex<Vec<u8>>>,
    err: Arc<Mutex<Vec<u8>>>,
}

impl Memory {
    /// What went to stdout so far.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&lock(&self.out)).into_owned()
    }

    /// What went to stderr so far.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&lock(&self.err)).into_owned()
    }
}

/// Bytes that are kept.
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Ui {
    /// A user interface in memory: 80 columns, no colour, no bars. With `answers` somebody is there and types these lines; without, nobody is.
    pub fn memory(answers: Option<&str>) -> (Self, Memory) {
        let memory = Memory::default();
        let (out, err) = (Kept(Arc::clone(&memory.out)), Kept(Arc::clone(&memory.err)));
        (Self::to(Box::new(out), Box::new(err), answers), memory)
    }

    pub(super) fn to(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>, answers: Option<&str>) -> Self {
        let stream = |to| Stream { to: Mutex::new(to), is_colored: false, is_terminal: answers.is_some() };
        Self {
            out: stream(out),
            err: stream(err),
            input: Mutex::new(Box::new(Cursor::new(answers.unwrap_or_default().as_bytes().to_vec()))),
            is_interactive: answers.is_some(),
            has_bars: false,
            quiet: false,
            width: 80,
            is_unicode: true,
            bars: MultiProgress::with_draw_target(indicatif::ProgressDrawTarget::hidden()),
            failure: Arc::default(),
        }
    }
}
