//! Which roles people get: that there are some, and one answer for everybody.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Context, Rule,
    people::{self, List},
};
use crate::{
    diagnostics::{Code, Finding, Findings, Location, Severity},
    manifest::{
        Resource, attribute_map::Source, sso_profile::SsoProfileSpec, user_enablement::UserEnablementSpec,
    },
    yaml::path,
};

pub(super) const RULE: Rule =
    Rule { codes: &[&OVERRIDE_TARGET, &ROLES_MISSING, &ROLES_CONFLICT, &ENABLEMENT_MISSING], check };

const OVERRIDE_TARGET: Code = Code {
    id: "override-target",
    severity: Severity::Error,
    title: "a role override does not say for whom it is",
    explanation: "An override gives other roles to one person (`user`) or to the members of one group (`group`). With neither it is for nobody, with \
        both nobody can tell what is meant.\n\nWrite exactly one of both.\n\nSource: Concord's language.",
};

const ROLES_MISSING: Code = Code {
    id: "roles-missing",
    severity: Severity::Error,
    title: "people get no roles, and Flex refuses sign-ins without",
    explanation: "Flex wants the attribute `roles` with at least one of `agent`, `supervisor` and `admin`. Where the attribute map takes it from \
        `enablement.roles` and the enablement gives none, every sign-in fails. Where only overrides give roles, all others are refused: \
        that is a warning.\n\nWrite `roles: {default: [agent]}`.\n\nSource: Twilio, \"Flex SSO configuration\" (required SAML attributes).",
};

const ROLES_CONFLICT: Code = Code {
    id: "roles-conflict",
    severity: Severity::Error,
    title: "two enablements give one person different roles",
    explanation: "Both name the person, for the same profile, and the identity provider keeps one list of roles. Which one it would be depends on \
        an order that nobody chose.\n\nName the person in one enablement only, exclude them from the other, or give the same roles.\n\nSource: \
        Concord's language.",
};

const ENABLEMENT_MISSING: Code = Code {
    id: "enablement-missing",
    severity: Severity::Warning,
    title: "nobody is enabled for a Flex profile",
    explanation: "A profile says how people sign in, a `UserEnablement` says who, and with which roles. Without one, a Flex profile stands complete \
        and nobody can use it.\n\nWrite a `UserEnablement` with `profile: NAME`, beginning with a pilot.\n\nSource: Concord's language.",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for enablement in context.manifests.user_enablements.values() {
        targets(enablement, findings);
    }
    for profile in context.manifests.sso_profiles.values() {
        let enablements: Vec<_> = context.manifests.enablements_of(profile).collect();
        if profile.spec.product.is_flex() {
            if enablements.is_empty() {
                nobody(profile, findings);
            }
            let reads_roles = context.manifests.attribute_map_of(profile).is_some_and(|map| {
                map.spec.attributes.iter().any(|attribute| attribute.from == Some(Source::EnablementRoles))
            });
            if reads_roles {
                enablements.iter().for_each(|enablement| missing(enablement, findings));
            }
        }
        conflicts(profile, &enablements, findings);
    }
}

fn targets(enablement: &Resource<UserEnablementSpec>, findings: &mut Findings) {
    for (index, over) in enablement.spec.roles.overrides.iter().enumerate() {
        let path = path!["spec", "roles", "overrides", index];
        let message = match (&over.user, &over.group) {
            (None, None) => "the override names neither a user nor a group",
            (Some(_), Some(_)) => "the override names both a user and a group",
            _ => continue,
        };
        findings.push(
            Finding::new(&OVERRIDE_TARGET, message)
                .at(enablement.at(&path), "for whom?")
                .help("write exactly one of `user: ADDRESS` and `group: GROUP`"),
        );
    }
}

fn nobody(profile: &Resource<SsoProfileSpec>, findings: &mut Findings) {
    findings.push(
        Finding::new(&ENABLEMENT_MISSING, format!("no UserEnablement is for profile `{}`", profile.name()))
            .at(profile.origin(), "nobody signs in through it")
            .help(format!(
                "add a UserEnablement with `profile: {}`, a selection, a pilot, break-glass administrators and roles",
                profile.name()
            )),
    );
}

fn missing(enablement: &Resource<UserEnablementSpec>, findings: &mut Findings) {
    let roles = &enablement.spec.roles;
    for (index, over) in roles.overrides.iter().enumerate() {
        if over.roles.is_empty() {
            let whom = over.user.as_ref().or(over.group.as_ref()).map_or("somebody", String::as_str);
            findings.push(
                Finding::new(&ROLES_MISSING, format!("the override leaves `{whom}` without roles, and Flex refuses the sign-in"))
                    .at(enablement.at(&path!["spec", "roles", "overrides", index, "roles"]), "no roles")
                    .help("give at least one of `agent`, `supervisor` and `admin`; `exclude` is for people who are not to sign in"),
            );
        }
    }
    if !roles.default.is_empty() {
        return;
    }
    let path = [path!["spec", "roles", "default"], path!["spec", "roles"]]
        .into_iter()
        .find(|path| enablement.document.root.get(path).is_some());
    let location: Location = path.map_or_else(|| enablement.origin(), |path| enablement.key_at(&path));
    let (severity, message) = if roles.overrides.is_empty() {
        (
            Severity::Error,
            format!("`{}` gives no roles, and Flex refuses every sign-in without", enablement.name()),
        )
    } else {
        (
            Severity::Warning,
            format!("`{}` gives roles to some only, and Flex refuses everybody else", enablement.name()),
        )
    };
    findings.push(
        Finding::new(&ROLES_MISSING, message)
            .severity(severity)
            .at(location, "no default roles")
            .help("write `roles: {default: [agent]}`"),
    );
}

