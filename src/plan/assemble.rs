//! Assembling a plan: observations and attestations are put together until nothing more becomes known, every component is
//! compared, and what depends on something unsettled is marked so.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    attest::{Attestations, Standing},
    change::{Action, Change, FieldChange, Gap, Group, Outputs, Plan, Reason, Risk, Warning},
    diff,
    order::{CycleError, Graph},
    removal::{manual_removal, removal_of},
    waits::{block, wait},
};
use crate::{
    component::{
        Address, Class, Component, Environment, Observation, Observed, Orphan, Ownership, Realm, Reference,
        Snapshot, Step, Unknown, UnknownReason, Value, step_digest,
    },
    manifest::{Name, Resource, attestation::AttestationSpec, policy::Policy},
};

/// What a plan is made of.
#[derive(Debug)]
pub struct PlanInput<'a> {
    /// The project's id.
    pub project: &'a str,
    /// Where the changes would be made.
    pub environment: Environment,
    /// What should exist.
    pub components: Vec<Component>,
    /// What exists, by realm.
    pub snapshots: BTreeMap<Realm, Snapshot>,
    /// What people stated.
    pub attestations: Vec<&'a Resource<AttestationSpec>>,
    /// What manual steps had made and no manifest asks for any more, each with the step that removes it.
    pub removals: Vec<(Address, Realm, Step, &'a Resource<AttestationSpec>)>,
    /// The policy in each tenant.
    pub policies: BTreeMap<Name, Policy>,
    /// What could not be seen before there were components (a population).
    pub gaps: Vec<Gap>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

/// Makes the plan.
///
/// # Errors
/// Components that wait for each other without a seed.
pub fn assemble(input: PlanInput<'_>) -> Result<Plan, CycleError> {
    let PlanInput {
        project,
        environment,
        components,
        snapshots,
        attestations,
        removals,
        policies,
        mut gaps,
        warnings,
    } = input;
    let attestations = Attestations::new(attestations, &environment);
    let resolved = resolve(components, &snapshots, &attestations, &environment);

    let mut changes = Vec::new();
    let mut unchanged = 0;
    let mut owned: BTreeMap<Group, usize> = BTreeMap::new();
    for (component, standing) in &resolved.components {
        let observation = observation_of(component, &snapshots);
        if let Observation::Present(observed) = &observation
            && component.step.is_none()
            && matches!(observed.ownership, Ownership::Ours | Ownership::Renamed(_))
        {
            *owned.entry(Group::of_component(component)).or_default() += 1;
        }
        if let Observation::Unknown(unknown) = &observation {
            gaps.push(Gap {
                address: Some(component.address.clone()),
                realm: component.realm.clone(),
                unknown: unknown.clone(),
            });
        }
        let before = changes.len();
        compare(component, &observation, *standing, &environment, &resolved.outputs, &mut changes);
        if changes[before..].iter().all(|change| change.action == Action::Drift) {
            unchanged += 1;
        }
    }
    for (realm, snapshot) in &snapshots {
        for orphan in &snapshot.orphans {
            *owned.entry(Group::of_orphan(orphan)).or_default() += 1;
            changes.push(removal_of(orphan));
        }
        for unknown in &snapshot.gaps {
            gaps.push(Gap { address: None, realm: realm.clone(), unknown: unknown.clone() });
        }
    }
    for (address, realm, step, attestation) in removals {
        // What another component still gives (a connection whose profile has a new name) is not to be removed.
        let is_in_use = attestation.spec.outputs.values().any(|gone| {
            resolved
                .outputs
                .values()
                .any(|outputs| outputs.values().any(|value| value.as_text() == Some(gone)))
        });
        if is_in_use {
            continue;
        }
        changes.push(manual_removal(address, realm, step, attestation));
    }
    changes.sort_by(|one, other| (&one.address, one.action).cmp(&(&other.address, other.action)));
    block(&mut changes);
    let graph = Graph::of(&changes)?;
    wait(&mut changes, &graph);

    Ok(Plan {
        project: project.to_owned(),
        environment,
        changes,
        graph,
        unchanged,
        gaps,
        warnings,
        policies,
        owned,
        outputs: resolved.outputs,
        desired: resolved
            .components
            .into_iter()
            .map(|(component, _)| (component.address.clone(), component))
            .collect(),
    })
}

impl Group {
    /// The group of a change.
    pub fn of(change: &Change) -> Self {
        Self {
            tenant: change.address.tenant.clone(),
            realm: change.realm.clone(),
            component_type: change.address.component_type().to_owned(),
            is_membership: change.class == Class::Membership,
        }
    }

    fn of_component(component: &Component) -> Self {
        Self {
            tenant: component.address.tenant.clone(),
            realm: component.realm.clone(),
            component_type: component.address.component_type().to_owned(),
            is_membership: component.class == Class::Membership,
        }
    }

    fn of_orphan(orphan: &Orphan) -> Self {
        Self {
            tenant: orphan.address.tenant.clone(),
            realm: orphan.realm.clone(),
            component_type: orphan.address.component_type().to_owned(),
            is_membership: orphan.class == Class::Membership,
        }
    }
}

fn observation_of(component: &Component, snapshots: &BTreeMap<Realm, Snapshot>) -> Observation {
    snapshots
        .get(&component.realm)
        .and_then(|snapshot| snapshot.components.get(&component.address))
        .cloned()
        .unwrap_or_else(|| {
            Observation::Unknown(Unknown {
                reason: UnknownReason::Unexpected,
                message: format!("{} did not say whether it exists", component.realm),
                help: None,
            })
        })
}

struct Resolved<'a> {
    components: Vec<(Arc<Component>, Standing<'a>)>,
    outputs: Outputs,
}

/// Replaces references by what is known, until nothing more becomes known: outputs of observed objects, and outputs of
/// attested steps, which count only once the step's own inputs are known or were attested before.
fn resolve<'a>(
    components: Vec<Component>,
    snapshots: &BTreeMap<Realm, Snapshot>,
    attestations: &Attestations<'a>,
    environment: &Environment,
) -> Resolved<'a> {
    let mut outputs = Outputs::new();
    for component in &components {
        let mut known = if component.step.is_some() {
            // Whether the values were attested does not matter here: what the step produced stays.
            attestations.standing(component, environment).outputs()
        } else {
            BTreeMap::new()
        };
        if let Observation::Present(observed) = observation_of(component, snapshots) {
            known.extend(observed.outputs);
        }
        if !known.is_empty() {
            outputs.insert(component.address.clone(), known);
        }
    }
    let components = components
        .into_iter()
        .map(|mut component| {
            resolve_fields(&mut component, &outputs);
            let standing = if component.step.is_some() {
                attestations.standing(&component, environment)
            } else {
                Standing::Open
            };
            (Arc::new(component), standing)
        })
        .collect();
    Resolved { components, outputs }
}

