//! Guards: whether a plan may be applied. The only place that makes an [`ApprovedPlan`], and so the only way to a
//! [`Permit`] to write.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Plan,
    change::{Action, Change, Group, Reason},
};
use crate::{
    component::{AccountRemoval, Address, Class, Condition, Marker, Requirement, Value},
    manifest::Name,
};

/// The guards that a person can override by name, with what each one watches.
pub const GUARDS: &[(&str, &str)] = &[
    ("max-deletes", "deletes more objects than the policy's `maxDeletes`"),
    ("max-changes", "changes a greater share of what is owned than the policy's `maxChanges`"),
    ("max-user-changes", "changes a greater share of the enabled users than the policy's `maxUserChanges`"),
    (
        "deprovision",
        "deletes accounts of people who are no longer selected (`removal: deprovision`), with what belongs to them",
    ),
    ("prevent-destroy", "deletes an object whose lifecycle says `preventDestroy`"),
    ("own-identity", "takes access from the identity that Concord itself uses"),
    ("emptied", "leaves nothing of a tenant's objects at a vendor, or nobody of an enablement"),
    ("expired-certificate", "enters a certificate that has expired"),
    ("untested", "makes people sign in through a connection whose test has not succeeded"),
    (
        "no-break-glass",
        "makes people sign in through a connection while no administrator could sign in without it",
    ),
    ("lock-out", "makes people sign in through a connection who are not enabled there"),
];

/// The guards that components' requirements name: they watch over people's access, so a way around them is never suggested.
pub const STATE_GUARDS: &[&str] = &["untested", "no-break-glass", "lock-out"];

/// Why a plan may not be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The guard's name.
    pub guard: &'static str,
    /// Which objects, which rule, and the arithmetic.
    pub message: String,
    /// The changes that it is about.
    pub addresses: Vec<Address>,
    /// The way out.
    pub help: String,
    /// Whether `--allow <guard>` overrides it.
    pub can_be_allowed: bool,
}

/// A plan that the guards let through. Only [`approve`] makes one.
#[derive(Debug)]
pub struct ApprovedPlan {
    plan: Plan,
}

impl ApprovedPlan {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The permit to write that the approval gives.
    pub fn permit(&self) -> Permit {
        Permit { _private: () }
    }
}

/// Shows that a plan was approved: [`Mutate`](crate::provider::Mutate) asks for it. It cannot be made elsewhere.
#[derive(Debug)]
pub struct Permit {
    _private: (),
}

/// Lets a plan through, or says everything that speaks against it. `now` is for certificates.
///
/// # Errors
/// Every refusal that `allowed` does not override.
pub fn approve(
    plan: Plan,
    allowed: &BTreeSet<String>,
    now: jiff::Timestamp,
) -> Result<ApprovedPlan, (Box<Plan>, Vec<Refusal>)> {
    let refusals: Vec<_> = review(&plan, now)
        .into_iter()
        .filter(|refusal| !(refusal.can_be_allowed && allowed.contains(refusal.guard)))
        .collect();
    if refusals.is_empty() { Ok(ApprovedPlan { plan }) } else { Err((Box::new(plan), refusals)) }
}

/// Everything that speaks against applying a plan. State guards judge only what this plan makes worse.
pub fn review(plan: &Plan, now: jiff::Timestamp) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    ownership(plan, &mut refusals);
    deletions(plan, &mut refusals);
    shares(plan, &mut refusals);
    emptied(plan, &mut refusals);
    people(plan, &mut refusals);
    destruction(plan, &mut refusals);
    accounts(plan, &mut refusals);
    certificates(plan, now, &mut refusals);
    requirements(plan, &mut refusals);
    refusals
}

/// What components require before they are touched. What only drifted is not touched.
fn requirements(plan: &Plan, refusals: &mut Vec<Refusal>) {
    for change in plan.changes.iter().filter(|change| change.action != Action::Drift) {
        let Some(desired) = &change.desired else { continue };
        for requirement in &desired.requires {
            let Requirement { guard, holds, message, help } = requirement;
            let is_met = match holds {
                Condition::Complete(address) => {
                    plan.desired.contains_key(address) && plan.change(address).is_none()
                }
                Condition::Never => false,
            };
            if !is_met {
                refusals.push(Refusal {
                    guard,
                    message: format!("{}: {message}", change.title),
                    addresses: vec![change.address.clone()],
                    help: format!("{help}; if you know better, apply with `--allow {guard}`"),
                    can_be_allowed: true,
                });
            }
        }
    }
}

