//! The records: what may stand beside what, and what a question finds.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::dns::normalized;
use crate::sandbox::store::Transaction;

const TABLE: &str = "dns/records";

/// How many aliases are followed, as resolvers do, before they are taken for a circle.
const MAX_ALIASES: usize = 8;
/// Longest text of one record, over all its strings, that fits into a message (RFC 1035 section 3.3.14).
const MAX_TEXT: usize = 65_280;

/// A type of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    A,
    Aaaa,
    Cname,
    Txt,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Txt => "TXT",
        }
    }

    /// By mnemonic, or by number (RFC 1035 section 3.2.2, RFC 3596).
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        match text.to_ascii_uppercase().as_str() {
            "A" | "1" => Ok(Self::A),
            "AAAA" | "28" => Ok(Self::Aaaa),
            "CNAME" | "5" => Ok(Self::Cname),
            "TXT" | "16" => Ok(Self::Txt),
            _ => Err(Refusal::bad(format!("the type {text} is none of TXT, CNAME, A, AAAA"))),
        }
    }
}

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self { status: 400, message: message.into() }
    }
}

/// The records of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Records {
    #[serde(rename = "A", default, skip_serializing_if = "BTreeSet::is_empty")]
    a: BTreeSet<String>,
    #[serde(rename = "AAAA", default, skip_serializing_if = "BTreeSet::is_empty")]
    aaaa: BTreeSet<String>,
    #[serde(rename = "CNAME", default, skip_serializing_if = "Option::is_none")]
    cname: Option<String>,
    #[serde(rename = "TXT", default, skip_serializing_if = "BTreeSet::is_empty")]
    txt: BTreeSet<String>,
}

impl Records {
    /// Every record.
    pub(super) fn each(&self) -> impl Iterator<Item = (Kind, &str)> {
        (self.a.iter().map(|data| (Kind::A, data.as_str())))
            .chain(self.aaaa.iter().map(|data| (Kind::Aaaa, data.as_str())))
            .chain(self.cname.iter().map(|data| (Kind::Cname, data.as_str())))
            .chain(self.txt.iter().map(|data| (Kind::Txt, data.as_str())))
    }

    fn is_empty(&self) -> bool {
        self.each().next().is_none()
    }

    fn set(&mut self, kind: Kind) -> Option<&mut BTreeSet<String>> {
        match kind {
            Kind::A => Some(&mut self.a),
            Kind::Aaaa => Some(&mut self.aaaa),
            Kind::Txt => Some(&mut self.txt),
            Kind::Cname => None,
        }
    }
}

fn name_of(text: &str) -> Result<String, Refusal> {
    normalized(text).map_err(|error| Refusal::bad(error.to_string()))
}

/// One form of each content, so that one record is not there twice.
fn canonical(kind: Kind, data: &str) -> Result<String, Refusal> {
    let wrong = || Refusal::bad(format!("{data} is no content of a record of type {}", kind.as_str()));
    match kind {
        Kind::A => Ok(data.parse::<Ipv4Addr>().map_err(|_| wrong())?.to_string()),
        Kind::Aaaa => Ok(data.parse::<Ipv6Addr>().map_err(|_| wrong())?.to_string()),
        Kind::Cname => name_of(data),
        Kind::Txt if data.is_empty() || data.len() > MAX_TEXT => Err(wrong()),
        Kind::Txt => Ok(data.to_owned()),
    }
}

/// Adds a record and gives its name and content in their one form.
pub(super) fn add(
    documents: &mut Transaction<'_>,
    name: &str,
    kind: Kind,
    data: &str,
) -> Result<(String, String), Refusal> {
    let (name, data) = (name_of(name)?, canonical(kind, data)?);
    let mut records: Records = documents.read(TABLE, &name).unwrap_or_default();
    match (&records.cname, kind) {
        (Some(alias), Kind::Cname) if *alias == data => return Ok((name, data)),
        (Some(alias), _) => {
            return Err(Refusal::bad(format!(
                "{name} is an alias of {alias}, and nothing can stand beside an alias"
            )));
        }
        (None, Kind::Cname) if !records.is_empty() => {
            return Err(Refusal::bad(format!(
                "{name} has other records, and an alias cannot stand beside them"
            )));
        }
        (None, _) => {}
    }
    match records.set(kind) {
        Some(set) => {
            set.insert(data.clone());
        }
        None => records.cname = Some(data.clone()),
    }
    documents.write(TABLE, &name, &records);
    Ok((name, data))
}

/// Removes a record, or all of a type.
pub(super) fn remove(
    documents: &mut Transaction<'_>,
    name: &str,
    kind: Kind,
    data: Option<&str>,
) -> Result<(), Refusal> {
    let name = name_of(name)?;
    let data = data.map(|data| canonical(kind, data)).transpose()?;
    let mut records: Records = documents.read(TABLE, &name).unwrap_or_default();
    let before = records.clone();
    let meant = |held: &String| data.as_ref().is_none_or(|data| data == held);
    match records.set(kind) {
        Some(set) => set.retain(|held| !meant(held)),
        None => records.cname = records.cname.filter(|held| !meant(held)),
    }
    if records == before {
        let message = format!("{name} has no such record of type {}", kind.as_str());
        return Err(Refusal { status: 404, message });
    }
    if records.is_empty() {
        documents.remove(TABLE, &name);
    } else {
        documents.write(TABLE, &name, &records);
    }
    Ok(())
}

/// Every record, in the order of names and types.
pub(super) fn all(documents: &Transaction<'_>) -> Vec<(String, Kind, String)> {
    documents
        .list(TABLE)
        .filter_map(|(name, document)| Some((name, Records::deserialize(document).ok()?)))
        .flat_map(|(name, records)| {
            records.each().map(|(kind, data)| (name.clone(), kind, data.to_owned())).collect::<Vec<_>>()
        })
        .collect()
}

/// What a question finds.
pub(super) struct Resolved {
    /// The response code.
    pub(super) status: u16,
    /// The aliases that were followed, and the records.
    pub(super) records: Vec<(String, Kind, String)>,
}

/// Answers a question as a recursive resolver does.
pub(super) fn resolve(documents: &Transaction<'_>, name: &str, kind: Kind) -> Result<Resolved, Refusal> {
    let mut name = name_of(name)?;
    let mut records = Vec::new();
    for _ in 0..=MAX_ALIASES {
        let held: Records = documents.read(TABLE, &name).unwrap_or_default();
        if let Some(alias) = held.cname.as_ref().filter(|_| kind != Kind::Cname) {
            records.push((name.clone(), Kind::Cname, alias.clone()));
            name.clone_from(alias);
            continue;
        }
        let exists = !held.is_empty() || something_below(documents, &name);
        let found = held.each().filter(|(held, _)| *held == kind);
        records.extend(found.map(|(kind, data)| (name.clone(), kind, data.to_owned())));
        return Ok(Resolved { status: if exists { 0 } else { 3 }, records });
    }
    Ok(Resolved { status: 2, records: Vec::new() })
}

/// A name with something below it exists, though it may have no record (an empty non-terminal, RFC 8020).
fn something_below(documents: &Transaction<'_>, name: &str) -> bool {
    let suffix = format!(".{name}");
    documents.list(TABLE).any(|(other, _)| other.ends_with(&suffix))
}
