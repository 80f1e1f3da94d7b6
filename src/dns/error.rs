//! Why there is no record to show. Owns the difference between "there is none" and "nobody answered".

use std::fmt;

use miette::Diagnostic;
use thiserror::Error;

/// The types of records that are asked for (RFC 1035 section 3.2.2, RFC 3596).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordType {
    /// IPv4 address.
    A,
    /// IPv6 address.
    Aaaa,
    /// Alias.
    Cname,
    /// Text.
    Txt,
}

impl RecordType {
    /// The mnemonic of zone files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Txt => "TXT",
        }
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a question has no record as its answer.
#[derive(Debug, Clone, PartialEq, Eq, Error, Diagnostic)]
#[non_exhaustive]
pub enum DnsError {
    /// The name does not exist, nor anything below it (NXDOMAIN, RFC 8020).
    #[error("{name} does not exist in the DNS")]
    NoSuchName {
        /// The name.
        name: String,
    },
    /// The name exists and has no record of this type (NODATA, RFC 2308 section 2.2).
    #[error("{name} has no {record} record")]
    NoRecord {
        /// The name.
        name: String,
        /// What was asked for.
        record: RecordType,
    },
    /// Nobody answered, or the answer says that the name server could not find out: nothing is known.
    #[error("nobody answered the question for the {record} record of {name}: {cause}")]
    #[diagnostic(help("check the name servers of this machine; the record itself may be right"))]
    NoAnswer {
        /// The name.
        name: String,
        /// What was asked for.
        record: RecordType,
        /// What the resolver says.
        cause: String,
    },
    /// It is no name that can be asked for.
    #[error("`{name}` is no domain name: {reason}")]
    BadName {
        /// What was given.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Concord was built without the feature `dns`.
    #[error("this build has no DNS")]
    #[diagnostic(help("build Concord with its default features, or check the record by hand"))]
    NotBuilt,
}

impl DnsError {
    /// Whether it is certain that there is no such record: the name was asked for, and the answer says so.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::NoSuchName { .. } | Self::NoRecord { .. })
    }
}
