use proptest::prelude::*;

use super::*;
use crate::diagnostics::human;
use crate::yaml::path;

fn read(text: &str) -> (Vec<Node>, Findings, Arc<SourceFile>) {
    let source = SourceFile::new("concord.yaml", text);
    let mut findings = Findings::new();
    let roots = parse(&source, &Limits::default(), &mut findings);
    (roots, findings.sorted(), source)
}

fn codes(findings: &Findings) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code.id).collect()
}

fn shown(findings: &Findings) -> String {
    human::render(findings, &human::Options::default())
}

/// The source text of a node at a path, to see that spans are right.
fn text_at(text: &str, path: &crate::yaml::Path) -> String {
    let (roots, findings, _) = read(text);
    assert!(findings.is_empty(), "{}", shown(&findings));
    let span = roots[0].locate(path);
    text[span.start..span.end].to_owned()
}

#[test]
fn every_part_knows_where_it_was_written() {
    let text = "# head\nspec:\n  list:\n    - {a: 1, b: [x, y]} # note\n    - 'quoted'\n  block: |\n    one\n    two\n\n  empty:\n  copy: &c {k: v}\n  alias: *c\n# tail\n";
    assert_eq!(text_at(text, &path!["spec", "list", 0]), "{a: 1, b: [x, y]}");
    assert_eq!(text_at(text, &path!["spec", "list", 0, "b", 1]), "y");
    assert_eq!(text_at(text, &path!["spec", "list"]), "- {a: 1, b: [x, y]} # note\n    - 'quoted'");
    assert_eq!(text_at(text, &path!["spec", "block"]), "one\n    two");
    assert_eq!(text_at(text, &path!["spec", "empty"]), "empty");
    assert_eq!(text_at(text, &path!["spec", "alias"]), "*c");
    assert_eq!(text_at(text, &path!["spec", "alias", "k"]), "v");
    assert_eq!(text_at(text, &path!["spec", "list", 7, "x"]), "- {a: 1, b: [x, y]} # note\n    - 'quoted'");
    let (roots, ..) = read(text);
    let key = roots[0].locate_key(&path!["spec", "block", "missing"]);
    assert_eq!(&text[key.start..key.end], "block");
    let spec = roots[0].get(&path!["spec"]).unwrap();
    assert!(text[spec.span.start..spec.span.end].starts_with("list:"));
    assert!(text[spec.span.start..spec.span.end].ends_with("alias: *c"));
}

#[test]
fn documents_that_hold_nothing_are_left_out() {
    let (roots, findings, _) = read("---\n# nothing\n---\na: 1\n---\n---\nnull\n");
    assert!(findings.is_empty());
    assert_eq!(roots.len(), 2);
    assert!(read("").0.is_empty());
    assert!(read("\u{feff}a: 1\n").1.is_empty());
}

#[test]
fn broken_documents_do_not_hide_the_others() {
    let (roots, findings, _) = read("a: [1, 2\n---\nb: 2\n---\nc: \"x\n---\nd: 4\n");
    assert_eq!(codes(&findings), ["yaml-syntax", "yaml-syntax"]);
    let keys: Vec<_> = roots.iter().map(|root| root.as_mapping().unwrap()[0].key.as_str()).collect();
    assert_eq!(keys, ["b", "d"]);
}

#[test]
fn what_is_refused_is_reported_and_the_rest_is_kept() {
    let (roots, findings, _) = read(
        "name: a\nname: b\n<<: {x: 1}\n1: one\n~: none\n? [k]\n: v\nsecret: !Ref x\nport: !!int abc\nok: !!str 12\ngone: *nowhere\nself: &s [*s]\n",
    );
    assert_eq!(
        codes(&findings),
        [
            "yaml-duplicate-key",
            "yaml-merge-key",
            "yaml-key",
            "yaml-key",
            "yaml-key",
            "yaml-tag",
            "yaml-tag",
            "yaml-syntax",
            "yaml-syntax"
        ]
    );
    let root = &roots[0];
    assert_eq!(root.entry("name").unwrap().value.text(), Some("a"));
    assert_eq!(root.entry("ok").unwrap().value.kind, NodeKind::String("12".into()));
    assert_eq!(root.entry("secret").unwrap().value.text(), Some("x"));
    let keys: Vec<_> = root.as_mapping().unwrap().iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(keys, ["name", "secret", "port", "ok", "gone", "self", "x"], "merged fields are not missed");
}

