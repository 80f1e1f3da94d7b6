//! Twilio: the Flex API, the console page, the way of a login through both sides.

use std::io::Read as _;

use base64::Engine as _;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::{ACCOUNT, Bench, INSTANCE, TENANT};

const SEED: &str = "
auth0:
  tenants:
    nss.us.auth0.com:
      actionBuildMs: 0
      users:
        - {email: test@connie.one, name: Test Person, app_metadata: {flex: {roles: [agent], team: North}}}
        - {email: gone@connie.one, blocked: true}
        - {email: plain@connie.one, name: No Roles}
      actions:
        - name: Concord
          code: '// concord:attributes [{\"name\":\"roles\",\"path\":\"app_metadata.flex.roles\",\"required\":true}]'
      bindings: {post-login: [Concord]}
twilio:
  accounts:
    AC00000000000000000000000000000001:
      flexInstance: GO00000000000000000000000000000001
      runtimeDomain: nss.twil.io
      apiKeys: [{sid: SK00000000000000000000000000000001, secret: key}]
";

async fn certificate(bench: &mut Bench) -> String {
    let keys = bench.auth0(Method::GET, "/keys/signing", None).await.expect(200);
    keys[0]["cert"].as_str().unwrap().to_owned()
}

/// A SAML client and the profile that trusts it.
async fn both_sides(bench: &mut Bench) -> (String, Value) {
    let client = json!({"name": "Flex", "addons": {"samlp": {}}});
    let client = bench.auth0(Method::POST, "/clients", Some(client)).await.expect(201);
    let id = client["client_id"].as_str().unwrap().to_owned();
    let body = json!({
        "friendlyName": "Auth0 <NSS>", "certificate": certificate(bench).await, "issuer": format!("urn:{TENANT}"),
        "ssoUrl": format!("https://{TENANT}/samlp/{id}?connection=Username-Password-Authentication"),
        "defaultRedirectUrl": "https://nss.connie.team", "trustedUrls": ["https://nss.connie.team/app"],
    });
    let profile = bench.console(Method::POST, "", Some(body)).await.expect(201);
    (id, profile)
}

#[tokio::test]
async fn a_profile_is_shown_to_everyone_and_its_request_decodes() {
    let mut bench = Bench::start(SEED).await;
    let config = format!("services.twilio.com/v1/Flex/Authentication/Config?AccountSid={ACCOUNT}");
    assert_eq!(bench.send(bench.request(Method::GET, &config)).await.expect(200), json!({"config_list": []}));
    let (_, profile) = both_sides(&mut bench).await;
    let sid = profile["sid"].as_str().unwrap().to_owned();
    let list = bench.send(bench.request(Method::GET, &config)).await.expect(200);
    let entry = &list["config_list"][0];
    assert_eq!(
        (&entry["connection_name"], &entry["instance_sid"], &entry["active"]),
        (&json!(sid), &json!(INSTANCE), &json!(true))
    );

    let authorize = |redirect: &str| {
        format!(
            "services.twilio.com/v1/Flex/Authorize?codeChallenge={}&nonce=n&redirectUrl={redirect}&ssoProfileSid={sid}",
            "A".repeat(43)
        )
    };
    let untrusted = bench.send(bench.request(Method::GET, &authorize("https://evil.example"))).await;
    untrusted.expect(400);
    let first = bench.send(bench.request(Method::GET, &authorize("https://nss.connie.team/app/x"))).await;
    assert_eq!(first.status, 302, "{}", first.text);
    let location = first.header("location").strip_prefix("https://").unwrap().to_owned();
    assert!(location.starts_with("login.flex.us1.twilio.com/authorize?"));
    let second = bench.send(bench.request(Method::GET, &location)).await;
    assert_eq!(second.status, 302, "{}", second.text);
    let to = Url::parse(second.header("location")).unwrap();
    assert_eq!(to.host_str(), Some(TENANT));
    let parameter = |name: &str| to.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
    assert_eq!(parameter("connection").as_deref(), Some("Username-Password-Authentication"));
    assert!(parameter("RelayState").is_some());
    let bytes = base64::engine::general_purpose::STANDARD.decode(parameter("SAMLRequest").unwrap()).unwrap();
    let mut xml = String::new();
    flate2::read::DeflateDecoder::new(bytes.as_slice()).read_to_string(&mut xml).unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("Destination"), profile["ssoUrl"].as_str());
    assert_eq!(root.attribute("AssertionConsumerServiceURL"), profile["acsUrl"].as_str());
    assert_eq!(root.first_element_child().unwrap().text(), Some(format!("urn:flex:{sid}").as_str()));
    let page = bench
        .send(bench.request(Method::GET, second.header("location").strip_prefix("https://").unwrap()))
        .await;
    assert_eq!(page.status, 200);

    bench.console(Method::POST, &format!("/{sid}/deactivate"), None).await.expect(200);
    bench.send(bench.request(Method::GET, &authorize("https://nss.connie.team/app"))).await.expect(400);
    bench
        .send(bench.request(Method::GET, &authorize("x").replace(&sid, &format!("JQ{}", "0".repeat(32)))))
        .await
        .expect(404);
    let missing = bench.request(Method::GET, "services.twilio.com/v1/Flex/Authorize?nonce=n");
    bench.send(missing).await.expect(400);
}

