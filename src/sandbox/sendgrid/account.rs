//! An account: its settings, where its documents are, and which one an API key belongs to.

use serde::{Deserialize, Serialize};

use crate::sandbox::rate::Limit;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::refusal::Refusal;

/// The host of global accounts.
pub(super) const GLOBAL: &str = "api.sendgrid.com";
/// The host of EU subusers.
pub(super) const EU: &str = "api.eu.sendgrid.com";
/// Table of the accounts, by name.
const ACCOUNTS: &str = "sendgrid/accounts";

/// An account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    pub(super) name: String,
    /// The API host that serves it.
    pub(super) host: String,
    /// The API keys that are right; with none, any is.
    pub(super) api_keys: Vec<String>,
    /// The numbers of its subusers.
    pub(super) subusers: Vec<i64>,
    pub(super) rate_limit: Limit,
    /// The number of the last certificate.
    pub(super) last_certificate: i64,
}

impl Account {
    /// An account without anything.
    pub(super) fn new(name: &str, host: &str) -> Self {
        Self {
            name: name.to_owned(),
            host: host.to_owned(),
            api_keys: Vec::new(),
            subusers: Vec::new(),
            // The documentation gives no number for these APIs.
            rate_limit: Limit { requests: 600, per_seconds: 1 },
            last_certificate: 66_138_974,
        }
    }

    /// The table of one kind of its documents.
    pub(super) fn table(&self, kind: &str) -> String {
        format!("sendgrid/{}/{kind}", self.name)
    }

    /// Keeps it.
    pub(super) fn save(&self, documents: &mut Transaction<'_>) {
        documents.write(ACCOUNTS, &self.name, self);
    }
}

/// All accounts.
pub(super) fn all(documents: &Transaction<'_>) -> Vec<Account> {
    documents.read_list(ACCOUNTS)
}

/// The account of the request's bearer key.
pub(super) fn of(call: &mut Call<'_, '_>) -> Result<Account, Refusal> {
    let key = call.request.bearer().filter(|key| !key.is_empty()).ok_or_else(Refusal::unauthenticated)?;
    let host = call.request.host.as_str();
    let mut accounts = all(call.documents);
    accounts.retain(|account| account.host == host);
    let named = accounts.iter().find(|account| account.api_keys.iter().any(|it| it == key));
    let open = || accounts.iter().find(|account| account.api_keys.is_empty());
    if let Some(account) = named.or_else(open) {
        return Ok(account.clone());
    }
    if !accounts.is_empty() {
        return Err(Refusal::unauthenticated());
    }
    let account = Account::new(if host == EU { "eu" } else { "main" }, host);
    account.save(call.documents);
    Ok(account)
}
