//! What the Directory API sends and takes (discovery revision 20261104). Everything may be null or missing; of a schema everything is kept,
//! because an update replaces all of it.

use std::{collections::BTreeSet, fmt};

use serde::Deserialize;
use serde_json::{Value, json};

/// A JSON object.
pub(super) type Object = serde_json::Map<String, Value>;

/// The custom field that holds the ownership marker: in a schema as the field's display name, for a person as its value.
pub(super) const MARK_FIELD: &str = "Concord";

/// What stands between the parts of a mark.
const SEPARATOR: &str = " | ";

/// What Concord notes on a schema or a person: `<marker> | <what was applied> | <keys>`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// The ownership marker.
    pub(super) marker: String,
    /// What was last applied.
    pub(super) applied: String,
    /// The custom fields that are Concord's, of a person.
    pub(super) keys: Vec<String>,
}

impl Mark {
    /// Reads a mark; `None` if the text is something else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        // Read from the end: an address in the marker may have anything in it.
        let (rest, keys) = text.trim_end().rsplit_once(SEPARATOR.trim_end())?;
        // The blank before an empty note belongs to the separator: without it the marker would be lost.
        let (marker, applied) = rest.rsplit_once(SEPARATOR)?;
        Some(Self {
            marker: marker.to_owned(),
            applied: applied.to_owned(),
            keys: keys.split(',').map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned).collect(),
        })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { marker, applied, keys } = self;
        write!(f, "{marker}{SEPARATOR}{applied}{SEPARATOR}{}", keys.join(","))
    }
}

/// A page of `users.list`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Users {
    #[serde(default)]
    pub(super) users: Option<Vec<User>>,
    #[serde(default)]
    pub(super) next_page_token: Option<String>,
}

/// A user, as far as Concord asks for it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) id: String,
    #[serde(default)]
    primary_email: Option<String>,
    #[serde(default)]
    name: Option<UserName>,
    #[serde(default)]
    suspended: Option<bool>,
    #[serde(default)]
    archived: Option<bool>,
    #[serde(default)]
    aliases: Option<Vec<String>>,
    #[serde(default)]
    custom_schemas: Option<Object>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserName {
    #[serde(default)]
    full_name: Option<String>,
    #[serde(default)]
    given_name: Option<String>,
    #[serde(default)]
    family_name: Option<String>,
}

impl User {
    /// The primary e-mail address in lower case. Aliases are none: Google asserts the primary address.
    pub(super) fn address(&self) -> Option<String> {
        self.primary_email.as_ref().map(|email| email.to_lowercase()).filter(|email| !email.is_empty())
    }

    /// Further addresses under which mail comes, in lower case.
    pub(super) fn aliases(&self) -> BTreeSet<String> {
        self.aliases.iter().flatten().map(|alias| alias.to_lowercase()).collect()
    }

    /// The full name.
    pub(super) fn name(&self) -> Option<String> {
        let name = self.name.as_ref()?;
        let full = name.full_name.clone().filter(|it| !it.trim().is_empty());
        full.or_else(|| {
            let parts: Vec<&str> =
                [&name.given_name, &name.family_name].into_iter().flatten().map(String::as_str).collect();
            Some(parts.join(" ").trim().to_owned()).filter(|it| !it.is_empty())
        })
    }

    /// Whether the user can sign in.
    pub(super) fn is_active(&self) -> bool {
        !self.suspended.unwrap_or_default() && !self.archived.unwrap_or_default()
    }

    /// The values in a schema.
    pub(super) fn values(&self, schema: &str) -> Option<&Object> {
        self.custom_schemas.as_ref()?.get(schema)?.as_object()
    }

    /// What Concord noted among the values of a schema.
    pub(super) fn mark(&self, schema: &str) -> Option<Mark> {
        Mark::parse(self.values(schema)?.get(MARK_FIELD)?.as_str()?)
    }
}

