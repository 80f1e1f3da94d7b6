//! The simulated person: carries out manual steps on the pages that the sandbox plays, over HTTP, as a person would in a browser. Owns
//! who knows which step; each product or vendor with steps of its own has a [`Hand`] in a file beside this one.

mod console;
mod console_legacy;
mod flex;
mod flex_legacy;
mod google;
mod salesforce;
mod saml;

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::Value as Json;
use url::Url;

use crate::{
    apply::{Operator, OperatorError, Performed, StepTask},
    http::{Auth, COMMON_SHAPE, Http, HttpError, Method, Origin, OriginConfig, RateLimitPolicy, Request},
};

/// What a step produced, by name.
type Produced = BTreeMap<String, String>;

/// Knows the steps of one product or vendor.
#[async_trait]
trait Hand: Sync {
    /// Whether it knows the steps of a component type.
    fn takes(&self, component_type: &str) -> bool;

    /// Carries a step out. It looks before it makes anything, so that a step can be asked for again.
    async fn carry_out(&self, pages: &Pages, task: &StepTask) -> Result<Produced, OperatorError>;
}

/// Everybody who knows steps.
const HANDS: &[&dyn Hand] = &[
    &console::Console,
    &console_legacy::ConsoleLegacy,
    &flex::Flex,
    &flex_legacy::FlexLegacy,
    &google::Google,
    &salesforce::Salesforce,
    &saml::Saml,
];

/// Carries out manual steps on the sandbox's pages.
#[derive(Debug)]
pub struct SimulatedOperator {
    pages: Pages,
}

impl SimulatedOperator {
    /// A simulated person. `http` must route to a sandbox.
    pub fn new(http: Http) -> Self {
        Self { pages: Pages { http } }
    }
}

#[async_trait]
impl Operator for SimulatedOperator {
    async fn perform(&self, task: &StepTask) -> Result<Performed, OperatorError> {
        let step = task.address.component_type();
        let Some(hand) = HANDS.iter().find(|hand| hand.takes(step)) else {
            return Err(failed(format!("the simulated person does not know the step {step}")));
        };
        let outputs = hand.carry_out(&self.pages, task).await?;
        Ok(Performed::Done {
            by: "simulated-operator".to_owned(),
            evidence: Some("carried out on the sandbox's console page".to_owned()),
            outputs,
        })
    }
}

/// The pages that the sandbox plays for people.
#[derive(Debug)]
struct Pages {
    http: Http,
}

impl Pages {
    /// A request to a page of a logical host, for JSON.
    async fn ask(&self, host: &str, request: Request) -> Result<Json, HttpError> {
        let response = self.site(host)?.send(request.header("accept", "application/json")).await?;
        if response.bytes().is_empty() {
            return Ok(Json::Null);
        }
        response.json()
    }

    /// The same, where what went wrong is the step's failure.
    async fn send(
        &self,
        host: &str,
        method: Method,
        path: &[&str],
        body: &Json,
    ) -> Result<Json, OperatorError> {
        let request = Request::new(method, path.iter().copied()).json(body);
        self.ask(host, request).await.map_err(|error| page_failed(&error))
    }

    /// Reads a page.
    async fn read(&self, host: &str, path: &[&str]) -> Result<Json, OperatorError> {
        let request = Request::new(Method::GET, path.iter().copied());
        self.ask(host, request).await.map_err(|error| page_failed(&error))
    }

    /// Deletes what a page shows. What is gone already is well: somebody was quicker, or this person was and the run was killed
    /// before it was written down.
    async fn delete(&self, host: &str, path: &[&str]) -> Result<(), OperatorError> {
        match self.ask(host, Request::new(Method::DELETE, path.iter().copied())).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(page_failed(&error)),
        }
    }

    fn site(&self, host: &str) -> Result<Origin, HttpError> {
        let base = Url::parse(&format!("https://{host}")).expect("a played host's name");
        self.http.origin(OriginConfig {
            base,
            auth: Auth::None,
            limits: RateLimitPolicy::RETRY_AFTER,
            errors: &COMMON_SHAPE,
            concurrency: 1,
            vendor: "sandbox page",
        })
    }
}

/// A page's answer in the form that is expected of it.
fn decoded<T: serde::de::DeserializeOwned>(answer: Json) -> Result<T, OperatorError> {
    serde_json::from_value(answer)
        .map_err(|error| failed(format!("the page answered something else: {error}")))
}

fn failed(message: String) -> OperatorError {
    OperatorError { message }
}

fn page_failed(error: &HttpError) -> OperatorError {
    failed(format!("the sandbox's page: {error}"))
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
