//! Writing an Action: draft, build, deployment. An Action counts as written once what runs is what was written.

use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::time::{Instant, sleep};

use super::{
    super::{
        action, convert,
        lower::{RUNTIME, TRIGGER, field},
        observe::Tenant,
        wire::{Action, Object},
    },
    Change, Standing, check_unchanged, conflict, may_write, object, written,
};
use crate::{
    component::{AppliedNote, Component, Observed, Value},
    provider::{Write, WriteError, Written},
};

/// How long a build or a deployment is waited for; Auth0's own deployment tool waits as long.
const PATIENCE: Duration = Duration::from_secs(120);
/// The first wait between two looks, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(4));
/// The version of the post-login trigger.
const TRIGGER_VERSION: &str = "v3";

impl Tenant {
    pub(super) async fn write_action(&self, write: &Write<'_>) -> Result<Written, WriteError> {
        let change = match Change::of(write) {
            Ok(change) => change,
            Err(removal) => {
                let id = &removal.observed.id;
                let what = format!("Auth0 Action {id}");
                let Some(action) = self.api.action(id).await? else { return Ok(Written::Gone) };
                let marker = action::header(&action.code).marker;
                match removal.standing(marker.as_deref(), &what)? {
                    Standing::Ours if removal.keeps_object => {
                        let code = action::without_header(&action.code);
                        self.api.update_action(id, &json!({"code": code})).await?;
                        self.deploy(id, &what).await?;
                    }
                    Standing::Ours => {
                        self.unbind(id).await?;
                        self.api.delete_action(id).await?;
                    }
                    // The draft may have been written and its deployment not begun. A draft of somebody else is theirs to deploy.
                    Standing::LetGo if removal.keeps_object && is_let_go(&action, removal.observed) => {
                        self.deploy(id, &what).await?;
                    }
                    Standing::LetGo => {}
                }
                return Ok(Written::Gone);
            }
        };
        let component = change.component;
        let id = match change.planned {
            None => self.api.create_action(&draft(component, change.note).into()).await?.id,
            Some((planned, changed)) => {
                let Some(action) = self.api.action(&planned.id).await? else {
                    return Err(conflict(&component.title));
                };
                if !may_write(component, planned, action::header(&action.code).marker.as_deref()) {
                    return Err(conflict(&component.title));
                }
                // Whether it is deployed changes by itself, while a build ends.
                let settings: Vec<String> =
                    changed.iter().filter(|path| *path != field::DEPLOYED).cloned().collect();
                check_unchanged(component, planned, &convert::action(&action), &settings)?;
                let mut body = draft(component, change.note);
                if !is_same(&action, &body) {
                    if action.supported_triggers.iter().any(|trigger| trigger.id == TRIGGER) {
                        body.remove("supported_triggers");
                    }
                    self.api.update_action(&action.id, &body.into()).await?;
                }
                action.id
            }
        };
        let action = self.deploy(&id, &component.title).await?;
        Ok(written(convert::action(&action)))
    }

    /// Deploys the draft once it is built, and waits until it runs.
    async fn deploy(&self, id: &str, what: &str) -> Result<Action, WriteError> {
        let built = self.wait_for(id, what, Action::is_built).await?;
        if built.is_deployed() {
            return Ok(built);
        }
        self.api.deploy_action(id).await?;
        self.wait_for(id, what, Action::is_deployed).await
    }

    async fn wait_for(
        &self,
        id: &str,
        what: &str,
        is_done: impl Fn(&Action) -> bool,
    ) -> Result<Action, WriteError> {
        let began = Instant::now();
        let (mut wait, longest) = WAITS;
        loop {
            let Some(action) = self.api.action(id).await? else { return Err(conflict(what)) };
            if is_done(&action) {
                return Ok(action);
            }
            if action.status.as_deref() == Some("failed") {
                return Err(failed(what));
            }
            if began.elapsed() >= PATIENCE {
                return Err(WriteError::NotReady { what: what.to_owned(), seconds: PATIENCE.as_secs() });
            }
            sleep(wait).await;
            wait = (wait * 2).min(longest);
        }
    }
}

fn failed(what: &str) -> WriteError {
    WriteError::Refused {
        what: what.to_owned(),
        message: "Auth0 could not build it".to_owned(),
        help: Some(
            "look at the Action in Auth0's dashboard; an `expressions.auth0` of the attribute map is the first suspect"
                .to_owned(),
        ),
    }
}

/// The body that makes an Action or changes its draft. Dependencies, secrets and modules are left out, and so kept.
fn draft(component: &Component, note: &AppliedNote) -> Object {
    let text = |path: &str| component.field(path).and_then(|it| it.value.as_text()).unwrap_or_default();
    object([
        ("name", text("name").into()),
        ("code", action::with_note(text(field::CODE), note).into()),
        ("runtime", RUNTIME.into()),
        ("supported_triggers", json!([{"id": TRIGGER, "version": TRIGGER_VERSION}])),
    ])
}

/// Whether a draft is what letting go of the Action that the plan saw leaves behind.
fn is_let_go(action: &Action, planned: &Observed) -> bool {
    planned
        .fields
        .get(field::CODE)
        .and_then(Value::as_text)
        .is_some_and(|code| action::without_header(code) == action.code)
}

/// Whether the draft is there already, so that only its deployment is missing.
fn is_same(action: &Action, draft: &Object) -> bool {
    let is = |key: &str, text: &str| draft.get(key).and_then(Json::as_str) == Some(text);
    is("name", &action.name)
        && is("code", &action.code)
        && is("runtime", &action.runtime)
        && action.supported_triggers.first().is_some_and(|trigger| trigger.id == TRIGGER)
}
