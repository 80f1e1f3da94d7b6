//! Loading: a folder becomes a project, or findings.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    diagnostics::{Findings, Location, SourceFile},
    manifest::{Document, Kind, Manifests},
    yaml::{self, Limits, path},
};

/// A project that was loaded.
#[derive(Debug)]
pub struct Project {
    /// Its folder.
    pub folder: Utf8PathBuf,
    /// Its manifests.
    pub manifests: Manifests,
}

/// Loads a project. `attestations` is a further folder: the sandbox keeps attestations beside its state, not in the project, in a
/// folder with the project's id, because several projects may share a sandbox. Everything wrong is found at once; there is a project exactly if there was no error.
pub fn load(folder: &Utf8Path, attestations: Option<&Utf8Path>, findings: &mut Findings) -> Option<Project> {
    let limits = Limits::default();
    let mut found = Findings::new();
    let sources = yaml::read_folder(folder, &limits, &mut found);
    let mut documents = parse(&sources, &limits, &mut found);
    let extra = attestations.zip(project_id(&documents)).map(|(base, id)| base.join(id));
    if let Some(extra) = extra.filter(|extra| extra.is_dir()) {
        let sources = yaml::read_folder(&extra, &limits, &mut found);
        documents.extend(parse(&sources, &limits, &mut found));
    }
    // A file that could not be read or parsed may hold anything: what refers to it would be a second error for the same reason,
    // so the references are looked at only once every file is YAML.
    let is_whole = !found.has_errors();
    // Where the text itself was at fault, what is missed in the same place is the same fault.
    let places: Vec<Location> = found.iter().filter_map(|finding| finding.location().cloned()).collect();
    let mut meaning = Findings::new();
    let manifests = Manifests::from_documents(documents, &mut meaning);
    if is_whole {
        found.extend(meaning);
    } else {
        found.extend(
            meaning
                .into_vec()
                .into_iter()
                .filter(|finding| finding.location().is_none_or(|place| !places.contains(place)))
                .filter(|finding| !crate::manifest::CODES.iter().any(|code| code.id == finding.code.id)),
        );
    }
    let failed = found.has_errors();
    findings.extend(found);
    if failed { None } else { Some(Project { folder: folder.to_owned(), manifests: manifests? }) }
}

/// The project's id, where it can be a folder's name; whether it is a good one is looked at with everything else.
fn project_id(documents: &[Arc<Document>]) -> Option<&str> {
    let text = |document: &'_ Arc<Document>, path| {
        document.root.get(&path).and_then(yaml::Node::text).map(str::to_owned)
    };
    let project =
        documents.iter().find(|it| text(it, path!["kind"]).as_deref() == Some(Kind::Project.as_str()))?;
    let id = project.root.get(&path!["spec", "id"])?.text()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!id.is_empty() && id.chars().all(is_plain)).then_some(id)
}

fn parse(sources: &[Arc<SourceFile>], limits: &Limits, findings: &mut Findings) -> Vec<Arc<Document>> {
    sources
        .iter()
        .flat_map(|source| {
            yaml::parse(source, limits, findings)
                .into_iter()
                .map(|root| Arc::new(Document { source: Arc::clone(source), root }))
                .collect::<Vec<_>>()
        })
        .collect()
}
