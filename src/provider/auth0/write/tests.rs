use serde_json::{Value as Json, json};

use super::super::{
    fake::{Fake, State},
    lower::{
        Auth0Vendor,
        tests::{Fixture, member},
    },
};
use super::*;
use crate::{
    component::{Address, Observation, Orphan, Snapshot},
    plan::{attest::Standing, diff},
    provider::{IdentityProvider as _, Observe as _, Scope, ServiceProviderSide},
};

fn scope() -> Scope {
    Scope { project: "k3jd82ma".to_owned(), tenants: vec!["nss".parse().unwrap()] }
}

/// The example's components with everything known, and one person's.
fn components() -> Vec<Component> {
    let fixture = Fixture::new();
    let side = ServiceProviderSide {
        entity_id: "urn:flex:JQ1".into(),
        acs_url: "https://login.flex.us1.twilio.com/login/callback?connection=JQ1".into(),
        callback_urls: vec!["https://nss.connie.team/callback".into()],
        logout_urls: vec!["https://nss.connie.team".into()],
        start_url: None,
        gates: Vec::new(),
    };
    let mut components = fixture.with(|context| Auth0Vendor.lower(context, &side)).unwrap();
    components.extend(member(&fixture, &["agent"], &[("team", "north")]));
    components.retain(|it| it.address.component_type() != kind::KEYS);
    components
}

fn of_type<'a>(components: &'a [Component], component_type: &str) -> &'a Component {
    components.iter().find(|it| it.address.component_type() == component_type).unwrap()
}

fn ann() -> Json {
    json!({"user_id": "auth0|1", "email": "ann@connie.one", "created_at": "2026-01-01T00:00:00.000Z",
        "app_metadata": {"other": 1}})
}

async fn observe(fake: &Fake, components: &[Component]) -> Snapshot {
    let components: Vec<&Component> = components.iter().collect();
    fake.tenant().observe(&components, &scope()).await
}

fn present<'a>(snapshot: &'a Snapshot, address: &Address) -> &'a Observed {
    match &snapshot.components[address] {
        Observation::Present(observed) => observed,
        other => panic!("{address}: {other:?}"),
    }
}

async fn create(fake: &Fake, component: &Component) -> Observed {
    let note = component.applied_note();
    match fake.tenant().carry_out(Write::Create { component, note: &note }).await.unwrap() {
        Written::Present(observed) => *observed,
        Written::Gone => panic!("gone"),
    }
}

fn changed(component: &Component, observed: &Observed) -> Vec<String> {
    let difference = diff::of_present(component, observed, Standing::Open);
    difference.managed.into_iter().map(|field| field.path).collect()
}

async fn update(fake: &Fake, component: &Component, observed: &Observed) -> Result<Written, WriteError> {
    let (changed, note) = (changed(component, observed), component.applied_note());
    fake.tenant().carry_out(Write::Update { component, observed, changed: &changed, note: &note }).await
}

async fn applied(fake: &Fake) -> Vec<Component> {
    let components = components();
    for component in &components {
        create(fake, component).await;
    }
    components
}

async fn with_a_foreign_action() -> Fake {
    Fake::start(State {
        actions: vec![
            json!({"id": "foreign1", "name": "x", "status": "built", "code": "// concord: not a marker"}),
            json!({"id": "foreign2", "name": "y", "status": "built"}),
        ],
        bindings: vec![("k1".to_owned(), "foreign1".to_owned()), ("k2".to_owned(), "foreign2".to_owned())],
        users: vec![ann()],
        ..State::default()
    })
    .await
}

#[tokio::test]
async fn what_was_created_has_nothing_left_to_do() {
    let fake = with_a_foreign_action().await;
    let components = components();
    let before = observe(&fake, &components).await;
    assert!(components.iter().all(|it| before.components[&it.address] == Observation::Absent));
    for component in &components {
        let written = create(&fake, component).await;
        assert_eq!(changed(component, &written), [] as [&str; 0], "{}", component.address);
    }
    let after = observe(&fake, &components).await;
    assert!(after.gaps.is_empty() && after.orphans.is_empty(), "{after:?}");
    for component in &components {
        let observed = present(&after, &component.address);
        assert_eq!(observed.ownership, Ownership::Ours);
        assert_eq!(changed(component, observed), [] as [&str; 0], "{}", component.address);
        if component.address.component_type() != kind::BINDING {
            assert_eq!(observed.applied, Some(component.applied_note()), "{}", component.address);
        }
    }
    let client = present(&after, &of_type(&components, kind::CLIENT).address);
    assert_eq!(
        client.outputs["ssoUrl"],
        Value::text(format!(
            "https://nss.us.auth0.com/samlp/{}?connection=Username-Password-Authentication",
            client.id
        ))
    );
    fake.with(|state| {
        let order: Vec<&str> = state.bindings.iter().map(|(_, action)| action.as_str()).collect();
        assert_eq!(order[..2], ["foreign1", "foreign2"]);
        assert_eq!(order.len(), 3);
        assert_eq!(state.users[0]["app_metadata"]["other"], 1);
    });
}

