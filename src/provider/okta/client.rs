//! Calls of Okta's management API: one function a call, bulk reads to their end. No decisions here.

use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::{
    PROVIDER,
    assertion::ServiceApp,
    wire::{App, AppGroup, AppUser, Group, Key, User},
};
use crate::{
    http::{
        Auth, CommonShape, Http, HttpError, Origin, OriginConfig, RateLimitPolicy, Request, Response,
        TokenEndpoint, TokenStyle, found, pages_by_link_header,
    },
    provider::assertion::PrivateKey,
    saml,
};

/// How to reach an Okta organization, and as whom.
#[derive(Debug, Clone)]
pub struct OktaConfig {
    /// The organization's host, `acme.okta.com`.
    pub domain: String,
    /// The base URL instead of `https://<domain>`.
    pub endpoint: Option<Url>,
    /// As whom.
    pub auth: OktaAuth,
}

/// Okta's two ways to authenticate.
#[derive(Debug, Clone)]
pub enum OktaAuth {
    /// An API token (`SSWS`).
    Token(SecretString),
    /// A service app with a private key.
    ServiceApp {
        /// Its client ID.
        client_id: String,
        /// Its private key.
        key: PrivateKey,
        /// The ID that the app has for the key.
        key_id: Option<String>,
        /// Whether it is to write.
        writes: bool,
    },
}

const READ_SCOPES: &str = "okta.apps.read okta.users.read okta.groups.read";
const WRITE_SCOPES: &str = "okta.apps.read okta.apps.manage okta.users.read okta.groups.read";

/// The most that applications, users and groups give in a page.
const PER_PAGE: usize = 200;
/// The most that an application's users give in a page.
const ASSIGNMENTS_PER_PAGE: usize = 500;
/// More pages than any honest organization has.
const MAX_PAGES: usize = 1_000;
/// Requests at a time; Okta's limit on concurrent requests begins at 15.
const CONCURRENCY: usize = 4;

static SHAPE: CommonShape = CommonShape { request_id: &["x-okta-request-id"] };

/// `https://<domain>`: what people's browsers see, whatever the endpoint is.
///
/// # Errors
/// [`HttpError::InvalidRequest`] where the domain is no host name.
pub fn public_url(domain: &str) -> Result<Url, HttpError> {
    let invalid = || HttpError::InvalidRequest {
        host: domain.to_owned(),
        reason: "the Okta domain is no host name, such as acme.okta.com",
    };
    let url = Url::parse(&format!("https://{domain}")).map_err(|_| invalid())?;
    let is_host_only = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.host_str().is_some_and(|host| host.eq_ignore_ascii_case(domain));
    if is_host_only { Ok(url) } else { Err(invalid()) }
}

/// The management API of one organization.
#[derive(Debug, Clone)]
pub(super) struct Api {
    origin: Origin,
}

impl Api {
    pub(super) fn new(http: &Http, config: &OktaConfig) -> Result<Self, HttpError> {
        let public = public_url(&config.domain)?;
        let base = config.endpoint.clone().unwrap_or_else(|| public.clone());
        let below = |base: &Url| {
            let mut url = base.clone();
            url.set_path(&format!("{}/oauth2/v1/token", base.path().trim_end_matches('/')));
            url
        };
        let auth = match &config.auth {
            OktaAuth::Token(token) => Auth::scheme("SSWS", token),
            OktaAuth::ServiceApp { client_id, key, key_id, writes } => Auth::bearer(ServiceApp {
                endpoint: TokenEndpoint { vendor: PROVIDER, url: below(&base), style: TokenStyle::Form },
                audience: below(&public).to_string(),
                client_id: client_id.clone(),
                key: key.clone(),
                key_id: key_id.clone(),
                scope: if *writes { WRITE_SCOPES } else { READ_SCOPES }.to_owned(),
            }),
        };
        let origin = http.origin(OriginConfig {
            base,
            auth,
            limits: RateLimitPolicy::X_RATE_LIMIT,
            errors: &SHAPE,
            concurrency: CONCURRENCY,
            vendor: PROVIDER,
        })?;
        Ok(Self { origin })
    }

    async fn send<T: DeserializeOwned>(&self, request: Request) -> Result<T, HttpError> {
        self.origin.send(request).await?.json()
    }

    async fn list<T: DeserializeOwned>(&self, request: Request) -> Result<Vec<T>, HttpError> {
        pages_by_link_header(&self.origin, MAX_PAGES, request, Response::json::<Vec<T>>).await
    }

    /// All applications that are not deleted, active or not.
    pub(super) async fn apps(&self) -> Result<Vec<App>, HttpError> {
        self.list(Request::get(v1(["apps"])).query("limit", PER_PAGE).query("includeNonDeleted", true)).await
    }

    pub(super) async fn app(&self, id: &str) -> Result<Option<App>, HttpError> {
        found(self.send(Request::get(v1(["apps", id]))).await)
    }

    /// Makes an active application. Okta answers 200.
    pub(super) async fn create_app(&self, body: &Value) -> Result<App, HttpError> {
        self.send(Request::post(v1(["apps"])).query("activate", true).json(body)).await
    }

    /// Replaces the whole application.
    pub(super) async fn replace_app(&self, id: &str, body: &Value) -> Result<App, HttpError> {
        self.send(Request::put(v1(["apps", id])).json(body)).await
    }

    pub(super) async fn activate(&self, id: &str) -> Result<(), HttpError> {
        self.origin.send(Request::post(v1(["apps", id, "lifecycle", "activate"]))).await.map(drop)
    }

    pub(super) async fn deactivate(&self, id: &str) -> Result<(), HttpError> {
        self.origin.send(Request::post(v1(["apps", id, "lifecycle", "deactivate"]))).await.map(drop)
    }

