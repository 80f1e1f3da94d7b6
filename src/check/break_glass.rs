//! Break-glass administrators: that there are enough, and that they are left alone.

use std::collections::BTreeSet;

use super::{
    Context, Rule,
    people::{self, List},
};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity},
    manifest::{Resource, user_enablement::UserEnablementSpec},
    yaml::path,
};

pub(super) const RULE: Rule = Rule { codes: &[&BREAK_GLASS_MISSING, &BREAK_GLASS_NAMED], check };

const BREAK_GLASS_MISSING: Code = Code {
    id: "break-glass-missing",
    severity: Severity::Error,
    title: "an enablement names too few break-glass administrators",
    explanation: "A profile that breaks (an expired certificate, a typo in an entity ID) locks out everybody who signs in through it, the \
        people who could mend it included. So at least one administrator keeps signing in with a password. The policy's `minBreakGlass` \
        says how many (1 unless it says otherwise). Twilio's OAuth authorization page does not support SSO either, so an \
        organization needs such an administrator anyway.\n\nWrite `breakGlass: [address]`.\n\nSource: Twilio, \"Enforcing SSO for \
        selected domains\" and \"Organization API access\".",
};

const BREAK_GLASS_NAMED: Code = Code {
    id: "break-glass-named",
    severity: Severity::Warning,
    title: "a break-glass administrator is also to be enabled",
    explanation: "Break-glass administrators are never enabled, whatever else names them. Somebody who reads the pilot, a wave, the selection or \
        an override would think that they are. That a selected domain includes them is usual, and is not reported.\n\nRemove the address \
        from the other list, or from `breakGlass`.\n\nSource: Concord's language.",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for enablement in context.manifests.user_enablements.values() {
        let least = context
            .manifests
            .tenants
            .get(&enablement.tenant)
            .map_or_else(
                || context.manifests.project.spec.policy.clone(),
                |tenant| context.manifests.policy(tenant),
            )
            .min_break_glass();
        missing(enablement, least, findings);
        named(enablement, findings);
    }
}

fn missing(enablement: &Resource<UserEnablementSpec>, least: usize, findings: &mut Findings) {
    let people: BTreeSet<String> =
        enablement.spec.break_glass.iter().map(|address| people::identity(address)).collect();
    if people.len() >= least {
        return;
    }
    let path = path!["spec", "breakGlass"];
    let location = if enablement.document.root.get(&path).is_some() {
        enablement.key_at(&path)
    } else {
        enablement.origin()
    };
    let wanted = if least == 1 { "1 is".to_owned() } else { format!("{least} are") };
    findings.push(
        Finding::new(
            &BREAK_GLASS_MISSING,
            format!(
                "`{}` names {} break-glass administrators, and at least {wanted} wanted (`minBreakGlass`)",
                enablement.name(),
                people.len()
            ),
        )
        .at(location, "who gets in when the profile breaks?")
        .help("add `breakGlass: [ADDRESS]`: administrators who keep signing in with a password"),
    );
}

fn named(enablement: &Resource<UserEnablementSpec>, findings: &mut Findings) {
    let mentions = people::mentions(enablement);
    for mention in &mentions {
        if matches!(mention.list, List::BreakGlass | List::Excluded | List::Removed) {
            continue;
        }
        let identity = mention.identity();
        let Some(glass) =
            mentions.iter().find(|other| other.list == List::BreakGlass && other.identity() == identity)
        else {
            continue;
        };
        findings.push(
            Finding::new(
                &BREAK_GLASS_NAMED,
                format!("`{}` is a break-glass administrator and will never be enabled", mention.address),
            )
            .at(enablement.at(&mention.path), format!("in {}", mention.list.title()))
            .related(enablement.at(&glass.path), "break-glass administrator")
            .help("remove the address from one of the two lists"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::edit;

    #[test]
    fn somebody_has_to_get_in_when_the_profile_breaks() {
        edit("  breakGlass: [root@connie.one]\n", "").finds(&[(
            "break-glass-missing",
            "metadata:",
            "nss-agents",
        )]);
        edit("breakGlass: [root@connie.one]", "breakGlass: []").finds(&[(
            "break-glass-missing",
            "breakGlass:",
            "breakGlass",
        )]);
    }

    #[test]
    fn the_policy_says_how_many() {
        let two = edit("certificateWarnDays: 60", "minBreakGlass: 2");
        two.finds(&[("break-glass-missing", "breakGlass:", "breakGlass")]);
        two.clone().edit("[root@connie.one]", "[root@connie.one, other@connie.one]").finds_nothing();
        edit("certificateWarnDays: 60", "minBreakGlass: 0")
            .edit("breakGlass: [root@connie.one]", "breakGlass: []")
            .finds_nothing();
    }

    #[test]
    fn break_glass_administrators_are_named_nowhere_else() {
        edit("pilot: [test@connie.one]", "pilot: [test@connie.one, Root@connie.one]").finds(&[(
            "break-glass-named",
            "rollout:",
            "Root@connie.one",
        )]);
        edit("user: lead@connie.one", "user: root@connie.one").finds(&[(
            "break-glass-named",
            "roles:",
            "root@connie.one",
        )]);
    }
}
