//! Who is enabled, at which stage, with what; and that it takes pages of reading, not one call a person.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Project, Served, changes, lines, recorded};

const PEOPLE: &str = "apiVersion: concord/v1
kind: UserEnablement
metadata: {name: everybody}
spec:
  profile: flex
  select: {emailDomains: [big.example]}
  rollout: {stage: all, pilot: [user00001@big.example]}
  breakGlass: [root@connie.one]
  roles: {default: [agent]}
";

/// The example with a crowd in place of its people.
fn crowd(count: u32) -> Project {
    let project = Project::example("auth0-flex");
    project.write("people.yaml", PEOPLE);
    project.edit("flex.yaml", "testUsers: [test@connie.one]", "testUsers: [user00001@big.example]");
    project.edit(
        "sandbox.yaml",
        "      clients:\n",
        &format!("      generateUsers: {{count: {count}, domain: big.example}}\n      clients:\n"),
    );
    project
}

fn enabled(plan: &Value, action: &str) -> BTreeSet<String> {
    let people = changes(plan, action).into_iter().filter_map(|change| {
        let (_, person) = change["address"].as_str().unwrap().split_once("auth0.user:")?;
        Some(person.to_owned())
    });
    people.collect()
}

/// Addresses that a plan's warning of a code names.
fn warned<'a>(plan: &'a Value, code: &str) -> Vec<&'a str> {
    plan["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|warning| warning["code"] == code)
        .map(|warning| warning["message"].as_str().unwrap())
        .collect()
}

fn flex(sandbox: &Served, email: &str) -> Value {
    sandbox.user(email)["app_metadata"].get("flex").cloned().unwrap_or(Value::Null)
}

/// The example with one enablement of what the test says.
fn enablement(spec: &str) -> Project {
    let project = Project::example("auth0-flex");
    project.write(
        "people.yaml",
        &format!(
            "apiVersion: concord/v1\nkind: UserEnablement\nmetadata: {{name: home-care}}\nspec:\n  profile: flex\n  \
             breakGlass: [root@connie.one]\n{spec}"
        ),
    );
    project
}

#[test]
fn a_plan_costs_pages_and_not_a_call_a_person() {
    let mut costs = Vec::new();
    for count in [1_000, 5_000] {
        let project = crowd(count);
        let arguments = ["plan", "--sandbox", "--format", "json"];
        let (run, calls) = recorded(&project, &arguments);
        let plan = run.expect(0).json();
        assert_eq!(
            enabled(&plan, "create").len(),
            count as usize,
            "everybody, also beyond Auth0's search cap of 1,000"
        );
        let pages = count as usize / 100;
        assert!(calls.len() <= pages + pages / 10 + 25, "{} calls for {count} people", calls.len());
        assert!(
            calls.iter().all(|call| call["method"] == "GET" || call["path"] == "/oauth/token"),
            "only reads"
        );
        costs.push(calls.len());
    }
    assert!(costs[1] - costs[0] <= 50, "4,000 more people are 40 more pages, not {}", costs[1] - costs[0]);
}

