//! Every fault does on the wire what its name says.

use std::time::{Duration, Instant};

use http::Method;
use provider_sim::{Behaviour, Finished, Sim, WrongUsage};
use serde_json::{Value, json};

use crate::client::{Answer, KEY, ask, ask_stream, chat, connect, request, soon, start};

async fn streamed(sim: &Sim, behaviour: Behaviour) -> Answer {
    sim.next(behaviour);
    soon(chat(sim, &ask_stream("hello"))).await
}

#[tokio::test]
async fn a_truncated_stream_breaks_and_an_early_end_does_not() {
    let sim = start().await;
    let cut = streamed(&sim, Behaviour::TruncatedStream { after_chunks: 2 }).await;
    assert!(!cut.whole);
    assert_eq!(cut.streamed_text(), "Bonjour !");
    let early = streamed(&sim, Behaviour::EndedEarly { after_chunks: 2 }).await;
    assert!(early.whole);
    assert_eq!(early.streamed_text(), "Bonjour !");
    assert!(!early.text().contains("[DONE]"));
    sim.next(Behaviour::TruncatedStream { after_chunks: 0 });
    assert!(!chat(&sim, &ask("plain")).await.whole);
}

#[tokio::test]
async fn errors_and_garbage_come_in_the_middle() {
    let sim = start().await;
    let error = streamed(&sim, Behaviour::ErrorMidStream { after_chunks: 1 }).await;
    assert_eq!(error.streamed_text(), "Bonjour");
    assert_eq!(error.chunks().last().expect("an event")["error"]["type"], "server_error");
    let garbage = streamed(&sim, Behaviour::GarbageLine).await.text();
    let broken = |line: &str| line.starts_with("data: {") && !line.ends_with('}');
    assert_eq!(garbage.lines().filter(|line| broken(line)).count(), 1);
    assert!(garbage.ends_with("data: [DONE]\n\n"));
    let error = streamed(&sim, Behaviour::ErrorWith200).await;
    assert_eq!(
        (error.status.as_u16(), error.headers["content-type"].to_str().expect("text")),
        (200, "application/json")
    );
    assert!(error.json()["error"].is_object());
}

#[tokio::test]
async fn usage_is_wrong_in_six_ways_and_in_another_place() {
    let sim = start().await;
    for (wrong, completion) in [
        (WrongUsage::Absent, Value::Null),
        (WrongUsage::Zero, json!(0)),
        (WrongUsage::Negative, json!(-6)),
        (WrongUsage::Absurd, json!(9_000_000_000_000_000_u64)),
        (WrongUsage::Fractional, json!(5.25)),
        (WrongUsage::Strings, json!("5")),
    ] {
        let chunks = streamed(&sim, Behaviour::WrongUsage(wrong)).await.chunks();
        assert_eq!(chunks.last().expect("a chunk")["usage"]["completion_tokens"], completion, "{wrong:?}");
    }
    assert_eq!(sim.bill().completion, 6 * 5, "the bill stays right");
    let chunks = streamed(&sim, Behaviour::UsageInFinishChunk).await.chunks();
    let last = chunks.last().expect("a chunk");
    assert_eq!(
        (&last["choices"][0]["finish_reason"], &last["usage"]["completion_tokens"]),
        (&json!("stop"), &json!(5))
    );
}

#[tokio::test]
async fn bytes_are_spoiled_as_asked() {
    let sim = start().await;
    let zipped = streamed(&sim, Behaviour::GzipAlthoughNotAsked).await;
    assert_eq!(zipped.headers["content-encoding"], "gzip");
    assert!(zipped.body.starts_with(&[0x1f, 0x8b]));
    assert!(String::from_utf8(streamed(&sim, Behaviour::InvalidUtf8).await.body).is_err());
    sim.next(Behaviour::InvalidUtf8);
    assert!(String::from_utf8(chat(&sim, &ask("plain")).await.body).is_err());
    assert!(streamed(&sim, Behaviour::HugeEvent(300_000)).await.text().lines().any(|line| line.len() > 300_000));
    assert!(!streamed(&sim, Behaviour::NoDone).await.text().contains("[DONE]"));
    assert!(streamed(&sim, Behaviour::JsonInsteadOfStream).await.json()["choices"].is_array());
    assert_eq!(streamed(&sim, Behaviour::Trickle(3)).await.streamed_text(), "Bonjour ! Ça va ? 👋");
    let noise = streamed(&sim, Behaviour::Noise).await;
    assert!(noise.text().starts_with(": keep-alive\r\n\r\ndata:{"));
    assert_eq!(noise.streamed_text(), "Bonjour ! Ça va ? 👋");
}

#[tokio::test]
async fn statuses_redirects_and_pages_come_from_markers() {
    let sim = start().await;
    for (marker, status) in [("401", 401), ("429:7", 429), ("503", 503), ("529", 529), ("502", 502), ("too-long", 400)]
    {
        let answer = chat(&sim, &ask(&format!("please [[sim:{marker}]]"))).await;
        assert_eq!(answer.status, status, "{marker}");
    }
    let redirect = chat(&sim, &ask("[[sim:redirect]]")).await;
    assert_eq!((redirect.status.as_u16(), redirect.headers.contains_key("location")), (307, true));
    assert_eq!(chat(&sim, &ask("[[sim:429:7]]")).await.headers["retry-after"], "7");
    assert_eq!(chat(&sim, &ask("[[sim:unknown]]")).await.status, 200);
}

#[tokio::test]
async fn a_closed_connection_is_no_answer() {
    let sim = start().await;
    sim.next(Behaviour::CloseBeforeHeaders);
    let mut line = connect(&sim).await;
    let body = ask("x").to_string().into_bytes();
    assert!(soon(line.sender.send_request(request(Method::POST, "/v1/chat/completions", KEY, body))).await.is_err());
    assert_eq!(sim.log()[0].finished, Finished::Cut);
}

#[tokio::test]
async fn a_queued_fault_wins_over_a_marker_and_is_used_once() {
    let sim = start().await;
    sim.set_default(Behaviour::Status5xx(500));
    sim.next(Behaviour::NoCredit);
    assert_eq!(chat(&sim, &ask("[[sim:401]]")).await.status, 429);
    assert_eq!(chat(&sim, &ask("[[sim:401]]")).await.status, 401);
    assert_eq!(chat(&sim, &ask("x")).await.status, 500);
}

#[tokio::test]
async fn slow_headers_are_slow_and_slow_pieces_arrive_one_by_one() {
    let sim = start().await;
    let began = Instant::now();
    sim.next(Behaviour::SlowHeaders(Duration::from_millis(60)));
    assert_eq!(chat(&sim, &ask("x")).await.status, 200);
    assert!(began.elapsed() >= Duration::from_millis(60));
    let began = Instant::now();
    assert_eq!(soon(chat(&sim, &ask_stream("[[sim:slow:15]]"))).await.streamed_text(), "Bonjour ! Ça va ? 👋");
    assert!(began.elapsed() >= Duration::from_millis(6 * 15));
}
