use serde_json::json;

use super::super::lower::{Auth0Vendor, tests::Fixture};
use super::*;
use crate::{
    component::{Marker, Realm},
    manifest::sso_profile::Management,
    provider::{IdentityProvider as _, ServiceProviderSide},
};

fn place() -> Place {
    Place {
        domain: "nss.us.auth0.com".to_owned(),
        public: Url::parse("https://nss.us.auth0.com").unwrap(),
        own_client: "own".to_owned(),
    }
}

fn read(json: Json) -> Client {
    serde_json::from_value(json).unwrap()
}

fn samlp<'a>(observed: &'a Observed, key: &str) -> &'a Value {
    &observed.fields[&format!("{}{key}", field::SAMLP)]
}

#[test]
fn what_auth0_does_by_default_is_put_in_where_the_addon_is_on() {
    let on = client(&read(json!({"client_id": "c", "addons": {"samlp": {}}})), None, &place());
    assert_eq!(*samlp(&on, "signatureAlgorithm"), Value::text("rsa-sha1"));
    assert_eq!(*samlp(&on, "signResponse"), Value::Bool(false));
    assert_eq!(*samlp(&on, "passthroughClaimsWithNoMapping"), Value::Bool(true));
    assert_eq!(*samlp(&on, "audience"), Value::Null);
    assert_eq!(on.fields["callbacks"], Value::List(Vec::new()));
    let off = client(&read(json!({"client_id": "c", "addons": {"wsfed": {}}})), None, &place());
    assert!(OWNED_SAMLP.iter().all(|key| *samlp(&off, key) == Value::Null), "there is no addon");
}

#[test]
fn mappings_to_one_name_or_several_have_one_form() {
    let mapped = json!({"client_id": "c", "addons": {"samlp": {"mappings":
        {"email": ["email"], "name": ["b", "a"], "given_name": "x"}}}});
    let observed = client(&read(mapped), None, &place());
    let expected = [
        ("email", Value::text("email")),
        ("name", Value::texts(["a", "b"])),
        ("given_name", Value::text("x")),
    ];
    let expected = expected.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    assert_eq!(*samlp(&observed, "mappings"), Value::Map(expected));
}

#[test]
fn what_is_not_managed_is_counted() {
    let json = json!({
        "client_id": "c", "tenant": "nss", "global": false, "name": "n", "callbacks": [], "sso": true, "grant_types": [],
        "logo_uri": null, "client_metadata": {"concord": "m", "concord_applied": "n", "theirs": "x"},
        "addons": {"wsfed": {}, "aws": null, "samlp": {"audience": "a", "logout": {}, "typedAttributes": true}},
    });
    // sso, grant_types, theirs, wsfed, logout, typedAttributes
    assert_eq!(client(&read(json), None, &place()).kept, 6);
}

#[test]
fn an_issuer_of_its_own_is_what_the_application_gives() {
    let own = json!({"client_id": "own", "addons": {"samlp": {"issuer": "urn:other"}}});
    let observed = client(&read(own), None, &place());
    assert_eq!(observed.outputs["issuer"], Value::text("urn:other"));
    assert!(observed.is_own_identity);
    let other = client(&read(json!({"client_id": "c"})), None, &place());
    assert_eq!(other.outputs["issuer"], Value::text("urn:nss.us.auth0.com"));
    assert!(!other.is_own_identity);
}

fn external() -> Component {
    let mut fixture = Fixture::new();
    fixture.profile.spec.application.management = Management::External;
    let side = ServiceProviderSide {
        entity_id: "urn:flex:JQ1".into(),
        acs_url: "https://acs.example/".into(),
        callback_urls: Vec::new(),
        logout_urls: vec!["https://out.example/".into()],
        start_url: None,
        gates: Vec::new(),
    };
    fixture
        .with(|context| Auth0Vendor.lower(context, &side))
        .unwrap()
        .into_iter()
        .find(|it| it.address.component_type() == "auth0.client")
        .unwrap()
}

