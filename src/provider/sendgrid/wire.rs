//! What the API sends: typed as far as Concord reads it. Nulls and fields that are left out are read as nothing, because examples of
//! the documentation lack fields that its schemas have (`id` and both URLs in the answer to a new integration), and IDs are texts in
//! one place and numbers in another.

use serde::{Deserialize, Deserializer};
use serde_json::{Value as Json, json};

use crate::saml::Certificate;

/// An integration: SendGrid's word for an SSO profile.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct Integration {
    #[serde(default, deserialize_with = "identifier")]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) enabled: Option<bool>,
    #[serde(default)]
    pub(super) signin_url: Option<String>,
    #[serde(default)]
    pub(super) signout_url: Option<String>,
    #[serde(default)]
    pub(super) entity_id: Option<String>,
    #[serde(default)]
    pub(super) completed_integration: Option<bool>,
    #[serde(default)]
    pub(super) single_signon_url: Option<String>,
    #[serde(default)]
    pub(super) audience_url: Option<String>,
}

impl Integration {
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name)
    }

    /// The assertion consumer service URL. SendGrid documents that it is the audience URL, and leaves one of both out in places.
    pub(super) fn acs_url(&self) -> Option<&str> {
        self.single_signon_url.as_deref().or(self.audience_url.as_deref()).filter(|url| !url.is_empty())
    }

    /// The entity ID of SendGrid's side.
    pub(super) fn audience(&self) -> Option<&str> {
        self.audience_url.as_deref().or(self.single_signon_url.as_deref()).filter(|url| !url.is_empty())
    }

    /// What an update sends: five fields are required in every one, changed or not.
    pub(super) fn to_body(&self) -> Json {
        let mut body = json!({
            "name": self.name.as_deref().unwrap_or_default(),
            "enabled": self.enabled.unwrap_or_default(),
            "signin_url": self.signin_url.as_deref().unwrap_or_default(),
            "signout_url": self.signout_url.as_deref().unwrap_or_default(),
            "entity_id": self.entity_id.as_deref().unwrap_or_default(),
        });
        if let Some(completed) = self.completed_integration {
            body["completed_integration"] = completed.into();
        }
        body
    }
}

/// A certificate of an integration.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct StoredCertificate {
    #[serde(default, deserialize_with = "identifier")]
    pub(super) id: Option<String>,
    #[serde(default)]
    public_certificate: Option<String>,
    /// Written, and not among what the documentation says is answered.
    #[serde(default)]
    enabled: Option<bool>,
}

impl StoredCertificate {
    /// The certificate itself; nothing where what is stored is no certificate.
    pub(super) fn certificate(&self) -> Option<Certificate> {
        let text = self.public_certificate.as_deref()?.trim();
        Certificate::from_pem(text).or_else(|_| Certificate::from_base64(text)).ok()
    }

    /// Whether it is known to be switched off.
    pub(super) fn is_disabled(&self) -> bool {
        self.enabled == Some(false)
    }
}

/// A teammate: somebody who works in the account.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct Teammate {
    pub(super) username: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    pub(super) first_name: Option<String>,
    #[serde(default)]
    pub(super) last_name: Option<String>,
    #[serde(default)]
    pub(super) user_type: Option<String>,
    #[serde(default)]
    pub(super) is_admin: Option<bool>,
    #[serde(default)]
    pub(super) is_sso: Option<bool>,
    /// Answered for one teammate only, not in the list.
    #[serde(default)]
    pub(super) scopes: Option<Vec<String>>,
}

impl Teammate {
    /// The e-mail address, lower case. For an SSO teammate it is the user name as well.
    pub(super) fn email(&self) -> String {
        self.email
            .as_deref()
            .filter(|email| !email.is_empty())
            .unwrap_or(&self.username)
            .trim()
            .to_lowercase()
    }

