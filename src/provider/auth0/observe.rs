//! What exists in a tenant: one pass of bulk reads, all at once, each with an outcome of its own, so that a list that may not be read
//! says nothing about the others.

mod claim;

pub(super) use claim::{action_markers, enabled};

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use futures_util::future::join_all;

use self::claim::{action_of, claim_action, is_settled, nobody, pick};
use super::{
    PROVIDER, action as code,
    client::{Api, Auth0Config, public_url},
    convert::{self, Place, is_external, text_of},
    lower::{field, kind},
    population::{self, CONFIRMED_AT_MOST, MARKED, SearchError},
    wire::{Action, Binding, Client, User, metadata},
};
use crate::{
    component::{
        Address, Class, Component, Marker, Observation, Observed, Orphan, Ownership, Realm, Snapshot,
        Unknown, UnknownReason,
    },
    http::{Http, HttpError},
    provider::owned::claim,
    provider::{Mutate, Observe, Population, PopulationQuery, Scope},
};

/// One Auth0 tenant, for reading and, through [`Mutate`], for writing.
pub(super) struct Tenant {
    pub(super) api: Api,
    pub(super) realm: Realm,
    pub(super) place: Place,
    /// The users of the last population, for the one observation that follows it.
    users: Mutex<Option<BTreeMap<String, User>>>,
    /// One change of the shared flow at a time.
    pub(super) flow: tokio::sync::Mutex<()>,
}

/// A provider that reads an Auth0 tenant. Sends nothing yet.
///
/// # Errors
/// A domain or endpoint that is no URL, or plain http to another machine.
pub fn reader(http: &Http, config: &Auth0Config) -> Result<Arc<dyn Observe>, HttpError> {
    Ok(Arc::new(Tenant::new(http, config)?))
}

/// A provider that writes to an Auth0 tenant. Sends nothing yet.
///
/// # Errors
/// As [`reader`].
pub fn writer(http: &Http, config: &Auth0Config) -> Result<Arc<dyn Mutate>, HttpError> {
    Ok(Arc::new(Tenant::new(http, config)?))
}

impl Tenant {
    pub(super) fn new(http: &Http, config: &Auth0Config) -> Result<Self, HttpError> {
        let domain = config.domain.to_ascii_lowercase();
        Ok(Self {
            api: Api::new(http, config)?,
            realm: Realm::new(PROVIDER, domain.clone()),
            place: Place { public: public_url(&domain)?, domain, own_client: config.client_id.clone() },
            users: Mutex::new(None),
            flow: tokio::sync::Mutex::new(()),
        })
    }

    fn unknown(&self, error: &HttpError, what: &str, scope: &str) -> Unknown {
        let (reason, help) = if error.is_forbidden() {
            let help = format!(
                "grant the scope `{scope}` of the Management API to application {}",
                self.place.own_client
            );
            (UnknownReason::Forbidden, Some(help))
        } else if error.is_unauthorized() {
            let help = format!(
                "check the client secret, and that application {} is authorized for the Management API",
                self.place.own_client
            );
            (UnknownReason::Unauthorized, Some(help))
        } else if error.is_unreachable() || error.is_retryable() {
            let help = miette::Diagnostic::help(error).map(|help| help.to_string());
            (
                UnknownReason::Unreachable,
                help.or_else(|| Some("run again once the service answers".to_owned())),
            )
        } else {
            (UnknownReason::Unexpected, None)
        };
        Unknown { reason, message: format!("cannot read the {what} of {}: {error}", self.realm), help }
    }

    fn unknown_users(&self, error: &SearchError) -> Unknown {
        match error {
            SearchError::Http(error) => self.unknown(error, "users", "read:users"),
            SearchError::Inseparable { .. } | SearchError::Unsorted => Unknown {
                reason: UnknownReason::Unexpected,
                message: format!("cannot read the users of {}: {error}", self.realm),
                help: Some("select fewer people at a time: by address, or by smaller domains".to_owned()),
            },
        }
    }

