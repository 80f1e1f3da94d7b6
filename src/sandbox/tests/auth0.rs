//! Auth0 as a client of its Management API sees it.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, TENANT};

const NO_LAG: &str =
    "auth0: {tenants: {nss.us.auth0.com: {searchLag: {requests: 0, milliseconds: 0}, actionBuildMs: 0}}}";

#[tokio::test]
async fn tokens_are_refused_as_auth0_refuses_them() {
    let seed = "auth0: {tenants: {nss.us.auth0.com: {apiClients: [{clientId: abc, clientSecret: s3cret, scopes: [read:users]}]}}}";
    let mut bench = Bench::start(seed).await;
    let audience = format!("https://{TENANT}/api/v2/");
    for (secret, audience, status, error) in [
        ("", audience.as_str(), 401, "access_denied"),
        ("wrong", &audience, 401, "access_denied"),
        ("s3cret", "https://other/", 403, "access_denied"),
        ("s3cret", "", 403, "access_denied"),
    ] {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "abc"),
            ("client_secret", secret),
            ("audience", audience),
        ];
        let request = bench.request(Method::POST, &format!("{TENANT}/oauth/token")).form(&form);
        assert_eq!(bench.send(request).await.expect(status)["error"], error, "{secret} {audience}");
    }
    bench.auth0(Method::GET, "/users", None).await.expect(200);
    let refused = bench.auth0(Method::GET, "/actions/actions", None).await.expect(403);
    assert_eq!(refused["errorCode"], "insufficient_scope");
    assert_eq!(refused["message"], "Insufficient scope, expected any of: read:actions");
    bench.token = Some("nonsense".into());
    let refused = bench.auth0(Method::GET, "/users", None).await.expect(401);
    assert_eq!(refused["message"], "Invalid token");
}

#[tokio::test]
async fn clients_are_made_changed_and_refused() {
    let mut bench = Bench::start("").await;
    let body = json!({
        "name": "Flex", "app_type": "regular_web", "callbacks": ["https://a.example/cb"], "client_metadata": {"a": "1", "b": "2"},
        "addons": {"samlp": {"audience": "urn:x", "signResponse": true, "typedAttributes": false}, "wsfed": {}},
    });
    let client = bench.auth0(Method::POST, "/clients", Some(body)).await.expect(201);
    assert_eq!(client["global"], false);
    assert_eq!(client["client_id"].as_str().unwrap().len(), 32);
    let path = format!("/clients/{}", client["client_id"].as_str().unwrap());
    let change = json!({"addons": {"samlp": {"recipient": "https://r.example/"}}, "client_metadata": {"a": null, "c": "3"}});
    let changed = bench.auth0(Method::PATCH, &path, Some(change)).await.expect(200);
    assert_eq!(changed["addons"], json!({"samlp": {"recipient": "https://r.example/"}, "wsfed": {}}));
    assert_eq!(changed["client_metadata"], json!({"b": "2", "c": "3"}));
    let cleared = bench.auth0(Method::PATCH, &path, Some(json!({"addons": null}))).await.expect(200);
    assert_eq!(cleared["addons"], json!({}));
    let eleven: serde_json::Map<String, Value> = (0..11).map(|n| (format!("k{n}"), json!("v"))).collect();
    for (wrong, words) in [
        (json!({"foo": 1}), "Additional properties not allowed: foo"),
        (json!({"addons": {"samlp": {"signResponse": "yes"}}}), "on property addons.samlp.signResponse"),
        (json!({"addons": {"saml": {}}}), "Additional properties not allowed: saml"),
        (json!({"client_metadata": {"x": "y".repeat(256)}}), "maximum 255"),
        (json!({"client_metadata": eleven}), "maximum 10"),
        (json!({"app_type": "web"}), "No enum match"),
        (json!({"callbacks": ["not a url"]}), "callback-url"),
    ] {
        let refused = bench.auth0(Method::PATCH, &path, Some(wrong)).await.expect(400);
        assert_eq!(refused["errorCode"], "invalid_body");
        assert!(refused["message"].as_str().unwrap().contains(words), "{refused}");
    }
    assert_eq!(
        bench.auth0(Method::GET, &path, None).await.expect(200)["client_metadata"],
        json!({"b": "2", "c": "3"})
    );
    bench.auth0(Method::DELETE, &path, None).await.expect(204);
    assert_eq!(bench.auth0(Method::GET, &path, None).await.expect(404)["errorCode"], "inexistent_client");
}

