use serde_json::{Value as Json, json};

use super::*;

fn teammates(list: Json) -> Vec<Teammate> {
    serde_json::from_value(list).unwrap()
}

#[test]
fn people_are_sso_teammates_and_administrators_who_are_named() {
    let all = teammates(json!([
        {"username": "ann@connie.one", "email": "ann@connie.one", "first_name": "Ann", "last_name": "Lee", "is_sso": true},
        {"username": "joe", "email": "Joe@connie.one", "is_sso": false, "is_admin": false},
        {"username": "root", "email": "root@connie.one", "user_type": "owner"},
        {"username": "root@connie.one", "email": "root@connie.one", "is_sso": true, "is_admin": true},
        {"username": "else@elsewhere.org", "email": "else@elsewhere.org", "is_sso": true},
        {"username": "new@connie.one"},
    ]));
    let query = PopulationQuery {
        domains: ["connie.one".to_owned()].into(),
        emails: ["root@connie.one".to_owned(), "joe@connie.one".to_owned()].into(),
        ..PopulationQuery::default()
    };
    for teammates in [all.clone(), all.into_iter().rev().collect()] {
        let population = population(&teammates, &query);
        let people: Vec<&str> = population.people.keys().map(String::as_str).collect();
        assert_eq!(people, ["ann@connie.one", "new@connie.one", "root@connie.one"]);
        let root = &population.people["root@connie.one"];
        assert_eq!((root.id.as_str(), root.is_administrator), ("root@connie.one", true));
        assert_eq!(population.people["ann@connie.one"].name.as_deref(), Some("Ann Lee"));
    }
}
