//! One manual step: whoever carries it out gets every value, what comes of it is probed where that is possible, and a statement is
//! recorded.

use std::collections::BTreeMap;

use super::{
    attestations::{AttestationFolder, Said, statement},
    change::observe_afresh,
    operator::{Operator, Performed, StepTask, StepValue},
    outcome::{ApplyError, Effect},
};
use crate::{
    component::{
        Address, Component, Digest, Marker, Observation, ReadChannel, Step, Value, WriteChannel, step_digest,
    },
    flow::Session,
    manifest::{OnRemoval, attestation::AttestationState},
    plan::{Change, Outputs, Plan, attest::Standing, diff, resolve_fields},
};

/// What came of a step; nothing where it waits.
#[derive(Debug, Default)]
pub struct Carried {
    /// What was done.
    pub effect: Option<Effect>,
    /// What it produced, as the statement has it.
    pub outputs: BTreeMap<String, String>,
    /// What it gives to others, probed values included.
    pub values: BTreeMap<String, Value>,
}

/// Where steps are carried out: a plan's, by somebody, into a folder of statements. It writes to no API.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The project and its connections.
    pub session: &'a Session,
    /// The plan whose steps these are.
    pub plan: &'a Plan,
    /// Who carries them out.
    pub operator: &'a dyn Operator,
    /// Where statements are kept.
    pub attestations: &'a AttestationFolder,
}

impl Desk<'_> {
    /// Carries out one step with what is known by now. Gives its effect and its outputs; no effect where it waits.
    ///
    /// # Errors
    /// An input is not known, the operator failed, or a probe contradicts.
    pub async fn carry_out(&self, change: &Change, outputs: &Outputs) -> Result<Carried, ApplyError> {
        let Some(desired) = &change.desired else { return self.remove(change).await };
        let mut component = Component::clone(desired);
        resolve_fields(&mut component, outputs);
        let siblings: Vec<_> = self.plan.siblings(desired).filter(|it| it.step.is_some()).collect();
        let mut known_outputs = BTreeMap::new();
        for sibling in &siblings {
            known_outputs.extend(texts(outputs.get(&sibling.address)));
        }
        known_outputs.extend(texts(outputs.get(&change.address)));
        let Some(step) = component.step.clone() else { return Ok(Carried::default()) };
        let environment = &self.plan.environment;
        let Some(digest) = step_digest(&component, &component.address.name, environment) else {
            let missing = component.fields.iter().flat_map(|field| field.value.references()).next();
            return match missing {
                Some(reference) => Err(ApplyError::OutputMissing {
                    from: reference.from.clone(),
                    output: reference.output.clone(),
                }),
                None => Ok(Carried::default()),
            };
        };
        let task = StepTask {
            address: change.address.clone(),
            title: change.title.clone(),
            is_removal: false,
            values: values(&component, change),
            form: siblings
                .iter()
                .filter(|it| it.step.as_ref().is_some_and(|other| other.place == step.place))
                .flat_map(|it| it.fields.iter())
                .filter(|field| field.capability.write() == WriteChannel::Manual)
                .map(|field| (field.path.clone(), field.value.clone()))
                .collect(),
            known_outputs: known_outputs.clone(),
            digest: digest.clone(),
            step: step.clone(),
        };
        let Performed::Done { by, evidence, outputs } = self.operator.perform(&task).await? else {
            return Ok(Carried::default());
        };
        let mut outputs: BTreeMap<String, String> = known_outputs
            .into_iter()
            .filter(|(name, _)| step.outputs.iter().any(|output| output.name == *name))
            .chain(outputs)
            .collect();
        check_outputs(&step, &outputs)?;
        component.attested_outputs.clone_from(&outputs);
        let mut values = values_of(&outputs);
        if component.fields.iter().any(|field| field.capability.read() == ReadChannel::Probe) {
            match observe_afresh(self.session, self.plan, &component).await {
                Observation::Present(observed) => {
                    contradiction(&component, &observed)?;
                    for name in step.outputs.iter().map(|output| &output.name) {
                        if let Some(Value::Text(text)) = observed.outputs.get(name) {
                            outputs.insert(name.clone(), text.clone());
                        }
                    }
                    values.extend(observed.outputs.clone());
                }
                Observation::Absent => {
                    let given = outputs.values().cloned().collect::<Vec<_>>().join(", ");
                    return Err(ApplyError::NothingThere { title: change.title.clone(), given });
                }
                // A person's word counts where nothing can be seen.
                Observation::Unknown(_) => {}
            }
        }
        let said = Said {
            state: AttestationState::Done,
            by,
            at: now(),
            evidence,
            outputs: outputs.clone(),
            on_removal: component.lifecycle.on_removal,
        };
        self.attestations.record(&statement(
            &change.address,
            &step,
            &component.fields,
            &digest,
            environment,
            said,
        ))?;
        Ok(Carried { effect: Some(Effect::Attested), outputs, values })
    }

    async fn remove(&self, change: &Change) -> Result<Carried, ApplyError> {
        let (Some(step), Some(digest)) = (&change.removal, &change.digest) else {
            return Ok(Carried::default());
        };
        let task = StepTask {
            address: change.address.clone(),
            title: change.title.clone(),
            is_removal: true,
            values: BTreeMap::new(),
            form: BTreeMap::new(),
            known_outputs: texts(change.observed.as_ref().map(|observed| &observed.outputs)),
            digest: digest.clone(),
            step: step.clone(),
        };
        let Performed::Done { by, evidence, .. } = self.operator.perform(&task).await? else {
            return Ok(Carried::default());
        };
        let said = Said {
            state: AttestationState::Removed,
            by,
            at: now(),
            evidence,
            outputs: task.known_outputs.clone(),
            on_removal: OnRemoval::Delete,
        };
        self.check_gone(change, &task.known_outputs).await?;
        let environment = &self.plan.environment;
        self.attestations.record(&statement(
            &change.address,
            step,
            &[],
            digest,
            environment,
            said.clone(),
        ))?;
        // With the object goes what other steps entered into it: their statements say nothing about a new one. What only gives people
        // their freedom back takes no object away.
        let gone = if step.is_withdrawal { Vec::new() } else { self.siblings_attested(change) };
        for (address, statement_digest) in gone {
            let said = Said { outputs: BTreeMap::new(), ..said.clone() };
            self.attestations.record(&statement(
                &address,
                step,
                &[],
                &statement_digest,
                environment,
                said,
            ))?;
        }
        Ok(Carried { effect: Some(Effect::Attested), ..Carried::default() })
    }

    /// Looks whether what should be gone is gone, where that can be seen.
    async fn check_gone(
        &self,
        change: &Change,
        outputs: &BTreeMap<String, String>,
    ) -> Result<(), ApplyError> {
        let marker = Marker { project: self.plan.project.clone(), address: change.address.clone() };
        let origin = self.session.project.manifests.project.origin();
        let mut gone = Component::new(marker, change.realm.clone(), &change.title, "", origin);
        gone.attested_outputs.clone_from(outputs);
        match observe_afresh(self.session, self.plan, &gone).await {
            Observation::Present(_) => Err(ApplyError::StillThere {
                title: change.title.clone(),
                outputs: outputs.values().cloned().collect::<Vec<_>>().join(", "),
            }),
            Observation::Absent | Observation::Unknown(_) => Ok(()),
        }
    }

    /// The other steps of the resource that were attested here.
    fn siblings_attested(&self, change: &Change) -> Vec<(Address, Digest)> {
        let environment = self.plan.environment.to_string();
        self.session
            .project
            .manifests
            .attestations
            .values()
            .filter(|it| it.tenant == change.address.tenant && it.spec.environment == environment)
            .filter(|it| it.spec.state == AttestationState::Done)
            .filter_map(|it| {
                let address: Address = format!("{}/{}", it.tenant, it.spec.step).parse().ok()?;
                let is_sibling = address != change.address
                    && address.kind == change.address.kind
                    && address.name == change.address.name;
                is_sibling.then(|| {
                    let json =
                        serde_json::json!({"removed": address.within_tenant(), "digest": it.spec.digest});
                    (address, Digest::of(&json))
                })
            })
            .collect()
    }
}

