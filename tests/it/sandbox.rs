//! The sandbox as a command: served to any client, shown, kept, reset, and never opened by two.

use serde_json::{Value, json};

use crate::support::{AUTH0, Project, lines};

#[test]
fn any_client_can_talk_to_it() {
    let project = Project::example("auth0-flex");
    let sandbox = project.serve();
    // By the first path segment.
    let (status, metadata) =
        sandbox.send("GET", &format!("{AUTH0}/.well-known/openid-configuration"), None, None);
    assert!(status == 200 || status == 404, "{status} {metadata}");
    let (status, refused) = sandbox.send("GET", &format!("{AUTH0}/api/v2/clients"), None, None);
    assert_eq!(status, 401, "without a token, as the real one: {refused}");
    assert!(sandbox.clients().iter().any(|client| client["name"] == "Intranet"));
    // Its own pages, and a host that it does not play.
    let (status, index) = sandbox.send("GET", "", None, None);
    assert!(status == 200 && index.as_str().unwrap().contains("Concord sandbox"), "{index}");
    assert!(index.as_str().unwrap().contains("/oauth/token"), "{index}");
    let (status, state) = sandbox.send("GET", "state", None, None);
    assert_eq!(status, 200);
    assert!(state["sandbox"]["meta"]["id"].is_string(), "{state}");
    let (status, unknown) = sandbox.send("GET", "api.example.com/", None, None);
    assert_eq!((status, &unknown["error"]), (421, &json!("unknown_host")));
    let (status, page) = sandbox.send("GET", "console.twilio.com/", None, None);
    assert_eq!((status, &page["accounts"][0]["friendlyName"]), (200, &json!("Nevada Senior Services")));
}

#[test]
fn the_state_survives_a_restart_and_a_reset_begins_anew() {
    let project = Project::example("auth0-flex");
    let id = {
        let sandbox = project.serve();
        sandbox.auth0("POST", "clients", Some(json!({"name": "Made by hand"})));
        let (_, state) = sandbox.send("GET", "state", None, None);
        state["sandbox"]["meta"]["id"].clone()
    };
    let shown = project.run(&["sandbox", "show"]).expect(0).json();
    assert_eq!(shown["sandbox"]["meta"]["id"], id);
    assert!(shown.to_string().contains("Made by hand"));
    let secrets = &shown["twilio/accounts"]["AC00000000000000000000000000000001"]["apiKeys"];
    assert_eq!(secrets[0]["secret"], "REDACTED", "{secrets}");
    {
        let sandbox = project.serve();
        assert!(sandbox.clients().iter().any(|client| client["name"] == "Made by hand"));
    }
    project.run(&["sandbox", "reset"]).expect(0);
    assert!(!project.path().join(".concord/sandbox/sandbox.redb").exists());
    let nothing = project.run(&["sandbox", "show"]).expect(1);
    assert!(!nothing.stderr.is_empty());
    project.run(&["sandbox", "reset"]).expect(1);
    let sandbox = project.serve();
    let (_, state) = sandbox.send("GET", "state", None, None);
    assert_ne!(state["sandbox"]["meta"]["id"], id, "another sandbox");
    assert!(!sandbox.clients().iter().any(|client| client["name"] == "Made by hand"));
    assert!(sandbox.clients().iter().any(|client| client["name"] == "Intranet"), "seeded again");
}

#[test]
fn one_state_is_served_by_one_process() {
    let project = Project::example("auth0-flex");
    let sandbox = project.serve();
    for words in [&["sandbox", "serve"][..], &["sandbox", "show"], &["sandbox", "reset"]] {
        let refused = project.run(words).expect(1);
        assert!(refused.stderr.contains(&sandbox.url), "{words:?} names the other: {}", refused.stderr);
    }
    // Commands talk to the one that serves, whatever they do.
    project.reconcile();
    assert_eq!(sandbox.profiles().len(), 1, "seen at once by whoever serves");
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
    sandbox.auth0(
        "PATCH",
        &format!("clients/{}", id_of(&sandbox.client_named("Twilio Flex - NSS"))),
        Some(json!({
            "app_type": "spa",
        })),
    );
    assert_eq!(lines(&project.plan()), ["update nss/SsoProfile/flex/auth0.client [app_type]"]);
}

fn id_of(client: &Value) -> &str {
    client["client_id"].as_str().unwrap()
}

#[test]
fn it_listens_on_loopback_only_and_says_what_is_wrong_with_its_files() {
    let project = Project::example("auth0-flex");
    let refused = project.run(&["sandbox", "serve", "--listen", "0.0.0.0:0"]).expect(1);
    assert!(refused.stderr.contains("loopback"), "{}", refused.stderr);
    project.write(".concord/faults.yaml", "- {then: {status: 500, drop: after}}\n");
    let wrong = project.run(&["sandbox", "serve", "--faults", ".concord/faults.yaml"]).expect(1);
    assert!(wrong.stderr.contains("[0].then"), "{}", wrong.stderr);
    project.edit("sandbox.yaml", "email: test@connie.one", "emial: test@connie.one");
    let wrong = project.run(&["plan", "--sandbox"]).expect(1);
    assert!(wrong.stderr.contains("emial"), "{}", wrong.stderr);
    project.run(&["plan", "--sandbox-state", "somewhere"]).expect(64);
    project.run(&["apply", "--simulate-operator"]).expect(64);
}

/// Two states are two sandboxes.
#[test]
fn a_state_of_its_own_is_a_sandbox_of_its_own() {
    let project = Project::example("auth0-flex");
    project.reconcile();
    let plan = project
        .run(&["plan", "--sandbox", "--sandbox-state", ".concord/other", "--format", "json"])
        .expect(0);
    assert!(plan.json()["summary"]["create"].as_u64().unwrap() > 0);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}
