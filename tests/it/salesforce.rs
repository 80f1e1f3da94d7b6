//! Salesforce: what somebody changes by hand is found as exactly that, what is not ours stays, one deploy carries everything, and what the
//! organization refuses names the manifest's line.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::support::{Project, Served, changes, lines, recorded};

const HOST: &str = "nss.my.salesforce.com";
const APP: &str = "nss/SsoProfile/flex/salesforce.app";
const SETTINGS: &str = "nss/IdentityProvider/salesforce-nss/salesforce.identity-provider";
const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";

/// A type of components: its name, its name in a manifest, and its path in a zip without the name.
type Kind = (&'static str, &'static str, &'static str, &'static str);
const ECA: Kind = ("ExternalClientApplication", "ExternalClientApplication", "externalClientApps", "eca");
const POLICIES: Kind =
    ("ExtlClntAppConfigurablePolicies", "ExtlClntAppConfigurablePolicies", "extlClntAppPolicies", "ecaPlcy");
const SAML: Kind = (
    "ExtlClntAppSamlConfigurablePolicies",
    "ExtlClntAppSamlConfigurablePolicies",
    "extlClntAppSamlConfigurablePolicies",
    "ecaSamlPlcy",
);
const IDP: Kind = ("IdentityProviderSettings", "Settings", "settings", "settings");
const CONNECTED: Kind = ("ConnectedApp", "ConnectedApp", "connectedApps", "connectedApp");

const NAME: &str = "Twilio_Flex_NSS";