#[tokio::test]
async fn an_update_keeps_what_it_does_not_own() {
    let fake = with_a_foreign_action().await;
    let components = applied(&fake).await;
    fake.with(|state| {
        let client = &mut state.clients[0];
        client["addons"]["wsfed"] = json!({"x": 1});
        client["addons"]["samlp"]["logout"] = json!({"slo_enabled": true});
        client["addons"]["samlp"]["signResponse"] = false.into();
        client["client_metadata"]["theirs"] = "kept".into();
        state.users[0]["app_metadata"]["flex"]["theirs"] = 1.into();
        state.users[0]["app_metadata"]["flex"]["roles"] = json!(["admin"]);
    });
    let snapshot = observe(&fake, &components).await;
    let client = of_type(&components, kind::CLIENT);
    let observed = present(&snapshot, &client.address);
    assert_eq!(changed(client, observed), ["addons.samlp.signResponse"]);
    assert_eq!(observed.kept, 3);
    update(&fake, client, observed).await.unwrap();

    let mut user = of_type(&components, kind::USER).clone();
    user.fields.retain(|it| it.path != "app_metadata.flex.team");
    user.fields.iter_mut().find(|it| it.path == field_keys()).unwrap().value = Value::texts(["roles"]);
    let observed = present(&snapshot, &user.address);
    assert_eq!(changed(&user, observed), ["app_metadata.flex.roles", field_keys()]);
    update(&fake, &user, observed).await.unwrap();

    fake.with(|state| {
        let addons = &state.clients[0]["addons"];
        assert_eq!(addons["wsfed"], json!({"x": 1}));
        assert_eq!(addons["samlp"]["logout"], json!({"slo_enabled": true}));
        assert_eq!(addons["samlp"]["signResponse"], true);
        assert_eq!(state.clients[0]["client_metadata"]["theirs"], "kept");
        assert_eq!(state.users[0]["app_metadata"]["flex"], json!({"roles": ["agent"], "theirs": 1}));
        let (_, _, body) = state
            .log
            .iter()
            .rfind(|(method, path, _)| method == "PATCH" && path.contains("clients"))
            .unwrap();
        assert_eq!(
            body.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["addons", "client_metadata"],
            "only what differs"
        );
    });
}

fn field_keys() -> &'static str {
    super::super::lower::field::KEYS
}

#[tokio::test]
async fn what_somebody_else_changed_since_the_plan_is_a_conflict() {
    let fake = with_a_foreign_action().await;
    let components = applied(&fake).await;
    let client = of_type(&components, kind::CLIENT);
    fake.with(|state| state.clients[0]["name"] = "Other".into());
    let planned = present(&observe(&fake, &components).await, &client.address).clone();
    fake.with(|state| state.clients[0]["name"] = "Yet another".into());
    assert!(matches!(update(&fake, client, &planned).await, Err(WriteError::Conflict { .. })));
    fake.with(|state| {
        state.clients[0]["client_metadata"]["concord"] = "p/nss/SsoProfile/x/auth0.client".into()
    });
    assert!(matches!(update(&fake, client, &planned).await, Err(WriteError::Conflict { .. })));
    let removal = Write::Delete { address: &client.address, observed: &planned };
    assert!(matches!(fake.tenant().carry_out(removal).await, Err(WriteError::Conflict { .. })));
    assert_eq!(fake.with(|state| state.clients.len()), 1);
}

