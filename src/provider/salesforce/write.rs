//! Changes in an organization. What is written at one time goes into one deploy: the changes that the executor makes at once meet in a
//! queue, the first of them waits a moment for the others and sends all together, and everybody gets the result. Assignments of permission
//! sets meet in a queue of their own and are made by sObject Collections.
//!
//! A change of an application begins by reading it again: a deploy replaces the whole component, so that what is sent is the component
//! as it was read, with only Concord's part changed; and what somebody else changed since the plan is a conflict.

mod queue;

use async_trait::async_trait;
use serde_json::json;

pub(super) use queue::Queue;

use super::{
    client::{RECORDS_PER_CALL, Saved},
    convert::{self, DESCRIPTION, Description, Part, RemoteApp, is_setting, path_of, place},
    deploy::{self, DeployError, DeployResult, Message, Mode},
    lower::{field, kind},
    observe::{Organization, assigned, is_connected},
    package::{Item, Kind, Package, SETTINGS},
    population,
    xml::Element,
};
use crate::{
    component::{
        Address, AppliedNote, Component, Marker, Observed, Ownership, Realm, Unknown, UnknownReason, Value,
        WriteChannel,
    },
    http::HttpError,
    plan::Permit,
    provider::{
        Mutate, Objection, Rehearsal, Rehearse, Write, WriteError, Written,
        owned::{check_unchanged, conflict, may_write},
    },
};

/// What was planned on, and what differs.
type Planned<'a> = (&'a Observed, &'a [String]);

fn refused(what: &str, message: impl Into<String>, help: Option<&str>) -> WriteError {
    WriteError::Refused { what: what.to_owned(), message: message.into(), help: help.map(str::to_owned) }
}

fn written(observed: Observed) -> Written {
    Written::Present(Box::new(Observed { ownership: Ownership::Ours, ..observed }))
}

/// One component's share of a deploy.
#[derive(Debug, Clone)]
pub(super) struct Share {
    address: Address,
    title: String,
    items: Vec<Item>,
    deletions: Vec<(Kind, String)>,
    /// Whose fields lead to the manifests' lines; nothing where the manifest is gone.
    component: Option<Component>,
}

/// What a share's deploy came to.
pub(super) type Deployed = Result<(), WriteErrorParts>;

/// A refusal that can be handed to several; [`WriteError`] cannot be cloned.
#[derive(Debug, Clone)]
pub(super) enum WriteErrorParts {
    Http(HttpError),
    Refused { message: String, help: Option<String> },
    NotReady { seconds: u64 },
}

impl WriteErrorParts {
    fn of(self, title: &str) -> WriteError {
        match self {
            Self::Http(error) => error.into(),
            Self::Refused { message, help } => WriteError::Refused { what: title.to_owned(), message, help },
            Self::NotReady { seconds } => WriteError::NotReady { what: title.to_owned(), seconds },
        }
    }
}

/// A permission set that a person is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    user: String,
    permission_set_id: String,
}

#[async_trait]
impl Mutate for Organization {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    async fn write(&self, _permit: &Permit, write: Write<'_>) -> Result<Written, WriteError> {
        match write {
            Write::Create { component, note } => self.put(component, note, None).await,
            Write::Update { component, observed, changed, note } => {
                self.put(component, note, Some((observed, changed))).await
            }
            Write::Delete { address, observed } => self.remove(address, &observed.id, false).await,
            Write::Forget { address, observed } => self.remove(address, &observed.id, true).await,
        }
    }
}

impl Organization {
    async fn put(
        &self,
        component: &Component,
        note: &AppliedNote,
        planned: Option<Planned<'_>>,
    ) -> Result<Written, WriteError> {
        if component.address.component_type() == kind::USER {
            return self.assign(component).await;
        }
        let announced = self.queue.announce();
        let share = self.share(component, note, planned).await?;
        announced
            .deploy(share, |shares| self.deploy(shares))
            .await
            .map_err(|error| error.of(&component.title))?;
        self.look(component).await
    }

