//! What is read of an organization, once and in bulk: users in one call, the roles, and the role assignments of the scopes that are asked
//! for. One listing serves a whole plan.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures_util::future::join_all;
use tokio::sync::{Mutex, OnceCell};

use super::{
    client::Api,
    failure,
    roles::Catalogue,
    wire::{Assignment, User},
};
use crate::component::Unknown;

/// What was listed, or why it could not be.
type Listed<T> = Result<Arc<T>, Unknown>;
type Cached<T> = OnceCell<Listed<T>>;

/// The listings of one organization, each made when it is first asked for. A failure is kept as well: what may not be read is not asked
/// for once per component.
pub(super) struct Listing {
    api: Api,
    users: Cached<Vec<User>>,
    catalogue: Cached<Catalogue>,
    scopes: Mutex<BTreeMap<String, Listed<Vec<Assignment>>>>,
}

impl Listing {
    pub(super) fn new(api: Api) -> Self {
        Self { api, users: OnceCell::new(), catalogue: OnceCell::new(), scopes: Mutex::default() }
    }

    pub(super) async fn users(&self) -> Result<Arc<Vec<User>>, Unknown> {
        let list = async || {
            let users = self.api.users().await;
            users.map(Arc::new).map_err(|error| failure::USERS.unknown(&error))
        };
        self.users.get_or_init(list).await.clone()
    }

    pub(super) async fn catalogue(&self) -> Result<Arc<Catalogue>, Unknown> {
        let list = async || {
            let roles = self.api.roles().await;
            roles.map(|roles| Arc::new(Catalogue::new(roles))).map_err(|error| failure::ROLES.unknown(&error))
        };
        self.catalogue.get_or_init(list).await.clone()
    }

    /// The role assignments in these scopes, each with its scope's.
    pub(super) async fn assignments(
        &self,
        scopes: &BTreeSet<&str>,
    ) -> Result<Vec<Arc<Vec<Assignment>>>, Unknown> {
        let mut known = self.scopes.lock().await;
        let missing: Vec<&str> = scopes.iter().copied().filter(|scope| !known.contains_key(*scope)).collect();
        let listed = join_all(missing.into_iter().map(async |scope| {
            let list = self.api.assignments_in(scope).await;
            (scope.to_owned(), list.map(Arc::new).map_err(|error| failure::ROLES.unknown(&error)))
        }))
        .await;
        known.extend(listed);
        scopes.iter().filter_map(|scope| known.get(*scope).cloned()).collect()
    }
}
