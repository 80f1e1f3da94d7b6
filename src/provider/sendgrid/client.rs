//! Calls of SendGrid's API (`docs/sendgrid/api-reference/single-sign-on-*`, `teammates`): one function a call, lists to their end. No
//! decisions here. Errors come as `[{message, field, error_id}]`, which the common shape reads.

use std::sync::atomic::{AtomicBool, Ordering};

use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use url::Url;

use super::{
    PROVIDER,
    wire::{Integration, StoredCertificate, SubuserAccess, Teammate, Teammates},
};
use crate::http::{
    Auth, COMMON_SHAPE, Http, HttpError, NumberedPage, Origin, OriginConfig, RateLimitPolicy, Request, found,
    pages_by_number, pages_by_token,
};

/// The most teammates in a page.
const PER_PAGE: u64 = 500;
/// The most subusers in a page.
const SUBUSERS_PER_PAGE: usize = 100;
/// An account has 1,000 teammates at most; this is many times more.
const MAX_PAGES: usize = 200;
/// Requests at a time.
const CONCURRENCY: usize = 4;

/// The API of one account.
#[derive(Debug, Clone)]
pub(super) struct Api {
    origin: Origin,
}

impl Api {
    pub(super) fn new(http: &Http, base: &Url, api_key: &SecretString) -> Result<Self, HttpError> {
        let origin = http.origin(OriginConfig {
            base: base.clone(),
            auth: Auth::scheme("Bearer", api_key),
            limits: RateLimitPolicy::X_RATELIMIT,
            errors: &COMMON_SHAPE,
            concurrency: CONCURRENCY,
            vendor: PROVIDER,
        })?;
        Ok(Self { origin })
    }

    async fn send<T: DeserializeOwned>(&self, request: Request) -> Result<T, HttpError> {
        self.origin.send(request).await?.json()
    }

    /// All integrations. There are no pages.
    pub(super) async fn integrations(&self) -> Result<Vec<Integration>, HttpError> {
        self.send(Request::get(sso(["integrations"])).query("si", true)).await
    }

    pub(super) async fn integration(&self, id: &str) -> Result<Option<Integration>, HttpError> {
        found(self.send(Request::get(sso(["integrations", id])).query("si", true)).await)
    }

    /// Makes an integration. SendGrid answers 200, and not reliably with its ID.
    pub(super) async fn create_integration(&self, body: &Json) -> Result<Integration, HttpError> {
        self.send(Request::post(sso(["integrations"])).json(body)).await
    }

    pub(super) async fn update_integration(&self, id: &str, body: &Json) -> Result<(), HttpError> {
        let request = Request::patch(sso(["integrations", id])).query("si", true).json(body);
        self.origin.send(request).await.map(drop)
    }

    pub(super) async fn delete_integration(&self, id: &str) -> Result<(), HttpError> {
        found(self.origin.send(Request::delete(sso(["integrations", id]))).await).map(drop)
    }

    /// The certificates of an integration. There are no pages.
    pub(super) async fn certificates(&self, integration: &str) -> Result<Vec<StoredCertificate>, HttpError> {
        self.send(Request::get(sso(["integrations", integration, "certificates"]))).await
    }

    pub(super) async fn create_certificate(&self, body: &Json) -> Result<(), HttpError> {
        self.origin.send(Request::post(sso(["certificates"])).json(body)).await.map(drop)
    }

    pub(super) async fn update_certificate(&self, id: &str, body: &Json) -> Result<(), HttpError> {
        self.origin.send(Request::patch(sso(["certificates", id])).json(body)).await.map(drop)
    }

    /// Deletes a certificate. SendGrid answers 200 with the certificate that was.
    pub(super) async fn delete_certificate(&self, id: &str) -> Result<(), HttpError> {
        found(self.origin.send(Request::delete(sso(["certificates", id]))).await).map(drop)
    }

    /// All teammates, without their scopes.
    pub(super) async fn teammates(&self) -> Result<Vec<Teammate>, HttpError> {
        let request = |page: u64| {
            Request::get(["v3", "teammates"]).query("limit", PER_PAGE).query("offset", page * PER_PAGE)
        };
        pages_by_number(&self.origin, MAX_PAGES, request, |response| {
            let page: Teammates = response.json()?;
            Ok(NumberedPage { last: (page.result.len() as u64) < PER_PAGE, items: page.result })
        })
        .await
    }

    /// One teammate with the scopes.
    pub(super) async fn teammate(&self, username: &str) -> Result<Option<Teammate>, HttpError> {
        found(self.send(Request::get(["v3", "teammates", username])).await)
    }

    /// What a teammate may do for subusers.
    pub(super) async fn subuser_access(&self, username: &str) -> Result<SubuserAccess, HttpError> {
        let request = |after: Option<&str>| {
            let request = Request::get(["v3", "teammates", username, "subuser_access"])
                .query("limit", SUBUSERS_PER_PAGE);
            after.iter().fold(request, |request, after| request.query("after_subuser_id", after))
        };
        let is_restricted = AtomicBool::new(false);
        let subusers = pages_by_token(&self.origin, MAX_PAGES, request, |response| {
            let page: SubuserAccess = response.json()?;
            is_restricted.fetch_or(page.has_restricted_subuser_access == Some(true), Ordering::Relaxed);
            let next = page.next();
            Ok((page.subuser_access, next))
        })
        .await?;
        Ok(SubuserAccess {
            has_restricted_subuser_access: Some(is_restricted.into_inner()),
            subuser_access: subusers,
            ..SubuserAccess::default()
        })
    }

    /// Makes an SSO teammate. SendGrid answers 201.
    pub(super) async fn create_teammate(&self, body: &Json) -> Result<(), HttpError> {
        self.origin.send(Request::post(sso(["teammates"])).json(body)).await.map(drop)
    }

    pub(super) async fn update_teammate(&self, username: &str, body: &Json) -> Result<(), HttpError> {
        self.origin.send(Request::patch(sso(["teammates", username])).json(body)).await.map(drop)
    }

    pub(super) async fn delete_teammate(&self, username: &str) -> Result<(), HttpError> {
        found(self.origin.send(Request::delete(["v3", "teammates", username])).await).map(drop)
    }
}

/// The path of an SSO call.
fn sso<'a>(segments: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    ["v3", "sso"].into_iter().chain(segments)
}
