//! Which integration is a profile's, and whose it is. Pure; the rules are at the head of the folder.

use std::collections::BTreeSet;

use super::{convert::text_of, lower::field, wire::Integration};
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
    let found =
        |(id, integration): (&'a str, &'a Integration), ownership| Some(Claim { integration, id, ownership });
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::lower::tests::lowered, *};

    const PROFILE: &str = "{product: sendgrid, friendlyName: Okta, identityProvider: okta, urls: {signOut: 'https://a.okta.com/'}}";
    const URL: &str = "https://a.okta.com/app/x/exk1/sso/saml";
    const ISSUER: &str = "http://www.okta.com/exk1";

    /// The component once the application's values are known.
    fn component(profile: &str) -> Component {
        let mut component = lowered(profile).remove(0);
        for (path, text) in [(field::SIGNIN_URL, URL), (field::ENTITY_ID, ISSUER)] {
            component.fields.iter_mut().find(|it| it.path == path).unwrap().value = Value::text(text);
        }
        component
    }

    fn integrations(all: &[(&str, &str, &str, &str)]) -> Vec<Integration> {
        let one = |(id, name, url, issuer): &(&str, &str, &str, &str)| {
            serde_json::from_value(json!({"id": id, "name": name, "signin_url": url, "entity_id": issuer}))
                .unwrap()
        };
        all.iter().map(one).collect()
    }

    #[track_caller]
    fn check(component: &Component, all: &[(&str, &str, &str, &str)], expected: Option<(&str, Ownership)>) {
        let integrations = integrations(all);
        let found = claim(&integrations, component, &["Other profile"].into());
        assert_eq!(found.map(|it| (it.id, it.ownership)), expected, "{all:?}");
    }

    #[test]
    fn an_integration_is_ours_by_name_and_by_where_it_leads() {
        let ours = component(PROFILE);
        let elsewhere = "https://b.okta.com/";
        check(&ours, &[("1", "Agency", elsewhere, "x")], None);
        check(&ours, &[("1", "Okta", URL, "changed")], Some(("1", Ownership::Ours)));
        check(&ours, &[("1", "Okta", elsewhere, ISSUER)], Some(("1", Ownership::Ours)));
        check(&ours, &[("1", "Okta", elsewhere, "x")], Some(("1", Ownership::Unmarked)));
        check(
            &ours,
            &[("1", "Okta", elsewhere, "x"), ("2", "Okta", URL, ISSUER)],
            Some(("2", Ownership::Ours)),
        );
        let both = Ownership::Ambiguous(vec!["1".to_owned(), "2".to_owned()]);
        check(&ours, &[("1", "Okta", URL, ISSUER), ("2", "Okta", URL, ISSUER)], Some(("1", both)));
    }

    #[test]
    fn another_name_is_a_rename_where_nothing_else_can_lead_to_our_application() {
        let ours = component(PROFILE);
        check(&ours, &[("1", "Before", URL, ISSUER)], Some(("1", Ownership::Ours)));
        check(&ours, &[("1", "Before", URL, "x")], None);
        check(&ours, &[("1", "Other profile", URL, ISSUER)], None);
        let mut shared = ours;
        shared.fields.retain(|it| it.path != field::OWN_APPLICATION);
        check(&shared, &[("1", "Before", URL, ISSUER)], None);
    }

    #[test]
    fn a_pin_decides_alone() {
        let pinned = component(&PROFILE.replace("friendlyName", "connection: '7', friendlyName"));
        check(
            &pinned,
            &[("1", "Okta", URL, ISSUER), ("7", "x", "https://b/", "y")],
            Some(("7", Ownership::Ours)),
        );
        check(&pinned, &[("1", "Okta", URL, ISSUER)], None);
    }
}
