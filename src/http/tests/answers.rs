//! What is sent, what is understood of the answer, and what never shows.

use super::*;

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
    let server = Server::start(|_, _| ok(&json!({}))).await;
    let by_name = Url::parse(&server.base.as_str().replace("127.0.0.1", "localhost")).unwrap();
    assert_eq!(http.get(&by_name).await.unwrap().status(), 200);
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
