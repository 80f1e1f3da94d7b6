//! A hermetic project in a temporary folder, the program run on it, and the sandbox spoken to by HTTP.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::{Value, json};

/// The Auth0 tenant of the examples.
pub const AUTH0: &str = "nss.us.auth0.com";
/// The Twilio account of the examples.
pub const ACCOUNT: &str = "AC00000000000000000000000000000001";

/// A project in a folder of its own.
pub struct Project {
    folder: tempfile::TempDir,
}

/// What a run of the program gave.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("{error}\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr)
        })
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("stdout is text"),
            stderr: String::from_utf8(output.stderr).expect("stderr is text"),
        }
    }
}

/// The repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The manifests of the examples: every YAML file but the sandbox's seed.
pub fn manifest_files() -> Vec<PathBuf> {
    fn visit(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                continue;
            }
            if path.is_dir() {
                visit(&path, files);
            } else if path.extension().is_some_and(|it| it == "yaml")
                && path.file_name().is_some_and(|name| name != "sandbox.yaml")
            {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    visit(&repository().join("examples"), &mut files);
    files.sort();
    assert!(!files.is_empty());
    files
}

/// The documents of a file as JSON.
pub fn documents(text: &str) -> Vec<Value> {
    use serde::Deserialize;
    serde_yaml::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).expect("a document"))
        .collect()
}

impl Project {
    /// A copy of an example.
    pub fn example(name: &str) -> Self {
        let project = Self::empty();
        copy(&repository().join("examples").join(name), project.path());
        project
    }

    /// Folders of `tests/broken`, each laid over those before it.
    pub fn broken(folders: &[&str]) -> Self {
        let project = Self::empty();
        for folder in folders {
            copy(&repository().join("tests/broken").join(folder), project.path());
        }
        project
    }

