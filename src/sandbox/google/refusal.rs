//! How the Directory API says no: `{error: {code, message, errors: [{domain, reason, message}], status}}`.

use serde_json::json;

use crate::sandbox::message::Answer;

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    reason: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { status, reason, message: message.into() }
    }

    /// 400 for a value that is not accepted.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid", message)
    }

    /// 400 for a value that is missing.
    pub(super) fn required(what: &str) -> Self {
        Self::new(400, "required", format!("Missing required field: {what}"))
    }

    /// 404 of a resource.
    pub(super) fn not_found(what: &str) -> Self {
        Self::new(404, "notFound", format!("Resource Not Found: {what}"))
    }

    /// 404 of a path that does not exist.
    pub(super) fn no_such_path() -> Self {
        Self::new(404, "notFound", "Not Found")
    }

    /// 403: another customer's, or nobody who may.
    pub(super) fn not_authorized() -> Self {
        Self::new(403, "forbidden", "Not Authorized to access this resource/api")
    }

    /// 403: the token lacks a scope.
    pub(super) fn scopes() -> Self {
        Self::new(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
    }

    /// 401.
    pub(super) fn token() -> Self {
        Self::new(401, "authError", "Request had invalid authentication credentials.")
    }

    /// 409.
    pub(super) fn duplicate() -> Self {
        Self::new(409, "duplicate", "Entity already exists.")
    }

    /// The wire form.
    pub(super) fn answer(&self) -> Answer {
        let status = match self.status {
            400 => "INVALID_ARGUMENT",
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            409 => "ALREADY_EXISTS",
            429 => "RESOURCE_EXHAUSTED",
            _ => "UNKNOWN",
        };
        let errors = json!([{"message": self.message, "domain": "global", "reason": self.reason}]);
        let body = json!({"error": {
            "code": self.status, "message": self.message, "errors": errors, "status": status,
        }});
        Answer::json(self.status, &body)
    }
}
