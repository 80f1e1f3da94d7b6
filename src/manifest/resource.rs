//! `Document` and `Resource`: a typed manifest that still knows where each of its values was written.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Kind, Lifecycle, Metadata, Name, envelope::ApiVersion};
use crate::{
    diagnostics::{Location, SourceFile},
    yaml::{Node, Path},
};

/// A YAML document as a tree, with its source.
#[derive(Debug)]
pub struct Document {
    /// The file.
    pub source: Arc<SourceFile>,
    /// The document's tree.
    pub root: Node,
}

impl Document {
    /// Where the value at a path was written, or the nearest place above it.
    pub fn at(&self, path: &Path) -> Location {
        self.source.at(self.root.locate(path))
    }

    /// Where the key at a path was written, or the nearest place above it.
    pub fn key_at(&self, path: &Path) -> Location {
        self.source.at(self.root.locate_key(path))
    }
}

/// What every document looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Envelope<T> {
    /// The version of the language.
    pub api_version: ApiVersion,
    /// The kind.
    pub kind: Kind,
    /// What identifies the resource.
    pub metadata: Metadata,
    /// What it describes.
    pub spec: T,
    /// How changes to it are to be handled.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lifecycle: Lifecycle,
}

fn is_default(lifecycle: &Lifecycle) -> bool {
    *lifecycle == Lifecycle::default()
}

/// A manifest of one kind.
#[derive(Debug, Clone)]
pub struct Resource<T> {
    /// The kind.
    pub kind: Kind,
    /// The tenant that it belongs to; a tenant's own name for a tenant, the project's for a project.
    pub tenant: Name,
    /// What identifies it.
    pub metadata: Metadata,
    /// How changes to it are to be handled.
    pub lifecycle: Lifecycle,
    /// What it describes.
    pub spec: T,
    /// Where it was written.
    pub document: Arc<Document>,
}

impl<T> Resource<T> {
    /// The name.
    pub fn name(&self) -> &Name {
        &self.metadata.name
    }

    /// Where the value at a path (`path!["spec", "friendlyName"]`) was written, or the nearest place above it.
    pub fn at(&self, path: &Path) -> Location {
        self.document.at(path)
    }

    /// Where the key at a path was written, or the nearest place above it.
    pub fn key_at(&self, path: &Path) -> Location {
        self.document.key_at(path)
    }

    /// Where the resource begins: its name.
    pub fn origin(&self) -> Location {
        self.document.at(&crate::yaml::path!["metadata", "name"])
    }
}
