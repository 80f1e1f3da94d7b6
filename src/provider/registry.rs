//! The one table of vendors: which product and which identity provider is lowered by whom, and how a realm's provider is opened.

use std::collections::BTreeMap;

use super::{
    IdentityProvider, ServiceProvider, SharedMutate, SharedObserve, WriteError,
    auth0::{self, Auth0Config, Auth0Vendor},
    credentials::{Credentials, Purpose},
    okta::{self, OktaAuth, OktaConfig, OktaVendor},
    salesforce::{self, SalesforceVendor},
    twilio::flex::{self, FlexConfig, FlexProduct},
};
use crate::{
    component::{Address, Realm, Step, Unknown, UnknownReason},
    diagnostics::Code,
    http::{Http, HttpError},
    manifest::{
        Manifests, Resource, SecretRef,
        attestation::AttestationSpec,
        identity_provider::Vendor,
        sso_profile::Product,
        tenant::{
            Auth0, OAuthClient, Okta, OktaCredentials, OktaServiceApp, Salesforce, TenantSpec, Twilio, TwilioApiKey,
        },
    },
    plan::ApprovedPlan,
};

/// The products that can be planned.
pub const PRODUCTS: &[Product] = &[Product::Flex];

/// The identity providers that can be planned.
pub const VENDORS: &[Vendor] = &[Vendor::Auth0, Vendor::Okta, Vendor::Salesforce];

/// The lowering of a product.
pub fn service_provider(product: Product) -> Option<&'static dyn ServiceProvider> {
    match product {
        Product::Flex => Some(&FlexProduct),
        Product::Console | Product::ConsoleLegacy | Product::FlexLegacy | Product::Sendgrid => None,
    }
}

/// The lowering of an identity provider.
pub fn identity_provider(vendor: Vendor) -> Option<&'static dyn IdentityProvider> {
    match vendor {
        Vendor::Auth0 => Some(&Auth0Vendor),
        Vendor::Okta => Some(&OktaVendor),
        Vendor::Salesforce => Some(&SalesforceVendor),
        Vendor::Google | Vendor::Saml => None,
    }
}

/// The codes of every provider, for `concord explain`.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    auth0::CODES.iter().chain(okta::CODES).chain(salesforce::CODES).chain(flex::CODES).copied()
}

