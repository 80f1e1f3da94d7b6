//! What is asked of a server. Owns the building of path, query and body; credentials and sending are the origin's.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use url::Url;

use super::redact::encode_segment;

/// Whether a request may be repeated without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Changes nothing: repeated after lost answers and server errors.
    Read,
    /// Changes something: repeated only when it certainly did not happen.
    Write,
}

/// One request to an [`Origin`](super::Origin).
///
/// Mistakes made while building (an empty path segment, an illegal header) are kept and reported when it is sent, as
/// [`HttpError::InvalidRequest`](super::HttpError::InvalidRequest), before anything leaves.
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) target: Target,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Vec<u8>>,
    pub(super) kind: Kind,
    pub(super) mistake: Option<&'static str>,
}

#[derive(Debug, Clone)]
pub(super) enum Target {
    /// Percent-encoded, relative to the base, without a leading slash.
    Path(String),
    /// A link that the server gave: absolute, or relative to the base's origin.
    Link(String),
}

impl Request {
    /// A request below the base URL, or to the base URL itself where there are no segments. Each segment is percent-encoded: `auth0|abc` becomes `auth0%7Cabc`, a slash in an ID
    /// becomes `%2F`. GET and HEAD are reads, everything else is a write.
    pub fn new<S: AsRef<str>>(method: Method, segments: impl IntoIterator<Item = S>) -> Self {
        let mut mistake = None;
        let path = segments
            .into_iter()
            .map(|segment| match segment.as_ref() {
                // `DELETE /users/` is not what `DELETE /users/{id}` was meant to be.
                "" => {
                    mistake = Some("a path segment is empty");
                    String::new()
                }
                "." | ".." => {
                    mistake = Some("a path segment leads elsewhere");
                    String::new()
                }
                segment => encode_segment(segment),
            })
            .collect::<Vec<_>>()
            .join("/");
        let kind = if method == Method::GET || method == Method::HEAD { Kind::Read } else { Kind::Write };
        Self {
            method,
            target: Target::Path(path),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
            kind,
            mistake,
        }
    }

    /// GET.
    pub fn get<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self::new(Method::GET, segments)
    }

    /// POST; a write unless [`kind`](Self::kind) says otherwise.
    pub fn post<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self::new(Method::POST, segments)
    }

    /// PUT.
    pub fn put<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self::new(Method::PUT, segments)
    }

    /// PATCH.
    pub fn patch<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self::new(Method::PATCH, segments)
    }

    /// DELETE.
    pub fn delete<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self::new(Method::DELETE, segments)
    }

    /// GET of a link that the server gave, absolute or relative. Refused as
    /// [`HttpError::ForeignLink`](super::HttpError::ForeignLink) where it leads to another origin.
    pub fn link(link: impl Into<String>) -> Self {
        Self { target: Target::Link(link.into()), ..Self::new(Method::GET, [] as [&str; 0]) }
    }

    /// Adds a query pair.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds query pairs.
    #[must_use]
    pub fn query_pairs<N: ToString, V: ToString>(mut self, pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        self.query.extend(pairs.into_iter().map(|(name, value)| (name.to_string(), value.to_string())));
        self
    }

    /// A JSON body. The content type is `application/json` unless [`header`](Self::header) sets another before or after.
    #[must_use]
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body("application/json", bytes),
            Err(_) => {
                self.mistake = Some("the body cannot be written as JSON");
                self
            }
        }
    }

    /// A form body (`application/x-www-form-urlencoded`).
    #[must_use]
    pub fn form<N: AsRef<str>, V: AsRef<str>>(self, pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.body("application/x-www-form-urlencoded", body.into_bytes())
    }

    /// A body of any content type.
    #[must_use]
    pub fn body(mut self, content_type: &'static str, bytes: Vec<u8>) -> Self {
        self.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
        self.body = Some(bytes);
        self
    }

    /// Sets a header (If-Match, Content-Type, Accept...). Credentials, cookies and the host are not for callers to set.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), _) if [AUTHORIZATION, COOKIE, HOST].contains(&name) => {
                self.mistake = Some("a header is not for callers to set");
            }
            (Ok(name), Ok(value)) => {
                self.headers.insert(name, value);
            }
            _ => self.mistake = Some("a header cannot be sent"),
        }
        self
    }

    /// Says whether the request changes anything, where the method does not tell (a POST that only searches).
    #[must_use]
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The full logical URL below `base`; `None` where a link is no URL.
    pub(super) fn url(&self, base: &Url) -> Option<Url> {
        let mut url = match &self.target {
            Target::Path(path) => {
                let mut url = base.clone();
                if !path.is_empty() {
                    url.set_query(None);
                    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
                }
                url
            }
            Target::Link(link) => base.join(link).ok()?,
        };
        url.set_fragment(None);
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn base() -> Url {
        Url::parse("https://nss.us.auth0.com/api/v2").unwrap()
    }

    #[test]
    fn segments_are_encoded_and_the_base_path_kept() {
        let request =
            Request::get(["users", "auth0|a/b ?#%é"]).query("q", "email:\"a+b@c\"").query("page", 0);
        assert_eq!(
            request.url(&base()).unwrap().as_str(),
            "https://nss.us.auth0.com/api/v2/users/auth0%7Ca%2Fb%20%3F%23%25%C3%A9?q=email%3A%22a%2Bb%40c%22&page=0"
        );
    }

    #[test]
    fn empty_and_dotted_segments_are_mistakes() {
        for id in ["", ".", ".."] {
            assert!(Request::delete(["users", id]).mistake.is_some(), "{id:?}");
        }
        assert!(Request::delete(["users", "..."]).mistake.is_none());
    }

    #[test]
    fn callers_do_not_set_credentials() {
        assert!(Request::get(["x"]).header("Authorization", "Bearer x").mistake.is_some());
        assert!(Request::get(["x"]).header("If-Match", "W/\"1\"").mistake.is_none());
        assert!(Request::get(["x"]).header("If-Match", "a\r\nb: c").mistake.is_some());
    }

    #[test]
    fn content_type_may_be_set_before_or_after_the_body() {
        let scim = "application/scim+json";
        for request in [
            Request::post(["x"]).header("content-type", scim).json(&1),
            Request::post(["x"]).json(&1).header("content-type", scim),
        ] {
            assert_eq!(request.headers[CONTENT_TYPE], scim);
        }
    }

    #[test]
    fn a_relative_link_stays_on_the_origin() {
        let url = Request::link("/2010/x?Page=1").url(&base()).unwrap();
        assert_eq!(url.as_str(), "https://nss.us.auth0.com/2010/x?Page=1");
    }

    proptest! {
        #[test]
        fn a_segment_never_leaves_its_place(id in "\\PC{1,30}") {
            prop_assume!(id != "." && id != "..");
            let url = Request::get(["users", &id, "roles"]).url(&base()).unwrap();
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 5);
            prop_assert_eq!(segments[4], "roles");
            prop_assert!(url.query().is_none() && url.fragment().is_none());
        }
    }
}
