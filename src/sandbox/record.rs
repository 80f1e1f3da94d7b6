//! The record of requests, one JSON document a line, for checking what was sent against the vendors' specifications.
//!
//! `{"method", "host", "path", "query"?, "userAgent"?, "authScheme"?, "contentType"?, "body"?, "bodyBase64"?, "status"}`. Of
//! Authorization only the scheme is recorded, where it is `basic` or `bearer` (else `other`); cookies never are, and neither is a
//! secret in a token request.

use std::fs::File;
use std::io::Write as _;

use base64::Engine as _;
use camino::Utf8Path;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::error::SandboxError;
use super::message::Request;

/// Names of body fields that hold a secret, compared without case and separators.
const SECRET_FIELDS: [&str; 7] =
    ["secret", "clientsecret", "password", "accesstoken", "refreshtoken", "clientassertion", "authtoken"];

/// An open record.
#[derive(Debug)]
pub(crate) struct Record {
    file: File,
}

impl Record {
    /// Opens the file for appending, making it where it does not exist.
    pub(crate) fn open(path: &Utf8Path) -> Result<Self, SandboxError> {
        let file = File::options().create(true).append(true).open(path);
        file.map(|file| Self { file }).map_err(|source| SandboxError::Io { path: path.to_owned(), source })
    }

    /// Appends a request. `status` is 0 where the connection was dropped without an answer.
    pub(crate) fn append(&mut self, request: &Request, status: u16) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(&entry(request, status))?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}

fn entry(request: &Request, status: u16) -> Value {
    let mut entry = Map::new();
    entry.insert("method".into(), json!(request.method.as_str()));
    entry.insert("host".into(), json!(request.host));
    entry.insert("path".into(), json!(request.path));
    if let Some(query) = &request.raw_query {
        entry.insert("query".into(), json!(query));
    }
    // Tells Concord's own requests from those of a person or of a test that probes a refusal.
    if let Some(agent) = request.header("user-agent") {
        entry.insert("userAgent".into(), json!(agent));
    }
    if let Some(value) = request.headers.get("authorization") {
        entry.insert("authScheme".into(), json!(scheme(value.as_bytes())));
    }
    let kind = request.content_type();
    if !kind.is_empty() {
        entry.insert("contentType".into(), json!(kind));
    }
    if !request.body.is_empty() {
        match body(&kind, &request.body) {
            Ok(value) => entry.insert("body".into(), value),
            Err(bytes) => entry.insert("bodyBase64".into(), json!(bytes)),
        };
    }
    entry.insert("status".into(), json!(status));
    Value::Object(entry)
}

/// The authentication scheme (RFC 9110 section 11.4). Only names that are known: the first word of a malformed value may be the
/// secret itself.
fn scheme(authorization: &[u8]) -> &'static str {
    let first = authorization.split(|byte| *byte == b' ').next().unwrap_or_default();
    ["basic", "bearer"]
        .into_iter()
        .find(|known| first.eq_ignore_ascii_case(known.as_bytes()))
        .unwrap_or("other")
}

fn body(kind: &str, bytes: &[u8]) -> Result<Value, String> {
    if kind == "application/x-www-form-urlencoded" {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(bytes) {
            form.append_pair(&name, if is_secret(&name) { "REDACTED" } else { &value });
        }
        return Ok(json!(form.finish()));
    }
    if let Ok(mut value) = serde_json::from_slice::<Value>(bytes) {
        redact(&mut value);
        return Ok(value);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(json!(without_session(text))),
        Err(_) => Err(base64::engine::general_purpose::STANDARD.encode(bytes)),
    }
}

/// A SOAP message carries its access token inside.
fn without_session(text: &str) -> String {
    let (open, close) = ("<sessionId>", "</sessionId>");
    match text.split_once(open).and_then(|(head, rest)| Some((head, rest.split_once(close)?.1))) {
        Some((head, tail)) => format!("{head}{open}REDACTED{close}{tail}"),
        None => text.to_owned(),
    }
}

fn is_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    SECRET_FIELDS.contains(&plain.as_str())
}

/// Puts `REDACTED` in the place of every secret in a JSON document.
pub(crate) fn redact(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                if is_secret(name) && !inner.is_null() {
                    *inner = json!("REDACTED");
                } else {
                    redact(inner);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, Method};

    use super::*;

    #[test]
    fn secrets_are_not_recorded() {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        headers.insert("user-agent", "concord/1.2.3".parse().unwrap());
        headers.insert("authorization", "Bearer hidden".parse().unwrap());
        let body = br#"{"client_secret":"hidden","a":[{"Password":"hidden"}]}"#.to_vec();
        let uri = "/t.auth0.com/oauth/token?x=1".parse().unwrap();
        let text = entry(&Request::new(Method::POST, &uri, headers, body), 200).to_string();
        assert!(!text.contains("hidden"), "{text}");
        assert!(text.contains(r#""query":"x=1""#));
        assert!(text.contains(r#""userAgent":"concord/1.2.3""#));
        assert!(text.contains(r#""authScheme":"bearer""#), "{text}");
        assert_eq!((scheme(b"Basic aGlkZGVu"), scheme(b"hidden"), scheme(b"")), ("basic", "other", "other"));
        let soap = super::body("text/xml", b"<h><sessionId>hidden</sessionId></h>").unwrap();
        assert_eq!(soap, json!("<h><sessionId>REDACTED</sessionId></h>"));
        let form = super::body("application/x-www-form-urlencoded", b"client_secret=hidden&a=b").unwrap();
        assert_eq!(form, json!("client_secret=REDACTED&a=b"));
    }
}
