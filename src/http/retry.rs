//! When a request is sent again, and how long it waits. Owns the retry rules and the waiting room of an origin; it sends
//! nothing itself but asks the wire.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::client::Http;
use super::error::{Call, HttpError};
use super::limits::{RateLimitPolicy, retry_after};
use super::request::Kind;
use super::stats::{Wait, WaitReason};
use super::wire::{Failure, Incoming, Outgoing};

/// A host that cannot be connected to is tried this often: it is rather wrong than busy.
pub(super) const CONNECT_ATTEMPTS: u32 = 3;

/// Exponential backoff: `base` doubles with every attempt up to `max`; half of each wait is random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// First wait. Default 500 ms.
    pub base: Duration,
    /// Longest wait, also when the server asks for more. Default 60 s. A Retry-After beyond it ends the attempts.
    pub max: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { base: Duration::from_millis(500), max: Duration::from_secs(60) }
    }
}

impl Backoff {
    pub(super) fn wait(&self, attempt: u32) -> Duration {
        let doubled = self.base.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        let full = doubled.min(self.max);
        let mut byte = [u8::MAX];
        // Without randomness the wait is merely not spread.
        let _ = SystemRandom::new().fill(&mut byte);
        full / 2 + full.mul_f64(f64::from(byte[0]) / 510.0)
    }
}

/// Waiting room of an origin: how many at a time, and not before its limit is renewed.
pub(super) struct Lane {
    pub(super) limits: RateLimitPolicy,
    permits: Semaphore,
    closed_until: Mutex<Option<Instant>>,
}

impl Lane {
    pub(super) fn new(limits: RateLimitPolicy, concurrency: usize) -> Self {
        Self { limits, permits: Semaphore::new(concurrency.max(1)), closed_until: Mutex::new(None) }
    }

    async fn enter(&self, http: &Http, host: &str) -> SemaphorePermit<'_> {
        loop {
            if let Some(left) = self.closed_for() {
                http.pause(Wait { host: host.to_owned(), reason: WaitReason::RateLimit, duration: left })
                    .await;
                continue;
            }
            let permit = self.permits.acquire().await.expect("the semaphore is never closed");
            if self.closed_for().is_none() {
                return permit;
            }
        }
    }

    fn closed_for(&self) -> Option<Duration> {
        let until = *self.closed_until.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        until?.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    fn close_for(&self, wait: Duration) {
        let mut until = self.closed_until.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let then = Instant::now() + wait;
        *until = Some(until.map_or(then, |known| known.max(then)));
    }
}

/// An exchange that ended with an answer, whatever its status.
pub(super) struct Exchanged {
    pub(super) incoming: Incoming,
    pub(super) attempts: u32,
    /// The last wait that a 429 asked for.
    pub(super) asked: Duration,
}

/// Sends a request as often as the rules allow.
pub(super) async fn exchange(
    http: &Http,
    lane: &Lane,
    call: &Call,
    kind: Kind,
    outgoing: &Outgoing,
) -> Result<Exchanged, HttpError> {
    let backoff = http.backoff();
    let max = http.max_attempts();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let permit = lane.enter(http, &call.host).await;
        let outcome = http.wire().once(outgoing).await;
        drop(permit);
        http.count(&call.host, |stats| {
            stats.requests += 1;
            stats.retries += u64::from(attempt > 1);
        });

        let retry = WaitReason::Retry { attempt };
        let (wait, reason) = match outcome {
            Ok(incoming) => match after_answer(http, lane, call, kind, attempt, incoming)? {
                Verdict::Done(exchanged) => return Ok(exchanged),
                Verdict::Closed => continue,
                Verdict::Again(wait, reason) => (wait, reason),
            },
            // Nothing was sent, so a write may be repeated too.
            Err(Failure::Connect(_)) if attempt < max.min(CONNECT_ATTEMPTS) => (backoff.wait(attempt), retry),
            Err(Failure::Timeout | Failure::Dropped(_)) if kind == Kind::Read && attempt < max => {
                (backoff.wait(attempt), retry)
            }
            Err(failure) => return Err(failure.into_error(call, kind, http.max_body())),
        };
        http.pause(Wait { host: call.host.clone(), reason, duration: wait }).await;
    }
}

