//! The steps of a Flex SSO profile, on the played page of Flex's Console (`sandbox/twilio/console.rs`).

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::{Hand, Pages, Produced, decoded, failed};
use crate::{
    apply::{OperatorError, StepTask},
    component::Value,
    http::Method,
};

/// Where the Console is.
pub(super) const HOST: &str = "console.twilio.com";

/// Knows the steps of a Flex SSO profile.
pub(super) struct Flex;

/// A profile as the console page answers it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    sid: String,
    friendly_name: String,
    sso_url: String,
}

#[derive(Debug, Deserialize)]
struct Profiles {
    profiles: Vec<Profile>,
}

#[derive(Debug, Deserialize)]
struct TestResult {
    result: String,
    error: Option<TestError>,
}

#[derive(Debug, Deserialize)]
struct TestError {
    reason: String,
    message: String,
}

#[async_trait]
impl Hand for Flex {
    fn takes(&self, component_type: &str) -> bool {
        component_type.starts_with("flex.")
    }

    async fn carry_out(&self, pages: &Pages, task: &StepTask) -> Result<Produced, OperatorError> {
        let account = task.step.scope.as_str();
        let connection = task.known_outputs.get("connection").map(String::as_str);
        match (task.address.component_type(), task.is_removal, connection) {
            ("flex.trust", true, Some(connection)) => {
                pages.delete(HOST, &page(account, &[connection])).await?;
                Ok(Produced::new())
            }
            ("flex.trust", false, _) => trust(pages, task, account, connection).await,
            ("flex.label" | "flex.urls", false, Some(connection)) => {
                pages
                    .send(HOST, Method::PATCH, &page(account, &[connection]), &Json::Object(form(task)))
                    .await?;
                Ok(Produced::new())
            }
            ("flex.test", false, Some(connection)) => test(pages, task, account, connection).await,
            (step, _, None) => Err(failed(format!("{step} needs the connection, and nobody knows it yet"))),
            (step, ..) => Err(failed(format!("the simulated person does not know the step {step}"))),
        }
    }
}

/// Fills in the form of the profile, or of a new one.
async fn trust(
    pages: &Pages,
    task: &StepTask,
    account: &str,
    connection: Option<&str>,
) -> Result<Produced, OperatorError> {
    let mut body = form(task);
    body.insert("active".to_owned(), true.into());
    let existing: Profiles = decoded(pages.read(HOST, &page(account, &[])).await?)?;
    let same = |key: &str, text: &str| body.get(key).and_then(Json::as_str) == Some(text);
    let profile = existing.profiles.into_iter().find(|profile| match connection {
        Some(connection) => profile.sid == connection,
        None => same("ssoUrl", &profile.sso_url) || same("friendlyName", &profile.friendly_name),
    });
    let body = Json::Object(body);
    let answer = match &profile {
        Some(profile) => pages.send(HOST, Method::PATCH, &page(account, &[&profile.sid]), &body).await?,
        None => pages.send(HOST, Method::POST, &page(account, &[]), &body).await?,
    };
    let profile: Profile = decoded(answer)?;
    Ok(Produced::from([("connection".to_owned(), profile.sid)]))
}

pub(super) async fn test(
    pages: &Pages,
    task: &StepTask,
    account: &str,
    connection: &str,
) -> Result<Produced, OperatorError> {
    let user = task
        .values
        .get("testUser")
        .and_then(|value| value.value.as_text())
        .ok_or_else(|| failed("the step names no test user".to_owned()))?;
    let page = page(account, &[connection, "test"]);
    let answer = pages.send(HOST, Method::POST, &page, &json!({"user": user})).await?;
    let test: TestResult = decoded(answer)?;
    match (test.result.as_str(), test.error) {
        ("success", _) => Ok(Produced::new()),
        (_, Some(error)) => {
            Err(failed(format!("the test sign-in failed: {} ({})", error.message, error.reason)))
        }
        (result, None) => Err(failed(format!("the test sign-in ended with {result}"))),
    }
}

/// The path of an account's list of profiles, and what is below it.
pub(super) fn page<'a>(account: &'a str, below: &[&'a str]) -> Vec<&'a str> {
    ["account", account, "flex", "sso"].into_iter().chain(below.iter().copied()).collect()
}

/// The page's form: the step's own values, and those of the resource's other steps on the same page.
pub(super) fn form(task: &StepTask) -> Map<String, Json> {
    let mut body = Map::new();
    let others = task.form.iter().map(|(path, value)| (path.as_str(), value));
    let own = task.values.iter().map(|(path, value)| (path.as_str(), &value.value));
    for (path, value) in others.chain(own) {
        let (key, entered) = match path {
            "friendlyName" => ("friendlyName", value.to_json()),
            "issuer" => ("issuer", value.to_json()),
            "ssoUrl" => ("ssoUrl", value.to_json()),
            "defaultRedirect" => ("defaultRedirectUrl", value.to_json()),
            "trusted" => ("trustedUrls", value.to_json()),
            "loginPopup" => ("loginUsingPopup", value.to_json()),
            "certificates" => match certificates(value) {
                Some(pem) => ("certificate", pem.into()),
                None => continue,
            },
            _ => continue,
        };
        body.insert(key.to_owned(), entered);
    }
    body
}

/// All certificates, one below the other: whether the real page takes several is not documented, this one does.
fn certificates(value: &Value) -> Option<String> {
    let all: Vec<String> =
        crate::plan::guard::certificates_in(value).iter().map(|certificate| certificate.to_pem()).collect();
    (!all.is_empty()).then(|| all.concat())
}
