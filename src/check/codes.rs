//! The catalogue of codes: everything that `concord explain` can explain.

use crate::{diagnostics::Code, manifest, yaml};

/// Every code that reading and checking manifests can find, and those that the caller adds (of rooms above this one), sorted by
/// id.
pub fn all(extra: impl IntoIterator<Item = &'static Code>) -> Vec<&'static Code> {
    let own = super::codes().chain(yaml::CODES.iter().copied()).chain(manifest::CODES.iter().copied());
    let mut codes: Vec<&'static Code> = own.chain(extra).collect();
    codes.sort_by_key(|code| code.id);
    codes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Severity;

    static EXTRA: Code = Code { id: "aaa", severity: Severity::Advice, title: "an example", explanation: "" };

    #[test]
    fn codes_are_unique_and_explained() {
        let codes = all([]);
        for pair in codes.windows(2) {
            assert!(pair[0].id < pair[1].id, "{} twice", pair[0].id);
        }
        for Code { id, severity: _, title, explanation } in codes {
            let is_word = |word: &str| {
                !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            };
            assert!(id.split('-').all(is_word), "`{id}` is not kebab-case");
            assert!(
                !title.is_empty() && !title.ends_with('.') && !title.contains('\n'),
                "the title of {id}: {title}"
            );
            assert!(explanation.len() >= 80, "{id} is hardly explained: {explanation}");
            // Line continuations swallow the next line's indentation; a run of spaces says that one was forgotten.
            assert!(!explanation.contains("  "), "a run of spaces in the explanation of {id}");
        }
    }

    #[test]
    fn further_codes_are_sorted_in() {
        let codes = all([&EXTRA]);
        assert_eq!(codes[0], &EXTRA);
        assert!(codes.iter().any(|code| code.id == "unknown-field"));
        assert!(codes.iter().any(|code| code.id == "sid-form"));
    }
}
