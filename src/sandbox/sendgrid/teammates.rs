//! Teammates: SSO teammates are made and changed by the SSO API, everybody is read and deleted by the teammates API.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sandbox::message::Answer;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::Outcome;
use super::account::Account;
use super::refusal::Refusal;

/// The most in a page.
const MOST: usize = 500;
/// A persona and some of the scopes that it stands for.
const PERSONAS: [(&str, &[&str]); 4] = [
    ("accountant", &["billing.read", "billing.update"]),
    ("developer", &["mail.send", "templates.read", "api_keys.read"]),
    ("marketer", &["marketing.read", "stats.read"]),
    ("observer", &["stats.read", "messages.read"]),
];
/// What an administrator has, in short.
const ADMIN_SCOPES: [&str; 6] =
    ["billing.read", "mail.send", "sso.settings.read", "stats.read", "teammates.create", "teammates.read"];
/// What everybody gets.
const ALWAYS: &str = "2fa_required";

/// A stored teammate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Teammate {
    pub(super) username: String,
    pub(super) email: String,
    first_name: String,
    last_name: String,
    /// `owner`, `admin` or `teammate`.
    user_type: String,
    pub(super) is_sso: bool,
    scopes: Vec<String>,
    has_restricted_subuser_access: bool,
    subuser_access: Vec<Value>,
}

impl Teammate {
    fn is_admin(&self) -> bool {
        self.user_type != "teammate"
    }

    /// As the list has it: without scopes.
    fn in_list(&self) -> Value {
        json!({
            "username": self.username, "email": self.email, "first_name": self.first_name,
            "last_name": self.last_name, "user_type": self.user_type, "is_admin": self.is_admin(),
            "is_sso": self.is_sso, "phone": "", "website": "", "address": "", "address2": "", "city": "", "state": "",
            "zip": "", "country": "",
        })
    }

    fn alone(&self) -> Value {
        let mut view = self.in_list();
        view["scopes"] = json!(self.scopes);
        view
    }

    fn after_write(&self) -> Value {
        let mut view = self.alone();
        view["has_restricted_subuser_access"] = json!(self.has_restricted_subuser_access);
        view["subuser_access"] = json!(self.subuser_access);
        view
    }

    fn save(&self, documents: &mut Transaction<'_>, account: &Account) {
        documents.write(&table(account), &self.username.to_lowercase(), self);
    }
}

fn table(account: &Account) -> String {
    account.table("teammates")
}

/// The teammate with a user name or e-mail address.
pub(super) fn find(documents: &Transaction<'_>, account: &Account, name: &str) -> Result<Teammate, Refusal> {
    documents.read(&table(account), &name.to_lowercase()).ok_or_else(|| Refusal::not_found("username"))
}

/// What a body says of access, as scopes and subusers.
struct Access {
    is_admin: bool,
    scopes: Vec<String>,
    is_restricted: bool,
    subusers: Vec<Value>,
}

