//! What the DNS says of a vanity domain.

use std::collections::BTreeMap;

use super::lower::field;
use crate::{
    component::{Component, Observation, Observed, Unknown, UnknownReason, Value},
    dns::{Dns, DnsError},
};

/// Asks for what the component compares, and nothing else.
pub(super) async fn observe(dns: &Dns, component: &Component, hostname: &str) -> Observation {
    let mut fields = BTreeMap::new();
    let addresses = match dns.addresses(hostname).await {
        Ok(addresses) => addresses,
        Err(error) if error.is_absent() => Default::default(),
        Err(error) => return Observation::Unknown(unknown(&error)),
    };
    fields.insert(field::RESOLVES.to_owned(), Value::Bool(!addresses.is_empty()));
    fields.insert(field::ADDRESSES.to_owned(), Value::texts(addresses.iter().map(ToString::to_string)));
    if component.field(field::CNAME).is_some() {
        let cname = match dns.cname(hostname).await {
            Ok(target) => Value::Text(target),
            Err(error) if error.is_absent() => Value::Null,
            Err(error) => return Observation::Unknown(unknown(&error)),
        };
        fields.insert(field::CNAME.to_owned(), cname);
    }
    Observation::Present(Box::new(Observed { id: hostname.to_owned(), fields, ..Observed::default() }))
}

fn unknown(error: &DnsError) -> Unknown {
    let reason = match error {
        DnsError::NoAnswer { .. } => UnknownReason::Unreachable,
        _ => UnknownReason::Unexpected,
    };
    Unknown {
        reason,
        message: error.to_string(),
        help: miette::Diagnostic::help(error).map(|help| help.to_string()),
    }
}
