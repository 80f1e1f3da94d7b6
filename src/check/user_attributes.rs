//! Values that an enablement keeps for people, against the attribute map that reads them.

use std::collections::BTreeSet;

use super::{Context, Rule};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity, suggest},
    manifest::{
        Resource,
        attribute_map::{AttributeMapSpec, Source},
        identity_provider::Vendor,
        user_enablement::UserEnablementSpec,
    },
    yaml::{Path, path},
};

pub(super) const RULE: Rule = Rule { codes: &[&ATTRIBUTE_UNREAD, &ATTRIBUTE_UNSET], check };

const ATTRIBUTE_UNREAD: Code = Code {
    id: "attribute-unread",
    severity: Severity::Warning,
    title: "a value is kept for people, and no attribute reads it",
    explanation: "`attributes` keeps values for each person in the identity provider, and the attribute map sends them as \
        `user.appMetadata.flex.<key>`. A key that no attribute of the map reads never reaches Twilio: it is misspelt, or the map lacks an \
        attribute. Roles are given in `roles`, not here.\n\nCorrect the key, or add `{name: ..., from: user.appMetadata.flex.<key>}` to \
        the map.\n\nSource: Concord's language.",
};

const ATTRIBUTE_UNSET: Code = Code {
    id: "attribute-unset",
    severity: Severity::Advice,
    title: "an attribute reads a value that no enablement sets",
    explanation: "The map reads `user.appMetadata.flex.<key>`, and the profile's enablements set other keys but not this one. Unless somebody sets \
        it in the identity provider, the attribute is empty. Where enablements set no keys at all, nothing is said: the values are then kept \
        elsewhere.\n\nAdd the key to `attributes.default` of the enablement, or leave it where it is kept.\n\nSource: Concord's language.",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for profile in context.manifests.sso_profiles.values() {
        let Some(map) = context.manifests.attribute_map_of(profile) else { continue };
        let vendor = context.manifests.identity_provider_of(profile).map(|provider| provider.spec.vendor);
        let mut set = BTreeSet::new();
        for enablement in context.manifests.enablements_of(profile) {
            for (path, key) in keys(enablement) {
                set.insert(key);
                if !reads(map, vendor, key) {
                    unread(enablement, map, path, key, findings);
                }
            }
        }
        if !set.is_empty() {
            unset(map, &set, findings);
        }
    }
}

/// Every key that an enablement sets, with its place.
fn keys(enablement: &Resource<UserEnablementSpec>) -> Vec<(Path, &str)> {
    let attributes = &enablement.spec.attributes;
    let default =
        attributes.default.keys().map(|key| (path!["spec", "attributes", "default", key], key.as_str()));
    let overrides = attributes.overrides.iter().enumerate().flat_map(|(index, over)| {
        over.set
            .keys()
            .map(move |key| (path!["spec", "attributes", "overrides", index, "set", key], key.as_str()))
    });
    default.chain(overrides).collect()
}

/// The key that a source reads below `app_metadata.flex`.
fn flex_key(source: Option<&Source>) -> Option<&str> {
    match source {
        Some(Source::AppMetadata(path)) => match path.as_slice() {
            [flex, key, ..] if flex == "flex" => Some(key),
            _ => None,
        },
        _ => None,
    }
}

fn reads(map: &Resource<AttributeMapSpec>, vendor: Option<Vendor>, key: &str) -> bool {
    map.spec.attributes.iter().any(|attribute| {
        // An expression may read it in the vendor's own words.
        let by_expression = vendor
            .and_then(|vendor| attribute.expressions.get(&vendor))
            .is_some_and(|expression| expression.contains(key));
        flex_key(attribute.from.as_ref()) == Some(key) || by_expression
    })
}

fn unread(
    enablement: &Resource<UserEnablementSpec>,
    map: &Resource<AttributeMapSpec>,
    path: Path,
    key: &str,
    findings: &mut Findings,
) {
    let known = map.spec.attributes.iter().filter_map(|attribute| flex_key(attribute.from.as_ref()));
    let location = enablement.key_at(&path);
    let finding =
        Finding::new(&ATTRIBUTE_UNREAD, format!("no attribute of map `{}` reads `{key}`", map.name()))
            .at(location.clone(), "never sent")
            .related(map.key_at(&path!["spec", "attributes"]), "the attributes that are sent");
    findings.push(if key == "roles" {
        finding.help("roles are given in the enablement's `roles`")
    } else if let Some(near) = suggest(key, known) {
        finding.help(format!("did you mean `{near}`?")).fix(
            format!("rename the key to `{near}`"),
            location,
            near,
        )
    } else {
        finding.help(format!(
            "add `{{name: {key}, from: user.appMetadata.flex.{key}}}` to the map, or remove the key"
        ))
    });
}

fn unset(map: &Resource<AttributeMapSpec>, set: &BTreeSet<&str>, findings: &mut Findings) {
    for (index, attribute) in map.spec.attributes.iter().enumerate() {
        let Some(key) = flex_key(attribute.from.as_ref()) else { continue };
        if key == "roles" || set.contains(key) {
            continue;
        }
        findings.push(
            Finding::new(&ATTRIBUTE_UNSET, format!("no enablement sets `{key}`, which `{}` reads", attribute.name))
                .at(map.at(&path!["spec", "attributes", index, "from"]), "set by nobody here")
                .help(format!("add `{key}` to `attributes.default` of the enablement, unless it is kept in the identity provider")),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Project, edit};

    fn with(attributes: &str) -> Project {
        edit(
            "  breakGlass: [root@connie.one]\n",
            &format!("  breakGlass: [root@connie.one]\n  attributes: {attributes}\n"),
        )
    }

    #[test]
    fn a_value_that_is_read_is_fine() {
        with("{default: {team: north}}").finds_nothing();
        with("{overrides: [{user: lead@connie.one, set: {team: north}}]}").finds_nothing();
    }

    #[test]
    fn a_value_that_nobody_reads_is_named() {
        with("{default: {team: north, region: west}}").finds(&[(
            "attribute-unread",
            "attributes:",
            "region",
        )]);
        with("{default: {team: north, roles: agent}}").finds(&[("attribute-unread", "attributes:", "roles")]);
        with("{overrides: [{user: lead@connie.one, set: {team: a, region: b}}]}").finds(&[(
            "attribute-unread",
            "attributes:",
            "region",
        )]);
    }

    #[test]
    fn a_misspelt_key_is_found_from_both_sides() {
        with("{default: {taem: north}}").finds(&[
            ("attribute-unset", "- {name: team", "user.appMetadata.flex.team"),
            ("attribute-unread", "attributes: {default", "taem"),
        ]);
    }

    #[test]
    fn an_expression_may_read_a_value() {
        with("{default: {team: north, region: west}}")
            .edit(
                "from: user.appMetadata.flex.team}",
                "from: user.appMetadata.flex.team, expressions: {auth0: flex.region}}",
            )
            .finds_nothing();
    }
}
