//! What the domain name system says about a name: TXT, CNAME, A and AAAA records. Owns asking and the sorting of answers into
//! "there is none" and "nobody answered"; what a record should say is the asker's business.
//!
//! # Flow
//!
//! [`Dns::of`] looks where the run's requests go. On the real network the system's own name servers are asked
//! (`/etc/resolv.conf`, the registry on Windows), never its hosts file: a probe is about what everybody else sees. With
//! [`Routing::Sandbox`](crate::http::Routing) the question is an HTTP request to the sandbox (its logical host is
//! [`SANDBOX_HOST`]), and no other socket is opened.
//!
//! # Guarantees
//!
//! - [`DnsError::NoSuchName`] and [`DnsError::NoRecord`] are said only after an answer that says so. Everything else that is no answer is
//!   [`DnsError::NoAnswer`], and means that nothing is known.
//! - Names are asked as they are written: no search domain is appended.
//!
//! # Caveats
//!
//! Answers come from the resolver's cache, for as long as the record's time to live says: a record that was changed a moment ago may
//! still be seen as it was. Nothing is validated by DNSSEC.

mod error;
#[cfg(feature = "dns")]
mod live;
mod name;
mod sandbox;

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::http::Http;

pub use self::error::{DnsError, RecordType};
pub use self::name::normalized;
pub use self::sandbox::HOST as SANDBOX_HOST;

/// Asks for records. Cheap to clone; clones share what was learned.
#[derive(Clone, Debug)]
pub struct Dns {
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Sandbox(Http),
    #[cfg(feature = "dns")]
    Live(live::Resolver),
    #[cfg(not(feature = "dns"))]
    Absent,
}

/// One record's content.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Data {
    Text(String),
    Alias(String),
    Address(IpAddr),
}

impl Dns {
    /// Asks where this run's requests go. Opens nothing.
    pub fn of(http: &Http) -> Self {
        if http.is_sandbox() {
            return Self { source: Source::Sandbox(http.clone()) };
        }
        #[cfg(feature = "dns")]
        let source = Source::Live(live::Resolver::default());
        #[cfg(not(feature = "dns"))]
        let source = Source::Absent;
        Self { source }
    }

    /// The texts at a name, sorted; the strings of one record are joined without a separator, as SPF and domain verifications do
    /// (RFC 7208 section 3.3). Aliases are followed.
    ///
    /// # Errors
    /// See [`DnsError`]; an empty list is never answered.
    pub async fn txt(&self, name: &str) -> Result<BTreeSet<String>, DnsError> {
        let records = self.ask(name, RecordType::Txt).await?;
        let texts = records.into_iter().filter_map(|record| match record {
            Data::Text(text) => Some(text),
            _ => None,
        });
        some(texts.collect(), name, RecordType::Txt)
    }

    /// What a name is an alias of: the first step only, in lower case without the final dot.
    ///
    /// # Errors
    /// See [`DnsError`]; a name that exists and is no alias is [`DnsError::NoRecord`].
    pub async fn cname(&self, name: &str) -> Result<String, DnsError> {
        let records = self.ask(name, RecordType::Cname).await?;
        let alias = records.into_iter().find_map(|record| match record {
            Data::Alias(target) => Some(target),
            _ => None,
        });
        alias.ok_or_else(|| DnsError::NoRecord { name: name.to_owned(), record: RecordType::Cname })
    }

    /// The IPv4 and IPv6 addresses that a name leads to, aliases followed. One family is enough: where the other was not answered,
    /// what is known is given.
    ///
    /// # Errors
    /// See [`DnsError`]; an empty list is never answered.
    pub async fn addresses(&self, name: &str) -> Result<BTreeSet<IpAddr>, DnsError> {
        let mut found = BTreeSet::new();
        let mut failure: Option<DnsError> = None;
        for record in [RecordType::A, RecordType::Aaaa] {
            match self.ask(name, record).await {
                Ok(records) => found.extend(records.into_iter().filter_map(|record| match record {
                    Data::Address(address) => Some(address),
                    _ => None,
                })),
                // That nobody answered weighs more than that there is none: then nothing is known.
                Err(error) if failure.as_ref().is_none_or(DnsError::is_absent) => failure = Some(error),
                Err(_) => {}
            }
        }
        match failure {
            Some(error) if found.is_empty() => Err(error),
            _ => some(found, name, RecordType::A),
        }
    }

    async fn ask(&self, name: &str, record: RecordType) -> Result<Vec<Data>, DnsError> {
        let name = normalized(name)?;
        match &self.source {
            Source::Sandbox(http) => sandbox::ask(http, &name, record).await,
            #[cfg(feature = "dns")]
            Source::Live(resolver) => resolver.ask(&name, record).await,
            #[cfg(not(feature = "dns"))]
            Source::Absent => Err(DnsError::NotBuilt),
        }
    }
}

fn some<T: Ord>(found: BTreeSet<T>, name: &str, record: RecordType) -> Result<BTreeSet<T>, DnsError> {
    if found.is_empty() {
        return Err(DnsError::NoRecord { name: name.to_owned(), record });
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
