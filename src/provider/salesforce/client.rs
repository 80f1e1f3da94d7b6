//! Calls of Salesforce's APIs: one function a call, bulk reads to their end. No decisions here.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use url::Url;

use super::{
    PROVIDER,
    deploy::DeployResult,
    package::multipart,
    soap::{self, Listed, NAMES_PER_READ, Shape, TYPES_PER_LIST},
    xml::Element,
};
use crate::{
    http::{
        Auth, ClientCredentials, Http, HttpError, Kind, Origin, OriginConfig, RateLimitPolicy, Request,
        Response, TokenCache, TokenEndpoint, TokenStyle, pages_by_next_url,
    },
    provider::assertion::{JwtBearer, PrivateKey},
    saml,
};

/// How to reach a Salesforce organization, and as whom.
#[derive(Debug, Clone)]
pub struct SalesforceConfig {
    /// The My Domain host, `acme.my.salesforce.com`.
    pub domain: String,
    /// The base URL instead of `https://<domain>`.
    pub endpoint: Option<Url>,
    /// The version of the API: `63.0`.
    pub api_version: String,
    /// As whom; `None` where nothing is to be asked that needs a credential (an edition without an API).
    pub auth: Option<SalesforceAuth>,
}

/// Salesforce's two ways to authenticate a program.
#[derive(Debug, Clone)]
pub enum SalesforceAuth {
    /// The client credentials grant: the app's own integration user.
    ClientCredentials {
        /// The consumer key.
        client_id: String,
        /// The consumer secret.
        client_secret: SecretString,
    },
    /// The JWT bearer grant: any user who has allowed the app.
    JwtBearer {
        /// The consumer key.
        client_id: String,
        /// The private key of the certificate that the app knows.
        key: PrivateKey,
        /// The integration user.
        username: String,
        /// Whether the organization is a Salesforce sandbox, whose logins are at another host.
        is_sandbox: bool,
    },
}

/// The version where the tenant names none: the first with SAML for External Client Apps.
pub const DEFAULT_API_VERSION: &str = "63.0";

/// More pages than any honest organization has: 2,000 records each.
const MAX_PAGES: usize = 1_000;
/// Requests at a time; Salesforce's limit on concurrent long-running requests is 25 for the whole organization.
const CONCURRENCY: usize = 4;
/// Records in one call of sObject Collections (REST API, `composite/sobjects`).
pub(super) const RECORDS_PER_CALL: usize = 200;
/// How often a SOAP read is sent whose answer is lost.
const SOAP_ATTEMPTS: usize = 3;

static SHAPE: Shape = Shape;

/// `https://<domain>`: what people's browsers see, whatever the endpoint is.
///
/// # Errors
/// [`HttpError::InvalidRequest`] where the domain is no host name.
pub fn public_url(domain: &str) -> Result<Url, HttpError> {
    let invalid = || HttpError::InvalidRequest {
        host: domain.to_owned(),
        reason: "the My Domain is no host name, such as acme.my.salesforce.com",
    };
    let url = Url::parse(&format!("https://{domain}")).map_err(|_| invalid())?;
    let is_host_only = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.host_str().is_some_and(|host| host.eq_ignore_ascii_case(domain));
    if is_host_only { Ok(url) } else { Err(invalid()) }
}

/// The metadata of the organization as a SAML identity provider, which anybody may read.
pub(super) fn metadata_url(domain: &str) -> Option<Url> {
    public_url(domain).ok()?.join("/.well-known/samlidp.xml").ok()
}

/// The APIs of one organization.
pub(super) struct Api {
    origin: Origin,
    /// The token itself: SOAP calls carry it inside.
    token: Option<Arc<TokenCache>>,
    version: String,
    host: String,
}

/// One page of a query.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    #[serde(default = "Vec::new")]
    records: Vec<T>,
    #[serde(default)]
    next_records_url: Option<String>,
}

/// What became of one record of a collection.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Saved {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) success: bool,
    #[serde(default)]
    pub(super) errors: Vec<SaveError>,
}

/// Why a record was not saved.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SaveError {
    #[serde(default)]
    pub(super) status_code: Option<String>,
    #[serde(default)]
    pub(super) message: Option<String>,
}

