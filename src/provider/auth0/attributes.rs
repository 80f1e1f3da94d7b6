//! The attribute map in Auth0's terms: which attributes the SAML addon maps from the profile, which a generated Action sets, and
//! which of them carries the NameID. Each attribute goes exactly one way.

use std::collections::BTreeMap;

use super::{action::Setting, codes};
use crate::{
    component::Value,
    diagnostics::Finding,
    manifest::{
        Resource,
        attribute_map::{Attribute, AttributeMapSpec, NameId, NameIdFormat, Source},
        identity_provider::Vendor,
    },
    yaml::{Path, path},
};

/// Where the addon puts the e-mail address by default; used to carry the NameID where no attribute of the map does.
const CLAIMS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";

/// An attribute map as Auth0 carries it out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    /// `addons.samlp.mappings`: profile field to the names of the attributes.
    pub(super) mappings: BTreeMap<String, Vec<String>>,
    /// What the Action sets.
    pub(super) settings: Vec<Setting>,
    /// The NameID's format.
    pub(super) name_id_format: NameIdFormat,
    /// The names of the attributes that the NameID is looked for in, best first.
    pub(super) name_id_probes: Vec<String>,
}

impl Statement {
    /// `mappings` as a field's value: one name as a text, several as a list.
    pub(super) fn mappings_value(&self) -> Value {
        Value::Map(self.mappings.iter().map(|(field, names)| (field.clone(), names_value(names))).collect())
    }
}

/// The names of a mapped field in their normal form.
pub(super) fn names_value(names: &[String]) -> Value {
    match names {
        [only] => Value::text(only),
        several => {
            let mut several = several.to_vec();
            several.sort();
            Value::texts(several)
        }
    }
}

/// The attribute map in Auth0's terms; without a map, the e-mail address as NameID and nothing else.
pub(super) fn translate(map: Option<&Resource<AttributeMapSpec>>, findings: &mut Vec<Finding>) -> Statement {
    let mut statement = Statement {
        mappings: BTreeMap::new(),
        settings: Vec::new(),
        name_id_format: NameIdFormat::EmailAddress,
        name_id_probes: Vec::new(),
    };
    let mut name_id_field = Some("email".to_owned());
    if let Some(map) = map {
        for (at, attribute) in map.spec.attributes.iter().enumerate() {
            let place = path!["spec", "attributes", at];
            match route(attribute, &place, map) {
                Ok(Route::Mapping(field)) => statement
                    .mappings
                    .entry(field.to_owned())
                    .or_default()
                    .push(attribute.saml_name().to_owned()),
                Ok(Route::Action(setting)) => statement.settings.push(setting),
                Err(finding) => findings.push(*finding),
            }
        }
        statement.name_id_format = map.spec.name_id.format;
        name_id_field = match profile_field_of(&map.spec.name_id, map) {
            Ok(field) => Some(field),
            Err(finding) => {
                findings.push(*finding);
                None
            }
        };
    }
    if let Some(field) = name_id_field {
        // Auth0 looks for the NameID among the attributes that it is about to assert, by their names there.
        let names = statement.mappings.entry(field.clone()).or_insert_with(|| vec![default_claim(&field)]);
        statement.name_id_probes = names[..1].to_vec();
    }
    statement
}

