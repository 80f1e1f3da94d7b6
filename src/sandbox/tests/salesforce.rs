//! Salesforce as a client of its APIs sees it.

use std::io::Write as _;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, Reply};

const HOST: &str = "acme.my.salesforce.com";
const SEED: &str = "salesforce: {organizations: {acme.my.salesforce.com: {deployMs: 0, pageSize: 2, profiles: [Flex Agent], \
    permissionSets: [{name: Flex}], clients: [{clientId: abc, clientSecret: s3cret}], users: [\
    {email: ann@connie.one, firstName: Ann, lastName: Lee, profile: Flex Agent}, {email: joe@connie.one, firstName: Joe, lastName: Park}, \
    {email: sue@connie.one, lastName: Day, isActive: false}]}}}";
const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";

impl Bench {
    async fn salesforce_token(&self) -> String {
        let form = [("grant_type", "client_credentials"), ("client_id", "abc"), ("client_secret", "s3cret")];
        let request = self.request(Method::POST, &format!("{HOST}/services/oauth2/token")).form(&form);
        self.send(request).await.expect(200)["access_token"].as_str().unwrap().to_owned()
    }

    async fn data(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let token = self.salesforce_token().await;
        let request = self.request(method, &format!("{HOST}/services/data/v63.0/{path}")).bearer_auth(token);
        self.send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    async fn soap(&self, session: &str, operation: &str) -> Reply {
        let body = format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Header><SessionHeader xmlns=\"{NAMESPACE}\"><sessionId>{session}\
             </sessionId></SessionHeader></e:Header><e:Body>{operation}</e:Body></e:Envelope>"
        );
        let request = self.request(Method::POST, &format!("{HOST}/services/Soap/m/63.0"));
        self.send(request.header("content-type", "text/xml").body(body)).await
    }

