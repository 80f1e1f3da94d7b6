//! SSO profiles of an organization (`docs/iam/single-sign-on`): made, trust entered, tested, enforced by domain, switched by user. The
//! forms of a connection's ID and of the assertion consumer URL are not documented; both are shown, never derived by a reader.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::sandbox::store::Transaction;
use crate::sandbox::twilio::refusal::Refusal;
use crate::sandbox::twilio::test_login::TestResult;
use crate::sandbox::vendor::Call;
use crate::sandbox::{certificate, ids};

use super::document::{self, Organization};
use super::domain;
use super::roles::{self, ADMINISTRATOR, OWNER};
use super::users::{self, User};

/// A profile as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    pub(super) id: String,
    pub(super) friendly_name: String,
    pub(super) identity_provider: String,
    /// None until the details of the identity provider were entered.
    pub(super) issuer: Option<String>,
    pub(super) sso_url: Option<String>,
    pub(super) certificate: Option<String>,
    /// The last test with the present trust.
    pub(super) last_test: Option<TestResult>,
    /// The domains whose users sign in through it.
    pub(super) enforced_domains: Vec<String>,
    pub(super) created_at: String,
    pub(super) updated_at: String,
}

/// What the form has; what is left out stays as it is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Input {
    friendly_name: Option<String>,
    identity_provider: Option<String>,
    issuer: Option<String>,
    sso_url: Option<String>,
    certificate: Option<String>,
}

impl Profile {
    pub(super) fn entity_id(&self) -> String {
        format!("urn:console:{}", self.id)
    }

    pub(super) fn acs_url(&self) -> String {
        format!("https://login.twilio.com/login/callback?connection={}", self.id)
    }

    pub(super) fn is_tested(&self) -> bool {
        self.last_test.as_ref().is_some_and(|test| test.result == "success")
    }

    pub(super) fn view(&self) -> Value {
        let mut view = json!(self);
        view["entityId"] = json!(self.entity_id());
        view["acsUrl"] = json!(self.acs_url());
        if let Some(Ok(read)) = self.certificate.as_deref().map(certificate::read) {
            view["certificateSha256"] = json!(read.sha256());
        }
        view
    }

    fn change(&mut self, input: Input, at: &str) -> Result<(), Refusal> {
        let Input { friendly_name, identity_provider, issuer, sso_url, certificate } = input;
        let text = |value: String| value.trim().to_owned();
        let before = (self.issuer.clone(), self.sso_url.clone(), self.certificate.clone());
        if let Some(name) = friendly_name.map(text) {
            self.friendly_name = name;
        }
        if let Some(kind) = identity_provider.map(text) {
            self.identity_provider = kind;
        }
        self.issuer = issuer.map(text).or(self.issuer.take());
        self.sso_url = sso_url.map(text).or(self.sso_url.take());
        self.certificate = certificate.map(text).or(self.certificate.take());
        if before != (self.issuer.clone(), self.sso_url.clone(), self.certificate.clone()) {
            // A test says nothing about other trust; whoever signs in through it already goes on to.
            self.last_test = None;
        }
        self.updated_at = at.to_owned();
        self.check()
    }

    fn check(&self) -> Result<(), Refusal> {
        if self.friendly_name.is_empty() {
            return Err(Refusal::settings("friendlyName", "the friendly name is missing"));
        }
        if !matches!(self.identity_provider.as_str(), "Okta" | "Azure" | "Other (SAML 2.0)") {
            let message = format!("{:?} is none of Okta, Azure, Other (SAML 2.0)", self.identity_provider);
            return Err(Refusal::settings("identityProvider", message));
        }
        if self
            .issuer
            .as_deref()
            .is_some_and(|issuer| issuer.is_empty() || issuer.contains(char::is_whitespace))
        {
            return Err(Refusal::settings("issuer", "the issuer is missing or malformed"));
        }
        let is_https = |text: &str| {
            Url::parse(text)
                .is_ok_and(|url| url.scheme() == "https" && url.has_host() && url.fragment().is_none())
        };
        if let Some(url) = self.sso_url.as_deref().filter(|url| !is_https(url)) {
            return Err(Refusal::settings("ssoUrl", format!("malformed single sign-on URL {url:?}")));
        }
        if let Some(pem) = &self.certificate {
            // Whether the real page takes several is not documented; this one does, as that of Flex.
            certificate::read_all(pem).map_err(|why| Refusal::settings("certificate", why))?;
        }
        Ok(())
    }

