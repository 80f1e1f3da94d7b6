//! Flex users: the v4 API that provisions and deprovisions, the v1 list, and the v2 resource. A Flex user has a Worker until it is
//! deprovisioned.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sandbox::ids;
use crate::sandbox::message::Answer;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::account::{self, Account, is_sid};
use super::refusal::Refusal;
use super::{Outcome, json_body};

const ROLES: [&str; 3] = ["agent", "supervisor", "admin"];

/// What makes a Flex user.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    pub(crate) username: String,
    pub(crate) full_name: String,
    pub(crate) email: String,
    pub(crate) roles: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Provision {
    username: String,
    full_name: String,
    email: String,
    roles: Vec<String>,
    worker: WorkerInput,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkerInput {
    #[serde(default)]
    attributes: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deprovision {
    flex_user_sid: String,
}

/// A Flex user as the API answers it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FlexUser {
    pub(crate) flex_user_sid: String,
    account_sid: String,
    instance_sid: String,
    flex_team_sid: String,
    pub(crate) worker_sid: Option<String>,
    workspace_sid: Option<String>,
    username: String,
    full_name: String,
    email: String,
    roles: Vec<String>,
    locale: Option<String>,
    created_date: String,
    updated_date: String,
    version: u64,
    deactivated: bool,
    deactivated_date: Option<String>,
}

impl Person {
    /// Refuses what the API refuses; the words are for people.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (name, value) in
            [("username", &self.username), ("full_name", &self.full_name), ("email", &self.email)]
        {
            if !(1..=256).contains(&value.chars().count()) {
                return Err(format!("{name} must have 1 to 256 characters"));
            }
        }
        if !self.email.contains('@') {
            return Err(format!("{:?} is not an e-mail address", self.email));
        }
        if self.roles.is_empty() {
            return Err("roles must not be empty".into());
        }
        match self.roles.iter().find(|role| !ROLES.contains(&role.as_str())) {
            Some(role) => Err(format!("{role:?} is not a role; the roles are {}", ROLES.join(", "))),
            None => Ok(()),
        }
    }
}

/// Creates or updates the user with this name, with a Worker. A deactivated user is active again.
pub(crate) fn provision(
    documents: &mut Transaction<'_>,
    account: &Account,
    person: &Person,
    attributes: Option<Value>,
    now: Timestamp,
) -> FlexUser {
    let table = account.table("flex-users");
    let at = ids::millis(now);
    let known =
        documents.read_list::<FlexUser>(&table).into_iter().find(|user| user.username == person.username);
    let mut user = known.unwrap_or_else(|| FlexUser {
        flex_user_sid: format!("FU{}", ids::hex32()),
        account_sid: account.sid.clone(),
        instance_sid: account.flex_instance.clone(),
        flex_team_sid: account.team.clone(),
        worker_sid: None,
        workspace_sid: None,
        username: person.username.clone(),
        full_name: String::new(),
        email: String::new(),
        roles: Vec::new(),
        locale: None,
        created_date: at.clone(),
        updated_date: at.clone(),
        version: 0,
        deactivated: false,
        deactivated_date: None,
    });
    let same = user.full_name == person.full_name
        && user.email == person.email
        && user.roles == person.roles
        && !user.deactivated
        && attributes.is_none();
    if same {
        return user;
    }
    user.full_name.clone_from(&person.full_name);
    user.email.clone_from(&person.email);
    user.roles.clone_from(&person.roles);
    user.deactivated = false;
    user.deactivated_date = None;
    user.updated_date = at;
    user.version += 1;
    let worker = user.worker_sid.get_or_insert_with(|| format!("WK{}", ids::hex32())).clone();
    user.workspace_sid = Some(account.workspace.clone());
    let workers = account.table("workers");
    let mut merged = documents
        .get(&workers, &worker)
        .and_then(|w| w.get("attributes"))
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    merged.insert("email".into(), json!(person.email));
    merged.insert("full_name".into(), json!(person.full_name));
    merged.insert("roles".into(), json!(person.roles));
    if let Some(Value::Object(attributes)) = attributes {
        merged.extend(attributes);
    }
    documents.put(
        &workers,
        &worker,
        json!({"sid": worker, "friendly_name": person.username, "workspace_sid": account.workspace, "attributes": merged}),
    );
    documents.write(&table, &user.flex_user_sid, &user);
    user
}

fn decode<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| Refusal::flex(format!("Invalid request body: {error}")))
}

pub(crate) fn create(call: &mut Call<'_, '_>, instance: &str) -> Outcome {
    let account = account::of_instance(call, instance)?;
    let Provision { username, full_name, email, roles, worker } = decode(json_body(call.request)?)?;
    let person = Person { username, full_name, email, roles };
    person.check().map_err(Refusal::flex)?;
    let attributes = match worker.attributes {
        None => None,
        Some(Value::Object(map)) => Some(Value::Object(map)),
        // TaskRouter's own resource takes attributes as a string that holds JSON.
        Some(Value::String(text)) => match serde_json::from_str::<Value>(&text) {
            Ok(Value::Object(map)) => Some(Value::Object(map)),
            _ => return Err(Refusal::flex("worker.attributes must be a JSON object")),
        },
        Some(_) => return Err(Refusal::flex("worker.attributes must be a JSON object")),
    };
    let user = provision(call.documents, &account, &person, attributes, call.now);
    Ok(Answer::json(201, &json!(user)))
}

