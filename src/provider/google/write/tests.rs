use serde_json::{Value as Json, json};

use super::{schema, user};
use crate::{
    component::Ownership,
    provider::google::{
        convert,
        lower::{kind, tests::Fixture},
        observe::enabled,
        wire::{Mark, Schema, User},
    },
};

fn read(json: Json) -> Schema {
    serde_json::from_value(json).unwrap()
}

#[test]
fn what_was_made_shows_no_difference_whatever_google_adds() {
    let component = Fixture::new().component(kind::SCHEMA);
    let mut made = schema::creation(&component, &component.applied_note());
    made["schemaId"] = json!("abc==");
    made["etag"] = json!("\"x\"");
    made["fields"][0]["fieldId"] = json!("1");
    made["fields"][0]["indexed"] = Json::Null;
    let seen = convert::schema(&read(made), Some(&component));
    assert!(super::shows(&component, &seen), "{seen:#?}");
    assert_eq!((seen.kept, seen.applied), (0, Some(component.applied_note())));
}

#[test]
fn a_replacement_keeps_what_others_made() {
    let component = Fixture::new().component(kind::SCHEMA);
    let mut before = schema::creation(&component, &component.applied_note());
    before["schemaId"] = json!("abc==");
    before["etag"] = json!("\"x\"");
    before["future"] = json!({"a": 1});
    before["fields"].as_array_mut().unwrap().insert(0, json!({
        "fieldName": "Wfo", "fieldType": "INT64", "numericIndexingSpec": {"minValue": 0.5}, "indexed": false,
    }));
    before["fields"][1]["readAccessType"] = json!("ALL_DOMAIN_USERS");
    let after =
        Json::Object(schema::replacement(&read(before.clone()), &component, &component.applied_note()));
    assert_eq!(after["fields"][0], before["fields"][0]);
    assert_eq!(
        (&after["future"], &after["schemaId"], after.get("etag")),
        (&json!({"a": 1}), &json!("abc=="), None)
    );
    assert_eq!(after["fields"][1]["readAccessType"], "ADMINS_AND_SELF");
    assert_eq!(after["fields"].as_array().unwrap().len(), before["fields"].as_array().unwrap().len());
    let seen = convert::schema(&read(before), Some(&component));
    assert_eq!(seen.kept, 1);
}

fn person(values: Json) -> User {
    serde_json::from_value(json!({
        "id": "104", "primaryEmail": "ann@connie.one", "customSchemas": {"Flex_Details": values},
    }))
    .unwrap()
}

#[test]
fn values_that_are_no_longer_wanted_are_nulled_and_others_not_named() {
    let component = Fixture::new().member(&[("team", "blue")]).remove(0);
    let before = Mark {
        marker: component.marker.to_string(),
        applied: component.applied_note().to_string(),
        keys: vec!["Roles".into(), "old_team".into()],
    };
    let ann = person(json!({
        "Roles": [{"type": "work", "value": "agent"}], "old_team": "red", "Wfo": "x", "Concord": before.to_string(),
    }));
    let mark = user::mark(&component, "Flex_Details", &component.applied_note());
    let sent = Json::Object(user::values(&ann, &component, "Flex_Details", &mark));
    assert_eq!(
        sent,
        json!({
            "Roles": [{"value": "agent"}, {"value": "admin"}], "Full_Name": "Ann Lee", "company": "NSS", "team": "blue",
            "old_team": null, "Concord": mark.to_string(),
        })
    );
    let seen = convert::user(&ann, "Flex_Details");
    assert_eq!(seen.kept, 1, "somebody else's value");
    assert_eq!(seen.fields["customSchemas.Flex_Details.Roles"], crate::component::Value::texts(["agent"]));
}

#[test]
fn whose_values_are_is_told_by_the_mark() {
    use crate::component::Observation::{Absent, Present};
    let component = Fixture::new().member(&[]).remove(0);
    let ownership = |values: Json| match enabled(&person(values), &component) {
        Present(observed) => Some(observed.ownership),
        Absent => None,
        other => panic!("{other:?}"),
    };
    assert_eq!(ownership(json!({})), None);
    assert_eq!(ownership(json!({"Wfo": "x"})), None, "nothing that is wanted");
    assert_eq!(ownership(json!({"Roles": [{"value": "agent"}]})), Some(Ownership::Unmarked));
    let marked =
        |marker: String| json!({"Roles": [], "Concord": Mark { marker, ..Mark::default() }.to_string()});
    assert_eq!(ownership(marked(component.marker.to_string())), Some(Ownership::Ours));
    let foreign = "other/nss/UserEnablement/x/google.user:ann@connie.one".to_owned();
    assert_eq!(ownership(marked(foreign.clone())), Some(Ownership::Foreign(foreign)));
    let moved = component.marker.to_string().replace("/people/", "/others/");
    assert!(matches!(ownership(marked(moved)), Some(Ownership::Renamed(_))));
}
