//! SendGrid as a client of its API sees it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, Reply};
use crate::sandbox::certificate;

const HOST: &str = "api.sendgrid.com";
const SEED: &str = "sendgrid: {accounts: {nss: {apiKeys: [SG.one], subusers: [7], teammates: [\
    {email: root@connie.one, firstName: R, lastName: T, userType: owner, passwordUsername: connie}, \
    {email: ann@connie.one, firstName: Ann, lastName: Lee, scopes: [mail.send]}]}, \
    small: {apiKeys: [SG.small], rateLimit: {requests: 2, perSeconds: 60}}, eu: {region: eu}}}";

impl Bench {
    async fn sendgrid(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let request = self.request(method, &format!("{HOST}/v3{path}")).bearer_auth("SG.one");
        self.send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }
}

fn integration() -> Value {
    json!({
        "name": "Okta", "enabled": false, "signin_url": "https://a.okta.com/x", "signout_url": "https://a.okta.com/",
        "entity_id": "http://www.okta.com/exk1",
    })
}

#[tokio::test]
async fn integrations_answer_as_documented_slips_included() {
    let bench = Bench::start(SEED).await;
    let made = bench.sendgrid(Method::POST, "/sso/integrations", Some(integration())).await.expect(200);
    assert_eq!((made.get("id"), made.get("single_signon_url")), (None, None));
    let listed = bench.sendgrid(Method::GET, "/sso/integrations", None).await.expect(200);
    let one = &listed[0];
    assert_eq!(
        (one["single_signon_url"] == one["audience_url"], one.get("completed_integration")),
        (true, None)
    );
    let path = format!("/sso/integrations/{}", one["id"].as_str().unwrap());
    let read = bench.sendgrid(Method::GET, &format!("{path}?si=true"), None).await.expect(200);
    assert_eq!((read.get("single_signon_url"), &read["completed_integration"]), (None, &json!(false)));

    for (key, wrong) in [
        ("name", Value::Null),
        ("signout_url", json!("")),
        ("signin_url", json!("nowhere")),
        ("enabled", json!("yes")),
        ("entity_id", json!(7)),
    ] {
        let mut body = integration();
        body[key] = wrong;
        for (method, path) in [(Method::POST, "/sso/integrations"), (Method::PATCH, path.as_str())] {
            let refused = bench.sendgrid(method, path, Some(body.clone())).await.expect(400);
            assert_eq!(refused[0]["field"], key, "{refused}");
            assert!(refused[0]["error_id"].is_string());
        }
    }
    let partial = bench.sendgrid(Method::PATCH, &path, Some(json!({"enabled": true}))).await;
    partial.expect(400);
    bench.sendgrid(Method::PUT, &path, Some(integration())).await.expect(405);
    assert_eq!(bench.sendgrid(Method::DELETE, &path, None).await.status, 204);
    bench.sendgrid(Method::GET, &path, None).await.expect(404);
}

#[tokio::test]
async fn certificates_belong_to_an_integration_and_go_with_it() {
    let bench = Bench::start(SEED).await;
    bench.sendgrid(Method::POST, "/sso/integrations", Some(integration())).await.expect(200);
    let listed = bench.sendgrid(Method::GET, "/sso/integrations", None).await.expect(200);
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    let pem = certificate::make("a.okta.com", jiff::Timestamp::now()).unwrap();
    let body = json!({"public_certificate": pem, "enabled": true, "integration_id": id});
    let made = bench.sendgrid(Method::POST, "/sso/certificates", Some(body.clone())).await.expect(200);
    assert_eq!((&made["intergration_id"], made.get("enabled")), (&json!(id), None));
    assert!(made["id"].is_number() && made["not_after"].is_number());
    for (key, wrong) in [
        ("public_certificate", json!("MIIB")),
        ("integration_id", json!("x")),
        ("integration_id", Value::Null),
    ] {
        let mut body = body.clone();
        body[key] = wrong;
        let refused = bench.sendgrid(Method::POST, "/sso/certificates", Some(body)).await.expect(400);
        assert_eq!(refused[0]["field"], key);
    }
    let path = format!("/sso/certificates/{}", made["id"]);
    bench.sendgrid(Method::PATCH, &path, Some(json!({"enabled": false}))).await.expect(200);
    let second = bench.sendgrid(Method::POST, "/sso/certificates", Some(body)).await.expect(200);
    assert_ne!(second["id"], made["id"]);
    assert_eq!(bench.sendgrid(Method::DELETE, &path, None).await.expect(200)["id"], made["id"]);
    bench.sendgrid(Method::DELETE, &path, None).await.expect(404);
    bench.sendgrid(Method::DELETE, &format!("/sso/integrations/{id}"), None).await.expect(204);
    bench.sendgrid(Method::GET, &format!("/sso/certificates/{}", second["id"]), None).await.expect(404);
}

