//! `Value`: a field's value, desired or observed. Unlike JSON it knows certificates, and values that are known only after
//! another component was changed.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Number;

use super::Address;
use crate::saml::Certificate;

/// A field's value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// Nothing: the field is not set.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
    /// A list; whether its order matters is the field's rule.
    List(Vec<Value>),
    /// Keys and values.
    Map(BTreeMap<String, Value>),
    /// An X.509 certificate, shown decoded and compared by fingerprint.
    Certificate(Certificate),
    /// An output of another component, known once that one was applied.
    Pending(Reference),
}

/// An output of another component.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// The component that gives it.
    pub from: Address,
    /// The output's name there.
    pub output: String,
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// An output of another component.
    pub fn output_of(from: &Address, output: impl Into<String>) -> Self {
        Self::Pending(Reference { from: from.clone(), output: output.into() })
    }

    /// A list of texts.
    pub fn texts<I>(texts: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self::List(texts.into_iter().map(Self::text).collect())
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The list's items, if it is one.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// Every reference in the value, at any depth.
    pub fn references(&self) -> Vec<&Reference> {
        let mut found = Vec::new();
        self.collect_references(&mut found);
        found
    }

    fn collect_references<'a>(&'a self, found: &mut Vec<&'a Reference>) {
        match self {
            Self::Pending(reference) => found.push(reference),
            Self::List(items) => items.iter().for_each(|item| item.collect_references(found)),
            Self::Map(entries) => entries.values().for_each(|item| item.collect_references(found)),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Text(_) | Self::Certificate(_) => {}
        }
    }

    /// Whether some part of the value is not known yet.
    pub fn is_pending(&self) -> bool {
        !self.references().is_empty()
    }

    /// The value with every reference that `lookup` knows replaced.
    #[must_use]
    pub fn resolve(&self, lookup: &impl Fn(&Reference) -> Option<Self>) -> Self {
        match self {
            Self::Pending(reference) => lookup(reference).unwrap_or_else(|| self.clone()),
            Self::List(items) => Self::List(items.iter().map(|item| item.resolve(lookup)).collect()),
            Self::Map(entries) => {
                Self::Map(entries.iter().map(|(key, item)| (key.clone(), item.resolve(lookup))).collect())
            }
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Text(_) | Self::Certificate(_) => self.clone(),
        }
    }

    /// The value as plain JSON for plans: certificates as their summary, pending values as null.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null | Self::Pending(_) => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Int(value) => (*value).into(),
            Self::Text(text) => text.as_str().into(),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(entries) => serde_json::Value::Object(
                entries.iter().map(|(key, item)| (key.clone(), item.to_json())).collect(),
            ),
            Self::Certificate(certificate) => {
                serde_json::to_value(certificate).unwrap_or(serde_json::Value::Null)
            }
        }
    }

    /// The value as JSON for digests: certificates by their SHA-256 fingerprint, pending values by their reference.
    pub fn to_canonical_json(&self) -> serde_json::Value {
        match self {
            Self::Certificate(certificate) => certificate.sha256_fingerprint().into(),
            Self::Pending(reference) => {
                serde_json::json!({"pending": reference.from.to_string(), "output": reference.output})
            }
            Self::List(items) => items.iter().map(Self::to_canonical_json).collect(),
            Self::Map(entries) => serde_json::Value::Object(
                entries.iter().map(|(key, item)| (key.clone(), item.to_canonical_json())).collect(),
            ),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Text(_) => self.to_json(),
        }
    }

    /// A JSON value as a field's value; a number that is not whole becomes its text, so nothing is lost.
    pub fn from_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::Number(number) => {
                Number::as_i64(number).map_or_else(|| Self::Text(number.to_string()), Self::Int)
            }
            serde_json::Value::String(text) => Self::Text(text.clone()),
            serde_json::Value::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            serde_json::Value::Object(entries) => {
                Self::Map(entries.iter().map(|(key, item)| (key.clone(), Self::from_json(item))).collect())
            }
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<Certificate> for Value {
    fn from(certificate: Certificate) -> Self {
        Self::Certificate(certificate)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}
