//! One change by API: values are filled in, the difference is made again against what is there now, and a lost answer is looked up
//! before anything is tried again.

use super::{
    executor::Executor,
    outcome::{ApplyError, Effect},
};
use crate::{
    component::{Class, Component, Observation, Observed, Ownership, Unknown, UnknownReason, WriteChannel},
    flow::Session,
    http::HttpError,
    plan::{
        Action, Change, Plan, Reason, attest::Standing, diff, is_noted_otherwise, order::Phase,
        resolve_fields,
    },
    provider::{Scope, Write, WriteError, Written},
};

/// How often a write is tried whose answer is lost each time.
const ATTEMPTS: usize = 3;

impl Executor<'_> {
    /// Makes one change, or one part of it.
    pub(super) async fn run_change(&self, change: &Change, phase: Phase) -> Result<Effect, ApplyError> {
        let Some(desired) = &change.desired else { return self.run_deletion(change).await };
        let mut component = Component::clone(desired);
        let mut observed = {
            let known = self.known.lock().await;
            resolve_fields(&mut component, &known.outputs);
            known.observed.get(&change.address).cloned()
        }
        .or_else(|| change.observed.as_deref().cloned());
        settle(&mut component, observed.as_ref(), phase)?;

        let writer = self.writer(&change.realm).await?;
        let permit = self.approved.permit();
        let note = component.applied_note();
        for _ in 0..ATTEMPTS {
            let changed = observed.as_ref().map(|observed| changed(&component, observed)).unwrap_or_default();
            let write = match &observed {
                None => Write::Create { component: &component, note: &note },
                Some(observed)
                    if changed.is_empty()
                        && observed.ownership == Ownership::Ours
                        && !is_noted_otherwise(&component, observed) =>
                {
                    self.learn(change, observed.clone()).await;
                    return Ok(Effect::Unchanged);
                }
                Some(observed) => {
                    Write::Update { component: &component, observed, changed: &changed, note: &note }
                }
            };
            let effect = match write {
                Write::Create { .. } => Effect::Created,
                _ if change.action == Action::Adopt => Effect::Adopted,
                _ => Effect::Updated,
            };
            match writer.write(&permit, write).await {
                Ok(Written::Present(now)) => {
                    self.learn(change, *now).await;
                    return Ok(effect);
                }
                Ok(Written::Gone) => return Err(ApplyError::Gone),
                Err(WriteError::Http(HttpError::AnswerLost { .. })) => {
                    let was_there = observed.is_some();
                    observed = self.look_up(&component).await?;
                    if was_there && observed.is_none() {
                        return Err(ApplyError::Gone);
                    }
                    if let Some(now) = &observed
                        && !may_go_on(&component, now)
                    {
                        return Err(WriteError::Conflict { what: change.title.clone() }.into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        // The last lost answer was looked up: perhaps the write arrived after all.
        match observed {
            Some(now) if changed(&component, &now).is_empty() && now.ownership == Ownership::Ours => {
                self.learn(change, now).await;
                Ok(Effect::Updated)
            }
            _ => Err(ApplyError::LostRepeatedly(ATTEMPTS)),
        }
    }

    async fn run_deletion(&self, change: &Change) -> Result<Effect, ApplyError> {
        let Some(observed) = &change.observed else { return Ok(Effect::Unchanged) };
        let writer = self.writer(&change.realm).await?;
        let permit = self.approved.permit();
        let is_forgotten = change.reason == Reason::Forgotten;
        for _ in 0..ATTEMPTS {
            let write = if is_forgotten {
                Write::Forget { address: &change.address, observed }
            } else {
                Write::Delete { address: &change.address, observed }
            };
            match writer.write(&permit, write).await {
                Ok(_) if is_forgotten => return Ok(Effect::Forgotten),
                Ok(_) => return Ok(Effect::Deleted),
                // Deleting again what is gone does nothing, so a lost answer needs no look.
                Err(WriteError::Http(HttpError::AnswerLost { .. })) => {}
                Err(WriteError::Http(error)) if error.is_not_found() => return Ok(Effect::Deleted),
                Err(error) => return Err(error.into()),
            }
        }
        Err(ApplyError::LostRepeatedly(ATTEMPTS))
    }

    /// Looks a component up with a provider that has seen nothing yet.
    async fn look_up(&self, component: &Component) -> Result<Option<Observed>, ApplyError> {
        match observe_afresh(self.session, self.approved.plan(), component).await {
            Observation::Present(observed) => Ok(Some(*observed)),
            Observation::Absent => Ok(None),
            Observation::Unknown(unknown) => Err(ApplyError::Lost(unknown)),
        }
    }

    /// Remembers an object as it is now, and what it gives to others.
    async fn learn(&self, change: &Change, observed: Observed) {
        let mut known = self.known.lock().await;
        known.outputs.entry(change.address.clone()).or_default().extend(observed.outputs.clone());
        known.observed.insert(change.address.clone(), observed);
    }
}

/// What exists of one component now, seen by a provider that has seen nothing yet.
pub(super) async fn observe_afresh(session: &Session, plan: &Plan, component: &Component) -> Observation {
    let reader = match session.reader(&component.realm).await {
        Ok(reader) => reader,
        Err(unknown) => return Observation::Unknown(unknown),
    };
    let scope = Scope { project: plan.project.clone(), tenants: vec![component.address.tenant.clone()] };
    // What a provider sees of a component can depend on the others of its resource (a probe begins with a trusted URL).
    let siblings: Vec<_> = plan
        .siblings(component)
        .filter(|sibling| sibling.class == Class::Object && component.class == Class::Object)
        .collect();
    let wanted: Vec<&Component> =
        std::iter::once(component).chain(siblings.iter().map(|sibling| sibling.as_ref())).collect();
    let mut snapshot = reader.observe(&wanted, &scope).await;
    snapshot.components.remove(&component.address).unwrap_or_else(|| {
        Observation::Unknown(Unknown {
            reason: UnknownReason::Unexpected,
            message: format!("{} did not say whether it exists", component.realm),
            help: None,
        })
    })
}

/// Whether what a look-up found may be written to: ours, or what the manifests say to take over. Somebody else may have made an
/// object of the same name while the answer was lost.
fn may_go_on(component: &Component, now: &Observed) -> bool {
    match now.ownership {
        Ownership::Ours | Ownership::Renamed(_) => true,
        Ownership::Unmarked => component.adopt,
        Ownership::Foreign(_) | Ownership::Ambiguous(_) => false,
    }
}

/// Fills what is still pending at the beginning of a change: with what is there already, else with the seed. At its completion
/// nothing may be pending any more.
fn settle(component: &mut Component, observed: Option<&Observed>, phase: Phase) -> Result<(), ApplyError> {
    for field in &mut component.fields {
        let Some(reference) = field.value.references().first().copied() else { continue };
        match (phase, observed.and_then(|observed| observed.fields.get(&field.path)), &field.seed) {
            (Phase::Begin, Some(present), Some(_)) => field.value = present.clone(),
            (Phase::Begin, None, Some(seed)) => field.value = seed.clone(),
            _ if field.capability.write() != WriteChannel::Api => {}
            _ => {
                return Err(ApplyError::OutputMissing {
                    from: reference.from.clone(),
                    output: reference.output.clone(),
                });
            }
        }
    }
    Ok(())
}

/// The paths of the fields that are written and differ.
fn changed(component: &Component, observed: &Observed) -> Vec<String> {
    diff::of_present(component, observed, Standing::Open)
        .managed
        .into_iter()
        .map(|field| field.path)
        .collect()
}
