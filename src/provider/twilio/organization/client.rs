//! Calls of the organization's APIs: one function a call, lists to their end. No decisions here.

use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use url::Url;

use super::{
    super::paging,
    OrganizationConfig,
    wire::{Assignment, Role, User, UserPage},
};
use crate::http::{
    Auth, ClientCredentials, CommonShape, Http, HttpError, Origin, OriginConfig, RateLimitPolicy, Request,
    TokenEndpoint, TokenStyle, found, pages_by_token,
};

/// The vendor in messages.
const VENDOR: &str = "Twilio organization";
/// The largest page of roles.
const ROLES_PER_PAGE: usize = 1000;
/// The largest page of role assignments.
const ASSIGNMENTS_PER_PAGE: usize = 100;
/// A million role assignments: a user has at most 50 built-in ones.
const MAX_PAGES: usize = 10_000;
/// Requests at a time. The limit on their rate is not published.
const CONCURRENCY: usize = 4;

/// Twilio names each request in a header of its own; SCIM's and IAM's error bodies are common shapes.
static ERRORS: CommonShape = CommonShape { request_id: &["twilio-request-id", "x-request-id"] };

/// The APIs of one organization. Which one, the token says.
#[derive(Debug, Clone)]
pub struct Api {
    iam: Origin,
}

impl Api {
    /// A client; sends nothing yet.
    ///
    /// # Errors
    /// An endpoint that is not https, or not a usable base URL.
    pub fn new(http: &Http, config: &OrganizationConfig) -> Result<Self, HttpError> {
        let endpoints = &config.endpoints;
        let iam = endpoints.iam.clone().unwrap_or_else(|| constant("https://iam.twilio.com"));
        let mut token = endpoints.oauth.clone().unwrap_or_else(|| constant("https://oauth.twilio.com"));
        token.set_path(&format!("{}/v2/token", token.path().trim_end_matches('/')));
        let auth = Auth::bearer(ClientCredentials {
            endpoint: TokenEndpoint { vendor: VENDOR, url: token, style: TokenStyle::Form },
            client_id: config.client_id.clone(),
            client_secret: config.client_secret.clone(),
            audience: None,
            scope: None,
        });
        let iam = http.origin(OriginConfig {
            base: iam,
            auth,
            limits: RateLimitPolicy::RETRY_AFTER,
            errors: &ERRORS,
            concurrency: CONCURRENCY,
            vendor: VENDOR,
        })?;
        Ok(Self { iam })
    }

    /// All managed users. There is no paging.
    pub(super) async fn users(&self) -> Result<Vec<User>, HttpError> {
        let response = self.iam.send(scim(Request::get(["scim", "v2", "Users"]))).await?;
        response.json::<UserPage>()?.users(&response)
    }

    /// The users of this user name: at most one.
    pub(super) async fn users_named(&self, user_name: &str) -> Result<Vec<User>, HttpError> {
        // RFC 7644 section 3.4.2.2: the value is a JSON string.
        let filter = format!("userName eq {}", Json::from(user_name));
        let request = scim(Request::get(["scim", "v2", "Users"])).query("filter", filter);
        let response = self.iam.send(request).await?;
        response.json::<UserPage>()?.users(&response)
    }

    pub(super) async fn user(&self, sid: &str) -> Result<Option<User>, HttpError> {
        found(self.iam.send(scim(Request::get(["scim", "v2", "Users", sid]))).await)?
            .map(|response| response.json())
            .transpose()
    }

    /// Makes a user. Twilio answers 201, and sends a welcome mail.
    pub(super) async fn create_user(&self, user: &User) -> Result<User, HttpError> {
        let request = scim_body(Request::post(["scim", "v2", "Users"]), user);
        self.iam.send(request).await?.json()
    }

    /// Replaces a user, if it still has the version.
    pub(super) async fn replace_user(&self, user: &User) -> Result<User, HttpError> {
        let mut request = scim_body(Request::put(["scim", "v2", "Users", user.id()]), user);
        if let Some(version) = user.version() {
            request = request.header("if-match", version);
        }
        self.iam.send(request).await?.json()
    }

    /// Deactivates a user: that is what DELETE does.
    pub(super) async fn deactivate_user(&self, sid: &str) -> Result<(), HttpError> {
        found(self.iam.send(scim(Request::delete(["scim", "v2", "Users", sid]))).await).map(drop)
    }

    /// All roles that can be assigned.
    pub(super) async fn roles(&self) -> Result<Vec<Role>, HttpError> {
        let first = Request::get(["v2", "Organizations", "Roles"]).query("PageSize", ROLES_PER_PAGE);
        self.list(&first, "roles").await
    }

    /// The role assignments of a scope: the organization's SID, or an account's.
    pub(super) async fn assignments_in(&self, scope: &str) -> Result<Vec<Assignment>, HttpError> {
        self.list(&assignments().query("Scope", scope), "content").await
    }

    /// The role assignments of a user, in all scopes.
    pub(super) async fn assignments_of(&self, user_sid: &str) -> Result<Vec<Assignment>, HttpError> {
        self.list(&assignments().query("Identity", user_sid), "content").await
    }

    pub(super) async fn assign(&self, role: &str, scope: &str, user_sid: &str) -> Result<(), HttpError> {
        let body = json!({"role_sid": role, "scope": scope, "identity": user_sid});
        self.iam.send(Request::post(["v2", "Organizations", "RoleAssignments"]).json(&body)).await.map(drop)
    }

    /// Deletes a role assignment; one that is gone already is well.
    pub(super) async fn unassign(&self, sid: &str) -> Result<(), HttpError> {
        let request = Request::delete(["v2", "Organizations", "RoleAssignments", sid]);
        found(self.iam.send(request).await).map(drop)
    }

    async fn list<T: DeserializeOwned>(&self, first: &Request, key: &str) -> Result<Vec<T>, HttpError> {
        let request = |token: Option<&str>| match token {
            Some(token) => first.clone().query("PageToken", token),
            None => first.clone(),
        };
        pages_by_token(&self.iam, MAX_PAGES, request, |response| {
            let body: Json = response.json()?;
            Ok((paging::items(response, &body, key)?, paging::next_token(response, &body)?))
        })
        .await
    }
}

fn assignments() -> Request {
    Request::get(["v2", "Organizations", "RoleAssignments"]).query("PageSize", ASSIGNMENTS_PER_PAGE)
}

/// Answers in SCIM's media type (RFC 7644 section 8.1), errors as well.
fn scim(request: Request) -> Request {
    request.header("accept", "application/scim+json, application/json")
}

/// A body in SCIM's media type.
fn scim_body(request: Request, user: &User) -> Request {
    scim(request).header("content-type", "application/scim+json").json(&user.body())
}

fn constant(text: &'static str) -> Url {
    Url::parse(text).expect("a constant URL")
}
