//! Google's part of the seed: `google.customers.ID`.
//!
//! ```yaml
//! google:
//!   customers:
//!     C00abc123:
//!       domains: [connie.one]
//!       idpId: C00abc123                     # the default is the customer's ID
//!       certificate: |-                      # what Google signs with; made where it is left out
//!         -----BEGIN CERTIFICATE-----
//!       users: [{email: a@connie.one, givenName: Ann, familyName: Lee, suspended: false, isAdmin: false, aliases: [ann@connie.one],
//!                orgUnitPath: /Care, department: Care, customSchemas: {Flex_Details: {Roles: [{value: agent}]}}}]
//!       generateUsers: {count: 5000, domain: connie.one, prefix: user}   # user00001@connie.one and so on
//!       groups: [{email: agents@connie.one, name: Agents, members: [a@connie.one]}]
//!       schemas: [{schemaName: Care, displayName: Care, fields: [...]}]  # as schemas.insert takes them
//!       apps: [{name: Intranet, acsUrl: https://intranet.example.com/acs, entityId: urn:intranet}]
//!       serviceAccounts: [{email: concord@p.iam.gserviceaccount.com, scopes: [admin.directory.user]}]  # none: any has all scopes
//!       readLag: 1                           # so many reads of an object do not know its last change
//!       rateLimit: {requests: 2000, perSeconds: 1}
//! ```

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::sandbox::certificate;
use crate::sandbox::error::SandboxError;
use crate::sandbox::rate::Limit;
use crate::sandbox::store::Transaction;

use super::customer::{CUSTOMERS, Customer, ServiceAccount};
use super::{apps, groups, schemas, users};

/// `google:` in `sandbox.yaml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Seed {
    #[serde(default)]
    customers: BTreeMap<String, Seeded>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Seeded {
    domains: Vec<String>,
    idp_id: Option<String>,
    certificate: Option<String>,
    users: Vec<users::New>,
    generate_users: Option<Generated>,
    groups: Vec<Group>,
    schemas: Vec<Value>,
    apps: Vec<Value>,
    service_accounts: Vec<ServiceAccount>,
    read_lag: u32,
    rate_limit: Limit,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Group {
    email: String,
    name: String,
    #[serde(default)]
    members: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Generated {
    count: usize,
    domain: String,
    #[serde(default)]
    prefix: Option<String>,
}

impl Seed {
    /// Makes the customers.
    pub(crate) fn apply(&self, documents: &mut Transaction<'_>, now: Timestamp) -> Result<(), SandboxError> {
        self.customers.iter().try_for_each(|(id, seeded)| seeded.apply(documents, id, now))
    }
}

impl Seeded {
    fn apply(&self, documents: &mut Transaction<'_>, id: &str, now: Timestamp) -> Result<(), SandboxError> {
        let wrong = |what: &str, reason: String| SandboxError::Seed {
            object: format!("google.customers.{id}.{what}"),
            reason,
        };
        let pem = match &self.certificate {
            Some(pem) => pem.clone(),
            None => certificate::make("Google", now)?,
        };
        certificate::read(&pem).map_err(|why| wrong("certificate", why))?;
        if self.domains.is_empty() {
            return Err(wrong("domains", "a customer has a domain".to_owned()));
        }
        let customer = Customer {
            id: id.to_owned(),
            domains: self.domains.iter().map(|it| it.to_lowercase()).collect(),
            idp_id: self.idp_id.clone().unwrap_or_else(|| id.to_owned()),
            certificate: pem,
            service_accounts: self.service_accounts.clone(),
            rate_limit: self.rate_limit,
            read_lag: self.read_lag,
        };
        documents.write(CUSTOMERS, id, &customer);
        for schema in &self.schemas {
            schemas::add(documents, &customer, schema)
                .map_err(|refusal| wrong("schemas", refusal.message))?;
        }
        for user in &self.users {
            if !customer.has_domain_of(&user.email.to_lowercase()) {
                return Err(wrong("users", format!("{} is in none of the domains", user.email)));
            }
            schemas::check_values(documents, &customer, &user.custom_schemas)
                .map_err(|refusal| wrong("users", refusal.message))?;
            users::add(documents, &customer, user, now);
        }
        if let Some(Generated { count, domain, prefix }) = &self.generate_users {
            for number in 1..=*count {
                let user = users::New {
                    email: format!("{}{number:05}@{domain}", prefix.as_deref().unwrap_or("user")),
                    given_name: "User".to_owned(),
                    family_name: format!("{number:05}"),
                    ..users::New::default()
                };
                users::add(documents, &customer, &user, now);
            }
        }
        for group in &self.groups {
            groups::add(documents, &customer, &group.email, &group.name, &group.members);
        }
        for app in &self.apps {
            apps::add(documents, &customer, app).map_err(|refusal| wrong("apps", refusal.message))?;
        }
        Ok(())
    }
}
