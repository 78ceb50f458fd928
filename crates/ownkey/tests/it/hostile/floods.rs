//! Answers of a size that nobody asked for: what passes as it is passes
//! whatever its size, what has to be held is held up to a limit, and memory
//! stays where it was.

use std::sync::Arc;

use http::Method;
use http_body_util::BodyExt;
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
                vec![
                    RawStep::send(streamed + &chunk(&(right.start() + &front))),
                    many(a_mib(), 9),
                    RawStep::send(ended),
                ]
            }
            "line-without-end" => vec![RawStep::send(streamed + &chunk(&right.start())), many(a_mib(), 12)],
            "events-of-12-mib" => {
                let ended = chunk(&right.end()) + "0\r\n\r\n";
                let event = right.text(&"a".repeat(MIB / 4));
                vec![RawStep::send(streamed + &chunk(&right.start())), many(event, 48), RawStep::send(ended)]
            }
            "whole-of-33-mib" => {
                let ended = chunk(&after) + "0\r\n\r\n";
                vec![RawStep::send(whole + &chunk(&before)), many(a_mib(), 33), RawStep::send(ended)]
            }
            "length-of-100-mib" => {
                vec![RawStep::send(head("application/json", "content-length: 104857600") + &before), RawStep::Hang]
            }
            "error-of-9-mib" => {
                let refused = whole.replace("200 OK", "400 Bad Request");
                vec![RawStep::send(refused), many(a_mib(), 9), RawStep::send("0\r\n\r\n")]
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
    let told =
        Speaks::Chat.told(&asked(&client, Speaks::Chat, ("ollama/llama3.2:latest", true), "event-of-9-mib").await);
    assert!(told.starts_with("502 "), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whole_answers_are_held_up_to_32_mib() {
    let (house, client) = house().await;
    let (before, _) = memory();
    for speaks in [Speaks::Chat, Speaks::Messages] {
        for flood in ["whole-of-33-mib", "length-of-100-mib"] {
            let told = speaks.told(&asked(&client, speaks, ("openai/gpt-5-mini", false), flood).await);
            let expected = if speaks == Speaks::Chat { "502 api_error provider_error" } else { "502 api_error" };
            assert_eq!(told, expected, "{flood} {speaks:?}");
        }
    }
    let refused = asked(&client, Speaks::Chat, ("openai/gpt-5-mini", false), "error-of-9-mib").await.expect(400);
    assert!(refused.bytes.len() < 2_000, "{}", refused.bytes.len());
    let (_, most) = memory();
    assert!(most - before < 128 * MIB, "{} MiB", (most - before) / MIB);
    house.ledger_is_written().await;
    let sql = "SELECT state, error_class, usage_source FROM attempts ORDER BY at";
    let mut rows = house.raw_database().await.rows(sql).await;
    assert_eq!(rows.pop().unwrap(), ["failed", "bad_request", "provider"]);
    assert!(rows.iter().all(|row| row[..] == ["failed", "server_error", "unknown"]), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_without_measure_leave_memory_where_it_was() {
    let (_house, client) = house().await;
    let (before, _) = memory();
    let (openai, anthropic) = ("openai/gpt-5-mini", "anthropic/claude-haiku-4-5-20251001");
    for (model, speaks, flood, is_whole, least) in [
        (openai, Speaks::Chat, "events-of-12-mib", true, 12 * MIB),
        (anthropic, Speaks::Messages, "events-of-12-mib", true, 12 * MIB),
        (openai, Speaks::Messages, "events-of-12-mib", true, 12 * MIB),
        // Its last event would repeat all of it.
        (anthropic, Speaks::Responses, "events-of-12-mib", false, 7 * MIB),
        (openai, Speaks::Chat, "line-without-end", false, 12 * MIB),
        (anthropic, Speaks::Messages, "line-without-end", false, 12 * MIB),
        (anthropic, Speaks::Chat, "line-without-end", false, 0),
    ] {
        let (length, tail) = skimmed(&client, speaks, model, flood).await;
        let has_failed = tail.contains("\"message\":") && tail.contains("error");
        assert_eq!((length >= least, has_failed), (true, !is_whole), "{flood} {model} {speaks:?}: {length} {tail}");
        let (_, most) = memory();
        assert!(most - before < 64 * MIB, "{flood} {model} {speaks:?}: {} MiB", (most - before) / MIB);
    }
}
