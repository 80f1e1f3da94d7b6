//! The desk of Twilio Support, on a host of its own: the Console's older SSO, which is set up by ticket (Twilio, "Legacy Twilio Console
//! SSO"). For people as HTML forms, for programs as JSON. `OR` may also be an account that the organization manages.
//!
//! | request (host `support.twilio.com`) | does | JSON answer |
//! | --- | --- | --- |
//! | `GET /` | lists the customers | 200 `{customers: [{sid, friendlyName}]}` |
//! | `GET /OR` | shows set-ups and tickets | 200 `{providers: [PROVIDER], tickets: [TICKET]}` |
//! | `POST /OR/tickets` | writes a ticket, see [`Asked`] | 201 `TICKET` |
//! | `POST /OR/tickets/NUMBER/agree` `{users?}` | agrees to a list, or to a part of it | 200 `TICKET` |
//! | `POST /OR/test` `{provider, user}` | is the validation of a login together with support | 200 `TEST` |
//!
//! `PROVIDER`: what the ticket said, `sid` (`UI...`), `entityId`, `acsUrl`, `lastTest`, `people` (`test` or `enabled` by address).
//! `TICKET`: `number`, `kind`, `about`, `provider` (the SID), `status` (`answered`; `review` while support waits for an agreement),
//! `users`, and what support answered: `entityId` and `acsUrl`. `TEST` is as in the console's pages, with the reasons `user_not_enabled` and
//! `attribute_mismatch` besides.
//!
//! Everything else about support is a person's: how long it takes, and what the addresses look like, which are not documented except that the
//! token consumer URL has the `UI` SID in it.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::{Host, Url};

use crate::sandbox::login::{Assertion, Refused, SignIn};
use crate::sandbox::message::{Answer, Request};
use crate::sandbox::store::Transaction;
use crate::sandbox::twilio::refusal::Refusal;
use crate::sandbox::twilio::test_login::{TestError, TestResult, check_response};
use crate::sandbox::twilio::{Outcome, account};
use crate::sandbox::vendor::Call;
use crate::sandbox::{certificate, ids, vendor};

use super::document::{self, Organization};
use super::roles;
use super::support_page as page;
use super::users::{self, User};

/// The desk's host.
pub(super) const HOST: &str = "support.twilio.com";

const EMAIL_ADDRESS: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

/// One set-up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Provider {
    pub(super) sid: String,
    pub(super) issuer: String,
    sso_url: String,
    certificate: String,
    logout_redirect: Option<String>,
    /// None: people are matched by the NameID.
    email_attribute: Option<String>,
    edition: Option<String>,
    contacts: Vec<String>,
    /// The last validation with the present trust.
    pub(super) last_test: Option<TestResult>,
    /// How far each user is, by user SID.
    people: BTreeMap<String, Standing>,
}

/// How far a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Standing {
    Test,
    Enabled,
}

/// A ticket.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ticket {
    pub(super) number: usize,
    pub(super) kind: String,
    /// The customer's own words for what it is about.
    pub(super) about: Option<String>,
    provider: Option<String>,
    pub(super) status: String,
    pub(super) users: Vec<String>,
    entity_id: Option<String>,
    acs_url: Option<String>,
    at: String,
}

/// What a ticket asks for. `provider` is a token consumer URL, an entity ID or a `UI` SID; users are named by their login addresses.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum Asked {
    /// To set SSO up, or where `provider` is named, to change it.
    SetUp {
        provider: Option<String>,
        issuer: Option<String>,
        sso_url: Option<String>,
        certificate: Option<String>,
        logout_redirect: Option<String>,
        name_id_format: Option<String>,
        email_attribute: Option<String>,
        edition: Option<String>,
        #[serde(default)]
        contacts: Vec<String>,
        about: Option<String>,
    },
    /// To enable test users.
    TestUsers { provider: String, users: Vec<String>, about: Option<String> },
    /// For the list of whoever is selected: support answers with it, and waits for an agreement.
    Users {
        provider: String,
        #[serde(default)]
        email_domains: Vec<String>,
        #[serde(default)]
        user_sids: Vec<String>,
        #[serde(default)]
        accounts: Vec<String>,
        #[serde(default)]
        never: Vec<String>,
        #[serde(default)]
        users: Vec<String>,
        about: Option<String>,
    },
    /// To disable users, who then sign in with their passwords again.
    Disable { users: Vec<String>, about: Option<String> },
    /// To remove a set-up.
    Removal { provider: String, about: Option<String> },
}

