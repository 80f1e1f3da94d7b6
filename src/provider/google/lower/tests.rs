use std::{collections::BTreeMap, sync::Arc};

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
    pub(in super::super) google: String,
    pub(in super::super) trust: String,
    pub(in super::super) name_id: String,
    pub(in super::super) attributes: String,
    pub(in super::super) profile: String,
    pub(in super::super) enablement: String,
}

impl Fixture {
    pub(in super::super) fn new() -> Self {
        let metadata = include_str!("../../../../examples/google-flex/sandbox.yaml");
        let begin = metadata.find("-----BEGIN").unwrap();
        let end = metadata.find("-----END CERTIFICATE-----").unwrap() + 25;
        let pem: Vec<&str> = metadata[begin..end].lines().map(str::trim).collect();
        Self {
            google: "{idpId: C0abc, serviceAccount: a@p.iam.gserviceaccount.com, privateKey: {env: KEY}, subject: root@Connie.One}".into(),
            trust: format!("{{certificates: [{{pem: {}}}]}}", serde_json::json!(pem.join("\n"))),
            name_id: "{format: emailAddress, from: user.email}".into(),
            attributes: "[{name: email, from: user.email}, {name: full_name, from: user.name}, {name: roles, from: enablement.roles}, \
                         {name: company, value: NSS}, {name: team, expressions: {google: Flex_Details.team}}, \
                         {name: title, expressions: {google: 'Employee Details>Title'}}, {name: badge, expressions: {google: HR.Badge_No}}]"
                .into(),
            profile: "{product: flex, friendlyName: Google, identityProvider: google, attributeMap: map, application: {name: Flex}}".into(),
            enablement: "{profile: flex, select: {emailDomains: [connie.one]}, roles: {default: [agent]}}".into(),
        }
    }

    fn with<R>(&self, use_it: impl FnOnce(&ProfileContext<'_>, &Resource<UserEnablementSpec>) -> R) -> R {
        let tenant: Resource<TenantSpec> = resource("Tenant", "nss", &format!("{{google: {}}}", self.google));
        let provider: Resource<IdentityProviderSpec> =
            resource("IdentityProvider", "google", &format!("{{vendor: google, trust: {}}}", self.trust));
        let map = format!("{{nameId: {}, attributes: {}}}", self.name_id, self.attributes);
        let map: Resource<AttributeMapSpec> = resource("AttributeMap", "map", &map);
        let profile: Resource<SsoProfileSpec> = resource("SsoProfile", "flex", &self.profile);
        let enablement: Resource<UserEnablementSpec> = resource("UserEnablement", "people", &self.enablement);
        let context = ProfileContext {
            project: "k3jd82ma",
            tenant: &tenant,
            profile: &profile,
            identity_provider: &provider,
            attribute_map: Some(&map),
            enablements: &[&enablement],
            vanity_domains: &[],
            email_domains: &[],
        };
        use_it(&context, &enablement)
    }

    pub(in super::super) fn lower(&self) -> Result<Vec<Component>, Vec<&'static str>> {
        self.with(|context, _| {
            let trust = context.address("flex.trust");
            let side = ServiceProviderSide {
                entity_id: Value::output_of(&trust, "entityId"),
                acs_url: Value::output_of(&trust, "acsUrl"),
                callback_urls: Vec::new(),
                logout_urls: Vec::new(),
                start_url: Some("https://flex.twilio.com/nss".into()),
                gates: vec![context.address("flex.test")],
            };
            GoogleVendor.lower(context, &side)
        })
        .map_err(|error| error.0.iter().map(|finding| finding.code.id).collect())
    }

    /// The component of one type.
    #[track_caller]
    pub(in super::super) fn component(&self, wanted: &str) -> Component {
        let all = self.lower().unwrap();
        all.into_iter().find(|it| it.address.component == wanted).unwrap_or_else(|| panic!("no {wanted}"))
    }

    pub(in super::super) fn member(&self, attributes: &[(&str, &str)]) -> Vec<Component> {
        let person = Person {
            id: "104".into(),
            email: "Ann@connie.one".into(),
            name: Some("Ann Lee".into()),
            is_active: true,
            ..Person::default()
        };
        self.with(|context, enablement| {
            let member = Member {
                person: &person,
                account: None,
                stage: Stage::Pilot,
                roles: vec!["agent".to_owned().try_into().unwrap(), "admin".to_owned().try_into().unwrap()],
                attributes: attributes.iter().map(|(key, it)| ((*key).into(), (*it).into())).collect(),
                origin: enablement.origin(),
                needs: Vec::new(),
            };
            GoogleVendor.lower_member(context, enablement, &member)
        })
    }

