//! SendGrid: both sides by API, in the order that lets nobody in too early; what somebody changes by hand is found as exactly that; nothing
//! is made twice, and what is not ours stays.

use serde_json::{Value, json};

use crate::support::{Project, Run, Served, changes, lines, recorded};

const HOST: &str = "api.sendgrid.com";
const NAME: &str = "Okta - Nevada Senior Services";
const PROFILE: &str = "nss/SsoProfile/sendgrid";

impl Served {
    #[track_caller]
    fn sendgrid(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.send(method, &format!("{HOST}/v3/{path}"), Some("Bearer SG.test"), body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    fn integrations(&self) -> Vec<Value> {
        self.sendgrid("GET", "sso/integrations?si=true", None).as_array().expect("a list").clone()
    }

    #[track_caller]
    fn integration(&self, name: &str) -> Value {
        let named: Vec<Value> = self.integrations().into_iter().filter(|it| it["name"] == name).collect();
        assert_eq!(named.len(), 1, "{named:?}");
        named[0].clone()
    }

    /// The ID of the integration of a name.
    #[track_caller]
    fn integration_id(&self, name: &str) -> String {
        self.integration(name)["id"].as_str().expect("a text").to_owned()
    }

    /// Changes the integration by hand.
    #[track_caller]
    fn edit_integration(&self, changes: &Value) {
        let mut body = self.integration(NAME);
        let id = self.integration_id(NAME);
        for (key, value) in changes.as_object().expect("an object") {
            body[key] = value.clone();
        }
        self.sendgrid("PATCH", &format!("sso/integrations/{id}"), Some(body));
    }

    fn certificates(&self) -> Vec<Value> {
        let id = self.integration_id(NAME);
        let all = self.sendgrid("GET", &format!("sso/integrations/{id}/certificates"), None);
        all.as_array().expect("a list").clone()
    }

    fn add_certificate(&self, pem: &Value) {
        let body =
            json!({"public_certificate": pem, "enabled": true, "integration_id": self.integration_id(NAME)});
        self.sendgrid("POST", "sso/certificates", Some(body));
    }

    /// Addresses of teammates, in order.
    fn teammates(&self) -> Vec<String> {
        let all = self.sendgrid("GET", "teammates?limit=500", None);
        let mut all: Vec<String> = all["result"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|it| it["email"].as_str().expect("a text").to_owned())
            .collect();
        all.sort();
        all
    }

    /// Signs in by way of the identity provider: `success`, or the reason why not.
    fn sign_in(&self, email: &str) -> String {
        let path = format!("app.sendgrid.com/settings/sso/{}/test", self.integration_id(NAME));
        let (status, answer) = self.send("POST", &path, None, Some(json!({"user": email})));
        assert_eq!(status, 200, "{answer}");
        let reason = answer["error"]["reason"].as_str().or(answer["result"].as_str());
        reason.expect("a result").to_owned()
    }

    /// Gives the Okta application a new signing key.
    fn rotate_key(&self) {
        let okta = |method: &str, path: &str, body: Option<Value>| {
            let path = format!("nss.okta.com/api/v1/{path}");
            let (status, answer) = self.send(method, &path, Some("SSWS test"), body);
            assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
            answer
        };
        let apps = okta("GET", "apps", None);
        let app = apps.as_array().unwrap().iter().find(|it| it["label"] == "SendGrid - NSS").unwrap().clone();
        let id = app["id"].as_str().unwrap();
        let key = okta("POST", &format!("apps/{id}/credentials/keys/generate?validityYears=3"), None);
        let mut changed = app.clone();
        changed["credentials"] = json!({"signing": {"kid": key["kid"]}});
        okta("PUT", &format!("apps/{id}"), Some(changed));
    }
}

fn example() -> Project {
    Project::example("sendgrid-okta")
}

#[track_caller]
fn apply(project: &Project) -> Run {
    project.run(&["apply", "--sandbox", "--yes"]).expect(0)
}

#[track_caller]
fn nothing_to_do(project: &Project) {
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

/// Calls as `METHOD path`, those to SendGrid and changes of the Okta application.
fn writes(calls: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    calls
        .iter()
        .filter(|call| call["method"] != "GET")
        .map(|call| {
            let path = text(&call["path"]);
            let without_id: Vec<&str> =
                path.split('/').filter(|it| !it.contains('-') && !it.starts_with("0oa")).collect();
            format!("{} {}", text(&call["method"]), without_id.join("/"))
        })
        .collect()
}

#[test]
fn the_integration_is_switched_on_last_and_people_can_sign_in() {
    let project = example();
    let (run, calls) = recorded(&project, &["apply", "--sandbox", "--yes", "--no-verify"]);
    run.expect(0);
    let writes = writes(&calls);
    let of = |wanted: &str| {
        writes
            .iter()
            .position(|it| it.starts_with(wanted))
            .unwrap_or_else(|| panic!("no {wanted}: {writes:#?}"))
    };
    let order = [
        of("POST /api/v1/apps"),
        of("POST /v3/sso/integrations"),
        of("PUT /api/v1/apps"),
        of("POST /v3/sso/certificates"),
        of("PATCH /v3/sso/integrations"),
        of("POST /v3/sso/teammates"),
    ];
    assert!(order.is_sorted(), "{writes:#?}");
    let made =
        calls.iter().find(|it| it["method"] == "POST" && it["path"] == "/v3/sso/integrations").unwrap();
    assert_eq!(made["body"]["enabled"], false, "{made}");

    let sandbox = project.serve();
    let integration = sandbox.integration(NAME);
    assert_eq!(
        (&integration["enabled"], &integration["completed_integration"]),
        (&json!(true), &json!(true))
    );
    for (email, result) in [
        ("test@connie.one", "success"),
        ("lead@connie.one", "success"),
        ("maria@respite.connie.one", "success"),
        ("volunteer@connie.one", "user_not_assigned"),
        ("root@connie.one", "user_not_assigned"),
        ("nobody@connie.one", "user_not_found"),
    ] {
        assert_eq!(sandbox.sign_in(email), result, "{email}");
    }
    let agency = sandbox.integration("Agency");
    assert_eq!(agency["entity_id"], "http://www.okta.com/exk1", "what is not ours stays");
}

#[test]
fn planning_sends_nothing_but_reads() {
    let project = example();
    apply(&project);
    let (run, calls) = recorded(&project, &["plan", "--sandbox"]);
    run.expect(0);
    let methods: Vec<&Value> = calls.iter().map(|call| &call["method"]).collect();
    assert!(methods.iter().all(|method| *method == "GET"), "{calls:#?}");
    let to =
        |path: &str| calls.iter().filter(|call| call["path"].as_str().unwrap_or_default() == path).count();
    assert_eq!((to("/v3/sso/integrations"), to("/v3/teammates")), (1, 1), "each is listed once");
    // Only scopes and subusers are asked for by person: not those of an administrator.
    let single =
        calls.iter().filter(|it| it["path"].as_str().unwrap_or_default().starts_with("/v3/teammates/"));
    assert_eq!(single.count(), 2, "{calls:#?}");
}

#[test]
fn what_somebody_changes_by_hand_is_found_as_exactly_that_field() {
    let project = example();
    apply(&project);
    let integration = format!("update {PROFILE}/sendgrid.integration");
    let switch = format!("update {PROFILE}/sendgrid.switch");
    let elsewhere = "https://elsewhere.okta.com/x";
    for (change, expected) in [
        (json!({"name": "Renamed"}), format!("{integration} [name]")),
        (json!({"signin_url": elsewhere}), format!("{integration} [signin_url]")),
        (json!({"signout_url": elsewhere}), format!("{integration} [signout_url]")),
        (json!({"entity_id": "http://www.okta.com/other"}), format!("{integration} [entity_id]")),
        (json!({"enabled": false}), format!("{switch} [enabled]")),
        (json!({"completed_integration": false}), format!("{switch} [completed_integration]")),
    ] {
        project.serve().edit_integration(&change);
        assert_eq!(lines(&project.plan()), [expected], "{change}");
        apply(&project);
        nothing_to_do(&project);
    }

    let teammate = |email: &str| format!("update nss/UserEnablement/marketing/sendgrid.teammate:{email}");
    let names = json!({"first_name": "Test", "last_name": "Person"});
    let with = |more: Value| {
        let mut body = names.clone();
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    };
    for (email, change, expected) in [
        ("test@connie.one", with(json!({"first_name": "Tess"})), "[first_name]"),
        ("test@connie.one", with(json!({"last_name": "Else"})), "[last_name]"),
        ("test@connie.one", with(json!({"scopes": ["stats.read", "billing.read"]})), "[scopes]"),
        ("test@connie.one", with(json!({"is_admin": true})), "[is_admin, scopes]"),
        (
            "lead@connie.one",
            json!({"first_name": "Lena", "last_name": "Lead", "scopes": ["stats.read"]}),
            "[is_admin]",
        ),
        (
            "ann@connie.one",
            json!({"first_name": "Ann", "last_name": "Lee", "has_restricted_subuser_access": true,
                "subuser_access": [{"id": 4711, "permission_type": "admin"}]}),
            "[subuser_access]",
        ),
    ] {
        project.serve().sendgrid("PATCH", &format!("sso/teammates/{email}"), Some(change.clone()));
        assert_eq!(lines(&project.plan()), [format!("{} {expected}", teammate(email))], "{change}");
        apply(&project);
        nothing_to_do(&project);
    }
    project.serve().sendgrid("DELETE", "teammates/test@connie.one", None);
    assert_eq!(changes(&project.plan(), "create").len(), 1);
    apply(&project);
    nothing_to_do(&project);
}

#[test]
fn certificates_are_as_the_identity_provider_signs() {
    let project = example();
    apply(&project);
    let only = [format!("update {PROFILE}/sendgrid.certificates [certificates]")];
    let first = {
        let sandbox = project.serve();
        let first = sandbox.certificates()[0].clone();
        assert_eq!(first["intergration_id"], sandbox.integration(NAME)["id"]);
        sandbox.sendgrid("DELETE", &format!("sso/certificates/{}", first["id"]), None);
        assert_eq!(sandbox.sign_in("test@connie.one"), "certificate_mismatch");
        first
    };
    assert_eq!(lines(&project.plan()), only);
    apply(&project);
    nothing_to_do(&project);

    {
        let sandbox = project.serve();
        sandbox.rotate_key();
        assert_eq!(sandbox.sign_in("test@connie.one"), "certificate_mismatch");
    }
    assert_eq!(lines(&project.plan()), only);
    let (run, calls) = recorded(&project, &["apply", "--sandbox", "--yes", "--no-verify"]);
    run.expect(0);
    let order: Vec<&Value> = calls
        .iter()
        .filter(|it| it["path"].as_str().unwrap_or_default().starts_with("/v3/sso/certificates"))
        .map(|it| &it["method"])
        .collect();
    assert_eq!(order, ["POST", "DELETE"], "the new one is there before the old one goes");
    {
        let sandbox = project.serve();
        let certificates = sandbox.certificates();
        assert_eq!(certificates.len(), 1, "{certificates:?}");
        assert_ne!(certificates[0]["public_certificate"], first["public_certificate"]);
        assert_eq!(sandbox.sign_in("test@connie.one"), "success");
        // What somebody adds could let in who signs with it.
        sandbox.add_certificate(&first["public_certificate"]);
    }
    assert_eq!(lines(&project.plan()), only);
    apply(&project);
    nothing_to_do(&project);
    assert_eq!(project.serve().certificates().len(), 1);
}

#[test]
fn lost_answers_make_nothing_twice() {
    let project = example();
    project.write(
        ".concord/faults.yaml",
        "- {host: api.sendgrid.com, method: POST, path: /v3/sso/integrations, nth: 1, then: {drop: after}}\n\
         - {host: api.sendgrid.com, method: POST, path: /v3/sso/certificates, nth: 1, then: {drop: after}}\n\
         - {host: api.sendgrid.com, method: POST, path: /v3/sso/teammates, nth: 1, then: {drop: after}}\n\
         - {host: api.sendgrid.com, method: PATCH, nth: 1, then: {drop: after}}\n",
    );
    let sandbox = project.serve_with(&["--faults", ".concord/faults.yaml"]);
    apply(&project);
    assert_eq!(sandbox.integrations().len(), 3);
    assert_eq!(sandbox.certificates().len(), 1);
    assert_eq!(sandbox.teammates().len(), 5);
    drop(sandbox);
    nothing_to_do(&project);
}

/// Each write in turn is carried out and answered with an error, which ends that run as a kill after it would.
#[test]
fn a_run_that_breaks_off_is_finished_by_the_next() {
    for method in ["POST", "PATCH"] {
        for nth in 1.. {
            let project = example();
            project.write(
                ".concord/faults.yaml",
                &format!("- {{host: api.sendgrid.com, method: {method}, nth: {nth}, then: {{status: 500, effect: true}}}}\n"),
            );
            let sandbox = project.serve_with(&["--faults", ".concord/faults.yaml"]);
            let run = project.run(&["apply", "--sandbox", "--yes", "--no-verify"]);
            if run.code == 0 {
                assert!(nth > 1, "no {method} at all");
                break;
            }
            drop(sandbox);
            apply(&project);
            let sandbox = project.serve();
            assert_eq!(sandbox.integrations().len(), 3, "{method} {nth}");
            assert_eq!(sandbox.certificates().len(), 1, "{method} {nth}");
            assert_eq!(sandbox.teammates().len(), 5, "{method} {nth}");
            drop(sandbox);
            nothing_to_do(&project);
        }
    }
}

#[test]
fn an_integration_that_only_has_our_name_is_not_taken() {
    let project = example();
    let body = json!({
        "name": NAME, "enabled": true, "signin_url": "https://other.okta.com/x", "signout_url": "https://other.okta.com/",
        "entity_id": "http://www.okta.com/other",
    });
    let id = {
        let sandbox = project.serve();
        sandbox.sendgrid("POST", "sso/integrations", Some(body.clone()));
        sandbox.integration_id(NAME)
    };
    let refused = project.run(&["apply", "--sandbox", "--yes"]).expect(4);
    assert!(
        refused.stdout.contains("ownership") && refused.stdout.contains("adopt: true"),
        "{}",
        refused.stdout
    );
    assert_eq!(project.serve().integration(NAME)["entity_id"], body["entity_id"]);

    // Pinned it is the one that is meant, and stays the same one.
    project.edit("sendgrid.yaml", "  testUsers:", &format!("  connection: {id}\n  testUsers:"));
    apply(&project);
    nothing_to_do(&project);
    assert_eq!(project.serve().integration_id(NAME), id);
    // Once it leads to our application it is known without the pin.
    project.edit("sendgrid.yaml", &format!("  connection: {id}\n"), "");
    nothing_to_do(&project);

    project.edit("sendgrid.yaml", "  testUsers:", "  connection: nowhere\n  testUsers:");
    project.run(&["plan", "--sandbox"]).expect(1);
    let plan = project.plan();
    let blocked = changes(&plan, "blocked");
    let why = |it: &&&Value| it["reason"].as_str().unwrap().contains("no integration with the ID nowhere");
    assert_eq!(blocked.iter().filter(why).count(), 1, "{plan}");
}

#[test]
fn adopt_takes_an_integration_of_our_name() {
    let project = example();
    let body = json!({
        "name": NAME, "enabled": false, "signin_url": "https://other.okta.com/x", "signout_url": "https://other.okta.com/",
        "entity_id": "http://www.okta.com/other",
    });
    project.serve().sendgrid("POST", "sso/integrations", Some(body));
    project.edit(
        "sendgrid.yaml",
        "application: {name: SendGrid - NSS}",
        "application: {name: SendGrid - NSS, adopt: true}",
    );
    assert_eq!(changes(&project.plan(), "adopt").len(), 1);
    apply(&project);
    nothing_to_do(&project);
    project.serve().integration(NAME);
}

#[test]
fn a_new_friendly_name_renames_and_a_tombstone_removes() {
    let project = example();
    apply(&project);
    let id = project.serve().integration_id(NAME);
    project.edit("sendgrid.yaml", NAME, "Okta - NSS");
    assert_eq!(lines(&project.plan()), [format!("update {PROFILE}/sendgrid.integration [name]")]);
    apply(&project);
    assert_eq!(project.serve().integration_id("Okta - NSS"), id);

    project.edit(
        "tenant.yaml",
        "    # An integration carries",
        "    remove: [Old Okta, Okta - NSS]\n    # An integration carries",
    );
    let plan = project.plan();
    let deleted = changes(&plan, "delete");
    assert_eq!(deleted.len(), 1, "one that a profile has stays: {plan}");
    assert!(
        deleted[0]["address"].as_str().unwrap().starts_with("nss/Tenant/nss/sendgrid.integration:"),
        "{plan}"
    );
    project.run(&["apply", "--sandbox", "--yes"]).expect(4);
    project.run(&["apply", "--sandbox", "--yes", "--allow", "max-deletes"]).expect(0);
    nothing_to_do(&project);
    let names: Vec<Value> = project.serve().integrations().iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(!names.contains(&json!("Old Okta")));
}

#[test]
fn teammates_leave_by_tombstone_and_are_reported_otherwise() {
    let project = example();
    apply(&project);
    project.edit(
        "people.yaml",
        "exclude: [volunteer@connie.one]",
        "exclude: [volunteer@connie.one, test@connie.one]",
    );
    project.edit("people.yaml", "    pilot: [test@connie.one]\n", "");
    project.edit("sendgrid.yaml", "  testUsers: [test@connie.one]\n", "");
    let plan = project.run(&["plan", "--sandbox", "--show-users"]).expect(0);
    assert!(plan.stdout.contains("test@connie.one is no longer selected"), "{}", plan.stdout);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());

    project.edit(
        "people.yaml",
        "exclude: [volunteer@connie.one, test@connie.one]",
        "remove: [test@connie.one]\n  exclude: [volunteer@connie.one, test@connie.one]",
    );
    let plan = project.plan();
    // Who goes, goes on both sides.
    assert_eq!(
        lines(&plan),
        [
            format!("delete {PROFILE}/okta.user:test@connie.one []"),
            format!("delete {PROFILE}/sendgrid.teammate:test@connie.one []"),
        ],
        "{plan}"
    );
    project
        .run(&["apply", "--sandbox", "--yes", "--allow", "max-deletes", "--allow", "max-user-changes"])
        .expect(0);
    nothing_to_do(&project);
    let left = project.serve().teammates();
    assert_eq!(left, ["ann@connie.one", "lead@connie.one", "maria@respite.connie.one", "root@connie.one"]);
}

#[test]
fn who_is_a_teammate_already_is_enabled_and_nobody_else() {
    let project = example();
    apply(&project);
    let body = json!({
        "email": "joe@respite.connie.one", "first_name": "Joe", "last_name": "Park", "scopes": ["stats.read"],
    });
    project.serve().sendgrid("POST", "sso/teammates", Some(body));
    let expected = "create nss/UserEnablement/respite/okta.user:joe@respite.connie.one";
    assert_eq!(lines(&project.plan()), [format!("{expected} [app, assigned]")]);
    apply(&project);
    assert_eq!(project.serve().sign_in("joe@respite.connie.one"), "success");
    nothing_to_do(&project);
}

#[test]
fn a_teammate_with_a_password_is_never_written() {
    let project = example();
    let lead = "        - {email: lead@connie.one, firstName: Lena, lastName: Lead, userType: admin, passwordUsername: lena}\n";
    project.edit("sandbox.yaml", "      integrations:\n", &format!("{lead}      integrations:\n"));
    let plan = project.plan();
    let blocked = changes(&plan, "blocked");
    assert_eq!(blocked.len(), 1, "{plan}");
    assert!(blocked[0]["address"].as_str().unwrap().ends_with("sendgrid.teammate:lead@connie.one"), "{plan}");
    assert!(blocked[0]["reason"].as_str().unwrap().contains("with a password"), "{plan}");
    project.run(&["apply", "--sandbox", "--yes"]).expect(4);
}

#[test]
fn what_cannot_be_read_is_not_changed() {
    let project = example();
    apply(&project);
    project.write(
        ".concord/faults.yaml",
        "- {host: api.sendgrid.com, path: /v3/sso/*, then: {status: 403, body: [{message: access forbidden, field: null, error_id: x}]}}\n",
    );
    let _sandbox = project.serve_with(&["--faults", ".concord/faults.yaml"]);
    let plan = project.run(&["plan", "--sandbox"]).expect(1);
    assert!(
        plan.stdout.contains("access forbidden") && plan.stdout.contains("sso.settings.read"),
        "{}",
        plan.stdout
    );
    let plan = project.plan();
    assert_eq!(plan["complete"], false);
    assert_eq!(changes(&plan, "update").len() + changes(&plan, "delete").len(), 0, "{plan}");
}

#[test]
fn an_eu_account_is_asked_at_its_own_host() {
    let project = example();
    project.edit(
        "tenant.yaml",
        "    apply: {env: SENDGRID_APPLY_KEY}",
        "    region: eu\n    apply: {env: SENDGRID_APPLY_KEY}",
    );
    project.edit("sandbox.yaml", "    nss:\n      subusers", "    nss:\n      region: eu\n      subusers");
    let (run, calls) = recorded(&project, &["apply", "--sandbox", "--yes"]);
    run.expect(0);
    let hosts: std::collections::BTreeSet<&str> =
        calls.iter().map(|it| it["host"].as_str().unwrap()).collect();
    assert_eq!(hosts.into_iter().collect::<Vec<_>>(), ["api.eu.sendgrid.com", "nss.okta.com"]);
}
