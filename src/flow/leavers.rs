//! People who are to go from a product: those whom an enablement names under `remove`, and with `removal: deprovision` those who lose
//! what enabled them in the identity provider. A product's accounts carry no marker, so each is looked for by address, and whoever
//! is still enabled by anything, or is a break-glass administrator, is left alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    component::{AccountRemoval, Address, Class, Component, Realm, Snapshot},
    manifest::{
        Kind,
        user_enablement::{Assignments, Removal},
    },
    plan::Warning,
    resolve::Agreement,
};

/// The accounts to look for, by realm, each with who says that it is to go.
pub(super) fn wanted(
    agreements: &[Agreement<'_>],
    components: &[Component],
    snapshots: &BTreeMap<Realm, Snapshot>,
) -> BTreeMap<Realm, Vec<(Component, AccountRemoval)>> {
    let person_of =
        |address: &Address| address.component.split_once(':').map(|(_, email)| email.to_lowercase());
    let mut enabled: BTreeSet<String> = components
        .iter()
        .filter(|component| component.class == Class::Membership)
        .filter_map(|component| person_of(&component.address))
        .collect();
    let all = agreements.iter().flat_map(Agreement::enablements);
    enabled.extend(all.flat_map(|it| &it.spec.break_glass).map(|email| email.trim().to_lowercase()));

    // Who loses what enabled them, by the resource that gave it.
    let mut losing: BTreeMap<(Kind, &str, &str), BTreeSet<String>> = BTreeMap::new();
    for orphan in snapshots.values().flat_map(|it| &it.orphans).filter(|it| it.class == Class::Membership) {
        let Address { tenant, kind, name, .. } = &orphan.address;
        let key = (*kind, tenant.as_str(), name.as_str());
        losing.entry(key).or_default().extend(person_of(&orphan.address));
    }
    let mut wanted: BTreeMap<Realm, BTreeMap<Address, (Component, AccountRemoval)>> = BTreeMap::new();
    for agreement in agreements {
        let Some(context) = agreement.context() else { continue };
        for enablement in agreement.enablements() {
            let spec = &enablement.spec;
            let mut leavers: BTreeMap<String, AccountRemoval> = BTreeMap::new();
            if spec.removal == Removal::Deprovision {
                let tenant = enablement.tenant.as_str();
                let own = (Kind::UserEnablement, tenant, enablement.name().as_str());
                // Where assignments are exclusive, those of nobody belong to the profile.
                let profile = (Kind::SsoProfile, tenant, agreement.profile().name().as_str());
                let keys = [Some(own), (spec.assignments == Assignments::Exclusive).then_some(profile)];
                let losing = keys.into_iter().flatten().filter_map(|key| losing.get(&key)).flatten();
                leavers.extend(losing.map(|email| (email.clone(), AccountRemoval::ByRule)));
            }
            let named = spec.remove.iter().map(|email| email.trim().to_lowercase());
            leavers.extend(named.map(|email| (email, AccountRemoval::ByName)));
            for (email, removal) in leavers.into_iter().filter(|(email, _)| !enabled.contains(email)) {
                let account = agreement.service_provider().lower_leaver(&context, enablement, &email);
                if let Some(account) = account {
                    let of_realm = wanted.entry(account.realm.clone()).or_default();
                    of_realm.insert(account.address.clone(), (account, removal));
                }
            }
        }
    }
    wanted.into_iter().map(|(realm, accounts)| (realm, accounts.into_values().collect())).collect()
}

/// One warning for all leavers of an enablement.
pub(super) fn merge(warnings: Vec<Warning>) -> Vec<Warning> {
    let mut merged: Vec<Warning> = Vec::new();
    for warning in warnings {
        let twin = merged.iter_mut().find(|other| {
            warning.code == "leaver" && other.code == "leaver" && other.location == warning.location
        });
        match twin {
            Some(other) => other.people.extend(warning.people),
            None => merged.push(warning),
        }
    }
    for warning in merged.iter_mut().filter(|it| it.code == "leaver" && it.people.len() > 1) {
        let names = vec!["{}"; warning.people.len()].join(", ");
        warning.message = format!("{names} are no longer selected and still enabled");
    }
    merged
}