#[test]
fn a_crowd_is_enabled_once() {
    let project = crowd(1_200);
    project.reconcile();
    let (run, calls) = recorded(&project, &["plan", "--sandbox", "--format", "json"]);
    let plan = run.expect(0).json();
    assert_eq!(lines(&plan), Vec::<String>::new());
    assert!(calls.len() < 60, "{} calls for 1,200 people who are enabled", calls.len());
    let sandbox = project.serve();
    for email in ["user00001@big.example", "user01001@big.example", "user01200@big.example"] {
        assert_eq!(flex(&sandbox, email)["roles"], json!(["agent"]), "{email}");
    }
    drop(sandbox);

    // More than the policy's share of them at once is refused, by name.
    project.edit("people.yaml", "default: [agent]", "default: [agent, supervisor]");
    let refused = project.run(&["apply", "--sandbox", "--yes"]).expect(4);
    assert!(refused.stderr.contains("refused by `max-user-changes`"), "{}", refused.stderr);
    assert!(refused.stderr.contains("1200 of 1200 enabled users"), "{}", refused.stderr);
    assert_eq!(flex(&project.serve(), "user00002@big.example")["roles"], json!(["agent"]));
    project.run(&["plan", "--sandbox", "--allow-incomplete"]).expect(4);

    // One of them by name is no crowd; somebody's hand shows as exactly that field.
    project.edit("people.yaml", "default: [agent, supervisor]", "default: [agent]");
    let sandbox = project.serve();
    let id = sandbox.user("user00700@big.example")["user_id"].as_str().unwrap().replace('|', "%7C");
    let body = json!({"app_metadata": {"flex": {"roles": ["agent", "admin"]}}});
    sandbox.auth0("PATCH", &format!("users/{id}"), Some(body));
    // The search index follows after a moment.
    std::thread::sleep(std::time::Duration::from_millis(400));
    let plan = project.plan();
    assert_eq!(
        lines(&plan),
        ["update nss/UserEnablement/everybody/auth0.user:user00700@big.example [app_metadata.flex.roles]"]
    );
    let field = &plan["changes"][0]["fields"][0];
    assert_eq!((&field["before"], &field["after"]), (&json!(["agent", "admin"]), &json!(["agent"])));
    assert!(plan["changes"][0]["reason"].as_str().unwrap().contains("somebody else"), "{plan}");
    project.run(&["apply", "--sandbox", "--yes"]).expect(0);
    assert_eq!(flex(&sandbox, "user00700@big.example")["roles"], json!(["agent"]));
}

#[test]
fn a_share_that_is_too_large_is_let_through_by_name() {
    let project = crowd(12);
    project.reconcile();
    project.edit("people.yaml", "default: [agent]", "default: [supervisor]");
    project.run(&["apply", "--sandbox", "--yes"]).expect(4);
    project.run(&["apply", "--sandbox", "--yes", "--allow", "max-changes"]).expect(4);
    project.run(&["apply", "--sandbox", "--yes", "--allow", "max-user-changes"]).expect(0);
    assert_eq!(flex(&project.serve(), "user00012@big.example")["roles"], json!(["supervisor"]));
}

#[test]
fn whoever_cannot_be_enabled_is_named() {
    let project = enablement(
        "  select: {emailDomains: [connie.one], users: [ghost@elsewhere.example]}\n  exclude: [VOLUNTEER@connie.one]\n  \
         rollout: {stage: all, pilot: [TEST@Connie.One, blocked@connie.one]}\n  roles:\n    default: [agent]\n    overrides:\n      \
         - {user: Lead@connie.one, roles: [agent, supervisor]}\n  attributes:\n    default: {team: home-care}\n    \
         overrides:\n      - {user: ANN@connie.one, set: {team: respite}}\n",
    );
    project.edit(
        "sandbox.yaml",
        "      users:\n",
        "      connections: [{name: Username-Password-Authentication}, {name: google-oauth2, strategy: google-oauth2}]\n      \
         users:\n        - {email: blocked@connie.one, name: Blo Cked, blocked: true}\n        \
         - {email: twice@connie.one, name: Twi Ce}\n        \
         - {email: Twice@connie.one, name: Twi Ce, connection: google-oauth2}\n",
    );
    let plan = project.plan();
    let people: Vec<String> = enabled(&plan, "create").into_iter().collect();
    assert_eq!(people, ["ann@connie.one", "lead@connie.one", "test@connie.one"]);
    assert_eq!(plan["complete"], true, "{plan}");
    for (text, person) in [
        ("does not exist in the identity provider", "ghost@elsewhere.example"),
        ("has a blocked account", "blocked@connie.one"),
        ("has several accounts", "twice@connie.one"),
    ] {
        let warnings = plan["warnings"].as_array().unwrap();
        let warning = warnings.iter().find(|it| it["message"].as_str().unwrap().contains(text));
        let warning = warning.unwrap_or_else(|| panic!("nothing says `{text}`: {plan}"));
        assert!(warning["message"].as_str().unwrap().contains(person), "{warning}");
        assert_eq!(warning["source"]["file"], "people.yaml", "{warning}");
        let explained = project.run(&["explain", warning["code"].as_str().unwrap()]);
        explained.expect(0);
    }
    assert_eq!(warned(&plan, "user-not-in-idp").len(), 1, "the alias by case is no stranger: {plan}");
    // Named where one reads it at a terminal, hidden where it ends up in a pull request.
    let text = project.run(&["plan", "--sandbox", "--markdown", "plan.md"]).expect(0).stdout;
    assert!(text.contains("ghost@elsewhere.example"), "{text}");
    let markdown = project.read("plan.md");
    assert!(!markdown.contains("ghost@") && !markdown.contains("@connie.one"), "{markdown}");
    assert!(markdown.contains("user-"), "{markdown}");
    project.run(&["plan", "--sandbox", "--markdown", "plan.md", "--show-users"]).expect(0);
    let shown = project.read("plan.md").replace("<!-- -->", "");
    assert!(shown.contains("ghost@elsewhere.example"), "{shown}");

    project.reconcile();
    let sandbox = project.serve();
    assert_eq!(flex(&sandbox, "lead@connie.one")["roles"], json!(["agent", "supervisor"]));
    assert_eq!(flex(&sandbox, "test@connie.one")["roles"], json!(["agent"]));
    assert_eq!(flex(&sandbox, "ann@connie.one")["team"], "respite");
    assert_eq!(flex(&sandbox, "test@connie.one")["team"], "home-care");
    for never in ["volunteer@connie.one", "root@connie.one", "blocked@connie.one", "joe@respite.connie.one"] {
        assert_eq!(flex(&sandbox, never), Value::Null, "{never}");
    }
}

