//! Questions: asked on stderr, answered on stdin, and only where somebody is at a terminal on both sides.

use std::fmt;

use super::{Ui, lock};

impl Ui {
    /// Asks whether to go on; only `yes` and `y` mean yes. `None` without a terminal, or where the input ended.
    pub fn confirm(&self, question: &str) -> Option<bool> {
        let answer = self.read(&format!("{question} [y/N] "))?;
        Some(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    /// Asks for a value until `validate` takes one; what it says against an answer is shown. `None` without a terminal, or where the
    /// input ended. The answer comes without the space around it.
    pub fn ask<T, E: fmt::Display>(
        &self,
        question: &str,
        validate: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        loop {
            let answer = self.read(&format!("{question} "))?;
            match validate(answer.trim()) {
                Ok(value) => return Some(value),
                Err(problem) => self.warn(&problem.to_string()),
            }
        }
    }

    fn read(&self, question: &str) -> Option<String> {
        if !self.is_interactive {
            return None;
        }
        self.bars.suspend(|| {
            self.write_raw(&self.err, question);
            let mut line = String::new();
            // An answer that is no UTF-8, or cannot be read, is no answer.
            match lock(&self.input).read_line(&mut line) {
                Ok(0) | Err(_) => None,
                Ok(_) => Some(line),
            }
        })
    }
}
