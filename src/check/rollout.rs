//! Whom a roll-out enables at its stage: that it is somebody, and somebody who is meant.

use super::{
    Context, Rule, edits,
    people::{self, List},
};
use crate::{
    diagnostics::{Code, Finding, Findings, Severity},
    manifest::{
        Resource,
        sso_profile::{Product, SsoProfileSpec},
        user_enablement::{Stage, UserEnablementSpec},
    },
    yaml::path,
};

pub(super) const RULE: Rule = Rule {
    codes: &[
        &PILOT_EMPTY,
        &SELECTION_EMPTY,
        &OUTSIDE_SELECTION,
        &WAVES_MISSING,
        &WAVE_NUMBER,
        &WAVE_EMPTY,
        &ENFORCEMENT_UNSUPPORTED,
    ],
    check,
};

const PILOT_EMPTY: Code = Code {
    id: "pilot-empty",
    severity: Severity::Error,
    title: "the stage is pilot, and the pilot has nobody",
    explanation: "At stage `pilot` only the people in `rollout.pilot` are enabled, so with an empty list nobody is. The stage is `pilot` where \
        nothing else is written.\n\nName the first people in `rollout.pilot`, best a test user, so that nobody is locked out.\n\nSource: Twilio, \
        \"Test the SSO connection\"; Concord's language.",
};

const SELECTION_EMPTY: Code = Code {
    id: "selection-empty",
    severity: Severity::Error,
    title: "nobody is selected",
    explanation: "Waves, `all` and `enforced` enable people within `select`. Where it is empty, nobody but the pilot would be enabled, and people \
        who were enabled before would lose their access. At stage `pilot` this is advice only: the pilot is named person by person and \
        needs no selection yet.\n\nWrite `select` with `emailDomains`, `groups` or `users`.\n\nSource: Concord's language.",
};

const OUTSIDE_SELECTION: Code = Code {
    id: "outside-selection",
    severity: Severity::Warning,
    title: "somebody is named who is not selected",
    explanation: "The pilot, the waves and the overrides pick from those whom `select` means in the end, less `exclude`. Somebody outside \
        would lose access at the next stage, or is misspelt. Members of groups and accounts cannot be known offline, so nothing is said where \
        those are selected too.\n\nCorrect the address, or add it to `select.users`.\n\nSource: Concord's language.",
};

const WAVES_MISSING: Code = Code {
    id: "waves-missing",
    severity: Severity::Error,
    title: "the stage is waves, and there are none",
    explanation: "At stage `waves` the pilot and the waves up to `wave` are enabled. Without waves, the stage is the same as `pilot`, which is \
        hardly meant.\n\nWrite `rollout.waves`, or another stage.\n\nSource: Concord's language.",
};

const WAVE_NUMBER: Code = Code {
    id: "wave-number",
    severity: Severity::Error,
    title: "there are fewer waves than are to be enabled",
    explanation: "`rollout.wave` says how many of the waves are enabled, counted from the first. A greater number than there are waves is a slip: of \
        the number, or a wave is missing.\n\nLower the number, or add the wave. Without `wave`, all are enabled.\n\nSource: Concord's language.",
};

const WAVE_EMPTY: Code = Code {
    id: "wave-empty",
    severity: Severity::Error,
    title: "a wave selects nobody",
    explanation: "A wave selects by `percent`, `groups` or `users`. One with none of these, or with `0%`, enables nobody.\n\nSay whom it \
        selects, or remove it.\n\nSource: Concord's language.",
};

const ENFORCEMENT_UNSUPPORTED: Code = Code {
    id: "enforcement-unsupported",
    severity: Severity::Error,
    title: "only the Console's self-service SSO can be enforced",
    explanation: "Enforcement means that people of a domain can sign in in no other way. Twilio has it for the Console's self-service SSO \
        only. In Flex and SendGrid, other ways to sign in are taken from people one by one, and the legacy Console goes by support \
        ticket.\n\nWrite `stage: all`.\n\nSource: Twilio, \"Enforcing SSO for selected domains\".",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for profile in context.manifests.sso_profiles.values() {
        for enablement in context.manifests.enablements_of(profile) {
            enforcement(profile, enablement, findings);
        }
    }
    for enablement in context.manifests.user_enablements.values() {
        pilot(enablement, findings);
        selection(enablement, findings);
        waves(enablement, findings);
        outside(enablement, findings);
    }
}

