//! What reviewers see of a plan in a pull request.

use super::super::{
    testing::{PlanBuilder, plain},
    text::tests::{by_hand, crowd, everything_else, first, hostile, refusals},
};
use super::{plan as draw, *};
use crate::component::{Rule, Value};

#[test]
fn a_first_plan() {
    insta::assert_snapshot!(draw(&first(), &[], &plain()));
}

#[test]
fn an_update_by_hand_is_exactly_one_field() {
    insta::assert_snapshot!(draw(&by_hand(), &[], &plain()));
}

#[test]
fn a_rename_a_deletion_drift_and_a_gap() {
    insta::assert_snapshot!(draw(&everything_else(), &refusals(), &plain()));
}

#[test]
fn hostile_names_do_nothing() {
    let text = draw(&hostile(), &[], &plain());
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
    let outside: Vec<&str> = text.split("\n````").step_by(2).collect();
    assert_eq!(outside.len(), 2, "one fence, longer than the ticks inside: {text}");
    assert!(!outside.concat().contains("<img") && !outside.concat().contains("@everyone"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn people_are_counted_and_not_named() {
    let text = draw(&crowd(), &[], &plain());
    assert!(!text.contains("connie.one"));
    assert!(text.contains("create for 4987 people"));
    let named = draw(&crowd(), &[], &Style { show_users: true, ..plain() });
    assert!(named.contains("agent0000@<!-- -->connie.one"), "{named}");
}

#[test]
fn a_comment_has_a_limit() {
    let mut builder = PlanBuilder::new();
    for number in 0..400 {
        builder = builder.update(&format!("nss/SsoProfile/p{number}/auth0.client"), |change| {
            change.changed_by("code", Rule::Text, Value::text("a"), Value::text("b\n".repeat(100)))
        });
    }
    let text = draw(&builder.build(), &[], &plain());
    let count = text.chars().count();
    assert!((LIMIT - 5_000..=LIMIT).contains(&count), "{count}");
    assert!(text.contains("parts are left out"));
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}

#[test]
fn a_change_that_is_too_large_does_not_hide_the_next() {
    let plan = PlanBuilder::new()
        .create("nss/SsoProfile/a/auth0.client", |change| {
            change.field_by(
                "callbacks",
                Rule::Set,
                Value::texts((0..5_000).map(|n| format!("https://{n}.example/"))),
            )
        })
        .create("nss/SsoProfile/b/auth0.client", |change| change.field("name", Value::text("small")))
        .build();
    let text = draw(&plan, &[], &plain());
    assert!(text.contains("small") && text.contains("1 part is left out"), "{text}");
}
