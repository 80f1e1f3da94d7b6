//! The `SsoProfile` kind: one SSO profile of a Twilio product.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::Name;

/// One SSO profile of a Twilio product, and the application in the identity provider that serves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SsoProfileSpec {
    /// The product that people sign in to.
    pub product: Product,
    /// The profile's name in the Twilio Console, for instance `Auth0 - Nevada Senior Services`.
    pub friendly_name: String,
    /// The identity provider, by name.
    pub identity_provider: Name,
    /// The application in the identity provider that serves this profile.
    #[serde(default)]
    pub application: Application,
    /// The attribute map, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute_map: Option<Name>,
    /// Pins the connection: the Flex SSO profile's `JQ...`, the Console's connection ID, or the SendGrid integration's ID.
    /// Left out, it comes from the attestation's outputs or from the one active connection that no other profile claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Values that the Twilio Console really shows, where they are not those of the formulas.
    #[serde(default)]
    pub service_provider: ServiceProvider,
    /// Where people land, and from where they may come.
    #[serde(default)]
    pub urls: Urls,
    /// Flex: whether sign-in opens in a pop-up window (for Flex inside an iframe).
    #[serde(default)]
    pub login_popup: bool,
    /// What is signed, and how.
    #[serde(default)]
    pub signing: Signing,
    /// How long a sign-in lasts.
    #[serde(default)]
    pub session: Session,
    /// Who tests the connection first, by e-mail address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub test_users: Vec<String>,
    /// Console: the domains that must sign in through this profile.
    #[serde(default)]
    pub enforcement: Enforcement,
    /// Legacy Console: what the support ticket says beside the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    /// SendGrid: whether the integration is switched on once it is complete. Default true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// Twilio products with SSO. They never mix: each has its own profiles, URLs and rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// The Twilio Console, self-service SSO of an organization.
    Console,
    /// The Twilio Console, the older SSO that is set up by support ticket.
    ConsoleLegacy,
    /// Flex, enhanced SSO.
    Flex,
    /// Flex, the SSO that ended on 2026-03-31.
    FlexLegacy,
    /// SendGrid.
    Sendgrid,
}

impl Product {
    /// The word that manifests use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::ConsoleLegacy => "console-legacy",
            Self::Flex => "flex",
            Self::FlexLegacy => "flex-legacy",
            Self::Sendgrid => "sendgrid",
        }
    }

    /// The name that people know.
    pub fn title(self) -> &'static str {
        match self {
            Self::Console => "Twilio Console",
            Self::ConsoleLegacy => "Twilio Console (legacy SSO)",
            Self::Flex => "Twilio Flex",
            Self::FlexLegacy => "Twilio Flex (legacy SSO)",
            Self::Sendgrid => "SendGrid",
        }
    }

    /// Where people begin to sign in, unless they have an address of their own for it.
    pub fn login_page(self) -> &'static str {
        match self {
            Self::Console | Self::ConsoleLegacy => "https://www.twilio.com/login",
            Self::Flex | Self::FlexLegacy => "https://flex.twilio.com",
            Self::Sendgrid => "https://app.sendgrid.com",
        }
    }

    /// Whether this is Flex, of either generation.
    pub fn is_flex(self) -> bool {
        matches!(self, Self::Flex | Self::FlexLegacy)
    }
}

impl std::fmt::Display for Product {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The application in the identity provider that serves a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Application {
    /// Its name or label there. Default: `Twilio <product> - <profile name>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who owns it: Concord, or somebody else (terraform, say), so that Concord only observes and prints the values that it
    /// needs.
    #[serde(default)]
    pub management: Management,
    /// Take over an application of this name that nobody has marked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopt: bool,
    /// The vendor's ID of an application that is managed elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Auth0: the connection that people sign in with, for instance `Username-Password-Authentication`. Without it, Auth0 asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Okta: the application of the integration catalogue, instead of a generic SAML application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oin: Option<OinApplication>,
    /// Okta: the key that the application signs with. Another name rotates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_key: Option<SigningKey>,
    /// Salesforce: which kind of application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salesforce: Option<SalesforceApplication>,
    /// Google: what the custom SAML app looks like, for whom it is on, and where people's values are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub google: Option<GoogleApplication>,
}

/// Who owns an application.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Management {
    /// Concord creates and changes it.
    #[default]
    Managed,
    /// Concord observes it, verifies it and prints the values that it needs; it never writes.
    External,
}

