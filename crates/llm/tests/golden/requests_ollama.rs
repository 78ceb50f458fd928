//! Requests in Ollama's own words, and what it cannot take.

use domain::ProviderId;
use domain::model::{Capabilities, ModelFacts};
use domain::provider::WireName;
use llm::catalogue::Catalogue;
use llm::neutral::{ChatRequest, Message, Part, Role, ToolResult};
use llm::parameters::Unsupported;
use llm::wire::ollama::encode::encode;
use llm::wire::openai_chat::{neutral_request, request};
use llm::wire::{Fitting, Target};
use serde_json::{Value, json};

use crate::manifest::{cases, read};

/// The body for a model, and the fields that were left out.
fn written(
    neutral: &ChatRequest,
    facts: Option<&ModelFacts>,
    lenient: bool,
) -> Result<(Value, Vec<String>), Unsupported> {
    let target = Target {
        provider: ProviderId::Ollama,
        model: &neutral.model,
        origin_host: "127.0.0.1:11434",
        facts,
        api_version: None,
    };
    let mut fitting = Fitting::new(target, WireName::OpenAiChat, lenient);
    let body = encode(neutral, &mut fitting)?;
    Ok((serde_json::from_slice(&body).unwrap(), fitting.into_dropped()))
}

fn neutral(body: &[u8]) -> ChatRequest {
    neutral_request::read(&request::read(body).unwrap()).unwrap()
}

fn some_facts() -> ModelFacts {
    Catalogue::builtin().models(ProviderId::OpenAi).first().unwrap().clone()
}

fn asking(more: &Value) -> ChatRequest {
    let mut body = json!({"model": "qwen3", "messages": [{"role": "user", "content": "hi"}]});
    let members = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    neutral(body.to_string().as_bytes())
}

#[test]
fn requests_are_written_as_the_fixtures_say() {
    for case in cases("request").into_iter().filter(|case| case.wire_name == "ollama-native") {
        let Some(source) = case.maps_from.as_ref().filter(|source| !source.contains("embeddings")) else { continue };
        let mut expected: Value = serde_json::from_slice(&case.body()).unwrap();
        let mut neutral = neutral(&read(source));
        neutral.model = expected["model"].as_str().unwrap().to_owned();
        // The context is the gateway's own addition, and in one fixture only.
        expected["options"]["num_ctx"] = json!(8192);
        let (written, _) = written(&neutral, None, false).unwrap();
        assert_eq!(written, expected, "{}", case.file);
    }
}

#[test]
fn what_ollama_has_no_word_for_is_refused_or_left_out() {
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let parts = |part: Value| json!({"messages": [{"role": "user", "content": [part]}]});
    for (more, field) in [
        (json!({"n": 2}), "n"),
        (json!({"logit_bias": {"1": 2}}), "logit_bias"),
        (json!({"tools": tools, "tool_choice": "required"}), "tool_choice"),
        (parts(json!({"type": "image_url", "image_url": {"url": "https://example.org/a.png"}})), "image_url"),
        (parts(json!({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}})), "input_audio"),
    ] {
        let request = asking(&more);
        assert_eq!(written(&request, None, false).unwrap_err().field, field);
        let (_, dropped) = written(&request, None, true).unwrap();
        assert_eq!(dropped, [field], "leniently");
    }
    let quiet =
        asking(&json!({"user": "ann", "store": true, "metadata": {}, "tools": tools, "parallel_tool_calls": false}));
    let (_, mut dropped) = written(&quiet, None, false).unwrap();
    dropped.sort();
    assert_eq!(dropped, ["metadata", "parallel_tool_calls", "store", "user"]);
}

#[test]
fn no_tools_are_sent_where_none_may_be_called() {
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let (body, dropped) = written(&asking(&json!({"tools": tools, "tool_choice": "none"})), None, false).unwrap();
    assert_eq!((body.get("tools"), dropped.len()), (None, 0));
}

#[test]
fn thinking_is_asked_for_in_the_models_way() {
    let mut facts = some_facts();
    for (model, effort, reasons, expected) in [
        ("qwen3", "high", None, json!(true)),
        ("qwen3", "none", None, json!(false)),
        ("gpt-oss:20b", "none", None, json!("low")),
        ("gpt-oss:20b", "xhigh", None, json!("high")),
        ("gpt-oss:20b", "medium", Some(true), json!("medium")),
        ("llama3.2", "high", Some(false), Value::Null),
    ] {
        facts.capabilities = Capabilities { tools: true, reasoning: reasons == Some(true), ..Capabilities::default() };
        let mut request = asking(&json!({"reasoning_effort": effort}));
        model.clone_into(&mut request.model);
        let (body, dropped) = written(&request, reasons.map(|_| &facts), false).unwrap();
        assert_eq!(body["think"], expected, "{model} {effort}");
        assert_eq!(dropped.contains(&"reasoning_effort".to_owned()), expected.is_null(), "{model} {effort}");
    }
}

#[test]
fn the_context_is_that_of_the_client_the_prompt_or_the_model() {
    let mut facts = some_facts();
    let context = |body: &Value| body["options"]["num_ctx"].as_u64();
    facts.context_window = Some(4096);
    assert_eq!(context(&written(&asking(&json!({})), Some(&facts), false).unwrap().0), Some(4096));
    facts.context_window = Some(131_072);
    let long = asking(&json!({"messages": [{"role": "user", "content": "word ".repeat(12_000)}]}));
    assert_eq!(context(&written(&long, Some(&facts), false).unwrap().0), Some(32_768));
    let own = asking(&json!({"options": {"num_ctx": 512, "mirostat": 1}, "keep_alive": "5m", "min_p": 0.1}));
    let (body, dropped) = written(&own, Some(&facts), false).unwrap();
    assert_eq!(body["options"], json!({"num_ctx": 512, "mirostat": 1, "min_p": 0.1}));
    assert_eq!((&body["keep_alive"], dropped.len()), (&json!("5m"), 0));
}

#[test]
fn thoughts_pictures_and_broken_arguments_find_their_places() {
    let mut request = asking(&json!({}));
    let call = |id: &str, arguments: &str| {
        Part::ToolCall(llm::neutral::ToolCall { id: id.into(), name: "f".into(), arguments: arguments.into() })
    };
    let picture = Part::Image { url: "data:image/png;base64,AAAA".into(), detail: None };
    request.messages.push(Message {
        role: Role::Assistant,
        parts: vec![Part::Reasoning("hm".into()), call("a", "{\"x\":1}"), call("b", "not json"), call("c", "")],
    });
    let result =
        ToolResult { call_id: "b".into(), parts: vec![Part::Text("ok".into()), picture], ..ToolResult::default() };
    request.messages.push(Message { role: Role::User, parts: vec![Part::ToolResult(result)] });
    let (body, _) = written(&request, None, false).unwrap();
    let calls = &body["messages"][1]["tool_calls"];
    assert_eq!(body["messages"][1]["thinking"], "hm");
    assert_eq!(calls[0]["function"]["arguments"], json!({"x": 1}));
    assert_eq!(calls[1]["function"]["arguments"], json!({"arguments": "not json"}));
    assert_eq!(calls[2]["function"]["arguments"], json!({}));
    let expected = json!({"role": "tool", "tool_name": "f", "content": "ok", "images": ["AAAA"]});
    assert_eq!(body["messages"][2], expected);
    assert_eq!(body["messages"].as_array().unwrap().len(), 3);
}
