//! The server: starting, taking one request after the other through a transaction, carrying out ordered faults, stopping. Owns no
//! vendor's behaviour.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::connect_info::ConnectInfo;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

use super::connection::{Cut, CuttableListener};
use super::error::SandboxError;
use super::faults::{Effect, FaultTable, Faults};
use super::ids;
use super::message::{Answer, Request};
use super::record::{Record, redact};
use super::seed::Seed;
use super::store::{ENDPOINT_FILE, FILE_NAME, Store, Transaction};
use super::vendor::{self, Call, Memory};

/// Bodies over this many bytes are refused with 413.
const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// How long `shutdown` waits for requests under way.
const PATIENCE: Duration = Duration::from_secs(2);
const META: &str = "sandbox";
const FORMAT_VERSION: u32 = 1;

/// How to start a sandbox.
#[derive(Clone, Debug, Default)]
pub struct SandboxOptions {
    /// Where the state is kept. Made where it does not exist.
    pub state_dir: Utf8PathBuf,
    /// `sandbox.yaml`, applied once, when the state is new.
    pub seed: Option<Utf8PathBuf>,
    /// Where to listen: a loopback address. A free port of 127.0.0.1 by default.
    pub listen: Option<SocketAddr>,
    /// Faults to inject.
    pub faults: Option<Faults>,
    /// A file that each request is appended to as a line of JSON.
    pub record: Option<Utf8PathBuf>,
}

/// The sandbox; see the head of the module.
#[derive(Clone, Copy, Debug)]
pub struct Sandbox;

/// Identity of a state.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    id: String,
    format_version: u32,
    created_at: String,
}

impl Sandbox {
    /// Opens the state, seeds it where it is new, and listens. Needs a Tokio runtime.
    ///
    /// # Errors
    /// Everything in [`SandboxError`]; nothing is left running then.
    pub async fn start(options: SandboxOptions) -> Result<RunningSandbox, SandboxError> {
        let address = options.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        if !address.ip().is_loopback() {
            return Err(SandboxError::NotLoopback { address });
        }
        let (store, id) = open(&options.state_dir, options.seed.as_deref())?;
        let record = options.record.as_deref().map(Record::open).transpose()?;
        let listen_error = |source| SandboxError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen_error)?;
        let local = listener.local_addr().map_err(listen_error)?;
        let url = Url::parse(&format!("http://{local}/")).expect("a socket address makes a URL");
        announce(&options.state_dir, &url)?;
        let memory = Memory::default();
        let faults = Mutex::new(FaultTable::new(options.faults.unwrap_or_default()));
        let core = Arc::new(Core { world: Mutex::new(Some(World { store, memory, record })), faults });
        let (stop, mut stopped) = watch::channel(false);
        let router = axum::Router::new().fallback(serve).with_state(Arc::clone(&core));
        let service = router.into_make_service_with_connect_info::<Cut>();
        let task = tokio::spawn(async move {
            let serving =
                axum::serve(CuttableListener(listener), service).with_graceful_shutdown(async move {
                    // An error means that the handle is gone, which also means stop.
                    let _ = stopped.wait_for(|stop| *stop).await;
                });
            // The listener cannot fail once it is bound: axum retries what accept answers.
            let _ = serving.await;
        });
        Ok(RunningSandbox { url, id, core, stop, task: Some(task), state_dir: options.state_dir })
    }

    /// The state as one JSON document, for people: ids, settings and every document, without secrets, tokens and keys. Needs the lock,
    /// so no sandbox may be running on the state; a running one has [`RunningSandbox::show`] and answers `GET /state`.
    ///
    /// # Errors
    /// [`SandboxError::Locked`], or the state cannot be read.
    pub fn show(state_dir: &Utf8Path) -> Result<Value, SandboxError> {
        if !state_dir.join(FILE_NAME).exists() {
            return Err(SandboxError::NotAState { path: state_dir.to_owned() });
        }
        let mut store = Store::open(state_dir)?;
        Ok(show(&store.begin()))
    }

    /// The id of the state in `state_dir`, made where there is none, and seeded then.
    ///
    /// # Errors
    /// As [`Sandbox::start`].
    pub fn prepare(state_dir: &Utf8Path, seed: Option<&Utf8Path>) -> Result<String, SandboxError> {
        open(state_dir, seed).map(|(_, id)| id)
    }

    /// Removes the state, and only files that a sandbox makes. The next start makes a new one with a new id.
    ///
    /// # Errors
    /// [`SandboxError::Locked`] while it is in use; [`SandboxError::NotAState`] where there is none.
    pub fn reset(state_dir: &Utf8Path) -> Result<(), SandboxError> {
        let database = state_dir.join(FILE_NAME);
        if !database.exists() {
            return Err(SandboxError::NotAState { path: state_dir.to_owned() });
        }
        // A state that cannot be read is a good reason to reset it; one that is in use is not.
        if let Err(locked @ SandboxError::Locked { .. }) = Store::open(state_dir) {
            return Err(locked);
        }
        for path in [database, state_dir.join(ENDPOINT_FILE)] {
            match std::fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(SandboxError::Io { path, source }),
            }
        }
        Ok(())
    }
}

