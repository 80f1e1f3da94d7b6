//! What exists of the desired components. Everything comes out of the listings; no component costs a call of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;

use super::{
    OrganizationConfig, USER_SID,
    client::Api,
    field, kind,
    listing::Listing,
    population,
    roles::{Catalogue, Grant, Vocabulary, is_ownership},
    wire::{Assignment, User},
};
use crate::{
    component::{
        Address, Component, Observation, Observed, Ownership, Realm, Snapshot, Unknown, UnknownReason, Value,
    },
    diagnostics::suggest,
    http::{Http, HttpError},
    provider::{Observe, Person, Population, PopulationQuery, Scope},
};

type Observations = BTreeMap<Address, Observation>;

/// Reads one organization.
pub(super) struct Reader {
    realm: Realm,
    listing: Listing,
}

/// The users by e-mail address.
type ByEmail<'a> = HashMap<String, Vec<&'a User>>;

impl Reader {
    pub(super) fn new(http: &Http, config: &OrganizationConfig) -> Result<Self, HttpError> {
        Ok(Self { realm: config.realm(), listing: Listing::new(Api::new(http, config)?) })
    }

    fn organization(&self) -> &str {
        &self.realm.tenant
    }

    async fn users(&self, components: &[&Component]) -> Observations {
        let wanted = of_type(components, kind::USER);
        if wanted.is_empty() {
            return Observations::new();
        }
        let users = match self.listing.users().await {
            Ok(users) => users,
            Err(unknown) => return all_unknown(&wanted, &unknown),
        };
        let by_email = by_email(&users);
        let found = wanted.into_iter().map(|component| (component, user(component, &by_email))).collect();
        self.protect_owner(found).await
    }

    async fn roles(&self, components: &[&Component]) -> Observations {
        let wanted = of_type(components, kind::ROLES);
        if wanted.is_empty() {
            return Observations::new();
        }
        let vocabularies: Vec<Vocabulary> =
            wanted.iter().map(|component| Vocabulary::in_field(component, field::VOCABULARY)).collect();
        let scopes: BTreeSet<&str> = vocabularies.iter().flat_map(Vocabulary::scopes).collect();
        let listed = tokio::try_join!(
            self.listing.users(),
            self.listing.catalogue(),
            self.listing.assignments(&scopes)
        );
        let (users, catalogue, assignments) = match listed {
            Ok(listed) => listed,
            Err(unknown) => return all_unknown(&wanted, &unknown),
        };
        let by_email = by_email(&users);
        let mut by_identity: HashMap<&str, Vec<&Assignment>> = HashMap::new();
        for assignment in assignments.iter().flat_map(|list| list.iter()) {
            by_identity.entry(&assignment.identity).or_default().push(assignment);
        }
        let found = wanted
            .into_iter()
            .zip(&vocabularies)
            .map(|(component, vocabulary)| {
                let known = by_email.get(&component.natural_key).map(Vec::as_slice).unwrap_or_default();
                let observation = match known {
                    [] => Observation::Absent,
                    [user, ..] => {
                        let own = by_identity.get(user.id()).map(Vec::as_slice).unwrap_or_default();
                        match roles_of(user, own, vocabulary, &catalogue) {
                            Ok(observed) => present(Observed { ownership: ownership(known), ..observed }),
                            Err(unknown) => Observation::Unknown(unknown),
                        }
                    }
                };
                (component, observation)
            })
            .collect();
        self.protect_owner(found).await
    }

    /// Says of what differs on the owner that it cannot be written. Who that is is asked for only where something differs.
    async fn protect_owner(&self, found: Vec<(&Component, Observation)>) -> Observations {
        let differs = |component: &Component, observation: &Observation| match observation {
            Observation::Present(observed) => differs(component, observed),
            Observation::Absent | Observation::Unknown(_) => false,
        };
        let owners = if found.iter().any(|(component, observation)| differs(component, observation)) {
            // Where roles cannot be read, Twilio's own refusal has to do.
            self.owners().await.unwrap_or_default()
        } else {
            BTreeSet::new()
        };
        found
            .into_iter()
            .map(|(component, mut observation)| {
                if differs(component, &observation)
                    && let Observation::Present(observed) = &mut observation
                    && observed
                        .outputs
                        .get(USER_SID)
                        .and_then(Value::as_text)
                        .is_some_and(|sid| owners.contains(sid))
                {
                    observed.ownership = Ownership::Foreign(
                        "the organization's owner, whom Twilio lets nobody change by API".to_owned(),
                    );
                }
                (component.address.clone(), observation)
            })
            .collect()
    }

    async fn owners(&self) -> Result<BTreeSet<String>, Unknown> {
        let organization = self.organization();
        let scope = BTreeSet::from([organization]);
        let (catalogue, assignments) =
            tokio::try_join!(self.listing.catalogue(), self.listing.assignments(&scope))?;
        let assignments = assignments.iter().flat_map(|list| list.iter());
        let owners = assignments.filter(|assignment| catalogue.is_owner(assignment, organization));
        Ok(owners.map(|assignment| assignment.identity.clone()).collect())
    }
}

#[async_trait]
impl Observe for Reader {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    async fn population(&self, query: &PopulationQuery) -> Result<Population, Unknown> {
        population::population(&self.listing, self.organization(), query).await
    }

    /// The organization's users, by their e-mail addresses.
    async fn accounts(&self) -> Result<Option<Vec<Person>>, Unknown> {
        population::people(&self.listing, self.organization(), &BTreeSet::new()).await.map(Some)
    }

