//! People as components: each enablement is expanded and lowered on both sides, and whoever cannot be enabled is named.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use super::{
    agreement::Agreement,
    codes,
    enablement::{Enabled, Selected, expand, population_query},
};
use crate::{
    component::{Address, Class, Component},
    diagnostics::{Code, Finding, Location},
    manifest::{
        Resource,
        user_enablement::{Role, Stage, UserEnablementSpec},
    },
    plan::Warning,
    provider::{Member, PeopleSource, Person, Population, PopulationQuery},
    yaml::path,
};

/// The people of one agreement.
#[derive(Debug, Default)]
pub struct Membership {
    /// Their components.
    pub components: Vec<Component>,
    /// The components of the pilot's people: the test of the connection comes after them.
    pub pilot: Vec<Address>,
    /// What lets each person in, on either side: nobody is made to sign in so before it is there.
    pub everybody: Vec<Address>,
    /// Whoever cannot be enabled.
    pub warnings: Vec<Warning>,
}

/// The people of both sides of an agreement, as far as they are known.
#[derive(Debug, Clone, Copy)]
pub struct People<'a> {
    /// The identity provider's. `None` where it has no directory to read: people are those whom the manifests name, or the product has.
    pub identity_provider: Option<&'a Population>,
    /// The product's own; `None` where its accounts are not listed.
    pub product: Option<&'a Population>,
}

/// Whom to look for in the identity provider: whom the enablement names there, and whom the product has and the enablement selects
/// by what only the product knows.
pub fn identity_query(
    agreement: &Agreement<'_>,
    enablement: &Resource<UserEnablementSpec>,
    product: Option<&Population>,
) -> PopulationQuery {
    let mut query = population_query(&enablement.spec);
    let by_product = !(query.ids.is_empty() && query.accounts.is_empty());
    query.ids.clear();
    query.accounts.clear();
    if agreement.service_provider().people(&enablement.spec) == PeopleSource::Product
        && by_product
        && let Some(product) = product
    {
        let chosen = Selected::of(&enablement.spec);
        let selected = product.people.values().filter(|person| chosen.has(person));
        query.emails.extend(selected.map(|person| person.email.clone()));
    }
    query
}

/// Expands the enablements of an agreement and lowers everybody on both sides.
pub fn members(agreement: &Agreement<'_>, people: People<'_>) -> Membership {
    let mut membership = Membership::default();
    let Some(context) = agreement.context() else { return membership };
    for enablement in agreement.enablements() {
        let enabled = match (agreement.service_provider().people(&enablement.spec), people.product) {
            (PeopleSource::Product, Some(product)) => {
                of_product(enablement, product, people.identity_provider, &mut membership)
            }
            // Where nobody can list the product's accounts, the identity provider's people are all that is known.
            (PeopleSource::IdentityProvider, _) | (PeopleSource::Product, None) => {
                of_identity_provider(enablement, people.identity_provider, &mut membership)
            }
        };
        let places = Places::of(enablement);
        let members: Vec<Member<'_>> = enabled
            .iter()
            .map(|it| {
                let mut needs = agreement.identity_provider_side.gates.clone();
                if it.stage != Stage::Pilot {
                    needs.extend(agreement.service_provider_side.gates.iter().cloned());
                }
                Member {
                    person: &it.person,
                    account: people.product.and_then(|product| product.people.get(&it.person.email)),
                    stage: it.stage,
                    roles: it.roles.clone(),
                    attributes: it.attributes.clone(),
                    origin: places.of_person(&it.person.email),
                    needs,
                }
            })
            .collect();
        let (pilot, others): (Vec<_>, Vec<_>) =
            members.iter().cloned().partition(|member| member.stage == Stage::Pilot);
        let identity_provider = agreement.identity_provider();
        if identity_provider.lists_people_at_once() {
            let on_idp = identity_provider.lower_members(&context, enablement, &members);
            membership.pilot.extend(on_idp.iter().map(|component| component.address.clone()));
            membership.components.extend(on_idp);
        } else {
            let on_idp = identity_provider.lower_members(&context, enablement, &pilot);
            membership.pilot.extend(on_idp.iter().map(|component| component.address.clone()));
            membership.components.extend(on_idp);
            membership.components.extend(identity_provider.lower_members(&context, enablement, &others));
        }
        let mut on_product = agreement.service_provider().lower_members(&context, enablement, &members);
        let gates = &agreement.service_provider_side.gates;
        let tester = |address: &Address| {
            let key = address.component.split_once(':').map(|(_, email)| email);
            key.is_some_and(|key| pilot.iter().any(|member| member.person.email == key))
        };
        // The test's people need their accounts too, except for what itself waits for the test.
        let for_test = on_product
            .iter()
            .filter(|it| tester(&it.address) && !it.needs.iter().any(|need| gates.contains(need)));
        membership.pilot.extend(for_test.map(|component| component.address.clone()));
        // What switches people on as a whole comes after what lets each of them in.
        let each: Vec<Address> = on_product
            .iter()
            .chain(&membership.components)
            .filter(|it| it.class == Class::Membership && it.address.name == *enablement.name())
            .map(|it| it.address.clone())
            .collect();
        for component in on_product.iter_mut().filter(|it| it.class == Class::Object && it.step.is_some()) {
            component.needs.extend(each.iter().cloned());
        }
        membership.everybody.extend(each);
        membership.components.extend(on_product);
    }
    membership
}

