//! Where the values come from that Flex knows a person by: NameID, e-mail address, full name, roles; and its team attributes.

use super::{
    Context, Rule,
    flex_attributes::{REQUIRED, usual_source},
    maps::{Use, flex_uses},
};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity},
    manifest::attribute_map::{Attribute, NameIdFormat, Source},
    yaml::{Path, path},
};

pub(super) const RULE: Rule = Rule {
    codes: &[&FLEX_NAME_ID_FORMAT, &FLEX_NAME_ID_SOURCE, &FLEX_ATTRIBUTE_SOURCE, &FLEX_TEAM_ATTRIBUTE],
    check,
};

static FLEX_NAME_ID_FORMAT: Code = Code {
    id: "flex-name-id-format",
    severity: Severity::Warning,
    title: "the NameID is opaque, so Flex gives the Worker an opaque name",
    explanation: "Flex makes the NameID the username, and the Worker's friendly name. A `persistent` NameID is a random text, so \
        nobody recognises the Worker in reports and queues; a `transient` one changes with every sign-in, so that each makes \
        another Flex user, which is billed.\n\n\
        Use `emailAddress` or `unspecified`, which is what Twilio's guides use, with `from: user.email`.\n\n\
        Source: Twilio Flex, SSO configuration with Okta, Salesforce and Google; SAML 2.0 core section 8.3.",
};

static FLEX_NAME_ID_SOURCE: Code = Code {
    id: "flex-name-id-source",
    severity: Severity::Error,
    title: "the NameID does not tell people apart",
    explanation: "Flex identifies a person by the NameID alone. Two people with one name, one department or the same roles would \
        share one Flex user and one Worker, and each would see the other's tasks.\n\n\
        Use `from: user.email`, or an ID that the identity provider never gives twice.\n\n\
        Source: Twilio Flex, SSO configuration (a unique NameID is required); SAML 2.0 core section 2.2.3.",
};

static FLEX_ATTRIBUTE_SOURCE: Code = Code {
    id: "flex-attribute-source",
    severity: Severity::Error,
    title: "an attribute of Flex comes from a field that cannot hold it",
    explanation: "`email` is the person's e-mail address, `full_name` the full name, `roles` role names of Flex. Taken from another \
        field, the sign-in fails or shows wrong people. Sources that may work but rarely do what is wanted (group names as \
        roles, half of a name) are warnings.\n\n\
        Use `user.email`, `user.name` and `enablement.roles`, or an `expressions:` entry of the vendor that computes the \
        value.\n\nSource: Twilio Flex, SSO configuration.",
};

static FLEX_TEAM_ATTRIBUTE: Code = Code {
    id: "flex-team-attribute",
    severity: Severity::Advice,
    title: "a team attribute refers to teams that have to exist",
    explanation: "`team_member` puts the person into exactly one team, `team_owner` makes them owner of several, separated by \
        commas. Team names are sensitive to case, and the teams must exist in Flex: they are not made at sign-in. An empty \
        `team_member` moves the person into the team `default`; an empty `team_owner` takes all ownership away.\n\n\
        List the teams' names in the attribute's `values:`, so that a reviewer can compare them with Flex; then this advice is \
        no longer given.\n\nSource: Twilio Flex, SSO configuration, team attributes.",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for one in flex_uses(context.manifests) {
        check_name_id(context, &one, findings);
        for (path, attribute) in one.attributes() {
            match attribute.saml_name() {
                name if REQUIRED.contains(&name) => check_source(context, &one, &path, attribute, findings),
                "team_member" | "team_owner" => check_team(&one, &path, attribute, findings),
                _ => {}
            }
        }
    }
}

