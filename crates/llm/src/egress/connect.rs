//! The only place that opens a connection, to an address this guard has just
//! classified.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{EgressGuard, Endpoint, EndpointProblem};

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
            if let Ok(Ok(stream)) = timeout(share, open(address)).await {
                return match stream.peer_addr() {
                    Ok(peer) if peer.ip() == address.ip() && peer.port() == address.port() => Ok(stream),
                    _ => Err(EndpointProblem::WrongPeer { host: host() }),
                };
            }
        }
        Err(EndpointProblem::NotReached { host: host() })
    }
}

#[expect(clippy::disallowed_methods, reason = "the one connection out, to a classified address")]
async fn open(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
