use serde_json::json;

use super::*;
use crate::provider::okta::lower::tests::Fixture;

const NAMED: &str = "name: Flex, signingKey: {name: 2026-11, validityYears: 5}";

fn fixture(application: &str) -> Fixture {
    let mut fixture = Fixture::new();
    fixture.profile = fixture.profile.replace("name: Flex", application);
    fixture
}

fn certificate(name: &str) -> Certificate {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    Certificate::from_der(made.cert.der()).unwrap()
}

fn app(signs: &str, notes: &str) -> App {
    serde_json::from_value(json!({
        "id": "0oa1", "credentials": {"signing": {"kid": signs}}, "settings": {"notes": {"admin": notes}},
    }))
    .unwrap()
}

/// Three keys with their certificates: Okta's first one, the named one, somebody else's.
fn keys() -> Vec<(Key, Certificate)> {
    ["first", "named", "other"]
        .into_iter()
        .map(|kid| {
            let certificate = certificate(kid);
            let key = json!({"kid": kid, "created": null, "x5c": [certificate.to_base64()]});
            (serde_json::from_value(key).unwrap(), certificate)
        })
        .collect()
}

#[test]
fn a_wish_is_two_components_and_the_use_of_the_key_waits_for_trust() {
    let components = fixture(NAMED).lower().unwrap();
    let named: Vec<_> = components.iter().map(|it| it.address.component.as_str()).collect();
    assert_eq!(named, ["okta.app", "okta.key:2026-11", "okta.signing"]);
    assert_eq!(components[1].field(YEARS).unwrap().value, Value::Int(5));
    assert!(components[2].field(KID).unwrap().value.is_pending());
    assert_eq!(Fixture::new().lower().unwrap().len(), 1, "without a wish Okta's own key signs");
}

#[test]
fn contradictions_are_said() {
    let external = fixture("name: Flex, management: external, signingKey: {name: a}");
    assert_eq!(external.lower().unwrap_err(), ["okta-signing-key"]);
    for years in ["1", "11"] {
        let wish = format!("{{name: a, validityYears: {years}}}");
        assert!(serde_yaml::from_str::<SigningKey>(&wish).is_err(), "{years}");
    }
}

#[test]
fn old_and_new_are_trusted_until_the_new_one_signs() {
    let keys = keys();
    let (wires, certificates): (Vec<Key>, Vec<Certificate>) = keys.into_iter().unzip();
    let component = fixture(NAMED).lower().unwrap().swap_remove(1);
    let trusted = |component: &Component, signs: &str, notes: &str| -> Option<Vec<&Certificate>> {
        let observed = observed_key(&app(signs, notes), &wires, component)?;
        let list = observed.outputs["certificates"].as_list().unwrap().to_vec();
        Some(
            list.iter()
                .map(|it| certificates.iter().find(|c| Value::Certificate((*c).clone()) == *it).unwrap())
                .collect(),
        )
    };
    let [first, named, _] = &certificates[..] else { panic!() };
    assert_eq!(trusted(&component, "first", ""), None, "nobody named a key so");
    assert_eq!(trusted(&component, "first", "concord-key: 2026-11 asked 2026-11-01T00:00:00Z"), None);
    assert_eq!(trusted(&component, "first", "concord-key: 2026-11 gone"), None, "Okta has it no longer");
    let made = "concord-key: 2026-11 named";
    assert_eq!(trusted(&component, "first", made), Some(vec![first, named]));
    let used = "concord-key: 2026-11 named\nconcord-signs: named";
    assert_eq!(trusted(&component, "named", used), Some(vec![named]));
    assert_eq!(
        trusted(&component, "other", used),
        Some(vec![named]),
        "what somebody chose by hand is not trusted"
    );
    // Back to a former key: the one that signs now stays trusted until then.
    let back = "concord-key: 2026-11 first\nconcord-signs: named";
    assert_eq!(trusted(&component, "named", back), Some(vec![named, first]));
    let alone =
        fixture("name: Flex, signingKey: {name: 2026-11, overlap: false}").lower().unwrap().swap_remove(1);
    assert_eq!(trusted(&alone, "first", made), Some(vec![named]));
}

#[test]
fn another_key_by_hand_is_somebody_elses_doing_and_a_new_name_ours() {
    let mut component = fixture(NAMED).lower().unwrap().swap_remove(2);
    for field in &mut component.fields {
        field.value = Value::text(if field.path == KID { "named" } else { "0oa1" });
    }
    let note = |signs: &str, notes: &str| observed_signing(&app(signs, notes), &component);
    let by_hand = note("other", "concord-signs: named");
    assert_eq!(by_hand.fields[KID], Value::text("other"));
    assert_eq!(by_hand.applied, Some(component.applied_note()), "what was applied is what is wanted");
    let first = note("first", "");
    let seen = component.digest_of(|field| first.fields.get(&field.path));
    assert_eq!(first.applied.unwrap().digest, seen, "what was applied is what is there");
}
