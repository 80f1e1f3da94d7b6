//! The sandbox over HTTP, as any client sees it.

mod auth0;
mod core;
mod google;
mod okta;
mod organization;
mod organization_console;
mod salesforce;
mod saml;
mod sendgrid;
mod twilio;

use camino::Utf8PathBuf;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Faults, RunningSandbox, Sandbox, SandboxOptions};

const TENANT: &str = "nss.us.auth0.com";
const ACCOUNT: &str = "AC00000000000000000000000000000001";
const INSTANCE: &str = "GO00000000000000000000000000000001";

/// An answer, read.
struct Reply {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    #[track_caller]
    fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { serde_json::from_str(&self.text).unwrap() }
    }

    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

/// A sandbox in a directory of its own, and a client.
struct Bench {
    running: Option<RunningSandbox>,
    directory: tempfile::TempDir,
    client: reqwest::Client,
    token: Option<String>,
}

impl Bench {
    async fn start(seed: &str) -> Self {
        Self::with(seed, None).await
    }

    async fn with(seed: &str, faults: Option<&str>) -> Self {
        // Another test may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("sandbox.yaml"), seed).unwrap();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .build()
            .unwrap();
        let mut bench = Self { running: None, directory, client, token: None };
        let mut options = bench.options();
        options.faults = faults.map(|text| Faults::from_yaml(text, "faults.yaml".into()).unwrap());
        bench.running = Some(Sandbox::start(options).await.unwrap());
        bench
    }

    fn path(&self, name: &str) -> Utf8PathBuf {
        Utf8PathBuf::from_path_buf(self.directory.path().join(name)).unwrap()
    }

    fn options(&self) -> SandboxOptions {
        SandboxOptions {
            state_dir: self.path("state"),
            seed: Some(self.path("sandbox.yaml")),
            record: Some(self.path("record.jsonl")),
            ..SandboxOptions::default()
        }
    }

    async fn restart(&mut self) {
        self.running.take().unwrap().shutdown().await;
        self.running = Some(Sandbox::start(self.options()).await.unwrap());
    }

    fn running(&self) -> &RunningSandbox {
        self.running.as_ref().unwrap()
    }

    /// A request to `HOST/PATH`.
    fn request(&self, method: Method, target: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{target}", self.running().base_url()))
    }

    async fn send(&self, request: RequestBuilder) -> Reply {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Reply { status, headers, text: response.text().await.unwrap() }
    }

    /// A Management API request with a token.
    async fn auth0(&mut self, method: Method, path: &str, body: Option<Value>) -> Reply {
        if self.token.is_none() {
            let body = json!({
                "grant_type": "client_credentials", "client_id": "abc", "client_secret": "s3cret",
                "audience": format!("https://{TENANT}/api/v2/"),
            });
            let request = self.request(Method::POST, &format!("{TENANT}/oauth/token")).json(&body);
            let reply = self.send(request).await.expect(200);
            self.token = Some(reply["access_token"].as_str().unwrap().to_owned());
        }
        let request = self.request(method, &format!("{TENANT}/api/v2{path}"));
        let request = request.bearer_auth(self.token.as_deref().unwrap());
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        self.send(request).await
    }

    /// A request to the console page for JSON.
    async fn console(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let target = format!("console.twilio.com/account/{ACCOUNT}/flex/sso{path}");
        let request = self.request(method, &target).header("accept", "application/json");
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        self.send(request).await
    }

    /// A Flex API request with the account's credentials.
    async fn flex(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let request =
            self.request(method, &format!("flex-api.twilio.com{path}")).basic_auth(ACCOUNT, Some("token"));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        self.send(request).await
    }
}
