//! Applications. A PUT replaces everything: what is left out is gone. Answers have nulls where nothing is set, and a setting that no
//! specification names (`samlSignedRequestEnabled`).

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sandbox::ids;
use crate::sandbox::message::Answer;
use crate::sandbox::store::Transaction;
use crate::sandbox::vendor::Call;

use super::keys::Validity;
use super::organization::{self, CatalogueApp, Settings, table};
use super::paging::{Limits, page};
use super::refusal::Refusal;
use super::{Outcome, assignments, body_of, keys, validation};

const LIMITS: Limits = Limits { least: 1, default: 200, most: 200 };
/// Where the external key is kept; it shows in metadata only.
const EXTERNAL_KEY: &str = "_externalKey";
/// What a request cannot set.
const READ_ONLY: [&str; 7] = ["id", "name", "status", "created", "lastUpdated", "_links", EXTERNAL_KEY];

/// An application as it is stored.
pub(super) fn find(documents: &Transaction<'_>, organization: &str, id: &str) -> Result<Value, Refusal> {
    let found = documents.get(&table(organization, "apps"), id).cloned();
    found.ok_or_else(|| Refusal::not_found(id, "AppInstance"))
}

/// The application with an external key, by the address that its metadata show.
pub(super) fn by_external_key(documents: &Transaction<'_>, organization: &str, key: &str) -> Option<Value> {
    documents
        .list(&table(organization, "apps"))
        .map(|(_, app)| app)
        .find(|app| app[EXTERNAL_KEY] == key)
        .cloned()
}

/// What identifies the application to service providers.
pub(super) fn external_key(app: &Value) -> &str {
    app[EXTERNAL_KEY].as_str().unwrap_or_default()
}

/// What Okta answers where nothing is set.
fn defaults(organization: &str, id: &str) -> Value {
    let link = |path: &str| json!({"href": format!("https://{organization}/api/v1/apps/{id}{path}")});
    json!({
        "accessibility": {"selfService": false, "errorRedirectUrl": null, "loginRedirectUrl": null},
        "visibility": {
            "autoLaunch": false, "autoSubmitToolbar": false, "hide": {"iOS": false, "web": false}, "appLinks": {},
        },
        "features": [],
        "universalLogout": null,
        "credentials": {"userNameTemplate": {"template": "${source.login}", "type": "BUILT_IN"}, "signing": {}},
        "settings": {
            "app": {},
            "notifications": {
                "vpn": {"network": {"connection": "DISABLED"}, "message": null, "helpUrl": null},
            },
            "manualProvisioning": false,
            "implicitAssignment": false,
            "notes": {"admin": null, "enduser": null},
            "signOn": {
                "defaultRelayState": null, "ssoAcsUrlOverride": null, "audienceOverride": null, "recipientOverride": null,
                "destinationOverride": null, "spIssuer": null, "idpIssuer": "http://www.okta.com/${org.externalKey}",
                "attributeStatements": [], "inlineHooks": [], "acsEndpoints": [], "slo": {"enabled": false},
                "samlSignedRequestEnabled": false,
            },
        },
        "_links": {
            "self": link(""), "users": link("/users"), "groups": link("/groups"), "metadata": link("/sso/saml/metadata"),
            "deactivate": link("/lifecycle/deactivate"), "activate": link("/lifecycle/activate"),
        },
    })
}

fn fill(target: &mut Value, defaults: Value) {
    match (target, defaults) {
        (Value::Object(target), Value::Object(defaults)) => {
            for (key, value) in defaults {
                match target.get_mut(&key) {
                    Some(known) => fill(known, value),
                    None => drop(target.insert(key, value)),
                }
            }
        }
        (target @ Value::Null, defaults) => *target = defaults,
        _ => {}
    }
}

/// The wire form.
fn view(app: &Value, organization: &str) -> Value {
    let mut view = app.clone();
    fill(&mut view, defaults(organization, app["id"].as_str().unwrap_or_default()));
    if let Value::Object(entries) = &mut view {
        entries.remove(EXTERNAL_KEY);
    }
    view
}

pub(super) fn list(call: &mut Call<'_, '_>) -> Outcome {
    let request = call.request;
    if request.parameter("filter").is_some() {
        return Err(Refusal::new(
            400,
            "E0000031",
            "Invalid search criteria: the sandbox does not filter applications.",
        ));
    }
    let all = request.parameter("includeNonDeleted") == Some("true");
    let starts = request.parameter("q").unwrap_or_default().to_lowercase();
    let begins = |value: &Value| value.as_str().unwrap_or_default().to_lowercase().starts_with(&starts);
    let matches =
        |app: &&Value| (all || app["status"] == "ACTIVE") && (begins(&app["name"]) || begins(&app["label"]));
    let apps = call.documents.list(&table(&request.host, "apps"));
    page(request, LIMITS, apps, matches, |_, app| view(app, &request.host))
}

pub(super) fn read(call: &mut Call<'_, '_>, id: &str) -> Outcome {
    Ok(Answer::json(200, &view(&find(call.documents, &call.request.host, id)?, &call.request.host)))
}

