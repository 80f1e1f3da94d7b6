//! How long a whole plan takes, and how much memory: people of an Okta organization, all of whom are enabled and assigned, so that
//! nothing is to be done, and none of whom is, so that everything is. The sandbox runs in the same process and is measured with it.
//!
//! ```console
//! $ cargo bench --bench plan                  # optimized; builds everything once more
//! $ cargo bench --bench plan --profile dev    # comparable among themselves, with what is built already
//! ```

#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    collections::BTreeMap,
    process::Command,
    sync::{LazyLock, Mutex},
};

use camino::{Utf8Path, Utf8PathBuf};
use concord::{
    component::Environment,
    diagnostics::Findings,
    flow::{self, PlanOptions, Session},
    http::{Http, HttpOptions, Routing},
    plan::Plan,
    provider::credentials::Credentials,
    sandbox::{RunningSandbox, Sandbox, SandboxOptions},
};
use divan::{AllocProfiler, Bencher};
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const PEOPLE: [usize; 2] = [1_000, 10_000];

fn main() {
    divan::main();
}

/// A plan of which nothing is to be done.
#[divan::bench(args = PEOPLE, sample_count = 5, sample_size = 1)]
fn everybody_is_enabled(bencher: Bencher<'_, '_>, people: usize) {
    let world = World::open(&reconciled(people));
    bencher.bench_local(|| assert_eq!(world.plan().changes.len(), 0));
}

/// A plan that enables everybody.
#[divan::bench(args = PEOPLE, sample_count = 5, sample_size = 1)]
fn nobody_is_enabled(bencher: Bencher<'_, '_>, people: usize) {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    project(folder, people);
    let world = World::open(folder);
    bencher.bench_local(|| assert!(world.plan().changes.len() > people));
}

/// Text and JSON of a plan that enables everybody.
#[divan::bench(args = PEOPLE, sample_count = 5, sample_size = 1)]
fn rendering(bencher: Bencher<'_, '_>, people: usize) {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    project(folder, people);
    let plan = World::open(folder).plan();
    bencher.bench_local(|| concord::render::json::plan(&plan, &[]).len());
}

/// The example with so many people, all in one domain.
fn project(folder: &Utf8Path, people: usize) {
    let example = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/okta-flex");
    for file in ["concord.yaml", "tenant.yaml", "flex.yaml", "sandbox.yaml"] {
        let text = std::fs::read_to_string(example.join(file)).unwrap();
        let text = text.replace(
            "    nss.okta.com:\n",
            &format!("    nss.okta.com:\n      generateUsers: {{count: {people}, domain: big.example}}\n"),
        );
        std::fs::write(folder.join(file), text.replace("test@connie.one]", "user00001@big.example]"))
            .unwrap();
    }
    let people = "apiVersion: concord/v1\nkind: UserEnablement\nmetadata: {name: everybody}\nspec:\n  profile: flex\n  \
        select: {emailDomains: [big.example]}\n  rollout: {stage: all, pilot: [user00001@big.example]}\n  \
        breakGlass: [root@connie.one]\n  roles: {default: [agent]}\n";
    std::fs::write(folder.join("people.yaml"), people).unwrap();
}

/// A project that was applied, made once for all benchmarks.
fn reconciled(people: usize) -> Utf8PathBuf {
    static MADE: LazyLock<Mutex<BTreeMap<usize, tempfile::TempDir>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap();
    let folder = made.entry(people).or_insert_with(|| {
        let folder = tempfile::tempdir().unwrap();
        project(Utf8Path::from_path(folder.path()).unwrap(), people);
        let applied = Command::new(env!("CARGO_BIN_EXE_concord"))
            .current_dir(folder.path())
            .args(["apply", "--sandbox", "--yes", "--simulate-operator"])
            .output()
            .unwrap();
        assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
        folder
    });
    Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap()
}

/// A project with its sandbox, on one thread so that all allocations are seen.
struct World {
    runtime: Runtime,
    session: Session,
    _sandbox: RunningSandbox,
}

impl World {
    fn open(folder: &Utf8Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let state_dir = folder.join(".concord/sandbox");
        let seed = Some(folder.join("sandbox.yaml"));
        let options = SandboxOptions { state_dir: state_dir.clone(), seed, ..SandboxOptions::default() };
        let sandbox = runtime.block_on(Sandbox::start(options)).unwrap();
        let routing = Routing::Sandbox { base: sandbox.base_url() };
        let http = Http::new(HttpOptions { routing, ..HttpOptions::default() }).unwrap();
        let mut findings = Findings::new();
        let project = flow::load(folder, Some(&state_dir.join("attestations")), &mut findings).unwrap();
        let credentials = Credentials::for_sandbox(folder.to_owned(), http.redactor().clone());
        let session = Session { project, environment: Environment::Sandbox(sandbox.id()), http, credentials };
        Self { runtime, session, _sandbox: sandbox }
    }

    fn plan(&self) -> Plan {
        self.runtime.block_on(self.session.plan(&PlanOptions::default(), &|_| {})).unwrap()
    }
}
