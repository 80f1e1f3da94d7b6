//! What exists in an organization: components listed by type, those that matter read in bulk, and people by a query.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;

use super::{
    client::{Api, SalesforceConfig},
    codes,
    convert::{self, RemoteApp, Surroundings, is_external},
    lower::{field, kind, realm},
    package::{Kind, SETTINGS},
    population::{self, PopulationError, User},
    write::Queue,
    xml::Element,
};
use crate::{
    component::{
        Address, Class, Component, Marker, Observation, Observed, Orphan, Ownership, Realm, Snapshot,
        Unknown, UnknownReason, Value,
    },
    http::{Http, HttpError},
    plan::Warning,
    provider::{Mutate, Observe, Population, PopulationQuery, Rehearse, Scope, owned},
    saml::names::Binding,
};

/// One Salesforce organization, for reading and, through [`Mutate`], for writing.
pub(super) struct Organization {
    pub(super) api: Api,
    pub(super) realm: Realm,
    pub(super) domain: String,
    /// Everybody's profile by user ID, as far as a population was read.
    profiles: Mutex<BTreeMap<String, String>>,
    /// What is about to be written.
    pub(super) queue: Queue,
}

/// A provider that reads a Salesforce organization. Sends nothing yet.
///
/// # Errors
/// A domain or endpoint that is no URL, or plain http to another machine.
pub(super) fn reader(http: &Http, config: &SalesforceConfig) -> Result<Arc<dyn Observe>, HttpError> {
    Ok(Arc::new(Organization::new(http, config)?))
}

/// A provider that writes to a Salesforce organization. Sends nothing yet.
///
/// # Errors
/// As [`reader`].
pub(super) fn writer(http: &Http, config: &SalesforceConfig) -> Result<Arc<dyn Mutate>, HttpError> {
    Ok(Arc::new(Organization::new(http, config)?))
}

/// A provider that asks a Salesforce organization what it would say to changes. Sends nothing yet.
///
/// # Errors
/// As [`reader`].
pub(super) fn rehearser(http: &Http, config: &SalesforceConfig) -> Result<Arc<dyn Rehearse>, HttpError> {
    Ok(Arc::new(Organization::new(http, config)?))
}

/// The types of an External Client App's components.
const APP_KINDS: [Kind; 3] = [Kind::ExternalClientApp, Kind::Policies, Kind::SamlPolicies];

/// What was read of applications.
#[derive(Debug, Default)]
pub(super) struct Apps {
    pub(super) external: Vec<RemoteApp>,
    pub(super) connected: Vec<RemoteApp>,
}

impl Organization {
    pub(super) fn new(http: &Http, config: &SalesforceConfig) -> Result<Self, HttpError> {
        let realm = realm(&config.domain);
        Ok(Self {
            api: Api::new(http, config)?,
            domain: realm.tenant.clone(),
            realm,
            profiles: Mutex::default(),
            queue: Queue::default(),
        })
    }

    pub(super) fn unknown(&self, error: &HttpError, what: &str) -> Unknown {
        let code = error.code().unwrap_or_default();
        let (reason, help) = if error.is_forbidden()
            || code.starts_with("INSUFFICIENT_ACCESS")
            || code == "API_DISABLED_FOR_ORG"
        {
            let help = "give the integration user the permissions Modify Metadata Through Metadata API Functions, Customize Application, View All \
                        External Client Apps, and View All Users; an edition without the API is said by `edition:`";
            (UnknownReason::Forbidden, Some(help.to_owned()))
        } else if error.is_unauthorized() || code == "INVALID_SESSION_ID" {
            let help = "check the consumer key, its secret or private key, and that the integration user may use the app: the client \
                        credentials flow needs a Run As user, the JWT bearer flow a pre-authorized one";
            (UnknownReason::Unauthorized, Some(help.to_owned()))
        } else if error.is_unreachable()
            || error.is_retryable()
            || matches!(error, HttpError::AnswerLost { .. })
        {
            (UnknownReason::Unreachable, None)
        } else {
            (UnknownReason::Unexpected, None)
        };
        Unknown { reason, message: format!("cannot read the {what} of {}: {error}", self.realm), help }
    }

