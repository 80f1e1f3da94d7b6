//! Who is enabled at a stage: an enablement and a population become people. Pure and stable: the same people are in the same wave
//! whatever the order of anything.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    manifest::{
        policy::Percent,
        user_enablement::{AttributeOverride, Role, RoleOverride, Stage, UserEnablementSpec, Wave},
    },
    provider::{Person, Population, PopulationQuery},
};

/// Whom the present stage needs to know: at the pilot only the pilot's people, whatever the selection will be later.
pub fn population_query(spec: &UserEnablementSpec) -> PopulationQuery {
    let mut query = PopulationQuery::default();
    query.emails.extend(lower(&spec.rollout.pilot));
    let stage = spec.rollout.stage;
    if stage >= Stage::Waves {
        for wave in active_waves(spec) {
            query.emails.extend(lower(&wave.users));
            query.groups.extend(wave.groups.iter().cloned());
        }
    }
    let needs_everybody = stage >= Stage::All
        || (stage == Stage::Waves && active_waves(spec).iter().any(|w| w.percent.is_some()));
    if needs_everybody {
        query.domains.extend(lower(&spec.select.email_domains));
        query.emails.extend(lower(&spec.select.users));
        query.groups.extend(spec.select.groups.iter().cloned());
        query.ids.extend(spec.select.user_sids.iter().cloned());
        query.accounts.extend(spec.select.accounts.iter().cloned());
    }
    if !query.is_empty() {
        query.groups.extend(spec.roles.overrides.iter().filter_map(|it| it.group.clone()));
    }
    query
}

/// Whom an enablement enables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expansion<'a> {
    /// Whoever is enabled at the present stage, by address.
    pub enabled: BTreeMap<String, Enabled<'a>>,
    /// Addresses that the manifests name and the identity provider does not know.
    pub missing: BTreeSet<String>,
    /// Addresses of accounts that cannot sign in.
    pub inactive: BTreeSet<String>,
    /// Addresses that several accounts have.
    pub ambiguous: BTreeSet<String>,
}

/// One person who is enabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enabled<'a> {
    /// The person, as the identity provider has them.
    pub person: &'a Person,
    /// The earliest stage that enables the person.
    pub stage: Stage,
    /// The roles.
    pub roles: Vec<Role>,
    /// Further values by key.
    pub attributes: BTreeMap<String, String>,
}

/// Expands an enablement at its present stage.
pub fn expand<'a>(spec: &UserEnablementSpec, population: &'a Population) -> Expansion<'a> {
    let never: BTreeSet<String> =
        lower(&spec.exclude).chain(lower(&spec.break_glass)).chain(lower(&spec.remove)).collect();
    let (selected, overrides) = (Selected::of(spec), Overrides::of(spec));
    let mut candidates: BTreeMap<String, Stage> = BTreeMap::new();
    let mut add = |email: String, stage: Stage| {
        if !never.contains(&email) {
            let known = candidates.entry(email).or_insert(stage);
            *known = (*known).min(stage);
        }
    };
    let stage = spec.rollout.stage;
    for email in lower(&spec.rollout.pilot) {
        add(email, Stage::Pilot);
    }
    if stage == Stage::Waves {
        for wave in active_waves(spec) {
            for email in lower(&wave.users) {
                add(email, Stage::Waves);
            }
            for person in population.people.values() {
                let by_group = wave.groups.iter().any(|group| person.groups.contains(group));
                let by_share = wave
                    .percent
                    .is_some_and(|share| is_in_share(&person.email, share) && selected.has(person));
                if by_group || by_share {
                    add(person.email.clone(), Stage::Waves);
                }
            }
        }
    }
    if stage >= Stage::All {
        for email in lower(&spec.select.users) {
            add(email, stage);
        }
        for person in population.people.values().filter(|person| selected.has(person)) {
            add(person.email.clone(), stage);
        }
        for email in population.ambiguous.keys().filter(|email| is_in_domains(spec, email)) {
            add(email.clone(), stage);
        }
    }

    let mut expansion = Expansion::default();
    for (email, stage) in candidates {
        if population.ambiguous.contains_key(&email) {
            expansion.ambiguous.insert(email);
            continue;
        }
        let Some(person) = population.people.get(&email) else {
            expansion.missing.insert(email);
            continue;
        };
        if !person.is_active {
            expansion.inactive.insert(email);
            continue;
        }
        let enabled = Enabled {
            person,
            stage,
            roles: overrides.roles_of(person),
            attributes: overrides.attributes_of(&email),
        };
        expansion.enabled.insert(email, enabled);
    }
    expansion
}

