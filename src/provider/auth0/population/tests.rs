use serde_json::{Value, json};

use super::super::fake::{Fake, State};
use super::*;
use crate::{component::UnknownReason, provider::Observe as _};

fn user(number: usize, email: &str, created_at: &str) -> Value {
    json!({"user_id": format!("auth0|{number:05}"), "email": email, "created_at": created_at})
}

fn time(number: usize) -> String {
    format!(
        "2026-01-01T{:02}:{:02}:{:02}.{:03}Z",
        number / 60_000_000,
        number / 60_000,
        number / 1000 % 60,
        number % 1000
    )
}

async fn in_domain(users: Vec<Value>) -> (Result<Population, crate::component::Unknown>, Fake) {
    let fake = Fake::start(State { users, ..State::default() }).await;
    let query = PopulationQuery { domains: ["connie.one".to_owned()].into(), ..PopulationQuery::default() };
    (fake.tenant().population(&query).await, fake)
}

#[tokio::test]
async fn more_than_a_thousand_users_are_read_window_by_window() {
    let users = (0..2_350).map(|n| user(n, &format!("u{n}@connie.one"), &time(n))).collect();
    let (population, fake) = in_domain(users).await;
    assert_eq!(population.unwrap().people.len(), 2_350);
    // 10 + 10 + 4 pages: windows overlap by one user.
    assert_eq!(fake.calls(), 24);
}

#[tokio::test]
async fn a_thousand_users_of_one_moment_are_told_apart_by_address() {
    let moment = time(5);
    let mut users: Vec<Value> =
        (0..1_500).map(|n| user(n, &format!("{}{n}@connie.one", ['a', 'b', '_'][n % 3]), &moment)).collect();
    users.extend((1_500..1_510).map(|n| user(n, &format!("z{n}@connie.one"), &time(n))));
    let (population, _) = in_domain(users).await;
    assert_eq!(population.unwrap().people.len(), 1_510);
}

#[tokio::test]
async fn users_that_cannot_be_told_apart_are_no_population() {
    let users = (0..1_001).map(|n| user(n, &format!("same{n}@connie.one"), &time(5))).collect();
    let (population, _) = in_domain(users).await;
    let unknown = population.unwrap_err();
    assert_eq!(unknown.reason, UnknownReason::Unexpected);
    assert!(unknown.message.contains("begin alike"), "{}", unknown.message);
}

#[tokio::test]
async fn whoever_search_does_not_see_yet_is_asked_for_by_address() {
    let fake = Fake::start(State {
        users: vec![user(1, "ann@connie.one", &time(1)), user(2, "bob@connie.one", &time(2))],
        unseen: vec!["auth0|00002".to_owned()],
        ..State::default()
    })
    .await;
    let emails = ["ann@connie.one", "bob@connie.one", "nobody@connie.one"].map(str::to_owned).into();
    let query = PopulationQuery { emails, ..PopulationQuery::default() };
    let population = fake.tenant().population(&query).await.unwrap();
    assert_eq!(population.people.keys().collect::<Vec<_>>(), ["ann@connie.one", "bob@connie.one"]);
    assert_eq!(fake.calls(), 3, "one search, and one question for each who is missing");
}

#[tokio::test]
async fn accounts_with_one_address_are_ambiguous_and_blocked_people_inactive() {
    let mut blocked = user(3, "Bob@connie.one", &time(3));
    blocked["blocked"] = true.into();
    let users = vec![user(1, "ann@connie.one", &time(1)), user(2, "ANN@connie.one", &time(2)), blocked];
    let (population, _) = in_domain(users).await;
    let population = population.unwrap();
    assert_eq!(population.ambiguous["ann@connie.one"], ["auth0|00001", "auth0|00002"]);
    assert!(!population.people["bob@connie.one"].is_active);
}

#[test]
fn addresses_of_a_domain_that_is_asked_for_are_not_asked_for_again() {
    let query = PopulationQuery {
        domains: ["connie.one".to_owned()].into(),
        emails: ["a@connie.one".to_owned(), "a\"b@x.y".to_owned()].into(),
        ..PopulationQuery::default()
    };
    assert_eq!(texts_of(&query), ["email.domain:\"connie.one\"", "email:\"a\\\"b@x.y\""]);
    let many = (0..120).map(|n| format!("u{n}@x.y")).collect();
    assert_eq!(texts_of(&PopulationQuery { emails: many, ..PopulationQuery::default() }).len(), 3);
}