    fn unexpected(&self, message: String, help: &str) -> Observation {
        Observation::Unknown(Unknown {
            reason: UnknownReason::Unexpected,
            message,
            help: Some(help.to_owned()),
        })
    }
}

#[async_trait]
impl Observe for Tenant {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    async fn population(&self, query: &PopulationQuery) -> Result<Population, Unknown> {
        if !query.groups.is_empty() {
            return Err(Unknown {
                reason: UnknownReason::Unexpected,
                message: format!("{} has no groups to select people by", self.realm),
                help: Some("select people by e-mail domain or by address".to_owned()),
            });
        }
        let users = population::users(&self.api, query).await.map_err(|error| self.unknown_users(&error))?;
        let population = population::population(users.values());
        let mut kept = self.users.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        kept.get_or_insert_default().extend(users);
        Ok(population)
    }

    async fn observe(&self, components: &[&Component], scope: &Scope) -> Snapshot {
        let of_type = |wanted: &str| -> Vec<&Component> {
            components.iter().copied().filter(|it| it.address.component_type() == wanted).collect()
        };
        let desired: BTreeSet<&Address> =
            components.iter().flat_map(|it| std::iter::once(&it.address).chain(&it.formerly)).collect();
        let ours = |marker: &str| {
            Marker::parse(marker)
                .filter(|it| it.project == scope.project && scope.tenants.contains(&it.address.tenant))
                .map(|it| it.address)
                .filter(|address| !desired.contains(address))
        };
        let (key_components, user_components) = (of_type(kind::KEYS), of_type(kind::USER));
        let bindings = of_type(kind::BINDING);
        let read_bindings = async {
            // The flow matters only where an Action of ours should be in it.
            if bindings.is_empty() { Ok(Vec::new()) } else { self.api.bindings().await }
        };
        let (clients, actions, flow, keys, (users, marked)) = tokio::join!(
            self.api.clients(),
            self.api.actions(),
            read_bindings,
            self.observe_keys(&key_components),
            self.read_users(&user_components),
        );

        let mut snapshot = Snapshot { components: keys, ..Snapshot::default() };
        match clients {
            Ok(clients) => {
                for component in of_type(kind::CLIENT) {
                    let observation = self.client(&clients, component);
                    snapshot.components.insert(component.address.clone(), observation);
                }
                snapshot.orphans.extend(clients.iter().filter_map(|client| {
                    let address = ours(client.metadata(metadata::MARKER)?)
                        .filter(|address| address.component_type() == kind::CLIENT)?;
                    let title = format!("Auth0 application `{}`", client.name);
                    let observed = convert::client(client, None, &self.place);
                    Some(self.orphan(address, title, Class::Object, observed))
                }));
            }
            Err(error) => {
                let unknown = self.unknown(&error, "applications", "read:clients");
                give_up(&mut snapshot, &of_type(kind::CLIENT), unknown);
            }
        }
        match actions {
            Ok(actions) => {
                for component in of_type(kind::ACTION) {
                    let observation = claim_action(&actions, component)
                        .map_or(Observation::Absent, |(action, ownership)| {
                            present(convert::action(action), ownership)
                        });
                    snapshot.components.insert(component.address.clone(), observation);
                }
                self.bindings(&mut snapshot, &bindings, &actions, flow);
                snapshot.orphans.extend(actions.iter().filter_map(|action| {
                    let address = ours(&code::header(&action.code).marker?)
                        .filter(|address| address.component_type() == kind::ACTION)?;
                    let title = format!("Auth0 Action `{}`", action.name);
                    Some(self.orphan(address, title, Class::Object, convert::action(action)))
                }));
            }
            Err(error) => {
                let unknown = self.unknown(&error, "Actions", "read:actions");
                let mut concerned = of_type(kind::ACTION);
                concerned.extend(&bindings);
                give_up(&mut snapshot, &concerned, unknown);
            }
        }
        match users {
            Ok(users) => {
                let seen = self.users(&user_components, &users).await;
                snapshot.components.extend(seen);
            }
            Err(error) => {
                for component in &user_components {
                    let unknown = Observation::Unknown(self.unknown_users(&error));
                    snapshot.components.insert(component.address.clone(), unknown);
                }
            }
        }
        match marked {
            Ok(marked) => {
                let candidates: Vec<User> = marked
                    .into_values()
                    .filter(|user| user.mark().is_some_and(|mark| ours(&mark.marker).is_some()))
                    .collect();
                for user in self.confirm(candidates).await {
                    let address = user.mark().and_then(|mark| ours(&mark.marker));
                    if let Some(address) = address.filter(|it| it.component_type() == kind::USER) {
                        let who = user.address().unwrap_or_else(|| user.user_id.clone());
                        let title = format!("Auth0 user {who}");
                        let orphan = self.orphan(address, title, Class::Membership, convert::user(&user));
                        snapshot.orphans.push(orphan);
                    }
                }
            }
            Err(error) => snapshot.gaps.push(self.unknown_users(&error)),
        }
        snapshot
    }
}

