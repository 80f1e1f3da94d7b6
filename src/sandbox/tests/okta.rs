//! Okta as a client of its management API sees it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, Reply};

const HOST: &str = "acme.okta.com";
const SEED: &str = "okta: {organizations: {acme.okta.com: {tokens: [s3cret], users: [\
    {email: ann@connie.one, firstName: Ann, lastName: Lee}, {email: joe@connie.one, firstName: Joe, lastName: Park}, \
    {email: sue@connie.one, firstName: Sue, lastName: Day, status: DEPROVISIONED}], groups: [{name: Leads, members: [joe@connie.one]}]}}}";

impl Bench {
    async fn okta(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let request =
            self.request(method, &format!("{HOST}/api/v1{path}")).header("authorization", "SSWS s3cret");
        self.send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }
}

fn app() -> Value {
    json!({"label": "Flex", "signOnMode": "SAML_2_0", "settings": {"signOn": {
        "ssoAcsUrl": "https://a.example/acs", "recipient": "https://a.example/acs", "destination": "https://a.example/acs",
        "audience": "urn:a", "subjectNameIdTemplate": "${user.email}", "responseSigned": true, "assertionSigned": true,
        "subjectNameIdFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "honorForceAuthn": true,
        "authnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        "signatureAlgorithm": "RSA_SHA256", "digestAlgorithm": "SHA256", "samlSignedRequestEnabled": true,
    }}})
}