#[test]
fn a_break_glass_administrator_is_never_enabled() {
    let project = enablement(
        "  select: {emailDomains: [connie.one], users: [root@connie.one]}\n  rollout: {stage: all, pilot: [test@connie.one]}\n  \
         roles: {default: [agent]}\n",
    );
    assert!(!enabled(&project.plan(), "create").contains("root@connie.one"));
}

#[test]
fn waves_grow_and_always_hold_the_same_people() {
    let project = crowd(200);
    project.edit("people.yaml", "stage: all", "stage: pilot");
    let pilot = enabled(&project.plan(), "create");
    assert_eq!(pilot, BTreeSet::from(["user00001@big.example".to_owned()]));
    project.edit(
        "people.yaml",
        "stage: pilot",
        "stage: waves, waves: [{percent: 10%}, {percent: 50%}], wave: 1",
    );
    let tenth = enabled(&project.plan(), "create");
    assert!((8..=35).contains(&tenth.len()), "{} of 200", tenth.len());
    assert_eq!(enabled(&project.plan(), "create"), tenth, "the same people each time");
    project.edit("people.yaml", "wave: 1", "wave: 2");
    let half = enabled(&project.plan(), "create");
    assert!((75..=125).contains(&half.len()), "{} of 200", half.len());
    assert!(tenth.is_subset(&half) && pilot.is_subset(&tenth));
    project.reconcile();
    project.edit("people.yaml", "stage: waves", "stage: all");
    let rest = enabled(&project.plan(), "create");
    assert_eq!(rest.len(), 200 - half.len(), "and the rest at the end");
    assert!(rest.is_disjoint(&half));
}

