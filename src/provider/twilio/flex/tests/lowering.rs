//! Manifests to components.

use super::*;
use crate::{
    component::{Capability, Environment, Instruction, step_digest},
    manifest::user_enablement::{Provisioning, Stage},
    provider::{Member, Person},
};

/// Components as text, in the order of their fields.
fn text(components: &[Component]) -> String {
    let mut out = String::new();
    for component in components {
        out += &format!("{} ({})\n", component.address, component.title);
        for field in &component.fields {
            let value = match &field.value {
                Value::Pending(reference) => format!("<- {} {}", reference.from.component, reference.output),
                Value::List(items) if items.iter().any(|item| matches!(item, Value::Certificate(_))) => {
                    format!("{} certificate(s)", items.len())
                }
                value => value.to_json().to_string(),
            };
            out += &format!("  {} [{} {:?}] {value}\n", field.path, field.capability.as_str(), field.rule);
        }
        for need in &component.needs {
            out += &format!("  needs {}\n", need.component);
        }
        let Some(step) = &component.step else { continue };
        out += &format!("  step {} in {} at {}\n", step.version, step.scope, step.place);
        for instruction in &step.instructions {
            out += &match instruction {
                Instruction::Do(text) => format!("    - {text}\n"),
                Instruction::Enter { label, field } => format!("    - {label} = {field}\n"),
                Instruction::Note { label, output } => format!("    - note {output}: {label}\n"),
            };
        }
    }
    out
}

