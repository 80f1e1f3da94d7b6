//! What exists of the desired components. Owns the question which connection is whose: a pin, else what was attested, else the one
//! unclaimed connection that leads to the desired SSO URL, and never one that leads elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use futures_util::future::join_all;

use super::{
    super::unknown::unexpected,
    FlexConfig,
    configuration::configuration,
    flex_api,
    legacy::{APP_CONFIG, MIGRATION, TEST as MIGRATED_TEST},
    lower::{INSTANCE, LABEL, TEST, TRUST, URLS, USER, acs_url, entity_id, redirects},
    probe::{Authorization, Connection, Lead, Services},
    users,
};
use crate::{
    component::{Address, Component, Observation, Observed, Realm, Rule, Snapshot, Unknown, Value},
    http::{Http, HttpError, Origin},
    provider::{Observe, Person, Population, PopulationQuery, Scope},
};

/// Reads one account.
pub(super) struct Reader {
    realm: Realm,
    instance: Option<String>,
    region: String,
    services: Services,
    api: Result<Origin, Unknown>,
}

type Observations = BTreeMap<Address, Observation>;

impl Reader {
    pub(super) fn new(http: &Http, config: &FlexConfig) -> Result<Self, HttpError> {
        Ok(Self {
            realm: config.realm(),
            instance: config.flex_instance.clone(),
            region: config.region.clone(),
            services: Services::new(http, config),
            api: flex_api(http, config)?,
        })
    }

    async fn profiles(&self, components: &[&Component]) -> Observations {
        let mut observations: Observations =
            of_types(components, &[LABEL, URLS, TEST, APP_CONFIG, MIGRATED_TEST])
                .into_iter()
                .map(|component| (component.address.clone(), present(Observed::default())))
                .collect();
        let trusts = of_types(components, &[TRUST, MIGRATION]);
        if trusts.is_empty() {
            return observations;
        }
        let listing = match self.services.connections().await {
            Ok(listing) => listing,
            Err(unknown) => {
                let unseen =
                    trusts.iter().map(|trust| (trust.address.clone(), Observation::Unknown(unknown.clone())));
                observations.extend(unseen);
                return observations;
            }
        };
        let claimed: BTreeSet<&str> = trusts.iter().filter_map(|trust| known_connection(trust)).collect();
        let profiles = trusts.iter().map(|trust| {
            // A migration is one form: its URLs are its own.
            let is_migration = trust.address.component_type() == MIGRATION;
            let address = trust.address.sibling(if is_migration { MIGRATION } else { URLS });
            let urls = components.iter().find(|component| component.address == address);
            (*trust, urls.map(|urls| redirects(urls)).unwrap_or_default())
        });
        let listing = &listing;
        let claimed = &claimed;
        let found = join_all(profiles.map(async |(trust, redirects)| {
            let found = match known_connection(trust) {
                Some(id) => self.known(id, listing, &redirects).await,
                None => self.discover(trust, listing, claimed, &redirects).await,
            };
            (trust, found)
        }))
        .await;
        let discovered: Vec<String> = found
            .iter()
            .filter_map(|(trust, found)| match found {
                Ok(Some(found)) if known_connection(trust).is_none() => Some(found.connection.id.clone()),
                _ => None,
            })
            .collect();
        for (trust, found) in found {
            let observation = match found {
                Err(unknown) => Observation::Unknown(unknown),
                Ok(None) => Observation::Absent,
                Ok(Some(found)) if discovered.iter().filter(|id| **id == found.connection.id).count() > 1 => {
                    Observation::Unknown(ambiguous(
                        &[&found.connection.id],
                        "several profiles lead to the SSO URL of",
                    ))
                }
                Ok(Some(found)) => {
                    if let Some(Observation::Present(urls)) =
                        observations.get_mut(&trust.address.sibling(URLS))
                    {
                        found.say_of_urls(urls);
                    }
                    present(found.observed(&self.region))
                }
            };
            observations.insert(trust.address.clone(), observation);
        }
        observations
    }

