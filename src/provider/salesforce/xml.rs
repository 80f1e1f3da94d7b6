//! Metadata components as trees of elements: read with limits, kept whole, changed in places and written again. Elements that nobody here
//! knows stay where they are, because a deploy replaces the whole component. Pure.
//!
//! Salesforce's metadata have elements and texts alone; attributes (`xsi:type`, `xsi:nil`) occur in SOAP answers only.

use roxmltree::Node;

use crate::saml::xml::{self, Limits, XmlError};

/// The namespace of metadata components.
pub(super) const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// Deeper than any component; deeper ones are cut off.
const MAX_DEPTH: usize = 32;
/// A list of every component of a type, or ten components with their contents.
pub(super) const ANSWER: Limits = Limits { bytes: 16 << 20, nodes: 400_000, namespaces: 20_000 };

/// An element with its text or its children.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    /// The text, where there are no children.
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// An element without anything in it.
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// An element with a text.
    pub(super) fn of_text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), children: Vec::new() }
    }

    /// Reads a node; `None` where it says that it is nothing (`xsi:nil`).
    pub(super) fn read(node: Node<'_, '_>) -> Option<Self> {
        Self::read_within(node, 0)
    }

    fn read_within(node: Node<'_, '_>, depth: usize) -> Option<Self> {
        if node.attribute((XSI, "nil")) == Some("true") || depth > MAX_DEPTH {
            return None;
        }
        let children: Vec<Self> = node
            .children()
            .filter(Node::is_element)
            .filter_map(|child| Self::read_within(child, depth + 1))
            .collect();
        // A text can be cut by comments and CDATA.
        let text = if children.is_empty() {
            node.children()
                .filter(Node::is_text)
                .filter_map(|text| text.text())
                .collect::<String>()
                .trim()
                .to_owned()
        } else {
            String::new()
        };
        Some(Self { name: node.tag_name().name().to_owned(), text, children })
    }

    /// The first child of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of a name, unless it is empty.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str()).filter(|text| !text.is_empty())
    }

    /// All children of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The element at a path of names, made where it is not there.
    pub(super) fn at(&mut self, path: &[&str]) -> &mut Self {
        let Some((first, rest)) = path.split_first() else { return self };
        let index = self.children.iter().position(|child| child.name == *first).unwrap_or_else(|| {
            self.children.push(Self::new(*first));
            self.children.len() - 1
        });
        self.children[index].at(rest)
    }

    /// Puts these children in the place of all of a name; none takes them away.
    pub(super) fn replace(&mut self, name: &str, with: impl IntoIterator<Item = Self>) {
        let at = self.children.iter().position(|child| child.name == name).unwrap_or(self.children.len());
        self.children.retain(|child| child.name != name);
        let at = at.min(self.children.len());
        self.children.splice(at..at, with);
    }

    /// Sets the text of the one child of a name; an empty one takes it away.
    pub(super) fn set(&mut self, name: &str, text: &str) {
        let child = (!text.is_empty()).then(|| Self::of_text(name, text));
        self.replace(name, child);
    }

    /// The document of a component, one element a line, as the Metadata API takes it. `fullName` is the file's name, not part of it.
    pub(super) fn to_document(&self) -> String {
        let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
        out.push_str(&format!("<{} xmlns=\"{NAMESPACE}\">\n", self.name));
        for child in self.children.iter().filter(|child| child.name != "fullName") {
            child.write(&mut out, 1);
        }
        out.push_str(&format!("</{}>\n", self.name));
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        let indent = "    ".repeat(depth);
        if self.children.is_empty() {
            out.push_str(&format!("{indent}<{0}>{1}</{0}>\n", self.name, escape(&self.text)));
            return;
        }
        out.push_str(&format!("{indent}<{}>\n", self.name));
        for child in &self.children {
            child.write(out, depth + 1);
        }
        out.push_str(&format!("{indent}</{}>\n", self.name));
    }

    /// The names that lead to what stands on a line of [`Self::to_document`], counted from 1.
    pub(super) fn path_at_line(&self, line: usize) -> Option<Vec<String>> {
        // Two lines come first: the declaration and the root.
        let mut next = 3;
        let children: Vec<&Self> = self.children.iter().filter(|child| child.name != "fullName").collect();
        children.into_iter().find_map(|child| child.find_line(line, &mut next))
    }

    fn find_line(&self, line: usize, next: &mut usize) -> Option<Vec<String>> {
        let with = |mut path: Vec<String>| {
            path.insert(0, self.name.clone());
            path
        };
        let start = *next;
        *next += 1;
        if start == line {
            return Some(vec![self.name.clone()]);
        }
        if !self.children.is_empty() {
            for child in &self.children {
                if let Some(path) = child.find_line(line, next) {
                    return Some(with(path));
                }
            }
            if *next == line {
                return Some(vec![self.name.clone()]);
            }
            *next += 1;
        }
        None
    }
}

/// Reads the documents of an answer.
pub(super) fn parse<R>(text: &str, read: impl FnOnce(Node<'_, '_>) -> R) -> Result<R, XmlError> {
    let document = xml::parse(text, ANSWER)?;
    Ok(read(document.root_element()))
}

/// A text as the content of an element. What XML 1.0 cannot hold becomes U+FFFD.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Element {
        parse(text, Element::read).unwrap().unwrap()
    }

    #[test]
    fn unknown_elements_stay_where_they_are() {
        let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ConnectedApp xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n    \
                    <label>a</label>\n    <future>\n        <deep>1</deep>\n    </future>\n    <contactEmail>a@b</contactEmail>\n</ConnectedApp>\n";
        let mut app = read(text);
        assert_eq!(app.to_document(), text);
        app.set("label", "a & <b>");
        app.at(&["samlConfig"]).set("acsUrl", "https://x");
        let again = read(&app.to_document());
        assert_eq!(again, app);
        assert_eq!(again.text_of("label"), Some("a & <b>"));
        assert_eq!(again.child("future").unwrap().text_of("deep"), Some("1"));
        app.set("label", "");
        assert_eq!(app.child("label"), None);
    }

    #[test]
    fn a_line_of_the_document_leads_back_to_its_element() {
        let mut app = Element::new("A");
        app.children.push(Element::of_text("fullName", "x"));
        app.set("label", "a");
        app.at(&["attributes"]).set("formula", "f");
        app.at(&["attributes"]).set("key", "k");
        app.set("z", "1");
        let lines: Vec<String> = app.to_document().lines().map(str::to_owned).collect();
        let of = |text: &str| {
            let line = lines.iter().position(|line| line.contains(text)).unwrap() + 1;
            app.path_at_line(line).map(|path| path.join("."))
        };
        assert_eq!(of("<label>").as_deref(), Some("label"));
        assert_eq!(of("<key>").as_deref(), Some("attributes.key"));
        assert_eq!(of("</attributes>").as_deref(), Some("attributes"));
        assert_eq!(of("<z>").as_deref(), Some("z"));
        assert_eq!(of("<A "), None);
    }

    #[test]
    fn what_says_that_it_is_nothing_is_nothing() {
        let text = "<r xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><a xsi:nil=\"true\"/><b/></r>";
        assert_eq!(read(text).children, [Element::new("b")]);
        let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
        assert!(parse(&deep, Element::read).unwrap().is_some());
    }

    proptest! {
        #[test]
        fn no_text_breaks_out_of_its_place(text in any::<String>()) {
            let mut element = Element::new("A");
            element.set("b", &text);
            let again = read(&element.to_document());
            prop_assert!(again.children.len() <= 1);
        }
    }
}
