//! One component against what was observed: which fields differ, by each field's own rule. Knows no vendor; both sides come
//! normalised, with the server's defaults put in.

use super::{attest::Standing, change::FieldChange};
use crate::component::{Capability, Component, Field, Observed, ReadChannel, Rule, Value, WriteChannel};

/// How a component's fields stand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Difference {
    /// Fields that are written by API and differ.
    pub managed: Vec<FieldChange>,
    /// Fields that a person has to enter.
    pub manual: Vec<FieldChange>,
    /// Fields that differ and that nobody here writes.
    pub drift: Vec<FieldChange>,
    /// Whether a probe sees something else than what was attested.
    pub is_contradicted: bool,
}

/// The fields of a component that does not exist: all of them are new.
pub fn of_absent(component: &Component) -> Difference {
    let mut difference = Difference::default();
    for field in &component.fields {
        let change = change(field, None);
        match field.capability.write() {
            WriteChannel::Api => difference.managed.push(change),
            WriteChannel::Manual => difference.manual.push(change),
            WriteChannel::None => {}
        }
    }
    difference
}

/// The fields of a component that exists, without those that its lifecycle ignores.
pub fn of_present(component: &Component, observed: &Observed, standing: Standing<'_>) -> Difference {
    let mut difference = Difference::default();
    let is_attested = matches!(standing, Standing::Attested(_));
    for field in component.fields.iter().filter(|field| !is_ignored(component, &field.path)) {
        let seen = observed.fields.get(&field.path);
        match field.capability {
            Capability::Managed => {
                if field.rule != Rule::WriteOnly
                    && !field.rule.is_same(&field.value, seen.unwrap_or(&Value::Null))
                {
                    difference.managed.push(change(field, Some(seen.cloned().unwrap_or(Value::Null))));
                }
            }
            Capability::Observed => {
                // What could not be read says nothing; a value that is not known yet cannot differ.
                if let Some(seen) = seen
                    && !field.value.is_pending()
                    && !field.rule.is_same(&field.value, seen)
                {
                    difference.drift.push(change(field, Some(seen.clone())));
                }
            }
            Capability::Probed | Capability::Attested => {
                let probed = seen.filter(|_| field.capability.read() == ReadChannel::Probe);
                match probed {
                    Some(seen) if field.rule.is_same(&field.value, seen) => {}
                    Some(seen) => {
                        difference.is_contradicted |= is_attested;
                        difference.manual.push(change(field, Some(seen.clone())));
                    }
                    None if is_attested => {}
                    None => {
                        let before = attested_value(standing, field);
                        // A value that was attested before and is still wanted needs no second look, even if others
                        // of the step changed; it is kept in the digest all the same.
                        if before.as_ref().is_none_or(|before| !is_same_json(field, before)) {
                            difference.manual.push(change(field, before.map(|json| Value::from_json(&json))));
                        }
                    }
                }
            }
            Capability::Derived => {}
        }
    }
    difference
}

/// What an earlier attestation says that was entered, in its canonical form.
fn attested_value(standing: Standing<'_>, field: &Field) -> Option<serde_json::Value> {
    standing.attestation()?.spec.inputs.get(&field.path).cloned()
}

fn is_same_json(field: &Field, attested: &serde_json::Value) -> bool {
    !field.value.is_pending() && field.rule.normalise(&field.value).to_canonical_json() == *attested
}

fn change(field: &Field, before: Option<Value>) -> FieldChange {
    FieldChange {
        path: field.path.clone(),
        capability: field.capability,
        rule: field.rule,
        before,
        after: field.value.clone(),
    }
}

/// Whether the lifecycle says that a field is left as it is found. A pattern is `component type/path`, or just a path; a trailing
/// `*` matches any ending.
fn is_ignored(component: &Component, path: &str) -> bool {
    let qualified = format!("{}/{path}", component.address.component_type());
    component.lifecycle.ignore.iter().any(|pattern| {
        let subject = if pattern.contains('/') { qualified.as_str() } else { path };
        match pattern.strip_suffix('*') {
            Some(prefix) => subject.starts_with(prefix),
            None => subject == pattern,
        }
    })
}
