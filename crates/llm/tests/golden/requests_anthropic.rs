//! Requests written for Anthropic: everything but the conversation.

use domain::ProviderId;
use domain::model::ModelFacts;
use domain::provider::WireName;
use llm::catalogue::Catalogue;
use llm::neutral::{
    ChatRequest, Extra, FinishReason, Message, Part, ReplayState, ResponseFormat, Role, StreamEvent, Tool, ToolCall,
    ToolChoice, ToolResult,
};
use llm::parameters::Unsupported;
use llm::wire::{self, Fitting, Target};
use serde_json::{Value, json};

use crate::manifest::{cases, read};

pub(crate) const OLD: &str = "claude-haiku-4-5";
pub(crate) const NEW: &str = "claude-sonnet-5-5";

pub(crate) fn target<'a>(model: &'a str, facts: Option<&'a ModelFacts>) -> Target<'a> {
    Target { provider: ProviderId::Anthropic, model, origin_host: "api.anthropic.com", facts, api_version: None }
}

pub(crate) fn neutral(file: &str) -> ChatRequest {
    let client = wire::of_client(WireName::OpenAiChat).unwrap();
    let body = read(file);
    client.to_neutral(&client.read(&body, None).unwrap()).unwrap()
}

pub(crate) fn written(request: &ChatRequest, model: &str, lenient: bool) -> Result<(Value, Vec<String>), Unsupported> {
    let facts = Catalogue::builtin().get(ProviderId::Anthropic, model);
    encoded(request, target(model, facts), lenient)
}

pub(crate) fn encoded(
    request: &ChatRequest,
    target: Target<'_>,
    lenient: bool,
) -> Result<(Value, Vec<String>), Unsupported> {
    let mut fitting = Fitting::new(target, WireName::OpenAiChat, lenient);
    let body = wire::of(WireName::AnthropicMessages).unwrap().encode(request, &mut fitting)?;
    Ok((serde_json::from_slice(&body).unwrap(), fitting.into_dropped()))
}

pub(crate) fn body(request: &ChatRequest, model: &str) -> Value {
    let (body, dropped) = written(request, model, false).unwrap();
    assert_eq!(dropped, Vec::<String>::new());
    body
}

pub(crate) fn user(text: &str) -> Message {
    Message { role: Role::User, parts: vec![Part::Text(text.to_owned())] }
}

pub(crate) fn assistant(parts: Vec<Part>) -> Message {
    Message { role: Role::Assistant, parts }
}

pub(crate) fn asking(text: &str) -> ChatRequest {
    ChatRequest { messages: vec![user(text)], ..ChatRequest::default() }
}

pub(crate) fn call(id: &str) -> Part {
    Part::ToolCall(ToolCall { id: id.into(), name: "look".into(), arguments: "{\"at\":\"it\"}".into() })
}

pub(crate) fn result(id: &str) -> Message {
    Message { role: Role::Tool, parts: vec![Part::ToolResult(ToolResult::of_text(id, "seen"))] }
}

pub(crate) fn thought(call_id: &str) -> Part {
    let state = json!({"type": "thinking", "thinking": "Hm.", "signature": "EqQBFAKE=="});
    Part::Replay(ReplayState { wire: WireName::AnthropicMessages, call_id: Some(call_id.into()), state })
}

pub(crate) fn tool(name: &str) -> Tool {
    Tool { name: name.into(), description: None, parameters: None, strict: None, cache: None }
}

/// Two calls in one answer, and then the person's words.
pub(crate) fn called() -> ChatRequest {
    let mut request = asking("Look.");
    request.tools = vec![tool("look")];
    request.messages.push(assistant(vec![Part::Text("Looking.".into()), call("a"), call("b")]));
    request.messages.extend([user("And?"), result("a"), result("b")]);
    request
}

