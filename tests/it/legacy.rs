//! The Console's older SSO: every step is a complete support ticket; support refuses what cannot work; whoever leaves is disabled by
//! ticket; and the list that support sends can be reviewed from the runbook alone.

use serde_json::{Value, json};

use crate::{
    desk::{paste, runbook, step, steps},
    support::{Project, Served, changes, lines},
};

const DESK: &str = "support.twilio.com/OR00000000000000000000000000000001";
const APPLY: [&str; 4] = ["apply", "--sandbox", "--yes", "--simulate-operator"];

fn desk(sandbox: &Served) -> Value {
    let (status, answer) = sandbox.send("GET", DESK, None, None);
    assert_eq!(status, 200, "{answer}");
    answer
}

/// Who is enabled, and who is for the test.
fn people(sandbox: &Served) -> Value {
    desk(sandbox)["providers"][0]["people"].clone()
}

#[track_caller]
fn ticket(sandbox: &Served, body: Value) -> Value {
    let (status, answer) = sandbox.send("POST", &format!("{DESK}/tickets"), None, Some(body));
    assert_eq!(status, 201, "{answer}");
    answer
}

/// Support says no, about this field.
#[track_caller]
fn refuses(sandbox: &Served, body: Value, field: &str, words: &str) {
    let (status, answer) = sandbox.send("POST", &format!("{DESK}/tickets"), None, Some(body));
    assert_eq!((status, answer["field"].as_str()), (400, Some(field)), "{answer}");
    assert!(answer["message"].as_str().unwrap().contains(words), "{answer}");
}

#[test]
fn everybody_whom_okta_knows_is_enabled_and_nobody_else() {
    let project = Project::example("legacy-console");
    project.reconcile();
    assert_eq!(
        people(&project.serve()),
        json!({
            "test@acme.example": "test", "pilot@acme.example": "test", "joe@acme.example": "enabled",
            "cara@agency.example": "enabled", "bill@books.example": "enabled",
        })
    );
    // Twilio's answers are in Okta's application.
    let sandbox = project.serve();
    let provider = desk(&sandbox)["providers"][0].clone();
    let (_, apps) = sandbox.send("GET", "acme.okta.com/api/v1/apps", Some("SSWS test"), None);
    let app = apps.as_array().unwrap().iter().find(|app| app["label"] == "Twilio Console").unwrap();
    assert_eq!(app["settings"]["signOn"]["ssoAcsUrl"], provider["acsUrl"]);
    assert_eq!(app["settings"]["signOn"]["audience"], provider["entityId"]);
    assert!(provider["acsUrl"].as_str().unwrap().contains(provider["sid"].as_str().unwrap()));
}

#[test]
fn the_runbook_is_the_whole_ticket_and_the_list_to_review() {
    let project = Project::example("legacy-console");
    project.run(&["apply", "--sandbox", "--yes"]).expect(3);
    let book = runbook(&project);
    let setup = step(&book, "SsoProfile/console/console-legacy.setup");
    assert_eq!(setup["ready"], true, "{setup}");
    for (field, value) in [
        ("logoutRedirect", "https://acme.okta.com/login/signout"),
        ("edition", "Enterprise Edition"),
        ("nameIdFormat", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"),
    ] {
        assert_eq!(paste(setup, field), [value]);
    }
    assert!(paste(setup, "certificates")[0].starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(setup.to_string().contains("it@acme.example"), "{setup}");
    let staff = step(&book, "UserEnablement/staff/console-legacy.people");
    assert_eq!(paste(staff, "emailDomains"), ["acme.example"]);
    assert_eq!(paste(staff, "users"), ["joe@acme.example"]);
    assert_eq!(paste(staff, "never"), ["root@ops.acme.example"]);
    let contractors = step(&book, "UserEnablement/contractors/console-legacy.people");
    assert_eq!(paste(contractors, "userSids"), ["US00000000000000000000000000000007"]);
    let billing = step(&book, "UserEnablement/billing/console-legacy.people");
    assert_eq!(paste(billing, "accounts"), ["AC00000000000000000000000000000001"]);
    let named: Vec<(&str, &Value)> = book["people"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["code"].as_str().unwrap(), &it["emails"]))
        .collect();
    assert_eq!(
        named,
        [
            ("user-alias", &json!(["annie@acme.example", "ann@acme.example"])),
            ("user-not-in-idp", &json!(["shared@acme.example"])),
        ]
    );
    for arguments in [&["runbook", "--sandbox"][..], &["runbook", "--sandbox", "--format", "markdown"]] {
        // Markdown keeps addresses from becoming links.
        let text = project.run(arguments).expect(0).stdout.replace("<!-- -->", "");
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("annie@acme.example signs in as ann@acme.example"), "{text}");
        assert!(words.contains("shared@acme.example"), "{text}");
    }
}

