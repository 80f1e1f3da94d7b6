//! Large public documents, read in pieces: nothing holds the whole. Owns redirects and attempts up to the first byte; what comes after
//! it cannot be taken back, so whoever reads begins again.

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Method, StatusCode};
use tokio::sync::mpsc;
use url::Url;

use super::client::Http;
use super::error::HttpError;
use super::limits::retry_after;
use super::request::Kind;
use super::retry::CONNECT_ATTEMPTS;
use super::routing::{check_secure, host_text};
use super::stats::{Wait, WaitReason};
use super::wire::{Failure, Outgoing};

/// How a download ended.
#[derive(Debug, Clone)]
pub struct Download {
    /// Where the document was in the end.
    pub url: Url,
    /// Status of the last answer; its body was given away only if that is a success.
    pub status: StatusCode,
    /// Headers of the last answer.
    pub headers: HeaderMap,
    /// Bytes that were given away.
    pub bytes: u64,
}

impl Http {
    /// Reads a public document without credentials and sends its bytes to `sink` as they come, at the pace of whoever receives them; a
    /// receiver that is gone ends it. Follows at most `max_redirects`, each routed like the first. A failure before the first byte
    /// is retried; one after it is an error, and the receiver has to begin again.
    ///
    /// # Errors
    /// [`HttpError::InsecureOrigin`], [`HttpError::TooManyRedirects`], [`HttpError::BadLink`], and those of the transport.
    pub async fn download(
        &self,
        url: &Url,
        max_redirects: usize,
        sink: mpsc::Sender<Vec<u8>>,
    ) -> Result<Download, HttpError> {
        let mut url = url.clone();
        let mut hops = 0;
        loop {
            check_secure(&url)?;
            url.set_fragment(None);
            let download = self.one(&url, &sink).await?;
            let is_redirect = matches!(download.status.as_u16(), 301 | 302 | 303 | 307 | 308);
            let Some(location) = download.headers.get(LOCATION).filter(|_| is_redirect) else {
                return Ok(download);
            };
            let next = location.to_str().ok().and_then(|location| url.join(location).ok());
            let call = || Box::new(self.call("web", Method::GET, &url));
            let next = next.ok_or_else(|| HttpError::BadLink { call: call() })?;
            hops += 1;
            if hops > max_redirects {
                return Err(HttpError::TooManyRedirects { host: host_text(&url), max: max_redirects });
            }
            url = next;
        }
    }

    async fn one(&self, url: &Url, sink: &mpsc::Sender<Vec<u8>>) -> Result<Download, HttpError> {
        let call = self.call("web", Method::GET, url);
        let outgoing =
            Outgoing { method: Method::GET, url: url.clone(), headers: HeaderMap::new(), body: None };
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut bytes = 0;
            let outcome = self.wire().stream(&outgoing, sink, &mut bytes).await;
            self.count(&call.host, |stats| {
                stats.requests += 1;
                stats.retries += u64::from(attempt > 1);
            });
            let may_retry = bytes == 0 && attempt < self.max_attempts();
            let wait = match outcome {
                Ok(answer) => {
                    let is_busy = matches!(answer.status.as_u16(), 429 | 500 | 502..=504);
                    let asked = retry_after(&answer.headers, jiff::Timestamp::now());
                    if !is_busy || !may_retry || asked.is_some_and(|asked| asked > self.backoff().max) {
                        return Ok(Download {
                            url: url.clone(),
                            status: answer.status,
                            headers: answer.headers,
                            bytes,
                        });
                    }
                    asked.unwrap_or_else(|| self.backoff().wait(attempt))
                }
                Err(Failure::Connect(_)) if may_retry && attempt < CONNECT_ATTEMPTS => {
                    self.backoff().wait(attempt)
                }
                Err(Failure::Timeout | Failure::Dropped(_)) if may_retry => self.backoff().wait(attempt),
                Err(failure) => return Err(failure.into_error(&call, Kind::Read, self.max_body())),
            };
            let reason = WaitReason::Retry { attempt };
            self.pause(Wait { host: call.host.clone(), reason, duration: wait }).await;
        }
    }
}
