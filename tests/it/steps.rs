//! Manual steps by a person's hand: the runbook gives every value, the console page is filled in by HTTP, `attest` binds what was
//! said to the values, and whatever changes afterwards reopens exactly what it touches.

use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    desk::{
        LABEL, TEST, TRUST, URLS, attest, console, make_profile, paste, runbook, set_up_by_hand, step, steps,
    },
    support::{Project, Run, changes, lines},
};

/// What differs from run to run, in place of itself.
const REDACTIONS: [(&str, &str); 7] = [
    (r"(?s)-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", "[PEM]"),
    (r"sandbox:[0-9a-f-]{36}", "sandbox:[id]"),
    (r"\b[0-9a-f]{64}\b", "[digest]"),
    (r"samlp/[A-Za-z0-9]{32}", "samlp/[client]"),
    (r"([0-9A-F]{2}:){31}[0-9A-F]{2}", "[fingerprint]"),
    (r"JQ[0-9a-f]{32}", "JQ[connection]"),
    (r"http://127\.0\.0\.1:\d+", "http://[sandbox]"),
];

/// A manual change of a plan, by the step's name.
#[track_caller]
fn manual<'a>(plan: &'a Value, name: &str) -> &'a Value {
    changes(plan, "manual")
        .into_iter()
        .find(|change| change["address"] == format!("nss/{name}"))
        .unwrap_or_else(|| panic!("no step {name} in {plan}"))
}

/// Files below a folder, with their text.
fn documents_below(folder: &Path) -> Vec<(PathBuf, String)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut documents = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            documents.extend(documents_below(&path));
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            documents.push((path, text));
        }
    }
    documents
}

/// What was said about the steps of a project's sandbox.
fn attestations(project: &Project) -> Vec<(PathBuf, String)> {
    documents_below(&project.path().join(".concord/sandbox/attestations"))
}

fn manual_names(plan: &Value) -> Vec<String> {
    changes(plan, "manual")
        .iter()
        .map(|change| change["address"].as_str().unwrap().trim_start_matches("nss/").to_owned())
        .collect()
}

