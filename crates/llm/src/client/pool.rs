//! One HTTP client, and so one set of idle connections, for each endpoint and
//! version of the rules. A client is given up when the rules change, and after
//! five minutes, so that names are looked up and judged again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::Payload;
use super::connector::Connector;
use crate::egress::{EgressGuard, Endpoint};

/// The longest life of a pooled connection that is still handed out.
const MAX_AGE: Duration = Duration::from_secs(5 * 60);
/// How long a connection may wait for the next call.
const MAX_IDLE: Duration = Duration::from_secs(90);
/// The most connections to one endpoint that wait.
const MAX_IDLE_CONNECTIONS: usize = 128;
/// The most endpoints that keep a client; more: all begin anew.
const MAX_CLIENTS: usize = 512;
/// The longest header block of an answer, in bytes.
const MAX_HEADER_BYTES: usize = 256 * 1024;
/// The same for a stranger's, in bytes.
const MAX_STRANGER_HEADER_BYTES: usize = 64 * 1024;

pub(super) type HttpClient = Client<Connector, Payload>;

struct Entry {
    version: u64,
    born: Instant,
    client: HttpClient,
}

/// The clients in use.
pub(super) struct Pool {
    guard: EgressGuard,
    tls: Option<TlsConnector>,
    connect_limit: Duration,
    /// By [`Endpoint::line`]: the host is the one typed, because the certificate
    /// is checked against it.
    clients: Mutex<HashMap<String, Entry>>,
}

impl Pool {
    pub(super) fn new(guard: EgressGuard, tls: Option<TlsConnector>, connect_limit: Duration) -> Self {
        Self { guard, tls, connect_limit, clients: Mutex::new(HashMap::new()) }
    }

    /// The endpoint's client under the rules of now.
    pub(super) fn client(&self, endpoint: &Endpoint) -> HttpClient {
        let version = self.guard.version();
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = clients.get(endpoint.line())
            && entry.version == version
            && entry.born.elapsed() < MAX_AGE
        {
            return entry.client.clone();
        }
        if clients.len() >= MAX_CLIENTS {
            clients.clear();
        }
        let client = self.new_client(endpoint);
        clients.insert(endpoint.line().to_owned(), Entry { version, born: Instant::now(), client: client.clone() });
        client
    }

    /// A client for one request to a stranger: under the rules for addresses that
    /// came with a request, and with no connection that anybody else uses.
    pub(super) fn client_for_stranger(&self, endpoint: &Endpoint) -> HttpClient {
        self.client_for_service(self.guard.public_only(), endpoint)
    }

    /// A client for one request under rules of its own, with no connection that
    /// anybody else uses.
    pub(super) fn client_for_service(&self, guard: EgressGuard, endpoint: &Endpoint) -> HttpClient {
        let connector = Connector::new(guard, endpoint.clone(), self.tls.clone(), self.connect_limit);
        Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .http1_max_buf_size(MAX_STRANGER_HEADER_BYTES)
            .build(connector)
    }

    fn new_client(&self, endpoint: &Endpoint) -> HttpClient {
        let connector = Connector::new(self.guard.clone(), endpoint.clone(), self.tls.clone(), self.connect_limit);
        Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(MAX_IDLE)
            .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
            .http1_max_buf_size(MAX_HEADER_BYTES)
            .build(connector)
    }
}
