//! What the probes make of Twilio's answers, and of answers that are not Twilio's.

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Method, Response as Answer, Uri},
};
use serde_json::{Value as Json, json};
use std::{sync::Mutex, time::Duration};
use url::Url;

use super::*;
use crate::{
    component::{Observation, Observed, Snapshot, Unknown, UnknownReason},
    http::{Backoff, HttpOptions, Routing},
    manifest::Name,
    provider::{PopulationQuery, Scope},
    saml::SignaturePresence,
};

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: Method,
    pub(super) host: String,
    pub(super) path: String,
    pub(super) query: BTreeMap<String, String>,
    pub(super) authorization: Option<String>,
    pub(super) body: Json,
}

/// Plays every host; what is not asked for is a 404.
#[derive(Clone)]
pub(super) struct Server {
    base: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(super) async fn start(answer: impl Fn(&Seen) -> Answer<Body> + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), seen.clone());
        let handler = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let (answer, log) = (answer.clone(), log.clone());
            async move {
                let path = uri.path().trim_start_matches('/');
                let (host, path) = path.split_once('/').unwrap_or((path, ""));
                let query = uri.query().unwrap_or_default();
                let seen = Seen {
                    method,
                    host: host.to_owned(),
                    path: format!("/{path}"),
                    query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
                    authorization: headers
                        .get("authorization")
                        .map(|value| value.to_str().unwrap().to_owned()),
                    body: serde_json::from_slice(&body).unwrap_or_default(),
                };
                log.lock().unwrap().push(seen.clone());
                answer(&seen)
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
        Self { base, seen }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn http(&self) -> Http {
        let backoff = Backoff { base: Duration::from_millis(1), max: Duration::from_secs(1) };
        let routing = Routing::Sandbox { base: self.base.clone() };
        Http::new(HttpOptions { routing, backoff, max_attempts: 2, ..HttpOptions::default() }).unwrap()
    }

    async fn observe(&self, config: &FlexConfig, components: &[Component]) -> Snapshot {
        let reader = reader(&self.http(), config).unwrap();
        let components: Vec<&Component> = components.iter().collect();
        let tenants: Vec<Name> = vec!["nss".parse().unwrap()];
        reader.observe(&components, &Scope { project: "k3jd82ma".to_owned(), tenants }).await
    }
}

pub(super) fn config() -> FlexConfig {
    FlexConfig {
        account_sid: ACCOUNT.to_owned(),
        flex_instance: Some(INSTANCE_SID.to_owned()),
        region: DEFAULT_REGION.to_owned(),
        endpoints: TwilioEndpoints::default(),
        api_key: Err(crate::provider::twilio::flex::no_api_key()),
    }
}

pub(super) fn with_key() -> FlexConfig {
    FlexConfig { api_key: Ok(("SK1".to_owned(), "s3cret-value".into())), ..config() }
}

pub(super) fn ok(body: &Json) -> Answer<Body> {
    answer(200, &[], &body.to_string())
}

pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer<Body> {
    let builder =
        headers.iter().fold(Answer::builder().status(status), |all, (name, value)| all.header(*name, *value));
    builder.body(Body::from(body.to_owned())).unwrap()
}

fn redirect(to: &str) -> Answer<Body> {
    answer(302, &[("location", to)], "")
}

/// The redirect to an identity provider that Flex makes for a connection.
fn to_idp(connection: &str, sso_url: &str) -> Answer<Body> {
    let request = crate::saml::AuthnRequest::from_xml(&format!(
        r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_f3" Version="2.0"
            IssueInstant="2026-03-01T10:00:00Z" Destination="{sso_url}"
            AssertionConsumerServiceURL="https://login.flex.us1.twilio.com/login/callback?connection={connection}">
            <saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">urn:flex:{connection}</saml:Issuer>
          </samlp:AuthnRequest>"#
    ))
    .unwrap();
    redirect(request.encode_redirect(&Url::parse(sso_url).unwrap()).as_str())
}

