//! What holds for every attribute map, whatever the product: one origin for each attribute, no name twice, texts that XML can
//! carry, and that somebody uses the map.

use std::collections::BTreeMap;

use super::{
    Context, Rule, flex_types,
    maps::{Use, name_path, scalar, uses},
};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity, visible},
    manifest::attribute_map::Attribute,
    yaml::{Path, path},
};

pub(super) const RULE: Rule =
    Rule { codes: &[&ATTRIBUTE_ORIGIN, &ATTRIBUTE_DUPLICATE, &ATTRIBUTE_TEXT, &ATTRIBUTE_MAP_UNUSED], check };

static ATTRIBUTE_ORIGIN: Code = Code {
    id: "attribute-origin",
    severity: Severity::Error,
    title: "an attribute has no origin, or two",
    explanation: "Each attribute comes from a field of the person (`from:`) or is the same text for everybody (`value:`), never \
        both and never neither. Where every identity provider that the map serves has an entry in `expressions:`, `from:` may \
        be left out, because nobody would read it.\n\nKeep one of the two, or add what is missing.",
};

static ATTRIBUTE_DUPLICATE: Code = Code {
    id: "attribute-duplicate",
    severity: Severity::Error,
    title: "two attributes have one name in the assertion",
    explanation: "Names in an assertion are those of `samlName`, or else of `name`. With one name twice, identity providers merge \
        the values or keep one of them, and which one is not defined. For Flex the type after the last dot does not count: \
        `skill` and `skill.int` are one attribute.\n\nRemove one of the two, or rename it.\n\nSource: SAML 2.0 core section 2.7.3.1.",
};

static ATTRIBUTE_TEXT: Code = Code {
    id: "attribute-text",
    severity: Severity::Error,
    title: "a name or value has characters that cannot be asserted",
    explanation: "Assertions are XML, which cannot carry most control characters, and names are compared character by character, so \
        that a space at an end makes another name that looks the same. An empty name names nothing.\n\n\
        Remove the characters; expressions may have line breaks and tabs, nothing else may.\n\n\
        Source: XML 1.0 section 2.2.",
};

static ATTRIBUTE_MAP_UNUSED: Code = Code {
    id: "attribute-map-unused",
    severity: Severity::Advice,
    title: "no profile uses the attribute map",
    explanation: "A map takes effect only through the `attributeMap` of a profile. One that nobody uses may be a leftover, or a \
        profile was meant to name it.\n\nName it in a profile, or remove the document.",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for one in uses(context.manifests) {
        if one.profiles.is_empty() {
            findings.push(
                Finding::new(
                    &ATTRIBUTE_MAP_UNUSED,
                    format!("no profile uses the attribute map `{}`", one.map.name()),
                )
                .at(one.map.origin(), "not referred to")
                .help(format!("write `attributeMap: {}` in a profile, or remove the map", one.map.name())),
            );
        }
        check_names(&one, findings);
        check_texts(&one, findings);
        for (path, attribute) in one.attributes() {
            check_origin(context, &one, &path, attribute, findings);
        }
    }
}

fn check_origin(
    context: &Context<'_>,
    one: &Use<'_>,
    path: &Path,
    attribute: &Attribute,
    findings: &mut Findings,
) {
    let name = &attribute.name;
    match (&attribute.from, &attribute.value) {
        (Some(_), Some(_)) => findings.push(
            Finding::new(&ATTRIBUTE_ORIGIN, format!("the attribute `{name}` has a source and a value"))
                .at(one.map.key_at(&path.join("value")), "a value for everybody")
                .related(one.map.key_at(&path.join("from")), "and a value for each person")
                .help("keep `from:` or `value:`, not both"),
        ),
        (None, None) if !one.is_overridden(context.manifests, &attribute.expressions) => {
            let vendors = one.vendors(context.manifests);
            let help = match vendors.keys().find(|vendor| !attribute.expressions.contains_key(vendor)) {
                Some(vendor) if !attribute.expressions.is_empty() => {
                    format!("add `from:`, or an expression for `{vendor}`, which has none")
                }
                _ => "add `from:` with a source, for instance `from: user.email`, or `value:` with a text"
                    .to_owned(),
            };
            findings.push(
                Finding::new(&ATTRIBUTE_ORIGIN, format!("the attribute `{name}` comes from nowhere"))
                    .at(one.map.at(&path.join("name")), "no `from` and no `value`")
                    .help(help),
            );
        }
        _ => {}
    }
}