fn check_name_id(context: &Context<'_>, one: &Use<'_>, findings: &mut Findings) {
    let name_id = &one.map.spec.name_id;
    let effect = match name_id.format {
        NameIdFormat::EmailAddress | NameIdFormat::Unspecified => None,
        NameIdFormat::Persistent => Some("the Worker would be named by a random text"),
        NameIdFormat::Transient => Some("every sign-in would make another Flex user"),
    };
    if let Some(effect) = effect {
        let location = one.map.at(&path!["spec", "nameId", "format"]);
        findings.push(
            Finding::new(&FLEX_NAME_ID_FORMAT, "Flex names people by the NameID, and this format is opaque")
                .at(location.clone(), effect)
                .help("write `format: emailAddress`")
                .fix("use the format `emailAddress`", location, "emailAddress"),
        );
    }
    let is_unique = matches!(name_id.from, Source::Email | Source::AppMetadata(_));
    if !is_unique && !one.is_overridden(context.manifests, &name_id.expressions) {
        let location = one.map.at(&path!["spec", "nameId", "from"]);
        findings.push(
            Finding::new(&FLEX_NAME_ID_SOURCE, format!("`{}` does not tell people apart", name_id.from))
                .at(location.clone(), "two people can have the same")
                .help("write `from: user.email`")
                .fix("take the NameID from `user.email`", location, "user.email"),
        );
    }
}

fn check_source(
    context: &Context<'_>,
    one: &Use<'_>,
    path: &Path,
    attribute: &Attribute,
    findings: &mut Findings,
) {
    if one.is_overridden(context.manifests, &attribute.expressions) {
        return;
    }
    let name = attribute.saml_name();
    let better = usual_source(name);
    if attribute.value.is_some() && name != "roles" {
        let severity = if name == "email" { Severity::Error } else { Severity::Warning };
        findings.push(
            Finding::new(&FLEX_ATTRIBUTE_SOURCE, format!("everybody would have the same `{name}`"))
                .severity(severity)
                .at(one.map.at(&path.join("value")), "a literal is the same for everybody")
                .help(format!("write `from: {better}` instead of `value:`")),
        );
    }
    let Some(source) = &attribute.from else { return };
    let (severity, label) = match (name, source) {
        ("email", Source::Email)
        | ("full_name", Source::Name)
        | ("roles", Source::EnablementRoles)
        | (_, Source::AppMetadata(_)) => return,
        ("full_name", Source::Email) => (Severity::Warning, "people are shown by their address"),
        ("full_name", Source::FirstName | Source::LastName) => {
            (Severity::Warning, "this is half of the name")
        }
        ("roles", Source::Groups) => (
            Severity::Warning,
            "every group that the person is in would have to be called like a role of Flex",
        ),
        ("email", _) => (Severity::Error, "this holds no e-mail address"),
        ("full_name", _) => (Severity::Error, "this holds no person's name"),
        _ => (Severity::Error, "this holds no role of Flex"),
    };
    let location = one.map.at(&path.join("from"));
    findings.push(
        Finding::new(&FLEX_ATTRIBUTE_SOURCE, format!("`{name}` should not come from `{source}`"))
            .severity(severity)
            .at(location.clone(), label)
            .help(format!("write `from: {better}`"))
            .fix(format!("take `{name}` from `{better}`"), location, better),
    );
}

