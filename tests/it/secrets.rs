//! Secrets are used and never shown: real credentials, as canaries, against vendors that take only them.

use std::path::Path;

use serde_json::json;

use crate::{
    desk::go_live,
    support::{Project, Run, Served},
};

const AUTH0_CANARY: &str = "canary-auth0-5eCr3t-9f8e7d6c5b4a";
const TWILIO_CANARY: &str = "canary-twilio-5eCr3t-1a2b3c4d5e6f";

/// The example, whose sandbox takes only the canaries.
fn project() -> Project {
    let project = Project::example("auth0-flex");
    project.edit("sandbox.yaml", "secret: sandbox", &format!("secret: {TWILIO_CANARY}"));
    project.edit(
        "sandbox.yaml",
        "      users:\n",
        &format!(
            "      apiClients: [{{clientId: 5up3r53cr3tb0tc0nc0rd1234567890a, clientSecret: {AUTH0_CANARY}, scopes: ['read:clients', \
             'create:clients', 'update:clients', 'delete:clients', 'read:client_keys', 'read:actions', 'create:actions', \
             'update:actions', 'delete:actions', 'read:triggers', 'update:triggers', 'read:users', 'update:users', \
             'update:users_app_metadata', 'read:users_app_metadata', 'read:connections', 'update:connections', \
             'read:signing_keys', 'read:tenant_settings']}}]\n      users:\n"
        ),
    );
    project
}

fn live(project: &Project, arguments: &[&str]) -> Run {
    let secrets = [("AUTH0_CLIENT_SECRET", AUTH0_CANARY), ("TWILIO_API_KEY_SECRET", TWILIO_CANARY)];
    project.command().envs(secrets).args(arguments).output().unwrap().into()
}

#[track_caller]
fn is_silent(what: &str, text: &str) {
    for canary in [AUTH0_CANARY, TWILIO_CANARY] {
        assert!(!text.contains(canary), "{what} shows a secret:\n{text}");
    }
}

#[track_caller]
fn no_word_of_it(run: Run) -> Run {
    is_silent("stdout", &run.stdout);
    is_silent("stderr", &run.stderr);
    run
}

/// Every file of the project but the sandbox's seed and its state, which hold the secrets as the vendors do.
fn files_are_silent(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files_are_silent(&path);
        } else if !["sandbox.yaml", "sandbox.redb", "faults.yaml", "secret.txt", "secret.sh"]
            .contains(&name.as_str())
        {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            is_silent(&path.display().to_string(), &text);
        }
    }
}

fn served(project: &Project, faults: &str) -> Served {
    project.write(".concord/faults.yaml", faults);
    let sandbox = project.serve_with(&["--faults", ".concord/faults.yaml"]);
    go_live(project, &sandbox.url);
    sandbox
}

#[test]
fn no_output_shows_a_secret() {
    let project = project();
    let _sandbox = served(&project, "[]\n");
    let wrong = project
        .command()
        .envs([("AUTH0_CLIENT_SECRET", "another"), ("TWILIO_API_KEY_SECRET", "another")])
        .args(["plan"])
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(1), "only the canaries are the credentials");
    let files = ["--out", "plan.json", "--markdown", "plan.md", "--json", "again.json"];
    for format in ["text", "json", "markdown"] {
        let words = [&["plan", "--format", format][..], &files].concat();
        no_word_of_it(live(&project, &words)).expect(0);
    }
    let applied = live(
        &project,
        &["apply", "--yes", "--plan", "plan.json", "--events", "events.jsonl", "--show-users"],
    );
    no_word_of_it(applied).expect(3);
    assert!(project.read("events.jsonl").lines().count() > 3);
    for format in ["text", "json", "markdown"] {
        no_word_of_it(live(&project, &["runbook", "--format", format, "--out", "runbook.json"])).expect(0);
    }
    let attested = live(
        &project,
        &[
            "attest",
            "--from",
            "runbook.json",
            "--by",
            "ines@example.com",
            "--step",
            "SsoProfile/flex/flex.label",
        ],
    );
    no_word_of_it(attested).expect(0);
    no_word_of_it(live(&project, &["output"]));
    no_word_of_it(live(&project, &["validate"])).expect(0);
    files_are_silent(project.path());
}

