//! The pages of an organization: domains, SSO profiles, enforcement, and each user's switch.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, Reply};

const OR: &str = "OR00000000000000000000000000000001";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const SEED: &str = "
okta: {organizations: {acme.okta.com: {tokens: [s3cret], users: [
  {email: ann@connie.one, firstName: Ann, lastName: Lee}, {email: bob@connie.one, firstName: Bob, lastName: Day},
  {email: root@connie.one, firstName: Root, lastName: One}]}}}
dns: {_twilio.connie.team: {TXT: [twilio-domain-verification=0123456789abcdef0123456789abcdef]}}
twilio:
  organizations:
    OR00000000000000000000000000000001:
      friendlyName: <Connie>
      owner: owner@connie.one
      administrators: [root@connie.one]
      domains: [{name: connie.one}, {name: connie.team, status: unverified, token: 0123456789abcdef0123456789abcdef}]
      users: [{email: ann@connie.one}, {email: bob@connie.one}, {email: gone@connie.one, active: false}]
    OR00000000000000000000000000000002:
      owner: o@other.example
      domains: [{name: other.example}]
";

impl Bench {
    /// A request to the organization's pages, for JSON.
    async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let target = format!("console.twilio.com/organization/{OR}{path}");
        let request = self.request(method, &target).header("accept", "application/json");
        self.send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    async fn acme(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let target = format!("acme.okta.com/api/v1{path}");
        let request = self.request(method, &target).header("authorization", "SSWS s3cret");
        self.send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    async fn sso_of(&self, email: &str) -> (Value, Value) {
        let users = self.admin(Method::GET, "/users", None).await.expect(200);
        let user =
            users["users"].as_array().unwrap().iter().find(|user| user["email"] == email).unwrap().clone();
        (user["sso"].clone(), user["profile"].clone())
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).unwrap().1.split_once(end).unwrap().0
}

/// A profile and an Okta application that fit each other, with Ann assigned.
struct Agreement {
    bench: Bench,
    profile: String,
    app: Value,
}

impl Agreement {
    async fn new() -> Self {
        let bench = Bench::start(SEED).await;
        let draft = json!({"friendlyName": "Okta", "identityProvider": "Okta"});
        let made = bench.admin(Method::POST, "/sso", Some(draft)).await.expect(201);
        let id = made["id"].as_str().unwrap().to_owned();
        assert_eq!(made["entityId"], format!("urn:console:{id}"));
        let user = json!({"user": "ann@connie.one"});
        let test = bench.admin(Method::POST, &format!("/sso/{id}/test"), Some(user)).await.expect(200);
        assert_eq!(test["error"]["reason"], "profile_incomplete");

        let acs = made["acsUrl"].as_str().unwrap();
        let app = json!({"label": "Console", "signOnMode": "SAML_2_0", "settings": {"signOn": {
            "ssoAcsUrl": acs, "recipient": acs, "destination": acs, "audience": made["entityId"],
            "subjectNameIdTemplate": "${user.email}", "responseSigned": true, "assertionSigned": true,
            "subjectNameIdFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "honorForceAuthn": true,
            "authnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
            "signatureAlgorithm": "RSA_SHA256", "digestAlgorithm": "SHA256",
        }}});
        let app = bench.acme(Method::POST, "/apps", Some(app)).await.expect(200);
        let path = format!("/apps/{}", app["id"].as_str().unwrap());
        let users = bench.acme(Method::GET, "/users", None).await.expect(200);
        for user in users.as_array().unwrap() {
            let body = json!({"id": user["id"], "scope": "USER"});
            bench.acme(Method::POST, &format!("{path}/users"), Some(body)).await.expect(200);
        }
        let kid = app["credentials"]["signing"]["kid"].as_str().unwrap();
        let metadata =
            bench.acme(Method::GET, &format!("{path}/sso/saml/metadata?kid={kid}"), None).await.text;
        let base64: String = between(&metadata, "X509Certificate>", "<").split_whitespace().collect();
        let trust = json!({
            "issuer": between(&metadata, "entityID=\"", "\""), "ssoUrl": between(&metadata, "Location=\"", "\""),
            "certificate": format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----"),
        });
        bench.admin(Method::PATCH, &format!("/sso/{id}"), Some(trust)).await.expect(200);
        Self { bench, profile: format!("/sso/{id}"), app }
    }

