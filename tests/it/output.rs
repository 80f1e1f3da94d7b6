//! `concord output`: for each product the values that the other side needs, as JSON and as SAML metadata, and what people are told.

use serde_json::Value;

use crate::support::Project;

fn values(project: &Project, profile: &str) -> Value {
    project.run(&["output", "--sandbox"]).expect(0).json()["profiles"][profile].clone()
}

/// The metadata say the very values, and are metadata.
#[track_caller]
fn metadata_agree(project: &Project, values: &Value) {
    let xml = project.run(&["output", "--sandbox", "--format", "sp-metadata"]).expect(0).stdout;
    let entity_id = values["entityId"].as_str().expect("an entity ID");
    let acs_url = values["acsUrl"].as_str().expect("an ACS URL");
    assert!(xml.starts_with("<?xml"), "{xml}");
    assert!(xml.contains(&format!("entityID=\"{entity_id}\"")), "{xml}");
    assert!(xml.contains(&format!("HTTP-POST\" Location=\"{acs_url}\"")), "{xml}");
}

#[track_caller]
fn identity_provider_is_known(values: &Value) {
    assert!(values["issuer"].as_str().expect("an issuer").starts_with("http://www.okta.com/"), "{values}");
    assert!(values["ssoUrl"].as_str().expect("a URL").contains(".okta.com/app/"), "{values}");
    let certificates = values["certificates"].as_array().expect("certificates");
    assert_eq!(certificates.len(), 1, "{values}");
    assert!(certificates[0].as_str().expect("PEM").starts_with("-----BEGIN CERTIFICATE-----"), "{values}");
}

#[test]
fn of_the_console() {
    let project = Project::example("okta-console");
    let early = project.run(&["output", "--sandbox", "--format", "sp-metadata"]).expect(1);
    assert!(early.stderr.contains("no connection yet"), "{}", early.stderr);
    project.reconcile();
    let values = values(&project, "acme/console");
    let entity_id = values["entityId"].as_str().expect("an entity ID");
    let connection = entity_id.strip_prefix("urn:console:").expect("the Console's form");
    assert_eq!(values["acsUrl"], format!("https://login.twilio.com/login/callback?connection={connection}"));
    identity_provider_is_known(&values);
    metadata_agree(&project, &values);
}

/// Support tells the values, and they are attested.
#[test]
fn of_the_legacy_console() {
    let project = Project::empty();
    project.run(&["init", "--product", "console-legacy", "--idp", "okta"]).expect(0);
    // The application is made, and its values go into the ticket.
    project.run(&["apply", "--sandbox", "--yes"]).expect(3);
    let waiting = values(&project, "acme/console");
    assert!(waiting["entityId"].is_null() && waiting["acsUrl"].is_null(), "{waiting}");
    identity_provider_is_known(&waiting);
    let acs_url = "https://www.twilio.com/saml2/UI00000000000000000000000000000001";
    let outputs = [format!("acsUrl={acs_url}"), "entityId=https://www.twilio.com/saml2".to_owned()];
    project
        .run(&[
            "attest",
            "--sandbox",
            "--step",
            "SsoProfile/console/console-legacy.setup",
            "--output",
            &outputs[0],
            "--output",
            &outputs[1],
            "--by",
            "ann@acme.example.com",
        ])
        .expect(0);
    let values = values(&project, "acme/console");
    assert_eq!(values["acsUrl"], acs_url);
    assert_eq!(values["callbackUrls"][0], acs_url);
    assert_eq!(values["entityId"], "https://www.twilio.com/saml2");
    identity_provider_is_known(&values);
    metadata_agree(&project, &values);
}

/// Both values of SendGrid are one URL, which its API tells.
#[test]
fn of_sendgrid() {
    let project = Project::example("sendgrid-okta");
    project.reconcile();
    let values = values(&project, "nss/sendgrid");
    assert!(
        values["acsUrl"].as_str().expect("a URL").starts_with("https://api.sendgrid.com/v3/public/sso/saml/"),
        "{values}"
    );
    assert_eq!(values["entityId"], values["acsUrl"]);
    identity_provider_is_known(&values);
    metadata_agree(&project, &values);
    let tfvars = project.run(&["output", "--sandbox", "--format", "tfvars"]).expect(0).json();
    assert_eq!(tfvars["concord_profiles"]["nss_sendgrid"], values);
}

/// What people are told needs no system to be reached and no credential: the manifests say it.
#[test]
fn announcements_are_ready_to_send() {
    let project = Project::example("okta-console");
    let told = project.run(&["output", "--format", "announcements"]).expect(0).stdout;
    assert_eq!(
        told,
        "# acme/UserEnablement/everybody: stage all of `Okta - Acme`\n\nFrom Monday on you sign in to Twilio Console with your Okta \
         account: open https://www.twilio.com/login, enter your work address, and go on at the page that opens.\n"
    );
    // Without words of one's own there are Concord's, which follow the stage.
    let text = project.read("people.yaml");
    let (before, _) = text.split_once("  announcement:").expect("an announcement");
    project.write("people.yaml", before).edit("people.yaml", "stage: all", "stage: enforced");
    let told = project.run(&["output", "--format", "announcements"]).expect(0).stdout;
    assert!(told.contains("stage enforced") && told.contains("no longer with a password"), "{told}");
    // Two enablements are two announcements.
    let project = Project::example("sendgrid-okta");
    let told =
        project.run(&["output", "--format", "announcements", "--profile", "sendgrid"]).expect(0).stdout;
    let heads: Vec<&str> = told.lines().filter(|line| line.starts_with("# ")).collect();
    assert_eq!(heads.len(), 2, "{told}");
    project.run(&["output", "--format", "announcements", "--profile", "other"]).expect(64);
}
