//! Texts from outside inside Markdown, as GitHub renders it (GFM with HTML). Owns which characters could mean something there.
//!
//! Three places, three ways: in prose everything that Markdown or HTML reads is escaped; inside an HTML tag's line Markdown is not read,
//! so only HTML is; in code nothing is read but the end of the code.

use crate::diagnostics::visible;

/// A text in prose. What stands between single backticks, as in our own sentences, becomes code; where the ticks do not pair up, none of
/// them means anything. Mentions, references to issues and bare links are cut by empty comments, since they are made from the text
/// after escapes were read.
pub(in crate::render) fn inline(text: &str) -> String {
    let text = visible(text);
    let is_paired = !text.contains("``") && text.matches('`').count().is_multiple_of(2);
    if !is_paired {
        return prose(&text);
    }
    // No two ticks touch, so every delimiter stays a run of one and closes what the one before it opened.
    text.split('`')
        .enumerate()
        .map(|(at, part)| if at.is_multiple_of(2) { prose(part) } else { code(part) })
        .collect()
}

fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for (index, c) in text.chars().enumerate() {
        match c {
            // A list, but only where a line begins.
            '-' | '+' if index == 0 => out.extend(['\\', c]),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => out.extend(['\\', c]),
            other => special(other, &mut out),
        }
    }
    cut_links(&out)
}

/// A text on the line of an HTML tag such as `<summary>`.
pub(in crate::render) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    visible(text).chars().for_each(|c| special(c, &mut out));
    cut_links(&out)
}

fn special(c: char, out: &mut String) {
    match c {
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '&' => out.push_str("&amp;"),
        '"' => out.push_str("&quot;"),
        '@' => out.push_str("@<!-- -->"),
        '#' => out.push_str("#<!-- -->"),
        other => out.push(other),
    }
}

fn cut_links(text: &str) -> String {
    text.replace("://", ":<!-- -->//").replace("www.", "www<!-- -->.")
}

/// A text as inline code.
pub(in crate::render) fn code(text: &str) -> String {
    let text = visible(text);
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    let ticks = "`".repeat(longest_run(&text, '`') + 1);
    // One space inside is stripped on both sides, and keeps ticks at an end apart.
    if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
        format!("{ticks} {text} {ticks}")
    } else {
        format!("{ticks}{text}{ticks}")
    }
}

/// A fence that a text does not close: longer than any run of backticks in it.
pub(in crate::render) fn fence(text: &str) -> String {
    "`".repeat((longest_run(text, '`') + 1).max(3))
}

fn longest_run(text: &str, wanted: char) -> usize {
    text.split(|c| c != wanted).map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_is_read_as_markup() {
        assert_eq!(inline("<b> *x* @me #1 [a](b)"), r"&lt;b&gt; \*x\* @<!-- -->me #<!-- -->1 \[a\](b)");
        assert_eq!(inline("https://evil.example"), "https:<!-- -->//evil.example");
        assert_eq!(inline("use `--allow <x>`, or `y`"), "use `--allow <x>`, or `y`");
        assert_eq!(inline("`a``<b>`"), r"\`a\`\`&lt;b&gt;\`");
        assert_eq!(html("</summary>&`"), "&lt;/summary&gt;&amp;`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(fence("x ```` y"), "`````");
    }

    /// What CommonMark reads outside of code spans; runs of ticks are read as one tick each.
    fn outside_code(text: &str) -> String {
        let mut out = String::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '\\' => drop(rest.next()),
                '`' => drop(rest.by_ref().find(|c| *c == '`')),
                other => out.push(other),
            }
        }
        out
    }

    proptest! {
        #[test]
        fn no_text_opens_a_tag_or_closes_a_fence(text in "[<>&`@#a\n\\\\]{0,20}") {
            for escaped in [prose(&visible(&text)), html(&text)] {
                prop_assert!(!escaped.replace("<!-- -->", "").contains(['<', '>']));
                prop_assert!(!escaped.contains('\n'));
            }
            let inline = inline(&text);
            prop_assert!(!outside_code(&inline).replace("<!-- -->", "").contains(['<', '>']), "{}", inline);
            prop_assert!(!text.contains(&fence(&text)));
        }
    }
}
