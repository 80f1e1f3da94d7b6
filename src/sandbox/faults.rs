//! Faults that a test or a curious person orders: answers that fail, wait, or never arrive. Owns the file format and the
//! matching; carrying a fault out is the server's.
//!
//! ```yaml
//! - host: nss.us.auth0.com        # optional glob; * stands for any characters
//!   method: PATCH                 # optional
//!   path: /api/v2/users/*         # optional glob over the path, as sent, without the query
//!   nth: 3                        # optional: from the third matching request on (1 is the first)
//!   times: 1                      # optional: for so many requests; once with `nth`, else always
//!   then: {status: 503, body: {error: busy}, headers: {Retry-After: "1"}}
//! - then: {delayMs: 50}
//! ```
//!
//! `then` is one of `{status, body?, headers?, effect?}` (with `effect: true` the request is carried out, and only its answer
//! replaced), `{delayMs}`, `{drop: before}` (the connection closes and nothing happened), `{drop: after}` (it happened, and the
//! connection closes), `rateLimit` or `{rateLimit: {resetSeconds}}` (the vendor's own 429). The first rule that matches wins.

use std::collections::BTreeMap;

use camino::Utf8Path;
use serde::Deserialize;
use serde_json::Value;

use super::error::SandboxError;
use super::seed::decode_yaml;

/// An ordered list of rules.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Faults {
    /// The rules; the first that matches a request wins.
    pub rules: Vec<Fault>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Fault {
    /// Glob over the logical host.
    #[serde(default)]
    pub host: Option<String>,
    /// The method, in any case.
    #[serde(default)]
    pub method: Option<String>,
    /// Glob over the path as sent, without the query.
    #[serde(default)]
    pub path: Option<String>,
    /// The first matching request that is affected, counted from 1.
    #[serde(default)]
    pub nth: Option<u32>,
    /// How many matching requests are affected.
    #[serde(default)]
    pub times: Option<u32>,
    /// What happens.
    pub then: Effect,
}

/// What a fault does to a request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub enum Effect {
    /// Another answer.
    Answer {
        /// HTTP status.
        status: u16,
        /// JSON, or a string that is sent as it is.
        body: Option<Value>,
        /// Headers.
        headers: BTreeMap<String, String>,
        /// Whether the request is carried out before.
        effect: bool,
    },
    /// The answer comes later.
    Delay {
        /// Milliseconds.
        milliseconds: u64,
    },
    /// The connection is closed without an answer.
    Drop {
        /// Whether the request is carried out before.
        effect: bool,
    },
    /// The vendor's answer to too many requests.
    RateLimit {
        /// Seconds until the limit is lifted, as the headers tell.
        reset_seconds: u32,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RawEffect {
    status: Option<u16>,
    body: Option<Value>,
    headers: Option<BTreeMap<String, String>>,
    effect: Option<bool>,
    delay_ms: Option<u64>,
    drop: Option<When>,
    rate_limit: Option<RawLimit>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum When {
    Before,
    After,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RawLimit {
    #[serde(default = "one")]
    reset_seconds: u32,
}

fn one() -> u32 {
    1
}

impl TryFrom<Value> for Effect {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        if value.as_str() == Some("rateLimit") {
            return Ok(Self::RateLimit { reset_seconds: one() });
        }
        let raw = RawEffect::deserialize(value).map_err(|e| e.to_string())?;
        let extra = raw.body.is_some() || raw.headers.is_some() || raw.effect.is_some();
        match (raw.status, raw.delay_ms, raw.drop, raw.rate_limit) {
            (Some(status @ 100..=999), None, None, None) => Ok(Self::Answer {
                status,
                body: raw.body,
                headers: raw.headers.unwrap_or_default(),
                effect: raw.effect.unwrap_or_default(),
            }),
            (Some(status), None, None, None) => Err(format!("{status} is no HTTP status")),
            _ if extra => Err("body, headers and effect belong to a status".into()),
            (None, Some(milliseconds), None, None) => Ok(Self::Delay { milliseconds }),
            (None, None, Some(when), None) => Ok(Self::Drop { effect: matches!(when, When::After) }),
            (None, None, None, Some(limit)) => Ok(Self::RateLimit { reset_seconds: limit.reset_seconds }),
            _ => Err("expected exactly one of status, delayMs, drop, rateLimit".into()),
        }
    }
}

impl Faults {
    /// Reads the rules from YAML text.
    pub fn from_yaml(text: &str, path: &Utf8Path) -> Result<Self, SandboxError> {
        decode_yaml(text, path)
    }

    /// Reads the rules from a file.
    pub fn from_file(path: &Utf8Path) -> Result<Self, SandboxError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SandboxError::Io { path: path.to_owned(), source })?;
        Self::from_yaml(&text, path)
    }
}

