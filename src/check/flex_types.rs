//! Types in attribute names of Flex (`skill.int`), channel attributes, and whether values fit.

use super::{
    Context, Rule,
    maps::{Use, flex_uses, name_path, scalar},
};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity, suggest},
    manifest::attribute_map::{Attribute, Source},
    yaml::Path,
};

pub(super) const RULE: Rule =
    Rule { codes: &[&FLEX_ATTRIBUTE_TYPE, &FLEX_ATTRIBUTE_VALUE, &FLEX_CHANNEL_ATTRIBUTE], check };

static FLEX_ATTRIBUTE_TYPE: Code = Code {
    id: "flex-attribute-type",
    severity: Severity::Error,
    title: "an attribute's name ends with a type that Flex does not know",
    explanation: "Flex reads what follows the last dot of an attribute's name as its type: `string`, `int`, `boolean`, \
        `stringarray`, `intarray` or `booleanarray`, in lower case. With `skill.Int` or `skill.integer` it cannot read the \
        value. A suffix that resembles none of them is a warning: the dot was perhaps meant as part of the name.\n\n\
        Write one of the six types, or an underscore instead of the dot.\n\n\
        Source: Twilio Flex, SSO configuration, custom attributes.",
};

static FLEX_ATTRIBUTE_VALUE: Code = Code {
    id: "flex-attribute-value",
    severity: Severity::Error,
    title: "a value does not fit the attribute's type",
    explanation: "Where one value does not fit its type, Flex answers `400 Error invalid attribute format` and writes none of the \
        attributes. `int` is a whole number, `boolean` is `true` or `false`; arrays are lists of these, separated by commas. \
        `channel.<name>.capacity` is a whole number from 0 on, `channel.<name>.availability` is `true` or `false`.\n\n\
        Correct the value, or the type in the attribute's name. An empty value is allowed: it clears the attribute.\n\n\
        Source: Twilio Flex, SSO configuration, custom attributes.",
};

static FLEX_CHANNEL_ATTRIBUTE: Code = Code {
    id: "flex-channel-attribute",
    severity: Severity::Error,
    title: "a channel attribute has another form",
    explanation: "Flex sets a Worker's channels by `channel.<name>.capacity` (a whole number) and `channel.<name>.availability` \
        (`true` or `false`), in this spelling. Other names under `channel.` are not read as channel settings, and their last \
        part is taken for a type.\n\n\
        Write one of the two forms with the unique name of the task channel, for instance `channel.voice.capacity`.\n\n\
        Source: Twilio Flex, SSO configuration, optional attributes.",
};

/// The types that a name can end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    String,
    Int,
    Boolean,
    StringArray,
    IntArray,
    BooleanArray,
    /// Not written in a name: what a channel's capacity is.
    Capacity,
}

const TYPES: [(&str, Type); 6] = [
    ("string", Type::String),
    ("int", Type::Int),
    ("boolean", Type::Boolean),
    ("stringarray", Type::StringArray),
    ("intarray", Type::IntArray),
    ("booleanarray", Type::BooleanArray),
];

impl Type {
    fn named(name: &str) -> Option<Self> {
        TYPES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    fn is_array(self) -> bool {
        matches!(self, Self::StringArray | Self::IntArray | Self::BooleanArray)
    }

    fn is_text(self) -> bool {
        matches!(self, Self::String | Self::StringArray)
    }

    /// What one value of it looks like.
    fn form(self) -> &'static str {
        match self {
            Self::String | Self::StringArray => "text",
            Self::Int | Self::IntArray => "a whole number",
            Self::Boolean | Self::BooleanArray => "`true` or `false`",
            Self::Capacity => "a whole number from 0 on",
        }
    }

    fn fits(self, value: &str) -> bool {
        match self {
            Self::String | Self::StringArray => true,
            Self::Int | Self::IntArray => value.parse::<i64>().is_ok(),
            Self::Boolean | Self::BooleanArray => matches!(value, "true" | "false"),
            Self::Capacity => value.parse::<u32>().is_ok(),
        }
    }
}

/// Whether Flex reads this as a type after the last dot of a name.
pub(super) fn is_type(suffix: &str) -> bool {
    Type::named(suffix).is_some()
}

/// What people write for a type.
fn meant_type(suffix: &str) -> Option<&'static str> {
    match suffix.to_ascii_lowercase().as_str() {
        "integer" | "number" | "long" => Some("int"),
        "bool" => Some("boolean"),
        "str" | "text" => Some("string"),
        "array" | "list" | "string[]" | "strings" => Some("stringarray"),
        "int[]" | "ints" | "integerarray" | "numberarray" => Some("intarray"),
        "boolean[]" | "booleans" | "boolarray" => Some("booleanarray"),
        _ => suggest(suffix, TYPES.map(|(name, _)| name)),
    }
}

