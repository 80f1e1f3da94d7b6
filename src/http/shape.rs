//! How an error body is understood. Owns the interface for a vendor's own shape, and a tolerant default.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// What could be read out of an error answer. Raw: the client scrubs it before it goes into an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorParts {
    /// The vendor's error code.
    pub code: Option<String>,
    /// The vendor's message for people.
    pub message: Option<String>,
    /// The vendor's request ID.
    pub request_id: Option<String>,
}

/// A vendor's way to say what went wrong.
pub trait ErrorShape: Send + Sync {
    /// Reads an error answer; leaves out what is not there. Must not put the whole body into the message.
    fn parse(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ErrorParts;
}

/// The default: understands RFC 9457 problems, RFC 6749 errors, SCIM errors (RFC 7644 section 3.12), and the usual
/// `{message, code}`, `{errorCode, errorSummary, errorCauses}`, `{error: {code, message}}`, `{errors: [...]}` and
/// `[{message, errorCode}]`.
pub static COMMON_SHAPE: CommonShape = CommonShape { request_id: &["x-request-id", "request-id"] };

/// See [`COMMON_SHAPE`]; a vendor names the headers in which its request ID comes, lower case, best first.
#[derive(Debug, Clone, Copy)]
pub struct CommonShape {
    /// Names of the headers.
    pub request_id: &'static [&'static str],
}

const MESSAGES: &[&str] =
    &["message", "error_description", "errorSummary", "detail", "errorMessage", "description", "title"];
const CODES: &[&str] = &["errorCode", "error_code", "code", "error", "scimType", "error_id", "type"];
const LISTS: &[&str] = &["errors", "errorCauses", "details"];
/// More causes than this are not shown.
const MAX_CAUSES: usize = 5;

impl ErrorShape for CommonShape {
    fn parse(&self, _status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ErrorParts {
        let from_header = self.request_id.iter().find_map(|name| headers.get(*name)?.to_str().ok());
        let mut parts = serde_json::from_slice::<Value>(body).map(|body| read(&body)).unwrap_or_default();
        parts.request_id = from_header.map(str::to_owned).or(parts.request_id);
        parts
    }
}

fn read(body: &Value) -> ErrorParts {
    match body {
        Value::Object(fields) => {
            if let Some(inner @ Value::Object(_)) = fields.get("error") {
                return read(inner);
            }
            let own = MESSAGES.iter().find_map(|key| scalar(fields.get(*key)?));
            let mut parts = ErrorParts {
                code: CODES.iter().find_map(|key| scalar(fields.get(*key)?)),
                message: own.clone(),
                request_id: ["errorId", "request_id", "requestId"]
                    .iter()
                    .find_map(|key| scalar(fields.get(*key)?)),
            };
            if let Some(Value::Array(list)) = LISTS.iter().find_map(|key| fields.get(*key)) {
                let causes = read_list(list);
                parts.code = parts.code.or(causes.code);
                parts.message = match (own, causes.message) {
                    (Some(own), Some(causes)) if !own.contains(&causes) => Some(format!("{own}: {causes}")),
                    (own, causes) => own.or(causes),
                };
            }
            parts
        }
        Value::Array(list) => read_list(list),
        Value::String(text) => ErrorParts { message: Some(text.clone()), ..ErrorParts::default() },
        _ => ErrorParts::default(),
    }
}

fn read_list(list: &[Value]) -> ErrorParts {
    let mut code = None;
    let mut messages = Vec::new();
    for item in list.iter().take(MAX_CAUSES) {
        // One level only: a body nested without end costs nothing.
        let (message, field) = match item {
            Value::Object(fields) => {
                code = code.or_else(|| CODES.iter().find_map(|key| scalar(fields.get(*key)?)));
                (
                    MESSAGES.iter().find_map(|key| scalar(fields.get(*key)?)),
                    fields.get("field").and_then(scalar),
                )
            }
            other => (scalar(other), None),
        };
        messages.extend(message.map(|message| match field {
            Some(field) => format!("{field}: {message}"),
            None => message,
        }));
    }
    let message = (!messages.is_empty()).then(|| messages.join("; "));
    ErrorParts { code, message, request_id: None }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> (Option<String>, Option<String>) {
        let parts = COMMON_SHAPE.parse(StatusCode::BAD_REQUEST, &HeaderMap::new(), body.as_bytes());
        (parts.code, parts.message)
    }

    fn some(code: &str, message: &str) -> (Option<String>, Option<String>) {
        (Some(code.to_owned()), Some(message.to_owned()))
    }

    #[test]
    fn common_bodies_are_understood() {
        for (body, expected) in [
            (
                r#"{"code":20404,"message":"not found","more_info":"u","status":404}"#,
                some("20404", "not found"),
            ),
            (
                r#"{"statusCode":400,"error":"Bad Request","message":"bad","errorCode":"invalid_body"}"#,
                some("invalid_body", "bad"),
            ),
            (r#"{"error":"invalid_client","error_description":"no"}"#, some("invalid_client", "no")),
            (
                r#"{"errorCode":"E0000001","errorSummary":"Api validation failed","errorId":"oae","errorCauses":[{"errorSummary":"label: required"}]}"#,
                some("E0000001", "Api validation failed: label: required"),
            ),
            (
                r#"{"error":{"code":409,"message":"Entity already exists.","errors":[{"message":"Entity already exists."}]}}"#,
                some("409", "Entity already exists."),
            ),
            (
                r#"[{"message":"Session expired","errorCode":"INVALID_SESSION_ID"}]"#,
                some("INVALID_SESSION_ID", "Session expired"),
            ),
            (
                r#"{"errors":[{"message":"required","field":"name","error_id":"x"}]}"#,
                some("x", "name: required"),
            ),
            (
                r#"{"detail":"User exists","scimType":"uniqueness","status":"409"}"#,
                some("uniqueness", "User exists"),
            ),
            ("<html>oops</html>", (None, None)),
            ("", (None, None)),
        ] {
            assert_eq!(parse(body), expected, "{body}");
        }
    }

    #[test]
    fn the_request_id_comes_from_the_vendors_header_or_the_body() {
        let shape = CommonShape { request_id: &["x-okta-request-id"] };
        let mut headers = HeaderMap::new();
        let body = br#"{"errorId":"oae1"}"#;
        assert_eq!(shape.parse(StatusCode::BAD_REQUEST, &headers, body).request_id.as_deref(), Some("oae1"));
        headers.insert("x-okta-request-id", "req1".parse().unwrap());
        assert_eq!(shape.parse(StatusCode::BAD_REQUEST, &headers, body).request_id.as_deref(), Some("req1"));
    }
}