#[test]
fn requests_are_written_in_anthropics_words() {
    let mut seen = 0;
    for case in cases("request").into_iter().filter(|case| case.provider == ProviderId::Anthropic) {
        let Some(source) = &case.maps_from else { continue };
        let expected: Value = serde_json::from_slice(&case.body()).unwrap();
        let mut request = neutral(source);
        // The fixtures show a gateway's default; ours is another.
        request.max_tokens = request.max_tokens.or(Some(4_096));
        let model = expected["model"].as_str().unwrap();
        // Randomness that a model refuses is left out only when that was allowed.
        let is_refused = source.ends_with("/text.request.json");
        if is_refused {
            assert!(written(&request, model, false).is_err(), "{}", case.file);
        }
        assert_eq!(written(&request, model, is_refused).unwrap().0, expected, "{}", case.file);
        seen += 1;
    }
    assert_eq!(seen, 9);
}

#[test]
fn the_path_and_the_version_go_with_every_request() {
    let wire = wire::of(WireName::AnthropicMessages).unwrap();
    assert_eq!(wire.path(&target(NEW, None), true), "/v1/messages");
    let headers = wire.headers(&target(NEW, None));
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    assert_eq!(headers, [("anthropic-version", "2023-06-01")]);
}

#[test]
fn a_limit_is_always_named_and_never_above_the_models() {
    let limit = |max_tokens, model| {
        let request = ChatRequest { max_tokens, ..asking("x") };
        body(&request, model)["max_tokens"].as_u64().unwrap()
    };
    assert_eq!(limit(None, NEW), 8_192);
    assert_eq!(limit(None, "claude-unheard-of"), 8_192);
    assert_eq!(limit(Some(100), OLD), 100);
    assert_eq!(limit(Some(1_000_000), OLD), 64_000);
}

#[test]
fn effort_becomes_a_hint_or_a_budget() {
    let thinking = |effort: &str, model: &str| {
        let request = ChatRequest { reasoning_effort: Some(effort.into()), max_tokens: Some(20_000), ..asking("x") };
        let body = body(&request, model);
        (body["thinking"].clone(), body["output_config"]["effort"].clone(), body["max_tokens"].as_u64().unwrap())
    };
    let adaptive = json!({"type": "adaptive", "display": "summarized"});
    for (effort, model, expected) in [
        ("minimal", NEW, (adaptive.clone(), json!("low"), 20_000)),
        ("max", "claude-opus-4-6", (adaptive.clone(), json!("max"), 20_000)),
        ("high", "claude-unheard-of-7", (adaptive.clone(), json!("high"), 20_000)),
        ("none", "claude-opus-4-6", (json!({"type": "disabled"}), Value::Null, 20_000)),
        ("none", OLD, (Value::Null, Value::Null, 20_000)),
        ("xhigh", OLD, (json!({"type": "enabled", "budget_tokens": 8_192}), Value::Null, 20_000)),
    ] {
        assert_eq!(thinking(effort, model), expected, "{effort} {model}");
    }
    for (effort, model) in [("none", NEW), ("enormous", NEW), ("enormous", OLD), ("low", "claude-3-5-haiku")] {
        let request = ChatRequest { reasoning_effort: Some(effort.into()), ..asking("x") };
        assert_eq!(written(&request, model, false).unwrap_err().field, "reasoning_effort", "{effort} {model}");
        assert!(written(&request, model, true).is_ok(), "{effort} {model}");
    }
    let counted = |tokens, model| {
        let request = ChatRequest { thinking_tokens: Some(tokens), ..asking("x") };
        let body = body(&request, model);
        (body["thinking"]["budget_tokens"].clone(), body["output_config"]["effort"].clone(), body["max_tokens"].clone())
    };
    assert_eq!(counted(10, OLD), (json!(1_024), Value::Null, json!(8_192)));
    assert_eq!(counted(30_000, OLD), (json!(30_000), Value::Null, json!(38_192)));
    assert_eq!(counted(90_000, OLD), (json!(62_976), Value::Null, json!(64_000)));
    assert_eq!(counted(31_999, NEW), (Value::Null, json!("high"), json!(8_192)));
    let own = json!({"type": "enabled", "budget_tokens": 2_000});
    let extras = vec![Extra { field: "thinking".into(), value: own.clone() }];
    assert_eq!(body(&ChatRequest { extras, ..asking("x") }, OLD)["thinking"], own);
}

