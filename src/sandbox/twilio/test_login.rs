//! A simulated SAML login: the identity provider's half comes through the vendor seam, the checks of Flex are here. On success the
//! Flex user and Worker exist afterwards, as after a first login.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use crate::sandbox::login::{Assertion, Refused, SignIn};
use crate::sandbox::store::Transaction;
use crate::sandbox::{certificate, ids, vendor};

use super::account::Account;
use super::flex_users::{self, Person};
use super::profile::Profile;

const FLEX_ROLES: [&str; 3] = ["agent", "supervisor", "admin"];

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TestResult {
    /// `success` or `failure`.
    pub(crate) result: String,
    pub(crate) user: String,
    pub(crate) at: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) error: Option<TestError>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) name_id: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub(crate) attributes: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) flex_user_sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) worker_sid: Option<String>,
}

/// Why a test failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TestError {
    /// Twilio's error code, where the failure is on Twilio's side: 70251, 70252 or 70253.
    pub(crate) code: Option<u32>,
    /// A stable word for programs.
    pub(crate) reason: String,
    pub(crate) message: String,
}

/// Tests the profile with a user of the identity provider, by e-mail address.
pub(crate) fn run(
    documents: &mut Transaction<'_>,
    account: &Account,
    profile: &Profile,
    email: &str,
    now: Timestamp,
) -> TestResult {
    let mut result = TestResult {
        result: "failure".into(),
        user: email.to_owned(),
        at: ids::millis(now),
        error: None,
        name_id: None,
        attributes: BTreeMap::new(),
        flex_user_sid: None,
        worker_sid: None,
    };
    match attempt(documents, account, profile, email, now, &mut result) {
        Ok(()) => result.result = "success".into(),
        Err(Refused { reason, message }) => {
            let code = match reason {
                "profile_inactive" | "certificate_expired" => Some(70251),
                "roles_invalid" => Some(70253),
                reason if reason.starts_with("idp_") || reason.starts_with("user_") => None,
                "callback_mismatch" | "connection_not_found" => None,
                _ => Some(70252),
            };
            result.error = Some(TestError { code, reason: reason.to_owned(), message });
        }
    }
    result
}

fn attempt(
    documents: &mut Transaction<'_>,
    account: &Account,
    profile: &Profile,
    email: &str,
    now: Timestamp,
    result: &mut TestResult,
) -> Result<(), Refused> {
    if !profile.active {
        return Err(Refused::new("profile_inactive", "the SSO profile is not active"));
    }
    let sso_url = Url::parse(&profile.sso_url)
        .map_err(|_| Refused::new("idp_not_reachable", "the single sign-on URL is malformed"))?;
    let (entity_id, acs_url) = (profile.entity_id(), profile.acs_url());
    let attempt = SignIn { sso_url: &sso_url, entity_id: &entity_id, acs_url: &acs_url, email, now };
    let host = sso_url.host_str().unwrap_or_default();
    let assertion = match vendor::of_host(host, documents) {
        Some(vendor) => vendor.sign_in(documents, &attempt)?,
        None => return Err(Refused::new("idp_not_reachable", format!("{host} does not exist"))),
    };
    check_response(&profile.certificate, &profile.issuer, &assertion, &attempt)?;
    result.name_id = Some(assertion.name_id.clone());
    result.attributes.clone_from(&assertion.attributes);
    let person = person(&assertion)?;
    let attributes = worker_attributes(&assertion)?;
    let user = flex_users::provision(documents, account, &person, Some(Value::Object(attributes)), now);
    result.worker_sid.clone_from(&user.worker_sid);
    result.flex_user_sid = Some(user.flex_user_sid);
    Ok(())
}

/// What every product checks of a response: signature, issuer, audience and where it was meant for. `certificate` (PEM) and `issuer` are
/// what the profile has stored.
pub(crate) fn check_response(
    certificate: &str,
    issuer: &str,
    assertion: &Assertion,
    attempt: &SignIn<'_>,
) -> Result<(), Refused> {
    if !assertion.response_signed {
        return Err(Refused::new("response_not_signed", "message of SAML response is not signed"));
    }
    // Whether the real page takes several certificates is not documented; here any of them may sign.
    let stored =
        certificate::read_all(certificate).map_err(|why| Refused::new("certificate_mismatch", why))?;
    let signing = certificate::read(&assertion.certificate).ok();
    let Some(stored) = stored.into_iter().find(|it| signing.as_ref().is_some_and(|one| one.der == it.der))
    else {
        let message = "the response is signed with another certificate than the one stored in the profile";
        return Err(Refused::new("certificate_mismatch", message));
    };
    if stored.not_after < attempt.now.as_second() {
        return Err(Refused::new("certificate_expired", "the certificate stored in the profile has expired"));
    }
    let same = |reason, what: &str, found: &str, wanted: &str| {
        if found == wanted {
            return Ok(());
        }
        Err(Refused::new(reason, format!("the {what} of the response is {found}, expected {wanted}")))
    };
    same("issuer_mismatch", "issuer", &assertion.issuer, issuer)?;
    same("audience_mismatch", "audience", &assertion.audience, attempt.entity_id)?;
    same("recipient_mismatch", "recipient", &assertion.recipient, attempt.acs_url)?;
    same("destination_mismatch", "destination", &assertion.destination, attempt.acs_url)?;
    if assertion.name_id.is_empty() {
        return Err(Refused::new("name_id_missing", "the response has no NameID"));
    }
    Ok(())
}

