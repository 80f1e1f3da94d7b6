//! The pages of an organization, in place of the Admin Center. For people as HTML forms, for programs as JSON, as the pages of Flex are.
//!
//! | request (host `console.twilio.com`, below `/organization/OR`) | does | JSON answer |
//! | --- | --- | --- |
//! | `GET ` | shows the organization | 200 `{sid, friendlyName, owner, administrators, accounts}` |
//! | `GET /domains` | lists the e-mail domains | 200 `{domains: [DOMAIN]}` |
//! | `POST /domains` `{name}` | adds one | 201 `DOMAIN` |
//! | `GET /domains/DN` | shows one | 200 `DOMAIN` |
//! | `POST` or `PATCH /domains/DN` `{signUp}` | sets the sign-up policy | 200 `DOMAIN` |
//! | `POST /domains/DN/verify` `{method}` | looks for the proof (`dns`, which is left out for, or `https`) | 200 `DOMAIN` |
//! | `POST /domains/DN/recheck` | is Twilio's look every 24 hours | 200 `DOMAIN` |
//! | `POST /domains/DN/delete`, `DELETE /domains/DN` | removes it | 204 |
//! | `GET /sso` | lists the SSO profiles | 200 `{profiles: [PROFILE]}` |
//! | `POST /sso` | makes one | 201 `PROFILE` |
//! | `GET /sso/ID` | shows one, by connection or entity ID | 200 `PROFILE` |
//! | `POST` or `PATCH /sso/ID` | changes the given fields | 200 `PROFILE` |
//! | `POST /sso/ID/test` `{user, actingAs?}` | tests the connection | 200 `TEST` |
//! | `POST /sso/ID/enforcement` `{domains, actingAs?}` | enforces it for exactly these domains | 200 `PROFILE` |
//! | `POST /sso/ID/delete`, `DELETE /sso/ID` | removes it | 204 |
//! | `GET /users` | lists the users | 200 `{users: [USER]}` |
//! | `POST` or `PATCH /users/US` `{sso, profile?}` | switches a user's SSO, by SID or address | 200 `USER` |
//!
//! Input of a profile: `friendlyName`, `identityProvider` (`Okta`, `Azure`, `Other (SAML 2.0)`), and, entered later, `issuer`, `ssoUrl`,
//! `certificate` (PEM with its dashes). `PROFILE` has these and `id` (the connection ID), `entityId`, `acsUrl`, `certificateSha256`,
//! `lastTest` (a `TEST` or null; other trust makes it null), `enforcedDomains`, `createdAt`, `updatedAt`. `DOMAIN`: `sid`, `name`, `token`,
//! `status`, `verificationType`, `dateCreated`, `dateLastVerification`, `daysLeftToReverify`, `signUp` (`Invitation only`, `Automatic
//! membership`, `No membership`), `txtRecord {host, value, ttl}`, `httpsFile {path, content}`. `USER`: `sid`, `email`, `active`, `suspended`,
//! `sso` (`Enabled` or `Disabled`), `profile` (connection ID or null). `domains` is a list; in a form one a line. `actingAs` is the
//! e-mail address of the administrator at the page: the first administrator, or the owner, where it is left out.
//!
//! `TEST` is as in `console.rs`, with these reasons: `profile_incomplete`, `user_not_managed`, `domain_not_verified`, `user_is_tester`,
//! `user_in_other_profile`, those of the identity provider, `response_invalid` (encrypted), `response_not_signed`, `assertion_not_signed`,
//! `certificate_mismatch`, `certificate_expired`, `issuer_mismatch`, `audience_mismatch`, `recipient_mismatch`, `destination_mismatch`,
//! `name_id_missing`, `name_id_format`, `name_id_mismatch`, `relay_state_missing`. A refusal is 400 `{code, message, more_info, status, field}`.

use axum::http::Method;
use serde_json::{Map, Value, json};

use crate::sandbox::message::{Answer, Request};
use crate::sandbox::store::Transaction;
use crate::sandbox::twilio::Outcome;
use crate::sandbox::twilio::refusal::Refusal;
use crate::sandbox::vendor::Call;

use super::document::{self, Organization};
use super::domain::{self, Domain};
use super::roles::{self, ADMINISTRATOR};
use super::sso::{self, Profile};
use super::users::{self, User};
use super::{page, sso_test};

/// The organizations, for the first page.
pub(crate) fn overview(documents: &Transaction<'_>) -> Vec<Value> {
    let view = |it: Organization| json!({"sid": it.sid, "friendlyName": it.friendly_name});
    document::all(documents).into_iter().map(view).collect()
}