#[test]
fn a_forced_call_matters_more_than_thoughts() {
    let forced = ChatRequest {
        tools: vec![tool("look")],
        tool_choice: Some(ToolChoice::Required),
        reasoning_effort: Some("high".into()),
        ..asking("x")
    };
    let (old, dropped) = written(&forced, OLD, false).unwrap();
    assert_eq!((&old["tool_choice"], old.get("thinking")), (&json!({"type": "any"}), None));
    assert_eq!(dropped, ["reasoning_effort"]);
    let adaptive = body(&forced, "claude-opus-4-6");
    assert_eq!((adaptive.get("thinking"), &adaptive["output_config"]), (None, &json!({"effort": "high"})));
    assert_eq!(written(&forced, NEW, false).unwrap_err().field, "tool_choice");
    let (lenient, dropped) = written(&forced, NEW, true).unwrap();
    assert_eq!((lenient.get("tool_choice"), dropped), (None, vec!["tool_choice".to_owned()]));
}

#[test]
fn functions_and_choices_have_their_own_words() {
    let choice = |choice: Option<ToolChoice>, parallel: Option<bool>| {
        let tools = vec![tool("look")];
        let request = ChatRequest { tools, tool_choice: choice, parallel_tool_calls: parallel, ..asking("x") };
        body(&request, OLD).get("tool_choice").cloned()
    };
    for (given, parallel, expected) in [
        (None, None, None),
        (None, Some(true), None),
        (None, Some(false), Some(json!({"type": "auto", "disable_parallel_tool_use": true}))),
        (Some(ToolChoice::None), Some(false), Some(json!({"type": "none"}))),
        (Some(ToolChoice::Required), None, Some(json!({"type": "any"}))),
    ] {
        assert_eq!(choice(given.clone(), parallel), expected, "{given:?} {parallel:?}");
    }
    let strict = Tool {
        strict: Some(true),
        parameters: Some(json!({"properties": {"a": {"type": "string", "minLength": 1}}})),
        ..tool("look")
    };
    let request = ChatRequest { tools: vec![strict], ..asking("x") };
    assert_eq!(
        body(&request, OLD)["tools"][0],
        json!({
            "name": "look",
            "strict": true,
            "input_schema": {
                "type": "object",
                "properties": {"a": {"type": "string", "description": "{minLength: 1}"}},
                "additionalProperties": false,
            },
        })
    );
}

fn person() -> ResponseFormat {
    let schema = json!({"type": "object", "properties": {"age": {"type": "integer", "minimum": 0}}});
    ResponseFormat::JsonSchema { name: "person".into(), description: None, schema, strict: None }
}

#[test]
fn an_answer_by_a_schema_is_a_function_where_there_is_no_other_way() {
    let request = ChatRequest { response_format: Some(person()), ..asking("x") };
    let old = body(&request, "claude-sonnet-4-0");
    assert_eq!(old["tool_choice"], json!({"type": "tool", "name": "ownkey_answer"}));
    assert_eq!(old["tools"][0]["input_schema"]["properties"]["age"]["minimum"], 0);
    assert_eq!(old.get("output_config"), None);
    let with_tools = ChatRequest { tools: vec![tool("look")], ..request };
    let old = body(&with_tools, "claude-sonnet-4-0");
    assert_eq!((&old["tool_choice"], old["tools"].as_array().unwrap().len()), (&json!({"type": "any"}), 2));
    let any = ChatRequest { response_format: Some(ResponseFormat::JsonObject), ..asking("x") };
    assert_eq!(body(&any, OLD)["tool_choice"]["name"], "ownkey_answer");
    assert_eq!(written(&any, NEW, false).unwrap_err().field, "response_format");
}

