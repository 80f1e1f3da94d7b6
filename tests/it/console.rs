//! The Console's self-service SSO with Okta: what somebody changes by hand on either side is found as exactly that; nobody is made to use
//! SSO before it was tested, or without a way back; lost answers make nothing twice; planning only reads, and in bulk.

use serde_json::{Value, json};

use crate::{
    desk::serve_with_faults,
    support::{Project, Run, Served, changes, lines, recorded},
};

const APPLY: [&str; 4] = ["apply", "--sandbox", "--yes", "--simulate-operator"];
const ORGANIZATION: &str = "OR00000000000000000000000000000001";
const ACCOUNT: &str = "AC00000000000000000000000000000001";
const USERS: &str = "iam.twilio.com/scim/v2/Users";
const ASSIGNMENTS: &str = "iam.twilio.com/v2/Organizations/RoleAssignments";

/// The organization's API, as an administrator's own program would use it.
pub struct Api<'a> {
    sandbox: &'a Served,
    token: String,
}

impl<'a> Api<'a> {
    pub fn of(sandbox: &'a Served) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer: Value = runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let form = "grant_type=client_credentials&client_id=OQ00000000000000000000000000000001&client_secret=sandbox";
            let request = client
                .post(format!("{}oauth.twilio.com/v2/token", sandbox.url))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form);
            serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
        });
        let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}"));
        Self { sandbox, token: format!("Bearer {token}") }
    }

    #[track_caller]
    pub fn send(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.sandbox.send(method, path, Some(&self.token), body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    pub fn users(&self) -> Vec<Value> {
        self.send("GET", USERS, None)["Resources"].as_array().unwrap().clone()
    }

    #[track_caller]
    pub fn user(&self, email: &str) -> Value {
        let mut named: Vec<Value> = self.users();
        named.retain(|user| user["userName"] == email);
        assert_eq!(named.len(), 1, "{email}: {named:?}");
        named.remove(0)
    }

    #[track_caller]
    fn sid(&self, email: &str) -> String {
        self.user(email)["id"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    fn role(&self, name: &str) -> String {
        let answer = self.send("GET", "iam.twilio.com/v2/Organizations/Roles?PageSize=1000", None);
        let roles = answer["roles"].as_array().or_else(|| answer["content"].as_array()).unwrap().clone();
        let named = |role: &&Value| role.to_string().contains(&format!("\"{name}\""));
        let role = roles.iter().find(named).unwrap_or_else(|| panic!("no role {name} in {answer}"));
        role["sid"].as_str().unwrap().to_owned()
    }

    fn assign(&self, email: &str, role: &str, scope: &str) {
        let body = json!({"role_sid": self.role(role), "scope": scope, "identity": self.sid(email)});
        self.send("POST", ASSIGNMENTS, Some(body));
    }

    /// Takes a role away, wherever the user has it.
    #[track_caller]
    fn unassign(&self, email: &str, role: &str) {
        let (user, role) = (self.sid(email), self.role(role));
        let answer = self.send("GET", &format!("{ASSIGNMENTS}?PageSize=100&Identity={user}"), None);
        let all = answer["content"].as_array().unwrap().clone();
        let held: Vec<&Value> = all
            .iter()
            .filter(|it| it["identity"] == user.as_str() && it["role_sid"] == role.as_str())
            .collect();
        assert!(!held.is_empty(), "{answer}");
        for it in held {
            self.send("DELETE", &format!("{ASSIGNMENTS}/{}", it["sid"].as_str().unwrap()), None);
        }
    }

    fn patch(&self, email: &str, value: &Value) {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "value": value}],
        });
        self.send("PATCH", &format!("{USERS}/{}", self.sid(email)), Some(body));
    }

    fn make(&self, email: &str) {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": email,
            "emails": [{"primary": true, "value": email, "type": "work"}],
        });
        self.send("POST", USERS, Some(body));
    }
}

