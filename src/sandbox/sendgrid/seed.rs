//! SendGrid's part of the seed: `sendgrid.accounts.NAME`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sandbox::error::SandboxError;
use crate::sandbox::rate::Limit;
use crate::sandbox::store::Transaction;

use super::account::{self, EU, GLOBAL};
use super::refusal::Refusal;
use super::{integrations, teammates};

/// `sendgrid:` in `sandbox.yaml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Seed {
    #[serde(default)]
    accounts: BTreeMap<String, Account>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Account {
    /// `eu` for an account of `api.eu.sendgrid.com`.
    #[serde(default)]
    region: Region,
    #[serde(default)]
    api_keys: Vec<String>,
    #[serde(default)]
    subusers: Vec<i64>,
    #[serde(default)]
    teammates: Vec<Teammate>,
    /// As `POST /v3/sso/integrations` takes them.
    #[serde(default)]
    integrations: Vec<Value>,
    #[serde(default)]
    rate_limit: Option<Limit>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Region {
    #[default]
    Global,
    Eu,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Teammate {
    email: String,
    first_name: String,
    last_name: String,
    /// `owner`, `admin` or `teammate`, which is the default.
    #[serde(default)]
    user_type: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    /// The user name of a teammate with a password; without one it is an SSO teammate.
    #[serde(default)]
    password_username: Option<String>,
}

impl Seed {
    /// Makes the accounts.
    pub(crate) fn apply(&self, documents: &mut Transaction<'_>, now: Timestamp) -> Result<(), SandboxError> {
        self.accounts.iter().try_for_each(|(name, account)| account.apply(documents, name, now))
    }
}

impl Account {
    fn apply(&self, documents: &mut Transaction<'_>, name: &str, now: Timestamp) -> Result<(), SandboxError> {
        let wrong = |what: String, refusal: &Refusal| SandboxError::Seed {
            object: format!("sendgrid.accounts.{name}.{what}"),
            reason: refusal.message(),
        };
        let host = if self.region == Region::Eu { EU } else { GLOBAL };
        let mut account = account::Account::new(name, host);
        account.api_keys.clone_from(&self.api_keys);
        account.subusers.clone_from(&self.subusers);
        account.rate_limit = self.rate_limit.unwrap_or(account.rate_limit);
        account.save(documents);
        for (at, teammate) in self.teammates.iter().enumerate() {
            let user_type = teammate.user_type.as_deref();
            let is_admin = matches!(user_type, Some("owner" | "admin"));
            let mut body = json!({
                "email": teammate.email, "first_name": teammate.first_name, "last_name": teammate.last_name,
                "is_admin": is_admin,
            });
            if !is_admin {
                body["scopes"] = json!(teammate.scopes);
            }
            let password_name = teammate.password_username.as_deref();
            teammates::add(documents, &account, &body, user_type, password_name)
                .map_err(|refusal| wrong(format!("teammates[{at}]"), &refusal))?;
        }
        for (at, body) in self.integrations.iter().enumerate() {
            integrations::add(documents, &account, body, now.as_second())
                .map_err(|refusal| wrong(format!("integrations[{at}]"), &refusal))?;
        }
        Ok(())
    }
}