#[tokio::test]
async fn lists_come_in_pages_of_either_kind() {
    let mut bench = Bench::start("").await;
    for n in 0..5 {
        bench.auth0(Method::POST, "/clients", Some(json!({"name": format!("c{n}")}))).await.expect(201);
    }
    let page =
        bench.auth0(Method::GET, "/clients?per_page=2&page=1&include_totals=true", None).await.expect(200);
    assert_eq!((&page["start"], &page["limit"], &page["total"]), (&json!(2), &json!(2), &json!(6)));
    let mut seen = 0;
    let mut path = "/clients?take=4".to_owned();
    loop {
        let page = bench.auth0(Method::GET, &path, None).await.expect(200);
        seen += page["clients"].as_array().unwrap().len();
        match page["next"].as_str() {
            Some(next) => path = format!("/clients?take=4&from={next}"),
            None => break,
        }
    }
    assert_eq!(seen, 6);
    let reply = bench.auth0(Method::GET, "/clients?per_page=101", None).await;
    assert_eq!(reply.header("x-ratelimit-limit"), "2000");
    assert_eq!(reply.expect(400)["errorCode"], "invalid_query_string");
}

#[tokio::test]
async fn an_action_is_built_then_deployed_then_bound() {
    let mut bench = Bench::start("").await;
    let body = json!({
        "name": "Roles", "code": "// 1", "supported_triggers": [{"id": "post-login", "version": "v3"}],
    });
    let action = bench.auth0(Method::POST, "/actions/actions", Some(body.clone())).await.expect(201);
    assert_eq!(action["status"], "pending");
    bench.auth0(Method::POST, "/actions/actions", Some(body)).await.expect(409);
    let path = format!("/actions/actions/{}", action["id"].as_str().unwrap());
    let bindings = "/actions/triggers/post-login/bindings";
    let by_name = |name: &str| json!({"bindings": [{"ref": {"type": "action_name", "value": name}, "display_name": "R"}]});
    bench.auth0(Method::POST, &format!("{path}/deploy"), None).await.expect(400);
    bench.auth0(Method::PATCH, bindings, Some(by_name("Roles"))).await.expect(400);
    bench.auth0(Method::PATCH, bindings, Some(by_name("Nothing"))).await.expect(404);
    while bench.auth0(Method::GET, &path, None).await.expect(200)["status"] != "built" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let version = bench.auth0(Method::POST, &format!("{path}/deploy"), None).await.expect(200);
    assert_eq!((&version["number"], &version["deployed"]), (&json!(1), &json!(true)));
    let first = bench.auth0(Method::PATCH, bindings, Some(by_name("Roles"))).await.expect(200);
    let binding = first["bindings"][0]["id"].as_str().unwrap().to_owned();
    let by_id = json!({"bindings": [{"ref": {"type": "binding_id", "value": binding}}]});
    let second = bench.auth0(Method::PATCH, bindings, Some(by_id.clone())).await.expect(200);
    assert_ne!(second["bindings"][0]["id"], json!(binding), "every replacement gives new ids");
    bench.auth0(Method::PATCH, bindings, Some(by_id)).await.expect(404);
    let listed = bench.auth0(Method::GET, bindings, None).await.expect(200);
    assert_eq!((&listed["total"], &listed["bindings"][0]["action"]["name"]), (&json!(1), &json!("Roles")));
    let changed = bench.auth0(Method::PATCH, &path, Some(json!({"code": "// 2"}))).await.expect(200);
    assert_eq!((&changed["status"], &changed["all_changes_deployed"]), (&json!("pending"), &json!(false)));
    assert_eq!(changed["deployed_version"]["code"], "// 1");
    bench.auth0(Method::DELETE, &path, None).await.expect(400);
    bench.auth0(Method::DELETE, &format!("{path}?force=true"), None).await.expect(204);
    assert_eq!(bench.auth0(Method::GET, bindings, None).await.expect(200)["total"], 0);
}

