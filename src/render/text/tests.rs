//! What people see of a plan, at 80 columns. The names of the snapshots say what each is about.

use super::super::testing::{self, PlanBuilder, address, certificate, colored, other_certificate, plain};
use super::*;
use crate::component::{Rule, UnknownReason, Value};

/// Nothing exists yet: an application with seeds, a step for a person, what waits for it.
pub(crate) fn first() -> Plan {
    PlanBuilder::new()
        .create("nss/SsoProfile/flex/auth0.client", |change| {
            change
                .field("name", Value::text("Twilio Flex - NSS"))
                .field_by(
                    "callbacks",
                    Rule::FirstThenSet,
                    Value::texts([
                        "https://iam.twilio.com/v2/saml2/authenticate/JQ0000",
                        "https://nss.connie.team",
                    ]),
                )
                .field("jwt_configuration.alg", Value::text("RS256"))
                .pending("addons.samlp.audience", "nss/SsoProfile/flex/flex.trust", "entityId")
        })
        .create("nss/SsoProfile/flex/auth0.action", |change| {
            change.title("Auth0 Action `flex roles`").field_by(
                "code",
                Rule::Text,
                Value::text("exports.onExecutePostLogin = async (event, api) => {\n\tapi.samlResponse.setAttribute(\"roles\", [\"agent\"]);\n};\n"),
            )
        })
        .manual("nss/SsoProfile/flex/flex.trust", |change| {
            change
                .field("friendlyName", Value::text("Auth0 - Nevada Senior Services"))
                .field("certificate", certificate().into())
        })
        .create("nss/VanityDomain/flex/auth0.binding", |change| {
            change.field("enabled", Value::Bool(true)).after("nss/SsoProfile/flex/flex.trust")
        })
        .unchanged(3)
        .build()
}

/// Somebody changed one field in a console.
pub(crate) fn by_hand() -> Plan {
    PlanBuilder::new()
        .update("nss/SsoProfile/flex/auth0.client", |change| {
            change
                .because(Reason::ChangedElsewhere)
                .changed(
                    "addons.samlp",
                    Value::Map(
                        [
                            ("signResponse".to_owned(), Value::Bool(false)),
                            ("lifetime".to_owned(), Value::Int(3600)),
                        ]
                        .into(),
                    ),
                    Value::Map(
                        [
                            ("signResponse".to_owned(), Value::Bool(true)),
                            ("lifetime".to_owned(), Value::Int(3600)),
                        ]
                        .into(),
                    ),
                )
                .kept(11)
        })
        .unchanged(16)
        .build()
}

pub(crate) fn everything_else() -> Plan {
    PlanBuilder::new()
        .update("nss/SsoProfile/console/auth0.client", |change| {
            change.because(Reason::Renamed(address("nss/SsoProfile/old/auth0.client")))
        })
        .delete("nss/SsoProfile/gone/auth0.client", |change| change.kept(4))
        .drift("nss/SsoProfile/flex/flex.runtime", |change| {
            change.changed("runtimeDomain", Value::text("flex.twilio.com"), Value::text("nss.connie.team"))
        })
        .blocked(
            "nss/SsoProfile/flex/auth0.action",
            Reason::Upstream(address("nss/SsoProfile/flex/auth0.client")),
            |change| change,
        )
        .blocked(
            "nss/SsoProfile/flex/auth0.client",
            Reason::Unknown(testing::unknown(UnknownReason::Forbidden, "Auth0 answered 403")),
            |change| change,
        )
        .manual("nss/SsoProfile/flex/flex.trust", |change| {
            change
                .because(Reason::AttestationOutdated {
                    by: "ann@example.com".to_owned(),
                    at: "2026-10-01".to_owned(),
                })
                .changed("certificate", other_certificate().into(), certificate().into())
        })
        .manual("nss/SsoProfile/gone/flex.trust", |change| change.gone())
        .gap(testing::gap(
            Some("nss/SsoProfile/flex/auth0.client"),
            UnknownReason::Forbidden,
            "Auth0 answered 403",
        ))
        .gap(testing::gap(None, UnknownReason::Forbidden, "Auth0 answered 403"))
        .warning(testing::warning(
            "shared-address",
            "{} has two accounts in the identity provider",
            &["bob@example.com"],
        ))
        .unchanged(2)
        .build()
}

pub(crate) fn refusals() -> Vec<Refusal> {
    vec![Refusal {
        guard: "max-deletes",
        message: "1 deletion in tenant `nss`, and the policy's `maxDeletes` is 0".to_owned(),
        addresses: vec![address("nss/SsoProfile/gone/auth0.client")],
        help: "read the deletions, then apply with `--allow max-deletes`, or raise `maxDeletes` in the tenant's policy".to_owned(),
        can_be_allowed: true,
    }]
}

/// 5,000 people, of whom two were changed by hand and eleven by the manifests.
pub(crate) fn crowd() -> Plan {
    let mut builder = PlanBuilder::new();
    for number in 0..4987 {
        let email = format!("agent{number:04}@connie.one");
        builder = builder.create(&format!("nss/UserEnablement/agents/auth0.user:{email}"), |change| {
            change
                .person(&email)
                .field("app_metadata.flex.roles", Value::texts(["agent"]))
                .after("nss/SsoProfile/flex/flex.trust")
        });
    }
    for number in 0..13 {
        let email = format!("lead{number:02}@connie.one");
        builder = builder.update(&format!("nss/UserEnablement/agents/auth0.user:{email}"), |change| {
            let change = if number < 11 { change } else { change.because(Reason::ChangedElsewhere) };
            change.person(&email).changed_by(
                "app_metadata.flex.roles",
                Rule::Set,
                Value::texts(["agent", "admin"]),
                Value::texts(["agent"]),
            )
        });
    }
    builder.build()
}

