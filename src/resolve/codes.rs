//! What resolving can find: people who cannot be enabled.

use crate::diagnostics::{Code, Severity};

/// Somebody is named who does not exist in the identity provider.
pub(crate) const USER_NOT_IN_IDP: Code = Code {
    id: "user-not-in-idp",
    severity: Severity::Warning,
    title: "somebody is to be enabled who does not exist in the identity provider",
    explanation: "A user enablement names an e-mail address that no account in the identity provider has, so the person could not \
                  sign in and is not enabled. Often the person has an alias there: use the address that the identity provider \
                  knows. Concord never makes accounts in an identity provider.",
};

/// Somebody is named who has no account in the product.
pub(crate) const USER_NOT_IN_PRODUCT: Code = Code {
    id: "user-not-in-product",
    severity: Severity::Warning,
    title: "somebody is to be enabled who has no account in the product",
    explanation: "Twilio's Console and SendGrid make no accounts at the first sign-in: a person needs one beforehand. Invite or create the                   person there, or say `provisioning: managed` in the enablement, and Concord creates the account.",
};

/// Somebody is known to the identity provider by another address.
pub(crate) const USER_ALIAS: Code = Code {
    id: "user-alias",
    severity: Severity::Warning,
    title: "somebody is to be enabled by an address that is only an alias in the identity provider",
    explanation: "The identity provider knows the person, but signs them in by another address. The assertion would carry that address,                   which no account in the product has, so the sign-in would fail and the person is not enabled. Change the account's                   address in the product to the one that the identity provider asserts, or the address in the identity provider.",
};

/// Somebody is named whose account is blocked.
pub(crate) const USER_INACTIVE: Code = Code {
    id: "user-inactive",
    severity: Severity::Warning,
    title: "somebody is to be enabled whose account is blocked or inactive",
    explanation: "The identity provider has an account with this address, but the person cannot sign in with it, so it is not \
                  enabled. Unblock the account there, or take the person out of the selection.",
};

/// Several accounts have one address.
pub(crate) const USER_AMBIGUOUS: Code = Code {
    id: "user-ambiguous",
    severity: Severity::Warning,
    title: "several accounts in the identity provider have the same e-mail address",
    explanation: "Nobody can say which of the accounts is meant, so none is enabled. In Auth0 this happens when a person has an \
                  account in several connections: say which connection the application uses (`application.connection`), link the \
                  accounts, or remove one.",
};

/// Two enablements enable the same person.
pub(crate) const USER_ENABLED_TWICE: Code = Code {
    id: "user-enabled-twice",
    severity: Severity::Error,
    title: "two enablements enable the same person",
    explanation: "Each person's values in an identity provider belong to one enablement: two would overwrite each other's roles and \
                  attributes at every apply. Name the person under `exclude` in one of the two, or select more narrowly. Which people a \
                  domain or a group selects is known only once the identity provider was read, so `plan` finds this, not `validate`.",
};

/// Somebody has what an enablement once gave, and is no longer selected.
pub(crate) const LEAVER: Code = Code {
    id: "leaver",
    severity: Severity::Warning,
    title: "somebody who is no longer selected is still enabled",
    explanation: "The person was enabled by a user enablement that no longer selects them. With `removal: report`, the default, \
                  nothing is changed and the person is named here. Say `removal: disable` to take away what enables them, or \
                  `removal: deprovision` to delete the Flex user and its Worker too.",
};

/// A certificate that ends soon.
pub const CERTIFICATE_ENDS: Code = Code {
    id: "certificate-ends",
    severity: Severity::Warning,
    title: "a signing certificate ends soon",
    explanation: "The certificate whose key the identity provider signs with ends within the days that the policy says \
                  (`certificateWarnDays`), or has ended. Once it has, nobody can sign in.\n\nOkta: give the key another name under \
                  `application.signingKey` in the profile, in a pull request; the plan then makes the key, has Twilio trust it beside \
                  the old one, switches, and has the old one removed. Elsewhere rotate the key at the identity provider; the next plan \
                  shows what Twilio has to be told. Do it with a test sign-in, and not on a Friday.",
};

/// The codes of this room.
pub const CODES: &[&Code] = &[
    &USER_NOT_IN_IDP,
    &USER_NOT_IN_PRODUCT,
    &USER_ALIAS,
    &USER_INACTIVE,
    &USER_AMBIGUOUS,
    &USER_ENABLED_TWICE,
    &LEAVER,
    &CERTIFICATE_ENDS,
];