    fn unknown_people(&self, error: &PopulationError) -> Unknown {
        match error {
            PopulationError::Http(error) => self.unknown(error, "people"),
            PopulationError::NoGroup(_) => Unknown {
                reason: UnknownReason::Unexpected,
                message: format!("cannot read the people of {}: {error}", self.realm),
                help: Some(
                    "name a profile as Setup shows it, or a permission set by its API name, in exact case"
                        .to_owned(),
                ),
            },
        }
    }

    /// All External Client Apps with their policies, and the Connected Apps of these names.
    pub(super) async fn apps(&self, connected: &[&str]) -> Result<Apps, HttpError> {
        let listed = self.api.list(&APP_KINDS.map(Kind::type_name)).await?;
        let names = |kind: Kind| -> Vec<&str> {
            listed.iter().filter(|it| it.kind == kind.type_name()).map(|it| it.full_name.as_str()).collect()
        };
        let read = async |kind: Kind, names: Vec<&str>| match names.is_empty() {
            true => Ok(Vec::new()),
            false => self.api.read(kind.type_name(), &names).await,
        };
        let (apps, policies, saml, connected) = tokio::try_join!(
            read(Kind::ExternalClientApp, names(Kind::ExternalClientApp)),
            read(Kind::Policies, names(Kind::Policies)),
            read(Kind::SamlPolicies, names(Kind::SamlPolicies)),
            read(Kind::ConnectedApp, connected.to_vec()),
        )?;
        // The documentation says that policies name their application by its label, and organizations answer its API name.
        let of = |parts: &[Element], app: &Element, full_name: &str| {
            let label = app.text_of("label");
            let parent = |part: &&Element| {
                let parent = part.text_of("externalClientApplication");
                parent == Some(full_name) || (parent.is_some() && parent == label)
            };
            let part = parts.iter().find(parent)?.clone();
            Some((part.text_of("fullName")?.to_owned(), part))
        };
        let remote = |app: Element, is_connected: bool| {
            let full_name = app.text_of("fullName").unwrap_or_default().to_owned();
            let (policies, saml) = match is_connected {
                true => (None, None),
                false => (of(&policies, &app, &full_name), of(&saml, &app, &full_name)),
            };
            RemoteApp { is_connected, full_name, app, policies, saml }
        };
        Ok(Apps {
            external: apps.into_iter().map(|app| remote(app, false)).collect(),
            connected: connected.into_iter().map(|app| remote(app, true)).collect(),
        })
    }

    /// What is to be known beside the applications themselves.
    pub(super) async fn surroundings(
        &self,
        apps: &[RemoteApp],
        with_metadata: bool,
    ) -> Result<Surroundings, HttpError> {
        let ids: Vec<String> = apps.iter().flat_map(RemoteApp::access_ids).collect();
        let published = async {
            match with_metadata {
                true => Ok(self.api.metadata().await?.map(|it| published(&it)).unwrap_or_default()),
                false => Ok(Vec::new()),
            }
        };
        let (names, published) = tokio::try_join!(population::names_of(&self.api, &ids), published)?;
        Ok(Surroundings { domain: self.domain.clone(), names, published })
    }

    /// One application as it is now.
    pub(super) async fn one_app(&self, component: &Component) -> Result<Option<RemoteApp>, HttpError> {
        let is_connected = is_connected(component);
        let name = [component.natural_key.as_str()];
        let apps = self.apps(if is_connected { &name } else { &[] }).await?;
        let all = if is_connected { apps.connected } else { apps.external };
        Ok(claim(&all, component).map(|(app, _)| app.clone()))
    }

    pub(super) async fn settings(&self) -> Result<Option<Element>, HttpError> {
        let found = self.api.read(Kind::IdentityProvider.type_name(), &[SETTINGS]).await?;
        Ok(found.into_iter().next())
    }

