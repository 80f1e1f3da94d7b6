//! What exists in an account: integrations in one list, the certificates of those that are asked for, teammates in bulk.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use futures_util::future::join_all;
use tokio::sync::OnceCell;

use super::{
    SendGridConfig,
    claim::{Claim, claim},
    client::Api,
    convert::{self, text_of},
    lower::{field, kind},
    wire::{Integration, Teammate},
};
use crate::{
    component::{
        Address, Class, Component, Observation, Observed, Orphan, Ownership, Realm, Snapshot, Unknown,
        UnknownReason, Value,
    },
    http::{Http, HttpError},
    manifest::{Kind, Name},
    provider::{Mutate, Observe, Person, Population, PopulationQuery, Scope},
};

/// One SendGrid account, for reading and, through [`Mutate`], for writing.
pub(super) struct Account {
    pub(super) api: Api,
    pub(super) realm: Realm,
    tenant: Name,
    remove: Vec<String>,
    /// Everybody, once they were listed: people are asked for before anything else, and are the same for a whole plan.
    teammates: OnceCell<Vec<Teammate>>,
}

/// A provider that reads a SendGrid account. Sends nothing yet.
///
/// # Errors
/// An endpoint that cannot be used, as plain http to another machine.
pub fn reader(http: &Http, config: &SendGridConfig) -> Result<Arc<dyn Observe>, HttpError> {
    Ok(Arc::new(Account::new(http, config)?))
}

/// A provider that writes to a SendGrid account. Sends nothing yet.
///
/// # Errors
/// As [`reader`].
pub fn writer(http: &Http, config: &SendGridConfig) -> Result<Arc<dyn Mutate>, HttpError> {
    Ok(Arc::new(Account::new(http, config)?))
}

impl Account {
    fn new(http: &Http, config: &SendGridConfig) -> Result<Self, HttpError> {
        Ok(Self {
            api: Api::new(http, &config.base, &config.api_key)?,
            realm: config.realm.clone(),
            tenant: config.tenant.clone(),
            remove: config.remove.clone(),
            teammates: OnceCell::new(),
        })
    }

    async fn teammates(&self) -> Result<&[Teammate], Unknown> {
        let listed = self.teammates.get_or_try_init(|| self.api.teammates()).await;
        listed.map(Vec::as_slice).map_err(|error| self.unknown_teammates(&error))
    }

    fn unknown(&self, error: &HttpError, what: &str, scope: &str) -> Unknown {
        let (reason, help) = if error.is_forbidden() {
            let help =
                format!("give the API key the permission `{scope}`; SSO needs a Pro plan or a higher one");
            (UnknownReason::Forbidden, Some(help))
        } else if error.is_unauthorized() {
            let help = "check the API key, and the region of the account: EU subusers have another host";
            (UnknownReason::Unauthorized, Some(help.to_owned()))
        } else if error.is_unreachable() || error.is_retryable() {
            (UnknownReason::Unreachable, None)
        } else {
            (UnknownReason::Unexpected, None)
        };
        Unknown { reason, message: format!("cannot read the {what} of {}: {error}", self.realm), help }
    }

    fn unknown_teammates(&self, error: &HttpError) -> Unknown {
        self.unknown(error, "teammates", "teammates.read")
    }
}

#[async_trait]
impl Observe for Account {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    /// SendGrid has no groups, so nobody is selected by one.
    async fn population(&self, query: &PopulationQuery) -> Result<Population, Unknown> {
        Ok(population(self.teammates().await?, query))
    }

    /// Those who sign in through the identity provider; whoever has a password need not be in it.
    async fn accounts(&self) -> Result<Option<Vec<Person>>, Unknown> {
        Ok(Some(self.teammates().await?.iter().filter(|it| !it.has_password()).map(person).collect()))
    }

    async fn observe(&self, components: &[&Component], _scope: &Scope) -> Snapshot {
        let of_type = |wanted: &str| -> Vec<&Component> {
            components.iter().copied().filter(|it| it.address.component_type() == wanted).collect()
        };
        let mut snapshot = Snapshot::default();
        let profiles: Vec<&Component> =
            [kind::INTEGRATION, kind::CERTIFICATES, kind::SWITCH].into_iter().flat_map(of_type).collect();
        if !profiles.is_empty() || !self.remove.is_empty() {
            self.profiles(&profiles, &mut snapshot).await;
        }
        let (reports, teammates) = (of_type(kind::TEAMMATES), of_type(kind::TEAMMATE));
        if !reports.is_empty() || !teammates.is_empty() {
            self.people(&reports, &teammates, &mut snapshot).await;
        }
        snapshot
    }
}

