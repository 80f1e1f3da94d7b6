//! The `Tenant` kind: one customer environment, and how to authenticate to each side of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{policy::Policy, secret::SecretRef};

/// One customer environment: Twilio account, organization and Flex instance, the identity providers' tenants, and policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenantSpec {
    /// `absent` retires the tenant: everything that it owns is planned for deletion.
    #[serde(default)]
    pub state: TenantState,
    /// The Twilio side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twilio: Option<Twilio>,
    /// SendGrid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sendgrid: Option<SendGrid>,
    /// The Okta organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub okta: Option<Okta>,
    /// The Auth0 tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth0: Option<Auth0>,
    /// The Google Workspace customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub google: Option<Google>,
    /// The Salesforce organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salesforce: Option<Salesforce>,
    /// Limits; what is left out comes from the project.
    #[serde(default)]
    pub policy: Policy,
}

/// Whether the tenant should exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TenantState {
    /// It is managed.
    #[default]
    Present,
    /// It is retired: what it owns is to be deleted.
    Absent,
}

/// The Twilio side of a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Twilio {
    /// The account that Flex runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<TwilioAccount>,
    /// The organization that Console users belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<TwilioOrganization>,
    /// The Flex instance, `GO` and 32 hexadecimal digits. (`FO...` is a Flex Flow, not an instance.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^GO[0-9a-fA-F]{32}$"))]
    pub flex_instance: Option<String>,
    /// The Twilio region, part of the Flex login host. Default `us1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Base URLs to use instead of Twilio's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<TwilioEndpoints>,
}

/// The Twilio region where a tenant names none. The description of `region` tells it, too.
pub const DEFAULT_REGION: &str = "us1";

/// Base URLs of Twilio's hosts; plain `http` only for a loopback address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TwilioEndpoints {
    /// Instead of `https://flex-api.twilio.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flex_api: Option<Url>,
    /// Instead of `https://services.twilio.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<Url>,
    /// Instead of `https://iam.twilio.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam: Option<Url>,
    /// Instead of `https://oauth.twilio.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth: Option<Url>,
}

/// A Twilio account and the key for its product APIs (Flex, TaskRouter).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TwilioAccount {
    /// `AC` and 32 hexadecimal digits.
    #[schemars(regex(pattern = r"^AC[0-9a-fA-F]{32}$"))]
    pub sid: String,
    /// The API key to read with, and to write with where `apply` names no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<TwilioApiKey>,
    /// The API key to write with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apply: Option<TwilioApiKey>,
}

/// A Twilio API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TwilioApiKey {
    /// `SK` and 32 hexadecimal digits.
    #[schemars(regex(pattern = r"^SK[0-9a-fA-F]{32}$"))]
    pub sid: String,
    /// Where the key's secret is.
    pub secret: SecretRef,
}

/// A Twilio organization. Its APIs take OAuth tokens only, no API keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TwilioOrganization {
    /// `OR` and 32 hexadecimal digits.
    #[schemars(regex(pattern = r"^OR[0-9a-f]{32}$"))]
    pub sid: String,
    /// The OAuth app to read with, and to write with where `apply` names no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth_client: Option<OAuthClient>,
    /// The OAuth app to write with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apply: Option<OAuthClient>,
}

/// An OAuth 2.0 client for the client credentials grant (RFC 6749 section 4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OAuthClient {
    /// The client id.
    pub client_id: String,
    /// Where the client secret is.
    pub client_secret: SecretRef,
}

/// A SendGrid account or subuser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendGrid {
    /// Where the API key is.
    pub api_key: SecretRef,
    /// Where the API key to write with is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apply: Option<SecretRef>,
    /// Where the data live.
    #[serde(default)]
    pub region: SendGridRegion,
    /// The base URL instead of SendGrid's own; plain `http` only for a loopback address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Url>,
    /// SSO integrations to delete, by ID or name: the tombstones for integrations, which carry no ownership marker. One that a
    /// profile has is not deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

/// SendGrid's regions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SendGridRegion {
    /// `api.sendgrid.com`
    #[default]
    Global,
    /// `api.eu.sendgrid.com`
    Eu,
}

