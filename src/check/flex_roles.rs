//! Role names that Flex knows, wherever manifests write one: a map's `values:` and literal `value:`, an enablement's roles.

use super::{
    Context, Rule,
    maps::{flex_uses, scalar},
};
use crate::{
    diagnostics::{Code, Finding, Findings, Location, Severity, suggest},
    manifest::{
        Resource,
        attribute_map::{Attribute, AttributeMapSpec, Source},
        user_enablement::Role,
    },
    yaml::{Path, path},
};

pub(super) const RULE: Rule =
    Rule { codes: &[&FLEX_ROLE_UNKNOWN, &FLEX_ROLE_INSIGHTS, &FLEX_ROLE_NOT_ALLOWED], check };

static FLEX_ROLE_UNKNOWN: Code = Code {
    id: "flex-role-unknown",
    severity: Severity::Error,
    title: "Flex has no such role",
    explanation: "Flex takes the roles `agent`, `supervisor` and `admin`, and for Flex Insights `wfo.full_access`, \
        `wfo.team_leader`, `wfo.data_analyst`, `wfo.data_auditor`, `wfo.quality_manager`, `wfo.quality_process_manager` and \
        `wfo.dashboard_viewer`, in exactly this spelling. With any other value the person cannot sign in. \
        `administrator` is a frequent mistake: the role is called `admin`. Roles of Flex have no scope (`@AC...`).\n\n\
        Write one of these names. The read-only administrator cannot be given by SSO.\n\n\
        Source: Twilio Flex, SSO configuration; Flex Insights user roles.",
};

static FLEX_ROLE_INSIGHTS: Code = Code {
    id: "flex-role-insights",
    severity: Severity::Warning,
    title: "a Flex Insights role stands without supervisor or admin",
    explanation: "The `wfo.*` roles say what a person may do in Flex Insights, which only supervisors and administrators can \
        open. Alone, or beside `agent`, they have no effect.\n\n\
        Add `supervisor` or `admin`, or remove the `wfo.*` role.\n\nSource: Twilio Flex, Flex Insights user roles.",
};

static FLEX_ROLE_NOT_ALLOWED: Code = Code {
    id: "flex-role-not-allowed",
    severity: Severity::Error,
    title: "an enablement gives a role that the attribute map does not allow",
    explanation: "The map's `roles` attribute lists in `values:` what it may carry, and the enablement gives a role that is not in \
        the list. The two manifests contradict each other, and a reviewer who reads one of them is misled.\n\n\
        Add the role to `values:`, or take it from the enablement.",
};

/// The roles of Flex itself.
const FLEX: [&str; 3] = ["agent", "supervisor", "admin"];

/// The roles of Flex Insights.
const INSIGHTS: [&str; 7] = [
    "wfo.full_access",
    "wfo.team_leader",
    "wfo.data_analyst",
    "wfo.data_auditor",
    "wfo.quality_manager",
    "wfo.quality_process_manager",
    "wfo.dashboard_viewer",
];

fn check(context: &Context<'_>, findings: &mut Findings) {
    for one in flex_uses(context.manifests) {
        for (path, attribute) in one.attributes().filter(|(_, attribute)| attribute.saml_name() == "roles") {
            check_attribute(one.map, &path, attribute, findings);
        }
    }
    for profile in context.manifests.sso_profiles.values().filter(|profile| profile.spec.product.is_flex()) {
        let allowed = context.manifests.attribute_map_of(profile).and_then(allowed_roles);
        for enablement in context.manifests.enablements_of(profile) {
            let roles = &enablement.spec.roles;
            let lists = std::iter::once((path!["spec", "roles", "default"], &roles.default)).chain(
                roles
                    .overrides
                    .iter()
                    .enumerate()
                    .map(|(at, one)| (path!["spec", "roles", "overrides", at, "roles"], &one.roles)),
            );
            for (path, list) in lists {
                let names: Vec<(&str, Location)> = list
                    .iter()
                    .enumerate()
                    .map(|(at, role)| (role.as_str(), enablement.at(&path.join(at))))
                    .collect();
                check_list(&names, findings);
                for (role, location) in &names {
                    if let Some((values, place)) = &allowed
                        && FLEX.iter().chain(&INSIGHTS).any(|known| known == role)
                        && !values.iter().any(|value| value == role)
                    {
                        findings.push(
                            Finding::new(
                                &FLEX_ROLE_NOT_ALLOWED,
                                format!("the attribute map does not allow the role `{role}`"),
                            )
                            .at(location.clone(), "given here")
                            .related(place.clone(), "not among these")
                            .help(format!("add `{role}` to the map's `values`, or give another role")),
                        );
                    }
                }
            }
        }
    }
}

/// What the map says that `roles` may be, where enablements decide it.
fn allowed_roles(map: &Resource<AttributeMapSpec>) -> Option<(&[String], Location)> {
    let (at, attribute) =
        map.spec.attributes.iter().enumerate().find(|(_, attribute)| attribute.saml_name() == "roles")?;
    let decided = attribute.from == Some(Source::EnablementRoles) && !attribute.values.is_empty();
    decided.then(|| (attribute.values.as_slice(), map.at(&path!["spec", "attributes", at, "values"])))
}

