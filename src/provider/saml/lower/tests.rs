//! What a profile becomes, by how its identity provider is trusted.

use std::sync::Arc;

use super::*;
use crate::{
    diagnostics::{Findings, SourceFile},
    manifest::{Document, Manifests},
    provider::Person,
    resolve, yaml,
};

const CERTIFICATE: &str = include_str!("../../../saml/testdata/rsa2048.pem");

/// A project whose identity provider is trusted like this.
fn manifests(trust: &str) -> Manifests {
    let text = format!(
        "apiVersion: concord/v1\nkind: Project\nmetadata: {{name: p}}\nspec: {{id: q7f3k2m9d4}}\n\
         ---\napiVersion: concord/v1\nkind: Tenant\nmetadata: {{name: nss}}\nspec: {{twilio: {{account: {{sid: \
         AC00000000000000000000000000000001}}}}}}\n\
         ---\napiVersion: concord/v1\nkind: IdentityProvider\nmetadata: {{name: idp}}\nspec:\n  vendor: saml\n  trust:\n{trust}\n\
         ---\napiVersion: concord/v1\nkind: AttributeMap\nmetadata: {{name: map}}\nspec:\n  nameId: {{format: persistent, from: \
         user.email}}\n  attributes:\n    - {{name: email, from: user.email}}\n    - {{name: site, value: Reno}}\n    - {{name: team, \
         samlName: squad, from: user.department, expressions: {{saml: user.squad}}}}\n\
         ---\napiVersion: concord/v1\nkind: SsoProfile\nmetadata: {{name: flex}}\nspec: {{product: flex, friendlyName: F, \
         identityProvider: idp, attributeMap: map, signing: {{assertion: false}}}}\n"
    );
    let source = SourceFile::new("concord.yaml", text);
    let mut findings = Findings::new();
    let documents = yaml::parse(&source, &yaml::Limits::default(), &mut findings)
        .into_iter()
        .map(|root| Arc::new(Document { source: Arc::clone(&source), root }))
        .collect();
    let manifests = Manifests::from_documents(documents, &mut findings);
    manifests.filter(|_| !findings.has_errors()).unwrap_or_else(|| panic!("{findings:#?}"))
}

/// The addresses of the components on this side, what is offered to the other, and the components.
type Lowered = (Vec<String>, IdentityProviderSide, Vec<Component>);

fn lowered(trust: &str) -> Result<Lowered, Vec<&'static str>> {
    let manifests = manifests(trust);
    let mut findings = Findings::new();
    let agreements = resolve::agreements(&manifests, &mut findings);
    let Some(agreement) = agreements.first() else {
        return Err(findings.iter().map(|finding| finding.code.id).collect());
    };
    let own: Vec<Component> =
        agreement.components.iter().filter(|it| it.address.component.starts_with("saml.")).cloned().collect();
    let addresses = own.iter().map(|it| it.address.within_tenant()).collect();
    Ok((addresses, agreement.identity_provider_side.clone(), own))
}

fn indented(pem: &str) -> String {
    pem.lines().map(|line| format!("          {line}\n")).collect()
}

const URL: &str = "    metadata: {url: 'https://idp.example/metadata?x=1'}";

fn from(value: &Value) -> String {
    match value {
        Value::Pending(reference) => format!("{} of {}", reference.output, reference.from.component),
        Value::Text(text) => text.clone(),
        Value::List(items) => format!("{} given", items.len()),
        other => format!("{other:?}"),
    }
}

