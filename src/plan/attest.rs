//! Manual steps against attestations: which statement counts for a step, and what it says about the step's values. Two things
//! are looked at apart: the digest, which decides whether the present values were attested, and the outputs, which stay true when
//! a value changed (a new certificate does not change a connection's ID).

use std::collections::BTreeMap;

use crate::{
    component::{Component, Digest, Environment, Value, step_digest},
    manifest::{
        Resource,
        attestation::{AttestationSpec, AttestationState},
    },
};

/// What the attestations say about a step.
#[derive(Debug, Clone, Copy)]
pub enum Standing<'a> {
    /// Nothing: nobody attested it here, or its removal was attested.
    Open,
    /// It was attested with exactly the present values.
    Attested(&'a Resource<AttestationSpec>),
    /// It was attested with other values.
    Outdated(&'a Resource<AttestationSpec>),
}

impl<'a> Standing<'a> {
    /// The attestation, if there is one.
    pub fn attestation(self) -> Option<&'a Resource<AttestationSpec>> {
        match self {
            Self::Open => None,
            Self::Attested(attestation) | Self::Outdated(attestation) => Some(attestation),
        }
    }

    /// What the step produced, by name.
    pub fn outputs(self) -> BTreeMap<String, Value> {
        self.attestation()
            .map(|attestation| {
                attestation
                    .spec
                    .outputs
                    .iter()
                    .map(|(name, text)| (name.clone(), Value::text(text)))
                    .collect()
            })
            .unwrap_or_default()
    }
}

/// All attestations of a project, ready to be asked.
#[derive(Debug, Default)]
pub struct Attestations<'a> {
    /// By tenant and step; the newest last.
    by_step: BTreeMap<(String, String), Vec<&'a Resource<AttestationSpec>>>,
}

impl<'a> Attestations<'a> {
    /// The attestations that were made in an environment.
    pub fn new(
        attestations: impl IntoIterator<Item = &'a Resource<AttestationSpec>>,
        environment: &Environment,
    ) -> Self {
        let mut by_step: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let environment = environment.to_string();
        for attestation in attestations.into_iter().filter(|it| it.spec.environment == environment) {
            let key = (attestation.tenant.to_string(), attestation.spec.step.clone());
            by_step.entry(key).or_default().push(attestation);
        }
        for statements in by_step.values_mut() {
            statements.sort_by(|one, other| (one.spec.at, one.name()).cmp(&(other.spec.at, other.name())));
        }
        Self { by_step }
    }

    /// What the attestations say about a component's step; the values are resolved as far as they are known.
    pub fn standing(&self, component: &Component, environment: &Environment) -> Standing<'a> {
        let newest = |address: &crate::component::Address| {
            let key = (address.tenant.to_string(), address.within_tenant());
            self.by_step.get(&key).and_then(|statements| statements.last()).copied()
        };
        let (attestation, name) = match newest(&component.address) {
            Some(attestation) => (attestation, &component.address.name),
            None => {
                match component.formerly.as_ref().and_then(|former| Some((newest(former)?, &former.name))) {
                    Some((attestation, name)) => (attestation, name),
                    None => return Standing::Open,
                }
            }
        };
        if attestation.spec.state == AttestationState::Removed {
            return Standing::Open;
        }
        let expected = step_digest(component, name, environment);
        if expected.as_ref().map(Digest::as_str) == Some(attestation.spec.digest.as_str()) {
            Standing::Attested(attestation)
        } else {
            Standing::Outdated(attestation)
        }
    }

    /// The newest statement about each step that something was done, so that what is no longer in the manifests can be found.
    pub fn done(&self) -> impl Iterator<Item = &'a Resource<AttestationSpec>> {
        self.by_step
            .values()
            .filter_map(|statements| statements.last().copied())
            .filter(|attestation| attestation.spec.state == AttestationState::Done)
    }
}