impl Provider {
    fn entity_id(&self) -> String {
        format!("https://www.twilio.com/sso/{}", self.sid)
    }

    fn acs_url(&self) -> String {
        format!("https://www.twilio.com/sso/{}/token", self.sid)
    }

    fn is_tested(&self) -> bool {
        self.last_test.as_ref().is_some_and(|test| test.result == "success")
    }

    pub(super) fn view(&self, documents: &Transaction<'_>, organization: &Organization) -> Value {
        let people: BTreeMap<String, Standing> = self
            .people
            .iter()
            .filter_map(|(sid, it)| Some((users::find(documents, &organization.sid, sid)?.email(), *it)))
            .collect();
        let mut view = json!(self);
        view["entityId"] = json!(self.entity_id());
        view["acsUrl"] = json!(self.acs_url());
        view["people"] = json!(people);
        view
    }

    fn check(&self) -> Result<(), Refusal> {
        if self.issuer.is_empty() || self.issuer.contains(char::is_whitespace) {
            return Err(Refusal::settings("issuer", "the entity ID is missing or malformed"));
        }
        if !Url::parse(&self.sso_url).is_ok_and(|url| is_public(&url)) {
            return Err(Refusal::settings(
                "ssoUrl",
                "the SSO service URL must be publicly reachable by https",
            ));
        }
        if self.certificate.is_empty() {
            return Err(Refusal::settings("certificate", "the public X.509 certificate is missing"));
        }
        certificate::read_all(&self.certificate).map_err(|why| Refusal::settings("certificate", why))?;
        if let Some(url) = &self.logout_redirect
            && Url::parse(url).is_err()
        {
            return Err(Refusal::settings("logoutRedirect", format!("malformed URL {url:?}")));
        }
        let is_edition = |text: &str| {
            let text = text.to_lowercase();
            text.contains("enterprise") || text.contains("administration")
        };
        if self.edition.as_deref().is_some_and(|edition| !is_edition(edition)) {
            return Err(Refusal::settings(
                "edition",
                "it is part of the Enterprise and Administration Editions",
            ));
        }
        Ok(())
    }

    fn save(&self, documents: &mut Transaction<'_>, organization: &Organization) {
        documents.write(&providers_table(organization), &self.sid, self);
    }
}

