//! The page in place of the Twilio Console: Flex, Users and access, SSO. For people as HTML forms, for programs as JSON with
//! `Accept: application/json` (or a JSON body). Bodies are JSON or forms, with the same field names.
//!
//! | request (host `console.twilio.com`) | does | JSON answer |
//! | --- | --- | --- |
//! | `GET /` | lists accounts and organizations | 200 `{accounts: [{sid, friendlyName, flexInstance, runtimeDomain}], organizations: [{sid, friendlyName}]}` |
//! | `GET /us1/develop/flex/users-and-access/single-sign-on` | the real page's path, which a runbook names | 303 to the only account's profiles, or to `/` |
//! | `GET /account/AC/flex/sso` | lists the profiles | 200 `{profiles: [PROFILE]}` |
//! | `POST /account/AC/flex/sso` | creates one | 201 `PROFILE` |
//! | `GET /account/AC/flex/sso/JQ` | shows one | 200 `PROFILE` |
//! | `POST` or `PATCH /account/AC/flex/sso/JQ` | changes the given fields | 200 `PROFILE` |
//! | `POST .../JQ/activate`, `.../JQ/deactivate` | switches it | 200 `PROFILE` |
//! | `POST .../JQ/test` `{user: E-MAIL}` | simulates a login | 200 `TEST` |
//! | `POST .../JQ/delete`, `DELETE .../JQ` | removes it | 204 |
//!
//! Input: `friendlyName`, `certificate` (PEM with its dashes), `issuer`, `ssoUrl` (required in a new profile), `defaultRedirectUrl`,
//! `trustedUrls` (a list; in a form one a line), `loginUsingPopup`, `active` (true in a new profile unless it says otherwise).
//! `PROFILE` has these and `sid`, `accountSid`, `clientId`, `entityId`, `acsUrl`, `certificateSha256`, `certificateExpiresAt`,
//! `createdAt`, `updatedAt`, `lastTest` (a `TEST` or null).
//! `TEST`: `{result: success | failure, user, at, error?: {code, reason, message}, nameId?, attributes?, flexUserSid?, workerSid?}`. Reasons:
//! `profile_inactive`, `idp_not_reachable`, `idp_not_found`, `callback_mismatch`, `connection_not_found`, `user_not_found`,
//! `user_blocked`, `response_not_signed`, `certificate_mismatch`, `certificate_expired`, `issuer_mismatch`, `audience_mismatch`,
//! `recipient_mismatch`, `destination_mismatch`, `name_id_missing`, `attribute_missing`, `attribute_format`, `roles_invalid`.
//! A refusal is 400 `{code: 70251, message, more_info, status, field}`, an unknown profile 404.
//!
//! Below `/organization/OR` are the pages of an organization: see the head of `organization/console.rs`.
//!
//! There is no sign-in. A form that another web site sends is refused by its Origin.

use axum::http::Method;
use serde_json::{Value, json};
use url::Url;

use crate::sandbox::ids;
use crate::sandbox::message::{Answer, Request};
use crate::sandbox::vendor::Call;

use super::account::{self, Account};
use super::console_page as page;
use super::legacy;
use super::profile::{self, Input, Profile};
use super::refusal::Refusal;
use super::{Outcome, organization, test_login};

/// Answers a request to the console.
pub(crate) fn answer(call: &mut Call<'_, '_>) -> Answer {
    let json = wants_json(call.request);
    match route(call, json) {
        Ok(answer) => answer,
        Err(refusal) if json => refusal.answer(),
        Err(refusal) => page::refusal(call.request, &refusal),
    }
}

fn wants_json(request: &Request) -> bool {
    let accept = request.header("accept").unwrap_or_default();
    accept.contains("application/json")
        || (request.content_type() == "application/json" && !accept.contains("text/html"))
}

/// A page of another site can send a form to loopback; its Origin gives it away.
fn check_origin(request: &Request) -> Result<(), Refusal> {
    let Some(origin) = request.header("origin") else { return Ok(()) };
    let host = Url::parse(origin).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let loopback = ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str());
    if loopback || host == request.host {
        return Ok(());
    }
    Err(Refusal::new(403, 20003, format!("forms from {origin} are not accepted")))
}

