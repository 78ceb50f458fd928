//! The accept loop: header and write clocks that `axum::serve` does not have,
//! and a drain that lets running streams finish.

mod at_once;
mod write_clock;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::paths;
use at_once::AtOnce;
use write_clock::WriteClock;

/// How long a client may take to send its headers.
const HEADER_CLOCK: Duration = Duration::from_secs(10);

/// The most bytes of request headers taken; more is answered 431.
pub const HEADER_BYTES: usize = 32 * 1024;

/// The most bytes that are read at once, so that a long body takes few reads.
/// Headers between [`HEADER_BYTES`] and this are refused by the rim, with a
/// sentence and an id; beyond, and for what is no HTTP, hyper answers 431 or 400
/// without a body, and cannot be told otherwise.
const READ_BYTES: usize = 128 * 1024;

/// How long to pause after `accept` failed, mostly for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long the server waits for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// How long a client may leave its answer unread.
    pub write: Duration,
    /// How long running answers may go on after the stop.
    pub drain: Duration,
}

impl Default for Clocks {
    fn default() -> Self {
        Self { write: Duration::from_secs(60), drain: Duration::from_secs(120) }
    }
}

/// Where the connection comes from; an extension of every request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Serves `router` on `listener` until `stop` fires, then stops accepting and
/// gives running answers time to finish. Returns how many were cut.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken, clocks: Clocks) -> usize {
    let graceful = GracefulShutdown::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => converse(stream, peer, router.clone(), clocks.write, &graceful),
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let unfinished = graceful.count();
    tracing::info!(connections = unfinished, seconds = clocks.drain.as_secs(), "draining");
    match tokio::time::timeout(clocks.drain, graceful.shutdown()).await {
        Ok(()) => 0,
        Err(_) => unfinished,
    }
}

/// Answers one connection in a task of its own.
fn converse(stream: TcpStream, peer: SocketAddr, router: Router, write: Duration, graceful: &GracefulShutdown) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection went away before it began");
        return;
    }
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        if let Some(uri) = paths::canonical(request.uri()) {
            *request.uri_mut() = uri;
        }
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_CLOCK)
        .max_buf_size(READ_BYTES)
        .serve_connection(TokioIo::new(WriteClock::new(stream, write)), service);
    let connection = AtOnce::new(graceful.watch(connection));
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, %peer, "a connection ended early");
        }
    });
}