#[tokio::test]
async fn search_ends_at_a_thousand_and_slices_reach_the_rest() {
    let seed = "auth0: {tenants: {nss.us.auth0.com: {generateUsers: {count: 5000, domain: big.example}}}}";
    let mut bench = Bench::start(seed).await;
    let page = |n: usize| {
        format!(
            "/users?search_engine=v3&q=email.domain%3A%22big.example%22&per_page=100&page={n}&include_totals=true"
        )
    };
    let last = bench.auth0(Method::GET, &page(9), None).await.expect(200);
    assert_eq!((&last["total"], &last["length"], &last["start"]), (&json!(5000), &json!(100), &json!(900)));
    let refused = bench.auth0(Method::GET, &page(10), None).await.expect(400);
    assert!(
        refused["message"].as_str().unwrap().starts_with("You can only page through the first 1000 records.")
    );
    let sorted = "/users?sort=created_at:1&per_page=100&page=9";
    let users = bench.auth0(Method::GET, sorted, None).await.expect(200);
    let bound = users[99]["created_at"].as_str().unwrap();
    assert_eq!(users[99]["email"], "user01000@big.example");
    let rest = format!(
        "/users?q=created_at:%7B{bound}%20TO%20*%5D&sort=created_at:1&per_page=1&include_totals=true"
    );
    let rest = bench.auth0(Method::GET, &rest, None).await.expect(200);
    assert_eq!((&rest["total"], &rest["users"][0]["email"]), (&json!(4000), &json!("user01001@big.example")));
    bench.auth0(Method::GET, "/users?q=email:~x", None).await.expect(400);
}

#[tokio::test]
async fn search_lags_and_reads_do_not() {
    let seed = "auth0: {tenants: {nss.us.auth0.com: {searchLag: {requests: 3, milliseconds: 600000}, users: [{email: Ann@connie.one}]}}}";
    let mut bench = Bench::start(seed).await;
    let found = bench.auth0(Method::GET, "/users-by-email?email=ann@connie.one", None).await.expect(200);
    assert_eq!(
        bench.auth0(Method::GET, "/users-by-email?email=Ann@connie.one", None).await.expect(200),
        json!([])
    );
    let path = format!("/users/{}", found[0]["user_id"].as_str().unwrap().replace('|', "%7C"));
    let patch = json!({"app_metadata": {"flex": {"roles": ["agent"]}, "other": 1}});
    bench.auth0(Method::PATCH, &path, Some(patch)).await.expect(200);
    let read = bench.auth0(Method::GET, &path, None).await.expect(200);
    assert_eq!(read["app_metadata"]["flex"]["roles"], json!(["agent"]));
    let search = "/users?q=_exists_:app_metadata.flex";
    for _ in 0..2 {
        assert_eq!(bench.auth0(Method::GET, search, None).await.expect(200), json!([]));
    }
    assert_eq!(bench.auth0(Method::GET, search, None).await.expect(200)[0]["email"], "ann@connie.one");
    let merged =
        bench.auth0(Method::PATCH, &path, Some(json!({"app_metadata": {"other": null, "new": {}}}))).await;
    assert_eq!(merged.expect(200)["app_metadata"], json!({"flex": {"roles": ["agent"]}, "new": {}}));
    let cleared = bench.auth0(Method::PATCH, &path, Some(json!({"app_metadata": {}}))).await.expect(200);
    assert_eq!(cleared["app_metadata"], json!({}));
    bench.auth0(Method::PATCH, &path, Some(json!({"user_id": "x"}))).await.expect(400);
    bench.auth0(Method::PATCH, "/users/auth0%7Cnone", Some(json!({}))).await.expect(404);
}