    /// Why a test fails; `None` where it succeeds.
    async fn test(&self, body: Value) -> Option<String> {
        let result =
            self.bench.admin(Method::POST, &format!("{}/test", self.profile), Some(body)).await.expect(200);
        assert_eq!(result["result"] == "success", result["error"].is_null(), "{result}");
        result["error"]["reason"].as_str().map(str::to_owned)
    }

    /// Tests with one setting of the application changed.
    async fn with_setting(&self, pointer: &str, value: Value) -> Option<String> {
        let path = format!("/apps/{}", self.app["id"].as_str().unwrap());
        let mut app = self.app.clone();
        *app["settings"]["signOn"].pointer_mut(pointer).unwrap() = value;
        self.bench.acme(Method::PUT, &path, Some(app)).await.expect(200);
        let reason = self.test(json!({"user": "ann@connie.one"})).await;
        self.bench.acme(Method::PUT, &path, Some(self.app.clone())).await.expect(200);
        reason
    }
}

#[tokio::test]
async fn a_domain_is_added_proven_and_verified() {
    let bench = Bench::start(SEED).await;
    for (name, status) in
        [("gmail.com", 400), ("connie", 400), ("-a.example", 400), ("connie.one", 409), ("", 400)]
    {
        bench.admin(Method::POST, "/domains", Some(json!({"name": name}))).await.expect(status);
    }
    let made = bench.admin(Method::POST, "/domains", Some(json!({"name": "New.Example"}))).await.expect(201);
    assert_eq!((&made["name"], &made["status"]), (&json!("new.example"), &json!("unverified")));
    assert_eq!(made["token"].as_str().unwrap().len(), 32);
    let path = |domain: &Value| format!("/domains/{}", domain["sid"].as_str().unwrap());
    let verify = |domain: &Value, method: &'static str| {
        let path = format!("{}/verify", path(domain));
        let bench = &bench;
        async move { bench.admin(Method::POST, &path, Some(json!({"method": method}))).await }
    };
    for method in ["dns", "https", "mail"] {
        verify(&made, method).await.expect(400);
    }
    // The record at the apex counts as well as the one at `_twilio`.
    let record = json!({"name": "new.example", "type": "TXT", "data": made["txtRecord"]["value"]});
    bench.send(bench.request(Method::POST, "dns.sandbox.invalid/records").json(&record)).await.expect(201);
    let verified = verify(&made, "dns").await.expect(200);
    assert_eq!((&verified["status"], &verified["verificationType"]), (&json!("verified"), &json!("dns")));

    let domains = bench.admin(Method::GET, "/domains", None).await.expect(200);
    let team = domains["domains"].as_array().unwrap().iter().find(|it| it["name"] == "connie.team").unwrap();
    assert_eq!(
        team["txtRecord"],
        json!({"host": "_twilio", "value": format!("twilio-domain-verification={TOKEN}"), "ttl": 3600})
    );
    verify(team, "dns").await.expect(200);
    // One organization has a domain.
    let foreign =
        bench.admin(Method::POST, "/domains", Some(json!({"name": "other.example"}))).await.expect(201);
    let refused = verify(&foreign, "dns").await.expect(400);
    assert!(refused["message"].as_str().unwrap().contains("another organization"), "{refused}");

    // Twilio looks again every day; without its proof the domain is uncertain.
    bench.send(bench.request(Method::DELETE, "dns.sandbox.invalid/records").json(&record)).await.expect(204);
    let unsure = bench.admin(Method::POST, &format!("{}/recheck", path(&made)), None).await.expect(200);
    assert_eq!(
        (&unsure["status"], &unsure["daysLeftToReverify"]),
        (&json!("verified-uncertain"), &json!(30))
    );

    let policy = json!({"signUp": "Automatic membership"});
    let changed = bench.admin(Method::PATCH, &path(&made), Some(policy)).await.expect(200);
    assert_eq!(changed["domainSignupType"], "AUTO_MEMBERSHIP");
    bench.admin(Method::PATCH, &path(&made), Some(json!({"signUp": "Maybe"}))).await.expect(400);
    bench.admin(Method::DELETE, &path(&made), None).await.expect(204);
    bench.admin(Method::GET, &path(&made), None).await.expect(404);
}

