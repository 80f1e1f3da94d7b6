//! What a person who carries out manual steps sees.

use super::*;
use crate::render::{
    testing::{self, PlanBuilder, certificate, plain},
    text::tests::{everything_else, first, hostile},
};

fn of(plan: &Plan) -> RunbookDocument {
    runbook(plan, &plain())
}

/// A step that can be done now, and one whose value comes from it.
fn two_steps() -> Plan {
    PlanBuilder::new()
        .manual("nss/SsoProfile/flex/a.test", |change| {
            let mut step = testing::step();
            step.outputs.clear();
            step.instructions =
                vec![Instruction::Enter { label: "Connection".to_owned(), field: "connection".to_owned() }];
            change
                .step(step)
                .pending("connection", "nss/SsoProfile/flex/flex.trust", "connection")
                .after("nss/SsoProfile/flex/flex.trust")
        })
        .manual("nss/SsoProfile/flex/flex.trust", |change| {
            change.field("friendlyName", Value::text("Auth0")).same("certificate", certificate().into())
        })
        .build()
}

#[test]
fn steps_come_in_order_with_their_values() {
    let runbook = of(&two_steps());
    assert_eq!(
        runbook.steps.iter().map(|step| (step.step.as_str(), step.ready)).collect::<Vec<_>>(),
        [("SsoProfile/flex/flex.trust", true), ("SsoProfile/flex/a.test", false)]
    );
    let text = text(&runbook, &plain());
    assert!(text.contains(&certificate().to_pem()), "a certificate can be copied as it is");
    insta::assert_snapshot!(text);
}

#[test]
fn a_step_waits_for_what_has_to_be_made_first() {
    let runbook = of(&first());
    // The application is made with seeds by itself; the step needs nothing of it.
    assert!(runbook.steps[0].ready);
    let needs = PlanBuilder::new()
        .create("nss/SsoProfile/flex/auth0.client", |change| change)
        .manual("nss/SsoProfile/flex/flex.trust", |change| {
            change.pending("issuer", "nss/SsoProfile/flex/auth0.client", "issuer")
        })
        .build();
    let step = &of(&needs).steps[0];
    assert_eq!((step.ready, &step.command, &step.digest), (false, &None, &None));
    assert_eq!(step.after, ["nss/SsoProfile/flex/auth0.client"]);
}

#[test]
fn as_markdown() {
    insta::assert_snapshot!(markdown(&of(&two_steps())));
}

