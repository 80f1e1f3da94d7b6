//! Keeps secrets and control characters out of what is shown. Owns the list of secrets that were revealed in this run;
//! reading them is not its business.

use std::sync::{Arc, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};

/// What stands in place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Longest message from outside that is kept, in characters.
const MAX_MESSAGE: usize = 600;
/// What is sent as every secret to the sandbox.
pub const SANDBOX_WORD: &str = "sandbox";

/// Shorter secrets are not looked for: they would blot out ordinary words.
const MIN_SECRET: usize = 4;
/// A line of a multi-line secret (a PEM key) is a secret of its own from this length on.
const MIN_LINE: usize = 16;

/// Collects every secret revealed in this run and blots it out of text from outside. Cheap to clone; clones share the list.
#[derive(Clone, Default)]
pub struct Redactor {
    needles: Arc<RwLock<Vec<SecretString>>>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Remembers a secret, and the forms that it takes on the wire: percent-encoded, form-encoded, JSON-escaped, base64,
    /// and the single lines of a key file.
    pub fn learn(&self, secret: &SecretString) {
        let raw = secret.expose_secret();
        let trimmed = raw.trim();
        // The word that stands for every secret in the sandbox is none.
        if trimmed.len() < MIN_SECRET || trimmed == SANDBOX_WORD {
            return;
        }
        let mut forms = vec![trimmed.to_owned()];
        let percent = encode_segment(trimmed);
        forms.push(percent.replace("%20", "+"));
        forms.push(lower_hex(&percent));
        forms.push(percent);
        forms.extend(
            url::form_urlencoded::byte_serialize(trimmed.as_bytes()).map(str::to_owned).reduce(|a, b| a + &b),
        );
        forms.extend(serde_json::to_string(trimmed).ok().map(|quoted| quoted.trim_matches('"').to_owned()));
        forms.push(STANDARD.encode(raw));
        forms.push(STANDARD.encode(trimmed).trim_end_matches('=').to_owned());
        forms.push(URL_SAFE_NO_PAD.encode(trimmed));
        forms.extend(
            trimmed
                .lines()
                .map(str::trim)
                .filter(|line| line.len() >= MIN_LINE && !line.starts_with("-----"))
                .map(str::to_owned),
        );
        self.add(forms);
    }

    /// Remembers the password of a Basic credential (RFC 7617), also as the pair is sent.
    pub fn learn_basic(&self, user: &str, secret: &SecretString) {
        self.learn(secret);
        let pair = STANDARD.encode(format!("{user}:{}", secret.expose_secret()));
        self.add(vec![pair.trim_end_matches('=').to_owned(), pair]);
    }

    fn add(&self, forms: Vec<String>) {
        let mut needles = self.needles.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        for form in forms {
            if form.len() >= MIN_SECRET && !needles.iter().any(|known| known.expose_secret() == form) {
                needles.push(form.into());
            }
        }
        // The longest first, so that a secret that contains another leaves no rest behind.
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.expose_secret().len()));
    }

    /// Replaces every known secret by [`REDACTED`].
    pub fn redact(&self, text: &str) -> String {
        let needles = self.needles.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        needles.iter().fold(text.to_owned(), |text, needle| match text.contains(needle.expose_secret()) {
            true => text.replace(needle.expose_secret(), REDACTED),
            false => text,
        })
    }

    /// Makes text from outside fit to be shown: secrets replaced, control and direction-changing characters visible, white
    /// space folded, shortened to 600 characters.
    pub fn scrub(&self, text: &str) -> String {
        let folded = self.redact(text).split_whitespace().collect::<Vec<_>>().join(" ");
        let mut shown = String::with_capacity(folded.len());
        for (count, c) in folded.chars().enumerate() {
            if count == MAX_MESSAGE {
                shown.push('…');
                break;
            }
            match c.is_control() || is_deceptive(c) {
                true => shown.extend(c.escape_unicode()),
                false => shown.push(c),
            }
        }
        // Once more: folding and cutting white space may have put together what a line break held apart.
        self.redact(&shown)
    }
}

/// Characters without a shape that change how their neighbours are shown (Unicode TR 36, bidirectional text spoofing).
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Percent-encodes all but the unreserved characters of RFC 3986 section 2.3.
pub(super) fn encode_segment(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            true => out.push(char::from(byte)),
            false => {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out
    })
}

fn lower_hex(percent: &str) -> String {
    let mut left = 0;
    percent
        .chars()
        .map(|c| match (c, left) {
            ('%', _) => {
                left = 2;
                c
            }
            (_, 0) => c,
            _ => {
                left -= 1;
                c.to_ascii_lowercase()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_of_a_secret_goes() {
        let redactor = Redactor::default();
        let secret: SecretString = "s3cr€t/with space+\"quote\"".into();
        redactor.learn_basic("AC1", &secret);
        let raw = secret.expose_secret();
        let basic = STANDARD.encode(format!("AC1:{raw}"));
        for form in [
            raw.to_owned(),
            encode_segment(raw),
            lower_hex(&encode_segment(raw)),
            url::form_urlencoded::byte_serialize(raw.as_bytes()).collect(),
            serde_json::to_string(raw).unwrap().trim_matches('"').to_owned(),
            basic,
        ] {
            let shown = redactor.scrub(&format!("no: <{form}>"));
            assert_eq!(shown, "no: <[redacted]>", "{form}");
        }
    }

    #[test]
    fn lines_of_a_key_go_and_its_frame_stays() {
        let redactor = Redactor::default();
        redactor
            .learn(&"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\n-----END PRIVATE KEY-----\n".into());
        assert_eq!(redactor.scrub("bad line MIIEvQIBADANBgkqhkiG!"), "bad line [redacted]!");
        assert_eq!(redactor.scrub("-----BEGIN PRIVATE KEY-----"), "-----BEGIN PRIVATE KEY-----");
    }

    #[test]
    fn control_and_bidi_characters_become_visible() {
        let redactor = Redactor::default();
        assert_eq!(redactor.scrub("a\u{1b}[31mb\u{202e}c\r\nd"), "a\\u{1b}[31mb\\u{202e}c d");
    }

    proptest! {
        #[test]
        fn a_learned_secret_never_shows(secret in "[!-~]{8,40}", before in ".{0,20}", after in ".{0,20}") {
            prop_assume!(!REDACTED.contains(&secret));
            let redactor = Redactor::default();
            redactor.learn(&secret.clone().into());
            let text = format!("{before}{secret}{after}");
            prop_assert!(!redactor.scrub(&text).contains(&secret));
        }

        #[test]
        fn scrubbed_text_holds_no_control_character(text in any::<String>()) {
            prop_assert!(!Redactor::default().scrub(&text).chars().any(|c| c.is_control() || is_deceptive(c)));
        }
    }
}
