//! Trees to typed values, with everything that is wrong reported at once.
//!
//! # Flow
//!
//! serde stops at the first error, so a document is decoded in rounds. A round that fails teaches the [`Overlay`] one
//! thing: an entry or element to leave out, or a missing field to make up. The next round then gets further. What is made
//! up comes from a deserializer that gives an empty value to whatever asks; where a type accepts no empty value, the part
//! that needed it is left out in turn, after everything else in it has been looked at.
//!
//! # Guarantees
//!
//! A value is returned only where the very first round succeeded, so nothing made up ever leaves this folder. Errors that
//! may be the consequence of something left out or made up are not reported. Every round learns something new, and there
//! are at most 256 of them (fewer in huge documents), which bounds the findings of one document as well.
//!
//! # Caveats
//!
//! Types that buffer (`untagged`, `flatten`, internally tagged enums) hide the place from us: their errors point at the
//! mapping as a whole, and numbers in them lose the text as it was written. Tag enums externally instead.

mod deserializer;
mod error;
mod overlay;
mod report;
mod wildcard;

use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::diagnostics::{Findings, SourceFile};

use super::{Node, Path};
use deserializer::{Context, NodeDeserializer};
use error::Error;
use overlay::Overlay;

/// More rounds than a person would want to read errors.
const ROUNDS: usize = 256;
/// Nodes looked at in all rounds together, after which no further round begins: it keeps a large document with many late
/// errors under a second, and is out of reach for what people write.
const VISITS: usize = 4_000_000;

/// Decodes a document. `None` where something was wrong, and then `findings` says what and where.
pub fn decode<T: DeserializeOwned>(
    node: &Node,
    source: &Arc<SourceFile>,
    findings: &mut Findings,
) -> Option<T> {
    decode_at(node, &Path::root(), source, findings)
}

/// Decodes a part of a document; the paths that findings name start with `base`.
pub fn decode_at<T: DeserializeOwned>(
    node: &Node,
    base: &Path,
    source: &Arc<SourceFile>,
    findings: &mut Findings,
) -> Option<T> {
    let mut overlay = Overlay::default();
    let (shapes, secrets, visits) = Default::default();
    let mut errors: Vec<Error> = Vec::new();
    for _ in 0..ROUNDS {
        let context = Context { overlay: &overlay, shapes: &shapes, secrets: &secrets, visits: &visits };
        let error = match T::deserialize(NodeDeserializer::new(node, context)) {
            Ok(value) if errors.is_empty() => return Some(value),
            Ok(_) => break,
            Err(error) => error.at_root(node),
        };
        let worth_telling = errors.is_empty() || overlay.is_news(&error);
        let learnt = overlay.learn(&error);
        if worth_telling {
            errors.push(error);
        }
        if !learnt || visits.get() > VISITS {
            break;
        }
    }
    let source = &source.covered(secrets.take());
    let reporter = report::Reporter { root: node, base, source, shapes: &shapes.borrow() };
    findings.extend(errors.iter().map(|error| reporter.finding(error)));
    None
}

#[cfg(test)]
mod tests;
