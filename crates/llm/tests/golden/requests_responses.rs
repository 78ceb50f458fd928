//! Requests to and from Responses.

use domain::ProviderId;
use domain::model::{Capabilities, ModelFacts, ModelKind, ModelStatus, Restrictions};
use domain::provider::WireName;
use llm::neutral::{ChatRequest, Extra, Message, Part, ReplayState, ResponseFormat, Role, ToolChoice};
use llm::parameters::Unsupported;
use llm::wire::{self, Fitting, RequestError, Target};
use serde_json::{Value, json};

use crate::manifest::{cases, read};

fn facts(model: &str, reasoning: bool) -> ModelFacts {
    ModelFacts {
        provider: ProviderId::OpenAi,
        id: model.to_owned(),
        aliases: Vec::new(),
        display_name: model.to_owned(),
        kind: ModelKind::Chat,
        status: ModelStatus::Active,
        is_recommended: false,
        context_window: None,
        max_output_tokens: None,
        capabilities: Capabilities { tools: true, vision: true, json_schema: true, reasoning },
        wires: vec![WireName::OpenAiChat, WireName::OpenAiResponses],
        restrictions: Restrictions::default(),
        price: None,
        deprecation_date: None,
        replacement: None,
    }
}

/// What a client's body says.
fn neutral(client: WireName, body: &[u8]) -> Result<ChatRequest, RequestError> {
    let client = wire::of_client(client).unwrap();
    client.to_neutral(&client.read(body, None)?)
}

fn of_json(body: &Value) -> Result<ChatRequest, RequestError> {
    neutral(WireName::OpenAiResponses, body.to_string().as_bytes())
}

/// The body for OpenAI, and what was left out.
fn encoded(request: &ChatRequest, model: &str, lenient: bool) -> Result<(Value, Vec<String>), Unsupported> {
    let target =
        Target { provider: ProviderId::OpenAi, model, origin_host: "api.openai.com", facts: None, api_version: None };
    let mut fitting = Fitting::new(target, WireName::OpenAiChat, lenient);
    let body = wire::of(WireName::OpenAiResponses).unwrap().encode(request, &mut fitting)?;
    Ok((serde_json::from_slice(&body).unwrap(), fitting.into_dropped()))
}

fn chat(body: &Value) -> ChatRequest {
    neutral(WireName::OpenAiChat, body.to_string().as_bytes()).unwrap()
}

/// A small chat with some fields.
fn asking(fields: &Value) -> ChatRequest {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    chat(&body)
}

fn put_before_the_first_call(request: &mut ChatRequest, state: Value) {
    for message in &mut request.messages {
        if let Some(at) = message.parts.iter().position(|part| matches!(part, Part::ToolCall(_))) {
            let state = ReplayState { wire: WireName::OpenAiResponses, call_id: None, state };
            message.parts.insert(at, Part::Replay(state));
            return;
        }
    }
}

#[test]
fn chat_requests_become_the_fixtures() {
    for case in cases("request").into_iter().filter(|case| case.wire_name == "openai-responses") {
        let source = case.maps_from.as_deref().unwrap();
        let mut request = neutral(WireName::OpenAiChat, &read(source)).unwrap();
        let mut expected: Value = serde_json::from_slice(&case.body()).unwrap();
        let model = expected["model"].as_str().unwrap().to_owned();
        if !request.stop.is_empty() {
            // Refused, not dropped: the answer would go on beyond the stop.
            assert_eq!(encoded(&request, &model, false).unwrap_err().field, "stop");
            request.stop.clear();
        }
        if expected.get("reasoning").is_some() && request.reasoning_effort.is_none() {
            // The fixture shows an effort that its source does not have.
            request.reasoning_effort = Some("medium".to_owned());
        }
        if let Some(state) = expected["input"].as_array().unwrap().iter().find(|item| item["type"] == "reasoning") {
            put_before_the_first_call(&mut request, state.clone());
        }
        if let Some(user) = &request.user {
            expected["safety_identifier"] = user.clone().into();
        }
        let (written, dropped) = encoded(&request, &model, false).unwrap();
        assert_eq!(written, expected, "{}", case.file);
        assert_eq!(dropped, Vec::<String>::new(), "{}", case.file);
    }
}

