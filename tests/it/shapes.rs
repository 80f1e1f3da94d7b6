//! What shapes a manifest may have: the JSON Schemas and the decoder accept and refuse the same, and no bytes whatever break the
//! loader.

use std::{path::Path, sync::Arc};

use camino::Utf8Path;
use concord::{
    diagnostics::{Findings, human},
    flow,
    manifest::{
        Envelope, Kind, attestation::AttestationSpec, attribute_map::AttributeMapSpec,
        email_domain::EmailDomainSpec, identity_provider::IdentityProviderSpec, project::ProjectSpec, schema,
        sso_profile::SsoProfileSpec, tenant::TenantSpec, user_enablement::UserEnablementSpec,
        vanity_domain::VanityDomainSpec,
    },
    yaml::{self, Limits},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Project, documents, manifest_files, repository};

/// Whether the decoder accepts a document of a kind, and what it says.
fn decodes(kind: Kind, document: &Value) -> Result<(), String> {
    fn decode<T: serde::de::DeserializeOwned>(document: &Value) -> Result<(), String> {
        let mut findings = Findings::new();
        let source =
            yaml::read("a.yaml", document.to_string().into_bytes(), &Limits::default(), &mut findings)
                .expect("JSON is text");
        let roots = yaml::parse(&source, &Limits::default(), &mut findings);
        assert!(
            findings.is_empty(),
            "JSON is YAML: {}",
            human::render(&findings, &human::Options::default())
        );
        match yaml::decode::<Envelope<T>>(&roots[0], &Arc::clone(&source), &mut findings) {
            Some(_) => Ok(()),
            None => Err(findings.iter().map(|it| it.message.clone()).collect::<Vec<_>>().join("; ")),
        }
    }
    match kind {
        Kind::Project => decode::<ProjectSpec>(document),
        Kind::Tenant => decode::<TenantSpec>(document),
        Kind::IdentityProvider => decode::<IdentityProviderSpec>(document),
        Kind::SsoProfile => decode::<SsoProfileSpec>(document),
        Kind::AttributeMap => decode::<AttributeMapSpec>(document),
        Kind::VanityDomain => decode::<VanityDomainSpec>(document),
        Kind::EmailDomain => decode::<EmailDomainSpec>(document),
        Kind::UserEnablement => decode::<UserEnablementSpec>(document),
        Kind::Attestation => decode::<AttestationSpec>(document),
    }
}

/// The pointers to every value of a document, below its root.
fn pointers(value: &Value, at: &str, into: &mut Vec<String>) {
    let mut visit = |key: &str, child: &Value| {
        let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        into.push(pointer.clone());
        pointers(child, &pointer, into);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, child)| visit(key, child)),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, child)| visit(&at.to_string(), child)),
        _ => {}
    }
}

/// Every document that differs from this one in one place, with what was done to it.
fn mutations(document: &Value) -> Vec<(String, Value)> {
    let mut places = vec![String::new()];
    pointers(document, "", &mut places);
    let mut mutations = Vec::new();
    let mut mutate = |what: String, change: &dyn Fn(&mut Value)| {
        let mut changed = document.clone();
        change(&mut changed);
        mutations.push((what, changed));
    };
    for place in &places {
        let value = document.pointer(place).expect("a place");
        let key = place.rsplit('/').next().unwrap_or_default().to_owned();
        if let Some((holder, _)) = place.rsplit_once('/')
            && document.pointer(holder).is_some_and(Value::is_object)
        {
            mutate(format!("without {place}"), &|it| {
                it.pointer_mut(holder).and_then(Value::as_object_mut).expect("a mapping").remove(&key);
            });
            mutate(format!("{place} in capitals"), &|it| {
                let fields = it.pointer_mut(holder).and_then(Value::as_object_mut).expect("a mapping");
                let value = fields.remove(&key).expect("a field");
                fields.insert(key.to_uppercase(), value);
            });
        }
        if value.is_object() {
            mutate(format!("{place} with a field more"), &|it| {
                it.pointer_mut(place).expect("a place")["noSuchField"] = json!("x");
            });
        }
        for other in [json!([]), json!({}), json!(true), json!([["x"]]), json!({"x": {"y": []}}), json!(null)]
        {
            mutate(format!("{place} is {other}"), &|it| {
                *it.pointer_mut(place).expect("a place") = other.clone()
            });
        }
        if !value.is_string() {
            mutate(format!("{place} is a text"), &|it| {
                *it.pointer_mut(place).expect("a place") = json!("a text")
            });
        }
    }
    mutations
}

/// One document of each kind with (nearly) every field, beside the examples.
fn every_field() -> Vec<Value> {
    documents(&std::fs::read_to_string(repository().join("tests/every-field.yaml")).expect("a file"))
}

fn well_formed() -> Vec<Value> {
    let examples = manifest_files()
        .into_iter()
        .flat_map(|path| documents(&std::fs::read_to_string(path).expect("a file")));
    every_field().into_iter().chain(examples).collect()
}

/// A kind's schema, formats (`uri`, `ipv4`) included.
fn schema_of(kind: Kind) -> jsonschema::Validator {
    jsonschema::options().should_validate_formats(true).build(&schema::of_kind(kind)).expect("a schema")
}

