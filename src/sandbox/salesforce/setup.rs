//! Pages in place of Salesforce's Setup, where a person does what no API does: users always; certificate, identity provider and Connected
//! App in editions without the API. For people as HTML forms, for programs as JSON with `Accept: application/json`. Bodies are JSON or
//! forms with the same field names.
//!
//! | page below `https://<My Domain>/lightning/setup/` | POST makes or changes |
//! | --- | --- |
//! | `ManageUsers/home` | a user: `firstName`, `lastName`, `alias`, `email`, `username`, `profile`, `permissionSet`, `isActive` |
//! | `CertificatesAndKeysManagement/home` | a self-signed certificate: `label`, `name`, `keySize` |
//! | `IdpPage/home` | the identity provider: `certificateName` |
//! | `NavigationMenus/home` | a Connected App by `apiName`: `label`, `contactEmail`, `startUrl`, `entityUrl`, `acsUrl`, `subjectType`, `subjectCustomAttribute`, `nameIdFormat`, `issuer`, `signingAlgorithm`, `customAttributes` (`key = formula`), `profiles`, `permissionSets` |
//!
//! GET shows what there is. There is no sign-in. A form that another web site sends is refused by its Origin.

use axum::http::Method;
use serde_json::{Map, Value, json};
use url::Url;

use super::Outcome;
use super::metadata::{self, type_of};
use super::organization::{self, Settings, named, record_id, table};
use super::refusal::Refusal;
use super::tree::{Tree, escape};
use crate::sandbox::message::{Answer, Request};
use crate::sandbox::vendor::Call;

const PAGES: [(&str, &str, &[&str]); 4] = [
    (
        "ManageUsers",
        "Users",
        &["firstName", "lastName", "alias", "email", "username", "profile", "permissionSet"],
    ),
    ("CertificatesAndKeysManagement", "Certificate and Key Management", &["label", "name", "keySize"]),
    ("IdpPage", "Identity Provider", &["certificateName"]),
    (
        "NavigationMenus",
        "App Manager",
        &[
            "apiName",
            "label",
            "contactEmail",
            "startUrl",
            "entityUrl",
            "acsUrl",
            "subjectType",
            "subjectCustomAttribute",
            "nameIdFormat",
            "issuer",
            "signingAlgorithm",
            "customAttributes",
            "profiles",
            "permissionSets",
        ],
    ),
];

pub(super) fn answer(call: &mut Call<'_, '_>, settings: &Settings, page: &str) -> Outcome {
    let Some((_, title, fields)) = PAGES.iter().find(|(name, ..)| *name == page) else {
        return Err(Refusal::not_found());
    };
    let wants_json = call.request.header("accept").unwrap_or_default().contains("application/json");
    if call.request.method == Method::POST {
        check_origin(call.request)?;
        let form = form(call.request, fields)?;
        let made = match page {
            "ManageUsers" => user(call, &form)?,
            "CertificatesAndKeysManagement" => certificate(call, &form)?,
            "IdpPage" => identity_provider(call, &form)?,
            _ => connected_app(call, settings, &form)?,
        };
        return Ok(match wants_json {
            true => Answer::json(200, &made),
            false => Answer::redirect(303, &format!("{}{}", call.request.prefix, call.request.path)),
        });
    }
    if call.request.method != Method::GET {
        return Err(Refusal::method());
    }
    let shown = shown(call, page);
    if wants_json {
        return Ok(Answer::json(200, &json!({"items": shown})));
    }
    Ok(html(call.request, title, fields, &shown))
}

/// A page of another site can send a form to loopback; its Origin gives it away.
fn check_origin(request: &Request) -> Result<(), Refusal> {
    let Some(origin) = request.header("origin") else { return Ok(()) };
    let host = Url::parse(origin).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    if ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str()) || host == request.host {
        return Ok(());
    }
    Err(Refusal::new(403, "FORBIDDEN", format!("forms from {origin} are not accepted")))
}

fn form(request: &Request, fields: &[&str]) -> Result<Map<String, Value>, Refusal> {
    let mut form = Map::new();
    if request.content_type() == "application/json" {
        let body =
            request.json().map_err(|_| Refusal::new(400, "JSON_PARSER_ERROR", "the body is no JSON"))?;
        form.extend(body.as_object().cloned().unwrap_or_default());
    } else {
        form.extend(request.form().into_iter().map(|(name, value)| (name, value.into())));
    }
    match form.keys().find(|key| !fields.contains(&key.as_str()) && key.as_str() != "isActive") {
        Some(key) => Err(Refusal::new(400, "INVALID_FIELD", format!("Unknown field {key}"))),
        None => Ok(form),
    }
}

