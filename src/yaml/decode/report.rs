//! An error of the decoder as a finding, in a person's words. Owns the wording and the suggested fixes.

use std::sync::Arc;

use crate::diagnostics::{Finding, SourceFile, Span, suggest};
use crate::yaml::codes::{INVALID_VALUE, MISSING_FIELD, UNKNOWN_FIELD, UNKNOWN_VALUE, WRONG_TYPE};
use crate::yaml::node::{Node, NodeKind};
use crate::yaml::path::Path;
use crate::yaml::scalar;

use super::deserializer::Shapes;
use super::error::{Error, Expected, NodeId, Problem};

/// More names than this are not listed.
const MANY: usize = 24;

/// Turns the errors of one document into findings.
pub(super) struct Reporter<'a> {
    pub(super) root: &'a Node,
    /// Where the root lies in its document.
    pub(super) base: &'a Path,
    pub(super) source: &'a Arc<SourceFile>,
    pub(super) shapes: &'a Shapes,
}

impl Reporter<'_> {
    pub(super) fn finding(&self, error: &Error) -> Finding {
        let path = error.path();
        let span = self.span(error, &path);
        match error.problem() {
            Problem::UnknownField { field, expected } => self.unknown_field(field, expected, &path, span),
            Problem::MissingField(field) => {
                let place = self.named(&path).unwrap_or_else(|| "the document".to_owned());
                Finding::new(&MISSING_FIELD, format!("{place} lacks the field `{field}`"))
                    .at(self.source.at(span), format!("`{field}` is missing"))
                    .help(format!("add `{field}:` to it"))
            }
            Problem::UnknownVariant { variant, expected } => {
                self.unknown_value(variant, expected, &path, span)
            }
            Problem::WrongType(expected) => self.wrong_type(expected, &path, span),
            Problem::Secret(forms) => {
                let place = self.named(&path).unwrap_or_else(|| "the document".to_owned());
                Finding::new(&WRONG_TYPE, format!("{place}: expected a reference to a secret, found a value"))
                    .at(self.source.at(span), "not shown")
                    .help(format!(
                        "a manifest never holds a secret: say where it is, with one of {}; if this was one, revoke it",
                        list(forms)
                    ))
            }
            Problem::Repeated(field) => {
                let place = self.named(&path).unwrap_or_default();
                Finding::new(&INVALID_VALUE, format!("{place} is written twice, under two names"))
                    .at(self.source.at(span), "written again")
                    .help(format!("keep `{field}`"))
            }
            Problem::Invalid(message) => {
                if let Some(finding) = self.incomplete_url(message, &path, span) {
                    return finding;
                }
                let place = match (error.at().is_some_and(|at| at.is_key), path.parent()) {
                    (true, Some(holder)) => {
                        let of = self.named(&holder).map_or(String::new(), |holder| format!(" in {holder}"));
                        format!("the key `{}`{of}", short(self.source.at(span).text()))
                    }
                    _ => self.named(&path).unwrap_or_else(|| "the document".to_owned()),
                };
                Finding::new(&INVALID_VALUE, format!("{place} is not valid: {message}"))
                    .at(self.source.at(span), "")
            }
            // Never worth telling; said plainly should it ever come through.
            Problem::MadeUp => {
                Finding::new(&INVALID_VALUE, "the document is not valid").at(self.source.at(span), "")
            }
        }
    }

    /// What to underline: the key for what is missing inside of a value or was left out, else the value.
    fn span(&self, error: &Error, path: &Path) -> Span {
        let Some(at) = error.at() else { return self.root.span };
        if let Some(focus) = error.focus().filter(|span| !span.is_empty()) {
            return focus;
        }
        let key = match error.problem() {
            Problem::MissingField(_) => true,
            Problem::Invalid(_) | Problem::WrongType(_) => {
                at.span.is_empty() || self.root.get(path).is_some_and(|node| node.as_mapping().is_some())
            }
            _ => at.span.is_empty(),
        };
        at.key_span.filter(|_| key).unwrap_or(at.span)
    }

    /// A path in backquotes; `None` for the document itself.
    fn named(&self, path: &Path) -> Option<String> {
        let full: Path = self.base.segments().iter().chain(path.segments()).cloned().collect();
        (!full.is_root()).then(|| format!("`{full}`"))
    }

    fn unknown_field(&self, field: &str, expected: &[&str], path: &Path, span: Span) -> Finding {
        let holder = path.parent().unwrap_or_default();
        let place = self.named(&holder).map_or("at the top level".to_owned(), |path| format!("in {path}"));
        let finding = Finding::new(&UNKNOWN_FIELD, format!("unknown field `{}` {place}", short(field)))
            .at(self.source.at(span), "unknown field");
        let taken = |name: &str| self.root.get(&holder).is_some_and(|node| node.entry(name).is_some());
        let free = expected.iter().copied().filter(|name| !taken(name));
        if let Some(meant) = suggest(field, free) {
            return finding.help(format!("did you mean `{meant}`?")).fix(
                format!("rename the field to `{meant}`"),
                self.source.at(span),
                meant,
            );
        }
        if let Some(elsewhere) = self.elsewhere(field, &holder) {
            let elsewhere =
                self.named(&elsewhere).map_or("at the top level".to_owned(), |at| format!("in {at}"));
            return finding.help(format!("`{}` is a field {elsewhere}; move it there", short(field)));
        }
        match expected {
            [] => finding.help("no fields are possible here"),
            _ => finding.help(format!("the fields here are {}", list(expected))),
        }
    }

    /// The nearest other mapping that has such a field: one directly inside this one, one around it, or one beside those.
    fn elsewhere(&self, field: &str, holder: &Path) -> Option<Path> {
        let inside = |path: &Path| {
            let entries = self.root.get(path).and_then(Node::as_mapping).unwrap_or_default();
            entries.iter().map(|entry| path.join(&entry.key)).collect::<Vec<_>>()
        };
        let around = std::iter::successors(holder.parent(), Path::parent).flat_map(|path| {
            let beside = inside(&path);
            std::iter::once(path).chain(beside)
        });
        inside(holder).into_iter().chain(around).filter(|path| path != holder).find(|path| {
            let fields = self.root.get(path).and_then(|node| self.shapes.get(&NodeId::from(node)));
            fields.is_some_and(|fields| fields.contains(&field))
        })
    }

    /// A URL without its scheme, which the `url` crate calls a relative one.
    fn incomplete_url(&self, message: &str, path: &Path, span: Span) -> Option<Finding> {
        let text = self.root.get(path)?.text()?;
        let error = url::Url::parse(text).err()?;
        // A text that is no URL where something else was wanted has a message of its own.
        let is_about_url = message.contains(&error.to_string());
        if !is_about_url || error != url::ParseError::RelativeUrlWithoutBase {
            return None;
        }
        let place = self.named(path).unwrap_or_else(|| "the document".to_owned());
        let finding = Finding::new(&INVALID_VALUE, format!("{place} is not a full URL"))
            .at(self.source.at(span), "no `https://`");
        let full = format!("https://{}", text.trim_start_matches('/'));
        let has_host =
            url::Url::parse(&full).is_ok_and(|url| url.host_str().is_some_and(|it| it.contains('.')));
        Some(match has_host && is_simple(text) {
            true => finding.help(format!("write `{full}`")).fix(
                format!("write `{full}`"),
                self.source.at(span),
                full,
            ),
            false => finding.help("write the whole URL, beginning with `https://`"),
        })
    }

    fn unknown_value(&self, variant: &str, expected: &[&str], path: &Path, span: Span) -> Finding {
        let place = self.named(path).map_or(String::new(), |path| format!(" for {path}"));
        let finding = Finding::new(&UNKNOWN_VALUE, format!("unknown value `{}`{place}", short(variant)))
            .at(self.source.at(span), "unknown value");
        let possible = format!("possible: {}", list(expected));
        let known = if expected.len() > 1 { format!(" {possible}") } else { String::new() };
        match suggest(variant, expected.iter().copied()) {
            Some(meant) => finding.help(format!("did you mean `{meant}`?{known}")).fix(
                format!("write `{meant}`"),
                self.source.at(span),
                quoted(meant),
            ),
            None => finding.help(possible),
        }
    }

    fn wrong_type(&self, expected: &Expected, path: &Path, span: Span) -> Finding {
        let node = self.root.get(path);
        let found = node.map_or_else(|| "something else".to_owned(), found);
        let wanted = describe(expected);
        let place = self.named(path).unwrap_or_else(|| "the document".to_owned());
        let mut finding = Finding::new(&WRONG_TYPE, format!("{place}: expected {wanted}, found {found}"))
            .at(self.source.at(span), format!("expected {}", brief(expected)));
        if let Some(node) = node {
            finding = self.mend_type(finding, expected, node);
        }
        finding
    }

    /// Adds what would make the value fit, where that can be told.
    fn mend_type(&self, finding: Finding, expected: &Expected, node: &Node) -> Finding {
        let location = self.source.at(node.span);
        match (expected, &node.kind) {
            (_, NodeKind::Null) => finding.help("give it a value, or leave the field out"),
            (Expected::Bool, NodeKind::String(text)) => {
                let word = match text.to_ascii_lowercase().as_str() {
                    "yes" | "y" | "on" | "true" | "1" => "true",
                    "no" | "n" | "off" | "false" | "0" => "false",
                    _ => return finding,
                };
                finding.help(format!("write `{word}`, without quotes; YAML 1.2 knows no other spelling")).fix(
                    format!("write `{word}`"),
                    location,
                    word,
                )
            }
            (Expected::Integer { .. } | Expected::Number, NodeKind::String(text))
                if matches!(scalar::resolve(text), NodeKind::Int(_) | NodeKind::Float(_)) =>
            {
                finding.help("leave the quotes out").fix("leave the quotes out", location, text)
            }
            (Expected::Text, NodeKind::Bool(_)) => {
                let text = node.raw.as_deref().unwrap_or_default();
                finding.help(format!("put it in quotes if the text is meant: `\"{text}\"`")).fix(
                    "put it in quotes",
                    location,
                    format!("\"{text}\""),
                )
            }
            (Expected::List, NodeKind::Sequence(_)) => finding,
            (Expected::List, NodeKind::Mapping(_)) => {
                finding.help("a list with one element is written with a dash: `- ...`")
            }
            (Expected::List, _) => {
                let written = location.text().to_owned();
                let simple = node.text().is_some_and(is_simple) && is_simple(&written);
                match simple {
                    true => finding.help(format!("put it in brackets: `[{written}]`")).fix(
                        "put it in brackets",
                        location,
                        format!("[{written}]"),
                    ),
                    false => finding.help("a list with one element is written in brackets, or with a dash"),
                }
            }
            (Expected::OneOf(names), NodeKind::Mapping(entries)) => {
                let rule = format!("write exactly one of {}", list(names));
                match entries.len() {
                    0 => finding.help(rule),
                    count => finding.help(format!("{rule}; {count} are written")),
                }
            }
            (Expected::ValueOf(name), _) => finding.help(format!("write `{{{name}: ...}}`, with its value")),
            _ => finding,
        }
    }
}

