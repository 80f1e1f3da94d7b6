//! Organizations as a client of their APIs sees them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, Reply};

const OR: &str = "OR00000000000000000000000000000001";
const AC: &str = "AC00000000000000000000000000000001";
const SEED: &str = "
twilio:
  organizations:
    OR00000000000000000000000000000001:
      owner: owner@connie.one
      administrators: [root@connie.one]
      accounts: [AC00000000000000000000000000000001]
      domains: [{name: connie.one}, {name: open.example, status: unverified}]
      users:
        - {email: ann@connie.one, givenName: Ann, familyName: Lee, externalId: e1, roles: [Developer@AC00000000000000000000000000000001]}
        - {email: sue@connie.one, suspended: true}
      oauthClients:
        - {clientId: OQ1, clientSecret: s3cret}
        - {clientId: OQ2, clientSecret: s3cret, permissions: [managed-users/list]}
";

async fn token(bench: &Bench, client: &str, secret: &str) -> Reply {
    let form = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret)];
    bench.send(bench.request(Method::POST, "oauth.twilio.com/v2/token").form(&form)).await
}

/// A client of the APIs.
struct Client {
    bench: Bench,
    token: String,
}

impl Client {
    async fn new(client: &str) -> Self {
        let bench = Bench::start(SEED).await;
        let body = token(&bench, client, "s3cret").await.expect(200);
        Self { bench, token: body["access_token"].as_str().unwrap().to_owned() }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>, lock: Option<&str>) -> Reply {
        let mut request =
            self.bench.request(method, &format!("iam.twilio.com{path}")).bearer_auth(&self.token);
        if let Some(version) = lock {
            request = request.header("if-match", version);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/scim+json").body(body.to_string());
        }
        self.bench.send(request).await
    }

    async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, None, None).await.expect(200)
    }

    async fn user(&self, email: &str) -> Value {
        let filter = format!("/scim/v2/Users?filter=userName%20eq%20%22{email}%22");
        self.get(&filter).await["Resources"][0].clone()
    }
}

fn user(email: &str) -> Value {
    json!({"userName": email, "emails": [{"primary": true, "value": email, "type": "work"}], "displayName": "New"})
}

