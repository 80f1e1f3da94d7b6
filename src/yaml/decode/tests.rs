use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::diagnostics::human;
use crate::yaml::{Limits, parse, path};

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    api_version: String,
    kind: Kind,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Kind {
    SsoProfile,
    AttributeMap,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Metadata {
    name: Name,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// A name with rules of its own.
#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(try_from = "String")]
struct Name(String);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fits = !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        if fits { Ok(Self(text)) } else { Err("a name has lower-case letters and hyphens only".to_owned()) }
    }
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    friendly_name: String,
    port: Option<u16>,
    #[serde(default)]
    enabled: bool,
    #[serde(default)]
    attributes: Vec<Attribute>,
    secret: Option<Store>,
    #[serde(default)]
    by_name: BTreeMap<Name, u8>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Attribute {
    name: Name,
    from: String,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Store {
    Env(Name),
    File(String),
    Command(Vec<String>),
    Vault { mount: String, path: Name },
}

fn attempt<T: DeserializeOwned>(text: &str) -> (Option<T>, Findings) {
    let source = SourceFile::new("concord.yaml", text);
    let mut findings = Findings::new();
    let roots = parse(&source, &Limits::default(), &mut findings);
    assert!(findings.is_empty(), "{findings:?}");
    let value = decode(&roots[0], &source, &mut findings);
    assert_eq!(value.is_none(), findings.has_errors());
    (value, findings.sorted())
}

fn good<T: DeserializeOwned>(text: &str) -> T {
    let (value, findings) = attempt(text);
    value.unwrap_or_else(|| panic!("{}", shown(&findings)))
}

/// Code, line and message of each finding.
fn bad<T: DeserializeOwned>(text: &str) -> String {
    let (_, findings) = attempt::<T>(text);
    let line = |finding: &crate::diagnostics::Finding| {
        let at = finding.location().unwrap();
        format!("{}:{} {}: {}\n", at.line(), at.column(), finding.code, finding.message)
    };
    findings.iter().map(line).collect()
}

fn shown(findings: &Findings) -> String {
    human::render(findings, &human::Options::default())
}

const GOOD: &str = "\
apiVersion: concord/v1
kind: ssoProfile
metadata: {name: flex, labels: {build: 0123, release: 1.10, at: 12:30, on: 2024-01-01, answer: no}}
spec:
  friendlyName: +15551234567
  port: null
  attributes:
    - {name: email, from: user.email}
  secret: {vault: {mount: kv, path: a-b}}
  byName: {a: 1, b-c: 255}
";

#[test]
fn what_is_right_is_decoded() {
    let document: Document = good(GOOD);
    let labels =
        [("build", "0123"), ("release", "1.10"), ("at", "12:30"), ("on", "2024-01-01"), ("answer", "no")];
    let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    assert_eq!(document.metadata, Metadata { name: Name("flex".into()), labels });
    assert_eq!(document.spec.friendly_name, "+15551234567");
    assert_eq!(document.spec.port, None);
    assert_eq!(document.spec.secret, Some(Store::Vault { mount: "kv".into(), path: Name("a-b".into()) }));
    assert_eq!(document.spec.by_name, [(Name("a".into()), 1), (Name("b-c".into()), 255)].into());
    assert_eq!(good::<(u8, f64, char, Option<()>)>("[1, 2, x, ~]"), (1, 2.0, 'x', None));
}

#[test]
fn everything_wrong_is_told_at_once() {
    insta::assert_snapshot!(bad::<Document>("\
apiVersion: [1]
kind: SSOProfile
metadata:
  name: Flex One
  labels: {a: true, b: ok, c: [x]}
extra: 1
spec:
  freindly_name: Flex
  port: 70000
  enabled: yes
  attributes:
    - {name: email}
    - {nme: email, from: user.email}
    - {name: EMAIL, form: user.email, values: one}
    - text
  secret: {env: UPPER}
  byName: {Bad: 1, good: -1}
"), @r#"
    1:13 wrong-type: `apiVersion`: expected a text, found a list of one element
    2:7 unknown-value: unknown value `SSOProfile` for `kind`
    4:9 invalid-value: `metadata.name` is not valid: a name has lower-case letters and hyphens only
    5:15 wrong-type: `metadata.labels.a`: expected a text, found `true`
    5:31 wrong-type: `metadata.labels.c`: expected a text, found a list of one element
    6:1 unknown-field: unknown field `extra` at the top level
    8:3 unknown-field: unknown field `freindly_name` in `spec`
    9:9 wrong-type: `spec.port`: expected a whole number from 0 to 65535, found the number `70000`
    10:12 wrong-type: `spec.enabled`: expected `true` or `false`, found the text `yes`
    12:7 missing-field: `spec.attributes[0]` lacks the field `from`
    13:8 unknown-field: unknown field `nme` in `spec.attributes[1]`
    14:14 invalid-value: `spec.attributes[2].name` is not valid: a name has lower-case letters and hyphens only
    14:21 unknown-field: unknown field `form` in `spec.attributes[2]`
    14:47 wrong-type: `spec.attributes[2].values`: expected a list, found the text `one`
    15:7 wrong-type: `spec.attributes[3]`: expected a mapping with `name`, `from`, `values`, found the text `text`
    16:17 invalid-value: `spec.secret.env` is not valid: a name has lower-case letters and hyphens only
    17:12 invalid-value: the key `Bad` in `spec.byName` is not valid: a name has lower-case letters and hyphens only
    17:26 wrong-type: `spec.byName.good`: expected a whole number from 0 to 255, found the number `-1`
    "#);
}

#[test]
fn a_field_that_cannot_be_made_up_does_not_hide_its_neighbours() {
    // `Name` refuses every empty value, so the part without one is left out, and the rest is still looked at.
    insta::assert_snapshot!(bad::<Document>("\
kind: nothing
metadata: {labels: {a: [1]}}
spec:
  friendlyName: x
  attributes: [{from: {}}, {}, {name: a, from: b, values: [c, {}]}]
  secret: {vault: {mount: [], path: b, more: 1}}
"), @r#"
    1:1 missing-field: the document lacks the field `apiVersion`
    1:7 unknown-value: unknown value `nothing` for `kind`
    2:1 missing-field: `metadata` lacks the field `name`
    2:24 wrong-type: `metadata.labels.a`: expected a text, found a list of one element
    5:16 missing-field: `spec.attributes[0]` lacks the field `name`
    5:17 wrong-type: `spec.attributes[0].from`: expected a text, found an empty mapping
    5:28 missing-field: `spec.attributes[1]` lacks the field `name`
    5:63 wrong-type: `spec.attributes[2].values[1]`: expected a text, found an empty mapping
    6:27 wrong-type: `spec.secret.vault.mount`: expected a text, found an empty list
    6:40 unknown-field: unknown field `more` in `spec.secret.vault`
    "#);
}

#[test]
fn variants_are_told_apart_by_shape() {
    let secret = |text: &str| bad::<BTreeMap<String, Store>>(text);
    insta::assert_snapshot!(secret("\
a: env
b: {evn: X}
c: {env: a, file: b}
d: {}
e: plain
f: [x]
g: {vault: {mount: a}}
h: {command: ls}
"), @r#"
    1:4 wrong-type: `a`: expected a value for `env`, found the text `env`
    2:5 unknown-value: unknown value `evn` for `b`
    3:1 wrong-type: `c`: expected one of `env`, `file`, `command`, `vault`, found a mapping with `env`, `file`
    4:1 wrong-type: `d`: expected one of `env`, `file`, `command`, `vault`, found an empty mapping
    5:4 unknown-value: unknown value `plain` for `e`
    6:4 wrong-type: `f`: expected one of `env`, `file`, `command`, `vault`, found a list of one element
    7:5 missing-field: `g.vault` lacks the field `path`
    8:14 wrong-type: `h.command`: expected a list, found the text `ls`
    "#);
}

#[test]
fn consequences_are_not_told() {
    /// Checks itself as a whole, and would complain once something was left out.
    #[derive(Debug, Deserialize)]
    #[serde(try_from = "Raw")]
    struct Whole;
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Raw {
        a: Option<u8>,
        b: Option<u8>,
    }
    impl TryFrom<Raw> for Whole {
        type Error = &'static str;
        fn try_from(raw: Raw) -> Result<Self, &'static str> {
            raw.a.or(raw.b).map(|_| Self).ok_or("one of `a` and `b` is needed")
        }
    }
    insta::assert_snapshot!(bad::<BTreeMap<String, Whole>>("x: {a: text}\ny: {}\nz: {c: 1}\n"), @r#"
    1:8 wrong-type: `x.a`: expected a whole number from 0 to 255, found the text `text`
    2:1 invalid-value: `y` is not valid: one of `a` and `b` is needed
    3:5 unknown-field: unknown field `c` in `z`
    "#);
}

#[test]
fn findings_show_the_text_and_the_way_out() {
    let (_, findings) = attempt::<Document>(
        "\
apiVersion: concord/v1
kind: ssoProfil
metadata: {name: flex, friendlyName: Flex}
spec:
  friendlyNmae: Flex
  enabled: yes
  attributes: email
",
    );
    insta::assert_snapshot!(shown(&findings), @r#"
    unknown-value

      × unknown value `ssoProfil` for `kind`
       ╭─[concord.yaml:2:7]
     1 │ apiVersion: concord/v1
     2 │ kind: ssoProfil
       ·       ────┬────
       ·           ╰── unknown value
     3 │ metadata: {name: flex, friendlyName: Flex}
       ╰────
      help: did you mean `ssoProfile`? possible: `ssoProfile`, `attributeMap`

    unknown-field

      × unknown field `friendlyName` in `metadata`
       ╭─[concord.yaml:3:24]
     2 │ kind: ssoProfil
     3 │ metadata: {name: flex, friendlyName: Flex}
       ·                        ──────┬─────
       ·                              ╰── unknown field
     4 │ spec:
       ╰────
      help: `friendlyName` is a field in `spec`; move it there

    unknown-field

      × unknown field `friendlyNmae` in `spec`
       ╭─[concord.yaml:5:3]
     4 │ spec:
     5 │   friendlyNmae: Flex
       ·   ──────┬─────
       ·         ╰── unknown field
     6 │   enabled: yes
       ╰────
      help: did you mean `friendlyName`?

    wrong-type

      × `spec.enabled`: expected `true` or `false`, found the text `yes`
       ╭─[concord.yaml:6:12]
     5 │   friendlyNmae: Flex
     6 │   enabled: yes
       ·            ─┬─
       ·             ╰── expected `true` or `false`
     7 │   attributes: email
       ╰────
      help: write `true`, without quotes; YAML 1.2 knows no other spelling

    wrong-type

      × `spec.attributes`: expected a list, found the text `email`
       ╭─[concord.yaml:7:15]
     6 │   enabled: yes
     7 │   attributes: email
       ·               ──┬──
       ·                 ╰── expected a list
       ╰────
      help: put it in brackets: `[email]`

    5 errors
    What a code means: concord explain unknown-value
    "#);
    let fixes: Vec<_> = findings
        .iter()
        .filter_map(|finding| finding.fix.as_ref())
        .map(|fix| (fix.edits[0].location.text(), fix.edits[0].replacement.as_str()))
        .collect();
    assert_eq!(
        fixes,
        [
            ("ssoProfil", "ssoProfile"),
            ("friendlyNmae", "friendlyName"),
            ("yes", "true"),
            ("email", "[email]")
        ]
    );
}

#[test]
fn missing_fields_and_foreign_words_are_shown() {
    let (_, findings) = attempt::<Document>(
        "\
apiVersion: concord/v1
kind: ssoProfile
metadata:
  name: \"fl\u{202e}ex\"
spec:
  port: 443
",
    );
    insta::assert_snapshot!(shown(&findings), @r#"
invalid-value

  × `metadata.name` is not valid: a name has lower-case letters and hyphens
  │ only
   ╭─[concord.yaml:4:9]
 3 │ metadata:
 4 │   name: "fl\u{202e}ex"
   ·         ──────────────
 5 │ spec:
   ╰────

missing-field

  × `spec` lacks the field `friendlyName`
   ╭─[concord.yaml:5:1]
 4 │   name: "fl\u{202e}ex"
 5 │ spec:
   · ──┬─
   ·   ╰── `friendlyName` is missing
 6 │   port: 443
   ╰────
  help: add `friendlyName:` to it

2 errors
What a code means: concord explain invalid-value
"#);
}

#[test]
fn parts_are_named_from_their_document() {
    let source = SourceFile::new("a.yaml", "spec: {port: x}\n");
    let mut findings = Findings::new();
    let roots = parse(&source, &Limits::default(), &mut findings);
    let spec = roots[0].get(&path!["spec"]).unwrap();
    assert_eq!(decode_at::<BTreeMap<String, u16>>(spec, &path!["spec"], &source, &mut findings), None);
    let messages: Vec<_> = findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(messages, ["`spec.port`: expected a whole number from 0 to 65535, found the text `x`"]);
}

#[test]
fn many_errors_end() {
    let text: String = (0..2000).map(|i| format!("key{i}: x\n")).collect();
    let (value, findings) = attempt::<BTreeMap<String, u8>>(&text);
    assert_eq!((value, findings.len()), (None, ROUNDS));
    // A type that contains itself and has no empty value.
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Endless {
        #[serde(rename = "next")]
        _next: Box<Endless>,
    }
    assert_eq!(bad::<Endless>("{}"), "1:1 missing-field: the document lacks the field `next`\n");
}

#[test]
fn late_errors_in_a_large_document_are_bounded_by_work() {
    let text = format!("{}{}", "- 1\n".repeat(150_000), "- x\n".repeat(300));
    let found = attempt::<Vec<u8>>(&text).1.len();
    assert!((20..ROUNDS).contains(&found), "{found}");
}

/// Documents made of the language's own words, mostly wrong.
fn document() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "apiVersion",
        "kind",
        "metadata",
        "spec",
        "friendlyName",
        "attributes",
        "name",
        "from",
        "secret",
        "vault",
        "env",
        "byName",
        "ssoProfile",
        "a",
        "1",
        "true",
        "~",
    ]);
    let leaf = words.clone().prop_map(str::to_owned);
    leaf.prop_recursive(5, 60, 6, move |inner| {
        let list =
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(", ")));
        let map = prop::collection::btree_map(words.clone(), inner, 0..6).prop_map(|entries| {
            let entries: Vec<_> = entries.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
            format!("{{{}}}", entries.join(", "))
        });
        prop_oneof![list, map.clone(), map]
    })
}

proptest! {
    #[test]
    fn a_document_is_decoded_or_says_why_not(text in document()) {
        let source = SourceFile::new("a.yaml", text.as_str());
        let mut findings = Findings::new();
        for root in parse(&source, &Limits::default(), &mut findings) {
            let mut found = Findings::new();
            let value = decode::<Document>(&root, &source, &mut found);
            prop_assert_eq!(value.is_none(), found.has_errors());
            let told = found.len();
            prop_assert!(told < ROUNDS);
            prop_assert_eq!(found.sorted().len(), told, "nothing is told twice");
        }
    }
}

/// A type whose name says that it stands for a secret: what is written in its place by mistake is covered.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum SecretPlace {
    Env(#[allow(dead_code)] String),
}

#[test]
fn what_stands_in_the_place_of_a_secret_is_never_shown() {
    for text in [
        "a: hunter2-hunter2\nb: {env: X}\n",
        "a: [hunter2]\n",
        "a: {value: hunter2}\n",
        "a: |\n  hunter2\n  hunter2\n",
    ] {
        let mut findings = Findings::new();
        let source = SourceFile::new("a.yaml", text);
        let roots = crate::yaml::parse(&source, &crate::yaml::Limits::default(), &mut findings);
        let decoded = decode::<BTreeMap<String, SecretPlace>>(&roots[0], &source, &mut findings);
        assert!(decoded.is_none() && findings.len() == 1, "{text}");
        let shown = crate::diagnostics::human::render(&findings, &Default::default());
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("not shown") || shown.contains("unknown value `value`"), "{shown}");
    }
}