#[test]
fn limits_hold() {
    let code = |text: &str, limits: Limits| {
        let mut findings = Findings::new();
        let roots = parse(&SourceFile::new("a", text), &limits, &mut findings);
        (roots.len(), codes(&findings))
    };
    let limits = Limits::default();
    let bomb = format!(
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n{}",
        ('b'..='i')
            .map(|c| {
                let before = (c as u8 - 1) as char;
                format!("{c}: &{c} [{}]\n", vec![format!("*{before}"); 10].join(","))
            })
            .collect::<String>()
    );
    assert_eq!(code(&bomb, limits), (0, vec!["yaml-limit"]));
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a, ".repeat(20));
    assert_eq!(code(&long, limits), (0, vec!["yaml-limit"]));
    assert_eq!(code(&"[".repeat(100_000), limits), (0, vec!["yaml-limit"]));
    assert_eq!(code(&format!("{}\n---\na: 1\n", "- ".repeat(65)), limits), (1, vec!["yaml-limit"]));
    assert_eq!(code(&format!("{}x\n", "- ".repeat(64)), limits), (1, vec![]));
    assert_eq!(code("a: &a [[1]]\nb: [*a]\n", Limits { depth: 3, ..limits }), (0, vec!["yaml-limit"]));
    assert_eq!(code("a: &a [[1]]\nb: *a\n", Limits { depth: 3, ..limits }), (1, vec![]));
    assert_eq!(code(&"a: 1\n---\n".repeat(1001), limits), (1000, vec!["yaml-limit"]));
    assert_eq!(code(&"x".repeat(2 << 20), limits), (0, vec!["yaml-limit"]));
    let (roots, found) = code(&format!("{{{}}}", "a: 1, ".repeat(100_000)), limits);
    assert_eq!((roots, found.len(), found.last()), (0, 257, Some(&"yaml-limit")));
    let anchors = (0..60).map(|i| format!("&a{i} [")).collect::<String>();
    let nested = format!("{anchors}{}{}", "1,".repeat(50_000), "]".repeat(60));
    assert_eq!(code(&nested, limits), (0, vec!["yaml-limit"]), "copies that anchors keep are counted");
}

#[test]
fn bytes_that_are_not_utf8_are_refused_with_their_place() {
    let mut findings = Findings::new();
    let limits = Limits::default();
    assert!(crate::yaml::read("a.yaml", b"a: 1\nb: \xff\n".to_vec(), &limits, &mut findings).is_none());
    assert!(crate::yaml::read("b.yaml", b"\xff\xfea\0".to_vec(), &limits, &mut findings).is_none());
    assert!(crate::yaml::read("c.yaml", vec![b'x'; (1 << 20) + 1], &limits, &mut findings).is_none());
    assert!(crate::yaml::read("d.yaml", b"a: 1".to_vec(), &limits, &mut findings).is_some());
    assert_eq!(codes(&findings), ["yaml-syntax", "yaml-syntax", "yaml-limit"]);
    let first = findings.iter().next().unwrap().location().unwrap();
    assert_eq!((first.line(), first.column()), (2, 4));
}

/// Text that looks like YAML often enough to reach the corners.
fn yaml_like() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "b: ",
        "- ",
        "\n",
        "  ",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "&x ",
        "*x",
        "!!str ",
        "!t ",
        "'",
        "\"",
        "|\n",
        ">-\n",
        "---\n",
        "...\n",
        "#",
        "<<: ",
        "? ",
        "\t",
        "é",
        "\u{feff}",
        "\r\n",
        "\0",
        "%YAML 1.2\n",
        "0123",
        "~",
        "\\x",
        "\u{2028}",
        "%TAG ! x\n",
        "@",
    ]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

fn check_spans(node: &Node, text: &str) {
    assert!(text.get(node.span.start..node.span.end).is_some(), "{:?}", node.span);
    for child in node.as_sequence().unwrap_or_default() {
        check_spans(child, text);
    }
    for entry in node.as_mapping().unwrap_or_default() {
        assert!(text.get(entry.key_span.start..entry.key_span.end).is_some());
        check_spans(&entry.value, text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_text_makes_it_panic(text in prop_oneof![any::<String>(), yaml_like()]) {
        let (roots, findings, _) = read(&text);
        for root in &roots {
            check_spans(root, &text);
        }
        for finding in &findings {
            let span = finding.location().unwrap().span;
            prop_assert!(text.get(span.start..span.end).is_some());
        }
        shown(&findings);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut findings = Findings::new();
        if let Some(source) = crate::yaml::read("a", bytes, &Limits::default(), &mut findings) {
            parse(&source, &Limits::default(), &mut findings);
        }
        shown(&findings);
    }
}
