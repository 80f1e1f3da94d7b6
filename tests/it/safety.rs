//! Guards: what is refused, with which arithmetic, by which name it is let through, and that a refusal writes nothing.

use serde_json::Value;

use crate::support::{Project, Run, changes, lines, recorded};

const APPLY: [&str; 4] = ["apply", "--sandbox", "--yes", "--simulate-operator"];

/// Applies and expects a refusal by a guard that writes nothing.
#[track_caller]
fn is_refused(project: &Project, guard: &str, message: &str) -> Run {
    let (run, calls) = recorded(project, &APPLY);
    let run = run.expect(4);
    assert!(run.stderr.contains(&format!("refused by `{guard}`")), "{}", run.stderr);
    assert!(run.stderr.contains(message), "`{message}` is not in\n{}", run.stderr);
    let writes: Vec<&Value> =
        calls.iter().filter(|call| call["method"] != "GET" && call["path"] != "/oauth/token").collect();
    assert_eq!(writes, Vec::<&Value>::new(), "a refusal writes nothing");
    // The plan says so too, before anybody applies.
    let plan = project.run(&["plan", "--sandbox", "--format", "json"]).expect(4).json();
    let named: Vec<&str> =
        plan["guards"].as_array().unwrap().iter().map(|it| it["guard"].as_str().unwrap()).collect();
    assert!(named.contains(&guard), "{plan}");
    run
}

