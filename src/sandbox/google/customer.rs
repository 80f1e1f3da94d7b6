//! A customer: its settings, where its documents are, and which one an address belongs to.

use serde::{Deserialize, Serialize};

use jiff::Timestamp;

use crate::sandbox::error::SandboxError;
use crate::sandbox::rate::Limit;
use crate::sandbox::store::Transaction;
use crate::sandbox::{certificate, ids};

use super::refusal::Refusal;
use super::users;

/// Table of the customers, by ID.
pub(super) const CUSTOMERS: &str = "google/customers";

/// A customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Customer {
    /// `C...`.
    pub(super) id: String,
    /// In lower case, the primary one first.
    pub(super) domains: Vec<String>,
    /// The identity provider's ID, which ends its Entity ID and SSO URL.
    pub(super) idp_id: String,
    /// What the identity provider signs with, in PEM.
    pub(super) certificate: String,
    /// Service accounts with domain-wide delegation; with none, every one has all scopes.
    pub(super) service_accounts: Vec<ServiceAccount>,
    pub(super) rate_limit: Limit,
    /// How many reads of a document do not know its last change.
    pub(super) read_lag: u32,
}

/// A service account with domain-wide delegation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ServiceAccount {
    pub(super) email: String,
    /// The scopes that it is delegated, in full or from `admin.` on.
    pub(super) scopes: Vec<String>,
}

impl Customer {
    /// The table of one kind of documents.
    pub(super) fn table(&self, kind: &str) -> String {
        format!("google/{}/{kind}", self.id)
    }

    /// Refuses another customer's ID.
    pub(super) fn is_meant_by(&self, id: &str) -> Result<(), Refusal> {
        if id == "my_customer" || id == self.id { Ok(()) } else { Err(Refusal::not_authorized()) }
    }

    pub(super) fn entity_id(&self) -> String {
        format!("https://accounts.google.com/o/saml2?idpid={}", self.idp_id)
    }

    pub(super) fn sso_url(&self) -> String {
        format!("https://accounts.google.com/o/saml2/idp?idpid={}", self.idp_id)
    }

    /// Whether an address can be one of the customer's.
    pub(super) fn has_domain_of(&self, email: &str) -> bool {
        email.rsplit_once('@').is_some_and(|(_, domain)| self.domains.iter().any(|it| it == domain))
    }
}

pub(super) fn read(documents: &Transaction<'_>, id: &str) -> Option<Customer> {
    documents.read(CUSTOMERS, id)
}

/// The customer of an ID or a domain, as the Admin console's page names it.
pub(super) fn find(documents: &Transaction<'_>, id: &str) -> Option<Customer> {
    read(documents, id).or_else(|| {
        let mut all = documents.read_list::<Customer>(CUSTOMERS).into_iter();
        all.find(|it| it.domains.iter().any(|domain| domain == id))
    })
}

/// The customer of an identity provider's ID.
pub(super) fn of_idp(documents: &Transaction<'_>, idp_id: &str) -> Option<Customer> {
    documents.read_list::<Customer>(CUSTOMERS).into_iter().find(|it| it.idp_id == idp_id)
}

/// The customer of an administrator's address. A domain that nobody has is given a customer, with this administrator.
pub(super) fn of_subject(
    documents: &mut Transaction<'_>,
    subject: &str,
    now: Timestamp,
) -> Result<Option<Customer>, SandboxError> {
    let subject = subject.to_lowercase();
    let Some((_, domain)) = subject.rsplit_once('@').filter(|(_, domain)| domain.contains('.')) else {
        return Ok(None);
    };
    if let Some(customer) = find(documents, domain) {
        return Ok(Some(customer));
    }
    let id = format!("C0{}", ids::alphanumeric(7).to_lowercase());
    let customer = Customer {
        domains: vec![domain.to_owned()],
        idp_id: id.clone(),
        certificate: certificate::make("Google", now)?,
        service_accounts: Vec::new(),
        rate_limit: Limit::default(),
        read_lag: 0,
        id,
    };
    documents.write(CUSTOMERS, &customer.id, &customer);
    users::add(documents, &customer, &users::New::administrator(&subject), now);
    Ok(Some(customer))
}
