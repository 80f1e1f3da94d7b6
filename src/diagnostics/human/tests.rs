use super::super::{Code, SourceFile};
use super::*;

static CODE: Code = Code {
    id: "flex-required-attribute",
    severity: Severity::Error,
    title: "Flex lacks an attribute",
    explanation: "",
};

#[test]
fn places_in_one_file_and_in_another() {
    let map =
        SourceFile::new("maps/flex.yaml", "spec:\n  attributes:\n    - name: email\n    - name: roles\n");
    let profile = SourceFile::new("flex.yaml", "spec:\n  product: flex\n  attributeMap: flex-agents\n");
    let finding = Finding::error(&CODE, "`full_name` is not asserted, and Flex requires it")
        .at(map.at(8..19), "these are asserted")
        .related(map.at(54..59), "the last of them")
        .related(profile.at(8..21), "Flex is configured here")
        .help("add `{name: full_name, from: user.name, required: true}`");
    insta::assert_snapshot!(render_one(&finding, &Options::default()), @r#"
    flex-required-attribute

      × `full_name` is not asserted, and Flex requires it
       ╭─[maps/flex.yaml:2:3]
     1 │ spec:
     2 │   attributes:
       ·   ─────┬─────
       ·        ╰── these are asserted
     3 │     - name: email
     4 │     - name: roles
       ·                 ┬
       ·                 ╰── the last of them
       ╰────
      help: add `{name: full_name, from: user.name, required: true}`
      ╰─▶   ☞ Flex is configured here
             ╭─[flex.yaml:2:3]
           1 │ spec:
           2 │   product: flex
             ·   ─────────────
           3 │   attributeMap: flex-agents
             ╰────
    "#);
    let ascii = Options { unicode: false, width: 40, ..Options::default() };
    insta::assert_snapshot!(render_one(&finding, &ascii), @r#"
    flex-required-attribute

      x `full_name` is not asserted, and
      | Flex requires it
       ,-[maps/flex.yaml:2:3]
     1 | spec:
     2 |   attributes:
       :   ^^^^^|^^^^^
       :        `-- these are asserted
     3 |     - name: email
     4 |     - name: roles
       :                 |
       :                 `-- the last of them
       `----
      help: add `{name: full_name, from:
            user.name, required: true}`
      `->   > Flex is configured here
             ,-[flex.yaml:2:3]
           1 | spec:
           2 |   product: flex
             :   ^^^^^^^^^^^^^
           3 |   attributeMap: flex-agents
             `----
    "#);
}

#[test]
fn findings_without_a_place_and_the_closing_line() {
    let mut findings = Findings::new();
    findings.push(Finding::warning(&CODE, "no `Project` document was found"));
    findings.push(Finding::advice(&CODE, "two\nlines").help("do this"));
    insta::assert_snapshot!(render(&findings, &Options::default()), @r#"
    flex-required-attribute

      ⚠ no `Project` document was found

    flex-required-attribute

      ☞ two
      │ lines
      help: do this

    1 warning, 1 hint
    What a code means: concord explain flex-required-attribute
    "#);
    assert_eq!(render(&Findings::new(), &Options::default()), "");
}

#[test]
fn warnings_never_crowd_out_errors() {
    let source = SourceFile::new("a.yaml", "a\n".repeat(100));
    let mut findings = Findings::new();
    for line in 0..30 {
        findings.push(
            Finding::warning(&CODE, format!("warning {line}")).at(source.at(line * 2..line * 2 + 1), ""),
        );
        findings
            .push(Finding::error(&CODE, format!("error {line}")).at(source.at(line * 2..line * 2 + 1), ""));
    }
    let text = render(&findings, &Options { limit: 20, ..Options::default() });
    assert_eq!((text.matches("× error").count(), text.matches("⚠ warning").count()), (20, 0));
    assert!(text.ends_with(
        "... and 40 more\n\n30 errors, 30 warnings\nWhat a code means: concord explain flex-required-attribute\n"
    ));
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let hostile = "\u{1b}[2J\u{202e}\u{7}";
    let source = SourceFile::new(format!("{hostile}.yaml"), format!("{hostile}: {hostile}\r\n\r{hostile}"));
    let finding = Finding::error(&CODE, hostile)
        .at(source.at(0..4), hostile)
        .related(source.at(10..12), hostile)
        .related(SourceFile::new(hostile, hostile).at(0..1), hostile)
        .help(hostile);
    let text = render_one(&finding, &Options::default());
    assert!(!text.contains(|c| super::super::escape::is_hidden(c) && c != '\n'), "{text:?}");
    let colored = render_one(&finding, &Options { color: true, ..Options::default() });
    assert!(colored.contains("\u{1b}[31m") && !colored.contains("\u{1b}[2J"));
}
