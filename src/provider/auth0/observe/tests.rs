use serde_json::{Value as Json, json};

use super::super::{
    fake::{Fake, State},
    lower::tests::{Fixture, member},
};
use super::*;
use crate::component::Value;

fn scope() -> Scope {
    Scope { project: "k3jd82ma".to_owned(), tenants: vec!["nss".parse().unwrap()] }
}

fn client_component() -> Component {
    let components = Fixture::new().lower().unwrap();
    components.into_iter().find(|it| it.address.component_type() == kind::CLIENT).unwrap()
}

fn client(id: &str, name: &str, marker: &str) -> Json {
    let metadata = if marker.is_empty() { json!({}) } else { json!({"concord": marker}) };
    json!({"client_id": id, "name": name, "client_metadata": metadata})
}

async fn observe(state: State, components: &[&Component]) -> Snapshot {
    Fake::start(state).await.tenant().observe(components, &scope()).await
}

async fn ownership_of(clients: Vec<Json>, component: &Component) -> Option<(String, Ownership)> {
    let snapshot = observe(State { clients, ..State::default() }, &[component]).await;
    match &snapshot.components[&component.address] {
        Observation::Present(observed) => Some((observed.id.clone(), observed.ownership.clone())),
        Observation::Absent => None,
        Observation::Unknown(unknown) => panic!("{unknown:?}"),
    }
}

const NAME: &str = "Twilio Flex - NSS";

#[tokio::test]
async fn a_marker_counts_before_a_name() {
    let mut component = client_component();
    let own = component.marker.to_string();
    let found = |clients| ownership_of(clients, &component);
    assert_eq!(found(vec![]).await, None);
    assert_eq!(
        found(vec![client("1", NAME, ""), client("2", "renamed", &own)]).await,
        Some(("2".to_owned(), Ownership::Ours))
    );
    assert_eq!(
        found(vec![client("1", "x", &own), client("2", "y", &own)]).await,
        Some(("1".to_owned(), Ownership::Ambiguous(vec!["1".to_owned(), "2".to_owned()])))
    );
    assert_eq!(found(vec![client("1", NAME, "")]).await, Some(("1".to_owned(), Ownership::Unmarked)));
    assert_eq!(
        found(vec![client("1", NAME, "theirs")]).await,
        Some(("1".to_owned(), Ownership::Foreign("theirs".to_owned())))
    );
    let former = component.address.renamed("old".parse().unwrap());
    component.formerly = Some(former.clone());
    let marker = Marker { project: "k3jd82ma".to_owned(), address: former.clone() }.to_string();
    assert_eq!(
        ownership_of(vec![client("1", "x", &marker)], &component).await,
        Some(("1".to_owned(), Ownership::Renamed(former)))
    );
}

#[tokio::test]
async fn two_applications_of_one_name_are_not_adopted_by_chance() {
    let mut component = client_component();
    component.adopt = true;
    let clients = vec![client("1", NAME, ""), client("2", NAME, "")];
    assert!(matches!(
        ownership_of(clients, &component).await,
        Some((_, Ownership::Ambiguous(ids))) if ids.len() == 2
    ));
}

#[tokio::test]
async fn orphans_are_those_of_this_project_and_its_loaded_tenants() {
    let component = client_component();
    let mine = component.marker.to_string();
    let of = |project: &str, tenant: &str| format!("{project}/{tenant}/SsoProfile/gone/auth0.client");
    let clients = vec![
        client("1", "x", &mine),
        client("2", "x", &of("k3jd82ma", "nss")),
        client("3", "x", &of("k3jd82ma", "other")),
        client("4", "x", &of("another", "nss")),
        client("5", "x", "k3jd82ma/nss/SsoProfile/gone/auth0.action"),
    ];
    let snapshot = observe(State { clients, ..State::default() }, &[&component]).await;
    let ids: Vec<&str> = snapshot.orphans.iter().map(|it| it.observed.id.as_str()).collect();
    assert_eq!(ids, ["2"]);
}