fn check_names(one: &Use<'_>, findings: &mut Findings) {
    let is_flex = one.profiles.iter().any(|profile| profile.spec.product.is_flex());
    let mut seen: BTreeMap<&str, Path> = BTreeMap::new();
    for (path, attribute) in one.attributes() {
        let name = attribute.saml_name();
        let key = match name.rsplit_once('.') {
            Some((base, kind)) if is_flex && flex_types::is_type(kind) => base,
            _ => name,
        };
        let path = name_path(attribute, &path);
        match seen.get(key) {
            Some(first) => findings.push(
                Finding::new(&ATTRIBUTE_DUPLICATE, format!("the attribute `{key}` is asserted twice"))
                    .at(one.map.at(&path), "again here")
                    .related(one.map.at(first), "first here")
                    .help("remove one of the two, or rename it"),
            ),
            None => {
                seen.insert(key, path);
            }
        }
    }
}

fn check_texts(one: &Use<'_>, findings: &mut Findings) {
    let mut look = |path: Path, text: &str, is_name: bool, is_code: bool| {
        let is_bad = |c: char| {
            (c.is_control() && !(is_code && matches!(c, '\n' | '\r' | '\t')))
                || matches!(c, '\u{fffe}' | '\u{ffff}')
        };
        let better: String = text.chars().filter(|c| !is_bad(*c)).collect();
        let better = if is_name { better.trim() } else { &better };
        let location = one.map.at(&path);
        if is_name && better.is_empty() {
            findings.push(
                Finding::new(&ATTRIBUTE_TEXT, "an attribute's name is empty")
                    .at(location, "nothing is named")
                    .help("write the name that the product wants, for instance `email`"),
            );
        } else if better != text {
            let label = match text.chars().find(|c| is_bad(*c)) {
                Some(bad) => format!("has {}", visible(&bad.to_string())),
                None => "has a space at an end".to_owned(),
            };
            let finding =
                Finding::new(&ATTRIBUTE_TEXT, format!("`{}` cannot be asserted as it is", visible(text)))
                    .at(location.clone(), label)
                    .help(format!("write `{}`", visible(better)));
            let fix = "remove the characters";
            findings.push(if is_code { finding } else { finding.fix(fix, location, scalar(better)) });
        }
    };
    for (path, attribute) in one.attributes() {
        look(path.join("name"), &attribute.name, true, false);
        if let Some(name) = &attribute.saml_name {
            look(path.join("samlName"), name, true, false);
        }
        if let Some(value) = &attribute.value {
            look(path.join("value"), value, false, false);
        }
        for (at, value) in attribute.values.iter().enumerate() {
            look(path.join("values").join(at), value, false, false);
        }
        for (vendor, expression) in &attribute.expressions {
            look(path.join("expressions").join(vendor.as_str()), expression, false, true);
        }
    }
    for (vendor, expression) in &one.map.spec.name_id.expressions {
        look(path!["spec", "nameId", "expressions", vendor.as_str()], expression, false, true);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{append, edit};

    #[test]
    fn an_attribute_has_one_origin() {
        let team = "{name: team, from: user.appMetadata.flex.team}";
        edit(team, "{name: team}").finds(&[("attribute-origin", "- {name: team}", "team")]);
        edit(team, "{name: team, from: user.name, value: x}").finds(&[(
            "attribute-origin",
            "- {name: team",
            "value",
        )]);
        edit(team, "{name: team, expressions: {auth0: 'event.user.user_metadata.team'}}").finds_nothing();
    }

    #[test]
    fn a_name_is_asserted_once() {
        edit("{name: team,", "{name: email,").finds(&[(
            "attribute-duplicate",
            "- {name: email, from: user.app",
            "email",
        )]);
        let both = "{name: skill, value: a}\n    - {name: skill.int, value: '1'}";
        edit("{name: team, from: user.appMetadata.flex.team}", both).finds(&[(
            "attribute-duplicate",
            "- {name: skill.int",
            "skill.int",
        )]);
    }

    #[test]
    fn texts_are_what_xml_can_carry() {
        let team = "{name: team, from: user.appMetadata.flex.team}";
        edit(team, r#"{name: team, value: "a\x07b"}"#)
            .finds(&[("attribute-text", "- {name: team", r#""a\x07b""#)])
            .is_mended();
        edit("name: team,", "name: 'team ',")
            .finds(&[("attribute-text", "- {name: 'team ", "'team '")])
            .is_mended();
        edit("name: team,", "name: '',").finds(&[("attribute-text", "- {name: ''", "''")]);
        edit(team, r#"{name: team, expressions: {auth0: "a +\n b"}}"#).finds_nothing();
        edit(team, r#"{name: team, expressions: {auth0: "a\0b"}}"#).finds(&[(
            "attribute-text",
            "- {name: team",
            r#""a\0b""#,
        )]);
    }

    #[test]
    fn a_map_is_used() {
        append("kind: AttributeMap\nmetadata: {name: old}\nspec: {nameId: {format: emailAddress, from: user.email}}")
            .finds(&[("attribute-map-unused", "metadata: {name: old}", "old")]);
    }
}