#[tokio::test]
async fn what_no_manifest_asks_for_is_an_orphan_and_goes_without_a_trace() {
    let fake = with_a_foreign_action().await;
    applied(&fake).await;
    let snapshot = observe(&fake, &[]).await;
    let types: Vec<&str> = snapshot.orphans.iter().map(|it| it.address.component_type()).collect();
    assert_eq!(types, [kind::CLIENT, kind::ACTION, kind::USER]);
    for orphan in &snapshot.orphans {
        let removal = Write::Delete { address: &orphan.address, observed: &orphan.observed };
        assert_eq!(fake.tenant().carry_out(removal.clone()).await.unwrap(), Written::Gone);
        // Once more, as after a lost answer, finds it done.
        let writes = fake.writes();
        assert_eq!(fake.tenant().carry_out(removal).await.unwrap(), Written::Gone);
        assert_eq!(fake.writes(), writes);
    }
    fake.with(|state| {
        assert!(state.clients.is_empty());
        assert_eq!(state.users[0], ann());
        let order: Vec<&str> = state.bindings.iter().map(|(_, action)| action.as_str()).collect();
        assert_eq!(order, ["foreign1", "foreign2"]);
        assert_eq!(state.actions.len(), 2);
    });
    assert!(observe(&fake, &[]).await.orphans.is_empty());
}

#[tokio::test]
async fn letting_go_leaves_the_objects_working() {
    let fake = with_a_foreign_action().await;
    let components = applied(&fake).await;
    let snapshot = observe(&fake, &[]).await;
    for orphan in &snapshot.orphans {
        let write = Write::Forget { address: &orphan.address, observed: &orphan.observed };
        assert_eq!(fake.tenant().carry_out(write).await.unwrap(), Written::Gone);
    }
    assert!(observe(&fake, &[]).await.orphans.is_empty());
    fake.with(|state| {
        let marker = of_type(&components, kind::CLIENT).marker.to_string();
        assert_eq!(state.clients[0]["client_metadata"], json!({"concord_was": marker}));
        let action = state.actions.last().unwrap();
        assert!(action["code"].as_str().unwrap().contains(&marker), "it still knows its application");
        assert_eq!(action["all_changes_deployed"], true);
        assert_eq!(state.users[0]["app_metadata"]["flex"]["team"], "north");
    });
}

#[tokio::test]
async fn letting_go_twice_finds_it_done_and_goes_on_where_it_stopped() {
    let fake = with_a_foreign_action().await;
    applied(&fake).await;
    let snapshot = observe(&fake, &[]).await;
    assert_eq!(snapshot.orphans.len(), 3);
    for orphan in &snapshot.orphans {
        let write = Write::Forget { address: &orphan.address, observed: &orphan.observed };
        fake.tenant().carry_out(write.clone()).await.unwrap();
        let writes = fake.writes();
        assert_eq!(fake.tenant().carry_out(write).await.unwrap(), Written::Gone, "{}", orphan.address);
        assert_eq!(fake.writes(), writes, "{}", orphan.address);
    }
    let action = snapshot.orphans.iter().find(|it| it.address.component_type() == kind::ACTION).unwrap();
    let forget = || Write::Forget { address: &action.address, observed: &action.observed };
    // The answer to the draft was lost, so it was never deployed.
    fake.with(|state| state.actions.last_mut().unwrap()["all_changes_deployed"] = false.into());
    fake.tenant().carry_out(forget()).await.unwrap();
    assert_eq!(fake.with(|state| state.actions.last().unwrap()["all_changes_deployed"].clone()), true);
    // A draft that somebody wrote since is theirs.
    fake.with(|state| {
        let theirs = state.actions.last_mut().unwrap();
        theirs["code"] = "exports.onExecutePostLogin = async () => {};".into();
        theirs["all_changes_deployed"] = false.into();
    });
    assert_eq!(fake.tenant().carry_out(forget()).await.unwrap(), Written::Gone);
    assert_eq!(fake.with(|state| state.actions.last().unwrap()["all_changes_deployed"].clone()), false);
}

#[tokio::test]
async fn what_carries_the_marker_of_somebody_else_is_not_let_go_of() {
    let fake = with_a_foreign_action().await;
    applied(&fake).await;
    let snapshot = observe(&fake, &[]).await;
    let theirs = "p/nss/SsoProfile/x/auth0.client";
    fake.with(|state| {
        state.clients[0]["client_metadata"]["concord"] = theirs.into();
        state.actions.last_mut().unwrap()["code"] = format!("// concord: {theirs}\n").into();
        state.users[0]["app_metadata"]["concord"]["marker"] = theirs.into();
    });
    let writes = fake.writes();
    for Orphan { address, observed, .. } in &snapshot.orphans {
        for write in [Write::Forget { address, observed }, Write::Delete { address, observed }] {
            let result = fake.tenant().carry_out(write).await;
            assert!(matches!(result, Err(WriteError::Conflict { .. })), "{address}: {result:?}");
        }
    }
    assert_eq!(fake.writes(), writes);
}

