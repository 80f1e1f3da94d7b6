//! Identity providers without an API: what changes there is found as exactly that, a new certificate is trusted by nobody but a person, and
//! metadata of any size are read within bounds.

use serde_json::{Value, json};

use crate::support::{Project, Served, lines, recorded};

const IDP: &str = "sso.connie.one";
const TRUST: &str = "nss/IdentityProvider/keycloak/saml.trust";
const METADATA: &str = "nss/IdentityProvider/keycloak/saml.metadata";
const APPLICATION: &str = "nss/SsoProfile/flex/saml.application";

impl Served {
    /// A request to the page in place of the identity provider's administration.
    #[track_caller]
    fn idp(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.send(method, &format!("{IDP}/admin{path}"), None, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    fn rotate(&self, publish: &str) -> Vec<String> {
        let answer = self.idp("POST", "/keys", Some(json!({"publish": publish})));
        let prints = answer["fingerprints"].as_array().unwrap().iter();
        prints.map(|it| it.as_str().unwrap().to_owned()).collect()
    }
}

fn apply(project: &Project) -> crate::support::Run {
    project.run(&["apply", "--sandbox", "--yes", "--simulate-operator"])
}

#[test]
fn a_new_certificate_is_passed_on_only_after_a_person_confirmed_it() {
    let project = Project::example("keycloak-flex");
    project.reconcile();
    let old = project.serve().idp("GET", "", None)["fingerprints"][0].as_str().unwrap().to_uppercase();
    // Announced beside the old one: nothing but the trust is to be looked at, and what is trusted stays in use.
    project.serve().rotate("both");
    assert_eq!(lines(&project.plan()), [format!("manual {TRUST} [certificates]")]);
    // In use alone: Twilio keeps the old one until a person has confirmed the new one.
    let new = project.serve().rotate("new").remove(0);
    let plan = project.plan();
    let flex = |step: &str| format!("manual nss/SsoProfile/flex/flex.{step} [certificates]");
    assert_eq!(lines(&plan), [format!("manual {TRUST} [certificates]"), flex("test"), flex("trust")]);
    let text = project.run(&["plan", "--sandbox"]).expect(0).stdout.replace([':', ' ', '\n'], "");
    assert!(text.contains(&old) && text.contains("nolongerpublished"), "{text}");
    assert!(project.run(&["verify", "--sandbox"]).code == 6);

    let wrong = format!("fingerprints={}", "0".repeat(64));
    let attest = |output: &str| {
        project.run(&["attest", "--sandbox", "--by", "ines@example.com", "--step", TRUST, "--output", output])
    };
    let refused = attest(&wrong).expect(1);
    assert!(refused.stderr.contains("certificates"), "{}", refused.stderr);
    assert_eq!(lines(&project.plan()).len(), 3, "what is not so is not recorded");
    attest(&format!("fingerprints={new}")).expect(0);
    assert_eq!(lines(&project.plan()), [flex("test"), flex("trust")]);
    apply(&project).expect(0);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

#[test]
fn pinned_certificates_are_what_counts() {
    let project = Project::example("keycloak-flex");
    let print = project.serve().idp("GET", "", None)["fingerprints"][0].as_str().unwrap().to_owned();
    let entity = "    entityId: https://sso.connie.one/realms/agents\n";
    project.edit("tenant.yaml", entity, &format!("{entity}    certificates: [{{fingerprint: '{print}'}}]\n"));
    project.reconcile();
    assert!(!project.run(&["plan", "--sandbox"]).expect(0).stdout.contains("saml.trust"));
    project.serve().rotate("both");
    assert_eq!(lines(&project.plan()), [format!("drift {METADATA} [fingerprints]")]);
    project.run(&["plan", "--sandbox", "--detailed-exitcode"]).expect(0);
    project.run(&["verify", "--sandbox"]).expect(6);
}

#[test]
fn what_the_metadata_say_is_drift_or_a_gap() {
    let project = Project::example("keycloak-flex");
    project.reconcile();
    let settings = |body: Value| {
        project.serve().idp("PUT", "/settings", Some(body));
        project.plan()
    };
    assert_eq!(
        lines(&settings(json!({"wantAuthnRequestsSigned": true}))),
        [format!("drift {METADATA} [wantsSignedRequests]")]
    );
    let ended = settings(json!({"wantAuthnRequestsSigned": false, "validDays": -1}));
    assert_eq!(lines(&ended), [format!("drift {METADATA} [isCurrent]")]);
    let moved = settings(json!({"validDays": 10, "ssoPath": "/elsewhere"}));
    let flex = |step: &str| format!("manual nss/SsoProfile/flex/flex.{step} [ssoUrl]");
    assert_eq!(lines(&moved), [flex("test"), flex("trust")]);
    settings(json!({"entityId": "https://sso.connie.one/realms/agent"}));
    let gap = project.run(&["plan", "--sandbox"]).expect(1);
    assert!(
        gap.stdout.contains("does not describe `https://sso.connie.one/realms/agents`"),
        "{}",
        gap.stdout
    );
    assert!(
        gap.stdout.contains("https://sso.connie.one/realms/agent,"),
        "near ones are named: {}",
        gap.stdout
    );
}

#[test]
fn what_the_manifests_change_is_told_as_exactly_that() {
    let project = Project::example("keycloak-flex");
    project.reconcile();
    project.edit("flex.yaml", "expressions: {saml: user.team}", "expressions: {saml: user.squad}");
    let test = "manual nss/SsoProfile/flex/flex.test [attributes]".to_owned();
    assert_eq!(lines(&project.plan()), [test, format!("manual {APPLICATION} [attributes.team]")]);
    apply(&project).expect(0);
    let shown = project.serve().idp("GET", "", None);
    assert_eq!(shown["applications"][0]["attributes"]["team"], "user.squad");

    project.edit("people.yaml", "roles: [agent, supervisor]", "roles: [supervisor]");
    assert_eq!(lines(&project.plan()), ["manual nss/UserEnablement/agents/saml.people [people]"]);
    project.edit("people.yaml", "joe@connie.one, ", "");
    apply(&project).expect(0);
    let people = project.serve().idp("GET", "", None)["people"]["twilio-flex"].clone();
    let list = &people["nss/UserEnablement/agents/saml.people"];
    assert_eq!(list["lead@connie.one"]["roles"], json!(["supervisor"]));
    assert!(list["joe@connie.one"].is_null() && !list["ann@connie.one"].is_null(), "{list}");
    assert_eq!(lines(&project.plan()), Vec::<String>::new());

    project.remove("people.yaml");
    let plan = project.plan();
    let gone: Vec<&str> =
        plan["changes"].as_array().unwrap().iter().map(|it| it["address"].as_str().unwrap()).collect();
    for list in ["saml.people", "saml.people:pilot"] {
        assert!(gone.contains(&format!("nss/UserEnablement/agents/{list}").as_str()), "{gone:?}");
    }
}

#[test]
fn a_file_of_metadata_needs_no_further_trust() {
    let project = Project::example("keycloak-flex");
    let xml = {
        let served = project.serve();
        let (status, xml) =
            served.send("GET", &format!("{IDP}/realms/agents/protocol/saml/descriptor"), None, None);
        assert_eq!(status, 200);
        xml.as_str().unwrap().to_owned()
    };
    project.write("idp.xml", &xml);
    project.edit(
        "tenant.yaml",
        "metadata: {url: https://sso.connie.one/realms/agents/protocol/saml/descriptor}",
        "metadata: {file: idp.xml}",
    );
    project.reconcile();
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
    let output =
        project.run(&["output", "--sandbox", "--profile", "flex", "--format", "sp-metadata"]).expect(0);
    for part in [
        "urn:flex:JQ",
        "nameid-format:emailAddress",
        "Name=\"full_name\"",
        "isRequired=\"true\"",
        "Name=\"team\"",
    ] {
        assert!(output.stdout.contains(part), "{part}: {}", output.stdout);
    }
    // Which of several is meant has to be said.
    project.edit("tenant.yaml", "    entityId: https://sso.connie.one/realms/agents\n", "");
    let several = project.run(&["validate"]).expect(1);
    assert!(several.stdout.contains("other-0"), "{}{}", several.stdout, several.stderr);
}

#[test]
fn planning_sends_only_reads_and_each_document_once() {
    let project = Project::example("keycloak-flex");
    project.reconcile();
    let (run, calls) = recorded(&project, &["plan", "--sandbox"]);
    run.expect(0);
    assert!(calls.iter().all(|call| call["method"] == "GET"), "only reads: {calls:?}");
    let metadata =
        calls.iter().filter(|call| call["host"] == IDP && call.to_string().contains("/descriptor"));
    assert_eq!(metadata.count(), 1, "{calls:?}");
}

#[test]
fn a_step_whose_statement_was_lost_is_done_again_without_a_second_application() {
    let project = Project::example("keycloak-flex");
    project.reconcile();
    let attestations = project.path().join(".concord/sandbox/attestations");
    std::fs::remove_dir_all(attestations).unwrap();
    apply(&project).expect(0);
    let shown = project.serve().idp("GET", "", None);
    assert_eq!(shown["applications"].as_array().unwrap().len(), 1, "{shown}");
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

/// Most memory that a process had, in KiB: Linux alone says it.
#[cfg(target_os = "linux")]
fn peak(project: &Project, arguments: &[&str]) -> (i32, u64) {
    use std::process::Stdio;
    let mut child = project
        .command()
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut peak = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let seen = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok());
        peak = peak.max(seen.unwrap_or_default());
        if let Some(status) = child.try_wait().expect("a child") {
            return (status.code().unwrap_or(-1), peak);
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn fifty_megabytes_of_metadata_need_little_memory() {
    let project = Project::example("keycloak-flex");
    let xml = {
        let served = project.serve();
        let (_, xml) =
            served.send("GET", &format!("{IDP}/realms/agents/protocol/saml/descriptor"), None, None);
        xml.as_str().unwrap().to_owned()
    };
    let (head, rest) = xml.split_once("<md:EntityDescriptor").unwrap();
    let (entities, tail) = rest.rsplit_once("</md:EntitiesDescriptor>").unwrap();
    let entities = format!("<md:EntityDescriptor{entities}");
    project.edit(
        "tenant.yaml",
        "metadata: {url: https://sso.connie.one/realms/agents/protocol/saml/descriptor}",
        "metadata: {file: idp.xml}",
    );
    project.write("idp.xml", &xml);
    let (code, small) = peak(&project, &["validate"]);
    assert_eq!(code, 0);

    let other = format!(
        "<md:EntityDescriptor entityID=\"urn:other\"><md:IDPSSODescriptor \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:Extensions>{}</md:Extensions></md:IDPSSODescriptor>\
         </md:EntityDescriptor>\n",
        "y".repeat(10_000)
    );
    let mut large = format!("{head}{entities}");
    for _ in 0..5_000 {
        large.push_str(&other);
    }
    large.push_str("</md:EntitiesDescriptor>");
    large.push_str(tail);
    assert!(large.len() > 50_000_000);
    project.write("idp.xml", &large);
    drop(large);
    let (code, big) = peak(&project, &["validate"]);
    assert_eq!(code, 0);
    assert!(big < small + 16 * 1024, "{big} KiB for 50 MB, {small} KiB for a small document");
}
