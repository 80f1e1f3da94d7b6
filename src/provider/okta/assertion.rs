//! How a service app authenticates: the client credentials grant with a private-key JWT (RFC 7523 sections 2.2 and 3; Okta, "OAuth for
//! Okta with a service app"). Signing is `ring`'s.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::{
    rand::{SecureRandom, SystemRandom},
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::PROVIDER;
use crate::http::{CredentialError, Http, HttpError, Token, TokenEndpoint, TokenSource};

/// How long an assertion is good for, in seconds; Okta takes an hour at most.
const LIFETIME_SECONDS: i64 = 300;

/// The `client_assertion_type` of RFC 7523 section 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Why a private key cannot be used. Never holds any part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    /// The text is no PEM.
    #[error("the private key is not PEM text with its dashes (RFC 7468)")]
    NotPem,
    /// PEM of something else: PKCS#1, an encrypted key, a certificate.
    #[error("the PEM text is no PKCS#8 private key: it has to begin with `-----BEGIN PRIVATE KEY-----`")]
    NotPkcs8,
    /// Not an RSA key that can sign with SHA-256: damaged, another algorithm, or under 2048 bits.
    #[error("the private key is no RSA key of at least 2048 bits")]
    NotRsa,
}

/// An RSA private key. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct PrivateKey(Arc<RsaKeyPair>);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

impl PrivateKey {
    /// Reads a PKCS#8 key in PEM.
    ///
    /// # Errors
    /// See [`PrivateKeyError`].
    pub fn from_pem(text: &SecretString) -> Result<Self, PrivateKeyError> {
        let (_, block) = x509_parser::pem::parse_x509_pem(text.expose_secret().trim().as_bytes())
            .map_err(|_| PrivateKeyError::NotPem)?;
        if block.label != "PRIVATE KEY" {
            return Err(PrivateKeyError::NotPkcs8);
        }
        RsaKeyPair::from_pkcs8(&block.contents)
            .map(|key| Self(Arc::new(key)))
            .map_err(|_| PrivateKeyError::NotRsa)
    }

    /// A JSON Web Signature with RS256 (RFC 7515 section 3.1, RFC 7518 section 3.3); `None` if the system gives no random bytes.
    fn sign(&self, header: &Value, claims: &Value) -> Option<String> {
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

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
        let mut header = json!({"alg": "RS256", "typ": "JWT"});
        if let Some(key_id) = &self.key_id {
            header["kid"] = key_id.as_str().into();
        }
        let mut id = [0_u8; 16];
        SystemRandom::new().fill(&mut id).ok()?;
        let claims = json!({
            "iss": self.client_id, "sub": self.client_id, "aud": self.audience, "jti": URL_SAFE_NO_PAD.encode(id),
            "iat": now.as_second(), "exp": now.as_second() + LIFETIME_SECONDS,
        });
        self.key.sign(&header, &claims)
    }
}

#[async_trait]
impl TokenSource for ServiceApp {
    async fn fetch(&self, http: &Http) -> Result<Token, HttpError> {
        let unusable = || {
            HttpError::Credential(Box::new(CredentialError::Unusable {
                host: PROVIDER.to_owned(),
                reason: "cannot sign an assertion",
            }))
        };
        let assertion = self.assertion(Timestamp::now()).ok_or_else(unusable)?;
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
pub(super) mod tests {
    use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;
    use crate::http::TokenStyle;

    /// The public test key of the sandbox.
    pub(in super::super) fn key() -> SecretString {
        include_str!("../../sandbox/keys/sandbox-test-only.pk8.pem").to_owned().into()
    }

    #[test]
    fn what_is_no_private_key_is_refused_without_being_shown() {
        let refused = |text: &str| PrivateKey::from_pem(&text.to_owned().into()).unwrap_err();
        assert_eq!(refused("c4n4ry"), PrivateKeyError::NotPem);
        let of = |label: &str| format!("-----BEGIN {label}-----\nYzRuNHJ5\n-----END {label}-----\n");
        assert_eq!(refused(&of("RSA PRIVATE KEY")), PrivateKeyError::NotPkcs8);
        assert_eq!(refused(&of("PRIVATE KEY")), PrivateKeyError::NotRsa);
        for error in [PrivateKeyError::NotPem, PrivateKeyError::NotPkcs8, PrivateKeyError::NotRsa] {
            assert!(!error.to_string().contains("c4n4ry"));
        }
        let key = PrivateKey::from_pem(&key()).unwrap();
        assert_eq!(format!("{key:?}"), "PrivateKey(..)");
    }

    #[test]
    fn an_assertion_is_signed_and_says_who_asks_whom_and_until_when() {
        let key = PrivateKey::from_pem(&key()).unwrap();
        let url = "https://acme.okta.com/oauth2/v1/token";
        let app = ServiceApp {
            endpoint: TokenEndpoint { vendor: PROVIDER, url: url.parse().unwrap(), style: TokenStyle::Form },
            audience: url.to_owned(),
            client_id: "0oa1".to_owned(),
            key: key.clone(),
            key_id: Some("kid1".to_owned()),
            scope: "okta.apps.read".to_owned(),
        };
        let now = Timestamp::from_second(1_784_000_000).unwrap();
        let text = app.assertion(now).unwrap();
        let (signed, signature) = text.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.0.public_key())
            .verify(signed.as_bytes(), &signature)
            .unwrap();
        let part =
            |text: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap() };
        let (header, claims) = signed.split_once('.').unwrap();
        assert_eq!(part(header), json!({"alg": "RS256", "typ": "JWT", "kid": "kid1"}));
        let claims = part(claims);
        assert_eq!(
            (&claims["iss"], &claims["sub"], &claims["aud"]),
            (&json!("0oa1"), &json!("0oa1"), &json!(url))
        );
        assert_eq!(claims["exp"], json!(1_784_000_300));
        assert_ne!(app.assertion(now).unwrap(), text, "each has an ID of its own");
    }
}
