//! One manual step: whoever carries it out gets every value, what comes of it is probed where that is possible, and a statement is
//! recorded.

use std::collections::BTreeMap;

use super::{
    attestations::{Said, statement},
    executor::Executor,
    operator::{Performed, StepTask, StepValue},
    outcome::{ApplyError, Effect},
};
use crate::{
    component::{Component, Observation, ReadChannel, Step, Value, step_digest},
    manifest::attestation::AttestationState,
    plan::{Change, attest::Standing, diff, resolve_fields},
};

/// What came of a step: its effect and its outputs, or nothing where it waits.
pub(super) type StepResult = Result<(Option<Effect>, BTreeMap<String, String>), ApplyError>;

impl Executor<'_> {
    pub(super) async fn run_step(&self, change: &Change) -> StepResult {
        let Some(desired) = &change.desired else { return self.run_removal(change).await };
        let mut component = Component::clone(desired);
        let known_outputs = {
            let known = self.known.lock().await;
            resolve_fields(&mut component, &known.outputs);
            texts(known.outputs.get(&change.address))
        };
        let Some(step) = component.step.clone() else { return Ok((None, BTreeMap::new())) };
        let environment = &self.approved.plan().environment;
        let Some(digest) = step_digest(&component, &component.address.name, environment) else {
            let missing = component.fields.iter().flat_map(|field| field.value.references()).next();
            return match missing {
                Some(reference) => Err(ApplyError::OutputMissing {
                    from: reference.from.clone(),
                    output: reference.output.clone(),
                }),
                None => Ok((None, BTreeMap::new())),
            };
        };
        let task = StepTask {
            address: change.address.clone(),
            title: change.title.clone(),
            is_removal: false,
            values: values(&component, change),
            known_outputs: known_outputs.clone(),
            digest: digest.clone(),
            step: step.clone(),
        };
        let Performed::Done { by, evidence, outputs } = self.operator.perform(&task).await? else {
            return Ok((None, BTreeMap::new()));
        };
        let mut outputs: BTreeMap<String, String> = known_outputs.into_iter().chain(outputs).collect();
        check_outputs(&step, &outputs)?;
        component.attested_outputs.clone_from(&outputs);
        let mut values = values_of(&outputs);
        if component.fields.iter().any(|field| field.capability.read() == ReadChannel::Probe)
            && let Observation::Present(observed) = self.observe_afresh(&component).await
        {
            contradiction(&component, &observed)?;
            for name in step.outputs.iter().map(|output| &output.name) {
                if let Some(Value::Text(text)) = observed.outputs.get(name) {
                    outputs.insert(name.clone(), text.clone());
                }
            }
            values.extend(observed.outputs.clone());
        }
        let said = Said {
            state: AttestationState::Done,
            by,
            at: now(),
            evidence,
            outputs: outputs.clone(),
        };
        self.attestations.record(&statement(
            &change.address,
            &step,
            &component.fields,
            &digest,
            environment,
            said,
        ))?;
        self.known.lock().await.outputs.entry(change.address.clone()).or_default().extend(values);
        Ok((Some(Effect::Attested), outputs))
    }

    async fn run_removal(&self, change: &Change) -> StepResult {
        let (Some(step), Some(digest)) = (&change.removal, &change.digest) else {
            return Ok((None, BTreeMap::new()));
        };
        let task = StepTask {
            address: change.address.clone(),
            title: change.title.clone(),
            is_removal: true,
            values: BTreeMap::new(),
            known_outputs: texts(change.observed.as_ref().map(|observed| &observed.outputs)),
            digest: digest.clone(),
            step: step.clone(),
        };
        let Performed::Done { by, evidence, .. } = self.operator.perform(&task).await? else {
            return Ok((None, BTreeMap::new()));
        };
        let said = Said {
            state: AttestationState::Removed,
            by,
            at: now(),
            evidence,
            outputs: task.known_outputs.clone(),
        };
        let environment = &self.approved.plan().environment;
        self.attestations.record(&statement(&change.address, step, &[], digest, environment, said))?;
        Ok((Some(Effect::Attested), BTreeMap::new()))
    }
}

/// Statements are dated to the second: nobody means more.
fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap_or_else(|_| jiff::Timestamp::now())
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
                return Err(ApplyError::BadOutput { title: output.title.clone(), given: String::new() });
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
