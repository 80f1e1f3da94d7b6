use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::*;
use crate::{
    diagnostics::{SourceFile, Span},
    manifest::{
        Document, Envelope, Name, attribute_map::AttributeMapSpec, identity_provider::IdentityProviderSpec,
        sso_profile::SsoProfileSpec, tenant::TenantSpec, user_enablement::Stage,
    },
    provider::Person,
    yaml::{Node, NodeKind},
};

/// A manifest as it is after reading; places are all the document's beginning.
fn resource<T: DeserializeOwned>(kind: &str, name: &str, spec: &str) -> Resource<T> {
    let text = format!("{{apiVersion: concord/v1, kind: {kind}, metadata: {{name: {name}}}, spec: {spec}}}");
    let json: serde_json::Value = serde_yaml::from_str(&text).unwrap();
    let envelope: Envelope<T> = serde_json::from_value(json).unwrap();
    let root = Node { span: Span::default(), kind: NodeKind::Null, raw: None };
    let document = Document { source: SourceFile::new("test.yaml", text), root };
    let tenant: Name = "nss".parse().unwrap();
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
    pub(in super::super) tenant: String,
    pub(in super::super) map: String,
    pub(in super::super) profile: String,
    pub(in super::super) enablements: Vec<String>,
}

const ROLES: &str = "{default: [agent], overrides: [{group: Flex Admin, roles: [admin]}, {user: Lead@connie.one, roles: [agent, supervisor]}]}";

impl Fixture {
    pub(in super::super) fn new() -> Self {
        Self {
            tenant: "{salesforce: {domain: ACME.my.salesforce.com, clientId: a, clientSecret: {env: S}}}".to_owned(),
            map: "{nameId: {format: unspecified, from: user.email, expressions: {salesforce: Username}}, attributes: [{name: email, \
                  from: user.email}, {name: full_name, from: user.name}, {name: roles, from: enablement.roles}, {name: site, value: Reno}]}"
                .to_owned(),
            profile: "{product: flex, friendlyName: SF, identityProvider: sf, attributeMap: map, urls: {defaultRedirect: 'https://x.team'}, \
                      application: {name: Flex - ACME, salesforce: {contactEmail: it@connie.one, profiles: [Flex Agent], permissionSets: [Flex]}}}"
                .to_owned(),
            enablements: vec![format!("{{profile: flex, select: {{groups: [Flex Agent]}}, roles: {ROLES}}}")],
        }
    }

    fn with<R>(&self, use_it: impl FnOnce(&ProfileContext<'_>) -> R) -> R {
        let tenant: Resource<TenantSpec> = resource("Tenant", "nss", &self.tenant);
        let provider: Resource<IdentityProviderSpec> =
            resource("IdentityProvider", "sf", "{vendor: salesforce}");
        let map: Resource<AttributeMapSpec> = resource("AttributeMap", "map", &self.map);
        let profile: Resource<SsoProfileSpec> = resource("SsoProfile", "flex", &self.profile);
        let enablements: Vec<Resource<UserEnablementSpec>> = self
            .enablements
            .iter()
            .enumerate()
            .map(|(at, spec)| resource("UserEnablement", &format!("people-{at}"), spec))
            .collect();
        use_it(&ProfileContext {
            project: "k3jd82ma",
            tenant: &tenant,
            profile: &profile,
            identity_provider: &provider,
            attribute_map: Some(&map),
            enablements: &enablements.iter().collect::<Vec<_>>(),
            vanity_domains: &[],
            email_domains: &[],
        })
    }

    pub(in super::super) fn lower(&self) -> Result<Vec<Component>, Vec<&'static str>> {
        self.with(|context| {
            let trust = context.address("flex.trust");
            let side = ServiceProviderSide {
                entity_id: Value::output_of(&trust, "entityId"),
                acs_url: Value::output_of(&trust, "acsUrl"),
                callback_urls: Vec::new(),
                logout_urls: Vec::new(),
                start_url: Some("https://x.team".into()),
                gates: vec![context.address("flex.test")],
            };
            SalesforceVendor.lower(context, &side)
        })
        .map_err(|error| error.0.iter().map(|finding| finding.code.id).collect())
    }

    /// The application.
    pub(in super::super) fn app(&self) -> Component {
        self.lower().unwrap().into_iter().find(|it| it.address.component_type() == kind::APP).unwrap()
    }