    /// A connection that is pinned or attested: it is there or it is not.
    async fn known(
        &self,
        id: &str,
        listing: &[Connection],
        redirects: &[String],
    ) -> Result<Option<Found>, Unknown> {
        let Some(connection) = listing.iter().find(|connection| connection.id == id) else {
            return Ok(None);
        };
        let way = self.probe(connection, redirects).await?;
        Ok(Some(Found { connection: connection.clone(), way }))
    }

    /// The unclaimed connection that leads where the profile wants it to lead. One that Twilio does not let begin with the profile's URLs
    /// is somebody else's, as far as anybody can tell.
    async fn discover(
        &self,
        trust: &Component,
        listing: &[Connection],
        claimed: &BTreeSet<&str>,
        redirects: &[String],
    ) -> Result<Option<Found>, Unknown> {
        let wanted = match trust.field("ssoUrl") {
            Some(field) if !field.value.is_pending() && !redirects.is_empty() => &field.value,
            _ => return Ok(None),
        };
        let mut found: Vec<Found> = Vec::new();
        let mut unseen = None;
        for connection in listing.iter().filter(|connection| !claimed.contains(connection.id.as_str())) {
            match self.probe(connection, redirects).await {
                Ok(way) => {
                    let leads_there = matches!(
                        &way, Way::Leads(lead) if Rule::Url.is_same(wanted, &Value::text(&lead.sso_url))
                    );
                    if leads_there {
                        found.push(Found { connection: connection.clone(), way });
                    }
                }
                Err(unknown) => unseen = Some(unknown),
            }
        }
        match (found.len(), unseen) {
            (0, Some(unknown)) => Err(unknown),
            (0 | 1, _) => Ok(found.pop()),
            _ => {
                let ids: Vec<&str> = found.iter().map(|found| found.connection.id.as_str()).collect();
                Err(ambiguous(&ids, "several connections lead to the profile's SSO URL:"))
            }
        }
    }

    async fn probe(&self, connection: &Connection, redirects: &[String]) -> Result<Way, Unknown> {
        // Nobody can sign in through an inactive one, so there is no way to follow.
        if connection.active == Some(false) || redirects.is_empty() {
            return Ok(Way::NotAsked);
        }
        for redirect in redirects {
            match self.services.authorize(&connection.id, redirect).await? {
                Authorization::Leads(lead) => return Ok(Way::Leads(lead)),
                // It may be a URL that is new in the manifest: another one may be trusted already.
                Authorization::Refused => {}
            }
        }
        Ok(Way::Refused)
    }

    async fn instances(&self, components: &[&Component]) -> Observations {
        let wanted = of_types(components, &[INSTANCE]);
        if wanted.is_empty() {
            return Observations::new();
        }
        let observation = match &self.api {
            Err(unknown) => Observation::Unknown(unknown.clone()),
            Ok(api) => match configuration(api, &self.realm.tenant).await {
                Ok(configuration) => present(configuration.observed()),
                Err(unknown) => Observation::Unknown(unknown),
            },
        };
        wanted.into_iter().map(|component| (component.address.clone(), observation.clone())).collect()
    }

    async fn users(&self, components: &[&Component]) -> Observations {
        let wanted = of_types(components, &[USER]);
        if wanted.is_empty() {
            return Observations::new();
        }
        match users::list(self.api.as_ref(), self.instance.as_deref()).await {
            Ok(users) => users::observe(&wanted, &users)
                .into_iter()
                .map(|(component, observation)| (component.address.clone(), observation))
                .collect(),
            Err(unknown) => wanted
                .into_iter()
                .map(|component| (component.address.clone(), Observation::Unknown(unknown.clone())))
                .collect(),
        }
    }
}

