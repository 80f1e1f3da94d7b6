//! How the organization's APIs say no: SCIM with the error of RFC 7644 section 3.12 and Twilio's code in it, IAM with Twilio's common
//! one.

use serde_json::{Value, json};

use crate::sandbox::message::Answer;

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: u32,
    pub(super) scim_type: Option<&'static str>,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self { status, code, scim_type: None, message: message.into() }
    }

    /// 400 with SCIM's word for it.
    pub(super) fn scim_of(code: u32, scim_type: &'static str, message: impl Into<String>) -> Self {
        Self { scim_type: Some(scim_type), ..Self::new(400, code, message) }
    }

    /// 400 for a value that cannot be.
    pub(super) fn value(message: impl Into<String>) -> Self {
        Self::scim_of(20001, "invalidValue", message)
    }

    /// 401 without a token that is good.
    pub(super) fn unauthenticated() -> Self {
        Self::new(401, 20003, "Authenticate")
    }

    /// 403 for an OAuth app that lacks a permission, which the message names.
    pub(super) fn missing(permission: &str) -> Self {
        Self::new(403, 20003, format!("Permission denied: the OAuth app lacks the permission {permission}"))
    }

    /// 404.
    pub(super) fn not_found(path: &str) -> Self {
        Self::new(404, 20404, format!("The requested resource {path} was not found"))
    }

    fn more_info(&self) -> String {
        format!("https://www.twilio.com/docs/errors/{}", self.code)
    }

    /// As SCIM says it: `status` is text.
    pub(super) fn scim(&self) -> Answer {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "detail": self.message,
            "status": self.status.to_string(), "code": self.code, "moreInfo": self.more_info(),
        });
        if let (Some(scim_type), Value::Object(map)) = (self.scim_type, &mut body) {
            map.insert("scimType".into(), scim_type.into());
        }
        let text = body.to_string();
        Answer::text(self.status, "application/scim+json", text)
    }

    /// As IAM says it.
    pub(super) fn iam(&self) -> Answer {
        let body = json!({
            "code": self.code, "message": self.message, "more_info": self.more_info(), "status": self.status,
        });
        Answer::json(self.status, &body)
    }
}
