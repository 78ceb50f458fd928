//! Answers of a size that nobody asked for: what passes as it is passes
//! whatever its size, what has to be held is held up to a limit, and memory
//! stays where it was.

use std::sync::Arc;

use http::Method;
use http_body_util::BodyExt;
use serde_json::json;
use testkit::{Answer, Client, House, Options, RawRequest, RawScript, RawStep};

use super::answers::{Right, Wire};
use super::faults::chunk;
use super::{Speaks, ann_with_all_keys};

const MIB: usize = 1 << 20;

/// Sends `wanted` of these for a call that asks for it.
fn script() -> RawScript {
    Arc::new(|request: &RawRequest| {
        let text = request.text();
        let name = text.split_once("flood=")?.1.split_once('.')?.0;
        let right = Right::of(Wire::of(request));
        let head = |kind: &str, length: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n{length}\r\n\r\n");
        let streamed = head(right.wire.stream_type(), "transfer-encoding: chunked");
        let whole = head("application/json", "transfer-encoding: chunked");
        let (before, after) = right.whole("@@@").split_once("@@@").map(|(a, b)| (a.to_owned(), b.to_owned()))?;
        let many = |bytes: String, times| RawStep::Repeat(chunk(&bytes).into(), times);
        let a_mib = || "a".repeat(MIB);
        Some(match name {
            "event-of-9-mib" => {
                let (front, back) = right.text("@@@").split_once("@@@").map(|(a, b)| (a.to_owned(), b.to_owned()))?;
                let ended = chunk(&(back + &right.end())) + "0\r\n\r\n";
                vec![RawStep::send(streamed + &chunk(&(right.start() + &front))), many(a_mib(), 9), RawStep::send(ended)]
            }
            "line-without-end" => vec![RawStep::send(streamed + &chunk(&right.start())), many(a_mib(), 48)],
            "events-of-48-mib" => {
                let ended = chunk(&right.end()) + "0\r\n\r\n";
                let event = right.text(&"a".repeat(MIB / 4));
                vec![RawStep::send(streamed + &chunk(&right.start())), many(event, 192), RawStep::send(ended)]
            }
            "whole-of-40-mib" => {
                let ended = chunk(&after) + "0\r\n\r\n";
                vec![RawStep::send(whole + &chunk(&before)), many(a_mib(), 40), RawStep::send(ended)]
            }
            "length-of-100-mib" => {
                vec![RawStep::send(head("application/json", "content-length: 104857600") + &before), RawStep::Hang]
            }
            "error-of-40-mib" => {
                let refused = whole.replace("200 OK", "400 Bad Request");
                vec![RawStep::send(refused), many(a_mib(), 40), RawStep::send("0\r\n\r\n")]
            }
            _ => return None,
        })
    })
}

async fn house() -> (House, Client) {
    let house = House::start_with(Options { raw: Some(script()), ..Options::default() }).await;
    let client = ann_with_all_keys(&house).await.client;
    (house, client)
}

/// What this process holds now, and held at most, in bytes.
fn memory() -> (usize, usize) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
    };
    (kib("VmRSS:"), kib("VmHWM:"))
}

/// Reads an answer without keeping it; how long it was, and how it ended.
async fn skimmed(client: &Client, speaks: Speaks, model: &str, flood: &str) -> (usize, String) {
    let prompt = format!("flood={flood}.");
    let (path, body) = speaks.request((model, true), &prompt);
    let headers = [("content-type", "application/json")];
    let mut response = client.open(Method::POST, &path, &headers, body.to_string().into_bytes()).await;
    let (mut length, mut tail) = (0, Vec::new());
    while let Some(frame) = response.body_mut().frame().await {
        let data = frame.unwrap().into_data().unwrap();
        length += data.len();
        tail.extend_from_slice(&data[data.len().saturating_sub(2000)..]);
        let surplus = tail.len().saturating_sub(2000);
        tail.drain(..surplus);
    }
    (length, String::from_utf8_lossy(&tail).into_owned())
}

async fn asked(client: &Client, speaks: Speaks, model: (&str, bool), flood: &str) -> Answer {
    speaks.ask(client, model, &format!("flood={flood}."), flood).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_beyond_8_mib_passes_through_and_ends_a_translation() {
    let (_house, client) = house().await;
    for (model, same) in [
        ("openai/gpt-5-mini", Speaks::Chat),
        ("openai/gpt-5-mini", Speaks::Responses),
        ("anthropic/claude-haiku-4-5-20251001", Speaks::Messages),
        ("google/gemini-2.5-flash", Speaks::Gemini),
    ] {
        let (length, tail) = skimmed(&client, same, model, "event-of-9-mib").await;
        assert!(length > 9 * MIB && !tail.contains("\"error\":{"), "{model} {same:?}: {length} {tail}");
        let other = if same == Speaks::Messages { Speaks::Chat } else { Speaks::Messages };
        let model = if same == Speaks::Responses { "azure/gpt-5-pro" } else { model };
        let told = other.told(&asked(&client, other, (model, true), "event-of-9-mib").await);
        assert!(told.starts_with("stream \"\" then ") || told.starts_with("502 "), "{model} {other:?}: {told}");
    }
    let told = Speaks::Chat.told(&asked(&client, Speaks::Chat, ("ollama/llama3.2:latest", true), "event-of-9-mib").await);
    assert!(told.starts_with("502 "), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_are_answered_within_bounds_and_leave_memory_where_it_was() {
    let (house, client) = house().await;
    let (before, _) = memory();
    let mut seen = Vec::new();
    for model in ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5-20251001"] {
        for flood in ["whole-of-40-mib", "length-of-100-mib", "error-of-40-mib"] {
            for speaks in [Speaks::Chat, Speaks::Messages] {
                let told = speaks.told(&asked(&client, speaks, (model, false), flood).await);
                seen.push((format!("{flood} {model} {speaks:?}: {told}"), memory()));
            }
        }
        for flood in ["events-of-48-mib", "line-without-end"] {
            for speaks in super::CLIENTS {
                let (length, tail) = skimmed(&client, speaks, model, flood).await;
                let end = tail.rsplit_once("data: ").map_or(tail.as_str(), |(_, end)| end);
                let end: String = end.chars().take(150).collect();
                seen.push((format!("{flood} {model} {speaks:?}: {length} {end}"), memory()));
            }
        }
    }
    house.ledger_is_written().await;
    for (line, (now, most)) in &seen {
        println!("{:>5} {:>5} MiB  {line}", now.saturating_sub(before) / MIB, most.saturating_sub(before) / MIB);
    }
    let rows = house.raw_database().await.rows("SELECT model, state, COALESCE(error_class, '-'), usage_source FROM attempts").await;
    println!("{rows:?} {}", json!(0));
    panic!("shown");
}