fn enforcement(
    profile: &Resource<SsoProfileSpec>,
    enablement: &Resource<UserEnablementSpec>,
    findings: &mut Findings,
) {
    let product = profile.spec.product;
    if enablement.spec.rollout.stage != Stage::Enforced || product == Product::Console {
        return;
    }
    let location = enablement.at(&path!["spec", "rollout", "stage"]);
    findings.push(
        Finding::new(&ENFORCEMENT_UNSUPPORTED, format!("sign-in to {} cannot be enforced", product.title()))
            .at(location.clone(), "only for `product: console`")
            .related(profile.at(&path!["spec", "product"]), "the profile's product")
            .help("write `stage: all`")
            .with_fix(edits::replacement(&location, "all")),
    );
}

fn pilot(enablement: &Resource<UserEnablementSpec>, findings: &mut Findings) {
    let rollout = &enablement.spec.rollout;
    if rollout.stage != Stage::Pilot || !rollout.pilot.is_empty() {
        return;
    }
    // The nearest thing that is written: the list, the stage, the roll-out, or else the spec.
    let path =
        [path!["spec", "rollout", "pilot"], path!["spec", "rollout", "stage"], path!["spec", "rollout"]]
            .into_iter()
            .find(|path| enablement.document.root.get(path).is_some())
            .unwrap_or_else(|| path!["spec"]);
    findings.push(
        Finding::new(&PILOT_EMPTY, format!("`{}` is at stage `pilot` and enables nobody", enablement.name()))
            .at(enablement.key_at(&path), "no people in the pilot")
            .help("write `rollout: {stage: pilot, pilot: [ADDRESS]}` with a test user, or a later stage"),
    );
}

fn selection(enablement: &Resource<UserEnablementSpec>, findings: &mut Findings) {
    let spec = &enablement.spec;
    if !spec.select.is_empty() {
        return;
    }
    let stage = spec.rollout.stage;
    let path = path!["spec", "select"];
    let location = if enablement.document.root.get(&path).is_some() {
        enablement.key_at(&path)
    } else {
        enablement.origin()
    };
    let (severity, message) = if stage == Stage::Pilot {
        (Severity::Advice, "nobody is selected yet: the roll-out cannot go further than its pilot".to_owned())
    } else {
        (
            Severity::Error,
            format!("nobody is selected, so stage `{}` enables nobody but the pilot", stage.as_str()),
        )
    };
    findings.push(
        Finding::new(&SELECTION_EMPTY, message)
            .severity(severity)
            .at(location, "selects nobody")
            .help("write `select: {emailDomains: [DOMAIN]}`, `{groups: [GROUP]}` or `{users: [ADDRESS]}`"),
    );
}

fn waves(enablement: &Resource<UserEnablementSpec>, findings: &mut Findings) {
    let rollout = &enablement.spec.rollout;
    let count = rollout.waves.len();
    if rollout.stage == Stage::Waves && count == 0 {
        findings.push(
            Finding::new(&WAVES_MISSING, "the stage is `waves`, and there are none")
                .at(enablement.at(&path!["spec", "rollout", "stage"]), "no waves")
                .help("write `waves: [{percent: 10%}, {percent: 50%}]`, or another stage"),
        );
    } else if let Some(wave) = rollout.wave
        && wave as usize > count
    {
        let location = enablement.at(&path!["spec", "rollout", "wave"]);
        let finding = Finding::new(
            &WAVE_NUMBER,
            format!(
                "{wave} waves are to be enabled, and there {}",
                if count == 1 { "is 1".to_owned() } else { format!("are {count}") }
            ),
        )
        .at(location.clone(), format!("at most {count}"));
        findings.push(if count > 0 {
            finding
                .help(format!("write {count}, or add the waves"))
                .with_fix(edits::replacement(&location, &count.to_string()))
        } else {
            finding.help("add `waves`, or remove `wave`")
        });
    }
    for (index, wave) in rollout.waves.iter().enumerate() {
        let is_nobody = wave.percent.is_none_or(|percent| percent.value() == 0)
            && wave.groups.is_empty()
            && wave.users.is_empty();
        if is_nobody {
            let what = wave
                .name
                .as_ref()
                .map_or_else(|| format!("wave {}", index + 1), |name| format!("wave `{name}`"));
            findings.push(
                Finding::new(&WAVE_EMPTY, format!("{what} selects nobody"))
                    .at(enablement.at(&path!["spec", "rollout", "waves", index]), "nobody")
                    .help("give it `percent`, `groups` or `users`, or remove it"),
            );
        }
    }
}

