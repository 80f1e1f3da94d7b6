//! Lowering: how the two sides of a profile become components. Each side says what it offers to the other (an assertion consumer
//! URL, an issuer), known or pending, and then makes its components out of what the other offers.

use std::collections::BTreeSet;

use url::Url;

use super::{Person, Population, PopulationQuery};
use crate::{
    component::{Address, Component, Instruction, Marker, Realm, Requirement, Value},
    diagnostics::{Finding, Location},
    manifest::{
        Kind, Resource,
        attribute_map::AttributeMapSpec,
        email_domain::EmailDomainSpec,
        identity_provider::IdentityProviderSpec,
        sso_profile::SsoProfileSpec,
        tenant::TenantSpec,
        user_enablement::{Role, Stage, UserEnablementSpec},
        vanity_domain::VanityDomainSpec,
    },
    plan::{Outputs, Warning},
};

/// One profile with everything that it refers to.
#[derive(Debug, Clone, Copy)]
pub struct ProfileContext<'a> {
    /// The project's id.
    pub project: &'a str,
    /// The profile's tenant.
    pub tenant: &'a Resource<TenantSpec>,
    /// The profile.
    pub profile: &'a Resource<SsoProfileSpec>,
    /// Its identity provider.
    pub identity_provider: &'a Resource<IdentityProviderSpec>,
    /// Its attribute map.
    pub attribute_map: Option<&'a Resource<AttributeMapSpec>>,
    /// The enablements of it.
    pub enablements: &'a [&'a Resource<UserEnablementSpec>],
    /// The vanity domains that lead to it.
    pub vanity_domains: &'a [&'a Resource<VanityDomainSpec>],
    /// The e-mail domains of the tenant.
    pub email_domains: &'a [&'a Resource<EmailDomainSpec>],
}

impl ProfileContext<'_> {
    /// The address of one of the profile's components.
    pub fn address(&self, component: impl Into<String>) -> Address {
        Address::new(
            self.profile.tenant.clone(),
            Kind::SsoProfile,
            self.profile.metadata.name.clone(),
            component,
        )
    }

    /// The address that one of the profile's components had before.
    pub fn former_address(&self, component: impl Into<String>) -> Option<Address> {
        let former = self.profile.metadata.formerly.clone()?;
        Some(Address::new(self.profile.tenant.clone(), Kind::SsoProfile, former, component))
    }

    /// The ownership marker of one of the project's components.
    pub fn marker(&self, address: &Address) -> Marker {
        Marker { project: self.project.to_owned(), address: address.clone() }
    }
}

/// What the people of an enablement are told: the enablement's own words, or ours, with `{profile}`, `{product}`, `{url}` and `{stage}`
/// filled in.
pub fn announcement(context: &ProfileContext<'_>, enablement: &Resource<UserEnablementSpec>) -> String {
    let spec = &context.profile.spec;
    let url = match context.vanity_domains.first() {
        Some(domain) => format!("https://{}", domain.spec.hostname),
        None => spec.urls.default_redirect.as_ref().map_or_else(
            || spec.product.login_page().to_owned(),
            |url| url.as_str().trim_end_matches('/').to_owned(),
        ),
    };
    let text = enablement.spec.announcement.as_deref().unwrap_or(match enablement.spec.rollout.stage {
        Stage::Enforced => {
            "From now on you sign in to {product} with your company account, and no longer with a password of its own: open {url}, \
             enter your work address, and go on at the page that opens. If that fails, tell us at once; administrators are ready to help."
        }
        Stage::Pilot | Stage::Waves | Stage::All => {
            "You can sign in to {product} with your company account now: open {url}, enter your work address, and go on at the page that opens. \
             If that fails, tell us what you see."
        }
    });
    text.replace("{profile}", &spec.friendly_name)
        .replace("{product}", spec.product.title())
        .replace("{url}", &url)
        .replace("{stage}", enablement.spec.rollout.stage.as_str())
}