/// The values of a custom field: one, or `[{value, type?, customType?}]` of a field with several.
pub(super) fn values_of(json: &Value) -> Value {
    match json {
        Value::Array(items) => {
            items.iter().map(|item| item.get("value").cloned().unwrap_or_else(|| item.clone())).collect()
        }
        other => other.clone(),
    }
}

/// What is sent for the values of a custom field.
pub(super) fn sent(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| json!({"value": item})).collect(),
        other => other.clone(),
    }
}

/// `schemas.list`.
#[derive(Debug, Deserialize)]
pub(super) struct Schemas {
    #[serde(default)]
    pub(super) schemas: Option<Vec<Schema>>,
}

/// A custom schema, with everything that Google has in it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub(super) struct Schema(pub(super) Object);

impl Schema {
    fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn id(&self) -> &str {
        self.text("schemaId")
    }

    pub(super) fn name(&self) -> &str {
        self.text("schemaName")
    }

    /// What the Admin console shows.
    pub(super) fn display_name(&self) -> &str {
        match self.text("displayName") {
            "" => self.name(),
            shown => shown,
        }
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = &Object> {
        self.0.get("fields").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
    }

    pub(super) fn field(&self, name: &str) -> Option<&Object> {
        self.fields().find(|field| field_name(field) == name)
    }

    /// What Concord noted on the schema.
    pub(super) fn mark(&self) -> Option<Mark> {
        Mark::parse(self.field(MARK_FIELD)?.get("displayName")?.as_str()?)
    }
}

/// The name of a schema's field.
pub(super) fn field_name(field: &Object) -> &str {
    field.get("fieldName").and_then(Value::as_str).unwrap_or_default()
}

/// A page of `members.list`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Members {
    #[serde(default)]
    pub(super) members: Option<Vec<GroupMember>>,
    #[serde(default)]
    pub(super) next_page_token: Option<String>,
}

/// A member of a group: a user, another group, or somebody of another organization.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct GroupMember {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) email: Option<String>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nulls_and_unknown_fields_do_no_harm() {
        let user: User = serde_json::from_value(json!({
            "id": "1", "primaryEmail": "Ann@Connie.One", "name": {"givenName": "Ann", "familyName": "Lee", "fullName": null},
            "suspended": null, "customSchemas": {"Flex_Details": {"Roles": [{"value": "agent", "type": "work"}], "Concord": "x"}, "Other": null},
            "unknown": 1,
        }))
        .unwrap();
        assert_eq!(user.address().as_deref(), Some("ann@connie.one"));
        assert_eq!(user.name().as_deref(), Some("Ann Lee"));
        assert!(user.is_active());
        assert_eq!(values_of(&user.values("Flex_Details").unwrap()["Roles"]), json!(["agent"]));
        assert_eq!(user.mark("Flex_Details"), None);
        assert_eq!(user.values("Other"), None);
        let schemas: Schemas = serde_json::from_value(json!({"kind": "x", "schemas": null})).unwrap();
        assert!(schemas.schemas.is_none());
        assert!(serde_json::from_value::<User>(json!({"primaryEmail": "a@b"})).is_err());
    }

    #[test]
    fn several_values_travel_as_objects() {
        assert_eq!(sent(&json!(["agent", "admin"])), json!([{"value": "agent"}, {"value": "admin"}]));
        assert_eq!(sent(&json!("Ann Lee")), json!("Ann Lee"));
        assert_eq!(sent(&Value::Null), Value::Null);
    }

    proptest! {
        #[test]
        fn a_mark_reads_back(marker in "[a-z0-9/|: @.]{0,20}[a-z]", keys in prop::collection::vec("[A-Za-z][A-Za-z0-9_-]{0,9}", 0..4)) {
            let mark = Mark { marker, applied: "3fa9c1d2e4b5 forget".to_owned(), keys };
            prop_assert_eq!(Mark::parse(&mark.to_string()), Some(mark));
        }
    }
}
