//! The key that an Okta application signs with: rotated so that at each moment Twilio trusts the certificate that signs, found again
//! where an answer was lost, put back where somebody chose another one by hand; and warned about before it ends.

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Project, Served, lines, recorded};

const HOST: &str = "nss.okta.com";
const NAME: &str = "application: {name: Twilio Flex - NSS}";

fn okta(sandbox: &Served, method: &str, path: &str, body: Option<Value>) -> Value {
    let (status, answer) = sandbox.send(method, &format!("{HOST}/api/v1/{path}"), Some("SSWS test"), body);
    assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
    answer
}

/// The application that serves the profile.
fn app(sandbox: &Served) -> Value {
    let apps = okta(sandbox, "GET", "apps?q=Twilio", None);
    apps[0].clone()
}

/// The IDs of its keys and the one that signs.
fn keys(sandbox: &Served) -> (Vec<String>, String) {
    let app = app(sandbox);
    let keys = okta(sandbox, "GET", &format!("apps/{}/credentials/keys", app["id"].as_str().unwrap()), None);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        keys.as_array().unwrap().iter().map(|key| text(&key["kid"])).collect(),
        text(&app["credentials"]["signing"]["kid"]),
    )
}

/// How many certificates the Flex profile trusts.
fn trusted(sandbox: &Served) -> usize {
    sandbox.profiles()[0]["certificate"].as_str().unwrap().matches("BEGIN CERTIFICATE").count()
}

fn test_sign_in(sandbox: &Served) -> Value {
    let sid = sandbox.profiles()[0]["sid"].as_str().unwrap().to_owned();
    let path = format!("console.twilio.com/account/{ACCOUNT}/flex/sso/{sid}/test");
    sandbox.send("POST", &path, None, Some(json!({"user": "test@connie.one"}))).1["result"].clone()
}

fn named(project: &Project, name: &str, more: &str) {
    project.edit(
        "flex.yaml",
        NAME,
        &format!("application: {{name: Twilio Flex - NSS, signingKey: {{name: {name}{more}}}}}"),
    );
}

