//! What exists in a customer: one list of schemas and one of users serve everything. Steps have nothing to see: attestations alone speak
//! for them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use async_trait::async_trait;
use futures_util::future::join_all;

use super::{
    client::{Api, GoogleConfig},
    convert::{self, is_empty, text_of},
    lower::{field, kind},
    population::{self, Memberships, PopulationError},
    wire::{Schema, User},
};
use crate::{
    component::{
        Address, Class, Component, Marker, Observation, Observed, Orphan, Ownership, Realm, Snapshot,
        Unknown, UnknownReason, WriteChannel,
    },
    http::{Http, HttpError},
    provider::{Observe, Population, PopulationQuery, Scope, owned::claim},
};

/// People who look as if they had to change and are read once more by themselves; more of them cannot be lag.
const CONFIRMED_AT_MOST: usize = 100;

/// One Google Workspace customer, for reading and, through [`Mutate`](crate::provider::Mutate), for writing.
pub(super) struct Customer {
    pub(super) api: Api,
    pub(super) realm: Realm,
    service_account: String,
    /// What was listed for the population, for the one observation that follows it.
    listed: Mutex<Option<Listed>>,
}

/// One reading of a customer.
struct Listed {
    schemas: Vec<Schema>,
    /// The schemas whose values were asked for.
    mask: BTreeSet<String>,
    users: Vec<User>,
}

impl Customer {
    pub(super) fn new(http: &Http, realm: Realm, config: &GoogleConfig) -> Result<Self, HttpError> {
        Ok(Self {
            api: Api::new(http, config)?,
            realm,
            service_account: config.service_account.clone(),
            listed: Mutex::new(None),
        })
    }

    fn unknown(&self, error: &HttpError, what: &str, scope: &str) -> Unknown {
        let (reason, help) = if error.is_forbidden() {
            let help = format!(
                "give the administrator whom the service account acts for a role with that privilege, and the domain-wide delegation of \
                 {} the scope `https://www.googleapis.com/auth/{scope}`",
                self.service_account
            );
            (UnknownReason::Forbidden, Some(help))
        } else if error.is_unauthorized() {
            let help = format!(
                "check the private key, that the administrator exists, and that the domain-wide delegation of {} has every scope that \
                 Concord asks for (Admin console > Security > Access and data control > API controls)",
                self.service_account
            );
            (UnknownReason::Unauthorized, Some(help))
        } else if error.is_unreachable() || error.is_retryable() {
            (UnknownReason::Unreachable, Some("run again once the service answers".to_owned()))
        } else {
            (UnknownReason::Unexpected, None)
        };
        Unknown { reason, message: format!("cannot read the {what} of {}: {error}", self.realm), help }
    }

    fn unknown_schemas(&self, error: &HttpError) -> Unknown {
        self.unknown(error, "custom schemas", "admin.directory.userschema.readonly")
    }

    fn unknown_users(&self, error: &HttpError) -> Unknown {
        self.unknown(error, "users", "admin.directory.user.readonly")
    }

    /// Schemas, and users with their values in those that carry a mark.
    async fn list(&self) -> Result<Listed, Unknown> {
        let schemas = self.api.schemas().await.map_err(|error| self.unknown_schemas(&error))?;
        let mask: BTreeSet<String> =
            schemas.iter().filter(|it| it.mark().is_some()).map(|it| it.name().to_owned()).collect();
        let names: Vec<String> = mask.iter().cloned().collect();
        let users = self.api.users(&names).await.map_err(|error| self.unknown_users(&error))?;
        Ok(Listed { schemas, mask, users })
    }

    fn take(&self) -> Option<Listed> {
        self.listed.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take()
    }
}

#[async_trait]
impl Observe for Customer {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    async fn population(&self, query: &PopulationQuery) -> Result<Population, Unknown> {
        let (listed, memberships) = tokio::join!(self.list(), Memberships::read(&self.api, &query.groups));
        let listed = listed?;
        let memberships = memberships.map_err(|error| match error {
            PopulationError::Http(error) => {
                self.unknown(&error, "groups", "admin.directory.group.member.readonly")
            }
            PopulationError::NoGroup(_) => Unknown {
                reason: UnknownReason::Unexpected,
                message: format!("cannot read the groups of {}: {error}", self.realm),
                help: Some("name the group by its address: `agents@example.com`".to_owned()),
            },
        })?;
        let population = population::select(&listed.users, query, &memberships);
        *self.listed.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(listed);
        Ok(population)
    }

