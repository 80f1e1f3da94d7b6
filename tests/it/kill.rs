//! An apply that is killed at any moment: running it again ends where an undisturbed run ends, and nothing is there twice.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{Project, Served, lines};

const APPLY: [&str; 4] = ["apply", "--sandbox", "--yes", "--simulate-operator"];

/// What the vendors hold in the end, without what differs from run to run: ids, times and what follows from them.
fn state(sandbox: &Served) -> Value {
    let mut clients: Vec<Value> = sandbox
        .clients()
        .into_iter()
        .map(|client| {
            let mut samlp = client["addons"]["samlp"].clone();
            let has_connection = |key: &str| {
                client["addons"]["samlp"][key].as_str().is_some_and(|text| text.contains("JQ"))
            };
            let known = ["audience", "recipient", "destination"].map(has_connection);
            for key in ["audience", "recipient", "destination"] {
                if let Some(samlp) = samlp.as_object_mut() {
                    samlp.remove(key);
                }
            }
            json!({
                "name": client["name"], "samlp": samlp, "known": known, "marker": client["client_metadata"]["concord"],
                "logout": client["allowed_logout_urls"], "callbacks": client["callbacks"].as_array().map(Vec::len),
            })
        })
        .collect();
    clients.sort_by_key(|client| client["name"].to_string());
    let actions = sandbox.auth0("GET", "actions/actions?per_page=100", None);
    let mut actions: Vec<Value> = actions["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| {
            json!({"name": action["name"], "code": action["code"], "deployed": action["all_changes_deployed"]})
        })
        .collect();
    actions.sort_by_key(|action| action["name"].to_string());
    let people = ["test", "lead", "ann", "volunteer", "root"].map(|name| format!("{name}@connie.one"));
    let people: Vec<Value> = people
        .into_iter()
        .chain(["maria@respite.connie.one".to_owned(), "joe@respite.connie.one".to_owned()])
        .map(|email| json!({"app_metadata": sandbox.user(&email)["app_metadata"], "email": email}))
        .collect();
    let profiles: Vec<Value> = sandbox
        .profiles()
        .into_iter()
        .map(|profile| {
            json!({
                "name": profile["friendlyName"], "issuer": profile["issuer"], "active": profile["active"],
                "redirect": profile["defaultRedirectUrl"], "trusted": profile["trustedUrls"],
                "tested": profile["lastTest"]["result"],
            })
        })
        .collect();
    json!({
        "clients": clients, "actions": actions, "people": people, "profiles": profiles, "bindings": sandbox.bindings(),
    })
}

/// A sandbox that records every request into a folder.
fn recording(project: &Project, record: &Path, faults: &str) -> Served {
    project.write(".concord/faults.yaml", faults);
    let mut command = project.command();
    command.env("CONCORD_SANDBOX_RECORD", record);
    project.serve_by(command, &["--faults", ".concord/faults.yaml"])
}

/// How many requests a sandbox has answered.
fn answered(record: &Path) -> usize {
    let files = std::fs::read_dir(record).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| std::fs::read_to_string(file).unwrap().lines().count()).sum()
}

/// Spread over the run by its requests, not by time: the k-th request waits, and what asked for it dies meanwhile.
#[test]
fn killed_at_any_moment_it_ends_where_an_undisturbed_run_ends() {
    const POINTS: usize = 16;
    const WAIT: Duration = Duration::from_millis(300);

    let undisturbed = Project::example("auth0-flex");
    let record = tempfile::tempdir().unwrap();
    let sandbox = recording(&undisturbed, record.path(), "[]\n");
    undisturbed.run(&[&APPLY[..], &["--no-verify"]].concat()).expect(0);
    let requests = answered(record.path());
    let expected = state(&sandbox);
    assert_eq!(expected["profiles"].as_array().unwrap().len(), 1, "{expected}");
    assert!(requests > 2 * POINTS, "{requests} requests");

    let mut unfinished = 0;
    for point in 1..=POINTS {
        let moment = requests * point / (POINTS + 1);
        let project = Project::example("auth0-flex");
        let record = tempfile::tempdir().unwrap();
        let faults = format!("- {{nth: {moment}, then: {{delayMs: {}}}}}\n", WAIT.as_millis());
        let sandbox = recording(&project, record.path(), &faults);
        let mut child =
            project.command().args(APPLY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while answered(record.path()) + 1 < moment {
            assert!(begun.elapsed() < Duration::from_secs(30), "request {moment} of {requests} never came");
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(child.try_wait().unwrap(), None, "it is killed while it runs");
        child.kill().unwrap();
        child.wait().unwrap();
        // What was under way arrives at the vendor all the same.
        std::thread::sleep(WAIT + Duration::from_millis(100));
        let plan = project.plan();
        assert_eq!(plan["complete"], true, "{plan}");
        unfinished += usize::from(!lines(&plan).is_empty());
        project.run(&APPLY).expect(0);
        assert_eq!(lines(&project.plan()), Vec::<String>::new(), "at request {moment} of {requests}");
        assert_eq!(state(&sandbox), expected, "killed at request {moment} of {requests}");
    }
    assert!(unfinished >= POINTS - 2, "only {unfinished} runs left something to do");
}

/// The moments between a write and what makes it known: the request is carried out, and the program dies before the answer.
#[test]
fn killed_between_a_write_and_its_answer_nothing_is_made_twice() {
    for (method, path) in [
        ("POST", "/api/v2/clients"),
        ("POST", "/api/v2/actions/actions"),
        ("PATCH", "/api/v2/actions/triggers/post-login/bindings"),
        ("POST", "/account/*/flex/sso"),
    ] {
        let project = Project::example("auth0-flex");
        // The answer never comes: the effect is there, and whoever waits is killed.
        project.write(
            ".concord/faults.yaml",
            &format!("- {{method: {method}, path: '{path}', nth: 1, then: {{status: 200, body: {{}}, effect: true}}}}\n"),
        );
        let sandbox = project.serve_with(&["--faults", ".concord/faults.yaml"]);
        let mut child =
            project.command().args(APPLY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Killed at the first sign of the effect.
        let begun = Instant::now();
        let is_there = || match path {
            "/api/v2/clients" => sandbox.clients().iter().any(|it| it["name"] == "Twilio Flex - NSS"),
            "/api/v2/actions/actions" => {
                sandbox.auth0("GET", "actions/actions", None)["actions"].as_array().unwrap().len() > 1
            }
            "/account/*/flex/sso" => !sandbox.profiles().is_empty(),
            _ => sandbox.bindings().len() > 1,
        };
        while !is_there() && begun.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        project.run(&APPLY).expect(0);
        let all = state(&sandbox);
        let ours = all["clients"].as_array().unwrap().iter().filter(|it| it["marker"].is_string()).count();
        assert_eq!(ours, 1, "{path}: {all}");
        assert_eq!(all["actions"].as_array().unwrap().len(), 2, "{path}: {all}");
        assert_eq!(all["profiles"].as_array().unwrap().len(), 1, "{path}: {all}");
        assert_eq!(all["bindings"].as_array().unwrap().len(), 2, "{path}: {all}");
    }
}
