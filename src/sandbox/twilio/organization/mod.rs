//! Organizations: OAuth tokens (`oauth.twilio.com`), managed users by SCIM and roles by IAM v2 (`iam.twilio.com`), and the pages of the
//! Admin Center. An organization exists only where it is seeded: which one a request means, its token says.
//!
//! Written from Twilio's documentation (`docs/iam/scim/api-reference`, `docs/iam/access-control/role-resource`,
//! `docs/iam/access-control/role-assignment-resource`, `docs/iam/oauth-apps`, `docs/iam/organizations/domains`,
//! `docs/iam/single-sign-on`) and the schemas of `twilio_iam_scim.yaml` and `twilio_iam_organizations.yaml`. What these leave open is
//! said at its place.
//!
//! | file | owns |
//! | --- | --- |
//! | `document` | an organization as it is stored |
//! | `seed` | `twilio.organizations` of `sandbox.yaml` |
//! | `token` | OAuth apps, tokens, permissions |
//! | `refusal` | how the APIs say no |
//! | `users` | SCIM users |
//! | `patch` | a SCIM PATCH |
//! | `roles` | roles and role assignments |
//! | `console`, `page` | the Admin Center's pages |
//! | `domain` | e-mail domains |
//! | `sso`, `sso_test` | SSO profiles, their enforcement, and the test of a connection |
//! | `support`, `support_page` | the desk of Twilio Support: the older SSO, by ticket |

pub(crate) mod console;
mod document;
mod domain;
mod page;
mod patch;
mod refusal;
mod roles;
mod seed;
mod sso;
mod sso_test;
mod support;
mod support_page;
mod token;
mod users;

use axum::http::Method;

use self::refusal::Refusal;
use crate::sandbox::message::{Answer, Request};
use crate::sandbox::vendor::Call;

pub(crate) use self::document::limit_of_token;
pub(crate) use self::seed::OrganizationSeed;

/// The hosts of the organization's APIs, and of the support desk.
pub(crate) const HOSTS: [&str; 3] = ["oauth.twilio.com", "iam.twilio.com", support::HOST];

/// The answer to too many requests: 25021 of organizations, in SCIM's form where it is SCIM.
pub(crate) fn too_many(request: &Request) -> Answer {
    let refusal = Refusal::new(429, 25021, "Rate limit exceeded");
    if request.segments.first().is_some_and(|first| first == "scim") { refusal.scim() } else { refusal.iam() }
}

/// Answers a request to one of the hosts.
pub(crate) fn answer(call: &mut Call<'_, '_>) -> Answer {
    let request = call.request;
    let route = request.route();
    if request.host == support::HOST {
        return support::answer(call);
    }
    if request.host == "oauth.twilio.com" {
        return match (&request.method, route.as_slice()) {
            (&Method::POST, ["v2", "token"]) => token::issue(call),
            _ => Refusal::not_found(&request.path).iam(),
        };
    }
    match route.as_slice() {
        ["scim", "v2", rest @ ..] => users::answer(call, rest).unwrap_or_else(|refusal| refusal.scim()),
        ["v2", "Organizations", rest @ ..] => {
            roles::answer(call, rest).unwrap_or_else(|refusal| refusal.iam())
        }
        _ => Refusal::not_found(&request.path).iam(),
    }
}
