//! Starting, stopping, addressing, faults, the record, the seed.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, TENANT};
use crate::sandbox::{Sandbox, SandboxError, SandboxOptions};

#[tokio::test]
async fn what_was_answered_survives_a_restart_and_the_id_stays() {
    let mut bench = Bench::start("").await;
    let id = bench.running().id();
    let client = bench.auth0(Method::POST, "/clients", Some(json!({"name": "Flex"}))).await.expect(201);
    bench.restart().await;
    let path = format!("/clients/{}", client["client_id"].as_str().unwrap());
    // The token is state, too.
    let mut read = bench.auth0(Method::GET, &path, None).await.expect(200);
    assert!(read.as_object_mut().unwrap().remove("signing_keys").is_some());
    assert_eq!(read, client);
    assert_eq!(bench.running().id(), id);
}

#[tokio::test]
async fn one_process_at_a_time_and_reset_gives_another_id() {
    let mut bench = Bench::start("").await;
    let id = bench.running().id();
    let url = bench.running().base_url();
    match Sandbox::start(bench.options()).await {
        Err(SandboxError::Locked { holder, path }) => {
            assert_eq!(holder.as_deref(), Some(url.as_str()));
            assert!(path.starts_with(bench.path("state")));
        }
        other => panic!("expected a lock, got {other:?}"),
    }
    assert!(matches!(Sandbox::reset(&bench.path("state")), Err(SandboxError::Locked { .. })));
    bench.running.take().unwrap().shutdown().await;
    Sandbox::reset(&bench.path("state")).unwrap();
    assert!(matches!(Sandbox::reset(&bench.path("state")), Err(SandboxError::NotAState { .. })));
    let other = Sandbox::start(bench.options()).await.unwrap();
    assert_ne!(other.id(), id);
}

#[tokio::test]
async fn only_loopback_is_listened_on() {
    let bench = Bench::start("").await;
    let listen = Some("0.0.0.0:0".parse().unwrap());
    let options = SandboxOptions { listen, state_dir: bench.path("other"), ..SandboxOptions::default() };
    assert!(matches!(Sandbox::start(options).await, Err(SandboxError::NotLoopback { .. })));
}

#[tokio::test]
async fn a_host_header_addresses_like_a_path_segment() {
    let bench = Bench::start("").await;
    let request = bench.request(Method::GET, "api/v2/clients").header("host", TENANT);
    assert_eq!(bench.send(request).await.expect(401)["message"], "Missing authentication");
    let request = bench.request(Method::GET, &format!("{TENANT}/api/v2/clients"));
    assert_eq!(bench.send(request).await.expect(401)["message"], "Missing authentication");
    let request = bench.request(Method::GET, "example.com/");
    assert_eq!(bench.send(request).await.expect(421)["error"], "unknown_host");
}

#[tokio::test]
async fn a_dropped_answer_has_its_effect_or_not_as_ordered() {
    let faults = "\
- {host: '*.auth0.com', method: POST, path: /api/v2/clients, nth: 1, then: {drop: before}}
- {method: POST, path: /api/v2/clients, nth: 1, then: {drop: after}}
- {method: POST, path: /api/v2/clients, nth: 1, then: {status: 503, body: {error: busy}, headers: {Retry-After: '1'}}}
- {method: POST, path: /api/v2/clients, nth: 1, then: rateLimit}
";
    let mut bench = Bench::with("", Some(faults)).await;
    let names = |value: Value| -> Vec<String> {
        let mut names: Vec<String> =
            value.as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    bench.auth0(Method::GET, "/connections", None).await.expect(200);
    for name in ["before", "after"] {
        let request = bench.request(Method::POST, &format!("{TENANT}/api/v2/clients"));
        let request = request.bearer_auth(bench.token.as_deref().unwrap()).json(&json!({"name": name}));
        assert!(request.send().await.is_err(), "{name}: the connection should have closed");
    }
    let reply = bench.auth0(Method::POST, "/clients", Some(json!({"name": "busy"}))).await;
    assert_eq!(reply.header("retry-after"), "1");
    assert_eq!(reply.expect(503), json!({"error": "busy"}));
    let reply = bench.auth0(Method::POST, "/clients", Some(json!({"name": "limited"}))).await;
    assert_eq!(reply.header("x-ratelimit-remaining"), "0");
    assert_eq!(reply.expect(429)["errorCode"], "too_many_requests");
    let clients = bench.auth0(Method::GET, "/clients?is_global=false", None).await.expect(200);
    assert_eq!(names(clients), ["after"]);
}

#[tokio::test]
async fn requests_are_recorded_without_their_secrets() {
    let mut bench = Bench::start("").await;
    bench.auth0(Method::POST, "/clients", Some(json!({"name": "Flex"}))).await.expect(201);
    let token = bench.token.clone().unwrap();
    let text = std::fs::read_to_string(bench.path("record.jsonl")).unwrap();
    assert!(!text.contains("s3cret") && !text.contains(&token));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines[1],
        json!({
            "method": "POST", "host": TENANT, "path": "/api/v2/clients", "contentType": "application/json",
            "authScheme": "bearer", "body": {"name": "Flex"}, "status": 201,
        })
    );
}

#[tokio::test]
async fn a_wrong_seed_says_where() {
    let bench = Bench::start("").await;
    let start = async |seed: &str| {
        let path = bench.path("other.yaml");
        std::fs::write(&path, seed).unwrap();
        let state_dir = bench.path("other");
        Sandbox::start(SandboxOptions { state_dir, seed: Some(path), ..SandboxOptions::default() })
            .await
            .unwrap_err()
    };
    match start("auth0: {tenants: {a.auth0.com: {users: [{emial: x}]}}}").await {
        SandboxError::File { field, .. } => assert_eq!(field, "auth0.tenants.a.auth0.com.users[0].emial"),
        other => panic!("{other:?}"),
    }
    match start("auth0: {tenants: {a.auth0.com: {clients: [{name: x, foo: 1}]}}}").await {
        SandboxError::Seed { object, reason } => {
            assert_eq!(object, "auth0.tenants.a.auth0.com.clients[0]");
            assert!(reason.contains("Additional properties not allowed: foo"));
        }
        other => panic!("{other:?}"),
    }
    match start("twilio: {accounts: {ACx: {}}}").await {
        SandboxError::Seed { object, .. } => assert_eq!(object, "twilio.accounts.ACx"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_state_shows_no_secret() {
    let seed = "\
auth0: {tenants: {nss.us.auth0.com: {apiClients: [{clientId: abc, clientSecret: s3cret}]}}}
twilio: {accounts: {AC00000000000000000000000000000001: {authToken: h1dden, apiKeys: [{sid: SK1, secret: h1dden}]}}}
";
    let mut bench = Bench::start(seed).await;
    let client = bench.auth0(Method::POST, "/clients", Some(json!({"name": "Flex"}))).await.expect(201);
    let shown = bench.running().show().to_string();
    let secret = client["client_secret"].as_str().unwrap();
    assert!(!shown.contains("s3cret") && !shown.contains("h1dden") && !shown.contains(secret));
    assert!(shown.contains(client["client_id"].as_str().unwrap()));
    let request = bench.request(Method::GET, "state");
    assert_eq!(bench.send(request).await.expect(200), bench.running().show());
    bench.running.take().unwrap().shutdown().await;
    assert_eq!(Sandbox::show(&bench.path("state")).unwrap().to_string(), shown);
}
