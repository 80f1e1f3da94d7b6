//! What belongs to one application: the assignments of people and groups, and its signing keys. Each list is read once for everything
//! that is asked of it.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::join_all;

use super::{
    super::{
        convert::{self, text_of},
        lower::{field, kind},
        population, signing_key,
        wire::{App, AppUser, Key},
    },
    Organization,
};
use crate::{
    component::{
        Address, Class, Component, Observation, Observed, Orphan, Snapshot, Unknown, UnknownReason, Value,
    },
    http::HttpError,
};

/// The application that something belongs to: a component of the same plan, or the ID where that is filled in already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner<'a> {
    Component(&'a Address),
    Id(&'a str),
}

impl<'a> Owner<'a> {
    pub(super) fn of(component: &'a Component) -> Option<Self> {
        let value = &component.field(field::APP)?.value;
        match value {
            Value::Pending(reference) => Some(Self::Component(&reference.from)),
            value => value.as_text().map(Self::Id),
        }
    }
}

/// What is asked about one application.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    app: Option<&'a App>,
    users: Vec<&'a Component>,
    groups: Vec<&'a Component>,
    keys: Vec<&'a Component>,
    signing: Vec<&'a Component>,
    /// The application's component, where direct assignments of others are to be found: all, or those of people who are named.
    pub(super) exclusive: Option<&'a Component>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(app: Option<&'a App>) -> Self {
        Self { app, ..Self::default() }
    }

    pub(super) fn add(&mut self, component: &'a Component) {
        match component.address.component_type() {
            kind::USER => self.users.push(component),
            kind::GROUP => self.groups.push(component),
            kind::KEY => self.keys.push(component),
            kind::SIGNING => self.signing.push(component),
            _ => {}
        }
    }
}

fn found(observed: Option<Observed>) -> Observation {
    observed.map_or(Observation::Absent, |observed| Observation::Present(Box::new(observed)))
}

impl Organization {
    pub(super) async fn parts(&self, parts: &Parts<'_>) -> Snapshot {
        let mut snapshot = Snapshot::default();
        let (users, groups, keys, named) = tokio::join!(
            self.people(parts),
            self.groups(parts),
            self.keys(parts),
            self.group_ids(&parts.groups)
        );
        match &users {
            Ok(users) => self.add_users(parts, users, &mut snapshot),
            Err(unknown) => {
                let of = |it: &&Component| (it.address.clone(), Observation::Unknown(unknown.clone()));
                snapshot.components.extend(parts.users.iter().map(of));
                if parts.exclusive.is_some() {
                    snapshot.gaps.push(unknown.clone());
                }
            }
        }
        for (component, id) in parts.groups.iter().zip(named) {
            let observation = match (id, &groups) {
                (Err(unknown), _) => Observation::Unknown(unknown),
                (_, Err(unknown)) => Observation::Unknown(unknown.clone()),
                (Ok(id), Ok(groups)) => {
                    let app = parts.app.filter(|_| groups.contains(&id));
                    found(app.map(|app| convert::assignment(&app.id, &id)))
                }
            };
            snapshot.components.insert(component.address.clone(), observation);
        }
        for component in &parts.keys {
            let observation = match &keys {
                Err(unknown) => Observation::Unknown(unknown.clone()),
                Ok(keys) => found(parts.app.and_then(|app| signing_key::observed_key(app, keys, component))),
            };
            snapshot.components.insert(component.address.clone(), observation);
        }
        for component in &parts.signing {
            let observed = parts.app.map(|app| signing_key::observed_signing(app, component));
            snapshot.components.insert(component.address.clone(), found(observed));
        }
        snapshot
    }

    fn unknown_assignments(&self, error: &HttpError) -> Unknown {
        self.unknown(error, "assignments", "okta.apps.read")
    }

    /// Everybody who is assigned; the one who is asked for, where it is one.
    async fn people(&self, parts: &Parts<'_>) -> Result<Vec<AppUser>, Unknown> {
        let Some(app) = parts.app else { return Ok(Vec::new()) };
        let users = match (&parts.users[..], parts.exclusive) {
            ([], None) => return Ok(Vec::new()),
            ([one], None) => {
                let Some(id) = text_of(one, field::USER_ID) else { return Ok(Vec::new()) };
                self.api.app_user(&app.id, id).await.map(|user| user.into_iter().collect())
            }
            (_, exclusive) => self.api.app_users(&app.id, exclusive.is_some()).await,
        };
        users.map_err(|error| self.unknown_assignments(&error))
    }

