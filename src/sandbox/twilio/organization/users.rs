//! Managed users by SCIM 2.0. There is no paging; a filter is `userName eq` or `externalId eq`. DELETE deactivates. The owner and
//! suspended users cannot be written.

use axum::http::Method;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::sandbox::ids;
use crate::sandbox::message::{Answer, BodyError, Request};
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::document::{self, Organization};
use super::patch;
use super::refusal::Refusal;
use super::token::authorize;
use super::{domain, sso};

const USER_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const LIST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// Attributes that a request can set; all others are ignored (RFC 7644 sections 3.5.1 and 3.5.2).
pub(super) const WRITABLE: [&str; 8] =
    ["userName", "externalId", "displayName", "name", "emails", "active", "locale", "timezone"];

/// A user as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) sid: String,
    /// The writable attributes, under SCIM's names.
    pub(super) attributes: Map<String, Value>,
    pub(super) version: u64,
    pub(super) created: String,
    pub(super) modified: String,
    /// Suspended by Twilio: nobody can write it.
    #[serde(default)]
    pub(super) suspended: bool,
    /// The profile under which the user signs in by SSO, once it is enforced or switched on for the user.
    #[serde(default)]
    pub(super) sso_profile: Option<String>,
}

impl User {
    pub(super) fn email(&self) -> String {
        self.attributes["userName"].as_str().unwrap_or_default().to_lowercase()
    }

    pub(super) fn is_active(&self) -> bool {
        self.attributes.get("active").and_then(Value::as_bool).unwrap_or(true)
    }

    /// The domain of the address.
    pub(super) fn domain(&self) -> String {
        self.email().rsplit_once('@').map(|(_, domain)| domain.to_owned()).unwrap_or_default()
    }

    /// `W/3`, and not RFC 9110's quoted form.
    fn version_text(&self) -> String {
        format!("W/{}", self.version)
    }

    fn view(&self) -> Value {
        let mut view = self.attributes.clone();
        view.insert("id".into(), self.sid.as_str().into());
        view.insert("schemas".into(), json!([USER_SCHEMA]));
        let meta = json!({
            "resourceType": "User", "created": self.created, "lastModified": self.modified, "version": self.version_text(),
        });
        view.insert("meta".into(), meta);
        Value::Object(view)
    }

    pub(super) fn save(&self, documents: &mut Transaction<'_>, organization: &str) {
        documents.write(&table(organization), &self.sid, self);
    }
}

pub(super) fn table(organization: &str) -> String {
    document::table(organization, "users")
}

pub(super) fn find(documents: &Transaction<'_>, organization: &str, sid: &str) -> Option<User> {
    documents.read(&table(organization), sid)
}

pub(super) fn by_email(documents: &Transaction<'_>, organization: &str, email: &str) -> Option<User> {
    let email = email.to_lowercase();
    all(documents, organization).into_iter().find(|user| user.email() == email)
}

/// All users, oldest first.
pub(super) fn all(documents: &Transaction<'_>, organization: &str) -> Vec<User> {
    let mut users: Vec<User> = documents.read_list(&table(organization));
    users.sort_by(|one, other| (&one.created, &one.sid).cmp(&(&other.created, &other.sid)));
    users
}

/// Routes below `/scim/v2`.
pub(super) fn answer(call: &mut Call<'_, '_>, rest: &[&str]) -> Result<Answer, Refusal> {
    let method = call.request.method.clone();
    match (&method, rest) {
        (&Method::GET, ["Users"]) => list(call),
        (&Method::POST, ["Users"]) => create(call),
        (&Method::GET, ["Users", sid]) => {
            let organization = authorize(call, "managed-users/read")?;
            Ok(scim(200, &existing(call.documents, &organization, sid)?.view()))
        }
        (&Method::PUT, ["Users", sid]) => replace(call, sid),
        (&Method::PATCH, ["Users", sid]) => modify(call, sid),
        (&Method::DELETE, ["Users", sid]) => deactivate(call, sid),
        _ => {
            authorize(call, "managed-users/read")?;
            Err(Refusal::not_found(&call.request.path))
        }
    }
}