fn ownership(plan: &Plan, refusals: &mut Vec<Refusal>) {
    for change in &plan.changes {
        let help = match &change.reason {
            Reason::Unadopted => {
                "if it is the one you mean, say `adopt: true` in the manifest; otherwise choose another name"
            }
            Reason::Foreign(owner) => match Marker::parse(owner) {
                Some(marker) if marker.project == plan.project => {
                    "it was made by this project under another name: if you renamed the resource, say `metadata.formerly` with the \
                     former name"
                }
                Some(_) => "choose another name, or remove the resource from the other project first",
                None => "Concord leaves it alone: take it out of the manifests, or mend it by hand",
            },
            Reason::Ambiguous(_) => {
                "remove the marker from the copies (somebody duplicated the object), then plan again"
            }
            _ => continue,
        };
        refusals.push(Refusal {
            guard: "ownership",
            message: format!("{}: {}", change.title, change.reason),
            addresses: vec![change.address.clone()],
            help: help.to_owned(),
            can_be_allowed: false,
        });
    }
}

fn deletions(plan: &Plan, refusals: &mut Vec<Refusal>) {
    let mut by_tenant: BTreeMap<&Name, Vec<&Change>> = BTreeMap::new();
    // A manual removal is a deletion too, by a person's hand.
    let is_counted = |change: &&Change| {
        change.class == Class::Object
            && (is_deletion(change) || change.removal.as_ref().is_some_and(|step| !step.is_withdrawal))
    };
    for change in plan.changes.iter().filter(is_counted) {
        by_tenant.entry(&change.address.tenant).or_default().push(change);
    }
    for (tenant, changes) in by_tenant {
        let limit = plan.policies.get(tenant).map_or(0, |policy| policy.max_deletes());
        if changes.len() > limit {
            refusals.push(Refusal {
                guard: "max-deletes",
                message: format!(
                    "{} in tenant `{tenant}`, and the policy's `maxDeletes` is {limit}",
                    counted(changes.len(), "deletion"),
                ),
                addresses: addresses(&changes),
                help:
                    "read the deletions, then apply with `--allow max-deletes`, or raise `maxDeletes` in the \
                       tenant's policy"
                        .to_owned(),
                can_be_allowed: true,
            });
        }
    }
}

/// Shares count only from this many owned objects on: below, one change would already be too large a share.
const SHARES_FROM: usize = 10;

fn shares(plan: &Plan, refusals: &mut Vec<Refusal>) {
    let mut by_group: BTreeMap<Group, Vec<&Change>> = BTreeMap::new();
    for change in &plan.changes {
        if matches!(change.action, Action::Update | Action::Delete)
            && !matches!(change.reason, Reason::Renamed(_) | Reason::LifecycleChanged)
        {
            by_group.entry(Group::of(change)).or_default().push(change);
        }
    }
    for (group, changes) in by_group {
        let owned = plan.owned.get(&group).copied().unwrap_or(0);
        let Some(policy) = plan.policies.get(&group.tenant) else { continue };
        let (guard, limit, field, noun) = if group.is_membership {
            ("max-user-changes", policy.max_user_changes(), "maxUserChanges", "enabled users")
        } else {
            ("max-changes", policy.max_changes(), "maxChanges", "objects")
        };
        if owned >= SHARES_FROM && limit.is_exceeded(changes.len(), owned) {
            refusals.push(Refusal {
                guard,
                message: format!(
                    "{} of {owned} {noun} of type {} in tenant `{}` would change or go, {}%, and the policy's \
                     `{field}` is {limit}",
                    changes.len(),
                    group.component_type,
                    group.tenant,
                    changes.len() * 100 / owned,
                ),
                addresses: addresses(&changes),
                help: format!("read the changes, then apply with `--allow {guard}`, or raise `{field}`"),
                can_be_allowed: true,
            });
        }
    }
}

