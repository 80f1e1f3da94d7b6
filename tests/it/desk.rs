//! A person at the sandbox's console page: reads a runbook, fills in the page by HTTP, and says so with `attest`.

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Project, Run, Served};

/// The step that makes the profile.
pub const TRUST: &str = "SsoProfile/flex/flex.trust";
/// The step that gives it a name.
pub const LABEL: &str = "SsoProfile/flex/flex.label";
/// The step that gives it its URLs.
pub const URLS: &str = "SsoProfile/flex/flex.urls";
/// The test sign-in.
pub const TEST: &str = "SsoProfile/flex/flex.test";

/// The open steps of the project on the sandbox, as JSON.
#[track_caller]
pub fn runbook(project: &Project) -> Value {
    project.run(&["runbook", "--sandbox", "--format", "json"]).expect(0).json()
}

/// The names of a runbook's steps.
pub fn steps(runbook: &Value) -> Vec<&str> {
    runbook["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect()
}

/// One step of a runbook.
#[track_caller]
pub fn step<'a>(runbook: &'a Value, name: &str) -> &'a Value {
    let steps = runbook["steps"].as_array().unwrap();
    steps.iter().find(|step| step["step"] == name).unwrap_or_else(|| panic!("no step {name} in {runbook}"))
}

/// What a step says to paste into a field.
#[track_caller]
pub fn paste(step: &Value, field: &str) -> Vec<String> {
    let instructions = step["instructions"].as_array().unwrap();
    let entered = instructions
        .iter()
        .find(|it| it["kind"] == "enter" && it["field"] == field)
        .unwrap_or_else(|| panic!("nothing is to be entered for {field} in {step}"));
    entered["paste"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

/// A request of a person's browser to the page of the example's account; `path` is below the list of profiles.
#[track_caller]
pub fn console(sandbox: &Served, method: &str, path: &str, body: Option<Value>) -> Value {
    let path = format!("console.twilio.com/account/{ACCOUNT}/flex/sso{path}");
    let (status, answer) = sandbox.send(method, &path, None, body);
    assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
    answer
}

/// Fills in the form of a new profile with what the runbook says, and gives the connection that the page shows.
#[track_caller]
pub fn make_profile(sandbox: &Served, runbook: &Value) -> String {
    let (trust, label, urls) = (step(runbook, TRUST), step(runbook, LABEL), step(runbook, URLS));
    let profile = console(
        sandbox,
        "POST",
        "",
        Some(json!({
            "friendlyName": paste(label, "friendlyName")[0],
            "certificate": paste(trust, "certificates")[0],
            "issuer": paste(trust, "issuer")[0],
            "ssoUrl": paste(trust, "ssoUrl")[0],
            "defaultRedirectUrl": paste(urls, "defaultRedirect")[0],
            "trustedUrls": paste(urls, "trusted"),
        })),
    );
    profile["sid"].as_str().unwrap().to_owned()
}

/// The person's word that steps were done.
pub fn attest(project: &Project, arguments: &[&str]) -> Run {
    let mut words = vec!["attest", "--sandbox", "--by", "ines@example.com"];
    words.extend(arguments);
    project.run(&words)
}

/// From the first apply to an attested, tested profile, by a person's hand. Gives the connection.
#[track_caller]
pub fn set_up_by_hand(project: &Project) -> String {
    project.run(&["apply", "--sandbox", "--yes"]).expect(3);
    let connection = make_profile(&project.serve(), &runbook(project));
    let output = format!("connection={connection}");
    attest(project, &["--step", TRUST, "--output", &output]).expect(0);
    attest(project, &["--step", LABEL, "--step", URLS]).expect(0);
    project.run(&["apply", "--sandbox", "--yes"]).expect(3);
    let test = console(
        &project.serve(),
        "POST",
        &format!("/{connection}/test"),
        Some(json!({"user": "test@connie.one"})),
    );
    assert_eq!(test["result"], "success", "{test}");
    attest(project, &["--step", TEST]).expect(0);
    project.run(&["apply", "--sandbox", "--yes"]).expect(0);
    connection
}

/// Serves the project's sandbox with faults, given as YAML.
pub fn serve_with_faults(project: &Project, faults: &str) -> Served {
    project.write(".concord/faults.yaml", faults);
    project.serve_with(&["--faults", ".concord/faults.yaml"])
}

/// Points the example at vendors on loopback in place of the real ones, so that it can be run without `--sandbox`.
pub fn go_live(project: &Project, base: &str) {
    project.edit(
        "tenant.yaml",
        "    domain: nss.us.auth0.com\n",
        &format!("    domain: nss.us.auth0.com\n    endpoint: {base}nss.us.auth0.com\n"),
    );
    project.edit(
        "tenant.yaml",
        "  twilio:\n",
        &format!(
            "  twilio:\n    endpoint: {{flexApi: '{base}flex-api.twilio.com', services: '{base}services.twilio.com'}}\n"
        ),
    );
}