fn text(form: &Map<String, Value>, name: &str) -> String {
    match form.get(name) {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn required(form: &Map<String, Value>, name: &str) -> Result<String, Refusal> {
    Some(text(form, name))
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Refusal::new(400, "REQUIRED_FIELD_MISSING", format!("{name}: You must enter a value")))
}

/// A list: in JSON as such, in a form one item a line.
fn list(form: &Map<String, Value>, name: &str) -> Vec<String> {
    let items: Vec<String> = match form.get(name) {
        Some(Value::Array(items)) => items.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect(),
        Some(Value::String(text)) => text.lines().map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    items.into_iter().map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect()
}

fn user(call: &mut Call<'_, '_>, form: &Map<String, Value>) -> Result<Value, Refusal> {
    let organization = call.request.host.clone();
    let (last, email, profile) =
        (required(form, "lastName")?, required(form, "email")?, required(form, "profile")?);
    let username = Some(text(form, "username")).filter(|it| !it.is_empty()).unwrap_or_else(|| email.clone());
    if !username.contains('@') {
        let message =
            "Username: The username must be in the form of an email address (for example, john@acme.com)";
        return Err(Refusal::new(400, "INVALID_EMAIL_ADDRESS", message));
    }
    let profile = named(call.documents, &organization, "Profile", &profile)
        .ok_or_else(|| Refusal::new(400, "INVALID_CROSS_REFERENCE_KEY", "Profile: no such profile"))?;
    let users = table(&organization, "User");
    let known = call
        .documents
        .list(&users)
        .find(|(_, it)| it["Username"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(&username)));
    let id = known.map(|(id, _)| id.clone()).unwrap_or_else(|| record_id("005"));
    let first = text(form, "firstName");
    let record = json!({
        "Id": id, "Username": username, "Email": email, "FirstName": first, "LastName": last,
        "Name": format!("{first} {last}").trim(), "Alias": text(form, "alias"), "ProfileId": profile["Id"],
        "IsActive": form.get("isActive") != Some(&Value::Bool(false)),
    });
    call.documents.put(&users, &id, record.clone());
    let set = text(form, "permissionSet");
    if !set.is_empty() {
        assign(call, &id, &set)?;
    }
    Ok(record)
}

/// Gives a user a permission set.
pub(super) fn assign(call: &mut Call<'_, '_>, user: &str, set: &str) -> Result<(), Refusal> {
    let organization = call.request.host.clone();
    let set = named(call.documents, &organization, "PermissionSet", set).ok_or_else(|| {
        Refusal::new(400, "INVALID_CROSS_REFERENCE_KEY", "Permission Set: no such permission set")
    })?;
    let id = record_id("0Pa");
    let record = json!({"Id": id, "AssigneeId": user, "PermissionSetId": set["Id"]});
    call.documents.put(&table(&organization, "PermissionSetAssignment"), &id, record);
    Ok(())
}

fn save(call: &mut Call<'_, '_>, kind: &str, full_name: &str, tree: &Tree) -> Result<(), Refusal> {
    let refuse = |problem: metadata::Problem| Refusal::new(400, "FIELD_INTEGRITY_EXCEPTION", problem.message);
    let kind = type_of(kind).ok_or_else(Refusal::not_found)?;
    metadata::check_form(kind, tree).map_err(refuse)?;
    let organization = call.request.host.clone();
    metadata::save(call.documents, &organization, kind, full_name, tree, call.now).map(drop).map_err(refuse)
}

fn certificate(call: &mut Call<'_, '_>, form: &Map<String, Value>) -> Result<Value, Refusal> {
    let (label, name) = (required(form, "label")?, required(form, "name")?);
    let size = Some(text(form, "keySize")).filter(|it| !it.is_empty()).unwrap_or_else(|| "2048".to_owned());
    if !["2048", "4096"].contains(&size.as_str()) {
        return Err(Refusal::new(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Key Size: 2048 or 4096"));
    }
    let mut tree = Tree::new("Certificate");
    for (key, value) in [
        ("caSigned", "false"),
        ("keySize", &size),
        ("masterLabel", &label),
        ("privateKeyExportable", "false"),
    ] {
        tree.set(key, value);
    }
    save(call, "Certificate", &name, &tree)?;
    Ok(json!({"name": name}))
}

fn identity_provider(call: &mut Call<'_, '_>, form: &Map<String, Value>) -> Result<Value, Refusal> {
    let name = required(form, "certificateName")?;
    if metadata::find(call.documents, &call.request.host, "Certificate", &name).is_none() {
        return Err(Refusal::new(400, "INVALID_CROSS_REFERENCE_KEY", "Certificate: no such certificate"));
    }
    let mut tree = Tree::new("IdentityProviderSettings");
    tree.set("certificateName", &name);
    tree.set("enableIdentityProvider", "true");
    save(call, "IdentityProviderSettings", "IdentityProvider", &tree)?;
    Ok(json!({"certificateName": name}))
}

fn connected_app(
    call: &mut Call<'_, '_>,
    settings: &Settings,
    form: &Map<String, Value>,
) -> Result<Value, Refusal> {
    let organization = call.request.host.clone();
    let api_name = required(form, "apiName")?;
    let known = metadata::find(call.documents, &organization, "ConnectedApp", &api_name);
    if known.is_none() && !settings.allow_connected_app_creation {
        let message = "You can't create a connected app. To enable connected app creation, contact Salesforce Customer Support.";
        return Err(Refusal::new(400, "INSUFFICIENT_ACCESS", message));
    }
    let mut tree = known.map_or_else(|| Tree::new("ConnectedApp"), |it| it.tree);
    for key in ["label", "contactEmail"] {
        tree.set(key, &required(form, key)?);
    }
    tree.set("startUrl", &text(form, "startUrl"));
    let mut saml = tree.child("samlConfig").cloned().unwrap_or_else(|| Tree::new("samlConfig"));
    for (key, name) in [
        ("acsUrl", "acsUrl"),
        ("entityUrl", "entityUrl"),
        ("issuer", "issuer"),
        ("samlNameIdFormat", "nameIdFormat"),
        ("samlSubjectType", "subjectType"),
        ("samlSubjectCustomAttr", "subjectCustomAttribute"),
        ("samlSigningAlgoType", "signingAlgorithm"),
    ] {
        saml.set(key, &text(form, name));
    }
    tree.children.retain(|it| {
        !["samlConfig", "attributes", "profileName", "permissionSetName"].contains(&it.name.as_str())
    });
    tree.children.push(saml);
    for line in list(form, "customAttributes") {
        let (key, formula) = line.split_once(" = ").ok_or_else(|| {
            Refusal::new(400, "FIELD_INTEGRITY_EXCEPTION", "Custom Attributes: key = formula")
        })?;
        let mut attribute = Tree::new("attributes");
        attribute.set("formula", formula.trim());
        attribute.set("key", key.trim());
        tree.children.push(attribute);
    }
    for (field, name, object) in
        [("profiles", "profileName", "Profile"), ("permissionSets", "permissionSetName", "PermissionSet")]
    {
        for item in list(form, field) {
            if organization::named(call.documents, &organization, object, &item).is_none() {
                return Err(Refusal::new(
                    400,
                    "INVALID_CROSS_REFERENCE_KEY",
                    format!("{field}: there is no {item}"),
                ));
            }
            tree.children.push(Tree::of_text(name, &item));
        }
    }
    save(call, "ConnectedApp", &api_name, &tree)?;
    Ok(json!({"apiName": api_name}))
}

/// What a page lists.
fn shown(call: &Call<'_, '_>, page: &str) -> Vec<Value> {
    let organization = &call.request.host;
    let components = |kind: &str| -> Vec<Value> {
        metadata::all(call.documents, organization, kind)
            .iter()
            .map(|it| json!({"name": it.full_name}))
            .collect()
    };
    match page {
        "ManageUsers" => {
            let view = |user: &Value| json!({"name": user["Name"], "email": user["Email"], "username": user["Username"], "isActive": user["IsActive"]});
            call.documents.list(&table(organization, "User")).map(|(_, user)| view(user)).collect()
        }
        "CertificatesAndKeysManagement" => components("Certificate"),
        "IdpPage" => metadata::find(call.documents, organization, "IdentityProviderSettings", "IdentityProvider")
            .map(|it| json!({"name": it.tree.text_of("certificateName"), "enabled": it.tree.text_of("enableIdentityProvider")}))
            .into_iter()
            .collect(),
        _ => [components("ConnectedApp"), components("ExternalClientApplication")].concat(),
    }
}

fn html(request: &Request, title: &str, fields: &[&str], shown: &[Value]) -> Answer {
    let rows: String = shown
        .iter()
        .map(|item| {
            let texts = item.as_object().into_iter().flatten().map(|(_, value)| match value {
                Value::String(text) => escape(text),
                other => escape(&other.to_string()),
            });
            format!("<tr><td>{}</td></tr>\n", texts.collect::<Vec<_>>().join("</td><td>"))
        })
        .collect();
    let inputs: String = fields
        .iter()
        .map(|name| match *name {
            "customAttributes" | "profiles" | "permissionSets" => {
                format!(
                    "<label>{name}, one a line <textarea name=\"{name}\" rows=\"4\"></textarea></label>\n"
                )
            }
            name => format!("<label>{name} <input name=\"{name}\"></label>\n"),
        })
        .collect();
    let text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>body{{font:16px/1.5 system-ui,\
         sans-serif;max-width:52rem;margin:2rem auto}}label{{display:block;margin-top:.6rem}}td{{padding:.2rem .8rem .2rem 0}}</style></head>\
         <body>\n<p><small>Concord sandbox, in place of Salesforce Setup</small></p>\n<h1>{title}</h1>\n<table>\n{rows}</table>\n\
         <h2>New or changed</h2>\n<form method=\"post\" action=\"{action}\">\n{inputs}<button>Save</button></form>\n</body></html>\n",
        title = escape(title),
        action = escape(&format!("{}{}", request.prefix, request.path)),
    );
    Answer::text(200, "text/html; charset=utf-8", text)
        .with("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")
        .with("cache-control", "no-store")
}