#[test]
fn what_a_response_gave_goes_back_as_it_was() {
    let wire = wire::of(WireName::OpenAiResponses).unwrap();
    let answer = wire.decode_answer(ProviderId::OpenAi, &read("openai-responses/tools.response.json")).unwrap();
    let body: Value = serde_json::from_slice(&read("openai-responses/tool-result.request.json")).unwrap();
    let state = body["input"].as_array().unwrap().iter().find(|item| item["type"] == "reasoning").unwrap();
    let given: Vec<_> = answer.replay.iter().map(|replay| (replay.call_id.as_deref(), &replay.state)).collect();
    assert_eq!(given, [(Some(answer.tool_calls[0].id.as_str()), state)]);

    let mut decoder = wire.decode_stream(ProviderId::OpenAi);
    let events = decoder.push(&read("openai-responses/stream-tools.sse"));
    let replays = events.iter().filter(|event| matches!(event, llm::neutral::StreamEvent::Replay(_))).count();
    assert_eq!(replays, 1);
}

#[test]
fn what_openai_would_refuse_is_refused_or_left_out() {
    for (fields, model, field) in [
        (json!({"stop": "END"}), "gpt-4o", "stop"),
        (json!({"seed": 1}), "gpt-4o", "seed"),
        (json!({"n": 2}), "gpt-4o", "n"),
        (json!({"presence_penalty": 0.5}), "gpt-4o", "presence_penalty"),
        (json!({"temperature": 0.2}), "gpt-5", "temperature"),
        (json!({"reasoning_effort": "high"}), "gpt-4o", "reasoning_effort"),
        (json!({"logprobs": true}), "gpt-4o", "logprobs"),
    ] {
        let request = asking(&fields);
        assert_eq!(encoded(&request, model, false).unwrap_err().field, field);
        let (body, dropped) = encoded(&request, model, true).unwrap();
        assert_eq!((body.get(field), dropped), (None, vec![field.to_owned()]));
    }
    for (fields, field) in [
        (json!({"n": 1}), "n"),
        (json!({"frequency_penalty": 0}), "frequency_penalty"),
        (json!({"store": true}), "store"),
    ] {
        assert_eq!(encoded(&asking(&fields), "gpt-4o", false).unwrap().1, [field]);
    }
}

#[test]
fn fields_go_where_responses_has_them() {
    let request = asking(&json!({
        "verbosity": "low", "reasoning_effort": "high", "service_tier": "flex", "metadata": {"a": "b"},
        "prompt_cache_key": "k", "safety_identifier": "ann", "max_completion_tokens": 3,
        "response_format": {"type": "json_object"}, "tools": [{"type": "function", "function": {"name": "f"}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}}, "stream": true,
    }));
    let (body, dropped) = encoded(&request, "gpt-5.4", false).unwrap();
    assert_eq!(dropped, Vec::<String>::new());
    assert_eq!(
        body,
        json!({
            "model": "gpt-5.4", "input": [{"role": "user", "content": "Hi"}], "store": false, "stream": true,
            "include": ["reasoning.encrypted_content"], "max_output_tokens": 16,
            "reasoning": {"effort": "high", "summary": "auto"},
            "text": {"format": {"type": "json_object"}, "verbosity": "low"},
            "service_tier": "flex", "metadata": {"a": "b"}, "prompt_cache_key": "k", "safety_identifier": "ann",
            "tools": [{"type": "function", "name": "f", "strict": false,
                "parameters": {"type": "object", "properties": {}}}],
            "tool_choice": {"type": "function", "name": "f"},
        })
    );
}

#[test]
fn the_same_wire_changes_nothing_but_the_model() {
    let client = wire::of_client(WireName::OpenAiResponses).unwrap();
    for case in cases("request").into_iter().filter(|case| case.wire_name == "openai-responses") {
        let body = case.body();
        let request = client.read(&body, None).unwrap();
        let target = Target {
            provider: ProviderId::OpenAi,
            model: "another-model",
            origin_host: "api.openai.com",
            facts: None,
            api_version: None,
        };
        let prepared = client.prepare(&request, &bytes::Bytes::new(), &target, false).unwrap();
        let expected = String::from_utf8(body.clone()).unwrap().replacen(&*request.model, "another-model", 1);
        assert_eq!(prepared.body(), expected.as_bytes(), "{}", case.file);
        assert_eq!(prepared.dropped, Vec::<String>::new());
    }
}

