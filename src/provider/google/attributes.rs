//! The attribute map in Google's terms: rows of the app's attribute mapping, and the custom fields that hold what Google's directory has
//! no attribute for. Pure.

use std::collections::BTreeSet;

use super::{codes, wire::MARK_FIELD};
use crate::{
    component::Value,
    diagnostics::{Finding, Location},
    manifest::{
        Resource,
        attribute_map::{Attribute, AttributeMapSpec, NameIdFormat, Source},
        identity_provider::Vendor,
    },
    provider::{Member, ProfileContext},
    yaml::path,
};

/// How many groups an app can assert (Google Workspace Admin Help, "About group membership mapping").
const MAX_GROUPS: usize = 75;
/// The primary e-mail address, as the Admin console calls it.
const PRIMARY_EMAIL: &str = "Basic Information > Primary email";

/// What an app asserts, and what people need for it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    /// The word of the Admin console for the NameID's format.
    pub(super) name_id_format: &'static str,
    /// The attribute that the NameID comes from.
    pub(super) name_id: String,
    /// The attribute mapping, one row each: Google's attribute, and the app's.
    pub(super) rows: Vec<Row>,
    /// Group membership: the groups, and the app's attribute.
    pub(super) groups: Option<(Vec<String>, String)>,
    /// The custom fields that have to be there.
    pub(super) fields: Vec<CustomField>,
}

/// A row of the attribute mapping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    /// `Category > Attribute`, as the Admin console shows it.
    pub(super) google: String,
    /// The attribute's name in the assertion, in exact case.
    pub(super) app: String,
}

impl Row {
    pub(super) fn text(&self) -> String {
        format!("{} -> {}", self.google, self.app)
    }
}

/// A custom field that Concord keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CustomField {
    pub(super) name: String,
    pub(super) content: Content,
    /// Where the map asks for it.
    pub(super) origin: Location,
}

/// What a custom field holds for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// The roles.
    Roles,
    /// The full name, which Google's mapping does not offer.
    FullName,
    /// The value of an enablement's `attributes` under this key.
    Attribute(String),
    /// The same text for everybody, since Google's mapping has no constants.
    Literal(String),
}

impl CustomField {
    pub(super) fn is_multi_valued(&self) -> bool {
        self.content == Content::Roles
    }

    /// The name that the Admin console shows: words with capitals.
    pub(super) fn display_name(&self) -> String {
        display_name(&self.name)
    }

    /// What a person has in it; nothing where there is nothing to keep.
    pub(super) fn value(&self, member: &Member<'_>) -> Option<Value> {
        match &self.content {
            Content::Roles => (!member.roles.is_empty())
                .then(|| Value::texts(member.roles.iter().map(|role| role.as_str()))),
            Content::FullName => member.person.name.clone().filter(|name| !name.is_empty()).map(Value::Text),
            Content::Attribute(key) => member
                .attributes
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(key))
                .map(|(_, value)| value.as_str().into()),
            Content::Literal(text) => Some(text.as_str().into()),
        }
    }
}

/// A name with spaces for underscores and a capital at the beginning of each word.
pub(super) fn display_name(name: &str) -> String {
    let word = |word: &str| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    };
    name.split(['_', '-']).filter(|part| !part.is_empty()).map(word).collect::<Vec<_>>().join(" ")
}