fn check_team(one: &Use<'_>, path: &Path, attribute: &Attribute, findings: &mut Findings) {
    let name = attribute.saml_name();
    let values = attribute.values.iter().enumerate().map(|(at, value)| (path.join("values").join(at), value));
    let literals = attribute.value.iter().map(|value| (path.join("value"), value));
    if name == "team_member" {
        for (place, value) in literals.clone().chain(values).filter(|(_, value)| value.contains(',')) {
            findings.push(
                Finding::warning(&FLEX_TEAM_ATTRIBUTE, "a person is in one team, and this looks like several")
                    .at(one.map.at(&place), format!("`{value}` would be the name of one team"))
                    .help("write one team's name; several teams go in `team_owner`, which makes an owner of the person"),
            );
        }
        if attribute.from == Some(Source::Groups) {
            findings.push(
                Finding::warning(
                    &FLEX_TEAM_ATTRIBUTE,
                    "a person is in one team, and `user.groups` can be several",
                )
                .at(one.map.at(&path.join("from")), "several values are refused")
                .help("take the team from a field with one value, for instance `user.appMetadata.flex.team`"),
            );
            return;
        }
    }
    for (place, value) in literals {
        if value.is_empty() {
            let effect = if name == "team_member" {
                "everybody is moved to the team `default`"
            } else {
                "everybody loses the ownership of all teams"
            };
            findings.push(
                Finding::warning(&FLEX_TEAM_ATTRIBUTE, format!("an empty `{name}` is an instruction too"))
                    .at(one.map.at(&place), effect)
                    .help("remove the attribute if teams are managed in Flex"),
            );
        }
    }
    if attribute.from.is_some() && attribute.values.is_empty() {
        findings.push(
            Finding::new(
                &FLEX_TEAM_ATTRIBUTE,
                format!("the teams that `{name}` names have to exist in Flex"),
            )
            .at(one.map.at(&path.join("name")), "names are sensitive to case")
            .help("list the teams' names in `values:`, so that they can be compared"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Project, edit};
    use crate::diagnostics::Severity;

    #[test]
    fn an_opaque_name_id_is_unwise() {
        for format in ["persistent", "transient"] {
            edit("format: emailAddress", &format!("format: {format}"))
                .finds(&[("flex-name-id-format", "nameId: {format", format)])
                .is_mended();
        }
        edit("format: emailAddress", "format: unspecified").finds_nothing();
    }

    #[test]
    fn a_name_id_is_unique() {
        let name_id = "emailAddress, from: user.email";
        for source in ["user.name", "user.lastName", "enablement.roles"] {
            edit(name_id, &format!("emailAddress, from: {source}"))
                .finds(&[("flex-name-id-source", "nameId: {format", source)])
                .is_mended();
        }
        edit(name_id, "unspecified, from: user.name, expressions: {auth0: user_id}").finds_nothing();
    }

    #[test]
    fn the_required_attributes_have_sensible_sources() {
        let source = |name: &str, from: &str, bad: &str, severity: Severity| {
            let project =
                edit(&format!("{{name: {name}, from: {from},"), &format!("{{name: {name}, from: {bad},"));
            project.finds(&[("flex-attribute-source", &format!("- {{name: {name}"), bad)]).is_mended();
            assert_eq!(project.findings()[0].severity, severity, "{name} from {bad}");
        };
        source("email", "user.email", "user.name", Severity::Error);
        source("full_name", "user.name", "user.email", Severity::Warning);
        source("full_name", "user.name", "user.lastName", Severity::Warning);
        source("full_name", "user.name", "enablement.roles", Severity::Error);
        source("roles", "enablement.roles", "user.email", Severity::Error);
        edit("{name: email, from: user.email,", "{name: email, value: all@connie.one,").finds(&[(
            "flex-attribute-source",
            "- {name: email",
            "all@connie.one",
        )]);
        edit("{name: email, from: user.email,", "{name: email, from: user.appMetadata.mail,").finds_nothing();
        let groups = "{name: roles, from: user.groups, expressions: {okta: x},";
        let project = edit("{name: roles, from: enablement.roles,", groups);
        assert!(project.codes().iter().any(|(code, _)| *code == "flex-attribute-source"));
    }

    fn team(attribute: &str) -> Project {
        edit("{name: team, from: user.appMetadata.flex.team}", attribute)
    }

    #[test]
    fn teams_have_to_exist() {
        let member = team("{name: team_member, from: user.appMetadata.flex.team}");
        member.finds(&[("flex-team-attribute", "- {name: team_member", "team_member")]);
        assert_eq!(member.findings()[0].severity, Severity::Advice);
        team("{name: team_owner, from: user.appMetadata.flex.teams}").finds(&[(
            "flex-team-attribute",
            "- {name: team_owner",
            "team_owner",
        )]);
        team("{name: team_member, from: user.appMetadata.flex.team, values: [North, South]}").finds_nothing();
        team("{name: team_member, value: North}").finds_nothing();
        team("{name: team_owner, value: 'North,South'}").finds_nothing();
    }

    #[test]
    fn a_person_is_in_one_team() {
        for (bad, underlined) in [("'North,South'", "'North,South'"), ("''", "''")] {
            let project = team(&format!("{{name: team_member, value: {bad}}}"));
            project.finds(&[("flex-team-attribute", "- {name: team_member", underlined)]);
            assert_eq!(project.findings()[0].severity, Severity::Warning);
        }
        team("{name: team_member, from: user.groups, expressions: {auth0: 'event.user.groups'}}").finds(&[(
            "flex-team-attribute",
            "- {name: team_member",
            "user.groups",
        )]);
    }
}