/// Statements are dated to the second: nobody means more.
fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_second(jiff::Timestamp::now().as_second())
        .unwrap_or_else(|_| jiff::Timestamp::now())
}

fn values(component: &Component, change: &Change) -> BTreeMap<String, StepValue> {
    component
        .fields
        .iter()
        .map(|field| {
            let is_changed = change.fields.iter().any(|changed| changed.path == field.path);
            (field.path.clone(), StepValue { value: field.value.clone(), is_changed })
        })
        .collect()
}

fn check_outputs(step: &Step, outputs: &BTreeMap<String, String>) -> Result<(), ApplyError> {
    for output in &step.outputs {
        match outputs.get(&output.name) {
            Some(given) if !output.accepts(given) => {
                return Err(ApplyError::BadOutput { title: output.title.clone(), given: given.clone() });
            }
            None if output.required => {
                return Err(ApplyError::NoOutput { name: output.name.clone(), title: output.title.clone() });
            }
            _ => {}
        }
    }
    Ok(())
}

/// A probe that sees something else than what should have been entered.
fn contradiction(component: &Component, observed: &crate::component::Observed) -> Result<(), ApplyError> {
    let difference = diff::of_present(component, observed, Standing::Open);
    for field in difference.manual {
        if field.capability.read() == ReadChannel::Probe
            && let Some(seen) = &field.before
        {
            return Err(ApplyError::Contradicted {
                path: field.path.clone(),
                seen: seen.to_json().to_string(),
                wanted: field.after.to_json().to_string(),
            });
        }
    }
    Ok(())
}

fn texts(outputs: Option<&BTreeMap<String, Value>>) -> BTreeMap<String, String> {
    outputs
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_text()?.to_owned())))
        .collect()
}

fn values_of(outputs: &BTreeMap<String, String>) -> BTreeMap<String, Value> {
    outputs.iter().map(|(name, text)| (name.clone(), Value::text(text))).collect()
}