/// Whether a text can name a schema or a field.
pub(super) fn is_name(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// Translates a profile's attribute map; without one, the e-mail address as NameID and nothing else.
pub(super) fn translate(
    context: &ProfileContext<'_>,
    schema: &str,
    findings: &mut Vec<Finding>,
) -> Statement {
    let mut statement = Statement {
        name_id_format: "EMAIL",
        name_id: PRIMARY_EMAIL.to_owned(),
        rows: Vec::new(),
        groups: None,
        fields: Vec::new(),
    };
    let Some(map) = context.attribute_map else { return statement };
    statement.name_id_format = match map.spec.name_id.format {
        NameIdFormat::EmailAddress => "EMAIL",
        NameIdFormat::Unspecified => "UNSPECIFIED",
        NameIdFormat::Persistent => "PERSISTENT",
        NameIdFormat::Transient => "TRANSIENT",
    };
    if let Some(name_id) = name_id(map, schema, findings) {
        statement.name_id = name_id;
    }
    for (at, attribute) in map.spec.attributes.iter().enumerate() {
        Translation { context, map, schema, at, attribute }.add(&mut statement, findings);
    }
    statement
}

fn name_id(map: &Resource<AttributeMapSpec>, schema: &str, findings: &mut Vec<Finding>) -> Option<String> {
    let name_id = &map.spec.name_id;
    if let Some(text) = name_id.expressions.get(&Vendor::Google) {
        let place = map.at(&path!["spec", "nameId", "expressions", "google"]);
        return match Expression::parse(text) {
            Some(expression) => Some(expression.google(schema)),
            None => {
                findings.push(no_attribute(text, place));
                None
            }
        };
    }
    let source = match name_id.from {
        Source::Email => return Some(PRIMARY_EMAIL.to_owned()),
        Source::FirstName => return Some("Basic Information > First name".to_owned()),
        Source::LastName => return Some("Basic Information > Last name".to_owned()),
        ref other => other,
    };
    findings.push(
        Finding::new(
            &codes::SOURCE,
            format!("Google takes the NameID from an attribute, not from `{source}`"),
        )
        .at(map.at(&path!["spec", "nameId", "from"]), "no attribute that tells people apart")
        .help("write `from: user.email`"),
    );
    None
}

fn no_attribute(text: &str, place: Location) -> Finding {
    Finding::new(&codes::EXPRESSION, format!("`{text}` names no attribute of Google"))
        .at(place, "neither `Category > Attribute` nor `Schema.field`")
        .help("write `Employee Details > Department`, or a custom attribute: `Flex_Details.team`")
}

/// An `expressions.google`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expression<'a> {
    /// An attribute in the words of the Admin console.
    Directory { category: &'a str, attribute: &'a str },
    /// A custom attribute by names.
    Custom { schema: &'a str, field: &'a str },
}

impl<'a> Expression<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        if let Some((category, attribute)) = text.split_once('>') {
            let (category, attribute) = (category.trim(), attribute.trim());
            let is_plain = |part: &str| {
                !part.is_empty() && !part.contains(['>', ',']) && !part.chars().any(char::is_control)
            };
            return (is_plain(category) && is_plain(attribute))
                .then_some(Self::Directory { category, attribute });
        }
        let (schema, field) = text.trim().split_once('.')?;
        (is_name(schema) && is_name(field)).then_some(Self::Custom { schema, field })
    }

    /// As the Admin console shows it.
    fn google(self, own_schema: &str) -> String {
        match self {
            Self::Directory { category, attribute } => format!("{category} > {attribute}"),
            Self::Custom { schema, field } if schema == own_schema => custom(schema, field),
            // How another schema's fields are shown is known to whoever made it: most follow their names.
            Self::Custom { schema, field } => custom(schema, field),
        }
    }
}

fn custom(schema: &str, field: &str) -> String {
    format!("{} > {}", display_name(schema), display_name(field))
}

/// One attribute of the map.
struct Translation<'a> {
    context: &'a ProfileContext<'a>,
    map: &'a Resource<AttributeMapSpec>,
    schema: &'a str,
    at: usize,
    attribute: &'a Attribute,
}

