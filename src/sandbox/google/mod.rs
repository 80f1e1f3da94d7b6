//! Google Workspace: the token endpoint, the Directory API, the Admin console's page for SAML apps, and Google as an identity provider, of any
//! number of customers. A customer that is not seeded is made when somebody of its domain is first asked for a token for, with that person as
//! its administrator.
//!
//! | host | is |
//! | --- | --- |
//! | `oauth2.googleapis.com` | the token endpoint |
//! | `admin.googleapis.com` | the Directory API |
//! | `admin.google.com` | a page in place of the Admin console; see the head of `console.rs` |
//! | `accounts.google.com` | the identity provider |
//!
//! Written from the discovery document (revision 20261104), Google's guides for custom user fields and for search, and what clients note about
//! the service: reads lag behind writes, and quotas answer 403. There is no API for SAML apps, so there is none here.

mod apps;
mod console;
mod console_page;
mod customer;
mod groups;
mod login;
mod refusal;
mod schemas;
mod seed;
mod token;
mod users;

use std::collections::HashMap;

use axum::http::Method;
use serde_json::{Value, json};

use self::customer::Customer;
use self::refusal::Refusal;
use super::login::{Assertion, Refused, SignIn};
use super::message::{Answer, Request};
use super::store::Transaction;
use super::vendor::{Call, Vendor};

pub(crate) use self::seed::Seed;

/// The vendor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Google;

/// A resource's answer.
type Outcome = Result<Answer, Refusal>;

const HOSTS: [&str; 4] =
    ["oauth2.googleapis.com", "admin.googleapis.com", "admin.google.com", "accounts.google.com"];

/// What reads still show of documents that were changed: how often, and what was there before (nothing where it was made).
#[derive(Debug, Default)]
pub(crate) struct Memory {
    stale: HashMap<(String, String), (u32, Option<Value>)>,
}

impl Memory {
    /// After a write: the next reads do not know it yet.
    fn changed(&mut self, customer: &Customer, table: &str, key: &str, before: Option<Value>) {
        if customer.read_lag > 0 {
            self.stale.entry((table.to_owned(), key.to_owned())).or_insert((customer.read_lag, before));
        }
    }

    /// What a read sees of a document.
    fn seen(&mut self, table: &str, key: &str, now: Option<Value>) -> Option<Value> {
        let id = (table.to_owned(), key.to_owned());
        let Some((left, before)) = self.stale.get_mut(&id) else { return now };
        let before = before.clone();
        *left -= 1;
        if *left == 0 {
            self.stale.remove(&id);
        }
        before
    }
}

impl Vendor for Google {
    fn serves(&self, host: &str, _documents: &Transaction<'_>) -> bool {
        HOSTS.contains(&host)
    }

    fn answer(&self, call: &mut Call<'_, '_>) -> Answer {
        let request = call.request;
        match (request.host.as_str(), &request.method, request.route().as_slice()) {
            ("oauth2.googleapis.com", &Method::POST, ["token"]) => token::issue(call),
            ("admin.google.com", ..) => console::answer(call),
            ("accounts.google.com", method, ["o", "saml2", page]) => login::page(call, method, page),
            ("admin.googleapis.com", ..) => directory(call).unwrap_or_else(|refusal| refusal.answer()),
            _ => Refusal::no_such_path().answer(),
        }
    }

    fn too_many(&self, _reset: i64) -> Answer {
        Refusal::new(429, "rateLimitExceeded", "Rate Limit Exceeded").answer()
    }

    fn sign_in(&self, documents: &mut Transaction<'_>, attempt: &SignIn<'_>) -> Result<Assertion, Refused> {
        login::respond(documents, attempt)
    }
}

fn directory(call: &mut Call<'_, '_>) -> Outcome {
    let grant = token::grant(call)?;
    let customer = customer::read(call.documents, &grant.customer).ok_or_else(Refusal::not_authorized)?;
    let standing = call.memory.rates.count(&format!("google/{}", customer.id), customer.rate_limit, call.now);
    if !standing.allowed {
        return Err(Refusal::new(403, "quotaExceeded", "Quota exceeded for quota metric 'Queries'."));
    }
    let request = call.request;
    let route = request.route();
    let ["admin", "directory", "v1", resource @ ..] = route.as_slice() else {
        return Err(Refusal::no_such_path());
    };
    grant.require(&request.method, resource)?;
    if !grant.is_administrator {
        return Err(Refusal::not_authorized());
    }
    match (&request.method, resource) {
        (method, ["customer", id, "schemas", rest @ ..]) => {
            customer.is_meant_by(id)?;
            match (method, rest) {
                (&Method::GET, []) => schemas::list(call, &customer),
                (&Method::POST, []) => schemas::create(call, &customer),
                (&Method::GET, [key]) => schemas::read(call, &customer, key),
                (&Method::PUT, [key]) => schemas::replace(call, &customer, key),
                (&Method::PATCH, [key]) => schemas::patch(call, &customer, key),
                (&Method::DELETE, [key]) => schemas::delete(call, &customer, key),
                _ => Err(Refusal::no_such_path()),
            }
        }
        (&Method::GET, ["users"]) => users::list(call, &customer),
        (&Method::GET, ["users", key]) => users::read(call, &customer, key),
        // An update of a user leaves out what the body leaves out, as a patch does.
        (&Method::PATCH | &Method::PUT, ["users", key]) => users::patch(call, &customer, key),
        (&Method::GET, ["groups"]) => groups::list(call, &customer),
        (&Method::GET, ["groups", key]) => groups::read(call, &customer, key),
        (&Method::GET, ["groups", key, "members"]) => groups::members(call, &customer, key),
        _ => Err(Refusal::no_such_path()),
    }
}

/// The request's JSON body, an object.
fn body_of(request: &Request) -> Result<Value, Refusal> {
    match request.json() {
        Ok(body @ Value::Object(_)) => Ok(body),
        _ => Err(Refusal::new(400, "parseError", "Parse Error")),
    }
}

/// A parameter that counts items of a page.
fn page_size(request: &Request, default: usize, most: usize) -> Result<usize, Refusal> {
    match request.parameter("maxResults").map(str::parse::<usize>) {
        None => Ok(default),
        Some(Ok(size)) if (1..=most).contains(&size) => Ok(size),
        Some(_) => Err(Refusal::invalid("Invalid Input: maxResults")),
    }
}

/// One page of items, which come with the key that they are ordered by, below `name` in the answer. An empty page has no list.
fn page(request: &Request, kind: &str, name: &str, size: usize, items: Vec<(String, Value)>) -> Outcome {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let after = match request.parameter("pageToken") {
        None => None,
        Some(token) => {
            let bytes = URL_SAFE_NO_PAD.decode(token).ok();
            let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            Some(text.ok_or_else(|| Refusal::invalid("Invalid Input: pageToken"))?)
        }
    };
    let mut rest = items.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let page: Vec<(String, Value)> = rest.by_ref().take(size).collect();
    let mut body = json!({"kind": kind, "etag": "\"list\""});
    if rest.next().is_some()
        && let Some((key, _)) = page.last()
    {
        body["nextPageToken"] = URL_SAFE_NO_PAD.encode(key).into();
    }
    if !page.is_empty() {
        body[name] = page.into_iter().map(|(_, item)| item).collect();
    }
    Ok(Answer::json(200, &body))
}
