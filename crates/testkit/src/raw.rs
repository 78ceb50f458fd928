//! Bytes on a connection, for requests that no HTTP client would send.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A little longer than the server's header clock of ten seconds.
const PATIENCE: Duration = Duration::from_millis(10_900);

/// A connection to a server.
pub struct Raw(TcpStream);

impl Raw {
    /// Connects to the server at `url`.
    #[expect(clippy::disallowed_methods, reason = "a test speaks to its own server")]
    pub async fn connect(url: &str) -> Self {
        let address = url.strip_prefix("http://").expect("a plain URL");
        Self(TcpStream::connect(address).await.expect("a connection"))
    }

    /// Sends bytes. The server may have hung up meanwhile; what it said counts.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _hung_up = self.0.write_all(bytes).await.is_err();
    }

    /// Says that nothing more will come.
    pub async fn finish(&mut self) {
        let _hung_up = self.0.shutdown().await.is_err();
    }

    /// Everything the server says until it closes; panics when it keeps the
    /// connection longer than its header clock.
    pub async fn read_to_end(&mut self) -> String {
        let mut bytes = Vec::new();
        let reading = self.0.read_to_end(&mut bytes);
        let _reset = tokio::time::timeout(PATIENCE, reading).await.expect("the server keeps the connection").is_err();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// One request as bytes, the whole answer as text. Ask for `connection: close`.
pub async fn raw(url: &str, request: &[u8]) -> String {
    let mut connection = Raw::connect(url).await;
    connection.send(request).await;
    connection.read_to_end().await
}
