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

#[cfg(test)]
mod tests {
    use super::super::{Code, Finding, SourceFile};
    use super::*;

    static CODE: Code =
        Code { id: "test", severity: Severity::Error, title: "50%, or: more", explanation: "" };

    #[test]
    fn commands_cannot_be_forged() {
        let source = SourceFile::new("a,b:c.yaml", "né: x\ny: z\n");
        let findings = [
            Finding::new(&CODE, "100%\r\n::error::forged").at(source.at(5..6), "").help("mend it"),
            Finding::warning(&CODE, "two lines").at(source.at(5..8), ""),
            Finding::advice(&CODE, "no place"),
        ]
        .into_iter()
        .collect();
        insta::assert_snapshot!(render(&findings, Utf8Path::new("sso/nss")), @r#"
        ::notice title=50%25%2C or%3A more (test)::no place
        ::error file=sso/nss/a%2Cb%3Ac.yaml,line=1,col=5,endColumn=6,title=50%25%2C or%3A more (test)::100%25%0D%0A::error::forged%0Amend it
        ::warning file=sso/nss/a%2Cb%3Ac.yaml,line=1,endLine=2,title=50%25%2C or%3A more (test)::two lines
        "#);
    }
}