fn scim(status: u16, body: &Value) -> Answer {
    Answer::text(status, "application/scim+json", body.to_string())
}

fn existing(documents: &Transaction<'_>, organization: &Organization, sid: &str) -> Result<User, Refusal> {
    find(documents, &organization.sid, sid)
        .ok_or_else(|| Refusal::new(404, 25008, format!("The user {sid} was not found")))
}

fn list(call: &mut Call<'_, '_>) -> Result<Answer, Refusal> {
    let organization = authorize(call, "managed-users/list")?;
    let mut users = all(call.documents, &organization.sid);
    if let Some(filter) = call.request.parameter("filter") {
        let (attribute, wanted) = parse_filter(filter)?;
        users.retain(|user| {
            let value = user.attributes.get(attribute).and_then(Value::as_str).unwrap_or_default();
            // `userName` is case-insensitive, `externalId` case-exact (RFC 7643 sections 4.1.1 and 3.1).
            if attribute == "userName" { value.eq_ignore_ascii_case(&wanted) } else { value == wanted }
        });
    }
    let views: Vec<Value> = users.iter().map(User::view).collect();
    let body = json!({"schemas": [LIST_SCHEMA], "totalResults": views.len(), "Resources": views});
    Ok(scim(200, &body))
}

/// `userName eq "..."` or `externalId eq "..."`, and nothing else.
fn parse_filter(filter: &str) -> Result<(&'static str, String), Refusal> {
    let wrong = |message: &str| {
        Err(Refusal::scim_of(
            20001,
            "invalidFilter",
            format!("{message}: only userName eq and externalId eq are supported"),
        ))
    };
    let mut words = filter.trim().splitn(3, char::is_whitespace);
    let (attribute, operator, value) = (words.next(), words.next(), words.next());
    let attribute = match attribute.unwrap_or_default() {
        name if name.eq_ignore_ascii_case("userName") => "userName",
        name if name.eq_ignore_ascii_case("externalId") => "externalId",
        name => return wrong(&format!("the attribute {name:?} cannot be filtered by")),
    };
    if !operator.unwrap_or_default().eq_ignore_ascii_case("eq") {
        return wrong("the operator is not eq");
    }
    match serde_json::from_str::<String>(value.unwrap_or_default().trim()) {
        Ok(value) => Ok((attribute, value)),
        Err(_) => wrong("the value is not one string in quotes"),
    }
}

pub(super) fn body_of(request: &Request) -> Result<Map<String, Value>, Refusal> {
    let syntax = |message: String| Refusal::scim_of(20001, "invalidSyntax", message);
    let body = request.json().map_err(|error| match error {
        BodyError::ContentType(kind) => {
            syntax(format!("Content-Type must be application/scim+json or application/json, not {kind:?}"))
        }
        BodyError::Json(why) => syntax(format!("the body is no JSON: {why}")),
    })?;
    match body {
        Value::Object(body) => Ok(body),
        _ => Err(syntax("the body is no JSON object".into())),
    }
}

fn create(call: &mut Call<'_, '_>) -> Result<Answer, Refusal> {
    let organization = authorize(call, "managed-users/create")?;
    let body = body_of(call.request)?;
    let mut attributes = writable(body);
    attributes.entry("active").or_insert(Value::Bool(true));
    let user = add(call.documents, &organization, attributes, call.now)?;
    let view = user.view();
    Ok(scim(201, &view).with("location", format!("https://iam.twilio.com/scim/v2/Users/{}", user.sid)))
}

/// Makes a user, by request or seed.
pub(super) fn add(
    documents: &mut Transaction<'_>,
    organization: &Organization,
    attributes: Map<String, Value>,
    now: Timestamp,
) -> Result<User, Refusal> {
    check(documents, organization, None, &attributes)?;
    let at = ids::millis(now);
    let mut user = User {
        sid: format!("US{}", ids::hex32()),
        attributes,
        version: 1,
        created: at.clone(),
        modified: at,
        suspended: false,
        sso_profile: None,
    };
    // Whoever joins an enforced domain uses SSO after the first sign-in.
    user.sso_profile = sso::enforcing(documents, &organization.sid, &user.domain()).map(|profile| profile.id);
    user.save(documents, &organization.sid);
    Ok(user)
}

