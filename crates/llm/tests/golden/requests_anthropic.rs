//! Requests written for Anthropic.

use domain::ProviderId;
use domain::model::ModelFacts;
use domain::provider::WireName;
use llm::catalogue::Catalogue;
use llm::neutral::{
    CacheBreak, ChatRequest, Extra, File, FileSource, Message, Part, ReplayState, ResponseFormat, Role, Tool, ToolCall,
    ToolChoice, ToolResult,
};
use llm::parameters::Unsupported;
use llm::wire::{self, Fitting, Target};
use serde_json::{Value, json};

use crate::manifest::{cases, read};

const OLD: &str = "claude-haiku-4-5";
const NEW: &str = "claude-sonnet-5-5";

fn target<'a>(model: &'a str, facts: Option<&'a ModelFacts>) -> Target<'a> {
    Target { provider: ProviderId::Anthropic, model, origin_host: "api.anthropic.com", facts }
}

fn neutral(file: &str) -> ChatRequest {
    let client = wire::of_client(WireName::OpenAiChat).unwrap();
    let body = read(file);
    client.to_neutral(&client.read(&body, None).unwrap()).unwrap()
}

fn written(request: &ChatRequest, model: &str, lenient: bool) -> Result<(Value, Vec<String>), Unsupported> {
    let facts = Catalogue::builtin().get(ProviderId::Anthropic, model);
    encoded(request, target(model, facts), lenient)
}

fn encoded(request: &ChatRequest, target: Target<'_>, lenient: bool) -> Result<(Value, Vec<String>), Unsupported> {
    let mut fitting = Fitting::new(target, WireName::OpenAiChat, lenient);
    let body = wire::of(WireName::AnthropicMessages).unwrap().encode(request, &mut fitting)?;
    Ok((serde_json::from_slice(&body).unwrap(), fitting.into_dropped()))
}

fn body(request: &ChatRequest, model: &str) -> Value {
    let (body, dropped) = written(request, model, false).unwrap();
    assert_eq!(dropped, Vec::<String>::new());
    body
}

fn user(text: &str) -> Message {
    Message { role: Role::User, parts: vec![Part::Text(text.to_owned())] }
}

fn assistant(parts: Vec<Part>) -> Message {
    Message { role: Role::Assistant, parts }
}

fn asking(text: &str) -> ChatRequest {
    ChatRequest { messages: vec![user(text)], ..ChatRequest::default() }
}

fn call(id: &str) -> Part {
    Part::ToolCall(ToolCall { id: id.into(), name: "look".into(), arguments: "{\"at\":\"it\"}".into() })
}

fn result(id: &str) -> Message {
    Message { role: Role::Tool, parts: vec![Part::ToolResult(ToolResult::of_text(id, "seen"))] }
}

fn thought(call_id: &str) -> Part {
    let state = json!({"type": "thinking", "thinking": "Hm.", "signature": "EqQBFAKE=="});
    Part::Replay(ReplayState { wire: WireName::AnthropicMessages, call_id: Some(call_id.into()), state })
}

fn tool(name: &str) -> Tool {
    Tool { name: name.into(), description: None, parameters: None, strict: None, cache: None }
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
fn turns_alternate_and_begin_with_the_person() {
    let system = |text: &str| Message { role: Role::System, parts: vec![Part::Text(text.into())] };
    let said = |text: &str| assistant(vec![Part::Text(text.into())]);
    let messages = vec![
        system("One."),
        Message { role: Role::Developer, parts: vec![Part::Text("Two.".into()), Part::Text("  ".into())] },
        said("Hello!"),
        user("a"),
        said(""),
        user(" "),
        system("Later."),
        user("b"),
        said("c"),
        said("d  \n"),
    ];
    let body = body(&ChatRequest { messages, ..ChatRequest::default() }, OLD);
    let text = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(body["system"], json!([text("One."), text("Two.")]));
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": "."},
            {"role": "assistant", "content": "Hello!"},
            {"role": "user", "content": [text("a"), text("Later."), text("b")]},
            {"role": "assistant", "content": [text("c"), text("d")]},
        ])
    );
    let alone = ChatRequest { messages: vec![system("Hi")], ..ChatRequest::default() };
    let (body, _) = written(&alone, OLD, false).unwrap();
    assert_eq!((&body["messages"], body.get("system")), (&json!([{"role": "user", "content": "Hi"}]), None));
}