#[test]
fn support_refuses_what_cannot_work() {
    let project = Project::example("legacy-console");
    let sandbox = project.serve();
    let name_id = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    let set_up = json!({
        "kind": "setUp", "issuer": "https://idp.example/id", "ssoUrl": "https://idp.example/sso", "nameIdFormat": name_id,
    });
    refuses(&sandbox, set_up.clone(), "certificate", "missing");
    let with = |key: &str, value: &str| {
        let mut body = set_up.clone();
        body[key] = json!(value);
        body
    };
    refuses(&sandbox, with("certificate", "no certificate"), "certificate", "");
    refuses(&sandbox, with("ssoUrl", "https://localhost/sso"), "ssoUrl", "publicly reachable");
    refuses(&sandbox, with("nameIdFormat", "unspecified"), "nameIdFormat", "must be");
    refuses(&sandbox, json!({"kind": "testUsers", "provider": "UI0", "users": []}), "provider", "no set-up");
    drop(sandbox);
    project.reconcile();

    let sandbox = project.serve();
    let provider = desk(&sandbox)["providers"][0]["sid"].clone();
    let users = |emails: &[&str]| json!({"kind": "testUsers", "provider": provider, "users": emails});
    refuses(&sandbox, users(&["nobody@acme.example"]), "users", "no active user");
    refuses(&sandbox, users(&[]), "users", "at least one");
    let account =
        json!({"kind": "users", "provider": provider, "accounts": ["AC00000000000000000000000000000009"]});
    refuses(&sandbox, account, "accounts", "no account of yours");
    // Other trust has not been tested.
    let mut other = desk(&sandbox)["providers"][0].clone();
    let body = json!({
        "kind": "setUp", "provider": provider, "issuer": "https://other.example", "ssoUrl": other["ssoUrl"].take(),
        "certificate": other["certificate"].take(), "nameIdFormat": name_id,
    });
    ticket(&sandbox, body);
    let everybody = json!({"kind": "users", "provider": provider, "emailDomains": ["acme.example"]});
    refuses(&sandbox, everybody, "users", "validate the login");
    // Who is not enabled cannot sign in.
    let body = json!({"provider": provider, "user": "shared@acme.example"});
    let (_, test) = sandbox.send("POST", &format!("{DESK}/test"), None, Some(body));
    assert_eq!(test["error"]["reason"], "user_not_enabled", "{test}");
}

#[test]
fn an_attribute_can_be_agreed_on_in_place_of_the_name_id() {
    let project = Project::example("legacy-console");
    project.edit("console.yaml", "    edition:", "    emailAttribute: email\n    edition:");
    project.edit(
        "console.yaml",
        "  nameId: {format: emailAddress, from: user.email}\n",
        "  nameId: {format: emailAddress, from: user.email}\n  attributes:\n    - {name: email, from: user.email, required: true}\n",
    );
    project.reconcile();
    assert_eq!(desk(&project.serve())["providers"][0]["emailAttribute"], "email");
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

#[test]
fn who_leaves_is_disabled_by_ticket_and_the_end_removes_the_set_up() {
    let project = Project::example("legacy-console");
    project.reconcile();
    project.edit(
        "people.yaml",
        "    emailDomains: [acme.example]\n",
        "    emailDomains: [acme.example]\n  exclude: [joe@acme.example]\n",
    );
    let plan = project.plan();
    assert!(!changes(&plan, "manual").is_empty(), "{plan}");
    let allow = ["--allow", "max-deletes", "--allow", "emptied", "--allow", "max-user-changes"];
    project.run(&[&APPLY[..], &allow].concat()).expect(0);
    assert_eq!(people(&project.serve())["joe@acme.example"], Value::Null);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());

    project.remove("people.yaml").remove("console.yaml");
    project.run(&[&APPLY[..], &allow].concat()).expect(0);
    assert_eq!(desk(&project.serve())["providers"], json!([]));
    assert_eq!(steps(&runbook(&project)), Vec::<&str>::new());
}