    /// Reads a component again after a deploy.
    async fn look(&self, component: &Component) -> Result<Written, WriteError> {
        let gone = || conflict(&component.title);
        match component.address.component_type() {
            kind::CERTIFICATE => {
                let found = self.certificates(&[&component.natural_key]).await?;
                let found = found.into_iter().next().ok_or_else(gone)?;
                Ok(written(convert::certificate(&found, component)))
            }
            kind::IDENTITY_PROVIDER => Ok(written(convert::settings(self.settings().await?.as_ref()))),
            _ => {
                let app = self.one_app(component).await?.ok_or_else(gone)?;
                let around = self.surroundings(std::slice::from_ref(&app), false).await?;
                Ok(written(convert::app(&app, Some(component), &around)))
            }
        }
    }

    /// What a component's change puts into a deploy.
    async fn share(
        &self,
        component: &Component,
        note: &AppliedNote,
        planned: Option<Planned<'_>>,
    ) -> Result<Share, WriteError> {
        let items = match component.address.component_type() {
            kind::CERTIFICATE => vec![certificate(component, planned)?],
            kind::IDENTITY_PROVIDER => {
                let element = self.settings().await?;
                if let Some((planned, changed)) = planned {
                    check_unchanged(component, planned, &convert::settings(element.as_ref()), changed)?;
                }
                vec![settings(component, element)]
            }
            kind::APP => self.app_items(component, note, planned).await?,
            other => return Err(not_written(&component.address, other)),
        };
        Ok(Share {
            address: component.address.clone(),
            title: component.title.clone(),
            items,
            deletions: Vec::new(),
            component: Some(component.clone()),
        })
    }

    async fn app_items(
        &self,
        component: &Component,
        note: &AppliedNote,
        planned: Option<Planned<'_>>,
    ) -> Result<Vec<Item>, WriteError> {
        let Some((planned, changed)) = planned else {
            if is_connected(component) {
                return Err(refused(
                    &component.title,
                    "since Spring '26 Salesforce lets nobody make a Connected App, neither by the API nor in Setup",
                    Some("leave `application.salesforce.kind` out: an External Client App can be made"),
                ));
            }
            let app = RemoteApp {
                is_connected: false,
                full_name: component.natural_key.clone(),
                app: Element::new(Kind::ExternalClientApp.type_name()),
                policies: None,
                saml: None,
            };
            return items(&app, component, None, note);
        };
        let app = self.one_app(component).await?.ok_or_else(|| conflict(&component.title))?;
        if !may_write(component, planned, app.description().marker.as_deref()) {
            return Err(conflict(&component.title));
        }
        let around = self.surroundings(std::slice::from_ref(&app), false).await?;
        check_unchanged(component, planned, &convert::app(&app, Some(component), &around), changed)?;
        items(&app, component, Some(changed), note)
    }

    async fn remove(&self, address: &Address, id: &str, keeps_object: bool) -> Result<Written, WriteError> {
        // Certificate, settings and assignments carry no marker; there is nothing to forget, and nothing of them is ever planned to go.
        if address.component_type() != kind::APP {
            return if keeps_object {
                Ok(Written::Gone)
            } else {
                Err(not_written(address, address.component_type()))
            };
        }
        let announced = self.queue.announce();
        let connected: &[&str] = if keeps_object { &[id] } else { &[] };
        let apps = self.apps(connected).await?;
        let found = apps.external.iter().chain(&apps.connected).find(|app| {
            app.full_name == id
                && app
                    .description()
                    .marker
                    .as_deref()
                    .and_then(Marker::parse)
                    .is_some_and(|it| it.address == *address)
        });
        let Some(app) = found else {
            let is_there = apps.external.iter().chain(&apps.connected).any(|app| app.full_name == id);
            return if is_there {
                Err(conflict(format!("Salesforce application `{id}`")))
            } else {
                Ok(Written::Gone)
            };
        };
        let title = format!("Salesforce application `{}`", app.label());
        let mut share = Share {
            address: address.clone(),
            title: title.clone(),
            items: Vec::new(),
            deletions: Vec::new(),
            component: None,
        };
        if keeps_object {
            let mut element = app.app.clone();
            element.set("description", &app.description().others);
            share.items.push(Item { kind: app_kind(app), full_name: app.full_name.clone(), element });
        } else {
            // Its policies go with it.
            share.deletions.push((app_kind(app), app.full_name.clone()));
        }
        announced.deploy(share, |shares| self.deploy(shares)).await.map_err(|error| error.of(&title))?;
        Ok(Written::Gone)
    }