fn path_of(user: &Value) -> String {
    format!("/scim/v2/Users/{}", user["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_token_is_for_one_oauth_app_and_what_it_may() {
    let client = Client::new("OQ2").await;
    for (id, secret) in [("OQ1", "wrong"), ("OQ9", "s3cret"), ("OQ1", "")] {
        let refused = token(&client.bench, id, secret).await.expect(400);
        assert!(refused["message"].as_str().unwrap().starts_with("invalid_client"), "{refused}");
    }
    assert_eq!(client.get("/scim/v2/Users").await["totalResults"], 4);
    let refused = client.send(Method::POST, "/scim/v2/Users", Some(user("a@connie.one")), None).await;
    let refused = refused.expect(403);
    assert_eq!((&refused["status"], &refused["code"]), (&json!("403"), &json!(20003)));
    assert!(refused["detail"].as_str().unwrap().contains("managed-users/create"), "{refused}");
    let refused = client.send(Method::GET, "/v2/Organizations/Roles", None, None).await.expect(403);
    assert!(refused["message"].as_str().unwrap().contains("twilio/iam/role-assignments/list"), "{refused}");
    let without =
        client.bench.request(Method::GET, "iam.twilio.com/scim/v2/Users").basic_auth("SK1", Some("x"));
    client.bench.send(without).await.expect(401);
}

#[tokio::test]
async fn users_are_listed_whole_and_filtered_by_two_attributes() {
    let client = Client::new("OQ1").await;
    let page = client.get("/scim/v2/Users?startIndex=2&count=1").await;
    assert_eq!((&page["totalResults"], page["Resources"].as_array().unwrap().len()), (&json!(4), 4));
    let ann = client.user("ANN@connie.one").await;
    assert_eq!((&ann["name"]["givenName"], &ann["meta"]["version"]), (&json!("Ann"), &json!("W/1")));
    let by_id = client.get("/scim/v2/Users?filter=externalId%20eq%20%22e1%22").await;
    assert_eq!(by_id["Resources"][0], ann);
    for filter in ["userName%20sw%20%22a%22", "displayName%20eq%20%22a%22", "userName%20eq%20a"] {
        let refused = client.send(Method::GET, &format!("/scim/v2/Users?filter={filter}"), None, None).await;
        assert_eq!(refused.expect(400)["scimType"], "invalidFilter", "{filter}");
    }
    let gone = client.send(Method::GET, "/scim/v2/Users/US1", None, None).await.expect(404);
    assert_eq!(gone["code"], 25008);
}

#[tokio::test]
async fn a_user_needs_a_verified_domain_and_one_address() {
    let client = Client::new("OQ1").await;
    let mut two = user("new@connie.one");
    two["emails"] = json!([{"value": "new@connie.one"}, {"value": "b@connie.one"}]);
    let mut other = user("new@connie.one");
    other["emails"][0]["value"] = "b@connie.one".into();
    let mut taken = user("new@connie.one");
    taken["externalId"] = "e1".into();
    for (body, status, code, scim_type) in [
        (json!({"emails": [{"value": "a@connie.one"}]}), 400, 25005, "invalidValue"),
        (user("new"), 400, 25005, "invalidValue"),
        (json!({"userName": "new@connie.one"}), 400, 20001, "invalidValue"),
        (two, 400, 20001, "invalidValue"),
        (other, 400, 25014, "invalidValue"),
        (user("new@open.example"), 400, 25017, "invalidValue"),
        (user("new@elsewhere.example"), 400, 25017, "invalidValue"),
        (user("Ann@connie.one"), 409, 20409, "uniqueness"),
        (taken, 409, 25022, "uniqueness"),
    ] {
        let refused =
            client.send(Method::POST, "/scim/v2/Users", Some(body.clone()), None).await.expect(status);
        assert_eq!((&refused["code"], &refused["scimType"]), (&json!(code), &json!(scim_type)), "{body}");
    }
    let made =
        client.send(Method::POST, "/scim/v2/Users", Some(user("new@connie.one")), None).await.expect(201);
    assert_eq!((&made["active"], &made["meta"]["version"]), (&json!(true), &json!("W/1")));
    assert_eq!(client.get(&path_of(&made)).await, made);
}

#[tokio::test]
async fn the_header_locks_before_the_body_and_a_put_replaces() {
    let client = Client::new("OQ1").await;
    let ann = client.user("ann@connie.one").await;
    let path = path_of(&ann);
    let put = |body: Value, lock: Option<&'static str>| client.send(Method::PUT, &path, Some(body), lock);
    put(ann.clone(), Some("W/2")).await.expect(409);
    let mut old = ann.clone();
    old["meta"]["version"] = "W/9".into();
    put(old.clone(), None).await.expect(409);
    // The header counts, whatever the body says; without either there is no lock.
    assert_eq!(put(old, Some("W/1")).await.expect(200)["meta"]["version"], "W/2");
    let bare = json!({"userName": "ann@connie.one", "emails": [{"value": "ann@connie.one"}], "id": "US0", "unknown": 1});
    let replaced = put(bare, None).await.expect(200);
    assert_eq!(
        (&replaced["id"], &replaced["name"], &replaced["unknown"]),
        (&ann["id"], &Value::Null, &Value::Null)
    );
    assert_eq!((&replaced["meta"]["version"], &replaced["active"]), (&json!("W/3"), &json!(true)));
}

#[tokio::test]
async fn a_patch_does_all_or_nothing_and_a_delete_deactivates() {
    let client = Client::new("OQ1").await;
    let ann = client.user("ann@connie.one").await;
    let path = path_of(&ann);
    let patch = |operations: Value| {
        let body =
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
        client.send(Method::PATCH, &path, Some(body), None)
    };
    let wrong = patch(json!([
        {"op": "replace", "path": "displayName", "value": "A"}, {"op": "replace", "value": {"userName": "x@connie.one"}}
    ]));
    assert_eq!(wrong.await.expect(400)["code"], 25014);
    assert_eq!(client.get(&path).await, ann, "nothing of it was done");
    let changed = patch(json!([
        {"op": "Replace", "value": {"active": false, "name": {"givenName": "Anna"}}},
        {"op": "add", "path": "nickName", "value": "x"}, {"op": "remove", "path": "externalId"}
    ]));
    let changed = changed.await.expect(200);
    assert_eq!(changed["name"], json!({"givenName": "Anna", "familyName": "Lee"}));
    assert_eq!((&changed["active"], &changed["externalId"]), (&json!(false), &Value::Null));
    assert_eq!(patch(json!([])).await.expect(400)["scimType"], "invalidSyntax");
    patch(json!([{"op": "replace", "path": "active", "value": true}])).await.expect(200);
    client.send(Method::DELETE, &path, None, None).await.expect(204);
    assert_eq!(client.get(&path).await["active"], false);
    for email in ["owner@connie.one", "sue@connie.one"] {
        let path = path_of(&client.user(email).await);
        let refused = client.send(Method::DELETE, &path, None, None).await.expect(400);
        assert_eq!(refused["scimType"], "mutability", "{email}");
    }
}

#[tokio::test]
async fn roles_are_assigned_in_scopes_and_listed_in_pages() {
    let client = Client::new("OQ1").await;
    let roles = client.get("/v2/Organizations/Roles?PageSize=1000").await;
    let sid = |name: &str| {
        let roles = roles["roles"].as_array().unwrap();
        roles.iter().find(|role| role["friendly_name"] == name).unwrap()["sid"].as_str().unwrap().to_owned()
    };
    let ann = client.user("ann@connie.one").await["id"].as_str().unwrap().to_owned();
    let assign = |role: &str, scope: &str, identity: &str| {
        let body = json!({"role_sid": role, "scope": scope, "identity": identity});
        client.send(Method::POST, "/v2/Organizations/RoleAssignments", Some(body), None)
    };
    let foreign = "AC00000000000000000000000000000009";
    for (role, scope, identity, status, code) in [
        (sid("Developer"), foreign, ann.as_str(), 400, 25200),
        (sid("Developer"), OR, &ann, 400, 20001),
        (sid("Organization Member"), AC, &ann, 400, 20001),
        (sid("Organization Owner"), OR, &ann, 403, 20003),
        (sid("Developer"), AC, "US00000000000000000000000000000009", 400, 20001),
        (sid("Developer"), AC, &ann, 409, 20409),
        ("IX1".to_owned(), AC, &ann, 400, 20001),
        (sid("Support"), AC, "", 400, 20001),
    ] {
        assert_eq!(assign(&role, scope, identity).await.expect(status)["code"], code, "{role} {scope}");
    }
    let made = assign(&sid("Support"), AC, &ann).await.expect(201);
    let path = format!("/v2/Organizations/RoleAssignments?Identity={ann}&PageSize=1");
    let first = client.get(&path).await;
    let next =
        first["meta"]["next_page_url"].as_str().unwrap().strip_prefix("https://iam.twilio.com").unwrap();
    let second = client.get(next).await;
    assert_eq!(
        (second["content"].as_array().unwrap().len(), &second["meta"]["next_page_url"]),
        (1, &Value::Null)
    );
    assert_ne!(first["content"], second["content"]);
    let whole = client.get(&format!("/v2/Organizations/RoleAssignments?Scope={OR}")).await;
    assert_eq!((whole["content"].as_array().unwrap().len(), &whole["meta"]["key"]), (2, &json!("content")));
    for query in ["PageSize=101", "PageSize=0", "PageToken=x", "Scope=organization"] {
        let path = format!("/v2/Organizations/RoleAssignments?{query}");
        client.send(Method::GET, &path, None, None).await.expect(400);
    }
    let path = format!("/v2/Organizations/RoleAssignments/{}", made["sid"].as_str().unwrap());
    client.send(Method::DELETE, &path, None, None).await.expect(204);
    client.send(Method::DELETE, &path, None, None).await.expect(404);
}

#[tokio::test]
async fn too_many_requests_have_the_organizations_code() {
    let seed = SEED.replace(
        "      oauthClients:",
        "      rateLimit: {requests: 2, perSeconds: 60}\n      oauthClients:",
    );
    let bench = Bench::start(&seed).await;
    let body = token(&bench, "OQ1", "s3cret").await.expect(200);
    let get = || {
        bench
            .request(Method::GET, "iam.twilio.com/scim/v2/Users")
            .bearer_auth(body["access_token"].as_str().unwrap())
    };
    let mut last = None;
    for _ in 0..5 {
        let reply = bench.send(get()).await;
        if reply.status == 429 {
            last = Some(reply.expect(429));
            break;
        }
    }
    let refused = last.expect("a refusal");
    assert_eq!((&refused["code"], &refused["status"]), (&json!(25021), &json!("429")));
}

#[tokio::test]
async fn a_seed_that_cannot_be_is_refused() {
    for (from, to) in [
        ("owner: owner@connie.one", "owner: owner@open.example"),
        ("roles: [Developer@", "roles: [Nobody@"),
        ("OR00000000000000000000000000000001:", "OR1:"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| camino::Utf8PathBuf::from_path_buf(directory.path().join(name)).unwrap();
        std::fs::write(path("sandbox.yaml"), SEED.replace(from, to)).unwrap();
        let options = crate::sandbox::SandboxOptions {
            state_dir: path("state"),
            seed: Some(path("sandbox.yaml")),
            ..Default::default()
        };
        let error = crate::sandbox::Sandbox::start(options).await.unwrap_err();
        assert!(error.to_string().contains("twilio.organizations"), "{error}");
    }
}
