//! The attribute map in Salesforce's terms: the subject type of the NameID, and custom attributes as formulas. Pure.

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

const WAY_OUT: &str = "or say it in Salesforce's own words: `expressions: {salesforce: 'IF($Profile.Name = \"Flex Admin\", \"admin\", \"agent\")'}`";

/// Subject types that need no field (Metadata API, `subjectType`).
const SUBJECT_TYPES: [&str; 4] = ["Username", "FederationId", "UserId", "PersistentId"];

/// Who an assertion is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    /// `Unspecified` and so on: the API's own words, not the URN that Setup shows.
    pub(super) format: &'static str,
    /// `Username` and so on.
    pub(super) kind: String,
    /// With `CustomAttribute`: the user's field.
    pub(super) field: Option<String>,
}

/// What an application asserts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asserted {
    pub(super) subject: Subject,
    /// The attributes in their normal form.
    pub(super) attributes: Vec<Value>,
}

/// Translates a profile's attribute map. Without one, people are known by their user name.
pub(super) fn translate(context: &ProfileContext<'_>, findings: &mut Vec<Finding>) -> Asserted {
    let username = || Subject { format: "Unspecified", kind: "Username".to_owned(), field: None };
    let Some(map) = context.attribute_map else {
        return Asserted { subject: username(), attributes: Vec::new() };
    };
    let attributes = map
        .spec
        .attributes
        .iter()
        .enumerate()
        .filter_map(|(at, attribute)| {
            Some(normal(attribute.saml_name(), &formula(context, map, at, attribute, findings)?))
        })
        .collect();
    let subject = subject(map, findings).unwrap_or_else(username);
    Asserted { subject, attributes }
}

/// The API's word for a NameID format.
pub(super) fn name_id_format(format: NameIdFormat) -> &'static str {
    match format {
        NameIdFormat::EmailAddress => "EmailAddress",
        NameIdFormat::Unspecified => "Unspecified",
        NameIdFormat::Persistent => "Persistent",
        NameIdFormat::Transient => "Transient",
    }
}

fn subject(map: &Resource<AttributeMapSpec>, findings: &mut Vec<Finding>) -> Option<Subject> {
    let name_id = &map.spec.name_id;
    let format = name_id_format(name_id.format);
    let of_field =
        |field: &str| Subject { format, kind: "CustomAttribute".to_owned(), field: Some(field.to_owned()) };
    let is_field =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if let Some(words) = name_id.expressions.get(&Vendor::Salesforce) {
        let words = words.trim();
        if SUBJECT_TYPES.contains(&words) {
            return Some(Subject { format, kind: words.to_owned(), field: None });
        }
        if let Some(field) = words.strip_prefix("$User.").filter(|field| is_field(field)) {
            return Some(of_field(field));
        }
        findings.push(
            Finding::new(&codes::SOURCE, format!("`{words}` is no subject type of Salesforce"))
                .at(
                    map.at(&path!["spec", "nameId", "expressions", "salesforce"]),
                    "neither a subject type nor a field",
                )
                .help(format!("write one of {}, or a field such as `$User.Email`", SUBJECT_TYPES.join(", "))),
        );
        return None;
    }
    if name_id.from == Source::Email {
        return Some(of_field("Email"));
    }
    findings.push(
        Finding::new(
            &codes::SOURCE,
            format!("Salesforce has no subject type that takes the NameID from `{}`", name_id.from),
        )
        .at(map.at(&path!["spec", "nameId", "from"]), "not known to Salesforce")
        .help("write `from: user.email`, or a subject type: `expressions: {salesforce: Username}`"),
    );
    None
}

fn formula(
    context: &ProfileContext<'_>,
    map: &Resource<AttributeMapSpec>,
    at: usize,
    attribute: &Attribute,
    findings: &mut Vec<Finding>,
) -> Option<String> {
    let place = |key: &str| map.at(&path!["spec", "attributes", at, key]);
    if let Some(words) = attribute.expressions.get(&Vendor::Salesforce) {
        let place = map.at(&path!["spec", "attributes", at, "expressions", "salesforce"]);
        return one_line(words, place, findings);
    }
    if let Some(value) = &attribute.value {
        return literal(value, place("value"), findings);
    }
    let plain = |formula: &str| Some(formula.to_owned());
    match attribute.from.as_ref()? {
        Source::Email => plain("$User.Email"),
        Source::Name => plain("$User.FirstName & \" \" & $User.LastName"),
        Source::FirstName => plain("$User.FirstName"),
        Source::LastName => plain("$User.LastName"),
        Source::Department => plain("$User.Department"),
        Source::EnablementRoles => roles(context, findings),
        source @ (Source::Groups | Source::AppMetadata(_)) => {
            let (label, help) = match source {
                Source::Groups => (
                    "a formula sees no groups",
                    "a person has one profile: `expressions: {salesforce: $Profile.Name}`",
                ),
                _ => (
                    "Auth0's alone",
                    "name the user's field that holds it: `expressions: {salesforce: $User.Division}`",
                ),
            };
            findings.push(
                Finding::new(&codes::SOURCE, format!("Salesforce has no `{source}`"))
                    .at(place("from"), label)
                    .help(help),
            );
            None
        }
    }
}

