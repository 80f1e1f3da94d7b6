//! What the management API sends: typed as far as Concord reads it, raw where an update has to give everything back. Nulls are read as
//! nothing: Okta sends them where its specification has texts.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::saml::Certificate;

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// Parts of an application that are answers only and never sent back.
pub(super) const ANSWER_ONLY: &[&str] =
    &["_links", "_embedded", "created", "lastUpdated", "orn", "universalLogout"];
/// Parts of `credentials.signing` that are answers only.
pub(super) const SIGNING_ANSWER_ONLY: &[&str] = &["lastRotated", "nextRotation"];

/// An application as it was read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Object")]
pub(super) struct App {
    pub(super) id: String,
    /// Everything, as it was read.
    pub(super) raw: Value,
}

impl TryFrom<Object> for App {
    type Error = &'static str;

    fn try_from(raw: Object) -> Result<Self, Self::Error> {
        let id = raw.get("id").and_then(Value::as_str).ok_or("missing field `id`")?.to_owned();
        Ok(Self { id, raw: Value::Object(raw) })
    }
}

impl App {
    fn text(&self, pointer: &str) -> Option<&str> {
        self.raw.pointer(pointer)?.as_str()
    }

    pub(super) fn label(&self) -> &str {
        self.text("/label").unwrap_or_default()
    }

    pub(super) fn is_active(&self) -> bool {
        self.text("/status") == Some("ACTIVE")
    }

    /// Where assertions are sent.
    pub(super) fn acs_url(&self) -> Option<&str> {
        self.text("/settings/signOn/ssoAcsUrl")
    }

    /// The ID of the key that signs.
    pub(super) fn kid(&self) -> Option<&str> {
        self.text("/credentials/signing/kid")
    }

    /// What the administrators' note says.
    pub(super) fn notes(&self) -> Notes {
        Notes::parse(self.text("/settings/notes/admin").unwrap_or_default())
    }
}

const MARKER: &str = "concord: ";
const APPLIED: &str = "concord-applied: ";
const IDP: &str = "concord-idp: ";
const KEY: &str = "concord-key: ";
const SIGNS: &str = "concord-signs: ";

/// A key of an application that Concord made, or is about to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedKey {
    /// What the manifests call it.
    pub(super) name: String,
    /// Its ID, or when it was asked for.
    pub(super) state: KeyState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyState {
    /// It exists, with this ID.
    Made(String),
    /// It was asked for when the newest key was of this time, by Okta's clock: a newer one is it, whose answer was lost.
    Asked(String),
}

impl NamedKey {
    fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once(' ')?;
        let state = match rest.trim().split_once(' ') {
            Some(("asked", at)) => KeyState::Asked(at.trim().to_owned()),
            None if !rest.trim().is_empty() => KeyState::Made(rest.trim().to_owned()),
            _ => return None,
        };
        Some(Self { name: name.to_owned(), state })
    }

    fn to_text(&self) -> String {
        match &self.state {
            KeyState::Made(kid) => format!("{KEY}{} {kid}", self.name),
            KeyState::Asked(at) => format!("{KEY}{} asked {at}", self.name),
        }
    }

    /// Its ID, where it is known.
    pub(super) fn kid(&self) -> Option<&str> {
        match &self.state {
            KeyState::Made(kid) => Some(kid),
            KeyState::Asked(_) => None,
        }
    }
}

/// The administrators' note of an application: Concord's lines, and everybody else's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Notes {
    /// The ownership marker.
    pub(super) marker: Option<String>,
    /// What was last applied.
    pub(super) applied: Option<String>,
    /// Issuer and sign-on URL, kept because Okta gives no metadata of an application that is not active.
    pub(super) idp: Option<(String, String)>,
    /// The keys that the manifests named.
    pub(super) keys: Vec<NamedKey>,
    /// The ID of the key that Concord had the application sign with last: whatever else signs is somebody else's doing.
    pub(super) signs: Option<String>,
    /// The other lines, as they are.
    pub(super) others: Vec<String>,
}

impl Notes {
    pub(super) fn parse(text: &str) -> Self {
        let mut notes = Self::default();
        for line in text.lines() {
            let value = |prefix: &str| line.strip_prefix(prefix).map(|rest| rest.trim().to_owned());
            if let Some(marker) = value(MARKER) {
                notes.marker = Some(marker);
            } else if let Some(applied) = value(APPLIED) {
                notes.applied = Some(applied);
            } else if let Some(idp) = value(IDP) {
                notes.idp =
                    idp.split_once(' ').map(|(issuer, url)| (issuer.to_owned(), url.trim().to_owned()));
            } else if let Some(key) = value(KEY).as_deref().and_then(NamedKey::parse) {
                notes.keys.push(key);
            } else if let Some(kid) = value(SIGNS) {
                notes.signs = Some(kid);
            } else {
                notes.others.push(line.to_owned());
            }
        }
        notes
    }

    /// The note without anything of Concord's.
    pub(super) fn others_only(&self) -> String {
        self.others.join("\n")
    }

    pub(super) fn to_text(&self) -> String {
        let mut lines = self.others.clone();
        lines.extend(self.marker.as_ref().map(|marker| format!("{MARKER}{marker}")));
        lines.extend(self.applied.as_ref().map(|applied| format!("{APPLIED}{applied}")));
        lines.extend(self.idp.as_ref().map(|(issuer, url)| format!("{IDP}{issuer} {url}")));
        lines.extend(self.keys.iter().map(NamedKey::to_text));
        lines.extend(self.signs.as_ref().map(|kid| format!("{SIGNS}{kid}")));
        lines.join("\n")
    }

