//! The committed JSON Schemas: fresh, true of the examples, and true of what the program writes.

use std::path::Path;

use concord::manifest::{Kind, schema};
use serde_json::Value;

use crate::support::{Project, documents, manifest_files, repository};

/// A committed schema, ready to judge.
fn committed(name: &str) -> jsonschema::Validator {
    let path = repository().join("schemas").join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let schema = serde_json::from_str(&text).expect("JSON");
    jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{name} is no schema: {error}"))
}

#[track_caller]
fn holds(schema: &jsonschema::Validator, value: &Value, what: &str) {
    let errors: Vec<_> =
        schema.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what} does not fit its schema:\n{}\n{value:#}", errors.join("\n"));
}

#[test]
fn the_committed_schemas_are_fresh() {
    let project = Project::empty();
    project.run(&["schema", "--all", "fresh"]).expect(0);
    let names = |folder: &Path| {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
            .collect();
        names.sort();
        names
    };
    let (fresh, kept) = (project.path().join("fresh"), repository().join("schemas"));
    let advice = "refresh them with: cargo run -- schema --all schemas";
    assert_eq!(names(&fresh), names(&kept), "schemas/ holds other files than it should; {advice}");
    for name in names(&fresh) {
        let read = |folder: &Path| std::fs::read_to_string(folder.join(&name)).expect("a schema");
        assert!(read(&fresh) == read(&kept), "schemas/{name} is stale; {advice}");
    }
}

#[test]
fn one_schema_goes_to_stdout() {
    let project = Project::empty();
    for kind in Kind::ALL {
        let printed = project.run(&["schema", kind.as_str()]).expect(0).json();
        assert_eq!(printed, schema::of_kind(kind));
    }
    assert_eq!(project.run(&["schema"]).expect(0).json(), schema::of_file());
    let unknown = project.run(&["schema", "SsoProfil"]).expect(64);
    assert!(unknown.stderr.contains("did you mean `SsoProfile`?"), "{}", unknown.stderr);
}

#[test]
fn examples_fit_their_schemas() {
    let any = committed("manifest");
    for path in manifest_files() {
        let text = std::fs::read_to_string(&path).expect("a manifest");
        for document in documents(&text) {
            let kind = document["kind"].as_str().expect("a kind").to_owned();
            holds(&committed(&kind), &document, &format!("{kind} in {}", path.display()));
            holds(&any, &document, &format!("{kind} in {}", path.display()));
        }
    }
}

#[test]
fn editors_find_the_schema_from_every_example() {
    for path in manifest_files() {
        let text = std::fs::read_to_string(&path).expect("a manifest");
        let first = text.lines().next().unwrap_or_default();
        let Some(schema) = first.strip_prefix("# yaml-language-server: $schema=") else {
            panic!("{} does not begin with the yaml-language-server modeline", path.display());
        };
        let schema = path.parent().expect("a folder").join(schema);
        assert!(schema.is_file(), "{} names {}, which is no file", path.display(), schema.display());
    }
}

#[test]
fn a_plan_fits_its_schema() {
    let schema = committed("plan");
    let project = Project::example("auth0-flex");
    holds(&schema, &project.plan(), "the first plan");
    project.reconcile();
    holds(&schema, &project.plan(), "the empty plan");
    project.edit("flex.yaml", "Twilio Flex - NSS", "Twilio Flex - Nevada").remove("people.yaml");
    holds(&schema, &project.plan(), "a plan that is refused");
    project.run(&["plan", "--sandbox", "--out", "saved.json", "--json", "beside.json"]);
    for file in ["saved.json", "beside.json"] {
        holds(&schema, &serde_json::from_str(&project.read(file)).expect("JSON"), file);
    }
}

#[test]
fn a_runbook_fits_its_schema() {
    let schema = committed("runbook");
    let project = Project::example("auth0-flex");
    let runbook = project.run(&["runbook", "--sandbox", "--format", "json", "--out", "runbook.json"]);
    holds(&schema, &runbook.json(), "the runbook before anything was applied");
    project.run(&["apply", "--sandbox", "--yes"]).expect(3);
    let runbook =
        project.run(&["runbook", "--sandbox", "--format", "json", "--out", "runbook.json"]).expect(0);
    holds(&schema, &runbook.json(), "the runbook half-way");
    holds(&schema, &serde_json::from_str(&project.read("runbook.json")).expect("JSON"), "the saved runbook");
}

#[test]
fn events_fit_their_schema() {
    let schema = committed("events");
    let project = Project::example("auth0-flex");
    let mut kinds = std::collections::BTreeSet::new();
    let mut check = |file: &str| {
        for line in project.read(file).lines() {
            let event: Value = serde_json::from_str(line).expect("a line of JSON");
            holds(&schema, &event, line);
            kinds.insert(event["event"].as_str().expect("a kind of event").to_owned());
        }
    };
    project.run(&["apply", "--sandbox", "--yes", "--events", "waits.jsonl"]).expect(3);
    check("waits.jsonl");
    project.run(&["apply", "--sandbox", "--yes", "--simulate-operator", "--events", "done.jsonl"]).expect(0);
    check("done.jsonl");
    for kind in ["applyStarted", "started", "done", "waiting", "applyFinished"] {
        assert!(kinds.contains(kind), "no event `{kind}` among {kinds:?}");
    }
}

#[test]
fn findings_fit_their_schema() {
    let schema = committed("findings");
    let project = Project::broken(&["base"]);
    holds(&schema, &project.run(&["validate", "--format", "json"]).expect(0).json(), "no findings");
    project.edit("flex.yaml", "friendlyName", "freindlyName").edit(
        "people.yaml",
        "profile: flex",
        "profile: 'flex",
    );
    holds(&schema, &project.run(&["validate", "--format", "json"]).expect(1).json(), "findings");
}
