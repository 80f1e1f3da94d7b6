//! What exists in an organization: applications in one list, and of those that are asked for the metadata and the assignments.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use futures_util::future::{join_all, try_join_all};

use super::{
    PROVIDER,
    client::{Api, OktaAuth, OktaConfig},
    convert::{self, Idp, Trust, is_external, text_of},
    lower::{field, kind},
    population::{self, PopulationError},
    wire::{App, AppUser, User},
};
use crate::{
    component::{
        Address, Class, Component, Marker, Observation, Observed, Orphan, Ownership, Realm, Snapshot,
        Unknown, UnknownReason, Value,
    },
    http::{Http, HttpError},
    provider::{Mutate, Observe, Population, PopulationQuery, Scope},
    saml::{Certificate, names::Binding},
};

/// One Okta organization, for reading and, through [`Mutate`], for writing.
pub(super) struct Organization {
    pub(super) api: Api,
    pub(super) realm: Realm,
    pub(super) domain: String,
    /// The service app that Concord itself authenticates as.
    pub(super) own_id: Option<String>,
    /// Who is selected, by user ID, once a population was read.
    selected: Mutex<Option<BTreeMap<String, String>>>,
}

/// A provider that reads an Okta organization. Sends nothing yet.
///
/// # Errors
/// A domain or endpoint that is no URL, or plain http to another machine.
pub fn reader(http: &Http, config: &OktaConfig) -> Result<Arc<dyn Observe>, HttpError> {
    Ok(Arc::new(Organization::new(http, config)?))
}

/// A provider that writes to an Okta organization. Sends nothing yet.
///
/// # Errors
/// As [`reader`].
pub fn writer(http: &Http, config: &OktaConfig) -> Result<Arc<dyn Mutate>, HttpError> {
    Ok(Arc::new(Organization::new(http, config)?))
}

impl Organization {
    pub(super) fn new(http: &Http, config: &OktaConfig) -> Result<Self, HttpError> {
        let domain = config.domain.to_ascii_lowercase();
        let own_id = match &config.auth {
            OktaAuth::Token(_) => None,
            OktaAuth::ServiceApp { client_id, .. } => Some(client_id.clone()),
        };
        Ok(Self {
            api: Api::new(http, config)?,
            realm: Realm::new(PROVIDER, domain.clone()),
            domain,
            own_id,
            selected: Mutex::new(None),
        })
    }

    fn unknown(&self, error: &HttpError, what: &str, scope: &str) -> Unknown {
        let (reason, help) = if error.is_forbidden() {
            let help = format!(
                "grant the scope `{scope}` to the service app, or give the token's administrator a role that may read it"
            );
            (UnknownReason::Forbidden, Some(help))
        } else if error.is_unauthorized() {
            let help = "check the API token, which ends 30 days after its last use, or the service app's key";
            (UnknownReason::Unauthorized, Some(help.to_owned()))
        } else if error.is_unreachable() || error.is_retryable() {
            (UnknownReason::Unreachable, None)
        } else {
            (UnknownReason::Unexpected, None)
        };
        Unknown { reason, message: format!("cannot read the {what} of {}: {error}", self.realm), help }
    }

    fn unknown_people(&self, error: &PopulationError, what: &str) -> Unknown {
        match error {
            PopulationError::Http(error) => {
                self.unknown(error, what, "okta.users.read` and `okta.groups.read")
            }
            PopulationError::NoGroup(_) | PopulationError::SeveralGroups(_) => Unknown {
                reason: UnknownReason::Unexpected,
                message: format!("cannot read the {what} of {}: {error}", self.realm),
                help: Some("name the group as it is called in Okta, in exact case".to_owned()),
            },
        }
    }

    /// What others have to know to trust the application. Okta gives metadata of active applications only; of others it is what was
    /// noted when it was last applied.
    pub(super) async fn trust(&self, app: &App) -> Result<Trust, HttpError> {
        let Some(kid) = app.kid() else { return Ok(Trust::default()) };
        if app.is_active()
            && let Some(metadata) = self.api.metadata(&app.id, kid).await?
            && let Ok((entity, idp)) = metadata.select_idp(None)
        {
            let url = idp.sso_location(Binding::HttpPost).or_else(|| idp.sso_location(Binding::HttpRedirect));
            return Ok(Trust {
                idp: url.map(|url| Idp { issuer: entity.entity_id.clone(), sso_url: url.to_owned() }),
                certificates: idp.signing_certificates.clone(),
            });
        }
        let keys = self.api.keys(&app.id).await?;
        let own = keys.iter().find(|key| key.kid == kid).and_then(|key| key.x5c.as_ref()?.first());
        let idp = app.notes().idp.map(|(issuer, sso_url)| Idp { issuer, sso_url });
        Ok(Trust {
            idp,
            certificates: own.and_then(|text| Certificate::from_base64(text).ok()).into_iter().collect(),
        })
    }