    pub(super) fn save(&self, documents: &mut Transaction<'_>, organization: &str) {
        documents.write(&table(organization), &self.id, self);
    }
}

fn table(organization: &str) -> String {
    document::table(organization, "sso-profiles")
}

/// The profiles of an organization, oldest first.
pub(super) fn all(documents: &Transaction<'_>, organization: &str) -> Vec<Profile> {
    let mut all: Vec<Profile> = documents.read_list(&table(organization));
    all.sort_by(|one, other| (&one.created_at, &one.id).cmp(&(&other.created_at, &other.id)));
    all
}

/// The profile of a connection ID, or of the entity ID that is made of it.
pub(super) fn find(documents: &Transaction<'_>, organization: &str, id: &str) -> Option<Profile> {
    documents.read(&table(organization), id.strip_prefix("urn:console:").unwrap_or(id))
}

/// The profile that a domain is enforced through.
pub(super) fn enforcing(documents: &Transaction<'_>, organization: &str, domain: &str) -> Option<Profile> {
    all(documents, organization)
        .into_iter()
        .find(|profile| profile.enforced_domains.iter().any(|it| it == domain))
}

pub(super) fn create(
    call: &mut Call<'_, '_>,
    organization: &Organization,
    input: Input,
) -> Result<Profile, Refusal> {
    let at = ids::millis(call.now);
    let mut profile = Profile {
        id: ids::hex32(),
        friendly_name: String::new(),
        identity_provider: "Other (SAML 2.0)".into(),
        issuer: None,
        sso_url: None,
        certificate: None,
        last_test: None,
        enforced_domains: Vec::new(),
        created_at: at.clone(),
        updated_at: at.clone(),
    };
    profile.change(input, &at)?;
    profile.save(call.documents, &organization.sid);
    Ok(profile)
}

pub(super) fn edit(
    call: &mut Call<'_, '_>,
    organization: &Organization,
    mut profile: Profile,
    input: Input,
) -> Result<Profile, Refusal> {
    profile.change(input, &ids::millis(call.now))?;
    profile.save(call.documents, &organization.sid);
    Ok(profile)
}

/// Removes a profile that nobody signs in through.
pub(super) fn remove(
    documents: &mut Transaction<'_>,
    organization: &Organization,
    profile: &Profile,
) -> Result<(), Refusal> {
    if !profile.enforced_domains.is_empty() {
        let domains = profile.enforced_domains.join(", ");
        return Err(Refusal::settings("id", format!("the profile is enforced for {domains}")));
    }
    let is_used = |user: &User| user.sso_profile.as_ref() == Some(&profile.id);
    if users::all(documents, &organization.sid).iter().any(is_used) {
        return Err(Refusal::settings("id", "the profile has users whose SSO is enabled"));
    }
    documents.remove(&table(&organization.sid), &profile.id);
    Ok(())
}

/// The administrator who sits at the page: whom the request names, else the first administrator, else the owner.
pub(super) fn acting(
    documents: &Transaction<'_>,
    organization: &Organization,
    named: Option<&str>,
) -> Result<User, Refusal> {
    let may = |user: &User| {
        [OWNER, ADMINISTRATOR].iter().any(|role| roles::has(documents, &organization.sid, &user.sid, role))
    };
    if let Some(email) = named {
        let user = users::by_email(documents, &organization.sid, email).filter(may);
        return user.ok_or_else(|| {
            Refusal::new(403, 20003, format!("{email} does not administer the organization"))
        });
    }
    let all = users::all(documents, &organization.sid);
    let administrator =
        all.iter().find(|user| user.sid != organization.owner && user.is_active() && may(user));
    let found = administrator.or_else(|| all.iter().find(|user| user.sid == organization.owner)).cloned();
    found.ok_or_else(|| Refusal::new(403, 20003, "nobody administers the organization"))
}

