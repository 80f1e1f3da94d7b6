//! Private-key JWTs (RFC 7523): the key, signing with RS256, and the JWT bearer grant that Google and Salesforce take. Okta's client
//! authentication builds on the same key in its own folder. Signing is `ring`'s.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::{
    rand::{SecureRandom, SystemRandom},
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::credentials::Credentials;
use crate::{
    component::{Unknown, UnknownReason},
    http::{CredentialError, Http, HttpError, Token, TokenEndpoint, TokenSource},
    manifest::SecretRef,
};

/// How long an assertion is good for, in seconds. Salesforce takes 5 minutes at most, Google and Okta an hour; the rest is for clocks
/// that are ahead.
const LIFETIME_SECONDS: i64 = 180;

/// The `grant_type` of RFC 7523 section 2.1.
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The public test key of the sandbox (`src/sandbox/keys/README.md`).
const SANDBOX_KEY: &str = include_str!("../sandbox/keys/sandbox-test-only.pk8.pem");

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

    /// A JWT of these claims, as a JSON Web Signature with RS256 (RFC 7515 section 3.1, RFC 7518 section 3.3). `iat`, `exp` and a `jti`
    /// of its own are put in. `None` if the system gives no random bytes.
    pub fn jwt(&self, key_id: Option<&str>, claims: Map<String, Value>, now: Timestamp) -> Option<String> {
        let mut header = json!({"alg": "RS256", "typ": "JWT"});
        if let Some(key_id) = key_id {
            header["kid"] = key_id.into();
        }
        let mut id = [0_u8; 16];
        SystemRandom::new().fill(&mut id).ok()?;
        let mut claims = claims;
        claims.insert("jti".to_owned(), URL_SAFE_NO_PAD.encode(id).into());
        claims.insert("iat".to_owned(), now.as_second().into());
        claims.insert("exp".to_owned(), (now.as_second() + LIFETIME_SECONDS).into());
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(&header), part(&Value::Object(claims)));
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// An identifier and its private key. In the sandbox the key is the sandbox's own, which is public: no real one is read, and the played
/// vendor can verify what is signed with it.
///
/// # Errors
/// There is none, it cannot be read, or it is no PKCS#8 RSA key.
pub async fn private_key(
    credentials: &Credentials,
    pair: Option<(&str, &SecretRef)>,
    missing: &str,
) -> Result<(String, PrivateKey), Unknown> {
    let (id, secret) = credentials.pair(pair, missing).await?;
    let secret = if credentials.is_sandbox() { SecretString::from(SANDBOX_KEY) } else { secret };
    let key = PrivateKey::from_pem(&secret).map_err(|error| Unknown {
        reason: UnknownReason::NoCredential,
        message: match pair {
            Some((_, reference)) => format!("{reference} cannot be used: {error}"),
            None => error.to_string(),
        },
        help: Some("give the key as PKCS#8 PEM: `openssl pkcs8 -topk8 -nocrypt`".to_owned()),
    })?;
    Ok((id, key))
}

/// The JWT bearer grant (RFC 7523 section 2.1): one assertion for one access token.
#[derive(Debug, Clone)]
pub struct JwtBearer {
    /// Where the token is fetched.
    pub endpoint: TokenEndpoint,
    /// The private key.
    pub key: PrivateKey,
    /// `iss`: who asks (Google: the service account's e-mail address; Salesforce: the consumer key).
    pub issuer: String,
    /// `sub`: as whom (the administrator or integration user).
    pub subject: String,
    /// `aud`: the authorization server as it knows itself, whatever the way to it is.
    pub audience: String,
    /// `scope`, separated by spaces, where the vendor wants it among the claims (Google).
    pub scope: Option<String>,
}

impl JwtBearer {
    fn assertion(&self, now: Timestamp) -> Option<String> {
        let mut claims = Map::new();
        let mut set = |name: &str, value: &str| claims.insert(name.to_owned(), value.into());
        set("iss", &self.issuer);
        set("sub", &self.subject);
        set("aud", &self.audience);
        if let Some(scope) = &self.scope {
            set("scope", scope);
        }
        self.key.jwt(None, claims, now)
    }
}

#[async_trait]
impl TokenSource for JwtBearer {
    async fn fetch(&self, http: &Http) -> Result<Token, HttpError> {
        let assertion = self.assertion(Timestamp::now()).ok_or_else(|| cannot_sign(self.endpoint.vendor))?;
        http.redactor().learn(&SecretString::from(assertion.as_str()));
        self.endpoint.request(http, &[("grant_type", GRANT_TYPE), ("assertion", &assertion)]).await
    }
}

/// The error where no assertion could be made.
pub fn cannot_sign(vendor: &str) -> HttpError {
    HttpError::Credential(Box::new(CredentialError::Unusable {
        host: vendor.to_owned(),
        reason: "cannot sign an assertion",
    }))
}

#[cfg(test)]
pub(crate) mod tests {
    use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;
    use crate::http::TokenStyle;

    /// The public test key of the sandbox.
    pub(crate) fn key() -> SecretString {
        SANDBOX_KEY.to_owned().into()
    }

    /// Header and claims of a JWT whose signature is right.
    #[track_caller]
    pub(crate) fn verified(jwt: &str) -> (Value, Value) {
        let key = PrivateKey::from_pem(&key()).unwrap();
        let (signed, signature) = jwt.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.0.public_key())
            .verify(signed.as_bytes(), &signature)
            .unwrap();
        let part =
            |text: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap() };
        let (header, claims) = signed.split_once('.').unwrap();
        (part(header), part(claims))
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
        let url = "https://oauth2.googleapis.com/token";
        let grant = JwtBearer {
            endpoint: TokenEndpoint { vendor: "test", url: url.parse().unwrap(), style: TokenStyle::Form },
            key: PrivateKey::from_pem(&key()).unwrap(),
            issuer: "concord@p.iam.gserviceaccount.com".to_owned(),
            subject: "root@connie.one".to_owned(),
            audience: url.to_owned(),
            scope: Some("one two".to_owned()),
        };
        let now = Timestamp::from_second(1_784_000_000).unwrap();
        let text = grant.assertion(now).unwrap();
        let (header, mut claims) = verified(&text);
        assert_eq!(header, json!({"alg": "RS256", "typ": "JWT"}));
        claims.as_object_mut().unwrap().remove("jti");
        assert_eq!(
            claims,
            json!({"iss": "concord@p.iam.gserviceaccount.com", "sub": "root@connie.one", "aud": url,
                   "scope": "one two", "iat": 1_784_000_000, "exp": 1_784_000_180})
        );
        assert_ne!(grant.assertion(now).unwrap(), text, "each has an ID of its own");
    }
}