#[test]
fn leavers_are_reported_or_disabled() {
    let selected = "  select: {users: [ann@connie.one, lead@connie.one]}\n  rollout: {stage: all, pilot: [test@connie.one]}\n  \
                    roles: {default: [agent]}\n";
    let project = enablement(selected);
    project.reconcile();
    project.edit("people.yaml", "users: [ann@connie.one, lead@connie.one]", "users: [lead@connie.one]");
    let plan = project.plan();
    assert_eq!(lines(&plan), Vec::<String>::new());
    assert_eq!(warned(&plan, "leaver"), ["ann@connie.one is no longer selected and still enabled"]);
    project.run(&["apply", "--sandbox", "--yes"]).expect(0);
    assert_eq!(flex(&project.serve(), "ann@connie.one")["roles"], json!(["agent"]));

    project.edit("people.yaml", "  profile: flex\n", "  profile: flex\n  removal: disable\n");
    let plan = project.plan();
    assert_eq!(enabled(&plan, "delete"), BTreeSet::from(["ann@connie.one".to_owned()]), "{plan}");
    project.run(&["apply", "--sandbox", "--yes"]).expect(0);
    let sandbox = project.serve();
    let ann = sandbox.user("ann@connie.one");
    assert_eq!(ann["app_metadata"].get("flex"), None, "{ann}");
    assert_eq!(flex(&sandbox, "lead@connie.one")["roles"], json!(["agent"]));
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

#[test]
fn what_others_keep_in_app_metadata_stays() {
    let project = enablement(
        "  select: {users: [ann@connie.one]}\n  rollout: {stage: all, pilot: [test@connie.one]}\n  removal: disable\n  \
         roles: {default: [agent]}\n",
    );
    project.edit(
        "sandbox.yaml",
        "{email: ann@connie.one, name: Ann Lee, email_verified: true}",
        "{email: ann@connie.one, name: Ann Lee, app_metadata: {intranet: {desk: 7}, flex: {skin: dark}}}",
    );
    project.reconcile();
    let sandbox = project.serve();
    let ann = sandbox.user("ann@connie.one");
    assert_eq!(ann["app_metadata"]["intranet"], json!({"desk": 7}));
    assert_eq!(ann["app_metadata"]["flex"], json!({"roles": ["agent"], "skin": "dark"}));
    project.edit("people.yaml", "[ann@connie.one]", "[test@connie.one]");
    project.run(&["apply", "--sandbox", "--yes"]).expect(0);
    let ann = sandbox.user("ann@connie.one");
    assert_eq!(ann["app_metadata"], json!({"intranet": {"desk": 7}, "flex": {"skin": "dark"}}));
}

#[test]
fn managed_provisioning_makes_flex_users_and_no_second_identity() {
    let project = enablement(
        "  select: {users: [ann@connie.one, lead@connie.one]}\n  rollout: {stage: all, pilot: [test@connie.one]}\n  \
         provisioning: managed\n  roles:\n    default: [agent]\n    overrides: [{user: lead@connie.one, roles: [supervisor]}]\n",
    );
    // Lena has signed in before by another way: she is there already.
    project.edit(
        "sandbox.yaml",
        "      apiKeys:",
        "      flexUsers: [{username: lead@connie.one, full_name: Lena Lead, email: lead@connie.one, roles: [supervisor]}]\n      apiKeys:",
    );
    project.reconcile();
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
    let users = flex_users(&project.serve());
    let names: Vec<_> = users.iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        names.iter().collect::<BTreeSet<_>>().len(),
        names.len(),
        "nobody is there, and billed, twice: {names:?}"
    );
    for name in ["ann@connie.one", "lead@connie.one", "test@connie.one"] {
        assert!(names.iter().any(|it| it == name), "{name} is not in {names:?}");
    }
    project.run(&["apply", "--sandbox", "--yes"]).expect(0);
    assert_eq!(flex_users(&project.serve()).len(), users.len());
}

/// Everybody in the example's Flex instance, by the API.
fn flex_users(sandbox: &Served) -> Vec<Value> {
    use base64::Engine as _;
    let basic =
        base64::engine::general_purpose::STANDARD.encode("SK00000000000000000000000000000001:sandbox");
    let path = "flex-api.twilio.com/v1/Instances/GO00000000000000000000000000000001/Users?PageSize=1000";
    let (status, answer) = sandbox.send("GET", path, Some(&format!("Basic {basic}")), None);
    assert_eq!(status, 200, "{answer}");
    let key = answer["meta"]["key"].as_str().unwrap_or("users").to_owned();
    answer[key].as_array().unwrap().clone()
}

#[test]
fn break_glass_administrators_of_every_profile_need_no_account_in_the_identity_provider() {
    let project = Project::example("auth0-flex");
    let flex = project.read("flex.yaml");
    let (_, profile) = flex.split_once("\n---\n").unwrap();
    project.write(
        "second.yaml",
        &profile
            .replace("metadata: {name: flex}", "metadata: {name: second}")
            .replace("Auth0 - Nevada Senior Services", "Second")
            .replace("Twilio Flex - NSS", "Twilio Flex - Second"),
    );
    let people = project.read("people.yaml");
    let (first, second) = people.split_once("\n---\n").unwrap();
    let second =
        second.replace("profile: flex", "profile: second").replace("root@connie.one", "rescue@connie.one");
    project.write("people.yaml", &format!("{first}\n---\n{second}"));
    project.edit(
        "sandbox.yaml",
        "      runtimeDomain: nss-1234.twil.io\n",
        "      runtimeDomain: nss-1234.twil.io\n      flexUsers:\n        \
         - {username: rescue, email: rescue@connie.one, full_name: Rescue, roles: [admin]}\n        \
         - {username: stray, email: stray@connie.one, full_name: Stray, roles: [agent]}\n",
    );
    let verified = project.run(&["verify", "--sandbox", "--format", "json"]).json();
    let checks = verified["checks"].as_array().unwrap();
    let accounts: Vec<&str> = checks
        .iter()
        .filter_map(|check| check["message"].as_str())
        .filter(|message| message.contains("none in the identity provider"))
        .collect();
    let [message] = accounts[..] else { panic!("{verified}") };
    assert!(message.contains("stray@connie.one") && !message.contains("rescue@connie.one"), "{message}");
}

