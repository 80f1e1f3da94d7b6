//! Identity providers without an API, and hosts of one's own, over HTTP.

use serde_json::{Value, json};

use super::{Bench, Method};

const SEED: &str = "
saml:
  providers:
    idp.example: {entityId: 'urn:idp', others: 1, users: [{email: Ann@connie.one, attributes: {firstName: Ann}}]}
web:
  hosts:
    flex.example: {certificate: {names: ['*.example'], days: 10}, pages: {/a.js: 'x ${flex.connection}.'}}
";

async fn send(bench: &Bench, method: Method, target: &str, body: Option<Value>) -> (u16, String) {
    let request = bench.request(method, target);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let reply = bench.send(request).await;
    (reply.status, reply.text)
}

fn application(change: &[(&str, Value)]) -> Value {
    let mut body = json!({
        "name": "flex", "entityId": "urn:sp", "acsUrl": "https://sp.example/acs", "nameId": "user.email",
        "nameIdFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "signResponse": true,
        "signAssertion": true, "signatureAlgorithm": "RSA-SHA256", "digestAlgorithm": "SHA256",
        "attributes": {"email": "user.email"},
    });
    for (key, value) in change {
        body[*key] = value.clone();
    }
    body
}

#[tokio::test]
async fn metadata_are_public_and_have_others_in_them() {
    let bench = Bench::start(SEED).await;
    let (status, xml) = send(&bench, Method::GET, "idp.example/metadata", None).await;
    assert_eq!(status, 200);
    let metadata = crate::saml::Metadata::parse(&xml).unwrap();
    assert_eq!(metadata.entities.len(), 2);
    let (_, idp) = metadata.select_idp(Some("urn:idp")).unwrap();
    assert_eq!(idp.sign_on().unwrap().1, "https://idp.example/sso");
    assert_eq!(send(&bench, Method::GET, "idp.example/nothing", None).await.0, 404);
    assert_eq!(send(&bench, Method::GET, "other.example/metadata", None).await.0, 421);
}

#[tokio::test]
async fn an_administration_refuses_what_is_not_in_order() {
    let mut bench = Bench::start(SEED).await;
    let path = "idp.example/admin/applications";
    for (change, why) in [
        (("acsUrl", json!("http://sp.example/acs")), "no https"),
        (("entityId", json!(" ")), "no entity ID"),
        (("nameIdFormat", json!("email")), "no format"),
        (("signatureAlgorithm", json!("MD5")), "no algorithm"),
        (("unknown", json!(1)), "an unknown field"),
    ] {
        assert_eq!(send(&bench, Method::PUT, path, Some(application(&[change]))).await.0, 400, "{why}");
    }
    assert_eq!(send(&bench, Method::PUT, path, Some(application(&[]))).await.0, 200);
    let twin = application(&[("name", json!("twin"))]);
    assert_eq!(send(&bench, Method::PUT, path, Some(twin)).await.0, 400, "an entity ID is one application's");
    let people =
        |email: &str| json!({"application": "flex", "list": "l", "people": {email: {"roles": ["agent"]}}});
    let path = "idp.example/admin/people";
    assert_eq!(send(&bench, Method::PUT, path, Some(people("nobody@connie.one"))).await.0, 400);
    assert_eq!(send(&bench, Method::PUT, path, Some(people("ann@connie.one"))).await.0, 200);
    bench.restart().await;
    let (_, text) = send(&bench, Method::GET, "idp.example/admin", None).await;
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(shown["people"]["flex"]["l"]["ann@connie.one"]["roles"], json!(["agent"]));
}

#[tokio::test]
async fn handshakes_are_played() {
    let bench = Bench::start(SEED).await;
    let shown = async |host: &str| {
        send(&bench, Method::GET, &format!("web.sandbox.invalid/tls?host={host}"), None).await
    };
    let (status, text) = shown("flex.example").await;
    let played: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &played["problem"]), (200, &Value::Null));
    assert!(played["certificate"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(shown("nobody.example").await.0, 404);
    for (body, problem) in [
        (json!({"names": ["other.example"], "days": 10}), "other hosts"),
        (json!({"names": ["flex.example"], "days": -1}), "expired"),
        (json!({"names": ["flex.example"], "days": 10, "trusted": false}), "not trusted"),
    ] {
        let path = "web.sandbox.invalid/hosts/flex.example/certificate";
        assert_eq!(send(&bench, Method::PUT, path, Some(body)).await.0, 200);
        assert!(shown("flex.example").await.1.contains(problem), "{problem}");
    }
    assert_eq!(send(&bench, Method::GET, "flex.example/a.js", None).await, (200, "x .".to_owned()));
    assert_eq!(send(&bench, Method::GET, "flex.example/b.js", None).await.0, 404);
}
