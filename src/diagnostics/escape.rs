//! Foreign text made safe to look at. Owns which characters are shown instead of obeyed; escaping for HTML, Markdown,
//! JSON or workflow commands belongs to the renderers.
//!
//! Names from manifests and from live systems are hostile: an escape sequence can repaint a terminal, a bidirectional
//! override can make code read backwards (CVE-2021-42574), a line break can forge a line of a log.

use std::borrow::Cow;

/// Text for one line: control characters (line breaks among them), bidirectional controls and invisible characters are
/// written as `\n`, `\t`, `\u{1b}` and so on.
pub fn visible(text: &str) -> Cow<'_, str> {
    escape(text, is_hidden)
}

/// Text that may have several lines: as [`visible`], but line feeds stay, and tabs become a space.
pub fn visible_block(text: &str) -> Cow<'_, str> {
    match escape(text, |c| is_hidden(c) && c != '\n' && c != '\t') {
        Cow::Borrowed(text) if !text.contains('\t') => Cow::Borrowed(text),
        text => Cow::Owned(text.replace('\t', " ")),
    }
}

/// Whether a character steers the display instead of showing itself: control characters (Unicode Cc), line and paragraph
/// separators, bidirectional controls, zero-width characters and tag characters.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// How a hidden character is written.
pub(super) fn escaped(c: char) -> String {
    c.escape_default().to_string()
}

fn escape(text: &str, hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if hidden(c) { out.push_str(&escaped(c)) } else { out.push(c) }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_text_is_shown_not_obeyed() {
        assert_eq!(visible("a\u{1b}[31m\r\n\t"), "a\\u{1b}[31m\\r\\n\\t");
        assert_eq!(visible("admin\u{202e}txt\u{2066}"), "admin\\u{202e}txt\\u{2066}");
        assert_eq!(visible_block("a\nb\tc\u{7}"), "a\nb c\\u{7}");
        assert!(matches!(visible("Żółć – naïve 🎉"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_hidden_remains(text in any::<String>()) {
            prop_assert!(!visible(&text).contains(is_hidden));
            prop_assert!(!visible_block(&text).contains(|c| is_hidden(c) && c != '\n'));
        }
    }
}