    /// Deploys shares together, and gives each its own result.
    async fn deploy(&self, shares: Vec<Share>) -> Vec<Deployed> {
        match deploy::run(&self.api, &package(&shares), Mode::Save).await {
            Ok(result) if result.success => vec![Ok(()); shares.len()],
            Ok(result) => shares.iter().map(|share| Err(refusal(share, &shares, &result))).collect(),
            Err(error) => vec![Err(parts(error)); shares.len()],
        }
    }

    async fn assign(&self, component: &Component) -> Result<Written, WriteError> {
        let text = |path: &str| component.field(path).and_then(|it| it.value.as_text()).map(str::to_owned);
        let (Some(set), Some(user)) = (text(field::PERMISSION_SET), text(field::USER_ID)) else {
            return Err(conflict(&component.title));
        };
        let announced = self.queue.announce_grant();
        let id = self.queue.permission_set(&set, || population::permission_set_id(&self.api, &set)).await?;
        let Some(permission_set_id) = id else {
            return Err(refused(
                &component.title,
                format!("there is no permission set `{set}`"),
                Some(
                    "make it in Setup > Users > Permission Sets, or give the API name of another in `application.salesforce.permissionSets`",
                ),
            ));
        };
        let grant = Grant { user, permission_set_id };
        let made = announced.grant(grant, |grants| self.grant(grants)).await;
        let id = made.map_err(|error| error.of(&component.title))?;
        Ok(written(assigned(&id, &set)))
    }

    /// Makes assignments, up to two hundred in one call.
    async fn grant(&self, grants: Vec<Grant>) -> Vec<Result<String, WriteErrorParts>> {
        let mut results = Vec::with_capacity(grants.len());
        for grants in grants.chunks(RECORDS_PER_CALL) {
            let records: Vec<_> = grants
                .iter()
                .map(|grant| {
                    json!({
                        "attributes": {"type": "PermissionSetAssignment"}, "AssigneeId": grant.user,
                        "PermissionSetId": grant.permission_set_id,
                    })
                })
                .collect();
            match self.api.create_records(&records).await {
                Ok(saved) => {
                    let mut saved = saved.into_iter();
                    results.extend(grants.iter().map(|_| saved_id(saved.next())));
                }
                Err(error) => {
                    results.extend(grants.iter().map(|_| Err(WriteErrorParts::Http(error.clone()))))
                }
            }
        }
        results
    }
}

fn saved_id(saved: Option<Saved>) -> Result<String, WriteErrorParts> {
    let refused = |message: String| Err(WriteErrorParts::Refused { message, help: None });
    let Some(saved) = saved else { return refused("Salesforce did not say what became of it".to_owned()) };
    match (saved.success, saved.id) {
        (true, Some(id)) => Ok(id),
        _ => {
            // Somebody else was quicker: the person has it.
            let is_there =
                |it: &super::client::SaveError| it.status_code.as_deref() == Some("DUPLICATE_VALUE");
            if saved.errors.iter().any(is_there) {
                return Ok("existing".to_owned());
            }
            let texts = saved.errors.iter().map(|it| {
                let code =
                    it.status_code.as_deref().map(|code| format!(" (code {code})")).unwrap_or_default();
                format!("{}{code}", it.message.as_deref().unwrap_or("refused without a reason"))
            });
            refused(texts.collect::<Vec<_>>().join("; "))
        }
    }
}