fn kind_of(document: &Value) -> Kind {
    document["kind"].as_str().and_then(|kind| kind.parse().ok()).expect("a kind")
}

#[test]
fn the_collection_has_every_kind() {
    for kind in Kind::ALL {
        assert!(every_field().iter().any(|document| kind_of(document) == kind), "no {kind}");
    }
}

#[test]
fn schema_and_decoder_refuse_the_same_shapes() {
    let mut disagreements = std::collections::BTreeSet::new();
    let mut refused = 0;
    for document in well_formed() {
        let kind = kind_of(&document);
        let schema = schema_of(kind);
        assert_eq!(decodes(kind, &document), Ok(()), "{document:#}");
        for (what, changed) in mutations(&document) {
            let errors: Vec<_> = schema.iter_errors(&changed).map(|error| error.to_string()).collect();
            match (errors.is_empty(), decodes(kind, &changed)) {
                (true, Ok(())) => {}
                (false, Err(_)) => refused += 1,
                (true, Err(message)) => {
                    disagreements.insert(format!("{kind} {what}: only the decoder refuses: {message}"));
                }
                // The rule `secret-reference` says it better than the decoder could.
                (false, Ok(())) if what.ends_with("/command is []") => {}
                (false, Ok(())) => {
                    disagreements.insert(format!("{kind} {what}: only the schema refuses: {errors:?}"));
                }
            }
        }
    }
    assert!(refused > 1000, "{refused}");
    let count = disagreements.len();
    let shown: Vec<_> = disagreements.into_iter().take(60).collect();
    assert!(shown.is_empty(), "{count} disagreements:\n{}", shown.join("\n"));
}

/// Texts that are one of a few, or have a form: what the decoder refuses there, editors underline too.
#[test]
fn schema_and_decoder_refuse_the_same_words() {
    let mut disagreements = std::collections::BTreeSet::new();
    for document in well_formed() {
        let kind = kind_of(&document);
        let schema = schema_of(kind);
        let mut places = Vec::new();
        pointers(&document, "", &mut places);
        for place in places.iter().filter(|place| document.pointer(place).is_some_and(Value::is_string)) {
            let mut changed = document.clone();
            *changed.pointer_mut(place).expect("a place") = json!("No Such Word, Really!");
            if let Err(message) = decodes(kind, &changed)
                && schema.is_valid(&changed)
            {
                disagreements.insert(format!("{kind} {place}: {message}"));
            }
        }
    }
    assert!(
        disagreements.is_empty(),
        "only the decoder refuses:\n{}",
        disagreements.into_iter().collect::<Vec<_>>().join("\n")
    );
}

/// Loads a project whose `flex.yaml` holds these bytes, and draws what is found, as the program would.
fn load(bytes: &[u8]) -> bool {
    let project = Project::broken(&["base"]);
    std::fs::write(project.path().join("flex.yaml"), bytes).expect("a file");
    loads(project.path())
}

fn loads(folder: &Path) -> bool {
    let folder = Utf8Path::from_path(folder).expect("a UTF-8 path");
    let mut findings = Findings::new();
    let project = flow::load(folder, None, &mut findings);
    assert_eq!(project.is_none(), findings.has_errors());
    let drawn = human::render(&findings, &human::Options::default());
    assert_eq!(drawn.is_empty(), findings.is_empty());
    project.is_some()
}

/// Pieces of manifests and of YAML, for texts that get further than noise does.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "apiVersion: concord/v1\n",
            "kind: SsoProfile\n",
            "kind: Tenant\n",
            "kind: UserEnablement\n",
            "metadata: {name: flex}\n",
            "metadata:\n",
            "  name: nss\n",
            "spec:\n",
            "  product: flex\n",
            "  urls: {trusted: [",
            "]}",
            "---\n",
            "...\n",
            "- ",
            ": ",
            "? ",
            "&a ",
            "*a ",
            "!!int ",
            "!x ",
            "<<: ",
            "|\n  ",
            ">-\n",
            "\"",
            "'",
            "{",
            "}",
            "[",
            "]",
            "\t",
            "#",
            "%YAML 1.2\n",
            "\u{feff}",
            "\u{85}",
            "\u{2028}",
            "\r\n",
            "~",
            "null",
            "0x1F",
            ".inf",
            "1e999",
        ])
        .prop_map(str::to_owned),
        "[ -~\\n]{0,12}",
        "\\PC{0,4}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_break_the_loader(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        load(&bytes);
    }

    #[test]
    fn no_text_that_looks_like_a_manifest_breaks_the_loader(pieces in prop::collection::vec(piece(), 0..40)) {
        load(pieces.concat().as_bytes());
    }

    #[test]
    fn no_damage_to_a_manifest_breaks_the_loader(
        at in any::<prop::sample::Index>(), length in 0usize..40, with in piece(),
    ) {
        let text = std::fs::read(repository().join("tests/broken/base/flex.yaml")).expect("a file");
        let from = at.index(text.len());
        let to = (from + length).min(text.len());
        load(&[&text[..from], with.as_bytes(), &text[to..]].concat());
    }
}

#[test]
fn every_file_cut_short_is_loaded_or_refused() {
    let text = std::fs::read(repository().join("tests/broken/base/flex.yaml")).expect("a file");
    assert!(load(&text));
    for end in (0..text.len()).step_by(7) {
        load(&text[..end]);
    }
}
