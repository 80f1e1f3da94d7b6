//! One vendor's base URL with its credentials, limits and error shape. Owns the authenticated request; the rules of
//! retrying are in `retry`.

use std::fmt;
use std::sync::Arc;

use reqwest::StatusCode;
use reqwest::header::{ACCEPT, HeaderValue};
use url::Url;

use super::auth::Auth;
use super::client::Http;
use super::error::{ApiError, HttpError};
use super::limits::RateLimitPolicy;
use super::request::Request;
use super::response::Response;
use super::retry::{Exchanged, Lane, exchange};
use super::routing::{check_secure, host_text, origin_text};
use super::shape::ErrorShape;
use super::wire::Outgoing;

/// What makes an origin.
#[derive(Clone)]
pub struct OriginConfig {
    /// Base URL; requests are below its path. https, or plain http to a loopback address.
    pub base: Url,
    /// Credentials. They go to this origin only.
    pub auth: Auth,
    /// How the vendor announces its rate limit.
    pub limits: RateLimitPolicy,
    /// How the vendor says what went wrong.
    pub errors: &'static dyn ErrorShape,
    /// Requests at a time; at least one.
    pub concurrency: usize,
    /// The vendor's name, for messages.
    pub vendor: &'static str,
}

/// A client for one base URL. Cheap to clone; clones share permits, limits and the token.
#[derive(Clone)]
pub struct Origin {
    inner: Arc<Inner>,
}

struct Inner {
    http: Http,
    config: OriginConfig,
    lane: Lane,
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({} at {})", self.inner.config.vendor, origin_text(&self.inner.config.base))
    }
}

impl Http {
    /// A client for one base URL. Sends nothing.
    ///
    /// # Errors
    /// [`HttpError::InsecureOrigin`] for plain http to anything but this machine, [`HttpError::InvalidRequest`] for a URL
    /// that carries credentials.
    pub fn origin(&self, config: OriginConfig) -> Result<Origin, HttpError> {
        check_secure(&config.base)?;
        config.auth.learn(self.redactor());
        let lane = Lane::new(config.limits, config.concurrency);
        Ok(Origin { inner: Arc::new(Inner { http: self.clone(), config, lane }) })
    }
}

impl Origin {
    /// The base URL.
    pub fn base(&self) -> &Url {
        &self.inner.config.base
    }

    /// The client of the run.
    pub fn http(&self) -> &Http {
        &self.inner.http
    }

    /// The vendor's name.
    pub fn vendor(&self) -> &'static str {
        self.inner.config.vendor
    }

    /// Sends a request and returns a successful answer (2xx).
    ///
    /// # Errors
    /// Any [`HttpError`]; what the server refuses is [`HttpError::Api`]. A write whose answer did not come is
    /// [`HttpError::AnswerLost`].
    pub async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let Inner { http, config, lane } = &*self.inner;
        let host = host_text(&config.base);
        if let Some(reason) = request.mistake {
            return Err(HttpError::InvalidRequest { host, reason });
        }
        let Some(url) = request.url(&config.base) else {
            let call = http.call(config.vendor, request.method, &config.base);
            return Err(HttpError::BadLink { call: Box::new(call) });
        };
        if url.origin() != config.base.origin() {
            return Err(HttpError::ForeignLink { host, link: http.redactor().scrub(&origin_text(&url)) });
        }
        check_secure(&url)?;

        let call = http.call(config.vendor, request.method.clone(), &url);
        let kind = request.kind;
        let mut outgoing =
            Outgoing { method: request.method, url, headers: request.headers, body: request.body };
        outgoing.headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));

        let sent = config.auth.header(http, &host).await?;
        if let Some(sent) = &sent {
            outgoing.headers.insert(sent.name.clone(), sent.value.clone());
        }
        let mut exchanged = exchange(http, lane, &call, kind, &outgoing).await?;

        // A token may be revoked before it expires: one more attempt with a fresh one. A 401 was not carried out, so this
        // holds for writes too.
        if exchanged.incoming.status == StatusCode::UNAUTHORIZED
            && let Auth::Bearer(cache) = &config.auth
            && let Some(rejected) = sent.and_then(|sent| sent.token)
        {
            cache.renew(http, &rejected).await?;
            if let Some(fresh) = config.auth.header(http, &host).await? {
                outgoing.headers.insert(fresh.name, fresh.value);
            }
            exchanged = exchange(http, lane, &call, kind, &outgoing).await?;
        }

        let Exchanged { attempts, asked, .. } = exchanged;
        let response = http.response(call, exchanged);
        match response.status {
            status if status.is_success() => Ok(response),
            StatusCode::TOO_MANY_REQUESTS => Err(HttpError::RateLimited {
                call: Box::new((*response.call).clone()),
                attempts,
                wait: asked,
            }),
            _ => Err(HttpError::Api(Box::new(self.api_error(&response)))),
        }
    }

    fn api_error(&self, response: &Response) -> ApiError {
        let Inner { http, config, .. } = &*self.inner;
        let parts = config.errors.parse(response.status, &response.headers, &response.body);
        let scrub = |text: Option<String>| text.map(|text| http.redactor().scrub(&text));
        ApiError {
            call: (*response.call).clone(),
            status: response.status,
            code: scrub(parts.code),
            message: scrub(parts.message),
            request_id: scrub(parts.request_id),
        }
    }
}