    /// The result of a deploy of these files.
    async fn deploy(&self, files: &[(&str, &str)], options: Value) -> Value {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (path, text) in files {
            zip.start_file(*path, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        let mut body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"json\"\r\nContent-Type: application/json\r\n\r\n{options}\r\n--b\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"a.zip\"\r\nContent-Type: application/zip\r\n\r\n"
        )
        .into_bytes();
        body.extend(zip.finish().unwrap().into_inner());
        body.extend(b"\r\n--b--\r\n");
        let path = format!("{HOST}/services/data/v63.0/metadata/deployRequest");
        let token = self.salesforce_token().await;
        let request = self.request(Method::POST, &path).bearer_auth(&token);
        let made = self
            .send(request.header("content-type", "multipart/form-data; boundary=b").body(body))
            .await
            .expect(201);
        let id = made["id"].as_str().unwrap();
        let request =
            self.request(Method::GET, &format!("{path}/{id}?includeDetails=true")).bearer_auth(&token);
        self.send(request).await.expect(200)["deployResult"].clone()
    }
}

fn options(check_only: bool) -> Value {
    json!({"deployOptions": {"checkOnly": check_only, "rollbackOnError": true, "singlePackage": true}})
}

fn package(types: &[(&str, &str)]) -> String {
    let types: String = types
        .iter()
        .map(|(name, member)| format!("<types><members>{member}</members><name>{name}</name></types>"))
        .collect();
    format!("<Package xmlns=\"{NAMESPACE}\">{types}<version>63.0</version></Package>")
}

fn document(kind: &str, inner: &str) -> String {
    format!("<?xml version=\"1.0\"?>\n<{kind} xmlns=\"{NAMESPACE}\">\n{inner}\n</{kind}>")
}

const SAML: &str = "<acsUrl>https://a</acsUrl>\n<entityUrl>urn:a</entityUrl>\n<externalClientApplication>Flex</externalClientApplication>";

fn app(saml: &str) -> Vec<(&'static str, String)> {
    vec![
        (
            "package.xml",
            package(&[
                ("ExternalClientApplication", "Flex"),
                ("ExtlClntAppConfigurablePolicies", "Flex_plcy"),
                ("ExtlClntAppSamlConfigurablePolicies", "Flex_saml"),
            ]),
        ),
        (
            "externalClientApps/Flex.eca",
            document(
                "ExternalClientApplication",
                "<label>Flex</label><contactEmail>a@b.c</contactEmail><distributionState>Local</distributionState>",
            ),
        ),
        (
            "extlClntAppPolicies/Flex_plcy.ecaPlcy",
            document(
                "ExtlClntAppConfigurablePolicies",
                "<externalClientApplication>Flex</externalClientApplication><isEnabled>true</isEnabled><isSamlPluginEnabled>true</isSamlPluginEnabled>",
            ),
        ),
        (
            "extlClntAppSamlConfigurablePolicies/Flex_saml.ecaSamlPlcy",
            document("ExtlClntAppSamlConfigurablePolicies", saml),
        ),
    ]
}

fn failures(result: &Value) -> Vec<(String, i64)> {
    let failures = result["details"]["componentFailures"].as_array().unwrap();
    let of = |it: &Value| {
        (it["problem"].as_str().unwrap().to_owned(), it["lineNumber"].as_i64().unwrap_or_default())
    };
    failures.iter().map(of).collect()
}

#[tokio::test]
async fn deploys_are_refused_as_salesforce_refuses_them() {
    let bench = Bench::start(SEED).await;
    let deploy = async |files: Vec<(&str, String)>, check: bool| {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        bench.deploy(&files, options(check)).await
    };
    for (saml, problem, line) in [
        (
            format!(
                "{SAML}\n<nameIdFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</nameIdFormat>"
            ),
            "'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified' is not a valid value for the enum 'ExtlClntAppNameIdFormatType'",
            6,
        ),
        (
            format!("{SAML}\n<future>1</future>"),
            "Error parsing file: Element {http://soap.sforce.com/2006/04/metadata}future invalid at this location in type ExtlClntAppSamlConfigurablePolicies",
            6,
        ),
        (SAML.replace("<entityUrl>urn:a</entityUrl>\n", ""), "Required field is missing: entityUrl", 2),
        (
            format!("{SAML}\n<commaSeparatedProfile>Nobody</commaSeparatedProfile>"),
            "In field: commaSeparatedProfile - no Profile named Nobody found",
            6,
        ),
        (
            format!(
                "{SAML}\n<customAttributes>\n<formula>$User.Nowhere</formula><key>a</key></customAttributes>"
            ),
            "Invalid formula: Field $User.Nowhere does not exist. Check spelling.",
            7,
        ),
        (
            SAML.replace(">Flex<", ">Other<"),
            "In field: externalClientApplication - no ExternalClientApplication named Other found",
            5,
        ),
    ] {
        let result = deploy(app(&saml), false).await;
        assert_eq!(
            (result["status"].as_str(), failures(&result)),
            (Some("Failed"), vec![(problem.to_owned(), line)]),
            "{saml}"
        );
    }
    let unknown = vec![("package.xml", package(&[("Nothing", "A")]))];
    assert_eq!(
        failures(&deploy(unknown, false).await)[0].0,
        "Unknown type name 'Nothing' specified in package.xml"
    );
    let missing = vec![("package.xml", package(&[("Certificate", "A")]))];
    assert!(failures(&deploy(missing, false).await)[0].0.contains("was not found in zipped directory"));
    let connected = vec![
        ("package.xml", package(&[("ConnectedApp", "A")])),
        (
            "connectedApps/A.connectedApp",
            document("ConnectedApp", "<label>A</label><contactEmail>a@b.c</contactEmail>"),
        ),
    ];
    assert!(failures(&deploy(connected, false).await)[0].0.starts_with("You can't create a connected app."));

    // A check saves nothing, a failure rolls everything back.
    let checked = deploy(app(SAML), true).await;
    assert_eq!((&checked["success"], &checked["checkOnly"]), (&json!(true), &json!(true)));
    let session = bench.salesforce_token().await;
    let read = format!(
        "<readMetadata xmlns=\"{NAMESPACE}\"><type>ExternalClientApplication</type><fullNames>Flex</fullNames></readMetadata>"
    );
    assert!(bench.soap(&session, &read).await.text.contains("xsi:nil=\"true\""));
    let saved = deploy(app(SAML), false).await;
    assert_eq!((saved["status"].as_str(), saved["success"].as_bool()), (Some("Succeeded"), Some(true)));
    let text = bench.soap(&session, &read).await.text;
    assert!(text.contains("<label>Flex</label>") && text.contains("<orgScopedExternalApp>00D"), "{text}");
}

#[tokio::test]
async fn soap_has_limits_and_answers_faults_with_500() {
    let bench = Bench::start(SEED).await;
    let session = bench.salesforce_token().await;
    let fault = async |session: &str, operation: String| {
        let reply = bench.soap(session, &operation).await;
        assert_eq!(reply.status, 500, "{}", reply.text);
        reply.text.split_once("<faultcode>sf:").unwrap().1.split_once('<').unwrap().0.to_owned()
    };
    let read = |kind: &str, count: usize| {
        let names: String = (0..count).map(|at| format!("<fullNames>a{at}</fullNames>")).collect();
        format!("<readMetadata xmlns=\"{NAMESPACE}\"><type>{kind}</type>{names}</readMetadata>")
    };
    assert_eq!(fault("wrong", read("Certificate", 1)).await, "INVALID_SESSION_ID");
    assert_eq!(fault(&session, read("Certificate", 11)).await, "EXCEEDED_ID_LIMIT");
    assert_eq!(fault(&session, read("Nothing", 1)).await, "INVALID_TYPE");
    assert_eq!(bench.soap(&session, &read("Certificate", 10)).await.status, 200);
}

#[tokio::test]
async fn queries_have_pages_and_assignments_are_made_once() {
    let bench = Bench::start(SEED).await;
    let query = "query?q=SELECT%20Id%2CEmail%2CProfile.Name%20FROM%20User%20WHERE%20Email%20LIKE%20%27%25%40connie.one%27";
    let first = bench.data(Method::GET, query, None).await.expect(200);
    assert_eq!((&first["totalSize"], &first["done"]), (&json!(3), &json!(false)));
    let next =
        first["nextRecordsUrl"].as_str().unwrap().strip_prefix("/services/data/v63.0/").unwrap().to_owned();
    let rest = bench.data(Method::GET, &next, None).await.expect(200);
    assert_eq!((rest["records"].as_array().unwrap().len(), &rest["done"]), (1, &json!(true)));
    let malformed = bench.data(Method::GET, "query?q=SELECT", None).await.expect(400);
    assert_eq!(malformed[0]["errorCode"], "MALFORMED_QUERY");

    let id = |records: &Value| records["records"][0]["Id"].clone();
    let by = async |soql: &str| {
        bench.data(Method::GET, &format!("query?q={}", soql.replace(' ', "%20")), None).await.expect(200)
    };
    let user = id(&by("SELECT Id FROM User WHERE Email = 'ann@connie.one'").await);
    let gone = id(&by("SELECT Id FROM User WHERE Email = 'sue@connie.one'").await);
    let set = id(&by("SELECT Id FROM PermissionSet WHERE Name = 'Flex'").await);
    let record = |user: &Value| json!({"attributes": {"type": "PermissionSetAssignment"}, "AssigneeId": user, "PermissionSetId": set});
    let body = json!({"allOrNone": false, "records": [record(&user), record(&user), record(&gone)]});
    let saved = bench.data(Method::POST, "composite/sobjects", Some(body)).await.expect(200);
    let codes: Vec<&str> = saved
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["errors"][0]["statusCode"].as_str().unwrap_or("saved"))
        .collect();
    assert_eq!(codes, ["saved", "DUPLICATE_VALUE", "INACTIVE_OWNER_OR_USER"]);
    let too_many = json!({"records": vec![record(&user); 201]});
    bench.data(Method::POST, "composite/sobjects", Some(too_many)).await.expect(400);
}

#[tokio::test]
async fn tokens_are_refused_as_salesforce_refuses_them() {
    let bench = Bench::start(SEED).await;
    for (id, secret, error) in [("abc", "wrong", "invalid_client"), ("other", "s3cret", "invalid_client_id")]
    {
        let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
        let request = bench.request(Method::POST, &format!("{HOST}/services/oauth2/token")).form(&form);
        assert_eq!(bench.send(request).await.expect(400)["error"], error);
    }
    let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", "a.b.c")];
    let request = bench.request(Method::POST, &format!("{HOST}/services/oauth2/token")).form(&form);
    assert_eq!(bench.send(request).await.expect(400)["error"], "invalid_grant");
    let request =
        bench.request(Method::GET, &format!("{HOST}/services/data/v63.0/query?q=x")).bearer_auth("wrong");
    assert_eq!(bench.send(request).await.expect(401)[0]["errorCode"], "INVALID_SESSION_ID");
    // As long as it is no identity provider there are no metadata.
    let request = bench.request(Method::GET, &format!("{HOST}/.well-known/samlidp.xml"));
    bench.send(request).await.expect(404);
}
