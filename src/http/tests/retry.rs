//! Retries, rate limits and transport failures.

use super::*;

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
