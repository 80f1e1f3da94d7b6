//! One finding: something that a person should know or mend. Owns its shape; how it looks is the renderers' business.

use serde::Serialize;

use super::{Code, Location};

/// How grave a finding is. Errors stop a run, warnings do not, advice is a hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is planned or applied while there is one.
    Error,
    /// Probably wrong; the run goes on.
    Warning,
    /// Could be better.
    Advice,
}

/// A place, and a few words that are written under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub location: Location,
    /// What is to be seen there; empty where the underline says enough.
    pub text: String,
}

/// A change of text that would mend a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What the change does, as an imperative: "rename the field to `friendlyName`".
    pub description: String,
    /// The edits, which do not overlap.
    pub edits: Vec<Edit>,
}

/// One replacement of text. An empty location inserts, an empty replacement deletes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub location: Location,
    /// What comes in its place.
    pub replacement: String,
}

/// Something that a person should know: which kind, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which kind of thing it is.
    pub code: &'static Code,
    /// How grave it is here.
    pub severity: Severity,
    /// One sentence that makes sense without the labels and starts in lower case.
    pub message: String,
    /// Where it is; `None` for what concerns the whole project.
    pub primary: Option<Label>,
    /// Other places that explain it, in the same file or in another.
    pub related: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
    /// A change that would mend it.
    pub fix: Option<Fix>,
}

impl Finding {
    /// A finding as grave as its code says.
    pub fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity,
            message: message.into(),
            primary: None,
            related: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// An error, whatever the code's own severity.
    pub fn error(code: &'static Code, message: impl Into<String>) -> Self {
        Self::new(code, message).severity(Severity::Error)
    }

    /// A warning, whatever the code's own severity.
    pub fn warning(code: &'static Code, message: impl Into<String>) -> Self {
        Self::new(code, message).severity(Severity::Warning)
    }

    /// Advice, whatever the code's own severity.
    pub fn advice(code: &'static Code, message: impl Into<String>) -> Self {
        Self::new(code, message).severity(Severity::Advice)
    }

    /// Sets the severity.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Says where it is, with a few words for the underline.
    #[must_use]
    pub fn at(mut self, location: Location, label: impl Into<String>) -> Self {
        self.primary = Some(Label { location, text: label.into() });
        self
    }

    /// Adds another place that explains it.
    #[must_use]
    pub fn related(mut self, location: Location, label: impl Into<String>) -> Self {
        self.related.push(Label { location, text: label.into() });
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a fix that replaces one piece of text.
    #[must_use]
    pub fn fix(
        self,
        description: impl Into<String>,
        location: Location,
        replacement: impl Into<String>,
    ) -> Self {
        let edits = vec![Edit { location, replacement: replacement.into() }];
        self.with_fix(Fix { description: description.into(), edits })
    }

    /// Adds a fix.
    #[must_use]
    pub fn with_fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// Where it is, if it has a place.
    pub fn location(&self) -> Option<&Location> {
        self.primary.as_ref().map(|label| &label.location)
    }
}
