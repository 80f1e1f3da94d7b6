//! Which attributes Flex gets and what they are called: the three that it needs, names in exact spelling. What the values are is
//! `flex_roles`', `flex_types`' and `flex_sources`' business.

use std::collections::BTreeSet;

use super::{
    Context, Rule,
    maps::{Use, flex_uses, name_path, scalar},
};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity, suggest},
    manifest::attribute_map::Attribute,
    yaml::{Path, path},
};

pub(super) const RULE: Rule = Rule {
    codes: &[&FLEX_ATTRIBUTE_MISSING, &FLEX_ATTRIBUTE_NAME, &FLEX_ATTRIBUTE_NAMESPACE, &FLEX_SAML_NAME],
    check,
};

static FLEX_ATTRIBUTE_MISSING: Code = Code {
    id: "flex-attribute-missing",
    severity: Severity::Error,
    title: "an attribute that Flex requires is not asserted",
    explanation: "Flex needs the SAML attributes `roles`, `full_name` and `email` in every assertion; without one of them the \
        sign-in fails after the identity provider has let the person in, with an error that names no attribute.\n\n\
        Add the attribute to the map, for instance `- {name: roles, from: enablement.roles, required: true}`.\n\n\
        Source: Twilio Flex, SSO configuration.",
};

static FLEX_ATTRIBUTE_NAME: Code = Code {
    id: "flex-attribute-name",
    severity: Severity::Error,
    title: "an attribute's name is not spelt as Flex wants it",
    explanation: "Flex reads attribute names exactly: lower case, with underscores. `Roles`, `fullName` and `e-mail` are other \
        attributes to it, which it stores with the Worker and otherwise ignores. For a required attribute this is an error, \
        because the sign-in fails; for another one that Flex knows (`image_url`, `team_name`...) it is a warning, because the \
        value does not arrive where it belongs.\n\n\
        Write the name as the help has it.\n\nSource: Twilio Flex, SSO configuration.",
};

static FLEX_ATTRIBUTE_NAMESPACE: Code = Code {
    id: "flex-attribute-namespace",
    severity: Severity::Error,
    title: "an attribute's name is a URI or has a namespace",
    explanation: "Many identity providers name attributes by URI (`http://schemas.xmlsoap.org/.../emailaddress`, `urn:oid:...`). \
        Flex compares plain names and reads what follows the last dot as a type, so it never recognises such an attribute.\n\n\
        Use the plain name (`email`) and leave the namespace empty.\n\n\
        Source: Twilio Flex, SSO configuration with Azure AD.",
};

static FLEX_SAML_NAME: Code = Code {
    id: "flex-saml-name",
    severity: Severity::Warning,
    title: "an attribute of Flex has another name in the assertion",
    explanation: "`samlName` is for products that map attribute names on their side. Flex does not: the name in the assertion is \
        the name of the attribute, so `name` would only be a comment that is not true. For an attribute that Flex requires \
        this is an error, because the required name is then not in the assertion.\n\n\
        Leave `samlName` out and write the name that Flex is to see in `name`.\n\n\
        Source: Twilio Flex, SSO configuration (no attribute mapping is documented).",
};

/// What Flex requires.
pub(super) const REQUIRED: [&str; 3] = ["email", "full_name", "roles"];

/// What Flex knows beyond that.
const OPTIONAL: [&str; 11] = [
    "image_url",
    "contact_uri",
    "department",
    "location",
    "manager",
    "phone",
    "team_id",
    "team_name",
    "team_name_in_hierarchy",
    "team_member",
    "team_owner",
];

fn check(context: &Context<'_>, findings: &mut Findings) {
    for one in flex_uses(context.manifests) {
        // Names that are there, or that another finding speaks of already.
        let mut settled: BTreeSet<&str> = one.map.spec.attributes.iter().map(Attribute::saml_name).collect();
        for (path, attribute) in one.attributes() {
            settled.extend(check_name(&one, &path, attribute, &settled, findings));
        }
        for missing in REQUIRED.into_iter().filter(|name| !settled.contains(name)) {
            let source = usual_source(missing);
            findings.push(
                Finding::new(&FLEX_ATTRIBUTE_MISSING, format!("Flex requires the attribute `{missing}`"))
                    .at(
                        one.map.key_at(&path!["spec", "attributes"]),
                        format!("`{missing}` is not among these"),
                    )
                    .related(
                        one.profiles[0].at(&path!["spec", "attributeMap"]),
                        "this Flex profile uses the map",
                    )
                    .help(format!("add `- {{name: {missing}, from: {source}, required: true}}`")),
            );
        }
    }
}

/// Where each of the required attributes usually comes from.
pub(super) fn usual_source(required: &str) -> &'static str {
    match required {
        "roles" => "enablement.roles",
        "full_name" => "user.name",
        _ => "user.email",
    }
}

