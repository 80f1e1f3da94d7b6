//! Findings as SARIF, for code scanning. Owns the part of the format that Concord uses.
//!
//! Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0; section numbers below are its.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Code, Finding, Findings, Fix, Location, Severity};

/// The log with one run. `codes` become the rules, with codes of findings that are missing there added; paths are
/// relative to `%SRCROOT%`, so `base` is the project's folder relative to the repository's root (empty where it is the
/// root).
pub fn log(findings: &Findings, codes: &[&'static Code], base: &camino::Utf8Path) -> Value {
    let findings = findings.clone().sorted();
    let rules: BTreeMap<&str, &'static Code> = codes
        .iter()
        .copied()
        .chain(findings.iter().map(|finding| finding.code))
        .map(|code| (code.id, code))
        .collect();
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(at, id)| (*id, at)).collect();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, &index, base)).collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "concord",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.values().map(|code| rule(code)).collect::<Vec<_>>(),
            }},
            // 3.14.17: columns are counted in characters, as everywhere in Concord.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// 3.49: a reporting descriptor.
fn rule(code: &Code) -> Value {
    json!({
        "id": code.id,
        "shortDescription": {"text": code.title},
        "help": {"text": code.explanation, "markdown": code.explanation},
        "defaultConfiguration": {"level": level(code.severity)},
    })
}

/// 3.27: a result. The help is part of the message, because viewers show the message beside the code.
fn result(finding: &Finding, index: &BTreeMap<&str, usize>, base: &camino::Utf8Path) -> Value {
    let text = match &finding.help {
        Some(help) => format!("{}\n{help}", finding.message),
        None => finding.message.clone(),
    };
    let mut result = json!({
        "ruleId": finding.code.id,
        "ruleIndex": index[finding.code.id],
        "level": level(finding.severity),
        "message": {"text": text},
        "locations": [],
    });
    if let Some(location) = finding.location() {
        result["locations"] = json!([{"physicalLocation": physical(location, base)}]);
    }
    if !finding.related.is_empty() {
        let related: Vec<Value> = finding
            .related
            .iter()
            .map(|label| {
                json!({
                    "physicalLocation": physical(&label.location, base),
                    "message": {"text": label.text},
                })
            })
            .collect();
        result["relatedLocations"] = json!(related);
    }
    if let Some(fix) = &finding.fix {
        result["fixes"] = json!([fix_object(fix, base)]);
    }
    result
}

/// 3.58.6: the names of the levels.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

/// 3.29: a physical location.
fn physical(location: &Location, base: &camino::Utf8Path) -> Value {
    json!({"artifactLocation": artifact(location, base), "region": region(location)})
}

/// 3.4: an artifact location.
fn artifact(location: &Location, base: &camino::Utf8Path) -> Value {
    json!({"uri": uri(base.join(location.file()).as_str()), "uriBaseId": "%SRCROOT%"})
}

/// 3.30: a region; the end column is exclusive.
fn region(location: &Location) -> Value {
    let (end_line, end_column) = location.end();
    json!({
        "startLine": location.line(),
        "startColumn": location.column(),
        "endLine": end_line,
        "endColumn": end_column,
    })
}

/// 3.55 to 3.57: a fix, with its replacements gathered by file.
fn fix_object(fix: &Fix, base: &camino::Utf8Path) -> Value {
    let mut files: BTreeMap<&camino::Utf8Path, (Value, Vec<Value>)> = BTreeMap::new();
    for edit in &fix.edits {
        let (_, replacements) =
            files.entry(edit.location.file()).or_insert_with(|| (artifact(&edit.location, base), Vec::new()));
        replacements.push(json!({
            "deletedRegion": region(&edit.location),
            "insertedContent": {"text": edit.replacement},
        }));
    }
    let changes: Vec<Value> = files
        .into_values()
        .map(|(artifact, replacements)| json!({"artifactLocation": artifact, "replacements": replacements}))
        .collect();
    json!({"description": {"text": fix.description}, "artifactChanges": changes})
}

