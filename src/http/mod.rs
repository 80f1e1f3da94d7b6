//! How a request is sent, retried, limited and reported: the one HTTP client that every provider uses.
//!
//! Owns transport, routing to the sandbox, authentication, retries, rate limits, pagination and the redaction of
//! secrets in whatever comes from outside. It knows no vendor: a provider hands over its quirks as values (the names of
//! its rate-limit headers, the shape of its errors, where its next page hides).
//!
//! # Flow
//!
//! [`Http`] is made once per run. [`Http::origin`] gives an [`Origin`]: one base URL with its own credentials, limits and
//! permits. [`Origin::send`] turns a [`Request`] into a [`Response`] or a typed [`HttpError`]. [`Http::get`] and
//! [`Http::follow`] read public documents without credentials, [`Http::download`] reads large ones in pieces, and
//! [`Http::server_certificate`] reads what a TLS server shows.
//!
//! # Guarantees
//!
//! - A write is never sent twice unless it certainly did not happen (429, or the connection was never made). When its
//!   answer is lost the caller gets [`HttpError::AnswerLost`] and looks the object up before trying again.
//! - Credentials go to the origin that they were given for, and nowhere else: redirects are not followed, and a next-page
//!   link that leads to another origin is refused.
//! - With [`Routing::Sandbox`] no socket is opened but to the sandbox on loopback.
//! - No error holds a body, a query string or a secret; text from servers is scrubbed by the [`Redactor`].
//!
//! # Caveats
//!
//! A 500 answer to a write is reported as it is ([`HttpError::Api`]): whether the write happened is for the caller to find
//! out.

mod auth;
mod client;
mod download;
mod error;
mod follow;
mod limits;
mod link;
mod origin;
mod pages;
mod redact;
mod request;
mod response;
mod retry;
mod routing;
mod shape;
mod stats;
mod tls;
mod token;
mod wire;

#[cfg(test)]
mod tests;

pub use auth::{Auth, Token, TokenCache, TokenSource};
pub use client::{DEFAULT_ATTEMPTS, DEFAULT_MAX_BODY, Http, HttpOptions, Timeouts};
pub use download::Download;
pub use error::{ApiError, Call, CredentialError, HttpError, found};
pub use follow::{Chain, ChainEnd, Hop};
pub use limits::RateLimitPolicy;
pub use link::next_link;
pub use origin::{Origin, OriginConfig};
pub use pages::{NumberedPage, pages_by_link_header, pages_by_next_url, pages_by_number, pages_by_token};
pub use redact::{REDACTED, Redactor, SANDBOX_WORD};
pub use request::{Kind, Request};
pub use response::Response;
pub use retry::Backoff;
pub use routing::{Routing, is_loopback};
pub use shape::{COMMON_SHAPE, CommonShape, ErrorParts, ErrorShape};
pub use stats::{CallStats, Wait, WaitReason};
pub use tls::TlsProblem;
pub use token::{ClientCredentials, TokenEndpoint, TokenStyle};

pub use reqwest::{Method, StatusCode, header};