#[test]
fn a_removal() {
    let runbook = of(&everything_else());
    let removal = runbook.steps.iter().find(|step| step.kind == StepKind::Remove).unwrap();
    insta::assert_snapshot!(json(&RunbookDocument { steps: vec![removal.clone()], ..runbook.clone() }), @r#"
{
  "formatVersion": 1,
  "project": "k3jd82ma",
  "environment": "live",
  "steps": [
    {
      "address": "nss/SsoProfile/gone/flex.trust",
      "tenant": "nss",
      "step": "SsoProfile/gone/flex.trust",
      "version": 1,
      "title": "Twilio Console > Flex > Users and access > Single Sign-On",
      "reason": "no manifest asks for it any more",
      "kind": "remove",
      "place": "Twilio Console > Flex > Users and access > Single Sign-On",
      "url": "https://console.twilio.com/us1/develop/flex/users-and-access/sso",
      "scope": "AC00000000000000000000000000000001",
      "ready": true,
      "refused": [
        "max-deletes: 2 deletions in tenant `nss`, and the policy's `maxDeletes` is 0"
      ],
      "instructions": [
        {
          "kind": "do",
          "text": "Open the connection and press `Delete`."
        }
      ],
      "produced": {
        "connection": "JQ00000000000000000000000000000001"
      },
      "digest": "ccd78884d3e80244985c5251ad4d52e921dee02a88a7ec3e3d82e884a5302658",
      "onRemoval": "delete",
      "command": "concord attest --step SsoProfile/gone/flex.trust --removed --by you@example.com"
    }
  ],
  "people": [
    {
      "code": "shared-address",
      "message": "bob@example.com has two accounts in the identity provider",
      "emails": [
        "bob@example.com"
      ],
      "source": "flex.yaml:40",
      "help": "do something about it"
    }
  ]
}
"#);
    insta::assert_snapshot!(text(&RunbookDocument { steps: vec![removal.clone()], ..runbook.clone() }, &plain()), @r"
Step 1: remove nss/SsoProfile/gone/flex.trust
  Twilio Console > Flex > Users and access > Single Sign-On
  no manifest asks for it any more
  https://console.twilio.com/us1/develop/flex/users-and-access/sso
  in AC00000000000000000000000000000001
  refused by max-deletes: 2 deletions in tenant `nss`, and the policy's
    `maxDeletes` is 0
  it made connection: JQ00000000000000000000000000000001

  1. Open the connection and press `Delete`.

  digest ccd78884d3e80244985c5251ad4d52e921dee02a88a7ec3e3d82e884a5302658
  Afterwards:
    concord attest --step SsoProfile/gone/flex.trust --removed --by you@example.com

People who are not enabled, or need a look
  shared-address: bob@example.com has two accounts in the identity provider
    (flex.yaml:40)
    help: do something about it

Runbook: 1 step, 1 ready.
");
}

#[test]
fn the_document_keeps_its_schema_and_reads_back() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for plan in [first(), everything_else(), two_steps(), hostile()] {
        let runbook = of(&plan);
        let text = json(&runbook);
        assert!(validator.is_valid(&serde_json::from_str(&text).unwrap()));
        assert_eq!(serde_json::from_str::<RunbookDocument>(&text).unwrap(), runbook);
    }
}

#[test]
fn the_inputs_are_those_of_the_digest() {
    let plan = two_steps();
    let step = &of(&plan).steps[0];
    let digest = crate::component::Digest::of(&serde_json::json!({
        "step": step.step,
        "version": step.version,
        "scope": step.scope,
        "environment": "live",
        "inputs": step.inputs,
    }));
    assert_eq!(step.digest.as_deref(), Some(digest.as_str()));
}

/// Whoever reviews a vendor's list needs to know who is in it and cannot sign in.
#[test]
fn people_who_cannot_be_enabled_are_named() {
    let warned = || {
        PlanBuilder::new()
            .warning(testing::warning(
                "user-alias",
                "{} signs in as {} and is not enabled",
                &["annie@connie.one", "ann@connie.one"],
            ))
            .warning(testing::warning("odd-name", "a name is odd", &[]))
            .build()
    };
    let runbook = of(&warned());
    assert_eq!(runbook.people.len(), 1, "only what is about people");
    assert_eq!(runbook.people[0].emails, ["annie@connie.one", "ann@connie.one"]);
    let sentence = "annie@connie.one signs in as ann@connie.one and is not enabled";
    assert_eq!(runbook.people[0].message, sentence);
    let shown = text(&runbook, &plain());
    assert!(shown.starts_with("No manual step is open.\n"), "{shown}");
    let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(&format!("user-alias: {sentence} (flex.yaml:40)")), "{shown}");
    assert!(words.contains("help: do something about it"), "{shown}");
    let shown = markdown(&runbook);
    assert!(
        shown.contains("### People who are not enabled, or need a look\n\n- **user-alias**: "),
        "{shown}"
    );
    assert!(shown.contains("do something about it"), "{shown}");
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let written = json(&runbook);
    assert!(validator.is_valid(&serde_json::from_str(&written).unwrap()));
    assert_eq!(RunbookDocument::from_json(&written).unwrap(), runbook);
}

#[test]
fn nothing_open_says_so() {
    assert_eq!(text(&of(&PlanBuilder::new().build()), &plain()), "No manual step is open.\n");
}