    fn member(&self) -> Vec<Component> {
        let person = Person {
            id: "0051".to_owned(),
            email: "Ann@connie.one".to_owned(),
            is_active: true,
            ..Person::default()
        };
        let enablement: Resource<UserEnablementSpec> =
            resource("UserEnablement", "people-0", &self.enablements[0]);
        let member = Member {
            person: &person,
            account: None,
            stage: Stage::Pilot,
            roles: Vec::new(),
            attributes: std::collections::BTreeMap::new(),
            origin: enablement.origin(),
            needs: Vec::new(),
        };
        self.with(|context| {
            SalesforceVendor.lower_members(context, &enablement, std::slice::from_ref(&member))
        })
    }
}

#[track_caller]
fn swap(text: &mut String, from: &str, to: &str) {
    assert!(text.contains(from), "{text}");
    *text = text.replace(from, to);
}

fn formula(app: &Component, key: &str) -> String {
    let attributes = app.field("samlPolicies.customAttributes").unwrap().value.to_json();
    let found = attributes.as_array().unwrap().iter().find(|it| it["key"] == key).unwrap();
    found["formula"].as_str().unwrap().to_owned()
}

#[test]
fn attributes_become_formulas_and_the_name_id_a_subject_type() {
    let app = Fixture::new().app();
    assert_eq!(app.natural_key, "Flex_ACME");
    assert_eq!(app.realm.to_string(), "salesforce:acme.my.salesforce.com");
    assert_eq!(formula(&app, "email"), "$User.Email");
    assert_eq!(formula(&app, "full_name"), "$User.FirstName & \" \" & $User.LastName");
    assert_eq!(formula(&app, "site"), "\"Reno\"");
    assert_eq!(
        formula(&app, "roles"),
        "IF($Profile.Name = \"Flex Admin\", \"admin\", IF($User.Email = \"lead@connie.one\", \"agent,supervisor\", \"agent\"))"
    );
    let text = |path: &str| app.field(path).unwrap().value.as_text().map(str::to_owned);
    // The API's words, not the URN that Setup shows.
    assert_eq!(text("samlPolicies.nameIdFormat").as_deref(), Some("Unspecified"));
    assert_eq!(text("samlPolicies.subjectType").as_deref(), Some("Username"));
    assert_eq!(text("samlPolicies.issuer").as_deref(), Some("https://acme.my.salesforce.com"));
    assert_eq!(
        app.field("samlPolicies.certificate").unwrap().value,
        Value::Null,
        "requests are not verified"
    );
    assert_eq!(app.field("samlPolicies.encryptionCertificate").unwrap().value, Value::Null);
    assert_eq!(app.field("samlPolicies.acsUrl").unwrap().seed, Some(SEED_URL.into()));
    let mut by_email = Fixture::new();
    swap(&mut by_email.map, ", expressions: {salesforce: Username}", "");
    let app = by_email.app();
    let text = |path: &str| app.field(path).unwrap().value.as_text().map(str::to_owned);
    assert_eq!(
        (text("samlPolicies.subjectType").as_deref(), text("samlPolicies.subjectCustomAttribute").as_deref()),
        (Some("CustomAttribute"), Some("Email"))
    );
}

#[test]
fn what_salesforce_cannot_express_is_said() {
    let refused = |change: &dyn Fn(&mut Fixture)| {
        let mut fixture = Fixture::new();
        change(&mut fixture);
        fixture.lower().unwrap_err()
    };
    assert_eq!(
        refused(&|it| swap(&mut it.map, "salesforce: Username", "salesforce: SpokeId")),
        ["salesforce-source"]
    );
    assert_eq!(
        refused(&|it| swap(&mut it.map, "from: user.name", "from: user.groups")),
        ["salesforce-source"]
    );
    assert_eq!(
        refused(&|it| swap(&mut it.map, "from: user.name", "from: user.appMetadata.x")),
        ["salesforce-source"]
    );
    assert_eq!(refused(&|it| swap(&mut it.map, "value: Reno", "value: 'Re\"no'")), ["salesforce-formula"]);
    assert_eq!(
        refused(&|it| swap(&mut it.enablements[0], "group: Flex Admin", "group: Flex")),
        ["salesforce-roles"]
    );
    assert_eq!(
        refused(&|it| it.enablements.push("{profile: flex, roles: {default: [admin]}}".to_owned())),
        ["salesforce-roles"]
    );
    assert_eq!(
        refused(&|it| swap(&mut it.profile, "application", "signing: {response: false}, application")),
        ["salesforce-signing"]
    );
    assert_eq!(
        refused(&|it| swap(&mut it.profile, "application", "signing: {digest: sha1}, application")),
        ["salesforce-signing"]
    );
    assert_eq!(
        refused(&|it| swap(&mut it.profile, "application", "session: {lifetimeHours: 8}, application")),
        ["salesforce-session"]
    );
    assert_eq!(
        refused(&|it| swap(&mut it.profile, "contactEmail: it@connie.one, ", "")),
        ["salesforce-contact"]
    );
    assert_eq!(
        refused(&|it| swap(&mut it.profile, ", profiles: [Flex Agent], permissionSets: [Flex]", "")),
        ["salesforce-access"]
    );
    assert_eq!(refused(&|it| swap(&mut it.profile, "[Flex Agent]", "['a,b']")), ["salesforce-access-name"]);
    assert_eq!(refused(&|it| swap(&mut it.profile, "Flex - ACME", "'!!'")), ["salesforce-name"]);
    assert_eq!(
        refused(&|it| swap(&mut it.tenant, "clientId", "apiVersion: '62.0', clientId")),
        ["salesforce-api-version"]
    );
    assert_eq!(
        refused(&|it| swap(&mut it.enablements[0], "select:", "removal: disable, select:")),
        ["salesforce-removal"]
    );
    assert_eq!(
        refused(&|it| swap(&mut it.enablements[0], "select:", "attributes: {default: {team: a}}, select:")),
        ["salesforce-user-attributes"]
    );
}

