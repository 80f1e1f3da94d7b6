use std::{collections::BTreeMap, collections::BTreeSet, sync::Arc};

use serde::de::DeserializeOwned;

use super::*;
use crate::{
    component::Class,
    diagnostics::{SourceFile, Span},
    manifest::{
        Document, Envelope, Name, OnRemoval,
        attribute_map::AttributeMapSpec,
        identity_provider::{CertificateRef, IdentityProviderSpec},
        sso_profile::SsoProfileSpec,
        tenant::TenantSpec,
        user_enablement::{Role, Stage},
    },
    provider::Person,
    yaml::{Node, NodeKind},
};

/// A manifest as it is after reading; places are all the document's beginning.
pub(in super::super) fn resource<T: DeserializeOwned>(text: &str) -> Resource<T> {
    let json: serde_json::Value = serde_yaml::from_str(text).unwrap();
    let envelope: Envelope<T> = serde_json::from_value(json).unwrap();
    let root = Node { span: Span::default(), kind: NodeKind::Null, raw: None };
    let document = Document { source: SourceFile::new("test.yaml", text), root };
    let tenant: Name = envelope.metadata.tenant.clone().unwrap_or_else(|| "nss".parse().unwrap());
    Resource {
        kind: envelope.kind,
        tenant,
        metadata: envelope.metadata,
        lifecycle: envelope.lifecycle,
        spec: envelope.spec,
        document: Arc::new(document),
    }
}

pub(in super::super) struct Fixture {
    tenant: Resource<TenantSpec>,
    identity_provider: Resource<IdentityProviderSpec>,
    pub(in super::super) map: Resource<AttributeMapSpec>,
    pub(in super::super) profile: Resource<SsoProfileSpec>,
    pub(in super::super) enablement: Resource<UserEnablementSpec>,
}

impl Fixture {
    pub(in super::super) fn new() -> Self {
        Self {
            tenant: resource(
                "{apiVersion: concord/v1, kind: Tenant, metadata: {name: nss}, spec: {auth0: {domain: NSS.us.auth0.com}}}",
            ),
            identity_provider: resource(
                "{apiVersion: concord/v1, kind: IdentityProvider, metadata: {name: auth0-nss}, spec: {vendor: auth0}}",
            ),
            map: resource(MAP),
            profile: resource(PROFILE),
            enablement: resource(
                "{apiVersion: concord/v1, kind: UserEnablement, metadata: {name: agents}, spec: {profile: flex}}",
            ),
        }
    }

    pub(in super::super) fn with<R>(&self, use_it: impl FnOnce(&ProfileContext<'_>) -> R) -> R {
        use_it(&ProfileContext {
            project: "k3jd82ma",
            tenant: &self.tenant,
            profile: &self.profile,
            identity_provider: &self.identity_provider,
            attribute_map: Some(&self.map),
            enablements: &[&self.enablement],
            vanity_domains: &[],
            email_domains: &[],
        })
    }

    pub(in super::super) fn lower(&self) -> Result<Vec<Component>, Vec<&'static str>> {
        self.with(|context| Auth0Vendor.lower(context, &pending(context)))
            .map_err(|error| error.0.iter().map(|finding| finding.code.id).collect())
    }
}

const MAP: &str = r#"
apiVersion: concord/v1
kind: AttributeMap
metadata: {name: flex-agents}
spec:
  nameId: {format: emailAddress, from: user.email}
  attributes:
    - {name: email, from: user.email, required: true}
    - {name: full_name, from: user.name, required: true}
    - {name: roles, from: enablement.roles, required: true, values: [agent, supervisor, admin]}
    - {name: team, from: user.appMetadata.flex.team}
"#;

const PROFILE: &str = r#"
apiVersion: concord/v1
kind: SsoProfile
metadata: {name: flex}
spec:
  product: flex
  friendlyName: Auth0 - Nevada Senior Services
  identityProvider: auth0-nss
  application: {name: Twilio Flex - NSS, connection: Username-Password-Authentication}
  attributeMap: flex-agents
"#;

