//! The laws of planning: what is there already needs no change, what a difference says leads to what is wanted, and the order in which
//! files are read decides nothing.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{PlanInput, assemble, attest::Standing, diff, order::Phase};
use crate::{
    component::{
        Address, Component, Environment, Field, Instruction, Marker, Observation, Observed, Realm, Rule,
        Snapshot, Step, Value,
    },
    diagnostics::SourceFile,
};

fn address(name: &str, component: &str) -> Address {
    format!("nss/SsoProfile/{name}/{component}").parse().unwrap()
}

fn component(address: &Address, fields: Vec<Field>) -> Component {
    let marker = Marker { project: "k3jd82ma".to_owned(), address: address.clone() };
    let origin = SourceFile::new("flex.yaml", "spec").at(0..4);
    Component { fields, ..Component::new(marker, Realm::new("test", "nss"), "an object", "key", origin) }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3i64..3).prop_map(Value::Int),
        "[a-cA-C:/. ]{0,4}".prop_map(Value::Text),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::List))
}

fn rules() -> impl Strategy<Value = Rule> {
    prop_oneof![
        Just(Rule::Exact),
        Just(Rule::IgnoreCase),
        Just(Rule::Set),
        Just(Rule::FirstThenSet),
        Just(Rule::Url),
        Just(Rule::UrlSet),
        Just(Rule::Text),
    ]
}

fn fields() -> impl Strategy<Value = Vec<Field>> {
    prop::collection::vec((values(), rules()), 0..6).prop_map(|fields| {
        fields
            .into_iter()
            .enumerate()
            .map(|(at, (value, rule))| Field::managed(format!("f{at}"), value).by(rule))
            .collect()
    })
}

fn observed(values: impl IntoIterator<Item = (String, Value)>) -> Observed {
    Observed { id: "1".to_owned(), fields: values.into_iter().collect(), ..Observed::default() }
}

proptest! {
    #[test]
    fn what_is_as_it_should_be_does_not_differ(fields in fields()) {
        let component = component(&address("flex", "test.object"), fields);
        let there = observed(component.fields.iter().map(|it| (it.path.clone(), it.rule.normalise(&it.value))));
        prop_assert_eq!(diff::of_present(&component, &there, Standing::Open), diff::Difference::default());
    }

    #[test]
    fn applying_a_difference_gives_what_is_wanted(fields in fields(), there in prop::collection::vec(values(), 6)) {
        let component = component(&address("flex", "test.object"), fields);
        let there = there.into_iter().enumerate().map(|(at, value)| (format!("f{at}"), value));
        let mut there = observed(there);
        let difference = diff::of_present(&component, &there, Standing::Open);
        let paths: Vec<_> = difference.managed.iter().map(|change| change.path.clone()).collect();
        for change in difference.managed {
            prop_assert!(!change.rule.is_same(change.before.as_ref().unwrap(), &change.after));
            there.fields.insert(change.path, change.after);
        }
        prop_assert_eq!(diff::of_present(&component, &there, Standing::Open), diff::Difference::default());
        prop_assert!(paths.iter().all(|path| component.field(path).is_some()));
    }

    #[test]
    fn the_order_of_files_decides_nothing(
        all in prop::collection::vec(fields(), 1..5),
        turn in 0usize..5,
    ) {
        let mut components: Vec<Component> = all
            .into_iter()
            .enumerate()
            .map(|(at, fields)| component(&address(&format!("p{at}"), "test.object"), fields))
            .collect();
        let one = planned(components.clone());
        let middle = turn % components.len();
        components.rotate_left(middle);
        let other = planned(components);
        prop_assert_eq!(one.digest(), other.digest());
        prop_assert_eq!(one.changes, other.changes);
    }
}

fn planned(components: Vec<Component>) -> super::Plan {
    let seen = components.iter().map(|it| (it.address.clone(), Observation::Absent)).collect();
    let snapshot = Snapshot { components: seen, ..Snapshot::default() };
    assemble(PlanInput {
        project: "k3jd82ma",
        environment: Environment::Live,
        components,
        snapshots: BTreeMap::from([(Realm::new("test", "nss"), snapshot)]),
        attestations: Vec::new(),
        removals: Vec::new(),
        policies: BTreeMap::new(),
        gaps: Vec::new(),
        warnings: Vec::new(),
    })
    .unwrap()
}

/// An application that wants a URL of a profile, which wants one of the application.
fn circle(seed: Option<Value>) -> Vec<Component> {
    let (app, trust) = (address("flex", "test.app"), address("flex", "test.trust"));
    let callback = Field::managed("callback", Value::output_of(&trust, "acsUrl"));
    let callback = match seed {
        Some(seed) => callback.seeded(seed),
        None => callback,
    };
    let sso_url =
        Field::new("ssoUrl", Value::output_of(&app, "ssoUrl"), crate::component::Capability::Attested);
    let step = Step {
        version: 1,
        place: "a page".to_owned(),
        url: None,
        scope: "AC1".to_owned(),
        instructions: vec![Instruction::Enter { label: "URL".to_owned(), field: "ssoUrl".to_owned() }],
        outputs: Vec::new(),
        removal: Vec::new(),
        is_withdrawal: false,
    };
    vec![component(&app, vec![callback]), Component { step: Some(step), ..component(&trust, vec![sso_url]) }]
}

#[test]
fn a_seed_breaks_a_circle_into_making_and_completing() {
    let plan = planned(circle(Some(Value::Null)));
    let order: Vec<_> = plan
        .graph
        .levels()
        .into_iter()
        .flatten()
        .map(|node| (plan.changes[node.change].address.component.clone(), node.phase))
        .collect();
    assert_eq!(
        order,
        [
            ("test.app".to_owned(), Phase::Begin),
            ("test.trust".to_owned(), Phase::Complete),
            ("test.app".to_owned(), Phase::Complete)
        ]
    );
    let app = plan.change(&address("flex", "test.app")).unwrap();
    assert!(app.waits_for.is_empty(), "it can be made before the step");
    assert!(plan.has_api_changes());
}

#[test]
fn a_circle_without_a_seed_is_named() {
    let components = circle(None);
    let seen = components.iter().map(|it| (it.address.clone(), Observation::Absent)).collect();
    let error = assemble(PlanInput {
        project: "k3jd82ma",
        environment: Environment::Live,
        components,
        snapshots: BTreeMap::from([(
            Realm::new("test", "nss"),
            Snapshot { components: seen, ..Snapshot::default() },
        )]),
        attestations: Vec::new(),
        removals: Vec::new(),
        policies: BTreeMap::new(),
        gaps: Vec::new(),
        warnings: Vec::new(),
    })
    .unwrap_err();
    assert!(error.to_string().contains("nss/SsoProfile/flex/test.app"), "{error}");
}
