//! x
use super::{Node, Path};
use crate::diagnostics::{Findings, SourceFile};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Decodes a document.
pub fn decode<T: DeserializeOwned>(
    node: &Node,
    source: &Arc<SourceFile>,
    findings: &mut Findings,
) -> Option<T> {
    decode_at(node, &Path::root(), source, findings)
}

/// Decodes a part of a document; paths in findings start with `base`.
pub fn decode_at<T: DeserializeOwned>(
    _node: &Node,
    _base: &Path,
    _source: &Arc<SourceFile>,
    _findings: &mut Findings,
) -> Option<T> {
    None
}
