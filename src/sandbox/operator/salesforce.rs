//! The steps of Salesforce, on the played pages of its Setup (`sandbox/salesforce/setup.rs`).

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};

use super::{Hand, Pages, Produced, failed};
use crate::{
    apply::{OperatorError, StepTask},
    http::Method,
};

/// Knows the steps of Salesforce.
pub(super) struct Salesforce;

#[async_trait]
impl Hand for Salesforce {
    fn takes(&self, component_type: &str) -> bool {
        component_type.starts_with("salesforce.")
    }

    async fn carry_out(&self, pages: &Pages, task: &StepTask) -> Result<Produced, OperatorError> {
        let host = task.step.scope.as_str();
        let step = task.address.component_type();
        if task.is_removal {
            return Err(failed("the sandbox's App Manager deletes nothing".to_owned()));
        }
        let save = async |page: &str, body: Json| {
            pages.send(host, Method::POST, &["lightning", "setup", page, "home"], &body).await
        };
        let value = |path: &str| task.values.get(path).map_or(Json::Null, |it| it.value.to_json());
        match step {
            "salesforce.test-user" => {
                let email = task.address.component.split_once(':').map_or("", |(_, email)| email);
                save("ManageUsers", user(email, &profile(task))).await?;
            }
            "salesforce.certificate" => {
                save(
                    "CertificatesAndKeysManagement",
                    json!({"label": value("label"), "name": value("name"), "keySize": value("keySize")}),
                )
                .await?;
            }
            "salesforce.identity-provider" => {
                save("IdpPage", json!({"certificateName": value("certificateName")})).await?;
            }
            "salesforce.app" => {
                let page = [
                    "apiName",
                    "label",
                    "contactEmail",
                    "startUrl",
                    "entityUrl",
                    "acsUrl",
                    "subjectType",
                    "subjectCustomAttribute",
                    "nameIdFormat",
                    "issuer",
                    "signingAlgorithm",
                    "customAttributes",
                    "profiles",
                    "permissionSets",
                ];
                let form: Map<String, Json> = page
                    .into_iter()
                    .filter(|key| task.values.contains_key(*key))
                    .map(|key| (key.to_owned(), value(key)))
                    .collect();
                save("NavigationMenus", Json::Object(form)).await?;
            }
            "salesforce.people" => {
                let known = pages.read(host, &["lightning", "setup", "ManageUsers", "home"]).await?;
                let emails: Vec<&str> = known["items"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|it| it["email"].as_str())
                    .collect();
                let wanted = value("emails");
                let missing = wanted
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Json::as_str)
                    .find(|it| !emails.iter().any(|known| known.eq_ignore_ascii_case(it)));
                if let Some(missing) = missing {
                    return Err(failed(format!("there is no user {missing}")));
                }
            }
            other => return Err(failed(format!("the simulated person does not know the step {other}"))),
        }
        Ok(Produced::new())
    }
}

/// The profile that the step says to give, in its own words.
fn profile(task: &StepTask) -> String {
    use crate::component::Instruction;
    let said = task.step.instructions.iter().find_map(|it| match it {
        Instruction::Do(text) => text.split_once("`Profile`: ").map(|(_, profile)| profile.trim().to_owned()),
        _ => None,
    });
    said.filter(|it| !it.ends_with('.')).unwrap_or_else(|| "Standard User".to_owned())
}

fn user(email: &str, profile: &str) -> Json {
    let alias: String = email.chars().take_while(char::is_ascii_alphanumeric).take(8).collect();
    json!({
        "firstName": "Test", "lastName": alias, "alias": alias, "email": email, "username": email, "profile": profile,
    })
}
