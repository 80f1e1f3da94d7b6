//! What the Management API v2 sends: typed as far as Concord reads it, raw where an update has to give everything back. Tolerates nulls
//! and fields that are not in the specification; secrets are dropped while reading.

use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// Fields of a client that are never kept.
pub(super) const SECRETS: [&str; 3] = ["client_secret", "signing_keys", "encryption_key"];

/// The keys of `client_metadata` that are Concord's.
pub(super) mod metadata {
    /// The ownership marker.
    pub(in super::super) const MARKER: &str = "concord";
    /// What was last applied.
    pub(in super::super) const APPLIED: &str = "concord_applied";
    /// The marker that an application had when it was let go, by which its Action goes on to know it.
    pub(in super::super) const FORMER: &str = "concord_was";
}

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// An application (Auth0 calls it a client), without its secrets.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Object")]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) name: String,
    /// Everything else, as it was read.
    pub(super) settings: Object,
}

impl TryFrom<Object> for Client {
    type Error = &'static str;

    fn try_from(mut settings: Object) -> Result<Self, Self::Error> {
        for secret in SECRETS {
            settings.remove(secret);
        }
        let mut text = |key: &str| match settings.remove(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let id = text("client_id").ok_or("missing field `client_id`")?;
        Ok(Self { id, name: text("name").unwrap_or_default(), settings })
    }
}

impl Client {
    /// The settings of an addon; `None` where it is off.
    pub(super) fn samlp(&self) -> Option<&Object> {
        self.settings.get("addons")?.get("samlp")?.as_object()
    }

    /// A text of `client_metadata`.
    pub(super) fn metadata(&self, key: &str) -> Option<&str> {
        self.settings.get("client_metadata")?.get(key)?.as_str()
    }
}

/// A page of `GET /clients?include_totals=true`.
#[derive(Debug, Deserialize)]
pub(super) struct ClientsPage {
    pub(super) start: u64,
    pub(super) total: u64,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) clients: Vec<Client>,
}

/// An Action.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct Action {
    pub(super) id: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) supported_triggers: Vec<Trigger>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) code: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) runtime: String,
    /// `pending`, `building`, `packaged`, `built`, `retrying` or `failed`.
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) all_changes_deployed: bool,
    /// The version that runs, if any.
    #[serde(default)]
    pub(super) deployed_version: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) dependencies: Vec<Value>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) secrets: Vec<SecretName>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) modules: Vec<Value>,
}

/// A trigger that an Action supports.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Trigger {
    pub(super) id: String,
}

/// A secret of an Action; its value is never answered.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct SecretName {}

impl Action {
    /// Whether what runs is what is written.
    pub(super) fn is_deployed(&self) -> bool {
        self.all_changes_deployed && self.is_built() && self.deployed_version.is_some()
    }

    /// Whether it can be deployed.
    pub(super) fn is_built(&self) -> bool {
        self.status.as_deref() == Some("built")
    }
}

/// A page of `GET /actions/actions`.
#[derive(Debug, Deserialize)]
pub(super) struct ActionsPage {
    #[serde(flatten)]
    pub(super) place: ActionsPlace,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) actions: Vec<Action>,
}

/// A page of `GET /actions/triggers/{trigger}/bindings`.
#[derive(Debug, Deserialize)]
pub(super) struct BindingsPage {
    #[serde(flatten)]
    pub(super) place: ActionsPlace,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) bindings: Vec<Binding>,
}

/// Which page it is, in the words of the Actions resources.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ActionsPlace {
    #[serde(default, deserialize_with = "null_as_default")]
    total: u64,
    #[serde(default, deserialize_with = "null_as_default")]
    page: u64,
    #[serde(default, deserialize_with = "null_as_default")]
    per_page: u64,
}

impl ActionsPlace {
    /// Whether a page with so many items is the last. The server may give fewer a page than was asked for.
    pub(super) fn is_last(&self, items: usize) -> bool {
        items == 0 || self.page.saturating_mul(self.per_page).saturating_add(items as u64) >= self.total
    }
}

/// An Action's place in a trigger's flow.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Binding {
    pub(super) id: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) display_name: String,
    #[serde(default)]
    pub(super) action: Option<BoundAction>,
}

