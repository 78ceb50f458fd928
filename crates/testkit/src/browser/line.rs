//! The line to the browser: calls and their answers, and what it tells unasked.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{Mutex as AsyncMutex, oneshot};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long the browser may take for one call, on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(300);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// One line for all tabs.
pub(super) struct Line {
    out: AsyncMutex<SplitSink<Socket, Message>>,
    next: AtomicU64,
    waiting: Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>,
    told: Arc<Mutex<Vec<(String, String, Value)>>>,
}

impl Line {
    pub(super) async fn open(address: &str) -> Arc<Self> {
        let (socket, _) = connect_async(address).await.expect("Chromium answers");
        let (out, mut incoming) = socket.split();
        let line = Arc::new(Self {
            out: AsyncMutex::new(out),
            next: AtomicU64::new(1),
            waiting: Arc::default(),
            told: Arc::default(),
        });
        let (waiting, told) = (Arc::clone(&line.waiting), Arc::clone(&line.told));
        tokio::spawn(async move {
            while let Some(Ok(message)) = incoming.next().await {
                let Ok(text) = message.into_text() else { continue };
                let Ok(value) = serde_json::from_str::<Value>(&text) else { continue };
                if let Some(id) = value["id"].as_u64() {
                    let waiter = waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
                    if let Some(waiter) = waiter {
                        let _ = waiter.send(value);
                    }
                } else if let Some(method) = value["method"].as_str() {
                    let session = value["sessionId"].as_str().unwrap_or_default().to_owned();
                    let event = (session, method.to_owned(), value["params"].clone());
                    told.lock().unwrap_or_else(PoisonError::into_inner).push(event);
                }
            }
        });
        line
    }

    /// Makes a call that has to succeed.
    pub(super) async fn call(&self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        let answer = self.ask(session, method, parameters).await;
        assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }

    /// Makes a call, and gives the whole answer.
    pub(super) async fn ask(&self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({"id": id, "method": method, "params": parameters});
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        let (sender, receiver) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id, sender);
        self.out.lock().await.send(Message::text(message.to_string())).await.expect("Chromium listens");
        let answer = timeout(PATIENCE, receiver).await;
        answer.unwrap_or_else(|_| panic!("Chromium did not answer {method}")).expect("Chromium still runs")
    }

    /// What was told in this session so far.
    pub(super) fn told(&self, session: &str) -> Vec<(String, Value)> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.iter().filter(|(of, ..)| of == session).map(|(_, method, what)| (method.clone(), what.clone())).collect()
    }
}
