//! An apply that is killed at any moment: running it again ends where an undisturbed run ends, and nothing is there twice.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    desk::serve_with_faults,
    support::{Project, Served, lines},
};

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

/// Every answer takes a while, so that there are moments between the requests.
const SLOW: &str = "- {host: '*.com', then: {delayMs: 15}}\n";

#[test]
fn killed_at_any_moment_it_ends_where_an_undisturbed_run_ends() {
    let undisturbed = Project::example("auth0-flex");
    let (expected, whole) = {
        let sandbox = serve_with_faults(&undisturbed, SLOW);
        let begun = Instant::now();
        undisturbed.run(&APPLY).expect(0);
        let whole = begun.elapsed();
        (state(&sandbox), whole)
    };
    assert_eq!(expected["profiles"].as_array().unwrap().len(), 1, "{expected}");

    const POINTS: u32 = 14;
    let mut killed = 0;
    let mut unfinished = 0;
    for point in 1..=POINTS {
        let project = Project::example("auth0-flex");
        let sandbox = serve_with_faults(&project, SLOW);
        let mut child =
            project.command().args(APPLY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole * point / (POINTS + 1));
        if child.try_wait().unwrap().is_none() {
            killed += 1;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What is under way in the sandbox ends; as a vendor's server, it does not know that the client is gone.
        std::thread::sleep(Duration::from_millis(40));
        let plan = project.plan();
        assert_eq!(plan["complete"], true, "{plan}");
        unfinished += u32::from(!lines(&plan).is_empty());
        project.run(&APPLY).expect(0);
        assert_eq!(lines(&project.plan()), Vec::<String>::new(), "at {point} of {POINTS}");
        assert_eq!(state(&sandbox), expected, "killed at {point} of {POINTS}");
    }
    // On a busy machine a run may be quicker than the one that was measured; some kills must hit all the same.
    assert!(killed >= 6, "only {killed} runs were still running");
    assert!(unfinished >= 4, "only {unfinished} runs left something to do");
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
