//! Twilio's part of the seed: `twilio.accounts.AC...`; the part of an organization is beside it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::sandbox::error::SandboxError;
use crate::sandbox::rate::Limit;
use crate::sandbox::store::Transaction;

use super::account::{Account, ApiKey, is_sid};
use super::flex_users::{self, Person};
use super::legacy::LegacySeed;
use super::organization::OrganizationSeed;

/// `twilio:` in `sandbox.yaml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Seed {
    #[serde(default)]
    accounts: BTreeMap<String, AccountSeed>,
    #[serde(default)]
    organizations: BTreeMap<String, OrganizationSeed>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct AccountSeed {
    #[serde(default)]
    friendly_name: Option<String>,
    #[serde(default)]
    auth_token: Option<String>,
    #[serde(default)]
    api_keys: Vec<ApiKey>,
    #[serde(default)]
    flex_instance: Option<String>,
    #[serde(default)]
    runtime_domain: Option<String>,
    #[serde(default)]
    flex_users: Vec<Person>,
    #[serde(default)]
    rate_limit: Limit,
    #[serde(default)]
    legacy_sso: Option<LegacySeed>,
}

impl Seed {
    /// Makes the accounts, then the organizations.
    pub(crate) fn apply(&self, documents: &mut Transaction<'_>, now: Timestamp) -> Result<(), SandboxError> {
        for (sid, seed) in &self.accounts {
            let refuse = |what: &str, reason: String| SandboxError::Seed {
                object: format!("twilio.accounts.{sid}{what}"),
                reason,
            };
            if !is_sid(sid, "AC") {
                return Err(refuse("", "an account SID is AC and 32 hexadecimal digits".into()));
            }
            let mut account = Account::new(sid, now);
            if let Some(instance) = &seed.flex_instance {
                if !is_sid(instance, "GO") {
                    return Err(refuse(
                        ".flexInstance",
                        "an instance SID is GO and 32 hexadecimal digits".into(),
                    ));
                }
                account.flex_instance.clone_from(instance);
                account.instance_is_known = true;
            }
            if let Some(domain) = &seed.runtime_domain {
                account.runtime_domain.clone_from(domain);
            }
            if let Some(name) = &seed.friendly_name {
                account.friendly_name.clone_from(name);
            }
            account.auth_token.clone_from(&seed.auth_token);
            account.api_keys.clone_from(&seed.api_keys);
            account.rate_limit = seed.rate_limit;
            account.save(documents);
            if let Some(legacy) = &seed.legacy_sso {
                legacy.save(documents, &account);
            }
            for (at, person) in seed.flex_users.iter().enumerate() {
                person.check().map_err(|reason| refuse(&format!(".flexUsers[{at}]"), reason))?;
                flex_users::provision(documents, &account, person, None, now);
            }
        }
        self.organizations.iter().try_for_each(|(sid, seed)| seed.apply(documents, sid, now))
    }
}