/// Replaces the references in a component's fields by the outputs that are known.
pub(crate) fn resolve_fields(component: &mut Component, outputs: &Outputs) {
    let lookup = |reference: &Reference| outputs.get(&reference.from)?.get(&reference.output).cloned();
    for field in &mut component.fields {
        if field.value.is_pending() {
            // Outputs may be lists (certificates), and a list field that refers to one takes its items.
            field.value = field.value.resolve(&lookup);
        }
    }
}

fn compare(
    component: &Arc<Component>,
    observation: &Observation,
    standing: Standing<'_>,
    environment: &Environment,
    outputs: &Outputs,
    changes: &mut Vec<Change>,
) {
    let template = Change {
        address: component.address.clone(),
        realm: component.realm.clone(),
        title: component.title.clone(),
        class: component.class,
        action: Action::Blocked,
        reason: Reason::Missing,
        risk: Risk::Low,
        fields: Vec::new(),
        kept: 0,
        source: Some(component.origin.clone()),
        waits_for: Vec::new(),
        desired: Some(Arc::clone(component)),
        observed: None,
        removal: None,
        digest: step_digest(component, &component.address.name, environment),
    };
    let observed = match observation {
        Observation::Unknown(unknown) => {
            changes.push(Change { reason: Reason::Unknown(unknown.clone()), ..template });
            return;
        }
        Observation::Absent if component.step.is_some() => {
            let difference = diff::of_absent(component);
            // Whatever was attested, the probe does not find it.
            let reason = match standing {
                Standing::Open => Reason::NotAttested,
                Standing::Attested(_) | Standing::Outdated(_) => Reason::ProbeContradicts,
            };
            changes.push(Change {
                action: Action::Manual,
                reason,
                risk: Risk::Medium,
                fields: difference.manual,
                ..template
            });
            return;
        }
        Observation::Absent => {
            let difference = diff::of_absent(component);
            if !difference.managed.is_empty() {
                changes.push(Change {
                    action: Action::Create,
                    reason: Reason::Missing,
                    risk: Risk::Medium,
                    fields: difference.managed,
                    ..template
                });
            }
            return;
        }
        Observation::Present(observed) => observed,
    };
    let difference = diff::of_present(component, observed, standing);
    let template = Change { kept: observed.kept, observed: Some(Arc::new((**observed).clone())), ..template };
    if !difference.drift.is_empty() {
        changes.push(Change {
            action: Action::Drift,
            reason: Reason::Observed,
            risk: Risk::Medium,
            fields: difference.drift.clone(),
            ..template.clone()
        });
    }
    if component.step.is_some() {
        manual(component, &difference, standing, outputs, template, changes);
        return;
    }
    let risk = if difference.managed.is_empty() { Risk::Low } else { Risk::Medium };
    let (action, reason) = match &observed.ownership {
        Ownership::Ours if difference.managed.is_empty() && !is_noted_otherwise(component, observed) => {
            return;
        }
        Ownership::Ours if difference.managed.is_empty() => (Action::Update, Reason::LifecycleChanged),
        Ownership::Ours => (Action::Update, mover(component, observed, &difference.managed)),
        Ownership::Renamed(former) => (Action::Update, Reason::Renamed(former.clone())),
        Ownership::Unmarked if component.adopt => (Action::Adopt, Reason::Adopted),
        Ownership::Unmarked => (Action::Blocked, Reason::Unadopted),
        Ownership::Foreign(marker) => (Action::Blocked, Reason::Foreign(marker.clone())),
        Ownership::Ambiguous(ids) => (Action::Blocked, Reason::Ambiguous(ids.clone())),
    };
    changes.push(Change { action, reason, risk, fields: difference.managed, ..template });
}

