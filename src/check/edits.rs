//! Mechanical edits that several rules offer. Owns when an entry can be deleted without breaking the text around it.

use crate::{
    diagnostics::{Edit, Fix, Location},
    manifest::Document,
    yaml::{Path, Segment},
};

/// The deletion of the entry at a path: the whole line or lines of it. Only where the entry stands on lines of its own and is
/// not the last of its mapping, because what is left must still mean the same.
pub(super) fn removal(document: &Document, path: &Path) -> Option<Fix> {
    let Some(Segment::Key(key)) = path.segments().last() else { return None };
    let parent = document.root.get(&path.parent()?)?;
    if parent.as_mapping()?.len() < 2 {
        return None;
    }
    let entry = parent.entry(key)?;
    let text = document.source.text();
    let written = text.get(entry.key_span.start..entry.value.span.end.max(entry.key_span.end))?.trim_end();
    let end = entry.key_span.start + written.len();
    let line_start = text[..entry.key_span.start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    let alone = text[line_start..entry.key_span.start].chars().all(|c| c == ' ')
        && text[end..line_end].trim().is_empty();
    alone.then(|| Fix {
        description: format!("remove `{key}`"),
        edits: vec![Edit { location: document.source.at(line_start..line_end), replacement: String::new() }],
    })
}

/// A replacement of a plain scalar by another text that needs no quotes.
pub(super) fn replacement(location: &Location, with: &str) -> Fix {
    Fix {
        description: format!("write `{with}`"),
        edits: vec![Edit { location: location.clone(), replacement: with.to_owned() }],
    }
}
