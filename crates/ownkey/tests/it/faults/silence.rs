//! A provider that is slow, or stops talking.

use std::time::Duration;

use llm::client::Clocks;
use provider_sim::{Behaviour, Reply};
use serde_json::{Value, json};
use testkit::Options;

use super::Stage;

#[tokio::test]
async fn slow_headers_within_the_clock_are_an_answer() {
    let stage = Stage::with_short_clocks().await;
    let slow = Behaviour::SlowHeaders(Duration::from_millis(40));
    assert_eq!(
        stage.call(slow.clone(), false).await,
        "200 \"Hello from the scripted provider.\" | settled - provider 1+9 priced"
    );
    assert_eq!(
        stage.call(slow, true).await,
        "200 \"Hello from the scripted provider.\" done | settled - provider 1+9 priced"
    );
}

#[tokio::test]
async fn slow_headers_beyond_the_clock_are_a_504_of_unknown_cost() {
    let stage = Stage::with_short_clocks().await;
    let told = "504 api_error provider_timeout | failed timeout unknown ? unknown";
    let slow = Behaviour::SlowHeaders(Duration::from_secs(20));
    assert_eq!([stage.call(slow.clone(), false).await, stage.call(slow, true).await], [told, told]);
}

#[tokio::test]
async fn no_headers_at_all_are_a_504_and_the_call_is_let_go() {
    let stage = Stage::with_short_clocks().await;
    let told = "504 api_error provider_timeout | failed timeout unknown ? unknown";
    for stream in [false, true] {
        assert_eq!(stage.call(Behaviour::HangBeforeHeaders, stream).await, told);
    }
    let gone = |calls: &[provider_sim::Call]| {
        let ended =
            calls.iter().filter(|call| call.model.is_some() && call.finished == provider_sim::Finished::ClientGone);
        ended.count() == 2
    };
    stage.house.sim.wait_for(gone).await.unwrap();
}

#[tokio::test]
async fn a_time_out_after_sending_never_costs_a_second_key() {
    let stage = Stage::with_short_clocks().await;
    stage.ann.save_key("openai", "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key2").await;
    let told = "504 api_error provider_timeout | failed timeout unknown ? unknown";
    assert_eq!(stage.call(Behaviour::HangBeforeHeaders, false).await, told);
}

#[tokio::test]
async fn silence_in_the_middle_of_a_stream_ends_it_with_an_error_event() {
    let stage = Stage::with_short_clocks().await;
    assert_eq!(
        stage.call(Behaviour::HangMidStream { after_chunks: 2 }, true).await,
        "200 \"Hello from\" error api_error provider_timeout | failed timeout estimated 1+3 priced"
    );
}

#[tokio::test]
async fn silence_in_the_middle_of_a_whole_answer_is_a_504_of_unknown_cost() {
    let stage = Stage::with_short_clocks().await;
    assert_eq!(
        stage.call(Behaviour::HangMidStream { after_chunks: 2 }, false).await,
        "504 api_error provider_timeout | failed timeout unknown ? unknown"
    );
}

#[tokio::test]
async fn a_slow_stream_that_keeps_talking_outlives_the_idle_clock() {
    let stage = Stage::with_short_clocks().await;
    let reply = Reply { chunk_delay: Duration::from_millis(60), ..Reply::says(super::SAYS) };
    assert_eq!(
        stage.call(Behaviour::Answer(reply), true).await,
        "200 \"Hello from the scripted provider.\" done | settled - provider 1+9 priced"
    );
}

/// Clocks by which a client is told of every silence that counts.
fn talkative() -> Clocks {
    Clocks { keep_alive: Duration::from_millis(40), idle: Duration::from_secs(20), ..Clocks::default() }
}

fn asked(door: &str) -> Value {
    let turn = json!([{"role": "user", "content": "Hi"}]);
    match door {
        "/v1/responses" => json!({"model": "gpt-5-mini", "stream": true, "input": "Hi"}),
        "/v2/llm/chat/completions" => json!({"model_id": "gpt-5-mini", "stream": true, "messages": turn}),
        "/v1/chat/completions" | "/v1/messages" => {
            json!({"model": "gpt-5-mini", "stream": true, "max_tokens": 50, "messages": turn})
        }
        _ => json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}),
    }
}

#[tokio::test]
async fn a_silent_provider_is_no_silent_stream_in_formats_with_words_for_it() {
    let comment = ": ping\n\n";
    let stage = Stage::with(Options { clocks: talkative(), ..Options::default() }).await;
    for (door, expected) in [
        ("/v1/chat/completions", Some(comment)),
        ("/v1/responses", Some(comment)),
        ("/v2/llm/chat/completions", Some(comment)),
        ("/v1/messages", Some("event: ping\ndata: {\"type\": \"ping\"}\n\n")),
        ("/v1beta/models/gpt-5-mini:streamGenerateContent?alt=sse", None),
        ("/v1beta/models/gpt-5-mini:streamGenerateContent", None),
    ] {
        let reply = Reply { chunk_delay: Duration::from_millis(100), chunks: 3, ..Reply::says(super::SAYS) };
        stage.house.sim.next(Behaviour::Answer(reply));
        let text = stage.ann.client.post(door, &asked(door)).await.expect(200).text();
        match expected {
            Some(words) => assert!(text.matches(words).count() >= 2, "{door}: {text}"),
            None => assert!(!text.contains("ping"), "{door}: {text}"),
        }
        let without = text.replace(expected.unwrap_or(comment), "");
        assert!(without.contains("d provider.") && !without.contains("ping"), "{door}: {text}");
    }
}

#[tokio::test]
async fn a_client_is_told_that_a_call_is_under_way_before_its_first_word() {
    let clocks = Clocks { idle: Duration::from_millis(400), ..talkative() };
    let stage = Stage::with(Options { clocks, ..Options::default() }).await;
    stage.house.sim.next(Behaviour::HangAfterHeaders);
    let answer = stage.ann.chat_stream("Hi").await;
    assert!(answer.text().starts_with(": ping\n\n: ping\n\n"), "{}", answer.text());
    let seen = stage.seen(&answer).await;
    assert!(seen.ends_with("error api_error provider_timeout | failed timeout unknown ? unknown"), "{seen}");
}
