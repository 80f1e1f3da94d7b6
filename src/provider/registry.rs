//! The one table of vendors: which product and which identity provider is lowered by whom, and how a realm's provider is opened.

use std::collections::BTreeMap;

use super::{
    IdentityProvider, LowerError, ProfileContext, ServiceProvider, SharedMutate, SharedObserve,
    SharedRehearse, WriteError,
    auth0::{self, Auth0Vendor},
    credentials::Credentials,
    google::{self, GoogleVendor},
    okta::{self, OktaVendor},
    rehearse,
    salesforce::{self, SalesforceVendor},
    saml::{self, SamlVendor},
    sendgrid::{self, SendGridProduct},
    twilio::{
        console::{self, ConsoleLegacyProduct, ConsoleProduct},
        flex::{self, FlexLegacyProduct, FlexProduct},
        organization,
    },
    web,
};
use crate::{
    component::{Address, Component, Realm, Step, Unknown, UnknownReason},
    diagnostics::Code,
    http::Http,
    manifest::{
        Manifests, Resource,
        attestation::AttestationSpec,
        email_domain::EmailDomainSpec,
        identity_provider::{IdentityProviderSpec, Vendor},
        policy::Policy,
        sso_profile::Product,
        tenant::{Auth0, Google, Okta, Salesforce, SendGrid, TenantSpec, Twilio},
        vanity_domain::VanityDomainSpec,
    },
    plan::ApprovedPlan,
};

/// The lowering of a product.
pub fn service_provider(product: Product) -> &'static dyn ServiceProvider {
    match product {
        Product::Console => &ConsoleProduct,
        Product::ConsoleLegacy => &ConsoleLegacyProduct,
        Product::Flex => &FlexProduct,
        Product::Sendgrid => &SendGridProduct,
        Product::FlexLegacy => &FlexLegacyProduct,
    }
}

/// The lowering of an identity provider.
pub fn identity_provider(vendor: Vendor) -> &'static dyn IdentityProvider {
    match vendor {
        Vendor::Auth0 => &Auth0Vendor,
        Vendor::Okta => &OktaVendor,
        Vendor::Saml => &SamlVendor,
        Vendor::Google => &GoogleVendor,
        Vendor::Salesforce => &SalesforceVendor,
    }
}

/// An organization's e-mail domain.
///
/// # Errors
/// What cannot be expressed.
pub fn email_domain(
    project: &str,
    tenant: &Resource<TenantSpec>,
    domain: &Resource<EmailDomainSpec>,
) -> Result<Vec<Component>, LowerError> {
    console::lower_email_domain(project, tenant, domain)
}

/// A hostname that leads to a profile.
///
/// # Errors
/// What cannot be expressed.
pub fn vanity_domain(
    context: &ProfileContext<'_>,
    policy: &Policy,
    domain: &Resource<VanityDomainSpec>,
) -> Result<Vec<Component>, LowerError> {
    web::lower_vanity_domain(context, policy, domain)
}

/// The codes of every provider, for `concord explain`.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    const ROOMS: &[&[&Code]] = &[
        auth0::CODES,
        google::CODES,
        okta::CODES,
        rehearse::CODES,
        salesforce::CODES,
        saml::CODES,
        console::CODES,
        flex::CODES,
        sendgrid::CODES,
    ];
    ROOMS.iter().copied().flatten().copied()
}

/// The step that removes what an attested component had made, if something of it remains, and where it is done.
type RemovalStep = fn(&Address, &AttestationSpec, &Resource<TenantSpec>) -> Option<(Realm, Step)>;

/// Who knows how attested components are removed.
const REMOVALS: &[RemovalStep] = &[
    console::removal_step,
    flex::removal_step,
    google::removal_step,
    salesforce::removal_step,
    saml::removal_step,
];

/// The step that removes what an attested component had made, if something of it remains.
pub fn removal_step(
    address: &Address,
    attestation: &AttestationSpec,
    tenant: &Resource<TenantSpec>,
) -> Option<(Realm, Step)> {
    REMOVALS.iter().find_map(|removal| removal(address, attestation, tenant))
}