/// What is there.
fn found(node: &Node) -> String {
    match &node.kind {
        NodeKind::Null => match node.raw.as_deref() {
            Some(raw) => format!("`{raw}`"),
            None => "nothing".to_owned(),
        },
        NodeKind::Bool(value) => format!("`{value}`"),
        NodeKind::Int(_) | NodeKind::Float(_) => {
            format!("the number `{}`", short(node.raw.as_deref().unwrap_or_default()))
        }
        NodeKind::String(text) if text.is_empty() => "an empty text".to_owned(),
        NodeKind::String(text) => format!("the text `{}`", short(text)),
        NodeKind::Sequence(nodes) => match nodes.len() {
            0 => "an empty list".to_owned(),
            1 => "a list of one element".to_owned(),
            count => format!("a list of {count} elements"),
        },
        NodeKind::Mapping(entries) => {
            let keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
            match keys.as_slice() {
                [] => "an empty mapping".to_owned(),
                keys => format!("a mapping with {}", list(&keys[..keys.len().min(4)])),
            }
        }
    }
}

/// What was expected, in full.
fn describe(expected: &Expected) -> String {
    match expected {
        Expected::Integer { min, max } if *max < i128::from(u32::MAX) => {
            format!("a whole number from {min} to {max}")
        }
        Expected::Integer { min: 0, .. } => "a whole number that is not negative".to_owned(),
        Expected::Mapping(fields) if !fields.is_empty() => format!("a mapping with {}", list(fields)),
        Expected::OneOf(names) => format!("one of {}", list(names)),
        other => brief(other),
    }
}