/// An application of the Okta Integration Network. Okta publishes neither its name nor the names of its settings: take both
/// from an instance that an administrator made once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OinApplication {
    /// The catalogue name.
    pub name: String,
    /// `settings.app`, as Okta has it.
    #[serde(default)]
    pub settings: Map<String, Value>,
}

/// The key that an application signs with, as a wish: the key of this name signs. A name that no key of the application has yet is a
/// rotation: a key is made, Twilio is to trust its certificate, the application signs with it, and Twilio is to forget the old
/// certificate. Keys cannot be deleted in Okta; a former one stays there, unused, and its name brings it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SigningKey {
    /// What the key is called: any name, for instance the month of its rotation, `2026-11`. It is kept in the administrators' note of
    /// the application.
    pub name: Name,
    /// For how many years the certificate of a new key is valid, 2 to 10. Default 10. A key that exists keeps its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity_years: Option<ValidityYears>,
    /// Whether the service provider trusts the old and the new certificate side by side while the key changes, so that everybody
    /// can sign in at any time. Default true. Say false where its page takes one certificate only: nobody can sign in between the
    /// moment when that is entered and the moment when `concord apply` goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<bool>,
}

/// For how many years a certificate is valid: 2 to 10, which is what Okta takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u8", into = "u8")]
#[schemars(inline, extend("minimum" = 2, "maximum" = 10))]
pub struct ValidityYears(u8);

/// The number is no validity that Okta takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Okta makes certificates that are valid for 2 to 10 years")]
pub struct InvalidValidityYears;

impl ValidityYears {
    /// The number of years.
    pub fn value(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for ValidityYears {
    type Error = InvalidValidityYears;

    fn try_from(years: u8) -> Result<Self, InvalidValidityYears> {
        if (2..=10).contains(&years) { Ok(Self(years)) } else { Err(InvalidValidityYears) }
    }
}

impl From<ValidityYears> for u8 {
    fn from(years: ValidityYears) -> Self {
        years.0
    }
}

/// For how many years a new signing key is valid where the manifest does not say; what Okta gives an application's first key. The
/// description of `validityYears` tells it, too.
pub const DEFAULT_KEY_YEARS: u8 = 10;

/// What a custom SAML app in Google Workspace has beside its name, and where people's values are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GoogleApplication {
    /// The app's description in the Admin console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The app's logo: a PNG or GIF file, best 256 pixels square, that a person uploads. Concord does not read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// The custom attributes (the category of the Admin console) that hold people's values, by schema name; underscores are shown as
    /// spaces. Default `Flex_Details` for Flex, `Twilio_Details` for other products. Two profiles need two names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[A-Za-z][A-Za-z0-9_-]{0,62}$"))]
    pub schema: Option<String>,
    /// For whom the app is on. Default: for the groups that the enablements select, or for everyone where they select none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<GoogleAccess>,
}

/// For whom an app is on in the Admin console. Nothing in it: for everyone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GoogleAccess {
    /// Organizational units, by path (`/Care`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organizational_units: Vec<String>,
    /// Groups, by address (`agents@example.com`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// Which kind of Salesforce application, and who may use it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SalesforceApplication {
    /// An External Client App, or a Connected App that exists already (new ones cannot be made since Spring '26).
    #[serde(default)]
    pub kind: SalesforceApplicationKind,
    /// The contact e-mail address that Salesforce requires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_email: Option<String>,
    /// The profiles whose users may sign in, by the name that Setup shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
    /// The permission sets whose users may sign in, by API name. People who are enabled are assigned the first one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permission_sets: Vec<String>,
    /// The certificate that the organization signs with as an identity provider: its unique name. One that does not exist is made.
    /// All service providers of the organization are signed for with it. Default `Concord_SAML`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The size of the certificate's key in bits, where it is made: 2048 (valid for one year) or 4096 (two years). Default 2048.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_key_size: Option<KeySize>,
}