impl Translation<'_> {
    fn place(&self, key: &str) -> Location {
        self.map.at(&path!["spec", "attributes", self.at, key])
    }

    fn add(&self, statement: &mut Statement, findings: &mut Vec<Finding>) {
        let attribute = self.attribute;
        let name = attribute.saml_name();
        let row = |google: &str| Row { google: google.to_owned(), app: name.to_owned() };
        if let Some(text) = attribute.expressions.get(&Vendor::Google) {
            let place = self.map.at(&path!["spec", "attributes", self.at, "expressions", "google"]);
            let Some(expression) = Expression::parse(text) else {
                findings.push(no_attribute(text, place));
                return;
            };
            match expression {
                Expression::Custom { schema, field } if schema == self.schema => {
                    let content = self.content().unwrap_or_else(|| Content::Attribute(field.to_owned()));
                    self.keep(field, content, place, statement, findings);
                }
                other => statement.rows.push(row(&other.google(self.schema))),
            }
            return;
        }
        if let Some(content) = self.content() {
            let (field, place) = match &content {
                Content::Roles => ("Roles".to_owned(), self.place("from")),
                Content::FullName => ("Full_Name".to_owned(), self.place("from")),
                Content::Attribute(_) | Content::Literal(_) => (field_name(name), self.place("value")),
            };
            self.keep(&field, content, place, statement, findings);
            return;
        }
        match &attribute.from {
            Some(Source::Email) => statement.rows.push(row(PRIMARY_EMAIL)),
            Some(Source::FirstName) => statement.rows.push(row("Basic Information > First name")),
            Some(Source::LastName) => statement.rows.push(row("Basic Information > Last name")),
            Some(Source::Department) => statement.rows.push(row("Employee Details > Department")),
            Some(Source::Groups) => self.groups(statement, findings),
            Some(source @ (Source::AppMetadata(_) | Source::Name | Source::EnablementRoles)) => findings
                .push(
                    Finding::new(&codes::SOURCE, format!("Google has no `{source}`"))
                        .at(self.place("from"), "Auth0's alone")
                        .help(format!(
                            "keep it in a custom attribute: `expressions: {{google: {}.{}}}`",
                            self.schema,
                            field_name(name)
                        )),
                ),
            None => findings.push(
                Finding::new(
                    &codes::SOURCE,
                    format!("attribute `{}` has neither a source nor a value for Google", attribute.name),
                )
                .at(
                    self.map.at(&path!["spec", "attributes", self.at]),
                    "no `from`, no `value`, no `expressions.google`",
                )
                .help("say where it comes from: `from: user.email`, or `value: ...`"),
            ),
        }
    }

    /// What a custom field would hold, where Google's directory has no attribute for it.
    fn content(&self) -> Option<Content> {
        match (&self.attribute.value, &self.attribute.from) {
            (Some(text), _) => Some(Content::Literal(text.clone())),
            (None, Some(Source::EnablementRoles)) => Some(Content::Roles),
            (None, Some(Source::Name)) => Some(Content::FullName),
            _ => None,
        }
    }

    fn keep(
        &self,
        field: &str,
        content: Content,
        origin: Location,
        statement: &mut Statement,
        findings: &mut Vec<Finding>,
    ) {
        let collision = statement.fields.iter().find(|it| it.name.eq_ignore_ascii_case(field));
        let is_reserved = field.eq_ignore_ascii_case(MARK_FIELD);
        if is_reserved
            || !is_name(field)
            || collision.is_some_and(|it| it.content != content || it.name != field)
        {
            let mut finding = Finding::new(
                &codes::FIELD,
                format!("`{}` cannot be kept in a custom field `{field}`", self.attribute.name),
            )
            .at(origin, if is_reserved { "the field of the ownership marker" } else { "not a free name" })
            .help(format!("name the field: `expressions: {{google: {}.another_name}}`", self.schema));
            if let Some(other) = collision {
                finding = finding.related(other.origin.clone(), "this one has the name already");
            }
            findings.push(finding);
            return;
        }
        statement
            .rows
            .push(Row { google: custom(self.schema, field), app: self.attribute.saml_name().to_owned() });
        if collision.is_none() {
            statement.fields.push(CustomField { name: field.to_owned(), content, origin });
        }
    }

    /// Membership in the groups that the enablements name.
    fn groups(&self, statement: &mut Statement, findings: &mut Vec<Finding>) {
        let groups = named_groups(self.context);
        let refuse = |why: String| {
            Finding::new(&codes::GROUPS, why)
                .at(self.place("from"), "asserts membership in named groups only")
                .help("select by some `groups` in the enablement, or leave the attribute out")
        };
        match groups.len() {
            0 => findings.push(refuse("no enablement names a group that Google could assert".to_owned())),
            1..=MAX_GROUPS => {
                let groups = groups.into_iter().map(str::to_owned).collect();
                statement.groups = Some((groups, self.attribute.saml_name().to_owned()));
            }
            count => findings
                .push(refuse(format!("{count} groups are named, and Google asserts {MAX_GROUPS} at most"))),
        }
    }
}

/// Every group that the profile's enablements name.
fn named_groups<'a>(context: &ProfileContext<'a>) -> BTreeSet<&'a str> {
    context
        .enablements
        .iter()
        .flat_map(|enablement| {
            let spec = &enablement.spec;
            let waves = spec.rollout.waves.iter().flat_map(|wave| &wave.groups);
            let overrides = spec.roles.overrides.iter().filter_map(|it| it.group.as_ref());
            spec.select.groups.iter().chain(waves).chain(overrides)
        })
        .map(String::as_str)
        .collect()
}

/// A field's name for an attribute: what cannot be in one becomes an underscore.
fn field_name(attribute: &str) -> String {
    let plain: String =
        attribute.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    if plain.starts_with(|c: char| c.is_ascii_alphabetic()) { plain } else { format!("f_{plain}") }
}
