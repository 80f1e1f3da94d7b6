//! Lowering: what a vanity domain should look like from outside.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::PROVIDER;
use crate::{
    component::{Address, Capability, Component, Field, Marker, Realm, Rule, Value},
    manifest::{
        Kind, Resource, policy::Policy, sso_profile::SsoProfileSpec, tenant::TenantSpec,
        vanity_domain::VanityDomainSpec,
    },
    provider::{LowerError, ProfileContext},
    yaml::path,
};

/// The component types.
pub(super) mod kind {
    pub(in super::super) const DNS: &str = "web.dns";
    pub(in super::super) const TLS: &str = "web.tls";
    pub(in super::super) const APP_CONFIG: &str = "web.app-config";
}

/// Field paths that more than one file names.
pub(super) mod field {
    /// Shown as context: the host that is looked at.
    pub(in super::super) const HOSTNAME: &str = "hostname";
    pub(in super::super) const RESOLVES: &str = "resolves";
    pub(in super::super) const CNAME: &str = "cname";
    pub(in super::super) const ADDRESSES: &str = "addresses";
    pub(in super::super) const HANDSHAKE: &str = "handshake";
    pub(in super::super) const NAMES_HOST: &str = "namesHost";
    pub(in super::super) const VALID: &str = "valid";
    /// Shown as context: from how many days before its expiry a certificate is reported.
    pub(in super::super) const WARN_DAYS: &str = "warnDays";
    /// Shown as context: where the configuration is.
    pub(in super::super) const URL: &str = "url";
    pub(in super::super) const ACCOUNT: &str = "sso.accountSid";
    pub(in super::super) const CONNECTION: &str = "oauth.connection";
    pub(in super::super) const CLIENT: &str = "oauth.clientId";
    pub(in super::super) const REDIRECT: &str = "oauth.redirectUrl";
}

/// Time to live of the records that are proposed, in seconds.
const TTL: u32 = 300;

/// How a handshake ends that nothing is objected to.
pub(super) const TRUSTED: &str = "trusted";

/// What a certificate's validity is compared by.
pub(super) fn long_valid(days: i64) -> String {
    format!("for more than {days} days")
}

/// The realm of a vanity domain: its host.
pub fn realm(domain: &Resource<VanityDomainSpec>) -> Realm {
    Realm::new(PROVIDER, domain.spec.hostname.to_ascii_lowercase())
}

/// The components of a vanity domain that leads to the context's profile.
///
/// # Errors
/// None today; what is wrong with a vanity domain the offline rules say.
pub fn lower_vanity_domain(
    context: &ProfileContext<'_>,
    policy: &Policy,
    domain: &Resource<VanityDomainSpec>,
) -> Result<Vec<Component>, LowerError> {
    let lowering = Lowering { project: context.project, domain };
    Ok(vec![lowering.dns(), lowering.tls(policy), lowering.app_config(context.tenant, context.profile)])
}

struct Lowering<'a> {
    project: &'a str,
    domain: &'a Resource<VanityDomainSpec>,
}

