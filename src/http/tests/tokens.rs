//! Access tokens: shared, renewed, refused.

use super::*;

fn credentials(server: &Server, secret: &str) -> ClientCredentials {
    ClientCredentials {
        endpoint: TokenEndpoint { vendor: "acme", url: server.url("/oauth/token"), style: TokenStyle::Form },
        client_id: "client".to_owned(),
        client_secret: secret.into(),
        audience: Some("https://acme.example/api/".to_owned()),
        scope: None,
    }
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
async fn a_token_request_may_be_json_and_is_retried_like_a_read() {
    let server = Server::start(|_, before| match before {
        0 => answer(503, &[], ""),
        _ => ok(&json!({"access_token": "token-0", "scope": "read:clients"})),
    })
    .await;
    let mut source = credentials(&server, "s3cret-value");
    source.endpoint.style = TokenStyle::Json;
    source.scope = Some("read:clients".to_owned());
    let http = http();
    let token = TokenCache::new(source).full(&http).await.unwrap();
    assert_eq!(token.parameters["scope"], "read:clients");
    let seen = server.seen();
    assert_eq!((seen.len(), &seen[1].headers["content-type"]), (2, &"application/json".parse().unwrap()));
    assert_eq!(
        serde_json::from_slice::<Value>(&seen[1].body).unwrap(),
        json!({"grant_type": "client_credentials", "client_id": "client", "client_secret": "s3cret-value",
            "audience": "https://acme.example/api/", "scope": "read:clients"})
    );
    assert_eq!(http.redactor().redact("token-0"), REDACTED);
}
