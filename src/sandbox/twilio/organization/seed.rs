//! `twilio.organizations.OR...` in `sandbox.yaml`: the owner, administrators, users, roles, domains, and the OAuth apps with their
//! permissions.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, json};

use crate::sandbox::error::SandboxError;
use crate::sandbox::ids;
use crate::sandbox::rate::Limit;
use crate::sandbox::store::Transaction;
use crate::sandbox::twilio::account::is_sid;

use super::document::{OAuthClient, Organization, derived_sid};
use super::domain::Domain;
use super::refusal::Refusal;
use super::roles::{self, ADMINISTRATOR, OWNER, Role};
use super::users::{self, User};

/// One organization of the seed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct OrganizationSeed {
    #[serde(default)]
    friendly_name: Option<String>,
    /// The owner's e-mail address.
    owner: String,
    /// Users who administer everything, by e-mail address.
    #[serde(default)]
    administrators: Vec<String>,
    /// The accounts that the organization manages.
    #[serde(default)]
    accounts: Vec<String>,
    #[serde(default)]
    users: Vec<UserSeed>,
    #[serde(default)]
    generate_users: Option<Generated>,
    #[serde(default)]
    roles: Vec<RoleSeed>,
    #[serde(default)]
    domains: Vec<DomainSeed>,
    #[serde(default)]
    oauth_clients: Vec<OAuthClient>,
    #[serde(default)]
    rate_limit: Limit,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct UserSeed {
    /// The user SID, where manifests name it; else a new one.
    #[serde(default)]
    sid: Option<String>,
    email: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    given_name: Option<String>,
    #[serde(default)]
    family_name: Option<String>,
    #[serde(default)]
    external_id: Option<String>,
    #[serde(default = "yes")]
    active: bool,
    #[serde(default)]
    suspended: bool,
    /// `Role Name`, or `Role Name@AC...`.
    #[serde(default)]
    roles: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Generated {
    count: usize,
    domain: String,
    #[serde(default = "user")]
    prefix: String,
    /// Roles of everybody.
    #[serde(default)]
    roles: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RoleSeed {
    friendly_name: String,
    #[serde(default = "account")]
    lowest_level: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DomainSeed {
    name: String,
    /// `unverified`, `verified` or `verified-uncertain`.
    #[serde(default = "verified")]
    status: String,
    /// 32 hexadecimal digits.
    #[serde(default)]
    token: Option<String>,
}

fn yes() -> bool {
    true
}

fn user() -> String {
    "user".into()
}

fn account() -> String {
    "ACCOUNT".into()
}

fn verified() -> String {
    "verified".into()
}

impl OrganizationSeed {
    /// Makes the organization.
    pub(crate) fn apply(
        &self,
        documents: &mut Transaction<'_>,
        sid: &str,
        now: Timestamp,
    ) -> Result<(), SandboxError> {
        let wrong = |what: &str, reason: String| SandboxError::Seed {
            object: format!("twilio.organizations.{sid}{what}"),
            reason,
        };
        if !is_sid(sid, "OR") {
            return Err(wrong("", "an organization SID is OR and 32 hexadecimal digits".into()));
        }
        if let Some(account) = self.accounts.iter().find(|account| !is_sid(account, "AC")) {
            return Err(wrong(".accounts", format!("{account:?} is no account SID")));
        }
        let mut organization = Organization {
            sid: sid.to_owned(),
            friendly_name: self.friendly_name.clone().unwrap_or_else(|| "Sandbox organization".into()),
            owner: String::new(),
            accounts: self.accounts.clone(),
            oauth_clients: self.oauth_clients.clone(),
            rate_limit: self.rate_limit,
        };
        organization.save(documents);
        for (at, domain) in self.domains.iter().enumerate() {
            domain.apply(documents, sid, now).map_err(|why| wrong(&format!(".domains[{at}]"), why))?;
        }
        for role in &self.roles {
            let role = Role::new(&role.friendly_name, "custom", &role.lowest_level);
            roles::save_role(documents, sid, &role);
        }
        let refused = |what: String| move |refusal: Refusal| wrong(&what, refusal.message);
        let named = self.users.iter().map(|user| user.email.to_lowercase());
        let named: Vec<String> = named.collect();
        // Owner and administrators need no entry of their own.
        let others = [&self.owner].into_iter().chain(&self.administrators);
        let others = others.filter(|email| !named.contains(&email.to_lowercase()));
        let others: Vec<UserSeed> = others.map(|email| UserSeed::named(email)).collect();
        for (at, user) in others.iter().chain(&self.users).enumerate() {
            let what = format!(".users[{at}] ({})", user.email);
            user.apply(documents, &organization, now).map_err(refused(what))?;
        }
        if let Some(generated) = &self.generate_users {
            generated.apply(documents, &organization, now).map_err(refused(".generateUsers".into()))?;
        }
        let user = |documents: &Transaction<'_>, email: &str| {
            let found = users::by_email(documents, sid, email).map(|user| user.sid);
            found.ok_or_else(|| wrong("", format!("{email} is no user of the organization")))
        };
        organization.owner = user(documents, &self.owner)?;
        organization.save(documents);
        let owner = organization.owner.clone();
        roles::store(documents, &organization, &Role::new(OWNER, "", "").sid, sid, &owner, now);
        for email in &self.administrators {
            let identity = user(documents, email)?;
            let role = Role::new(ADMINISTRATOR, "", "").sid;
            roles::assign(documents, &organization, &role, sid, &identity, now)
                .map_err(refused(format!(".administrators ({email})")))?;
        }
        Ok(())
    }
}

impl DomainSeed {
    fn apply(
        &self,
        documents: &mut Transaction<'_>,
        organization: &str,
        now: Timestamp,
    ) -> Result<(), String> {
        if !matches!(self.status.as_str(), "unverified" | "verified" | "verified-uncertain") {
            return Err(format!("{:?} is no status", self.status));
        }
        let name = self.name.to_lowercase();
        let mut domain = Domain::new(organization, &name, now);
        domain.token = match &self.token {
            Some(token) => token.clone(),
            // The same in every sandbox of this seed.
            None => derived_sid("", &format!("token of {organization} {name}")),
        };
        domain.status.clone_from(&self.status);
        if domain.is_verified() {
            domain.verification_type = Some("dns".into());
            domain.date_last_verification = Some(ids::seconds(now));
        }
        domain.save(documents, organization);
        Ok(())
    }
}

impl UserSeed {
    fn named(email: &str) -> Self {
        Self {
            sid: None,
            email: email.to_owned(),
            display_name: None,
            given_name: None,
            family_name: None,
            external_id: None,
            active: true,
            suspended: false,
            roles: Vec::new(),
        }
    }

    fn apply(
        &self,
        documents: &mut Transaction<'_>,
        organization: &Organization,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let mut attributes = Map::new();
        attributes.insert("userName".into(), self.email.as_str().into());
        attributes.insert("emails".into(), json!([{"primary": true, "value": self.email, "type": "work"}]));
        attributes.insert("active".into(), self.active.into());
        for (key, value) in [("displayName", &self.display_name), ("externalId", &self.external_id)] {
            attributes.extend(value.as_deref().map(|value| (key.to_owned(), value.into())));
        }
        let name: Map<_, _> = [("givenName", &self.given_name), ("familyName", &self.family_name)]
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value.as_deref()?.into())))
            .collect();
        if !name.is_empty() {
            attributes.insert("name".into(), name.into());
        }
        let mut user = users::add(documents, organization, attributes, now)?;
        if let Some(sid) = &self.sid {
            if !is_sid(sid, "US") {
                return Err(Refusal::value(format!("{sid:?} is no user SID")));
            }
            documents.remove(&users::table(&organization.sid), &user.sid);
            user.sid.clone_from(sid);
        }
        User { suspended: self.suspended, ..user.clone() }.save(documents, &organization.sid);
        assign_all(documents, organization, &self.roles, &user.sid, now)
    }
}

