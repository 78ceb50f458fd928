//! The wires beside openai-chat: answers and streams have the shape of the fixtures, requests are checked strictly.

mod gemini;
mod houses;
mod messages;
mod official;
mod ollama;
mod responses;

use http::{Method, Request};
use http_body_util::Full;
use provider_sim::Sim;
use serde_json::{Value, json};

use crate::client::{Answer, chunks, connect, read};
use crate::shape::{fixture, shape};

/// A call with these headers.
async fn send(sim: &Sim, method: Method, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("host", "sim");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let mut line = connect(sim).await;
    let request = request.body(Full::from(body)).expect("a request");
    let response = line.sender.send_request(request).await.expect("an answer");
    read(response).await
}

fn request(name: &str) -> Value {
    serde_json::from_str(&fixture(&format!("{name}.request.json"))).expect("JSON")
}

fn response(name: &str) -> Value {
    serde_json::from_str(&fixture(&format!("{name}.response.json"))).expect("JSON")
}

/// The shapes of a stream's events, each kind once.
fn kinds(stream: &str) -> Vec<String> {
    let mut kinds: Vec<String> = chunks(stream).iter().map(|event| shape(event).join("\n")).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

/// A schema with one text.
fn weather_schema() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
        "additionalProperties": false})
}
