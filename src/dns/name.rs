//! Domain names as text (RFC 1035 section 2.3.1, RFC 5890 section 2.3.1): one form, and what is none.

use super::error::DnsError;

/// A name in lower case without its final dot. An internationalised name has to come in its ASCII form (`xn--...`), as URLs have it.
/// An underscore may begin a label (`_twilio.example.com`, RFC 8552).
///
/// # Errors
/// [`DnsError::BadName`].
pub fn normalized(name: &str) -> Result<String, DnsError> {
    let bad = |reason| DnsError::BadName { name: name.chars().take(80).collect(), reason };
    let bare = name.strip_suffix('.').unwrap_or(name);
    if bare.is_empty() {
        return Err(bad("it is empty"));
    }
    if bare.len() > 253 {
        return Err(bad("it has more than 253 characters"));
    }
    for label in bare.split('.') {
        if label.is_empty() {
            return Err(bad("a label is empty"));
        }
        if label.len() > 63 {
            return Err(bad("a label has more than 63 characters"));
        }
        if !label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Err(bad("it holds a character that no host name has"));
        }
    }
    Ok(bare.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_form() {
        assert_eq!(normalized("_Twilio.Connie.ONE.").unwrap(), "_twilio.connie.one");
        for name in
            ["", ".", "a..b", "a b.c", "ä.example", "*.example.com", &"a.".repeat(128), &"a".repeat(64)]
        {
            assert!(matches!(normalized(name), Err(DnsError::BadName { .. })), "{name}");
        }
    }
}
