//! What SCIM 2.0 (RFC 7643, as Twilio serves it at `iam.twilio.com/scim/v2`) and IAM v2 send and take. A user is kept as the raw object,
//! because a PUT replaces the whole of it.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::http::{HttpError, Response};

/// The schema of a user (RFC 7643 section 4.1).
const USER_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// A managed user: the object as it was read. What is null or missing reads as not set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub(super) struct User(Map<String, Json>);

impl User {
    /// `US` and 32 hexadecimal digits.
    pub(super) fn id(&self) -> &str {
        self.text("id").unwrap_or_default()
    }

    /// The user name; Twilio wants it to be the primary e-mail address.
    pub(super) fn user_name(&self) -> Option<&str> {
        self.text("userName")
    }

    /// The primary e-mail address: the one that says so, or the only one.
    pub(super) fn primary_email(&self) -> Option<&str> {
        let emails = self.0.get("emails").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let primary = emails.iter().find(|email| email["primary"] == true);
        primary.or(if emails.len() == 1 { emails.first() } else { None })?["value"].as_str()
    }

    /// The address by which the person is known, lower case: the user name, where there is one.
    pub(super) fn email(&self) -> Option<String> {
        let email = self.user_name().or_else(|| self.primary_email())?.trim();
        (!email.is_empty()).then(|| email.to_lowercase())
    }

    pub(super) fn display_name(&self) -> Option<&str> {
        self.text("displayName")
    }

    pub(super) fn given_name(&self) -> Option<&str> {
        self.name("givenName")
    }

    pub(super) fn family_name(&self) -> Option<&str> {
        self.name("familyName")
    }

    /// The full name: the display name, or what first and last name make.
    pub(super) fn full_name(&self) -> Option<String> {
        let is_blank = |text: &&str| !text.trim().is_empty();
        if let Some(name) = self.display_name().filter(is_blank) {
            return Some(name.to_owned());
        }
        let parts: Vec<&str> =
            [self.given_name(), self.family_name()].into_iter().flatten().filter(is_blank).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    /// Whether the person can sign in; a user of whom it is not said can.
    pub(super) fn is_active(&self) -> bool {
        self.0.get("active").and_then(Json::as_bool).unwrap_or(true)
    }

    /// The version for `If-Match`, for instance `W/13`.
    pub(super) fn version(&self) -> Option<&str> {
        self.0.get("meta")?["version"].as_str()
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Json::as_str)
    }

    fn name(&self, key: &str) -> Option<&str> {
        self.0.get("name").and_then(|name| name[key].as_str())
    }

    /// A user to be made.
    pub(super) fn new(email: &str) -> Self {
        let body = json!({
            "schemas": [USER_SCHEMA],
            "userName": email,
            "emails": [{"primary": true, "value": email, "type": "work"}],
            "active": true,
        });
        Self(body.as_object().cloned().unwrap_or_default())
    }

    /// Sets one of the texts at the top; nothing is sent for `None`, which leaves it out of a new user.
    pub(super) fn set(&mut self, key: &str, value: Json) {
        self.0.insert(key.to_owned(), value);
    }

    /// Sets a part of the name, and keeps the others.
    pub(super) fn set_name(&mut self, key: &str, value: Json) {
        let name = self.0.entry("name").or_insert_with(|| json!({}));
        if !name.is_object() {
            *name = json!({});
        }
        name[key] = value;
    }

    /// Sets the user name and the primary e-mail address, which have to be the same. Other addresses stay.
    pub(super) fn set_email(&mut self, email: &str) {
        self.set("userName", email.into());
        let emails = self.0.entry("emails").or_insert_with(|| json!([]));
        let mut list = emails.as_array().cloned().unwrap_or_default();
        let at =
            list.iter().position(|it| it["primary"] == true).or(if list.len() == 1 { Some(0) } else { None });
        match at {
            Some(at) => list[at]["value"] = email.into(),
            None => list.push(json!({"primary": true, "value": email, "type": "work"})),
        }
        *emails = list.into();
    }