#[tokio::test]
async fn a_test_login_fails_for_each_reason_in_turn_and_then_makes_the_user() {
    let mut bench = Bench::start(SEED).await;
    let (client, profile) = both_sides(&mut bench).await;
    let sid = profile["sid"].as_str().unwrap().to_owned();
    let test = async |bench: &Bench, user: &str| {
        let result = bench
            .console(Method::POST, &format!("/{sid}/test"), Some(json!({"user": user})))
            .await
            .expect(200);
        result["error"]["reason"].as_str().map(str::to_owned)
    };
    let path = format!("/clients/{client}");
    assert_eq!(test(&bench, "test@connie.one").await.as_deref(), Some("callback_mismatch"));
    let callbacks = json!({"callbacks": [profile["acsUrl"]]});
    bench.auth0(Method::PATCH, &path, Some(callbacks)).await.expect(200);
    assert_eq!(test(&bench, "nobody@connie.one").await.as_deref(), Some("user_not_found"));
    assert_eq!(test(&bench, "gone@connie.one").await.as_deref(), Some("user_blocked"));
    assert_eq!(test(&bench, "test@connie.one").await.as_deref(), Some("response_not_signed"));
    let mut samlp = json!({
        "signResponse": true, "audience": "urn:flex:wrong", "nameIdentifierProbes": ["email"],
        "mappings": {"email": "email", "name": "full_name"},
    });
    bench.auth0(Method::PATCH, &path, Some(json!({"addons": {"samlp": samlp}}))).await.expect(200);
    assert_eq!(test(&bench, "test@connie.one").await.as_deref(), Some("audience_mismatch"));
    samlp["audience"] = profile["entityId"].clone();
    bench.auth0(Method::PATCH, &path, Some(json!({"addons": {"samlp": samlp}}))).await.expect(200);
    assert_eq!(test(&bench, "plain@connie.one").await.as_deref(), Some("attribute_missing"));
    bench.console(Method::PATCH, &format!("/{sid}"), Some(json!({"issuer": "urn:other"}))).await.expect(200);
    assert_eq!(test(&bench, "test@connie.one").await.as_deref(), Some("issuer_mismatch"));
    let issuer = json!({"issuer": format!("urn:{TENANT}")});
    bench.console(Method::PATCH, &format!("/{sid}"), Some(issuer)).await.expect(200);
    bench.auth0(Method::POST, "/keys/signing/rotate", None).await.expect(201);
    assert_eq!(test(&bench, "test@connie.one").await.as_deref(), Some("certificate_mismatch"));
    let renewed = json!({"certificate": certificate(&mut bench).await});
    bench.console(Method::PATCH, &format!("/{sid}"), Some(renewed)).await.expect(200);

    assert_eq!(test(&bench, "test@connie.one").await, None);
    let shown = bench.console(Method::GET, &format!("/{sid}"), None).await.expect(200);
    let last = &shown["lastTest"];
    assert_eq!((&last["result"], &last["nameId"]), (&json!("success"), &json!("test@connie.one")));
    assert_eq!(last["attributes"]["roles"], json!(["agent"]));
    let path = format!("/v4/Instances/{INSTANCE}/Users?Username=test@connie.one");
    let users = bench.flex(Method::GET, &path, None).await.expect(200);
    assert_eq!(users["users"][0]["worker_sid"], last["workerSid"]);
    assert_eq!(users["users"][0]["full_name"], "Test Person");
}