fn emptied(plan: &Plan, refusals: &mut Vec<Refusal>) {
    let mut by_place: BTreeMap<(&Name, String), Vec<&Change>> = BTreeMap::new();
    // Of a product's accounts nobody knows how many there are: those that go are not all.
    let is_counted = |change: &&Change| {
        is_deletion(change) && change.observed.as_ref().is_none_or(|it| it.removal.is_none())
    };
    for change in plan.changes.iter().filter(is_counted) {
        by_place.entry((&change.address.tenant, change.realm.to_string())).or_default().push(change);
    }
    for ((tenant, realm), changes) in by_place {
        let place = &changes[0].realm;
        let owned: usize = plan
            .owned
            .iter()
            .filter(|(group, _)| group.tenant == *tenant && group.realm == *place)
            .map(|(_, count)| count)
            .sum();
        // With a single object, a deletion is the object's own business; `maxDeletes` watches it.
        if owned > 1 && changes.len() >= owned {
            refusals.push(Refusal {
                guard: "emptied",
                message: format!("all {owned} objects that tenant `{tenant}` owns at {realm} would be deleted"),
                addresses: addresses(&changes),
                help: "are the manifests complete? If the tenant really ends there, apply with `--allow emptied`"
                    .to_owned(),
                can_be_allowed: true,
            });
        }
    }
}

/// Deletions of people's enablements below this many are somebody's everyday work; from here on a share counts, however few are
/// enabled.
const PEOPLE_FROM: usize = 3;

/// People who lose access: everybody of an enablement, or too great a share, also where fewer than ten are enabled. A typo in a domain
/// or a manifest that was deleted by mistake looks like this.
fn people(plan: &Plan, refusals: &mut Vec<Refusal>) {
    let mut by_enablement: BTreeMap<(&Name, &Name), Vec<&Change>> = BTreeMap::new();
    let is_counted = |it: &&Change| {
        is_deletion(it)
            && it.class == Class::Membership
            && it.observed.as_ref().is_none_or(|it| it.removal.is_none())
    };
    for change in plan.changes.iter().filter(is_counted) {
        by_enablement.entry((&change.address.tenant, &change.address.name)).or_default().push(change);
    }
    for ((tenant, name), changes) in by_enablement {
        // A person with an account on both sides is one person.
        let remaining: BTreeSet<&str> = plan
            .desired
            .values()
            .filter(|it| {
                it.class == Class::Membership && it.address.tenant == *tenant && it.address.name == *name
            })
            .map(|it| person(&it.address))
            .collect();
        let lost: BTreeSet<&str> = changes.iter().map(|it| person(&it.address)).collect();
        let enabled = remaining.union(&lost).count();
        let Some(policy) = plan.policies.get(tenant) else { continue };
        let limit = policy.max_user_changes();
        if remaining.is_empty() && lost.len() > 1 {
            refusals.push(Refusal {
                guard: "emptied",
                message: format!(
                    "all {enabled} people whom the enablement `{name}` of tenant `{tenant}` enables would lose access"
                ),
                addresses: addresses(&changes),
                help: "are the manifests complete? If they really go, apply with `--allow emptied`".to_owned(),
                can_be_allowed: true,
            });
        } else if lost.len() >= PEOPLE_FROM && enabled < SHARES_FROM && limit.is_exceeded(lost.len(), enabled)
        {
            refusals.push(Refusal {
                guard: "max-user-changes",
                message: format!(
                    "{} of {enabled} people of the enablement `{name}` in tenant `{tenant}` would lose access, {}%, and \
                     the policy's `maxUserChanges` is {limit}",
                    lost.len(),
                    lost.len() * 100 / enabled,
                ),
                addresses: addresses(&changes),
                help: "read who they are, then apply with `--allow max-user-changes`, or raise `maxUserChanges`"
                    .to_owned(),
                can_be_allowed: true,
            });
        }
    }
}

/// The person of a membership: what follows the type in the component's name.
fn person(address: &Address) -> &str {
    address.component.split_once(':').map_or(address.component.as_str(), |(_, person)| person)
}

