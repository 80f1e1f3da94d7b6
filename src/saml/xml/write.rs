//! Writing XML, with every value escaped in one place.

/// Writes XML. Every value is escaped here and nowhere else.
#[derive(Debug)]
pub(in crate::saml) struct Writer {
    out: String,
    open: Vec<&'static str>,
    pretty: bool,
}

impl Writer {
    /// An indented document with a declaration.
    pub(in crate::saml) fn document() -> Self {
        Self {
            out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(),
            open: Vec::new(),
            pretty: true,
        }
    }

    /// A compact document without a declaration, for messages inside a URL.
    pub(in crate::saml) fn message() -> Self {
        Self { out: String::new(), open: Vec::new(), pretty: false }
    }

    /// Opens an element; [`Writer::close`] closes the last one that is open.
    pub(in crate::saml) fn open(
        &mut self,
        name: &'static str,
        attributes: &[(&str, Option<&str>)],
    ) -> &mut Self {
        self.start(name, attributes);
        self.out.push('>');
        self.open.push(name);
        self.newline()
    }

    /// An element without content.
    pub(in crate::saml) fn empty(
        &mut self,
        name: &'static str,
        attributes: &[(&str, Option<&str>)],
    ) -> &mut Self {
        self.start(name, attributes);
        self.out.push_str("/>");
        self.newline()
    }

    /// An element with text.
    pub(in crate::saml) fn text(
        &mut self,
        name: &'static str,
        attributes: &[(&str, Option<&str>)],
        text: &str,
    ) -> &mut Self {
        self.start(name, attributes);
        self.out.push('>');
        escape_into(&mut self.out, text);
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
        self.newline()
    }

    /// Closes the innermost open element.
    pub(in crate::saml) fn close(&mut self) -> &mut Self {
        if let Some(name) = self.open.pop() {
            self.indent();
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push('>');
            self.newline();
        }
        self
    }

    /// The text; closes what is still open.
    pub(in crate::saml) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.out
    }

    fn start(&mut self, name: &str, attributes: &[(&str, Option<&str>)]) {
        self.indent();
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in attributes {
            let Some(value) = value else { continue };
            self.out.push(' ');
            self.out.push_str(key);
            self.out.push_str("=\"");
            escape_into(&mut self.out, value);
            self.out.push('"');
        }
    }

    fn indent(&mut self) {
        if self.pretty {
            for _ in &self.open {
                self.out.push_str("  ");
            }
        }
    }

    fn newline(&mut self) -> &mut Self {
        if self.pretty {
            self.out.push('\n');
        }
        self
    }
}

/// Escapes for text and for attributes alike. White space other than a space becomes a character reference, so that
/// attribute normalisation keeps it; what XML 1.0 cannot hold (control characters) becomes U+FFFD.
fn escape_into(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Limits, parse, text_of};
    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in "[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\u{fffe}\u{ffff}]{0,40}") {
            let mut writer = Writer::document();
            writer.open("r", &[("k", Some(&value)), ("none", None)]).text("t", &[], &value);
            let xml = writer.finish();
            let document = parse(&xml, Limits::MESSAGE).unwrap();
            let root = document.root_element();
            prop_assert_eq!(root.attribute("k"), Some(value.as_str()));
            prop_assert_eq!(text_of(root.first_element_child().unwrap()), value);
            prop_assert_eq!(root.attribute("none"), None);
        }

        #[test]
        fn no_text_breaks_out_of_its_place(value in any::<String>()) {
            let mut writer = Writer::message();
            writer.empty("r", &[("k", Some(&value))]);
            let xml = writer.finish();
            let document = parse(&xml, Limits::MESSAGE).unwrap();
            prop_assert_eq!(document.root_element().attributes().len(), 1);
        }
    }
}