#[track_caller]
fn let_through(project: &Project, guards: &[&str]) {
    let mut words = APPLY.to_vec();
    for guard in guards {
        words.extend(["--allow", guard]);
    }
    // Each by its own name: with any of them missing it is refused.
    for missing in 0..guards.len() {
        let mut fewer = APPLY.to_vec();
        for (at, guard) in guards.iter().enumerate() {
            if at != missing {
                fewer.extend(["--allow", guard]);
            }
        }
        project.run(&fewer).expect(4);
    }
    project.run(&words).expect(0);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

/// The example with further profiles of the same sort.
fn profiles(count: usize) -> Project {
    let project = Project::example("auth0-flex");
    let mut documents = String::new();
    for number in 1..=count {
        documents.push_str(&format!(
            "---\napiVersion: concord/v1\nkind: SsoProfile\nmetadata: {{name: p{number:02}}}\nspec:\n  product: flex\n  \
             friendlyName: Profile {number:02}\n  identityProvider: auth0-nss\n  application: {{name: Twilio Flex - {number:02}}}\n  \
             attributeMap: flex-agents\n  urls: {{defaultRedirect: 'https://p{number:02}.connie.team', trusted: \
             ['https://p{number:02}.connie.team']}}\n  session: {{lifetimeHours: 10}}\n  testUsers: [test@connie.one]\n"
        ));
    }
    project.write("more.yaml", documents.trim_start_matches("---\n"));
    project
}

#[test]
fn deletions_are_counted() {
    let project = profiles(1);
    project.reconcile();
    project.remove("more.yaml");
    is_refused(&project, "max-deletes", "3 deletions in tenant `nss`, and the policy's `maxDeletes` is 0");
    project.edit("concord.yaml", "maxDeletes: 0", "maxDeletes: 1");
    is_refused(&project, "max-deletes", "`maxDeletes` is 1");
    // A tenant's own policy comes first.
    let tenant = project.read("tenant.yaml");
    project.edit("tenant.yaml", "spec:\n  twilio:", "spec:\n  policy: {maxDeletes: 3}\n  twilio:");
    assert!(changes(&project.plan(), "delete").len() >= 2);
    project.run(&["plan", "--sandbox"]).expect(0);
    project.write("tenant.yaml", &tenant);
    let_through(&project, &["max-deletes"]);
}

#[test]
fn shares_are_counted_from_ten_objects_on() {
    let project = profiles(9);
    project.reconcile();
    // 3 of 10 are 30%, which is not over 30%.
    for number in 1..=3 {
        let profile = format!("friendlyName: Profile {number:02}\n");
        let text = project.read("more.yaml");
        let (before, after) = text.split_once(&profile).unwrap();
        let after = after.replacen("lifetimeHours: 10", "lifetimeHours: 8", 1);
        project.write("more.yaml", &format!("{before}{profile}{after}"));
    }
    assert_eq!(changes(&project.plan(), "update").len(), 3);
    project.run(&["plan", "--sandbox"]).expect(0);
    // A fourth one is.
    let text = project.read("more.yaml");
    let (before, after) = text.split_once("friendlyName: Profile 04\n").unwrap();
    let after = after.replacen("lifetimeHours: 10", "lifetimeHours: 8", 1);
    project.write("more.yaml", &format!("{before}friendlyName: Profile 04\n{after}"));
    is_refused(
        &project,
        "max-changes",
        "4 of 10 objects of type auth0.client in tenant `nss` would change or go, 40%, and the policy's `maxChanges` is 30%",
    );
    project.run(&["apply", "--sandbox", "--yes", "--allow", "max-user-changes"]).expect(4);
    let_through(&project, &["max-changes"]);
}

#[test]
fn what_must_not_be_destroyed_is_not() {
    let project = profiles(1);
    project
        .write("more.yaml", &format!("{}lifecycle: {{preventDestroy: true}}\n", project.read("more.yaml")));
    project.edit("concord.yaml", "maxDeletes: 0", "maxDeletes: 9");
    project.reconcile();
    let text = project.read("more.yaml");
    project.remove("more.yaml");
    is_refused(&project, "prevent-destroy", "its lifecycle says `preventDestroy`");
    // The way out that the help names: say first that it may go.
    project.write("more.yaml", &text.replace("preventDestroy: true", "preventDestroy: false"));
    project.reconcile();
    project.remove("more.yaml");
    project.reconcile();
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

#[test]
fn what_must_not_be_destroyed_goes_when_it_is_named() {
    let project = profiles(1);
    project
        .write("more.yaml", &format!("{}lifecycle: {{preventDestroy: true}}\n", project.read("more.yaml")));
    project.edit("concord.yaml", "maxDeletes: 0", "maxDeletes: 9");
    project.reconcile();
    project.remove("more.yaml");
    let_through(&project, &["prevent-destroy"]);
}

#[test]
fn an_empty_project_is_taken_for_a_mistake() {
    let project = Project::example("auth0-flex");
    project.edit("concord.yaml", "maxDeletes: 0", "maxDeletes: 99");
    project.reconcile();
    project.remove("flex.yaml").remove("people.yaml");
    let refused =
        is_refused(&project, "emptied", "that tenant `nss` owns at auth0:nss.us.auth0.com would be deleted");
    assert!(refused.stderr.contains("are the manifests complete?"), "{}", refused.stderr);
    let_through(&project, &["emptied"]);
}

#[test]
fn without_its_tenant_nothing_is_deleted() {
    let project = Project::example("auth0-flex");
    project.reconcile();
    let before = project.serve().clients();
    project.remove("flex.yaml").remove("people.yaml").remove("tenant.yaml");
    let plan = project.run(&["plan", "--sandbox", "--format", "json"]);
    if plan.code == 0 {
        assert_eq!(changes(&plan.json(), "delete"), Vec::<&Value>::new());
    }
    project.run(&APPLY);
    assert_eq!(project.serve().clients(), before);
}

#[test]
fn a_certificate_that_has_expired_is_not_entered() {
    let project = Project::example("auth0-flex");
    let certificate = expired();
    project.write("old.pem", &certificate);
    project.edit(
        "tenant.yaml",
        "  vendor: auth0\n",
        "  vendor: auth0\n  trust: {certificates: [{file: old.pem}]}\n",
    );
    let validated = project.run(&["validate"]);
    if validated.code != 0 {
        // The offline rules see it first, which is better still.
        assert!(
            format!("{}{}", validated.stdout, validated.stderr).contains("expired"),
            "{}",
            validated.stderr
        );
        return;
    }
    is_refused(&project, "expired-certificate", "would get a certificate that expired on 2020-02-01");
}

fn expired() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(vec!["idp.example.com".to_owned()]).unwrap();
    parameters.not_before = rcgen::date_time_ymd(2019, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2020, 2, 1);
    parameters.self_signed(&key).unwrap().pem()
}

#[test]
fn guards_are_named_exactly() {
    let project = Project::example("auth0-flex");
    let unknown = project.run(&["apply", "--sandbox", "--yes", "--allow", "everything"]).expect(64);
    assert!(unknown.stderr.contains("the guards are max-deletes"), "{}", unknown.stderr);
    project.run(&["apply", "--sandbox", "--yes", "--allow", "ownership"]).expect(64);
    assert!(!project.path().join(".concord").exists(), "nothing was begun");
}

#[test]
fn the_application_that_concord_signs_in_with_is_not_taken_over() {
    let project = Project::example("auth0-flex");
    let made = project.serve().auth0(
        "POST",
        "clients",
        Some(serde_json::json!({"name": "Twilio Flex - NSS", "app_type": "non_interactive"})),
    );
    let own = made["client_id"].as_str().unwrap();
    project.edit("tenant.yaml", "5up3r53cr3tb0tc0nc0rd1234567890a", own);
    project.edit("flex.yaml", "{name: Twilio Flex - NSS}", "{name: Twilio Flex - NSS, adopt: true}");
    is_refused(&project, "own-identity", "is the identity that Concord itself uses");
    assert_eq!(project.serve().client_named("Twilio Flex - NSS")["app_type"], "non_interactive");
}