impl Account {
    /// Integrations with their certificates and switches, and the tombstones.
    async fn profiles(&self, components: &[&Component], snapshot: &mut Snapshot) {
        let integrations = match self.api.integrations().await {
            Ok(integrations) => integrations,
            Err(error) => {
                let unknown = self.unknown(&error, "SSO integrations", "sso.settings.read");
                let addresses = components.iter().map(|it| &it.address);
                *snapshot = Snapshot::unknown(addresses, &unknown);
                return;
            }
        };
        let is_integration = |it: &&&Component| it.address.component_type() == kind::INTEGRATION;
        let wanted: Vec<&Component> = components.iter().filter(is_integration).copied().collect();
        let claims: BTreeMap<&Address, Option<Claim<'_>>> = wanted
            .iter()
            .map(|component| {
                let others = wanted.iter().filter(|other| other.address != component.address);
                let others = others.map(|other| other.natural_key.as_str()).collect();
                (&component.address, claim(&integrations, component, &others))
            })
            .collect();
        let observed = components.iter().map(|component| async {
            let claimed = claims.get(&component.address.sibling(kind::INTEGRATION));
            let found = match claimed {
                Some(claim) => claim.as_ref().map(|it| (it.id, it.integration)),
                // A part alone says itself which integration it belongs to.
                None => text_of(component, field::INTEGRATION).and_then(|id| {
                    integrations.iter().find(|it| it.id.as_deref() == Some(id)).map(|it| (id, it))
                }),
            };
            let ownership =
                claimed.and_then(Option::as_ref).map(|it| it.ownership.clone()).unwrap_or_default();
            (component.address.clone(), self.profile(component, found, ownership).await)
        });
        snapshot.components.extend(join_all(observed).await);
        let claimed: BTreeSet<&str> = claims.values().flatten().map(|it| it.id).collect();
        snapshot.orphans.extend(self.tombstones(&integrations, &claimed));
    }

    async fn profile(
        &self,
        component: &Component,
        found: Option<(&str, &Integration)>,
        ownership: Ownership,
    ) -> Observation {
        let Some((id, integration)) = found else {
            let pin = text_of(component, field::ID);
            return pin.map_or(Observation::Absent, |pin| {
                Observation::Unknown(Unknown {
                    reason: UnknownReason::Unexpected,
                    message: format!("{} has no integration with the ID {pin}", self.realm),
                    help: Some("correct `connection`, or leave it out so that one is made".to_owned()),
                })
            });
        };
        let present = |observed| Observation::Present(Box::new(observed));
        match component.address.component_type() {
            kind::INTEGRATION => present(Observed { ownership, ..convert::integration(id, integration) }),
            kind::SWITCH => present(convert::switch(id, integration)),
            _ => match self.api.certificates(id).await {
                Ok(stored) => present(convert::certificates(id, &stored)),
                Err(error) => {
                    Observation::Unknown(self.unknown(&error, "SSO certificates", "sso.settings.read"))
                }
            },
        }
    }