    pub(super) async fn certificates(&self, names: &[&str]) -> Result<Vec<Element>, HttpError> {
        match names.is_empty() {
            true => Ok(Vec::new()),
            false => self.api.read(Kind::Certificate.type_name(), names).await,
        }
    }

    async fn observe_apps(&self, wanted: &[&Component], scope: &Scope, snapshot: &mut Snapshot) {
        let connected: Vec<&str> =
            wanted.iter().filter(|it| is_connected(it)).map(|it| it.natural_key.as_str()).collect();
        let with_metadata =
            wanted.iter().any(|it| it.field(field::FINGERPRINTS).is_some() || is_external(it));
        let read = async {
            let apps = self.apps(&connected).await?;
            let mut all = apps.external.clone();
            all.extend(apps.connected.iter().cloned());
            let around = self.surroundings(&all, with_metadata).await?;
            Ok::<_, HttpError>((apps, around))
        };
        let (apps, around) = match read.await {
            Ok(read) => read,
            Err(error) => {
                let unknown = self.unknown(&error, "applications");
                for component in wanted {
                    snapshot
                        .components
                        .insert(component.address.clone(), Observation::Unknown(unknown.clone()));
                }
                snapshot.gaps.push(unknown);
                return;
            }
        };
        for component in wanted {
            let all = if is_connected(component) { &apps.connected } else { &apps.external };
            let observation = match claim(all, component) {
                Some((app, ownership)) => {
                    let observed = convert::app(app, Some(component), &around);
                    Observation::Present(Box::new(Observed { ownership, ..observed }))
                }
                None if is_connected(component) || is_external(component) => {
                    Observation::Unknown(self.no_app(component))
                }
                None => Observation::Absent,
            };
            snapshot.components.insert(component.address.clone(), observation);
        }
        let desired: BTreeSet<&Address> =
            wanted.iter().flat_map(|it| std::iter::once(&it.address).chain(&it.formerly)).collect();
        snapshot.orphans.extend(apps.external.iter().filter_map(|app| {
            let marker = Marker::parse(app.description().marker.as_deref()?)?;
            let is_ours = marker.project == scope.project
                && scope.tenants.contains(&marker.address.tenant)
                && marker.address.component_type() == kind::APP
                && !desired.contains(&marker.address);
            is_ours.then(|| Orphan {
                title: format!("Salesforce External Client App `{}`", app.label()),
                address: marker.address,
                realm: self.realm.clone(),
                class: Class::Object,
                observed: convert::app(app, None, &around),
            })
        }));
    }

    fn no_app(&self, component: &Component) -> Unknown {
        let name = &component.natural_key;
        let (message, help) = if is_connected(component) {
            (
                format!(
                    "{} has no Connected App `{name}`, and since Spring '26 none can be made, neither by the API nor in Setup",
                    self.realm
                ),
                "give the API name of an existing one in `application.id`, or leave `kind` out: an External Client App can be made",
            )
        } else {
            (
                format!("{} has no External Client App `{name}`", self.realm),
                "make it where it is managed, or give its API name in `application.id`",
            )
        };
        Unknown { reason: UnknownReason::Unexpected, message, help: Some(help.to_owned()) }
    }

    async fn observe_certificates(&self, wanted: &[&Component]) -> BTreeMap<Address, Observation> {
        let names: Vec<&str> = wanted.iter().map(|it| it.natural_key.as_str()).collect();
        let found = self.certificates(&names).await;
        let of = |component: &&Component| {
            let observation = match &found {
                Err(error) => Observation::Unknown(self.unknown(error, "certificates")),
                Ok(found) => {
                    let certificate =
                        found.iter().find(|it| it.text_of("fullName") == Some(&component.natural_key));
                    certificate.map_or(Observation::Absent, |it| {
                        Observation::Present(Box::new(convert::certificate(it, component)))
                    })
                }
            };
            (component.address.clone(), observation)
        };
        wanted.iter().map(of).collect()
    }

