use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::*;
use crate::{
    diagnostics::{SourceFile, Span},
    manifest::{
        Document, Envelope, identity_provider::IdentityProviderSpec, sso_profile::SsoProfileSpec,
        tenant::TenantSpec,
    },
    provider::Person,
    yaml::{Node, NodeKind},
};

/// A manifest as it is after reading; places are all the document's beginning.
fn resource<T: DeserializeOwned>(kind: &str, name: &str, spec: &str) -> Resource<T> {
    let text = format!("{{apiVersion: concord/v1, kind: {kind}, metadata: {{name: {name}}}, spec: {spec}}}");
    let envelope: Envelope<T> =
        serde_json::from_value(serde_yaml::from_str::<serde_json::Value>(&text).unwrap()).unwrap();
    let root = Node { span: Span::default(), kind: NodeKind::Null, raw: None };
    Resource {
        kind: envelope.kind,
        tenant: "nss".parse().unwrap(),
        metadata: envelope.metadata,
        lifecycle: envelope.lifecycle,
        spec: envelope.spec,
        document: Arc::new(Document { source: SourceFile::new("test.yaml", text), root }),
    }
}

const TENANT: &str = "{sendgrid: {apiKey: {env: KEY}}}";
const PROFILE: &str =
    "{product: sendgrid, friendlyName: Okta, identityProvider: okta, urls: {signOut: 'https://a.okta.com/'}}";

fn with<R>(
    tenant: &str,
    profile: &str,
    enablement: &str,
    use_it: impl FnOnce(&ProfileContext<'_>, &Resource<UserEnablementSpec>) -> R,
) -> R {
    let tenant: Resource<TenantSpec> = resource("Tenant", "nss", tenant);
    let provider: Resource<IdentityProviderSpec> = resource("IdentityProvider", "okta", "{vendor: okta}");
    let profile: Resource<SsoProfileSpec> = resource("SsoProfile", "sendgrid", profile);
    let enablement: Resource<UserEnablementSpec> = resource("UserEnablement", "people", enablement);
    let context = ProfileContext {
        project: "k3jd82ma",
        tenant: &tenant,
        profile: &profile,
        identity_provider: &provider,
        attribute_map: None,
        enablements: &[&enablement],
        vanity_domains: &[],
        email_domains: &[],
    };
    use_it(&context, &enablement)
}

/// What an application of this profile offers, before it exists.
fn okta(context: &ProfileContext<'_>) -> IdentityProviderSide {
    let app = context.address("okta.app");
    IdentityProviderSide {
        issuer: Value::output_of(&app, "issuer"),
        sso_url: Value::output_of(&app, "ssoUrl"),
        certificates: Value::output_of(&app, "certificates"),
        gates: vec![app],
    }
}

/// Components of a profile as it is lowered, for tests of other files.
pub(in super::super) fn lowered(profile: &str) -> Vec<Component> {
    with(TENANT, profile, "{profile: sendgrid}", |context, _| {
        SendGridProduct.lower(context, &okta(context)).unwrap()
    })
}

fn codes_of(tenant: &str, profile: &str, enablement: &str) -> Vec<&'static str> {
    with(tenant, profile, enablement, |context, _| {
        let error = SendGridProduct.lower(context, &okta(context)).unwrap_err();
        error.0.iter().map(|finding| finding.code.id).collect()
    })
}

fn teammate_of(roles: &str, name: Option<&str>) -> Vec<Component> {
    let enablement = format!("{{profile: sendgrid, provisioning: managed, roles: {{default: {roles}}}}}");
    with(TENANT, PROFILE, &enablement, |context, enablement| {
        let person = Person {
            id: "00u1".to_owned(),
            email: "Ann@connie.one".to_owned(),
            name: name.map(str::to_owned),
            is_active: true,
            ..Person::default()
        };
        let member = Member {
            person: &person,
            account: None,
            stage: Stage::Pilot,
            roles: enablement.spec.roles.default.clone(),
            attributes: BTreeMap::new(),
            origin: enablement.origin(),
            needs: vec![context.address("okta.app")],
        };
        SendGridProduct.lower_member(context, enablement, &member)
    })
}

#[test]
fn the_switch_comes_after_everything_and_the_integration_before() {
    let components = lowered(PROFILE);
    let of = |kind: &str| components.iter().find(|it| it.address.component == kind).unwrap();
    let names = |component: &Component| -> Vec<String> {
        component.needs.iter().map(|need| need.component.clone()).collect()
    };
    let integration = of(kind::INTEGRATION);
    assert_eq!(names(integration), Vec::<String>::new(), "it needs the application's values only");
    assert!(integration.fields.iter().all(|field| field.seed.is_none()));
    assert_eq!(names(of(kind::CERTIFICATES)), ["sendgrid.integration", "okta.app"]);
    assert_eq!(names(of(kind::SWITCH)), ["sendgrid.integration", "okta.app", "sendgrid.certificates"]);
    assert_eq!(of(kind::SWITCH).field(field::ENABLED).unwrap().value, Value::Bool(true));
    assert!(components.iter().all(|it| it.address.component != kind::TEAMMATES), "nobody leaves");
    let off = lowered(&PROFILE.replace("friendlyName", "enabled: false, friendlyName"));
    let switch = off.iter().find(|it| it.address.component == kind::SWITCH).unwrap();
    assert_eq!(switch.field(field::ENABLED).unwrap().value, Value::Bool(false));
}

