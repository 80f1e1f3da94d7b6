//! Offline rules: what is wrong or unwise in the manifests before anything is read. One file a rule or a small family of rules,
//! registered in one table; each finding has a stable code that `concord explain` knows.
//!
//! Rules do no I/O and know no clock: files that the manifests refer to and the present moment come with the [`Context`].

mod attribute_maps;
mod attribute_vendors;
pub mod codes;
mod flex_attributes;
mod flex_roles;
mod flex_sources;
mod flex_types;
mod maps;
mod service_provider;
mod sids;
#[cfg(test)]
mod testing;
mod trusted_urls;
mod vanity_domains;

mod addresses;
mod break_glass;
mod certificates;
mod domains;
mod edits;
mod endpoints;
mod fit;
mod flex_legacy;
mod google;
mod idp_domain;
mod name_id;
mod people;
mod redact;
mod removal;
mod requirements;
mod roles;
mod rollout;
mod secrets;
mod session;
mod signing;
mod trust;
mod unused;
mod user_attributes;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    diagnostics::{Code, Findings},
    manifest::Manifests,
};

/// What rules look at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The project's manifests, with every reference resolvable.
    pub manifests: &'a Manifests,
    /// The files that manifests refer to by the path that they write, or why one cannot be read.
    pub files: &'a BTreeMap<String, Result<Vec<u8>, String>>,
    /// The present moment, for certificates and ends of life.
    pub now: Timestamp,
}

impl<'a> Context<'a> {
    /// A context.
    pub fn new(
        manifests: &'a Manifests,
        files: &'a BTreeMap<String, Result<Vec<u8>, String>>,
        now: Timestamp,
    ) -> Self {
        Self { manifests, files, now }
    }
}

/// A rule: the codes that it can find, and the function that looks.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The codes.
    pub codes: &'static [&'static Code],
    /// Looks, and says everything that it finds.
    pub check: fn(&Context<'_>, &mut Findings),
}

/// Every rule.
pub const RULES: &[Rule] = &[
    certificates::RULE,
    domains::RULE,
    fit::RULE,
    flex_legacy::RULE,
    google::RULE,
    idp_domain::RULE,
    name_id::RULE,
    requirements::RULE,
    session::RULE,
    signing::RULE,
    trust::RULE,
    unused::RULE,
    addresses::RULE,
    break_glass::RULE,
    roles::RULE,
    rollout::RULE,
    endpoints::RULE,
    removal::RULE,
    secrets::RULE,
    user_attributes::RULE,
    attribute_maps::RULE,
    attribute_vendors::RULE,
    flex_attributes::RULE,
    flex_roles::RULE,
    flex_sources::RULE,
    flex_types::RULE,
    service_provider::RULE,
    sids::RULE,
    trusted_urls::RULE,
    vanity_domains::RULE,
];

/// Runs every rule.
pub fn run(context: &Context<'_>, findings: &mut Findings) {
    for rule in RULES {
        (rule.check)(context, findings);
    }
}

/// The codes of every rule.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    RULES.iter().flat_map(|rule| rule.codes).copied()
}