    /// The settings as an identity provider. Somebody else's, as long as they are on with another certificate and the one that is wanted
    /// does not even exist: to take it over would change what every service provider of the organization is signed for with.
    async fn observe_settings(
        &self,
        wanted: &[&Component],
        has_certificate: impl Fn(&str) -> bool,
    ) -> BTreeMap<Address, Observation> {
        let found = self.settings().await;
        let of = |component: &&Component| {
            let observation = match &found {
                Err(error) => Observation::Unknown(self.unknown(error, "identity-provider settings")),
                Ok(element) => {
                    let mut observed = convert::settings(element.as_ref());
                    let wanted_name =
                        component.field(field::CERTIFICATE_NAME).and_then(|it| it.value.as_text());
                    let is_on = observed.fields.get(field::ENABLED) == Some(&Value::Bool(true));
                    let is_other =
                        observed.fields.get(field::CERTIFICATE_NAME).and_then(Value::as_text) != wanted_name;
                    if is_on && is_other && !wanted_name.is_some_and(&has_certificate) {
                        observed.ownership = Ownership::Unmarked;
                    }
                    Observation::Present(Box::new(observed))
                }
            };
            (component.address.clone(), observation)
        };
        wanted.iter().map(of).collect()
    }

    /// People's access.
    async fn observe_people(&self, wanted: &[&Component]) -> BTreeMap<Address, Observation> {
        let unknown = |error: &HttpError| self.unknown(error, "people's access");
        let sets: BTreeSet<String> =
            wanted.iter().filter_map(|it| text_of(it, field::PERMISSION_SET)).collect();
        let assigned = match sets.is_empty() {
            true => Ok(BTreeMap::new()),
            false => population::assignments(&self.api, &sets).await,
        };
        let by_profile = wanted.iter().filter(|it| it.field(field::PROFILES).is_some());
        let known = self.profiles.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        let missing: BTreeSet<String> = by_profile
            .filter_map(|it| text_of(it, field::USER_ID))
            .filter(|id| !known.contains_key(id))
            .collect();
        let profiles = population::users_of(&self.api, "Id", &missing).await.map(|users| {
            let mut profiles = known;
            profiles.extend(users.iter().filter_map(|it| Some((it.id.clone(), it.profile()?.to_owned()))));
            profiles
        });
        let of = |component: &&Component| {
            let id = text_of(component, field::USER_ID).unwrap_or_default();
            let observation = match (text_of(component, field::PERMISSION_SET), &assigned, &profiles) {
                (Some(_), Err(error), _) | (None, _, Err(error)) => Observation::Unknown(unknown(error)),
                (Some(set), Ok(assigned), _) => {
                    let assignment = assigned.get(&(set.clone(), id));
                    match component.field(field::HAS_ACCESS) {
                        Some(_) => access(assignment.is_some()),
                        None => assignment.map_or(Observation::Absent, |id| assignment_of(id, &set)),
                    }
                }
                (None, _, Ok(profiles)) => {
                    let allowed = component
                        .field(field::PROFILES)
                        .and_then(|it| it.value.as_list())
                        .unwrap_or_default();
                    access(profiles.get(&id).is_some_and(|it| allowed.contains(&Value::text(it))))
                }
            };
            (component.address.clone(), observation)
        };
        wanted.iter().map(of).collect()
    }

    /// Whether the test users exist. Without a credential nobody can look, and the steps are attested.
    async fn observe_testers(&self, wanted: &[&Component]) -> BTreeMap<Address, Observation> {
        let emails: BTreeSet<String> = wanted.iter().map(|it| it.natural_key.clone()).collect();
        let users = match self.api.has_credential() {
            true => population::users_of(&self.api, "Email", &emails).await.map(Some),
            false => Ok(None),
        };
        let of = |component: &&Component| {
            let observation = match &users {
                Err(error) => Observation::Unknown(self.unknown(error, "test users")),
                Ok(None) => Observation::Present(Box::default()),
                Ok(Some(users)) => {
                    let is_meant =
                        |it: &&User| it.is_active() && it.email().as_deref() == Some(&component.natural_key);
                    let exists = users.iter().any(|it| is_meant(&it));
                    let fields = BTreeMap::from([(field::EXISTS.to_owned(), exists.into())]);
                    Observation::Present(Box::new(Observed { fields, ..Observed::default() }))
                }
            };
            (component.address.clone(), observation)
        };
        wanted.iter().map(of).collect()
    }

