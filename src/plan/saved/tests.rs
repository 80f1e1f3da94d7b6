//! What makes two plans the same, and which texts are read back as a plan.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::{
    component::{Rule, Value},
    plan::Reason,
    render::testing::{self, PlanBuilder},
};

fn plan() -> Plan {
    PlanBuilder::new()
        .create("nss/SsoProfile/flex/auth0.client", |change| {
            change
                .field("name", Value::text("Twilio Flex"))
                .field_by(
                    "callbacks",
                    Rule::UrlSet,
                    Value::texts(["https://b.example/", "https://a.example"]),
                )
                .pending("addons.samlp.audience", "nss/SsoProfile/flex/flex.trust", "entityId")
                .field_by("secret", Rule::WriteOnly, Value::text("hunter2"))
        })
        .manual("nss/SsoProfile/flex/flex.trust", |change| change.field("friendlyName", Value::text("Auth0")))
        .update("nss/SsoProfile/other/auth0.client", |change| {
            change.changed("name", Value::text("a"), Value::text("b")).kept(3)
        })
        .owned("auth0", "auth0.client", 4)
        .build()
}

#[test]
fn the_document_is_what_it_promises() {
    let json = serde_json::to_value(document(&plan(), &[])).unwrap();
    let validator = jsonschema::validator_for(&schema()).unwrap();
    assert!(validator.is_valid(&json), "{:?}", validator.iter_errors(&json).collect::<Vec<_>>());
    insta::assert_snapshot!(crate::render::json::plan(&plan(), &[]));
}

#[test]
fn secrets_are_neither_shown_nor_digested() {
    let secret = |text: &str| {
        PlanBuilder::new()
            .create("nss/SsoProfile/flex/auth0.client", |change| {
                change.field_by("secret", Rule::WriteOnly, Value::text(text))
            })
            .build()
    };
    assert!(!serde_json::to_string(&document(&secret("hunter2"), &[])).unwrap().contains("hunter2"));
    assert_eq!(secret("hunter2").digest(), secret("correct horse").digest());
}

#[test]
fn the_digest_does_not_cover_wording_places_and_warnings() {
    let before = plan().digest();
    let mut same = plan();
    same.warnings.push(testing::warning("certificate-expires", "{} is late", &["ann@example.com"]));
    for change in &mut same.changes {
        change.title.push_str(" and more");
        change.source = None;
        change.kept += 1;
        change.fields.reverse();
    }
    // Equivalent to the field's rule.
    same.changes
        .iter_mut()
        .flat_map(|change| &mut change.fields)
        .filter(|field| field.path == "callbacks")
        .for_each(|field| field.after = Value::texts(["https://a.example/", "HTTPS://B.example"]));
    same.changes.reverse();
    assert_eq!(same.digest(), before);
}

#[test]
fn the_digest_covers_what_decides() {
    type Edit = fn(&mut Plan);
    let changes: [(&str, Edit); 10] = [
        ("project", |plan| plan.project.push('x')),
        ("environment", |plan| plan.environment = crate::component::Environment::Sandbox("1".to_owned())),
        ("a change", |plan| drop(plan.changes.pop())),
        ("an action", |plan| plan.changes[0].action = Action::Adopt),
        ("after", |plan| plan.changes[0].fields[0].after = Value::text("other")),
        ("not known is not the same as not set", |plan| plan.changes[0].fields[0].before = Some(Value::Null)),
        ("a wait", |plan| {
            let other = plan.changes[1].address.clone();
            plan.changes[0].waits_for.push(other);
        }),
        ("forgotten", |plan| plan.changes[0].reason = Reason::Forgotten),
        ("what is owned", |plan| plan.owned.values_mut().for_each(|count| *count += 1)),
        ("the object", |plan| {
            let observed = plan.changes[2].observed.as_mut().unwrap();
            Arc::make_mut(observed).id.push('x');
        }),
    ];
    for (what, change) in changes {
        let mut other = plan();
        change(&mut other);
        assert_ne!(other.digest(), plan().digest(), "{what}");
    }
    let mut gap = plan();
    gap.gaps.push(testing::gap(None, crate::component::UnknownReason::Forbidden, "no"));
    assert_ne!(gap.digest(), plan().digest());
    let mut policy = plan();
    policy.policies.values_mut().for_each(|policy| policy.max_deletes = Some(7));
    assert_ne!(policy.digest(), plan().digest());
}

