use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::*;
use crate::{
    diagnostics::{SourceFile, Span},
    manifest::{
        Document, Envelope, Name, attribute_map::AttributeMapSpec, identity_provider::IdentityProviderSpec,
        sso_profile::SsoProfileSpec, tenant::TenantSpec,
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
    pub(in super::super) map: String,
    pub(in super::super) profile: String,
    pub(in super::super) enablements: Vec<String>,
}

const ROLES: &str = "{default: [agent], overrides: [{group: Flex Admins, roles: [admin]}, {group: Leads, roles: [agent, supervisor]}]}";

impl Fixture {
    pub(in super::super) fn new() -> Self {
        Self {
            map: "{nameId: {format: emailAddress, from: user.email}, attributes: [{name: email, from: user.email}, \
                  {name: full_name, from: user.name}, {name: roles, from: enablement.roles}, {name: groups, from: user.groups}, \
                  {name: site, value: Reno}, {name: team, from: user.appMetadata.flex.team, expressions: {okta: user.team}}]}"
                .to_owned(),
            profile: "{product: flex, friendlyName: Okta, identityProvider: okta, attributeMap: map, application: {name: Flex}}".to_owned(),
            enablements: vec![format!("{{profile: flex, select: {{groups: [Respite]}}, roles: {ROLES}}}")],
        }
    }

    fn with<R>(&self, use_it: impl FnOnce(&ProfileContext<'_>) -> R) -> R {
        let tenant: Resource<TenantSpec> = resource("Tenant", "nss", "{okta: {domain: ACME.okta.com}}");
        let provider: Resource<IdentityProviderSpec> = resource("IdentityProvider", "okta", "{vendor: okta}");
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
                start_url: None,
                gates: vec![context.address("flex.test")],
            };
            OktaVendor.lower(context, &side)
        })
        .map_err(|error| error.0.iter().map(|finding| finding.code.id).collect())
    }

    fn member(&self, stage: Stage, groups: &[&str]) -> Vec<Component> {
        let person = Person {
            id: "00u1".to_owned(),
            email: "Ann@connie.one".to_owned(),
            name: None,
            is_active: true,
            groups: groups.iter().map(|it| (*it).to_owned()).collect(),
            ..Person::default()
        };
        let enablement: Resource<UserEnablementSpec> =
            resource("UserEnablement", "people-0", &self.enablements[0]);
        let member = Member {
            person: &person,
            account: None,
            stage,
            roles: Vec::new(),
            attributes: std::collections::BTreeMap::new(),
            origin: enablement.origin(),
            needs: Vec::new(),
        };
        self.with(|context| OktaVendor.lower_member(context, &enablement, &member))
    }
}

/// The one expression of a statement.
fn expression(components: &[Component], name: &str) -> String {
    let statements = components[0].field(field::STATEMENTS).unwrap().value.to_json();
    let found = statements.as_array().unwrap().iter().find(|it| it["name"] == name).unwrap();
    found["values"][0].as_str().unwrap().to_owned()
}

#[test]
fn attributes_become_statements_and_roles_one_expression() {
    let components = Fixture::new().lower().unwrap();
    assert_eq!(components[0].realm.to_string(), "okta:acme.okta.com");
    assert_eq!(expression(&components, "email"), "user.email");
    assert_eq!(expression(&components, "full_name"), "user.firstName + \" \" + user.lastName");
    assert_eq!(expression(&components, "site"), "\"Reno\"");
    assert_eq!(expression(&components, "team"), "user.team");
    assert_eq!(
        expression(&components, "roles"),
        "isMemberOfGroupName(\"Flex Admins\") ? \"admin\" : isMemberOfGroupName(\"Leads\") ? \"agent,supervisor\" : \"agent\""
    );
    let name_id = components[0].field("settings.signOn.subjectNameIdTemplate").unwrap();
    assert_eq!(name_id.value.as_text(), Some("${user.email}"));
}

#[test]
fn a_break_glass_administrator_is_looked_for_in_a_group_that_is_assigned() {
    let mut fixture = Fixture::new();
    fixture.enablements[0] = fixture.enablements[0]
        .replace("select:", "rollout: {stage: all}, breakGlass: [Root@connie.one], select:");
    let group = &fixture.lower().unwrap()[1];
    assert_eq!(group.field(field::BREAK_GLASS).unwrap().value, Value::texts(["root@connie.one"]));
}

