//! The page in place of Google's Admin console: the identity provider's details, and custom SAML apps. For people as HTML forms, for
//! programs as JSON with `Accept: application/json`. Bodies are JSON or forms, with the same field names.
//!
//! | request (host `admin.google.com`) | does | JSON answer |
//! | --- | --- | --- |
//! | `GET /` | lists the customers | 200 `{customers: [{id, domains}]}` |
//! | `GET /customer/C/idp` | shows the identity provider | 200 `{ssoUrl, entityId, certificate, certificateSha256}` |
//! | `GET /customer/C/idp/metadata` | downloads its metadata | 200 XML |
//! | `GET /customer/C/apps` | lists the apps | 200 `{apps: [APP]}` |
//! | `POST /customer/C/apps` | makes one | 201 `APP` |
//! | `GET /customer/C/apps/SPID` | shows one | 200 `APP` |
//! | `POST` or `PATCH /customer/C/apps/SPID` | changes the given fields | 200 `APP` |
//! | `POST .../SPID/test` `{user: E-MAIL}` | begins a sign-in at Google (`Test SAML login`) | 200 `{result, user, error?, nameId?, attributes?, postedTo?}` |
//! | `POST .../SPID/delete`, `DELETE .../SPID` | removes it | 204 |
//!
//! `C` is a customer's ID or a domain of it. `APP` has `spid`, `name`, `description`, `logo`, `acsUrl`, `entityId`, `startUrl`, `signedResponse`,
//! `nameIdFormat`, `nameId`, `attributes` (rows `Category > Attribute -> app attribute`), `groups`, `groupsAttribute`, `onFor`; lists come one a
//! line in a form. A refusal is `{error: {code, message, ...}}`. There is no sign-in. A form of another web site is refused by its Origin.

use axum::http::Method;
use serde_json::{Map, Value, json};
use url::Url;

use crate::sandbox::certificate;
use crate::sandbox::message::{Answer, Request};
use crate::sandbox::vendor::Call;

use super::apps::{self, App};
use super::console_page as page;
use super::customer::{self, CUSTOMERS, Customer};
use super::refusal::Refusal;
use super::{Outcome, login};

/// Fields of a form that hold lists, one item a line.
const LISTS: [&str; 3] = ["attributes", "groups", "onFor"];

/// Answers a request to the console.
pub(super) fn answer(call: &mut Call<'_, '_>) -> Answer {
    let request = call.request;
    let accept = request.header("accept").unwrap_or_default();
    let json = accept.contains("application/json")
        || (request.content_type() == "application/json" && !accept.contains("text/html"));
    match route(call, json) {
        Ok(answer) => answer,
        Err(refusal) if json => refusal.answer(),
        Err(refusal) => page::refusal(&refusal),
    }
}

/// A page of another site can send a form to loopback; its Origin gives it away.
fn check_origin(request: &Request) -> Result<(), Refusal> {
    let Some(origin) = request.header("origin") else { return Ok(()) };
    let host = Url::parse(origin).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    if ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str()) || host == request.host {
        return Ok(());
    }
    Err(Refusal::new(403, "forbidden", format!("forms from {origin} are not accepted")))
}

fn route(call: &mut Call<'_, '_>, json: bool) -> Outcome {
    let request = call.request;
    if request.method != Method::GET {
        check_origin(request)?;
    }
    let route = request.route();
    let (id, rest) = match route.as_slice() {
        [] => return Ok(customers(call, json)),
        ["customer", id, rest @ ..] => (*id, rest),
        _ => return Err(Refusal::no_such_path()),
    };
    let customer = customer::find(call.documents, id).ok_or_else(|| Refusal::not_found("customer"))?;
    let load = |call: &Call<'_, '_>, spid: &str| {
        apps::load(call.documents, &customer, spid).ok_or_else(|| Refusal::not_found("app"))
    };
    match (&request.method, rest) {
        (&Method::GET, ["idp"]) => Ok(idp(call, &customer, json)),
        (&Method::GET, ["idp", "metadata"]) => Ok(metadata(&customer)),
        (&Method::GET, ["apps"]) => {
            let apps = apps::all(call.documents, &customer);
            Ok(if json {
                Answer::json(200, &json!({"apps": apps}))
            } else {
                page::apps(request, &customer, &apps)
            })
        }
        (&Method::POST, ["apps"]) => {
            let app = apps::add(call.documents, &customer, &form(request)?)?;
            Ok(done(call, &customer, &app, 201, json))
        }
        (&Method::GET, ["apps", spid]) => {
            let app = load(call, spid)?;
            Ok(if json { Answer::json(200, &json!(app)) } else { page::app(request, &customer, &app) })
        }
        (&Method::POST | &Method::PATCH, ["apps", spid]) => {
            let app = load(call, spid)?;
            let app = apps::change(call.documents, &customer, &app, &form(request)?)?;
            Ok(done(call, &customer, &app, 200, json))
        }
        (&Method::POST, ["apps", spid, "test"]) => {
            let app = load(call, spid)?;
            test(call, &customer, &app)
        }
        (&Method::POST, ["apps", spid, "delete"]) | (&Method::DELETE, ["apps", spid]) => {
            load(call, spid)?;
            call.documents.remove(&apps::table(&customer), spid);
            Ok(if json {
                Answer::no_content()
            } else {
                Answer::redirect(303, &list_path(request, &customer))
            })
        }
        _ => Err(Refusal::no_such_path()),
    }
}

