//! One field's change as lines: only what differs, certificates decoded, texts as a line diff. The lines are safe to look at; how
//! they are coloured and where they stand is the formats' business.

use std::collections::BTreeSet;

use similar::{Algorithm, ChangeTag, DiffTag, TextDiff, capture_diff_slices};

use super::{
    Style,
    ink::{self, Tone},
    people::People,
};
use crate::{
    component::{Rule, Value},
    diagnostics::visible,
    plan::FieldChange,
    saml::Certificate,
};

/// Unchanged lines that are shown around a changed one.
const CONTEXT: usize = 2;
/// Lines of a new text that are shown.
const NEW_LINES: usize = 30;

/// Columns of the labels in a certificate's summary.
const LABEL: usize = 9;

/// What a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Something.
    None,
    /// That something comes.
    Added,
    /// That something goes.
    Removed,
    /// What is around it.
    Context,
}

/// A line of a field's change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Levels of indentation below the component.
    pub(super) depth: usize,
    /// What the line says.
    pub(super) mark: Mark,
    /// The text, in pieces.
    pub(super) spans: Vec<(Tone, String)>,
}

/// The sign in front of a line.
pub(super) fn sign(mark: Mark) -> &'static str {
    match mark {
        Mark::None => "",
        Mark::Added => "+ ",
        Mark::Removed => "- ",
        Mark::Context => "  ",
    }
}

/// Draws fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawer<'a> {
    /// Who is hidden.
    pub(super) people: &'a People<'a>,
    /// Whether everything like an e-mail address is a person's here.
    pub(super) everyone: bool,
    /// How it should look.
    pub(super) style: &'a Style,
    /// Columns left for a line.
    pub(super) room: usize,
}

