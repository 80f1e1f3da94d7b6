//! `Field`: one desired value of a component, with everything that the comparison needs to know about it.

use super::{Capability, Value};
use crate::diagnostics::Location;

/// How two values of a field are compared. Both sides are normalised by the rule first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// They are the same value.
    Exact,
    /// They are the same text apart from ASCII case (e-mail addresses, host names, SIDs).
    IgnoreCase,
    /// They are lists with the same items, in any order, repetitions apart.
    Set,
    /// They are lists with the same first item, and the same others in any order (Auth0's callback URLs: the first is the
    /// default).
    FirstThenSet,
    /// They are equivalent URLs (RFC 3986 section 6.2.2 and 6.2.3).
    Url,
    /// They are lists of equivalent URLs, in any order.
    UrlSet,
    /// They are texts of several lines, shown as a line diff; trailing white space does not count.
    Text,
    /// The value can be written and never read: it is written when something else of the component is.
    WriteOnly,
}

/// One desired value of a component.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Where the value is in the remote object, keys joined with dots: `addons.samlp.signResponse`.
    pub path: String,
    /// What it should be.
    pub value: Value,
    /// How it is compared.
    pub rule: Rule,
    /// How it is written and read.
    pub capability: Capability,
    /// What is written as long as the value is pending, where the component may be made without it.
    pub seed: Option<Value>,
    /// Where the manifests ask for it.
    pub origin: Option<Location>,
}

impl Field {
    /// A field that is written and read by API and compared exactly.
    pub fn managed(path: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(path, value, Capability::Managed)
    }

    /// A field with a capability, compared exactly.
    pub fn new(path: impl Into<String>, value: impl Into<Value>, capability: Capability) -> Self {
        Self {
            path: path.into(),
            value: value.into(),
            rule: Rule::Exact,
            capability,
            seed: None,
            origin: None,
        }
    }

    /// Compared by another rule.
    #[must_use]
    pub fn by(mut self, rule: Rule) -> Self {
        self.rule = rule;
        self
    }

    /// Written as `seed` as long as the value is pending.
    #[must_use]
    pub fn seeded(mut self, seed: impl Into<Value>) -> Self {
        self.seed = Some(seed.into());
        self
    }

    /// Asked for at this place.
    #[must_use]
    pub fn from(mut self, origin: impl Into<Option<Location>>) -> Self {
        self.origin = origin.into();
        self
    }
}

impl Rule {
    /// A value in the form in which this rule compares it: two values are the same to the rule exactly if their normal forms
    /// are equal.
    #[must_use]
    pub fn normalise(self, value: &Value) -> Value {
        match self {
            Self::Exact | Self::WriteOnly => value.clone(),
            Self::IgnoreCase => each(value, &|text| text.to_ascii_lowercase()),
            Self::Set => sorted(value),
            Self::FirstThenSet => match value {
                Value::List(items) => {
                    let Some((first, others)) = items.split_first() else { return value.clone() };
                    let mut others = others.to_vec();
                    others.sort();
                    others.dedup();
                    others.retain(|item| item != first);
                    Value::List(std::iter::once(first.clone()).chain(others).collect())
                }
                _ => value.clone(),
            },
            Self::Url => each(value, &normal_url),
            Self::UrlSet => sorted(&each(value, &normal_url)),
            Self::Text => each(value, &|text| {
                let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
                while lines.last().is_some_and(|line| line.is_empty()) {
                    lines.pop();
                }
                lines.join("\n")
            }),
        }
    }

    /// Whether two values are the same to this rule. A value that is pending is the same as nothing.
    pub fn is_same(self, one: &Value, other: &Value) -> bool {
        !one.is_pending() && !other.is_pending() && self.normalise(one) == self.normalise(other)
    }
}

fn each(value: &Value, change: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::Text(text) => Value::Text(change(text)),
        Value::List(items) => Value::List(items.iter().map(|item| each(item, change)).collect()),
        other => other.clone(),
    }
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::List(items) => {
            let mut items = items.clone();
            items.sort();
            items.dedup();
            Value::List(items)
        }
        other => other.clone(),
    }
}

/// Scheme and host in lower case, default port dropped, dot segments resolved, an empty path as `/` (RFC 3986 section 6.2).
/// A text that is no URL stays as it is.
fn normal_url(text: &str) -> String {
    url::Url::parse(text.trim()).map_or_else(|_| text.to_owned(), Into::into)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_of_a_first_then_set_counts() {
        let list = |items: &[&str]| Value::texts(items.iter().copied());
        assert!(Rule::FirstThenSet.is_same(&list(&["a", "b", "c"]), &list(&["a", "c", "b"])));
        assert!(!Rule::FirstThenSet.is_same(&list(&["a", "b"]), &list(&["b", "a"])));
        assert!(Rule::Set.is_same(&list(&["a", "b"]), &list(&["b", "a", "b"])));
        assert!(!Rule::Exact.is_same(&list(&["a", "b"]), &list(&["b", "a"])));
    }

    #[test]
    fn equivalent_urls_are_the_same() {
        let url = Value::text;
        assert!(Rule::Url.is_same(&url("HTTPS://Example.com:443"), &url("https://example.com/")));
        assert!(!Rule::Url.is_same(&url("https://example.com/a"), &url("https://example.com/A")));
    }

    #[test]
    fn a_pending_value_is_the_same_as_nothing() {
        let from = "nss/SsoProfile/flex/flex.trust".parse().unwrap();
        let pending = Value::output_of(&from, "acsUrl");
        assert!(!Rule::Exact.is_same(&pending, &pending));
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            "[a-zA-Z:/. \n]{0,12}".prop_map(Value::Text),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                prop::collection::btree_map("[a-z]{1,3}", inner, 0..3).prop_map(Value::Map),
            ]
        })
    }

    fn rules() -> impl Strategy<Value = Rule> {
        prop_oneof![
            Just(Rule::Exact),
            Just(Rule::IgnoreCase),
            Just(Rule::Set),
            Just(Rule::FirstThenSet),
            Just(Rule::Url),
            Just(Rule::UrlSet),
            Just(Rule::Text),
        ]
    }

    proptest! {
        #[test]
        fn every_value_is_the_same_as_itself_and_normal_forms_are_stable(rule in rules(), value in values()) {
            prop_assert!(rule.is_same(&value, &value));
            let normal = rule.normalise(&value);
            prop_assert_eq!(rule.normalise(&normal), normal.clone());
            prop_assert!(rule.is_same(&value, &normal));
        }

        #[test]
        fn sameness_is_symmetric(rule in rules(), one in values(), other in values()) {
            prop_assert_eq!(rule.is_same(&one, &other), rule.is_same(&other, &one));
        }
    }
}
