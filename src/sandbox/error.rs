//! What can go wrong when a sandbox is started, read or reset. Refusals of a played vendor are answers, not errors, and
//! live with the vendor.

use std::net::SocketAddr;

use camino::Utf8PathBuf;
use thiserror::Error;

/// Why a sandbox could not be started, read or reset.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The sandbox serves loopback only: it has no transport security and its credentials are play.
    #[error("the sandbox listens on loopback addresses only, and {address} is not one")]
    NotLoopback {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The address could not be bound.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Another sandbox has the state open. One writer at a time.
    #[error("the sandbox state {path} is in use by another process{}", .holder.as_ref().map(|h| format!(", which serves {h}")).unwrap_or_default())]
    Locked {
        /// The database file that is locked.
        path: Utf8PathBuf,
        /// The base URL that the holder announced in `endpoint.json`, where it did.
        holder: Option<String>,
    },
    /// The state directory or a file in it could not be read or written.
    #[error("cannot use {path}")]
    Io {
        /// The file or directory.
        path: Utf8PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The database refused an operation.
    #[error("the sandbox state {path} cannot be used")]
    State {
        /// The database file.
        path: Utf8PathBuf,
        /// What the database said.
        #[source]
        source: Box<redb::Error>,
    },
    /// A stored document is not what this version of Concord wrote.
    #[error(
        "the sandbox state holds a document that cannot be read ({table}, {key}); `concord sandbox reset` starts anew"
    )]
    Document {
        /// The table of the document.
        table: String,
        /// Its key.
        key: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The seed or fault file is not valid YAML of the documented shape.
    #[error("{path}: at `{field}`: {reason}")]
    File {
        /// The file.
        path: Utf8PathBuf,
        /// The path of the field, for example `auth0.tenants.x.users[2].email`.
        field: String,
        /// What is wrong.
        reason: String,
    },
    /// A seeded object was refused by the vendor that it belongs to, as its API would refuse it.
    #[error("the seed was refused: {object}: {reason}")]
    Seed {
        /// Which object, for example `auth0.tenants.x.clients[0]`.
        object: String,
        /// The vendor's words.
        reason: String,
    },
    /// The directory to reset does not look like a sandbox state, so nothing was removed.
    #[error("{path} does not hold a sandbox state; nothing was removed")]
    NotAState {
        /// The directory.
        path: Utf8PathBuf,
    },
    /// A certificate or random bytes could not be made.
    #[error("cannot make {what}")]
    Crypto {
        /// What was to be made.
        what: &'static str,
    },
}
