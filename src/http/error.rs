//! What can go wrong on the way to a server and back. Owns the error type and its predicates; what a caller does about
//! it is decided elsewhere.

use std::fmt;
use std::time::Duration;

use miette::Diagnostic;
use reqwest::{Method, StatusCode};
use thiserror::Error;

/// Which request an error is about. Holds no query string: vendors put e-mail addresses and tokens there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The vendor's name as the provider gave it, `web` for public documents.
    pub vendor: &'static str,
    /// HTTP method.
    pub method: Method,
    /// Logical host, with the port where it is not the scheme's own.
    pub host: String,
    /// Path as sent (percent-encoded), scrubbed of known secrets.
    pub path: String,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.method, self.host, self.path)
    }
}

/// An answer of a server that says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The request that was refused.
    pub call: Call,
    /// HTTP status.
    pub status: StatusCode,
    /// The vendor's own error code, as text.
    pub code: Option<String>,
    /// The vendor's message, scrubbed and shortened.
    pub message: Option<String>,
    /// The vendor's request ID, for a support ticket.
    pub request_id: Option<String>,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered {} to {}", self.call.vendor, self.status, self.call)?;
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        match (&self.code, &self.request_id) {
            (Some(code), Some(id)) => write!(f, " (code {code}, request {id})"),
            (Some(code), None) => write!(f, " (code {code})"),
            (None, Some(id)) => write!(f, " (request {id})"),
            (None, None) => Ok(()),
        }
    }
}

/// Why no usable credential could be had.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The token endpoint refused the client (RFC 6749 section 5.2).
    #[error("{0}")]
    Refused(ApiError),
    /// The token endpoint's answer is not a token response (RFC 6749 section 5.1).
    #[error("{host} did not answer with a token: {reason}")]
    NotAToken {
        /// Logical host of the token endpoint.
        host: String,
        /// What is wrong with the answer; never its content.
        reason: &'static str,
    },
    /// The secret cannot be carried by an HTTP header, for example because a line break came with it.
    #[error("the credential for {host} {reason}")]
    Unusable {
        /// Logical host that the credential is for.
        host: String,
        /// What is wrong with the secret; never its content.
        reason: &'static str,
    },
}