    #[track_caller]
    fn finds(&self, codes: &[&str]) {
        assert_eq!(self.lower().unwrap_err(), codes);
    }
}

fn value<'a>(component: &'a Component, path: &str) -> &'a Value {
    &component.field(path).unwrap_or_else(|| panic!("no {path} in {component:#?}")).value
}

#[test]
fn attributes_are_rows_and_what_the_directory_lacks_is_a_custom_field() {
    let fixture = Fixture::new();
    let mapping = fixture.component(kind::MAPPING);
    let rows: Vec<&str> =
        value(&mapping, "attributes").as_list().unwrap().iter().filter_map(Value::as_text).collect();
    assert_eq!(
        rows,
        [
            "Basic Information > Primary email -> email",
            "Flex Details > Full Name -> full_name",
            "Flex Details > Roles -> roles",
            "Flex Details > Company -> company",
            "Flex Details > Team -> team",
            "Employee Details > Title -> title",
            "HR > Badge No -> badge",
        ]
    );
    let schema = fixture.component(kind::SCHEMA);
    let names: BTreeSet<&str> = schema
        .fields
        .iter()
        .filter_map(|it| it.path.strip_prefix(field::FIELDS)?.rsplit_once('.').map(|(name, _)| name))
        .collect();
    assert_eq!(
        names,
        BTreeSet::from(["Full_Name", "Roles", "company", "team"]),
        "no field of another schema"
    );
    assert_eq!(value(&schema, "fields.Roles.multiValued"), &true.into());
    assert_eq!(value(&schema, "fields.Full_Name.multiValued"), &false.into());
    assert_eq!(value(&schema, "fields.Roles.readAccessType"), &"ADMINS_AND_SELF".into());
    assert_eq!(value(&schema, "displayName"), &"Flex Details".into());
    assert_eq!(schema.natural_key, "Flex_Details");
}

#[test]
fn people_get_what_the_map_reads_and_nothing_else() {
    let people = Fixture::new().member(&[("team", "blue"), ("shoe_size", "42")]);
    let [user] = &people[..] else { panic!("{people:#?}") };
    let managed: BTreeMap<&str, &Value> = user
        .fields
        .iter()
        .filter(|it| it.capability == Capability::Managed)
        .map(|it| (it.path.as_str(), &it.value))
        .collect();
    assert_eq!(
        managed,
        BTreeMap::from([
            ("customSchemas.Flex_Details.Roles", &Value::texts(["agent", "admin"])),
            ("customSchemas.Flex_Details.Full_Name", &"Ann Lee".into()),
            ("customSchemas.Flex_Details.company", &"NSS".into()),
            ("customSchemas.Flex_Details.team", &"blue".into()),
            ("concord.keys", &Value::texts(["Full_Name", "Roles", "company", "team"])),
        ])
    );
    assert_eq!(user.address.to_string(), "nss/UserEnablement/people/google.user:ann@connie.one");
    assert_eq!(user.realm.tenant, "connie.one", "without an ID the customer is the administrator's domain");
}

#[test]
fn without_custom_fields_there_is_nothing_to_write() {
    let mut fixture = Fixture::new();
    fixture.attributes = "[{name: email, from: user.email}, {name: last, from: user.lastName}]".into();
    let types: Vec<String> = fixture.lower().unwrap().into_iter().map(|it| it.address.component).collect();
    assert_eq!(types, ["google.idp", "google.app", "google.details", "google.access", "google.mapping"]);
    assert!(fixture.member(&[]).is_empty());
}

#[test]
fn issuer_and_sso_url_follow_from_the_identity_providers_id() {
    let fixture = Fixture::new();
    let side = fixture.with(|context, _| GoogleVendor.offer(context));
    assert_eq!(side.issuer, "https://accounts.google.com/o/saml2?idpid=C0abc".into());
    assert_eq!(side.sso_url, "https://accounts.google.com/o/saml2/idp?idpid=C0abc".into());
    let gates: Vec<&str> = side.gates.iter().map(|it| it.component.as_str()).collect();
    assert_eq!(
        gates,
        ["google.idp", "google.schema", "google.app", "google.details", "google.mapping", "google.access"]
    );
}

