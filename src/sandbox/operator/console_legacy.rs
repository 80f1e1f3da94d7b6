//! The steps of the Console's older SSO, as tickets at the played support desk (`sandbox/twilio/organization/support.rs`).

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::{Hand, Pages, Produced, decoded, failed};
use crate::{
    apply::{OperatorError, StepTask},
    component::{Instruction, Value},
    http::Method,
};

/// Where support is.
const HOST: &str = "support.twilio.com";

/// Knows the steps of the legacy Console SSO.
pub(super) struct ConsoleLegacy;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Desk {
    providers: Vec<Provider>,
    tickets: Vec<Ticket>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
    sid: String,
    issuer: String,
    acs_url: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ticket {
    number: usize,
    kind: String,
    about: Option<String>,
    users: Vec<String>,
    entity_id: Option<String>,
    acs_url: Option<String>,
}

#[async_trait]
impl Hand for ConsoleLegacy {
    fn takes(&self, component_type: &str) -> bool {
        component_type.starts_with("console-legacy.")
    }

    async fn carry_out(&self, pages: &Pages, task: &StepTask) -> Result<Produced, OperatorError> {
        let customer = Customer { pages, task };
        match (task.address.component_type(), task.is_removal) {
            ("console-legacy.setup", false) => return customer.set_up().await,
            ("console-legacy.test-users", false) => {
                customer.disable_former("testUsers").await?;
                let body = json!({
                    "kind": "testUsers", "provider": customer.text("acsUrl")?, "users": customer.list("users"),
                    "about": customer.about(),
                });
                customer.write(&body).await?;
            }
            ("console-legacy.test", false) => {
                let body = json!({"provider": customer.text("acsUrl")?, "user": customer.text("testUser")?});
                let test = customer.send(&["test"], &body).await?;
                if test["result"] != "success" {
                    let text = |key: &str| test["error"][key].as_str().unwrap_or("nothing").to_owned();
                    return Err(failed(format!(
                        "the test sign-in failed: {} ({})",
                        text("message"),
                        text("reason")
                    )));
                }
            }
            ("console-legacy.people", false) => customer.people().await?,
            ("console-legacy.setup", true) => customer.remove().await?,
            ("console-legacy.people" | "console-legacy.test-users", true) => {
                let users = customer.named_after("Users: ");
                let users: Vec<&str> =
                    users.iter().flat_map(|list| list.split(", ")).filter(|it| !it.is_empty()).collect();
                customer
                    .write(&json!({"kind": "disable", "users": users, "about": customer.about()}))
                    .await?;
            }
            // A test leaves nothing behind.
            (_, true) => {}
            (step, false) => {
                return Err(failed(format!("the simulated person does not know the step {step}")));
            }
        }
        Ok(Produced::new())
    }
}

/// One person with one step at hand, who writes tickets.
struct Customer<'a> {
    pages: &'a Pages,
    task: &'a StepTask,
}