/// Whether the lifecycle that stands beside the marker is another one: it decides once the manifest is gone.
pub(crate) fn is_noted_otherwise(component: &Component, observed: &Observed) -> bool {
    let note = component.applied_note();
    observed.applied.as_ref().is_some_and(|applied| {
        (applied.on_removal, applied.prevent_destroy) != (note.on_removal, note.prevent_destroy)
    })
}

/// Who moved: the manifests since they were last applied, or somebody the object.
fn mover(component: &Component, observed: &Observed, fields: &[FieldChange]) -> Reason {
    let has_its_seed = |change: &FieldChange| {
        component.field(&change.path).is_some_and(|field| {
            let before = change.before.as_ref().unwrap_or(&Value::Null);
            field.seed.as_ref().is_some_and(|seed| field.rule.is_same(seed, before))
        })
    };
    match &observed.applied {
        None => Reason::Differs,
        Some(_) if fields.iter().all(has_its_seed) => Reason::Incomplete,
        Some(note) if note.digest == component.applied_note().digest => Reason::ChangedElsewhere,
        Some(note) if component.digest_of(|field| observed.fields.get(&field.path)) == note.digest => {
            Reason::ManifestChanged
        }
        Some(_) => Reason::BothChanged,
    }
}

fn manual(
    component: &Component,
    difference: &diff::Difference,
    standing: Standing<'_>,
    outputs: &Outputs,
    template: Change,
    changes: &mut Vec<Change>,
) {
    let missing_output = component.step.as_ref().and_then(|step| {
        let known = outputs.get(&component.address);
        step.outputs
            .iter()
            .find(|output| output.required && known.is_none_or(|known| !known.contains_key(&output.name)))
    });
    let fields_to_enter: Vec<FieldChange> = difference.manual.clone();
    let reason = if difference.is_contradicted {
        Reason::ProbeContradicts
    } else if let Some(output) = missing_output {
        if fields_to_enter.is_empty() {
            Reason::OutputMissing(output.title.clone())
        } else {
            Reason::NotAttested
        }
    } else {
        match standing {
            Standing::Attested(_) => return,
            // Every field is closed by its probe: no statement is needed.
            Standing::Open | Standing::Outdated(_)
                if fields_to_enter.is_empty() && is_all_probed(component) =>
            {
                return;
            }
            Standing::Outdated(attestation) => Reason::AttestationOutdated {
                by: attestation.spec.by.clone(),
                at: attestation.spec.at.strftime("%Y-%m-%d").to_string(),
            },
            Standing::Open => Reason::NotAttested,
        }
    };
    changes.push(Change {
        action: Action::Manual,
        reason,
        risk: Risk::Medium,
        fields: fields_to_enter,
        ..template
    });
}

fn is_all_probed(component: &Component) -> bool {
    !component.fields.is_empty()
        && component
            .fields
            .iter()
            .all(|field| field.capability.read() == crate::component::ReadChannel::Probe)
}