impl Generated {
    /// Stores the users as they are: the checks of each against all others would take long for ten thousand.
    fn apply(
        &self,
        documents: &mut Transaction<'_>,
        organization: &Organization,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let at = ids::millis(now);
        let all = roles::all(documents, &organization.sid);
        for number in 1..=self.count {
            let email = format!("{}{number:05}@{}", self.prefix, self.domain);
            let attributes = json!({
                "userName": email, "emails": [{"primary": true, "value": email, "type": "work"}], "active": true,
                "displayName": format!("User {number:05}"),
            });
            let user = User {
                sid: format!("US{}", ids::hex32()),
                attributes: attributes.as_object().cloned().unwrap_or_default(),
                version: 1,
                created: at.clone(),
                modified: at.clone(),
                suspended: false,
                sso_profile: None,
            };
            user.save(documents, &organization.sid);
            for text in &self.roles {
                let (role, scope) = role_of(&all, organization, text)?;
                roles::store(documents, organization, &role, &scope, &user.sid, now);
            }
        }
        Ok(())
    }
}

fn assign_all(
    documents: &mut Transaction<'_>,
    organization: &Organization,
    texts: &[String],
    user: &str,
    now: Timestamp,
) -> Result<(), Refusal> {
    let all = roles::all(documents, &organization.sid);
    for text in texts {
        let (role, scope) = role_of(&all, organization, text)?;
        roles::assign(documents, organization, &role, &scope, user, now)?;
    }
    Ok(())
}

/// `Role Name` or `Role Name@AC...` as SIDs of role and scope.
fn role_of(all: &[Role], organization: &Organization, text: &str) -> Result<(String, String), Refusal> {
    let (name, scope) = text.split_once('@').unwrap_or((text, &organization.sid));
    let role = all.iter().find(|role| role.friendly_name == name);
    let role = role.ok_or_else(|| Refusal::value(format!("{name:?} is no role")))?;
    Ok((role.sid.clone(), scope.to_owned()))
}