/// Flex users by username: whether each is deactivated.
fn deactivated(sandbox: &Served, email: &str) -> bool {
    let user = flex_users(sandbox).into_iter().find(|user| user["username"] == email);
    user.is_none_or(|user| user["deactivated"] == true)
}

#[test]
fn leavers_are_deprovisioned_where_the_rule_says_so_and_somebody_allows_it() {
    let project = enablement(
        "  select: {users: [ann@connie.one, lead@connie.one]}\n  rollout: {stage: all, pilot: [test@connie.one]}\n  \
         provisioning: managed\n  removal: disable\n  roles: {default: [agent]}\n",
    );
    project.reconcile();
    project.edit("people.yaml", "users: [ann@connie.one, lead@connie.one]", "users: [lead@connie.one]");
    // `disable` leaves the Flex user.
    assert_eq!(lines(&project.plan()), ["delete nss/UserEnablement/home-care/auth0.user:ann@connie.one []"]);
    project.edit("people.yaml", "removal: disable", "removal: deprovision");
    assert_eq!(
        lines(&project.plan()),
        [
            "delete nss/UserEnablement/home-care/auth0.user:ann@connie.one []",
            "delete nss/UserEnablement/home-care/flex.user:ann@connie.one []",
        ]
    );
    let refused = project.run(&["apply", "--sandbox", "--yes"]).expect(4);
    assert!(refused.stderr.contains("refused by `deprovision`"), "{}", refused.stderr);
    assert!(!deactivated(&project.serve(), "ann@connie.one"));
    project.run(&["apply", "--sandbox", "--yes", "--allow", "deprovision"]).expect(0);
    let sandbox = project.serve();
    assert!(deactivated(&sandbox, "ann@connie.one"));
    assert!(!deactivated(&sandbox, "lead@connie.one"));
    assert_eq!(flex(&sandbox, "ann@connie.one"), Value::Null);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
    project.run(&["explain", "deprovision"]).expect(0);
}

#[test]
fn whoever_is_named_to_go_goes_from_both_sides() {
    let project = enablement(
        "  select: {users: [ann@connie.one, lead@connie.one]}\n  rollout: {stage: all, pilot: [test@connie.one]}\n  \
         provisioning: managed\n  roles: {default: [agent]}\n",
    );
    // Vol came by another way; nobody knows of the third.
    project.edit(
        "sandbox.yaml",
        "      apiKeys:",
        "      flexUsers: [{username: volunteer@connie.one, full_name: Vol, email: volunteer@connie.one, roles: [agent]}]\n      apiKeys:",
    );
    project.reconcile();
    project.edit("people.yaml", "users: [ann@connie.one, lead@connie.one]", "users: [lead@connie.one]");
    project.edit(
        "people.yaml",
        "  provisioning: managed\n",
        "  provisioning: managed\n  remove: [Ann@connie.one, volunteer@connie.one, nobody@connie.one]\n",
    );
    assert_eq!(
        lines(&project.plan()),
        [
            "delete nss/UserEnablement/home-care/auth0.user:ann@connie.one []",
            "delete nss/UserEnablement/home-care/flex.user:ann@connie.one []",
            "delete nss/UserEnablement/home-care/flex.user:volunteer@connie.one []",
        ]
    );
    project.run(&["apply", "--sandbox", "--yes"]).expect(0);
    let sandbox = project.serve();
    assert!(deactivated(&sandbox, "ann@connie.one") && deactivated(&sandbox, "volunteer@connie.one"));
    assert!(!deactivated(&sandbox, "lead@connie.one") && !deactivated(&sandbox, "test@connie.one"));
    assert_eq!(lines(&project.plan()), Vec::<String>::new(), "a tombstone stays, and asks for nothing more");
}
