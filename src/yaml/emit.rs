//! Values as YAML text, for files that Concord writes itself. Owns the safe quoting; edits of files that a person wrote
//! are not made here, because they would lose the comments.

use serde::Serialize;

/// Why a value could not be written as YAML.
#[derive(Debug, thiserror::Error)]
#[error("the value cannot be written as YAML")]
pub struct EmitError(#[from] serde_saphyr::ser::Error);

/// Writes a value as one YAML document that ends in a line break.
///
/// Texts that a YAML 1.1 reader would take for something else (`no`, `12:30`, `2024-01-01`, `0123`) are quoted, so that
/// every reader sees the same value.
///
/// # Errors
/// Where the value's own `Serialize` fails, or has no form in YAML.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, EmitError> {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    Ok(serde_saphyr::to_string_with_options(&value, options)?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::diagnostics::{Findings, SourceFile};
    use crate::yaml::{Limits, decode, parse};

    fn read_back(text: &str) -> BTreeMap<String, Vec<String>> {
        let source = SourceFile::new("a.yaml", text);
        let mut findings = Findings::new();
        let roots = parse(&source, &Limits::default(), &mut findings);
        let value = roots.first().and_then(|root| decode(root, &source, &mut findings));
        value.unwrap_or_else(|| panic!("{text:?}: {findings:?}"))
    }

    /// Texts that a YAML 1.1 reader takes for something else, or that are near the edges of the grammar.
    const TRAPS: &[&str] = &[
        "y",
        "Y",
        "yes",
        "No",
        "on",
        "OFF",
        "true",
        "null",
        "~",
        "",
        "12:30",
        "1:20:30",
        "2024-01-01",
        "2024-01-01T10:00:00Z",
        "0123",
        "0o17",
        "0x1F",
        "0b1",
        "1_000",
        ".5",
        "1.10",
        "1e3",
        ".inf",
        ".NaN",
        "=",
        "<<",
        "-",
        "?",
        ":",
        "- a",
        "a: b",
        "a #b",
        "#",
        "@a",
        "`a",
        "%a",
        "!a",
        "&a",
        "*a",
        "|",
        ">",
        "[",
        "{}",
        "---",
        "...",
        "'",
        "\"",
        "\\",
        " a",
        "a ",
        "a\n",
        "\n",
        "\ta",
        "a\nb",
        "\r",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{7f}",
        "é",
        "🎉",
    ];

    #[test]
    fn traps_are_quoted_and_read_back() {
        for trap in TRAPS {
            let value = BTreeMap::from([((*trap).to_owned(), vec![(*trap).to_owned(), "x".to_owned()])]);
            assert_eq!(read_back(&to_string(&value).unwrap()), value);
        }
        for misread in &TRAPS[..26] {
            let text = to_string(misread).unwrap();
            assert!(text.starts_with(['"', '\'']), "{text}");
        }
        assert_eq!(to_string("plain-text").unwrap(), "plain-text\n");
    }

    fn text() -> impl Strategy<Value = String> {
        let trap = prop::sample::select(TRAPS).prop_map(str::to_owned);
        let joined =
            prop::collection::vec(prop::sample::select(TRAPS), 0..6).prop_map(|traps| traps.concat());
        prop_oneof![any::<String>(), trap, joined]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            value in prop::collection::btree_map(text(), prop::collection::vec(text(), 0..4), 1..5),
        ) {
            prop_assert_eq!(read_back(&to_string(&value).unwrap()), value);
        }
    }
}