fn texts(value: &Value, field: &str) -> Result<Option<Vec<String>>, Refusal> {
    let wrong = || Refusal::field(field, format!("{field} must be an array of strings"));
    match value {
        Value::Null => Ok(None),
        Value::Array(items) => {
            let items: Option<Vec<String>> =
                items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
            items.map(Some).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

fn check_scopes(scopes: &[String]) -> Result<(), Refusal> {
    let is_scope =
        |scope: &String| scope == ALWAYS || scope.starts_with("sender_verification_") || scope.contains('.');
    if scopes.iter().all(is_scope) {
        return Ok(());
    }
    Err(Refusal::field("scopes", "one or more of given scopes are invalid"))
}

fn access(account: &Account, body: &Value) -> Result<Option<Access>, Refusal> {
    let is_admin = body["is_admin"].as_bool();
    let persona = body["persona"].as_str();
    let scopes = texts(&body["scopes"], "scopes")?.filter(|scopes| !scopes.is_empty());
    let is_restricted = body["has_restricted_subuser_access"].as_bool();
    let subusers = body["subuser_access"].as_array().cloned().unwrap_or_default();
    let given = [is_admin == Some(true), persona.is_some(), scopes.is_some()];
    if given.iter().filter(|it| **it).count() > 1 {
        return Err(Refusal::field("scopes", "only one of is_admin, persona and scopes may be given"));
    }
    if is_restricted == Some(true) && given.contains(&true) {
        let message = "a teammate with restricted subuser access cannot have scopes for the parent account";
        return Err(Refusal::field("has_restricted_subuser_access", message));
    }
    if !subusers.is_empty() && is_restricted != Some(true) {
        let message = "has_restricted_subuser_access must be true where subuser_access is given";
        return Err(Refusal::field("has_restricted_subuser_access", message));
    }
    for subuser in &subusers {
        let is_known = subuser["id"].as_i64().is_some_and(|id| account.subusers.contains(&id));
        let scopes = texts(&subuser["scopes"], "subuser_access.scopes")?.unwrap_or_default();
        check_scopes(&scopes)?;
        let fits = match subuser["permission_type"].as_str() {
            Some("admin") => scopes.is_empty(),
            Some("restricted") => true,
            _ => false,
        };
        if !is_known || !fits {
            return Err(Refusal::field("subuser_access", "invalid subuser access"));
        }
    }
    let mut all = match (is_admin, persona, scopes) {
        (Some(true), ..) => ADMIN_SCOPES.map(str::to_owned).to_vec(),
        (_, Some(name), _) => {
            let known = PERSONAS.iter().find(|(persona, _)| *persona == name);
            let (_, scopes) = known.ok_or_else(|| Refusal::field("persona", "unknown persona"))?;
            scopes.iter().map(|scope| (*scope).to_owned()).collect()
        }
        (_, _, Some(scopes)) => {
            check_scopes(&scopes)?;
            scopes
        }
        (None, None, None) if is_restricted != Some(true) => return Ok(None),
        _ => Vec::new(),
    };
    if !all.iter().any(|scope| scope == ALWAYS) {
        all.push(ALWAYS.to_owned());
    }
    Ok(Some(Access {
        is_admin: is_admin == Some(true),
        scopes: all,
        is_restricted: is_restricted == Some(true),
        subusers,
    }))
}

fn required(body: &Value, key: &str) -> Result<String, Refusal> {
    let text = body[key].as_str().filter(|text| !text.trim().is_empty());
    text.map(str::to_owned).ok_or_else(|| Refusal::field(key, format!("{key} is required")))
}

/// Makes an SSO teammate from a body as the API takes it.
fn new(documents: &mut Transaction<'_>, account: &Account, body: &Value) -> Result<Teammate, Refusal> {
    let email = required(body, "email")?;
    if !email.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.')) {
        return Err(Refusal::field("email", "email is not a valid address"));
    }
    if find(documents, account, &email).is_ok() {
        return Err(Refusal::field("email", "username already exists"));
    }
    let access = access(account, body)?;
    let access = access.ok_or_else(|| Refusal::field("scopes", "is_admin, persona or scopes is required"))?;
    let teammate = Teammate {
        username: email.clone(),
        email,
        first_name: required(body, "first_name")?,
        last_name: required(body, "last_name")?,
        user_type: if access.is_admin { "admin" } else { "teammate" }.to_owned(),
        is_sso: true,
        scopes: access.scopes,
        has_restricted_subuser_access: access.is_restricted,
        subuser_access: access.subusers,
    };
    teammate.save(documents, account);
    Ok(teammate)
}

/// Stores a seeded teammate.
pub(super) fn add(
    documents: &mut Transaction<'_>,
    account: &Account,
    body: &Value,
    user_type: Option<&str>,
    password_name: Option<&str>,
) -> Result<(), Refusal> {
    let mut teammate = new(documents, account, body)?;
    if let Some(user_type) = user_type {
        user_type.clone_into(&mut teammate.user_type);
    }
    if let Some(name) = password_name {
        documents.remove(&table(account), &teammate.username.to_lowercase());
        name.clone_into(&mut teammate.username);
        teammate.is_sso = false;
    }
    teammate.save(documents, account);
    Ok(())
}

pub(super) fn create(call: &mut Call<'_, '_>, account: &Account) -> Outcome {
    let body = call.request.json().map_err(|_| Refusal::body())?;
    let teammate = new(call.documents, account, &body)?;
    Ok(Answer::json(201, &teammate.after_write()))
}

pub(super) fn update(call: &mut Call<'_, '_>, account: &Account, name: &str) -> Outcome {
    let mut teammate = find(call.documents, account, name)?;
    if !teammate.is_sso {
        return Err(Refusal::field("username", "teammate is not an SSO teammate"));
    }
    let body = call.request.json().map_err(|_| Refusal::body())?;
    teammate.first_name = required(&body, "first_name")?;
    teammate.last_name = required(&body, "last_name")?;
    if let Some(access) = access(account, &body)? {
        teammate.user_type = if access.is_admin { "admin" } else { "teammate" }.to_owned();
        teammate.scopes = access.scopes;
        teammate.has_restricted_subuser_access = access.is_restricted;
        teammate.subuser_access = access.subusers;
    }
    teammate.save(call.documents, account);
    Ok(Answer::json(200, &teammate.after_write()))
}

/// A whole number from the query.
fn number(call: &Call<'_, '_>, name: &str, otherwise: usize) -> Result<usize, Refusal> {
    let Some(text) = call.request.parameter(name) else { return Ok(otherwise) };
    text.parse().map_err(|_| Refusal::field(name, format!("{name} must be a number")))
}

pub(super) fn list(call: &Call<'_, '_>, account: &Account) -> Outcome {
    let (limit, offset) = (number(call, "limit", MOST)?, number(call, "offset", 0)?);
    if limit > MOST {
        return Err(Refusal::field("limit", format!("limit must be at most {MOST}")));
    }
    let all: Vec<Teammate> = call.documents.read_list(&table(account));
    let page: Vec<Value> = all.iter().skip(offset).take(limit).map(Teammate::in_list).collect();
    Ok(Answer::json(200, &json!({"result": page})))
}

pub(super) fn read(call: &Call<'_, '_>, account: &Account, name: &str) -> Outcome {
    Ok(Answer::json(200, &find(call.documents, account, name)?.alone()))
}

pub(super) fn delete(call: &mut Call<'_, '_>, account: &Account, name: &str) -> Outcome {
    let teammate = find(call.documents, account, name)?;
    if teammate.user_type == "owner" {
        return Err(Refusal::new(403, "the owner of the account cannot be deleted"));
    }
    call.documents.remove(&table(account), &teammate.username.to_lowercase());
    Ok(Answer::no_content())
}

pub(super) fn subuser_access(call: &Call<'_, '_>, account: &Account, name: &str) -> Outcome {
    let teammate = find(call.documents, account, name)?;
    let limit = number(call, "limit", 100)?.max(1);
    let after = i64::try_from(number(call, "after_subuser_id", 0)?).unwrap_or(i64::MAX);
    let mut left: Vec<&Value> =
        teammate.subuser_access.iter().filter(|it| it["id"].as_i64().is_some_and(|id| id > after)).collect();
    left.sort_by_key(|it| it["id"].as_i64());
    let page: Vec<&Value> = left.iter().copied().take(limit).collect();
    let mut next = json!({});
    if let (true, Some(last)) = (left.len() > limit, page.last()) {
        next = json!({"limit": limit, "after_subuser_id": last["id"], "username": ""});
    }
    let body = json!({
        "has_restricted_subuser_access": teammate.has_restricted_subuser_access, "subuser_access": page,
        "_metadata": {"next_params": next},
    });
    Ok(Answer::json(200, &body))
}