    pub(super) fn name(&self) -> Option<String> {
        let parts: Vec<&str> =
            [&self.first_name, &self.last_name].into_iter().filter_map(|it| it.as_deref()).collect();
        Some(parts.join(" ").trim().to_owned()).filter(|name| !name.is_empty())
    }

    pub(super) fn is_owner(&self) -> bool {
        self.user_type.as_deref() == Some("owner")
    }

    pub(super) fn is_administrator(&self) -> bool {
        self.is_admin == Some(true) || matches!(self.user_type.as_deref(), Some("owner" | "admin"))
    }

    /// Whether the teammate is known to sign in with a password of SendGrid's own.
    pub(super) fn has_password(&self) -> bool {
        self.is_owner() || self.is_sso == Some(false)
    }
}

/// A page of teammates.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct Teammates {
    #[serde(default)]
    pub(super) result: Vec<Teammate>,
}

/// What a teammate may do for subusers.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct SubuserAccess {
    #[serde(default)]
    pub(super) has_restricted_subuser_access: Option<bool>,
    #[serde(default)]
    pub(super) subuser_access: Vec<Subuser>,
    #[serde(default, rename = "_metadata")]
    pub(super) metadata: Json,
}

impl SubuserAccess {
    /// After which subuser the next page begins, if there is one.
    pub(super) fn next(&self) -> Option<String> {
        Some(self.metadata["next_params"]["after_subuser_id"].as_i64()?.to_string())
    }
}

/// What a teammate may do for one subuser.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct Subuser {
    pub(super) id: i64,
    #[serde(default)]
    pub(super) permission_type: Option<String>,
    #[serde(default)]
    pub(super) scopes: Vec<String>,
}

/// An ID, given as a text or as a number.
fn identifier<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Json::deserialize(deserializer)? {
        Json::String(text) if !text.is_empty() => Some(text),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_of_the_documentation_are_understood() {
        let made: Integration = serde_json::from_value(json!({
            "name": "Twilio SendGrid", "enabled": true, "signin_url": "https://example.okta.com/x",
            "signout_url": "https://example.okta.com/y", "entity_id": "http://www.okta.com/z", "last_updated": 1_621_288_964
        }))
        .unwrap();
        assert_eq!((made.id.as_deref(), made.acs_url(), made.completed_integration), (None, None, None));
        let read: Integration = serde_json::from_value(json!({
            "id": "b0b98502", "name": "n", "enabled": null, "audience_url": "https://api.sendgrid.com/v3/public/sso/saml/response/id/b0b98502"
        }))
        .unwrap();
        assert_eq!(read.acs_url(), read.audience());
        assert!(read.acs_url().unwrap().ends_with("b0b98502"));
        let body = Integration { completed_integration: Some(true), ..read }.to_body();
        assert_eq!((&body["enabled"], &body["completed_integration"]), (&json!(false), &json!(true)));
        assert_eq!(body["signout_url"], "");
    }

    #[test]
    fn identifiers_are_texts_or_numbers() {
        let of = |id: Json| {
            serde_json::from_value::<StoredCertificate>(json!({"id": id, "intergration_id": "b0"}))
                .unwrap()
                .id
        };
        assert_eq!(of(json!(66_138_975)).as_deref(), Some("66138975"));
        assert_eq!(of(json!("66138975")).as_deref(), Some("66138975"));
        assert_eq!((of(Json::Null), of(json!(""))), (None, None));
    }

    #[test]
    fn what_is_not_said_of_a_teammate_is_not_assumed() {
        let bare: Teammate =
            serde_json::from_value(json!({"username": "Ann@Connie.One", "email": null})).unwrap();
        assert_eq!(
            (bare.email().as_str(), bare.name(), bare.has_password()),
            ("ann@connie.one", None, false)
        );
        let owner: Teammate = serde_json::from_value(json!({"username": "o", "user_type": "owner"})).unwrap();
        assert!(owner.is_owner() && owner.is_administrator() && owner.has_password());
    }
}