#[tokio::test]
async fn the_console_refuses_settings_that_cannot_work() {
    let mut bench = Bench::start(SEED).await;
    let (_, profile) = both_sides(&mut bench).await;
    let path = format!("/{}", profile["sid"].as_str().unwrap());
    for (field, value) in [
        ("certificate", json!("")),
        ("certificate", json!("MIIB")),
        ("ssoUrl", json!("http://idp.example/sso")),
        ("ssoUrl", json!("idp.example")),
        ("trustedUrls", json!(["https://*.example.com"])),
        ("defaultRedirectUrl", json!("http://example.com")),
        ("issuer", json!("")),
    ] {
        let refused = bench.console(Method::PATCH, &path, Some(json!({field: value}))).await.expect(400);
        assert_eq!((&refused["code"], &refused["field"]), (&json!(70251), &json!(field)), "{refused}");
    }
    let mut unchanged = bench.console(Method::GET, &path, None).await.expect(200);
    assert_eq!(unchanged, profile);
    bench.console(Method::DELETE, &path, None).await.expect(204);
    unchanged = bench.console(Method::GET, "", None).await.expect(200);
    assert_eq!(unchanged["profiles"], json!([]));
}

#[tokio::test]
async fn the_console_works_with_forms_and_escapes_what_it_shows() {
    let mut bench = Bench::start(SEED).await;
    let pem = certificate(&mut bench).await;
    let base = format!("console.twilio.com/account/{ACCOUNT}/flex/sso");
    let form = [
        ("friendlyName", "<script>x</script>"),
        ("certificate", pem.as_str()),
        ("issuer", "urn:x"),
        ("ssoUrl", "https://idp.example/sso"),
        ("trustedUrls", "https://a.example\nhttp://localhost:3000"),
        ("active", "on"),
        ("page", "1"),
    ];
    let reply = bench.send(bench.request(Method::POST, &base).form(&form)).await;
    assert_eq!(reply.status, 303, "{}", reply.text);
    let location = reply.header("location").trim_start_matches('/').to_owned();
    let page = bench.send(bench.request(Method::GET, &location)).await;
    assert!(page.text.contains("&lt;script&gt;") && !page.text.contains("<script>"), "{}", page.text);
    assert!(page.text.contains("urn:flex:JQ"));
    let profiles = bench.console(Method::GET, "", None).await.expect(200);
    assert_eq!(profiles["profiles"][0]["trustedUrls"], json!(["https://a.example", "http://localhost:3000"]));
    let request =
        bench.request(Method::POST, &format!("{location}/delete")).header("origin", "https://evil.example");
    assert_eq!(bench.send(request).await.status, 403);
    let request = bench.request(Method::POST, &format!("{location}/test")).form(&[("user", "a@b.c")]);
    assert_eq!(bench.send(request).await.status, 303);
    let page = bench.send(bench.request(Method::GET, &location)).await;
    assert!(page.text.contains("could not sign in"), "{}", page.text);
    let start = bench.send(bench.request(Method::GET, "console.twilio.com/")).await;
    assert!(start.text.contains(ACCOUNT));
}

