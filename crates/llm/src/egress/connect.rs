//! The only place that opens a connection, to an address this guard has just
//! classified.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{DialAnswer, EgressGuard, Endpoint, EndpointProblem};

/// The most addresses that are tried.
const MAX_ATTEMPTS: usize = 4;

impl EgressGuard {
    /// Resolves, judges and connects within `limit`, which the addresses share.
    ///
    /// # Errors
    /// The refusal, or that nobody was reached.
    pub(crate) async fn connect(&self, endpoint: &Endpoint, limit: Duration) -> Result<TcpStream, EndpointProblem> {
        let host = || endpoint.host_and_port().to_owned();
        let mut addresses = timeout(limit, self.resolve(endpoint))
            .await
            .map_err(|_| EndpointProblem::NameNotFound { host: host() })??;
        addresses.truncate(MAX_ATTEMPTS);
        let share = limit / u32::try_from(addresses.len()).unwrap_or(1).max(1);
        for address in addresses {
            match timeout(share, (self.dial)(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) if is_wrong_peer(&error) => return Err(EndpointProblem::WrongPeer { host: host() }),
                _ => {}
            }
        }
        Err(EndpointProblem::NotReached { host: host() })
    }
}

/// Connects to this address, and makes sure that it did.
pub(super) fn dial(address: SocketAddr) -> DialAnswer {
    Box::pin(async move {
        let stream = open(address).await?;
        let peer = stream.peer_addr()?;
        let is_right = peer.ip() == address.ip() && peer.port() == address.port();
        is_right.then_some(stream).ok_or_else(|| io::Error::other(WrongPeer))
    })
}

/// The connection ended at another address than the one that was asked for.
#[derive(Debug, thiserror::Error)]
#[error("another address answered")]
struct WrongPeer;

fn is_wrong_peer(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<WrongPeer>)
}

#[expect(clippy::disallowed_methods, reason = "the one connection out, to a classified address")]
async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