fn open(directory: &Utf8Path, seed: Option<&Utf8Path>) -> Result<(Store, String), SandboxError> {
    let mut store = Store::open(directory)?;
    let known = store.begin().read::<Meta>(META, "meta");
    if let Some(meta) = known {
        if meta.format_version == FORMAT_VERSION {
            return Ok((store, meta.id));
        }
        let source = serde::de::Error::custom(format!("format version {}", meta.format_version));
        return Err(SandboxError::Document { table: META.into(), key: "meta".into(), source });
    }
    let seed = seed.map(Seed::from_file).transpose()?.unwrap_or_default();
    let now = Timestamp::now();
    let meta = Meta { id: ids::uuid(), format_version: FORMAT_VERSION, created_at: ids::millis(now) };
    let mut documents = store.begin();
    seed.apply(&mut documents, now)?;
    documents.write(META, "meta", &meta);
    documents.commit()?;
    Ok((store, meta.id))
}

fn announce(directory: &Utf8Path, url: &Url) -> Result<(), SandboxError> {
    let path = directory.join(ENDPOINT_FILE);
    let text = json!({"url": url.as_str(), "pid": std::process::id()}).to_string();
    std::fs::write(&path, text).map_err(|source| SandboxError::Io { path, source })
}

/// A sandbox that listens. Dropping it stops it at once; [`RunningSandbox::shutdown`] lets requests under way finish.
#[derive(Debug)]
pub struct RunningSandbox {
    url: Url,
    id: String,
    core: Arc<Core>,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
    state_dir: Utf8PathBuf,
}

impl RunningSandbox {
    /// `http://127.0.0.1:PORT/`. A vendor's host is the first path segment below it.
    pub fn base_url(&self) -> Url {
        self.url.clone()
    }

    /// The random id of the state, made once. Attestations made in the sandbox name it as their environment.
    pub fn id(&self) -> String {
        self.id.clone()
    }

    /// The state as one JSON document; see [`Sandbox::show`].
    pub fn show(&self) -> Value {
        self.core.lock().as_mut().map_or(Value::Null, |world| show(&world.store.begin()))
    }

    /// Stops listening, lets requests under way finish (for two seconds at most), and releases the state.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        if let Some(mut task) = self.task.take()
            && tokio::time::timeout(PATIENCE, &mut task).await.is_err()
        {
            task.abort();
        }
    }
}

impl Drop for RunningSandbox {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
        // Connections live in tasks of their own; without the world they can only answer 503.
        drop(self.core.lock().take());
        // Only a hint for others; a stale one does no harm.
        let _ = std::fs::remove_file(self.state_dir.join(ENDPOINT_FILE));
    }
}

#[derive(Debug)]
struct Core {
    world: Mutex<Option<World>>,
    /// Apart from the world, which is held while a commit waits for the disk.
    faults: Mutex<FaultTable>,
}

#[derive(Debug)]
struct World {
    store: Store,
    memory: Memory,
    record: Option<Record>,
}

impl Core {
    /// A panic in a handler rolled its transaction back, so the world behind a poisoned lock is whole.
    fn lock(&self) -> MutexGuard<'_, Option<World>> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_fault(&self, request: &Request) -> Option<Effect> {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.next(&request.host, request.method.as_str(), &request.path)
    }
}

async fn serve(
    State(core): State<Arc<Core>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    http: HttpRequest,
) -> Response<Body> {
    let (head, body) = http.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return respond(Answer::text(413, "text/plain", "the body is too large or was cut off\n"));
    };
    let request = Arc::new(Request::new(head.method, &head.uri, head.headers, body.to_vec()));
    let fault = core.next_fault(&request);
    if let Some(Effect::Delay { milliseconds }) = fault {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
    let dropped = matches!(fault, Some(Effect::Drop { .. }));
    // A commit waits for the disk.
    let work = tokio::task::spawn_blocking(move || match core.lock().as_mut() {
        Some(world) => world.handle(&request, fault),
        None => stopped(),
    });
    let answer = work.await.unwrap_or_else(|_| {
        Answer::text(500, "text/plain", "the sandbox failed on this request; nothing was changed\n")
    });
    if dropped {
        cut.now();
    }
    respond(answer)
}