fn active_waves(spec: &UserEnablementSpec) -> &[Wave] {
    let waves = &spec.rollout.waves;
    let count = spec.rollout.wave.map_or(waves.len(), |wave| (wave as usize).min(waves.len()));
    &waves[..count]
}

/// Whom an enablement selects, in sets, so that asking it of thousands is cheap.
#[derive(Debug)]
pub(super) struct Selected<'a> {
    spec: &'a UserEnablementSpec,
    users: BTreeSet<String>,
    sids: BTreeSet<&'a str>,
}

impl<'a> Selected<'a> {
    pub(super) fn of(spec: &'a UserEnablementSpec) -> Self {
        let sids = spec.select.user_sids.iter().map(String::as_str).collect();
        Self { spec, users: lower(&spec.select.users).collect(), sids }
    }

    pub(super) fn has(&self, person: &Person) -> bool {
        let select = &self.spec.select;
        is_in_domains(self.spec, &person.email)
            || self.users.contains(&person.email)
            || self.sids.contains(person.id.as_str())
            || select.accounts.iter().any(|account| person.accounts.contains(account))
            || select.groups.iter().any(|group| person.groups.contains(group))
    }
}

fn is_in_domains(spec: &UserEnablementSpec, email: &str) -> bool {
    let Some((_, domain)) = email.rsplit_once('@') else { return false };
    spec.select.email_domains.iter().any(|selected| selected.eq_ignore_ascii_case(domain))
}

/// Whether an address falls into a share. A greater share holds everybody of a smaller one.
fn is_in_share(email: &str, share: Percent) -> bool {
    let digest = ring::digest::digest(&ring::digest::SHA256, email.as_bytes());
    let bytes = digest.as_ref();
    let number = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    // 2^32 is not a multiple of 100; the bias of one in forty million does not matter to a roll-out.
    number % 100 < u32::from(share.value())
}

/// What an enablement gives to single people, by address.
struct Overrides<'a> {
    spec: &'a UserEnablementSpec,
    roles: BTreeMap<String, &'a RoleOverride>,
    attributes: BTreeMap<String, Vec<&'a AttributeOverride>>,
}

impl<'a> Overrides<'a> {
    fn of(spec: &'a UserEnablementSpec) -> Self {
        let mut overrides = Self { spec, roles: BTreeMap::new(), attributes: BTreeMap::new() };
        for it in &spec.roles.overrides {
            if let Some(user) = &it.user {
                // The first counts.
                overrides.roles.entry(user.trim().to_lowercase()).or_insert(it);
            }
        }
        for it in &spec.attributes.overrides {
            overrides.attributes.entry(it.user.trim().to_lowercase()).or_default().push(it);
        }
        overrides
    }

    fn roles_of(&self, person: &Person) -> Vec<Role> {
        let roles = &self.spec.roles;
        let by_group = || {
            let has =
                |it: &&RoleOverride| it.group.as_ref().is_some_and(|group| person.groups.contains(group));
            roles.overrides.iter().find(has)
        };
        let own = self.roles.get(&person.email).copied().or_else(by_group);
        own.map_or_else(|| roles.default.clone(), |it| it.roles.clone())
    }

    fn attributes_of(&self, email: &str) -> BTreeMap<String, String> {
        let mut attributes = self.spec.attributes.default.clone();
        for it in self.attributes.get(email).into_iter().flatten() {
            attributes.extend(it.set.clone());
        }
        attributes
    }
}