#[test]
fn the_function_that_stands_for_the_answer_reads_as_its_text() {
    let wire = wire::of(WireName::AnthropicMessages).unwrap();
    let answer = br#"{"id":"msg_1","type":"message","model":"m","content":[{"type":"tool_use","id":"toolu_1",
        "name":"ownkey_answer","input":{"b": 1, "a": [2]}}],"stop_reason":"tool_use"}"#;
    let answer = wire.decode_answer(ProviderId::Anthropic, answer).unwrap();
    assert_eq!((answer.text.as_str(), answer.tool_calls.len()), ("{\"b\":1,\"a\":[2]}", 0));
    assert_eq!(answer.finish, Some(FinishReason::Stop));

    let events = [
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"ownkey_answer","input":{}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"1}"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#,
        r#"{"type":"message_stop"}"#,
    ];
    let stream: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let mut decoder = wire.decode_stream(ProviderId::Anthropic);
    let mut seen = decoder.push(stream.as_bytes());
    seen.extend(decoder.finish());
    let text = |text: &str| StreamEvent::Delta { text: text.to_owned() };
    assert_eq!(seen, [text("{\"a\":"), text("1}"), StreamEvent::Finish(FinishReason::Stop)]);
}

#[test]
fn randomness_that_is_refused_is_refused_and_defaults_are_left_out() {
    let with = |temperature, top_p, top_k| ChatRequest { temperature, top_p, top_k, ..asking("x") };
    for (request, model, field) in [
        (with(Some(0.5), None, None), NEW, Some("temperature")),
        (with(None, Some(0.5), None), NEW, Some("top_p")),
        (with(None, None, Some(5)), NEW, Some("top_k")),
        (with(Some(1.0), Some(1.0), None), NEW, None),
        (with(Some(0.5), None, Some(5)), OLD, None),
        (with(Some(0.5), Some(0.5), None), OLD, Some("top_p")),
        (with(Some(0.5), Some(1.0), None), OLD, None),
        (with(Some(0.5), Some(0.5), None), "claude-3-5-haiku", None),
        (with(Some(1.5), None, None), OLD, Some("temperature")),
        (ChatRequest { reasoning_effort: Some("low".into()), ..with(Some(0.5), None, None) }, OLD, Some("temperature")),
        (ChatRequest { reasoning_effort: Some("low".into()), ..with(Some(1.0), Some(0.95), None) }, OLD, None),
    ] {
        let refused = written(&request, model, false).err().map(|refusal| refusal.field);
        assert_eq!(refused.as_deref(), field, "{model} {request:?}");
        let (_, dropped) = written(&request, model, true).unwrap();
        assert!(field.is_none_or(|field| dropped == [field]), "{dropped:?}");
    }
}

#[test]
fn what_has_no_word_here_is_refused_or_told() {
    let extra = |field: &str, value: Value| vec![Extra { field: field.into(), value }];
    for (request, refused, dropped) in [
        (ChatRequest { seed: Some(1), ..asking("x") }, Some("seed"), vec![]),
        (ChatRequest { presence_penalty: Some(0.5), ..asking("x") }, Some("presence_penalty"), vec![]),
        (ChatRequest { frequency_penalty: Some(0.0), ..asking("x") }, None, vec!["frequency_penalty"]),
        (ChatRequest { extras: extra("n", json!(2)), ..asking("x") }, Some("n"), vec![]),
        (ChatRequest { extras: extra("store", json!(true)), ..asking("x") }, None, vec!["store"]),
        (ChatRequest { user: Some("ann@example.org".into()), ..asking("x") }, None, vec!["user"]),
        (ChatRequest { stop: vec!["\n".into(), "END".into()], ..asking("x") }, Some("stop"), vec![]),
        (ChatRequest { stop: vec![String::new()], ..asking("x") }, None, vec![]),
    ] {
        let outcome = written(&request, NEW, false);
        assert_eq!(outcome.as_ref().err().map(|refusal| refusal.field.as_str()), refused, "{request:?}");
        if let Ok((_, told)) = outcome {
            assert_eq!(told, dropped, "{request:?}");
        }
    }
    let request = ChatRequest { user: Some("u-17".into()), stop: vec!["\n".into(), "END".into()], ..asking("x") };
    let (body, dropped) = written(&request, NEW, true).unwrap();
    assert_eq!((&body["metadata"], &body["stop_sequences"]), (&json!({"user_id": "u-17"}), &json!(["END"])));
    assert_eq!(dropped, ["stop"]);
}