fn not_written(address: &Address, component_type: &str) -> WriteError {
    refused(&address.to_string(), format!("Concord does not write components of type {component_type}"), None)
}

fn app_kind(app: &RemoteApp) -> Kind {
    if app.is_connected { Kind::ConnectedApp } else { Kind::ExternalClientApp }
}

fn certificate(component: &Component, planned: Option<Planned<'_>>) -> Result<Item, WriteError> {
    if let Some((_, changed)) = planned {
        return Err(refused(
            &component.title,
            format!(
                "its {} cannot be changed: Salesforce makes a certificate's key once",
                changed.join(", ")
            ),
            Some(
                "name a new certificate in `application.salesforce.certificate`; it is made beside this one",
            ),
        ));
    }
    let size = match component.field(field::KEY_SIZE).map(|it| &it.value) {
        Some(Value::Int(size)) => *size,
        _ => 2048,
    };
    let mut element = Element::new(Kind::Certificate.type_name());
    element.set("caSigned", "false");
    element.set("keySize", &size.to_string());
    element.set("masterLabel", &component.natural_key.replace('_', " "));
    element.set("privateKeyExportable", "false");
    Ok(Item { kind: Kind::Certificate, full_name: component.natural_key.clone(), element })
}

fn settings(component: &Component, element: Option<Element>) -> Item {
    let mut element = element.unwrap_or_default();
    element.name = Kind::IdentityProvider.type_name().to_owned();
    for (path, value) in values(component, None) {
        convert::write(&mut element, &[path], &value);
    }
    Item { kind: Kind::IdentityProvider, full_name: SETTINGS.to_owned(), element }
}

/// The fields that are sent, with the value to send: the seed where a new object cannot have its value yet. `changed` narrows to what
/// differs.
fn values<'a>(
    component: &'a Component,
    changed: Option<&'a [String]>,
) -> impl Iterator<Item = (&'a str, Value)> {
    component
        .fields
        .iter()
        .filter(|it| it.capability.write() == WriteChannel::Api && is_setting(&it.path))
        .filter(move |it| changed.is_none_or(|changed| changed.contains(&it.path)))
        .filter_map(move |it| match (it.value.is_pending(), changed) {
            (false, _) => Some((it.path.as_str(), it.value.clone())),
            (true, None) => Some((it.path.as_str(), it.seed.clone()?)),
            (true, Some(_)) => None,
        })
}

/// An application as it is to be: as it was read, with what changed.
fn items(
    app: &RemoteApp,
    component: &Component,
    changed: Option<&[String]>,
    note: &AppliedNote,
) -> Result<Vec<Item>, WriteError> {
    let name = &app.full_name;
    let mut main = app.app.clone();
    main.name = app_kind(app).type_name().to_owned();
    // Without its policies an External Client App has no SAML.
    let part = |found: &Option<(String, Element)>, kind: Kind, suffix: &str| {
        let (full_name, mut element) =
            found.clone().unwrap_or_else(|| (format!("{name}_{suffix}"), Element::default()));
        element.name = kind.type_name().to_owned();
        if element.text_of("externalClientApplication").is_none() {
            element.set("externalClientApplication", name);
            element.set("label", &format!("{name}_{suffix}"));
        }
        (full_name, element)
    };
    let mut policies = part(&app.policies, Kind::Policies, "plcy");
    let mut saml = part(&app.saml, Kind::SamlPolicies, "samlPlcy");
    // What is missing altogether is made with everything.
    let is_new = |path: &str| match place(path).0 {
        Part::App => changed.is_none(),
        Part::Policies => app.policies.is_none(),
        Part::Saml => app.saml.is_none(),
    };
    let all: Vec<(&str, Value)> = values(component, None).collect();
    for (path, value) in all {
        if !is_new(path) && !changed.is_some_and(|changed| changed.iter().any(|it| it == path)) {
            continue;
        }
        let (part, elements) = place(path);
        let element = match part {
            Part::App => &mut main,
            Part::Policies => &mut policies.1,
            Part::Saml => &mut saml.1,
        };
        convert::write(element, &elements, &value);
    }
    let description = Description {
        marker: Some(component.marker.to_string()),
        applied: Some(note.to_string()),
        others: app.description().others,
    };
    let text = description.to_text();
    if text.chars().count() > DESCRIPTION {
        return Err(refused(
            &component.title,
            format!(
                "its description has no room for the ownership marker: together they have more than {DESCRIPTION} characters"
            ),
            Some("shorten the application's description in Salesforce"),
        ));
    }
    main.set("description", &text);
    let item = |kind: Kind, full_name: String, element: Element| Item { kind, full_name, element };
    let mut items = vec![item(app_kind(app), name.clone(), main)];
    if !app.is_connected {
        items.push(item(Kind::Policies, policies.0, policies.1));
        items.push(item(Kind::SamlPolicies, saml.0, saml.1));
    }
    Ok(items)
}