#[async_trait]
impl Observe for Reader {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    /// Flex is no identity provider: nobody is enabled from its users.
    async fn population(&self, _query: &PopulationQuery) -> Result<Population, Unknown> {
        Err(unexpected("Twilio Flex is no identity provider, so nobody is selected from its users", None))
    }

    /// The users of the Flex instance, by their e-mail addresses.
    async fn accounts(&self) -> Result<Option<Vec<Person>>, Unknown> {
        let users = users::list(self.api.as_ref(), self.instance.as_deref()).await?;
        let accounts = users.into_iter().map(|user| Person {
            id: user.flex_user_sid,
            email: user.email.unwrap_or(user.username).to_lowercase(),
            name: user.full_name,
            is_active: !user.deactivated,
            groups: BTreeSet::new(),
            ..Person::default()
        });
        Ok(Some(accounts.collect()))
    }

    /// Nothing in Flex carries a marker, so there are no orphans.
    async fn observe(&self, components: &[&Component], _scope: &Scope) -> Snapshot {
        let (profiles, instances, users) =
            tokio::join!(self.profiles(components), self.instances(components), self.users(components));
        Snapshot {
            components: profiles.into_iter().chain(instances).chain(users).collect(),
            ..Snapshot::default()
        }
    }
}

/// What came of following a connection.
enum Way {
    /// It was not followed.
    NotAsked,
    /// Twilio accepts none of the redirect URLs.
    Refused,
    /// To an identity provider.
    Leads(Box<Lead>),
}

struct Found {
    connection: Connection,
    way: Way,
}

impl Found {
    fn observed(&self, region: &str) -> Observed {
        let id = &self.connection.id;
        let lead = match &self.way {
            Way::Leads(lead) => Some(&**lead),
            Way::NotAsked | Way::Refused => None,
        };
        let entity = lead.and_then(|lead| lead.entity_id.clone());
        let acs = lead.and_then(|lead| lead.acs_url.clone());
        let seen = [
            ("active", self.connection.active.map(Value::Bool)),
            ("ssoUrl", lead.map(|lead| Value::text(&lead.sso_url))),
            ("entityId", entity.clone().map(Value::Text)),
            ("acsUrl", acs.clone().map(Value::Text)),
        ];
        let outputs = [
            ("connection", Some(Value::text(id))),
            ("clientId", self.connection.client_id.clone().map(Value::Text)),
            ("entityId", Some(Value::Text(entity.unwrap_or_else(|| entity_id(id))))),
            ("acsUrl", Some(Value::Text(acs.unwrap_or_else(|| acs_url(id, region))))),
        ];
        Observed {
            id: id.clone(),
            fields: seen.into_iter().filter_map(|(path, value)| Some((path.to_owned(), value?))).collect(),
            outputs: outputs
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)))
                .collect(),
            ..Observed::default()
        }
    }

    fn say_of_urls(&self, urls: &mut Observed) {
        let accepts = match &self.way {
            Way::Leads(_) => true,
            Way::Refused => false,
            Way::NotAsked => return,
        };
        urls.fields.insert("acceptsRedirect".to_owned(), Value::Bool(accepts));
    }
}

/// The connection that the manifests or an attestation name.
fn known_connection(trust: &Component) -> Option<&str> {
    let pin = trust.field("connection").and_then(|field| field.value.as_text());
    pin.or_else(|| trust.attested_outputs.get("connection").map(String::as_str))
}

fn ambiguous(ids: &[&str], what: &str) -> Unknown {
    unexpected(
        format!("{what} {}", ids.join(", ")),
        Some("say which one is the profile's with `connection: JQ...`"),
    )
}

fn present(observed: Observed) -> Observation {
    Observation::Present(Box::new(observed))
}

fn of_types<'c>(components: &[&'c Component], types: &[&str]) -> Vec<&'c Component> {
    let is_one = |component: &&Component| types.contains(&component.address.component_type());
    components.iter().copied().filter(is_one).collect()
}
