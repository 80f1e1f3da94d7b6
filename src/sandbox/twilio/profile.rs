//! Flex SSO profiles as the console keeps them, and what the console refuses to keep. Entity ID and ACS URL follow from the SID.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::sandbox::store::Transaction;
use crate::sandbox::{certificate, ids};

use super::account::{self, Account};
use super::refusal::Refusal;
use super::test_login::TestResult;

/// A profile. The wire form of the console page's JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Profile {
    pub(crate) sid: String,
    pub(crate) account_sid: String,
    pub(crate) friendly_name: String,
    pub(crate) certificate: String,
    pub(crate) issuer: String,
    pub(crate) sso_url: String,
    pub(crate) default_redirect_url: Option<String>,
    pub(crate) trusted_urls: Vec<String>,
    pub(crate) login_using_popup: bool,
    pub(crate) active: bool,
    pub(crate) client_id: String,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) last_test: Option<TestResult>,
}

/// What a person fills in. A field that is left out stays as it is; the required ones must be there in a new profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Input {
    #[serde(default)]
    pub(crate) friendly_name: Option<String>,
    #[serde(default)]
    pub(crate) certificate: Option<String>,
    #[serde(default)]
    pub(crate) issuer: Option<String>,
    #[serde(default)]
    pub(crate) sso_url: Option<String>,
    #[serde(default)]
    pub(crate) default_redirect_url: Option<String>,
    #[serde(default)]
    pub(crate) trusted_urls: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) login_using_popup: Option<bool>,
    #[serde(default)]
    pub(crate) active: Option<bool>,
}

impl Profile {
    /// A new profile: active, with a new SID.
    pub(crate) fn new(account: &Account, input: Input, at: &str) -> Result<Self, Refusal> {
        let mut profile = Self {
            sid: format!("JQ{}", ids::hex32()),
            account_sid: account.sid.clone(),
            friendly_name: String::new(),
            certificate: String::new(),
            issuer: String::new(),
            sso_url: String::new(),
            default_redirect_url: None,
            trusted_urls: Vec::new(),
            login_using_popup: false,
            active: true,
            client_id: ids::alphanumeric(32),
            created_at: at.to_owned(),
            updated_at: at.to_owned(),
            last_test: None,
        };
        profile.change(input, at)?;
        Ok(profile)
    }

    /// Takes over what was filled in, and refuses settings that cannot work.
    pub(crate) fn change(&mut self, input: Input, at: &str) -> Result<(), Refusal> {
        let Input {
            friendly_name,
            certificate,
            issuer,
            sso_url,
            default_redirect_url,
            trusted_urls,
            login_using_popup,
            active,
        } = input;
        let set = |target: &mut String, value: Option<String>| {
            if let Some(value) = value {
                *target = value.trim().to_owned();
            }
        };
        set(&mut self.friendly_name, friendly_name);
        set(&mut self.certificate, certificate);
        set(&mut self.issuer, issuer);
        set(&mut self.sso_url, sso_url);
        if let Some(url) = default_redirect_url {
            self.default_redirect_url = Some(url.trim().to_owned()).filter(|url| !url.is_empty());
        }
        if let Some(urls) = trusted_urls {
            self.trusted_urls =
                urls.iter().map(|url| url.trim().to_owned()).filter(|url| !url.is_empty()).collect();
        }
        self.login_using_popup = login_using_popup.unwrap_or(self.login_using_popup);
        self.active = active.unwrap_or(self.active);
        self.updated_at = at.to_owned();
        self.check()
    }

    fn check(&self) -> Result<(), Refusal> {
        if self.friendly_name.is_empty() {
            return Err(Refusal::settings("friendlyName", "the friendly name is missing"));
        }
        certificate::read_all(&self.certificate).map_err(|why| Refusal::settings("certificate", why))?;
        if self.issuer.is_empty() || self.issuer.contains(char::is_whitespace) {
            return Err(Refusal::settings("issuer", "the identity provider issuer is missing or malformed"));
        }
        match Url::parse(&self.sso_url) {
            Ok(url) if url.scheme() == "https" && url.has_host() && url.fragment().is_none() => {}
            _ => {
                return Err(Refusal::settings(
                    "ssoUrl",
                    format!("malformed single sign-on URL {:?}", self.sso_url),
                ));
            }
        }
        if let Some(url) = &self.default_redirect_url {
            check_redirect("defaultRedirectUrl", url)?;
        }
        self.trusted_urls.iter().try_for_each(|url| check_redirect("trustedUrls", url))
    }

    /// `urn:flex:JQ...`
    pub(crate) fn entity_id(&self) -> String {
        format!("urn:flex:{}", self.sid)
    }

    /// Where responses are sent.
    pub(crate) fn acs_url(&self) -> String {
        format!("https://login.flex.us1.twilio.com/login/callback?connection={}", self.sid)
    }

    /// Whether a login may end at this URL: below a trusted URL, the default redirect URL, or Flex itself.
    pub(crate) fn trusts(&self, url: &Url, runtime_domain: &str) -> bool {
        let own = [format!("https://{runtime_domain}"), "https://flex.twilio.com".to_owned()];
        let trusted = self.trusted_urls.iter().chain(&self.default_redirect_url).chain(&own);
        trusted.filter_map(|t| Url::parse(t).ok()).any(|t| {
            let path = t.path().trim_end_matches('/');
            let below =
                url.path().strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            t.origin() == url.origin() && below
        })
    }

    /// The wire form: what is kept, what follows from it, and what a person would look for.
    pub(crate) fn view(&self) -> Value {
        let mut view = json!(self);
        if let Value::Object(map) = &mut view {
            map.insert("entityId".into(), json!(self.entity_id()));
            map.insert("acsUrl".into(), json!(self.acs_url()));
            if let Ok(read) = certificate::read(&self.certificate) {
                map.insert("certificateSha256".into(), json!(read.sha256()));
                let end = jiff::Timestamp::from_second(read.not_after).map(ids::seconds);
                map.insert("certificateExpiresAt".into(), end.map_or(Value::Null, Value::String));
            }
        }
        view
    }

    pub(crate) fn save(&self, documents: &mut Transaction<'_>) {
        documents.write(&table(&self.account_sid), &self.sid, self);
    }
}

fn check_redirect(field: &'static str, text: &str) -> Result<(), Refusal> {
    if text.contains('*') {
        return Err(Refusal::settings(field, format!("wildcards are not allowed: {text:?}")));
    }
    let local = |url: &Url| url.host_str() == Some("localhost");
    match Url::parse(text) {
        Ok(url) if url.has_host() && (url.scheme() == "https" || url.scheme() == "http" && local(&url)) => {
            Ok(())
        }
        _ => Err(Refusal::settings(field, format!("malformed URL {text:?}"))),
    }
}

/// Table of an account's profiles.
pub(crate) fn table(account: &str) -> String {
    format!("twilio/{account}/sso-profiles")
}

/// An account's profiles, oldest first.
pub(crate) fn of_account(documents: &Transaction<'_>, account: &str) -> Vec<Profile> {
    let mut profiles: Vec<Profile> = documents.read_list(&table(account));
    profiles.sort_by(|a, b| (&a.created_at, &a.sid).cmp(&(&b.created_at, &b.sid)));
    profiles
}

/// The profile of this SID with its account, in any account.
pub(crate) fn find(documents: &Transaction<'_>, sid: &str) -> Option<(Account, Profile)> {
    account::all(documents).into_iter().find_map(|account| {
        let profile = documents.read(&table(&account.sid), sid)?;
        Some((account, profile))
    })
}
