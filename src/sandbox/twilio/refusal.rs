//! How Twilio's APIs say no: `{code, message, more_info, status}`. Codes are Twilio's error codes.

use serde_json::{Value, json};

use crate::sandbox::message::Answer;

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) message: String,
    /// The console page's field that is wrong.
    pub(crate) field: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), field: None }
    }

    /// 401 without, or with wrong, credentials.
    pub(crate) fn unauthenticated() -> Self {
        Self::new(401, 20003, "Authenticate")
    }

    /// 404.
    pub(crate) fn not_found(path: &str) -> Self {
        Self::new(404, 20404, format!("The requested resource {path} was not found"))
    }

    /// 400 of a request that lacks or has a wrong parameter.
    pub(crate) fn parameter(message: impl Into<String>) -> Self {
        Self::new(400, 20001, message)
    }

    /// 400 of Flex for a body that is not valid.
    pub(crate) fn flex(message: impl Into<String>) -> Self {
        Self::new(400, 45004, message)
    }

    /// 400 for single sign-on settings that cannot work.
    pub(crate) fn settings(field: &'static str, message: impl Into<String>) -> Self {
        let message = format!("Bad SSO Settings: {}", message.into());
        Self { status: 400, code: 70251, message, field: Some(field) }
    }

    /// The wire form.
    pub(crate) fn answer(&self) -> Answer {
        let mut body = json!({
            "code": self.code, "message": self.message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code), "status": self.status,
        });
        if let (Some(field), Value::Object(map)) = (self.field, &mut body) {
            map.insert("field".into(), json!(field));
        }
        let answer = Answer::json(self.status, &body);
        if self.status == 401 {
            answer.with("www-authenticate", "Basic realm=\"Twilio API\"")
        } else {
            answer
        }
    }
}
