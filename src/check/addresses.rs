//! E-mail addresses: that they are addresses, and that nobody is named twice in one list.

use std::collections::BTreeMap;

use super::{
    Context, Rule, domains, edits,
    people::{self, List},
};
use crate::{
    diagnostics::{Code, Finding, Findings, Location, Severity},
    manifest::{Resource, sso_profile::SsoProfileSpec, user_enablement::UserEnablementSpec},
    yaml::{Path, path},
};

pub(super) const RULE: Rule = Rule { codes: &[&EMAIL_ADDRESS, &EMAIL_TWICE], check };

const EMAIL_ADDRESS: Code = Code {
    id: "email-address",
    severity: Severity::Error,
    title: "a text is not an e-mail address",
    explanation: "People are known by their e-mail address on both sides, so a misspelt one enables nobody, or protects nobody. An address has \
        one `@`, a local part without spaces, and a domain: `test@connie.one`.\n\nCorrect it. Names in quotes and addresses with comments, \
        which RFC 5322 allows, are not accepted by Twilio either.\n\nSource: RFC 5321 section 4.1.2; RFC 5322 section 3.4.1.",
};

const EMAIL_TWICE: Code = Code {
    id: "email-twice",
    severity: Severity::Warning,
    title: "one person is named twice in a list",
    explanation: "Addresses are compared without case, so `Test@connie.one` and `test@connie.one` are one person. Of two overrides \
        for one person, nobody can tell which one was meant.\n\nRemove one of them.\n\nSource: Concord's language; Twilio's SCIM API compares \
        user names without case.",
};

fn check(context: &Context<'_>, findings: &mut Findings) {
    for enablement in context.manifests.user_enablements.values() {
        of_enablement(enablement, findings);
    }
    for profile in context.manifests.sso_profiles.values() {
        of_profile(profile, findings);
    }
}

fn of_enablement(enablement: &Resource<UserEnablementSpec>, findings: &mut Findings) {
    let mut seen: BTreeMap<(List, String), Location> = BTreeMap::new();
    for mention in people::mentions(enablement) {
        let location = enablement.at(&mention.path);
        if !syntax(mention.address, &location, findings) {
            continue;
        }
        twice(&mut seen, mention.list, mention.address, location, findings);
    }
}

fn of_profile(profile: &Resource<SsoProfileSpec>, findings: &mut Findings) {
    let spec = &profile.spec;
    let lists: [(Path, &[String]); 3] = [
        (path!["spec", "testUsers"], &spec.test_users),
        (path!["spec", "enforcement", "exceptions"], &spec.enforcement.exceptions),
        (path!["spec", "ticket", "contacts"], spec.ticket.as_ref().map_or(&[], |ticket| &ticket.contacts)),
    ];
    for (at, addresses) in lists {
        let mut seen = BTreeMap::new();
        for (index, address) in addresses.iter().enumerate() {
            let location = profile.at(&at.join(index));
            if syntax(address, &location, findings) {
                twice(&mut seen, List::Selected, address, location, findings);
            }
        }
    }
    if let Some(contact) = spec.application.salesforce.as_ref().and_then(|block| block.contact_email.as_ref())
    {
        syntax(contact, &profile.at(&path!["spec", "application", "salesforce", "contactEmail"]), findings);
    }
}

fn twice(
    seen: &mut BTreeMap<(List, String), Location>,
    list: List,
    address: &str,
    location: Location,
    findings: &mut Findings,
) {
    match seen.get(&(list, people::identity(address))) {
        None => {
            seen.insert((list, people::identity(address)), location);
        }
        Some(first) => findings.push(
            Finding::new(&EMAIL_TWICE, format!("`{address}` is named twice in one list"))
                .at(location, "again here")
                .related(first.clone(), "first here")
                .help("remove one of the two; upper and lower case do not count"),
        ),
    }
}

fn syntax(address: &str, location: &Location, findings: &mut Findings) -> bool {
    if is_address(address) {
        return true;
    }
    let trimmed = address.trim().trim_start_matches("mailto:").trim_matches(['<', '>']);
    let finding = Finding::new(&EMAIL_ADDRESS, format!("`{address}` is not an e-mail address"))
        .at(location.clone(), "expected `name@domain`");
    findings.push(if is_address(trimmed) {
        finding.help(format!("write `{trimmed}`")).with_fix(edits::replacement(location, trimmed))
    } else if !address.contains('@') && domains::is_domain(address) {
        finding.help("a whole domain is selected by `select.emailDomains`; here a person's address is wanted")
    } else {
        finding.help("write the whole address, for instance `test@connie.one`")
    });
    false
}

/// Whether a text is an address as mail servers and Twilio accept it: a dot-atom, `@`, a domain (RFC 5321 section 4.1.2).
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let is_atom = |c: char| {
        c.is_alphanumeric()
            || matches!(c, '!' | '#'..='\'' | '*' | '+' | '-' | '/' | '=' | '?' | '^'..='`' | '{'..='~')
    };
    (1..=64).contains(&local.len())
        && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom))
        && domains::is_domain(&domain.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::super::testing::edit;
    use super::is_address;

    #[test]
    fn a_misspelt_address_is_named_wherever_it_stands() {
        edit("breakGlass: [root@connie.one]", "breakGlass: [root.connie.one]").finds(&[(
            "email-address",
            "breakGlass:",
            "root.connie.one",
        )]);
        edit("testUsers: [test@connie.one]", "testUsers: [test@connie]").finds(&[(
            "email-address",
            "testUsers:",
            "test@connie",
        )]);
        edit("user: lead@connie.one", "user: ' lead@connie.one'")
            .finds(&[("email-address", "roles:", "' lead@connie.one'")])
            .is_mended();
    }

    #[test]
    fn upper_and_lower_case_are_one_person() {
        edit("pilot: [test@connie.one]", "pilot: [test@connie.one, Test@Connie.one]").finds(&[(
            "email-twice",
            "rollout:",
            "Test@Connie.one",
        )]);
    }

    #[test]
    fn addresses_are_told_from_other_texts() {
        for good in ["a@b.c", "first.last+tag@Connie.One", "o'neil@connie.one", "żółw@connie.one"] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "@b.c",
            "a@",
            "a@b",
            "a b@c.d",
            "a@b@c.d",
            ".a@b.c",
            "a..b@c.d",
            "\"a\"@b.c",
            "a@b.c\n",
            "a@[1.2.3.4]",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
