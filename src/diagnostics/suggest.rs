//! "Did you mean". Owns when one word is near enough to another to be worth a suggestion.

/// Words longer than this are compared for equality only, so that a hostile word cannot make the comparison dear.
const LONGEST: usize = 64;

/// The candidate that a person most likely meant by `word`, if one is near enough.
///
/// Case and the separators `-`, `_` and space do not count (`friendly_name` is `friendlyName`); otherwise the distance
/// is that of optimal string alignment, and may be a third of the word's length. The earlier candidate wins a tie.
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = plain(word);
    let length = wanted.chars().count();
    if length == 0 {
        return None;
    }
    let allowed = (length / 3).max(1);
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates {
        let other = plain(candidate);
        let distance = if other == wanted {
            0
        } else if length > LONGEST || other.chars().count() > LONGEST {
            continue;
        } else {
            strsim::osa_distance(&wanted, &other)
        };
        // A distance as great as the word itself would turn any short word into any other.
        let near = distance == 0 || (distance <= allowed && distance < length);
        if near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let fields = ["name", "friendlyName", "identityProvider", "urls"];
        assert_eq!(suggest("friendly_name", fields), Some("friendlyName"));
        assert_eq!(suggest("freindlyName", fields), Some("friendlyName"));
        assert_eq!(suggest("NAME", fields), Some("name"));
        assert_eq!(suggest("url", fields), Some("urls"));
        assert_eq!(suggest("idp", fields), None);
        assert_eq!(suggest("", fields), None);
        assert_eq!(suggest("x", ["y"]), None);
        assert_eq!(suggest(&"a".repeat(1 << 20), fields), None);
    }
}