/// What of a body counts: writable attributes that are set.
fn writable(body: Map<String, Value>) -> Map<String, Value> {
    body.into_iter().filter(|(key, value)| WRITABLE.contains(&key.as_str()) && !value.is_null()).collect()
}

fn replace(call: &mut Call<'_, '_>, sid: &str) -> Result<Answer, Refusal> {
    let organization = authorize(call, "managed-users/update")?;
    let user = existing(call.documents, &organization, sid)?;
    let body = body_of(call.request)?;
    // The header counts before the body; without either there is no lock.
    let in_body = body.get("meta").and_then(|meta| meta["version"].as_str()).map(str::to_owned);
    let expected = call.request.header("if-match").map(str::to_owned).or(in_body);
    check_version(&user, expected.as_deref())?;
    let mut attributes = writable(body);
    // What happens to `active` where it is left out is not documented: it stays here.
    attributes.entry("active").or_insert(Value::Bool(user.is_active()));
    update(call, &organization, user, attributes)
}

fn modify(call: &mut Call<'_, '_>, sid: &str) -> Result<Answer, Refusal> {
    let organization = authorize(call, "managed-users/update")?;
    let user = existing(call.documents, &organization, sid)?;
    check_version(&user, call.request.header("if-match"))?;
    let attributes = patch::apply(user.attributes.clone(), &body_of(call.request)?)?;
    update(call, &organization, user, attributes)
}

fn update(
    call: &mut Call<'_, '_>,
    organization: &Organization,
    user: User,
    attributes: Map<String, Value>,
) -> Result<Answer, Refusal> {
    check_writable(organization, &user)?;
    check(call.documents, organization, Some(&user), &attributes)?;
    let user = User { attributes, version: user.version + 1, modified: ids::millis(call.now), ..user };
    user.save(call.documents, &organization.sid);
    Ok(scim(200, &user.view()))
}

fn deactivate(call: &mut Call<'_, '_>, sid: &str) -> Result<Answer, Refusal> {
    let organization = authorize(call, "managed-users/delete")?;
    let mut user = existing(call.documents, &organization, sid)?;
    check_writable(&organization, &user)?;
    user.attributes.insert("active".into(), Value::Bool(false));
    user.version += 1;
    user.modified = ids::millis(call.now);
    user.save(call.documents, &organization.sid);
    Ok(Answer::no_content())
}

fn check_version(user: &User, expected: Option<&str>) -> Result<(), Refusal> {
    match expected {
        Some(expected) if expected != user.version_text() => Err(Refusal::new(
            409,
            20409,
            format!("The version {expected} is not the current version of the user"),
        )),
        _ => Ok(()),
    }
}

fn check_writable(organization: &Organization, user: &User) -> Result<(), Refusal> {
    let refuse = |why: &str| Err(Refusal::scim_of(20001, "mutability", format!("{} cannot be updated", why)));
    if organization.owner == user.sid {
        return refuse("The Organization Owner");
    }
    if user.suspended { refuse("A suspended user") } else { Ok(()) }
}