/// How a realm's provider is opened: by the block of the manifests that describes it.
#[derive(Debug, Clone, Copy)]
enum Place<'a> {
    Auth0(&'a Auth0),
    Okta(&'a Okta),
    Salesforce(&'a Salesforce),
    Console(&'a Twilio),
    Google(&'a Google),
    Flex(&'a Twilio),
    Organization(&'a Twilio),
    SendGrid(&'a Resource<TenantSpec>, &'a SendGrid),
    /// An identity provider's public metadata.
    Saml,
    /// A hostname, looked at from outside.
    Web,
}

impl Place<'_> {
    /// Whether the block says what to read with.
    fn has_credentials(&self) -> bool {
        match self {
            Self::Auth0(block) => auth0::open::has_credentials(block),
            Self::Okta(block) => okta::open::has_credentials(block),
            Self::Salesforce(block) => salesforce::open::has_credentials(block),
            // It needs none.
            Self::Console(_) | Self::Saml | Self::Web => true,
            Self::Google(block) => google::open::has_credentials(block),
            Self::Flex(block) => flex::open::has_credentials(block),
            Self::Organization(block) => organization::open::has_credentials(block),
            Self::SendGrid(_, block) => sendgrid::open::has_credentials(block),
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
        let mut offer = |realm: Option<Realm>, place: Place<'a>| {
            let Some(realm) = realm else { return };
            let known = places.entry(realm).or_insert(place);
            if place.has_credentials() && !known.has_credentials() {
                *known = place;
            }
        };
        for tenant in manifests.tenants.values() {
            let TenantSpec { twilio, auth0, google, okta, salesforce, sendgrid, .. } = &tenant.spec;
            if let Some(block) = twilio {
                offer(console::open::realm(block), Place::Console(block));
                offer(flex::open::realm(block), Place::Flex(block));
                offer(organization::open::realm(block), Place::Organization(block));
            }
            if let Some(block) = auth0 {
                offer(Some(auth0::open::realm(block)), Place::Auth0(block));
            }
            if let Some(block) = okta {
                offer(Some(okta::open::realm(block)), Place::Okta(block));
            }
            if let Some(block) = salesforce {
                offer(Some(salesforce::open::realm(block)), Place::Salesforce(block));
            }
            if let Some(block) = sendgrid {
                offer(Some(sendgrid::open::realm(block)), Place::SendGrid(tenant, block));
            }
            if let Some(block) = google {
                offer(Some(google::open::realm(block)), Place::Google(block));
            }
        }
        for provider in manifests.identity_providers.values() {
            let IdentityProviderSpec { auth0, okta, google, salesforce, .. } = &provider.spec;
            if let Some(block) = auth0 {
                offer(Some(auth0::open::realm(block)), Place::Auth0(block));
            }
            if let Some(block) = okta {
                offer(Some(okta::open::realm(block)), Place::Okta(block));
            }
            if let Some(block) = google {
                offer(Some(google::open::realm(block)), Place::Google(block));
            }
            if let Some(block) = salesforce {
                offer(Some(salesforce::open::realm(block)), Place::Salesforce(block));
            }
            if provider.spec.vendor == Vendor::Saml {
                offer(Some(saml::realm(provider)), Place::Saml);
            }
        }
        for domain in manifests.vanity_domains.values() {
            offer(Some(web::realm(domain)), Place::Web);
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
        match self.place(realm)? {
            Place::Auth0(block) => auth0::open::reader(block, http, credentials).await,
            Place::Okta(block) => okta::open::reader(block, http, credentials).await,
            Place::Salesforce(block) => salesforce::open::reader(block, http, credentials).await,
            Place::Console(block) => console::open::reader(block, http, credentials).await,
            Place::Google(block) => google::open::reader(block, http, credentials).await,
            Place::Flex(block) => flex::open::reader(block, http, credentials).await,
            Place::Organization(block) => organization::open::reader(block, http, credentials).await,
            Place::SendGrid(tenant, block) => sendgrid::open::reader(tenant, block, http, credentials).await,
            Place::Saml => Ok(saml::reader(http, realm.clone())),
            Place::Web => Ok(web::reader(http, realm.clone())),
        }
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
        match self.place(realm).map_err(|unknown| WriteError::no_credential(realm.clone(), unknown))? {
            Place::Auth0(block) => auth0::open::writer(block, http, credentials).await,
            Place::Okta(block) => okta::open::writer(block, http, credentials).await,
            Place::Salesforce(block) => salesforce::open::writer(block, http, credentials).await,
            Place::Console(block) => console::open::writer(block, http, credentials).await,
            Place::Google(block) => google::open::writer(block, http, credentials).await,
            Place::Flex(block) => flex::open::writer(block, http, credentials).await,
            Place::Organization(block) => organization::open::writer(block, http, credentials).await,
            Place::SendGrid(tenant, block) => sendgrid::open::writer(tenant, block, http, credentials).await,
            Place::Saml | Place::Web => Err(WriteError::Refused {
                what: realm.to_string(),
                message: "it is read in public, and nobody can write there".to_owned(),
                help: None,
            }),
        }
    }

    /// Opens a provider that asks a vendor what it would say to changes; `None` where the vendor has no such question.
    ///
    /// # Errors
    /// Why it cannot be asked.
    pub async fn rehearser(
        &self,
        realm: &Realm,
        http: &Http,
        credentials: &Credentials,
    ) -> Result<Option<SharedRehearse>, Unknown> {
        match self.place(realm)? {
            Place::Salesforce(block) => salesforce::open::rehearser(block, http, credentials).await.map(Some),
            Place::Auth0(_)
            | Place::Okta(_)
            | Place::Console(_)
            | Place::Google(_)
            | Place::Flex(_)
            | Place::Organization(_)
            | Place::SendGrid(..)
            | Place::Saml
            | Place::Web => Ok(None),
        }
    }

    fn place(&self, realm: &Realm) -> Result<Place<'a>, Unknown> {
        self.places.get(realm).copied().ok_or_else(|| Unknown {
            reason: UnknownReason::NoCredential,
            message: format!("no Tenant says how to reach {realm}"),
            help: None,
        })
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
            Place::Console(_) | Place::Saml | Place::Web => None,
            Place::Google(block) => Some(block.service_account.clone()),
            Place::Flex(twilio) => {
                twilio.account.as_ref().unwrap().api_key.as_ref().map(|key| key.sid.clone())
            }
            Place::Organization(twilio) => {
                let client = twilio.organization.as_ref().unwrap().oauth_client.as_ref();
                client.map(|client| client.client_id.clone())
            }
            Place::SendGrid(_, block) => Some(block.api_key.to_string()),
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
        let realm = Realm::new(auth0::PROVIDER, "nss.us.auth0.com");
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
            assert_eq!(
                read_with(&manifests(first, second), &Realm::new(flex::PROVIDER, ACCOUNT)).as_deref(),
                Some(sid)
            );
        }
    }
}