#[test]
fn a_connected_app_has_the_same_settings_by_its_own_names() {
    let mut fixture = Fixture::new();
    swap(&mut fixture.profile, "salesforce: {", "salesforce: {kind: connectedApp, ");
    let app = fixture.app();
    for path in ["samlConfig.acsUrl", "samlConfig.samlSubjectType", "attributes", "profileName", "startUrl"] {
        assert!(app.field(path).is_some(), "{path}");
    }
    assert!(
        app.fields
            .iter()
            .all(|it| !it.path.starts_with(field::SAML) && !it.path.starts_with(field::POLICIES))
    );
    assert_eq!(app.lifecycle.on_removal, OnRemoval::Forget, "it could not be made again");
}

#[test]
fn people_get_the_permission_set_or_are_compared_by_profile() {
    let mut fixture = Fixture::new();
    let member = &fixture.member()[0];
    assert_eq!(member.address.component, "salesforce.user:ann@connie.one");
    assert_eq!(member.field(field::PERMISSION_SET).unwrap().value, "Flex".into());
    swap(&mut fixture.profile, ", permissionSets: [Flex]", "");
    let member = &fixture.member()[0];
    assert_eq!(member.field(field::HAS_ACCESS).unwrap().capability, Capability::Observed);
    swap(&mut fixture.profile, "name: Flex - ACME", "name: Flex - ACME, management: external");
    assert_eq!(fixture.member(), []);
    let app = fixture.app();
    assert!(app.fields.iter().all(|field| field.capability != Capability::Managed && field.seed.is_none()));
}

#[test]
fn an_edition_without_the_api_has_steps_with_every_value() {
    let mut fixture = Fixture::new();
    swap(&mut fixture.tenant, "clientId: a, clientSecret: {env: S}", "edition: professional");
    swap(&mut fixture.profile, "application", "testUsers: [test@connie.one], application");
    let components = fixture.lower().unwrap();
    let types: Vec<&str> = components.iter().map(|it| it.address.component_type()).collect();
    assert_eq!(types, [kind::CERTIFICATE, kind::IDENTITY_PROVIDER, kind::APP, kind::TEST_USER]);
    assert!(components.iter().all(|it| it.step.is_some()));
    let app = &components[2];
    // Every value that a line of the runbook asks for is there.
    for instruction in &app.step.as_ref().unwrap().instructions {
        if let crate::component::Instruction::Enter { label, field } = instruction {
            assert!(app.field(field).is_some(), "{label}: {field}");
        }
    }
    for path in
        ["entityUrl", "acsUrl", "startUrl", "customAttributes", "nameIdFormat", "subjectType", "issuer"]
    {
        assert!(app.field(path).is_some(), "{path}");
    }
    assert_eq!(app.field("verifyRequestSignatures").unwrap().value, false.into());
    assert_eq!(app.field("encryptResponse").unwrap().value, false.into());
    assert!(app.fields.iter().all(|it| matches!(it.capability, Capability::Attested | Capability::Derived)));
    let people = fixture.member();
    assert_eq!(people[0].address.component, "salesforce.people:pilot");
    assert_eq!(people[0].field(field::EMAILS).unwrap().value, Value::texts(["ann@connie.one"]));
    fixture.with(|context| assert_eq!(SalesforceVendor.population_realm(context), None));
}