#[tokio::test]
async fn users_are_made_and_removed() {
    let mut bench = Bench::start(NO_LAG).await;
    let body =
        json!({"email": "Bob@x.example", "password": "p", "connection": "Username-Password-Authentication"});
    let user = bench.auth0(Method::POST, "/users", Some(body.clone())).await.expect(201);
    assert_eq!(user["email"], "bob@x.example");
    bench.auth0(Method::POST, "/users", Some(body)).await.expect(409);
    let wrong = json!({"email": "c@x.example", "password": "p", "connection": "none"});
    bench.auth0(Method::POST, "/users", Some(wrong)).await.expect(400);
    let path = format!("/users/{}", user["user_id"].as_str().unwrap().replace('|', "%7C"));
    bench.auth0(Method::DELETE, &path, None).await.expect(204);
    assert_eq!(bench.auth0(Method::GET, "/users?q=email:bob*", None).await.expect(200), json!([]));
}

#[tokio::test]
async fn metadata_is_public_and_follows_the_rotation() {
    let mut bench = Bench::start("").await;
    let plain = bench.auth0(Method::POST, "/clients", Some(json!({"name": "a"}))).await.expect(201);
    let saml = bench
        .auth0(Method::POST, "/clients", Some(json!({"name": "b", "addons": {"samlp": {}}})))
        .await
        .expect(201);
    let metadata =
        |client: &Value| format!("{TENANT}/samlp/metadata/{}", client["client_id"].as_str().unwrap());
    let reply = bench.send(bench.request(Method::GET, &metadata(&plain))).await;
    assert_eq!(reply.status, 404);
    let certificate = async |bench: &Bench| {
        let reply = bench.send(bench.request(Method::GET, &metadata(&saml))).await;
        assert_eq!(reply.status, 200);
        let document = roxmltree::Document::parse(&reply.text).unwrap();
        assert_eq!(document.root_element().attribute("entityID"), Some("urn:nss.us.auth0.com"));
        let node = document
            .descendants()
            .find(|n| n.has_tag_name(("http://www.w3.org/2000/09/xmldsig#", "X509Certificate")));
        node.unwrap().text().unwrap().to_owned()
    };
    let before = certificate(&bench).await;
    let keys = bench.auth0(Method::GET, "/keys/signing", None).await.expect(200);
    assert_eq!((&keys[0]["current"], &keys[1]["next"]), (&json!(true), &json!(true)));
    let pem = |key: &Value| {
        key["cert"].as_str().unwrap().lines().filter(|l| !l.starts_with('-')).collect::<String>()
    };
    assert_eq!(pem(&keys[0]), before);
    bench.auth0(Method::POST, "/keys/signing/rotate", None).await.expect(201);
    assert_eq!(certificate(&bench).await, pem(&keys[1]));
    let keys = bench.auth0(Method::GET, "/keys/signing", None).await.expect(200);
    assert_eq!(pem(&keys[2]), before);
}

#[tokio::test]
async fn the_limit_is_told_and_kept() {
    let seed = "auth0: {tenants: {nss.us.auth0.com: {rateLimit: {requests: 2, perSeconds: 600}}}}";
    let mut bench = Bench::start(seed).await;
    let reply = bench.auth0(Method::GET, "/clients", None).await;
    assert_eq!((reply.header("x-ratelimit-limit"), reply.header("x-ratelimit-remaining")), ("2", "0"));
    let reply = bench.auth0(Method::GET, "/clients", None).await;
    assert!(reply.header("x-ratelimit-reset").parse::<i64>().unwrap() > 1_700_000_000);
    assert_eq!(reply.expect(429)["error"], "Too Many Requests");
}
