//! Every example goes from empty to reconciled to 'nothing to do'.

use crate::support::{Project, lines, repository};

fn goes_to_nothing_to_do(name: &str) {
    let project = Project::example(name);
    project.run(&["validate", "--strict"]).expect(0);
    let applied = project.reconcile();
    assert!(applied.stdout.contains("Verified:"), "{}", applied.stdout);
    let again = project.run(&["plan", "--sandbox", "--detailed-exitcode"]).expect(0);
    assert!(again.stdout.contains("Nothing to do:"), "{}", again.stdout);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
    let once_more = project.run(&["apply", "--sandbox", "--yes"]).expect(0);
    assert!(once_more.stdout.contains("Nothing to do:"), "{}", once_more.stdout);
}

#[test]
fn auth0_flex() {
    goes_to_nothing_to_do("auth0-flex");
}

#[test]
fn auth0_flex_isolated() {
    goes_to_nothing_to_do("auth0-flex-isolated");
}

#[test]
fn everything() {
    goes_to_nothing_to_do("everything");
}

#[test]
fn google_flex() {
    goes_to_nothing_to_do("google-flex");
}

#[test]
fn okta_console() {
    goes_to_nothing_to_do("okta-console");
}

#[test]
fn okta_flex() {
    goes_to_nothing_to_do("okta-flex");
}

#[test]
fn sendgrid_okta() {
    goes_to_nothing_to_do("sendgrid-okta");
}

#[test]
fn keycloak_flex() {
    goes_to_nothing_to_do("keycloak-flex");
}

#[test]
fn legacy_console() {
    goes_to_nothing_to_do("legacy-console");
}

#[test]
fn vanity_domain() {
    goes_to_nothing_to_do("vanity-domain");
}

#[test]
fn salesforce_flex() {
    goes_to_nothing_to_do("salesforce-flex");
}

/// No example stands without a test: this fails when a folder is added and no test above.
#[test]
fn every_example_is_tested() {
    let source = include_str!("examples.rs");
    for entry in std::fs::read_dir(repository().join("examples")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(source.contains(&format!("goes_to_nothing_to_do(\"{name}\")")), "{name} has no test");
    }
}
