//! How Okta says no: `{errorCode, errorSummary, errorLink, errorId, errorCauses: [{errorSummary}]}`.

use serde_json::{Value, json};

use crate::sandbox::ids;
use crate::sandbox::message::Answer;

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    summary: String,
    causes: Vec<String>,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, summary: impl Into<String>) -> Self {
        Self { status, code, summary: summary.into(), causes: Vec::new() }
    }

    /// 400 for a body that is not valid: what as a whole, and why.
    pub(super) fn validation(what: &str, causes: Vec<String>) -> Self {
        Self { causes, ..Self::new(400, "E0000001", format!("Api validation failed: {what}")) }
    }

    /// 404 of a resource.
    pub(super) fn not_found(id: &str, kind: &str) -> Self {
        Self::new(404, "E0000007", format!("Not found: Resource not found: {id} ({kind})"))
    }

    /// 404 of a path that does not exist.
    pub(super) fn no_such_path() -> Self {
        Self::new(404, "E0000022", "The endpoint does not support the provided HTTP method")
    }

    /// 405.
    pub(super) fn method() -> Self {
        Self::new(405, "E0000022", "The endpoint does not support the provided HTTP method")
    }

    /// 401.
    pub(super) fn token() -> Self {
        Self::new(401, "E0000011", "Invalid token provided")
    }

    /// 403.
    pub(super) fn forbidden() -> Self {
        Self::new(403, "E0000006", "You do not have permission to perform the requested action")
    }

    /// What is wrong, for seeds.
    pub(super) fn message(&self) -> String {
        if self.causes.is_empty() {
            self.summary.clone()
        } else {
            format!("{}: {}", self.summary, self.causes.join("; "))
        }
    }

    /// The wire form.
    pub(super) fn answer(&self) -> Answer {
        let causes: Vec<Value> = self.causes.iter().map(|cause| json!({"errorSummary": cause})).collect();
        let body = json!({
            "errorCode": self.code, "errorSummary": self.summary, "errorLink": self.code,
            "errorId": format!("oae{}", ids::alphanumeric(22)), "errorCauses": causes,
        });
        Answer::json(self.status, &body)
    }
}