#[test]
fn the_documented_example() {
    insta::assert_snapshot!(text(&Project::new().lower(&settled())), @r#"
    nss/SsoProfile/flex/flex.trust (Flex SSO profile `Auth0 - Nevada Senior Services`: trust in the identity provider)
      issuer [attested Exact] "urn:nss.us.auth0.com"
      ssoUrl [probed Url] "https://nss.us.auth0.com/samlp/abc?connection=Username-Password-Authentication"
      certificates [attested Set] 1 certificate(s)
      active [probed Exact] true
      step 1 in AC00000000000000000000000000000001 at Twilio Console > Flex > Users and access > SSO
        - In account `AC00000000000000000000000000000001`, open the SSO profile that is meant for `Auth0 - Nevada Senior Services`; if there is none, make a new one and fill in the whole form.
        - `Friendly Name`: Auth0 - Nevada Senior Services
        - Paste the certificate as its whole PEM text, with the BEGIN and END lines and all their dashes.
        - X.509 Certificate = certificates
        - Identity Provider Issuer = issuer
        - Single Sign-On URL = ssoUrl
        - `Default Redirect URL`: https://nss.connie.team
        - `Trusted URLs`: https://nss.connie.team
        - `Login using popup`: off
        - Save, and see that the profile is active.
        - note connection: JQ and 32 digits, the end of the Entity ID (urn:flex:JQ...) that the page shows for the identity provider
    nss/SsoProfile/flex/flex.label (Flex SSO profile `Auth0 - Nevada Senior Services`: name)
      friendlyName [attested Exact] "Auth0 - Nevada Senior Services"
      needs flex.trust
      step 1 in AC00000000000000000000000000000001 at Twilio Console > Flex > Users and access > SSO
        - Open the SSO profile. If you have just made it, its name is entered: compare and confirm.
        - Friendly Name = friendlyName
        - Save if you changed it.
    nss/SsoProfile/flex/flex.urls (Flex SSO profile `Auth0 - Nevada Senior Services`: URLs)
      defaultRedirect [attested Url] "https://nss.connie.team"
      trusted [attested UrlSet] ["https://nss.connie.team"]
      loginPopup [attested Exact] false
      acceptsRedirect [observed Exact] true
      needs flex.trust
      step 1 in AC00000000000000000000000000000001 at Twilio Console > Flex > Users and access > SSO
        - Open the SSO profile. If you have just made it, its URLs are entered: compare and confirm.
        - Default Redirect URL = defaultRedirect
        - One entry for each URL, without wildcards.
        - Trusted URLs = trusted
        - Login using popup = loginPopup
        - Save if you changed anything.
    nss/SsoProfile/flex/flex.test (Flex SSO profile `Auth0 - Nevada Senior Services`: test sign-in)
      issuer [attested Exact] "urn:nss.us.auth0.com"
      ssoUrl [attested Url] "https://nss.us.auth0.com/samlp/abc?connection=Username-Password-Authentication"
      certificates [attested Set] 1 certificate(s)
      connection [attested Exact] <- flex.trust connection
      attributes [attested Set] ["NameID (urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress) from user.email","email from user.email","full_name from user.name","roles from enablement.roles","team from user.appMetadata.flex.team"]
      testUser [attested IgnoreCase] "test@connie.one"
      needs flex.trust
      needs flex.urls
      needs auth0.client
      needs auth0.binding
      step 1 in AC00000000000000000000000000000001 at Twilio Flex, signing in as a test user
        - Open a private browser window, so that no earlier sign-in is used again.
        - Open https://nss.connie.team. Afterwards do the same, in a new private window, with the profile's login link (`https://flex.twilio.com/` and the first part of the runtime domain; the SSO page shows it).
        - Sign in as: = testUser
        - Expect this: the browser goes to Auth0 and asks for the sign-in there, comes back without an error, and Flex opens with the person's full name and the features of their roles, and shows their own team.
        - If it fails, do not confirm. Run `concord verify`, which compares both sides and looks at the sign-in's request and certificates. If Auth0 refuses, its logs say why. If Twilio refuses what Auth0 sent, repeat the sign-in with a SAML tracer (a browser extension) and compare the issuer, the audience, the NameID and the attributes of the response with the manifests.
    nss/Tenant/nss/flex.instance (Flex instance of account AC00000000000000000000000000000001)
      flexInstance [observed IgnoreCase] "GO00000000000000000000000000000001"
    "#);
}

#[test]
fn what_flex_offers_is_pending_until_the_connection_is_known() {
    let mut project = Project::new();
    let side = project.with(|context| FlexProduct.offer(context));
    let trust = address("flex.trust");
    assert_eq!(side.entity_id, Value::output_of(&trust, "entityId"));
    assert_eq!(side.acs_url, Value::output_of(&trust, "acsUrl"));
    assert_eq!(side.gates, [address("flex.test")]);
    assert_eq!(side.start_url, Some(Value::text("https://nss.connie.team")));
    assert_eq!(
        side.logout_urls,
        [Value::text("https://flex.twilio.com"), Value::text("https://nss.connie.team")]
    );

    project.profile.spec.connection = Some(ONE.to_owned());
    project.tenant.spec.twilio.as_mut().unwrap().region = Some("ie1".to_owned());
    let side = project.with(|context| FlexProduct.offer(context));
    assert_eq!(side.entity_id, Value::text(format!("urn:flex:{ONE}")));
    let acs = format!("https://login.flex.ie1.twilio.com/login/callback?connection={ONE}");
    assert_eq!(side.acs_url, Value::Text(acs));

    let overrides = "{entityId: urn:other, acsUrl: 'https://iam.twilio.com/v1/x', logoutUrls: ['https://nss.connie.team/bye'],
                      callbackUrls: ['https://nss.connie.team/callback']}";
    project.profile.spec.service_provider = from_yaml(overrides);
    project.vanity_domains =
        vec![resource(Kind::VanityDomain, "v", "{hostname: agents.connie.team, profile: flex}")];
    let side = project.with(|context| FlexProduct.offer(context));
    assert_eq!((side.entity_id, side.acs_url), ("urn:other".into(), "https://iam.twilio.com/v1/x".into()));
    assert_eq!(side.callback_urls, [Value::text("https://nss.connie.team/callback")]);
    let logout: Vec<_> = side.logout_urls.iter().filter_map(Value::as_text).collect();
    assert_eq!(
        logout,
        [
            "https://flex.twilio.com",
            "https://nss.connie.team",
            "https://agents.connie.team",
            "https://nss.connie.team/bye"
        ]
    );
}

