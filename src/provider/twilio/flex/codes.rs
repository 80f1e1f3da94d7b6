//! What is wrong with manifests that Flex cannot express.

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
    /// A Flex profile in a tenant without a Twilio account.
    ACCOUNT_MISSING = "flex-account-missing", "the tenant has no Twilio account for its Flex profile",
        "A Flex SSO profile belongs to the Twilio account that Flex runs in. Its SID is where the manual steps are done, and where \
         the connections are listed. Add `spec.twilio.account.sid` to the `Tenant`; an API key is not needed for the profile itself.";
    /// A pinned connection of another form.
    CONNECTION_FORM = "flex-connection-form", "the pinned connection is no Flex SSO profile",
        "`connection` on a Flex profile is the profile's SID: `JQ` and 32 hexadecimal digits. The Console shows it at the end of \
         the Entity ID (`urn:flex:JQ...`). Leave `connection` out to take it from the attestation.";
    /// A region that cannot be part of a host name.
    REGION_FORM = "flex-region-form", "the region cannot be part of a host name",
        "The region becomes part of Flex's login host (`login.flex.us1.twilio.com`), so it has lower-case letters, digits and \
         hyphens only. Leave it out for `us1`.";
    /// Managed Flex users without an instance.
    INSTANCE_MISSING = "flex-users-instance", "managed Flex users need the Flex instance",
        "With `provisioning: managed`, users are made through the Flex Users API, whose addresses begin with the Flex instance. Add \
         `spec.twilio.flexInstance` (`GO` and 32 hexadecimal digits) to the `Tenant`, or leave provisioning to the first sign-in.";
    /// Managed Flex users whose name at sign-in is another one.
    USERNAME_UNKNOWN = "flex-username-unknown", "the NameID of managed Flex users is not their e-mail address",
        "At sign-in, Flex finds the user by the assertion's NameID. Concord makes users under their e-mail address; with another \
         NameID, the first sign-in would make a second user, and Twilio bills both. Take the NameID from `user.email`, or leave \
         provisioning to the first sign-in.";
    /// Managed Flex users without a role that the Flex Users API knows.
    ROLE_UNKNOWN = "flex-user-role", "managed Flex users need a Flex role",
        "The Flex Users API takes the roles `agent`, `supervisor` and `admin`, at least one of them. Roles of Flex Insights \
         (`wfo.*`) come with the sign-in and are not written beforehand.";
}