fn check(context: &Context<'_>, findings: &mut Findings) {
    for one in flex_uses(context.manifests) {
        for (path, attribute) in one.attributes() {
            if let Some(kind) = check_name(&one, &path, attribute, findings) {
                check_values(context, &one, &path, attribute, kind, findings);
            }
        }
    }
}

/// Looks at the name, and says which type it gives where it gives one.
fn check_name(one: &Use<'_>, path: &Path, attribute: &Attribute, findings: &mut Findings) -> Option<Type> {
    let name = attribute.saml_name();
    let (base, suffix) = name.rsplit_once('.')?;
    if name.contains([':', '/']) {
        // A URI, which is `flex_attributes`' business.
        return None;
    }
    let first = name.split('.').next().unwrap_or_default();
    if matches!(first.to_ascii_lowercase().as_str(), "channel" | "channels") {
        return check_channel(one, path, attribute, findings);
    }
    let location = one.map.at(&name_path(attribute, path));
    if let Some(kind) = Type::named(suffix).filter(|_| !base.is_empty()) {
        return Some(kind);
    }
    let finding = Finding::new(
        &FLEX_ATTRIBUTE_TYPE,
        format!("`{suffix}` after the last dot of `{name}` is no type that Flex knows"),
    )
    .at(location.clone(), "Flex reads the end of the name as a type");
    findings.push(match meant_type(suffix).filter(|_| !base.is_empty()) {
        Some(near) => {
            let better = format!("{base}.{near}");
            finding.help(format!("did you mean `{better}`?")).fix(
                format!("rename the attribute to `{better}`"),
                location,
                scalar(&better),
            )
        }
        None => finding.severity(Severity::Warning).help(format!(
            "write a type ({}), or an underscore instead of the dot",
            TYPES.map(|(name, _)| name).join(", ")
        )),
    });
    None
}

fn check_channel(one: &Use<'_>, path: &Path, attribute: &Attribute, findings: &mut Findings) -> Option<Type> {
    let name = attribute.saml_name();
    let parts: Vec<&str> = name.split('.').collect();
    let (channel, property, suffix) = match parts.as_slice() {
        [_, channel, property] => (*channel, *property, None),
        [_, channel, property, suffix] => (*channel, *property, Some(*suffix)),
        _ => ("", "", None),
    };
    let (kind, wanted) = match property {
        "availability" => (Some(Type::Boolean), "boolean"),
        "capacity" => (Some(Type::Capacity), "int"),
        _ => (None, ""),
    };
    if parts[0] == "channel"
        && !channel.is_empty()
        && kind.is_some()
        && suffix.is_none_or(|suffix| suffix == wanted)
    {
        return kind;
    }
    let location = one.map.at(&name_path(attribute, path));
    let finding = Finding::new(&FLEX_CHANNEL_ATTRIBUTE, format!("`{name}` is no channel attribute of Flex"))
        .at(location.clone(), "`channel.<name>.capacity` or `channel.<name>.availability`");
    let near = suggest(property, ["capacity", "availability"]).filter(|_| !channel.is_empty());
    findings.push(match near {
        Some(near) => {
            let better = format!("channel.{channel}.{near}");
            finding.help(format!("did you mean `{better}`?")).fix(
                format!("rename the attribute to `{better}`"),
                location,
                scalar(&better),
            )
        }
        None => finding.help("name the task channel and what is set, for instance `channel.voice.capacity`"),
    });
    None
}