#[tokio::test]
async fn an_organization_has_a_hundred_domains() {
    let bench = Bench::start(SEED).await;
    for number in 0..98 {
        let body = json!({"name": format!("d{number}.example")});
        bench.admin(Method::POST, "/domains", Some(body)).await.expect(201);
    }
    let refused =
        bench.admin(Method::POST, "/domains", Some(json!({"name": "more.example"}))).await.expect(400);
    assert!(refused["message"].as_str().unwrap().contains("LIMIT_REACHED"), "{refused}");
}

#[tokio::test]
async fn a_connection_is_tested_by_a_managed_user_who_is_not_the_tester() {
    let agreement = Agreement::new().await;
    for (body, reason) in [
        (json!({"user": "nobody@connie.one"}), "user_not_managed"),
        (json!({"user": "gone@connie.one"}), "user_not_managed"),
        (json!({"user": "root@connie.one"}), "user_is_tester"),
        (json!({"user": "owner@connie.one"}), "user_not_found"),
    ] {
        assert_eq!(agreement.test(body.clone()).await.as_deref(), Some(reason), "{body}");
    }
    let nobody = json!({"user": "ann@connie.one", "actingAs": "bob@connie.one"});
    agreement
        .bench
        .admin(Method::POST, &format!("{}/test", agreement.profile), Some(nobody))
        .await
        .expect(403);
    assert_eq!(agreement.test(json!({"user": "ann@connie.one"})).await, None);
}

#[tokio::test]
async fn response_and_assertion_are_signed_for_the_console_and_name_the_user() {
    let agreement = Agreement::new().await;
    for (pointer, value, reason) in [
        ("/responseSigned", json!(false), "response_not_signed"),
        ("/assertionSigned", json!(false), "assertion_not_signed"),
        ("/audience", json!("urn:console:other"), "audience_mismatch"),
        ("/recipient", json!("https://other.example/acs"), "recipient_mismatch"),
        ("/defaultRelayState", json!("https://console.twilio.com"), "relay_state_missing"),
        ("/subjectNameIdTemplate", json!("${user.firstName}"), "name_id_mismatch"),
        (
            "/subjectNameIdFormat",
            json!("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"),
            "name_id_format",
        ),
    ] {
        assert_eq!(agreement.with_setting(pointer, value).await.as_deref(), Some(reason), "{pointer}");
    }
    assert_eq!(agreement.test(json!({"user": "ann@connie.one"})).await, None);
}

#[tokio::test]
async fn a_profile_takes_trust_that_can_work_and_other_trust_voids_the_test() {
    let agreement = Agreement::new().await;
    let edit = |body: Value| agreement.bench.admin(Method::PATCH, &agreement.profile, Some(body));
    for (field, value) in [
        ("issuer", json!("two words")),
        ("ssoUrl", json!("http://idp.example/sso")),
        ("certificate", json!("MIIB")),
        ("identityProvider", json!("Keycloak")),
    ] {
        let refused = edit(json!({field: value})).await.expect(400);
        assert_eq!((&refused["code"], &refused["field"]), (&json!(70251), &json!(field)), "{refused}");
    }
    edit(json!({"nothing": 1})).await.expect(400);
    assert_eq!(agreement.test(json!({"user": "ann@connie.one"})).await, None);
    let renamed = edit(json!({"friendlyName": "Acme"})).await.expect(200);
    assert_eq!(renamed["lastTest"]["result"], "success");
    let other = edit(json!({"issuer": "http://www.okta.com/other"})).await.expect(200);
    assert_eq!(other["lastTest"], Value::Null);
    assert_eq!(agreement.test(json!({"user": "ann@connie.one"})).await.as_deref(), Some("issuer_mismatch"));
}

