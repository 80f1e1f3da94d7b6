//! What a manifest can ask for that Salesforce cannot do, and what a person should know.

use crate::diagnostics::{Code, Severity};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $severity:ident, $title:literal, $explanation:literal;)*) => {
        $($(#[$doc])* pub(super) const $name: Code =
            Code { id: $id, severity: Severity::$severity, title: $title, explanation: $explanation };)*
        /// The codes of this room.
        pub const CODES: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    /// Nobody says which Salesforce organization.
    ORGANIZATION_MISSING = "salesforce-organization-missing", Error, "no Salesforce organization is named",
        "An identity provider with `vendor: salesforce` needs to know which organization it is: a `salesforce` block with the My Domain \
         host in the `IdentityProvider`, or in the `Tenant` where one organization serves everything.";
    /// A source that Salesforce formulas do not have.
    SOURCE = "salesforce-source", Error, "Salesforce cannot express where a value comes from",
        "Salesforce's custom attributes are formulas over the user, the profile and the organization. They see no groups of a person, and \
         `user.appMetadata` is Auth0's. Say it in Salesforce's words: `expressions: {salesforce: '$User.Division'}`.\n\nThe NameID is a \
         subject type: `expressions: {salesforce: Username}`, or `FederationId`, `UserId`, `PersistentId`, or a field of the user \
         (`$User.Email`, which is what `from: user.email` becomes).\n\nSource: Metadata API, \
         ExtlClntAppSamlConfigurablePolicies.";
    /// A formula that cannot be sent.
    FORMULA = "salesforce-formula", Error, "the text cannot be a formula of Salesforce",
        "A formula is one line of Salesforce's formula language. Literal values, role names and profile names become texts in double quotes in \
         such a formula; quotation marks, backslashes and line breaks in them are not accepted.";
    /// Roles that one formula cannot give.
    ROLES = "salesforce-roles", Error, "Salesforce cannot give these roles",
        "Salesforce keeps no roles of a person for a SAML application. Concord makes one formula of the enablement's roles: overrides in \
         their order, by profile (`group: Flex Supervisors`) or by person, then the default. All enablements of one profile need the \
         same `roles`, because there is one formula for them. A formula cannot see permission sets, only a custom permission that one \
         gives.\n\nThe way out is a formula of your own in the attribute map: `expressions: {salesforce: \
         'IF($Permission.Flex_Supervisor, \"supervisor\", \"agent\")'}`.";
    /// A signature that Salesforce always or never makes.
    SIGNING = "salesforce-signing", Error, "Salesforce cannot sign what the manifest asks for",
        "Salesforce signs the response and the assertion, always both, and takes one algorithm for signature and digest: SHA-256 or SHA-1. \
         Leave `signing` out to have both signed with SHA-256, as Twilio wants it.\n\nSource: Metadata API, \
         `signingAlgorithmType`.";
    /// A lifetime that Salesforce has no setting for.
    SESSION = "salesforce-session", Error, "Salesforce has no setting for how long the session lasts",
        "A Salesforce application has no lifetime of its assertions or of the sessions that begin with them. Leave `session.lifetimeHours` \
         out; how long people stay signed in to Salesforce itself is a setting of the organization or of the user's profile.";
    /// Salesforce wants to know whom to ask.
    CONTACT = "salesforce-contact", Error, "the application has no contact e-mail address",
        "Salesforce requires a contact e-mail address for every application. Give one that several people read: \
         `application: {salesforce: {contactEmail: it@example.com}}`.";
    /// Without profile or permission set nobody may sign in.
    ACCESS = "salesforce-access", Error, "nobody may use the application",
        "A Salesforce application is open to the users of the profiles and permission sets that it names; without either, every sign-in \
         fails. Name one under `application.salesforce`: `permissionSets: [Flex_Users]`, which is what Salesforce recommends and what \
         Concord can assign to people, or `profiles: [Flex Agent]`.";
    /// A name with a comma in it.
    ACCESS_NAME = "salesforce-access-name", Error, "the name cannot stand in the application's list",
        "An application names its profiles and permission sets in lists separated by commas, so a name with a comma cannot be told apart. \
         Permission sets are named by their API name (`Flex_Users`), profiles by the name that Setup shows.";
    /// A name that becomes no API name.
    NAME = "salesforce-name", Error, "the name cannot become an API name",
        "Salesforce makes an API name of an application's name: letters, digits and underscores, beginning with a letter, of 80 characters at \
         most. The same holds for the unique name of a certificate. Give another `application.name`, or `certificate`.";
    /// A user's values that Salesforce has no place for.
    USER_ATTRIBUTES = "salesforce-user-attributes", Error, "Salesforce has no place for values of single users",
        "Concord does not change Salesforce users, so an enablement cannot keep `attributes` there. Use a field of the user that your \
         administrators maintain, and read it with a formula: `expressions: {salesforce: '$User.Division'}`.";
    /// Leavers cannot be told from assignments that somebody else made.
    REMOVAL = "salesforce-removal", Error, "leavers cannot be told apart in Salesforce",
        "The assignment of a permission set has no place for an ownership marker, and a profile is the user's own, so nobody can say \
         whether Concord or an administrator gave it. Leave `removal: report`; the report names whoever is no longer selected.";
    /// A pinned certificate that cannot be read.
    CERTIFICATE = "salesforce-certificate", Error, "a pinned certificate cannot be read",
        "A pinned certificate is PEM text with its dashes, a readable file, or a SHA-256 fingerprint of 64 hexadecimal digits.";
    /// An API version before External Client Apps had SAML.
    API_VERSION = "salesforce-api-version", Error, "the API version is too old",
        "External Client Apps have SAML policies from version 63.0 of the Metadata API on, identity-provider settings from 57.0 on. Leave \
         `apiVersion` out for 63.0, or give a later one, in the form `63.0`.\n\nSource: Metadata API, \
         ExtlClntAppSamlConfigurablePolicies.";
    /// A certificate that ends soon, or will end early.
    CERTIFICATE_LIFE = "salesforce-certificate-life", Warning, "a certificate of Salesforce does not live long",
        "Salesforce makes the key of its identity-provider certificate itself: with 2048 bits it is valid for one year, with 4096 bits for two. \
         When it ends, everybody is locked out at once. To rotate, name a new certificate in `application.salesforce.certificate`, plan, \
         and follow the steps: the new certificate is made, the identity provider switched to it, and Twilio told.\n\nAll service providers \
         of the organization are signed for with that one certificate.\n\nSource: Metadata API, Certificate.";
}