pub(crate) fn hostile() -> Plan {
    let name = "x`\u{1b}[2J</details>\n@everyone <img src=x onerror=alert(1)> \u{202e}```";
    PlanBuilder::new()
        .update("nss/SsoProfile/flex/auth0.client", |change| {
            change
                .title(&format!("Auth0 application `{name}`"))
                .because(Reason::Foreign(name.to_owned()))
                .changed("name", Value::text(name), Value::text("Twilio Flex"))
                .changed_by("code", Rule::Text, Value::text("a\n```\n\u{1b}[31mb"), Value::text("a\n```\nc"))
        })
        .warning(testing::warning("odd-name", name, &[]))
        .build()
}

fn draw(of: &Plan) -> String {
    let text = plan(of, &[], &plain());
    let colored = anstream::adapter::strip_str(&plan(of, &[], &colored())).to_string();
    assert_eq!(colored, text, "colour changes nothing but colour");
    assert!(text.lines().all(|line| line.trim_end() == line), "no spaces at an end");
    text
}

#[test]
fn a_first_plan() {
    insta::assert_snapshot!(draw(&first()));
}

#[test]
fn a_first_plan_in_colour() {
    insta::assert_snapshot!(plan(&first(), &[], &colored()).replace('\u{1b}', "ESC"));
}

#[test]
fn an_update_by_hand_is_exactly_one_field() {
    insta::assert_snapshot!(draw(&by_hand()));
}

#[test]
fn a_rename_a_deletion_drift_and_a_gap() {
    insta::assert_snapshot!(plan(&everything_else(), &refusals(), &plain()));
}

#[test]
fn five_thousand_people() {
    let text = draw(&crowd());
    assert!(!text.contains("connie.one"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn five_thousand_people_by_name() {
    insta::assert_snapshot!(plan(&crowd(), &[], &Style { show_users: true, ..plain() }));
}

#[test]
fn hostile_names_do_nothing() {
    let text = draw(&hostile());
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
    insta::assert_snapshot!(text);
}

#[test]
fn nothing_to_do_says_what_was_compared() {
    insta::assert_snapshot!(draw(&PlanBuilder::new().unchanged(17).build()), @r"
Plan for project k3jd82ma
17 components compared

Nothing to do: 17 components compared, all as they should be.
Next, to prove that it works: concord verify
");
}

#[test]
fn compact() {
    let style = Style { compact: true, ..plain() };
    insta::assert_snapshot!(plan(&everything_else(), &refusals(), &style), @r"
~ nss/SsoProfile/console/auth0.client update 0 fields renamed from nss/SsoProfile/old/auth0.client
x nss/SsoProfile/flex/auth0.action blocked 0 fields depends on nss/SsoProfile/flex/auth0.client, which is blocked
x nss/SsoProfile/flex/auth0.client blocked 0 fields could not be seen: Auth0 answered 403
! nss/SsoProfile/flex/flex.runtime drift 1 field differs, and Concord does not write it
? nss/SsoProfile/flex/flex.trust manual 1 field attested by ann@example.com on 2026-10-01 with other values
- nss/SsoProfile/gone/auth0.client delete 0 fields no manifest asks for it any more
? nss/SsoProfile/gone/flex.trust manual 0 fields no manifest asks for it any more
unseen nss/SsoProfile/flex/auth0.client forbidden Auth0 answered 403
unseen auth0:nss.us.auth0.com forbidden Auth0 answered 403
warning shared-address bob@example.com has two accounts in the identity provider
refused max-deletes 1 deletion in tenant `nss`, and the policy's `maxDeletes` is 0
Plan: 0 to create, 1 to update, 1 to delete, 2 manual steps, 2 blocked, 1 drifted; 2 unchanged; 2 could not be seen.
");
    let text = plan(&crowd(), &[], &style);
    assert_eq!(text.lines().count(), 5001);
    assert!(!text.contains("connie.one"));
}

#[test]
fn closing_sentences() {
    let sentence = |plan: &Plan| closing(plan);
    insta::assert_snapshot!(sentence(&first()), @"Plan: 3 to create, 0 to update, 0 to delete, 1 manual step, 0 drifted; 3 unchanged.");
    insta::assert_snapshot!(sentence(&everything_else()), @"Plan: 0 to create, 1 to update, 1 to delete, 2 manual steps, 2 blocked, 1 drifted; 2 unchanged; 2 could not be seen.");
    let drifted = PlanBuilder::new()
        .drift("nss/SsoProfile/flex/flex.runtime", |change| change)
        .gap(testing::gap(None, UnknownReason::Unreachable, "no answer"))
        .unchanged(3)
        .build();
    insta::assert_snapshot!(sentence(&drifted), @"Incomplete: 3 components compared, 1 drifted where Concord does not write; 1 could not be seen.");
}