/// What is said of components whose list could not be read, and that orphans may have been missed.
fn give_up(snapshot: &mut Snapshot, components: &[&Component], unknown: Unknown) {
    for component in components {
        snapshot.components.insert(component.address.clone(), Observation::Unknown(unknown.clone()));
    }
    snapshot.gaps.push(unknown);
}

fn present(observed: Observed, ownership: Ownership) -> Observation {
    Observation::Present(Box::new(Observed { ownership, ..observed }))
}

impl Tenant {
    fn orphan(&self, address: Address, title: String, class: Class, observed: Observed) -> Orphan {
        Orphan { address, realm: self.realm.clone(), title, class, observed }
    }

    async fn observe_keys(&self, components: &[&Component]) -> BTreeMap<Address, Observation> {
        if components.is_empty() {
            return BTreeMap::new();
        }
        let keys = self.api.signing_keys().await;
        let observation = |component: &Component| match &keys {
            Ok(keys) => match convert::keys(keys, component, &self.place) {
                Ok(observed) => present(observed, Ownership::Ours),
                Err(error) => self.unexpected(
                    format!("a signing certificate of {} cannot be read: {error}", self.realm),
                    "look at the tenant's signing keys in Auth0's dashboard",
                ),
            },
            Err(error) => Observation::Unknown(self.unknown(error, "signing keys", "read:signing_keys")),
        };
        components.iter().map(|component| (component.address.clone(), observation(component))).collect()
    }

    fn client(&self, clients: &[Client], component: &Component) -> Observation {
        let id = text_of(component, field::CLIENT_ID);
        let is_named = |client: &Client| match id {
            Some(id) => client.id == id,
            None => client.name == component.natural_key,
        };
        let observed = |client| convert::client(client, Some(component), &self.place);
        if is_external(component) {
            let found: Vec<&Client> = clients.iter().filter(|client| is_named(client)).collect();
            return match found[..] {
                [only] => present(observed(only), Ownership::Ours),
                [] => self.unexpected(
                    format!("{} has no application {}", self.realm, id.unwrap_or(&component.natural_key)),
                    "make it where it is managed, or give its client ID in `application.id`",
                ),
                _ => self.unexpected(
                    format!("{} has several applications named {}", self.realm, component.natural_key),
                    "give the client ID of the one that you mean in `application.id`",
                ),
            };
        }
        let marker_of = |client: &Client| client.metadata(metadata::MARKER).map(str::to_owned);
        claim(clients, component, marker_of, |client| client.id.clone(), is_named)
            .map_or(Observation::Absent, |(client, ownership)| present(observed(client), ownership))
    }

