//! Every fault of a provider, seen from both ends: what the client is told, and
//! what the ledger says afterwards.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod aborts;
mod custom;
mod echoes;
mod keyless;
mod mid_stream;
mod names;
mod ollama;
mod own_words;
mod parameters;
mod refusals;
mod silence;
mod streams;
mod usage;

use std::time::Duration;

use llm::client::Clocks;
use provider_sim::{Behaviour, Script};
use serde_json::Value;
use testkit::{Answer, House, Options, Person, events};

/// What the scripted provider says when nothing is wrong.
const SAYS: &str = "Hello from the scripted provider.";

const KEY: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";

/// Clocks for tests that wait for them.
fn short_clocks() -> Clocks {
    let short = Duration::from_millis(150);
    Clocks { first_header: short, first_header_streaming: short, idle: short, ..Clocks::default() }
}

/// A house, and Ann with one OpenAI key.
struct Stage {
    house: House,
    ann: Person,
    key: Value,
}

impl Stage {
    async fn set() -> Self {
        Self::with(Options::default()).await
    }

    async fn with_short_clocks() -> Self {
        Self::with(Options { clocks: short_clocks(), ..Options::default() }).await
    }

    async fn with(options: Options) -> Self {
        let house = House::start_with(options).await;
        let ann = house.user("ann").await;
        let key = ann.save_key("openai", KEY).await;
        Self { house, ann, key }
    }

    /// The next call meets this fault; both ends of it.
    async fn call(&self, fault: Behaviour, stream: bool) -> String {
        self.house.sim.next(fault);
        let answer = if stream { self.ann.chat_stream("Hi").await } else { self.ann.chat("Hi").await };
        self.seen(&answer).await
    }

    /// Both ends of the call that was just answered.
    async fn seen(&self, answer: &Answer) -> String {
        self.house.ledger_is_written().await;
        let events = self.ann.usage().await;
        let attempts = events[0]["attempts"].as_array().unwrap();
        let rows: Vec<String> = attempts.iter().map(row).collect();
        format!("{} | {}", told(answer), rows.join(" + "))
    }
}

/// An answer in one line: what a client branches on.
fn told(answer: &Answer) -> String {
    let mut line = answer.status.as_str().to_owned();
    if answer.header("content-type") == "text/event-stream" {
        return format!("{line} {}", told_stream(&answer.text()));
    }
    let body = answer.json();
    match body.get("error") {
        Some(error) => line.push_str(&told_error(error)),
        None => line.push_str(&format!(" {:?}", body["choices"][0]["message"]["content"].as_str().unwrap_or("?"))),
    }
    for (header, shown) in [("x-should-retry", "should-retry"), ("retry-after", "after")] {
        if !answer.header(header).is_empty() {
            line.push_str(&format!(" {shown} {}", answer.header(header)));
        }
    }
    line
}

fn told_error(error: &Value) -> String {
    let word = |name: &str| error[name].as_str().unwrap_or("-").to_owned();
    assert!(!word("message").is_empty(), "{error}");
    format!(" {} {}", word("type"), word("code"))
}

/// A stream in one line: its text, and how it ends.
fn told_stream(text: &str) -> String {
    let events = events(text);
    let said: String = events
        .iter()
        .filter_map(|event| event.json()["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
        .collect();
    let mut line = format!("{said:?}");
    for event in &events {
        let json = event.json();
        if let Some(error) = json.get("error") {
            line.push_str(&format!(" error{}", told_error(error)));
        }
        if json["choices"].as_array().is_some_and(Vec::is_empty) && json["usage"].is_object() {
            line.push_str(" usage");
        }
        if event.data == "[DONE]" {
            line.push_str(" done");
        }
    }
    line
}

/// A ledger row in one line: state, class, who says what was used, tokens, cost.
pub(crate) fn row(attempt: &Value) -> String {
    let word = |name: &str| attempt[name].as_str().unwrap_or("-").to_owned();
    let tokens = match (attempt["input_tokens"].as_u64(), attempt["output_tokens"].as_u64()) {
        (Some(input), Some(output)) => format!("{input}+{output}"),
        _ => "?".to_owned(),
    };
    let cost = match attempt["client_cost_nanos"].as_i64() {
        None => "unknown",
        Some(0) => "free",
        Some(_) => "priced",
    };
    format!("{} {} {} {tokens} {cost}", word("state"), word("error"), word("usage_source"))
}

/// Both ends of one call with this fault, asked for plain and as a stream, each
/// in a house of its own.
async fn meets(fault: Behaviour, plain: &str, streamed: &str) {
    let seen = [Stage::set().await.call(fault.clone(), false).await, Stage::set().await.call(fault, true).await];
    assert_eq!(seen, [plain, streamed]);
}

/// A script with this default.
fn always(fault: Behaviour) -> Script {
    Script { default: fault, ..Script::says(SAYS) }
}
