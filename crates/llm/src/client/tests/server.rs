//! A provider on a loopback port that says what a test tells it to say, and
//! remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use domain::{Origin, ProviderId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::client::{Clocks, Upstream};
use crate::egress::{EgressGuard, Endpoint, LocalEndpoints};

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Name in lower case, value.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What to do with a request.
pub(crate) enum Reply {
    /// A whole answer; the connection stays open.
    Answer(u16, &'static str, String),
    /// These bytes, and then silence.
    Then(&'static str),
    /// These bytes, and then the end.
    Cut(&'static str),
}

impl Reply {
    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::Answer(status, "content-type: application/json\r\n", body.into())
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<Mutex<usize>>,
    closed: mpsc::UnboundedReceiver<()>,
}

impl Server {
    pub(crate) async fn start(reply: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let (tell, closed) = mpsc::unbounded_channel();
        let server = Self { address, seen: Arc::clone(&seen), connections: Arc::clone(&connections), closed };
        let reply = Arc::new(reply);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *connections.lock().unwrap() += 1;
                let (seen, reply, tell) = (Arc::clone(&seen), Arc::clone(&reply), tell.clone());
                tokio::spawn(async move {
                    serve(stream, &seen, reply.as_ref()).await;
                    let _ = tell.send(());
                });
            }
        });
        server
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// Waits until a client has closed a connection.
    pub(crate) async fn closed(&mut self) {
        self.closed.recv().await;
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::stored(format!("http://{}", self.address))
    }

    /// A client that may call this server, and the server as an endpoint.
    pub(crate) fn reached_by(&self, provider: ProviderId, path: &str, clocks: Clocks) -> (Upstream, Endpoint) {
        let guard = EgressGuard::new(LocalEndpoints::none().with(self.origin()), Vec::new());
        let endpoint = guard.check_literal(provider, &format!("http://{}{path}", self.address)).unwrap();
        (Upstream::new(guard, clocks, Vec::new()), endpoint)
    }
}

async fn serve(mut stream: TcpStream, seen: &Mutex<Vec<Seen>>, reply: &(impl Fn(&Seen) -> Reply + ?Sized)) {
    while let Some(request) = read_request(&mut stream).await {
        seen.lock().unwrap().push(request.clone());
        match reply(&request) {
            Reply::Answer(status, headers, body) => {
                let length = body.len();
                let text = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}");
                stream.write_all(text.as_bytes()).await.unwrap();
            }
            Reply::Then(bytes) => {
                stream.write_all(bytes.as_bytes()).await.unwrap();
                // Until the client goes away.
                while stream.read(&mut [0; 64]).await.is_ok_and(|count| count > 0) {}
                return;
            }
            Reply::Cut(bytes) => return stream.write_all(bytes.as_bytes()).await.unwrap(),
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(bytes).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut request = Seen { method, path, headers, body: String::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    request.body = String::from_utf8(body).unwrap();
    Some(request)
}