#[test]
fn a_pin_and_overrides_are_checked_and_part_of_what_is_attested() {
    let mut project = Project::new();
    project.profile.spec.connection = Some(ONE.to_owned());
    let components = project.lower(&settled());
    let trust = &components[0];
    assert_eq!(trust.field("connection").unwrap().capability, Capability::Derived);
    assert_eq!(trust.field("entityId").unwrap().value, Value::text(format!("urn:flex:{ONE}")));
    let test = components.iter().find(|it| it.address.component == "flex.test").unwrap();
    assert_eq!(test.field("connection").unwrap().value, Value::text(ONE));
}

fn digests(project: &Project, side: &IdentityProviderSide) -> BTreeMap<String, Option<String>> {
    project
        .lower(side)
        .into_iter()
        .filter(|component| component.step.is_some())
        .map(|mut component| {
            // As if the trust step had been attested.
            for field in &mut component.fields {
                field.value = field
                    .value
                    .resolve(&|reference| (reference.output == "connection").then(|| Value::text(ONE)));
            }
            let digest = step_digest(&component, project.profile.name(), &Environment::Live);
            (component.address.component, digest.map(|digest| digest.to_string()))
        })
        .collect()
}

fn changed(one: &BTreeMap<String, Option<String>>, other: &BTreeMap<String, Option<String>>) -> Vec<String> {
    one.iter().filter(|(key, digest)| other[*key] != **digest).map(|(key, _)| key.clone()).collect()
}

#[test]
fn each_change_voids_only_the_steps_that_it_concerns() {
    let before = digests(&Project::new(), &settled());
    assert!(before.values().all(Option::is_some), "{before:?}");

    let mut project = Project::new();
    project.profile.spec.friendly_name = "Another name".to_owned();
    assert_eq!(changed(&before, &digests(&project, &settled())), ["flex.label"]);

    let mut project = Project::new();
    project.profile.spec.urls.trusted.push("https://other.connie.team".to_owned());
    assert_eq!(changed(&before, &digests(&project, &settled())), ["flex.urls"]);

    let mut project = Project::new();
    project.attribute_map.spec.attributes.pop();
    assert_eq!(changed(&before, &digests(&project, &settled())), ["flex.test"]);

    let side = IdentityProviderSide { issuer: Value::text("urn:other"), ..settled() };
    assert_eq!(changed(&before, &digests(&Project::new(), &side)), ["flex.test", "flex.trust"]);
}

#[test]
fn nothing_can_be_attested_while_the_application_does_not_exist() {
    let open = digests(&Project::new(), &pending());
    let blocked: Vec<_> =
        open.iter().filter(|(_, digest)| digest.is_none()).map(|(key, _)| key.as_str()).collect();
    assert_eq!(blocked, ["flex.test", "flex.trust"]);
}

#[test]
fn the_instance_is_looked_at_where_there_is_something_to_compare_or_to_see_it_with() {
    let mut project = Project::new();
    let twilio = |project: &mut Project| project.tenant.spec.twilio.take().unwrap();
    let has_instance = |project: &Project| {
        project.lower(&settled()).iter().any(|it| it.address.to_string() == "nss/Tenant/nss/flex.instance")
    };
    assert!(has_instance(&project));
    let mut without_key = twilio(&mut project);
    without_key.account.as_mut().unwrap().api_key = None;
    project.tenant.spec.twilio = Some(without_key.clone());
    assert!(has_instance(&project));
    without_key.flex_instance = None;
    project.tenant.spec.twilio = Some(without_key);
    assert!(!has_instance(&project));
}

fn codes_of(project: &Project) -> Vec<&'static str> {
    let error = project.with(|context| FlexProduct.lower(context, &settled())).unwrap_err();
    error.0.iter().map(|finding| finding.code.id).collect()
}

