//! Which integration is a profile's, and whose it is. Pure; the rules are at the head of the folder.

use std::collections::BTreeSet;

use super::{
    convert::text_of,
    lower::field,
    wire::Integration,
};
use crate::component::{Component, Ownership, Rule, Value};

/// An integration that is a component's.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Claim<'a> {
    pub(super) integration: &'a Integration,
    pub(super) id: &'a str,
    pub(super) ownership: Ownership,
}

/// The integration of a component, if there is one. `others` are the names that the other profiles of the account have.
pub(super) fn claim<'a>(
    integrations: &'a [Integration],
    component: &Component,
    others: &BTreeSet<&str>,
) -> Option<Claim<'a>> {
    // Without an ID nothing can be done with one.
    let all: Vec<(&str, &Integration)> =
        integrations.iter().filter_map(|it| Some((it.id.as_deref()?, it))).collect();
    let found = |(id, integration): (&'a str, &'a Integration), ownership| {
        Some(Claim { integration, id, ownership })
    };
    if let Some(pin) = text_of(component, field::ID) {
        return found(*all.iter().find(|(id, _)| *id == pin)?, Ownership::Ours);
    }
    let name = component.natural_key.as_str();
    let named: Vec<_> = all.iter().copied().filter(|(_, it)| it.is_named(name)).collect();
    let ours: Vec<_> = named.iter().copied().filter(|(_, it)| evidence(component, it) > 0).collect();
    let several = |them: &[(&str, &Integration)]| {
        Ownership::Ambiguous(them.iter().map(|(id, _)| (*id).to_owned()).collect())
    };
    match (&ours[..], &named[..]) {
        ([one], _) => return found(*one, Ownership::Ours),
        ([first, ..], _) => return found(*first, several(&ours)),
        ([], [one]) => return found(*one, Ownership::Unmarked),
        ([], [first, ..]) => return found(*first, several(&named)),
        ([], []) => {}
    }
    component.field(field::OWN_APPLICATION)?;
    let renamed: Vec<_> = all
        .iter()
        .copied()
        .filter(|(_, it)| {
            evidence(component, it) == 2 && it.name.as_deref().is_none_or(|name| !others.contains(name))
        })
        .collect();
    match renamed[..] {
        [] => None,
        [one] => found(one, Ownership::Ours),
        [first, ..] => found(first, several(&renamed)),
    }
}

/// How many of sign-in URL and issuer are those that the component wants.
fn evidence(component: &Component, integration: &Integration) -> usize {
    let is_same = |path: &str, rule: Rule, seen: Option<&str>| {
        let (Some(field), Some(seen)) = (component.field(path), seen) else { return false };
        rule.is_same(&field.value, &Value::text(seen))
    };
    usize::from(is_same(field::SIGNIN_URL, Rule::Url, integration.signin_url.as_deref()))
        + usize::from(is_same(field::ENTITY_ID, Rule::Exact, integration.entity_id.as_deref()))
}
