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

use crate::sandbox::login::{Assertion, Refused, SignIn};
use crate::sandbox::store::Transaction;

use super::tenant::{TENANTS, table};
use super::{bindings, keys, users};

const MARK: &str = "// concord:attributes ";

/// The application that is signed in to.
#[derive(Clone, Copy, Debug)]
struct Application<'a> {
    id: &'a str,
    name: &'a str,
}

/// Answers the service provider's request as the tenant behind its single sign-on URL would.
pub(crate) fn respond(documents: &mut Transaction<'_>, attempt: &SignIn<'_>) -> Result<Assertion, Refused> {
    let tenant = attempt.sso_url.host_str().unwrap_or_default();
    if documents.get(TENANTS, tenant).is_none() {
        return Err(Refused::new("idp_not_reachable", format!("{tenant} does not exist")));
    }
    let not_found = |what: &str| {
        Refused::new(
            "idp_not_found",
            format!("the identity provider answered 404 at {}: {what}", attempt.sso_url),
        )
    };
    let client_id = attempt.sso_url.path().strip_prefix("/samlp/").unwrap_or_default();
    let client = documents
        .get(&table(tenant, "clients"), client_id)
        .cloned()
        .ok_or_else(|| not_found("there is no such application"))?;
    let samlp = client.get("addons").and_then(|a| a.get("samlp"));
    let samlp = samlp.ok_or_else(|| not_found("SAML is not enabled for the application"))?;
    let callbacks = client.get("callbacks").map(texts).unwrap_or_default();
    if !callbacks.iter().any(|c| c == attempt.acs_url) {
        let message = format!("the application does not allow the callback URL {}", attempt.acs_url);
        return Err(Refused::new("callback_mismatch", message));
    }
    let connection = attempt.sso_url.query_pairs().find(|(name, _)| name == "connection");
    let connection = connection.map(|(_, value)| value.into_owned());
    if let Some(name) = &connection
        && documents.get(&table(tenant, "connections"), name).is_none()
    {
        return Err(Refused::new("connection_not_found", format!("the connection {name} does not exist")));
    }
    let user = user_by_email(documents, tenant, attempt.email, connection.as_deref()).ok_or_else(|| {
        Refused::new("user_not_found", format!("{} does not exist in {tenant}", attempt.email))
    })?;
    if user.values("blocked") == ["true"] {
        return Err(Refused::new("user_blocked", format!("{} is blocked", attempt.email)));
    }
    let name = client.get("name").and_then(Value::as_str).unwrap_or_default();
    let application = Application { id: client_id, name };
    let mut attributes = user.mapped(samlp);
    attributes.extend(attributes_of_actions(documents, tenant, application, &user, attempt.now));
    let text =
        |name: &str, default: &str| samlp.get(name).and_then(Value::as_str).unwrap_or(default).to_owned();
    let response_signed = samlp.get("signResponse").and_then(Value::as_bool).unwrap_or_default();
    Ok(Assertion {
        issuer: text("issuer", &format!("urn:{tenant}")),
        certificate: keys::current(documents, tenant).map(|key| key.cert).unwrap_or_default(),
        // The documented defaults: what the request says.
        audience: text("audience", attempt.entity_id),
        recipient: text("recipient", attempt.acs_url),
        destination: text("destination", attempt.acs_url),
        response_signed,
        // Auth0 signs one of the two, never both.
        assertion_signed: !response_signed,
        encrypted: false,
        returns_relay_state: true,
        name_id_format: text("nameIdentifierFormat", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"),
        name_id: user.name_id(samlp),
        attributes,
    })
}

/// The user who signs in.
#[derive(Clone, Debug)]
struct SamlUser {
    document: Value,
}

fn user_by_email(
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
    Some(SamlUser { document: user.clone() })
}

impl SamlUser {
    /// The values at a dotted path of the user's document, as SAML would carry them.
    fn values(&self, path: &str) -> Vec<String> {
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
    fn name_id(&self, samlp: &Value) -> String {
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
    fn mapped(&self, samlp: &Value) -> BTreeMap<String, Vec<String>> {
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
fn attributes_of_actions(
    documents: &mut Transaction<'_>,
    tenant: &str,
    application: Application<'_>,
    user: &SamlUser,
    now: Timestamp,
) -> BTreeMap<String, Vec<String>> {
    let mut attributes = BTreeMap::new();
    for action in bindings::bound(documents, tenant, "post-login", now) {
        for entry in action.deployed_code().into_iter().flat_map(entries) {
            let for_other =
                entry.client.as_ref().is_some_and(|c| c != application.id && c != application.name);
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
        let user = SamlUser { document };
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