#[tokio::test]
async fn an_action_that_was_not_deployed_is_only_deployed() {
    let fake = with_a_foreign_action().await;
    let components = applied(&fake).await;
    let action = of_type(&components, kind::ACTION);
    fake.with(|state| state.actions.last_mut().unwrap()["all_changes_deployed"] = false.into());
    let observed = present(&observe(&fake, &components).await, &action.address).clone();
    assert_eq!(changed(action, &observed), ["deployed"]);
    let before = fake.writes();
    update(&fake, action, &observed).await.unwrap();
    assert_eq!(fake.writes() - before, 1);
}

#[tokio::test]
async fn values_that_somebody_set_by_hand_are_not_overwritten_unasked() {
    let fake = with_a_foreign_action().await;
    let components = components();
    let user = of_type(&components, kind::USER);
    fake.with(|state| state.users[0]["app_metadata"]["flex"] = json!({"roles": ["admin"]}));
    let note = user.applied_note();
    let write = Write::Create { component: user, note: &note };
    assert!(matches!(fake.tenant().carry_out(write).await, Err(WriteError::Conflict { .. })));
    assert_eq!(fake.writes(), 0);
}

/// The three objects with a marker, and how somebody takes it away.
fn strip(state: &mut State) {
    state.clients[0]["client_metadata"] = json!({});
    let code = state.actions.last().unwrap()["code"].as_str().unwrap().to_owned();
    state.actions.last_mut().unwrap()["code"] = super::super::action::without_header(&code).into();
    state.users[0]["app_metadata"].as_object_mut().unwrap().remove("concord");
}

const MARKED: [&str; 3] = [kind::CLIENT, kind::ACTION, kind::USER];

#[tokio::test]
async fn a_marker_that_somebody_removed_since_the_plan_is_a_conflict() {
    let fake = with_a_foreign_action().await;
    let mut components = applied(&fake).await;
    // Not even `adopt: true` gives back what the plan did not see unmarked.
    components.iter_mut().for_each(|it| it.adopt = true);
    let planned = observe(&fake, &components).await;
    fake.with(strip);
    let writes = fake.writes();
    for component_type in MARKED {
        let component = of_type(&components, component_type);
        let result = update(&fake, component, present(&planned, &component.address)).await;
        assert!(matches!(result, Err(WriteError::Conflict { .. })), "{component_type}: {result:?}");
    }
    assert_eq!(fake.writes(), writes);
}

#[tokio::test]
async fn what_is_unmarked_is_taken_over_only_where_the_manifest_adopts_it() {
    let fake = with_a_foreign_action().await;
    let mut components = applied(&fake).await;
    fake.with(strip);
    let planned = observe(&fake, &components).await;
    let writes = fake.writes();
    for component_type in MARKED {
        let component = of_type(&components, component_type);
        let observed = present(&planned, &component.address);
        assert_eq!(observed.ownership, Ownership::Unmarked, "{component_type}");
        let result = update(&fake, component, observed).await;
        assert!(matches!(result, Err(WriteError::Conflict { .. })), "{component_type}: {result:?}");
    }
    assert_eq!(fake.writes(), writes);
    components.iter_mut().for_each(|it| it.adopt = true);
    for component_type in MARKED {
        let component = of_type(&components, component_type);
        update(&fake, component, present(&planned, &component.address)).await.unwrap();
    }
    let after = observe(&fake, &components).await;
    for component_type in MARKED {
        let address = &of_type(&components, component_type).address;
        assert_eq!(present(&after, address).ownership, Ownership::Ours, "{component_type}");
    }
}

#[test]
fn a_seed_is_written_on_creation_and_never_over_a_value() {
    let components = Fixture::new().lower().unwrap();
    let client = of_type(&components, kind::CLIENT);
    let body = Json::Object(super::client::creation(client, &client.applied_note()));
    assert_eq!(body["callbacks"], json!(["https://nss.connie.team/callback"]));
    assert!(body["addons"]["samlp"].get("audience").is_none(), "null is left out");
    let existing = serde_json::from_value(json!({
        "client_id": "c", "addons": {"samlp": {"audience": "urn:flex:JQ1"}},
    }))
    .unwrap();
    let changed = ["addons.samlp.audience", "addons.samlp.signResponse", "callbacks"].map(str::to_owned);
    let body = super::client::update(&existing, client, &changed, &client.applied_note()).unwrap();
    assert_eq!(body["addons"]["samlp"]["audience"], "urn:flex:JQ1");
    assert!(!body.contains_key("callbacks"));
}