/// Accounts that a rule deletes: nobody named these people, and what belongs to an account does not come back. Whoever is named under
/// `remove` was reviewed with the manifest.
fn accounts(plan: &Plan, refusals: &mut Vec<Refusal>) {
    let by_rule = |change: &&Change| {
        is_deletion(change)
            && change.observed.as_ref().is_some_and(|it| it.removal == Some(AccountRemoval::ByRule))
    };
    let changes: Vec<&Change> = plan.changes.iter().filter(by_rule).collect();
    if !changes.is_empty() {
        refusals.push(Refusal {
            guard: "deprovision",
            message: format!(
                "{} of people who are no longer selected would be deleted, with what belongs to them",
                if changes.len() == 1 {
                    "1 account".to_owned()
                } else {
                    format!("{} accounts", changes.len())
                }
            ),
            addresses: addresses(&changes),
            help: "read who they are, then apply with `--allow deprovision`, or say `removal: disable`"
                .to_owned(),
            can_be_allowed: true,
        });
    }
}

/// Nothing but deletions is looked at, except for the identity that Concord itself uses: an update can take its access too.
fn destruction(plan: &Plan, refusals: &mut Vec<Refusal>) {
    for change in plan.changes.iter().filter(|it| matches!(it.action, Action::Update | Action::Adopt)) {
        if change.observed.as_ref().is_some_and(|observed| observed.is_own_identity) {
            refusals.push(Refusal {
                guard: "own-identity",
                message: format!(
                    "{} is the identity that Concord itself uses, and would be changed",
                    change.title
                ),
                addresses: vec![change.address.clone()],
                help: "choose another application, or apply with `--allow own-identity`".to_owned(),
                can_be_allowed: true,
            });
        }
    }
    for change in plan.changes.iter().filter(|change| is_deletion(change)) {
        let Some(observed) = &change.observed else { continue };
        if observed.applied.as_ref().is_some_and(|note| note.prevent_destroy) {
            refusals.push(Refusal {
                guard: "prevent-destroy",
                message: format!(
                    "{} would be deleted, and its lifecycle says `preventDestroy`",
                    change.title
                ),
                addresses: vec![change.address.clone()],
                help: "apply once with `preventDestroy: false`, or with `--allow prevent-destroy`".to_owned(),
                can_be_allowed: true,
            });
        }
        if observed.is_own_identity {
            refusals.push(Refusal {
                guard: "own-identity",
                message: format!("{} is the identity that Concord itself uses", change.title),
                addresses: vec![change.address.clone()],
                help: "use another credential, or apply with `--allow own-identity`".to_owned(),
                can_be_allowed: true,
            });
        }
    }
}

fn certificates(plan: &Plan, now: jiff::Timestamp, refusals: &mut Vec<Refusal>) {
    for change in plan.changes.iter().filter(|change| change.action != Action::Drift) {
        let expired: Vec<_> = change
            .fields
            .iter()
            .flat_map(|field| certificates_in(&field.after))
            .filter(|certificate| certificate.not_after() < now)
            .collect();
        if let Some(certificate) = expired.first() {
            refusals.push(Refusal {
                guard: "expired-certificate",
                message: format!(
                    "{} would get a certificate that expired on {} ({})",
                    change.title,
                    certificate.not_after().strftime("%Y-%m-%d"),
                    certificate.subject(),
                ),
                addresses: vec![change.address.clone()],
                help: "renew the identity provider's signing certificate first".to_owned(),
                can_be_allowed: true,
            });
        }
    }
}

/// Every certificate in a value, at any depth.
pub fn certificates_in(value: &Value) -> Vec<&crate::saml::Certificate> {
    match value {
        Value::Certificate(certificate) => vec![certificate],
        Value::List(items) => items.iter().flat_map(certificates_in).collect(),
        Value::Map(entries) => entries.values().flat_map(certificates_in).collect(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Pending(_) => Vec::new(),
    }
}

fn is_deletion(change: &Change) -> bool {
    change.action == Action::Delete && change.reason != Reason::Forgotten
}

fn addresses(changes: &[&Change]) -> Vec<Address> {
    changes.iter().map(|change| change.address.clone()).collect()
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