#[test]
fn a_begun_answer_is_refused_where_the_model_does_not_go_on_with_it() {
    let mut request = asking("x");
    request.messages.push(assistant(vec![Part::Text("Once upon".into())]));
    assert_eq!(written(&request, NEW, false).unwrap_err().field, "messages");
    let (body, dropped) = written(&request, NEW, true).unwrap();
    assert_eq!((body["messages"].as_array().unwrap().len(), dropped), (1, vec!["messages".to_owned()]));
}

/// Two calls in one answer, and then the person's words.
fn called() -> ChatRequest {
    let mut request = asking("Look.");
    request.tools = vec![tool("look")];
    request.messages.push(assistant(vec![Part::Text("Looking.".into()), call("a"), call("b")]));
    request.messages.extend([user("And?"), result("a"), result("b")]);
    request
}

#[test]
fn results_stand_in_one_turn_before_any_words() {
    let mut request = called();
    let Part::ToolResult(result) = &mut request.messages[3].parts[0] else { unreachable!() };
    result.is_error = true;
    result.parts.push(Part::Image { url: "data:image/png;base64,AAAA".into(), detail: None });
    let written = body(&request, NEW);
    assert_eq!(written["messages"].as_array().unwrap().len(), 3);
    let picture = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}});
    assert_eq!(
        written["messages"][2]["content"],
        json!([
            {"type": "tool_result", "tool_use_id": "a", "is_error": true,
             "content": [{"type": "text", "text": "seen"}, picture]},
            {"type": "tool_result", "tool_use_id": "b", "content": "seen"},
            {"type": "text", "text": "And?"},
        ])
    );
}

#[test]
fn functions_of_the_past_are_named_when_none_is_offered() {
    let mut request = called();
    request.tools.clear();
    let written = body(&request, NEW);
    assert_eq!(written["tools"], json!([{"name": "look", "input_schema": {"type": "object", "properties": {}}}]));
    assert_eq!(written["tool_choice"], json!({"type": "none"}));
}

