//! SSO integrations.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::sandbox::ids;
use crate::sandbox::message::{Answer, Request};
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::account::Account;
use super::refusal::Refusal;
use super::{Outcome, certificates};

/// A stored integration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Integration {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) enabled: bool,
    pub(super) signin_url: String,
    pub(super) signout_url: String,
    pub(super) entity_id: String,
    pub(super) completed_integration: bool,
    pub(super) last_updated: i64,
    /// The API host, which is in its URL.
    pub(super) host: String,
}

/// How much an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    /// The answer to a new one: no ID, no URLs.
    New,
    /// One that was read: the audience URL alone.
    One,
    /// In a list, and changed.
    Full,
}

impl Integration {
    /// Where responses are posted to, and who the audience is: one URL.
    pub(super) fn url(&self) -> String {
        format!("https://{}/v3/public/sso/saml/response/id/{}", self.host, self.id)
    }

    fn view(&self, view: View, request: &Request) -> Value {
        let mut body = json!({
            "name": self.name, "enabled": self.enabled, "signin_url": self.signin_url,
            "signout_url": self.signout_url, "entity_id": self.entity_id, "last_updated": self.last_updated,
        });
        if view != View::New {
            body["id"] = json!(self.id);
            body["audience_url"] = json!(self.url());
        }
        if view == View::Full {
            body["single_signon_url"] = json!(self.url());
        }
        if view != View::New && request.parameter("si") == Some("true") {
            body["completed_integration"] = json!(self.completed_integration);
        }
        body
    }

    fn save(&self, documents: &mut Transaction<'_>, account: &Account) {
        documents.write(&table(account), &self.id, self);
    }
}

fn table(account: &Account) -> String {
    account.table("integrations")
}

/// All integrations of an account.
pub(super) fn all(documents: &Transaction<'_>, account: &Account) -> Vec<Integration> {
    documents.read_list(&table(account))
}

/// The integration with an ID.
pub(super) fn find(documents: &Transaction<'_>, account: &Account, id: &str) -> Result<Integration, Refusal> {
    documents.read(&table(account), id).ok_or_else(|| Refusal::not_found("integration"))
}

/// A body that has every field that is required, of a new integration and of a changed one alike.
fn read_body(
    body: &Value,
    before: Option<&Integration>,
    id: &str,
    host: &str,
    now: i64,
) -> Result<Integration, Refusal> {
    let text = |key: &str| match &body[key] {
        Value::String(text) if !text.trim().is_empty() => Ok(text.clone()),
        Value::Null => Err(Refusal::field(key, format!("{key} is required"))),
        Value::String(_) => Err(Refusal::field(key, format!("{key} cannot be empty"))),
        _ => Err(Refusal::field(key, format!("{key} must be a string"))),
    };
    let url = |key: &str| {
        let text = text(key)?;
        match Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "https" | "http") && url.has_host() => Ok(text),
            _ => Err(Refusal::field(key, format!("{key} is not a valid URL"))),
        }
    };
    let bool = |key: &str, otherwise: Option<bool>| match (&body[key], otherwise) {
        (Value::Bool(value), _) => Ok(*value),
        (Value::Null, Some(otherwise)) => Ok(otherwise),
        (Value::Null, None) => Err(Refusal::field(key, format!("{key} is required"))),
        _ => Err(Refusal::field(key, format!("{key} must be a boolean"))),
    };
    Ok(Integration {
        id: id.to_owned(),
        name: text("name")?,
        enabled: bool("enabled", None)?,
        signin_url: url("signin_url")?,
        signout_url: url("signout_url")?,
        entity_id: text("entity_id")?,
        completed_integration: bool(
            "completed_integration",
            Some(before.is_some_and(|it| it.completed_integration)),
        )?,
        last_updated: now,
        host: host.to_owned(),
    })
}

/// Makes an integration from a body as the API takes it, and stores it.
pub(super) fn add(
    documents: &mut Transaction<'_>,
    account: &Account,
    body: &Value,
    now: i64,
) -> Result<Integration, Refusal> {
    let new = read_body(body, None, &ids::uuid(), &account.host, now)?;
    new.save(documents, account);
    Ok(new)
}

pub(super) fn list(call: &Call<'_, '_>, account: &Account) -> Answer {
    let all = all(call.documents, account);
    Answer::json(200, &all.iter().map(|it| it.view(View::Full, call.request)).collect())
}

pub(super) fn create(call: &mut Call<'_, '_>, account: &Account) -> Outcome {
    let body = call.request.json().map_err(|_| Refusal::body())?;
    let new = add(call.documents, account, &body, call.now.as_second())?;
    Ok(Answer::json(200, &new.view(View::New, call.request)))
}

pub(super) fn read(call: &Call<'_, '_>, account: &Account, id: &str) -> Outcome {
    Ok(Answer::json(200, &find(call.documents, account, id)?.view(View::One, call.request)))
}

pub(super) fn update(call: &mut Call<'_, '_>, account: &Account, id: &str) -> Outcome {
    let before = find(call.documents, account, id)?;
    let body = call.request.json().map_err(|_| Refusal::body())?;
    let after = read_body(&body, Some(&before), id, &account.host, call.now.as_second())?;
    after.save(call.documents, account);
    Ok(Answer::json(200, &after.view(View::Full, call.request)))
}

/// Its certificates go with it.
pub(super) fn delete(call: &mut Call<'_, '_>, account: &Account, id: &str) -> Outcome {
    find(call.documents, account, id)?;
    call.documents.remove(&table(account), id);
    certificates::remove_all(call.documents, account, id);
    Ok(Answer::no_content())
}