#[test]
fn a_responses_body_says_what_its_chat_source_says() {
    for case in cases("request").into_iter().filter(|case| case.wire_name == "openai-responses") {
        let mut source = neutral(WireName::OpenAiChat, &read(case.maps_from.as_deref().unwrap())).unwrap();
        let mut read = neutral(WireName::OpenAiResponses, &case.body()).unwrap();
        // What the formats cannot have in common, or the fixtures differ in.
        (source.model, source.user) = (read.model.clone(), None);
        source.stop.clear();
        read.extras.retain(|extra| !matches!(extra.field.as_str(), "store" | "reasoning.summary"));
        if source.reasoning_effort.is_none() {
            read.reasoning_effort = None;
        }
        for message in &mut read.messages {
            message.parts.retain(|part| !matches!(part, Part::Replay(_)));
        }
        for message in &mut source.messages {
            message.role = if message.role == Role::Developer { Role::System } else { message.role };
            message.parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        }
        for tool in &mut source.tools {
            tool.strict = Some(tool.strict.unwrap_or(false));
        }
        for tool_result in source.messages.iter_mut().chain(&mut read.messages).flat_map(|message| &mut message.parts) {
            if let Part::ToolResult(result) = tool_result {
                result.name = None;
            }
        }
        assert_eq!(read, source, "{}", case.file);
    }
}

#[test]
fn items_of_every_kind_are_read() {
    let request = of_json(&json!({"model": "m", "instructions": "Be brief.", "input": [
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "D"}]},
        {"role": "user", "content": [
            {"type": "input_text", "text": "A"},
            {"type": "input_image", "image_url": "https://example.org/a.png", "detail": "low"},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,QQ=="},
        ]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "T"}], "encrypted_content": "e"},
        {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed",
            "content": [{"type": "output_text", "text": "B", "annotations": []}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "patch", "input": "x\ny"},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "R"}]},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "done"},
    ]}))
    .unwrap();
    let roles: Vec<&str> = request.messages.iter().map(|message| message.role.as_str()).collect();
    assert_eq!(roles, ["system", "developer", "user", "assistant", "tool", "tool"]);
    let said = &request.messages[3];
    assert_eq!(said.text(), "B");
    assert!(matches!(&said.parts[0], Part::Reasoning(text) if text == "T"));
    assert!(matches!(&said.parts[1], Part::Replay(state) if state.state["encrypted_content"] == "e"));
    let calls: Vec<_> = said.calls().map(|call| (call.id.as_str(), call.arguments.as_str())).collect();
    assert_eq!(calls, [("c1", "{}"), ("c2", "{\"input\":\"x\\ny\"}")]);
    assert_eq!(request.messages[2].parts.len(), 3);
    let written = encoded(&request, "gpt-5.4", false).unwrap().0;
    let kinds: Vec<_> = written["input"].as_array().unwrap().iter().map(|item| item["type"].as_str()).collect();
    let call = Some("function_call");
    let output = Some("function_call_output");
    assert_eq!(kinds, [None, Some("reasoning"), None, call, call, output, output]);
}

#[test]
fn a_text_alone_is_what_the_person_says() {
    let request = of_json(&json!({"model": "m", "input": "Hi"})).unwrap();
    assert_eq!(request.messages, [Message { role: Role::User, parts: vec![Part::Text("Hi".into())] }]);
}

#[test]
fn what_only_openai_keeps_is_refused_by_name() {
    for (field, value) in [
        ("previous_response_id", json!("resp_1")),
        ("conversation", json!("conv_1")),
        ("prompt", json!({"id": "pmpt_1"})),
        ("input", json!([{"type": "item_reference", "id": "msg_1"}])),
    ] {
        let mut body = json!({"model": "m", "input": "Hi"});
        body[field] = value;
        let problem = of_json(&body).unwrap_err();
        assert_eq!(problem.param, Some(field));
        assert!(problem.message.contains("Send "), "{}", problem.message);
    }
}

