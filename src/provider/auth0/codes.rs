//! What a manifest can ask for that Auth0 cannot do.

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
    /// Nobody says which Auth0 tenant.
    TENANT_MISSING = "auth0-tenant-missing", "no Auth0 tenant is named",
        "An identity provider with `vendor: auth0` needs to know which Auth0 tenant it is: an `auth0` block in the \
         `IdentityProvider`, or in the `Tenant` where one Auth0 tenant serves everything.";
    /// A source that Auth0 does not have.
    SOURCE = "auth0-source", "Auth0 cannot express where an attribute comes from",
        "Auth0's SAML addon maps e-mail address and names; a generated Action reads `app_metadata`. Auth0 has no standard \
         field for a department or for groups, so say where your tenant keeps them with an expression of your own: \
         `expressions: {auth0: \"event.user.user_metadata.department\"}`. The NameID always comes from a profile field.";
    /// An expression that is not one plain JavaScript expression.
    EXPRESSION = "auth0-expression", "the expression for Auth0 is not a plain JavaScript expression",
        "An `expressions.auth0` becomes part of a generated Action, as one JavaScript expression that may use `event` (for \
         instance `event.user.user_metadata.team`). Brackets and quotes have to be closed, and comments, slashes, semicolons, \
         template strings and line breaks are not accepted, so that an expression cannot end early and change the code around \
         it. For the NameID it is the name of a profile field (`user_id`, `username`).";
    /// A combination of signatures that Auth0 does not make.
    SIGNING = "auth0-signing", "Auth0 cannot sign what the manifest asks for",
        "Auth0's SAML addon has one switch, `signResponse`: on, the response is signed instead of the assertion; off, the \
         assertion. It signs neither both nor nothing.";
    /// An application name that Auth0 refuses.
    NAME = "auth0-application-name", "Auth0 does not accept the application's name",
        "The name of an Auth0 application is not empty and has no `<` and no `>`.";
    /// People selected by group.
    GROUPS = "auth0-groups", "Auth0 has no groups to select people by",
        "Auth0's directory has no groups that can be listed. Select people by e-mail domain or by address.";
    /// A pinned certificate that cannot be read.
    CERTIFICATE = "auth0-certificate", "a pinned certificate cannot be read",
        "A pinned certificate is PEM text with its dashes, a readable file, or a SHA-256 fingerprint of 64 hexadecimal digits.";
}