impl Api {
    pub(super) fn new(http: &Http, config: &SalesforceConfig) -> Result<Self, HttpError> {
        let public = public_url(&config.domain)?;
        let base = config.endpoint.clone().unwrap_or_else(|| public.clone());
        let mut token_url = base.clone();
        token_url.set_path(&format!("{}/services/oauth2/token", base.path().trim_end_matches('/')));
        let endpoint = TokenEndpoint { vendor: PROVIDER, url: token_url, style: TokenStyle::Form };
        let token = config.auth.as_ref().map(|auth| {
            Arc::new(match auth.clone() {
                SalesforceAuth::ClientCredentials { client_id, client_secret } => {
                    TokenCache::new(ClientCredentials {
                        endpoint,
                        client_id,
                        client_secret,
                        audience: None,
                        scope: None,
                    })
                }
                SalesforceAuth::JwtBearer { client_id, key, username, is_sandbox } => {
                    let login = if is_sandbox { "test" } else { "login" };
                    TokenCache::new(JwtBearer {
                        endpoint,
                        key,
                        issuer: client_id,
                        subject: username,
                        audience: format!("https://{login}.salesforce.com"),
                        scope: None,
                    })
                }
            })
        });
        let origin = http.origin(OriginConfig {
            base,
            auth: token.clone().map_or(Auth::None, Auth::Bearer),
            limits: RateLimitPolicy::RETRY_AFTER,
            errors: &SHAPE,
            concurrency: CONCURRENCY,
            vendor: PROVIDER,
        })?;
        let host = config.domain.to_ascii_lowercase();
        Ok(Self { origin, token, version: config.api_version.clone(), host })
    }

    pub(super) fn version(&self) -> &str {
        &self.version
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn http(&self) -> &Http {
        self.origin.http()
    }

    /// Whether there is anybody to ask as.
    pub(super) fn has_credential(&self) -> bool {
        self.token.is_some()
    }

    /// Sends a SOAP call that reads. A fault is an answer with status 500, which must not be repeated as a server's failure would be; a
    /// session that has ended is renewed once.
    async fn soap(&self, action: &str, body: &str) -> Result<Response, HttpError> {
        let version = &self.version;
        let mut renewed = false;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let session = match &self.token {
                Some(token) => Some(token.token(self.http()).await?),
                None => None,
            };
            let text = session.as_ref().map_or("", |session| session.expose_secret());
            let request = Request::post(["services", "Soap", "m", version])
                .kind(Kind::Write)
                .header("soapaction", action)
                .header("accept", "text/xml")
                .body("text/xml; charset=UTF-8", soap::envelope(text, body).into_bytes());
            match self.origin.send(request).await {
                Err(HttpError::AnswerLost { .. }) if attempts < SOAP_ATTEMPTS => {}
                Err(error) if error.code() == Some("INVALID_SESSION_ID") && !renewed => {
                    let (Some(cache), Some(session)) = (&self.token, session) else { return Err(error) };
                    cache.renew(self.http(), &session).await?;
                    renewed = true;
                }
                result => return result,
            }
        }
    }

    /// The names of all components of some types.
    pub(super) async fn list(&self, kinds: &[&str]) -> Result<Vec<Listed>, HttpError> {
        let mut all = Vec::new();
        for kinds in kinds.chunks(TYPES_PER_LIST) {
            let response = self.soap("listMetadata", &soap::list(kinds, &self.version)).await?;
            let listed = soap::listed(&response.text());
            all.extend(listed.ok_or_else(|| response.undecodable(".", "expected a listMetadataResponse"))?);
        }
        Ok(all)
    }

    /// The components of a type that exist, among those that are named.
    pub(super) async fn read(&self, kind: &str, names: &[&str]) -> Result<Vec<Element>, HttpError> {
        let mut all = Vec::new();
        for names in names.chunks(NAMES_PER_READ) {
            let response = self.soap("readMetadata", &soap::read(kind, names)).await?;
            let records = soap::records(&response.text());
            all.extend(records.ok_or_else(|| response.undecodable(".", "expected a readMetadataResponse"))?);
        }
        Ok(all)
    }

