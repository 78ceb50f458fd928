//! A limit, or a refused key, that arrives in the middle of a stream: as good as
//! one that came with a status.

use std::time::Duration;

use provider_sim::Behaviour;
use serde_json::{Value, json};
use testkit::{House, Person, eventually};

const OPENAI: &str = "sk-proj-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789key1";
const ANTHROPIC: &str = "sk-ant-api03-FAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789-key1AA";
const GOOGLE: &str = "AIzaFAKEaBcDeFgHiJkLmNoPqRsTuVwXyZ01234";

/// What a client asks, of whose provider, and what comes in the middle.
struct Case {
    provider: &'static str,
    key: &'static str,
    door: &'static str,
    body: Value,
    event: &'static str,
}

fn chat(model: &str) -> Value {
    json!({"model": model, "stream": true, "max_tokens": 50, "messages": [{"role": "user", "content": "Hi"}]})
}

fn responses(model: &str) -> Value {
    json!({"model": model, "stream": true, "input": "Hi"})
}

fn gemini() -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]})
}

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";
const RESPONSES: &str = "/v1/responses";
const GEMINI: &str = "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse";

fn limits() -> Vec<Case> {
    let openai = "data: {\"error\":{\"message\":\"Rate limit reached\",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}\n\n";
    let failed = "event: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":9,\"response\":{\"id\":\"r\",\
        \"status\":\"failed\",\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"Rate limit reached\"}}}\n\n";
    let anthropic = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"Slow down\"}}\n\n";
    let google = "data: {\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\",\"message\":\"Resource has been exhausted\"}}\r\n\r\n";
    let case = |provider, key, door, body, event| Case { provider, key, door, body, event };
    vec![
        case("openai", OPENAI, CHAT, chat("gpt-5-mini"), openai),
        case("openai", OPENAI, MESSAGES, chat("gpt-5-mini"), openai),
        case("openai", OPENAI, RESPONSES, responses("gpt-5-mini"), failed),
        case("anthropic", ANTHROPIC, MESSAGES, chat("claude-haiku-4-5"), anthropic),
        case("anthropic", ANTHROPIC, CHAT, chat("claude-haiku-4-5"), anthropic),
        case("google", GOOGLE, GEMINI, gemini(), google),
        case("google", GOOGLE, CHAT, chat("gemini-3.5-flash"), google),
    ]
}

/// The key as it is shown, and the row of the call, after this event.
async fn met(case: &Case) -> (House, Person, Value, Value) {
    let house = House::start().await;
    let ann = house.user("ann").await;
    let key = ann.save_key(case.provider, case.key).await;
    house.sim.next(Behaviour::SaysMidStream { after_chunks: 2, event: case.event.to_owned() });
    let answer = ann.client.post(case.door, &case.body).await.expect(200);
    assert!(answer.text().contains("error"), "{}: {}", case.door, answer.text());
    house.ledger_is_written().await;
    let row = ann.usage().await[0]["attempts"][0].clone();
    (house, ann, key, row)
}

async fn shown(ann: &Person, key: &Value) -> Value {
    ann.client.get(&format!("/v2/credentials/{}", key["id"].as_str().unwrap())).await.expect(200).json()
}

#[tokio::test]
async fn a_limit_in_the_middle_of_a_stream_is_remembered() {
    for case in limits() {
        let (_house, ann, key, row) = met(&case).await;
        let key = shown(&ann, &key).await;
        assert_eq!(row["error"], "rate_limited", "{} {}: {row}", case.provider, case.door);
        assert_eq!(row["state"], "failed", "{} {}: {row}", case.provider, case.door);
        assert!(key["cooling_until"].is_string(), "{} {}: {key}", case.provider, case.door);
    }
}

#[tokio::test]
async fn an_account_that_runs_dry_in_the_middle_of_a_stream_is_remembered() {
    let case = |provider, key, door, body, event| Case { provider, key, door, body, event };
    for case in [
        case(
            "openai",
            OPENAI,
            CHAT,
            chat("gpt-5-mini"),
            "data: {\"error\":{\"message\":\"You exceeded your current quota\",\"type\":\"insufficient_quota\",\
             \"code\":\"insufficient_quota\"}}\n\n",
        ),
        case(
            "anthropic",
            ANTHROPIC,
            CHAT,
            chat("claude-haiku-4-5"),
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"billing_error\",\"message\":\"Pay\"}}\n\n",
        ),
    ] {
        let (_house, ann, key, row) = met(&case).await;
        assert_eq!(row["error"], "no_credit", "{row}");
        eventually("the key has no credit", Duration::from_secs(10), async || {
            (shown(&ann, &key).await["status"] == "no_credit").then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_key_that_is_repeated_in_the_middle_of_a_stream_is_struck_out() {
    let event = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"plain-looking-secret is bad\"}}\n\n";
    let body = chat("claude-haiku-4-5");
    let case = Case { provider: "anthropic", key: "plain-looking-secret", door: MESSAGES, body, event };
    let (house, ann, ..) = met(&case).await;
    house.sim.next(Behaviour::SaysMidStream { after_chunks: 2, event: case.event.to_owned() });
    let told = ann.client.post(case.door, &case.body).await.expect(200).text();
    assert!(told.contains("is bad") && !told.contains(case.key), "{told}");
}
