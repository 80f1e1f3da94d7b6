//! The people of both sides, listed for a plan: the products' accounts first, because they tell whom to look for in the identity
//! providers.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use crate::{
    component::{Realm, Unknown},
    plan::Gap,
    provider::{PeopleSource, Population, PopulationQuery, SharedObserve},
    resolve::{self, Agreement, People},
};

type Readers = BTreeMap<Realm, Result<SharedObserve, Unknown>>;
type Listed = BTreeMap<Realm, Result<Population, Unknown>>;

/// The people of every realm that the agreements concern.
#[derive(Debug, Default)]
pub(super) struct Directories {
    products: Listed,
    identity_providers: Listed,
}

impl Directories {
    /// Lists the people whom the agreements' enablements concern, each realm once.
    pub(super) async fn read(readers: &Readers, agreements: &[Agreement<'_>]) -> Self {
        let mut queries: BTreeMap<Realm, PopulationQuery> = BTreeMap::new();
        for agreement in agreements {
            if let Some(realm) = product_realm(agreement) {
                queries.entry(realm).or_default().merge(of_product(agreement));
            }
        }
        let products = list(readers, &queries).await;
        let mut queries: BTreeMap<Realm, PopulationQuery> = BTreeMap::new();
        for agreement in agreements {
            let Some(realm) = identity_realm(agreement) else { continue };
            let product = product_realm(agreement).and_then(|realm| products.get(&realm)?.as_ref().ok());
            let query = queries.entry(realm).or_default();
            for enablement in agreement.enablements() {
                query.merge(resolve::identity_query(agreement, enablement, product));
            }
        }
        let identity_providers = list(readers, &queries).await;
        Self { products, identity_providers }
    }

    /// The people of both sides of an agreement.
    ///
    /// # Errors
    /// The realms that could not be listed, and why.
    pub(super) fn of(&self, agreement: &Agreement<'_>) -> Result<People<'_>, Vec<Gap>> {
        let mut gaps = Vec::new();
        let mut side = |realm: Option<Realm>, listed: &'_ Listed| match listed.get(realm.as_ref()?)? {
            Ok(_) => realm,
            Err(unknown) => {
                gaps.push(Gap { address: None, realm: realm?, unknown: unknown.clone() });
                None
            }
        };
        let product = side(product_realm(agreement), &self.products);
        let identity_provider = side(identity_realm(agreement), &self.identity_providers);
        if !gaps.is_empty() {
            return Err(gaps);
        }
        Ok(People {
            identity_provider: identity_provider
                .and_then(|realm| self.identity_providers.get(&realm)?.as_ref().ok()),
            product: product.and_then(|realm| self.products.get(&realm)?.as_ref().ok()),
        })
    }

    /// The accounts of each product that lists them; `None` where they could not be listed.
    pub(super) fn products(&self) -> impl Iterator<Item = (&Realm, Option<&Population>)> {
        self.products.iter().map(|(realm, listed)| (realm, listed.as_ref().ok()))
    }

    /// The realms whose people could not be listed: nobody there is known to be gone.
    pub(super) fn unlisted(&self) -> BTreeSet<Realm> {
        let all = self.products.iter().chain(&self.identity_providers);
        all.filter(|(_, listed)| listed.is_err()).map(|(realm, _)| realm.clone()).collect()
    }
}

/// The realm of a product whose accounts are listed for every plan.
pub(super) fn product_realm(agreement: &Agreement<'_>) -> Option<Realm> {
    let product = agreement.service_provider();
    product.lists_accounts().then(|| product.realm(&agreement.context()?)).flatten()
}

fn identity_realm(agreement: &Agreement<'_>) -> Option<Realm> {
    agreement.identity_provider().population_realm(&agreement.context()?)
}

/// Whom to list of a product: everybody whom its enablements select, and whom its profile names.
fn of_product(agreement: &Agreement<'_>) -> PopulationQuery {
    let mut query = agreement
        .context()
        .map(|context| agreement.service_provider().accounts_query(&context))
        .unwrap_or_default();
    query.emails.extend(agreement.profile().spec.test_users.iter().map(|email| email.to_lowercase()));
    for enablement in agreement.enablements() {
        let people = enablement.spec.break_glass.iter().chain(&enablement.spec.remove);
        query.emails.extend(people.map(|email| email.to_lowercase()));
        let mut asked = resolve::population_query(&enablement.spec);
        if agreement.service_provider().people(&enablement.spec) == PeopleSource::IdentityProvider {
            asked.ids.clear();
            asked.accounts.clear();
        }
        asked.groups.clear();
        query.merge(asked);
    }
    query
}

async fn list(readers: &Readers, queries: &BTreeMap<Realm, PopulationQuery>) -> Listed {
    let listed = queries.iter().map(|(realm, query)| async move {
        let population = match readers.get(realm) {
            _ if query.is_empty() => Ok(Population::default()),
            Some(Ok(reader)) => reader.population(query).await,
            Some(Err(unknown)) => Err(unknown.clone()),
            None => Ok(Population::default()),
        };
        (realm.clone(), population)
    });
    join_all(listed).await.into_iter().collect()
}
