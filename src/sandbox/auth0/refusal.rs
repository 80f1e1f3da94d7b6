//! How Auth0's Management API says no: `{statusCode, error, message, errorCode?, attributes?}`.

use serde_json::{Value, json};

use crate::sandbox::message::Answer;

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: u16,
    message: String,
    code: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), code: Some(code) }
    }

    /// 400 for a body that does not have the documented shape.
    pub(crate) fn body(detail: impl Into<String>) -> Self {
        Self::new(400, "invalid_body", format!("Payload validation error: {}.", detail.into()))
    }

    /// 400 for a query parameter that is not allowed.
    pub(crate) fn query(detail: impl Into<String>) -> Self {
        Self::new(400, "invalid_query_string", format!("Query validation error: {}.", detail.into()))
    }

    /// 401.
    pub(crate) fn unauthorized(message: &str) -> Self {
        Self { status: 401, message: message.into(), code: None }
    }

    /// 403 that names the scopes of which one is needed.
    pub(crate) fn scope(any_of: &[&str]) -> Self {
        let message = format!("Insufficient scope, expected any of: {}", any_of.join(", "));
        Self::new(403, "insufficient_scope", message)
    }

    /// 404 of a path that does not exist.
    pub(crate) fn no_such_path() -> Self {
        Self { status: 404, message: "Not Found".into(), code: None }
    }

    /// The message, for seeds.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The wire form.
    pub(crate) fn answer(&self) -> Answer {
        let error = match self.status {
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            409 => "Conflict",
            413 => "Request Entity Too Large",
            415 => "Unsupported Media Type",
            429 => "Too Many Requests",
            _ => "Internal Server Error",
        };
        let mut body = json!({"statusCode": self.status, "error": error, "message": self.message});
        if let (Some(code), Value::Object(map)) = (self.code, &mut body) {
            map.insert("errorCode".into(), json!(code));
        }
        if self.status == 401
            && let Value::Object(map) = &mut body
        {
            map.insert("attributes".into(), json!({"error": self.message}));
        }
        Answer::json(self.status, &body)
    }
}