impl Lowering<'_> {
    fn component(&self, component: &'static str, title: String, fields: Vec<Field>) -> Component {
        let domain = self.domain;
        let address =
            Address::new(domain.tenant.clone(), Kind::VanityDomain, domain.name().clone(), component);
        let former = domain.metadata.formerly.clone();
        let hostname = Field::new(field::HOSTNAME, domain.spec.hostname.as_str(), Capability::Derived)
            .from(domain.at(&path!["spec", "hostname"]));
        Component {
            formerly: former.map(|former| address.renamed(former)),
            fields: std::iter::once(hostname).chain(fields).collect(),
            lifecycle: domain.lifecycle.clone(),
            ..Component::new(
                Marker { project: self.project.to_owned(), address },
                realm(domain),
                title,
                domain.spec.hostname.clone(),
                domain.origin(),
            )
        }
    }

    fn dns(&self) -> Component {
        let spec = &self.domain.spec;
        let at = |key: &str| self.domain.at(&path!["spec", "dns", key]);
        let mut fields = vec![
            Field::new(field::RESOLVES, true, Capability::Observed)
                .from(self.domain.at(&path!["spec", "hostname"])),
        ];
        if let Some(cname) = &spec.dns.cname {
            let target = cname.trim_end_matches('.');
            fields.push(
                Field::new(field::CNAME, target, Capability::Observed).by(Rule::IgnoreCase).from(at("cname")),
            );
        }
        if !spec.dns.addresses.is_empty() {
            let addresses = spec.dns.addresses.iter().map(ToString::to_string);
            fields.push(
                Field::new(field::ADDRESSES, Value::texts(addresses), Capability::Observed)
                    .by(Rule::Set)
                    .from(at("addresses")),
            );
        }
        let records = records(spec);
        let title = match records.as_str() {
            "" => format!("DNS of {}", spec.hostname),
            records => format!("DNS of {}, `{records}`", spec.hostname),
        };
        self.component(kind::DNS, title, fields)
    }

    fn tls(&self, policy: &Policy) -> Component {
        let spec = &self.domain.spec;
        let days = spec.tls.warn_days.map_or_else(|| policy.certificate_warn_days(), i64::from);
        let here = self.domain.at(&path!["spec", "hostname"]);
        let fields = vec![
            Field::new(field::WARN_DAYS, days, Capability::Derived),
            Field::new(field::HANDSHAKE, TRUSTED, Capability::Observed).from(here.clone()),
            Field::new(field::NAMES_HOST, true, Capability::Observed).from(here),
            Field::new(field::VALID, long_valid(days), Capability::Observed)
                .from(self.domain.at(&path!["spec", "tls", "warnDays"])),
        ];
        self.component(kind::TLS, format!("TLS certificate of {}", spec.hostname), fields)
    }

    fn app_config(&self, tenant: &Resource<TenantSpec>, profile: &Resource<SsoProfileSpec>) -> Component {
        let spec = &self.domain.spec;
        let url = match &spec.app_config {
            Some(url) => url.to_string(),
            None => format!("https://{}/assets/appConfig.js", spec.hostname),
        };
        // What the profile gives, once it is known: see `provider/twilio/flex`.
        let trust = Address::new(
            profile.tenant.clone(),
            Kind::SsoProfile,
            profile.name().clone(),
            crate::provider::twilio::flex::connection_component(profile.spec.product),
        );
        let observed = |path: &str, value: Value| Field::new(path, value, Capability::Observed);
        let mut fields = vec![
            Field::new(field::URL, url, Capability::Derived)
                .from(self.domain.at(&path!["spec", "appConfig"])),
        ];
        let account = tenant.spec.twilio.as_ref().and_then(|twilio| twilio.account.as_ref());
        if let Some(account) = account {
            fields.push(
                observed(field::ACCOUNT, Value::text(&account.sid))
                    .from(tenant.at(&path!["spec", "twilio", "account", "sid"])),
            );
        }
        let connection = match &profile.spec.connection {
            Some(connection) => Value::text(connection),
            None => Value::output_of(&trust, "connection"),
        };
        let leads_to = Some(self.domain.at(&path!["spec", "profile"]));
        fields.extend([
            observed(field::CONNECTION, connection).from(leads_to.clone()),
            observed(field::CLIENT, Value::output_of(&trust, "clientId")).from(leads_to),
            observed(field::REDIRECT, Value::text(format!("https://{}", spec.hostname)))
                .by(Rule::Url)
                .from(self.domain.at(&path!["spec", "hostname"])),
        ]);
        let title = format!("appConfig.js of {}", spec.hostname);
        self.component(kind::APP_CONFIG, title, fields)
    }
}

/// The records to create, as a zone file has them (RFC 1035 section 5.1), joined by `; `.
pub(super) fn records(spec: &VanityDomainSpec) -> String {
    let name = spec.hostname.trim_end_matches('.');
    let mut records = String::new();
    let mut add = |kind: &str, data: &str| {
        let separator = if records.is_empty() { "" } else { "; " };
        // Writing into a text does not fail.
        let _ = write!(records, "{separator}{name}. {TTL} IN {kind} {data}");
    };
    match &spec.dns.cname {
        // Nothing can stand beside an alias: where both are given, the addresses are those of its target.
        Some(cname) => add("CNAME", &format!("{}.", cname.trim_end_matches('.'))),
        None => {
            for address in &spec.dns.addresses {
                match address {
                    IpAddr::V4(address) => add("A", &address.to_string()),
                    IpAddr::V6(address) => add("AAAA", &address.to_string()),
                }
            }
        }
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(json: serde_json::Value) -> VanityDomainSpec {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn records_are_written_as_zone_files_have_them() {
        let alias = spec(serde_json::json!({"hostname": "nss.connie.team", "profile": "flex",
            "dns": {"cname": "d1.cloudfront.net.", "addresses": ["192.0.2.1"]}}));
        assert_eq!(records(&alias), "nss.connie.team. 300 IN CNAME d1.cloudfront.net.");
        let addresses = spec(serde_json::json!({"hostname": "a.b", "profile": "flex",
            "dns": {"addresses": ["192.0.2.1", "2001:db8::1"]}}));
        assert_eq!(records(&addresses), "a.b. 300 IN A 192.0.2.1; a.b. 300 IN AAAA 2001:db8::1");
        assert_eq!(records(&spec(serde_json::json!({"hostname": "a.b", "profile": "flex"}))), "");
    }
}
