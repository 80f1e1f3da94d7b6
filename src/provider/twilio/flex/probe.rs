//! The two reads of Flex SSO that need no credentials: the list of an account's connections, and the way to the identity provider that a
//! sign-in takes. Owns the wire forms and the redirect chain; which connection is whose is `observe`'s business.
//!
//! Both are documented in part: the list by its address (`docs/flex/admin-guide/setup/sso-configuration/self-hosted-sso`) and by the
//! fields of Twilio's Flex SDK, the chain by what the SDK does. So every answer is read with care, and what is not understood is
//! unknown.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
};
use serde_json::Value;
use url::Url;

use super::{
    super::unknown::{unexpected, unknown},
    FlexConfig, base_url,
    lower::is_connection,
};
use crate::{
    component::{Unknown, UnknownReason},
    http::{ChainEnd, Http, HttpError, Response, StatusCode},
    saml::{AuthnRequest, SignaturePresence},
};

/// Redirects within Twilio's hosts are few: services, login host, identity provider.
const MAX_REDIRECTS: usize = 10;

/// One connection of an account, as the public list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The profile's SID, `JQ` and 32 hexadecimal digits.
    pub id: String,
    /// Whether people can sign in through it; `None` where the list does not say.
    pub active: Option<bool>,
    /// The OAuth client that a self-hosted Flex signs in with; `None` where the list does not say.
    pub client_id: Option<String>,
}

/// Where a sign-in through a connection leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// The identity provider's SSO URL that Twilio has stored.
    pub sso_url: String,
    /// The entity ID with which Twilio asks.
    pub entity_id: Option<String>,
    /// Where Twilio wants the response.
    pub acs_url: Option<String>,
    /// Whether and where the request is signed.
    pub signature: SignaturePresence,
}

/// What came of beginning a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// It led to an identity provider.
    Leads(Box<Lead>),
    /// Twilio refused to begin it, most likely because it does not trust the redirect URL. Says nothing about the connection.
    Refused,
}

/// The services host of an account. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Services {
    http: Http,
    base: Url,
    account_sid: String,
}

impl Services {
    /// The services host that a configuration names. Sends nothing.
    pub fn new(http: &Http, config: &FlexConfig) -> Self {
        Self {
            http: http.clone(),
            base: config
                .endpoints
                .services
                .clone()
                .unwrap_or_else(|| base_url("https://services.twilio.com")),
            account_sid: config.account_sid.clone(),
        }
    }

    /// Every connection of the account, by ID.
    ///
    /// # Errors
    /// The host could not be reached, or did not answer with a list of connections.
    pub async fn connections(&self) -> Result<Vec<Connection>, Unknown> {
        let mut url = self.url("/v1/Flex/Authentication/Config");
        url.query_pairs_mut().append_pair("AccountSid", &self.account_sid);
        let response = self.http.get(&url).await.map_err(|error| unknown(&error))?;
        if !response.status().is_success() {
            return Err(self.refused("the list of connections", &response));
        }
        let body: Value = response.json().map_err(|error| unknown(&error))?;
        read_connections(&body).ok_or_else(|| {
            unexpected(format!("cannot understand the list of connections: {}", response.call()), None)
        })
    }