/// Answers a request below `/organization/OR`.
pub(crate) fn route(call: &mut Call<'_, '_>, sid: &str, rest: &[&str], json: bool) -> Outcome {
    let request = call.request;
    let not_found = || Refusal::not_found(&request.path);
    let organization = document::find(call.documents, sid).ok_or_else(not_found)?;
    let method = request.method.clone();
    let is_change = matches!(method, Method::POST | Method::PATCH);
    let is_removal = |last: Option<&&str>| match last {
        None => method == Method::DELETE,
        Some(last) => method == Method::POST && *last == "delete",
    };
    let reply = match rest {
        [] if method == Method::GET => show(call, &organization),
        ["domains"] if method == Method::GET => domains(call, &organization),
        ["domains"] if method == Method::POST => {
            let domain = domain::add(call, &organization, &Input::of(request)?.required("name")?)?;
            Reply::domain(201, call, &domain)
        }
        ["domains", sid, below @ ..] => {
            let domain: Option<Domain> = call.documents.read(&domain::table(&organization.sid), sid);
            let domain = domain.ok_or_else(not_found)?;
            match below {
                [] if method == Method::GET => Reply::domain(200, call, &domain),
                [] if is_change => {
                    let sign_up = Input::of(request)?.required("signUp")?;
                    let domain = domain::set_sign_up(call.documents, &organization, domain, &sign_up)?;
                    Reply::domain(200, call, &domain)
                }
                ["verify"] if method == Method::POST => {
                    let how = Input::of(request)?.text("method").unwrap_or_else(|| "dns".into());
                    let domain = domain::verify(call, &organization, domain, &how)?;
                    Reply::domain(200, call, &domain)
                }
                ["recheck"] if method == Method::POST => {
                    let domain = domain::recheck(call, &organization, domain);
                    Reply::domain(200, call, &domain)
                }
                _ if below.len() < 2 && is_removal(below.first()) => {
                    domain::remove(call.documents, &organization, &domain)?;
                    Reply::gone("domains")
                }
                _ => return Err(not_found()),
            }
        }
        ["sso"] if method == Method::GET => profiles(call, &organization),
        ["sso"] if method == Method::POST => {
            let input = Input::of(request)?.profile()?;
            Reply::profile(201, &sso::create(call, &organization, input)?)
        }
        ["sso", id, below @ ..] => {
            let profile = sso::find(call.documents, &organization.sid, id).ok_or_else(not_found)?;
            match below {
                [] if method == Method::GET => Reply {
                    page: Some(page::profile(request, &organization, &profile)),
                    ..Reply::profile(200, &profile)
                },
                [] if is_change => {
                    let input = Input::of(request)?.profile()?;
                    Reply::profile(200, &sso::edit(call, &organization, profile, input)?)
                }
                ["test"] if method == Method::POST => test(call, &organization, profile)?,
                ["enforcement"] if method == Method::POST => {
                    let input = Input::of(request)?;
                    let by = sso::acting(call.documents, &organization, input.text("actingAs").as_deref())?;
                    let domains = input.list("domains")?;
                    Reply::profile(200, &sso::enforce(call, &organization, profile, &domains, &by)?)
                }
                _ if below.len() < 2 && is_removal(below.first()) => {
                    sso::remove(call.documents, &organization, &profile)?;
                    Reply::gone("sso")
                }
                _ => return Err(not_found()),
            }
        }
        ["users"] if method == Method::GET => {
            let users = users::all(call.documents, &organization.sid);
            let views: Vec<Value> = users.iter().map(user_view).collect();
            Reply::page(json!({"users": views}), page::users(request, &organization, &users))
        }
        ["users", named] if is_change => switch(call, &organization, named)?,
        _ => return Err(not_found()),
    };
    Ok(reply.answer(request, &organization, json))
}

/// What came of a request: JSON for a program; a page, or the way to one, for a person.
struct Reply {
    status: u16,
    body: Value,
    page: Option<Answer>,
    /// Where a person goes on, below the organization.
    next: String,
}

impl Reply {
    fn page(body: Value, page: Answer) -> Self {
        Self { status: 200, body, page: Some(page), next: String::new() }
    }

    fn domain(status: u16, call: &Call<'_, '_>, domain: &Domain) -> Self {
        Self { status, body: domain.view(call.now), page: None, next: "/domains".into() }
    }

    fn profile(status: u16, profile: &Profile) -> Self {
        Self { status, body: profile.view(), page: None, next: format!("/sso/{}", profile.id) }
    }

    fn gone(list: &str) -> Self {
        Self { status: 204, body: Value::Null, page: None, next: format!("/{list}") }
    }