/// Looks at the plan after a change by hand, and puts everything back by an apply.
#[track_caller]
fn finds(project: &Project, change: impl FnOnce(&Served), expected: &[&str]) {
    let sandbox = project.serve();
    change(&sandbox);
    let plan = project.plan();
    assert_eq!(lines(&plan), expected, "{plan}");
    project.run(&APPLY).expect(0);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

fn okta(sandbox: &Served, method: &str, path: &str, body: Option<Value>) -> Value {
    let (status, answer) =
        sandbox.send(method, &format!("acme.okta.com/api/v1/{path}"), Some("SSWS test"), body);
    assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
    answer
}

#[test]
fn what_somebody_changes_by_hand_is_found_as_exactly_that_field() {
    let project = Project::example("okta-console");
    project.reconcile();
    let people = "acme/UserEnablement/everybody";
    finds(
        &project,
        |sandbox| Api::of(sandbox).unassign("ann@acme.example", "Billing Manager"),
        &[&format!("update {people}/organization.roles:ann@acme.example [roles]")],
    );
    finds(
        &project,
        |sandbox| Api::of(sandbox).assign("joe@acme.example", "Billing Manager", ACCOUNT),
        &[&format!("update {people}/organization.roles:joe@acme.example [roles]")],
    );
    // A role that no manifest names is nobody's business.
    finds(&project, |sandbox| Api::of(sandbox).assign("joe@acme.example", "Developer", ACCOUNT), &[]);
    finds(
        &project,
        |sandbox| {
            let api = Api::of(sandbox);
            api.send("DELETE", &format!("{USERS}/{}", api.sid("joe@acme.example")), None);
        },
        &[&format!("update {people}/organization.user:joe@acme.example [active]")],
    );
    finds(
        &project,
        |sandbox| Api::of(sandbox).patch("ann@acme.example", &json!({"displayName": "Somebody Else"})),
        &[&format!("update {people}/organization.user:ann@acme.example [displayName]")],
    );
    finds(
        &project,
        |sandbox| {
            let apps = okta(sandbox, "GET", "apps", None);
            let app = apps.as_array().unwrap().iter().find(|app| app["label"] == "Twilio Console");
            let mut app = app.unwrap().clone();
            app["settings"]["signOn"]["assertionSigned"] = json!(false);
            let id = app["id"].as_str().unwrap().to_owned();
            okta(sandbox, "PUT", &format!("apps/{id}"), Some(app));
        },
        &["update acme/SsoProfile/console/okta.app [settings.signOn.assertionSigned]"],
    );
    finds(
        &project,
        |sandbox| {
            let body = json!({"name": "_twilio.acme.example", "type": "TXT"});
            let (status, answer) =
                sandbox.send("POST", "dns.sandbox.invalid/records/delete", None, Some(body));
            assert!((200..300).contains(&status), "{status} {answer}");
        },
        &["manual acme/EmailDomain/acme-example/console.domain-proof [token]"],
    );
}

/// Refused, with the guard's name, before anything was written.
#[track_caller]
fn is_refused(project: &Project, guard: &str) -> Run {
    let (run, calls) = recorded(project, &APPLY);
    let run = run.expect(4);
    assert!(run.stderr.contains(&format!("refused by `{guard}`")), "{}", run.stderr);
    assert_only_reads(&calls);
    run
}

#[track_caller]
fn assert_only_reads(calls: &[Value]) {
    let writes: Vec<&Value> =
        calls.iter().filter(|call| call["method"] != "GET" && call["path"] != "/v2/token").collect();
    assert_eq!(writes, Vec::<&Value>::new());
}

fn enforce(project: &Project) {
    project.edit("people.yaml", "stage: all", "stage: enforced");
}

fn enforced(project: &Project) -> Value {
    let path = format!("console.twilio.com/organization/{ORGANIZATION}/sso");
    let (status, answer) = project.serve().send("GET", &path, None, None);
    assert_eq!(status, 200, "{answer}");
    answer["profiles"][0]["enforcedDomains"].clone()
}

#[test]
fn nothing_is_enforced_before_it_was_tested() {
    let project = Project::example("okta-console");
    enforce(&project);
    is_refused(&project, "untested");
}

#[test]
fn nothing_is_enforced_without_an_administrator_who_can_come_back() {
    let project = Project::example("okta-console");
    project.reconcile();
    enforce(&project);
    project.edit(
        "people.yaml",
        "breakGlass: [root@ops.acme.example]",
        "breakGlass: [guest@ops.acme.example]",
    );
    let sandbox = project.serve();
    Api::of(&sandbox).make("guest@ops.acme.example");
    drop(sandbox);
    let run = is_refused(&project, "no-break-glass");
    assert!(run.stderr.contains("0 of the 1 named break-glass administrators"), "{}", run.stderr);
    // An administrator who is not active does not count either.
    project.edit(
        "people.yaml",
        "breakGlass: [guest@ops.acme.example]",
        "breakGlass: [root@ops.acme.example]",
    );
    let sandbox = project.serve();
    let api = Api::of(&sandbox);
    api.send("DELETE", &format!("{USERS}/{}", api.sid("root@ops.acme.example")), None);
    is_refused(&project, "no-break-glass");
}

#[test]
fn nobody_of_an_enforced_domain_is_forgotten() {
    let project = Project::example("okta-console");
    project.reconcile();
    enforce(&project);
    let sandbox = project.serve();
    Api::of(&sandbox).make("extra@acme.example");
    let run = is_refused(&project, "lock-out");
    assert!(run.stderr.contains("1 user of the enforced domains"), "{}", run.stderr);
    drop(sandbox);
    project.edit(
        "console.yaml",
        "enforcement: {domains: [acme-example]}",
        "enforcement: {domains: [acme-example], exceptions: [extra@acme.example]}",
    );
    project.run(&APPLY).expect(0);
    assert_eq!(enforced(&project), json!(["acme.example"]));
}

#[test]
fn nothing_is_enforced_where_nobody_can_see_who_would_be_locked_out() {
    let project = Project::example("okta-console");
    project.reconcile();
    enforce(&project);
    let _sandbox = serve_with_faults(
        &project,
        "- {host: iam.twilio.com, path: '/scim/v2/Users', then: {status: 403, body: {status: '403', code: 20003, detail: 'Permission denied: \
         managed-users/list', schemas: ['urn:ietf:params:scim:api:messages:2.0:Error']}}}\n",
    );
    // A plan that is not complete is an error already; who goes on all the same is refused.
    recorded(&project, &APPLY).0.expect(1);
    let arguments: Vec<&str> = APPLY.into_iter().chain(["--allow-incomplete"]).collect();
    let (run, calls) = recorded(&project, &arguments);
    let run = run.expect(4);
    assert!(run.stderr.contains("no-break-glass"), "{}", run.stderr);
    assert_only_reads(&calls);
}

#[test]
fn enforcement_goes_through_after_the_test_and_is_rolled_back() {
    let project = Project::example("okta-console");
    project.reconcile();
    enforce(&project);
    project.run(&APPLY).expect(0);
    assert_eq!(enforced(&project), json!(["acme.example"]));
    project.run(&["plan", "--sandbox", "--detailed-exitcode"]).expect(0);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());

    project.edit("people.yaml", "stage: enforced", "stage: all");
    let plan = project.plan();
    let manual: Vec<&str> =
        changes(&plan, "manual").iter().map(|change| change["address"].as_str().unwrap()).collect();
    assert!(manual.contains(&"acme/SsoProfile/console/console.enforcement"), "{plan}");
    assert_eq!(changes(&plan, "delete"), Vec::<&Value>::new(), "{plan}");
    project.run(&APPLY).expect(0);
    assert_eq!(enforced(&project), json!([]));
    project.run(&["plan", "--sandbox", "--detailed-exitcode"]).expect(0);
}