fn outside(enablement: &Resource<UserEnablementSpec>, findings: &mut Findings) {
    let select = &enablement.spec.select;
    if select.is_empty() {
        return;
    }
    let mentions = people::mentions(enablement);
    for mention in &mentions {
        if matches!(mention.list, List::Selected | List::Excluded | List::BreakGlass | List::Removed) {
            continue;
        }
        let identity = mention.identity();
        let excluded =
            mentions.iter().find(|other| other.list == List::Excluded && other.identity() == identity);
        let message = if excluded.is_some() {
            format!("`{}` is excluded", mention.address)
        } else if people::is_selected(select, mention.address) == Some(false) {
            format!("`{}` is not selected", mention.address)
        } else {
            continue;
        };
        let mut finding = Finding::new(&OUTSIDE_SELECTION, message)
            .at(enablement.at(&mention.path), format!("in {}", mention.list.title()));
        finding = match excluded {
            Some(excluded) => finding
                .related(enablement.at(&excluded.path), "excluded here")
                .help("remove the address from one of the two lists"),
            None => finding
                .related(enablement.key_at(&path!["spec", "select"]), "the selection")
                .help("correct the address, or add it to `select.users`"),
        };
        findings.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Project, edit};
    use crate::diagnostics::Severity;

    fn rollout(rollout: &str) -> Project {
        edit("rollout: {stage: pilot, pilot: [test@connie.one]}", &format!("rollout: {rollout}"))
    }

    #[test]
    fn a_pilot_has_people() {
        rollout("{stage: pilot, pilot: []}").finds(&[("pilot-empty", "rollout:", "pilot")]);
        rollout("{}").finds(&[("pilot-empty", "rollout:", "rollout")]);
        rollout("{stage: all}").finds_nothing();
    }

    #[test]
    fn later_stages_need_a_selection() {
        let project = edit("  select: {emailDomains: [connie.one]}\n", "");
        project.finds(&[("selection-empty", "metadata:", "nss-agents")]);
        assert_eq!(project.findings()[0].severity, Severity::Advice);
        let all = project.edit("stage: pilot,", "stage: all,");
        all.finds(&[("selection-empty", "metadata:", "nss-agents")]);
        assert_eq!(all.findings()[0].severity, Severity::Error);
    }

    #[test]
    fn a_pilot_is_part_of_the_selection() {
        rollout("{pilot: [test@example.com]}").finds(&[(
            "outside-selection",
            "rollout:",
            "test@example.com",
        )]);
        edit("user: lead@connie.one", "user: lead@connie.onne").finds(&[(
            "outside-selection",
            "roles:",
            "lead@connie.onne",
        )]);
        rollout("{pilot: [test@example.com]}")
            .edit("{emailDomains: [connie.one]}", "{emailDomains: [connie.one], groups: [staff]}")
            .finds_nothing();
        edit("  breakGlass", "  exclude: [Test@connie.one]\n  breakGlass").finds(&[(
            "outside-selection",
            "rollout:",
            "test@connie.one",
        )]);
    }

    #[test]
    fn waves_are_counted() {
        rollout("{stage: waves}").finds(&[("waves-missing", "rollout:", "waves")]);
        rollout("{stage: waves, waves: [{percent: 10%}], wave: 2}")
            .finds(&[("wave-number", "rollout:", "2")])
            .is_mended();
        rollout("{stage: waves, waves: [{percent: 10%}], wave: 1}").finds_nothing();
    }

    #[test]
    fn a_wave_selects_somebody() {
        rollout("{stage: waves, waves: [{percent: 0%}, {name: rest}, {groups: [a]}]}").finds(&[
            ("wave-empty", "rollout:", "{percent: 0%}"),
            ("wave-empty", "rollout:", "{name: rest}"),
        ]);
    }

    #[test]
    fn flex_cannot_be_enforced() {
        rollout("{stage: enforced}")
            .finds(&[("enforcement-unsupported", "rollout:", "enforced")])
            .is_mended();
    }
}
