//! gemini.

use std::time::Duration;

use http::Method;
use provider_sim::{Behaviour, KeyState, Sim};
use serde_json::{Value, json};

use crate::client::{Answer, chunks, start};
use crate::shape::{fixture, fixture_json, same_shape};

use super::{kinds, request, response, send, weather_schema};

const KEY: &str = "AIzaSyFAKE_fake_FAKE_fake_FAKE_fake_FAK";
const HEADERS: [(&str, &str); 1] = [("x-goog-api-key", KEY)];
const MODEL: &str = "gemini-3.8-flash";

async fn act(sim: &Sim, model: &str, action: &str, body: &Value) -> Answer {
    send(sim, Method::POST, &format!("/v1beta/models/{model}:{action}"), &HEADERS, body).await
}

fn ask(question: &str) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": question}]}]})
}

fn with_tool(question: &str) -> Value {
    let mut body = ask(question);
    body["tools"] =
        json!([{"functionDeclarations": [{"name": "get_weather", "parametersJsonSchema": weather_schema()}]}]);
    body
}

#[tokio::test]
async fn an_answer_has_the_shape_of_the_fixture() {
    let sim = start().await;
    let mut body = request("gemini/text");
    body["generationConfig"]["thinkingConfig"] = json!({"includeThoughts": true});
    let answer = act(&sim, MODEL, "generateContent", &body).await.json();
    same_shape(&answer, &response("gemini/thinking"));
    let usage = &answer["usageMetadata"];
    let sum = ["promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount"].map(|name| usage[name].as_u64());
    assert_eq!(sum.iter().flatten().sum::<u64>(), usage["totalTokenCount"].as_u64().expect("a total"));
    assert_eq!(sim.bill().completion, sum[1].expect("a count") + sum[2].expect("a count"));
}

#[tokio::test]
async fn every_request_fixture_is_accepted() {
    let sim = start().await;
    for name in ["text", "tools-forced", "vision", "json-schema", "reasoning"] {
        let answer = act(&sim, MODEL, "generateContent", &request(&format!("gemini/{name}"))).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    }
}

#[tokio::test]
async fn fields_are_taken_under_both_of_their_names_and_types_in_capitals() {
    let sim = start().await;
    let schema = json!({"type": "OBJECT", "properties": {"the_city": {"type": "STRING"}}, "required": ["the_city"]});
    for (declarations, parameters) in [
        ("functionDeclarations", "parameters"),
        ("function_declarations", "parameters"),
        ("function_declarations", "parameters_json_schema"),
    ] {
        let mut body = ask("[[sim:tool]] Bern?");
        body["tools"] = json!([{declarations: [{"name": "get_weather", parameters: schema}]}]);
        let picture = json!({"inline_data": {"mime_type": "image/png", "data": "AAAA"}});
        body["contents"][0]["parts"].as_array_mut().expect("parts").push(picture);
        let answer = act(&sim, MODEL, "generateContent", &body).await.json();
        let args = &answer["candidates"][0]["content"]["parts"][0]["functionCall"]["args"];
        assert!(args["the_city"].is_string(), "{answer}");
    }
}

#[tokio::test]
async fn a_stream_is_events_or_one_array() {
    let sim = start().await;
    let events = act(&sim, MODEL, "streamGenerateContent?alt=sse", &ask("[[sim:think]] hi")).await.text();
    for kind in kinds(&fixture("gemini/stream-text.sse")) {
        assert!(kinds(&events).contains(&kind) || kind.contains("finishReason"), "{kind}");
    }
    assert!(events.starts_with("data: {\"candidates\"") && events.ends_with("\r\n\r\n"));
    let array = act(&sim, MODEL, "streamGenerateContent", &ask("hi")).await;
    assert_eq!(array.headers["content-type"], "application/json; charset=UTF-8");
    let text: String = array.json().as_array().expect("an array").iter().filter_map(text_of).collect();
    assert_eq!(text, "Bonjour ! Ça va ? 👋");
}

fn text_of(piece: &Value) -> Option<String> {
    piece.pointer("/candidates/0/content/parts/0/text")?.as_str().map(str::to_owned)
}

#[tokio::test]
async fn a_call_wants_its_signature_back_from_the_third_generation_on() {
    let sim = start().await;
    let body = with_tool("[[sim:tool:2]] Weather?");
    let answer = act(&sim, MODEL, "generateContent", &body).await.json();
    let content = answer["candidates"][0]["content"].clone();
    let history = |content: &Value, ids: bool| {
        let respond = |part: &Value| {
            let call = &part["functionCall"];
            let mut response = json!({"name": call["name"], "response": {"output": "18"}});
            if ids {
                response["id"] = call["id"].clone();
            }
            json!({"functionResponse": response})
        };
        let responses: Vec<Value> = content["parts"].as_array().expect("parts").iter().map(respond).collect();
        let mut next = body.clone();
        next["contents"] = json!([body["contents"][0], content, {"role": "user", "parts": responses}]);
        next
    };
    let right = act(&sim, MODEL, "generateContent", &history(&content, true)).await;
    assert_eq!(right.status, 200, "{}", right.text());
    let mut bare = content.clone();
    bare["parts"][0].as_object_mut().expect("a part").remove("thoughtSignature");
    let lost = act(&sim, MODEL, "generateContent", &history(&bare, true)).await;
    assert_eq!((lost.status.as_u16(), lost.text().contains("missing a thought_signature")), (400, true));
    bare["parts"][0]["thoughtSignature"] = json!("skip_thought_signature_validator");
    assert_eq!(act(&sim, MODEL, "generateContent", &history(&bare, true)).await.status, 200);
    bare["parts"][0]["thoughtSignature"] = json!("CpYBmadeUp==");
    assert_eq!(act(&sim, MODEL, "generateContent", &history(&bare, true)).await.status, 400);

    let old = "gemini-2.5-flash";
    let answer = act(&sim, old, "generateContent", &body).await.json();
    same_shape(&answer, &response("gemini/tools-2.5"));
    let content = &answer["candidates"][0]["content"];
    assert_eq!(act(&sim, old, "generateContent", &history(content, false)).await.status, 200);
    let mut with_id = content.clone();
    with_id["parts"][0]["functionCall"]["id"] = json!("x");
    assert_eq!(act(&sim, old, "generateContent", &history(&with_id, false)).await.status, 400);
}

