//! Accounts and their Flex instance: making one on first use, and whose credentials a request carries.

use jiff::Timestamp;
use ring::digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::sandbox::ids;
use crate::sandbox::rate::Limit;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::refusal::Refusal;

/// Table of the accounts, by SID.
pub(crate) const ACCOUNTS: &str = "twilio/accounts";

/// An account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    pub(crate) sid: String,
    pub(crate) friendly_name: String,
    pub(crate) flex_instance: String,
    /// Whether the instance was given, and not thought up for an account that nobody seeded.
    pub(crate) instance_is_known: bool,
    pub(crate) runtime_domain: String,
    pub(crate) workspace: String,
    pub(crate) team: String,
    pub(crate) auth_token: Option<String>,
    pub(crate) api_keys: Vec<ApiKey>,
    pub(crate) rate_limit: Limit,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    /// What `POST /v1/Configuration` has set.
    pub(crate) configuration: Map<String, Value>,
}

/// A standard API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKey {
    pub(crate) sid: String,
    pub(crate) secret: String,
}

/// Whether the text is a SID with this prefix.
pub(crate) fn is_sid(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

impl Account {
    /// An account as Twilio would make it, with an instance derived from its SID.
    pub(crate) fn new(sid: &str, now: Timestamp) -> Self {
        let derived = |what: &str| {
            let hash = digest::digest(&digest::SHA256, format!("{what} of {sid}").as_bytes());
            ids::hex(&hash.as_ref()[..16])
        };
        let at = ids::seconds(now);
        Self {
            sid: sid.to_owned(),
            friendly_name: "Sandbox account".into(),
            flex_instance: format!("GO{}", derived("instance")),
            instance_is_known: false,
            runtime_domain: format!("sandbox-{}.twil.io", &derived("domain")[..4]),
            workspace: format!("WS{}", derived("workspace")),
            team: format!("QO{}", derived("team")),
            auth_token: None,
            api_keys: Vec::new(),
            rate_limit: Limit::default(),
            created_at: at.clone(),
            updated_at: at,
            configuration: Map::new(),
        }
    }

    /// The table of one kind of its documents.
    pub(crate) fn table(&self, kind: &str) -> String {
        format!("twilio/{}/{kind}", self.sid)
    }

    pub(crate) fn save(&self, documents: &mut Transaction<'_>) {
        documents.write(ACCOUNTS, &self.sid, self);
    }
}

/// The account of this SID, made where it does not exist. The SID must have its form.
pub(crate) fn ensure(documents: &mut Transaction<'_>, sid: &str, now: Timestamp) -> Result<Account, Refusal> {
    if !is_sid(sid, "AC") {
        return Err(Refusal::parameter(format!("{sid:?} is not an account SID")));
    }
    if let Some(account) = documents.read(ACCOUNTS, sid) {
        return Ok(account);
    }
    let account = Account::new(sid, now);
    account.save(documents);
    Ok(account)
}

/// All accounts.
pub(crate) fn all(documents: &Transaction<'_>) -> Vec<Account> {
    documents.read_list(ACCOUNTS)
}

/// The account of the request's Basic credentials. `named` is the account that the request is about, where it says so: a key that no
/// seed declares belongs to it, or to the only account.
pub(crate) fn authenticate(call: &mut Call<'_, '_>, named: Option<&str>) -> Result<Account, Refusal> {
    let (user, password) = call.request.basic().ok_or_else(Refusal::unauthenticated)?;
    if password.is_empty() {
        return Err(Refusal::unauthenticated());
    }
    if is_sid(&user, "AC") {
        let account = ensure(call.documents, &user, call.now)?;
        return match &account.auth_token {
            Some(token) if *token != password => Err(Refusal::unauthenticated()),
            _ => Ok(account),
        };
    }
    if !is_sid(&user, "SK") {
        return Err(Refusal::unauthenticated());
    }
    let accounts = all(call.documents);
    for account in &accounts {
        if let Some(key) = account.api_keys.iter().find(|key| key.sid == user) {
            return if key.secret == password {
                Ok(account.clone())
            } else {
                Err(Refusal::unauthenticated())
            };
        }
    }
    let account = match (named, accounts.as_slice()) {
        (Some(sid), _) => ensure(call.documents, sid, call.now)?,
        (None, [only]) => only.clone(),
        (None, _) => return Err(Refusal::unauthenticated()),
    };
    if account.api_keys.is_empty() { Ok(account) } else { Err(Refusal::unauthenticated()) }
}

/// The account that owns the Flex instance of the path, and whose credentials the request carries.
pub(crate) fn of_instance(call: &mut Call<'_, '_>, instance: &str) -> Result<Account, Refusal> {
    if !is_sid(instance, "GO") {
        return Err(Refusal::not_found(&call.request.path));
    }
    let owner = all(call.documents).into_iter().find(|a| a.flex_instance == instance);
    let mut account = authenticate(call, owner.as_ref().map(|o| o.sid.as_str()))?;
    if account.flex_instance == instance {
        return Ok(account);
    }
    // The first request of an account that nobody seeded tells which instance it has.
    if owner.is_none() && !account.instance_is_known {
        account.flex_instance = instance.to_owned();
        account.instance_is_known = true;
        account.save(call.documents);
        return Ok(account);
    }
    Err(Refusal::new(403, 45003, format!("The account does not own the Flex instance {instance}")))
}
