//! The steps of the Twilio Console's self-service SSO and of e-mail domains, on the played pages of the Admin Center
//! (`sandbox/twilio/organization/console.rs`). The proof of a domain goes into the played DNS.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Hand, Pages, Produced, decoded, failed, page_failed};
use crate::{
    apply::{OperatorError, StepTask},
    component::{Instruction, Value},
    dns,
    http::{Method, Request},
};

/// Where the Console is.
const HOST: &str = "console.twilio.com";

/// Knows the steps of a Console SSO profile and of an e-mail domain.
pub(super) struct Console;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    id: String,
    friendly_name: String,
    entity_id: String,
    acs_url: String,
    enforced_domains: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Domain {
    sid: String,
    name: String,
    token: String,
    status: String,
}

#[derive(Debug, Deserialize)]
struct User {
    sid: String,
    email: String,
    profile: Option<String>,
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
impl Hand for Console {
    fn takes(&self, component_type: &str) -> bool {
        component_type.starts_with("console.")
    }

    async fn carry_out(&self, pages: &Pages, task: &StepTask) -> Result<Produced, OperatorError> {
        let desk = Desk { pages, task, organization: &task.step.scope };
        match (task.address.component_type(), task.is_removal) {
            ("console.profile", false) => return desk.profile().await,
            ("console.label", false) => {
                let profile = desk.open_profile().await?;
                let body = json!({"friendlyName": desk.text("friendlyName")?});
                desk.send(Method::PATCH, &["sso", &profile.id], &body).await?;
            }
            ("console.trust", false) => desk.trust().await?,
            ("console.test", false) => desk.test().await?,
            ("console.enforcement", false) => {
                let profile = desk.open_profile().await?;
                let body = json!({"domains": desk.list("domains")});
                desk.send(Method::POST, &["sso", &profile.id, "enforcement"], &body).await?;
            }
            ("console.exceptions", false) => {
                for email in desk.list("disabled") {
                    desk.send(Method::PATCH, &["users", &email], &json!({"sso": "Disabled"})).await?;
                }
            }
            ("console.switches", false) => {
                let profile = desk.text("profile")?;
                for email in desk.list("enabled") {
                    let body = json!({"sso": "Enabled", "profile": profile});
                    desk.send(Method::PATCH, &["users", &email], &body).await?;
                }
            }
            ("console.domain", false) => {
                let name = desk.text("domain")?;
                let domain = match desk.domains().await?.into_iter().find(|it| it.name == name) {
                    Some(domain) => domain,
                    None => decoded(desk.send(Method::POST, &["domains"], &json!({"name": name})).await?)?,
                };
                return Ok(Produced::from([("token".to_owned(), domain.token)]));
            }
            ("console.domain-proof", false) => desk.prove().await?,
            ("console.domain-verification", false) => desk.verify().await?,
            ("console.domain-policy", false) => {
                let domain = desk.open_domain().await?;
                let body = json!({"signUp": desk.text("signUp")?});
                desk.send(Method::PATCH, &["domains", &domain.sid], &body).await?;
            }
            (_, true) => desk.remove().await?,
            (step, false) => {
                return Err(failed(format!("the simulated person does not know the step {step}")));
            }
        }
        Ok(Produced::new())
    }
}

/// One person with one step at hand.
struct Desk<'a> {
    pages: &'a Pages,
    task: &'a StepTask,
    organization: &'a str,
}

