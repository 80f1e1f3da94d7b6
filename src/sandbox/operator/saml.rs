//! The steps of a generic identity provider, on the page in place of its administration (`sandbox/saml/mod.rs`). What was made is noted as
//! an output of the step, so that it can be found when it is to be removed.

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};
use url::Url;

use super::{Hand, Pages, Produced, failed};
use crate::{
    apply::{OperatorError, StepTask},
    component::Value,
    http::{Method, Request},
};

/// The output that tells what was made where, as a JSON list.
const MADE: &str = "made";

/// Knows the steps of a generic identity provider.
pub(super) struct Saml;

#[async_trait]
impl Hand for Saml {
    fn takes(&self, component_type: &str) -> bool {
        component_type.starts_with("saml.")
    }

    async fn carry_out(&self, pages: &Pages, task: &StepTask) -> Result<Produced, OperatorError> {
        match (task.address.component_type(), task.is_removal) {
            ("saml.trust", false) => ask_for_fingerprints(pages, task).await,
            ("saml.application", false) => application(pages, task).await,
            ("saml.people", false) => people(pages, task).await,
            ("saml.application" | "saml.people", true) => remove(pages, task).await,
            (step, _) => Err(failed(format!("the simulated person does not know the step {step}"))),
        }
    }
}

fn value<'a>(task: &'a StepTask, path: &str) -> Result<&'a Value, OperatorError> {
    let value = task.values.get(path).map(|value| &value.value);
    value.ok_or_else(|| failed(format!("the step has no {path}")))
}

fn text<'a>(task: &'a StepTask, path: &str) -> Result<&'a str, OperatorError> {
    value(task, path)?.as_text().ok_or_else(|| failed(format!("the step has no {path}")))
}

fn host(task: &StepTask) -> Result<String, OperatorError> {
    let url = Url::parse(text(task, "identityProvider")?);
    let host = url.ok().and_then(|url| url.host_str().map(str::to_owned));
    host.ok_or_else(|| failed("the step does not say which identity provider is meant".to_owned()))
}

/// The administrator says what the identity provider signs with, whatever its metadata publish.
async fn ask_for_fingerprints(pages: &Pages, task: &StepTask) -> Result<Produced, OperatorError> {
    let shown = pages.read(&host(task)?, &["admin"]).await?;
    let said: Vec<&str> =
        shown["fingerprints"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    Ok(Produced::from([("fingerprints".to_owned(), said.join(" "))]))
}

async fn application(pages: &Pages, task: &StepTask) -> Result<Produced, OperatorError> {
    let (host, name) = (host(task)?, text(task, "application")?);
    let attributes: Map<String, Json> = task
        .values
        .iter()
        .filter_map(|(path, value)| {
            Some((path.strip_prefix("attributes.")?.to_owned(), value.value.to_json()))
        })
        .collect();
    let mut body =
        Map::from_iter([("name".to_owned(), name.into()), ("attributes".to_owned(), attributes.into())]);
    for path in [
        "entityId",
        "acsUrl",
        "nameIdFormat",
        "nameId",
        "signResponse",
        "signAssertion",
        "signatureAlgorithm",
        "digestAlgorithm",
    ] {
        body.insert(path.to_owned(), value(task, path)?.to_json());
    }
    if let Some(urls) = task.values.get("logoutUrls") {
        body.insert("logoutUrls".to_owned(), urls.value.to_json());
    }
    pages.send(&host, Method::PUT, &["admin", "applications"], &body.into()).await?;
    Ok(made(&[&host, name]))
}

async fn people(pages: &Pages, task: &StepTask) -> Result<Produced, OperatorError> {
    let (host, name) = (host(task)?, text(task, "application")?);
    let list = format!("{}/{}", task.address.tenant, task.address.within_tenant());
    let body = json!({"application": name, "list": list, "people": value(task, "people")?.to_json()});
    pages.send(&host, Method::PUT, &["admin", "people"], &body).await?;
    Ok(made(&[&host, name, &list]))
}

fn made(what: &[&str]) -> Produced {
    Produced::from([(MADE.to_owned(), json!(what).to_string())])
}

async fn remove(pages: &Pages, task: &StepTask) -> Result<Produced, OperatorError> {
    let noted = task.known_outputs.get(MADE).and_then(|text| serde_json::from_str::<Vec<String>>(text).ok());
    let (host, path, body) = match noted.unwrap_or_default().as_slice() {
        [host, name] => (host.clone(), "applications", json!({"name": name})),
        [host, name, list] => (host.clone(), "people", json!({"application": name, "list": list})),
        _ => return Err(failed("nobody noted what was made".to_owned())),
    };
    let request = Request::new(Method::DELETE, ["admin", path]).json(&body);
    match pages.ask(&host, request).await {
        Ok(_) => Ok(Produced::new()),
        // Somebody was quicker, or the application went with its people.
        Err(error) if error.is_not_found() => Ok(Produced::new()),
        Err(error) => Err(super::page_failed(&error)),
    }
}
