//! Flex components in plans: what a person is asked to do, when it is done, and what undoes it.

use super::{observing::config, *};
use crate::{
    component::{Digest, Environment, Observation, Observed, Snapshot, Unknown, UnknownReason, step_digest},
    manifest::attestation::AttestationSpec,
    plan::{Action, Plan, PlanInput, Reason, assemble},
};

/// The components that concern the profile, in a project without other components.
fn components(side: &IdentityProviderSide) -> Vec<Component> {
    let mut components = Project::new().lower(side);
    components.retain(|component| component.step.is_some());
    components
}

/// Everything attested with its present values, and the connection.
fn attestations(components: &[Component]) -> Vec<Resource<AttestationSpec>> {
    components
        .iter()
        .enumerate()
        .map(|(at, component)| {
            let mut component = component.clone();
            for field in &mut component.fields {
                field.value = field.value.resolve(&|_| Some(Value::text(ONE)));
            }
            let digest = step_digest(&component, &component.address.name, &Environment::Live).unwrap();
            let inputs: serde_json::Map<_, _> = component
                .fields
                .iter()
                .map(|field| (field.path.clone(), field.rule.normalise(&field.value).to_canonical_json()))
                .collect();
            let outputs = match component.address.component.as_str() {
                "flex.trust" => serde_json::json!({"connection": ONE}),
                _ => serde_json::json!({}),
            };
            let spec = serde_json::json!({
                "step": component.address.within_tenant(), "stepVersion": 1, "digest": digest, "environment": "live",
                "inputs": inputs, "outputs": outputs, "by": "ann", "at": "2026-03-01T10:00:00Z",
            });
            resource(Kind::Attestation, &format!("a{at}"), &spec.to_string())
        })
        .collect()
}

fn plan(components: Vec<Component>, trust: Observation, attestations: &[Resource<AttestationSpec>]) -> Plan {
    let observations = components.iter().map(|component| {
        let seen = match component.address.component.as_str() {
            "flex.trust" => trust.clone(),
            _ => Observation::Present(Box::default()),
        };
        (component.address.clone(), seen)
    });
    let snapshot = Snapshot { components: observations.collect(), ..Snapshot::default() };
    assemble(PlanInput {
        project: "k3jd82ma",
        environment: Environment::Live,
        snapshots: BTreeMap::from([(config().realm(), snapshot)]),
        components,
        attestations: attestations.iter().collect(),
        removals: Vec::new(),
        policies: BTreeMap::new(),
        gaps: Vec::new(),
        warnings: Vec::new(),
    })
    .unwrap()
}

fn seen(sso_url: &str) -> Observation {
    Observation::Present(Box::new(Observed {
        id: ONE.to_owned(),
        fields: BTreeMap::from([("ssoUrl".to_owned(), sso_url.into()), ("active".to_owned(), true.into())]),
        outputs: BTreeMap::from([("connection".to_owned(), ONE.into())]),
        ..Observed::default()
    }))
}

fn actions(plan: &Plan) -> Vec<(&str, Action, bool)> {
    plan.changes
        .iter()
        .map(|change| (change.address.component.as_str(), change.action, change.digest.is_some()))
        .collect()
}

#[test]
fn at_first_there_are_four_steps_in_an_order() {
    let plan = plan(components(&settled()), Observation::Absent, &[]);
    // The test's digest needs the connection, which the trust step gives.
    assert_eq!(
        actions(&plan),
        [
            ("flex.label", Action::Manual, true),
            ("flex.test", Action::Manual, false),
            ("flex.trust", Action::Manual, true),
            ("flex.urls", Action::Manual, true)
        ]
    );
    let names = |level: &Vec<crate::plan::order::Node>| {
        level.iter().map(|node| plan.changes[node.change].address.component.clone()).collect::<Vec<_>>()
    };
    let levels: Vec<_> = plan.graph.levels().iter().map(names).collect();
    assert_eq!(levels, [vec!["flex.trust"], vec!["flex.label", "flex.urls"], vec!["flex.test"]]);
}

#[test]
fn once_everything_is_attested_and_seen_there_is_nothing_to_do() {
    let attested = attestations(&components(&settled()));
    let plan = plan(components(&settled()), seen(SSO_URL), &attested);
    assert!(plan.is_settled() && plan.is_complete(), "{:?}", actions(&plan));
    assert_eq!(plan.unchanged, 4);
}

#[test]
fn a_probe_that_sees_another_sso_url_counts_more_than_an_attestation() {
    let attested = attestations(&components(&settled()));
    let plan = plan(components(&settled()), seen("https://elsewhere.example/sso"), &attested);
    assert_eq!(actions(&plan), [("flex.trust", Action::Manual, true)]);
    assert_eq!(plan.changes[0].reason, Reason::ProbeContradicts);
    assert_eq!(plan.changes[0].fields.len(), 1);
}

#[test]
fn a_connection_that_is_found_before_anybody_wrote_it_down_needs_no_sso_url_again() {
    let plan = plan(components(&settled()), seen(SSO_URL), &[]);
    let trust = plan.change(&address("flex.trust")).unwrap();
    let open: Vec<_> = trust.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(open, ["issuer", "certificates"]);
}

#[test]
fn what_cannot_be_seen_blocks_what_is_still_to_be_done() {
    let unknown = Observation::Unknown(Unknown {
        reason: UnknownReason::Unreachable,
        message: "no answer".to_owned(),
        help: None,
    });
    let open = plan(components(&settled()), unknown.clone(), &[]);
    assert!(open.changes.iter().all(|change| change.action == Action::Blocked) && !open.is_complete());
    let attested = attestations(&components(&settled()));
    let settled_before = plan(components(&settled()), unknown, &attested);
    assert_eq!(actions(&settled_before), [("flex.trust", Action::Blocked, true)]);
}

#[test]
fn a_digest_is_made_of_what_is_entered() {
    // Guards the attestations that people have in git: a change here ends all of them.
    let trust = &components(&settled())[0];
    let digest = step_digest(trust, &trust.address.name, &Environment::Live);
    insta::assert_snapshot!(digest.as_ref().map_or("", Digest::as_str), @"596d619447e2b2a6bd4a62746691a6f76d90535dd1105ea135d60e884530eb8a");
}
