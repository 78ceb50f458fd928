//! A client that hides nothing: one connection a call, the bytes as they came.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use provider_sim::{Script, Sim};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

pub(crate) const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

/// An answer read to its end; `whole` is false when the connection broke.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) whole: bool,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// The data lines of a stream that are JSON.
    pub(crate) fn chunks(&self) -> Vec<Value> {
        chunks(&self.text())
    }

    /// All delta contents of the first choice.
    pub(crate) fn streamed_text(&self) -> String {
        let content = |chunk: &Value| chunk.pointer("/choices/0/delta/content")?.as_str().map(str::to_owned);
        self.chunks().iter().filter_map(content).collect()
    }
}

pub(crate) fn chunks(stream: &str) -> Vec<Value> {
    let lines = stream.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
    lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// An open connection; the driver is aborted to hang up.
pub(crate) struct Line {
    pub(crate) sender: SendRequest<Full<Bytes>>,
    pub(crate) driver: JoinHandle<()>,
}

#[expect(clippy::disallowed_methods, reason = "the test is the client of a loopback port it opened itself")]
pub(crate) async fn connect(sim: &Sim) -> Line {
    let stream = TcpStream::connect(sim.address()).await.expect("a connection");
    let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("a handshake");
    let driver = tokio::spawn(async move {
        let _ended = connection.await;
    });
    Line { sender, driver }
}

pub(crate) fn request(method: Method, path: &str, key: &str, body: Vec<u8>) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(path).header("host", "sim");
    if !key.is_empty() {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    request.header("x-client-request-id", "ours-1").body(Full::from(body)).expect("a request")
}

pub(crate) async fn call(sim: &Sim, method: Method, path: &str, key: &str, body: Vec<u8>) -> Answer {
    let mut line = connect(sim).await;
    let response = line.sender.send_request(request(method, path, key, body)).await.expect("an answer");
    read(response).await
}

pub(crate) async fn read(response: http::Response<Incoming>) -> Answer {
    let (parts, mut incoming) = response.into_parts();
    let (mut body, mut whole) = (Vec::new(), true);
    while let Some(frame) = incoming.frame().await {
        match frame {
            Ok(frame) => body.extend_from_slice(&frame.into_data().unwrap_or_default()),
            Err(_) => whole = false,
        }
    }
    Answer { status: parts.status, headers: parts.headers, body, whole }
}

pub(crate) async fn get(sim: &Sim, path: &str) -> Answer {
    call(sim, Method::GET, path, KEY, Vec::new()).await
}

pub(crate) async fn post(sim: &Sim, path: &str, body: &Value) -> Answer {
    call(sim, Method::POST, path, KEY, body.to_string().into_bytes()).await
}

pub(crate) async fn chat(sim: &Sim, body: &Value) -> Answer {
    post(sim, "/v1/chat/completions", body).await
}

/// A chat body that asks `question`.
pub(crate) fn ask(question: &str) -> Value {
    json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": question}]})
}

/// The same as a stream, with usage.
pub(crate) fn ask_stream(question: &str) -> Value {
    let mut body = ask(question);
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    body
}

pub(crate) async fn start() -> Sim {
    Sim::start(Script::says("Bonjour ! Ça va ? 👋")).await.expect("a port")
}

/// Fails instead of hanging.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), future).await.expect("within five seconds")
}
