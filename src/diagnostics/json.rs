//! Findings as JSON, for scripts. Owns the versioned shape; what a code means is looked up with `concord explain`.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Findings, Fix, Label, Severity};

/// The version of the shape below. It grows when a field changes its meaning or goes away, not when one is added.
pub const FORMAT_VERSION: u32 = 1;

/// All findings of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// How many findings there are of each severity.
    pub summary: Summary,
    /// The findings: those without a place first, then by file and position.
    pub findings: Vec<Entry>,
}

/// How many findings there are of each severity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Findings that stop a run.
    pub errors: usize,
    /// Findings that do not.
    pub warnings: usize,
    /// Hints.
    pub advice: usize,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The stable code.
    pub code: String,
    /// How grave it is.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// Where it is; missing for what concerns the whole project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Place>,
    /// Other places that explain it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Place>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// A change that would mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<FixEntry>,
}

/// A place in a file. Lines and columns count from 1, columns in characters; the end is exclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// Path relative to the project.
    pub file: String,
    /// First line.
    pub line: usize,
    /// First column.
    pub column: usize,
    /// Line of the end.
    pub end_line: usize,
    /// Column after the last character.
    pub end_column: usize,
    /// What is to be seen there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
}

/// A change that would mend a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FixEntry {
    /// What it does.
    pub description: String,
    /// Replacements of text, which do not overlap.
    pub edits: Vec<EditEntry>,
}

/// One replacement of text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditEntry {
    /// What is replaced.
    pub location: Place,
    /// What comes in its place.
    pub replacement: String,
}

/// The findings in the order of [`Findings::sorted`].
pub fn report(findings: &Findings) -> Report {
    let findings = findings.clone().sorted();
    let counts = findings.counts();
    Report {
        format_version: FORMAT_VERSION,
        summary: Summary { errors: counts.errors, warnings: counts.warnings, advice: counts.advice },
        findings: findings
            .iter()
            .map(|finding| Entry {
                code: finding.code.id.to_owned(),
                severity: finding.severity,
                message: finding.message.clone(),
                location: finding.primary.as_ref().map(place),
                related: finding.related.iter().map(place).collect(),
                help: finding.help.clone(),
                fix: finding.fix.as_ref().map(fix),
            })
            .collect(),
    }
}

fn place(label: &Label) -> Place {
    let location = &label.location;
    let (end_line, end_column) = location.end();
    Place {
        file: location.file().to_string(),
        line: location.line(),
        column: location.column(),
        end_line,
        end_column,
        label: label.text.clone(),
    }
}

fn fix(fix: &Fix) -> FixEntry {
    FixEntry {
        description: fix.description.clone(),
        edits: fix
            .edits
            .iter()
            .map(|edit| EditEntry {
                location: place(&Label { location: edit.location.clone(), text: String::new() }),
                replacement: edit.replacement.clone(),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Code, Finding, SourceFile};
    use super::*;

    static CODE: Code = Code {
        id: "unknown-field",
        severity: Severity::Error,
        title: "a field does not exist here",
        explanation: "",
    };

    #[test]
    fn findings_for_scripts() {
        let source = SourceFile::new("a.yaml", "né: 1\nnme: 2\n");
        let mut findings = Findings::new();
        findings.push(
            Finding::new(&CODE, "unknown field `nme`")
                .at(source.at(7..10), "unknown field")
                .related(source.at(0..3), "")
                .help("did you mean `name`?")
                .fix("rename the field to `name`", source.at(7..10), "name"),
        );
        findings.push(Finding::advice(&CODE, "nothing else"));
        let report = serde_json::to_value(report(&findings)).unwrap();
        insta::assert_json_snapshot!(report, @r#"
        {
          "findings": [
            {
              "code": "unknown-field",
              "message": "nothing else",
              "severity": "advice"
            },
            {
              "code": "unknown-field",
              "fix": {
                "description": "rename the field to `name`",
                "edits": [
                  {
                    "location": {
                      "column": 1,
                      "endColumn": 4,
                      "endLine": 2,
                      "file": "a.yaml",
                      "line": 2
                    },
                    "replacement": "name"
                  }
                ]
              },
              "help": "did you mean `name`?",
              "location": {
                "column": 1,
                "endColumn": 4,
                "endLine": 2,
                "file": "a.yaml",
                "label": "unknown field",
                "line": 2
              },
              "message": "unknown field `nme`",
              "related": [
                {
                  "column": 1,
                  "endColumn": 3,
                  "endLine": 1,
                  "file": "a.yaml",
                  "line": 1
                }
              ],
              "severity": "error"
            }
          ],
          "formatVersion": 1,
          "summary": {
            "advice": 1,
            "errors": 1,
            "warnings": 0
          }
        }
        "#);
        let schema = serde_json::to_value(schemars::schema_for!(Report)).unwrap();
        assert!(jsonschema::is_valid(&schema, &report));
    }
}
