//! The client of a run: options, routing, numbers, progress. Owns what all origins share; what differs from origin to
//! origin is in `origin`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use url::Url;

use super::error::{Call, HttpError};
use super::limits::RateLimitPolicy;
use super::redact::Redactor;
use super::request::Kind;
use super::response::Response;
use super::retry::{Backoff, Exchanged, Lane, exchange};
use super::routing::{Routing, check_secure, host_text};
use super::stats::{CallStats, Wait};
use super::wire::{Outgoing, Wire};

/// How often a request is sent at most.
pub const DEFAULT_ATTEMPTS: u32 = 6;
/// Largest answer in bytes: 64 MiB. The largest honest ones, lists of users and metadata aggregates, stay far below.
pub const DEFAULT_MAX_BODY: usize = 64 * 1024 * 1024;

/// How long each step of one attempt may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To a connection, TLS included. Default 10 s.
    pub connect: Duration,
    /// Between two pieces of the answer. Default 30 s.
    pub read: Duration,
    /// The whole attempt. Default 120 s.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            total: Duration::from_secs(120),
        }
    }
}

/// Settings of a run.
#[derive(Clone)]
pub struct HttpOptions {
    /// Which sockets may be opened.
    pub routing: Routing,
    /// Timeouts of one attempt.
    pub timeouts: Timeouts,
    /// How often a request is sent at most; at least once.
    pub max_attempts: u32,
    /// Waits between attempts.
    pub backoff: Backoff,
    /// Largest answer in bytes.
    pub max_body: usize,
    /// User-Agent header.
    pub user_agent: String,
    /// Is told of every wait when it begins, by each request that waits; must not block.
    pub on_wait: Option<Arc<dyn Fn(Wait) + Send + Sync>>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            routing: Routing::Direct,
            timeouts: Timeouts::default(),
            max_attempts: DEFAULT_ATTEMPTS,
            backoff: Backoff::default(),
            max_body: DEFAULT_MAX_BODY,
            user_agent: concat!("concord/", env!("CARGO_PKG_VERSION")).to_owned(),
            on_wait: None,
        }
    }
}

/// The HTTP client of a run. Cheap to clone; clones share connections, numbers and the redactor.
#[derive(Clone)]
pub struct Http {
    inner: Arc<Inner>,
}

struct Inner {
    wire: Wire,
    redactor: Redactor,
    stats: Mutex<BTreeMap<String, CallStats>>,
    max_attempts: u32,
    max_body: usize,
    backoff: Backoff,
    sandbox: bool,
    on_wait: Option<Arc<dyn Fn(Wait) + Send + Sync>>,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.inner.sandbox { "Http(sandbox)" } else { "Http(direct)" })
    }
}

impl Http {
    /// Sets up TLS and connections; opens none.
    ///
    /// # Errors
    /// [`HttpError::SandboxNotLoopback`], or [`HttpError::Setup`] where this machine's trust store cannot be used.
    pub fn new(options: HttpOptions) -> Result<Self, HttpError> {
        let redactor = Redactor::default();
        Ok(Self {
            inner: Arc::new(Inner {
                wire: Wire::new(&options, redactor.clone())?,
                redactor,
                stats: Mutex::default(),
                max_attempts: options.max_attempts.max(1),
                max_body: options.max_body,
                backoff: options.backoff,
                sandbox: matches!(options.routing, Routing::Sandbox { .. }),
                on_wait: options.on_wait,
            }),
        })
    }

    /// The list of secrets that this run revealed. Whoever reveals one teaches it.
    pub fn redactor(&self) -> &Redactor {
        &self.inner.redactor
    }

    /// Whether everything goes to the sandbox.
    pub fn is_sandbox(&self) -> bool {
        self.inner.sandbox
    }

    /// Numbers so far, by logical host.
    pub fn stats(&self) -> BTreeMap<String, CallStats> {
        self.inner.stats.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// Reads a public document without credentials. Returns the answer whatever its status; a redirect is an answer.
    /// Transport failures, 429 and server errors are retried first.
    ///
    /// # Errors
    /// [`HttpError::InsecureOrigin`], and those of the transport.
    pub async fn get(&self, url: &Url) -> Result<Response, HttpError> {
        check_secure(url)?;
        let mut url = url.clone();
        url.set_fragment(None);
        let call = self.call("web", Method::GET, &url);
        let outgoing = Outgoing { method: Method::GET, url, headers: HeaderMap::new(), body: None };
        let lane = Lane::new(RateLimitPolicy::RETRY_AFTER, 1);
        let exchanged = exchange(self, &lane, &call, Kind::Read, &outgoing).await?;
        Ok(self.response(call, exchanged))
    }

    pub(super) fn call(&self, vendor: &'static str, method: Method, url: &Url) -> Call {
        Call { vendor, method, host: host_text(url), path: self.inner.redactor.scrub(url.path()) }
    }

    pub(super) fn response(&self, call: Call, exchanged: Exchanged) -> Response {
        let incoming = exchanged.incoming;
        Response {
            call: Arc::new(call),
            status: incoming.status,
            headers: incoming.headers,
            body: incoming.body,
            redactor: self.inner.redactor.clone(),
        }
    }

    pub(super) fn wire(&self) -> &Wire {
        &self.inner.wire
    }

    pub(super) fn backoff(&self) -> &Backoff {
        &self.inner.backoff
    }

    pub(super) fn max_attempts(&self) -> u32 {
        self.inner.max_attempts
    }

    pub(super) fn max_body(&self) -> usize {
        self.inner.max_body
    }

    pub(super) fn count(&self, host: &str, change: impl FnOnce(&mut CallStats)) {
        let mut stats = self.inner.stats.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        change(stats.entry(host.to_owned()).or_default());
    }

    /// Waits for something that a server works on, and announces it as every wait. Not counted as a wait before a request.
    pub async fn wait(&self, wait: Wait) {
        let duration = wait.duration;
        if let Some(on_wait) = &self.inner.on_wait {
            on_wait(wait);
        }
        tokio::time::sleep(duration).await;
    }

    /// Announces a wait and waits.
    pub(super) async fn pause(&self, wait: Wait) {
        let duration = wait.duration;
        self.count(&wait.host, |stats| stats.waited += duration);
        if let Some(on_wait) = &self.inner.on_wait {
            on_wait(wait);
        }
        tokio::time::sleep(duration).await;
    }
}
