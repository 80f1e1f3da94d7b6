//! Removals: what carries our marker, or was attested, and no manifest asks for any more.

use std::sync::Arc;

use super::change::{Action, Change, FieldChange, Reason, Risk};
use crate::{
    component::{Address, Capability, Class, Digest, Observed, Orphan, Realm, Rule, Step, Value},
    manifest::{OnRemoval, Resource, attestation::AttestationSpec},
};

/// The deletion of an object, or of its marker alone where its lifecycle said so.
pub(super) fn removal_of(orphan: &Orphan) -> Change {
    let is_forgotten =
        orphan.observed.applied.as_ref().is_some_and(|note| note.on_removal == OnRemoval::Forget);
    Change {
        address: orphan.address.clone(),
        realm: orphan.realm.clone(),
        title: orphan.title.clone(),
        class: orphan.class,
        action: Action::Delete,
        reason: if is_forgotten { Reason::Forgotten } else { Reason::NotInManifests },
        risk: if is_forgotten { Risk::Low } else { Risk::High },
        fields: Vec::new(),
        kept: orphan.observed.kept,
        source: None,
        waits_for: Vec::new(),
        desired: None,
        observed: Some(Arc::new(orphan.observed.clone())),
        removal: None,
        digest: None,
    }
}

/// The step that removes by hand what an earlier one made.
pub(super) fn manual_removal(
    address: Address,
    realm: Realm,
    step: Step,
    attestation: &Resource<AttestationSpec>,
) -> Change {
    let fields = attestation
        .spec
        .inputs
        .iter()
        .map(|(path, value)| FieldChange {
            path: path.clone(),
            capability: Capability::Attested,
            rule: Rule::Exact,
            before: Some(Value::from_json(value)),
            after: Value::Null,
        })
        .collect();
    Change {
        title: "remove what the step made".to_owned(),
        address: address.clone(),
        realm: realm.clone(),
        class: Class::Object,
        action: Action::Manual,
        reason: Reason::NotInManifests,
        risk: Risk::High,
        fields,
        kept: 0,
        source: None,
        waits_for: Vec::new(),
        desired: None,
        observed: Some(Arc::new(Observed {
            outputs: attestation
                .spec
                .outputs
                .iter()
                .map(|(name, text)| (name.clone(), Value::text(text)))
                .collect(),
            ..Observed::default()
        })),
        removal: Some(step),
        digest: Some(Digest::of(&serde_json::json!({
            "removed": address.within_tenant(),
            "digest": attestation.spec.digest,
        }))),
    }
}
