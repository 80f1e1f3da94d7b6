//! The Flex provider against manifests, and against a small server in this process.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, sync::Arc};

use serde::de::DeserializeOwned;

use super::*;
use crate::{
    component::{Address, Component, Value},
    diagnostics::{SourceFile, Span},
    manifest::{
        Document, Kind, Lifecycle, Metadata, Resource, attribute_map::AttributeMapSpec,
        identity_provider::IdentityProviderSpec, sso_profile::SsoProfileSpec, tenant::TenantSpec,
        user_enablement::UserEnablementSpec, vanity_domain::VanityDomainSpec,
    },
    provider::{IdentityProviderSide, ProfileContext, ServiceProvider},
    saml::Certificate,
    yaml::{Node, NodeKind},
};

mod lowering;
mod observing;
mod planning;
mod users;

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const INSTANCE_SID: &str = "GO00000000000000000000000000000001";
const ONE: &str = "JQ00000000000000000000000000000001";
const TWO: &str = "JQ00000000000000000000000000000002";
const SSO_URL: &str = "https://nss.us.auth0.com/samlp/abc?connection=Username-Password-Authentication";

const TENANT: &str = "
twilio:
  account: {sid: AC00000000000000000000000000000001, apiKey: {sid: SK00000000000000000000000000000001, secret: {env: S}}}
  flexInstance: GO00000000000000000000000000000001
";
const IDENTITY_PROVIDER: &str = "vendor: auth0";
const ATTRIBUTES: &str = "
nameId: {format: emailAddress, from: user.email}
attributes:
  - {name: email, from: user.email, required: true}
  - {name: full_name, from: user.name, required: true}
  - {name: roles, from: enablement.roles, required: true, values: [agent, supervisor, admin]}
  - {name: team, from: user.appMetadata.flex.team}
";
const PROFILE: &str = "
product: flex
friendlyName: Auth0 - Nevada Senior Services
identityProvider: auth0-nss
application: {name: Twilio Flex - NSS, connection: Username-Password-Authentication}
attributeMap: flex-agents
urls: {defaultRedirect: https://nss.connie.team, trusted: [https://nss.connie.team]}
";
const ENABLEMENT: &str = "
profile: flex
select: {emailDomains: [connie.one]}
rollout: {stage: pilot, pilot: [Test@connie.one]}
breakGlass: [root@connie.one]
roles: {default: [agent], overrides: [{user: lead@connie.one, roles: [agent, supervisor]}]}
";

fn resource<T: DeserializeOwned>(kind: Kind, name: &str, spec: &str) -> Resource<T> {
    Resource {
        kind,
        tenant: "nss".parse().unwrap(),
        metadata: Metadata {
            name: name.parse().unwrap(),
            tenant: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            formerly: None,
        },
        lifecycle: Lifecycle::default(),
        spec: from_yaml(spec),
        document: Arc::new(Document {
            source: SourceFile::new(format!("{name}.yaml"), spec),
            root: Node { span: Span::default(), kind: NodeKind::Null, raw: None },
        }),
    }
}

/// Decodes through JSON, in which an enum with a value is a map, as in the manifests.
fn from_yaml<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_value(serde_yaml::from_str(text).unwrap()).unwrap()
}

/// The project of the documentation's example, each document of which a test may change.
struct Project {
    tenant: Resource<TenantSpec>,
    identity_provider: Resource<IdentityProviderSpec>,
    attribute_map: Resource<AttributeMapSpec>,
    profile: Resource<SsoProfileSpec>,
    enablement: Resource<UserEnablementSpec>,
    vanity_domains: Vec<Resource<VanityDomainSpec>>,
}

impl Project {
    fn new() -> Self {
        Self {
            tenant: resource(Kind::Tenant, "nss", TENANT),
            identity_provider: resource(Kind::IdentityProvider, "auth0-nss", IDENTITY_PROVIDER),
            attribute_map: resource(Kind::AttributeMap, "flex-agents", ATTRIBUTES),
            profile: resource(Kind::SsoProfile, "flex", PROFILE),
            enablement: resource(Kind::UserEnablement, "nss-agents", ENABLEMENT),
            vanity_domains: Vec::new(),
        }
    }

    fn with<R>(&self, use_it: impl FnOnce(&ProfileContext<'_>) -> R) -> R {
        let vanity_domains: Vec<_> = self.vanity_domains.iter().collect();
        use_it(&ProfileContext {
            project: "k3jd82ma",
            tenant: &self.tenant,
            profile: &self.profile,
            identity_provider: &self.identity_provider,
            attribute_map: Some(&self.attribute_map),
            enablements: &[&self.enablement],
            vanity_domains: &vanity_domains,
            email_domains: &[],
        })
    }

    fn lower(&self, side: &IdentityProviderSide) -> Vec<Component> {
        self.with(|context| FlexProduct.lower(context, side)).unwrap()
    }
}

fn address(component: &str) -> Address {
    format!("nss/SsoProfile/flex/{component}").parse().unwrap()
}

/// What an identity provider offers whose application exists.
fn settled() -> IdentityProviderSide {
    let pem = include_str!("../../../../saml/testdata/rsa2048.pem");
    IdentityProviderSide {
        issuer: Value::text("urn:nss.us.auth0.com"),
        sso_url: Value::text(SSO_URL),
        certificates: Value::List(vec![Value::Certificate(Certificate::from_pem(pem).unwrap())]),
        gates: vec![address("auth0.client"), address("auth0.binding")],
    }
}

/// What an identity provider offers whose application does not exist yet.
fn pending() -> IdentityProviderSide {
    let client = address("auth0.client");
    IdentityProviderSide {
        issuer: Value::output_of(&client, "issuer"),
        sso_url: Value::output_of(&client, "ssoUrl"),
        certificates: Value::output_of(&client, "certificates"),
        gates: vec![client],
    }
}
