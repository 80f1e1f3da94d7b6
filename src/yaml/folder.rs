//! A project's folder as sources: every `.yaml` and `.yml` file below it, in a fixed order. The only I/O of this room.

use std::{io::Read, sync::Arc};

use camino::{Utf8Path, Utf8PathBuf};
use ignore::WalkBuilder;

use super::{Limits, codes, read};
use crate::diagnostics::{Finding, Findings, SourceFile};
/// Reads every manifest file of a folder, sorted by path. Hidden files and folders (`.concord`, `.github`) and what `.gitignore`
/// names are passed over, and so is `sandbox.yaml`, which seeds the sandbox and is no manifest. What cannot be read is a finding.
pub fn read_folder(folder: &Utf8Path, limits: &Limits, findings: &mut Findings) -> Vec<Arc<SourceFile>> {
    let mut paths: Vec<Utf8PathBuf> = Vec::new();
    // `.gitignore` counts also where the folder is no git checkout, so that CI and a copy see the same project.
    let walk = WalkBuilder::new(folder).require_git(false).sort_by_file_name(Ord::cmp).build();
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                findings.push(
                    Finding::new(
                        &codes::UNREADABLE,
                        format!("a part of the project cannot be read: {error}"),
                    )
                    .help("check that the folder exists and may be read"),
                );
                continue;
            }
        };
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(path) = Utf8PathBuf::from_path_buf(entry.path().to_path_buf()) else {
            findings.push(
                Finding::new(
                    &codes::UNREADABLE,
                    format!("the name of {} is not UTF-8", entry.path().display()),
                )
                .help("rename the file"),
            );
            continue;
        };
        let is_manifest = matches!(path.extension(), Some("yaml" | "yml"));
        let is_sandbox_seed = path.parent() == Some(folder) && path.file_name() == Some("sandbox.yaml");
        if is_manifest && !is_sandbox_seed {
            paths.push(path);
        }
    }
    paths.sort();
    paths
        .into_iter()
        .filter_map(|path| {
            let shown = path.strip_prefix(folder).unwrap_or(&path).to_owned();
            match read_bounded(&path, limits.bytes) {
                Ok(bytes) => read(shown, bytes, limits, findings),
                Err(error) => {
                    findings.push(
                        Finding::new(&codes::UNREADABLE, format!("{shown} cannot be read: {error}"))
                            .help("check the file's permissions"),
                    );
                    None
                }
            }
        })
        .collect()
}

/// The file's bytes, but never many more than are allowed: one byte over the limit shows that it is too large.
fn read_bounded(path: &Utf8Path, limit: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
