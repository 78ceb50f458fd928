//! The one way out. A request leaves through the egress guard, carries its key
//! in one header that is marked sensitive, follows no redirect, knows no proxy
//! and asks for no compression.

mod body;
mod connector;
mod failure;
mod fetch;
mod payload;
mod pool;
mod service;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{ProviderId, Secret};
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use rustls_pki_types::CertificateDer;
use tokio::time::{Instant, timeout_at};

pub use body::UpstreamBody;
pub use failure::{Phase, SendFailure};
pub use fetch::{FetchProblem, Fetched, host_of};
pub use payload::Payload;
pub use tls::read_roots;

use crate::egress::{EgressGuard, Endpoint};
use crate::wire::anthropic::choices;
use pool::Pool;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-client-request-id");

/// About how many headers a request has.
const HEADERS: usize = 8;

/// The longest body of an answer that is read as a whole, in bytes.
pub const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// How long each part of a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// Name, TCP and TLS together.
    pub connect: Duration,
    /// Until the status line of a streamed answer.
    pub first_header_streaming: Duration,
    /// Until the status line of a whole answer, which comes when the model is done.
    pub first_header: Duration,
    /// Silence in the middle of an answer.
    pub idle: Duration,
    /// Silence after which whoever waits for a stream may be told that it is
    /// still under way.
    pub keep_alive: Duration,
    /// Everything.
    pub total: Duration,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_header_streaming: Duration::from_secs(120),
            first_header: Duration::from_secs(600),
            idle: Duration::from_secs(300),
            keep_alive: Duration::from_secs(15),
            total: Duration::from_secs(120 * 60),
        }
    }
}

/// How a request says who pays.
#[derive(Clone)]
pub enum Auth<'a> {
    /// It does not: a local server.
    None,
    /// `Authorization: Bearer …`.
    Bearer(&'a Secret),
    /// A header of its own, such as `x-goog-api-key`, with nothing but the key.
    Header(HeaderName, &'a Secret),
}

impl<'a> Auth<'a> {
    /// As this provider wants it; without a key nobody pays.
    #[must_use]
    pub fn of(provider: ProviderId, secret: Option<&'a Secret>) -> Self {
        let Some(secret) = secret else { return Self::None };
        match provider {
            ProviderId::Anthropic if !choices::PAIR.is_bearer() => {
                Self::Header(HeaderName::from_static("x-api-key"), secret)
            }
            ProviderId::Google => Self::Header(HeaderName::from_static("x-goog-api-key"), secret),
            // Its keys go into a header of their own; a token of Entra, which has
            // the form of a JWT, is borne.
            ProviderId::Azure if !secret.begins_with("eyJ") => Self::Header(HeaderName::from_static("api-key"), secret),
            _ => Self::Bearer(secret),
        }
    }
}

/// A request about to leave.
pub struct Outgoing<'a> {
    /// The HTTP method.
    pub method: Method,
    /// Whom it is for.
    pub endpoint: &'a Endpoint,
    /// The path below the endpoint's base, beginning with a slash.
    pub path: &'a str,
    /// Who pays.
    pub auth: Auth<'a>,
    /// The body; empty: none.
    pub body: Payload,
    /// Whether a stream is expected, which has to begin sooner.
    pub streaming: bool,
    /// Our id of the request, sent as `x-client-request-id`.
    pub request_id: Option<&'a str>,
    /// More headers; one that holds a secret is made by [`secret_header`].
    pub extra_headers: &'a [(HeaderName, HeaderValue)],
}

impl<'a> Outgoing<'a> {
    /// A `GET` of `path`.
    #[must_use]
    pub fn get(endpoint: &'a Endpoint, path: &'a str, auth: Auth<'a>) -> Self {
        let body = Payload::empty();
        Self { method: Method::GET, endpoint, path, auth, body, streaming: false, request_id: None, extra_headers: &[] }
    }
}

/// An answer whose head has arrived. Any status: also errors and redirects,
/// which are the caller's to judge and are never followed.
pub struct Incoming {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, still to come.
    pub body: UpstreamBody,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("status", &self.status).finish_non_exhaustive()
    }
}