    /// An application with everything that is to be known of it.
    pub(super) async fn describe(
        &self,
        app: &App,
        component: Option<&Component>,
    ) -> Result<Observed, HttpError> {
        let trust = self.trust(app).await?;
        Ok(convert::app(app, component, &trust, &self.domain, self.own_id.as_deref()))
    }
}

#[async_trait]
impl Observe for Organization {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    async fn population(&self, query: &PopulationQuery) -> Result<Population, Unknown> {
        let population = population::list(&self.api, query)
            .await
            .map_err(|error| self.unknown_people(&error, "people"))?;
        let ambiguous =
            population.ambiguous.iter().flat_map(|(email, ids)| ids.iter().map(move |id| (id, email)));
        let selected = population.people.iter().map(|(email, person)| (&person.id, email)).chain(ambiguous);
        let selected = selected.map(|(id, email)| (id.clone(), email.clone())).collect();
        *self.selected.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(selected);
        Ok(population)
    }

    async fn observe(&self, components: &[&Component], scope: &Scope) -> Snapshot {
        let of_type = |wanted: &str| -> Vec<&Component> {
            components.iter().copied().filter(|it| it.address.component_type() == wanted).collect()
        };
        let (wanted_apps, users, groups) = (of_type(kind::APP), of_type(kind::USER), of_type(kind::GROUP));
        let mut snapshot = Snapshot::default();
        let apps = match self.api.apps().await {
            Ok(apps) => apps,
            Err(error) => {
                let unknown = self.unknown(&error, "applications", "okta.apps.read");
                return Snapshot::unknown(components.iter().map(|it| &it.address), &unknown);
            }
        };
        let claimed: BTreeMap<&Address, Claim<'_>> =
            wanted_apps.iter().map(|it| (&it.address, claim(&apps, it))).collect();
        let described = join_all(wanted_apps.iter().map(|it| self.app(it, &claimed[&it.address])));
        let assigned = join_all(claimed.iter().map(|(address, claim)| {
            let is_asked = |it: &&Component| app_address(it) == Some(*address);
            let exclusive = wanted_apps
                .iter()
                .find(|it| it.address == **address)
                .is_some_and(|it| it.field(field::EXCLUSIVE).is_some());
            let has_users = exclusive || users.iter().any(is_asked);
            let has_groups = groups.iter().any(is_asked);
            self.assignments(address, claim.app(), has_users, has_groups)
        }));
        let (described, assigned, named) = tokio::join!(described, assigned, self.group_ids(&groups));
        snapshot.components.extend(described);
        let assigned: BTreeMap<&Address, Assigned> = assigned.into_iter().collect();
        for component in &users {
            let observation = self.assignment(component, &assigned, |assigned| {
                let id = text_of(component, field::USER_ID)?;
                Some(
                    assigned
                        .users
                        .as_ref()
                        .map(|users| users.iter().any(|it| it.id == id).then(|| id.to_owned())),
                )
            });
            snapshot.components.insert(component.address.clone(), observation);
        }
        for component in &groups {
            let observation = match named.get(&component.address) {
                Some(Err(unknown)) => Observation::Unknown(unknown.clone()),
                named => self.assignment(component, &assigned, |assigned| {
                    let id = named?.as_ref().ok()?;
                    Some(assigned.groups.as_ref().map(|groups| groups.contains(id).then(|| id.clone())))
                }),
            };
            snapshot.components.insert(component.address.clone(), observation);
        }
        for component in wanted_apps.iter().filter(|it| it.field(field::EXCLUSIVE).is_some()) {
            let Some(Assigned { app: Some(app), users: Ok(direct), .. }) = assigned.get(&component.address)
            else {
                continue;
            };
            match self.foreign(component, app, direct, &users).await {
                Ok(orphans) => snapshot.orphans.extend(orphans),
                Err(error) => snapshot.gaps.push(self.unknown(&error, "users", "okta.users.read")),
            }
        }
        let desired: BTreeSet<&Address> =
            components.iter().flat_map(|it| std::iter::once(&it.address).chain(&it.formerly)).collect();
        snapshot.orphans.extend(apps.iter().filter_map(|app| {
            let marker = Marker::parse(app.notes().marker.as_deref()?)?;
            let is_ours = marker.project == scope.project
                && scope.tenants.contains(&marker.address.tenant)
                && marker.address.component_type() == kind::APP
                && !desired.contains(&marker.address);
            is_ours.then(|| Orphan {
                title: format!("Okta application `{}`", app.label()),
                address: marker.address,
                realm: self.realm.clone(),
                class: Class::Object,
                observed: convert::app(app, None, &Trust::default(), &self.domain, self.own_id.as_deref()),
            })
        }));
        snapshot
    }
}

