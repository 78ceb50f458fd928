//! The running provider: its port, its connections, and the handle a test or the demo holds.

use std::collections::{HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::doors;
use crate::log::{Bill, Call, Charge, Finished, Log};
use crate::play::{Before, Play, ScriptedCut};
use crate::responses::kept::Kept;
use crate::script::{Behaviour, FreeDoors, KeyState, Keys, Models, Reply, Script};

/// How long [`Sim::wait_for`] waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running scripted provider. Dropped, it closes its port and all connections.
#[derive(Debug)]
pub struct Sim {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) log: Arc<Log>,
    pub(crate) models: Models,
    connections: AtomicU64,
    state: Mutex<State>,
}

/// What can change while it runs.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) keys: Keys,
    pub(crate) key_states: HashMap<String, KeyState>,
    pub(crate) default: Arc<Behaviour>,
    pub(crate) queued: VecDeque<Behaviour>,
    pub(crate) reply: Arc<Reply>,
    pub(crate) free_doors: FreeDoors,
    /// Models pulled and deleted since the start (Ollama).
    pub(crate) pulled: Vec<String>,
    pub(crate) deleted: Vec<String>,
    /// Answers kept since the start, by their ids (responses).
    pub(crate) kept: HashMap<String, Kept>,
}

/// [`Sim::wait_for`] waited in vain; these calls were in the log at the end.
#[derive(Debug)]
pub struct WaitedInVain(pub Vec<Call>);

impl std::fmt::Display for WaitedInVain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the provider saw {} calls, but not what was waited for", self.0.len())
    }
}

impl std::error::Error for WaitedInVain {}

impl Sim {
    /// Starts on a free loopback port, on the current tokio runtime.
    ///
    /// # Errors
    /// When the port cannot be opened.
    pub async fn start(script: Script) -> std::io::Result<Self> {
        Self::start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), script).await
    }

    /// Starts on this address: a provider that comes back after an outage.
    ///
    /// # Errors
    /// When the port cannot be opened.
    pub async fn start_on(address: SocketAddr, script: Script) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(script));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, accepting: Mutex::new(Some(accepting)) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `http://127.0.0.1:PORT/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Queues a behaviour for the next generation call that its key allows and no earlier one has taken.
    pub fn next(&self, behaviour: Behaviour) {
        self.shared.state().queued.push_back(behaviour);
    }

    /// What happens to calls from now on; an answer is also the text under later faults.
    pub fn set_default(&self, behaviour: Behaviour) {
        let mut state = self.shared.state();
        if let Behaviour::Answer(reply) = &behaviour {
            state.reply = Arc::new(reply.clone());
        }
        state.default = Arc::new(behaviour);
    }

    /// How the doors that cost nothing (lists of models, checks of keys) answer
    /// from now on.
    pub fn free_doors(&self, doors: FreeDoors) {
        self.shared.state().free_doors = doors;
    }

    /// What this key is from now on.
    pub fn key(&self, key: &str, state: KeyState) {
        self.shared.state().key_states.insert(key.to_owned(), state);
    }

    /// The calls received, oldest first (the latest [`Script::keep_calls`]).
    #[must_use]
    pub fn log(&self) -> Vec<Call> {
        self.shared.log.calls()
    }

    /// What the provider bills for everything so far.
    #[must_use]
    pub fn bill(&self) -> Bill {
        self.shared.log.bill()
    }

    /// The bill, line by line: how many generations were charged alike, for each key and model.
    #[must_use]
    pub fn statement(&self) -> Vec<(Charge, u64)> {
        self.shared.log.statement()
    }

    /// Time since the start: the clock of [`Call::arrived`] and [`Call::ended`].
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.shared.log.elapsed()
    }

    /// Connections accepted so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Waits until the log is so, without polling; gives up after 5 seconds.
    ///
    /// # Errors
    /// [`WaitedInVain`] with the log as it then was.
    pub async fn wait_for(&self, wanted: impl Fn(&[Call]) -> bool) -> Result<Vec<Call>, WaitedInVain> {
        let waiting = async {
            loop {
                let changed = self.shared.log.changed.notified();
                let mut changed = std::pin::pin!(changed);
                changed.as_mut().enable();
                let calls = self.log();
                if wanted(&calls) {
                    return calls;
                }
                changed.await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.map_err(|_| WaitedInVain(self.log()))
    }

    /// Closes the port and every connection; the log stays readable. Twice is once.
    pub async fn shutdown(&self) {
        let accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(accepting) = accepting {
            accepting.abort();
            // Aborted on purpose: the join error says just that.
            let _aborted = accepting.await;
        }
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(accepting) = accepting {
            accepting.abort();
        }
    }
}

impl Shared {
    fn new(script: Script) -> Self {
        let reply = match &script.default {
            Behaviour::Answer(reply) => reply.clone(),
            _ => script.reply,
        };
        let key_states = match &script.keys {
            Keys::Listed(keys) => keys.iter().cloned().collect(),
            Keys::Any | Keys::ByName | Keys::NotNeeded => HashMap::new(),
        };
        let state = State {
            keys: script.keys,
            key_states,
            default: Arc::new(script.default),
            queued: script.queued.into(),
            reply: Arc::new(reply),
            free_doors: FreeDoors::Answer,
            pulled: Vec::new(),
            deleted: Vec::new(),
            kept: HashMap::new(),
        };
        Self {
            log: Arc::new(Log::new(script.keep_calls)),
            models: script.models,
            connections: AtomicU64::new(0),
            state: Mutex::new(state),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Accepts until aborted; the connections live in the set and die with it.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    shared.connections.fetch_add(1, Ordering::Relaxed);
                    connections.spawn(serve(stream, Arc::clone(&shared)));
                }
                // Out of file descriptors, most likely: let some connections end.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // Without it small events would wait for acknowledgements; if it fails they are only late.
    let _late = stream.set_nodelay(true);
    let service = service_fn(move |request| handle(Arc::clone(&shared), request));
    let mut http = hyper::server::conn::http1::Builder::new();
    http.header_read_timeout(None);
    // A client that went away is the normal end of many tests; the log has it.
    let _ended = http.serve_connection(TokioIo::new(stream), service).await;
}

async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Play>, ScriptedCut> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| ScriptedCut)?.to_bytes();
    let mut watch = shared.log.open(&parts, &body);
    let outgoing = doors::answer(&shared, &parts, &body, &watch);
    match outgoing.before {
        Before::Nothing => {}
        Before::Wait(pause) => tokio::time::sleep(pause).await,
        Before::Hang => std::future::pending::<()>().await,
        Before::Close => {
            watch.end(Finished::Cut);
            return Err(ScriptedCut);
        }
    }
    watch.answered(outgoing.status.as_u16());
    let play = Play::new(outgoing.steps, outgoing.length, outgoing.prompt, watch);
    let mut response = Response::new(play);
    *response.status_mut() = outgoing.status;
    *response.headers_mut() = outgoing.headers;
    Ok(response)
}