    /// Begins a sign-in through a connection that ends at `redirect`, and stops before the identity provider is asked.
    ///
    /// # Errors
    /// A host could not be reached, or the way ends elsewhere than at an identity provider.
    pub async fn authorize(&self, connection: &str, redirect: &str) -> Result<Authorization, Unknown> {
        let random = SystemRandom::new();
        let fresh = || {
            let mut bytes = [0_u8; 32];
            random.fill(&mut bytes).map_err(|_| unexpected("this machine gives no random numbers", None))?;
            Ok(URL_SAFE_NO_PAD.encode(bytes))
        };
        // RFC 7636 section 4.2, method S256. The verifier is thrown away: the sign-in is never finished.
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, fresh()?.as_bytes()));
        let mut url = self.url("/v1/Flex/Authorize");
        url.query_pairs_mut()
            .append_pair("codeChallenge", &challenge)
            .append_pair("nonce", &fresh()?)
            .append_pair("redirectUrl", redirect)
            .append_pair("ssoProfileSid", connection);
        let chain = match self.http.follow(&url, MAX_REDIRECTS, |next| self.is_boundary(next)).await {
            Ok(chain) => chain,
            Err(error) => return Err(of_chain(&error)),
        };
        let idp = match chain.end {
            ChainEnd::StoppedBefore(url) => url,
            ChainEnd::Answer(response) if chain.hops.len() == 1 && is_refusal(&response) => {
                return Ok(Authorization::Refused);
            }
            ChainEnd::Answer(response) => {
                return Err(self.refused(&format!("the sign-in through {connection}"), &response));
            }
        };
        let host = idp.host_str().unwrap_or_default();
        let request = AuthnRequest::from_redirect_url(&idp).map_err(|error| {
            unexpected(
                format!("the sign-in through {connection} leads to {host} without a SAML request that can be read: {error}"),
                None,
            )
        })?;
        let sent_to = without_saml(&idp);
        let sso_url = match request.destination {
            Some(destination) if is_same_place(&destination, &sent_to) => destination,
            // Where people are really sent is what counts.
            _ => sent_to.into(),
        };
        Ok(Authorization::Leads(Box::new(Lead {
            sso_url,
            entity_id: request.issuer,
            acs_url: request.acs_url,
            signature: request.signature,
        })))
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_query(None);
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }

    /// Whether a redirect leaves Twilio. The hosts of the endpoint that was configured count as Twilio's.
    fn is_boundary(&self, next: &Url) -> bool {
        if is_twilio(next) {
            return false;
        }
        next.origin() != self.base.origin() || next.query_pairs().any(|(name, _)| name == "SAMLRequest")
    }

    fn refused(&self, what: &str, response: &Response) -> Unknown {
        let status = response.status();
        let message = format!("{} answered {status} where {what} was expected", response.call());
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            let help = Some("run again once the service answers".to_owned());
            return Unknown { reason: UnknownReason::Unreachable, message, help };
        }
        unexpected(message, Some("Twilio documents this read in part only; if it stays so, please report it"))
    }
}

fn is_twilio(url: &Url) -> bool {
    url.scheme() == "https"
        && url.host_str().is_some_and(|host| host == "twilio.com" || host.ends_with(".twilio.com"))
}

/// The answer to a sign-in that Twilio does not begin. Another status means that the address is another one by now.
fn is_refusal(response: &Response) -> bool {
    matches!(response.status().as_u16(), 400 | 403 | 422)
}

fn of_chain(error: &HttpError) -> Unknown {
    match error {
        HttpError::TooManyRedirects { .. } => unexpected(
            error.to_string(),
            Some(
                "a redirect loop before the identity provider is reached: compare the SSO profile's URLs in the Console",
            ),
        ),
        _ => unknown(error),
    }
}

/// Connections out of any of the forms that were seen: `config_list` or `configList`, a list or one object, keys in snake case or camel
/// case. `None` where it is none of these; a connection that is there twice (for web and mobile) is active if one of them is.
fn read_connections(body: &Value) -> Option<Vec<Connection>> {
    let list = either(body, "config_list", "configList")?;
    let entries = match list {
        Value::Array(entries) => entries.as_slice(),
        Value::Object(entry) if entry.is_empty() => &[],
        Value::Object(_) => std::slice::from_ref(list),
        Value::Null => &[],
        _ => return None,
    };
    let mut connections: Vec<Connection> = Vec::new();
    for entry in entries {
        let sid = either(entry, "sso_profile_sid", "ssoProfileSid").and_then(Value::as_str);
        let name = either(entry, "connection_name", "connectionName").and_then(Value::as_str);
        let id = sid.filter(|sid| !sid.is_empty()).or(name).filter(|id| is_connection(id))?;
        let active = match entry.get("active") {
            None | Some(Value::Null) => None,
            Some(Value::Bool(active)) => Some(*active),
            Some(_) => return None,
        };
        // A mobile application has a client of its own, which no browser signs in with.
        let is_mobile = either(entry, "app_type", "appType").is_some_and(|kind| kind == "MobileApp");
        let client_id = either(entry, "client_id", "clientId")
            .and_then(Value::as_str)
            .filter(|_| !is_mobile)
            .map(str::to_owned);
        match connections.iter_mut().find(|known| known.id == id) {
            Some(known) => {
                known.active = known.active.max(active);
                known.client_id = known.client_id.take().or(client_id);
            }
            None => connections.push(Connection { id: id.to_owned(), active, client_id }),
        }
    }
    connections.sort_by(|one, other| one.id.cmp(&other.id));
    Some(connections)
}