#[test]
fn a_person_carries_out_the_steps_between_applies() {
    let project = Project::example("auth0-flex");
    project.run(&["plan", "--sandbox", "--detailed-exitcode"]).expect(2);
    let first = project.run(&["apply", "--sandbox", "--yes"]).expect(3);
    assert!(first.stdout.contains("nss/SsoProfile/flex/flex.trust"), "{}", first.stdout);
    assert!(first.stdout.contains("concord runbook --sandbox"), "{}", first.stdout);

    // What needs nobody is there already, with seeds in place of what the console will show.
    let sandbox = project.serve();
    let client = sandbox.client_named("Twilio Flex - NSS");
    assert_eq!(client["addons"]["samlp"].get("audience"), None, "{client}");
    assert_eq!(sandbox.bindings().len(), 2);
    assert_eq!(sandbox.profiles(), Vec::<Value>::new());
    assert_eq!(
        sandbox.user("test@connie.one")["app_metadata"].get("flex"),
        None,
        "nobody before the profile"
    );
    project.run(&["plan", "--sandbox", "--detailed-exitcode"]).expect(3);

    // The runbook has every value that the page asks for.
    let book = runbook(&project);
    assert_eq!(steps(&book), [TRUST, LABEL, URLS, TEST]);
    let trust = step(&book, TRUST);
    assert_eq!((&trust["ready"], &step(&book, LABEL)["ready"]), (&json!(true), &json!(false)));
    assert_eq!(paste(trust, "issuer"), ["urn:nss.us.auth0.com"]);
    let id = client["client_id"].as_str().unwrap();
    let sso_url = format!("https://nss.us.auth0.com/samlp/{id}?connection=Username-Password-Authentication");
    assert_eq!(paste(trust, "ssoUrl"), [sso_url]);
    let keys = sandbox.auth0("GET", "keys/signing", None);
    let current = keys.as_array().unwrap().iter().find(|key| key["current"] == true).unwrap();
    let certificate = current["cert"].as_str().unwrap().replace('\r', "");
    assert_eq!(paste(trust, "certificates")[0].trim(), certificate.trim());
    assert_eq!(paste(step(&book, LABEL), "friendlyName"), ["Auth0 - Nevada Senior Services"]);
    assert_eq!(paste(step(&book, URLS), "defaultRedirect"), ["https://nss.connie.team"]);
    assert_eq!(paste(step(&book, URLS), "trusted"), ["https://nss.connie.team"]);
    assert_eq!(paste(step(&book, TEST), "testUser"), ["test@connie.one"]);

    // The person makes the profile and says so.
    let connection = make_profile(&sandbox, &book);
    let output = format!("connection={connection}");
    let said = attest(&project, &["--step", TRUST, "--output", &output, "--evidence", "OPS-7"]).expect(0);
    assert_eq!(said.stdout, "attested nss/SsoProfile/flex/flex.trust\n");
    assert!(!said.stderr.contains("commit"), "the sandbox's folder is ignored by git: {}", said.stderr);
    assert_eq!(steps(&runbook(&project)), [LABEL, URLS, TEST]);
    attest(&project, &["--step", "nss/SsoProfile/flex/flex.label", "--step", URLS]).expect(0);

    // Apply goes on: the application is completed and the pilot enabled, then the test sign-in waits.
    project.run(&["plan", "--sandbox", "--detailed-exitcode"]).expect(2);
    project.run(&["apply", "--sandbox", "--yes"]).expect(3);
    let client = sandbox.client_named("Twilio Flex - NSS");
    assert_eq!(client["addons"]["samlp"]["audience"], format!("urn:flex:{connection}"), "{client}");
    assert_eq!(sandbox.user("test@connie.one")["app_metadata"]["flex"]["roles"], json!(["agent"]));
    assert_eq!(sandbox.user("ann@connie.one")["app_metadata"].get("flex"), None, "not before the test");
    project.run(&["plan", "--sandbox", "--detailed-exitcode"]).expect(3);
    assert_eq!(steps(&runbook(&project)), [TEST]);

    let body = json!({"user": "test@connie.one"});
    let test = console(&sandbox, "POST", &format!("/{connection}/test"), Some(body));
    assert_eq!(test["result"], "success", "{test}");
    attest(&project, &[]).expect(0);
    let last = project.run(&["apply", "--sandbox", "--yes"]).expect(0);
    assert!(last.stdout.contains("Verified:"), "{}", last.stdout);
    assert_eq!(sandbox.user("ann@connie.one")["app_metadata"]["flex"]["team"], "home-care");
    project.run(&["plan", "--sandbox", "--detailed-exitcode"]).expect(0);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());

    // What was said is kept beside the sandbox, never in the project.
    assert!(!project.path().join("attestations").exists());
    let texts: Vec<String> = attestations(&project).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts.len(), 4);
    let trust = texts.iter().find(|text| text.contains("flex.trust")).unwrap();
    for word in ["by: ines@example.com", "evidence: OPS-7", connection.as_str(), "environment: sandbox:"] {
        assert!(trust.contains(word), "{word} is not in\n{trust}");
    }
}

#[test]
fn the_runbook_reads_well_in_every_form() {
    let project = Project::example("auth0-flex");
    project.run(&["apply", "--sandbox", "--yes"]).expect(3);
    let form = |format: &str| project.run(&["runbook", "--sandbox", "--format", format]).expect(0).stdout;
    insta::with_settings!({filters => REDACTIONS.to_vec(), omit_expression => true}, {
        assert_snapshot!("runbook_text", form("text"));
        assert_snapshot!("runbook_markdown", form("markdown"));
        assert_snapshot!("runbook_json", form("json"));
    });
}

#[test]
fn what_cannot_be_true_is_not_recorded() {
    let project = Project::example("auth0-flex");
    project.run(&["apply", "--sandbox", "--yes"]).expect(3);
    let connection = make_profile(&project.serve(), &runbook(&project));
    let nothing_is_said = || attestations(&project).is_empty();

    // Something that is no connection, and a step that waits for another one.
    let wrong = attest(&project, &["--step", TRUST, "--output", "connection=JQ123"]).expect(1);
    assert!(
        wrong.stderr.contains("`JQ123` cannot be the connection ID of the SSO profile"),
        "{}",
        wrong.stderr
    );
    assert!(nothing_is_said(), "{}", wrong.stderr);
    let early = attest(&project, &["--step", TEST]).expect(1);
    assert!(early.stderr.contains("is not ready: it comes after"), "{}", early.stderr);
    assert!(nothing_is_said());
    let unknown = attest(&project, &["--step", "SsoProfile/flex/flex.nothing"]).expect(1);
    assert!(unknown.stderr.contains("is no open step"), "{}", unknown.stderr);
    project.run(&["attest", "--sandbox", "--by", "x", "--output", "connection"]).expect(64);
    let misspelt = attest(&project, &["--step", TRUST, "--output", "conection=JQ1"]).expect(64);
    assert!(misspelt.stderr.contains("no step has an output `conection`"), "{}", misspelt.stderr);
    assert!(misspelt.stderr.contains("have `connection`"), "{}", misspelt.stderr);
    assert!(nothing_is_said());

    // A connection of the right form that does not exist, and one that leads elsewhere.
    let ghost = format!("connection=JQ{}", "0".repeat(32));
    let gone = attest(&project, &["--step", TRUST, "--output", &ghost]).expect(1);
    assert!(gone.stderr.contains("JQ0000"), "{}", gone.stderr);
    assert!(nothing_is_said(), "{}", gone.stderr);
    let elsewhere = "https://idp.example.com/sso";
    console(&project.serve(), "POST", &format!("/{connection}"), Some(json!({"ssoUrl": elsewhere})));
    let output = format!("connection={connection}");
    let contradicted = attest(&project, &["--step", TRUST, "--output", &output]).expect(1);
    assert!(
        contradicted.stderr.contains("ssoUrl is \"https://idp.example.com/sso\""),
        "{}",
        contradicted.stderr
    );
    assert!(nothing_is_said());
}