/// A vendor that puts what it was sent into its error message.
#[test]
fn an_error_that_echoes_a_secret_is_redacted() {
    for (path, method) in [("/oauth/token", "POST"), ("/api/v2/clients", "GET"), ("/api/v2/clients", "POST")]
    {
        let project = project();
        let body = json!({
            "statusCode": 400, "error": "Bad Request", "errorCode": format!("bad_{AUTH0_CANARY}"),
            "error_description": format!("client_secret={AUTH0_CANARY} is wrong"),
            "message": format!("cannot use {AUTH0_CANARY} or {TWILIO_CANARY}"),
        });
        let sandbox = served(
            &project,
            &format!(
                "- {{host: nss.us.auth0.com, method: {method}, path: {path}, then: {{status: 400, body: {body}}}}}\n"
            ),
        );
        let plan = no_word_of_it(live(&project, &["plan"]));
        let apply = live(&project, &["apply", "--yes", "--events", "events.jsonl", "--allow-incomplete"]);
        let apply = no_word_of_it(apply);
        assert!(plan.code == 1 || apply.code == 5 || apply.code == 1, "{} {}", plan.code, apply.code);
        files_are_silent(project.path());
        drop(sandbox);
    }
}

#[test]
fn a_file_and_a_command_are_read_and_not_shown() {
    let project = project();
    let _sandbox = served(&project, "[]\n");
    project.write("secret.txt", &format!("{AUTH0_CANARY}\n"));
    project.write("secret.sh", &format!("echo noise-{TWILIO_CANARY} >&2; echo {TWILIO_CANARY}\n"));
    project.edit("tenant.yaml", "{env: AUTH0_CLIENT_SECRET}", "{file: secret.txt}");
    project.edit("tenant.yaml", "{env: TWILIO_API_KEY_SECRET}", "{command: [sh, secret.sh]}");
    let run = |words: &[&str]| no_word_of_it(project.run(words));
    // Programs run only where the policy allows it.
    let refused = run(&["plan"]).expect(1);
    assert!(refused.stderr.contains("the policy does not allow"), "{}", refused.stderr);
    project.edit("concord.yaml", "    maxDeletes: 0\n", "    maxDeletes: 0\n    allowSecretCommands: true\n");
    run(&["plan"]).expect(0);
    run(&["apply", "--yes"]).expect(3);
    project.write("secret.sh", &format!("echo {TWILIO_CANARY}; exit 3\n"));
    let failed = run(&["plan", "--format", "json"]).expect(1);
    assert!(failed.stdout.contains("exit status: 3"), "{}", failed.stdout);
    project.remove("secret.txt");
    let missing = run(&["plan", "--format", "json"]).expect(1);
    assert!(missing.stdout.contains("check the path"), "{}", missing.stdout);
    files_are_silent(project.path());
}

#[test]
fn a_secret_in_a_manifest_is_refused_and_not_repeated() {
    let project = Project::example("auth0-flex");
    project.edit(
        "tenant.yaml",
        "clientSecret: {env: AUTH0_CLIENT_SECRET}",
        &format!("clientSecret: {AUTH0_CANARY}"),
    );
    for words in [
        &["validate"][..],
        &["validate", "--format", "json"],
        &["validate", "--format", "sarif"],
        &["validate", "--format", "github"],
        &["plan", "--sandbox"],
    ] {
        let run = no_word_of_it(project.run(words)).expect(1);
        assert!(
            format!("{}{}", run.stdout, run.stderr).contains("tenant.yaml"),
            "{words:?}: {} {}",
            run.stdout,
            run.stderr
        );
    }
}

/// The sandbox reads no credential at all, and none reaches it.
#[test]
fn the_sandbox_reads_no_credential() {
    let project = Project::example("auth0-flex");
    project.edit("tenant.yaml", "{env: AUTH0_CLIENT_SECRET}", "{file: /nonexistent/secret}");
    let run = live(&project, &["apply", "--sandbox", "--yes", "--simulate-operator"]).expect(0);
    is_silent("stdout", &run.stdout);
    let database = std::fs::read(project.path().join(".concord/sandbox/sandbox.redb")).unwrap();
    is_silent("the sandbox's state", &String::from_utf8_lossy(&database));
}
