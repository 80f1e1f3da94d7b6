//! Who would be locked out of an organization: judged over all profiles whose people are its users, from the accounts as they were
//! read. What cannot be known counts as danger: enforcement is then refused.

use std::collections::BTreeSet;

use super::lower::{ENFORCEMENT, enforced_domains, exempt, is_in};
use crate::{
    component::{Condition, Requirement},
    manifest::sso_profile::Product,
    provider::{AccountsOfRealm, Person, ProfileContext, Review},
    render::counted,
};

/// What must hold before a domain is enforced.
pub(super) fn review(realm: &AccountsOfRealm<'_>) -> Review {
    let mut review = Review::default();
    let enforcing: Vec<_> = realm
        .contexts
        .iter()
        .filter(|context| {
            context.profile.spec.product == Product::Console && !enforced_domains(context).is_empty()
        })
        .collect();
    for context in &enforcing {
        let mut require = |guard: &'static str, message: String, help: &str| {
            let requirement = Requirement { guard, holds: Condition::Never, message, help: help.to_owned() };
            review.requirements.push((context.address(ENFORCEMENT), requirement));
        };
        let Some(accounts) = realm.accounts else {
            require(
                "no-break-glass",
                "the organization's users could not be listed, so nobody knows whether an administrator could sign in without it".to_owned(),
                "give Concord an OAuth app that may list managed users and role assignments",
            );
            continue;
        };
        let named: BTreeSet<String> = context
            .enablements
            .iter()
            .flat_map(|enablement| &enablement.spec.break_glass)
            .map(|email| email.trim().to_lowercase())
            .collect();
        let able = named
            .iter()
            .filter_map(|email| accounts.people.get(email))
            .filter(|person| person.is_active && person.is_administrator)
            .filter(|person| is_exempt_everywhere(person, &enforcing))
            .count();
        let least = context.tenant.spec.policy.min_break_glass().max(1);
        if able < least {
            require(
                "no-break-glass",
                format!(
                    "{able} of the {} named break-glass administrators {} active, an administrator of the organization, and free of SSO; \
                     at least {least} must be",
                    named.len(),
                    if able == 1 { "is" } else { "are" },
                ),
                "give a break-glass administrator the organization's administrator role, and see that the account is active",
            );
        }
        let domains = enforced_domains(context);
        let exempt = exempt(context);
        let left_out = accounts
            .people
            .values()
            .filter(|person| person.is_active && is_in(&domains, &person.email))
            .filter(|person| !exempt.contains(&person.email) && !realm.enabled.contains(&person.email))
            .count();
        if left_out > 0 {
            require(
                "lock-out",
                format!(
                    "{} of the enforced domains would have to sign in through it, and no enablement enables them there",
                    counted(left_out, "user")
                ),
                "select the whole domain in an enablement, or name them under `enforcement.exceptions`; `concord plan --show-users` shows who the \
                 identity provider does not know",
            );
        }
    }
    review
}

/// Whether no profile makes the person use SSO.
fn is_exempt_everywhere(person: &Person, enforcing: &[&ProfileContext<'_>]) -> bool {
    enforcing
        .iter()
        .filter(|context| is_in(&enforced_domains(context), &person.email))
        .all(|context| exempt(context).contains(&person.email))
}
