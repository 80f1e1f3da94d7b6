//! A small Auth0 on loopback for this room's tests: it keeps what it is sent and knows as much of the search syntax as is used here.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Method, Response, Uri},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use super::{client::Auth0Config, observe::Tenant};
use crate::http::{Http, HttpOptions};

pub(super) const DOMAIN: &str = "nss.us.auth0.com";

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) clients: Vec<Value>,
    pub(super) actions: Vec<Value>,
    /// Binding ID and Action ID.
    pub(super) bindings: Vec<(String, String)>,
    pub(super) users: Vec<Value>,
    /// User IDs that search does not see.
    pub(super) unseen: Vec<String>,
    pub(super) keys: Vec<Value>,
    /// Answered 403, by the beginning of the path.
    pub(super) forbidden: Vec<&'static str>,
    /// Method, path and body of every request.
    pub(super) log: Vec<(Method, String, Value)>,
    pub(super) next: u64,
}

#[derive(Clone)]
pub(super) struct Fake {
    pub(super) state: Arc<Mutex<State>>,
    endpoint: Url,
}

impl Fake {
    pub(super) async fn start(state: State) -> Self {
        let state = Arc::new(Mutex::new(state));
        let shared = state.clone();
        let handler = move |method: Method, uri: Uri, body: Bytes| {
            let answer = shared.lock().unwrap().answer(&method, &uri, &body);
            async move {
                let (status, body) = answer;
                Response::builder().status(status).body(Body::from(body.to_string())).unwrap()
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
        Self { state, endpoint }
    }

    /// A provider as a run has it; a new one for each, as for each plan.
    pub(super) fn tenant(&self) -> Tenant {
        let config = Auth0Config {
            domain: DOMAIN.to_owned(),
            endpoint: Some(self.endpoint.clone()),
            client_id: "own".to_owned(),
            client_secret: "very secret".into(),
        };
        Tenant::new(&Http::new(HttpOptions::default()).unwrap(), &config).unwrap()
    }

    pub(super) fn with<R>(&self, use_it: impl FnOnce(&mut State) -> R) -> R {
        use_it(&mut self.state.lock().unwrap())
    }

    /// Requests so far, tokens apart.
    pub(super) fn calls(&self) -> usize {
        self.with(|state| state.log.iter().filter(|(_, path, _)| path != "/oauth/token").count())
    }

    pub(super) fn writes(&self) -> usize {
        let is_write =
            |(method, path, _): &&(Method, String, Value)| *method != Method::GET && path != "/oauth/token";
        self.with(|state| state.log.iter().filter(is_write).count())
    }
}

impl State {
    fn id(&mut self, prefix: &str) -> String {
        self.next += 1;
        format!("{prefix}{}", self.next)
    }

    fn answer(&mut self, method: &Method, uri: &Uri, body: &Bytes) -> (u16, Value) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        self.log.push((method.clone(), uri.path().to_owned(), body.clone()));
        if uri.path() == "/oauth/token" {
            assert_eq!(body["audience"], format!("https://{DOMAIN}/api/v2/"));
            return (
                200,
                json!({"access_token": "t0ken-t0ken", "token_type": "Bearer", "expires_in": 86400}),
            );
        }
        if self.forbidden.iter().any(|prefix| uri.path().starts_with(prefix)) {
            return (403, json!({"statusCode": 403, "error": "Forbidden", "message": "Insufficient scope"}));
        }
        let query: BTreeMap<String, String> =
            url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let path = uri.path().to_owned();
        let segments: Vec<&str> = path.trim_start_matches("/api/v2/").split('/').collect();
        match (method.as_str(), segments.as_slice()) {
            ("GET", ["clients"]) => (200, page(&self.clients, &query, "clients")),
            ("GET", ["clients", id]) => {
                assert_eq!(query["fields"], "client_secret,signing_keys,encryption_key");
                one(self.clients.iter().find(|it| it["client_id"] == **id))
            }
            ("POST", ["clients"]) => {
                let mut client = body;
                client["client_id"] = self.id("c").into();
                client["client_secret"] = "leaked?".into();
                self.clients.push(client.clone());
                (201, client)
            }
            ("PATCH", ["clients", id]) => {
                let Some(client) = self.clients.iter_mut().find(|it| it["client_id"] == **id) else {
                    return (404, json!({}));
                };
                for (key, value) in body.as_object().unwrap() {
                    if key == "client_metadata" {
                        merge(&mut client["client_metadata"], value);
                    } else {
                        client[key] = value.clone();
                    }
                }
                (200, client.clone())
            }
            ("DELETE", ["clients", id]) => {
                self.clients.retain(|it| it["client_id"] != **id);
                (204, Value::Null)
            }
            ("GET", ["actions", "actions"]) => (200, page(&self.actions, &query, "actions")),
            ("GET", ["actions", "actions", id]) => one(self.build(id)),
            ("POST", ["actions", "actions"]) => {
                let mut action = body;
                action["id"] = self.id("a").into();
                action["status"] = "pending".into();
                self.actions.push(action.clone());
                (201, action)
            }
            ("PATCH", ["actions", "actions", id]) => {
                let action = self.actions.iter_mut().find(|it| it["id"] == **id).unwrap();
                merge(action, &body);
                action["status"] = "pending".into();
                action["all_changes_deployed"] = false.into();
                (200, action.clone())
            }
            ("POST", ["actions", "actions", id, "deploy"]) => {
                let action = self.actions.iter_mut().find(|it| it["id"] == **id).unwrap();
                if action["status"] != "built" {
                    return (400, json!({"message": "must be built"}));
                }
                action["all_changes_deployed"] = true.into();
                action["deployed_version"] = json!({"id": "v", "code": action["code"]});
                (200, json!({"id": "v"}))
            }
            ("DELETE", ["actions", "actions", id]) => {
                assert!(self.bindings.iter().all(|(_, action)| action != id), "bound");
                self.actions.retain(|it| it["id"] != **id);
                (204, Value::Null)
            }
            ("GET", ["actions", "triggers", "post-login", "bindings"]) => {
                let bindings: Vec<Value> = self.bindings.iter().map(|it| self.binding(it)).collect();
                (200, page(&bindings, &query, "bindings"))
            }
            ("PATCH", ["actions", "triggers", "post-login", "bindings"]) => self.bind(&body),
            ("GET", ["keys", "signing"]) => (200, json!(self.keys)),
            ("GET", ["users"]) => self.search(&query),
            ("GET", ["users-by-email"]) => {
                let found: Vec<_> = self.users.iter().filter(|it| it["email"] == query["email"]).collect();
                (200, json!(found))
            }
            ("GET", ["users", id]) => {
                one(self.users.iter().find(|it| it["user_id"] == id.replace("%7C", "|")))
            }
            ("PATCH", ["users", id]) => {
                let id = id.replace("%7C", "|");
                let user = self.users.iter_mut().find(|it| it["user_id"] == id).unwrap();
                merge(&mut user["app_metadata"], &body["app_metadata"]);
                (200, user.clone())
            }
            other => panic!("no such call: {other:?}"),
        }
    }

    fn build(&mut self, id: &str) -> Option<&Value> {
        let action = self.actions.iter_mut().find(|it| it["id"] == *id)?;
        // Built at the second look.
        action["status"] = if action["status"] == "pending" { "building".into() } else { "built".into() };
        Some(action)
    }

    fn binding(&self, (id, action): &(String, String)) -> Value {
        let action = self.actions.iter().find(|it| it["id"] == **action).cloned();
        json!({"id": id, "trigger_id": "post-login", "display_name": format!("shown {id}"), "action": action})
    }

    fn bind(&mut self, body: &Value) -> (u16, Value) {
        let mut flow = Vec::new();
        for entry in body["bindings"].as_array().unwrap() {
            let value = entry["ref"]["value"].as_str().unwrap();
            let action = match entry["ref"]["type"].as_str() {
                Some("action_id") => Some(value.to_owned()),
                _ => self.bindings.iter().find(|(id, _)| id == value).map(|(_, action)| action.clone()),
            };
            let Some(action) = action else { return (404, json!({"message": "no such binding"})) };
            flow.push((self.id("b"), action));
        }
        self.bindings = flow;
        (200, json!({}))
    }

    fn search(&self, query: &BTreeMap<String, String>) -> (u16, Value) {
        let (page, size): (usize, usize) =
            (query["page"].parse().unwrap(), query["per_page"].parse().unwrap());
        if (page + 1) * size > 1_000 {
            return (400, json!({"message": "You can only page through the first 1000 records."}));
        }
        let mut found: Vec<&Value> = self
            .users
            .iter()
            .filter(|user| !self.unseen.iter().any(|id| user["user_id"] == **id))
            .filter(|user| matches(&query["q"], user))
            .collect();
        found.sort_by_key(|user| user["created_at"].as_str().unwrap_or_default().to_owned());
        let users: Vec<&Value> = found.iter().skip(page * size).take(size).copied().collect();
        (200, json!({"start": page * size, "limit": size, "total": found.len(), "users": users}))
    }
}

/// The part of the search syntax that is used here: `AND` above `NOT` and `OR`, parentheses around the first operand only.
fn matches(query: &str, user: &Value) -> bool {
    let text = |key: &str| user[key].as_str().unwrap_or_default();
    query.split(" AND ").all(|operand| {
        let operand = operand.trim_start_matches('(').trim_end_matches(')');
        operand.split(" OR ").any(|term| {
            let (negated, term) = term.strip_prefix("NOT ").map_or((false, term), |term| (true, term));
            let (key, value) = term.split_once(':').unwrap();
            let is = match (key, value.as_bytes()[0]) {
                ("_exists_", _) => !user["app_metadata"]["concord"].is_null(),
                ("email.domain", _) => text("email").ends_with(&format!("@{}", value.trim_matches('"'))),
                ("created_at", bracket) => {
                    let (low, high) = value[1..value.len() - 1].split_once(" TO ").unwrap();
                    let at = text("created_at");
                    (if bracket == b'[' { at >= low } else { at > low }) && (high == "*" || at <= high)
                }
                (_, b'"') => text(key) == value.trim_matches('"'),
                _ => text(key).starts_with(value.strip_suffix('*').unwrap()),
            };
            is != negated
        })
    })
}

fn page(items: &[Value], query: &BTreeMap<String, String>, name: &str) -> Value {
    // Fewer a page than is asked for, as a server may.
    let (page, size) = (query["page"].parse::<usize>().unwrap(), 2);
    let part: Vec<&Value> = items.iter().skip(page * size).take(size).collect();
    json!({"start": page * size, "page": page, "per_page": size, "total": items.len(), name: part})
}

fn one(found: Option<&Value>) -> (u16, Value) {
    found.map_or((404, json!({"message": "not found"})), |it| (200, it.clone()))
}

fn merge(target: &mut Value, given: &Value) {
    for (key, value) in given.as_object().unwrap() {
        if value.is_null() {
            if let Some(target) = target.as_object_mut() {
                target.remove(key);
            }
        } else {
            target[key] = value.clone();
        }
    }
}
