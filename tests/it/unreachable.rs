//! When a vendor cannot be reached, refuses, limits or loses answers: what is unknown is said, nothing is guessed, nothing is made
//! twice.

use serde_json::{Value, json};

use crate::{
    desk::{go_live, serve_with_faults},
    support::{Project, Run, Served, changes, lines},
};

const AUTH0_SECRET: (&str, &str) = ("AUTH0_CLIENT_SECRET", "a-secret-of-auth0-0123456789");
const TWILIO_SECRET: (&str, &str) = ("TWILIO_API_KEY_SECRET", "a-secret-of-twilio-0123456789");

fn run_with(project: &Project, secrets: &[(&str, &str)], arguments: &[&str]) -> Run {
    project.command().envs(secrets.iter().copied()).args(arguments).output().unwrap().into()
}

/// Nothing is planned for what cannot be seen, the plan says why and what helps, and apply does nothing.
#[track_caller]
fn is_incomplete(
    project: &Project,
    secrets: &[(&str, &str)],
    place: &[&str],
    why: &str,
    help: &str,
) -> Value {
    let with = |words: &[&'static str]| -> Vec<String> {
        words.iter().map(|it| (*it).to_owned()).chain(place.iter().map(|it| (*it).to_owned())).collect()
    };
    let run = |words: Vec<String>| {
        run_with(project, secrets, &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let plan = run(with(&["plan", "--format", "json"])).expect(1).json();
    assert_eq!(plan["complete"], false, "{plan}");
    for action in ["create", "delete", "update", "adopt"] {
        let planned: Vec<_> =
            changes(&plan, action).into_iter().filter(|change| change["provider"] == "auth0").collect();
        assert_eq!(planned, Vec::<&Value>::new(), "{action}");
    }
    let gaps = plan["gaps"].as_array().unwrap();
    let gap = gaps.iter().find(|gap| gap["reason"] == why);
    let gap = gap.unwrap_or_else(|| panic!("no gap is {why}: {plan}"));
    assert!(gap["help"].as_str().unwrap_or_default().contains(help), "{gap}");
    let text = run(with(&["plan", "--allow-incomplete"])).expect(0).stdout;
    assert!(text.contains("What could not be seen") && text.contains("help: "), "{text}");
    assert!(!text.contains("Nothing to do"), "{text}");
    let apply = run(with(&["apply", "--yes"])).expect(1);
    assert!(apply.stderr.contains("the plan is incomplete"), "{}", apply.stderr);
    plan
}

/// Live, with Twilio's side on the sandbox and nothing where Auth0 should be.
#[test]
fn an_unreachable_vendor_or_a_missing_credential_leaves_the_plan_incomplete() {
    let project = Project::example("auth0-flex");
    let sandbox = project.serve();
    go_live(&project, &sandbox.url);
    // Without a credential: said at once, and which one.
    let plan =
        is_incomplete(&project, &[TWILIO_SECRET], &[], "no-credential", "set it before running concord");
    assert!(plan.to_string().contains("AUTH0_CLIENT_SECRET"), "{plan}");

    let base = format!("{}nss.us.auth0.com", sandbox.url);
    project.edit("tenant.yaml", &base, "http://127.0.0.1:1");
    let secrets = [AUTH0_SECRET, TWILIO_SECRET];
    is_incomplete(&project, &secrets, &[], "unreachable", "check the host name");
    let text = run_with(&project, &secrets, &["plan", "--allow-incomplete"]).expect(0).stdout;
    assert!(!text.contains(AUTH0_SECRET.1) && !text.contains(TWILIO_SECRET.1), "{text}");
}

#[test]
fn a_refused_credential_says_so() {
    let project = Project::example("auth0-flex");
    project.reconcile();
    {
        let _sandbox = serve_with_faults(
            &project,
            "- {path: /oauth/token, then: {status: 401, body: {error: access_denied, error_description: Unauthorized}}}\n",
        );
        is_incomplete(&project, &[], &["--sandbox"], "unauthorized", "check the client secret");
        project.run(&["verify", "--sandbox"]).expect(1);
    }
    assert_eq!(lines(&project.plan()), Vec::<String>::new(), "and nothing was changed meanwhile");
}

#[test]
fn people_who_cannot_be_listed_are_not_taken_for_gone() {
    let project = Project::example("auth0-flex");
    project.edit("people.yaml", "  profile: flex\n", "  profile: flex\n  removal: disable\n");
    project.reconcile();
    let _sandbox = serve_with_faults(
        &project,
        "- host: nss.us.auth0.com\n  path: /api/v2/users*\n  then:\n    status: 403\n    body: {statusCode: 403, error: Forbidden, \
         message: 'Insufficient scope, expected any of: read:users', errorCode: insufficient_scope}\n",
    );
    let plan = is_incomplete(&project, &[], &["--sandbox"], "forbidden", "grant the scope `read:users`");
    assert_eq!(lines(&plan), Vec::<String>::new(), "{plan}");
}

#[test]
fn a_server_that_fails_leaves_only_its_part_unknown() {
    let project = Project::example("auth0-flex");
    project.reconcile();
    let _sandbox = serve_with_faults(
        &project,
        "- {host: nss.us.auth0.com, method: GET, path: /api/v2/actions/*, then: {status: 500, body: {message: Internal}}}\n",
    );
    // Read again some times, then given up.
    let plan = project.run(&["plan", "--sandbox", "--format", "json"]).expect(1).json();
    assert_eq!(plan["complete"], false);
    let blocked: Vec<_> =
        changes(&plan, "blocked").iter().map(|it| it["address"].as_str().unwrap().to_owned()).collect();
    assert!(blocked.contains(&"nss/SsoProfile/flex/auth0.action".to_owned()), "{plan}");
    assert!(!blocked.iter().any(|it| it.ends_with("auth0.client")), "the application was seen: {plan}");
    for action in ["create", "update", "delete"] {
        assert_eq!(changes(&plan, action), Vec::<&Value>::new(), "{plan}");
    }
    assert!(plan["gaps"][0]["help"].is_string(), "{plan}");
}

#[test]
fn a_rate_limit_is_waited_for() {
    let project = Project::example("auth0-flex");
    let sandbox = serve_with_faults(
        &project,
        "- {host: nss.us.auth0.com, method: GET, path: /api/v2/clients, nth: 1, then: {status: 429, headers: {Retry-After: '2'}}}\n\
         - {host: nss.us.auth0.com, method: POST, path: /api/v2/clients, nth: 1, then: {status: 429, headers: {Retry-After: '1'}}}\n\
         - {host: nss.us.auth0.com, method: PATCH, path: /api/v2/users/*, nth: 2, then: {rateLimit: {resetSeconds: 1}}}\n",
    );
    let begun = std::time::Instant::now();
    let run = project.reconcile();
    assert!(begun.elapsed().as_secs_f32() >= 2.0, "{}", run.stderr);
    assert!(run.stderr.contains("nss.us.auth0.com: waiting"), "{}", run.stderr);
    drop(sandbox);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
    is_whole(&project.serve());
}

/// Every write whose answer can be lost, lost after it took effect.
#[test]
fn a_lost_answer_makes_nothing_twice() {
    let writes = [
        ("POST", "/api/v2/clients"),
        ("POST", "/api/v2/actions/actions"),
        ("POST", "/api/v2/actions/actions/*/deploy"),
        ("PATCH", "/api/v2/actions/triggers/post-login/bindings"),
        ("PATCH", "/api/v2/clients/*"),
        ("PATCH", "/api/v2/users/*"),
    ];
    for when in ["after", "before"] {
        let rules = writes.map(|(method, path)| {
            format!("- {{host: nss.us.auth0.com, method: {method}, path: '{path}', nth: 1, then: {{drop: {when}}}}}\n")
        });
        let project = Project::example("auth0-flex");
        let sandbox = serve_with_faults(&project, &rules.concat());
        project.reconcile();
        drop(sandbox);
        assert_eq!(lines(&project.plan()), Vec::<String>::new(), "{when}");
        is_whole(&project.serve());
    }
}

/// A deletion whose answer is lost is done all the same.
#[test]
fn a_lost_answer_to_a_deletion_is_no_failure() {
    let project = Project::example("auth0-flex");
    project.reconcile();
    project.remove("flex.yaml").remove("people.yaml");
    let sandbox = serve_with_faults(
        &project,
        "- {host: nss.us.auth0.com, method: DELETE, path: '/api/v2/clients/*', nth: 1, then: {drop: after}}\n\
         - {host: nss.us.auth0.com, method: DELETE, path: '/api/v2/actions/actions/*', nth: 1, then: {drop: after}}\n",
    );
    let allow = ["--allow", "max-deletes", "--allow", "emptied"];
    let words = [&["apply", "--sandbox", "--yes", "--simulate-operator"][..], &allow].concat();
    project.run(&words).expect(0);
    assert_eq!(sandbox.clients().iter().filter(|it| it["name"] == "Twilio Flex - NSS").count(), 0);
    assert_eq!(sandbox.bindings(), ["Add groups"]);
}

/// The reconciled example, each thing once.
#[track_caller]
fn is_whole(sandbox: &Served) {
    let clients = sandbox.clients();
    assert_eq!(clients.iter().filter(|it| it["name"] == "Twilio Flex - NSS").count(), 1, "{clients:?}");
    let actions = sandbox.auth0("GET", "actions/actions?per_page=100", None);
    assert_eq!(actions["actions"].as_array().unwrap().len(), 2, "{actions}");
    assert_eq!(sandbox.bindings().len(), 2);
    assert_eq!(sandbox.profiles().len(), 1);
    assert_eq!(
        sandbox.user("lead@connie.one")["app_metadata"]["flex"],
        json!({"roles": ["agent", "supervisor"], "team": "home-care", "program": "medicaid"})
    );
}
