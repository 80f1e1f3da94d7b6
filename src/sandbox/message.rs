//! A request and an answer as the played vendors see them: logical host, decoded path, parameters, body. Owns addressing;
//! knows nothing of connections and nothing of vendors.

use std::net::IpAddr;

use axum::http::{HeaderMap, Method, Uri};
use serde_json::Value;
use url::form_urlencoded;

/// A request to a logical host.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The method.
    pub(crate) method: Method,
    /// The vendor's host name in lower case, without a port. Empty for the sandbox's own page.
    pub(crate) host: String,
    /// What stands before the path in a link to this host: `/HOST` or nothing.
    pub(crate) prefix: String,
    /// The path at the logical host, as sent (percent-encoded), starting with `/`.
    pub(crate) path: String,
    /// The path's segments, percent-decoded.
    pub(crate) segments: Vec<String>,
    /// The raw query.
    pub(crate) raw_query: Option<String>,
    /// The query's parameters, decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    /// The headers as sent.
    pub(crate) headers: HeaderMap,
    /// The body as sent.
    pub(crate) body: Vec<u8>,
}

/// Why a body could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// The content type is not one that can be read.
    ContentType(String),
    /// It is not JSON.
    Json(String),
}

impl Request {
    /// Finds out which logical host is meant: the Host header (or the target's authority) where it is no loopback name, else the first
    /// path segment.
    pub(crate) fn new(method: Method, uri: &Uri, headers: HeaderMap, body: Vec<u8>) -> Self {
        let named = uri.authority().map(|a| a.as_str().to_owned()).or_else(|| {
            headers.get(axum::http::header::HOST).and_then(|h| h.to_str().ok()).map(str::to_owned)
        });
        let named = named.map(|n| without_port(&n)).unwrap_or_default();
        let (host, prefix, path) = if named.is_empty() || is_loopback(&named) {
            let rest = uri.path().trim_start_matches('/');
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = decode(host).to_ascii_lowercase();
            (host.clone(), format!("/{host}"), format!("/{path}"))
        } else {
            (named, String::new(), uri.path().to_owned())
        };
        let segments = path.split('/').filter(|s| !s.is_empty()).map(decode).collect();
        let raw_query = uri.query().map(str::to_owned);
        let query = form_urlencoded::parse(raw_query.as_deref().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
        Self { method, host, prefix, path, segments, raw_query, query, headers, body }
    }

    /// The segments as string slices, for matching.
    pub(crate) fn route(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// The first parameter of this name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The media type of the body in lower case, without parameters.
    pub(crate) fn content_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The body as JSON. It needs `application/json`.
    pub(crate) fn json(&self) -> Result<Value, BodyError> {
        let kind = self.content_type();
        if kind != "application/json" && !kind.ends_with("+json") {
            return Err(BodyError::ContentType(kind));
        }
        serde_json::from_slice(&self.body).map_err(|e| BodyError::Json(e.to_string()))
    }

    /// The body as form fields, decoded, in order.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// Credentials of HTTP Basic authentication (RFC 7617).
    pub(crate) fn basic(&self) -> Option<(String, String)> {
        use base64::Engine as _;
        let value = self.header("authorization")?;
        let (scheme, rest) = value.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let bytes = base64::engine::general_purpose::STANDARD.decode(rest.trim()).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (user, password) = text.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    }

    /// The bearer token (RFC 6750).
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, rest) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim())
    }
}

fn without_port(authority: &str) -> String {
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, _)) => inside,
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.to_ascii_lowercase()
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Percent-decoding of a path segment; a malformed escape stays as it is.
pub(crate) fn decode(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digit = |offset: usize| bytes.get(at + offset).and_then(|b| (*b as char).to_digit(16));
        match (bytes[at], digit(1), digit(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or_default());
                at += 3;
            }
            (byte, _, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// An answer of a vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Headers in order.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A JSON body.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), "application/json; charset=utf-8".into())],
            body: serde_json::to_vec(body).expect("a JSON value is JSON"),
        }
    }

    /// A body of another type.
    pub(crate) fn text(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        let body: String = body.into();
        Self { status, headers: vec![("content-type".into(), content_type.into())], body: body.into_bytes() }
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self { status: 204, headers: Vec::new(), body: Vec::new() }
    }

    /// A redirection.
    pub(crate) fn redirect(status: u16, location: &str) -> Self {
        Self { status, headers: vec![("location".into(), location.into())], body: Vec::new() }
    }

    /// The same with one more header.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str, host: &str) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert("host", host.parse().unwrap());
        Request::new(Method::GET, &target.parse().unwrap(), headers, Vec::new())
    }

    #[test]
    fn both_ways_of_addressing_mean_the_same() {
        let by_path = request("/NSS.us.auth0.com/api/v2/users/auth0%7C1?q=a%20b", "127.0.0.1:4000");
        let by_host = request("/api/v2/users/auth0%7C1?q=a+b", "nss.us.auth0.com:443");
        for (r, prefix) in [(by_path, "/nss.us.auth0.com"), (by_host, "")] {
            assert_eq!(r.host, "nss.us.auth0.com");
            assert_eq!(r.prefix, prefix);
            assert_eq!(r.route(), ["api", "v2", "users", "auth0|1"]);
            assert_eq!(r.parameter("q"), Some("a b"));
        }
        assert_eq!(request("/x.auth0.com/a", "[::1]:80").host, "x.auth0.com");
        assert_eq!(request("/", "localhost:80").host, "");
    }

    #[test]
    fn decoding_keeps_what_is_malformed() {
        assert_eq!(decode("a%7Cb%2"), "a|b%2");
        assert_eq!(decode("%zz%41"), "%zzA");
    }
}