fn either<'a>(value: &'a Value, snake: &str, camel: &str) -> Option<&'a Value> {
    value.get(snake).or_else(|| value.get(camel))
}

/// The SSO URL that a redirect of the HTTP-Redirect binding was made of; what it has in its query besides stays as it was written.
fn without_saml(url: &Url) -> Url {
    const OURS: [&str; 5] = ["SAMLRequest", "RelayState", "SAMLEncoding", "SigAlg", "Signature"];
    let kept: Vec<&str> = url
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && !OURS.contains(&pair.split('=').next().unwrap_or_default()))
        .collect();
    let mut url = url.clone();
    url.set_fragment(None);
    url.set_query((!kept.is_empty()).then(|| kept.join("&")).as_deref());
    url
}

fn is_same_place(destination: &str, sent_to: &Url) -> bool {
    Url::parse(destination).is_ok_and(|destination| {
        destination.origin() == sent_to.origin() && destination.path() == sent_to.path()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const ONE: &str = "JQ00000000000000000000000000000001";

    #[test]
    fn connections_are_read_in_every_form_that_was_seen() {
        let one = |active, client_id: Option<&str>| {
            Some(vec![Connection { id: ONE.to_owned(), active, client_id: client_id.map(str::to_owned) }])
        };
        let wire = json!({"config_list": [{"connection_name": ONE, "client_id": "c"}]});
        assert_eq!(read_connections(&wire), one(None, Some("c")));
        let sdk = json!({"configList": [{"connectionName": ONE, "ssoProfileSid": ONE, "clientId": "m", "active": true,
                                         "appType": "MobileApp"},
                                        {"connectionName": ONE, "ssoProfileSid": ONE, "clientId": "c", "active": true,
                                         "appType": "SinglePageApp"}]});
        assert_eq!(read_connections(&sdk), one(Some(true), Some("c")));
        let object = json!({"config_list": {"connection_name": ONE, "active": false}});
        assert_eq!(read_connections(&object), one(Some(false), None));
        let twice = json!({"config_list": [{"sso_profile_sid": ONE, "active": true},
                                           {"sso_profile_sid": ONE, "active": false}]});
        assert_eq!(read_connections(&twice), one(Some(true), None));
        assert_eq!(read_connections(&json!({"config_list": []})), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_list_of_connections_is_not_taken_for_an_empty_one() {
        for other in [
            json!({}),
            json!([]),
            json!("<html>"),
            json!({"config_list": "none"}),
            json!({"config_list": [{"client_id": "c"}]}),
            json!({"config_list": [{"connection_name": "okta"}]}),
            json!({"config_list": [{"connection_name": ONE, "active": "yes"}]}),
        ] {
            assert_eq!(read_connections(&other), None, "{other}");
        }
    }

    #[test]
    fn the_sso_url_keeps_its_own_query() {
        let url = |text: &str| Url::parse(text).unwrap();
        assert_eq!(
            without_saml(&url(
                "https://idp.example/samlp/a?connection=User+Name%20x&SAMLRequest=abc&RelayState=1#f"
            ))
            .as_str(),
            "https://idp.example/samlp/a?connection=User+Name%20x"
        );
        assert_eq!(
            without_saml(&url("https://idp.example/a?SAMLRequest=abc")).as_str(),
            "https://idp.example/a"
        );
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_panic(text in "[\\[\\]{}\",:a-zA-Z_0-9]{0,60}") {
            if let Ok(body) = serde_json::from_str::<Value>(&text) {
                let _ = read_connections(&body);
            }
        }
    }
}