#[test]
fn the_app_has_every_field_of_its_pages_and_waits_for_twilio() {
    let mut fixture = Fixture::new();
    fixture.profile = fixture.profile.replace(
        "{name: Flex}",
        "{name: Flex, google: {description: Calls, logo: l.png, access: {organizationalUnits: [/Care], groups: [a@connie.one]}}}",
    );
    let app = fixture.component(kind::APP);
    assert!(value(&app, "acsUrl").is_pending() && value(&app, "entityId").is_pending());
    assert_eq!(value(&app, "startUrl"), &"https://flex.twilio.com/nss".into());
    assert_eq!(value(&app, "signedResponse"), &true.into());
    assert_eq!(value(&app, "nameIdFormat"), &"EMAIL".into());
    assert_eq!(value(&app, "nameId"), &"Basic Information > Primary email".into());
    let details = fixture.component(kind::DETAILS);
    for (path, expected) in [("name", "Flex"), ("description", "Calls"), ("logo", "l.png")] {
        assert_eq!(value(&details, path), &expected.into());
    }
    let access = fixture.component(kind::ACCESS);
    assert_eq!(value(&access, "onFor"), &Value::texts(["organizational unit /Care", "group a@connie.one"]));
    assert!(app.fields.iter().chain(&details.fields).all(|it| it.capability == Capability::Attested));

    fixture.profile =
        fixture.profile.replace(", access: {organizationalUnits: [/Care], groups: [a@connie.one]}", "");
    assert_eq!(value(&fixture.component(kind::ACCESS), "onFor"), &Value::texts(["everyone"]));
    fixture.enablement =
        "{profile: flex, select: {groups: [b@connie.one]}, roles: {default: [agent]}}".into();
    assert_eq!(value(&fixture.component(kind::ACCESS), "onFor"), &Value::texts(["group b@connie.one"]));
}

#[test]
fn membership_is_asserted_of_named_groups() {
    let mut fixture = Fixture::new();
    fixture.attributes = "[{name: groups, from: user.groups}]".into();
    fixture.finds(&["google-groups"]);
    fixture.enablement = "{profile: flex, select: {groups: [b@connie.one]}, roles: {default: [agent], \
                          overrides: [{group: a@connie.one, roles: [admin]}]}}"
        .into();
    let mapping = fixture.component(kind::MAPPING);
    assert_eq!(value(&mapping, "groups"), &Value::texts(["a@connie.one", "b@connie.one"]));
    assert_eq!(value(&mapping, "groupsAttribute"), &"groups".into());
    let many: Vec<String> = (0..76).map(|at| format!("g{at}@connie.one")).collect();
    fixture.enablement = format!("{{profile: flex, select: {{groups: [{}]}}}}", many.join(", "));
    fixture.finds(&["google-groups"]);
}

#[test]
fn what_google_cannot_do_is_said() {
    type Edit = fn(&mut Fixture);
    let cases: [(&str, Edit); 13] = [
        ("google-source", |it| it.attributes = "[{name: team, from: user.appMetadata.flex.team}]".into()),
        ("google-source", |it| it.name_id = "{format: emailAddress, from: user.name}".into()),
        ("google-expression", |it| {
            it.attributes =
                "[{name: team, expressions: {google: user.team}}, {name: x, expressions: {google: team}}]"
                    .into()
        }),
        ("google-field", |it| {
            it.attributes = "[{name: skill.a, value: x}, {name: skill_a, value: y}]".into()
        }),
        ("google-field", |it| it.attributes = "[{name: concord, value: x}]".into()),
        ("google-signing", |it| {
            it.profile = it.profile.replace("product: flex,", "product: flex, signing: {assertion: true},")
        }),
        ("google-signing", |it| {
            it.profile = it
                .profile
                .replace("product: flex,", "product: flex, signing: {response: false, assertion: false},");
        }),
        ("google-signing", |it| {
            it.profile = it.profile.replace("product: flex,", "product: flex, signing: {digest: sha1},")
        }),
        ("google-session", |it| {
            it.profile = it.profile.replace("product: flex,", "product: flex, session: {lifetimeHours: 8},")
        }),
        ("google-schema", |it| {
            it.profile = it.profile.replace("{name: Flex}", "{google: {schema: Flex Details}}")
        }),
        ("google-trust", |it| it.trust = "{certificates: [{fingerprint: '00'}]}".into()),
        ("google-trust", |it| it.google = it.google.replace("idpId: C0abc, ", "")),
        ("google-certificate", |it| it.trust = "{certificates: [{file: gone.pem}]}".into()),
    ];
    for (code, edit) in cases {
        let mut fixture = Fixture::new();
        edit(&mut fixture);
        let found = fixture.lower().unwrap_err();
        assert!(found.first() == Some(&code), "{code}: {found:?}");
    }
}