/// Looks at one attribute's name. The required attribute that a finding here is about.
fn check_name(
    one: &Use<'_>,
    path: &Path,
    attribute: &Attribute,
    present: &BTreeSet<&str>,
    findings: &mut Findings,
) -> Option<&'static str> {
    let name = attribute.saml_name();
    let location = one.map.at(&name_path(attribute, path));
    let required = |name: &str| REQUIRED.into_iter().find(|required| *required == name);

    if attribute.saml_name.as_deref().is_some_and(|saml_name| saml_name != attribute.name) {
        let meant = required(&attribute.name);
        // A name that Flex knows is the better of the two, wherever it stands.
        let (keep, place) = if meant.is_none() && (required(name).is_some() || OPTIONAL.contains(&name)) {
            (name, one.map.at(&path.join("name")))
        } else {
            (attribute.name.as_str(), location.clone())
        };
        let finding = Finding::new(
            &FLEX_SAML_NAME,
            format!("Flex sees the attribute `{}` as `{name}`, it maps no names", attribute.name),
        )
        .at(location, "this is the name that Flex sees")
        .help(format!("leave `samlName` out and write `name: {keep}`"))
        .fix(format!("use the name `{keep}` on both sides"), place, scalar(keep));
        let is_error = meant.is_some_and(|meant| !present.contains(meant));
        findings.push(if is_error { finding.severity(Severity::Error) } else { finding });
        return meant;
    }
    if name.contains([':', '/']) {
        let last = name.rsplit([':', '/', '#']).next().unwrap_or_default();
        let near = match plain(last).as_str() {
            "emailaddress" | "mail" => Some("email"),
            "name" | "displayname" => Some("full_name"),
            "role" => Some("roles"),
            other => REQUIRED.into_iter().find(|required| plain(required) == other),
        };
        let finding = Finding::new(
            &FLEX_ATTRIBUTE_NAMESPACE,
            format!("the attribute's name `{name}` is a URI, which Flex does not recognise"),
        );
        findings.push(match near.filter(|near| !present.contains(near)) {
            Some(near) => finding
                .at(location.clone(), "a plain name is needed")
                .help(format!("write `{near}`, without a namespace"))
                .fix(format!("rename the attribute to `{near}`"), location, near),
            None => finding
                .at(location, "a plain name is needed")
                .help("write the attribute's plain name, in lower case and without a namespace"),
        });
        return near;
    }
    if required(name).is_some() || OPTIONAL.contains(&name) {
        return None;
    }
    let same = |known: &&str| plain(known) == plain(without_type(name));
    let missing = || REQUIRED.into_iter().filter(|required| !present.contains(required));
    let near = missing()
        .chain(OPTIONAL)
        .find(|known| same(known))
        .or_else(|| missing().find(|required| suggest(name, [*required]).is_some()))?;
    // `team_name.string` is a way to write a known name; only a required one has to stand alone.
    let is_required = required(near).is_some();
    if !is_required && without_type(name) == near {
        return None;
    }
    let finding = Finding::new(
        &FLEX_ATTRIBUTE_NAME,
        format!("Flex does not know the attribute `{name}`, it knows `{near}`"),
    )
    .at(location.clone(), "the spelling has to be exact")
    .help(format!("did you mean `{near}`?"))
    .fix(format!("rename the attribute to `{near}`"), location, near);
    findings.push(if is_required { finding } else { finding.severity(Severity::Warning) });
    required(near)
}

/// The name without what follows its last dot.
fn without_type(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(base, _)| base)
}

/// The name without case and separators.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::edit;

    #[test]
    fn each_required_attribute_has_to_be_there() {
        edit("    - {name: email, from: user.email, required: true}\n", "").finds(&[(
            "flex-attribute-missing",
            "attributes:",
            "attributes",
        )]);
        let none = edit("    - {name: email, from: user.email, required: true}\n", "")
            .edit("    - {name: full_name, from: user.name, required: true}\n", "");
        assert_eq!(none.findings().len(), 2);
    }

    #[test]
    fn the_spelling_is_exact() {
        for bad in ["Roles", "ROLES", "role", "roles.stringarray"] {
            let project = edit("name: roles,", &format!("name: {bad},"));
            project.finds(&[("flex-attribute-name", &format!("- {{name: {bad}"), bad)]).is_mended();
        }
        edit("name: full_name,", "name: fullName,").is_mended();
        edit("name: email,", "name: e-mail,").is_mended();
        let optional = edit("name: team,", "name: Team_Name,");
        optional.finds(&[("flex-attribute-name", "- {name: Team_Name", "Team_Name")]).is_mended();
        assert_eq!(optional.findings()[0].severity, crate::diagnostics::Severity::Warning);
        edit("name: team,", "name: team_name.string,").finds_nothing();
        edit("name: team,", "name: program,").finds_nothing();
    }

    #[test]
    fn a_uri_is_no_name() {
        let uri = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
        edit("name: email,", &format!("name: {uri},"))
            .finds(&[("flex-attribute-namespace", "- {name: http", uri)])
            .is_mended();
        edit("name: team,", "name: \"urn:oid:2.5.4.11\",").finds(&[(
            "flex-attribute-namespace",
            "- {name: \"urn",
            "\"urn:oid:2.5.4.11\"",
        )]);
    }

    #[test]
    fn flex_maps_no_names() {
        let team = edit("name: team,", "name: team, samlName: Team,");
        team.finds(&[("flex-saml-name", "- {name: team,", "Team")]).is_mended();
        assert_eq!(team.findings()[0].severity, crate::diagnostics::Severity::Warning);
        let roles = edit("name: roles,", "name: roles, samlName: groups,");
        roles.finds(&[("flex-saml-name", "- {name: roles,", "groups")]).is_mended();
        assert_eq!(roles.findings()[0].severity, crate::diagnostics::Severity::Error);
        edit("name: roles,", "name: Role, samlName: roles,").is_mended();
        edit("name: team,", "name: team, samlName: team,").finds_nothing();
    }
}