fn package(shares: &[Share]) -> Package {
    Package {
        items: shares.iter().flat_map(|share| share.items.iter().cloned()).collect(),
        deletions: shares.iter().flat_map(|share| share.deletions.iter().cloned()).collect(),
    }
}

fn parts(error: DeployError) -> WriteErrorParts {
    match error {
        DeployError::Http(error) => WriteErrorParts::Http(error),
        DeployError::NotDone { seconds, .. } => WriteErrorParts::NotReady { seconds },
        DeployError::Zip(_) => WriteErrorParts::Refused { message: error.to_string(), help: None },
    }
}

impl Share {
    /// The item that a message is about.
    fn item_of(&self, message: &Message) -> Option<&Item> {
        let by_file = message.file_name.as_deref().and_then(|file| {
            self.items.iter().find(|item| {
                let path = item.kind.path(&item.full_name);
                // Some answers leave `-meta.xml` out, or put the package's folder in front.
                file.ends_with(&path)
                    || path.strip_suffix("-meta.xml").is_some_and(|path| file.ends_with(path))
            })
        });
        by_file.or_else(|| {
            self.items.iter().find(|item| {
                message.full_name.as_deref() == Some(item.full_name.as_str())
                    && message.component_type.as_deref().is_none_or(|it| it == item.kind.type_name())
            })
        })
    }

    fn is_about(&self, message: &Message) -> bool {
        self.item_of(message).is_some()
            || self.deletions.iter().any(|(_, name)| message.full_name.as_deref() == Some(name))
    }

    /// The path of the field that a message is about: by the line of the file, else by the name of a setting that it mentions.
    fn field_of(&self, message: &Message) -> Option<String> {
        let component = self.component.as_ref()?;
        let item = self.item_of(message)?;
        let part = match item.kind {
            Kind::Policies => Part::Policies,
            Kind::SamlPolicies => Part::Saml,
            _ => Part::App,
        };
        let mut elements =
            message.line().and_then(|line| item.element.path_at_line(line)).unwrap_or_default();
        while !elements.is_empty() {
            let path = path_of(part, &elements);
            if component.field(&path).is_some() {
                return Some(path);
            }
            elements.pop();
        }
        let problem = message.problem.as_deref().unwrap_or_default();
        let mentions = |word: &str| {
            problem.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part.eq_ignore_ascii_case(word))
        };
        let of_part = component.fields.iter().filter(|it| is_setting(&it.path) && place(&it.path).0 == part);
        of_part.map(|it| it.path.clone()).find(|path| place(path).1.last().is_some_and(|last| mentions(last)))
    }

    /// What a message says, with the manifest's line.
    fn words(&self, message: &Message) -> String {
        let problem = message.problem.as_deref().unwrap_or("refused without a reason");
        let field = self.field_of(message);
        let origin = self.component.as_ref().and_then(|component| {
            let of_field = field.as_deref().and_then(|path| component.field(path)?.origin.clone());
            Some(of_field.unwrap_or_else(|| component.origin.clone()))
        });
        let place =
            origin.map(|origin| format!(" ({}:{})", origin.file(), origin.line())).unwrap_or_default();
        match field {
            Some(field) => format!("{field}: {problem}{place}"),
            None => format!("{problem}{place}"),
        }
    }
}