enum Route {
    Mapping(&'static str),
    Action(Setting),
}

fn route(
    attribute: &Attribute,
    place: &Path,
    map: &Resource<AttributeMapSpec>,
) -> Result<Route, Box<Finding>> {
    let setting = |read| {
        Route::Action(Setting {
            name: attribute.saml_name().to_owned(),
            read,
            required: attribute.required,
            values: attribute.values.clone(),
        })
    };
    if let Some(expression) = attribute.expressions.get(&Vendor::Auth0) {
        return match super::action::Expression::parse(expression) {
            Ok(expression) => Ok(setting(super::action::Read::Expression(expression))),
            Err(reason) => {
                let at = place.join("expressions").join("auth0");
                Err(Box::new(
                    Finding::new(
                        &codes::EXPRESSION,
                        format!("the expression of attribute `{}` {reason}", attribute.name),
                    )
                    .at(map.at(&at), reason.to_string())
                    .help("write one JavaScript expression, for instance `event.user.user_metadata.team`"),
                ))
            }
        };
    }
    if let Some(value) = &attribute.value {
        return Ok(setting(super::action::Read::Literal(value.clone())));
    }
    let from = place.join("from");
    match &attribute.from {
        Some(Source::EnablementRoles) => {
            let roles = ["app_metadata", "flex", "roles"].map(str::to_owned).to_vec();
            Ok(setting(super::action::Read::Path(roles)))
        }
        Some(Source::AppMetadata(keys)) => {
            let keys = std::iter::once("app_metadata".to_owned()).chain(keys.iter().cloned()).collect();
            Ok(setting(super::action::Read::Path(keys)))
        }
        Some(source) => match profile_field(source) {
            // The addon cannot hold a value back, so what may have certain values only goes through the Action.
            Some(field) if !attribute.values.is_empty() => {
                Ok(setting(super::action::Read::Path(vec![field.to_owned()])))
            }
            Some(field) => Ok(Route::Mapping(field)),
            None => Err(Box::new(unsupported(&attribute.name, source, &from, map))),
        },
        None => Err(Box::new(
            Finding::new(
                &codes::SOURCE,
                format!("attribute `{}` has neither a source nor a value for Auth0", attribute.name),
            )
            .at(map.at(place), "no `from`, no `value`, no `expressions.auth0`")
            .help("say where it comes from: `from: user.email`, or `value: ...`"),
        )),
    }
}

fn unsupported(name: &str, source: &Source, from: &Path, map: &Resource<AttributeMapSpec>) -> Finding {
    let example = match source {
        Source::Groups => "event.user.app_metadata.groups",
        _ => "event.user.user_metadata.department",
    };
    Finding::new(
        &codes::SOURCE,
        format!("Auth0 has no standard field for `{source}`, which `{name}` comes from"),
    )
    .at(map.at(from), "not in Auth0's profile")
    .help(format!("say where your tenant keeps it: `expressions: {{auth0: \"{example}\"}}`"))
}

/// The field of Auth0's normalised user profile that holds a source.
fn profile_field(source: &Source) -> Option<&'static str> {
    match source {
        Source::Email => Some("email"),
        Source::Name => Some("name"),
        Source::FirstName => Some("given_name"),
        Source::LastName => Some("family_name"),
        Source::Department | Source::Groups | Source::AppMetadata(_) | Source::EnablementRoles => None,
    }
}

fn profile_field_of(name_id: &NameId, map: &Resource<AttributeMapSpec>) -> Result<String, Box<Finding>> {
    if let Some(field) = name_id.expressions.get(&Vendor::Auth0) {
        let is_field = !field.is_empty() && field.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        return if is_field {
            Ok(field.clone())
        } else {
            Err(Box::new(
                Finding::new(&codes::EXPRESSION, "the NameID's expression is no profile field of Auth0")
                    .at(
                        map.at(&path!["spec", "nameId", "expressions", "auth0"]),
                        "expected letters, digits and `_`",
                    )
                    .help("name a field of the profile, for instance `user_id` or `username`"),
            ))
        };
    }
    profile_field(&name_id.from).map(str::to_owned).ok_or_else(|| {
        Box::new(
            Finding::new(
                &codes::SOURCE,
                format!("Auth0 takes the NameID from a profile field, not from `{}`", name_id.from),
            )
            .at(map.at(&path!["spec", "nameId", "from"]), "no profile field")
            .help("use `user.email`, or name a field: `expressions: {auth0: user_id}`"),
        )
    })
}

/// The attribute under which Auth0 asserts a profile field by default.
fn default_claim(field: &str) -> String {
    match field {
        "email" => format!("{CLAIMS}/emailaddress"),
        "name" => format!("{CLAIMS}/name"),
        "given_name" => format!("{CLAIMS}/givenname"),
        "family_name" => format!("{CLAIMS}/surname"),
        "user_id" => format!("{CLAIMS}/nameidentifier"),
        other => other.to_owned(),
    }
}
