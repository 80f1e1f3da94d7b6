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

/// Accepts, reads what comes, and hangs up without a word. Returns the base and the number of connections.
async fn hangs_up() -> (Url, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]).await;
        }
    });
    (base, count)
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

fn credentials(server: &Server, secret: &str) -> ClientCredentials {
    ClientCredentials {
        endpoint: TokenEndpoint { vendor: "acme", url: server.url("/oauth/token"), style: TokenStyle::Form },
        client_id: "client".to_owned(),
        client_secret: secret.into(),
        audience: Some("https://acme.example/api/".to_owned()),
        scope: None,
    }
}

#[tokio::test]
async fn a_429_is_waited_out_as_long_as_it_says_even_for_a_write() {
    let server = Server::start(|_, before| match before {
        0 => answer(429, &[("retry-after", "1")], ""),
        _ => ok(&json!({})),
    })
    .await;
    let waits = Arc::new(Mutex::new(Vec::new()));
    let told = waits.clone();
    let on_wait = move |wait: Wait| told.lock().unwrap().push(wait);
    let http = Http::new(HttpOptions { on_wait: Some(Arc::new(on_wait)), ..quick() }).unwrap();
    let started = Instant::now();
    origin(&http, &server.base, Auth::None).send(Request::post(["x"]).json(&json!({"a": 1}))).await.unwrap();

    assert!(started.elapsed() >= Duration::from_millis(950), "{:?}", started.elapsed());
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].body, r#"{"a":1}"#, "the body is sent again");
    let waits = waits.lock().unwrap();
    assert!(
        waits.iter().all(|wait| wait.reason == WaitReason::RateLimit && wait.host.starts_with("127.0.0.1:"))
    );
    let stats = http.stats();
    let stats = stats.values().next().unwrap();
    assert_eq!((stats.requests, stats.retries, stats.rate_limited), (2, 1, 1));
    assert!(stats.waited >= Duration::from_millis(900));
}

#[tokio::test]
async fn a_server_that_keeps_refusing_or_asks_for_too_long_is_left_alone() {
    let server = Server::start(|seen, _| match seen.target.as_str() {
        "/busy" => answer(429, &[], ""),
        _ => answer(429, &[("retry-after", "3600")], ""),
    })
    .await;
    let http = http();
    let error = origin(&http, &server.base, Auth::None).send(Request::get(["busy"])).await.unwrap_err();
    assert!(matches!(error, HttpError::RateLimited { attempts: 4, .. }), "{error}");
    let error = origin(&http, &server.base, Auth::None).send(Request::get(["tomorrow"])).await.unwrap_err();
    assert!(
        matches!(&error, HttpError::RateLimited { attempts: 1, wait, .. } if wait.as_secs() == 3600),
        "{error}"
    );
}

#[tokio::test]
async fn a_used_up_limit_holds_the_next_request_back() {
    let server = Server::start(|_, before| {
        let reset = (jiff::Timestamp::now().as_second() + 2).to_string();
        let left = if before == 0 { "0" } else { "9" };
        answer(200, &[("x-ratelimit-remaining", left), ("x-ratelimit-reset", &reset)], "")
    })
    .await;
    let origin = origin(&http(), &server.base, Auth::None);
    origin.send(Request::get(["x"])).await.unwrap();
    let started = Instant::now();
    origin.send(Request::get(["x"])).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(900), "{:?}", started.elapsed());
    let started = Instant::now();
    origin.send(Request::get(["x"])).await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(900), "the limit was renewed");
}

#[tokio::test]
async fn a_lost_write_is_not_repeated_and_a_lost_read_is() {
    let (base, count) = hangs_up().await;
    let origin = origin(&http(), &base, Auth::None);
    let error = origin.send(Request::post(["apps"]).json(&json!({}))).await.unwrap_err();
    assert!(matches!(&error, HttpError::AnswerLost { call, .. } if call.path == "/apps"), "{error}");
    assert!(!error.is_retryable());
    assert_eq!(count.load(Ordering::SeqCst), 1);

    let search = Request::post(["search"]).kind(Kind::Read).json(&json!({}));
    let error = origin.send(search).await.unwrap_err();
    assert!(matches!(error, HttpError::Dropped { .. }) && error.is_retryable(), "{error}");
    assert_eq!(count.load(Ordering::SeqCst), 1 + 4);
}