    fn answer(self, request: &Request, organization: &Organization, json: bool) -> Answer {
        match (json, self.page) {
            (true, _) if self.status == 204 => Answer::no_content(),
            (true, _) => Answer::json(self.status, &self.body),
            (false, Some(page)) => page,
            (false, None) => {
                let path = page::path(request, organization);
                Answer::redirect(303, &format!("{path}{}", self.next))
            }
        }
    }
}

fn show(call: &Call<'_, '_>, organization: &Organization) -> Reply {
    let users = users::all(call.documents, &organization.sid);
    let has_role = |user: &&User| roles::has(call.documents, &organization.sid, &user.sid, ADMINISTRATOR);
    let administrators: Vec<String> = users.iter().filter(has_role).map(User::email).collect();
    let owner = users.iter().find(|user| user.sid == organization.owner).map(User::email);
    let body = json!({
        "sid": organization.sid, "friendlyName": organization.friendly_name, "owner": owner,
        "administrators": administrators, "accounts": organization.accounts,
    });
    Reply::page(body, page::organization(call.request, organization))
}

fn domains(call: &Call<'_, '_>, organization: &Organization) -> Reply {
    let domains = domain::all(call.documents, &organization.sid);
    let views: Vec<Value> = domains.iter().map(|domain| domain.view(call.now)).collect();
    let page = page::domains(call.request, organization, &views);
    Reply::page(json!({"domains": views}), page)
}

fn profiles(call: &Call<'_, '_>, organization: &Organization) -> Reply {
    let profiles = sso::all(call.documents, &organization.sid);
    let views: Vec<Value> = profiles.iter().map(Profile::view).collect();
    Reply::page(json!({"profiles": views}), page::profiles(call.request, organization, &profiles))
}

fn test(
    call: &mut Call<'_, '_>,
    organization: &Organization,
    mut profile: Profile,
) -> Result<Reply, Refusal> {
    let input = Input::of(call.request)?;
    let user = input.required("user")?;
    let by = sso::acting(call.documents, organization, input.text("actingAs").as_deref())?;
    let result = sso_test::run(call, organization, &profile, &user, &by);
    profile.last_test = Some(result.clone());
    profile.save(call.documents, &organization.sid);
    Ok(Reply { body: json!(result), ..Reply::profile(200, &profile) })
}

fn switch(call: &mut Call<'_, '_>, organization: &Organization, named: &str) -> Result<Reply, Refusal> {
    let input = Input::of(call.request)?;
    let found = users::find(call.documents, &organization.sid, named);
    let user = found.or_else(|| users::by_email(call.documents, &organization.sid, named));
    let user = user.ok_or_else(|| Refusal::not_found(&call.request.path))?;
    let is_enabled = match input.required("sso")?.as_str() {
        "Enabled" => true,
        "Disabled" => false,
        other => return Err(Refusal::settings("sso", format!("{other:?} is neither Enabled nor Disabled"))),
    };
    let user = sso::switch(call, organization, user, is_enabled, input.text("profile").as_deref())?;
    Ok(Reply { status: 200, body: user_view(&user), page: None, next: "/users".into() })
}

fn user_view(user: &User) -> Value {
    json!({
        "sid": user.sid, "email": user.email(), "active": user.is_active(), "suspended": user.suspended,
        "sso": if user.sso_profile.is_some() { "Enabled" } else { "Disabled" }, "profile": user.sso_profile,
    })
}

/// The fields of a form or a JSON body.
struct Input(Map<String, Value>);

impl Input {
    fn of(request: &Request) -> Result<Self, Refusal> {
        if request.content_type() != "application/json" {
            return Ok(Self(request.form().into_iter().map(|(name, value)| (name, value.into())).collect()));
        }
        match request.json() {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            _ => Err(Refusal::parameter("the body must be a JSON object")),
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        let text = self.0.get(name).and_then(Value::as_str).map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn required(&self, name: &str) -> Result<String, Refusal> {
        self.text(name).ok_or_else(|| Refusal::parameter(format!("The field {name} is required")))
    }

    /// A list; in a form one item a line.
    fn list(&self, name: &str) -> Result<Vec<String>, Refusal> {
        let wrong = || Refusal::parameter(format!("The field {name} must be a list"));
        match self.0.get(name) {
            Some(Value::Array(items)) => {
                items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
            }
            Some(Value::String(text)) => Ok(text.split(['\n', ',']).map(str::to_owned).collect()),
            _ => Err(wrong()),
        }
    }

    fn profile(self) -> Result<sso::Input, Refusal> {
        // What a person leaves empty in a form stays as it is.
        let given = self.0.into_iter().filter(|(_, value)| !value.is_null() && *value != "");
        serde_path_to_error::deserialize(Value::Object(given.collect()))
            .map_err(|error| Refusal::parameter(format!("Invalid body: {error}")))
    }
}