    /// What steps for a person have come to, in an edition without the API: the published metadata tell a part of it.
    async fn observe_steps(&self, wanted: &[&Component]) -> BTreeMap<Address, Observation> {
        let is_settings = |it: &&&Component| it.address.component_type() == kind::IDENTITY_PROVIDER;
        let metadata = match wanted.iter().any(|it| is_settings(&it)) {
            true => self.api.metadata().await,
            false => Ok(None),
        };
        let of = |component: &&Component| {
            let observation = match &metadata {
                _ if !is_settings(&component) => Observation::Present(Box::default()),
                Err(error) => Observation::Unknown(self.unknown(error, "published metadata")),
                Ok(metadata) => {
                    let certificates = metadata.as_ref().map(published).unwrap_or_default();
                    let pins = component.field(field::FINGERPRINTS).map(|it| &it.value);
                    let mut observed = Observed::default();
                    observed.fields.insert(field::ENABLED.to_owned(), metadata.is_some().into());
                    if !certificates.is_empty() {
                        let seen = crate::provider::pins::seen(&certificates, pins);
                        observed.fields.insert(field::FINGERPRINTS.to_owned(), seen);
                        let list = certificates.into_iter().map(Value::Certificate).collect();
                        observed.outputs.insert("certificates".to_owned(), Value::List(list));
                    }
                    Observation::Present(Box::new(observed))
                }
            };
            (component.address.clone(), observation)
        };
        wanted.iter().map(of).collect()
    }
}

/// The certificates that the organization publishes as an identity provider.
fn published(metadata: &crate::saml::Metadata) -> Vec<crate::saml::Certificate> {
    let idp = metadata.select_idp(None).ok().map(|(_, idp)| idp);
    let idp = idp.filter(|idp| {
        idp.sso_location(Binding::HttpRedirect).or_else(|| idp.sso_location(Binding::HttpPost)).is_some()
    });
    idp.map(|idp| idp.signing_certificates.clone()).unwrap_or_default()
}

fn text_of(component: &Component, path: &str) -> Option<String> {
    component.field(path)?.value.as_text().map(str::to_owned)
}

/// Whether a component is a Connected App.
pub(super) fn is_connected(component: &Component) -> bool {
    text_of(component, field::APP_KIND).as_deref() == Some("connectedApp")
}

fn access(has_access: bool) -> Observation {
    let fields = BTreeMap::from([(field::HAS_ACCESS.to_owned(), has_access.into())]);
    Observation::Present(Box::new(Observed { fields, ..Observed::default() }))
}

fn assignment_of(id: &str, permission_set: &str) -> Observation {
    Observation::Present(Box::new(assigned(id, permission_set)))
}

/// The assignment of a permission set to a person.
pub(super) fn assigned(id: &str, permission_set: &str) -> Observed {
    let fields = BTreeMap::from([(field::PERMISSION_SET.to_owned(), Value::text(permission_set))]);
    Observed { id: id.to_owned(), fields, ..Observed::default() }
}

/// Which application is a component's, and whose it is: by its marker, by its former marker, by its API name.
pub(super) fn claim<'a>(apps: &'a [RemoteApp], component: &Component) -> Option<(&'a RemoteApp, Ownership)> {
    // API names are unique whatever the case.
    if is_external(component) {
        let named = apps.iter().find(|app| app.full_name.eq_ignore_ascii_case(&component.natural_key));
        return named.map(|app| (app, Ownership::Ours));
    }
    owned::claim(
        apps,
        component,
        |app| app.description().marker,
        |app| app.full_name.clone(),
        |app| app.full_name.eq_ignore_ascii_case(&component.natural_key),
    )
}