/// The key sizes that Salesforce makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u32", into = "u32")]
#[schemars(inline, with = "u32", extend("enum" = [2048, 4096]))]
pub enum KeySize {
    /// 2048 bits.
    Bits2048,
    /// 4096 bits.
    Bits4096,
}

/// The number is no key size that Salesforce makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Salesforce makes keys of 2048 or of 4096 bits")]
pub struct InvalidKeySize;

impl TryFrom<u32> for KeySize {
    type Error = InvalidKeySize;

    fn try_from(bits: u32) -> Result<Self, InvalidKeySize> {
        match bits {
            2048 => Ok(Self::Bits2048),
            4096 => Ok(Self::Bits4096),
            _ => Err(InvalidKeySize),
        }
    }
}

impl From<KeySize> for u32 {
    fn from(size: KeySize) -> Self {
        match size {
            KeySize::Bits2048 => 2048,
            KeySize::Bits4096 => 4096,
        }
    }
}

/// Salesforce's two kinds of applications.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SalesforceApplicationKind {
    /// An External Client App with a SAML policy.
    #[default]
    ExternalClientApp,
    /// A Connected App that exists.
    ConnectedApp,
}

/// The service provider's side as the Twilio Console shows it, where that differs from the formulas.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceProvider {
    /// The entity ID (SAML 2.0 core section 8.3.6), which is the assertion's audience.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<String>,
    /// The assertion consumer service URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acs_url: Option<Url>,
    /// Further URLs that the identity provider may redirect to after logout.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logout_urls: Vec<Url>,
    /// Further URLs that the identity provider may post responses to (Auth0 callback URLs).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub callback_urls: Vec<Url>,
}

/// Where people land, and from where they may come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Urls {
    /// Where a sign-in that begins at the identity provider ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_redirect: Option<Url>,
    /// SendGrid: where people go who signed in from the identity provider and sign out, for instance the identity provider's
    /// dashboard. SendGrid requires it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_out: Option<Url>,
    /// The URLs that Flex may be served from. No wildcards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted: Vec<String>,
}

/// What the identity provider signs, and how. What is left out comes from the identity provider's defaults, then from what
/// the product needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signing {
    /// Whether the response is signed. Default true: every Twilio product wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<bool>,
    /// Whether the assertion is signed. Default: what the product needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assertion: Option<bool>,
    /// The signature algorithm. Default `rsa-sha256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<SignatureAlgorithm>,
    /// The digest algorithm. Default `sha256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<DigestAlgorithm>,
}

/// Signature algorithms (XML Signature).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SignatureAlgorithm {
    /// RSA with SHA-256.
    #[default]
    #[serde(rename = "rsa-sha256")]
    RsaSha256,
    /// RSA with SHA-1: broken, for old receivers only.
    #[serde(rename = "rsa-sha1")]
    RsaSha1,
}

/// Digest algorithms (XML Signature).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DigestAlgorithm {
    /// SHA-256.
    #[default]
    #[serde(rename = "sha256")]
    Sha256,
    /// SHA-1: broken, for old receivers only.
    #[serde(rename = "sha1")]
    Sha1,
}

/// How long a session lasts where the manifest does not say, in hours. The description of `lifetimeHours` tells it, too.
pub const DEFAULT_LIFETIME_HOURS: u32 = 10;

/// How long a sign-in lasts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Session {
    /// How long the assertion lets a session last, in hours; 8 to 10 is what Twilio recommends for Flex. Default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 720))]
    pub lifetime_hours: Option<u32>,
}

/// Console: which domains must sign in through the profile, once an enablement of it has come to `stage: enforced`. To take
/// enforcement back, write an earlier stage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Enforcement {
    /// `EmailDomain` resources, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<Name>,
    /// People of those domains who need not, by e-mail address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<String>,
}

/// Legacy Console: what the support ticket says beside the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ticket {
    /// The Twilio edition, which support asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
    /// Where people go after logout (POST).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logout_redirect: Option<Url>,
    /// The assertion's attribute that holds the e-mail address, where it is not the NameID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_attribute: Option<String>,
    /// Whom support answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
}
