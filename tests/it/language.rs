//! What a person reads when a manifest is wrong: one edit of a project that validates, and the whole answer of `concord validate`.
//!
//! The projects start from `tests/broken/base`; a case that is more than an edit has a folder of its own beside it, whose files
//! lie over the base. The answers are under `snapshots/`; read a changed one as the person would who made the mistake.

use crate::support::{Project, Run};

/// The project that every case starts from.
fn base() -> Project {
    Project::broken(&["base"])
}

/// Compares the whole answer with the one that was agreed on.
#[track_caller]
fn says(case: &str, run: &Run) {
    let Run { code, stdout, stderr } = run;
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots/language");
    settings.set_omit_expression(true);
    // Nothing here may depend on when it runs.
    settings.add_filter(r"in \d+ days|\d+ days ago", "[days]");
    settings.bind(|| {
        insta::assert_snapshot!(
            case,
            format!("exit code {code}\n--- stdout ---\n{stdout}--- stderr ---\n{stderr}")
        );
    });
}

/// A case: its name, and the edits `file: from => to` of the base that make it wrong.
macro_rules! broken {
    ($($(#[$doc:meta])* $case:ident { $($file:literal: $from:expr => $to:expr),+ $(,)? })*) => {$(
        $(#[$doc])*
        #[test]
        fn $case() {
            let project = base();
            $(project.edit($file, $from, $to);)+
            says(stringify!($case), &project.run(&["validate"]).expect(1));
        }
    )*};
}

/// A case: its name, and the folders of `tests/broken` that lie over the base.
macro_rules! broken_folder {
    ($($case:ident $folder:literal)*) => {$(
        #[test]
        fn $case() {
            let project = Project::broken(&["base", $folder]);
            says(stringify!($case), &project.run(&["validate"]).expect(1));
        }
    )*};
}

#[test]
fn the_base_is_not_broken() {
    base().run(&["validate", "--strict"]).expect(0);
}

// The text is not YAML, or YAML that is not read.
broken! {
    a_tab_indents { "people.yaml": "  profile: flex" => "\tprofile: flex" }
    a_quote_is_not_closed { "people.yaml": "profile: flex" => "profile: \"flex" }
    a_bracket_is_not_closed { "people.yaml": "[test@connie.one]}" => "[test@connie.one}" }
    the_indentation_is_off { "people.yaml": "  breakGlass:" => "   breakGlass:" }
    a_text_holds_a_colon { "flex.yaml": "Auth0 - Nevada Senior Services" => "Auth0: Nevada Senior Services" }
    a_key_is_written_twice {
        "people.yaml": "  roles: {default: [agent]}" => "  roles: {default: [agent]}\n  profile: other",
    }
    an_anchor_is_unknown { "people.yaml": "[root@connie.one]" => "*admins" }
    a_tag_is_written { "people.yaml": "profile: flex" => "profile: !Ref flex" }
    a_merge_key_is_written {
        "flex.yaml": "nameId: {format: emailAddress, from: user.email}" => "nameId:\n    <<: {format: emailAddress}\n    from: user.email",
    }
    a_key_is_a_number { "people.yaml": "{name: agents}" => "{name: agents, labels: {1: one}}" }
    a_key_is_a_list { "people.yaml": "{name: agents}" => "{name: agents, labels: {[a]: one}}" }
    the_document_is_a_list { "people.yaml": "apiVersion: concord/v1\nkind: UserEnablement" => "- apiVersion: concord/v1\n- kind: UserEnablement" }
}

#[test]
fn aliases_multiply() {
    let project = base();
    let mut text = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..9 {
        let alias = format!("*a{}", level - 1);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", [alias.as_str(); 10].join(", ")));
    }
    project.write("bomb.yaml", &text);
    says("aliases_multiply", &project.run(&["validate"]).expect(1));
}

#[test]
fn the_nesting_is_deep() {
    let project = base();
    project.write("deep.yaml", &format!("apiVersion: {}{}\n", "[".repeat(10_000), "]".repeat(10_000)));
    says("the_nesting_is_deep", &project.run(&["validate"]).expect(1));
}

#[test]
fn a_file_is_huge() {
    let project = base();
    project.write("huge.yaml", &"# nothing\n".repeat(200_000));
    says("a_file_is_huge", &project.run(&["validate"]).expect(1));
}

#[test]
fn a_file_is_not_utf8() {
    let project = base();
    std::fs::write(project.path().join("latin1.yaml"), b"kind: Tenant\nmetadata: {name: caf\xe9}\n").unwrap();
    says("a_file_is_not_utf8", &project.run(&["validate"]).expect(1));
}

#[test]
fn a_name_repaints_the_terminal() {
    let project = base();
    project.edit("people.yaml", "profile: flex", "profile: \"\\e[2Jflex\\u202e\"");
    let run = project.run(&["validate"]).expect(1);
    assert!(!run.stdout.contains(['\u{1b}', '\u{202e}']), "{}", run.stdout);
    says("a_name_repaints_the_terminal", &run);
}

// The shape of a document is wrong.
broken! {
    a_field_is_misspelt { "flex.yaml": "friendlyName" => "freindlyName" }
    a_field_is_written_with_an_underscore { "flex.yaml": "defaultRedirect" => "default_redirect" }
    a_field_stands_one_level_too_high { "flex.yaml": "  urls:\n    defaultRedirect: https://nss.connie.team\n" => "  defaultRedirect: https://nss.connie.team\n  urls:\n" }
    a_field_belongs_nowhere { "people.yaml": "  profile: flex\n" => "  profile: flex\n  quota: 7\n" }
    a_required_field_is_missing { "flex.yaml": "  friendlyName: Auth0 - Nevada Senior Services\n" => "" }
    the_spec_is_missing { "people.yaml": "\nspec:\n" => "\nspecs:\n" }
    the_type_is_wrong { "people.yaml": "breakGlass: [root@connie.one]" => "breakGlass: root@connie.one" }
    a_truth_value_is_a_word { "flex.yaml": "from: user.email, required: true" => "from: user.email, required: yes" }
    a_value_is_unknown { "people.yaml": "stage: pilot" => "stage: pilots" }
    a_product_is_unknown { "flex.yaml": "product: flex" => "product: flexx" }
    a_source_is_unknown { "flex.yaml": "from: user.name" => "from: user.fullName" }
    a_percentage_is_not_one { "concord.yaml": "  id: k3jd82mahx5t" => "  id: k3jd82mahx5t\n  policy: {maxChanges: 300%}" }
    a_url_is_not_one { "flex.yaml": "defaultRedirect: https://nss.connie.team" => "defaultRedirect: nss.connie.team" }
    a_name_is_not_one { "people.yaml": "{name: agents}" => "{name: Our_Agents}" }
    a_kind_is_unknown { "flex.yaml": "kind: SsoProfile" => "kind: SSOProfile" }
    a_kind_is_missing { "people.yaml": "kind: UserEnablement\n" => "" }
    the_version_is_missing { "people.yaml": "apiVersion: concord/v1\n" => "" }
    the_version_is_unknown { "people.yaml": "concord/v1" => "concord/v2" }
    a_secret_is_a_literal { "tenant.yaml": "{env: AUTH0_CLIENT_SECRET}" => "Sup3rS3cretValue-do-not-print" }
    a_secret_has_two_sources { "tenant.yaml": "{env: AUTH0_CLIENT_SECRET}" => "{env: AUTH0_CLIENT_SECRET, file: secret.txt}" }
    a_secret_source_is_unknown { "tenant.yaml": "{env: AUTH0_CLIENT_SECRET}" => "{value: Sup3rS3cretValue-do-not-print}" }
    several_things_are_wrong {
        "concord.yaml": "id: k3jd82mahx5t" => "id: k3jd82mahx5t\n  polcy: {maxDeletes: 0}",
        "tenant.yaml": "clientId:" => "clientID:",
        "flex.yaml": "from: user.email, required: true" => "from: user.mail, required: \"true\"",
        "flex.yaml": "  product: flex\n" => "",
        "people.yaml": "stage: pilot" => "stage: everybody",
    }
}

// The documents do not fit together.
broken! {
    the_project_is_missing { "concord.yaml": "kind: Project\nmetadata: {name: base}\nspec:\n  id: k3jd82mahx5t\n" => "kind: EmailDomain\nmetadata: {name: connie}\nspec: {domain: connie.one}\n" }
    there_is_a_second_project { "people.yaml": "apiVersion: concord/v1\nkind: UserEnablement" => "apiVersion: concord/v1\nkind: Project\nmetadata: {name: more}\nspec: {id: another1234}\n---\napiVersion: concord/v1\nkind: UserEnablement" }
    the_project_id_has_another_form { "concord.yaml": "k3jd82mahx5t" => "Project 1" }
    a_resource_is_described_twice { "flex.yaml": "kind: AttributeMap\nmetadata: {name: flex-agents}" => "kind: IdentityProvider\nmetadata: {name: auth0-nss}\nspec: {vendor: auth0}\n---\napiVersion: concord/v1\nkind: AttributeMap\nmetadata: {name: flex-agents}" }
    a_reference_is_misspelt { "flex.yaml": "identityProvider: auth0-nss" => "identityProvider: auth0-nsss" }
    a_reference_leads_nowhere { "people.yaml": "profile: flex" => "profile: console" }
    a_tenant_is_unknown { "people.yaml": "{name: agents}" => "{name: agents, tenant: nsss}" }
    the_project_names_a_tenant { "concord.yaml": "{name: base}" => "{name: base, tenant: nss}" }
    the_former_name_is_the_present_one { "flex.yaml": "{name: flex}" => "{name: flex, formerly: flex}" }
    the_former_name_is_in_use { "flex.yaml": "kind: SsoProfile\nmetadata: {name: flex}" => "kind: AttributeMap\nmetadata: {name: flex-leads, formerly: flex-agents}\nspec:\n  nameId: {format: emailAddress, from: user.email}\n---\napiVersion: concord/v1\nkind: SsoProfile\nmetadata: {name: flex}" }
}

broken! {
    the_tenant_is_of_an_unknown_kind { "tenant.yaml": "kind: Tenant" => "kind: Tennant" }
    the_tenant_has_another_name { "tenant.yaml": "{name: nss}" => "{name: NSS}" }
}

#[test]
fn the_tenant_is_missing() {
    let project = base();
    project.remove("tenant.yaml");
    says("the_tenant_is_missing", &project.run(&["validate"]).expect(1));
}

#[test]
fn the_folder_is_empty() {
    says("the_folder_is_empty", &Project::empty().run(&["validate"]).expect(1));
}

/// A text that stands where a secret's place should be is never repeated, whatever else is wrong around it.
#[test]
fn a_literal_secret_is_shown_nowhere() {
    const SECRET: &str = "Sup3rS3cretValue-do-not-print";
    for literal in
        [SECRET.to_owned(), format!("\"{SECRET}\""), format!("{{value: {SECRET}}}"), format!("[{SECRET}]")]
    {
        let project = base();
        project.edit("tenant.yaml", "{env: AUTH0_CLIENT_SECRET}", &literal);
        project.edit("tenant.yaml", "clientId:", "clientID:");
        for format in ["human", "json", "sarif", "github"] {
            let run = project.run(&["validate", "--format", format]).expect(1);
            assert!(!format!("{}{}", run.stdout, run.stderr).contains(SECRET), "{}", run.stdout);
        }
        let plan = project.run(&["plan", "--sandbox"]).expect(1);
        assert!(!format!("{}{}", plan.stdout, plan.stderr).contains(SECRET), "{}", plan.stderr);
    }
}

broken_folder! {
    two_tenants_and_none_is_named "two-tenants"
    a_reference_leads_into_another_tenant "other-tenant"
    two_resources_swap_names "swapped-names"
}

// The documents mean something that Twilio or the identity provider would refuse.
broken! {
    a_flow_stands_for_the_instance { "tenant.yaml": "GO00000000000000000000000000000001" => "FO00000000000000000000000000000001" }
    the_account_sid_is_short { "tenant.yaml": "AC00000000000000000000000000000001" => "AC0000000000000000000000000000001" }
    roles_is_written_with_a_capital { "flex.yaml": "name: roles" => "name: Roles" }
    roles_is_missing { "flex.yaml": "    - {name: roles, from: enablement.roles, required: true, values: [agent, supervisor, admin]}\n" => "" }
    a_role_is_unknown { "people.yaml": "default: [agent]" => "default: [administrator]" }
    a_trusted_url_has_a_wildcard { "flex.yaml": "trusted: [https://nss.connie.team]" => "trusted: [\"https://*.connie.team\"]" }
    nobody_is_break_glass { "people.yaml": "  breakGlass: [root@connie.one]\n" => "" }
    the_response_is_not_signed { "flex.yaml": "  application: " => "  signing: {response: false}\n  application: " }
    sign_response_is_another_tools_word { "flex.yaml": "  application: " => "  signing: {signResponse: false}\n  application: " }
}

#[test]
fn a_warning_ends_with_0_unless_strict() {
    let project = base();
    project.edit("flex.yaml", "trusted: [https://nss.connie.team]", "trusted: [https://nss.connie.one]");
    says("the_default_redirect_is_not_trusted", &project.run(&["validate"]).expect(0));
    project.run(&["validate", "--strict"]).expect(1);
}

broken_folder! {
    a_pinned_certificate_has_expired "expired-certificate"
}

/// What only the lowering sees used to pass `validate` and to fail in `plan`.
#[test]
fn what_a_provider_cannot_express_is_found_offline() {
    let project = base();
    project.edit("tenant.yaml", "  twilio:\n", "  twilio:\n    region: mars 7\n");
    let wrong = project.run(&["validate"]).expect(1);
    assert!(wrong.stdout.contains("`mars 7` cannot be part of a host name"), "{}", wrong.stdout);
    assert_eq!(wrong.stdout.matches("mars 7` cannot").count(), 1, "told once:\n{}", wrong.stdout);
}

/// A certificate that lies in a file used to validate, and then nothing could be planned: its text never reached the provider.
#[test]
fn a_certificate_in_a_file_is_pinned() {
    let project = Project::example("auth0-flex");
    let keys = project.serve().auth0("GET", "keys/signing", None);
    let current = keys.as_array().unwrap().iter().find(|key| key["current"] == true).unwrap();
    project.write("idp.pem", current["cert"].as_str().unwrap());
    let vendor = "vendor: auth0\n";
    project.edit("tenant.yaml", vendor, &format!("{vendor}  trust: {{certificates: [{{file: idp.pem}}]}}\n"));
    project.run(&["validate"]).expect(0);
    project.reconcile();
    assert_eq!(crate::support::lines(&project.plan()), Vec::<String>::new());
}
