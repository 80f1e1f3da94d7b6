//! The attribute map in Okta's terms: the template of the NameID, and attribute statements. Pure.
//!
//! Every statement has the name format `unspecified`, Okta's own default: Twilio reads plain names and documents no format.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::codes;
use crate::{
    component::Value,
    diagnostics::{Finding, Location},
    manifest::{
        Resource,
        attribute_map::{Attribute, AttributeMapSpec, NameIdFormat, Source},
        identity_provider::Vendor,
        user_enablement::{Role, Roles, UserEnablementSpec},
    },
    provider::ProfileContext,
    yaml::path,
};

const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified";
/// The keys of a statement that have a meaning.
const KEYS: [&str; 6] = ["name", "type", "namespace", "values", "filterType", "filterValue"];
const WAY_OUT: &str = "or say it in Okta's own words: `expressions: {okta: 'isMemberOfGroupName(\"Flex Admins\") ? \"admin\" : \"agent\"'}`";

/// What an application asserts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statements {
    /// The NameID's format and template; nothing without a map.
    pub(super) name_id: Option<(NameIdFormat, String)>,
    /// The statements in their normal form.
    pub(super) attributes: Vec<Value>,
}

/// Translates a profile's attribute map.
pub(super) fn translate(context: &ProfileContext<'_>, findings: &mut Vec<Finding>) -> Statements {
    let Some(map) = context.attribute_map else {
        return Statements { name_id: None, attributes: Vec::new() };
    };
    let attributes = map
        .spec
        .attributes
        .iter()
        .enumerate()
        .filter_map(|(at, attribute)| statement(context, map, at, attribute, findings))
        .collect();
    let template = name_id(map, findings).unwrap_or_default();
    Statements { name_id: Some((map.spec.name_id.format, template)), attributes }
}

fn name_id(map: &Resource<AttributeMapSpec>, findings: &mut Vec<Finding>) -> Option<String> {
    let name_id = &map.spec.name_id;
    if let Some(template) = name_id.expressions.get(&Vendor::Okta) {
        return one_line(template, map.at(&path!["spec", "nameId", "expressions", "okta"]), findings);
    }
    if name_id.from == Source::Email {
        return Some("${user.email}".to_owned());
    }
    findings.push(
        Finding::new(
            &codes::SOURCE,
            format!("Okta has no template that takes the NameID from `{}`", name_id.from),
        )
        .at(map.at(&path!["spec", "nameId", "from"]), "not known to Okta")
        .help("write `from: user.email`, or a template: `expressions: {okta: '${user.login}'}`"),
    );
    None
}

fn statement(
    context: &ProfileContext<'_>,
    map: &Resource<AttributeMapSpec>,
    at: usize,
    attribute: &Attribute,
    findings: &mut Vec<Finding>,
) -> Option<Value> {
    let place = |key: &str| map.at(&path!["spec", "attributes", at, key]);
    let name = attribute.saml_name();
    let plain = |expression: &str| Some(expression.to_owned());
    let expression = match (attribute.expressions.get(&Vendor::Okta), &attribute.value, &attribute.from) {
        (Some(expression), _, _) => {
            one_line(expression, map.at(&path!["spec", "attributes", at, "expressions", "okta"]), findings)
        }
        (None, Some(value), _) => literal(value, place("value"), findings),
        (None, None, Some(source)) => match source {
            Source::Email => plain("user.email"),
            // A display name is optional in Okta, the parts are not.
            Source::Name => plain("user.firstName + \" \" + user.lastName"),
            Source::FirstName => plain("user.firstName"),
            Source::LastName => plain("user.lastName"),
            Source::Department => plain("user.department"),
            Source::Groups => return Some(groups(name)),
            Source::EnablementRoles => roles(context.enablements, findings),
            Source::AppMetadata(_) => {
                findings.push(
                    Finding::new(&codes::SOURCE, format!("Okta has no `{source}`"))
                        .at(place("from"), "Auth0's alone")
                        .help("name the profile attribute that holds it: `expressions: {okta: user.team}`"),
                );
                None
            }
        },
        (None, None, None) => None,
    }?;
    Some(normal(&json!({
        "type": "EXPRESSION", "name": name, "namespace": UNSPECIFIED, "values": [expression],
    })))
}