#[tokio::test]
async fn applications_are_made_replaced_and_deleted_as_okta_does_it() {
    let bench = Bench::start(SEED).await;
    let made = bench.okta(Method::POST, "/apps", Some(app())).await.expect(200);
    assert_eq!((&made["status"], &made["settings"]["notes"]["admin"]), (&json!("ACTIVE"), &Value::Null));
    let path = format!("/apps/{}", made["id"].as_str().unwrap());

    let refused = bench
        .okta(Method::POST, "/apps", Some(json!({"label": "x", "signOnMode": "SAML_2_0"})))
        .await
        .expect(400);
    assert_eq!(
        (&refused["errorCode"], &refused["errorSummary"]),
        (&json!("E0000001"), &json!("Api validation failed: settings"))
    );
    for (pointer, wrong) in [
        ("/settings/signOn/audience", json!("")),
        ("/settings/signOn/recipient", json!("nowhere")),
        ("/settings/signOn/digestAlgorithm", json!("MD5")),
        ("/settings/signOn/responseSigned", Value::Null),
        ("/label", json!("")),
    ] {
        let mut bad = app();
        *bad.pointer_mut(pointer).unwrap() = wrong;
        let refused = bench.okta(Method::PUT, &path, Some(bad)).await.expect(400);
        assert!(refused["errorCauses"][0]["errorSummary"].is_string(), "{pointer}: {refused}");
    }
    // What a replacement leaves out is gone; what identifies the application stays.
    let mut without = app();
    without["settings"]["signOn"].as_object_mut().unwrap().remove("samlSignedRequestEnabled");
    let replaced = bench.okta(Method::PUT, &path, Some(without)).await.expect(200);
    assert_eq!(replaced["settings"]["signOn"]["samlSignedRequestEnabled"], false);
    assert_eq!(
        (&replaced["id"], &replaced["name"], &replaced["credentials"]),
        (&made["id"], &made["name"], &made["credentials"])
    );

    let kid = made["credentials"]["signing"]["kid"].as_str().unwrap();
    let metadata = format!("{path}/sso/saml/metadata?kid={kid}");
    let reply = bench.okta(Method::GET, &metadata, None).await;
    assert_eq!(reply.header("content-type"), "application/xml;charset=ISO-8859-1");
    assert!(reply.text.contains("entityID=\"http://www.okta.com/exk"));
    bench.okta(Method::GET, &format!("{path}/sso/saml/metadata"), None).await.expect(400);
    let key = bench
        .okta(Method::POST, &format!("{path}/credentials/keys/generate?validityYears=3"), None)
        .await
        .expect(201);
    assert_eq!(
        bench
            .okta(Method::GET, &format!("{path}/credentials/keys"), None)
            .await
            .expect(200)
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let mut switched = app();
    switched["credentials"] = json!({"signing": {"kid": key["kid"]}});
    let switched = bench.okta(Method::PUT, &path, Some(switched)).await.expect(200);
    assert_eq!(switched["credentials"]["signing"]["kid"], key["kid"]);

    assert_eq!(bench.okta(Method::DELETE, &path, None).await.expect(403)["errorCode"], "E0000056");
    bench.okta(Method::POST, &format!("{path}/lifecycle/deactivate"), None).await.expect(200);
    bench.okta(Method::GET, &metadata, None).await.expect(404);
    bench.okta(Method::DELETE, &path, None).await.expect(204);
    assert_eq!(bench.okta(Method::GET, &path, None).await.expect(404)["errorCode"], "E0000007");
}

#[tokio::test]
async fn assignments_are_direct_or_by_a_group() {
    let bench = Bench::start(SEED).await;
    let made = bench.okta(Method::POST, "/apps", Some(app())).await.expect(200);
    let path = format!("/apps/{}", made["id"].as_str().unwrap());
    let found = bench
        .okta(Method::GET, "/users?search=profile.email%20co%20%22@connie.one%22", None)
        .await
        .expect(200);
    assert_eq!(found.as_array().unwrap().len(), 3, "those who are deactivated are found too");
    let id = |email: &str| -> String {
        let user = found.as_array().unwrap().iter().find(|it| it["profile"]["email"] == email).unwrap();
        user["id"].as_str().unwrap().to_owned()
    };
    let (ann, joe) = (id("ann@connie.one"), id("joe@connie.one"));
    bench.okta(Method::POST, &format!("{path}/users"), Some(json!({"scope": "USER"}))).await.expect(400);
    bench
        .okta(Method::POST, &format!("{path}/users"), Some(json!({"id": ann, "scope": "USER"})))
        .await
        .expect(200);
    bench.okta(Method::PUT, &format!("{path}/users/{ann}"), Some(json!({}))).await.expect(405);
    let groups =
        bench.okta(Method::GET, "/groups?search=profile.name%20eq%20%22leads%22", None).await.expect(200);
    let group = groups[0]["id"].as_str().unwrap();
    bench.okta(Method::PUT, &format!("{path}/groups/{group}"), Some(json!({}))).await.expect(200);
    let first = bench.okta(Method::GET, &format!("{path}/users?limit=1"), None).await;
    let next =
        first.headers.get_all("link").iter().find(|link| link.to_str().unwrap().contains("rel=\"next\""));
    let next = next.unwrap().to_str().unwrap();
    assert!(next.starts_with(&format!("<https://{HOST}/api/v1{path}/users?limit=1&after=")), "{next}");
    assert!(first.header("x-rate-limit-remaining").parse::<u32>().is_ok());
    let scope =
        bench.okta(Method::GET, &format!("{path}/users/{joe}"), None).await.expect(200)["scope"].clone();
    assert_eq!(scope, "GROUP");
    bench.okta(Method::DELETE, &format!("{path}/users/{joe}"), None).await.expect(400);
    bench.okta(Method::DELETE, &format!("{path}/users/{ann}"), None).await.expect(204);
    bench.okta(Method::GET, &format!("{path}/groups?limit=5"), None).await.expect(400);
    bench.okta(Method::DELETE, &format!("{path}/groups/{group}"), None).await.expect(204);
    assert_eq!(bench.okta(Method::GET, &format!("{path}/users"), None).await.expect(200), json!([]));
}

#[tokio::test]
async fn tokens_are_refused_as_okta_refuses_them() {
    let bench = Bench::start(SEED).await;
    for header in ["", "SSWS wrong", "Bearer wrong", "Basic eDp5"] {
        let request =
            bench.request(Method::GET, &format!("{HOST}/api/v1/apps")).header("authorization", header);
        assert_eq!(bench.send(request).await.expect(401)["errorCode"], "E0000011", "{header}");
    }
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "okta.apps.read"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", "a.b.c"),
    ];
    let request = bench.request(Method::POST, &format!("{HOST}/oauth2/v1/token")).form(&form);
    assert_eq!(bench.send(request).await.expect(401)["error"], "invalid_client");
}