#[tokio::test]
async fn enforcement_follows_a_test_and_spares_whoever_does_it() {
    let agreement = Agreement::new().await;
    let bench = &agreement.bench;
    let enforcement = format!("{}/enforcement", agreement.profile);
    let enforce = |domains: Value| bench.admin(Method::POST, &enforcement, Some(json!({"domains": domains})));
    let refused = enforce(json!(["connie.one"])).await.expect(400);
    assert!(refused["message"].as_str().unwrap().contains("tested successfully"), "{refused}");
    assert_eq!(agreement.test(json!({"user": "ann@connie.one"})).await, None);
    enforce(json!(["connie.team"])).await.expect(400);
    enforce(json!(["elsewhere.example"])).await.expect(400);
    enforce(json!(["connie.one"])).await.expect(200);
    for (email, sso) in
        [("ann@connie.one", "Enabled"), ("owner@connie.one", "Enabled"), ("root@connie.one", "Disabled")]
    {
        assert_eq!(bench.sso_of(email).await.0, sso, "{email}");
    }
    // Whoever joins later is enforced too, and exceptions are made one by one.
    let form = [("grant_type", "client_credentials"), ("client_id", "x"), ("client_secret", "y")];
    let token = bench.send(bench.request(Method::POST, "oauth.twilio.com/v2/token").form(&form)).await;
    // Two organizations, and neither declares the app.
    assert_eq!(token.status, 400);
    let disabled = json!({"sso": "Disabled"});
    bench.admin(Method::PATCH, "/users/owner@connie.one", Some(disabled)).await.expect(200);
    assert_eq!(bench.sso_of("owner@connie.one").await.0, "Disabled");
    // Neither domain nor profile goes as long as somebody needs it.
    let domains = bench.admin(Method::GET, "/domains", None).await.expect(200);
    let one = domains["domains"].as_array().unwrap().iter().find(|it| it["name"] == "connie.one").unwrap();
    bench
        .admin(Method::DELETE, &format!("/domains/{}", one["sid"].as_str().unwrap()), None)
        .await
        .expect(400);
    bench.admin(Method::DELETE, &agreement.profile, None).await.expect(400);
    enforce(json!([])).await.expect(200);
    assert_eq!(bench.sso_of("ann@connie.one").await.0, "Enabled", "switches stay");
    bench.admin(Method::DELETE, &agreement.profile, None).await.expect(400);
    for email in ["ann@connie.one", "bob@connie.one", "gone@connie.one"] {
        bench
            .admin(Method::PATCH, &format!("/users/{email}"), Some(json!({"sso": "Disabled"})))
            .await
            .expect(200);
    }
    bench.admin(Method::DELETE, &agreement.profile, None).await.expect(204);
}

#[tokio::test]
async fn a_switch_needs_a_tested_profile_and_a_user_has_one() {
    let agreement = Agreement::new().await;
    let bench = &agreement.bench;
    let switch = |body: Value| bench.admin(Method::PATCH, "/users/bob@connie.one", Some(body));
    let id = agreement.profile.strip_prefix("/sso/").unwrap();
    switch(json!({"sso": "Enabled"})).await.expect(400);
    assert_eq!(agreement.test(json!({"user": "ann@connie.one"})).await, None);
    let entity = format!("urn:console:{id}");
    switch(json!({"sso": "Enabled", "profile": entity})).await.expect(200);
    assert_eq!(bench.sso_of("bob@connie.one").await, (json!("Enabled"), json!(id)));
    let other = json!({"friendlyName": "Other", "identityProvider": "Azure"});
    let other = bench.admin(Method::POST, "/sso", Some(other)).await.expect(201);
    switch(json!({"sso": "Enabled", "profile": other["id"]})).await.expect(400);
    switch(json!({"sso": "Sometimes"})).await.expect(400);
    bench
        .admin(Method::PATCH, "/users/nobody@connie.one", Some(json!({"sso": "Disabled"})))
        .await
        .expect(404);
}

#[tokio::test]
async fn people_use_forms_and_see_escaped_text() {
    let agreement = Agreement::new().await;
    let bench = &agreement.bench;
    let base = format!("console.twilio.com/organization/{OR}");
    for path in ["", "/domains", "/sso", "/users", &agreement.profile] {
        let page = bench.send(bench.request(Method::GET, &format!("{base}{path}"))).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.text.contains("<Connie>"), "{path}");
    }
    let form = [("name", "forms.example")];
    let reply = bench.send(bench.request(Method::POST, &format!("{base}/domains")).form(&form)).await;
    assert_eq!((reply.status, reply.header("location")), (303, format!("/{base}/domains").as_str()));
    let form = [("domains", "connie.one\n")];
    let path = format!("{base}{}/enforcement", agreement.profile);
    assert_eq!(bench.send(bench.request(Method::POST, &path).form(&form)).await.status, 400);
    let start = bench.send(bench.request(Method::GET, "console.twilio.com/")).await;
    assert!(start.text.contains(OR) && start.text.contains("&lt;Connie&gt;"));
    let missing = bench.send(bench.request(Method::GET, "console.twilio.com/organization/OR9/sso")).await;
    assert_eq!(missing.status, 404);
    let evil = bench.request(Method::POST, &path).header("origin", "https://evil.example").form(&form);
    assert_eq!(bench.send(evil).await.status, 403);
}
