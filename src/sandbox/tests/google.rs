//! Google Workspace as its clients see it.

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Bench, Reply};
use crate::provider::assertion::{PrivateKey, tests::key};

const API: &str = "admin.googleapis.com/admin/directory/v1";
const SEED: &str = "google: {customers: {C0abc: {domains: [connie.one], readLag: 1, users: [\
    {email: root@connie.one, givenName: Break, familyName: Glass, isAdmin: true}, \
    {email: ann@connie.one, givenName: Ann, familyName: Lee, aliases: [annie@connie.one], department: Care}, \
    {email: joe@connie.one, givenName: Joe, familyName: Park, suspended: true}], \
    groups: [{email: all@connie.one, name: All, members: [ann@connie.one, leads@connie.one]}, \
             {email: leads@connie.one, name: Leads, members: [joe@connie.one]}]}}}";

fn claims(change: &[(&str, &str)]) -> Map<String, Value> {
    let scopes = ["userschema", "user", "group"]
        .map(|it| format!("https://www.googleapis.com/auth/admin.directory.{it}"));
    let mut claims = json!({
        "iss": "c@p.iam.gserviceaccount.com", "sub": "root@connie.one", "aud": "https://oauth2.googleapis.com/token",
        "scope": scopes.join(" "),
    });
    for (name, value) in change {
        claims[*name] = (*value).into();
    }
    claims.as_object().unwrap().clone()
}

fn jwt(change: &[(&str, &str)], now: Timestamp) -> String {
    PrivateKey::from_pem(&key()).unwrap().jwt(None, claims(change), now).unwrap()
}

impl Bench {
    async fn google_token(&self, assertion: &str) -> Reply {
        let body =
            format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}");
        let request = self
            .request(Method::POST, "oauth2.googleapis.com/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        self.send(request).await
    }

