//! Findings as GitHub workflow commands, which the runner turns into annotations of the pull request. Owns their form and
//! escaping.
//!
//! Source: GitHub Docs, "Workflow commands for GitHub Actions"; the escaping is that of `actions/toolkit`,
//! `packages/core/src/command.ts`.

use camino::Utf8Path;

use super::{Findings, Severity};

/// One line a finding. `base` is the project's folder relative to the repository's root (empty where it is the root),
/// because annotations are matched by paths of the repository.
pub fn render(findings: &Findings, base: &Utf8Path) -> String {
    let mut out = String::new();
    for finding in findings.clone().sorted() {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Advice => "notice",
        };
        let mut properties = Vec::new();
        if let Some(location) = finding.location() {
            let (line, column) = (location.line(), location.column());
            let (end_line, end_column) = location.end();
            properties.push(("file", base.join(location.file()).into_string()));
            properties.push(("line", line.to_string()));
            // Columns are only accepted where the annotation stays on one line.
            if end_line == line {
                properties.push(("col", column.to_string()));
                properties.push(("endColumn", end_column.to_string()));
            } else {
                properties.push(("endLine", end_line.to_string()));
            }
        }
        properties.push(("title", format!("{} ({})", finding.code.title, finding.code.id)));
        let properties: Vec<_> =
            properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
        let message = match &finding.help {
            Some(help) => format!("{}\n{help}", finding.message),
            None => finding.message.clone(),
        };
        out.push_str(&format!("::{command} {}::{}\n", properties.join(","), data(&message)));
    }
    out
}

/// Escapes the message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