/// Who is assigned to an application.
struct Assigned {
    /// The application's ID, where it exists.
    app: Option<String>,
    users: Result<Vec<AppUser>, Unknown>,
    groups: Result<BTreeSet<String>, Unknown>,
}

impl Organization {
    async fn app(&self, component: &Component, claim: &Claim<'_>) -> (Address, Observation) {
        let observation = match claim {
            Claim::Nothing if is_external(component) => Observation::Unknown(Unknown {
                reason: UnknownReason::Unexpected,
                message: format!("{} has no application {}", self.realm, component.natural_key),
                help: Some("make it where it is managed, or give its ID in `application.id`".to_owned()),
            }),
            Claim::Nothing => Observation::Absent,
            Claim::Found(app, ownership) => match self.describe(app, Some(component)).await {
                Ok(observed) => {
                    Observation::Present(Box::new(Observed { ownership: ownership.clone(), ..observed }))
                }
                Err(error) => Observation::Unknown(self.unknown(&error, "SAML metadata", "okta.apps.read")),
            },
        };
        (component.address.clone(), observation)
    }

    async fn assignments<'a>(
        &self,
        address: &'a Address,
        app: Option<&App>,
        has_users: bool,
        has_groups: bool,
    ) -> (&'a Address, Assigned) {
        let id = app.map(|app| app.id.as_str());
        let users = async {
            match id.filter(|_| has_users) {
                Some(id) => self.api.app_users(id).await,
                None => Ok(Vec::new()),
            }
        };
        let groups = async {
            match id.filter(|_| has_groups) {
                Some(id) => self.api.app_groups(id).await,
                None => Ok(Vec::new()),
            }
        };
        let (users, groups) = tokio::join!(users, groups);
        let unknown = |error: HttpError| self.unknown(&error, "assignments", "okta.apps.read");
        let assigned = Assigned {
            app: id.map(str::to_owned),
            users: users.map_err(unknown),
            groups: groups.map(|groups| groups.into_iter().map(|it| it.id).collect()).map_err(unknown),
        };
        (address, assigned)
    }

    /// Whether one person or group is assigned; `find` gives the ID of who is, among those of the application.
    fn assignment<'a>(
        &self,
        component: &Component,
        assigned: &'a BTreeMap<&Address, Assigned>,
        find: impl FnOnce(&'a Assigned) -> Option<Result<Option<String>, &'a Unknown>>,
    ) -> Observation {
        let of_app = app_address(component).and_then(|address| assigned.get(address));
        let Some((assigned, found)) = of_app.and_then(|assigned| Some((assigned, find(assigned)?))) else {
            // The application is not asked for, or does not say whose assignment it is.
            return Observation::Unknown(Unknown {
                reason: UnknownReason::Unexpected,
                message: format!("{} did not say whether it exists", component.realm),
                help: None,
            });
        };
        match (found, &assigned.app) {
            (Err(unknown), _) => Observation::Unknown(unknown.clone()),
            (Ok(Some(id)), Some(app)) => Observation::Present(Box::new(convert::assignment(app, &id))),
            (Ok(_), _) => Observation::Absent,
        }
    }

    /// The IDs of groups by name.
    async fn group_ids(&self, components: &[&Component]) -> BTreeMap<Address, Result<String, Unknown>> {
        let found = components.iter().map(|component| async {
            let unknown = |error: PopulationError| self.unknown_people(&error, "groups");
            let id = match population::group(&self.api, &component.natural_key).await {
                Ok(group) => self.without_break_glass(component, group.id).await,
                Err(error) => Err(unknown(error)),
            };
            (component.address.clone(), id)
        });
        join_all(found).await.into_iter().collect()
    }

    /// Refuses a group through which a break-glass administrator would be enabled.
    async fn without_break_glass(&self, component: &Component, id: String) -> Result<String, Unknown> {
        let never = component.field(field::BREAK_GLASS).and_then(|it| it.value.as_list()).unwrap_or_default();
        let members = self.api.group_members(&id).await;
        let members = members.map_err(|error| self.unknown(&error, "groups", "okta.groups.read"))?;
        if members.iter().filter_map(User::email).any(|email| never.contains(&Value::Text(email))) {
            return Err(Unknown {
                reason: UnknownReason::Unexpected,
                message: format!("a break-glass administrator is a member of group `{}`", component.natural_key),
                help: Some(
                    "take the administrator out of the group: whoever is in it signs in through the identity provider"
                        .to_owned(),
                ),
            });
        }
        Ok(id)
    }

    /// Direct assignments that nobody asks for, of an application whose assignments are exclusive. Only who was not selected by any
    /// enablement, or must not have one, counts: a plan that is narrowed to some components does not know everybody whom it leaves out.
    async fn foreign(
        &self,
        component: &Component,
        app: &str,
        assigned: &[AppUser],
        users: &[&Component],
    ) -> Result<Vec<Orphan>, HttpError> {
        let selected = self.selected.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        let Some(selected) = selected else { return Ok(Vec::new()) };
        let never = component.field(field::EXCLUSIVE).and_then(|it| it.value.as_list()).unwrap_or_default();
        let wanted: BTreeSet<&str> = users.iter().filter_map(|it| text_of(it, field::USER_ID)).collect();
        let is_foreign = |it: &&AppUser| {
            it.is_direct()
                && !wanted.contains(it.id.as_str())
                && selected.get(&it.id).is_none_or(|email| never.contains(&Value::text(email)))
        };
        let foreign: Vec<&AppUser> = assigned.iter().filter(is_foreign).collect();
        let people = try_join_all(foreign.iter().map(|it| self.api.user(&it.id))).await?;
        Ok(foreign
            .into_iter()
            .zip(people)
            .map(|(it, user)| {
                let who = user.and_then(|user| user.email()).unwrap_or_else(|| it.id.clone());
                Orphan {
                    address: component.address.sibling(format!("{}:{who}", kind::USER)),
                    realm: self.realm.clone(),
                    title: format!("Okta assignment of {who}"),
                    class: Class::Membership,
                    observed: convert::assignment(app, &it.id),
                }
            })
            .collect())
    }
}