/// Twilio's public list of connections and the way a sign-in takes show which profile leads to the application.
#[test]
fn a_profile_that_leads_to_the_application_is_found_without_its_id() {
    let project = Project::example("auth0-flex");
    project.run(&["apply", "--sandbox", "--yes"]).expect(3);
    let before = attest(&project, &["--step", TRUST]).expect(1);
    assert!(before.stderr.contains("the connection ID of the SSO profile is not given"), "{}", before.stderr);
    assert!(before.stderr.contains("--output connection=..."), "{}", before.stderr);
    let sandbox = project.serve();
    // Somebody else's profile leads elsewhere and is not mistaken for ours.
    let book = runbook(&project);
    let connection = make_profile(&sandbox, &book);
    let other = make_profile(&sandbox, &book);
    let path = format!("/{other}");
    console(&sandbox, "POST", &path, Some(json!({"ssoUrl": "https://idp.example.com/sso"})));
    attest(&project, &["--step", TRUST]).expect(0);
    let book = runbook(&project);
    assert_eq!(steps(&book), [LABEL, URLS, TEST]);
    project.run(&["apply", "--sandbox", "--yes"]).expect(3);
    let client = sandbox.client_named("Twilio Flex - NSS");
    assert_eq!(client["addons"]["samlp"]["audience"], format!("urn:flex:{connection}"), "{client}");
}

#[test]
fn a_runbook_file_is_enough_to_attest_offline() {
    let project = Project::example("auth0-flex");
    project.run(&["apply", "--sandbox", "--yes"]).expect(3);
    project.run(&["runbook", "--sandbox", "--out", "runbook.json"]).expect(0);
    let connection = make_profile(&project.serve(), &runbook(&project));
    // Another machine, with nothing but the file.
    let elsewhere = Project::empty();
    elsewhere.write("runbook.json", &project.read("runbook.json"));
    let output = format!("connection={connection}");
    let by = ["attest", "--from", "runbook.json", "--by", "ines@example.com"];
    let no_output = elsewhere.run(&by).expect(1);
    assert!(no_output.stderr.contains("connection ID of the SSO profile is missing"), "{}", no_output.stderr);
    let nothing = |run: Run, part: &str| {
        assert!(run.stderr.contains(part), "{}", run.stderr);
        assert!(!elsewhere.path().join("attestations").exists());
    };
    // One good step does not hide one that the runbook does not have.
    let words = ["--step", TRUST, "--step", "SsoProfile/flex/flex.nothing", "--output", &output];
    nothing(elsewhere.run(&[&by[..], &words].concat()).expect(1), "flex.nothing is none of its steps");
    let words = ["--step", TRUST, "--output", "conection=JQ1"];
    nothing(elsewhere.run(&[&by[..], &words].concat()).expect(64), "no step has an output `conection`");
    let words = [&by[..], &["--step", TRUST, "--step", LABEL, "--step", URLS, "--output", &output]].concat();
    let said = elsewhere.run(&words).expect(0);
    assert!(said.stderr.contains("commit what was written"), "{}", said.stderr);
    // What it wrote counts where the steps were carried out, once it lies there.
    attest(&project, &["--step", TRUST, "--output", &output]).expect(0);
    let (known, _) = attestations(&project).remove(0);
    std::fs::remove_file(&known).unwrap();
    assert_eq!(steps(&runbook(&project)).len(), 4);
    for (path, text) in documents_below(&elsewhere.path().join("attestations")) {
        std::fs::write(known.with_file_name(path.file_name().unwrap()), text).unwrap();
    }
    assert_eq!(steps(&runbook(&project)), [TEST]);
    let damaged = project.read("runbook.json").replace("\"formatVersion\": 1", "\"formatVersion\": 99");
    elsewhere.write("runbook.json", &damaged);
    let newer = elsewhere.run(&by).expect(1);
    assert!(newer.stderr.contains("format version 99"), "{}", newer.stderr);
}

