//! What looks like a secret in a document, and places whose text is covered. Owns the judgement what looks like one; saying it
//! is the work of the rules.
//!
//! Findings are shown with the lines around them, so a finding about a secret must not point into the text that holds it: it
//! points into a copy in which every such text is covered by asterisks, at the same line and column.

use crate::{
    diagnostics::{Location, Span},
    manifest::Document,
    yaml::{Node, NodeKind, Path},
};

/// Why a text looks like a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    /// A PEM block of a private key.
    PrivateKey,
    /// The form of a vendor's credential.
    Credential(&'static str),
    /// A long random text under a key whose name promises a secret.
    Random,
    /// A URL with a password in it, or a token in the place of the user.
    Url,
}

/// A text that looks like a secret.
#[derive(Debug, Clone)]
pub(super) struct Literal {
    /// Where it is in the tree.
    pub(super) path: Path,
    /// Where it was written.
    pub(super) span: Span,
    /// Why it looks like one.
    pub(super) looks: Looks,
}

/// Every text of a document that looks like a secret.
pub(super) fn literals(document: &Document) -> Vec<Literal> {
    let is_attestation =
        document.root.entry("kind").and_then(|entry| entry.value.text()) == Some("Attestation");
    let mut found = Vec::new();
    walk(&document.root, &Path::root(), "", !is_attestation, &mut found);
    found
}

/// A place with every text that looks like a secret covered, the place itself included.
pub(super) fn covered(document: &Document, location: &Location) -> Location {
    let spans = literals(document).into_iter().map(|literal| literal.span).chain([location.span]);
    cover(location, spans)
}

/// A place with every text that looks like a secret covered.
pub(super) fn beside_covered(document: &Document, location: &Location) -> Location {
    cover(location, literals(document).into_iter().map(|literal| literal.span))
}

fn cover(location: &Location, spans: impl Iterator<Item = Span>) -> Location {
    location.source.covered(spans).at(location.span)
}

fn walk(node: &Node, path: &Path, key: &str, judge_by_key: bool, found: &mut Vec<Literal>) {
    match &node.kind {
        NodeKind::String(text) => {
            // The token of an e-mail domain is public: it stands in DNS.
            let is_public = path.to_string() == "spec.verification.token";
            if let Some(looks) = looks_secret(text, key, judge_by_key && !is_public) {
                found.push(Literal { path: path.clone(), span: node.span, looks });
            }
        }
        NodeKind::Sequence(nodes) => {
            for (index, node) in nodes.iter().enumerate() {
                walk(node, &path.join(index), key, judge_by_key, found);
            }
        }
        NodeKind::Mapping(entries) => {
            for entry in entries {
                walk(&entry.value, &path.join(&entry.key), &entry.key, judge_by_key, found);
            }
        }
        _ => {}
    }
}

fn looks_secret(text: &str, key: &str, judge_by_key: bool) -> Option<Looks> {
    if text
        .split("-----BEGIN ")
        .skip(1)
        .any(|rest| rest.split_once("-----").is_some_and(|(label, _)| label.ends_with("PRIVATE KEY")))
    {
        return Some(Looks::PrivateKey);
    }
    if let Some(vendor) = credential(text.trim()) {
        return Some(Looks::Credential(vendor));
    }
    if has_credentials(text) {
        return Some(Looks::Url);
    }
    (judge_by_key && promises_secret(key) && is_random(text)).then_some(Looks::Random)
}

/// Credentials whose form is known, by the name of what they are.
fn credential(text: &str) -> Option<&'static str> {
    let is_token =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if let Some(rest) = text.strip_prefix("SG.")
        && let Some((id, secret)) = rest.split_once('.')
        && id.len() == 22
        && secret.len() == 43
        && is_token(id)
        && is_token(secret)
    {
        return Some("a SendGrid API key");
    }
    if let Some(token) = text.strip_prefix("SSWS ")
        && token.len() >= 20
        && is_token(token)
    {
        return Some("an Okta API token");
    }
    if text.len() >= 36
        && ["ghp_", "gho_", "ghs_", "github_pat_"].iter().any(|prefix| text.starts_with(prefix))
    {
        return Some("a GitHub token");
    }
    let parts: Vec<&str> = text.split('.').collect();
    if let [header, payload, _signature] = parts.as_slice()
        && header.starts_with("eyJ")
        && payload.starts_with("eyJ")
        && parts.iter().all(|part| is_token(part))
    {
        return Some("a JSON Web Token");
    }
    None
}

/// Whether a URL holds more than a user's name before its host.
fn has_credentials(text: &str) -> bool {
    if !text.starts_with("http://") && !text.starts_with("https://") {
        return false;
    }
    url::Url::parse(text).is_ok_and(|url| url.password().is_some() || is_random(url.username()))
}

fn promises_secret(key: &str) -> bool {
    let plain: String =
        key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    ["password", "passwd", "passphrase", "secret", "token", "apikey", "authkey", "privatekey", "credential"]
        .iter()
        .any(|word| plain.contains(word))
}

/// Whether a text looks as if a machine had drawn it: one long word of digits and letters without a pattern.
pub(super) fn is_random(text: &str) -> bool {
    let is_word =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '/' | '=' | '.' | '~' | '!');
    let length = text.len();
    if !(16..=4096).contains(&length) || !text.chars().all(is_word) {
        return false;
    }
    let has = |test: fn(&u8) -> bool| text.as_bytes().iter().any(test);
    let classes = [has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase), has(u8::is_ascii_digit)]
        .into_iter()
        .filter(|present| *present)
        .count();
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let total = length as f64;
    let entropy: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / total;
            -share * share.log2()
        })
        .sum();
    // Words and paths reach two classes too, but seldom mix digits into letters this often.
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    classes >= 2 && digits * 8 >= length && entropy >= 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_machines_draw_is_told_from_what_people_write() {
        for random in ["5f2d8c1a9b7e4f60a1b2c3d4e5f60718", "x9Tz4Qw7Lm2Vb8Rk", "a8F3kz92Lq0PxY71mN5c"] {
            assert!(is_random(random), "{random}");
        }
        for plain in [
            "team-platform-identity",
            "short1A",
            "0000000000000000000000000000",
            "see the wiki page 12",
            "https://wiki.example.com/secrets",
        ] {
            assert!(!is_random(plain), "{plain}");
        }
    }

    #[test]
    fn private_keys_are_found_whatever_their_kind_is() {
        for label in [
            "PRIVATE KEY",
            "RSA PRIVATE KEY",
            "EC PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
        ] {
            assert_eq!(
                looks_secret(&format!("x\n-----BEGIN {label}-----\nAA"), "", true),
                Some(Looks::PrivateKey)
            );
        }
        assert_eq!(looks_secret("-----BEGIN CERTIFICATE-----", "", true), None);
        assert_eq!(looks_secret("-----BEGIN PUBLIC KEY-----", "secret", true), None);
    }
}