/// The rules with how often each has matched.
#[derive(Debug, Default)]
pub(crate) struct FaultTable {
    rules: Vec<(Fault, u32)>,
}

impl FaultTable {
    pub(crate) fn new(faults: Faults) -> Self {
        Self { rules: faults.rules.into_iter().map(|rule| (rule, 0)).collect() }
    }

    /// The effect for this request; counts it.
    pub(crate) fn next(&mut self, host: &str, method: &str, path: &str) -> Option<Effect> {
        for (rule, seen) in &mut self.rules {
            let matches = rule.host.as_deref().is_none_or(|glob| matches_glob(glob, host))
                && rule.method.as_deref().is_none_or(|m| m.eq_ignore_ascii_case(method))
                && rule.path.as_deref().is_none_or(|glob| matches_glob(glob, path));
            if !matches {
                continue;
            }
            *seen = seen.saturating_add(1);
            let first = rule.nth.unwrap_or(1).max(1);
            let times = rule.times.or(rule.nth.map(|_| 1));
            if *seen >= first && times.is_none_or(|times| *seen - first < times) {
                return Some(rule.then.clone());
            }
        }
        None
    }
}

/// `*` stands for any run of characters; everything else for itself.
pub(crate) fn matches_glob(glob: &str, text: &str) -> bool {
    let mut parts = glob.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_rule_in_its_window_wins() {
        let text = "- {path: /a/*, nth: 2, then: {drop: after}}\n- {times: 2, then: {delayMs: 5}}\n- {then: rateLimit}\n";
        let mut table = FaultTable::new(Faults::from_yaml(text, Utf8Path::new("f.yaml")).unwrap());
        let mut next = || table.next("h", "GET", "/a/b");
        assert_eq!(next(), Some(Effect::Delay { milliseconds: 5 }));
        assert_eq!(next(), Some(Effect::Drop { effect: true }));
        assert_eq!(next(), Some(Effect::Delay { milliseconds: 5 }));
        assert_eq!(next(), Some(Effect::RateLimit { reset_seconds: 1 }));
    }

    #[test]
    fn a_wrong_rule_names_its_place() {
        let wrong = |text: &str| match Faults::from_yaml(text, Utf8Path::new("f.yaml")).unwrap_err() {
            SandboxError::File { field, reason, .. } => (field, reason),
            other => panic!("{other:?}"),
        };
        let (field, reason) = wrong("- then: {status: 500, drop: after}\n");
        assert_eq!(field, "[0].then");
        assert!(reason.contains("exactly one of status, delayMs, drop, rateLimit"), "{reason}");
        assert_eq!(wrong("- {paht: /, then: rateLimit}\n").0, "[0].paht");
    }

    proptest! {
        #[test]
        fn a_star_matches_whatever_stands_in_its_place(a in "[a-z/]{0,6}", b in "[a-z/]{0,6}", middle in "[a-z/]{0,6}") {
            let glob = format!("{a}*{b}");
            let text = format!("{a}{middle}{b}");
            prop_assert!(matches_glob(&glob, &text));
        }

        #[test]
        fn a_text_without_a_star_matches_only_itself(a in "[a-z/]{0,4}", b in "[a-z/]{0,4}") {
            prop_assert_eq!(matches_glob(&a, &b), a == b);
        }
    }
}
