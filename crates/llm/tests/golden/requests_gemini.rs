//! Requests written for Google.

use domain::ProviderId;
use domain::model::{Capabilities, ModelFacts, ModelKind, ModelStatus, Restrictions};
use domain::provider::WireName;
use llm::neutral::{ChatRequest, Message, Part, ReplayState, Role, Tool, ToolCall, ToolChoice, ToolResult};
use llm::parameters::Unsupported;
use llm::wire::{self, Fitting, Target};
use serde_json::{Value, json};

use crate::manifest::{cases, read};

const SIGNATURE: &str = "CpYBFAKEthoughtSignatureForTestsOnlyAA==";

fn target<'a>(model: &'a str, facts: Option<&'a ModelFacts>) -> Target<'a> {
    Target {
        provider: ProviderId::Google,
        model,
        origin_host: "generativelanguage.googleapis.com",
        facts,
        api_version: None,
    }
}

fn neutral(file: &str) -> ChatRequest {
    let client = wire::of_client(WireName::OpenAiChat).unwrap();
    let body = read(file);
    client.to_neutral(&client.read(&body, None).unwrap()).unwrap()
}

fn written(request: &ChatRequest, model: &str, lenient: bool) -> Result<(Value, Vec<String>), Unsupported> {
    let mut fitting = Fitting::new(target(model, None), WireName::OpenAiChat, lenient);
    let body = wire::of(WireName::Gemini).unwrap().encode(request, &mut fitting)?;
    Ok((serde_json::from_slice(&body).unwrap(), fitting.into_dropped()))
}

fn body(request: &ChatRequest, model: &str) -> Value {
    written(request, model, false).unwrap().0
}

fn user(text: &str) -> Message {
    Message { role: Role::User, parts: vec![Part::Text(text.to_owned())] }
}

fn asking(text: &str) -> ChatRequest {
    ChatRequest { messages: vec![user(text)], ..ChatRequest::default() }
}

/// The fixture shows what the provider gave in its own turn: its ids, and a
/// signature that was kept.
fn with_kept_state(request: &mut ChatRequest) {
    let ids = [("call_a1B2c3D4e5F6g7H8i9J0k1L2", "fc-1a2b3c"), ("call_m3N4o5P6q7R8s9T0u1V2w3X4", "fc-4d5e6f")];
    let renamed = |id: &mut String| {
        let (_, new) = ids.iter().find(|(old, _)| old == id).unwrap();
        *id = (*new).to_owned();
    };
    for message in &mut request.messages {
        for part in &mut message.parts {
            match part {
                Part::ToolCall(call) => renamed(&mut call.id),
                Part::ToolResult(result) => renamed(&mut result.call_id),
                _ => {}
            }
        }
        if message.role == Role::Assistant {
            message.parts.insert(0, replay(Some("fc-1a2b3c")));
        }
    }
}

fn replay(call_id: Option<&str>) -> Part {
    Part::Replay(ReplayState { wire: WireName::Gemini, call_id: call_id.map(str::to_owned), state: SIGNATURE.into() })
}

#[test]
fn requests_are_written_in_googles_words() {
    let mut seen = 0;
    for case in cases("request").into_iter().filter(|case| case.provider == ProviderId::Google) {
        let Some(source) = &case.maps_from else { continue };
        let path = case.path.as_deref().unwrap();
        let model = path.strip_prefix("/v1beta/models/").and_then(|rest| rest.split(':').next()).unwrap();
        let mut request = neutral(source);
        if case.file.ends_with("tool-result.request.json") {
            with_kept_state(&mut request);
        }
        let expected: Value = serde_json::from_slice(&case.body()).unwrap();
        assert_eq!(body(&request, model), expected, "{}", case.file);
        let wire = wire::of(WireName::Gemini).unwrap();
        assert_eq!(wire.path(&target(model, None), request.stream), path, "{}", case.file);
        seen += 1;
    }
    assert_eq!(seen, 10);
}

fn called() -> ChatRequest {
    let call =
        |id: &str| Part::ToolCall(ToolCall { id: id.into(), name: "look".into(), arguments: "{\"at\":\"it\"}".into() });
    let mut request = asking("Look.");
    request.messages.push(Message { role: Role::Assistant, parts: vec![call("a"), call("b")] });
    for id in ["a", "b"] {
        let parts = vec![Part::ToolResult(ToolResult::of_text(id, "plain words"))];
        request.messages.push(Message { role: Role::Tool, parts });
    }
    request
}

#[test]
fn a_lost_signature_has_a_stand_in_where_one_is_demanded() {
    let turn = &body(&called(), "gemini-3.8-flash")["contents"][1];
    assert_eq!(turn["parts"][0]["thoughtSignature"], "skip_thought_signature_validator");
    assert_eq!(turn["parts"][1].get("thoughtSignature"), None, "only the first of parallel calls has one");
    let older = body(&called(), "gemini-2.5-flash");
    assert!(!older.to_string().contains("thoughtSignature") && !older.to_string().contains("\"id\""), "{older}");
}

