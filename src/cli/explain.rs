//! `concord explain`.

use clap::Args;

use super::{Exit, error::CliError};
use crate::{
    check, component,
    diagnostics::{Code, Severity, suggest},
    manifest,
    plan::GUARDS,
    provider::registry,
    resolve,
    ui::Ui,
    yaml,
};

/// The guard that no flag overrides, so that it is not among [`GUARDS`].
static OWNERSHIP: Code = Code {
    id: "ownership",
    severity: Severity::Error,
    title: "an object that Concord would change is not, or not clearly, its own",
    explanation: "An object of the name or key that a manifest asks for exists, and it carries no marker of Concord, the marker of another \
                  project, or a marker that several objects carry. Concord refuses to touch what is not its own: `apply` ends with exit \
                  code 4 before anything is written, and `--allow` does not override that.\n\nAn unmarked object that is the one you mean: \
                  say `adopt: true` in the manifest. Another project's: choose another name, or remove the resource from that project \
                  first. Copies with the same marker: somebody duplicated the object; remove the marker from the copies.",
};

/// Explain a code that a finding, a warning or a refusal shows.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The code, for instance `unknown-field`; without it, all codes are listed.
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// Every code that something can be found with, ordered by its id.
pub(super) fn all_codes() -> Vec<&'static Code> {
    let mut codes: Vec<&'static Code> = yaml::CODES
        .iter()
        .chain(manifest::CODES)
        .chain(resolve::CODES)
        .copied()
        .chain(check::codes())
        .chain(registry::codes())
        .collect();
    codes.sort_by_key(|code| code.id);
    codes.dedup_by_key(|code| code.id);
    codes
}

/// Every code that can be printed, but the guards that a flag overrides.
fn explained() -> Vec<&'static Code> {
    let mut codes = all_codes();
    codes.extend(component::CODES.iter().copied().chain([&OWNERSHIP]));
    codes.sort_by_key(|code| code.id);
    codes
}

pub(super) fn run(args: &ExplainArgs, ui: &Ui) -> Result<Exit, CliError> {
    let codes = explained();
    let Some(wanted) = &args.code else {
        ui.result(&crate::render::code_list(&codes, GUARDS));
        return Ok(Exit::Success);
    };
    if let Some(code) = codes.iter().find(|code| code.id == wanted) {
        ui.result(&crate::render::explanation(code, ui.width()));
        return Ok(Exit::Success);
    }
    if let Some((name, watches)) = GUARDS.iter().find(|(name, _)| name == wanted) {
        ui.result(&crate::render::guard_explanation(name, watches, ui.width()));
        return Ok(Exit::Success);
    }
    let known = codes.iter().map(|code| code.id).chain(GUARDS.iter().map(|(name, _)| *name));
    let help = match suggest(wanted, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`concord explain` lists all codes".to_owned(),
    };
    Err(CliError::usage(format!("there is no code `{wanted}`"), help))
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        path::{Path, PathBuf},
    };

    use super::*;

    /// The source files of the program, without those of tests.
    fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            match name.as_str() {
                "tests" | "tests.rs" | "testing.rs" => {}
                _ if path.is_dir() => sources(&path, files),
                _ if name.ends_with(".rs") => files.push(path),
                _ => {}
            }
        }
    }

    /// The first text in quotes, where it is a slug.
    fn slug(text: &str) -> Option<&str> {
        let (slug, _) = text.strip_prefix('"')?.split_once('"')?;
        let is_slug = slug.starts_with(|c: char| c.is_ascii_lowercase())
            && slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        is_slug.then_some(slug)
    }

    /// The slugs of codes and guards that a source file writes: `id: "..."` of a code, `NAME = "..."` of a table of codes, `code: "..."` of a
    /// warning, `guard: "..."` of a refusal or a requirement, and the first argument of `require(`.
    fn written(text: &str) -> Vec<&str> {
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let has_table = text.contains("macro_rules! codes");
        let mut found = Vec::new();
        let mut before = "";
        for line in text.lines().map(str::trim) {
            let value = if before.ends_with("Code = Code {") {
                line.strip_prefix("id: ")
            } else if before.ends_with("require(") {
                Some(line)
            } else if let Some(value) = line.strip_prefix("code: ").or_else(|| line.strip_prefix("guard: ")) {
                Some(value)
            } else {
                line.split_once(" = ")
                    .filter(|(name, _)| {
                        has_table
                            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
                    })
                    .map(|(_, value)| value)
            };
            found.extend(value.and_then(slug));
            before = line;
        }
        found
    }

    /// What the program can print, a person can look up: each code and guard that the sources write, wherever it is declared.
    #[test]
    fn every_code_of_the_sources_is_known() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = Vec::new();
        sources(&root, &mut files);
        let mut found: BTreeMap<String, PathBuf> = BTreeMap::new();
        for file in files {
            // What the played vendors answer is theirs.
            if file.starts_with(root.join("sandbox")) || file.starts_with(root.join("diagnostics")) {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            found.extend(written(&text).into_iter().map(|slug| (slug.to_owned(), file.clone())));
        }
        let known: Vec<&str> =
            explained().iter().map(|code| code.id).chain(GUARDS.iter().map(|(name, _)| *name)).collect();
        let unknown: Vec<_> = found.iter().filter(|(slug, _)| !known.contains(&slug.as_str())).collect();
        assert!(unknown.is_empty(), "`concord explain` does not know {unknown:#?}");
        // The search finds what there is: of each way to write one, and nearly all that are explained.
        for slug in ["lock-out", "auth0-source", "field-without-effect", "leaver", "max-deletes", "rehearsal"]
        {
            assert!(found.contains_key(slug), "the search is broken: {slug} is not found");
        }
        assert!(found.len() * 10 > known.len() * 8, "{} of {} are found", found.len(), known.len());
    }

    #[test]
    fn no_two_codes_share_an_id() {
        let all =
            yaml::CODES.iter().chain(manifest::CODES).chain(resolve::CODES).chain(component::CODES).copied();
        let mut seen: BTreeMap<&str, &Code> = BTreeMap::new();
        for code in all.chain(check::codes()).chain(registry::codes()) {
            let other = seen.insert(code.id, code);
            assert!(
                other.is_none_or(|other| std::ptr::eq(other, code) || other.title == code.title),
                "{code}"
            );
        }
        assert!(GUARDS.iter().all(|(name, _)| !seen.contains_key(name)));
    }
}
