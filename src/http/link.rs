//! Link headers (RFC 8288). Owns their reading; whether a link may be followed is decided by the origin.

use reqwest::header::{HeaderMap, LINK};

/// Target of the first link with relation `next`, as the server wrote it.
pub fn next_link(headers: &HeaderMap) -> Option<String> {
    headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()).find_map(next_in)
}

fn next_in(mut rest: &str) -> Option<String> {
    loop {
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        let (params, after) = split_outside_quotes(after, ',');
        if is_next(params) {
            return Some(target.trim().to_owned());
        }
        rest = after;
    }
}

fn is_next(mut params: &str) -> bool {
    while !params.is_empty() {
        let (param, rest) = split_outside_quotes(params, ';');
        if let Some((name, value)) = param.split_once('=')
            && name.trim().eq_ignore_ascii_case("rel")
        {
            // Only the first rel counts (section 3.3); it may name several relations.
            let relations = value.trim().trim_matches('"');
            return relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"));
        }
        params = rest;
    }
    false
}

fn split_outside_quotes(text: &str, separator: char) -> (&str, &str) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if c == separator && !quoted => return (&text[..at], &text[at + c.len_utf8()..]),
            _ => {}
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_next_among_others() {
        let value = r#"<https://a.example/?after=1,2>; title="x, <y>; rel=next"; rel="self", <https://a.example/?after=3>; rel="prev next""#;
        assert_eq!(next_in(value).as_deref(), Some("https://a.example/?after=3"));
        assert_eq!(next_in("</x>; REL=next").as_deref(), Some("/x"));
        assert_eq!(next_in("</x>; rel=self; rel=next"), None);
        assert_eq!(next_in("<unclosed; rel=next"), None);
    }

    #[test]
    fn reads_repeated_headers() {
        let mut headers = HeaderMap::new();
        headers.append(LINK, "<https://a.example/1>; rel=\"self\"".parse().unwrap());
        headers.append(LINK, "<https://a.example/2>; rel=\"next\"".parse().unwrap());
        assert_eq!(next_link(&headers).as_deref(), Some("https://a.example/2"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in any::<String>()) {
            let _ = next_in(&text);
        }

        #[test]
        fn a_link_that_was_written_is_found(path in "[a-z0-9/?=,;&]{0,30}", title in "[a-z,;<>= ]{0,20}") {
            let value = format!("<https://a.example/>; rel=\"self\", <{path}>; title=\"{title}\"; rel=\"next\"");
            prop_assert_eq!(next_in(&value), Some(path));
        }
    }
}