/// The Action of a binding.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct BoundAction {
    pub(super) id: String,
}

impl Binding {
    /// The ID of its Action.
    pub(super) fn action_id(&self) -> Option<&str> {
        self.action.as_ref().map(|action| action.id.as_str())
    }
}

/// A signing key of the tenant.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct SigningKey {
    /// PEM.
    pub(super) cert: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) current: bool,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) next: bool,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) revoked: bool,
}

/// A user, as far as Concord asks for it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct User {
    pub(super) user_id: String,
    #[serde(default)]
    pub(super) email: Option<String>,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) blocked: bool,
    #[serde(default)]
    pub(super) created_at: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) app_metadata: Object,
}

/// The fields of [`User`], as the `fields` parameter wants them.
pub(super) const USER_FIELDS: &str = "user_id,email,name,blocked,created_at,app_metadata";

/// What Concord keeps in `app_metadata.concord`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct UserMark {
    /// The ownership marker.
    pub(super) marker: String,
    /// What was last applied.
    pub(super) applied: Option<String>,
    /// The keys of `flex` that are Concord's.
    pub(super) keys: Vec<String>,
}

impl User {
    /// The e-mail address in lower case.
    pub(super) fn address(&self) -> Option<String> {
        self.email.as_ref().map(|email| email.to_lowercase()).filter(|email| !email.is_empty())
    }

    /// `app_metadata.flex`, where it is an object.
    pub(super) fn flex(&self) -> Option<&Object> {
        self.app_metadata.get("flex")?.as_object()
    }

    /// What Concord noted on the user.
    pub(super) fn mark(&self) -> Option<UserMark> {
        let object = self.app_metadata.get("concord")?.as_object()?;
        let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
        let keys = object.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Some(UserMark {
            marker: text("marker")?,
            applied: text("applied"),
            keys: keys.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }
}

/// A page of `GET /users?include_totals=true`.
#[derive(Debug, Deserialize)]
pub(super) struct UsersPage {
    pub(super) start: u64,
    pub(super) total: u64,
    #[serde(deserialize_with = "null_as_default")]
    pub(super) users: Vec<User>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_client_is_read_without_its_secrets() {
        let client: Client = serde_json::from_value(json!({
            "client_id": "c1", "name": null, "client_secret": "s3cret", "signing_keys": [{"cert": "x"}],
            "addons": null, "client_metadata": {"concord": "m", "n": 1}, "unknown": {"x": 1},
        }))
        .unwrap();
        assert_eq!((client.id.as_str(), client.name.as_str()), ("c1", ""));
        assert!(SECRETS.iter().all(|secret| !client.settings.contains_key(*secret)));
        assert!(client.samlp().is_none());
        assert_eq!(client.metadata("concord"), Some("m"));
        assert_eq!(client.metadata("n"), None);
        assert!(serde_json::from_value::<Client>(json!({"name": "x"})).is_err());
    }

    #[test]
    fn nulls_and_unknown_fields_do_no_harm() {
        let action: Action = serde_json::from_value(json!({
            "id": "a", "code": null, "status": null, "supported_triggers": null, "secrets": [{"name": "x"}],
            "current_version": {"id": "v"}, "deployed_version": null, "all_changes_deployed": null,
        }))
        .unwrap();
        assert!(!action.is_deployed());
        assert_eq!(action.secrets.len(), 1);
        let user: User = serde_json::from_value(json!({
            "user_id": "u", "email": "Ann@X.Y", "blocked": null, "app_metadata": {"concord": {"marker": "m", "keys": null}},
        }))
        .unwrap();
        assert_eq!(user.address().as_deref(), Some("ann@x.y"));
        assert_eq!(user.mark(), Some(UserMark { marker: "m".to_owned(), ..UserMark::default() }));
    }

    #[test]
    fn the_last_page_is_told_by_the_total_and_not_by_a_short_page() {
        let page = |total, page, per_page| ActionsPlace { total, page, per_page };
        assert!(!page(120, 0, 50).is_last(50), "the server gives 50 although 100 were asked for");
        assert!(page(120, 2, 50).is_last(20));
        assert!(page(0, 0, 50).is_last(0));
    }
}
