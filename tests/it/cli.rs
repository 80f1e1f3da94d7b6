//! The command line as scripts and newcomers meet it: exit codes, forms of output, narrowing, saved plans, help.

use std::{io::Read, process::Stdio};

use serde_json::Value;

use crate::support::{Project, Run, lines};

/// Every command, with a subcommand where it has some.
const COMMANDS: &[&[&str]] = &[
    &["init"],
    &["validate"],
    &["plan"],
    &["apply"],
    &["runbook"],
    &["attest"],
    &["verify"],
    &["output"],
    &["explain"],
    &["schema"],
    &["sandbox"],
    &["sandbox", "serve"],
    &["sandbox", "show"],
    &["sandbox", "reset"],
    &["completions"],
];

/// A run without ANSI sequences.
fn is_plain(run: &Run) -> bool {
    !run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}')
}

#[test]
fn help_is_an_answer() {
    let project = Project::empty();
    for command in COMMANDS {
        for flag in ["--help", "-h"] {
            let run = project.run(&[command, [flag].as_slice()].concat()).expect(0);
            assert!(run.stdout.contains("Usage: concord"), "{command:?} {}", run.stdout);
            assert_eq!(run.stderr, "", "{command:?}");
            let wide = run.stdout.lines().find(|line| line.chars().count() > 100);
            assert_eq!(wide, None, "{command:?}");
        }
    }
    let general = project.run(&["--help"]).expect(0);
    for command in COMMANDS.iter().filter(|command| command.len() == 1) {
        assert!(general.stdout.contains(&format!("\n  {} ", command[0])), "{command:?} is not listed");
    }
    let listed = general.stdout.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in listed.take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  ")) {
        let name = line.split_whitespace().next().unwrap_or_default();
        let known = COMMANDS.iter().any(|command| command[0] == name);
        assert!(
            known || name == "help" || line.starts_with("   "),
            "`{name}` is not among the tested commands"
        );
    }
    assert!(general.stdout.contains("Exit codes:"));
    let version = project.run(&["--version"]).expect(0);
    assert_eq!(version.stdout, format!("concord {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_is_64_and_says_what_is_right() {
    let project = Project::broken(&["base"]);
    let says = |arguments: &[&str], part: &str| {
        let run = project.run(arguments).expect(64);
        assert_eq!(run.stdout, "", "{arguments:?}");
        assert!(run.stderr.contains(part), "{arguments:?} does not say {part:?}:\n{}", run.stderr);
    };
    says(&[], "Usage: concord");
    says(&["paln"], "plan");
    says(&["plan", "--sandbx"], "--sandbox");
    says(&["plan", "--format", "yaml"], "text, json, markdown");
    says(&["plan", "--tenant", "Not A Name"], "letters, digits");
    says(&["plan", "--target", ""], "expected an address");
    says(&["plan", "--sandbox-state", "state"], "--sandbox");
    says(&["plan", "nowhere"], "nowhere is no folder");
    says(&["apply", "nowhere", "--yes"], "nowhere is no folder");
    says(&["validate", "nowhere"], "nowhere is no folder");
    says(&["plan", "--sandbox", "--tenant", "nsss"], "did you mean `nss`?");
    says(&["plan", "--sandbox", "--target", "nss/SsoProfile/flexx"], "nss/SsoProfile/flexx");
    says(&["apply", "--sandbox", "--yes", "--allow", "max-delete"], "max-deletes");
    says(&["apply", "--simulate-operator", "--yes"], "--sandbox");
    says(&["explain", "unknown-feild"], "did you mean `unknown-field`?");
    says(&["explain", "zzzzzzzz"], "`concord explain` lists all codes");
    says(&["schema", "nothing-like-it"], "the schemas are");
    says(&["completions", "tcsh"], "bash");
    says(&["init", "new", "--tenant", "Acme Inc"], "letters, digits");
}

#[test]
fn a_file_in_place_of_the_folder_is_wrong_usage() {
    let project = Project::broken(&["base"]);
    for command in ["validate", "plan"] {
        let run = project.run(&[command, "flex.yaml"]).expect(64);
        assert!(run.stderr.contains("flex.yaml is no folder"), "{}", run.stderr);
    }
}

#[test]
fn colour_is_for_terminals_unless_asked_for() {
    let project = Project::broken(&["base"]);
    project.edit("flex.yaml", "friendlyName", "freindlyName");
    let run = |arguments: &[&str], variables: &[(&str, &str)]| -> Run {
        project
            .command()
            .args(arguments)
            .envs(variables.iter().copied())
            .output()
            .expect("the program runs")
            .into()
    };
    assert!(is_plain(&run(&["validate"], &[])));
    assert!(is_plain(&run(&["validate"], &[("NO_COLOR", "1")])));
    assert!(is_plain(&run(&["validate", "--color", "never"], &[("CLICOLOR_FORCE", "1")])));
    assert!(run(&["validate", "--color", "always"], &[("NO_COLOR", "1")]).stdout.contains('\u{1b}'));
    assert!(run(&["plan", "--sandbox", "--color", "always"], &[]).stderr.contains('\u{1b}'));
    assert!(is_plain(&run(&["plan", "--sandbox"], &[("NO_COLOR", "1")])));
    assert!(is_plain(&run(&["--help"], &[])));
    assert!(is_plain(&run(&["nonsense"], &[])));
    // Formats for programs have none, whoever asks.
    for format in ["json", "sarif", "github"] {
        let run = run(&["validate", "--format", format, "--color", "always"], &[]);
        assert!(!run.stdout.contains('\u{1b}'), "{}", run.stdout);
    }
}

#[test]
fn without_a_unicode_locale_only_ascii_is_drawn() {
    let project = Project::broken(&["base"]);
    project.edit("flex.yaml", "friendlyName", "freindlyName");
    let output: Run =
        project.command().args(["validate"]).env("LC_ALL", "C").output().expect("the program runs").into();
    assert!(output.stdout.is_ascii(), "{}", output.stdout);
}

/// A reader such as `head` that goes away early is no failure of ours.
#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let project = Project::broken(&["base"]);
    for arguments in [&["explain"][..], &["schema"], &["completions", "bash"], &["--help"], &["validate"]] {
        let mut child = project
            .command()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().expect("stderr").read_to_string(&mut stderr).expect("text");
        let status = child.wait().expect("the program ends");
        assert_eq!(stderr, "", "{arguments:?}");
        assert_eq!(status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn findings_for_programs() {
    let project = Project::broken(&["base"]);
    project.edit("flex.yaml", "friendlyName", "freindlyName");

    let json = project.run(&["validate", "--format", "json"]).expect(1).json();
    let finding = &json["findings"][0];
    assert_eq!(finding["code"], "unknown-field", "{json:#}");

    let sarif = project.run(&["validate", "--format", "sarif"]).expect(1).json();
    assert_eq!(sarif["version"], "2.1.0");
    let result = &sarif["runs"][0]["results"][0];
    let rule = result["ruleIndex"].as_u64().expect("an index") as usize;
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "flex.yaml");
    assert_eq!((&place["region"]["startLine"], &place["region"]["startColumn"]), (&16.into(), &3.into()));

    let github = project.run(&["validate", "--format", "github", "--base", "sso/nss"]).expect(1);
    let line = github.stdout.lines().next().expect("a line");
    assert!(
        line.starts_with("::error ") && line.contains("file=sso/nss/flex.yaml") && line.contains("line=16"),
        "{line}"
    );

    // A clean project gives clean documents, not silence.
    let clean = Project::broken(&["base"]);
    assert_eq!(
        clean.run(&["validate", "--format", "json"]).expect(0).json()["findings"],
        Value::Array(vec![])
    );
    let sarif = clean.run(&["validate", "--format", "sarif"]).expect(0).json();
    assert_eq!(sarif["runs"][0]["results"], Value::Array(vec![]));
    assert_eq!(clean.run(&["validate", "--format", "github"]).expect(0).stdout, "");
}

#[test]
fn annotations_name_files_as_the_repository_does() {
    let project = Project::empty();
    let inner = Project::broken(&["base"]);
    for file in ["concord.yaml", "tenant.yaml", "flex.yaml", "people.yaml"] {
        project.write(&format!("sso/{file}"), &inner.read(file));
    }
    project.edit("sso/flex.yaml", "friendlyName", "freindlyName");
    for folder in ["sso", "./sso", "sso/"] {
        let github = project.run(&["validate", folder, "--format", "github"]).expect(1);
        assert!(github.stdout.contains("file=sso/flex.yaml"), "{folder}: {}", github.stdout);
    }
}

#[test]
fn every_code_is_explained() {
    let project = Project::empty();
    let list = project.run(&["explain"]).expect(0);
    let codes: Vec<&str> = list
        .stdout
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| {
            let single = ["unreadable", "emptied", "ownership", "unauthorized", "forbidden", "unexpected"];
            word.contains('-') || single.contains(word)
        })
        .filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
        .collect();
    assert!(codes.len() > 40, "{}", list.stdout);
    // What refusals and plans print, and no manifest can be found with.
    for code in ["ownership", "no-credential", "unauthorized", "forbidden", "unreachable", "unexpected"] {
        assert!(list.stdout.lines().any(|line| line.starts_with(&format!("{code} "))), "{code}");
        project.run(&["explain", code]).expect(0);
    }
    let ownership = project.run(&["explain", "ownership"]).expect(0);
    assert!(!ownership.stdout.contains("--allow ownership"), "nothing overrides it: {}", ownership.stdout);
    for code in codes {
        let explained = project.run(&["explain", code]).expect(0);
        assert!(explained.stdout.contains(code), "{}", explained.stdout);
        assert!(
            explained.stdout.len() > code.len() + 80,
            "{code} is hardly explained:\n{}",
            explained.stdout
        );
        let wide = explained.stdout.lines().find(|line| line.chars().count() > 100);
        assert_eq!(wide, None, "{code}");
    }
}

#[test]
fn completions_for_every_shell() {
    let project = Project::empty();
    for shell in ["bash", "zsh", "fish"] {
        let script = project.run(&["completions", shell]).expect(0).stdout;
        for word in ["validate", "simulate-operator", "expect-digest"] {
            assert!(script.contains(word), "{shell} does not complete {word}");
        }
    }
    let bash =
        std::process::Command::new("bash").args(["-n", "/dev/stdin"]).stdin(Stdio::piped()).spawn().and_then(
            |mut child| {
                let script = project.run(&["completions", "bash"]).expect(0).stdout;
                std::io::Write::write_all(child.stdin.as_mut().expect("stdin"), script.as_bytes())?;
                child.wait()
            },
        );
    if let Ok(status) = bash {
        assert!(status.success(), "bash refuses the script");
    }
}

#[test]
fn init_writes_a_project_that_validates_and_plans() {
    for tenant in ["acme", "a", "nevada-senior-services-2", "tenant"] {
        let project = Project::empty();
        let init = project.run(&["init", "sso", "--tenant", tenant]).expect(0);
        assert!(
            init.stdout.contains("concord.yaml") && init.stderr.contains("concord validate sso"),
            "{}",
            init.stdout
        );
        let validated = project.run(&["validate", "sso"]).expect(0);
        assert!(!validated.stdout.contains("error"), "{}", validated.stdout);
        assert!(project.read("sso/flex.yaml").contains(&format!("metadata: {{name: {tenant}}}")));
        project.run(&["plan", "sso", "--sandbox", "--allow-incomplete"]).expect(0);
    }
}

/// What a newcomer tries first.
#[test]
fn a_fresh_project_goes_from_empty_to_verified_on_the_sandbox() {
    for tenant in ["acme", "nevada-senior-services-2"] {
        let project = Project::empty();
        let init = project.run(&["init", "sso", "--tenant", tenant]).expect(0);
        assert!(init.stdout.contains("sandbox.yaml"), "{}", init.stdout);
        let first = project.run(&["apply", "sso", "--sandbox", "--yes", "--simulate-operator"]).expect(0);
        assert!(first.stdout.contains("Verified:"), "{}", first.stdout);
        let again = project.run(&["plan", "sso", "--sandbox", "--detailed-exitcode"]).expect(0);
        assert!(again.stdout.contains("Nothing to do"), "{}", again.stdout);
    }
}

#[test]
fn a_project_without_profiles_has_nothing_that_could_be_right() {
    let project = Project::example("auth0-flex");
    project.remove("flex.yaml").remove("people.yaml");
    let plan = project.run(&["plan", "--sandbox"]).expect(0);
    assert!(plan.stdout.contains("no profile in the manifests"), "{}", plan.stdout);
    assert!(!plan.stdout.contains("as they should be"), "{}", plan.stdout);
    let verified = project.run(&["verify", "--sandbox"]).expect(0);
    assert!(verified.stdout.contains("no profile in the manifests"), "{}", verified.stdout);
    assert!(!verified.stdout.contains("Verified"), "{}", verified.stdout);
}

#[test]
fn output_gives_the_acs_url_as_the_first_callback() {
    let project = Project::example("auth0-flex");
    let values = |run: Run| run.json()["profiles"]["nss/flex"].clone();
    let early = values(project.run(&["output", "--sandbox"]).expect(0));
    assert_eq!((&early["acsUrl"], &early["callbackUrls"]), (&Value::Null, &Value::Null), "{early}");
    project.reconcile();
    let known = values(project.run(&["output", "--sandbox"]).expect(0));
    assert!(known["acsUrl"].is_string(), "{known}");
    assert_eq!(known["callbackUrls"][0], known["acsUrl"], "{known}");
    let client = project.serve().client_named("Twilio Flex - NSS");
    assert_eq!(known["callbackUrls"], client["callbacks"], "what Concord itself entered");
}

#[test]
fn every_project_gets_an_id_of_its_own() {
    let project = Project::empty();
    for folder in ["one", "two"] {
        project.run(&["init", folder]).expect(0);
    }
    assert_ne!(project.read("one/concord.yaml"), project.read("two/concord.yaml"));
}

#[test]
fn init_refuses_an_occupied_folder() {
    let project = Project::empty();
    project.write("flex.yaml", "mine\n");
    let refused = project.run(&["init"]).expect(1);
    assert!(refused.stderr.contains("flex.yaml exists"), "{}", refused.stderr);
    assert_eq!(project.read("flex.yaml"), "mine\n");
    assert!(!project.path().join("concord.yaml").exists());

    // A second `init` in a project's folder never makes a second project, whatever its files are called.
    let project = Project::broken(&["base"]);
    let other = project.read("concord.yaml");
    project.remove("concord.yaml").write("project.yaml", &other).remove("flex.yaml").remove("people.yaml");
    let refused = project.run(&["init"]).expect(1);
    assert!(refused.stderr.contains("nothing was written"), "{}", refused.stderr);
    assert!(!project.path().join("concord.yaml").exists());
}

#[test]
fn init_keeps_a_gitignore_that_is_there() {
    let project = Project::empty();
    project.write(".gitignore", "target/\n");
    project.run(&["init"]).expect(0);
    assert_eq!(project.read(".gitignore"), "target/\n.concord/\n");
}

#[test]
fn a_saved_plan_is_applied_while_nothing_has_changed() {
    let project = Project::example("auth0-flex");
    project.run(&["plan", "--sandbox", "--out", "plan.json"]).expect(0);
    let apply = ["apply", "--sandbox", "--yes", "--simulate-operator", "--plan", "plan.json"];
    project.run(&apply).expect(0);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
    // What it planned is done, so it is stale.
    let stale = project.run(&apply).expect(1);
    assert!(stale.stderr.contains("help:"), "{}", stale.stderr);
}

#[test]
fn a_saved_plan_is_refused_when_a_manifest_changed() {
    let project = Project::example("auth0-flex");
    project.run(&["plan", "--sandbox", "--out", "plan.json"]).expect(0);
    project.edit("flex.yaml", "Twilio Flex - NSS", "Twilio Flex - Nevada");
    let stale =
        project.run(&["apply", "--sandbox", "--yes", "--simulate-operator", "--plan", "plan.json"]).expect(1);
    assert!(stale.stderr.contains("help:"), "{}", stale.stderr);
    assert_eq!(
        project.serve().clients().iter().filter(|it| it["name"] != "Intranet").count(),
        1,
        "nothing was made"
    );
}

#[test]
fn a_file_that_is_no_plan_is_refused() {
    let project = Project::example("auth0-flex");
    project.write("plan.json", "{}");
    for file in ["plan.json", "flex.yaml", "missing.json"] {
        let run = project.run(&["apply", "--sandbox", "--yes", "--plan", file]).expect(1);
        assert!(run.stderr.contains(file), "{}", run.stderr);
    }
}

#[test]
fn only_the_plan_that_the_reviewer_saw_is_applied() {
    let project = Project::example("auth0-flex");
    let digest = project.plan()["digest"].as_str().expect("a digest").to_owned();
    let apply = |digest: &str| {
        project.run(&["apply", "--sandbox", "--yes", "--simulate-operator", "--expect-digest", digest])
    };
    let refused = apply(&"0".repeat(64)).expect(1);
    assert!(
        refused.stderr.contains(&digest) && refused.stderr.contains("review it again"),
        "{}",
        refused.stderr
    );
    assert!(!lines(&project.plan()).is_empty());
    apply(&digest).expect(0);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

#[test]
fn a_target_comes_with_what_it_needs_and_nothing_else() {
    let project = Project::example("auth0-flex");
    let plan = |target: &str| {
        project
            .run(&["plan", "--sandbox", "--format", "json", "--allow-incomplete", "--target", target])
            .json()
    };
    let client = lines(&plan("nss/SsoProfile/flex/auth0.client"));
    assert!(client.iter().any(|line| line.contains("nss/SsoProfile/flex/auth0.client")), "{client:#?}");
    let all = lines(&project.plan());
    assert!(client.len() < all.len(), "{client:#?}");
    assert!(client.iter().all(|line| !line.contains("UserEnablement")), "{client:#?}");
    let enablement = lines(&plan("nss/UserEnablement/respite/"));
    assert!(enablement.iter().any(|line| line.contains("UserEnablement/respite")), "{enablement:#?}");
    assert!(enablement.iter().all(|line| !line.contains("UserEnablement/home-care")), "{enablement:#?}");
}

#[test]
fn a_tenant_is_planned_and_applied_alone() {
    let project = Project::example("auth0-flex-isolated");
    project.run(&["apply", "--sandbox", "--yes", "--simulate-operator", "--tenant", "hope"]).expect(0);
    let rest = lines(&project.plan());
    assert!(!rest.is_empty() && rest.iter().all(|line| line.contains(" nss/")), "{rest:#?}");
    let json = project.run(&["plan", "--sandbox", "--tenant", "hope", "--format", "json"]).expect(0).json();
    assert_eq!(lines(&json), Vec::<String>::new());
}

#[test]
fn compact_is_a_line_for_each_change() {
    let project = Project::example("auth0-flex");
    let run = project.run(&["plan", "--sandbox", "--compact"]).expect(0);
    let address = "nss/SsoProfile/flex/auth0.client";
    assert_eq!(
        run.stdout.lines().filter(|line| line.contains(&format!("{address} "))).count(),
        1,
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("addons"), "fields are not shown:\n{}", run.stdout);
    let full = project.run(&["plan", "--sandbox"]).expect(0);
    assert!(run.stdout.lines().count() < full.stdout.lines().count());
}

#[test]
fn quiet_leaves_results_and_errors() {
    let project = Project::example("auth0-flex");
    let run = project.run(&["plan", "--sandbox", "--quiet"]).expect(0);
    assert_eq!(run.stderr, "");
    assert!(run.stdout.contains("auth0.client"));
    let apply = project.run(&["apply", "--sandbox", "--yes", "--simulate-operator", "-q"]).expect(0);
    assert_eq!(apply.stderr, "");
    let wrong = project.run(&["plan", "nowhere", "--quiet"]).expect(64);
    assert!(wrong.stderr.contains("nowhere is no folder"));
}

#[test]
fn an_apply_without_a_terminal_needs_yes() {
    let project = Project::example("auth0-flex");
    let run = project.run(&["apply", "--sandbox"]).expect(1);
    assert!(run.stderr.contains("--yes"), "{}", run.stderr);
    assert!(!lines(&project.plan()).is_empty());
}

/// Names from live systems are hostile: in a comment on a pull request they stay text.
#[test]
fn a_hostile_name_stays_text_in_markdown() {
    const HOSTILE: &str =
        "</details><img src=x onerror=alert(1)> @everyone [x](javascript:alert) `a` | b &amp;";
    let project = Project::example("auth0-flex");
    project.edit("flex.yaml", "Auth0 - Nevada Senior Services", &format!("'{HOSTILE}'"));
    let run = project.run(&["plan", "--sandbox", "--format", "markdown", "--markdown", "plan.md"]);
    assert!(run.stdout.contains("onerror"), "{}", run.stdout);
    for text in [run.stdout.as_str(), project.read("plan.md").as_str()] {
        let live = outside_code(text);
        for live_text in ["<img", "</details><", "@everyone", "[x]("] {
            assert!(!live.contains(live_text), "{live_text} is live in\n{text}");
        }
        assert_eq!(live.matches("<details").count(), live.matches("</details>").count(), "{text}");
    }
}

/// What a Markdown reader takes for more than code: neither fenced nor between backticks, and without escapes.
fn outside_code(text: &str) -> String {
    let mut out = String::new();
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => {
                let mut rest = line;
                while let Some(c) = rest.chars().next() {
                    let run = rest.len() - rest.trim_start_matches('`').len();
                    let (open, after) = rest.split_at(run);
                    let end = (run > 0).then(|| after.find(open)).flatten();
                    if c == '\\' {
                        rest = rest[1..].char_indices().nth(1).map_or("", |(at, _)| &rest[1 + at..]);
                    } else if let Some(end) = end {
                        rest = &after[end + run..];
                    } else {
                        out.push(c);
                        rest = &rest[c.len_utf8()..];
                    }
                }
                out.push('\n');
            }
        }
    }
    out
}

#[test]
fn a_plan_in_markdown_shows_no_addresses_of_people() {
    let project = Project::example("auth0-flex");
    let quiet = project.run(&["plan", "--sandbox", "--format", "markdown"]).expect(0).stdout;
    for person in ["lead@connie.one", "maria@respite.connie.one", "ann@connie.one"] {
        assert!(!quiet.contains(person), "{quiet}");
    }
    let open = project.run(&["plan", "--sandbox", "--format", "markdown", "--show-users"]).expect(0).stdout;
    assert!(open.replace("<!-- -->", "").contains("lead@connie.one"), "{open}");
}