    /// The key of a name.
    pub(super) fn key(&self, name: &str) -> Option<&NamedKey> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// Puts a key in place of another of its name.
    pub(super) fn set_key(&mut self, key: NamedKey) {
        self.keys.retain(|other| other.name != key.name);
        self.keys.push(key);
    }
}

/// Somebody's assignment to an application.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct AppUser {
    pub(super) id: String,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    credentials: Option<AppUserCredentials>,
    #[serde(default, rename = "_embedded")]
    embedded: Option<Embedded>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AppUserCredentials {
    #[serde(default)]
    user_name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Embedded {
    #[serde(default)]
    user: Option<User>,
}

impl AppUser {
    /// Who it is, for people: the address, where the list was asked for it, else the name in the application, else the ID.
    pub(super) fn who(&self) -> String {
        let email = self.embedded.as_ref().and_then(|it| it.user.as_ref()).and_then(User::email);
        let user_name = || self.credentials.as_ref()?.user_name.clone().filter(|name| !name.is_empty());
        email.or_else(user_name).unwrap_or_else(|| self.id.clone())
    }

    /// Whether it was made for the person, and not for a group.
    pub(super) fn is_direct(&self) -> bool {
        self.scope.as_deref() == Some("USER")
    }
}

/// A group's assignment to an application.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct AppGroup {
    pub(super) id: String,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    profile: Option<UserProfile>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserProfile {
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    login: Option<String>,
    #[serde(default)]
    second_email: Option<String>,
    #[serde(default)]
    first_name: Option<String>,
    #[serde(default)]
    last_name: Option<String>,
    #[serde(default)]
    display_name: Option<String>,
}

impl User {
    /// The e-mail address, lower case.
    pub(super) fn email(&self) -> Option<String> {
        self.profile.as_ref()?.email.as_ref().map(|email| email.trim().to_lowercase())
    }

    /// Further addresses under which the person is known: the login name where it is an address of its own, and the second one.
    pub(super) fn other_addresses(&self, email: &str) -> BTreeSet<String> {
        let profile = self.profile.iter();
        let others = profile.flat_map(|profile| [&profile.login, &profile.second_email]).flatten();
        others
            .map(|address| address.trim().to_lowercase())
            .filter(|address| address.contains('@') && address != email)
            .collect()
    }

    pub(super) fn name(&self) -> Option<String> {
        let profile = self.profile.as_ref()?;
        let parts: Vec<&str> =
            [&profile.first_name, &profile.last_name].into_iter().filter_map(|it| it.as_deref()).collect();
        let joined = Some(parts.join(" ")).filter(|name| !name.trim().is_empty());
        profile.display_name.clone().filter(|name| !name.is_empty()).or(joined)
    }

    /// Whether the person can sign in, perhaps after a new password: not staged, suspended or deactivated.
    pub(super) fn is_active(&self) -> bool {
        !matches!(self.status.as_deref(), Some("STAGED" | "SUSPENDED" | "DEPROVISIONED"))
    }
}

/// A group.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Group {
    pub(super) id: String,
    #[serde(default)]
    profile: Option<GroupProfile>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct GroupProfile {
    #[serde(default)]
    name: Option<String>,
}

impl Group {
    pub(super) fn name(&self) -> &str {
        self.profile.as_ref().and_then(|profile| profile.name.as_deref()).unwrap_or_default()
    }
}

/// A signing key of an application.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Key {
    pub(super) kid: String,
    /// When it was made, by Okta's clock.
    #[serde(default)]
    pub(super) created: Option<String>,
    /// Base64 of DER, the key's own certificate first (RFC 7517 section 4.7).
    #[serde(default)]
    pub(super) x5c: Option<Vec<String>>,
}

impl Key {
    /// The key's own certificate, where it can be read.
    pub(super) fn certificate(&self) -> Option<Certificate> {
        Certificate::from_base64(self.x5c.as_ref()?.first()?).ok()
    }

    /// Whether it was made after a time. Both are RFC 3339; what cannot be read was not.
    pub(super) fn is_made_after(&self, time: &str) -> bool {
        let read = |text: &str| text.parse::<jiff::Timestamp>().ok();
        self.created.as_deref().and_then(read).zip(read(time)).is_some_and(|(made, then)| made > then)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn nulls_are_nothing() {
        let user: User =
            serde_json::from_value(json!({"id": "1", "status": null, "profile": {"email": null}})).unwrap();
        assert_eq!((user.email(), user.name(), user.is_active()), (None, None, true));
        let app: App =
            serde_json::from_value(json!({"id": "1", "label": null, "settings": {"notes": {"admin": null}}}))
                .unwrap();
        assert_eq!((app.label(), app.notes()), ("", Notes::default()));
        assert!(serde_json::from_value::<App>(json!({"label": "x"})).is_err());
    }

    proptest! {
        #[test]
        fn other_lines_of_a_note_stay(others in prop::collection::vec("[a-z :#-]{0,20}", 0..4)) {
            prop_assume!(others.iter().all(|line| !line.starts_with("concord")));
            let notes = Notes {
                marker: Some("p/nss/SsoProfile/flex/okta.app".to_owned()),
                applied: Some("3fa9c1d2e4b5 forget".to_owned()),
                idp: Some(("http://www.okta.com/exk1".to_owned(), "https://acme.okta.com/app/x/exk1/sso/saml".to_owned())),
                keys: vec![
                    NamedKey { name: "2026-11".to_owned(), state: KeyState::Made("kid1".to_owned()) },
                    NamedKey { name: "2027-11".to_owned(), state: KeyState::Asked("2027-11-01T00:00:00.000Z".to_owned()) },
                ],
                signs: Some("kid1".to_owned()),
                others,
            };
            let read = Notes::parse(&notes.to_text());
            prop_assert_eq!(read.others_only(), notes.others_only());
            prop_assert_eq!(read, notes);
        }
    }
}