/// Makes everybody of these domains sign in through the profile, and ends it for those that are left out. Twilio does it within minutes;
/// here it is done at once. Whoever it is done by is not enforced. People whose domain is left out keep their switch.
pub(super) fn enforce(
    call: &mut Call<'_, '_>,
    organization: &Organization,
    mut profile: Profile,
    domains: &[String],
    by: &User,
) -> Result<Profile, Refusal> {
    let domains: Vec<String> =
        domains.iter().map(|name| name.trim().to_lowercase()).filter(|it| !it.is_empty()).collect();
    let added: Vec<&String> =
        domains.iter().filter(|name| !profile.enforced_domains.contains(name)).collect();
    if !added.is_empty() && !profile.is_tested() {
        return Err(Refusal::settings(
            "domains",
            "the SSO connection has to be tested successfully before it can be enforced",
        ));
    }
    for name in &added {
        match domain::by_name(call.documents, &organization.sid, name) {
            Some(domain) if domain.is_verified() => {}
            _ => {
                return Err(Refusal::settings(
                    "domains",
                    format!("{name} is no verified domain of the organization"),
                ));
            }
        }
        if let Some(other) = enforcing(call.documents, &organization.sid, name) {
            let message = format!("{name} is enforced through the SSO profile {}", other.friendly_name);
            return Err(Refusal::settings("domains", message));
        }
    }
    let meant = |user: &User| user.sid != by.sid && added.iter().any(|name| **name == user.domain());
    for mut user in users::all(call.documents, &organization.sid).into_iter().filter(meant) {
        user.sso_profile = Some(profile.id.clone());
        user.save(call.documents, &organization.sid);
    }
    profile.enforced_domains = domains;
    profile.updated_at = ids::millis(call.now);
    profile.save(call.documents, &organization.sid);
    Ok(profile)
}

/// Switches one user's SSO. To be enabled, the user needs a profile: the one that is named, else the one that the domain is enforced
/// through, else the only one.
pub(super) fn switch(
    call: &mut Call<'_, '_>,
    organization: &Organization,
    mut user: User,
    is_enabled: bool,
    named: Option<&str>,
) -> Result<User, Refusal> {
    if !is_enabled {
        user.sso_profile = None;
        user.save(call.documents, &organization.sid);
        return Ok(user);
    }
    let of_domain = || enforcing(call.documents, &organization.sid, &user.domain());
    let only = || match all(call.documents, &organization.sid).as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    };
    let profile = match named {
        Some(id) => find(call.documents, &organization.sid, id),
        None => of_domain().or_else(only),
    };
    let profile =
        profile.ok_or_else(|| Refusal::settings("profile", "choose an SSO profile of the organization"))?;
    if !profile.is_tested() && !profile.enforced_domains.contains(&user.domain()) {
        return Err(Refusal::settings("profile", "the SSO connection has to be tested successfully first"));
    }
    if user.sso_profile.as_ref().is_some_and(|known| *known != profile.id) {
        return Err(Refusal::settings("profile", format!("{} is under another SSO profile", user.email())));
    }
    let is_verified =
        domain::by_name(call.documents, &organization.sid, &user.domain()).is_some_and(|it| it.is_verified());
    if !is_verified {
        return Err(Refusal::settings("user", format!("{} is on no verified domain", user.email())));
    }
    user.sso_profile = Some(profile.id);
    user.save(call.documents, &organization.sid);
    Ok(user)
}