fn person(assertion: &Assertion) -> Result<Person, Refused> {
    let required = |name: &str| {
        let value =
            assertion.attributes.get(name).and_then(|values| values.first()).filter(|v| !v.is_empty());
        let message = || format!("the response lacks the required attribute {name}");
        value.cloned().ok_or_else(|| Refused::new("attribute_missing", message()))
    };
    let (email, full_name) = (required("email")?, required("full_name")?);
    required("roles")?;
    // Several values, or one with commas.
    let roles: Vec<String> = assertion
        .attributes
        .get("roles")
        .into_iter()
        .flatten()
        .flat_map(|value| value.split(','))
        .map(|role| role.trim().to_owned())
        .filter(|role| !role.is_empty())
        .collect();
    let unknown = roles.iter().find(|role| !FLEX_ROLES.contains(&role.as_str()) && !role.starts_with("wfo."));
    if let Some(role) = unknown {
        return Err(Refused::new("roles_invalid", format!("{role:?} is not a Flex role")));
    }
    let roles: Vec<String> = roles.into_iter().filter(|role| FLEX_ROLES.contains(&role.as_str())).collect();
    let person = Person { username: assertion.name_id.clone(), full_name, email, roles };
    person.check().map_err(|why| Refused::new("roles_invalid", why))?;
    Ok(person)
}

/// Attributes with a type in their name become values of that type; the others are strings.
fn worker_attributes(assertion: &Assertion) -> Result<Map<String, Value>, Refused> {
    let mut attributes = Map::new();
    for (name, values) in &assertion.attributes {
        if ["roles", "email", "full_name"].contains(&name.as_str()) {
            continue;
        }
        let wrong =
            || Refused::new("attribute_format", format!("400 Error invalid attribute format: {name}"));
        let first = values.first().map(String::as_str).unwrap_or_default();
        let int = |text: &str| text.trim().parse::<i64>().map(Value::from).map_err(|_| wrong());
        let boolean = |text: &str| text.trim().parse::<bool>().map(Value::from).map_err(|_| wrong());
        let (plain, value) = match name.rsplit_once('.') {
            Some((plain, "string")) => (plain, json!(first)),
            Some((plain, "int")) => (plain, int(first)?),
            Some((plain, "boolean")) => (plain, boolean(first)?),
            Some((plain, "stringarray")) => (plain, json!(values)),
            Some((plain, "intarray")) => (plain, values.iter().map(|v| int(v)).collect::<Result<_, _>>()?),
            Some((plain, "booleanarray")) => {
                (plain, values.iter().map(|v| boolean(v)).collect::<Result<_, _>>()?)
            }
            _ if values.len() == 1 => (name.as_str(), json!(first)),
            _ => (name.as_str(), json!(values)),
        };
        attributes.insert(plain.to_owned(), value);
    }
    Ok(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assertion(attributes: &[(&str, &[&str])]) -> Assertion {
        let attributes = attributes
            .iter()
            .map(|(name, values)| ((*name).to_owned(), values.iter().map(|v| (*v).to_owned()).collect()))
            .collect();
        Assertion {
            issuer: String::new(),
            certificate: String::new(),
            audience: String::new(),
            recipient: String::new(),
            destination: String::new(),
            response_signed: true,
            assertion_signed: true,
            encrypted: false,
            returns_relay_state: true,
            name_id: "ann@connie.one".into(),
            name_id_format: String::new(),
            attributes,
        }
    }

    #[test]
    fn roles_are_several_values_or_one_with_commas() {
        let base = [("email", ["a@b.c"].as_slice()), ("full_name", &["Ann"])];
        let with = |roles: &'static [&'static str]| {
            let mut all = base.to_vec();
            all.push(("roles", roles));
            person(&assertion(&all))
        };
        assert_eq!(with(&["agent, supervisor", "wfo.full_access"]).unwrap().roles, ["agent", "supervisor"]);
        assert_eq!(with(&["administrator"]).unwrap_err().reason, "roles_invalid");
        assert_eq!(with(&[""]).unwrap_err().reason, "attribute_missing");
        assert_eq!(person(&assertion(&base)).unwrap_err().reason, "attribute_missing");
    }

    #[test]
    fn typed_attributes_become_typed_values() {
        let found = worker_attributes(&assertion(&[
            ("skill.int", &["3"]),
            ("a.stringarray", &["x", "y"]),
            ("team", &["N"]),
        ]));
        assert_eq!(Value::Object(found.unwrap()), json!({"skill": 3, "a": ["x", "y"], "team": "N"}));
        let wrong = worker_attributes(&assertion(&[("on.boolean", &["yes"])])).unwrap_err();
        assert_eq!(wrong.reason, "attribute_format");
    }
}
