//! Google: what somebody changes by hand is found as exactly that, what is not ours stays, and nothing is made twice.

use std::sync::OnceLock;

use concord::provider::assertion::PrivateKey;
use serde_json::{Map, Value, json};

use crate::support::{Project, Served, changes, lines, recorded};

const CUSTOMER: &str = "C00nss1a2";
const API: &str = "admin.googleapis.com/admin/directory/v1";
const SCHEMA: &str = "update nss/SsoProfile/flex/google.schema";
const APPLY: [&str; 4] = ["apply", "--sandbox", "--yes", "--simulate-operator"];

/// The key of every service account of the sandbox.
fn key() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let text = include_str!("../../src/sandbox/keys/sandbox-test-only.pk8.pem");
        PrivateKey::from_pem(&text.to_owned().into()).unwrap()
    })
}

impl Served {
    /// A token of the administrator, as a header.
    fn google_token(&self) -> String {
        let scope = |name: &str| format!("https://www.googleapis.com/auth/admin.directory.{name}");
        let claims: Map<String, Value> = [
            ("iss", "a-test@nss-sso.iam.gserviceaccount.com".to_owned()),
            ("sub", "root@connie.one".to_owned()),
            ("aud", "https://oauth2.googleapis.com/token".to_owned()),
            ("scope", format!("{} {}", scope("userschema"), scope("user"))),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
        let jwt = key().jwt(None, claims, jiff::Timestamp::now()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer: Value = runtime.block_on(async {
            let _ = rustls::crypto::ring::default_provider().install_default();
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let body =
                format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={jwt}");
            let request = client
                .post(format!("{}oauth2.googleapis.com/token", self.url))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
            serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
        });
        format!("Bearer {}", answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")))
    }

    #[track_caller]
    fn google(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.send(method, &format!("{API}/{path}"), Some(&self.google_token()), body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    fn schema(&self) -> Value {
        // Once for what reads are behind.
        self.google("GET", "customer/my_customer/schemas/Flex_Details", None);
        self.google("GET", "customer/my_customer/schemas/Flex_Details", None)
    }

    fn edit_schema(&self, change: impl FnOnce(&mut Value)) {
        let mut schema = self.schema();
        change(&mut schema);
        self.google("PUT", "customer/my_customer/schemas/Flex_Details", Some(schema));
    }

    fn google_user(&self, email: &str) -> Value {
        self.google("GET", &format!("users/{email}?projection=full"), None);
        self.google("GET", &format!("users/{email}?projection=full"), None)
    }

    fn set(&self, email: &str, schema: &str, values: Value) {
        self.google("PATCH", &format!("users/{email}"), Some(json!({"customSchemas": {schema: values}})));
    }

    fn google_apps(&self) -> Vec<Value> {
        let (status, answer) =
            self.send("GET", &format!("admin.google.com/customer/{CUSTOMER}/apps"), None, None);
        assert_eq!(status, 200, "{answer}");
        answer["apps"].as_array().unwrap().clone()
    }
}

/// The field of a schema.
fn field<'a>(schema: &'a mut Value, name: &str) -> &'a mut Value {
    let fields = schema["fields"].as_array_mut().unwrap();
    fields.iter_mut().find(|it| it["fieldName"] == name).unwrap()
}

#[test]
fn what_somebody_changes_in_the_schema_is_found_as_exactly_that_field() {
    let project = Project::example("google-flex");
    project.reconcile();
    type Edit = fn(&mut Value);
    let edits: [(&str, Edit); 3] = [
        ("displayName", |schema| schema["displayName"] = json!("Flex")),
        ("fields.Roles.readAccessType", |schema| {
            field(schema, "Roles")["readAccessType"] = json!("ALL_DOMAIN_USERS");
        }),
        ("fields.Full_Name.displayName", |schema| field(schema, "Full_Name")["displayName"] = json!("Name")),
    ];
    for (path, edit) in edits {
        project.serve().edit_schema(edit);
        let plan = project.plan();
        assert_eq!(lines(&plan), [format!("{SCHEMA} [{path}]")], "{plan}");
        assert!(plan["changes"][0]["reason"].as_str().unwrap().contains("somebody else"), "{plan}");
        project.run(&["apply", "--sandbox", "--yes"]).expect(0);
        assert_eq!(lines(&project.plan()), Vec::<String>::new());
    }
}

#[test]
fn what_somebody_changes_of_a_person_is_found_as_exactly_that_value() {
    let project = Project::example("google-flex");
    project.reconcile();
    let wanted = {
        let sandbox = project.serve();
        let user = sandbox.google_user("lead@connie.one");
        assert_eq!(user["customSchemas"]["HR"], json!({"Badge": "4711"}), "another schema's values stay");
        let app = sandbox.google_apps().into_iter().find(|app| app["name"] == "Twilio Flex - NSS").unwrap();
        assert_eq!(app["onFor"], json!(["organizational unit /Care", "group flex-admins@connie.one"]));
        let user = user["customSchemas"]["Flex_Details"].clone();
        let roles: Vec<&str> =
            user["Roles"].as_array().unwrap().iter().map(|it| it["value"].as_str().unwrap()).collect();
        assert_eq!((roles, &user["team"]), (vec!["agent", "supervisor"], &json!("leads")));
        assert_eq!(user["Full_Name"], "Lena Lead");
        user
    };
    for (key, value) in
        [("Roles", json!([{"value": "admin"}])), ("Full_Name", json!("Nobody")), ("team", Value::Null)]
    {
        project.serve().set("lead@connie.one", "Flex_Details", json!({key: value}));
        let plan = project.plan();
        let expected = format!(
            "update nss/UserEnablement/home-care/google.user:lead@connie.one [customSchemas.Flex_Details.{key}]"
        );
        assert_eq!(lines(&plan), [expected], "{plan}");
        project.run(&["apply", "--sandbox", "--yes"]).expect(0);
        assert_eq!(project.serve().google_user("lead@connie.one")["customSchemas"]["Flex_Details"], wanted);
        assert_eq!(lines(&project.plan()), Vec::<String>::new());
    }
}

#[test]
fn fields_and_values_of_others_are_kept() {
    let project = Project::example("google-flex");
    project.reconcile();
    {
        let sandbox = project.serve();
        sandbox.edit_schema(|schema| {
            let wfo = json!({"fieldName": "Wfo_Team", "fieldType": "STRING", "displayName": "WFO team", "indexed": false});
            schema["fields"].as_array_mut().unwrap().insert(0, wfo);
        });
        sandbox.set("ann@connie.one", "Flex_Details", json!({"Wfo_Team": "blue"}));
    }
    assert_eq!(lines(&project.plan()), Vec::<String>::new(), "fields of others are no difference");
    {
        let sandbox = project.serve();
        sandbox.edit_schema(|schema| schema["displayName"] = json!("Flex"));
        sandbox.set("ann@connie.one", "Flex_Details", json!({"Roles": [{"value": "admin"}]}));
    }
    project.run(&["apply", "--sandbox", "--yes"]).expect(0);
    let sandbox = project.serve();
    let mut schema = sandbox.schema();
    assert_eq!(field(&mut schema, "Wfo_Team")["indexed"], false);
    let user = sandbox.google_user("ann@connie.one");
    assert_eq!(user["customSchemas"]["Flex_Details"]["Wfo_Team"], "blue", "{user}");
    assert_eq!(user["customSchemas"]["Flex_Details"]["Roles"][0]["value"], "agent", "{user}");
}

#[test]
fn a_change_of_the_app_voids_its_own_step_alone() {
    let project = Project::example("google-flex");
    project.reconcile();
    project.edit("flex.yaml", "Contact center of", "Contact centre of");
    let plan = project.plan();
    assert_eq!(lines(&plan), ["manual nss/SsoProfile/flex/google.details [description]"], "{plan}");
    project.run(&APPLY).expect(0);
    project.edit("flex.yaml", "organizationalUnits: [/Care], ", "");
    let plan = project.plan();
    assert_eq!(lines(&plan), ["manual nss/SsoProfile/flex/google.access [onFor]"], "{plan}");
    project.run(&APPLY).expect(0);
    let app =
        project.serve().google_apps().into_iter().find(|app| app["name"] == "Twilio Flex - NSS").unwrap();
    assert_eq!(app["description"], "Contact centre of Nevada Senior Services");
    assert_eq!(app["onFor"], json!(["group flex-admins@connie.one"]));
}

#[test]
fn a_runbook_has_every_value_of_the_app() {
    let project = Project::example("google-flex");
    // Nobody carries anything out: the steps wait, and what is before them is done.
    project.run(&["apply", "--sandbox", "--yes"]).expect(3);
    let runbook = project.run(&["runbook", "--sandbox"]).expect(0).stdout;
    for part in [
        "Add custom SAML app",
        "https://accounts.google.com/o/saml2/idp?idpid=C00nss1a2",
        "Contact center of Nevada Senior Services",
        "flex-logo.png",
        "https://flex.twilio.com/nss-1234",
        "Signed response",
        "EMAIL",
        "Basic Information > Primary email",
        "Flex Details > Full Name -> full_name",
        "Flex Details > Roles -> roles",
        "organizational unit /Care",
    ] {
        assert!(runbook.contains(part), "{part} is not in\n{runbook}");
    }
}

#[test]
fn lost_answers_make_nothing_twice() {
    for (method, path) in [
        ("POST", "/admin/directory/v1/customer/*/schemas"),
        ("PATCH", "/admin/directory/v1/users/*"),
        ("POST", "/customer/*/apps"),
    ] {
        let project = Project::example("google-flex");
        project.write(
            ".concord/faults.yaml",
            &format!("- {{method: {method}, path: '{path}', nth: 1, then: {{drop: after}}}}\n"),
        );
        let sandbox = project.serve_with(&["--faults", ".concord/faults.yaml"]);
        project.run(&APPLY);
        project.run(&APPLY).expect(0);
        assert_eq!(lines(&project.plan()), Vec::<String>::new(), "{path}");
        let schemas = sandbox.google("GET", "customer/my_customer/schemas", None);
        assert_eq!(schemas["schemas"].as_array().unwrap().len(), 2, "{path}: {schemas}");
        assert_eq!(sandbox.google_apps().len(), 2, "{path}");
    }
}

#[test]
fn who_leaves_loses_what_concord_wrote_and_nothing_else() {
    let project = Project::example("google-flex");
    project.edit("people.yaml", "  roles:\n", "  removal: disable\n  roles:\n");
    project.reconcile();
    project.edit(
        "people.yaml",
        "exclude: [volunteer@connie.one]",
        "exclude: [volunteer@connie.one, lead@connie.one]",
    );
    let plan = project.plan();
    assert_eq!(
        lines(&plan),
        ["delete nss/UserEnablement/home-care/google.user:lead@connie.one []"],
        "{plan}"
    );
    project
        .run(&["apply", "--sandbox", "--yes", "--allow", "max-deletes", "--allow", "max-user-changes"])
        .expect(0);
    let user = project.serve().google_user("lead@connie.one");
    assert_eq!(user["customSchemas"], json!({"HR": {"Badge": "4711"}}));
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

#[test]
fn a_removed_profile_takes_its_schema_and_asks_for_its_app() {
    let project = Project::example("google-flex");
    project.reconcile();
    project.remove("flex.yaml").remove("people.yaml");
    let plan = project.plan();
    let deleted: Vec<&str> =
        changes(&plan, "delete").iter().map(|it| it["address"].as_str().unwrap()).collect();
    assert!(deleted.contains(&"nss/SsoProfile/flex/google.schema"), "{plan}");
    project
        .run(
            &[&APPLY[..], &["--allow", "max-deletes", "--allow", "emptied", "--allow", "max-user-changes"]]
                .concat(),
        )
        .expect(0);
    let sandbox = project.serve();
    let schemas = sandbox.google("GET", "customer/my_customer/schemas", None);
    let names: Vec<&Value> =
        schemas["schemas"].as_array().unwrap().iter().map(|it| &it["schemaName"]).collect();
    assert_eq!(names, ["HR"]);
    let apps: Vec<Value> = sandbox.google_apps().into_iter().map(|app| app["name"].clone()).collect();
    assert_eq!(apps, ["Intranet"]);
}

#[test]
fn planning_reads_everybody_in_pages_and_writes_nothing() {
    let project = Project::example("google-flex");
    project.edit(
        "sandbox.yaml",
        "      readLag: 1\n",
        "      generateUsers: {count: 1200, domain: connie.one}\n",
    );
    let (run, calls) = recorded(&project, &["plan", "--sandbox", "--format", "json"]);
    let plan = run.expect(0).json();
    let people = plan["changes"].as_array().unwrap().iter();
    let people = people.filter(|it| it["address"].as_str().unwrap().contains("google.user:")).count();
    assert_eq!(people, 1_204, "everybody of the domain, without those who are left out or suspended");
    assert!(
        calls.iter().all(|call| call["method"] == "GET" || call["path"] == "/token"),
        "only reads: {calls:?}"
    );
    let users = calls.iter().filter(|call| call["path"] == "/admin/directory/v1/users").count();
    assert_eq!(users, 3, "500 a page");
    assert!(calls.len() <= 20, "{} calls", calls.len());
}

#[test]
fn a_used_up_quota_is_waited_for() {
    let project = Project::example("google-flex");
    project.write(
        ".concord/faults.yaml",
        "- {path: '/admin/directory/v1/users', nth: 1, times: 2, then: {status: 403, body: {error: {code: 403, message: Quota exceeded, \
         errors: [{domain: usageLimits, reason: quotaExceeded, message: Quota exceeded}]}}}}\n",
    );
    let _sandbox = project.serve_with(&["--faults", ".concord/faults.yaml"]);
    assert_eq!(project.plan()["complete"], true);
}