#[async_trait]
impl Observe for Organization {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    async fn population(&self, query: &PopulationQuery) -> Result<Population, Unknown> {
        let listed = population::list(&self.api, query).await;
        let (population, profiles) = listed.map_err(|error| self.unknown_people(&error))?;
        self.profiles.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).extend(profiles);
        Ok(population)
    }

    async fn observe(&self, components: &[&Component], scope: &Scope) -> Snapshot {
        let of_type = |wanted: &str, are_steps: bool| -> Vec<&Component> {
            let is_meant =
                |it: &&Component| it.address.component_type() == wanted && it.step.is_some() == are_steps;
            components.iter().copied().filter(is_meant).collect()
        };
        let steps: Vec<&Component> = [kind::CERTIFICATE, kind::IDENTITY_PROVIDER, kind::APP, kind::PEOPLE]
            .into_iter()
            .flat_map(|wanted| of_type(wanted, true))
            .collect();
        let apps = of_type(kind::APP, false);
        let certificates = of_type(kind::CERTIFICATE, false);
        let settings = of_type(kind::IDENTITY_PROVIDER, false);
        let mut snapshot = Snapshot::default();
        let people = of_type(kind::USER, false);
        let testers = of_type(kind::TEST_USER, true);
        let mut of_apps = Snapshot::default();
        // Orphans are looked for wherever the Metadata API serves: an organization with steps alone has none.
        let looks_for_apps = self.api.has_credential() && steps.is_empty();
        let ((), of_certificates, of_people, of_testers, of_steps) = tokio::join!(
            async {
                if looks_for_apps {
                    self.observe_apps(&apps, scope, &mut of_apps).await;
                }
            },
            self.observe_certificates(&certificates),
            self.observe_people(&people),
            self.observe_testers(&testers),
            self.observe_steps(&steps),
        );
        snapshot.components.extend(of_apps.components);
        snapshot.orphans = of_apps.orphans;
        snapshot.gaps = of_apps.gaps;
        if !settings.is_empty() {
            let has_certificate = |name: &str| {
                certificates.iter().any(|it| {
                    it.natural_key == name
                        && matches!(of_certificates.get(&it.address), Some(Observation::Present(_)))
                })
            };
            snapshot.components.extend(self.observe_settings(&settings, has_certificate).await);
        }
        for observations in [of_certificates, of_people, of_testers, of_steps] {
            snapshot.components.extend(observations);
        }
        snapshot
    }

    fn warnings(
        &self,
        components: &[&Component],
        snapshot: &Snapshot,
        _now: jiff::Timestamp,
    ) -> Vec<Warning> {
        let certificates = components
            .iter()
            .filter(|it| it.address.component_type() == kind::CERTIFICATE && it.step.is_none());
        certificates
            .filter(|it| matches!(snapshot.components.get(&it.address), Some(Observation::Absent)))
            .map(|it| short_life(it))
            .collect()
    }
}

/// A certificate that is to be made: how long it will live. When one ends that is there is said for every vendor alike.
fn short_life(component: &Component) -> Warning {
    let (bits, life) = match component.field(field::KEY_SIZE).map(|it| &it.value) {
        Some(Value::Int(4096)) => (4096, "two years"),
        _ => (2048, "one year"),
    };
    Warning {
        code: codes::CERTIFICATE_LIFE.id,
        message: format!(
            "the certificate `{}` that Salesforce will make, with {bits} bits, is valid for {life}",
            component.natural_key
        ),
        people: Vec::new(),
        location: component.field(field::NAME).and_then(|it| it.origin.clone()),
        help: Some(
            "name a new one in `application.salesforce.certificate` in time; the plan then shows each step of the rotation"
                .to_owned(),
        ),
    }
}
