//! What an application would put into a SAML response for a user: the identity provider's half of a test login.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::sandbox::login::{Assertion, Refused, SignIn};
use crate::sandbox::store::Transaction;

use super::expression::{Subject, evaluate};
use super::organization::{ORGANIZATIONS, Settings, table};
use super::{apps, assignments, directory, keys};

/// Answers the service provider's request as the organization behind its single sign-on URL would.
pub(super) fn respond(documents: &Transaction<'_>, attempt: &SignIn<'_>) -> Result<Assertion, Refused> {
    let organization = attempt.sso_url.host_str().unwrap_or_default();
    let segments: Vec<&str> = attempt.sso_url.path_segments().into_iter().flatten().collect();
    let app = match segments[..] {
        ["app", name, key, "sso", "saml"] => apps::by_external_key(documents, organization, key)
            .filter(|app| app["name"] == name && app["status"] == "ACTIVE"),
        _ => None,
    };
    let app = app.ok_or_else(|| {
        let message = format!(
            "the identity provider answered 404 at {}: there is no such application",
            attempt.sso_url
        );
        Refused::new("idp_not_found", message)
    })?;
    let email = attempt.email.to_lowercase();
    let user = documents
        .list(&table(organization, "users"))
        .map(|(_, user)| user)
        .find(|user| user["profile"]["email"].as_str().is_some_and(|it| it.to_lowercase() == email))
        .ok_or_else(|| Refused::new("user_not_found", format!("{email} does not exist in {organization}")))?;
    if user["status"] != "ACTIVE" {
        return Err(Refused::new("user_blocked", format!("{email} is not active")));
    }
    let (app_id, user_id) = (text(&app["id"]), text(&user["id"]));
    if !assignments::is_assigned(documents, organization, app_id, user_id) {
        return Err(Refused::new("user_not_assigned", format!("{email} is not assigned to the application")));
    }
    let sign_on = &effective(documents, organization, &app);
    if text(&sign_on["ssoAcsUrl"]) != attempt.acs_url {
        let message =
            format!("the application posts to {}, not to {}", text(&sign_on["ssoAcsUrl"]), attempt.acs_url);
        return Err(Refused::new("callback_mismatch", message));
    }
    let groups = directory::groups_of(documents, organization, user_id);
    let subject = Subject { profile: &user["profile"], groups: &groups };
    Ok(Assertion {
        issuer: keys::issuer(&app),
        certificate: keys::current_pem(documents, organization, &app).unwrap_or_default(),
        audience: text(&sign_on["audience"]).to_owned(),
        recipient: text(&sign_on["recipient"]).to_owned(),
        destination: text(&sign_on["destination"]).to_owned(),
        response_signed: sign_on["responseSigned"] == true,
        assertion_signed: sign_on["assertionSigned"] == true,
        encrypted: sign_on["assertionEncryption"]["enabled"] == true,
        // One of its own takes the place of the service provider's.
        returns_relay_state: text(&sign_on["defaultRelayState"]).is_empty(),
        name_id_format: text(&sign_on["subjectNameIdFormat"]).to_owned(),
        name_id: name_id(text(&sign_on["subjectNameIdTemplate"]), &user["profile"], subject)?,
        attributes: attributes(sign_on, subject)?,
    })
}

/// The sign-on settings that count: those of a catalogue application come from the catalogue, with its own properties filled in, unless
/// they are overridden.
fn effective(documents: &Transaction<'_>, organization: &str, app: &Value) -> Value {
    let own = app["settings"]["signOn"].clone();
    let settings = documents.read::<Settings>(ORGANIZATIONS, organization).unwrap_or_default();
    let Some(entry) = settings.catalogue.get(text(&app["name"])) else { return own };
    let filled = |template: &str| {
        let properties = app["settings"]["app"].as_object().into_iter().flatten();
        properties.fold(template.to_owned(), |it, (key, value)| {
            it.replace(&format!("${{{key}}}"), value.as_str().unwrap_or_default())
        })
    };
    let or_override = |key: &str, template: &str| match text(&own[key]) {
        "" => filled(template),
        overriding => overriding.to_owned(),
    };
    let mut all = json!({
        "ssoAcsUrl": or_override("ssoAcsUrlOverride", &entry.acs_url),
        "recipient": or_override("recipientOverride", &entry.acs_url),
        "destination": or_override("destinationOverride", &entry.acs_url),
        "audience": or_override("audienceOverride", &entry.audience),
        "responseSigned": true, "assertionSigned": true,
    });
    // The NameID is the application's user name.
    let template = text(&app["credentials"]["userNameTemplate"]["template"]).replace("${source.", "${user.");
    all["subjectNameIdTemplate"] =
        if template.is_empty() { "${user.userName}".into() } else { template.into() };
    all["attributeStatements"] = own["attributeStatements"].clone();
    all
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn not_understood(message: String) -> Refused {
    Refused::new("idp_expression", message)
}

/// A template is an expression between `${` and `}`; the application's user name is the login here.
fn name_id(template: &str, profile: &Value, subject: Subject<'_>) -> Result<String, Refused> {
    let inner = template.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    match inner {
        Some("user.userName") => Ok(text(&profile["login"]).to_owned()),
        Some(expression) => evaluate(expression, subject).map_err(not_understood),
        None => Err(not_understood(format!("{template:?} is no template that the sandbox understands"))),
    }
}

fn attributes(sign_on: &Value, subject: Subject<'_>) -> Result<BTreeMap<String, Vec<String>>, Refused> {
    let mut attributes = BTreeMap::new();
    for statement in sign_on["attributeStatements"].as_array().into_iter().flatten() {
        let values = if statement["type"] == "GROUP" {
            filtered(statement, subject.groups)?
        } else {
            let expressions = statement["values"].as_array().into_iter().flatten().filter_map(Value::as_str);
            expressions.map(|it| evaluate(it, subject)).collect::<Result<_, _>>().map_err(not_understood)?
        };
        let values: Vec<String> = values.into_iter().filter(|value| !value.is_empty()).collect();
        if !values.is_empty() {
            attributes.insert(text(&statement["name"]).to_owned(), values);
        }
    }
    Ok(attributes)
}

fn filtered(statement: &Value, groups: &[String]) -> Result<Vec<String>, Refused> {
    let wanted = text(&statement["filterValue"]);
    let matches: fn(&str, &str) -> bool = match text(&statement["filterType"]) {
        "EQUALS" => |group, wanted| group == wanted,
        "STARTS_WITH" => |group, wanted| group.starts_with(wanted),
        "CONTAINS" => |group, wanted| group.contains(wanted),
        "REGEX" if wanted == ".*" => |_, _| true,
        other => {
            return Err(not_understood(format!(
                "the sandbox does not evaluate the filter {other} {wanted:?}"
            )));
        }
    };
    Ok(groups.iter().filter(|group| matches(group, wanted)).cloned().collect())
}
