use serde_json::json;

use super::{
    super::{convert::Trust, lower::tests::Fixture},
    *,
};

fn component() -> Component {
    let mut component = Fixture::new().lower().unwrap().swap_remove(0);
    for field in &mut component.fields {
        if field.value.is_pending() {
            field.value = field.seed.clone().unwrap();
        }
    }
    component
}

/// The application as Okta answers it: with nulls, and with settings that are not Concord's.
fn answered(component: &Component) -> Json {
    let mut app = creation(component, &component.applied_note());
    app["id"] = "0oa1".into();
    app["status"] = "ACTIVE".into();
    app["_links"] = json!({"self": {}});
    app["universalLogout"] = Json::Null;
    app["visibility"] = json!({"autoLaunch": true, "appLinks": {"x": null}});
    app["settings"]["signOn"]["spIssuer"] = Json::Null;
    app["settings"]["signOn"]["samlSignedRequestEnabled"] = true.into();
    app["settings"]["notes"]["enduser"] = Json::Null;
    app["settings"]["signOn"]["attributeStatements"][0]["filterType"] = Json::Null;
    app
}

fn read(json: &Json) -> App {
    serde_json::from_value(json.clone()).unwrap()
}

fn observed(app: &App, component: &Component) -> Observed {
    convert::app(app, Some(component), &Trust::default(), "acme.okta.com", None)
}

#[test]
fn what_was_applied_shows_no_difference_whatever_okta_adds() {
    let component = component();
    let seen = observed(&read(&answered(&component)), &component);
    for field in component.fields.iter().filter(|it| it.capability.write() == WriteChannel::Api) {
        assert!(field.rule.is_same(&field.value, &seen.fields[&field.path]), "{}", field.path);
    }
    // Visibility, the setting that no specification names, and the two booleans that are only put in because they are required.
    assert_eq!(seen.kept, 4);
    assert_eq!(seen.applied, Some(component.applied_note()));
}

#[test]
fn a_replacement_keeps_everything_but_what_changed() {
    let component = component();
    let mut before = answered(&component);
    before["settings"]["signOn"]["audience"] = "urn:other".into();
    before["settings"]["notes"]["admin"] =
        format!("Ask Lena.\n{}", before["settings"]["notes"]["admin"].as_str().unwrap()).into();
    let app = read(&before);
    let notes = owned_notes(&app.notes(), &component, &component.applied_note());
    let changed = ["settings.signOn.audience".to_owned()];
    let after = replacement(&app, &component, &changed, &notes);
    let mut expected = without_nulls(&before);
    expected.as_object_mut().unwrap().remove("_links");
    expected["settings"]["signOn"]["audience"] = "urn:concord:pending".into();
    assert_eq!(after, expected);
    assert!(after["settings"]["notes"]["admin"].as_str().unwrap().starts_with("Ask Lena.\nconcord: "));
}

#[test]
fn a_statement_that_stays_is_sent_as_it_was_read() {
    let component = component();
    let mut before = answered(&component);
    before["settings"]["signOn"]["attributeStatements"][1]["future"] = 1.into();
    before["settings"]["signOn"]["attributeStatements"][2]["values"] = json!(["\"admin\""]);
    let app = read(&before);
    let changed = [field::STATEMENTS.to_owned()];
    let after = replacement(&app, &component, &changed, &app.notes());
    let statements = &after["settings"]["signOn"]["attributeStatements"];
    assert_eq!(statements[1]["future"], 1);
    assert_ne!(statements[2]["values"], json!(["\"admin\""]));
}

#[test]
fn a_change_since_the_plan_is_a_conflict() {
    let component = component();
    let mut app = answered(&component);
    app["settings"]["signOn"]["audience"] = "urn:one".into();
    let planned = observed(&read(&app), &component);
    let changed = ["settings.signOn.audience".to_owned()];
    assert!(check_unchanged(&component, &planned, &planned, &changed).is_ok());
    app["settings"]["signOn"]["audience"] = "urn:two".into();
    let now = observed(&read(&app), &component);
    assert!(matches!(
        check_unchanged(&component, &planned, &now, &changed),
        Err(WriteError::Conflict { .. })
    ));
    assert!(may_write(&component, None) && may_write(&component, Some(&component.marker.to_string())));
    assert!(!may_write(&component, Some("other/nss/SsoProfile/flex/okta.app")));
}
