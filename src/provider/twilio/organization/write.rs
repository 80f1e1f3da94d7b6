//! Changes of users and of role assignments. A user is read again before it is replaced: what is sent is the whole user as it was read,
//! with only Concord's part changed, under the version that was read; what somebody else changed since the plan is a conflict. Role
//! assignments cannot be changed: the missing ones are made, then the surplus ones deleted, one by one.

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::{
    OrganizationConfig,
    client::Api,
    failure::write_error,
    field, kind,
    observe::{gives, is_removal, observed_roles, observed_user, role_sid},
    roles::{Catalogue, Grant, Vocabulary},
    wire::{Assignment, User},
};
use crate::{
    component::{Component, Observed, Realm, Value},
    http::{Http, HttpError},
    plan::Permit,
    provider::{Mutate, Write, WriteError, Written},
};

/// Writes one organization.
pub(super) struct Writer {
    realm: Realm,
    api: Api,
    catalogue: OnceCell<Catalogue>,
}

impl Writer {
    pub(super) fn new(http: &Http, config: &OrganizationConfig) -> Result<Self, HttpError> {
        Ok(Self { realm: config.realm(), api: Api::new(http, config)?, catalogue: OnceCell::new() })
    }

    /// Makes a user. One who exists already was made since the plan, or belongs to another organization.
    async fn create_user(&self, component: &Component) -> Result<Written, WriteError> {
        if is_removal(component) {
            return Err(refused(component, "there is no such user to deactivate", "plan again"));
        }
        let mut user = User::new(&component.natural_key);
        for (path, value) in names(component) {
            set(&mut user, path, value);
        }
        match self.api.create_user(&user).await {
            Ok(made) => Ok(written(observed_user(&made))),
            Err(error) if error.is_conflict() => {
                let known = self.api.users_named(&component.natural_key).await?;
                Err(if known.is_empty() {
                    refused(
                        component,
                        error.to_string(),
                        "the address belongs to a Twilio user outside of the organization: bring the user in, in Twilio Console \
                         > Admin > Users > Import users",
                    )
                } else {
                    conflict(component)
                })
            }
            Err(error) => Err(write_error(&component.title, error)),
        }
    }

    async fn update_user(
        &self,
        component: &Component,
        planned: &Observed,
        changed: &[String],
    ) -> Result<Written, WriteError> {
        let failed = |error| write_error(&component.title, error);
        let found = self.api.user(&planned.id).await.map_err(failed)?;
        let mut user = found.ok_or_else(|| conflict(component))?;
        let now = observed_user(&user);
        if changed.iter().all(|path| is_settled(component, &now, path)) {
            return Ok(written(now));
        }
        for path in changed {
            let seen = |observed: &Observed| observed.fields.get(path).cloned().unwrap_or(Value::Null);
            if seen(&now) != seen(planned) && !is_settled(component, &now, path) {
                return Err(conflict(component));
            }
            if let Some(field) = component.field(path) {
                set(&mut user, path, &field.value);
            }
        }
        let replaced = self.api.replace_user(&user).await.map_err(failed)?;
        Ok(written(observed_user(&replaced)))
    }

    async fn catalogue(&self, component: &Component) -> Result<&Catalogue, WriteError> {
        let list = async || self.api.roles().await.map(Catalogue::new);
        self.catalogue.get_or_try_init(list).await.map_err(|error| write_error(&component.title, error))
    }

    async fn set_roles(
        &self,
        component: &Component,
        planned: Option<&Observed>,
    ) -> Result<Written, WriteError> {
        let failed = |error| write_error(&component.title, error);
        let user = match planned {
            Some(planned) => planned.id.clone(),
            None => self.user_sid(component).await?,
        };
        let catalogue = self.catalogue(component).await?;
        let wanted = Vocabulary::in_field(component, field::ROLES);
        let mut vocabulary = Vocabulary::in_field(component, field::VOCABULARY);
        vocabulary.0.extend(wanted.0.iter().cloned());
        let all = self.api.assignments_of(&user).await.map_err(failed)?;
        if all.iter().any(|assignment| catalogue.is_owner(assignment, &self.realm.tenant)) {
            return Err(refused(
                component,
                "this is the organization's owner, whose roles are never changed",
                "name the owner under `breakGlass` or `exclude`",
            ));
        }
        let mut missing = Vec::new();
        let mut surplus: Vec<&Assignment> = Vec::new();
        for grant in &vocabulary.0 {
            let role = role_sid(grant, catalogue).map_err(|unknown| {
                refused(component, unknown.message, unknown.help.as_deref().unwrap_or("correct the manifest"))
            })?;
            let mut held = all.iter().filter(|assignment| gives(assignment, role, &grant.scope)).peekable();
            let (wants, has) = (wanted.0.contains(grant), held.peek().is_some());
            // What changed since the plan is well if it changed to what is wanted.
            if planned.is_some_and(|planned| had(planned, grant) != has) && wants != has {
                return Err(conflict(component));
            }
            match (wants, has) {
                (true, false) => missing.push((role, grant)),
                (false, true) => surplus.extend(held),
                (true, true) | (false, false) => {}
            }
        }
        // Made first, so that nobody is without any role in between.
        for (role, grant) in &missing {
            match self.api.assign(role, &grant.scope, &user).await {
                Ok(()) => {}
                // Somebody made it meanwhile, or the answer of an earlier run was lost.
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(failed(error)),
            }
        }
        for assignment in surplus {
            self.api.unassign(&assignment.sid).await.map_err(failed)?;
        }
        let now = self.api.assignments_of(&user).await.map_err(failed)?;
        let held = held(&vocabulary, catalogue, &now);
        let kept = now.len().saturating_sub(held.len());
        Ok(written(observed_roles(&user, &held, kept)))
    }

