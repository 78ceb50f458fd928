//! A provider that answers with bytes: whatever a server may send that no HTTP
//! library would. It stands before the scripted provider and passes on the
//! requests its script has no words for.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// One request as it came.
#[derive(Clone, Debug)]
pub struct RawRequest {
    /// Request line and headers.
    pub head: String,
    /// The body.
    pub body: Bytes,
}

impl RawRequest {
    /// `GET`, `POST`.
    #[must_use]
    pub fn method(&self) -> &str {
        self.head.split(' ').next().unwrap_or("")
    }

    /// The path with its query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or("")
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One step of an answer. After the last one the connection closes.
#[derive(Clone, Debug)]
pub enum RawStep {
    /// These bytes.
    Send(Bytes),
    /// These bytes so many times.
    Repeat(Bytes, usize),
    /// One byte after the other, with this pause before each.
    Drip(Bytes, Duration),
    /// Nothing more, and the connection stays.
    Hang,
}

impl RawStep {
    /// These bytes.
    #[must_use]
    pub fn send(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Send(Bytes::from(bytes.into()))
    }
}

/// What is answered to a request; `None`: the scripted provider answers.
pub type RawScript = Arc<dyn Fn(&RawRequest) -> Option<Vec<RawStep>> + Send + Sync>;

/// The running provider. Dropped, it closes its port and all connections.
pub struct RawProvider {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<RawRequest>>>,
    accepting: JoinHandle<()>,
}

impl RawProvider {
    /// Starts on a free loopback port, before the provider at `behind`.
    pub async fn start(script: RawScript, behind: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::default();
        let accepting = tokio::spawn(accept(listener, Door { script, behind, seen: Arc::clone(&seen) }));
        Self { address, seen, accepting }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests its script answered, oldest first.
    #[must_use]
    pub fn seen(&self) -> Vec<RawRequest> {
        locked(&self.seen).clone()
    }
}

impl Drop for RawProvider {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

#[derive(Clone)]
struct Door {
    script: RawScript,
    behind: SocketAddr,
    seen: Arc<Mutex<Vec<RawRequest>>>,
}

fn locked(seen: &Mutex<Vec<RawRequest>>) -> MutexGuard<'_, Vec<RawRequest>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Accepts until aborted; the connections die with the set.
async fn accept(listener: TcpListener, door: Door) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    let door = door.clone();
                    // A gateway that hangs up is the end of many tests.
                    connections.spawn(async move { drop(door.serve(stream).await) });
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

impl Door {
    /// One request, one answer.
    async fn serve(self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let request = read(&mut stream).await?;
        let Some(steps) = (self.script)(&request) else { return self.pass_on(stream, &request).await };
        locked(&self.seen).push(request);
        for step in steps {
            match step {
                RawStep::Send(bytes) => stream.write_all(&bytes).await?,
                RawStep::Repeat(bytes, times) => {
                    for _ in 0..times {
                        stream.write_all(&bytes).await?;
                    }
                }
                RawStep::Drip(bytes, pause) => {
                    for byte in bytes.chunks(1) {
                        tokio::time::sleep(pause).await;
                        stream.write_all(byte).await?;
                    }
                }
                RawStep::Hang => {
                    // Until the other side is gone.
                    while stream.read(&mut [0; 1024]).await? > 0 {}
                }
            }
        }
        stream.shutdown().await
    }

    /// The scripted provider answers, over a connection for this request alone.
    #[expect(
        clippy::disallowed_methods,
        reason = "a stand-in for a provider, on the loopback, is not behind the guard"
    )]
    async fn pass_on(&self, mut stream: TcpStream, request: &RawRequest) -> std::io::Result<()> {
        let mut behind = TcpStream::connect(self.behind).await?;
        let head = request.head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
        behind.write_all(head.as_bytes()).await?;
        behind.write_all(&request.body).await?;
        tokio::io::copy(&mut behind, &mut stream).await?;
        stream.shutdown().await
    }
}

/// Head and body, whose length the gateway always tells.
async fn read(stream: &mut TcpStream) -> std::io::Result<RawRequest> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let mut body = bytes.split_off(head);
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    while body.len() < length.unwrap_or(0) {
        if stream.read_buf(&mut body).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(RawRequest { head, body: Bytes::from(body) })
}
