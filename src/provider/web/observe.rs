//! The reader of a vanity domain: each component by its own look, all at once.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;

use super::{
    app_config, dns,
    lower::{field, kind},
    tls,
};
use crate::{
    component::{Component, Observation, Realm, Snapshot, Unknown, UnknownReason},
    dns::Dns,
    http::Http,
    provider::{Observe, Population, PopulationQuery, Scope},
};

struct Reader {
    http: Http,
    dns: Dns,
    realm: Realm,
}

/// A provider that looks at a vanity domain from outside. Sends nothing yet.
pub fn reader(http: &Http, realm: Realm) -> Arc<dyn Observe> {
    Arc::new(Reader { http: http.clone(), dns: Dns::of(http), realm })
}

#[async_trait]
impl Observe for Reader {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    async fn population(&self, _query: &PopulationQuery) -> Result<Population, Unknown> {
        Ok(Population::default())
    }

    async fn observe(&self, components: &[&Component], _scope: &Scope) -> Snapshot {
        let seen = join_all(components.iter().map(|component| self.one(component))).await;
        let addresses = components.iter().map(|component| component.address.clone());
        Snapshot { components: addresses.zip(seen).collect(), ..Snapshot::default() }
    }
}

impl Reader {
    async fn one(&self, component: &Component) -> Observation {
        let hostname = component.field(field::HOSTNAME).and_then(|field| field.value.as_text());
        match (component.address.component_type(), hostname) {
            (kind::DNS, Some(hostname)) => dns::observe(&self.dns, component, hostname).await,
            (kind::TLS, Some(hostname)) => tls::observe(&self.http, component, hostname).await,
            (kind::APP_CONFIG, _) => app_config::observe(&self.http, component).await,
            _ => Observation::Unknown(Unknown {
                reason: UnknownReason::Unexpected,
                message: format!("{} is nothing that is looked at from outside", component.address),
                help: None,
            }),
        }
    }
}
