//! openai-responses.

use provider_sim::{Behaviour, Sim};
use serde_json::{Value, json};

use crate::client::{Answer, chunks, start};
use crate::shape::{fixture, same_shape};

use super::{kinds, request, response, weather_schema};

async fn post(sim: &Sim, body: &Value) -> Answer {
    crate::client::post(sim, "/v1/responses", body).await
}

fn ask(question: &str) -> Value {
    json!({"model": "gpt-6.1-terra", "input": [{"role": "user", "content": question}], "store": false})
}

fn with_tool(question: &str) -> Value {
    let mut body = ask(question);
    body["tools"] =
        json!([{"type": "function", "name": "get_weather", "parameters": weather_schema(), "strict": false}]);
    body
}

#[tokio::test]
async fn a_response_has_the_shape_of_the_fixture() {
    let sim = start().await;
    let answer = post(&sim, &request("responses/text")).await.json();
    let (mut ours, mut theirs) = (answer.clone(), response("responses/text"));
    // The request's limit is repeated; the fixture's was not.
    for object in [&mut ours, &mut theirs] {
        object["max_output_tokens"] = Value::Null;
    }
    same_shape(&ours, &theirs);
    assert_eq!(answer["output"][0]["content"][0]["text"], "Bonjour ! Ça va ? 👋");
    assert_eq!(answer["max_output_tokens"], 256);
    assert_eq!(sim.bill().completion, 5);
}

#[tokio::test]
async fn every_request_fixture_is_accepted() {
    let sim = start().await;
    for name in ["text", "tools", "vision", "json-schema", "reasoning"] {
        let answer = post(&sim, &request(&format!("responses/{name}"))).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    }
}

#[tokio::test]
async fn streams_have_the_events_of_the_fixtures_in_their_order() {
    let sim = start().await;
    let mut body = request("responses/text");
    body["stream"] = json!(true);
    body["max_output_tokens"] = Value::Null;
    body["instructions"] = Value::Null;
    let ours = post(&sim, &body).await.text();
    assert_eq!(kinds(&ours), kinds(&fixture("responses/stream-text.sse")));
    let numbers = chunks(&ours).iter().filter_map(|event| event["sequence_number"].as_u64()).collect::<Vec<_>>();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());

    let mut body = with_tool("[[sim:tool:2]] Weather?");
    body["stream"] = json!(true);
    body["reasoning"] = json!({"effort": "medium", "summary": "auto"});
    body["include"] = json!(["reasoning.encrypted_content"]);
    let order = |stream: &str| {
        let mut names: Vec<String> =
            stream.lines().filter(|line| line.starts_with("event:")).map(str::to_owned).collect();
        names.dedup();
        names
    };
    assert_eq!(order(&post(&sim, &body).await.text()), order(&fixture("responses/stream-tools.sse")));
}

#[tokio::test]
async fn a_limit_ends_the_stream_as_incomplete() {
    let sim = start().await;
    let mut body = ask("[[sim:long]]");
    body["max_output_tokens"] = json!(16);
    body["stream"] = json!(true);
    sim.set_default(Behaviour::Answer(provider_sim::Reply::default()));
    let events = chunks(&post(&sim, &body).await.text());
    let last = events.last().expect("an event");
    assert_eq!(last["type"], "response.incomplete");
    assert_eq!(last["response"]["incomplete_details"]["reason"], "max_output_tokens");
}

#[tokio::test]
async fn reasoning_comes_back_encrypted_or_not_at_all() {
    let sim = start().await;
    let mut body = with_tool("[[sim:tool]] Weather?");
    body["reasoning"] = json!({"effort": "medium"});
    body["include"] = json!(["reasoning.encrypted_content"]);
    let output = post(&sim, &body).await.json()["output"].clone();
    let (reasoning, call) = (output[0].clone(), output[1].clone());
    assert_eq!(reasoning["type"], "reasoning");
    let history = |items: &[&Value]| {
        let mut input = vec![body["input"][0].clone()];
        input.extend(items.iter().copied().cloned());
        input.push(json!({"type": "function_call_output", "call_id": call["call_id"], "output": "18 °C"}));
        let mut next = body.clone();
        next["input"] = Value::Array(input);
        next
    };
    let right = post(&sim, &history(&[&reasoning, &call])).await;
    assert_eq!(right.status, 200, "{}", right.text());
    let mut bare = reasoning.clone();
    bare.as_object_mut().expect("an item").remove("encrypted_content");
    assert_eq!(post(&sim, &history(&[&bare, &call])).await.status, 400);
    let mut touched = reasoning.clone();
    touched["encrypted_content"] = json!("gAAAAAB-made-up");
    assert_eq!(post(&sim, &history(&[&touched, &call])).await.json()["error"]["code"], "invalid_encrypted_content");
    assert_eq!(post(&sim, &history(&[&call])).await.status, 400, "an item's own id wants its reasoning");
    let mut plain = call.clone();
    plain.as_object_mut().expect("an item").remove("id");
    assert_eq!(post(&sim, &history(&[&plain])).await.status, 200);
}

#[tokio::test]
async fn requests_are_checked_as_openai_checks_them() {
    let sim = start().await;
    let with = |field: &str, value: Value| {
        let mut body = with_tool("x");
        body[field] = value;
        body
    };
    let strict = json!([{"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}]);
    let nested = json!([{"type": "function", "function": {"name": "f"}}]);
    let call = json!([{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}]);
    let part = json!([{"role": "user", "content": [{"type": "text", "text": "x"}]}]);
    for (body, code) in [
        (with("stop", json!(["x"])), json!("unknown_parameter")),
        (with("max_output_tokens", json!(8)), json!("integer_below_min_value")),
        (with("previous_response_id", json!("resp_1")), json!("previous_response_not_found")),
        (with("tools", strict), json!("invalid_function_parameters")),
        (with("tools", nested), json!("missing_required_parameter")),
        (with("input", call), Value::Null),
        (with("input", part), json!("invalid_value")),
        (with("input", Value::Null), json!("missing_required_parameter")),
    ] {
        let answer = post(&sim, &body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (400, &code), "{}", answer.text());
    }
}

#[tokio::test]
async fn an_error_in_the_middle_is_an_error_event() {
    let sim = start().await;
    let mut body = ask("x");
    body["stream"] = json!(true);
    sim.next(Behaviour::ErrorMidStream { after_chunks: 1 });
    let events = chunks(&post(&sim, &body).await.text());
    assert_eq!(events.last().expect("an event")["code"], "rate_limit_exceeded");
}
