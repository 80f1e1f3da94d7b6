//! What makes two plans the same: the canonical form of a plan, and its digest. Every type is taken apart without `..`, so that a new
//! field does not compile until somebody decides whether it counts.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::FORMAT_VERSION;
use crate::{
    component::{Class, Condition, Digest, Requirement, Rule},
    manifest::policy::Policy,
    plan::{Change, FieldChange, Group, Plan, Reason},
};

impl Plan {
    /// SHA-256 over everything that decides what would be done, as canonical JSON (RFC 8785).
    pub fn digest(&self) -> Digest {
        let Self {
            project,
            environment,
            changes,
            // Follows from the changes.
            graph: _,
            unchanged: _,
            gaps,
            warnings: _,
            policies,
            owned,
            // Already in the changes' fields.
            outputs: _,
            // What is wanted and there already changes nothing.
            desired: _,
        } = self;
        let changes: BTreeMap<String, Json> = changes
            .iter()
            .map(|change| {
                (format!("{} {}", change.address, change.action.as_str()), canonical_change(change))
            })
            .collect();
        let mut unseen: Vec<String> = gaps
            .iter()
            .map(|gap| {
                let address = gap.address.as_ref().map(ToString::to_string).unwrap_or_default();
                format!("{} {} {address}", gap.realm, gap.unknown.reason.as_str())
            })
            .collect();
        unseen.sort();
        unseen.dedup();
        let policies: BTreeMap<&str, Json> =
            policies.iter().map(|(tenant, policy)| (tenant.as_str(), canonical_policy(policy))).collect();
        let owned: BTreeMap<String, usize> = owned
            .iter()
            .map(|(Group { tenant, realm, component_type, is_membership }, count)| {
                (format!("{tenant} {realm} {component_type} {is_membership}"), *count)
            })
            .collect();
        Digest::of(&json!({
            "formatVersion": FORMAT_VERSION,
            "project": project,
            "environment": environment.to_string(),
            "changes": changes,
            "unseen": unseen,
            "policies": policies,
            "owned": owned,
        }))
    }
}

fn canonical_change(change: &Change) -> Json {
    let Change {
        // The key.
        address: _,
        action: _,
        realm,
        // Wording.
        title: _,
        class,
        reason,
        // Follows from the rest.
        risk: _,
        fields,
        kept: _,
        // A place in a file.
        source: _,
        waits_for,
        desired,
        observed,
        // Its wording follows from what was attested, which the digest stands for.
        removal: _,
        digest,
    } = change;
    let fields: BTreeMap<&str, Json> =
        fields.iter().map(|field| (field.path.as_str(), canonical_field(field))).collect();
    let mut waits_for: Vec<String> = waits_for.iter().map(ToString::to_string).collect();
    waits_for.sort();
    // Reasons are for people, except for these two, by which guards decide.
    let former = match reason {
        Reason::Renamed(former) => Some(former.to_string()),
        _ => None,
    };
    json!({
        "realm": realm.to_string(),
        "membership": *class == Class::Membership,
        "former": former,
        "forgotten": *reason == Reason::Forgotten,
        "fields": fields,
        "waitsFor": waits_for,
        // All that is wanted, beside what differs, and how removal will be handled.
        "desired": desired.as_ref().map(|component| component.applied_note().to_string()),
        "step": digest.as_ref().map(Digest::as_str),
        // What guards decide by.
        "requires": desired.as_ref().map(|component| requirements(&component.requires)).unwrap_or_default(),
        "object": observed.as_ref().map(|observed| json!({
            "id": observed.id,
            "protected": observed.applied.as_ref().is_some_and(|note| note.prevent_destroy),
            "ownIdentity": observed.is_own_identity,
        })),
    })
}

fn requirements(requirements: &[Requirement]) -> Vec<Json> {
    let each = requirements.iter().map(|requirement| {
        let Requirement { guard, holds, message: _, help: _ } = requirement;
        let holds = match holds {
            Condition::Complete(address) => Some(address.to_string()),
            Condition::Never => None,
        };
        json!([guard, holds])
    });
    each.collect()
}

fn canonical_field(field: &FieldChange) -> Json {
    let FieldChange { path: _, capability, rule, before, after } = field;
    if *rule == Rule::WriteOnly {
        return json!({"capability": capability.as_str(), "sensitive": true});
    }
    let mut json = json!({
        "capability": capability.as_str(),
        "after": rule.normalise(after).to_canonical_json(),
    });
    // What is not known is not the same as what is not set.
    if let Some(before) = before {
        json["before"] = rule.normalise(before).to_canonical_json();
    }
    json
}

/// What guards read, with the defaults put in.
fn canonical_policy(policy: &Policy) -> Json {
    let Policy {
        max_changes: _,
        max_deletes: _,
        max_user_changes: _,
        min_break_glass: _,
        // A matter of warnings.
        certificate_warn_days: _,
        // A matter of reading secrets.
        allow_secret_commands: _,
    } = policy;
    json!({
        "maxChanges": policy.max_changes().to_string(),
        "maxDeletes": policy.max_deletes(),
        "maxUserChanges": policy.max_user_changes().to_string(),
        "minBreakGlass": policy.min_break_glass(),
    })
}