    /// All records of a query, with their fields.
    pub(super) async fn query<T: DeserializeOwned>(&self, soql: &str) -> Result<Vec<T>, HttpError> {
        let request = Request::get(self.data(["query"])).query("q", soql);
        pages_by_next_url(&self.origin, MAX_PAGES, request, |response| {
            let page: Page<T> = response.json()?;
            Ok((page.records, page.next_records_url))
        })
        .await
    }

    /// Makes up to [`RECORDS_PER_CALL`] records, each for itself.
    pub(super) async fn create_records(&self, records: &[Value]) -> Result<Vec<Saved>, HttpError> {
        let body = json!({"allOrNone": false, "records": records});
        self.origin.send(Request::post(self.data(["composite", "sobjects"])).json(&body)).await?.json()
    }

    /// Sends a deploy and gives its ID.
    pub(super) async fn deploy(&self, options: &Value, zip: &[u8]) -> Result<String, HttpError> {
        #[derive(Deserialize)]
        struct Accepted {
            id: String,
        }
        // A boundary must not occur in what it separates; a zip of texts does not hold this one.
        const BOUNDARY: &str = "concord-7f3b1c9e5d2a4860-deploy";
        let body = multipart(options, zip, BOUNDARY);
        let request = Request::post(self.data(["metadata", "deployRequest"]))
            .body("multipart/form-data; boundary=concord-7f3b1c9e5d2a4860-deploy", body);
        Ok(self.origin.send(request).await?.json::<Accepted>()?.id)
    }

    /// How far a deploy is.
    pub(super) async fn deploy_status(&self, id: &str) -> Result<DeployResult, HttpError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Status {
            deploy_result: DeployResult,
        }
        let request =
            Request::get(self.data(["metadata", "deployRequest", id])).query("includeDetails", true);
        Ok(self.origin.send(request).await?.json::<Status>()?.deploy_result)
    }

    /// The identity provider's public metadata; nothing where there are none, as long as it is not enabled.
    pub(super) async fn metadata(&self) -> Result<Option<saml::Metadata>, HttpError> {
        let Some(url) = metadata_url(&self.host) else { return Ok(None) };
        let response = self.http().get(&url).await?;
        if !response.status().is_success() {
            return Ok(None);
        }
        let metadata = saml::Metadata::parse_bytes(response.bytes())
            .map_err(|_| response.undecodable(".", "expected SAML metadata"))?;
        Ok(Some(metadata))
    }

    fn data<'a>(
        &'a self,
        segments: impl IntoIterator<Item = &'a str> + 'a,
    ) -> impl Iterator<Item = String> + 'a {
        let start = ["services".to_owned(), "data".to_owned(), format!("v{}", self.version)];
        start.into_iter().chain(segments.into_iter().map(str::to_owned))
    }
}

/// A text as a literal of SOQL.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// Literals in chunks that keep a query's URL well under the 16 KiB that Salesforce takes.
pub(super) fn literals<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    const MOST: usize = 4_000;
    let mut chunks: Vec<String> = Vec::new();
    for text in texts {
        let text = literal(text);
        match chunks.last_mut() {
            Some(chunk) if chunk.len() + text.len() < MOST => {
                chunk.push_str(", ");
                chunk.push_str(&text);
            }
            _ => chunks.push(text),
        }
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_a_host_and_nothing_else() {
        assert_eq!(public_url("acme.my.salesforce.com").unwrap().as_str(), "https://acme.my.salesforce.com/");
        for bad in ["", "https://acme.my.salesforce.com", "acme.my.salesforce.com/x", "a@b", "a b"] {
            assert!(matches!(public_url(bad), Err(HttpError::InvalidRequest { .. })), "{bad}");
        }
    }

    #[test]
    fn literals_are_quoted_and_chunked() {
        assert_eq!(literal("O'Neil\\"), "'O\\'Neil\\\\'");
        let many: Vec<String> = (0..1_000).map(|at| format!("person{at}@connie.one")).collect();
        let chunks = literals(many.iter().map(String::as_str));
        assert!(chunks.len() > 1 && chunks.iter().all(|chunk| chunk.len() < 4_100));
        assert_eq!(chunks.iter().map(|chunk| chunk.split(", ").count()).sum::<usize>(), 1_000);
        assert!(literals([]).is_empty());
    }
}