#[test]
fn what_flex_cannot_express_is_said() {
    let mut project = Project::new();
    project.tenant.spec.twilio.as_mut().unwrap().account = None;
    assert_eq!(codes_of(&project), ["flex-account-missing"]);
    project.tenant.spec.twilio = None;
    assert_eq!(codes_of(&project), ["flex-account-missing"]);

    let mut project = Project::new();
    project.profile.spec.connection = Some("FO00000000000000000000000000000001".to_owned());
    project.tenant.spec.twilio.as_mut().unwrap().region = Some("evil.example/".to_owned());
    assert_eq!(codes_of(&project), ["flex-connection-form", "flex-region-form"]);

    let mut project = Project::new();
    project.enablement.spec.provisioning = Provisioning::Managed;
    project.enablement.spec.roles.default.clear();
    project.tenant.spec.twilio.as_mut().unwrap().flex_instance = None;
    project.attribute_map.spec.name_id.from = "user.name".to_owned().try_into().unwrap();
    assert_eq!(codes_of(&project), ["flex-users-instance", "flex-username-unknown", "flex-user-role"]);
}

#[test]
fn people_are_made_beforehand_only_where_that_is_asked_for() {
    let mut project = Project::new();
    let person = Person {
        id: "auth0|1".to_owned(),
        email: "ann@connie.one".to_owned(),
        name: None,
        is_active: true,
        groups: Default::default(),
        ..Person::default()
    };
    let member = Member {
        person: &person,
        account: None,
        stage: Stage::Pilot,
        roles: ["agent", "wfo.team_leader"].map(|role| role.to_owned().try_into().unwrap()).to_vec(),
        attributes: BTreeMap::new(),
        origin: project.enablement.origin(),
        needs: vec![address("auth0.client"), address("flex.trust")],
    };
    let lower = |project: &Project| {
        project.with(|context| FlexProduct.lower_member(context, &project.enablement, &member))
    };
    assert!(lower(&project).is_empty());
    project.enablement.spec.provisioning = Provisioning::Managed;
    insta::assert_snapshot!(text(&lower(&project)), @r#"
    nss/UserEnablement/nss-agents/flex.user:ann@connie.one (Flex user ann@connie.one)
      username [managed IgnoreCase] "ann@connie.one"
      full_name [managed Exact] "ann@connie.one"
      email [managed IgnoreCase] "ann@connie.one"
      roles [managed Set] ["agent"]
      needs flex.trust
      needs auth0.client
    "#);
}

#[test]
fn removal_names_what_is_to_be_deleted() {
    let attestation = |component: &str, outputs: &str| {
        from_yaml(&format!(
            "{{step: SsoProfile/flex/{component}, stepVersion: 1, digest: '{}', environment: live, inputs: {{issuer: urn:idp}},
              outputs: {outputs}, by: ann, at: '2026-03-01T10:00:00Z'}}",
            "0".repeat(64)
        ))
    };
    let told = |component: &str, outputs: &str| {
        let step = crate::provider::twilio::flex::steps::removal_in(
            &address(component),
            &attestation(component, outputs),
            ACCOUNT,
        )?;
        assert_eq!(step.scope, ACCOUNT);
        match step.removal.last() {
            Some(Instruction::Do(text)) => Some(text.clone()),
            _ => None,
        }
    };
    let outputs = format!("{{connection: {ONE}}}");
    assert_eq!(
        told("flex.trust", &outputs).unwrap(),
        format!("Delete the SSO profile {ONE} (its Entity ID is `urn:flex:{ONE}`).")
    );
    assert_eq!(
        told("flex.trust", "{}").unwrap(),
        "Delete the SSO profile with the Identity Provider Issuer `urn:idp`."
    );
    for nothing in ["flex.label", "flex.urls", "flex.test"] {
        assert_eq!(told(nothing, "{}"), None);
    }
}