impl Drawer<'_> {
    /// A field's change. Empty only where nothing differs.
    pub(super) fn lines(&self, field: &FieldChange) -> Vec<Line> {
        let mut lines = Vec::new();
        if field.rule == Rule::WriteOnly {
            self.push(
                &mut lines,
                0,
                Mark::None,
                vec![
                    (Tone::Plain, format!("{}: ", self.clean(&field.path))),
                    (Tone::Dim, "(written, never shown)".to_owned()),
                ],
            );
        } else {
            self.compare(&field.path, field.rule, field.before.as_ref(), &field.after, &mut lines);
        }
        lines
    }

    /// A text from outside, safe to look at and without the people that are hidden.
    pub(super) fn clean(&self, text: &str) -> String {
        visible(&self.people.mask(text, self.everyone)).into_owned()
    }

    fn compare(&self, path: &str, rule: Rule, before: Option<&Value>, after: &Value, lines: &mut Vec<Line>) {
        let is_new = matches!(before, None | Some(Value::Null));
        match (before, after) {
            (_, Value::Map(new)) if is_new && !new.is_empty() => {
                for (key, item) in new {
                    self.compare(&format!("{path}.{key}"), rule, None, item, lines);
                }
            }
            (Some(Value::Map(old)), Value::Null | Value::Map(_)) => {
                let nothing = std::collections::BTreeMap::new();
                let new = if let Value::Map(new) = after { new } else { &nothing };
                for key in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
                    let (was, is) =
                        (old.get(key).unwrap_or(&Value::Null), new.get(key).unwrap_or(&Value::Null));
                    if !rule.is_same(was, is) {
                        self.compare(&format!("{path}.{key}"), rule, Some(was), is, lines);
                    }
                }
            }
            (_, Value::List(new)) if is_new && !new.is_empty() => self.list(path, rule, &[], new, lines),
            (Some(Value::List(old)), Value::List(new)) => self.list(path, rule, old, new, lines),
            (Some(Value::List(old)), Value::Null) if !old.is_empty() => {
                self.list(path, rule, old, &[], lines)
            }
            (Some(Value::Certificate(_)), _) | (_, Value::Certificate(_)) => {
                self.header(path, lines);
                if let Some(old) = before.filter(|old| **old != Value::Null) {
                    self.item(Mark::Removed, old, lines);
                }
                self.item(Mark::Added, after, lines);
            }
            (_, Value::Text(new)) if rule == Rule::Text || new.contains('\n') => {
                self.text(path, before.and_then(Value::as_text), new, lines);
            }
            (Some(Value::Text(old)), Value::Null) if rule == Rule::Text || old.contains('\n') => {
                self.text(path, Some(old), "", lines);
            }
            _ => self.scalar(path, before, after, lines),
        }
    }

    fn scalar(&self, path: &str, before: Option<&Value>, after: &Value, lines: &mut Vec<Line>) {
        let name = format!("{}: ", self.clean(path));
        let (after_tone, new) = self.short(after, Tone::Good);
        let Some(before) = before else {
            self.push(lines, 0, Mark::None, vec![(Tone::Plain, name), (after_tone, new)]);
            return;
        };
        let (before_tone, old) = self.short(before, Tone::Bad);
        if ink::width(&name) + ink::width(&old) + 4 + ink::width(&new) <= self.room {
            self.push(
                lines,
                0,
                Mark::None,
                vec![
                    (Tone::Plain, name),
                    (before_tone, old),
                    (Tone::Plain, " -> ".to_owned()),
                    (after_tone, new),
                ],
            );
        } else {
            self.header(path, lines);
            self.push(lines, 1, Mark::Removed, vec![(before_tone, old)]);
            self.push(lines, 1, Mark::Added, vec![(after_tone, new)]);
        }
    }

    fn list(&self, path: &str, rule: Rule, old: &[Value], new: &[Value], lines: &mut Vec<Line>) {
        self.header(path, lines);
        let key = |item: &Value| {
            // Normalised on its own, so that an item is found again wherever it stands.
            rule.normalise(&Value::List(vec![item.clone()])).to_canonical_json().to_string()
        };
        let keys = |items: &[Value]| items.iter().map(key).collect::<Vec<_>>();
        let (old_keys, new_keys) = (keys(old), keys(new));
        let mut changed: Vec<(Mark, &Value)> = Vec::new();
        let mut same = 0;
        if matches!(rule, Rule::Set | Rule::UrlSet | Rule::FirstThenSet) {
            let (had, has): (BTreeSet<_>, BTreeSet<_>) =
                (old_keys.iter().collect(), new_keys.iter().collect());
            let gone = fresh(&old_keys, &has);
            let come = fresh(&new_keys, &had);
            changed.extend(gone.into_iter().map(|at| (Mark::Removed, &old[at])));
            changed.extend(come.into_iter().map(|at| (Mark::Added, &new[at])));
            same = had.intersection(&has).count();
        } else {
            for op in capture_diff_slices(Algorithm::Myers, &old_keys, &new_keys) {
                let (tag, was, is) = op.as_tag_tuple();
                if tag == DiffTag::Equal {
                    same += is.len();
                    continue;
                }
                changed.extend(was.map(|at| (Mark::Removed, &old[at])));
                changed.extend(is.map(|at| (Mark::Added, &new[at])));
            }
        }
        for (mark, item) in changed {
            self.item(mark, item, lines);
        }
        if let (Rule::FirstThenSet, Some(was), Some(is)) = (rule, old.first(), new.first())
            && key(was) != key(is)
        {
            let text = format!("first: {} -> {}", self.inline(was), self.inline(is));
            self.push(lines, 1, Mark::Context, vec![(Tone::Warn, text)]);
        }
        if same > 0 {
            let text = if same == 1 { "(1 other stays)".to_owned() } else { format!("({same} others stay)") };
            self.push(lines, 1, Mark::Context, vec![(Tone::Dim, text)]);
        }
    }

    /// One value below a header: a certificate in several lines, anything else in one.
    fn item(&self, mark: Mark, value: &Value, lines: &mut Vec<Line>) {
        let tone = tone(mark);
        if let Value::Certificate(certificate) = value {
            for line in self.certificate(certificate) {
                self.push(lines, 1, mark, vec![(tone, line)]);
            }
            return;
        }
        let (tone, text) = self.short(value, tone);
        self.push(lines, 1, mark, vec![(tone, text)]);
    }

    /// Subject, issuer, serial, validity, key, fingerprint. What is too long for a line goes on under itself.
    fn certificate(&self, certificate: &Certificate) -> Vec<String> {
        // Two for the indentation, two for the sign.
        let room = self.room.saturating_sub(4).max(LABEL + 24);
        let mut lines = Vec::new();
        for line in certificate.summary(self.style.now).lines() {
            let mut line = self.clean(line);
            while ink::width(&line) > room {
                let fits =
                    |&(at, c): &(usize, char)| matches!(c, ',' | ':') && ink::width(&line[..=at]) <= room;
                // A fingerprint is easier to compare in two halves.
                let half =
                    line.starts_with("SHA-256").then(|| line.char_indices().filter(fits).nth(15)).flatten();
                let Some((at, _)) = half.or_else(|| line.char_indices().rev().find(fits)) else { break };
                let rest = format!("{}{}", " ".repeat(LABEL), line[at + 1..].trim_start());
                line.truncate(at + 1);
                lines.push(std::mem::replace(&mut line, rest));
            }
            lines.push(line);
        }
        lines
    }

    fn text(&self, path: &str, old: Option<&str>, new: &str, lines: &mut Vec<Line>) {
        self.header(path, lines);
        let line = |text: &str| {
            self.clean(&text.trim_end_matches(['\n', '\r']).replace('\t', "  ")).trim_end().to_owned()
        };
        let Some(old) = old else {
            for text in new.lines().take(NEW_LINES) {
                self.push(lines, 1, Mark::Added, vec![(Tone::Good, line(text))]);
            }
            let more = new.lines().count().saturating_sub(NEW_LINES);
            if more > 0 {
                self.push(lines, 1, Mark::Context, vec![(Tone::Dim, format!("({more} more lines)"))]);
            }
            return;
        };
        let diff = TextDiff::from_lines(old, new);
        for (index, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
            if index > 0 {
                self.push(lines, 1, Mark::Context, vec![(Tone::Dim, "...".to_owned())]);
            }
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let mark = match change.tag() {
                    ChangeTag::Equal => Mark::Context,
                    ChangeTag::Delete => Mark::Removed,
                    ChangeTag::Insert => Mark::Added,
                };
                self.push(lines, 1, mark, vec![(tone(mark), line(change.value()))]);
            }
        }
    }

    fn header(&self, path: &str, lines: &mut Vec<Line>) {
        self.push(lines, 0, Mark::None, vec![(Tone::Plain, format!("{}:", self.clean(path)))]);
    }

    fn push(&self, lines: &mut Vec<Line>, depth: usize, mark: Mark, spans: Vec<(Tone, String)>) {
        lines.push(Line { depth, mark, spans });
    }

    /// A value on one line. What is not a value (not set, pending) has a tone of its own.
    pub(super) fn short(&self, value: &Value, tone: Tone) -> (Tone, String) {
        match value {
            Value::Null => (Tone::Dim, "(not set)".to_owned()),
            Value::Pending(_) => (Tone::Info, self.inline(value)),
            other => (tone, self.inline(other)),
        }
    }

    fn inline(&self, value: &Value) -> String {
        match value {
            Value::Null => "(not set)".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Text(text) => quoted(&self.clean(text)),
            Value::List(items) => {
                format!("[{}]", items.iter().map(|item| self.inline(item)).collect::<Vec<_>>().join(", "))
            }
            Value::Map(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, item)| format!("{}: {}", self.clean(key), self.inline(item)))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
            Value::Certificate(certificate) => self.clean(&certificate.summary_line(self.style.now)),
            Value::Pending(reference) => {
                format!("(known after apply, from {})", visible(&self.people.address(&reference.from)))
            }
        }
    }
}

