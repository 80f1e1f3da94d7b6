//! The client against a small server in this process, on loopback.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Response as Answer, Uri};
use base64::Engine as _;
use futures_util::future::join_all;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use url::Url;

use super::*;

mod answers;
mod pages;
mod retry;
mod sandbox;
mod tokens;

/// A request as the server saw it.
#[derive(Debug, Clone)]
struct Seen {
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Seen {
    fn bearer(&self) -> Option<&str> {
        self.headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")
    }
}

#[derive(Clone)]
struct Server {
    base: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Serves `answer(request, how many came before on the same path)`.
    async fn start(answer: impl Fn(&Seen, usize) -> Answer<Body> + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::<Seen>::new()));
        let counts = Arc::new(Mutex::new(HashMap::<String, usize>::new()));
        let answer = Arc::new(answer);
        let log = seen.clone();
        let handler = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let (log, counts, answer) = (log.clone(), counts.clone(), answer.clone());
            async move {
                let seen = Seen { method, target: uri.to_string(), headers, body };
                log.lock().unwrap().push(seen.clone());
                let before = {
                    let mut counts = counts.lock().unwrap();
                    let count = counts.entry(uri.path().to_owned()).or_default();
                    *count += 1;
                    *count - 1
                };
                answer(&seen, before)
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
        Self { base, seen }
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    fn on(&self, path: &str) -> usize {
        self.seen().iter().filter(|seen| seen.target == path).count()
    }

    fn url(&self, path: &str) -> Url {
        self.base.join(path).unwrap()
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer<Body> {
    let builder =
        headers.iter().fold(Answer::builder().status(status), |builder, (n, v)| builder.header(*n, *v));
    builder.body(body.into()).unwrap()
}

fn ok(body: &Value) -> Answer<Body> {
    answer(200, &[], body.to_string())
}

fn quick() -> HttpOptions {
    let backoff = Backoff { base: Duration::from_millis(2), max: Duration::from_secs(5) };
    HttpOptions { backoff, max_attempts: 4, ..HttpOptions::default() }
}

fn http() -> Http {
    Http::new(quick()).unwrap()
}

fn origin(http: &Http, base: &Url, auth: Auth) -> Origin {
    let limits = RateLimitPolicy::X_RATELIMIT;
    let config = OriginConfig {
        base: base.clone(),
        auth,
        limits,
        errors: &COMMON_SHAPE,
        concurrency: 4,
        vendor: "acme",
    };
    http.origin(config).unwrap()
}
