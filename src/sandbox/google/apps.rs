//! Custom SAML apps as the Admin console keeps them. Owns what the console accepts.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::sandbox::ids;
use crate::sandbox::store::Transaction;

use super::customer::Customer;
use super::groups;
use super::refusal::Refusal;
use super::schemas::{self, text};

/// Google's own attributes, by the categories that the console has them in; with them, where a user has each.
pub(super) const DIRECTORY: [(&str, &str); 8] = [
    ("Basic Information > Primary email", "/primaryEmail"),
    ("Basic Information > First name", "/name/givenName"),
    ("Basic Information > Last name", "/name/familyName"),
    ("Employee Details > Department", "/organizations/0/department"),
    ("Employee Details > Title", "/organizations/0/title"),
    ("Employee Details > Cost center", "/organizations/0/costCenter"),
    ("Address > Address", "/addresses/0/formatted"),
    ("Contact Information > Phone number", "/phones/0/value"),
];
const NAME_ID_FORMATS: [&str; 4] = ["UNSPECIFIED", "EMAIL", "PERSISTENT", "TRANSIENT"];
const MAX_GROUPS: usize = 75;

/// An app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct App {
    /// The service provider's ID, digits; the console gives it.
    pub(super) spid: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) logo: String,
    pub(super) acs_url: String,
    pub(super) entity_id: String,
    pub(super) start_url: String,
    pub(super) signed_response: bool,
    pub(super) name_id_format: String,
    pub(super) name_id: String,
    /// Rows: `Category > Attribute -> app attribute`.
    pub(super) attributes: Vec<String>,
    /// Google groups whose membership is asserted, by address or name.
    pub(super) groups: Vec<String>,
    pub(super) groups_attribute: String,
    /// For whom it is on: `everyone`, `group X`, `organizational unit X`; nothing is off for everyone.
    pub(super) on_for: Vec<String>,
}

/// A row's halves.
pub(super) fn row(text: &str) -> Option<(&str, &str)> {
    let (google, app) = text.split_once(" -> ")?;
    (!google.trim().is_empty() && !app.trim().is_empty()).then_some((google.trim(), app.trim()))
}

pub(super) fn table(customer: &Customer) -> String {
    customer.table("apps")
}

pub(super) fn all(documents: &Transaction<'_>, customer: &Customer) -> Vec<App> {
    documents.read_list(&table(customer))
}

pub(super) fn load(documents: &Transaction<'_>, customer: &Customer, spid: &str) -> Option<App> {
    documents.read(&table(customer), spid)
}

/// Makes an app out of a body.
pub(super) fn add(
    documents: &mut Transaction<'_>,
    customer: &Customer,
    body: &Value,
) -> Result<App, Refusal> {
    let spid: String = ids::hex32().bytes().take(12).map(|b| char::from(b'0' + b % 10)).collect();
    let new = App {
        name_id_format: "UNSPECIFIED".to_owned(),
        name_id: DIRECTORY[0].0.to_owned(),
        ..App::default()
    };
    save(documents, customer, merged(&new, body, &spid)?)
}

/// Changes what a body has of an app.
pub(super) fn change(
    documents: &mut Transaction<'_>,
    customer: &Customer,
    app: &App,
    body: &Value,
) -> Result<App, Refusal> {
    let app = merged(app, body, &app.spid)?;
    save(documents, customer, app)
}

fn merged(app: &App, body: &Value, spid: &str) -> Result<App, Refusal> {
    let mut all = serde_json::to_value(app).unwrap_or_default();
    let (Some(into), Some(given)) = (all.as_object_mut(), body.as_object()) else {
        return Err(Refusal::invalid("The form is no object"));
    };
    into.extend(given.iter().map(|(key, value)| (key.clone(), value.clone())));
    into.insert("spid".to_owned(), spid.into());
    serde_path_to_error::deserialize(&all).map_err(|error| Refusal::invalid(format!("Invalid form: {error}")))
}

fn save(documents: &mut Transaction<'_>, customer: &Customer, app: App) -> Result<App, Refusal> {
    check(documents, customer, &app)?;
    documents.write(&table(customer), &app.spid, &app);
    Ok(app)
}

fn check(documents: &Transaction<'_>, customer: &Customer, app: &App) -> Result<(), Refusal> {
    if app.name.trim().is_empty() {
        return Err(Refusal::required("App name"));
    }
    if !Url::parse(&app.acs_url).is_ok_and(|url| url.scheme() == "https") {
        return Err(Refusal::invalid("ACS URL: enter a URL that starts with https://"));
    }
    if app.entity_id.trim().is_empty() {
        return Err(Refusal::required("Entity ID"));
    }
    if !app.start_url.is_empty() && Url::parse(&app.start_url).is_err() {
        return Err(Refusal::invalid("Start URL: not a URL"));
    }
    if !NAME_ID_FORMATS.contains(&app.name_id_format.as_str()) {
        return Err(Refusal::invalid("Name ID format: not offered"));
    }
    let offered = offered(documents, customer);
    let is_offered = |google: &str| offered.iter().any(|it| it == google);
    if !is_offered(&app.name_id) {
        return Err(Refusal::invalid(format!("Name ID: {} is not offered", app.name_id)));
    }
    for text in &app.attributes {
        match row(text) {
            Some((google, _)) if is_offered(google) => {}
            Some((google, _)) => {
                return Err(Refusal::invalid(format!("Attributes: {google} is not offered")));
            }
            None => return Err(Refusal::invalid(format!("Attributes: {text:?} is no row"))),
        }
    }
    if app.groups.len() > MAX_GROUPS || app.groups.is_empty() != app.groups_attribute.is_empty() {
        return Err(Refusal::invalid("Group membership: at most 75 groups, and an app attribute for them"));
    }
    let on_for = app.on_for.iter().filter_map(|text| text.strip_prefix("group "));
    if let Some(group) = app
        .groups
        .iter()
        .map(String::as_str)
        .chain(on_for)
        .find(|it| !groups::exists(documents, customer, it))
    {
        return Err(Refusal::invalid(format!("there is no group {group}")));
    }
    let is_known = |text: &&String| {
        text.as_str() == "everyone" || text.starts_with("group ") || text.starts_with("organizational unit /")
    };
    match app.on_for.iter().find(|text| !is_known(text)) {
        Some(text) => Err(Refusal::invalid(format!("User access: {text:?} is no one"))),
        None => Ok(()),
    }
}

/// The attributes that the console offers: Google's own, and the custom ones by what they are shown as.
fn offered(documents: &Transaction<'_>, customer: &Customer) -> Vec<String> {
    let custom = schemas::all(documents, customer);
    let custom = custom.iter().flat_map(|schema| {
        schemas::fields(schema)
            .map(|field| format!("{} > {}", text(schema, "displayName"), text(field, "displayName")))
            .collect::<Vec<_>>()
    });
    DIRECTORY.iter().map(|(name, _)| (*name).to_owned()).chain(custom).collect()
}
