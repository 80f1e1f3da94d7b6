//! Flex users: read in bulk, written one by one.

use std::{collections::BTreeSet, sync::Mutex};

use serde_json::{Value as Json, json};

use super::{
    observing::{Seen, Server, answer, config, ok, with_key},
    *,
};
use crate::{
    component::{Observation, Observed, Ownership, UnknownReason},
    manifest::user_enablement::{Provisioning, Stage},
    plan::{Permit, PlanInput, assemble, guard},
    provider::{Member, Person, Scope, Write, WriteError, Written},
};

fn user(sid: &str, username: &str, email: &str) -> Json {
    json!({"flex_user_sid": sid, "username": username, "full_name": "Ann", "email": email, "roles": ["agent"],
           "worker_sid": null, "version": 1, "deactivated": false})
}

/// Two pages of users.
fn pages(seen: &Seen) -> axum::http::Response<axum::body::Body> {
    assert_eq!(seen.path, format!("/v1/Instances/{INSTANCE_SID}/Users"));
    assert_eq!(seen.query["PageSize"], "1000");
    match seen.query.get("PageToken").map(String::as_str) {
        None => ok(&json!({
            "users": [user("FU1", "Ann@connie.one", "ann@connie.one"), user("FU2", "bob", "bob@connie.one")],
            "meta": {"key": "users", "next_page_url": "https://evil.example/x?PageSize=1000&Page=1&PageToken=PAFU2"},
        })),
        Some("PAFU2") => {
            let mut gone = user("FU3", "cid@connie.one", "cid@connie.one");
            gone["deactivated"] = true.into();
            let twins = [
                user("FU4", "dan@connie.one", "dan@connie.one"),
                user("FU5", "DAN@connie.one", "dan@connie.one"),
            ];
            ok(&json!({"users": [gone, twins[0], twins[1]], "meta": {"key": "users", "next_page_url": null}}))
        }
        Some(_) => answer(400, &[], "{}"),
    }
}

fn component(email: &str) -> Component {
    let mut project = Project::new();
    project.enablement.spec.provisioning = Provisioning::Managed;
    let person = Person {
        id: "auth0|1".to_owned(),
        email: email.to_owned(),
        name: Some("Ann".to_owned()),
        is_active: true,
        groups: BTreeSet::new(),
        ..Person::default()
    };
    let member = Member {
        person: &person,
        account: None,
        stage: Stage::Pilot,
        roles: vec!["agent".to_owned().try_into().unwrap()],
        attributes: BTreeMap::new(),
        origin: project.enablement.origin(),
        needs: Vec::new(),
    };
    project.with(|context| FlexProduct.lower_member(context, &project.enablement, &member)).remove(0)
}

async fn observe(server: &Server, config: &FlexConfig, emails: &[&str]) -> Vec<Observation> {
    let components: Vec<Component> = emails.iter().map(|email| component(email)).collect();
    let reader = reader(&server.http(), config).unwrap();
    let scope = Scope { project: "k3jd82ma".to_owned(), tenants: Vec::new() };
    let snapshot = reader.observe(&components.iter().collect::<Vec<_>>(), &scope).await;
    components.iter().map(|component| snapshot.components[&component.address].clone()).collect()
}

