//! A deploy and its result. Waits until Salesforce is done, tells about it, and says of each failure which component it is about.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    client::Api,
    package::{Package, ZipError},
};
use crate::http::{HttpError, Wait, WaitReason};

/// How long a deploy is waited for. One without tests and with a handful of components takes seconds; the queue before it may not.
const PATIENCE: Duration = Duration::from_secs(600);
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Whether a deploy changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// The components are saved, all or none.
    Save,
    /// Salesforce checks everything and saves nothing (`checkOnly`).
    Check,
}

/// Why a deploy gave no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeployError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// It goes on at Salesforce.
    #[error("the deploy {id} was not done after {seconds} seconds")]
    NotDone {
        /// Its ID, as Setup > Deployment Status shows it.
        id: String,
        /// How long it was waited for.
        seconds: u64,
    },
}

/// What Salesforce says of a deploy.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DeployResult {
    pub(super) status: Option<String>,
    pub(super) done: bool,
    pub(super) success: bool,
    pub(super) error_message: Option<String>,
    number_components_deployed: Option<u32>,
    number_components_total: Option<u32>,
    details: Option<Details>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Details {
    component_failures: Messages,
    component_successes: Messages,
}

/// A list, or one that stands alone, or nothing: all three are answered.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum Messages {
    Several(Vec<Message>),
    One(Box<Message>),
    None(Option<()>),
}

impl Default for Messages {
    fn default() -> Self {
        Self::None(None)
    }
}

impl Messages {
    fn all(&self) -> &[Message] {
        match self {
            Self::Several(messages) => messages,
            Self::One(message) => std::slice::from_ref(message),
            Self::None(_) => &[],
        }
    }
}

/// What Salesforce says of one component.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Message {
    pub(super) component_type: Option<String>,
    pub(super) full_name: Option<String>,
    pub(super) file_name: Option<String>,
    pub(super) problem: Option<String>,
    pub(super) problem_type: Option<String>,
    line_number: Option<Value>,
}

impl Message {
    /// The line of the component's file, counted from 1; some answers give it as a text.
    pub(super) fn line(&self) -> Option<usize> {
        match self.line_number.as_ref()? {
            Value::Number(number) => number.as_u64().and_then(|line| usize::try_from(line).ok()),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(super) fn is_warning(&self) -> bool {
        self.problem_type.as_deref().is_some_and(|it| it.eq_ignore_ascii_case("warning"))
    }
}

impl DeployResult {
    /// What Salesforce refused.
    pub(super) fn failures(&self) -> impl Iterator<Item = &Message> {
        self.messages().filter(|message| !message.is_warning())
    }

    /// What it remarks on what it took.
    pub(super) fn warnings(&self) -> impl Iterator<Item = &Message> {
        self.messages().filter(|message| message.is_warning())
    }

    fn messages(&self) -> impl Iterator<Item = &Message> {
        let details = self.details.iter();
        details
            .flat_map(|details| {
                details.component_failures.all().iter().chain(details.component_successes.all())
            })
            .filter(|message| message.problem.as_deref().is_some_and(|problem| !problem.is_empty()))
    }
}

/// The options of a deploy. Everything or nothing, without tests of Apex code: nothing here has any.
fn options(mode: Mode) -> Value {
    json!({"deployOptions": {
        "checkOnly": mode == Mode::Check, "rollbackOnError": true, "singlePackage": true, "allowMissingFiles": false,
        "autoUpdatePackage": false, "ignoreWarnings": true, "performRetrieve": false, "purgeOnDelete": false,
        "testLevel": "NoTestRun", "runTests": [],
    }})
}

/// Sends a deploy and waits for its end.
pub(super) async fn run(api: &Api, package: &Package, mode: Mode) -> Result<DeployResult, DeployError> {
    let zip = package.zip(api.version())?;
    let id = api.deploy(&options(mode), &zip).await?;
    let mut waited = Duration::ZERO;
    let mut next = FIRST_WAIT;
    loop {
        let result = api.deploy_status(&id).await?;
        if result.done {
            return Ok(result);
        }
        if waited >= PATIENCE {
            return Err(DeployError::NotDone { id, seconds: waited.as_secs() });
        }
        let done = result.number_components_deployed.unwrap_or_default();
        let total = result.number_components_total.unwrap_or_default();
        let reason = WaitReason::Work { done, total };
        api.http().wait(Wait { host: api.host().to_owned(), reason, duration: next }).await;
        waited += next;
        next = (next * 2).min(LONGEST_WAIT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(details: Value) -> DeployResult {
        serde_json::from_value(json!({"status": "Failed", "done": true, "details": details, "future": 1}))
            .unwrap()
    }

    #[test]
    fn failures_come_as_a_list_alone_or_not_at_all() {
        let failure = json!({"fullName": "A", "problem": "no", "problemType": "Error", "lineNumber": "7", "changed": false});
        for (details, count) in [
            (json!({"componentFailures": [failure, failure]}), 2),
            (json!({"componentFailures": failure, "componentSuccesses": null}), 1),
            (json!({"componentFailures": null}), 0),
            (Value::Null, 0),
        ] {
            assert_eq!(read(details.clone()).failures().count(), count, "{details}");
        }
        let result = read(json!({"componentFailures": failure}));
        assert_eq!(result.failures().next().unwrap().line(), Some(7));
    }

    #[test]
    fn a_warning_is_no_failure() {
        let result = read(json!({"componentSuccesses": [
            {"fullName": "A", "problem": "soon", "problemType": "Warning", "success": true},
            {"fullName": "B", "problem": null, "success": true},
        ]}));
        assert_eq!((result.failures().count(), result.warnings().count()), (0, 1));
    }
}