fn lower(emails: &[String]) -> impl Iterator<Item = String> {
    emails.iter().map(|email| email.trim().to_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn spec(rollout: serde_json::Value) -> UserEnablementSpec {
        serde_json::from_value(json!({
            "profile": "flex",
            "select": {"emailDomains": ["connie.one"], "users": ["guest@example.org"]},
            "exclude": ["Left@connie.one"],
            "breakGlass": ["root@connie.one"],
            "rollout": rollout,
            "roles": {"default": ["agent"], "overrides": [
                {"user": "Lead@connie.one", "roles": ["supervisor"]}, {"group": "admins", "roles": ["admin"]}]},
            "attributes": {"default": {"team": "a"}, "overrides": [{"user": "lead@connie.one", "set": {"team": "b"}}]},
        }))
        .unwrap()
    }

    fn population(emails: &[&str]) -> Population {
        let people = emails
            .iter()
            .map(|email| {
                let person = Person {
                    id: format!("auth0|{email}"),
                    email: (*email).to_owned(),
                    name: None,
                    is_active: !email.starts_with("blocked"),
                    groups: if email.starts_with("boss") {
                        ["admins".to_owned()].into()
                    } else {
                        BTreeSet::new()
                    },
                    ..Person::default()
                };
                ((*email).to_owned(), person)
            })
            .collect();
        Population { people, ambiguous: BTreeMap::new() }
    }

    const EVERYBODY: &[&str] = &[
        "ann@connie.one",
        "blocked@connie.one",
        "boss@connie.one",
        "lead@connie.one",
        "left@connie.one",
        "root@connie.one",
        "other@elsewhere.org",
    ];

    #[test]
    fn a_pilot_enables_its_people_and_names_who_does_not_exist() {
        let spec = spec(json!({"stage": "pilot", "pilot": ["Ann@connie.one", "nobody@connie.one"]}));
        let population = population(EVERYBODY);
        let expansion = expand(&spec, &population);
        assert_eq!(expansion.enabled.keys().collect::<Vec<_>>(), ["ann@connie.one"]);
        assert_eq!(expansion.missing, ["nobody@connie.one".to_owned()].into());
        assert!(population_query(&spec).domains.is_empty(), "a pilot lists nobody but its people");
    }

    #[test]
    fn everybody_is_the_selection_without_exclusions_and_break_glass() {
        let spec = spec(json!({"stage": "all", "pilot": ["ann@connie.one"]}));
        let population = population(EVERYBODY);
        let expansion = expand(&spec, &population);
        let enabled: Vec<_> = expansion.enabled.keys().map(String::as_str).collect();
        assert_eq!(enabled, ["ann@connie.one", "boss@connie.one", "lead@connie.one"]);
        assert_eq!(expansion.inactive, ["blocked@connie.one".to_owned()].into());
        assert_eq!(expansion.missing, ["guest@example.org".to_owned()].into());
        let ann = &expansion.enabled["ann@connie.one"];
        assert_eq!(
            (ann.stage, ann.roles[0].as_str(), ann.attributes["team"].as_str()),
            (Stage::Pilot, "agent", "a")
        );
        let lead = &expansion.enabled["lead@connie.one"];
        assert_eq!(
            (lead.stage, lead.roles[0].as_str(), lead.attributes["team"].as_str()),
            (Stage::All, "supervisor", "b")
        );
        assert_eq!(expansion.enabled["boss@connie.one"].roles[0].as_str(), "admin");
    }

    #[test]
    fn only_the_waves_so_far_count() {
        let rollout = json!({"stage": "waves", "waves": [{"users": ["ann@connie.one"]}, {"percent": "100%"}], "wave": 1});
        let population = population(EVERYBODY);
        let first = spec(rollout);
        assert_eq!(expand(&first, &population).enabled.len(), 1);
        let mut both = first.clone();
        both.rollout.wave = None;
        assert_eq!(expand(&both, &population).enabled.len(), 3);
    }

    proptest! {
        #[test]
        fn a_greater_share_holds_everybody_of_a_smaller_one(
            names in prop::collection::btree_set("[a-z]{1,8}", 0..40),
            one in 0u8..=100,
            more in 0u8..=100,
        ) {
            let emails: Vec<String> = names.iter().map(|name| format!("{name}@connie.one")).collect();
            let population = population(&emails.iter().map(String::as_str).collect::<Vec<_>>());
            let enabled = |percent: u8| -> BTreeSet<String> {
                let spec = spec(json!({"stage": "waves", "waves": [{"percent": format!("{percent}%")}]}));
                expand(&spec, &population).enabled.into_keys().collect()
            };
            let (small, great) = (enabled(one.min(more)), enabled(one.max(more)));
            prop_assert!(small.is_subset(&great));
        }
    }
}
