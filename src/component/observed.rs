//! Observations: what a provider saw, including that it saw nothing and that it could not look.

use std::{collections::BTreeMap, fmt};

use super::{Address, Class, Realm, Value};
use crate::manifest::OnRemoval;

/// Says on a remote object to which component of which project it belongs: `<project id>/<address>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marker {
    /// The project's id.
    pub project: String,
    /// The component.
    pub address: Address,
}

impl Marker {
    /// Reads a marker back from a remote object; `None` if the text is something else.
    pub fn parse(text: &str) -> Option<Self> {
        let (project, address) = text.trim().split_once('/')?;
        Some(Self { project: project.to_owned(), address: address.parse().ok()? })
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.project, self.address)
    }
}

/// What a provider saw of one component.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// It exists.
    Present(Box<Observed>),
    /// It does not exist: the listing that would have had it was complete.
    Absent,
    /// It could not be seen.
    Unknown(Unknown),
}

/// A component as it exists.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observed {
    /// The vendor's ID.
    pub id: String,
    /// Its values by field path, normalised, with the server's defaults put in.
    pub fields: BTreeMap<String, Value>,
    /// What it gives to others: a client ID, a sign-on URL.
    pub outputs: BTreeMap<String, Value>,
    /// Whose it is.
    pub ownership: Ownership,
    /// What Concord noted beside the marker when it last applied.
    pub applied: Option<AppliedNote>,
    /// How many settings it has that Concord does not manage and keeps.
    pub kept: usize,
    /// Whether it is the very identity that Concord itself authenticates with.
    pub is_own_identity: bool,
    /// Who says that somebody's account at a product is to go, where it is one that is to go.
    pub removal: Option<AccountRemoval>,
}

/// Who says that somebody's account at a product is to be deleted, with what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountRemoval {
    /// A rule, which nobody who wrote it applied to this person: `removal: deprovision`.
    ByRule,
    /// A manifest names the person: `remove`.
    ByName,
}

/// What stands beside the marker: a short digest of the values that were last applied, so that a plan can tell a change of the
/// manifests from a change by somebody else; and what is to be known once the manifest is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedNote {
    /// The first digits of the digest of the applied values.
    pub digest: String,
    /// What becomes of the object when its manifest is removed.
    pub on_removal: OnRemoval,
    /// Whether the object must not be deleted.
    pub prevent_destroy: bool,
}

impl AppliedNote {
    /// Reads a note back from a remote object; `None` if the text is something else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let digest = words.next().filter(|word| word.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let mut note =
            Self { digest: digest.to_owned(), on_removal: OnRemoval::Delete, prevent_destroy: false };
        for word in words {
            match word {
                "forget" => note.on_removal = OnRemoval::Forget,
                "protect" => note.prevent_destroy = true,
                _ => return None,
            }
        }
        Some(note)
    }
}

impl fmt::Display for AppliedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.digest)?;
        if self.on_removal == OnRemoval::Forget {
            f.write_str(" forget")?;
        }
        if self.prevent_destroy {
            f.write_str(" protect")?;
        }
        Ok(())
    }
}

/// Whose a remote object is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Ownership {
    /// It carries the component's marker, or is of a sort that has no place for one and belongs to its parent.
    #[default]
    Ours,
    /// It carries the marker of the component's former address.
    Renamed(Address),
    /// It has the natural key and carries no marker.
    Unmarked,
    /// It has the natural key and carries somebody else's marker.
    Foreign(String),
    /// Several objects carry the one marker; their IDs.
    Ambiguous(Vec<String>),
}

/// Why a component could not be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What kind of obstacle.
    pub reason: UnknownReason,
    /// What happened, for people; no secrets.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Unknown {
    /// A provider cannot even be opened: its address cannot be used.
    pub fn unusable(error: &(impl miette::Diagnostic + ?Sized)) -> Self {
        Self {
            reason: UnknownReason::Unexpected,
            message: error.to_string(),
            help: error.help().map(|help| help.to_string()),
        }
    }
}

/// Kinds of obstacles to seeing something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnknownReason {
    /// There is no credential, or it could not be read.
    NoCredential,
    /// The credential was refused (401).
    Unauthorized,
    /// The credential may not (403).
    Forbidden,
    /// The service could not be reached, or stopped answering.
    Unreachable,
    /// The service answered something that Concord does not understand, or a probe that is not documented changed.
    Unexpected,
}

impl UnknownReason {
    /// A stable word for machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoCredential => "no-credential",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::Unreachable => "unreachable",
            Self::Unexpected => "unexpected",
        }
    }
}

/// An object that carries a marker of this project and that no manifest asks for any more.
#[derive(Debug, Clone, PartialEq)]
pub struct Orphan {
    /// The address in its marker.
    pub address: Address,
    /// Where it is.
    pub realm: Realm,
    /// What it is for a person.
    pub title: String,
    /// Why it existed.
    pub class: Class,
    /// What it is like.
    pub observed: Observed,
}

/// Everything that one provider saw in its realm.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// What it saw of each desired component. A component that is missing here counts as unknown.
    pub components: BTreeMap<Address, Observation>,
    /// Objects with this project's marker that no manifest asks for.
    pub orphans: Vec<Orphan>,
    /// What could not be listed, so that orphans may have been missed.
    pub gaps: Vec<Unknown>,
}

impl Snapshot {
    /// A snapshot in which everything asked for is unknown for one reason.
    pub fn unknown<'a>(addresses: impl IntoIterator<Item = &'a Address>, unknown: &Unknown) -> Self {
        Self {
            components: addresses
                .into_iter()
                .map(|address| (address.clone(), Observation::Unknown(unknown.clone())))
                .collect(),
            orphans: Vec::new(),
            gaps: vec![unknown.clone()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_reads_back_as_it_is_written() {
        let text = "k3jd82ma/nss/SsoProfile/flex/auth0.client";
        assert_eq!(Marker::parse(text).unwrap().to_string(), text);
        assert_eq!(Marker::parse("managed by terraform"), None);
        assert_eq!(Marker::parse("a/b/c"), None);
    }

    #[test]
    fn a_note_reads_back_as_it_is_written() {
        for text in ["3fa9c1d2e4b5", "3fa9c1d2e4b5 forget", "3fa9c1d2e4b5 forget protect"] {
            assert_eq!(AppliedNote::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(AppliedNote::parse(""), None);
        assert_eq!(AppliedNote::parse("yes please"), None);
    }
}