#[tokio::test]
async fn requests_are_checked_as_google_checks_them() {
    let sim = start().await;
    let config = |config: Value| {
        let mut body = ask("x");
        body["generationConfig"] = config;
        body
    };
    let mut closed = with_tool("x");
    closed["tools"][0]["functionDeclarations"][0] = json!({"name": "f", "parameters": weather_schema()});
    for (body, words) in [
        (json!({"contents": []}), "contents is not specified"),
        (config(json!({"max_tokens": 3})), "Unknown name"),
        (config(json!({"presencePenalty": 1})), "not enabled"),
        (config(json!({"thinkingConfig": {"thinkingBudget": 1, "thinkingLevel": "low"}})), "only set one"),
        (config(json!({"responseJsonSchema": {}})), "response_mime_type"),
        (config(json!({"stopSequences": ["a", "b", "c", "d", "e", "f"]})), "at most 5"),
        (closed, "additionalProperties"),
        (json!({"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}), "valid role"),
    ] {
        let answer = act(&sim, MODEL, "generateContent", &body).await;
        assert_eq!(answer.status, 400, "{words}: {}", answer.text());
        assert!(answer.text().contains(words), "{words} is missing in {}", answer.text());
    }
}

#[tokio::test]
async fn errors_and_keys_are_told_as_google_tells_them() {
    let sim = start().await;
    for (marker, status, fixture) in [
        ("401", 400, "error-400-invalid-key.json"),
        ("404", 404, "error-404-model.json"),
        ("429:37", 429, "error-429-per-minute.json"),
        ("day-quota", 429, "error-429-per-day.json"),
        ("503", 503, "error-503.json"),
    ] {
        let answer = act(&sim, MODEL, "generateContent", &ask(&format!("[[sim:{marker}]]"))).await;
        assert_eq!(answer.status, status, "{marker}");
        let theirs = fixture_json(&format!("gemini/{fixture}"));
        assert_eq!(answer.json()["error"]["status"], theirs["error"]["status"], "{marker}");
        assert_eq!(answer.json()["error"]["details"][2]["retryDelay"], theirs["error"]["details"][2]["retryDelay"]);
        assert_eq!(answer.json()["error"]["details"][0]["reason"], theirs["error"]["details"][0]["reason"]);
    }
    let path = "/v1beta/models/x:generateContent";
    let bearer = send(&sim, Method::POST, path, &[("authorization", "Bearer x")], &ask("x")).await;
    assert_eq!(bearer.status, 403, "only its own header counts");
    sim.key(KEY, KeyState::RateLimited { reset: Duration::from_millis(37_500) });
    let limited = act(&sim, MODEL, "generateContent", &ask("x")).await;
    assert!(limited.text().contains("\"retryDelay\":\"37.5s\""));
    assert!(!limited.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn counts_vectors_and_models_are_answered() {
    let sim = start().await;
    let count = act(&sim, MODEL, "countTokens", &ask("Say hello.")).await.json();
    same_shape(&count, &response("gemini/count-tokens"));
    let many = act(&sim, "gemini-embedding-001", "batchEmbedContents", &request("gemini/embeddings")).await.json();
    same_shape(&many, &response("gemini/embeddings"));
    let one = json!({"content": {"parts": [{"text": "hello"}]}, "outputDimensionality": 4});
    let one = act(&sim, "gemini-embedding-001", "embedContent", &one).await.json();
    assert_eq!(one["embedding"], many["embeddings"][0]);
    let list = send(&sim, Method::GET, "/v1beta/models?pageSize=5", &HEADERS, &Value::Null).await.json();
    assert_eq!(list["models"][0]["name"], "models/gemini-4-argon");
    let token = list["nextPageToken"].as_str().expect("a token");
    let path = format!("/google/v1/models?pageSize=5&pageToken={token}");
    let last = send(&sim, Method::GET, &path, &HEADERS, &Value::Null).await.json();
    assert_eq!(last["models"][0]["name"], "models/gemini-embedding-001");
    assert!(last.get("nextPageToken").is_none());
}

#[tokio::test]
async fn an_error_in_the_middle_is_a_data_line_or_the_last_item() {
    let sim = start().await;
    sim.next(Behaviour::ErrorMidStream { after_chunks: 1 });
    let events = act(&sim, MODEL, "streamGenerateContent?alt=sse", &ask("x")).await.text();
    assert_eq!(chunks(&events).last().expect("an event")["error"]["status"], "UNAVAILABLE");
    sim.next(Behaviour::ErrorMidStream { after_chunks: 1 });
    let array = act(&sim, MODEL, "streamGenerateContent", &ask("x")).await.json();
    assert_eq!(array.as_array().expect("an array").last().expect("an item")["error"]["code"], 503);
}