    /// The user of a person who had none when the plan was made.
    async fn user_sid(&self, component: &Component) -> Result<String, WriteError> {
        let named = self.api.users_named(&component.natural_key).await;
        let named = named.map_err(|error| write_error(&component.title, error))?;
        match named.as_slice() {
            [user] => Ok(user.id().to_owned()),
            [] => Err(refused(
                component,
                "the organization has no such user",
                "make the user first: in the Twilio Console, or with `provisioning: managed`",
            )),
            _ => Err(conflict(component)),
        }
    }
}

#[async_trait]
impl Mutate for Writer {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    async fn write(&self, _permit: &Permit, write: Write<'_>) -> Result<Written, WriteError> {
        match write {
            Write::Create { component, .. } => match component.address.component_type() {
                kind::USER => self.create_user(component).await,
                kind::ROLES => self.set_roles(component, None).await,
                _ => Err(not_written(component.address.to_string())),
            },
            Write::Update { component, observed, changed, .. } => match component.address.component_type() {
                kind::USER => self.update_user(component, observed, changed).await,
                kind::ROLES => self.set_roles(component, Some(observed)).await,
                _ => Err(not_written(component.address.to_string())),
            },
            // There is no marker to remove.
            Write::Forget { .. } => Ok(Written::Gone),
            Write::Delete { address, observed } if address.component_type() == kind::USER => {
                let gone = self.api.deactivate_user(&observed.id).await;
                gone.map_err(|error| write_error(&address.to_string(), error))?;
                Ok(Written::Gone)
            }
            Write::Delete { address, .. } => Err(not_written(address.to_string())),
        }
    }
}

fn written(observed: Observed) -> Written {
    Written::Present(Box::new(observed))
}

fn conflict(component: &Component) -> WriteError {
    WriteError::Conflict { what: component.title.clone() }
}

fn refused(component: &Component, message: impl Into<String>, help: &str) -> WriteError {
    WriteError::Refused {
        what: component.title.clone(),
        message: message.into(),
        help: Some(help.to_owned()),
    }
}

fn not_written(what: String) -> WriteError {
    WriteError::Refused { what, message: "Twilio has no API that writes it".to_owned(), help: None }
}

/// The fields of a new user beside its address.
fn names(component: &Component) -> impl Iterator<Item = (&str, &Value)> {
    let own = component.fields.iter().filter(|field| field.path != field::USER_NAME);
    own.map(|field| (field.path.as_str(), &field.value))
}

fn set(user: &mut User, path: &str, value: &Value) {
    match (path, value) {
        (field::USER_NAME, Value::Text(email)) => user.set_email(email),
        (field::GIVEN_NAME | field::FAMILY_NAME, value) => user.set_name(path, value.to_json()),
        (field::DISPLAY_NAME | field::ACTIVE, value) => user.set(path, value.to_json()),
        _ => {}
    }
}

/// Whether a field has the wanted value already.
fn is_settled(component: &Component, now: &Observed, path: &str) -> bool {
    component
        .field(path)
        .is_none_or(|field| field.rule.is_same(&field.value, now.fields.get(path).unwrap_or(&Value::Null)))
}

/// Whether a person had a grant when the plan was made.
fn had(planned: &Observed, grant: &Grant) -> bool {
    let text = grant.to_string();
    let held = planned.fields.get(field::ROLES).and_then(Value::as_list).unwrap_or_default();
    held.iter().any(|it| it.as_text() == Some(&text))
}

/// The grants of the vocabulary that a user has.
fn held(vocabulary: &Vocabulary, catalogue: &Catalogue, assignments: &[Assignment]) -> Vec<String> {
    let has = |grant: &&Grant| {
        let role = role_sid(grant, catalogue).ok();
        role.is_some_and(|role| assignments.iter().any(|assignment| gives(assignment, role, &grant.scope)))
    };
    vocabulary.0.iter().filter(has).map(ToString::to_string).collect()
}
