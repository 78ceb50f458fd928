//! Reading a stream of server-sent events as a client does.

use std::time::Duration;

use http::Response;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;

/// How long a test waits for the next piece.
const PATIENCE: Duration = Duration::from_secs(5);

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name; empty: it has none.
    pub name: String,
    /// Its data.
    pub data: String,
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
    let blocks = text.split("\n\n").map(|block| Event { name: field(block, "event"), data: field(block, "data") });
    blocks.filter(|event| !event.data.is_empty()).collect()
}

/// The next bytes of an answer; `None` at its end.
pub async fn next_bytes(response: &mut Response<Incoming>) -> Option<Vec<u8>> {
    let frame = tokio::time::timeout(PATIENCE, response.body_mut().frame()).await.expect("the stream stands still");
    frame.map(|frame| frame.expect("the stream broke off").into_data().unwrap_or_default().to_vec())
}
