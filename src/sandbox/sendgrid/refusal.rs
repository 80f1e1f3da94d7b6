//! How SendGrid says no: `[{message, field, error_id}]`, in the teammates API `{errors: [{message, field}]}`.

use serde_json::{Value, json};

use crate::sandbox::ids;
use crate::sandbox::message::Answer;

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    message: String,
    field: Option<String>,
}

impl Refusal {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), field: None }
    }

    /// 400 for a field.
    pub(super) fn field(field: &str, message: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(400, message) }
    }

    /// 400 for a body that is not JSON.
    pub(super) fn body() -> Self {
        Self::new(400, "invalid JSON in request body")
    }

    /// 401.
    pub(super) fn unauthenticated() -> Self {
        Self::new(401, "authorization required")
    }

    /// 404 of a resource.
    pub(super) fn not_found(what: &str) -> Self {
        Self { field: Some(what.to_owned()), ..Self::new(404, format!("{what} not found")) }
    }

    /// 404 of a path.
    pub(super) fn no_such_path() -> Self {
        Self::new(404, "resource not found")
    }

    /// 405.
    pub(super) fn method() -> Self {
        Self::new(405, "method not allowed")
    }

    /// 429.
    pub(super) fn too_many() -> Self {
        Self::new(429, "too many requests")
    }

    /// What is wrong, for seeds.
    pub(super) fn message(&self) -> String {
        self.field.iter().fold(self.message.clone(), |message, field| format!("{field}: {message}"))
    }

    /// The wire form of the SSO API.
    pub(super) fn answer(&self) -> Answer {
        let error = json!({"message": self.message, "field": self.field, "error_id": ids::uuid()});
        Answer::json(self.status, &json!([error]))
    }

    /// The wire form of the teammates API.
    pub(super) fn answer_in_object(&self) -> Answer {
        let mut error = json!({"message": self.message});
        if let Some(field) = &self.field {
            error["field"] = Value::from(field.as_str());
        }
        Answer::json(self.status, &json!({"errors": [error]}))
    }
}