/// All groups of the person.
fn groups(name: &str) -> Value {
    normal(&json!({
        "type": "GROUP", "name": name, "namespace": UNSPECIFIED, "filterType": "REGEX", "filterValue": ".*",
    }))
}

/// One expression for the roles of everybody: group overrides in their order, then the default. Several roles are joined by commas,
/// which Flex takes as well as several values. Nothing where no enablement gives roles.
fn roles(enablements: &[&Resource<UserEnablementSpec>], findings: &mut Vec<Finding>) -> Option<String> {
    let mut giving = enablements.iter().filter(|it| it.spec.roles != Roles::default());
    let first = giving.next()?;
    let mut is_good = true;
    for other in giving.filter(|it| it.spec.roles != first.spec.roles) {
        is_good = false;
        findings.push(
            Finding::new(
                &codes::ROLES,
                format!(
                    "enablements `{}` and `{}` give different roles, and Okta has one expression for both",
                    first.name(),
                    other.name()
                ),
            )
            .at(other.at(&path!["spec", "roles"]), "other roles")
            .related(first.at(&path!["spec", "roles"]), "than these")
            .help(format!("give the same roles in both, with an override for a group, {WAY_OUT}")),
        );
    }
    let spec = &first.spec.roles;
    let place = |at: usize| first.at(&path!["spec", "roles", "overrides", at]);
    let otherwise = literal(&joined(&spec.default), first.at(&path!["spec", "roles", "default"]), findings);
    let mut expression = String::new();
    for (at, it) in spec.overrides.iter().enumerate() {
        let Some(group) = &it.group else {
            is_good = false;
            findings.push(
                Finding::new(&codes::ROLES, "Okta keeps no roles of a single person")
                    .at(place(at), "a person, not a group")
                    .help(format!(
                        "put the person into a group and write `group:` instead of `user:`, {WAY_OUT}"
                    )),
            );
            continue;
        };
        match (literal(group, place(at), findings), literal(&joined(&it.roles), place(at), findings)) {
            (Some(group), Some(roles)) => {
                expression.push_str(&format!("isMemberOfGroupName({group}) ? {roles} : "));
            }
            _ => is_good = false,
        }
    }
    expression.push_str(&otherwise?);
    is_good.then_some(expression)
}

fn joined(roles: &[Role]) -> String {
    roles.iter().map(Role::as_str).collect::<Vec<_>>().join(",")
}

/// A text as a literal of Okta's expression language.
fn literal(text: &str, place: Location, findings: &mut Vec<Finding>) -> Option<String> {
    if text.contains(['"', '\\']) || text.chars().any(char::is_control) {
        findings.push(
            Finding::new(&codes::EXPRESSION, "the text cannot stand in an expression for Okta")
                .at(place, "a quotation mark, a backslash or a line break")
                .help("leave it out, or write an expression of your own: `expressions: {okta: ...}`"),
        );
        return None;
    }
    Some(format!("\"{text}\""))
}

fn one_line(text: &str, place: Location, findings: &mut Vec<Finding>) -> Option<String> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        findings.push(
            Finding::new(&codes::EXPRESSION, "the expression for Okta is not one line of text")
                .at(place, "empty, or with a line break")
                .help("write it on one line"),
        );
        return None;
    }
    Some(text.trim().to_owned())
}

/// A statement in the form in which two are compared: the keys that mean something, with the server's default name format.
pub(super) fn normal(statement: &Json) -> Value {
    let mut entries: BTreeMap<String, Value> = KEYS
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), statement.get(key).filter(|value| !value.is_null())?)))
        .filter(|(_, value)| value.as_array().is_none_or(|items| !items.is_empty()))
        .map(|(key, value)| (key, Value::from_json(value)))
        .collect();
    entries.entry("namespace".to_owned()).or_insert_with(|| UNSPECIFIED.into());
    entries.entry("type".to_owned()).or_insert_with(|| "EXPRESSION".into());
    Value::Map(entries)
}