#[tokio::test]
async fn flex_users_are_provisioned_once_listed_in_pages_and_deprovisioned() {
    let bench = Bench::start(SEED).await;
    let users = format!("/v4/Instances/{INSTANCE}/Users");
    let body = |name: &str| json!({"username": name, "full_name": "A", "email": "a@b.c", "roles": ["agent"], "worker": {}});
    let first = bench.flex(Method::POST, &format!("{users}/Provision"), Some(body("a"))).await.expect(201);
    let again = bench.flex(Method::POST, &format!("{users}/Provision"), Some(body("a"))).await.expect(201);
    assert_eq!(first, again);
    for wrong in [
        json!({"username": "a"}),
        json!({"username": "a", "full_name": "A", "email": "a@b.c", "roles": ["administrator"], "worker": {}}),
        json!({"username": "", "full_name": "A", "email": "a@b.c", "roles": ["agent"], "worker": {}}),
        json!({"username": "a", "full_name": "A", "email": "a@b.c", "roles": ["agent"]}),
    ] {
        let refused = bench.flex(Method::POST, &format!("{users}/Provision"), Some(wrong)).await.expect(400);
        assert_eq!(refused["code"], 45004);
    }
    for name in ["b", "c"] {
        bench.flex(Method::POST, &format!("{users}/Provision"), Some(body(name))).await.expect(201);
    }
    let mut seen = Vec::new();
    let mut path = format!("/v1/Instances/{INSTANCE}/Users?PageSize=2");
    loop {
        let page = bench.flex(Method::GET, &path, None).await.expect(200);
        seen.extend(
            page["users"].as_array().unwrap().iter().map(|u| u["username"].as_str().unwrap().to_owned()),
        );
        match page["meta"]["next_page_url"].as_str() {
            Some(next) => path = next.strip_prefix("https://flex-api.twilio.com").unwrap().to_owned(),
            None => break,
        }
    }
    seen.sort();
    assert_eq!(seen, ["a", "b", "c"]);
    let sid = first["flex_user_sid"].as_str().unwrap();
    let gone = json!({"flex_user_sid": sid});
    bench.flex(Method::POST, &format!("{users}/Deprovision"), Some(gone)).await.expect(204);
    let read = bench.flex(Method::GET, &format!("{users}/{sid}"), None).await.expect(200);
    assert_eq!((&read["deactivated"], &read["worker_sid"]), (&json!(true), &Value::Null));
}

#[tokio::test]
async fn credentials_and_ownership_are_checked() {
    let bench = Bench::start(SEED).await;
    let path = "flex-api.twilio.com/v1/Configuration";
    let refused = bench.send(bench.request(Method::GET, path)).await.expect(401);
    assert_eq!(refused["code"], 20003);
    let key = |secret: &str| {
        bench.request(Method::GET, path).basic_auth("SK00000000000000000000000000000001", Some(secret))
    };
    assert_eq!(bench.send(key("key")).await.expect(200)["runtime_domain"], "nss.twil.io");
    bench.send(key("wrong")).await.expect(401);
    let other = "AC00000000000000000000000000000002";
    let request = bench.request(Method::GET, &format!("flex-api.twilio.com/v1/Instances/{INSTANCE}/Users"));
    bench.send(request.basic_auth(other, Some("x"))).await.expect(403);
    bench.flex(Method::GET, &format!("/v4/Instances/{INSTANCE}/Users/FU0"), None).await.expect(404);
    let read_only = json!({"account_sid": ACCOUNT, "runtime_domain": "x"});
    let refused = bench.flex(Method::POST, "/v1/Configuration", Some(read_only)).await.expect(400);
    assert_eq!(refused["code"], 45004);
    let change = json!({"account_sid": ACCOUNT, "ui_attributes": {"a": {"b": 1}}});
    bench.flex(Method::POST, "/v1/Configuration", Some(change)).await.expect(200);
    let change = json!({"account_sid": ACCOUNT, "ui_attributes": {"c": 1}});
    let changed = bench.flex(Method::POST, "/v1/Configuration", Some(change)).await.expect(200);
    assert_eq!(changed["ui_attributes"], json!({"c": 1}), "an object is replaced whole");
}