fn check_attribute(
    map: &Resource<AttributeMapSpec>,
    path: &Path,
    attribute: &Attribute,
    findings: &mut Findings,
) {
    let values: Vec<(&str, Location)> = attribute
        .values
        .iter()
        .enumerate()
        .map(|(at, value)| (value.as_str(), map.at(&path.join("values").join(at))))
        .collect();
    check_list(&values, findings);
    if let Some(value) = &attribute.value {
        let location = map.at(&path.join("value"));
        let names: Vec<(&str, Location)> =
            value.split(',').map(|name| (name.trim(), location.clone())).collect();
        match names.as_slice() {
            // A single name is what the whole value is, so that its fix is the value's.
            [(only, _)] if *only == value.as_str() => check_list(&names, findings),
            _ => {
                // A fix of one name among several would replace them all.
                let mut found = Findings::new();
                check_list(&names, &mut found);
                findings.extend(found.into_iter().map(|finding| Finding { fix: None, ..finding }));
            }
        }
    }
}

/// Looks at roles that one person could have together.
fn check_list(roles: &[(&str, Location)], findings: &mut Findings) {
    for (role, location) in roles {
        if !FLEX.iter().chain(&INSIGHTS).any(|known| known == role) {
            findings.push(unknown(role, location.clone()));
        }
    }
    let has = |name: &str| roles.iter().any(|(role, _)| *role == name);
    if has("supervisor") || has("admin") {
        return;
    }
    if let Some((role, location)) = roles.iter().find(|(role, _)| INSIGHTS.contains(role)) {
        findings.push(
            Finding::new(
                &FLEX_ROLE_INSIGHTS,
                format!("`{role}` has no effect without `supervisor` or `admin`"),
            )
            .at(location.clone(), "Flex Insights cannot be opened")
            .help("add `supervisor` beside it"),
        );
    }
}

fn unknown(role: &str, location: Location) -> Finding {
    let finding = Finding::new(&FLEX_ROLE_UNKNOWN, format!("Flex has no role `{role}`"))
        .at(location.clone(), "not a role of Flex");
    let bare =
        Role::try_from(role.to_owned()).map_or_else(|_| role.to_owned(), |role| role.name().to_owned());
    let near = match bare.to_ascii_lowercase().as_str() {
        "administrator" | "administrators" | "owner" => Some("admin"),
        // A word of its own, of which no other role is a misspelling.
        "" => None,
        _ => suggest(&bare, FLEX.into_iter().chain(INSIGHTS)),
    };
    match near {
        Some(near) => finding.help(format!("did you mean `{near}`?")).fix(
            format!("change the role to `{near}`"),
            location,
            scalar(near),
        ),
        None => finding.help(format!(
            "Flex has `agent`, `supervisor` and `admin`, and for Flex Insights `{}`",
            INSIGHTS.join("`, `")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{append, edit};

    #[test]
    fn unknown_roles_are_found_wherever_they_stand() {
        edit("values: [agent, supervisor, admin]", "values: [agent, supervisor, administrator, admin]")
            .finds(&[("flex-role-unknown", "- {name: roles", "administrator")]);
        edit("default: [agent]", "default: [Agent]")
            .finds(&[("flex-role-unknown", "roles: {default", "Agent")])
            .is_mended();
        edit("roles: [agent, supervisor]}", "roles: [agent, administrator]}")
            .finds(&[("flex-role-unknown", "roles: {default", "administrator")])
            .is_mended();
        edit("default: [agent]", "default: [agent@AC00000000000000000000000000000001]").is_mended();
        edit("default: [agent]", "default: [wallflower]").finds(&[(
            "flex-role-unknown",
            "roles: {default",
            "wallflower",
        )]);
        let literal = edit(
            "from: enablement.roles, required: true, values: [agent, supervisor, admin]",
            "value: Agent",
        );
        literal.finds(&[("flex-role-unknown", "- {name: roles", "Agent")]).is_mended();
        let several = edit(
            "from: enablement.roles, required: true, values: [agent, supervisor, admin]",
            "value: 'agent,boss'",
        );
        several.finds(&[("flex-role-unknown", "- {name: roles", "'agent,boss'")]);
        assert!(several.findings()[0].fix.is_none());
    }

    #[test]
    fn insights_roles_need_company() {
        let values = "values: [agent, supervisor, admin]";
        edit(values, "values: [agent, wfo.team_leader]").edit("[agent, supervisor]}", "[agent]}").finds(&[(
            "flex-role-insights",
            "- {name: roles",
            "wfo.team_leader",
        )]);
        let allowed = edit(values, "values: [agent, supervisor, admin, wfo.team_leader]");
        allowed.clone().edit("default: [agent]", "default: [agent, wfo.team_leader]").finds(&[(
            "flex-role-insights",
            "roles: {default",
            "wfo.team_leader",
        )]);
        allowed.edit("roles: [agent, supervisor]}", "roles: [supervisor, wfo.team_leader]}").finds_nothing();
    }

    #[test]
    fn the_map_and_the_enablement_agree() {
        edit("values: [agent, supervisor, admin]", "values: [agent]").finds(&[(
            "flex-role-not-allowed",
            "roles: {default",
            "supervisor",
        )]);
        edit(", values: [agent, supervisor, admin]", "").finds_nothing();
    }

    #[test]
    fn roles_of_other_products_are_not_flex_roles() {
        let codes = append(
            "kind: SsoProfile\nmetadata: {name: console}\nspec: {product: console, friendlyName: Console, \
             identityProvider: auth0-nss}\n---\nkind: UserEnablement\nmetadata: {name: console}\nspec: {profile: console, \
             select: {emailDomains: [connie.one]}, rollout: {pilot: [test@connie.one]}, breakGlass: [root@connie.one], \
             roles: {default: [Billing Manager]}}",
        )
        .codes();
        assert!(codes.iter().all(|(code, _)| !code.starts_with("flex-role")), "{codes:?}");
    }
}