/// How a realm's provider is opened: by the block of the manifests that describes it.
#[derive(Debug, Clone, Copy)]
enum Place<'a> {
    Auth0(&'a Auth0),
    Okta(&'a Okta),
    Salesforce(&'a Salesforce),
    Flex(&'a Twilio),
}

impl Place<'_> {
    /// Whether the block says what to read with.
    fn has_credentials(&self) -> bool {
        match self {
            Self::Auth0(block) => block.client_id.is_some() && block.client_secret.is_some(),
            Self::Okta(block) => block.token.is_some() || block.service_app.is_some(),
            Self::Salesforce(block) => salesforce::has_credentials(block),
            Self::Flex(twilio) => twilio.account.as_ref().is_some_and(|account| account.api_key.is_some()),
        }
    }
}

/// The realms that a project's manifests name, each with how it is opened.
#[derive(Debug)]
pub struct Registry<'a> {
    places: BTreeMap<Realm, Place<'a>>,
}

impl<'a> Registry<'a> {
    /// The realms of a project. Where several documents name one realm, the first one with credentials to read with is used, else
    /// the first: tenants before identity providers, each by name.
    pub fn of(manifests: &'a Manifests) -> Self {
        let mut places: BTreeMap<Realm, Place<'a>> = BTreeMap::new();
        let mut offer = |realm: Realm, place: Place<'a>| {
            let known = places.entry(realm).or_insert(place);
            if place.has_credentials() && !known.has_credentials() {
                *known = place;
            }
        };
        for tenant in manifests.tenants.values() {
            if let Some(twilio) = &tenant.spec.twilio
                && let Some(account) = &twilio.account
            {
                offer(flex_realm(&account.sid), Place::Flex(twilio));
            }
            if let Some(block) = &tenant.spec.auth0 {
                offer(auth0_realm(&block.domain), Place::Auth0(block));
            }
            if let Some(block) = &tenant.spec.okta {
                offer(okta_realm(&block.domain), Place::Okta(block));
            }
            if let Some(block) = tenant.spec.salesforce.as_ref() {
                offer(salesforce::realm(block), Place::Salesforce(block));
            }
        }
        for provider in manifests.identity_providers.values() {
            if let Some(block) = &provider.spec.auth0 {
                offer(auth0_realm(&block.domain), Place::Auth0(block));
            }
            if let Some(block) = &provider.spec.okta {
                offer(okta_realm(&block.domain), Place::Okta(block));
            }
            if let Some(block) = provider.spec.salesforce.as_ref() {
                offer(salesforce::realm(block), Place::Salesforce(block));
            }
        }
        Self { places }
    }

    /// The realms.
    pub fn realms(&self) -> impl Iterator<Item = &Realm> {
        self.places.keys()
    }

    /// Opens a provider that reads.
    ///
    /// # Errors
    /// Why the realm cannot be read: nothing in it is known then.
    pub async fn reader(
        &self,
        realm: &Realm,
        http: &Http,
        credentials: &Credentials,
    ) -> Result<SharedObserve, Unknown> {
        let opened: Result<SharedObserve, HttpError> = match self.place(realm)? {
            Place::Auth0(block) => {
                auth0::reader(http, &auth0_config(block, credentials, Purpose::Plan).await?)
            }
            Place::Okta(block) => okta::reader(http, &okta_config(block, credentials, Purpose::Plan).await?),
            Place::Salesforce(block) => return salesforce::reader(block, http, credentials).await,
            Place::Flex(twilio) => {
                flex::reader(http, &flex_config(twilio, credentials, Purpose::Plan).await?)
            }
        };
        opened.map_err(|error| Unknown {
            reason: UnknownReason::Unexpected,
            message: error.to_string(),
            help: miette::Diagnostic::help(&error).map(|help| help.to_string()),
        })
    }

    /// Opens a provider that writes, for a plan that was approved.
    ///
    /// # Errors
    /// There is no credential to write with, or the realm's address cannot be used.
    pub async fn writer(
        &self,
        _approved: &ApprovedPlan,
        realm: &Realm,
        http: &Http,
        credentials: &Credentials,
    ) -> Result<SharedMutate, WriteError> {
        let unknown =
            |unknown: Unknown| WriteError::NoCredential { realm: realm.clone(), message: unknown.message };
        Ok(match self.place(realm).map_err(unknown)? {
            Place::Auth0(block) => {
                let config = auth0_config(block, credentials, Purpose::Apply).await.map_err(unknown)?;
                auth0::writer(http, &config)?
            }
            Place::Okta(block) => {
                let config = okta_config(block, credentials, Purpose::Apply).await.map_err(unknown)?;
                okta::writer(http, &config)?
            }
            Place::Salesforce(block) => salesforce::writer(block, http, credentials).await?,
            Place::Flex(twilio) => {
                let config = flex_config(twilio, credentials, Purpose::Apply).await.map_err(unknown)?;
                flex::writer(http, &config)?
            }
        })
    }

    fn place(&self, realm: &Realm) -> Result<Place<'a>, Unknown> {
        self.places.get(realm).copied().ok_or_else(|| Unknown {
            reason: UnknownReason::NoCredential,
            message: format!("no Tenant says how to reach {realm}"),
            help: None,
        })
    }
}

/// The step that removes what an attested component had made, if something of it remains.
pub fn removal_step(
    address: &Address,
    attestation: &AttestationSpec,
    tenant: &Resource<TenantSpec>,
) -> Option<(Realm, Step)> {
    if let Some(removal) = salesforce::removal_step(address, attestation, tenant) {
        return Some(removal);
    }
    let account = &tenant.spec.twilio.as_ref()?.account.as_ref()?.sid;
    let step = flex::removal_step(address, attestation, account)?;
    Some((flex_realm(account), step))
}