/// What the service provider's side offers to the identity provider's.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceProviderSide {
    /// The entity ID, which is the assertion's audience.
    pub entity_id: Value,
    /// The assertion consumer service URL.
    pub acs_url: Value,
    /// Further URLs that responses may be posted to.
    pub callback_urls: Vec<Value>,
    /// URLs that people may be sent to after logout.
    pub logout_urls: Vec<Value>,
    /// Where a sign-in that begins at the identity provider ends.
    pub start_url: Option<Value>,
    /// Components that must be complete before people other than the pilot are enabled: the test of the connection.
    pub gates: Vec<Address>,
}

/// What the identity provider's side offers to the service provider's.
#[derive(Debug, Clone, PartialEq)]
pub struct IdentityProviderSide {
    /// The issuer (entity ID).
    pub issuer: Value,
    /// The single sign-on URL.
    pub sso_url: Value,
    /// The signing certificates, a list of [`Value::Certificate`].
    pub certificates: Value,
    /// Components that must be complete before a test of the connection can succeed: application, attribute sources, and the
    /// people of the pilot are added by the resolver.
    pub gates: Vec<Address>,
}

/// How an identity provider comes to sign with another key without locking anybody out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The components of the identity provider's side that wait until the service provider trusts what is offered.
    pub after_trust: Vec<Address>,
    /// What a person who enters certificates by hand has to know beside the values.
    pub instructions: Vec<Instruction>,
}

/// Why a manifest cannot be lowered for a vendor: the findings, each at its place in the manifests.
#[derive(Debug)]
pub struct LowerError(pub Vec<Finding>);

/// A Twilio product's half of a profile.
pub trait ServiceProvider: Send + Sync {
    /// What it offers to the identity provider.
    fn offer(&self, context: &ProfileContext<'_>) -> ServiceProviderSide;

    /// Its components.
    ///
    /// # Errors
    /// What the product cannot express.
    fn lower(
        &self,
        context: &ProfileContext<'_>,
        identity_provider: &IdentityProviderSide,
    ) -> Result<Vec<Component>, LowerError>;

    /// The realm that has the product's own accounts; `None` where the tenant does not say which one that is.
    fn realm(&self, context: &ProfileContext<'_>) -> Option<Realm>;

    /// Whether the product has to know its people beforehand, so that its accounts are listed for every plan
    /// ([`Member::account`], [`ServiceProvider::review`]). Not by default: they come with their first sign-in.
    fn lists_accounts(&self) -> bool {
        false
    }

    /// Which accounts it has to know beside those whom the enablements concern, where it lists them.
    fn accounts_query(&self, _context: &ProfileContext<'_>) -> PopulationQuery {
        PopulationQuery::default()
    }

    /// Whose people an enablement is expanded from.
    fn people(&self, _enablement: &UserEnablementSpec) -> PeopleSource {
        PeopleSource::IdentityProvider
    }

    /// One person's components on this side (a Flex user that is made beforehand), none by default.
    fn lower_member(
        &self,
        _context: &ProfileContext<'_>,
        _enablement: &Resource<UserEnablementSpec>,
        _member: &Member<'_>,
    ) -> Vec<Component> {
        Vec::new()
    }

    /// The account of somebody who is to go from the product, to be looked for: an address, without any field. None where the product
    /// keeps no accounts that are removed so.
    fn lower_leaver(
        &self,
        _context: &ProfileContext<'_>,
        _enablement: &Resource<UserEnablementSpec>,
        _email: &str,
    ) -> Option<Component> {
        None
    }

    /// The components on this side of everybody whom an enablement enables: by default each person's own.
    fn lower_members(
        &self,
        context: &ProfileContext<'_>,
        enablement: &Resource<UserEnablementSpec>,
        members: &[Member<'_>],
    ) -> Vec<Component> {
        members.iter().flat_map(|member| self.lower_member(context, enablement, member)).collect()
    }

    /// What the product's accounts say about the profiles of one realm together: what must hold before some component is touched
    /// (an administrator who can always sign in), and what people should know.
    fn review(&self, _realm: &AccountsOfRealm<'_>) -> Review {
        Review::default()
    }
}

/// The accounts of one realm, with everybody who signs in to it.
#[derive(Debug, Clone, Copy)]
pub struct AccountsOfRealm<'a> {
    /// All profiles whose product has its accounts there.
    pub contexts: &'a [ProfileContext<'a>],
    /// The accounts; `None` where they could not be listed, so that nobody knows.
    pub accounts: Option<&'a Population>,
    /// Whom the profiles' enablements enable, by lower-case address.
    pub enabled: &'a BTreeSet<String>,
}

/// Whose people an enablement is expanded from; whoever the other side does not know is named, and not enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeopleSource {
    /// The identity provider's: the product makes its accounts itself, or Concord does.
    IdentityProvider,
    /// The product's own: only who has an account there can be enabled.
    Product,
}

