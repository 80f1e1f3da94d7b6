//! The seam between the shared core and the played vendors. A vendor is one folder or file; this is the one table that names
//! them all.

use jiff::Timestamp;

use super::login::{Assertion, Refused, SignIn};
use super::message::{Answer, Request};
use super::rate::Windows;
use super::store::Transaction;
use super::{auth0, dns, google, okta, salesforce, saml, sendgrid, twilio, web};

/// A vendor that the sandbox plays.
pub(crate) trait Vendor: Sync {
    /// Whether this logical host is the vendor's.
    fn serves(&self, host: &str, documents: &Transaction<'_>) -> bool;

    /// Carries a request out. Changes are kept when the status is below 400, and undone otherwise: a refused request leaves
    /// nothing behind.
    fn answer(&self, call: &mut Call<'_, '_>) -> Answer;

    /// The vendor's answer to too many requests, for ordered faults. `reset` is in seconds since 1970.
    fn too_many(&self, reset: i64) -> Answer;

    /// The identity provider's half of a test login, where the vendor is one and the address is its own.
    fn sign_in(&self, _documents: &mut Transaction<'_>, attempt: &SignIn<'_>) -> Result<Assertion, Refused> {
        let host = attempt.sso_url.host_str().unwrap_or_default();
        Err(Refused::new("idp_not_found", format!("{host} is no identity provider")))
    }
}

/// What a vendor works with while it answers one request.
#[derive(Debug)]
pub(crate) struct Call<'a, 'b> {
    /// The request.
    pub(crate) request: &'a Request,
    /// The durable state.
    pub(crate) documents: &'a mut Transaction<'b>,
    /// What is forgotten when the sandbox stops.
    pub(crate) memory: &'a mut Memory,
    /// The time of the request.
    pub(crate) now: Timestamp,
}

/// State that need not survive: counters and the search index's delay.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) rates: Windows,
    pub(crate) auth0: auth0::Memory,
    pub(crate) google: google::Memory,
}

#[rustfmt::skip] // One a line: vendors come and go in branches of their own.
const VENDORS: &[&dyn Vendor] = &[
    &auth0::Auth0,
    &dns::Dns,
    &google::Google,
    &okta::Okta,
    &salesforce::Salesforce,
    &saml::Saml,
    &sendgrid::SendGrid,
    &twilio::Twilio,
    &web::Web,
];

/// The vendor of a logical host.
pub(crate) fn of_host(host: &str, documents: &Transaction<'_>) -> Option<&'static dyn Vendor> {
    VENDORS.iter().copied().find(|vendor| vendor.serves(host, documents))
}