#[test]
fn a_signature_of_another_wire_is_not_sent() {
    let mut request = called();
    let state = ReplayState { wire: WireName::AnthropicMessages, call_id: Some("a".into()), state: "theirs".into() };
    request.messages[1].parts.insert(0, Part::Replay(state));
    let written = body(&request, "gemini-3.8-flash");
    assert!(!written.to_string().contains("theirs"), "{written}");
}

#[test]
fn a_signature_of_words_goes_back_to_them() {
    let mut request = asking("One?");
    let parts = vec![replay(None), Part::Text("No.".into())];
    request.messages.push(Message { role: Role::Assistant, parts });
    request.messages.push(user("Sure?"));
    let written = body(&request, "gemini-3.8-flash");
    assert_eq!(written["contents"][1]["parts"], json!([{"text": "No.", "thoughtSignature": SIGNATURE}]));
}

#[test]
fn a_result_is_always_an_object() {
    let written = body(&called(), "gemini-3.8-flash");
    let parts = written["contents"][2]["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 2, "both results are one turn");
    assert_eq!(
        parts[0],
        json!({"functionResponse": {"id": "a", "name": "look", "response": {"output": "plain words"}}})
    );
    let mut request = called();
    let Part::ToolResult(result) = &mut request.messages[2].parts[0] else { unreachable!() };
    result.is_error = true;
    let written = body(&request, "gemini-3.8-flash");
    assert_eq!(written["contents"][2]["parts"][0]["functionResponse"]["response"], json!({"error": "plain words"}));
}

#[test]
fn a_picture_in_a_result_goes_along() {
    let mut request = called();
    let Part::ToolResult(result) = &mut request.messages[2].parts[0] else { unreachable!() };
    result.parts.push(Part::Image { url: "data:image/png;base64,AAAA".into(), detail: None });
    let picture = json!({"inlineData": {"mimeType": "image/png", "data": "AAAA"}});
    let parts = body(&request, "gemini-3.8-flash")["contents"][2]["parts"].clone();
    assert_eq!(parts[0]["functionResponse"]["parts"], json!([picture]));
    let parts = body(&request, "gemini-2.5-flash")["contents"][2]["parts"].clone();
    assert_eq!(parts[1], picture, "beside it, where it cannot stand inside");
}

#[test]
fn neighbours_become_one_turn_and_empty_words_none() {
    let mut request = asking("a");
    request.messages.push(user("b"));
    request.messages.push(Message { role: Role::Assistant, parts: vec![Part::Text(String::new())] });
    request.messages.push(user("c"));
    let turns = body(&request, "gemini-3.8-flash")["contents"].clone();
    assert_eq!(turns, json!([{"role": "user", "parts": [{"text": "a"}, {"text": "b"}, {"text": "c"}]}]));
    let alone = ChatRequest {
        messages: vec![Message { role: Role::System, parts: vec![Part::Text("Hi".into())] }],
        ..ChatRequest::default()
    };
    let written = body(&alone, "gemini-3.8-flash");
    assert_eq!(written, json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}));
}

#[test]
fn what_google_cannot_take_is_refused_or_told() {
    let third = "gemini-3.8-flash";
    let with = |change: fn(&mut ChatRequest)| {
        let mut request = asking("x");
        change(&mut request);
        request
    };
    for (change, model, field) in [
        ((|r| r.presence_penalty = Some(0.5)) as fn(&mut ChatRequest), third, Some("presence_penalty")),
        (|r| r.presence_penalty = Some(0.0), third, None),
        (|r| r.frequency_penalty = Some(0.5), "gemini-2.5-flash", None),
        (|r| r.stop = vec!["a".into(); 6], third, Some("stop")),
        (|r| r.stop = vec!["a".into(); 5], third, None),
        (|r| r.reasoning_effort = Some("high".into()), "gemini-2.0-flash", Some("reasoning_effort")),
        (|r| r.reasoning_effort = Some("none".into()), "gemini-2.0-flash", None),
        (|r| r.reasoning_effort = Some("none".into()), "gemini-3.1-pro-preview", Some("reasoning_effort")),
        (|r| r.reasoning_effort = Some("enormous".into()), third, Some("reasoning_effort")),
        (|r| r.messages[0].parts.push(image("https://example.org/a.png")), third, Some("messages")),
    ] {
        let request = with(change);
        let refused = written(&request, model, false).err().map(|refusal| refusal.field);
        assert_eq!(refused.as_deref(), field, "{model}");
        if field.is_some_and(|field| field != "messages") {
            let (_, dropped) = written(&request, model, true).unwrap();
            assert_eq!(dropped, [field.unwrap()], "{model}");
        }
    }
    let mut forced = with(|r| r.parallel_tool_calls = Some(false));
    forced.tools.push(Tool { name: "look".into(), description: None, parameters: None, strict: None, cache: None });
    assert_eq!(written(&forced, third, false).unwrap().1, ["parallel_tool_calls"]);
}