#[test]
fn a_changed_value_reopens_only_the_steps_that_enter_it() {
    let project = Project::example("auth0-flex");
    let connection = set_up_by_hand(&project);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());

    // Another name: only the step that enters it.
    project.edit("flex.yaml", "Auth0 - Nevada Senior Services", "Auth0 - NSS");
    let plan = project.plan();
    assert_eq!(lines(&plan), ["manual nss/SsoProfile/flex/flex.label [friendlyName]"]);
    let change = manual(&plan, LABEL);
    assert_eq!(change["fields"][0]["before"], "Auth0 - Nevada Senior Services");
    assert_eq!(change["fields"][0]["after"], "Auth0 - NSS");
    assert!(change["reason"].as_str().unwrap().starts_with("attested by ines@example.com on "), "{change}");
    project.run(&["plan", "--sandbox", "--detailed-exitcode"]).expect(3);
    console(
        &project.serve(),
        "POST",
        &format!("/{connection}"),
        Some(json!({"friendlyName": "Auth0 - NSS"})),
    );
    attest(&project, &[]).expect(0);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());

    // A new certificate at Auth0: trust, and with it the test, and nothing else.
    let sandbox = project.serve();
    sandbox.auth0("POST", "keys/signing/rotate", None);
    let plan = project.plan();
    assert_eq!(manual_names(&plan), [TEST, TRUST], "{plan}");
    for name in [TRUST, TEST] {
        let fields = manual(&plan, name)["fields"].as_array().unwrap();
        let paths: Vec<_> = fields.iter().map(|field| field["path"].as_str().unwrap()).collect();
        assert_eq!(paths, ["certificates"], "{name}: exactly what changed");
        let (before, after) = (&fields[0]["before"], &fields[0]["after"]);
        assert!(!before.is_null() && before != after, "{name}: {before} {after}");
    }
    assert_eq!(lines(&plan).len(), 2, "nobody loses access meanwhile: {plan}");
    let book = runbook(&project);
    let trust = step(&book, TRUST);
    let certificate = paste(trust, "certificates");
    let issuer = trust["instructions"].as_array().unwrap().iter().find(|it| it["field"] == "issuer").unwrap();
    assert_eq!(issuer["changed"], false, "the issuer is as before");
    project.run(&["verify", "--sandbox"]).expect(6);
    console(&sandbox, "POST", &format!("/{connection}"), Some(json!({"certificate": certificate[0]})));
    attest(&project, &["--step", TRUST]).expect(0);
    let user = json!({"user": "test@connie.one"});
    let test = console(&sandbox, "POST", &format!("/{connection}/test"), Some(user));
    assert_eq!(test["result"], "success", "{test}");
    attest(&project, &["--step", TEST]).expect(0);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
    project.run(&["verify", "--sandbox"]).expect(0);
}

#[test]
fn a_probe_wins_over_what_was_attested() {
    let project = Project::example("auth0-flex");
    let connection = set_up_by_hand(&project);
    let sandbox = project.serve();
    let right = sandbox.profiles()[0]["ssoUrl"].clone();
    let path = format!("/{connection}");
    console(&sandbox, "POST", &path, Some(json!({"ssoUrl": "https://nss.us.auth0.com/samlp/other"})));
    let plan = project.plan();
    let change = manual(&plan, TRUST);
    assert!(change["reason"].as_str().unwrap().contains("the probe counts"), "{change}");
    let fields = change["fields"].as_array().unwrap();
    assert_eq!(fields.len(), 1, "{change}");
    assert_eq!(fields[0]["path"], "ssoUrl");
    assert_eq!(fields[0]["before"], "https://nss.us.auth0.com/samlp/other");
    assert_eq!(fields[0]["after"], right);
    let verified = project.run(&["verify", "--sandbox"]).expect(6);
    assert!(verified.stdout.contains("the probe counts"), "{}", verified.stdout);
    console(&sandbox, "POST", &path, Some(json!({"ssoUrl": right})));
    assert_eq!(lines(&project.plan()), Vec::<String>::new());

    // Somebody switches the profile off.
    console(&sandbox, "POST", &format!("{path}/deactivate"), None);
    let plan = project.plan();
    assert_eq!(manual(&plan, TRUST)["fields"][0]["path"], "active", "{plan}");
    project.run(&["verify", "--sandbox"]).expect(6);
    console(&sandbox, "POST", &format!("{path}/activate"), None);

    // Somebody deletes it.
    console(&sandbox, "DELETE", &path, None);
    let plan = project.plan();
    assert!(manual(&plan, TRUST)["reason"].as_str().unwrap().contains("the probe counts"), "{plan}");
    project.run(&["verify", "--sandbox"]).expect(6);
    assert_eq!(changes(&plan, "delete"), Vec::<&Value>::new(), "nobody is disabled for that");
}

