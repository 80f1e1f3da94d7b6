//! The test of an SSO connection: a login of a managed user through the identity provider, as Twilio judges it
//! (`docs/iam/single-sign-on/test-the-sso-connection`, `troubleshooting-errors-during-test-sso-connection`).

use std::collections::BTreeMap;

use url::Url;

use crate::sandbox::login::{Assertion, Refused, SignIn};
use crate::sandbox::twilio::test_login::{TestError, TestResult, check_response};
use crate::sandbox::vendor::Call;
use crate::sandbox::{ids, vendor};

use super::document::Organization;
use super::domain;
use super::sso::Profile;
use super::users::{self, User};

const EMAIL_ADDRESS: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

/// Tests the profile with a user, on behalf of an administrator.
pub(super) fn run(
    call: &mut Call<'_, '_>,
    organization: &Organization,
    profile: &Profile,
    email: &str,
    by: &User,
) -> TestResult {
    let mut result = TestResult {
        result: "failure".into(),
        user: email.to_owned(),
        at: ids::millis(call.now),
        error: None,
        name_id: None,
        attributes: BTreeMap::new(),
        flex_user_sid: None,
        worker_sid: None,
    };
    match attempt(call, organization, profile, email, by) {
        Ok(assertion) => {
            result.result = "success".into();
            result.name_id = Some(assertion.name_id);
            result.attributes = assertion.attributes;
        }
        Err(Refused { reason, message }) => {
            result.error = Some(TestError { code: None, reason: reason.to_owned(), message });
        }
    }
    result
}

fn attempt(
    call: &mut Call<'_, '_>,
    organization: &Organization,
    profile: &Profile,
    email: &str,
    by: &User,
) -> Result<Assertion, Refused> {
    let (Some(issuer), Some(sso_url), Some(certificate)) =
        (&profile.issuer, &profile.sso_url, &profile.certificate)
    else {
        return Err(Refused::new(
            "profile_incomplete",
            "the details of the identity provider are not entered",
        ));
    };
    check_user(call, organization, profile, email, by)?;
    let sso_url = Url::parse(sso_url)
        .map_err(|_| Refused::new("idp_not_reachable", "the single sign-on URL is malformed"))?;
    let (entity_id, acs_url) = (profile.entity_id(), profile.acs_url());
    let attempt =
        SignIn { sso_url: &sso_url, entity_id: &entity_id, acs_url: &acs_url, email, now: call.now };
    let host = sso_url.host_str().unwrap_or_default();
    let assertion = match vendor::of_host(host, call.documents) {
        Some(vendor) => vendor.sign_in(call.documents, &attempt)?,
        None => return Err(Refused::new("idp_not_reachable", format!("{host} does not exist"))),
    };
    if assertion.encrypted {
        return Err(Refused::new(
            "response_invalid",
            "invalid SAML response: encrypted assertions are not supported",
        ));
    }
    check_response(certificate, issuer, &assertion, &attempt)?;
    if !assertion.assertion_signed {
        return Err(Refused::new("assertion_not_signed", "assertion of SAML response is not signed"));
    }
    if assertion.name_id_format != EMAIL_ADDRESS {
        let message = format!("the NameID format is {}, expected {EMAIL_ADDRESS}", assertion.name_id_format);
        return Err(Refused::new("name_id_format", message));
    }
    if !assertion.name_id.eq_ignore_ascii_case(email) {
        let message = format!("the NameID is {}, which is not the email of the user", assertion.name_id);
        return Err(Refused::new("name_id_mismatch", message));
    }
    if !assertion.returns_relay_state {
        return Err(Refused::new("relay_state_missing", "RelayState is missing in the SAML response"));
    }
    Ok(assertion)
}

/// Who can test: a managed user on a verified domain, not the administrator at the page, under no other profile.
fn check_user(
    call: &Call<'_, '_>,
    organization: &Organization,
    profile: &Profile,
    email: &str,
    by: &User,
) -> Result<(), Refused> {
    let user = users::by_email(call.documents, &organization.sid, email).filter(User::is_active);
    let Some(user) = user else {
        return Err(Refused::new(
            "user_not_managed",
            format!("{email} is no active managed user of the organization"),
        ));
    };
    let domain = domain::by_name(call.documents, &organization.sid, &user.domain());
    if !domain.is_some_and(|domain| domain.is_verified()) {
        return Err(Refused::new("domain_not_verified", format!("{email} is on no verified domain")));
    }
    if user.sid == by.sid {
        return Err(Refused::new(
            "user_is_tester",
            "the test user must be another one than the administrator who tests",
        ));
    }
    if user.sso_profile.as_ref().is_some_and(|known| *known != profile.id) {
        return Err(Refused::new("user_in_other_profile", format!("{email} is under another SSO profile")));
    }
    Ok(())
}
