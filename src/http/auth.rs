//! Who asks. Owns the kinds of credentials and the cache of access tokens; where secrets come from is not its business,
//! and fetching a token is its source's.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::client::Http;
use super::error::{CredentialError, HttpError};
use super::redact::Redactor;

/// A token is renewed this long before it expires, or a tenth of its life before, whichever is shorter.
const LEEWAY: Duration = Duration::from_secs(60);

/// Credentials of an origin.
#[derive(Clone)]
pub enum Auth {
    /// None.
    None,
    /// HTTP Basic (RFC 7617).
    Basic {
        /// User name, for example a key's SID; without a colon.
        user: String,
        /// Password.
        secret: SecretString,
    },
    /// A bearer token (RFC 6750) that is fetched, kept until it expires, and fetched anew once after a 401.
    Bearer(Arc<TokenCache>),
    /// A fixed header, for example `Authorization: SSWS ...`.
    Header {
        /// Header name.
        name: HeaderName,
        /// The whole value.
        value: SecretString,
    },
}

impl Auth {
    /// A bearer token from a source, with a cache of its own. Clones share the cache.
    pub fn bearer(source: impl TokenSource + 'static) -> Self {
        Self::Bearer(Arc::new(TokenCache::new(source)))
    }

    /// `Authorization: {scheme} {secret}` with a secret that does not change, such as an API key.
    pub fn scheme(scheme: &str, secret: &SecretString) -> Self {
        let value = format!("{scheme} {}", secret.expose_secret()).into();
        Self::Header { name: AUTHORIZATION, value }
    }

    pub(super) fn learn(&self, redactor: &Redactor) {
        match self {
            Self::None | Self::Bearer(_) => {}
            Self::Basic { user, secret } => redactor.learn_basic(user, secret),
            Self::Header { value, .. } => {
                redactor.learn(value);
                // The bare token behind a scheme is as secret as the whole value.
                if let Some((_, token)) = value.expose_secret().split_once(' ') {
                    redactor.learn(&token.into());
                }
            }
        }
    }

    /// The header to send, and the token in it where it can be renewed.
    pub(super) async fn header(&self, http: &Http, host: &str) -> Result<Option<SentAuth>, HttpError> {
        let (name, value, token) = match self {
            Self::None => return Ok(None),
            Self::Basic { user, .. } if user.contains(':') => {
                return Err(unusable(host, "has a colon in its user name"));
            }
            Self::Basic { user, secret } => {
                let pair = STANDARD.encode(format!("{user}:{}", secret.expose_secret()));
                (AUTHORIZATION, format!("Basic {pair}"), None)
            }
            Self::Bearer(cache) => {
                let token = cache.token(http).await?;
                (AUTHORIZATION, format!("Bearer {}", token.expose_secret()), Some(token))
            }
            Self::Header { name, value } => (name.clone(), value.expose_secret().to_owned(), None),
        };
        let mut value = HeaderValue::try_from(value).map_err(|_| {
            unusable(host, "holds a character that no header can carry, such as a line break")
        })?;
        value.set_sensitive(true);
        Ok(Some(SentAuth { name, value, token }))
    }
}

pub(super) struct SentAuth {
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
    pub(super) token: Option<SecretString>,
}

fn unusable(host: &str, reason: &'static str) -> HttpError {
    HttpError::Credential(Box::new(CredentialError::Unusable { host: host.to_owned(), reason }))
}

/// An access token and how long it is good for.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token.
    pub secret: SecretString,
    /// Its life from now on; `None` keeps it until a 401.
    pub expires_in: Option<Duration>,
    /// Other text fields of the token response that are no secrets (`scope`, `instance_url`...).
    pub parameters: std::collections::BTreeMap<String, String>,
}

/// Where access tokens come from. A source fetches; [`TokenCache`] keeps, shares and renews.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// Fetches a new token.
    ///
    /// # Errors
    /// [`HttpError::Credential`] where the client is refused, and those of the transport.
    async fn fetch(&self, http: &Http) -> Result<Token, HttpError>;
}

/// Keeps a source's token until shortly before it expires. However many ask at once, one fetches and all get what it got,
/// its failure included: a wrong secret is not tried once per waiting request.
pub struct TokenCache {
    source: Box<dyn TokenSource>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<(Token, Option<Instant>)>,
    failure: Option<(Instant, HttpError)>,
}

impl TokenCache {
    /// An empty cache before a source.
    pub fn new(source: impl TokenSource + 'static) -> Self {
        Self { source: Box::new(source), state: Mutex::default() }
    }

    /// The token, fetched where there is none or it is about to expire.
    ///
    /// # Errors
    /// Those of the source.
    pub async fn token(&self, http: &Http) -> Result<SecretString, HttpError> {
        Ok(self.obtain(http, None).await?.secret)
    }

    /// The token with the other fields of its response.
    ///
    /// # Errors
    /// Those of the source.
    pub async fn full(&self, http: &Http) -> Result<Token, HttpError> {
        self.obtain(http, None).await
    }

    /// Another token than the one that was rejected; does not fetch where somebody else renewed it meanwhile.
    ///
    /// # Errors
    /// Those of the source.
    pub async fn renew(&self, http: &Http, rejected: &SecretString) -> Result<SecretString, HttpError> {
        Ok(self.obtain(http, Some(rejected)).await?.secret)
    }

    async fn obtain(&self, http: &Http, rejected: Option<&SecretString>) -> Result<Token, HttpError> {
        let asked = Instant::now();
        let mut state = self.state.lock().await;
        if let Some((token, good_until)) = &state.token
            && good_until.is_none_or(|until| Instant::now() < until)
            && rejected.is_none_or(|rejected| rejected.expose_secret() != token.secret.expose_secret())
        {
            return Ok(token.clone());
        }
        if let Some((when, failure)) = &state.failure
            && *when >= asked
        {
            return Err(failure.clone());
        }
        match self.source.fetch(http).await {
            Ok(token) => {
                http.redactor().learn(&token.secret);
                let good_until = token.expires_in.map(|life| Instant::now() + (life - LEEWAY.min(life / 10)));
                *state = State { token: Some((token.clone(), good_until)), failure: None };
                Ok(token)
            }
            Err(error) => {
                *state = State { token: None, failure: Some((Instant::now(), error.clone())) };
                Err(error)
            }
        }
    }
}