/// What a product's accounts say about its profiles.
#[derive(Debug, Clone, Default)]
pub struct Review {
    /// What must hold before components are touched.
    pub requirements: Vec<(Address, Requirement)>,
    /// What people should know.
    pub warnings: Vec<Warning>,
}

/// An identity-provider vendor's half of a profile.
pub trait IdentityProvider: Send + Sync {
    /// What it offers to the service provider.
    fn offer(&self, context: &ProfileContext<'_>) -> IdentityProviderSide;

    /// Its components.
    ///
    /// # Errors
    /// What the vendor cannot express: it is said, never dropped.
    fn lower(
        &self,
        context: &ProfileContext<'_>,
        service_provider: &ServiceProviderSide,
    ) -> Result<Vec<Component>, LowerError>;

    /// One person's components on this side: what enables the person.
    fn lower_member(
        &self,
        context: &ProfileContext<'_>,
        enablement: &Resource<UserEnablementSpec>,
        member: &Member<'_>,
    ) -> Vec<Component>;

    /// The components on this side of everybody whom an enablement enables: by default each person's own. A vendor whose people are
    /// one list that somebody enters by hand makes one component of all.
    fn lower_members(
        &self,
        context: &ProfileContext<'_>,
        enablement: &Resource<UserEnablementSpec>,
        members: &[Member<'_>],
    ) -> Vec<Component> {
        members.iter().flat_map(|member| self.lower_member(context, enablement, member)).collect()
    }

    /// What must be complete before anybody is told to trust what this side offers: a person's comparison of the manifests with what
    /// the identity provider shows.
    fn before_trust(&self, _context: &ProfileContext<'_>) -> Vec<Address> {
        Vec::new()
    }

    /// Whether [`IdentityProvider::lower_members`] makes one component of everybody, pilot and all: then it is not asked for the
    /// pilot apart.
    fn lists_people_at_once(&self) -> bool {
        false
    }

    /// What must wait until the service provider trusts the certificates that are offered: the use of a new signing key. None by
    /// default: the vendor's keys are rotated elsewhere.
    fn rotation(&self, _context: &ProfileContext<'_>) -> Option<Rotation> {
        None
    }

    /// Where the application's metadata are published, once it exists: `outputs` is what components give to others.
    fn metadata_url(&self, _context: &ProfileContext<'_>, _outputs: &Outputs) -> Option<Url> {
        None
    }

    /// The realm that has the identity provider's people; `None` where there is no directory to read, and people are exactly
    /// those whom the manifests name.
    fn population_realm(&self, context: &ProfileContext<'_>) -> Option<Realm>;
}

/// One person whom an enablement enables at the present stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Member<'a> {
    /// The person, as the identity provider has them.
    pub person: &'a Person,
    /// The person, as the product has them, where its accounts are listed and it has one.
    pub account: Option<&'a Person>,
    /// The stage that enables the person.
    pub stage: Stage,
    /// The roles.
    pub roles: Vec<Role>,
    /// Further values by key.
    pub attributes: std::collections::BTreeMap<String, String>,
    /// Where the manifests ask for it.
    pub origin: Location,
    /// What must be complete before the person is enabled: the application, and after the pilot the test.
    pub needs: Vec<Address>,
}