/// Checks what a user would be like. `before` is the user as it is, if there is one.
fn check(
    documents: &Transaction<'_>,
    organization: &Organization,
    before: Option<&User>,
    attributes: &Map<String, Value>,
) -> Result<(), Refusal> {
    let text = |key: &str| attributes.get(key).map(|value| value.as_str().unwrap_or_default());
    let user_name = text("userName").unwrap_or_default();
    let is_address = user_name
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.contains('@'));
    if !(2..=255).contains(&user_name.chars().count()) || !is_address {
        return Err(Refusal::scim_of(
            25005,
            "invalidValue",
            "userName must be an email address of 2 to 255 characters",
        ));
    }
    for (key, least, most) in
        [("externalId", 2, 255), ("displayName", 0, 255), ("locale", 0, 255), ("timezone", 0, 255)]
    {
        if let Some(value) = attributes.get(key) {
            check_text(key, value, least, most)?;
        }
    }
    if let Some(name) = attributes.get("name") {
        let Value::Object(name) = name else { return Err(Refusal::value("name must be an object")) };
        for key in ["givenName", "familyName"] {
            if let Some(value) = name.get(key).filter(|value| !value.is_null()) {
                check_text(&format!("name.{key}"), value, 0, 255)?;
            }
        }
    }
    if attributes.get("active").is_some_and(|value| !value.is_boolean()) {
        return Err(Refusal::value("active must be a boolean"));
    }
    let primary = primary_email(attributes)?;
    if !primary.eq_ignore_ascii_case(user_name) {
        return Err(Refusal::scim_of(25014, "invalidValue", "The primary email must match the userName"));
    }
    let domain = user_name.rsplit_once('@').map(|(_, domain)| domain.to_lowercase()).unwrap_or_default();
    let is_new_address = before.is_none_or(|user| user.email() != user_name.to_lowercase());
    if is_new_address
        && !domain::by_name(documents, &organization.sid, &domain).is_some_and(|it| it.is_verified())
    {
        return Err(Refusal::scim_of(
            25017,
            "invalidValue",
            format!("The email domain {domain} is not verified in the organization"),
        ));
    }
    check_unique(documents, organization, before, attributes, user_name)
}

fn check_text(key: &str, value: &Value, least: usize, most: usize) -> Result<(), Refusal> {
    match value.as_str().map(|text| text.chars().count()) {
        Some(length) if (least..=most).contains(&length) => Ok(()),
        Some(_) => Err(Refusal::value(format!("{key} must have {least} to {most} characters"))),
        None => Err(Refusal::value(format!("{key} must be a string"))),
    }
}

/// The primary address; of several one has to be it.
fn primary_email(attributes: &Map<String, Value>) -> Result<&str, Refusal> {
    let emails = attributes.get("emails").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for email in emails {
        check_text("emails.value", &email["value"], 2, 160)?;
        if let Some(kind) = email.get("type").filter(|kind| !kind.is_null()) {
            check_text("emails.type", kind, 0, 64)?;
        }
    }
    let primaries: Vec<&Value> = emails.iter().filter(|email| email["primary"] == true).collect();
    let primary = match (emails, primaries.as_slice()) {
        ([], _) => return Err(Refusal::value("emails must have at least one email")),
        (_, [primary]) => primary,
        ([only], []) => only,
        _ => return Err(Refusal::value("exactly one email must be primary")),
    };
    Ok(primary["value"].as_str().unwrap_or_default())
}

fn check_unique(
    documents: &Transaction<'_>,
    organization: &Organization,
    before: Option<&User>,
    attributes: &Map<String, Value>,
    user_name: &str,
) -> Result<(), Refusal> {
    let uniqueness = |code: u32, message: String| Refusal {
        scim_type: Some("uniqueness"),
        ..Refusal::new(409, code, message)
    };
    let sid = before.map(|user| user.sid.as_str()).unwrap_or_default();
    let is_new_address = before.is_none_or(|user| !user.email().eq_ignore_ascii_case(user_name));
    let external = attributes
        .get("externalId")
        .filter(|id| before.is_none_or(|it| it.attributes.get("externalId") != Some(*id)));
    // An address is one Twilio user's, whatever organization that is in.
    if is_new_address {
        let is_taken =
            |other: &Organization| by_email(documents, &other.sid, user_name).is_some_and(|it| it.sid != sid);
        if document::all(documents).iter().any(is_taken) {
            return Err(uniqueness(20409, format!("A user with the userName {user_name} exists already")));
        }
    }
    if let Some(external) = external
        && all(documents, &organization.sid)
            .iter()
            .any(|it| it.sid != sid && it.attributes.get("externalId") == Some(external))
    {
        return Err(uniqueness(25022, "A user with this externalId exists already".to_owned()));
    }
    Ok(())
}
