//! What a tenant would put into a SAML response for a user of an application: the identity provider's half of a test login. The
//! code of Actions is not run; a line that Concord's generator writes into it says what it would set:
//!
//! ```js
//! // concord:attributes [{"name":"roles","path":"app_metadata.flex.roles","required":true}]
//! ```
//!
//! An entry has `name` and either `path` (into the user's document) or `value`; `required` is for people; with `client`, a client ID or
//! name, it counts for that application only.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::sandbox::store::Transaction;

use super::tenant::{TENANTS, table};
use super::{bindings, users};

const MARK: &str = "// concord:attributes ";

/// An application as the login needs it.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    pub(crate) client_id: String,
    pub(crate) name: String,
    pub(crate) callbacks: Vec<String>,
    /// `addons.samlp`, where the application speaks SAML.
    pub(crate) samlp: Option<Value>,
}

/// The application behind a client ID. `None` also where the tenant does not exist.
pub(crate) fn application(documents: &Transaction<'_>, tenant: &str, client_id: &str) -> Option<Application> {
    documents.get(TENANTS, tenant)?;
    let client = documents.get(&table(tenant, "clients"), client_id)?;
    let callbacks = client.get("callbacks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Some(Application {
        client_id: client_id.to_owned(),
        name: client.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        callbacks: callbacks.iter().filter_map(|c| c.as_str().map(str::to_owned)).collect(),
        samlp: client.get("addons").and_then(|a| a.get("samlp")).cloned(),
    })
}

/// A user as the login needs it.
#[derive(Clone, Debug)]
pub(crate) struct SamlUser {
    pub(crate) document: Value,
    pub(crate) blocked: bool,
}

/// The user with this e-mail address, in the connection where one is named.
pub(crate) fn user_by_email(
    documents: &Transaction<'_>,
    tenant: &str,
    email: &str,
    connection: Option<&str>,
) -> Option<SamlUser> {
    let email = email.to_lowercase();
    let (_, user) = documents.list(&table(tenant, "users")).find(|(_, user)| {
        user.get("email").and_then(Value::as_str) == Some(&email)
            && connection.is_none_or(|c| users::in_connection(user, c))
    })?;
    let blocked = user.get("blocked").and_then(Value::as_bool).unwrap_or_default();
    Some(SamlUser { document: user.clone(), blocked })
}

impl SamlUser {
    /// The values at a dotted path of the user's document, as SAML would carry them.
    pub(crate) fn values(&self, path: &str) -> Vec<String> {
        let mut value = &self.document;
        for part in path.split('.') {
            match value.get(part) {
                Some(inner) => value = inner,
                None => return Vec::new(),
            }
        }
        texts(value)
    }

    /// The NameID: the first probe that the user has, else the user's id, as Auth0 does without probes.
    pub(crate) fn name_id(&self, samlp: &Value) -> String {
        let probes = samlp
            .get("nameIdentifierProbes")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        for probe in probes.iter().filter_map(Value::as_str) {
            let field = match probe.rsplit('/').next().unwrap_or_default() {
                "nameidentifier" => "user_id",
                "emailaddress" => "email",
                _ => probe,
            };
            if let Some(value) = self.values(field).into_iter().next() {
                return value;
            }
        }
        self.values("user_id").into_iter().next().unwrap_or_default()
    }

    /// What the addon's mappings assert: profile field to one attribute name or several.
    pub(crate) fn mapped(&self, samlp: &Value) -> BTreeMap<String, Vec<String>> {
        let mut attributes = BTreeMap::new();
        for (field, names) in samlp.get("mappings").and_then(Value::as_object).into_iter().flatten() {
            let values = self.values(field);
            if values.is_empty() {
                continue;
            }
            for name in texts(names) {
                attributes.insert(name, values.clone());
            }
        }
        attributes
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Null | Value::Object(_) => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        other => vec![other.to_string()],
    }
}

#[derive(Debug, Deserialize)]
struct Entry {
    name: String,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    value: Option<Value>,
    #[serde(default)]
    client: Option<String>,
}

/// What the bound and deployed post-login Actions set, in their order; a later one overrides.
pub(crate) fn attributes_of_actions(
    documents: &mut Transaction<'_>,
    tenant: &str,
    application: &Application,
    user: &SamlUser,
    now: Timestamp,
) -> BTreeMap<String, Vec<String>> {
    let mut attributes = BTreeMap::new();
    for action in bindings::bound(documents, tenant, "post-login", now) {
        for entry in action.deployed_code().into_iter().flat_map(entries) {
            let for_other =
                entry.client.as_ref().is_some_and(|c| *c != application.client_id && *c != application.name);
            if for_other {
                continue;
            }
            let values = match (&entry.value, &entry.path) {
                (Some(value), _) => texts(value),
                (None, Some(path)) => user.values(path),
                (None, None) => Vec::new(),
            };
            if !values.is_empty() {
                attributes.insert(entry.name, values);
            }
        }
    }
    attributes
}

fn entries(code: &str) -> Vec<Entry> {
    code.lines()
        .filter_map(|line| line.trim().strip_prefix(MARK))
        .filter_map(|json| serde_json::from_str::<Vec<Entry>>(json).ok())
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn name_id_and_mappings_follow_the_addon() {
        let document =
            json!({"user_id": "auth0|1", "email": "a@b.c", "name": "A", "app_metadata": {"x": [1, "y"]}});
        let user = SamlUser { document, blocked: false };
        assert_eq!(user.name_id(&json!({})), "auth0|1");
        let claim = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
        assert_eq!(user.name_id(&json!({"nameIdentifierProbes": ["nothing", claim]})), "a@b.c");
        let mapped = user
            .mapped(&json!({"mappings": {"email": ["email", "mail"], "absent": "b", "app_metadata.x": "x"}}));
        let expected = [("email", vec!["a@b.c"]), ("mail", vec!["a@b.c"]), ("x", vec!["1", "y"])];
        let expected: BTreeMap<_, Vec<String>> = expected
            .into_iter()
            .map(|(n, v)| (n.to_owned(), v.into_iter().map(str::to_owned).collect()))
            .collect();
        assert_eq!(mapped, expected);
    }

    #[test]
    fn the_marked_line_is_read_and_nothing_else() {
        let code = "let a;\n  // concord:attributes [{\"name\":\"roles\",\"path\":\"x\",\"required\":true}]\n// concord:attributes nonsense\n";
        let entries = entries(code);
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].name, "roles");
    }
}