/// An Okta organization: an API token, or a service app with a private key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Okta {
    /// The organization's host, for instance `acme.okta.com`.
    pub domain: String,
    /// Where the API token (SSWS) is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<SecretRef>,
    /// The service app to authenticate as instead of a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_app: Option<OktaServiceApp>,
    /// How to write, where it is not by the credentials above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apply: Option<OktaCredentials>,
    /// The base URL instead of `https://<domain>`; plain `http` only for a loopback address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Url>,
}

/// Okta's two ways to authenticate; exactly one is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum OktaCredentials {
    /// Where the API token (SSWS) is.
    Token(SecretRef),
    /// The service app.
    ServiceApp(OktaServiceApp),
}

/// An Okta service app that authenticates with a private-key JWT (RFC 7523).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OktaServiceApp {
    /// The app's client id.
    pub client_id: String,
    /// Where its private key (PKCS#8 PEM) is.
    pub private_key: SecretRef,
    /// The key id that the app has for the private key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
}

/// An Auth0 tenant and the machine-to-machine application that Concord uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Auth0 {
    /// The tenant's host, for instance `acme.us.auth0.com`. Not the custom domain: the Management API's audience is always
    /// the tenant's own.
    pub domain: String,
    /// The machine-to-machine application's client id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Where its client secret is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretRef>,
    /// The application to write with, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apply: Option<OAuthClient>,
    /// The base URL instead of `https://<domain>`; plain `http` only for a loopback address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Url>,
}

/// A Google Workspace customer, read and written by a service account with domain-wide delegation. The delegation needs the scopes
/// `admin.directory.userschema.readonly`, `admin.directory.user.readonly` and `admin.directory.group.member.readonly` to plan, and
/// `admin.directory.userschema`, `admin.directory.user` and `admin.directory.group.member.readonly` to apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Google {
    /// The customer id (`C...`), or `my_customer`, which is the default: the one of the administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The identity provider's ID (`C...`), which ends its Entity ID and SSO URL (`...?idpid=C...`). With it both follow by a formula where
    /// `trust` does not give them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^C[0-9A-Za-z]+$"))]
    pub idp_id: Option<String>,
    /// The service account's e-mail address.
    pub service_account: String,
    /// Where its private key (PKCS#8 PEM) is.
    pub private_key: SecretRef,
    /// The administrator whom the service account acts for.
    pub subject: String,
    /// Another service account and administrator for `apply`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apply: Option<GoogleServiceAccount>,
    /// The base URL instead of `https://admin.googleapis.com`; plain `http` only for a loopback address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Url>,
    /// The token endpoint instead of `https://oauth2.googleapis.com/token`; plain `http` only for a loopback address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<Url>,
}

/// A service account that acts for an administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GoogleServiceAccount {
    /// The service account's e-mail address.
    pub service_account: String,
    /// Where its private key (PKCS#8 PEM) is.
    pub private_key: SecretRef,
    /// The administrator whom it acts for.
    pub subject: String,
}

/// A Salesforce organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Salesforce {
    /// The My Domain host, for instance `acme.my.salesforce.com`.
    pub domain: String,
    /// The edition; where it has no Metadata API for SAML apps, the changes become manual steps.
    #[serde(default)]
    pub edition: SalesforceEdition,
    /// The API version, for instance `63.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// The OAuth app's consumer key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Where its secret is, for the client credentials grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretRef>,
    /// The integration user, for a JWT bearer assertion (RFC 7523).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Where the private key (PKCS#8 PEM) for the assertion is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key: Option<SecretRef>,
    /// Whether this is a Salesforce sandbox (the assertion's audience is then `https://test.salesforce.com`).
    #[serde(default)]
    pub is_sandbox: bool,
    /// The base URL instead of `https://<domain>`; plain `http` only for a loopback address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Url>,
}

/// Salesforce editions, as far as they differ in what the Metadata API can do for SAML apps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SalesforceEdition {
    /// Has the Metadata API for External Client Apps.
    #[default]
    Unlimited,
    /// Has the Metadata API for External Client Apps.
    Performance,
    /// Has the Metadata API for External Client Apps.
    Developer,
    /// Not listed by Salesforce for External Client Apps by the Metadata API.
    Enterprise,
    /// Has no Metadata API.
    Professional,
}