impl World {
    fn handle(&mut self, request: &Request, fault: Option<Effect>) -> Answer {
        let dropped = matches!(fault, Some(Effect::Drop { .. }));
        let answer = match fault {
            None | Some(Effect::Delay { .. }) => self.carry_out(request),
            Some(Effect::Drop { effect }) => {
                if effect {
                    self.carry_out(request);
                }
                // Never written: the connection is cut.
                Answer::no_content()
            }
            Some(Effect::RateLimit { reset_seconds }) => self.too_many(request, reset_seconds),
            Some(Effect::Answer { status, body, headers, effect }) => {
                if effect {
                    self.carry_out(request);
                }
                let answer = match body {
                    None => Answer { status, headers: Vec::new(), body: Vec::new() },
                    Some(Value::String(text)) => Answer::text(status, "text/plain", text),
                    Some(value) => Answer::json(status, &value),
                };
                headers.into_iter().fold(answer, |answer, (name, value)| answer.with(&name, value))
            }
        };
        if let Some(record) = &mut self.record {
            // A record that cannot be written must not change what the client sees.
            let _ = record.append(request, if dropped { 0 } else { answer.status });
        }
        answer
    }

    fn too_many(&mut self, request: &Request, reset_seconds: u32) -> Answer {
        let reset = Timestamp::now().as_second() + i64::from(reset_seconds);
        match vendor::of_host(&request.host, &self.store.begin()) {
            Some(vendor) => vendor.too_many(reset),
            None => unknown_host(&request.host),
        }
    }

    fn carry_out(&mut self, request: &Request) -> Answer {
        let mut documents = self.store.begin();
        let Some(vendor) = vendor::of_host(&request.host, &documents) else {
            return own_page(request, &documents);
        };
        let now = Timestamp::now();
        let mut call = Call { request, documents: &mut documents, memory: &mut self.memory, now };
        let answer = vendor.answer(&mut call);
        if answer.status >= 400 {
            return answer;
        }
        match documents.commit() {
            Ok(()) => answer,
            Err(error) => {
                Answer::text(500, "text/plain", format!("the state could not be written: {error}\n"))
            }
        }
    }
}

fn own_page(request: &Request, documents: &Transaction<'_>) -> Answer {
    match request.host.as_str() {
        "" => Answer::text(200, "text/plain; charset=utf-8", INDEX),
        "state" if request.path == "/" => Answer::json(200, &show(documents)),
        host => unknown_host(host),
    }
}

const INDEX: &str = "Concord sandbox\n\n\
    A vendor's host is the first path segment: /nss.us.auth0.com/api/v2/clients,\n\
    or the Host header. /console.twilio.com/ is the page in place of the Twilio Console,\n\
    /state shows what the sandbox holds.\n\n\
    A token of a played Auth0 tenant, unless its seed names API clients: POST /DOMAIN/oauth/token with\n\
    grant_type=client_credentials, any client_id and client_secret, and audience=https://DOMAIN/api/v2/.\n\
    Then send Authorization: Bearer TOKEN.\n";

fn unknown_host(host: &str) -> Answer {
    let message = format!(
        "the sandbox plays no vendor at {host:?}; put the vendor's host name in the first path segment"
    );
    Answer::json(421, &json!({"error": "unknown_host", "message": message}))
}

fn stopped() -> Answer {
    Answer::text(503, "text/plain", "the sandbox has stopped\n")
}

/// Tables whose documents are secrets, not state that a person wants to see.
const HIDDEN: [&str; 1] = ["tokens"];

fn show(documents: &Transaction<'_>) -> Value {
    let mut all = serde_json::Map::new();
    for table in documents.tables() {
        if HIDDEN.contains(&table.rsplit('/').next().unwrap_or_default()) {
            continue;
        }
        let content = documents.list(table).map(|(key, value)| (key.clone(), value.clone())).collect();
        all.insert(table.clone(), Value::Object(content));
    }
    let mut all = Value::Object(all);
    redact(&mut all);
    all
}

fn respond(answer: Answer) -> Response<Body> {
    let mut response = Response::new(Body::from(Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        // Only a fault file can name a header that HTTP does not allow; it is left out.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