impl Served {
    /// A request with a body of any type, as anybody's client would send it.
    fn raw(&self, method: &str, path: &str, token: &str, content_type: &str, body: Vec<u8>) -> (u16, String) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let _ = rustls::crypto::ring::default_provider().install_default();
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let request = client
                .request(method.parse().unwrap(), format!("{}{HOST}/{path}", self.url))
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", content_type)
                .body(body);
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        })
    }

    fn salesforce_token(&self) -> String {
        let form = b"grant_type=client_credentials&client_id=a-test&client_secret=a-test".to_vec();
        let (status, text) =
            self.raw("POST", "services/oauth2/token", "", "application/x-www-form-urlencoded", form);
        assert_eq!(status, 200, "{text}");
        let json: Value = serde_json::from_str(&text).unwrap();
        json["access_token"].as_str().unwrap().to_owned()
    }

    /// A component's elements, as `readMetadata` answers them; nothing where it does not exist.
    fn component(&self, kind: Kind, name: &str) -> Option<String> {
        let token = self.salesforce_token();
        let body = format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Header><SessionHeader xmlns=\"{NAMESPACE}\"><sessionId>{token}\
             </sessionId></SessionHeader></e:Header><e:Body><readMetadata xmlns=\"{NAMESPACE}\"><type>{}</type><fullNames>{name}</fullNames>\
             </readMetadata></e:Body></e:Envelope>",
            kind.0
        );
        let (status, text) = self.raw("POST", "services/Soap/m/63.0", &token, "text/xml", body.into_bytes());
        assert_eq!(status, 200, "{text}");
        let (_, rest) = text.split_once(&format!("<records xsi:type=\"{}\">", kind.0))?;
        let (inner, _) = rest.split_once("</records>").unwrap();
        Some(inner.replace(&format!("<fullName>{name}</fullName>"), ""))
    }

    /// Deploys one component by hand.
    #[track_caller]
    fn deploy(&self, kind: Kind, name: &str, inner: &str) {
        let (type_name, manifest, folder, suffix) = kind;
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(format!("{folder}/{name}.{suffix}"), options).unwrap();
        write!(zip, "<{type_name} xmlns=\"{NAMESPACE}\">{inner}</{type_name}>").unwrap();
        zip.start_file("package.xml", options).unwrap();
        write!(
            zip,
            "<Package xmlns=\"{NAMESPACE}\"><types><members>{name}</members><name>{manifest}</name></types><version>63.0</version></Package>"
        )
        .unwrap();
        let zip = zip.finish().unwrap().into_inner();
        let options = json!({"deployOptions": {"singlePackage": true, "rollbackOnError": true}});
        let mut body = format!("--b\r\nContent-Disposition: form-data; name=\"json\"\r\nContent-Type: application/json\r\n\r\n{options}\r\n--b\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"a.zip\"\r\nContent-Type: application/zip\r\n\r\n")
        .into_bytes();
        body.extend(zip);
        body.extend(b"\r\n--b--\r\n");
        let token = self.salesforce_token();
        let path = "services/data/v63.0/metadata/deployRequest";
        let (status, text) = self.raw("POST", path, &token, "multipart/form-data; boundary=b", body);
        assert_eq!(status, 201, "{text}");
        let id = serde_json::from_str::<Value>(&text).unwrap()["id"].as_str().unwrap().to_owned();
        loop {
            let (_, text) = self.raw(
                "GET",
                &format!("{path}/{id}?includeDetails=true"),
                &token,
                "text/plain",
                Vec::new(),
            );
            let status: Value = serde_json::from_str(&text).unwrap();
            if status["deployResult"]["done"] == true {
                assert_eq!(status["deployResult"]["success"], true, "{status}");
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Changes a component by hand, as a whole.
    #[track_caller]
    fn edit(&self, kind: Kind, name: &str, from: &str, to: &str) {
        let before = self.component(kind, name).unwrap_or_else(|| panic!("no {name}"));
        assert!(before.contains(from), "{before}");
        // What the server itself puts in is not deployed.
        let own = "<orgScopedExternalApp>";
        let mut inner = before.replace(from, to);
        if let Some((head, rest)) = inner.split_once(own) {
            let (_, tail) = rest.split_once("</orgScopedExternalApp>").unwrap();
            inner = format!("{head}{tail}");
        }
        self.deploy(kind, name, &inner);
    }

    fn query(&self, soql: &str) -> Vec<Value> {
        let token = self.salesforce_token();
        let soql: String = url::form_urlencoded::byte_serialize(soql.as_bytes()).collect();
        let (status, text) =
            self.raw("GET", &format!("services/data/v63.0/query?q={soql}"), &token, "text/plain", Vec::new());
        assert_eq!(status, 200, "{text}");
        serde_json::from_str::<Value>(&text).unwrap()["records"].as_array().unwrap().clone()
    }

    /// Who has the permission set, by e-mail address.
    fn assigned_by_set(&self) -> Vec<String> {
        let soql =
            "SELECT Id, Assignee.Email FROM PermissionSetAssignment WHERE PermissionSet.Name = 'Twilio_Flex'";
        let mut emails: Vec<String> =
            self.query(soql).iter().map(|it| it["Assignee"]["Email"].as_str().unwrap().to_owned()).collect();
        emails.sort();
        emails
    }
}

#[test]
fn each_change_by_hand_is_found_as_exactly_that_field() {
    let project = Project::example("salesforce-flex");
    project.reconcile();
    let saml = &format!("{NAME}_samlPlcy");
    let policies = &format!("{NAME}_plcy");
    let formula = "<formula>$User.Department</formula>";
    let edits = [
        (ECA, NAME, "<label>Twilio Flex - NSS</label>", "<label>Flex</label>", "label"),
        (ECA, NAME, "it@connie.one", "lena@connie.one", "contactEmail"),
        (POLICIES, policies, "<isEnabled>true", "<isEnabled>false", "policies.isEnabled"),
        (POLICIES, policies, "https://nss.connie.team", "https://elsewhere.example", "policies.startUrl"),
        (SAML, saml, "/login/callback?", "/login/other?", "samlPolicies.acsUrl"),
        (SAML, saml, "<entityUrl>urn:flex:", "<entityUrl>urn:other:", "samlPolicies.entityUrl"),
        (SAML, saml, "<issuer>https://nss.", "<issuer>https://x.", "samlPolicies.issuer"),
        (SAML, saml, ">Unspecified<", ">EmailAddress<", "samlPolicies.nameIdFormat"),
        (SAML, saml, ">Username<", ">UserId<", "samlPolicies.subjectType"),
        (SAML, saml, ">SHA256<", ">SHA1<", "samlPolicies.signingAlgorithmType"),
        (SAML, saml, "<acsUrl>", "<certificate>MIIB</certificate><acsUrl>", "samlPolicies.certificate"),
        (
            SAML,
            saml,
            "<acsUrl>",
            "<encryptionCertificate>MIIB</encryptionCertificate><acsUrl>",
            "samlPolicies.encryptionCertificate",
        ),
        (SAML, saml, formula, "<formula>$User.Title</formula>", "samlPolicies.customAttributes"),
        (SAML, saml, "Flex Agent,Flex Supervisor", "Flex Agent", "samlPolicies.commaSeparatedProfile"),
        (
            SAML,
            saml,
            "<commaSeparatedPermissionSet>Twilio_Flex</commaSeparatedPermissionSet>",
            "",
            "samlPolicies.commaSeparatedPermissionSet",
        ),
    ];
    // Each edit is added to those before it, so that each plan shows one more field.
    let mut expected: Vec<&str> = Vec::new();
    for (kind, name, from, to, path) in edits {
        project.serve().edit(kind, name, from, to);
        expected.push(path);
        let plan = project.plan();
        let mut found: Vec<&str> = changes(&plan, "update")[0]["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["path"].as_str().unwrap())
            .collect();
        found.sort_unstable();
        let mut wanted = expected.clone();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "after {path}");
    }
    project.run(&["apply", "--sandbox", "--yes", "--no-verify"]).expect(0);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
    project.serve().edit(
        IDP,
        "IdentityProvider",
        "<enableIdentityProvider>true",
        "<enableIdentityProvider>false",
    );
    assert_eq!(lines(&project.plan()), [format!("update {SETTINGS} [enableIdentityProvider]")]);
    project.run(&["apply", "--sandbox", "--yes"]).expect(0);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

#[test]
fn everything_is_one_deploy_and_what_is_not_ours_is_kept() {
    let project = Project::example("salesforce-flex");
    let (run, calls) = recorded(&project, &["apply", "--sandbox", "--yes", "--simulate-operator"]);
    run.expect(0);
    let deploys = calls.iter().filter(|call| {
        call["method"] == "POST" && call["path"].as_str().is_some_and(|path| path.ends_with("/deployRequest"))
    });
    assert_eq!(deploys.count(), 2, "one with all that could be made, one once Twilio's URLs were known");

    let intranet = {
        let sandbox = project.serve();
        sandbox.edit(
            ECA,
            NAME,
            "<description>",
            "<infoUrl>https://connie.one</infoUrl><description>Ask Lena. ",
        );
        sandbox.edit(
            SAML,
            &format!("{NAME}_samlPlcy"),
            "<acsUrl>",
            "<singleLogoutUrl>https://nss.connie.team/out</singleLogoutUrl><acsUrl>",
        );
        sandbox.component(CONNECTED, "Intranet")
    };
    assert_eq!(lines(&project.plan()), Vec::<String>::new(), "settings of others are no difference");
    project.serve().edit(SAML, &format!("{NAME}_samlPlcy"), ">Username<", ">UserId<");
    project.run(&["apply", "--sandbox", "--yes"]).expect(0);
    let sandbox = project.serve();
    let app = sandbox.component(ECA, NAME).unwrap();
    assert!(
        app.contains("<infoUrl>https://connie.one</infoUrl>") && app.contains("Ask Lena. [concord "),
        "{app}"
    );
    assert!(sandbox.component(SAML, &format!("{NAME}_samlPlcy")).unwrap().contains("nss.connie.team/out"));
    assert_eq!(sandbox.component(CONNECTED, "Intranet"), intranet);
}

#[test]
fn planning_and_rehearsing_save_nothing() {
    let project = Project::example("salesforce-flex");
    let (run, calls) = recorded(&project, &["plan", "--sandbox"]);
    run.expect(0);
    for call in calls.iter().filter(|call| call["host"] == HOST && call["method"] != "GET") {
        let (path, body) = (call["path"].as_str().unwrap(), call["body"].as_str().unwrap_or_default());
        let is_read = path == "/services/oauth2/token"
            || (path.starts_with("/services/Soap/m/")
                && (body.contains("<readMetadata") || body.contains("<listMetadata")));
        assert!(is_read, "{call}");
    }
    let people = calls.iter().filter(|call| call["host"] == HOST).count();
    assert!(people <= 16, "{people} calls");
    let rehearsed = project.run(&["plan", "--sandbox", "--rehearse"]).expect(0);
    assert!(rehearsed.stderr.contains("checked the changes without making them"), "{}", rehearsed.stderr);
    let sandbox = project.serve();
    assert_eq!(sandbox.component(ECA, NAME), None);
    assert!(sandbox.component(IDP, "IdentityProvider").unwrap().contains("<enableIdentityProvider>false"));
}

#[test]
fn what_the_organization_refuses_names_the_manifests_line() {
    let project = Project::example("salesforce-flex");
    project.edit("flex.yaml", "salesforce: $User.Division", "salesforce: '$User.Nowhere'");
    let line = project.read("flex.yaml").lines().position(|line| line.contains("attributes:")).unwrap() + 2;
    let rehearsed = project.run(&["plan", "--sandbox", "--rehearse", "--format", "json"]).expect(1);
    let warnings = rehearsed.json()["warnings"].clone();
    let refusal = warnings.as_array().unwrap().iter().find(|it| it["code"] == "rehearsal").unwrap().clone();
    assert!(refusal["message"].as_str().unwrap().contains("samlPolicies.customAttributes"), "{refusal}");
    assert!(refusal["message"].as_str().unwrap().contains("Field $User.Nowhere does not exist"), "{refusal}");

    let failed = project.run(&["apply", "--sandbox", "--yes", "--simulate-operator"]);
    assert!([1, 5].contains(&failed.code), "{}", failed.stderr);
    let said = format!("{}{}", failed.stdout, failed.stderr);
    assert!(said.contains(&format!("flex.yaml:{line}")), "{said}");
    // All or nothing: the certificate of the same deploy was not made either.
    assert_eq!(project.serve().component(ECA, NAME), None);
    project.edit("flex.yaml", "salesforce: '$User.Nowhere'", "salesforce: $User.Division");
    project.reconcile();
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

#[test]
fn people_are_assigned_the_permission_set_and_nobody_loses_it() {
    let project = Project::example("salesforce-flex");
    project.reconcile();
    let everybody = ["ann@connie.one", "lead@connie.one", "maria@respite.connie.one", "test@connie.one"]
        .map(str::to_owned);
    {
        let sandbox = project.serve();
        assert_eq!(sandbox.assigned_by_set(), everybody);
        let soql =
            "SELECT Id, Assignee.Email FROM PermissionSetAssignment WHERE Assignee.Email = 'ann@connie.one'";
        let id = sandbox.query(soql)[0]["Id"].as_str().unwrap().to_owned();
        let path = format!("services/data/v63.0/sobjects/PermissionSetAssignment/{id}");
        let (status, text) =
            sandbox.raw("DELETE", &path, &sandbox.salesforce_token(), "text/plain", Vec::new());
        assert_eq!(status, 204, "{text}");
    }
    let plan = project.plan();
    assert_eq!(
        lines(&plan),
        ["create nss/UserEnablement/home-care/salesforce.user:ann@connie.one [permissionSet]"],
        "{plan}"
    );
    project.run(&["apply", "--sandbox", "--yes"]).expect(0);
    assert_eq!(project.serve().assigned_by_set(), everybody);
    // Nobody can say whose an assignment is, so none is taken away.
    project.edit(
        "people.yaml",
        "  exclude: [volunteer@connie.one]\n",
        "  exclude: [volunteer@connie.one, ann@connie.one]\n",
    );
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

#[test]
fn an_application_is_deleted_with_its_policies_and_nothing_else() {
    let project = Project::example("salesforce-flex");
    project.reconcile();
    project.remove("flex.yaml").remove("people.yaml");
    let plan = project.plan();
    assert_eq!(changes(&plan, "delete").len(), 1, "{plan}");
    project
        .run(&[
            "apply",
            "--sandbox",
            "--yes",
            "--simulate-operator",
            "--allow",
            "max-deletes",
            "--allow",
            "emptied",
        ])
        .expect(0);
    let sandbox = project.serve();
    assert_eq!(sandbox.component(ECA, NAME), None);
    assert_eq!(sandbox.component(SAML, &format!("{NAME}_samlPlcy")), None);
    assert!(sandbox.component(CONNECTED, "Intranet").is_some());
    assert!(
        sandbox.component(IDP, "IdentityProvider").unwrap().contains("NSS_SAML"),
        "others may be signed for with it"
    );
}

#[test]
fn lost_answers_make_nothing_twice() {
    for (path, drop) in [
        ("/services/data/*/deployRequest", "after"),
        ("/services/data/*/deployRequest", "before"),
        ("/services/data/*/composite/sobjects", "after"),
        ("/services/Soap/m/*", "before"),
    ] {
        let project = Project::example("salesforce-flex");
        project.write(
            ".concord/faults.yaml",
            &format!("- {{host: {HOST}, method: POST, path: \"{path}\", nth: 1, then: {{drop: {drop}}}}}\n"),
        );
        let _sandbox = project.serve_with(&["--faults", ".concord/faults.yaml"]);
        let run = project.run(&["apply", "--sandbox", "--yes", "--simulate-operator"]);
        assert!([0, 1, 5].contains(&run.code), "{}", run.stderr);
        project.run(&["apply", "--sandbox", "--yes", "--simulate-operator"]).expect(0);
        assert_eq!(lines(&project.plan()), Vec::<String>::new(), "{path} {drop}");
        assert_eq!(_sandbox.assigned_by_set().len(), 4, "{path} {drop}");
    }
}

#[test]
fn a_test_user_who_does_not_exist_is_a_step_that_the_directory_closes() {
    let project = Project::example("salesforce-flex");
    let seed = project.read("sandbox.yaml");
    let without: String = seed
        .lines()
        .filter(|line| !line.contains("email: test@connie.one"))
        .map(|it| format!("{it}\n"))
        .collect();
    project.write("sandbox.yaml", &without);
    let plan = project.plan();
    let step = "manual nss/SsoProfile/flex/salesforce.test-user:test@connie.one [exists]";
    assert!(lines(&plan).contains(&step.to_owned()), "{plan}");
    // The person is made by hand; who is there is enabled by the next plan.
    project.run(&["apply", "--sandbox", "--yes", "--simulate-operator"]);
    project.reconcile();
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
}

#[test]
fn a_connected_app_is_changed_and_never_made() {
    let project = Project::example("salesforce-flex");
    project.edit(
        "flex.yaml",
        "    salesforce:\n      contactEmail",
        "    salesforce:\n      kind: connectedApp\n      contactEmail",
    );
    let plan = project.run(&["plan", "--sandbox"]).expect(1);
    assert!(plan.stdout.contains("since Spring '26 none can be made"), "{}", plan.stdout);
    project.edit("flex.yaml", "name: Twilio Flex - NSS\n", "name: Intranet\n    id: Intranet\n");
    let blocked = project.plan();
    assert!(changes(&blocked, "blocked").iter().any(|it| it["address"] == APP), "{blocked}");
    project.edit("flex.yaml", "    id: Intranet\n", "    id: Intranet\n    adopt: true\n");
    assert_eq!(changes(&project.plan(), "adopt").len(), 1);
    project.reconcile();
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
    let app = project.serve().component(CONNECTED, "Intranet").unwrap();
    // What the server means by leaving it out (the unspecified format, My Domain as issuer) is no difference and is not written.
    assert!(app.contains("urn:flex:JQ") && app.contains("<permissionSetName>Twilio_Flex<"), "{app}");
    assert!(!app.contains("urn:oasis"), "{app}");
}

#[test]
fn an_edition_without_the_api_is_reconciled_by_steps() {
    let project = Project::example("salesforce-flex");
    project.edit("tenant.yaml", "edition: unlimited", "edition: professional");
    for line in [
        "    clientId: 3MVG9concordConsumerKey\n",
        "    username: concord@nss.example.com # the integration user\n",
        "    privateKey: {env: SALESFORCE_PRIVATE_KEY}\n",
    ] {
        project.edit("tenant.yaml", line, "");
    }
    project.edit(
        "sandbox.yaml",
        "      edition: unlimited\n",
        "      edition: professional\n      allowConnectedAppCreation: true\n",
    );
    // Without a directory people are those whom the manifests name; the permission set is given by hand.
    project.edit(
        "sandbox.yaml",
        "profile: Flex Agent, fields",
        "profile: Flex Agent, permissionSets: [Twilio_Flex], fields",
    );
    let plan = project.plan();
    let manual: Vec<&str> =
        changes(&plan, "manual").iter().map(|it| it["address"].as_str().unwrap()).collect();
    assert!(manual.contains(&APP) && manual.contains(&SETTINGS), "{manual:?}");
    let runbook = project.run(&["runbook", "--sandbox"]);
    for text in ["Subject Type", "Verify Request Signatures", "IdP Certificate", "NSS_SAML"] {
        assert!(runbook.stdout.contains(text), "{text}\n{}", runbook.stdout);
    }
    project.run(&["apply", "--sandbox", "--yes", "--simulate-operator", "--no-verify"]).expect(0);
    assert_eq!(lines(&project.plan()), Vec::<String>::new());
    let app = project.serve();
    let users = app.raw("GET", "lightning/setup/NavigationMenus/home", "", "text/plain", Vec::new()).1;
    assert!(users.contains(NAME), "{users}");
}
