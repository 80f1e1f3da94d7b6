//! The steps of a custom SAML app, on the played page of Google's Admin console (`sandbox/google/console.rs`).

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::{Hand, Pages, Produced, decoded, failed};
use crate::{
    apply::{OperatorError, StepTask},
    component::Value,
    http::Method,
};

/// Where the Admin console is.
const HOST: &str = "admin.google.com";
/// The fields of the page's form, which are called as the steps' values are.
const FORM: [&str; 13] = [
    "name",
    "description",
    "logo",
    "acsUrl",
    "entityId",
    "startUrl",
    "signedResponse",
    "nameIdFormat",
    "nameId",
    "attributes",
    "groups",
    "groupsAttribute",
    "onFor",
];

/// Knows the steps of a custom SAML app.
pub(super) struct Google;

/// An app as the page answers it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct App {
    spid: String,
    name: String,
    entity_id: String,
}

#[derive(Debug, Deserialize)]
struct Apps {
    apps: Vec<App>,
}

/// The identity provider's details as the page answers them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Idp {
    sso_url: String,
    entity_id: String,
    certificate: String,
}

#[async_trait]
impl Hand for Google {
    fn takes(&self, component_type: &str) -> bool {
        component_type.starts_with("google.")
    }

    async fn carry_out(&self, pages: &Pages, task: &StepTask) -> Result<Produced, OperatorError> {
        let customer = task.step.scope.as_str();
        let app = find(pages, task, customer).await?;
        match (task.address.component_type(), task.is_removal, app) {
            ("google.idp", false, _) => compare(pages, task, customer).await,
            ("google.app", true, app) => {
                if let Some(app) = app {
                    pages.delete(HOST, &page(customer, &[&app.spid])).await?;
                }
                Ok(Produced::new())
            }
            ("google.app", false, app) => {
                let body = Json::Object(form(task, app.is_none()));
                let answer = match &app {
                    Some(app) => {
                        pages.send(HOST, Method::PATCH, &page(customer, &[&app.spid]), &body).await?
                    }
                    None => pages.send(HOST, Method::POST, &page(customer, &[]), &body).await?,
                };
                let app: App = decoded(answer)?;
                Ok(Produced::from([("spid".to_owned(), app.spid)]))
            }
            ("google.details" | "google.mapping" | "google.access", false, Some(app)) => {
                let body = Json::Object(form(task, false));
                pages.send(HOST, Method::PATCH, &page(customer, &[&app.spid]), &body).await?;
                Ok(Produced::new())
            }
            (step, ..) => Err(failed(format!("{step}: there is no such app, or no such step"))),
        }
    }
}

/// The app that is meant: by its ID, by its entity ID, by its name.
async fn find(pages: &Pages, task: &StepTask, customer: &str) -> Result<Option<App>, OperatorError> {
    let Apps { apps } = decoded(pages.read(HOST, &page(customer, &[])).await?)?;
    let value = |path: &str| {
        let own = task.values.get(path).map(|it| &it.value);
        own.or_else(|| task.form.get(path)).and_then(Value::as_text)
    };
    let spid = task.known_outputs.get("spid");
    Ok(apps.into_iter().find(|app| match spid {
        Some(spid) => app.spid == *spid,
        None => value("entityId") == Some(&app.entity_id) || value("name") == Some(&app.name),
    }))
}

/// Compares what the manifests trust with what the page shows.
async fn compare(pages: &Pages, task: &StepTask, customer: &str) -> Result<Produced, OperatorError> {
    let idp: Idp = decoded(pages.read(HOST, &["customer", customer, "idp"]).await?)?;
    let shown = crate::saml::Certificate::from_pem(&idp.certificate)
        .map_err(|error| failed(format!("the page shows no certificate: {error}")))?;
    let value = |path: &str| task.values.get(path).map(|it| &it.value);
    let text = |path: &str| value(path).and_then(Value::as_text).unwrap_or_default();
    for (what, expected, seen) in
        [("SSO URL", text("idpSsoUrl"), &idp.sso_url), ("Entity ID", text("idpEntityId"), &idp.entity_id)]
    {
        if expected != seen {
            return Err(failed(format!("the page shows the {what} {seen}, and the manifests {expected}")));
        }
    }
    let trusted = value("idpCertificates").map(crate::plan::guard::certificates_in).unwrap_or_default();
    if trusted.iter().any(|it| it.sha256_fingerprint() == shown.sha256_fingerprint()) {
        return Ok(Produced::new());
    }
    Err(failed("the page shows another certificate than the manifests trust".to_owned()))
}

/// The path of a customer's list of apps, and what is below it.
fn page<'a>(customer: &'a str, below: &[&'a str]) -> Vec<&'a str> {
    ["customer", customer, "apps"].into_iter().chain(below.iter().copied()).collect()
}

/// The page's form: the step's own values; in the wizard of a new app those of the other steps as well, but nobody is let in yet.
fn form(task: &StepTask, is_wizard: bool) -> Map<String, Json> {
    let others = task.form.iter().filter(|(path, _)| is_wizard && *path != "onFor");
    let others = others.map(|(path, value)| (path.as_str(), value));
    let own = task.values.iter().map(|(path, value)| (path.as_str(), &value.value));
    others
        .chain(own)
        .filter(|(path, _)| FORM.contains(path))
        .map(|(path, value)| (path.to_owned(), value.to_json()))
        .collect()
}