/// One person who is enabled, with the identity provider's view of them.
struct Enabling {
    person: Person,
    stage: Stage,
    roles: Vec<Role>,
    attributes: BTreeMap<String, String>,
}

/// Everybody whom an enablement selects among the identity provider's people.
fn of_identity_provider(
    enablement: &Resource<UserEnablementSpec>,
    population: Option<&Population>,
    membership: &mut Membership,
) -> Vec<Enabling> {
    let named;
    let population = match population {
        Some(population) => population,
        None => {
            named = Population::named(&population_query(&enablement.spec));
            &named
        }
    };
    let expansion = expand(&enablement.spec, population);
    let place = enablement.at(&path!["spec"]);
    let (aliases, missing) = split_aliases(expansion.missing, population);
    membership.warn_aliases(aliases, &place);
    membership.warn(
        &codes::USER_NOT_IN_IDP,
        missing,
        "does not exist in the identity provider and is not enabled",
        "do not exist in the identity provider and are not enabled",
        &place,
    );
    membership.warn_inactive(expansion.inactive, &place);
    membership.warn_ambiguous(expansion.ambiguous, &place);
    let enabled = expansion.enabled.into_values();
    enabled
        .map(|Enabled { person, stage, roles, attributes }| Enabling {
            person: person.clone(),
            stage,
            roles,
            attributes,
        })
        .collect()
}

/// Everybody whom an enablement selects among the product's people, and whom the identity provider knows by the same address.
fn of_product(
    enablement: &Resource<UserEnablementSpec>,
    product: &Population,
    identity_provider: Option<&Population>,
    membership: &mut Membership,
) -> Vec<Enabling> {
    let mut merged = product.clone();
    if let Some(identities) = identity_provider {
        // Groups are the identity provider's: the product has none.
        for person in merged.people.values_mut() {
            if let Some(identity) = identities.people.get(&person.email) {
                person.groups.clone_from(&identity.groups);
            }
        }
    }
    let expansion = expand(&enablement.spec, &merged);
    let place = enablement.at(&path!["spec"]);
    membership.warn(
        &codes::USER_NOT_IN_PRODUCT,
        expansion.missing,
        "has no account in the product and is not enabled",
        "have no account in the product and are not enabled",
        &place,
    );
    let mut inactive = expansion.inactive;
    let mut ambiguous = expansion.ambiguous;
    let mut unknown = BTreeSet::new();
    let mut enabled = Vec::new();
    for (email, Enabled { person, stage, roles, attributes }) in expansion.enabled {
        let person = match identity_provider {
            None => Person { groups: BTreeSet::new(), ..person.clone() },
            Some(identities) => match identities.people.get(&email) {
                Some(identity) if identity.is_active => identity.clone(),
                Some(_) => {
                    inactive.insert(email);
                    continue;
                }
                None if identities.ambiguous.contains_key(&email) => {
                    ambiguous.insert(email);
                    continue;
                }
                None => {
                    unknown.insert(email);
                    continue;
                }
            },
        };
        enabled.push(Enabling { person, stage, roles, attributes });
    }
    if let Some(identities) = identity_provider {
        let (aliases, missing) = split_aliases(unknown, identities);
        membership.warn_aliases(aliases, &place);
        membership.warn(
            &codes::USER_NOT_IN_IDP,
            missing,
            "has an account in the product, does not exist in the identity provider and is not enabled",
            "have accounts in the product, do not exist in the identity provider and are not enabled",
            &place,
        );
    }
    membership.warn_inactive(inactive, &place);
    membership.warn_ambiguous(ambiguous, &place);
    enabled
}

/// Of addresses that nobody has, those that are somebody's alias, each with the address that the person signs in by; and the others.
fn split_aliases(
    emails: BTreeSet<String>,
    population: &Population,
) -> (BTreeMap<String, String>, BTreeSet<String>) {
    if emails.is_empty() {
        return (BTreeMap::new(), emails);
    }
    let of_alias: BTreeMap<&str, &str> = population
        .people
        .values()
        .flat_map(|person| person.aliases.iter().map(|alias| (alias.as_str(), person.email.as_str())))
        .collect();
    let mut aliases = BTreeMap::new();
    let mut others = BTreeSet::new();
    for email in emails {
        match of_alias.get(email.as_str()) {
            Some(real) => {
                aliases.insert(email, (*real).to_owned());
            }
            None => {
                others.insert(email);
            }
        }
    }
    (aliases, others)
}

