//! Fixed-window request counting. Owns the counting; headers and the refusal are the vendor's.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many requests are allowed in which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Limit {
    /// Requests in one window.
    pub(crate) requests: u32,
    /// Length of a window in seconds.
    #[serde(default = "one_second")]
    pub(crate) per_seconds: u32,
}

fn one_second() -> u32 {
    1
}

impl Default for Limit {
    fn default() -> Self {
        Self { requests: 2_000, per_seconds: 1 }
    }
}

/// Where a client stands after a request was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) allowed: bool,
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// When the window ends, in seconds since 1970.
    pub(crate) reset: i64,
}

/// The current window of each counted key.
#[derive(Debug, Default)]
pub(crate) struct Windows {
    windows: HashMap<String, (i64, u32)>,
}

impl Windows {
    /// Counts one request of `key`.
    pub(crate) fn count(&mut self, key: &str, limit: Limit, now: Timestamp) -> Standing {
        let length = i64::from(limit.per_seconds.max(1));
        let start = now.as_second() - now.as_second().rem_euclid(length);
        let window = self.windows.entry(key.to_owned()).or_insert((start, 0));
        if window.0 != start {
            *window = (start, 0);
        }
        let allowed = window.1 < limit.requests;
        if allowed {
            window.1 += 1;
        }
        Standing {
            allowed,
            limit: limit.requests,
            remaining: limit.requests - window.1,
            reset: start + length,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_used_up_and_begins_again() {
        let mut windows = Windows::default();
        let limit = Limit { requests: 2, per_seconds: 10 };
        let at = |s| Timestamp::from_second(s).unwrap();
        assert_eq!(windows.count("a", limit, at(101)).remaining, 1);
        assert!(windows.count("a", limit, at(109)).allowed);
        let refused = windows.count("a", limit, at(109));
        assert_eq!((refused.allowed, refused.remaining, refused.reset), (false, 0, 110));
        assert!(windows.count("b", limit, at(109)).allowed);
        assert!(windows.count("a", limit, at(110)).allowed);
    }
}
