//! XML as trees of elements: how the sandbox keeps metadata components and reads messages. Lines are kept as far as they were read.

use roxmltree::{Document, Node};
use serde::{Deserialize, Serialize};

/// An element with its text or its children.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tree {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) children: Vec<Tree>,
    /// The line that it begins in, from 1; 0 where it was not read from a text.
    #[serde(skip)]
    pub(super) line: u32,
}

impl Tree {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    pub(super) fn of_text(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned(), ..Self::default() }
    }

    /// Reads a document. The error says what is wrong, for a person.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let document = Document::parse(text).map_err(|error| format!("Error parsing file: {error}"))?;
        Ok(Self::read(document.root_element(), &document))
    }

    fn read(node: Node<'_, '_>, document: &Document<'_>) -> Self {
        let children: Vec<Self> =
            node.children().filter(Node::is_element).map(|child| Self::read(child, document)).collect();
        let text = match children.is_empty() {
            true => node.text().unwrap_or_default().trim().to_owned(),
            false => String::new(),
        };
        let line = document.text_pos_at(node.range().start).row;
        Self { name: node.tag_name().name().to_owned(), text, children, line }
    }

    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of a child, empty where there is none.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.child(name).map(|child| child.text.as_str()).unwrap_or_default()
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Sets the text of a child; an empty one takes it away.
    pub(super) fn set(&mut self, name: &str, text: &str) {
        self.children.retain(|child| child.name != name);
        if !text.is_empty() {
            self.children.push(Self::of_text(name, text));
        }
    }

    /// The elements inside, as XML.
    pub(super) fn inner_xml(&self) -> String {
        self.children.iter().map(Self::to_xml).collect()
    }

    fn to_xml(&self) -> String {
        let inner = if self.children.is_empty() { escape(&self.text) } else { self.inner_xml() };
        format!("<{0}>{inner}</{0}>", self.name)
    }

    /// A value of YAML or JSON as elements: a list repeats its element.
    pub(super) fn from_json(name: &str, value: &serde_json::Value) -> Vec<Self> {
        use serde_json::Value;
        match value {
            Value::Null => Vec::new(),
            Value::Array(items) => items.iter().flat_map(|item| Self::from_json(name, item)).collect(),
            Value::Object(entries) => {
                let children = entries.iter().flat_map(|(key, value)| Self::from_json(key, value)).collect();
                vec![Self { children, ..Self::new(name) }]
            }
            Value::String(text) => vec![Self::of_text(name, text)],
            other => vec![Self::of_text(name, &other.to_string())],
        }
    }
}

/// Escapes text for XML and HTML.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}