    /// Deletes an application, which has to be inactive.
    pub(super) async fn delete_app(&self, id: &str) -> Result<(), HttpError> {
        found(self.origin.send(Request::delete(v1(["apps", id]))).await).map(drop)
    }

    /// The identity provider's metadata with one key; nothing where Okta gives none.
    pub(super) async fn metadata(&self, id: &str, kid: &str) -> Result<Option<saml::Metadata>, HttpError> {
        let request = Request::get(v1(["apps", id, "sso", "saml", "metadata"]))
            .query("kid", kid)
            .header("accept", "application/xml");
        let Some(response) = found(self.origin.send(request).await)? else { return Ok(None) };
        let metadata = saml::Metadata::parse_bytes(response.bytes())
            .map_err(|_| response.undecodable(".", "expected SAML metadata"))?;
        Ok(Some(metadata))
    }

    pub(super) async fn keys(&self, id: &str) -> Result<Vec<Key>, HttpError> {
        self.list(Request::get(v1(["apps", id, "credentials", "keys"]))).await
    }

    /// Makes a key whose certificate is valid for so many years; nothing signs with it yet.
    pub(super) async fn generate_key(&self, id: &str, years: i64) -> Result<Key, HttpError> {
        let path = v1(["apps", id, "credentials", "keys", "generate"]);
        self.send(Request::post(path).query("validityYears", years)).await
    }

    /// Everybody who is assigned; with who they are, where that is asked for.
    pub(super) async fn app_users(&self, id: &str, with_people: bool) -> Result<Vec<AppUser>, HttpError> {
        let request = Request::get(v1(["apps", id, "users"])).query("limit", ASSIGNMENTS_PER_PAGE);
        self.list(if with_people { request.query("expand", "user") } else { request }).await
    }

    pub(super) async fn app_user(&self, id: &str, user: &str) -> Result<Option<AppUser>, HttpError> {
        found(self.send(Request::get(v1(["apps", id, "users", user]))).await)
    }

    pub(super) async fn assign_user(&self, id: &str, user: &str) -> Result<AppUser, HttpError> {
        let body = json!({"id": user, "scope": "USER"});
        self.send(Request::post(v1(["apps", id, "users"])).json(&body)).await
    }

    pub(super) async fn unassign_user(&self, id: &str, user: &str) -> Result<(), HttpError> {
        found(self.origin.send(Request::delete(v1(["apps", id, "users", user]))).await).map(drop)
    }

    pub(super) async fn app_groups(&self, id: &str) -> Result<Vec<AppGroup>, HttpError> {
        self.list(Request::get(v1(["apps", id, "groups"])).query("limit", PER_PAGE)).await
    }

    pub(super) async fn assign_group(&self, id: &str, group: &str) -> Result<(), HttpError> {
        self.origin.send(Request::put(v1(["apps", id, "groups", group])).json(&json!({}))).await.map(drop)
    }

    pub(super) async fn unassign_group(&self, id: &str, group: &str) -> Result<(), HttpError> {
        found(self.origin.send(Request::delete(v1(["apps", id, "groups", group]))).await).map(drop)
    }

    /// Users by a search expression; the index may be behind by a moment.
    pub(super) async fn search_users(&self, search: &str) -> Result<Vec<User>, HttpError> {
        self.list(Request::get(v1(["users"])).query("search", search).query("limit", PER_PAGE)).await
    }

    /// Users by a filter expression, which is never behind.
    pub(super) async fn filter_users(&self, filter: &str) -> Result<Vec<User>, HttpError> {
        self.list(Request::get(v1(["users"])).query("filter", filter).query("limit", PER_PAGE)).await
    }

    pub(super) async fn search_groups(&self, search: &str) -> Result<Vec<Group>, HttpError> {
        self.list(Request::get(v1(["groups"])).query("search", search).query("limit", PER_PAGE)).await
    }

    pub(super) async fn group_members(&self, group: &str) -> Result<Vec<User>, HttpError> {
        self.list(Request::get(v1(["groups", group, "users"])).query("limit", PER_PAGE)).await
    }
}

/// The path of a call.
fn v1<'a>(segments: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    ["api", "v1"].into_iter().chain(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_a_host_and_nothing_else() {
        assert_eq!(public_url("acme.okta.com").unwrap().as_str(), "https://acme.okta.com/");
        for bad in ["", "https://acme.okta.com", "acme.okta.com/x", "a@b", "a b"] {
            assert!(matches!(public_url(bad), Err(HttpError::InvalidRequest { .. })), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_service_app_may_do_what_its_scopes_say() {
        let folder = tempfile::tempdir().unwrap();
        let state_dir = camino::Utf8PathBuf::from_path_buf(folder.path().join("state")).unwrap();
        let options = crate::sandbox::SandboxOptions { state_dir, ..Default::default() };
        let running = crate::sandbox::Sandbox::start(options).await.unwrap();
        let routing = crate::http::Routing::Sandbox { base: running.base_url() };
        let http = Http::new(crate::http::HttpOptions { routing, ..Default::default() }).unwrap();
        let api = |writes| {
            let auth = OktaAuth::ServiceApp {
                client_id: "0oa1".to_owned(),
                key: PrivateKey::from_pem(&crate::provider::assertion::tests::key()).unwrap(),
                key_id: None,
                writes,
            };
            Api::new(&http, &OktaConfig { domain: "acme.okta.com".to_owned(), endpoint: None, auth }).unwrap()
        };
        assert_eq!(api(false).apps().await.unwrap(), []);
        let body = json!({"label": "Flex"});
        assert!(api(false).create_app(&body).await.unwrap_err().is_forbidden());
        assert_eq!(api(true).create_app(&body).await.unwrap_err().code(), Some("E0000001"));
    }
}