#[test]
fn certificates_come_from_where_they_are_trusted() {
    let (addresses, side, _) = lowered(URL).unwrap();
    assert_eq!(
        addresses,
        [
            "IdentityProvider/idp/saml.metadata",
            "IdentityProvider/idp/saml.trust",
            "SsoProfile/flex/saml.application"
        ]
    );
    assert_eq!(from(&side.issuer), "issuer of saml.metadata");
    assert_eq!(from(&side.sso_url), "ssoUrl of saml.metadata");
    assert_eq!(from(&side.certificates), "certificates of saml.trust");

    let print = "ab".repeat(32);
    let pinned = format!("{URL}\n    entityId: urn:idp\n    certificates: [{{fingerprint: '{print}'}}]");
    let (addresses, side, _) = lowered(&pinned).unwrap();
    assert_eq!(addresses, ["IdentityProvider/idp/saml.metadata", "SsoProfile/flex/saml.application"]);
    assert_eq!(
        (from(&side.issuer).as_str(), from(&side.certificates).as_str()),
        ("urn:idp", "certificates of saml.metadata")
    );

    let pem = format!("    certificates:\n      - pem: |\n{}", indented(CERTIFICATE));
    let (_, side, _) = lowered(&format!("{URL}\n{pem}")).unwrap();
    assert_eq!(from(&side.certificates), "1 given");

    let values = format!("    issuer: urn:idp\n    ssoUrl: https://idp.example/sso\n{pem}");
    let (addresses, side, _) = lowered(&values).unwrap();
    assert_eq!(addresses, ["SsoProfile/flex/saml.application"]);
    assert_eq!([from(&side.issuer), from(&side.sso_url)], ["urn:idp", "https://idp.example/sso"]);
    assert_eq!(lowered("    issuer: urn:idp").unwrap_err(), ["saml-trust"]);
}

#[test]
fn the_administrator_gets_every_value() {
    let (_, _, components) = lowered(URL).unwrap();
    let application = components.last().unwrap();
    let value = |path: &str| from(&application.field(path).unwrap_or_else(|| panic!("no {path}")).value);
    assert_eq!(value("identityProvider"), "https://idp.example/metadata", "a query may hold a secret");
    assert_eq!(value("nameIdFormat"), "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
    assert_eq!(
        [value("attributes.email"), value("attributes.site"), value("attributes.squad")],
        ["user.email", "\"Reno\"", "user.squad"]
    );
    assert_eq!([value("entityId"), value("acsUrl")], ["entityId of flex.trust", "acsUrl of flex.trust"]);
    assert_eq!(application.field("signAssertion").unwrap().value, false.into());
    let step = application.step.as_ref().unwrap();
    let entered: Vec<&str> = step
        .instructions
        .iter()
        .filter_map(|it| match it {
            crate::component::Instruction::Enter { field, .. } => Some(field.as_str()),
            _ => None,
        })
        .collect();
    for field in application.fields.iter().filter(|field| field.capability == Capability::Attested) {
        assert!(entered.contains(&field.path.as_str()), "{} is told nowhere", field.path);
    }
}

#[test]
fn people_are_two_lists_because_the_test_stands_between_them() {
    let manifests = manifests(URL);
    let text = "apiVersion: concord/v1\nkind: UserEnablement\nmetadata: {name: all}\nspec: {profile: flex, removal: disable}\n";
    let source = SourceFile::new("people.yaml", text.to_owned());
    let root = yaml::parse(&source, &yaml::Limits::default(), &mut Findings::new()).remove(0);
    let enablement: Resource<UserEnablementSpec> = Resource {
        kind: Kind::UserEnablement,
        tenant: "nss".parse().unwrap(),
        metadata: manifests.project.metadata.clone(),
        lifecycle: Default::default(),
        spec: serde_yaml::from_str("{profile: flex, removal: disable}").unwrap(),
        document: Arc::new(Document { source, root }),
    };
    let person = |email: &str| Person { email: email.to_owned(), ..Person::default() };
    let (ann, joe) = (person("Ann@connie.one"), person("joe@connie.one"));
    let member = |person, stage| Member {
        person,
        account: None,
        stage,
        roles: vec!["agent".to_owned().try_into().unwrap()],
        attributes: BTreeMap::from([("team".to_owned(), "North".to_owned())]),
        origin: enablement.origin(),
        needs: Vec::new(),
    };
    let agreements = resolve::agreements(&manifests, &mut Findings::new());
    let context = agreements[0].context().unwrap();
    let members = [member(&ann, Stage::Pilot), member(&joe, Stage::All)];
    let lists = SamlVendor.lower_members(&context, &enablement, &members);
    let components: Vec<&str> = lists.iter().map(|list| list.address.component.as_str()).collect();
    assert_eq!(components, ["saml.people:pilot", "saml.people"]);
    let people = lists[0].field("people").unwrap().value.to_json();
    assert_eq!(people, serde_json::json!({"ann@connie.one": {"roles": ["agent"], "team": "North"}}));
    assert!(SamlVendor.lower_members(&context, &enablement, &[]).is_empty());
}