/// What a failed deploy means for one share: what Salesforce says of its components; or that another's failure rolled it back.
fn refusal(share: &Share, all: &[Share], result: &DeployResult) -> WriteErrorParts {
    let own: Vec<String> =
        result.failures().filter(|it| share.is_about(it)).map(|it| share.words(it)).collect();
    if !own.is_empty() {
        return WriteErrorParts::Refused { message: own.join("; "), help: None };
    }
    let others: Vec<String> = result
        .failures()
        .map(|message| {
            let whose = all.iter().find(|it| it.is_about(message));
            let title =
                whose.map(|it| it.title.clone()).or_else(|| message.full_name.clone()).unwrap_or_default();
            format!("{title}: {}", message.problem.as_deref().unwrap_or("refused without a reason"))
        })
        .collect();
    let message = match (others.is_empty(), &result.error_message) {
        (false, _) => format!("rolled back, because a part of the same deploy failed: {}", others.join("; ")),
        (true, Some(message)) => format!("the deploy failed: {message}"),
        (true, None) => {
            format!(
                "the deploy ended with {}",
                result.status.as_deref().unwrap_or("a status that is not known")
            )
        }
    };
    WriteErrorParts::Refused { message, help: None }
}

#[async_trait]
impl Rehearse for Organization {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    async fn rehearse(&self, changes: &[Rehearsal<'_>]) -> Result<Vec<Objection>, Unknown> {
        let mut objections = Vec::new();
        let mut shares = Vec::new();
        for change in changes {
            let (component, planned) = match change {
                Rehearsal::Create(component) => (*component, None),
                Rehearsal::Update { component, observed, changed } => {
                    (*component, Some((*observed, *changed)))
                }
                Rehearsal::Delete { address, observed } => {
                    if address.component_type() == kind::APP {
                        shares.push(Share {
                            address: (*address).clone(),
                            title: format!("Salesforce application `{}`", observed.id),
                            items: Vec::new(),
                            deletions: vec![(Kind::ExternalClientApp, observed.id.clone())],
                            component: None,
                        });
                    }
                    continue;
                }
            };
            if component.address.component_type() == kind::USER {
                continue;
            }
            match self.share(component, &component.applied_note(), planned).await {
                Ok(share) => shares.push(share),
                Err(WriteError::Http(error)) => return Err(self.unknown(&error, "components")),
                Err(error) => objections.push(Objection {
                    address: Some(component.address.clone()),
                    field: None,
                    message: error.to_string(),
                    help: None,
                    is_warning: false,
                }),
            }
        }
        if shares.is_empty() {
            return Ok(objections);
        }
        let result =
            deploy::run(&self.api, &package(&shares), Mode::Check).await.map_err(|error| match error {
                DeployError::Http(error) => self.unknown(&error, "answer to a rehearsal"),
                other => {
                    Unknown { reason: UnknownReason::Unexpected, message: other.to_string(), help: None }
                }
            })?;
        let objection = |message: &Message| {
            let share = shares.iter().find(|it| it.is_about(message));
            Objection {
                address: share.map(|it| it.address.clone()),
                field: share.and_then(|it| it.field_of(message)),
                message: message.problem.clone().unwrap_or_default(),
                help: None,
                is_warning: message.is_warning(),
            }
        };
        objections.extend(result.failures().chain(result.warnings()).map(objection));
        if !result.success && objections.is_empty() {
            objections.push(Objection {
                address: None,
                field: None,
                message: result
                    .error_message
                    .or(result.status)
                    .unwrap_or_else(|| "refused without a reason".to_owned()),
                help: None,
                is_warning: false,
            });
        }
        Ok(objections)
    }
}

#[cfg(test)]
mod tests;