fn drift(json: Json) -> Vec<String> {
    let component = external();
    let observed = client(&read(json), Some(&component), &place());
    crate::plan::diff::of_present(&component, &observed, crate::plan::attest::Standing::Open)
        .drift
        .into_iter()
        .map(|field| field.path)
        .collect()
}

#[test]
fn an_external_application_may_have_more_and_must_have_what_twilio_needs() {
    let mut json = json!({
        "client_id": "c",
        "callbacks": ["https://theirs.example/", "https://acs.example/"],
        "allowed_logout_urls": ["https://out.example/", "https://theirs.example/"],
        "addons": {"samlp": {
            "mappings": {"email": "email", "name": "full_name", "nickname": "nick"},
            "nameIdentifierFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            "nameIdentifierProbes": ["email"],
            "signResponse": true, "signatureAlgorithm": "rsa-sha256", "digestAlgorithm": "sha256",
        }},
    });
    assert_eq!(drift(json.clone()), [] as [&str; 0]);
    json["callbacks"] = json!(["https://theirs.example/"]);
    json["addons"]["samlp"]["audience"] = "urn:other".into();
    json["addons"]["samlp"]["signResponse"] = false.into();
    json["addons"]["samlp"]["mappings"]["name"] = "name".into();
    assert_eq!(
        drift(json),
        ["callbacks", "addons.samlp.audience", "addons.samlp.mappings", "addons.samlp.signResponse"]
    );
}

fn key(current: bool, revoked: bool) -> (SigningKey, Certificate) {
    let made = rcgen::generate_simple_self_signed(vec!["nss.us.auth0.com".to_owned()]).unwrap();
    let cert = made.cert.pem();
    let certificate = Certificate::from_pem(&cert).unwrap();
    (SigningKey { cert, current, next: !current, revoked }, certificate)
}

fn keys_component(pins: &[&Certificate]) -> Component {
    let marker = Marker::parse("p/nss/IdentityProvider/a/auth0.keys").unwrap();
    let source = crate::diagnostics::SourceFile::new("x", "");
    let origin = source.at(crate::diagnostics::Span::default());
    let mut component = Component::new(marker, Realm::new("auth0", "nss.us.auth0.com"), "", "", origin);
    if !pins.is_empty() {
        let pins = Value::texts(pins.iter().map(|it| plain_fingerprint(it.sha256_fingerprint())));
        component.fields.push(crate::component::Field::new(field::FINGERPRINTS, pins, Capability::Observed));
    }
    component
}

#[test]
fn the_current_certificate_is_given_and_a_pin_holds_back_another() {
    let (current, certificate) = key(true, false);
    let (next, next_certificate) = key(false, false);
    let (revoked, _) = key(true, true);
    let all = [next, current, revoked];
    let given = Value::List(vec![Value::Certificate(certificate.clone())]);

    let observed = keys(&all, &keys_component(&[]), &place()).unwrap();
    assert_eq!(observed.outputs["certificates"], given);
    assert_eq!(observed.outputs["nextCertificates"].as_list().unwrap().len(), 1);

    // During a rotation both are pinned, and nothing differs.
    let component = keys_component(&[&certificate, &next_certificate]);
    let observed = keys(&all, &component, &place()).unwrap();
    assert_eq!(observed.outputs["certificates"], given);
    assert_eq!(observed.fields[field::FINGERPRINTS], component.fields[0].value);

    let component = keys_component(&[&next_certificate]);
    let observed = keys(&all, &component, &place()).unwrap();
    assert!(!observed.outputs.contains_key("certificates"));
    assert_ne!(observed.fields[field::FINGERPRINTS], component.fields[0].value);

    let broken = SigningKey { cert: "no".to_owned(), current: true, next: false, revoked: false };
    assert!(keys(&[broken], &keys_component(&[]), &place()).is_err());
}