pub(super) fn create(call: &mut Call<'_, '_>) -> Outcome {
    let body = body_of(call.request)?;
    let is_active = call.request.parameter("activate") != Some("false");
    let app = add(call.documents, &call.request.host, &body, is_active, call.now)?;
    Ok(Answer::json(200, &view(&app, &call.request.host)))
}

/// Makes an application from a request body or a seed.
pub(super) fn add(
    documents: &mut Transaction<'_>,
    organization: &str,
    body: &Value,
    is_active: bool,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let settings = organization::ensure(documents, organization);
    let catalogue = match body["name"].as_str().filter(|name| !name.is_empty()) {
        Some(name) => Some((name, catalogue_app(&settings, name)?)),
        None => None,
    };
    validation::check(body, catalogue.map(|(_, entry)| entry))?;
    let id = format!("0oa{}", ids::alphanumeric(17));
    let name = catalogue.map_or_else(|| custom_name(organization, body), |(name, _)| name.to_owned());
    let mut app = body.clone();
    let at = ids::millis(now);
    let validity = settings.first_key_days.map_or(Validity::Years(10), |days| Validity::Days(days.into()));
    let key = keys::create(documents, organization, &id, validity, now)?;
    set(&mut app, "id", id.as_str().into());
    set(&mut app, "name", name.into());
    set(&mut app, "status", if is_active { "ACTIVE" } else { "INACTIVE" }.into());
    set(&mut app, "created", at.as_str().into());
    set(&mut app, "lastUpdated", at.into());
    set(&mut app, EXTERNAL_KEY, format!("exk{}", ids::alphanumeric(17)).into());
    signing_key(&mut app, &key);
    documents.put(&table(organization, "apps"), &id, app.clone());
    Ok(app)
}

/// The entry of the catalogue, which the sandbox knows from its seed: Okta publishes none.
fn catalogue_app<'a>(settings: &'a Settings, name: &str) -> Result<&'a CatalogueApp, Refusal> {
    settings.catalogue.get(name).ok_or_else(|| {
        let cause = format!(
            "name: there is no application {name:?} in the catalogue that the sandbox was seeded with"
        );
        Refusal::validation("name", vec![cause])
    })
}

/// `acme_twilioflex_1`: what Okta calls an application that is not of the catalogue.
fn custom_name(organization: &str, body: &Value) -> String {
    let plain = |text: &str| {
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
    };
    let organization = organization.split('.').next().unwrap_or_default();
    format!("{}_{}_1", plain(organization), plain(body["label"].as_str().unwrap_or_default()))
}

fn set(app: &mut Value, key: &str, value: Value) {
    if let Value::Object(entries) = app {
        entries.insert(key.to_owned(), value);
    }
}

fn signing_key(app: &mut Value, kid: &str) {
    fill(app, json!({"credentials": {"signing": {"kid": kid}}}));
}

pub(super) fn replace(call: &mut Call<'_, '_>, id: &str) -> Outcome {
    let body = body_of(call.request)?;
    let organization = &call.request.host;
    let before = find(call.documents, organization, id)?;
    let settings = organization::ensure(call.documents, organization);
    // The name of a custom application is none of the catalogue.
    let catalogue = settings.catalogue.get(before["name"].as_str().unwrap_or_default());
    validation::check(&body, catalogue)?;
    let mut app = body;
    for key in READ_ONLY {
        match before.get(key) {
            Some(value) => set(&mut app, key, value.clone()),
            None => {
                if let Value::Object(entries) = &mut app {
                    entries.remove(key);
                }
            }
        }
    }
    set(&mut app, "lastUpdated", ids::millis(call.now).into());
    signing_key(&mut app, before["credentials"]["signing"]["kid"].as_str().unwrap_or_default());
    let kid = app["credentials"]["signing"]["kid"].as_str().unwrap_or_default().to_owned();
    if !keys::exists(call.documents, organization, id, &kid) {
        return Err(Refusal::validation("credentials.signing", vec!["kid: no such key".to_owned()]));
    }
    let before = &before["credentials"]["signing"];
    let rotated =
        if before["kid"] == kid { before["lastRotated"].clone() } else { ids::millis(call.now).into() };
    if rotated.is_string() {
        app["credentials"]["signing"]["lastRotated"] = rotated;
    }
    call.documents.put(&table(organization, "apps"), id, app.clone());
    Ok(Answer::json(200, &view(&app, organization)))
}

pub(super) fn set_status(call: &mut Call<'_, '_>, id: &str, status: &str) -> Outcome {
    let organization = &call.request.host;
    let mut app = find(call.documents, organization, id)?;
    set(&mut app, "status", status.into());
    call.documents.put(&table(organization, "apps"), id, app);
    Ok(Answer::json(200, &json!({})))
}

pub(super) fn delete(call: &mut Call<'_, '_>, id: &str) -> Outcome {
    let organization = &call.request.host;
    if find(call.documents, organization, id)?["status"] == "ACTIVE" {
        return Err(Refusal::new(403, "E0000056", "Delete application forbidden."));
    }
    call.documents.remove(&table(organization, "apps"), id);
    keys::forget(call.documents, organization, id);
    assignments::forget(call.documents, organization, id);
    Ok(Answer::no_content())
}