fn flex_realm(account_sid: &str) -> Realm {
    Realm::new(flex::PROVIDER, account_sid)
}

fn auth0_realm(domain: &str) -> Realm {
    Realm::new(auth0::PROVIDER, domain)
}

fn okta_realm(domain: &str) -> Realm {
    Realm::new(okta::PROVIDER, domain.to_ascii_lowercase())
}

async fn auth0_config(
    block: &Auth0,
    credentials: &Credentials,
    purpose: Purpose,
) -> Result<Auth0Config, Unknown> {
    let reading =
        block.client_id.as_ref().zip(block.client_secret.as_ref()).map(|(client_id, client_secret)| {
            OAuthClient { client_id: client_id.clone(), client_secret: client_secret.clone() }
        });
    let writing = block.apply.clone().filter(|_| purpose == Purpose::Apply);
    let client = writing.or(reading);
    let (client_id, client_secret) = credentials
        .pair(
            client.as_ref().map(|client| (client.client_id.as_str(), &client.client_secret)),
            "the Tenant's `auth0` block names no `clientId` and `clientSecret`",
        )
        .await?;
    Ok(Auth0Config {
        domain: block.domain.clone(),
        endpoint: block.endpoint.clone(),
        client_id,
        client_secret,
    })
}

/// In the sandbox a token stands for either way to authenticate: there is no private key to sign with.
async fn okta_config(
    block: &Okta,
    credentials: &Credentials,
    purpose: Purpose,
) -> Result<OktaConfig, Unknown> {
    let app = |app: &OktaServiceApp| OktaCredentials::ServiceApp(app.clone());
    let reading =
        block.token.clone().map(OktaCredentials::Token).or_else(|| block.service_app.as_ref().map(app));
    let given = block.apply.clone().filter(|_| purpose == Purpose::Apply).or(reading);
    let missing = "the Tenant's `okta` block names neither `token` nor `serviceApp`";
    let auth = match &given {
        Some(OktaCredentials::ServiceApp(app)) if !credentials.is_sandbox() => {
            let pair = Some((app.client_id.as_str(), &app.private_key));
            let (client_id, secret) = credentials.pair(pair, missing).await?;
            let key = okta::PrivateKey::from_pem(&secret).map_err(|error| Unknown {
                reason: UnknownReason::NoCredential,
                message: format!("{} cannot be used: {error}", app.private_key),
                help: Some(
                    "give the service app's key as PKCS#8 PEM: `openssl pkcs8 -topk8 -nocrypt`".to_owned(),
                ),
            })?;
            let writes = purpose == Purpose::Apply;
            OktaAuth::ServiceApp { client_id, key, key_id: app.key_id.clone(), writes }
        }
        Some(
            OktaCredentials::Token(token)
            | OktaCredentials::ServiceApp(OktaServiceApp { private_key: token, .. }),
        ) => OktaAuth::Token(credentials.pair(Some(("token", token)), missing).await?.1),
        None => OktaAuth::Token(credentials.pair(None, missing).await?.1),
    };
    Ok(OktaConfig { domain: block.domain.clone(), endpoint: block.endpoint.clone(), auth })
}

/// The Flex provider reads the profile without a credential, so a missing one is its own business: it says of what it cannot read why.
async fn flex_config(
    twilio: &Twilio,
    credentials: &Credentials,
    purpose: Purpose,
) -> Result<FlexConfig, Unknown> {
    let account = twilio.account.as_ref().ok_or_else(|| Unknown {
        reason: UnknownReason::NoCredential,
        message: "the Tenant's `twilio` block names no account".to_owned(),
        help: None,
    })?;
    let writing = account.apply.as_ref().filter(|_| purpose == Purpose::Apply);
    let key: Option<(&str, &SecretRef)> =
        writing.or(account.api_key.as_ref()).map(|TwilioApiKey { sid, secret }| (sid.as_str(), secret));
    let api_key = match key {
        None if !credentials.is_sandbox() => Err(flex::no_api_key()),
        key => credentials.pair(key, "the Tenant's `twilio.account` block names no `apiKey`").await,
    };
    Ok(FlexConfig {
        account_sid: account.sid.clone(),
        flex_instance: twilio.flex_instance.clone(),
        region: twilio.region.clone().unwrap_or_else(|| flex::DEFAULT_REGION.to_owned()),
        endpoints: twilio.endpoint.clone().unwrap_or_default(),
        api_key,
    })
}