#[tokio::test]
async fn server_errors_are_retried_for_reads_only() {
    let server = Server::start(|_, before| match before {
        0 => answer(503, &[], ""),
        1 => answer(500, &[], ""),
        _ => ok(&json!({})),
    })
    .await;
    let origin = origin(&http(), &server.base, Auth::None);
    origin.send(Request::get(["read"])).await.unwrap();
    assert_eq!(server.on("/read"), 3);
    let error = origin.send(Request::delete(["write"])).await.unwrap_err();
    assert!(matches!(error, HttpError::AnswerLost { .. }), "{error}");
    let error = origin.send(Request::delete(["write"])).await.unwrap_err();
    assert!(matches!(&error, HttpError::Api(api) if api.status == 500), "{error}");
    assert_eq!(server.on("/write"), 2);
}

#[tokio::test]
async fn a_slow_answer_times_out() {
    let (base, count) = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                kept.push(stream);
            }
        });
        (base, count)
    };
    let timeouts = Timeouts { total: Duration::from_millis(80), ..Timeouts::default() };
    let http = Http::new(HttpOptions { timeouts, max_attempts: 2, ..quick() }).unwrap();
    let origin = origin(&http, &base, Auth::None);
    let error = origin.send(Request::get(["x"])).await.unwrap_err();
    assert!(matches!(error, HttpError::Timeout { .. }) && error.is_unreachable(), "{error}");
    assert_eq!(count.load(Ordering::SeqCst), 2);
    let error = origin.send(Request::put(["x"])).await.unwrap_err();
    assert!(matches!(error, HttpError::AnswerLost { .. }), "{error}");
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn nobody_listening_is_unreachable_also_for_a_write() {
    let base = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap()
    };
    let http = http();
    let error = origin(&http, &base, Auth::None).send(Request::put(["x"]).json(&1)).await.unwrap_err();
    assert!(
        matches!(&error, HttpError::Unreachable { cause, .. } if cause.contains("refused"))
            && error.is_unreachable(),
        "{error}"
    );
    assert_eq!(http.stats().values().next().unwrap().requests, 3);
}

#[tokio::test]
async fn a_server_without_tls_is_a_tls_error_at_once() {
    let server = Server::start(|_, _| ok(&json!({}))).await;
    let url = Url::parse(&server.base.as_str().replace("http://", "https://")).unwrap();
    let http = http();
    let error = http.get(&url).await.unwrap_err();
    assert!(matches!(&error, HttpError::Tls { cause, .. } if cause.starts_with("received")), "{error:?}");
    assert_eq!(http.stats().values().next().unwrap().requests, 1);
}