#[test]
fn tools_that_openai_runs_are_refused_elsewhere_unless_lenient() {
    let request = of_json(&json!({"model": "m", "input": "Hi", "store": false, "prompt_cache_key": "k",
        "include": ["reasoning.encrypted_content"], "client_metadata": {"a": "b"}, "reasoning": {"summary": "auto"},
        "tools": [{"type": "web_search", "external_web_access": false},
            {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": false},
            {"type": "custom", "name": "apply_patch", "format": {"type": "text"}}]}))
    .unwrap();
    assert_eq!(request.tools.len(), 2);
    let target =
        Target { provider: ProviderId::Groq, model: "m", origin_host: "example.org", facts: None, api_version: None };
    let chat = wire::of(WireName::OpenAiChat).unwrap();
    let refused = chat.encode(&request, &mut Fitting::new(target, WireName::OpenAiResponses, false)).unwrap_err();
    assert_eq!(refused.field, "tools.web_search");
    let mut fitting = Fitting::new(target, WireName::OpenAiResponses, true);
    chat.encode(&request, &mut fitting).unwrap();
    let mut dropped = fitting.into_dropped();
    dropped.sort();
    let expected = ["client_metadata", "prompt_cache_key", "reasoning.summary", "store", "tools.web_search"];
    assert_eq!(dropped, expected);
}

#[test]
fn choices_of_tools_are_read() {
    let tools = json!([{"type": "function", "name": "f"}, {"type": "custom", "name": "c"}]);
    for (choice, expected, left) in [
        (json!("required"), ToolChoice::Required, 2),
        (json!({"type": "function", "name": "f"}), ToolChoice::Named("f".into()), 2),
        (json!({"type": "custom", "name": "c"}), ToolChoice::Named("ownkey_custom__c".into()), 2),
        (
            json!({"type": "allowed_tools", "mode": "required", "tools": [{"type": "custom", "name": "c"}]}),
            ToolChoice::Required,
            1,
        ),
    ] {
        let request = of_json(&json!({"model": "m", "input": "Hi", "tools": tools, "tool_choice": choice})).unwrap();
        assert_eq!((request.tool_choice, request.tools.len()), (Some(expected), left), "{choice}");
    }
    let hosted = json!({"type": "web_search_preview"});
    let request = of_json(&json!({"model": "m", "input": "Hi", "tool_choice": hosted})).unwrap();
    assert_eq!(request.extras, [Extra { field: "tool_choice".into(), value: hosted }]);
}

#[test]
fn a_body_of_responses_may_come_for_a_chat() {
    let body = json!({"model": "gpt-5.4", "stream": true, "stream_options": {"include_usage": true},
        "max_output_tokens": 7, "instructions": "Be brief.", "input": [{"role": "user", "content": "Hi"}],
        "reasoning": {"effort": "low"}, "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}]});
    let body = body.to_string();
    let client = wire::of_client(WireName::OpenAiChat).unwrap();
    let request = client.read(body.as_bytes(), None).unwrap();
    assert!(request.is_responses_shaped() && request.include_usage);
    assert_eq!((request.max_tokens, request.prompt_characters > 10), (Some(7), true));
    let neutral = client.to_neutral(&request).unwrap();
    assert_eq!((neutral.messages.len(), neutral.tools.len(), neutral.max_tokens), (2, 1, Some(7)));
    assert_eq!((neutral.reasoning_effort.as_deref(), neutral.extras), (Some("low"), Vec::new()));
    assert_eq!(client.read(br#"{"model":"m"}"#, None).unwrap_err().param, Some("messages"));
}

#[test]
fn formats_and_limits_are_read() {
    let request = of_json(&json!({"model": "m", "input": "Hi", "max_output_tokens": 9, "text": {
        "format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": true},
        "verbosity": "low"}, "safety_identifier": "ann", "user": "bob"}))
    .unwrap();
    assert_eq!(request.max_tokens, Some(9));
    assert_eq!(request.user.as_deref(), Some("ann"));
    assert!(matches!(&request.response_format, Some(ResponseFormat::JsonSchema { strict: Some(true), .. })));
    assert_eq!(request.extras, [Extra { field: "verbosity".into(), value: "low".into() }]);
}

#[test]
fn what_the_catalogue_knows_of_a_model_goes_before_its_id() {
    let request = asking(&json!({"reasoning_effort": "low"}));
    for (id, reasoning) in [("my-deployment", true), ("gpt-5", false)] {
        let facts = facts(id, reasoning);
        let target =
            Target { provider: ProviderId::Azure, model: id, origin_host: "x", facts: Some(&facts), api_version: None };
        let mut fitting = Fitting::new(target, WireName::OpenAiChat, false);
        let body = wire::of(WireName::OpenAiResponses).unwrap().encode(&request, &mut fitting);
        assert_eq!(body.is_ok(), reasoning, "{id}");
    }
}
