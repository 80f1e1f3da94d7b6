//! The simulated person: carries out manual steps on the sandbox's console pages over HTTP, as a person would in a browser. It looks
//! before it makes anything, so that a step can be asked for again.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use url::Url;

use crate::{
    apply::{Operator, OperatorError, Performed, StepTask},
    component::Value,
    http::{Auth, COMMON_SHAPE, Http, HttpError, Method, Origin, OriginConfig, RateLimitPolicy, Request},
};

/// Carries out manual steps at the sandbox's console.
#[derive(Debug)]
pub struct SimulatedOperator {
    http: Http,
}

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

impl SimulatedOperator {
    /// A simulated person. `http` must route to a sandbox.
    pub fn new(http: Http) -> Self {
        Self { http }
    }

    fn console(&self) -> Result<Origin, HttpError> {
        let base = Url::parse("https://console.twilio.com").expect("a constant that is a URL");
        self.http.origin(OriginConfig {
            base,
            auth: Auth::None,
            limits: RateLimitPolicy::RETRY_AFTER,
            errors: &COMMON_SHAPE,
            concurrency: 1,
            vendor: "Twilio Console",
        })
    }

    async fn carry_out(&self, task: &StepTask) -> Result<BTreeMap<String, String>, OperatorError> {
        let account = task.step.scope.as_str();
        let connection = task.known_outputs.get("connection").map(String::as_str);
        match (task.address.component_type(), task.is_removal, connection) {
            ("flex.trust", true, Some(connection)) => self.remove(account, connection).await,
            ("flex.trust", false, _) => self.trust(task, account, connection).await,
            ("flex.label" | "flex.urls", false, Some(connection)) => {
                self.send(Method::PATCH, &[account, connection], &Json::Object(form(task))).await?;
                Ok(BTreeMap::new())
            }
            ("flex.test", false, Some(connection)) => self.test(task, account, connection).await,
            (step, _, None) => Err(failed(format!("{step} needs the connection, and nobody knows it yet"))),
            (step, ..) => Err(failed(format!("the simulated person does not know the step {step}"))),
        }
    }

    /// Opens the profile that is meant, or makes a new one, and fills in the whole form.
    async fn trust(
        &self,
        task: &StepTask,
        account: &str,
        connection: Option<&str>,
    ) -> Result<BTreeMap<String, String>, OperatorError> {
        let mut body = form(task);
        body.insert("active".to_owned(), true.into());
        let existing: Profiles = self
            .console()
            .map_err(http_failed)?
            .send(request(Method::GET, &[account]))
            .await
            .and_then(|response| response.json())
            .map_err(http_failed)?;
        let same = |key: &str, text: &str| body.get(key).and_then(Json::as_str) == Some(text);
        let profile = existing.profiles.into_iter().find(|profile| match connection {
            Some(connection) => profile.sid == connection,
            None => same("ssoUrl", &profile.sso_url) || same("friendlyName", &profile.friendly_name),
        });
        let body = Json::Object(body);
        let answer = match &profile {
            Some(profile) => self.send(Method::PATCH, &[account, &profile.sid], &body).await?,
            None => self.send(Method::POST, &[account], &body).await?,
        };
        let profile: Profile = serde_json::from_value(answer)
            .map_err(|error| failed(format!("the console page answered something else: {error}")))?;
        Ok(BTreeMap::from([("connection".to_owned(), profile.sid)]))
    }

    async fn test(
        &self,
        task: &StepTask,
        account: &str,
        connection: &str,
    ) -> Result<BTreeMap<String, String>, OperatorError> {
        let user = task
            .values
            .get("testUser")
            .and_then(|value| value.value.as_text())
            .ok_or_else(|| failed("the step names no test user".to_owned()))?;
        let answer = self.send(Method::POST, &[account, connection, "test"], &json!({"user": user})).await?;
        let test: TestResult = serde_json::from_value(answer)
            .map_err(|error| failed(format!("the console page answered something else: {error}")))?;
        match (test.result.as_str(), test.error) {
            ("success", _) => Ok(BTreeMap::new()),
            (_, Some(error)) => {
                Err(failed(format!("the test sign-in failed: {} ({})", error.message, error.reason)))
            }
            (result, None) => Err(failed(format!("the test sign-in ended with {result}"))),
        }
    }

    async fn remove(
        &self,
        account: &str,
        connection: &str,
    ) -> Result<BTreeMap<String, String>, OperatorError> {
        match self.console().map_err(http_failed)?.send(request(Method::DELETE, &[account, connection])).await
        {
            Ok(_) => Ok(BTreeMap::new()),
            // Somebody was quicker, or this person was and the run was killed before it was written down.
            Err(error) if error.is_not_found() => Ok(BTreeMap::new()),
            Err(error) => Err(http_failed(error)),
        }
    }

    async fn send(&self, method: Method, path: &[&str], body: &Json) -> Result<Json, OperatorError> {
        let request = request(method, path).json(body);
        let answer = self.console().map_err(http_failed)?.send(request).await.map_err(http_failed)?;
        answer.json().map_err(http_failed)
    }
}

#[async_trait]
impl Operator for SimulatedOperator {
    async fn perform(&self, task: &StepTask) -> Result<Performed, OperatorError> {
        let outputs = self.carry_out(task).await?;
        Ok(Performed::Done {
            by: "simulated-operator".to_owned(),
            evidence: Some("carried out on the sandbox's console page".to_owned()),
            outputs,
        })
    }
}

/// A request to the SSO page of an account; what follows the account is below its list of profiles.
fn request(method: Method, path: &[&str]) -> Request {
    let mut segments = vec!["account"];
    for (at, segment) in path.iter().enumerate() {
        segments.push(segment);
        if at == 0 {
            segments.extend(["flex", "sso"]);
        }
    }
    Request::new(method, segments).header("accept", "application/json")
}

/// The page's form: the step's own values, and those of the resource's other steps on the same page.
fn form(task: &StepTask) -> Map<String, Json> {
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
            "certificates" => match first_certificate(value) {
                Some(pem) => ("certificate", pem.into()),
                None => continue,
            },
            _ => continue,
        };
        body.insert(key.to_owned(), entered);
    }
    body
}

/// The page takes one certificate: the one that signs now stands first.
fn first_certificate(value: &Value) -> Option<String> {
    crate::plan::guard::certificates_in(value).first().map(|certificate| certificate.to_pem())
}

fn failed(message: String) -> OperatorError {
    OperatorError { message }
}

fn http_failed(error: HttpError) -> OperatorError {
    failed(format!("the sandbox's console page: {error}"))
}

/// The id of the sandbox that `http` routes to.
///
/// # Errors
/// It does not answer, or is no sandbox.
pub async fn id_of(http: &Http) -> Result<String, HttpError> {
    let url = Url::parse("https://state/").expect("a constant that is a URL");
    let response = http.get(&url).await?;
    let state: Json = response.json()?;
    match state.pointer("/sandbox/meta/id").and_then(Json::as_str) {
        Some(id) => Ok(id.to_owned()),
        None => Err(response.undecodable("sandbox.meta.id", "this is no sandbox's state")),
    }
}