/// Gives out tokens `t0`, `t1`... and accepts the newest that `accepts` allows.
async fn token_server(accepts: fn(&str) -> bool) -> Server {
    Server::start(move |seen, before| match seen.target.as_str() {
        "/oauth/token" => ok(
            &json!({"access_token": format!("token-{before}"), "token_type": "Bearer", "expires_in": 3600}),
        ),
        _ if seen.bearer().is_some_and(accepts) => ok(&json!({})),
        _ => answer(401, &[], r#"{"message":"expired"}"#),
    })
    .await
}

#[tokio::test]
async fn many_requests_share_one_token() {
    let server = token_server(|token| token == "token-0").await;
    let http = http();
    let origin = origin(&http, &server.base, Auth::bearer(credentials(&server, "s3cret-value")));
    let results = join_all((0..20).map(|n| origin.send(Request::get(["users", &n.to_string()])))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(server.on("/oauth/token"), 1);
    let asked = server.seen().into_iter().find(|seen| seen.target == "/oauth/token").unwrap();
    assert_eq!(
        asked.body,
        "grant_type=client_credentials&client_id=client&client_secret=s3cret-value&audience=https%3A%2F%2Facme.example%2Fapi%2F"
    );
}

#[tokio::test]
async fn a_401_renews_the_token_once_for_all() {
    let server = token_server(|token| token == "token-1").await;
    let http = http();
    let origin = origin(&http, &server.base, Auth::bearer(credentials(&server, "s3cret-value")));
    let results = join_all((0..8).map(|n| origin.send(Request::put(["users", &n.to_string()])))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(server.on("/oauth/token"), 2);

    let server = token_server(|_| false).await;
    let origin = self::origin(&http, &server.base, Auth::bearer(credentials(&server, "s3cret-value")));
    let error = origin.send(Request::get(["users"])).await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    assert_eq!(
        (server.on("/oauth/token"), server.on("/users")),
        (2, 2),
        "one renewal, then the answer stands"
    );
}

#[tokio::test]
async fn a_wrong_secret_is_tried_once_however_many_wait() {
    let server = Server::start(|_, _| {
        answer(401, &[], r#"{"error":"invalid_client","error_description":"no such secret: s3cret-value"}"#)
    })
    .await;
    let http = http();
    let origin = origin(&http, &server.base, Auth::bearer(credentials(&server, "s3cret-value")));
    let results = join_all((0..6).map(|_| origin.send(Request::get(["users"])))).await;
    for result in results {
        let error = result.unwrap_err();
        assert!(matches!(error, HttpError::Credential(_)) && error.is_unauthorized(), "{error}");
        assert!(error.to_string().contains("no such secret: [redacted] (code invalid_client)"), "{error}");
    }
    assert_eq!(server.on("/oauth/token"), 1);
    assert_eq!(server.on("/users"), 0);
}

#[tokio::test]
async fn an_expired_token_is_fetched_anew() {
    let server = Server::start(|seen, before| match seen.target.as_str() {
        "/oauth/token" => ok(&json!({"access_token": format!("token-{before}"), "expires_in": 1})),
        _ => ok(&json!({})),
    })
    .await;
    let origin = origin(&http(), &server.base, Auth::bearer(credentials(&server, "s3cret-value")));
    origin.send(Request::get(["a"])).await.unwrap();
    origin.send(Request::get(["b"])).await.unwrap();
    assert_eq!(server.on("/oauth/token"), 1);
    tokio::time::sleep(Duration::from_millis(950)).await;
    origin.send(Request::get(["c"])).await.unwrap();
    assert_eq!(server.on("/oauth/token"), 2, "a tenth of its life before it expires");
}

#[tokio::test]
async fn secrets_do_not_come_back_in_errors() {
    let server = Server::start(|seen, _| {
        let sent = seen.headers["authorization"].to_str().unwrap().to_owned();
        let body = json!({"code": 20003, "message": format!("bad header {sent}\u{1b}[2J, key hunter2+x, path {}", seen.target)});
        answer(403, &[("x-request-id", "RQ1")], body.to_string())
    })
    .await;
    let http = http();
    let secret: SecretString = "hunter2+x".into();
    let auth = Auth::Basic { user: "AC1".to_owned(), secret };
    let error =
        origin(&http, &server.base, auth).send(Request::get(["keys", "hunter2+x"])).await.unwrap_err();
    assert!(error.is_forbidden());
    let basic = base64::engine::general_purpose::STANDARD.encode("AC1:hunter2+x");
    for shown in [error.to_string(), format!("{error:?}")] {
        assert!(
            !shown.contains("hunter2") && !shown.contains(&basic) && !shown.contains('\u{1b}'),
            "{shown}"
        );
    }
    let host = server.base.as_str().trim_start_matches("http://").trim_end_matches('/');
    assert_eq!(
        error.to_string(),
        format!(
            "acme answered 403 Forbidden to GET {host}/keys/[redacted]: bad header Basic [redacted]\\u{{1b}}[2J, key [redacted], path /keys/[redacted] (code 20003, request RQ1)"
        )
    );
}

#[tokio::test]
async fn ids_are_encoded_on_the_wire() {
    let server = Server::start(|_, _| ok(&json!({}))).await;
    let origin = origin(&http(), &server.url("/api/v2/"), Auth::None);
    origin
        .send(Request::get(["users", "auth0|a/b"]).query("q", "a&b").header("If-Match", "W/1"))
        .await
        .unwrap();
    let seen = &server.seen()[0];
    assert_eq!((&seen.method, seen.target.as_str()), (&Method::GET, "/api/v2/users/auth0%7Ca%2Fb?q=a%26b"));
    assert_eq!(seen.headers["if-match"], "W/1");
    assert!(seen.headers["user-agent"].to_str().unwrap().starts_with("concord/"));
    let error = origin.send(Request::delete(["users", ""])).await.unwrap_err();
    assert!(matches!(error, HttpError::InvalidRequest { .. }), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn decode_errors_name_the_path_and_hide_the_value() {
    #[derive(Debug, serde::Deserialize)]
    struct Client {
        #[expect(dead_code)]
        callbacks: Vec<u32>,
    }
    let server = Server::start(|seen, _| match seen.target.as_str() {
        "/wrong" => {
            ok(&json!({"clients": [{"callbacks": []}, {"callbacks": [1, "s3cret-value, expected nothing"]}]}))
        }
        "/missing" => ok(&json!({"clients": [{}]})),
        _ => answer(200, &[], "<html>s3cret-value"),
    })
    .await;
    let origin = origin(&http(), &server.base, Auth::None);
    let mut shown = Vec::new();
    for path in ["wrong", "missing", "html"] {
        let response = origin.send(Request::get([path])).await.unwrap();
        match response.json::<HashMap<String, Vec<Client>>>().unwrap_err() {
            HttpError::Decode { at, reason, .. } => shown.push(format!("{at}: {reason}")),
            other => panic!("{other}"),
        }
    }
    assert_eq!(
        shown,
        [
            "clients[1].callbacks[1]: expected u32",
            "clients[0]: missing field `callbacks`",
            ".: no JSON (line 1, column 1)"
        ]
    );
}

#[tokio::test]
async fn large_answers_are_cut_off_announced_or_not() {
    let server = Server::start(|seen, _| match seen.target.as_str() {
        "/announced" => answer(200, &[], vec![b'x'; 2000]),
        "/streamed" => {
            let pieces = (0..20).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 100])));
            answer(200, &[], Body::from_stream(futures_util::stream::iter(pieces)))
        }
        _ => answer(200, &[], vec![b'x'; 1000]),
    })
    .await;
    let http = Http::new(HttpOptions { max_body: 1000, ..quick() }).unwrap();
    for path in ["/announced", "/streamed"] {
        let error = http.get(&server.url(path)).await.unwrap_err();
        assert!(matches!(error, HttpError::TooLarge { limit: 1000, .. }), "{path}: {error}");
        assert_eq!(server.on(path), 1);
    }
    assert_eq!(http.get(&server.url("/fits")).await.unwrap().bytes().len(), 1000);
}

#[tokio::test]
async fn plain_http_stays_on_this_machine() {
    let http = http();
    let url = Url::parse("http://idp.example/metadata").unwrap();
    assert!(matches!(http.get(&url).await, Err(HttpError::InsecureOrigin { .. })));
    let config = OriginConfig {
        base: url,
        auth: Auth::None,
        limits: RateLimitPolicy::RETRY_AFTER,
        errors: &COMMON_SHAPE,
        concurrency: 1,
        vendor: "acme",
    };
    assert!(matches!(http.origin(config), Err(HttpError::InsecureOrigin { .. })));
}

mod sandbox {
    use super::*;

    async fn sandboxed(server: &Server) -> (Http, Origin) {
        let routing = Routing::Sandbox { base: server.base.clone() };
        let http = Http::new(HttpOptions { routing, ..quick() }).unwrap();
        let base = Url::parse("https://nss.us.auth0.com/api/v2").unwrap();
        let origin = origin(&http, &base, Auth::scheme("SSWS", &"s3cret-value".into()));
        (http, origin)
    }

    #[tokio::test]
    async fn the_host_becomes_a_path_and_data_keep_it() {
        let server = Server::start(|seen, _| match seen.target.as_str() {
            "/nss.us.auth0.com/api/v2/users?page=0" => answer(
                200,
                &[("link", "<https://nss.us.auth0.com/api/v2/users?page=1>; rel=\"next\"")],
                "[1]",
            ),
            "/nss.us.auth0.com/api/v2/users?page=1" => ok(&json!([2])),
            _ => answer(404, &[], ""),
        })
        .await;
        let (http, origin) = sandboxed(&server).await;
        let first = Request::get(["users"]).query("page", 0);
        let users = pages_by_link_header(&origin, 5, first, Response::json::<Vec<u32>>).await.unwrap();
        assert_eq!(users, [1, 2]);
        assert!(server.seen().iter().all(|seen| seen.headers["authorization"] == "SSWS s3cret-value"));
        assert_eq!(http.stats()["nss.us.auth0.com"].requests, 2);
        assert_eq!(http.stats().len(), 1);

        let error = origin.send(Request::get(["nobody"])).await.unwrap_err();
        assert!(error.to_string().contains("nss.us.auth0.com/api/v2/nobody"), "{error}");
        assert!(matches!(found(Err::<(), _>(error)), Ok(None)));
    }

    #[tokio::test]
    async fn a_redirect_is_followed_by_its_logical_host_until_the_boundary() {
        let server = Server::start(|seen, _| match seen.target.as_str() {
            "/services.twilio.com/v1/Flex/Authorize" => answer(302, &[("location", "/v1/next")], ""),
            "/services.twilio.com/v1/next" => {
                answer(307, &[("location", "https://iam.twilio.com/v2/saml?x=1")], "")
            }
            "/iam.twilio.com/v2/saml?x=1" => {
                answer(302, &[("location", "https://idp.example/sso?SAMLRequest=abc")], "")
            }
            _ => answer(500, &[], "never"),
        })
        .await;
        let (http, _) = sandboxed(&server).await;
        let start = Url::parse("https://services.twilio.com/v1/Flex/Authorize").unwrap();
        let chain = http.follow(&start, 5, |next| next.host_str() == Some("idp.example")).await.unwrap();
        let hosts: Vec<_> = chain.hops.iter().map(|hop| hop.url.host_str().unwrap().to_owned()).collect();
        assert_eq!(hosts, ["services.twilio.com", "services.twilio.com", "iam.twilio.com"]);
        assert!(
            matches!(chain.end, ChainEnd::StoppedBefore(url) if url.as_str() == "https://idp.example/sso?SAMLRequest=abc")
        );
        assert_eq!(server.seen().len(), 3);

        let error = http.follow(&start, 1, |_| false).await.unwrap_err();
        assert!(matches!(error, HttpError::TooManyRedirects { max: 1, .. }), "{error}");
        let answer = http.get(&start).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.header("location")), (302, Some("/v1/next")));
    }
}

