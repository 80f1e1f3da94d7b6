//! API names: letters, digits and single underscores, beginning with a letter and ending with none (Salesforce, developer names).

/// The most characters of a name.
const MOST: usize = 80;

/// The API name that Salesforce's own page proposes for a label: what is no letter or digit becomes an underscore.
pub(in super::super) fn developer_name(label: &str) -> String {
    let mut name = String::with_capacity(label.len());
    for c in label.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    // One is left for the letter that a name with a digit in front gets.
    name.truncate(MOST - 1);
    let name = name.trim_end_matches('_');
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("X{name}") } else { name.to_owned() }
}

/// Whether a text is such a name.
pub(in super::super) fn is_developer_name(text: &str) -> bool {
    text.len() <= MOST
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with('_')
        && !text.contains("__")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_label_becomes_the_name_that_setup_proposes() {
        assert_eq!(developer_name("Twilio Flex - NSS"), "Twilio_Flex_NSS");
        assert_eq!(developer_name("  2nd Flex!"), "X2nd_Flex");
        assert_eq!(developer_name("äöü"), "");
        for bad in ["", "1a", "_a", "a_", "a__b", "a b", "a.b"] {
            assert!(!is_developer_name(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_proposed_name_is_empty_or_good(label in "\\PC{0,120}") {
            let name = developer_name(&label);
            prop_assert!(name.is_empty() || is_developer_name(&name), "{name}");
        }
    }
}