#[tokio::test]
async fn a_list_that_may_not_be_read_says_nothing_about_the_others() {
    let fixture = Fixture::new();
    let mut components = fixture.lower().unwrap();
    components.extend(member(&fixture, &["agent"], &[]));
    let components: Vec<&Component> = components.iter().collect();
    let forbidden = vec!["/api/v2/users", "/api/v2/keys"];
    let snapshot = observe(State { forbidden, ..State::default() }, &components).await;
    let reason = |component_type: &str| {
        let (_, observation) = snapshot
            .components
            .iter()
            .find(|(address, _)| address.component_type() == component_type)
            .unwrap();
        match observation {
            Observation::Unknown(unknown) => Some((unknown.reason, unknown.help.clone().unwrap())),
            _ => None,
        }
    };
    let help = |scope: &str| {
        let help = format!("grant the scope `{scope}` of the Management API to application own");
        Some((UnknownReason::Forbidden, help))
    };
    assert_eq!(reason(kind::USER), help("read:users"));
    assert_eq!(reason(kind::KEYS), help("read:signing_keys"));
    assert_eq!(reason(kind::CLIENT), None);
    assert_eq!(reason(kind::ACTION), None);
    assert_eq!(reason(kind::BINDING), None);
    assert_eq!(snapshot.gaps.len(), 1, "orphans among the users may have been missed");
}

#[tokio::test]
async fn a_server_that_is_not_there_makes_everything_unknown() {
    let fixture = Fixture::new();
    let components = fixture.lower().unwrap();
    let components: Vec<&Component> = components.iter().collect();
    // A provider whose token is refused, which is the first thing that it asks for.
    let snapshot = observe(State { forbidden: vec!["/"], ..State::default() }, &components).await;
    assert_eq!(snapshot.components.len(), 4);
    assert!(snapshot.components.values().all(|it| matches!(it, Observation::Unknown(_))));
}

fn user_state(app_metadata: Json) -> State {
    let user = json!({"user_id": "auth0|1", "email": "ann@connie.one", "created_at": "2026-01-01T00:00:00.000Z",
        "app_metadata": app_metadata});
    State { users: vec![user], ..State::default() }
}

#[tokio::test]
async fn somebody_without_our_values_is_not_enabled_yet() {
    let component = &member(&Fixture::new(), &["agent"], &[])[0];
    let seen = |app_metadata| async {
        observe(user_state(app_metadata), &[component]).await.components[&component.address].clone()
    };
    for nothing in [json!({}), json!(null), json!({"flex": {"theirs": 1}}), json!({"flex": null})] {
        assert_eq!(seen(nothing).await, Observation::Absent);
    }
    let ownership = |observation| match observation {
        Observation::Present(observed) => observed.ownership,
        other => panic!("{other:?}"),
    };
    assert_eq!(ownership(seen(json!({"flex": {"roles": ["admin"]}})).await), Ownership::Unmarked);
    assert_eq!(ownership(seen(json!({"flex": "text"})).await), Ownership::Unmarked);
    let theirs = json!({"concord": {"marker": "other/nss/UserEnablement/agents/auth0.user:ann@connie.one"}});
    assert!(matches!(ownership(seen(theirs).await), Ownership::Foreign(_)));
    let nobody = observe(State::default(), &[component]).await;
    assert!(matches!(nobody.components[&component.address], Observation::Unknown(_)));
}

#[tokio::test]
async fn the_population_is_not_read_twice_and_counts_for_one_observation() {
    let component = &member(&Fixture::new(), &["agent"], &[])[0];
    let marker = component.marker.to_string();
    let mark = json!({"marker": marker, "keys": ["roles"]});
    let fake = Fake::start(user_state(json!({"flex": {"roles": ["agent"]}, "concord": mark}))).await;
    let tenant = fake.tenant();
    let query = PopulationQuery { domains: ["connie.one".to_owned()].into(), ..PopulationQuery::default() };
    tenant.population(&query).await.unwrap();
    let users_read =
        || fake.with(|state| state.log.iter().filter(|(_, path, _)| path.contains("/users")).count());
    let before = users_read();
    tenant.observe(&[component], &scope()).await;
    assert_eq!(users_read() - before, 1, "only the search for marked users");
    fake.with(|state| state.users[0]["app_metadata"]["flex"]["roles"] = json!(["admin"]));
    let again = tenant.observe(&[component], &scope()).await;
    let Observation::Present(observed) = &again.components[&component.address] else { panic!("{again:?}") };
    assert_eq!(observed.fields["app_metadata.flex.roles"], Value::texts(["admin"]), "read afresh");
}