    fn bindings(
        &self,
        snapshot: &mut Snapshot,
        components: &[&Component],
        actions: &[Action],
        flow: Result<Vec<Binding>, HttpError>,
    ) {
        let flow = match flow {
            Ok(flow) => flow,
            Err(error) => {
                let unknown = self.unknown(&error, "post-login flow", "read:actions");
                for component in components {
                    let unknown = Observation::Unknown(unknown.clone());
                    snapshot.components.insert(component.address.clone(), unknown);
                }
                return;
            }
        };
        for component in components {
            let bound = action_of(actions, component)
                .filter(|action| flow.iter().any(|it| it.action_id() == Some(action.id.as_str())));
            let observation = bound
                .map_or(Observation::Absent, |action| present(convert::binding(&action.id), Ownership::Ours));
            snapshot.components.insert(component.address.clone(), observation);
        }
    }

    /// The users whom the components are about, and the users who carry any marker.
    async fn read_users(
        &self,
        components: &[&Component],
    ) -> (Result<BTreeMap<String, User>, SearchError>, Result<BTreeMap<String, User>, SearchError>) {
        let kept = self.users.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        let mut users = kept.unwrap_or_default();
        let present: BTreeSet<String> = users.values().filter_map(User::address).collect();
        let missing: BTreeSet<String> = components
            .iter()
            .map(|it| it.natural_key.clone())
            .filter(|email| !present.contains(email))
            .collect();
        let reads = async move {
            if missing.len() <= CONFIRMED_AT_MOST {
                // Asked for by address, nobody is missed because the index lags.
                for found in join_all(missing.iter().map(|email| self.api.users_by_email(email))).await {
                    users.extend(found?.into_iter().map(|user| (user.user_id.clone(), user)));
                }
            } else {
                let query = PopulationQuery { emails: missing, ..PopulationQuery::default() };
                users.extend(population::users(&self.api, &query).await?);
            }
            Ok(users)
        };
        tokio::join!(reads, population::search(&self.api, MARKED))
    }

    /// What exists of people's components. Search may still show what a user was before the last write, so what looks as if it
    /// had to change is read once more by ID, unless that is so much that it cannot be lag.
    async fn users(
        &self,
        components: &[&Component],
        users: &BTreeMap<String, User>,
    ) -> BTreeMap<Address, Observation> {
        let mut by_email: BTreeMap<String, Vec<&User>> = BTreeMap::new();
        for user in users.values() {
            by_email.entry(user.address().unwrap_or_default()).or_default().push(user);
        }
        let mut seen = BTreeMap::new();
        let mut doubtful = Vec::new();
        for component in components {
            let accounts = by_email.get(&component.natural_key).map(Vec::as_slice).unwrap_or_default();
            let observation = match pick(accounts, component) {
                Ok(user) => {
                    let observation = enabled(user, component);
                    if !is_settled(component, &observation) {
                        doubtful.push((*component, user));
                    }
                    observation
                }
                Err(observation) => observation,
            };
            seen.insert(component.address.clone(), observation);
        }
        if doubtful.len() <= CONFIRMED_AT_MOST {
            let again = join_all(doubtful.iter().map(|(_, user)| self.api.user(&user.user_id))).await;
            for ((component, user), again) in doubtful.into_iter().zip(again) {
                let observation = match again {
                    Ok(Some(user)) => enabled(&user, component),
                    Ok(None) => nobody(component),
                    Err(error) => Observation::Unknown(self.unknown(
                        &error,
                        &format!("user {}", user.user_id),
                        "read:users",
                    )),
                };
                seen.insert(component.address.clone(), observation);
            }
        }
        seen
    }

    /// Users as they are now, where they are few enough to be read one by one.
    async fn confirm(&self, users: Vec<User>) -> Vec<User> {
        if users.len() > CONFIRMED_AT_MOST {
            return users;
        }
        let again = join_all(users.iter().map(|user| self.api.user(&user.user_id))).await;
        users
            .into_iter()
            .zip(again)
            .filter_map(|(user, again)| match again {
                Ok(again) => again,
                // What search says is the best that is known.
                Err(_) => Some(user),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