#[test]
fn a_document_reads_back() {
    let saved = document(&plan(), &[]);
    let read = PlanDocument::from_json(&serde_json::to_string(&saved).unwrap()).unwrap();
    assert_eq!(read, saved);
    assert_eq!(read.check_against(&plan()), Ok(()));
}

#[test]
fn a_stale_plan_says_where() {
    let saved = document(&plan(), &[]);
    let mut now = plan();
    now.changes[2].fields[0].before = Some(Value::text("somebody was here"));
    let stale = saved.check_against(&now).unwrap_err();
    assert_eq!(stale.changed, ["nss/SsoProfile/other/auth0.client"]);
    let mut now = plan();
    now.owned.clear();
    assert_eq!(saved.check_against(&now).unwrap_err().changed, Vec::<String>::new());
}

#[test]
fn other_texts_are_refused_by_kind() {
    let read = |change: fn(&mut Json)| {
        let mut json = serde_json::to_value(document(&plan(), &[])).unwrap();
        change(&mut json);
        PlanDocument::from_json(&json.to_string()).unwrap_err()
    };
    assert!(matches!(PlanDocument::from_json("{}"), Err(SavedPlanError::NotAPlan)));
    assert!(matches!(PlanDocument::from_json("[1]"), Err(SavedPlanError::NotAPlan)));
    assert!(matches!(PlanDocument::from_json("{\"formatVer"), Err(SavedPlanError::Damaged { .. })));
    assert!(matches!(read(|json| json["formatVersion"] = 2.into()), SavedPlanError::UnknownVersion { .. }));
    assert!(matches!(read(|json| json["formatVersion"] = "1".into()), SavedPlanError::UnknownVersion { .. }));
    for (path, change) in [
        ("changes[0].action", (|json| json["changes"][0]["action"] = "explode".into()) as fn(&mut Json)),
        ("changes[0].address", |json| json["changes"][0]["address"] = "somewhere".into()),
        ("digest", |json| json["digest"] = "abc".into()),
        ("summary", |json| json["summary"]["create"] = 7.into()),
        ("complete", |json| json["complete"] = false.into()),
    ] {
        match read(change) {
            SavedPlanError::Damaged { path: found, .. } => assert_eq!(found, path),
            other => panic!("{path}: {other}"),
        }
    }
}

#[test]
fn people_are_put_into_sentences() {
    let warning = testing::warning("x", "{} and {} share {}", &["a@example.com", "b@{}.example"]);
    assert_eq!(warning.sentence(str::to_uppercase), "A@EXAMPLE.COM and B@{}.EXAMPLE share {}");
}

proptest! {
    #[test]
    fn the_digest_does_not_depend_on_order(seed in any::<u64>()) {
        let mut shuffled = plan();
        let by = |text: &str| ring::digest::digest(&ring::digest::SHA256, format!("{seed}{text}").as_bytes()).as_ref().to_vec();
        shuffled.changes.sort_by_key(|change| by(&change.address.to_string()));
        for change in &mut shuffled.changes {
            change.fields.sort_by_key(|field| by(&field.path));
        }
        prop_assert_eq!(shuffled.digest(), plan().digest());
    }

    #[test]
    fn no_text_makes_reading_panic(text in "\\PC{0,40}", cut in 0usize..2000) {
        let _ = PlanDocument::from_json(&text);
        let whole = serde_json::to_string(&document(&plan(), &[])).unwrap();
        let _ = PlanDocument::from_json(whole.get(..cut).unwrap_or(&whole));
    }
}