enum Verdict {
    Done(Exchanged),
    /// The lane was closed: the next attempt waits at its door.
    Closed,
    Again(Duration, WaitReason),
}

fn after_answer(
    http: &Http,
    lane: &Lane,
    call: &Call,
    kind: Kind,
    attempt: u32,
    incoming: Incoming,
) -> Result<Verdict, HttpError> {
    let backoff = http.backoff();
    let now = Timestamp::now();
    let last = attempt >= http.max_attempts();
    let asked = retry_after(&incoming.headers, now);
    match incoming.status {
        StatusCode::TOO_MANY_REQUESTS => {
            http.count(&call.host, |stats| stats.rate_limited += 1);
            let reset = || lane.limits.until_reset(&incoming.headers, now);
            let hint = asked.or_else(reset);
            let wait = hint.unwrap_or_else(|| backoff.wait(attempt)).max(backoff.base);
            if hint.is_some() {
                lane.close_for(wait.min(backoff.max));
            }
            // A server that says 'in an hour' means it; a reset header may only be by another clock.
            if last || asked.is_some_and(|asked| asked > backoff.max) {
                return Ok(Verdict::Done(Exchanged { incoming, attempts: attempt, asked: wait }));
            }
            Ok(if hint.is_some() { Verdict::Closed } else { Verdict::Again(wait, WaitReason::RateLimit) })
        }
        status => {
            if let Some(wait) = lane.limits.exhausted(&incoming.headers, now) {
                lane.close_for(wait.min(backoff.max));
            }
            match (kind, status.as_u16()) {
                (Kind::Write, 502..=504) => Err(HttpError::AnswerLost {
                    call: Box::new(call.clone()),
                    cause: format!("a server on the way answered {status}"),
                }),
                (Kind::Read, 500 | 502..=504) if !last => {
                    let wait = asked.unwrap_or_else(|| backoff.wait(attempt)).min(backoff.max);
                    Ok(Verdict::Again(wait, WaitReason::Retry { attempt }))
                }
                _ => Ok(Verdict::Done(Exchanged { incoming, attempts: attempt, asked: Duration::ZERO })),
            }
        }
    }
}

impl Failure {
    pub(super) fn into_error(self, call: &Call, kind: Kind, limit: usize) -> HttpError {
        let host = || call.host.clone();
        let call = || Box::new(call.clone());
        match (self, kind) {
            (Self::Connect(cause), _) => HttpError::Unreachable { host: host(), cause },
            (Self::Tls(_, cause), _) => HttpError::Tls { host: host(), cause },
            (Self::Setup(reason), _) => HttpError::InvalidRequest { host: host(), reason },
            (Self::Timeout, Kind::Read) => HttpError::Timeout { call: call() },
            (Self::Dropped(cause), Kind::Read) => HttpError::Dropped { call: call(), cause },
            (Self::TooLarge, Kind::Read) => HttpError::TooLarge { call: call(), limit },
            (Self::Timeout, Kind::Write) => {
                HttpError::AnswerLost { call: call(), cause: "it did not come in time".to_owned() }
            }
            (Self::Dropped(cause), Kind::Write) => HttpError::AnswerLost { call: call(), cause },
            (Self::TooLarge, Kind::Write) => {
                HttpError::AnswerLost { call: call(), cause: format!("it is larger than {limit} bytes") }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_spreads_and_ends() {
        let backoff = Backoff { base: Duration::from_millis(100), max: Duration::from_secs(1) };
        for (attempt, full) in [(1, 100), (2, 200), (4, 800), (5, 1000), (40, 1000)] {
            let wait = backoff.wait(attempt);
            let full = Duration::from_millis(full);
            assert!(wait >= full / 2 && wait <= full, "{attempt}: {wait:?}");
        }
    }
}