    /// A folder without anything.
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, file: &str, text: &str) -> &Self {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
        self
    }

    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path().join(file)).expect("a file")
    }

    /// Replaces text in a file; it must be there.
    #[track_caller]
    pub fn edit(&self, file: &str, from: &str, to: &str) -> &Self {
        let text = self.read(file);
        assert!(text.contains(from), "{file} has no `{from}`");
        self.write(file, &text.replace(from, to))
    }

    pub fn remove(&self, file: &str) -> &Self {
        std::fs::remove_file(self.path().join(file)).expect("a file to remove");
        self
    }

    /// The program, in the project's folder and without the surroundings' settings.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_concord"));
        command.current_dir(self.path()).env_clear().stdin(Stdio::null());
        for name in ["PATH", "HOME", "TMPDIR", "CONCORD_SANDBOX_RECORD"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        self.command().args(arguments).output().expect("the program runs").into()
    }

    /// From empty to reconciled on the sandbox, with the simulated operator.
    #[track_caller]
    pub fn reconcile(&self) -> Run {
        self.run(&["apply", "--sandbox", "--yes", "--simulate-operator"]).expect(0)
    }

    /// The plan on the sandbox, as JSON.
    #[track_caller]
    pub fn plan(&self) -> Value {
        self.run(&["plan", "--sandbox", "--format", "json", "--allow-incomplete"]).json()
    }

    /// Serves the project's sandbox until the guard is dropped.
    pub fn serve(&self) -> Served {
        self.serve_with(&[])
    }

    pub fn serve_with(&self, arguments: &[&str]) -> Served {
        self.serve_by(self.command(), arguments)
    }

    /// Serves by a command of this project that has surroundings of its own.
    pub fn serve_by(&self, mut command: Command, arguments: &[&str]) -> Served {
        let mut child = command
            .args(["sandbox", "serve"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the sandbox starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("a first line");
        let Some(url) = line.trim().split_once(" at ").map(|(_, url)| url.to_owned()) else {
            let output = child.wait_with_output().expect("the sandbox ends");
            panic!("the sandbox did not start: {line}{}", String::from_utf8_lossy(&output.stderr));
        };
        Served { child, url }
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("an example") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        if name == ".concord" {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type().expect("a type").is_dir() {
            std::fs::create_dir_all(&target).expect("a folder");
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// A sandbox that another process serves.
pub struct Served {
    child: Child,
    /// Its base URL, with a slash at its end.
    pub url: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    /// Sends a request as anybody's HTTP client would; `path` begins with the vendor's host. Gives status and body.
    pub fn send(&self, method: &str, path: &str, token: Option<&str>, body: Option<Value>) -> (u16, Value) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let url = format!("{}{path}", self.url);
            let mut request = client().request(method.parse().expect("a method"), url);
            request = request.header("accept", "application/json");
            if let Some(token) = token {
                request = request.header("authorization", token);
            }
            if let Some(body) = body {
                request = request.json(&body);
            }
            let response = request.send().await.expect("an answer");
            let status = response.status().as_u16();
            let text = response.text().await.expect("a body");
            (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
        })
    }

    /// A Management API token of an Auth0 tenant, as a header.
    pub fn auth0_token(&self, tenant: &str) -> String {
        let (status, answer) = self.send(
            "POST",
            &format!("{tenant}/oauth/token"),
            None,
            Some(json!({
                "grant_type": "client_credentials",
                "client_id": "a-test",
                "client_secret": "a-test",
                "audience": format!("https://{tenant}/api/v2/"),
            })),
        );
        assert_eq!(status, 200, "{answer}");
        format!("Bearer {}", answer["access_token"].as_str().expect("a token"))
    }

    /// An authorised request to an Auth0 tenant's Management API.
    #[track_caller]
    pub fn auth0(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let token = self.auth0_token(AUTH0);
        let (status, answer) = self.send(method, &format!("{AUTH0}/api/v2/{path}"), Some(&token), body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// The client that Concord made, by its name.
    #[track_caller]
    pub fn client_named(&self, name: &str) -> Value {
        self.clients().into_iter().find(|client| client["name"] == name).expect("a client of this name")
    }

    pub fn clients(&self) -> Vec<Value> {
        self.auth0("GET", "clients?per_page=100", None).as_array().expect("a list").clone()
    }

    #[track_caller]
    pub fn user(&self, email: &str) -> Value {
        let users = self.auth0("GET", &format!("users-by-email?email={}", email.replace('@', "%40")), None);
        users.get(0).unwrap_or_else(|| panic!("no user {email}")).clone()
    }

    /// The names of the Actions bound to the login flow, in order.
    pub fn bindings(&self) -> Vec<String> {
        self.auth0("GET", "actions/triggers/post-login/bindings?per_page=100", None)["bindings"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|binding| binding["action"]["name"].as_str().expect("a name").to_owned())
            .collect()
    }

    /// The Flex SSO profiles of the example's account.
    pub fn profiles(&self) -> Vec<Value> {
        let path = format!("console.twilio.com/account/{ACCOUNT}/flex/sso");
        let (status, answer) = self.send("GET", &path, None, None);
        assert_eq!(status, 200, "{answer}");
        answer["profiles"].as_array().expect("a list").clone()
    }
}

fn client() -> reqwest::Client {
    // The program's own client sets this up; a test that speaks plain HTTP needs a provider all the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// The changes of a plan with an action.
pub fn changes<'a>(plan: &'a Value, action: &str) -> Vec<&'a Value> {
    plan["changes"].as_array().expect("changes").iter().filter(|change| change["action"] == action).collect()
}

/// The changes of a plan that do something, as `action address [paths]`.
pub fn lines(plan: &Value) -> Vec<String> {
    plan["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|change| {
            let paths: Vec<_> = change["fields"]
                .as_array()
                .expect("fields")
                .iter()
                .map(|field| field["path"].as_str().expect("a path"))
                .collect();
            format!(
                "{} {} [{}]",
                change["action"].as_str().expect("an action"),
                change["address"].as_str().expect("an address"),
                paths.join(", ")
            )
        })
        .collect()
}

/// Calls to the vendors that a run made, from the sandbox's record.
pub fn recorded(project: &Project, arguments: &[&str]) -> (Run, Vec<Value>) {
    let folder = tempfile::tempdir().expect("a folder");
    let run: Run = project
        .command()
        .env("CONCORD_SANDBOX_RECORD", folder.path())
        .args(arguments)
        .output()
        .expect("the program runs")
        .into();
    let mut calls = Vec::new();
    for entry in std::fs::read_dir(folder.path()).expect("a folder") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a record");
        calls.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON")));
    }
    (run, calls)
}