    async fn groups(&self, parts: &Parts<'_>) -> Result<BTreeSet<String>, Unknown> {
        let Some(app) = parts.app.filter(|_| !parts.groups.is_empty()) else { return Ok(BTreeSet::new()) };
        let groups = self.api.app_groups(&app.id).await;
        let groups = groups.map_err(|error| self.unknown_assignments(&error))?;
        Ok(groups.into_iter().map(|it| it.id).collect())
    }

    async fn keys(&self, parts: &Parts<'_>) -> Result<Vec<Key>, Unknown> {
        match parts.app.filter(|_| !parts.keys.is_empty()) {
            Some(app) => self
                .api
                .keys(&app.id)
                .await
                .map_err(|error| self.unknown(&error, "signing keys", "okta.apps.read")),
            None => Ok(Vec::new()),
        }
    }

    fn add_users(&self, parts: &Parts<'_>, assigned: &[AppUser], snapshot: &mut Snapshot) {
        let by_id: HashMap<&str, &AppUser> = assigned.iter().map(|it| (it.id.as_str(), it)).collect();
        for component in &parts.users {
            let id = text_of(component, field::USER_ID).filter(|id| by_id.contains_key(id));
            let observed = parts.app.zip(id).map(|(app, id)| convert::assignment(&app.id, id));
            snapshot.components.insert(component.address.clone(), found(observed));
        }
        if let Some((component, app)) = parts.exclusive.zip(parts.app) {
            snapshot.orphans.extend(self.foreign(component, &app.id, assigned, &parts.users));
        }
    }

    /// Direct assignments that nobody asks for, of an application whose assignments are exclusive. Only who was not selected by any
    /// enablement, or must not have one, counts: a plan that is narrowed to some components does not know everybody whom it leaves out.
    fn foreign(
        &self,
        component: &Component,
        app: &str,
        assigned: &[AppUser],
        users: &[&Component],
    ) -> Vec<Orphan> {
        let Some(seen) = self.seen() else { return Vec::new() };
        let never = component.field(field::EXCLUSIVE).and_then(|it| it.value.as_list()).unwrap_or_default();
        let wanted: BTreeSet<&str> = users.iter().filter_map(|it| text_of(it, field::USER_ID)).collect();
        let removed = component.field(field::REMOVED).and_then(|it| it.value.as_list());
        let is_to_go = |it: &AppUser| match removed {
            Some(removed) => removed.contains(&Value::Text(it.who())),
            None => seen.selected.get(&it.id).is_none_or(|email| never.contains(&Value::text(email))),
        };
        let is_foreign = |it: &&AppUser| it.is_direct() && !wanted.contains(it.id.as_str()) && is_to_go(it);
        assigned
            .iter()
            .filter(is_foreign)
            .map(|it| {
                let who = it.who();
                Orphan {
                    address: component.address.sibling(format!("{}:{who}", kind::USER)),
                    realm: self.realm.clone(),
                    title: format!("Okta assignment of {who}"),
                    class: Class::Membership,
                    observed: convert::assignment(app, &it.id),
                }
            })
            .collect()
    }

    /// The IDs of groups, in the order of the components. Who is in a group was mostly read with the population.
    async fn group_ids(&self, components: &[&Component]) -> Vec<Result<String, Unknown>> {
        let seen = self.seen();
        let found = components.iter().map(|component| async {
            let name = &component.natural_key;
            let listed = match seen.as_ref().and_then(|seen| seen.groups.get(name)) {
                Some(listed) => listed.clone(),
                None => population::listed(&self.api, name)
                    .await
                    .map_err(|error| self.unknown_people(&error, "groups"))?,
            };
            without_break_glass(component, listed)
        });
        join_all(found).await
    }
}

/// Refuses a group through which a break-glass administrator would be enabled.
fn without_break_glass(component: &Component, group: population::Listed) -> Result<String, Unknown> {
    let never = component.field(field::BREAK_GLASS).and_then(|it| it.value.as_list()).unwrap_or_default();
    if never.iter().filter_map(Value::as_text).any(|email| group.emails.contains(email)) {
        return Err(Unknown {
            reason: UnknownReason::Unexpected,
            message: format!("a break-glass administrator is a member of group `{}`", component.natural_key),
            help: Some(
                "take the administrator out of the group: whoever is in it signs in through the identity provider"
                    .to_owned(),
            ),
        });
    }
    Ok(group.id)
}