impl Desk<'_> {
    fn path<'p>(&'p self, below: &[&'p str]) -> Vec<&'p str> {
        ["organization", self.organization].into_iter().chain(below.iter().copied()).collect()
    }

    async fn send(&self, method: Method, below: &[&str], body: &Json) -> Result<Json, OperatorError> {
        self.pages.send(HOST, method, &self.path(below), body).await
    }

    async fn list_of<T: serde::de::DeserializeOwned>(
        &self,
        below: &str,
        key: &str,
    ) -> Result<Vec<T>, OperatorError> {
        let mut answer = self.pages.read(HOST, &self.path(&[below])).await?;
        decoded(answer[key].take())
    }

    async fn profiles(&self) -> Result<Vec<Profile>, OperatorError> {
        self.list_of("sso", "profiles").await
    }

    async fn domains(&self) -> Result<Vec<Domain>, OperatorError> {
        self.list_of("domains", "domains").await
    }

    async fn users(&self) -> Result<Vec<User>, OperatorError> {
        self.list_of("users", "users").await
    }

    /// A value of the step, or of another step at the same place.
    fn value(&self, path: &str) -> Option<&Value> {
        let own = self.task.values.get(path).map(|it| &it.value);
        own.or_else(|| self.task.form.get(path))
    }

    fn text(&self, path: &str) -> Result<String, OperatorError> {
        let text = self.value(path).and_then(Value::as_text).map(str::to_owned);
        text.ok_or_else(|| failed(format!("the step does not say what `{path}` is")))
    }

    fn list(&self, path: &str) -> Vec<String> {
        let items = self.value(path).and_then(Value::as_list).unwrap_or_default();
        items.iter().filter_map(Value::as_text).map(str::to_owned).collect()
    }

    /// The entity ID by which the step names its profile.
    fn entity_id(&self) -> Option<&str> {
        let named = ["profile", "entityId"].iter().find_map(|path| self.value(path).and_then(Value::as_text));
        named.or_else(|| self.task.known_outputs.get("entityId").map(String::as_str))
    }

    /// The profile that the step is about, or a new one.
    async fn profile(&self) -> Result<Produced, OperatorError> {
        let name = self.text("friendlyName")?;
        let entity_id = self.entity_id();
        let known = self.profiles().await?.into_iter().find(|profile| match entity_id {
            Some(entity_id) => profile.entity_id == entity_id,
            None => profile.friendly_name == name,
        });
        let body = json!({"friendlyName": name, "identityProvider": self.text("identityProvider")?});
        let answer = match &known {
            Some(profile) => self.send(Method::PATCH, &["sso", &profile.id], &body).await?,
            None => self.send(Method::POST, &["sso"], &body).await?,
        };
        let profile: Profile = decoded(answer)?;
        Ok(Produced::from([
            ("entityId".to_owned(), profile.entity_id),
            ("acsUrl".to_owned(), profile.acs_url),
        ]))
    }

    async fn open_profile(&self) -> Result<Profile, OperatorError> {
        let entity_id = self.entity_id();
        let entity_id = entity_id.ok_or_else(|| failed("nobody knows the profile's entity ID".to_owned()))?;
        let profile = self.profiles().await?.into_iter().find(|profile| profile.entity_id == entity_id);
        profile.ok_or_else(|| failed(format!("there is no SSO profile with the entity ID {entity_id}")))
    }

    async fn trust(&self) -> Result<(), OperatorError> {
        let profile = self.open_profile().await?;
        // All of them, one below the other, as on the page of Flex.
        let certificates = self.value("certificates").map(crate::plan::guard::certificates_in);
        let certificate: String =
            certificates.unwrap_or_default().iter().map(|certificate| certificate.to_pem()).collect();
        let body = json!({
            "issuer": self.text("issuer")?, "ssoUrl": self.text("ssoUrl")?, "certificate": certificate,
        });
        self.send(Method::PATCH, &["sso", &profile.id], &body).await.map(drop)
    }

    async fn test(&self) -> Result<(), OperatorError> {
        let profile = self.open_profile().await?;
        let body = json!({"user": self.text("testUser")?});
        let answer = self.send(Method::POST, &["sso", &profile.id, "test"], &body).await?;
        let test: TestResult = decoded(answer)?;
        match (test.result.as_str(), test.error) {
            ("success", _) => Ok(()),
            (_, Some(error)) => {
                Err(failed(format!("the test sign-in failed: {} ({})", error.message, error.reason)))
            }
            (result, None) => Err(failed(format!("the test sign-in ended with {result}"))),
        }
    }

    async fn open_domain(&self) -> Result<Domain, OperatorError> {
        let name = self.text("domain")?;
        let domain = self.domains().await?.into_iter().find(|domain| domain.name == name);
        domain.ok_or_else(|| failed(format!("{name} was not added to the organization")))
    }

    /// Puts the TXT record into the zone; one that is there already stays.
    async fn prove(&self) -> Result<(), OperatorError> {
        let Ok(host) = self.text("host") else {
            return Err(failed("the simulated person has no web server to put the file on".to_owned()));
        };
        let data = format!("twilio-domain-verification={}", self.text("token")?);
        let record = json!({"name": host, "type": "TXT", "data": data});
        self.pages.send(dns::SANDBOX_HOST, Method::POST, &["records"], &record).await.map(drop)
    }

    async fn verify(&self) -> Result<(), OperatorError> {
        let domain = self.open_domain().await?;
        if domain.status == "verified" {
            return Ok(());
        }
        let path = ["domains", domain.sid.as_str(), "verify"];
        match self.send(Method::POST, &path, &json!({"method": "dns"})).await {
            Ok(_) => Ok(()),
            // The proof may be a file; where it is not, the first answer says more.
            Err(error) => {
                let by_file = self.send(Method::POST, &path, &json!({"method": "https"})).await;
                by_file.map(drop).map_err(|_| error)
            }
        }
    }

    /// Removes what the instructions name: they are all that is left once the manifest is gone.
    async fn remove(&self) -> Result<(), OperatorError> {
        let said: String = self
            .task
            .step
            .removal
            .iter()
            .map(|instruction| match instruction {
                Instruction::Do(text) => format!("{text}\n"),
                Instruction::Enter { .. } | Instruction::Note { .. } => String::new(),
            })
            .collect();
        // Nothing else in a sentence is part of a name.
        let names = |name: &str| {
            said.split(|c: char| c.is_whitespace() || "`,;".contains(c))
                .any(|word| word.trim_end_matches(['.', ':']).eq_ignore_ascii_case(name))
        };
        let is_meant =
            |profile: &Profile| names(&profile.entity_id) || self.entity_id() == Some(&profile.entity_id);
        match self.task.address.component_type() {
            "console.profile" => {
                for profile in self.profiles().await?.iter().filter(|profile| is_meant(profile)) {
                    self.pages.delete(HOST, &self.path(&["sso", &profile.id])).await?;
                }
            }
            "console.enforcement" => {
                for profile in self.profiles().await?.iter().filter(|profile| is_meant(profile)) {
                    let (ended, kept): (Vec<_>, Vec<_>) =
                        profile.enforced_domains.iter().partition(|domain| names(domain));
                    let path = ["sso", profile.id.as_str(), "enforcement"];
                    self.send(Method::POST, &path, &json!({"domains": kept})).await?;
                    let is_released = |user: &&User| {
                        user.profile.as_ref() == Some(&profile.id)
                            && user
                                .email
                                .rsplit_once('@')
                                .is_some_and(|(_, it)| ended.iter().any(|domain| *domain == it))
                    };
                    for user in self.users().await?.iter().filter(is_released) {
                        self.switch_off(user).await?;
                    }
                }
            }
            "console.switches" => {
                for user in self.users().await?.iter().filter(|user| names(&user.email)) {
                    self.switch_off(user).await?;
                }
            }
            "console.domain" => {
                for domain in self.domains().await?.iter().filter(|domain| names(&domain.name)) {
                    self.pages.delete(HOST, &self.path(&["domains", &domain.sid])).await?;
                }
            }
            // The domain may be gone from the organization already: the step itself names the record.
            "console.domain-proof" => {
                let mut words = said.split(|c: char| c.is_whitespace() || "`,;".contains(c));
                if let Some(host) = words.find(|word| word.starts_with("_twilio.")) {
                    let record = json!({"name": host, "type": "TXT"});
                    let path = ["records", "delete"];
                    let request = Request::new(Method::POST, path).json(&record);
                    match self.pages.ask(dns::SANDBOX_HOST, request).await {
                        Ok(_) => {}
                        Err(error) if error.is_not_found() => {}
                        Err(error) => return Err(page_failed(&error)),
                    }
                }
            }
            // Names, trust, tests, exceptions and policies go with what they belong to.
            _ => {}
        }
        Ok(())
    }

    async fn switch_off(&self, user: &User) -> Result<(), OperatorError> {
        self.send(Method::PATCH, &["users", &user.sid], &json!({"sso": "Disabled"})).await.map(drop)
    }
}
