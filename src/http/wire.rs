//! One attempt over a real socket. Owns the TLS and connection settings, the size limit and the sorting of transport
//! failures; it never tries twice.

use std::error::Error;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use tokio::sync::mpsc;
use url::Url;

use super::client::HttpOptions;
use super::error::HttpError;
use super::redact::Redactor;
use super::routing::{Routing, is_loopback};
use super::tls::TlsProblem;

/// A connection that was idle for longer is not used again: a server that closes it at the moment when a write is sent
/// would cost the write's answer. Shorter than the usual limits of load balancers (60 s).
const IDLE: Duration = Duration::from_secs(15);

/// A request ready to be sent.
pub(super) struct Outgoing {
    pub(super) method: Method,
    /// Logical URL.
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Vec<u8>>,
}

/// A whole answer.
pub(super) struct Incoming {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// How an attempt ended without a whole answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// No connection; nothing was sent.
    Connect(String),
    /// The handshake failed; nothing was sent.
    Tls(TlsProblem, String),
    Timeout,
    Dropped(String),
    TooLarge,
    /// The request could not be built.
    Setup(&'static str),
}

pub(super) struct Wire {
    /// With the system's proxies.
    outside: reqwest::Client,
    /// For this machine: no proxy, and `localhost` is what it says.
    loopback: reqwest::Client,
    /// For the certificates of servers: every request makes a new connection.
    handshakes: reqwest::Client,
    routing: Routing,
    max_body: usize,
    redactor: Redactor,
}

impl Wire {
    pub(super) fn new(options: &HttpOptions, redactor: Redactor) -> Result<Self, HttpError> {
        options.routing.check()?;
        // An embedder that installed a provider of its own keeps it; for the binary it is ring.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            reqwest::Client::builder()
                .user_agent(&options.user_agent)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .pool_idle_timeout(IDLE)
                .connect_timeout(options.timeouts.connect)
                .read_timeout(options.timeouts.read)
                .timeout(options.timeouts.total)
        };
        let setup = |error: reqwest::Error| HttpError::Setup { cause: redactor.scrub(&causes(&error)) };
        let here = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
        let loopback = builder().no_proxy().resolve_to_addrs("localhost", &here).build().map_err(setup)?;
        let outside = match options.routing {
            Routing::Direct => builder().build().map_err(setup)?,
            Routing::Sandbox { .. } => loopback.clone(),
        };
        let handshakes = builder().tls_info(true).pool_max_idle_per_host(0).build().map_err(setup)?;
        Ok(Self {
            handshakes,
            outside,
            loopback,
            routing: options.routing.clone(),
            max_body: options.max_body,
            redactor,
        })
    }

    /// Sends once and reads the head of the answer.
    async fn open(&self, outgoing: &Outgoing) -> Result<reqwest::Response, Failure> {
        let url = self.routing.physical(&outgoing.url);
        let client = if is_loopback(&url) { &self.loopback } else { &self.outside };
        let mut request = client.request(outgoing.method.clone(), url).headers(outgoing.headers.clone());
        if let Some(body) = &outgoing.body {
            request = request.body(body.clone());
        }
        request.send().await.map_err(|error| self.sort(error))
    }

    /// Sends once and gives the answer's body away piece by piece, if it is a success; a receiver that is gone ends it. `bytes` counts
    /// what was given away. The total timeout of an attempt counts for all of it.
    pub(super) async fn stream(
        &self,
        outgoing: &Outgoing,
        sink: &mpsc::Sender<Vec<u8>>,
        bytes: &mut u64,
    ) -> Result<Incoming, Failure> {
        let mut answer = self.open(outgoing).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        if status.is_success() {
            while let Some(chunk) = answer.chunk().await.map_err(|error| self.sort(error))? {
                *bytes += chunk.len() as u64;
                if sink.send(chunk.to_vec()).await.is_err() {
                    break;
                }
            }
        }
        Ok(Incoming { status, headers, body: Vec::new() })
    }

    /// The leaf certificate, in DER, that a host's server shows in a handshake that this machine's trust store accepts. Another
    /// connection than those of requests; `None` in the sandbox, which has no TLS.
    pub(super) async fn leaf(&self, url: &Url) -> Result<Option<Vec<u8>>, Failure> {
        let answer = self.handshakes.head(url.clone()).send().await.map_err(|error| self.sort(error))?;
        let info = answer.extensions().get::<reqwest::tls::TlsInfo>();
        Ok(info.and_then(|info| info.peer_certificate()).map(<[u8]>::to_vec))
    }

    /// Sends once and reads the whole answer.
    pub(super) async fn once(&self, outgoing: &Outgoing) -> Result<Incoming, Failure> {
        let mut answer = self.open(outgoing).await?;
        if answer.content_length().is_some_and(|length| length > self.max_body as u64) {
            return Err(Failure::TooLarge);
        }
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.sort(error))? {
            if body.len() + chunk.len() > self.max_body {
                return Err(Failure::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Incoming { status, headers, body })
    }

    fn sort(&self, error: reqwest::Error) -> Failure {
        if error.is_builder() {
            return Failure::Setup("it is no request that HTTP allows");
        }
        let tls = tls_problem(&error);
        let (connect, timeout) = (error.is_connect(), error.is_timeout());
        let cause = self.redactor.scrub(&causes(&error.without_url()));
        match (connect, timeout, tls) {
            (true, _, Some(problem)) => Failure::Tls(problem, cause),
            (true, _, None) => Failure::Connect(cause),
            (false, true, _) => Failure::Timeout,
            (false, false, _) => Failure::Dropped(cause),
        }
    }
}

/// What caused an error, from the top down. An `io::Error` hides the error that it wraps from `source()`, but not from
/// `get_ref()`.
fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause| below(*cause))
}

fn below<'e>(cause: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => cause.source(),
    }
}

/// The causes, joined. The first only names the stage ("client error (Connect)"), so it is left out where there are more.
fn causes(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    for text in chain(error).map(ToString::to_string) {
        if texts.last().is_none_or(|last| !last.contains(&text)) {
            texts.push(text);
        }
    }
    match texts.as_slice() {
        [] => error.to_string(),
        [only] => only.clone(),
        [_, rest @ ..] => rest.join(": "),
    }
}

fn tls_problem(error: &reqwest::Error) -> Option<TlsProblem> {
    chain(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()).map(TlsProblem::of)
}