/// Plays Flex SSO: the connections with their SSO URLs, for sign-ins that end at `trusted`.
fn flex(
    connections: Vec<(&'static str, bool, &'static str)>,
    trusted: &'static str,
) -> impl Fn(&Seen) -> Answer<Body> + Send + Sync + 'static {
    move |seen| {
        let of = |id: &String| connections.iter().find(|(known, ..)| known == id);
        match (seen.host.as_str(), seen.path.as_str()) {
            ("services.twilio.com", "/v1/Flex/Authentication/Config") => {
                let list: Vec<_> = connections
                    .iter()
                    .map(|(id, active, _)| json!({"connection_name": id, "client_id": "c", "active": active}))
                    .collect();
                ok(&json!({"config_list": list}))
            }
            ("services.twilio.com", "/v1/Flex/Authorize") => {
                let (id, redirect_url) = (&seen.query["ssoProfileSid"], &seen.query["redirectUrl"]);
                match of(id) {
                    Some((_, true, _)) if redirect_url == trusted => {
                        redirect(&format!("https://login.flex.us1.twilio.com/authorize?connection={id}"))
                    }
                    _ => answer(400, &[], r#"{"code": 20001, "message": "not trusted"}"#),
                }
            }
            ("login.flex.us1.twilio.com", "/authorize") => {
                let (id, _, sso_url) = of(&seen.query["connection"]).unwrap();
                to_idp(id, sso_url)
            }
            _ => answer(404, &[], ""),
        }
    }
}

const TRUSTED: &str = "https://nss.connie.team";

fn trust_of(snapshot: &Snapshot) -> &Observation {
    &snapshot.components[&address("flex.trust")]
}

fn present(observation: &Observation) -> &Observed {
    match observation {
        Observation::Present(observed) => observed,
        other => panic!("{other:?}"),
    }
}

fn unknown(observation: &Observation) -> &Unknown {
    match observation {
        Observation::Unknown(unknown) => unknown,
        other => panic!("{other:?}"),
    }
}

/// The components of the example, as they are once its trust step was attested with a connection.
fn components(attested: Option<&str>) -> Vec<Component> {
    let mut components = Project::new().lower(&settled());
    let outputs = attested.map(|connection| ("connection".to_owned(), connection.to_owned()));
    components[0].attested_outputs.extend(outputs);
    components
}

#[tokio::test]
async fn an_attested_connection_is_seen_with_what_it_does() {
    let server =
        Server::start(flex(vec![(ONE, true, SSO_URL), (TWO, true, "https://other.example/sso")], TRUSTED))
            .await;
    let snapshot = server.observe(&config(), &components(Some(ONE))).await;
    let trust = present(trust_of(&snapshot));
    assert_eq!(trust.id, ONE);
    assert_eq!(trust.fields["ssoUrl"], SSO_URL.into());
    assert_eq!(trust.fields["active"], true.into());
    assert_eq!(trust.fields["entityId"], format!("urn:flex:{ONE}").into());
    assert_eq!(trust.outputs["connection"], ONE.into());
    assert_eq!(trust.outputs["entityId"], format!("urn:flex:{ONE}").into());
    assert_eq!(trust.outputs["acsUrl"], acs_url(ONE, "us1").into());
    assert_eq!(present(&snapshot.components[&address("flex.urls")]).fields["acceptsRedirect"], true.into());
    assert_eq!(*present(&snapshot.components[&address("flex.label")]), Observed::default());
    // Only the attested connection was followed, anonymously, with a challenge of RFC 7636, and no identity provider was asked.
    let asked: Vec<_> = server.seen().into_iter().filter(|seen| seen.path == "/v1/Flex/Authorize").collect();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].query["codeChallenge"].len(), 43);
    assert!(
        server.seen().iter().all(|seen| seen.authorization.is_none() && seen.host.ends_with("twilio.com"))
    );
}

#[tokio::test]
async fn an_unclaimed_connection_is_taken_where_it_leads_to_the_right_place() {
    let server =
        Server::start(flex(vec![(ONE, true, "https://other.example/sso"), (TWO, true, SSO_URL)], TRUSTED))
            .await;
    let snapshot = server.observe(&config(), &components(None)).await;
    assert_eq!(present(trust_of(&snapshot)).id, TWO);
}

