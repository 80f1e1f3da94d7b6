//! Calls of the Management API v2: one function a call, bulk reads to their end. No decisions here.

use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use super::wire::{
    Action, ActionsPage, Binding, BindingsPage, Client, ClientsPage, SECRETS, SigningKey, USER_FIELDS, User,
};
use super::{PROVIDER, lower::TRIGGER};
use crate::{
    http::{
        Auth, ClientCredentials, CommonShape, Http, HttpError, NumberedPage, Origin, OriginConfig,
        RateLimitPolicy, Request, Response, TokenEndpoint, TokenStyle, found, pages_by_number,
    },
    saml,
};

/// How to reach an Auth0 tenant, and as whom.
#[derive(Debug, Clone)]
pub struct Auth0Config {
    /// The tenant's host, `acme.us.auth0.com`; not its custom domain.
    pub domain: String,
    /// The base URL instead of `https://<domain>`.
    pub endpoint: Option<Url>,
    /// The machine-to-machine application's client ID.
    pub client_id: String,
    /// Its client secret.
    pub client_secret: SecretString,
}

/// Why an application's SAML metadata could not be read.
#[derive(Debug, thiserror::Error)]
pub enum MetadataUnavailable {
    /// The request failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// There are none: the application does not exist, or its SAML addon is off.
    #[error("{url} answered {status}")]
    Status {
        /// The metadata's address.
        url: Url,
        /// The HTTP status.
        status: u16,
    },
    /// The document is not SAML metadata.
    #[error("{url} is not SAML metadata: {cause}")]
    Invalid {
        /// The metadata's address.
        url: Url,
        /// What is wrong with it.
        cause: saml::MetadataError,
    },
}

/// Items a page; the most that clients and users give.
const PER_PAGE: u64 = 100;
/// More pages than any honest tenant has: 50,000 applications or Actions.
const MAX_PAGES: usize = 500;
/// Requests at a time: the smallest tenants allow ten in a burst.
const CONCURRENCY: usize = 4;

static SHAPE: CommonShape = CommonShape { request_id: &["x-auth0-requestid", "x-request-id"] };

/// The address of an application's SAML metadata, which is public.
pub(super) fn metadata_url(base: &Url, client_id: &str) -> Url {
    below(base, ["samlp", "metadata", client_id])
}

/// The address where people sign in to an application by SAML.
pub(super) fn sso_url(base: &Url, client_id: &str, connection: Option<&str>) -> Url {
    let mut url = below(base, ["samlp", client_id]);
    if let Some(connection) = connection {
        url.query_pairs_mut().append_pair("connection", connection);
    }
    url
}

