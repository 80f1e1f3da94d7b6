//! Calls of the Directory API: one function a call, bulk reads to their end. No decisions here, but one: Google says with 403 that a
//! quota is used up, and such a call is sent again after a wait.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::{
    PROVIDER,
    wire::{GroupMember, Members, Object, Schema, Schemas, User, Users},
};
use crate::{
    http::{
        Auth, ErrorParts, ErrorShape, Http, HttpError, Origin, OriginConfig, RateLimitPolicy, Request,
        Response, StatusCode, TokenEndpoint, TokenStyle, found, header::HeaderMap, pages_by_token,
    },
    provider::assertion::{JwtBearer, PrivateKey},
};

/// How to reach a Google Workspace customer, and as whom.
#[derive(Debug, Clone)]
pub(super) struct GoogleConfig {
    /// The customer ID, or `my_customer`.
    pub(super) customer: String,
    /// The service account's e-mail address.
    pub(super) service_account: String,
    /// The administrator whom it acts for.
    pub(super) subject: String,
    /// The service account's private key.
    pub(super) key: PrivateKey,
    /// Whether it is to write.
    pub(super) writes: bool,
    /// The base URL instead of [`BASE`].
    pub(super) endpoint: Option<Url>,
    /// The token endpoint instead of [`TOKEN_URL`].
    pub(super) token_endpoint: Option<Url>,
}

const BASE: &str = "https://admin.googleapis.com";
/// The token endpoint, which is also the assertion's audience whatever the way to it is.
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";
const READ_SCOPES: [&str; 3] = [
    "https://www.googleapis.com/auth/admin.directory.userschema.readonly",
    "https://www.googleapis.com/auth/admin.directory.user.readonly",
    "https://www.googleapis.com/auth/admin.directory.group.member.readonly",
];
const WRITE_SCOPES: [&str; 3] = [
    "https://www.googleapis.com/auth/admin.directory.userschema",
    "https://www.googleapis.com/auth/admin.directory.user",
    "https://www.googleapis.com/auth/admin.directory.group.member.readonly",
];

/// The most users that a page has.
const USERS_PER_PAGE: usize = 500;
/// The most members that a page has.
const MEMBERS_PER_PAGE: usize = 200;
/// More pages than any honest customer has: 1,000,000 users.
const MAX_PAGES: usize = 2_000;
/// Requests at a time. The quota is by minute and user, so more would not be faster for long.
const CONCURRENCY: usize = 4;
/// How often a call is sent at all when Google says that a quota is used up.
const QUOTA_ATTEMPTS: u32 = 6;
/// The first wait for a quota; it doubles.
const QUOTA_WAIT: Duration = Duration::from_millis(500);
/// The reasons that Google gives with 403 for a quota by time (Directory API, "Resolve errors").
const QUOTA_REASONS: [&str; 3] = ["quotaExceeded", "rateLimitExceeded", "userRateLimitExceeded"];

/// `{error: {code, message, errors: [{domain, reason, message}], status}}`; the token endpoint has `{error, error_description}`.
struct Shape;

static SHAPE: Shape = Shape;

impl ErrorShape for Shape {
    fn parse(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ErrorParts {
        let mut parts = crate::http::COMMON_SHAPE.parse(status, headers, body);
        let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let reason = body.pointer("/error/errors/0/reason").or_else(|| body.pointer("/error/status"));
        if let Some(reason) = reason.and_then(Value::as_str) {
            parts.code = Some(reason.to_owned());
        }
        if let Some(message) = body.pointer("/error/message").and_then(Value::as_str) {
            parts.message = Some(message.to_owned());
        }
        parts
    }
}

/// The Directory API of one customer.
#[derive(Debug, Clone)]
pub(super) struct Api {
    origin: Origin,
    customer: String,
}

impl Api {
    pub(super) fn new(http: &Http, config: &GoogleConfig) -> Result<Self, HttpError> {
        let constant = |text: &str| Url::parse(text).expect("a constant that is a URL");
        let scopes = if config.writes { WRITE_SCOPES } else { READ_SCOPES };
        let auth = Auth::bearer(JwtBearer {
            endpoint: TokenEndpoint {
                vendor: PROVIDER,
                url: config.token_endpoint.clone().unwrap_or_else(|| constant(TOKEN_URL)),
                style: TokenStyle::Form,
            },
            key: config.key.clone(),
            issuer: config.service_account.clone(),
            subject: config.subject.clone(),
            audience: TOKEN_URL.to_owned(),
            scope: Some(scopes.join(" ")),
        });
        let origin = http.origin(OriginConfig {
            base: config.endpoint.clone().unwrap_or_else(|| constant(BASE)),
            auth,
            limits: RateLimitPolicy::RETRY_AFTER,
            errors: &SHAPE,
            concurrency: CONCURRENCY,
            vendor: PROVIDER,
        })?;
        Ok(Self { origin, customer: config.customer.clone() })
    }