#[tokio::test]
async fn a_connection_that_leads_elsewhere_is_never_claimed() {
    let server =
        Server::start(flex(vec![(ONE, true, "https://nss.us.auth0.com/samlp/another")], TRUSTED)).await;
    assert_eq!(*trust_of(&server.observe(&config(), &components(None)).await), Observation::Absent);
    // Pinned, it is ours, and what it does differs.
    let mut pinned = Project::new();
    pinned.profile.spec.connection = Some(ONE.to_owned());
    let snapshot = server.observe(&config(), &pinned.lower(&settled())).await;
    assert_eq!(
        present(trust_of(&snapshot)).fields["ssoUrl"],
        "https://nss.us.auth0.com/samlp/another".into()
    );
}

#[tokio::test]
async fn nothing_is_claimed_while_the_sso_url_is_pending() {
    let server = Server::start(flex(vec![(ONE, true, SSO_URL)], TRUSTED)).await;
    let snapshot = server.observe(&config(), &Project::new().lower(&pending())).await;
    assert_eq!(*trust_of(&snapshot), Observation::Absent);
}

#[tokio::test]
async fn two_that_lead_to_the_same_place_have_to_be_told_apart() {
    let server = Server::start(flex(vec![(ONE, true, SSO_URL), (TWO, true, SSO_URL)], TRUSTED)).await;
    let snapshot = server.observe(&config(), &components(None)).await;
    let unknown = unknown(trust_of(&snapshot));
    assert!(unknown.message.contains(ONE) && unknown.message.contains(TWO), "{unknown:?}");

    // Another profile's pin claims one of them.
    let mut other = Project::new();
    other.profile.metadata.name = "other".parse().unwrap();
    other.profile.spec.connection = Some(ONE.to_owned());
    let both = [components(None), other.lower(&settled())].concat();
    assert_eq!(present(trust_of(&server.observe(&config(), &both).await)).id, TWO);
}

#[tokio::test]
async fn two_profiles_do_not_take_the_same_connection() {
    let server = Server::start(flex(vec![(ONE, true, SSO_URL)], TRUSTED)).await;
    let mut other = Project::new();
    other.profile.metadata.name = "other".parse().unwrap();
    let both = [components(None), other.lower(&settled())].concat();
    assert!(unknown(trust_of(&server.observe(&config(), &both).await)).message.contains(ONE));
}

#[tokio::test]
async fn an_attested_connection_that_is_gone_is_absent() {
    let server = Server::start(flex(vec![(TWO, true, SSO_URL)], TRUSTED)).await;
    let snapshot = server.observe(&config(), &components(Some(ONE))).await;
    assert_eq!(*trust_of(&snapshot), Observation::Absent);
}

#[tokio::test]
async fn an_inactive_connection_is_seen_and_not_followed() {
    let server = Server::start(flex(vec![(ONE, false, SSO_URL)], TRUSTED)).await;
    let snapshot = server.observe(&config(), &components(Some(ONE))).await;
    let trust = present(trust_of(&snapshot));
    assert_eq!(trust.fields.keys().collect::<Vec<_>>(), ["active"]);
    assert_eq!(trust.fields["active"], false.into());
    assert_eq!(*trust_of(&server.observe(&config(), &components(None)).await), Observation::Absent);
}

#[tokio::test]
async fn a_redirect_url_that_twilio_does_not_trust_says_nothing_about_the_connection() {
    let server = Server::start(flex(vec![(ONE, true, SSO_URL)], "https://elsewhere.example")).await;
    let snapshot = server.observe(&config(), &components(Some(ONE))).await;
    let trust = present(trust_of(&snapshot));
    assert!(!trust.fields.contains_key("ssoUrl"));
    assert_eq!(trust.outputs["acsUrl"], acs_url(ONE, "us1").into());
    assert_eq!(present(&snapshot.components[&address("flex.urls")]).fields["acceptsRedirect"], false.into());
}

