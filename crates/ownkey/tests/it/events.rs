//! `/v2/events`: who is told what, where it goes on, and when it ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod endings;
mod nodes;
mod resuming;
mod telling;

use serde_json::Value;
use testkit::{Client, Event, EventReader};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

async fn listen(client: &Client) -> EventReader {
    EventReader::open(client, "/v2/events", &[]).await
}

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// The next event.
async fn heard(reader: &mut EventReader) -> Event {
    reader.next().await.unwrap()
}

/// The names of the next events.
async fn names(reader: &mut EventReader, number: usize) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..number {
        names.push(heard(reader).await.name);
    }
    names
}