#[tokio::test]
async fn teammates_are_made_by_one_api_and_read_by_another() {
    let bench = Bench::start(SEED).await;
    let new = |more: Value| {
        let mut body = json!({"email": "joe@connie.one", "first_name": "Joe", "last_name": "Park"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (wrong, field) in [
        (json!({}), "scopes"),
        (json!({"is_admin": true, "scopes": ["mail.send"]}), "scopes"),
        (json!({"persona": "agent"}), "persona"),
        (json!({"scopes": ["nonsense"]}), "scopes"),
        (json!({"scopes": ["mail.send"], "email": "ann@connie.one"}), "email"),
        (
            json!({"scopes": ["mail.send"], "has_restricted_subuser_access": true}),
            "has_restricted_subuser_access",
        ),
        (json!({"subuser_access": [{"id": 7, "permission_type": "admin"}]}), "has_restricted_subuser_access"),
        (
            json!({"has_restricted_subuser_access": true, "subuser_access": [{"id": 8, "permission_type": "admin"}]}),
            "subuser_access",
        ),
    ] {
        let refused =
            bench.sendgrid(Method::POST, "/sso/teammates", Some(new(wrong.clone()))).await.expect(400);
        assert_eq!(refused[0]["field"], field, "{wrong}");
    }
    let made =
        bench.sendgrid(Method::POST, "/sso/teammates", Some(new(json!({"persona": "observer"})))).await;
    let made = made.expect(201);
    assert_eq!((&made["is_sso"], made.get("persona")), (&json!(true), None));
    let page = bench.sendgrid(Method::GET, "/teammates?limit=2&offset=2", None).await.expect(200);
    assert_eq!(page["result"].as_array().unwrap().len(), 1);
    assert_eq!(page["result"][0].get("scopes"), None, "the list has no scopes");
    let read = bench.sendgrid(Method::GET, "/teammates/joe@connie.one", None).await.expect(200);
    assert!(read["scopes"].as_array().unwrap().contains(&json!("2fa_required")));
    bench.sendgrid(Method::GET, "/teammates?limit=501", None).await.expect(400);

    let names = json!({"first_name": "R", "last_name": "T", "is_admin": true});
    bench.sendgrid(Method::PATCH, "/sso/teammates/connie", Some(names)).await.expect(400);
    bench.sendgrid(Method::DELETE, "/teammates/connie", None).await.expect(403);
    bench.sendgrid(Method::DELETE, "/teammates/joe@connie.one", None).await.expect(204);
    let gone = bench.sendgrid(Method::DELETE, "/teammates/joe@connie.one", None).await.expect(404);
    assert_eq!(gone["errors"][0]["field"], "username", "{gone}");
}

#[tokio::test]
async fn an_account_is_that_of_its_key_and_its_region() {
    let bench = Bench::start(SEED).await;
    let get = |host: &str, key: &str| {
        let request = bench.request(Method::GET, &format!("{host}/v3/sso/integrations"));
        bench.send(if key.is_empty() { request } else { request.bearer_auth(key) })
    };
    assert!(get(HOST, "").await.expect(401)[0]["message"].is_string());
    get(HOST, "SG.other").await.expect(401);
    bench.sendgrid(Method::POST, "/sso/integrations", Some(integration())).await.expect(200);
    let eu = get("api.eu.sendgrid.com", "SG.anything").await.expect(200);
    assert_eq!(eu, json!([]), "another region has other accounts");
    get(HOST, "SG.small").await.expect(200);
    get(HOST, "SG.small").await.expect(200);
    let refused = get(HOST, "SG.small").await;
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    assert_eq!(refused.expect(429)[0]["message"], "too many requests");
}
