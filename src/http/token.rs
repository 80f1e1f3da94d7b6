//! The OAuth 2.0 token endpoint (RFC 6749 section 3.2). Owns the token request and its answer; assertions are made by
//! whoever needs them.

use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::auth::{Auth, Token, TokenSource};
use super::client::Http;
use super::error::{CredentialError, HttpError};
use super::limits::RateLimitPolicy;
use super::origin::OriginConfig;
use super::request::{Kind, Request};
use super::routing::host_text;
use super::shape::COMMON_SHAPE;

/// How the parameters of a token request are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenStyle {
    /// `application/x-www-form-urlencoded`, as RFC 6749 has it.
    Form,
    /// A JSON object, as some vendors prefer.
    Json,
}

/// A token endpoint.
#[derive(Debug, Clone)]
pub struct TokenEndpoint {
    /// The vendor's name, for messages.
    pub vendor: &'static str,
    /// Its URL.
    pub url: Url,
    /// How it wants its parameters.
    pub style: TokenStyle,
}

impl TokenEndpoint {
    /// Sends a token request with these parameters (`grant_type`, `assertion`...) and reads the token response (RFC 6749
    /// sections 4.4.2 and 5.1, RFC 7523 section 2.1). Safe to repeat, so it is retried like a read.
    ///
    /// # Errors
    /// [`HttpError::Credential`] where the client is refused or the answer holds no bearer token, and those of the transport.
    pub async fn request(&self, http: &Http, parameters: &[(&str, &str)]) -> Result<Token, HttpError> {
        let origin = http.origin(OriginConfig {
            base: self.url.clone(),
            auth: Auth::None,
            limits: RateLimitPolicy::RETRY_AFTER,
            errors: &COMMON_SHAPE,
            concurrency: 1,
            vendor: self.vendor,
        })?;
        let request = Request::post([] as [&str; 0]).kind(Kind::Read);
        let request = match self.style {
            TokenStyle::Form => request.form(parameters.iter().copied()),
            TokenStyle::Json => {
                let object: serde_json::Map<_, _> = parameters
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
                    .collect();
                request.json(&object)
            }
        };
        let response = origin.send(request).await.map_err(|error| match error {
            HttpError::Api(api) if api.status.is_client_error() => {
                HttpError::Credential(Box::new(CredentialError::Refused(*api)))
            }
            other => other,
        })?;
        let body: Value = serde_json::from_slice(response.bytes()).unwrap_or(Value::Null);
        read_token(&body).map_err(|reason| {
            HttpError::Credential(Box::new(CredentialError::NotAToken { host: host_text(&self.url), reason }))
        })
    }
}

fn read_token(body: &Value) -> Result<Token, &'static str> {
    let Value::Object(fields) = body else { return Err("it is no JSON object") };
    let secret = match fields.get("access_token") {
        Some(Value::String(token)) if !token.is_empty() => SecretString::from(token.as_str()),
        _ => return Err("there is no access_token in it"),
    };
    // token_type is required and compared without case; some vendors leave it out.
    if let Some(kind) = fields.get("token_type").and_then(Value::as_str)
        && !kind.eq_ignore_ascii_case("bearer")
    {
        return Err("its token_type is not Bearer");
    }
    let expires_in = match fields.get("expires_in") {
        Some(Value::Number(seconds)) => seconds.as_u64(),
        Some(Value::String(seconds)) => seconds.parse().ok(),
        _ => None,
    }
    // A life beyond a year says no more than one of a year, and keeps clock arithmetic in range.
    .map(|seconds| Duration::from_secs(seconds.min(365 * 24 * 3600)));
    let parameters = fields
        .iter()
        .filter(|(name, _)| !name.ends_with("_token") && !matches!(name.as_str(), "signature" | "expires_in"))
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    Ok(Token { secret, expires_in, parameters })
}

/// The client-credentials grant (RFC 6749 section 4.4), with the secret among the parameters (section 2.3.1).
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    /// Where the token is fetched.
    pub endpoint: TokenEndpoint,
    /// Client ID.
    pub client_id: String,
    /// Client secret.
    pub client_secret: SecretString,
    /// `audience` parameter, where the vendor wants one.
    pub audience: Option<String>,
    /// `scope` parameter: scopes separated by spaces.
    pub scope: Option<String>,
}

#[async_trait]
impl TokenSource for ClientCredentials {
    async fn fetch(&self, http: &Http) -> Result<Token, HttpError> {
        http.redactor().learn(&self.client_secret);
        let mut parameters = vec![
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.expose_secret()),
        ];
        parameters.extend(self.audience.as_deref().map(|audience| ("audience", audience)));
        parameters.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        self.endpoint.request(http, &parameters).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn token_responses_are_read_with_tolerance() {
        let token = read_token(&json!({"access_token": "abc", "token_type": "bearer", "expires_in": "3600",
            "instance_url": "https://x.example", "refresh_token": "r", "id_token": "i"}))
        .unwrap();
        assert_eq!(token.secret.expose_secret(), "abc");
        assert_eq!(token.expires_in, Some(Duration::from_secs(3600)));
        assert_eq!(token.parameters.keys().collect::<Vec<_>>(), ["instance_url", "token_type"]);
        assert_eq!(read_token(&json!({"access_token": "abc"})).unwrap().expires_in, None);
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for body in [
            json!([]),
            json!({}),
            json!({"access_token": ""}),
            json!({"access_token": "a", "token_type": "mac"}),
        ] {
            assert!(read_token(&body).is_err(), "{body}");
        }
    }
}
