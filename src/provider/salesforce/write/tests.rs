use serde_json::json;

use super::{
    super::{convert::Surroundings, lower::tests::Fixture},
    *,
};

/// The application with its seeds in the place of what is not known yet.
fn component() -> Component {
    let mut component = Fixture::new().app();
    for field in &mut component.fields {
        if field.value.is_pending() {
            field.value = field.seed.clone().unwrap();
        }
    }
    component
}

/// The application as it is after a deploy of these items.
fn deployed(items: &[Item]) -> RemoteApp {
    let of = |kind: Kind| {
        items.iter().find(|it| it.kind == kind).map(|it| (it.full_name.clone(), it.element.clone()))
    };
    let (full_name, app) = of(Kind::ExternalClientApp).unwrap();
    RemoteApp {
        is_connected: false,
        full_name,
        app,
        policies: of(Kind::Policies),
        saml: of(Kind::SamlPolicies),
    }
}

fn created(component: &Component) -> RemoteApp {
    let app = RemoteApp {
        is_connected: false,
        full_name: component.natural_key.clone(),
        app: Element::default(),
        policies: None,
        saml: None,
    };
    deployed(&items(&app, component, None, &component.applied_note()).unwrap())
}

fn around() -> Surroundings {
    Surroundings { domain: "acme.my.salesforce.com".to_owned(), ..Surroundings::default() }
}

#[test]
fn what_was_applied_shows_no_difference() {
    let component = component();
    let seen = convert::app(&created(&component), Some(&component), &around());
    for field in component.fields.iter().filter(|it| it.capability.write() == WriteChannel::Api) {
        assert!(field.rule.is_same(&field.value, &seen.fields[&field.path]), "{}", field.path);
    }
    assert_eq!((seen.kept, seen.applied), (0, Some(component.applied_note())));
}

#[test]
fn a_deploy_keeps_everything_but_what_changed() {
    let component = component();
    let mut app = created(&component);
    app.app.set("description", &format!("Ask Lena. {}", app.app.text_of("description").unwrap()));
    app.app.set("infoUrl", "https://connie.one/flex");
    let (name, policies) = app.policies.as_mut().unwrap();
    *name = "Flex_ACME_defaultPolicy".to_owned();
    policies.set("isOauthPluginEnabled", "true");
    let (_, saml) = app.saml.as_mut().unwrap();
    saml.set("singleLogoutUrl", "https://x.team/logout");
    saml.set("entityUrl", "urn:other");
    saml.children.push(Element::of_text("someday", "1"));
    let changed = ["samlPolicies.entityUrl".to_owned()];
    let after = deployed(&items(&app, &component, Some(&changed), &component.applied_note()).unwrap());
    let mut expected = app.clone();
    expected.saml.as_mut().unwrap().1.set("entityUrl", "urn:concord:pending");
    let sorted = |app: &RemoteApp| {
        let mut parts =
            [Some(app.app.clone()), app.policies.clone().map(|it| it.1), app.saml.clone().map(|it| it.1)];
        for part in parts.iter_mut().flatten() {
            part.children.sort_by(|one, other| one.name.cmp(&other.name));
        }
        parts
    };
    assert_eq!(sorted(&after), sorted(&expected));
    assert_eq!(
        after.policies.unwrap().0,
        "Flex_ACME_defaultPolicy",
        "the policies that are there are changed"
    );
    assert_eq!(convert::app(&app, Some(&component), &around()).kept, 5);
}

#[test]
fn a_description_without_room_is_refused() {
    let component = component();
    let mut app = created(&component);
    app.app.set("description", &"x".repeat(250));
    let refused = items(&app, &component, Some(&[]), &component.applied_note()).unwrap_err();
    assert!(matches!(refused, WriteError::Refused { .. }), "{refused}");
}

fn share() -> Share {
    let component = component();
    let items = items(
        &RemoteApp {
            is_connected: false,
            full_name: "Flex_ACME".to_owned(),
            app: Element::default(),
            policies: None,
            saml: None,
        },
        &component,
        None,
        &component.applied_note(),
    )
    .unwrap();
    Share {
        address: component.address.clone(),
        title: component.title.clone(),
        items,
        deletions: Vec::new(),
        component: Some(component),
    }
}

fn result(failure: serde_json::Value) -> DeployResult {
    serde_json::from_value(json!({"status": "Failed", "done": true, "success": false, "details": {"componentFailures": [failure]}}))
        .unwrap()
}

#[test]
fn a_failure_is_about_its_field_and_names_the_manifests_line() {
    let share = share();
    let saml = &share.items[2];
    let document = saml.element.to_document();
    let line = document.lines().position(|line| line.contains("<formula>$User.Email")).unwrap() + 1;
    let result = result(json!({
        "componentType": "ExtlClntAppSamlConfigurablePolicies", "fileName": "extlClntAppSamlConfigurablePolicies/Flex_ACME_samlPlcy.ecaSamlPlcy",
        "fullName": "Flex_ACME_samlPlcy", "lineNumber": line, "problem": "Invalid formula: no", "problemType": "Error",
    }));
    let message = result.failures().next().unwrap().clone();
    assert_eq!(share.field_of(&message).as_deref(), Some("samlPolicies.customAttributes"));
    let WriteErrorParts::Refused { message, .. } = refusal(&share, std::slice::from_ref(&share), &result)
    else {
        panic!()
    };
    assert_eq!(message, "samlPolicies.customAttributes: Invalid formula: no (test.yaml:1)");
}

#[test]
fn without_a_line_the_setting_that_is_mentioned_is_meant() {
    let share = share();
    let result = result(json!({
        "fullName": "Flex_ACME_samlPlcy", "componentType": "ExtlClntAppSamlConfigurablePolicies",
        "problem": "In field: commaSeparatedProfile - no Profile named Flex Agent found",
    }));
    let message = result.failures().next().unwrap();
    assert_eq!(share.field_of(message).as_deref(), Some("samlPolicies.commaSeparatedProfile"));
}

#[test]
fn a_part_that_was_rolled_back_names_the_one_that_failed() {
    let (share, mut other) = (share(), share());
    other.items.clear();
    other.title = "another".to_owned();
    let result = result(
        json!({"fullName": "Flex_ACME", "componentType": "ExternalClientApplication", "problem": "no"}),
    );
    let all = [share, other];
    let WriteErrorParts::Refused { message, .. } = refusal(&all[1], &all, &result) else { panic!() };
    assert!(message.starts_with("rolled back") && message.contains("`Flex - ACME`: no"), "{message}");
}

#[test]
fn an_assignment_that_is_there_already_is_made() {
    let saved = |json: serde_json::Value| saved_id(Some(serde_json::from_value(json).unwrap()));
    assert_eq!(saved(json!({"id": "0Pa1", "success": true, "errors": []})).unwrap(), "0Pa1");
    assert!(
        saved(
            json!({"success": false, "errors": [{"statusCode": "DUPLICATE_VALUE", "message": "Duplicate"}]})
        )
        .is_ok()
    );
    let Err(WriteErrorParts::Refused { message, .. }) = saved(
        json!({"success": false, "errors": [{"statusCode": "INACTIVE_OWNER_OR_USER", "message": "no"}, {}]}),
    ) else {
        panic!()
    };
    assert_eq!(message, "no (code INACTIVE_OWNER_OR_USER); refused without a reason");
    assert!(saved_id(None).is_err());
}