    /// Nothing in an organization carries a marker, so there are no orphans.
    async fn observe(&self, components: &[&Component], _scope: &Scope) -> Snapshot {
        let (users, roles) = tokio::join!(self.users(components), self.roles(components));
        Snapshot { components: users.into_iter().chain(roles).collect(), ..Snapshot::default() }
    }
}

fn of_type<'c>(components: &[&'c Component], wanted: &str) -> Vec<&'c Component> {
    components.iter().copied().filter(|component| component.address.component_type() == wanted).collect()
}

fn present(observed: Observed) -> Observation {
    Observation::Present(Box::new(observed))
}

fn all_unknown(components: &[&Component], unknown: &Unknown) -> Observations {
    components
        .iter()
        .map(|component| (component.address.clone(), Observation::Unknown(unknown.clone())))
        .collect()
}

/// Users under the user name, and under the primary address where that is another: either is the person's.
fn by_email(users: &[User]) -> ByEmail<'_> {
    let mut by_email = ByEmail::new();
    for user in users {
        let names: BTreeSet<String> =
            user.email().into_iter().chain(user.primary_email().map(str::to_lowercase)).collect();
        for name in names {
            by_email.entry(name).or_default().push(user);
        }
    }
    by_email
}

/// Several users of one address: nobody can say which one is meant.
fn ownership(users: &[&User]) -> Ownership {
    match users {
        [] | [_] => Ownership::Ours,
        several => Ownership::Ambiguous(several.iter().map(|user| user.id().to_owned()).collect()),
    }
}

fn user(component: &Component, by_email: &ByEmail<'_>) -> Observation {
    let known = by_email.get(&component.natural_key).map(Vec::as_slice).unwrap_or_default();
    match known {
        [user, ..] => present(Observed { ownership: ownership(known), ..observed_user(user) }),
        // Whoever is to be inactive and does not exist is so already.
        [] if is_removal(component) => {
            let fields = [(field::ACTIVE.to_owned(), Value::Bool(false))].into();
            present(Observed { fields, ..Observed::default() })
        }
        [] => Observation::Absent,
    }
}

/// Whether the component is a tombstone: it wants the user inactive.
pub(super) fn is_removal(component: &Component) -> bool {
    component.field(field::ACTIVE).is_some_and(|field| field.value == Value::Bool(false))
}

/// A user as a component. A display name that is not set follows from first and last name.
pub(super) fn observed_user(user: &User) -> Observed {
    let fields = [
        (field::USER_NAME, Value::from(user.user_name())),
        (field::DISPLAY_NAME, Value::from(user.full_name())),
        (field::GIVEN_NAME, Value::from(user.given_name())),
        (field::FAMILY_NAME, Value::from(user.family_name())),
        (field::ACTIVE, Value::Bool(user.is_active())),
    ];
    Observed {
        id: user.id().to_owned(),
        fields: fields.into_iter().map(|(path, value)| (path.to_owned(), value)).collect(),
        outputs: [(USER_SID.to_owned(), Value::text(user.id()))].into(),
        ..Observed::default()
    }
}

/// A person's roles within the vocabulary, and how many others the person has in the scopes that were listed.
fn roles_of(
    user: &User,
    assignments: &[&Assignment],
    vocabulary: &Vocabulary,
    catalogue: &Catalogue,
) -> Result<Observed, Unknown> {
    let mut held = Vec::new();
    for grant in &vocabulary.0 {
        let role = role_sid(grant, catalogue)?;
        if assignments.iter().any(|assignment| gives(assignment, role, &grant.scope)) {
            held.push(grant.to_string());
        }
    }
    Ok(observed_roles(user.id(), &held, assignments.len().saturating_sub(held.len())))
}

/// Roles as a component.
pub(super) fn observed_roles(user_sid: &str, held: &[String], kept: usize) -> Observed {
    Observed {
        id: user_sid.to_owned(),
        fields: [(field::ROLES.to_owned(), Value::texts(held))].into(),
        outputs: [(USER_SID.to_owned(), Value::text(user_sid))].into(),
        kept,
        ..Observed::default()
    }
}

/// Whether an assignment gives a role in a whole scope, and not for one resource in it.
pub(super) fn gives(assignment: &Assignment, role_sid: &str, scope: &str) -> bool {
    assignment.role_sid == role_sid && assignment.scope == scope && assignment.resource_id.is_none()
}

/// The SID of a role that the manifests name.
pub(super) fn role_sid<'a>(grant: &'a Grant, catalogue: &'a Catalogue) -> Result<&'a str, Unknown> {
    let unexpected = |message: String, help: String| Unknown {
        reason: UnknownReason::Unexpected,
        message,
        help: Some(help),
    };
    if is_ownership(grant) {
        return Err(unexpected(
            format!("`{}` cannot be assigned: an organization has one owner", grant.role),
            "leave the role out; ownership is handed over in the Twilio Console".to_owned(),
        ));
    }
    catalogue.sid(&grant.role).ok_or_else(|| {
        let help = match suggest(&grant.role, catalogue.names()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!(
                "the organization has {}",
                catalogue.names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            ),
        };
        unexpected(format!("the organization has no role `{}`", grant.role), help)
    })
}

/// Whether a field that is written differs.
fn differs(component: &Component, observed: &Observed) -> bool {
    component
        .fields
        .iter()
        .filter(|field| field.capability.write() == crate::component::WriteChannel::Api)
        .any(|field| {
            !field.rule.is_same(&field.value, observed.fields.get(&field.path).unwrap_or(&Value::Null))
        })
}
