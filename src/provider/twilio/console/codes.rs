//! What is wrong with manifests that the Console cannot express.

use crate::diagnostics::{Code, Severity};

/// A Console profile or e-mail domain in a tenant without an organization.
pub(super) const ORGANIZATION_MISSING: Code = Code {
    id: "console-organization-missing",
    severity: Severity::Error,
    title: "the tenant has no Twilio organization",
    explanation: "Self-service SSO to the Twilio Console, and the e-mail domains that it needs, belong to a Twilio organization. Add \
        `spec.twilio.organization: {sid: OR..., oauthClient: {...}}` to the `Tenant`.\n\nSource: Twilio, \"Single sign-on\" and \
        \"Domains\".",
};

/// People are to be enforced, and no domain is named.
pub(super) const ENFORCEMENT_WITHOUT_DOMAIN: Code = Code {
    id: "enforcement-without-domain",
    severity: Severity::Error,
    title: "the stage is enforced, and the profile names no domain to enforce",
    explanation: "Twilio enforces SSO domain by domain: everybody with an address in the domain, those who join later included. Name the \
        `EmailDomain`s in the profile's `enforcement.domains`, or write `stage: all`, at which people may still sign in with their \
        password.\n\nSource: Twilio, \"Enforcing SSO for selected domains\".",
};

/// A legacy profile without test users.
pub(super) const TEST_USERS_MISSING: Code = Code {
    id: "console-legacy-test-users",
    severity: Severity::Error,
    title: "the support ticket has no test users",
    explanation: "Twilio enables the legacy Console SSO for one or more test users first, whom the customer nominates by their login addresses, \
        and validates the sign-in together with them. Name them in `testUsers`, or in the pilot of an enablement.\n\nSource: Twilio, \
        \"Legacy Twilio Console SSO\".",
};

/// The codes of this room.
pub const CODES: &[&Code] = &[&ORGANIZATION_MISSING, &ENFORCEMENT_WITHOUT_DOMAIN, &TEST_USERS_MISSING];