#[test]
fn thoughts_go_back_in_front_of_their_call() {
    let mut request = called();
    request.messages[1].parts.insert(1, thought("a"));
    let foreign = ReplayState { wire: WireName::Gemini, call_id: Some("a".into()), state: "theirs".into() };
    request.messages[1].parts.insert(0, Part::Replay(foreign));
    request.messages[1].parts.insert(0, Part::Reasoning("Not signed.".into()));
    request.messages[1].parts.insert(5, thought("b"));
    let written = body(&request, NEW);
    let kinds: Vec<&str> = written["messages"][1]["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| block["type"].as_str().unwrap())
        .collect();
    // The turn begins with thoughts; what was thought between calls stays there.
    assert_eq!(kinds, ["thinking", "text", "tool_use", "thinking", "tool_use"]);
    assert_eq!(written["messages"][1]["content"][0]["signature"], "EqQBFAKE==");
    assert!(!written.to_string().contains("theirs") && !written.to_string().contains("Not signed"), "{written}");
}

#[test]
fn lost_thoughts_switch_a_budget_off_and_nothing_else() {
    let mut request = called();
    request.messages.remove(2);
    request.reasoning_effort = Some("high".into());
    let (lost, dropped) = written(&request, OLD, false).unwrap();
    assert_eq!((lost.get("thinking"), dropped), (None, vec!["reasoning_effort".to_owned()]));
    assert_eq!(body(&request, NEW)["thinking"]["type"], "adaptive");
    // A second call of the same round was not preceded by thoughts.
    request.messages[1].parts.insert(1, thought("a"));
    request.messages.push(assistant(vec![call("c")]));
    request.messages.push(result("c"));
    assert_eq!(body(&request, OLD)["thinking"], json!({"type": "enabled", "budget_tokens": 4_096}));
    // New words begin a new round.
    let mut request = called();
    request.messages.push(user("Thanks."));
    request.reasoning_effort = Some("low".into());
    assert_eq!(body(&request, OLD)["thinking"]["budget_tokens"], 1_024);
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
    assert_eq!(answer.finish, Some(llm::neutral::FinishReason::Stop));

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
    use llm::neutral::StreamEvent::{Delta, Finish};
    let text = |text: &str| Delta { text: text.to_owned() };
    assert_eq!(seen, [text("{\"a\":"), text("1}"), Finish(llm::neutral::FinishReason::Stop)]);
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

#[test]
fn pictures_and_documents_are_blocks() {
    let file = |media_type: &str, source: FileSource| {
        Part::File(File { name: Some("a".into()), media_type: Some(media_type.into()), source })
    };
    let block = |part: Part| {
        let mut request = asking("x");
        request.messages[0].parts.push(part);
        written(&request, NEW, false).map(|(body, _)| body["messages"][0]["content"][1].clone())
    };
    let picture = |url: &str| Part::Image { url: url.into(), detail: Some("high".into()) };
    let document = |source: Value| json!({"type": "document", "source": source, "title": "a"});
    for (part, expected) in [
        (
            picture("https://example.org/a.png"),
            json!({"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}}),
        ),
        (
            file("application/pdf", FileSource::Data("AAAA".into())),
            document(json!({"type": "base64", "media_type": "application/pdf", "data": "AAAA"})),
        ),
        (
            file("text/markdown", FileSource::Data("aGVsbG8=".into())),
            document(json!({"type": "text", "media_type": "text/plain", "data": "hello"})),
        ),
        (
            file("text/plain", FileSource::Text("hello".into())),
            document(json!({"type": "text", "media_type": "text/plain", "data": "hello"})),
        ),
        (
            file("application/pdf", FileSource::Url("https://example.org/a.pdf".into())),
            document(json!({"type": "url", "url": "https://example.org/a.pdf"})),
        ),
    ] {
        assert_eq!(block(part).unwrap(), expected);
    }
    for part in [
        picture("data:image/svg+xml,<svg/>"),
        file("application/zip", FileSource::Data("AAAA".into())),
        file("application/pdf", FileSource::Id("file-1".into())),
        Part::Audio { data: "AAAA".into(), format: "wav".into() },
    ] {
        assert_eq!(block(part).unwrap_err().field, "messages");
    }
}

#[test]
fn at_most_four_marks_and_the_longer_ones_first() {
    let mark = |ttl: Option<&str>| Part::CacheBreak(CacheBreak { ttl: ttl.map(str::to_owned) });
    let system = Message { role: Role::System, parts: vec![Part::Text("s".into()), mark(Some("1h"))] };
    let mut request = asking("a");
    request.messages.insert(0, system);
    request.tools = vec![Tool { cache: Some(CacheBreak { ttl: Some("1h".into()) }), ..tool("look") }];
    request.messages[1].parts.extend([mark(None), Part::Text("b".into()), mark(Some("1h")), mark(Some("odd"))]);
    let body = body(&request, NEW);
    let cache = |value: &Value| value["cache_control"].clone();
    let (hour, plain) = (json!({"type": "ephemeral", "ttl": "1h"}), json!({"type": "ephemeral"}));
    assert_eq!((cache(&body["tools"][0]), cache(&body["system"][0])), (hour.clone(), hour));
    let content = &body["messages"][0]["content"];
    assert_eq!((cache(&content[0]), cache(&content[1])), (plain.clone(), plain));

    request.messages[1].parts.extend([Part::Text("c".into()), mark(Some("1h"))]);
    let (body, dropped) = written(&request, NEW, false).unwrap();
    assert_eq!((cache(&body["tools"][0]), dropped), (Value::Null, vec!["cache_control".to_owned()]));
    let last = cache(&body["messages"][0]["content"][2]);
    assert_eq!(last, json!({"type": "ephemeral", "ttl": "5m"}), "not longer than one before it");
}

#[test]
fn arguments_that_are_no_object_are_kept_all_the_same() {
    let mut request = called();
    let Part::ToolCall(call) = &mut request.messages[1].parts[1] else { unreachable!() };
    call.arguments = "{\"at\":".into();
    let written = body(&request, NEW);
    assert_eq!(written["messages"][1]["content"][1]["input"], json!({"arguments": "{\"at\":"}));
}