fn image(url: &str) -> Part {
    Part::Image { url: url.to_owned(), detail: None }
}

#[test]
fn only_what_google_reads_itself_stays_an_address() {
    let wire = wire::of(WireName::Gemini).unwrap();
    let mut request = asking("x");
    let video = "https://www.youtube.com/watch?v=FAKE";
    request.messages[0].parts.extend([image(video), image("https://example.org/a.png")]);
    assert_eq!(wire.urls_to_fetch(&request, ProviderId::Google), ["https://example.org/a.png"]);
    llm::neutral::put_inline(&mut request, "https://example.org/a.png", "image/png", "AAAA");
    assert_eq!(wire.urls_to_fetch(&request, ProviderId::Google), Vec::<&str>::new());
    assert_eq!(
        body(&request, "gemini-3.8-flash")["contents"][0]["parts"],
        json!([
            {"text": "x"},
            {"fileData": {"fileUri": video}},
            {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
        ])
    );
}

#[test]
fn effort_becomes_a_level_or_a_budget() {
    let effort = |effort: &str, model: &str| {
        let request = ChatRequest { reasoning_effort: Some(effort.to_owned()), ..asking("x") };
        body(&request, model)["generationConfig"]["thinkingConfig"].clone()
    };
    let level = |level: &str, shows: bool| json!({"thinkingLevel": level, "includeThoughts": shows});
    let budget = |budget: u64| json!({"thinkingBudget": budget, "includeThoughts": budget > 0});
    for (word, model, expected) in [
        ("none", "gemini-3.8-flash", level("minimal", false)),
        ("minimal", "gemini-3.8-flash", level("minimal", true)),
        ("minimal", "gemini-3.1-pro-preview", level("low", true)),
        ("max", "gemini-4-argon", level("xhigh", true)),
        ("none", "gemini-2.5-flash", budget(0)),
        ("low", "gemini-2.5-pro", budget(1_024)),
        ("high", "gemini-2.5-flash", budget(4_096)),
    ] {
        assert_eq!(effort(word, model), expected, "{word} {model}");
    }
    let counted = |tokens, model| {
        let request = ChatRequest { thinking_tokens: Some(tokens), ..asking("x") };
        body(&request, model)["generationConfig"]["thinkingConfig"].clone()
    };
    assert_eq!(counted(31_999, "gemini-3.8-flash"), level("high", true));
    assert_eq!(counted(5_000, "gemini-2.5-flash"), budget(5_000));
}

fn facts(restrictions: Restrictions) -> ModelFacts {
    ModelFacts {
        provider: ProviderId::Google,
        id: "gemini-3.8-flash".into(),
        aliases: Vec::new(),
        display_name: String::new(),
        kind: ModelKind::Chat,
        status: ModelStatus::Active,
        is_recommended: false,
        context_window: None,
        max_output_tokens: None,
        capabilities: Capabilities::default(),
        wires: Vec::new(),
        restrictions,
        price: None,
        deprecation_date: None,
        replacement: None,
    }
}

#[test]
fn what_is_known_of_a_model_decides() {
    let efforts = vec!["low".to_owned(), "high".to_owned()];
    let known = facts(Restrictions { efforts, refuses_forced_tools: true, ..Restrictions::default() });
    let wire = wire::of(WireName::Gemini).unwrap();
    let encode = |request: &ChatRequest| {
        let mut fitting = Fitting::new(target("gemini-3.8-flash", Some(&known)), WireName::OpenAiChat, false);
        wire.encode(request, &mut fitting).map(|body| serde_json::from_slice::<Value>(&body).unwrap())
    };
    for (effort, level) in [("minimal", "low"), ("medium", "low"), ("max", "high")] {
        let request = ChatRequest { reasoning_effort: Some(effort.into()), ..asking("x") };
        assert_eq!(encode(&request).unwrap()["generationConfig"]["thinkingConfig"]["thinkingLevel"], level);
    }
    let tool = Tool { name: "look".into(), description: None, parameters: None, strict: None, cache: None };
    let request = ChatRequest { tools: vec![tool], tool_choice: Some(ToolChoice::Required), ..asking("x") };
    assert_eq!(encode(&request).unwrap_err().field, "tool_choice");
}

#[test]
fn a_function_of_nothing_has_no_parameters() {
    let tool = |parameters: Value| Tool {
        name: "look".into(),
        description: None,
        parameters: Some(parameters),
        strict: None,
        cache: None,
    };
    let declared = |parameters: Value| {
        let request = ChatRequest { tools: vec![tool(parameters)], ..asking("x") };
        body(&request, "gemini-3.8-flash")["tools"][0]["functionDeclarations"][0].clone()
    };
    for nothing in [json!({"type": "object", "properties": {}}), json!({"type": "object"}), json!({})] {
        assert_eq!(declared(nothing), json!({"name": "look"}));
    }
    let map = json!({"type": "object", "additionalProperties": {"type": "string"}});
    assert_eq!(declared(map.clone())["parametersJsonSchema"], map);
}
