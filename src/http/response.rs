//! An answer that was received whole. Owns its decoding.

use std::sync::Arc;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;

use super::error::{Call, HttpError};
use super::redact::Redactor;

/// Status, headers and body of an answer.
#[derive(Clone)]
pub struct Response {
    pub(super) call: Arc<Call>,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) redactor: Redactor,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Bodies may hold secrets (Auth0 returns client secrets).
        write!(f, "Response({} to {}, {} bytes)", self.status, self.call, self.body.len())
    }
}

impl Response {
    /// The request that was answered.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The first header of that name, where it is visible ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as it came.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as text, with what is not UTF-8 replaced.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// Gives the body away.
    pub fn into_bytes(self) -> Vec<u8> {
        self.body
    }

    /// Decodes a JSON body.
    ///
    /// # Errors
    /// [`HttpError::Decode`] with the path inside the document and what was expected there.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        let mut deserializer = serde_json::Deserializer::from_slice(&self.body);
        let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let at = error.path().to_string();
            self.undecodable(&at, &reason(error.inner()))
        })?;
        deserializer.end().map_err(|error| self.undecodable(".", &reason(&error)))?;
        Ok(value)
    }

    /// A [`HttpError::Decode`] about this answer, for what only the caller can see is wrong. `reason` says what was
    /// expected, never what was found.
    pub fn undecodable(&self, at: &str, reason: &str) -> HttpError {
        HttpError::Decode {
            call: Box::new((*self.call).clone()),
            at: self.redactor.scrub(at),
            reason: self.redactor.scrub(reason),
        }
    }
}

/// Says what was expected. serde's own text quotes what was found, which may be a secret: only the part after the last
/// `, expected `, which comes from the type, and the messages made of field names are kept.
fn reason(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    match error.classify() {
        Category::Data => {
            let text = error.to_string();
            let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
            match text.rsplit_once(", expected ") {
                Some((_, expected)) => format!("expected {expected}"),
                None if text.starts_with("missing field `") || text.starts_with("duplicate field `") => {
                    text.to_owned()
                }
                None => "another value was expected".to_owned(),
            }
        }
        Category::Eof => "the JSON document ends too early".to_owned(),
        Category::Syntax => format!("no JSON (line {}, column {})", error.line(), error.column()),
        Category::Io => "the JSON document could not be read".to_owned(),
    }
}