#[test]
fn lost_answers_make_nobody_twice() {
    for (method, path) in [
        ("POST", "/scim/v2/Users"),
        ("POST", "/v2/Organizations/RoleAssignments"),
        ("POST", "/organization/*/sso"),
    ] {
        let project = Project::example("okta-console");
        let faults = format!("- {{method: {method}, path: '{path}', nth: 1, then: {{drop: after}}}}\n");
        let sandbox = serve_with_faults(&project, &faults);
        project.run(&APPLY);
        project.run(&APPLY).expect(0);
        assert_eq!(lines(&project.plan()), Vec::<String>::new(), "{path}");
        let api = Api::of(&sandbox);
        let mut names: Vec<String> = api.users().iter().map(|user| user["userName"].to_string()).collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!((names.len(), count), (5, 5), "{path}: {names:?}");
        let (_, profiles) =
            sandbox.send("GET", &format!("console.twilio.com/organization/{ORGANIZATION}/sso"), None, None);
        assert_eq!(profiles["profiles"].as_array().unwrap().len(), 1, "{path}");
    }
}

/// Somebody else wrote between reading and writing: said as that, and the next run goes on from what is there.
#[test]
fn a_version_that_went_on_is_a_conflict() {
    let project = Project::example("okta-console");
    project.reconcile();
    let sandbox = serve_with_faults(
        &project,
        "- {method: PUT, path: '/scim/v2/Users/*', nth: 1, then: {status: 409, body: {status: '409', code: 20409, detail: 'version mismatch', \
         schemas: ['urn:ietf:params:scim:api:messages:2.0:Error']}}}\n",
    );
    Api::of(&sandbox).patch("ann@acme.example", &json!({"displayName": "Somebody Else"}));
    let first = project.run(&APPLY);
    assert_ne!(first.code, 0, "{}", first.stdout);
    project.run(&APPLY).expect(0);
    assert_eq!(Api::of(&sandbox).user("ann@acme.example")["displayName"], "Ann Lee");
    // What is sent is bound to the version that was read.
    let user = Api::of(&sandbox).user("ann@acme.example");
    assert!(user["meta"]["version"].as_str().unwrap().starts_with("W/"), "{user}");
}

#[test]
fn planning_reads_a_thousand_people_in_bulk() {
    let project = Project::example("okta-console");
    project.edit(
        "sandbox.yaml",
        "      administrators:",
        "      generateUsers: {count: 1000, domain: big.example}\n      administrators:",
    );
    project.edit(
        "sandbox.yaml",
        "domains: [{name: ops.acme.example}]",
        "domains: [{name: ops.acme.example}, {name: big.example}]",
    );
    project.edit(
        "sandbox.yaml",
        "    acme.okta.com:\n",
        "    acme.okta.com:\n      generateUsers: {count: 1000, domain: big.example}\n",
    );
    project.edit("people.yaml", "emailDomains: [acme.example]", "emailDomains: [acme.example, big.example]");
    let (run, calls) = recorded(&project, &["plan", "--sandbox", "--format", "json", "--allow-incomplete"]);
    let plan = run.json();
    assert_eq!(plan["complete"], true, "{}", plan["gaps"]);
    assert_only_reads(&calls);
    let of = |path: &str| calls.iter().filter(|call| call["path"] == path).count();
    assert!(of("/scim/v2/Users") <= 2, "{} reads of the users", of("/scim/v2/Users"));
    assert!(calls.len() <= 40, "{} calls", calls.len());
}
