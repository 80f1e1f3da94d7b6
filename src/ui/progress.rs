//! Progress on stderr: a bar that is redrawn on a terminal, one line per step otherwise, nothing when quiet.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use super::Ui;

/// Some work that is under way. It ends when it is dropped.
#[derive(Debug)]
pub struct Progress<'a> {
    ui: &'a Ui,
    title: String,
    total: Option<u64>,
    done: AtomicU64,
    bar: Option<ProgressBar>,
}

impl Ui {
    /// Begins to show progress; `total` is the number of steps, where it is known.
    pub fn progress(&self, title: &str, total: Option<u64>) -> Progress<'_> {
        let bar = self.has_bars.then(|| {
            let template = match total {
                Some(_) => "{prefix} {bar:20} {pos}/{len} {msg:.dim} {eta:.dim}",
                None => "{spinner} {prefix} {msg:.dim}",
            };
            let style = ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars(if self.is_unicode { "█▉▊▋▌▍▎▏ " } else { "#>-" });
            let bar = self.bars.add(match total {
                Some(total) => ProgressBar::new(total),
                None => ProgressBar::new_spinner(),
            });
            bar.set_style(style);
            bar.set_prefix(title.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Progress { ui: self, title: title.to_owned(), total, done: AtomicU64::new(0), bar }
    }
}

impl Progress<'_> {
    /// One step more is done.
    pub fn step(&self, what: &str) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(bar) = &self.bar {
            bar.set_message(what.to_owned());
            bar.set_position(done);
            return;
        }
        let count = self.total.map_or_else(|| done.to_string(), |total| format!("{done}/{total}"));
        self.ui.status(&format!("{} [{count}] {what}", self.title));
    }

    /// Nothing moves, and this is why: a rate limit, a deployment.
    pub fn waiting(&self, why: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(format!("waiting: {why}")),
            None => self.ui.status(&format!("{}: waiting: {why}", self.title)),
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
