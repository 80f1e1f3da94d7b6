//! Flex beyond one profile: the migration from the legacy SSO, and several identity providers on one instance.

use serde_json::json;

use crate::support::{ACCOUNT, Project, lines, recorded};

const LEGACY: &str = "nss/SsoProfile/flex/flex-legacy";

fn legacy() -> Project {
    let project = Project::example("auth0-flex");
    project.edit("flex.yaml", "product: flex", "product: flex-legacy");
    project.edit(
        "sandbox.yaml",
        "      runtimeDomain: nss-1234.twil.io\n",
        "      runtimeDomain: nss-1234.twil.io\n      legacySso: {issuer: 'urn:nss.us.auth0.com', ssoUrl: 'https://nss.us.auth0.com/samlp/old'}\n",
    );
    project
}

#[test]
fn the_legacy_sso_is_migrated_in_twilios_order() {
    let project = legacy();
    let run = project.run(&["validate"]).expect(0);
    assert!(run.stdout.contains("legacy SSO ended on 2026-03-31"), "{}", run.stdout);
    let runbook = project.run(&["runbook", "--sandbox"]).stdout;
    for part in [
        "https://iam.twilio.com/v1/Accounts/AC00000000000000000000000000000001/saml2/metadata",
        "After the migration, and not before",
        "within 30 days of the migration",
    ] {
        assert!(runbook.contains(part), "{part}\n{runbook}");
    }
    project.reconcile();
    let profiles = project.serve().profiles();
    let [profile] = &profiles[..] else { panic!("{profiles:?}") };
    let client = project.serve().client_named("Twilio Flex - NSS");
    assert_eq!(client["addons"]["samlp"]["audience"], profile["entityId"]);
    assert!(client["callbacks"].as_array().unwrap().contains(&profile["acsUrl"]), "{client}");
    assert!(
        client["callbacks"]
            .as_array()
            .unwrap()
            .contains(&json!(format!("https://iam.twilio.com/v1/Accounts/{ACCOUNT}/saml2"))),
        "switching back stays possible: {client}"
    );
    assert_eq!(profile["lastTest"]["result"], "success");
    let (run, calls) = recorded(&project, &["plan", "--sandbox", "--format", "json"]);
    assert_eq!(lines(&run.json()), Vec::<String>::new());
    assert!(calls.iter().all(|it| it["method"] == "GET" || it["path"] == "/oauth/token"), "{calls:?}");

    // Another SSO URL, by hand, is found by the probe.
    let sid = profile["sid"].as_str().unwrap();
    let path = format!("console.twilio.com/account/{ACCOUNT}/flex/sso/{sid}");
    let body = json!({"ssoUrl": "https://evil.example/sso"});
    assert_eq!(project.serve().send("PATCH", &path, None, Some(body)).0, 200);
    assert_eq!(lines(&project.plan()), [format!("manual {LEGACY}.migration [ssoUrl]")]);
    project.reconcile();

    // Afterwards it is an enhanced profile like any other.
    project.edit("flex.yaml", "product: flex-legacy", &format!("product: flex\n  connection: {sid}"));
    project.run(&["apply", "--sandbox", "--yes", "--simulate-operator"]).expect(0);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
    assert_eq!(project.serve().profiles().len(), 1, "the same profile");
}

#[test]
fn an_older_generations_urls_are_stated() {
    let project = legacy();
    let older = format!("https://preview.twilio.com/iam/Accounts/{ACCOUNT}/saml2");
    project.edit(
        "flex.yaml",
        "product: flex-legacy\n",
        &format!("product: flex-legacy\n  serviceProvider: {{entityId: '{older}', acsUrl: '{older}'}}\n"),
    );
    let runbook = project.run(&["runbook", "--sandbox"]).stdout;
    assert!(runbook.contains(&older), "{runbook}");
}

/// Contractors by Okta beside staff by Auth0, on one Flex instance.
fn side_by_side() -> Project {
    let project = Project::example("auth0-flex");
    project.edit(
        "tenant.yaml",
        "  auth0:\n",
        "  okta: {domain: partners.okta.com, token: {env: OKTA_TOKEN}}\n  auth0:\n",
    );
    project.write(
        "contractors.yaml",
        "apiVersion: concord/v1\nkind: IdentityProvider\nmetadata: {name: okta}\nspec: {vendor: okta}\n\
         ---\napiVersion: concord/v1\nkind: AttributeMap\nmetadata: {name: contractors}\nspec:\n\
         \x20 nameId: {format: emailAddress, from: user.email}\n  attributes:\n\
         \x20   - {name: email, from: user.email, required: true}\n\
         \x20   - {name: full_name, from: user.name, required: true}\n\
         \x20   - {name: roles, from: enablement.roles, required: true, values: [agent, supervisor, admin]}\n\
         \x20   - {name: company, value: Partners}\n\
         ---\napiVersion: concord/v1\nkind: SsoProfile\nmetadata: {name: contractors}\nspec:\n\
         \x20 product: flex\n  friendlyName: Okta - Partners\n  identityProvider: okta\n\
         \x20 application: {name: Flex for partners}\n  attributeMap: contractors\n\
         \x20 urls: {defaultRedirect: 'https://partners.connie.team', trusted: ['https://partners.connie.team']}\n\
         \x20 testUsers: [test@partner.example]\n\
         ---\napiVersion: concord/v1\nkind: UserEnablement\nmetadata: {name: contractors}\nspec:\n\
         \x20 profile: contractors\n  select: {emailDomains: [partner.example]}\n\
         \x20 rollout: {stage: all, pilot: [test@partner.example]}\n\
         \x20 breakGlass: [root@partner.example]\n  roles: {default: [agent]}\n",
    );
    let seed = project.read("sandbox.yaml");
    project.write(
        "sandbox.yaml",
        &format!(
            "{seed}okta:\n  organizations:\n    partners.okta.com:\n      users:\n\
             \x20       - {{email: test@partner.example, firstName: Test, lastName: Partner}}\n\
             \x20       - {{email: kim@partner.example, firstName: Kim, lastName: Poe}}\n"
        ),
    );
    project
}

#[test]
fn two_identity_providers_serve_one_instance_side_by_side() {
    let project = side_by_side();
    project.reconcile();
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
    let profiles = project.serve().profiles();
    assert_eq!(profiles.len(), 2);
    assert!(profiles.iter().all(|it| it["lastTest"]["result"] == "success"), "{profiles:?}");
    let of = |name: &str| profiles.iter().find(|it| it["friendlyName"] == name).unwrap();
    let (staff, partners) = (of("Auth0 - Nevada Senior Services"), of("Okta - Partners"));
    assert_ne!(staff["entityId"], partners["entityId"]);
    assert_eq!(partners["trustedUrls"], json!(["https://partners.connie.team"]));

    // What is changed by hand on one is the one's alone.
    let sid = partners["sid"].as_str().unwrap();
    let path = format!("console.twilio.com/account/{ACCOUNT}/flex/sso/{sid}");
    let body = json!({"ssoUrl": "https://evil.example/sso"});
    assert_eq!(project.serve().send("PATCH", &path, None, Some(body)).0, 200);
    assert_eq!(lines(&project.plan()), ["manual nss/SsoProfile/contractors/flex.trust [ssoUrl]"]);
    project.reconcile();
    let after = project.serve().profiles();
    assert_eq!(after.iter().find(|it| it["sid"] == staff["sid"]), Some(staff), "untouched");
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}