fn route(call: &mut Call<'_, '_>, json: bool) -> Outcome {
    let request = call.request;
    if request.method != Method::GET {
        check_origin(request)?;
    }
    let route = request.route();
    match (&request.method, route.as_slice()) {
        (&Method::GET, []) => accounts(call, json),
        (&Method::POST, []) => open_account(call),
        (&Method::GET, ["us1", "develop", "flex", "users-and-access", "single-sign-on"]) => {
            Ok(real_page(call))
        }
        (_, ["organization", sid, rest @ ..]) => organization::console::route(call, sid, rest, json),
        (method, ["account", sid, "flex", "sso", rest @ ..]) => {
            let account = account::ensure(call.documents, sid, call.now)?;
            match (method, rest) {
                (&Method::GET, []) => list(call, &account, json),
                (&Method::GET, ["legacy"]) => legacy::show(call, &account),
                (&Method::POST, ["legacy", "migrate"]) => {
                    let input = input(call.request)?;
                    legacy::migrate(call, &account, input)
                }
                (&Method::POST, ["legacy", "switch-back"]) => legacy::switch_back(call, &account),
                (&Method::POST, []) => create(call, &account, json),
                (&Method::GET, [sid]) => show(call, &account, sid, json),
                (&Method::POST | &Method::PATCH, [sid]) => edit(call, &account, sid, json),
                (&Method::POST, [sid, "activate"]) => switch(call, &account, sid, true, json),
                (&Method::POST, [sid, "deactivate"]) => switch(call, &account, sid, false, json),
                (&Method::POST, [sid, "test"]) => test(call, &account, sid, json),
                (&Method::POST, [sid, "delete"]) | (&Method::DELETE, [sid]) => {
                    delete(call, &account, sid, json)
                }
                _ => Err(Refusal::not_found(&request.path)),
            }
        }
        _ => Err(Refusal::not_found(&request.path)),
    }
}

fn list_path(request: &Request, account: &Account) -> String {
    format!("{}/account/{}/flex/sso", request.prefix, account.sid)
}

fn accounts(call: &mut Call<'_, '_>, json: bool) -> Outcome {
    let accounts = account::all(call.documents);
    let organizations = organization::console::overview(call.documents);
    if !json {
        return Ok(page::accounts(call.request, &accounts, &organizations));
    }
    let accounts: Vec<Value> = accounts
        .iter()
        .map(|a| {
            json!({
                "sid": a.sid, "friendlyName": a.friendly_name, "flexInstance": a.flex_instance,
                "runtimeDomain": a.runtime_domain,
            })
        })
        .collect();
    Ok(Answer::json(200, &json!({"accounts": accounts, "organizations": organizations})))
}

/// The real Console knows the account from the sign-in; here there is none, so where several are played a person chooses.
fn real_page(call: &mut Call<'_, '_>) -> Answer {
    let target = match account::all(call.documents).as_slice() {
        [only] => list_path(call.request, only),
        _ => format!("{}/", call.request.prefix),
    };
    Answer::redirect(303, &target)
}

fn open_account(call: &mut Call<'_, '_>) -> Outcome {
    let sid = field(call.request, "account")?;
    let account = account::ensure(call.documents, &sid, call.now)?;
    Ok(Answer::redirect(303, &list_path(call.request, &account)))
}

/// One text field of a form or a JSON body.
fn field(request: &Request, name: &str) -> Result<String, Refusal> {
    let value = if request.content_type() == "application/json" {
        super::json_body(request)?.get(name).and_then(Value::as_str).map(str::to_owned)
    } else {
        request.form().into_iter().find(|(n, _)| n == name).map(|(_, value)| value)
    };
    let value = value.map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
    value.ok_or_else(|| Refusal::parameter(format!("The field {name} is required")))
}

fn list(call: &mut Call<'_, '_>, account: &Account, json: bool) -> Outcome {
    let profiles = profile::of_account(call.documents, &account.sid);
    if json {
        let profiles: Vec<Value> = profiles.iter().map(Profile::view).collect();
        return Ok(Answer::json(200, &json!({"profiles": profiles})));
    }
    Ok(page::profiles(call.request, account, &profiles))
}