#[test]
fn what_it_offers_comes_from_the_integration_or_from_the_manifest() {
    let side = |profile: &str| {
        with(TENANT, profile, "{profile: sendgrid}", |context, _| SendGridProduct.offer(context))
    };
    let offered = side(PROFILE);
    assert!(offered.entity_id.is_pending() && offered.acs_url.is_pending());
    assert_eq!(offered.logout_urls, [Value::text("https://a.okta.com/")]);
    assert_eq!(offered.gates[0].component, kind::SWITCH);
    let stated = side(&PROFILE.replace(
        "product",
        "serviceProvider: {entityId: 'urn:x', acsUrl: 'https://x.example/acs'}, product",
    ));
    assert_eq!(
        (stated.entity_id, stated.acs_url),
        (Value::text("urn:x"), Value::text("https://x.example/acs"))
    );
}

#[test]
fn what_is_missing_and_what_does_not_go_together_is_said() {
    let people = "{profile: sendgrid}";
    assert_eq!(codes_of("{}", PROFILE, people), ["sendgrid-account-missing"]);
    let no_url = PROFILE.replace(", urls: {signOut: 'https://a.okta.com/'}", "");
    assert_eq!(codes_of(TENANT, &no_url, people), ["sendgrid-sign-out-url"]);
    let roles = "{profile: sendgrid, provisioning: managed, roles: {default: [admin, mail.send], overrides: [{user: a@b.c, roles: [agent]}]}}";
    assert_eq!(codes_of(TENANT, PROFILE, roles), ["sendgrid-roles", "sendgrid-roles"]);
}

#[test]
fn a_teammate_is_made_after_the_switch_with_one_kind_of_access() {
    let of = |roles: &str, name| teammate_of(roles, name).pop().unwrap();
    let shown = |component: &Component| -> Vec<String> {
        component.fields.iter().map(|field| format!("{}={}", field.path, field.value.to_json())).collect()
    };
    let ann = of("[mail.send, stats.read]", Some("Ann Maria Lee"));
    assert_eq!(ann.address.to_string(), "nss/UserEnablement/people/sendgrid.teammate:ann@connie.one");
    assert_eq!(ann.needs.last().unwrap().component, kind::SWITCH);
    assert_eq!(
        shown(&ann),
        [
            r#"email="ann@connie.one""#,
            r#"first_name="Ann Maria""#,
            r#"last_name="Lee""#,
            "is_admin=false",
            r#"scopes=["mail.send","stats.read"]"#,
        ]
    );
    let admin = of("[admin]", Some("Ann"));
    assert_eq!(shown(&admin)[1..], [r#"first_name="Ann""#, r#"last_name="-""#, "is_admin=true"]);
    let unnamed = of("[observer]", None);
    assert_eq!(
        unnamed.field(field::FIRST_NAME).unwrap().rule,
        Rule::WriteOnly,
        "unknown names are not compared"
    );
    assert_eq!(unnamed.field(field::PERSONA).unwrap().rule, Rule::WriteOnly);
    let subusers = of("[admin@7, mail.send@8]", None);
    assert_eq!(
        subusers.field(field::SUBUSER_ACCESS).unwrap().value.to_json(),
        serde_json::json!([
            {"id": 7, "permission_type": "admin"},
            {"id": 8, "permission_type": "restricted", "scopes": ["mail.send"]},
        ])
    );
}

#[test]
fn only_who_is_a_teammate_is_enabled_unless_concord_makes_them() {
    let of = |more: &str| {
        let enablement = format!("{{profile: sendgrid{more}}}");
        with(TENANT, PROFILE, &enablement, |_, enablement| SendGridProduct.people(&enablement.spec))
    };
    assert_eq!(of(""), PeopleSource::Product);
    assert_eq!(of(", provisioning: managed"), PeopleSource::IdentityProvider);
}

#[test]
fn a_review_says_who_could_not_help_and_what_cannot_be_compared() {
    let enablement = "{profile: sendgrid, provisioning: managed, breakGlass: [Root@connie.one, boss@connie.one], \
                      roles: {default: [observer]}}";
    let administrator = Person { is_administrator: true, ..Person::default() };
    let accounts = Population {
        people: [("root@connie.one".to_owned(), administrator)].into(),
        ..Population::default()
    };
    with(TENANT, PROFILE, enablement, |context, _| {
        let review = SendGridProduct.review(&crate::provider::AccountsOfRealm {
            contexts: &[*context],
            accounts: Some(&accounts),
            enabled: &std::collections::BTreeSet::new(),
        });
        let found: Vec<_> = review.warnings.iter().map(|it| (it.code, it.people.clone())).collect();
        assert_eq!(
            found,
            [("sendgrid-break-glass", vec!["boss@connie.one".to_owned()]), ("sendgrid-persona", Vec::new())]
        );
    });
}