#[tokio::test]
async fn users_are_found_by_name_over_all_pages() {
    let server = Server::start(pages).await;
    let emails = ["ann@connie.one", "bob@connie.one", "cid@connie.one", "dan@connie.one", "eve@connie.one"];
    let seen = observe(&server, &with_key(), &emails).await;
    let ownership = |at: usize| match &seen[at] {
        Observation::Present(observed) => observed.ownership.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(ownership(0), Ownership::Ours);
    assert!(matches!(ownership(1), Ownership::Foreign(whose) if whose.contains("FU2")));
    assert_eq!(seen[2], Observation::Absent);
    assert_eq!(ownership(3), Ownership::Ambiguous(vec!["FU4".to_owned(), "FU5".to_owned()]));
    assert_eq!(seen[4], Observation::Absent);
    // Two requests for five people, and none to the host that a link named.
    assert_eq!(server.seen().len(), 2);
    assert!(
        server.seen().iter().all(|seen| seen.host == "flex-api.twilio.com" && seen.authorization.is_some())
    );
}

#[tokio::test]
async fn an_incomplete_list_leaves_everybody_unknown() {
    for broken in [
        json!({"users": {}}),
        json!({"users": [{"username": "ann"}]}),
        json!({"users": [], "meta": {"next_page_url": "https://flex-api.twilio.com/?Page=1"}}),
    ] {
        let server = Server::start(move |_| ok(&broken)).await;
        assert!(matches!(
            &observe(&server, &with_key(), &["ann@connie.one"]).await[0],
            Observation::Unknown(unknown) if unknown.reason == UnknownReason::Unexpected
        ));
    }
    let server = Server::start(|_| answer(403, &[], r#"{"code": 45003, "message": "no"}"#)).await;
    let error = list_users(&server.http(), &with_key()).await.unwrap_err();
    assert_eq!(error.reason, UnknownReason::Forbidden);
    let error = list_users(&server.http(), &config()).await.unwrap_err();
    assert_eq!(error.reason, UnknownReason::NoCredential);
}

fn permit() -> Permit {
    let input = PlanInput {
        project: "k3jd82ma",
        environment: crate::component::Environment::Live,
        components: Vec::new(),
        snapshots: BTreeMap::new(),
        attestations: Vec::new(),
        removals: Vec::new(),
        policies: BTreeMap::new(),
        gaps: Vec::new(),
        warnings: Vec::new(),
    };
    let plan = assemble(input).unwrap();
    guard::approve(plan, &BTreeSet::new(), jiff::Timestamp::UNIX_EPOCH).unwrap().permit()
}

#[tokio::test]
async fn a_user_is_provisioned_and_read_again() {
    let made = Arc::new(Mutex::new(None));
    let kept = made.clone();
    let server = Server::start(move |seen| match (seen.method.as_str(), seen.path.rsplit('/').next().unwrap()) {
        ("POST", "Provision") => {
            *kept.lock().unwrap() = Some(seen.body.clone());
            answer(201, &[], "{}")
        }
        ("GET", "Users") if seen.query["Username"].eq_ignore_ascii_case("ann@connie.one") => {
            ok(&json!({"users": [user("FU1", "ann@connie.one", "ann@connie.one")], "meta": {"list_key": "users"}}))
        }
        _ => answer(404, &[], ""),
    })
    .await;
    let writer = writer(&server.http(), &with_key()).unwrap();
    let component = component("ann@connie.one");
    let note = component.applied_note();
    let write = Write::Create { component: &component, note: &note };
    let Written::Present(observed) = writer.write(&permit(), write).await.unwrap() else { panic!() };
    assert_eq!(observed.id, "FU1");
    for field in &component.fields {
        assert!(field.rule.is_same(&field.value, &observed.fields[&field.path]), "{}", field.path);
    }
    let mut as_stored = (*observed).clone();
    as_stored.fields.insert("username".to_owned(), "Ann@connie.one".into());
    let body = made.lock().unwrap().take().unwrap();
    let write = Write::Update { component: &component, observed: &as_stored, changed: &[], note: &note };
    let _ = writer.write(&permit(), write).await;
    assert_eq!(made.lock().unwrap().take().unwrap()["username"], "Ann@connie.one");
    assert_eq!(
        body,
        json!({"username": "ann@connie.one", "full_name": "Ann", "email": "ann@connie.one", "roles": ["agent"], "worker": {}})
    );
}

#[tokio::test]
async fn a_user_is_deprovisioned_once() {
    let server = Server::start(|seen| match seen.body["flex_user_sid"].as_str() {
        Some("FU1") => answer(204, &[], ""),
        _ => answer(404, &[], r#"{"code": 45006, "message": "not found"}"#),
    })
    .await;
    let writer = writer(&server.http(), &with_key()).unwrap();
    let component = component("ann@connie.one");
    for id in ["FU1", "FU9"] {
        let observed = Observed { id: id.to_owned(), ..Observed::default() };
        let write = Write::Delete { address: &component.address, observed: &observed };
        assert_eq!(writer.write(&permit(), write).await.unwrap(), Written::Gone);
    }
    let asked: Vec<_> = server.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(asked, vec![format!("/v4/Instances/{INSTANCE_SID}/Users/Deprovision"); 2]);
}

#[tokio::test]
async fn nothing_else_is_written_and_nothing_without_a_key() {
    let server = Server::start(|_| answer(500, &[], "")).await;
    let observed = Observed::default();
    let trust = address("flex.trust");
    let refused = writer(&server.http(), &with_key()).unwrap();
    let write = Write::Delete { address: &trust, observed: &observed };
    assert!(matches!(refused.write(&permit(), write).await, Err(WriteError::Refused { .. })));
    let keyless = writer(&server.http(), &config()).unwrap();
    let ann = component("ann@connie.one").address;
    let write = Write::Delete { address: &ann, observed: &observed };
    assert!(matches!(keyless.write(&permit(), write).await, Err(WriteError::NoCredential { .. })));
    assert!(server.seen().is_empty());
}
