//! Questions to a sandbox, through the client and over HTTP.

use camino::Utf8PathBuf;
use url::Url;

use super::*;
use crate::http::{HttpOptions, Method, Routing};
use crate::sandbox::{RunningSandbox, Sandbox, SandboxOptions};

const SEED: &str = "
dns:
  flex.connie.one: {CNAME: cname.connie.team}
  cname.connie.team: {A: [192.0.2.10, 192.0.2.9], AAAA: ['2001:db8::1'], TXT: [seen through the alias]}
  _twilio.connie.one: {TXT: [twilio-domain-verification=abc, other]}
  a.example: {CNAME: b.example}
  b.example: {CNAME: a.example}
";

async fn seeded() -> (tempfile::TempDir, RunningSandbox, Dns) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    std::fs::write(path.join("sandbox.yaml"), SEED).unwrap();
    let options = SandboxOptions {
        state_dir: path.join("state"),
        seed: Some(path.join("sandbox.yaml")),
        ..SandboxOptions::default()
    };
    let sandbox = Sandbox::start(options).await.unwrap();
    let dns = Dns::of(&client(&sandbox));
    (folder, sandbox, dns)
}

fn client(sandbox: &RunningSandbox) -> Http {
    let routing = Routing::Sandbox { base: sandbox.base_url() };
    Http::new(HttpOptions { routing, max_attempts: 1, ..HttpOptions::default() }).unwrap()
}

#[tokio::test]
async fn records_are_found_and_aliases_followed() {
    let (_folder, _sandbox, dns) = seeded().await;
    assert_eq!(dns.cname("Flex.Connie.One.").await.unwrap(), "cname.connie.team");
    let addresses: Vec<String> =
        dns.addresses("flex.connie.one").await.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["192.0.2.9", "192.0.2.10", "2001:db8::1"]);
    assert_eq!(
        dns.txt("flex.connie.one").await.unwrap(),
        BTreeSet::from(["seen through the alias".to_owned()])
    );
    assert_eq!(dns.txt("_twilio.connie.one").await.unwrap().len(), 2);
}

#[tokio::test]
async fn that_there_is_none_is_told_from_no_answer() {
    let (_folder, sandbox, dns) = seeded().await;
    let none = dns.txt("nobody.example").await.unwrap_err();
    assert_eq!(none, DnsError::NoSuchName { name: "nobody.example".to_owned() });
    // `connie.one` has nothing itself and exists, since something stands below it.
    let bare = dns.txt("connie.one").await.unwrap_err();
    assert_eq!(bare, DnsError::NoRecord { name: "connie.one".to_owned(), record: RecordType::Txt });
    assert!(none.is_absent() && bare.is_absent());
    assert!(matches!(dns.cname("cname.connie.team").await.unwrap_err(), DnsError::NoRecord { .. }));
    assert!(matches!(dns.addresses("_twilio.connie.one").await.unwrap_err(), DnsError::NoRecord { .. }));
    let circle = dns.addresses("a.example").await.unwrap_err();
    assert!(matches!(circle, DnsError::NoAnswer { .. }), "{circle}");
    assert!(matches!(dns.txt("a b").await.unwrap_err(), DnsError::BadName { .. }));
    sandbox.shutdown().await;
    let gone = dns.txt("connie.one").await.unwrap_err();
    assert!(matches!(gone, DnsError::NoAnswer { .. }) && !gone.is_absent(), "{gone}");
}

#[tokio::test]
async fn a_person_adds_and_removes_records() {
    let (_folder, sandbox, dns) = seeded().await;
    let http = client(&sandbox);
    let send = async |method: Method, body: &[(&str, &str)]| {
        use crate::http::{Auth, COMMON_SHAPE, OriginConfig, RateLimitPolicy, Request};
        let origin = http
            .origin(OriginConfig {
                base: Url::parse(&format!("https://{SANDBOX_HOST}/")).unwrap(),
                auth: Auth::None,
                limits: RateLimitPolicy::RETRY_AFTER,
                errors: &COMMON_SHAPE,
                concurrency: 1,
                vendor: "DNS",
            })
            .unwrap();
        let request = Request::new(method, ["records"]).header("accept", "application/json");
        origin.send(request.form(body.iter().copied())).await
    };
    let new = [("name", "connie.one"), ("type", "TXT"), ("data", "v=1")];
    send(Method::POST, &new).await.unwrap();
    send(Method::POST, &new).await.unwrap();
    assert_eq!(dns.txt("connie.one").await.unwrap(), BTreeSet::from(["v=1".to_owned()]));
    send(Method::DELETE, &new).await.unwrap();
    assert!(dns.txt("connie.one").await.unwrap_err().is_absent());
    for wrong in [
        [("name", "flex.connie.one"), ("type", "TXT"), ("data", "beside an alias")],
        [("name", "cname.connie.team"), ("type", "CNAME"), ("data", "elsewhere.example")],
        [("name", "flex.connie.one"), ("type", "CNAME"), ("data", "second.example")],
        [("name", "x.example"), ("type", "A"), ("data", "2001:db8::1")],
        [("name", "x.example"), ("type", "MX"), ("data", "mail.example")],
        [("name", "x example"), ("type", "TXT"), ("data", "a")],
    ] {
        let error = send(Method::POST, &wrong).await.unwrap_err();
        assert_eq!(error.status().map(|status| status.as_u16()), Some(400), "{wrong:?}: {error}");
    }
}
