//! What exists in an organization: applications in one list, and of those that are asked for the metadata. What belongs to an
//! application (assignments, keys) is read in `parts`.

mod parts;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use futures_util::future::join_all;

use self::parts::{Owner, Parts};

use super::{
    PROVIDER,
    client::{Api, OktaAuth, OktaConfig},
    convert::{self, Idp, Trust, is_external, text_of},
    lower::{field, kind},
    population::{self, PopulationError},
    wire::{App, Key},
};
use crate::{
    component::{
        Address, Class, Component, Marker, Observation, Observed, Orphan, Ownership, Realm, Snapshot,
        Unknown, UnknownReason,
    },
    http::{Http, HttpError},
    provider::{Mutate, Observe, Population, PopulationQuery, Scope, owned::claim},
    saml::names::Binding,
};

/// One Okta organization, for reading and, through [`Mutate`], for writing.
pub(super) struct Organization {
    pub(super) api: Api,
    pub(super) realm: Realm,
    pub(super) domain: String,
    /// The service app that Concord itself authenticates as.
    pub(super) own_id: Option<String>,
    /// What the population gave, once it was read.
    seen: Mutex<Option<Arc<Seen>>>,
    /// An application is written as a whole, so one write at a time: settings, keys and the note are parts of it.
    pub(super) writing: tokio::sync::Mutex<()>,
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

/// What the population of a plan gave.
#[derive(Debug)]
struct Seen {
    /// Who is selected: address by user ID.
    selected: BTreeMap<String, String>,
    /// The groups that were asked for.
    groups: population::Groups,
}

impl Organization {
    fn seen(&self) -> Option<Arc<Seen>> {
        self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

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
            seen: Mutex::new(None),
            writing: tokio::sync::Mutex::new(()),
        })
    }

    pub(super) fn unknown(&self, error: &HttpError, what: &str, scope: &str) -> Unknown {
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

    pub(super) fn unknown_people(&self, error: &PopulationError, what: &str) -> Unknown {
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
        let own = keys.iter().find(|key| key.kid == kid).and_then(Key::certificate);
        let idp = app.notes().idp.map(|(issuer, sso_url)| Idp { issuer, sso_url });
        Ok(Trust { idp, certificates: own.into_iter().collect() })
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
        let (population, groups) = population::list(&self.api, query)
            .await
            .map_err(|error| self.unknown_people(&error, "people"))?;
        let ambiguous =
            population.ambiguous.iter().flat_map(|(email, ids)| ids.iter().map(move |id| (id, email)));
        let selected = population.people.iter().map(|(email, person)| (&person.id, email)).chain(ambiguous);
        let selected = selected.map(|(id, email)| (id.clone(), email.clone())).collect();
        *self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) =
            Some(Arc::new(Seen { selected, groups }));
        Ok(population)
    }

    async fn observe(&self, components: &[&Component], scope: &Scope) -> Snapshot {
        let apps = match self.api.apps().await {
            Ok(apps) => apps,
            Err(error) => {
                let unknown = self.unknown(&error, "applications", "okta.apps.read");
                return Snapshot::unknown(components.iter().map(|it| &it.address), &unknown);
            }
        };
        let of_type = |wanted: &str| -> Vec<&Component> {
            components.iter().copied().filter(|it| it.address.component_type() == wanted).collect()
        };
        let wanted_apps = of_type(kind::APP);
        let claims: BTreeMap<&Address, Claim<'_>> =
            wanted_apps.iter().map(|it| (&it.address, claim_app(&apps, it))).collect();
        let mut parts: BTreeMap<Owner<'_>, Parts<'_>> = claims
            .iter()
            .map(|(address, claim)| (Owner::Component(address), Parts::of(claim.app())))
            .collect();
        for component in components {
            if let Some(Owner::Id(id)) = Owner::of(component) {
                let app = || apps.iter().find(|app| app.id == id);
                parts.entry(Owner::Id(id)).or_insert_with(|| Parts::of(app()));
            }
            // What belongs to an application that nobody asks for stays unknown below.
            if let Some(parts) = Owner::of(component).and_then(|owner| parts.get_mut(&owner)) {
                parts.add(component);
            }
        }
        for component in wanted_apps
            .iter()
            .filter(|it| [field::EXCLUSIVE, field::REMOVED].iter().any(|path| it.field(path).is_some()))
        {
            if let Some(parts) = parts.get_mut(&Owner::Component(&component.address)) {
                parts.exclusive = Some(component);
            }
        }

        let described = join_all(wanted_apps.iter().map(|it| self.app(it, &claims[&it.address])));
        let observed = join_all(parts.values().map(|parts| self.parts(parts)));
        let (described, observed) = tokio::join!(described, observed);
        let mut snapshot = Snapshot::default();
        snapshot.components.extend(described);
        for part in observed {
            snapshot.components.extend(part.components);
            snapshot.orphans.extend(part.orphans);
            snapshot.gaps.extend(part.gaps);
        }
        for component in components {
            snapshot.components.entry(component.address.clone()).or_insert_with(|| {
                // The application is not asked for, or does not say whose part it is.
                Observation::Unknown(Unknown {
                    reason: UnknownReason::Unexpected,
                    message: format!("{} did not say whether it exists", component.realm),
                    help: None,
                })
            });
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

/// An application that somebody else owns is found by its ID or label alone.
fn claim_app<'a>(apps: &'a [App], component: &Component) -> Claim<'a> {
    let id = text_of(component, field::ID);
    let is_named = |app: &App| match id {
        Some(id) => app.id == id,
        None => app.label() == component.natural_key,
    };
    if is_external(component) {
        let named: Vec<&App> = apps.iter().filter(|app| is_named(app)).collect();
        return match named[..] {
            [] => Claim::Nothing,
            [only] => Claim::Found(only, Ownership::Ours),
            [first, ..] => {
                Claim::Found(first, Ownership::Ambiguous(named.iter().map(|it| it.id.clone()).collect()))
            }
        };
    }
    match claim(apps, component, |app| app.notes().marker, |app| app.id.clone(), is_named) {
        Some((app, ownership)) => Claim::Found(app, ownership),
        None => Claim::Nothing,
    }
}