/// Where in a list the items are that the other list has not, each once.
fn fresh(keys: &[String], others: &BTreeSet<&String>) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    (0..keys.len()).filter(|at| !others.contains(&keys[*at]) && seen.insert(&keys[*at])).collect()
}

fn tone(mark: Mark) -> Tone {
    match mark {
        Mark::None => Tone::Plain,
        Mark::Added => Tone::Good,
        Mark::Removed => Tone::Bad,
        Mark::Context => Tone::Dim,
    }
}

/// Text as it is, or in quotes where it could be taken for something else: empty, spaces at an end, a number, `null`, or
/// the signs that plans use themselves.
fn quoted(text: &str) -> String {
    let is_ambiguous = text.is_empty()
        || text.trim() != text
        || text.starts_with(['(', '[', '{', '"', '+', '-'])
        || text.contains(" -> ")
        || matches!(text, "true" | "false" | "null")
        || text.parse::<f64>().is_ok();
    if is_ambiguous { format!("\"{}\"", text.replace('"', "\\\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{PlanBuilder, certificate, plain};
    use super::*;
    use crate::component::Capability;

    fn draw(rule: Rule, before: Option<Value>, after: Value) -> String {
        let plan = PlanBuilder::new().build();
        let style = plain();
        let people = People::of(&plan, &style);
        let drawer = Drawer { people: &people, everyone: false, style: &style, room: 74 };
        let field =
            FieldChange { path: "f".to_owned(), capability: Capability::Managed, rule, before, after };
        let lines: Vec<_> = drawer
            .lines(&field)
            .iter()
            .map(|line| {
                let text: String = line.spans.iter().map(|(_, text)| text.as_str()).collect();
                format!("{}{}{text}", "  ".repeat(line.depth), sign(line.mark)).trim_end().to_owned()
            })
            .collect();
        lines.join("\n")
    }

    fn map(entries: &[(&str, Value)]) -> Value {
        Value::Map(entries.iter().map(|(key, item)| ((*key).to_owned(), item.clone())).collect())
    }

    #[test]
    fn scalars() {
        let text = Value::text;
        assert_eq!(draw(Rule::Exact, None, text("a")), "f: a");
        assert_eq!(draw(Rule::Exact, Some(Value::Null), text("")), "f: (not set) -> \"\"");
        assert_eq!(draw(Rule::Exact, Some(text("true")), Value::Bool(true)), "f: \"true\" -> true");
        assert_eq!(draw(Rule::Exact, Some(Value::Int(1)), Value::Null), "f: 1 -> (not set)");
        let long = "https://example.com/a/rather/long/path/that/does/not/fit";
        assert_eq!(
            draw(Rule::Exact, Some(text(long)), text(&format!("{long}s"))),
            format!("f:\n  - {long}\n  + {long}s")
        );
    }

    #[test]
    fn of_a_map_only_what_differs() {
        let before = map(&[("a", Value::Int(1)), ("b", Value::Int(2)), ("c", map(&[("d", Value::Int(3))]))]);
        let after = map(&[("a", Value::Int(1)), ("c", map(&[("d", Value::Int(4))])), ("e", Value::Int(5))]);
        assert_eq!(
            draw(Rule::Exact, Some(before), after),
            "f.b: 2 -> (not set)\nf.c.d: 3 -> 4\nf.e: (not set) -> 5"
        );
    }

    #[test]
    fn of_a_list_only_what_comes_and_goes() {
        let list = |items: &[&str]| Value::texts(items.iter().copied());
        assert_eq!(
            draw(Rule::Set, Some(list(&["c", "a", "b"])), list(&["b", "c", "d"])),
            "f:\n  - a\n  + d\n    (2 others stay)"
        );
        assert_eq!(
            draw(
                Rule::UrlSet,
                Some(list(&["HTTPS://a.example"])),
                list(&["https://a.example/", "https://b.example/"])
            ),
            "f:\n  + https://b.example/\n    (1 other stays)"
        );
        assert_eq!(
            draw(Rule::FirstThenSet, Some(list(&["a", "b"])), list(&["b", "a"])),
            "f:\n    first: a -> b\n    (2 others stay)"
        );
        assert_eq!(draw(Rule::Exact, None, list(&[])), "f: []");
    }

    #[test]
    fn of_a_text_only_the_lines_that_differ() {
        let lines: Vec<String> = (1..=12).map(|line| format!("line {line}")).collect();
        let before = lines.join("\n");
        let after = before.replace("line 6", "line six");
        assert_eq!(
            draw(Rule::Text, Some(Value::text(&before)), Value::text(after)),
            "f:\n    line 4\n    line 5\n  - line 6\n  + line six\n    line 7\n    line 8"
        );
        let new = draw(Rule::Text, None, Value::text("x\n".repeat(40)));
        assert!(new.ends_with("+ x\n    (10 more lines)"), "{new}");
    }

    #[test]
    fn certificates_are_decoded() {
        let certificate = certificate();
        // What was attested is known by its fingerprint only.
        let before = Value::text("AA:BB");
        insta::assert_snapshot!(draw(Rule::Exact, Some(before), Value::Certificate(certificate.clone())), @r"
f:
  - AA:BB
  + subject  emailAddress=info@okta.example,CN=dev-123456,OU=SSOProvider,
  +          O=Okta,L=San Francisco,ST=California,C=US
  + issuer   itself (self-signed)
  + serial   37:06:96:03:6A:67:96:10:0D:52:24:24:C9:2E:CF:F7:A8:FE:CF:69
  + valid    2026-11-21 to 2036-11-18 (3649 days left)
  + key      RSA 2048 bits, signed sha256WithRSAEncryption
  + SHA-256  19:C4:F0:24:55:D8:43:1D:C0:A8:D0:08:93:CD:8E:32:
  +          F7:A1:F4:C7:09:04:DF:42:85:3E:30:E4:D2:5A:6C:80
");
        let fingerprint = Value::text(certificate.sha256_fingerprint());
        assert_eq!(
            draw(
                Rule::Set,
                Some(Value::List(vec![fingerprint, Value::text("CC")])),
                Value::List(vec![certificate.into()])
            ),
            "f:\n  - CC\n    (1 other stays)"
        );
    }
}