impl Membership {
    fn warn_aliases(&mut self, aliases: BTreeMap<String, String>, place: &Location) {
        for (alias, real) in aliases {
            self.warnings.push(Warning {
                code: codes::USER_ALIAS.id,
                message: "{} signs in as {} and is not enabled".to_owned(),
                people: vec![alias, real],
                location: Some(place.clone()),
                help: Some("use one address on both sides".to_owned()),
            });
        }
    }

    fn warn_inactive(&mut self, people: BTreeSet<String>, place: &Location) {
        self.warn(
            &codes::USER_INACTIVE,
            people,
            "has a blocked account and is not enabled",
            "have blocked accounts and are not enabled",
            place,
        );
    }

    fn warn_ambiguous(&mut self, people: BTreeSet<String>, place: &Location) {
        self.warn(
            &codes::USER_AMBIGUOUS,
            people,
            "has several accounts in the identity provider and is not enabled",
            "have several accounts in the identity provider and are not enabled",
            place,
        );
    }

    fn warn(
        &mut self,
        code: &'static Code,
        people: BTreeSet<String>,
        one: &str,
        several: &str,
        place: &Location,
    ) {
        if people.is_empty() {
            return;
        }
        let names = vec!["{}"; people.len()].join(", ");
        self.warnings.push(Warning {
            code: code.id,
            message: format!("{names} {}", if people.len() == 1 { one } else { several }),
            people: people.into_iter().collect(),
            location: Some(place.clone()),
            help: Some(format!("`concord explain {}` says what can be done", code.id)),
        });
    }
}

/// People whom two enablements enable in one realm: each pair of enablements once, with how many people it is about.
pub(crate) fn enabled_twice(components: &[Component]) -> Vec<Finding> {
    let mut first: BTreeMap<(String, &str, &str, String), &Component> = BTreeMap::new();
    let mut pairs: BTreeMap<(String, String), Vec<(&Component, &Component)>> = BTreeMap::new();
    for component in components.iter().filter(|component| component.class == Class::Membership) {
        // Where a person is assigned to applications, each assignment has values of its own: two of them do not meet.
        let application = component
            .field("app")
            .map(|field| field.value.to_canonical_json().to_string())
            .unwrap_or_default();
        let key = (
            component.realm.to_string(),
            component.address.component_type(),
            component.natural_key.as_str(),
            application,
        );
        match first.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(component);
            }
            Entry::Occupied(entry) => {
                let other = entry.get();
                let pair = (other.address.name.to_string(), component.address.name.to_string());
                pairs.entry(pair).or_default().push((other, component));
            }
        }
    }
    pairs
        .into_iter()
        .filter_map(|((one, other), people)| {
            let (first, second) = *people.first()?;
            let who = match people.len() {
                1 => format!("`{}` is", first.natural_key),
                count => format!("`{}` and {} more are", first.natural_key, count - 1),
            };
            Some(
                Finding::new(
                    &codes::USER_ENABLED_TWICE,
                    format!("{who} enabled by `{one}` and by `{other}`"),
                )
                .at(second.origin.clone(), "enabled here")
                .related(first.origin.clone(), "and here")
                .help("exclude them from one of the two"),
            )
        })
        .collect()
}

/// Where an enablement names people, found once for all of them.
struct Places {
    by_person: BTreeMap<String, Location>,
    otherwise: Location,
}

impl Places {
    fn of(enablement: &Resource<UserEnablementSpec>) -> Self {
        let spec = &enablement.spec;
        let mut by_person = BTreeMap::new();
        for (at, email) in spec.select.users.iter().enumerate() {
            by_person.insert(email.to_lowercase(), enablement.at(&path!["spec", "select", "users", at]));
        }
        for (at, email) in spec.rollout.pilot.iter().enumerate() {
            by_person.insert(email.to_lowercase(), enablement.at(&path!["spec", "rollout", "pilot", at]));
        }
        for (at, it) in spec.roles.overrides.iter().enumerate() {
            if let Some(user) = &it.user {
                by_person
                    .insert(user.to_lowercase(), enablement.at(&path!["spec", "roles", "overrides", at]));
            }
        }
        Self { by_person, otherwise: enablement.key_at(&path!["spec", "select"]) }
    }

    fn of_person(&self, email: &str) -> Location {
        self.by_person.get(email).unwrap_or(&self.otherwise).clone()
    }
}