    /// The body of a PUT: the object as it was read, without what is null, which is the same as not set and which the specification does
    /// not know.
    pub(super) fn body(&self) -> Json {
        without_nulls(&Json::Object(self.0.clone()))
    }
}

fn without_nulls(json: &Json) -> Json {
    match json {
        Json::Object(entries) => Json::Object(
            entries
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.clone(), without_nulls(value)))
                .collect(),
        ),
        Json::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// The list of users (RFC 7644 section 3.4.2). Twilio serves it whole.
#[derive(Debug, Deserialize)]
pub(super) struct UserPage {
    #[serde(rename = "Resources", default)]
    resources: Option<Vec<User>>,
    #[serde(rename = "totalResults", default)]
    total_results: Option<u64>,
}

impl UserPage {
    /// The users.
    ///
    /// # Errors
    /// The list has fewer users than it says, or one without an ID: who is missing in it would be made a second time.
    pub(super) fn users(self, response: &Response) -> Result<Vec<User>, HttpError> {
        let users = self.resources.unwrap_or_default();
        if self.total_results.is_some_and(|total| total > users.len() as u64) {
            return Err(response.undecodable("totalResults", "expected all users in one list"));
        }
        if users.iter().any(|user| user.id().is_empty()) {
            return Err(response.undecodable("Resources", "expected users with an `id`"));
        }
        Ok(users)
    }
}

/// A role that Twilio has for organizations and accounts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Role {
    /// `IX` and 32 hexadecimal digits.
    pub(super) sid: String,
    /// What it is called in the Console.
    #[serde(default)]
    pub(super) friendly_name: Option<String>,
}

/// A role that an identity has in a scope. It is never changed, only made and deleted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Assignment {
    /// `IY` and 32 hexadecimal digits.
    pub(super) sid: String,
    /// The role.
    pub(super) role_sid: String,
    /// The organization or the account.
    pub(super) scope: String,
    /// Who has it: a user.
    pub(super) identity: String,
    /// The one resource that it is for, where it is not for the whole scope.
    #[serde(default)]
    pub(super) resource_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(json: Json) -> User {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn nulls_and_missing_fields_read_as_not_set() {
        let bare = user(json!({"id": "US1", "userName": null, "emails": null, "name": null, "active": null}));
        assert_eq!((bare.email(), bare.full_name(), bare.version()), (None, None, None));
        assert!(bare.is_active());
        let by_email = user(json!({"id": "US1", "emails": [{"value": "Ann@Connie.one"}], "active": false}));
        assert_eq!(by_email.email().as_deref(), Some("ann@connie.one"));
        assert!(!by_email.is_active());
        let two =
            user(json!({"id": "US1", "emails": [{"value": "b@x.y"}, {"value": "a@x.y", "primary": true}]}));
        assert_eq!(two.primary_email(), Some("a@x.y"));
        let named =
            user(json!({"id": "US1", "name": {"givenName": "Ann", "familyName": " "}, "displayName": ""}));
        assert_eq!(named.full_name().as_deref(), Some("Ann"));
    }

    #[test]
    fn a_replacement_keeps_what_nobody_here_knows() {
        let mut user = user(json!({
            "id": "US1", "userName": "ann@connie.one", "meta": {"version": "W/3"}, "future": {"x": [1, null]},
            "name": {"familyName": "Lee", "honorific": "Dr"}, "locale": null, "active": true,
            "emails": [{"value": "ann@connie.one", "primary": true, "type": "work"}, {"value": "a@home.example"}],
        }));
        user.set_name("givenName", "Ann".into());
        user.set("active", false.into());
        user.set_email("ann.lee@connie.one");
        assert_eq!(
            user.body(),
            json!({
                "id": "US1", "userName": "ann.lee@connie.one", "meta": {"version": "W/3"}, "future": {"x": [1, null]},
                "name": {"givenName": "Ann", "familyName": "Lee", "honorific": "Dr"}, "active": false,
                "emails": [
                    {"value": "ann.lee@connie.one", "primary": true, "type": "work"}, {"value": "a@home.example"}
                ],
            })
        );
    }
}
