//! An account's legacy Flex SSO on the console page: what is set, the migration to an enhanced profile, and switching back within 30
//! days. An account has one only where the seed says so; without it there is nothing to migrate.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::sandbox::message::Answer;
use crate::sandbox::store::Transaction;
use crate::sandbox::{ids, vendor::Call};

use super::Outcome;
use super::account::Account;
use super::profile::{self, Input, Profile};
use super::refusal::Refusal;

/// How long the legacy settings are kept after the migration, in seconds: 30 days.
const KEPT: i64 = 30 * 86_400;
/// The only document of its table.
const SETTINGS: &str = "settings";

/// `legacySso:` of an account's seed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct LegacySeed {
    issuer: String,
    sso_url: String,
}

/// The legacy settings. The wire form of the console page's JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Legacy {
    issuer: String,
    sso_url: String,
    /// The enhanced profile that it was migrated to.
    connection: Option<String>,
    /// When, in seconds since 1970.
    migrated_at: Option<i64>,
}

fn table(account: &str) -> String {
    format!("twilio/{account}/legacy-sso")
}

impl LegacySeed {
    pub(crate) fn save(&self, documents: &mut Transaction<'_>, account: &Account) {
        let Self { issuer, sso_url } = self.clone();
        let legacy = Legacy { issuer, sso_url, connection: None, migrated_at: None };
        documents.write(&table(&account.sid), SETTINGS, &legacy);
    }
}

fn load(call: &Call<'_, '_>, account: &Account) -> Result<Legacy, Refusal> {
    let legacy = call.documents.read(&table(&account.sid), SETTINGS);
    legacy.ok_or_else(|| Refusal::not_found(&call.request.path))
}

/// What is set, with the URLs of the account.
pub(super) fn show(call: &Call<'_, '_>, account: &Account) -> Outcome {
    let legacy = load(call, account)?;
    let base = format!("https://iam.twilio.com/v1/Accounts/{}/saml2", account.sid);
    Ok(Answer::json(
        200,
        &json!({
            "issuer": legacy.issuer, "ssoUrl": legacy.sso_url, "connection": legacy.connection,
            "migratedAt": legacy.migrated_at, "entityId": format!("{base}/metadata"), "acsUrl": base,
        }),
    ))
}

/// Makes the enhanced profile.
pub(super) fn migrate(call: &mut Call<'_, '_>, account: &Account, input: Input) -> Outcome {
    let mut legacy = load(call, account)?;
    if let Some(connection) = &legacy.connection {
        return Err(Refusal::new(409, 45007, format!("The SSO was migrated to {connection} already")));
    }
    let profile = Profile::new(account, input, &ids::millis(call.now))?;
    profile.save(call.documents);
    legacy.connection = Some(profile.sid.clone());
    legacy.migrated_at = Some(call.now.as_second());
    call.documents.write(&table(&account.sid), SETTINGS, &legacy);
    Ok(Answer::json(201, &profile.view()))
}

/// Goes back to the legacy settings, as long as they are kept.
pub(super) fn switch_back(call: &mut Call<'_, '_>, account: &Account) -> Outcome {
    let mut legacy = load(call, account)?;
    let (Some(connection), Some(at)) = (legacy.connection.take(), legacy.migrated_at.take()) else {
        return Err(Refusal::new(409, 45007, "The SSO was not migrated"));
    };
    if is_past(at, call.now) {
        return Err(Refusal::new(400, 45004, "The legacy SSO settings are kept for 30 days only"));
    }
    call.documents.remove(&profile::table(&account.sid), &connection);
    call.documents.write(&table(&account.sid), SETTINGS, &legacy);
    show(call, account)
}

fn is_past(migrated_at: i64, now: Timestamp) -> bool {
    now.as_second() - migrated_at > KEPT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legacy_settings_are_kept_for_thirty_days() {
        let now = |days: i64| Timestamp::from_second(1_800_000_000 + days * 86_400).unwrap();
        assert!(!is_past(1_800_000_000, now(30)));
        assert!(is_past(1_800_000_000, now(31)));
    }
}
