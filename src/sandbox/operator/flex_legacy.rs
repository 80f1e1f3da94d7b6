//! The steps of a migration from Flex's legacy SSO, on the played page of Flex's Console (`sandbox/twilio/legacy.rs`).

use async_trait::async_trait;
use serde_json::Value as Json;

use super::flex::{HOST, form, page, test};
use super::{Hand, Pages, Produced, failed};
use crate::{
    apply::{OperatorError, StepTask},
    http::Method,
};

/// Knows the steps of a migration.
pub(super) struct FlexLegacy;

#[async_trait]
impl Hand for FlexLegacy {
    fn takes(&self, component_type: &str) -> bool {
        component_type.starts_with("flex-legacy.")
    }

    async fn carry_out(&self, pages: &Pages, task: &StepTask) -> Result<Produced, OperatorError> {
        let account = task.step.scope.as_str();
        let connection = task.known_outputs.get("connection").map(String::as_str);
        match (task.address.component_type(), task.is_removal, connection) {
            ("flex-legacy.migration", false, _) => migrate(pages, task, account).await,
            // The played deployments ask Twilio for their connection, so what a person sees to is that there is one.
            ("flex-legacy.app-config", false, Some(connection)) => {
                pages.read(HOST, &page(account, &[connection])).await?;
                Ok(Produced::new())
            }
            ("flex-legacy.test", false, Some(connection)) => test(pages, task, account, connection).await,
            (step, _, None) => {
                Err(failed(format!("{step} comes after the migration, and nobody knows its connection yet")))
            }
            (step, ..) => Err(failed(format!("the simulated person does not know the step {step}"))),
        }
    }
}

/// Migrates, or completes the profile of a migration that was made already.
async fn migrate(pages: &Pages, task: &StepTask, account: &str) -> Result<Produced, OperatorError> {
    let legacy = pages.read(HOST, &page(account, &["legacy"])).await?;
    let mut body = form(task);
    body.insert("active".to_owned(), true.into());
    let body = Json::Object(body);
    let profile = match legacy.get("connection").and_then(Json::as_str) {
        Some(connection) => pages.send(HOST, Method::PATCH, &page(account, &[connection]), &body).await?,
        None => pages.send(HOST, Method::POST, &page(account, &["legacy", "migrate"]), &body).await?,
    };
    let sid = profile.get("sid").and_then(Json::as_str);
    let sid = sid.ok_or_else(|| failed("the page shows no connection".to_owned()))?;
    Ok(Produced::from([("connection".to_owned(), sid.to_owned())]))
}
