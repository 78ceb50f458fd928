//! How the HTTP client gets a connection: through the egress guard, to the
//! address that was classified there, with the certificate of the name that was
//! asked for.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use domain::attempt::ErrorClass;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tower_service::Service;
use url::Host;

use super::failure::{Phase, SendFailure};
use crate::egress::{EgressGuard, Endpoint, EndpointProblem};

/// Connects to one endpoint and to nothing else. The client clones it for every
/// call, so all of it is behind one count.
#[derive(Clone)]
pub(super) struct Connector(Arc<Parts>);

struct Parts {
    guard: EgressGuard,
    endpoint: Endpoint,
    tls: Option<TlsConnector>,
    limit: Duration,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum ConnectFailure {
    /// The guard's word, or the network's.
    Problem(EndpointProblem),
    /// TLS did not come about.
    Tls,
    /// Neither TCP nor TLS in time.
    TooSlow,
}

impl fmt::Display for ConnectFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection")
    }
}

impl Error for ConnectFailure {}

impl ConnectFailure {
    pub(super) fn as_send_failure(&self, host: &str) -> SendFailure {
        let (class, sentence) = match self {
            Self::Problem(problem) => return SendFailure::refused(problem),
            Self::Tls => (
                ErrorClass::Unreachable,
                format!(
                    "{host} did not prove its identity: its certificate is not valid for that name, or not signed by \
                     an authority this server knows. Add the authority with OWNKEY_CA_FILE."
                ),
            ),
            Self::TooSlow => {
                (ErrorClass::Unreachable, format!("{host} did not accept a connection in time. Try again later."))
            }
        };
        SendFailure { class, phase: Phase::Connect, was_sent: false, sentence }
    }
}

impl Connector {
    pub(super) fn new(guard: EgressGuard, endpoint: Endpoint, tls: Option<TlsConnector>, limit: Duration) -> Self {
        Self(Arc::new(Parts { guard, endpoint, tls, limit }))
    }

    async fn connect(self) -> Result<Link, ConnectFailure> {
        let Parts { guard, endpoint, tls, limit } = &*self.0;
        let deadline = Instant::now() + *limit;
        let stream = guard.connect(endpoint, *limit).await.map_err(ConnectFailure::Problem)?;
        if !endpoint.is_https() {
            return Ok(Link(TokioIo::new(Box::new(stream))));
        }
        let tls = tls.as_ref().ok_or(ConnectFailure::Tls)?;
        let name = server_name(endpoint).ok_or(ConnectFailure::Tls)?;
        let handshake = timeout_at(deadline, tls.connect(name, stream)).await;
        let stream = handshake.map_err(|_| ConnectFailure::TooSlow)?.map_err(|_| ConnectFailure::Tls)?;
        Ok(Link(TokioIo::new(Box::new(stream))))
    }
}

/// The name the certificate must be for: the host as it was typed, never the
/// address it resolved to.
fn server_name(endpoint: &Endpoint) -> Option<ServerName<'static>> {
    match endpoint.host()? {
        Host::Domain(name) => ServerName::try_from(name.to_owned()).ok(),
        Host::Ipv4(address) => Some(ServerName::IpAddress(std::net::IpAddr::V4(address).into())),
        Host::Ipv6(address) => Some(ServerName::IpAddress(std::net::IpAddr::V6(address).into())),
    }
}

impl Service<Uri> for Connector {
    type Response = Link;
    type Error = ConnectFailure;
    type Future = Pin<Box<dyn Future<Output = Result<Link, ConnectFailure>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectFailure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        // The pool is this endpoint's own, so the URL names no one else.
        let connector = self.clone();
        let limit = self.0.limit;
        Box::pin(async move { timeout(limit, connector.connect()).await.map_err(|_| ConnectFailure::TooSlow)? })
    }
}

/// Bytes both ways, plain or TLS.
trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// An open connection.
pub(super) struct Link(TokioIo<Box<dyn Duplex>>);

impl Connection for Link {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Link {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl Write for Link {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, buffers)
    }
}
