//! People as components: each enablement is expanded and lowered on both sides, and whoever cannot be enabled is named.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use super::{
    agreement::Agreement,
    codes,
    enablement::{Enabled, expand},
};
use crate::{
    component::{Address, Class, Component},
    diagnostics::{Code, Finding, Location},
    manifest::{
        Resource,
        user_enablement::{Stage, UserEnablementSpec},
    },
    plan::Warning,
    provider::{Member, Population},
    yaml::path,
};

/// The people of one agreement.
#[derive(Debug, Default)]
pub struct Membership {
    /// Their components.
    pub components: Vec<Component>,
    /// The components of the pilot's people: the test of the connection comes after them.
    pub pilot: Vec<Address>,
    /// Whoever cannot be enabled.
    pub warnings: Vec<Warning>,
}

/// Expands the enablements of an agreement and lowers everybody on both sides.
pub fn members(agreement: &Agreement<'_>, population: &Population) -> Membership {
    let mut membership = Membership::default();
    let Some(context) = agreement.context() else { return membership };
    for enablement in agreement.enablements() {
        let expansion = expand(&enablement.spec, population);
        let place = enablement.at(&path!["spec"]);
        membership.warn(
            &codes::USER_NOT_IN_IDP,
            expansion.missing,
            "does not exist in the identity provider and is not enabled",
            "do not exist in the identity provider and are not enabled",
            &place,
        );
        membership.warn(
            &codes::USER_INACTIVE,
            expansion.inactive,
            "has a blocked account and is not enabled",
            "have blocked accounts and are not enabled",
            &place,
        );
        membership.warn(
            &codes::USER_AMBIGUOUS,
            expansion.ambiguous,
            "has several accounts in the identity provider and is not enabled",
            "have several accounts in the identity provider and are not enabled",
            &place,
        );
        let places = Places::of(enablement);
        for (email, Enabled { person, stage, roles, attributes }) in expansion.enabled {
            let mut needs = agreement.identity_provider_side.gates.clone();
            if stage != Stage::Pilot {
                needs.extend(agreement.service_provider_side.gates.iter().cloned());
            }
            let origin = places.of_person(&email);
            let member = Member { person, stage, roles, attributes, origin, needs };
            let on_idp = agreement.identity_provider().lower_member(&context, enablement, &member);
            let on_sp = agreement.service_provider().lower_member(&context, enablement, &member);
            if stage == Stage::Pilot {
                membership.pilot.extend(on_idp.iter().map(|component| component.address.clone()));
            }
            membership.components.extend(on_idp);
            membership.components.extend(on_sp);
        }
    }
    membership
}

impl Membership {
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
    let mut first: BTreeMap<(String, &str, &str), &Component> = BTreeMap::new();
    let mut pairs: BTreeMap<(String, String), Vec<(&Component, &Component)>> = BTreeMap::new();
    for component in components.iter().filter(|component| component.class == Class::Membership) {
        let key =
            (component.realm.to_string(), component.address.component_type(), component.natural_key.as_str());
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