#[test]
fn what_the_console_needs_is_the_default() {
    let mut fixture = Fixture::new();
    fixture.map = "{nameId: {format: emailAddress, from: user.email}}".to_owned();
    let app = &fixture.lower().unwrap()[0];
    for (key, value) in [
        ("responseSigned", Value::Bool(true)),
        ("assertionSigned", Value::Bool(true)),
        ("signatureAlgorithm", "RSA_SHA256".into()),
        ("subjectNameIdFormat", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress".into()),
        ("subjectNameIdTemplate", "${user.email}".into()),
        ("attributeStatements", Value::List(Vec::new())),
    ] {
        assert_eq!(app.field(&format!("settings.signOn.{key}")).unwrap().value, value, "{key}");
    }
    assert!(app.field("settings.signOn.defaultRelayState").is_none(), "a new application has none");
}

#[test]
fn a_seed_reaches_nobody() {
    let components = Fixture::new().lower().unwrap();
    for key in ["ssoAcsUrl", "recipient", "destination"] {
        let field = components[0].field(&format!("settings.signOn.{key}")).unwrap();
        assert_eq!(field.seed, Some(SEED_URL.into()), "{key}");
    }
    assert_eq!(Url::parse(SEED_URL).unwrap().host_str(), Some("concord.invalid"));
}

#[test]
fn what_okta_cannot_express_is_said() {
    let refused = |change: &dyn Fn(&mut Fixture)| {
        let mut fixture = Fixture::new();
        change(&mut fixture);
        fixture.lower().unwrap_err()
    };
    let swap = |text: &mut String, from: &str, to: &str| {
        assert!(text.contains(from));
        *text = text.replace(from, to);
    };
    assert_eq!(refused(&|it| swap(&mut it.map, ", expressions: {okta: user.team}", "")), ["okta-source"]);
    assert_eq!(
        refused(&|it| swap(&mut it.map, "from: user.email}, attr", "from: user.name}, attr")),
        ["okta-source"]
    );
    assert_eq!(refused(&|it| swap(&mut it.map, "value: Reno", "value: 'Re\"no'")), ["okta-expression"]);
    assert_eq!(
        refused(&|it| swap(&mut it.enablements[0], "group: Leads", "user: lead@connie.one")),
        ["okta-roles"]
    );
    assert_eq!(
        refused(&|it| it.enablements.push("{profile: flex, roles: {default: [admin]}}".to_owned())),
        ["okta-roles"]
    );
    assert_eq!(
        refused(&|it| swap(
            &mut it.profile,
            "application",
            "signing: {response: false, assertion: false}, application"
        )),
        ["okta-signing"]
    );
    assert_eq!(
        refused(&|it| swap(&mut it.enablements[0], "select:", "attributes: {default: {team: a}}, select:")),
        ["okta-user-attributes"]
    );
    assert_eq!(
        refused(&|it| swap(&mut it.enablements[0], "select:", "removal: disable, select:")),
        ["okta-removal"]
    );
    let mut exclusive = Fixture::new();
    swap(&mut exclusive.enablements[0], "select:", "removal: disable, assignments: exclusive, select:");
    assert!(exclusive.lower().unwrap()[0].field(field::EXCLUSIVE).is_some());
}

#[test]
fn a_group_is_assigned_whole_where_nobody_of_it_is_left_out() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.lower().unwrap().len(), 1, "not before the stage `all`");
    assert_eq!(fixture.member(Stage::Waves, &["Respite"]).len(), 1);
    fixture.enablements[0] = fixture.enablements[0].replace("select:", "rollout: {stage: all}, select:");
    let components = fixture.lower().unwrap();
    assert_eq!(components[1].address.component, "okta.group:Respite");
    assert_eq!(components[1].needs.len(), 2, "after the application and the test");
    assert_eq!(fixture.member(Stage::All, &["Respite"]), []);
    let pilot = fixture.member(Stage::Pilot, &["Respite"]);
    assert_eq!(pilot[0].address.component, "okta.user:ann@connie.one");
    fixture.enablements[0] = fixture.enablements[0].replace("select:", "exclude: [x@connie.one], select:");
    assert_eq!(fixture.lower().unwrap().len(), 1, "a group's assignment cannot leave anybody out");
    assert_eq!(fixture.member(Stage::All, &["Respite"]).len(), 1);
}

#[test]
fn a_catalogue_application_has_its_own_settings_and_an_external_one_no_assignments() {
    let mut fixture = Fixture::new();
    let generic = fixture.profile.clone();
    fixture.profile =
        generic.replace("name: Flex", "name: Flex, oin: {name: twilio_x, settings: {connectionId: JQ1}}");
    let app = &fixture.lower().unwrap()[0];
    assert_eq!(app.field("name").unwrap().value.as_text(), Some("twilio_x"));
    assert_eq!(app.field("settings.app.connectionId").unwrap().value.as_text(), Some("JQ1"));
    assert!(app.field("settings.signOn.ssoAcsUrl").is_none());
    assert!(app.field("settings.signOn.ssoAcsUrlOverride").is_none(), "the catalogue knows where to");
    let template = app.field("credentials.userNameTemplate.template").unwrap();
    assert_eq!(template.value.as_text(), Some("${source.email}"));
    fixture.profile = fixture.profile.replace(
        "product: flex",
        "product: flex, serviceProvider: {entityId: 'urn:x', acsUrl: 'https://x.example/acs'}",
    );
    let app = &fixture.lower().unwrap()[0];
    for key in ["ssoAcsUrl", "recipient", "destination", "audience"] {
        assert!(app.field(&format!("settings.signOn.{key}Override")).is_some(), "{key}");
    }
    fixture.profile = fixture.profile.replace("product: flex", "product: flex, signing: {response: true}");
    assert_eq!(fixture.lower().unwrap_err(), ["okta-signing"]);
    fixture.profile = generic.replace("name: Flex", "name: Flex, management: external");
    let app = &fixture.lower().unwrap()[0];
    assert!(app.fields.iter().all(|field| field.capability != Capability::Managed && field.seed.is_none()));
    assert_eq!(fixture.member(Stage::Pilot, &[]), []);
}