mod pages {
    use super::*;

    #[tokio::test]
    async fn credentials_do_not_follow_a_foreign_link() {
        let stranger = Server::start(|_, _| ok(&json!([]))).await;
        let link = format!("<{}users?after=1>; rel=next", stranger.base);
        let server = Server::start(move |_, _| answer(200, &[("link", &link)], "[1]")).await;
        let http = http();
        let auth = Auth::Basic { user: "u".to_owned(), secret: "s3cret-value".into() };
        let origin = origin(&http, &server.base, auth);
        let read = pages_by_link_header(&origin, 5, Request::get(["users"]), Response::json::<Vec<u32>>);
        let error = read.await.unwrap_err();
        assert!(matches!(error, HttpError::ForeignLink { .. }), "{error}");
        assert!(stranger.seen().is_empty());
    }

    #[tokio::test]
    async fn numbers_end_at_the_last_page_the_guard_or_a_repetition() {
        let server = Server::start(|seen, _| match seen.target.split_once("?page=") {
            Some(("/short", "2")) => ok(&json!([20])),
            Some(("/stuck", _)) => ok(&json!([7, 8])),
            Some((_, page)) => ok(&json!([page.parse::<u32>().unwrap() * 10, 1])),
            None => answer(400, &[], ""),
        })
        .await;
        let origin = origin(&http(), &server.base, Auth::None);
        let read = |list: &'static str, max| {
            let origin = origin.clone();
            async move {
                let request = |page| Request::get([list]).query("page", page);
                pages_by_number(&origin, max, request, |response| {
                    let items = response.json::<Vec<u32>>()?;
                    Ok(NumberedPage { last: items.len() < 2, items })
                })
                .await
            }
        };
        assert_eq!(read("short", 3).await.unwrap(), [0, 1, 10, 1, 20]);
        assert!(matches!(read("short", 2).await, Err(HttpError::TooManyPages { max: 2, .. })));
        assert!(matches!(read("stuck", 100).await, Err(HttpError::PageRepeats { .. })));
    }

    #[tokio::test]
    async fn next_urls_and_tokens_end_and_do_not_loop() {
        let server = Server::start(|seen, before| match (seen.target.as_str(), before) {
            ("/list", _) => ok(&json!({"items": [1], "next": "/list2?x=1"})),
            ("/list2?x=1", _) => ok(&json!({"items": [2], "next": ""})),
            ("/ring", n) => ok(&json!({"items": [n], "next": "/ring"})),
            ("/token", _) => ok(&json!({"items": [1], "next": "a b"})),
            ("/token?t=a+b", _) => ok(&json!({"items": [2], "next": null})),
            _ => answer(404, &[], ""),
        })
        .await;
        let origin = origin(&http(), &server.base, Auth::None);
        #[derive(serde::Deserialize)]
        struct Page {
            items: Vec<u32>,
            next: Option<String>,
        }
        let read = |response: &Response| response.json::<Page>().map(|page| (page.items, page.next));
        let accept = |path| Request::get([path]).header("accept", "application/scim+json");
        assert_eq!(pages_by_next_url(&origin, 9, accept("list"), read).await.unwrap(), [1, 2]);
        assert!(server.seen().iter().all(|seen| seen.headers["accept"] == "application/scim+json"));
        let ring = pages_by_next_url(&origin, 9, Request::get(["ring"]), read).await;
        assert!(matches!(ring, Err(HttpError::PageRepeats { .. })));
        let request = |token: Option<&str>| match token {
            None => Request::get(["token"]),
            Some(token) => Request::get(["token"]).query("t", token),
        };
        assert_eq!(pages_by_token(&origin, 9, request, read).await.unwrap(), [1, 2]);
    }
}