    async fn observe(&self, components: &[&Component], scope: &Scope) -> Snapshot {
        let of_type = |wanted: &str| -> Vec<&Component> {
            components.iter().copied().filter(|it| it.address.component_type() == wanted).collect()
        };
        let (schema_components, user_components) = (of_type(kind::SCHEMA), of_type(kind::USER));
        let mut snapshot = Snapshot::default();
        for component in components.iter().filter(|it| it.step.is_some()) {
            let nothing_seen = Observation::Present(Box::default());
            snapshot.components.insert(component.address.clone(), nothing_seen);
        }
        let managed: Vec<&Component> = schema_components.iter().chain(&user_components).copied().collect();
        let listed = match self.take() {
            Some(listed) => Ok(listed),
            None => self.list().await,
        };
        let mut listed = match listed {
            Ok(listed) => listed,
            Err(unknown) => {
                for component in managed {
                    snapshot
                        .components
                        .insert(component.address.clone(), Observation::Unknown(unknown.clone()));
                }
                snapshot.gaps.push(unknown);
                return snapshot;
            }
        };
        // Values in a schema that somebody made by hand and that is to be adopted: known only now.
        let wanted: BTreeSet<&str> =
            user_components.iter().filter_map(|it| text_of(it, field::SCHEMA)).collect();
        let unread =
            listed.schemas.iter().any(|it| wanted.contains(it.name()) && !listed.mask.contains(it.name()));
        if unread {
            listed.mask.extend(
                listed.schemas.iter().map(Schema::name).filter(|it| wanted.contains(it)).map(str::to_owned),
            );
            let names: Vec<String> = listed.mask.iter().cloned().collect();
            match self.api.users(&names).await {
                Ok(users) => listed.users = users,
                Err(error) => {
                    let unknown = self.unknown_users(&error);
                    for component in &user_components {
                        snapshot
                            .components
                            .insert(component.address.clone(), Observation::Unknown(unknown.clone()));
                    }
                    snapshot.gaps.push(unknown);
                    return self.with_schemas(
                        snapshot,
                        &listed.schemas,
                        &schema_components,
                        components,
                        scope,
                    );
                }
            }
        }
        snapshot.components.extend(self.people(&user_components, &listed).await);
        let desired = Desired::of(components);
        for name in &listed.mask {
            snapshot.orphans.extend(listed.users.iter().filter_map(|user| {
                let address = desired.orphan(&user.mark(name)?.marker, kind::USER, scope)?;
                Some(Orphan {
                    title: format!("Google user {}", user.address().unwrap_or_else(|| user.id.clone())),
                    address,
                    realm: self.realm.clone(),
                    class: Class::Membership,
                    observed: convert::user(user, name),
                })
            }));
        }
        self.with_schemas(snapshot, &listed.schemas, &schema_components, components, scope)
    }
}

impl Customer {
    fn with_schemas(
        &self,
        mut snapshot: Snapshot,
        schemas: &[Schema],
        wanted: &[&Component],
        components: &[&Component],
        scope: &Scope,
    ) -> Snapshot {
        for component in wanted {
            let marker_of = |it: &Schema| it.mark().map(|mark| mark.marker);
            let id_of = |it: &Schema| it.id().to_owned();
            let is_named = |it: &Schema| it.name() == component.natural_key;
            let observation = match claim(schemas, component, marker_of, id_of, is_named) {
                None => Observation::Absent,
                Some((schema, ownership)) => Observation::Present(Box::new(Observed {
                    ownership,
                    ..convert::schema(schema, Some(component))
                })),
            };
            snapshot.components.insert(component.address.clone(), observation);
        }
        let desired = Desired::of(components);
        snapshot.orphans.extend(schemas.iter().filter_map(|schema| {
            let address = desired.orphan(&schema.mark()?.marker, kind::SCHEMA, scope)?;
            Some(Orphan {
                title: format!("Google custom attributes `{}`", schema.display_name()),
                address,
                realm: self.realm.clone(),
                class: Class::Object,
                observed: convert::schema(schema, None),
            })
        }));
        snapshot
    }

