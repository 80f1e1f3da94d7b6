//! Changes in an account. Nothing has a version that could be locked, so a change begins by reading again: what somebody else changed
//! since the plan is a conflict, and every update sends the fields that SendGrid requires as they are now.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};

use super::{
    claim::claim,
    convert::{self, text_of},
    lower::{field, kind},
    observe::Account,
    wire::Integration,
};
use crate::{
    component::{Address, Component, Observed, Realm, Value},
    plan::Permit,
    provider::{Mutate, Write, WriteError, Written},
    saml::Certificate,
};

#[async_trait]
impl Mutate for Account {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    async fn write(&self, _permit: &Permit, write: Write<'_>) -> Result<Written, WriteError> {
        let (component, planned) = match write {
            Write::Create { component, .. } => (component, None),
            Write::Update { component, observed, changed, .. } => (component, Some((observed, changed))),
            Write::Delete { address, observed } => return self.remove(address, &observed.id).await,
            // There is no marker to remove.
            Write::Forget { .. } => return Ok(Written::Gone),
        };
        match component.address.component_type() {
            kind::INTEGRATION => self.put_integration(component, planned).await,
            kind::CERTIFICATES => self.put_certificates(component, planned).await,
            kind::SWITCH => self.put_switch(component, planned).await,
            kind::TEAMMATE => self.put_teammate(component, planned).await,
            other => Err(not_written(&component.address, other)),
        }
    }
}

/// What was planned on, and what differs.
type Planned<'a> = (&'a Observed, &'a [String]);

fn conflict(what: impl Into<String>) -> WriteError {
    WriteError::Conflict { what: what.into() }
}

fn refused(component: &Component, message: impl Into<String>, help: Option<&str>) -> WriteError {
    WriteError::Refused {
        what: component.title.clone(),
        message: message.into(),
        help: help.map(str::to_owned),
    }
}

fn not_written(address: &Address, component_type: &str) -> WriteError {
    WriteError::Refused {
        what: address.to_string(),
        message: format!("Concord does not write components of type {component_type}"),
        help: None,
    }
}

fn present(observed: Observed) -> Written {
    Written::Present(Box::new(observed))
}

impl Account {
    async fn put_integration(
        &self,
        component: &Component,
        planned: Option<Planned<'_>>,
    ) -> Result<Written, WriteError> {
        let text = |path: &str| text_of(component, path).map(str::to_owned);
        let Some((planned, changed)) = planned else {
            let new = Integration {
                name: text(field::NAME),
                signin_url: text(field::SIGNIN_URL),
                signout_url: text(field::SIGNOUT_URL),
                entity_id: text(field::ENTITY_ID),
                enabled: Some(false),
                completed_integration: Some(false),
                ..Integration::default()
            };
            self.api.create_integration(&new.to_body()).await?;
            // The answer need not have an ID, so what was made is looked for as any plan would.
            let integrations = self.api.integrations().await?;
            let made = claim(&integrations, component, &BTreeSet::new());
            let made = made.ok_or_else(|| {
                refused(
                    component,
                    "SendGrid says that it made the integration, and does not list it",
                    Some("plan again in a moment"),
                )
            })?;
            let observed = convert::integration(made.id, made.integration);
            return Ok(present(Observed { ownership: made.ownership, ..observed }));
        };
        let now = self.api.integration(&planned.id).await?.ok_or_else(|| conflict(&component.title))?;
        check_unchanged(component, planned, &convert::integration(&planned.id, &now), changed)?;
        let mut wanted = now;
        for path in changed {
            let place = match path.as_str() {
                field::NAME => &mut wanted.name,
                field::SIGNIN_URL => &mut wanted.signin_url,
                field::SIGNOUT_URL => &mut wanted.signout_url,
                field::ENTITY_ID => &mut wanted.entity_id,
                _ => continue,
            };
            *place = text(path);
        }
        self.api.update_integration(&planned.id, &wanted.to_body()).await?;
        let now = self.api.integration(&planned.id).await?.ok_or_else(|| conflict(&component.title))?;
        Ok(present(convert::integration(&planned.id, &now)))
    }

    async fn put_switch(
        &self,
        component: &Component,
        planned: Option<Planned<'_>>,
    ) -> Result<Written, WriteError> {
        let id = integration_of(component)?;
        let now = self.api.integration(id).await?.ok_or_else(|| conflict(&component.title))?;
        if let Some((planned, changed)) = planned {
            check_unchanged(component, planned, &convert::switch(id, &now), changed)?;
        }
        let bool = |path: &str| match component.field(path).map(|it| &it.value) {
            Some(Value::Bool(value)) => Some(*value),
            _ => None,
        };
        let wanted = Integration {
            enabled: bool(field::ENABLED),
            completed_integration: bool(field::COMPLETED),
            ..now
        };
        self.api.update_integration(id, &wanted.to_body()).await?;
        let now = self.api.integration(id).await?.ok_or_else(|| conflict(&component.title))?;
        Ok(present(convert::switch(id, &now)))
    }