/// The client. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Upstream {
    guard: EgressGuard,
    clocks: Clocks,
    pool: Arc<Pool>,
}

impl Upstream {
    /// A client under these rules and clocks, which also believes the
    /// certificates signed by `extra_roots` (see [`read_roots`]).
    #[must_use]
    pub fn new(guard: EgressGuard, clocks: Clocks, extra_roots: Vec<CertificateDer<'static>>) -> Self {
        let pool = Pool::new(guard.clone(), tls::connector(extra_roots), clocks.connect);
        Self { guard, clocks, pool: Arc::new(pool) }
    }

    /// The rules it is under.
    #[must_use]
    pub const fn guard(&self) -> &EgressGuard {
        &self.guard
    }

    /// The clocks it goes by.
    #[must_use]
    pub const fn clocks(&self) -> Clocks {
        self.clocks
    }

    /// Sends a request and waits for the head of its answer. Dropping the
    /// future closes the connection.
    ///
    /// # Errors
    /// There is no answer; says whether the provider may have begun to work.
    pub async fn send(&self, outgoing: Outgoing<'_>) -> Result<Incoming, SendFailure> {
        let endpoint = outgoing.endpoint;
        self.guard.admit(endpoint).map_err(|problem| SendFailure::refused(&problem))?;
        let started = Instant::now();
        let wait = if outgoing.streaming { self.clocks.first_header_streaming } else { self.clocks.first_header };
        let request = written(outgoing).ok_or_else(|| SendFailure::unwritable(endpoint))?;
        let answer = self.pool.client(endpoint).request(request);
        let response = timeout_at(started + wait, answer)
            .await
            .map_err(|_| SendFailure::no_answer_in_time(endpoint, wait.as_secs()))?
            .map_err(|error| SendFailure::of_request(endpoint, &error))?;
        let (head, body) = response.into_parts();
        if is_compressed(&head.headers) {
            return Err(SendFailure::compressed(endpoint));
        }
        let host = endpoint.host_and_port().to_owned();
        let body = UpstreamBody::new(body, host, self.clocks.idle, started + self.clocks.total);
        Ok(Incoming { status: head.status, headers: head.headers, body })
    }
}

/// We asked for plain bytes; anything else could not be read, or could unpack to
/// more than any limit.
fn is_compressed(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// The request as it goes on the line; `None` when a part of it is malformed.
fn written(outgoing: Outgoing<'_>) -> Option<Request<Payload>> {
    let uri = outgoing.endpoint.join(outgoing.path)?;
    let has_body = !outgoing.body.is_empty();
    let mut request = Request::new(outgoing.body);
    *request.method_mut() = outgoing.method;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(USER_AGENT, HeaderValue::from_static("ownkey"));
    if has_body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, value) in outgoing.extra_headers {
        headers.insert(name.clone(), value.clone());
    }
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if let Some(id) = outgoing.request_id {
        headers.insert(REQUEST_ID, HeaderValue::from_str(id).ok()?);
    }
    if let Some((name, value)) = auth_header(outgoing.auth)? {
        headers.insert(name, value);
    }
    Some(request)
}

/// The only place where a key is written into a request.
fn auth_header(auth: Auth<'_>) -> Option<Option<(HeaderName, HeaderValue)>> {
    let (name, scheme, secret) = match auth {
        Auth::None => return Some(None),
        Auth::Bearer(secret) => (AUTHORIZATION, "Bearer ", secret),
        Auth::Header(name, secret) => (name, "", secret),
    };
    let text = Bytes::from([scheme.as_bytes(), secret.expose().as_bytes()].concat());
    let mut value = HeaderValue::from_maybe_shared(text).ok()?;
    value.set_sensitive(true);
    Some(Some((name, value)))
}

/// A header whose value is a secret, for [`Outgoing::extra_headers`]; `None`
/// when the two make no header.
#[must_use]
pub fn secret_header(name: &str, value: &Secret) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let mut value = HeaderValue::from_str(value.expose()).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

#[cfg(test)]
pub(crate) mod tests;
