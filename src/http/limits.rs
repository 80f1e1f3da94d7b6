//! What a server's headers say about waiting: Retry-After and the rate-limit families. Owns their reading; who waits is
//! decided in `retry`.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// How a vendor announces its rate limit. Retry-After (RFC 9110 section 10.2.3) is understood always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitPolicy {
    /// Header with the number of requests left, lower case.
    pub remaining: Option<&'static str>,
    /// Header with the time at which the limit is renewed, in seconds since 1970 (UTC), lower case.
    pub reset: Option<&'static str>,
}

impl RateLimitPolicy {
    /// Nothing but Retry-After.
    pub const RETRY_AFTER: Self = Self { remaining: None, reset: None };
    /// `X-RateLimit-Remaining` and `X-RateLimit-Reset`.
    pub const X_RATELIMIT: Self =
        Self { remaining: Some("x-ratelimit-remaining"), reset: Some("x-ratelimit-reset") };
    /// `X-Rate-Limit-Remaining` and `X-Rate-Limit-Reset`.
    pub const X_RATE_LIMIT: Self =
        Self { remaining: Some("x-rate-limit-remaining"), reset: Some("x-rate-limit-reset") };

    /// How long to wait before the next request when this answer used the limit up.
    pub(super) fn exhausted(&self, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
        let remaining: u64 = number(headers, self.remaining?)?;
        (remaining == 0).then(|| self.until_reset(headers, now)).flatten()
    }

    /// Time until the limit is renewed.
    pub(super) fn until_reset(&self, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
        let reset: i64 = number(headers, self.reset?)?;
        Some(seconds_from(server_time(headers, now), Timestamp::from_second(reset).ok()?))
    }
}

/// The wait that Retry-After asks for, as seconds or as an HTTP date.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = text(headers, RETRY_AFTER.as_str())?;
    match value.parse::<u32>() {
        Ok(seconds) => Some(Duration::from_secs(seconds.into())),
        Err(_) => Some(seconds_from(server_time(headers, now), http_date(value)?)),
    }
}

/// The server's own clock where it shows it (Date, RFC 9110 section 6.6.1): times that it names are by that clock.
fn server_time(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    text(headers, DATE.as_str()).and_then(http_date).unwrap_or(now)
}

fn http_date(value: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()
}

fn seconds_from(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(now)).unwrap_or(Duration::ZERO)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let name = HeaderName::try_from(name).ok()?;
    Some(headers.get(name)?.to_str().ok()?.trim())
}

fn number<T: std::str::FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    text(headers, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    const NOW: i64 = 1_784_000_000;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_str(v).unwrap())).collect()
    }

    fn now() -> Timestamp {
        Timestamp::from_second(NOW).unwrap()
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after(&headers(&[("retry-after", " 7 ")]), now()), Some(Duration::from_secs(7)));
        let dated = headers(&[
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("retry-after", "Sun, 06 Nov 1994 08:49:49 GMT"),
        ]);
        assert_eq!(retry_after(&dated, now()), Some(Duration::from_secs(12)), "by the server's clock");
        assert_eq!(retry_after(&headers(&[("retry-after", "soon")]), now()), None);
        assert_eq!(
            retry_after(&headers(&[("retry-after", "Sun, 06 Nov 1994 08:49:49 GMT")]), now()),
            Some(Duration::ZERO),
            "a date that is over"
        );
    }

    #[test]
    fn the_limit_is_used_up_at_zero_only() {
        let reset = (NOW + 9).to_string();
        let used = headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)]);
        let left = headers(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", &reset)]);
        let policy = RateLimitPolicy::X_RATELIMIT;
        assert_eq!(policy.exhausted(&used, now()), Some(Duration::from_secs(9)));
        assert_eq!(policy.exhausted(&left, now()), None);
        assert_eq!(RateLimitPolicy::X_RATE_LIMIT.exhausted(&used, now()), None, "another family");
        assert_eq!(policy.exhausted(&headers(&[("x-ratelimit-remaining", "0")]), now()), None);
    }
}