#[test]
fn a_profile_without_manifest_is_removed_by_hand() {
    let project = Project::example("auth0-flex");
    let connection = set_up_by_hand(&project);
    project.remove("flex.yaml").remove("people.yaml");
    let allow = ["apply", "--sandbox", "--yes", "--allow", "max-deletes", "--allow", "emptied"];
    project.run(&allow).expect(3);
    let book = runbook(&project);
    assert_eq!(steps(&book), [TRUST]);
    let removal = step(&book, TRUST);
    assert_eq!(
        (&removal["kind"], &removal["produced"]["connection"]),
        (&json!("remove"), &json!(connection))
    );
    assert!(removal["command"].as_str().unwrap().contains("--removed"), "{removal}");
    let text = project.run(&["runbook", "--sandbox"]).expect(0).stdout;
    assert!(text.contains("Delete the SSO profile") && text.contains(&connection), "{text}");
    // Not what the other word is for.
    attest(&project, &["--step", TRUST]).expect(1);
    console(&project.serve(), "DELETE", &format!("/{connection}"), None);
    attest(&project, &["--removed", "--step", TRUST]).expect(0);
    // What it led to comes after it.
    assert_eq!(changes(&project.plan(), "delete").len(), 2);
    project.run(&allow).expect(0);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
    assert_eq!(steps(&runbook(&project)), Vec::<&str>::new());
}

#[test]
fn what_was_attested_in_one_sandbox_says_nothing_about_another() {
    let project = Project::example("auth0-flex");
    set_up_by_hand(&project);
    let folder = project.path().join(".concord/sandbox/attestations");
    let kept = project.path().join("kept");
    std::fs::rename(&folder, &kept).unwrap();
    project.run(&["sandbox", "reset"]).expect(0);
    // Even if somebody puts them back, they name the other sandbox.
    std::fs::rename(&kept, &folder).unwrap();
    project.run(&["apply", "--sandbox", "--yes"]).expect(3);
    assert_eq!(steps(&runbook(&project)), [TRUST, LABEL, URLS, TEST]);
    project.run(&["sandbox", "reset"]).expect(0);
    assert!(attestations(&project).is_empty());
    // In the project they count neither.
    assert_eq!(manual_names(&project.plan()).len(), 4);
}

/// An address that ends with the process that prints it helps nobody.
#[test]
fn a_runbook_names_only_a_console_that_stays() {
    let project = Project::example("auth0-flex");
    let alone = project.run(&["runbook", "--sandbox"]).expect(0);
    assert!(!alone.stderr.contains("127.0.0.1"), "{}", alone.stderr);
    assert!(alone.stderr.contains("concord sandbox serve ."), "{}", alone.stderr);
    let sandbox = project.serve();
    let served = project.run(&["runbook", "--sandbox"]).expect(0);
    assert!(served.stderr.contains(&format!("{}console.twilio.com/", sandbox.url)), "{}", served.stderr);
    // The page that the steps name leads to the played one.
    let book = runbook(&project);
    let url = step(&book, TRUST)["url"].as_str().unwrap();
    let (status, page) = sandbox.send("GET", url.strip_prefix("https://").unwrap(), None, None);
    assert_eq!((status, &page["profiles"]), (200, &json!([])), "{page}");
    // Nothing in it names a command that there is not.
    let text = project.run(&["runbook", "--sandbox"]).expect(0).stdout;
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let help = project.run(&["--help"]).expect(0).stdout;
    for command in words.split("`concord ").skip(1).filter_map(|rest| rest.split([' ', '`']).next()) {
        assert!(help.contains(&format!("\n  {command} ")), "there is no `concord {command}`");
    }
    assert!(words.contains("`concord verify`"), "{words}");
}