#[tokio::test]
async fn another_trusted_url_is_tried_where_the_first_is_new() {
    let server = Server::start(flex(vec![(ONE, true, SSO_URL)], TRUSTED)).await;
    let mut project = Project::new();
    project.profile.spec.urls.trusted.insert(0, "https://new.connie.team".to_owned());
    project.profile.spec.connection = Some(ONE.to_owned());
    let snapshot = server.observe(&config(), &project.lower(&settled())).await;
    assert_eq!(present(trust_of(&snapshot)).fields["ssoUrl"], SSO_URL.into());
}

#[tokio::test]
async fn without_urls_the_connection_is_not_followed_and_the_step_says_so() {
    let server = Server::start(flex(vec![(ONE, true, SSO_URL)], TRUSTED)).await;
    let mut project = Project::new();
    project.profile.spec.urls = Default::default();
    project.profile.spec.connection = Some(ONE.to_owned());
    let components = project.lower(&settled());
    let snapshot = server.observe(&config(), &components).await;
    assert_eq!(present(trust_of(&snapshot)).fields.keys().collect::<Vec<_>>(), ["active"]);
    let step = components[0].step.as_ref().unwrap();
    assert!(format!("{:?}", step.instructions).contains("Concord cannot see it"));
}

/// Answers one path in its own way, and everything else as Flex does.
async fn but(path: &'static str, other: impl Fn() -> Answer<Body> + Send + Sync + 'static) -> Server {
    let flex = flex(vec![(ONE, true, SSO_URL)], TRUSTED);
    Server::start(move |seen| if seen.path == path { other() } else { flex(seen) }).await
}

const CONFIG: &str = "/v1/Flex/Authentication/Config";
const AUTHORIZE: &str = "/v1/Flex/Authorize";

async fn reason(server: &Server) -> UnknownReason {
    unknown(trust_of(&server.observe(&config(), &components(Some(ONE))).await)).reason
}

#[tokio::test]
async fn the_forms_of_the_sdk_and_of_older_code_are_read() {
    for body in [
        json!({"configList": [{"accountSid": ACCOUNT, "instanceSid": INSTANCE_SID, "connectionName": ONE, "clientId": "c",
                               "active": true, "appType": "SinglePageApp", "ssoProfileSid": ONE}]}),
        json!({"config_list": {"connection_name": ONE, "client_id": "c"}}),
    ] {
        let server = but(CONFIG, move || ok(&body)).await;
        assert_eq!(present(trust_of(&server.observe(&config(), &components(Some(ONE))).await)).id, ONE);
    }
}

#[tokio::test]
async fn an_answer_that_is_not_understood_is_unknown_and_never_absent() {
    let html = "<!DOCTYPE html><html><body>Sign in</body></html>";
    assert_eq!(reason(&but(CONFIG, move || answer(200, &[], html)).await).await, UnknownReason::Unexpected);
    assert_eq!(reason(&but(CONFIG, || ok(&json!({"profiles": []}))).await).await, UnknownReason::Unexpected);
    assert_eq!(reason(&but(CONFIG, || answer(404, &[], "{}")).await).await, UnknownReason::Unexpected);
    assert_eq!(
        reason(&but(AUTHORIZE, move || answer(200, &[], html)).await).await,
        UnknownReason::Unexpected
    );
    assert_eq!(reason(&but(AUTHORIZE, || answer(404, &[], "")).await).await, UnknownReason::Unexpected);
    assert_eq!(
        reason(&but(AUTHORIZE, || redirect("https://idp.example/login")).await).await,
        UnknownReason::Unexpected
    );
    let broken = || redirect("https://idp.example/login?SAMLRequest=%3Cx%3E");
    assert_eq!(reason(&but(AUTHORIZE, broken).await).await, UnknownReason::Unexpected);
    let around = || redirect("https://services.twilio.com/v1/Flex/Authorize?again=1");
    assert_eq!(reason(&but(AUTHORIZE, around).await).await, UnknownReason::Unexpected);
    assert_eq!(reason(&but(CONFIG, || answer(503, &[], "")).await).await, UnknownReason::Unreachable);
    assert_eq!(reason(&but(AUTHORIZE, || answer(503, &[], "")).await).await, UnknownReason::Unreachable);
}

