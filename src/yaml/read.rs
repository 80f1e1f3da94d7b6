//! Bytes to text: size and encoding, before any YAML is looked at. Reading the file itself is the caller's.

use std::sync::Arc;

use camino::Utf8PathBuf;

use crate::diagnostics::{Finding, Findings, SourceFile};

use super::Limits;
use super::codes::{YAML_LIMIT, YAML_SYNTAX};

/// Names a file's bytes. `None`, and a finding, where the file is too large or not UTF-8.
pub fn read(
    path: impl Into<Utf8PathBuf>,
    bytes: Vec<u8>,
    limits: &Limits,
    findings: &mut Findings,
) -> Option<Arc<SourceFile>> {
    let path = path.into();
    if bytes.len() > limits.bytes {
        findings.push(too_large(SourceFile::new(path, ""), limits));
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(SourceFile::new(path, text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
            let source = SourceFile::new(path, String::from_utf8_lossy(&bytes));
            let location = source.at(at..at + char::REPLACEMENT_CHARACTER.len_utf8());
            let help = if utf16 {
                "the file looks like UTF-16; save it as UTF-8"
            } else {
                "save the file as UTF-8; � stands for the bytes that are not"
            };
            findings.push(
                Finding::new(&YAML_SYNTAX, "the file is not UTF-8").at(location, "first bad byte").help(help),
            );
            None
        }
    }
}

/// The finding for a file over the limit.
pub(super) fn too_large(source: Arc<SourceFile>, limits: &Limits) -> Finding {
    // Of a large file no more was read than shows that it is too large, so its size is not known here.
    let limit = match limits.bytes {
        bytes if bytes % (1 << 20) == 0 => format!("{} MiB", bytes >> 20),
        bytes => format!("{bytes} bytes"),
    };
    let message = format!("the file is larger than {limit}");
    Finding::new(&YAML_LIMIT, message)
        .at(source.at(0..0), "")
        .help("split it: a project is a folder, and its files are read together")
}