    async fn google_as(&self, token: &str, method: Method, path: &str, body: Option<Value>) -> Reply {
        let request = self.request(method, &format!("{API}{path}")).bearer_auth(token);
        self.send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    async fn google(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let answer = self.google_token(&jwt(&[], Timestamp::now())).await.expect(200);
        self.google_as(answer["access_token"].as_str().unwrap(), method, path, body).await
    }

    async fn google_admin(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let request = self
            .request(method, &format!("admin.google.com/customer/C0abc{path}"))
            .header("accept", "application/json");
        self.send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }
}

fn schema() -> Value {
    json!({"schemaName": "Flex_Details", "displayName": "Flex Details", "fields": [
        {"fieldName": "Roles", "fieldType": "STRING", "multiValued": true, "displayName": "Roles", "readAccessType": "ADMINS_AND_SELF"},
        {"fieldName": "Full_Name", "fieldType": "STRING", "displayName": "Full Name"},
    ]})
}

#[tokio::test]
async fn an_assertion_is_verified_before_it_is_worth_a_token() {
    let bench = Bench::start(SEED).await;
    let now = Timestamp::now();
    let answer = bench.google_token(&jwt(&[], now)).await.expect(200);
    assert_eq!(answer["token_type"], "Bearer");
    for (assertion, error) in [
        ("nonsense".to_owned(), "invalid_grant"),
        (format!("{}A", jwt(&[], now)), "invalid_grant"),
        (jwt(&[("aud", "https://admin.googleapis.com")], now), "invalid_grant"),
        (jwt(&[("sub", "nobody@connie.one")], now), "invalid_grant"),
        (jwt(&[("iss", "c@example.com")], now), "invalid_grant"),
        (jwt(&[("scope", "")], now), "invalid_scope"),
        (jwt(&[], Timestamp::from_second(now.as_second() - 7_200).unwrap()), "invalid_grant"),
    ] {
        let refused = bench.google_token(&assertion).await.expect(400);
        assert_eq!(refused["error"], error, "{refused}");
    }
    let read_only =
        jwt(&[("scope", "https://www.googleapis.com/auth/admin.directory.userschema.readonly")], now);
    let token = bench.google_token(&read_only).await.expect(200);
    let token = token["access_token"].as_str().unwrap();
    bench.google_as(token, Method::GET, "/customer/my_customer/schemas", None).await.expect(200);
    let refused =
        bench.google_as(token, Method::POST, "/customer/C0abc/schemas", Some(schema())).await.expect(403);
    assert_eq!(refused["error"]["errors"][0]["reason"], "insufficientPermissions");
    bench.google_as(token, Method::GET, "/users?customer=my_customer", None).await.expect(403);
    bench.google_as("x", Method::GET, "/customer/my_customer/schemas", None).await.expect(401);
    // Somebody who is no administrator gets a token, and may nothing.
    let token = bench.google_token(&jwt(&[("sub", "ann@connie.one")], now)).await.expect(200);
    let token = token["access_token"].as_str().unwrap();
    bench.google_as(token, Method::GET, "/users?customer=my_customer", None).await.expect(403);
}

#[tokio::test]
async fn a_delegation_names_its_scopes() {
    let seed = SEED.replace(
        "readLag: 1,",
        "serviceAccounts: [{email: c@p.iam.gserviceaccount.com, scopes: [admin.directory.user]}],",
    );
    let bench = Bench::start(&seed).await;
    let now = Timestamp::now();
    let refused = bench.google_token(&jwt(&[], now)).await.expect(401);
    assert_eq!(refused["error"], "unauthorized_client");
    let one = [("scope", "https://www.googleapis.com/auth/admin.directory.user")];
    bench.google_token(&jwt(&one, now)).await.expect(200);
}

#[tokio::test]
async fn schemas_are_made_once_and_their_fields_keep_their_types() {
    let bench = Bench::start(SEED).await;
    let path = "/customer/my_customer/schemas";
    let made = bench.google(Method::POST, path, Some(schema())).await.expect(200);
    assert_eq!(
        (&made["fields"][1]["readAccessType"], &made["fields"][0]["multiValued"]),
        (&json!("ALL_DOMAIN_USERS"), &json!(true))
    );
    let one = format!("{path}/Flex_Details");
    bench.google(Method::GET, &one, None).await.expect(404);
    bench.google(Method::GET, &one, None).await.expect(200);
    let refused = bench.google(Method::POST, path, Some(schema())).await.expect(409);
    assert_eq!(refused["error"]["errors"][0]["reason"], "duplicate");
    assert_eq!(refused["error"]["message"], "Entity already exists.");
    for (pointer, wrong) in [
        ("/fields/0/fieldType", json!("TEXT")),
        ("/fields/0/readAccessType", json!("EVERYBODY")),
        ("/fields/1/fieldName", json!("roles")),
        ("/fields", json!([])),
        ("/schemaName", json!("Flex Details")),
    ] {
        let mut bad = schema();
        *bad.pointer_mut(pointer).unwrap() = wrong;
        bad["schemaName"] = if pointer == "/schemaName" { bad["schemaName"].clone() } else { json!("Other") };
        let refused = bench.google(Method::POST, path, Some(bad)).await.expect(400);
        assert!(refused["error"]["errors"][0]["reason"].is_string(), "{pointer}: {refused}");
    }
    let mut other = schema();
    other["fields"][0]["multiValued"] = json!(false);
    bench.google(Method::PUT, &one, Some(other)).await.expect(400);
    // A PATCH replaces the list of fields as a whole.
    let fields = json!({"fields": [{"fieldName": "Full_Name", "fieldType": "STRING"}]});
    let patched = bench.google(Method::PATCH, &one, Some(fields)).await.expect(200);
    assert_eq!(
        (patched["fields"].as_array().unwrap().len(), &patched["displayName"]),
        (1, &json!("Flex Details"))
    );
    assert_eq!(bench.google(Method::DELETE, &one, None).await.status, 204);
    bench.google(Method::GET, "/customer/C0other/schemas", None).await.expect(403);
}

#[tokio::test]
async fn values_are_merged_deleted_by_null_and_read_late() {
    let bench = Bench::start(SEED).await;
    bench.google(Method::POST, "/customer/my_customer/schemas", Some(schema())).await.expect(200);
    let set = |values: Value| json!({"customSchemas": {"Flex_Details": values}});
    let user = "/users/annie@connie.one";
    let body = set(json!({"Roles": [{"value": "agent"}], "Full_Name": "Ann Lee"}));
    let answer = bench.google(Method::PATCH, user, Some(body)).await.expect(200);
    assert_eq!(answer["customSchemas"]["Flex_Details"]["Full_Name"], "Ann Lee");
    let read = format!("{user}?projection=custom&customFieldMask=Flex_Details");
    let late = bench.google(Method::GET, &read, None).await.expect(200);
    assert_eq!(late["customSchemas"], Value::Null, "the first read is behind");
    let seen = bench.google(Method::GET, &read, None).await.expect(200);
    assert_eq!(seen["customSchemas"]["Flex_Details"]["Roles"], json!([{"value": "agent", "type": "work"}]));
    let answer = bench.google(Method::PATCH, user, Some(set(json!({"Roles": null})))).await.expect(200);
    assert_eq!(
        answer["customSchemas"]["Flex_Details"],
        json!({"Full_Name": "Ann Lee"}),
        "what is not named stays"
    );
    for wrong in [
        json!({"Roles": "agent"}),
        json!({"Roles": ["agent"]}),
        json!({"Team": "x"}),
        json!({"Full_Name": 1}),
    ] {
        bench.google(Method::PATCH, user, Some(set(wrong))).await.expect(400);
    }
    bench.google(Method::GET, "/users/nobody@connie.one", None).await.expect(404);
    bench.google(Method::GET, "/users/guest@example.org", None).await.expect(403);
    bench.google(Method::GET, "/users/ann@connie.one?projection=custom", None).await.expect(400);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let bench = Bench::start(SEED).await;
    let first = bench.google(Method::GET, "/users?customer=my_customer&maxResults=2", None).await.expect(200);
    assert_eq!(first["users"].as_array().unwrap().len(), 2);
    let token = first["nextPageToken"].as_str().unwrap();
    let path = format!("/users?customer=my_customer&maxResults=2&pageToken={token}");
    let rest = bench.google(Method::GET, &path, None).await.expect(200);
    assert_eq!(rest["users"][0]["primaryEmail"], "root@connie.one");
    assert_eq!(rest["nextPageToken"], Value::Null);
    for wrong in
        ["/users", "/users?customer=my_customer&maxResults=501", "/users?customer=my_customer&projection=all"]
    {
        bench.google(Method::GET, wrong, None).await.expect(400);
    }
    let direct = bench.google(Method::GET, "/groups/all@connie.one/members", None).await.expect(200);
    assert_eq!(direct["members"].as_array().unwrap().len(), 2);
    let derived = "/groups/all@connie.one/members?includeDerivedMembership=true";
    let derived = bench.google(Method::GET, derived, None).await.expect(200);
    let joe =
        derived["members"].as_array().unwrap().iter().find(|it| it["email"] == "joe@connie.one").unwrap();
    assert_eq!((&joe["type"], &joe["status"]), (&json!("USER"), &json!("SUSPENDED")));
    bench.google(Method::GET, "/groups/none@connie.one/members", None).await.expect(404);
}

#[tokio::test]
async fn a_quota_is_refused_with_403() {
    let bench = Bench::start(&SEED.replace("readLag: 1,", "rateLimit: {requests: 1, perSeconds: 60},")).await;
    let mut reasons = Vec::new();
    for _ in 0..3 {
        let reply = bench.google(Method::GET, "/customer/my_customer/schemas", None).await;
        let body: Value = serde_json::from_str(&reply.text).unwrap();
        reasons.push((reply.status, body["error"]["errors"][0]["reason"].clone()));
    }
    assert!(reasons.contains(&(403, json!("quotaExceeded"))), "{reasons:?}");
}

#[tokio::test]
async fn an_app_lets_in_whom_it_is_on_for_wherever_the_sign_in_begins() {
    let seed = format!("{SEED}\ntwilio: {{accounts: {{{}: {{}}}}}}", super::ACCOUNT);
    let bench = Bench::start(&seed).await;
    bench.google(Method::POST, "/customer/my_customer/schemas", Some(schema())).await.expect(200);
    let values =
        json!({"customSchemas": {"Flex_Details": {"Roles": [{"value": "agent"}], "Full_Name": "Ann Lee"}}});
    bench.google(Method::PATCH, "/users/ann@connie.one", Some(values)).await.expect(200);
    let idp = bench.google_admin(Method::GET, "/idp", None).await.expect(200);
    let profile = json!({
        "friendlyName": "Google", "certificate": idp["certificate"], "issuer": idp["entityId"], "ssoUrl": idp["ssoUrl"],
    });
    let profile = bench.console(Method::POST, "", Some(profile)).await.expect(201);
    let mut app = json!({
        "name": "Flex", "acsUrl": profile["acsUrl"], "entityId": profile["entityId"], "signedResponse": true,
        "nameIdFormat": "EMAIL", "nameId": "Basic Information > Primary email",
        "attributes": ["Basic Information > Primary email -> email", "Flex Details > Full Name -> full_name",
                       "Flex Details > Roles -> roles"],
    });
    for (key, wrong) in [
        ("acsUrl", json!("http://a.example/acs")),
        ("entityId", json!("")),
        ("nameIdFormat", json!("emailAddress")),
        ("attributes", json!(["Flex Details > Team -> team"])),
        ("groups", json!(["all@connie.one"])),
        ("onFor", json!(["group none@connie.one"])),
        ("unknown", json!(1)),
    ] {
        let mut bad = app.clone();
        bad[key] = wrong;
        bench.google_admin(Method::POST, "/apps", Some(bad)).await.expect(400);
    }
    app["groups"] = json!(["Leads"]);
    app["groupsAttribute"] = json!("groups");
    let app = bench.google_admin(Method::POST, "/apps", Some(app)).await.expect(201);
    let sid = profile["sid"].as_str().unwrap();
    let test = format!("/{sid}/test");
    let sign_in = |user: &str| bench.console(Method::POST, &test, Some(json!({"user": user})));
    assert_eq!(sign_in("ann@connie.one").await.expect(200)["error"]["reason"], "user_not_assigned");
    let app = format!("/apps/{}", app["spid"].as_str().unwrap());
    bench
        .google_admin(Method::PATCH, &app, Some(json!({"onFor": ["group all@connie.one"]})))
        .await
        .expect(200);
    let done = sign_in("ann@connie.one").await.expect(200);
    assert_eq!((&done["result"], &done["nameId"]), (&json!("success"), &json!("ann@connie.one")), "{done}");
    assert_eq!(done["attributes"]["roles"], json!(["agent"]));
    assert_eq!(sign_in("joe@connie.one").await.expect(200)["error"]["reason"], "user_blocked");
    assert_eq!(sign_in("root@connie.one").await.expect(200)["error"]["reason"], "user_not_assigned");

    // Begun at Google: the app is known by its ID.
    let begun = bench
        .google_admin(Method::POST, &format!("{app}/test"), Some(json!({"user": "ann@connie.one"})))
        .await
        .expect(200);
    assert_eq!((&begun["result"], &begun["postedTo"]), (&json!("success"), &profile["acsUrl"]));
    let spid = app.rsplit('/').next().unwrap();
    let begins_there =
        format!("https://accounts.google.com/o/saml2/initsso?idpid=C0abc&spid={spid}&forceauthn=false");
    bench.console(Method::PATCH, &format!("/{sid}"), Some(json!({"ssoUrl": begins_there}))).await.expect(200);
    assert_eq!(sign_in("ann@connie.one").await.expect(200)["result"], "success");

    bench.google_admin(Method::PATCH, &app, Some(json!({"signedResponse": false}))).await.expect(200);
    assert_eq!(sign_in("ann@connie.one").await.expect(200)["error"]["reason"], "response_not_signed");
    assert_eq!(bench.google_admin(Method::DELETE, &app, None).await.status, 204);
    let metadata = bench.google_admin(Method::GET, "/idp/metadata", None).await;
    let metadata = crate::saml::Metadata::parse_bytes(metadata.text.as_bytes()).unwrap();
    assert_eq!(metadata.select_idp(None).unwrap().0.entity_id, idp["entityId"]);
}
