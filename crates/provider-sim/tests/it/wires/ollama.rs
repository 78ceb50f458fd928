//! ollama-native.

use http::Method;
use provider_sim::{Behaviour, KeyState, Sim};
use serde_json::{Value, json};

use crate::client::{Answer, start};
use crate::shape::{fixture, same_shape, shape};

use super::{request, response, send, weather_schema};

async fn post(sim: &Sim, path: &str, body: &Value) -> Answer {
    send(sim, Method::POST, path, &[], body).await
}

fn ask(question: &str) -> Value {
    json!({"model": "llama3.2", "messages": [{"role": "user", "content": question}], "stream": false})
}

fn lines(answer: &str) -> Vec<Value> {
    answer.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test]
async fn an_answer_has_the_shape_of_the_fixture() {
    let sim = start().await;
    let answer = post(&sim, "/api/chat", &request("ollama/text")).await.json();
    same_shape(&answer, &response("ollama/text"));
    assert_eq!(answer["model"], "llama3.2");
    let mut body = request("ollama/reasoning");
    body["messages"][1]["content"] = json!("Is 91 prime?");
    same_shape(&post(&sim, "/api/chat", &body).await.json(), &response("ollama/thinking"));
    let mut body = request("ollama/tools");
    body["messages"][0]["content"] = json!("[[sim:tool:2]]");
    let calls = post(&sim, "/api/chat", &body).await.json();
    // The fixture's calls name a city; ours fill every field of the schema.
    let mut theirs = response("ollama/tools");
    theirs["message"]["tool_calls"][0]["function"]["arguments"]["unit"] = json!("celsius");
    same_shape(&calls, &theirs);
}

#[tokio::test]
async fn every_request_fixture_is_accepted() {
    let sim = start().await;
    for name in ["text", "tools", "tool-result", "vision", "json-schema", "reasoning"] {
        let answer = post(&sim, "/ollama/api/chat", &request(&format!("ollama/{name}"))).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_stream_is_the_default_and_comes_in_lines() {
    let sim = start().await;
    let mut body = ask("Say hello.");
    body.as_object_mut().expect("an object").remove("stream");
    let answer = post(&sim, "/api/chat", &body).await;
    assert_eq!(answer.headers["content-type"], "application/x-ndjson");
    let (ours, theirs) = (lines(&answer.text()), lines(&fixture("ollama/stream-text.ndjson")));
    assert_eq!(shape(&ours[0]), shape(&theirs[0]));
    assert_eq!(shape(ours.last().expect("a line")), shape(theirs.last().expect("a line")));
    sim.next(Behaviour::ErrorMidStream { after_chunks: 1 });
    let error = lines(&post(&sim, "/api/chat", &body).await.text());
    assert!(error.last().expect("a line")["error"].is_string());
}

#[tokio::test]
async fn a_prompt_beyond_the_context_is_cut_without_a_word() {
    let sim = start().await;
    let mut body = ask(&"word ".repeat(8000));
    let counted = |answer: &Answer| answer.json()["prompt_eval_count"].as_u64();
    assert_eq!(counted(&post(&sim, "/api/chat", &body).await), Some(4096));
    body["options"] = json!({"num_ctx": 16_384});
    assert_eq!(counted(&post(&sim, "/api/chat", &body).await), Some(10_000));
}

#[tokio::test]
async fn requests_are_checked_as_ollama_checks_them() {
    let sim = start().await;
    let message = |message: Value| json!({"model": "llama3.2", "messages": [message]});
    let call = json!([{"function": {"name": "f", "arguments": "{}"}}]);
    let tool = json!([{"type": "function", "function": {"name": "f", "parameters": weather_schema()}}]);
    for (body, status, words) in [
        (json!({"model": "nope", "messages": []}), 404, "model 'nope' not found"),
        (message(json!({"role": "developer", "content": "x"})), 400, "invalid role"),
        (message(json!({"role": "user", "content": [{"type": "text", "text": "x"}]})), 400, "cannot unmarshal array"),
        (
            message(json!({"role": "user", "content": "x", "images": ["data:image/png;base64,AAAA"]})),
            400,
            "illegal base64",
        ),
        (message(json!({"role": "assistant", "content": "", "tool_calls": call})), 400, "cannot unmarshal string"),
        (
            json!({"model": "gemma3", "messages": [{"role": "user", "content": "x"}], "tools": tool}),
            400,
            "support tools",
        ),
        (json!({"model": "llama3.2", "messages": [], "think": true}), 400, "support thinking"),
        (json!({"model": "llama3.2", "messages": [], "think": "extreme"}), 400, "invalid think value"),
    ] {
        let answer = post(&sim, "/api/chat", &body).await;
        assert_eq!(answer.status, status, "{words}: {}", answer.text());
        assert!(answer.text().contains(words), "{words} is missing in {}", answer.text());
    }
}

#[tokio::test]
async fn models_are_listed_shown_pulled_and_deleted() {
    let sim = start().await;
    let names = async || {
        let tags = send(&sim, Method::GET, "/api/tags", &[], &Value::Null).await.json();
        tags["models"].as_array().expect("a list").iter().map(|model| model["name"].to_string()).collect::<Vec<_>>()
    };
    let before = names().await.len();
    let show = post(&sim, "/api/show", &json!({"model": "llama3.2"})).await.json();
    same_shape(&show["details"], &response("ollama/show")["details"]);
    assert_eq!(show["capabilities"], json!(["completion", "tools"]));
    assert_eq!(show["model_info"]["llama.context_length"], 131_072);
    let pull = lines(&post(&sim, "/api/pull", &json!({"model": "mistral"})).await.text());
    assert_eq!(pull.last().expect("a line")["status"], "success");
    assert!(pull.iter().any(|line| line["completed"].as_u64() == line["total"].as_u64() && line["total"].is_u64()));
    assert!(names().await.contains(&"\"mistral:latest\"".to_owned()));
    let mut body = ask("x");
    body["model"] = json!("mistral");
    let gone = json!({"model": "mistral"});
    assert_eq!(send(&sim, Method::DELETE, "/api/delete", &[], &gone).await.status, 200);
    assert_eq!(names().await.len(), before);
    assert_eq!(post(&sim, "/api/chat", &body).await.status, 404);
    let failed = lines(&post(&sim, "/api/pull", &json!({"model": "nope"})).await.text());
    assert!(failed.last().expect("a line")["error"].is_string());
    let loaded = send(&sim, Method::GET, "/api/ps", &[], &Value::Null).await.json();
    assert!(loaded["models"][0]["size_vram"].is_u64());
}

#[tokio::test]
async fn vectors_and_keys_of_the_cloud() {
    let sim = start().await;
    let mut body = request("ollama/embed");
    body["dimensions"] = json!(4);
    same_shape(&post(&sim, "/api/embed", &body).await.json(), &response("ollama/embed"));
    assert_eq!(sim.bill().billed_calls, 1);
    sim.key("bad", KeyState::Invalid401);
    let refused = send(&sim, Method::POST, "/api/chat", &[("authorization", "Bearer bad")], &ask("x")).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (401, &json!("unauthorized")));
}