impl Customer<'_> {
    /// What all tickets of one step have in common, so that a later one is compared with the one before.
    fn about(&self) -> String {
        self.task.address.to_string()
    }

    fn value(&self, path: &str) -> Option<&Value> {
        self.task.values.get(path).map(|it| &it.value)
    }

    fn text(&self, path: &str) -> Result<String, OperatorError> {
        let text = self.value(path).and_then(Value::as_text).map(str::to_owned);
        text.ok_or_else(|| failed(format!("the step does not say what `{path}` is")))
    }

    fn list(&self, path: &str) -> Vec<String> {
        let items = self.value(path).and_then(Value::as_list).unwrap_or_default();
        items.iter().filter_map(Value::as_text).map(str::to_owned).collect()
    }

    async fn desk(&self) -> Result<Desk, OperatorError> {
        decoded(self.pages.read(HOST, &[&self.task.step.scope]).await?)
    }

    async fn send(&self, below: &[&str], body: &Json) -> Result<Json, OperatorError> {
        let path: Vec<&str> =
            [self.task.step.scope.as_str()].into_iter().chain(below.iter().copied()).collect();
        self.pages.send(HOST, Method::POST, &path, body).await
    }

    async fn write(&self, body: &Json) -> Result<Ticket, OperatorError> {
        decoded(self.send(&["tickets"], body).await?)
    }

    async fn set_up(&self) -> Result<Produced, OperatorError> {
        let issuer = self.text("issuer")?;
        let known_url = self.task.known_outputs.get("acsUrl");
        let known = self.desk().await?.providers.into_iter().find(|provider| match known_url {
            Some(url) => provider.acs_url == *url,
            None => provider.issuer == issuer,
        });
        let certificates = self.value("certificates").map(crate::plan::guard::certificates_in);
        let certificate: String =
            certificates.unwrap_or_default().iter().map(|certificate| certificate.to_pem()).collect();
        let mut body = Map::from_iter([
            ("kind".to_owned(), json!("setUp")),
            ("issuer".to_owned(), json!(issuer)),
            ("ssoUrl".to_owned(), json!(self.text("ssoUrl")?)),
            ("certificate".to_owned(), json!(certificate)),
            ("about".to_owned(), json!(self.about())),
        ]);
        if let Some(provider) = known {
            body.insert("provider".to_owned(), json!(provider.sid));
        }
        for key in ["logoutRedirect", "nameIdFormat", "emailAttribute", "edition"] {
            if let Ok(text) = self.text(key) {
                body.insert(key.to_owned(), json!(text));
            }
        }
        let ticket = self.write(&Json::Object(body)).await?;
        let (Some(entity_id), Some(acs_url)) = (ticket.entity_id, ticket.acs_url) else {
            return Err(failed("support did not say its entity ID and token consumer URL".to_owned()));
        };
        Ok(Produced::from([("entityId".to_owned(), entity_id), ("acsUrl".to_owned(), acs_url)]))
    }

    /// Support's list is reviewed: only those who are in the step's are agreed to.
    async fn people(&self) -> Result<(), OperatorError> {
        self.disable_former("users").await?;
        let users = self.list("users");
        let mut body = Map::from_iter([
            ("kind".to_owned(), json!("users")),
            ("provider".to_owned(), json!(self.text("acsUrl")?)),
            ("users".to_owned(), json!(users)),
            ("about".to_owned(), json!(self.about())),
        ]);
        for key in ["emailDomains", "userSids", "accounts", "never"] {
            body.insert(key.to_owned(), json!(self.list(key)));
        }
        let ticket = self.write(&Json::Object(body)).await?;
        let number = ticket.number.to_string();
        self.send(&["tickets", &number, "agree"], &json!({"users": users})).await.map(drop)
    }

    /// Whoever the last ticket of this step was about and this one is not.
    async fn disable_former(&self, kind: &str) -> Result<(), OperatorError> {
        let (about, users) = (self.about(), self.list("users"));
        let mut tickets = self.desk().await?.tickets.into_iter();
        let last = tickets.rfind(|it| it.kind == kind && it.about.as_ref() == Some(&about));
        let gone: Vec<String> =
            last.into_iter().flat_map(|ticket| ticket.users).filter(|it| !users.contains(it)).collect();
        if gone.is_empty() {
            return Ok(());
        }
        self.write(&json!({"kind": "disable", "users": gone, "about": about})).await.map(drop)
    }

    async fn remove(&self) -> Result<(), OperatorError> {
        let named: Vec<String> = self.said().collect();
        let is_meant = |provider: &&Provider| {
            named.iter().any(|text| text.contains(&provider.sid) || text.contains(&provider.acs_url))
        };
        for provider in self.desk().await?.providers.iter().filter(is_meant) {
            let body = json!({"kind": "removal", "provider": provider.sid, "about": self.about()});
            self.write(&body).await?;
        }
        Ok(())
    }

    /// What the step says to do for the removal.
    fn said(&self) -> impl Iterator<Item = String> {
        self.task.step.removal.iter().filter_map(|instruction| match instruction {
            Instruction::Do(text) => Some(text.clone()),
            Instruction::Enter { .. } | Instruction::Note { .. } => None,
        })
    }

    fn named_after(&self, lead: &str) -> Option<String> {
        self.said().find_map(|text| text.strip_prefix(lead).map(str::to_owned))
    }
}
