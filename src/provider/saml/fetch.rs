//! Metadata from a URL: read without credentials, in pieces, with bounds on redirects and size. Owns what is taken from them.

use jiff::Timestamp;
use miette::Diagnostic;
use tokio::sync::mpsc;
use url::Url;

use crate::{
    http::{Http, HttpError, StatusCode},
    saml::{
        AggregateError, Binding, Certificate, Metadata, MetadataError, SelectError,
        aggregate::{self, AggregateError as Aggregate},
    },
};

/// Metadata addresses redirect once or twice (a host's other name, a versioned file).
const MAX_REDIRECTS: usize = 5;
/// A document whose bytes stop coming is asked for again.
const ATTEMPTS: usize = 2;
/// Pieces of a document between the network and its reader; each is at most what the transport gives at once.
const PIECES: usize = 8;

/// What the metadata say of one identity provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// The entity ID.
    pub entity_id: String,
    /// Where people are sent to sign in, and how.
    pub sign_on: (Binding, String),
    /// The certificates that it signs with, in their order.
    pub certificates: Vec<Certificate>,
    /// Until when this description holds.
    pub valid_until: Option<Timestamp>,
    /// Whether it takes signed requests only.
    pub wants_signed_requests: bool,
}

/// Why metadata at a URL cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FetchError {
    /// They cannot be read.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server answers something else.
    #[error("{address} answers {status}")]
    Status {
        /// Where the answer came from in the end; without its query.
        address: String,
        /// Its status.
        status: StatusCode,
    },
    /// No entity can be cut out of them.
    #[error(transparent)]
    Aggregate(#[from] AggregateError),
    /// They are not metadata.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// They do not say which identity provider is meant.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// They have no address to sign in at.
    #[error("the metadata of `{entity_id}` have no sign-on address for HTTP-Redirect or HTTP-POST")]
    NoSignOn {
        /// The entity ID.
        entity_id: String,
    },
}

impl FetchError {
    /// What to do, where something can be said.
    pub fn help(&self) -> Option<String> {
        let of = |error: &dyn Diagnostic| error.help().map(|help| help.to_string());
        match self {
            Self::Http(error) => of(error),
            Self::Status { .. } => {
                Some("open the address in a browser that is not signed in: metadata are public".to_owned())
            }
            Self::Select(SelectError::Several { .. } | SelectError::NotFound { .. })
            | Self::Aggregate(Aggregate::Select(
                SelectError::Several { .. } | SelectError::NotFound { .. },
            )) => Some("name the entity, exactly as it is published, in `trust.entityId`".to_owned()),
            Self::Select(error) => of(error),
            Self::Aggregate(error) => of(error),
            Self::Metadata(error) => of(error),
            Self::NoSignOn { .. } => None,
        }
    }
}

/// Reads one identity provider's metadata from a URL.
///
/// # Errors
/// See [`FetchError`].
pub async fn entity(http: &Http, url: &Url, wanted: Option<&str>) -> Result<Entity, FetchError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match piece(http, url, wanted).await {
            // What is well-formed up to its end and ends too early was cut off on the way, as was what the transport dropped.
            Err(
                FetchError::Http(HttpError::Dropped { .. } | HttpError::Timeout { .. })
                | FetchError::Aggregate(Aggregate::Truncated { .. }),
            ) if attempt < ATTEMPTS => {}
            Err(error) => return Err(error),
            Ok(piece) => return of_piece(&piece, wanted),
        }
    }
}

async fn piece(http: &Http, url: &Url, wanted: Option<&str>) -> Result<Vec<u8>, FetchError> {
    let (sink, received) = mpsc::channel(PIECES);
    let wanted = wanted.map(str::to_owned);
    let reading = tokio::task::spawn_blocking(move || {
        let mut source = Received { received, piece: Vec::new(), at: 0 };
        aggregate::piece(&mut source, wanted.as_deref())
    });
    let download = http.download(url, MAX_REDIRECTS, sink).await;
    // The sender is gone by now, so the reader comes to its end.
    let read = reading
        .await
        .unwrap_or_else(|_| Err(AggregateError::Read { reason: "the reader was stopped".to_owned() }));
    let download = download?;
    if !download.status.is_success() {
        let mut bare = download.url;
        bare.set_query(None);
        return Err(FetchError::Status { address: bare.to_string(), status: download.status });
    }
    Ok(read?)
}

/// What is taken from a document that has the entity.
fn of_piece(piece: &[u8], wanted: Option<&str>) -> Result<Entity, FetchError> {
    let metadata = Metadata::parse_bytes(piece)?;
    let (entity, idp) = metadata.select_idp(wanted)?;
    let entity_id = entity.entity_id.clone();
    let Some((binding, location)) = idp.sign_on() else { return Err(FetchError::NoSignOn { entity_id }) };
    Ok(Entity {
        sign_on: (binding, location.to_owned()),
        certificates: idp.signing_certificates.clone(),
        valid_until: entity.valid_until,
        wants_signed_requests: idp.want_authn_requests_signed,
        entity_id,
    })
}

/// Bytes as they come, for a reader that waits for them.
struct Received {
    received: mpsc::Receiver<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
}

impl std::io::Read for Received {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.at == self.piece.len() {
            match self.received.blocking_recv() {
                Some(piece) => (self.piece, self.at) = (piece, 0),
                None => return Ok(0),
            }
        }
        let count = into.len().min(self.piece.len() - self.at);
        into[..count].copy_from_slice(&self.piece[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
