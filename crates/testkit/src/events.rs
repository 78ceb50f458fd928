//! Reading a stream of server-sent events as a client does.

use std::time::Duration;

use http::{Method, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;

use crate::client::Client;

/// How long a test waits for the next piece.
const PATIENCE: Duration = Duration::from_secs(20);

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name; empty: it has none.
    pub name: String,
    /// Its data.
    pub data: String,
    /// Its id; empty: it has none.
    pub id: String,
}

impl Event {
    /// Its data as JSON; `null` when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or(Value::Null)
    }
}

/// The events of a whole stream.
#[must_use]
pub fn events(text: &str) -> Vec<Event> {
    let text = text.replace("\r\n", "\n");
    let field = |block: &str, name: &str| {
        let values = block.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        values.map(|value| value.strip_prefix(' ').unwrap_or(value)).collect::<Vec<_>>().join("\n")
    };
    let event = |block| Event { name: field(block, "event"), data: field(block, "data"), id: field(block, "id") };
    let blocks = text.split("\n\n").map(event);
    blocks.filter(|event| !event.data.is_empty()).collect()
}

/// The next bytes of an answer; `None` at its end.
pub async fn next_bytes(response: &mut Response<Incoming>) -> Option<Vec<u8>> {
    let frame = tokio::time::timeout(PATIENCE, response.body_mut().frame()).await.expect("the stream stands still");
    frame.map(|frame| frame.expect("the stream broke off").into_data().unwrap_or_default().to_vec())
}

/// A stream of events that is read one by one, as a browser reads it.
pub struct EventReader {
    response: Response<Incoming>,
    unread: String,
    /// The last id that was heard.
    pub last_id: String,
}

impl EventReader {
    /// Opens the stream at `path`; panics when it is refused.
    pub async fn open(client: &Client, path: &str, headers: &[(&str, &str)]) -> Self {
        let response = client.open(Method::GET, path, headers, Vec::new()).await;
        assert_eq!(response.status().as_u16(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        let mut reader = Self { response, unread: String::new(), last_id: String::new() };
        // The first words say from where to go on: nothing after them is missed.
        let opening = reader.block().await.expect("the first words");
        assert!(opening.starts_with("retry: 2000\nid: "), "{opening}");
        reader
    }

    /// Opens a stream that has no first words of its own, such as an answer that
    /// is followed; panics when it is refused.
    pub async fn follow(client: &Client, path: &str) -> Self {
        let response = client.open(Method::GET, path, &[], Vec::new()).await;
        assert_eq!(response.status().as_u16(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, unread: String::new(), last_id: String::new() }
    }

    /// The next event; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            if let Some(event) = events(&block).pop() {
                return Some(event);
            }
        }
    }

    /// The next event of this name; those before it are passed over.
    pub async fn until(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("the stream ended before {name}"));
            if event.name == name {
                return event;
            }
        }
    }

    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.unread.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.unread = rest;
                if let Some(id) = block.lines().find_map(|line| line.strip_prefix("id: ")) {
                    id.clone_into(&mut self.last_id);
                }
                return Some(block);
            }
            let bytes = next_bytes(&mut self.response).await?;
            self.unread.push_str(&String::from_utf8(bytes).expect("text"));
        }
    }
}