fn is_public(url: &Url) -> bool {
    let is_host = match url.host() {
        Some(Host::Domain(name)) => name != "localhost" && name.contains('.'),
        Some(Host::Ipv4(address)) => !address.is_private() && !address.is_loopback(),
        Some(Host::Ipv6(address)) => !address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" && is_host
}

fn providers_table(organization: &Organization) -> String {
    document::table(&organization.sid, "legacy-sso")
}

fn tickets_table(organization: &Organization) -> String {
    document::table(&organization.sid, "support-tickets")
}

fn tickets(documents: &Transaction<'_>, organization: &Organization) -> Vec<Ticket> {
    let mut all: Vec<Ticket> = documents.read_list(&tickets_table(organization));
    all.sort_by_key(|ticket| ticket.number);
    all
}

fn providers(documents: &Transaction<'_>, organization: &Organization) -> Vec<Provider> {
    documents.read_list(&providers_table(organization))
}

/// The set-up that a customer means.
fn provider(
    documents: &Transaction<'_>,
    organization: &Organization,
    named: &str,
) -> Result<Provider, Refusal> {
    let named = named.trim();
    let is_meant = |it: &Provider| [it.sid.clone(), it.entity_id(), it.acs_url()].contains(&named.to_owned());
    let found = providers(documents, organization).into_iter().find(is_meant);
    found.ok_or_else(|| Refusal::settings("provider", format!("there is no set-up {named:?}")))
}

/// Answers a request to the desk.
pub(super) fn answer(call: &mut Call<'_, '_>) -> Answer {
    let json = wants_json(call.request);
    match route(call, json) {
        Ok(answer) => answer,
        Err(refusal) if json => refusal.answer(),
        Err(refusal) => page::refusal(&refusal),
    }
}

fn wants_json(request: &Request) -> bool {
    request.header("accept").unwrap_or_default().contains("application/json")
        || request.content_type() == "application/json"
}

fn route(call: &mut Call<'_, '_>, json: bool) -> Outcome {
    let request = call.request;
    let route = request.route();
    let (scope, rest) = match route.as_slice() {
        [] if request.method == Method::GET => return Ok(customers(call, json)),
        [scope, rest @ ..] => (*scope, rest),
        [] => return Err(Refusal::not_found(&request.path)),
    };
    let organization = customer(call.documents, scope).ok_or_else(|| Refusal::not_found(&request.path))?;
    let (status, body) = match (&request.method, rest) {
        (&Method::GET, []) => {
            let providers = providers(call.documents, &organization);
            let views: Vec<Value> =
                providers.iter().map(|it| it.view(call.documents, &organization)).collect();
            let tickets = tickets(call.documents, &organization);
            if !json {
                return Ok(page::desk(request, &organization, &views, &tickets));
            }
            (200, json!({"providers": views, "tickets": tickets}))
        }
        (&Method::POST, ["tickets"]) => {
            let asked = serde_path_to_error::deserialize(input(request)?)
                .map_err(|error| Refusal::parameter(format!("Invalid ticket: {error}")))?;
            (201, json!(written(call, &organization, asked)?))
        }
        (&Method::POST, ["tickets", number, "agree"]) => (200, json!(agree(call, &organization, number)?)),
        (&Method::POST, ["test"]) => (200, json!(test(call, &organization)?)),
        _ => return Err(Refusal::not_found(&request.path)),
    };
    if json {
        return Ok(Answer::json(status, &body));
    }
    Ok(Answer::redirect(303, &format!("{}/{}", request.prefix, organization.sid)))
}

fn customers(call: &Call<'_, '_>, json: bool) -> Answer {
    let all = document::all(call.documents);
    if !json {
        return page::customers(call.request, &all);
    }
    let views: Vec<Value> =
        all.iter().map(|it| json!({"sid": it.sid, "friendlyName": it.friendly_name})).collect();
    Answer::json(200, &json!({"customers": views}))
}

/// The organization of a SID, or the one that manages the account of that SID.
fn customer(documents: &Transaction<'_>, scope: &str) -> Option<Organization> {
    document::find(documents, scope).or_else(|| {
        let is_account = account::is_sid(scope, "AC");
        let mut all = document::all(documents).into_iter();
        all.find(|it| is_account && it.accounts.iter().any(|account| account == scope))
    })
}

/// The fields that hold lists; in a form one item a line.
const LISTS: [&str; 6] = ["users", "emailDomains", "userSids", "accounts", "never", "contacts"];

fn input(request: &Request) -> Result<Value, Refusal> {
    if request.content_type() == "application/json" {
        return super::super::json_body(request);
    }
    let fields = request.form().into_iter().filter(|(_, value)| !value.trim().is_empty());
    let fields = fields.map(|(name, value)| {
        let value = if LISTS.contains(&name.as_str()) {
            let items = value.split(['\n', ',']).map(str::trim).filter(|item| !item.is_empty());
            items.map(Value::from).collect()
        } else {
            Value::from(value.trim())
        };
        (name, value)
    });
    Ok(Value::Object(fields.collect()))
}

/// Active users by their login addresses.
fn named(
    documents: &Transaction<'_>,
    organization: &Organization,
    emails: &[String],
) -> Result<Vec<User>, Refusal> {
    let user = |email: &String| {
        let found = users::by_email(documents, &organization.sid, email.trim()).filter(User::is_active);
        found.ok_or_else(|| Refusal::settings("users", format!("there is no active user {email}")))
    };
    emails.iter().map(user).collect()
}

fn written(call: &mut Call<'_, '_>, organization: &Organization, asked: Asked) -> Result<Ticket, Refusal> {
    let number = tickets(call.documents, organization).len() + 1;
    let mut ticket = Ticket {
        number,
        kind: String::new(),
        about: None,
        provider: None,
        status: "answered".into(),
        users: Vec::new(),
        entity_id: None,
        acs_url: None,
        at: ids::millis(call.now),
    };
    match asked {
        Asked::SetUp { ref about, .. } => {
            ticket.about.clone_from(about);
            let provider = set_up(call.documents, organization, asked)?;
            ticket.kind = "setUp".into();
            ticket.entity_id = Some(provider.entity_id());
            ticket.acs_url = Some(provider.acs_url());
            ticket.provider = Some(provider.sid);
        }
        Asked::TestUsers { provider: named_provider, users: emails, about } => {
            let mut provider = provider(call.documents, organization, &named_provider)?;
            if emails.is_empty() {
                return Err(Refusal::settings("users", "at least one test user must be nominated"));
            }
            let found = named(call.documents, organization, &emails)?;
            check_free(call.documents, organization, &provider, &found)?;
            for user in &found {
                provider.people.entry(user.sid.clone()).or_insert(Standing::Test);
            }
            provider.save(call.documents, organization);
            ticket.kind = "testUsers".into();
            ticket.about = about;
            ticket.users = found.iter().map(User::email).collect();
            ticket.provider = Some(provider.sid);
        }
        Asked::Users { ref provider, ref about, .. } => {
            ticket.about.clone_from(about);
            let provider = self::provider(call.documents, organization, provider)?;
            if !provider.is_tested() {
                return Err(Refusal::settings("users", "validate the login of a test user with us first"));
            }
            ticket.users = selected(call.documents, organization, &asked)?;
            ticket.kind = "users".into();
            ticket.status = "review".into();
            ticket.provider = Some(provider.sid);
        }
        Asked::Disable { users: emails, about } => {
            for email in &emails {
                let Some(user) = users::by_email(call.documents, &organization.sid, email.trim()) else {
                    return Err(Refusal::settings("users", format!("there is no user {email}")));
                };
                for mut provider in providers(call.documents, organization) {
                    if provider.people.remove(&user.sid).is_some() {
                        provider.save(call.documents, organization);
                    }
                }
            }
            ticket.kind = "disable".into();
            ticket.about = about;
            ticket.users = emails;
        }
        Asked::Removal { provider, about } => {
            let provider = self::provider(call.documents, organization, &provider)?;
            call.documents.remove(&providers_table(organization), &provider.sid);
            ticket.kind = "removal".into();
            ticket.about = about;
            ticket.provider = Some(provider.sid);
        }
    }
    call.documents.write(&tickets_table(organization), &number.to_string(), &ticket);
    Ok(ticket)
}

fn set_up(
    documents: &mut Transaction<'_>,
    organization: &Organization,
    asked: Asked,
) -> Result<Provider, Refusal> {
    let Asked::SetUp {
        provider: known,
        issuer,
        sso_url,
        certificate,
        logout_redirect,
        name_id_format,
        email_attribute,
        edition,
        contacts,
        about: _,
    } = asked
    else {
        return Err(Refusal::parameter("this is no ticket for set-up"));
    };
    match (&email_attribute, name_id_format.as_deref()) {
        (Some(_), _) | (None, Some(EMAIL_ADDRESS)) => {}
        (None, Some(other)) => {
            let message = format!("the NameID format must be {EMAIL_ADDRESS}, not {other}");
            return Err(Refusal::settings("nameIdFormat", message));
        }
        (None, None) => {
            let message = "name the NameID format, or the attribute that holds the e-mail address";
            return Err(Refusal::settings("nameIdFormat", message));
        }
    }
    let known = known.map(|named| provider(documents, organization, &named)).transpose()?;
    let mut next = Provider {
        sid: format!("UI{}", ids::hex32()),
        issuer: issuer.unwrap_or_default(),
        sso_url: sso_url.unwrap_or_default(),
        certificate: certificate.unwrap_or_default(),
        logout_redirect,
        email_attribute,
        edition,
        contacts,
        last_test: None,
        people: BTreeMap::new(),
    };
    if let Some(known) = known {
        let trust = |it: &Provider| [it.issuer.clone(), it.sso_url.clone(), it.certificate.clone()];
        // A test says nothing about other trust.
        if trust(&known) == trust(&next) && known.email_attribute == next.email_attribute {
            next.last_test = known.last_test;
        }
        next.sid = known.sid;
        next.people = known.people;
    }
    next.check()?;
    next.save(documents, organization);
    Ok(next)
}

/// Nobody signs in through two of them.
fn check_free(
    documents: &Transaction<'_>,
    organization: &Organization,
    provider: &Provider,
    found: &[User],
) -> Result<(), Refusal> {
    let others = providers(documents, organization);
    let taken = found.iter().find(|user| {
        others.iter().any(|other| other.sid != provider.sid && other.people.contains_key(&user.sid))
            || user.sso_profile.is_some()
    });
    match taken {
        Some(user) => Err(Refusal::settings("users", format!("{} signs in by another set-up", user.email()))),
        None => Ok(()),
    }
}

/// The list that support makes of a selection, sorted.
fn selected(
    documents: &Transaction<'_>,
    organization: &Organization,
    asked: &Asked,
) -> Result<Vec<String>, Refusal> {
    let Asked::Users { email_domains, user_sids, accounts, never, users: emails, .. } = asked else {
        return Ok(Vec::new());
    };
    if let Some(sid) = user_sids.iter().find(|sid| users::find(documents, &organization.sid, sid).is_none()) {
        return Err(Refusal::settings("userSids", format!("there is no user {sid}")));
    }
    if let Some(account) = accounts.iter().find(|account| !organization.accounts.contains(account)) {
        return Err(Refusal::settings("accounts", format!("{account} is no account of yours")));
    }
    let listed = named(documents, organization, emails)?;
    let members: BTreeSet<String> = roles::assignments(documents, &organization.sid)
        .into_iter()
        .filter(|assignment| accounts.contains(&assignment.scope))
        .map(|assignment| assignment.identity)
        .collect();
    let of_selection = users::all(documents, &organization.sid).into_iter().filter(|user| {
        user.is_active()
            && (email_domains.iter().any(|domain| domain.eq_ignore_ascii_case(&user.domain()))
                || user_sids.contains(&user.sid)
                || members.contains(&user.sid))
    });
    let list: BTreeSet<String> = of_selection.chain(listed).map(|user| user.email()).collect();
    let is_meant = |email: &String| !never.iter().any(|it| it.trim().eq_ignore_ascii_case(email));
    Ok(list.into_iter().filter(is_meant).collect())
}

/// Enables whom the customer agrees to.
fn agree(call: &mut Call<'_, '_>, organization: &Organization, number: &str) -> Result<Ticket, Refusal> {
    let table = tickets_table(organization);
    let ticket: Option<Ticket> = call.documents.read(&table, number);
    let mut ticket = ticket
        .filter(|ticket| ticket.status == "review")
        .ok_or_else(|| Refusal::not_found(&call.request.path))?;
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Agreement {
        users: Option<Vec<String>>,
    }
    let agreement: Agreement = serde_path_to_error::deserialize(input(call.request)?)
        .map_err(|error| Refusal::parameter(format!("Invalid agreement: {error}")))?;
    if let Some(agreed) = agreement.users {
        let agreed: Vec<String> = agreed.iter().map(|email| email.trim().to_lowercase()).collect();
        if let Some(other) = agreed.iter().find(|email| !ticket.users.contains(email)) {
            return Err(Refusal::settings("users", format!("{other} is not in our list")));
        }
        ticket.users.retain(|email| agreed.contains(email));
    }
    let sid = ticket.provider.clone().unwrap_or_default();
    let mut provider = provider(call.documents, organization, &sid)?;
    if !provider.is_tested() {
        return Err(Refusal::settings("users", "what you told us changed: validate a login with us first"));
    }
    let found = named(call.documents, organization, &ticket.users)?;
    check_free(call.documents, organization, &provider, &found)?;
    provider.people.extend(found.into_iter().map(|user| (user.sid, Standing::Enabled)));
    provider.save(call.documents, organization);
    ticket.status = "answered".into();
    call.documents.write(&table, number, &ticket);
    Ok(ticket)
}

/// A login of an enabled user.
fn test(call: &mut Call<'_, '_>, organization: &Organization) -> Result<TestResult, Refusal> {
    let input = input(call.request)?;
    let text = |name: &str| {
        let text = input[name].as_str().map(str::trim).filter(|text| !text.is_empty());
        text.ok_or_else(|| Refusal::parameter(format!("The field {name} is required")))
    };
    let (mut provider, email) = (provider(call.documents, organization, text("provider")?)?, text("user")?);
    let mut result = TestResult {
        result: "failure".into(),
        user: email.to_owned(),
        at: ids::millis(call.now),
        error: None,
        name_id: None,
        attributes: BTreeMap::new(),
        flex_user_sid: None,
        worker_sid: None,
    };
    match attempt(call, organization, &provider, email) {
        Ok(assertion) => {
            result.result = "success".into();
            result.name_id = Some(assertion.name_id);
            result.attributes = assertion.attributes;
        }
        Err(Refused { reason, message }) => {
            result.error = Some(TestError { code: None, reason: reason.to_owned(), message });
        }
    }
    provider.last_test = Some(result.clone());
    provider.save(call.documents, organization);
    Ok(result)
}

fn attempt(
    call: &mut Call<'_, '_>,
    organization: &Organization,
    provider: &Provider,
    email: &str,
) -> Result<Assertion, Refused> {
    let user = users::by_email(call.documents, &organization.sid, email).filter(User::is_active);
    if !user.is_some_and(|user| provider.people.contains_key(&user.sid)) {
        return Err(Refused::new("user_not_enabled", format!("SSO is not enabled for {email}")));
    }
    let sso_url = Url::parse(&provider.sso_url)
        .map_err(|_| Refused::new("idp_not_reachable", "the SSO service URL is malformed"))?;
    let (entity_id, acs_url) = (provider.entity_id(), provider.acs_url());
    let attempt =
        SignIn { sso_url: &sso_url, entity_id: &entity_id, acs_url: &acs_url, email, now: call.now };
    let host = sso_url.host_str().unwrap_or_default();
    let assertion = match vendor::of_host(host, call.documents) {
        Some(vendor) => vendor.sign_in(call.documents, &attempt)?,
        None => return Err(Refused::new("idp_not_reachable", format!("{host} does not exist"))),
    };
    // The assertion need not be signed.
    check_response(&provider.certificate, &provider.issuer, &assertion, &attempt)?;
    if let Some(attribute) = &provider.email_attribute {
        let values = assertion.attributes.get(attribute);
        if !values.is_some_and(|values| values.iter().any(|value| value.eq_ignore_ascii_case(email))) {
            let message = format!("the attribute {attribute} does not hold the login address of the user");
            return Err(Refused::new("attribute_mismatch", message));
        }
        return Ok(assertion);
    }
    if assertion.name_id_format != EMAIL_ADDRESS {
        let message = format!("the NameID format is {}, expected {EMAIL_ADDRESS}", assertion.name_id_format);
        return Err(Refused::new("name_id_format", message));
    }
    if !assertion.name_id.eq_ignore_ascii_case(email) {
        let message = format!("the NameID is {}, which is not the login address", assertion.name_id);
        return Err(Refused::new("name_id_mismatch", message));
    }
    Ok(assertion)
}
