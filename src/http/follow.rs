//! Following redirects in the open, for probes. Owns the chain; it carries no credentials and no cookies.

use reqwest::StatusCode;
use reqwest::header::LOCATION;
use url::Url;

use super::client::Http;
use super::error::HttpError;
use super::response::Response;
use super::routing::host_text;

/// One answered request of a chain.
#[derive(Debug, Clone)]
pub struct Hop {
    /// Logical URL that was asked. Its query may hold what is not meant for a log.
    pub url: Url,
    /// Status of the answer.
    pub status: StatusCode,
}

/// How a chain ended.
#[derive(Debug, Clone)]
pub enum ChainEnd {
    /// With an answer that is no redirect.
    Answer(Response),
    /// Before this URL, which was not opened.
    StoppedBefore(Url),
}

/// Redirects that were followed, in order.
#[derive(Debug, Clone)]
pub struct Chain {
    /// Every request that was answered.
    pub hops: Vec<Hop>,
    /// What came last.
    pub end: ChainEnd,
}

impl Http {
    /// Reads a public document and follows its redirects, at most `max` of them, until `stop` says that the next URL is
    /// not to be opened. Every hop is routed like the first: in the sandbox by its logical host.
    ///
    /// # Errors
    /// [`HttpError::TooManyRedirects`], [`HttpError::BadLink`], and those of [`Http::get`] at each hop (so a redirect to
    /// plain http is [`HttpError::InsecureOrigin`], unless `stop` stopped before it).
    pub async fn follow(
        &self,
        url: &Url,
        max: usize,
        stop: impl Fn(&Url) -> bool,
    ) -> Result<Chain, HttpError> {
        let mut hops = Vec::new();
        let mut url = url.clone();
        loop {
            let response = self.get(&url).await?;
            hops.push(Hop { url: url.clone(), status: response.status() });
            let redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
            let Some(location) = response.headers().get(LOCATION).filter(|_| redirect) else {
                return Ok(Chain { hops, end: ChainEnd::Answer(response) });
            };
            let next = location.to_str().ok().and_then(|location| url.join(location).ok());
            let Some(next) = next else {
                return Err(HttpError::BadLink { call: Box::new(response.call().clone()) });
            };
            if stop(&next) {
                return Ok(Chain { hops, end: ChainEnd::StoppedBefore(next) });
            }
            if hops.len() > max {
                return Err(HttpError::TooManyRedirects { host: host_text(&url), max });
            }
            url = next;
        }
    }
}