/// The realm that has the accounts of a profile's product.
pub fn product_realm(context: &super::ProfileContext<'_>) -> Option<Realm> {
    match context.profile.spec.product {
        Product::Flex | Product::FlexLegacy => {
            Some(flex_realm(&context.tenant.spec.twilio.as_ref()?.account.as_ref()?.sid))
        }
        Product::Console | Product::ConsoleLegacy | Product::Sendgrid => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        diagnostics::{Findings, SourceFile},
        manifest::Document,
        yaml,
    };

    const ACCOUNT: &str = "AC00000000000000000000000000000001";

    /// A project with two tenants of these `spec`s.
    fn manifests(first: &str, second: &str) -> Manifests {
        let text = format!(
            "apiVersion: concord/v1\nkind: Project\nmetadata: {{name: p}}\nspec: {{id: q7f3k2m9d4}}\n\
             ---\napiVersion: concord/v1\nkind: Tenant\nmetadata: {{name: a}}\nspec: {first}\n\
             ---\napiVersion: concord/v1\nkind: Tenant\nmetadata: {{name: b}}\nspec: {second}\n"
        );
        let source = SourceFile::new("concord.yaml", text);
        let mut findings = Findings::new();
        let documents = yaml::parse(&source, &yaml::Limits::default(), &mut findings)
            .into_iter()
            .map(|root| Arc::new(Document { source: Arc::clone(&source), root }))
            .collect();
        let manifests = Manifests::from_documents(documents, &mut findings);
        manifests.filter(|_| !findings.has_errors()).unwrap_or_else(|| panic!("{findings:#?}"))
    }

    /// The client ID or API key that a realm is read with.
    fn read_with(manifests: &Manifests, realm: &Realm) -> Option<String> {
        match Registry::of(manifests).place(realm).unwrap() {
            Place::Auth0(block) => block.client_id.clone(),
            Place::Okta(block) => block.token.as_ref().map(ToString::to_string),
            Place::Salesforce(block) => block.client_id.clone(),
            Place::Flex(twilio) => {
                twilio.account.as_ref().unwrap().api_key.as_ref().map(|key| key.sid.clone())
            }
        }
    }

    #[test]
    fn of_two_tenants_on_one_realm_the_one_with_credentials_counts() {
        let auth0 = |more: &str| format!("{{auth0: {{domain: nss.us.auth0.com{more}}}}}");
        let (with, other) = (
            auth0(", clientId: one, clientSecret: {env: ONE}"),
            auth0(", clientId: two, clientSecret: {env: TWO}"),
        );
        let half = auth0(", clientId: half");
        let realm = auth0_realm("nss.us.auth0.com");
        for (first, second, expected) in
            [(&half, &with, "one"), (&with, &half, "one"), (&with, &other, "one"), (&other, &with, "two")]
        {
            assert_eq!(read_with(&manifests(first, second), &realm).as_deref(), Some(expected));
        }

        let sid = "SK00000000000000000000000000000001";
        let bare = format!("{{twilio: {{account: {{sid: {ACCOUNT}}}}}}}");
        let keyed = format!(
            "{{twilio: {{account: {{sid: {ACCOUNT}, apiKey: {{sid: {sid}, secret: {{env: KEY}}}}}}}}}}"
        );
        for (first, second) in [(&bare, &keyed), (&keyed, &bare)] {
            assert_eq!(read_with(&manifests(first, second), &flex_realm(ACCOUNT)).as_deref(), Some(sid));
        }
    }
}