/// One formula for the roles of everybody: overrides in their order, then the default. Several roles are one text with commas, which
/// Flex takes as well as several values. Nothing where no enablement gives roles.
fn roles(context: &ProfileContext<'_>, findings: &mut Vec<Finding>) -> Option<String> {
    let mut giving = context.enablements.iter().filter(|it| it.spec.roles != Roles::default());
    let first: &Resource<UserEnablementSpec> = giving.next()?;
    let mut is_good = true;
    for other in giving.filter(|it| it.spec.roles != first.spec.roles) {
        is_good = false;
        findings.push(
            Finding::new(
                &codes::ROLES,
                format!(
                    "enablements `{}` and `{}` give different roles, and Salesforce has one formula for both",
                    first.name(),
                    other.name()
                ),
            )
            .at(other.at(&path!["spec", "roles"]), "other roles")
            .related(first.at(&path!["spec", "roles"]), "than these")
            .help(format!("give the same roles in both, with an override for a profile, {WAY_OUT}")),
        );
    }
    let application = context.profile.spec.application.salesforce.as_ref();
    let is_permission_set =
        |name: &String| application.is_some_and(|application| application.permission_sets.contains(name));
    let spec = &first.spec.roles;
    let mut formula = literal(&joined(&spec.default), first.at(&path!["spec", "roles", "default"]), findings);
    for (at, it) in spec.overrides.iter().enumerate().rev() {
        let place = || first.at(&path!["spec", "roles", "overrides", at]);
        if it.group.as_ref().is_some_and(is_permission_set) {
            is_good = false;
            findings.push(
                Finding::new(&codes::ROLES, "a formula of Salesforce does not see who has a permission set")
                    .at(place(), "a permission set, not a profile")
                    .help(
                        "put a custom permission into the permission set and write a formula: `expressions: {salesforce: \
                         'IF($Permission.Flex_Supervisor, \"supervisor\", \"agent\")'}`",
                    ),
            );
            continue;
        }
        let (subject, name) = match (&it.group, &it.user) {
            (Some(profile), _) => ("$Profile.Name", profile.clone()),
            (None, Some(user)) => ("$User.Email", user.to_lowercase()),
            (None, None) => continue,
        };
        let condition = literal(&name, place(), findings);
        let roles = literal(&joined(&it.roles), place(), findings);
        formula = match (condition, roles, formula) {
            (Some(condition), Some(roles), Some(rest)) => {
                Some(format!("IF({subject} = {condition}, {roles}, {rest})"))
            }
            _ => None,
        };
    }
    formula.filter(|_| is_good)
}

fn joined(roles: &[Role]) -> String {
    roles.iter().map(Role::as_str).collect::<Vec<_>>().join(",")
}

/// A text as a literal of the formula language.
fn literal(text: &str, place: Location, findings: &mut Vec<Finding>) -> Option<String> {
    if text.contains(['"', '\\']) || text.chars().any(char::is_control) {
        findings.push(
            Finding::new(&codes::FORMULA, "the text cannot stand in a formula of Salesforce")
                .at(place, "a quotation mark, a backslash or a line break")
                .help("leave it out, or write a formula of your own: `expressions: {salesforce: ...}`"),
        );
        return None;
    }
    Some(format!("\"{text}\""))
}

fn one_line(text: &str, place: Location, findings: &mut Vec<Finding>) -> Option<String> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        findings.push(
            Finding::new(&codes::FORMULA, "the formula for Salesforce is not one line of text")
                .at(place, "empty, or with a line break")
                .help("write it on one line"),
        );
        return None;
    }
    Some(text.trim().to_owned())
}

/// An attribute in the form in which two are compared.
pub(super) fn normal(key: &str, formula: &str) -> Value {
    Value::Map([("formula".to_owned(), Value::text(formula)), ("key".to_owned(), Value::text(key))].into())
}
