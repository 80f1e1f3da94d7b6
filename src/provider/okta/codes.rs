//! What a manifest can ask for that Okta cannot do.

use crate::diagnostics::{Code, Severity};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $title:literal, $explanation:literal;)*) => {
        $($(#[$doc])* pub(super) const $name: Code =
            Code { id: $id, severity: Severity::Error, title: $title, explanation: $explanation };)*
        /// The codes of this room.
        pub const CODES: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    /// Nobody says which Okta organization.
    ORGANIZATION_MISSING = "okta-organization-missing", "no Okta organization is named",
        "An identity provider with `vendor: okta` needs to know which Okta organization it is: an `okta` block in the \
         `IdentityProvider`, or in the `Tenant` where one organization serves everything.";
    /// A source that Okta does not have.
    SOURCE = "okta-source", "Okta cannot express where an attribute comes from",
        "Okta's attribute statements read the user's profile and groups. `user.appMetadata` is Auth0's; where your organization keeps \
         the value in a profile attribute of its own, say so with an expression of Okta's language: \
         `expressions: {okta: user.team}`. The NameID comes from `user.email`, or from a template: \
         `expressions: {okta: '${user.login}'}`.";
    /// An expression that cannot be sent, or a text that cannot be put into one.
    EXPRESSION = "okta-expression", "the text cannot be part of an expression for Okta",
        "An `expressions.okta` is one line of Okta's expression language. Literal values, role names and group names become texts in double \
         quotes in such an expression; quotation marks, backslashes and line breaks in them are not accepted.";
    /// Roles that one expression over groups cannot give.
    ROLES = "okta-roles", "Okta cannot give these roles",
        "Okta keeps no roles of a person for a SAML application. Concord makes one expression of the enablements' roles: group \
         overrides in their order, then the default, for instance `isMemberOfGroupName(\"Flex Admins\") ? \"admin\" : \"agent\"`. So roles \
         of single people need a group (`overrides: [{group: Flex Leads, roles: [supervisor]}]`), and all enablements of one profile \
         need the same `roles`. The way out is an expression of your own in the attribute map: \
         `expressions: {okta: 'isMemberOfGroupName(\"Flex Admins\") ? \"admin\" : \"agent\"'}`.";
    /// A combination of signatures that Okta does not make.
    SIGNING = "okta-signing", "Okta cannot sign what the manifest asks for",
        "An Okta application signs the response, the assertion, or both; one of the two at least. Leave `signing` out to have both signed, \
         as Twilio's guides do.";
    /// Values that Okta has no place for.
    USER_ATTRIBUTES = "okta-user-attributes", "Okta has no place for values of single users",
        "Concord does not change Okta profiles, so an enablement cannot keep `attributes` there. Use a profile attribute that your \
         directory maintains, and read it with an expression in the attribute map: `expressions: {okta: user.team}`.";
    /// Leavers cannot be told from assignments that somebody else made.
    REMOVAL = "okta-removal", "leavers cannot be told apart in Okta",
        "An assignment in Okta has no place for an ownership marker, so nobody can say whether Concord or an administrator made it. \
         Taking leavers' access away therefore needs `assignments: exclusive`: every direct assignment of somebody whom no \
         enablement selects is removed. Assignments through groups stay as they are.";
    /// A wish for a signing key that something else contradicts.
    SIGNING_KEY = "okta-signing-key", "the signing key cannot be chosen here",
        "`application.signingKey` has Concord make the key of this name and let the application sign with it. Another name rotates: the key \
         is made, Twilio trusts both certificates, the application signs with the new one, Twilio forgets the old one; two applies, with a \
         test sign-in in each. That takes an application that Concord manages, and certificates that are trusted as Okta makes them: \
         one that is pinned in the manifests is known before it is made, and this one cannot be. Where Twilio's page takes one certificate \
         only, `overlap: false` exchanges it right before the application does, and nobody can sign in for that moment.";
    /// A pinned certificate that cannot be read.
    CERTIFICATE = "okta-certificate", "a pinned certificate cannot be read",
        "A pinned certificate is PEM text with its dashes, a readable file, or a SHA-256 fingerprint of 64 hexadecimal digits.";
}
