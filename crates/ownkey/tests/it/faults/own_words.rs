//! `/v2/llm/chat/completions`: the same calls, in Ownkey's own words.

use provider_sim::Behaviour;
use serde_json::{Value, json};
use testkit::{Answer, Event, events};

use super::{SAYS, Stage, row};

async fn ask(stage: &Stage, stream: bool) -> Answer {
    let messages = json!([{"role": "user", "content": "Hi"}]);
    let body = json!({"model_id": "gpt-5-mini", "messages": messages, "stream": stream});
    stage.ann.client.post("/v2/llm/chat/completions", &body).await
}

async fn last_row(stage: &Stage) -> String {
    stage.house.ledger_is_written().await;
    row(&stage.ann.usage().await[0]["attempts"][0])
}

fn said(events: &[Event]) -> String {
    let deltas = events.iter().filter(|event| event.name == "delta");
    deltas.filter_map(|event| event.json()["content"].as_str().map(str::to_owned)).collect()
}

fn names(events: &[Event]) -> Vec<&str> {
    let mut names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    names.dedup();
    names
}

fn without_id(mut answer: Value) -> Value {
    answer.as_object_mut().unwrap().remove("id");
    answer
}

#[tokio::test]
async fn a_whole_answer_says_what_it_cost_and_who_paid() {
    let stage = Stage::set().await;
    let answer = ask(&stage, false).await.expect(200).json();
    assert_eq!(answer["content"], SAYS);
    assert_eq!(json!([answer["input_tokens"], answer["output_tokens"]]), json!([1, 9]));
    assert_eq!(json!([answer["provider"], answer["finish_reason"]]), json!(["openai", "stop"]));
    assert_eq!(answer["credential_id"], stage.key["id"]);
    assert!(answer["cost_nanos"].as_i64() > Some(0), "{answer}");
    assert_eq!(last_row(&stage).await, "settled - provider 1+9 priced");
}

#[tokio::test]
async fn a_stream_is_deltas_and_then_the_whole_answer_without_a_second_text() {
    let stage = Stage::set().await;
    let whole = ask(&stage, false).await.expect(200).json();
    let events = events(&ask(&stage, true).await.expect(200).text());
    assert_eq!(names(&events), ["delta", "done"]);
    assert_eq!(said(&events), SAYS);
    assert_eq!(without_id(events.last().unwrap().json()), without_id(whole));
}

#[tokio::test]
async fn json_instead_of_a_stream_is_told_as_deltas_too() {
    let stage = Stage::set().await;
    stage.house.sim.next(Behaviour::JsonInsteadOfStream);
    let events = events(&ask(&stage, true).await.expect(200).text());
    assert_eq!(names(&events), ["delta", "done"]);
    assert_eq!(said(&events), SAYS);
}

#[tokio::test]
async fn a_cut_stream_ends_with_a_problem_and_no_done() {
    let stage = Stage::set().await;
    stage.house.sim.next(Behaviour::TruncatedStream { after_chunks: 2 });
    let events = events(&ask(&stage, true).await.expect(200).text());
    assert_eq!(names(&events), ["delta", "error"]);
    let problem = events.last().unwrap().json();
    assert_eq!(json!([problem["code"], problem["status"]]), json!(["provider_error", 502]));
    assert_eq!(last_row(&stage).await, "failed stream_truncated estimated 1+3 priced");
}

#[tokio::test]
async fn a_failure_before_the_first_word_is_a_problem_with_a_status() {
    let stage = Stage::set().await;
    for stream in [false, true] {
        stage.house.sim.next(Behaviour::Status429 { retry_after_s: 9 });
        let answer = ask(&stage, stream).await.expect(429);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("retry-after"), "9");
        assert_eq!(answer.json()["code"], "rate_limited");
    }
}

#[tokio::test]
async fn an_error_with_status_200_is_a_502_here_too() {
    let stage = Stage::set().await;
    for stream in [false, true] {
        stage.house.sim.next(Behaviour::ErrorWith200);
        assert_eq!(ask(&stage, stream).await.expect(502).json()["code"], "provider_error");
    }
}
