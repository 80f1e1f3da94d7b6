//! SSO certificates. Whether one is enabled is taken and, as documented, never answered.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sandbox::certificate;
use crate::sandbox::message::Answer;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::account::Account;
use super::refusal::Refusal;
use super::{Outcome, integrations};

/// A stored certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Certificate {
    id: i64,
    pub(super) public_certificate: String,
    not_before: i64,
    pub(super) not_after: i64,
    pub(super) enabled: bool,
    integration: String,
}

impl Certificate {
    fn view(&self) -> Value {
        json!({
            "public_certificate": self.public_certificate, "id": self.id, "not_before": self.not_before,
            "not_after": self.not_after, "intergration_id": self.integration,
        })
    }

    fn save(&self, documents: &mut Transaction<'_>, account: &Account) {
        documents.write(&table(account), &self.id.to_string(), self);
    }
}

fn table(account: &Account) -> String {
    account.table("certificates")
}

/// The certificates of an integration.
pub(super) fn of(documents: &Transaction<'_>, account: &Account, integration: &str) -> Vec<Certificate> {
    let mut all: Vec<Certificate> = documents.read_list(&table(account));
    all.retain(|it| it.integration == integration);
    all
}

/// Removes the certificates of an integration.
pub(super) fn remove_all(documents: &mut Transaction<'_>, account: &Account, integration: &str) {
    for certificate in of(documents, account, integration) {
        documents.remove(&table(account), &certificate.id.to_string());
    }
}

fn find(documents: &Transaction<'_>, account: &Account, id: &str) -> Result<Certificate, Refusal> {
    documents.read(&table(account), id).ok_or_else(|| Refusal::not_found("certificate"))
}

/// A certificate from a body; a field that is left out stays as it was.
fn read_body(
    documents: &Transaction<'_>,
    account: &Account,
    body: &Value,
    before: Option<&Certificate>,
    id: i64,
) -> Result<Certificate, Refusal> {
    let text = |key: &str, before: Option<&String>| match (&body[key], before) {
        (Value::String(text), _) => Ok(text.clone()),
        (Value::Null, Some(before)) => Ok(before.clone()),
        (Value::Null, None) => Err(Refusal::field(key, format!("{key} is required"))),
        _ => Err(Refusal::field(key, format!("{key} must be a string"))),
    };
    let public_certificate = text("public_certificate", before.map(|it| &it.public_certificate))?;
    let read = certificate::read(&public_certificate)
        .map_err(|_| Refusal::field("public_certificate", "public_certificate is not a valid certificate"))?;
    let integration = text("integration_id", before.map(|it| &it.integration))?;
    integrations::find(documents, account, &integration)
        .map_err(|_| Refusal::field("integration_id", "integration_id is not an integration"))?;
    let enabled = match &body["enabled"] {
        Value::Bool(enabled) => *enabled,
        // The example of the documentation makes one that is not enabled; nothing says what the default is.
        Value::Null => before.is_some_and(|it| it.enabled),
        _ => return Err(Refusal::field("enabled", "enabled must be a boolean")),
    };
    Ok(Certificate {
        id,
        public_certificate,
        not_before: read.not_before,
        not_after: read.not_after,
        enabled,
        integration,
    })
}

pub(super) fn list(call: &Call<'_, '_>, account: &Account, integration: &str) -> Outcome {
    integrations::find(call.documents, account, integration)?;
    let all = of(call.documents, account, integration);
    Ok(Answer::json(200, &all.iter().map(Certificate::view).collect()))
}

pub(super) fn create(call: &mut Call<'_, '_>, account: &Account) -> Outcome {
    let body = call.request.json().map_err(|_| Refusal::body())?;
    let mut account = account.clone();
    account.last_certificate += 1;
    let new = read_body(call.documents, &account, &body, None, account.last_certificate)?;
    account.save(call.documents);
    new.save(call.documents, &account);
    Ok(Answer::json(200, &new.view()))
}

pub(super) fn read(call: &Call<'_, '_>, account: &Account, id: &str) -> Outcome {
    Ok(Answer::json(200, &find(call.documents, account, id)?.view()))
}

pub(super) fn update(call: &mut Call<'_, '_>, account: &Account, id: &str) -> Outcome {
    let before = find(call.documents, account, id)?;
    let body = call.request.json().map_err(|_| Refusal::body())?;
    let after = read_body(call.documents, account, &body, Some(&before), before.id)?;
    after.save(call.documents, account);
    Ok(Answer::json(200, &after.view()))
}

pub(super) fn delete(call: &mut Call<'_, '_>, account: &Account, id: &str) -> Outcome {
    let gone = find(call.documents, account, id)?;
    call.documents.remove(&table(account), id);
    Ok(Answer::json(200, &gone.view()))
}