#[tokio::test]
async fn where_people_are_sent_counts_more_than_what_the_request_says() {
    let server = but(AUTHORIZE, || {
        let honest = to_idp(ONE, "https://idp.example/sso");
        let location =
            honest.headers()["location"].to_str().unwrap().replace("idp.example/sso", "evil.example/sso");
        redirect(&location)
    })
    .await;
    let services = Services::new(&server.http(), &config());
    let Authorization::Leads(lead) = services.authorize(ONE, TRUSTED).await.unwrap() else { panic!() };
    assert_eq!(lead.sso_url, "https://evil.example/sso");
    assert_eq!(lead.signature, SignaturePresence::None);
}

#[tokio::test]
async fn an_endpoint_of_ones_own_counts_as_twilio() {
    let server = Server::start(|seen| match (seen.host.as_str(), seen.path.as_str()) {
        ("v1", "/Flex/Authorize") => redirect("/login"),
        ("login", _) => to_idp(ONE, SSO_URL),
        _ => answer(404, &[], ""),
    })
    .await;
    let endpoints = TwilioEndpoints { services: Some(server.base.clone()), ..TwilioEndpoints::default() };
    let http = Http::new(HttpOptions::default()).unwrap();
    let services = Services::new(&http, &FlexConfig { endpoints, ..config() });
    let Authorization::Leads(lead) = services.authorize(ONE, TRUSTED).await.unwrap() else { panic!() };
    assert_eq!(lead.sso_url, SSO_URL);
}

fn instance_address() -> Address {
    "nss/Tenant/nss/flex.instance".parse().unwrap()
}

#[tokio::test]
async fn the_instance_is_compared_and_gives_the_login_link() {
    let server = Server::start(|seen| match (seen.host.as_str(), seen.path.as_str()) {
        ("flex-api.twilio.com", "/v1/Configuration") => {
            ok(&json!({"account_sid": ACCOUNT, "flex_instance_sid": INSTANCE_SID,
                                  "runtime_domain": "dancing-owl-1234.twil.io", "ui_version": "2.8.0"}))
        }
        _ => answer(404, &[], ""),
    })
    .await;
    let snapshot = server.observe(&with_key(), &components(None)).await;
    let instance = present(&snapshot.components[&instance_address()]);
    assert_eq!(instance.fields["flexInstance"], INSTANCE_SID.into());
    assert_eq!(instance.outputs["runtimeDomain"], "dancing-owl-1234.twil.io".into());
    assert_eq!(instance.outputs["loginUrl"], "https://flex.twilio.com/dancing-owl-1234".into());

    let without = server.observe(&config(), &components(None)).await;
    assert_eq!(unknown(&without.components[&instance_address()]).reason, UnknownReason::NoCredential);
}

#[tokio::test]
async fn a_key_of_another_account_is_not_believed() {
    let server =
        Server::start(|_| ok(&json!({"account_sid": "AC99", "flex_instance_sid": INSTANCE_SID}))).await;
    let snapshot = server.observe(&with_key(), &components(None)).await;
    let unknown = unknown(&snapshot.components[&instance_address()]);
    assert!(unknown.message.contains("AC99"), "{unknown:?}");

    let refused = Server::start(|_| answer(401, &[], r#"{"code": 20003, "message": "Authenticate"}"#)).await;
    let snapshot = refused.observe(&with_key(), &components(None)).await;
    assert_eq!(self::unknown(&snapshot.components[&instance_address()]).reason, UnknownReason::Unauthorized);
}

#[tokio::test]
async fn nobody_is_selected_from_flex() {
    let server = Server::start(|_| answer(500, &[], "")).await;
    let reader = reader(&server.http(), &config()).unwrap();
    assert!(reader.population(&PopulationQuery::default()).await.is_err());
    assert!(server.seen().is_empty());
}