    async fn send<T: DeserializeOwned>(&self, request: Request) -> Result<T, HttpError> {
        patiently(|| self.origin.send(request.clone())).await?.json()
    }

    async fn list<T>(
        &self,
        request: impl Fn() -> Request,
        read: impl Fn(&Response) -> Result<(Vec<T>, Option<String>), HttpError>,
    ) -> Result<Vec<T>, HttpError> {
        let page = |token: Option<&str>| match token {
            Some(token) => request().query("pageToken", token),
            None => request(),
        };
        let (page, read) = (&page, &read);
        patiently(|| pages_by_token(&self.origin, MAX_PAGES, page, read)).await
    }

    fn schema_path<'a>(&'a self, key: Option<&'a str>) -> impl Iterator<Item = &'a str> {
        directory(["customer", &self.customer, "schemas"]).chain(key)
    }

    /// Every custom schema of the customer.
    pub(super) async fn schemas(&self) -> Result<Vec<Schema>, HttpError> {
        let list: Schemas = self.send(Request::get(self.schema_path(None))).await?;
        Ok(list.schemas.unwrap_or_default())
    }

    /// A schema by its name or ID.
    pub(super) async fn schema(&self, key: &str) -> Result<Option<Schema>, HttpError> {
        found(self.send(Request::get(self.schema_path(Some(key)))).await)
    }

    /// Makes a schema. A name that is in use is refused with 409.
    pub(super) async fn create_schema(&self, body: &Value) -> Result<Schema, HttpError> {
        self.send(Request::post(self.schema_path(None)).json(body)).await
    }

    /// Replaces the whole schema. (A PATCH would replace the list of fields as a whole, too.)
    pub(super) async fn replace_schema(&self, id: &str, body: &Object) -> Result<Schema, HttpError> {
        self.send(Request::put(self.schema_path(Some(id))).json(body)).await
    }

    /// Deletes a schema with everybody's values in it.
    pub(super) async fn delete_schema(&self, id: &str) -> Result<(), HttpError> {
        let request = Request::delete(self.schema_path(Some(id)));
        found(patiently(|| self.origin.send(request.clone())).await).map(drop)
    }

    /// Every user of the customer, with their values in some schemas.
    pub(super) async fn users(&self, schemas: &[String]) -> Result<Vec<User>, HttpError> {
        let request = || {
            with_values(Request::get(directory(["users"])), schemas)
                .query("customer", &self.customer)
                .query("maxResults", USERS_PER_PAGE)
                .query("orderBy", "email")
        };
        self.list(request, |response| {
            let page: Users = response.json()?;
            Ok((page.users.unwrap_or_default(), page.next_page_token))
        })
        .await
    }

    /// A user by ID or address.
    pub(super) async fn user(&self, key: &str, schemas: &[String]) -> Result<Option<User>, HttpError> {
        found(self.send(with_values(Request::get(directory(["users", key])), schemas)).await)
    }

    /// Sets a user's values in a schema. What the body does not name stays; null deletes.
    pub(super) async fn set_values(
        &self,
        id: &str,
        schema: &str,
        values: &Object,
    ) -> Result<User, HttpError> {
        let mut of_schema = Object::new();
        of_schema.insert(schema.to_owned(), Value::Object(values.clone()));
        self.send(Request::patch(directory(["users", id])).json(&json!({"customSchemas": of_schema}))).await
    }

    /// The members of a group, those of groups in it among them; nothing where there is no such group.
    pub(super) async fn members(&self, group: &str) -> Result<Option<Vec<GroupMember>>, HttpError> {
        let request = || {
            Request::get(directory(["groups", group, "members"]))
                .query("includeDerivedMembership", true)
                .query("maxResults", MEMBERS_PER_PAGE)
        };
        let members = self
            .list(request, |response| {
                let page: Members = response.json()?;
                Ok((page.members.unwrap_or_default(), page.next_page_token))
            })
            .await;
        found(members)
    }
}

/// The path of a call.
fn directory<'a>(segments: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    ["admin", "directory", "v1"].into_iter().chain(segments)
}

fn with_values(request: Request, schemas: &[String]) -> Request {
    if schemas.is_empty() {
        request.query("projection", "basic")
    } else {
        request.query("projection", "custom").query("customFieldMask", schemas.join(","))
    }
}

/// Sends again what was refused for a quota: such a call was not carried out.
async fn patiently<T, F>(call: impl Fn() -> F) -> Result<T, HttpError>
where
    F: Future<Output = Result<T, HttpError>>,
{
    let mut wait = QUOTA_WAIT;
    for _ in 1..QUOTA_ATTEMPTS {
        match call().await {
            Err(error) if error.code().is_some_and(|code| QUOTA_REASONS.contains(&code)) => {
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
            done => return done,
        }
    }
    call().await
}
