//! What a manifest can ask for that Google cannot do.

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
    /// Nobody says which customer.
    CUSTOMER_MISSING = "google-customer-missing", "no Google Workspace customer is named",
        "An identity provider with `vendor: google` needs to know which Google Workspace customer it is, and which service account reads it: \
         a `google` block in the `IdentityProvider`, or in the `Tenant` where one customer serves everything.";
    /// Nobody says whom Twilio is to trust.
    TRUST = "google-trust", "Google's entity ID, SSO URL or certificate is not known",
        "Google publishes no metadata of its identity provider by any API or URL: an administrator downloads them, in the Admin console \
         under Security > Authentication > SSO with SAML applications, or while a custom SAML app is made (\"Google Identity Provider details\"). \
         Put the file beside the manifests and write `trust: {metadata: {file: GoogleIDPMetadata.xml}}`, or enter `issuer`, `ssoUrl` and \
         `certificates` (the whole certificate: a fingerprint cannot be pasted into Twilio). Entity ID and SSO URL also follow from \
         `google: {idpId: C...}`.\n\nSource: hashicorp/terraform-provider-googleworkspace issue 425 (no API for SAML apps).";
    /// A source that Google cannot map.
    SOURCE = "google-source", "Google cannot express where an attribute comes from",
        "A custom SAML app maps directory attributes and custom attributes of the person, and group membership. `user.appMetadata` is \
         Auth0's. A value that you keep for people in an enablement's `attributes` (`team`, say) is a custom attribute: \
         `expressions: {google: Flex_Details.team}`. The NameID comes from `user.email`, or from an attribute in the Admin console's own \
         words: `expressions: {google: \"Basic Information > Primary email\"}`.";
    /// An expression that is neither of the two forms.
    EXPRESSION = "google-expression", "the text names no attribute of Google",
        "An `expressions.google` is an attribute as the Admin console shows it, with its category (`Employee Details > Department`), or a \
         custom attribute by schema and field name (`Flex_Details.team`). Google's mappings have no functions. A field of the profile's own \
         schema is made where it does not exist, and gets the value that enablements give in `attributes` under the field's name.";
    /// Two attributes that would share a custom field and are not the same.
    FIELD = "google-field", "two attributes need the same custom field",
        "Every value that Google's directory has no attribute for is kept in a custom field, named after the attribute. Names of fields have \
         letters, digits, `_` and `-` only, and differ in more than case, so two attributes can collide. Name the field of one of them: \
         `expressions: {google: Flex_Details.other_name}`. `Concord` is the field of the ownership marker.";
    /// Group membership without groups, or with too many.
    GROUPS = "google-groups", "Google cannot assert these groups",
        "A custom SAML app asserts membership in the groups that are named in it, 75 at most, and not in others. Concord names those that the \
         profile's enablements select by or give roles to; there have to be some, and not too many.\n\nSource: Google Workspace Admin Help, \
         \"About group membership mapping\".";
    /// A combination of signatures or an algorithm that Google does not make.
    SIGNING = "google-signing", "Google cannot sign what the manifest asks for",
        "A custom SAML app has one setting, `Signed response`: with it the response is signed, without it the assertion. Signatures are \
         RSA with SHA-256. Leave `signing` out: Twilio wants signed responses.";
    /// A session lifetime, which an app does not have.
    SESSION = "google-session", "Google's SAML apps have no session lifetime",
        "How long a sign-in lasts is Google's own session control, in the Admin console under Security > Access and data control > Google \
         session control, and is the same for all apps of an organizational unit. Leave `session.lifetimeHours` out and set it there.";
    /// A name of a schema that cannot be one.
    SCHEMA = "google-schema", "the text cannot be the name of a custom schema",
        "The name of a custom schema begins with a letter and has letters, digits, `_` and `-`, 63 at most. Underscores are shown as spaces \
         in the Admin console: `Flex_Details` is the category `Flex Details`.";
    /// A certificate that cannot be read.
    CERTIFICATE = "google-certificate", "a pinned certificate cannot be read",
        "A pinned certificate is PEM text with its dashes, or a readable file.";
}