/// Everything that can go wrong with a request.
///
/// Cheap to clone, so that one failure can be handed to all who waited for it. Holds no body, no secret and no query.
#[derive(Debug, Clone, Error, Diagnostic)]
#[non_exhaustive]
pub enum HttpError {
    /// No connection could be made; nothing was sent.
    #[error("cannot reach {host}: {cause}")]
    #[diagnostic(help("check the host name, the network and the proxy settings of this machine"))]
    Unreachable {
        /// Logical host.
        host: String,
        /// The operating system's or resolver's reason.
        cause: String,
    },
    /// The TLS handshake failed, most often because the certificate is not trusted.
    #[error("no trusted TLS connection to {host}: {cause}")]
    #[diagnostic(help(
        "the certificate must be valid for the host and trusted by this machine; a proxy that opens TLS needs its root in the system's store"
    ))]
    Tls {
        /// Logical host.
        host: String,
        /// What rustls says.
        cause: String,
    },
    /// A read was not answered in time, on every attempt.
    #[error("{call} was not answered in time")]
    Timeout {
        /// The request.
        call: Box<Call>,
    },
    /// The connection of a read broke before the answer was complete, on every attempt.
    #[error("the connection broke during {call}: {cause}")]
    Dropped {
        /// The request.
        call: Box<Call>,
        /// The transport's reason.
        cause: String,
    },
    /// A write was sent and its answer lost: it may have happened or not.
    #[error("the answer to {call} was lost: {cause}")]
    #[diagnostic(help("the change may have been made; the next plan shows what is left to do"))]
    AnswerLost {
        /// The write.
        call: Box<Call>,
        /// How the answer was lost.
        cause: String,
    },
    /// The server answered with an error.
    #[error("{0}")]
    Api(Box<ApiError>),
    /// The answer is not what the vendor documents.
    #[error("cannot understand the answer to {call}: at {at}, {reason}")]
    Decode {
        /// The request.
        call: Box<Call>,
        /// Path inside the JSON document, `.` for its root.
        at: String,
        /// What was expected there; never what was found.
        reason: String,
    },
    /// The answer is larger than the limit.
    #[error("the answer to {call} is larger than {limit} bytes")]
    TooLarge {
        /// The request.
        call: Box<Call>,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A link in an answer leads to another origin, where the credentials must not go.
    #[error("{host} answered with a link to {link}, another origin; credentials do not follow it")]
    ForeignLink {
        /// The origin's logical host.
        host: String,
        /// Where the link leads: scheme and host.
        link: String,
    },
    /// A link in an answer is no URL.
    #[error("{call} was answered with a link that is no URL")]
    BadLink {
        /// The request.
        call: Box<Call>,
    },
    /// The server still refuses for its rate limit.
    #[error("{} limits the rate of {call}: gave up after {attempts} attempts, the last asked to wait {} s", call.vendor, wait.as_secs_f32().ceil())]
    #[diagnostic(help("wait and run again; nothing was changed by this request"))]
    RateLimited {
        /// The request.
        call: Box<Call>,
        /// How often it was sent.
        attempts: u32,
        /// The last wait that was asked for or chosen.
        wait: Duration,
    },
    /// No usable credential.
    #[error(transparent)]
    #[diagnostic(help(
        "check the client ID, the secret and what they are allowed to do in the vendor's console"
    ))]
    Credential(Box<CredentialError>),
    /// Plain http to something else than this machine.
    #[error("{origin} is not https")]
    #[diagnostic(help("plain http is accepted for a loopback address only"))]
    InsecureOrigin {
        /// Scheme and host.
        origin: String,
    },
    /// The sandbox's base is not a plain http URL of a loopback address.
    #[error("{base} is no loopback address: the sandbox lives on this machine")]
    SandboxNotLoopback {
        /// Scheme and host.
        base: String,
    },
    /// The request cannot be made out of what was given.
    #[error("cannot make a request to {host}: {reason}")]
    InvalidRequest {
        /// Logical host.
        host: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A list has more pages than the guard allows.
    #[error("{call} has more than {max} pages")]
    TooManyPages {
        /// The request of the last page.
        call: Box<Call>,
        /// The guard.
        max: usize,
    },
    /// A list came back to a page that was read already.
    #[error("{call} gives the same page again")]
    PageRepeats {
        /// The request of the page.
        call: Box<Call>,
    },
    /// A chain of redirects is longer than allowed.
    #[error("{host} redirects more than {max} times")]
    TooManyRedirects {
        /// Logical host of the last hop.
        host: String,
        /// The limit.
        max: usize,
    },
    /// The client could not be set up.
    #[error("cannot set up HTTPS on this machine: {cause}")]
    Setup {
        /// The TLS library's reason.
        cause: String,
    },
}

impl HttpError {
    /// Status of the server's answer, where there was one.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Api(api) => Some(api.status),
            Self::Credential(cause) => match &**cause {
                CredentialError::Refused(api) => Some(api.status),
                _ => None,
            },
            Self::RateLimited { .. } => Some(StatusCode::TOO_MANY_REQUESTS),
            _ => None,
        }
    }

    /// The vendor's answer, where there was one.
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(api) => Some(api),
            _ => None,
        }
    }

    /// The vendor's own error code, where there was one.
    pub fn code(&self) -> Option<&str> {
        self.api()?.code.as_deref()
    }

    /// The object does not exist (404 or 410).
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Api(api) if matches!(api.status, StatusCode::NOT_FOUND | StatusCode::GONE))
    }

    /// The credential is known and may not do this (403).
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Api(api) if api.status == StatusCode::FORBIDDEN)
    }

    /// The credential is not accepted (401, or the token endpoint refused the client).
    pub fn is_unauthorized(&self) -> bool {
        match self {
            Self::Api(api) => api.status == StatusCode::UNAUTHORIZED,
            Self::Credential(_) => true,
            _ => false,
        }
    }

    /// Somebody else changed or made the object meanwhile (409 or 412).
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Api(api) if matches!(api.status, StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED))
    }

    /// The same request may succeed later. Not true of [`HttpError::AnswerLost`]: that one has to be looked up first.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::Dropped { .. }
            | Self::RateLimited { .. } => true,
            Self::Api(api) => api.status.is_server_error() || api.status == StatusCode::TOO_MANY_REQUESTS,
            _ => false,
        }
    }

    /// The server was not reached or did not answer.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Tls { .. } | Self::Timeout { .. } | Self::Dropped { .. }
        )
    }
}

/// Turns 'not found' into `None`, and leaves every other error alone.
///
/// # Errors
/// Those of `result`, but for [`HttpError::is_not_found`].
pub fn found<T>(result: Result<T, HttpError>) -> Result<Option<T>, HttpError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
