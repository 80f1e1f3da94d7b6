//! The Flex instance of an account: its component, and what is seen of it by Flex Configuration (`docs/flex/developer/config/flex-configuration-rest-api`). Read only.

use serde::Deserialize;

use super::{
    super::unknown::{unexpected, unknown},
    PROVIDER,
    lower::{INSTANCE, login_url},
};
use crate::{
    component::{Address, Capability, Component, Field, Marker, Observed, Realm, Rule, Unknown, Value},
    http::{Origin, Request},
    manifest::{Kind, Resource, tenant::TenantSpec},
    yaml::path,
};

/// What is read of Flex Configuration, as the wire has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Configuration {
    /// The account that the API key belongs to.
    pub account_sid: String,
    /// The Flex instance, `GO...`.
    #[serde(default)]
    pub flex_instance_sid: Option<String>,
    /// The host that serves Flex: `dancing-owl-1234.twil.io`.
    #[serde(default)]
    pub runtime_domain: Option<String>,
}

/// Reads Flex Configuration; the path's case matters.
///
/// # Errors
/// Why it could not be read, or that the API key belongs to another account than the manifests name.
pub async fn configuration(api: &Origin, account_sid: &str) -> Result<Configuration, Unknown> {
    let response = api.send(Request::get(["v1", "Configuration"])).await.map_err(|error| unknown(&error))?;
    let configuration: Configuration = response.json().map_err(|error| unknown(&error))?;
    if !configuration.account_sid.eq_ignore_ascii_case(account_sid) {
        return Err(unexpected(
            format!(
                "the API key belongs to account {}, and the tenant's account is {account_sid}",
                configuration.account_sid.chars().take(40).collect::<String>()
            ),
            Some("use an API key of the tenant's own account"),
        ));
    }
    Ok(configuration)
}

impl Configuration {
    /// The instance as a component.
    pub(super) fn observed(&self) -> Observed {
        let mut observed = Observed::default();
        if let Some(instance) = &self.flex_instance_sid {
            observed.id.clone_from(instance);
            observed.fields.insert("flexInstance".to_owned(), Value::text(instance));
            observed.outputs.insert("flexInstance".to_owned(), Value::text(instance));
        }
        if let Some(domain) = &self.runtime_domain {
            observed.outputs.insert("runtimeDomain".to_owned(), Value::text(domain));
            if let Some(url) = login_url(domain) {
                observed.outputs.insert("loginUrl".to_owned(), Value::text(url));
            }
        }
        observed
    }
}

/// The tenant's Flex instance: observed, where the manifest names it or there is an API key to see it with. Every Flex profile of a
/// tenant gives the same component.
pub fn instance(project: &str, tenant: &Resource<TenantSpec>) -> Option<Component> {
    let twilio = tenant.spec.twilio.as_ref()?;
    let account = twilio.account.as_ref()?;
    if twilio.flex_instance.is_none() && account.api_key.is_none() {
        return None;
    }
    let address = Address::new(tenant.tenant.clone(), Kind::Tenant, tenant.name().clone(), INSTANCE);
    let former = tenant.metadata.formerly.clone();
    let fields = twilio.flex_instance.iter().map(|instance| {
        Field::new("flexInstance", instance.as_str(), Capability::Observed)
            .by(Rule::IgnoreCase)
            .from(tenant.at(&path!["spec", "twilio", "flexInstance"]))
    });
    Some(Component {
        formerly: former.map(|name| address.renamed(name)),
        fields: fields.collect(),
        lifecycle: tenant.lifecycle.clone(),
        ..Component::new(
            Marker { project: project.to_owned(), address },
            Realm::new(PROVIDER, &account.sid),
            format!("Flex instance of account {}", account.sid),
            twilio.flex_instance.clone().unwrap_or_else(|| account.sid.clone()),
            tenant.origin(),
        )
    })
}