/// Somebody whom an enablement names for enabling, with their roles there.
fn explicit(enablement: &Resource<UserEnablementSpec>) -> BTreeMap<String, (Location, BTreeSet<&str>)> {
    let mut found = BTreeMap::new();
    let mentions = people::mentions(enablement);
    let roles = &enablement.spec.roles;
    for mention in &mentions {
        if !matches!(mention.list, List::Selected | List::Pilot | List::Wave(_) | List::Role) {
            continue;
        }
        let identity = mention.identity();
        let left_out = mentions.iter().any(|other| {
            matches!(other.list, List::Excluded | List::BreakGlass | List::Removed)
                && other.identity() == identity
        });
        if left_out {
            continue;
        }
        let own = roles
            .overrides
            .iter()
            .find(|over| over.user.as_deref().is_some_and(|user| people::identity(user) == identity));
        let roles = own.map_or(&roles.default, |over| &over.roles).iter().map(|role| role.as_str()).collect();
        // The override is the best place to show, and comes last.
        found.insert(identity, (enablement.at(&mention.path), roles));
    }
    found
}

fn conflicts(
    profile: &Resource<SsoProfileSpec>,
    enablements: &[&Resource<UserEnablementSpec>],
    findings: &mut Findings,
) {
    let mut first: BTreeMap<String, (Location, BTreeSet<&str>)> = BTreeMap::new();
    for enablement in enablements {
        for (identity, (location, roles)) in explicit(enablement) {
            match first.get(&identity) {
                Some((place, others)) if *others != roles => findings.push(
                    Finding::new(
                        &ROLES_CONFLICT,
                        format!(
                            "two enablements of profile `{}` give `{identity}` different roles",
                            profile.name()
                        ),
                    )
                    .at(location, list(&roles))
                    .related(place.clone(), list(others))
                    .help("name the person in one of them only, or give the same roles in both"),
                ),
                Some(_) => {}
                None => {
                    first.insert(identity, (location, roles));
                }
            }
        }
    }
}

fn list(roles: &BTreeSet<&str>) -> String {
    if roles.is_empty() {
        "no roles".to_owned()
    } else {
        roles.iter().copied().collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{append, edit};
    use crate::diagnostics::Severity;

    const ROLES: &str =
        "roles: {default: [agent], overrides: [{user: lead@connie.one, roles: [agent, supervisor]}]}";

    #[test]
    fn an_override_is_for_one_person_or_one_group() {
        edit("{user: lead@connie.one, roles: [agent, supervisor]}", "{roles: [agent]}").finds(&[(
            "override-target",
            "roles:",
            "{roles: [agent]}",
        )]);
        edit("{user: lead@connie.one, roles", "{user: lead@connie.one, group: leads, roles").finds(&[(
            "override-target",
            "roles:",
            "{user: lead@connie.one, group: leads, roles: [agent, supervisor]}",
        )]);
        edit("{user: lead@connie.one, roles", "{group: leads, roles").finds_nothing();
    }

    #[test]
    fn flex_people_need_roles() {
        let none = edit(&format!("  {ROLES}\n"), "");
        none.finds(&[("roles-missing", "metadata:", "nss-agents")]);
        assert_eq!(none.findings()[0].severity, Severity::Error);
        let some = edit("default: [agent], ", "");
        some.finds(&[("roles-missing", "roles:", "roles")]);
        assert_eq!(some.findings()[0].severity, Severity::Warning);
        edit("roles: [agent, supervisor]", "roles: []").finds(&[("roles-missing", "roles:", "[]")]);
    }

    #[test]
    fn roles_that_come_from_elsewhere_are_not_missed() {
        edit(&format!("  {ROLES}\n"), "")
            .edit("from: enablement.roles", "from: user.appMetadata.flex.roles")
            .finds_nothing();
    }

    #[test]
    fn one_person_has_one_list_of_roles() {
        let second = |roles: &str| {
            append(&format!(
                "kind: UserEnablement\nmetadata: {{name: zz}}\nspec:\n  profile: flex\n  select: {{users: [Lead@connie.one]}}\n  \
                 rollout: {{stage: all}}\n  breakGlass: [root@connie.one]\n  roles: {{default: [{roles}]}}"
            ))
        };
        second("admin").finds(&[("roles-conflict", "select:", "Lead@connie.one")]);
        second("supervisor, agent").finds_nothing();
    }

    #[test]
    fn a_flex_profile_is_for_somebody() {
        append(
            "kind: SsoProfile\nmetadata: {name: empty}\nspec:\n  product: flex\n  friendlyName: Empty\n  identityProvider: \
             auth0-nss\n  application: {connection: x}\n  attributeMap: flex-agents",
        )
        .codes()
        .iter()
        .find(|(id, _)| *id == "enablement-missing")
        .expect("a finding");
    }
}
