//! Saved chats: what is said stays, an answer comes also when nobody waits, and
//! a chat is its owner's alone.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod branches;
mod ends;
mod isolation;
mod nodes;
mod silence;

use std::time::Duration;

use provider_sim::{Behaviour, Reply};
use serde_json::{Value, json};
use testkit::{Client, House, Options, Person, eventually};

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

/// How long a test waits for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A house, Ann with one OpenAI key, and a chat of hers.
struct Stage {
    house: House,
    ann: Person,
    key: String,
    chat: String,
}

impl Stage {
    async fn set() -> Self {
        Self::with(Options::default()).await
    }

    async fn with(options: Options) -> Self {
        let house = House::start_with(options).await;
        let ann = house.user("ann").await;
        let key = text(&ann.save_key("openai", KEY).await, "id");
        let chat = begin(&ann.client, &json!({"model": "gpt-5-mini"})).await;
        Self { house, ann, key, chat }
    }

    /// Says something; the ids of it and of the answer.
    async fn say(&self, words: &str) -> (String, String) {
        say(&self.ann.client, &self.chat, &json!({"content": [{"type": "text", "text": words}]})).await
    }

    /// The answer, when it is over.
    async fn answer(&self, id: &str) -> Value {
        ended(&self.ann.client, &self.chat, id).await
    }
}

/// An answer that takes its time.
fn slow(words: usize) -> Behaviour {
    let text = "word ".repeat(words);
    Behaviour::Answer(Reply { chunk_delay: Duration::from_millis(20), chunks: words, ..Reply::says(text.trim_end()) })
}

fn text(of: &Value, name: &str) -> String {
    of[name].as_str().unwrap_or_else(|| panic!("{name} of {of}")).to_owned()
}

/// Begins a chat.
async fn begin(client: &Client, body: &Value) -> String {
    text(&client.post("/v2/conversations", body).await.expect(201).json(), "id")
}

async fn say(client: &Client, chat: &str, body: &Value) -> (String, String) {
    let begun = client.post(&format!("/v2/conversations/{chat}/messages"), body).await.expect(202).json();
    (text(&begun, "user_message_id"), text(&begun, "answer_id"))
}

/// Everything said in a chat.
async fn messages(client: &Client, chat: &str) -> Vec<Value> {
    let whole = client.get(&format!("/v2/conversations/{chat}")).await.expect(200).json();
    whole["messages"].as_array().unwrap().clone()
}

async fn message(client: &Client, chat: &str, id: &str) -> Option<Value> {
    messages(client, chat).await.into_iter().find(|message| message["id"] == id)
}

/// A message when it is over.
async fn ended(client: &Client, chat: &str, id: &str) -> Value {
    eventually("the answer is over", PATIENCE, async || {
        message(client, chat, id).await.filter(|message| message["state"] != "running")
    })
    .await
}

/// What a message says.
fn said(message: &Value) -> String {
    message["content"][0]["text"].as_str().unwrap_or_default().to_owned()
}

fn events_of(chat: &str, answer: &str) -> String {
    format!("/v2/conversations/{chat}/messages/{answer}/events")
}
