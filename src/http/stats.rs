//! What a run did on the wire, in numbers, and how waiting is announced. Owns no display.

use std::time::Duration;

/// Numbers of one logical host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallStats {
    /// Requests sent, retries included.
    pub requests: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// Answers with status 429.
    pub rate_limited: u64,
    /// Time spent waiting before a request, summed over all requests that waited at the same time.
    pub waited: Duration,
}

/// Why a request waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitReason {
    /// The server's rate limit is used up.
    RateLimit,
    /// The request failed in a way that may pass.
    Retry {
        /// How often it was sent so far.
        attempt: u32,
    },
    /// The server works on something that takes long, and is asked again.
    Work {
        /// How many parts of it are done.
        done: u32,
        /// How many there are; 0 where that is not known yet.
        total: u32,
    },
}

/// A wait that begins now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// Logical host that is waited for.
    pub host: String,
    /// Why.
    pub reason: WaitReason,
    /// How long.
    pub duration: Duration,
}