    /// What exists of people's values. Lists may show what a user was before the last write, so whoever looks as if something had to
    /// change is read once more, unless that is so many that it cannot be lag.
    async fn people(&self, components: &[&Component], listed: &Listed) -> BTreeMap<Address, Observation> {
        let by_email: BTreeMap<String, &User> =
            listed.users.iter().filter_map(|user| Some((user.address()?, user))).collect();
        let mut seen = BTreeMap::new();
        let mut doubtful = Vec::new();
        for component in components {
            let observation = match by_email.get(&component.natural_key) {
                Some(user) => enabled(user, component),
                None => nobody(component),
            };
            let schema = text_of(component, field::SCHEMA).unwrap_or_default();
            // Without the schema there is nothing to be behind.
            if !is_settled(component, &observation) && listed.mask.contains(schema) {
                doubtful.push((*component, schema.to_owned()));
            }
            seen.insert(component.address.clone(), observation);
        }
        if doubtful.len() > CONFIRMED_AT_MOST {
            return seen;
        }
        let again = join_all(doubtful.iter().map(|(component, schema)| {
            // Whoever is in no list is asked for by address: somebody who was made a moment ago.
            let key =
                by_email.get(&component.natural_key).map_or(component.natural_key.as_str(), |user| &user.id);
            self.api.user(key, std::slice::from_ref(schema))
        }))
        .await;
        for ((component, _), again) in doubtful.into_iter().zip(again) {
            let observation = match again {
                Ok(Some(user)) => enabled(&user, component),
                Ok(None) => nobody(component),
                Err(error) => Observation::Unknown(self.unknown_users(&error)),
            };
            seen.insert(component.address.clone(), observation);
        }
        seen
    }
}

/// Which addresses the manifests ask for.
struct Desired<'a>(BTreeSet<&'a Address>);

impl<'a> Desired<'a> {
    fn of(components: &[&'a Component]) -> Self {
        Self(components.iter().flat_map(|it| std::iter::once(&it.address).chain(&it.formerly)).collect())
    }

    /// The address in a marker that is the project's own and that nobody asks for.
    fn orphan(&self, marker: &str, component_type: &str, scope: &Scope) -> Option<Address> {
        let marker = Marker::parse(marker)?;
        let is_ours = marker.project == scope.project
            && scope.tenants.contains(&marker.address.tenant)
            && marker.address.component_type() == component_type
            && !self.0.contains(&marker.address);
        is_ours.then_some(marker.address)
    }
}

fn nobody(component: &Component) -> Observation {
    Observation::Unknown(Unknown {
        reason: UnknownReason::Unexpected,
        message: format!("{} has no user {}", component.realm, component.natural_key),
        help: Some("users of an identity provider are never made by Concord: make the user there".to_owned()),
    })
}

/// Whether a person has values. Somebody who exists without any value of ours is simply not enabled yet.
pub(super) fn enabled(user: &User, component: &Component) -> Observation {
    let schema = text_of(component, field::SCHEMA).unwrap_or_default();
    let observed = convert::user(user, schema);
    let ownership = match user.mark(schema) {
        Some(mark) if mark.marker == component.marker.to_string() => Ownership::Ours,
        Some(mark) => {
            // A person who moves from one enablement of the tenant to another stays enabled all the while.
            let ours = Marker::parse(&mark.marker).filter(|marker| {
                marker.project == component.marker.project
                    && marker.address.tenant == component.address.tenant
                    && marker.address.kind == component.address.kind
            });
            ours.map_or(Ownership::Foreign(mark.marker), |marker| Ownership::Renamed(marker.address))
        }
        None => {
            let has_a_value = component
                .fields
                .iter()
                .any(|it| it.path.starts_with(field::VALUES) && observed.fields.contains_key(&it.path));
            if is_empty(user.values(schema)) || !has_a_value {
                return Observation::Absent;
            }
            Ownership::Unmarked
        }
    };
    Observation::Present(Box::new(Observed { ownership, ..observed }))
}

/// Whether an observation needs no change.
fn is_settled(component: &Component, observation: &Observation) -> bool {
    let Observation::Present(observed) = observation else { return false };
    observed.ownership == Ownership::Ours
        && component.fields.iter().all(|it| {
            it.capability.write() != WriteChannel::Api
                || observed.fields.get(&it.path).is_some_and(|seen| it.rule.is_same(&it.value, seen))
        })
}
