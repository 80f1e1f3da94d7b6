use super::{super::lower::tests::lowered, *};
use crate::component::Field;

const PROFILE: &str =
    "{product: sendgrid, friendlyName: Okta, identityProvider: okta, urls: {signOut: 'https://a.okta.com/'}}";

fn component(fields: Vec<Field>) -> Component {
    Component { fields, ..lowered(PROFILE).remove(0) }
}

#[test]
fn access_is_one_kind_in_every_body() {
    let names = || {
        vec![
            Field::managed(field::EMAIL, "ann@connie.one"),
            Field::managed(field::FIRST_NAME, "Ann"),
            Field::managed(field::LAST_NAME, "Lee"),
            Field::managed(field::IS_ADMIN, false),
        ]
    };
    let body = |field: Field, is_new| {
        let mut fields = names();
        fields.push(field);
        teammate_body(&component(fields), is_new)
    };
    assert_eq!(
        body(Field::managed(field::SCOPES, Value::texts(["mail.send"])), true),
        json!({"email": "ann@connie.one", "first_name": "Ann", "last_name": "Lee", "is_admin": false,
               "scopes": ["mail.send"], "has_restricted_subuser_access": false})
    );
    let persona = body(Field::managed(field::PERSONA, "observer"), false);
    assert_eq!(
        (persona.get("is_admin"), persona.get("email")),
        (None, None),
        "the address cannot be changed"
    );
    let subusers = body(Field::managed(field::SUBUSER_ACCESS, Value::List(Vec::new())), false);
    assert_eq!((subusers.get("is_admin"), &subusers["has_restricted_subuser_access"]), (None, &json!(true)));
}

#[test]
fn an_integration_never_loses_its_last_certificate_to_a_value_that_is_not_known() {
    for value in [Value::Null, Value::List(Vec::new()), Value::texts(["x"])] {
        let component = component(vec![Field::managed(field::CERTIFICATES, value)]);
        assert!(matches!(wanted_certificates(&component), Err(WriteError::Refused { .. })));
    }
}