fn below<const N: usize>(base: &Url, segments: [&str; N]) -> Url {
    let mut url = base.clone();
    // `https` URLs always have segments.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// `https://<domain>`: what people's browsers see, whatever the endpoint is.
///
/// # Errors
/// [`HttpError::InvalidRequest`] where the domain is no host name.
pub fn public_url(domain: &str) -> Result<Url, HttpError> {
    let invalid = || HttpError::InvalidRequest {
        host: domain.to_owned(),
        reason: "the Auth0 domain is no host name, such as acme.us.auth0.com",
    };
    let url = Url::parse(&format!("https://{domain}")).map_err(|_| invalid())?;
    let is_host_only = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.host_str().is_some_and(|host| host.eq_ignore_ascii_case(domain));
    if is_host_only { Ok(url) } else { Err(invalid()) }
}

/// Reads an application's SAML metadata, without credentials. One call.
///
/// # Errors
/// See [`MetadataUnavailable`].
pub async fn metadata(
    http: &Http,
    domain: &str,
    client_id: &str,
) -> Result<saml::Metadata, MetadataUnavailable> {
    let url = metadata_url(&public_url(domain)?, client_id);
    let response = http.get(&url).await?;
    if !response.status().is_success() {
        return Err(MetadataUnavailable::Status { url, status: response.status().as_u16() });
    }
    saml::Metadata::parse_bytes(response.bytes()).map_err(|cause| MetadataUnavailable::Invalid { url, cause })
}

/// The Management API of one tenant.
#[derive(Debug, Clone)]
pub(super) struct Api {
    origin: Origin,
}

impl Api {
    pub(super) fn new(http: &Http, config: &Auth0Config) -> Result<Self, HttpError> {
        let public = public_url(&config.domain)?;
        let base = config.endpoint.clone().unwrap_or_else(|| public.clone());
        // The audience names the API, not the way to it: it stays the tenant's own behind any endpoint.
        let audience = below(&public, ["api", "v2", ""]).to_string();
        let auth = Auth::bearer(ClientCredentials {
            endpoint: TokenEndpoint {
                vendor: PROVIDER,
                url: below(&base, ["oauth", "token"]),
                style: TokenStyle::Json,
            },
            client_id: config.client_id.clone(),
            client_secret: config.client_secret.clone(),
            audience: Some(audience),
            scope: None,
        });
        let origin = http.origin(OriginConfig {
            base: below(&base, ["api", "v2"]),
            auth,
            limits: RateLimitPolicy::X_RATELIMIT,
            errors: &SHAPE,
            concurrency: CONCURRENCY,
            vendor: PROVIDER,
        })?;
        Ok(Self { origin })
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    async fn send<T: serde::de::DeserializeOwned>(&self, request: Request) -> Result<T, HttpError> {
        self.origin.send(request).await?.json()
    }

    /// All applications.
    pub(super) async fn clients(&self) -> Result<Vec<Client>, HttpError> {
        let request = |page| {
            without_secrets(Request::get(["clients"]))
                .query("include_totals", true)
                .query("is_global", false)
                .query("per_page", PER_PAGE)
                .query("page", page)
        };
        pages_by_number(&self.origin, MAX_PAGES, request, |response: &Response| {
            let page: ClientsPage = response.json()?;
            let end = page.start.saturating_add(page.clients.len() as u64);
            Ok(NumberedPage { last: page.clients.is_empty() || end >= page.total, items: page.clients })
        })
        .await
    }

    pub(super) async fn client(&self, id: &str) -> Result<Option<Client>, HttpError> {
        found(self.send(without_secrets(Request::get(["clients", id]))).await)
    }

    pub(super) async fn create_client(&self, body: &Value) -> Result<Client, HttpError> {
        self.send(Request::post(["clients"]).json(body)).await
    }

    pub(super) async fn update_client(&self, id: &str, body: &Value) -> Result<Client, HttpError> {
        self.send(Request::patch(["clients", id]).json(body)).await
    }

    pub(super) async fn delete_client(&self, id: &str) -> Result<(), HttpError> {
        found(self.origin.send(Request::delete(["clients", id])).await).map(drop)
    }

    /// All Actions of the post-login trigger, with their code.
    pub(super) async fn actions(&self) -> Result<Vec<Action>, HttpError> {
        let request = |page| {
            Request::get(["actions", "actions"])
                .query("triggerId", TRIGGER)
                .query("per_page", PER_PAGE)
                .query("page", page)
        };
        pages_by_number(&self.origin, MAX_PAGES, request, |response: &Response| {
            let page: ActionsPage = response.json()?;
            Ok(NumberedPage { last: page.place.is_last(page.actions.len()), items: page.actions })
        })
        .await
    }

    pub(super) async fn action(&self, id: &str) -> Result<Option<Action>, HttpError> {
        found(self.send(Request::get(["actions", "actions", id])).await)
    }

    pub(super) async fn create_action(&self, body: &Value) -> Result<Action, HttpError> {
        self.send(Request::post(["actions", "actions"]).json(body)).await
    }

    pub(super) async fn update_action(&self, id: &str, body: &Value) -> Result<Action, HttpError> {
        self.send(Request::patch(["actions", "actions", id]).json(body)).await
    }

    /// The answer is 202 in the specification and 200 in reality; its body is not needed.
    pub(super) async fn deploy_action(&self, id: &str) -> Result<(), HttpError> {
        self.origin.send(Request::post(["actions", "actions", id, "deploy"])).await.map(drop)
    }

    pub(super) async fn delete_action(&self, id: &str) -> Result<(), HttpError> {
        found(self.origin.send(Request::delete(["actions", "actions", id])).await).map(drop)
    }

    /// The post-login flow, in order.
    pub(super) async fn bindings(&self) -> Result<Vec<Binding>, HttpError> {
        let request = |page| {
            Request::get(["actions", "triggers", TRIGGER, "bindings"])
                .query("per_page", PER_PAGE)
                .query("page", page)
        };
        pages_by_number(&self.origin, MAX_PAGES, request, |response: &Response| {
            let page: BindingsPage = response.json()?;
            Ok(NumberedPage { last: page.place.is_last(page.bindings.len()), items: page.bindings })
        })
        .await
    }

    /// Replaces the whole post-login flow.
    pub(super) async fn set_bindings(&self, bindings: &[Value]) -> Result<(), HttpError> {
        let request = Request::patch(["actions", "triggers", TRIGGER, "bindings"]);
        self.origin.send(request.json(&json!({"bindings": bindings}))).await.map(drop)
    }

    pub(super) async fn signing_keys(&self) -> Result<Vec<SigningKey>, HttpError> {
        self.send(Request::get(["keys", "signing"])).await
    }

    /// Users by exact address. Not behind, as search is; the address is compared as it is stored, in lower case.
    pub(super) async fn users_by_email(&self, email: &str) -> Result<Vec<User>, HttpError> {
        let request = Request::get(["users-by-email"]).query("email", email.to_lowercase());
        self.send(only_user_fields(request)).await
    }

    pub(super) async fn user(&self, id: &str) -> Result<Option<User>, HttpError> {
        found(self.send(only_user_fields(Request::get(["users", id]))).await)
    }

    pub(super) async fn update_user(&self, id: &str, body: &Value) -> Result<User, HttpError> {
        self.send(Request::patch(["users", id]).json(body)).await
    }
}

fn without_secrets(request: Request) -> Request {
    request.query("fields", SECRETS.join(",")).query("include_fields", false)
}

pub(super) fn only_user_fields(request: Request) -> Request {
    request.query("fields", USER_FIELDS).query("include_fields", true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_a_host_and_nothing_else() {
        assert_eq!(public_url("nss.us.auth0.com").unwrap().as_str(), "https://nss.us.auth0.com/");
        for bad in ["", "https://nss.us.auth0.com", "nss.us.auth0.com/x", "a@b", "nss.us.auth0.com?x", "a b"]
        {
            assert!(matches!(public_url(bad), Err(HttpError::InvalidRequest { .. })), "{bad}");
        }
    }

    #[test]
    fn the_sign_on_url_names_the_connection() {
        let base = public_url("nss.us.auth0.com").unwrap();
        assert_eq!(
            sso_url(&base, "abc", Some("Username-Password-Authentication")).as_str(),
            "https://nss.us.auth0.com/samlp/abc?connection=Username-Password-Authentication"
        );
        assert_eq!(sso_url(&base, "abc", None).as_str(), "https://nss.us.auth0.com/samlp/abc");
        assert_eq!(metadata_url(&base, "abc").as_str(), "https://nss.us.auth0.com/samlp/metadata/abc");
    }
}
