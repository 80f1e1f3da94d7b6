//! What can be seen of what people make in the Console: nothing, except the proof of a domain, which stands in DNS. No credential is
//! needed, so these components are known where the organization cannot be read.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use futures_util::future::join_all;

use super::{
    PROVIDER,
    domain::{DOMAIN_PROOF, proof_of},
};
use crate::{
    component::{
        Capability, Component, Observation, Observed, Realm, Snapshot, Unknown, UnknownReason, Value,
    },
    dns::Dns,
    http::Http,
    plan::Permit,
    provider::{Mutate, Observe, Population, PopulationQuery, Scope, Write, WriteError, Written},
};

/// Looks at one organization's Console.
#[derive(Debug)]
pub(super) struct Reader {
    realm: Realm,
    dns: Dns,
}

impl Reader {
    pub(super) fn open(realm: Realm, http: &Http) -> Arc<dyn Observe> {
        Arc::new(Self { realm, dns: Dns::of(http) })
    }

    async fn see(&self, component: &Component) -> Observed {
        let mut observed = Observed::default();
        if component.address.component_type() == DOMAIN_PROOF
            && let Some(field) =
                component.field("token").filter(|field| field.capability == Capability::Probed)
            && let Some(token) = proof_of(&self.dns, &component.natural_key, field.value.as_text()).await
        {
            observed.fields.insert("token".to_owned(), Value::from(token));
        }
        observed
    }
}

#[async_trait]
impl Observe for Reader {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    /// The users are the organization's, which another provider reads.
    async fn population(&self, _query: &PopulationQuery) -> Result<Population, Unknown> {
        Err(Unknown {
            reason: UnknownReason::Unexpected,
            message: format!("{PROVIDER} has no people of its own"),
            help: None,
        })
    }

    async fn observe(&self, components: &[&Component], _scope: &Scope) -> Snapshot {
        let seen = join_all(components.iter().map(async |component| {
            let observation = if component.step.is_none() {
                // What no manifest asks for any more cannot be looked for: a person's word counts.
                Observation::Unknown(unseen())
            } else {
                Observation::Present(Box::new(self.see(component).await))
            };
            (component.address.clone(), observation)
        }))
        .await;
        Snapshot { components: BTreeMap::from_iter(seen), ..Snapshot::default() }
    }
}

fn unseen() -> Unknown {
    Unknown {
        reason: UnknownReason::Unexpected,
        message: "Twilio has no API that shows it".to_owned(),
        help: None,
    }
}

/// Writes nothing: there is no API.
#[derive(Debug)]
pub(super) struct Writer {
    realm: Realm,
}

impl Writer {
    pub(super) fn open(realm: Realm) -> Arc<dyn Mutate> {
        Arc::new(Self { realm })
    }
}

#[async_trait]
impl Mutate for Writer {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    async fn write(&self, _permit: &Permit, write: Write<'_>) -> Result<Written, WriteError> {
        let address = match &write {
            Write::Create { component, .. } | Write::Update { component, .. } => &component.address,
            Write::Delete { address, .. } | Write::Forget { address, .. } => *address,
        };
        Err(WriteError::Refused {
            what: address.to_string(),
            message: "Twilio has no API that writes it".to_owned(),
            help: None,
        })
    }
}