fn pending(context: &ProfileContext<'_>) -> ServiceProviderSide {
    let profile = context.address("flex.profile");
    ServiceProviderSide {
        entity_id: Value::output_of(&profile, "entityId"),
        acs_url: Value::output_of(&profile, "acsUrl"),
        callback_urls: vec!["https://nss.connie.team/callback".into()],
        logout_urls: vec!["https://nss.connie.team".into()],
        start_url: None,
        gates: Vec::new(),
    }
}

fn of_type<'a>(components: &'a [Component], component_type: &str) -> &'a Component {
    components.iter().find(|it| it.address.component_type() == component_type).unwrap()
}

fn shown(component: &Component) -> String {
    let mut text = format!("{}\n{}\n", component.address, component.title);
    for field in &component.fields {
        let value = field.value.to_canonical_json();
        text.push_str(&format!("{} [{}] = {value}", field.path, field.capability.as_str()));
        if let Some(seed) = &field.seed {
            text.push_str(&format!(" seed {}", seed.to_json()));
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_example_of_the_design_becomes_four_components() {
    let components = Fixture::new().lower().unwrap();
    let types: Vec<_> = components.iter().map(|it| it.address.to_string()).collect();
    assert_eq!(
        types,
        [
            "nss/IdentityProvider/auth0-nss/auth0.keys",
            "nss/SsoProfile/flex/auth0.client",
            "nss/SsoProfile/flex/auth0.action",
            "nss/SsoProfile/flex/auth0.binding",
        ]
    );
    assert!(components.iter().all(|it| it.realm.to_string() == "auth0:nss.us.auth0.com"));
    insta::assert_snapshot!(shown(of_type(&components, kind::CLIENT)), @r###"
    nss/SsoProfile/flex/auth0.client
    Auth0 application `Twilio Flex - NSS`
    name [managed] = "Twilio Flex - NSS"
    app_type [managed] = "regular_web"
    callbacks [managed] = [{"output":"acsUrl","pending":"nss/SsoProfile/flex/flex.profile"},"https://nss.connie.team/callback"] seed ["https://nss.connie.team/callback"]
    allowed_logout_urls [managed] = ["https://nss.connie.team"]
    addons.samlp.audience [managed] = {"output":"entityId","pending":"nss/SsoProfile/flex/flex.profile"} seed null
    addons.samlp.recipient [managed] = {"output":"acsUrl","pending":"nss/SsoProfile/flex/flex.profile"} seed null
    addons.samlp.destination [managed] = {"output":"acsUrl","pending":"nss/SsoProfile/flex/flex.profile"} seed null
    addons.samlp.mappings [managed] = {"email":"email","name":"full_name"}
    addons.samlp.nameIdentifierFormat [managed] = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    addons.samlp.nameIdentifierProbes [managed] = ["email"]
    addons.samlp.signResponse [managed] = true
    addons.samlp.signatureAlgorithm [managed] = "rsa-sha256"
    addons.samlp.digestAlgorithm [managed] = "sha256"
    addons.samlp.issuer [managed] = null
    addons.samlp.lifetimeInSeconds [managed] = 36000
    addons.samlp.createUpnClaim [managed] = false
    addons.samlp.passthroughClaimsWithNoMapping [managed] = false
    addons.samlp.mapUnknownClaimsAsIs [managed] = false
    addons.samlp.mapIdentities [managed] = false
    addons.samlp.binding [managed] = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
    connection [derived] = "Username-Password-Authentication"
    "###);
}

#[test]
fn what_is_offered_waits_for_the_application_and_the_keys() {
    Fixture::new().with(|context| {
        let side = Auth0Vendor.offer(context);
        assert_eq!(side.issuer, Value::text("urn:nss.us.auth0.com"));
        assert_eq!(side.sso_url, Value::output_of(&context.address(kind::CLIENT), "ssoUrl"));
        assert_eq!(side.certificates, Value::output_of(&keys_address(context), "certificates"));
        let gates: Vec<_> = side.gates.iter().map(|gate| gate.component.as_str()).collect();
        assert_eq!(gates, [kind::CLIENT, kind::ACTION, kind::BINDING]);
    });
}

#[test]
fn the_action_waits_for_nothing_and_the_binding_for_the_action() {
    let components = Fixture::new().lower().unwrap();
    let action = of_type(&components, kind::ACTION);
    assert!(action.needs.is_empty());
    assert_eq!(of_type(&components, kind::BINDING).needs, std::slice::from_ref(&action.address));
}

#[test]
fn no_attribute_goes_two_ways() {
    let components = Fixture::new().lower().unwrap();
    let mappings = &of_type(&components, kind::CLIENT).field("addons.samlp.mappings").unwrap().value;
    let Value::Map(mappings) = mappings else { panic!("{mappings:?}") };
    let mapped: BTreeSet<_> = mappings.values().filter_map(Value::as_text).collect();
    assert_eq!(mapped, BTreeSet::from(["email", "full_name"]));
    let code = of_type(&components, kind::ACTION).field(field::CODE).unwrap().value.as_text().unwrap();
    for name in mapped {
        assert!(!code.contains(&format!("name: \"{name}\"")), "{name}");
    }
    for name in ["roles", "team"] {
        assert!(code.contains(&format!("name: \"{name}\"")), "{name}");
    }
}

#[test]
fn a_map_without_need_for_an_action_has_none() {
    let mut fixture = Fixture::new();
    fixture.map.spec.attributes.truncate(2);
    assert_eq!(fixture.lower().unwrap().len(), 2);
    let gates = fixture.with(|context| Auth0Vendor.offer(context).gates);
    assert_eq!(gates.len(), 1);
}

#[test]
fn an_application_of_somebody_else_is_only_observed() {
    let mut fixture = Fixture::new();
    fixture.profile.spec.application.management = Management::External;
    fixture.profile.spec.application.id = Some("abc".to_owned());
    let components = fixture.lower().unwrap();
    assert_eq!(components.len(), 2, "no Action, no binding");
    let client = of_type(&components, kind::CLIENT);
    assert!(client.fields.iter().all(|it| {
        matches!(it.capability, Capability::Observed | Capability::Derived) && it.seed.is_none()
    }));
    assert_eq!(client.field(field::CLIENT_ID).unwrap().value, Value::text("abc"));
}

#[test]
fn what_auth0_cannot_express_is_said() {
    let mut fixture = Fixture::new();
    let department: AttributeMapSpec = serde_json::from_value(serde_json::json!({
        "nameId": {"format": "persistent", "from": "user.department"},
        "attributes": [
            {"name": "department", "from": "user.department"},
            {"name": "groups", "from": "user.groups"},
            {"name": "bad", "from": "user.email", "expressions": {"auth0": "1); evil("}},
        ],
    }))
    .unwrap();
    fixture.map.spec = department;
    assert_eq!(
        fixture.lower().unwrap_err(),
        ["auth0-source", "auth0-source", "auth0-expression", "auth0-source"]
    );

    let mut fixture = Fixture::new();
    fixture.profile.spec.signing.assertion = Some(true);
    fixture.profile.spec.application.name = Some("<b>".to_owned());
    fixture.enablement.spec.select.groups = vec!["agents".to_owned()];
    assert_eq!(fixture.lower().unwrap_err(), ["auth0-signing", "auth0-application-name", "auth0-groups"]);

    let mut fixture = Fixture::new();
    fixture.tenant.spec.auth0 = None;
    assert_eq!(fixture.lower().unwrap_err(), ["auth0-tenant-missing"]);
}

#[test]
fn an_expression_makes_a_department_possible() {
    let mut fixture = Fixture::new();
    fixture.map.spec.attributes = serde_json::from_value(serde_json::json!([
        {"name": "department", "from": "user.department",
         "expressions": {"auth0": "event.user.user_metadata.department"}},
    ]))
    .unwrap();
    let components = fixture.lower().unwrap();
    let code = of_type(&components, kind::ACTION).field(field::CODE).unwrap().value.as_text().unwrap();
    assert!(code.contains("read: (event) => (event.user.user_metadata.department)"), "{code}");
    assert!(code.contains("\"path\":\"user_metadata.department\""), "{code}");
    // Nothing asserts the e-mail address any more, so the NameID gets a carrier of its own.
    let probes =
        &of_type(&components, kind::CLIENT).field("addons.samlp.nameIdentifierProbes").unwrap().value;
    assert_eq!(*probes, Value::texts(["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"]));
}

#[test]
fn pinned_fingerprints_are_observed_and_pinned_certificates_offered() {
    let mut fixture = Fixture::new();
    let key = rcgen::generate_simple_self_signed(vec!["nss.us.auth0.com".to_owned()]).unwrap();
    fixture.identity_provider.spec.trust.certificates =
        vec![CertificateRef::Pem(key.cert.pem()), CertificateRef::Fingerprint("AB:".repeat(32))];
    let components = fixture.lower().unwrap();
    let pins = of_type(&components, kind::KEYS).field(field::FINGERPRINTS).unwrap();
    assert_eq!(pins.value.as_list().unwrap().len(), 2);
    assert_eq!(pins.capability, Capability::Observed);
    let offered = |fixture: &Fixture| fixture.with(|context| Auth0Vendor.offer(context).certificates);
    assert!(offered(&fixture).is_pending(), "one of the two is known by its fingerprint only");

    fixture.identity_provider.spec.trust.certificates.pop();
    assert_eq!(offered(&fixture).as_list().unwrap().len(), 1);

    fixture.identity_provider.spec.trust.certificates = vec![CertificateRef::Fingerprint("abc".to_owned())];
    assert_eq!(fixture.lower().unwrap_err(), ["auth0-certificate"]);
}

#[test]
fn a_marker_of_the_longest_names_fits_into_a_clients_metadata() {
    let mut fixture = Fixture::new();
    let long: Name = "a".repeat(63).parse().unwrap();
    fixture.profile.metadata.name = long.clone();
    fixture.profile.tenant = long;
    let components = fixture.lower().unwrap();
    let marker = Marker { project: "p".repeat(40), ..of_type(&components, kind::CLIENT).marker.clone() };
    assert!(marker.to_string().len() <= 255, "Auth0 takes 255 characters");
}

pub(in super::super) fn member(
    fixture: &Fixture,
    roles: &[&str],
    attributes: &[(&str, &str)],
) -> Vec<Component> {
    let person = Person {
        id: "auth0|1".to_owned(),
        email: "ann@connie.one".to_owned(),
        name: None,
        is_active: true,
        groups: BTreeSet::new(),
        ..Person::default()
    };
    let attributes: BTreeMap<_, _> =
        attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    fixture.with(|context| {
        let member = Member {
            person: &person,
            account: None,
            stage: Stage::Pilot,
            roles: roles.iter().map(|role| Role::try_from((*role).to_owned()).unwrap()).collect(),
            attributes,
            origin: fixture.enablement.origin(),
            needs: vec![context.address(kind::CLIENT)],
        };
        Auth0Vendor.lower_member(context, &fixture.enablement, &member)
    })
}

#[test]
fn a_member_has_the_values_that_the_action_reads() {
    let fixture = Fixture::new();
    let components = member(&fixture, &["supervisor", "agent"], &[("team", "north")]);
    insta::assert_snapshot!(shown(&components[0]), @r###"
    nss/UserEnablement/agents/auth0.user:ann@connie.one
    Auth0 user ann@connie.one
    app_metadata.flex.roles [managed] = ["supervisor","agent"]
    app_metadata.flex.team [managed] = "north"
    app_metadata.concord.keys [managed] = ["roles","team"]
    user_id [derived] = "auth0|1"
    "###);
    assert_eq!(components[0].class, Class::Membership);
    assert_eq!(components[0].lifecycle.on_removal, OnRemoval::Delete, "leavers are the resolver's business");
    assert_eq!(components[0].needs.len(), 1);
    assert!(member(&fixture, &[], &[]).is_empty(), "nothing to write, nothing to own");
}
