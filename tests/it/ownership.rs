//! Whose objects are touched: ours, and nobody else's.

use serde_json::json;

use crate::support::{Project, changes, lines};

#[test]
fn a_field_that_somebody_changes_appears_as_exactly_that_field() {
    let project = Project::example("auth0-flex");
    project.reconcile();
    {
        let sandbox = project.serve();
        let client = sandbox.client_named("Twilio Flex - NSS");
        let mut samlp = client["addons"]["samlp"].clone();
        samlp["signResponse"] = json!(false);
        let id = client["client_id"].as_str().unwrap();
        sandbox.auth0("PATCH", &format!("clients/{id}"), Some(json!({"addons": {"samlp": samlp}})));
    }
    let plan = project.plan();
    assert_eq!(lines(&plan), ["update nss/SsoProfile/flex/auth0.client [addons.samlp.signResponse]"]);
    let change = changes(&plan, "update")[0];
    assert_eq!(
        (&change["fields"][0]["before"], &change["fields"][0]["after"]),
        (&json!(false), &json!(true))
    );
    assert!(change["reason"].as_str().unwrap().contains("somebody else"), "{change}");
    project.run(&["plan", "--sandbox", "--detailed-exitcode"]).expect(2);
    project.run(&["verify", "--sandbox"]).expect(6);
    project.reconcile();
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

#[test]
fn code_that_somebody_changes_is_shown_as_lines() {
    let project = Project::example("auth0-flex");
    project.reconcile();
    {
        let sandbox = project.serve();
        let actions = sandbox.auth0("GET", "actions/actions?per_page=100", None);
        let ours = actions["actions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|action| action["code"].as_str().unwrap().contains("concord:"))
            .expect("our Action");
        let code = ours["code"].as_str().unwrap().replace("exports.", "/* hacked */ exports.");
        let id = ours["id"].as_str().unwrap();
        sandbox.auth0("PATCH", &format!("actions/actions/{id}"), Some(json!({"code": code})));
    }
    let run = project.run(&["plan", "--sandbox"]).expect(0);
    assert!(run.stdout.contains("hacked"), "{}", run.stdout);
    let plan = project.plan();
    let paths: Vec<_> = plan["changes"][0]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["path"].as_str().unwrap())
        .collect();
    assert!(paths.contains(&"code"), "{plan}");
    assert_eq!(plan["changes"].as_array().unwrap().len(), 1, "{plan}");
    project.reconcile();
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

#[test]
fn foreign_objects_and_the_order_of_foreign_bindings_stay() {
    let project = Project::example("auth0-flex");
    let before = {
        let sandbox = project.serve();
        sandbox.auth0(
            "POST",
            "actions/actions",
            Some(json!({
                "name": "Second",
                "code": "exports.onExecutePostLogin = async () => {};",
                "supported_triggers": [{"id": "post-login", "version": "v3"}],
            })),
        );
        let second =
            sandbox.auth0("GET", "actions/actions?actionName=Second", None)["actions"][0]["id"].clone();
        let deploy = format!("actions/actions/{}/deploy", second.as_str().unwrap());
        for attempt in 0.. {
            std::thread::sleep(std::time::Duration::from_millis(100));
            let token = sandbox.auth0_token(crate::support::AUTH0);
            let path = format!("{}/api/v2/{deploy}", crate::support::AUTH0);
            if sandbox.send("POST", &path, Some(&token), None).0 < 300 {
                break;
            }
            assert!(attempt < 50, "the Action is never built");
        }
        sandbox.auth0(
            "PATCH",
            "actions/triggers/post-login/bindings",
            Some(json!({"bindings": [
                {"ref": {"type": "action_name", "value": "Second"}, "display_name": "Second"},
                {"ref": {"type": "action_name", "value": "Add groups"}, "display_name": "Add groups"},
            ]})),
        );
        assert_eq!(sandbox.bindings(), ["Second", "Add groups"]);
        sandbox.client_named("Intranet")
    };
    project.reconcile();
    {
        let sandbox = project.serve();
        let bindings = sandbox.bindings();
        assert_eq!(bindings[..2], ["Second", "Add groups"]);
        assert_eq!(bindings.len(), 3);
        assert_eq!(sandbox.client_named("Intranet"), before);
    }
    // Everything of ours goes, everything foreign stays as it is.
    project.remove("flex.yaml").remove("people.yaml");
    project.run(&["apply", "--sandbox", "--yes", "--simulate-operator"]).expect(4);
    project
        .run(&[
            "apply",
            "--sandbox",
            "--yes",
            "--simulate-operator",
            "--allow",
            "max-deletes",
            "--allow",
            "emptied",
        ])
        .expect(0);
    let sandbox = project.serve();
    assert_eq!(sandbox.bindings(), ["Second", "Add groups"]);
    assert_eq!(sandbox.client_named("Intranet"), before);
    assert_eq!(sandbox.clients().iter().filter(|client| client["name"] == "Twilio Flex - NSS").count(), 0);
    assert_eq!(sandbox.user("ann@connie.one")["app_metadata"].get("flex"), None);
    assert_eq!(
        sandbox.profiles(),
        Vec::<serde_json::Value>::new(),
        "the profile's removal was a manual step"
    );
}

#[test]
fn removing_a_resource_plans_its_deletion_and_nothing_else() {
    let project = Project::example("auth0-flex");
    project.reconcile();
    let people = project.read("people.yaml");
    let (first, _) = people.split_once("\n---\n").unwrap();
    project.write("people.yaml", first);
    let plan = project.plan();
    assert_eq!(
        lines(&plan),
        ["delete nss/UserEnablement/respite/auth0.user:maria@respite.connie.one []"],
        "{plan}"
    );
    assert_eq!(plan["changes"][0]["source"], serde_json::Value::Null);
    project.run(&["apply", "--sandbox", "--yes"]).expect(0);
    assert_eq!(project.serve().user("maria@respite.connie.one")["app_metadata"].get("flex"), None);
}

#[test]
fn an_unmarked_object_of_the_same_name_is_taken_over_only_when_the_manifest_says_so() {
    let project = Project::example("auth0-flex");
    project.serve().auth0("POST", "clients", Some(json!({"name": "Twilio Flex - NSS", "app_type": "spa"})));
    let refused = project.run(&["apply", "--sandbox", "--yes", "--simulate-operator"]).expect(4);
    assert!(refused.stderr.contains("adopt: true"), "{}", refused.stderr);
    assert_eq!(project.serve().clients().iter().filter(|it| it["name"] == "Twilio Flex - NSS").count(), 1);
    project.edit("flex.yaml", "{name: Twilio Flex - NSS}", "{name: Twilio Flex - NSS, adopt: true}");
    let plan = project.plan();
    assert_eq!(changes(&plan, "adopt").len(), 1, "{plan}");
    project.reconcile();
    let sandbox = project.serve();
    assert_eq!(sandbox.clients().iter().filter(|it| it["name"] == "Twilio Flex - NSS").count(), 1);
    assert_eq!(sandbox.client_named("Twilio Flex - NSS")["app_type"], "regular_web");
}

#[test]
fn a_renamed_profile_plans_a_rename() {
    let project = Project::example("auth0-flex");
    project.reconcile();
    let before = project.serve().client_named("Twilio Flex - NSS")["client_id"].clone();
    project.edit("flex.yaml", "metadata: {name: flex}", "metadata: {name: agents, formerly: flex}");
    project.edit("people.yaml", "profile: flex", "profile: agents");
    let plan = project.plan();
    assert_eq!(changes(&plan, "create"), Vec::<&serde_json::Value>::new(), "{plan}");
    assert_eq!(changes(&plan, "delete"), Vec::<&serde_json::Value>::new(), "{plan}");
    assert_eq!(
        changes(&plan, "manual"),
        Vec::<&serde_json::Value>::new(),
        "attestations under the former name count"
    );
    let client = changes(&plan, "update")
        .into_iter()
        .find(|change| change["address"] == "nss/SsoProfile/agents/auth0.client")
        .unwrap_or_else(|| panic!("{plan}"));
    assert!(client["reason"].as_str().unwrap().contains("renamed from nss/SsoProfile/flex/auth0.client"));
    project.reconcile();
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
    let sandbox = project.serve();
    let client = sandbox.client_named("Twilio Flex - NSS");
    assert_eq!(client["client_id"], before);
    assert!(client["client_metadata"].to_string().contains("/SsoProfile/agents/"), "{client}");
    assert_eq!(sandbox.bindings().len(), 2);
}

#[test]
fn a_second_project_in_the_same_tenant_is_left_alone() {
    let ours = Project::example("auth0-flex");
    ours.reconcile();
    // Another project with the same names, on the same vendors.
    let other = Project::example("auth0-flex");
    other.edit("concord.yaml", "k3jd82mahx5t", "an0therpr0ject");
    other.edit("flex.yaml", "Twilio Flex - NSS", "Twilio Flex - Other");
    other.write("people.yaml", "");
    let state = ours.path().join(".concord/sandbox");
    let state = state.to_str().unwrap();
    other
        .run(&["apply", "--sandbox", "--sandbox-state", state, "--yes", "--allow-incomplete", "--no-verify"])
        .expect(3);
    assert_eq!(lines(&ours.plan()), Vec::<String>::new());
    let sandbox = ours.serve();
    assert_eq!(
        sandbox.clients().iter().filter(|it| it["name"].as_str().unwrap().starts_with("Twilio Flex")).count(),
        2
    );
    assert_eq!(sandbox.bindings().len(), 3);
    drop(sandbox);
    other.remove("flex.yaml");
    other
        .run(&[
            "apply",
            "--sandbox",
            "--sandbox-state",
            state,
            "--yes",
            "--allow",
            "max-deletes",
            "--allow",
            "emptied",
        ])
        .expect(0);
    assert_eq!(lines(&ours.plan()), Vec::<String>::new());
    assert_eq!(ours.serve().bindings().len(), 2);
}

#[test]
fn letting_go_leaves_the_object_and_takes_the_marker() {
    let project = Project::example("auth0-flex");
    project.edit(
        "flex.yaml",
        "  testUsers: [test@connie.one]\n",
        "  testUsers: [test@connie.one]\nlifecycle: {onRemoval: forget}\n",
    );
    project.reconcile();
    project.remove("flex.yaml").remove("people.yaml");
    // The people's enablements are no part of what is let go.
    project.run(&["apply", "--sandbox", "--yes", "--allow", "emptied"]).expect(0);
    let sandbox = project.serve();
    assert_eq!(sandbox.profiles().len(), 1, "nobody is asked to remove it");
    let client = sandbox.client_named("Twilio Flex - NSS");
    // What the Action knows the application by stays, so that sign-in goes on; it says nothing about ownership.
    assert_eq!(client["client_metadata"].get("concord"), None, "{}", client["client_metadata"]);
    drop(sandbox);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

#[test]
fn a_person_who_moves_to_another_enablement_stays_enabled() {
    let project = Project::example("auth0-flex");
    project.reconcile();
    project.edit(
        "people.yaml",
        "exclude: [volunteer@connie.one]",
        "exclude: [volunteer@connie.one, ann@connie.one]",
    );
    project.edit(
        "people.yaml",
        "pilot: [maria@respite.connie.one]",
        "pilot: [maria@respite.connie.one, ann@connie.one]",
    );
    let plan = project.plan();
    assert_eq!(
        lines(&plan),
        ["update nss/UserEnablement/respite/auth0.user:ann@connie.one \
          [app_metadata.flex.program, app_metadata.flex.team]"],
        "{plan}"
    );
    project.reconcile();
    assert_eq!(project.serve().user("ann@connie.one")["app_metadata"]["flex"]["team"], "respite");
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

#[test]
fn nobody_is_enabled_by_two_enablements() {
    let project = Project::example("auth0-flex");
    project.edit(
        "people.yaml",
        "pilot: [maria@respite.connie.one]",
        "pilot: [maria@respite.connie.one, ann@connie.one]",
    );
    let refused = project.run(&["plan", "--sandbox"]).expect(1);
    assert!(refused.stderr.contains("user-enabled-twice"), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("`ann@connie.one` is enabled by `home-care` and by `respite`"),
        "{}",
        refused.stderr
    );
}

#[test]
fn whoever_leaves_waits_for_no_manual_step_of_another_profile() {
    let project = Project::example("auth0-flex");
    project.edit(
        "people.yaml",
        "  breakGlass: [root@connie.one]\n",
        "  breakGlass: [root@connie.one]\n  removal: disable\n",
    );
    project.reconcile();
    let profile = project.read("flex.yaml");
    let (_, second) = profile.split_once("\n---\n").unwrap();
    project.write(
        "second.yaml",
        &second
            .replace("metadata: {name: flex}", "metadata: {name: second}")
            .replace("Twilio Flex - NSS", "Twilio Flex - Second"),
    );
    project.edit(
        "people.yaml",
        "exclude: [volunteer@connie.one]",
        "exclude: [volunteer@connie.one, ann@connie.one]",
    );
    project.run(&["apply", "--sandbox", "--yes"]).expect(3);
    assert_eq!(project.serve().user("ann@connie.one")["app_metadata"].get("flex"), None);
}

#[test]
fn an_application_stays_until_the_profile_that_leads_to_it_is_removed() {
    let project = Project::example("auth0-flex");
    project.reconcile();
    project.remove("flex.yaml").remove("people.yaml");
    let allow = ["--allow", "max-deletes", "--allow", "emptied"];
    let apply = ["apply", "--sandbox", "--yes"];
    project.run(&[&apply[..], &allow[..]].concat()).expect(3);
    assert_eq!(project.serve().client_named("Twilio Flex - NSS")["app_type"], "regular_web");
    // A word is not enough where the connection can be seen.
    let refused = project.run(&["attest", "--sandbox", "--removed", "--by", "ann@connie.one"]).expect(1);
    assert!(refused.stderr.contains("is still there"), "{}", refused.stderr);
    project.run(&[&apply[..], &["--simulate-operator"], &allow[..]].concat()).expect(0);
    let sandbox = project.serve();
    assert!(sandbox.clients().iter().all(|client| client["name"] != "Twilio Flex - NSS"));
    assert_eq!(sandbox.profiles(), Vec::<serde_json::Value>::new());
}

#[test]
fn statements_about_a_removed_profile_say_nothing_about_a_new_one() {
    let project = Project::example("auth0-flex");
    project.reconcile();
    let (flex, people) = (project.read("flex.yaml"), project.read("people.yaml"));
    project.remove("flex.yaml").remove("people.yaml");
    project
        .run(&[
            "apply",
            "--sandbox",
            "--yes",
            "--simulate-operator",
            "--allow",
            "max-deletes",
            "--allow",
            "emptied",
        ])
        .expect(0);
    project.write("flex.yaml", &flex).write("people.yaml", &people);
    let open: Vec<String> = changes(&project.plan(), "manual")
        .iter()
        .map(|change| change["address"].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(open, ["flex.label", "flex.test", "flex.trust", "flex.urls"]);
}
