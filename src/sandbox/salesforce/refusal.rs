//! How Salesforce says no: `[{message, errorCode}]` by REST, a fault by SOAP.

use serde_json::json;

use super::tree::escape;
use crate::sandbox::message::Answer;

/// A refused REST request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn session() -> Self {
        Self::new(401, "INVALID_SESSION_ID", "Session expired or invalid")
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "The requested resource does not exist")
    }

    pub(super) fn method() -> Self {
        Self::new(405, "METHOD_NOT_ALLOWED", "HTTP Method not allowed. Allowed are HEAD,GET,POST,DELETE")
    }

    pub(super) fn no_api() -> Self {
        Self::new(403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner")
    }

    /// The wire form.
    pub(super) fn answer(&self) -> Answer {
        Answer::json(self.status, &json!([{"message": self.message, "errorCode": self.code}]))
    }
}

/// A SOAP fault; always with status 500.
pub(super) fn fault(code: &str, message: &str) -> Answer {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:sf=\"http://soap.sforce.com/2006/04/metadata\"><soapenv:Body><soapenv:Fault><faultcode>sf:{code}</faultcode>\
         <faultstring>{code}: {}</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>",
        escape(message)
    );
    Answer::text(500, "text/xml; charset=utf-8", text)
}