/// The application that an assignment belongs to.
fn app_address(component: &Component) -> Option<&Address> {
    let field = component.field(field::APP)?;
    Some(&field.value.references().first().copied()?.from)
}

/// Which application is a component's, and whose it is.
enum Claim<'a> {
    Nothing,
    Found(&'a App, Ownership),
}

impl<'a> Claim<'a> {
    fn app(&self) -> Option<&'a App> {
        match self {
            Self::Nothing => None,
            Self::Found(app, _) => Some(app),
        }
    }
}

/// By its marker, by its former marker, by its label.
fn claim<'a>(apps: &'a [App], component: &Component) -> Claim<'a> {
    let id = text_of(component, field::ID);
    let is_named = |app: &&App| match id {
        Some(id) => app.id == id,
        None => app.label() == component.natural_key,
    };
    let named: Vec<&App> = apps.iter().filter(is_named).collect();
    let several = |found: &[&App]| Ownership::Ambiguous(found.iter().map(|it| it.id.clone()).collect());
    let owned = |found: &[&App], otherwise| if found.len() == 1 { otherwise } else { several(found) };
    if is_external(component) {
        return match named[..] {
            [] => Claim::Nothing,
            [first, ..] => Claim::Found(first, owned(&named, Ownership::Ours)),
        };
    }
    let marked = |address: &Address| -> Vec<&App> {
        let marker =
            Marker { project: component.marker.project.clone(), address: address.clone() }.to_string();
        apps.iter().filter(|app| app.notes().marker.as_deref() == Some(marker.as_str())).collect()
    };
    let ours = marked(&component.address);
    if let Some(first) = ours.first() {
        return Claim::Found(first, owned(&ours, Ownership::Ours));
    }
    if let Some(former) = &component.formerly {
        let theirs = marked(former);
        if let Some(first) = theirs.first() {
            return Claim::Found(first, owned(&theirs, Ownership::Renamed(former.clone())));
        }
    }
    let unmarked: Vec<&App> = named.iter().copied().filter(|app| app.notes().marker.is_none()).collect();
    match (unmarked.first(), named.first()) {
        (Some(first), _) if component.adopt => Claim::Found(first, owned(&unmarked, Ownership::Unmarked)),
        (Some(first), _) => Claim::Found(first, Ownership::Unmarked),
        (None, Some(first)) => {
            Claim::Found(first, Ownership::Foreign(first.notes().marker.unwrap_or_default()))
        }
        (None, None) => Claim::Nothing,
    }
}