pub(super) fn list_path(request: &Request, customer: &Customer) -> String {
    format!("{}/customer/{}/apps", request.prefix, customer.id)
}

fn done(call: &Call<'_, '_>, customer: &Customer, app: &App, status: u16, json: bool) -> Answer {
    if json {
        return Answer::json(status, &json!(app));
    }
    Answer::redirect(303, &format!("{}/{}", list_path(call.request, customer), app.spid))
}

fn customers(call: &Call<'_, '_>, json: bool) -> Answer {
    let all: Vec<Customer> = call.documents.read_list(CUSTOMERS);
    if !json {
        return page::customers(call.request, &all);
    }
    let all: Vec<Value> = all.iter().map(|it| json!({"id": it.id, "domains": it.domains})).collect();
    Answer::json(200, &json!({"customers": all}))
}

fn idp(call: &Call<'_, '_>, customer: &Customer, json: bool) -> Answer {
    let sha256 = certificate::read(&customer.certificate).map(|it| it.sha256()).unwrap_or_default();
    if !json {
        return page::idp(call.request, customer, &sha256);
    }
    let body = json!({
        "ssoUrl": customer.sso_url(), "entityId": customer.entity_id(), "certificate": customer.certificate,
        "certificateSha256": sha256,
    });
    Answer::json(200, &body)
}

/// What `Download metadata` gives.
fn metadata(customer: &Customer) -> Answer {
    let certificate = certificate::read(&customer.certificate).map(|it| it.base64()).unwrap_or_default();
    let (entity_id, sso_url) = (page::escape(&customer.entity_id()), page::escape(&customer.sso_url()));
    let xml = format!(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id}">
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing">
      <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
        <ds:X509Data>
          <ds:X509Certificate>{certificate}</ds:X509Certificate>
        </ds:X509Data>
      </ds:KeyInfo>
    </md:KeyDescriptor>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{sso_url}"/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{sso_url}"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>
"#
    );
    Answer::text(200, "application/xml; charset=utf-8", xml)
        .with("content-disposition", "attachment; filename=\"GoogleIDPMetadata.xml\"")
}

/// A form or a JSON object.
fn form(request: &Request) -> Result<Value, Refusal> {
    if request.content_type() == "application/json" {
        return super::body_of(request);
    }
    let mut body = Map::new();
    for (name, value) in request.form() {
        let value = match name.as_str() {
            name if LISTS.contains(&name) => {
                value.lines().map(str::trim).filter(|line| !line.is_empty()).map(Value::from).collect()
            }
            "signedResponse" => (value == "true" || value == "on").into(),
            // A browser leaves an empty checkbox out; this hidden field says that the page was sent.
            "page" => {
                body.entry("signedResponse").or_insert(false.into());
                continue;
            }
            _ => value.trim().into(),
        };
        body.insert(name, value);
    }
    Ok(Value::Object(body))
}

/// `Test SAML login`: a sign-in that begins at Google.
fn test(call: &mut Call<'_, '_>, customer: &Customer, app: &App) -> Outcome {
    let body = form(call.request)?;
    let user = body["user"].as_str().ok_or_else(|| Refusal::required("user"))?;
    let answer = match login::assertion(call.documents, customer, app, user) {
        Ok(assertion) => json!({
            "result": "success", "user": user, "nameId": assertion.name_id, "attributes": assertion.attributes,
            "postedTo": assertion.destination,
        }),
        Err(refused) => json!({
            "result": "failure", "user": user, "error": {"reason": refused.reason, "message": refused.message},
        }),
    };
    Ok(Answer::json(200, &answer))
}
