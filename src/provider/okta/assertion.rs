//! How a service app authenticates: the client credentials grant with a private-key JWT (RFC 7523 sections 2.2 and 3; Okta, "OAuth for
//! Okta with a service app").

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::PROVIDER;
use crate::{
    http::{Http, HttpError, Token, TokenEndpoint, TokenSource},
    provider::assertion::{PrivateKey, cannot_sign},
};

/// The `client_assertion_type` of RFC 7523 section 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A service app that asks for tokens.
#[derive(Debug, Clone)]
pub(super) struct ServiceApp {
    pub(super) endpoint: TokenEndpoint,
    /// The token URL as Okta knows it, whatever the way to it is: the assertion's audience.
    pub(super) audience: String,
    pub(super) client_id: String,
    pub(super) key: PrivateKey,
    pub(super) key_id: Option<String>,
    /// Scopes separated by spaces.
    pub(super) scope: String,
}

impl ServiceApp {
    /// The assertion of one moment.
    fn assertion(&self, now: Timestamp) -> Option<String> {
        let claims: Map<String, Value> =
            [("iss", &self.client_id), ("sub", &self.client_id), ("aud", &self.audience)]
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.as_str().into()))
                .collect();
        self.key.jwt(self.key_id.as_deref(), claims, now)
    }
}

#[async_trait]
impl TokenSource for ServiceApp {
    async fn fetch(&self, http: &Http) -> Result<Token, HttpError> {
        let assertion = self.assertion(Timestamp::now()).ok_or_else(|| cannot_sign(PROVIDER))?;
        http.redactor().learn(&SecretString::from(assertion.as_str()));
        let parameters = [
            ("grant_type", "client_credentials"),
            ("scope", self.scope.as_str()),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion.as_str()),
        ];
        self.endpoint.request(http, &parameters).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        http::TokenStyle,
        provider::assertion::tests::{key, verified},
    };

    #[test]
    fn an_assertion_says_who_asks_whom_with_which_key() {
        let url = "https://acme.okta.com/oauth2/v1/token";
        let app = ServiceApp {
            endpoint: TokenEndpoint { vendor: PROVIDER, url: url.parse().unwrap(), style: TokenStyle::Form },
            audience: url.to_owned(),
            client_id: "0oa1".to_owned(),
            key: PrivateKey::from_pem(&key()).unwrap(),
            key_id: Some("kid1".to_owned()),
            scope: "okta.apps.read".to_owned(),
        };
        let text = app.assertion(Timestamp::from_second(1_784_000_000).unwrap()).unwrap();
        let (header, claims) = verified(&text);
        assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": "kid1"}));
        assert_eq!(
            (&claims["iss"], &claims["sub"], &claims["aud"]),
            (&json!("0oa1"), &json!("0oa1"), &json!(url))
        );
    }
}
