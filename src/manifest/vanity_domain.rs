//! The `VanityDomain` kind: a hostname of one's own that serves Flex.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Name;

/// A hostname of one's own that serves Flex. Twilio has no such resource: it is DNS, TLS and a self-hosted Flex UI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VanityDomainSpec {
    /// The hostname, for instance `nss.connie.team`.
    pub hostname: String,
    /// The profile that it leads to, by name.
    pub profile: Name,
    /// What its DNS answer is to be.
    #[serde(default)]
    pub dns: DnsTarget,
    /// What its TLS certificate is to be.
    #[serde(default)]
    pub tls: TlsExpectation,
    /// The self-hosted Flex UI's public configuration. Default `https://<hostname>/assets/appConfig.js`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_config: Option<Url>,
}

/// What the hostname's DNS answer is to be; left empty, it only has to resolve.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DnsTarget {
    /// The canonical name that it is an alias of (CNAME, RFC 1035 section 3.3.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cname: Option<String>,
    /// The addresses that it has (A, AAAA).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("items" = {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}))]
    pub addresses: Vec<IpAddr>,
}

/// What the hostname's TLS certificate is to be. That it names the host and chains to the system's roots is always wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TlsExpectation {
    /// From how many days before its expiry it is reported. Default: the policy's `certificateWarnDays`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn_days: Option<u32>,
}
