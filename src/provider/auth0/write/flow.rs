//! Writing the post-login flow: one ordered list that belongs to everybody who has an Action in it. Each change replaces it as a whole, so
//! it is read right before, the others' entries are given back as they were and in their order, and the result is read again.

use serde_json::{Value as Json, json};

use super::{
    super::{
        action, convert,
        observe::{Tenant, action_markers},
        wire::Binding,
    },
    Change, conflict, written,
};
use crate::{
    component::Component,
    http::HttpError,
    provider::{Write, WriteError, Written},
};

/// How often a change is begun anew because somebody else changed the flow in between.
const ATTEMPTS: usize = 3;
const WHAT: &str = "Auth0's post-login flow";

impl Tenant {
    pub(super) async fn write_binding(&self, write: &Write<'_>) -> Result<Written, WriteError> {
        match Change::of(write) {
            Ok(change) => {
                let id = self.bind(change.component).await?;
                Ok(written(convert::binding(&id)))
            }
            Err(removal) => {
                if !removal.keeps_object {
                    self.unbind(&removal.observed.id).await?;
                }
                Ok(Written::Gone)
            }
        }
    }

    /// Puts the Action of a binding at the end of the flow.
    async fn bind(&self, binding: &Component) -> Result<String, WriteError> {
        let markers = action_markers(binding);
        let actions = self.api.actions().await?;
        let is_its = |code: &str| action::header(code).marker.is_some_and(|it| markers.contains(&it));
        let Some(action) = actions.iter().find(|it| is_its(&it.code)) else {
            return Err(conflict(&binding.title));
        };
        self.change_flow(|flow| {
            if flow.iter().any(|it| it.action_id() == Some(action.id.as_str())) {
                return None;
            }
            let ours = json!({"ref": {"type": "action_id", "value": action.id}, "display_name": action.name});
            let mut entries: Vec<Json> = flow.iter().map(reference).collect();
            entries.push(ours);
            let mut order = order(flow);
            order.push(Some(action.id.clone()));
            Some((entries, order))
        })
        .await?;
        Ok(action.id.clone())
    }

    /// Takes an Action out of the flow.
    pub(super) async fn unbind(&self, action_id: &str) -> Result<(), WriteError> {
        self.change_flow(|flow| {
            let others: Vec<Binding> =
                flow.iter().filter(|it| it.action_id() != Some(action_id)).cloned().collect();
            (others.len() < flow.len()).then(|| (others.iter().map(reference).collect(), order(&others)))
        })
        .await
    }

    /// Carries out a change of the flow: `change` says the new list and the order of Actions that it gives, or `None` where there is
    /// nothing to do.
    async fn change_flow(
        &self,
        change: impl Fn(&[Binding]) -> Option<(Vec<Json>, Vec<Option<String>>)>,
    ) -> Result<(), WriteError> {
        let _only_one = self.flow.lock().await;
        let mut flow = self.api.bindings().await?;
        for _ in 0..ATTEMPTS {
            let Some((entries, expected)) = change(&flow) else { return Ok(()) };
            let answer = self.api.set_bindings(&entries).await;
            if let Err(error @ HttpError::AnswerLost { .. }) = answer {
                return Err(error.into());
            }
            let after = self.api.bindings().await?;
            match answer {
                Ok(()) if order(&after) == expected => return Ok(()),
                // Somebody else wrote right after: their list counts, and ours is begun anew on it.
                Ok(()) => {}
                // Binding IDs are new after every change, so those of a list that was changed meanwhile are refused.
                Err(error) if ids(&after) == ids(&flow) => return Err(error.into()),
                Err(_) => {}
            }
            flow = after;
        }
        Err(conflict(WHAT))
    }
}

/// An entry of somebody else, by the ID of its binding, so that everything about it stays.
fn reference(binding: &Binding) -> Json {
    let mut entry = json!({"ref": {"type": "binding_id", "value": binding.id}});
    if !binding.display_name.is_empty() {
        entry["display_name"] = binding.display_name.as_str().into();
    }
    entry
}

fn order(flow: &[Binding]) -> Vec<Option<String>> {
    flow.iter().map(|it| it.action_id().map(str::to_owned)).collect()
}

fn ids(flow: &[Binding]) -> Vec<&str> {
    flow.iter().map(|it| it.id.as_str()).collect()
}