/// What was expected, for an underline.
fn brief(expected: &Expected) -> String {
    match expected {
        Expected::Bool => "`true` or `false`".to_owned(),
        Expected::Integer { .. } => "a whole number".to_owned(),
        Expected::Number => "a number".to_owned(),
        Expected::Character => "a single character".to_owned(),
        Expected::Text => "a text".to_owned(),
        Expected::List => "a list".to_owned(),
        Expected::ListOf(length) => format!("a list of {length} elements"),
        Expected::Mapping(_) => "a mapping".to_owned(),
        Expected::OneOf(names) if names.len() <= 4 => format!("one of {}", list(names)),
        Expected::OneOf(_) => "one of a few values".to_owned(),
        Expected::Nothing => "nothing".to_owned(),
        Expected::ValueOf(name) => format!("a value for `{name}`"),
        Expected::Other(words) => words.clone(),
    }
}

/// Names in backquotes, not too many of them.
fn list(names: &[&str]) -> String {
    let mut shown: Vec<String> = names.iter().take(MANY).map(|name| format!("`{}`", short(name))).collect();
    if names.len() > MANY {
        shown.push(format!("and {} more", names.len() - MANY));
    }
    shown.join(", ")
}

/// The beginning of a text, enough to recognise it.
fn short(text: &str) -> String {
    const ENOUGH: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    let mut shown: String = line.chars().take(ENOUGH).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// A name as YAML, in quotes where it needs them.
fn quoted(name: &str) -> String {
    if is_simple(name) && matches!(scalar::resolve(name), NodeKind::String(_)) {
        name.to_owned()
    } else {
        serde_json::Value::from(name).to_string()
    }
}

/// Whether a text means the same with and without brackets around it.
fn is_simple(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '/'))
        && !text.starts_with(['-', '@'])
}