/// A relative path as a URI reference (RFC 3986, section 3.3): segments keep what `pchar` allows, the rest is
/// percent-encoded. A colon is encoded as well, so that no first segment is read as a scheme.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => out.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' | b'/' | b'@' | b'+' | b'=' | b',' | b'!' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::SourceFile;
    use super::*;

    static CODE: Code = Code {
        id: "unknown-field",
        severity: Severity::Error,
        title: "a field does not exist here",
        explanation: "It is **misspelt**.",
    };
    static OTHER: Code =
        Code { id: "a-rule", severity: Severity::Warning, title: "a rule", explanation: "Why." };

    #[test]
    fn a_log_for_code_scanning() {
        let source = SourceFile::new("sso files/ü.yaml", "né: 1\nnme: 2\n");
        let findings = [Finding::new(&CODE, "unknown field `nme`")
            .at(source.at(7..10), "")
            .related(source.at(0..3), "beside this")
            .help("did you mean `name`?")
            .fix("rename the field to `name`", source.at(7..10), "name")]
        .into_iter()
        .collect();
        let mut log = log(&findings, &[&OTHER], "infra".into());
        log["runs"][0]["tool"]["driver"]["version"] = "0.0.0".into();
        log["runs"][0]["tool"]["driver"]["semanticVersion"] = "0.0.0".into();
        insta::assert_json_snapshot!(log, @r#"
        {
          "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
          "runs": [
            {
              "columnKind": "unicodeCodePoints",
              "results": [
                {
                  "fixes": [
                    {
                      "artifactChanges": [
                        {
                          "artifactLocation": {
                            "uri": "infra/sso%20files/%C3%BC.yaml",
                            "uriBaseId": "%SRCROOT%"
                          },
                          "replacements": [
                            {
                              "deletedRegion": {
                                "endColumn": 4,
                                "endLine": 2,
                                "startColumn": 1,
                                "startLine": 2
                              },
                              "insertedContent": {
                                "text": "name"
                              }
                            }
                          ]
                        }
                      ],
                      "description": {
                        "text": "rename the field to `name`"
                      }
                    }
                  ],
                  "level": "error",
                  "locations": [
                    {
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "infra/sso%20files/%C3%BC.yaml",
                          "uriBaseId": "%SRCROOT%"
                        },
                        "region": {
                          "endColumn": 4,
                          "endLine": 2,
                          "startColumn": 1,
                          "startLine": 2
                        }
                      }
                    }
                  ],
                  "message": {
                    "text": "unknown field `nme`\ndid you mean `name`?"
                  },
                  "relatedLocations": [
                    {
                      "message": {
                        "text": "beside this"
                      },
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "infra/sso%20files/%C3%BC.yaml",
                          "uriBaseId": "%SRCROOT%"
                        },
                        "region": {
                          "endColumn": 3,
                          "endLine": 1,
                          "startColumn": 1,
                          "startLine": 1
                        }
                      }
                    }
                  ],
                  "ruleId": "unknown-field",
                  "ruleIndex": 1
                }
              ],
              "tool": {
                "driver": {
                  "name": "concord",
                  "rules": [
                    {
                      "defaultConfiguration": {
                        "level": "warning"
                      },
                      "help": {
                        "markdown": "Why.",
                        "text": "Why."
                      },
                      "id": "a-rule",
                      "shortDescription": {
                        "text": "a rule"
                      }
                    },
                    {
                      "defaultConfiguration": {
                        "level": "error"
                      },
                      "help": {
                        "markdown": "It is **misspelt**.",
                        "text": "It is **misspelt**."
                      },
                      "id": "unknown-field",
                      "shortDescription": {
                        "text": "a field does not exist here"
                      }
                    }
                  ],
                  "semanticVersion": "0.0.0",
                  "version": "0.0.0"
                }
              }
            }
          ],
          "version": "2.1.0"
        }
        "#);
    }
}