    /// Integrations that the Tenant says to remove. One that a profile has is not removed.
    fn tombstones<'a>(
        &'a self,
        integrations: &'a [Integration],
        claimed: &'a BTreeSet<&str>,
    ) -> impl Iterator<Item = Orphan> + 'a {
        let is_meant = |id: &str, it: &Integration| {
            !claimed.contains(id) && self.remove.iter().any(|gone| gone == id || it.is_named(gone))
        };
        integrations.iter().filter_map(move |it| {
            let id = it.id.as_deref().filter(|id| is_meant(id, it))?;
            Some(Orphan {
                address: Address::new(
                    self.tenant.clone(),
                    Kind::Tenant,
                    self.tenant.clone(),
                    format!("{}:{id}", kind::INTEGRATION),
                ),
                realm: self.realm.clone(),
                title: format!(
                    "SendGrid integration `{}`, by `remove` in the Tenant",
                    it.name.as_deref().unwrap_or(id)
                ),
                class: Class::Object,
                observed: convert::integration(id, it),
            })
        })
    }

    async fn people(&self, reports: &[&Component], wanted: &[&Component], snapshot: &mut Snapshot) {
        let teammates = match self.teammates().await {
            Ok(teammates) => teammates,
            Err(unknown) => {
                let addresses = reports.iter().chain(wanted).map(|it| &it.address);
                let failed = Snapshot::unknown(addresses, &unknown);
                snapshot.components.extend(failed.components);
                snapshot.gaps.extend(failed.gaps);
                return;
            }
        };
        let mut by_email: BTreeMap<String, Vec<&Teammate>> = BTreeMap::new();
        for teammate in teammates {
            by_email.entry(teammate.email()).or_default().push(teammate);
        }
        let observed = wanted.iter().map(|component| async {
            let found = by_email.get(&component.natural_key).map(Vec::as_slice).unwrap_or_default();
            (component.address.clone(), self.observe_teammate(component, found).await)
        });
        snapshot.components.extend(join_all(observed).await);
        let desired: BTreeSet<&str> = wanted.iter().map(|it| it.natural_key.as_str()).collect();
        for report in reports {
            let nothing = Observed { id: report.address.to_string(), ..Observed::default() };
            snapshot.components.insert(report.address.clone(), Observation::Present(Box::new(nothing)));
            snapshot.orphans.extend(self.leaving(report, teammates, &desired));
        }
    }

    async fn observe_teammate(&self, component: &Component, found: &[&Teammate]) -> Observation {
        // Of several, the one that is named as its address: only an SSO teammate is.
        let own = |it: &&&Teammate| it.username.eq_ignore_ascii_case(&component.natural_key);
        let Some(teammate) = found.iter().find(own).or(found.first()) else { return Observation::Absent };
        if teammate.has_password() {
            let whose =
                if teammate.is_owner() { "the account's owner" } else { "a teammate with a password" };
            return Observation::Present(Box::new(Observed {
                ownership: Ownership::Foreign(format!("{whose}, who cannot become an SSO teammate")),
                ..convert::teammate(teammate, None, None)
            }));
        }
        match self.describe(teammate, component).await {
            Ok(observed) => Observation::Present(Box::new(observed)),
            Err(error) => Observation::Unknown(self.unknown_teammates(&error)),
        }
    }

    /// A teammate with as much as the component asks for.
    pub(super) async fn describe(
        &self,
        teammate: &Teammate,
        component: &Component,
    ) -> Result<Observed, HttpError> {
        let has = |path: &str| component.field(path).is_some();
        let full = match teammate.scopes {
            None if has(field::SCOPES) => self.api.teammate(&teammate.username).await?,
            _ => None,
        };
        let subusers = match has(field::SUBUSER_ACCESS) {
            true => Some(self.api.subuser_access(&teammate.username).await?),
            false => None,
        };
        Ok(convert::teammate(full.as_ref().unwrap_or(teammate), subusers.as_ref(), Some(component)))
    }

    /// Teammates to delete by name, and teammates whom nothing selects any more; these are only reported.
    fn leaving(&self, report: &Component, teammates: &[Teammate], desired: &BTreeSet<&str>) -> Vec<Orphan> {
        let list =
            |path: &str| report.field(path).and_then(|it| it.value.as_list()).unwrap_or_default().to_vec();
        let (remove, never) = (list(field::REMOVE), list(field::BREAK_GLASS));
        let leavers = match report.field(field::LEAVERS).map(|it| &it.value) {
            Some(Value::Map(leavers)) => leavers.clone(),
            _ => BTreeMap::new(),
        };
        let mut orphans = Vec::new();
        for teammate in teammates {
            let email = teammate.email();
            let is_in = |list: &[Value]| list.contains(&Value::text(email.as_str()));
            if desired.contains(email.as_str()) || teammate.is_owner() || is_in(&never) {
                continue;
            }
            let component = format!("{}:{email}", kind::TEAMMATE);
            let domain = email.rsplit_once('@').map(|(_, domain)| Value::text(domain));
            let left = leavers.iter().find(|(_, domains)| {
                let domains = domains.as_list().unwrap_or_default();
                !teammate.has_password() && domain.as_ref().is_some_and(|domain| domains.contains(domain))
            });
            let address = match left {
                _ if is_in(&remove) => Some(report.address.sibling(component)),
                Some((enablement, _)) => enablement.parse().ok().map(|name| {
                    Address::new(report.address.tenant.clone(), Kind::UserEnablement, name, component)
                }),
                None => None,
            };
            orphans.extend(address.map(|address| Orphan {
                address,
                realm: self.realm.clone(),
                title: format!("SendGrid teammate {email}"),
                class: Class::Membership,
                observed: convert::teammate(teammate, None, None),
            }));
        }
        orphans
    }
}

/// The people whom a query selects: SSO teammates, and administrators with a password whom it names.
fn population(teammates: &[Teammate], query: &PopulationQuery) -> Population {
    let mut population = Population::default();
    for teammate in teammates {
        let email = teammate.email();
        let is_named = query.emails.contains(&email);
        let is_selected = if teammate.has_password() {
            is_named && teammate.is_administrator()
        } else {
            is_named || email.rsplit_once('@').is_some_and(|(_, domain)| query.domains.contains(domain))
        };
        if !is_selected {
            continue;
        }
        // Somebody can be there twice: with a password under another name, and as an SSO teammate under the address.
        let new = person(teammate);
        let known = population.people.remove(&email);
        let is_administrator = new.is_administrator || known.as_ref().is_some_and(|it| it.is_administrator);
        let person = known.filter(|_| teammate.has_password()).unwrap_or(new);
        population.people.insert(email, Person { is_administrator, ..person });
    }
    population
}

/// A teammate as a person. Who needs the identity provider to sign in counts as no administrator: it is asked for where that is broken.
fn person(teammate: &Teammate) -> Person {
    Person {
        id: teammate.username.clone(),
        email: teammate.email(),
        name: teammate.name(),
        is_active: true,
        is_administrator: teammate.is_administrator() && teammate.has_password(),
        ..Person::default()
    }
}

#[cfg(test)]
mod tests;