    /// New certificates are there before old ones go, so that at any moment one verifies what the identity provider signs.
    async fn put_certificates(
        &self,
        component: &Component,
        planned: Option<Planned<'_>>,
    ) -> Result<Written, WriteError> {
        let id = integration_of(component)?;
        let wanted = wanted_certificates(component)?;
        let stored = self.api.certificates(id).await?;
        let known = planned.and_then(|(observed, _)| observed.fields.get(field::CERTIFICATES));
        let now = convert::certificates(id, &stored);
        // What somebody else added since the plan was not seen by whoever approved it.
        let is_foreign = |value: &Value| {
            let is_wanted = matches!(value, Value::Certificate(it) if wanted.contains(&it));
            !is_wanted && known.and_then(Value::as_list).is_some_and(|known| !known.contains(value))
        };
        if now
            .fields
            .get(field::CERTIFICATES)
            .and_then(Value::as_list)
            .unwrap_or_default()
            .iter()
            .any(is_foreign)
        {
            return Err(conflict(&component.title));
        }
        for certificate in &wanted {
            let same: Vec<_> =
                stored.iter().filter(|it| it.certificate().as_ref() == Some(*certificate)).collect();
            if same.iter().any(|it| !it.is_disabled()) {
                continue;
            }
            let body = json!({
                "public_certificate": certificate.to_pem(), "enabled": true, "integration_id": id,
            });
            match same.first().and_then(|it| it.id.as_deref()) {
                Some(disabled) => self.api.update_certificate(disabled, &body).await?,
                None => self.api.create_certificate(&body).await?,
            }
        }
        for old in stored.iter().filter(|it| !it.is_disabled()) {
            let is_wanted = old.certificate().is_some_and(|it| wanted.contains(&&it));
            if let Some(id) = old.id.as_deref().filter(|_| !is_wanted) {
                self.api.delete_certificate(id).await?;
            }
        }
        Ok(present(convert::certificates(id, &self.api.certificates(id).await?)))
    }

    async fn put_teammate(
        &self,
        component: &Component,
        planned: Option<Planned<'_>>,
    ) -> Result<Written, WriteError> {
        let username = match planned {
            None => {
                self.api.create_teammate(&teammate_body(component, true)).await?;
                component.natural_key.clone()
            }
            Some((planned, changed)) => {
                let now = self.api.teammate(&planned.id).await?.ok_or_else(|| conflict(&component.title))?;
                if now.has_password() {
                    return Err(conflict(&component.title));
                }
                let now = self.describe(&now, component).await?;
                check_unchanged(component, planned, &now, changed)?;
                self.api.update_teammate(&planned.id, &teammate_body(component, false)).await?;
                planned.id.clone()
            }
        };
        let now = self.api.teammate(&username).await?.ok_or_else(|| conflict(&component.title))?;
        Ok(present(self.describe(&now, component).await?))
    }

    async fn remove(&self, address: &Address, id: &str) -> Result<Written, WriteError> {
        match address.component_type() {
            kind::INTEGRATION => self.api.delete_integration(id).await?,
            kind::TEAMMATE => self.api.delete_teammate(id).await?,
            other => return Err(not_written(address, other)),
        }
        Ok(Written::Gone)
    }
}

fn integration_of(component: &Component) -> Result<&str, WriteError> {
    text_of(component, field::INTEGRATION).ok_or_else(|| conflict(&component.title))
}

fn wanted_certificates(component: &Component) -> Result<Vec<&Certificate>, WriteError> {
    let values = component.field(field::CERTIFICATES).and_then(|it| it.value.as_list()).unwrap_or_default();
    let wanted: Vec<&Certificate> = values
        .iter()
        .filter_map(|value| match value {
            Value::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect();
    if wanted.is_empty() || wanted.len() != values.len() {
        return Err(refused(
            component,
            "it is not known which certificates the identity provider signs with",
            Some(
                "an integration without a certificate lets nobody in; look at the identity provider's application",
            ),
        ));
    }
    Ok(wanted)
}

/// What makes or changes a teammate. The address cannot be changed; access is one of the kinds that SendGrid takes alone.
fn teammate_body(component: &Component, is_new: bool) -> Json {
    let mut body = Map::new();
    let mut put = |key: &str| {
        if let Some(field) = component.field(key) {
            body.insert(key.to_owned(), field.value.to_json());
        }
    };
    if is_new {
        put(field::EMAIL);
    }
    for key in [field::FIRST_NAME, field::LAST_NAME, field::PERSONA, field::SCOPES, field::SUBUSER_ACCESS] {
        put(key);
    }
    let is_restricted = component.field(field::SUBUSER_ACCESS).is_some();
    // Beside a persona or restricted access SendGrid takes no word about administrators.
    if !is_restricted && component.field(field::PERSONA).is_none() {
        put(field::IS_ADMIN);
    }
    body.insert("has_restricted_subuser_access".to_owned(), is_restricted.into());
    Json::Object(body)
}

/// Refuses where a value that is about to change is neither what the plan saw nor already what is wanted.
fn check_unchanged(
    component: &Component,
    planned: &Observed,
    now: &Observed,
    changed: &[String],
) -> Result<(), WriteError> {
    let nothing = Value::Null;
    let differs = component.fields.iter().filter(|it| changed.contains(&it.path)).any(|it| {
        let at = |observed: &Observed| observed.fields.get(&it.path).unwrap_or(&nothing).clone();
        let seen = at(now);
        !it.rule.is_same(&seen, &at(planned)) && !it.rule.is_same(&seen, &it.value)
    });
    if differs { Err(conflict(&component.title)) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