fn check_values(
    context: &Context<'_>,
    one: &Use<'_>,
    path: &Path,
    attribute: &Attribute,
    kind: Type,
    findings: &mut Findings,
) {
    let name = attribute.saml_name();
    let fits = |value: &str| {
        value.is_empty()
            || if kind.is_array() {
                value.split(',').all(|part| kind.fits(part.trim()))
            } else {
                kind.fits(value)
            }
    };
    let values = attribute.values.iter().enumerate().map(|(at, value)| (path.join("values").join(at), value));
    let literals = attribute.value.iter().map(|value| (path.join("value"), value));
    for (place, value) in literals.chain(values).filter(|(_, value)| !fits(value)) {
        let location = one.map.at(&place);
        let each = if kind.is_array() { "each value separated by commas is" } else { "the value is" };
        let finding =
            Finding::new(&FLEX_ATTRIBUTE_VALUE, format!("`{value}` does not fit the attribute `{name}`"))
                .at(location.clone(), format!("not {}", kind.form()))
                .help(format!("{each} {}", kind.form()));
        let lower = value.trim().to_ascii_lowercase();
        findings.push(if fits(&lower) {
            finding.fix(format!("write `{lower}`"), location, scalar(&lower))
        } else {
            finding
        });
    }
    let is_text = |source: &Source| !matches!(source, Source::AppMetadata(_));
    if let Some(source) = attribute.from.as_ref().filter(|source| is_text(source))
        && !kind.is_text()
        && !one.is_overridden(context.manifests, &attribute.expressions)
    {
        findings.push(
            Finding::new(&FLEX_ATTRIBUTE_VALUE, format!("`{source}` is never {}", kind.form()))
                .at(one.map.at(&path.join("from")), format!("`{name}` wants {}", kind.form()))
                .help("take the value from a field that holds one, or write the attribute's name without a type"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Project, edit};
    use crate::diagnostics::Severity;

    fn with(attribute: &str) -> Project {
        edit("{name: team, from: user.appMetadata.flex.team}", attribute)
    }

    #[test]
    fn types_are_known_and_in_lower_case() {
        for kind in ["string", "int", "boolean", "stringarray", "intarray", "booleanarray"] {
            with(&format!("{{name: skill.{kind}, from: user.appMetadata.flex.skill}}")).finds_nothing();
        }
        for bad in ["skill.Int", "skill.integer", "skill.bool", "skill.StringArray", "skill.list"] {
            let project = with(&format!("{{name: {bad}, from: user.appMetadata.flex.skill}}"));
            project.finds(&[("flex-attribute-type", "- {name: skill.", bad)]).is_mended();
        }
        let dotted = with("{name: acme.program, from: user.appMetadata.flex.program}");
        dotted.finds(&[("flex-attribute-type", "- {name: acme.program", "acme.program")]);
        assert_eq!(dotted.findings()[0].severity, Severity::Warning);
        with("{name: .int, value: '3'}").finds(&[("flex-attribute-type", "- {name: .int", ".int")]);
    }

    #[test]
    fn values_fit_their_type() {
        for good in [
            "{name: a.int, value: -3}",
            "{name: a.int, value: ''}",
            "{name: a.boolean, value: 'true'}",
            "{name: a.intarray, value: '1, 2,3'}",
            "{name: a.booleanarray, value: 'true,false'}",
            "{name: a.stringarray, value: 'x,y'}",
            "{name: a.int, from: user.department, expressions: {auth0: 'event.user.user_metadata.n'}}",
        ] {
            with(good).finds_nothing();
        }
        with("{name: a.int, value: three}").finds(&[("flex-attribute-value", "- {name: a.int", "three")]);
        with("{name: a.int, value: 1.5}").finds(&[("flex-attribute-value", "- {name: a.int", "1.5")]);
        with("{name: a.intarray, value: '1;2'}").finds(&[(
            "flex-attribute-value",
            "- {name: a.intarray",
            "'1;2'",
        )]);
        with("{name: a.boolean, value: 'True'}")
            .finds(&[("flex-attribute-value", "- {name: a.boolean", "'True'")])
            .is_mended();
        with("{name: a.int, from: user.appMetadata.a, values: ['1', x]}").finds(&[(
            "flex-attribute-value",
            "- {name: a.int",
            "x",
        )]);
        with("{name: a.int, from: user.email}").finds(&[(
            "flex-attribute-value",
            "- {name: a.int",
            "user.email",
        )]);
    }

    #[test]
    fn channels_have_capacity_and_availability() {
        for good in [
            "{name: channel.voice.capacity, value: 1}",
            "{name: channel.voice.capacity.int, value: 1}",
            "{name: channel.voice.availability, value: 'false'}",
        ] {
            with(good).finds_nothing();
        }
        for bad in ["channel.voice.Capacity", "channels.voice.capacity", "channel.voice.capacity.boolean"] {
            let project = with(&format!("{{name: {bad}, value: '1'}}"));
            project.finds(&[("flex-channel-attribute", "- {name: channel", bad)]).is_mended();
        }
        with("{name: channel.voice, value: '1'}").finds(&[(
            "flex-channel-attribute",
            "- {name: channel.voice",
            "channel.voice",
        )]);
        with("{name: channel.voice.capacity, value: -1}").finds(&[(
            "flex-attribute-value",
            "- {name: channel",
            "-1",
        )]);
        with("{name: channel.voice.availability, value: '1'}").finds(&[(
            "flex-attribute-value",
            "- {name: channel",
            "'1'",
        )]);
    }
}