fn load(call: &Call<'_, '_>, account: &Account, sid: &str) -> Result<Profile, Refusal> {
    let profile = call.documents.read(&profile::table(&account.sid), sid);
    profile.ok_or_else(|| Refusal::not_found(&call.request.path))
}

fn input(request: &Request) -> Result<Input, Refusal> {
    if request.content_type() == "application/json" {
        let body = super::json_body(request)?;
        return serde_path_to_error::deserialize(body)
            .map_err(|e| Refusal::parameter(format!("Invalid body: {e}")));
    }
    let mut input = Input::default();
    let on = |value: &str| matches!(value, "on" | "true" | "1" | "yes");
    for (name, value) in request.form() {
        match name.as_str() {
            "friendlyName" => input.friendly_name = Some(value),
            "certificate" => input.certificate = Some(value),
            "issuer" => input.issuer = Some(value),
            "ssoUrl" => input.sso_url = Some(value),
            "defaultRedirectUrl" => input.default_redirect_url = Some(value),
            "trustedUrls" => {
                let urls = input.trusted_urls.get_or_insert_default();
                urls.extend(value.split(['\n', ',']).map(str::to_owned));
            }
            "loginUsingPopup" => input.login_using_popup = Some(on(&value)),
            "active" => input.active = Some(on(&value)),
            // A browser leaves an empty checkbox out; this hidden field says that the page was sent.
            "page" => {
                input.login_using_popup.get_or_insert(false);
                input.active.get_or_insert(false);
            }
            other => return Err(Refusal::parameter(format!("Unknown field {other}"))),
        }
    }
    Ok(input)
}

fn done(call: &Call<'_, '_>, account: &Account, profile: &Profile, status: u16, json: bool) -> Answer {
    if json {
        return Answer::json(status, &profile.view());
    }
    Answer::redirect(303, &format!("{}/{}", list_path(call.request, account), profile.sid))
}

fn create(call: &mut Call<'_, '_>, account: &Account, json: bool) -> Outcome {
    let profile = Profile::new(account, input(call.request)?, &ids::millis(call.now))?;
    profile.save(call.documents);
    Ok(done(call, account, &profile, 201, json))
}

fn show(call: &mut Call<'_, '_>, account: &Account, sid: &str, json: bool) -> Outcome {
    let profile = load(call, account, sid)?;
    if json {
        Ok(Answer::json(200, &profile.view()))
    } else {
        Ok(page::profile(call.request, account, &profile))
    }
}

fn edit(call: &mut Call<'_, '_>, account: &Account, sid: &str, json: bool) -> Outcome {
    let mut profile = load(call, account, sid)?;
    profile.change(input(call.request)?, &ids::millis(call.now))?;
    profile.save(call.documents);
    Ok(done(call, account, &profile, 200, json))
}

fn switch(call: &mut Call<'_, '_>, account: &Account, sid: &str, active: bool, json: bool) -> Outcome {
    let mut profile = load(call, account, sid)?;
    profile.change(Input { active: Some(active), ..Input::default() }, &ids::millis(call.now))?;
    profile.save(call.documents);
    Ok(done(call, account, &profile, 200, json))
}

fn test(call: &mut Call<'_, '_>, account: &Account, sid: &str, json: bool) -> Outcome {
    let mut profile = load(call, account, sid)?;
    let user = field(call.request, "user")?;
    let result = test_login::run(call.documents, account, &profile, &user, call.now);
    profile.last_test = Some(result.clone());
    profile.save(call.documents);
    if json { Ok(Answer::json(200, &json!(result))) } else { Ok(done(call, account, &profile, 200, false)) }
}

fn delete(call: &mut Call<'_, '_>, account: &Account, sid: &str, json: bool) -> Outcome {
    load(call, account, sid)?;
    call.documents.remove(&profile::table(&account.sid), sid);
    if json { Ok(Answer::no_content()) } else { Ok(Answer::redirect(303, &list_path(call.request, account))) }
}