#[test]
fn a_rotation_goes_through_trusting_both() {
    let project = Project::example("okta-flex");
    project.reconcile();
    let (before, first) = keys(&project.serve());
    assert_eq!(before, std::slice::from_ref(&first));

    named(&project, "2026-11", ", validityYears: 3");
    let plan = project.plan();
    assert_eq!(
        lines(&plan),
        [
            "manual nss/SsoProfile/flex/flex.test [certificates]",
            "manual nss/SsoProfile/flex/flex.trust [certificates]",
            "create nss/SsoProfile/flex/okta.key:2026-11 [app, validityYears]",
            "update nss/SsoProfile/flex/okta.signing [credentials.signing.kid]",
        ],
        "{plan}"
    );
    let waits = |address: &str| {
        let change = plan["changes"].as_array().unwrap().iter().find(|it| it["address"] == address).unwrap();
        change["waitsFor"].clone()
    };
    assert_eq!(waits("nss/SsoProfile/flex/okta.signing"), json!(["nss/SsoProfile/flex/flex.trust"]));
    assert_eq!(waits("nss/SsoProfile/flex/okta.key:2026-11"), Value::Null);
    // Without anybody at the desk the key is made, and nothing signs with it.
    project.run(&["apply", "--sandbox", "--yes"]).expect(3);
    {
        let sandbox = project.serve();
        let (now, signs) = keys(&sandbox);
        assert_eq!((now.len(), &signs, trusted(&sandbox)), (2, &first, 1));
        assert_eq!(test_sign_in(&sandbox), "success");
    }
    let runbook = project.run(&["runbook", "--sandbox"]);
    assert!(runbook.stdout.contains("overlap: false"), "{}", runbook.stdout);
    assert_eq!(runbook.stdout.matches("BEGIN CERTIFICATE").count(), 2, "{}", runbook.stdout);

    // Trust, then use, then a test sign-in.
    project.reconcile();
    let new = {
        let sandbox = project.serve();
        let (now, signs) = keys(&sandbox);
        assert_eq!((now.len(), trusted(&sandbox)), (2, 2));
        assert_ne!(signs, first);
        assert_eq!(test_sign_in(&sandbox), "success");
        signs
    };
    // What is left is to forget the old one.
    let plan = project.plan();
    assert_eq!(
        lines(&plan),
        [
            "manual nss/SsoProfile/flex/flex.test [certificates]",
            "manual nss/SsoProfile/flex/flex.trust [certificates]",
        ]
    );
    project.reconcile();
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
    {
        let sandbox = project.serve();
        assert_eq!((keys(&sandbox), trusted(&sandbox)), ((keys(&sandbox).0, new.clone()), 1));
        assert_eq!(test_sign_in(&sandbox), "success");
        // Somebody goes back to the first key by hand: nobody can sign in, and it is put right without a step.
        let mut app = app(&sandbox);
        app["credentials"]["signing"]["kid"] = json!(first);
        okta(&sandbox, "PUT", &format!("apps/{}", app["id"].as_str().unwrap()), Some(app));
        assert_ne!(test_sign_in(&sandbox), "success");
    }
    let plan = project.plan();
    assert_eq!(lines(&plan), ["update nss/SsoProfile/flex/okta.signing [credentials.signing.kid]"]);
    assert!(plan["changes"][0]["reason"].as_str().unwrap().contains("somebody else"), "{plan}");
    project.run(&["apply", "--sandbox", "--yes"]).expect(0);
    assert_eq!(test_sign_in(&project.serve()), "success");
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

#[test]
fn a_new_application_signs_with_the_named_key_from_the_beginning() {
    let project = Project::example("okta-flex");
    named(&project, "2026-11", "");
    project.reconcile();
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
    let sandbox = project.serve();
    assert_eq!((keys(&sandbox).0.len(), trusted(&sandbox)), (2, 1));
    assert_eq!(test_sign_in(&sandbox), "success");
}

#[test]
fn where_one_certificate_is_all_that_is_taken_it_is_exchanged() {
    let project = Project::example("okta-flex");
    project.reconcile();
    named(&project, "2026-11", ", overlap: false");
    project.reconcile();
    assert_eq!(lines(&project.plan()), Vec::<String>::new(), "one apply is all");
    let sandbox = project.serve();
    assert_eq!((keys(&sandbox).0.len(), trusted(&sandbox)), (2, 1));
    assert_eq!(test_sign_in(&sandbox), "success");
}

#[test]
fn a_key_whose_answer_was_lost_is_not_made_twice() {
    let project = Project::example("okta-flex");
    project.reconcile();
    named(&project, "2026-11", "");
    for (at, moment) in ["before", "after"].into_iter().enumerate() {
        project.write(
            ".concord/faults.yaml",
            &format!("- {{method: POST, path: /api/v1/apps/*/credentials/keys/generate, times: 1, then: {{drop: {moment}}}}}\n"),
        );
        let served = project.serve_with(&["--faults", ".concord/faults.yaml"]);
        project.run(&["apply", "--sandbox", "--yes", "--simulate-operator"]).expect(0);
        drop(served);
        assert_eq!(keys(&project.serve()).0.len(), at + 2, "{moment}");
        project.reconcile();
        project.edit("flex.yaml", "signingKey: {name: ", "signingKey: {name: next-");
    }
}

#[test]
fn a_certificate_that_ends_soon_is_warned_about() {
    let project = Project::example("okta-flex");
    project.edit("sandbox.yaml", "    nss.okta.com:\n", "    nss.okta.com:\n      firstKeyDays: 40\n");
    project.reconcile();
    let (run, calls) = recorded(&project, &["plan", "--sandbox", "--format", "json"]);
    let plan = run.expect(0).json();
    assert_eq!(lines(&plan), Vec::<String>::new());
    let [warning] = &ending(&plan)[..] else { panic!("{plan}") };
    let message = warning["message"].as_str().unwrap();
    assert!(message.contains("in 39 days") || message.contains("in 40 days"), "{message}");
    assert!(calls.iter().all(|call| call["method"] == "GET"), "only reads");
    project.run(&["explain", "certificate-ends"]).expect(0);
    // The way out is the rotation.
    named(&project, "2026-11", "");
    project.reconcile();
    project.reconcile();
    assert_eq!(ending(&project.plan()), Vec::<Value>::new());
}

fn ending(plan: &Value) -> Vec<Value> {
    let warnings = plan["warnings"].as_array().unwrap();
    warnings.iter().filter(|warning| warning["code"] == "certificate-ends").cloned().collect()
}