pub(crate) fn deprovision(call: &mut Call<'_, '_>, instance: &str) -> Outcome {
    let account = account::of_instance(call, instance)?;
    let Deprovision { flex_user_sid } = decode(json_body(call.request)?)?;
    if !is_sid(&flex_user_sid, "FU") {
        return Err(Refusal::flex(format!("{flex_user_sid:?} is not a Flex user SID")));
    }
    let mut user = find(call, &account, &flex_user_sid)?;
    if let Some(worker) = user.worker_sid.take() {
        call.documents.remove(&account.table("workers"), &worker);
    }
    if !user.deactivated {
        let at = ids::millis(call.now);
        user.workspace_sid = None;
        user.deactivated = true;
        user.deactivated_date = Some(at.clone());
        user.updated_date = at;
        user.version += 1;
    }
    call.documents.write(&account.table("flex-users"), &flex_user_sid, &user);
    Ok(Answer::no_content())
}

fn find(call: &Call<'_, '_>, account: &Account, sid: &str) -> Result<FlexUser, Refusal> {
    let user = call.documents.read(&account.table("flex-users"), sid);
    user.ok_or_else(|| Refusal::not_found(&call.request.path))
}

pub(crate) fn read(call: &mut Call<'_, '_>, instance: &str, sid: &str) -> Outcome {
    let account = account::of_instance(call, instance)?;
    let user = find(call, &account, sid)?;
    Ok(Answer::json(200, &json!(user)))
}

/// v4: the user of one name, or nobody.
pub(crate) fn by_name(call: &mut Call<'_, '_>, instance: &str) -> Outcome {
    let account = account::of_instance(call, instance)?;
    let Some(name) = call.request.parameter("Username") else {
        return Err(Refusal::parameter("The parameter Username is required"));
    };
    let users = call.documents.read_list::<FlexUser>(&account.table("flex-users"));
    let users: Vec<FlexUser> = users.into_iter().filter(|user| user.username == name).collect();
    let meta = json!({
        "direct_token": false, "list_key": "users", "next_token": null, "page_size": 50, "previous_token": null,
    });
    Ok(Answer::json(200, &json!({"users": users, "meta": meta})))
}

/// v1: all users, by pages.
pub(crate) fn list(call: &mut Call<'_, '_>, instance: &str) -> Outcome {
    let account = account::of_instance(call, instance)?;
    let request = call.request;
    let size = match request.parameter("PageSize").map(str::parse::<usize>) {
        None => 50,
        Some(Ok(size @ 1..=1_000)) => size,
        Some(_) => return Err(Refusal::parameter("PageSize must be a number from 1 to 1000")),
    };
    let page = request.parameter("Page").and_then(|p| p.parse::<usize>().ok()).unwrap_or_default();
    let after = request.parameter("PageToken").map(|token| token.strip_prefix("PA").unwrap_or(token));
    let users = call.documents.read_list::<FlexUser>(&account.table("flex-users"));
    let mut rest = users
        .into_iter()
        .filter(|user| after.is_none_or(|after| user.flex_user_sid.as_str() > after))
        .peekable();
    let users: Vec<FlexUser> = rest.by_ref().take(size).collect();
    let base = format!("https://flex-api.twilio.com/v1/Instances/{instance}/Users?PageSize={size}");
    let next = match (rest.peek(), users.last()) {
        (Some(_), Some(last)) => {
            json!(format!("{base}&Page={}&PageToken=PA{}", page + 1, last.flex_user_sid))
        }
        _ => Value::Null,
    };
    let url = match after {
        Some(after) => format!("{base}&Page={page}&PageToken=PA{after}"),
        None => format!("{base}&Page={page}"),
    };
    let meta = json!({
        "page": page, "page_size": size, "first_page_url": format!("{base}&Page=0"), "previous_page_url": null,
        "url": url, "next_page_url": next, "key": "users",
    });
    Ok(Answer::json(200, &json!({"users": users, "meta": meta})))
}

fn v2_view(user: &FlexUser) -> Value {
    let url = format!(
        "https://flex-api.twilio.com/v2/Instances/{}/Users/{}",
        user.instance_sid, user.flex_user_sid
    );
    json!({
        "account_sid": user.account_sid, "instance_sid": user.instance_sid, "user_sid": null,
        "flex_user_sid": user.flex_user_sid, "worker_sid": user.worker_sid, "workspace_sid": user.workspace_sid,
        "flex_team_sid": user.flex_team_sid, "username": user.username, "email": user.email, "locale": user.locale,
        "roles": user.roles, "created_date": user.created_date, "updated_date": user.updated_date,
        "version": user.version, "url": url,
    })
}

pub(crate) fn v2_read(call: &mut Call<'_, '_>, instance: &str, sid: &str) -> Outcome {
    let account = account::of_instance(call, instance)?;
    Ok(Answer::json(200, &v2_view(&find(call, &account, sid)?)))
}

/// v2: e-mail and locale, as a form.
pub(crate) fn v2_update(call: &mut Call<'_, '_>, instance: &str, sid: &str) -> Outcome {
    let account = account::of_instance(call, instance)?;
    let mut user = find(call, &account, sid)?;
    for (name, value) in call.request.form() {
        match name.as_str() {
            "Email" if value.contains('@') => user.email = value,
            "Email" => return Err(Refusal::flex(format!("{value:?} is not an e-mail address"))),
            "Locale" => user.locale = Some(value),
            "UserSid" if is_sid(&value, "US") => {}
            "UserSid" => return Err(Refusal::flex(format!("{value:?} is not a user SID"))),
            other => return Err(Refusal::flex(format!("unknown parameter {other}"))),
        }
    }
    user.version += 1;
    user.updated_date = ids::millis(call.now);
    call.documents.write(&account.table("flex-users"), sid, &user);
    Ok(Answer::json(200, &v2_view(&user)))
}
