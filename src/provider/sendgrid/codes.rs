//! What a manifest can ask for that SendGrid cannot do.

use crate::diagnostics::{Code, Severity};

/// The tenant does not say which account.
pub(super) const ACCOUNT_MISSING: Code = Code {
    id: "sendgrid-account-missing",
    severity: Severity::Error,
    title: "no SendGrid account is named",
    explanation: "A profile with `product: sendgrid` belongs to the SendGrid account whose API key the `Tenant` refers to: \
                  `sendgrid: {apiKey: {env: SENDGRID_API_KEY}}`. The key needs the permissions to read and write SSO settings and \
                  teammates; for a subuser of the EU region say `region: eu`.",
};

/// SendGrid requires a sign-out URL.
pub(super) const SIGN_OUT_URL: Code = Code {
    id: "sendgrid-sign-out-url",
    severity: Severity::Error,
    title: "SendGrid requires a URL for after the sign-out",
    explanation: "An integration has a `signout_url`, where people go who had signed in from the identity provider and sign out. \
                  SendGrid's API makes no integration without it, and no identity provider's metadata hold it.\n\nSay \
                  `urls: {signOut: https://...}` in the profile: the dashboard of the identity provider is usual.",
};

/// Roles that SendGrid does not have, or not together.
pub(super) const ROLES: Code = Code {
    id: "sendgrid-roles",
    severity: Severity::Error,
    title: "SendGrid cannot give these roles",
    explanation: "With `provisioning: managed` Concord makes SSO teammates, and each gets exactly one of: `admin` (everything); one persona \
                  (`accountant`, `developer`, `marketer`, `observer`); a list of scopes, as `mail.send`; or access to subusers alone, by their \
                  numbers: `admin@12345`, or scopes of that subuser, `mail.send@12345`. SendGrid takes no two of these kinds \
                  together, and a teammate without any could do nothing.\n\nSource: Twilio SendGrid, \"Create SSO Teammate\".",
};

/// A persona cannot be read.
pub(super) const PERSONA: Code = Code {
    id: "sendgrid-persona",
    severity: Severity::Warning,
    title: "a persona cannot be read back",
    explanation: "SendGrid turns a persona into scopes when it is written and does not tell it afterwards. Concord writes it when a teammate is \
                  made and whenever something else of the teammate changes, and cannot see that somebody changed it, nor that the \
                  manifest names another one now.\n\nName the scopes instead to have them compared: `roles: {default: [mail.send, \
                  stats.read]}`.",
};

/// Somebody who should be able to sign in without the identity provider cannot.
pub(super) const BREAK_GLASS: Code = Code {
    id: "sendgrid-break-glass",
    severity: Severity::Warning,
    title: "a break-glass administrator is none in SendGrid",
    explanation: "A break-glass administrator signs in with a password of SendGrid's own when the identity provider or the integration is \
                  broken: a teammate that is an administrator and no SSO teammate, or the owner. Nobody of the address is one.\n\nInvite the \
                  person as a teammate with a password and full access, or name the owner of the account.",
};

/// The codes of this room.
pub const CODES: &[&Code] = &[&ACCOUNT_MISSING, &SIGN_OUT_URL, &ROLES, &PERSONA, &BREAK_GLASS];
